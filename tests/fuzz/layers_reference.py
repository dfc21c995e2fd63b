"""``nn.functional`` with NumPy: the formulas of PyTorch's documentation, for `Reference`."""

import math
from itertools import product
from typing import Any

import numpy as np
import scipy.special

relu = lambda x: np.maximum(x, 0)  # noqa: E731
sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
tanh = np.tanh


def silu(x: Any) -> Any:
    return x * sigmoid(x)


def gelu(x: Any, approximate: str = "none") -> Any:
    if approximate == "none":
        if x.dtype == np.longdouble:
            raise TypeError("no error function in this precision")
        return x * scipy.special.ndtr(x)
    return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return np.where(beta * x > threshold, x, np.log1p(np.exp(beta * x)) / beta)


def logsigmoid(x: Any) -> Any:
    return -np.log1p(np.exp(-x))


def softsign(x: Any) -> Any:
    return x / (1 + np.abs(x))


def mish(x: Any) -> Any:
    return x * np.tanh(np.log1p(np.exp(x)))


def elu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(x))


def celu(x: Any, alpha: float = 1.0) -> Any:
    return np.where(x > 0, x, alpha * np.expm1(x / alpha))


def selu(x: Any) -> Any:
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    return np.clip(x, min_val, max_val)


def relu6(x: Any) -> Any:
    return np.clip(x, 0, 6)


def hardsigmoid(x: Any) -> Any:
    return np.clip(x / 6 + 0.5, 0, 1)


def hardswish(x: Any) -> Any:
    return x * hardsigmoid(x)


def tanhshrink(x: Any) -> Any:
    return x - np.tanh(x)


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Any:
    return np.where(x > 0, x, negative_slope * x)


def dropout(x: Any, p: float, training: bool) -> Any:
    return x


def threshold(x: Any, threshold: float, value: float) -> Any:
    return np.where(x > threshold, x, np.asarray(value, x.dtype))


def prelu(x: Any, weight: Any) -> Any:
    if weight.size > 1:
        weight = weight.reshape(-1, *(1,) * (x.ndim - 2))
    return np.where(x > 0, x, weight * x)


def glu(x: Any, dim: int = -1) -> Any:
    a, b = np.split(x, 2, axis=dim)
    return a * sigmoid(b)


def log_softmax(x: Any, dim: int) -> Any:
    x = x - np.max(x, axis=dim, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=dim, keepdims=True))


def softmax(x: Any, dim: int) -> Any:
    return np.exp(log_softmax(x, dim))


def softmin(x: Any, dim: int) -> Any:
    return softmax(-x, dim)


def normalize(x: Any, p: float, dim: int) -> Any:
    norm = np.sum(np.abs(x) ** p, axis=dim, keepdims=True) ** (1 / p)
    return x / np.maximum(norm, 1e-12)


def _standardised(x: Any, axis: Any, eps: float) -> Any:
    centred = x - x.mean(axis, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis, keepdims=True) + eps)


def _scaled(x: Any, weight: Any, bias: Any, channels: bool) -> Any:
    for operand, apply in ((weight, np.multiply), (bias, np.add)):
        if operand is not None:
            x = apply(x, operand.reshape(-1, *(1,) * (x.ndim - 2)) if channels else operand)
    return x


