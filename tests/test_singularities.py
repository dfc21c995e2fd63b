"""Every function with a singularity or a step, at the point itself."""

import math

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from tests.test_edges import gradient, second, tangent

pytestmark = [
    pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning"),
]

#: Functions whose derivative is infinite at 0, and a point where it is not.
SINGULAR = {
    "sqrt": xg.sqrt,
    "log": xg.log,
    "log2": xg.log2,
    "log10": xg.log10,
    "log1p(x - 1)": lambda x: xg.log1p(x - 1),
    "reciprocal": xg.reciprocal,
    "1 / x": lambda x: 1 / x,
    "divide(c, x)": lambda x: xg.divide(xg.full_like(x, 2.0), x),
    "x ** 0.5": lambda x: x**0.5,
    "x ** -1.5": lambda x: x**-1.5,
    "x ** -2": lambda x: x**-2,
    "pow(x, y)": lambda x: xg.pow(x, xg.full_like(x, 0.5)),
    "asin(1 - x)": lambda x: xg.asin(1 - x),
    "acos(1 - x)": lambda x: xg.acos(1 - x),
    "acosh(1 + x)": lambda x: xg.acosh(1 + x),
    "atanh(1 - x)": lambda x: xg.atanh(1 - x),
    "log of sqrt": lambda x: xg.log(xg.sqrt(x)),
    "sqrt of sqrt": lambda x: xg.sqrt(xg.sqrt(x)),
}


def test_a_power_that_overflows_does_not_make_the_gradient_of_its_exponent_nan():
    base = raw(np.asarray([1e150, 10.0]))

    def f(p):
        return xg.sum(1 / xg.pow(base, p))

    np.testing.assert_allclose(gradient(f, 2.5), -math.log(10) * 10**-2.5)
    np.testing.assert_allclose(
        gradient(lambda p: xg.sum(1 / 10.0**p), [2.5, 400.0]), [-math.log(10) * 10**-2.5, 0.0]
    )


@pytest.mark.parametrize("name", SINGULAR)
def test_a_masked_singularity_does_not_become_nan(name):
    f = SINGULAR[name]

    def masked(x):
        return xg.where(x > 0, f(x), 0.0)

    found = gradient(masked, [0.0, 0.25])
    assert found[0] == 0
    np.testing.assert_allclose(found[1], gradient(f, 0.25))
    np.testing.assert_allclose(tangent(masked, [0.0, 0.25]), found)
    assert second(masked, 0.0) == 0
    np.testing.assert_allclose(second(masked, 0.25), second(f, 0.25))
    x, t = raw(np.asarray(0.0)), raw(np.asarray(1.0))
    assert host(xg.jvp(xg.grad(masked), (x,), (t,))[1]) == 0  # forward over reverse
    assert host(xg.grad(lambda v: xg.jvp(masked, (v,), (t,))[1])(x)) == 0  # reverse over forward


def test_a_zero_residual_keeps_its_curvature():
    for f, at, expected in [
        (lambda x: (xg.sqrt(x) - 1) ** 2, 1.0, 0.5),
        (lambda x: (xg.log(x)) ** 2, 1.0, 2.0),
        (lambda x: (1 / x - 1) ** 2, 1.0, 2.0),
        (lambda x: (xg.acosh(x) - np.arccosh(2.0)) ** 2, 2.0, 2 / 3),
    ]:
        np.testing.assert_allclose(second(f, at), expected, rtol=1e-12)
        x, t = raw(np.asarray(at)), raw(np.asarray(1.0))
        np.testing.assert_allclose(host(xg.jvp(xg.grad(f), (x,), (t,))[1]), expected, rtol=1e-12)


def test_the_origin_of_hypot_and_atan2():
    for f in (xg.hypot, xg.atan2):
        for by in (0, 1):
            slope = xg.grad(lambda a, b, f=f: xg.sum(f(a, b)), argnums=by)
            zero = raw(np.asarray([0.0, 3.0])), raw(np.asarray([0.0, 4.0]))
            assert host(slope(*zero))[0] == 0
            assert np.isfinite(host(slope(*zero))[1])
    np.testing.assert_allclose(gradient(xg.hypot, [3.0], [4.0]), 0.6)
    np.testing.assert_allclose(gradient(xg.atan2, [3.0], [4.0]), 4 / 25)
    np.testing.assert_allclose(tangent(lambda x: xg.hypot(x, 0 * x), [0.0]), 0)
    assert second(lambda x: xg.hypot(x, 0 * x), 0.0) == 0
    huge = gradient(xg.hypot, [1e200], [1e200])
    np.testing.assert_allclose(huge, np.sqrt(0.5))


