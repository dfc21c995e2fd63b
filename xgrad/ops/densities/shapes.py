"""Continuous distributions with shape parameters. Formulas: Johnson, Kotz, Balakrishnan."""

import math
from collections.abc import Callable
from typing import Any

from xgrad.engine.dispatch import XG
from xgrad.ops.densities.location import EULER, NORM
from xgrad.ops.densities.tails import (
    Functions,
    log1mexp,
    log_betainc,
    log_gammainc,
    one_minus_exp,
    smallest,
)
from xgrad.ops.elementwise import exp, expm1, log, log1p, pow, square
from xgrad.ops.selection import stop_gradient, where
from xgrad.ops.special.distributions import (
    chdtr,
    chdtrc,
    f_density,
    fdtr,
    fdtrc,
    fdtri,
    stdtr,
    stdtrit,
)
from xgrad.ops.special.errors import log_ndtr, ndtr, ndtri, xlog1py, xlogy
from xgrad.ops.special.gammas import betaln, digamma, gamma, gammaln
from xgrad.ops.special.incomplete import (
    beta_density,
    betainc,
    betaincc,
    betainccinv,
    betaincinv,
    gamma_density,
    gammainc,
    gammaincc,
    gammainccinv,
    gammaincinv,
)

_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
_LOG_TWO = math.log(2)
_INF, _NAN = math.inf, math.nan


def gamma_entropy(a: Any) -> Any:
    """``a + gammaln(a) + (1 - a) ψ(a)``; for large a, where it cancels, its asymptotic series."""
    large = a > 200
    near, far = where(large, 1.0, a), where(large, a, 200.0)
    exact = near + gammaln(near) + (1 - near) * digamma(near)
    t = 1 / far  # from Stirling's series of both functions
    series = t * (-1 / 3 + t * (-1 / 12 + t * (-1 / 90 + t * (1 / 120 + t / 210))))
    return where(large, _HALF_LOG_TWO_PI + 0.5 + 0.5 * log(far) + series, exact)


GAMMA: Functions = {
    "pdf": lambda x, a: gamma_density(XG, a, x),
    "logpdf": lambda x, a: xlogy(a - 1, x) - x - gammaln(a),
    "cdf": lambda x, a: gammainc(a, x),
    "sf": lambda x, a: gammaincc(a, x),
    "logcdf": lambda x, a: log_gammainc(a, x, upper=False),
    "logsf": lambda x, a: log_gammainc(a, x, upper=True),
    "ppf": lambda q, a: gammaincinv(a, q),
    "isf": lambda q, a: gammainccinv(a, q),
    "entropy": gamma_entropy,
    "mean": lambda a: +a,
    "var": lambda a: +a,
}
CHI2: Functions = {
    "pdf": lambda x, df: 0.5 * gamma_density(XG, 0.5 * df, 0.5 * x),
    "logpdf": lambda x, df: (
        xlogy(0.5 * df - 1, x) - 0.5 * x - gammaln(0.5 * df) - 0.5 * _LOG_TWO * df
    ),
    "cdf": lambda x, df: chdtr(df, x),
    "sf": lambda x, df: chdtrc(df, x),
    "logcdf": lambda x, df: log_gammainc(0.5 * df, 0.5 * x, upper=False),
    "logsf": lambda x, df: log_gammainc(0.5 * df, 0.5 * x, upper=True),
    "ppf": lambda q, df: 2 * gammaincinv(0.5 * df, q),
    "isf": lambda q, df: 2 * gammainccinv(0.5 * df, q),
    "entropy": lambda df: gamma_entropy(0.5 * df) + _LOG_TWO,
    "mean": lambda df: +df,
    "var": lambda df: 2 * df,
}


def invgamma_logpdf(x: Any, a: Any) -> Any:
    """Inverse gamma distribution."""
    return -(a + 1) * log(x) - gammaln(a) - 1 / x


INVGAMMA: Functions = {
    "logpdf": invgamma_logpdf,
    "cdf": lambda x, a: gammaincc(a, 1 / x),
    "sf": lambda x, a: gammainc(a, 1 / x),
    "logcdf": lambda x, a: log_gammainc(a, 1 / x, upper=True),
    "logsf": lambda x, a: log_gammainc(a, 1 / x, upper=False),
    "ppf": lambda q, a: 1 / gammainccinv(a, q),
    "isf": lambda q, a: 1 / gammaincinv(a, q),
    "entropy": lambda a: a + gammaln(a) - (1 + a) * digamma(a),
    "mean": lambda a: where(a > 1, 1 / (where(a > 1, a, 2.0) - 1), _INF),
    "var": lambda a: where(
        a > 2, 1 / (square(where(a > 2, a, 3.0) - 1) * (where(a > 2, a, 3.0) - 2)), _INF
    ),
}


def beta_entropy(a: Any, b: Any) -> Any:
    """Entropy of the beta distribution."""
    total = a + b
    terms = (a - 1) * digamma(a) + (b - 1) * digamma(b)
    return betaln(a, b) - terms + (total - 2) * digamma(total)


