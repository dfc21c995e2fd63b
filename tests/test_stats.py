"""Distributions: values against SciPy, derivatives in both modes, ends of supports, far tails."""

import doctest
import itertools
import math
import pickle

import numpy as np
import pytest
import scipy.stats

import xgrad as xg
from tests.environment import COMPILES, NAME, host, raw

numpy_only = pytest.mark.numpy_only
not_dask = pytest.mark.skipif(NAME == "dask", reason="the functions underneath are in the op table")
inf, nan = math.inf, math.nan

#: Points of the support, and parameters, for derivatives.
CONTINUOUS = {
    "norm": ([-2.0, 0.3, 1.7], ()),
    "uniform": ([0.2, 0.5, 0.9], ()),
    "expon": ([0.2, 0.7, 3.0], ()),
    "laplace": ([-2.0, 0.3, 1.7], ()),
    "cauchy": ([-2.0, 0.3, 1.7], ()),
    "logistic": ([-2.0, 0.3, 1.7], ()),
    "gumbel_r": ([-1.0, 0.3, 2.7], ()),
    "halfnorm": ([0.2, 0.7, 2.0], ()),
    "rayleigh": ([0.2, 0.7, 2.0], ()),
    "gamma": ([0.2, 1.3, 6.0], (2.3,)),
    "chi2": ([0.2, 1.3, 9.0], (3.4,)),
    "invgamma": ([0.2, 0.6, 3.0], (2.7,)),
    "beta": ([0.1, 0.45, 0.9], (2.2, 1.6)),
    "t": ([-2.0, 0.3, 1.7], (3.7,)),
    "f": ([0.2, 0.9, 3.0], (3.3, 5.2)),
    "lognorm": ([0.2, 0.9, 3.0], (0.7,)),
    "pareto": ([1.2, 1.9, 4.0], (2.4,)),
    "weibull_min": ([0.2, 0.9, 1.8], (2.1,)),
}
DISCRETE = {
    "poisson": ([0, 2, 5], (2.3,)),
    "bernoulli": ([0, 1], (0.3,)),
    "binom": ([0, 2, 5], (6.0, 0.3)),
    "geom": ([1, 2, 5], (0.3,)),
    "nbinom": ([0, 2, 5], (2.6, 0.3)),
}
ALL = CONTINUOUS | DISCRETE
OF_X = ("pdf", "logpdf", "cdf", "sf", "logcdf", "logsf")
OF_K = ("pmf", "logpmf", "cdf", "sf", "logcdf", "logsf")
OF_Q = ("ppf", "isf")
MOMENTS = ("mean", "var", "std", "entropy")


def pairs():
    for name in ALL:
        of_x = OF_X if name in CONTINUOUS else OF_K
        yield from ((name, m) for m in (*of_x, *OF_Q, *MOMENTS))


PAIRS = list(pairs())
#: NaN, whatever the parameters.
UNDEFINED = {("cauchy", "mean"), ("cauchy", "var"), ("cauchy", "std")}
CONSTANT = {(name, m) for name in DISCRETE for m in OF_Q}
EVERY = pytest.mark.parametrize(("name", "method"), PAIRS, ids=["-".join(p) for p in PAIRS])

_EDGES = [-inf, -1e30, -40.0, -3.0, -0.3, 0.0, 1e-9, 0.2, 0.5, 1.0, 1.7, 3.0, 25.0, 1e5, inf, nan]
_WHOLE = [-inf, -2.0, -1, 0, 0.5, 1, 2, 3, 7, 10, 50, 1000.0, inf, nan]
_QUANTILES = [-0.1, 0.0, 1e-12, 0.2, 0.5, 0.8, 1.0, 1.1, nan]
_SHAPES = [-1.0, 0.0, 0.3, 1.0, 1.5, 2.0, 3.0, 7.5, 100.0]
_PROBABILITIES = [-0.1, 0.0, 0.3, 1.0, 1.1]


def grid(name):
    """Parameters to compare values for, invalid ones too."""
    if name in CONTINUOUS:
        extra = [inf, nan] if name == "t" else []
        return itertools.product(_SHAPES + extra, repeat=len(CONTINUOUS[name][1]))
    return {
        "poisson": itertools.product([-1.0, 0.0, 0.5, 3.0, 200.0]),
        "bernoulli": itertools.product(_PROBABILITIES),
        "geom": itertools.product(_PROBABILITIES),
        "binom": itertools.product([-1.0, 0.0, 1.0, 2.5, 10.0], _PROBABILITIES),
        "nbinom": itertools.product([-1.0, 0.0, 0.5, 2.0, 30.0], _PROBABILITIES),
    }[name]


