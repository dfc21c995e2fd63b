"""Writing a part without copying the whole, where nothing else can see the array.

A view is a recorded look at its base, so no two tensors share memory by meaning; sharing is
an economy of the array library, and a count of references tells whether there is any.
"""

import sys
from typing import Any

from xgrad.backends.backend import Backend
from xgrad.backends.registry import BY_TYPE
from xgrad.engine.levels import EAGER
from xgrad.engine.node import Leaf, Node, next_order
from xgrad.engine.tensor import Tensor, recording
from xgrad.engine.views import ViewKind
from xgrad.ops.keys import BasicKey
from xgrad.ops.parts import basic_index, basic_put


class _Holder:
    """Something that alone owns an object, to see what counting its references gives."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Any = object()


_references = getattr(sys, "getrefcount", None)
_counts = bool(_references) and getattr(sys, "_is_gil_enabled", lambda: True)()


def _owner_alone(x: Tensor) -> bool:
    """Whether nothing but this tensor can see its array: no view, no saved value, no user."""
    return _counts and _references(x.value) == _SOLE  # type: ignore[misc]


_holder = _Holder()
_SOLE = _references(_holder.value) if _counts else 0  # type: ignore[misc]


def _overwrite(x: Tensor, key: Any, v: Any) -> Tensor | None:
    """Write into the array of ``x`` itself if nothing else can see it; None if it must not."""
    if x.level is not EAGER or type(x.node) is Leaf or not _owner_alone(x):
        return None
    v_node = None
    if type(v) is Tensor:
        if v.level is not EAGER:
            return None
        v_node, v = v.node, v.value
    raw = x.value
    backend: Backend | None = BY_TYPE.get(type(raw))
    if backend is None or not backend.xp.owns(raw):
        return None
    if type(v) is not type(raw) and type(v) not in (int, float):
        return None
    backend.xp.overwrite(raw, key, v)
    node = None
    if (x.node is not None or v_node is not None) and recording(EAGER):
        parents, saved = (v_node, x.node), (None, None, None)
        node = Node(
            _PUT, next_order(), parents, saved, {"key": key}, raw.shape, raw.dtype, backend.xp
        )
    return Tensor(raw, EAGER, node)


_PUT = basic_put.primitive  # type: ignore[attr-defined]


def put_part(x: Tensor, v: Any, key: BasicKey) -> Tensor:
    """Return ``x`` with ``v`` at a spelled basic key; the array of ``x`` may be used for it."""
    out = _overwrite(x, key, v)
    return basic_put(v, x, key=key) if out is None else out


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
    return tuple(found)


INDEXED = ViewKind(
    "x[key]",
    pull=lambda base, key: basic_index(base, key=key),
    push=put_part,
    strides=_indexed_strides,
)
