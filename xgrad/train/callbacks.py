"""Callbacks that run between epochs."""

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
    """The base class of callbacks: override the methods that you need; ``run`` is a `Run`.

    A checkpoint saves the result of ``state``, which consists of JSON values and Tensors, and
    passes it to ``load_state``. It is loaded before any callback's ``begin`` and saved after
    every callback's ``epoch_end``, in any order of callbacks.
    """

    def load(self, run: "Run") -> None:
        """Restore the run's state; called before `begin` of any callback."""

    def begin(self, run: "Run") -> None:
        """Run before the first epoch."""

    def step_end(self, run: "Run") -> None:
        """Run after each step of the optimizer."""

    def epoch_end(self, run: "Run") -> None:
        """Run after each epoch, with its values in ``run.history``."""

    def save(self, run: "Run") -> None:
        """Save the run; called after `epoch_end` of every callback."""

    def end(self, run: "Run") -> None:
        """Run after the last epoch."""

    def state(self) -> dict[str, Any]:
        """Return the state that a resumed run needs."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""


class _Monitor(Callback):
    """Monitor one quantity of the history, from the start or from a saved state."""

    def __init__(self, monitor: str | None, mode: str, min_delta: float) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"{type(self).__name__}: mode must be 'min' or 'max', got {mode!r}")
        self.monitor, self.mode, self.min_delta = monitor, mode, min_delta
        self._loaded = False
        self._reset()

    def _reset(self) -> None:
        self.best = math.inf if self.mode == "min" else -math.inf

    def begin(self, run: "Run") -> None:
        """Reset the state of a previous run."""
        if not self._loaded:
            self._reset()
        self._loaded = False

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore the best value."""
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
    """Stop the training when a quantity has not improved for some epochs.

    Parameters
    ----------
    monitor : str, optional
        A name in the history; by default "val_loss", or "loss" without validation data.
    patience : int
        How many epochs without improvement to tolerate.
    mode : {"min", "max"}
    min_delta : float
        The smallest change that counts as an improvement.
    restore_best : bool
        Whether to restore the weights of the best epoch at the end.
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
        """Reset the state of a previous run; stay stopped if the resumed run had stopped."""
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
        """Restore the best weights."""
        if self.restore_best and self.best_weights:
            run.model.load_state_dict(self.best_weights)

    def state(self) -> dict[str, Any]:
        """Return the best value, the epochs since then, and the best weights."""
        return {
            "best_weights": self.best_weights,
            "best": self.best,
            "bad_epochs": self.bad_epochs,
            "best_epoch": self.best_epoch,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore a saved state."""
        super().load_state(state)
        self.best_weights, self.bad_epochs = state["best_weights"], state["bad_epochs"]
        self.best_epoch = state["best_epoch"]


class Checkpoint(_Monitor):
    """Save the whole run atomically after an epoch, and resume from the file if it exists.

    With ``resume``, calling `fit` again in the same way continues an interrupted training with the
    same numbers as without the interruption: weights, the optimizer, the scheduler, the scale of
    a `GradScaler`, positions of random generators, the history, and the other callbacks' states
    after the epoch. Other random generators (``numpy.random``, `random`) are not saved.
    A file that fits the run only partly (another model, optimizer, scheduler...) raises an error
    and changes nothing.

    Parameters
    ----------
    path : path
        The usual extension is ``.safetensors``.
    every : int
        Epochs between checkpoints.
    best_only : bool
        Save only those of these epochs that improve the monitored quantity.
    monitor, mode
        As in `EarlyStopping`.
    resume : bool
        Whether `fit` starts from the file if it exists.

    See Also
    --------
    xgrad.checkpoint : Computes values again in the backward pass, to save memory.
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
            raise ValueError(f"Checkpoint: every must be at least 1 epoch, got {every}")
        self.path, self.every, self.best_only, self.resume = Path(path), every, best_only, resume
        self._due = False

    def load(self, run: "Run") -> None:
        """Restore the run from the file, if ``resume`` is set and the file exists."""
        if self.resume and self.path.exists():
            checkpoint.restore(run, self.path)

    def epoch_end(self, run: "Run") -> None:
        """Decide whether to save after this epoch."""
        self._due = run.epoch % self.every == 0 and (not self.best_only or self._improves(run))

    def save(self, run: "Run") -> None:
        """Save the run if this epoch is due."""
        if self._due:
            checkpoint.save(run, self.path)

    def state(self) -> dict[str, Any]:
        """Return the best value."""
        return {"best": self.best}
