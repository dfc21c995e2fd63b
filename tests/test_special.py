"""Special functions at their edges; coverage of SciPy's list; examples in docstrings."""

import doctest
import itertools
import math

import numpy as np
import pytest
import scipy.special

import xgrad as xg
from tests.environment import NAME, host, raw

EXAMPLES = [n for n in xg.special.__all__ if ">>>" in (getattr(xg.special, n).__doc__ or "")]

#: Functions that SciPy dispatches to other array libraries and xgrad omits: they take integers, or
#: are not differentiable functions of real numbers.
ELSEWHERE = {"log1p", "expm1", "exp2", "round"}


@pytest.mark.numpy_only
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples(name):
    function = getattr(xg.special, name)
    for example in doctest.DocTestFinder(recurse=False).find(function, name, module=False):
        runner = doctest.DocTestRunner()
        assert runner.run(example).failed == 0


@pytest.mark.numpy_only
def test_functions_that_scipy_dispatches_exist():
    backends = pytest.importorskip("scipy.special._support_alternative_backends")
    infos = getattr(backends, "_special_funcs", None)
    if not infos or not hasattr(infos[0], "name"):
        pytest.skip("this version of SciPy keeps its list elsewhere")
    names = {info.name for info in infos}
    assert names - set(xg.special.__all__) - ELSEWHERE == set()


def grad(f, *args):
    return [float(host(g)) for g in xg.grad(f, argnums=tuple(range(len(args))))(*args)]


def point(value):
    return raw(np.asarray(value))


@pytest.mark.skipif(NAME == "dask", reason="values and first derivatives in the op table")
def test_limits():
    s = xg.special
    for function, at, slope in (
        (s.i1, 0.0, 0.5),
        (s.j1, 0.0, 0.5),
        (s.exprel, 0.0, 0.5),
        (s.sinc, 0.0, 0.0),
        (s.spence, 1.0, -1.0),
        (s.spence, 1e-8, math.log(1e-8) / (1 - 1e-8)),
        (s.spence, 1e-17, math.log(1e-17)),
        (s.ellipk, 0.0, np.pi / 8),
        (s.ellipe, 0.0, -np.pi / 8),
    ):
        np.testing.assert_allclose(grad(function, point(at)), [slope], atol=1e-15)


@pytest.mark.skipif(NAME in ("dask", "jax"), reason="one library is enough")
def test_series_agree_with_their_formulas():
    """On both sides of the point where a series is used, and far from it."""
    s = xg.special
    for function, points in (
        (s.exprel, (1e-9, 1e-3, 0.0499, 0.0501, -0.0501, 2.0)),
        (s.sinc, (1e-9, 1e-3, 0.0299, 0.0301, -0.0301, 0.7)),
        (s.spence, (1 + 1e-9, 1 + 0.99e-6, 1 + 1.01e-6, 1.1)),
        (lambda x: s.boxcox(point(3.0), x), (1e-9, 0.9e-4, 0.92e-4, 0.5, 0.0)),
        (lambda x: s.inv_boxcox(point(0.8), x), (1e-9, 1.2e-4, 1.3e-4, 0.5, 0.0)),
        (s.ellipk, (1e-9, 0.9e-5, 1.1e-5, 0.5)),
    ):
        for x in points:
            (found,) = grad(function, point(x))
            step = 1e-4  # five points: a fourth-order error
            values = [float(host(function(point(x + k * step)))) for k in (-2, -1, 1, 2)]
            expected = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)
            np.testing.assert_allclose(found, expected, rtol=2e-9, atol=1e-10)


def test_masked_infinities():
    def entropy(x):
        return xg.where(x > 0, xg.special.xlogy(x, x), 0.0)

    if NAME != "dask":
        assert grad(entropy, point(0.0)) == [0.0]
        assert grad(lambda x: xg.where(x > 0, xg.special.entr(x), 0.0), point(0.0)) == [0.0]


@pytest.mark.skipif(NAME == "dask", reason="values and first derivatives in the op table")
def test_arguments_without_a_derivative():
    a, x = point(2.0), point(1.5)
    with pytest.raises(xg.AutogradError, match="jv: the derivative with respect to v has"):
        xg.grad(xg.special.jv)(a, x)
    expected = scipy.special.jv(2.0, 1.5)
    np.testing.assert_allclose(host(xg.special.jv(a, x)), expected, rtol=1e-12)
    w = xg.tensor(a, requires_grad=True)
    out = xg.special.jv(w, x)
    with pytest.raises(xg.AutogradError, match="detach v, or pass it as a constant"):
        out.backward()


