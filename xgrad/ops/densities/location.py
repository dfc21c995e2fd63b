"""Distributions that have only a location and a scale. Formulas: Johnson, Kotz, Balakrishnan."""

import math
from collections.abc import Callable
from typing import Any

from xgrad.ops.complex import abs as absolute
from xgrad.ops.densities.tails import Functions, log1mexp, one_minus_exp
from xgrad.ops.elementwise import exp, log, log1p, sigmoid, sqrt, square
from xgrad.ops.selection import where
from xgrad.ops.special.errors import erf, erfinv, log_expit, log_ndtr, logit, ndtr, ndtri
from xgrad.ops.trigonometry import atan2, tan

EULER = 0.57721566490153286
_HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)
_LOG_TWO = math.log(2)


def normal_logpdf(x: Any) -> Any:
    """Standard normal distribution."""
    return -0.5 * square(x) - _HALF_LOG_TWO_PI


def cauchy_logpdf(x: Any) -> Any:
    """Cauchy distribution; for large x, whose square overflows, ``-2 log(x)``."""
    size = absolute(x)
    large = size > 1e8
    near = log1p(square(where(large, 0.0, x)))
    return -math.log(math.pi) - where(large, 2 * log(where(large, size, 1.0)), near)


def cauchy_sf(x: Any) -> Any:
    """Survival function, without cancellation."""
    return atan2(x * 0 + 1.0, x) / math.pi


def cauchy_isf(q: Any) -> Any:
    """``1 / tan(π q)``, without cancellation in the middle and near 1."""
    middle = absolute(q - 0.5) < 0.25
    low = q < 0.5
    tail = where(middle, 0.25, where(low, q, 1 - q))
    out = 1 / tan(math.pi * tail)
    out = where(low, out, -out)
    return where(middle, tan(math.pi * (0.5 - where(middle, q, 0.5))), out)


def laplace_logsf(x: Any) -> Any:
    """Logarithm of the survival function of the Laplace distribution."""
    positive = x > 0
    tail = where(positive, x, 0.0)
    body = log1p(-0.5 * exp(where(positive, 0.0, x)))
    return where(positive, -tail - _LOG_TWO, body)


def laplace_sf(x: Any) -> Any:
    """Survival function of the Laplace distribution."""
    positive = x > 0
    tail = 0.5 * exp(-where(positive, x, 0.0))
    return where(positive, tail, 1 - 0.5 * exp(where(positive, 0.0, x)))


def laplace_isf(q: Any) -> Any:
    """Inverse of the survival function of the Laplace distribution."""
    high = q > 0.5
    upper = log(2 * (1 - where(high, q, 0.5)))
    return where(high, upper, -log(2 * where(high, 0.5, q)))


def logistic_cdf(x: Any) -> Any:
    """``sigmoid(x)``, whose derivative is accurate on both sides."""
    positive = x > 0
    upper = 1 - sigmoid(-where(positive, x, 0.0))
    return where(positive, upper, sigmoid(where(positive, 0.0, x)))


def _gumbel(function: Callable[[Any], Any], below: float) -> Callable[[Any], Any]:
    """A function of ``exp(-x)``, which is ``below`` where the distribution is 0 in any precision.

    There ``exp(-x)`` may overflow, and derivatives would be 0 times infinity.
    """

    def of_x(x: Any) -> Any:
        inside = x > -8
        return where(inside, function(exp(-where(inside, x, 0.0))), below)

    return of_x


def gumbel_pdf(x: Any) -> Any:
    """Gumbel distribution."""
    return _gumbel(lambda rate: rate * exp(-rate), 0.0)(x)


def gumbel_logsf(x: Any) -> Any:
    """Logarithm of the survival function; for large x the start of its series."""
    tail = x > 17
    far = where(tail, x, 17.0)
    near = _gumbel(log1mexp, 0.0)(where(tail, 0.0, x))
    return where(tail, -far - 0.5 * exp(-far), near)


