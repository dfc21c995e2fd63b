"""Repeating, rolling, triangles, grids and ranges, composed of simpler operations."""

import math
from collections.abc import Sequence
from typing import Any

from xgrad.backends.dtypes import canonical, default_dtype, is_differentiable
from xgrad.backends.registry import destination
from xgrad.backends.scalars import is_scalar
from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.levels import EAGER
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.views import as_array
from xgrad.ops import creation
from xgrad.ops.arguments import integers, whole_number
from xgrad.ops.elementwise import add, multiply
from xgrad.ops.selection import where
from xgrad.ops.shape import broadcast_to as unviewed_broadcast
from xgrad.ops.shape import checked_axis, concat, ndim_of, reshape
from xgrad.ops.views.kinds import broadcast_to
from xgrad.ops.views.parts import basic_index
from xgrad.ops.views.take import broadcast_shape, take
from xgrad.typing import ArrayLike, SupportsArray

__all__ = ["broadcast_arrays", "linspace", "meshgrid", "repeat", "roll", "tile", "tril", "triu"]


def _part(axis: int, start: int, stop: int) -> tuple[Any, ...]:
    return (slice(None),) * axis + (slice(start, stop),)


def roll(
    x: SupportsArray, shift: int | Sequence[int], axis: int | Sequence[int] | None = None
) -> Tensor:
    """Shift elements along an axis; those shifted out re-enter at the other end.

    ``axis=None`` rolls the flattened array. With several axes, ``shift`` has one integer for each,
    or is one for all.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.roll(xg.asarray([1, 2, 3, 4]), 1)
    Tensor([4, 1, 2, 3])
    """
    ndim_of("roll", x)
    shape = tuple(x.shape)
    if axis is None:
        if not isinstance(shift, int):
            raise TypeError("roll: with axis=None, shift must be one integer")
        return reshape(roll(reshape(x, (math.prod(shape),)), shift, axis=0), shape)
    axes, shifts = integers("roll", "axes", axis), integers("roll", "shifts", shift)
    shifts = shifts * len(axes) if isinstance(shift, int) else shifts
    if len(shifts) != len(axes):
        raise ValueError(f"roll: {len(shifts)} shifts for {len(axes)} axes")
    out = x
    for by, a in zip(shifts, axes, strict=True):
        at = checked_axis("roll", a, len(shape))
        count = shape[at]
        cut = (-by) % count if count else 0
        out = concat(
            (basic_index(out, key=_part(at, cut, count)), basic_index(out, key=_part(at, 0, cut))),
            axis=at,
        )
    return out if type(out) is Tensor else reshape(out, shape)


def repeat(x: SupportsArray, repeats: ArrayLike, axis: int | None = None) -> Tensor:
    """Repeat each element, along an axis or of the flattened array.

    ``repeats`` is one count for all elements, or an integer array with a count for each.
    Gradient: the sum over the copies.

    See Also
    --------
    xgrad.tile : Repeats the whole array, as PyTorch's ``x.repeat`` does.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.repeat(xg.asarray([1, 2, 3]), [2, 0, 1])
    Tensor([1, 1, 3])
    """
    ndim_of("repeat", x)
    if axis is None:
        x, axis = reshape(x, (math.prod(x.shape),)), 0
    axis = checked_axis("repeat", axis, len(x.shape))
    shape = tuple(x.shape)
    if isinstance(repeats, int):
        if repeats < 0:
            raise ValueError(f"repeat: repeats must not be negative, got {repeats}")
        spread = (*shape[: axis + 1], repeats, *shape[axis + 1 :])
        out = unviewed_broadcast(reshape(x, (*shape[: axis + 1], 1, *shape[axis + 1 :])), spread)
        return reshape(out, (*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :]))
    backend = backend_below(x)
    counts = lowest(repeats)
    if not isinstance(counts, list | tuple) and not hasattr(counts, "dtype"):
        raise TypeError(f"repeat: repeats must be integers, got {repeats!r}")
    if isinstance(counts, list | tuple):
        device = backend.xp.device(lowest(x))
        counts = backend.xp.asarray(list(counts), dtype=canonical("int64"), device=device)
    if canonical(counts.dtype).kind not in "iu":
        raise TypeError(f"repeat: expected integer repeats, got {canonical(counts.dtype)}")
    theirs = backend_below(counts)
    if theirs.name != backend.name and theirs.xp.reads_freely(counts):  # NumPy's, as for indices
        device = backend.xp.device(lowest(x))
        counts = backend.xp.asarray(counts.tolist(), dtype=canonical("int64"), device=device)
    if canonical(counts.dtype).name not in ("int32", "int64"):  # PyTorch takes no others
        counts = backend.xp.astype(counts, canonical("int64"))
    if tuple(counts.shape) not in ((shape[axis],), (), (1,)):
        raise ValueError(f"repeat: repeats of shape {tuple(counts.shape)} for length {shape[axis]}")
    counts = backend.xp.broadcast_to(counts, (shape[axis],))
    positions = backend.xp.arange(
        shape[axis], dtype=canonical("int64"), device=backend.xp.device(counts)
    )
    return take(x, backend.xp.repeat(positions, counts), axis=axis)


