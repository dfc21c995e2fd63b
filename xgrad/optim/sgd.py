"""Stochastic gradient descent."""

from collections.abc import Iterable
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.optim.optimizer import Group, Optimizer, State


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum, Nesterov's too, and weight decay.

    ``v = momentum v + (1 - dampening) g``, ``p = p - lr v``, as in PyTorch (Sutskever et
    al., 2013, up to where lr stands); with ``nesterov`` the step is ``g + momentum v``.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor([1.0], requires_grad=True)
    >>> optimizer = xg.optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w.detach()
    Tensor([0.8])
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
                "maximize": maximize,
            },
        )

    def _check(self, group: Group) -> None:
        super()._check(group)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("SGD: nesterov needs a momentum and no dampening")

    def _update(self, xp: Namespace, value: Any, grad: Any, state: State, group: Group) -> Any:
        velocity = state.get("momentum_buffer")
        value, velocity = xp.sgd(
            value,
            grad,
            velocity,
            lr=group["lr"],
            momentum=group["momentum"],
            dampening=group["dampening"],
            weight_decay=group["weight_decay"],
            nesterov=group["nesterov"],
            first=velocity is None,
        )
        if velocity is not None:
            state["momentum_buffer"] = velocity
        return value
