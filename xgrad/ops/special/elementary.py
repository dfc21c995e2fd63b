"""Exponential integrals, hypergeometric and elliptic functions, and elementary functions."""

import math
import sys
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import recorded
from xgrad.ops.elementwise import as_floating
from xgrad.ops.special.declare import UNKNOWN, special
from xgrad.typing import Value

__all__ = [
    "boxcox", "boxcox1p", "cosdg", "cosm1", "cotdg", "ellipe", "ellipk", "ellipkm1",
    "exp1", "exp10", "expi", "expn", "exprel", "huber", "hyp1f1", "hyp2f1", "inv_boxcox",
    "inv_boxcox1p", "lpmv", "pseudo_huber", "radian", "sindg", "spence", "tandg",
    "zetac",
]  # fmt: skip

#: This module: rules refer to functions that are declared further down.
here: Any = sys.modules[__name__]

_DEGREE = math.pi / 180


# Where a quotient is smooth at a zero of its denominator, its derivatives are hypergeometric
# functions: accurate there in every order, where differentiating the quotient would cancel.


def _exprel_slope(x: Any) -> Any:
    """The derivative of ``(exp(x) - 1) / x``."""
    return 0.5 * recorded(here.hyp1f1, 2.0, 3.0, x)


def _log_quotient(x: Any) -> Any:
    """``log(1 + x) / x``."""
    return recorded(here.hyp2f1, 1.0, 1.0, 2.0, -x)


def _log_quotient_slope(x: Any) -> Any:
    """The derivative of ``log(1 + x) / x``."""
    return -0.5 * recorded(here.hyp2f1, 2.0, 2.0, 3.0, -x)


@special(lambda xp, x: xp.negative(xp.divide(xp.exp(xp.negative(x)), x)))
def exp1(xp: Namespace, x: Value, /) -> Any:
    """Exponential integral E₁. Derivative: ``-exp(-x) / x``.

    See Also
    --------
    xgrad.expm1 : ``exp(x) - 1``.
    """


@special(lambda xp, x: xp.divide(xp.exp(x), x))
def expi(xp: Namespace, x: Value, /) -> Any:
    """Exponential integral Ei. Derivative: ``exp(x) / x``."""


def _lower_expn(xp: Namespace, n: Value, x: Value) -> Value:
    n = xp.add(n, xp.zeros_like(x))  # n may be a Python number
    first = xp.less(n, 0.5)  # E₀ = exp(-x) / x
    decay = xp.exp(xp.negative(x))
    lowest = xp.multiply(decay, xp.add(1 / x, 1 / xp.square(x)))
    lower = recorded(expn, xp.subtract(xp.where(first, 1, n), 1), x)
    return xp.negative(xp.where(first, lowest, lower))


@special(UNKNOWN, _lower_expn)
def expn(xp: Namespace, n: Value, x: Value, /) -> Any:
    """Exponential integral of integer order n. Derivative: ``-expn(n - 1, x)``."""


@special(lambda xp, x: _exprel_slope(x))
def exprel(xp: Namespace, x: Value, /) -> Any:
    """``(exp(x) - 1) / x``, and 1 at 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.special.exprel)(0.0)
    0.5
    """


@special(lambda xp, out: math.log(10) * out)
def exp10(xp: Namespace, x: Value, /) -> Any:
    """``10 ** x``."""


def _spence_slope(xp: Namespace, x: Value) -> Value:
    """``log(x) / (1 - x)``; near 1 from the function that is smooth there."""
    low = x < 0.5
    far = xp.divide(xp.log(xp.where(low, x, 1.0)), 1 - xp.where(low, x, 0.5))
    return xp.where(low, far, xp.negative(_log_quotient(xp.where(low, 0.5, x) - 1)))


@special(_spence_slope)
def spence(xp: Namespace, x: Value, /) -> Any:
    """Dilogarithm, the integral of log(t) / (1 - t) from 1 to x. Derivative: the integrand."""


@special(lambda xp, x: xp.negative(xp.sin(x)))
def cosm1(xp: Namespace, x: Value, /) -> Any:
    """``cos(x) - 1``, without cancellation."""


