"""The one-cycle schedule of the learning rate and the momentum."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from xgrad.nn.checks import number, whole
from xgrad.optim.optimizer import Optimizer
from xgrad.optim.schedulers import LRScheduler


class OneCycleLR(LRScheduler):
    """Raise the rate to ``max_lr`` and lower it again, once; the momentum moves inversely.

    The rate rises from ``max_lr / div_factor`` in ``pct_start`` of the steps, then falls to
    the initial rate divided by ``final_div_factor`` (Smith and Topin, 2018). Call ``step()`` after
    each batch, ``total_steps`` times; the last call keeps the rate, and further calls raise.

    Parameters
    ----------
    optimizer : Optimizer
    max_lr : float, or one for each group
    total_steps : int, or ``epochs`` and ``steps_per_epoch``
    pct_start : float
        The fraction of the steps in which the rate rises.
    anneal_strategy : {"cos", "linear"}
    cycle_momentum : bool
        Whether the momentum (or the first of betas) changes from ``max_momentum`` to
        ``base_momentum`` and back.
    div_factor, final_div_factor : float
    three_phase : bool
        Lower the rate to the initial one as fast as it rose, then to the final one.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        for name, momentum in (("base", base_momentum), ("max", max_momentum)):
            number("OneCycleLR", f"{name}_momentum", momentum, 0, 1)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR: pass total_steps, or epochs and steps_per_epoch")
            total_steps = whole("OneCycleLR", "epochs", epochs, 1) * whole(
                "OneCycleLR", "steps_per_epoch", steps_per_epoch, 1
            )
        whole("OneCycleLR", "total_steps", total_steps, 1)
        number("OneCycleLR", "pct_start", pct_start, 0, 1)
        number("OneCycleLR", "div_factor", div_factor, 0, above=True)
        number("OneCycleLR", "final_div_factor", final_div_factor, 0, above=True)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}"
            )
        count = len(optimizer.param_groups)
        self.max_lrs = list(max_lr) if isinstance(max_lr, Sequence) else [max_lr] * count
        if len(self.max_lrs) != count:
            raise ValueError(f"OneCycleLR: expected {count} max_lr, got {len(self.max_lrs)}")
        for largest in self.max_lrs:
            number("OneCycleLR", "max_lr", largest, 0)
        self.total_steps, self.anneal_strategy = total_steps, anneal_strategy
        self.cycle_momentum = cycle_momentum
        self.base_momentum, self.max_momentum = base_momentum, max_momentum
        rise = pct_start * total_steps - 1
        last = total_steps - 1
        # Phases: the end of each, and its target: 0 initial, 1 largest, 2 final rate.
        self.phases = [(rise, 0, 1), (last, 1, 2)]
        if three_phase:
            self.phases = [(rise, 0, 1), (2 * pct_start * total_steps - 2, 1, 0), (last, 0, 2)]
        self.div_factor, self.final_div_factor = div_factor, final_div_factor
        for group, largest in zip(optimizer.param_groups, self.max_lrs, strict=True):
            group["initial_lr"] = largest / div_factor
        super().__init__(optimizer)

    def _between(self, points: Sequence[float]) -> float:
        """Return the current interpolation between three points of a cycle."""
        start, time = 0.0, min(self.last_epoch, self.total_steps - 1)  # the last rate is kept
        for end, first, second in self.phases:
            if time <= end or (end, first, second) == self.phases[-1]:
                part = (time - start) / (end - start) if end > start else 1.0
                if self.anneal_strategy == "cos":
                    part = (1 - math.cos(math.pi * part)) / 2
                return points[first] + (points[second] - points[first]) * part
            start = end
        raise AssertionError("the last phase ends with the cycle")

    def step(self) -> None:
        """Advance by one step and set the rates, up to ``total_steps`` times."""
        if self.last_epoch >= self.total_steps:
            raise ValueError(f"OneCycleLR: all {self.total_steps} steps have been taken")
        super().step()

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Restore a saved state, with its rates and momenta."""
        super().load_state_dict(saved)
        self._apply()

    def _apply(self) -> None:
        for group, largest, first in zip(
            self.optimizer.param_groups, self.max_lrs, self.base_lrs, strict=True
        ):
            group["lr"] = self._between((first, largest, first / self.final_div_factor))
            if self.cycle_momentum:
                high, low = self.max_momentum, self.base_momentum
                momentum = self._between((high, low, high))
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                elif "momentum" in group:
                    group["momentum"] = momentum
                else:
                    raise ValueError(
                        "OneCycleLR: the optimizer does not have a momentum; pass "
                        "cycle_momentum=False"
                    )
