"""Reading parts of an array.

A key is lowered to two primitives: `basic_index` (integers, slices, None, Ellipsis) and
`take` (one axis, integer indices), which every backend can do; integer arrays on several
axes become one flat `take`.
"""

import math
import operator
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.engine.constructors import general, linear
from xgrad.engine.dispatch import XG, backend_below, namespace
from xgrad.engine.tensor import Tensor, is_batched, lowest
from xgrad.ops.selection import where
from xgrad.ops.shape import broadcast_to, checked_axis, permute_dims, reshape

Op = Any
Params = dict[str, Any]

# -- basic keys --------------------------------------------------------------------------------


def _prepend(key: Any) -> Any:
    return (slice(None), *key)


@linear(
    transpose=lambda xp, g, like, key: xp.scatter_basic(g, key, tuple(like.shape)),
    batch=lambda op, x, params: op(x, key=_prepend(params["key"])),
)
def basic_index(xp: Any, x: Any, /, *, key: tuple[Any, ...]) -> Any:
    """``x[key]`` for a key of integers, slices, None and one Ellipsis."""
    return xp.basic_index(x, key)


@linear(
    transpose=lambda xp, g, key: xp.basic_index(g, key),
    batch=lambda op, x, params: op(
        x, key=_prepend(params["key"]), shape=(x.shape[0], *params["shape"])
    ),
)
def scatter_basic(xp: Any, g: Any, /, *, key: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``g`` at the places of a basic key."""
    return xp.scatter_basic(g, key, shape)


# -- integer arrays ----------------------------------------------------------------------------


def _flatten_batch(x: Any, indices: Any, axis: int, size: int) -> tuple[Any, Any]:
    """Merge the batch axis with ``axis``, so that one flat list of indices serves all."""
    xp = namespace(x)
    moved = xp.moveaxis(x, axis + 1, 1)
    flat = xp.reshape(moved, (moved.shape[0] * moved.shape[1], *moved.shape[2:]))
    batch = indices.shape[0]
    backend = backend_below(indices)
    device = backend.xp.device(lowest(indices))
    offsets = size * backend.xp.arange(batch, dtype=canonical(indices.dtype), device=device)
    shifted = namespace(indices).add(indices, backend.xp.reshape(offsets, (batch, 1)))
    return flat, namespace(indices).reshape(shifted, (-1,))


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


def _integer_indices(function: str, indices: Any, like: Any) -> Any:
    """Return indices as an array on the backend of ``like``, or raise."""
    if isinstance(indices, list | range):
        indices = _index_array(indices, like)
    dtype = getattr(indices, "dtype", None)
    if dtype is None or canonical(dtype).kind not in "iu":
        raise TypeError(
            f"{function}: expected integer indices, got {dtype or type(indices).__name__}"
        )
    backend = backend_below(like)
    if backend_below(indices).on_host and not backend.on_host:
        indices = backend.from_numpy(lowest(indices), device=backend.xp.device(lowest(like)))
    return indices


def _index_array(indices: Any, like: Any) -> Any:
    backend = backend_below(like)
    dtype = "bool" if indices and isinstance(indices[0], bool) else "int64"
    return backend.xp.asarray(
        list(indices), dtype=canonical(dtype), device=backend.xp.device(lowest(like))
    )


def _non_negative(indices: Any, size: int) -> Any:
    if canonical(indices.dtype).kind == "u":
        return indices
    return where(XG.less(indices, 0), XG.add(indices, size), indices)


def take(x: Any, indices: Any, /, *, axis: int | None = None) -> Tensor:
    """Slices of ``x`` along an axis, named by integers; repeats add up in the gradient.

    ``indices`` may have any number of axes, which take the place of ``axis``.
    """
    if axis is None:
        if len(x.shape) != 1:
            raise ValueError("take: axis is needed for an array of more than one dimension")
        axis = 0
    axis = checked_axis("take", axis, len(x.shape))
    indices = _integer_indices("take", indices, x)
    shape, lead, rest = tuple(indices.shape), tuple(x.shape[:axis]), tuple(x.shape[axis + 1 :])
    flat = indices if len(shape) == 1 else reshape(indices, (math.prod(shape),))
    out = _take(x, _non_negative(flat, x.shape[axis]), axis=axis)
    return out if len(shape) == 1 else reshape(out, (*lead, *shape, *rest))


# -- x[key] ------------------------------------------------------------------------------------


def _is_array(k: Any) -> bool:
    if not hasattr(k, "shape"):
        return False
    return len(k.shape) > 0 or canonical(lowest(k).dtype).kind == "b" or is_batched(k)


def getitem(x: Any, key: Any) -> Tensor:
    """``x[key]`` with integers, slices, None, ``...``, integer arrays and boolean masks."""
    keys = key if isinstance(key, tuple) else (key,)
    keys = tuple(_index_array(k, x) if isinstance(k, list) else k for k in keys)
    used = sum(
        len(k.shape) if _is_array(k) and canonical(k.dtype).kind == "b" else 1
        for k in keys
        if k is not None and k is not Ellipsis
    )
    ndim = len(x.shape)
    if used > ndim or sum(k is Ellipsis for k in keys) > 1:
        raise IndexError(f"index: too many indices for a tensor of shape {tuple(x.shape)}")
    if not any(_is_array(k) for k in keys):
        return basic_index(x, key=_basic_key(keys, tuple(x.shape), ndim - used))
    return _advanced(x, _expanded(keys, x, ndim - used))


def _basic_key(keys: tuple[Any, ...], shape: tuple[int, ...], missing: int) -> tuple[Any, ...]:
    """Check a basic key and spell it out: one entry for every axis, and None."""
    spelled: list[Any] = []
    axis = 0
    if not any(k is Ellipsis for k in keys):
        keys = (*keys, Ellipsis)
    for k in keys:
        if k is Ellipsis:
            spelled.extend([slice(None)] * missing)
            axis += missing
        elif k is None:
            spelled.append(None)
        elif isinstance(k, slice):
            spelled.append(_plain_slice(k, shape[axis]))
            axis += 1
        else:
            spelled.append(_plain_integer(k, axis, shape))
            axis += 1
    return tuple(spelled)


def _plain_slice(k: slice, length: int) -> slice:
    """Return a slice of integers within the bounds, which the standard asks for."""
    parts = (k.start, k.stop, k.step)
    if parts == (None, None, None):
        return k
    try:
        start, stop, step = k.indices(length)
    except TypeError:
        raise TypeError(f"index: slices take integers or None, got {k}") from None
    if step < 0:
        return slice(start, None if stop < 0 else stop, step) if start >= 0 else slice(0, 0)
    return slice(start, stop, step)


def _plain_integer(k: Any, axis: int, shape: tuple[int, ...]) -> int:
    try:
        i = operator.index(k)
    except TypeError:
        raise TypeError(
            f"index: expected integers, slices, None, ... or integer and boolean arrays, "
            f"got {type(k).__name__}"
        ) from None
    if isinstance(k, bool):
        raise TypeError("index: a Python bool is no index; use an array of booleans")
    if not -shape[axis] <= i < shape[axis]:
        raise IndexError(f"index: {i} is out of bounds for axis {axis} of length {shape[axis]}")
    return i % shape[axis]


def _expanded(keys: tuple[Any, ...], x: Any, missing: int) -> list[Any]:
    """Spell out an advanced key: one entry for every axis, masks as integer arrays."""
    spelled: list[Any] = []
    if not any(k is Ellipsis for k in keys):
        keys = (*keys, Ellipsis)
    for k in keys:
        if k is Ellipsis:
            spelled.extend([slice(None)] * missing)
        elif _is_array(k) and canonical(k.dtype).kind == "b":
            at = sum(e is not None for e in spelled)
            expected = tuple(x.shape[at : at + len(k.shape)])
            if tuple(k.shape) != expected:
                raise IndexError(f"index: a mask of shape {tuple(k.shape)} over axes {expected}")
            spelled.extend(_mask_indices(k))
        else:
            spelled.append(k)
    return spelled


def _mask_indices(mask: Any) -> tuple[Any, ...]:
    if is_batched(mask):
        raise TypeError(
            "index: a boolean mask inside vmap() selects a different count in every example; "
            "use xgrad.where(mask, x, 0)"
        )
    raw = lowest(mask)
    return tuple(backend_below(mask).xp.nonzero(raw))


def _advanced(x: Any, spelled: list[Any]) -> Tensor:
    """Lower integer arrays: basic part first, then one flat `take`, then place its axes."""
    shape = tuple(x.shape)
    basic: list[Any] = []
    arrays: dict[int, Any] = {}  # axis of the basic part's result: indices
    places: list[int] = []  # where array keys and integers stand in the key
    axis = out_axis = 0
    for position, k in enumerate(spelled):
        if k is None:
            basic.append(None)
            out_axis += 1
            continue
        if isinstance(k, slice):
            basic.append(_plain_slice(k, shape[axis]))
            axis, out_axis = axis + 1, out_axis + 1
            continue
        places.append(position)
        if _is_array(k):
            k = _integer_indices("index", k, x)
        else:  # an integer beside arrays broadcasts with them
            k = _index_array([_plain_integer(k, axis, shape)], x)
            k = reshape(k, ())
        basic.append(slice(None))
        arrays[out_axis] = _non_negative(k, shape[axis])
        axis, out_axis = axis + 1, out_axis + 1
    x = basic_index(x, key=tuple(basic))
    together = places == list(range(places[0], places[-1] + 1))
    axes = tuple(arrays)
    lengths = [x.shape[a] for a in axes]
    common = _broadcast_shape([tuple(i.shape) for i in arrays.values()])
    flat = None
    for indices, length in zip(arrays.values(), lengths, strict=True):
        flat = indices if flat is None else XG.add(XG.multiply(flat, length), indices)
    flat = reshape(broadcast_to(flat, common), (math.prod(common),))
    rest = tuple(a for a in range(len(x.shape)) if a not in axes)
    merged = permute_dims(x, (*axes, *rest))
    merged = reshape(merged, (math.prod(lengths), *(x.shape[a] for a in rest)))
    out = reshape(_take(merged, flat, axis=0), (*common, *(x.shape[a] for a in rest)))
    if not together:
        return out
    before = sum(a < axes[0] for a in rest)
    new, old = len(common), len(rest)
    order = (*range(new, new + before), *range(new), *range(new + before, new + old))
    return permute_dims(out, order)


def _broadcast_shape(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    rank = max(len(s) for s in shapes)
    padded = [(1,) * (rank - len(s)) + s for s in shapes]
    out = []
    for lengths in zip(*padded, strict=True):
        long = {n for n in lengths if n != 1}
        if len(long) > 1:
            raise IndexError(f"index: arrays of shapes {shapes} do not broadcast together")
        out.append(long.pop() if long else 1)
    return tuple(out)
