"""Step functions: rounding, remainders, signs, and neighbours. Bits of integers.

The derivative of a step function is 0; at the steps, where it does not exist, it is taken as 0.
"""

from typing import Any

from xgrad.backends.dtypes import BOOL, canonical, refuse_complex, uint8
from xgrad.backends.namespace import Namespace
from xgrad.engine.constructors import IDENTITY, ZERO, constant, elementwise
from xgrad.engine.declare import function
from xgrad.engine.tensor import Tensor
from xgrad.ops.selection import isnan, maximum, minimum, where
from xgrad.typing import ArrayLike, Value

__all__ = [
    "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "ceil", "copysign", "divmod", "floor", "floor_divide", "fmax", "fmin", "gcd",
    "lcm", "nextafter", "remainder", "round", "signbit", "trunc",
]  # fmt: skip

# -- rounding ----------------------------------------------------------------------------------


@elementwise(partial=ZERO, numpy="floor", rules=True)
def floor(xp: Namespace, x: Value, /) -> Value:
    """Greatest integer not above ``x``, in the dtype of ``x``. The gradient is 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.floor(xg.asarray([-1.5, 0.5, 2.0]))
    Tensor([-2.,  0.,  2.])
    """
    refuse_complex("floor", x)
    return xp.floor(x)


@elementwise(partial=ZERO, numpy="ceil")
def ceil(xp: Namespace, x: Value, /) -> Value:
    """Smallest integer not below ``x``, in the dtype of ``x``. The gradient is 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.ceil(xg.asarray([-1.5, 0.5, 2.0]))
    Tensor([-1.,  1.,  2.])
    """
    refuse_complex("ceil", x)
    return xp.ceil(x)


@elementwise(partial=ZERO, numpy="trunc")
def trunc(xp: Namespace, x: Value, /) -> Value:
    """``x`` rounded towards 0, in the dtype of ``x``. The gradient is 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.trunc(xg.asarray([-1.5, 0.5, 2.0]))
    Tensor([-1.,  0.,  2.])
    """
    refuse_complex("trunc", x)
    return xp.trunc(x)


@elementwise(partial=ZERO, direct=True, method=True, rules=True)
def round(xp: Namespace, x: Value, /) -> Value:
    """Nearest integer, with halves to even, in the dtype of ``x``. The gradient is 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.round(xg.asarray([0.5, 1.5, 2.4]))
    Tensor([0., 2., 2.])
    """
    return xp.round(x)


# -- division with remainder -------------------------------------------------------------------


