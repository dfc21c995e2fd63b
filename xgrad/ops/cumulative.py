"""Cumulative sums, cumulative products and differences along an axis."""

from typing import Any

from xgrad.backends.dtypes import canonical, is_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_shift_axis, shift_axis
from xgrad.engine.constructors import general, linear
from xgrad.engine.declare import function
from xgrad.engine.dispatch import XG
from xgrad.engine.precision import WIDE, WIDE_INSIDE
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.arguments import whole_number
from xgrad.ops.creation import ones_like
from xgrad.ops.shape import checked_axis, concat, ndim_of, reshape
from xgrad.ops.views.parts import basic_index
from xgrad.typing import ArrayLike, SupportsArray, Value

__all__ = ["cumulative_prod", "cumulative_sum", "diff"]

# -- cumulative sums ---------------------------------------------------------------------------


def _along(axis: int, ndim: int, part: slice) -> tuple[Any, ...]:
    return (slice(None),) * (axis % ndim) + (part,)


def _sum_transpose(xp: Namespace, g: Value, axis: int, include_initial: bool) -> Value:
    if include_initial:  # the 0 at the start has no inputs
        g = xp.basic_index(g, _along(axis, len(g.shape), slice(1, g.shape[axis])))
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


@linear(transpose=_sum_transpose, batch=shift_axis, precision=WIDE)
def _cumulative_sum(
    xp: Namespace, x: Value, /, *, axis: int, dtype: Any = None, include_initial: bool = False
) -> Value:
    return xp.cumulative_sum(x, axis=axis, dtype=dtype, include_initial=include_initial)


def _only_axis(function: str, x: Any, axis: int | None) -> int:
    ndim = ndim_of(function, x)
    if ndim == 0:
        raise ValueError(f"{function}: expected at least 1 dimension, got a 0-d array")
    if axis is None:
        if ndim > 1:
            raise ValueError(f"{function}: axis is needed for an array of {ndim} dimensions")
        axis = 0
    return checked_axis(function, axis, ndim)