BETA: Functions = {
    "pdf": lambda x, a, b: beta_density(XG, a, b, x),
    "logpdf": lambda x, a, b: xlog1py(b - 1, -x) + xlogy(a - 1, x) - betaln(a, b),
    "cdf": lambda x, a, b: betainc(a, b, x),
    "sf": lambda x, a, b: betaincc(a, b, x),
    "logcdf": lambda x, a, b: log_betainc(a, b, x, 1 - x, upper=False),
    "logsf": lambda x, a, b: log_betainc(a, b, x, 1 - x, upper=True),
    "ppf": lambda q, a, b: betaincinv(a, b, q),
    "isf": lambda q, a, b: betainccinv(a, b, q),
    "entropy": beta_entropy,
    "mean": lambda a, b: a / (a + b),
    "var": lambda a, b: a * b / (square(a + b) * (a + b + 1)),
}


def _decades(x: Any) -> tuple[Any, Any, Any]:
    """Return whether the square of x would overflow, a smaller x, and the log of their ratio."""
    bound = smallest(x) ** -0.25
    size = XG.abs(x)
    large = size > bound
    return large, where(large, bound, x), log(where(large, size, bound) / bound)


def t_logpdf(x: Any, df: Any) -> Any:
    """Student's t distribution; the normal one for infinite df."""
    normal = XG.isinf(df)
    df = where(normal, 1.0, df)
    large, x, decades = _decades(x)
    power = 0.5 * (df + 1) * (log1p(square(x) / df) + 2 * where(large, decades, 0.0))
    out = -betaln(0.5 * df, 0.5) - 0.5 * log(df) - power
    return where(normal, where(large, -_INF, NORM["logpdf"](x)), out)


def t_logsf(x: Any, df: Any) -> Any:
    """``log(sf)``; in the tail that of a beta distribution, ``betainc(df/2, 1/2, y) / 2``."""
    normal = XG.isinf(df)
    finite = where(normal, 1.0, df)
    tail = x > 0
    far = where(tail, x, 1.0)
    large, far, decades = _decades(far)
    total = finite + square(far)
    upper = log_betainc(
        0.5 * finite, 0.5 + 0 * finite, finite / total, square(far) / total, upper=False
    )
    lower = log1p(-stdtr(finite, where(tail, 0.0, x)))
    upper = upper - where(large, finite * decades, 0.0)
    out = where(tail, upper - _LOG_TWO, lower)
    return where(normal, log_ndtr(-x), out)


def t_entropy(df: Any) -> Any:
    """Entropy of Student's t distribution."""
    half = 0.5 * (df + 1)
    finite = half * (digamma(half) - digamma(0.5 * df)) + 0.5 * log(df) + betaln(0.5 * df, 0.5)
    return where(XG.isinf(df), _HALF_LOG_TWO_PI + 0.5, finite)


def t_var(df: Any) -> Any:
    """Variance of Student's t distribution: infinite for df from 1 to 2, NaN below."""
    above = df > 2
    finite = 1 / (1 - 2 / where(above, df, 3.0))
    return where(above, finite, where(df > 1, _INF, _NAN))


T: Functions = {
    "logpdf": t_logpdf,
    "cdf": lambda x, df: stdtr(df, x),
    "sf": lambda x, df: stdtr(df, -x),
    "logcdf": lambda x, df: t_logsf(-x, df),
    "logsf": t_logsf,
    "ppf": lambda q, df: stdtrit(df, q),
    "isf": lambda q, df: -stdtrit(df, q),
    "entropy": t_entropy,
    "mean": lambda df: where(df > 1, 0.0, _INF),
    "var": t_var,
}


def f_logpdf(x: Any, dfn: Any, dfd: Any) -> Any:
    """F distribution."""
    n, m = 0.5 * dfn, 0.5 * dfd
    powers = xlogy(n, dfn / dfd) + xlogy(n - 1, x) - (n + m) * log1p(dfn * x / dfd)
    return powers - betaln(n, m)


def f_isf(q: Any, dfn: Any, dfd: Any) -> Any:
    """Inverse of the survival function, from both parts of the beta distribution."""
    n, m = 0.5 * dfn, 0.5 * dfd
    logs = (log(q) + log(m) + betaln(n, m)) / m  # of the rest, where it is small
    deep = logs + log(1 + n) < -45
    rest = where(deep, exp(where(deep, logs, 0.0)), betaincinv(m, n, where(deep, 0.5, q)))
    part = where(deep, 1.0, betainccinv(n, m, where(deep, 0.5, q)))
    return dfd * part / (dfn * rest)


def f_log(x: Any, dfn: Any, dfd: Any, upper: bool) -> Any:
    """Logarithms of both distribution functions."""
    total = dfd + dfn * x
    return log_betainc(0.5 * dfn, 0.5 * dfd, dfn * x / total, dfd / total, upper)


