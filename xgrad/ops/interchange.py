"""Tensors from other libraries' arrays."""

from typing import Any

from xgrad.backends.dtypes import supported
from xgrad.backends.registry import destination, find_backend
from xgrad.engine.levels import EAGER
from xgrad.engine.tensor import Tensor
from xgrad.engine.views import as_array
from xgrad.ops.creation import as_tensor, asarray
from xgrad.typing import ArrayLike

__all__ = ["from_dlpack", "from_numpy"]


def from_dlpack(x: ArrayLike, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """Return a Tensor that shares the memory of an array of any library, through DLPack.

    Parameters
    ----------
    x : object with ``__dlpack__`` and ``__dlpack_device__``
        An array of a backend's library stays on that backend. Others are moved to the current
        backend.
    device : optional
        A device of that backend.
    copy : bool, optional
        True copies; False raises if a copy is needed.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> a = np.zeros(2)
    >>> x = xg.from_dlpack(a)
    >>> a[0] = 1.0
    >>> x
    Tensor([1., 0.])
    """
    if type(x) is Tensor:
        return asarray(x, device=device, copy=copy)
    if not hasattr(x, "__dlpack__"):
        raise TypeError(f"from_dlpack: expected an array with __dlpack__, got {type(x).__name__}")
    if find_backend(x) is not None:
        out = as_tensor(x, copy=copy)
    else:
        xp = destination().backend.xp
        raw = xp.from_dlpack(x)
        out = as_array(Tensor(xp.copy(raw) if copy else raw, EAGER))
    return out if device is None else out.to(device=device)


def from_numpy(array: Any, *, device: Any = None, backend: str | None = None) -> Tensor:
    """Copy a NumPy array to the current backend and device, or to those that are passed.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.from_numpy(np.arange(3))
    Tensor([0, 1, 2])
    """
    owner = None if type(array) is Tensor else find_backend(array)
    if owner is None or not owner.on_host:
        raise TypeError(f"from_numpy: expected a NumPy array, got {type(array).__name__}")
    supported("from_numpy", array.dtype)
    target = destination(backend, device)
    return as_array(Tensor(target.backend.from_numpy(array, target.device), EAGER))
