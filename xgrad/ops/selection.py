"""Choosing between elements, comparing them, and logic."""

import math
from typing import Any, cast

from xgrad.backends.dtypes import is_differentiable
from xgrad.backends.namespace import Namespace
from xgrad.engine.constructors import Scaled, constant, elementwise
from xgrad.engine.tensor import Tensor, lowest
from xgrad.typing import ArrayLike, Value

__all__ = [
    "clip", "equal", "greater", "greater_equal", "isfinite", "isinf", "isnan", "less",
    "less_equal", "logical_and", "logical_not", "logical_or", "logical_xor", "maximum",
    "minimum", "not_equal", "stop_gradient", "where",
]  # fmt: skip


def _greater_share(xp: Namespace, t: Value, x1: Value, x2: Value) -> Value:
    # Where one is NaN, both get the whole gradient, as in PyTorch.
    return xp.where(xp.less(x1, x2), 0.0, xp.where(xp.equal(x1, x2), 0.5 * t, t))


@elementwise(
    partials=(
        Scaled(_greater_share),
        Scaled(lambda xp, t, x1, x2: _greater_share(xp, t, x2, x1)),
    ),
    direct=True,
    numpy="maximum",
)
def maximum(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """The greater of two numbers. At ties each argument gets half of the gradient.

    See Also
    --------
    xgrad.fmax : Ignores NaN if only one number is NaN.
    xgrad.max : The greatest element of one array.
    """
    return xp.maximum(x1, x2)


@elementwise(
    partials=(
        Scaled(lambda xp, t, x1, x2: _greater_share(xp, t, x2, x1)),
        Scaled(_greater_share),
    ),
    direct=True,
    numpy="minimum",
)
def minimum(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """The smaller of two numbers. At ties each argument gets half of the gradient.

    See Also
    --------
    xgrad.fmin : Ignores NaN if only one number is NaN.
    xgrad.min : The smallest element of one array.
    """
    return xp.minimum(x1, x2)


@elementwise(
    partials=(
        None,
        Scaled(lambda xp, t, condition: xp.where(condition, t, 0.0)),
        Scaled(lambda xp, t, condition: xp.where(condition, 0.0, t)),
    ),
    rules=True,
)
def where(xp: Namespace, condition: Value, x1: Value, x2: Value, /) -> Value:
    """``x1`` where a boolean condition is true, otherwise ``x2``.

    ``where(condition)`` alone is ``nonzero(condition)``, as in NumPy.
    """
    return xp.where(condition, x1, x2)


def _inside(xp: Namespace, t: Value, x: Value, lower: Value | None, upper: Value | None) -> Value:
    above = None if lower is None else xp.greater_equal(x, lower)
    below = None if upper is None else xp.less_equal(x, upper)
    if above is None or below is None:
        inside = below if above is None else above
        return t if inside is None else xp.masked(t, inside)
    return xp.masked(t, xp.logical_and(above, below))


@elementwise(partial=Scaled(_inside))
def _clip(xp: Namespace, x: Value, /, *, lower: Any, upper: Any) -> Value:
    return xp.clip(x, lower, upper)


def clip(x: ArrayLike, min: ArrayLike | None = None, max: ArrayLike | None = None) -> Tensor:
    """Limit values to ``[min, max]``; a bound may be a number, an array or None.

    The gradient of ``x`` is 1 inside and at the bounds, 0 outside; a bound gets the gradient of
    the elements that it replaces. NaN stays NaN, with gradient 0. A bound that is NaN replaces
    every element.

    See Also
    --------
    xgrad.nn.utils.clip_grad_value_ : Clips gradients in place.
    """
    if all(bound is None or type(bound) in (int, float) for bound in (min, max)):
        return _clip(x, lower=min, upper=max)
    out = where(isnan(x), math.nan, x) if _may_be_nan(x) else cast("Tensor", x)
    for bound, beyond in ((min, less), (max, greater)):
        if bound is None:
            continue
        replaced = beyond(out, bound)
        if _may_be_nan(bound):
            replaced = logical_or(replaced, isnan(bound))
        out = where(replaced, bound, out)
    return out


def _may_be_nan(x: Any) -> bool:
    dtype = getattr(lowest(x), "dtype", None)
    return x != x if dtype is None else is_differentiable(dtype)


@elementwise(partial=Scaled(lambda xp, t, out: xp.masked(t, xp.greater(out, 0))), direct=True)
def relu(xp: Namespace, x: Value, /) -> Value:
    """``max(x, 0)``. The gradient at 0 is 0."""
    return xp.relu(x)


@constant(method="detach")
def stop_gradient(xp: Namespace, x: Value, /) -> Value:
    """The same values, as a constant: no derivative flows through, in any mode.

    It is a snapshot: later writes to ``x``, such as an optimizer's, do not change it.

    See Also
    --------
    xgrad.no_grad : Stops recording on the tapes that are open.
    """
    return x


# -- comparison and logic: results carry no gradient -------------------------------------------


@constant(direct=True, numpy="equal", operator="==", rules=True)
def equal(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``x1 == x2``, element by element."""
    return xp.equal(x1, x2)


@constant(direct=True, numpy="not_equal", operator="!=", rules=True)
def not_equal(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``x1 != x2``, element by element."""
    return xp.not_equal(x1, x2)


@constant(direct=True, numpy="less", operator="<", rules=True)
def less(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``x1 < x2``, element by element."""
    return xp.less(x1, x2)


@constant(direct=True, numpy="less_equal", operator="<=", rules=True)
def less_equal(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``x1 <= x2``, element by element."""
    return xp.less_equal(x1, x2)


@constant(direct=True, numpy="greater", operator=">", rules=True)
def greater(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``x1 > x2``, element by element."""
    return xp.greater(x1, x2)


@constant(direct=True, numpy="greater_equal", operator=">=", rules=True)
def greater_equal(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``x1 >= x2``, element by element."""
    return xp.greater_equal(x1, x2)


@constant(rules=True)
def one_hot(xp: Namespace, classes: Value, /, *, count: int) -> Value:
    """Whether each class equals c, for c in ``range(count)`` along a new last axis."""
    return xp.one_hot(classes, count)


@constant(direct=True, numpy="logical_and", rules=True)
def logical_and(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``x1 and x2``, element by element; for booleans."""
    return xp.logical_and(x1, x2)


@constant(direct=True, numpy="logical_or", rules=True)
def logical_or(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``x1 or x2``, element by element; for booleans."""
    return xp.logical_or(x1, x2)


@constant(direct=True, numpy="logical_xor")
def logical_xor(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Whether exactly one is true, element by element; for booleans."""
    return xp.logical_xor(x1, x2)


@constant(direct=True, numpy="logical_not", rules=True)
def logical_not(xp: Namespace, x: Value, /) -> Value:
    """``not x``, element by element; for booleans."""
    return xp.logical_not(x)


@constant(direct=True, numpy="isfinite", rules=True)
def isfinite(xp: Namespace, x: Value, /) -> Value:
    """Whether an element is neither infinite nor NaN."""
    return xp.isfinite(x)


@constant(direct=True, numpy="isinf", rules=True)
def isinf(xp: Namespace, x: Value, /) -> Value:
    """Whether an element is infinite."""
    return xp.isinf(x)


@constant(direct=True, numpy="isnan")
def isnan(xp: Namespace, x: Value, /) -> Value:
    """Whether an element is NaN."""
    return xp.isnan(x)
