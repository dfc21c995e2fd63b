"""Order statistics: quantiles and medians, with and without NaN."""

import math
from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import canonical, float64, is_differentiable, refuse_complex
from xgrad.backends.limits import promoted
from xgrad.engine.dispatch import XG
from xgrad.engine.precision import in_single
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.reductions import any, sum
from xgrad.ops.rounding import ceil, floor, remainder, round
from xgrad.ops.selection import (
    isinf,
    isnan,
    logical_not,
    maximum,
    minimum,
    stop_gradient,
    where,
)
from xgrad.ops.shape import broadcast_to, checked_axes, moveaxis, ndim_of, reshape
from xgrad.ops.sorting import sort
from xgrad.ops.views.take import take, take_along_axis
from xgrad.typing import ArrayLike, Axis, SupportsArray

__all__ = ["median", "nanmedian", "nanquantile", "quantile"]

#: The position of the quantile ``q`` among the sorted elements 0 to ``last``, where it is not
#: ``q * last``, by NumPy's names: methods 1 to 6, 8 and 9 of Hyndman and Fan (1996).
_POSITIONS: dict[str, Callable[[Any, Any], Any]] = {
    "inverted_cdf": lambda q, last: XG.subtract(_times_count(q, last), 1.0),
    "averaged_inverted_cdf": lambda q, last: XG.subtract(_times_count(q, last), 1.0),
    "closest_observation": lambda q, last: XG.subtract(_times_count(q, last), 1.5),
    "interpolated_inverted_cdf": lambda q, last: XG.subtract(_times_count(q, last), 1.0),
    "hazen": lambda q, last: XG.subtract(_times_count(q, last), 0.5),
    "weibull": lambda q, last: XG.subtract(XG.add(_times_count(q, last), q), 1.0),
    "median_unbiased": lambda q, last: _shifted(q, last, 1 / 3),
    "normal_unbiased": lambda q, last: _shifted(q, last, 3 / 8),
}
#: The weight of the upper of two neighbours, from that of linear interpolation and the position
#: of the lower one.
_WEIGHTS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "lower": lambda weight, position, below: floor(weight),
    "higher": lambda weight, position, below: ceil(weight),
    "nearest": lambda weight, position, below: XG.subtract(round(position), below),
    "midpoint": lambda weight, position, below: where(
        XG.equal(weight, floor(weight)), floor(weight), 0.5
    ),
    "inverted_cdf": lambda weight, position, below: ceil(weight),
    "averaged_inverted_cdf": lambda weight, position, below: where(
        XG.equal(weight, 0), 0.5, stop_gradient(XG.add(XG.multiply(weight, 0.0), 1.0))
    ),
    "closest_observation": lambda weight, position, below: where(
        XG.logical_and(XG.equal(weight, 0), XG.equal(remainder(below, 2.0), 1)),
        0.0,
        stop_gradient(XG.add(XG.multiply(weight, 0.0), 1.0)),
    ),
}
METHODS = ("linear", *_WEIGHTS, *(name for name in _POSITIONS if name not in _WEIGHTS))
#: Their value is an element.
_DISCRETE = ("lower", "higher", "nearest", "inverted_cdf", "closest_observation")


def _times_count(q: Any, last: Any) -> Any:
    return XG.multiply(q, XG.add(last, 1.0) if type(last) is Tensor else last + 1.0)


def _shifted(q: Any, last: Any, alpha: float) -> Any:
    """``n q + alpha + q (1 - 2 alpha) - 1``."""
    shift = XG.subtract(XG.multiply(q, 1 - 2 * alpha), 1 - alpha)
    return XG.add(_times_count(q, last), shift)


@in_single
def quantile(
    x: SupportsArray,
    q: SupportsArray,
    axis: int | tuple[int, ...] | None = None,
    *,
    keepdims: bool = False,
    method: str = "linear",
) -> Tensor:
    """Quantiles along axes, by default with linear interpolation between the sorted elements.

    Parameters
    ----------
    x : array or Tensor
    q : float, or array or Tensor of any shape
        Between 0 and 1; differentiable too.
    axis : int, tuple of int, or None
        None reduces all axes.
    keepdims : bool
    method : str
        The value between two elements, by NumPy's names: "linear", "hazen", "weibull",
        "median_unbiased", "normal_unbiased", "interpolated_inverted_cdf"; or a constant between
        elements, so that the gradient of ``q`` is 0: "lower", "higher", "midpoint", "nearest",
        "inverted_cdf", "averaged_inverted_cdf", "closest_observation".

    Returns
    -------
    Tensor
        It has the axes of ``q``, then the remaining axes of ``x``. NaN if an element is NaN.
        Ties share the gradient evenly.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.quantile(xg.asarray([0.0, 1.0, 2.0, 3.0]), 0.5)
    Tensor(1.5)
    """
    return _quantile("quantile", x, q, axis, keepdims, method, skip_nan=False)


@in_single
def nanquantile(
    x: SupportsArray,
    q: SupportsArray,
    axis: int | tuple[int, ...] | None = None,
    *,
    keepdims: bool = False,
    method: str = "linear",
) -> Tensor:
    """`quantile` of the elements that are not NaN; NaN if all are NaN.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nanquantile(xg.asarray([0.0, xg.nan, 2.0]), 0.25)
    Tensor(0.5)
    """
    return _quantile("nanquantile", x, q, axis, keepdims, method, skip_nan=True)


