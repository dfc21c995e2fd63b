"""`scipy.special` on Tensors."""

import numpy as np
from scipy import special

from tests.interop.calls import call

X = np.asarray([0.3, 1.2, 0.7, 2.1])
UNIT = np.asarray([0.2, 0.45, 0.6, 0.85])
A = np.asarray([1.5, 0.8, 2.2, 3.1])
B = np.asarray([0.7, 1.9, 1.1, 2.4])

UNARY = (
    "gamma gammaln loggamma psi digamma rgamma erf erfc erfcx erfinv erfcinv expit log_expit "
    "ndtr log_ndtr exp1 expi i0 i0e i1 i1e j0 j1 y0 y1 k0 k0e k1 k1e cbrt exp10 exp2 expm1 "
    "log1p cosm1 entr sinc exprel dawsn spence ellipk ellipkm1 ellipe radian cosdg sindg tandg cotdg "
    "softmax log_softmax logsumexp"
).split()
ON_UNIT = "logit ndtri erfinv erfcinv ellipk ellipkm1 ellipe entr spence".split()
for name in UNARY:
    if name == "radian":
        continue
    call(f"scipy.special.{name}", getattr(special, name), UNIT if name in ON_UNIT else X)
call("scipy.special.wofz", lambda x: special.wofz(x).real, X)
call("scipy.special.logit", special.logit, UNIT)
call("scipy.special.ndtri", special.ndtri, UNIT)
for name in "xlogy xlog1py rel_entr kl_div betaln beta".split():
    call(f"scipy.special.{name}", getattr(special, name), A, B)
for name in "boxcox boxcox1p inv_boxcox inv_boxcox1p poch huber pseudo_huber binom".split():
    call(f"scipy.special.{name}", getattr(special, name), B, X)
for name in "gammainc gammaincc gammaincinv gammainccinv".split():
    call(f"scipy.special.{name}", getattr(special, name), A, UNIT, wrt=(1,))
for name in "betainc betaincc betaincinv".split():
    call(f"scipy.special.{name}", getattr(special, name), A, B, UNIT, wrt=(2,))
for name in "chdtr chdtrc pdtr pdtrc".split():
    call(f"scipy.special.{name}", getattr(special, name), A, X, wrt=(1,))
for name in "jv yv iv ive kv".split():
    call(f"scipy.special.{name}", getattr(special, name), A, X, wrt=(1,))
call("scipy.special.hyp1f1", special.hyp1f1, A, B, X, wrt=(2,))
call("scipy.special.hyp2f1", special.hyp2f1, A, B, A + 2, UNIT / 2, wrt=(3,))
call("scipy.special.polygamma", lambda x: special.polygamma(2, x), X)
call("scipy.special.multigammaln", lambda x: special.multigammaln(x, 2), A)
call("scipy.special.zeta", lambda q: special.zeta(3.0, q), A)
call(
    "scipy.special.logsumexp", lambda x: special.logsumexp(x, axis=0), np.stack([X, A]), note="axis"
)
call("scipy.special.logsumexp", lambda x, b: special.logsumexp(x, b=b), X, B, note="with b")
call("scipy.special.softmax", lambda x: special.softmax(x, axis=1), np.stack([X, A]), note="axis")

N, K = np.asarray([4.0, 5.0, 6.0, 7.0]), np.asarray([1.0, 2.0, 3.0, 1.0])
for name in "bdtr bdtrc bdtri nbdtr nbdtrc nbdtri".split():
    call(f"scipy.special.{name}", getattr(special, name), K, N, UNIT, wrt=(2,))
for name in "fdtr fdtrc fdtri".split():
    call(f"scipy.special.{name}", getattr(special, name), A, B, UNIT, wrt=(2,))
for name in "gdtr gdtrc".split():
    call(f"scipy.special.{name}", getattr(special, name), A, B, UNIT, wrt=(0, 2))
for name in "stdtr stdtrit".split():
    call(f"scipy.special.{name}", getattr(special, name), A, UNIT, wrt=(1,))
for name in "chdtri pdtri".split():
    call(f"scipy.special.{name}", getattr(special, name), K, UNIT, wrt=(1,))
call("scipy.special.expn", lambda x: special.expn(2, x), X)
call("scipy.special.yn", lambda x: special.yn(2, x), X)
call("scipy.special.radian", special.radian, X, X, X)
call("scipy.special.lpmv", lambda x: special.lpmv(1, 2, x), UNIT)
