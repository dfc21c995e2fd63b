"""Sums on NumPy: in single precision for half precision, in blocks along axes of many rows."""

from typing import Any, cast

import numpy as np

from xgrad.backends import thresholds
from xgrad.backends.dtypes import is_half
from xgrad.typing import Axis

Array = Any
_add: Any = np.add


def total(x: Array, axis: Axis, dtype: Any, keepdims: bool) -> Array:
    """Sum over axes. NumPy's pairwise sums need contiguous memory; elsewhere it adds row by row."""
    if (x.itemsize == 2 or dtype is not None) and is_half(result := dtype or x.dtype):
        return _add.reduce(x, axis=axis, dtype=np.float32, keepdims=keepdims).astype(result)
    try:
        few = type(axis) is int and x.shape[axis] < thresholds.SUM_ROWS
    except IndexError:
        raise np.exceptions.AxisError(cast("int", axis), x.ndim) from None
    if few:
        return _add.reduce(x, axis=axis, dtype=dtype, keepdims=keepdims)
    if x.size < thresholds.SUM_ROWS or dtype is not None or x.dtype.kind not in "fc":
        return _add.reduce(x, axis=axis, dtype=dtype, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axis is None else axis if type(axis) is tuple else (axis,)
    axes = tuple(sorted(a % x.ndim for a in axes))
    if _rows_added_in_turn(x, axes) < thresholds.SUM_ROWS:
        return _add.reduce(x, axis=axis, keepdims=keepdims)
    kept = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    shape = kept if keepdims else tuple(n for i, n in enumerate(x.shape) if i not in axes)
    if axes == tuple(range(len(axes))) and x.flags.c_contiguous:  # one axis of rows
        x, axes = x.reshape(-1, *x.shape[len(axes) :]), (0,)
    for a in sorted(axes, key=lambda a: abs(x.strides[a])):
        x = _along(x, a)
    return x.reshape(shape)


def mean(x: Array, axis: Axis, keepdims: bool) -> Array:
    """Mean over axes."""
    if not x.size or (x.dtype.kind not in "fc" and x.dtype.kind != "V"):
        return np.mean(x, axis=axis, keepdims=keepdims)
    half = is_half(x.dtype)
    dtype = np.float32 if half else None
    sums = total(x, axis, dtype, keepdims)
    out = sums / (x.size // max(np.size(sums), 1))
    return out.astype(x.dtype) if half else out


def _rows_added_in_turn(x: Array, axes: tuple[int, ...]) -> int:
    """Return how many partial sums NumPy adds sequentially."""
    if len(axes) == x.ndim and (x.flags.c_contiguous or x.flags.f_contiguous):
        return 1
    inner = min((a for a in range(x.ndim) if x.shape[a] > 1), key=lambda a: abs(x.strides[a]))
    count, end = 1, abs(x.strides[inner])
    for a in sorted(range(x.ndim), key=lambda a: abs(x.strides[a])):
        if a in axes and abs(x.strides[a]) == end and count == 1:
            end *= x.shape[a]  # contiguous with the inner axes
        elif a in axes:
            count *= x.shape[a]
    return count


def _along(x: Array, axis: int) -> Array:
    """Sum along one axis in nested blocks, with keepdims."""
    block = thresholds.SUM_BLOCK
    outer, at = x.shape[:axis], (slice(None),) * axis
    while x.shape[axis] >= 2 * block and not _innermost(x, axis):
        count = x.shape[axis] // block
        head = x[(*at, slice(count * block))]
        parts = _add.reduce(head.reshape(*outer, count, block, *x.shape[axis + 1 :]), axis=axis + 1)
        tail = x[(*at, slice(count * block, None))]
        x = np.concatenate((parts, tail), axis=axis) if tail.shape[axis] else parts
    return _add.reduce(x, axis=axis, keepdims=True)


def _innermost(x: Array, axis: int) -> bool:
    others = [abs(s) for s, n in zip(x.strides, x.shape, strict=True) if n > 1]
    return bool(abs(x.strides[axis]) == min(others, default=0))


#: The bounds between which sums of squares do not underflow or overflow.
_SQUARES = {
    np.dtype(t): (float(np.finfo(t).tiny / np.finfo(t).eps), float(np.finfo(t).max))
    for t in (np.float32, np.float64)
}


def euclidean(x: Array, axis: Axis, keepdims: bool) -> Array | None:
    """Square root of the sum of squares; None if it overflows or underflows."""
    with np.errstate(over="ignore", under="ignore"):
        squares = x * x if x.dtype.kind == "f" else x.real**2 + x.imag**2
        sums = total(squares, axis, None, keepdims)
    low, high = _SQUARES[sums.dtype]
    if sums.ndim == 0:
        fit = low < float(sums) < high
    else:
        fit = not sums.size or (low < sums.min() and sums.max() < high)
    return np.sqrt(sums) if fit else None


def index_add(g: Array, indices: Array, axis: int, size: int) -> Array:
    """Sum slices of ``g`` along an axis into ``size`` slices."""
    wide = np.dtype(np.float32) if is_half(g.dtype) else g.dtype
    out = np.zeros((*g.shape[:axis], size, *g.shape[axis + 1 :]), wide)
    if g.size == 0:
        return out.astype(g.dtype, copy=False)
    rows = np.moveaxis(g, axis, 0)
    order = np.argsort(indices, kind="stable")
    ordered = indices[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sums = np.add.reduceat(rows[order], starts, axis=0, dtype=wide)
    np.moveaxis(out, axis, 0)[ordered[starts]] = sums
    return out.astype(g.dtype, copy=False)
