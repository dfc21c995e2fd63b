"""Keys of ``x[key]``: checked, spelled out, and lowered to what every library can do.

A *basic* key has integers, slices, None and one Ellipsis. Any other one, with integer
arrays or masks, becomes a basic key, one flat list of row numbers, and an order of axes.
"""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.tensor import is_batched, lowest
from xgrad.ops.selection import where
from xgrad.ops.shape import broadcast_to, reshape

BasicKey = tuple[Any, ...]


def is_array_key(k: Any) -> bool:
    """Whether one part of a key is an array of indices or a mask."""
    if not hasattr(k, "shape"):
        return False
    return len(k.shape) > 0 or canonical(lowest(k).dtype).kind == "b" or is_batched(k)


def is_mask(k: Any) -> bool:
    """Whether one part of a key is an array of booleans."""
    return hasattr(k, "shape") and canonical(lowest(k).dtype).kind == "b"


def as_keys(key: Any, x: Any) -> tuple[Any, ...]:
    """Return a key as a tuple, its lists as arrays, and check that it is not too long."""
    keys = key if isinstance(key, tuple) else (key,)
    keys = tuple(index_array(k, x) if isinstance(k, list) else k for k in keys)
    if any(isinstance(k, bool) for k in keys):
        raise TypeError("index: a Python bool is no index; use an array of booleans")
    if sum(k is Ellipsis for k in keys) > 1 or axes_taken(keys) > len(x.shape):
        raise IndexError(f"index: too many indices for a tensor of shape {tuple(x.shape)}")
    return keys


def axes_taken(keys: tuple[Any, ...]) -> int:
    """Return how many axes of the array a key speaks of."""
    return sum(
        len(k.shape) if is_mask(k) else 1 for k in keys if k is not None and k is not Ellipsis
    )


def simple_key(key: Any, shape: tuple[int, ...]) -> BasicKey | None:
    """Spell out a key of Python integers and slices alone, fast; None for any other."""
    if type(key) is int:
        if shape and -shape[0] <= key < shape[0]:
            return (key if key >= 0 else key + shape[0],)
        return None
    keys = key if type(key) is tuple else (key,)
    if len(keys) > len(shape):
        return None
    spelled: list[Any] = []
    for k, n in zip(keys, shape, strict=False):
        if type(k) is int and -n <= k < n:
            spelled.append(k if k >= 0 else k + n)
        elif type(k) is slice:
            spelled.append(plain_slice(k, n))
        else:
            return None
    return _without_trailing(spelled)


def basic_key(keys: tuple[Any, ...], shape: tuple[int, ...]) -> BasicKey:
    """Check a basic key and spell it out: integers, slices and None for the leading axes."""
    spelled: list[Any] = []
    axis = 0
    missing = len(shape) - axes_taken(keys)
    for k in keys:
        if isinstance(k, slice):
            spelled.append(plain_slice(k, shape[axis]))
        elif k is None:
            spelled.append(None)
            continue
        elif k is Ellipsis:
            spelled.extend([_ALL] * missing)
            axis += missing
            continue
        else:
            spelled.append(plain_integer(k, axis, shape))
        axis += 1
    return _without_trailing(spelled)


def _without_trailing(spelled: list[Any]) -> BasicKey:
    """Leave out full slices at the end, so that equal keys are spelled alike."""
    while spelled and spelled[-1] == _ALL:
        spelled.pop()
    return tuple(spelled)


_ALL = slice(None)


def plain_slice(k: slice, length: int) -> slice:
    """Return a slice of integers within the bounds, which the standard asks for."""
    if k == _ALL:
        return k
    try:
        start, stop, step = k.indices(length)
    except TypeError:
        raise TypeError(f"index: slices take integers or None, got {k}") from None
    if step > 0:
        return _ALL if start == 0 and stop == length and step == 1 else slice(start, stop, step)
    return slice(start, None if stop < 0 else stop, step) if start >= 0 else slice(0, 0)


def plain_integer(k: Any, axis: int, shape: tuple[int, ...]) -> int:
    """Return an integer index as a non-negative int, or raise."""
    try:
        i = operator.index(k)
    except TypeError:
        raise TypeError(
            f"index: expected integers, slices, None, ... or integer and boolean arrays, "
            f"got {type(k).__name__}"
        ) from None
    if not -shape[axis] <= i < shape[axis]:
        raise IndexError(f"index: {i} is out of bounds for axis {axis} of length {shape[axis]}")
    return i % shape[axis]


# -- integer arrays and masks ------------------------------------------------------------------


def integer_indices(function: str, indices: Any, like: Any) -> Any:
    """Return indices as an array on the backend of ``like``, or raise."""
    if isinstance(indices, list | range):
        indices = index_array(indices, like)
    dtype = getattr(indices, "dtype", None)
    if dtype is None or canonical(dtype).kind not in "iu":
        raise TypeError(
            f"{function}: expected integer indices, got {dtype or type(indices).__name__}"
        )
    backend = backend_below(like)
    if backend_below(indices).on_host and not backend.on_host:
        indices = backend.from_numpy(lowest(indices), device=backend.xp.device(lowest(like)))
    if canonical(dtype).name not in ("int32", "int64"):
        # Others may be too narrow for the axis, and PyTorch takes none of them.
        indices = XG.astype(indices, canonical("int64"))
    return indices


def index_array(indices: Any, like: Any) -> Any:
    """Return Python integers (or booleans) as an array beside ``like``."""
    backend = backend_below(like)
    first = indices
    while isinstance(first, list | range) and first:
        first = first[0]
    dtype = canonical("bool" if isinstance(first, bool) else "int64")
    device = backend.xp.device(lowest(like))
    return backend.xp.asarray(list(indices), dtype=dtype, device=device)


def non_negative(function: str, indices: Any, size: int) -> Any:
    """Return indices counted from the start; those out of bounds raise, or become ``size``.

    A library on the host is asked at once. Others find ``size`` out of bounds themselves,
    when they read there; asking them would wait for the device.
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
            spelled.extend([_ALL] * missing or [Ellipsis])  # it separates arrays even then
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
        basic.append(_ALL)
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


def broadcast_shape(function: str, shapes: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return the shape that arrays of some shapes broadcast to, or raise."""
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
