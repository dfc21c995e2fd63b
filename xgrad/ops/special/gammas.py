"""Gamma, beta and related functions. Formulas: DLMF, chapters 5 and 8."""

import math
import sys
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import recorded
from xgrad.engine.elementwise import ZERO
from xgrad.engine.tensor import Tensor
from xgrad.ops.special.declare import UNKNOWN, special
from xgrad.ops.special.errors import xlog1py, xlogy
from xgrad.typing import Value

__all__ = [
    "beta", "betainc", "betaincc", "betainccinv", "betaincinv", "betaln", "binom", "digamma",
    "gamma", "gammainc", "gammaincc", "gammainccinv", "gammaincinv", "gammaln", "gammasgn",
    "loggamma", "multigammaln", "poch", "polygamma", "rgamma", "zeta",
]  # fmt: skip

#: This module: rules refer to functions that are declared further down.
here: Any = sys.modules[__name__]


def _psi(x: Any) -> Any:
    return recorded(digamma, x)


@special(lambda xp, x: recorded(here.polygamma, xp.ones_like(x), x), scipy="psi")
def digamma(xp: Namespace, x: Value, /) -> Any:
    """Logarithmic derivative of the gamma function. Derivative: ``polygamma(1, x)``."""


@special(UNKNOWN, lambda xp, n, x: recorded(here.polygamma, n + 1, x))
def polygamma(xp: Namespace, n: Value, x: Value, /) -> Any:
    """The n-th derivative of `digamma`, for integers n.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.polygamma(1, 1.0)
    Tensor(1.64493407)
    """


@special(lambda xp, x, out: xp.multiply(out, _psi(x)))
def gamma(xp: Namespace, x: Value, /) -> Any:
    """Gamma function. Derivative: ``gamma(x) digamma(x)``."""


@special(lambda xp, x: _psi(x))
def gammaln(xp: Namespace, x: Value, /) -> Any:
    """Logarithm of the absolute value of the gamma function. Derivative: `digamma`.

    See Also
    --------
    xgrad.special.loggamma : NaN for negative numbers.
    """


@special(lambda xp, x: _psi(x))
def loggamma(xp: Namespace, x: Value, /) -> Any:
    """Logarithm of the gamma function, for positive numbers. Derivative: `digamma`."""


@special(ZERO)
def gammasgn(xp: Namespace, x: Value, /) -> Any:
    """Sign of the gamma function. The gradient is 0."""


def _rgamma_slope(xp: Namespace, x: Value, out: Value) -> Value:
    below = xp.less(x, 0.5)
    above = xp.multiply(out, _psi(xp.where(below, 1.0, x)))
    # gamma has poles there: by reflection, 1 / gamma(x) = gamma(y) sin(π x) / π.
    y, angle = xp.where(below, 1 - x, 1.0), math.pi * xp.where(below, x, 0.0)
    reflected = xp.subtract(xp.cos(angle), xp.multiply(_psi(y), xp.sin(angle)) / math.pi)
    return xp.where(below, xp.multiply(recorded(gamma, y), reflected), xp.negative(above))


@special(_rgamma_slope)
def rgamma(xp: Namespace, x: Value, /) -> Any:
    """``1 / gamma(x)``."""


def multigammaln(a: Any, d: int) -> Tensor:
    """Logarithm of the multivariate gamma function of dimension ``d``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.multigammaln(2.0, 1)
    Tensor(0.)
    """
    if not isinstance(d, int) or d < 1:
        raise ValueError(f"multigammaln: d must be a positive integer, got {d!r}")
    total = gammaln(a)
    for j in range(1, d):
        total = total + gammaln(a - j / 2)
    return total + d * (d - 1) / 4 * math.log(math.pi)


# -- beta functions ----------------------------------------------------------------------------


@special(
    lambda xp, a, b, out: xp.multiply(out, xp.subtract(_psi(a), _psi(xp.add(a, b)))),
    lambda xp, a, b, out: xp.multiply(out, xp.subtract(_psi(b), _psi(xp.add(a, b)))),
)
def beta(xp: Namespace, a: Value, b: Value, /) -> Any:
    """``gamma(a) gamma(b) / gamma(a + b)``."""


