"""NumPy's differences, statistics, convolutions, rounding and polynomials of Tensors."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host
from tests.numpy_checks import call, check_derivatives, check_equal, check_value, named

pytestmark = pytest.mark.numpy_only

X = np.asarray([[0.5, 1.5, -2.0, 0.2], [0.1, -0.7, 1.1, 2.5], [3.0, -1.0, 0.7, 0.9]])
V = np.asarray([0.3, -1.2, 2.0, 0.7, 1.6])
INTEGERS = np.asarray([[3, 0, 1, 3], [2, 7, 4, 0]])
SINGLE = X.astype(np.float32)
COMPLEX = X + 1j * X[::-1]
CUBE = np.cos(np.arange(24.0)).reshape(2, 3, 4)


def test_differences():
    for x in (X, INTEGERS, SINGLE, COMPLEX, INTEGERS > 1, V, np.zeros((0, 3)), CUBE):
        for keywords in ({}, {"n": 2}, {"axis": 0}, {"n": 0}, {"n": 9}, {"prepend": 1.5},
                         {"append": [[0.5]], "axis": 0}, {"prepend": 0, "append": 2, "n": 2}):  # fmt: skip
            check_value(call("diff", x, **keywords))
        check_value(call("diff", x, 1, 0))
        check_value(call("ediff1d", x))
        check_value(call("ediff1d", x, to_end=[9, 8], to_begin=7))
        check_value(call("ediff1d", x, 1.5))
    check_value(call("diff", X, -1))
    check_value(call("diff", np.asarray(2.0)))
    check_value(call("ediff1d", V[:1]))
    check_value(call("ediff1d", X, 1j))
    check_derivatives(call("diff", X, 2, 0))
    check_derivatives(call("ediff1d", X, V, V[:2]))
    xg.testing.check_grads(lambda x, p: np.diff(x, axis=0, prepend=p), (X, np.asarray(0.5)))


def test_trapezoid():
    points = np.asarray([0.0, 0.5, 1.5, 3.0])
    for args, keywords in (
        ((X,), {}), ((X, points), {}), ((X, None, 0.5, 0), {}), ((X, [0, 1, 3], 1.0, 0), {}),
        ((X, np.cumsum(X**2, axis=1)), {}), ((INTEGERS,), {"dx": 2}), ((COMPLEX, points), {}),
        ((X, points), {"axis": 0}), ((SINGLE, None, 0.5), {}), ((CUBE, [0.0, 1.0, 3.0]), {"axis": -2}),
        ((V, V, 9.0), {}), ((X[:, :1],), {}), ((X,), {"dx": np.asarray([0.5, 1.0, 2.0])}), ((X,), {"axis": 5}),
    ):  # fmt: skip
        check_value(call("trapezoid", *args, **keywords))
    check_derivatives(call("trapezoid", X, points))
    xg.testing.check_grads(lambda x, h: np.trapezoid(x, dx=h, axis=0), (X, 0.5))


def test_gradient():
    points, rows = np.asarray([0.0, 0.5, 1.5, 3.0]), np.asarray([0, 2, 3])
    for x in (X, SINGLE, COMPLEX, INTEGERS, CUBE):
        for edge in (1, 2):
            for args, keywords in (
                ((), {}), ((0.5,), {}), ((), {"axis": 0}), ((), {"axis": (1, 0)}), ((2,), {"axis": -1}),
                ((points,), {"axis": -1}), ((0.5, 2.0), {"axis": (0, 1)}), ((rows,), {"axis": -2}),
                ((rows, points), {}), ((rows, 0.1), {}), ((points * 0 + np.arange(4.0),), {"axis": -1}),
                ((V,), {"axis": 0}), ((0.1, 0.2, 0.3), {"axis": 0}),
            ):  # fmt: skip
                check_value(call("gradient", x, *args, edge_order=edge, **keywords), 1e-12)
    check_value(call("gradient", V))
    check_value(call("gradient", V[:1]))
    check_value(call("gradient", V[:2], edge_order=2))
    check_value(call("gradient", V, edge_order=3))
    check_value(call("gradient", V, X))
    for edge in (1, 2):
        check_derivatives(call("gradient", X, edge_order=edge))
        check_derivatives(call("gradient", V, np.cumsum(V**2 + 0.1), edge_order=edge))
        xg.testing.check_grads(
            lambda x, h, e=edge: np.gradient(x, h, edge_order=e, axis=0), (X, 0.5)
        )


def test_interpolation_between_points():
    points, values = np.asarray([-1.0, 0.0, 0.5, 2.0]), np.asarray([1.0, -1.0, 3.0, 0.5])
    for x in (X, V, SINGLE, INTEGERS, np.asarray(0.3), np.zeros(0), np.asarray([np.nan, 0.1])):
        for keywords in ({}, {"left": -5}, {"right": 7.5, "left": 0}, {"period": 2.5}):
            check_value(call("interp", x, points, values, **keywords), 1e-12)
            check_value(call("interp", x, points, values * (1 + 2j), **keywords), 1e-12)
        check_value(call("interp", x, [0, 1], [2, 3]))
        check_value(call("interp", x, points, values, -1.0, 2.0))
    check_value(call("interp", V, points, values[:2]))
    check_value(call("interp", V, points, values, period=0))
    check_value(call("interp", V, [], []))
    ends = np.asarray([-2.0, -1.0, -0.5, 0.0, 0.2, 0.5, 1.0, 2.0, 3.0])
    for first, second in ((1, np.inf), (np.inf, np.inf), (-np.inf, np.inf), (-np.inf, 1)):
        for last in (1.0, np.nan, -np.inf):
            check_value(call("interp", ends, points, np.asarray([first, second, 2.0, last])))
    slopes = xg.grad(lambda x: xg.sum(np.interp(x, points, [1.0, np.inf, 2.0, 2.0])))(ends[4:])
    np.testing.assert_array_equal(host(slopes), [-np.inf, 0, 0, 0, 0])
    f = lambda x, xp, fp: np.interp(x, xp, fp)  # noqa: E731
    xg.testing.check_grads(f, (V + 0.01, points, values))
    xg.testing.check_grads(
        lambda x, xp, fp: np.interp(x, xp, fp, period=2.6), (V + 0.01, points, values)
    )


def test_unwrap():
    p = np.asarray([[0.0, 3.0, 7.0, 8.0, 1.0], [6.0, 1.0, 2.0, 9.0, 15.5]])
    for x in (p, p.astype(int), p.astype(np.float32), p[0], p[:, :1]):
        for keywords in (
            {},
            {"period": 4},
            {"discont": 4.0},
            {"period": 5},
            {"axis": 0},
            {"period": 2.5},
        ):
            check_value(call("unwrap", x, **keywords))
        check_value(call("unwrap", x, 3.5, -1))
    check_derivatives(call("unwrap", p + 0.1))
    xg.testing.check_grads(lambda x, q: np.unwrap(x, period=q), (p + 0.1, 4.3))


def test_covariance():
    f, a = np.asarray([1, 2, 1, 3]), np.asarray([0.5, 1.0, 2.0, 0.25])
    for x in (X, SINGLE, COMPLEX, INTEGERS, V, X[:1], np.zeros((0, 4)), X[:, :1], np.asarray(2.0)):
        for keywords in ({}, {"rowvar": False}, {"bias": True}, {"ddof": 0}, {"ddof": 2}, {"ddof": 7},
                         {"dtype": np.float32}, {"fweights": f}, {"aweights": a}, {"ddof": 0.5},
                         {"fweights": f, "aweights": a}, {"aweights": a, "ddof": 0}, {"aweights": a[:2]},
                         {"fweights": f * 0.5}, {"fweights": -f}, {"aweights": -a}, {"fweights": f, "bias": True}):  # fmt: skip
            if keywords.get("dtype") and x is COMPLEX:
                continue
            check_value(call("cov", x, **keywords), 1e-12)
        if x.size:
            check_value(call("corrcoef", x), 1e-12)
            check_value(call("corrcoef", x, None, False), 1e-12)
    for y in (V[:4], X[:2], COMPLEX):
        check_value(call("cov", X, y), 1e-12)
        check_value(call("corrcoef", X, y), 1e-12)
    check_value(call("cov", X, X[:, :2], False))
    check_value(call("cov", CUBE))
    check_derivatives(call("cov", X, X**2))
    check_derivatives(call("corrcoef", X))
    check_derivatives(call("corrcoef", V, V**2))
    xg.testing.check_grads(lambda x, w: np.cov(x, aweights=w, fweights=f), (X, a))
    xg.testing.check_grads(np.cov, (COMPLEX,))


@pytest.mark.parametrize("name", ["convolve", "correlate"])
def test_convolution(name):
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 4, 5, 8):
        for m in (1, 2, 3, 4, 6):
            x, y = rng.normal(size=n), rng.normal(size=m)
            for mode in ("full", "same", "valid"):
                check_value(call(name, x, y, mode), 1e-12)
                check_value(call(name, x, (1 + 2j) * y, mode), 1e-12)
                check_value(call(name, (x * 3).astype(int), (y * 3).astype(int), mode=mode))
            check_value(call(name, x.astype(np.float32), y))
    check_value(call(name, V, 2.0))
    check_value(call(name, V, V[:0]))
    check_value(call(name, X, V))
    check_value(call(name, V, V, "some"))
    for mode in ("full", "same", "valid"):
        check_derivatives(call(name, V, V[:3] * 0.5, mode))
        check_derivatives(call(name, V[:2], V * 0.5, mode))
        xg.testing.check_grads(
            lambda x, y, k=mode: named(name)(x, y, k), (COMPLEX[0], COMPLEX[1, :3])
        )


def test_long_sequences_are_convolved_in_blocks(monkeypatch):
    from xgrad.ops.numpy import convolution

    x, y = np.cos(np.arange(50.0)), np.sin(np.arange(30.0))
    monkeypatch.setattr(convolution, "_AT_ONCE", 200)
    for mode in ("full", "same", "valid"):
        np.testing.assert_allclose(
            host(np.convolve(xg.asarray(x), y, mode)), np.convolve(x, y, mode), atol=1e-13
        )
        g = xg.grad(lambda v, k=mode: xg.sum(np.convolve(x, v, k) ** 2))(y)
        monkeypatch.undo()
        np.testing.assert_allclose(
            g, xg.grad(lambda v, k=mode: xg.sum(np.convolve(x, v, k) ** 2))(y), rtol=1e-11
        )
        monkeypatch.setattr(convolution, "_AT_ONCE", 200)


def test_parts_and_rounding():
    z = np.asarray([1 + 2j, -1.0, -1 - 0.5j, 0.0, 3j])
    for x in (z, V, INTEGERS - 2, z.astype(np.complex64), SINGLE):
        for args in ((), (True,), (False,)):
            check_value(call("angle", x, *args))
    check_derivatives(call("angle", z[[0, 2, 4]]))
    check_derivatives(call("angle", V))
    numbers = np.asarray([0.5, 1.5, 2.5, -1.25, 123.456, 0.015, -7.0])
    for name in ("round", "around"):
        for x in (
            numbers,
            numbers.astype(np.float32),
            z * 1.234,
            np.asarray([15, 25, -35, 249, 250]),
            X > 0,
        ):
            for decimals in (0, 1, 2, -1, -2):
                if x.dtype.kind != "b" or decimals == 0:
                    check_value(call(name, x, decimals))
                    check_value(call(name, x, decimals=decimals))
        out = xg.zeros(7)
        assert named(name)(xg.asarray(numbers), 1, out) is out
        check_equal(out, np.round(numbers, 1))
    check_equal(xg.asarray(numbers).round(2), numbers.round(2))
    check_equal(xg.asarray(numbers).round(), numbers.round())
    assert not np.any(xg.grad(lambda x: xg.sum(np.round(x, 1)))(V))
    for x in (numbers, SINGLE, INTEGERS, z):
        check_value(call("fix", x))
        check_value(call("sinc", x))
        check_value(call("i0", x), 1e-12)
        check_value(call("real", x))
        check_value(call("imag", x))
    check_derivatives(call("i0", V))
    check_derivatives(call("sinc", V))
    holes = np.asarray([np.nan, 1.0, np.inf, -np.inf])
    for x in (holes, holes.astype(np.float32), INTEGERS, holes * (1 + 1j), X > 0):
        for args in ((), (True, 2.0), (True, 0.5, 7.0, -7.0)):
            check_value(call("nan_to_num", x, *args))
    w = xg.asarray(holes.copy())
    assert np.nan_to_num(w, copy=False, nan=3.0) is w
    check_equal(w, np.nan_to_num(holes, nan=3.0))
    np.testing.assert_array_equal(
        xg.grad(lambda x: xg.sum(np.nan_to_num(x) * 0.1))(holes), [0, 0.1, 0, 0]
    )


# -- polynomials -------------------------------------------------------------------------------

P, Q = np.asarray([1.0, -2.0, 0.5, 3.0]), np.asarray([2.0, 1.0])
ZEROS = np.asarray([0.0, 0.0, 2.0, -1.0, 0.0])


def test_dtypes_of_small_integers():
    for kind in "?bBhHilfdFD":
        x = np.ones(2, kind)
        for name in ("conj", "conjugate", "angle"):
            check_value(call(name, x))
        for exponent in (1, 2, 3, 2.0):
            check_value(call("power", x, exponent))
    empty = np.zeros((0, 3), complex)
    check_value(call("cov", empty))
    check_value(call("corrcoef", empty))


def test_vander():
    for x in (
        V,
        V.astype(np.float32),
        np.asarray([3, 0, 2]),
        np.asarray([1 + 1j, 2]),
        V[:0],
        V > 0,
    ):
        for args in ((), (3,), (0,), (1,), (2, True), (None, True)):
            check_value(call("vander", x, *args))
    check_value(call("vander", X))
    check_value(call("vander", V, -1))
    check_derivatives(call("vander", np.asarray([0.5, 0.0, -1.5]), 4))


def test_polynomials():
    for p in (
        P,
        Q,
        ZEROS,
        P.astype(np.float32),
        np.asarray([1, 2, 0]),
        P * 1j,
        np.asarray([0.0, 0.0]),
    ):
        for x in (X, 2.0, np.asarray([1, 2]), SINGLE):
            check_value(call("polyval", p, x), 1e-12)
        for m in (0, 1, 2, 5, -1):
            check_value(call("polyder", p, m))
            check_value(call("polyint", p, m))
        check_value(call("polyint", p, 2, [3.0, 4.0]))
        check_value(call("polyint", p, 2, k=5))
        check_value(call("polyint", p, 3, [1.0, 2.0]))
        for q in (P, Q, ZEROS, np.asarray([1, 3, 1])):
            for name in ("polyadd", "polysub", "polymul"):
                check_value(call(name, p, q))
            if q[0]:
                check_value(call("polydiv", p, q))
    check_value(call("polyval", [1, 2], X))
    check_value(call("polyadd", P, 2.0))
    check_value(call("polymul", P, 2.0))
    check_derivatives(call("polyval", P, X))
    for name in ("polyadd", "polysub", "polymul"):
        check_derivatives(call(name, P, Q))
        check_derivatives(call(name, ZEROS + 0.5, Q))
    for name in ("polyder", "polyint"):
        check_derivatives(call(name, P, 2))
    check_derivatives(call("polydiv", P, Q))
    np.testing.assert_array_equal(
        xg.grad(lambda p: xg.sum(np.polymul(p, Q)))(np.asarray([0.0, 1.0, 2.0])), [0, 3, 3]
    )


def test_roots():
    for p in (P, Q, ZEROS, np.asarray([1, -5, 6]), np.asarray([1.0, 0.0, 1.0]), np.asarray([0.0, 0.0]), P * (1 + 1j),
              np.asarray([2.0]), np.asarray([2.0, 0.0, 0.0]), P.astype(np.float32), np.asarray(3.0)):  # fmt: skip
        check_value(call("roots", p), 1e-12)
        check_value(call("poly", p), 1e-12)
    check_value(call("roots", X))
    check_value(call("poly", X[:, :3]), 1e-11)
    check_value(call("poly", X))
    check_value(call("poly", np.asarray([1 + 1j, 1 - 1j, 2.0])))
    check_value(call("poly", np.asarray([1 + 1j, 2.0])))
    check_derivatives(call("roots", np.asarray([1.0, -6.0, 11.0, -6.5])))
    check_derivatives(call("roots", np.asarray([2.0, -1.0, 3.0])))
    check_derivatives(call("poly", V))
    again = lambda r: np.sort(np.roots(np.poly(r)))  # noqa: E731
    np.testing.assert_allclose(xg.jacrev(again)(np.asarray([1.0, 2.0, 4.0])), np.eye(3), atol=1e-9)


def test_polyfit():
    x, w = np.asarray([0.0, 1.0, 2.0, 3.5, 5.0, 6.0]), np.asarray([1.0, 2.0, 0.5, 1.0, 1.5, 1.0])
    y = np.asarray([0.1, 0.9, 2.2, 1.0, -1.5, 0.3])
    both = np.stack([y, y**2], axis=1)
    for values in (y, both, np.asarray([0, 1, 2, 3, 2, 1])):
        for keywords in ({}, {"w": w}, {"rcond": 1e-8}, {"full": True}, {"cov": True}, {"cov": "unscaled"},
                         {"w": w, "cov": True}, {"w": w, "full": True}):  # fmt: skip
            check_value(call("polyfit", x, values, 2, **keywords), 1e-10)
    check_value(call("polyfit", x.astype(np.float32), y.astype(np.float32), 1), 1e-12)
    for args in (
        (x, y, -1),
        (x, y[:2], 1),
        (X, y, 1),
        (x[:0], y[:0], 1),
        (x, y, 5, None, False, None, True),
    ):
        check_value(call("polyfit", *args), 1e-7)
    check_derivatives(call("polyfit", x, y, 2))
    check_derivatives(call("polyfit", x, both, 1))
    xg.testing.check_grads(lambda a, b, c: np.polyfit(a, b, 2, w=c, cov=True), (x, y, w))
    with pytest.warns(np.exceptions.RankWarning):
        np.polyfit(xg.asarray([1.0, 1.0, 1.0]), xg.asarray([1.0, 2.0, 3.0]), 2)


def test_functions_of_numpy_polynomial_work_or_raise():
    """They are Python code without dispatch: points may be Tensors, tracked coefficients raise."""
    from numpy.polynomial import chebyshev, polynomial

    for module in (polynomial, chebyshev):
        f = module.polyval if module is polynomial else module.chebval
        check_equal(f(xg.asarray(X), Q), f(X, Q))
        xg.testing.check_grads(lambda x, g=f: g(x, P), (V,))
        with pytest.raises(xg.AutogradError, match="np"):
            xg.grad(lambda c, g=f: xg.sum(g(V, c)))(P)
    for f in (
        lambda c: np.poly1d(c)(V),
        lambda c: (np.poly1d(c) * np.poly1d(c)).coeffs,
        lambda c: np.poly1d(c).deriv()(V),
        lambda c: np.poly1d(c).integ().coeffs,
        lambda c: np.poly1d(c).roots,
    ):
        xg.testing.check_grads(f, (P,))
