"""Hooks that do at once what a rule does in steps; None where a library has nothing better.

The agnostic twin of each is the formula at its call site, which runs where the hook returns
None: for other dtypes and layouts, on Tensors, and on libraries without kernels.
"""

from collections.abc import Sequence
from typing import Any

Array = Any
Axes = tuple[int, ...]


class Fused:
    """What a backend with kernels of its own overrides; ``self`` is a namespace."""

    def fused_softmax(self, x: Array, axis: int, log: bool) -> Array | None:
        """The softmax along an axis, or its logarithm."""
        return None

    def fused_softmax_vjp(self, g: Array, out: Array, axis: int, log: bool) -> Array | None:
        """The cotangent of its argument."""
        return None

    def fused_cross_entropy(
        self, scores: Array, target: Array, ignore_index: int, mean: bool
    ) -> tuple[Array, Array] | None:
        """The losses, or their mean, and the log softmax along the last axis."""
        return None

    def fused_cross_entropy_vjp(
        self, by_loss: Array, log_p: Array, target: Array, ignore_index: int, mean: bool
    ) -> Array | None:
        """The cotangent of the scores."""
        return None

    def fused_standardise(
        self, x: Array, axis: Axes, eps: float, centred: bool
    ) -> tuple[Array, Array, Array] | None:
        """The standard scores, the mean and the variance over axes."""
        return None

    def fused_over_deviation(
        self, g: Array, y: Array, variance: Array, axis: Axes, eps: float, centred: bool
    ) -> Array | None:
        """The rule of standard scores ``y``."""
        return None

    def fused_activation(self, name: str, x: Array) -> Any:
        """What an activation computes: "silu", "silu_partial", "gelu" (with Φ), "gelu_tanh"..."""
        return None

    def fused_gelu_vjp(self, g: Array, x: Array, share: Array) -> Array | None:
        """The cotangent of the argument of a GELU, where Φ(x) is known."""
        return None

    def lstm_scan(self, x: Array, h: Array, c: Array, w: Array) -> Any:
        """Run a whole LSTM at once, or return None where there is nothing better than steps."""
        return None

    def lstm_changes(self, *values: Any) -> Any:
        """Run it backwards at once, or return None."""
        return None

    def clip_norm(self, arrays: Sequence[Array], largest: float) -> Array | None:
        """Scale arrays in place so that their common norm is at most ``largest``.

        Returns the norm before. The twin is in `xgrad.nn.utils.clip_grad_norm_`.
        """
        return None
