"""Reading and writing parts of an array.

A key is lowered (`xgrad.ops.keys`) to a few primitives that every backend can do:
`basic_index` and `basic_put` (`xgrad.ops.parts`), and `take` (rows by integer indices) with
its transpose `index_add`.
"""

import math
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.engine.batching import fill_batch
from xgrad.engine.constructors import constant, general
from xgrad.engine.dispatch import XG, backend_below, namespace
from xgrad.engine.levels import EAGER
from xgrad.engine.node import Node, next_order
from xgrad.engine.tensor import Tensor, lowest, recording
from xgrad.engine.views import attach
from xgrad.engine.watching import FAST
from xgrad.ops.keys import (
    Rows,
    as_keys,
    as_rows,
    basic_key,
    broadcast_shape,
    integer_indices,
    is_array_key,
    non_negative,
    simple_key,
)
from xgrad.ops.overwriting import INDEXED
from xgrad.ops.parts import basic_index, basic_put
from xgrad.ops.selection import where
from xgrad.ops.shape import (
    broadcast_to,
    checked_axis,
    inverse_order,
    moveaxis,
    ndim_of,
    permute_dims,
    reshape,
)

Op = Any
Params = dict[str, Any]

# -- rows by integer indices -------------------------------------------------------------------


def _flatten_batch(x: Any, indices: Any, axis: int, size: int) -> tuple[Any, Any]:
    """Merge the batch axis with ``axis``, so that one flat list of indices serves all."""
    xp = namespace(x)
    moved = xp.moveaxis(x, axis + 1, 1)
    flat = xp.reshape(moved, (moved.shape[0] * moved.shape[1], *moved.shape[2:]))
    return flat, _shifted(indices, size)


def _shifted(indices: Any, size: int) -> Any:
    """Number the rows of a batch of tables one after another."""
    backend = backend_below(indices)
    device = backend.xp.device(lowest(indices))
    batch = indices.shape[0]
    offsets = size * backend.xp.arange(batch, dtype=canonical(indices.dtype), device=device)
    shifted = namespace(indices).add(indices, backend.xp.reshape(offsets, (batch, 1)))
    return namespace(indices).reshape(shifted, (-1,))


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
def _take(xp: Any, x: Any, indices: Any, /, *, axis: int) -> Any:
    return xp.take(x, indices, axis=axis)


@general(
    vjps=(lambda xp, g, indices, axis: xp.take(g, indices, axis=axis), None),
    jvps=(lambda xp, t, indices, axis, size: xp.index_add(t, indices, axis=axis, size=size), None),
    batch=_batch_index_add,
)
def index_add(xp: Any, g: Any, indices: Any, /, *, axis: int, size: int) -> Any:
    """Sum slices of ``g`` into ``size`` places along an axis: the transpose of `take`."""
    return xp.index_add(g, indices, axis=axis, size=size)


def _batch_last_writer(op: Op, args: Any, batched: Any, params: Params) -> Any:
    (indices,) = args
    batch, count = indices.shape
    size = params["size"]
    out = op(_shifted(indices, size), size=batch * size)
    xp = namespace(out)
    backend = backend_below(out)
    device = backend.xp.device(lowest(indices))
    starts = count * backend.xp.arange(batch, dtype=canonical(out.dtype), device=device)
    out = xp.subtract(xp.reshape(out, (batch, size)), backend.xp.reshape(starts, (batch, 1)))
    return xp.where(xp.less(out, 0), -1, out)


@constant(batch=_batch_last_writer)
def last_writer(xp: Any, indices: Any, /, *, size: int) -> Any:
    """For each of ``size`` places, the last position in ``indices`` that names it, or -1."""
    return xp.last_writer(indices, size)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Tensor:
    """Slices of ``x`` along an axis, named by integers; repeats add up in the gradient.

    ``indices`` may have any number of axes, which take the place of ``axis``.

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
    shape, lead, rest = tuple(indices.shape), tuple(x.shape[:axis]), tuple(x.shape[axis + 1 :])
    flat = indices if len(shape) == 1 else reshape(indices, (math.prod(shape),))
    out = _take(x, non_negative("take", flat, x.shape[axis]), axis=axis)
    return out if len(shape) == 1 else reshape(out, (*lead, *shape, *rest))


# -- one index for each element ----------------------------------------------------------------


def _batch_along(op: Op, args: Any, batched: Any, params: Params) -> Any:
    return op(*fill_batch(args, batched), axis=params["axis"] + 1)


def _add_along(xp: Any, g: Any, indices: Any, like: Any, axis: int) -> Any:
    """Sum elements of ``g`` into the places that they were taken from: one flat list of rows."""
    size = like.shape[axis]
    lead = tuple(n for i, n in enumerate(indices.shape) if i != axis)
    rows, count = math.prod(lead), indices.shape[axis]
    flat = xp.reshape(xp.moveaxis(indices, axis, -1), (rows, count))
    backend = backend_below(indices)
    device = backend.xp.device(lowest(indices))
    starts = size * backend.xp.arange(rows, dtype=canonical(indices.dtype), device=device)
    flat = xp.add(flat, backend.xp.reshape(starts, (rows, 1)))
    values = xp.reshape(xp.moveaxis(g, axis, -1), (rows * count,))
    out = xp.index_add(values, xp.reshape(flat, (rows * count,)), axis=0, size=rows * size)
    return xp.moveaxis(xp.reshape(out, (*lead, size)), -1, axis)


@general(
    vjps=(_add_along, None),
    jvps=(lambda xp, t, indices, axis: xp.take_along_axis(t, indices, axis=axis), None),
    batch=_batch_along,
)
def _take_along_axis(xp: Any, x: Any, indices: Any, /, *, axis: int) -> Any:
    return xp.take_along_axis(x, indices, axis=axis)


def take_along_axis(x: Any, indices: Any, /, *, axis: int = -1) -> Tensor:
    """One element for each index: ``out[i, j] = x[i, indices[i, j]]`` along the last axis.

    ``indices`` has as many axes as ``x``; the others broadcast. Repeats add up in the
    gradient.

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
            "the counts of axes differ"
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


