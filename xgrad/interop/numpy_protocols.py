"""NumPy's functions on Tensors: ``np.sin(w)`` and ``ndarray * w`` are differentiable.

NumPy calls these protocols when one of its functions is handed a Tensor. What has no
entry raises: a Tensor is never quietly turned into a plain array.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.engine.tensor import Tensor
from xgrad.interop import numpy_modules
from xgrad.interop.numpy_hints import refusal
from xgrad.ops import (
    arrangement,
    conversions,
    creation,
    cumulative,
    elementwise,
    products,
    reductions,
    rounding,
    selection,
    shape,
    sorting,
    trigonometry,
)
from xgrad.ops.views import kinds, take

_e, _c, _r, _s, _v = elementwise, selection, reductions, shape, kinds
_t, _d, _o, _a = trigonometry, rounding, sorting, arrangement

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
    np.sin: _t.sin,
    np.cos: _t.cos,
    np.tan: _t.tan,
    np.tanh: _t.tanh,
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
    np.arcsin: _t.asin,
    np.arccos: _t.acos,
    np.arctan: _t.atan,
    np.arctan2: _t.atan2,
    np.hypot: _t.hypot,
    np.sinh: _t.sinh,
    np.cosh: _t.cosh,
    np.arcsinh: _t.asinh,
    np.arccosh: _t.acosh,
    np.arctanh: _t.atanh,
    np.exp2: _e.exp2,
    np.log2: _e.log2,
    np.log10: _e.log10,
    np.floor: _d.floor,
    np.ceil: _d.ceil,
    np.trunc: _d.trunc,
    np.rint: _d.round,
    np.floor_divide: _d.floor_divide,
    np.remainder: _d.remainder,
    np.divmod: conversions.divided,
    np.signbit: _d.signbit,
    np.copysign: _d.copysign,
    np.nextafter: _d.nextafter,
    np.fmax: _d.fmax,
    np.fmin: _d.fmin,
    np.bitwise_and: _d.bitwise_and,
    np.bitwise_or: _d.bitwise_or,
    np.bitwise_xor: _d.bitwise_xor,
    np.invert: _d.bitwise_invert,
    np.left_shift: _d.bitwise_left_shift,
    np.right_shift: _d.bitwise_right_shift,
    np.vecdot: products.vecdot,
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
    x, y = (v if hasattr(v, "shape") else creation.asarray(v) for v in (x, y))
    if not x.shape or not y.shape:
        return _e.multiply(x, y)
    if len(y.shape) == 1:
        return products.matmul(x, y)
    return products.tensordot(x, y, axes=((len(x.shape) - 1,), (len(y.shape) - 2,)))


def _flattening(op: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose ``axis=None`` means the flattened array, as in NumPy."""

    def call(x: Any, axis: Any = None, **keywords: Any) -> Any:
        if axis is None:
            x, axis = _s.reshape(x, (-1,)), 0
        return op(x, axis=axis, **keywords)

    return call


def _sort(x: Any, axis: Any = -1, **keywords: Any) -> Any:
    return _flattening(_o.sort)(x, axis, **keywords)


def _argsort(x: Any, axis: Any = -1, **keywords: Any) -> Any:
    return _flattening(_o.argsort)(x, axis, **keywords)


def _diff(x: Any, n: int = 1, axis: int = -1, **keywords: Any) -> Any:
    return cumulative.diff(x, axis=axis, n=n, **keywords)


def _unique(
    x: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False
) -> Any:
    found = _o.unique_all(x)
    wanted = (True, return_index, return_inverse, return_counts)
    chosen = tuple(part for part, asked in zip(found, wanted, strict=True) if asked)
    return chosen if len(chosen) > 1 else chosen[0]


