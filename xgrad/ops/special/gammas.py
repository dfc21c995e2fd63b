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
from xgrad.ops.special.incomplete import Weight, betainc_by, gammainc_by_a, together
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
    """``x**(a - 1) exp(-x) / gamma(a)``; at x = 0 as a power, which has the right derivatives."""
    a, x = together(xp, a, x)
    zero, far = xp.equal(x, 0), xp.isinf(x)
    inner = xp.where(xp.logical_or(zero, far), xp.ones_like(x), x)
    log_gamma = recorded(gammaln, a)
    exponent = xp.subtract(recorded(xlogy, a - 1, inner), xp.add(inner, log_gamma))
    start = xp.where(zero, x, xp.ones_like(x))
    power = xp.pow(start, a - 1)
    edge = xp.multiply(power, xp.exp(xp.negative(xp.add(start, log_gamma))))
    return xp.where(zero, edge, xp.where(far, 0.0, xp.exp(exponent)))


def beta_density(xp: Namespace, a: Value, b: Value, x: Value) -> Value:
    """``x**(a - 1) (1 - x)**(b - 1) / beta(a, b)``; at the ends as powers."""
    a, b, x = together(xp, a, b, x)
    end = xp.logical_or(xp.equal(x, 0), xp.equal(x, 1))
    inner, outer = xp.where(end, 0.5, x), xp.where(end, x, 0.5)
    powers = xp.add(recorded(xlogy, a - 1, inner), recorded(xlog1py, b - 1, xp.negative(inner)))
    log_beta = recorded(betaln, a, b)
    edge = xp.multiply(xp.pow(outer, a - 1), xp.pow(1 - outer, b - 1))
    edge = xp.multiply(edge, xp.exp(xp.negative(log_beta)))
    return xp.where(end, edge, xp.exp(xp.subtract(powers, log_beta)))


@special(gammainc_by_a, gamma_density)
def gammainc(xp: Namespace, a: Value, x: Value, /) -> Any:
    """Regularised lower incomplete gamma function.

    Derivatives: by x the gamma density, by a an integral, computed by quadrature.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.special.gammainc, argnums=1)(1.0, 0.0)
    1.0
    """


@special(
    lambda xp, a, x: xp.negative(gammainc_by_a(xp, a, x)),
    lambda xp, a, x: xp.negative(gamma_density(xp, a, x)),
)
def gammaincc(xp: Namespace, a: Value, x: Value, /) -> Any:
    """Regularised upper incomplete gamma function, ``1 - gammainc(a, x)``."""


def _gamma_quantile_by_a(xp: Namespace, a: Value, out: Value) -> Value:
    return xp.negative(xp.divide(gammainc_by_a(xp, a, out), gamma_density(xp, a, out)))


@special(_gamma_quantile_by_a, lambda xp, a, out: 1 / gamma_density(xp, a, out))
def gammaincinv(xp: Namespace, a: Value, y: Value, /) -> Any:
    """Inverse of `gammainc` with respect to its second argument."""


@special(_gamma_quantile_by_a, lambda xp, a, out: -1 / gamma_density(xp, a, out))
def gammainccinv(xp: Namespace, a: Value, y: Value, /) -> Any:
    """Inverse of `gammaincc` with respect to its second argument."""


@special(
    lambda xp, a, b, x: betainc_by(xp, "a", a, b, x),
    lambda xp, a, b, x: betainc_by(xp, "b", a, b, x),
    beta_density,
)
def betainc(xp: Namespace, a: Value, b: Value, x: Value, /) -> Any:
    """Regularised incomplete beta function.

    Derivatives: by x the beta density, by a and b integrals, computed by quadrature.

    Examples
    --------
    >>> import xgrad as xg
    >>> round(xg.grad(xg.special.betainc)(1.0, 1.0, 0.5), 6)  # log(x) x
    -0.346574
    """


@special(
    lambda xp, a, b, x: xp.negative(betainc_by(xp, "a", a, b, x)),
    lambda xp, a, b, x: xp.negative(betainc_by(xp, "b", a, b, x)),
    lambda xp, a, b, x: xp.negative(beta_density(xp, a, b, x)),
)
def betaincc(xp: Namespace, a: Value, b: Value, x: Value, /) -> Any:
    """``1 - betainc(a, b, x)``."""


def _beta_quantile_by(weight: Weight) -> Any:
    def by(xp: Namespace, a: Value, b: Value, out: Value) -> Value:
        slope = betainc_by(xp, weight, a, b, out)
        return xp.negative(xp.divide(slope, beta_density(xp, a, b, out)))

    return by


@special(
    _beta_quantile_by("a"),
    _beta_quantile_by("b"),
    lambda xp, a, b, out: 1 / beta_density(xp, a, b, out),
)
def betaincinv(xp: Namespace, a: Value, b: Value, y: Value, /) -> Any:
    """Inverse of `betainc` with respect to its last argument."""


@special(
    _beta_quantile_by("a"),
    _beta_quantile_by("b"),
    lambda xp, a, b, out: -1 / beta_density(xp, a, b, out),
)
def betainccinv(xp: Namespace, a: Value, b: Value, y: Value, /) -> Any:
    """Inverse of `betaincc` with respect to its last argument."""
