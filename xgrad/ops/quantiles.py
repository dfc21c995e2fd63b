"""Order statistics: quantiles and medians, with and without NaN."""

import math
from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import canonical, float64, is_differentiable, refuse_complex
from xgrad.backends.limits import promoted
from xgrad.engine.declare import function
from xgrad.engine.dispatch import XG
from xgrad.engine.precision import in_single
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.reductions import any, sum
from xgrad.ops.rounding import ceil, floor, round
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

#: The weight of the upper of two neighbours, from the weight of linear interpolation and the
#: position among the sorted elements; NumPy's names.
METHODS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "linear": lambda weight, position, below: weight,
    "lower": lambda weight, position, below: floor(weight),
    "higher": lambda weight, position, below: ceil(weight),
    "nearest": lambda weight, position, below: XG.subtract(round(position), below),
    "midpoint": lambda weight, position, below: where(
        XG.equal(weight, floor(weight)), floor(weight), 0.5
    ),
}


@in_single
def quantile(
    x: SupportsArray,
    q: SupportsArray,
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
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
    method : {"linear", "lower", "higher", "midpoint", "nearest"}
        The value between two elements. The gradient of ``q`` is 0 except for "linear".

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
    /,
    *,
    axis: int | tuple[int, ...] | None = None,
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


@function(numpy="median")
@in_single
def median(
    x: Any, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False
) -> Tensor:
    """The middle element, or the mean of the two in the middle: ``quantile(x, 0.5)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.median)(xg.asarray([3.0, 1.0, 2.0]))
    Tensor([0., 0., 1.])
    """
    return _quantile("median", x, 0.5, axis, keepdims, "linear", skip_nan=False)


@function(numpy="nanmedian")
@in_single
def nanmedian(
    x: Any, /, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False
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
    if not is_differentiable(lowest(x).dtype):
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
    outside = XG.logical_or(XG.less(fractions, 0), XG.greater(fractions, 1))
    if holds(stripped(outside)):
        raise ValueError(f"{name}: expected fractions from 0 to 1")
    q_shape = tuple(fractions.shape)
    fractions = reshape(fractions, (-1, *(1,) * len(kept)))
    position = XG.multiply(fractions, last)
    below = _clipped(floor(stop_gradient(position)), last - 1)
    low, high = (_at(ordered, _clipped(index, last)) for index in (below, XG.add(below, 1.0)))
    weight = astype(METHODS[method](XG.subtract(position, below), position, below), dtype)
    # An infinite element with weight 0 would give NaN.
    low = where(XG.logical_and(isinf(low), XG.equal(weight, 1)), 0.0, low)
    high = where(XG.logical_and(isinf(high), XG.equal(weight, 0)), 0.0, high)
    out = XG.add(XG.multiply(low, 1 - weight), XG.multiply(high, weight))
    unknown = XG.less(last, 0) if skip_nan else any(missing, axis=-1)
    out = where(unknown, float("nan"), out)
    if keepdims:
        kept_shape = tuple(1 if i in axes else x.shape[i] for i in range(ndim))
    return reshape(out, (*q_shape, *kept_shape))


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
