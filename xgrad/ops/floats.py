"""Roots, remainders and steps that NumPy has; mantissas and exponents; angles in degrees.

Integers become floating point, in the dtype that NumPy's function gives on NumPy.
"""

import math
from typing import Any

from xgrad.backends.dtypes import canonical, float64, is_complex, is_differentiable, refuse_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.constructors import IDENTITY, ZERO, Scaled, constant, elementwise
from xgrad.engine.declare import function
from xgrad.engine.dispatch import XG, backend_below, recorded
from xgrad.engine.precision import WIDE_INSIDE
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.complex import abs as abs_
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import as_array, logistic, pow
from xgrad.ops.rounding import round as round_
from xgrad.ops.rounding import trunc
from xgrad.typing import ArrayLike, Value

__all__ = [
    "cbrt", "deg2rad", "degrees", "fabs", "float_power", "fmod", "frexp", "heaviside", "ldexp",
    "logaddexp2", "modf", "rad2deg", "radians",
]  # fmt: skip


def _floating(x: ArrayLike, other: Any = None) -> Tensor:
    """Return integers and numbers as floating-point Tensors, as NumPy's functions do."""
    x = as_array(x, other)
    array: Any = x if hasattr(x, "dtype") else as_tensor(x)
    raw = lowest(array)
    if not is_differentiable(raw.dtype):
        array = astype(array, backend_below(raw).xp.float_of(canonical(raw.dtype)))
    return array if type(array) is Tensor else as_tensor(array)


def _floats(x1: ArrayLike, x2: ArrayLike) -> tuple[Tensor, Tensor]:
    return _floating(x1, x2), _floating(x2, x1)


# -- roots, exponentials -----------------------------------------------------------------------


@elementwise(
    partial=lambda xp, out: 1 / (3 * xp.square(out)),
    singular=True,
    direct="cbrt",
    precision=WIDE_INSIDE,
)
def _cbrt(xp: Namespace, x: Value, /) -> Value:
    return xp.cbrt(x)


@function(numpy="cbrt", scipy="cbrt")
def cbrt(x: ArrayLike) -> Tensor:
    """Cube root of real numbers. Gradient: ``1 / (3 cbrt(x)**2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cbrt(xg.asarray([-8.0, 27.0]))
    Tensor([-2.,  3.])
    """
    refuse_complex("cbrt", x)
    return _cbrt(_floating(x))


_LOG2 = math.log(2)


def _share(xp: Namespace, x1: Value, x2: Value, out: Value) -> Value:
    # 2**(x1 - out) as a logistic function, because out is rounded. Both inf: 1/2; both -inf: 0.
    apart = xp.subtract(x2, x1)
    both = xp.logical_and(xp.isinf(out), xp.equal(x1, x2))
    apart = _LOG2 * xp.where(both, xp.zeros_like(out), apart)
    share = logistic(xp.negative(apart)) if xp is XG else 1 / (xp.exp(apart) + 1)
    return xp.where(xp.equal(out, -math.inf), xp.zeros_like(out), share)


