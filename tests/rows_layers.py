"""Rows of the op table: primitives behind layers, losses and rules."""

from typing import Any

import numpy as np
import scipy.special

import xgrad as xg
from tests.op_rows import (
    away_from_zero,
    complex_,
    distinct,
    real,
    row,
    unit,
)
from xgrad.backends import philox
from xgrad.nn import functional as F
from xgrad.nn.functional import recurrent as _recurrent
from xgrad.ops import products as _products
from xgrad.ops import windows as _windows
from xgrad.ops.views import parts as _indexing
from xgrad.ops.views import take as _rows_by_index

# -- functions of other modules that are primitives --------------------------------------------


#: By name and number of options.
_ACTIVATIONS = {
    ("leaky_relu", 1): lambda x: np.where(x > 0, x, 0.2 * x),
    ("elu", 1): lambda x: np.where(x > 0, x, 0.7 * np.expm1(x)),
    ("silu", 0): lambda x: x / (1 + np.exp(-x)),
    ("gelu", 0): lambda x: x * scipy.special.ndtr(x),
    ("gelu", 1): lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
}


def _moments(x: Any) -> Any:
    from xgrad.nn.functional.normalization import _standardised

    y, mean, variance = _standardised(x, axis=(-1,), eps=0.1, centred=True)
    return y + mean * variance


row(
    "nn.functional.relu",
    lambda m, x: F.relu(x),
    [(away_from_zero(2, 3),), (away_from_zero(3),)],
    reference=lambda m, x: m.maximum(x, 0),
    torch=lambda t, x: t.relu(x),
    jax=None,
)
for _name, _options in (
    ("leaky_relu", {"negative_slope": 0.2}),
    ("elu", {"alpha": 0.7}),
    ("silu", {}),
    ("gelu", {}),
    ("gelu", {"approximate": "tanh"}),
):
    row(
        f"nn.functional.{_name}",
        lambda m, x, n=_name, o=_options: getattr(F, n)(x, **o),
        [(away_from_zero(2, 3),), (away_from_zero(3),)],
        complex_samples=[(complex_(2, 3),)] if _name == "silu" else [],
        reference=lambda m, x, n=_name, o=_options: _ACTIVATIONS[n, len(o)](x),
        torch=(lambda t, x: x * t.sigmoid(x))  # PyTorch's lacks complex derivatives
        if _name == "silu"
        else lambda t, x, n=_name, o=_options: getattr(t.nn.functional, n)(x, **o),
        jax=None,
        label="-".join(_options),
    )
row(
    "nn.functional.dropout",
    lambda m, x: F.dropout(x, 0.4, generator=xg.random.Generator(1)),
    [(real(2, 3),), (real(7),)],
    reference=lambda m, x: x * philox.dropout_mask(philox.key_of(1), 0, x.shape, 0.4) / 0.6,
    torch=None,
    jax=None,
)
for _name, _centre in (("layer_norm", 1), ("rms_norm", 0)):
    row(
        f"nn.functional.{_name}",
        lambda m, x, n=_name: getattr(F, n)(x, 3, eps=0.1),
        [(real(2, 3),), (real(3),)],
        complex_samples=[] if _centre else [(complex_(2, 3),)],
        reference=lambda m, x, c=_centre: (
            (x - c * x.mean(-1, keepdims=True))
            / np.sqrt(((x - c * x.mean(-1, keepdims=True)) ** 2).mean(-1, keepdims=True) + 0.1)
        ),
        torch=lambda t, x, n=_name: getattr(t.nn.functional, n)(x, (3,), eps=0.1),
        jax=None,
    )
