"""The backend of this test session: one session, one backend (see noxfile.py)."""

import os
from typing import Any

import numpy as np

import xgrad as xg

#: One of `xgrad.backends.builtin.sessions`: the name of a backend, and maybe of a variant.
SESSION = os.environ.get("XGRAD_TEST_BACKEND", "numpy")
NAME, _, VARIANT = SESSION.partition("-")
if VARIANT == "emulated":
    from tests.emulation import install

    install()
DEVICE = VARIANT if VARIANT.startswith("device") else None
#: Backends that compile each operation for each shape: there, tests take fewer of them.
COMPILING = ("jax", "dpnp")
COMPILES = NAME in COMPILING


def raw(array: Any) -> Any:
    """Return NumPy data as a raw array of the session's backend and device."""
    array = np.array(array)
    if VARIANT == "readonly":
        array.setflags(write=False)
        return array
    array = xg.asarray(array, backend=NAME, device=DEVICE).data
    return (
        array.rechunk(2) if hasattr(array, "rechunk") else array
    )  # several chunks of unequal lengths


def host(x: Any) -> np.ndarray:
    """Return a Tensor, a raw array or a number as a NumPy array."""
    tensor = xg.asarray(x)
    return np.asarray(tensor.backend.to_numpy(tensor.detach().data))


def cast(array: np.ndarray, dtype: str) -> np.ndarray:
    """Return floating-point data in another precision; integers are unchanged."""
    if array.dtype.kind == "c":
        return array.astype(np.result_type(dtype, np.complex64))
    return array.astype(dtype) if array.dtype.kind == "f" else array
