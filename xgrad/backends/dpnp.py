"""dpnp: NumPy's interface on SYCL devices (Intel's GPUs, and any CPU through OpenCL)."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dpnp
import dpnp.scipy.special
import numpy as np

from xgrad.backends.backend import Backend
from xgrad.backends.namespace import Namespace
from xgrad.backends.runtime import Runtime
from xgrad.errors import BackendError

Array = Any  # the library's own


class DpnpNamespace(Namespace):
    """``dpnp``, which follows the standard without a wrapper."""

    def astype(self, x: Array, dtype: Any, *, copy: bool = True) -> Array:
        if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
            x = x.real
        return x.astype(dtype, copy=copy)

    def copy(self, x: Array) -> Array:
        return x.copy()

    def holds(self, mask: Array) -> bool:
        # Called only together with decompositions; without it, derivatives at ties would be wrong.
        return bool(mask.any())

    def special(self, name: str, *arrays: Array) -> Array:
        function = _SPECIAL.get(name)
        if function is None or any(x.dtype.kind != "f" for x in arrays):
            return super().special(name, *arrays)
        return function(*arrays)

    def matmul(self, x: Array, y: Array) -> Array:
        if x.dtype == y.dtype == np.float16:  # dpnp does not have a matrix product for it
            return self.matmul(x.astype(np.float32), y.astype(np.float32)).astype(np.float16)
        return dpnp.matmul(_spread_out(x), _spread_out(y))


#: The functions that dpnp computes on the device, by SciPy's names.
_SPECIAL = {
    "erf": dpnp.scipy.special.erf,
    "erfc": dpnp.scipy.special.erfc,
    "erfcx": dpnp.scipy.special.erfcx,
    "erfinv": dpnp.scipy.special.erfinv,
    "ndtr": lambda x: dpnp.scipy.special.erfc(x * -math.sqrt(0.5)) * 0.5,
}


class DpnpRuntime(Runtime):
    """SYCL's queues."""

    asynchronous = True

    def synchronize(self) -> None:
        dpnp.empty(()).sycl_queue.wait()

    def array_types(self) -> tuple[type, ...]:
        return (dpnp.ndarray,)

    @contextmanager
    def no_transfers(self, refuse: Callable[[str], None]) -> Iterator[None]:
        original = dpnp.asnumpy

        def asnumpy(*args: Any, **keywords: Any) -> Any:
            refuse("dpnp.asnumpy")
            return original(*args, **keywords)

        dpnp.asnumpy = asnumpy
        try:
            with super().no_transfers(refuse):
                yield
        finally:
            dpnp.asnumpy = original


def _spread_out(x: Array) -> Array:
    """Copy an array with strides of 0, for which the matrix product raises."""
    return x.copy() if 0 in x.strides else x


def _to_numpy(x: Array) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = dpnp.asnumpy(
        x
    )  # looked up at each call: `no_transfers` replaces it
    return array


#: SYCL's names for PyTorch's device types.
_SYCL = {"cuda": "cuda:gpu", "xpu": "gpu"}


def _parse_device(device: Any) -> Any:
    """Return dpnp's device for PyTorch's name, a SYCL filter (``"opencl:cpu:0"``), or its own."""
    import dpctl

    if isinstance(device, str):
        kind, _, number = device.partition(":")
        if kind in _SYCL:
            device = f"{_SYCL[kind]}:{number or 0}"
        device = str(device)  # SYCL does not accept subclasses of str
    try:
        return dpnp.empty((), device=device).device
    except (dpctl.SyclDeviceCreationError, ValueError, TypeError) as error:
        raise ValueError(f"dpnp: no device {device!r} ({error})") from None


def _device_name(device: Any) -> str | None:
    """Return PyTorch's name of the CPU or a CUDA device, or the SYCL filter of another device."""
    import dpctl

    own = getattr(device, "sycl_device", device)
    if not isinstance(own, dpctl.SyclDevice):
        return None
    if own.is_cpu and own == dpctl.SyclDevice("cpu"):
        return "cpu"
    return str(own.filter_string).replace("cuda:gpu:", "cuda:")


def _devices() -> list[str]:
    import dpctl

    return [str(_device_name(device)) for device in dpctl.get_devices()]


def make_backend() -> Backend:
    """Return dpnp's record; raise if there is no device."""
    import dpctl

    try:
        dpctl.select_default_device()
    except dpctl.SyclDeviceCreationError as error:
        raise BackendError(
            "backend 'dpnp': dpnp is installed, but it finds no SYCL device. On a CPU, "
            "install intel-opencl-rt, and set OCL_ICD_FILENAMES to its libintelocl.so and "
            f"ONEAPI_DEVICE_SELECTOR=opencl:cpu ({error})"
        ) from None
    return Backend(
        name="dpnp",
        xp=DpnpNamespace(dpnp),
        array_type=dpnp.ndarray,
        to_numpy=_to_numpy,
        devices=_devices,
        parse_device=_parse_device,
        device_name=_device_name,
        version=dpnp.__version__,
        weak_scalars=True,
        mixes_kinds=True,
        pickles=False,
        runtime=DpnpRuntime(),
    )