@numpy_only
@EVERY
@pytest.mark.filterwarnings("ignore")
def test_values_are_scipys(name, method):
    """NaN for invalid parameters, 0 and 1 outside the support, at its ends, at infinity."""
    found, expected = getattr(xg.stats, name), getattr(scipy.stats, name)
    points = _QUANTILES if method in OF_Q else _WHOLE if name in DISCRETE else _EDGES
    first = () if method in MOMENTS else (np.asarray(points),)
    places = ((), (0.5, 2.0), (1.0, -1.0), (nan, 1.0)) if name in CONTINUOUS else ((), (2,))
    for shapes in grid(name):
        for place in places:
            args = (*first, *shapes, *place)
            try:
                want = np.asarray(getattr(expected, method)(*args))
            except (OverflowError, ZeroDivisionError):
                continue
            got = getattr(found, method)(*args)
            assert (got.shape, got.dtype) == (want.shape, np.float64), args
            got = host(got)
            better = np.zeros(want.shape, bool)  # where SciPy's value is worse
            if first:  # NaN: inf - inf
                better |= np.isinf(first[0]) & np.isnan(want)
            if method in ("logpdf", "logpmf", "logcdf", "logsf"):
                # underflow; 0 for parameters that are invalid; log(1 - small), which cancels
                better |= np.isneginf(want) & (got < -600)
                better |= (np.abs(want) < 1e-6) & (np.abs(got - want) < 1e-13)
                better |= (want == 0) & np.isnan(got)
            if name == "f" and method == "isf":
                better |= first[0] < 1e-9  # from 1 - q
            if method == "entropy":
                better |= np.abs(got - want) < 1e-14
            if name == "halfnorm" and method in ("ppf", "logsf"):
                better |= np.abs(got - want) < 1e-13
            if name == "geom" and method in OF_Q and shapes[0] == 1:
                better |= np.isfinite(got)  # 0 failures, not outside the support
            if (name, method) == ("weibull_min", "pdf"):
                better |= np.isnan(want) & (first[0] > 1e4)  # inf times 0
            if (name, method) == ("geom", "entropy"):
                better |= np.isnan(want)
            fine = np.isclose(got, want, rtol=1e-9, atol=1e-300, equal_nan=True) | better
            assert fine.all(), (args, got[~fine], want[~fine])


def continuous_arguments(name, method):
    """All arguments with a derivative, and which they are."""
    x, shapes = ALL[name]
    if name in DISCRETE:
        start = () if method in MOMENTS else (np.asarray(x, float),)
        args = (*start, *map(np.asarray, shapes))
        free = [
            i for i in range(len(start), len(args)) if not (name == "binom" and i == len(start))
        ]
        return args, free
    place = (np.asarray(0.4), np.asarray(1.3))
    if method in MOMENTS:
        start = ()
    elif method in OF_Q:
        start = (np.asarray([0.1, 0.45, 0.8]),)
    else:
        start = (np.asarray(x) * 1.3 + 0.4,)
    args = (*start, *(np.full((2, 1), s) for s in shapes), *place)
    return args, list(range(len(args)))


def differences(f, args, i, step):
    """Five-point differences: the change of the sum of f by a common shift of argument i."""
    total = 0.0
    for k, c in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
        moved = [a + k * step if j == i else a for j, a in enumerate(args)]
        total = total + c * f(*moved)
    return total / (12 * step)


@not_dask
@pytest.mark.parametrize(("name", "method"), [p for p in PAIRS if p not in UNDEFINED | CONSTANT])
def test_derivatives_by_every_argument(name, method):
    if (COMPILES or NAME == "array_api_strict") and name not in ("gamma", "t", "poisson"):
        pytest.skip("slow; its functions are in the op table")
    distribution = getattr(xg.stats, name)
    args, free = continuous_arguments(name, method)
    arrays = [raw(a) for a in args]

    def f(*numbers):
        out = getattr(distribution, method)(*numbers)
        return xg.sum(xg.where(xg.isfinite(out), out, 0.0))

    def value(*numbers):
        return float(host(f(*map(raw, numbers))))

    def slope(*numbers):
        return sum(xg.sum(g) * (k + 1.5) for k, g in enumerate(xg.grad(f, tuple(free))(*numbers)))

    first = xg.grad(f, argnums=tuple(free))(*arrays)
    second = xg.grad(slope, argnums=tuple(free))(*arrays)
    along = [xg.ones_like(a) * 1.0 for a in arrays]
    for position, i in enumerate(free):
        want = differences(value, args, i, 1e-3)
        np.testing.assert_allclose(np.sum(host(first[position])), want, rtol=2e-7, atol=1e-8)
        one = [t if j == i else 0 * t for j, t in enumerate(along)]
        _, forward = xg.jvp(f, tuple(arrays), tuple(one))
        np.testing.assert_allclose(host(forward), want, rtol=2e-7, atol=1e-8)
        want = differences(lambda *a: float(host(slope(*map(raw, a)))), args, i, 1e-3)
        np.testing.assert_allclose(np.sum(host(second[position])), want, rtol=1e-6, atol=1e-7)


@not_dask
def test_vmap():
    x, a, scale = raw(np.asarray([0.3, 1.0, 4.0])), raw(np.asarray([0.5, 2.0, 9.0])), 2.0
    for method in OF_X:
        f = getattr(xg.stats.gamma, method)
        want = host(f(x, a, 0, scale))
        got = xg.vmap(lambda x, a, f=f: f(x, a, 0, scale))(x, a)
        np.testing.assert_allclose(host(got), want, rtol=1e-14)
        slopes = xg.vmap(xg.grad(lambda x, a, f=f: f(x, a, 0, scale), argnums=1))(x, a)
        every = xg.grad(lambda a, f=f: xg.sum(f(x, a, 0, scale)))(a)
        np.testing.assert_allclose(host(slopes), host(every), rtol=1e-12)


def derivatives(f, x, count=2):
    out = []
    for _ in range(count):
        f = xg.grad(f)
        out.append(float(host(f(raw(np.asarray(x))))))
    return out


