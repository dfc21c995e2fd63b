"""A training run in one file: tensors by name, everything else as JSON in the metadata."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xgrad.amp import GradScaler
from xgrad.engine.tensor import Tensor
from xgrad.io import load_with_metadata, save_file
from xgrad.ops.creation import as_tensor
from xgrad.random import Generator, default_generator
from xgrad.train.history import History
from xgrad.train.notes import with_tensors, without_tensors

if TYPE_CHECKING:
    from xgrad.train.loop import Run

_NOTE = "xgrad"


def _generators(run: "Run") -> Iterator[tuple[str, Generator]]:
    """Yield the random generators that a run draws from, by name."""
    yield "global", default_generator()
    for name, loader in (("loader", run.loader), ("validation", run.validation)):
        parts = {"": loader}
        parts |= {f".{part}": getattr(loader, part, None) for part in ("dataset", "sampler")}
        for suffix, part in parts.items():
            own = getattr(part, "generator", None)
            if isinstance(own, Generator):
                yield f"{name}{suffix}", own
    for name, module in run.model.named_modules():
        own = getattr(module, "generator", None)
        if isinstance(own, Generator):
            yield f"module {name}", own


def _callbacks(run: "Run") -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield (name, callback, state) for each callback with a state; names are class and count."""
    seen: Counter[str] = Counter()
    for callback in run.callbacks:
        state = callback.state()
        if state:
            kind = type(callback).__name__
            seen[kind] += 1
            yield f"{kind} {seen[kind]}", callback, state


def _scaler(run: "Run") -> GradScaler | None:
    return run.scaler if run.scaler is not None and run.scaler.enabled else None


def _kinds(run: "Run") -> dict[str, str]:
    """Return the class names of the parts whose class must match the file."""
    parts = {"optimizer": run.optimizer, "scheduler": run.scheduler, "scaler": _scaler(run)}
    return {name: "none" if x is None else type(x).__name__ for name, x in parts.items()}


def _everything(run: "Run") -> dict[str, Any]:
    """Return the complete state of a run."""
    scaler = _scaler(run)
    return {
        "kinds": _kinds(run),
        "model": dict(run.model.state_dict()),
        "optimizer": run.optimizer.state_dict(),
        "scheduler": None if run.scheduler is None else run.scheduler.state_dict(),
        "scaler": None if scaler is None else scaler.state_dict(),
        "history": dict(run.history),
        "epoch": run.epoch,
        "generators": {name: generator.state() for name, generator in _generators(run)},
        "callbacks": {name: state for name, _, state in _callbacks(run)},
    }


def save(run: "Run", path: Path) -> None:
    """Write a run to a file atomically."""
    tensors: dict[str, Tensor] = {}
    notes = {k: without_tensors(v, k, tensors) for k, v in _everything(run).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={_NOTE: json.dumps(notes)})


def restore(run: "Run", path: Path) -> None:
    """Restore a run from a file, completely or not at all.

    Raises
    ------
    ValueError
        If the file does not hold a run, or holds one of another model, optimizer or list of
        callbacks.
    """
    tensors, metadata = load_with_metadata(path)
    if _NOTE not in metadata:
        raise ValueError(f"Checkpoint: {path} does not hold a training run")
    notes = json.loads(metadata[_NOTE])
    saved = {name: with_tensors(part, tensors) for name, part in notes.items()}
    _check(run, saved, path)
    before = {name: _copied(part) for name, part in _everything(run).items()}
    done = []
    try:
        for name, load in _loaders(run):
            done.append((name, load))
            load(_part(saved, name))
    except BaseException as error:
        for name, load in reversed(done):
            load(_part(before, name))
        if not isinstance(error, ValueError | TypeError | KeyError):
            raise
        raise ValueError(
            f"Checkpoint: {path} does not fit this run, which is unchanged ({error})"
        ) from error
    run.history, run.epoch = History(saved["history"]), saved["epoch"]


def _loaders(run: "Run") -> list[tuple[tuple[str, ...], Callable[[Any], None]]]:
    """Return the function that loads each part of a run, with its path in `_everything`."""
    scaler = _scaler(run)
    loaders: list[tuple[tuple[str, ...], Callable[[Any], None]]] = [
        (("model",), run.model.load_state_dict),
        (("optimizer",), run.optimizer.load_state_dict),
    ]
    if run.scheduler is not None:
        loaders.append((("scheduler",), run.scheduler.load_state_dict))
    if scaler is not None:
        loaders.append((("scaler",), scaler.load_state_dict))
    loaders += [(("callbacks", name), callback.load_state) for name, callback, _ in _callbacks(run)]
    loaders += [(("generators", name), own.set_state) for name, own in _generators(run)]
    return loaders


def _part(everything: dict[str, Any], path: tuple[str, ...]) -> Any:
    for name in path:
        everything = everything[name]
    return everything


def _check(run: "Run", saved: dict[str, Any], path: Path) -> None:
    """Raise if a file was written by a run with another structure."""
    missing = _everything(run).keys() - saved.keys()
    if missing:
        raise ValueError(
            f"Checkpoint: {path} was written by another version: it lacks "
            f"{', '.join(sorted(missing))}"
        )
    own = _kinds(run)
    problems = [
        f"the {part} was {saved['kinds'].get(part)} and is {kind}"
        for part, kind in own.items()
        if saved["kinds"].get(part) != kind
    ]
    names = [name for name, _ in _generators(run)]
    if sorted(names) != sorted(saved["generators"]):
        problems.append(
            f"the generators were {', '.join(saved['generators'])} and are {', '.join(names)}"
        )
    if problems:
        raise ValueError(f"Checkpoint: {path} does not fit this run: {'; '.join(problems)}")
    callbacks = [name for name, _, _ in _callbacks(run)]
    if sorted(callbacks) != sorted(saved["callbacks"]):
        raise ValueError(
            f"Checkpoint: {path} was written with {len(saved['callbacks'])} callbacks, this run "
            f"has {len(callbacks)}: {', '.join(saved['callbacks'])}; {', '.join(callbacks)}"
        )


def _copied(value: Any) -> Any:
    """Return a state whose arrays later writes do not change."""
    if isinstance(value, Tensor):
        return as_tensor(value.detach(), copy=True)
    if isinstance(value, dict):
        return {k: _copied(v) for k, v in value.items()}
    return type(value)(_copied(v) for v in value) if type(value) in (list, tuple) else value
