"""The training loop."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from xgrad.amp import GradScaler, autocast
from xgrad.data.sending import beside
from xgrad.engine.levels import no_grad
from xgrad.metrics import Mean
from xgrad.nn.module import Module
from xgrad.nn.utils import clip_grad_norm_
from xgrad.optim.optimizer import Optimizer
from xgrad.optim.plateau import ReduceLROnPlateau
from xgrad.train.history import History

#: ``split(batch)``: the model's arguments, and the target.
Split = Callable[[Any], tuple[Sequence[Any], Any]]


@dataclasses.dataclass
class Run:
    """What a callback sees, and may change.

    Attributes
    ----------
    model, optimizer, scheduler, loader
        As `fit` was given them.
    history : History
    epoch : int
        How many epochs are finished.
    stopped : bool
        Set it to end the training after this epoch.
    """

    model: Module
    optimizer: Optimizer
    loader: Any
    scheduler: Any
    history: History
    callbacks: Sequence[Any]
    epoch: int = 0
    stopped: bool = False


@dataclasses.dataclass
class Precision:
    """In what the forward pass runs, and what scales its loss."""

    amp: str | None
    scaler: GradScaler

    def context(self) -> AbstractContextManager[None]:
        """Return the context of the forward pass."""
        return nullcontext() if self.amp is None else autocast(self.amp)


def last_is_target(batch: Any) -> tuple[Sequence[Any], Any]:
    """Split a tuple into the model's arguments and the target, its last part."""
    if not isinstance(batch, tuple | list) or len(batch) < 2:
        raise TypeError(
            "fit: expected batches (inputs..., target); for others give split=, which returns "
            f"the arguments and the target; got {type(batch).__name__}"
        )
    return batch[:-1], batch[-1]


def _count(batch: Any) -> int:
    """Return the number of examples of a batch."""
    while isinstance(batch, tuple | list | Mapping):
        batch = next(iter(batch.values() if isinstance(batch, Mapping) else batch))
    return int(batch.shape[0])


def _taken_over(batch: Any, model: Module) -> Any:
    """Return a batch of any library as Tensors beside the model's parameters."""
    first = next(iter(model.parameters()), None)
    return batch if first is None else beside(batch, first)


def evaluate(
    model: Module,
    loss: Callable[[Any, Any], Any],
    loader: Iterable[Any],
    *,
    metrics: Mapping[str, Callable[[Any, Any], Any]] | None = None,
    split: Split = last_is_target,
    amp: str | None = None,
) -> dict[str, float]:
    """Return the mean loss and metrics over a loader, in evaluation mode, without gradients.

    The model is left in the mode in which it was.
    """
    means = {name: Mean() for name in ("loss", *(metrics or {}))}
    was_training = model.training
    model.eval()
    with no_grad():
        for batch in loader:
            inputs, target = split(_taken_over(batch, model))
            with nullcontext() if amp is None else autocast(amp):
                output, count = model(*inputs), _count(batch)
                value = loss(output, target)
            means["loss"].update(value, count)
            for name, metric in (metrics or {}).items():
                means[name].update(metric(output, target), count)
    model.train(was_training)
    return {name: average.compute() for name, average in means.items()}


