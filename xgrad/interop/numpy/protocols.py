"""NumPy's functions on Tensors: ``np.sin(w)`` and ``ndarray * w`` are differentiable.

NumPy calls these protocols when one of its functions gets a Tensor. The op of a function
is named at the declaration of the op (``numpy="sin"``), or in
`xgrad.interop.numpy.functions` if its arguments differ. A function without an entry raises: a
Tensor is never silently converted to a plain array.
"""

import inspect
import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.engine.declare import DECLARATIONS, positional
from xgrad.engine.tensor import Tensor
from xgrad.interop.numpy import functions as numpy_functions
from xgrad.interop.numpy.creation import LIKE
from xgrad.interop.numpy.hints import refusal
from xgrad.ops.creation import as_tensor

_DECLARED: dict[Any, Callable[..., Any]] = {
    operator.attrgetter(name)(np): entry.function
    for entry in DECLARATIONS
    for name in entry.names("numpy")
}
UFUNCS = {u: op for u, op in _DECLARED.items() if isinstance(u, np.ufunc)}
FUNCTIONS = {f: op for f, op in _DECLARED.items() if f not in UFUNCS} | numpy_functions.FUNCTIONS
#: By the name of the ufunc, so that ``scipy.special`` is not imported for it.
SPECIAL: dict[str, Callable[..., Any]] = {
    name: entry.function for entry in DECLARATIONS for name in entry.names("scipy")
}
#: FUNCTIONS with NumPy's signatures, created at the first call.
_CALLS: dict[Any, Callable[..., Any]] = {}


def _as_in_numpy(function: Any, op: Callable[..., Any]) -> Callable[..., Any]:
    """Return an op with the arguments of NumPy's function, in its order, by its names."""
    try:
        names = list(inspect.signature(function).parameters)
    except ValueError:  # written in C
        return op
    parameters = inspect.signature(op).parameters.values()
    numpys = function in numpy_functions.FUNCTIONS or op.__module__.startswith("xgrad.ops.numpy.")
    if numpys or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return op
    count = len(positional(op))
    of_arrays = hasattr(op, "primitive")

    def call(*args: Any, **keywords: Any) -> Any:  # NumPy has checked the arguments
        if len(args) > count:
            for i in range(count, len(args)):
                keywords[names[i]] = args[i]
            args = args[:count]
        elif keywords and len(args) < count:
            leading = itertools.takewhile(keywords.__contains__, names[len(args) : count])
            args = (*args, *[keywords.pop(name) for name in [*leading]])
        if of_arrays and any(isinstance(x, (list, tuple)) for x in args):
            args = tuple(as_tensor(x) if isinstance(x, (list, tuple)) else x for x in args)
        return op(*args, **keywords)

    return call


def array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
    """Apply the xgrad operation for a NumPy ufunc."""
    op = UFUNCS.get(ufunc)
    if op is None:  # a ufunc of scipy.special
        op = SPECIAL.get(ufunc.__name__)
    if op is None or method != "__call__":
        what = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        raise TypeError(refusal(f"np.{what}"))
    if keywords:
        raise TypeError(
            f"np.{ufunc.__name__}: {', '.join(keywords)} cannot be passed with a Tensor (nor can "
            f"a Tensor update an ndarray, as in a += t); write x = np.{ufunc.__name__}(...)"
        )
    return op(*inputs)


def _name(function: Any) -> str:
    """Return a function's name as NumPy users write it."""
    module = function.__module__.replace("numpy.lib.scimath", "numpy.emath")
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"


def array_function(self: Tensor, function: Any, types: Any, args: Any, keywords: Any) -> Any:
    """Apply the xgrad operation for a NumPy function."""
    call = _CALLS.get(function)
    if call is None:
        op = FUNCTIONS.get(function)
        if op is None and function in LIKE:  # np.zeros(3, like=tensor)
            return LIKE[function](self, *args, **keywords)
        if op is None:
            raise TypeError(refusal(_name(function)))
        call = _CALLS[function] = _as_in_numpy(function, op)
    return call(*args, **keywords)


def bind_numpy_protocols() -> None:
    """Connect NumPy's functions to those of xgrad."""
    Tensor.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
    Tensor.__array_function__ = array_function  # type: ignore[attr-defined]
