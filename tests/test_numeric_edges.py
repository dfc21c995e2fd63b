"""Numbers at the ends of their range: the right value and derivative, or NaN where NumPy has it."""

import numpy as np
import pytest

import xgrad as xg
from tests import environment
from tests.environment import host, raw
from xgrad import nn

F = nn.functional
NARROW = environment.NAME in ("array_api_strict", "dask")  # no float16
LARGE = [("float32", 1e38), ("float64", 1e300)] + ([] if NARROW else [("float16", 6e4)])
INF, NAN = np.inf, np.nan


def numbers(values, dtype="float64"):
    return raw(np.asarray(values, dtype))


def single(x):
    return host(xg.astype(xg.asarray(x), "float64"))


def curvature(f, x, t):
    return single(xg.jvp(xg.grad(f), (x,), (t,))[1])


# -- logarithms of sums ------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "large"), LARGE)
def test_logarithms_of_sums_of_large_numbers(dtype, large):
    x = numbers([large, large], dtype)
    one = numbers([1.0, 0.0], dtype)
    for f in (
        xg.logsumexp,
        lambda x: xg.cumulative_logsumexp(x)[-1],
        lambda x: xg.logaddexp(x[0], x[1]),
    ):
        np.testing.assert_allclose(single(f(xg.asarray(x))), single(x)[0], rtol=1e-6)
        np.testing.assert_array_equal(single(xg.grad(f)(x)), [0.5, 0.5])
        np.testing.assert_array_equal(single(xg.jvp(f, (x,), (one,))[1]), 0.5)
        np.testing.assert_allclose(curvature(f, x, one), [0.25, -0.25], rtol=1e-3)
        batch = xg.vmap(xg.grad(f))(xg.stack([x, x]).data)
        np.testing.assert_array_equal(single(batch), np.full((2, 2), 0.5))


@pytest.mark.parametrize(
    ("x", "y", "shares"),
    [
        (1e15, 1e15, (0.5, 0.5)),
        (INF, INF, (0.5, 0.5)),
        (-INF, -INF, (0.0, 0.0)),
        (INF, 0.0, (1.0, 0.0)),
        (-INF, 0.0, (0.0, 1.0)),
        (800.0, -800.0, (1.0, 0.0)),
        (0.0, -700.0, (1.0, np.exp(-700.0))),
        (NAN, 0.0, (NAN, NAN)),
    ],
)
def test_shares_of_logaddexp(x, y, shares):
    with np.errstate(invalid="ignore"):  # NumPy warns of NaN
        found = xg.grad(xg.logaddexp, (0, 1))(numbers(x), numbers(y))
    np.testing.assert_allclose([single(g) for g in found], shares, rtol=1e-12)
    if np.isfinite([x, y]).all():
        product = shares[0] * shares[1]
        bent = curvature(lambda v: xg.logaddexp(v, numbers(y)), numbers(x), numbers(1.0))
        np.testing.assert_allclose(bent, product, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (F.logsigmoid, -INF, 1.0),
        (F.logsigmoid, INF, 0.0),
        (F.logsigmoid, -1e300, 1.0),
        (F.softplus, -INF, 0.0),
        (F.softplus, INF, 1.0),
    ],
)
def test_slopes_far_out(f, x, slope):
    np.testing.assert_array_equal(single(xg.grad(f)(numbers(x))), slope)


# -- NaN ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [xg.max, xg.min])
def test_extremes_of_nan_are_nan_and_its_gradient_goes_there(f):
    x = numbers([[1.0, NAN, 3.0], [1.0, 2.0, 3.0], [NAN, NAN, 0.0]])
    out = single(f(xg.asarray(x), axis=1))
    np.testing.assert_array_equal(np.isnan(out), [True, False, True])
    usual = [0, 0, 1] if f is xg.max else [1, 0, 0]
    expected = np.asarray([[0, 1, 0], usual, [0.5, 0.5, 0]])
    for keepdims in (False, True):
        found = xg.grad(lambda x, k=keepdims: xg.sum(f(x, axis=1, keepdims=k)))(x)
        np.testing.assert_array_equal(single(found), expected)
    t = np.asarray([[2.0, 3.0, 5.0]] * 3)
    along = xg.jvp(lambda x: f(x, axis=1), (x,), (numbers(t),))[1]
    np.testing.assert_array_equal(single(along), (t * expected).sum(1))
    np.testing.assert_array_equal(single(xg.vmap(xg.grad(f))(x)), expected)


def test_the_greater_of_a_number_and_nan_passes_the_gradient_to_both():
    for f in (xg.maximum, xg.minimum):
        assert np.isnan(single(f(xg.asarray(numbers(NAN)), xg.asarray(numbers(1.0)))))
        found = xg.grad(f, (0, 1))(numbers(NAN), numbers(1.0))
        np.testing.assert_array_equal([single(g) for g in found], [1, 1])


@pytest.mark.parametrize("arrays", [False, True])
def test_clip_keeps_nan_whose_gradient_is_0(arrays):
    def bound(value):
        return xg.asarray(numbers(value)) if arrays else value

    x = numbers([NAN, -5.0, 0.5, 5.0])
    clipped = xg.clip(xg.asarray(x), bound(-1.0), bound(1.0))
    np.testing.assert_array_equal(single(clipped), [NAN, -1, 0.5, 1])
    found = xg.grad(lambda x: xg.sum(xg.clip(x, bound(-1.0), bound(1.0))))(x)
    np.testing.assert_array_equal(single(found), [0, 0, 1, 0])
    for low, high in ((NAN, 1.0), (-1.0, NAN), (NAN, None), (None, NAN)):
        ends = [None if b is None else bound(b) for b in (low, high)]
        assert np.isnan(single(xg.clip(xg.asarray(x), *ends))).all()


def test_threshold_keeps_nan():
    x = numbers([NAN, 1.0, 0.0])
    found = F.threshold(xg.asarray(x), 0.5, 7.0)
    np.testing.assert_array_equal(single(found), [NAN, 1, 7])
    slope = xg.grad(lambda x: xg.sum(F.threshold(x, 0.5, 7.0)))(x)
    np.testing.assert_array_equal(single(slope), [1, 1, 0])
