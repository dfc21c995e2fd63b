"""SciPy's continuous and discrete distributions, by name."""

from typing import Any

from xgrad.ops.densities import discrete, location, shapes
from xgrad.stats.continuous import Continuous
from xgrad.stats.discrete import Discrete

__all__ = [
    "bernoulli", "beta", "binom", "cauchy", "chi2", "expon", "f", "gamma", "geom", "gumbel_r",
    "halfnorm", "invgamma", "laplace", "logistic", "lognorm", "nbinom", "norm", "pareto", "poisson",
    "rayleigh", "t", "uniform", "weibull_min",
]  # fmt: skip

_INF = float("inf")
_POSITIVE: dict[str, Any] = {"support": (0.0, _INF), "inner": 1.0}
_UNIT: dict[str, Any] = {"support": (0.0, 1.0), "inner": 0.5}


def _probability(p: Any) -> Any:
    return (p >= 0) & (p <= 1)


def _positive_probability(p: Any) -> Any:
    return (p > 0) & (p <= 1)


def _trials(n: Any, p: Any) -> Any:
    return (n >= 0) & (n == n // 1) & _probability(p)


norm = Continuous(
    "norm",
    location.NORM,
    doc="""Normal distribution.

    See Also
    --------
    xgrad.linalg.norm : A norm of vectors and matrices.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.norm.logpdf(xg.asarray([0.0, 1.0]), loc=1.0, scale=2.0)
    Tensor([-1.73708571, -1.61208571])
    >>> xg.grad(xg.stats.norm.logcdf)(-40.0)  # the hazard, where cdf underflows
    40.02496884720726
    """,
)
uniform = Continuous(
    "uniform",
    location.UNIFORM,
    **_UNIT,
    doc="""Uniform distribution on ``[loc, loc + scale]``.

    See Also
    --------
    xgrad.random.uniform : Random numbers.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.uniform.cdf(xg.asarray([0.5, 2.0]), scale=4.0)
    Tensor([0.125, 0.5  ])
    """,
)
expon = Continuous(
    "expon",
    location.EXPON,
    **_POSITIVE,
    doc="""Exponential distribution.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.expon.sf(2.0, scale=2.0)
    Tensor(0.36787944)
    """,
)
laplace = Continuous(
    "laplace",
    location.LAPLACE,
    doc="""Laplace distribution.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.laplace.cdf(xg.asarray([-1.0, 0.0]))
    Tensor([0.18393972, 0.5       ])
    """,
)
cauchy = Continuous(
    "cauchy",
    location.CAUCHY,
    doc="""Cauchy distribution.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.cauchy.cdf(xg.asarray([0.0, 1.0]))
    Tensor([0.5 , 0.75])
    """,
)
logistic = Continuous(
    "logistic",
    location.LOGISTIC,
    doc="""Logistic distribution.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.logistic.ppf(xg.asarray([0.5, 0.75]))
    Tensor([0.        , 1.09861229])
    """,
)
gumbel_r = Continuous(
    "gumbel_r",
    location.GUMBEL_R,
    doc="""Gumbel distribution of maxima.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.gumbel_r.mean()
    Tensor(0.57721566)
    """,
)
halfnorm = Continuous(
    "halfnorm",
    location.HALFNORM,
    **_POSITIVE,
    doc="""Absolute value of a normal variable.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.halfnorm.mean(scale=2.0)
    Tensor(1.59576912)
    """,
)
rayleigh = Continuous(
    "rayleigh",
    location.RAYLEIGH,
    **_POSITIVE,
    doc="""Rayleigh distribution.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.rayleigh.sf(2.0)
    Tensor(0.13533528)
    """,
)
gamma = Continuous(
    "gamma",
    shapes.GAMMA,
    ("a",),
    **_POSITIVE,
    doc="""Gamma distribution with shape a.

    See Also
    --------
    xgrad.special.gamma : The gamma function.

    Examples
    --------
    >>> import xgrad as xg
    >>> round(xg.grad(xg.stats.gamma.cdf, argnums=1)(1.0, 2.0), 6)  # by the shape
    -0.276196
    """,
)
chi2 = Continuous(
    "chi2",
    shapes.CHI2,
    ("df",),
    **_POSITIVE,
    doc="""Chi-square distribution, df degrees of freedom.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.chi2.isf(0.05, 1.0)
    Tensor(3.84145882)
    """,
)
invgamma = Continuous(
    "invgamma",
    shapes.INVGAMMA,
    ("a",),
    **_POSITIVE,
    open_ends=True,
    doc="""Inverse gamma distribution with shape a.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.invgamma.mean(3.0)
    Tensor(0.5)
    """,
)
beta = Continuous(
    "beta",
    shapes.BETA,
    ("a", "b"),
    **_UNIT,
    doc="""Beta distribution with shapes a and b.

    See Also
    --------
    xgrad.special.beta : The beta function.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.beta.logpdf(0.5, 2.0, 3.0)
    Tensor(0.40546511)
    """,
)
t = Continuous(
    "t",
    shapes.T,
    ("df",),
    doc="""Student's t distribution with df (or inf) degrees of freedom.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.t.sf(2.0, 5.0)
    Tensor(0.05096974)
    """,
)
f = Continuous(
    "f",
    shapes.F,
    ("dfn", "dfd"),
    **_POSITIVE,
    doc="""F distribution with dfn and dfd degrees of freedom.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.f.cdf(1.0, 3.0, 4.0)
    Tensor(0.52105088)
    """,
)
lognorm = Continuous(
    "lognorm",
    shapes.LOGNORM,
    ("s",),
    **_POSITIVE,
    open_ends=True,
    doc="""Exponential of a normal variable with standard deviation s; ``scale`` is exp(mean).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.lognorm.pdf(1.0, 0.5)
    Tensor(0.79788456)
    """,
)
pareto = Continuous(
    "pareto",
    shapes.PARETO,
    ("b",),
    support=(1.0, _INF),
    inner=2.0,
    doc="""Pareto distribution with shape b, on ``[scale, inf)`` above ``loc``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.pareto.sf(2.0, 3.0)
    Tensor(0.125)
    """,
)
weibull_min = Continuous(
    "weibull_min",
    shapes.WEIBULL_MIN,
    ("c",),
    **_POSITIVE,
    doc="""Weibull distribution with shape c.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.weibull_min.cdf(1.0, 1.5)
    Tensor(0.63212056)
    """,
)

poisson = Discrete(
    "poisson",
    discrete.POISSON,
    ("mu",),
    support=(0, _INF),
    valid=lambda mu: mu >= 0,
    doc="""Poisson distribution with mean mu.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.stats.poisson.logpmf, argnums=1)(3, 2.0)  # k / mu - 1
    0.5
    """,
)
binom = Discrete(
    "binom",
    discrete.BINOM,
    ("n", "p"),
    support=(0, _INF),
    valid=_trials,
    safe=(1.0, 0.5),
    doc="""Binomial distribution of n trials (constant) with probability p.

    See Also
    --------
    xgrad.special.binom : Binomial coefficients.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.binom.pmf(xg.asarray([0, 1, 2]), 2, 0.25)
    Tensor([0.5625, 0.375 , 0.0625])
    """,
)
bernoulli = Discrete(
    "bernoulli",
    discrete.BERNOULLI,
    ("p",),
    support=(0, 1),
    valid=_probability,
    safe=(0.5,),
    doc="""Bernoulli distribution: 1 with probability p, else 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.bernoulli.entropy(0.5)
    Tensor(0.69314718)
    """,
)
geom = Discrete(
    "geom",
    discrete.GEOM,
    ("p",),
    support=(1, _INF),
    valid=_positive_probability,
    safe=(0.5,),
    doc="""Geometric distribution: the number of trials up to the first success.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.geom.pmf(xg.asarray([1, 2]), 0.25)
    Tensor([0.25  , 0.1875])
    """,
)
nbinom = Discrete(
    "nbinom",
    discrete.NBINOM,
    ("n", "p"),
    support=(0, _INF),
    valid=lambda n, p: (n > 0) & _positive_probability(p),
    safe=(1.0, 0.5),
    doc="""Negative binomial distribution: failures before the n-th success, for n > 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.nbinom.mean(2.0, 0.5)
    Tensor(2.)
    """,
)