@not_dask
def test_ends_of_the_support():
    """First and second derivatives of the density, and of the cdf, at the end itself."""
    s = xg.stats
    e = math.exp
    for f, x, want in (
        (lambda x: s.expon.pdf(x), 0.0, [-1.0, 1.0]),
        (lambda x: s.gamma.pdf(x, 1.0), 0.0, [-1.0, 1.0]),
        (lambda x: s.gamma.pdf(x, 2.0), 0.0, [1.0, -2.0]),
        (lambda x: s.gamma.pdf(x, 3.0), 0.0, [0.0, 1.0]),
        (lambda x: s.chi2.pdf(x, 4.0), 0.0, [0.25, -0.25]),
        (lambda x: s.beta.pdf(x, 1.0, 2.0), 0.0, [-2.0, 0.0]),
        (lambda x: s.beta.pdf(x, 2.0, 2.0), 0.0, [6.0, -12.0]),
        (lambda x: s.beta.pdf(x, 2.0, 3.0), 1.0, [0.0, 24.0]),
        (lambda x: s.beta.pdf(x, 1.0, 1.0), 1.0, [0.0, 0.0]),
        (lambda x: s.f.pdf(x, 2.0, 2.0), 0.0, [-2.0, 6.0]),
        (lambda x: s.f.pdf(x, 4.0, 4.0), 0.0, [6.0, -48.0]),
        (lambda x: s.rayleigh.pdf(x), 0.0, [1.0, 0.0]),
        (lambda x: s.weibull_min.pdf(x, 2.0), 0.0, [2.0, 0.0]),
        (lambda x: s.halfnorm.pdf(x), 0.0, [0.0, -math.sqrt(2 / math.pi)]),
        (lambda x: s.lognorm.pdf(x, 0.5), 0.0, [0.0, 0.0]),
        (lambda x: s.invgamma.pdf(x, 2.0), 0.0, [0.0, 0.0]),
        (lambda x: s.poisson.pmf(1, x), 0.0, [1.0, -2.0]),
        (lambda x: s.poisson.pmf(0, x), 0.0, [-1.0, 1.0]),
        (lambda x: s.poisson.pmf(2, x), 0.0, [0.0, 1.0]),
        (lambda x: s.binom.pmf(1, 2, x), 0.0, [2.0, -4.0]),
        (lambda x: s.binom.pmf(0, 2, x), 0.0, [-2.0, 2.0]),
        (lambda x: s.bernoulli.pmf(1, x), 0.0, [1.0, 0.0]),
        (lambda x: s.geom.pmf(2, x), 1.0, [-1.0, -2.0]),
        (lambda x: xg.special.chdtr(4.0, x), 0.0, [0.0, 0.25]),
        (lambda x: xg.special.gammainc(2.0, x), 0.0, [0.0, 1.0]),
        (lambda x: xg.special.fdtr(4.0, 4.0, x), 0.0, [0.0, 6.0]),
        (lambda x: xg.special.betainc(2.0, 2.0, x), 1.0, [0.0, -6.0]),
        (lambda x: s.gamma.logpdf(x, 1.0), 0.0, [-1.0, 0.0]),
        (lambda x: s.norm.pdf(x), inf, [0.0, 0.0]),
        (lambda x: s.t.pdf(x, 3.0), -inf, [0.0, 0.0]),
        (lambda x: s.gamma.pdf(x, 3.0), -1.0, [0.0, 0.0]),
        (lambda x: s.gamma.cdf(x, 3.0), inf, [0.0, 0.0]),
        (lambda x: s.beta.pdf(x, 2.0, 3.0), 1.5, [0.0, 0.0]),
        (lambda x: s.beta.logpdf(x, 2.0, 3.0), -0.5, [0.0, 0.0]),
        (lambda a: s.gamma.cdf(0.0, a), 1.5, [0.0, 0.0]),
        (lambda a: s.beta.cdf(1.0, a, 2.0), 1.5, [0.0, 0.0]),
        (lambda x: s.pareto.pdf(x, 1.0), 1.0, [-2.0, 6.0]),
        (lambda x: s.norm.cdf(x), 0.0, [1 / math.sqrt(2 * math.pi), 0.0]),
        (lambda x: s.gumbel_r.cdf(x), 0.0, [e(-1), 0.0]),
    ):  # fmt: skip
        np.testing.assert_allclose(derivatives(f, x), want, rtol=1e-12, atol=1e-12)
    # d/dx d/da of gammainc(a, x) at x = 0: of x**a log(x)
    for first, second in ((0, 1), (1, 0)):
        mixed = xg.grad(xg.grad(xg.special.gammainc, argnums=first), argnums=second)
        assert float(mixed(2.5, 0.0)) == 0.0
        assert float(mixed(1.0, 0.0)) < -1e30
    assert np.isnan(derivatives(lambda a: s.gamma.pdf(1.0, a), -2.0, 1))
    assert np.isnan(derivatives(lambda x: s.norm.pdf(x, 0, -1.0), 0.5, 1))


