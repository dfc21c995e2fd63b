"""Batches from data sets."""

from collections.abc import Iterator
from typing import Any

from xgrad.data.datasets import TensorDataset
from xgrad.engine.tensor import Tensor
from xgrad.ops.indexing import getitem, take
from xgrad.random import Generator, default_generator


class DataLoader:
    """Iterate over a data set in batches, once for each ``for``.

    Parameters
    ----------
    dataset : TensorDataset
    batch_size : int
    shuffle : bool
        Draw a new order for each pass: from ``generator``, or the global generator.
    drop_last : bool
        Leave out a last batch that is smaller.
    generator : Generator or int, optional
        Or a seed to make one from. The same seed gives the same orders on every backend.

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
        dataset: TensorDataset,
        batch_size: int = 1,
        shuffle: bool = False,
        drop_last: bool = False,
        *,
        generator: Generator | int | None = None,
    ) -> None:
        if batch_size < 1:
            raise ValueError(f"DataLoader: expected a positive batch size, got {batch_size}")
        self.dataset, self.batch_size = dataset, batch_size
        self.shuffle, self.drop_last = shuffle, drop_last
        self.generator = Generator(generator) if isinstance(generator, int) else generator

    def __len__(self) -> int:
        count = len(self.dataset)
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        tensors = self.dataset.tensors()
        order: Any = None
        if self.shuffle:
            order = (self.generator or default_generator()).permutation(len(self.dataset))
        for i in range(len(self)):
            part = slice(i * self.batch_size, (i + 1) * self.batch_size)
            if order is None:
                yield tuple(getitem(x, part) for x in tensors)
            else:
                chosen = order[part]
                yield tuple(take(x, chosen, axis=0) for x in tensors)

    def __repr__(self) -> str:
        return (
            f"DataLoader({self.dataset!r}, batch_size={self.batch_size}, "
            f"shuffle={self.shuffle}, drop_last={self.drop_last})"
        )