@pytest.mark.numpy_only
def test_integer_arguments():
    with pytest.raises(ValueError, match="expn: expected integers for argument 0"):
        xg.special.expn(1.5, 2.0)
    assert float(xg.special.bdtr(1.0, 3.0, 0.5)) == 0.5


@pytest.mark.skipif(NAME in ("array_api_strict", "dask"), reason="no float16 arithmetic")
@pytest.mark.parametrize("name", ["erf", "ndtr", "gammaln", "i0e", "xlogy"])
def test_half_precision_is_preserved(name):
    """SciPy computes in double precision, which would make all later results double, too."""
    x = np.linspace(0.5, 2.0, 5)
    arguments = (x, x) if name == "xlogy" else (x,)
    half = [xg.asarray(raw(a.astype(np.float16))).requires_grad_() for a in arguments]
    found = getattr(xg.special, name)(*half)
    assert found.dtype == np.float16
    np.testing.assert_allclose(
        host(found.detach()), getattr(scipy.special, name)(*arguments), rtol=3e-3, atol=1e-3
    )
    found.sum().backward()
    assert half[0].grad.dtype == np.float16


def test_python_numbers_as_orders_and_counts():
    """A number does not affect the dtype, and allows two derivatives with respect to the rest."""
    x = raw(np.asarray([0.3, 0.6]))
    first = xg.grad(lambda x: xg.sum(xg.special.expn(2, x)))
    np.testing.assert_allclose(host(first(x)), -scipy.special.expn(1, host(x)))
    second = xg.grad(lambda x: xg.sum(first(x)))(x)
    np.testing.assert_allclose(host(second), scipy.special.expn(0, host(x)))
    narrow = raw(np.asarray([0.3, 0.6], np.float32))
    for name in ("bdtr", "bdtrc", "bdtri", "nbdtr", "nbdtrc", "nbdtri"):
        out = xg.special.__dict__[name](1, 6, narrow)
        assert host(out).dtype == np.float32, name
    for name, numbers in (("gammainc", (2.5,)), ("polygamma", (3,)), ("hyp2f1", (1.5, 0.5, 2.5))):
        out = xg.special.__dict__[name](*numbers, narrow)
        assert host(out).dtype == np.float32, name


# -- derivatives of every order, where the formula of the first one would cancel ---------------

_K = np.arange(60)
_FACTORIALS = np.asarray([math.factorial(k) for k in range(60)], float)
_BINOMIALS = np.asarray([(math.comb(2 * k, k) / 4**k) ** 2 for k in range(60)])


