"""Losses for regression, distributions and distances."""

import math

from xgrad.backends.dtypes import refuse_complex
from xgrad.engine.dispatch import XG
from xgrad.engine.precision import in_single
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor, stripped
from xgrad.nn.checks import flags, number
from xgrad.nn.functional.activations import logsigmoid
from xgrad.nn.functional.reduction import (
    as_pair,
    check_reduction,
    check_same_shape,
    floating,
    floating_pair,
    reduce,
)
from xgrad.ops.arrangement import broadcast_arrays
from xgrad.ops.complex import abs
from xgrad.ops.creation import as_tensor
from xgrad.ops.elementwise import add, divide, exp, log, multiply, square, subtract
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.linalg.norms import vector_norm
from xgrad.ops.reductions import sum
from xgrad.ops.selection import maximum, minimum, relu, stop_gradient, where
from xgrad.ops.shape import reshape
from xgrad.ops.special.errors import xlogy
from xgrad.typing import ArrayLike


def _pair(function: str, input: ArrayLike, target: ArrayLike) -> tuple[Tensor, Tensor]:
    input, target = as_pair(input, target)
    check_same_shape(function, input, target)
    refuse_complex(function, input, target)
    return floating_pair(input, target)


@named
@in_single
def mse_loss(input: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Tensor:
    """Squared differences ``(input - target)**2``; the shapes must be equal."""
    input, target = _pair("mse_loss", input, target)
    return reduce("mse_loss", square(input - target), reduction)


@named
def l1_loss(input: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Tensor:
    """Absolute differences ``|input - target|``, also complex; the shapes must be equal.

    The gradient at 0 is 0.

    See Also
    --------
    xgrad.metrics.mean_absolute_error : The same as a metric, which is a constant.
    """
    input, target = as_pair(input, target)
    check_same_shape("l1_loss", input, target)
    input, target = floating_pair(input, target)
    return reduce("l1_loss", abs(input - target), reduction)


@named
@in_single
def huber_loss(
    input: ArrayLike, target: ArrayLike, reduction: str = "mean", delta: float = 1.0
) -> Tensor:
    """``d² / 2`` up to a distance ``d = delta``, then ``delta (d - delta / 2)`` (Huber, 1964).

    See Also
    --------
    xgrad.special.huber : SciPy's function ``huber(delta, r)`` of a residual, without a reduction.
    xgrad.nn.functional.smooth_l1_loss : The same divided by delta.
    """
    number("huber_loss", "delta", delta, 0, above=True)
    input, target = _pair("huber_loss", input, target)
    distance = abs(input - target)
    near = minimum(distance, delta)
    losses = near * (distance - near * 0.5)
    return reduce("huber_loss", losses, reduction)


@named
@in_single
def smooth_l1_loss(
    input: ArrayLike, target: ArrayLike, *, reduction: str = "mean", beta: float = 1.0
) -> Tensor:
    """`huber_loss` divided by its delta, ``beta``; `l1_loss` for ``beta`` 0."""
    number("smooth_l1_loss", "beta", beta, 0)
    input, target = _pair("smooth_l1_loss", input, target)
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return divide(huber_loss(input, target, reduction, beta), beta)


@named
@in_single
def kl_div(
    input: ArrayLike, target: ArrayLike, *, reduction: str = "mean", log_target: bool = False
) -> Tensor:
    """``target (log(target) - input)``, where the input is log probabilities.

    The mean is over all elements; ``"batchmean"`` divides the sum by the length of axis 0,
    which is the Kullback-Leibler divergence. With ``log_target`` the target is in logarithms.

    See Also
    --------
    xgrad.special.kl_div : SciPy's function of two probabilities, ``x log(x / y) - x + y``,
        element by element.
    """
    input, target = _pair("kl_div", input, target)
    flags("kl_div", log_target=log_target)
    if log_target:
        losses = exp(target) * (target - input)
    else:
        losses = xlogy(target, target) - target * input
    check_reduction("kl_div", reduction, ("batchmean",))
    if reduction == "batchmean":
        return divide(sum(losses), input.shape[0] if input.ndim else 1)
    return reduce("kl_div", losses, reduction)


@named
@in_single
def poisson_nll_loss(
    input: ArrayLike,
    target: ArrayLike,
    log_input: bool = True,
    full: bool = False,
    *,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """Negative log likelihood of counts: ``exp(x) - t x``, or ``x - t log(x + eps)`` for rates.

    ``full`` adds Stirling's approximation of ``log(t!)`` for targets over 1.
    """
    input, target = _pair("poisson_nll_loss", input, target)
    number("poisson_nll_loss", "eps", eps, 0)
    flags("poisson_nll_loss", log_input=log_input, full=full)
    losses = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        large = XG.greater(target, 1)
        t = where(large, target, 1.0)
        stirling = t * log(t) - t + 0.5 * log(t * (2 * math.pi))
        losses = losses + where(large, stirling, 0.0)
    return reduce("poisson_nll_loss", losses, reduction)


@named
@in_single
def gaussian_nll_loss(
    input: ArrayLike,
    target: ArrayLike,
    var: ArrayLike,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """``(log(var) + (input - target)² / var) / 2``, the variance at least ``eps``.

    ``var`` has the shape of the input, or this shape without the last axis or with length 1
    there, or is a number. ``full`` adds ``log(2π) / 2``. As in PyTorch the lower bound of the
    variance is not differentiated.
    """
    input, target = _pair("gaussian_nll_loss", input, target)
    number("gaussian_nll_loss", "eps", eps, 0, above=True)
    flags("gaussian_nll_loss", full=full)
    var = floating(var)
    if var.shape == input.shape[:-1] and var.shape != input.shape:
        var = reshape(var, (*var.shape, 1))
    if var.shape not in (input.shape, (), (*input.shape[:-1], 1)):
        raise ValueError(
            f"gaussian_nll_loss: expected a variance of shape {input.shape} or "
            f"{input.shape[:-1]}, got {var.shape}"
        )
    if holds(stripped(XG.less(var, 0))):
        raise ValueError("gaussian_nll_loss: expected variances >= 0, got a negative one")
    var = var + stop_gradient(maximum(var, eps) - var)
    losses = (log(var) + square(input - target) / var) * 0.5
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return reduce("gaussian_nll_loss", losses, reduction)


# -- distances and similarities ----------------------------------------------------------------


@named
@in_single
def cosine_similarity(x1: ArrayLike, x2: ArrayLike, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """``x1 · x2 / (max(|x1|, eps) max(|x2|, eps))`` along an axis; shapes broadcast."""
    number("cosine_similarity", "eps", eps, 0)
    x1, x2 = floating_pair(as_tensor(x1), as_tensor(x2))
    if x1.shape != x2.shape:  # broadcast first: norms are of whole vectors
        x1, x2 = broadcast_arrays(x1, x2)
    lengths = (maximum(vector_norm(x, axis=dim, keepdims=True), eps) for x in (x1, x2))
    first, second = lengths
    return sum(multiply(divide(x1, first), divide(x2, second)), axis=dim)


@named
@in_single
def pairwise_distance(
    x1: ArrayLike, x2: ArrayLike, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """Norm of ``x1 - x2 + eps`` along the last axis."""
    number("pairwise_distance", "p", p)
    number("pairwise_distance", "eps", eps)
    flags("pairwise_distance", keepdim=keepdim)
    x1, x2 = floating_pair(*as_pair(x1, x2))
    return vector_norm(add(subtract(x1, x2), eps), ord=p, axis=-1, keepdims=keepdim)


def _signs(function: str, target: ArrayLike, input: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Check a target of 1 and -1 against the shape of the losses."""
    _, signs = floating_pair(*as_pair(input, target))
    if signs.shape != shape:
        raise ValueError(f"{function}: expected a target of shape {shape}, got {signs.shape}")
    return signs


@named
@in_single
def cosine_embedding_loss(
    input1: ArrayLike,
    input2: ArrayLike,
    target: ArrayLike,
    margin: float = 0.0,
    *,
    reduction: str = "mean",
) -> Tensor:
    """``1 - cos`` for targets 1, ``max(0, cos - margin)`` for -1.

    Inputs (N, D) or (D), targets (N) or ().
    """
    x1, x2 = _pair("cosine_embedding_loss", input1, input2)
    number("cosine_embedding_loss", "margin", margin)
    if x1.ndim not in (1, 2):
        raise ValueError(f"cosine_embedding_loss: expected (N, D) or (D), got {x1.shape}")
    target = _signs("cosine_embedding_loss", target, x1, x1.shape[:-1])
    tiny = 1e-12  # PyTorch's
    squares = (sum(square(x1), axis=-1) + tiny) * (sum(square(x2), axis=-1) + tiny)
    cosine = sum(x1 * x2, axis=-1) / XG.sqrt(squares)
    losses = where(XG.equal(target, 1), 1 - cosine, relu(cosine - margin))
    return reduce("cosine_embedding_loss", losses, reduction)


@named
@in_single
def triplet_margin_loss(
    anchor: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, d(anchor, positive) - d(anchor, negative) + margin)`` along the last axis.

    ``swap`` takes the smaller of the distances from the negative to anchor and positive (Balntas
    and others, 2016).
    """
    number("triplet_margin_loss", "margin", margin, 0, above=True)
    flags("triplet_margin_loss", swap=swap)
    anchor, positive = _pair("triplet_margin_loss", anchor, positive)
    anchor, negative = _pair("triplet_margin_loss", anchor, negative)
    near = pairwise_distance(anchor, positive, p, eps)
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduce("triplet_margin_loss", relu(near - far + margin), reduction)


@named
def margin_ranking_loss(
    input1: ArrayLike,
    input2: ArrayLike,
    target: ArrayLike,
    margin: float = 0.0,
    *,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, -target (input1 - input2) + margin)`` for targets 1 and -1."""
    x1, x2 = _pair("margin_ranking_loss", input1, input2)
    number("margin_ranking_loss", "margin", margin)
    target = _signs("margin_ranking_loss", target, x1, x1.shape)
    return reduce("margin_ranking_loss", relu(margin - target * (x1 - x2)), reduction)


@named
def hinge_embedding_loss(
    input: ArrayLike, target: ArrayLike, margin: float = 1.0, *, reduction: str = "mean"
) -> Tensor:
    """The input for targets 1, ``max(0, margin - input)`` for -1; for other targets their sum."""
    input, target = _pair("hinge_embedding_loss", input, target)
    number("hinge_embedding_loss", "margin", margin)
    similar = where(XG.equal(target, -1), 0.0, input)
    losses = similar + where(XG.equal(target, 1), 0.0, relu(margin - input))
    return reduce("hinge_embedding_loss", losses, reduction)


@named
@in_single
def soft_margin_loss(input: ArrayLike, target: ArrayLike, *, reduction: str = "mean") -> Tensor:
    """``log(1 + exp(-target input))`` for targets 1 and -1."""
    input, target = _pair("soft_margin_loss", input, target)
    return reduce("soft_margin_loss", -logsigmoid(target * input), reduction)


__all__ = [
    "cosine_embedding_loss", "cosine_similarity", "gaussian_nll_loss", "hinge_embedding_loss",
    "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "pairwise_distance",
    "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss",
]  # fmt: skip
