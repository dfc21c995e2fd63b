"""Writing a part without copying the whole, where nothing else can see the array.

A view is a recorded look at its base, so no two tensors share memory by meaning; sharing is
an economy of the array library, and `xgrad.backends.ownership` tells whether there is any.
"""

from typing import Any

from xgrad.backends.backend import Backend
from xgrad.backends.ownership import owns_value
from xgrad.engine.levels import EAGER
from xgrad.engine.node import Leaf, Node, next_order
from xgrad.engine.tensor import Tensor, recording
from xgrad.engine.views import ViewKind
from xgrad.engine.watching import FAST
from xgrad.ops.keys import BasicKey
from xgrad.ops.parts import basic_index, basic_put


def overwrite(x: Tensor, key: BasicKey, v: Any) -> bool:
    """Write into the array of ``x`` itself if nothing else can see it; whether that was done."""
    if x._level is not EAGER or not owns_value(x):
        return False
    before, v_node = x._node, None
    if type(v) is Tensor:
        if v._level is not EAGER:
            return False
        v_node, v = v._node, v._value
    raw = x._value
    kind = type(raw)
    backend: Backend | None = FAST[kind]
    if backend is None or (type(before) is Leaf and recording(EAGER)):
        return False
    if type(v) is not kind and type(v) not in _NUMBERS:
        return False
    backend.xp.overwrite(raw, key, v)
    if (before is not None or v_node is not None) and recording(EAGER):
        x._node = node = _new(Node)  # without the call of a constructor
        node.primitive, node.order, node.params, node.extra = _PUT, next_order(), {"key": key}, None
        node.parents, node.saved = (v_node, before), _NOTHING
        node.shape, node.dtype, node.xp = raw.shape, raw.dtype, backend.xp
        if before is not None and before.extra is not None:
            node.succeed(before)
    return True


_new = object.__new__
_NOTHING = (None, None, None)
_NUMBERS = frozenset((int, float, bool))
_PUT = basic_put.primitive  # type: ignore[attr-defined]


def put_part(x: Tensor, v: Any, key: BasicKey) -> Tensor:
    """Return ``x`` with ``v`` at a spelled basic key; the array of ``x`` may be used for it."""
    return x if overwrite(x, key, v) else basic_put(v, x, key=key)


def _indexed_strides(strides: Any, shape: Any, key: BasicKey, _: Any) -> tuple[int, ...]:
    found = []
    axis = 0
    for k in key:
        if k is None:
            found.append(0)
            continue
        if type(k) is not int:
            found.append(strides[axis] * k.indices(shape[axis])[2])
        axis += 1
    return (*found, *strides[axis:])


INDEXED = ViewKind(
    "x[key]",
    pull=lambda base, key: basic_index(base, key=key),
    push=put_part,
    strides=_indexed_strides,
)