def _of_bessel(order, sign):
    """``sum of sign**j (x / 2)**(2 j + order) / (j! (j + order)!)``."""
    c = np.zeros(60)
    for j in range((60 - order) // 2):
        c[2 * j + order] = sign**j / 2 ** (2 * j + order) / _FACTORIALS[j] / _FACTORIALS[j + order]
    return c


def _of_inverse(y):
    """``exp(y log(1 + u) / u)`` in powers of ``u / y``."""
    log = y * (-y) ** _K / (_K + 1.0)
    c = [math.exp(y)]
    for k in _K[1:]:
        c.append(sum(i * log[i] * c[k - i] for i in range(1, k + 1)) / k)
    return np.asarray(c)


def _divided(c, k):
    return np.where(k == 0, 0.0, c / np.where(k == 0, 1, k))


#: A function, the point of its power series, and the coefficients.
NEAR = {
    "exprel": (xg.special.exprel, 0, 1 / (_FACTORIALS * (_K + 1))),
    "spence": (xg.special.spence, 1, _divided((-1.0) ** _K, _K**2)),
    "ellipk": (xg.special.ellipk, 0, np.pi / 2 * _BINOMIALS),
    "ellipkm1": (xg.special.ellipkm1, 1, np.pi / 2 * _BINOMIALS * (-1.0) ** _K),
    "ellipe": (xg.special.ellipe, 0, np.pi / 2 * _BINOMIALS / (1.0 - 2 * _K)),
    "boxcox": (
        lambda x: xg.special.boxcox(xg.full_like(x, 3.0), x),
        0,
        math.log(3) ** (_K + 1) / (_FACTORIALS * (_K + 1)),
    ),
    "boxcox1p": (
        lambda x: xg.special.boxcox1p(xg.full_like(x, 2.0), x),
        0,
        math.log(3) ** (_K + 1) / (_FACTORIALS * (_K + 1)),
    ),
    "inv_boxcox": (
        lambda x: xg.special.inv_boxcox(xg.full_like(x, 0.75), x), 0, _of_inverse(0.75)
    ),
    "inv_boxcox1p": (
        lambda x: xg.special.inv_boxcox1p(xg.full_like(x, -0.75), x), 0, _of_inverse(-0.75)
    ),
    "i0": (xg.special.i0, 0, _of_bessel(0, 1)),
    "i1": (xg.special.i1, 0, _of_bessel(1, 1)),
    "j0": (xg.special.j0, 0, _of_bessel(0, -1)),
    "j1": (xg.special.j1, 0, _of_bessel(1, -1)),
    "xlog1py": (lambda x: xg.special.xlog1py(x, x), 0, _divided((-1.0) ** _K, _K - 1.0 + (_K == 1))
                * (_K > 1)),
}  # fmt: skip
#: A function, and the coefficients and exponents of its asymptotic series.
FAR = {
    "i0e": (xg.special.i0e, np.asarray([1, 1 / 8, 9 / 128, 225 / 3072]), -0.5 - _K[:4]),
    "i1e": (xg.special.i1e, np.asarray([1, -3 / 8, -15 / 128, -315 / 3072]), -0.5 - _K[:4]),
    "k0e": (xg.special.k0e, np.asarray([1, -1 / 8, 9 / 128, -225 / 3072]), -0.5 - _K[:4]),
    "k1e": (xg.special.k1e, np.asarray([1, 3 / 8, -15 / 128, 315 / 3072]), -0.5 - _K[:4]),
    "dawsn": (xg.special.dawsn, np.asarray([0.5, 0.25, 0.375]), -1.0 - 2 * _K[:3]),
    "pseudo_huber": (
        lambda x: xg.special.pseudo_huber(x, xg.full_like(x, 2.0)),
        np.asarray([2.0, -2.0, 4.0, -10.0]),
        -2.0 * _K[:4],
    ),
}


def derivatives(f, x):
    """Return the derivatives of orders 1 to 4, the last one in forward mode."""
    found = []
    for order in range(1, 5):
        if order == 4:
            found.append(host(xg.jvp(f, (x,), (xg.ones_like(x).data,))[1]))
        else:
            f = xg.grad(lambda v, f=f: xg.sum(f(v)))
            found.append(host(f(x)))
    return found


def falling(exponents, order):
    return np.prod([exponents - i for i in range(order)], axis=0)


@pytest.mark.skipif(NAME == "dask", reason="dask has first derivatives only")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", NEAR)
def test_derivatives_of_every_order_near_a_removable_singularity(name, dtype):
    f, at, coefficients = NEAR[name]
    distances = (0, 1e-30, 1e-8, 1.1e-5, -1.1e-5, 9.2e-5, 1e-3, 0.0499, 0.0501, -0.2, 0.3)
    x = (at + np.asarray(distances)).astype(dtype)
    for order, found in enumerate(derivatives(f, raw(x)), 1):
        k = _K[order:]
        powers = (x.astype(float) - at)[:, None] ** (k - order)
        expected = powers @ (coefficients[order:] * falling(k, order))
        tolerance = 50 * np.finfo(dtype).eps * np.max(np.abs(expected))
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, err_msg=f"{order}")


@pytest.mark.skipif(NAME == "dask", reason="dask has first derivatives only")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FAR)
def test_derivatives_of_every_order_far_away(name, dtype):
    f, coefficients, exponents = FAR[name]
    if name[0] == "i":
        coefficients = coefficients / math.sqrt(2 * math.pi)
    if name[0] == "k":
        coefficients = coefficients * math.sqrt(math.pi / 2)
    for order, found in enumerate(derivatives(f, raw(np.asarray([1000.0], dtype))), 1):
        expected = np.sum(coefficients * falling(exponents, order) * 1000.0 ** (exponents - order))
        # The first derivative of i0e and i1e is a difference, which loses the digits of 1 / x.
        loss = 4000 if name[0] == "i" and order == 1 else 100
        tolerance = max(loss * np.finfo(dtype).eps, 1e-10)
        np.testing.assert_allclose(found, [expected], rtol=tolerance, err_msg=f"{order}")


