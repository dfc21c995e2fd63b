"""Devices at run time: synchronization, memory statistics, asynchronous copies.

The base class serves the host, and libraries that have no such functions.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

#: Called at the first use of a second device on a backend that computes on its current device,
#: regardless of its arrays: from then on operations must switch to the device of their arrays.
ON_SECOND_DEVICE: list[Callable[[], None]] = []
#: Methods of arrays that wait for a device and return values to Python.
READING_METHODS = (
    *("__bool__", "__int__", "__float__", "__complex__", "__index__", "__array__"),
    *("item", "tolist", "tobytes", "get", "numpy", "cpu"),
)


def the_host(library: str, device: Any) -> str:
    """Return the single device of a library that computes on the host; raise for other names."""
    if isinstance(device, str | int) and device in ("cpu", "cpu:0", 0):
        return "cpu"
    message = f"{library} has one device, 'cpu'; got {device!r}"
    if str(device).partition(":")[0] in ("cuda", "mps", "xpu"):
        raise ValueError(
            f"{message}. Select a backend with such a device first, as in "
            f"x.to('torch', device={str(device)!r}) or set_backend"
        )
    raise ValueError(
        f"{message}, which is not the name of a backend or dtype either; a GPU is 'cuda'"
    )


class Runtime:
    """The operations of a backend on its devices.

    Attributes
    ----------
    asynchronous : bool
        Whether functions return before their work is complete.
    """

    asynchronous = False

    def synchronize(self) -> None:
        """Wait until all pending work is complete."""

    def memory_stats(self, device: Any) -> dict[str, int]:
        """Return numbers of bytes by name; on the host, the process's current and peak memory."""
        try:
            import resource
        except ImportError:  # Windows
            return {}
        pages = Path("/proc/self/statm")
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if not pages.exists():
            return {"peak": most}
        used = int(pages.read_text().split()[1]) * resource.getpagesize()
        return {"used": used, "peak": max(used, most)}  # the system updates the peak later

    def peak_memory(self, note: Callable[[int], None]) -> AbstractContextManager[None]:
        """Call ``note`` with the peak number of bytes in use in the body, relative to its start."""
        return _traced_peak(note)

    def current_device(self, device: Any) -> AbstractContextManager[Any]:
        """Set the library's current device, if it has one."""
        return nullcontext()

    def upload(self, array: np.ndarray[Any, Any], device: Any) -> tuple[Any, Any] | None:
        """Start copying a host array; return the new array and a ticket for `arrived`.

        Returns None if copies cannot run concurrently with other work.
        """
        return None

    def arrived(self, ticket: Any) -> None:
        """Let the following work wait for a copy that `upload` started."""

    def array_types(self) -> tuple[type, ...]:
        """Return the array classes whose `READING_METHODS` read from a device, for replacement."""
        return ()

    @contextmanager
    def no_transfers(self, refuse: Callable[[str], None]) -> Iterator[None]:
        """Call ``refuse`` with the name of each method that reads from a device in the body."""
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
        """Return whether products of float32 matrices may use TF32."""
        return False

    def set_tf32(self, allowed: bool) -> None:
        """Allow or forbid TF32; without effect on devices that do not have it."""


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
