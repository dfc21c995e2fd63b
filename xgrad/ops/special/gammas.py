"""Gamma and beta functions and their relatives. Formulas: DLMF, chapters 5 and 8."""

import math
from typing import Any

from xgrad.engine.dispatch import recorded
from xgrad.engine.elementwise import ZERO
from xgrad.engine.tensor import Tensor
from xgrad.ops.special.declare import UNKNOWN, Elementwise, special
from xgrad.ops.special.errors import xlog1py, xlogy

__all__ = [
    "beta", "betainc", "betaincc", "betainccinv", "betaincinv", "betaln", "binom", "digamma",
    "gamma", "gammainc", "gammaincc", "gammainccinv", "gammaincinv", "gammaln", "gammasgn",
    "loggamma", "multigammaln", "poch", "polygamma", "rgamma", "zeta",
]  # fmt: skip


def _psi(x: Any) -> Any:
    return recorded(digamma, x)


digamma: Elementwise = special(
    "digamma",
    "x",
    "Logarithmic derivative of the gamma function. Derivative: ``polygamma(1, x)``.",
    lambda xp, x: recorded(polygamma, xp.ones_like(x), x),
    scipy="psi",
)
polygamma: Elementwise = special(
    "polygamma",
    "n x",
    """The n-th derivative of `digamma`, for whole numbers n.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.polygamma(1, 1.0)
    Tensor(1.64493407)
    """,
    UNKNOWN,
    lambda xp, n, x: recorded(polygamma, n + 1, x),
)
gamma: Elementwise = special(
    "gamma",
    "x",
    "Gamma function. Derivative: ``gamma(x) digamma(x)``.",
    lambda xp, x, out: xp.multiply(out, _psi(x)),
)
gammaln: Elementwise = special(
    "gammaln",
    "x",
    "Logarithm of the absolute value of the gamma function. Derivative: `digamma`.",
    lambda xp, x: _psi(x),
)
loggamma: Elementwise = special(
    "loggamma",
    "x",
    "Logarithm of the gamma function, of positive numbers. Derivative: `digamma`.",
    lambda xp, x: _psi(x),
)
gammasgn: Elementwise = special(
    "gammasgn", "x", "Sign of the gamma function. The gradient is 0.", ZERO
)
rgamma: Elementwise = special(
    "rgamma",
    "x",
    "``1 / gamma(x)``.",
    lambda xp, x, out: xp.negative(xp.multiply(out, _psi(x))),
)


def multigammaln(a: Any, d: int, /) -> Tensor:
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

beta: Elementwise = special(
    "beta",
    "a b",
    "``gamma(a) gamma(b) / gamma(a + b)``.",
    lambda xp, a, b, out: xp.multiply(out, xp.subtract(_psi(a), _psi(xp.add(a, b)))),
    lambda xp, a, b, out: xp.multiply(out, xp.subtract(_psi(b), _psi(xp.add(a, b)))),
)
betaln: Elementwise = special(
    "betaln",
    "a b",
    "Logarithm of the absolute value of `beta`.",
    lambda xp, a, b: xp.subtract(_psi(a), _psi(xp.add(a, b))),
    lambda xp, a, b: xp.subtract(_psi(b), _psi(xp.add(a, b))),
)
binom: Elementwise = special(
    "binom",
    "n k",
    "Binomial coefficient of real numbers.",
    lambda xp, n, k, out: xp.multiply(out, _psi(n + 1) - _psi(xp.subtract(n, k) + 1)),
    lambda xp, n, k, out: xp.multiply(out, _psi(xp.subtract(n, k) + 1) - _psi(k + 1)),
)
poch: Elementwise = special(
    "poch",
    "z m",
    "Rising factorial ``gamma(z + m) / gamma(z)``.",
    lambda xp, z, m, out: xp.multiply(out, xp.subtract(_psi(xp.add(z, m)), _psi(z))),
    lambda xp, z, m, out: xp.multiply(out, _psi(xp.add(z, m))),
)
zeta: Elementwise = special(
    "zeta",
    "x q",
    "Hurwitz zeta function. Derivative by q: ``-x zeta(x + 1, q)``.",
    UNKNOWN,
    lambda xp, x, q: xp.negative(xp.multiply(x, recorded(zeta, x + 1, q))),
)

# -- incomplete functions ----------------------------------------------------------------------


def gamma_density(xp: Any, a: Any, x: Any) -> Any:
    """``x**(a - 1) exp(-x) / gamma(a)``."""
    exponent = xp.subtract(recorded(xlogy, a - 1, x), xp.add(x, recorded(gammaln, a)))
    return xp.exp(exponent)


def beta_density(xp: Any, a: Any, b: Any, x: Any) -> Any:
    """``x**(a - 1) (1 - x)**(b - 1) / beta(a, b)``."""
    powers = xp.add(recorded(xlogy, a - 1, x), recorded(xlog1py, b - 1, xp.negative(x)))
    return xp.exp(xp.subtract(powers, recorded(betaln, a, b)))


gammainc: Elementwise = special(
    "gammainc",
    "a x",
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
    """,
    UNKNOWN,
    gamma_density,
)
gammaincc: Elementwise = special(
    "gammaincc",
    "a x",
    "Regularised upper incomplete gamma function, ``1 - gammainc(a, x)``.",
    UNKNOWN,
    lambda xp, a, x: xp.negative(gamma_density(xp, a, x)),
)
gammaincinv: Elementwise = special(
    "gammaincinv",
    "a y",
    "Inverse of `gammainc` by its second argument.",
    UNKNOWN,
    lambda xp, a, out: 1 / gamma_density(xp, a, out),
)
gammainccinv: Elementwise = special(
    "gammainccinv",
    "a y",
    "Inverse of `gammaincc` by its second argument.",
    UNKNOWN,
    lambda xp, a, out: -1 / gamma_density(xp, a, out),
)
betainc: Elementwise = special(
    "betainc",
    "a b x",
    "Regularised incomplete beta function. Derivative by x: the beta density.",
    UNKNOWN,
    UNKNOWN,
    beta_density,
)
betaincc: Elementwise = special(
    "betaincc",
    "a b x",
    "``1 - betainc(a, b, x)``.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, a, b, x: xp.negative(beta_density(xp, a, b, x)),
)
betaincinv: Elementwise = special(
    "betaincinv",
    "a b y",
    "Inverse of `betainc` by its last argument.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, a, b, out: 1 / beta_density(xp, a, b, out),
)
betainccinv: Elementwise = special(
    "betainccinv",
    "a b y",
    "Inverse of `betaincc` by its last argument.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, a, b, out: -1 / beta_density(xp, a, b, out),
)