@pytest.mark.skipif(NAME == "dask", reason="dask has first derivatives only")
def test_derivatives_of_rgamma_at_the_poles_of_gamma():
    """``1 / gamma(x) = x + γ x² - 0.655878... x³``, DLMF 5.7.1."""
    found = np.asarray(derivatives(xg.special.rgamma, raw(np.asarray([0.0, 1e-8]))[:1]))[:3, 0]
    np.testing.assert_allclose(found, [1, 2 * np.euler_gamma, 6 * -0.6558780715202538], rtol=1e-12)
    slopes = host(xg.grad(lambda x: xg.sum(xg.special.rgamma(x)))(raw(np.asarray([-1.0, -2.0]))))
    np.testing.assert_allclose(slopes, [-1, 2], rtol=1e-12)  # (-1)**n n! at -n


@pytest.mark.skipif(NAME == "dask", reason="dask has first derivatives only")
def test_derivatives_of_lpmv_near_1():
    x = raw(np.asarray([1 - 1e-6]))
    first = xg.grad(lambda x: xg.sum(xg.special.lpmv(0.0, 3.0, x)))
    second = xg.grad(lambda x: xg.sum(first(x)))(x)
    np.testing.assert_allclose(host(second), 15 * (1 - 1e-6), rtol=1e-8)


#: Functions whose first derivative is a sigmoid, and its sign.
SATURATING = {
    "log_expit": (xg.special.log_expit, -1),
    "logsigmoid": (xg.nn.functional.logsigmoid, -1),
    "softplus": (xg.nn.functional.softplus, 1),
    "logaddexp": (lambda x: xg.logaddexp(x, 0 * x), 1),
}


@pytest.mark.skipif(NAME == "dask", reason="dask has first derivatives only")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", SATURATING)
def test_derivatives_of_logarithms_of_sigmoids_in_their_tails(name, dtype):
    """The second derivative is ``exp(-abs(x))`` far away, not 0; so is the third, with a sign."""
    f, sign = SATURATING[name]
    x = np.asarray([-19.0, 19.0])  # softplus is linear above 20
    found = derivatives(f, raw(x.astype(dtype)))
    small = np.exp(-np.abs(x))
    rtol = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(found[1], sign * small / (1 + small) ** 2, rtol=rtol)
    third = -sign * np.sign(x) * small * (1 - small) / (1 + small) ** 3
    np.testing.assert_allclose(found[2], third, rtol=rtol)


# -- logsumexp with SciPy's arguments ------------------------------------------------------------

_A = np.random.default_rng(0).normal(size=(3, 4))
_B = np.random.default_rng(1).normal(size=(3, 4))
_ZERO = np.where(np.arange(12).reshape(3, 4) == 0, 0.0, np.abs(_B))
_LARGE = np.where(np.arange(12).reshape(3, 4) == 0, 1000.0, _A)
_EMPTY = np.where(np.arange(3)[:, None] == 1, -np.inf, _A)


@pytest.mark.numpy_only
@pytest.mark.parametrize("a", [_A, _LARGE, _EMPTY, np.arange(12).reshape(3, 4), _A + 1j * _B])
@pytest.mark.parametrize("b", [None, _ZERO, _B, 2.0, _B[0], np.abs(_B).astype(np.float32)])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
def test_logsumexp_has_the_values_of_scipy(a, b, axis):
    for keepdims, return_sign in itertools.product((False, True), repeat=2):
        with np.errstate(all="ignore"):
            want = scipy.special.logsumexp(a, axis, b, keepdims, return_sign)
            found = xg.special.logsumexp(a, axis, b, keepdims, return_sign)
        for x, y in zip(*((v if return_sign else (v,)) for v in (found, want)), strict=True):
            np.testing.assert_allclose(x.numpy(), y, rtol=1e-12, atol=1e-12)
            assert x.numpy().dtype == np.asarray(y).dtype


