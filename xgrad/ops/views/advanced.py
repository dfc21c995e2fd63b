"""Keys with integer arrays or masks, lowered to a basic key and one array of flat indices."""

import math
from dataclasses import dataclass
from typing import Any

from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.tensor import Tensor, is_batched, lowest
from xgrad.ops.selection import where
from xgrad.ops.shape import broadcast_to, inverse_order, moveaxis, permute_dims, reshape
from xgrad.ops.views.keys import (
    ALL,
    BasicKey,
    axes_taken,
    index_array,
    is_array_key,
    is_mask,
    plain_integer,
    plain_slice,
)
from xgrad.ops.views.parts import basic_index, basic_put
from xgrad.ops.views.take import (
    _take,
    broadcast_shape,
    integer_indices,
    last_writer,
    non_negative,
)
from xgrad.typing import ArrayLike


def _mask_indices(mask: Any) -> tuple[Any, ...]:
    if is_batched(mask):
        raise TypeError(
            "index: a boolean mask inside vmap() selects a different count in every example; "
            "use xgrad.where(mask, x, 0)"
        )
    return tuple(backend_below(mask).xp.nonzero(lowest(mask)))


def check_mask(mask: Any, shape: tuple[int, ...], at: int) -> None:
    """Raise unless a mask has the shape of the axes that it indexes."""
    expected = shape[at : at + len(mask.shape)]
    if tuple(mask.shape) != expected:
        raise IndexError(f"index: a mask of shape {tuple(mask.shape)} over axes {expected}")


class _Choice:
    """A 0-d mask: a new axis of length 1, of which ``indices`` takes one element or none."""

    __slots__ = ("indices",)

    def __init__(self, mask: Any, x: Any) -> None:
        if is_batched(mask):
            _mask_indices(mask)  # raises
        self.indices = index_array([0] if bool(lowest(mask)) else [], x)


def _takes_axis(k: Any) -> bool:
    return k is not None and k is not Ellipsis and type(k) is not _Choice


def _without_masks(keys: tuple[Any, ...], x: Any) -> list[Any]:
    """Return an advanced key with one entry for every axis, and masks as integer arrays.

    An Ellipsis that covers no axis is kept.
    """
    entries: list[Any] = []
    shape = tuple(x.shape)
    missing = len(shape) - axes_taken(keys)
    for k in keys if any(k is Ellipsis for k in keys) else (*keys, Ellipsis):
        if k is Ellipsis:
            entries.extend([ALL] * missing or [Ellipsis])  # an empty one separates arrays, too
        elif is_mask(k) and not k.shape:
            entries.append(_Choice(k, x))
        elif is_mask(k):
            check_mask(k, shape, sum(_takes_axis(e) for e in entries))
            entries.extend(_mask_indices(k))
        else:
            entries.append(k)
    return entries


@dataclass(frozen=True)
class FlatKey:
    """An advanced key as flat indices.

    After ``x[basic]``, the axes ``axes`` (of lengths ``lengths``) are moved to the front and
    merged into one, which ``indices`` index. In the result that axis has the shape ``shape``,
    and follows ``before`` other axes.
    """

    basic: BasicKey
    axes: tuple[int, ...]
    lengths: tuple[int, ...]
    indices: Any
    shape: tuple[int, ...]
    before: int


def flat_key(keys: tuple[Any, ...], x: Any) -> FlatKey:
    """Lower a key with integer arrays or masks."""
    shape = tuple(x.shape)
    basic: list[Any] = []
    arrays: dict[int, Any] = {}  # by axis of x[basic]
    lengths: list[int] = []
    positions: list[int] = []  # of arrays and integers in the key
    axis = 0
    for position, k in enumerate(_without_masks(keys, x)):
        if k is None:
            basic.append(None)
        elif isinstance(k, slice):
            basic.append(plain_slice(k, shape[axis]))
            axis += 1
        elif type(k) is _Choice:
            positions.append(position)
            arrays[len(basic)] = k.indices
            lengths.append(1)
            basic.append(None)
        elif k is not Ellipsis:
            positions.append(position)
            arrays[len(basic)] = _checked_indices(k, axis, x)
            lengths.append(shape[axis])
            basic.append(ALL)
            axis += 1
    common = broadcast_shape("index", [tuple(i.shape) for i in arrays.values()])
    flat = _raveled(list(arrays.values()), lengths, not backend_below(x).on_host)
    flat = reshape(broadcast_to(flat, common), (math.prod(common),))
    adjacent = positions == list(range(positions[0], positions[-1] + 1))
    axes = tuple(arrays)
    before = axes[0] if adjacent else 0
    return FlatKey(tuple(basic), axes, tuple(lengths), flat, common, before)


