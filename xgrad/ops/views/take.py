"""Elements and slices by integer arrays: `take`, `take_along_axis`, and their transposes."""

import math
from collections.abc import Sequence
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import fill_batch
from xgrad.engine.constructors import constant, general
from xgrad.engine.declare import function
from xgrad.engine.dispatch import XG, backend_below, namespace
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.selection import where
from xgrad.ops.shape import broadcast_to, checked_axis, ndim_of, reshape
from xgrad.ops.views.keys import index_array
from xgrad.typing import SupportsArray, Value

__all__ = ["take", "take_along_axis"]

Op = Any
Params = dict[str, Any]

# -- slices by integer indices -----------------------------------------------------------------


def _flatten_batch(x: Any, indices: Any, axis: int, size: int) -> tuple[Any, Any]:
    """Merge the batch axis with ``axis``, so that one flat array of indices is enough."""
    xp = namespace(x)
    moved = xp.moveaxis(x, axis + 1, 1)
    flat = xp.reshape(moved, (moved.shape[0] * moved.shape[1], *moved.shape[2:]))
    return flat, _shifted(indices, size)


def _starts(count: int, size: int, like: Any) -> Any:
    """Return the start of each of ``count`` segments of a length, as a column like ``like``."""
    xp = backend_below(like).xp
    numbers = xp.arange(count, dtype=canonical(like.dtype), device=xp.device(lowest(like)))
    return xp.reshape(size * numbers, (count, 1))


def _shifted(indices: Any, size: int) -> Any:
    """Offset each example's indices by the sizes of the examples before it."""
    xp = namespace(indices)
    return xp.reshape(xp.add(indices, _starts(indices.shape[0], size, indices)), (-1,))


def _batch_take(op: Op, args: Any, batched: Any, params: Params) -> Any:
    x, indices = args
    axis = params["axis"]
    if not batched[1]:
        return op(x, indices, axis=axis + 1)
    batch, count = indices.shape
    if not batched[0]:
        out = op(x, namespace(indices).reshape(indices, (batch * count,)), axis=axis)
        xp = namespace(out)
        out = xp.reshape(out, (*out.shape[:axis], batch, count, *out.shape[axis + 1 :]))
        return xp.moveaxis(out, axis, 0)
    flat, shifted = _flatten_batch(x, indices, axis, x.shape[axis + 1])
    out = op(flat, shifted, axis=0)
    xp = namespace(out)
    out = xp.reshape(out, (batch, count, *out.shape[1:]))
    return xp.moveaxis(out, 1, axis + 1)


def _batch_index_add(op: Op, args: Any, batched: Any, params: Params) -> Any:
    g, indices = args
    axis, size = params["axis"], params["size"]
    if not batched[1]:
        return op(g, indices, axis=axis + 1, size=size)
    batch = indices.shape[0]
    if not batched[0]:
        g = namespace(g).broadcast_to(g, (batch, *g.shape))
    flat, shifted = _flatten_batch(g, indices, axis, size)
    out = op(flat, shifted, axis=0, size=batch * size)
    xp = namespace(out)
    out = xp.reshape(out, (batch, size, *out.shape[1:]))
    return xp.moveaxis(out, 1, axis + 1)


@general(
    vjps=(
        lambda xp, g, indices, like, axis: xp.index_add(
            g, indices, axis=axis, size=like.shape[axis]
        ),
        None,
    ),
    jvps=(lambda xp, t, indices, axis: xp.take(t, indices, axis=axis), None),
    batch=_batch_take,
)
def _take(xp: Namespace, x: Value, indices: Value, /, *, axis: int) -> Value:
    return xp.take(x, indices, axis=axis)


@general(
    vjps=(lambda xp, g, indices, axis: xp.take(g, indices, axis=axis), None),
    jvps=(lambda xp, t, indices, axis, size: xp.index_add(t, indices, axis=axis, size=size), None),
    batch=_batch_index_add,
    rules=True,
)
def index_add(xp: Namespace, g: Value, indices: Value, /, *, axis: int, size: int) -> Value:
    """Sum slices of ``g`` into an axis of length ``size``: the transpose of `take`."""
    return xp.index_add(g, indices, axis=axis, size=size)


def _batch_last_writer(op: Op, args: Any, batched: Any, params: Params) -> Any:
    (indices,) = args
    batch, count = indices.shape
    size = params["size"]
    out = op(_shifted(indices, size), size=batch * size)
    xp = namespace(out)
    out = xp.subtract(xp.reshape(out, (batch, size)), _starts(batch, count, out))
    return xp.where(xp.less(out, 0), -1, out)


@constant(batch=_batch_last_writer)
def last_writer(xp: Namespace, indices: Value, /, *, size: int) -> Value:
    """For each index below ``size``, its last position in ``indices``, or -1."""
    return xp.last_writer(indices, size)


def integer_indices(function: str, indices: Any, like: Any) -> Any:
    """Return indices as an array on the backend of ``like``, or raise."""
    if isinstance(indices, list | range):
        indices = index_array(indices, like)
    dtype = getattr(indices, "dtype", None)
    if dtype is None or canonical(dtype).kind not in "iu":
        raise TypeError(
            f"{function}: expected an array of integer indices, got "
            f"{dtype or type(indices).__name__}"
        )
    backend = backend_below(like)
    if backend_below(indices).on_host and not backend.on_host:
        indices = backend.from_numpy(lowest(indices), device=backend.xp.device(lowest(like)))
    if canonical(dtype).name not in ("int32", "int64"):
        # Other dtypes may be too narrow for the axis, and PyTorch does not take them.
        indices = XG.astype(indices, canonical("int64"))
    return indices