@pytest.mark.numpy_only
def test_derivatives_of_logsumexp_with_factors():
    for b, axis in itertools.product((_ZERO, _B), (None, 0, 1)):
        xg.testing.check_grads(
            lambda a, b, axis=axis: xg.special.logsumexp(a, axis, b, return_sign=True)[0], (_A, b)
        )
    a, none = np.asarray([1000.0, 0.0]), np.asarray([0.0, 2.0])
    np.testing.assert_allclose(xg.grad(lambda a: xg.special.logsumexp(a, b=none))(a), [0.0, 1.0])
    by_b = xg.grad(lambda b: xg.special.logsumexp(a / 500, b=b))(none)
    np.testing.assert_allclose(by_b, [np.exp(2) / 2, 0.5])
    phase = lambda re, im: xg.special.logsumexp(re + 1j * im, 0, _B, return_sign=True)[1]  # noqa: E731
    for part in (xg.real, xg.imag):
        xg.testing.check_grads(lambda *x, part=part: part(phase(*x)), (_A, _ZERO))
    rows = xg.vmap(lambda a, b: xg.special.logsumexp(a, b=b))(_A, _ZERO)
    np.testing.assert_allclose(rows, scipy.special.logsumexp(_A, 1, _ZERO))


@pytest.mark.numpy_only
def test_factorials_as_in_scipy():
    n, k = np.meshgrid([-1.0, 0, 1, 2.5, 5, 20], [-1.0, 0, 1, 2.5, 5, 30])
    s = xg.special
    np.testing.assert_allclose(host(s.comb(n, k)), scipy.special.comb(n, k), rtol=1e-13)
    np.testing.assert_allclose(host(s.perm(n, k)), scipy.special.perm(n, k), rtol=1e-13)
    n, k = n[1:, 2:], k[1:, 2:]
    want = scipy.special.comb(n, k, repetition=True)
    np.testing.assert_allclose(host(s.comb(n, k, repetition=True)), want, rtol=1e-13)
    np.testing.assert_allclose(host(s.factorial([-1, 0, 3])), [0.0, 1.0, 6.0])
    assert s.comb(np.float32([4.0]), 2.0).dtype == s.perm(4, np.float32([2.0])).dtype == np.float32
    assert s.comb(4, 2).dtype == s.comb(np.asarray([4]), 2).dtype == np.float64
    for f in (s.factorial, lambda exact: s.comb(3, 2, exact=exact)):
        with pytest.raises(ValueError, match="exact=True gives Python integers"):
            f(3, exact=True) if f is s.factorial else f(exact=True)


@pytest.mark.numpy_only
def test_the_phase_of_complex_logsumexp_has_derivatives():
    def loss(a, b):
        size, phase = xg.special.logsumexp(a, 1, b, return_sign=True)
        return xg.real(phase) * 2.0 + xg.imag(phase) * size

    xg.testing.check_grads(loss, (_A + 1j * _B, _B))


