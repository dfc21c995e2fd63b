"""Sending batches to a device ahead of the consumer."""

from collections import deque
from collections.abc import Iterator
from typing import Any

import optree

from xgrad.backends.registry import Selection, current, find_backend
from xgrad.data.datasets import place_on_backend
from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import EAGER
from xgrad.engine.tensor import Tensor, lowest


def waiting(batches: Iterator[Any], count: int) -> Iterator[Any]:
    """Yield batches in order, building ``count`` of them ahead of the consumer."""
    return _ahead(batches, count) if count else batches


def _ahead(batches: Iterator[Any], count: int) -> Iterator[Any]:
    ready: deque[Any] = deque()
    for batch in batches:
        ready.append(batch)
        if len(ready) > count:
            yield ready.popleft()
    yield from ready


def sent(batches: Iterator[Any], target: Selection, count: int) -> Iterator[Any]:
    """Yield host batches on a backend, sending ``count`` of them ahead of the consumer.

    Where the backend supports it, a copy runs concurrently with the work on earlier batches;
    the current stream waits for it only when its batch is used.
    """
    for batch, tickets in waiting((_start(batch, target) for batch in batches), count):
        for ticket in tickets:
            target.backend.runtime.arrived(ticket)
        yield batch


def _start(batch: Any, target: Selection) -> tuple[Any, list[Any]]:
    """Start sending the Tensors of a batch; return the batch and the events to wait for."""
    tickets: list[Any] = []

    def send(x: Any) -> Any:
        if type(x) is not Tensor:
            return x
        raw, here = lowest(x), backend_below(x)
        started = None
        if here.on_host and not target.backend.on_host and not x.requires_grad:
            started = target.backend.runtime.upload(raw, target.device)
        if started is None:
            return place_on_backend(x, target.backend.name, target.device)
        out, ticket = started
        tickets.append(ticket)
        return Tensor(out, EAGER)

    return optree.tree_map(send, batch), tickets


def to_backend(batch: Any) -> Any:
    """Convert a batch of NumPy, PyTorch, or any other library to Tensors on the current backend.

    Arrays in dicts, lists and tuples are converted; other values and Tensors that are already
    on the current backend are returned unchanged. So a loader of ``torch.utils.data`` can feed
    a model on any backend; on one GPU the data does not go through the host.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.data.to_backend({"x": np.ones(2), "name": "a"})
    {'x': Tensor([1., 1.]), 'name': 'a'}
    """
    selection = current()
    return _placed(batch, selection.backend.name, selection.device, tensors=True)


def on_device_of(batch: Any, like: Tensor) -> Any:
    """Convert the raw arrays of a batch to Tensors on the device of ``like``; keep Tensors."""
    backend = backend_below(like)
    return _placed(batch, backend.name, backend.xp.device(lowest(like)), tensors=False)


def _placed(batch: Any, backend: str, device: Any, tensors: bool) -> Any:
    def converted(x: Any) -> Any:
        if type(x) is Tensor:
            return place_on_backend(x, backend, device) if tensors else x
        is_array = hasattr(x, "dtype") and find_backend(x) is not None
        return place_on_backend(x, backend, device) if is_array else x

    return optree.tree_map(converted, batch)
