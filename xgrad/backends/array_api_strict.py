"""array_api_strict: only the standard, with simulated devices."""

from typing import Any

import array_api_strict as strict
import numpy as np

from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import register
from xgrad.backends.namespace import TranslatingNamespace
from xgrad.typing import Axis

Array = Any  # the library's own


class StrictNamespace(TranslatingNamespace):
    """The strict namespace, which raises for everything that the standard does not guarantee."""

    def astype(self, x: Array, dtype: Any, *, copy: bool = True) -> Array:
        dtype = self.raw_dtype(dtype)
        if strict.isdtype(x.dtype, "complex floating") and not strict.isdtype(
            dtype, "complex floating"
        ):
            x = strict.real(x)
        return strict.astype(x, dtype, copy=copy)

    def sum(
        self, x: Array, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False
    ) -> Array:
        if x.dtype == strict.bool:  # counts True, as in other libraries
            x = strict.astype(x, strict.int64)
        raw = None if dtype is None else self.raw_dtype(dtype)
        return strict.sum(x, axis=axis, dtype=raw, keepdims=keepdims)

    def reads_freely(self, x: Array) -> bool:
        return True

    def holds(self, mask: Array) -> bool:
        return bool(strict.any(mask))

    def exp2(self, x: Array) -> Array:
        return strict.pow(2.0, x)


def _dtype_table() -> list[tuple[Any, np.dtype[Any]]]:
    names = [
        *("bool", "float32", "float64", "complex64", "complex128"),
        *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    ]
    return [(getattr(strict, name), np.dtype(name)) for name in names]


def _to_numpy(x: Array) -> np.ndarray[Any, Any]:
    return np.asarray(strict.asarray(x, device=strict.Device("CPU_DEVICE")))


def _parse_device(device: Any) -> Any:
    """Return one of the library's devices; ``"cpu"`` is its simulated CPU."""
    if not isinstance(device, str):
        return device
    try:
        return strict.Device("CPU_DEVICE" if device == "cpu" else device)
    except ValueError:
        raise ValueError(f"array_api_strict: no device {device!r}") from None


def _device_name(device: Any) -> str | None:
    if not isinstance(device, strict.Device):
        return None
    return "cpu" if device._device == "CPU_DEVICE" else device._device


def make_backend() -> Backend:
    """Return array_api_strict's record."""
    table = _dtype_table()
    register(table)
    return Backend(
        name="array_api_strict",
        xp=StrictNamespace(strict, {dtype: raw for raw, dtype in table}),
        array_type=type(strict.zeros(())),
        to_numpy=_to_numpy,
        devices=lambda: [str(_device_name(d)) for d in strict.__array_namespace_info__().devices()],
        version=strict.__version__,
        parse_device=_parse_device,
        device_name=_device_name,
    )
