"""The training loop."""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from xgrad.amp import GradScaler, autocast
from xgrad.data.sending import on_device_of
from xgrad.engine.levels import no_grad
from xgrad.metrics import Mean
from xgrad.nn.checks import whole_of
from xgrad.nn.module import Module
from xgrad.nn.utils import clip_grad_norm_
from xgrad.optim.optimizer import Optimizer
from xgrad.optim.plateau import ReduceLROnPlateau
from xgrad.train.callbacks import Callback
from xgrad.train.history import History

#: ``split(batch)`` returns the model's arguments and the target.
Split = Callable[[Any], tuple[Sequence[Any], Any]]


@dataclasses.dataclass
class Run:
    """The state of a training run, which callbacks may read and change.

    Attributes
    ----------
    model, optimizer, scheduler, loader, validation, scaler
        The arguments of `fit`.
    history : History
    epoch : int
        The number of finished epochs.
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
    """The dtype of the forward pass and the scaler of its loss."""

    amp: str | None
    scaler: GradScaler

    def context(self) -> AbstractContextManager[None]:
        """Return the context manager of the forward pass."""
        return nullcontext() if self.amp is None else autocast(self.amp)


#: Reasons for a loader that yields nothing.
_EMPTY = (
    "is the data set empty, or smaller than a batch with drop_last, or is it (or its sampler) a "
    "generator or another iterator, which can be used only once? Pass a list, or a DataLoader "
    "over a data set"
)


def last_is_target(batch: Any) -> tuple[Sequence[Any], Any]:
    """Split a tuple into the model's arguments and the target, which is the last element."""
    if not isinstance(batch, tuple | list) or len(batch) < 2:
        raise TypeError(
            "fit: expected batches (inputs..., target); for others pass split=, which returns "
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
    """Yield the leaves of a batch in order of insertion (optree sorts the keys of dicts)."""
    if isinstance(batch, Mapping):
        batch = batch.values()
    elif not isinstance(batch, tuple | list):
        yield batch
        return
    for part in batch:
        yield from _leaves(part)


def _grouped(loader: Iterable[Any], accumulate: int) -> Iterator[tuple[Any, int, Any, bool]]:
    """Yield (batch, count, share, ends): ``ends`` is True for the last batch of a step.

    The mean loss of a batch times its share is its part of the mean over all examples of the
    step. The share is None for a step of a single batch.
    """
    batches = iter(loader)
    while group := list(itertools.islice(batches, accumulate)):
        counts = [_count("fit", batch) for batch in group]
        total = sum(counts)
        for number, (batch, count) in enumerate(zip(group, counts, strict=True), 1):
            share = count / total if len(group) > 1 else None
            yield batch, count, share, number == len(group)


def _converted(batch: Any, model: Module) -> Any:
    """Return a batch of any library as Tensors on the device of the model's parameters."""
    first = next(iter(model.parameters()), None)
    return batch if first is None else on_device_of(batch, first)


def _add(function: str, means: dict[str, Mean], values: Mapping[str, Any], count: int) -> None:
    """Add the values of a batch, which are means over it, to the means of the epoch."""
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

    The training modes of the model and its modules are restored afterwards.

    Raises
    ------
    ValueError
        If the loader has no batches.
    """
    means = {name: Mean() for name in ("loss", *(metrics or {}))}
    modes = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    empty = True
    try:
        with no_grad():
            for batch in loader:
                empty, count = False, _count("evaluate", batch)
                inputs, target = split(_converted(batch, model))
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
        raise ValueError(f"evaluate: the loader yielded no batches; {_EMPTY}")
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
    """Train a model, with a progress bar, and return the history.

    Parameters
    ----------
    model : Module
    loss : callable
        ``loss(output, target)``, a mean over the batch.
    optimizer : Optimizer
    loader : DataLoader
        Yields batches ``(inputs..., target)``, or batches that ``split`` takes.
    epochs : int
        The total number of epochs, including those of a resumed checkpoint.
    validation : DataLoader, optional
        Evaluated after each epoch; its quantities are prefixed with ``val_``.
    callbacks : sequence of Callback
        `EarlyStopping`, `Checkpoint`, or your own.
    metrics : dict of callables, optional
        ``metric(output, target)``, a mean over the batch; see `xgrad.metrics`.
    scheduler : LRScheduler or ReduceLROnPlateau, optional
        `ReduceLROnPlateau` gets the validation loss, or the training loss without validation.
    schedule_by : {"epoch", "batch"}
        When the scheduler steps.
    clip_norm : float, optional
        The largest norm of all gradients together.
    accumulate : int
        How many batches accumulate their gradients for one step, as if they were one batch: each
        is weighted by its number of examples. These batches are fetched together.
    amp : {"float16", "bfloat16"}, optional
        Mixed precision: see `xgrad.amp.autocast`. float16 creates a `GradScaler` by default.
    scaler : GradScaler, optional
        Replaces the default scaler.
    split : callable, optional
        ``split(batch)`` returns the model's arguments and the target. Batches of NumPy, of
        PyTorch's loaders or of other libraries are converted to the model's backend first.
    progress : bool
        Whether to show a progress bar.
    read_every : int
        How many batches between updates of the running loss in the bar, which synchronize with the
        device; 0 updates only after each epoch. Without a bar nothing is read during an epoch.

    Raises
    ------
    ValueError
        If an epoch yields no training batches, or no validation batches.

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
    from tqdm import tqdm  # imported on first use, because importing it is slow

    if schedule_by not in ("epoch", "batch"):
        raise ValueError(f"fit: schedule_by must be 'epoch' or 'batch', got {schedule_by!r}")
    whole_of("fit", least=0, epochs=epochs, read_every=read_every)
    whole_of("fit", least=1, accumulate=accumulate)
    reserved = [name for name in metrics or {} if name == "loss" or name.startswith("val_")]
    if reserved:
        raise ValueError(f"fit: these names of metrics are reserved: {', '.join(reserved)}")
    if getattr(scheduler, "optimizer", optimizer) is not optimizer:
        raise ValueError("fit: the scheduler belongs to another optimizer")
    if clip_norm is not None and not clip_norm >= 0:
        raise ValueError(f"fit: clip_norm must not be negative or NaN, got {clip_norm}")
    if schedule_by == "batch" and isinstance(scheduler, ReduceLROnPlateau):
        raise ValueError("fit: ReduceLROnPlateau needs the loss of an epoch: schedule_by='epoch'")
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
                result = evaluate(model, loss, validation, metrics=metrics, split=split, amp=amp)
                row |= {f"val_{name}": value for name, value in result.items()}
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
    """Return the number of examples of an epoch, for the bar; None if it is unknown."""
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
    """Train for one epoch; read the loss every ``read_every`` batches, or never if 0."""
    model, optimizer = run.model, run.optimizer
    means = {name: Mean() for name in ("loss", *metrics)}
    model.train()
    optimizer.zero_grad()
    number = 0
    groups = _grouped(run.loader, accumulate)
    for number, (batch, count, share, ends) in enumerate(groups, 1):
        inputs, target = split(_converted(batch, model))
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
        raise ValueError(f"fit: the loader yielded no batches in epoch {run.epoch + 1}; {_EMPTY}")
    return {name: average.compute() for name, average in means.items()}