@not_dask
def test_far_tails():
    """Closed forms where the functions themselves underflow."""
    s = xg.stats
    log = math.log
    for f, x, want, slope in (
        (lambda x: s.norm.logcdf(x), -1e4, -5e7 - log(1e4 * math.sqrt(2 * math.pi)), 1e4),
        (lambda x: s.gamma.logsf(x, 1.0), 1e4, -1e4, -1.0),
        (lambda x: s.gamma.logsf(x, 2.0), 1e4, -1e4 + log(10001), -1 + 1 / 10001),
        (lambda x: s.gamma.logcdf(x, 3.0), 1e-200, 3 * log(1e-200) - log(6), 3e200),
        (lambda x: s.chi2.logsf(x, 2.0), 1e4, -5e3, -0.5),
        (lambda x: s.beta.logcdf(x, 5.0, 1.0), 1e-100, 5 * log(1e-100), 5e100),
        (lambda x: s.beta.logsf(x, 1.0, 400.0), 0.9, 400 * log(0.1), -4000.0),
        (lambda x: s.t.logsf(x, 1.0), 1e200, -log(math.pi) - log(1e200), -1e-200),
        (lambda x: s.t.logcdf(x, 2.0), -1e100, -log(2) - 2 * log(1e100), 2e-100),
        (lambda x: s.f.logsf(x, 2.0, 400.0), 1e4, -200 * math.log1p(50.0), -200 / 10200 * 1.0),
        (lambda x: s.invgamma.logcdf(x, 1.0), 1e-4, -1e4, 1e8),
        (lambda x: s.poisson.logsf(0, x), 1e-300, log(1e-300), 1e300),
        (lambda x: s.binom.logsf(199, 200, x), 1e-3, 200 * log(1e-3), 2e5),
        (lambda x: s.logistic.logsf(x), 1e3, -1e3, -1.0),
        (lambda x: s.gumbel_r.logcdf(x), -5.0, -math.exp(5.0), math.exp(5.0)),
    ):
        value = float(host(f(raw(np.asarray(x)))))
        np.testing.assert_allclose(value, want, rtol=1e-8)
        (found,) = derivatives(f, x, 1)
        np.testing.assert_allclose(found, slope, rtol=1e-7)
        ((lambda x: s.gumbel_r.cdf(x), -800.0, 0.0, 0.0),)
        ((lambda x: s.gumbel_r.sf(x), -800.0, 1.0, 0.0),)
        ((lambda x: s.gumbel_r.pdf(x), -800.0, 0.0, 0.0),)
        ((lambda x: s.gumbel_r.logsf(x), -800.0, 0.0, 0.0),)
        ((lambda x: s.gumbel_r.logsf(x), 800.0, -800.0, -1.0),)
        ((lambda x: s.gumbel_r.logsf(x), 17.5, -17.5 - math.exp(-17.5) / 2, -1 + 1.255e-8),)
        ((lambda x: s.weibull_min.cdf(x, 3.0), 1e200, 1.0, 0.0),)
        ((lambda x: s.weibull_min.sf(x, 3.0), 1e200, 0.0, 0.0),)
        ((lambda x: s.weibull_min.pdf(x, 3.0), 1e200, 0.0, 0.0),)
        ((lambda x: s.f.isf(x, 1.0, 1.0), 1 - 1e-9, 2.4674010341e-18, -4.934802201e-9),)
        ((lambda x: s.f.isf(x, 2.0, 5.0), 1 - 1e-9, 1e-9, -1.0),)
        ((lambda x: s.f.isf(x, 30.0, 4.0), 1e-200, 1.460593487e100, -7.302967433e299),)
    by_shape = xg.grad(lambda a: s.beta.logcdf(1e-100, a, 1.0))
    np.testing.assert_allclose(float(by_shape(5.0)), log(1e-100), rtol=1e-10)


@not_dask
def test_slopes_of_distribution_functions_in_the_far_tails_are_densities():
    for name, x, shapes in (
        ("expon", 50.0, ()),
        ("rayleigh", 9.0, ()),
        ("weibull_min", 13.0, (1.5,)),
        ("pareto", 1e7, (3.0,)),
        ("logistic", 50.0, ()),
        ("logistic", -50.0, ()),
        ("gumbel_r", -3.2, ()),
        ("gumbel_r", 50.0, ()),
    ):
        dist = getattr(xg.stats, name)
        pdf = getattr(scipy.stats, name).pdf(x, *shapes)
        for method, sign in (("cdf", 1), ("sf", -1)):
            f = lambda x, m=method, d=dist, s=shapes: getattr(d, m)(x, *s)  # noqa: E731
            np.testing.assert_allclose(derivatives(f, x, 1)[0], sign * pdf, rtol=1e-12)


@not_dask
def test_student_with_infinitely_many_degrees_of_freedom_is_normal():
    t, norm = xg.stats.t, xg.stats.norm
    for method in (*OF_X, *OF_Q):
        one, other = getattr(t, method), getattr(norm, method)
        found = derivatives(lambda x, f=one: f(x, inf), 0.3)
        np.testing.assert_allclose(found, derivatives(other, 0.3), rtol=1e-13)
        assert float(xg.grad(lambda df, f=one: f(0.3, df))(inf)) == 0
        if NAME == "jax" and method == "logsf":
            continue  # JAX's betainc has three digits at parameters of 1e12
        near = derivatives(lambda x, f=one: f(x, 1e12), 0.3)
        np.testing.assert_allclose(near, derivatives(other, 0.3), rtol=1e-10)


