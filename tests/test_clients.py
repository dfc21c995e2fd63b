"""What other libraries need of Tensors, without those libraries; `tests/interop` calls them."""

import copy
import os
import subprocess
import sys

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host, raw

X = np.asarray([1.0, 2.0])


def test_copy_stays_in_the_graph():
    x = raw(X)
    np.testing.assert_allclose(host(xg.grad(lambda v: xg.sum(copy.copy(v) * v))(x)), 2 * X)
    w = xg.tensor(x, requires_grad=True)
    y = w * 3
    z = copy.copy(y)
    z[0] = 0.0
    assert float(y.detach()[0]) == 3.0
    xg.sum(z).backward()
    np.testing.assert_allclose(host(w.grad), [0.0, 3.0])
    leaf = copy.copy(w)
    assert leaf.is_leaf
    assert leaf.requires_grad


@pytest.mark.parametrize("several", [False, True])
def test_a_write_under_a_mask_of_everything_leaves_nothing_of_the_old_value(several):
    if not xg.get_backend().on_host:
        pytest.skip("masks on a device are not read")

    def f(x):
        y = xg.square(x * float("nan"))  # 0 times its derivative would be NaN
        y[xg.asarray(raw([True, True]))] = x * 3 if several else x[0]
        return xg.sum(y)

    expected = [3.0, 3.0] if several else [2.0, 0.0]
    np.testing.assert_allclose(host(xg.grad(f)(raw(X))), expected)

    def zero_dimensional(x):
        y = xg.square(x * float("nan"))
        y[xg.asarray(raw(True))] = (x * 3)[xg.asarray(raw(True))]
        return xg.sum(y)

    np.testing.assert_allclose(host(xg.grad(zero_dimensional)(raw(X))), [3.0, 3.0])


def test_numbers_are_broadcast_like_arrays():
    a, b = xg.broadcast_arrays(1.5, raw(X))
    np.testing.assert_allclose(host(a), [1.5, 1.5])
    np.testing.assert_allclose(host(b), X)


ORDERS = {
    "first": "import os; os.environ['SCIPY_ARRAY_API'] = '1'; import xgrad as xg; ",
    "between": "import os, xgrad as xg; os.environ['SCIPY_ARRAY_API'] = '1'; ",
    "after a value": "import os, xgrad as xg; xg.sum(xg.ones(2)); xg.grad(xg.sin)(0.5); "
    "os.environ['SCIPY_ARRAY_API'] = '1'; ",
}


@pytest.mark.numpy_only
@pytest.mark.parametrize("order", ORDERS)
def test_the_switch_of_scipy_may_be_set_before_or_after_xgrad_is_imported(order):
    code = (
        ORDERS[order]
        + "from scipy import stats; "
        + "w = xg.tensor([1.0, 2.0, 4.0], requires_grad=True); "
        + "assert type(stats.skew(w)) is xg.Tensor"
    )
    environment = {k: v for k, v in os.environ.items() if k != "SCIPY_ARRAY_API"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


@pytest.mark.numpy_only
def test_importing_xgrad_does_not_import_the_libraries_that_use_it():
    code = (
        "import sys, xgrad; "
        "found = {'scipy', 'sklearn', 'einops', 'xarray', 'torch'} & set(sys.modules); "
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.numpy_only
def test_another_function_of_a_library_that_makes_a_number_raises():
    integrate = pytest.importorskip("scipy.integrate")
    w = xg.tensor(2.0, requires_grad=True)
    with pytest.raises(xg.AutogradError, match=r"scipy\.integrate\.quad: it makes a Python number"):
        integrate.quad(lambda t: w * t, 0, 1)
    assert integrate.quad(lambda t: w.detach() * t, 0, 1)[0] == 1.0
    with pytest.raises(xg.AutogradError, match=r"scipy\.integrate\.quad"):
        xg.grad(lambda v: integrate.quad(lambda t: v * t, 0, 1)[0])(2.0)
