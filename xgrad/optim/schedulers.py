"""Learning rates over time, under PyTorch's names.

Each schedule is a closed form: the rate of a group at time t, from its initial rate. Schedules
that can be chained also define the rate from the previous one, and so continue from a rate that
was set manually, or by another schedule.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xgrad.nn.checks import number, plain, whole
from xgrad.nn.construction import checked
from xgrad.optim.optimizer import Optimizer

__all__ = [
    "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "PolynomialLR", "SequentialLR", "StepLR",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


class LRScheduler:
    """The base class: subclasses define the rate at a time.

    Call ``step()`` after each epoch (or batch): it increments the time and sets the rates of
    the optimizer's groups. If a rate was changed in between, a schedule with
    ``following`` continues from it; the others override it.

    Attributes
    ----------
    base_lrs : list of float
        The initial rates of the groups.
    last_epoch : int
        The time, initially 0.
    """

    #: Attributes that are not part of a state dict.
    _outside: tuple[str, ...] = ("optimizer",)

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if cls.__module__.startswith("xgrad.optim.") and "__init__" in vars(cls):
            cls.__init__ = checked(cls.__init__)  # type: ignore[method-assign]

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__}: expected an Optimizer, got {type(optimizer).__name__}"
            )
        self.optimizer = optimizer
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs = [float(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = 0
        self._apply()

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time, for a group with the initial rate ``base``."""
        raise NotImplementedError(f"{type(self).__name__} does not define rate()")

    def following(self, rate: float, base: float, time: int) -> float:
        """Return the rate at a time, for a group whose previous rate was ``rate``."""
        return self.rate(base, time)

    def step(self) -> None:
        """Advance by one step and set the rates."""
        self.last_epoch += 1
        self._apply()

    def _apply(self) -> None:
        count = len(self.optimizer.param_groups)
        if count != len(self.base_lrs):
            raise ValueError(
                f"{type(self).__name__}: the optimizer now has {count} groups, not "
                f"{len(self.base_lrs)}; create the schedule after adding all groups"
            )
        goes_on, time = type(self).following is not LRScheduler.following, self.last_epoch
        for i, (group, base) in enumerate(
            zip(self.optimizer.param_groups, self.base_lrs, strict=True)
        ):
            if goes_on and float(group["lr"]) != (self.rate(base, time - 1) if time else base):
                group["lr"] = float(self.following(float(group["lr"]), base, time))
            else:  # avoids the rounding errors of a recurrence
                group["lr"] = self._rate_of_group(i)

    def restart(self) -> None:
        """Restart at time 0, with the initial rates."""
        self.last_epoch = 0
        for group, base in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["lr"] = base
        self._apply()

    def _rate_of_group(self, i: int) -> float:
        return self.rate(self.base_lrs[i], self.last_epoch)

    def get_last_lr(self) -> list[float]:
        """Return the current rate of each group."""
        return [float(group["lr"]) for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return the state without the optimizer and functions, and the current rates."""
        kept = {
            k: plain(v)
            for k, v in self.__dict__.items()
            if k not in self._outside and not callable(v)
        }
        return kept | {"rates": self.get_last_lr()}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Restore the state of a schedule, with its rates."""
        rates = saved.get("rates")
        count = len(self.optimizer.param_groups)
        if "last_epoch" not in saved or rates is None or len(rates) != count:
            raise ValueError(
                f"load_state_dict of {type(self).__name__}: expected the state of a schedule with "
                f"{count} groups, got {', '.join(map(str, saved)) or 'nothing'}"
            )
        self.__dict__.update({k: v for k, v in saved.items() if k != "rates"})
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate

    def __repr__(self) -> str:
        return f"{type(self).__name__}(time={self.last_epoch}, lr={self.get_last_lr()})"


class LambdaLR(LRScheduler):
    """The initial rate times ``lr_lambda(t)``; a list has one function per group."""

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
        whole("StepLR", "step_size", step_size, 1)
        number("StepLR", "gamma", gamma, 0)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        return base * self.gamma ** (time // self.step_size)

    def following(self, rate: float, base: float, time: int) -> float:
        """Return the rate at a time from the previous rate."""
        return rate * self.gamma if time and time % self.step_size == 0 else rate


class MultiStepLR(LRScheduler):
    """Multiply by ``gamma`` at each milestone."""

    def __init__(self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1) -> None:
        for milestone in milestones:
            whole("MultiStepLR", "milestones", milestone, 0)
        number("MultiStepLR", "gamma", gamma, 0)
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        return base * self.gamma ** bisect_right(self.milestones, time)

    def following(self, rate: float, base: float, time: int) -> float:
        """Return the rate at a time from the previous rate."""
        return float(rate * self.gamma ** self.milestones.count(time))


class ConstantLR(LRScheduler):
    """Multiply by ``factor`` until ``total_iters``."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5) -> None:
        number("ConstantLR", "factor", factor, 0, 1)
        whole("ConstantLR", "total_iters", total_iters, 0)
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        return base * (self.factor if time < self.total_iters else 1.0)

    def following(self, rate: float, base: float, time: int) -> float:
        """Return the rate at a time from the previous rate."""
        if time == self.total_iters:
            return rate / self.factor if self.factor and time else base
        return rate if time else rate * self.factor


class LinearLR(LRScheduler):
    """Multiply by a factor that changes linearly in ``total_iters`` steps."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        number("LinearLR", "start_factor", start_factor, 0, 1, above=True)
        number("LinearLR", "end_factor", end_factor, 0, 1)
        whole("LinearLR", "total_iters", total_iters, 1)
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        part = min(time, self.total_iters) / self.total_iters
        return base * (self.start_factor + (self.end_factor - self.start_factor) * part)

    def following(self, rate: float, base: float, time: int) -> float:
        """Return the rate at a time from the previous rate."""
        if time > self.total_iters:
            return rate
        before = self.rate(1.0, time - 1) if time else 1.0
        return rate * self.rate(1.0, time) / before if before else 0.0


class ExponentialLR(LRScheduler):
    """Multiply by ``gamma`` at each step."""

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        number("ExponentialLR", "gamma", gamma, 0)
        self.gamma = gamma
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        return float(base * self.gamma**time)

    def following(self, rate: float, base: float, time: int) -> float:
        """Return the rate at a time from the previous rate."""
        return rate * self.gamma if time else rate


class PolynomialLR(LRScheduler):
    """``base (1 - t / total_iters)^power``, then 0."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0) -> None:
        whole("PolynomialLR", "total_iters", total_iters, 1)
        number("PolynomialLR", "power", power, 0)
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        left = 1 - min(time, self.total_iters) / self.total_iters
        return float(base * left**self.power)

    def following(self, rate: float, base: float, time: int) -> float:
        """Return the rate at a time from the previous rate."""
        if not 0 < time <= self.total_iters:
            return rate
        return rate * self.rate(1.0, time) / self.rate(1.0, time - 1)


class CosineAnnealingLR(LRScheduler):
    """Half a cosine from the initial rate to ``eta_min`` in ``T_max`` steps, and back again.

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
        number("CosineAnnealingLR", "T_max", T_max, 0, above=True)
        number("CosineAnnealingLR", "eta_min", eta_min, 0)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer)

    def rate(self, base: float, time: int) -> float:
        """Return the rate at a time."""
        part = (1 + math.cos(math.pi * time / self.T_max)) / 2
        return self.eta_min + (base - self.eta_min) * part

    def following(self, rate: float, base: float, time: int) -> float:
        """Return the rate at a time from the previous rate."""
        if not time:
            return rate
        if (time - 1 - self.T_max) % (2 * self.T_max) == 0:  # rising again from the minimum
            return rate + (base - self.eta_min) * (1 - math.cos(math.pi / self.T_max)) / 2
        now, before = (1 + math.cos(math.pi * t / self.T_max) for t in (time, time - 1))
        return now / before * (rate - self.eta_min) + self.eta_min


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half cosines that restart: after ``T_0`` steps, then ``T_mult`` times as many each time."""

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,  # noqa: N803 - PyTorch's name
        T_mult: int = 1,  # noqa: N803 - PyTorch's name
        eta_min: float = 0.0,
    ) -> None:
        name = type(self).__name__
        whole(name, "T_0", T_0, 1)
        whole(name, "T_mult", T_mult, 1)
        number(name, "eta_min", eta_min, 0)
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
    """A sequence of schedules: the i-th starts at ``milestones[i - 1]``, at its own time 0."""

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
        if self.milestones != sorted(set(self.milestones)) or min(self.milestones, default=1) < 1:
            raise ValueError(
                f"SequentialLR: expected increasing milestones >= 1, got {self.milestones}"
            )
        if any(s.optimizer is not optimizer for s in self.schedulers):
            raise ValueError("SequentialLR: a scheduler belongs to another optimizer")
        super().__init__(optimizer)

    def _apply(self) -> None:
        chosen = bisect_right(self.milestones, self.last_epoch)
        scheduler = self.schedulers[chosen]
        if self.last_epoch == (self.milestones[chosen - 1] if chosen else 0):
            scheduler.restart()
        else:
            scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the state, with the state of each schedule."""
        return super().state_dict() | {"schedulers": [s.state_dict() for s in self.schedulers]}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Restore a saved state."""
        parts = saved.get("schedulers", ())
        if len(parts) != len(self.schedulers):
            raise ValueError(
                f"load_state_dict of SequentialLR: expected {len(self.schedulers)} schedulers, "
                f"got {len(parts)}"
            )
        for scheduler, part in zip(self.schedulers, parts, strict=True):
            scheduler.load_state_dict(part)
        super().load_state_dict({k: v for k, v in saved.items() if k != "schedulers"})