@not_dask
def test_outside_the_support_no_parameter_has_a_slope():
    for name, (points, shapes) in CONTINUOUS.items():
        dist = getattr(xg.stats, name)
        low, _ = scipy.stats.__dict__[name].support(*shapes)
        if np.isfinite(low):
            args = (low - 1.0, *shapes, 0.0, 1.0)
            for method in ("logpdf", "pdf", "cdf"):
                found = xg.grad(getattr(dist, method), tuple(range(len(args))))(*args)
                assert [float(g) for g in found] == [0.0] * len(args), (name, method)
            loc, scale = 0.0, 2.0  # some elements inside
            x = raw(np.asarray([points[0] * scale, low - 1.0]))
            by_scale = xg.jacfwd(lambda s, d=dist, a=shapes, x=x: d.logpdf(x, *a, loc, s))(scale)
            inside, outside = host(by_scale)
            assert outside == 0
            assert np.isfinite(inside)
            assert inside != 0
    assert float(xg.grad(lambda p: xg.stats.bernoulli.logpmf(2, p))(1.0)) == 0
    for k, want in ((0, 1.0), (1, -1.0), (2, 0.0)):  # (1 + m) exp(-m), ...
        found = xg.grad(xg.grad(lambda m, k=k: xg.stats.poisson.cdf(k, m)))(0.0)
        np.testing.assert_allclose(float(found), want, rtol=1e-14)


@not_dask
def test_single_precision_and_arrays_of_other_libraries():
    x = raw(np.asarray([0.5, 2.0], np.float32))
    for name, (_, shapes) in ALL.items():
        methods = ("logpdf", "logcdf", "logsf") if name in CONTINUOUS else ("logpmf", "logcdf")
        for method in methods:
            f, reference = getattr(xg.stats, name), getattr(scipy.stats, name)
            points = xg.round(x) if name in DISCRETE else x + 1 if name == "pareto" else x
            points = points / 3 if name == "beta" else points
            out = getattr(f, method)(points, *shapes)
            assert (type(out.data), out.dtype) == (type(x), np.float32), (name, method)
            with np.errstate(all="ignore"):
                want = getattr(reference, method)(host(points), *shapes)
            np.testing.assert_allclose(host(out), want, rtol=2e-5, atol=2e-6)


@numpy_only
def test_single_precision_stays_single_in_every_method():
    for name, (points, shapes) in CONTINUOUS.items():
        for number in (np.float32(points[0] if points[0] > 0 else 0.3), np.float32(0.3)):
            for x in (number, np.asarray([number]), xg.asarray(number)):
                for method in OF_X if number == np.float32(points[0]) else OF_Q:
                    found = getattr(getattr(xg.stats, name), method)(x, *shapes)
                    assert found.dtype == np.float32, (name, method, type(x))
    assert xg.stats.norm.cdf(np.float64(0.3), np.float32(1)).dtype == np.float64
    assert xg.stats.norm.cdf(np.asarray(0.3, np.float32), np.float64(1)).dtype == np.float32


@numpy_only
def test_arguments_as_in_scipy():
    s = xg.stats
    assert float(s.gamma.pdf(x=1.0, a=2.0, scale=3.0)) == float(s.gamma.pdf(1.0, 2.0, 0, 3.0))
    frozen = s.gamma(2.0, scale=xg.asarray([1.0, 3.0]))
    assert frozen.logpdf(1.0).shape == (2,)
    assert frozen.mean().tolist() == [2.0, 6.0]
    assert s.norm.pdf(xg.ones((2, 1)), [0, 1, 2]).shape == (2, 3)
    assert s.norm.pdf(1, 2).dtype == np.float64
    assert [float(x) for x in s.gamma.support(2.0, 1.0)] == [1.0, inf]
    assert [float(x) for x in s.binom.support(5, 0.5)] == [0.0, 5.0]
    low, high = s.norm.interval(0.9, 1.0, 2.0)
    np.testing.assert_allclose([float(low), float(high)], scipy.stats.norm.interval(0.9, 1.0, 2.0))
    assert float(s.expon.median(scale=2.0)) == pytest.approx(2 * math.log(2))
    w = xg.tensor(2.0, requires_grad=True)
    s.norm.logpdf([0.5, w], loc=w).sum().backward()
    assert float(w.grad) == pytest.approx(-1.5)
    for name in xg.stats.__all__:
        assert pickle.loads(pickle.dumps(getattr(s, name))) is getattr(s, name)


@numpy_only
def test_refusals():
    s = xg.stats
    for error, match, call in (
        (
            AttributeError,
            "stats.norm does not have 'fit'; scipy.stats.norm.fit",
            lambda: s.norm.fit,
        ),
        (AttributeError, "scipy.stats.poisson.expect takes", lambda: s.poisson(2.0).expect(xg.sin)),
        (ValueError, r"a sum of \d+ terms for each of 1", lambda: s.nbinom.entropy(0.5, 1e-8)),
        (ValueError, "poisson.rvs: a parameter is not valid", lambda: s.poisson.rvs(-1.0)),
        (TypeError, r"stats.gamma.pdf\(x, a, loc.*'a' is missing", lambda: s.gamma.pdf(1.0)),
        (
            TypeError,
            r"stats.norm.pdf\(x, loc=0, scale=1\): takes 3",
            lambda: s.norm.pdf(0, 1, 2, 3),
        ),
        (TypeError, "unexpected argument 'mean'", lambda: s.norm.pdf(0, mean=1)),
        (TypeError, "expected real numbers", lambda: s.norm.pdf(1j)),
        (NotImplementedError, "several variables", lambda: s.multivariate_normal.cdf([0.0])),
        (TypeError, "random_state must be", lambda: s.norm.rvs(random_state=np.random)),
        (AttributeError, "scipy.stats.dirichlet.fit", lambda: s.dirichlet.fit),
    ):
        with pytest.raises(error, match=match):
            call()


