"""Data sets: something with a length, whose examples have numbers."""

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

    Anything with these two methods will do. A data set that can make whole batches faster than
    one by one also defines ``batch``.

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
        raise NotImplementedError(f"{type(self).__name__} defines no __len__()")

    def __getitem__(self, key: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} defines no __getitem__()")


class TensorDataset(Dataset):
    """Arrays or Tensors whose first axis counts the examples.

    Parameters
    ----------
    *arrays : array or Tensor
        All of one length. They are moved to the current backend when first read there,
        once. What is read of them is a copy, and the caller's own; of a Tensor that needs
        gradients it stays in the graph.
    backend, device : optional
        Where they are moved to, instead of the current backend and device.

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
                raise ValueError("TensorDataset: a 0-d array holds no examples")
        lengths = [x.shape[0] for x in arrays]
        if len(set(lengths)) != 1:
            raise ValueError(f"TensorDataset: lengths differ: {lengths}")
        self.arrays, self.backend, self.device = arrays, backend, device
        self._placed: dict[Any, tuple[Tensor, ...]] = {}

    def __len__(self) -> int:
        return int(self.arrays[0].shape[0])

    def tensors(self) -> tuple[Tensor, ...]:
        """Return the arrays as Tensors on the current backend, or where they were asked for."""
        selection = destination(self.backend, self.device)
        place = (selection.backend.name, str(selection.device))
        if place in self._placed:
            return self._placed[place]
        placed = tuple(place_on_backend(x, *place[:1], selection.device) for x in self.arrays)
        if not any(x.requires_grad for x in placed):  # a graph is walked once
            self._placed[place] = placed
        return placed

    def __getitem__(self, key: Any) -> tuple[Tensor, ...]:
        return tuple(_copied(getitem(x, key)) for x in self.tensors())

    def batch(self, places: Any) -> tuple[Tensor, ...]:
        """Return the examples at a slice, or at integers (k), of all arrays."""
        if isinstance(places, slice):
            return self[places]
        return tuple(take(x, places, axis=0) for x in self.tensors())

    def __repr__(self) -> str:
        shapes = ", ".join(str(tuple(x.shape)) for x in self.arrays)
        return f"TensorDataset({len(self)} examples, shapes {shapes})"


class Subset(Dataset):
    """Some examples of a data set, by their numbers.

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

    def batch(self, places: Any) -> Any:
        """Return the examples at a slice, or at integers (k): a whole batch if possible."""
        chosen = self.indices[places] if isinstance(places, slice) else _chosen(self, places)
        if hasattr(self.dataset, "batch"):
            return self.dataset.batch(as_tensor(chosen))
        return None

    def __repr__(self) -> str:
        return f"Subset({len(self)} of {self.dataset!r})"


def _chosen(subset: Subset, places: Any) -> list[int]:
    return [subset.indices[i] for i in as_tensor(places).tolist()]


class ConcatDataset(Dataset):
    """Data sets one after the other."""

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
    """Split a data set at random into parts that do not overlap.

    Parameters
    ----------
    dataset : Dataset
    lengths : sequence of int or float
        How many examples each part has, together all; or fractions that add up to 1, where
        the rounded-off examples go to the first parts.
    generator : Generator or int, optional
        Or a seed.

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
            f"random_split: expected lengths that add up to {count}, or fractions to 1; "
            f"got {list(lengths)}"
        )
    chosen = Generator(generator) if isinstance(generator, int) else generator
    order = (chosen or default_generator()).permutation(count).tolist()
    parts, start = [], 0
    for size in sizes:
        parts.append(Subset(dataset, order[start : start + size]))
        start += size
    return parts


def _copied(part: Tensor) -> Tensor:
    """Return a part as an array of its own: a view would write through to the data."""
    if part.requires_grad:
        return astype(part, part.dtype, copy=True)
    backend, raw = backend_below(part), lowest(part)
    return Tensor(raw if backend.immutable else backend.xp.copy(raw), EAGER)


def place_on_backend(x: Any, backend: str, device: Any) -> Tensor:
    """Return a Tensor on a backend; moved there only if it is elsewhere."""
    tensor = as_tensor(x)
    here = backend_below(tensor)
    if here.name == backend and device in (None, here.xp.device(lowest(tensor))):
        return tensor
    return tensor.to(backend, device=device)
