"""A training run in one file: tensors by name, and everything else as JSON in its notes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xgrad.engine.tensor import Tensor
from xgrad.io import load_file, load_metadata, save_file
from xgrad.random import Generator, default_generator
from xgrad.train.history import History

if TYPE_CHECKING:
    from xgrad.train.loop import Run

_NOTE = "xgrad"


def _generators(run: "Run") -> Iterator[tuple[str, Generator]]:
    """Yield the random generators that a run draws from, by name."""
    yield "global", default_generator()
    own = getattr(run.loader, "generator", None)
    if own is not None:
        yield "loader", own
    for name, module in run.model.named_modules():
        own = getattr(module, "generator", None)
        if isinstance(own, Generator):
            yield f"module {name}", own


def _without_tensors(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Return JSON with tensors taken out and named, each by its path."""
    if isinstance(value, Tensor):
        tensors[name] = value
        return {"$tensor": name}
    if isinstance(value, dict):
        return {k: _without_tensors(v, f"{name}.{k}", tensors) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_tensors(v, f"{name}.{i}", tensors) for i, v in enumerate(value)]
    if isinstance(value, tuple):
        return {
            "$tuple": [_without_tensors(v, f"{name}.{i}", tensors) for i, v in enumerate(value)]
        }
    return value


def _with_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$tensor"}:
            return tensors[value["$tensor"]]
        if set(value) == {"$tuple"}:
            return tuple(_with_tensors(v, tensors) for v in value["$tuple"])
        return {k: _with_tensors(v, tensors) for k, v in value.items()}
    return [_with_tensors(v, tensors) for v in value] if isinstance(value, list) else value


def save(run: "Run", path: Path) -> None:
    """Write a run to a file, whole or not at all."""
    everything = {
        "model": dict(run.model.state_dict()),
        "optimizer": run.optimizer.state_dict(),
        "scheduler": None if run.scheduler is None else run.scheduler.state_dict(),
        "history": dict(run.history),
        "epoch": run.epoch,
        "stopped": run.stopped,
        "generators": {name: g.state() for name, g in _generators(run)},
        "callbacks": [callback.state() for callback in run.callbacks],
    }
    tensors: dict[str, Tensor] = {}
    notes = {k: _without_tensors(v, k, tensors) for k, v in everything.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={_NOTE: json.dumps(notes)})


def restore(run: "Run", path: Path) -> None:
    """Bring a run to where a file was written.

    Raises
    ------
    ValueError
        If the file holds no run, or one of another model, optimizer or list of callbacks.
    """
    metadata = load_metadata(path)
    if _NOTE not in metadata:
        raise ValueError(f"Checkpoint: {path} holds no training run")
    kept = _with_tensors(json.loads(metadata[_NOTE]), load_file(path))
    if len(kept["callbacks"]) != len(run.callbacks):
        raise ValueError(
            f"Checkpoint: {path} was written with {len(kept['callbacks'])} callbacks, "
            f"this run has {len(run.callbacks)}"
        )
    run.model.load_state_dict(kept["model"])
    run.optimizer.load_state_dict(kept["optimizer"])
    if run.scheduler is not None and kept["scheduler"] is not None:
        run.scheduler.load_state_dict(kept["scheduler"])
    run.history = History(kept["history"])
    run.epoch, run.stopped = kept["epoch"], kept["stopped"]
    states = kept["generators"]
    for name, generator in _generators(run):
        if name in states:
            generator.set_state(states[name])
    for callback, state in zip(run.callbacks, kept["callbacks"], strict=True):
        callback.load_state(state)