def fit(
    model: Module,
    loss: Callable[[Any, Any], Any],
    optimizer: Optimizer,
    loader: Any,
    epochs: int,
    validation: Any = None,
    callbacks: Sequence[Any] = (),
    *,
    metrics: Mapping[str, Callable[[Any, Any], Any]] | None = None,
    scheduler: Any = None,
    schedule_by: str = "epoch",
    clip_norm: float | None = None,
    accumulate: int = 1,
    amp: str | None = None,
    scaler: GradScaler | None = None,
    split: Split = last_is_target,
    progress: bool = True,
    read_every: int = 100,
) -> History:
    """Train a model, with a progress bar; return the history.

    Parameters
    ----------
    model : Module
    loss : callable
        ``loss(output, target)``, a mean over the batch.
    optimizer : Optimizer
    loader : DataLoader
        Of batches ``(inputs..., target)``, or of what ``split`` takes.
    epochs : int
        How many there are to be, with those that a checkpoint brings.
    validation : DataLoader, optional
        Evaluated after each epoch; its quantities are named ``val_...``.
    callbacks : sequence of Callback
        `EarlyStopping`, `Checkpoint`, or your own.
    metrics : dict of callables, optional
        ``metric(output, target)``, a mean over the batch; see `xgrad.metrics`.
    scheduler : LRScheduler or ReduceLROnPlateau, optional
        The latter is given the validation's loss, or the training's.
    schedule_by : {"epoch", "batch"}
        When the scheduler steps.
    clip_norm : float, optional
        The largest norm of all gradients together.
    accumulate : int
        How many batches' gradients make one step, as if they were one batch.
    amp : {"float16", "bfloat16"}, optional
        Mixed precision: see `xgrad.amp.autocast`. float16 brings a `GradScaler`.
    scaler : GradScaler, optional
        One of your own.
    split : callable, optional
        ``split(batch)`` returns the model's arguments and the target. Batches of NumPy, of
        PyTorch's loaders or of other libraries are brought to the model's backend first.
    progress : bool
        Whether to show the bar.
    read_every : int
        After how many batches the bar shows the running loss, which waits for the device;
        0: only at the end of each epoch. Without a bar nothing is read in between.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> x = np.linspace(-1.0, 1.0, 20).reshape(-1, 1)
    >>> data = xg.data.DataLoader(xg.data.TensorDataset(x, 3 * x - 2), 5, shuffle=True, generator=0)
    >>> model = xg.nn.Linear(1, 1, dtype=xg.float64, generator=xg.random.Generator(0))
    >>> optimizer = xg.optim.SGD(model.parameters(), lr=0.3)
    >>> history = xg.train.fit(model, xg.nn.MSELoss(), optimizer, data, 30, progress=False)
    >>> round(model.weight.item(), 3), round(model.bias.item(), 3)
    (3.0, -2.0)
    """
    from tqdm import tqdm  # on first use: it costs import time

    if schedule_by not in ("epoch", "batch"):
        raise ValueError(f"fit: schedule_by must be 'epoch' or 'batch', got {schedule_by!r}")
    if epochs < 0 or accumulate < 1 or read_every < 0:
        raise ValueError(
            f"fit: got epochs={epochs}, accumulate={accumulate}, read_every={read_every}"
        )
    if scaler is None:
        scaler = GradScaler(enabled=amp == "float16")
    precision = Precision(amp, scaler)
    run = Run(model, optimizer, loader, scheduler, History(), callbacks)
    for callback in callbacks:
        callback.begin(run)
    with tqdm(
        total=epochs * len(loader.dataset) if hasattr(loader, "dataset") else None,
        unit=" samples", unit_scale=True, disable=not progress,
    ) as bar:  # fmt: skip
        if run.epoch and bar.total:
            bar.update(run.epoch * len(loader.dataset))
        while run.epoch < epochs and not run.stopped:
            bar.set_description(f"epoch {run.epoch + 1}/{epochs}")
            row = _epoch(
                run, loss, metrics or {}, clip_norm, accumulate, split, schedule_by, precision,
                bar, read_every if progress else 0,
            )  # fmt: skip
            if validation is not None:
                found = evaluate(model, loss, validation, metrics=metrics, split=split, amp=amp)
                row |= {f"val_{name}": value for name, value in found.items()}
            run.history.add(row)
            run.epoch += 1
            if scheduler is not None and schedule_by == "epoch":
                if isinstance(scheduler, ReduceLROnPlateau):
                    scheduler.step(row.get("val_loss", row["loss"]))
                else:
                    scheduler.step()
            bar.set_postfix({name: f"{value:.4g}" for name, value in row.items()})
            for callback in callbacks:
                callback.epoch_end(run)
    for callback in callbacks:
        callback.end(run)
    return run.history


def _epoch(
    run: Run,
    loss: Callable[[Any, Any], Any],
    metrics: Mapping[str, Callable[[Any, Any], Any]],
    clip_norm: float | None,
    accumulate: int,
    split: Split,
    schedule_by: str,
    precision: Precision,
    bar: Any,
    read_every: int,
) -> dict[str, float]:
    """Go through the data once; on the host the loss is read every so many batches, if at all."""
    model, optimizer = run.model, run.optimizer
    means = {name: Mean() for name in ("loss", *metrics)}
    model.train()
    optimizer.zero_grad()
    batches = len(run.loader)
    for number, batch in enumerate(run.loader, 1):
        inputs, target = split(_taken_over(batch, model))
        with precision.context():
            output, count = model(*inputs), _count(batch)
            value = loss(output, target)
        # The last group of batches may be smaller.
        group = min(accumulate, batches - (number - 1) // accumulate * accumulate)
        precision.scaler.scale(value if group == 1 else value / group).backward()
        if number % accumulate == 0 or number == batches:
            if clip_norm is not None:
                precision.scaler.unscale_(optimizer)
                clip_grad_norm_(model.parameters(), clip_norm)
            precision.scaler.step(optimizer)
            precision.scaler.update()
            optimizer.zero_grad()
            if run.scheduler is not None and schedule_by == "batch":
                run.scheduler.step()
        means["loss"].update(value, count)
        for name, metric in metrics.items():
            means[name].update(metric(output, target), count)
        bar.update(count)
        if read_every and number % read_every == 0:
            bar.set_postfix(loss=f"{means['loss'].compute():.4g}")
    return {name: average.compute() for name, average in means.items()}
