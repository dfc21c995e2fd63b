"""Optimizers with a step of its own for each element: RMSprop, Adagrad, Adadelta, NAdam, Lion."""

from collections.abc import Iterable
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.optim.optimizer import Group, Members, Optimizer, State


def _decayed(value: Any, grad: Any, group: Group) -> Any:
    """Add the gradient of the weight decay."""
    return grad + group["weight_decay"] * value if group["weight_decay"] else grad


class RMSprop(Optimizer):
    """RMSprop (Tieleman and Hinton, 2012), with momentum, and centred (Graves, 2013).

    ``s = alpha s + (1 - alpha) g²``, ``p = p - lr g / (√s + eps)``; ``centered`` subtracts
    the square of the mean gradient from s; with momentum, ``v = momentum v + g / (√s + eps)``
    is the step.
    """

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

    def _skips_on_device(self, group: Group) -> bool:
        return True

    def _update_all(self, xp: Namespace, group: Group, members: Members) -> list[Any]:
        values, grads, states, skip = members
        used = {"square_avg": True, "grad_avg": group["centered"]}
        used["momentum_buffer"] = bool(group["momentum"])
        for value, state in zip(values, states, strict=True):
            for name, is_used in used.items():
                if is_used and name not in state:
                    state[name] = xp.zeros_like(value)
        results = xp.rmsprop_all(
            values,
            grads,
            *([state[name] if used[name] else None for state in states] for name in used),
            lr=group["lr"],
            alpha=group["alpha"],
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            maximize=group["maximize"],
            skip=skip,
            cache=self._cache,
        )
        for state, (_, *kept) in zip(states, results, strict=True):
            state.update({name: x for name, x in zip(used, kept, strict=True) if used[name]})
        return [value for value, *_ in results]


class Adagrad(Optimizer):
    """Adagrad (Duchi and others, 2011): ``s = s + g²``, ``p = p - lr g / (√s + eps)``.

    With ``lr_decay`` the rate falls as ``lr / (1 + t lr_decay)``.
    """

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

    def _update(self, xp: Namespace, value: Any, grad: Any, state: State, group: Group) -> Any:
        if not state:
            start = xp.full_like(value, group["initial_accumulator_value"])
            state.update(step=0, sum=start)
        grad = _decayed(value, grad, group)
        rate = group["lr"] / (1 + state["step"] * group["lr_decay"])
        state["step"] += 1
        state["sum"] = state["sum"] + xp.square(grad)
        return value - rate * (grad / (xp.sqrt(state["sum"]) + group["eps"]))


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012): steps in the units of the parameter.

    ``s = rho s + (1 - rho) g²``, ``d = √(u + eps) / √(s + eps) g``,
    ``u = rho u + (1 - rho) d²``, ``p = p - lr d``.
    """

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

    def _update(self, xp: Namespace, value: Any, grad: Any, state: State, group: Group) -> Any:
        rho, eps, zeros = group["rho"], group["eps"], xp.zeros_like(value)
        grad = _decayed(value, grad, group)
        square = rho * state.get("square_avg", zeros) + (1 - rho) * xp.square(grad)
        before = state.get("acc_delta", zeros)
        delta = xp.sqrt(before + eps) / xp.sqrt(square + eps) * grad
        state["square_avg"], state["acc_delta"] = (
            square,
            rho * before + (1 - rho) * xp.square(delta),
        )
        return value - group["lr"] * delta


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016).

    The momentum at step t is ``β₁ (1 - 0.96^(t momentum_decay) / 2)``.
    """

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

    def _update(self, xp: Namespace, value: Any, grad: Any, state: State, group: Group) -> Any:
        if not state:
            zeros = xp.zeros_like(value)
            state.update(step=0, mu_product=1.0, exp_avg=zeros, exp_avg_sq=zeros)
        state["step"] += 1
        (beta1, beta2), lr, step = group["betas"], group["lr"], state["step"]
        if group["decoupled_weight_decay"]:
            value = value * (1 - lr * group["weight_decay"])
        else:
            grad = _decayed(value, grad, group)
        decay = group["momentum_decay"]
        momentum = beta1 * (1 - 0.5 * 0.96 ** (step * decay))
        following = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * decay))
        product = state["mu_product"] * momentum
        mean = beta1 * state["exp_avg"] + (1 - beta1) * grad
        square = beta2 * state["exp_avg_sq"] + (1 - beta2) * xp.square(grad)
        state.update(mu_product=product, exp_avg=mean, exp_avg_sq=square)
        root = xp.sqrt(square / (1 - beta2**step)) + group["eps"]
        by_grad = lr * (1 - momentum) / (1 - product)
        by_mean = lr * following / (1 - product * following)
        return value - (by_grad * grad + by_mean * mean) / root


class Lion(Optimizer):
    """Lion (Chen and others, 2023): the sign of a momentum, and decoupled weight decay.

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

    def _update(self, xp: Namespace, value: Any, grad: Any, state: State, group: Group) -> Any:
        beta1, beta2 = group["betas"]
        mean = state.get("exp_avg", xp.zeros_like(value))
        step = xp.sign(beta1 * mean + (1 - beta1) * grad) + group["weight_decay"] * value
        state["exp_avg"] = beta2 * mean + (1 - beta2) * grad
        return value - group["lr"] * step
