"""What ``cupy.cuda`` has of devices, streams and memory: names that do nothing, or count."""

from typing import Any

import numpy as np

from tests.emulation.arrays import CURRENT


class Device:
    """One of two."""

    __module__ = "cupy.cuda.device"

    def __init__(self, device: Any = None) -> None:
        self.id = CURRENT[0] if device is None else getattr(device, "id", device)
        if self.id not in (0, 1):
            raise ValueError(f"cudaErrorInvalidDevice: invalid device ordinal {self.id}")
        self._before: list[int] = []

    def __enter__(self) -> "Device":
        self._before.append(CURRENT[0])
        CURRENT[0] = self.id
        return self

    def __exit__(self, *raised: object) -> None:
        CURRENT[0] = self._before.pop()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<CUDA Device {self.id}>"

    def use(self) -> None:
        """Make it the current one."""
        CURRENT[0] = self.id

    def synchronize(self) -> None:
        """Wait for nothing."""

    compute_capability = "90"
    mem_info = (8 << 30, 8 << 30)


class Event:
    """A mark in a stream."""

    def __init__(self, block: bool = False, disable_timing: bool = False) -> None:
        pass

    def record(self, stream: Any = None) -> None:
        """Set the mark."""

    def synchronize(self) -> None:
        """Wait for nothing."""

    done = True


class Stream:
    """An order of work."""

    null: "Stream"

    def __init__(self, null: bool = False, non_blocking: bool = False) -> None:
        self.ptr = 0

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *raised: object) -> None:
        return None

    def synchronize(self) -> None:
        """Wait for nothing."""

    def wait_event(self, event: Event) -> None:
        """Go on when the event has come."""

    def record(self, event: Event | None = None) -> Event:
        """Set a mark."""
        return event or Event()


Stream.null = Stream(null=True)


def get_current_stream(device_id: int = -1) -> Stream:
    """Return the stream of the thread."""
    return Stream.null


class MemoryPool:
    """Counts what is asked of it."""

    asked = 0

    def malloc(self, size: int) -> Any:
        """Pretend to give memory; refuse what no card has."""
        if size > 1 << 40:
            raise OutOfMemoryError(size, self.total_bytes(), 0)
        self.asked += size
        return np.empty(0)

    def used_bytes(self) -> int:
        """Bytes in use."""
        return self.asked

    def free_bytes(self) -> int:
        """Bytes held but not in use."""
        return 0

    def total_bytes(self) -> int:
        """Bytes held."""
        return self.asked

    def get_limit(self) -> int:
        """No limit."""
        return 0

    def free_all_blocks(self, stream: Any = None) -> None:
        """Give nothing back."""


class PinnedMemoryPool:
    """Memory of the host that a device can copy from by itself."""

    def malloc(self, size: int) -> Any:
        """Return a buffer."""
        return np.empty(size, np.uint8).data

    def free_all_blocks(self) -> None:
        """Give nothing back."""


class OutOfMemoryError(MemoryError):
    """As CuPy words it."""

    def __init__(self, size: int, total: int, limit: int = 0) -> None:
        super().__init__(
            f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes)."
        )


pool, pinned_pool = MemoryPool(), PinnedMemoryPool()
_allocator: list[Any] = [pool.malloc]


def alloc_pinned_memory(size: int) -> Any:
    """Return a buffer of page-locked memory."""
    return pinned_pool.malloc(size)


def set_allocator(allocator: Any = None) -> None:
    """Choose who gives memory."""
    _allocator[0] = allocator or pool.malloc


def get_allocator() -> Any:
    """Return who gives memory."""
    return _allocator[0]


def is_available() -> bool:
    """There is one, after a fashion."""
    return True
