"""Rows of the op table: special functions, against SciPy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from tests.op_rows import Draw, complex_, positive, real, row, unit
from xgrad.backends.special import on_host

#: Rows are small: one shape, and another that broadcasts with it.
_SHAPES = [(2, 3), (3,)]


def _whole(*shape: int) -> np.ndarray:
    return np.resize([1.0, 2.0, 4.0], shape)


def _wide(*shape: int) -> np.ndarray:
    return np.linspace(2.1, 7.3, int(np.prod(shape))).reshape(shape)


def _above(start: float) -> Callable[..., Draw]:
    """Return numbers a little above one."""
    return lambda *shape: lambda rng: start + unit(*shape)(rng)


def _special(
    name: str, *domains: Any, by: tuple[int, ...] | None = None, oracle: bool = True, **more: Any
) -> None:
    def call(m: Any, *arrays: Any) -> Any:
        return getattr(m.special, name)(*arrays)

    def jax_call(_: Any, *arrays: Any) -> Any:
        import jax.scipy.special

        return getattr(jax.scipy.special, name)(*arrays)

    samples = [tuple(d(*s) for d, s in zip(domains, shapes, strict=True)) for shapes in (
        _SHAPES[:1] * len(domains), (_SHAPES * 2)[: len(domains)])]  # fmt: skip
    in_torch = oracle and name in _TORCH and "complex_samples" not in more  # its erf is real
    row(
        f"special.{name}",
        call,
        samples,
        reference=lambda _, *arrays: on_host(name, *arrays),
        by=tuple(range(len(domains))) if by is None else by,
        refuses=() if by is None else tuple(i for i in range(len(domains)) if i not in by),
        torch=call if in_torch else None,
        jax=jax_call if oracle and name in _JAX else None,
        **more,
    )


_TORCH = {
    # PyTorch's digamma has a derivative with only 10 digits
    *("entr", "erf", "erfc", "erfcx", "erfinv", "gammaln", "i0", "i0e", "i1", "i1e"),
    *("log_ndtr", "logit", "ndtr", "ndtri", "xlogy", "xlog1py"),
}
_JAX = {
    *("betaln", "digamma", "entr", "erf", "erfc", "erfinv", "gammaln", "i0", "i1", "logit"),
    *("kl_div", "rel_entr", "ndtr", "ndtri", "xlogy", "xlog1py"),
}

for _name in ("erf", "erfc", "erfi"):
    _special(_name, real, complex_samples=[(complex_(2, 3),)])
_special("wofz", real, complex_samples=[(complex_(2, 3),)])
for _name in ("erfcx", "dawsn", "ndtr", "log_ndtr", "expit", "log_expit"):
    _special(_name, real)
for _name in ("i0", "i1", "i0e", "i1e", "j0", "j1", "exp10", "cosm1", "exprel"):
    _special(_name, real)
_special("sinc", real, complex_samples=[(complex_(2, 3),)])
for _name in ("sindg", "cosdg", "tandg"):
    _special(_name, real)
_special("cotdg", _above(40.0))
for _name in ("erfinv", "ndtri", "logit", "ellipk", "ellipkm1", "ellipe"):
    _special(_name, unit)
_special("erfcinv", positive)
for _name in ("digamma", "psi", "gamma", "gammaln", "loggamma", "rgamma", "entr", "exp1", "expi"):
    _special(_name, positive)
for _name in ("y0", "y1", "k0", "k1", "k0e", "k1e", "cbrt", "spence"):
    _special(_name, positive)
_special("gammasgn", positive)
_special("zetac", _wide, by=())
_special("expm1", real)
_special("log1p", positive)
_special("exp2", real)

for _name in ("xlogy", "xlog1py", "rel_entr", "kl_div", "beta", "betaln", "poch", "pseudo_huber"):
    _special(_name, positive, positive)
_special("binom", _above(4.0), unit)
_special("huber", lambda *s: np.full(s, 1.0), lambda *s: _wide(*s) - 4.4)
_special("boxcox", positive, real)
_special("boxcox1p", positive, real)
_special("inv_boxcox", unit, unit)
_special("inv_boxcox1p", unit, unit)
_special("radian", real, real, real)

for _name in ("gammainc", "gammaincc", "chdtr", "chdtrc", "stdtr"):
    _special(_name, _wide, positive)
_special("zeta", _wide, positive, by=(1,))
for _name in ("gammaincinv", "gammainccinv", "chdtri", "stdtrit"):
    _special(_name, _wide, unit, atol=1e-4)
for _name in (
    "polygamma",
    "expn",
    "yn",
    "jv",
    "yv",
    "iv",
    "ive",
    "kv",
    "kve",
    "kn",
    "jn",
    "pdtr",
    "pdtrc",
):
    _special(_name, _whole, positive, by=(1,))
_special("pdtri", _whole, unit, by=(1,), atol=1e-4)
for _name in ("betainc", "betaincc", "betaincinv", "betainccinv"):
    _special(_name, _wide, positive, unit, atol=1e-4)
for _name in ("fdtr", "fdtrc"):
    _special(_name, _wide, _wide, positive)
_special("fdtri", _wide, _wide, unit, atol=1e-4)
for _name in ("gdtr", "gdtrc"):
    _special(_name, positive, _wide, positive)
for _name in ("bdtr", "bdtrc", "bdtri"):
    _special(_name, _whole, lambda *s: np.full(s, 6.0), unit, by=(2,), atol=1e-4)
for _name in ("nbdtr", "nbdtrc", "nbdtri"):
    _special(_name, _whole, lambda *s: np.full(s, 3.0), unit, by=(2,), atol=1e-4)
_special("hyp1f1", positive, _wide, real, by=(2,))
_special("hyp2f1", positive, positive, _wide, unit, by=(3,))
_special("lpmv", lambda *s: np.full(s, 1.0), _whole, unit, by=(2,))

row(
    "special.multigammaln",
    lambda m, x: m.special.multigammaln(x, 3),
    [(_wide(2, 3),), (_wide(3),)],
    reference=lambda _, x: scipy.special.multigammaln(x, 3),
    torch=None,
    jax=None,
)
for _name in ("softmax", "log_softmax"):
    for _axis in (None, -1, (0, 1)):
        row(
            f"special.{_name}",
            lambda m, x, n=_name, a=_axis: getattr(m.special, n)(x, axis=a),
            [(real(2, 3),), (real(3, 2),)],
            reference=lambda _, x, n=_name, a=_axis: getattr(scipy.special, n)(x, axis=a),
            label=str(_axis),
            torch=None,
            jax=None,
        )
row(
    "special.logsumexp",
    lambda m, x: m.special.logsumexp(x, axis=1),
    [(real(2, 3),), (real(3, 2),)],
    reference=lambda _, x: scipy.special.logsumexp(x, axis=1),
    torch=None,
    jax=None,
)
row(
    "special.factorial",
    lambda m, x: m.special.factorial(x),
    [(positive(2, 3),), (positive(3),)],
    reference=lambda _, x: scipy.special.factorial(x, exact=False, extend="zero"),
    torch=None,
    jax=None,
)
for _name in ("comb", "perm"):
    row(
        f"special.{_name}",
        lambda m, x, y, n=_name: getattr(m.special, n)(x, y),
        [(_above(4.0)(2, 3), unit(2, 3)), (_above(4.0)(2, 3), unit(3))],
        reference=lambda _, x, y, n=_name: getattr(scipy.special, n)(x, y),
        by=(0, 1),
        torch=None,
        jax=None,
    )