@pytest.mark.parametrize("x", [60.0, 1e3, 1e6])
def test_the_derivatives_of_kve_for_large_arguments(x):
    """The function of order 3/2 is ``sqrt(pi / 2) (x**-0.5 + x**-1.5)``."""
    powers = [(1.0, -0.5), (1.0, -1.5)]

    def f(t):
        return xg.special.kve(1.5, t)

    for _ in range(3):
        f, powers = xg.grad(f), [(c * p, p - 1) for c, p in powers]
        want = math.sqrt(math.pi / 2) * sum(c * x**p for c, p in powers)
        np.testing.assert_allclose(host(f(raw(np.asarray(x)))), want, rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_derivatives_of_betaln_for_large_arguments(dtype):
    """``beta(a, 2)`` is ``1 / (a (a + 1))``."""
    a = np.asarray([1e-3, 0.5, 9.7, 60.0, 1e4, 1e7, 1e9], dtype)
    wide = a.astype(float)

    def f(a):
        return xg.sum(xg.special.betaln(a, 2.0))

    first = xg.grad(f)
    second = xg.grad(lambda a: xg.sum(first(a)))
    tolerance = 20 * np.finfo(dtype).eps
    want = -1 / wide - 1 / (wide + 1)
    np.testing.assert_allclose(host(first(raw(a))), want, rtol=tolerance)
    want = wide**-2 + (wide + 1) ** -2
    np.testing.assert_allclose(host(second(raw(a))), want, rtol=tolerance)


def test_derivatives_of_ndtri_in_the_tails():
    y = np.asarray([1e-300, 1e-30, 1e-4, 2e-3, 0.4, 1 - 1e-4])
    x = scipy.special.ndtri(y)
    slope = np.exp(0.5 * math.log(2 * math.pi) + 0.5 * x * x)
    first = xg.grad(lambda y: xg.sum(xg.special.ndtri(y)))
    second = xg.grad(lambda y: xg.sum(first(y)))
    np.testing.assert_allclose(host(first(raw(y))), slope, rtol=1e-12)
    np.testing.assert_allclose(host(second(raw(y)))[1:], x[1:] * slope[1:] ** 2, rtol=1e-12)
    assert host(second(raw(y)))[0] == -np.inf
    single = y[1:].astype(np.float32)
    want = host(first(raw(single.astype(float))))
    np.testing.assert_allclose(host(first(raw(single))), want, rtol=3e-6)
    with np.errstate(all="ignore"):
        edges = host(first(raw(np.asarray([0.0, 1.0, 0.5]))))
    np.testing.assert_allclose(edges, [np.inf, np.inf, math.sqrt(2 * math.pi)])


@pytest.mark.numpy_only
def test_inverses_in_single_precision_are_right_in_the_tails():
    s = xg.special
    tails = np.asarray([1e-30, 1e-20, 1e-10, 0.5, 1 - 1e-6], np.float32)
    for function, parameters in (
        (s.stdtrit, (3.0,)),
        (s.betaincinv, (0.5, 3.0)),
        (s.betainccinv, (0.5, 3.0)),
        (s.fdtri, (2.0, 5.0)),
    ):
        found = function(*parameters, tails)
        want = host(function(*parameters, tails.astype(float)))
        assert found.dtype == np.float32
        np.testing.assert_allclose(host(found), want.astype(np.float32), rtol=1e-6)
    assert float(xg.stats.t.isf(np.float32(1e-30), np.float32(3))) == pytest.approx(
        1.033e10, rel=1e-3
    )
    slope = float(xg.grad(xg.stats.t.ppf)(np.float32(1e-20), np.float32(3)))
    assert slope == pytest.approx(float(xg.grad(xg.stats.t.ppf)(1e-20, 3.0)), rel=1e-4)


@pytest.mark.parametrize("name", ["digamma", "gamma", "loggamma"])
def test_gamma_functions_of_complex_numbers(name):
    f, z = getattr(xg.special, name), np.asarray([0.5 + 0.7j, -1.5 + 2.0j, 3.0 - 1.0j])
    np.testing.assert_allclose(host(f(raw(z))), getattr(scipy.special, name)(z), rtol=1e-13)
    if name == "digamma":
        with pytest.raises(TypeError, match="expected real numbers, got complex128"):
            xg.jvp(f, (raw(z),), (raw(np.ones_like(z)),))
        return
    value = getattr(scipy.special, name)(z)
    want = scipy.special.psi(z) * (value if name == "gamma" else 1)
    np.testing.assert_allclose(
        host(xg.jvp(f, (raw(z),), (raw(np.ones_like(z)),))[1]), want, rtol=1e-13
    )
    _, pull = xg.vjp(f, raw(z))
    np.testing.assert_allclose(host(pull(raw(np.ones_like(z)))[0]), want.conj(), rtol=1e-13)


@pytest.mark.numpy_only
def test_the_slope_of_wofz_is_accurate_near_and_far():
    slopes = {  # 2i / sqrt(pi) - 2 z w(z) with 60 digits
        0j: 1.1283791670955126j,
        2 + 1j: -0.11653144510531357 - 0.040953756356639726j,
        7.9j: 0.008831024690637856j,
        8.1j: 0.008409660222553565j,
        8.1 + 0j: -5.193427303899929e-28 - 0.008803657526663478j,
        300 + 2j: -8.357899846367428e-08 - 6.2680418120445e-06j,
        1e4j: 5.641895750849127e-09j,
        9 - 0.5j: 0.0007987602975093153 - 0.007030078740545354j,
        2 - 9j: 1.0131398767705932e35 + 9.179058346080762e33j,
        5 - 5j: -14.04055652463583 + 24.547154984380672j,
    }
    z = np.asarray(list(slopes))
    found = host(xg.jvp(xg.special.wofz, (z,), (np.ones_like(z),))[1])
    np.testing.assert_allclose(found, list(slopes.values()), rtol=1e-12)
    assert xg.special.wofz(np.float32(1)).dtype == "complex64"
    assert xg.special.wofz(1).dtype == "complex128"
