"""Error functions, the normal distribution, and entropies. Formulas: DLMF, chapter 7."""

import math
from typing import Any

from xgrad.backends.dtypes import complex64
from xgrad.backends.limits import promoted
from xgrad.backends.namespace import Namespace
from xgrad.engine.constructors import elementwise
from xgrad.engine.declare import function
from xgrad.engine.dispatch import recorded
from xgrad.engine.elementwise import ZERO
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import astype, floats_of
from xgrad.ops.elementwise import as_floating, logistic
from xgrad.ops.special.declare import scipys, special
from xgrad.typing import ArrayLike, Value

__all__ = [
    "dawsn", "entr", "erf", "erfc", "erfcinv", "erfcx", "erfi", "erfinv", "kl_div", "log_expit",
    "log_ndtr", "logit", "ndtr", "ndtri", "rel_entr", "wofz", "xlog1py", "xlogy",
]  # fmt: skip

_PER_ROOT_PI = 2 / math.sqrt(math.pi)
_ROOT_TWO_PI = math.sqrt(2 * math.pi)


def _gauss(xp: Namespace, x: Value) -> Value:
    return xp.exp(xp.negative(xp.square(x)))


def _fraction(xp: Namespace, t: Value) -> Value:
    """``1 / (t + 2 / (t + 3 / (t + ...)))``, which is φ(t) / Φ(-t) - t, for t >= 10."""
    tail = 12 / t
    for k in range(11, 0, -1):
        tail = xp.divide(xp.full_like(t, float(k)), xp.add(t, tail))
    return tail


def _far_or_near(xp: Namespace, x: Value, bound: float, far: Any, near: Any) -> Value:
    """Use one formula above a bound, where the other one would cancel, and the other below."""
    above = xp.greater(x, bound)
    edge = xp.full_like(x, bound)
    return xp.where(above, far(xp.where(above, x, edge)), near(xp.where(above, edge, x)))


def _erfcx_slope(xp: Namespace, x: Value, out: Value) -> Value:
    root = math.sqrt(2)

    def far(x: Any) -> Any:
        rest = _fraction(xp, x * root)
        return -_PER_ROOT_PI * xp.divide(rest, x * root + rest)

    return _far_or_near(xp, x, 7.5, far, lambda x: 2 * xp.multiply(x, out) - _PER_ROOT_PI)


def _hazard(xp: Namespace, x: Value, out: Value) -> Value:
    """``φ(x) / Φ(x)``."""
    t = xp.negative(x)
    above = xp.greater(t, 10.0)
    far = xp.where(above, t, xp.full_like(t, 10.0))
    usual = xp.subtract(-0.5 * xp.square(x), xp.where(above, xp.zeros_like(out), out))
    usual = xp.exp(xp.where(above, xp.zeros_like(usual), usual)) / _ROOT_TWO_PI
    return xp.where(above, xp.add(far, _fraction(xp, far)), usual)


@special(lambda xp, x: _PER_ROOT_PI * _gauss(xp, x), of_complex=scipys("erf"))
def erf(xp: Namespace, x: Value, /) -> Any:
    """Error function: ``2 / √π`` times the integral of exp(-t²) from 0 to x; also complex.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.special.erf)(0.0)
    1.1283791670955126
    """


@special(lambda xp, x: -_PER_ROOT_PI * _gauss(xp, x), of_complex=scipys("erfc"))
def erfc(xp: Namespace, x: Value, /) -> Any:
    """``1 - erf(x)``, without cancellation; also complex."""


@special(_erfcx_slope)
def erfcx(xp: Namespace, x: Value, /) -> Any:
    """``exp(x²) erfc(x)``. Derivative: ``2 x erfcx(x) - 2 / √π``."""


@special(lambda xp, x: _PER_ROOT_PI * xp.exp(xp.square(x)), of_complex=scipys("erfi"))
def erfi(xp: Namespace, x: Value, /) -> Any:
    """Imaginary error function, ``-i erf(i x)``; also complex."""


def _wofz_slope(xp: Namespace, z: Value, out: Value) -> Value:
    """``2i / √π - 2 z w(z)``; far from 0, where this would cancel, its asymptotic series."""
    far = xp.greater(xp.abs(z), 8.0)
    below = xp.logical_and(far, xp.less(xp.imag(z), 0.0))
    total: Any = 1.0
    t = 0.5 / xp.where(far, xp.square(z), xp.full_like(z, 64.0))
    for k in range(31, 1, -2):
        total = 1 + k * t * total
    lower = xp.where(below, z, xp.zeros_like(z))  # w(z) = 2 exp(-z²) - w(-z)
    series = -_PER_ROOT_PI * 1j * t * total - 4 * xp.multiply(lower, _gauss(xp, lower))
    near = xp.where(far, xp.zeros_like(z), z)
    return xp.where(far, series, _PER_ROOT_PI * 1j - 2 * xp.multiply(near, out))


@elementwise(partials=(_wofz_slope,))
def _faddeeva(xp: Namespace, z: Value, /) -> Any:
    return xp.special("wofz", z)


@function(scipy="wofz")
def wofz(z: ArrayLike) -> Tensor:
    """Faddeeva function w, ``exp(-z²) erfc(-i z)``, which is complex, of any numbers.

    Derivative: ``2i / √π - 2 z w(z)``. For z in the upper half-plane the real part is a
    Voigt profile.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(lambda x: xg.real(xg.special.wofz(x + 1j)))(0.5)
    -0.1368291996828399
    """
    x = floats_of(z)
    return _faddeeva(astype(x, promoted(x.dtype, complex64)))


