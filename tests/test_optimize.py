"""SciPy's optimizers over trees, and implicit differentiation."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import COMPILES, NAME, host, raw
from xgrad.implicit import fixed_point, root

pytestmark = pytest.mark.skipif(NAME == "dask", reason="SciPy needs numbers")
RNG = np.random.default_rng(11)


def close(a, b, tolerance=1e-6):
    np.testing.assert_allclose(host(a), host(b), rtol=tolerance, atol=tolerance)


def rosenbrock(p):
    return xg.sum(100 * (p["x"][1:] - p["x"][:-1] ** 2) ** 2 + (1 - p["x"][:-1]) ** 2) + p["y"] ** 2


START = {"x": np.asarray([-1.2, 1.0, 0.5]), "y": 3.0}


@pytest.mark.parametrize(
    "method",
    ["BFGS", "L-BFGS-B", "CG", "Newton-CG", "trust-ncg", "trust-krylov", "trust-exact",
     "SLSQP", "trust-constr", "Nelder-Mead", "Powell"],
)  # fmt: skip
def test_minimize(method):
    if COMPILES and method not in ("BFGS", "trust-exact"):
        pytest.skip("one method with a gradient, one with a Hessian")
    start = {"x": raw(START["x"]), "y": START["y"]}
    tol = 1e-10 if method == "SLSQP" else 1e-6
    options = {"maxiter": 3000} if method in ("Nelder-Mead", "trust-constr") else None
    found = xg.optimize.minimize(rosenbrock, start, method, tol=tol, options=options)
    assert found.success
    assert type(found.x["x"]) is type(start["x"])
    assert isinstance(found.x["y"], float)
    close(found.x["x"], np.ones(3), 1e-3)
    close(found.x["y"], 0.0, 1e-3)


def test_minimize_with_bounds_constraints_and_a_callback(capsys):
    seen = []

    def f(p, centre):
        return xg.sum((p["a"] - centre) ** 2) + p["b"] ** 2

    start = {"a": xg.asarray(raw(np.zeros(2)), dtype=xg.float32), "b": 1.0}
    found = xg.optimize.minimize(
        f, start, "L-BFGS-B", args=(3.0,), callback=seen.append, progress=True,
        bounds=({"a": np.asarray([0.0, 0.0]), "b": 0.5}, 2.0),
    )  # fmt: skip
    assert found.x["a"].dtype == xg.float32
    assert type(found.x["a"]) is xg.Tensor
    close(found.x["a"], [2.0, 2.0])
    assert found.x["b"] == 0.5
    assert seen
    assert set(seen[0]) == {"a", "b"}
    assert "minimize, L-BFGS-B" in capsys.readouterr().err
    found = xg.optimize.minimize(
        lambda x: xg.sum(x**2), raw(np.asarray([3.0, 1.0])), "SLSQP",
        constraints=[{"type": "eq", "fun": lambda x, s: xg.sum(x) - s, "args": (1.0,)}],
    )  # fmt: skip
    close(found.x, [0.5, 0.5])
    w = xg.tensor(raw(np.asarray(2.0)), requires_grad=True)
    found = xg.optimize.minimize(lambda x: (x - w) ** 2, w)  # its graph is unchanged
    close(found.x, 2.0)
    assert w.grad is None
    with pytest.raises(TypeError, match=r"bounds must be a pair \(lower, upper\)"):
        xg.optimize.minimize(lambda x: x**2, 1.0, bounds=3)
    with pytest.raises(ValueError, match="got bounds of 2 values for a parameter of 3"):
        xg.optimize.minimize(rosenbrock, START, bounds=({"x": np.ones(2), "y": 0.0}, 3.0))
    with pytest.raises(TypeError, match="minimize: only floating-point"):
        xg.optimize.minimize(lambda x: xg.sum(x), raw(np.arange(3)))
    with pytest.raises(TypeError, match="minimize: SciPy works on real numbers, got a complex"):
        xg.optimize.minimize(lambda x: xg.abs(x), 1.0 + 1.0j)
    with pytest.raises(ValueError, match="<lambda> must return one number, got shape"):
        xg.optimize.minimize(lambda x: x * x, raw(np.ones(2)))
    for function in (xg.optimize.minimize, xg.optimize.root):
        message = rf"{function.__name__}: scipy.optimize.{function.__name__} has no method 'foo'"
        with pytest.raises(ValueError, match=message):
            function(lambda x: x * x, 1.0, "foo")
    with pytest.raises(ValueError, match="minimize: there are no parameters"):
        xg.optimize.minimize(lambda x: 0.0, {})


def test_least_squares():
    t = np.linspace(0, 1, 20)
    y = 2 * np.exp(-3 * t)

    def residuals(p):
        return {"r": p["a"] * xg.exp(-p["k"] * xg.asarray(raw(t))) - raw(y)}

    for method in ("trf", "lm"):
        found = xg.optimize.least_squares(residuals, {"a": 1.0, "k": 1.0}, method=method)
        close(found.x["a"], 2.0)
        close(found.x["k"], 3.0)
        assert found.jac.shape == (20, 2)
    found = xg.optimize.least_squares(residuals, {"a": 1.0, "k": 1.0}, bounds=(0.0, 2.5))
    assert found.x["k"] <= 2.5
    # More parameters than residuals: reverse mode.
    found = xg.optimize.least_squares(lambda x: xg.sum(x) - 6.0 * xg.ones(1), raw(np.zeros(3)))
    close(found.x, [2.0, 2.0, 2.0])


def test_root():
    def f(p):
        return {"u": p["u"] ** 2 - raw(np.asarray([2.0, 9.0])), "v": p["v"] ** 3 - 8.0}

    for method in ("hybr", "lm"):
        found = xg.optimize.root(f, {"u": raw(np.ones(2)), "v": 1.0}, method)
        close(found.x["u"], [2**0.5, 3.0])
        close(found.x["v"], 2.0)


def test_success_requires_a_root():
    """The Levenberg-Marquardt method ends at a minimum; DF-SANE compares with the initial residual."""
    start = raw(np.asarray([0.5]))
    found = xg.optimize.root(lambda x: x * x + 1.0, start, "lm")
    assert not found.success
    assert "lm ended where the residual is 1, which is not a root" in found.message
    if NAME == "numpy":
        found = xg.optimize.root(lambda x: x * x - 2.0, np.asarray([1e6]), "df-sane")
        assert not found.success
    for method in ("hybr", "lm"):
        found = xg.optimize.root(lambda x: x * x - 2.0, raw(np.asarray([1e6], "float32")), method)
        assert found.success
        close(found.x, [2**0.5])


def of_result(solve):
    return lambda a: xg.sum(xg.asarray(solve(a).x))


LOST = {
    "minimize": of_result(lambda a: xg.optimize.minimize(lambda x: (x - a) ** 2, 0.0)),
    "args": of_result(
        lambda a: xg.optimize.minimize(lambda x, a: (x - a) ** 2, 0.0, args=(a,))
    ),
    "Powell": of_result(lambda a: xg.optimize.minimize(lambda x: (x - a) ** 2, 0.0, "Powell")),
    "least_squares": of_result(
        lambda a: xg.optimize.least_squares(lambda x: x - a, raw(np.zeros(1)))
    ),
    "root": of_result(lambda a: xg.optimize.root(lambda x: x * x - a, 1.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_scipy_does_not_lose_derivatives(name):
    """Derivatives were 0, as if SciPy's result were a constant."""
    f = LOST[name]
    message = f"{name if name in ('least_squares', 'root') else 'minimize'}: the function uses a"
    with pytest.raises(xg.AutogradError, match=rf"{message} tensor of grad\(\), and SciPy's"):
        xg.grad(f)(1.0)
    with pytest.raises(xg.AutogradError, match=rf"{message} tensor of jvp\(\)"):
        xg.jvp(f, (1.0,), (1.0,))
    with pytest.raises(xg.AutogradError, match=rf"{message} tensor of vmap\(\)"):
        xg.vmap(f)(raw(np.arange(3.0)))
    constant = xg.grad(lambda a: f(xg.stop_gradient(a)) * a)(1.0)
    close(constant, 1.0)