@elementwise(partials=(ZERO, ZERO), numpy="floor_divide", operator="//", rules=True)
def floor_divide(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``floor(x1 / x2)``. The gradients are 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.floor_divide(xg.asarray([7, -7]), 2)
    Tensor([ 3, -4])
    """
    refuse_complex("floor_divide", x1, x2)
    return xp.floor_divide(x1, x2)


@elementwise(
    partials=(IDENTITY, lambda xp, x1, x2: xp.negative(xp.floor_divide(x1, x2))),
    numpy="remainder",
    operator="%",
)
def remainder(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``x1 - floor(x1 / x2) * x2``, with the sign of ``x2``. Gradients: 1 and ``-floor(x1 / x2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.remainder(xg.asarray([7.0, -7.0]), 3.0)
    Tensor([1., 2.])
    >>> xg.grad(xg.remainder, argnums=(0, 1))(7.0, 3.0)
    (1.0, -2.0)
    """
    refuse_complex("remainder", x1, x2)
    return xp.remainder(x1, x2)


@function(numpy="divmod", operator="divmod(x, y)")
def divmod(x1: ArrayLike, x2: ArrayLike) -> tuple[Tensor, Tensor]:
    """``(floor_divide(x1, x2), remainder(x1, x2))``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.divmod(xg.asarray([7, -7]), 2)
    (Tensor([ 3, -4]), Tensor([1, 1]))
    """
    return floor_divide(x1, x2), remainder(x1, x2)


# -- signs and neighbours ----------------------------------------------------------------------


@constant(numpy="signbit")
def signbit(xp: Namespace, x: Value, /) -> Value:
    """Whether the sign bit is set: for negative numbers and -0.0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.signbit(xg.asarray([-0.0, 0.0, -2.0]))
    Tensor([ True, False,  True])
    """
    refuse_complex("signbit", x)
    return xp.signbit(x)


def _same_sign(xp: Namespace, x1: Value, x2: Value) -> Value:
    # 1 if the sign of x1 is kept, -1 if it changes; 0 at x1 = 0, as for abs().
    return xp.multiply(xp.sign(x1), xp.copysign(xp.ones_like(x1), x2))


@elementwise(partials=(_same_sign, ZERO), numpy="copysign", rules=True)
def copysign(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Magnitude of ``x1`` with the sign of ``x2``. Gradients: ±1 (0 at ``x1 = 0``) and 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.copysign(xg.asarray([1.0, -2.0]), -0.0)
    Tensor([-1., -2.])
    """
    refuse_complex("copysign", x1, x2)
    return xp.copysign(x1, x2)


@elementwise(partials=(IDENTITY, ZERO), numpy="nextafter")
def nextafter(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Next floating-point number after ``x1`` towards ``x2``. Gradients: 1 and 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nextafter(1.0, 2.0) - 1.0
    Tensor(2.22044605e-16)
    """
    refuse_complex("nextafter", x1, x2)
    return xp.nextafter(x1, x2)


@function(numpy="fmax")
def fmax(x1: Any, x2: Any) -> Any:
    """The greater of two numbers; if one is NaN, the other (`maximum` returns NaN).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fmax(xg.asarray([1.0, xg.nan]), xg.asarray([0.0, 3.0]))
    Tensor([1., 3.])
    """
    return where(isnan(x1), x2, where(isnan(x2), x1, maximum(x1, x2)))


@function(numpy="fmin")
def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of two numbers; if one is NaN, the other (`minimum` returns NaN).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fmin(xg.asarray([1.0, xg.nan]), xg.asarray([0.0, 3.0]))
    Tensor([0., 3.])
    """
    return where(isnan(x1), x2, where(isnan(x2), x1, minimum(x1, x2)))


# -- bits --------------------------------------------------------------------------------------


@constant(direct=True, numpy="bitwise_and", operator="&")
def bitwise_and(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Bits that are set in both; for integers and booleans.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.asarray([5, 6]) & 3
    Tensor([1, 2])
    """
    return xp.bitwise_and(x1, x2)


@constant(direct=True, numpy="bitwise_or", operator="|")
def bitwise_or(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Bits that are set in at least one; for integers and booleans.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.asarray([5, 6]) | 3
    Tensor([7, 7])
    """
    return xp.bitwise_or(x1, x2)


@constant(direct=True, numpy="bitwise_xor", operator="^")
def bitwise_xor(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Bits that are set in exactly one; for integers and booleans.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.asarray([5, 6]) ^ 3
    Tensor([6, 5])
    """
    return xp.bitwise_xor(x1, x2)


@constant(direct=True, numpy="invert", operator="~x")
def bitwise_invert(xp: Namespace, x: Value, /) -> Value:
    """All bits inverted; for integers and booleans.

    See Also
    --------
    xgrad.logical_not : Only for booleans.

    Examples
    --------
    >>> import xgrad as xg
    >>> ~xg.asarray([5, -6])
    Tensor([-6,  5])
    """
    return xp.bitwise_invert(x)


@constant(direct=True, numpy="left_shift", operator="<<")
def bitwise_left_shift(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Bits shifted left by ``x2`` positions; for integers.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.asarray([5, 6]) << 2
    Tensor([20, 24])
    """
    return xp.bitwise_left_shift(x1, x2)


@constant(direct=True, numpy="right_shift", operator=">>")
def bitwise_right_shift(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Bits shifted right by ``x2`` positions; for integers.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.asarray([5, 6]) >> 1
    Tensor([2, 3])
    """
    return xp.bitwise_right_shift(x1, x2)


@constant(numpy="bitwise_count")
def _bitwise_count(xp: Namespace, x: Value, /) -> Value:
    """Number of bits that are set in the magnitude of integers."""
    if canonical(x.dtype) == BOOL:
        return xp.astype(x, uint8)
    return xp.bitwise_count(x)


# -- divisors ----------------------------------------------------------------------------------


@constant(direct=True, numpy="gcd")
def gcd(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Greatest common divisor of integers; of 0 and n it is ``|n|``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.gcd(xg.asarray([12, -18, 0]), 8)
    Tensor([4, 2, 8])
    """
    return xp.gcd(x1, x2)


@constant(direct=True, numpy="lcm")
def lcm(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Least common multiple of integers, not negative.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.lcm(xg.asarray([4, -6, 0]), 6)
    Tensor([12,  6,  0])
    """
    return xp.lcm(x1, x2)