@special(lambda xp, x: _DEGREE * xp.cos(_DEGREE * x))
def sindg(xp: Namespace, x: Value, /) -> Any:
    """Sine of an angle in degrees."""


@special(lambda xp, x: -_DEGREE * xp.sin(_DEGREE * x))
def cosdg(xp: Namespace, x: Value, /) -> Any:
    """Cosine of an angle in degrees."""


@special(lambda xp, out: _DEGREE * (1 + xp.square(out)))
def tandg(xp: Namespace, x: Value, /) -> Any:
    """Tangent of an angle in degrees."""


@special(lambda xp, out: -_DEGREE * (1 + xp.square(out)))
def cotdg(xp: Namespace, x: Value, /) -> Any:
    """Cotangent of an angle in degrees."""


@special(
    lambda xp, d: _DEGREE * xp.ones_like(d),
    lambda xp, m: _DEGREE / 60 * xp.ones_like(m),
    lambda xp, s: _DEGREE / 3600 * xp.ones_like(s),
)
def radian(xp: Namespace, d: Value, m: Value, s: Value, /) -> Any:
    """Convert degrees, minutes and seconds to radians."""


@special(UNKNOWN)
def zetac(xp: Namespace, x: Value, /) -> Any:
    """Riemann zeta function minus 1."""


# -- robust losses and power transforms --------------------------------------------------------


def _stretch(xp: Namespace, delta: Value, r: Value) -> Value:
    return xp.sqrt(1 + xp.square(xp.divide(r, delta)))


@special(
    lambda xp, delta, r: xp.where(
        xp.less_equal(xp.abs(r), delta), 0.0, xp.subtract(xp.abs(r), delta)
    ),
    lambda xp, delta, r: xp.where(
        xp.less_equal(xp.abs(r), delta), r, xp.multiply(delta, xp.sign(r))
    ),
)
def huber(xp: Namespace, delta: Value, r: Value, /) -> Any:
    """Huber loss: ``r² / 2`` up to delta, then ``delta (abs(r) - delta / 2)``.

    See Also
    --------
    xgrad.nn.functional.huber_loss : PyTorch's loss of an input and a target, with a reduction.
    """


def _pseudo_huber_by_delta(xp: Namespace, delta: Value, r: Value) -> Value:
    """``2 delta (s - 1) - r² / (delta s)`` for the stretch s, without its cancellation."""
    length = xp.sqrt(xp.add(xp.square(delta), xp.square(r)))  # delta s
    return xp.divide(xp.square(xp.divide(xp.square(r), xp.add(length, delta))), length)


@special(
    _pseudo_huber_by_delta,
    lambda xp, delta, r: xp.divide(r, _stretch(xp, delta, r)),
)
def pseudo_huber(xp: Namespace, delta: Value, r: Value, /) -> Any:
    """Pseudo-Huber loss, ``delta² (sqrt(1 + (r / delta)²) - 1)``, a smooth Huber loss."""


def _slope_of_power(xp: Namespace, log: Value, lmbda: Value) -> Value:
    """The derivative of ``(x**lmbda - 1) / lmbda = log(x) exprel(lmbda log(x))`` by lmbda."""
    return xp.multiply(xp.square(log), _exprel_slope(xp.multiply(lmbda, log)))


@special(
    lambda xp, x, lmbda: xp.exp(xp.multiply(lmbda - 1, xp.log(x))),
    lambda xp, x, lmbda: _slope_of_power(xp, xp.log(as_floating(xp, x)), lmbda),
)
def boxcox(xp: Namespace, x: Value, lmbda: Value, /) -> Any:
    """``(x**lmbda - 1) / lmbda``, and ``log(x)`` for lmbda = 0."""


@special(
    lambda xp, x, lmbda: xp.exp(xp.multiply(lmbda - 1, xp.log1p(x))),
    lambda xp, x, lmbda: _slope_of_power(xp, xp.log1p(as_floating(xp, x)), lmbda),
)
def boxcox1p(xp: Namespace, x: Value, lmbda: Value, /) -> Any:
    """``((1 + x)**lmbda - 1) / lmbda``, and ``log(1 + x)`` for lmbda = 0."""