row(
    "nn.functional.layer_norm",
    lambda m, x: _moments(x),
    [(real(2, 3),), (real(3),)],
    reference=lambda m, x: (
        (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 0.1)
        + x.mean(-1, keepdims=True) * x.var(-1, keepdims=True)
    ),
    torch=None,
    jax=None,
    label="moments",
)
row(
    "nn.functional.softmax",
    lambda m, x: F.softmax(x, dim=-1),
    [(real(2, 3),), (real(3),)],
    reference=lambda m, x: m.exp(x) / m.exp(x).sum(-1, keepdims=True),
    torch=lambda t, x: t.softmax(x, -1),
    jax=None,
)
row(
    "nn.functional.log_softmax",
    lambda m, x: F.log_softmax(x, axis=0),
    [(real(2, 3),), (real(3),)],
    reference=lambda m, x: x - m.log(m.exp(x).sum(0)),
    torch=lambda t, x: t.log_softmax(x, 0),
    jax=None,
)
row(
    "nn.functional.binary_cross_entropy",
    lambda m, p, t: F.binary_cross_entropy(p, t, reduction="none"),
    [(unit(2, 3), unit(2, 3)), (unit(3), unit(3))],
    by=(0, 1),
    reference=lambda m, p, t: -(t * m.log(p) + (1 - t) * m.log(1 - p)),
    torch=None,
    jax=None,
)
row(
    "matmul_transposed",
    lambda m, x, w: _products.matmul_transposed(x, w),
    [(real(2, 3), real(4, 3)), (real(2, 2, 3), real(4, 3))],
    by=(0, 1),
    reference=lambda m, x, w: x @ w.T,
    complex_samples=[(complex_(2, 3), complex_(4, 3))],
    torch=None,
    jax=None,
)
row(
    "matmul_transposed",
    lambda m, x, w: _products.matmul_transposed(x, w),
    [(real(2, 2, 3), real(2, 4, 3)), (real(2, 3), real(2, 4, 3))],
    by=(0, 1),
    reference=lambda m, x, w: x @ m.swapaxes(w, -1, -2),
    torch=None,
    jax=None,
    label="stacks",
)
for _label, _kernel, _stride, _dilation in (("1", (3,), (2,), (2,)), ("2", (2, 2), (1, 2), (1, 1))):
    _options = {"kernel": _kernel, "stride": _stride, "dilation": _dilation}
    row(
        "windows",
        lambda m, x, o=_options: _windows.windows(x, **o),
        [(real(2, 3, 7),), (real(1, 2, 6),)],
        reference=lambda m, x, o=_options: _slid(x, **o),
        complex_samples=[(complex_(2, 3, 7),)],
        torch=None,
        jax=None,
        label=_label,
    )
row(
    "window_max",
    lambda m, x: _windows.window_max(x, kernel=(2, 2), stride=(2, 1), dilation=(1, 2)),
    [(distinct(2, 4, 5),), (distinct(4, 4),)],
    reference=lambda m, x: _slid(x, (2, 2), (2, 1), (1, 2)).max((-4, -3)),
    torch=None,
    jax=None,
)
row(
    "overlap_add",
    lambda m, g: _windows.overlap_add(g, shape=(2, 7), kernel=(3,), stride=(2,), dilation=(1,)),
    [(real(2, 3, 3),)],
    reference=lambda m, g: _overlapped(g),
    torch=None,
    jax=None,
)
row(
    "lstm_scan",
    lambda m, x, h, c, w: _all_outputs(_recurrent._lstm_scan(x, h, c, w)),
    [(real(3, 2, 8), real(2, 2), real(2, 2), real(8, 2))],
    by=(0, 1, 2, 3),
    reference=lambda m, x, h, c, w: _lstm_by_numpy(x, h, c, w),
    torch=None,
    jax=None,
)
row(
    "scatter_basic",
    lambda m, g: _indexing.scatter_basic(g, key=(slice(None, None, -2), 1), shape=(4, 3)),
    [(real(2),), (real(2),)],
    reference=lambda m, g: _scattered(g),
    torch=None,
    jax=None,
)
row(
    "index_add",
    lambda m, g, i: _rows_by_index.index_add(g, i, axis=1, size=4),
    [
        (real(2, 3), np.array([3, 0, 3])),
        (real(1, 3), np.array([1, 1, 1])),
        (real(0, 3), np.array([1, 1, 1])),
        (real(2, 0), np.array([], dtype=np.int64)),
    ],
    reference=lambda m, g, i: _index_added(g, i),
    complex_samples=[(complex_(2, 3), np.array([3, 0, 3]))],
    torch=None,
    jax=None,
    dask="",
)


def _slid(x: np.ndarray, kernel: Any, stride: Any, dilation: Any) -> np.ndarray:
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    lead = x.ndim - len(kernel)
    seen = np.lib.stride_tricks.sliding_window_view(x, reach, axis=tuple(range(lead, x.ndim)))
    every = (slice(None),) * lead
    seen = seen[(*every, *(slice(None, None, s) for s in stride))]
    seen = seen[(..., *(slice(None, None, d) for d in dilation))]
    count = len(kernel)
    return np.moveaxis(seen, range(-count, 0), range(lead, lead + count))