def non_negative(function: str, indices: Any, size: int) -> Any:
    """Return non-negative indices; those out of bounds raise, or become ``size``.

    On the host this is checked at once. On other devices a check would have to wait: there the
    library itself detects that ``size`` is out of bounds.
    """
    backend = backend_below(indices)
    within = None if backend.abstract else backend.xp.within(lowest(indices), size)
    if within is False:
        raise IndexError(f"{function}: an index is out of bounds for an axis of length {size}")
    unsigned = canonical(indices.dtype).kind == "u"
    wrapped = indices if unsigned else where(XG.less(indices, 0), XG.add(indices, size), indices)
    if within:
        return wrapped
    inside = XG.less(indices, size)
    if not unsigned:
        inside = XG.logical_and(inside, XG.greater_equal(indices, -size))
    return where(inside, wrapped, size)


def broadcast_shape(function: str, shapes: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return the shape to which shapes broadcast, or raise."""
    rank = max((len(s) for s in shapes), default=0)
    out: list[int] = []
    for lengths in zip(*((1,) * (rank - len(s)) + tuple(s) for s in shapes), strict=True):
        long = {n for n in lengths if n != 1}
        if len(long) > 1:
            error = IndexError if function == "index" else ValueError
            listed = ", ".join(str(tuple(s)) for s in shapes)
            raise error(f"{function}: shapes do not broadcast together: {listed}")
        out.append(long.pop() if long else 1)
    return tuple(out)


@function(rules=True)
def take(x: SupportsArray, indices: SupportsArray, axis: int | None = None) -> Tensor:
    """Slices of ``x`` along an axis, by integer indices; gradients of equal indices are summed.

    ``indices`` may have any number of axes, which replace ``axis``.

    See Also
    --------
    xgrad.take_along_axis : Different indices for each slice.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.take(xg.asarray([[1, 2, 3], [4, 5, 6]]), xg.asarray([2, 0]), axis=1)
    Tensor([[3, 1],
            [6, 4]])
    """
    if axis is None:
        if ndim_of("take", x) != 1:
            raise ValueError("take: axis is needed for an array of more than one dimension")
        axis = 0
    axis = checked_axis("take", axis, ndim_of("take", x))
    indices = integer_indices("take", indices, x)
    shape, before, rest = tuple(indices.shape), tuple(x.shape[:axis]), tuple(x.shape[axis + 1 :])
    flat = indices if len(shape) == 1 else reshape(indices, (math.prod(shape),))
    out = _take(x, non_negative("take", flat, x.shape[axis]), axis=axis)
    return out if len(shape) == 1 else reshape(out, (*before, *shape, *rest))


# -- one index for each element ----------------------------------------------------------------


def _batch_along(op: Op, args: Any, batched: Any, params: Params) -> Any:
    return op(*fill_batch(args, batched), axis=params["axis"] + 1)


def _add_along(xp: Namespace, g: Value, indices: Value, like: Value, axis: int) -> Value:
    """Sum elements of ``g`` at their original positions, by one array of flat indices."""
    size = like.shape[axis]
    lead = tuple(n for i, n in enumerate(indices.shape) if i != axis)
    rows, count = math.prod(lead), indices.shape[axis]
    flat = xp.reshape(xp.moveaxis(indices, axis, -1), (rows, count))
    flat = xp.add(flat, _starts(rows, size, indices))
    values = xp.reshape(xp.moveaxis(g, axis, -1), (rows * count,))
    out = xp.index_add(values, xp.reshape(flat, (rows * count,)), axis=0, size=rows * size)
    return xp.moveaxis(xp.reshape(out, (*lead, size)), -1, axis)


@general(
    vjps=(_add_along, None),
    jvps=(lambda xp, t, indices, axis: xp.take_along_axis(t, indices, axis=axis), None),
    batch=_batch_along,
)
def _take_along_axis(xp: Namespace, x: Value, indices: Value, /, *, axis: int) -> Value:
    return xp.take_along_axis(x, indices, axis=axis)


@function(rules=True)
def take_along_axis(x: SupportsArray, indices: SupportsArray, axis: int = -1) -> Tensor:
    """One element for each index: ``out[i, j] = x[i, indices[i, j]]`` along the last axis.

    ``indices`` has as many axes as ``x``; the axes other than ``axis`` broadcast. Gradients of
    equal indices are summed.

    See Also
    --------
    xgrad.take : The same indices for all slices.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.asarray([[3, 1, 2], [6, 5, 4]])
    >>> xg.take_along_axis(x, xg.argsort(x), axis=-1)
    Tensor([[1, 2, 3],
            [4, 5, 6]])
    """
    ndim = ndim_of("take_along_axis", x)
    axis = checked_axis("take_along_axis", axis, ndim)
    indices = integer_indices("take_along_axis", indices, x)
    if len(indices.shape) != ndim:
        raise ValueError(
            f"take_along_axis: indices of shape {tuple(indices.shape)} for x {tuple(x.shape)}: "
            "the numbers of axes differ"
        )
    indices = non_negative("take_along_axis", indices, x.shape[axis])
    shapes = [tuple(n for i, n in enumerate(v.shape) if i != axis) for v in (x, indices)]
    common = broadcast_shape("take_along_axis", shapes)
    x, indices = (
        v if lead == common
        else broadcast_to(v, (*common[:axis], v.shape[axis], *common[axis:]))
        for v, lead in zip((x, indices), shapes, strict=True)
    )  # fmt: skip
    return _take_along_axis(x, indices, axis=axis)
