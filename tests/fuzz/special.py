"""SciPy's special functions, each in its domain, with known derivatives."""

from collections.abc import Callable

from tests.fuzz.drawing import Draw, Maker, operation


def special(*names: str) -> Callable[[Maker], Maker]:
    """Declare functions of `xgrad.special`; ``make`` gets the name without the module."""

    def declare(make: Maker) -> Maker:
        def named(d: Draw, name: str) -> str:
            return make(d, name.partition(".")[2])

        operation(*(f"special.{n}" for n in names), weight=0.25)(named)
        return make

    return declare


@special("erf", "erfc", "erfcx", "erfi", "dawsn", "ndtr", "log_ndtr", "expit", "log_expit",
         "i0", "i1", "i0e", "i1e", "j0", "j1", "cosm1", "exprel", "sinc", "expm1", "exp2",
         "sindg", "cosdg", "tandg")  # fmt: skip
def _anywhere(d: Draw, name: str) -> str:
    return f"xg.special.{name}(xg.clip({d.array()}, -2.0, 2.0))"


@special("wofz")
def _wofz(d: Draw, name: str) -> str:
    return f"xg.real(xg.special.wofz({d.within(-1.0, 1.0)}))"


@special("exp10")
def _exp10(d: Draw, name: str) -> str:
    return f"xg.special.exp10({d.within(-1.0, 1.0)})"


@special("erfinv", "ndtri", "logit", "ellipk", "ellipkm1", "ellipe")
def _of_unit(d: Draw, name: str) -> str:
    return f"xg.special.{name}({d.within(0.1, 0.9)})"


@special("erfcinv")
def _erfcinv(d: Draw, name: str) -> str:
    return f"xg.special.erfcinv({d.within(0.2, 1.8)})"


@special("digamma", "psi", "gamma", "gammaln", "loggamma", "rgamma", "entr", "exp1", "expi",
         "y0", "y1", "k0", "k1", "k0e", "k1e", "cbrt", "spence", "gammasgn", "log1p")  # fmt: skip
def _of_positives(d: Draw, name: str) -> str:
    return f"xg.special.{name}({d.within(0.3, 3.0)})"


@special("cotdg")
def _cotdg(d: Draw, name: str) -> str:
    return f"xg.special.cotdg({d.within(30.0, 60.0)})"


@special("xlogy", "xlog1py", "rel_entr", "kl_div", "beta", "betaln", "pseudo_huber", "boxcox",
         "boxcox1p")  # fmt: skip
def _pairs(d: Draw, name: str) -> str:
    x = d.array()
    y = d.same(x)
    return f"xg.special.{name}({d.within(0.3, 2.5, x)}, {d.within(0.3, 2.5, y)})"


@special("inv_boxcox", "inv_boxcox1p")
def _inverse_boxcox(d: Draw, name: str) -> str:
    return f"xg.special.{name}({d.within(0.1, 0.9)}, {d.choice(['0.5', '1.5'])})"


@special("huber")
def _huber(d: Draw, name: str) -> str:
    return f"xg.special.huber(1.0, {d.array()})"


@special("binom", "poch")
def _binom(d: Draw, name: str) -> str:
    return f"xg.special.{name}({d.within(4.0, 5.0)}, {d.choice(['0.5', '1.5'])})"


@special("comb", "perm")
def _choices(d: Draw, name: str) -> str:
    return f"xg.special.{name}({d.within(4.0, 5.0)}, {d.choice(['0.5', '1.5'])})"


@special("factorial")
def _factorial(d: Draw, name: str) -> str:
    return f"xg.special.factorial({d.within(0.3, 3.0)})"


@special("radian")
def _radian(d: Draw, name: str) -> str:
    return f"xg.special.radian({d.array()}, {d.number()}, {d.number()})"


@special("gammainc", "gammaincc", "chdtr", "chdtrc", "stdtr")
def _second(d: Draw, name: str) -> str:
    return f"xg.special.{name}({d.choice(['2.5', '4.0'])}, {d.within(0.3, 2.5)})"


@special("gammaincinv", "gammainccinv", "chdtri", "stdtrit")
def _second_inverse(d: Draw, name: str) -> str:
    return f"xg.special.{name}({d.choice(['2.5', '4.0'])}, {d.within(0.2, 0.8)})"


@special(
    "polygamma", "expn", "yn", "jv", "yv", "iv", "ive", "kv", "kve", "kn", "jn", "pdtr", "pdtrc"
)
def _whole(d: Draw, name: str) -> str:
    return f"xg.special.{name}({d.integer(1, 3)}, {d.within(0.5, 2.5)})"


@special("zeta")
def _zeta(d: Draw, name: str) -> str:
    return f"xg.special.zeta(3.5, {d.within(0.5, 2.5)})"


@special("pdtri")
def _pdtri(d: Draw, name: str) -> str:
    return f"xg.special.pdtri({d.integer(1, 3)}, {d.within(0.2, 0.8)})"


@special("betainc", "betaincc", "betaincinv", "betainccinv", "fdtri")
def _third(d: Draw, name: str) -> str:
    return f"xg.special.{name}(2.5, {d.choice(['2.5', '4.0'])}, {d.within(0.2, 0.8)})"


@special("fdtr", "fdtrc")
def _fdtr(d: Draw, name: str) -> str:
    return f"xg.special.{name}(2.5, 4.0, {d.within(0.3, 2.5)})"


@special("gdtr", "gdtrc")
def _gdtr(d: Draw, name: str) -> str:
    return f"xg.special.{name}({d.within(0.3, 2.5)}, 2.5, {d.within(0.3, 2.5)})"


@special("bdtr", "bdtrc", "bdtri", "nbdtr", "nbdtrc", "nbdtri")
def _counts(d: Draw, name: str) -> str:
    return f"xg.special.{name}({d.choice(['1.0', '2.0'])}, 6, {d.within(0.2, 0.8)})"


@special("hyp1f1")
def _hyp1f1(d: Draw, name: str) -> str:
    return f"xg.special.hyp1f1(1.5, 2.5, {d.within(-1.0, 1.0)})"


@special("hyp2f1")
def _hyp2f1(d: Draw, name: str) -> str:
    return f"xg.special.hyp2f1(1.5, 0.5, 2.5, {d.within(-0.8, 0.8)})"


@special("lpmv")
def _lpmv(d: Draw, name: str) -> str:
    return f"xg.special.lpmv(1, {d.integer(1, 3)}, {d.within(-0.8, 0.8)})"


@special("multigammaln")
def _multigammaln(d: Draw, name: str) -> str:
    return f"xg.special.multigammaln({d.within(2.5, 5.0)}, 3)"


@special("zetac")
def _zetac(d: Draw, name: str) -> str:
    return f"xg.special.zetac(xg.stop_gradient({d.within(2.0, 5.0)}))"
