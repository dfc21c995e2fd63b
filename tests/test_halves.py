"""float16 and bfloat16: values are narrow, what they are summed up in is not."""

import numpy as np
import pytest

import xgrad as xg
from tests import environment
from tests.environment import host, raw
from xgrad import nn

pytestmark = pytest.mark.skipif(environment.NAME != "numpy", reason="others follow")
#: In bfloat16 a sum of ones ends at 256, in float16 at 2,048.
ROWS = (257, 300, 2_049, 4_096, 5_000)
HALVES = ("float16", "bfloat16")


def half(array, dtype):
    if dtype == "bfloat16":
        if environment.NAME == "dpnp":
            pytest.skip("dpnp has no bfloat16")
        dtype = pytest.importorskip("ml_dtypes").bfloat16
    return xg.astype(xg.asarray(raw(np.asarray(array, np.float32))), dtype)


def rounded(value, dtype):
    """Return what a number is in a dtype."""
    if dtype == "bfloat16":
        dtype = pytest.importorskip("ml_dtypes").bfloat16
    return np.asarray(value, np.float32).astype(dtype).astype(np.float32)


def single(x):
    return host(xg.astype(x, "float32"))


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("rows", ROWS)
def test_gradient_of_a_bias_under_autocast(rows, dtype):
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    if environment.NAME == "dpnp":
        pytest.skip("no products of float16 matrices")
    layer = nn.Linear(2, 3)
    x = xg.asarray(raw(np.ones((rows, 2), np.float32)))
    with xg.amp.autocast(dtype):
        loss = xg.mean(layer(x))
    loss.backward()
    np.testing.assert_allclose(host(layer.bias.grad), np.full(3, 1 / 3), rtol=1e-2)
    np.testing.assert_allclose(host(layer.weight.grad), np.full((3, 2), 1 / 3), rtol=1e-2)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("rows", ROWS)
def test_broadcast_values_get_the_whole_sum(rows, dtype):
    b = half(np.zeros(3), dtype).data
    ones = half(np.ones((rows, 3)), dtype).data
    columns = half(np.zeros((1, 3)), dtype).data

    def total(b, columns):
        return xg.sum(xg.astype((b + ones) * 1.0 + columns, "float32")) / rows

    for g in xg.grad(total, (0, 1))(b, columns):
        np.testing.assert_allclose(single(g).reshape(-1), np.ones(3), rtol=5e-3)
    stacked = half(np.zeros((2, 3)), dtype).data
    each = xg.vmap(xg.grad(lambda b: total(b, columns)))(stacked)
    np.testing.assert_allclose(single(each), np.ones((2, 3)), rtol=5e-3)
