"""Learning rates over time, under PyTorch's names.

Each schedule is a closed form: the rate of a group at time t, from its first rate. So a
schedule can be resumed from its time alone, and asked for any time.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xgrad.optim.optimizer import Optimizer


class LRScheduler:
    """The base class: subclasses say what the rate is at a time.

    Call ``step()`` after each epoch (or batch): the time goes up by one, and the rates of
    the optimizer's groups are set.

    Attributes
    ----------
    base_lrs : list of float
        The rates of the groups at the start.
    last_epoch : int
        The time, 0 at first.
    """

    #: Attributes that a state dict leaves out.
    _outside: tuple[str, ...] = ("optimizer",)

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = 0
        self._apply()

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time of a group that starts with ``base``."""
        raise NotImplementedError

    def step(self) -> None:
        """Go on by one and set the rates."""
        self.last_epoch += 1
        self._apply()

    def _apply(self) -> None:
        for i, group in enumerate(self.optimizer.param_groups):
            group["lr"] = self._rate_of_group(i)

    def _rate_of_group(self, i: int) -> float:
        return self.rate(self.base_lrs[i], self.last_epoch)

    def get_last_lr(self) -> list[float]:
        """Return the rate of each group."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer and functions."""
        return {
            k: v for k, v in self.__dict__.items() if k not in self._outside and not callable(v)
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go on from where another schedule's state was taken."""
        self.__dict__.update(saved)
        self._apply()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(time={self.last_epoch}, lr={self.get_last_lr()})"


class LambdaLR(LRScheduler):
    """The first rate times ``lr_lambda(t)``; a list has a function for each group."""

    _outside = ("optimizer", "functions")

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
    ) -> None:
        count = len(optimizer.param_groups)
        self.functions = [lr_lambda] * count if callable(lr_lambda) else list(lr_lambda)
        if len(self.functions) != count:
            raise ValueError(f"LambdaLR: expected {count} functions, got {len(self.functions)}")
        super().__init__(optimizer)

    def _rate_of_group(self, i: int) -> float:
        return float(self.base_lrs[i] * self.functions[i](self.last_epoch))


class StepLR(LRScheduler):
    """Multiply by ``gamma`` every ``step_size`` steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        return base * self.gamma ** (time // self.step_size)


class MultiStepLR(LRScheduler):
    """Multiply by ``gamma`` at each of several times."""

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        return base * self.gamma ** bisect_right(self.milestones, time)


class ConstantLR(LRScheduler):
    """Multiply by ``factor`` until ``total_iters``."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5) -> None:
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        return base * (self.factor if time < self.total_iters else 1.0)


class LinearLR(LRScheduler):
    """Multiply by a factor that goes from one number to another in ``total_iters`` steps."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        if not 0 < start_factor <= 1 or not 0 <= end_factor <= 1:
            raise ValueError(
                f"LinearLR: expected factors in (0, 1], got {start_factor} and {end_factor}"
            )
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        part = min(time, self.total_iters) / self.total_iters
        return base * (self.start_factor + (self.end_factor - self.start_factor) * part)


class ExponentialLR(LRScheduler):
    """Multiply by ``gamma`` at each step."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        return float(base * self.gamma**time)


class PolynomialLR(LRScheduler):
    """``base (1 - t / total_iters)^power``, 0 from then on."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        left = 1 - min(time, self.total_iters) / self.total_iters
        return float(base * left**self.power)


class CosineAnnealingLR(LRScheduler):
    """Half a cosine from the first rate to ``eta_min`` in ``T_max`` steps, and back again.

    ``eta_min + (base - eta_min) (1 + cos(π t / T_max)) / 2`` (Loshchilov and Hutter, 2017).

    Examples
    --------
    >>> import xgrad as xg
    >>> optimizer = xg.optim.SGD([xg.tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = xg.optim.CosineAnnealingLR(optimizer, T_max=2)
    >>> for _ in range(3):
    ...     print(round(optimizer.param_groups[0]["lr"], 3))
    ...     schedule.step()
    1.0
    0.5
    0.0
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803 - PyTorch's name
        eta_min: float = 0.0,
    ) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        part = (1 + math.cos(math.pi * time / self.T_max)) / 2
        return self.eta_min + (base - self.eta_min) * part


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half cosines that start again: ``T_0`` steps, then ``T_mult`` times as many each time."""

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,  # noqa: N803 - PyTorch's name
        T_mult: int = 1,  # noqa: N803 - PyTorch's name
        eta_min: float = 0.0,
    ) -> None:
        if T_0 < 1 or T_mult < 1:
            raise ValueError(
                f"CosineAnnealingWarmRestarts: expected T_0 and T_mult from 1 on, "
                f"got {T_0} and {T_mult}"
            )
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        length = self.T_0
        if self.T_mult == 1:
            time %= length
        while time >= length:
            time -= length
            length *= self.T_mult
        part = (1 + math.cos(math.pi * time / length)) / 2
        return self.eta_min + (base - self.eta_min) * part


class SequentialLR(LRScheduler):
    """One schedule after the other: the i-th from ``milestones[i - 1]`` on, at its own time 0."""

    _outside = ("optimizer", "schedulers")

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
    ) -> None:
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        if len(self.milestones) != len(self.schedulers) - 1:
            raise ValueError(
                f"SequentialLR: expected {len(self.schedulers) - 1} milestones for "
                f"{len(self.schedulers)} schedulers, got {len(self.milestones)}"
            )
        if any(s.optimizer is not optimizer for s in self.schedulers):
            raise ValueError("SequentialLR: a scheduler is of another optimizer")
        super().__init__(optimizer)

    def _apply(self) -> None:
        chosen = bisect_right(self.milestones, self.last_epoch)
        start = self.milestones[chosen - 1] if chosen else 0
        scheduler = self.schedulers[chosen]
        scheduler.last_epoch = self.last_epoch - start
        scheduler._apply()
