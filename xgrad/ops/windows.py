"""Windows that slide over the last axes: what convolutions and pools are made of."""

from typing import Any

from xgrad.engine.constructors import linear

Lengths = tuple[int, ...]


def _fold(xp: Any, g: Any, like: Any, kernel: Lengths, stride: Lengths, dilation: Lengths) -> Any:
    return xp.overlap_add(g, tuple(like.shape), kernel, stride, dilation)


@linear(transpose=_fold, batch=lambda op, x, params: op(x, **params), aliases=True)
def windows(xp: Any, x: Any, /, *, kernel: Lengths, stride: Lengths, dilation: Lengths) -> Any:
    """``x[..., o * stride + k * dilation]`` at (..., *k, *o): (..., *n) to (..., *kernel, *counts).

    Linear; its transpose is `overlap_add`. The result may share memory with ``x``.
    """
    return xp.windows(x, kernel, stride, dilation)


@linear(
    transpose=lambda xp, g, kernel, stride, dilation: xp.windows(g, kernel, stride, dilation),
    batch=lambda op, g, params: op(g, **{**params, "shape": (g.shape[0], *params["shape"])}),
)
def overlap_add(
    xp: Any,
    g: Any,
    /,
    *,
    shape: Lengths,
    kernel: Lengths,
    stride: Lengths,
    dilation: Lengths,
) -> Any:
    """Add up windows (..., *kernel, *counts) where they came from, in zeros of a shape."""
    return xp.overlap_add(g, shape, kernel, stride, dilation)
