"""What a table of calls does not show: orders of imports, singular points, errors of libraries."""

import operator
import subprocess
import sys

import numpy as np
import pytest
import sklearn
import xarray
from scipy import integrate, linalg, optimize, spatial
from scipy.optimize import elementwise
from sklearn import metrics, preprocessing

import xgrad as xg


@pytest.mark.parametrize("first", ["einops", "xgrad"])
def test_einops_knows_tensors_whichever_is_imported_first(first):
    second = {"einops": "xgrad", "xgrad": "einops"}[first]
    code = (
        f"import {first}, {second}, gc, xgrad as xg; gc.collect(); "
        "w = xg.tensor([[1.0, 2.0]], requires_grad=True); "
        "assert einops.rearrange(w, 'a b -> b a').requires_grad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_einops_is_found_by_tools_that_ask_for_its_loader():
    code = (
        "import xgrad, einops, inspect; from einops import _backends; "
        "assert 'class NumpyBackend' in inspect.getsource(_backends); "
        "assert type(_backends.__loader__).__name__ == 'SourceFileLoader'; "
        "assert _backends.__spec__.loader is _backends.__loader__"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("first", ["scipy.optimize.elementwise", "xgrad"])
def test_the_derivative_of_a_root_does_not_depend_on_the_order_of_imports(first):
    code = (
        f"import {first}; import xgrad as xg; from scipy.optimize import elementwise; "
        "f = lambda p: elementwise.find_root(lambda z, p: z - p, (xg.asarray(-1.0), "
        "xg.asarray(1.0)), args=(p,)).x; "
        "assert xg.grad(f)(0.0) == 1.0"  # the first step hits the root
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def cube_root(p):
    return elementwise.find_root(
        lambda z, p: z**3 - p, (xg.asarray(0.0), xg.asarray(3.0)), args=(p,)
    ).x


def test_roots_have_higher_derivatives():
    f, expected, p = cube_root, 1.0, 3.375  # found by bisection alone: the root is 1.5
    for order in range(1, 6):
        f = xg.grad(f)
        expected *= 1 / 3 - (order - 1)
        np.testing.assert_allclose(f(p), expected * p ** (1 / 3 - order), rtol=1e-9)
    batched = xg.vmap(xg.grad(lambda p: p * 2.0))(np.asarray([1.0, 2.0]))
    np.testing.assert_allclose(batched, [2.0, 2.0])


def test_what_is_not_a_solution_has_no_derivative():
    def found(p):
        return elementwise.find_root(
            lambda z, p: z**3 - p, (xg.asarray([0.0, 0.0]), xg.asarray([3.0, 1.0])), args=(p,)
        )

    p = np.asarray([2.0, 2.0])  # the second bracket has no root
    np.testing.assert_array_equal(np.isnan(xg.grad(lambda p: xg.sum(found(p).x))(p)), [False, True])
    end = xg.grad(lambda p: found(p).bracket[0][0])(p)
    assert np.isnan(end[0])
    untracked = elementwise.find_root(lambda z: z**3 - 2.0, (xg.asarray(0.0), xg.asarray(3.0)))
    assert not untracked.x.requires_grad


def test_minima_on_the_eager_tape():
    p = xg.tensor([0.5, 1.5], requires_grad=True)
    start = (xg.asarray([-3.0, -3.0]), xg.asarray([0.5, 1.0]), xg.asarray([3.0, 4.0]))
    result = elementwise.find_minimum(lambda z: xg.cosh(z[: p.shape[0]] - 0.7), start)
    assert not result.x.requires_grad
    result = elementwise.find_minimum(lambda z, p: xg.cosh(z - p) + p**2, start, args=(p,))
    xg.sum(result.x + result.f_x).backward()
    np.testing.assert_allclose(p.grad.numpy(), 1.0 + 2.0 * p.detach().numpy(), rtol=1e-10)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # scikit-learn's 0 / 0
def test_a_constant_column_has_a_finite_gradient():
    x = np.asarray([[2.0, 1.0], [0.3, 1.0], [0.1, 1.0]])

    def f(x):
        return xg.sum(preprocessing.StandardScaler().fit_transform(x)[0])

    with sklearn.config_context(array_api_dispatch=True):
        gradient = xg.grad(f)(x)
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(gradient[:, 1], [2 / 3, -1 / 3, -1 / 3])  # only the mean is removed


def test_solvers_of_numbers_take_constant_tensors():
    w = xg.asarray(8.0)
    assert abs(optimize.brentq(lambda z: z**3 - w, 0.0, 3.0) - 2.0) < 1e-9
    assert abs(optimize.bisect(lambda z: z**3 - 8.0, 0.0, 3.0) - 2.0) < 1e-9


def test_numbers_are_allowed_where_nothing_is_recorded():
    w = xg.tensor([1.0, 2.0], requires_grad=True)
    with sklearn.config_context(array_api_dispatch=True), xg.no_grad():
        assert metrics.mean_squared_error(w, xg.asarray([1.0, 3.0])) == 0.5


def test_error_estimates_of_quad_vec_are_floats():
    w = xg.tensor([1.0, 2.0], requires_grad=True)
    value, error = integrate.quad_vec(lambda t: w * t, 0, 1)
    assert value.requires_grad
    assert isinstance(error, float)


def test_operators_of_tensors_and_data_arrays():
    t = xg.tensor([1.0, 2.0], requires_grad=True)
    d = xarray.DataArray([3.0, 5.0], dims="x")
    for out, expected in (
        (t + d, [4.0, 7.0]),
        (t - d, [-2.0, -3.0]),
        (t * d, [3.0, 10.0]),
        (t / d, [1 / 3, 2 / 5]),
        (t // d, [0.0, 0.0]),
        (t % d, [1.0, 2.0]),
        (t**d, [1.0, 32.0]),
        (t < d, [True, True]),
        (t == d, [False, False]),
        (d - t, [2.0, 3.0]),
    ):
        assert isinstance(out, xarray.DataArray)
        assert isinstance(out.data, xg.Tensor)
        np.testing.assert_allclose(out.data.detach().numpy(), expected)
    with pytest.raises(TypeError, match="the result is of type DataArray"):
        operator.imul(t.detach(), d)


def test_advice_follows_the_settings(monkeypatch):
    with pytest.raises(xg.AutogradError, match="use xgrad.linalg.inv"):
        linalg.inv(xg.tensor(np.eye(2), requires_grad=True))
    with pytest.raises(xg.AutogradError, match=r"cholesky\(x, upper=True\)"):  # SciPy's default
        linalg.cholesky(xg.tensor(np.eye(2), requires_grad=True))
    with (
        sklearn.config_context(array_api_dispatch=False),
        pytest.raises(xg.AutogradError, match="array_api_dispatch=True"),
    ):
        preprocessing.StandardScaler().fit(xg.tensor(np.eye(2), requires_grad=True))
    monkeypatch.setattr("scipy._lib._array_api_override.SCIPY_ARRAY_API", False)
    with pytest.raises(xg.AutogradError, match="set SCIPY_ARRAY_API=1 before scipy is imported"):
        spatial.KDTree(xg.tensor(np.eye(2), requires_grad=True))
