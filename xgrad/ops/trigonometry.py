"""Trigonometric and hyperbolic functions, their inverses, `hypot` and `atan2`.

Angles are in radians. For complex arguments, functions and derivatives use the principal
branches of the standard. An infinite derivative (``asin`` at 1, ``acosh`` at 1...) counts as 0
where the cotangent is 0.
"""

import math

from xgrad.backends.dtypes import is_complex, refuse_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.constructors import elementwise
from xgrad.engine.dispatch import recorded
from xgrad.engine.precision import WIDE, WIDE_INSIDE
from xgrad.ops.elementwise import as_floating
from xgrad.typing import Value

__all__ = [
    "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cos", "cosh", "hypot", "sin",
    "sinc", "sinh", "tan", "tanh",
]  # fmt: skip

# -- circular functions ------------------------------------------------------------------------


@elementwise(partial=lambda xp, x: xp.cos(x), direct=True, numpy="sin", rules=True)
def sin(xp: Namespace, x: Value, /) -> Value:
    """Sine of an angle in radians."""
    return xp.sin(x)


@elementwise(partial=lambda xp, x: xp.negative(xp.sin(x)), direct=True, numpy="cos", rules=True)
def cos(xp: Namespace, x: Value, /) -> Value:
    """Cosine of an angle in radians."""
    return xp.cos(x)


@elementwise(partial=lambda xp, out: xp.square(out) + 1, direct=True, precision=WIDE, numpy="tan")
def tan(xp: Namespace, x: Value, /) -> Value:
    """Tangent of an angle in radians. Gradient: ``1 + tan(x)**2``."""
    return xp.tan(x)


def _next_derivative(xp: Namespace, z: Value, n: int) -> Value:
    return recorded(_sin_over, z, n=n + 1)


@elementwise(partial=_next_derivative)
def _sin_over(xp: Namespace, z: Value, /, *, n: int) -> Value:
    """Derivative n of ``sin(z) / z``: a power series near 0, elsewhere a recurrence.

    Differentiating ``z f(z) = sin(z)`` n times gives ``z f⁽ⁿ⁾ + n f⁽ⁿ⁻¹⁾ = sin⁽ⁿ⁾``, which
    is accurate unless z is small compared with n.
    """
    bound = 1 + n / 3
    near = xp.less_equal(xp.abs(z), bound)
    far = xp.where(near, 1.0, z)
    sine, cosine = xp.sin(far), xp.cos(far)
    out = xp.divide(sine, far)
    for k in range(1, n + 1):
        derivative = (sine, cosine, xp.negative(sine), xp.negative(cosine))[k % 4]
        out = xp.divide(xp.subtract(derivative, k * out), far)
    return xp.where(near, _series_of_sin_over(xp, xp.where(near, z, 0.0), n, bound), out)