def _checked_indices(k: Any, axis: int, x: Any) -> Any:
    """Return an array or integer of a key as an array of indices of an axis."""
    length = x.shape[axis]
    if is_array_key(k):
        return non_negative("index", integer_indices("index", k, x), length)
    return reshape(index_array([plain_integer(k, axis, tuple(x.shape))], x), ())


def _raveled(arrays: list[Any], lengths: list[int], may_be_outside: bool) -> Any:
    """Return indices of several axes as indices of one merged axis (`numpy.ravel_multi_index`)."""
    flat = arrays[0]
    for indices, length in zip(arrays[1:], lengths[1:], strict=True):
        flat = XG.add(XG.multiply(flat, length), indices)
    if len(arrays) > 1 and may_be_outside:  # for one axis, the merged axis is checked
        inside = XG.less(arrays[0], lengths[0])
        for indices, length in zip(arrays[1:], lengths[1:], strict=True):
            inside = XG.logical_and(XG.less(indices, length), inside)
        flat = where(inside, flat, math.prod(lengths))
    return flat


# -- reading and writing -----------------------------------------------------------------------


def _as_table(x: Any, key: FlatKey) -> tuple[Any, Any, tuple[int, ...]]:
    """Return ``x[basic]``, the same with the indexed axes merged in front, and the axes' order."""
    part = basic_index(x, key=key.basic)
    rest = tuple(a for a in range(len(part.shape)) if a not in key.axes)
    order = (*key.axes, *rest)
    table = permute_dims(part, order)
    lengths = (math.prod(key.lengths), *(part.shape[a] for a in rest))
    return part, reshape(table, lengths), order


def gather(x: ArrayLike, key: FlatKey) -> Tensor:
    """Return ``x[key]`` for an advanced key."""
    _, table, _ = _as_table(x, key)
    rest = tuple(table.shape[1:])
    out = reshape(_take(table, key.indices, axis=0), (*key.shape, *rest))
    new = len(key.shape)
    if not key.before:
        return out
    return moveaxis(out, tuple(range(new)), tuple(range(key.before, key.before + new)))


def scatter(x: Any, key: FlatKey, v: Any) -> Any:
    """Return ``x`` with ``v`` at an advanced key; the last of equal indices wins."""
    part, table, order = _as_table(x, key)
    rest = tuple(table.shape[1:])
    new = len(key.shape)
    shape = (*rest[: key.before], *key.shape, *rest[key.before :])
    v = moveaxis(fitted(v, shape), tuple(range(key.before, key.before + new)), tuple(range(new)))
    count = math.prod(key.shape)
    if count == 0 or table.shape[0] == 0:
        return x
    source = last_writer(key.indices, size=table.shape[0])
    written = XG.greater_equal(source, 0)
    values = _take(reshape(v, (count, *rest)), where(written, source, 0), axis=0)
    written = reshape(written, (table.shape[0], *(1,) * len(rest)))
    table = where(written, values, table)
    moved = reshape(table, tuple(part.shape[a] for a in order))
    part = permute_dims(moved, inverse_order(order))
    whole = all(k == ALL for k in key.basic)
    return part if whole else basic_put(part, x, key=key.basic)


def fitted(v: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast a value to the shape of the part that it replaces, or raise."""
    have = tuple(v.shape)
    if len(have) > len(shape) and set(have[: len(have) - len(shape)]) == {1}:
        v = reshape(v, have[len(have) - len(shape) :])
    try:
        return broadcast_to(v, shape)
    except ValueError:
        raise ValueError(f"write: cannot put shape {have} into x[key] of shape {shape}") from None