NORM: Functions = {
    "logpdf": normal_logpdf,
    "cdf": ndtr,
    "sf": lambda x: ndtr(-x),
    "logcdf": log_ndtr,
    "logsf": lambda x: log_ndtr(-x),
    "ppf": ndtri,
    "isf": lambda q: -ndtri(q),
    "entropy": lambda: _HALF_LOG_TWO_PI + 0.5,
    "mean": lambda: 0.0,
    "var": lambda: 1.0,
}
UNIFORM: Functions = {
    "logpdf": lambda x: 0 * x,
    "cdf": lambda x: +x,
    "sf": lambda x: 1 - x,
    "logcdf": log,
    "logsf": lambda x: log1p(-x),
    "ppf": lambda q: +q,
    "isf": lambda q: 1 - q,
    "entropy": lambda: 0.0,
    "mean": lambda: 0.5,
    "var": lambda: 1 / 12,
}
EXPON: Functions = {
    "logpdf": lambda x: -x,
    "cdf": one_minus_exp,
    "sf": lambda x: exp(-x),
    "logcdf": log1mexp,
    "logsf": lambda x: -x,
    "ppf": lambda q: -log1p(-q),
    "isf": lambda q: -log(q),
    "entropy": lambda: 1.0,
    "mean": lambda: 1.0,
    "var": lambda: 1.0,
}
LAPLACE: Functions = {
    "logpdf": lambda x: -absolute(x) - _LOG_TWO,
    "cdf": lambda x: laplace_sf(-x),
    "sf": laplace_sf,
    "logcdf": lambda x: laplace_logsf(-x),
    "logsf": laplace_logsf,
    "ppf": lambda q: -laplace_isf(q),
    "isf": laplace_isf,
    "entropy": lambda: _LOG_TWO + 1,
    "mean": lambda: 0.0,
    "var": lambda: 2.0,
}
CAUCHY: Functions = {
    "logpdf": cauchy_logpdf,
    "cdf": lambda x: cauchy_sf(-x),
    "sf": cauchy_sf,
    "ppf": lambda q: -cauchy_isf(q),
    "isf": cauchy_isf,
    "entropy": lambda: math.log(4 * math.pi),
    "mean": lambda: math.nan,
    "var": lambda: math.nan,
}
LOGISTIC: Functions = {
    "logpdf": lambda x: log_expit(x) + log_expit(-x),
    "cdf": logistic_cdf,
    "sf": lambda x: logistic_cdf(-x),
    "logcdf": log_expit,
    "logsf": lambda x: log_expit(-x),
    "ppf": logit,
    "isf": lambda q: -logit(q),
    "entropy": lambda: 2.0,
    "mean": lambda: 0.0,
    "var": lambda: math.pi**2 / 3,
}
GUMBEL_R: Functions = {
    "logpdf": lambda x: -x - exp(-x),
    "pdf": gumbel_pdf,
    "cdf": _gumbel(lambda rate: exp(-rate), 0.0),
    "sf": _gumbel(one_minus_exp, 1.0),
    "logcdf": lambda x: -exp(-x),
    "logsf": gumbel_logsf,
    "ppf": lambda q: -log(-log(q)),
    "isf": lambda q: -log(-log1p(-q)),
    "entropy": lambda: EULER + 1,
    "mean": lambda: EULER,
    "var": lambda: math.pi**2 / 6,
}
HALFNORM: Functions = {
    "logpdf": lambda x: 0.5 * math.log(2 / math.pi) - 0.5 * square(x),
    "cdf": lambda x: erf(x * math.sqrt(0.5)),
    "sf": lambda x: 2 * ndtr(-x),
    "logsf": lambda x: _LOG_TWO + log_ndtr(-x),
    "ppf": lambda q: math.sqrt(2) * erfinv(q),
    "isf": lambda q: -ndtri(0.5 * q),
    "entropy": lambda: 0.5 * math.log(math.pi / 2) + 0.5,
    "mean": lambda: math.sqrt(2 / math.pi),
    "var": lambda: 1 - 2 / math.pi,
}
RAYLEIGH: Functions = {
    "pdf": lambda x: x * exp(-0.5 * square(x)),
    "logpdf": lambda x: log(x) - 0.5 * square(x),
    "cdf": lambda x: one_minus_exp(0.5 * square(x)),
    "sf": lambda x: exp(-0.5 * square(x)),
    "logcdf": lambda x: log1mexp(0.5 * square(x)),
    "logsf": lambda x: -0.5 * square(x),
    "ppf": lambda q: sqrt(-2 * log1p(-q)),
    "isf": lambda q: sqrt(-2 * log(q)),
    "entropy": lambda: EULER / 2 + 1 - 0.5 * _LOG_TWO,
    "mean": lambda: math.sqrt(math.pi / 2),
    "var": lambda: 2 - math.pi / 2,
}