@elementwise(
    partials=(_share, lambda xp, x1, x2, out: _share(xp, x1=x2, x2=x1, out=out)),
    precision=WIDE_INSIDE,
)
def _logaddexp2(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    same = xp.equal(x1, x2)  # also both infinite
    apart = xp.abs(xp.subtract(xp.where(same, 0.0, x1), xp.where(same, 0.0, x2)))
    larger = xp.maximum(x1, x2)
    above = xp.log1p(xp.exp2(xp.negative(apart))) * (1 / _LOG2)
    return xp.where(same, larger + 1, xp.add(larger, above))


@function(numpy="logaddexp2")
def logaddexp2(x1: ArrayLike, x2: ArrayLike) -> Tensor:
    """``log2(2**x1 + 2**x2)`` without overflow. Gradients: the shares of the two terms.

    See Also
    --------
    xgrad.logaddexp : To base e.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.logaddexp2(xg.asarray([0.0, 20.0]), 0.0).round(6)
    Tensor([ 1.      , 20.000001])
    """
    refuse_complex("logaddexp2", x1, x2)
    return _logaddexp2(*_floats(x1, x2))


def _double(x: ArrayLike, other: ArrayLike) -> Any:
    """Return an array in double precision; a number is only converted if the other is one, too."""
    if not hasattr(x, "dtype"):
        return x if hasattr(other, "dtype") else as_tensor(x, dtype=float64)
    wide = "complex128" if is_complex(lowest(x).dtype) else "float64"
    return astype(x, wide, copy=False)


@function(numpy="float_power")
def float_power(x1: ArrayLike, x2: ArrayLike) -> Tensor:
    """``x1 ** x2`` in double precision: integers may have negative exponents.

    See Also
    --------
    xgrad.pow : In the dtype of the arguments.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.float_power(xg.asarray([2, 4]), -1)
    Tensor([0.5 , 0.25])
    """
    base, exponent = _double(x1, x2), _double(x2, x1)
    return pow(base, float(exponent) if isinstance(exponent, int) else exponent)


# -- magnitudes, steps, remainders -------------------------------------------------------------


@function(numpy="fabs")
def fabs(x: ArrayLike) -> Tensor:
    """Magnitude of real numbers, as floating point. Gradient: ``sign(x)``, which is 0 at 0.

    See Also
    --------
    xgrad.abs : In the dtype of the argument; of complex numbers, too.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fabs(xg.asarray([-1, 2]))
    Tensor([1., 2.])
    """
    refuse_complex("fabs", x)
    return abs_(_floating(x))


@function(numpy="rint")
def _rint(x: ArrayLike) -> Tensor:
    """Round to the nearest integer, as floating point."""
    return round_(_floating(x))


def _at_zero(xp: Namespace, t: Value, x1: Value) -> Value:
    return xp.where(xp.equal(x1, 0), t, xp.zeros_like(t))


@elementwise(partials=(ZERO, Scaled(_at_zero)))
def _heaviside(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    step = xp.astype(xp.greater(x1, 0), canonical(x1.dtype))
    return xp.where(xp.equal(x1, 0), x2, xp.where(xp.isnan(x1), x1, step))


@function(numpy="heaviside")
def heaviside(x1: ArrayLike, x2: ArrayLike) -> Tensor:
    """0 where ``x1`` is negative, 1 where it is positive, and ``x2`` where it is 0.

    Gradients: 0 for ``x1``, and 1 for ``x2`` where ``x1`` is 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.heaviside(xg.asarray([-1.5, 0.0, 2.0]), 0.5)
    Tensor([0. , 0.5, 1. ])
    """
    refuse_complex("heaviside", x1, x2)
    return _heaviside(*_floats(x1, x2))


def _quotient(xp: Namespace, x1: Value, x2: Value, out: Value) -> Value:
    # The quotient, rounded towards 0: the nearest integer, because the difference is a multiple.
    return xp.negative(xp.round(xp.divide(xp.subtract(x1, out), x2)))


@elementwise(partials=(IDENTITY, _quotient), numpy="fmod")
def fmod(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Remainder with the sign of ``x1``: ``x1 - trunc(x1 / x2) * x2``.

    Gradients: 1 and ``-trunc(x1 / x2)``.

    See Also
    --------
    xgrad.remainder : With the sign of ``x2``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fmod(xg.asarray([7.0, -7.0]), 3.0)
    Tensor([ 1., -1.])
    """
    refuse_complex("fmod", x1, x2)
    return xp.fmod(x1, x2)


@elementwise(partial=ZERO, numpy="spacing")
def _spacing(xp: Namespace, x: Value, /) -> Value:
    """Distance to the next number away from 0. The gradient is 0."""
    x = xp.astype(x, xp.float_of(canonical(x.dtype))) if not is_differentiable(x.dtype) else x
    return xp.subtract(xp.nextafter(x, xp.copysign(xp.full_like(x, math.inf), x)), x)


# -- parts of floating-point numbers -----------------------------------------------------------


@elementwise(partial=IDENTITY)
def _fraction(xp: Namespace, x: Value, /) -> Value:
    whole = xp.isinf(x)
    safe = xp.where(whole, xp.zeros_like(x), x)
    return xp.copysign(xp.subtract(safe, xp.trunc(safe)), x)


@function(numpy="modf")
def modf(x: ArrayLike) -> tuple[Tensor, Tensor]:
    """Fractional and integral parts, both with the sign of ``x``. Gradients: 1 and 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.modf(xg.asarray([-1.75, 0.5]))
    (Tensor([-0.75,  0.5 ]), Tensor([-1.,  0.]))
    """
    refuse_complex("modf", x)
    x = _floating(x)
    return _fraction(x), trunc(x)


@constant()
def _exponent(xp: Namespace, x: Value, /) -> Value:
    _, exponent = xp.frexp(x)
    return exponent


def _mantissa_slope(xp: Namespace, t: Value, x: Value) -> Value:
    return xp.ldexp(t, xp.negative(recorded(_exponent, x)))


@elementwise(partial=Scaled(_mantissa_slope))
def _mantissa(xp: Namespace, x: Value, /) -> Value:
    mantissa, _ = xp.frexp(x)
    return mantissa


@function(numpy="frexp")
def frexp(x: ArrayLike) -> tuple[Tensor, Tensor]:
    """Mantissas m, with magnitudes in [0.5, 1), and integers e such that ``x = m * 2**e``.

    Gradient of the mantissas: ``2**-e``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.frexp(xg.asarray([3.0, 0.0]))
    (Tensor([0.75, 0.  ]), Tensor([2, 0], dtype=int32))
    """
    refuse_complex("frexp", x)
    x = _floating(x)
    return _mantissa(x), _exponent(x)


@elementwise(partials=(Scaled(lambda xp, t, x2: xp.ldexp(t, x2)), None), direct="ldexp")
def _ldexp(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    return xp.ldexp(x1, x2)


@function(numpy="ldexp", rules=True)
def ldexp(x1: ArrayLike, x2: ArrayLike) -> Tensor:
    """``x1 * 2**x2`` for integers ``x2``. Gradient of ``x1``: ``2**x2``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.ldexp(xg.asarray([0.75, 1.0]), 2)
    Tensor([3., 4.])
    """
    refuse_complex("ldexp", x1)
    exponents = x2 if hasattr(x2, "dtype") else as_tensor(x2, like=x1)
    if canonical(lowest(exponents).dtype).kind not in "biu":
        raise TypeError(f"ldexp: expected integers as x2, got {lowest(exponents).dtype}")
    return _ldexp(_floating(x1, exponents), exponents)


# -- angles ------------------------------------------------------------------------------------

_DEGREE = math.pi / 180


def _degree(xp: Namespace) -> float:
    return _DEGREE


def _per_degree(xp: Namespace) -> float:
    return 1 / _DEGREE


@elementwise(partial=_degree, precision=WIDE_INSIDE)
def _radians(xp: Namespace, x: Value, /) -> Value:
    return xp.multiply(x, _DEGREE)


@elementwise(partial=_per_degree, precision=WIDE_INSIDE)
def _degrees(xp: Namespace, x: Value, /) -> Value:
    return xp.multiply(x, 180 / math.pi)


@function(numpy="deg2rad")
def deg2rad(x: ArrayLike) -> Tensor:
    """Convert angles from degrees to radians.

    See Also
    --------
    xgrad.radians : The same.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.deg2rad(xg.asarray([0.0, 180.0]))
    Tensor([0.        , 3.14159265])
    """
    refuse_complex("deg2rad", x)
    return _radians(_floating(x))


@function(numpy="rad2deg")
def rad2deg(x: ArrayLike) -> Tensor:
    """Convert angles from radians to degrees.

    See Also
    --------
    xgrad.degrees : The same.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.rad2deg(xg.asarray([0.0, xg.pi]))
    Tensor([  0., 180.])
    """
    refuse_complex("rad2deg", x)
    return _degrees(_floating(x))


@function(numpy="radians")
def radians(x: ArrayLike) -> Tensor:
    """Convert angles from degrees to radians, as `deg2rad`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.radians(180.0)
    Tensor(3.14159265)
    """
    return deg2rad(x)


@function(numpy="degrees")
def degrees(x: ArrayLike) -> Tensor:
    """Convert angles from radians to degrees, as `rad2deg`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.degrees(xg.pi)
    Tensor(180.)
    """
    return rad2deg(x)
