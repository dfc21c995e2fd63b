"""Gamma, beta and related functions. Formulas: DLMF, chapter 5."""

import math
import sys
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.constructors import elementwise
from xgrad.engine.dispatch import recorded
from xgrad.engine.elementwise import ZERO
from xgrad.engine.tensor import Tensor
from xgrad.ops.elementwise import as_floating
from xgrad.ops.special.declare import UNKNOWN, scipys, special
from xgrad.typing import Value

__all__ = [
    "beta", "betaln", "binom", "digamma", "gamma", "gammaln", "gammasgn", "loggamma",
    "multigammaln", "poch", "polygamma", "rgamma", "zeta",
]  # fmt: skip

#: This module: rules refer to functions that are declared further down.
here: Any = sys.modules[__name__]


def _psi(x: Any) -> Any:
    return recorded(digamma, x)


@special(
    lambda xp, x: recorded(here.polygamma, xp.ones_like(x), x),
    scipy="psi",
    of_complex=scipys("psi"),
)
def digamma(xp: Namespace, x: Value, /) -> Any:
    """Logarithmic derivative of the gamma function, also of complex numbers.

    Derivative: ``polygamma(1, x)``, for real numbers only.
    """


@special(UNKNOWN, lambda xp, n, x: recorded(here.polygamma, n + 1, x))
def polygamma(xp: Namespace, n: Value, x: Value, /) -> Any:
    """The n-th derivative of `digamma`, for integers n.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.polygamma(1, 1.0)
    Tensor(1.64493407)
    """


@special(lambda xp, x, out: xp.multiply(out, _psi(x)), of_complex=scipys("gamma"))
def gamma(xp: Namespace, x: Value, /) -> Any:
    """Gamma function, also of complex numbers. Derivative: ``gamma(x) digamma(x)``.

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


@special(lambda xp, x: _psi(x), of_complex=scipys("loggamma"))
def loggamma(xp: Namespace, x: Value, /) -> Any:
    """Logarithm of the gamma function, of positive or complex numbers. Derivative: `digamma`."""


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

_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
#: The asymptotic series is used from here on.
_FAR = 10


def _psi_of_order(xp: Namespace, n: int, x: Value) -> Any:
    return recorded(polygamma, n * xp.ones_like(x), x) if n else _psi(x)


@elementwise(
    partials=(
        lambda xp, a, b, n: recorded(here._psi_difference, a, b, n=n + 1),
        lambda xp, a, b, n: _psi_of_order(xp, n + 1, xp.add(a, b)),
    )
)
def _psi_difference(xp: Namespace, a: Value, b: Value, /, *, n: int) -> Any:
    """Derivative n of ``digamma(a + b) - digamma(a)`` by a, accurate if both are positive.

    The recurrence (DLMF 5.15.5) leads to large a, for the asymptotic series (DLMF 5.11.2, 5.15.8).
    All their terms are differences of powers, whose sums do not cancel.
    """
    a, b = as_floating(xp, a), as_floating(xp, b)
    like = a if hasattr(a, "dtype") else b  # some libraries refuse functions of numbers alone
    a, b = (x if hasattr(x, "dtype") else xp.add(xp.zeros_like(like), x) for x in (a, b))
    valid = xp.logical_and(xp.greater(a, 0), xp.greater(b, 0))
    low, step = xp.where(valid, a, 1.0), xp.where(valid, b, 1.0)

    def power(x: Value, p: int) -> Value:
        """``(x + step)**-p - x**-p``."""
        ratio = xp.divide(step, x)
        if p == 1:
            return xp.divide(xp.negative(ratio), xp.add(x, step))
        return xp.multiply((1 / x) ** p, xp.expm1(-p * xp.log1p(ratio)))

    far = low + float(_FAR)
    if n:
        out = math.factorial(n - 1) * power(far, n)
    else:
        out = xp.negative(xp.log1p(xp.divide(step, far)))
    out = xp.add(out, 0.5 * math.factorial(n) * power(far, n + 1))
    for k, number in enumerate(_BERNOULLI, 1):
        factor = number * math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        out = xp.add(out, factor * power(far, 2 * k + n))
    for i in range(_FAR):
        out = xp.add(out, math.factorial(n) * power(low + float(i), n + 1))
    ends = (_psi_of_order(xp, n, xp.where(valid, 1.0, x)) for x in (xp.add(a, b), a))
    return xp.where(valid, (-1) ** (n + 1) * out, xp.subtract(*ends))


def _beta_slope(xp: Namespace, a: Value, b: Value) -> Any:
    return xp.negative(recorded(_psi_difference, a, b, n=0))


@special(
    lambda xp, a, b, out: xp.multiply(out, _beta_slope(xp, a, b)),
    lambda xp, a, b, out: xp.multiply(out, _beta_slope(xp, b, a)),
)
def beta(xp: Namespace, a: Value, b: Value, /) -> Any:
    """``gamma(a) gamma(b) / gamma(a + b)``.

    See Also
    --------
    xgrad.stats.beta : The beta distribution.
    """


@special(
    _beta_slope,
    lambda xp, a, b: _beta_slope(xp, b, a),
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
    lambda xp, z, m, out: xp.multiply(out, recorded(_psi_difference, z, m, n=0)),
    lambda xp, z, m, out: xp.multiply(out, _psi(xp.add(z, m))),
)
def poch(xp: Namespace, z: Value, m: Value, /) -> Any:
    """Rising factorial ``gamma(z + m) / gamma(z)``."""


@special(UNKNOWN, lambda xp, x, q: xp.negative(xp.multiply(x, recorded(here.zeta, x + 1, q))))
def zeta(xp: Namespace, x: Value, q: Value, /) -> Any:
    """Hurwitz zeta function. Derivative by q: ``-x zeta(x + 1, q)``."""
