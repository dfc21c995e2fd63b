"""Numbers too large for a narrow dtype: counts above 65,504 in float16, classes in uint8."""

import numpy as np
import pytest

import xgrad as xg
from tests import environment
from tests.environment import host, raw
from tests.test_halves import half, single
from xgrad.nn import functional as F

pytestmark = pytest.mark.skipif(
    environment.NAME in ("array_api_strict", "dask"), reason="no float16"
)
N = 66_000

MEANS = {
    "mean": xg.mean,
    "l1_loss": lambda x: F.l1_loss(x, 0 * x),
    "hinge_embedding_loss": lambda x: F.hinge_embedding_loss(x, 0 * x + 1),
    "max": xg.max,
    "min": xg.min,
    "nanmax": xg.nanmax,
    "nanmin": xg.nanmin,
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", MEANS)
def test_gradient_of_a_mean_and_of_ties(name, dtype):
    x = half(np.ones(N), dtype).data
    slope = xg.grad(lambda x: 1000 * MEANS[name](x))(x)
    np.testing.assert_allclose(single(slope), np.full(N, 1000 / N), rtol=1e-2)
    np.testing.assert_allclose(single(xg.jvp(MEANS[name], (x,), (x,))[1]), 1.0)


def test_gradient_of_binary_cross_entropy():
    x = half(np.zeros(N), "float16").data
    slope = xg.grad(lambda x: 1000 * F.binary_cross_entropy_with_logits(x, 0 * x))(x)
    np.testing.assert_allclose(single(slope), np.full(N, 500 / N), rtol=1e-3)


def test_ties_of_sort():
    x = half(np.ones(N), "float16").data
    slope = xg.grad(lambda x: xg.sum(xg.sort(x)[:100]))(x)
    np.testing.assert_allclose(single(slope), np.full(N, 100 / N), rtol=1e-2)
    ordered = xg.jvp(xg.sort, (x,), (x,))[1]
    np.testing.assert_allclose(single(ordered), np.ones(N))


def test_ties_of_max_pool():
    x = half(np.ones((1, 1, 18, 18)), "bfloat16").data
    slope = xg.grad(lambda x: xg.sum(F.max_pool2d(x, 18)))(x)
    np.testing.assert_allclose(single(slope), np.full(x.shape, 1 / 324), rtol=4e-3)
    np.testing.assert_allclose(
        single(xg.jvp(lambda x: F.max_pool2d(x, 18), (x,), (x,))[1]).ravel(), [1.0]
    )


LOSSES = {
    "cross_entropy": F.cross_entropy,
    "smoothed": lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1),
    "weighed": lambda x, y: F.cross_entropy(x, y, weight=xg.astype(x[0] * 0 + 1, x.dtype)),
    "nll_loss": lambda x, y: F.nll_loss(F.log_softmax(x, axis=-1), y),
    "batched": lambda x, y: xg.vmap(lambda x: F.cross_entropy(x, y))(x[None])[0],
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_classes(name):
    x = half(np.tile([1.0, 1.0], (N, 1)), "float16").data
    y = raw(np.zeros(N, np.int64))
    np.testing.assert_allclose(single(LOSSES[name](xg.tensor(x), y)), np.log(2), rtol=1e-3)
    slope = xg.grad(lambda x: 1000 * LOSSES[name](x, y))(x)
    part = 0.45 if name == "smoothed" else 0.5
    np.testing.assert_allclose(
        single(slope), np.tile([-part, part], (N, 1)) * 1000 / N, rtol=1e-2, atol=1e-6
    )


def test_smoothing_over_many_classes():
    x = half(np.zeros((2, 20_000)), "float16").data
    loss = F.cross_entropy(x, raw(np.asarray([0, 1])), label_smoothing=0.1)
    np.testing.assert_allclose(single(loss), np.log(20_000), rtol=1e-3)


@pytest.mark.skipif(environment.NAME != "numpy", reason="other backends take minutes for windows")
def test_means_of_windows():
    x = half(np.ones((1, 1, N)), "float16").data
    for pool in (
        lambda x: F.avg_pool1d(x, N),
        lambda x: F.avg_pool1d(x, N, 1, 5, count_include_pad=False),
        lambda x: F.adaptive_avg_pool1d(x, 1),
    ):
        np.testing.assert_allclose(single(pool(x)).ravel(), 1.0, rtol=1e-3)
    slope = xg.grad(lambda x: 1000 * xg.sum(F.avg_pool1d(x, N)))(x)
    np.testing.assert_allclose(host(xg.astype(slope, "float32")).ravel(), 1000 / N, rtol=1e-3)


def test_derivatives_of_gelu_for_large_arguments():
    x = half([84.0, 85.0, -85.0, 300.0, -3000.0], "float16").data
    slope = xg.grad(lambda x: xg.sum(F.gelu(x, approximate="tanh")))
    np.testing.assert_array_equal(single(slope(x)), [1, 1, 0, 1, 0])
    np.testing.assert_array_equal(single(xg.grad(lambda x: xg.sum(slope(x)))(x)), np.zeros(5))


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_labels_of_few_bits(name):
    z = raw(np.random.default_rng(0).normal(size=(2, 200)).astype(np.float32))
    labels = np.asarray([156, 3], np.uint8)  # 156 is -100, the ignored class
    loss = getattr(F, name)
    expected = loss(z, raw(labels.astype(np.int64)))
    np.testing.assert_allclose(host(loss(z, raw(labels))), host(expected), rtol=1e-6)
    wide = raw(np.zeros((1, 300), np.float32))
    slope = xg.grad(lambda z: loss(z, raw(np.asarray([3], np.uint8))))(wide)
    expected = xg.grad(lambda z: loss(z, raw(np.asarray([3], np.int64))))(wide)
    np.testing.assert_allclose(host(slope), host(expected))


@pytest.mark.parametrize("optimizer", ["Adam", "AdamW", "RMSprop"])
def test_large_gradients_of_float16_parameters(optimizer):
    ends = []
    for dtype in ("float16", "float32"):
        p = xg.tensor(xg.astype(half(np.ones(3), "float16"), dtype), requires_grad=True)
        steps = getattr(xg.optim, optimizer)([p], lr=0.1)
        for _ in range(3):
            p.grad = xg.astype(half(np.full(3, 300.0), "float16"), dtype)
            steps.step()
        ends.append(single(p.detach()))
    np.testing.assert_allclose(ends[0], ends[1], rtol=5e-3)


def test_repeats_that_are_numpys():
    x = raw(np.ones((2, 2)).astype(np.float32))
    slope = xg.grad(lambda a: xg.sum(xg.repeat(a, np.asarray([2, 1]), axis=0)))(x)
    np.testing.assert_array_equal(host(slope), [[2, 2], [1, 1]])
