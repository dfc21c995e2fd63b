"""Which backend this test session runs on: one session, one backend (see noxfile.py)."""

import os
from typing import Any

import numpy as np

import xgrad as xg

#: numpy, numpy-readonly, array_api_strict, array_api_strict-device1, torch, jax,
#: cupy, cupy-emulated, dpnp, dask
SESSION = os.environ.get("XGRAD_TEST_BACKEND", "numpy")
NAME, _, VARIANT = SESSION.partition("-")
if SESSION == "cupy-emulated":
    from tests.emulation import install

    install()
DEVICE = VARIANT if NAME == "array_api_strict" and VARIANT else None


def raw(array: Any) -> Any:
    """Return NumPy data as a raw array of the session's backend and device."""
    array = np.array(array)
    if VARIANT == "readonly":
        array.setflags(write=False)
        return array
    if NAME == "numpy":
        return array
    if NAME == "dask":
        import dask.array

        return dask.array.from_array(array, chunks=2)  # several chunks, of unequal lengths
    return xg.asarray(array).to(NAME, device=DEVICE).data


def host(x: Any) -> np.ndarray:
    """Return a Tensor, a raw array or a number as a NumPy array."""
    tensor = xg.asarray(x)
    return np.asarray(tensor.backend.to_numpy(tensor.detach().data))


def cast(array: np.ndarray, dtype: str) -> np.ndarray:
    """Return floating-point data in another precision, integers as they are."""
    if array.dtype.kind == "c":
        return array.astype(np.result_type(dtype, np.complex64))
    return array.astype(dtype) if array.dtype.kind == "f" else array