def test_powers_at_zero_and_of_negative_bases():
    cases = [
        (0.0, 2.0, 0.0),
        (0.0, 1.0, 1.0),
        (0.0, 0.0, 0.0),
        (-2.0, 3.0, 12.0),
        (-2.0, -1.0, -0.25),
    ]
    for x, y, expected in cases:
        np.testing.assert_allclose(gradient(lambda v, y=y: v**y, x), expected)
        np.testing.assert_allclose(gradient(xg.pow, x, y), expected)
    np.testing.assert_allclose(gradient(lambda v: v**3, -2.0), 12)
    assert np.isnan(gradient(lambda v: v**0.5, -2.0))
    by_exponent = xg.grad(lambda y: xg.pow(xg.asarray(raw(np.asarray(-2.0))), y))
    assert np.isnan(host(by_exponent(raw(np.asarray(2.0)))))
    np.testing.assert_allclose(second(lambda v: v**2, 0.0), 2)
    np.testing.assert_allclose(second(lambda v: v**3, 0.0), 0)


def test_logaddexp_at_minus_infinity_in_both_modes_and_second_order():
    low = raw(np.asarray(-np.inf))
    for x, expected in [(0.0, 1.0), (-np.inf, 0.0)]:
        slope = xg.grad(lambda v: xg.logaddexp(v, xg.asarray(low)))
        np.testing.assert_allclose(host(slope(raw(np.asarray(x)))), expected)
    assert second(lambda v: xg.logaddexp(v, xg.asarray(low)), 0.0) == 0


