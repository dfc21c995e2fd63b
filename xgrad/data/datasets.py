"""Data sets: sequences of examples with a length and integer indices."""

from collections.abc import Sequence
from typing import Any

from xgrad.backends.registry import destination, find_backend
from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import EAGER
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.views.reading import getitem
from xgrad.ops.views.take import take
from xgrad.random import Generator, default_generator


class Dataset:
    """The base class: subclasses define ``__len__`` and ``__getitem__``.

    Any object with these two methods works. A data set that can build whole batches faster than
    example by example also defines ``batch``.

    Examples
    --------
    >>> import xgrad as xg
    >>> class Squares(xg.data.Dataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, i):
    ...         return {"x": i, "y": i * i}
    >>> for batch in xg.data.DataLoader(Squares(), batch_size=3):
    ...     print(batch["y"])
    Tensor([0, 1, 4])
    Tensor([9])
    """

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not define __len__()")

    def __getitem__(self, key: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define __getitem__()")


class TensorDataset(Dataset):
    """Arrays or Tensors whose first axis indexes the examples.

    Parameters
    ----------
    *arrays : array or Tensor
        All of the same length. They are moved to the current backend once, when they are first
        read there. Reading returns a copy that belongs to the caller; for a Tensor that needs
        gradients the copy stays in the graph.
    backend, device : optional
        Where to move them, instead of the current backend and device.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> data = xg.data.TensorDataset(np.arange(6.0).reshape(3, 2), np.asarray([0, 1, 0]))
    >>> len(data), data[1]
    (3, (Tensor([2., 3.]), Tensor(1)))
    """

    def __init__(self, *arrays: Any, backend: str | None = None, device: Any = None) -> None:
        if not arrays:
            raise ValueError("TensorDataset: expected at least one array")
        for x in arrays:
            if type(x) is not Tensor and find_backend(x) is None:
                raise TypeError(
                    f"TensorDataset: expected arrays or Tensors, got {type(x).__name__}"
                )
            if not x.shape:
                raise ValueError("TensorDataset: a 0-d array does not hold examples")
        lengths = [x.shape[0] for x in arrays]
        if len(set(lengths)) != 1:
            raise ValueError(f"TensorDataset: lengths differ: {lengths}")
        self.arrays, self.backend, self.device = arrays, backend, device
        self._placed: dict[Any, tuple[Tensor, ...]] = {}

    def __len__(self) -> int:
        return int(self.arrays[0].shape[0])

    def tensors(self) -> tuple[Tensor, ...]:
        """Return the arrays as Tensors on the requested (or current) backend and device."""
        selection = destination(self.backend, self.device)
        key = (selection.backend.name, str(selection.device))
        if key in self._placed:
            return self._placed[key]
        placed = tuple(place_on_backend(x, key[0], selection.device) for x in self.arrays)
        if not any(x.requires_grad for x in placed):  # a graph is walked only once
            self._placed[key] = placed
        return placed

    def __getitem__(self, key: Any) -> tuple[Tensor, ...]:
        return tuple(_copied(getitem(x, key)) for x in self.tensors())

    def batch(self, indices: Any) -> tuple[Tensor, ...]:
        """Return the examples at a slice or at integer indices (k), from all arrays."""
        if isinstance(indices, slice):
            return self[indices]
        return tuple(take(x, indices, axis=0) for x in self.tensors())

    def __repr__(self) -> str:
        shapes = ", ".join(str(tuple(x.shape)) for x in self.arrays)
        return f"TensorDataset({len(self)} examples, shapes {shapes})"


class Subset(Dataset):
    """A subset of a data set, given by indices.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> part = xg.data.Subset(xg.data.TensorDataset(np.arange(10)), [7, 3])
    >>> len(part), part[0]
    (2, (Tensor(7),))
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = [int(i) for i in indices]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, list):
            return self.dataset[[self.indices[i] for i in key]]
        return self.dataset[self.indices[key]]

    def batch(self, indices: Any) -> Any:
        """Return the examples at a slice or at integer indices (k): a whole batch if possible."""
        chosen = self.indices[indices] if isinstance(indices, slice) else _chosen(self, indices)
        if hasattr(self.dataset, "batch"):
            return self.dataset.batch(as_tensor(chosen))
        return None

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {self.dataset!r})"


def _chosen(subset: Subset, indices: Any) -> list[int]:
    return [subset.indices[i] for i in as_tensor(indices).tolist()]


class ConcatDataset(Dataset):
    """The concatenation of several data sets."""

    def __init__(self, datasets: Sequence[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: expected data sets, got an empty list")

    def __len__(self) -> int:
        return sum(len(d) for d in self.datasets)

    def __getitem__(self, key: int) -> Any:
        index = key + len(self) if key < 0 else key
        for dataset in self.datasets:
            if 0 <= index < len(dataset):
                return dataset[index]
            index -= len(dataset)
        raise IndexError(f"ConcatDataset: {key} is out of range for {len(self)} examples")


def random_split(
    dataset: Any,
    lengths: Sequence[float],
    generator: Generator | int | None = None,
) -> list[Subset]:
    """Split a data set at random into parts without overlap.

    Parameters
    ----------
    dataset : Dataset
    lengths : sequence of int or float
        The number of examples of each part, which add up to all; or fractions that add up to 1,
        where examples left over by rounding go to the first parts.
    generator : Generator or int, optional
        A generator or a seed.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> data = xg.data.TensorDataset(np.arange(10))
    >>> [len(part) for part in xg.data.random_split(data, [0.75, 0.25], generator=0)]
    [8, 2]
    """
    count = len(dataset)
    if abs(sum(lengths) - 1) < 1e-6 and any(isinstance(n, float) for n in lengths):
        sizes = [int(count * fraction) for fraction in lengths]
        for i in range(count - sum(sizes)):
            sizes[i % len(sizes)] += 1
    else:
        sizes = [int(n) for n in lengths]
    if sum(sizes) != count or any(n < 0 for n in sizes):
        raise ValueError(
            f"random_split: expected lengths that add up to {count}, or fractions that add up to "
            f"1; got {list(lengths)}"
        )
    chosen = Generator(generator) if isinstance(generator, int) else generator
    order = (chosen or default_generator()).permutation(count).tolist()
    parts, start = [], 0
    for size in sizes:
        parts.append(Subset(dataset, order[start : start + size]))
        start += size
    return parts


def _copied(part: Tensor) -> Tensor:
    """Return a part with its own memory: a view would write through to the data."""
    if part.requires_grad:
        return astype(part, part.dtype, copy=True)
    backend, raw = backend_below(part), lowest(part)
    return Tensor(raw if backend.immutable else backend.xp.copy(raw), EAGER)


def place_on_backend(x: Any, backend: str, device: Any) -> Tensor:
    """Return a Tensor on a backend and device; move it only if it is elsewhere."""
    tensor = as_tensor(x)
    own = backend_below(tensor)
    if own.name == backend and device in (None, own.xp.device(lowest(tensor))):
        return tensor
    return tensor.to(backend, device=device)
