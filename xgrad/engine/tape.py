"""The forward pass of reverse mode: how an op is applied to tensors of a tape level."""

from collections.abc import Collection, Sequence
from typing import Any

from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import carries_gradients
from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import XG, bind, namespace, split_level
from xgrad.engine.levels import FLOOR, TAPE, Level
from xgrad.engine.node import Node, Output, next_order
from xgrad.engine.primitive import NO_PARAMS, Params, Primitive
from xgrad.engine.tensor import Tensor
from xgrad.engine.watching import WATCHERS, users_line


def process_tape(
    primitive: Primitive,
    level: Level,
    args: tuple[Any, ...],
    params: Params,
    backend: Backend | None,
) -> Any:
    """Apply an op at the level below and record it on the tape."""
    inner, nodes = split_level(level, args)
    if primitive.rules.on_tape is not None and level > FLOOR.get():
        return primitive.rules.on_tape(primitive, level, inner, tuple(nodes), params)
    out = bind(primitive, inner, params, backend)
    if not primitive.signature.differentiable or level <= FLOOR.get():
        return out
    several = primitive.signature.several
    first = out[0] if several else out
    if not several and not carries_gradients(primitive.name, out.dtype):
        return out
    parents = tuple(nodes)
    saved = saved_values(primitive, inner, parents, out)
    # For a transfer it is the source's namespace.
    xp = XG if type(first) is Tensor else namespace(*inner, backend=backend)
    tensor = record(primitive, parents, saved, params, first, first.dtype, xp, level)
    if WATCHERS:
        tensor._node.extra = {"line": users_line()}
    return outputs(primitive.name, tensor._node, out, level) if several else tensor


new = object.__new__


def record(
    primitive: Primitive | None,
    parents: tuple[Node | None, ...],
    saved: tuple[Any, ...] | None,
    params: Params,
    out: Any,
    dtype: Any,
    xp: Namespace | None,
    level: Level,
) -> Tensor:
    """Return a tensor of a tape level with a new node; only this function makes an op's node.

    ``dtype`` is that of ``out``, which callers have looked up. `Tensor.__init__` is not called,
    which saves time. The input of a level is recorded without a primitive.
    """
    node = Node()
    node.primitive, node.parents, node.saved = primitive, parents, saved
    node.params, node.xp, node.order = params, xp, next_order()
    node.shape, node.dtype, node.extra = out.shape, dtype, None
    tensor = new(Tensor)
    tensor._value, tensor._level, tensor._node = out, level, node
    return tensor


def record_input(value: Any, level: Level) -> Tensor:
    """Return an input of a level, at whose node cotangents are collected."""
    return record(None, (), None, NO_PARAMS, value, value.dtype, namespace(value), level)


def outputs(
    function: str, node: Node, parts: Sequence[Any], level: Level, constant: Collection[int] = ()
) -> tuple[Any, ...]:
    """Return the outputs of an operation that has several: tensors, except for constants."""
    return tuple(
        Tensor(part, level, Output(node, i, len(parts), part.shape, part.dtype))
        if i not in constant and carries_gradients(function, part.dtype)
        else part
        for i, part in enumerate(parts)
    )


def saved_values(
    primitive: Primitive, inner: tuple[Any, ...], parents: tuple[Node | None, ...], out: Any
) -> tuple[Any, ...]:
    """Return the inputs and the output that rules of tracked arguments need; None for others."""
    if primitive.signature.variadic:
        return ()
    slots = (*inner, out)
    saved: list[Any] = [None] * len(slots)
    for parent, needs in zip(parents, primitive.rules.needs, strict=True):
        if parent is not None:
            for i in needs:
                saved[i] = slots[i]
    return tuple(saved)


TAPE.process = process_tape