# -- x[key] ------------------------------------------------------------------------------------


def getitem(x: Tensor, key: Any, /) -> Tensor:
    """``x[key]`` with integers, slices, None, ``...``, integer arrays and boolean masks.

    A basic key (no arrays) gives a view of ``x``, as in NumPy. An integer for every axis gives
    one element: a copy, as NumPy's scalar is; ``x[i, ...]`` is its view. A 0-d Tensor of
    integers in a key counts as an integer, a raw array of no axes makes the result a copy.
    """
    if x._level is EAGER:
        raw = x._value
        spelled = simple_key(key, raw.shape)
        backend = FAST[type(raw)]
        if spelled is not None and backend is not None:
            return _read(x, raw, spelled, backend.xp)
    keys = as_keys(key, x)
    if any(is_array_key(k) for k in keys):
        return _gather(x, as_rows(keys, x))
    spelled = basic_key(keys, x.shape)
    out = basic_index(x, key=spelled)
    element = not out.shape and all(k is not Ellipsis for k in keys)
    if element or any(_is_number_array(k) for k in keys):
        if type(out._value) is not Tensor:
            out._value = backend_below(out).xp.copy(out._value)  # it must not see later writes
        return out
    return attach(out, x, INDEXED, spelled)


def _is_number_array(k: Any) -> bool:
    """Whether a part of a key is a raw array of no axes: with one, NumPy copies, too."""
    return type(k) is not Tensor and hasattr(k, "shape") and hasattr(k, "__setitem__")


_new = object.__new__
_INDEX = basic_index.primitive  # type: ignore[attr-defined]
_PUT = basic_put.primitive  # type: ignore[attr-defined]


def _read(x: Tensor, raw: Any, key: Any, xp: Any) -> Tensor:
    """Read a part of an eager tensor: `basic_index` without the general way there."""
    out = _new(Tensor)
    parent = x._node
    element = len(key) == len(raw.shape) and (not key or _INTEGER.issuperset(map(type, key)))
    if not element and (parent is None or parent.primitive is not _PUT):
        part = xp.basic_index(raw, key)
    else:
        # One element is a copy. What is written part by part is copied part by part, to stay
        # this tensor's alone.
        part = xp.copy_basic(raw, key)
    out._value, out._level, out._node = part, EAGER, None
    if parent is not None and recording(EAGER):
        out._node = node = _new(Node)
        node.primitive, node.order, node.extra = _INDEX, next_order(), None
        node.parents, node.saved, node.params = (parent,), _NOTHING, {"key": key}
        node.shape, node.dtype, node.xp = out._value.shape, raw.dtype, xp
    return out if element else attach(out, x, INDEXED, key)


_INTEGER = frozenset((int,))
_NOTHING = (None, None)


def _as_table(x: Any, rows: Rows) -> tuple[Any, Any, tuple[int, ...]]:
    """Return ``x[basic]``, and as a table with the indexed axes merged, and the axes' order."""
    part = basic_index(x, key=rows.basic)
    rest = tuple(a for a in range(len(part.shape)) if a not in rows.axes)
    order = (*rows.axes, *rest)
    table = permute_dims(part, order)
    lengths = (math.prod(rows.lengths), *(part.shape[a] for a in rest))
    return part, reshape(table, lengths), order


def _gather(x: Any, rows: Rows) -> Tensor:
    """Read the rows that an advanced key names."""
    _, table, _ = _as_table(x, rows)
    rest = tuple(table.shape[1:])
    out = reshape(_take(table, rows.flat, axis=0), (*rows.common, *rest))
    new = len(rows.common)
    if not rows.before:
        return out
    return moveaxis(out, tuple(range(new)), tuple(range(rows.before, rows.before + new)))


def scatter(x: Any, rows: Rows, v: Any) -> Any:
    """Return ``x`` with ``v`` in the rows that an advanced key names; the last one wins."""
    part, table, order = _as_table(x, rows)
    rest = tuple(table.shape[1:])
    new = len(rows.common)
    shape = (*rest[: rows.before], *rows.common, *rest[rows.before :])
    v = moveaxis(fitted(v, shape), tuple(range(rows.before, rows.before + new)), tuple(range(new)))
    count = math.prod(rows.common)
    if count == 0 or table.shape[0] == 0:
        return x
    source = last_writer(rows.flat, size=table.shape[0])
    written = XG.greater_equal(source, 0)
    found = _take(reshape(v, (count, *rest)), where(written, source, 0), axis=0)
    written = reshape(written, (table.shape[0], *(1,) * len(rest)))
    table = where(written, found, table)
    moved = reshape(table, tuple(part.shape[a] for a in order))
    part = permute_dims(moved, inverse_order(order))
    whole = all(k == slice(None) for k in rows.basic)
    return part if whole else basic_put(part, x, key=rows.basic)


def fitted(v: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast a value to the shape of what it replaces, or raise."""
    have = tuple(v.shape)
    if len(have) > len(shape) and set(have[: len(have) - len(shape)]) == {1}:
        v = reshape(v, have[len(have) - len(shape) :])
    try:
        return broadcast_to(v, shape)
    except ValueError:
        raise ValueError(f"write: cannot put shape {have} into x[key] of shape {shape}") from None
