"""Interpolation and padding."""

from collections.abc import Sequence
from typing import Any

from xgrad.backends import host
from xgrad.backends.dtypes import canonical
from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import astype
from xgrad.ops.rounding import remainder
from xgrad.ops.selection import clip, stop_gradient, where
from xgrad.ops.shape import concat, ndim_of, reshape
from xgrad.ops.sorting import argsort, searchsorted
from xgrad.ops.views.parts import basic_index
from xgrad.ops.views.take import take
from xgrad.typing import SupportsArray

__all__ = ["interp", "pad"]


def interp(
    x: Any,
    xp: Any,
    fp: Any,
    left: float | None = None,
    right: float | None = None,
    period: float | None = None,
) -> Tensor:
    """Piecewise linear function through the points ``(xp, fp)``, at ``x``.

    Parameters
    ----------
    x : array or Tensor of any shape
    xp, fp : arrays or Tensors, shape (n,)
        ``xp`` increasing, unless ``period`` is given.
    left, right : float, optional
        Values before the first point and after the last; the default is the value of that point.
    period : float, optional
        The function is periodic with it.

    Notes
    -----
    Differentiable in ``x``, ``xp`` and ``fp``. At a point the slope is that of the next piece.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.interp(xg.asarray([0.5, 9.0]), xg.asarray([0.0, 1.0]), xg.asarray([10.0, 20.0]))
    Tensor([15., 20.])
    """
    if (ndim_of("interp", xp), ndim_of("interp", fp)) != (1, 1) or tuple(xp.shape) != tuple(
        fp.shape
    ):
        raise ValueError(
            f"interp: xp and fp must be vectors of the same length, got {tuple(xp.shape)} "
            f"and {tuple(fp.shape)}"
        )
    count = int(xp.shape[0])
    if count == 0:
        raise ValueError("interp: expected at least one point")
    if period is not None:
        if period == 0:
            raise ValueError("interp: period must not be 0")
        period = abs(period)
        x, xp = remainder(x, period), remainder(xp, period)
        order = argsort(stop_gradient(xp))
        xp, fp = take(xp, order, axis=0), take(fp, order, axis=0)
        last, first = slice(count - 1, count), slice(0, 1)
        xp = concat(
            [basic_index(xp, key=(last,)) - period, xp, basic_index(xp, key=(first,)) + period]
        )
        fp = concat([basic_index(fp, key=(last,)), fp, basic_index(fp, key=(first,))])
        left = right = None
        count += 2
    start, end = basic_index(xp, key=(0,)), basic_index(xp, key=(count - 1,))
    low_value = basic_index(fp, key=(0,)) if left is None else left
    high_value = basic_index(fp, key=(count - 1,)) if right is None else right
    shape = tuple(getattr(x, "shape", ()))
    if count > 1:
        flat = reshape(stop_gradient(x), (-1,))
        after = searchsorted(stop_gradient(xp), flat, side="right")
        after = clip(after, 1, count - 1)
        x0, x1 = (reshape(take(xp, after - d, axis=0), shape) for d in (1, 0))
        f0, f1 = (reshape(take(fp, after - d, axis=0), shape) for d in (1, 0))
        out = _on_pieces(x, x0, x1, f0, f1)
    else:
        out = XG.add(XG.multiply(x, 0.0), basic_index(fp, key=(0,)))
    out = where(XG.less(x, start), low_value, out)
    return where(XG.greater(x, end), high_value, out)


def _on_pieces(x: Any, x0: Any, x1: Any, f0: Any, f1: Any) -> Any:
    """Return values on pieces, from their start, or from their end if the start is infinite."""
    width = XG.subtract(x1, x0)
    width = where(XG.equal(width, 0), 1.0, width)
    level = XG.equal(stop_gradient(f0), stop_gradient(f1))  # equal infinities, too
    slope = XG.divide(where(level, 0.0, XG.subtract(f1, f0)), width)
    begins, ends = (XG.equal(stop_gradient(x), stop_gradient(end)) for end in (x0, x1))
    known, known_too = (XG.isfinite(stop_gradient(f)) for f in (f0, f1))
    right = XG.logical_or(ends, XG.logical_not(XG.logical_or(known, begins)))
    start, value = where(right, x1, x0), where(right, f1, f0)
    finite = XG.isfinite(stop_gradient(slope))
    jump = XG.logical_and(XG.logical_or(begins, ends), XG.logical_not(finite))
    # There, and between opposite infinities, there is no slope.
    defined = XG.logical_or(level, XG.logical_or(known, known_too))
    slope = where(XG.logical_and(defined, XG.logical_not(jump)), slope, float("nan"))
    out = XG.add(value, XG.multiply(slope, XG.subtract(x, start)))
    return where(jump, value, out)


_PAD_MODES = ("constant", "edge", "reflect", "symmetric", "wrap")


def pad(
    x: SupportsArray,
    pad_width: int | Sequence[Any],
    mode: str = "constant",
    *,
    constant_values: float = 0,
) -> Tensor:
    """Pad axes at both ends, as NumPy's function does.

    Parameters
    ----------
    x : array or Tensor
    pad_width : int, (before, after), or one such pair for each axis
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
        The padding: a number; the last element; the elements mirrored, without or with the last
        one; the elements from the other end.
    constant_values : float

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.pad(xg.asarray([1, 2, 3]), (1, 2))
    Tensor([0, 1, 2, 3, 0, 0])
    >>> xg.pad(xg.asarray([1, 2, 3]), 1, mode="reflect")
    Tensor([2, 1, 2, 3, 2])
    """
    if mode not in _PAD_MODES:
        raise ValueError(f"pad: mode must be one of {', '.join(_PAD_MODES)}; got {mode!r}")
    ndim = ndim_of("pad", x)
    try:
        widths = host.pad_widths(pad_width, ndim)
    except ValueError:
        raise ValueError(
            f"pad: pad_width must be a number, a pair, or {ndim} pairs; got {pad_width!r}"
        ) from None
    if any(not isinstance(n, int) or n < 0 for pair in widths for n in pair):
        raise ValueError(f"pad: widths must be integers >= 0, got {pad_width!r}")
    for axis, (before, after) in enumerate(widths):
        if before or after:
            x = _padded(x, axis, before, after, mode, constant_values)
    return x if type(x) is Tensor else astype(x, lowest(x).dtype)


def _filled(x: Any, shape: tuple[int, ...], number: float) -> Any:
    """Return a raw constant array on the backend and device of ``x``."""
    owner, raw = backend_below(x), lowest(x)
    return owner.xp.full(shape, number, dtype=canonical(raw.dtype), device=owner.xp.device(raw))


def _padded(
    x: SupportsArray, axis: int, before: int, after: int, mode: str, number: float
) -> Tensor:
    if mode == "constant":
        parts = [x]
        for count, side in ((before, 0), (after, 1)):
            if count:
                shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
                filler = _filled(x, shape, number)
                parts = [*parts, filler] if side else [filler, *parts]
        return concat(parts, axis=axis)
    positions = host.padded_positions(x.shape[axis], before, after, mode)
    owner, raw = backend_below(x), lowest(x)
    return take(x, owner.from_numpy(positions, owner.xp.device(raw)), axis=axis)
