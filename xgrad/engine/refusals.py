"""Errors that an array library raises get the name of xgrad's function: on their way only."""

from typing import NoReturn

#: What libraries raise for values, shapes and dtypes. Others (a failed allocation) pass by.
REFUSALS = (ArithmeticError, IndexError, RuntimeError, TypeError, ValueError)


def refuse(primitive: str, error: Exception) -> NoReturn:
    """Raise an error again, with the function's name before its message if it lacks one.

    The type stays, so that whoever catches NumPy's ``LinAlgError`` still does; where its
    constructor takes more than a message, the name is a note.
    """
    function, text = primitive.lstrip("_"), str(error)
    before, colon, _ = text.partition(": ")
    named = colon and before.replace("_", "").replace(".", "").isalnum()
    if named:
        raise error
    message = f"{function}: {text}"
    try:
        new = type(error)(message)
    except (AttributeError, KeyError, TypeError, ValueError):
        new = error
    if new is error or str(new) != message:
        error.add_note(f"in xgrad's {function}")
        raise error
    raise new from error