def _dawson_slope(xp: Namespace, x: Value, out: Value) -> Value:
    def far(square: Any) -> Any:  # the asymptotic series -1 / (2 x²) - 3 / (2 x²)² - ...
        t, total = 0.5 / square, 1.0
        for k in range(31, 1, -2):
            total = 1 + k * t * total
        return -t * total

    return _far_or_near(xp, xp.square(x), 64.0, far, lambda _: 1 - 2 * xp.multiply(x, out))


@special(_dawson_slope)
def dawsn(xp: Namespace, x: Value, /) -> Any:
    """Dawson's integral. Derivative: ``1 - 2 x dawsn(x)``."""


@special(lambda xp, out: xp.exp(xp.square(out)) / _PER_ROOT_PI)
def erfinv(xp: Namespace, y: Value, /) -> Any:
    """Inverse of `erf`, on (-1, 1). Derivative: ``√π / 2 exp(erfinv(y)²)``."""


@special(lambda xp, out: -(xp.exp(xp.square(out)) / _PER_ROOT_PI))
def erfcinv(xp: Namespace, y: Value, /) -> Any:
    """Inverse of `erfc`, on (0, 2)."""


@special(lambda xp, x: xp.exp(-0.5 * xp.square(x)) / _ROOT_TWO_PI)
def ndtr(xp: Namespace, x: Value, /) -> Any:
    """Cumulative standard normal distribution. Derivative: its density."""


@special(_hazard)
def log_ndtr(xp: Namespace, x: Value, /) -> Any:
    """``log(ndtr(x))``, without underflow.

    The derivative is accurate everywhere. The second derivative is a difference, which loses up
    to 8 bits near x = -8.
    """


@elementwise(partials=(ZERO, lambda xp, x, out: xp.multiply(x, out)))
def _per_density(xp: Namespace, y: Value, x: Value, /) -> Any:
    """``1 / φ(x)``, a function of x alone; y is ``Φ(x)``.

    In the tails it is computed from y, as exp magnifies what was rounded in x.
    """
    tail = xp.where(xp.less(y, 0.5), y, 1 - y)
    far = xp.logical_and(xp.greater(tail, 0), xp.less(tail, 1e-3))
    hazard = recorded(erfcx, xp.abs(xp.where(far, x, 3.0)) / math.sqrt(2))
    beyond = math.sqrt(math.pi / 2) * xp.divide(hazard, xp.where(far, tail, 1.0))
    near = xp.exp(0.5 * xp.square(xp.where(far, 0.0, x))) * _ROOT_TWO_PI
    return xp.where(far, beyond, near)


@special(lambda xp, y, out: recorded(_per_density, y, out))
def ndtri(xp: Namespace, y: Value, /) -> Any:
    """Inverse of `ndtr`, on (0, 1)."""


@special(lambda xp, x: 1 / xp.multiply(x, 1 - x), singular=True)
def logit(xp: Namespace, x: Value, /) -> Any:
    """``log(x / (1 - x))``, the inverse of `expit`. Derivative: ``1 / (x (1 - x))``."""


@special(lambda xp, x: recorded(logistic, xp.negative(x)))
def log_expit(xp: Namespace, x: Value, /) -> Any:
    """``log(expit(x))``, without underflow. Derivative: ``expit(-x)``."""


# -- entropies ---------------------------------------------------------------------------------


def _quotient(xp: Namespace, x: Value, y: Value) -> Value:
    """``x / y``, and 0 where both are 0."""
    zero = xp.logical_and(xp.equal(x, 0), xp.equal(y, 0))
    return xp.where(zero, 0.0, xp.divide(x, xp.where(zero, 1.0, y)))


@special(lambda xp, y: xp.log(as_floating(xp, y)), _quotient, singular=(True, False))
def xlogy(xp: Namespace, x: Value, y: Value, /) -> Any:
    """``x log(y)``, and 0 where x is 0. Derivatives: ``log(y)`` and ``x / y``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.xlogy(0.0, 0.0)
    Tensor(0.)
    """


@special(
    lambda xp, y: xp.log1p(as_floating(xp, y)),
    lambda xp, x, y: _quotient(xp, x, 1 + y),
    singular=(True, False),
)
def xlog1py(xp: Namespace, x: Value, y: Value, /) -> Any:
    """``x log(1 + y)``, and 0 where x is 0."""


@special(lambda xp, x: -1 - xp.log(x), singular=True)
def entr(xp: Namespace, x: Value, /) -> Any:
    """Elementwise entropy, ``-x log(x)``. Derivative: ``-log(x) - 1``."""


@special(
    lambda xp, x, y: xp.log(xp.divide(x, y)) + 1,
    lambda xp, x, y: xp.negative(_quotient(xp, x, y)),
    singular=(True, False),
)
def rel_entr(xp: Namespace, x: Value, y: Value, /) -> Any:
    """``x log(x / y)``. Derivatives: ``log(x / y) + 1`` and ``-x / y``.

    See Also
    --------
    xgrad.special.kl_div : The same plus ``- x + y``, so that it is not negative.
    """


@special(
    lambda xp, x, y: xp.log(xp.divide(x, y)),
    lambda xp, x, y: 1 - _quotient(xp, x, y),
    singular=(True, False),
)
def kl_div(xp: Namespace, x: Value, y: Value, /) -> Any:
    """``x log(x / y) - x + y``. Derivatives: ``log(x / y)`` and ``1 - x / y``.

    See Also
    --------
    xgrad.nn.functional.kl_div : PyTorch's loss, which takes log-probabilities and has a
        reduction.
    xgrad.special.rel_entr : The same without ``- x + y``.
    """
