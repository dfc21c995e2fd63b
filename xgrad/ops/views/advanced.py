"""Keys with integer arrays or masks, lowered to a basic key and one list of rows of a table."""

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


def _mask_indices(mask: Any) -> tuple[Any, ...]:
    if is_batched(mask):
        raise TypeError(
            "index: a boolean mask inside vmap() selects a different count in every example; "
            "use xgrad.where(mask, x, 0)"
        )
    return tuple(backend_below(mask).xp.nonzero(lowest(mask)))


def check_mask(mask: Any, shape: tuple[int, ...], at: int) -> None:
    """Raise unless a mask has the shape of the axes that it stands for."""
    expected = shape[at : at + len(mask.shape)]
    if tuple(mask.shape) != expected:
        raise IndexError(f"index: a mask of shape {tuple(mask.shape)} over axes {expected}")


@dataclass(frozen=True)
class _Choice:
    """A mask of no axes: a new axis of length 1, of which ``rows`` (one or none) are taken."""

    rows: Any


def _of_number(mask: Any, x: Any) -> _Choice:
    if is_batched(mask):
        _mask_indices(mask)  # raises
    return _Choice(index_array([0] if bool(lowest(mask)) else [], x))


def _takes_axis(k: Any) -> bool:
    return k is not None and k is not Ellipsis and type(k) is not _Choice


def _without_masks(keys: tuple[Any, ...], x: Any) -> list[Any]:
    """Spell out an advanced key: one entry for every axis, masks as integer arrays.

    An Ellipsis that stands for no axis stays.
    """
    spelled: list[Any] = []
    shape = tuple(x.shape)
    missing = len(shape) - axes_taken(keys)
    for k in keys if any(k is Ellipsis for k in keys) else (*keys, Ellipsis):
        if k is Ellipsis:
            spelled.extend([ALL] * missing or [Ellipsis])  # it separates arrays even then
        elif is_mask(k) and not k.shape:
            spelled.append(_of_number(k, x))
        elif is_mask(k):
            check_mask(k, shape, sum(_takes_axis(e) for e in spelled))
            spelled.extend(_mask_indices(k))
        else:
            spelled.append(k)
    return spelled


@dataclass(frozen=True)
class Rows:
    """An advanced key as rows of a table.

    After ``x[basic]``, the axes ``axes`` (of lengths ``lengths``) are moved to the front
    and merged into one, of which ``flat`` names rows. The rows have the shape ``common``;
    in the result those axes stand at ``before``.
    """

    basic: BasicKey
    axes: tuple[int, ...]
    lengths: tuple[int, ...]
    flat: Any
    common: tuple[int, ...]
    before: int


def as_rows(keys: tuple[Any, ...], x: Any) -> Rows:
    """Lower a key with integer arrays or masks."""
    shape = tuple(x.shape)
    basic: list[Any] = []
    arrays: dict[int, Any] = {}  # axis of the basic part's result: indices
    lengths: list[int] = []
    places: list[int] = []  # where array keys and integers stand in the key
    axis = out_axis = 0
    for position, k in enumerate(_without_masks(keys, x)):
        if k is None:
            basic.append(None)
            out_axis += 1
            continue
        if k is Ellipsis:
            continue
        if type(k) is _Choice:
            basic.append(None)
            places.append(position)
            lengths.append(1)
            arrays[out_axis] = k.rows
            out_axis += 1
            continue
        if isinstance(k, slice):
            basic.append(plain_slice(k, shape[axis]))
            axis, out_axis = axis + 1, out_axis + 1
            continue
        places.append(position)
        if is_array_key(k):
            k = integer_indices("index", k, x)
        else:  # an integer beside arrays broadcasts with them
            k = reshape(index_array([plain_integer(k, axis, shape)], x), ())
        basic.append(ALL)
        lengths.append(shape[axis])
        arrays[out_axis] = non_negative("index", k, shape[axis])
        axis, out_axis = axis + 1, out_axis + 1
    common = broadcast_shape("index", [tuple(i.shape) for i in arrays.values()])
    flat: Any = None
    inside: Any = True
    for indices, length in zip(arrays.values(), lengths, strict=True):
        flat = indices if flat is None else XG.add(XG.multiply(flat, length), indices)
        if len(lengths) > 1 and not backend_below(x).on_host:
            inside = XG.logical_and(XG.less(indices, length), inside)
    if inside is not True:  # out of bounds along one axis is out of bounds in the table
        flat = where(inside, flat, math.prod(lengths))
    flat = reshape(broadcast_to(flat, common), (math.prod(common),))
    together = places == list(range(places[0], places[-1] + 1))
    axes = tuple(arrays)
    before = axes[0] if together else 0
    return Rows(tuple(basic), axes, tuple(lengths), flat, common, before)


def _as_table(x: Any, rows: Rows) -> tuple[Any, Any, tuple[int, ...]]:
    """Return ``x[basic]``, and as a table with the indexed axes merged, and the axes' order."""
    part = basic_index(x, key=rows.basic)
    rest = tuple(a for a in range(len(part.shape)) if a not in rows.axes)
    order = (*rows.axes, *rest)
    table = permute_dims(part, order)
    lengths = (math.prod(rows.lengths), *(part.shape[a] for a in rest))
    return part, reshape(table, lengths), order


def gather(x: Any, rows: Rows) -> Tensor:
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
