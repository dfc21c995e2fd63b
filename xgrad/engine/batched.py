"""Vectorisation: how an op is applied to tensors of a batched level."""

from typing import Any

from xgrad.backends.backend import Backend
from xgrad.engine.dispatch import bind, split_level
from xgrad.engine.levels import BATCH, Level
from xgrad.engine.node import BATCHED
from xgrad.engine.primitive import Params, Primitive
from xgrad.engine.tensor import Tensor


def process_batched(
    primitive: Primitive,
    level: Level,
    args: tuple[Any, ...],
    params: Params,
    backend: Backend | None,
) -> Any:
    """Apply an op to a whole batch, at the level below."""
    inner, carried = split_level(level, args)

    def op(*arrays: Any, **changed: Any) -> Any:
        return bind(primitive, arrays, changed, backend)

    batched = tuple([node is not None for node in carried])
    out = primitive.rules.batch(op, inner, batched, params)
    if primitive.signature.several:
        return tuple(Tensor(part, level, BATCHED) for part in out)
    return Tensor(out, level, BATCHED)


BATCH.process = process_batched
