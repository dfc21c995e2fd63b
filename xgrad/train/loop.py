"""The training loop."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from xgrad.amp import GradScaler, autocast
from xgrad.data.sending import beside
from xgrad.engine.levels import no_grad
from xgrad.metrics import Mean
from xgrad.nn.checks import whole_of
from xgrad.nn.module import Module
from xgrad.nn.utils import clip_grad_norm_
from xgrad.optim.optimizer import Optimizer
from xgrad.optim.plateau import ReduceLROnPlateau
from xgrad.train.callbacks import Callback
from xgrad.train.history import History

#: ``split(batch)``: the model's arguments, and the target.
Split = Callable[[Any], tuple[Sequence[Any], Any]]


@dataclasses.dataclass
class Run:
    """What a callback sees, and may change.

    Attributes
    ----------
    model, optimizer, scheduler, loader, validation, scaler
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
    validation: Any = None
    scaler: GradScaler | None = None


@dataclasses.dataclass
class Precision:
    """In what the forward pass runs, and what scales its loss."""

    amp: str | None
    scaler: GradScaler

    def context(self) -> AbstractContextManager[None]:
        """Return the context of the forward pass."""
        return nullcontext() if self.amp is None else autocast(self.amp)


#: Why a loader may give nothing.
_EMPTY = (
    "is the data set empty, or smaller than a batch with drop_last, or is it (or its sampler) a "
    "generator or another iterator, which can be gone through once? Give a list, or a DataLoader "
    "over a data set"
)


def last_is_target(batch: Any) -> tuple[Sequence[Any], Any]:
    """Split a tuple into the model's arguments and the target, its last part."""
    if not isinstance(batch, tuple | list) or len(batch) < 2:
        raise TypeError(
            "fit: expected batches (inputs..., target); for others give split=, which returns "
            f"the arguments and the target; got {type(batch).__name__}"
        )
    return batch[:-1], batch[-1]


def _count(function: str, batch: Any) -> int:
    """Return the number of examples of a batch: the length of its first array's first axis."""
    for x in _leaves(batch):
        shape: tuple[int, ...] = getattr(x, "shape", ())
        if len(shape):
            if not shape[0]:
                raise ValueError(f"{function}: a batch has no examples (shape {tuple(shape)})")
            return int(shape[0])
    raise TypeError(
        f"{function}: expected batches that hold an array whose first axis counts the examples, "
        f"got {type(batch).__name__}"
    )


def _leaves(batch: Any) -> Iterator[Any]:
    """Yield what a batch holds, in its own order (optree sorts the keys of dicts)."""
    if isinstance(batch, Mapping):
        batch = batch.values()
    elif not isinstance(batch, tuple | list):
        yield batch
        return
    for part in batch:
        yield from _leaves(part)


def _grouped(loader: Iterable[Any], accumulate: int) -> Iterator[tuple[Any, int, Any, bool]]:
    """Yield each batch, its length, its share of the step that it is part of, whether it ends it.

    The share is what the mean of its losses is multiplied by to be part of the mean over all
    examples of the group; None where it is the whole.
    """
    batches = iter(loader)
    while group := list(itertools.islice(batches, accumulate)):
        counts = [_count("fit", batch) for batch in group]
        total = sum(counts)
        for number, (batch, count) in enumerate(zip(group, counts, strict=True), 1):
            share = count / total if len(group) > 1 else None
            yield batch, count, share, number == len(group)


def _taken_over(batch: Any, model: Module) -> Any:
    """Return a batch of any library as Tensors beside the model's parameters."""
    first = next(iter(model.parameters()), None)
    return batch if first is None else beside(batch, first)


