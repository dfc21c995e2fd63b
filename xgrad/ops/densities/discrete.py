"""Discrete distributions: masses are gamma and beta densities of the parameters."""

from typing import Any

from xgrad.engine.dispatch import XG
from xgrad.ops.densities.tails import Functions, log_betainc, log_gammainc
from xgrad.ops.elementwise import exp, expm1, log, log1p, pow
from xgrad.ops.selection import stop_gradient, where
from xgrad.ops.special.distributions import pdtr, pdtrc
from xgrad.ops.special.errors import entr, xlog1py, xlogy
from xgrad.ops.special.gammas import gammaln
from xgrad.ops.special.incomplete import beta_density, betainc, betaincc, gamma_density


def binom_logpmf(k: Any, n: Any, p: Any) -> Any:
    """Binomial distribution."""
    n = stop_gradient(n)
    count = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return count + xlogy(k, p) + xlog1py(n - k, -p)


def binom_pmf(k: Any, n: Any, p: Any) -> Any:
    """Mass of the binomial distribution: a beta density of p."""
    n = stop_gradient(n)
    return beta_density(XG, k + 1, n - k + 1, p) / (n + 1)


def nbinom_logpmf(k: Any, n: Any, p: Any) -> Any:
    """Negative binomial distribution: k failures before the n-th success."""
    return gammaln(n + k) - gammaln(k + 1) - gammaln(n) + n * log(p) + xlog1py(k, -p)


def nbinom_pmf(k: Any, n: Any, p: Any) -> Any:
    """Mass of the negative binomial distribution: a beta density of p."""
    return beta_density(XG, n + 1, k + 1, p) * n / ((n + k) * (n + k + 1))


def geom_entropy(p: Any) -> Any:
    """Entropy of the geometric distribution."""
    return (entr(p) + entr(1 - p)) / p


# Entropies are sums of entr(pmf) over the masses that are not 0. Where a parameter is at the end of
# its range, masses that are 0 have a derivative, and contribute infinite ones: these add them.


def poisson_boundary(mu: Any) -> Any:
    """The infinite derivative of the Poisson distribution's entropy at mean 0."""
    return where(mu == 0, entr(mu), 0.0)


def binom_boundary(n: Any, p: Any) -> Any:
    """The infinite derivatives of the binomial distribution's entropy at probability 0 and 1."""
    end = (stop_gradient(n) > 0) & ((p == 0) | (p == 1))
    return where(end, entr(p) + entr(1 - p), 0.0)


def nbinom_boundary(n: Any, p: Any) -> Any:
    """The infinite derivative of the negative binomial distribution's entropy at probability 1."""
    return where(p == 1, entr(1 - p) + 0 * n, 0.0)


POISSON: Functions = {
    "pmf": lambda k, mu: gamma_density(XG, k + 1, mu),
    "logpmf": lambda k, mu: xlogy(k, mu) - gammaln(k + 1) - mu,
    "cdf": pdtr,
    "sf": pdtrc,
    "logcdf": lambda k, mu: log_gammainc(k + 1, mu, upper=True),
    "logsf": lambda k, mu: log_gammainc(k + 1, mu, upper=False),
    "at_the_boundary": poisson_boundary,
    "mean": lambda mu: +mu,
    "var": lambda mu: +mu,
}
BINOM: Functions = {
    "pmf": binom_pmf,
    "logpmf": binom_logpmf,
    "cdf": lambda k, n, p: betaincc(k + 1, stop_gradient(n) - k, p),
    "sf": lambda k, n, p: betainc(k + 1, stop_gradient(n) - k, p),
    "logcdf": lambda k, n, p: log_betainc(k + 1, stop_gradient(n) - k, p, 1 - p, upper=True),
    "logsf": lambda k, n, p: log_betainc(k + 1, stop_gradient(n) - k, p, 1 - p, upper=False),
    "at_the_boundary": binom_boundary,
    "mean": lambda n, p: stop_gradient(n) * p,
    "var": lambda n, p: stop_gradient(n) * p * (1 - p),
    "ends": lambda n, p: (0, stop_gradient(n)),
}
BERNOULLI: Functions = {
    "pmf": lambda k, p: where(k == 0, 1 - p, p),
    "logpmf": lambda k, p: xlogy(k, p) + xlog1py(1 - k, -p),
    "cdf": lambda k, p: 1 - p + 0 * k,
    "sf": lambda k, p: p + 0 * k,
    "entropy": lambda p: entr(p) + entr(1 - p),
    "mean": lambda p: +p,
    "var": lambda p: p * (1 - p),
}
GEOM: Functions = {
    "pmf": lambda k, p: p * pow(1 - p, k - 1),
    "logpmf": lambda k, p: xlog1py(k - 1, -p) + log(p),
    "cdf": lambda k, p: -expm1(k * log1p(-p)),
    "sf": lambda k, p: exp(k * log1p(-p)),
    "logsf": lambda k, p: k * log1p(-p),
    "entropy": geom_entropy,
    "mean": lambda p: 1 / p,
    "var": lambda p: (1 - p) / (p * p),
}
NBINOM: Functions = {
    "pmf": nbinom_pmf,
    "logpmf": nbinom_logpmf,
    "cdf": lambda k, n, p: betainc(n, k + 1, p),
    "sf": lambda k, n, p: betaincc(n, k + 1, p),
    "logcdf": lambda k, n, p: log_betainc(n, k + 1, p, 1 - p, upper=False),
    "logsf": lambda k, n, p: log_betainc(n, k + 1, p, 1 - p, upper=True),
    "at_the_boundary": nbinom_boundary,
    "mean": lambda n, p: n * (1 - p) / p,
    "var": lambda n, p: n * (1 - p) / (p * p),
}
