"""Differences, numerical derivatives and integrals, with NumPy's arguments."""

import math
from typing import Any

from xgrad.backends.dtypes import float64
from xgrad.backends.limits import promoted
from xgrad.engine.declare import function
from xgrad.engine.tensor import Tensor
from xgrad.ops import cumulative, interpolation
from xgrad.ops.arguments import whole_number
from xgrad.ops.complex import abs
from xgrad.ops.creation import as_tensor, astype, floats_of
from xgrad.ops.elementwise import add, divide, multiply, subtract
from xgrad.ops.numpy.arguments import NO_VALUE, given
from xgrad.ops.reductions import sum
from xgrad.ops.rounding import remainder
from xgrad.ops.selection import equal, greater, less, logical_and
from xgrad.ops.selection import where as select
from xgrad.ops.shape import broadcast_to, checked_axes, checked_axis, concat, reshape
from xgrad.ops.views.parts import basic_index
from xgrad.typing import ArrayLike, Axis

__all__ = ["ediff1d", "gradient", "trapezoid", "unwrap"]


#: Kinds of dtypes; each can be converted to the later ones.
_KINDS = "buifc"


def _cut(x: Tensor, axis: int, start: int | None, stop: int | None) -> Tensor:
    """Return a slice of one axis."""
    count = x.shape[axis]
    return basic_index(x, key=(*(slice(None),) * axis, slice(*slice(start, stop).indices(count))))


def _along(x: Tensor, axis: int, ndim: int) -> Tensor:
    """Return a vector along one of ``ndim`` axes."""
    return reshape(x, (*(1,) * axis, -1, *(1,) * (ndim - axis - 1)))


# -- differences -------------------------------------------------------------------------------


@function(numpy="diff")
def _diff(
    a: ArrayLike, n: int = 1, axis: int = -1, prepend: Any = NO_VALUE, append: Any = NO_VALUE
) -> Tensor:
    x = as_tensor(a)
    n = whole_number("diff", "n", n)
    if n == 0:
        return x
    if x.ndim == 0:
        raise ValueError("diff: expected at least 1 dimension, got a number")
    axis = checked_axis("diff", axis, x.ndim)
    one = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    ends = []
    for end in (prepend, append):
        part = as_tensor(end, like=x) if given(end) else None
        ends.append(broadcast_to(part, one) if part is not None and part.ndim == 0 else part)
    return cumulative.diff(x, axis=axis, n=n, prepend=ends[0], append=ends[1])


@function(numpy="ediff1d")
def ediff1d(ary: ArrayLike, to_end: Any = None, to_begin: Any = None) -> Tensor:
    """Differences of neighbours in the flattened array.

    Parameters
    ----------
    ary : array or Tensor
    to_end, to_begin : arrays, optional
        Appended and prepended to the differences; in the dtype of ``ary``.

    See Also
    --------
    xgrad.diff : Along an axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.ediff1d(xg.asarray([1.0, 4.0, 9.0]), to_begin=-1.0)
    Tensor([-1.,  3.,  5.])
    """
    x = reshape(as_tensor(ary), (-1,))
    if x.dtype.kind == "b":
        raise TypeError("ediff1d: booleans have no difference; convert them to integers first")
    parts = [cumulative.diff(x) if x.shape[0] else x]
    for name, ends in (("to_begin", to_begin), ("to_end", to_end)):
        if ends is None:
            continue
        part = reshape(as_tensor(ends, like=x), (-1,))
        if _KINDS.index(part.dtype.kind) > _KINDS.index(x.dtype.kind):
            raise TypeError(
                f"ediff1d: {name} has dtype {part.dtype}, which does not fit into {x.dtype}"
            )
        part = astype(part, x.dtype)
        parts = [part, *parts] if name == "to_begin" else [*parts, part]
    return concat(parts) if len(parts) > 1 else parts[0]


# -- derivatives and integrals -----------------------------------------------------------------


