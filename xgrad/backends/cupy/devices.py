"""CuPy's devices: names, the current device, streams for copies."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import cupy
import cupyx
import numpy as np
from cupy._core import _routines_linalg as products

from xgrad.backends.cupy import memory
from xgrad.backends.runtime import ON_SECOND_DEVICE, Runtime


def parse_device(device: Any) -> Any:
    """Convert ``"cuda:1"``, ``"cuda"``, ``1`` or CuPy's own device to CuPy's device."""
    if isinstance(device, int | cupy.cuda.Device):
        number = int(getattr(device, "id", device))
    else:
        kind, _, suffix = str(device).partition(":")
        if kind not in ("cuda", "gpu") or (suffix and not suffix.isdigit()):
            raise ValueError(f"expected a device such as 'cuda:0', got {device!r}")
        number = int(suffix) if suffix else cupy.cuda.runtime.getDevice()
    count = cupy.cuda.runtime.getDeviceCount()
    if not 0 <= number < count:
        raise ValueError(f"no device 'cuda:{number}': CuPy sees {count}")
    if number != cupy.cuda.runtime.getDevice():
        for follow in ON_SECOND_DEVICE:
            follow()
        ON_SECOND_DEVICE.clear()
    return cupy.cuda.Device(number)


def device_name(device: Any) -> str | None:
    """Return the name of one of CuPy's own devices."""
    return f"cuda:{device.id}" if isinstance(device, cupy.cuda.Device) else None


class CupyRuntime(Runtime):
    """CUDA devices through CuPy."""

    asynchronous = True

    def __init__(self) -> None:
        self._copies: dict[int, Any] = {}  # one stream per device
        self._staged: list[tuple[Any, Any]] = []

    def synchronize(self) -> None:
        cupy.cuda.Device().synchronize()

    def memory_stats(self, device: Any) -> dict[str, int]:
        if device is None:
            return memory.stats()
        with device:
            return memory.stats()

    def peak_memory(self, note: Callable[[int], None]) -> AbstractContextManager[None]:
        return memory.peak(note)

    def current_device(self, device: Any) -> AbstractContextManager[Any]:
        current: AbstractContextManager[Any] = device
        return current

    def upload(self, array: np.ndarray[Any, Any], device: Any) -> tuple[Any, Any]:
        # The device reads page-locked memory directly, so it must live until the copy is complete.
        self._staged = [(done, arrays) for done, arrays in self._staged if not done.done]
        staged = cupyx.empty_pinned(array.shape, array.dtype)
        staged[...] = array
        target = cupy.cuda.Device() if device is None else device
        with target:
            stream = self._copies.get(target.id)
            if stream is None:
                stream = self._copies[target.id] = cupy.cuda.Stream(non_blocking=True)
            out = cupy.empty(array.shape, array.dtype)
            # Pending work of the current stream may still read this memory.
            stream.wait_event(cupy.cuda.get_current_stream().record())
            out.set(staged, stream=stream)
            done = stream.record()
        # Keep source and target alive, even if the batch is dropped before it is used.
        self._staged.append((done, (staged, out)))
        return out, done

    def arrived(self, ticket: Any) -> None:
        cupy.cuda.get_current_stream().wait_event(ticket)

    def array_types(self) -> tuple[type, ...]:
        return (cupy.ndarray,)

    @contextmanager
    def no_transfers(self, refuse: Callable[[str], None]) -> Iterator[None]:
        original = cupy.asnumpy

        def asnumpy(*args: Any, **keywords: Any) -> Any:
            refuse("cupy.asnumpy")
            return original(*args, **keywords)

        cupy.asnumpy = asnumpy
        try:
            with super().no_transfers(refuse):
                yield
        finally:
            cupy.asnumpy = original

    def tf32(self) -> bool:
        allowed: bool = cupy._core.get_compute_type(np.float32) == products.COMPUTE_TYPE_TF32
        return allowed

    def set_tf32(self, allowed: bool) -> None:
        kind = products.COMPUTE_TYPE_TF32 if allowed else products.COMPUTE_TYPE_DEFAULT
        for dtype in (np.float32, np.complex64):
            cupy._core.set_compute_type(dtype, kind)
