"""Probability distributions with SciPy's names and arguments, differentiable in all of them.

``norm.logpdf(x, loc, scale)``, ``gamma.cdf(x, a, scale=2.0)``, ``t(df).sf(x)``: densities,
distribution functions, their logarithms and inverses, entropy and moments. Derivatives by x and
by every continuous parameter, of any order, in both modes. Arrays stay on their backend.

See Also
--------
xgrad.special : The functions that distributions consist of.
xgrad.random : Random numbers.
"""

from xgrad.calls import publish as _publish
from xgrad.stats.multinomials import *
from xgrad.stats.multivariate import *
from xgrad.stats.univariate import *

__all__ = [
    "bernoulli", "beta", "binom", "cauchy", "chi2", "dirichlet", "expon", "f", "gamma", "geom",
    "gumbel_r", "halfnorm", "invgamma", "laplace", "logistic", "lognorm", "multinomial",
    "multivariate_normal",
    "nbinom", "norm", "pareto", "poisson", "rayleigh", "t", "uniform", "weibull_min",
]  # fmt: skip

_publish(globals())


def __dir__() -> list[str]:
    return __all__