@function(numpy="trapezoid")
def trapezoid(y: ArrayLike, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """Integral by the trapezoidal rule along an axis.

    Parameters
    ----------
    y : array or Tensor
    x : array, optional
        The points, in the shape of ``y`` or of its axis. Differentiable, too.
    dx : float or array
        Their distance, without ``x``.
    axis : int

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.trapezoid(xg.asarray([1.0, 2.0, 3.0]), dx=0.5)
    Tensor(2.)
    """
    values = as_tensor(y, like=x)
    axis = checked_axis("trapezoid", axis, values.ndim)
    if x is None:
        step: Any = (
            as_tensor(dx, like=values) if hasattr(dx, "shape") or isinstance(dx, list) else dx
        )
    else:
        points = as_tensor(x, like=values)
        if points.ndim == 1:
            step = _along(cumulative.diff(points), axis, values.ndim)
        else:
            step = cumulative.diff(points, axis=axis)
    pairs = add(_cut(values, axis, 1, None), _cut(values, axis, None, -1))
    return sum(divide(multiply(pairs, step), 2.0), axis=axis)


def _spacings(f: Tensor, spacings: tuple[Any, ...], axes: tuple[int, ...]) -> list[Any]:
    """Return the distance of the points along each axis: a number, or one for each pair."""
    if not spacings:
        return [1.0] * len(axes)
    steps = [s if isinstance(s, int | float) else as_tensor(s, like=f) for s in spacings]
    if len(steps) == 1 and not getattr(steps[0], "shape", ()):
        return steps * len(axes)
    if len(steps) != len(axes):
        raise TypeError(
            f"gradient: expected no spacing, one number, or one for each of {len(axes)} axes; "
            f"got {len(steps)}"
        )
    found: list[Any] = []
    for step, axis in zip(steps, axes, strict=True):
        shape = getattr(step, "shape", ())
        if len(shape) > 1 or (shape and shape[0] != f.shape[axis]):
            raise ValueError(
                f"gradient: a spacing must be a number, or {f.shape[axis]} points for axis {axis}; "
                f"got shape {shape}"
            )
        found.append(_along(cumulative.diff(floats_of(step)), axis, f.ndim) if shape else step)
    return found


def _weighted_sum(parts: list[Tensor], weights: list[Any]) -> Tensor:
    out = multiply(parts[0], weights[0])
    for part, weight in zip(parts[1:], weights[1:], strict=True):
        out = add(out, multiply(part, weight))
    return out


def _end(f: Tensor, h: Any, axis: int, edge_order: int, *, first: bool) -> Tensor:
    """The one-sided difference at the first or the last point."""
    count, even = f.shape[axis], not getattr(h, "shape", ())
    chosen = range(edge_order + 1) if first else range(count - 1, count - 2 - edge_order, -1)
    parts = [_cut(f, axis, i, i + 1) for i in chosen]
    sign = 1.0 if first else -1.0
    if even:
        steps = [h] * edge_order
    else:
        last = h.shape[axis] - 1
        steps = [_cut(h, axis, *((i, i + 1) if first else (last - i, last - i + 1)))
                 for i in range(edge_order)]  # fmt: skip
    if edge_order == 1:
        return multiply(divide(subtract(parts[1], parts[0]), steps[0]), sign)
    near, far = steps
    both = add(near, far)
    weights = [
        divide(multiply(add(multiply(near, 2.0), far), -sign), multiply(near, both)),
        divide(multiply(both, sign), multiply(near, far)),
        divide(multiply(near, -sign), multiply(far, both)),
    ]
    return _weighted_sum(parts, weights)


def _derivative(f: Tensor, h: Any, axis: int, edge_order: int) -> Tensor:
    """Central differences along an axis, one-sided ones at the ends."""
    before, after = _cut(f, axis, None, -2), _cut(f, axis, 2, None)
    if not getattr(h, "shape", ()):
        inner = divide(subtract(after, before), multiply(h, 2.0))
    else:
        left, right = _cut(h, axis, None, -1), _cut(h, axis, 1, None)
        both = add(left, right)
        weights = [
            divide(multiply(right, -1.0), multiply(left, both)),
            divide(subtract(right, left), multiply(left, right)),
            divide(left, multiply(right, both)),
        ]
        inner = _weighted_sum([before, _cut(f, axis, 1, -1), after], weights)
    ends = [_end(f, h, axis, edge_order, first=first) for first in (True, False)]
    out = concat([ends[0], inner, ends[1]], axis=axis)
    return out if out.dtype == f.dtype else astype(out, f.dtype)


@function(numpy="gradient")
def gradient(f: ArrayLike, *varargs: Any, axis: Axis = None, edge_order: int = 1) -> Any:
    """Numerical derivatives along axes, by central differences.

    Parameters
    ----------
    f : array or Tensor
        Values at the points.
    *varargs : float or 1-D array, optional
        The distance of points, for all axes or for each; or their coordinates. Differentiable.
    axis : int, tuple of int, or None
        None means all axes.
    edge_order : {1, 2}
        The order of the differences at the ends.

    Returns
    -------
    Tensor, or tuple of Tensor if there are several axes

    See Also
    --------
    xgrad.grad : The derivative of a function, not of values on a grid.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.gradient(xg.asarray([1.0, 2.0, 4.0, 7.0]))
    Tensor([1. , 1.5, 2.5, 3. ])
    """
    values = floats_of(f)
    axes = checked_axes("gradient", axis, values.ndim)
    steps = _spacings(values, varargs, axes)
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order must be 1 or 2, got {edge_order}")
    for i in axes:
        if values.shape[i] <= edge_order:
            raise ValueError(
                f"gradient: needs at least {edge_order + 1} points along axis {i}, "
                f"got {values.shape[i]}"
            )
    found = [_derivative(values, h, i, edge_order) for i, h in zip(axes, steps, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


# -- functions of points -----------------------------------------------------------------------


@function(numpy="interp")
def _interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Tensor:
    like = (x, xp, fp)
    points, values = as_tensor(xp, like=like), as_tensor(fp, like=like)
    at = astype(as_tensor(x, like=like), float64)
    values = values if values.dtype.kind == "c" else astype(values, float64)
    return interpolation.interp(
        at, astype(points, float64), values, left=left, right=right, period=period
    )


@function(numpy="unwrap")
def unwrap(
    p: ArrayLike, discont: float | None = None, axis: int = -1, *, period: Any = 2 * math.pi
) -> Tensor:
    """Add multiples of the period so that neighbours differ by at most half of it.

    Parameters
    ----------
    p : array or Tensor
    discont : float, optional
        Smaller jumps remain; the default is half the period.
    axis : int
    period : float

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unwrap(xg.asarray([0.0, 3.0, 7.0, 8.0]), period=4)
    Tensor([ 0., -1., -1.,  0.])
    """
    x = as_tensor(p)
    axis = checked_axis("unwrap", axis, x.ndim)
    whole = isinstance(period, int) and x.dtype.kind in "iu"
    x = x if whole else astype(x, promoted(x.dtype, float64) if x.dtype.kind in "iub" else x.dtype)
    jumps = cumulative.diff(x, axis=axis)
    limit = period / 2 if discont is None else discont
    half, rest = divmod(period, 2) if whole else (period / 2, 0)
    low = -half
    within = add(remainder(subtract(jumps, low), period), low)
    if rest == 0:  # a jump of exactly half a period keeps its sign
        edge = logical_and(equal(within, low), greater(jumps, 0))
        within = select(edge, half, within)
    shift = select(less(abs(jumps), limit), 0, subtract(within, jumps))
    shift = cumulative.cumulative_sum(shift, axis=axis)
    rest_of = add(_cut(x, axis, 1, None), shift)
    return concat([_cut(x, axis, 0, 1), rest_of], axis=axis)
