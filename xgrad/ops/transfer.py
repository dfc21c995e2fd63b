"""Moving tensors between backends, devices and dtypes."""

from typing import Any

from xgrad.backends.dtypes import canonical, supported
from xgrad.backends.namespace import Namespace
from xgrad.backends.registry import (
    Selection,
    destination,
    find_backend,
    known_backends,
    load,
    resolve_device,
    select,
)
from xgrad.engine.constructors import linear
from xgrad.engine.declare import function
from xgrad.engine.dispatch import backend_below
from xgrad.engine.host_reads import read
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import astype
from xgrad.typing import Value


def _back(xp: Namespace, g: Value, source: tuple[str, Any], target: tuple[str, Any]) -> Any:
    return transfer(g, source=target, target=source)


@linear(transpose=_back, batch=lambda op, x, params: op(x, **params))
def _transfer(
    xp: Namespace, x: Value, /, *, source: tuple[str, Any], target: tuple[str, Any]
) -> Any:
    name, device = target
    if name == source[0]:
        return load(name).xp.asarray(x, device=device)
    if device is None and _on_one_gpu(x, name):
        there = load(name)
        return there.xp.copy(there.xp.from_dlpack(x))  # a copy on the device: no shared memory
    return load(name).from_numpy(read(load(source[0]), x, f"to({name!r})"), device)


#: DLPack's number of the device type CUDA.
_CUDA = 2


def _on_one_gpu(x: Any, target: str) -> bool:
    """Whether an array is on a CUDA device, and the other backend can use it there."""
    device = getattr(x, "__dlpack_device__", None)
    return device is not None and int(device()[0]) == _CUDA and load(target).takes_cuda


@function(rules=True)
def transfer(x: Any, *, source: tuple[str, Any], target: tuple[str, Any]) -> Any:
    """Move a value from one (backend, device) to another; the gradient moves back."""
    return _transfer(x, source=source, target=target)


def requested(
    function: str, where: tuple[Any, ...], backend: str | None, device: Any, dtype: Any
) -> tuple[str | None, Any, Any]:
    """Return the backend, the device and the dtype that arguments of `to` request."""
    result = {"backend": backend, "device": device, "dtype": dtype}

    def add(**parts: Any) -> None:
        for what, part in parts.items():
            if result[what] is not None:
                raise TypeError(f"{function}: got two of {what}: {result[what]!r} and {part!r}")
            result[what] = part

    for part in where:
        if part is None:
            continue
        if isinstance(part, bool):
            raise TypeError(f"{function}: pass copy and non_blocking by name")
        if type(part) is Tensor or find_backend(part) is not None:
            here, raw = backend_below(part), lowest(part)
            add(backend=here.name, device=here.xp.device(raw), dtype=canonical(raw.dtype))
        elif isinstance(part, str) and part in known_backends():
            add(backend=part)
        elif (as_dtype := _as_dtype(part)) is not None:
            add(dtype=as_dtype)
        else:
            add(device=part)
    return result["backend"], result["device"], result["dtype"]


def _as_dtype(part: Any) -> Any:
    """Return a dtype of any library, or a dtype's name, as NumPy's; None if it is not a dtype."""
    try:
        dtype = canonical(part)
    except TypeError:
        return None
    return dtype if not isinstance(part, str) or part == dtype.name else None


@function(method=True)
def to(
    x: Tensor,
    *where: Any,
    backend: str | None = None,
    device: Any = None,
    dtype: Any = None,
    copy: bool = False,
    non_blocking: bool = False,
) -> Tensor:
    """Return the tensor on another backend or device, or with another dtype.

    Parameters
    ----------
    *where
        In any order, each at most once: the name of a backend (``"torch"``), a device (``"cpu"``,
        ``"cuda"``, ``"cuda:1"``, ``y.device``), a dtype; or another tensor, which gives all three.
    backend, device, dtype : optional
        The same by name.
    copy : bool
        Copy even if nothing changes.
    non_blocking : bool
        Accepted for compatibility with PyTorch and ignored: copies wait for their inputs anyway.

    Returns
    -------
    Tensor
        The same tensor if nothing changes; otherwise a new one, connected in the graph.

    Notes
    -----
    Devices have PyTorch's names on every backend. A device that the tensor's backend does not
    have is looked up on the current backend; ``"cpu"`` is NumPy for a library without a CPU device
    (CuPy).

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.ones(2)
    >>> x.to("cpu") is x
    True
    >>> x.to("cpu", xg.float32).dtype
    dtype('float32')
    """
    backend, device, dtype = requested("to", where, backend, device, dtype)
    here, position = backend_below(x), backend_below(x).xp.device(lowest(x))
    if backend is not None and backend != here.name:
        there = destination(backend, device)
    elif device is not None:
        there = select(backend, device) if backend is not None else resolve_device(device, here)
    else:
        there = Selection(here)
    out = x
    if there.backend.name != here.name or there.device not in (None, position):
        source, target = (here.name, position), (there.backend.name, there.device)
        out = transfer(out, source=source, target=target)
    if dtype is not None and supported("to", dtype) != out.dtype:
        out = astype(out, dtype)
    return astype(out, out.dtype, copy=True) if copy and out is x else out


@function(method=True)
def cpu(x: Tensor) -> Tensor:
    """Return the tensor on its backend's CPU device, or on NumPy if there is none (CuPy).

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.ones(2)
    >>> x.cpu() is x
    True
    """
    return to(x, device="cpu")


@function(method=True)
def cuda(x: Tensor, device: Any = None) -> Tensor:
    """Return the tensor on a CUDA device: the current one, or the one with this name or index."""
    return to(x, device=f"cuda:{device}" if isinstance(device, int) else device or "cuda")