def _slope_of_inverse(xp: Namespace, y: Value, lmbda: Value, out: Value) -> Value:
    """The derivative by lmbda of ``out = (lmbda y + 1)**(1 / lmbda)``.

    ``log(out)`` is y times the quotient ``log(1 + u) / u`` at ``u = lmbda y``.
    """
    slope = _log_quotient_slope(xp.multiply(lmbda, y))
    return xp.multiply(out, xp.multiply(xp.square(y), slope))


@special(
    lambda xp, lmbda, out: xp.exp(xp.multiply(1 - lmbda, xp.log(out))),
    _slope_of_inverse,
)
def inv_boxcox(xp: Namespace, y: Value, lmbda: Value, /) -> Any:
    """Inverse of `boxcox` with respect to its first argument."""


@special(
    lambda xp, lmbda, out: xp.exp(xp.multiply(1 - lmbda, xp.log1p(out))),
    lambda xp, y, lmbda, out: _slope_of_inverse(xp, y, lmbda, out + 1),
)
def inv_boxcox1p(xp: Namespace, y: Value, lmbda: Value, /) -> Any:
    """Inverse of `boxcox1p` with respect to its first argument."""


# -- hypergeometric, Legendre and elliptic functions -------------------------------------------


@special(
    UNKNOWN,
    UNKNOWN,
    lambda xp, a, b, x: recorded(here.hyp1f1, a + 1, b + 1, x) * (a / b),
)
def hyp1f1(xp: Namespace, a: Value, b: Value, x: Value, /) -> Any:
    """Confluent hypergeometric function. Derivative: ``a / b hyp1f1(a + 1, b + 1, x)``."""


@special(
    UNKNOWN,
    UNKNOWN,
    UNKNOWN,
    lambda xp, a, b, c, z: recorded(here.hyp2f1, a + 1, b + 1, c + 1, z) * (a * b / c),
)
def hyp2f1(xp: Namespace, a: Value, b: Value, c: Value, z: Value, /) -> Any:
    """Gauss hypergeometric function. Derivative: ``a b / c hyp2f1(a + 1, b + 1, c + 1, x)``."""


def _legendre_slope(xp: Namespace, m: Value, v: Value, x: Value, out: Value) -> Value:
    """``-m x out / (1 - x²) - lpmv(m + 1, v, x) / sqrt(1 - x²)``."""
    root = xp.sqrt((1 - x) * (1 + x))
    lower = xp.multiply(xp.multiply(m, xp.divide(x, root)), out)
    return xp.negative(xp.divide(xp.add(lower, recorded(here.lpmv, m + 1, v, x)), root))


@special(
    UNKNOWN,
    UNKNOWN,
    _legendre_slope,
)
def lpmv(xp: Namespace, m: Value, v: Value, x: Value, /) -> Any:
    """Associated Legendre function of integer order m and degree v."""


def _elliptic_slope(xp: Namespace, m: Value, complement: Value) -> Value:
    """The derivative of the integral K by m; ``complement`` is ``1 - m``."""
    return xp.divide(math.pi / 8 * recorded(hyp2f1, 0.5, 0.5, 2.0, m), complement)


@special(lambda xp, m: _elliptic_slope(xp, m, 1 - m))
def ellipk(xp: Namespace, m: Value, /) -> Any:
    """Complete elliptic integral of the first kind with parameter m."""


@special(lambda xp, p: xp.negative(_elliptic_slope(xp, 1 - p, p)))
def ellipkm1(xp: Namespace, p: Value, /) -> Any:
    """``ellipk(1 - p)``, accurate for small p."""


@special(lambda xp, m: -math.pi / 8 * recorded(hyp2f1, 0.5, 1.5, 2.0, m))
def ellipe(xp: Namespace, m: Value, /) -> Any:
    """Complete elliptic integral of the second kind. Derivative: ``(E - K) / (2 m)``."""
