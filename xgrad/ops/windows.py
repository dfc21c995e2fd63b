"""Sliding windows over the last axes, for convolutions and pooling."""

from typing import Any

from xgrad.backends.dtypes import refuse_complex
from xgrad.backends.namespace import Namespace, window_keys
from xgrad.engine.constructors import general, linear
from xgrad.ops.counts import counting, narrowed, over_counts, widened
from xgrad.typing import Key, Value

Lengths = tuple[int, ...]


def _fold(
    xp: Namespace, g: Value, like: Value, kernel: Lengths, stride: Lengths, dilation: Lengths
) -> Value:
    return xp.overlap_add(g, tuple(like.shape), kernel, stride, dilation)


@linear(transpose=_fold, batch=lambda op, x, params: op(x, **params), rules=True)
def windows(
    xp: Namespace, x: Value, /, *, kernel: Lengths, stride: Lengths, dilation: Lengths
) -> Value:
    """``x[..., o * stride + k * dilation]`` at (..., *k, *o): (..., *n) to (..., *kernel, *counts).

    Linear; its transpose is `overlap_add`. The result may share memory with ``x``.
    """
    return xp.windows(x, kernel, stride, dilation)


@linear(
    transpose=lambda xp, g, kernel, stride, dilation: xp.windows(g, kernel, stride, dilation),
    batch=lambda op, g, params: op(g, **{**params, "shape": (g.shape[0], *params["shape"])}),
    rules=True,
)
def overlap_add(
    xp: Namespace,
    g: Value,
    /,
    *,
    shape: Lengths,
    kernel: Lengths,
    stride: Lengths,
    dilation: Lengths,
) -> Value:
    """Add windows (..., *kernel, *counts) at their positions into zeros of a shape."""
    return xp.overlap_add(g, shape, kernel, stride, dilation)


def _maxima(
    xp: Namespace, x: Value, out: Value, kernel: Lengths, stride: Lengths, dilation: Lengths
) -> tuple[list[Key], list[Value], Value]:
    """Return the key of each window position, where it has the maximum, and how many do."""
    _, keys = window_keys(tuple(x.shape), kernel, stride, dilation)
    masks = [xp.equal(xp.basic_index(x, key), out) for key in keys]
    dtype = counting(out.dtype)
    count = xp.astype(masks[0], dtype)
    for mask in masks[1:]:
        count = xp.add(count, xp.astype(mask, dtype))
    return keys, masks, xp.where(xp.equal(count, 0), 1.0, count)


def _window_max_vjp(
    xp: Namespace,
    g: Value,
    x: Value,
    out: Value,
    kernel: Lengths,
    stride: Lengths,
    dilation: Lengths,
) -> Value:
    _, masks, count = _maxima(xp, x, out, kernel, stride, dilation)
    share = over_counts(xp, g, count)
    lead = len(x.shape) - len(kernel)
    parts = xp.stack([xp.where(mask, share, 0.0) for mask in masks], axis=lead)
    parts = xp.reshape(parts, (*x.shape[:lead], *kernel, *out.shape[lead:]))
    return xp.overlap_add(parts, tuple(x.shape), kernel, stride, dilation)


def _window_max_jvp(
    xp: Namespace,
    t: Value,
    x: Value,
    out: Value,
    kernel: Lengths,
    stride: Lengths,
    dilation: Lengths,
) -> Value:
    keys, masks, count = _maxima(xp, x, out, kernel, stride, dilation)
    wide = widened(xp, t)
    total: Any = None
    for key, mask in zip(keys, masks, strict=True):
        part = xp.where(mask, xp.basic_index(wide, key), 0.0)
        total = part if total is None else xp.add(total, part)
    return narrowed(xp, xp.divide(total, count), t.dtype)


@general(
    vjps=(_window_max_vjp,),
    jvps=(_window_max_jvp,),
    batch=lambda op, args, batched, params: op(*args, **params),
)
def window_max(
    xp: Namespace, x: Value, /, *, kernel: Lengths, stride: Lengths, dilation: Lengths
) -> Value:
    """Largest element of each window: (..., *n) to (..., *counts). Ties share evenly."""
    refuse_complex("max_pool", x)
    _, keys = window_keys(tuple(x.shape), kernel, stride, dilation)
    out = xp.basic_index(x, keys[0])
    for key in keys[1:]:
        out = xp.maximum(out, xp.basic_index(x, key))
    return out if len(keys) > 1 else xp.copy(out)
