"""Data sets held in memory."""

from typing import Any

from xgrad.backends.registry import current, find_backend
from xgrad.engine.dispatch import backend_below
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import asarray
from xgrad.ops.indexing import getitem


class TensorDataset:
    """Arrays or Tensors whose first axis counts the examples.

    Parameters
    ----------
    *arrays : array or Tensor
        All of one length. They are moved to the current backend when first read there,
        once.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> data = xg.data.TensorDataset(np.arange(6.0).reshape(3, 2), np.asarray([0, 1, 0]))
    >>> len(data), data[1]
    (3, (Tensor([2., 3.]), Tensor(1)))
    """

    def __init__(self, *arrays: Any) -> None:
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
        self.arrays = arrays
        self._placed: dict[Any, tuple[Tensor, ...]] = {}

    def __len__(self) -> int:
        return int(self.arrays[0].shape[0])

    def tensors(self) -> tuple[Tensor, ...]:
        """Return the arrays as constant Tensors on the current backend."""
        selection = current()
        place = (selection.backend.name, str(selection.device))
        if place not in self._placed:
            self._placed[place] = tuple(
                _place(x, *place[:1], selection.device) for x in self.arrays
            )
        return self._placed[place]

    def __getitem__(self, key: Any) -> tuple[Tensor, ...]:
        return tuple(getitem(x, key) for x in self.tensors())

    def __repr__(self) -> str:
        shapes = ", ".join(str(tuple(x.shape)) for x in self.arrays)
        return f"TensorDataset({len(self)} examples, shapes {shapes})"


def _place(x: Any, backend: str, device: Any) -> Tensor:
    tensor = asarray(x).detach()
    here = backend_below(tensor)
    if here.name == backend and device in (None, here.xp.device(lowest(tensor))):
        return tensor
    return tensor.to(backend, device=device)
