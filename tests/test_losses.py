"""Losses, option by option, against PyTorch; their checks; the same numbers everywhere."""

import itertools

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import nn
from xgrad.nn import functional as F

needs_torch = pytest.mark.skipif(NAME != "torch", reason="PyTorch is the oracle of its session")

_rng = np.random.default_rng(5)
SCORES = _rng.normal(size=(6, 4))
CLASSES = np.asarray([0, 3, 1, 1, 2, 0])
WEIGHT = np.asarray([0.5, 1.0, 2.0, 0.0])
P, T = _rng.uniform(0.05, 0.95, (5, 2)), _rng.uniform(0, 1, (5, 2))
A, B, C = (_rng.normal(size=(6, 4)) for _ in range(3))
SIGNS = np.asarray([1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
LOG_P = np.log(P / P.sum(1, keepdims=True))
PIXELS, PIXEL_CLASSES = _rng.normal(size=(2, 3, 4, 2)), _rng.integers(0, 3, (2, 4, 2))
SHARES = np.exp(SCORES) / np.exp(SCORES).sum(1, keepdims=True)

#: The inputs (with gradients for all floating-point ones but those named), and the options.
LOSSES = {
    "MSELoss": ((A, B), [{}]),
    "L1Loss": ((A, B), [{}]),
    "HuberLoss": ((A, B), [{}, {"delta": 0.4}]),
    "SmoothL1Loss": ((A, B), [{}, {"beta": 0.4}, {"beta": 0.0}]),
    "KLDivLoss": ((LOG_P, T), [{}]),
    "PoissonNLLLoss": ((A, np.floor(np.abs(B) * 4)), [{}, {"full": True}]),
    "GaussianNLLLoss": ((A, B, np.abs(C)), [{}, {"full": True, "eps": 0.3}]),
    "CosineEmbeddingLoss": ((A, B, SIGNS), [{}, {"margin": 0.3}]),
    "TripletMarginLoss": ((A, B, C), [{}, {"margin": 0.3, "p": 1.0}, {"swap": True, "eps": 1e-3}]),
    "MarginRankingLoss": ((A[:, 0], B[:, 0], SIGNS), [{}, {"margin": 0.3}]),
    "HingeEmbeddingLoss": ((A[:, 0], SIGNS), [{}, {"margin": 0.3}]),
    "SoftMarginLoss": ((A[:, 0], SIGNS), [{}]),
    "BCELoss": ((P, T), [{}, {"weight": P + 1}]),
    "BCEWithLogitsLoss": (
        (SCORES, np.abs(np.sin(SCORES))),
        [{}, {"weight": SCORES**2}, {"pos_weight": WEIGHT + 1}],
    ),
    "NLLLoss": (
        (LOG_P, np.asarray([0, 1, 1, 0, 1])),
        [{}, {"weight": np.asarray([0.3, 2.0])}, {"ignore_index": 1}],
    ),
    "CrossEntropyLoss": (
        (SCORES, CLASSES),
        [
            {},
            {"weight": WEIGHT},
            {"ignore_index": 1},
            {"weight": WEIGHT, "ignore_index": 0},
            {"label_smoothing": 0.2},
            {"label_smoothing": 0.2, "weight": WEIGHT, "ignore_index": 3},
        ],
    ),
}
#: Other shapes and kinds of inputs of the same losses.
MORE = {
    "CrossEntropyLoss of pixels": (
        (PIXELS, PIXEL_CLASSES),
        [{}, {"label_smoothing": 0.3, "ignore_index": 1}],
    ),
    "CrossEntropyLoss of shares": (
        (A, SHARES),
        [{}, {"label_smoothing": 0.1}, {"weight": WEIGHT}],
    ),
    "CrossEntropyLoss of one": ((A[0], CLASSES[0]), [{}, {"label_smoothing": 0.3}]),
    "KLDivLoss of logarithms": ((A, B), [{"log_target": True}]),
    "KLDivLoss of zeros": ((LOG_P, np.round(T)), [{}]),
    "PoissonNLLLoss of rates": (
        (np.abs(A), np.floor(np.abs(B) * 4)),
        [{"log_input": False}, {"log_input": False, "full": True, "eps": 0.1}],
    ),
    "GaussianNLLLoss by rows": ((A, B, np.abs(C[:, :1])), [{}]),
    "CosineEmbeddingLoss of one": ((A[0], B[0], SIGNS[0]), [{}]),
}
#: Targets with respect to which PyTorch's loss is not differentiable.
CONSTANT = {
    *("PoissonNLLLoss", "CosineEmbeddingLoss", "MarginRankingLoss", "HingeEmbeddingLoss"),
    *("SoftMarginLoss", "KLDivLoss", "BCELoss", "BCEWithLogitsLoss"),
}
ALL = LOSSES | MORE
CASES = [
    pytest.param(name, options, reduction, id=f"{name}-{'-'.join(options) or 'plain'}-{reduction}")
    for name, (_, choices) in ALL.items()
    for options, reduction in itertools.product(
        choices, (*("mean", "sum", "none"), *(["batchmean"] if "KLDiv" in name else []))
    )
]


def loss_and_gradients(library, tensor, convert, name, options, reduction):
    arrays, _ = ALL[name]
    name = name.split(" ")[0]
    options = {k: convert(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    by = [
        x.dtype.kind == "f" and not (name in CONSTANT and i == len(arrays) - 1)
        for i, x in enumerate(arrays)
    ]
    inputs = [
        tensor(convert(x), requires_grad=True) if d else convert(x)
        for x, d in zip(arrays, by, strict=True)
    ]
    out = getattr(library, name)(**options, reduction=reduction)(*inputs)
    shape = tuple(out.shape)
    g = np.cos(np.arange(max(int(np.prod(shape)), 1))).reshape(shape)
    out.backward(convert(g))
    return out, [x.grad for x, d in zip(inputs, by, strict=True) if d]


@needs_torch
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")
@pytest.mark.parametrize(("name", "options", "reduction"), CASES)
def test_losses_are_pytorchs(name, options, reduction):
    import torch

    def leaf(x, requires_grad):
        return x.clone().requires_grad_(requires_grad)

    expected, gradients = loss_and_gradients(torch.nn, leaf, torch.tensor, name, options, reduction)
    value, ours = loss_and_gradients(nn, xg.tensor, raw, name, options, reduction)
    np.testing.assert_allclose(host(value), expected.detach().numpy(), rtol=1e-10, atol=1e-10)
    for a, b in zip(ours, gradients, strict=True):
        np.testing.assert_allclose(host(a), b.numpy(), rtol=1e-10, atol=1e-10)


@pytest.mark.skipif(NAME in ("numpy", "numpy-readonly"), reason="compares with NumPy")
@pytest.mark.parametrize(("name", "options", "reduction"), CASES)
def test_losses_are_the_same_on_every_backend(name, options, reduction):
    value, gradients = loss_and_gradients(nn, xg.tensor, raw, name, options, reduction)
    with xg.use_backend("numpy"):
        expected, others = loss_and_gradients(nn, xg.tensor, np.asarray, name, options, reduction)
    np.testing.assert_allclose(host(value), host(expected), rtol=1e-12, atol=1e-14)
    for a, b in zip(gradients, others, strict=True):
        np.testing.assert_allclose(host(a), host(b), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", ALL)
def test_gradients_of_losses(name):
    """In both modes and second order, by finite differences, with every option."""
    arrays, choices = ALL[name]
    for options in choices:
        converted = {k: raw(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        loss = getattr(nn, name.split(" ")[0])(**converted)
        rest = [raw(x) for x in arrays[1:]]
        xg.testing.check_grads(lambda x, f=loss, r=rest: f(x, *r), (raw(arrays[0]),), order=2)


def test_cross_entropy_shapes():
    scores = _rng.normal(size=(2, 4, 3))
    classes = _rng.integers(0, 4, (2, 3))
    out = F.cross_entropy(raw(scores), raw(classes), reduction="none")
    logp = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    expected = -np.take_along_axis(logp, classes[:, None], 1)[:, 0]
    np.testing.assert_allclose(host(out), expected)
    single = F.cross_entropy(raw(scores[0, :, 0]), raw(classes[0, 0]))
    np.testing.assert_allclose(host(single), expected[0, 0])
    xg.testing.check_grads(lambda s: F.cross_entropy(s, raw(classes)), (raw(scores),))
    from_numpy = F.nll_loss(raw(np.log(P)), np.asarray([0, 1, 1, 0, 1]))
    assert from_numpy.backend.name == NAME


def test_losses_have_second_derivatives_and_batch():
    x, t = raw(SCORES), raw(np.abs(np.sin(SCORES)))
    xg.testing.check_grads(lambda a: F.binary_cross_entropy_with_logits(a, t), (x,))
    xg.testing.check_grads(lambda a: F.mse_loss(a, t), (x,))
    per_example = xg.vmap(xg.grad(lambda s, c: F.cross_entropy(s, c)))(x, raw(CLASSES))
    alone = xg.grad(lambda s: F.cross_entropy(s, raw(CLASSES[2])))(raw(SCORES[2]))
    np.testing.assert_allclose(host(per_example)[2], host(alone))


def test_bce_is_finite_at_0_and_1():
    p = xg.tensor(raw(np.asarray([0.0, 1.0, 0.0, 1.0])), requires_grad=True)
    losses = nn.LogLoss(reduction="none")(p, raw(np.asarray([0.0, 1.0, 1.0, 0.0])))
    np.testing.assert_allclose(host(losses), [0, 0, 100, 100])
    losses.sum().backward()
    np.testing.assert_allclose(host(p.grad), [0, 0, -1e12, 1e12])
    far = F.binary_cross_entropy_with_logits(
        raw(np.asarray([1e4, -1e4])), raw(np.asarray([0.0, 1.0]))
    )
    np.testing.assert_allclose(host(far), 1e4)
    assert nn.LogLoss is nn.BCELoss


def test_errors_of_losses():
    x = xg.ones((8, 1))
    for loss in (F.mse_loss, F.binary_cross_entropy, F.binary_cross_entropy_with_logits):
        with pytest.raises(ValueError, match=r"different shapes, \(8, 1\) and \(8,\)"):
            loss(x, xg.ones(8))
    with pytest.raises(TypeError, match="expected integer classes as target, got float64"):
        F.cross_entropy(x, xg.ones(8))
    with pytest.raises(ValueError, match=r"expected a target of shape \(8,\) for input \(8, 1\)"):
        F.cross_entropy(x, xg.asarray([1, 2]))
    with pytest.raises(ValueError, match="got a scalar"):
        F.nll_loss(xg.asarray(1.0), xg.asarray(1))
    with pytest.raises(ValueError, match="mse_loss: reduction must be one of mean, sum, none"):
        F.mse_loss(x, x, reduction="average")
    with pytest.raises(ValueError, match="MSELoss: reduction must be one of"):
        nn.MSELoss(reduction="average")
    z = x * 1j
    for loss in (F.mse_loss, F.huber_loss, F.smooth_l1_loss, F.poisson_nll_loss):
        with pytest.raises(TypeError, match=f"{loss.__name__}: expected real numbers, got complex"):
            loss(z, x)
    np.testing.assert_allclose(host(F.l1_loss(z, x)), 2**0.5 * host(xg.mean(abs(x))))
    for loss in (F.l1_loss, F.huber_loss, F.smooth_l1_loss, F.kl_div, F.poisson_nll_loss):
        with pytest.raises(ValueError, match=r"different shapes, \(8, 1\) and \(8,\)"):
            loss(x, xg.ones(8))
    with pytest.raises(ValueError, match="KLDivLoss: reduction must be one of mean, sum, none, b"):
        nn.KLDivLoss(reduction="average")
    with pytest.raises(ValueError, match="huber_loss: expected delta above 0, got 0"):
        F.huber_loss(x, x, delta=0)
    with pytest.raises(ValueError, match="smooth_l1_loss: expected beta of at least 0"):
        F.smooth_l1_loss(x, x, beta=-1)
    with pytest.raises(ValueError, match="triplet_margin_loss: expected margin above 0"):
        F.triplet_margin_loss(x, x, x, margin=0)
    with pytest.raises(ValueError, match=r"expected a target of shape \(8,\), got \(8, 1\)"):
        F.cosine_embedding_loss(x, x, x)
    with pytest.raises(ValueError, match=r"expected \(N, D\) or \(D\), got \(1, 1, 1\)"):
        F.cosine_embedding_loss(xg.ones((1, 1, 1)), xg.ones((1, 1, 1)), xg.ones(1))
    with pytest.raises(ValueError, match="expected a variance of shape"):
        F.gaussian_nll_loss(x, x, xg.ones(3))
    with pytest.raises(ValueError, match=r"expected label_smoothing in \[0, 1\], got 2"):
        F.cross_entropy(x, xg.asarray([0] * 8), label_smoothing=2)
    with pytest.raises(ValueError, match=r"expected label_smoothing in \[0, 1\], got 2"):
        nn.CrossEntropyLoss(label_smoothing=2)
    assert repr(nn.MSELoss()) == "MSELoss(reduction='mean')"


@pytest.mark.numpy_only
def test_a_negative_variance_raises():
    with pytest.raises(ValueError, match="expected variances >= 0"):
        F.gaussian_nll_loss(xg.ones(2), xg.ones(2), xg.asarray([1.0, -1.0]))


def test_distances():
    a, b = raw(A), raw(B)
    expected = (A * B).sum(1) / np.linalg.norm(A, axis=1) / np.linalg.norm(B, axis=1)
    np.testing.assert_allclose(host(F.cosine_similarity(a, b)), expected)
    distance = np.linalg.norm(A - B + 1e-6, axis=1, keepdims=True)
    np.testing.assert_allclose(host(F.pairwise_distance(a, b, keepdim=True)), distance)
    unit = host(F.normalize(a))
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1)
    np.testing.assert_allclose(host(F.normalize(a, p=1.0, dim=0)), A / np.abs(A).sum(0))
    assert host(F.normalize(raw(np.zeros((1, 2))))).tolist() == [[0, 0]]
