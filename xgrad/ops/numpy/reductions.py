"""Sums, products and extremes, with NumPy's arguments (``out``, ``initial``, ``where``...)."""

import math
from collections.abc import Callable
from typing import Any

from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops import reductions
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import add, multiply, subtract
from xgrad.ops.inspection import iinfo
from xgrad.ops.numpy.arguments import (
    NO_VALUE,
    flag,
    given,
    mask_of,
    only,
    write_out,
)
from xgrad.ops.selection import logical_and, logical_or, maximum, minimum
from xgrad.ops.shape import broadcast_to
from xgrad.typing import ArrayLike, Axis

__all__ = ["amax", "amin", "ptp"]


def _joined(op: Callable[..., Tensor], result: Tensor, initial: Any) -> Tensor:
    """Combine a result with ``initial=``, which may be a Tensor, in the dtype of the result."""
    if not given(initial):
        return result
    start = as_tensor(initial, like=result)
    if start.ndim:
        raise ValueError(f"{called('initial')}: initial must be a number, got shape {start.shape}")
    return op(result, astype(start, result.dtype))


# -- sums and products -------------------------------------------------------------------------


@function(numpy="sum", method="sum")
def _sum(
    a: ArrayLike,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Tensor:
    """Sum over an axis, several axes (a tuple), or all (None), with NumPy's arguments."""
    x = as_tensor(a)
    if dtype is out is None and keepdims is initial is where is NO_VALUE:  # usual, and fast
        return reductions.sum(x) if axis is None else reductions.sum(x, axis=axis)
    if where is not NO_VALUE:
        x = only(mask_of(where, x), x, 0)
    result = reductions.sum(x, axis=axis, dtype=dtype, keepdims=flag(keepdims))
    if initial is not NO_VALUE:
        boolean = result.dtype.kind == "b"
        result = _joined(logical_or if boolean else add, result, initial)
    return write_out("sum", result, out)


@function(numpy="prod", method="prod")
def _prod(
    a: ArrayLike,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Tensor:
    """Product over an axis, several axes (a tuple), or all (None), with NumPy's arguments."""
    x = as_tensor(a)
    if dtype is out is None and keepdims is initial is where is NO_VALUE:  # usual, and fast
        return reductions.prod(x) if axis is None else reductions.prod(x, axis=axis)
    if where is not NO_VALUE:
        x = only(mask_of(where, x), x, 1)
    if dtype is not None:
        x = astype(x, dtype)
    result = reductions.prod(x, axis=axis, dtype=dtype, keepdims=flag(keepdims))
    if initial is not NO_VALUE:
        boolean = result.dtype.kind == "b"
        result = _joined(logical_and if boolean else multiply, result, initial)
    return write_out("prod", result, out)


# -- extremes ----------------------------------------------------------------------------------


def least_number(x: Tensor, sign: int) -> Any:
    """Return the number that no element is below (above, if ``sign`` is -1)."""
    if x.dtype.kind == "b":
        return sign < 0
    if x.dtype.kind in "iu":
        limits = iinfo(x.dtype)
        return limits.min if sign > 0 else limits.max
    return -sign * math.inf


def extreme(name: str, a: Any, axis: Any, keepdims: Any, initial: Any, where: Any) -> Tensor:
    """Return ``max`` or ``min`` with NumPy's arguments."""
    op, both, sign = (
        (reductions.max, maximum, 1) if name == "max" else (reductions.min, minimum, -1)
    )
    x = as_tensor(a)
    if keepdims is initial is where is NO_VALUE:  # usual, and fast
        return op(x) if axis is None else op(x, axis=axis)
    keepdims = flag(keepdims)
    if where is not NO_VALUE and (mask := mask_of(where, x)) is not None:
        if not given(initial):
            raise ValueError(
                f"{name}: where needs initial, the result where no element counts: "
                "pass initial=number"
            )
        x = only(mask, x, least_number(x, sign))
    if given(initial) and reductions.reduced_count(x.shape, axis) == 0:  # no element: the initial
        shape = reductions.sum(x, axis=axis, keepdims=keepdims).shape
        start = astype(as_tensor(initial, like=x), x.dtype)
        return broadcast_to(start, shape)
    return _joined(both, op(x, axis=axis, keepdims=keepdims), initial)


@function(numpy="max", method="max")
def _max(
    a: ArrayLike,
    axis: Axis = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Tensor:
    """Greatest element, or NaN if any is NaN. Ties share the gradient evenly."""
    return write_out("max", extreme("max", a, axis, keepdims, initial, where), out)


@function(numpy="min", method="min")
def _min(
    a: ArrayLike,
    axis: Axis = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Tensor:
    """Smallest element, or NaN if any is NaN. Ties share the gradient evenly."""
    return write_out("min", extreme("min", a, axis, keepdims, initial, where), out)


@function(numpy="amax")
def amax(
    a: ArrayLike,
    axis: Axis = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Tensor:
    """Greatest element, with NumPy's arguments.

    Parameters
    ----------
    a : array or Tensor
    axis : int, tuple of int, or None
        None reduces all axes.
    out : Tensor, optional
        The result is written there.
    keepdims : bool
    initial : number, optional
        The result is at least this.
    where : array of bool, optional
        The elements that count; needs ``initial``.

    See Also
    --------
    xgrad.max : The standard's function.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.amax(xg.asarray([[1.0, 5.0], [3.0, 4.0]]), 0)
    Tensor([3., 5.])
    """
    return write_out("amax", extreme("max", a, axis, keepdims, initial, where), out)


@function(numpy="amin")
def amin(
    a: ArrayLike,
    axis: Axis = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    initial: Any = NO_VALUE,
    where: Any = NO_VALUE,
) -> Tensor:
    """Smallest element, with NumPy's arguments (see `amax`).

    See Also
    --------
    xgrad.min : The standard's function.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.amin(xg.asarray([3.0, 4.0]), initial=0.0)
    Tensor(0.)
    """
    return write_out("amin", extreme("min", a, axis, keepdims, initial, where), out)


@function(numpy="ptp", method="ptp")
def ptp(a: ArrayLike, axis: Axis = None, out: Any = None, keepdims: Any = NO_VALUE) -> Tensor:
    """Greatest element minus the smallest ("peak to peak").

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.ptp(xg.asarray([[1.0, 5.0], [3.0, 4.0]]), axis=1)
    Tensor([4., 1.])
    """
    x, keepdims = as_tensor(a), flag(keepdims)
    greatest, smallest = (
        op(x, axis=axis, keepdims=keepdims) for op in (reductions.max, reductions.min)
    )
    return write_out("ptp", subtract(greatest, smallest), out)


# -- positions and truth -----------------------------------------------------------------------


@function(numpy="argmax", method="argmax")
def _argmax(
    a: ArrayLike, axis: int | None = None, out: Any = None, *, keepdims: Any = NO_VALUE
) -> Tensor:
    """Index of the first greatest element along an axis, or in the flattened array."""
    result = reductions.argmax(as_tensor(a), axis=axis, keepdims=flag(keepdims))
    return write_out("argmax", result, out)


@function(numpy="argmin", method="argmin")
def _argmin(
    a: ArrayLike, axis: int | None = None, out: Any = None, *, keepdims: Any = NO_VALUE
) -> Tensor:
    """Index of the first smallest element along an axis, or in the flattened array."""
    result = reductions.argmin(as_tensor(a), axis=axis, keepdims=flag(keepdims))
    return write_out("argmin", result, out)


@function(numpy="any", method="any")
def _any(
    a: ArrayLike,
    axis: Axis = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    *,
    where: Any = NO_VALUE,
) -> Tensor:
    """Whether any element is true (not 0)."""
    x = as_tensor(a)
    x = only(mask_of(where, x), x, 0)
    return write_out("any", reductions.any(x, axis=axis, keepdims=flag(keepdims)), out)


@function(numpy="all", method="all")
def _all(
    a: ArrayLike,
    axis: Axis = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    *,
    where: Any = NO_VALUE,
) -> Tensor:
    """Whether all elements are true (not 0)."""
    x = as_tensor(a)
    x = only(mask_of(where, x), x, 1)
    return write_out("all", reductions.all(x, axis=axis, keepdims=flag(keepdims)), out)


@function(numpy="count_nonzero")
def _count_nonzero(a: ArrayLike, axis: Axis = None, *, keepdims: bool = False) -> Tensor:
    """Number of elements that are not 0."""
    return reductions.count_nonzero(as_tensor(a), axis=axis, keepdims=bool(keepdims))
