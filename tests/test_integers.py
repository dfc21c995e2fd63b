"""Floating-point functions of integers and booleans."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME

F = xg.nn.functional

#: On other backends the library decides: array-api-strict raises, for example.
LIFTS = pytest.mark.skipif(
    NAME not in ("numpy", "torch", "jax"), reason="the library decides what it takes"
)

DTYPES = ["uint8", "int8", "uint32", "bool"]


def _numbers(dtype):
    low = np.asarray([0, 1, 2, 120] if dtype != "bool" else [0, 1, 1, 0])
    return low.astype(dtype), low[::-1].astype(dtype)


ONE = {
    "sigmoid": xg.sigmoid,
    "expit": xg.special.expit,
    "silu": F.silu,
    "elu": F.elu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "logsigmoid": F.logsigmoid,
    "softsign": F.softsign,
    "tanhshrink": F.tanhshrink,
    "softplus": lambda x: F.softplus(x, beta=1),
    "softmax": lambda x: F.softmax(x, axis=0),
    "log_softmax": lambda x: F.log_softmax(x, axis=0),
    "softmin": lambda x: F.softmin(x, axis=0),
    "logsumexp": xg.logsumexp,
}

MOMENTS = {"mean": xg.mean, "std": xg.std, "var": lambda x: xg.var(x, correction=1)}

TWO = {
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "huber_loss": F.huber_loss,
    "smooth_l1_loss": F.smooth_l1_loss,
    "kl_div": lambda x, y: F.kl_div(x, y, log_target=True),
    "poisson_nll_loss": F.poisson_nll_loss,
    "soft_margin_loss": F.soft_margin_loss,
    "hinge_embedding_loss": F.hinge_embedding_loss,
    "margin_ranking_loss": lambda x, y: F.margin_ranking_loss(x, y, y),
    "gaussian_nll_loss": lambda x, y: F.gaussian_nll_loss(x, y, x),
    "cosine_similarity": lambda x, y: F.cosine_similarity(x, y, dim=0),
    "pairwise_distance": F.pairwise_distance,
    "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ONE)
def test_a_floating_point_function_of_integers(name, dtype):
    x, _ = _numbers(dtype)
    out = ONE[name](xg.asarray(x))
    assert out.dtype == xg.float64
    np.testing.assert_allclose(out.numpy(), ONE[name](xg.asarray(x.astype("f8"))).numpy())


@LIFTS
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MOMENTS)
def test_moments_of_integers(name, dtype):
    x, _ = _numbers(dtype)
    out = MOMENTS[name](xg.asarray(x))
    assert NAME == "jax" or out.dtype == xg.float64  # JAX computes float32 for narrow integers
    np.testing.assert_allclose(out.numpy(), MOMENTS[name](x.astype("f8")).numpy(), rtol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", TWO)
def test_a_loss_of_integers(name, dtype):
    x, y = (a // 2 if dtype != "bool" else a for a in _numbers(dtype))  # float32 has exp(60)
    expected = TWO[name](*(xg.asarray(a.astype("f8")) for a in (x, y))).numpy()
    out = TWO[name](xg.asarray(x), xg.asarray(y))
    assert out.dtype == xg.float64
    np.testing.assert_allclose(out.numpy(), expected)
    single = TWO[name](xg.asarray(x.astype("f4")), xg.asarray(y))  # the input's dtype decides
    assert single.dtype == xg.float32
    np.testing.assert_allclose(single.numpy(), expected, rtol=1e-5)


def test_integers_that_wrapped_around():
    a = xg.asarray(np.asarray([0, 1, 2, 120], np.uint8))
    np.testing.assert_allclose(
        xg.sigmoid(a).numpy(), 1 / (1 + np.exp(-np.asarray([0.0, 1, 2, 120])))
    )
    assert float(xg.logsumexp(a)) == 120
    assert float(F.mse_loss(a, xg.flip(a))) == 7200.5
    assert float(F.l1_loss(a, xg.flip(a))) == 60.5


TO_FLOAT = {
    "divide by a number": lambda n: n / 3,
    "divide a number": lambda n: 1 / n,
    "divide": lambda n: n / n,
    "power": lambda n: n**0.5,
    "power of a number": lambda n: 2.5**n,
    "multiply": lambda n: n * 0.1,
    "atan2": lambda n: xg.atan2(n, n),
    "hypot": lambda n: xg.hypot(n, n),
    "logaddexp": lambda n: xg.logaddexp(n, n),
    "mean": lambda n: n.mean(axis=0),
    **{
        name: getattr(xg, name)
        for name in (
            *("acosh", "asinh", "atan", "cos", "cosh", "exp", "exp2", "expm1", "log", "log10"),
            *("log1p", "log2", "sin", "sinh", "sqrt", "tan", "tanh"),
        )
    },
}


@LIFTS
@pytest.mark.parametrize("name", TO_FLOAT)
def test_integers_become_float64_as_in_numpy(name):
    n = xg.arange(1, 4)
    out = TO_FLOAT[name](n)
    assert out.dtype == xg.float64
    np.testing.assert_allclose(
        out.numpy(), TO_FLOAT[name](xg.astype(n, "float64")).numpy(), rtol=1e-14
    )


def test_floats_and_integer_powers_keep_their_dtypes():
    x = xg.astype(xg.arange(1, 4), "float32")
    for out in (x / 3, 1 / x, x**0.5, xg.sqrt(x), xg.atan2(x, x), xg.mean(x), x / x):
        assert out.dtype == xg.float32
    assert (xg.arange(1, 4) ** 3).dtype == xg.int64


@LIFTS
def test_the_mean_of_a_comparison():
    assert float((xg.asarray([1, 2]) == xg.asarray([1, 3])).mean()) == 0.5
