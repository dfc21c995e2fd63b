"""Devices as machines: their names, synchronization and memory."""

from collections.abc import Iterator
from typing import Any

from xgrad.backends.device import device
from xgrad.backends.registry import current, get_backend, load
from xgrad.contexts import context
from xgrad.engine import device_guard

__all__ = [
    "PeakMemory", "device", "device_count", "devices", "memory_stats", "peak_memory", "synchronize",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


device_guard.prepare()


def devices(backend: str | None = None) -> list[str]:
    """Return the names of the devices of the current backend, or of another one.

    ``device=``, `xgrad.device` and ``x.to`` accept these names.

    See Also
    --------
    xgrad.device : A device as an object; selects the device of new arrays.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.devices("numpy")
    ['cpu']
    """
    return (get_backend() if backend is None else load(backend)).devices()


def device_count(backend: str | None = None) -> int:
    """Return the number of devices of the current backend, or of another one.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.device_count("numpy")
    1
    """
    return len(devices(backend))


def synchronize() -> None:
    """Wait until the current backend's devices have finished their work.

    Call it before reading a clock. On NumPy it does nothing.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.synchronize()
    """
    get_backend().runtime.synchronize()


def memory_stats(device: Any = None) -> dict[str, int]:
    """Return the bytes in use, by name, on the current backend.

    On CuPy: ``used`` and ``held`` of its pool (nvidia-smi shows what is held), and
    ``device_free`` and ``device_total``. On the host: ``used`` and ``peak`` of the process. The
    dict is empty if the library does not report its memory.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.memory_stats()["peak"] > 0
    True
    """
    backend = get_backend()
    chosen = current().device if device is None else backend.parse_device(device)
    return backend.runtime.memory_stats(chosen)


class PeakMemory:
    """The result of `peak_memory`; ``bytes`` is known after its body."""

    def __init__(self) -> None:
        self.bytes: int | None = None

    def _note(self, most: int) -> None:
        self.bytes = most

    def __repr__(self) -> str:
        if self.bytes is None:
            return "PeakMemory(not known yet)"
        return f"PeakMemory({self.bytes / 2**20:.1f} MiB)"


@context
def peak_memory() -> Iterator[PeakMemory]:
    """Measure the peak number of bytes in use in the body of a ``with``, above those at its start.

    On CuPy it measures the pool; on NumPy, arrays and Python objects, which is slow
    (it uses tracemalloc). It does not see arrays of other backends.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.ones(1_000_000)
    >>> with xg.peak_memory() as peak:
    ...     y = xg.sum(xg.exp(x) * 2)
    >>> round(peak.bytes / 2**20)  # two arrays of 8 MB
    15
    """
    found = PeakMemory()
    with get_backend().runtime.peak_memory(found._note):
        yield found
