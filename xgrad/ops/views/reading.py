"""``x[key]``: a view of ``x``, or, with arrays of indices, a copy of elements."""

from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.declare import function
from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import EAGER, FLOOR
from xgrad.engine.tape import new, record
from xgrad.engine.tensor import Tensor
from xgrad.engine.views import attach
from xgrad.engine.watching import FAST
from xgrad.ops.views.advanced import flat_key, gather
from xgrad.ops.views.keys import as_keys, basic_key, is_array_key, simple_key
from xgrad.ops.views.parts import INDEXED, basic_index, basic_put
from xgrad.typing import Value


@function(method="__getitem__")
def getitem(x: Tensor, key: Any, /) -> Tensor:
    """``x[key]`` with integers, slices, None, ``...``, integer arrays and boolean masks.

    A basic key (no arrays) gives a view of ``x``, as in NumPy. With an integer for every axis the
    result is a copy of one element, as in NumPy; ``x[i, ...]`` is a view of it. In a key, a 0-d
    integer Tensor counts as an integer, and a raw 0-d array makes the result a copy.
    """
    if x._level is EAGER or x._level.inline:
        raw = x._value
        normal = simple_key(key, raw.shape)
        backend = FAST[type(raw)]
        if normal is not None and backend is not None:
            return _read(x, raw, normal, backend.xp)
    keys = as_keys(key, x)
    if any(is_array_key(k) for k in keys):
        return gather(x, flat_key(keys, x))
    normal = basic_key(keys, x.shape)
    out = basic_index(x, key=normal)
    element = not out.shape and all(k is not Ellipsis for k in keys)
    if element or any(_is_number_array(k) for k in keys):
        if type(out._value) is not Tensor:
            out._value = backend_below(out).xp.copy(out._value)  # later writes must not change it
        return out
    return attach(out, x, INDEXED, normal)


def _is_number_array(k: Any) -> bool:
    """Whether an entry of a key is a raw 0-d array: NumPy copies then, too."""
    return type(k) is not Tensor and hasattr(k, "shape") and hasattr(k, "__setitem__")


_INDEX = basic_index.primitive
_PUT = basic_put.primitive


def _read(x: Tensor, raw: Value, key: Any, xp: Namespace) -> Tensor:
    """Read a part of a plain array on a tape: `basic_index` without dispatch."""
    level, parent = x._level, x._node
    element = len(key) == len(raw.shape) and (not key or _INTEGER.issuperset(map(type, key)))
    if not element and (parent is None or parent.primitive is not _PUT):
        part = xp.basic_index(raw, key)
    else:
        # One element is a copy. So is a part of a tensor that was written in place, so that only
        # this tensor refers to its memory.
        part = xp.copy_basic(raw, key)
    if parent is not None and FLOOR.get() < level:
        out = record(_INDEX, (parent,), _NOTHING, {"key": key}, part, part.dtype, xp, level)
    else:
        out = new(Tensor)
        out._value, out._level, out._node = part, EAGER, None
    return out if element else attach(out, x, INDEXED, key)


_INTEGER = frozenset((int,))
_NOTHING = (None, None)
