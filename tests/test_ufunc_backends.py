"""Methods and keywords of NumPy's ufuncs on Tensors of every backend."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import COMPILES, NAME, host, raw
from tests.test_ufunc_derivatives import FLOATING, METHODS, WITH_METHODS, by_name, first
from tests.ufunc_calls import MASK, operand, smooth

#: Where each operation is compiled for each shape, a few are enough.
FEW = (np.add, np.logaddexp2, np.power, np.divmod)


def chosen(ufuncs):
    return [u for u in ufuncs if not COMPILES or u in FEW]


def same(f, *arrays):
    """Compare results with those on NumPy; dask refuses some operations."""
    try:
        found = f(*(xg.asarray(raw(x)) for x in arrays))
    except xg.BackendError:
        assert NAME == "dask"
        return
    expected = f(*(xg.asarray(x, backend="numpy") for x in arrays))
    for value, want in zip(first(found), first(expected), strict=True):
        assert value.backend.name == NAME
        np.testing.assert_allclose(host(value), host(want), rtol=1e-12)
        assert value.dtype == want.dtype


@pytest.mark.parametrize("ufunc", chosen(WITH_METHODS), ids=by_name)
def test_methods(ufunc):
    x, y = operand("f8") * 1.1, np.array([0.37, 0.83, 0.51])
    for f in METHODS.values():
        same(f(ufunc), x, y)


@pytest.mark.parametrize("ufunc", chosen(FLOATING), ids=by_name)
def test_keywords(ufunc):
    same(lambda *t: ufunc(*t), *smooth(ufunc))
    same(lambda *t: ufunc(*t, where=MASK), *smooth(ufunc))
    if ufunc.nout == 1:
        same(lambda *t: ufunc(*t, dtype="f8"), *smooth(ufunc))
        same(lambda *t: ufunc(*t, out=t[0] * 1.0, where=MASK), *smooth(ufunc))


@pytest.mark.skipif(NAME not in ("torch", "jax"), reason="a library that has bfloat16")
def test_bfloat16():
    pytest.importorskip("ml_dtypes")
    x = xg.astype(xg.asarray(raw(operand("f8"))), "bfloat16")
    for out in (
        np.add.reduce(x),
        np.maximum.accumulate(x),
        np.hypot.reduce(x, axis=None),
        np.multiply.outer(x, x),
        np.add.reduceat(x, [0, 1]),
        np.sin(x, where=MASK),
    ):
        assert out.dtype.name == "bfloat16"
