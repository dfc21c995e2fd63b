"""Cumulative distributions, under Cephes' names, and their inverses: derivatives are densities."""

import math
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import recorded
from xgrad.ops.elementwise import as_floating
from xgrad.ops.special.declare import UNKNOWN, special
from xgrad.ops.special.errors import xlogy
from xgrad.ops.special.gammas import betaln
from xgrad.ops.special.incomplete import beta_density, gamma_density
from xgrad.ops.special.quadrature import (
    Weight,
    betainc_by,
    gammainc_by_a,
    stdtr_by_df,
    together,
)
from xgrad.typing import Value

__all__ = [
    "bdtr", "bdtrc", "bdtri", "chdtr", "chdtrc", "chdtri", "fdtr", "fdtrc", "fdtri", "gdtr",
    "gdtrc", "nbdtr", "nbdtrc", "nbdtri", "pdtr", "pdtrc", "pdtri", "stdtr", "stdtrit",
]  # fmt: skip


def _chi_square(xp: Namespace, v: Value, x: Value) -> Value:
    return 0.5 * gamma_density(xp, 0.5 * as_floating(xp, v), 0.5 * x)


def _chi_square_by_v(xp: Namespace, v: Value, x: Value) -> Value:
    return 0.5 * gammainc_by_a(xp, 0.5 * as_floating(xp, v), 0.5 * x)


def _student(xp: Namespace, df: Value, t: Value) -> Value:
    df, t = together(xp, as_floating(xp, df), t)
    normal = xp.isinf(df)
    df = xp.where(normal, 1.0, df)
    scale = xp.add(recorded(betaln, 0.5 * df, 0.5), 0.5 * xp.log(df))
    power = xp.multiply(0.5 * (df + 1), xp.log1p(xp.divide(xp.square(t), df)))
    power = xp.where(normal, 0.5 * xp.square(t) + 0.5 * math.log(2 * math.pi), xp.add(scale, power))
    return xp.exp(xp.negative(power))


def _student_by_df(xp: Namespace, df: Value, t: Value) -> Value:
    df = as_floating(xp, df)
    return stdtr_by_df(xp, df, t, _student(xp, df, t))


def f_density(xp: Namespace, dfn: Value, dfd: Value, x: Value) -> Value:
    dfn, dfd, x = together(xp, as_floating(xp, dfn), as_floating(xp, dfd), x)
    ratio = xp.divide(dfn, dfd)
    zero = xp.equal(x, 0)
    scaled = xp.multiply(ratio, xp.where(zero, 1.0, x))
    tail = 0.5 * xp.add(dfn, dfd)
    beta = recorded(betaln, 0.5 * dfn, 0.5 * dfd)
    powers = xp.subtract(
        recorded(xlogy, 0.5 * dfn - 1, scaled), xp.multiply(tail, xp.log1p(scaled))
    )
    # At 0 as a power, which has the right derivatives.
    start = xp.multiply(ratio, xp.where(zero, x, 1.0))
    falls = xp.add(beta, xp.multiply(tail, xp.log1p(start)))
    edge = xp.multiply(xp.pow(start, 0.5 * dfn - 1), xp.exp(xp.negative(falls)))
    return xp.multiply(ratio, xp.where(zero, edge, xp.exp(xp.subtract(powers, beta))))


def _f_by(weight: Weight, sign: float) -> Any:
    """The derivative of `fdtr`, ``betainc(dfn/2, dfd/2, dfn x / (dfd + dfn x))``, by dfn or dfd."""

    def by(xp: Namespace, dfn: Value, dfd: Value, x: Value) -> Value:
        dfn, dfd, x = together(xp, as_floating(xp, dfn), as_floating(xp, dfd), x)
        scaled = xp.multiply(dfn, x)
        share = xp.divide(scaled, xp.add(dfd, scaled))
        own = 0.5 * betainc_by(xp, weight, 0.5 * dfn, 0.5 * dfd, share)
        moved = xp.multiply(xp.divide(x, dfn if weight == "a" else dfd), f_density(xp, dfn, dfd, x))
        return sign * (xp.add(own, moved) if weight == "a" else xp.subtract(own, moved))

    return by


def _chi_square_quantile(xp: Namespace, v: Value, out: Value) -> Value:
    return xp.negative(xp.divide(_chi_square_by_v(xp, v, out), _chi_square(xp, v, out)))


def _student_quantile(xp: Namespace, df: Value, out: Value) -> Value:
    return xp.negative(xp.divide(_student_by_df(xp, df, out), _student(xp, df, out)))


def _f_quantile_by(weight: Weight) -> Any:
    slope = _f_by(weight, -1.0)

    def by(xp: Namespace, dfn: Value, dfd: Value, out: Value) -> Value:
        return xp.divide(slope(xp, dfn, dfd, out), f_density(xp, dfn, dfd, out))

    return by


def _floor(xp: Namespace, k: Value | float) -> Any:
    return math.floor(k) if isinstance(k, int | float) else xp.floor(k)


def _poisson(xp: Namespace, k: Value, m: Value) -> Value:
    return gamma_density(xp, _floor(xp, k) + 1, m)


def _binomial_slope(xp: Namespace, k: Value, n: Value, p: Value) -> Value:
    """``(n - k) C(n, k) p**k (1 - p)**(n - k - 1)``: a beta density."""
    k = _floor(xp, k)
    return beta_density(xp, k + 1, xp.subtract(n, k), p)