def test_a_start_may_be_tracked():
    """The result does not depend on it."""
    assert xg.grad(lambda a: xg.optimize.minimize(lambda x: (x - 2) ** 2, a).x * a)(3.0) == 2.0
    with pytest.raises(xg.AutogradError, match="minimize: the parameters are a tensor of vmap"):
        xg.vmap(lambda a: xg.optimize.minimize(lambda x: x * x, a).x)(raw(np.arange(3.0)))


# -- implicit differentiation ------------------------------------------------------------------


def test_implicit_root_in_both_modes():
    solve = root(lambda x, a: x**3 + x - a)
    for a in (2.0, 10.0):
        x = solve(1.0, a)
        assert isinstance(x, float)
        slope = 1 / (3 * x**2 + 1)
        close(xg.grad(solve, 1)(1.0, a), slope)
        close(xg.jvp(lambda a: solve(1.0, a), (a,), (1.0,))[1], slope)
        curvature = -6 * x * slope**3
        close(xg.grad(xg.grad(solve, 1), 1)(1.0, a), curvature)
        close(xg.jacfwd(xg.jacfwd(solve, 1), 1)(1.0, a), curvature)
        close(xg.hessian(lambda a: solve(1.0, a))(a), curvature)
        assert xg.grad(solve, 0)(1.0, a) == 0.0
    values = xg.vmap(solve, in_axes=(None, 0))(1.0, raw(np.asarray([2.0, 10.0])))
    close(values, [solve(1.0, 2.0), solve(1.0, 10.0)])
    slopes = xg.vmap(xg.grad(solve, 1), in_axes=(None, 0))(1.0, raw(np.asarray([2.0, 10.0])))
    close(slopes, 1 / (3 * host(values) ** 2 + 1))


