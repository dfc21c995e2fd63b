"""Adam and AdamW."""

from collections.abc import Iterable
from typing import Any

from xgrad.backends import updates
from xgrad.optim.optimizer import Group, Optimizer


class Adam(Optimizer):
    """Adam (Kingma & Ba, 2015, algorithm 1), with weight decay added to the gradient.

    ``m = β₁ m + (1 - β₁) g``, ``s = β₂ s + (1 - β₂) g²``,
    ``p = p - lr m̂ / (√ŝ + eps)`` with ``m̂ = m / (1 - β₁ᵗ)``, ``ŝ = s / (1 - β₂ᵗ)``; with
    ``amsgrad``, the largest s so far replaces s.

    See Also
    --------
    xgrad.optim.AdamW : Weight decay decoupled from the gradient; its default is not 0.
    """

    _rule = staticmethod(updates.adam)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "betas": betas,
                "eps": eps,
                "weight_decay": weight_decay,
                "amsgrad": amsgrad,
                "maximize": maximize,
            },
        )

    def _start(self, group: Group) -> dict[str, float]:
        start = {"step": 0, "exp_avg": 0.0, "exp_avg_sq": 0.0}
        return {**start, "max_exp_avg_sq": 0.0} if group["amsgrad"] else start


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019).

    See Also
    --------
    xgrad.optim.Adam : Weight decay added to the gradient.
    """

    _rule = staticmethod(updates.adamw)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
