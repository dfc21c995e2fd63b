"""Special functions, by SciPy's names: elementwise, broadcasting, differentiable.

An argument whose derivative has no closed form (a shape parameter, an order) raises when
it is differentiated; the value and the other arguments work.
"""

from typing import Any

from xgrad.engine.tensor import Tensor
from xgrad.ops.elementwise import exp2, expm1, log1p
from xgrad.ops.elementwise import sigmoid as expit
from xgrad.ops.reductions import log_softmax as _log_softmax
from xgrad.ops.reductions import softmax as _softmax
from xgrad.ops.special.bessels import (
    i0,
    i0e,
    i1,
    i1e,
    iv,
    j0,
    j1,
    jv,
    k0,
    k0e,
    k1,
    k1e,
    kv,
    y0,
    y1,
    yn,
    yv,
)
from xgrad.ops.special.distributions import (
    bdtr,
    bdtrc,
    bdtri,
    chdtr,
    chdtrc,
    chdtri,
    fdtr,
    fdtrc,
    fdtri,
    gdtr,
    gdtrc,
    nbdtr,
    nbdtrc,
    nbdtri,
    pdtr,
    pdtrc,
    pdtri,
    stdtr,
    stdtrit,
)
from xgrad.ops.special.elementary import (
    boxcox,
    boxcox1p,
    cbrt,
    cosdg,
    cosm1,
    cotdg,
    ellipe,
    ellipk,
    ellipkm1,
    exp1,
    exp10,
    expi,
    expn,
    exprel,
    huber,
    hyp1f1,
    hyp2f1,
    inv_boxcox,
    inv_boxcox1p,
    lpmv,
    pseudo_huber,
    radian,
    sinc,
    sindg,
    spence,
    tandg,
    zetac,
)
from xgrad.ops.special.errors import (
    dawsn,
    entr,
    erf,
    erfc,
    erfcinv,
    erfcx,
    erfi,
    erfinv,
    kl_div,
    log_expit,
    log_ndtr,
    logit,
    ndtr,
    ndtri,
    rel_entr,
    xlog1py,
    xlogy,
)
from xgrad.ops.special.gammas import (
    beta,
    betainc,
    betaincc,
    betainccinv,
    betaincinv,
    betaln,
    binom,
    digamma,
    gamma,
    gammainc,
    gammaincc,
    gammainccinv,
    gammaincinv,
    gammaln,
    gammasgn,
    loggamma,
    multigammaln,
    poch,
    polygamma,
    rgamma,
    zeta,
)
from xgrad.ops.statistics import logsumexp

psi = digamma


def softmax(x: Any, /, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """``exp(x) / sum(exp(x))`` along axes (None: all of them), without overflow.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.softmax(xg.asarray([0.0, 0.0]))
    Tensor([0.5, 0.5])
    """
    return _softmax(x, axis=axis)


def log_softmax(x: Any, /, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """``x - log(sum(exp(x)))`` along axes (None: all of them), without overflow.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.log_softmax(xg.asarray([0.0]))
    Tensor([0.])
    """
    return _log_softmax(x, axis=axis)


__all__ = [
    "bdtr",
    "bdtrc",
    "bdtri",
    "beta",
    "betainc",
    "betaincc",
    "betainccinv",
    "betaincinv",
    "betaln",
    "binom",
    "boxcox",
    "boxcox1p",
    "cbrt",
    "chdtr",
    "chdtrc",
    "chdtri",
    "cosdg",
    "cosm1",
    "cotdg",
    "dawsn",
    "digamma",
    "ellipe",
    "ellipk",
    "ellipkm1",
    "entr",
    "erf",
    "erfc",
    "erfcinv",
    "erfcx",
    "erfi",
    "erfinv",
    "exp1",
    "exp2",
    "exp10",
    "expi",
    "expit",
    "expm1",
    "expn",
    "exprel",
    "fdtr",
    "fdtrc",
    "fdtri",
    "gamma",
    "gammainc",
    "gammaincc",
    "gammainccinv",
    "gammaincinv",
    "gammaln",
    "gammasgn",
    "gdtr",
    "gdtrc",
    "huber",
    "hyp1f1",
    "hyp2f1",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "inv_boxcox",
    "inv_boxcox1p",
    "iv",
    "j0",
    "j1",
    "jv",
    "k0",
    "k0e",
    "k1",
    "k1e",
    "kl_div",
    "kv",
    "log1p",
    "log_expit",
    "log_ndtr",
    "log_softmax",
    "loggamma",
    "logit",
    "logsumexp",
    "lpmv",
    "multigammaln",
    "nbdtr",
    "nbdtrc",
    "nbdtri",
    "ndtr",
    "ndtri",
    "pdtr",
    "pdtrc",
    "pdtri",
    "poch",
    "polygamma",
    "pseudo_huber",
    "psi",
    "radian",
    "rel_entr",
    "rgamma",
    "sinc",
    "sindg",
    "softmax",
    "spence",
    "stdtr",
    "stdtrit",
    "tandg",
    "xlog1py",
    "xlogy",
    "y0",
    "y1",
    "yn",
    "yv",
    "zeta",
    "zetac",
]


def __dir__() -> list[str]:
    return __all__
