"""float16 and bfloat16: values are narrow, their accumulators are not."""

import numpy as np
import pytest

import xgrad as xg
from tests import environment
from tests.environment import host, raw
from xgrad import nn

pytestmark = pytest.mark.skipif(
    environment.NAME in ("array_api_strict", "dask"), reason="no float16"
)
#: A sum of ones stops at 256 in bfloat16, at 2,048 in float16.
ROWS = (257, 300, 2_049, 4_096, 5_000)
HALVES = ("float16", "bfloat16")


def half(array, dtype):
    if dtype == "bfloat16":
        if environment.NAME == "dpnp":
            pytest.skip("dpnp has no bfloat16")
        dtype = pytest.importorskip("ml_dtypes").bfloat16
    return xg.astype(xg.asarray(raw(np.asarray(array, np.float32))), dtype)


def rounded(value, dtype):
    """Return a number rounded to a dtype."""
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
def test_broadcast_values_get_the_full_sum(rows, dtype):
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


# -- the same functions in single precision are the oracle ------------------------------------

F = nn.functional
RNG = np.random.default_rng(3)
#: Columns (rows, 2) whose sum, or sum of squares, exceeds half precision.
COLUMNS = {
    "sum": lambda x: xg.sum(x, axis=0) / 16,
    "mean": lambda x: xg.mean(x),
    "var": lambda x: xg.var(x * 8, axis=0),
    "std": lambda x: xg.std(x * 300, axis=0),
    "softmax": lambda x: xg.sum(x * F.softmax(x, axis=0), axis=0),
    "log_softmax": lambda x: F.log_softmax(x, axis=0)[0],
    "logsumexp": lambda x: xg.logsumexp(x, axis=0),
    "cumulative_sum": lambda x: xg.cumulative_sum(x, axis=0)[-1] / 16,
    "cumulative_logsumexp": lambda x: xg.cumulative_logsumexp(x, axis=0)[-1],
    "vecdot": lambda x: xg.vecdot(x, x, axis=0) / 16,
    "matmul": lambda x: (x.T @ x) / 16,
    "tensordot": lambda x: xg.tensordot(x, x) / 16,
    "einsum": lambda x: xg.einsum("ij,ij->j", x, x) / 16,
    "outer einsum": lambda x: xg.einsum("ij->j", x) / 16,
    "vector_norm": lambda x: xg.linalg.vector_norm(x * 300, axis=0),
    "vector_norm 3": lambda x: xg.linalg.vector_norm(x * 300, axis=0, ord=3),
    "matrix_norm": lambda x: xg.linalg.matrix_norm(x * 300),
    "nansum": lambda x: xg.nansum(x, axis=0) / 16,
    "nanmean": lambda x: xg.nanmean(x, axis=0),
    "nanstd": lambda x: xg.nanstd(x * 300, axis=0),
    "normalize": lambda x: F.normalize(x * 300, dim=0)[0] * 8,
    "layer_norm": lambda x: xg.mean(F.layer_norm(x.T * 300, x.shape[0]) ** 2 * x.T, axis=1),
    "rms_norm": lambda x: xg.mean(F.rms_norm(x.T * 300, x.shape[0]), axis=1),
    "group_norm": lambda x: xg.mean(F.group_norm(x.T[None] * 300, 1)[0] * x.T, axis=1),
    "batch_norm": lambda x: xg.mean(F.batch_norm(x * 300, training=True) ** 2 * x, axis=0),
    "mse_loss": lambda x: F.mse_loss(x * 100, x * 20),
    "avg_pool1d": lambda x: F.avg_pool1d(x.T, x.shape[0])[:, 0],
    "take": lambda x: xg.mean(xg.take(x[:2], np.arange(x.shape[0]) % 2, axis=0), axis=0),
    "attention": lambda x: F.scaled_dot_product_attention(x[None, :1], x[None], x[None])[0],
    "conv1d": lambda x: xg.mean(F.conv1d(x[:, None], x[:1, None]), axis=0),
}
#: A few times the spacing of numbers at 1.
ROUNDING = {"float16": 2e-2, "bfloat16": 8e-2}


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("name", COLUMNS)
def test_values_and_derivatives_are_those_of_single_precision_but_for_rounding(name, dtype):
    slow = ("attention", "conv1d", "avg_pool1d", "cumulative_logsumexp")
    if environment.COMPILES and name in slow:
        pytest.skip("slow, and composed of the others")
    call, rows = COLUMNS[name], 5_000
    x = half(RNG.uniform(0.5, 1.5, (rows, 2)), dtype)
    t = half(RNG.uniform(0.5, 1.5, (rows, 2)), dtype)
    single_x, single_t = xg.astype(x, "float32").data, xg.astype(t, "float32").data
    x, t = x.data, t.data

    def total(x):
        return xg.sum(xg.astype(call(x), "float32"))

    def close(found, wanted):
        found, wanted = single(found), single(wanted)
        assert np.isfinite(found).all()
        scale = np.abs(wanted).max() + 1e-7  # float16 has no numbers below
        np.testing.assert_allclose(found / scale, wanted / scale, atol=ROUNDING[dtype])

    if name != "attention" or environment.NAME != "numpy":  # NumPy: bfloat16 * 0.5 is float32
        assert call(xg.asarray(x)).dtype.name == dtype
    close(call(xg.asarray(x)), call(xg.asarray(single_x)))
    scale = float(rows)  # so that gradients are representable in half precision

    def scaled(x):
        return total(x) * scale

    close(xg.grad(scaled)(x), xg.grad(scaled)(single_x))
    close(xg.jvp(total, (x,), (t,))[1], xg.jvp(total, (single_x,), (single_t,))[1])
    if not environment.COMPILES:
        batch, single_batch = (xg.stack([v, v]).data for v in (x, single_x))
        close(xg.vmap(xg.grad(scaled))(batch), xg.vmap(xg.grad(scaled))(single_batch))


