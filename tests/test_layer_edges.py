"""Layers and losses at their edges: labels out of range, fully masked keys, empty axes."""

import math

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import nn
from xgrad.nn import functional as F

needs_torch = pytest.mark.skipif(NAME != "torch", reason="PyTorch is the oracle of its session")
#: Backends on which labels are read and checked, as they are on the host.
reads = pytest.mark.skipif(NAME in ("cupy", "dpnp"), reason="a device: not read, not checked")
SCORES = np.random.default_rng(0).normal(size=(4, 3))


# -- labels ------------------------------------------------------------------------------------

LABELS = {
    "cross_entropy: expected classes in [0, 3)": lambda t: F.cross_entropy(raw(SCORES), t),
    "nll_loss: expected classes in [0, 3)": lambda t: F.nll_loss(raw(SCORES), t),
    "embedding: expected indices in [0, 3)": lambda t: F.embedding(t, raw(SCORES[:3])),
    "one_hot: expected classes in [0, 3)": lambda t: F.one_hot(t, 3),
    "confusion_matrix: expected targets in [0, 3)": lambda t: xg.metrics.confusion_matrix(
        raw(SCORES), t, 3
    ),
    "precision_recall_f1: expected targets in [0, 3)": lambda t: xg.metrics.precision_recall_f1(
        raw(SCORES), t, 3
    ),
    "top_k_accuracy: expected targets in [0, 3)": lambda t: xg.metrics.top_k_accuracy(
        raw(SCORES), t, 2
    ),
}


@reads
@pytest.mark.parametrize("bad", [-1, 3])
@pytest.mark.parametrize("message", LABELS)
def test_labels_out_of_range(message, bad):
    with pytest.raises(IndexError) as caught:
        LABELS[message](raw([0, 1, bad, 2]))
    assert str(caught.value) == f"{message}, got {bad}"
    LABELS[message](raw([0, 1, 2, 2]))


@reads
def test_predictions_out_of_range():
    with pytest.raises(IndexError, match="confusion_matrix: expected predictions in"):
        xg.metrics.confusion_matrix(raw([0, 5]), raw([0, 1]), 2)
    with pytest.raises(IndexError, match="one_hot: expected classes in"):
        F.one_hot(raw([0, -1]))


def test_ignored_labels_are_preserved():
    for ignored in (-100, -1, 7):
        target = raw([0, ignored, 2, 1])
        kept = F.cross_entropy(raw(SCORES[[0, 2, 3]]), raw([0, 2, 1]))
        for loss in (F.cross_entropy, lambda s, *t, **k: F.nll_loss(F.log_softmax(s, 1), *t, **k)):
            found = loss(raw(SCORES), target, ignore_index=ignored)
            np.testing.assert_allclose(host(found), host(kept), rtol=1e-12)
            found = loss(raw(SCORES), target, raw(np.ones(3)), ignore_index=ignored)
            np.testing.assert_allclose(host(found), host(kept), rtol=1e-12)


@pytest.mark.skipif(not NAME.startswith("cupy"), reason="a device")
def test_labels_on_a_device_are_read_in_the_checked_mode_only():
    scores, target = raw(SCORES), raw([0, 1, -1, 2])
    with xg.testing.no_host_transfers():
        F.cross_entropy(scores, target)
    with (
        xg.detect_anomaly(),
        pytest.raises(IndexError, match="cross_entropy: expected classes in"),
    ):
        F.cross_entropy(scores, target)


def test_labels_under_vmap():
    target = raw([[0, 1], [2, 0]])
    scores = raw(SCORES.reshape(2, 2, 3))
    found = xg.vmap(F.cross_entropy)(scores, target)
    expected = [host(F.cross_entropy(scores[i, ...], target[i, ...])) for i in range(2)]
    np.testing.assert_allclose(host(found), expected, rtol=1e-12)


@pytest.mark.numpy_only
def test_weights_of_classes():
    for loss in (F.cross_entropy, F.nll_loss):
        for weight in (np.ones(5), np.ones(1), np.ones((1, 3))):
            with pytest.raises(ValueError, match=f"{loss.__name__}: expected weights of shape"):
                loss(SCORES, np.asarray([0, 1, 2, 0]), weight)
    with pytest.raises(ValueError, match="cross_entropy: expected weights of shape"):
        F.cross_entropy(SCORES, np.abs(SCORES), np.ones(5))
    loss = F.cross_entropy(SCORES[0], np.asarray(1), np.ones(3))
    np.testing.assert_allclose(loss.numpy(), F.cross_entropy(SCORES[0], np.asarray(1)).numpy())


# -- attention ---------------------------------------------------------------------------------


