"""Moving tensors between backends, devices and dtypes."""

from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.backends.registry import load
from xgrad.engine.constructors import linear
from xgrad.engine.dispatch import backend_below
from xgrad.engine.host_reads import read
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import astype


def _back(xp: Any, g: Any, source: tuple[str, Any], target: tuple[str, Any]) -> Any:
    return transfer(g, source=target, target=source)


@linear(transpose=_back, batch=lambda op, x, params: op(x, **params))
def _transfer(xp: Any, x: Any, /, *, source: tuple[str, Any], target: tuple[str, Any]) -> Any:
    name, device = target
    if name == source[0]:
        return load(name).xp.asarray(x, device=device)
    if device is None and _on_one_gpu(x, name):
        there = load(name)
        return there.xp.copy(there.xp.from_dlpack(x))  # a copy on the device: no shared memory
    return load(name).from_numpy(read(load(source[0]), x, f"to({name!r})"), device)


#: What DLPack calls a CUDA device.
_CUDA = 2


def _on_one_gpu(x: Any, target: str) -> bool:
    """Whether an array is on a CUDA device of which the other backend can take it over."""
    device = getattr(x, "__dlpack_device__", None)
    return device is not None and int(device()[0]) == _CUDA and load(target).takes_cuda


def transfer(x: Any, *, source: tuple[str, Any], target: tuple[str, Any]) -> Any:
    """Move a value from one (backend, device) to another; the gradient moves back."""
    return _transfer(x, source=source, target=target)


def to(x: Tensor, backend: Any = None, *, device: Any = None, dtype: Any = None) -> Tensor:
    """Return the tensor on another backend or device, or with another dtype.

    Parameters
    ----------
    backend : str or dtype, optional
        The name of a backend; a dtype is taken as ``dtype``.
    device : optional
        A device of that backend.
    dtype : optional
        A NumPy dtype.

    Returns
    -------
    Tensor
        The same tensor where nothing changes; otherwise connected to it in the graph.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.ones(2).to(dtype=xg.float32).dtype
    dtype('float32')
    """
    if backend is not None and not isinstance(backend, str):
        backend, dtype = None, backend
    out = x
    here = backend_below(x)
    there = here if backend is None else load(backend)
    raw = lowest(x)
    place = here.xp.device(raw)
    wanted = None if device is None else there.parse_device(device)
    if there.name != here.name or (wanted is not None and wanted != place):
        out = transfer(out, source=(here.name, place), target=(there.name, wanted))
    if dtype is not None and canonical(dtype) != out.dtype:
        out = astype(out, dtype)
    return out
