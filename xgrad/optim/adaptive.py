"""Optimizers with separate step sizes per element: RMSprop, Adagrad, Adadelta, NAdam, Lion."""

from collections.abc import Iterable
from typing import Any

from xgrad.backends import updates
from xgrad.optim.optimizer import Group, Optimizer


class RMSprop(Optimizer):
    """RMSprop (Tieleman and Hinton, 2012), with momentum, and centered (Graves, 2013).

    ``s = alpha s + (1 - alpha) g²``, ``p = p - lr g / (√s + eps)``; ``centered`` subtracts
    the square of the mean gradient from s; with momentum, the step is
    ``v = momentum v + g / (√s + eps)``.
    """

    _rule = staticmethod(updates.rmsprop)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "alpha": alpha,
                "eps": eps,
                "weight_decay": weight_decay,
                "momentum": momentum,
                "centered": centered,
                "maximize": maximize,
            },
        )

    def _start(self, group: Group) -> dict[str, float]:
        used = {"grad_avg": group["centered"], "momentum_buffer": group["momentum"]}
        return {"square_avg": 0.0, **{name: 0.0 for name, is_used in used.items() if is_used}}


class Adagrad(Optimizer):
    """Adagrad (Duchi and others, 2011): ``s = s + g²``, ``p = p - lr g / (√s + eps)``.

    With ``lr_decay`` the rate decreases as ``lr / (1 + t lr_decay)``.
    """

    _rule = staticmethod(updates.adagrad)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "lr_decay": lr_decay,
                "eps": eps,
                "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value,
                "maximize": maximize,
            },
        )

    def _start(self, group: Group) -> dict[str, float]:
        return {"step": 0, "sum": group["initial_accumulator_value"]}


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012): steps in the units of the parameter.

    ``s = rho s + (1 - rho) g²``, ``d = √(u + eps) / √(s + eps) g``,
    ``u = rho u + (1 - rho) d²``, ``p = p - lr d``.
    """

    _rule = staticmethod(updates.adadelta)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize},
        )

    def _start(self, group: Group) -> dict[str, float]:
        return {"square_avg": 0.0, "acc_delta": 0.0}


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016).

    The momentum at step t is ``β₁ (1 - 0.96^(t momentum_decay) / 2)``.
    """

    _rule = staticmethod(updates.nadam)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
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
                "momentum_decay": momentum_decay,
                "decoupled_weight_decay": decoupled_weight_decay,
                "maximize": maximize,
            },
        )

    def _start(self, group: Group) -> dict[str, float]:
        return {"step": 0, "mu_product": 1.0, "exp_avg": 0.0, "exp_avg_sq": 0.0}


class Lion(Optimizer):
    """Lion (Chen and others, 2023): the sign of the momentum, and decoupled weight decay.

    ``p = p - lr (sign(β₁ m + (1 - β₁) g) + weight_decay p)``, ``m = β₂ m + (1 - β₂) g``.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = xg.optim.Lion([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    Tensor([ 0.9, -1.9])
    """

    _rule = staticmethod(updates.lion)

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize}
        )

    def _start(self, group: Group) -> dict[str, float]:
        return {"exp_avg": 0.0}
