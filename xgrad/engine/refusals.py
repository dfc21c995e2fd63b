"""Errors of array libraries are raised again with the name of xgrad's function."""

import dis
import functools
import sys
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_SETS_ITEM = dis.opmap["STORE_SUBSCR"]

#: What libraries raise for values, shapes and dtypes. Others (a failed allocation) pass through.
REFUSALS = (ArithmeticError, IndexError, RuntimeError, TypeError, ValueError)
#: The modules of the functions that users call.
_OP_MODULES = ("xgrad.ops.", "xgrad.nn.functional.")

#: Functions there that are only NumPy's, not xgrad's, start with an underscore.
_NUMPYS_FUNCTIONS = "xgrad.ops.numpy."


class Callers:
    """What is known of the code that called xgrad: nothing, until `xgrad.interop.libraries`."""

    def refusal(self, what: str) -> str | None:
        """Return the message for a library that does ``what`` with a tensor, None for others."""
        return None

    def decides(self) -> bool:
        """Whether a library converts a tensor only to decide how to go on."""
        return False


#: One element, which `xgrad.interop.libraries` replaces: it knows names of libraries.
CALLERS = [Callers()]


def array_refusal() -> str:
    """Return the message for converting a tensor that needs gradients to an array."""
    return CALLERS[0].refusal("computes on a NumPy array") or (
        "np.asarray: this tensor needs gradients, and a NumPy array cannot carry them; "
        "import xgrad.numpy as np, or use xgrad's function of that name (xgrad.asarray "
        "for np.array, an array of xgrad.zeros to assign into; np.dot(a, t) for a.dot(t) of an "
        "ndarray), or call detach() first"
    )


def _caller(start: FrameType) -> tuple[int, FrameType]:
    """Return the nearest frame of other code, and how many frames it is above."""
    count, frame = 0, start
    while frame.f_back is not None and f"{frame.f_globals.get('__name__')}.".startswith("xgrad."):
        count, frame = count + 1, frame.f_back
    return count, frame


def warn(message: str, category: type[Warning]) -> None:
    """Warn about the line of other code that called xgrad."""
    count, _ = _caller(sys._getframe(1))
    warnings.warn(message, category, stacklevel=2 + count)


def sets_item() -> bool:
    """Whether the code that called xgrad sets an item: ``a[i] = x``, of an array of others."""
    _, frame = _caller(sys._getframe(1))
    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == _SETS_ITEM


def _is_function(frame: Any) -> bool:
    """Whether a frame runs a function that its module has under that name, wrapped or not."""
    value = frame.f_globals.get(frame.f_code.co_name)
    while hasattr(value, "__wrapped__"):
        value = value.__wrapped__
    return getattr(value, "__code__", None) is frame.f_code


def called(primitive: str) -> str:
    """Return the name of the function that the user called, found on the stack.

    This is the outermost function of xgrad below the first frame of other code; or the primitive,
    for operators and rules of a backward pass.
    """
    name, frame = primitive.lstrip("_"), sys._getframe(2)
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if not module.startswith("xgrad.") or module == "xgrad.ops.gradients":
            break
        own = frame.f_code.co_name
        if module == "xgrad.engine.apply" and "p" in frame.f_locals:  # a primitive was called
            name = frame.f_locals["p"].name.lstrip("_")
        numpys = module.startswith(_NUMPYS_FUNCTIONS)
        public = numpys or (module.startswith(_OP_MODULES) and not own.startswith("_"))
        if public and _is_function(frame):
            name = own.lstrip("_")
        frame = frame.f_back  # type: ignore[assignment]
    return name


def refuse(primitive: str, error: Exception) -> NoReturn:
    """Raise an error again, with the name of the called function before its message.

    A name that the message already has is kept, unless it is the primitive's. The type is kept,
    so that ``except LinAlgError`` still works; if its constructor takes more than a message, the
    name is added as a note.
    """
    function, text = called(primitive), str(error)
    before, colon, after = text.partition(": ")
    if colon and before == primitive.lstrip("_"):
        text = after
    elif colon and before.replace("_", "").replace(".", "").isalnum():
        raise error
    if f"{function}: {text}" == str(error):
        raise error
    _raise_as(f"{function}: {text}", function, error)


def named(function: Callable[P, R]) -> Callable[P, R]:
    """Make errors of a function composed of others start with its name."""
    name = function.__name__.lstrip("_")

    @functools.wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> R:
        try:
            return function(*args, **keywords)
        except REFUSALS as error:
            refuse_as(name, error)

    return call


def refuse_as(name: str, error: Exception) -> NoReturn:
    """Raise an error again, with a name before its message, even before another name."""
    text = str(error)
    if text.startswith((f"{name}: ", f"{name}()", f"{name}.")):
        raise error
    text = text.removeprefix("asarray: ").removeprefix("as_tensor: ")
    _raise_as(f"{name}: {text}", name, error)


def _raise_as(message: str, function: str, error: Exception) -> NoReturn:
    try:
        new = type(error)(message)
    except (AttributeError, KeyError, TypeError, ValueError):
        new = error
    if new is error or str(new) != message:
        error.add_note(f"in xgrad's {function}")
        raise error
    raise new from error
