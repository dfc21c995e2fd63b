"""Callbacks: what happens between epochs."""

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xgrad.ops.creation import as_tensor
from xgrad.train import checkpoint

if TYPE_CHECKING:
    from xgrad.train.loop import Run

__all__ = ["Callback", "Checkpoint", "EarlyStopping"]


def __dir__() -> list[str]:
    return __all__


class Callback:
    """The base class: override what you need; ``run`` is a `Run`.

    ``state`` and ``load_state`` are what a checkpoint keeps of a callback: JSON and
    Tensors. A checkpoint is loaded before any callback's ``begin``, and saved after every
    callback's ``epoch_end``, whatever their order.
    """

    def load(self, run: "Run") -> None:
        """Before `begin` of any callback: bring the run to where it was."""

    def begin(self, run: "Run") -> None:
        """Before the first epoch."""

    def step_end(self, run: "Run") -> None:
        """After each step of the optimizer."""

    def epoch_end(self, run: "Run") -> None:
        """After each epoch, with its values in ``run.history``."""

    def save(self, run: "Run") -> None:
        """After `epoch_end` of every callback: keep the run."""

    def end(self, run: "Run") -> None:
        """After the last epoch."""

    def state(self) -> dict[str, Any]:
        """Return what must be kept to go on."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what was kept."""


class _Monitor(Callback):
    """Watches one quantity of the history, from the start or from what was kept."""

    def __init__(self, monitor: str | None, mode: str, min_delta: float) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"{type(self).__name__}: mode must be 'min' or 'max', got {mode!r}")
        self.monitor, self.mode, self.min_delta = monitor, mode, min_delta
        self._loaded = False
        self._reset()

    def _reset(self) -> None:
        self.best = math.inf if self.mode == "min" else -math.inf

    def begin(self, run: "Run") -> None:  # noqa: ARG002
        """Forget another run."""
        if not self._loaded:
            self._reset()
        self._loaded = False

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from the best value."""
        self._loaded = True
        self.best = state["best"]

    def _improves(self, run: "Run") -> bool:
        name = self.monitor or ("val_loss" if "val_loss" in run.history else "loss")
        if name not in run.history:
            raise ValueError(
                f"{type(self).__name__}: the history has no {name!r}, only {', '.join(run.history)}"
            )
        value = run.history.last(name)
        gain = self.best - value if self.mode == "min" else value - self.best
        if not gain > self.min_delta:
            return False
        self.best = value
        return True


class EarlyStopping(_Monitor):
    """End the training when a quantity has not improved for some epochs.

    Parameters
    ----------
    monitor : str, optional
        A name in the history; by default "val_loss", or "loss" without a validation.
    patience : int
        How many epochs without improvement are let pass.
    mode : {"min", "max"}
    min_delta : float
        How much counts as an improvement.
    restore_best : bool
        Whether the model ends with the weights of its best epoch.
    """

    def __init__(
        self,
        monitor: str | None = None,
        patience: int = 10,
        mode: str = "min",
        min_delta: float = 0.0,
        restore_best: bool = True,
    ) -> None:
        self.patience, self.restore_best = patience, restore_best
        super().__init__(monitor, mode, min_delta)

    def _reset(self) -> None:
        super()._reset()
        self.bad_epochs, self.best_epoch = 0, 0
        self.best_weights: dict[str, Any] = {}

    def begin(self, run: "Run") -> None:
        """Forget another run; stay stopped where the run that is resumed was stopped."""
        super().begin(run)
        run.stopped = run.stopped or self.bad_epochs > self.patience

    def epoch_end(self, run: "Run") -> None:
        """Count the epochs without improvement."""
        if self._improves(run):
            self.bad_epochs, self.best_epoch = 0, run.epoch
            if self.restore_best:
                state = run.model.state_dict()
                self.best_weights = {
                    name: as_tensor(x.detach(), copy=True) for name, x in state.items()
                }
            return
        self.bad_epochs += 1
        run.stopped = run.stopped or self.bad_epochs > self.patience

    def end(self, run: "Run") -> None:
        """Put the best weights back."""
        if self.restore_best and self.best_weights:
            run.model.load_state_dict(self.best_weights)

    def state(self) -> dict[str, Any]:
        """Return the best value, how long ago it was, and the weights it had."""
        return {
            "best_weights": self.best_weights,
            "best": self.best,
            "bad_epochs": self.bad_epochs,
            "best_epoch": self.best_epoch,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what was kept."""
        super().load_state(state)
        self.best_weights, self.bad_epochs = state["best_weights"], state["bad_epochs"]
        self.best_epoch = state["best_epoch"]


class Checkpoint(_Monitor):
    """Save everything after an epoch, whole or not at all; go on from it when it is there.

    With ``resume`` a training that was cut off goes on with `fit` called again in the same way,
    to the same numbers as if it had not been: weights, the optimizer, the scheduler, the scale of
    a `GradScaler`, positions of random generators, the history, and the other callbacks' states
    after the epoch. What draws its numbers elsewhere (``numpy.random``, `random`) is not kept.
    A file that fits the run in part only (another model, optimizer, scheduler...) is refused,
    and changes nothing.

    Parameters
    ----------
    path : path
        By custom it ends in ``.safetensors``.
    every : int
        Epochs between savings.
    best_only : bool
        Of these epochs, save only those that improve the quantity that is watched.
    monitor, mode
        As in `EarlyStopping`.
    resume : bool
        Whether `fit` starts from the file if it is there.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        every: int = 1,
        *,
        best_only: bool = False,
        monitor: str | None = None,
        mode: str = "min",
        resume: bool = False,
    ) -> None:
        super().__init__(monitor, mode, 0.0)
        if every < 1:
            raise ValueError(f"Checkpoint: expected epochs from 1 on, got {every}")
        self.path, self.every, self.best_only, self.resume = Path(path), every, best_only, resume
        self._due = False

    def load(self, run: "Run") -> None:
        """Start from the file, if that is wanted and there."""
        if self.resume and self.path.exists():
            checkpoint.restore(run, self.path)

    def epoch_end(self, run: "Run") -> None:
        """See whether it is time to save."""
        self._due = run.epoch % self.every == 0 and (not self.best_only or self._improves(run))

    def save(self, run: "Run") -> None:
        """Save, if it is time."""
        if self._due:
            checkpoint.save(run, self.path)

    def state(self) -> dict[str, Any]:
        """Return the best value."""
        return {"best": self.best}
