"""The part of an array that a basic key indexes: read, written, and as a kind of view.

A part is written in place if nothing else refers to the array (`xgrad.backends.ownership`). Whether
arrays share memory does not change results; it is an optimisation of the array library.
"""

from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.backends.namespace import Namespace, selected
from xgrad.backends.ownership import owns_value
from xgrad.engine.batching import fill_batch, pad_rank
from xgrad.engine.constructors import jointly_linear, linear
from xgrad.engine.declare import function
from xgrad.engine.levels import EAGER, FLOOR, STALE
from xgrad.engine.tape import record
from xgrad.engine.tensor import Tensor
from xgrad.engine.views import ViewKind
from xgrad.engine.watching import FAST
from xgrad.ops.views.keys import BasicKey
from xgrad.typing import Value

Op = Any
Params = dict[str, Any]

#: Python's numbers, which a library writes without conversion to an array.
NUMBERS = frozenset((int, float, bool))


def of_kind(dtype: Any, v: Any) -> Any:
    """Convert a Python number to a type that an array of a dtype can hold."""
    return bool(v) if dtype.kind == "b" else int(v) if dtype.kind in "iu" else v


def _prepend(key: Any) -> Any:
    return (slice(None), *key)


@linear(
    transpose=lambda xp, g, like, key: xp.scatter_basic(g, key, tuple(like.shape)),
    batch=lambda op, x, params: op(x, key=_prepend(params["key"])),
    adds_into=lambda xp, total, g, params: xp.add_basic(total, g, params["key"]),
    rules=("basic_index", "copy_basic"),
)
def basic_index(xp: Namespace, x: Value, /, *, key: BasicKey) -> Value:
    """``x[key]`` for a key of integers, slices, None and one Ellipsis."""
    return xp.basic_index(x, key)


@linear(
    transpose=lambda xp, g, key: xp.basic_index(g, key),
    batch=lambda op, x, params: op(
        x, key=_prepend(params["key"]), shape=(x.shape[0], *params["shape"])
    ),
    rules=True,
)
def scatter_basic(xp: Namespace, g: Value, /, *, key: BasicKey, shape: tuple[int, ...]) -> Value:
    """Zeros of ``shape`` with ``g`` where a basic key indexes."""
    return xp.scatter_basic(g, key, shape)


def _batch_put(op: Op, args: Any, batched: Any, params: Params) -> Any:
    v, x = args
    if not batched[1]:
        v, x = fill_batch(args, batched)
    if batched[0]:
        v = pad_rank(v, len(selected(params["key"], x.shape[1:])))
    return op(v, x, key=_prepend(params["key"]))


@jointly_linear(
    vjps=(
        lambda xp, g, params: xp.copy_basic(g, params["key"]),
        lambda xp, g, params: xp.clear_basic(g, params["key"]),
    ),
    batch=_batch_put,
    consumes=True,
)
def basic_put(xp: Namespace, v: Value, x: Value, /, *, key: BasicKey) -> Value:
    """``x`` with ``v`` where a normalised basic key indexes."""
    if canonical(getattr(v, "dtype", x.dtype)) != canonical(x.dtype):
        v = xp.astype(v, canonical(x.dtype))
    return xp.put_basic(x, key, v)


@function(rules=True)
def clear_basic(g: Any, key: BasicKey) -> Any:
    """Return ``g`` with zeros where a normalised basic key indexes."""
    return basic_put(0, g, key=key)


# -- writing a part of a tensor, and parts as views ---------------------------------------------


def put(x: Tensor, v: Any, key: BasicKey) -> Tensor | None:
    """Return ``x`` with ``v`` at a normalised basic key; None if ``x`` itself was changed.

    It is `basic_put`, but in place if nothing else refers to the array of ``x``: no rule of
    `basic_put` needs a value.
    """
    level, before, v_node, raw = x._level, x._node, None, v
    if type(v) is Tensor:
        v_node, raw = v._node, v._value
        if v._level is not level and (v_node is not None or v._level is not EAGER):
            # A constant becomes a tensor of the level of ``v``.
            level = STALE if before is not None or level is not EAGER else v._level
    kind = type(x._value)
    backend = FAST[kind]
    if (
        backend is None
        or (level is not EAGER and not level.inline)
        or (type(raw) is not kind and type(raw) not in NUMBERS)
        or not owns_value(x, backend.xp)
    ):
        return basic_put(of_kind(x.dtype, v) if type(v) in NUMBERS else v, x, key=key)
    backend.xp.overwrite(x._value, key, raw)
    if (before is not None or v_node is not None) and FLOOR.get() < level:
        parents, params = (v_node, before), {"key": key}
        out = record(_PUT, parents, _NOTHING, params, x._value, x._value.dtype, backend.xp, level)
        x._level, x._node = level, out._node
        if before is not None and before.extra:
            out._node.inherit(before)
    return None


_NOTHING = (None, None, None)
_PUT = basic_put.primitive


def _indexed_strides(strides: Any, shape: Any, key: BasicKey, _: Any) -> tuple[int, ...]:
    new = []
    axis = 0
    for k in key:
        if k is None:
            new.append(0)
            continue
        if type(k) is not int:
            new.append(strides[axis] * k.indices(shape[axis])[2])
        axis += 1
    return (*new, *strides[axis:])


INDEXED = ViewKind(
    "x[key]",
    pull=lambda base, key: basic_index(base, key=key),
    push=put,
    strides=_indexed_strides,
)