def test_implicit_root_of_a_tree_on_the_eager_tape():
    a, b = RNG.normal(size=(3, 3)) + 3 * np.eye(3), RNG.normal(size=3)
    matrix, vector = (xg.tensor(raw(x), requires_grad=True) for x in (a, b))

    def f(x, p, note):
        assert note == "text"
        return {"u": p["A"] @ x["u"] - p["b"]}

    found = root(f)({"u": raw(np.zeros(3))}, {"A": matrix, "b": vector}, "text")
    close(found["u"], np.linalg.solve(a, b))
    xg.sum(found["u"] ** 2).backward()
    x = np.linalg.solve(a, b)
    by_b = np.linalg.solve(a.T, 2 * x)
    close(vector.grad, by_b)
    close(matrix.grad, -np.outer(by_b, x))


def test_implicit_fixed_point():
    solve = fixed_point(lambda x, a: xg.cos(a * x))
    x = solve(1.0, 1.0)
    close(x, np.cos(x))
    close(xg.grad(solve, 1)(1.0, 1.0), -np.sin(x) * x / (1 + np.sin(x)))
    close(xg.jvp(lambda a: solve(1.0, a), (1.0,), (2.0,))[1], -2 * np.sin(x) * x / (1 + np.sin(x)))
    calls = []

    def newton_free(f, start):
        calls.append(1)
        for _ in range(60):
            start = f(start)
        return start

    own = fixed_point(lambda x, a: xg.cos(a * x), newton_free)
    close(xg.grad(own, 1)(1.0, 1.0), xg.grad(solve, 1)(1.0, 1.0))
    assert calls


square_root = root(lambda x, a: x * x - a)


@pytest.mark.parametrize(
    ("start", "a"),
    [
        (1e6, 2.0),
        (1e6, 1e-10),
        (1e6, 1e-24),
        (1e-15, 1e-40),
        (1.0, 1e20),
        (1e10 * (1 + 1e-8), 1e20),
    ],
)
def test_roots_at_every_scale(start, a):
    """A tolerance relative to the initial residual accepted 7.8 as the root of 2 from 1e6."""
    np.testing.assert_allclose(square_root(start, a), a**0.5, rtol=1e-12)
    by_iteration = fixed_point(lambda x, a: 0.5 * (x + a / x))
    np.testing.assert_allclose(by_iteration(start, a), a**0.5, rtol=1e-9)


def test_each_example_of_a_batch_has_its_own_tolerance():
    a = np.asarray([1e-20, 2.0, 1e20, 1e-50])
    found = xg.vmap(square_root, in_axes=(None, 0))(1.0, raw(a))
    np.testing.assert_allclose(host(found), np.sqrt(a), rtol=1e-12)
    found = xg.vmap(square_root)(raw(np.asarray([1.0, 0.0])), raw(np.asarray([2.0, 0.0])))
    np.testing.assert_allclose(host(found), [2**0.5, 0.0], rtol=1e-12)  # one starts at the solution
    solve = fixed_point(lambda x, a: 0.5 * (x + a / x))
    found = xg.vmap(solve, in_axes=(None, 0))(1.0, raw(a[:2]))
    np.testing.assert_allclose(host(found), np.sqrt(a[:2]), rtol=1e-9)
    with pytest.raises(xg.ConvergenceError):
        xg.vmap(square_root, in_axes=(None, 0))(0.7, raw(np.asarray([1.0, -1.0])))


