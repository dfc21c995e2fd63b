"""Forward mode: what an op does to tensors of a dual level."""

from typing import Any

from xgrad.backends.dtypes import canonical, carries_gradients, is_complex
from xgrad.engine.dispatch import backend_below, bind, namespace, split_level
from xgrad.engine.levels import DUAL, Level
from xgrad.engine.node import Dual
from xgrad.engine.primitive import Params, Primitive
from xgrad.engine.tensor import Tensor, stripped


def process_dual(primitive: Primitive, level: Level, args: tuple[Any, ...], params: Params) -> Any:
    """Apply an op below a dual level, and its jvp rule beside it."""
    inner, carried = split_level(level, args)
    if primitive.rules.forward is not None:
        return _forward(primitive, level, inner, carried, params)
    out = bind(primitive, inner, params)
    if not primitive.signature.differentiable:
        return out
    tangents = tuple(None if dual is None else dual.tangent for dual in carried)
    xp = namespace(*inner, *(t for t in tangents if t is not None))
    with xp.quiet():
        tangent_out = primitive.rules.jvp(xp, tangents, (*inner, out), params)
    if not primitive.signature.several:
        return dual(primitive.name, level, out, tangent_out)
    return tuple(
        dual(primitive.name, level, part, t) for part, t in zip(out, tangent_out, strict=True)
    )


def _forward(
    primitive: Primitive, level: Level, inner: tuple[Any, ...], carried: list[Any], params: Params
) -> Any:
    """Apply an op whose value and tangents are made together; one that has several outputs."""
    tangents = tuple(None if dual is None else dual.tangent for dual in carried)
    xp = namespace(*inner, *(t for t in tangents if t is not None))
    rule: Any = primitive.rules.forward
    with xp.quiet():
        out, tangent_out = rule(xp, inner, tangents, params)
    return tuple(
        dual(primitive.name, level, stripped(p), t) for p, t in zip(out, tangent_out, strict=True)
    )


def dual(function: str, level: Level, primal: Any, tangent: Any) -> Any:
    """Return a dual tensor, its tangent brought to the primal's shape and dtype."""
    if tangent is None or not carries_gradients(function, primal.dtype):
        return primal
    return Tensor(primal, level, Dual(like_primal(stripped(tangent), primal)))


def like_primal(tangent: Any, primal: Any) -> Any:
    """Broadcast and cast a tangent to the shape and the dtype of its primal."""
    if type(tangent) is not Tensor:
        tangent = backend_below(primal).xp.normalise(tangent)
    shape = tuple(primal.shape)
    xp = None
    if tuple(tangent.shape) != shape:
        xp = namespace(tangent, primal)
        tangent = xp.broadcast_to(tangent, shape)
    if canonical(tangent.dtype) != canonical(primal.dtype):
        xp = xp or namespace(tangent, primal)
        if is_complex(tangent.dtype) and not is_complex(primal.dtype):
            tangent = xp.real(tangent)
        tangent = xp.astype(tangent, canonical(primal.dtype))
    return stripped(tangent)


DUAL.process = process_dual
