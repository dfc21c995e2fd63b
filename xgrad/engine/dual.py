"""Forward mode: how an op is applied to tensors of a dual level."""

from typing import Any

from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import canonical, carries_gradients, is_complex
from xgrad.engine.dispatch import backend_below, bind, namespace, split_level
from xgrad.engine.levels import DUAL, Level
from xgrad.engine.node import Dual
from xgrad.engine.primitive import Params, Primitive
from xgrad.engine.tensor import Tensor, lowest, stripped


def process_dual(
    primitive: Primitive,
    level: Level,
    args: tuple[Any, ...],
    params: Params,
    backend: Backend | None,
) -> Any:
    """Apply an op and its jvp rule, at the level below."""
    inner, carried = split_level(level, args)
    tangents, values = [], list(inner)
    for node in carried:
        tangents.append(None if node is None else node.tangent)
        if node is not None:
            values.append(node.tangent)
    name, forward = primitive.name, primitive.rules.forward
    if forward is None:
        out = bind(primitive, inner, params, backend)
        if not primitive.signature.differentiable:
            return out
    xp = namespace(*values, backend=backend)
    with xp.quiet():
        if forward is None:
            tangent = primitive.rules.jvp(xp, tuple(tangents), (*inner, out), params)
        else:
            out, tangent = forward(xp, inner, tuple(tangents), params)
            out = tuple(map(stripped, out))
    if not primitive.signature.several:
        return dual(name, level, out, tangent)
    return tuple(dual(name, level, part, t) for part, t in zip(out, tangent, strict=True))


def dual(function: str, level: Level, primal: Any, tangent: Any) -> Any:
    """Return a dual tensor, its tangent converted to the primal's shape and dtype."""
    if tangent is None or not carries_gradients(function, lowest(primal).dtype):
        return primal
    return Tensor(primal, level, Dual(like_primal(tangent, primal)))


def like_primal(tangent: Any, primal: Any) -> Any:
    """Broadcast and cast a tangent to the shape and dtype of its primal."""
    if type(tangent) is Tensor:
        tangent = stripped(tangent)
    else:
        tangent = backend_below(primal).xp.normalise(tangent)
    if tangent.shape != primal.shape:
        tangent = stripped(namespace(tangent, primal).broadcast_to(tangent, tuple(primal.shape)))
    have, want = lowest(tangent).dtype, lowest(primal).dtype
    if have is not want and canonical(have) != canonical(want):
        xp = namespace(tangent, primal)
        if is_complex(have) and not is_complex(want):
            tangent = xp.real(tangent)
        tangent = stripped(xp.astype(tangent, canonical(want)))
    return tangent


DUAL.process = process_dual
