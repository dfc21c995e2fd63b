"""Losses as modules over the functions of `xgrad.nn.functional`."""

from typing import Any

from xgrad.engine.tensor import Tensor
from xgrad.nn import functional
from xgrad.nn.losses_functional import REDUCTIONS
from xgrad.nn.module import Module
from xgrad.ops.creation import asarray


class _Loss(Module):
    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        if reduction not in REDUCTIONS:
            raise ValueError(
                f"{type(self).__name__}: reduction must be one of {', '.join(REDUCTIONS)}, "
                f"got {reduction!r}"
            )
        self.reduction = reduction

    def extra_repr(self) -> str:
        """Return the reduction."""
        return f"reduction={self.reduction!r}"


class _WeightedLoss(_Loss):
    weight: Tensor | None

    def __init__(self, weight: Any = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.register_buffer("weight", None if weight is None else asarray(weight))


class MSELoss(_Loss):
    """Squared differences of input and target, shapes equal."""

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the loss."""
        return functional.mse_loss(input, target, self.reduction)


class BCELoss(_WeightedLoss):
    """Binary cross entropy of probabilities, finite at 0 and 1. Also named `LogLoss`."""

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the loss."""
        return functional.binary_cross_entropy(input, target, self.weight, self.reduction)


LogLoss = BCELoss


class BCEWithLogitsLoss(_WeightedLoss):
    """Binary cross entropy of ``sigmoid(input)``, without overflow."""

    pos_weight: Tensor | None

    def __init__(self, weight: Any = None, reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(weight, reduction)
        self.register_buffer("pos_weight", None if pos_weight is None else asarray(pos_weight))

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the loss."""
        return functional.binary_cross_entropy_with_logits(
            input, target, self.weight, self.reduction, self.pos_weight
        )


class NLLLoss(_WeightedLoss):
    """Minus the log probability of each target class: see `nn.functional.nll_loss`."""

    def __init__(
        self, weight: Any = None, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(weight, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the loss."""
        return functional.nll_loss(input, target, self.weight, self.ignore_index, self.reduction)


class CrossEntropyLoss(NLLLoss):
    """Negative log likelihood of the softmax of scores."""

    def forward(self, input: Any, target: Any) -> Tensor:
        """Return the loss."""
        return functional.cross_entropy(
            input, target, self.weight, self.ignore_index, self.reduction
        )
