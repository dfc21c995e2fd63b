"""Softmax and its logarithm, fused: they save one array, a composition would save three."""

from xgrad.backends.dtypes import refuse_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_shift_axis
from xgrad.engine.constructors import general
from xgrad.engine.precision import WIDE_INSIDE
from xgrad.ops.elementwise import as_floating
from xgrad.typing import Axis, Value


def _softmax_rule(xp: Namespace, t: Value, out: Value, axis: Axis) -> Value:
    fused = xp.kernels.softmax_vjp(t, out, axis, log=False)
    if fused is not None:
        return fused
    inner = xp.sum(xp.multiply(t, out), axis=axis, keepdims=True)
    return xp.multiply(out, xp.subtract(t, inner))


@general(
    vjps=(_softmax_rule,), jvps=(_softmax_rule,), batch=batch_shift_axis, precision=WIDE_INSIDE
)
def softmax(xp: Namespace, x: Value, /, *, axis: Axis) -> Value:
    """``exp(x) / sum(exp(x))`` along an axis, without overflow."""
    refuse_complex("softmax", x)
    x = as_floating(xp, x)
    if 0 in x.shape:
        return xp.exp(x)
    fused = xp.kernels.softmax(x, axis, log=False)
    if fused is not None:
        return fused
    shifted = xp.exp(xp.subtract(x, xp.max(x, axis=axis, keepdims=True)))
    return xp.divide(shifted, xp.sum(shifted, axis=axis, keepdims=True))


def _log_softmax_vjp(xp: Namespace, g: Value, out: Value, axis: Axis) -> Value:
    fused = xp.kernels.softmax_vjp(g, out, axis, log=True)
    if fused is not None:
        return fused
    return xp.subtract(g, xp.multiply(xp.exp(out), xp.sum(g, axis=axis, keepdims=True)))


@general(
    vjps=(_log_softmax_vjp,),
    jvps=(
        lambda xp, t, out, axis: xp.subtract(
            t, xp.sum(xp.multiply(t, xp.exp(out)), axis=axis, keepdims=True)
        ),
    ),
    batch=batch_shift_axis,
    precision=WIDE_INSIDE,
)
def log_softmax(xp: Namespace, x: Value, /, *, axis: Axis) -> Value:
    """``x - log(sum(exp(x)))`` along an axis, without overflow."""
    refuse_complex("log_softmax", x)
    x = as_floating(xp, x)
    if 0 in x.shape:
        return xp.exp(x)
    fused = xp.kernels.softmax(x, axis, log=True)
    if fused is not None:
        return fused
    shifted = xp.subtract(x, xp.max(x, axis=axis, keepdims=True))
    return xp.subtract(shifted, xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True)))
