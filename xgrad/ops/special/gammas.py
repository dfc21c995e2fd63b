"""Gamma, beta and related functions. Formulas: DLMF, chapter 5."""

import math
import sys
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import recorded
from xgrad.engine.elementwise import ZERO
from xgrad.engine.tensor import Tensor
from xgrad.ops.special.declare import UNKNOWN, special
from xgrad.typing import Value

__all__ = [
    "beta", "betaln", "binom", "digamma", "gamma", "gammaln", "gammasgn", "loggamma",
    "multigammaln", "poch", "polygamma", "rgamma", "zeta",
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
    """Gamma function. Derivative: ``gamma(x) digamma(x)``.

    See Also
    --------
    xgrad.stats.gamma : The gamma distribution.
    """


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
    """``gamma(a) gamma(b) / gamma(a + b)``.

    See Also
    --------
    xgrad.stats.beta : The beta distribution.
    """


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
    """Binomial coefficient of real numbers.

    See Also
    --------
    xgrad.stats.binom : The binomial distribution.
    """


@special(
    lambda xp, z, m, out: xp.multiply(out, xp.subtract(_psi(xp.add(z, m)), _psi(z))),
    lambda xp, z, m, out: xp.multiply(out, _psi(xp.add(z, m))),
)
def poch(xp: Namespace, z: Value, m: Value, /) -> Any:
    """Rising factorial ``gamma(z + m) / gamma(z)``."""


@special(UNKNOWN, lambda xp, x, q: xp.negative(xp.multiply(x, recorded(here.zeta, x + 1, q))))
def zeta(xp: Namespace, x: Value, q: Value, /) -> Any:
    """Hurwitz zeta function. Derivative by q: ``-x zeta(x + 1, q)``."""
