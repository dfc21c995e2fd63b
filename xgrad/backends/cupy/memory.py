"""CuPy's memory: errors with advice, statistics, the peak of a step."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cupy

from xgrad.errors import OutOfMemoryError

_GIB = 2**30
_ADVICE = (
    "Try a smaller batch with gradient accumulation (fit(accumulate=...)), "
    "xgrad.checkpoint around parts of the model, xgrad.amp.autocast, or "
    "cupy.get_default_memory_pool().free_all_blocks() if another program needs the card."
)


class _Peak:
    """The peak number of bytes in use since the last reset, over all threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.watchers = 0
        self.most = 0


_peak = _Peak()


def _allocate(size: int) -> Any:
    """Allocate from CuPy's pool; record the peak while there are watchers."""
    pool = cupy.get_default_memory_pool()
    try:
        memory = pool.malloc(size)
    except cupy.cuda.memory.OutOfMemoryError as error:
        free, total = cupy.cuda.runtime.memGetInfo()
        raise OutOfMemoryError(
            f"the GPU is out of memory: {size / _GIB:.3f} GiB were requested; the pool holds "
            f"{pool.total_bytes() / _GIB:.3f} GiB, of which {pool.used_bytes() / _GIB:.3f} are "
            f"in use; the device has {free / _GIB:.3f} of {total / _GIB:.3f} GiB free. {_ADVICE}"
        ) from error
    if _peak.watchers:
        with _peak.lock:
            _peak.most = max(_peak.most, pool.used_bytes())
    return memory


def name_shortage() -> None:
    """Set `_allocate` as CuPy's allocator, unless the user has set one."""
    pool = cupy.get_default_memory_pool()
    if cupy.cuda.get_allocator() == pool.malloc:
        cupy.cuda.set_allocator(_allocate)


def stats() -> dict[str, int]:
    """Return the sizes in bytes of CuPy's pool and of the device's memory."""
    pool = cupy.get_default_memory_pool()
    free, total = cupy.cuda.runtime.memGetInfo()
    return {
        "used": int(pool.used_bytes()),
        "held": int(pool.total_bytes()),
        "device_free": int(free),
        "device_total": int(total),
    }


@contextmanager
def peak(note: Callable[[int], None]) -> Iterator[None]:
    """Call ``note`` with the peak number of bytes in use in the body, relative to its start."""
    pool = cupy.get_default_memory_pool()
    start = int(pool.used_bytes())
    with _peak.lock:
        _peak.watchers += 1
        _peak.most = start
    try:
        yield
    finally:
        with _peak.lock:
            _peak.watchers -= 1
        note(_peak.most - start)
