"""Losses as functions, under PyTorch's names; checks come first."""

from typing import Any

from xgrad.backends.dtypes import refuse_complex
from xgrad.engine.batching import batch_elementwise, fill_batch
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.ops.creation import asarray, astype
from xgrad.ops.elementwise import logaddexp, square
from xgrad.ops.indexing import take
from xgrad.ops.reductions import mean, sum
from xgrad.ops.selection import where
from xgrad.ops.shape import permute_dims

REDUCTIONS = ("mean", "sum", "none")


def reduce(function: str, losses: Tensor, reduction: str) -> Tensor:
    """Return the mean, the sum, or all of the losses."""
    if reduction == "mean":
        return mean(losses)
    if reduction == "sum":
        return sum(losses)
    if reduction == "none":
        return losses
    raise ValueError(
        f"{function}: reduction must be one of {', '.join(REDUCTIONS)}, got {reduction!r}"
    )


def _check_same_shape(function: str, input: Any, target: Any) -> None:
    if tuple(input.shape) != tuple(target.shape):
        raise ValueError(
            f"{function}: input and target have different shapes, {tuple(input.shape)} and "
            f"{tuple(target.shape)}; reshape one of them"
        )


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Tensor:
    """Squared differences ``(input - target)**2``, shapes equal."""
    input, target = asarray(input), asarray(target)
    _check_same_shape("mse_loss", input, target)
    return reduce("mse_loss", square(input - target), reduction)


# -- binary cross entropy ----------------------------------------------------------------------

_LOWEST_LOG = -100.0  # PyTorch's floor of a logarithm, so that probabilities 0 and 1 are finite
_SMALLEST_VARIANCE = 1e-12  # PyTorch's floor of p (1 - p) in the gradient


def _log_floor(xp: Any, x: Any) -> Any:
    positive = xp.greater(x, 0)
    log = xp.log(xp.where(positive, x, xp.ones_like(x)))
    floor = xp.full_like(x, _LOWEST_LOG)
    return xp.where(xp.logical_and(positive, xp.greater(log, _LOWEST_LOG)), log, floor)


def _bce_by_probability(xp: Any, t: Any, p: Any, target: Any) -> Any:
    variance = xp.multiply(p, 1 - p)
    low = xp.less(variance, _SMALLEST_VARIANCE)
    floor = xp.where(low, xp.full_like(p, _SMALLEST_VARIANCE), variance)
    return xp.multiply(t, xp.divide(xp.subtract(p, target), floor))


def _bce_by_target(xp: Any, t: Any, p: Any) -> Any:
    return xp.multiply(t, xp.subtract(_log_floor(xp, 1 - p), _log_floor(xp, p)))


@general(
    vjps=(_bce_by_probability, _bce_by_target),
    jvps=(_bce_by_probability, _bce_by_target),
    batch=batch_elementwise,
)
def _bce(xp: Any, p: Any, target: Any, /) -> Any:
    hit = xp.multiply(target, _log_floor(xp, p))
    miss = xp.multiply(1 - target, _log_floor(xp, 1 - p))
    return xp.negative(xp.add(hit, miss))


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, reduction: str = "mean"
) -> Tensor:
    """``-(t log p + (1 - t) log(1 - p))`` of probabilities p in [0, 1], natural logarithm.

    As in PyTorch a logarithm is at least -100, and the gradient
    ``(p - t) / max(p (1 - p), 1e-12)``, so both are finite at 0 and 1.
    """
    input, target = asarray(input), asarray(target)
    _check_same_shape("binary_cross_entropy", input, target)
    refuse_complex("binary_cross_entropy", input, target)
    losses = _bce(input, astype(target, input.dtype, copy=False))
    if weight is not None:
        losses = losses * weight
    return reduce("binary_cross_entropy", losses, reduction)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Tensor:
    """Binary cross entropy of ``sigmoid(input)``, without overflow.

    ``pos_weight`` multiplies the loss of positive targets.
    """
    input, target = asarray(input), asarray(target)
    _check_same_shape("binary_cross_entropy_with_logits", input, target)
    refuse_complex("binary_cross_entropy_with_logits", input, target)
    target = astype(target, input.dtype, copy=False)
    softplus = logaddexp(-input, 0.0)
    if pos_weight is not None:
        softplus = softplus * (1 + (asarray(pos_weight) - 1) * target)
    losses = (1 - target) * input + softplus
    if weight is not None:
        losses = losses * weight
    return reduce("binary_cross_entropy_with_logits", losses, reduction)


