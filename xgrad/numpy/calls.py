"""How functions of NumPy are called: with a Tensor among the arguments, the differentiable ones.

`wrapped` makes a function of `xgrad.numpy`. Without a Tensor it is NumPy's own; while a transform
runs, new arrays of it become constants (`constant`), which Tensors can be written into.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.backends.registry import get_backend
from xgrad.engine.levels import EAGER, RUNNING
from xgrad.engine.tensor import Tensor
from xgrad.engine.views import as_array
from xgrad.interop.numpy.protocols import array_function
from xgrad.ops import creation

Function = Callable[..., Any]

running = RUNNING.get
_CONTAINERS = (list, tuple, dict)


class _Searched(dict[type, bool]):
    """Whether arguments of a type are, or may contain, a Tensor."""

    def __missing__(self, kind: type) -> bool:
        found = self[kind] = issubclass(kind, (*_CONTAINERS, Tensor))
        return found


SEARCHED = _Searched()
#: Dtypes of arrays that Tensors can be written into, by NumPy's character codes.
_HOLDS_DERIVATIVES = frozenset("efdFD")

NOTE = """

    xgrad
    -----
    With a Tensor among the arguments, also in lists, the result is a Tensor, with derivatives.
    While a transform runs (`xgrad.grad`, `xgrad.vmap`...), new floating-point arrays are Tensors
    without derivatives, which others can be written into. Else it is NumPy's own function.
"""

#: Arguments that are sequences of arrays, not arrays, by position and by name.
_SEQUENCES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("concatenate", "stack", "hstack", "vstack", "dstack", "column_stack"), (0,)),
    **dict.fromkeys(("block", "multi_dot", "lexsort", "ravel_multi_index"), (0,)),
    "choose": (1,),
    "histogram2d": (2,),
    "histogramdd": (0, 1),
    "piecewise": (1, 2),
    "select": (0, 1),
}
_SEQUENCE_NAMES = frozenset(
    {"arrays", "tup", "condlist", "choicelist", "choices", "funclist", "keys", "bins", "sample"}
)
#: Arguments whose tuples are not arrays: axes, lengths, indices and results are one by one.
APART = frozenset(
    {"axes", "axis", "destination", "out", "source"}
    | {"dims", "new_shape", "reps", "s", "shape", "shift"}
)
#: Functions that call a function of the user, whose values may be Tensors.
_CALLING = frozenset({"apply_along_axis", "apply_over_axes", "piecewise"})


def holds_tensor(x: Any) -> bool:
    """Whether an argument is a Tensor, or has one in nested lists, tuples or dictionaries."""
    if type(x) is Tensor:
        return True
    if not SEARCHED[type(x)]:
        return False
    parts = x.values() if isinstance(x, dict) else x
    for kind in set(map(type, parts)):
        if SEARCHED[kind]:
            return kind is Tensor or any(map(holds_tensor, parts))
    return False


def first_tensor(x: Any) -> Any:
    """Return the first Tensor in nested containers, or None."""
    if type(x) is Tensor:
        return x
    if isinstance(x, _CONTAINERS):
        parts = x.values() if isinstance(x, dict) else x
        return next((t for t in map(first_tensor, parts) if t is not None), None)
    return None


# -- arguments -----------------------------------------------------------------------------------


def joined(x: Any) -> Any:
    """Return a list or tuple with a Tensor as one Tensor; anything else unchanged."""
    return creation.as_tensor(x) if isinstance(x, (list, tuple)) and holds_tensor(x) else x


@functools.cache
def _names(function: Function) -> tuple[str, ...]:
    """Return the names of a function's parameters."""
    return tuple(inspect.signature(function).parameters)


def _argument(name: str, position: int | str, x: Any) -> Any:
    if not isinstance(x, (list, tuple)) or position in APART:
        return x
    apart = (
        position in _SEQUENCE_NAMES
        if isinstance(position, str)
        else position in _SEQUENCES.get(name, ())
    )
    if not apart:
        return joined(x)
    return x if name == "block" else [joined(part) for part in x]