def _overlapped(g: np.ndarray) -> np.ndarray:
    out = np.zeros((2, 7))
    for k in range(3):
        out[:, k : k + 5 : 2] += g[:, k]
    return out


def _all_outputs(outs: Any) -> Any:
    """Return every output, each with its own weights."""
    hidden, cell, gates = outs
    return hidden + 0.7 * cell**2 + xg.sum(gates**3, axis=-1, keepdims=True)


def _lstm_by_numpy(x: np.ndarray, h: np.ndarray, c: np.ndarray, w: np.ndarray) -> np.ndarray:
    out = []
    for step in x:
        i, f, u, o = np.split(step + h @ w.T, 4, axis=-1)
        i, f, u, o = 1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-f)), np.tanh(u), 1 / (1 + np.exp(-o))
        c = f * c + i * u
        h = o * np.tanh(c)
        gates = np.concatenate([i, f, u, o], -1)
        out.append(h + 0.7 * c**2 + (gates**3).sum(-1, keepdims=True))
    return np.stack(out)


def _scattered(g: np.ndarray) -> np.ndarray:
    out = np.zeros((4, 3))
    out[::-2, 1] = g
    return out


def _index_added(g: np.ndarray, i: np.ndarray) -> np.ndarray:
    out = np.zeros((g.shape[0], 4), g.dtype)
    np.add.at(out, (slice(None), i), g)
    return out


def _negative_log_likelihood(m: Any, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    return -np.take_along_axis(scores, target[..., None], -1)[..., 0]


row(
    "nn.functional.nll_loss",
    lambda m, x, t: F.nll_loss(x, t, reduction="none"),
    [(real(4, 3), np.array([0, 2, 1, 0])), (real(2, 3), np.array([2, 1]))],
    reference=_negative_log_likelihood,
    torch=lambda t, x, y: t.nn.functional.nll_loss(x, y, reduction="none"),
    jax=None,
    dask="",
)
row(
    "nn.functional.cross_entropy",
    lambda m, x, t: F.cross_entropy(x, t, reduction="none"),
    [(real(4, 3), np.array([0, 2, 1, 0])), (real(2, 3), np.array([2, 1]))],
    reference=lambda m, x, t: _negative_log_likelihood(
        m, x - np.log(np.exp(x).sum(-1, keepdims=True)), t
    ),
    torch=lambda t, x, y: t.nn.functional.cross_entropy(x, y, reduction="none"),
    jax=None,
    dask="",
)


def _both_outputs(x: Any, t: Any) -> Any:
    from xgrad.nn.functional.classification import _cross_entropy

    losses, log_p = _cross_entropy(x, t, ignore_index=1, mean=False)
    return losses + xg.sum(log_p * log_p, axis=-1)


def _both_by_numpy(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    log_p = x - np.log(np.exp(x).sum(-1, keepdims=True))
    return np.where(t == 1, 0.0, _negative_log_likelihood(np, log_p, t)) + (log_p**2).sum(-1)


row(
    "nn.functional.cross_entropy",
    lambda m, x, t: _both_outputs(x, t),
    [(real(4, 3), np.array([0, 2, 1, 0])), (real(2, 3), np.array([2, 1]))],
    reference=lambda m, x, t: _both_by_numpy(x, t),
    torch=None,
    jax=None,
    label="both outputs, ignore_index",
    dask="",
)
for _shape in ((2, 3), (2, 2, 3)):
    row(
        "nn.functional.linear",
        lambda m, x, w, b: F.linear(x, w, b),
        [(real(*_shape), real(4, 3), real(4)), (real(*_shape), real(4, 3), real(4))],
        by=(0, 1, 2),
        reference=lambda m, x, w, b: x @ w.T + b,
        complex_samples=[(complex_(*_shape), complex_(4, 3), complex_(4))],
        torch=lambda t, x, w, b: t.nn.functional.linear(x, w, b),
        jax=None,
        label=str(_shape),
    )
row(
    "nn.functional.cross_entropy",
    lambda m, x, t: F.cross_entropy(x, t, ignore_index=1),
    [(real(4, 3), np.array([0, 2, 1, 0])), (real(3, 3), np.array([2, 0, 2]))],
    reference=lambda m, x, t: np.mean(
        _negative_log_likelihood(m, x - np.log(np.exp(x).sum(-1, keepdims=True)), t)[t != 1]
    ),
    torch=lambda t, x, y: t.nn.functional.cross_entropy(x, y, ignore_index=1),
    jax=None,
    label="mean",
    dask="",
)
