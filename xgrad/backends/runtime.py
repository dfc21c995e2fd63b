"""Devices at run time: synchronization, memory statistics, asynchronous copies.

The base class serves the host, and libraries that have no such functions.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

#: Called when a second device comes into use on a backend that computes on its current device,
#: wherever its arrays are: from then on operations must switch to the device of their arrays.
ON_SECOND_DEVICE: list[Callable[[], None]] = []
#: Methods of arrays that wait for a device and return numbers to Python.
READING_METHODS = (
    *("__bool__", "__int__", "__float__", "__complex__", "__index__", "__array__"),
    *("item", "tolist", "tobytes", "get", "numpy", "cpu"),
)


def the_host(library: str, device: Any) -> str:
    """Return the one device of a library that computes on the host, or raise for another name."""
    if device not in ("cpu", "cpu:0"):
        raise ValueError(
            f"{library} has one device, 'cpu'; got {device!r}. Choose a backend with such a "
            f"device first, as in x.to('torch', device={str(device)!r}) or set_backend"
        )
    return "cpu"


class Runtime:
    """What a backend can do with its devices.

    Attributes
    ----------
    asynchronous : bool
        Whether functions return before their work is done.
    """

    asynchronous = False

    def synchronize(self) -> None:
        """Wait until all work that was started is done."""

    def memory_stats(self, device: Any) -> dict[str, int]:
        """Return bytes by name; on the host, the process's current and peak memory."""
        try:
            import resource
        except ImportError:  # Windows
            return {}
        pages = Path("/proc/self/statm")
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if not pages.exists():
            return {"peak": most}
        return {"used": int(pages.read_text().split()[1]) * resource.getpagesize(), "peak": most}

    def peak_memory(self, note: Callable[[int], None]) -> AbstractContextManager[None]:
        """Call ``note`` with the peak number of bytes in use during the body, above the start."""
        return _traced_peak(note)

    def current_device(self, device: Any) -> AbstractContextManager[Any]:
        """Make a device the library's current one, if it has a current device."""
        return nullcontext()

    def upload(self, array: np.ndarray[Any, Any], device: Any) -> tuple[Any, Any] | None:
        """Start copying a host array; return the new array and a ticket for `arrived`.

        None if copies cannot run concurrently with other work.
        """
        return None

    def arrived(self, ticket: Any) -> None:
        """Make the current work wait for a copy that `upload` started."""

    def array_types(self) -> tuple[type, ...]:
        """The array classes whose `READING_METHODS` read from a device and can be replaced."""
        return ()

    @contextmanager
    def no_transfers(self, refuse: Callable[[str], None]) -> Iterator[None]:
        """Call ``refuse`` with the name of every method that reads from a device in the body."""
        replaced: list[tuple[type, str, Any]] = []

        def guard(kind: type, name: str) -> None:
            original = kind.__dict__.get(name, None)
            inherited = getattr(kind, name)

            def read(*args: Any, **keywords: Any) -> Any:
                refuse(f"{kind.__name__}.{name}")
                return inherited(*args, **keywords)

            setattr(kind, name, read)
            replaced.append((kind, name, original))

        try:
            for kind in self.array_types():
                for name in READING_METHODS:
                    if hasattr(kind, name):
                        guard(kind, name)
            yield
        finally:
            for kind, name, original in replaced:
                if original is None:
                    delattr(kind, name)
                else:
                    setattr(kind, name, original)

    def tf32(self) -> bool:
        """Whether products of float32 matrices may be rounded to TF32."""
        return False

    def set_tf32(self, allowed: bool) -> None:
        """Allow or forbid it; without effect where there is no such format."""


@contextmanager
def _traced_peak(note: Callable[[int], None]) -> Iterator[None]:
    import tracemalloc  # NumPy reports its arrays to it

    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    tracemalloc.reset_peak()
    start = tracemalloc.get_traced_memory()[0]
    try:
        yield
    finally:
        note(tracemalloc.get_traced_memory()[1] - start)
        if not running:
            tracemalloc.stop()
