"""CuPy: NumPy's interface on a CUDA device, with additional kernels."""

from typing import Any

from xgrad.backends.backend import Backend
from xgrad.backends.runtime import ON_SECOND_DEVICE
from xgrad.errors import BackendError


def make_backend() -> Backend:
    """Return CuPy's record; raise if it cannot be used here."""
    import cupy

    if not cupy.cuda.is_available():
        raise BackendError(
            "backend 'cupy': CuPy is installed, but it finds no usable CUDA device here "
            "(cupy.cuda.is_available() is False)"
        )
    import array_api_compat.cupy as compat

    from xgrad.backends.cupy.devices import CupyRuntime, device_name, parse_device
    from xgrad.backends.cupy.memory import name_shortage
    from xgrad.backends.cupy.namespace import CupyNamespace

    name_shortage()
    xp = CupyNamespace(compat)
    ON_SECOND_DEVICE.append(xp.follow_devices)

    def to_numpy(x: Any) -> Any:
        return cupy.asnumpy(x)  # looked up at each call: `no_transfers` replaces it

    return Backend(
        name="cupy",
        xp=xp,
        array_type=cupy.ndarray,
        to_numpy=to_numpy,
        devices=lambda: [f"cuda:{i}" for i in range(cupy.cuda.runtime.getDeviceCount())],
        version=cupy.__version__,
        parse_device=parse_device,
        device_name=device_name,
        weak_scalars=True,
        mixes_kinds=True,
        takes_cuda=True,
        runtime=CupyRuntime(),
    )
