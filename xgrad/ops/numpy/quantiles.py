"""Quantiles and medians, with NumPy's arguments."""

import math
from typing import Any

from xgrad.backends.dtypes import float64, is_complex
from xgrad.engine.declare import function
from xgrad.engine.precision import in_single
from xgrad.engine.tensor import Tensor, stripped
from xgrad.ops import quantiles
from xgrad.ops.creation import as_tensor, astype, floats_of, full_like
from xgrad.ops.cumulative import cumulative_sum
from xgrad.ops.elementwise import add, divide, multiply
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.numpy.arguments import NO_VALUE, flag, no_axis_of_number, write_out
from xgrad.ops.numpy.moments import aligned
from xgrad.ops.reductions import any as any_
from xgrad.ops.reductions import reduced_axes, sum
from xgrad.ops.selection import (
    equal,
    isnan,
    less,
    logical_and,
    logical_not,
    logical_or,
    maximum,
    minimum,
    stop_gradient,
)
from xgrad.ops.selection import where as select
from xgrad.ops.shape import broadcast_to, moveaxis, permute_dims, reshape
from xgrad.ops.sorting import argsort
from xgrad.ops.views.take import take_along_axis
from xgrad.typing import ArrayLike, Axis

__all__ = ["nanpercentile", "percentile"]


def _fractions_of(q: Any, x: Tensor, scale: float) -> Any:
    """Return the fractions; a number does not change the dtype of the result, an array does."""
    if isinstance(q, bool | int | float):
        return q / scale if scale != 1 else q
    fractions = floats_of(q, x)
    if fractions.ndim > 2:
        raise ValueError(f"q must have at most 2 dimensions, got shape {fractions.shape}")
    return divide(fractions, scale) if scale != 1 else fractions


def _quantiles(
    name: str,
    a: Any,
    q: Any,
    axis: Any,
    out: Any,
    method: str,
    keepdims: Any,
    weights: Any,
    scale: float,
) -> Tensor:
    x, skips, keepdims = as_tensor(a), name.startswith("nan"), flag(keepdims)
    fractions = _fractions_of(q, x, scale)
    axis = tuple(axis) if isinstance(axis, list) else axis
    no_axis_of_number(x, axis)
    if weights is not None:
        if method != "inverted_cdf":
            raise ValueError(f"{name}: weights need method='inverted_cdf', got {method!r}")
        w = aligned(as_tensor(weights, like=x), x, axis)
        result = _weighted(name, x, as_tensor(fractions, like=x), w, axis, keepdims, skips)
    elif skips and math.prod([x.shape[i] for i in reduced_axes(axis, x.ndim)]) == 0:
        result = _of_nothing(x, fractions, axis, keepdims)
    else:
        op = quantiles.nanquantile if skips else quantiles.quantile
        result = op(x, fractions, axis=axis, keepdims=keepdims, method=method)
        kinds = (x.dtype.kind, getattr(getattr(q, "dtype", None), "kind", type(q).__name__[0]))
        if method == "linear" and scale == 1 and set(kinds) <= set("iu"):
            result = astype(result, x.dtype)  # the first or the last element
    return write_out(name, result, out)


def _of_nothing(x: Tensor, q: Any, axis: Axis, keepdims: bool) -> Tensor:
    shape = sum(x, axis=axis, keepdims=keepdims).shape
    nan = full_like(sum(floats_of(x)), math.nan)
    return broadcast_to(nan, (*getattr(q, "shape", ()), *shape))


@in_single
def _weighted(
    name: str, x: Tensor, q: Tensor, w: Tensor, axis: Axis, keepdims: bool, skips: bool
) -> Tensor:
    """Return the first element up to which the weights sum to the fraction ``q`` of their sum."""
    if holds(stripped(less(w, 0))):
        raise ValueError(f"{name}: weights must not be negative")
    axes = reduced_axes(axis, x.ndim)
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    lengths = tuple(x.shape[i] for i in kept)
    count = math.prod(x.shape[i] for i in axes)
    values, weights = (
        moveaxis(reshape(permute_dims(v, (*kept, *axes)), (*lengths, count)), -1, 0)
        for v in (x, broadcast_to(stop_gradient(w), x.shape))
    )
    floating = x.dtype.kind == "f"
    missing = isnan(values) if floating else None
    if skips and missing is not None:
        weights = select(missing, 0, weights)
    order = argsort(stop_gradient(values), axis=0)
    values, weights = (take_along_axis(v, order, axis=0) for v in (values, weights))
    sums = cumulative_sum(astype(weights, float64), axis=0)
    total = sums[-1:]
    wrong = logical_not(less(0, total))
    if skips and missing is not None:  # where all are NaN, the result is
        wrong = logical_and(wrong, any_(logical_not(missing), axis=0))
    if holds(stripped(wrong)):
        raise ValueError(f"{name}: the weights are all 0, or some are NaN")
    shares = divide(sums, select(equal(total, 0), 1.0, total))
    if q.dtype.kind == "f":
        shares = astype(shares, q.dtype)
    fractions = stop_gradient(reshape(q, (-1, *(1,) * values.ndim)))
    if holds(stripped(logical_or(less(fractions, 0), less(1, fractions)))):
        raise ValueError(f"{name}: expected fractions from 0 to 1")
    before = logical_or(less(shares, fractions), equal(shares, 0))
    last: Any = count - 1
    if skips and missing is not None:
        last = maximum(sum(astype(logical_not(missing), "int64"), axis=0) - 1, 0)
    position = minimum(sum(astype(before, "int64"), axis=1), last)
    out = take_along_axis(values, position, axis=0) if lengths else values[position]
    if missing is not None:
        unknown = (
            any_(missing, axis=0) if not skips else logical_not(any_(logical_not(missing), axis=0))
        )
        out = select(unknown, math.nan, out)
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape)) if keepdims else lengths
    return reshape(out, (*q.shape, *shape))


