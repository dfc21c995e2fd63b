"""NumPy functions whose arguments differ from those of every op.

All others are named at their op (``numpy=``), and take NumPy's arguments in
NumPy's order (`xgrad.interop.numpy.protocols`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.backends.dtypes import is_differentiable
from xgrad.engine.tensor import Tensor, lowest
from xgrad.interop.numpy import linalg as numpy_linalg
from xgrad.ops import (
    arrangement,
    conversions,
    creation,
    fourier,
    products,
    reductions,
    statistics,
)
from xgrad.ops.complex import abs as abs_
from xgrad.ops.elementwise import add, multiply, subtract
from xgrad.ops.linalg import norms
from xgrad.ops.selection import equal, isfinite, isnan, less_equal, logical_and, logical_or, where
from xgrad.ops.shape import moveaxis, reshape
from xgrad.ops.views import take


def _in_one_row(x: Any, axis: Any) -> tuple[Any, Any]:
    """Return the array and the axis; without an axis, the flattened array and its axis."""
    return (reshape(x, (-1,)), 0) if axis is None else (x, axis)


def _take(x: Any, indices: Any, axis: Any = None) -> Any:
    x, axis = _in_one_row(x, axis)
    return take.take(x, indices, axis=axis)


def _outer(x: Any, y: Any) -> Any:
    return products.outer(reshape(x, (-1,)), reshape(y, (-1,)))


def _transpose(x: Any, axes: Any = None) -> Any:
    return x.transpose(*(axes or ()))


def _linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None
) -> Any:
    return arrangement.linspace(start, stop, num, endpoint=endpoint, dtype=dtype)


def _dot(x: Any, y: Any) -> Any:
    x, y = (v if hasattr(v, "shape") else creation.asarray(v) for v in (x, y))
    if not x.shape or not y.shape:
        return multiply(x, y)
    if len(y.shape) == 1:
        return products.matmul(x, y)
    return products.tensordot(x, y, axes=((len(x.shape) - 1,), (len(y.shape) - 2,)))


def _inexact(x: Any) -> Any:
    """Convert integers and booleans to float64, because the standard requires floats."""
    return x if is_differentiable(lowest(x).dtype) else creation.astype(x, "float64")


def _refuse_out(op: Any, out: Any) -> None:
    if out is not None:
        raise TypeError(f"np.fft.{op.__name__}: out cannot be passed with a Tensor")


def _transform(op: Callable[..., Any]) -> Callable[..., Any]:
    def call(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
        _refuse_out(op, out)
        return op(_inexact(a), n=n, axis=axis, norm=norm or "backward")

    return call


def _transforms(op: Callable[..., Any], axes: Any = None) -> Callable[..., Any]:
    default = axes

    def call(a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None) -> Any:
        _refuse_out(op, out)
        return op(_inexact(a), s=s, axes=axes, norm=norm or "backward")

    return call


def _diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return norms.diagonal(moveaxis(x, (axis1, axis2), (-2, -1)), offset=offset)


def _trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    return norms.trace(moveaxis(x, (axis1, axis2), (-2, -1)), offset=offset, dtype=dtype)


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1) -> Any:
    out = norms.cross(moveaxis(a, axisa, -1), moveaxis(b, axisb, -1))
    return moveaxis(out, -1, axisc)


def _nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    return statistics.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


def isclose(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether elements are equal within tolerances, absolute and relative to ``b``."""
    finite = logical_and(isfinite(a), isfinite(b))
    x, y = where(finite, a, 0), where(finite, b, 0)
    near = less_equal(abs_(subtract(x, y)), add(atol, multiply(rtol, abs_(y))))
    close = logical_or(logical_and(near, finite), equal(a, b))
    return logical_or(close, logical_and(isnan(a), isnan(b))) if equal_nan else close


def _allclose(a: Any, b: Any, *args: Any, **keywords: Any) -> bool:
    return bool(reductions.all(isclose(a, b, *args, **keywords)))


def _array_equal(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and bool(reductions.all(equal(a, b)))


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.allclose: _allclose,
    np.array_equal: _array_equal,
    np.copy: lambda x: creation.asarray(x, copy=True),
    np.cross: _cross,
    np.diagonal: _diagonal,
    np.dot: _dot,
    np.isclose: isclose,
    np.linspace: _linspace,
    np.nan_to_num: _nan_to_num,
    np.ndim: lambda x: x.ndim,
    np.outer: _outer,
    np.permute_dims: _transpose,
    np.round: lambda x, decimals=0: conversions.rounded(x, decimals),
    np.shape: lambda x: x.shape,
    np.size: lambda x: x.size,
    np.take: _take,
    np.trace: _trace,
    np.transpose: _transpose,
    np.fft.fft: _transform(fourier.fft),
    np.fft.ifft: _transform(fourier.ifft),
    np.fft.rfft: _transform(fourier.rfft),
    np.fft.irfft: _transform(fourier.irfft),
    np.fft.hfft: _transform(fourier.hfft),
    np.fft.ihfft: _transform(fourier.ihfft),
    np.fft.fft2: _transforms(fourier.fftn, (-2, -1)),
    np.fft.ifft2: _transforms(fourier.ifftn, (-2, -1)),
    np.fft.rfft2: _transforms(fourier.rfftn, (-2, -1)),
    np.fft.irfft2: _transforms(fourier.irfftn, (-2, -1)),
    np.fft.fftn: _transforms(fourier.fftn),
    np.fft.ifftn: _transforms(fourier.ifftn),
    np.fft.rfftn: _transforms(fourier.rfftn),
    np.fft.irfftn: _transforms(fourier.irfftn),
} | numpy_linalg.FUNCTIONS