@pytest.mark.skipif(NAME == "jax", reason="compiles every shape; the others cover it")
def test_rounding_may_end_the_progress():
    """Solutions at 0, where sums round; ill-conditioned systems; single precision."""
    m = RNG.normal(size=(5, 5)) + 3 * np.eye(5)
    total = m.sum(1)
    for start in (0.0, 1.0):
        found = root(lambda x: xg.matmul(raw(m), xg.exp(x)) - raw(total))(raw(np.full(5, start)))
        np.testing.assert_allclose(host(found), 0.0, atol=1e-14)
    places = np.arange(8)
    hilbert = 1.0 / (places[:, None] + places + 1)
    found = root(lambda x: xg.matmul(raw(hilbert), x) - raw(hilbert.sum(1)))(raw(np.zeros(8)))
    np.testing.assert_allclose(hilbert @ host(found), hilbert.sum(1), rtol=1e-14)
    single = root(lambda x, a: x * x - a)(raw(np.float32(1e6)), raw(np.float32(2.0)))
    np.testing.assert_allclose(host(single), 2**0.5, rtol=3e-7)
    assert host(single).dtype == np.float32


NO_ROOTS = {
    "no real root": (lambda x: x * x + 1.0, 0.3),
    "a small residual, no root": (lambda x: x * x + 1e-40, 0.3),
    "a pole": (lambda x: 1.0 / (x - 1.0), 1 + 1e-11),
    "a residual that goes to 0": (lambda x: xg.exp(-x), 1.0),
    "a singular Jacobian": (lambda x: x * x + 1.0, 0.0),
}


@pytest.mark.parametrize("name", NO_ROOTS)
def test_divergence_raises(name):
    f, start = NO_ROOTS[name]
    with pytest.raises(xg.ConvergenceError, match="root: the .*residual is .*your own solver"):
        root(f)(start)


NO_FIXED_POINTS = {
    "slow": lambda x: x - 1e-12 * (x - 5.0),
    "sublinear": xg.sin,
    "in circles": lambda x: -x,
    "away from 0, by rounding": lambda x: x * (1 + 3e-16),
    "away": lambda x: 2.0 * x,
}


@pytest.mark.parametrize("name", NO_FIXED_POINTS)
def test_a_fixed_point_that_does_not_converge_raises(name):
    with pytest.raises(xg.ConvergenceError, match="fixed_point: x still changes by"):
        fixed_point(NO_FIXED_POINTS[name], max_iterations=200)(1.0)


def test_tolerances():
    """The remaining error of a linear iteration is estimated: L / (1 - L) times the last change."""
    slow = fixed_point(lambda x: x - 1e-2 * (x - 5.0), rtol=1e-6, max_iterations=10_000)
    assert abs(slow(0.0) - 5.0) < 5e-6
    loose = root(lambda x, a: x * x - a, rtol=0.1)(1e3, 2.0)
    assert abs(loose / 2**0.5 - 1) < 0.1
    assert fixed_point(lambda x: x / 2, atol=1e-6)(1.0) < 1e-6
    twice = root(lambda x: (x - 1) ** 2)(5.0)  # linear convergence, up to rounding
    assert abs(twice - 1) < 1e-9
    for bad in ({"rtol": -1.0}, {"atol": float("nan")}, {"max_iterations": 0}):
        with pytest.raises(
            ValueError, match="root: (a tolerance must not|expected max_iterations)"
        ):
            root(lambda x: x, **bad)
    with pytest.raises(TypeError, match="root .*: start must have a floating-point dtype, got int"):
        square_root(1, 4.0)
    with pytest.raises(ValueError, match="must have the tree and the shapes of x"):
        fixed_point(lambda x: xg.stack([x, x]))(1.0)


def test_implicit_errors():
    w = xg.tensor(raw(np.asarray(2.0)), requires_grad=True)
    for make in (root, fixed_point):
        with pytest.raises(
            xg.AutogradError, match=r"is not one of its arguments; pass it as one of"
        ):
            make(lambda x, a: x * 0.5 - a * w)(1.0, 3.0)
        with pytest.raises(xg.AutogradError, match="is not one of its arguments|is not an"):
            xg.grad(make(lambda x, a: x * 0.5 - a * w), 1)(1.0, xg.ones(()))
    with pytest.raises(ValueError, match=r"x has 1 element\(s\), but the function's value has 2"):
        root(lambda x, a: xg.stack([x, x]))(1.0, 1.0)
    with pytest.raises(
        xg.ConvergenceError, match="5 iterations of Newton's method; .*; start closer"
    ):
        root(lambda x, a: x * x + a, max_iterations=5)(0.3, 1.0)
    with pytest.raises(xg.ConvergenceError, match="still changes by .* after 20 iterations"):
        fixed_point(lambda x, a: 2 * x + a, max_iterations=20)(1.0, 1.0)
    assert issubclass(xg.ConvergenceError, ArithmeticError)