@pytest.mark.parametrize("dtype", HALVES)
def test_second_derivatives_add_up_in_single_too(dtype):
    rows = 5_000
    ones, zero = half(np.ones((rows, 1)), dtype).data, half(np.zeros((1, 1)), dtype).data

    def bent(b):
        return xg.sum(xg.astype(xg.square(b + ones), "float32")) / rows

    np.testing.assert_allclose(single(xg.hvp(bent, (zero,), (half([[1.0]], dtype).data,))), 2.0)
    curvature = xg.jvp(xg.grad(bent), (zero,), (half([[1.0]], dtype).data,))[1]
    np.testing.assert_allclose(single(curvature), 2.0)


@pytest.mark.parametrize("dtype", HALVES)
def test_products_of_many_factors(dtype):
    x = np.ones(5_000, np.float32)
    x[::100] = 1 + 1 / 128
    found = xg.prod(half(x, dtype))
    np.testing.assert_allclose(single(found), (1 + 1 / 128) ** 50, rtol=5e-3)
    running = single(xg.cumulative_prod(half(x, dtype)))
    np.testing.assert_allclose(running[-1], (1 + 1 / 128) ** 50, rtol=5e-3)


@pytest.mark.parametrize("dtype", HALVES)
def test_clipping_measures_a_norm_that_half_precision_does_not_hold(dtype):
    grads = [np.full(5_000, 300.0), np.full(10, 300.0)]
    parameters = [xg.tensor(half(np.zeros_like(g), dtype), requires_grad=True) for g in grads]
    for p, g in zip(parameters, grads, strict=True):
        p.grad = half(g, dtype)
    norm = nn.utils.clip_grad_norm_(parameters, 100.0)
    np.testing.assert_allclose(single(norm), 300 * np.sqrt(5_010), rtol=5e-3)
    for p in parameters:
        assert p.grad.dtype.name == dtype
        np.testing.assert_allclose(single(p.grad), 100 / np.sqrt(5_010), rtol=1e-2)


