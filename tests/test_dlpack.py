"""DLPack with PyTorch and JAX: no copy in either direction (NumPy: tests/test_standard.py)."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw

pytestmark = pytest.mark.skipif(NAME not in ("torch", "jax"), reason="PyTorch and JAX")


def library():
    if NAME == "torch":
        import torch

        return torch
    import jax.numpy

    return jax.numpy


def address(array):
    return array.data_ptr() if NAME == "torch" else array.unsafe_buffer_pointer()


def test_from_the_library():
    array = raw(np.arange(1000.0))
    x = xg.from_dlpack(array)
    assert x.backend.name == NAME
    assert address(x.data) == address(array)
    assert address(xg.from_dlpack(array, copy=True).data) != address(array) or NAME == "jax"


def test_to_the_library_from_a_tensor_of_it():
    x = xg.asarray(raw(np.arange(1000.0)))
    again = library().from_dlpack(x)
    assert address(again) == address(x.data)
    assert x.__dlpack_device__() == x.data.__dlpack_device__()


def test_between_the_library_and_numpy():
    array = np.arange(1000.0)
    with xg.use_backend("numpy"):
        x = xg.asarray(array)
        theirs = library().from_dlpack(x)
        if NAME == "torch":
            assert address(theirs) == array.ctypes.data
        np.testing.assert_array_equal(np.asarray(theirs), array)
    back = np.from_dlpack(xg.asarray(theirs))
    assert back.ctypes.data == address(theirs)


def test_a_tensor_that_needs_gradients_raises():
    w = xg.tensor(raw(np.ones(2)), requires_grad=True)
    with pytest.raises(xg.AutogradError, match=r"call detach\(\) first"):
        library().from_dlpack(w)
    np.testing.assert_array_equal(host(xg.from_dlpack(w.detach())), 1.0)