@function(rules=True)
def cumulative_sum(
    x: ArrayLike, axis: int | None = None, *, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """Cumulative sums along an axis.

    With ``include_initial`` the result starts with a 0 and is one element longer. ``axis`` may
    be omitted for 1-D arrays. Gradient: the cumulative sum of the cotangent from the end.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cumulative_sum(xg.asarray([1.0, 2.0, 3.0]), include_initial=True)
    Tensor([0., 1., 3., 6.])
    """
    axis = _only_axis("cumulative_sum", x, axis)
    return _cumulative_sum(x, axis=axis, dtype=dtype, include_initial=include_initial)


# -- cumulative products -----------------------------------------------------------------------


def _recurrence(xp: Namespace, a: Value, b: Value) -> Value:
    """Solve ``s[i] = a[i] * s[i - 1] + b[i]`` along the last axis, with ``s[-1] = 0``.

    By doubling (Hillis & Steele 1986): after k steps each element is the recurrence over the
    last 2**k terms. It has only products and sums, so it is right where factors are 0.
    """
    count = a.shape[-1]
    shift = 1
    while shift < count:
        before, after = (..., slice(0, count - shift)), (..., slice(shift, count))
        a_late, b_late = xp.basic_index(a, after), xp.basic_index(b, after)
        start = (..., slice(0, shift))
        b = xp.concat(
            (
                xp.basic_index(b, start),
                xp.add(b_late, xp.multiply(a_late, xp.basic_index(b, before))),
            ),
            axis=-1,
        )
        a = xp.concat(
            (xp.basic_index(a, start), xp.multiply(a_late, xp.basic_index(a, before))), axis=-1
        )
        shift *= 2
    return b


def _exclusive(xp: Namespace, x: Value, out: Value) -> Value:
    """Products of the elements before each element, along the last axis."""
    count = x.shape[-1]
    first = xp.ones_like(xp.basic_index(out, (..., slice(0, 1))))
    return xp.concat((first, xp.basic_index(out, (..., slice(0, count - 1)))), axis=-1)


def _later(xp: Namespace, x: Value) -> Value:
    """The element after each element, along the last axis; 0 after the last."""
    count = x.shape[-1]
    last = xp.zeros_like(xp.basic_index(x, (..., slice(0, 1))))
    return xp.concat((xp.basic_index(x, (..., slice(1, count))), last), axis=-1)


def _prod_vjp(xp: Namespace, g: Value, x: Value, out: Value, axis: int) -> Value:
    # dy[i]/dx[k] = (product before k) * (product from k+1 to i): a recurrence from the end.
    if x.shape[axis] == 0:
        return g
    if is_complex(x.dtype):
        x, out = xp.conj(x), xp.conj(out)
    g, x, out = (xp.moveaxis(v, axis, -1) for v in (g, x, out))
    tail = xp.flip(_recurrence(xp, xp.flip(_later(xp, x), axis=-1), xp.flip(g, axis=-1)), axis=-1)
    return xp.moveaxis(xp.multiply(tail, _exclusive(xp, x, out)), -1, axis)


def _prod_jvp(xp: Namespace, t: Value, x: Value, out: Value, axis: int) -> Value:
    if x.shape[axis] == 0:
        return t
    t, x, out = (xp.moveaxis(v, axis, -1) for v in (t, x, out))
    return xp.moveaxis(_recurrence(xp, x, xp.multiply(t, _exclusive(xp, x, out))), -1, axis)


@general(vjps=(_prod_vjp,), jvps=(_prod_jvp,), batch=batch_shift_axis, precision=WIDE_INSIDE)
def _cumulative_prod(xp: Namespace, x: Value, /, *, axis: int, dtype: Any = None) -> Value:
    return xp.cumulative_prod(x, axis=axis, dtype=dtype)


def cumulative_prod(
    x: ArrayLike, axis: int | None = None, *, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """Cumulative products along an axis.

    With ``include_initial`` the result starts with a 1 and is one element longer. The gradient
    has only products and sums, so it is right where elements are 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> import numpy as np
    >>> xg.grad(lambda x: xg.sum(xg.cumulative_prod(x)))(np.asarray([2.0, 0.0, 3.0]))
    array([1., 8., 0.])
    """
    axis = _only_axis("cumulative_prod", x, axis)
    out = _cumulative_prod(x, axis=axis, dtype=dtype)
    if not include_initial:
        return out
    first = basic_index(out, key=_along(axis, len(out.shape), slice(0, 1)))
    if out.shape[axis]:
        return concat((ones_like(first), out), axis=axis)
    lead = (*out.shape[:axis], 1, *out.shape[axis + 1 :])
    return ones_like(reshape(XG.sum(out, axis=axis), lead))


# -- differences -------------------------------------------------------------------------------


def diff(
    x: SupportsArray,
    n: int = 1,
    axis: int = -1,
    prepend: ArrayLike | None = None,
    append: ArrayLike | None = None,
) -> Tensor:
    """Differences of neighbours along an axis, taken ``n`` times.

    ``prepend`` and ``append`` are first concatenated before and after ``x`` along the axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.diff(xg.asarray([1.0, 4.0, 9.0, 16.0]), n=2)
    Tensor([2., 2.])
    """
    n = whole_number("diff", "n", n)
    axis = checked_axis("diff", axis, ndim_of("diff", x))
    if n == 0:  # NumPy ignores prepend and append then, too
        return x if type(x) is Tensor else reshape(x, tuple(x.shape))
    parts = [part for part in (prepend, x, append) if part is not None]
    out = concat(parts, axis=axis) if len(parts) > 1 else x
    boolean = canonical(lowest(out).dtype) == canonical("bool")
    difference = XG.not_equal if boolean else XG.subtract
    for _ in range(n):
        count = out.shape[axis]
        after = basic_index(out, key=_along(axis, len(out.shape), slice(min(1, count), count)))
        before = basic_index(out, key=_along(axis, len(out.shape), slice(0, max(count - 1, 0))))
        out = difference(after, before)
    return out if type(out) is Tensor else reshape(out, tuple(out.shape))