def f_entropy(dfn: Any, dfd: Any) -> Any:
    """Entropy of the F distribution (Lazo and Rathie 1978)."""
    n, m = 0.5 * dfn, 0.5 * dfd
    terms = (1 - n) * digamma(n) - (1 + m) * digamma(m) + (n + m) * digamma(n + m)
    return log(dfd) - log(dfn) + betaln(n, m) + terms


def f_var(dfn: Any, dfd: Any) -> Any:
    """Variance of the F distribution."""
    above = dfd > 4
    m = where(above, dfd, 5.0)
    finite = 2 * square(m) * (m + dfn - 2) / (dfn * square(m - 2) * (m - 4))
    return where(above, finite, _INF)


F: Functions = {
    "pdf": lambda x, dfn, dfd: f_density(XG, dfn, dfd, x),
    "logpdf": f_logpdf,
    "cdf": lambda x, dfn, dfd: fdtr(dfn, dfd, x),
    "sf": lambda x, dfn, dfd: fdtrc(dfn, dfd, x),
    "logcdf": lambda x, dfn, dfd: f_log(x, dfn, dfd, upper=False),
    "logsf": lambda x, dfn, dfd: f_log(x, dfn, dfd, upper=True),
    "ppf": lambda q, dfn, dfd: fdtri(dfn, dfd, q),
    "isf": f_isf,
    "entropy": f_entropy,
    "mean": lambda dfn, dfd: where(dfd > 2, dfd / (where(dfd > 2, dfd, 3.0) - 2), _INF) + 0 * dfn,
    "var": f_var,
}
LOGNORM: Functions = {
    "logpdf": lambda x, s: -0.5 * square(log(x) / s) - log(s * x) - _HALF_LOG_TWO_PI,
    "cdf": lambda x, s: ndtr(log(x) / s),
    "sf": lambda x, s: ndtr(-log(x) / s),
    "logcdf": lambda x, s: log_ndtr(log(x) / s),
    "logsf": lambda x, s: log_ndtr(-log(x) / s),
    "ppf": lambda q, s: exp(s * ndtri(q)),
    "isf": lambda q, s: exp(-s * ndtri(q)),
    "entropy": lambda s: 0.5 + _HALF_LOG_TWO_PI + log(s),
    "mean": lambda s: exp(0.5 * square(s)),
    "var": lambda s: expm1(square(s)) * exp(square(s)),
}
PARETO: Functions = {
    "logpdf": lambda x, b: log(b) - (b + 1) * log(x),
    "cdf": lambda x, b: one_minus_exp(b * log(x)),
    "sf": lambda x, b: exp(-b * log(x)),
    "logcdf": lambda x, b: log1mexp(b * log(x)),
    "logsf": lambda x, b: -b * log(x),
    "ppf": lambda q, b: exp(-log1p(-q) / b),
    "isf": lambda q, b: exp(-log(q) / b),
    "entropy": lambda b: 1 + 1 / b - log(b),
    "mean": lambda b: where(b > 1, b / (where(b > 1, b, 2.0) - 1), _INF),
    "var": lambda b: where(
        b > 2, b / ((where(b > 2, b, 3.0) - 2) * square(where(b > 2, b, 3.0) - 1)), _INF
    ),
}


def weibull_var(c: Any) -> Any:
    """Variance of the Weibull distribution; for small c infinite, in floating point."""
    second = gamma(1 + 2 / c)
    over = XG.isinf(second)
    return where(over, second, second - square(gamma(1 + 1 / where(over, 1.0, c))))


def _weibull(function: Callable[..., Any], beyond: float) -> Callable[[Any, Any], Any]:
    """A function of x, c and ``x**c``; ``beyond`` where ``exp(-x**c)`` is 0 in any precision.

    There the power may overflow, and derivatives would be 0 times infinity.
    """

    def of_x(x: Any, c: Any) -> Any:
        inside = pow(stop_gradient(x), stop_gradient(c)) < 1000
        x = where(inside, x, 1.0)
        return where(inside, function(x, c, pow(x, c)), beyond)

    return of_x


WEIBULL_MIN: Functions = {
    "pdf": _weibull(lambda x, c, power: c * pow(x, c - 1) * exp(-power), 0.0),
    "logpdf": lambda x, c: log(c) + xlogy(c - 1, x) - pow(x, c),
    "cdf": _weibull(lambda x, c, power: one_minus_exp(power), 1.0),
    "sf": _weibull(lambda x, c, power: exp(-power), 0.0),
    "logcdf": lambda x, c: log1mexp(pow(x, c)),
    "logsf": lambda x, c: -pow(x, c),
    "ppf": lambda q, c: pow(-log1p(-q), 1 / c),
    "isf": lambda q, c: pow(-log(q), 1 / c),
    "entropy": lambda c: EULER - EULER / c - log(c) + 1,
    "mean": lambda c: gamma(1 + 1 / c),
    "var": weibull_var,
}