@numpy_only
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("norm.logpdf", lambda w: scipy.stats.norm.logpdf(w)),
        ("norm.logpdf", lambda w: scipy.stats.norm.logpdf([1.0, 2.0], w)),
        ("norm.logpdf", lambda w: scipy.stats.norm(0, 1).logpdf(w)),
        ("gamma.cdf", lambda w: scipy.stats.gamma.cdf(w, 2.0)),
        ("poisson.pmf", lambda w: scipy.stats.poisson.pmf(1, w)),
        ("multivariate_normal.logpdf", lambda w: scipy.stats.multivariate_normal.logpdf(w)),
    ],
)
def test_scipys_distributions_name_those_of_xgrad(name, call):
    w = xg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(xg.AutogradError, match=rf"^scipy.stats.{name}: .* use xgrad.stats.{name}"):
        call(w)


@not_dask
def test_random_numbers_are_differentiable_quantiles():
    s = xg.stats
    draw = s.gamma.rvs(2.0, scale=3.0, size=4, random_state=7)
    assert draw.shape == (4,)
    again = s.gamma(2.0, scale=3.0).rvs(size=4, random_state=xg.random.Generator(7))
    np.testing.assert_array_equal(host(draw), host(again))
    levels = host(s.gamma.cdf(draw, 2.0, scale=3.0))
    slopes = xg.jacrev(lambda a: s.gamma.rvs(a, size=4, random_state=7))(2.0)
    want = (scipy.stats.gamma.ppf(levels, 2.001) - scipy.stats.gamma.ppf(levels, 1.999)) / 0.002
    np.testing.assert_allclose(host(slopes), want, rtol=1e-5)
    assert (s.norm.rvs(xg.zeros(3)).shape, s.norm.rvs().shape) == ((3,), ())
    assert s.dirichlet.rvs([1.0, 2.0], 5).shape == (5, 2)
    assert s.multivariate_normal.rvs([0.0, 1.0], size=5).shape == (5, 2)


@not_dask
def test_quantiles_of_integers_are_constants():
    s = xg.stats
    mu = xg.tensor(raw(np.asarray([0.5, 3.0, 40.0])), requires_grad=True)
    for out in (s.poisson.ppf(0.3, mu), s.poisson.isf(0.3, mu), s.poisson.median(mu)):
        assert not out.requires_grad
        assert out.dtype == np.float64
    _, forward = xg.jvp(lambda mu: s.poisson.ppf(0.3, mu), (mu.detach(),), (xg.ones(3),))
    np.testing.assert_array_equal(host(forward), 0.0)
    draws = s.poisson.rvs(mu, random_state=3)
    assert (draws.shape, draws.dtype, draws.requires_grad) == ((3,), np.int64, False)
    many = host(s.binom.rvs(10, 0.3, 5, size=400, random_state=1))
    assert abs(many.mean() - 8.0) < 0.3
    assert {*many.tolist()} <= {*range(5, 16)}
    k = np.arange(12.0)
    for name, (_, shapes) in DISCRETE.items():
        f = getattr(s, name)
        levels = host(f.cdf(raw(k), *shapes))
        inside = (levels > 0) & (levels < 1)
        if NAME != "numpy":  # other libraries' cdf may differ from the host's by rounding
            levels = levels * (1 - 1e-12)
        np.testing.assert_array_equal(host(f.ppf(raw(levels), *shapes))[inside], k[inside])
        got, want = f.interval(0.9, *shapes), getattr(scipy.stats, name).interval(0.9, *shapes)
        np.testing.assert_array_equal([float(host(x)) for x in got], want)


@not_dask
def test_entropies_that_are_sums():
    s = xg.stats
    for mu in (700.0,) if NAME == "jax" else (700.0, 1e4, 1e6):  # an asymptotic series
        series = 0.5 * math.log(2 * math.pi * math.e * mu) - 1 / (12 * mu) - 1 / (24 * mu**2)
        slope = 0.5 / mu + 1 / (12 * mu**2) + 1 / (12 * mu**3)
        np.testing.assert_allclose(host(s.poisson.entropy(mu)), series, rtol=1e-8)
        np.testing.assert_allclose(
            host(xg.grad(s.poisson.entropy)(mu)), slope, rtol=1e-6, atol=1e-11
        )
    mu = raw(np.asarray([0.5, 200.0, 0.0]))
    want = host(s.poisson.entropy(mu))
    np.testing.assert_allclose(host(xg.vmap(s.poisson.entropy)(mu)), want, rtol=1e-14)
    assert s.poisson.entropy(raw(np.zeros((0, 3)))).shape == (0, 3)
    single = s.poisson.entropy(raw(np.asarray([0.5, 200.0], np.float32)))
    assert single.dtype == np.float32
    np.testing.assert_allclose(host(single), want[:2], rtol=1e-4)
    for f, at, want in (
        (s.poisson.entropy, 0.0, inf),
        (lambda p: s.binom.entropy(5, p), 0.0, inf),
        (lambda p: s.binom.entropy(5, p), 1.0, -inf),
        (lambda p: s.binom.entropy(0, p), 1.0, 0.0),
        (lambda p: s.nbinom.entropy(2.0, p), 1.0, -inf),
    ):
        with np.errstate(all="ignore"):
            assert float(host(xg.grad(f)(at))) == want


# -- multivariate distributions ----------------------------------------------------------------