def test_steps_have_slope_zero():
    for f in (xg.floor, xg.ceil, xg.trunc, xg.round, xg.sign):
        np.testing.assert_array_equal(gradient(f, [-1.5, 0.0, 0.5, 2.0]), 0)
    np.testing.assert_array_equal(gradient(lambda x: x // 2.0, [-1.5, 0.0, 4.0]), 0)
    np.testing.assert_array_equal(gradient(lambda x: x % 2.0, [-1.5, 0.0, 4.0]), 1)
    np.testing.assert_array_equal(
        gradient(xg.copysign, [0.0, -1.0, 2.0], [1.0, 1.0, -1.0]), [0, -1, -1]
    )
    halves = xg.round(raw(np.asarray([0.5, 1.5, 2.5, -0.5])))
    np.testing.assert_array_equal(host(halves), [0, 2, 2, 0])


def test_nan_in_maximum_and_fmax():
    nan, one = raw(np.asarray([np.nan, 1.0])), raw(np.asarray([1.0, 2.0]))
    assert np.isnan(host(xg.maximum(nan, one))[0])
    assert np.isnan(host(xg.minimum(one, nan))[0])
    np.testing.assert_array_equal(host(xg.fmax(nan, one)), [1, 2])
    np.testing.assert_array_equal(host(xg.fmin(nan, one)), [1, 1])
    np.testing.assert_array_equal(gradient(lambda x: xg.fmax(nan, x), [1.0, 2.0]), [1, 1])
    np.testing.assert_array_equal(gradient(lambda x: xg.fmin(x, nan), [1.0, 2.0]), [1, 0])


def test_ties_in_sort_share_evenly():
    weights = raw(np.asarray([1.0, 2.0, 4.0, 8.0]))

    def f(x):
        return xg.sum(xg.sort(x) * xg.asarray(weights))

    np.testing.assert_allclose(gradient(f, [3.0, 1.0, 3.0, 0.0]), [6, 2, 6, 1])
    np.testing.assert_allclose(gradient(f, [2.0, 2.0, 2.0, 2.0]), [3.75] * 4)
    x, t = raw(np.asarray([3.0, 1.0, 3.0, 0.0])), raw(np.asarray([1.0, 0.0, 5.0, 0.0]))
    np.testing.assert_allclose(host(xg.jvp(xg.sort, (x,), (t,))[1]), [0, 0, 3, 3])
    two = np.asarray([[1.0, 1.0], [1.0, 2.0], [0.0, 2.0]])
    rows = gradient(lambda x: xg.sort(x, axis=0, descending=True)[0], two)
    np.testing.assert_allclose(rows, [[0.5, 0], [0.5, 0.5], [0, 0.5]])
    batch = xg.vmap(xg.grad(f))(raw(np.asarray([[3.0, 1.0, 3.0, 0.0], [0.0, 1.0, 2.0, 3.0]])))
    np.testing.assert_allclose(host(batch), [[6, 2, 6, 1], [1, 2, 4, 8]])


def test_products_and_running_products_with_zeros():
    for zeros in ([2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]):
        x = np.asarray(zeros)
        expected = [np.prod(np.delete(x, i)) for i in range(3)]
        np.testing.assert_allclose(gradient(xg.prod, x), expected)
        xg.testing.check_grads(lambda v: xg.cumulative_prod(v), (raw(x),))


def test_large_float32_sums_are_as_accurate_as_numpys():
    x = np.random.default_rng(0).normal(10.0, 1.0, 1_000_003).astype(np.float32)
    exact = x.astype(np.float64)
    for ours, numpys, true in [
        (xg.sum, np.sum, exact.sum()),
        (xg.mean, np.mean, exact.mean()),
        (xg.var, np.var, exact.var()),
        (xg.std, np.std, exact.std()),
    ]:
        found = float(host(ours(raw(x))))
        allowed = max(abs(float(numpys(x)) - true), 4e-7 * abs(true))
        assert abs(found - true) <= allowed * 1.01
    # The gradient of a broadcast number is a sum of a million cotangents.
    slope = xg.grad(lambda w: xg.sum(w * xg.asarray(raw(x))))(raw(np.asarray(1.0, np.float32)))
    assert abs(float(host(slope)) - exact.sum()) <= 4e-7 * exact.sum()


def test_quantiles_next_to_infinities():
    """An infinite neighbor with weight 0 is ignored."""
    inf, nan = np.inf, np.nan
    cases = [
        (xg.median, [1.0, 2.0, inf], 2.0, [0, 1, 0]),
        (xg.median, [-inf, 1.0, inf], 1.0, [0, 1, 0]),
        (xg.median, [inf, inf], inf, [0.5, 0.5]),
        (lambda x: xg.quantile(x, 1.0), [-inf, 1.0], 1.0, [0, 1]),
        (xg.nanmedian, [nan, 3.0], 3.0, [0, 1]),
        (xg.nanmedian, [2.0, inf, nan, 1.0], 2.0, [1, 0, 0, 0]),
        (xg.nanmedian, [nan, nan], nan, [0, 0]),
    ]
    for f, x, value, slope in cases:
        np.testing.assert_equal(host(f(xg.asarray(raw(np.asarray(x))))), value)
        np.testing.assert_equal(gradient(f, x), slope)


def test_condition_numbers_of_singular_matrices_are_infinite():
    for matrix in ([[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]]):
        assert host(xg.linalg.cond(xg.asarray(raw(np.asarray(matrix))))) == np.inf


@pytest.mark.skipif(NAME == "dask", reason="dask has first derivatives only")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_sinc_has_all_derivatives_where_its_formula_divides_by_zero(dtype):
    """At 0, near 0, and on both sides of the end of the series: |π x| = 1 + n / 3."""
    f = xg.sinc
    for n in range(5):
        end = (1 + n / 3) / np.pi
        for x in (0.0, 1e-30, 1e-4, 0.03, -0.2, 0.99 * end, 1.01 * end, 1.5):
            k = np.arange((n + 1) // 2, 25)
            powers = [float(np.pi * x) ** int(2 * i - n) / math.factorial(2 * i - n) for i in k]
            expected = np.pi**n * np.sum((-1.0) ** k / (2 * k + 1) * powers)
            tolerance = 20 * float(np.finfo(dtype).eps) * np.pi**n / (n + 1)
            found = host(f(raw(np.asarray(x, dtype))))
            np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)
        f = xg.grad(f)


def test_arcs_on_their_branch_cuts():
    """The derivative is that of the side that the sign of a zero imaginary part selects."""
    x = np.asarray([1.5, -1.2, 3.0, -1.6, 1.01])
    for f, slope in ((xg.asin, 1), (xg.acos, -1)):
        for side in (0.0, -0.0):
            z = np.empty(5, np.complex128)
            z.real, z.imag = x, side
            _, found = xg.jvp(f, (raw(z),), (raw(np.ones(5, np.complex128)),))
            # asin(x ± 0j) = sign(x) π/2 ± j log(|x| + sqrt(x² - 1))
            expected = slope * np.copysign(1, side) * 1j * np.sign(x) / np.sqrt(x * x - 1)
            np.testing.assert_allclose(host(found), expected, atol=1e-12)
