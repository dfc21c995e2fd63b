"""Binary cross entropy of probabilities and of logits."""

from xgrad.backends.dtypes import refuse_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_elementwise
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG
from xgrad.engine.precision import WIDE
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor, stripped
from xgrad.nn.functional.reduction import as_pair, check_same_shape, floating_pair, reduce
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import logaddexp
from xgrad.ops.linalg.matrices import holds
from xgrad.typing import ArrayLike, Value

_LOWEST_LOG = -100.0  # PyTorch's lower bound of a logarithm: the loss is finite at 0 and 1
_SMALLEST_VARIANCE = 1e-12  # PyTorch's lower bound of p (1 - p) in the gradient


def _log_floor(xp: Namespace, x: Value) -> Value:
    zero = xp.less_equal(x, 0)  # NaN is not, and stays
    log = xp.log(xp.where(zero, xp.ones_like(x), x))
    floor = xp.full_like(x, _LOWEST_LOG)
    return xp.where(xp.logical_or(zero, xp.less(log, _LOWEST_LOG)), floor, log)


def _bce_by_probability(xp: Namespace, t: Value, p: Value, target: Value) -> Value:
    variance = xp.multiply(p, 1 - p)
    low = xp.less(variance, _SMALLEST_VARIANCE)
    floor = xp.where(low, xp.full_like(p, _SMALLEST_VARIANCE), variance)
    return xp.multiply(t, xp.divide(xp.subtract(p, target), floor))


def _bce_by_target(xp: Namespace, t: Value, p: Value) -> Value:
    return xp.multiply(t, xp.subtract(_log_floor(xp, 1 - p), _log_floor(xp, p)))


@general(
    vjps=(_bce_by_probability, _bce_by_target),
    jvps=(_bce_by_probability, _bce_by_target),
    batch=batch_elementwise,
    precision=WIDE,
)
def _bce(xp: Namespace, p: Value, target: Value, /) -> Value:
    hit = xp.multiply(target, _log_floor(xp, p))
    miss = xp.multiply(1 - target, _log_floor(xp, 1 - p))
    return xp.negative(xp.add(hit, miss))


@named
def binary_cross_entropy(
    input: ArrayLike, target: ArrayLike, weight: ArrayLike | None = None, *, reduction: str = "mean"
) -> Tensor:
    """``-(t log p + (1 - t) log(1 - p))`` of probabilities p in [0, 1], natural logarithm.

    As in PyTorch, logarithms are clamped at -100, and the gradient is
    ``(p - t) / max(p (1 - p), 1e-12)``, so both are finite at 0 and 1.
    Values outside [0, 1] raise if they can be read without synchronization (not on a GPU).

    See Also
    --------
    xgrad.nn.functional.binary_cross_entropy_with_logits : Takes scores instead of probabilities.
    """
    input, target = as_pair(input, target)
    check_same_shape("binary_cross_entropy", input, target)
    refuse_complex("binary_cross_entropy", input, target)
    input, target = floating_pair(input, target)
    outside = XG.logical_or(XG.less(input, 0), XG.greater(input, 1))
    if holds(stripped(outside)):
        raise ValueError(
            "binary_cross_entropy: expected probabilities in [0, 1] as input; for other numbers "
            "use binary_cross_entropy_with_logits"
        )
    losses = _bce(input, astype(target, input.dtype, copy=False))
    if weight is not None:
        losses = losses * weight
    return reduce("binary_cross_entropy", losses, reduction)


@named
def binary_cross_entropy_with_logits(
    input: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    reduction: str = "mean",
    pos_weight: ArrayLike | None = None,
) -> Tensor:
    """Binary cross entropy of ``sigmoid(input)``, without overflow.

    ``pos_weight`` multiplies the loss of positive targets.

    See Also
    --------
    xgrad.nn.functional.binary_cross_entropy : Takes probabilities.
    """
    input, target = as_pair(input, target)
    check_same_shape("binary_cross_entropy_with_logits", input, target)
    refuse_complex("binary_cross_entropy_with_logits", input, target)
    input, target = floating_pair(input, target)
    target = astype(target, input.dtype, copy=False)
    softplus = logaddexp(-input, 0.0)
    if pos_weight is not None:
        softplus = softplus * (1 + (as_tensor(pos_weight) - 1) * target)
    losses = (1 - target) * input + softplus
    if weight is not None:
        losses = losses * weight
    return reduce("binary_cross_entropy_with_logits", losses, reduction)


__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits"]
