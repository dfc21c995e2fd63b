"""Incomplete gamma and beta functions, and their inverses. Formulas: DLMF, chapter 8.

Their derivatives by parameters are integrals: `xgrad.ops.special.quadrature`.
"""

from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import recorded
from xgrad.ops.special.declare import special
from xgrad.ops.special.errors import xlog1py, xlogy
from xgrad.ops.special.gammas import betaln, gammaln
from xgrad.ops.special.quadrature import Weight, betainc_by, gammainc_by_a, together
from xgrad.typing import Value

__all__ = [
    "betainc", "betaincc", "betainccinv", "betaincinv", "gammainc", "gammaincc", "gammainccinv",
    "gammaincinv",
]  # fmt: skip


def _infinite_slope(xp: Namespace, p: Value, edge: Value) -> Value:
    """0, with the derivative of ``x**p`` by p at x = 0: log(0), a very large number, for p = 0."""
    steep = xp.where(xp.logical_and(edge, xp.equal(p, 0)), xp.full_like(p, -1e38), 0.0)
    return xp.multiply(steep, xp.where(edge, p, 0.0))


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
    edge = xp.add(edge, _infinite_slope(xp, a - 1, zero))
    return xp.where(zero, edge, xp.where(far, 0.0, xp.exp(exponent)))


def beta_density(xp: Namespace, a: Value, b: Value, x: Value) -> Value:
    """``x**(a - 1) (1 - x)**(b - 1) / beta(a, b)``; at the ends as powers."""
    a, b, x = together(xp, a, b, x)
    zero, one = xp.equal(x, 0), xp.equal(x, 1)
    end = xp.logical_or(zero, one)
    inner, outer = xp.where(end, 0.5, x), xp.where(end, x, 0.5)
    powers = xp.add(recorded(xlogy, a - 1, inner), recorded(xlog1py, b - 1, xp.negative(inner)))
    log_beta = recorded(betaln, a, b)
    edge = xp.multiply(xp.pow(outer, a - 1), xp.pow(1 - outer, b - 1))
    # Only where a and b are large, so that the power is 0, may the other factor overflow.
    edge = xp.multiply(edge, xp.exp(xp.negative(xp.where(log_beta < -80.0, -80.0, log_beta))))
    steep = xp.add(_infinite_slope(xp, a - 1, zero), _infinite_slope(xp, b - 1, one))
    return xp.where(end, xp.add(edge, steep), xp.exp(xp.subtract(powers, log_beta)))


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