@pytest.mark.parametrize("dtype", HALVES)
def test_averages_of_metrics(dtype):
    average = xg.metrics.Mean()
    for _ in range(3_000):
        average.update(half(np.ones(()), dtype))  # one by one, as in an epoch
    assert average.compute() == 1.0
    predicted, target = half(np.arange(5_000) % 7, dtype), half(np.arange(5_000) % 5, dtype)
    wide = xg.metrics.r2_score(xg.astype(predicted, "float32"), xg.astype(target, "float32"))
    found = xg.metrics.r2_score(predicted, target)
    np.testing.assert_allclose(single(found), host(wide), rtol=1e-2)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_gradients_of_recurrent_layers_under_autocast(kind, dtype):
    if environment.COMPILES:
        pytest.skip("slow, and composed of products and sums")
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    layer = getattr(nn, kind)(2, 3)
    x = xg.asarray(raw(np.ones((2, 2_500, 2), np.float32)))  # 5,000 equal rows

    def gradients(*, enabled):
        layer.zero_grad()
        with xg.amp.autocast(dtype, enabled=enabled):
            loss = xg.mean(layer(x)[0])
        loss.backward()
        return [host(p.grad) for p in layer.parameters()]

    for found, wanted in zip(gradients(enabled=True), gradients(enabled=False), strict=True):
        np.testing.assert_allclose(found, wanted, atol=5e-2 * np.abs(wanted).max())


# -- many rows ---------------------------------------------------------------------------------


@pytest.mark.numpy_only
@pytest.mark.parametrize("dtype", ["float32", "complex64"])
def test_sums_across_rows_are_as_exact_as_pairs_of_pairs(dtype):
    x = np.full((400_000, 2), 0.1, dtype)
    exact = np.float64(np.float32(0.1)) * 400_000
    wide = np.full((4, 100_000, 2), 0.1, dtype)
    sums = [
        xg.sum(x, axis=0),
        xg.sum(wide, axis=(0, 1)),
        xg.sum(wide, axis=1) * 4,
        xg.sum(wide[:, ::-1], axis=(0, 1), keepdims=True),
        xg.sum(np.asfortranarray(wide)[..., ::2], axis=(0, 1)),
        xg.sum(wide[..., 0]),
        xg.mean(x, axis=0) * 400_000,
        xg.grad(lambda b: xg.real(xg.sum(x + b)))(np.zeros(2, dtype)) * np.float32(0.1),
    ]
    for found in sums:
        np.testing.assert_allclose(host(found).real, exact, rtol=2e-6)


@pytest.mark.parametrize("dtype", HALVES)
def test_many_uses_of_a_value_add_up_in_single(dtype):
    x = half(np.ones(2), dtype).data
    count = 600 if dtype == "bfloat16" else 3_000

    def used(x):
        narrow = [xg.astype(x * 1, "float32") for _ in range(count)]
        return sum(narrow[1:], narrow[0])

    if environment.COMPILES:
        pytest.skip("slow, and a property of the engine")
    np.testing.assert_allclose(single(xg.grad(lambda x: xg.sum(used(x)))(x)), count, rtol=5e-3)
    leaf = xg.tensor(x, requires_grad=True)
    (recorded,) = xg.autograd.grad(xg.sum(used(leaf)), [leaf], create_graph=True)
    np.testing.assert_allclose(single(recorded), count, rtol=5e-3)
    each = xg.vmap(xg.grad(used))(x)
    np.testing.assert_allclose(single(each), count, rtol=5e-3)
    few = xg.grad(lambda x: xg.sum(xg.astype(x * x * x + x * x + x, "float32")))(x)
    np.testing.assert_array_equal(single(few), [6, 6])


@pytest.mark.parametrize("dtype", HALVES)
def test_ranks_are_not_in_half_precision(dtype):
    steps = np.arange(5_000) >= 2_500
    x = half(steps, dtype)
    for median in (xg.median, xg.nanmedian):
        assert median(x).dtype == x.dtype
        assert single(median(x)) == 0.5
    for q in (0.499, 0.501):
        assert single(xg.quantile(x, q)) == np.quantile(steps * 1.0, q)
    g = single(xg.grad(lambda x: xg.sum(xg.quantile(x, [0.25, 0.75])))(half(steps, dtype).data))
    np.testing.assert_allclose([g.sum(), g[steps].sum()], [2, 1], rtol=2e-2)


@pytest.mark.parametrize("dtype", HALVES)
def test_0d_numbers_promote_like_arrays(dtype):
    h = half([1.0, 2.0], dtype)
    s = xg.asarray(raw(np.asarray(1e5, np.float32)))
    for out in (h * s, s * h, xg.where(h > 0, s, h) * 1, xg.maximum(h, s), h / (1 / s)):
        assert out.dtype == np.float32
        assert np.isfinite(host(out)).all()
    if environment.NAME != "dpnp":
        assert (h * xg.asarray(raw(np.asarray(1j, np.complex64)))).dtype == np.complex64
