"""Metrics of a model, as Tensors on the backend of their arguments.

Results are constants: train with a loss of `xgrad.nn`. Metrics read nothing on
the host, so a training step does not wait for the device. `Mean` accumulates over an epoch and
is read once.
"""

import math
from typing import Any, NamedTuple

from xgrad.backends.dtypes import float64, is_complex
from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import EAGER, no_grad
from xgrad.engine.precision import in_single
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor, lowest
from xgrad.nn.checks import in_range, whole
from xgrad.nn.functional.reduction import as_pair, check_same_shape, on_device_of
from xgrad.ops.complex import abs
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import divide, multiply, square, subtract
from xgrad.ops.inspection import isdtype
from xgrad.ops.reductions import argmax, mean, sum
from xgrad.ops.selection import equal, greater, less, where
from xgrad.ops.shape import reshape
from xgrad.ops.views.take import index_add, take_along_axis
from xgrad.typing import ArrayLike

__all__ = [
    "Mean",
    "PrecisionRecallF1",
    "accuracy",
    "confusion_matrix",
    "mean_absolute_error",
    "precision_recall_f1",
    "r2_score",
    "top_k_accuracy",
]


def __dir__() -> list[str]:
    return __all__


def _classes(function: str, predicted: ArrayLike, target: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return predicted classes and targets: the class of scores (N, C, ...) is the largest."""
    scores = as_tensor(predicted).detach()
    classes = (target if type(target) is Tensor else on_device_of(target, scores)).detach()
    if not isdtype(classes.dtype, ("integral", "bool")):
        raise TypeError(f"{function}: expected integer classes as target, got {classes.dtype}")
    if scores.ndim == classes.ndim + 1:
        scores = argmax(scores, axis=1)
    elif not isdtype(scores.dtype, ("integral", "bool")):
        raise TypeError(
            f"{function}: expected scores (N, C, ...) or integer classes for a target "
            f"{classes.shape}, got {scores.dtype} {scores.shape}"
        )
    check_same_shape(function, scores, classes)
    return scores, classes


def _wide(x: ArrayLike) -> Tensor:
    """Return real numbers as float64: half-precision sums overflow, uint8 wraps around."""
    values = as_tensor(x).detach()
    return values if isdtype(values.dtype, "complex floating") else astype(values, "float64")


@named
def accuracy(predicted: ArrayLike, target: ArrayLike) -> Tensor:
    """Return the share of correct predictions, of scores (N, C, ...) or classes (N, ...).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.metrics.accuracy(xg.asarray([[0.1, 0.9], [0.8, 0.2]]), xg.asarray([1, 1]))
    Tensor(0.5)
    """
    with no_grad():
        classes, right = _classes("accuracy", predicted, target)
        return mean(astype(equal(classes, right), "float64"))


@named
def top_k_accuracy(scores: ArrayLike, target: ArrayLike, k: int) -> Tensor:
    """Return the share of targets (N) among the k classes with the highest scores (N, C).

    A target counts if fewer than k classes have higher scores.

    Examples
    --------
    >>> import xgrad as xg
    >>> scores = xg.asarray([[0.1, 0.5, 0.4], [0.3, 0.2, 0.5]])
    >>> xg.metrics.top_k_accuracy(scores, xg.asarray([2, 1]), k=2)
    Tensor(0.5)
    """
    whole("top_k_accuracy", "k", k, 1)
    with no_grad():
        s = as_tensor(scores).detach()
        classes = target if type(target) is Tensor else on_device_of(target, s)
        if s.ndim != 2 or classes.shape != s.shape[:1] or not 1 <= k <= s.shape[1]:
            raise ValueError(
                f"top_k_accuracy: expected scores (N, C), targets (N) and k up to C; got "
                f"{s.shape}, {classes.shape} and {k}"
            )
        in_range("top_k_accuracy", "targets", classes, s.shape[1])
        own = take_along_axis(s, reshape(classes, (-1, 1)), axis=1)
        higher = sum(astype(greater(s, own), "int64"), axis=1)
        return mean(astype(less(higher, k), "float64"))


@named
def confusion_matrix(predicted: ArrayLike, target: ArrayLike, num_classes: int) -> Tensor:
    """Return counts (num_classes, num_classes), with targets as rows, predictions as columns.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.metrics.confusion_matrix(xg.asarray([0, 1, 1]), xg.asarray([0, 0, 1]), 2)
    Tensor([[1, 1],
            [0, 1]])
    """
    with no_grad():
        return _counts("confusion_matrix", predicted, target, num_classes)


def _counts(function: str, predicted: ArrayLike, target: ArrayLike, num_classes: int) -> Tensor:
    whole(function, "num_classes", num_classes, 1)
    classes, right = _classes(function, predicted, target)
    classes, right = classes.astype("int64"), right.astype("int64")
    in_range(function, "targets", right, num_classes)
    in_range(function, "predictions", classes, num_classes)
    cells = right * num_classes + classes
    cells = reshape(cells, (-1,))
    ones = astype(equal(cells, cells), "float64")
    counts = index_add(ones, cells, axis=0, size=num_classes**2)
    return reshape(astype(counts, "int64"), (num_classes, num_classes))


class PrecisionRecallF1(NamedTuple):
    """The result of `precision_recall_f1`: each field has one number per class, or one in all."""

    precision: Tensor
    recall: Tensor
    f1: Tensor


@named
def precision_recall_f1(
    predicted: Any, target: Any, num_classes: int, average: str | None = "macro"
) -> PrecisionRecallF1:
    """Return precision, recall and their harmonic mean, per class or averaged; 0 if undefined.

    Parameters
    ----------
    predicted : Tensor (N, C, ...) of scores, or (N, ...) of classes
    target : integer Tensor (N, ...)
    num_classes : int
    average : {"macro", "weighted", "micro", None}
        The mean over classes; the mean weighted by the frequency of targets; the metrics of
        the pooled counts; or the metrics of each class.

    Examples
    --------
    >>> import xgrad as xg
    >>> predicted, target = xg.asarray([0, 1, 1]), xg.asarray([0, 0, 1])
    >>> found = xg.metrics.precision_recall_f1(predicted, target, 2, average=None)
    >>> found.precision, found.recall
    (Tensor([1. , 0.5]), Tensor([0.5, 1. ]))
    """
    if average not in ("macro", "weighted", "micro", None):
        raise ValueError(
            "precision_recall_f1: average must be 'macro', 'weighted', 'micro' or None, got "
            f"{average!r}"
        )
    with no_grad():
        counts = _counts("precision_recall_f1", predicted, target, num_classes)
        counts = astype(counts, "float64")
        hits = reshape(counts, (-1,))[:: num_classes + 1]
        named, actual = sum(counts, axis=0), sum(counts, axis=1)
        if average == "micro":
            hits, named, actual = sum(hits), sum(named), sum(actual)
        precision, recall = _share(hits, named), _share(hits, actual)
        f1 = _share(multiply(precision, recall) * 2, precision + recall)
        found = (precision, recall, f1)
        if average == "macro":
            found = tuple(mean(x) for x in found)  # type: ignore[assignment]
        elif average == "weighted":
            weights = actual / sum(actual)
            found = tuple(sum(multiply(x, weights)) for x in found)  # type: ignore[assignment]
        return PrecisionRecallF1(*found)


def _share(part: Tensor, whole: Tensor) -> Tensor:
    none = equal(whole, 0)
    return where(none, 0.0, divide(part, where(none, 1.0, whole)))


@named
@in_single
def mean_absolute_error(predicted: ArrayLike, target: ArrayLike) -> Tensor:
    """Return the mean of ``|predicted - target|``, for equal shapes.

    See Also
    --------
    xgrad.nn.functional.l1_loss : The same as a loss, which can be differentiated.
    """
    with no_grad():
        x, y = (_wide(t) for t in as_pair(predicted, target))
        check_same_shape("mean_absolute_error", x, y)
        return mean(abs(subtract(x, y)))


@named
@in_single
def r2_score(predicted: ArrayLike, target: ArrayLike) -> Tensor:
    """Return ``1 - sum((target - predicted)²) / sum((target - mean)²)``: 1 is a perfect fit.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.metrics.r2_score(xg.asarray([1.0, 2.0, 2.0]), xg.asarray([1.0, 2.0, 3.0]))
    Tensor(0.5)
    """
    with no_grad():
        x, y = (_wide(t) for t in as_pair(predicted, target))
        check_same_shape("r2_score", x, y)
        rest, spread = sum(square(subtract(y, x))), sum(square(subtract(y, mean(y))))
        return subtract(1.0, divide(rest, spread))


class Mean:
    """A running average that stays on the device until it is read.

    See Also
    --------
    xgrad.mean : The mean of an array, which can be differentiated.

    Examples
    --------
    >>> import xgrad as xg
    >>> average = xg.metrics.Mean()
    >>> average.update(xg.asarray(1.0), weight=3)
    >>> average.update(xg.asarray(5.0))
    >>> average.compute()
    2.0
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Reset the average."""
        self._total: Any = None  # for values on a device, a raw array, which is cheapest
        self._number = self._weight = 0.0

    def update(self, value: Any, weight: float = 1.0) -> None:
        """Add a value, such as a batch's mean, with a weight, such as the batch size.

        All elements of an array are added. The sum is accumulated in float64, whatever the dtype of
        the values.
        """
        weight = float(weight)
        if hasattr(value, "dtype"):
            x = as_tensor(value)
            raw, xp = lowest(x), backend_below(x).xp
            if not is_complex(raw.dtype):
                raw = xp.astype(raw, float64, copy=False)
            term = (xp.sum(raw) if x.shape else raw) * weight
            self._total = term if self._total is None else xp.add(self._total, term)
            weight *= math.prod(x.shape)
        else:
            self._number += value * weight
        self._weight += weight

    def compute(self) -> float:
        """Return the average so far, which reads it; NaN without values."""
        if not self._weight:
            return float("nan")
        total = 0.0 if self._total is None else Tensor(self._total, EAGER).item()
        return float((self._number + total) / self._weight)

    def __repr__(self) -> str:
        return f"Mean(weight={self._weight:g})"
