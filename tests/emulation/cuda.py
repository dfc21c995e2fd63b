"""The parts of ``cupy.cuda`` for devices, streams and memory; they do nothing, or count."""

from typing import Any

import numpy as np

from tests.emulation.arrays import CURRENT


class Device:
    """One of two devices."""

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
        """Make the device current."""
        CURRENT[0] = self.id

    def synchronize(self) -> None:
        """Do nothing: there is no asynchronous work."""

    compute_capability = "90"
    mem_info = (8 << 30, 8 << 30)


class Event:
    """A position in a stream."""

    def __init__(self, block: bool = False, disable_timing: bool = False) -> None:
        pass

    def record(self, stream: Any = None) -> None:
        """Do nothing: there is no asynchronous work."""

    def synchronize(self) -> None:
        """Do nothing: there is no asynchronous work."""

    done = True


class Stream:
    """A queue of work."""

    null: "Stream"

    def __init__(self, null: bool = False, non_blocking: bool = False) -> None:
        self.ptr = 0

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *raised: object) -> None:
        return None

    def synchronize(self) -> None:
        """Do nothing: there is no asynchronous work."""

    def wait_event(self, event: Event) -> None:
        """Do nothing: there is no asynchronous work."""

    def record(self, event: Event | None = None) -> Event:
        """Return an event."""
        return event or Event()


Stream.null = Stream(null=True)


def get_current_stream(device_id: int = -1) -> Stream:
    """Return the stream of the thread."""
    return Stream.null


class MemoryPool:
    """Count requests for memory."""

    asked = 0

    def malloc(self, size: int) -> Any:
        """Pretend to allocate memory; raise if no device has that much."""
        if size > 1 << 40:
            raise OutOfMemoryError(size, self.total_bytes(), 0)
        self.asked += size
        return np.empty(0)

    def used_bytes(self) -> int:
        """Return the bytes in use."""
        return self.asked

    def free_bytes(self) -> int:
        """Return the bytes held but not in use."""
        return 0

    def total_bytes(self) -> int:
        """Return the bytes held."""
        return self.asked

    def get_limit(self) -> int:
        """Return 0: there is no limit."""
        return 0

    def free_all_blocks(self, stream: Any = None) -> None:
        """Do nothing: there is nothing to free."""


class PinnedMemoryPool:
    """A pool of page-locked host memory."""

    def malloc(self, size: int) -> Any:
        """Return a buffer."""
        return np.empty(size, np.uint8).data

    def free_all_blocks(self) -> None:
        """Do nothing: there is nothing to free."""


class OutOfMemoryError(MemoryError):
    """The error, with CuPy's wording."""

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
    """Set the memory allocator."""
    _allocator[0] = allocator or pool.malloc


def get_allocator() -> Any:
    """Return the memory allocator."""
    return _allocator[0]


def is_available() -> bool:
    """Return True: the emulation counts as a device."""
    return True
