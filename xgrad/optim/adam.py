"""Adam and AdamW."""

from collections.abc import Iterable
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.optim.optimizer import Group, Optimizer, State


class Adam(Optimizer):
    """Adam (Kingma & Ba, 2015, algorithm 1), with weight decay added to the gradient.

    ``m = β₁ m + (1 - β₁) g``, ``s = β₂ s + (1 - β₂) g²``,
    ``p = p - lr m̂ / (√ŝ + eps)`` with ``m̂ = m / (1 - β₁ᵗ)``, ``ŝ = s / (1 - β₂ᵗ)``.
    """

    _decoupled = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        )

    def _check(self, group: Group) -> None:
        super()._check(group)
        if not all(0 <= beta < 1 for beta in group["betas"]):
            raise ValueError(
                f"{type(self).__name__}: betas must be in [0, 1), got {group['betas']}"
            )

    def _update(self, xp: Namespace, value: Any, grad: Any, state: State, group: Group) -> Any:
        if not state:
            state.update(step=0, exp_avg=xp.zeros_like(value), exp_avg_sq=xp.zeros_like(value))
        state["step"] += 1
        value, state["exp_avg"], state["exp_avg_sq"] = xp.adam(
            value,
            grad,
            state["exp_avg"],
            state["exp_avg_sq"],
            lr=group["lr"],
            betas=group["betas"],
            eps=group["eps"],
            step=state["step"],
            weight_decay=group["weight_decay"],
            decoupled=self._decoupled,
        )
        return value


class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov & Hutter, 2019)."""

    _decoupled = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)