def _series_of_sin_over(xp: Namespace, z: Value, n: int, bound: float) -> Value:
    """The sum over even k >= n of ``(-1)**(k / 2) z**(k - n) / ((k + 1) (k - n)!)``."""
    odd = n % 2
    coefficients: list[float] = []
    power, term = odd, 1.0
    while term > 1e-18:  # what is left is below the precision of float64
        k = n + power
        coefficients.append((-1) ** (k // 2) / ((k + 1) * math.factorial(power)))
        power += 2
        term = bound**power / math.factorial(power)
    total = xp.full_like(z, coefficients[-1])
    for c in reversed(coefficients[:-1]):
        total = xp.multiply(xp.square(z), total) + c
    return xp.multiply(z, total) if odd else total


@elementwise(
    partial=lambda xp, x: math.pi * recorded(_sin_over, math.pi * x, n=1),
    precision=WIDE_INSIDE,
    numpy="sinc",
)
def sinc(xp: Namespace, x: Value, /) -> Value:
    """``sin(π x) / (π x)``, and 1 at 0: NumPy's normalized sinc.

    Its derivatives, of any order, are accurate near 0 too, where the formula would cancel.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.sinc(xg.asarray([0.0, 0.5]))
    Tensor([1.        , 0.63661977])
    >>> xg.grad(xg.grad(xg.sinc))(0.0)
    -3.2898681336964524
    """
    z = math.pi * as_floating(xp, x)
    zero = xp.equal(z, 0)
    return xp.where(zero, 1.0, xp.divide(xp.sin(z), xp.where(zero, 1.0, z)))


def _arc(xp: Namespace, x: Value) -> Value:
    # 1 / sqrt(1 - x²), accurate near ±1.
    if is_complex(x.dtype):  # on the branch cuts, the sign of a zero imaginary part selects a side
        # Libraries lose the sign of -0 in sums, so all are computed above the cut, or on it.
        below = xp.less(xp.copysign(xp.ones_like(xp.imag(x)), xp.imag(x)), 0)
        above = xp.where(below, xp.conj(x), x)
        partial = 1j / xp.multiply(xp.sqrt(above - 1), xp.sqrt(above + 1))
        return xp.where(below, xp.conj(partial), partial)
    return 1 / xp.sqrt((1 - x) * (x + 1))


@elementwise(partial=_arc, singular=True, direct=True, precision=WIDE, numpy="arcsin")
def asin(xp: Namespace, x: Value, /) -> Value:
    """Inverse sine, in [-π/2, π/2]; NaN outside [-1, 1]. Gradient: ``1 / sqrt(1 - x**2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.asin)(0.6)
    1.25
    """
    return xp.asin(x)


@elementwise(
    partial=lambda xp, x: xp.negative(_arc(xp, x)),
    singular=True,
    direct=True,
    precision=WIDE,
    numpy="arccos",
)
def acos(xp: Namespace, x: Value, /) -> Value:
    """Inverse cosine, in [0, π]; NaN outside [-1, 1]. Gradient: ``-1 / sqrt(1 - x**2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.acos)(0.6)
    -1.25
    """
    return xp.acos(x)


@elementwise(
    partial=lambda xp, x: 1 / (xp.square(x) + 1), singular=True, direct=True, numpy="arctan"
)
def atan(xp: Namespace, x: Value, /) -> Value:
    """Inverse tangent, in [-π/2, π/2]. Gradient: ``1 / (1 + x**2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.atan)(2.0)
    0.2
    """
    return xp.atan(x)


# -- hyperbolic functions ----------------------------------------------------------------------


@elementwise(
    partial=lambda xp, x: xp.cosh(x), direct=True, precision=WIDE, numpy="sinh", rules=True
)
def sinh(xp: Namespace, x: Value, /) -> Value:
    """Hyperbolic sine.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.sinh)(0.0)
    1.0
    """
    return xp.sinh(x)


@elementwise(
    partial=lambda xp, x: xp.sinh(x), direct=True, precision=WIDE, numpy="cosh", rules=True
)
def cosh(xp: Namespace, x: Value, /) -> Value:
    """Hyperbolic cosine.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.cosh)(0.0)
    0.0
    """
    return xp.cosh(x)


@elementwise(partial=lambda xp, out: 1 - xp.square(out), direct=True, numpy="tanh")
def tanh(xp: Namespace, x: Value, /) -> Value:
    """Hyperbolic tangent. Gradient: ``1 - tanh(x)**2``."""
    return xp.tanh(x)


def _asinh_partial(xp: Namespace, x: Value) -> Value:
    if is_complex(x.dtype):
        return 1 / xp.sqrt(xp.square(x) + 1)
    return 1 / xp.hypot(x, xp.ones_like(x))  # x² may overflow


@elementwise(partial=_asinh_partial, singular=True, direct=True, numpy="arcsinh")
def asinh(xp: Namespace, x: Value, /) -> Value:
    """Inverse hyperbolic sine. Gradient: ``1 / sqrt(x**2 + 1)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.asinh)(0.0)
    1.0
    """
    return xp.asinh(x)


# Two roots, not sqrt(x² - 1): right on the whole complex plane, accurate near 1.
@elementwise(
    partial=lambda xp, x: 1 / xp.multiply(xp.sqrt(x - 1), xp.sqrt(x + 1)),
    singular=True,
    direct=True,
    numpy="arccosh",
)
def acosh(xp: Namespace, x: Value, /) -> Value:
    """Inverse hyperbolic cosine; NaN below 1. Gradient: ``1 / sqrt(x**2 - 1)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.acosh)(1.25)
    1.3333333333333333
    """
    return xp.acosh(x)


@elementwise(
    partial=lambda xp, x: 1 / ((1 - x) * (x + 1)), singular=True, direct=True, numpy="arctanh"
)
def atanh(xp: Namespace, x: Value, /) -> Value:
    """Inverse hyperbolic tangent; NaN outside [-1, 1]. Gradient: ``1 / (1 - x**2)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.atanh)(0.5)
    1.3333333333333333
    """
    return xp.atanh(x)


# -- functions of two coordinates --------------------------------------------------------------


def _over_length(xp: Namespace, x1: Value, out: Value) -> Value:
    """``x1 / out``, and 0 where the length ``out`` is 0."""
    return xp.where(xp.equal(out, 0), 0.0, xp.divide(x1, out))


@elementwise(
    partials=(_over_length, lambda xp, x2, out: _over_length(xp, x1=x2, out=out)),
    numpy="hypot",
    rules=True,
)
def hypot(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """``sqrt(x1**2 + x2**2)`` without overflow. Gradients: ``x1 / hypot``, 0 at the origin.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.hypot, argnums=(0, 1))(3.0, 4.0)
    (0.6, 0.8)
    >>> xg.grad(xg.hypot)(0.0, 0.0)
    0.0
    """
    refuse_complex("hypot", x1, x2)
    return xp.hypot(x1, x2)


def _angle_partial(xp: Namespace, leg: Value, y: Value, x: Value) -> Value:
    length = xp.hypot(x, y)  # x² + y² may overflow
    return xp.where(xp.equal(length, 0), 0.0, xp.divide(xp.divide(leg, length), length))


@elementwise(
    partials=(
        lambda xp, x1, x2: _angle_partial(xp, x2, x1, x2),
        lambda xp, x1, x2: xp.negative(_angle_partial(xp, x1, x1, x2)),
    ),
    numpy="arctan2",
)
def atan2(xp: Namespace, x1: Value, x2: Value, /) -> Value:
    """Angle of the point (x2, x1), in [-π, π].

    Gradients: ``x2 / (x2**2 + x1**2)`` and ``-x1 / (x2**2 + x1**2)``, both 0 at the origin.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.atan2, argnums=(0, 1))(1.0, 1.0)
    (0.49999999999999994, -0.49999999999999994)
    """
    refuse_complex("atan2", x1, x2)
    return xp.atan2(x1, x2)
