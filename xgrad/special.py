"""Special functions, by SciPy's names: elementwise, broadcasting, differentiable.

An argument whose derivative has no closed form (the order of a Bessel function) raises when
it is differentiated; the value and the other arguments work.

See Also
--------
xgrad.nn.functional : PyTorch's functions; ``kl_div``, ``softmax`` and ``log_softmax`` differ.
xgrad.stats : Distributions.
"""

from xgrad.engine.tensor import Tensor
from xgrad.ops.elementwise import exp2, expm1, log1p
from xgrad.ops.elementwise import sigmoid as expit
from xgrad.ops.floats import cbrt
from xgrad.ops.softmax import log_softmax as _log_softmax
from xgrad.ops.softmax import softmax as _softmax
from xgrad.ops.special.bessels import *
from xgrad.ops.special.counts import *
from xgrad.ops.special.distributions import *
from xgrad.ops.special.elementary import *
from xgrad.ops.special.errors import *
from xgrad.ops.special.gammas import *
from xgrad.ops.special.incomplete import *
from xgrad.ops.special.sums import *
from xgrad.ops.trigonometry import sinc
from xgrad.typing import ArrayLike

psi = digamma
jn = jv


def softmax(x: ArrayLike, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """``exp(x) / sum(exp(x))`` along axes (None: all of them), without overflow.

    See Also
    --------
    xgrad.nn.functional.softmax : PyTorch's, along one axis (``dim``) that must be given.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.softmax(xg.asarray([0.0, 0.0]))
    Tensor([0.5, 0.5])
    """
    return _softmax(x, axis=axis)


def log_softmax(x: ArrayLike, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """``x - log(sum(exp(x)))`` along axes (None: all of them), without overflow.

    See Also
    --------
    xgrad.nn.functional.log_softmax : PyTorch's, along one axis (``dim``) that must be given.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.log_softmax(xg.asarray([0.0]))
    Tensor([0.])
    """
    return _log_softmax(x, axis=axis)


__all__ = [
    "cbrt",
    "exp2",
    "expit",
    "expm1",
    "jn",
    "log1p",
    "log_softmax",
    "psi",
    "sinc",
    "softmax",
]
# The names of the modules imported above: written by tools/declared.py.
__all__ += [
    "bdtr", "bdtrc", "bdtri", "beta", "betainc", "betaincc", "betainccinv", "betaincinv", "betaln",
    "binom", "boxcox", "boxcox1p", "chdtr", "chdtrc", "chdtri", "comb", "cosdg", "cosm1", "cotdg",
    "dawsn", "digamma", "ellipe", "ellipk", "ellipkm1", "entr", "erf", "erfc", "erfcinv", "erfcx",
    "erfi", "erfinv", "exp1", "exp10", "expi", "expn", "exprel", "factorial", "fdtr", "fdtrc",
    "fdtri", "gamma", "gammainc", "gammaincc", "gammainccinv", "gammaincinv", "gammaln", "gammasgn",
    "gdtr", "gdtrc", "huber", "hyp1f1", "hyp2f1", "i0", "i0e", "i1", "i1e", "inv_boxcox",
    "inv_boxcox1p", "iv", "ive", "j0", "j1", "jv", "k0", "k0e", "k1", "k1e", "kl_div", "kn", "kv",
    "kve", "log_expit", "log_ndtr", "loggamma", "logit", "logsumexp", "lpmv", "multigammaln",
    "nbdtr", "nbdtrc", "nbdtri", "ndtr", "ndtri", "pdtr", "pdtrc", "pdtri", "perm", "poch",
    "polygamma", "pseudo_huber", "radian", "rel_entr", "rgamma", "sindg", "spence", "stdtr",
    "stdtrit", "tandg", "wofz", "xlog1py", "xlogy", "y0", "y1", "yn", "yv", "zeta", "zetac",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__
