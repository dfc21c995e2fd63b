"""Numbers near overflow and underflow: correct values and derivatives, or NaN as in NumPy."""

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
def test_derivatives_of_logaddexp(x, y, shares):
    with np.errstate(invalid="ignore"):  # NumPy warns about NaN
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
def test_derivatives_of_large_arguments(f, x, slope):
    np.testing.assert_array_equal(single(xg.grad(f)(numbers(x))), slope)


# -- NaN ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [xg.max, xg.min])
def test_extremes_propagate_nan_and_its_gradient(f):
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
def test_clip_propagates_nan_with_gradient_0(arrays):
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


# -- norms -------------------------------------------------------------------------------------

SIZES = [("float32", 1e30), ("float32", 1e-30), ("float32", 1e-38), ("float64", 1e200)]
SIZES += [("float64", 1e-200)] + ([] if NARROW else [("float16", 8e3), ("float16", 1e-4)])


@pytest.mark.parametrize(("dtype", "size"), SIZES)
def test_norms_whose_squares_do_not_fit(dtype, size):
    x = numbers([[3 * size, 4 * size], [0.0, 2 * size], [0.0, 0.0]], dtype)
    t = numbers([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], dtype)
    directions = [[0.6, 0.8], [0, 1], [0, 0]]
    close = {"rtol": 2e-3 if dtype == "float16" else 1e-6}

    def norms(x):
        return xg.linalg.vector_norm(x, axis=1)

    np.testing.assert_allclose(single(norms(xg.asarray(x))), np.array([5, 2, 0]) * size, **close)
    np.testing.assert_allclose(single(xg.grad(lambda x: xg.sum(norms(x)))(x)), directions, **close)
    along = single(xg.jvp(norms, (x,), (t,))[1])
    np.testing.assert_allclose(along, [0.6, 1, 0], **close)
    each = xg.vmap(xg.grad(xg.linalg.vector_norm))(x)
    np.testing.assert_allclose(single(each), directions, **close)
    for norm in (xg.linalg.matrix_norm, lambda x: xg.linalg.norm(x * 1.0), xg.linalg.vector_norm):
        whole = single(norm(xg.asarray(x)))
        np.testing.assert_allclose(whole, np.sqrt(29) * size, **close)
    if dtype == "float64":
        bent = curvature(lambda x: xg.sum(norms(x)), x, t) * size
        np.testing.assert_allclose(bent[0], np.array([0.64, -0.48]) / 5, rtol=1e-9)


def test_norms_of_infinite_and_missing_numbers():
    x = numbers([[INF, 1.0], [NAN, 1.0], [3.0, 4.0]])
    found = xg.linalg.vector_norm(xg.asarray(x), axis=1)
    np.testing.assert_array_equal(single(found), [INF, NAN, 5])
    empty = xg.linalg.vector_norm(xg.asarray(numbers(np.zeros((2, 0)))), axis=1, keepdims=True)
    np.testing.assert_array_equal(single(empty), np.zeros((2, 1)))
    complex_ = xg.asarray(numbers([3e200 + 0j, 4e200j], "complex128"))
    np.testing.assert_allclose(single(xg.linalg.vector_norm(complex_)), 5e200)


@pytest.mark.skipif(
    environment.NAME == "cupy", reason="its kernel sums squares in float32, as PyTorch does"
)
def test_large_gradients_are_clipped():
    w = xg.tensor(numbers([0.0, 0.0], "float32"), requires_grad=True)
    w.grad = xg.asarray(numbers([3e25, 4e25], "float32"))
    norm = nn.utils.clip_grad_norm_([w], 1.0)
    np.testing.assert_allclose(single(norm), 5e25, rtol=1e-6)
    np.testing.assert_allclose(single(w.grad), [0.6, 0.8], rtol=1e-6)


# -- determinants ------------------------------------------------------------------------------


