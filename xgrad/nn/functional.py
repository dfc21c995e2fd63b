"""Layers and losses as functions, under PyTorch's names.

``dim`` is PyTorch's name for ``axis``; both are taken.
"""

from typing import Any

from xgrad.engine.tensor import Tensor
from xgrad.nn.losses_functional import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    mse_loss,
    nll_loss,
)
from xgrad.ops import reductions
from xgrad.ops.creation import asarray
from xgrad.ops.elementwise import sigmoid
from xgrad.ops.products import affine, matmul_transposed
from xgrad.ops.selection import relu
from xgrad.ops.shape import reshape
from xgrad.ops.trigonometry import tanh
from xgrad.random import Generator, default_generator

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "linear",
    "log_softmax",
    "mse_loss",
    "nll_loss",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]


def linear(input: Any, weight: Any, bias: Any = None) -> Tensor:
    """``input @ weightᵀ + bias``: (..., n_in), (n_out, n_in), (n_out) to (..., n_out)."""
    shape = tuple(input.shape)
    if not shape or shape[-1] != weight.shape[1]:
        raise ValueError(
            f"linear: expected input (..., {weight.shape[1]}) for weight "
            f"{tuple(weight.shape)}, got {shape}"
        )
    x = reshape(input, (1, *shape)) if len(shape) == 1 else input
    out = matmul_transposed(x, weight) if bias is None else affine(x, weight, bias)
    return reshape(out, (weight.shape[0],)) if len(shape) == 1 else out


def _axis(function: str, dim: int | None, axis: int | None) -> int:
    if (dim is None) == (axis is None):
        raise TypeError(f"{function}: give one of dim and axis")
    return axis if dim is None else dim  # type: ignore[return-value]


def softmax(input: Any, dim: int | None = None, *, axis: int | None = None) -> Tensor:
    """``exp(x) / sum(exp(x))`` along an axis."""
    return reductions.softmax(input, axis=_axis("softmax", dim, axis))


def log_softmax(input: Any, dim: int | None = None, *, axis: int | None = None) -> Tensor:
    """Logarithm of `softmax`, without overflow."""
    return reductions.log_softmax(input, axis=_axis("log_softmax", dim, axis))


def dropout(
    input: Any, p: float = 0.5, training: bool = True, *, generator: Generator | None = None
) -> Tensor:
    """Set elements to 0 with probability ``p`` and scale the rest by ``1 / (1 - p)``."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: expected a probability in [0, 1], got {p}")
    x = asarray(input)
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0.0
    kept = (generator or default_generator()).uniform_like(x) >= p
    return x * (kept.astype(x.dtype) * (1 / (1 - p)))
