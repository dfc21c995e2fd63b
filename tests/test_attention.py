"""Attention with its masks, against PyTorch; errors of recurrent and convolution layers."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import nn
from xgrad.nn import functional as F

needs_torch = pytest.mark.skipif(NAME != "torch", reason="PyTorch is the oracle of its session")
_rng = np.random.default_rng(8)
Q, K, V = (_rng.normal(size=(2, 2, n, 4)) for n in (3, 5, 5))
TAKES = _rng.uniform(size=(3, 5)) > 0.3
TAKES[:, 0] = True
X, Y = _rng.normal(size=(2, 3, 4)), _rng.normal(size=(2, 5, 4))
PADDED = np.asarray([[False] * 4 + [True], [False] * 5])

CHOICES = {
    "plain": {},
    "truth values": {"attn_mask": TAKES},
    "numbers": {"attn_mask": _rng.normal(size=(2, 1, 3, 5))},
    "causal": {"is_causal": True},
    "scale": {"scale": 0.3},
}


@needs_torch
@pytest.mark.parametrize("options", CHOICES.values(), ids=CHOICES)
def test_scaled_dot_product_attention(options):
    import torch

    def attend(function, tensor, convert):
        arrays = [tensor(convert(a), requires_grad=True) for a in (Q, K, V)]
        given = {k: convert(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        out = function(*arrays, **given)
        (out * convert(Q)).sum().backward()
        return [out.detach(), *(a.grad for a in arrays)]

    def leaf(x, requires_grad):
        return x.clone().requires_grad_(requires_grad)

    theirs = attend(torch.nn.functional.scaled_dot_product_attention, leaf, torch.tensor)
    ours = attend(F.scaled_dot_product_attention, xg.tensor, raw)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(host(a), b.numpy(), rtol=1e-10, atol=1e-12)


HEADS = {
    "truth values": {"attn_mask": ~TAKES},
    "numbers": {"attn_mask": _rng.normal(size=(3, 5))},
    "of each head": {"attn_mask": np.stack([~TAKES, ~TAKES, TAKES < 0, TAKES < 0])},
    "padding": {"key_padding_mask": PADDED},
    "padding of numbers": {"key_padding_mask": np.where(PADDED, -2.0, 0.5)},
    "both": {"key_padding_mask": PADDED, "attn_mask": ~TAKES},
    "all heads' weights": {"average_attn_weights": False},
}


@needs_torch
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("options", HEADS.values(), ids=HEADS)
def test_multihead_attention(options):
    import torch

    theirs = torch.nn.MultiheadAttention(4, 2, batch_first=True).double()
    ours = nn.MultiheadAttention(4, 2, batch_first=True, dtype="float64")
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    given = [
        {k: f(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        for f in (raw, torch.tensor)
    ]
    out, weights = ours(raw(X), raw(Y), raw(Y), **given[0])
    expected, their_weights = theirs(*map(torch.tensor, (X, Y, Y)), **given[1])
    np.testing.assert_allclose(host(out), expected.detach(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(host(weights), their_weights.detach(), rtol=1e-10, atol=1e-12)
    (out**2).sum().backward()
    (expected**2).sum().backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(host(p.grad), q.grad, rtol=1e-10, atol=1e-12)


@needs_torch
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_transformer_encoder():
    import torch

    mask, padding = ~np.tri(3, dtype=bool), np.asarray([[False, False, True], [False] * 3])
    layer = torch.nn.TransformerEncoderLayer(4, 2, 8, 0.0, batch_first=True)
    norm = torch.nn.LayerNorm(4)
    theirs = torch.nn.TransformerEncoder(layer, 2, norm, enable_nested_tensor=False).double()
    ours = nn.TransformerEncoder(
        nn.TransformerEncoderLayer(4, 2, 8, 0.0, batch_first=True), 2, nn.LayerNorm(4)
    ).to(dtype="float64")
    ours.load_state_dict({k: v.detach().numpy() for k, v in theirs.state_dict().items()})
    expected = theirs(torch.tensor(X), torch.tensor(mask), torch.tensor(padding)).detach()
    out = ours(raw(X), raw(mask), raw(padding))
    np.testing.assert_allclose(host(out), expected, rtol=1e-10, atol=1e-12)
    causal = ours(raw(X), is_causal=True)
    same = ours(raw(X), raw(mask))
    np.testing.assert_allclose(host(causal), host(same), rtol=1e-12)
    both = ours(raw(X), None, raw(padding), is_causal=True)
    np.testing.assert_allclose(host(both), host(out), rtol=1e-12)


def test_attention_in_training_drops_weights():
    layer = nn.MultiheadAttention(
        4, 2, dropout=0.5, batch_first=True, dtype="float64", generator=xg.random.Generator(0)
    )
    x = raw(X)
    first, second = layer(x, x, x)[0], layer(x, x, x)[0]
    assert not np.allclose(host(first), host(second))
    layer.eval()
    np.testing.assert_array_equal(host(layer(x, x, x)[0]), host(layer(x, x, x)[0]))
    assert layer(x, x, x, need_weights=False)[1] is None
    dropped = F.scaled_dot_product_attention(x, x, x, dropout_p=0.9)
    assert not np.allclose(host(dropped), host(F.scaled_dot_product_attention(x, x, x)))


def test_dropout_between_recurrent_layers():
    layer = nn.LSTM(4, 3, num_layers=2, dropout=0.5, dtype="float64")
    x = raw(X)
    assert not np.allclose(host(layer(x)[0]), host(layer(x)[0]))
    layer.eval()
    np.testing.assert_array_equal(host(layer(x)[0]), host(layer(x)[0]))


def test_per_example_gradients_of_a_recurrent_network():
    """vmap over examples of gradients with respect to the weights; the weights batched too."""
    layer = nn.LSTM(4, 3, dtype="float64")
    names = [name for name, _ in layer.named_parameters()]
    weights = [xg.asarray(raw(host(p))) for p in layer.parameters()]

    zero = xg.asarray(raw(np.zeros((1, 3))))

    def loss(x, *given):
        h, c = zero, zero
        x = xg.reshape(x, (x.shape[0], 1, x.shape[1]))
        outs, _ = nn.functional.recurrent.lstm_layer(x, (h, c), *given)
        return xg.sum(outs**2)

    assert names == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    with xg.use_backend(NAME if NAME != "numpy-readonly" else "numpy"):
        by_weights = xg.grad(loss, argnums=(1, 2, 3, 4))
        every = xg.vmap(by_weights, in_axes=(0, None, None, None, None))(raw(X), *weights)
        for i in range(2):
            alone = by_weights(raw(X[i]), *weights)
            for a, b in zip(every, alone, strict=True):
                np.testing.assert_allclose(host(a)[i], host(b), rtol=1e-10, atol=1e-12)
        stacked = [xg.stack([w, w * 2]) for w in weights]
        both = xg.vmap(loss, in_axes=(None, 0, 0, 0, 0))(raw(X[0]), *stacked)
        np.testing.assert_allclose(host(both)[0], host(loss(raw(X[0]), *weights)), rtol=1e-12)


BAD = {
    "RNN: nonlinearity must be": lambda: nn.RNN(2, 3, nonlinearity="sigmoid"),
    "LSTM: expected dropout in [0, 1]": lambda: nn.LSTM(2, 3, dropout=2.0),
    "LSTM: expected num_layers of at least 1, got 0": lambda: nn.LSTM(2, 3, num_layers=0),
    "LSTM: expected input with 2 or 3 axes": lambda: nn.LSTM(2, 3)(xg.ones((4, 1, 5))),
    "LSTM: expected 2 states, got 1": lambda: nn.LSTM(2, 3)(xg.ones((4, 1, 2)), [xg.ones(3)]),
    "GRU: expected a state (1, 1, 3)": lambda: nn.GRU(2, 3)(xg.ones((4, 1, 2)), xg.ones((1, 3))),
    "GRU: the sequence has no steps": lambda: nn.GRU(2, 3)(xg.ones((0, 1, 2))),
    "GRUCell: expected input with 1 or 2": lambda: nn.GRUCell(2, 3)(xg.ones(3)),
    "LSTMCell: expected 2 state (3,)": lambda: nn.LSTMCell(2, 3)(xg.ones(2), (xg.ones(3),)),
    "MultiheadAttention: 5 features cannot": lambda: nn.MultiheadAttention(5, 2),
    "MultiheadAttention: expected 2 or 3 axes": lambda: nn.MultiheadAttention(2, 1)(
        xg.ones(2), xg.ones(2), xg.ones(2)
    ),
    "MultiheadAttention: expected attn_mask (3, 3)": lambda: nn.MultiheadAttention(2, 1)(
        *[xg.ones((3, 2))] * 3, attn_mask=xg.ones((2, 2))
    ),
    "MultiheadAttention: expected key_padding_mask": lambda: nn.MultiheadAttention(2, 1)(
        *[xg.ones((3, 2))] * 3, key_padding_mask=xg.ones(2)
    ),
    "TransformerEncoderLayer: activation must": lambda: nn.TransformerEncoderLayer(
        2, 1, activation="tanh"
    ),
    "scaled_dot_product_attention: expected query": lambda: F.scaled_dot_product_attention(
        xg.ones((2, 3)), xg.ones((2, 4)), xg.ones((2, 4))
    ),
    "pass attn_mask or is_causal": lambda: F.scaled_dot_product_attention(
        *[xg.ones((2, 3))] * 3, attn_mask=xg.ones((2, 2)), is_causal=True
    ),
    "conv2d: expected input (N, C, ...)": lambda: nn.Conv2d(1, 1, 3)(xg.ones((5, 5))),
    "conv2d: expected 2 channels": lambda: nn.Conv2d(2, 1, 3)(xg.ones((1, 5, 5))),
    "conv2d: the kernel (3, 3)": lambda: nn.Conv2d(1, 1, 3)(xg.ones((1, 2, 2))),
    "Conv2d: padding='same' needs stride 1": lambda: nn.Conv2d(1, 1, 3, 2, padding="same"),
    "Conv2d: padding must be numbers": lambda: nn.Conv2d(1, 1, 3, padding="full"),
    "Conv2d: padding_mode must be": lambda: nn.Conv2d(1, 1, 3, padding_mode="wrap"),
    "Conv2d: expected kernel_size to be an integer or 2": lambda: nn.Conv2d(1, 1, (3, 3, 3)),
    "Conv2d: 3 to 4 channels cannot": lambda: nn.Conv2d(3, 4, 1, groups=2),
    "conv_transpose1d: output_padding (2,)": lambda: nn.ConvTranspose1d(1, 1, 3, output_padding=2)(
        xg.ones((1, 5))
    ),
    "max_pool2d: expected 4 or 3 axes": lambda: nn.MaxPool2d(2)(xg.ones((2, 2))),
    "max_pool2d: padding (2, 2) is more than half": lambda: nn.MaxPool2d(3, padding=2)(
        xg.ones((1, 4, 4))
    ),
    "max_pool1d: the kernel (5,)": lambda: nn.MaxPool1d(5)(xg.ones((1, 4))),
    "avg_pool2d: divisor_override": lambda: nn.AvgPool2d(2, divisor_override=0)(xg.ones((1, 4, 4))),
    "adaptive_avg_pool2d: expected 2 output sizes": lambda: nn.AdaptiveAvgPool2d((1, 2, 3))(
        xg.ones((1, 4, 4))
    ),
}


@pytest.mark.numpy_only
@pytest.mark.parametrize("message", BAD)
def test_errors(message):
    with pytest.raises((ValueError, TypeError)) as caught:
        BAD[message]()
    assert message in str(caught.value)


@pytest.mark.numpy_only
def test_reprs():
    for layer, expected in {
        nn.Conv2d(1, 2, 3, padding=1, dilation=2, bias=False): "Conv2d(1, 2, kernel_size=(3, 3), "
        "stride=(1, 1), padding=(1, 1), dilation=(2, 2), bias=False)",
        nn.Conv1d(2, 2, 3, padding="same", groups=2, padding_mode="circular"): "Conv1d(2, 2, "
        "kernel_size=(3,), stride=(1,), padding=same, groups=2, padding_mode=circular)",
        nn.ConvTranspose1d(1, 2, 3, 2, output_padding=1): "ConvTranspose1d(1, 2, "
        "kernel_size=(3,), stride=(2,), output_padding=(1,))",
        nn.MaxPool2d(2): "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, "
        "ceil_mode=False)",
        nn.AvgPool2d(2): "AvgPool2d(kernel_size=2, stride=2, padding=0)",
        nn.AdaptiveAvgPool2d(1): "AdaptiveAvgPool2d(output_size=1)",
        nn.LSTM(2, 3, batch_first=True): "LSTM(2, 3, batch_first=True)",
        nn.GRUCell(2, 3, bias=False): "GRUCell(2, 3, bias=False)",
    }.items():
        assert repr(layer) == expected
    assert "MultiheadAttention(\n  4, 2, batch_first=False" in repr(nn.MultiheadAttention(4, 2))
