"""How the submodules are made: NumPy's public names, with its functions wrapped."""

import itertools
import operator
import types
from typing import Any

import numpy as np

from xgrad.engine.tensor import Tensor
from xgrad.interop.numpy.creation import LIKE, OF_TENSORS
from xgrad.numpy.calls import constant, differentiable, holds_tensor, named, wrapped
from xgrad.numpy.ufuncs import Ufunc
from xgrad.ops.views.writing import is_result


def _making(function: Any) -> Any:
    """Return what a function that makes arrays calls with a Tensor among its arguments."""
    like_only = function not in OF_TENSORS

    def call(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        others = dict(keywords)
        like = others.pop("like", None)
        if like is None and like_only:
            return constant(function(*args, **others), args)
        return LIKE[function](like, *args, **others)

    return call


def _fromiter(iter: Any, dtype: Any, count: int = -1, *, like: Any = None) -> Any:
    """``np.fromiter`` of items that may be Tensors: NumPy would make numbers of them."""
    count = operator.index(count)
    items = list(itertools.islice(iter, None if count < 0 else count))
    if holds_tensor(items) and len(items) >= count:
        return LIKE[np.array](like, items, dtype)
    if like is not None:
        return LIKE[np.fromiter](like, items, dtype, count)
    return constant(np.fromiter(items, dtype, count))


def _isscalar(args: tuple[Any, ...], keywords: dict[str, Any]) -> bool:
    """``np.isscalar``: the 0-d result of an operation is a number, as in NumPy."""
    x = next(iter((*args, *keywords.values())))
    return type(x) is Tensor and not x.shape and is_result(x)


def converted(x: Any, module: str) -> Any:
    """Return a public object of NumPy as one of xgrad's module; classes and constants unchanged."""
    if isinstance(x, np.ufunc):
        return Ufunc(x, module)
    if isinstance(x, type) or not callable(x) or not hasattr(x, "__name__"):
        return x
    if x is np.fromiter:
        return named(_fromiter, x, module)
    call = _making(x) if x in LIKE else _isscalar if x is np.isscalar else differentiable(x)
    return wrapped(x, call, module)


def converted_names(
    module: types.ModuleType, here: str, instead: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the public names of a module of NumPy, converted, except for its submodules."""
    listed = [name for name in module.__all__ if not name.startswith("__")]
    own = instead or {}
    loaded = vars(module)
    return {
        name: own[name] if name in own else converted(getattr(module, name), here)
        for name in listed
        if name in loaded and not isinstance(loaded[name], types.ModuleType)
    }