def test_a_singular_matrix_affects_only_its_own_determinant():
    a = np.stack([np.eye(2), [[1.0, 2.0], [2.0, 4.0]], [[2.0, 1.0], [1.0, 3.0]]])
    ok = numbers([True, False, True], bool)

    def masked(a):
        sign, log = xg.linalg.slogdet(a)
        return xg.sum(xg.where(ok, log, 0.0))

    inverse = np.linalg.inv(a[2]).T
    expected = np.stack([np.eye(2), np.zeros((2, 2)), inverse])
    x, t = numbers(a), numbers(np.ones_like(a))
    np.testing.assert_allclose(single(masked(xg.asarray(x))), np.log(5))
    np.testing.assert_allclose(single(xg.grad(masked)(x)), expected, atol=1e-12)
    np.testing.assert_allclose(single(xg.jvp(masked, (x,), (t,))[1]), expected.sum())
    found, ones = curvature(masked, x, t), np.ones((2, 2))
    for i in (0, 2):
        bent = -np.linalg.inv(a[i]) @ ones @ np.linalg.inv(a[i])
        np.testing.assert_allclose(found[i], bent.T, atol=1e-12)
    np.testing.assert_array_equal(found[1], 0)
    log = xg.linalg.slogdet(xg.asarray(x)).logabsdet
    np.testing.assert_array_equal(np.isneginf(single(log)), [False, True, False])
    unmasked = single(xg.grad(lambda a: xg.sum(xg.linalg.slogdet(a)[1]))(x))
    np.testing.assert_array_equal(np.isnan(unmasked).all((1, 2)), [False, True, False])
    np.testing.assert_allclose(unmasked[2], inverse)
    each = xg.vmap(xg.grad(lambda a: xg.linalg.slogdet(a)[1]))(x)
    np.testing.assert_array_equal(np.isnan(single(each)).all((1, 2)), [False, True, False])


# -- special functions far out -----------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 2e-5), ("float64", 1e-13)])
def test_derivatives_of_special_functions_for_large_arguments(dtype, rtol):
    special, x = xg.special, [-1e3, -40.0, -10.5, -9.5, -3.0, 2.0]
    hazards = [1000.000999998, 40.024968847207264, 10.593583926132378, 9.6030500903842821]
    hazards += [3.2830986549304365, 0.055247862678989959]
    found = xg.grad(lambda x: xg.sum(special.log_ndtr(x)))(numbers(x, dtype))
    np.testing.assert_allclose(single(found), hazards, rtol=rtol)
    far = numbers([1e5, 10.0, 1e3], dtype)
    slopes = [-5.64189583463128e-11, -0.00555931221906086, -5.64188737265497e-7]
    found = xg.grad(lambda x: xg.sum(special.erfcx(x)))(far)
    np.testing.assert_allclose(single(found), slopes, rtol=rtol)
    one = numbers(1.0, dtype)
    bent = curvature(special.log_ndtr, numbers(-20.0, dtype), one)
    np.testing.assert_allclose(bent, -0.9975367383849478, rtol=3 * rtol)


@pytest.mark.skipif(environment.NAME == "array_api_strict", reason="refuses to mix kinds")
def test_derivatives_with_integers_keep_their_precision():
    x, n = numbers([1.5]), raw(np.asarray([3], np.int64))
    few = raw(np.asarray([3], np.int8))
    with_log = [lambda x: xg.pow(few, x), lambda x: xg.special.xlogy(x, n)]
    for f, slope in ((lambda x: x / n, 1 / 3), (lambda x: x / few, 1 / 3)):
        found = xg.grad(lambda x, f=f: xg.sum(f(xg.asarray(x))))(x)
        np.testing.assert_allclose(single(found), [slope], rtol=1e-15)
    slopes = [3**1.5 * np.log(3), np.log(3)]
    for f, slope in zip(with_log, slopes, strict=True):
        found = xg.grad(lambda x, f=f: xg.sum(f(xg.asarray(x))))(x)
        np.testing.assert_allclose(single(found), [slope], rtol=1e-14)
