"""NumPy's functions on Tensors: ``np.sin(w)`` and ``ndarray * w`` are differentiable.

NumPy calls these protocols when one of its functions is handed a Tensor. What has no
entry raises: a Tensor is never quietly turned into a plain array.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.engine.tensor import Tensor
from xgrad.ops import creation, elementwise, products, reductions, selection, shape, viewing

_e, _c, _r, _s, _v = elementwise, selection, reductions, shape, viewing

UFUNCS: dict[Any, Callable[..., Any]] = {
    np.add: _e.add,
    np.subtract: _e.subtract,
    np.multiply: _e.multiply,
    np.divide: _e.divide,
    np.power: _e.pow,
    np.negative: _e.negative,
    np.positive: _e.positive,
    np.absolute: _e.abs,
    np.sign: _e.sign,
    np.reciprocal: _e.reciprocal,
    np.square: _e.square,
    np.sqrt: _e.sqrt,
    np.exp: _e.exp,
    np.expm1: _e.expm1,
    np.log: _e.log,
    np.log1p: _e.log1p,
    np.logaddexp: _e.logaddexp,
    np.sin: _e.sin,
    np.cos: _e.cos,
    np.tan: _e.tan,
    np.tanh: _e.tanh,
    np.maximum: _c.maximum,
    np.minimum: _c.minimum,
    np.conjugate: _e.conj,
    np.equal: _c.equal,
    np.not_equal: _c.not_equal,
    np.less: _c.less,
    np.less_equal: _c.less_equal,
    np.greater: _c.greater,
    np.greater_equal: _c.greater_equal,
    np.logical_and: _c.logical_and,
    np.logical_or: _c.logical_or,
    np.logical_xor: _c.logical_xor,
    np.logical_not: _c.logical_not,
    np.isfinite: _c.isfinite,
    np.isinf: _c.isinf,
    np.isnan: _c.isnan,
    np.matmul: products.matmul,
}


def _correction(reduction: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
        return reduction(x, axis=axis, correction=ddof, keepdims=keepdims)

    return call


def _positional_axis(reduction: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, axis: Any = None, **keywords: Any) -> Any:
        return reduction(x, axis=axis, **keywords)

    return call


def _transpose(x: Any, axes: Any = None) -> Any:
    return x.transpose(*(axes or ()))


def _dot(x: Any, y: Any) -> Any:
    if not x.shape or not y.shape:
        return _e.multiply(x, y)
    if len(y.shape) == 1:
        return products.matmul(x, y)
    return products.tensordot(x, y, axes=((len(x.shape) - 1,), (len(y.shape) - 2,)))


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: _positional_axis(_r.sum),
    np.prod: _positional_axis(_r.prod),
    np.mean: _positional_axis(_r.mean),
    np.var: _correction(_r.var),
    np.std: _correction(_r.std),
    np.max: _positional_axis(_r.max),
    np.min: _positional_axis(_r.min),
    np.argmax: _positional_axis(_r.argmax),
    np.argmin: _positional_axis(_r.argmin),
    np.any: _positional_axis(_r.any),
    np.all: _positional_axis(_r.all),
    np.where: _c.where,
    np.clip: _c.clip,
    np.real: _v.real,
    np.imag: _v.imag,
    np.reshape: _v.reshape,
    np.transpose: _transpose,
    np.permute_dims: _transpose,
    np.matrix_transpose: _v.matrix_transpose,
    np.moveaxis: _v.moveaxis,
    np.squeeze: _v.squeeze,
    np.expand_dims: lambda x, axis: _v.expand_dims(x, axis=axis),
    np.broadcast_to: _v.broadcast_to,
    np.flip: lambda x, axis=None: _v.flip(x, axis=axis),
    np.concatenate: lambda arrays, axis=0: _s.concat(arrays, axis=axis),
    np.stack: lambda arrays, axis=0: _s.stack(arrays, axis=axis),
    np.tensordot: products.tensordot,
    np.dot: _dot,
    np.zeros_like: creation.zeros_like,
    np.ones_like: creation.ones_like,
    np.full_like: creation.full_like,
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x: x.size,
}


def array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
    """Apply the operation of xgrad that stands for a NumPy ufunc."""
    op = UFUNCS.get(ufunc)
    if op is None or method != "__call__":
        what = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        raise TypeError(
            f"np.{what}: xgrad has no differentiable form of it for Tensors; "
            "detach().numpy() gives a plain array"
        )
    if keywords:
        raise TypeError(
            f"np.{ufunc.__name__}: {', '.join(keywords)} cannot be given with a Tensor; "
            f"write x = np.{ufunc.__name__}(...)"
        )
    return op(*inputs)


def array_function(self: Tensor, function: Any, types: Any, args: Any, keywords: Any) -> Any:
    """Apply the operation of xgrad that stands for a NumPy function."""
    op = FUNCTIONS.get(function)
    if op is None:
        raise TypeError(
            f"np.{function.__name__}: xgrad has no differentiable form of it for Tensors; "
            "detach().numpy() gives a plain array"
        )
    return op(*args, **keywords)


def bind_numpy_protocols() -> None:
    """Let NumPy's functions find xgrad's."""
    Tensor.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
    Tensor.__array_function__ = array_function  # type: ignore[attr-defined]