# -- classes -----------------------------------------------------------------------------------


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Negative log likelihood: minus the log probability of each target class.

    Parameters
    ----------
    input : Tensor (C), (N, C) or (N, C, d1, ...)
        Log probabilities.
    target : integer Tensor (), (N) or (N, d1, ...)
        Classes in [0, C), or ``ignore_index``.
    weight : Tensor (C), optional
        The weight of each class; ``"mean"`` divides by the sum of the targets' weights.
    """
    input = asarray(input)
    target = target if type(target) is Tensor else _beside(target, input)
    _check_classes("nll_loss", input, target)
    if input.ndim > 2:  # classes last
        input = permute_dims(input, (0, *range(2, input.ndim), 1))
    losses = _nll(input, target, ignore_index=ignore_index)
    return _reduced("nll_loss", losses, target, weight, ignore_index, reduction)


def _reduced(
    function: str, losses: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str
) -> Tensor:
    """Weigh the losses of classes and reduce them; the mean is over the weights."""
    kept = target != ignore_index
    if weight is None:
        weights = astype(kept, losses.dtype) if reduction == "mean" else None
    else:
        weights = where(kept, take(asarray(weight), where(kept, target, 0)), 0.0)
        losses = losses * weights
    if reduction == "mean":
        return sum(losses) / sum(weights)
    return reduce(function, losses, reduction)


def _put_at_class(xp: Any, g: Any, target: Any, like: Any, ignore_index: int) -> Any:
    hit = xp.one_hot(target, like.shape[-1])
    g = xp.where(xp.not_equal(target, ignore_index), g, 0.0)
    return xp.where(hit, xp.negative(xp.reshape(g, (*g.shape, 1))), 0.0)


def _take_at_class(xp: Any, t: Any, target: Any, ignore_index: int) -> Any:
    hit = xp.one_hot(target, t.shape[-1])
    out = xp.negative(xp.sum(xp.where(hit, t, 0.0), axis=-1))
    return xp.where(xp.not_equal(target, ignore_index), out, 0.0)


def _batch_nll(op: Any, args: Any, batched: Any, params: Any) -> Any:
    return op(*fill_batch(args, batched), **params)


@general(vjps=(_put_at_class, None), jvps=(_take_at_class, None), batch=_batch_nll)
def _nll(xp: Any, log_p: Any, target: Any, /, *, ignore_index: int) -> Any:
    """Minus the log probability of the target; 0 where it is ``ignore_index``."""
    return _at_class(xp, log_p, target, ignore_index)


def _at_class(xp: Any, log_p: Any, target: Any, ignore_index: int) -> Any:
    kept = xp.not_equal(target, ignore_index)
    safe = xp.where(kept, target, xp.zeros_like(target))
    column = xp.expand_dims(safe, axis=-1)
    chosen = xp.squeeze(xp.take_along_axis(log_p, column, axis=-1), axis=-1)
    return xp.where(kept, xp.negative(chosen), 0.0)


def _beside(target: Any, input: Tensor) -> Tensor:
    """Return a target as a Tensor where the input is."""
    tensor = asarray(target)
    backend = backend_below(input)
    device = backend.xp.device(lowest(input))
    if tensor.backend.name == backend.name and device == tensor.device:
        return tensor
    return tensor.to(backend.name, device=device)


def _check_classes(function: str, input: Tensor, target: Tensor) -> None:
    if target.dtype.kind not in "iu":
        raise TypeError(f"{function}: expected integer classes as target, got {target.dtype}")
    if input.ndim == 0:
        raise ValueError(f"{function}: expected input (C), (N, C) or (N, C, ...), got a number")
    expected = input.shape[:1] + input.shape[2:] if input.ndim > 1 else ()
    if target.shape != expected:
        raise ValueError(
            f"{function}: expected a target of shape {expected} for input {input.shape}, "
            f"got {target.shape}"
        )


def _kept_count(xp: Any, target: Any, dtype: Any, ignore_index: int) -> Any:
    return xp.sum(xp.astype(xp.not_equal(target, ignore_index), dtype))


def _ce_vjp(
    xp: Any, g: Any, out: Any, target: Any, like: Any, ignore_index: int, mean: bool
) -> Any:
    by_loss, by_log_p = g
    log_p = out[1]
    p = xp.exp(log_p)
    total = None
    if by_loss is not None:
        if mean:
            by_loss = xp.divide(by_loss, _kept_count(xp, target, p.dtype, ignore_index))
        by_loss = xp.where(xp.not_equal(target, ignore_index), by_loss, 0.0)
        residual = xp.where(xp.one_hot(target, like.shape[-1]), p - 1.0, p)
        total = xp.multiply(residual, xp.reshape(by_loss, (*by_loss.shape, 1)))
    if by_log_p is not None:
        part = xp.subtract(by_log_p, xp.multiply(p, xp.sum(by_log_p, axis=-1, keepdims=True)))
        total = part if total is None else xp.add(total, part)
    return total


def _ce_jvp(xp: Any, t: Any, out: Any, target: Any, ignore_index: int, mean: bool) -> Any:
    centred = xp.subtract(t, xp.sum(xp.multiply(t, xp.exp(out[1])), axis=-1, keepdims=True))
    losses = _take_at_class(xp, centred, target, ignore_index)
    if mean:
        losses = xp.divide(xp.sum(losses), _kept_count(xp, target, t.dtype, ignore_index))
    return losses, centred


def _batch_ce(op: Any, args: Any, batched: Any, params: Any) -> Any:
    scores, target = fill_batch(args, batched)
    losses, log_p = op(scores, target, **{**params, "mean": False})
    if params["mean"]:
        axes = tuple(range(1, len(target.shape)))
        kept = XG.astype(XG.not_equal(target, params["ignore_index"]), log_p.dtype)
        losses = stripped(XG.divide(XG.sum(losses, axis=axes), XG.sum(kept, axis=axes)))
    return losses, log_p


@general(
    vjps=(_ce_vjp, None),
    jvps=(_ce_jvp, None),
    batch=_batch_ce,
    several=True,
    fresh=(True, False),
)
def _cross_entropy(xp: Any, scores: Any, target: Any, /, *, ignore_index: int, mean: bool) -> Any:
    """Minus the log softmax at the target, and the log softmax, kept for the rules."""
    shifted = xp.subtract(scores, xp.max(scores, axis=-1, keepdims=True))
    log_p = xp.subtract(shifted, xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True)))
    losses = _at_class(xp, log_p, target, ignore_index)
    if mean:
        losses = xp.divide(xp.sum(losses), _kept_count(xp, target, log_p.dtype, ignore_index))
    return losses, log_p


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """`nll_loss` of the log softmax of scores over the class axis (1, or 0 for one example)."""
    input = asarray(input)
    target = target if type(target) is Tensor else _beside(target, input)
    _check_classes("cross_entropy", input, target)
    refuse_complex("cross_entropy", input)
    if input.ndim > 2:  # classes last
        input = permute_dims(input, (0, *range(2, input.ndim), 1))
    mean = weight is None and reduction == "mean"
    losses, _ = _cross_entropy(input, target, ignore_index=ignore_index, mean=mean)
    if mean:
        return losses
    return _reduced("cross_entropy", losses, target, weight, ignore_index, reduction)
