"""NumPy functions whose arguments differ from those of every op.

All others are named at their op (``numpy=``), and take NumPy's arguments in
NumPy's order (`xgrad.interop.numpy.protocols`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.backends.dtypes import is_differentiable
from xgrad.engine.tensor import lowest
from xgrad.interop.numpy import linalg as numpy_linalg
from xgrad.ops import (
    conversions,
    creation,
    fourier,
)
from xgrad.ops.shape import reshape


def _in_one_row(x: Any, axis: Any) -> tuple[Any, Any]:
    """Return the array and the axis; without an axis, the flattened array and its axis."""
    return (reshape(x, (-1,)), 0) if axis is None else (x, axis)


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


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.round: lambda x, decimals=0: conversions.rounded(x, decimals),
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
