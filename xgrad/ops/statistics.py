"""Reductions beyond the standard: logarithmic sums, and reductions that ignore NaN."""

import math
from typing import Any

from xgrad.backends.dtypes import canonical, is_complex, is_differentiable, refuse_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_shift_axis
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG
from xgrad.engine.precision import WIDE_INSIDE, in_single
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.counts import counting
from xgrad.ops.creation import array_like, astype, full_like, zeros_like
from xgrad.ops.elementwise import as_floating, logaddexp
from xgrad.ops.inspection import finfo
from xgrad.ops.reductions import (
    expand_reduced,
    max,
    min,
    one_correction,
    prod,
    reduced_axes,
    sum,
)
from xgrad.ops.selection import isnan, logical_not, where
from xgrad.ops.shape import checked_axis, concat, moveaxis, ndim_of, reshape
from xgrad.ops.views.parts import basic_index
from xgrad.typing import ArrayLike, Axis, SupportsArray, Value

__all__ = [
    "cumulative_logsumexp", "logsumexp", "nan_to_num", "nanmax", "nanmean", "nanmin", "nanprod",
    "nanstd", "nansum", "nanvar",
]  # fmt: skip

# -- logarithms of sums ------------------------------------------------------------------------


def _shares(xp: Namespace, x: Value, out: Value, axis: Axis, keepdims: bool) -> Value:
    """``exp(x - out)``: 0 where both are -inf; infinite elements get equal shares.

    The shares are divided by their sum, because ``out`` is rounded (near 1e38 in steps of 1e31).
    """
    whole = expand_reduced(xp, out, x, axis, keepdims)
    infinite = xp.isinf(whole)
    weights = xp.exp(xp.subtract(x, xp.where(infinite, xp.zeros_like(whole), whole)))
    if not is_complex(x.dtype):
        weights = xp.where(infinite, xp.astype(xp.equal(x, math.inf), x.dtype), weights)
    total = xp.sum(weights, axis=axis, keepdims=True)
    return xp.divide(weights, xp.where(xp.equal(total, 0), xp.ones_like(total), total))


def _conjugated_shares(xp: Namespace, x: Value, out: Value, axis: Axis, keepdims: bool) -> Value:
    shares = _shares(xp, x, out, axis, keepdims)
    return xp.conj(shares) if is_complex(x.dtype) else shares


