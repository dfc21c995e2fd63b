"""Loaders that yield batches of a data set."""

import contextvars
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from xgrad.backends.dtypes import int64
from xgrad.backends.registry import Selection, current, destination, host_backend, use_backend
from xgrad.data.collate import default_collate
from xgrad.data.sending import sent, waiting
from xgrad.nn.checks import whole
from xgrad.ops.creation import as_tensor
from xgrad.random import Generator, default_generator

Collate = Callable[[Sequence[Any]], Any]


class DataLoader:
    """Iterate over a data set in batches; each ``for`` loop is one pass.

    Parameters
    ----------
    dataset : Dataset
        Anything with ``__len__`` and ``__getitem__``.
    batch_size : int
    shuffle : bool
        Draw a new order for each pass: from ``generator``, or the global generator.
    sampler : iterable of int, optional
        The indices of the examples in order, instead of ``shuffle``: a list, or an object that
        yields new indices for each pass. An iterator is exhausted after one pass; the next pass
        raises.
    num_workers : int
        Number of threads that fetch examples ahead, for data sets that read files or decode;
        batches keep their order. 0 fetches on demand.
    collate_fn : callable, optional
        Combines a list of examples into a batch; by default `default_collate`.
    drop_last : bool
        Drop the last batch if it is smaller.
    prefetch_factor : int
        How many batches each worker fetches ahead.
    prefetch : int
        How many batches to build, and send to the device, ahead of time.
    pin_memory : bool
        Build batches on the host, in page-locked memory, and copy each to the device while the
        device computes on the previous one (on CuPy, on a second stream; use ``prefetch=2`` or
        more). For data that is too large for the device; a `TensorDataset` that fits is faster
        without. Other backends copy the batch when it is built.
    generator : Generator or int, optional
        A generator or a seed. The same seed gives the same orders on every backend.
    backend, device : optional
        Where to build batches, instead of the current backend and device.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> loader = xg.data.DataLoader(xg.data.TensorDataset(np.arange(5)), batch_size=2)
    >>> len(loader), [x for (x,) in loader]
    (3, [Tensor([0, 1]), Tensor([2, 3]), Tensor([4])])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        *,
        sampler: Iterable[int] | None = None,
        num_workers: int = 0,
        collate_fn: Collate | None = None,
        prefetch_factor: int = 2,
        prefetch: int = 0,
        pin_memory: bool = False,
        generator: Generator | int | None = None,
        backend: str | None = None,
        device: Any = None,
    ) -> None:
        batch_size = whole("DataLoader", "batch_size", batch_size)
        if batch_size < 1:
            raise ValueError(f"DataLoader: expected a positive batch size, got {batch_size}")
        if num_workers < 0 or prefetch_factor < 1:
            raise ValueError(
                f"DataLoader: expected num_workers >= 0 and prefetch_factor >= 1, got "
                f"{num_workers} and {prefetch_factor}"
            )
        if prefetch < 0:
            raise ValueError(f"DataLoader: expected prefetch >= 0, got {prefetch}")
        if sampler is not None and shuffle:
            raise ValueError("DataLoader: pass a sampler or shuffle, not both")
        self.dataset, self.batch_size = dataset, batch_size
        self.shuffle, self.drop_last, self.sampler = shuffle, drop_last, sampler
        self.num_workers, self.prefetch_factor = num_workers, prefetch_factor
        self.prefetch, self.pin_memory = prefetch, pin_memory
        self.collate_fn = collate_fn
        self.backend, self.device = backend, device
        self.generator: Generator | None = (
            generator
            if generator is None or isinstance(generator, Generator)
            else Generator(whole("DataLoader", "generator", generator))
        )
        self._used_up = False

    def __len__(self) -> int:
        if self.sampler is None:
            count = len(self.dataset)
        elif isinstance(self.sampler, Sized):
            count = len(self.sampler)
        elif isinstance(self.sampler, Iterator):
            raise TypeError("DataLoader: the length is unknown, because the sampler is an iterator")
        else:
            count = len(list(self.sampler))
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        if self.backend is None and self.device is None:
            return self._batches()
        return self._batches_elsewhere(destination(self.backend, self.device))

    def _batches_elsewhere(self, there: Selection) -> Iterator[Any]:
        """Build batches with another current backend, which is set only while building."""
        batches, end = None, object()
        while True:
            with use_backend(there.backend.name, there.device):
                batches = batches or self._batches()
                batch = next(batches, end)
            if batch is end:
                return
            yield batch

    def _batches(self) -> Iterator[Any]:
        order: Any = None
        if self.sampler is not None:
            order = self._sampled(self.sampler)
        elif self.shuffle:
            order = (self.generator or default_generator()).permutation(len(self.dataset))
        count = len(self.dataset) if order is None else order.shape[0]
        stops = range(self.batch_size, count + 1, self.batch_size)
        parts = [slice(stop - self.batch_size, stop) for stop in stops]
        rest = slice(len(parts) * self.batch_size, count)
        if rest.start < count and not self.drop_last:
            parts.append(rest)
        selections = (part if order is None else order[part] for part in parts)
        if not self.pin_memory:
            batches = self._ahead(selections) if self.num_workers else map(self._batch, selections)
            return waiting(batches, self.prefetch)
        target = current()
        if order is not None:
            order = order.to(host_backend().name)
        with use_backend(host_backend().name):
            batches = self._ahead(selections) if self.num_workers else self._on_host(selections)
        return sent(batches, target, self.prefetch)

    def _sampled(self, sampler: Iterable[int]) -> Any:
        once = isinstance(sampler, Iterator)
        if once and self._used_up:
            raise ValueError(
                "DataLoader: the sampler is an iterator, exhausted by the first pass; pass "
                "a list, or an object that restarts with each iter()"
            )
        self._used_up = once
        numbers, count = [int(i) for i in sampler], len(self.dataset)
        for i in numbers:
            if not -count <= i < count:
                raise IndexError(
                    f"DataLoader: the sampler yielded {i}, out of range for {count} examples"
                )
        return as_tensor(numbers, dtype=int64)

    def _on_host(self, selections: Iterator[Any]) -> Iterator[Any]:
        for chosen in selections:
            with use_backend(host_backend().name):
                batch = self._batch(chosen)
            yield batch

    def _batch(self, chosen: Any) -> Any:
        """Build the batch of a slice or of integer indices (k)."""
        if self.collate_fn is None and hasattr(self.dataset, "batch"):
            whole = self.dataset.batch(chosen)
            if whole is not None:
                return whole
        if isinstance(chosen, slice):
            numbers = range(*chosen.indices(len(self.dataset)))
        else:
            numbers = chosen.tolist()
        return (self.collate_fn or default_collate)([self.dataset[i] for i in numbers])

    def _ahead(self, selections: Iterator[Any]) -> Iterator[Any]:
        """Fetch batches in threads, ahead of the consumer."""
        context = contextvars.copy_context()  # use_backend applies in the threads too
        pending: deque[Future[Any]] = deque()
        pool = ThreadPoolExecutor(self.num_workers, thread_name_prefix="xgrad-data")

        def start() -> None:
            for chosen in selections:
                pending.append(pool.submit(context.copy().run, self._batch, chosen))
                return

        try:
            for _ in range(self.num_workers * self.prefetch_factor):
                start()
            while pending:
                batch = pending.popleft().result()
                start()
                yield batch
        finally:  # also when the consumer stops early
            pool.shutdown(wait=False, cancel_futures=True)

    def __repr__(self) -> str:
        return (
            f"DataLoader({self.dataset!r}, batch_size={self.batch_size}, "
            f"shuffle={self.shuffle}, drop_last={self.drop_last})"
        )
