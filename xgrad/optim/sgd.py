"""Stochastic gradient descent."""

from collections.abc import Iterable
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.optim.optimizer import Group, Members, Optimizer


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

    def _skips_on_device(self, group: Group) -> bool:
        return not (group["momentum"] and group["dampening"])  # which spares the first step

    def _update_all(self, xp: Namespace, group: Group, members: Members) -> list[Any]:
        values, grads, states, skip = members
        new: list[Any] = [None] * len(values)
        momentum = group["momentum"]
        for first in (False, True):  # a velocity starts as the first gradient
            chosen = [i for i, s in enumerate(states) if ("momentum_buffer" not in s) is first]
            if not chosen:
                continue
            velocities = [states[i].get("momentum_buffer") for i in chosen]
            if first and momentum and skip is not None:  # zeros, for a first step that is skipped
                velocities = [xp.zeros_like(values[i]) for i in chosen]
            results = xp.sgd_all(
                [values[i] for i in chosen],
                [grads[i] for i in chosen],
                velocities,
                lr=group["lr"],
                momentum=momentum,
                dampening=group["dampening"],
                weight_decay=group["weight_decay"],
                nesterov=group["nesterov"],
                first=first,
                maximize=group["maximize"],
                skip=skip,
                cache=self._cache,
            )
            for i, (value, velocity) in zip(chosen, results, strict=True):
                new[i] = value
                if velocity is not None:
                    states[i]["momentum_buffer"] = velocity
        return new