_RNG = np.random.default_rng(0)
_A = _RNG.normal(size=(3, 3))
_COV, _MEAN = _A @ _A.T + np.eye(3), _RNG.normal(size=3)
_SINGULAR = np.outer([1, 2, 3.0], [1, 2, 3.0]) + np.outer([1, 0, 1], [1, 0, 1.0])


@numpy_only
@pytest.mark.parametrize(
    "args",
    [
        (_RNG.normal(size=3), _MEAN, _COV),
        (_RNG.normal(size=(4, 3)), _MEAN, _COV),
        (_RNG.normal(size=(2, 4, 3)), _MEAN, _COV),
        (_RNG.normal(size=(1, 3)), _MEAN),
        (0.5, _MEAN, _COV),
        (0.5,),
        ([0.5, 1],),
        ([0.5, 1], 1.0, 2.0),
        ([[0.5], [1]], 1.0, [[2.0]]),
        ([0.5, 1], [1.0, 2], [2.0, 3]),
        ([0.5, 1], [1.0, 2], 3.0),
        ([0.5, 1], None, [[2.0, 1], [1, 3]]),
        ([1.0, 2, 3], None, _SINGULAR, True),
        ([1.0, 3, 3], None, _SINGULAR, True),
    ],
    ids=str,
)
def test_multivariate_normal_is_scipys(args):
    s, r = xg.stats.multivariate_normal, scipy.stats.multivariate_normal
    for method in ("logpdf", "pdf"):
        got, want = getattr(s, method)(*args), getattr(r, method)(*args)
        assert got.shape == np.shape(want)
        np.testing.assert_allclose(host(got), want, rtol=1e-12)
    assert s(*args[1:3]).dist is s
    want = r.entropy(*args[1:3])
    np.testing.assert_allclose(host(s.entropy(*args[1:3])), want, rtol=1e-12)


@not_dask
def test_derivatives_of_the_multivariate_normal():
    s = xg.stats.multivariate_normal
    x, mean = _RNG.normal(size=(4, 3)), _MEAN

    def loss(x, mean, root, singular):
        cov = xg.matmul(root, xg.matrix_transpose(root))
        return xg.sum(xg.sin(s.logpdf(x, mean, cov, singular))) + s.entropy(None, cov)

    for singular, root in ((False, _A), (True, _A), (True, _A[:, :2])):
        at = x if root.shape[1] == 3 else mean + _RNG.normal(size=(4, 2)) @ root.T
        args = [at, mean, root]

        def f(*args, singular=singular):
            return loss(*args, singular)

        for i in (0, 1, 2) if root.shape[1] == 3 else (2,):
            along = _RNG.normal(size=args[i].shape)
            if root.shape[1] == 2:  # stay on the subspace
                along = root @ _RNG.normal(size=(2, 2))
            g = host(xg.grad(f, argnums=i)(*map(raw, args)))
            values = [
                float(host(f(*[raw(a + k * 1e-4 * along) if j == i else raw(a)
                               for j, a in enumerate(args)])))
                for k in (-2, -1, 1, 2)
            ]  # fmt: skip
            want = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / 12e-4
            np.testing.assert_allclose(np.sum(g * along), want, rtol=1e-6, atol=1e-8)
            tangents = [raw(along if j == i else 0 * a) for j, a in enumerate(args)]
            _, t = xg.jvp(f, tuple(map(raw, args)), tuple(tangents))
            np.testing.assert_allclose(host(t), want, rtol=1e-6, atol=1e-8)
    batch = xg.vmap(lambda c: s.logpdf(raw(x[0]), raw(mean), c))(raw(np.stack([_COV, 2 * _COV])))
    want = [scipy.stats.multivariate_normal.logpdf(x[0], mean, k * _COV) for k in (1, 2)]
    np.testing.assert_allclose(host(batch), want)


@numpy_only
def test_invalid_covariance_matrices():
    s = xg.stats.multivariate_normal
    with pytest.raises(np.linalg.LinAlgError, match="allow_singular=True gives the density"):
        s.logpdf([1.0, 2, 3], None, _SINGULAR)
    with pytest.raises(ValueError, match="positive semidefinite"):
        s.logpdf([1.0, 2, 3], None, -_COV)
    with pytest.raises(ValueError, match=r"cov must have shape \(2, 2\)"):
        s.logpdf([1.0, 2], [0.0, 0.0], _COV)
    with pytest.raises(ValueError, match="must have length 3"):
        s.logpdf([1.0, 2], _MEAN, _COV)
    with pytest.raises(ValueError, match="3 variances, mean 2"):
        s.logpdf([1.0, 2], [0.0, 0.0], [1.0, 2.0, 3.0])


