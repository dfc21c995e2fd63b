"""Flip, rotate, roll and repeat elements, with NumPy's arguments."""

from collections.abc import Sequence
from typing import Any

from xgrad.backends import host
from xgrad.backends.scalars import is_number
from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.engine.views import ViewKind, attach
from xgrad.ops import arrangement
from xgrad.ops.arguments import integers
from xgrad.ops.creation import as_tensor
from xgrad.ops.numpy.conversion import constant, on_host
from xgrad.ops.shape import checked_axis, moveaxis
from xgrad.ops.views import kinds
from xgrad.ops.views.reading import getitem
from xgrad.ops.views.take import take
from xgrad.typing import ArrayLike, Axis

__all__ = ["fliplr", "flipud", "rot90", "sliding_window_view"]


@function(numpy="flip")
def _flip(m: ArrayLike, axis: Axis = None) -> Tensor:
    return kinds.flip(as_tensor(m), axis=axis)


@function(numpy="flipud")
def flipud(m: ArrayLike) -> Tensor:
    """Reverse the first axis; a view.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.flipud(xg.asarray([1, 2, 3]))
    Tensor([3, 2, 1])
    """
    x = as_tensor(m)
    if x.ndim < 1:
        raise ValueError(f"{called('flipud')}: expected at least 1 dimension, got 0")
    return kinds.flip(x, axis=0)


@function(numpy="fliplr")
def fliplr(m: ArrayLike) -> Tensor:
    """Reverse the second axis; a view.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fliplr(xg.asarray([[1, 2, 3]]))
    Tensor([[3, 2, 1]])
    """
    x = as_tensor(m)
    if x.ndim < 2:
        raise ValueError(f"{called('fliplr')}: expected at least 2 dimensions, got {x.ndim}")
    return kinds.flip(x, axis=1)


@function(numpy="rot90")
def rot90(m: ArrayLike, k: int = 1, axes: Sequence[int] = (0, 1)) -> Tensor:
    """Rotate by ``k`` times 90 degrees in the plane of two axes; a view.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.rot90(xg.asarray([[1, 2], [3, 4]]))
    Tensor([[2, 4],
            [1, 3]])
    """
    x = as_tensor(m)
    if len(axes) != 2:
        raise ValueError(f"{called('rot90')}: expected two axes, got {axes!r}")
    first, second = (checked_axis("rot90", a, x.ndim) for a in axes)
    if first == second:
        raise ValueError(f"{called('rot90')}: the two axes must differ, got {axes!r}")
    turns = k % 4
    if turns == 0:
        return getitem(x, ...)
    if turns == 2:
        return kinds.flip(x, axis=(first, second))
    if turns == 1:
        return kinds.swapaxes(kinds.flip(x, axis=second), first, second)
    return kinds.flip(kinds.swapaxes(x, first, second), axis=second)


@function(numpy="roll")
def _roll(a: ArrayLike, shift: Any, axis: Any = None) -> Tensor:
    x = as_tensor(a)
    shifts = integers("roll", "shifts", shift)
    if axis is None:
        return arrangement.roll(x, sum(shifts))
    axes = tuple(checked_axis("roll", i, x.ndim) for i in integers("roll", "axes", axis))
    if len(shifts) != len(axes) and 1 not in (len(shifts), len(axes)):
        raise ValueError(f"{called('roll')}: {len(shifts)} shifts for {len(axes)} axes")
    count = max(len(shifts), len(axes))
    totals: dict[int, int] = {}
    for by, at in zip(_spread(shifts, count), _spread(axes, count), strict=True):
        totals[at] = totals.get(at, 0) + by
    return arrangement.roll(x, tuple(totals.values()), axis=tuple(totals))


def _spread(values: tuple[int, ...], count: int) -> tuple[int, ...]:
    return values * count if len(values) == 1 else values


@function(numpy="repeat", method="repeat")
def _repeat(a: ArrayLike, repeats: Any, axis: int | None = None) -> Tensor:
    """Repeat each element, along an axis or of the flattened array.

    (PyTorch's ``x.repeat`` repeats the whole array: that is `xgrad.tile`.)
    """
    x = as_tensor(a)
    if is_number(repeats) and not hasattr(repeats, "dtype"):
        return arrangement.repeat(x, repeats, axis=axis)
    counts = on_host("repeat", repeats)
    return arrangement.repeat(x, int(counts) if not counts.shape else counts, axis=axis)


@function(numpy="tile")
def _tile(A: ArrayLike, reps: Any) -> Tensor:  # noqa: N803
    return arrangement.tile(as_tensor(A), on_host("tile", reps).tolist())


# -- windows -----------------------------------------------------------------------------------


def _windows(x: Any, lengths: tuple[tuple[int, int], ...]) -> Tensor:
    """Return windows of a length along each listed axis; their elements are new last axes."""
    for axis, length in lengths:
        starts = host.array(range(x.shape[axis] - length + 1)).reshape(-1, 1)
        positions = constant(starts + host.array(range(length)).reshape(1, -1), x)
        x = moveaxis(take(x, positions.astype("int64"), axis=axis), axis + 1, -1)
    return x if type(x) is Tensor else as_tensor(x)


_WINDOWS = ViewKind(
    "sliding_window_view",
    pull=_windows,
    push=None,
    strides=lambda strides, shape, lengths, new: (*strides, *(strides[a] for a, _ in lengths)),
)


@function(numpy="lib.stride_tricks.sliding_window_view")
def sliding_window_view(
    x: ArrayLike,
    window_shape: Any,
    axis: Any = None,
    *,
    subok: bool = False,
    writeable: bool = False,
) -> Tensor:
    """Windows of a shape at every position; their axes come last.

    The result follows later writes to ``x``, as NumPy's view does, but has its own memory.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.sliding_window_view(xg.asarray([1.0, 2.0, 4.0]), 2)
    Tensor([[1., 2.],
            [2., 4.]])
    """
    array = as_tensor(x)
    lengths = integers("sliding_window_view", "window_shape", window_shape)
    if writeable:
        raise ValueError(
            f"{called('sliding_window_view')}: writeable=True is not supported: windows repeat "
            "elements"
        )
    if any(n < 0 for n in lengths):
        raise ValueError(f"{called('sliding_window_view')}: lengths must not be negative")
    if axis is None:
        axes: tuple[int, ...] = tuple(range(array.ndim))
    else:
        named = integers("sliding_window_view", "axes", axis)
        axes = tuple(checked_axis("sliding_window_view", a, array.ndim) for a in named)
    if len(axes) != len(lengths):
        raise ValueError(
            f"{called('sliding_window_view')}: window_shape {lengths} for axes {axes}: each axis "
            "needs one length"
        )
    left = list(array.shape)
    for at, n in zip(axes, lengths, strict=True):
        left[at] -= n - 1
        if left[at] < 1:
            raise ValueError(
                f"{called('sliding_window_view')}: window_shape {lengths} is larger than the "
                f"array of shape {array.shape}"
            )
    pairs = tuple(zip(axes, lengths, strict=True))
    return attach(_windows(array, pairs), array, _WINDOWS, pairs)
