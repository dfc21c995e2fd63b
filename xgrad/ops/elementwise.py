"""Arithmetic, powers, exponentials and logarithms, element by element.

Broadcasting, promotion and special values are the array library's. The decorator of each
function has its derivative: one partial derivative for each argument.
"""

import math
from typing import Any

from xgrad.backends.dtypes import (
    DIFFERENTIABLE_IDS,
    canonical,
    float64,
    is_complex,
    is_differentiable,
    weak_dtype,
)
from xgrad.backends.namespace import Namespace
from xgrad.backends.scalars import WEAK, is_scalar
from xgrad.engine.constructors import (
    IDENTITY,
    NEGATION,
    elementwise,
)
from xgrad.engine.declare import function
from xgrad.engine.dispatch import XG, backend_below, recorded
from xgrad.engine.precision import OPEN, WIDE, half_of
from xgrad.engine.tensor import Tensor, lowest
from xgrad.typing import ArrayLike, Value

__all__ = [
    "add",
    "divide",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "multiply",
    "negative",
    "positive",
    "pow",
    "reciprocal",
    "sigmoid",
    "sqrt",
    "square",
    "subtract",
]  # fmt: skip

# -- arithmetic --------------------------------------------------------------------------------


@elementwise(partials=(IDENTITY, IDENTITY), direct=True, numpy="add", operator="+", rules=True)
def add(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Sum, element by element."""
    return xp.add(x1, x2)


@elementwise(partials=(IDENTITY, NEGATION), direct=True, numpy="subtract", operator="-", rules=True)
def subtract(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Difference, element by element."""
    return xp.subtract(x1, x2)


# Not masked: that would take a tenth of a tiny op's time (docs/design.md, "A masked infinity").
@elementwise(partials=("x2", "x1"), direct=True, numpy="multiply", operator="*", rules=True)
def multiply(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Product, element by element."""
    return xp.multiply(x1, x2)


@elementwise(partials=("y", "x"), singular=True, direct="multiply")
def _singular_product(xp: Namespace, x: Value, y: Value, /) -> Value:
    return xp.multiply(x, y)


@function(rules=True)
def masked_product(g: Any, partial: Any) -> Any:
    """The recorded form of the backend hook; its derivatives are masked, too."""
    if isinstance(partial, float | complex):
        return multiply(g, partial)
    masked = XG.logical_and(XG.equal(g, 0), XG.logical_not(XG.isfinite(partial)))
    return _singular_product(g, XG.where(masked, XG.zeros_like(partial), partial))


def as_floating(xp: Namespace, x: Value) -> Value:
    """Return integers and booleans as float64: they would wrap around, or become narrow floats."""
    dtype = getattr(x, "dtype", None)
    if dtype is None or id(dtype) in DIFFERENTIABLE_IDS or is_differentiable(dtype):
        return x
    return xp.astype(x, float64)


def _reciprocal(xp: Namespace, x2: Value) -> Any:
    if type(x2) in WEAK:
        return 1 / x2 if x2 else math.copysign(math.inf, x2)
    return 1 / as_floating(xp, x2)


@elementwise(
    partials=(_reciprocal, lambda xp, x2, out: -(out / x2)),
    singular=True,
    direct=True,
    numpy="divide",
    operator="/",
    rules=True,
)
def divide(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Quotient, element by element; true division for integers too."""
    return xp.divide(x1, x2)


@elementwise(partial=NEGATION, direct=True, numpy="negative", operator="-x", rules=True)
def negative(xp: Namespace, x: Value, /) -> Value:
    """``-x``."""
    return xp.negative(x)


@elementwise(partial=IDENTITY, direct=True, numpy="positive", operator="+x")
def positive(xp: Namespace, x: Value, /) -> Value:
    """``+x``: a copy."""
    return xp.positive(x)


@elementwise(
    partial=lambda xp, x, out: xp.negative(xp.divide(out, x)),
    singular=True,
    direct=True,
    precision=WIDE,
    numpy="reciprocal",
)
def reciprocal(xp: Namespace, x: Value, /) -> Value:
    """``1 / x``."""
    return xp.reciprocal(x)


@elementwise(partial=lambda xp, x: 2 * x, direct=True, numpy="square", rules=True)
def square(xp: Namespace, x: Value, /) -> Value:
    """``x * x``."""
    return xp.square(x)


@elementwise(
    partial=lambda xp, out: 0.5 / out, singular=True, direct=True, numpy="sqrt", rules=True
)
def sqrt(xp: Namespace, x: Value, /) -> Value:
    """Square root. Gradient: ``0.5 / sqrt(x)``, taken as 0 where the cotangent is 0."""
    return xp.sqrt(x)


# -- powers ------------------------------------------------------------------------------------


def _power_by_x(xp: Namespace, x: Value, y: Value) -> Value:
    # y x^(y-1), without 0 · 0^-1 where y = 0.
    flat = xp.equal(y, 0)
    lowered = xp.subtract(xp.where(flat, xp.ones_like(y), y), xp.ones_like(y))
    return xp.where(flat, xp.zeros_like(y), xp.multiply(y, xp.pow(x, lowered)))


def _power_by_y(xp: Namespace, x: Value, out: Value) -> Value:
    # x^y log x, whose limit at x = 0 is 0 for y > 0.
    x = as_floating(xp, x)
    zero = xp.equal(x, 0)
    return xp.multiply(out, xp.log(xp.where(zero, xp.ones_like(x), x)))


@elementwise(partials=(_power_by_x, _power_by_y), singular=True, direct=True, precision=WIDE)
def _pow(xp: Namespace, x: Value, y: Value, /) -> Value:
    return xp.pow(x, y)


def _lowered_power(xp: Namespace, x: Value, exponent: float) -> Value:
    if exponent == 0:
        return xp.zeros_like(x)
    if exponent == 3:
        return 3 * xp.square(x)
    return exponent * xp.pow(x, exponent - 1)


@elementwise(partial=_lowered_power, singular=True, precision=WIDE)
def _power_constant(xp: Namespace, x: Value, /, *, exponent: float) -> Value:
    return xp.pow(x, exponent)


@elementwise(partial=lambda xp, out, base: math.log(base) * out, singular=True, precision=WIDE)
def _power_of_constant(xp: Namespace, x: Value, /, *, base: float) -> Value:
    return xp.pow(xp.full_like(x, base), x)


@function(numpy="power", operator="**", rules=True)
def pow(x1: ArrayLike, x2: ArrayLike) -> Tensor:
    """``x1 ** x2``, element by element.

    Gradients: ``x2 * x1**(x2 - 1)``, 0 where ``x2`` is 0; and ``x1**x2 * log(x1)``, 0 where
    ``x1`` is 0, NaN (not real) where ``x1`` is negative.
    """
    if type(x2) is int or type(x2) is float:
        # Integers to 2.0 are floats; autocast widens powers of half precision, not squares.
        squared = x2 == 2 and (type(x2) is int or is_floating(x1))
        if squared and not (OPEN[0] and half_of((x1,)) is not None):
            return square(x1)
        if x2 == 1 and is_floating(x1):
            return positive(x1)
        if not is_scalar(x1):
            return _power_constant(x1, exponent=x2)
    elif (type(x1) is int or type(x1) is float) and x1 > 0 and is_floating(x2):
        return _power_of_constant(x2, base=float(x1))
    return _pow(as_array(x1, x2), as_array(x2, x1))


def as_array(x: Any, other: Any) -> Any:
    """Return a Python number as an array like another one, for rules that read its dtype."""
    if type(x) not in WEAK or not hasattr(other, "dtype"):
        return x
    xp, raw = backend_below(other).xp, lowest(other)
    dtype = weak_dtype(x, canonical(raw.dtype))
    return xp.asarray(x, dtype=dtype, device=xp.device(raw))


def is_floating(x: Any) -> bool:
    """Whether ``x`` is an array or a Tensor with a dtype that carries gradients."""
    dtype = getattr(x, "dtype", None)
    return dtype is not None and is_differentiable(dtype)


# -- exponentials and logarithms ---------------------------------------------------------------


@elementwise(partial="out", direct=True, precision=WIDE, numpy="exp", rules=True)
def exp(xp: Namespace, x: Value, /) -> Value:
    """Exponential."""
    return xp.exp(x)


@elementwise(
    partial=lambda xp, out: out + 1,
    direct=True,
    precision=WIDE,
    numpy="expm1",
    scipy="expm1",
    rules=True,
)
def expm1(xp: Namespace, x: Value, /) -> Value:
    """``exp(x) - 1``, accurate near 0."""
    return xp.expm1(x)


@elementwise(
    partial=lambda xp, x: 1 / x,
    singular=True,
    direct=True,
    precision=WIDE,
    numpy="log",
    rules=True,
)
def log(xp: Namespace, x: Value, /) -> Value:
    """Natural logarithm."""
    return xp.log(x)


@elementwise(
    partial=lambda xp, x: 1 / (x + 1),
    singular=True,
    direct=True,
    precision=WIDE,
    numpy="log1p",
    scipy="log1p",
    rules=True,
)
def log1p(xp: Namespace, x: Value, /) -> Value:
    """``log(1 + x)``, accurate near 0."""
    return xp.log1p(x)


@elementwise(
    partial=lambda xp, out: math.log(2) * out,
    direct=True,
    precision=WIDE,
    numpy="exp2",
    scipy="exp2",
)
def exp2(xp: Namespace, x: Value, /) -> Value:
    """``2 ** x``. Gradient: ``log(2) * 2**x``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.exp2(xg.asarray([-1.0, 0.5, 3.0]))
    Tensor([0.5       , 1.41421356, 8.        ])
    """
    return xp.exp2(x)


@elementwise(
    partial=lambda xp, x: (1 / math.log(2)) / x,
    singular=True,
    direct=True,
    precision=WIDE,
    numpy="log2",
)
def log2(xp: Namespace, x: Value, /) -> Value:
    """Logarithm to base 2. Gradient: ``1 / (x log(2))``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.log2(xg.asarray([0.5, 1.0, 8.0]))
    Tensor([-1.,  0.,  3.])
    """
    return xp.log2(x)


@elementwise(
    partial=lambda xp, x: (1 / math.log(10)) / x,
    singular=True,
    direct=True,
    precision=WIDE,
    numpy="log10",
)
def log10(xp: Namespace, x: Value, /) -> Value:
    """Logarithm to base 10. Gradient: ``1 / (x log(10))``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.log10(xg.asarray([0.1, 1.0, 1000.0]))
    Tensor([-1.,  0.,  3.])
    """
    return xp.log10(x)


def _share(xp: Namespace, x1: Value, x2: Value, out: Value) -> Value:
    if is_complex(out.dtype):
        return xp.exp(xp.subtract(x1, out))
    # exp(x1 - out) as 1 / (1 + exp(x2 - x1)), because out is rounded (near 1e15 to integers).
    # If both are inf, it is 1/2; if both are -inf, 0.
    apart = xp.subtract(x2, x1)
    both = xp.logical_and(xp.isinf(out), xp.equal(x1, x2))
    apart = xp.where(both, xp.zeros_like(out), apart)
    # The derivatives of 1 / (1 + exp(x)) overflow: if they are needed, use the logistic function.
    share = logistic(negative(apart)) if xp is XG else 1 / (xp.exp(apart) + 1)
    return xp.where(xp.equal(out, -math.inf), xp.zeros_like(out), share)


@elementwise(
    partials=(_share, lambda xp, x1, x2, out: _share(xp, x1=x2, x2=x1, out=out)), numpy="logaddexp"
)
def logaddexp(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``log(exp(x1) + exp(x2))`` without overflow. Gradients: the softmax of the two.

    For complex numbers it is the principal logarithm.

    See Also
    --------
    xgrad.logsumexp : Along axes of one array.
    """
    dtypes = [getattr(x, "dtype", None) for x in (x1, x2)]
    if complex not in map(type, (x1, x2)) and not any(map(is_complex, dtypes)):
        return xp.logaddexp(x1, x2)
    x1, x2 = xp.add(x1, 0 * x2), xp.add(x2, 0 * x1)  # both complex, of the same shape
    first = xp.greater_equal(xp.real(x1), xp.real(x2))
    larger, smaller = xp.where(first, x1, x2), xp.where(first, x2, x1)
    return xp.add(larger, xp.log1p(xp.exp(xp.subtract(smaller, larger))))


# -- sigmoids -----------------------------------------------------------------


@elementwise(partial=lambda xp, out: xp.multiply(out, 1 - out), scipy="expit")
def sigmoid(xp: Namespace, x: Value, /) -> Value:
    """Logistic function ``1 / (1 + exp(-x))`` without overflow. Gradient: ``s * (1 - s)``."""
    x = as_floating(xp, x)  # -x of unsigned integers wraps around
    if is_complex(x.dtype):
        right = xp.greater_equal(xp.real(x), 0)
        small = xp.exp(xp.where(right, xp.negative(x), x))
    else:
        right = xp.greater_equal(x, 0)
        small = xp.exp(xp.negative(xp.abs(x)))
    return xp.divide(xp.where(right, xp.ones_like(x), small), small + 1)


def _logistic_slope(xp: Namespace, x: Value, out: Value) -> Value:
    return xp.multiply(out, recorded(logistic, xp.negative(x)))


# Not the rule of `sigmoid`: this one saves the input too, and computes another exponential.
@elementwise(partial=_logistic_slope)
def logistic(xp: Namespace, x: Value, /) -> Value:
    """`sigmoid` with derivatives that do not cancel where it is nearly 1."""
    return recorded(sigmoid, x)