def layer_norm(x: Any, n: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    return _scaled(_standardised(x, -1, eps), weight, bias, False)


def rms_norm(x: Any, n: int, weight: Any = None, eps: float = 1e-5) -> Any:
    return _scaled(x / np.sqrt((x**2).mean(-1, keepdims=True) + eps), weight, None, False)


def group_norm(x: Any, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    out = _standardised(x.reshape(x.shape[0], groups, -1), -1, eps).reshape(x.shape)
    return _scaled(out, weight, bias, True)


def instance_norm(x: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    return _scaled(_standardised(x, tuple(range(2, x.ndim)), eps), weight, bias, True)


def batch_norm(
    x: Any, weight: Any = None, bias: Any = None, training: bool = True, eps: float = 1e-5
) -> Any:
    return _scaled(_standardised(x, (0, *range(2, x.ndim)), eps), weight, bias, True)


def linear(x: Any, w: Any, b: Any = None) -> Any:
    out = x @ w.T
    return out if b is None else out + b


def bilinear(x: Any, y: Any, w: Any) -> Any:
    return np.einsum("...i,kij,...j->...k", x, w, y)


def embedding(indices: Any, w: Any) -> Any:
    return w[indices]


def one_hot(indices: Any, n: int) -> Any:
    return np.eye(n, dtype=np.int64)[indices]


def cosine_similarity(x: Any, y: Any) -> Any:
    def norm(z: Any) -> Any:
        return np.maximum(np.sqrt((z**2).sum(1)), 1e-8)

    return (x * y).sum(1) / (norm(x) * norm(y))


def pairwise_distance(x: Any, y: Any) -> Any:
    return np.sqrt(((x - y + 1e-6) ** 2).sum(-1))


def _convolved(
    x: Any, w: Any, b: Any, stride: int, padding: int, dilation: int, groups: int
) -> Any:
    ndim = x.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0)] + [(padding, padding)] * ndim)
    kernel = w.shape[2:]
    counts = [
        (n - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(x.shape[2:], kernel, strict=True)
    ]
    if min(counts) < 1:
        raise ValueError("the kernel is larger than the image")
    own, made = w.shape[1], w.shape[0] // groups
    out = np.zeros((x.shape[0], w.shape[0], *counts), np.result_type(x, w))
    for place in product(*map(range, kernel)):
        part = x[(..., *(slice(dilation * p, dilation * p + stride * (c - 1) + 1, stride)
                         for p, c in zip(place, counts, strict=True)))]  # fmt: skip
        for g in range(groups):
            rows = slice(g * made, (g + 1) * made)
            out[:, rows] += np.einsum(
                "nc...,oc->no...", part[:, g * own : (g + 1) * own], w[(rows, slice(None), *place)]
            )
    return out if b is None else out + b.reshape(-1, *(1,) * ndim)


def _conv(
    x: Any, w: Any, b: Any = None, stride: int = 1, padding: int = 0, dilation: int = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    return _convolved(x, w, b, stride, padding, dilation, groups)


conv1d = conv2d = conv3d = _conv


def _conv_transpose(
    x: Any, w: Any, b: Any = None, stride: int = 1, padding: int = 0, dilation: int = 1,
    groups: int = 1,
) -> Any:  # fmt: skip
    ndim = x.ndim - 2
    kernel, own, made = w.shape[2:], x.shape[1] // groups, w.shape[1]
    sizes = [
        (n - 1) * stride + dilation * (k - 1) + 1 for n, k in zip(x.shape[2:], kernel, strict=True)
    ]
    out = np.zeros((x.shape[0], made * groups, *sizes), np.result_type(x, w))
    for place in product(*map(range, kernel)):
        where = (..., *(slice(dilation * p, dilation * p + stride * (n - 1) + 1, stride)
                        for p, n in zip(place, x.shape[2:], strict=True)))  # fmt: skip
        for g in range(groups):
            rows = slice(g * own, (g + 1) * own)
            out[:, g * made : (g + 1) * made][where] += np.einsum(
                "nc...,co->no...", x[:, rows], w[(rows, slice(None), *place)]
            )
    return out if b is None else out + b.reshape(-1, *(1,) * ndim)


conv_transpose1d = conv_transpose2d = _conv_transpose


def _pooled(x: Any, kernel: int, stride: Any, padding: int, ceil_mode: bool, how: Any) -> Any:
    stride = stride or kernel
    ndim = x.ndim - 2
    counts = []
    for n in x.shape[2:]:
        span = n + 2 * padding - kernel
        if span < 0:
            raise ValueError("the kernel is larger than the image")
        count = (-(-span // stride) if ceil_mode else span // stride) + 1
        if ceil_mode and (count - 1) * stride >= n + padding:
            count -= 1
        counts.append(count)
    out = np.zeros((*x.shape[:2], *counts), x.dtype)
    for place in np.ndindex(*counts):
        starts = [p * stride - padding for p in place]
        window = tuple(
            slice(max(s, 0), min(s + kernel, n)) for s, n in zip(starts, x.shape[2:], strict=True)
        )
        # Padding counts in a mean, but only as much as was requested.
        size = np.prod(
            [min(s + kernel, n + padding) - s for s, n in zip(starts, x.shape[2:], strict=True)]
        )
        out[(..., *place)] = how(x[(..., *window)], tuple(range(-ndim, 0)), size)
    return out


def _max_pool(
    x: Any, kernel: int, stride: Any = None, padding: int = 0, ceil_mode: bool = False
) -> Any:
    return _pooled(x, kernel, stride, padding, ceil_mode, lambda w, axes, _: w.max(axes))


def _avg_pool(
    x: Any, kernel: int, stride: Any = None, padding: int = 0, ceil_mode: bool = False
) -> Any:
    return _pooled(x, kernel, stride, padding, ceil_mode, lambda w, axes, n: w.sum(axes) / n)


max_pool1d = max_pool2d = _max_pool
avg_pool1d = avg_pool2d = _avg_pool


def _adaptive(x: Any, size: int, how: Any) -> Any:
    ndim = x.ndim - 2
    out = np.zeros((*x.shape[:2], *(size,) * ndim), x.dtype)
    for place in np.ndindex(*(size,) * ndim):
        window = tuple(
            slice(p * n // size, -(-(p + 1) * n // size))
            for p, n in zip(place, x.shape[2:], strict=True)
        )
        out[(..., *place)] = how(x[(..., *window)], axis=tuple(range(-ndim, 0)))
    return out


def _adaptive_avg(x: Any, size: int) -> Any:
    return _adaptive(x, size, np.mean)


def _adaptive_max(x: Any, size: int) -> Any:
    return _adaptive(x, size, np.max)


adaptive_avg_pool1d = adaptive_avg_pool2d = _adaptive_avg
adaptive_max_pool1d = adaptive_max_pool2d = _adaptive_max


def _reduced(x: Any, reduction: str) -> Any:
    return {"mean": np.mean, "sum": np.sum, "none": lambda x: x}[reduction](x)


def mse_loss(x: Any, y: Any, reduction: str = "mean") -> Any:
    return _reduced((x - y) ** 2, reduction)


def l1_loss(x: Any, y: Any, reduction: str = "mean") -> Any:
    return _reduced(np.abs(x - y), reduction)


def huber_loss(x: Any, y: Any, reduction: str = "mean") -> Any:
    d = np.abs(x - y)
    return _reduced(np.where(d < 1, d * d / 2, d - 0.5), reduction)


smooth_l1_loss = huber_loss


def nll_loss(
    x: Any, t: Any, reduction: str = "mean", weight: Any = None, ignore_index: int = -100
) -> Any:
    w = np.ones(x.shape[1], x.dtype) if weight is None else weight
    scale = np.where(t == ignore_index, 0, w[t])
    losses = -np.take_along_axis(x, t[:, None], 1)[:, 0] * scale
    return losses.sum() / scale.sum() if reduction == "mean" else _reduced(losses, reduction)


def cross_entropy(
    x: Any, t: Any, reduction: str = "mean", weight: Any = None, ignore_index: int = -100,
    label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    log_p = log_softmax(x, 1)
    w = np.ones(x.shape[1], x.dtype) if weight is None else weight
    kept = t != ignore_index
    scale = np.where(kept, w[t], 0)
    hard = -np.take_along_axis(log_p, t[:, None], 1)[:, 0] * scale
    soft = -(log_p * w).sum(1) * kept / x.shape[1]
    losses = (1 - label_smoothing) * hard + label_smoothing * soft
    return losses.sum() / scale.sum() if reduction == "mean" else _reduced(losses, reduction)


def binary_cross_entropy(p: Any, t: Any, reduction: str = "mean") -> Any:
    return _reduced(-(t * np.log(p) + (1 - t) * np.log(1 - p)), reduction)


def binary_cross_entropy_with_logits(x: Any, t: Any, reduction: str = "mean") -> Any:
    return _reduced(np.logaddexp(0, x) - t * x, reduction)


def kl_div(x: Any, t: Any, reduction: str = "mean") -> Any:
    return _reduced(t * (np.log(t) - x), reduction)


def poisson_nll_loss(x: Any, t: Any, reduction: str = "mean") -> Any:
    return _reduced(np.exp(x) - t * x, reduction)


def gaussian_nll_loss(x: Any, t: Any, var: Any, reduction: str = "mean") -> Any:
    return _reduced(0.5 * (np.log(var) + (x - t) ** 2 / var), reduction)


def soft_margin_loss(x: Any, t: Any, reduction: str = "mean") -> Any:
    return _reduced(np.log1p(np.exp(-t * x)), reduction)


def hinge_embedding_loss(x: Any, t: Any, reduction: str = "mean") -> Any:
    return _reduced(np.where(t == 1, x, np.maximum(0, 1 - x)), reduction)


def margin_ranking_loss(x: Any, y: Any, t: Any, margin: float) -> Any:
    return np.mean(np.maximum(0, -t * (x - y) + margin))


def cosine_embedding_loss(x: Any, y: Any, t: Any, margin: float) -> Any:
    c = (x * y).sum(1) / np.sqrt(((x**2).sum(1) + 1e-12) * ((y**2).sum(1) + 1e-12))
    return np.mean(np.where(t == 1, 1 - c, np.maximum(0, c - margin)))


def triplet_margin_loss(a: Any, p: Any, n: Any, swap: bool) -> Any:
    far = pairwise_distance(a, n)
    if swap:
        far = np.minimum(far, pairwise_distance(p, n))
    return np.mean(np.maximum(0, pairwise_distance(a, p) - far + 1))


def scaled_dot_product_attention(q: Any, k: Any, v: Any, is_causal: bool = False) -> Any:
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    if is_causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    return softmax(scores, -1) @ v
