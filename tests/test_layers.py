"""Layers, option by option, with PyTorch's weights: outputs, gradients, ten steps."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import nn

needs_torch = pytest.mark.skipif(NAME != "torch", reason="PyTorch is the oracle of its session")

_rng = np.random.default_rng(3)


def real(*shape):
    return _rng.normal(size=shape)


def indices(high, *shape):
    return _rng.integers(0, high, shape)


#: (name, constructor from ``nn``, inputs). PyTorch's ``nn`` creates the oracle.
LAYERS = [
    ("Linear", lambda n: n.Linear(3, 4), [real(5, 3)]),
    ("Linear", lambda n: n.Linear(3, 4, bias=False), [real(2, 5, 3)]),
    ("Bilinear", lambda n: n.Bilinear(3, 2, 4), [real(5, 3), real(5, 2)]),
    ("Bilinear", lambda n: n.Bilinear(3, 2, 4, bias=False), [real(2, 5, 3), real(2, 5, 2)]),
    ("Embedding", lambda n: n.Embedding(7, 3), [indices(7, 2, 5)]),
    ("Embedding", lambda n: n.Embedding(7, 3, padding_idx=2), [indices(7, 8)]),
    ("Embedding", lambda n: n.Embedding(4, 3, padding_idx=-1), [indices(4, 8)]),
    ("Identity", lambda n: n.Identity(), [real(2, 3)]),
    ("Flatten", lambda n: n.Flatten(), [real(2, 3, 4)]),
    ("Flatten", lambda n: n.Flatten(0, 1), [real(2, 3, 4)]),
    ("Unflatten", lambda n: n.Unflatten(1, (2, 3)), [real(2, 6)]),
    ("Unflatten", lambda n: n.Unflatten(-1, (-1, 3)), [real(2, 6)]),
    ("LayerNorm", lambda n: n.LayerNorm(4), [real(2, 3, 4)]),
    ("LayerNorm", lambda n: n.LayerNorm((3, 4), eps=1e-3), [real(2, 3, 4)]),
    ("LayerNorm", lambda n: n.LayerNorm(4, elementwise_affine=False), [real(3, 4)]),
    ("LayerNorm", lambda n: n.LayerNorm(4, bias=False), [real(3, 4)]),
    ("RMSNorm", lambda n: n.RMSNorm(4), [real(2, 3, 4)]),
    ("RMSNorm", lambda n: n.RMSNorm((3, 4), eps=1e-2), [real(2, 3, 4)]),
    ("RMSNorm", lambda n: n.RMSNorm(4, elementwise_affine=False), [real(3, 4)]),
    ("GroupNorm", lambda n: n.GroupNorm(2, 4), [real(3, 4, 5)]),
    ("GroupNorm", lambda n: n.GroupNorm(4, 4, affine=False), [real(3, 4, 2, 2)]),
    ("GroupNorm", lambda n: n.GroupNorm(1, 4, eps=1e-2), [real(3, 4)]),
    ("BatchNorm1d", lambda n: n.BatchNorm1d(3), [real(5, 3)]),
    ("BatchNorm1d", lambda n: n.BatchNorm1d(3, momentum=0.4), [real(5, 3, 2)]),
    ("BatchNorm1d", lambda n: n.BatchNorm1d(3, momentum=None), [real(5, 3)]),
    ("BatchNorm1d", lambda n: n.BatchNorm1d(3, affine=False, eps=1e-2), [real(5, 3)]),
    ("BatchNorm1d", lambda n: n.BatchNorm1d(3, track_running_stats=False), [real(5, 3)]),
    ("BatchNorm2d", lambda n: n.BatchNorm2d(3), [real(2, 3, 4, 2)]),
    ("BatchNorm3d", lambda n: n.BatchNorm3d(2), [real(2, 2, 3, 2, 2)]),
    ("Conv1d", lambda n: n.Conv1d(3, 4, 2), [real(2, 3, 7)]),
    ("Conv1d", lambda n: n.Conv1d(3, 4, 2, bias=False), [real(3, 7)]),
    ("Conv1d", lambda n: n.Conv1d(4, 6, 3, 2, 1, 2, groups=2), [real(2, 4, 9)]),
    ("Conv1d", lambda n: n.Conv1d(2, 3, 3, padding=2, padding_mode="reflect"), [real(2, 2, 5)]),
    ("Conv1d", lambda n: n.Conv1d(2, 3, 4, padding="same", dilation=2), [real(2, 2, 9)]),
    ("Conv2d", lambda n: n.Conv2d(2, 3, 3), [real(2, 2, 5, 4)]),
    ("Conv2d", lambda n: n.Conv2d(2, 3, (2, 3), (2, 1), (1, 2), (2, 1)), [real(2, 2, 5, 4)]),
    ("Conv2d", lambda n: n.Conv2d(4, 4, 3, padding=1, groups=4, bias=False), [real(2, 4, 5, 4)]),
    ("Conv2d", lambda n: n.Conv2d(4, 6, 1, stride=2, groups=2), [real(4, 5, 4)]),
    ("Conv2d", lambda n: n.Conv2d(2, 3, 3, padding="same"), [real(2, 2, 5, 4)]),
    ("Conv2d", lambda n: n.Conv2d(2, 3, 3, padding="valid"), [real(2, 2, 5, 4)]),
    ("Conv2d", lambda n: n.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), [real(2, 2, 5, 4)]),
    (
        "Conv2d",
        lambda n: n.Conv2d(2, 3, 3, padding=1, padding_mode="replicate"),
        [real(2, 2, 5, 4)],
    ),
    ("Conv3d", lambda n: n.Conv3d(2, 2, 2, stride=2, padding=1), [real(2, 2, 3, 4, 3)]),
    ("ConvTranspose1d", lambda n: n.ConvTranspose1d(3, 4, 3), [real(2, 3, 5)]),
    (
        "ConvTranspose1d",
        lambda n: n.ConvTranspose1d(4, 6, 3, 3, 1, 2, 2, False, 2),
        [real(2, 4, 5)],
    ),
    ("ConvTranspose2d", lambda n: n.ConvTranspose2d(2, 3, 3, 2, 1, 1), [real(2, 2, 3, 4)]),
    (
        "ConvTranspose2d",
        lambda n: n.ConvTranspose2d(4, 2, (2, 3), (1, 2), (0, 1), groups=2),
        [real(4, 3, 4)],
    ),
    ("MaxPool1d", lambda n: n.MaxPool1d(2), [real(2, 3, 7)]),
    ("MaxPool1d", lambda n: n.MaxPool1d(3, 2, 1, 2, ceil_mode=True), [real(3, 8)]),
    ("MaxPool2d", lambda n: n.MaxPool2d(2), [real(2, 3, 4, 6)]),
    ("MaxPool2d", lambda n: n.MaxPool2d((3, 2), (1, 2), (1, 0), (1, 2)), [real(2, 3, 5, 6)]),
    ("MaxPool2d", lambda n: n.MaxPool2d(3, 2, ceil_mode=True), [real(3, 6, 5)]),
    ("AvgPool1d", lambda n: n.AvgPool1d(2), [real(2, 3, 7)]),
    (
        "AvgPool1d",
        lambda n: n.AvgPool1d(3, 2, 1, ceil_mode=True, count_include_pad=False),
        [real(3, 8)],
    ),
    ("AvgPool2d", lambda n: n.AvgPool2d(2), [real(2, 3, 4, 6)]),
    ("AvgPool2d", lambda n: n.AvgPool2d(3, 2, 1), [real(2, 3, 6, 5)]),
    ("AvgPool2d", lambda n: n.AvgPool2d(3, 2, 1, ceil_mode=True), [real(2, 3, 6, 5)]),
    ("AvgPool2d", lambda n: n.AvgPool2d(3, 2, 1, True, False), [real(2, 3, 6, 6)]),
    (
        "AvgPool2d",
        lambda n: n.AvgPool2d((2, 3), (1, 2), (1, 0), divisor_override=5),
        [real(3, 6, 5)],
    ),
    ("AdaptiveAvgPool1d", lambda n: n.AdaptiveAvgPool1d(3), [real(2, 3, 7)]),
    ("AdaptiveAvgPool2d", lambda n: n.AdaptiveAvgPool2d(1), [real(2, 3, 4, 6)]),
    ("AdaptiveAvgPool2d", lambda n: n.AdaptiveAvgPool2d((3, None)), [real(3, 5, 4)]),
    ("AdaptiveMaxPool1d", lambda n: n.AdaptiveMaxPool1d(3), [real(2, 3, 7)]),
    ("AdaptiveMaxPool2d", lambda n: n.AdaptiveMaxPool2d((3, 2)), [real(2, 3, 5, 4)]),
    ("RNN", lambda n: n.RNN(3, 4), [real(5, 2, 3)]),
    ("RNN", lambda n: n.RNN(3, 4, nonlinearity="relu"), [real(3, 2, 3) * 0.2]),
    (
        "RNN",
        lambda n: n.RNN(3, 4, 2, batch_first=True, bidirectional=True),
        [real(2, 5, 3), real(4, 2, 4)],
    ),
    ("RNN", lambda n: n.RNN(3, 4, bias=False), [real(5, 3), real(1, 4)]),
    ("LSTM", lambda n: n.LSTM(3, 4), [real(5, 2, 3)]),
    ("LSTM", lambda n: n.LSTM(3, 4, 3, bidirectional=True), [real(5, 2, 3)]),
    ("LSTM", lambda n: n.LSTM(3, 4, 2, bias=False, batch_first=True), [real(2, 5, 3)]),
    ("LSTM", lambda n: n.LSTM(3, 4), [real(1, 3)]),
    ("GRU", lambda n: n.GRU(3, 4), [real(5, 2, 3)]),
    (
        "GRU",
        lambda n: n.GRU(3, 4, 2, batch_first=True, bidirectional=True),
        [real(2, 5, 3), real(4, 2, 4)],
    ),
    ("GRU", lambda n: n.GRU(3, 4, bias=False), [real(5, 3), real(1, 4)]),
    ("RNNCell", lambda n: n.RNNCell(3, 4), [real(2, 3)]),
    ("RNNCell", lambda n: n.RNNCell(3, 4, False, "relu"), [real(3), real(4)]),
    ("LSTMCell", lambda n: n.LSTMCell(3, 4), [real(2, 3)]),
    ("LSTMCell", lambda n: n.LSTMCell(3, 4, bias=False), [real(3)]),
    ("GRUCell", lambda n: n.GRUCell(3, 4), [real(2, 3), real(2, 4)]),
    ("MultiheadAttention", lambda n: n.MultiheadAttention(4, 2), [real(3, 2, 4)] * 3),
    (
        "MultiheadAttention",
        lambda n: n.MultiheadAttention(4, 2, batch_first=True, bias=False),
        [real(2, 3, 4), real(2, 5, 4), real(2, 5, 4)],
    ),
    (
        "MultiheadAttention",
        lambda n: n.MultiheadAttention(4, 1, kdim=3, vdim=2),
        [real(3, 4), real(5, 3), real(5, 2)],
    ),
    ("TransformerEncoderLayer", lambda n: n.TransformerEncoderLayer(4, 2, 8, 0.0), [real(3, 2, 4)]),
    (
        "TransformerEncoderLayer",
        lambda n: n.TransformerEncoderLayer(4, 2, 8, 0.0, "gelu", 1e-3, True, True),
        [real(2, 3, 4)],
    ),
    (
        "TransformerEncoderLayer",
        lambda n: n.TransformerEncoderLayer(4, 1, 8, 0.0, bias=False),
        [real(3, 4)],
    ),
    ("ReLU", lambda n: n.ReLU(), [real(3, 4)]),
    ("ReLU6", lambda n: n.ReLU6(), [real(3, 4) * 5]),
    ("LeakyReLU", lambda n: n.LeakyReLU(), [real(3, 4)]),
    ("LeakyReLU", lambda n: n.LeakyReLU(0.3), [real(3, 4)]),
    ("ELU", lambda n: n.ELU(), [real(3, 4)]),
    ("ELU", lambda n: n.ELU(alpha=0.4), [real(3, 4)]),
    ("CELU", lambda n: n.CELU(0.7), [real(3, 4)]),
    ("SELU", lambda n: n.SELU(), [real(3, 4)]),
    ("GELU", lambda n: n.GELU(), [real(3, 4)]),
    ("GELU", lambda n: n.GELU(approximate="tanh"), [real(3, 4)]),
    ("SiLU", lambda n: n.SiLU(), [real(3, 4)]),
    ("Mish", lambda n: n.Mish(), [real(3, 4)]),
    ("Softplus", lambda n: n.Softplus(), [real(3, 4)]),
    ("Softplus", lambda n: n.Softplus(beta=2.0, threshold=1.0), [real(3, 4)]),
    ("Softsign", lambda n: n.Softsign(), [real(3, 4)]),
    ("Tanhshrink", lambda n: n.Tanhshrink(), [real(3, 4)]),
    ("Hardtanh", lambda n: n.Hardtanh(), [real(3, 4)]),
    ("Hardtanh", lambda n: n.Hardtanh(-0.2, 0.5), [real(3, 4)]),
    ("Hardsigmoid", lambda n: n.Hardsigmoid(), [real(3, 4) * 3]),
    ("Hardswish", lambda n: n.Hardswish(), [real(3, 4) * 3]),
    ("Threshold", lambda n: n.Threshold(0.1, 20.0), [real(3, 4)]),
    ("Sigmoid", lambda n: n.Sigmoid(), [real(3, 4)]),
    ("LogSigmoid", lambda n: n.LogSigmoid(), [real(3, 4)]),
    ("Tanh", lambda n: n.Tanh(), [real(3, 4)]),
    ("GLU", lambda n: n.GLU(), [real(3, 4)]),
    ("GLU", lambda n: n.GLU(0), [real(4, 3)]),
    ("PReLU", lambda n: n.PReLU(), [real(3, 4)]),
    ("PReLU", lambda n: n.PReLU(4, init=0.1), [real(3, 4, 2)]),
    ("Softmax", lambda n: n.Softmax(dim=0), [real(3, 4)]),
    ("LogSoftmax", lambda n: n.LogSoftmax(dim=-1), [real(3, 4)]),
    ("Softmin", lambda n: n.Softmin(dim=1), [real(3, 4)]),
]


#: PyTorch computes with constants in float32 (1 / 6, 1 / alpha), whatever the dtype.
FLOAT32_CONSTANTS = {"Hardsigmoid": 1e-7, "CELU": 1e-7}


def _identifier(case):
    return f"{case[0]}{sum(c[0] == case[0] for c in LAYERS[: LAYERS.index(case)]) or ''}"


IDS = [_identifier(case) for case in LAYERS]


def total(out, weights):
    """Return a scalar of all outputs in which every element has its own weight."""
    outs = out if isinstance(out, tuple | list) else [out]
    flat = [x for part in outs for x in (part if isinstance(part, tuple) else [part])]
    return sum((x * w).sum() for x, w in zip(flat, weights(flat), strict=True))


def weights_like(make):
    def weights(parts):
        rng = np.random.default_rng(5)
        return [make(rng.normal(size=tuple(p.shape))) for p in parts]

    return weights


@needs_torch
@pytest.mark.parametrize(("name", "make", "inputs"), LAYERS, ids=IDS)
def test_layers_are_pytorchs(name, make, inputs):
    import torch

    close = {"rtol": FLOAT32_CONSTANTS.get(name, 1e-10), "atol": FLOAT32_CONSTANTS.get(name, 1e-10)}

    theirs = make(torch.nn).double()
    ours = make(nn).to(dtype="float64")
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    optimizers = (
        xg.optim.SGD(ours.parameters(), lr=0.01) if list(ours.parameters()) else None,
        torch.optim.SGD(theirs.parameters(), lr=0.01) if list(theirs.parameters()) else None,
    )
    differentiable = inputs[0].dtype.kind == "f"
    for step in range(10):
        x = [raw(a) for a in inputs]
        if differentiable:
            x = [xg.tensor(a, requires_grad=True) for a in x]
        y = [torch.tensor(a, requires_grad=differentiable) for a in inputs]
        out, expected = ours(*x), theirs(*y)
        ours.zero_grad()
        theirs.zero_grad()
        total(out, weights_like(raw)).backward()
        total(expected, weights_like(torch.tensor)).backward()
        first = out[0] if isinstance(out, tuple) else out
        np.testing.assert_allclose(
            host(first), (expected[0] if isinstance(expected, tuple) else expected).detach(),
            **close,
        )  # fmt: skip
        if differentiable:
            for a, b in zip(x, y, strict=True):
                np.testing.assert_allclose(host(a.grad), b.grad, **close)
        for (path, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(host(a.grad), b.grad, **close, err_msg=path)
        if optimizers[0] is None and step == 1:
            break
        if optimizers[0] is not None:
            for optimizer in optimizers:
                optimizer.step()
    for path, value in theirs.state_dict().items():
        np.testing.assert_allclose(host(ours.state_dict()[path]), value, **close)
    ours.eval()
    theirs.eval()
    out, expected = ours(*map(raw, inputs)), theirs(*map(torch.tensor, inputs))
    first = out[0] if isinstance(out, tuple) else out
    np.testing.assert_allclose(
        host(first), (expected[0] if isinstance(expected, tuple) else expected).detach(),
        **close,
    )  # fmt: skip


def _run(make, inputs, place):
    """Return the first output and all gradients of one layer, as NumPy arrays."""
    model = make(nn).to("numpy", dtype="float64")
    rng = np.random.default_rng(11)
    with xg.no_grad():
        for p in model.parameters():
            p[...] = rng.normal(size=p.shape)
    example = xg.asarray(place(inputs[0]))
    model.to(example.backend.name, device=example.device)
    x = [place(a) for a in inputs]
    if inputs[0].dtype.kind == "f":
        x = [xg.tensor(a, requires_grad=True) for a in x]
    out = model(*x)
    total(out, weights_like(place)).backward()
    first = out[0] if isinstance(out, tuple) else out
    grads = [host(a.grad) for a in x if isinstance(a, xg.Tensor)]
    return [host(first), *grads, *(host(p.grad) for p in model.parameters())]


ONE_EACH = {case[0]: case for case in reversed(LAYERS)}


@pytest.mark.skipif(NAME in ("numpy", "numpy-readonly"), reason="compares with NumPy")
@pytest.mark.parametrize("name", ONE_EACH)
def test_layers_are_the_same_on_every_backend(name):
    _, make, inputs = ONE_EACH[name]
    here = _run(make, inputs, raw)
    with xg.use_backend("numpy"):
        on_numpy = _run(make, inputs, np.asarray)
    for a, b in zip(here, on_numpy, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)
