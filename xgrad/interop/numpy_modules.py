"""``np.linalg``, ``np.fft`` and others on Tensors; and the ufuncs of ``scipy.special``."""

from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.backends.dtypes import is_differentiable
from xgrad.engine.tensor import Tensor, lowest
from xgrad.interop import numpy_linalg
from xgrad.ops import (
    contraction,
    fourier,
    frequencies,
    interpolation,
    quantiles,
    statistics,
)
from xgrad.ops.creation import astype
from xgrad.ops.elementwise import abs as abs_
from xgrad.ops.elementwise import add, exp2, expm1, log1p, multiply, sigmoid, subtract
from xgrad.ops.linalg import norms
from xgrad.ops.selection import equal, isfinite, isnan, less_equal, logical_and, logical_or, where
from xgrad.ops.shape import moveaxis
from xgrad.ops.special import bessels, distributions, elementary, errors, gammas


def _axis(op: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, axis: Any = None, **keywords: Any) -> Any:
        return op(x, axis=axis, **keywords)

    return call


def _degrees(op: Callable[..., Any]) -> Callable[..., Any]:
    def call(x: Any, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
        return op(x, axis=axis, correction=ddof, keepdims=keepdims)

    return call


def _fractions(op: Callable[..., Any], scale: float) -> Callable[..., Any]:
    def call(
        x: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False
    ) -> Any:
        q = q / scale if isinstance(q, Tensor | float | int) else np.asarray(q) / scale
        return op(x, q, axis=axis, method=method, keepdims=keepdims)

    return call


def _inexact(x: Any) -> Any:
    """Make integers and truth values float64, which the standard's transforms ask for."""
    return x if is_differentiable(lowest(x).dtype) else astype(x, "float64")


def _refuse_out(op: Any, out: Any) -> None:
    if out is not None:
        raise TypeError(f"np.fft.{op.__name__}: out cannot be given with a Tensor")


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


def _pad(x: Any, pad_width: Any, mode: str = "constant", **keywords: Any) -> Any:
    return interpolation.pad(x, pad_width, mode, **keywords)


def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    return interpolation.interp(x, xp, fp, left=left, right=right, period=period)


def _nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    return statistics.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


def isclose(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether elements are equal within a tolerance, relative to ``b``."""
    finite = logical_and(isfinite(a), isfinite(b))
    x, y = where(finite, a, 0), where(finite, b, 0)
    near = less_equal(abs_(subtract(x, y)), add(atol, multiply(rtol, abs_(y))))
    found = logical_or(logical_and(near, finite), equal(a, b))
    return logical_or(found, logical_and(isnan(a), isnan(b))) if equal_nan else found


FUNCTIONS: dict[Any, Any] = {
    np.einsum: contraction.einsum,
    np.kron: norms.kron,
    np.pad: _pad,
    np.interp: _interp,
    np.median: _axis(quantiles.median),
    np.nanmedian: _axis(quantiles.nanmedian),
    np.quantile: _fractions(quantiles.quantile, 1.0),
    np.nanquantile: _fractions(quantiles.nanquantile, 1.0),
    np.percentile: _fractions(quantiles.quantile, 100.0),
    np.nanpercentile: _fractions(quantiles.nanquantile, 100.0),
    np.nan_to_num: _nan_to_num,
    np.nansum: _axis(statistics.nansum),
    np.nanprod: _axis(statistics.nanprod),
    np.nanmean: _axis(statistics.nanmean),
    np.nanmax: _axis(statistics.nanmax),
    np.nanmin: _axis(statistics.nanmin),
    np.nanvar: _degrees(statistics.nanvar),
    np.nanstd: _degrees(statistics.nanstd),
    np.diagonal: _diagonal,
    np.trace: _trace,
    np.cross: _cross,
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
    np.fft.fftshift: lambda x, axes=None: frequencies.fftshift(x, axes=axes),
    np.fft.ifftshift: lambda x, axes=None: frequencies.ifftshift(x, axes=axes),
} | numpy_linalg.FUNCTIONS

#: By the name of the ufunc: ``scipy.special`` is not imported for it.
SPECIAL: dict[str, Callable[..., Tensor]] = {
    name: function
    for chapter in (errors, gammas, bessels, distributions, elementary)
    for name, function in vars(chapter).items()
    if getattr(getattr(function, "primitive", None), "name", None) == name != "sigmoid"
} | {
    "expit": sigmoid,
    "expm1": expm1,
    "exp2": exp2,
    "log1p": log1p,
    "psi": gammas.digamma,
}