def _add(function: str, means: dict[str, Mean], values: Mapping[str, Any], count: int) -> None:
    """Add a batch's values, which are means over it, to those of the epoch."""
    for name, value in values.items():
        if getattr(value, "shape", ()):
            raise ValueError(
                f"{function}: {name} must be one number, a mean over the batch; got a value of "
                f"shape {tuple(value.shape)}"
            )
        means[name].update(value, count)


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

    The model, and every module in it, is left in the mode in which it was.

    Raises
    ------
    ValueError
        If the loader has no batches: a mean of nothing is no result.
    """
    means = {name: Mean() for name in ("loss", *(metrics or {}))}
    modes = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    empty = True
    try:
        with no_grad():
            for batch in loader:
                empty, count = False, _count("evaluate", batch)
                inputs, target = split(_taken_over(batch, model))
                with nullcontext() if amp is None else autocast(amp):
                    output = model(*inputs)
                    value = loss(output, target)
                _add("evaluate", means, {"loss": value}, count)
                measured = {k: metric(output, target) for k, metric in (metrics or {}).items()}
                _add("evaluate", means, measured, count)
    finally:
        for module, training in modes:
            module.training = training
    if empty:
        raise ValueError(f"evaluate: the loader gave no batches; {_EMPTY}")
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
        How many batches' gradients make one step, as if they were one batch: each counts by its
        number of examples. They are fetched together.
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

    Raises
    ------
    ValueError
        If an epoch has no batches to train on, or none to validate on.

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
    whole_of("fit", least=0, epochs=epochs, read_every=read_every)
    whole_of("fit", least=1, accumulate=accumulate)
    taken = [name for name in metrics or {} if name == "loss" or name.startswith("val_")]
    if taken:
        raise ValueError(f"fit: these names of metrics are taken: {', '.join(taken)}")
    if getattr(scheduler, "optimizer", optimizer) is not optimizer:
        raise ValueError("fit: the scheduler is of another optimizer")
    if clip_norm is not None and not clip_norm >= 0:
        raise ValueError(f"fit: clip_norm must not be negative or NaN, got {clip_norm}")
    if schedule_by == "batch" and isinstance(scheduler, ReduceLROnPlateau):
        raise ValueError("fit: ReduceLROnPlateau steps by an epoch's loss: schedule_by='epoch'")
    for callback in callbacks:
        if not isinstance(callback, Callback):
            raise TypeError(f"fit: expected callbacks of xgrad.train.Callback, got {callback!r}")
    if scaler is None:
        scaler = GradScaler(enabled=amp == "float16")
    precision = Precision(amp, scaler)
    run = Run(
        model, optimizer, loader, scheduler, History(), callbacks,
        validation=validation, scaler=scaler,
    )  # fmt: skip
    for callback in callbacks:
        callback.load(run)
    for callback in callbacks:
        callback.begin(run)
    examples = _length(loader)
    with tqdm(
        total=epochs * examples if examples else None,
        unit=" samples", unit_scale=True, disable=not progress,
    ) as bar:  # fmt: skip
        if run.epoch and examples:
            bar.update(run.epoch * examples)
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
                callback.save(run)
    for callback in callbacks:
        callback.end(run)
    return run.history


def _length(loader: Any) -> int | None:
    """Return the number of examples of an epoch, for the bar; None where nobody knows."""
    parts = getattr(loader, "sampler", None), getattr(loader, "dataset", None)
    try:
        return len(next(x for x in parts if x is not None))
    except (StopIteration, TypeError, NotImplementedError):
        return None


def _has_gradients(optimizer: Optimizer) -> bool:
    return any(p.grad is not None for group in optimizer.param_groups for p in group["params"])


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
    number = 0
    groups = _grouped(run.loader, accumulate)
    for number, (batch, count, share, ends) in enumerate(groups, 1):
        inputs, target = split(_taken_over(batch, model))
        with precision.context():
            output = model(*inputs)
            value = loss(output, target)
        precision.scaler.scale(value if share is None else value * share).backward()
        if ends:
            if number <= accumulate and not _has_gradients(optimizer):
                raise ValueError(
                    "fit: no parameter of the optimizer got a gradient; was it made for another "
                    "model, or are all its parameters frozen?"
                )
            if clip_norm is not None:
                precision.scaler.unscale_(optimizer)
                clip_grad_norm_(model.parameters(), clip_norm)
            precision.scaler.step(optimizer)
            precision.scaler.update()
            optimizer.zero_grad()
            if run.scheduler is not None and schedule_by == "batch":
                run.scheduler.step()
            for callback in run.callbacks:
                callback.step_end(run)
        _add("fit", means, {"loss": value}, count)
        _add("fit", means, {k: metric(output, target) for k, metric in metrics.items()}, count)
        bar.update(count)
        if read_every and number % read_every == 0:
            bar.set_postfix(loss=f"{means['loss'].compute():.4g}")
    if not number:
        raise ValueError(f"fit: the loader gave no batches in epoch {run.epoch + 1}; {_EMPTY}")
    return {name: average.compute() for name, average in means.items()}