@special(
    lambda xp, a, b: xp.subtract(_psi(a), _psi(xp.add(a, b))),
    lambda xp, a, b: xp.subtract(_psi(b), _psi(xp.add(a, b))),
)
def betaln(xp: Namespace, a: Value, b: Value, /) -> Any:
    """Logarithm of the absolute value of `beta`."""


@special(
    lambda xp, n, k, out: xp.multiply(out, _psi(n + 1) - _psi(xp.subtract(n, k) + 1)),
    lambda xp, n, k, out: xp.multiply(out, _psi(xp.subtract(n, k) + 1) - _psi(k + 1)),
)
def binom(xp: Namespace, n: Value, k: Value, /) -> Any:
    """Binomial coefficient of real numbers."""


@special(
    lambda xp, z, m, out: xp.multiply(out, xp.subtract(_psi(xp.add(z, m)), _psi(z))),
    lambda xp, z, m, out: xp.multiply(out, _psi(xp.add(z, m))),
)
def poch(xp: Namespace, z: Value, m: Value, /) -> Any:
    """Rising factorial ``gamma(z + m) / gamma(z)``."""


@special(UNKNOWN, lambda xp, x, q: xp.negative(xp.multiply(x, recorded(here.zeta, x + 1, q))))
def zeta(xp: Namespace, x: Value, q: Value, /) -> Any:
    """Hurwitz zeta function. Derivative by q: ``-x zeta(x + 1, q)``."""


# -- incomplete functions ----------------------------------------------------------------------


def gamma_density(xp: Namespace, a: Value, x: Value) -> Value:
    """``x**(a - 1) exp(-x) / gamma(a)``."""
    exponent = xp.subtract(recorded(xlogy, a - 1, x), xp.add(x, recorded(gammaln, a)))
    return xp.exp(exponent)


def beta_density(xp: Namespace, a: Value, b: Value, x: Value) -> Value:
    """``x**(a - 1) (1 - x)**(b - 1) / beta(a, b)``."""
    powers = xp.add(recorded(xlogy, a - 1, x), recorded(xlog1py, b - 1, xp.negative(x)))
    return xp.exp(xp.subtract(powers, recorded(betaln, a, b)))


@special(UNKNOWN, gamma_density)
def gammainc(xp: Namespace, a: Value, x: Value, /) -> Any:
    """Regularised lower incomplete gamma function. Derivative by x: the gamma density.

    Raises
    ------
    AutogradError
        For the derivative by ``a``, which has no closed form.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.special.gammainc, argnums=1)(1.0, 0.0)
    1.0
    """


@special(UNKNOWN, lambda xp, a, x: xp.negative(gamma_density(xp, a, x)))
def gammaincc(xp: Namespace, a: Value, x: Value, /) -> Any:
    """Regularised upper incomplete gamma function, ``1 - gammainc(a, x)``."""


@special(UNKNOWN, lambda xp, a, out: 1 / gamma_density(xp, a, out))
def gammaincinv(xp: Namespace, a: Value, y: Value, /) -> Any:
    """Inverse of `gammainc` with respect to its second argument."""


@special(UNKNOWN, lambda xp, a, out: -1 / gamma_density(xp, a, out))
def gammainccinv(xp: Namespace, a: Value, y: Value, /) -> Any:
    """Inverse of `gammaincc` with respect to its second argument."""


@special(UNKNOWN, UNKNOWN, beta_density)
def betainc(xp: Namespace, a: Value, b: Value, x: Value, /) -> Any:
    """Regularised incomplete beta function. Derivative by x: the beta density."""


@special(UNKNOWN, UNKNOWN, lambda xp, a, b, x: xp.negative(beta_density(xp, a, b, x)))
def betaincc(xp: Namespace, a: Value, b: Value, x: Value, /) -> Any:
    """``1 - betainc(a, b, x)``."""


@special(UNKNOWN, UNKNOWN, lambda xp, a, b, out: 1 / beta_density(xp, a, b, out))
def betaincinv(xp: Namespace, a: Value, b: Value, y: Value, /) -> Any:
    """Inverse of `betainc` with respect to its last argument."""


@special(UNKNOWN, UNKNOWN, lambda xp, a, b, out: -1 / beta_density(xp, a, b, out))
def betainccinv(xp: Namespace, a: Value, b: Value, y: Value, /) -> Any:
    """Inverse of `betaincc` with respect to its last argument."""