@function(numpy="quantile")
def _quantile(
    a: ArrayLike,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Tensor:
    return _quantiles("quantile", a, q, axis, out, method, keepdims, weights, 1)


@function(numpy="nanquantile")
def _nanquantile(
    a: ArrayLike,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = NO_VALUE,
    *,
    weights: Any = None,
) -> Tensor:
    return _quantiles("nanquantile", a, q, axis, out, method, keepdims, weights, 1)


@function(numpy="percentile")
def percentile(
    a: ArrayLike,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
    *,
    weights: Any = None,
) -> Tensor:
    """Percentiles along axes: `quantile` of ``q / 100``.

    Parameters
    ----------
    a : array or Tensor
    q : float, or array of up to 2 dimensions
        Between 0 and 100; differentiable, too.
    axis : int, tuple of int, or None
    out : Tensor, optional
        The result is written there.
    overwrite_input : bool
        Without effect: the array is never changed.
    method : str
        See `quantile`.
    keepdims : bool
    weights : array, optional
        In the shape of ``a``, or of its ``axis``; only for "inverted_cdf".

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.percentile(xg.asarray([0.0, 1.0, 2.0, 3.0]), 50)
    Tensor(1.5)
    """
    return _quantiles("percentile", a, q, axis, out, method, keepdims, weights, 100)


@function(numpy="nanpercentile")
def nanpercentile(
    a: ArrayLike,
    q: Any,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: Any = NO_VALUE,
    *,
    weights: Any = None,
) -> Tensor:
    """`percentile` of the elements that are not NaN; NaN if all are NaN.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nanpercentile(xg.asarray([0.0, xg.nan, 2.0]), 25)
    Tensor(0.5)
    """
    return _quantiles("nanpercentile", a, q, axis, out, method, keepdims, weights, 100)


def _middle(name: str, a: Any, axis: Any, out: Any, keepdims: Any) -> Tensor:
    x, keepdims = as_tensor(a), flag(keepdims)
    axis = tuple(axis) if isinstance(axis, list) else axis
    no_axis_of_number(x, axis)
    if math.prod([x.shape[i] for i in reduced_axes(axis, x.ndim)]) == 0:
        result = _of_nothing(x, None, axis, keepdims)
    elif is_complex(x.dtype):
        result = _complex_median(x, axis, keepdims, skips=name == "nanmedian")
    else:
        op = quantiles.nanmedian if name == "nanmedian" else quantiles.median
        result = op(x, axis=axis, keepdims=keepdims)
    return write_out(name, result, out)


def _complex_median(x: Tensor, axis: Axis, keepdims: bool, *, skips: bool) -> Tensor:
    """Median in the order of real parts, then of imaginary parts."""
    axes = reduced_axes(axis, x.ndim)
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    lengths = tuple(x.shape[i] for i in kept)
    count = math.prod(x.shape[i] for i in axes)
    values = moveaxis(reshape(permute_dims(x, (*kept, *axes)), (*lengths, count)), -1, 0)
    values = take_along_axis(values, argsort(stop_gradient(values), axis=0), axis=0)  # NaN last
    missing = astype(isnan(values), "int64")
    present = count - sum(missing, axis=0, keepdims=True)
    unknown = equal(present, 0) if skips else less(present, count)
    middle = [take_along_axis(values, maximum(n, 0) // 2, axis=0) for n in (present - 1, present)]
    out = select(unknown, math.nan, multiply(add(*middle), 0.5))
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape)) if keepdims else lengths
    return reshape(out, shape)


@function(numpy="median")
def _median(
    a: ArrayLike,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Tensor:
    return _middle("median", a, axis, out, keepdims)


@function(numpy="nanmedian")
def _nanmedian(
    a: ArrayLike,
    axis: Axis = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: Any = NO_VALUE,
) -> Tensor:
    return _middle("nanmedian", a, axis, out, keepdims)
