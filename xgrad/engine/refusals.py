"""Errors that an array library raises get the name of xgrad's function: on their way only."""

import functools
from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

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
    _raise_as(f"{function}: {text}", function, error)


def named(function: Callable[P, R]) -> Callable[P, R]:
    """Let every refusal of a function that is made of others start with its own name."""
    name = function.__name__

    @functools.wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> R:
        try:
            return function(*args, **keywords)
        except REFUSALS as error:
            refuse_as(name, error)

    return call


def refuse_as(name: str, error: Exception) -> NoReturn:
    """Raise an error again, with a name before its message, also before another name."""
    text = str(error)
    if text.startswith((f"{name}: ", f"{name}()", f"{name}.")):
        raise error
    _raise_as(f"{name}: {text.removeprefix('asarray: ')}", name, error)


def _raise_as(message: str, function: str, error: Exception) -> NoReturn:
    try:
        new = type(error)(message)
    except (AttributeError, KeyError, TypeError, ValueError):
        new = error
    if new is error or str(new) != message:
        error.add_note(f"in xgrad's {function}")
        raise error
    raise new from error
