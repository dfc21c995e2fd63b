"""Reductions that ignore NaN, with NumPy's arguments."""

from typing import Any

from xgrad.engine.declare import function
from xgrad.engine.tensor import Tensor, stripped
from xgrad.ops import reductions
from xgrad.ops.creation import as_tensor
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.numpy.arguments import (
    NO_VALUE,
    flag,
    given,
    mask_of,
    no_axis_of_number,
    only,
    write_out,
)
from xgrad.ops.numpy.moments import degrees_of, deviation, in_dtype, masked_mean, masked_var
from xgrad.ops.numpy.reductions import _prod, _sum, extreme, least_number
from xgrad.ops.numpy.running import running
from xgrad.ops.selection import isnan, logical_and, logical_not
from xgrad.ops.selection import where as select
from xgrad.typing import ArrayLike, Axis

__all__ = ["nanargmax", "nanargmin", "nancumprod", "nancumsum"]


def _present(x: Tensor, where: Any = NO_VALUE) -> Tensor:
    """Which elements count: those that are not NaN, among those of ``where=``."""
    mask = mask_of(where, x)
    present = logical_not(isnan(x))
    return present if mask is None else logical_and(present, mask)


def _without(x: Tensor, number: float) -> Tensor:
    """Replace NaN by a number."""
    return only(logical_not(isnan(x)), x, number) if x.dtype.kind in "fcV" else x


@function(numpy="nansum")
def _nansum(
    a: ArrayLike,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Tensor:
    x = _without(as_tensor(a), 0)
    result = _sum(x, axis, dtype, None, keepdims, initial, where)
    return write_out("nansum", result, out)


@function(numpy="nanprod")
def _nanprod(
    a: ArrayLike,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Tensor:
    x = _without(as_tensor(a), 1)
    result = _prod(x, axis, dtype, None, keepdims, initial, where)
    return write_out("nanprod", result, out)


def _nan_extreme(
    name: str, a: Any, axis: Any, out: Any, keepdims: Any, initial: Any, where: Any
) -> Tensor:
    x = as_tensor(a)
    filled = _without(x, least_number(x, 1 if name == "max" else -1))
    result = extreme(name, filled, axis, keepdims, initial, where)
    if filled is not x and not given(initial):
        none = logical_not(reductions.any(_present(x), axis=axis, keepdims=flag(keepdims)))
        result = select(none, float("nan"), result)
    return write_out(f"nan{name}", result, out)


@function(numpy="nanmax")
def _nanmax(
    a: ArrayLike,
    axis: Axis = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Tensor:
    return _nan_extreme("max", a, axis, out, keepdims, initial, where)


@function(numpy="nanmin")
def _nanmin(
    a: ArrayLike,
    axis: Axis = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Tensor:
    return _nan_extreme("min", a, axis, out, keepdims, initial, where)


@function(numpy="nanmean")
def _nanmean(
    a: ArrayLike,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    *,
    where: Any = NO_VALUE,
) -> Tensor:
    x = in_dtype(a, dtype)
    if as_tensor(a).dtype.kind in "iub":  # NumPy's mean then, which refuses it
        no_axis_of_number(x, axis)
    result = masked_mean(x, _present(x, where), axis, keepdims=flag(keepdims))
    return write_out("nanmean", result, out)


def _nan_variance(
    a: Any, axis: Axis, dtype: Any, ddof: float, keepdims: Any, where: Any, mean: Any
) -> Tensor:
    whole = as_tensor(a).dtype.kind in "iub"  # NumPy's var then, which differs for no degrees
    x = in_dtype(a, dtype)
    if whole:
        no_axis_of_number(x, axis)
    centre = as_tensor(mean, like=x) if given(mean) else None
    return masked_var(x, _present(x, where), centre, axis, ddof, flag(keepdims), nan=not whole)


@function(numpy="nanvar")
def _nanvar(
    a: ArrayLike,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = NO_VALUE,
    *,
    where: Any = NO_VALUE,
    mean: Any = NO_VALUE,
    correction: Any = NO_VALUE,
) -> Tensor:
    ddof = degrees_of("nanvar", ddof, correction)
    result = _nan_variance(a, axis, dtype, ddof, keepdims, where, mean)
    return write_out("nanvar", result, out)


@function(numpy="nanstd")
def _nanstd(
    a: ArrayLike,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = NO_VALUE,
    *,
    where: Any = NO_VALUE,
    mean: Any = NO_VALUE,
    correction: Any = NO_VALUE,
) -> Tensor:
    ddof = degrees_of("nanstd", ddof, correction)
    result = deviation(_nan_variance(a, axis, dtype, ddof, keepdims, where, mean))
    return write_out("nanstd", result, out)


# -- positions and running sums ----------------------------------------------------------------


def _position(name: str, a: Any, axis: Any, out: Any, keepdims: Any) -> Tensor:
    x = as_tensor(a)
    sign = 1 if name == "argmax" else -1
    filled = _without(x, least_number(x, sign))
    if filled is not x:
        none = logical_not(reductions.any(_present(x), axis=axis))
        if holds(stripped(none)):
            raise ValueError(f"nan{name}: all elements along the axis are NaN")
    op = reductions.argmax if sign > 0 else reductions.argmin
    result = op(filled, axis=axis, keepdims=flag(keepdims))
    return write_out(f"nan{name}", result, out)


@function(numpy="nanargmax")
def nanargmax(
    a: ArrayLike, axis: int | None = None, out: Any = None, *, keepdims: Any = NO_VALUE
) -> Tensor:
    """Index of the first greatest element that is not NaN; raises if all are NaN.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nanargmax(xg.asarray([xg.nan, 1.0, 3.0]))
    Tensor(2)
    """
    return _position("argmax", a, axis, out, keepdims)


@function(numpy="nanargmin")
def nanargmin(
    a: ArrayLike, axis: int | None = None, out: Any = None, *, keepdims: Any = NO_VALUE
) -> Tensor:
    """Index of the first smallest element that is not NaN; raises if all are NaN.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nanargmin(xg.asarray([xg.nan, 1.0, 3.0]))
    Tensor(1)
    """
    return _position("argmin", a, axis, out, keepdims)


@function(numpy="nancumsum")
def nancumsum(a: ArrayLike, axis: int | None = None, dtype: Any = None, out: Any = None) -> Tensor:
    """Cumulative sums with NaN as 0, along an axis or of the flattened array.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nancumsum(xg.asarray([1.0, xg.nan, 2.0]))
    Tensor([1., 1., 3.])
    """
    return running("nancumsum", _without(as_tensor(a), 0), axis, dtype, out)


@function(numpy="nancumprod")
def nancumprod(a: ArrayLike, axis: int | None = None, dtype: Any = None, out: Any = None) -> Tensor:
    """Cumulative products with NaN as 1, along an axis or of the flattened array.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nancumprod(xg.asarray([2.0, xg.nan, 3.0]))
    Tensor([2., 2., 6.])
    """
    return running("nancumprod", _without(as_tensor(a), 1), axis, dtype, out)
