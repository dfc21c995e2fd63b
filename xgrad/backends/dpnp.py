"""dpnp: NumPy's interface on SYCL devices (Intel's GPUs, and any CPU through OpenCL)."""

from typing import Any

import dpnp
import numpy as np

from xgrad.backends.backend import Backend
from xgrad.backends.namespace import Array, Namespace
from xgrad.errors import BackendError


class DpnpNamespace(Namespace):
    """``dpnp``, which follows the standard by itself."""

    def astype(self, x: Array, dtype: Any, *, copy: bool = True) -> Array:
        if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
            x = x.real
        return x.astype(dtype, copy=copy)

    def device(self, x: Array) -> Any:
        return x.sycl_queue

    def copy(self, x: Array) -> Array:
        return x.copy()


def _devices() -> list[str]:
    import dpctl

    return [device.filter_string for device in dpctl.get_devices()]


def make_backend() -> Backend:
    """Return dpnp's record, or say why there is none."""
    try:
        import dpctl

        dpctl.select_default_device()
    except Exception as error:
        raise BackendError(
            "backend 'dpnp': dpnp is installed, but it finds no SYCL device here. On a CPU, "
            "install intel-opencl-rt, and set OCL_ICD_FILENAMES to its libintelocl.so and "
            f"ONEAPI_DEVICE_SELECTOR=opencl:cpu ({error})"
        ) from None
    return Backend(
        name="dpnp",
        xp=DpnpNamespace(dpnp),
        is_array=lambda x: isinstance(x, dpnp.ndarray),
        to_numpy=dpnp.asnumpy,
        devices=_devices,
        version=dpnp.__version__,
    )
