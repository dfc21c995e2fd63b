"""Adam and AdamW."""

import math
from collections.abc import Iterable
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.backends.optimizers import counted
from xgrad.optim.optimizer import Group, Members, Optimizer, State


class Adam(Optimizer):
    """Adam (Kingma & Ba, 2015, algorithm 1), with weight decay added to the gradient.

    ``m = β₁ m + (1 - β₁) g``, ``s = β₂ s + (1 - β₂) g²``,
    ``p = p - lr m̂ / (√ŝ + eps)`` with ``m̂ = m / (1 - β₁ᵗ)``, ``ŝ = s / (1 - β₂ᵗ)``; with
    ``amsgrad``, the largest s so far instead of s.
    """

    _decoupled = False

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

    def _skips_on_device(self, group: Group) -> bool:
        return not group["amsgrad"]

    def _update_all(self, xp: Namespace, group: Group, members: Members) -> list[Any]:
        values, grads, states, skip = members
        for value, state in zip(values, states, strict=True):
            if not state:
                state.update(step=0, exp_avg=xp.zeros_like(value), exp_avg_sq=xp.zeros_like(value))
        if group["amsgrad"]:
            return super()._update_all(xp, group, members)
        new: list[Any] = [None] * len(values)
        for chosen in _by_step(states):
            own = [states[i] for i in chosen]
            step = counted(xp, own[0]["step"], skip, xp.device(values[chosen[0]]))
            results = xp.adam_all(
                [values[i] for i in chosen],
                [grads[i] for i in chosen],
                [state["exp_avg"] for state in own],
                [state["exp_avg_sq"] for state in own],
                lr=group["lr"],
                betas=group["betas"],
                eps=group["eps"],
                step=step,
                weight_decay=group["weight_decay"],
                decoupled=self._decoupled,
                maximize=group["maximize"],
                skip=skip,
                cache=self._cache,
            )
            for i, state, (value, mean, square) in zip(chosen, own, results, strict=True):
                new[i] = value
                state.update(step=step, exp_avg=mean, exp_avg_sq=square)
        return new

    def _update(self, xp: Namespace, value: Any, grad: Any, state: State, group: Group) -> Any:
        state["step"] += 1
        return self._amsgrad(xp, value, grad, state, group)

    def _amsgrad(self, xp: Namespace, value: Any, grad: Any, state: State, group: Group) -> Any:
        """Adam with the largest second moment so far (Reddi and others, 2018)."""
        (beta1, beta2), lr, step = group["betas"], group["lr"], state["step"]
        if self._decoupled:
            value = value * (1 - lr * group["weight_decay"])
        elif group["weight_decay"]:
            grad = grad + group["weight_decay"] * value
        mean = beta1 * state["exp_avg"] + (1 - beta1) * grad
        square = beta2 * state["exp_avg_sq"] + (1 - beta2) * xp.square(grad)
        largest = xp.maximum(state.get("max_exp_avg_sq", square), square)
        state.update(exp_avg=mean, exp_avg_sq=square, max_exp_avg_sq=largest)
        root = xp.sqrt(largest) / math.sqrt(1 - beta2**step) + group["eps"]
        return value - (lr / (1 - beta1**step)) * (mean / root)


def _by_step(states: list[State]) -> list[list[int]]:
    """Return the positions of the states that have made the same number of steps."""
    found: dict[Any, list[int]] = {}
    for i, state in enumerate(states):
        step = state["step"]
        found.setdefault(step if isinstance(step, int) else id(step), []).append(i)
    return list(found.values())


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
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