FUNCTIONS: dict[Any, Any] = {
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
    np.round: lambda x, decimals=0: conversions.rounded(x, decimals),
    np.cumsum: _flattening(cumulative.cumulative_sum),
    np.cumprod: _flattening(cumulative.cumulative_prod),
    np.cumulative_sum: _positional_axis(cumulative.cumulative_sum),
    np.cumulative_prod: _positional_axis(cumulative.cumulative_prod),
    np.diff: _diff,
    np.sort: _sort,
    np.argsort: _argsort,
    np.searchsorted: lambda a, v, side="left", sorter=None: _o.searchsorted(
        a, v, side=side, sorter=sorter
    ),
    np.nonzero: _o.nonzero,
    np.count_nonzero: _positional_axis(_r.count_nonzero),
    np.unique: _unique,
    np.unique_all: _o.unique_all,
    np.unique_counts: _o.unique_counts,
    np.unique_inverse: _o.unique_inverse,
    np.unique_values: _o.unique_values,
    np.isin: _o.isin,
    np.take: lambda x, indices, axis=None: take.take(
        _s.reshape(x, (-1,)) if axis is None else x, indices, axis=axis or 0
    ),
    np.take_along_axis: lambda x, indices, axis=-1: take.take_along_axis(x, indices, axis=axis),
    np.outer: lambda x, y: products.outer(_s.reshape(x, (-1,)), _s.reshape(y, (-1,))),
    np.roll: lambda x, shift, axis=None: _a.roll(x, shift, axis=axis),
    np.repeat: lambda x, repeats, axis=None: _a.repeat(x, repeats, axis=axis),
    np.tile: _a.tile,
    np.linspace: lambda start, stop, num=50, endpoint=True, dtype=None: _a.linspace(
        start, stop, num, endpoint=endpoint, dtype=dtype
    ),
    np.tril: lambda x, k=0: _a.tril(x, k=k),
    np.triu: lambda x, k=0: _a.triu(x, k=k),
    np.meshgrid: _a.meshgrid,
    np.broadcast_arrays: _a.broadcast_arrays,
    np.swapaxes: _v.swapaxes,
    np.unstack: lambda x, axis=0: _v.unstack(x, axis=axis),
    np.ravel: _v.ravel,
    np.copy: lambda x: creation.asarray(x, copy=True),
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x: x.size,
    np.isclose: numpy_modules.isclose,
    np.allclose: lambda a, b, *args, **keywords: bool(
        _r.all(numpy_modules.isclose(a, b, *args, **keywords))
    ),
    np.array_equal: lambda a, b: np.shape(a) == np.shape(b) and bool(_r.all(_c.equal(a, b))),
} | numpy_modules.FUNCTIONS


def array_ufunc(self: Tensor, ufunc: Any, method: str, *inputs: Any, **keywords: Any) -> Any:
    """Apply the operation of xgrad that stands for a NumPy ufunc."""
    op = UFUNCS.get(ufunc)
    if op is None:  # scipy.special's
        op = numpy_modules.SPECIAL.get(ufunc.__name__)
    if op is None or method != "__call__":
        what = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        raise TypeError(refusal(f"np.{what}"))
    if keywords:
        raise TypeError(
            f"np.{ufunc.__name__}: {', '.join(keywords)} cannot be given with a Tensor (nor can "
            f"an ndarray be changed by one, as in a += t); write x = np.{ufunc.__name__}(...)"
        )
    return op(*inputs)


def _name(function: Any) -> str:
    """Return the name that users of NumPy write."""
    module = function.__module__.replace("numpy.lib.scimath", "numpy.emath")
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"


def array_function(self: Tensor, function: Any, types: Any, args: Any, keywords: Any) -> Any:
    """Apply the operation of xgrad that stands for a NumPy function."""
    op = FUNCTIONS.get(function)
    if op is None:
        raise TypeError(refusal(_name(function)))
    return op(*args, **keywords)


def bind_numpy_protocols() -> None:
    """Let NumPy's functions find xgrad's."""
    Tensor.__array_ufunc__ = array_ufunc  # type: ignore[attr-defined]
    Tensor.__array_function__ = array_function  # type: ignore[attr-defined]
