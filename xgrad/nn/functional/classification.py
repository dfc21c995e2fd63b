"""Losses for classification: negative log likelihood and cross entropy."""

from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import refuse_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import fill_batch
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG
from xgrad.engine.precision import WIDE, WIDE_INSIDE, in_single
from xgrad.engine.primitive import Params
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor, stripped
from xgrad.nn.checks import in_range, number, whole
from xgrad.nn.functional.reduction import check_reduction, on_device_of, reduce
from xgrad.ops.counts import counting, narrowed, over_counts, widened
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import add
from xgrad.ops.reductions import sum
from xgrad.ops.selection import where
from xgrad.ops.shape import permute_dims
from xgrad.ops.softmax import log_softmax
from xgrad.ops.views.take import take
from xgrad.typing import Axis, SupportsArray, Value


@named
def nll_loss(
    input: SupportsArray,
    target: Any,
    weight: Any | None = None,
    *,
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

    See Also
    --------
    xgrad.nn.functional.cross_entropy : Takes scores instead of log probabilities.
    """
    input = as_tensor(input)
    target = target if type(target) is Tensor else on_device_of(target, input)
    check_reduction("nll_loss", reduction)
    _check_classes("nll_loss", input, target, ignore_index)
    target = _wide(target)
    weight = _class_weights("nll_loss", weight, input)
    if input.ndim > 2:  # classes last
        input = permute_dims(input, (0, *range(2, input.ndim), 1))
    losses = _nll(input, target, ignore_index=ignore_index)
    return _reduced("nll_loss", losses, target, weight, ignore_index, reduction)


@in_single
def _reduced(
    function: str, losses: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str
) -> Tensor:
    """Weight the losses of classes and reduce them; the mean divides by the sum of weights."""
    valid = target != ignore_index
    if weight is None:
        weights: Any = astype(valid, losses.dtype) if reduction == "mean" else None
    else:
        weights = where(valid, take(weight, where(valid, target, 0)), 0.0)
        losses = losses * weights
    if reduction == "mean":
        return sum(losses) / sum(weights)
    return reduce(function, losses, reduction)


def _put_at_class(xp: Namespace, g: Value, target: Value, like: Value, ignore_index: int) -> Value:
    hit = xp.one_hot(target, like.shape[-1])
    g = xp.where(xp.not_equal(target, ignore_index), g, 0.0)
    return xp.where(hit, xp.negative(xp.reshape(g, (*g.shape, 1))), 0.0)


def _take_at_class(xp: Namespace, t: Value, target: Value, ignore_index: int) -> Value:
    hit = xp.one_hot(target, t.shape[-1])
    out = xp.negative(xp.sum(xp.where(hit, t, 0.0), axis=-1))
    return xp.where(xp.not_equal(target, ignore_index), out, 0.0)


def _batch_nll(
    op: Callable[..., Any], args: tuple[Value, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    return op(*fill_batch(args, batched), **params)


@general(vjps=(_put_at_class, None), jvps=(_take_at_class, None), batch=_batch_nll, precision=WIDE)
def _nll(xp: Namespace, log_p: Value, target: Value, /, *, ignore_index: int) -> Value:
    """Return minus the log probability of the target; 0 where it is ``ignore_index``."""
    return _at_class(xp, log_p, target, ignore_index)


def _at_class(xp: Namespace, log_p: Value, target: Value, ignore_index: int) -> Value:
    valid = xp.not_equal(target, ignore_index)
    safe = xp.where(valid, target, xp.zeros_like(target))
    column = xp.expand_dims(safe, axis=-1)
    chosen = xp.squeeze(xp.take_along_axis(log_p, column, axis=-1), axis=-1)
    return xp.where(valid, xp.negative(chosen), 0.0)


def _class_weights(function: str, weight: Any, input: Tensor) -> Tensor | None:
    """Check that the weights have one entry per class."""
    if weight is None:
        return None
    classes = input.shape[min(input.ndim - 1, 1)]
    w = as_tensor(weight)
    if w.shape != (classes,):
        raise ValueError(
            f"{function}: expected weights of shape ({classes},), one per class, got {w.shape}"
        )
    return w


def _check_classes(function: str, input: Tensor, target: Tensor, ignore_index: int) -> None:
    if target.dtype.kind not in "iu":
        raise TypeError(f"{function}: expected integer classes as target, got {target.dtype}")
    if input.ndim == 0:
        raise ValueError(f"{function}: expected input (C), (N, C) or (N, C, ...), got a scalar")
    expected = input.shape[:1] + input.shape[2:] if input.ndim > 1 else ()
    if target.shape != expected:
        raise ValueError(
            f"{function}: expected a target of shape {expected} for input {input.shape}, "
            f"got {target.shape}"
        )
    whole(function, "ignore_index", ignore_index)
    in_range(function, "classes", target, input.shape[min(input.ndim - 1, 1)], ignore_index)


def _wide(target: Tensor) -> Tensor:
    """Return classes in a dtype that can represent -100, which wraps to 156 in uint8."""
    return astype(target, "int32") if target.dtype.itemsize < 4 else target


def _kept_count(
    xp: Namespace, target: Value, dtype: Any, ignore_index: int, axis: Axis = None
) -> Value:
    return xp.sum(xp.astype(xp.not_equal(target, ignore_index), counting(dtype)), axis=axis)


def _mean_kept(
    xp: Namespace, losses: Value, target: Value, ignore_index: int, axis: Axis = None
) -> Value:
    """Return the mean of losses over targets other than ``ignore_index``, where they are 0."""
    count = _kept_count(xp, target, losses.dtype, ignore_index, axis)
    mean = xp.divide(xp.sum(widened(xp, losses), axis=axis), count)
    return narrowed(xp, mean, losses.dtype)


def _ce_vjp(
    xp: Namespace, g: Any, out: Value, target: Value, like: Value, ignore_index: int, mean: bool
) -> Any:
    by_loss, by_log_p = g
    log_p = out[1]
    if by_log_p is None:
        fused = xp.kernels.cross_entropy_vjp(by_loss, log_p, target, ignore_index, mean)
        if fused is not None:
            return fused
    p = xp.exp(log_p)
    total = None
    if by_loss is not None:
        if mean:
            count = _kept_count(xp, target, p.dtype, ignore_index)
            by_loss = over_counts(xp, by_loss, count)
        by_loss = xp.where(xp.not_equal(target, ignore_index), by_loss, 0.0)
        residual = xp.where(xp.one_hot(target, like.shape[-1]), p - 1.0, p)
        total = xp.multiply(residual, xp.reshape(by_loss, (*by_loss.shape, 1)))
    if by_log_p is not None:
        part = xp.subtract(by_log_p, xp.multiply(p, xp.sum(by_log_p, axis=-1, keepdims=True)))
        total = part if total is None else xp.add(total, part)
    return total


def _ce_jvp(
    xp: Namespace, t: Value, out: Value, target: Value, ignore_index: int, mean: bool
) -> tuple[Value, ...]:
    centred = xp.subtract(t, xp.sum(xp.multiply(t, xp.exp(out[1])), axis=-1, keepdims=True))
    losses = _take_at_class(xp, centred, target, ignore_index)
    if mean:
        losses = _mean_kept(xp, losses, target, ignore_index)
    return losses, centred


def _batch_ce(
    op: Callable[..., Any], args: tuple[Value, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    scores, target = fill_batch(args, batched)
    losses, log_p = op(scores, target, **{**params, "mean": False})
    if params["mean"]:
        axes = tuple(range(1, len(target.shape)))
        losses = stripped(_mean_kept(XG, losses, target, params["ignore_index"], axes))
    return losses, log_p


@general(
    vjps=(_ce_vjp, None), jvps=(_ce_jvp, None), batch=_batch_ce, several=True, precision=WIDE_INSIDE
)
def _cross_entropy(
    xp: Namespace, scores: Value, target: Value, /, *, ignore_index: int, mean: bool
) -> tuple[Value, ...]:
    """Return minus the log softmax at the target, and the log softmax, saved for the rules."""
    fused = xp.kernels.cross_entropy(scores, target, ignore_index, mean)
    if fused is not None:
        return fused
    shifted = xp.subtract(scores, xp.max(scores, axis=-1, keepdims=True))
    log_p = xp.subtract(shifted, xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True)))
    losses = _at_class(xp, log_p, target, ignore_index)
    if mean:
        losses = _mean_kept(xp, losses, target, ignore_index)
    return losses, log_p


@named
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """`nll_loss` of the log softmax of scores over the class axis (1, or 0 for one example).

    Parameters
    ----------
    input : Tensor (C), (N, C) or (N, C, d1, ...)
        Scores.
    target : Tensor
        Integers (), (N) or (N, d1, ...); or class probabilities with the input's shape, for
        which the mean is over the examples, regardless of the weights.
    weight : Tensor (C), optional
        The weight of each class.
    label_smoothing : float
        The part of the probability, in [0, 1], that is distributed evenly over all classes
        (Szegedy and others, 2016).

    See Also
    --------
    xgrad.nn.functional.nll_loss : Takes log probabilities.
    """
    input = as_tensor(input)
    target = target if type(target) is Tensor else on_device_of(target, input)
    number("cross_entropy", "label_smoothing", label_smoothing, 0, 1)
    check_reduction("cross_entropy", reduction)
    by_probability = target.dtype.kind not in "iu" and target.shape == input.shape
    if by_probability and ignore_index >= 0:
        raise ValueError(
            f"cross_entropy: ignore_index {ignore_index} is a class, but the targets are "
            "probabilities"
        )
    if not by_probability:
        _check_classes("cross_entropy", input, target, ignore_index)
        target = _wide(target)
    weight = _class_weights("cross_entropy", weight, input)
    refuse_complex("cross_entropy", input)
    if input.ndim > 2:  # classes last
        order = (0, *range(2, input.ndim), 1)
        input = permute_dims(input, order)
        target = permute_dims(target, order) if by_probability else target
    if by_probability:
        return _of_probabilities(input, target, weight, reduction, label_smoothing)
    mean = weight is None and reduction == "mean"
    losses, log_p = _cross_entropy(input, target, ignore_index=ignore_index, mean=mean)
    if not mean:
        losses = _reduced("cross_entropy", losses, target, weight, ignore_index, reduction)
    if not label_smoothing:
        return losses
    part = label_smoothing / input.shape[-1]
    spread = _spread(log_p, target, weight, ignore_index, reduction, part)
    return add(losses * (1 - label_smoothing), spread)


@in_single
def _of_probabilities(
    scores: Tensor, target: Tensor, weight: Any, reduction: str, smoothing: float
) -> Tensor:
    if smoothing:
        target = target * (1 - smoothing) + smoothing / scores.shape[-1]
    terms = log_softmax(scores, axis=-1) * target
    if weight is not None:
        terms = terms * weight
    losses = -sum(terms, axis=-1)
    return reduce("cross_entropy", losses, reduction)


@in_single
def _spread(
    log_p: Tensor, target: Tensor, weight: Any, ignore_index: int, reduction: str, part: float
) -> Tensor:
    """Return minus the log probabilities of all classes times ``part``, reduced like losses."""
    terms = log_p if weight is None else log_p * weight
    valid = target != ignore_index
    losses = where(valid, -sum(terms, axis=-1), 0.0) * part
    if reduction != "mean":
        return reduce("cross_entropy", losses, reduction)
    if weight is None:
        weights = astype(valid, losses.dtype)
    else:
        weights = where(valid, take(weight, where(valid, target, 0)), 0.0)
    return sum(losses) / sum(weights)


__all__ = ["cross_entropy", "nll_loss"]