@special(_chi_square_by_v, _chi_square)
def chdtr(xp: Namespace, v: Value, x: Value, /) -> Any:
    """Cumulative chi-square distribution with v degrees of freedom.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.special.chdtr, argnums=1)(2.0, 0.0)
    0.5
    """


@special(
    lambda xp, v, x: xp.negative(_chi_square_by_v(xp, v, x)),
    lambda xp, v, x: xp.negative(_chi_square(xp, v, x)),
)
def chdtrc(xp: Namespace, v: Value, x: Value, /) -> Any:
    """``1 - chdtr(v, x)``."""


@special(_chi_square_quantile, lambda xp, v, out: -1 / _chi_square(xp, v, out))
def chdtri(xp: Namespace, v: Value, p: Value, /) -> Any:
    """Inverse of `chdtrc` with respect to its second argument."""


@special(_student_by_df, _student)
def stdtr(xp: Namespace, df: Value, t: Value, /) -> Any:
    """Cumulative distribution of Student's t with df degrees of freedom."""


@special(
    _student_quantile,
    lambda xp, df, out: 1 / _student(xp, df, out),
)
def stdtrit(xp: Namespace, df: Value, p: Value, /) -> Any:
    """Inverse of `stdtr` with respect to its second argument."""


@special(_f_by("a", 1.0), _f_by("b", 1.0), f_density)
def fdtr(xp: Namespace, dfn: Value, dfd: Value, x: Value, /) -> Any:
    """Cumulative F distribution."""


@special(
    _f_by("a", -1.0),
    _f_by("b", -1.0),
    lambda xp, dfn, dfd, x: xp.negative(f_density(xp, dfn, dfd, x)),
)
def fdtrc(xp: Namespace, dfn: Value, dfd: Value, x: Value, /) -> Any:
    """``1 - fdtr(dfn, dfd, x)``."""


@special(
    _f_quantile_by("a"),
    _f_quantile_by("b"),
    lambda xp, dfn, dfd, out: 1 / f_density(xp, dfn, dfd, out),
)
def fdtri(xp: Namespace, dfn: Value, dfd: Value, p: Value, /) -> Any:
    """Inverse of `fdtr` with respect to its last argument."""


@special(
    lambda xp, a, b, x: xp.multiply(x, gamma_density(xp, b, xp.multiply(a, x))),
    lambda xp, a, b, x: gammainc_by_a(xp, b, xp.multiply(a, x)),
    lambda xp, a, b, x: xp.multiply(a, gamma_density(xp, b, xp.multiply(a, x))),
)
def gdtr(xp: Namespace, a: Value, b: Value, x: Value, /) -> Any:
    """Cumulative gamma distribution with rate a and shape b, ``gammainc(b, a x)``."""


@special(
    lambda xp, a, b, x: xp.negative(xp.multiply(x, gamma_density(xp, b, xp.multiply(a, x)))),
    lambda xp, a, b, x: xp.negative(gammainc_by_a(xp, b, xp.multiply(a, x))),
    lambda xp, a, b, x: xp.negative(xp.multiply(a, gamma_density(xp, b, xp.multiply(a, x)))),
)
def gdtrc(xp: Namespace, a: Value, b: Value, x: Value, /) -> Any:
    """``1 - gdtr(a, b, x)``."""


@special(UNKNOWN, lambda xp, k, m: xp.negative(_poisson(xp, k, m)))
def pdtr(xp: Namespace, k: Value, m: Value, /) -> Any:
    """Cumulative Poisson distribution with mean m."""


@special(UNKNOWN, _poisson)
def pdtrc(xp: Namespace, k: Value, m: Value, /) -> Any:
    """``1 - pdtr(k, m)``."""


@special(UNKNOWN, lambda xp, k, out: -1 / _poisson(xp, k, out))
def pdtri(xp: Namespace, k: Value, y: Value, /) -> Any:
    """Inverse of `pdtr` with respect to the mean."""


@special(UNKNOWN, UNKNOWN, lambda xp, k, n, p: xp.negative(_binomial_slope(xp, k, n, p)))
def bdtr(xp: Namespace, k: Value, n: Value, p: Value, /) -> Any:
    """Cumulative binomial distribution of n trials with probability p."""


@special(UNKNOWN, UNKNOWN, _binomial_slope)
def bdtrc(xp: Namespace, k: Value, n: Value, p: Value, /) -> Any:
    """``1 - bdtr(k, n, p)``."""


@special(UNKNOWN, UNKNOWN, lambda xp, k, n, out: -1 / _binomial_slope(xp, k, n, out))
def bdtri(xp: Namespace, k: Value, n: Value, y: Value, /) -> Any:
    """Inverse of `bdtr` with respect to the probability."""


@special(UNKNOWN, UNKNOWN, lambda xp, k, n, p: beta_density(xp, n, k + 1, p))
def nbdtr(xp: Namespace, k: Value, n: Value, p: Value, /) -> Any:
    """Cumulative negative binomial distribution: up to k failures before the n-th success."""


@special(UNKNOWN, UNKNOWN, lambda xp, k, n, p: xp.negative(beta_density(xp, n, k + 1, p)))
def nbdtrc(xp: Namespace, k: Value, n: Value, p: Value, /) -> Any:
    """``1 - nbdtr(k, n, p)``."""


@special(UNKNOWN, UNKNOWN, lambda xp, k, n, out: 1 / beta_density(xp, n, k + 1, out))
def nbdtri(xp: Namespace, k: Value, n: Value, y: Value, /) -> Any:
    """Inverse of `nbdtr` with respect to the probability."""