def tile(x: SupportsArray, repetitions: Sequence[int]) -> Tensor:
    """Concatenate copies of ``x``: ``repetitions[i]`` of them along axis i.

    Missing axes of ``x`` or of ``repetitions`` count as 1. Gradient: the sum over the copies.

    See Also
    --------
    xgrad.repeat : Repeats each element.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tile(xg.asarray([1, 2]), (2, 2))
    Tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    counts = integers("tile", "repetitions", repetitions)
    if any(n < 0 for n in counts):
        raise ValueError(f"tile: repetitions must be integers >= 0, got {repetitions}")
    rank = max(len(counts), ndim_of("tile", x))
    shape = (1,) * (rank - len(x.shape)) + tuple(x.shape)
    counts = (1,) * (rank - len(counts)) + counts
    split = tuple(n for length in shape for n in (1, length))
    spread = tuple(n for pair in zip(counts, shape, strict=True) for n in pair)
    whole = tuple(c * n for c, n in zip(counts, shape, strict=True))
    return reshape(unviewed_broadcast(reshape(x, split), spread), whole)


def _between_numbers(
    start: Any, stop: Any, num: int, endpoint: bool, dtype: Any, device: Any
) -> Tensor:
    chosen = default_dtype() if dtype is None else canonical(dtype)
    target = destination(device=device)
    xp, at = target.backend.xp, target.device
    raw = xp.linspace(start, stop, num, dtype=chosen, device=at, endpoint=endpoint)
    return as_array(Tensor(raw, EAGER))


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    *,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """``num`` evenly spaced numbers from ``start`` to ``stop``.

    Both may be Tensors or arrays: the result then has a new first axis, and is differentiable.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linspace(0.0, 1.0, 5)
    Tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    num = whole_number("linspace", "num", num)
    if is_scalar(start) and is_scalar(stop):
        return _between_numbers(start, stop, num, endpoint, dtype, device)
    like = stop if is_scalar(start) else start
    backend = backend_below(like)
    real = canonical(lowest(like).dtype) if is_differentiable(lowest(like).dtype) else None
    steps = backend.xp.arange(
        num, dtype=real or canonical("float64"), device=backend.xp.device(lowest(like))
    )
    share = steps / (max(num - 1, 1) if endpoint else num)
    if not is_scalar(start) and real is None:  # integers would wrap around
        start = creation.astype(creation.as_tensor(start), "float64")
    if not is_scalar(stop) and not is_differentiable(lowest(stop).dtype):
        stop = creation.astype(creation.as_tensor(stop), "float64")
    span = XG.subtract(stop, start)
    share = backend.xp.reshape(share, (num, *(1,) * len(span.shape)))
    out = add(multiply(share, span), start)
    return out if dtype is None else creation.astype(out, dtype)


# -- triangles ---------------------------------------------------------------------------------


def _below(function: str, x: Any, k: int) -> Any:
    """Whether an element of a matrix lies on or below the k-th diagonal."""
    if ndim_of(function, x) < 2:
        raise ValueError(f"{function}: expected at least 2 dimensions, got {len(x.shape)}")
    xp = backend_below(x).xp
    device = xp.device(lowest(x))
    rows, columns = (
        xp.arange(n, dtype=canonical("int64"), device=device) for n in tuple(x.shape)[-2:]
    )
    return XG.greater_equal(XG.add(XG.reshape(rows, (-1, 1)), k), columns)


def tril(x: Any, k: int = 0) -> Tensor:
    """Lower triangles of matrices: zeros above the ``k``-th diagonal.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tril(xg.ones((3, 3)), k=-1)
    Tensor([[0., 0., 0.],
            [1., 0., 0.],
            [1., 1., 0.]])
    """
    return where(_below("tril", x, k), x, XG.zeros_like(x))


def triu(x: Any, k: int = 0) -> Tensor:
    """Upper triangles of matrices: zeros below the ``k``-th diagonal.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.triu(xg.ones((3, 3)), k=1)
    Tensor([[0., 1., 1.],
            [0., 0., 1.],
            [0., 0., 0.]])
    """
    return where(_below("triu", x, k - 1), XG.zeros_like(x), x)


# -- grids -------------------------------------------------------------------------------------


def broadcast_arrays(*arrays: ArrayLike) -> tuple[Tensor, ...]:
    """Broadcast arrays to their common shape; the results are views that cannot be written.

    Examples
    --------
    >>> import xgrad as xg
    >>> a, b = xg.broadcast_arrays(xg.ones((2, 1)), xg.ones(3))
    >>> a.shape, b.shape
    ((2, 3), (2, 3))
    """
    given: list[Any] = [creation.as_tensor(x, like=arrays) if is_scalar(x) else x for x in arrays]
    for x in given:
        ndim_of("broadcast_arrays", x)
    shape = broadcast_shape("broadcast_arrays", [x.shape for x in given])
    return tuple(broadcast_to(x, shape) for x in given)


def meshgrid(*arrays: SupportsArray, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Coordinate arrays of the grid that 1-D arrays span.

    With ``indexing="xy"`` the first array runs along axis 1 and the second along axis 0,
    as on a plot; with ``"ij"`` each array runs along its own axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> x, y = xg.meshgrid(xg.asarray([1, 2, 3]), xg.asarray([10, 20]))
    >>> x + y
    Tensor([[11, 12, 13],
            [21, 22, 23]])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    if any(ndim_of("meshgrid", x) > 1 for x in arrays):
        raise ValueError(f"meshgrid: expected 1-D arrays, got {[tuple(x.shape) for x in arrays]}")
    count = len(arrays)
    order = list(range(count))
    if indexing == "xy" and count > 1:
        order[0], order[1] = 1, 0
    lengths = [math.prod(x.shape) for x in arrays]
    shape = [1] * count
    for x_axis, n in zip(order, lengths, strict=True):
        shape[x_axis] = n
    out = []
    for x_axis, x in zip(order, arrays, strict=True):
        own = tuple(n if i == x_axis else 1 for i, n in enumerate(shape))
        out.append(unviewed_broadcast(reshape(x, own), tuple(shape)))
    return tuple(out)