def attention_gradients(mask, **options):
    rng = np.random.default_rng(3)
    q, k, v = (xg.asarray(raw(rng.normal(size=(2, 3, 4)))).requires_grad_() for _ in range(3))
    out = F.scaled_dot_product_attention(q, k, v, mask, **options)
    xg.sum(out * out).backward()
    return [host(x) for x in (out, q.grad, k.grad, v.grad)]


def test_queries_without_a_visible_key_get_0():
    takes = np.asarray([[True, False, True], [False] * 3, [True] * 3])
    added = np.where(takes, 0.5, -np.inf)
    for mask in (takes, added):
        out, *grads = attention_gradients(raw(mask))
        assert (out[:, 1] == 0).all()
        assert (out[:, [0, 2]] != 0).all()
        assert all(np.isfinite(g).all() for g in grads)
        assert (grads[0][:, 1] == 0).all()
        if NAME == "torch":
            import torch

            rng = np.random.default_rng(3)
            given = [torch.tensor(rng.normal(size=(2, 3, 4)), requires_grad=True) for _ in "qkv"]
            theirs = torch.nn.functional.scaled_dot_product_attention(*given, torch.tensor(mask))
            (theirs * theirs).sum().backward()
            for x, y in zip((out, *grads), (theirs, *(x.grad for x in given)), strict=True):
                np.testing.assert_allclose(x, y.detach().numpy(), rtol=1e-9, atol=1e-12)


def test_heads_without_a_visible_key_get_0():
    layer = nn.MultiheadAttention(4, 2, batch_first=True, dtype="float64")
    x = raw(np.random.default_rng(0).normal(size=(2, 3, 4)))
    padded = raw(np.asarray([[True] * 3, [False, False, True]]))
    out, weights = layer(x, x, x, key_padding_mask=padded)
    out.sum().backward()
    assert (host(weights)[0] == 0).all()
    np.testing.assert_allclose(host(weights)[1].sum(-1), 1)
    np.testing.assert_allclose(host(out)[0], 0, atol=1e-15)  # the bias starts at 0
    assert np.isfinite(host(layer.in_proj_weight.grad)).all()


def test_attention_without_keys():
    q, k = raw(np.ones((2, 3, 4))), raw(np.ones((2, 0, 4)))
    np.testing.assert_array_equal(host(F.scaled_dot_product_attention(q, k, k)), 0)
    none = raw(np.ones((2, 3, 0)))
    assert F.scaled_dot_product_attention(none, none, none).shape == (2, 3, 0)


# -- shapes ------------------------------------------------------------------------------------


def test_cosine_similarity_of_broadcast_vectors():
    x, y = np.asarray([[1.0, 0.0]]), np.asarray([[1.0], [2.0]])
    np.testing.assert_allclose(host(F.cosine_similarity(raw(x), raw(y))), [0.5**0.5] * 2)
    one = raw(np.ones(2))
    np.testing.assert_allclose(host(F.cosine_similarity(raw(np.ones((3, 2))), one)), [1] * 3)


def test_without_elements():
    for function in (F.softmax, F.log_softmax, F.softmin):
        x = xg.asarray(raw(np.ones((3, 0)))).requires_grad_()
        out = function(x, 1)
        assert (out.shape, out.dtype) == ((3, 0), xg.float64)
        xg.sum(out).backward()
        assert x.grad.shape == (3, 0)
    for shape in ((0, 4, 3), (2, 4, 0)):
        x, w = xg.asarray(raw(np.ones(shape))), xg.asarray(raw(np.ones(4))).requires_grad_()
        assert F.group_norm(x, 2, w).shape == shape
        xg.sum(F.group_norm(x, 2, w)).backward()
        np.testing.assert_array_equal(host(w.grad), 0)
    assert F.layer_norm(raw(np.ones((0, 4))), 4).shape == (0, 4)
    assert F.layer_norm(raw(np.ones((3, 0))), 0).shape == (3, 0)
    assert F.rms_norm(raw(np.ones((0, 4))), 4).shape == (0, 4)


def test_of_numbers():
    found = F.kl_div(raw(-1.0), raw(0.5), reduction="batchmean")
    np.testing.assert_allclose(host(found), 0.5 * math.log(0.5) + 0.5)
    for slope in (0.5, [0.5]):
        out = F.prelu(raw(-1.0), raw(slope))
        assert out.shape == ()
        assert host(out) == -0.5


