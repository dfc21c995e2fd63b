"""Keys of ``x[key]``: checks, and normalisation of basic keys.

A *basic* key has integers, slices, None and one Ellipsis. Keys with integer arrays or masks are
in `xgrad.ops.views.advanced`.
"""

import operator
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.engine.dispatch import backend_below
from xgrad.engine.tensor import is_batched, lowest

BasicKey = tuple[Any, ...]
ALL = slice(None)


def is_array_key(k: Any) -> bool:
    """Whether an entry of a key is an array of indices or a mask."""
    if not hasattr(k, "shape"):
        return False
    return len(k.shape) > 0 or canonical(lowest(k).dtype).kind == "b" or is_batched(k)


def is_mask(k: Any) -> bool:
    """Whether an entry of a key is an array of booleans."""
    return hasattr(k, "shape") and canonical(lowest(k).dtype).kind == "b"


def as_keys(key: Any, x: Any) -> tuple[Any, ...]:
    """Return a key as a tuple with sequences as arrays, or raise if it is too long."""
    keys = key if isinstance(key, tuple) else (key,)
    keys = tuple(index_array(k, x) if isinstance(k, list | tuple) else k for k in keys)
    if any(isinstance(k, bool) for k in keys):
        raise TypeError("index: a Python bool is not an index; use an array of booleans")
    if sum(k is Ellipsis for k in keys) > 1 or axes_taken(keys) > len(x.shape):
        raise IndexError(f"index: too many indices for a tensor of shape {tuple(x.shape)}")
    return keys


def axes_taken(keys: tuple[Any, ...]) -> int:
    """Return the number of axes that a key indexes."""
    return sum(
        len(k.shape) if is_mask(k) else 1 for k in keys if k is not None and k is not Ellipsis
    )


def simple_key(key: Any, shape: tuple[int, ...]) -> BasicKey | None:
    """Normalise a key that has only Python integers and slices, fast; None for other keys."""
    if type(key) is int:
        if shape and -shape[0] <= key < shape[0]:
            return (key if key >= 0 else key + shape[0],)
        return None
    keys = key if type(key) is tuple else (key,)
    if len(keys) > len(shape):
        return None
    normal: list[Any] = []
    for k, n in zip(keys, shape, strict=False):
        if type(k) is int and -n <= k < n:
            normal.append(k if k >= 0 else k + n)
        elif type(k) is slice:
            normal.append(plain_slice(k, n))
        else:
            return None
    while normal and normal[-1] is ALL:
        normal.pop()  # equal keys have one normal form
    return tuple(normal)


def basic_key(keys: tuple[Any, ...], shape: tuple[int, ...]) -> BasicKey:
    """Check and normalise a basic key: integers, slices and None for the leading axes."""
    normal: list[Any] = []
    axis = 0
    missing = len(shape) - axes_taken(keys)
    for k in keys:
        if isinstance(k, slice):
            normal.append(plain_slice(k, shape[axis]))
        elif k is None:
            normal.append(None)
            continue
        elif k is Ellipsis:
            normal.extend([ALL] * missing)
            axis += missing
            continue
        else:
            normal.append(plain_integer(k, axis, shape))
        axis += 1
    while normal and normal[-1] is ALL:
        normal.pop()
    return tuple(normal)


def plain_slice(k: slice, length: int) -> slice:
    """Return a slice with integer bounds inside the axis, as the standard requires."""
    if k == ALL:
        return ALL
    try:
        start, stop, step = k.indices(length)
    except TypeError:
        raise TypeError(f"index: slices take integers or None, got {k}") from None
    if step > 0:
        return ALL if start == 0 and stop == length and step == 1 else slice(start, stop, step)
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


def index_array(indices: Any, like: Any) -> Any:
    """Return Python integers (or booleans) as an array on the backend and device of ``like``."""
    backend = backend_below(like)
    first = indices
    while isinstance(first, list | tuple | range) and first:
        first = first[0]
    dtype = canonical("bool" if isinstance(first, bool) else "int64")
    device = backend.xp.device(lowest(like))
    return backend.xp.asarray(list(indices), dtype=dtype, device=device)
