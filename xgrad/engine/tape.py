"""Reverse mode, going forward: what an op does to tensors of a tape level."""

from typing import Any

from xgrad.backends.dtypes import carries_gradients
from xgrad.engine.dispatch import XG, bind, namespace, split_level
from xgrad.engine.levels import EAGER, FLOOR, Level
from xgrad.engine.node import Node, Output, next_order
from xgrad.engine.primitive import Params, Primitive
from xgrad.engine.tensor import Tensor
from xgrad.engine.watching import WATCHERS, users_line


def process_tape(primitive: Primitive, level: Level, args: tuple[Any, ...], params: Params) -> Any:
    """Apply an op below a tape level and record it there."""
    inner, nodes = split_level(level, args)
    if primitive.on_tape is not None and level > FLOOR.get():
        return primitive.on_tape(primitive, level, inner, tuple(nodes), params)
    out = bind(primitive, inner, params)
    if not primitive.differentiable or level <= FLOOR.get():
        return out
    return record(primitive, level, inner, tuple(nodes), out, params)


def record(
    primitive: Primitive,
    level: Level,
    inner: tuple[Any, ...],
    parents: tuple[Node | None, ...],
    out: Any,
    params: Params,
) -> Any:
    """Make the node of one op, and the tensor (or the tuple of tensors) that carries it."""
    first = out[0] if primitive.several else out
    saved = saved_values(primitive, inner, parents, out)
    node = Node(
        primitive,
        next_order(),
        parents,
        saved,
        params,
        tuple(first.shape),
        first.dtype,
        XG if type(first) is Tensor else namespace(*inner),  # of a move, the old place
    )
    if WATCHERS:
        node.extra = {"line": users_line()}
    if not primitive.several:
        return Tensor(out, level, node) if carries_gradients(primitive.name, out.dtype) else out
    return tuple(
        Tensor(part, level, Output(node, i, len(out), tuple(part.shape), part.dtype))
        if carries_gradients(primitive.name, part.dtype)
        else part
        for i, part in enumerate(out)
    )


def saved_values(
    primitive: Primitive, inner: tuple[Any, ...], parents: tuple[Node | None, ...], out: Any
) -> tuple[Any, ...]:
    """Keep the inputs, and the output, that a rule of a tracked argument needs."""
    if primitive.variadic:
        return ()
    wanted: set[int] = set()
    for parent, needs in zip(parents, primitive.needs, strict=True):
        if parent is not None:
            wanted.update(needs)
    slots = (*inner, out)
    return tuple(slots[i] if i in wanted else None for i in range(len(slots)))


EAGER.process = process_tape