def test_instance_norm_in_pytorchs_order():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(2, 3, 5)), rng.normal(size=3), rng.normal(size=3)
    mean, var = rng.normal(size=3), rng.uniform(0.5, 1, size=3)
    for use in (True, False):
        held = [xg.asarray(raw(mean)), xg.asarray(raw(var))]
        out = F.instance_norm(raw(x), *held, raw(w), raw(b), use, 0.3)
        if use:
            centre, spread = x.mean(2, keepdims=True), x.var(2, keepdims=True)
            np.testing.assert_allclose(host(held[0]), 0.7 * mean + 0.3 * x.mean((0, 2)))
            unbiased = x.var(2, ddof=1).mean(0)
            np.testing.assert_allclose(host(held[1]), 0.7 * var + 0.3 * unbiased)
        else:
            centre, spread = mean[:, None], var[:, None]
            np.testing.assert_array_equal(host(held[0]), mean)
        expected = (x - centre) / np.sqrt(spread + 1e-5) * w[:, None] + b[:, None]
        np.testing.assert_allclose(host(out), expected, rtol=1e-9)
        if NAME == "torch":
            import torch

            given = [torch.tensor(a) for a in (x, mean, var, w, b)]
            theirs = torch.nn.functional.instance_norm(*given, use, 0.3)
            np.testing.assert_allclose(host(out), theirs.numpy(), rtol=1e-9)
            np.testing.assert_allclose(host(held[0]), given[1].numpy())
            np.testing.assert_allclose(host(held[1]), given[2].numpy())


def test_an_invalid_batch_is_not_counted():
    layer = nn.BatchNorm1d(3, dtype="float64")
    for shape in ((1, 3), (0, 3)):
        with pytest.raises(ValueError, match="batch_norm: expected more than 1 value per channel"):
            layer(raw(np.ones(shape)))
    assert host(layer.num_batches_tracked) == 0
    layer(raw(np.ones((2, 3))))
    assert host(layer.num_batches_tracked) == 1


# -- integers: images, labels, masks -----------------------------------------------------------

SMALL = np.asarray([0, 1, 2, 120])
OF_INTEGERS = {
    "sigmoid": lambda a, b: F.sigmoid(a),
    "silu": lambda a, b: F.silu(a),
    "logsigmoid": lambda a, b: F.logsigmoid(a),
    "softmax": lambda a, b: F.softmax(a, 0),
    "softmin": lambda a, b: F.softmin(a, 0),
    "log_softmax": lambda a, b: F.log_softmax(a, 0),
    "logsumexp": lambda a, b: xg.logsumexp(a),
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "huber_loss": F.huber_loss,
    "kl_div": F.kl_div,
    "poisson_nll_loss": F.poisson_nll_loss,
    "soft_margin_loss": F.soft_margin_loss,
    "pairwise_distance": lambda a, b: F.pairwise_distance(a, b),
    "binary_cross_entropy_with_logits": F.binary_cross_entropy_with_logits,
}


@pytest.mark.parametrize("name", OF_INTEGERS)
def test_integers_do_not_wrap_around_inside(name):
    def of(dtype):
        return host(OF_INTEGERS[name](*(raw(x.astype(dtype)) for x in (SMALL, SMALL[::-1]))))

    for dtype in ("uint8", "int8"):
        np.testing.assert_allclose(of(dtype), of("float64"), rtol=1e-6)


def test_masks_go_through_a_sigmoid():
    wanted = [0.5, 1 / (1 + np.exp(-1))]
    np.testing.assert_allclose(host(xg.sigmoid(raw(np.asarray([False, True])))), wanted, rtol=1e-6)


@reads
@pytest.mark.parametrize("bad", [-2.0, 1.5])
def test_binary_cross_entropy_is_of_probabilities(bad):
    with pytest.raises(ValueError, match="binary_cross_entropy: expected probabilities"):
        F.binary_cross_entropy(raw(np.asarray([0.5, bad])), raw(np.ones(2)))


def test_binary_cross_entropy_of_nan_is_nan():
    losses = F.binary_cross_entropy(
        raw(np.asarray([np.nan, 0.5])), raw(np.ones(2)), reduction="none"
    )
    np.testing.assert_allclose(host(losses), [np.nan, np.log(2)])


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_labels_may_be_narrower_than_the_classes_are_many(dtype):
    y = raw(np.asarray([3, 40], dtype))
    assert float(xg.sum(F.one_hot(y, 300))) == 2
    for loss in (F.cross_entropy, F.nll_loss):
        g = host(xg.grad(lambda z, loss=loss: loss(z, y))(raw(np.zeros((2, 300)))))
        wide = host(
            xg.grad(lambda z, loss=loss: loss(z, raw(np.asarray([3, 40]))))(raw(np.zeros((2, 300))))
        )
        np.testing.assert_array_equal(g, wide)