def with_arrays(
    function: Function, args: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return arguments where every list with Tensors that means an array is a Tensor."""
    for x in (*args, *keywords.values()) if keywords else args:
        if isinstance(x, (list, tuple)):
            break
    else:
        return args, keywords
    name, names = function.__name__, _names(function)
    return (
        tuple(
            x if names[i : i + 1] and names[i] in APART else _argument(name, i, x)
            for i, x in enumerate(args)
        ),
        {key: _argument(name, key, x) for key, x in keywords.items()},
    )


def differentiable(function: Function) -> Function:
    """Return what runs with a Tensor among the arguments: ``call(args, keywords)``."""
    if not hasattr(function, "_implementation"):  # NumPy does not dispatch it
        return lambda args, keywords: constant(function(*args, **keywords), args)

    def call(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        args, keywords = with_arrays(function, args, keywords)
        if args and type(args[0]) is Tensor:
            return function(*args, **keywords)  # NumPy checks the arguments, and dispatches
        tensor = first_tensor((args, keywords))
        return array_function(tensor, function, (Tensor,), args, keywords)

    return call


# -- results -------------------------------------------------------------------------------------


def _arrays(arguments: Any) -> list[Any]:
    """Return the arrays among arguments, also in lists."""
    found = []
    for x in arguments:
        if isinstance(x, np.ndarray):
            found.append(x)
        elif isinstance(x, (list, tuple)):
            found += _arrays(x)
    return found


def _is_new(x: np.ndarray[Any, Any], arguments: Any) -> bool:
    """Whether no argument, and nothing outside NumPy, has the memory of an array."""
    base: Any = x
    if x.base is None and not arguments:
        return True
    while type(base) is np.ndarray and base.base is not None:
        base = base.base
    if type(base) is not np.ndarray or not x.flags.writeable:
        return False
    owners = (y if y.base is None else y.base for y in _arrays(arguments))
    return all(base is not owner for owner in owners)


def constant(out: Any, arguments: Any = ()) -> Any:
    """Return a result of NumPy while a transform runs: new arrays as Tensors without derivatives.

    On NumPy's backend those are the floating-point and complex ones, elsewhere all, since arrays of
    two libraries cannot be combined. Numbers, and views of the arguments, are unchanged.
    """
    if not running():
        return out
    if type(out) is np.ndarray:
        here = get_backend()
        if not here.on_host:
            return creation.asarray(out) if out.dtype.kind in "biufc" else out
        if out.dtype.char in _HOLDS_DERIVATIVES and _is_new(out, arguments):
            return as_array(Tensor(out, EAGER)) if out.dtype.isnative else creation.asarray(out)
        return out
    if isinstance(out, (tuple, list)):
        parts = [constant(part, arguments) for part in out]
        if all(new is old for new, old in zip(parts, out, strict=True)):
            return out
        if isinstance(out, list):
            return parts
        return tuple(parts) if type(out) is tuple else type(out)(*parts)
    return out


# -- functions -----------------------------------------------------------------------------------


def named(made: Any, function: Any, module: str) -> Any:
    """Give a function the name, the signature and the docstring of NumPy's."""
    made.__name__ = made.__qualname__ = function.__name__
    made.__module__ = module
    made.__doc__ = (function.__doc__ or "") + NOTE
    made.__wrapped__ = function
    return made


def wrapped(function: Function, call: Function | None = None, module: str = "xgrad.numpy") -> Any:
    """Return a function of NumPy as one of `xgrad.numpy`.

    ``call(args, keywords)`` runs if there is a Tensor among the arguments.
    """
    with_tensors = differentiable(function) if call is None else call
    calls_users = getattr(function, "__name__", "") in _CALLING

    def made(*args: Any, **keywords: Any) -> Any:
        for x in args:
            if SEARCHED[type(x)] and (type(x) is Tensor or holds_tensor(x)):
                return with_tensors(args, keywords)
        if keywords:
            for x in keywords.values():
                if SEARCHED[type(x)] and (type(x) is Tensor or holds_tensor(x)):
                    return with_tensors(args, keywords)
        if not running():
            return function(*args, **keywords)
        if calls_users:
            return with_tensors(args, keywords)
        return constant(function(*args, **keywords), (*args, *keywords.values()))

    return named(made, function, module)