@general(
    vjps=(
        lambda xp, g, x, out, axis, keepdims: xp.multiply(
            expand_reduced(xp, g, x, axis, keepdims),
            _conjugated_shares(xp, x, out, axis, keepdims),
        ),
    ),
    jvps=(
        lambda xp, t, x, out, axis, keepdims: xp.sum(
            xp.multiply(t, _shares(xp, x, out, axis, keepdims)), axis=axis, keepdims=keepdims
        ),
    ),
    batch=batch_shift_axis,
    precision=WIDE_INSIDE,
)
def logsumexp(xp: Namespace, x: Value, /, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """``log(sum(exp(x)))`` over an axis, several axes or all, without overflow.

    Gradient: the softmax. For complex numbers it is the principal logarithm.

    See Also
    --------
    xgrad.special.logsumexp : SciPy's arguments: factors, and the sign of the sum.
    xgrad.logaddexp : For two arrays, element by element.
    xgrad.cumulative_logsumexp : For all elements up to each.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.logsumexp(xg.asarray([1000.0, 1000.0])) - 1000.0
    Tensor(0.69314718)
    """
    x = as_floating(xp, x)
    largest = xp.max(xp.real(x) if is_complex(x.dtype) else x, axis=axis, keepdims=True)
    shift = xp.where(xp.isfinite(largest), largest, xp.zeros_like(largest))
    with xp.quiet():
        total = xp.log(xp.sum(xp.exp(xp.subtract(x, shift)), axis=axis, keepdims=True))
    out = xp.add(total, shift)
    if keepdims:
        return out
    axes = reduced_axes(axis, len(x.shape))
    return xp.reshape(out, tuple(n for i, n in enumerate(x.shape) if i not in axes))


@in_single
def cumulative_logsumexp(x: ArrayLike, axis: int | None = None) -> Tensor:
    """``log(cumulative_sum(exp(x)))`` along an axis, without overflow.

    By doubling (Hillis & Steele 1986): log₂(n) passes of `logaddexp`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cumulative_logsumexp(xg.asarray([0.0, 0.0]))
    Tensor([0.        , 0.69314718])
    """
    ndim = ndim_of("cumulative_logsumexp", x)
    if axis is None and ndim != 1:
        raise ValueError(f"cumulative_logsumexp: axis is needed for {ndim} dimensions")
    axis = checked_axis("cumulative_logsumexp", axis or 0, ndim)
    out = moveaxis(x, axis, -1)
    count, step = out.shape[-1], 1
    while step < count:
        late = basic_index(out, key=(..., slice(step, count)))
        early = basic_index(out, key=(..., slice(0, count - step)))
        start = basic_index(out, key=(..., slice(0, step)))
        out = concat([start, logaddexp(late, early)], axis=-1)
        step *= 2
    return moveaxis(out, -1, axis)


# -- reductions that ignore NaN ----------------------------------------------------------------


def nan_to_num(
    x: Any, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Replace NaN by 0 and infinities by the largest and smallest number, or by given values.

    The gradient is 0 where an element was replaced.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nan_to_num(xg.asarray([xg.nan, 1.0, -xg.inf]), neginf=-9.0)
    Tensor([ 0.,  1., -9.])
    """
    x = array_like("nan_to_num", x)
    dtype = canonical(lowest(x).dtype)
    if not is_differentiable(dtype):
        return astype(x, dtype)
    if is_complex(dtype):
        options: dict[str, Any] = {"nan": nan, "posinf": posinf, "neginf": neginf}
        parts = (nan_to_num(part, **options) for part in (XG.real(x), XG.imag(x)))
        real, imaginary = parts
        return astype(XG.add(real, XG.multiply(imaginary, 1j)), dtype)
    limits = finfo(dtype)
    x = where(isnan(x), nan, x)
    x = where(XG.equal(x, math.inf), limits.max if posinf is None else posinf, x)
    return where(XG.equal(x, -math.inf), limits.min if neginf is None else neginf, x)


def nansum(x: ArrayLike, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False) -> Tensor:
    """Sum of the elements that are not NaN.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nansum(xg.asarray([1.0, xg.nan, 2.0]))
    Tensor(3.)
    """
    x = array_like("nansum", x)
    return sum(where(isnan(x), zeros_like(x), x), axis=axis, keepdims=keepdims, dtype=dtype)


def nanprod(
    x: SupportsArray, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False
) -> Tensor:
    """Product of the elements that are not NaN.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nanprod(xg.asarray([2.0, xg.nan, 3.0]))
    Tensor(6.)
    """
    x = array_like("nanprod", x)
    return prod(where(isnan(x), full_like(x, 1), x), axis=axis, keepdims=keepdims, dtype=dtype)


def _count(x: ArrayLike, axis: Axis) -> Tensor:
    present = astype(logical_not(isnan(x)), counting(lowest(x).dtype))
    return sum(present, axis=axis, keepdims=True)


def _without_axes(x: Tensor, like: Any, axis: Axis, keepdims: bool) -> Tensor:
    """Drop the reduced axes, of length 1, unless ``keepdims``."""
    if keepdims:
        return x
    axes = reduced_axes(axis, len(like.shape))
    return reshape(x, tuple(n for i, n in enumerate(like.shape) if i not in axes))


def _of_dtype(x: Any, dtype: Any) -> Any:
    return x if dtype is None else astype(x, dtype)


@in_single
def nanmean(
    x: ArrayLike, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False
) -> Tensor:
    """Mean of the elements that are not NaN; NaN if all are NaN.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nanmean(xg.asarray([1.0, xg.nan, 2.0]))
    Tensor(1.5)
    """
    x = _of_dtype(array_like("nanmean", x), dtype)
    mean = _quotient(nansum(x, axis=axis, keepdims=True), _count(x, axis))
    return _without_axes(mean, x, axis, keepdims)


def _quotient(total: Tensor, count: Tensor) -> Tensor:
    none = XG.less_equal(count, 0)
    return where(none, float("nan"), XG.divide(total, where(none, 1.0, count)))


@in_single
def nanvar(
    x: Any,
    axis: Axis = None,
    dtype: Any = None,
    *,
    correction: float = 0.0,
    keepdims: bool = False,
    ddof: float | None = None,
) -> Tensor:
    """Variance of the elements that are not NaN, over their count minus ``correction``.

    ``ddof`` is NumPy's name of ``correction``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nanvar(xg.asarray([1.0, xg.nan, 3.0]))
    Tensor(1.)
    """
    x = _of_dtype(array_like("nanvar", x), dtype)
    refuse_complex("nanvar", x)
    correction = one_correction("nanvar", correction, ddof)
    missing, count = isnan(x), _count(x, axis)
    centred = XG.subtract(x, nanmean(x, axis=axis, keepdims=True))
    squares = XG.square(where(missing, zeros_like(x), centred))
    total = sum(squares, axis=axis, keepdims=True)
    return _without_axes(_quotient(total, count - correction), x, axis, keepdims)


@in_single
def nanstd(
    x: SupportsArray,
    axis: Axis = None,
    dtype: Any = None,
    *,
    correction: float = 0.0,
    keepdims: bool = False,
    ddof: float | None = None,
) -> Tensor:
    """Standard deviation of the elements that are not NaN. The gradient of equal elements is 0.

    ``ddof`` is NumPy's name of ``correction``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nanstd(xg.asarray([1.0, xg.nan, 3.0]))
    Tensor(1.)
    """
    x = _of_dtype(array_like("nanstd", x), dtype)
    correction = one_correction("nanstd", correction, ddof)
    variance = nanvar(x, axis=axis, correction=correction, keepdims=keepdims)
    flat = XG.equal(variance, 0)
    return where(flat, 0.0, XG.sqrt(where(flat, 1.0, variance)))


def nanmax(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Greatest of the elements that are not NaN; NaN if all are NaN.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nanmax(xg.asarray([1.0, xg.nan]))
    Tensor(1.)
    """
    x = array_like("nanmax", x)
    refuse_complex("nanmax", x)
    greatest = max(where(isnan(x), -math.inf, x), axis=axis, keepdims=True)
    greatest = where(XG.equal(_count(x, axis), 0), float("nan"), greatest)
    return _without_axes(greatest, x, axis, keepdims)


def nanmin(x: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Smallest of the elements that are not NaN; NaN if all are NaN.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nanmin(xg.asarray([1.0, xg.nan]))
    Tensor(1.)
    """
    x = array_like("nanmin", x)
    refuse_complex("nanmin", x)
    smallest = min(where(isnan(x), math.inf, x), axis=axis, keepdims=True)
    smallest = where(XG.equal(_count(x, axis), 0), float("nan"), smallest)
    return _without_axes(smallest, x, axis, keepdims)
