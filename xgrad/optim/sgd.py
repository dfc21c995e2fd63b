"""Stochastic gradient descent."""

from collections.abc import Iterable
from typing import Any

from xgrad.backends import updates
from xgrad.optim.optimizer import Group, Optimizer


class SGD(Optimizer):
    """Stochastic gradient descent with momentum, optionally Nesterov's, and weight decay.

    ``v = momentum v + (1 - dampening) g``, ``p = p - lr v``, as in PyTorch (Sutskever et
    al., 2013, except for the place of lr); with ``nesterov`` the step is ``g + momentum v``.

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

    _rule = staticmethod(updates.sgd)

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
            raise ValueError("SGD: nesterov requires a momentum and zero dampening")

    def _start(self, group: Group) -> dict[str, float]:
        if group["dampening"] or not group["momentum"]:  # the first step is not dampened
            return {}
        return {"momentum_buffer": 0.0}
