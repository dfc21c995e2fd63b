"""NumPy's functions on Tensors: ``np.sin(w)`` and ``ndarray * w`` are differentiable.

NumPy calls these protocols when one of its functions gets a Tensor. The op of a function
is named at its declaration (``numpy="sin"``); if the arguments differ, it is a function of
`xgrad.ops.numpy`. A function without an entry raises: a
Tensor is never silently converted to a plain array.
"""

import inspect
import itertools
from collections.abc import Callable
from typing import Any

from xgrad.engine.declare import positional
from xgrad.engine.tensor import Tensor
from xgrad.interop.numpy import ufuncs
from xgrad.interop.numpy.creation import LIKE
from xgrad.interop.numpy.hints import REFUSED, refusal
from xgrad.interop.numpy.ufunc_methods import METHODS
from xgrad.interop.numpy.ufuncs import DECLARED, UFUNCS
from xgrad.interop.numpy.ufuncs import SPECIAL as SPECIAL
from xgrad.ops.creation import as_tensor

FUNCTIONS = {f: op for f, op in DECLARED.items() if f not in UFUNCS}
#: FUNCTIONS with NumPy's signatures, created at the first call.
_CALLS: dict[Any, Callable[..., Any]] = {}


def _as_in_numpy(function: Any, op: Callable[..., Any]) -> Callable[..., Any]:
    """Return an op with the arguments of NumPy's function, in its order, by its names."""
    try:
        names = list(inspect.signature(function).parameters)
    except ValueError:  # written in C
        return op
    parameters = inspect.signature(op).parameters.values()
    numpys = op.__module__.startswith("xgrad.ops.numpy.")
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


_find = UFUNCS.get


def array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
    """Apply the xgrad operation for a NumPy ufunc."""
    if method != "__call__":
        return METHODS[method](ufunc, ufuncs.op_of(ufunc), *inputs, **keywords)
    op = _find(ufunc)
    if op is None or keywords:
        return ufuncs.call(ufunc, inputs, keywords)
    try:
        return op(*inputs)
    except TypeError:
        if any(isinstance(x, list | tuple) for x in inputs):
            return ufuncs.call(ufunc, inputs, keywords)
        raise


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
            name = _name(function)
            raise TypeError(REFUSED.get(name) or refusal(name))
        call = _CALLS[function] = _as_in_numpy(function, op)
    return call(*args, **keywords)


def bind_numpy_protocols() -> None:
    """Connect NumPy's functions to those of xgrad."""
    Tensor.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
    Tensor.__array_function__ = array_function  # type: ignore[attr-defined]
