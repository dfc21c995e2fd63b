"""Cumulative distributions by Cephes' names, and their inverses: derivatives are densities."""

import math
from typing import Any

from xgrad.engine.dispatch import recorded
from xgrad.ops.elementwise import as_floating
from xgrad.ops.special.declare import UNKNOWN, Elementwise, special
from xgrad.ops.special.errors import xlog1py, xlogy
from xgrad.ops.special.gammas import beta_density, betaln, gamma_density, gammaln

__all__ = [
    "bdtr", "bdtrc", "bdtri", "chdtr", "chdtrc", "chdtri", "fdtr", "fdtrc", "fdtri", "gdtr",
    "gdtrc", "nbdtr", "nbdtrc", "nbdtri", "pdtr", "pdtrc", "pdtri", "stdtr", "stdtrit",
]  # fmt: skip


def _chi_square(xp: Any, v: Any, x: Any) -> Any:
    return 0.5 * gamma_density(xp, 0.5 * as_floating(xp, v), 0.5 * x)


def _student(xp: Any, df: Any, t: Any) -> Any:
    df = as_floating(xp, df)
    half = 0.5 * (df + 1)
    scale = xp.subtract(recorded(gammaln, half), recorded(gammaln, 0.5 * df))
    scale = xp.subtract(scale, 0.5 * xp.log(math.pi * df))
    return xp.exp(xp.subtract(scale, xp.multiply(half, xp.log1p(xp.divide(xp.square(t), df)))))


def _f_density(xp: Any, dfn: Any, dfd: Any, x: Any) -> Any:
    dfn, dfd = as_floating(xp, dfn), as_floating(xp, dfd)
    ratio = xp.divide(dfn, dfd)
    scaled = xp.multiply(ratio, x)
    powers = xp.subtract(
        recorded(xlogy, 0.5 * dfn - 1, scaled),
        xp.multiply(0.5 * xp.add(dfn, dfd), xp.log1p(scaled)),
    )
    beta = recorded(betaln, 0.5 * dfn, 0.5 * dfd)
    return xp.multiply(ratio, xp.exp(xp.subtract(powers, beta)))


def _floor(xp: Any, k: Any) -> Any:
    return math.floor(k) if isinstance(k, int | float) else xp.floor(k)


def _poisson(xp: Any, k: Any, m: Any) -> Any:
    k = _floor(xp, k)
    return xp.exp(xp.subtract(recorded(xlogy, k, m), xp.add(m, recorded(gammaln, k + 1))))


def _binomial_slope(xp: Any, k: Any, n: Any, p: Any) -> Any:
    """``(n - k) C(n, k) p**k (1 - p)**(n - k - 1)``: a beta density."""
    k = _floor(xp, k)
    rest = xp.subtract(n, k)
    powers = xp.add(recorded(xlogy, k, p), recorded(xlog1py, rest - 1, xp.negative(p)))
    return xp.exp(xp.subtract(powers, recorded(betaln, k + 1, rest)))


chdtr: Elementwise = special(
    "chdtr",
    "v x",
    """Cumulative chi-square distribution with v degrees of freedom.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.special.chdtr, argnums=1)(2.0, 0.0)
    0.5
    """,
    UNKNOWN,
    _chi_square,
)
chdtrc: Elementwise = special(
    "chdtrc",
    "v x",
    "``1 - chdtr(v, x)``.",
    UNKNOWN,
    lambda xp, v, x: xp.negative(_chi_square(xp, v, x)),
)
chdtri: Elementwise = special(
    "chdtri",
    "v p",
    "Inverse of `chdtrc` by its second argument.",
    UNKNOWN,
    lambda xp, v, out: -1 / _chi_square(xp, v, out),
)
stdtr: Elementwise = special(
    "stdtr",
    "df t",
    "Cumulative distribution of Student's t with df degrees of freedom.",
    UNKNOWN,
    _student,
)
stdtrit: Elementwise = special(
    "stdtrit",
    "df p",
    "Inverse of `stdtr` by its second argument.",
    UNKNOWN,
    lambda xp, df, out: 1 / _student(xp, df, out),
)
fdtr: Elementwise = special(
    "fdtr",
    "dfn dfd x",
    "Cumulative F distribution.",
    UNKNOWN,
    UNKNOWN,
    _f_density,
)
fdtrc: Elementwise = special(
    "fdtrc",
    "dfn dfd x",
    "``1 - fdtr(dfn, dfd, x)``.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, dfn, dfd, x: xp.negative(_f_density(xp, dfn, dfd, x)),
)
fdtri: Elementwise = special(
    "fdtri",
    "dfn dfd p",
    "Inverse of `fdtr` by its last argument.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, dfn, dfd, out: 1 / _f_density(xp, dfn, dfd, out),
)
gdtr: Elementwise = special(
    "gdtr",
    "a b x",
    "Cumulative gamma distribution of rate a and shape b, ``gammainc(b, a x)``.",
    lambda xp, a, b, x: xp.multiply(x, gamma_density(xp, b, xp.multiply(a, x))),
    UNKNOWN,
    lambda xp, a, b, x: xp.multiply(a, gamma_density(xp, b, xp.multiply(a, x))),
)
gdtrc: Elementwise = special(
    "gdtrc",
    "a b x",
    "``1 - gdtr(a, b, x)``.",
    lambda xp, a, b, x: xp.negative(xp.multiply(x, gamma_density(xp, b, xp.multiply(a, x)))),
    UNKNOWN,
    lambda xp, a, b, x: xp.negative(xp.multiply(a, gamma_density(xp, b, xp.multiply(a, x)))),
)
pdtr: Elementwise = special(
    "pdtr",
    "k m",
    "Cumulative Poisson distribution of mean m.",
    UNKNOWN,
    lambda xp, k, m: xp.negative(_poisson(xp, k, m)),
)
pdtrc: Elementwise = special(
    "pdtrc",
    "k m",
    "``1 - pdtr(k, m)``.",
    UNKNOWN,
    _poisson,
)
pdtri: Elementwise = special(
    "pdtri",
    "k y",
    "Inverse of `pdtr` by the mean.",
    UNKNOWN,
    lambda xp, k, out: -1 / _poisson(xp, k, out),
)
bdtr: Elementwise = special(
    "bdtr",
    "k n p",
    "Cumulative binomial distribution of n trials of probability p.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, k, n, p: xp.negative(_binomial_slope(xp, k, n, p)),
)
bdtrc: Elementwise = special(
    "bdtrc",
    "k n p",
    "``1 - bdtr(k, n, p)``.",
    UNKNOWN,
    UNKNOWN,
    _binomial_slope,
)
bdtri: Elementwise = special(
    "bdtri",
    "k n y",
    "Inverse of `bdtr` by the probability.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, k, n, out: -1 / _binomial_slope(xp, k, n, out),
)
nbdtr: Elementwise = special(
    "nbdtr",
    "k n p",
    "Cumulative negative binomial distribution: up to k failures before the n-th success.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, k, n, p: beta_density(xp, n, k + 1, p),
)
nbdtrc: Elementwise = special(
    "nbdtrc",
    "k n p",
    "``1 - nbdtr(k, n, p)``.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, k, n, p: xp.negative(beta_density(xp, n, k + 1, p)),
)
nbdtri: Elementwise = special(
    "nbdtri",
    "k n y",
    "Inverse of `nbdtr` by the probability.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, k, n, out: 1 / beta_density(xp, n, k + 1, out),
)