@in_single
def median(x: Any, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
    """The middle element, or the mean of the two in the middle: ``quantile(x, 0.5)``.

    This is NumPy's median: PyTorch's is the lower of the two.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.median)(xg.asarray([3.0, 1.0, 2.0]))
    Tensor([0., 0., 1.])
    """
    return _quantile("median", x, 0.5, axis, keepdims, "linear", skip_nan=False)


@in_single
def nanmedian(
    x: Any, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False
) -> Tensor:
    """`median` of the elements that are not NaN; NaN if all are NaN.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nanmedian(xg.asarray([3.0, xg.nan, 2.0]))
    Tensor(2.5)
    """
    return _quantile("nanmedian", x, 0.5, axis, keepdims, "linear", skip_nan=True)


def _quantile(
    name: str, x: Any, q: ArrayLike, axis: Axis, keepdims: bool, method: str, *, skip_nan: bool
) -> Tensor:
    refuse_complex(name, x)
    if method not in METHODS:
        raise ValueError(f"{name}: method must be one of {', '.join(METHODS)}; got {method!r}")
    ndim = ndim_of(name, x)
    axes = checked_axes(name, axis, ndim)
    kept = tuple(i for i in range(ndim) if i not in axes)
    kept_shape = tuple(x.shape[i] for i in kept)
    count = math.prod(x.shape[i] for i in axes)
    if count == 0:
        raise ValueError(f"{name}: there are no elements along the axis")
    own = canonical(lowest(x).dtype)
    if not is_differentiable(own):
        x = astype(x, "float64")
    flat = reshape(XG.permute_dims(x, (*kept, *axes)), (*kept_shape, count))
    missing = isnan(flat)
    # The position of the last sorted element: one for each row if NaN are skipped.
    last: Any = float(count - 1)
    values = flat
    if skip_nan:
        present = astype(logical_not(missing), float64)
        last = XG.subtract(sum(present, axis=-1), 1.0)
        none = reshape(XG.less(last, 0), (*kept_shape, 1))
        values = where(none, 0.0, where(missing, math.inf, flat))
    ordered = moveaxis(sort(values, axis=-1), -1, 0)

    fractions = q if hasattr(q, "shape") else _numbers_like(flat, q)
    dtype = canonical(lowest(flat).dtype)
    if fractions is q and is_differentiable(lowest(q).dtype):
        dtype = promoted(dtype, canonical(lowest(q).dtype))
    # Positions are float64 for every dtype: float16 does not have odd numbers over 2,048.
    fractions = astype(fractions, float64)
    inside = XG.logical_and(XG.greater_equal(fractions, 0), XG.less_equal(fractions, 1))
    outside = XG.logical_not(inside)  # NaN, too
    if holds(stripped(outside)):
        raise ValueError(f"{name}: expected fractions from 0 to 1")
    q_shape = tuple(fractions.shape)
    fractions = reshape(fractions, (-1, *(1,) * len(kept)))
    if method in _POSITIONS:
        position = _POSITIONS[method](fractions, last)
        below = floor(stop_gradient(position))
    else:
        position = XG.multiply(fractions, last)
        below = _clipped(floor(stop_gradient(position)), last - 1)
    low, high = (_at(ordered, _clipped(index, last)) for index in (below, XG.add(below, 1.0)))
    share = XG.subtract(position, below)
    weight = astype(
        _WEIGHTS[method](share, position, below) if method in _WEIGHTS else share, dtype
    )
    # An infinite element with weight 0 would give NaN.
    low = where(XG.logical_and(isinf(low), XG.equal(weight, 1)), 0.0, low)
    high = where(XG.logical_and(isinf(high), XG.equal(weight, 0)), 0.0, high)
    out = XG.add(XG.multiply(low, 1 - weight), XG.multiply(high, weight))
    unknown = XG.less(last, 0) if skip_nan else any(missing, axis=-1)
    out = where(unknown, float("nan"), out)
    if keepdims:
        kept_shape = tuple(1 if i in axes else x.shape[i] for i in range(ndim))
    out = reshape(out, (*q_shape, *kept_shape))
    return astype(out, own, copy=False) if method in _DISCRETE else out


def _clipped(index: Any, last: Any) -> Any:
    """Clip positions to the range from 0 to ``last``, a number or one for each row."""
    return maximum(minimum(index, last), 0.0)


def _at(ordered: Any, index: Any) -> Any:
    """Take elements (count, ...) at positions (k, ...), or (k, 1, ...) for all rows."""
    index = astype(index, "int64")
    if math.prod(index.shape[1:]) == 1:
        return take(ordered, reshape(index, (-1,)), axis=0)
    index = broadcast_to(index, (index.shape[0], *ordered.shape[1:]))
    return take_along_axis(ordered, index, axis=0)


def _numbers_like(like: Any, numbers: Any) -> Tensor:
    """Convert Python numbers to the backend and device of a tensor."""
    target = as_tensor(lowest(like))
    return as_tensor(numbers, dtype=float64).to(target.backend.name, device=target.device)
