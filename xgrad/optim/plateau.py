"""Learning rates that decrease when a metric stops improving."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from xgrad.nn.checks import number, plain, whole
from xgrad.nn.construction import checked
from xgrad.optim.optimizer import Optimizer
from xgrad.optim.schedulers import LRScheduler


class ReduceLROnPlateau:
    """Multiply by ``factor`` when a metric has not improved for ``patience`` steps.

    Parameters
    ----------
    optimizer : Optimizer
    mode : {"min", "max"}
    factor : float
        In (0, 1).
    patience : int
        How many steps without improvement to tolerate.
    threshold : float
        The smallest change that counts as an improvement: relative to the best value with
        ``threshold_mode`` "rel", absolute with "abs".
    cooldown : int
        How many steps after a reduction are ignored.
    min_lr : float, or one for each group
    eps : float
        Smaller changes of a rate are skipped.
    """

    @checked
    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        name = "ReduceLROnPlateau"
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{name}: expected an Optimizer, got {type(optimizer).__name__}")
        number(name, "factor", factor, 0, 1, below=True)
        whole(name, "patience", patience, 0)
        whole(name, "cooldown", cooldown, 0)
        number(name, "threshold", threshold, 0)
        number(name, "eps", eps, 0)
        lowest = list(min_lr) if isinstance(min_lr, Sequence) else [min_lr]
        for rate in lowest:
            number(name, "min_lr", rate, 0)
        count = len(optimizer.param_groups)
        if isinstance(min_lr, Sequence) and len(lowest) != count:
            raise ValueError(f"{name}: expected {count} min_lr, one per group, got {len(lowest)}")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(
                "ReduceLROnPlateau: mode must be 'min' or 'max', threshold_mode 'rel' or 'abs'; "
                f"got {mode!r} and {threshold_mode!r}"
            )
        self.optimizer, self.mode, self.factor = optimizer, mode, factor
        self.patience, self.threshold, self.threshold_mode = patience, threshold, threshold_mode
        self.cooldown, self.eps = cooldown, eps
        self.min_lrs = lowest if isinstance(min_lr, Sequence) else lowest * count
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0

    def _is_better(self, value: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        margin = self.threshold
        if self.threshold_mode == "rel":
            bound = self.best * (1 + sign * margin)
        else:
            bound = self.best + sign * margin
        return value * sign > bound * sign

    def step(self, metrics: Any) -> None:
        """Record the metric of a step, and reduce the rates if due."""
        value = float(metrics.item() if hasattr(metrics, "item") else metrics)
        self.last_epoch += 1
        if self._is_better(value):
            self.best, self.num_bad_epochs = value, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, least in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
                rate = max(group["lr"] * self.factor, least)
                if group["lr"] - rate > self.eps:
                    group["lr"] = rate
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    get_last_lr = LRScheduler.get_last_lr

    def state_dict(self) -> dict[str, Any]:
        """Return the complete state without the optimizer."""
        return {k: plain(v) for k, v in self.__dict__.items() if k != "optimizer"}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Restore a saved state."""
        self.__dict__.update(saved)