@not_dask
def test_dirichlet():
    s, r = xg.stats.dirichlet, scipy.stats.dirichlet
    alpha = np.asarray([1.5, 2.0, 0.7])
    points = np.random.default_rng(0).dirichlet(alpha, 4).T
    for x in (points[:, 0], points, points[:2], points[:2, 0]):
        for method in ("logpdf", "pdf"):
            got, want = getattr(s, method)(raw(x), raw(alpha)), getattr(r, method)(x, alpha)
            assert got.shape == np.shape(want)
            np.testing.assert_allclose(host(got), want, rtol=1e-12)
    for method in ("mean", "var", "cov", "entropy"):
        got = getattr(s, method)(raw(alpha))
        np.testing.assert_allclose(host(got), getattr(r, method)(alpha), rtol=1e-12)
        np.testing.assert_allclose(host(getattr(s(raw(alpha)), method)()), host(got))
        slopes = host(xg.grad(lambda a, m=method: xg.sum(xg.sin(getattr(s, m)(a))))(raw(alpha)))
        for i in range(3):
            step = 1e-5 * np.eye(3)[i]
            up, down = (np.sin(getattr(r, method)(alpha + k * step)).sum() for k in (1, -1))
            np.testing.assert_allclose(slopes[i], (up - down) / 2e-5, rtol=1e-6, atol=1e-9)
    got = host(xg.grad(s.logpdf)(raw(points[:, 0]), raw(alpha)))
    np.testing.assert_allclose(got, (alpha - 1) / points[:, 0])
    hessian = host(xg.hessian(lambda a: s.logpdf(raw(points[:, 0]), a))(raw(alpha)))
    trigamma = scipy.special.polygamma(1, alpha)
    np.testing.assert_allclose(hessian, scipy.special.polygamma(1, alpha.sum()) - np.diag(trigamma))
    for match, x, a in (
        ("greater than 0", [0.5, 0.5], [1.0, -1.0]),
        ("must be a vector", [0.5, 0.5], [[1.0, 1.0]]),
        ("must have 2 components", [0.2, 0.3, 0.5], [1.0, 1.0]),
        ("add up to 1", [0.5, 0.6], [1.0, 1.0]),
        ("positive where alpha is below 1", [0.0, 1.0], [0.5, 1.0]),
    ):
        with pytest.raises(ValueError, match=match):
            s.logpdf(x, a)


_P = [0.2, 0.3, 0.5]
_PP = np.asarray([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])


@numpy_only
@pytest.mark.filterwarnings("ignore:Some rows of `p`")
@pytest.mark.parametrize(
    ("x", "n", "p"),
    [
        ([1, 1, 2], 4, _P),
        ([[1, 1, 2], [4, 0, 0], [1, 1, 1], [1.5, 0.5, 2]], 4, _P),
        ([1, 1, 2], [4, 3], _PP),
        ([1, 1, 2], 4, [0.2, 0.3, 0.9]),
        ([1, 1, 2], 4, [-0.2, 0.3, 0.9]),
        ([1, 1, 2], -1, _P),
        ([0, 2, 2], 4, [0, 0.5, 0.5]),
        ([1, 1, 2], 4, [0, 0.5, 0.5]),
        ([0, 0, 0], 0, _P),
    ],
)
def test_multinomial_is_scipys(x, n, p):
    s, r = xg.stats.multinomial, scipy.stats.multinomial
    calls = [(m, (x, n, p)) for m in ("logpmf", "pmf")]
    for method, args in calls + [(m, (n, p)) for m in ("mean", "cov", "entropy")]:
        got, want = getattr(s, method)(*args), getattr(r, method)(*args)
        assert got.shape == np.shape(want), method
        np.testing.assert_allclose(host(got), want, rtol=1e-12, err_msg=method)
        frozen = getattr(s(n, p), method)(*args[:-2])
        np.testing.assert_array_equal(host(frozen), host(got))


@not_dask
def test_derivatives_of_the_multinomial():
    s = xg.stats.multinomial
    for f in (
        lambda p: s.logpmf([1, 1, 2], 4, p),
        lambda p: s.cov([4, 4], p),
        lambda p: s.mean(4, p),
        lambda p: s.entropy([4, 3], p),
    ):
        logits = raw(np.log(_PP))
        xg.testing.check_grads(lambda q, f=f: f(xg.special.softmax(q, axis=-1)), (logits,))
        xg.testing.check_grads(f, (raw(_PP + [0.0, 0.0, 0.2]),))  # the last one is not read
        rows = xg.vmap(lambda p: s.entropy(4, p))(raw(_PP))
        np.testing.assert_allclose(host(rows), host(s.entropy(4, raw(_PP))), rtol=1e-14)
    bad = xg.tensor(raw(np.asarray(_P)), requires_grad=True)
    s.logpmf([1, 1, 2], -1, bad).backward()
    assert np.isnan(host(bad.grad)).all()
    with pytest.raises(ValueError, match="must have length 3, as that of p"):
        s.logpmf([1, 1], 2, _P)
    with pytest.raises(ValueError, match="p must have an axis"):
        s.mean(1, 0.5)
    with pytest.raises(AttributeError, match="scipy.stats.multinomial.rvs takes plain"):
        s.rvs(4, _P)


@numpy_only
def test_fitting_by_gradients_reaches_the_moments():
    x = scipy.stats.gamma.rvs(3.0, scale=2.0, size=400, random_state=0)

    def loss(p):
        return -xg.mean(xg.stats.gamma.logpdf(x, xg.exp(p[0]), scale=xg.exp(p[1])))

    p = np.log([x.mean() ** 2 / x.var(), x.var() / x.mean()])  # by moments, then Newton
    for _ in range(8):
        p = p - np.linalg.solve(host(xg.hessian(loss)(p)), host(xg.grad(loss)(p)))
    a, _, scale = scipy.stats.gamma.fit(x, floc=0)
    np.testing.assert_allclose(np.exp(p), [a, scale], rtol=1e-4)


@numpy_only
@pytest.mark.parametrize("name", xg.stats.__all__)
def test_examples(name):
    distribution = getattr(xg.stats, name)
    text = distribution.__doc__
    examples = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert examples.examples
    assert doctest.DocTestRunner().run(examples).failed == 0
