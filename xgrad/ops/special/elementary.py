"""Exponential integrals, hypergeometric and elliptic functions, and small conveniences."""

import math
from typing import Any

from xgrad.engine.dispatch import recorded
from xgrad.ops.elementwise import as_floating
from xgrad.ops.special.declare import UNKNOWN, Elementwise, special

__all__ = [
    "boxcox", "boxcox1p", "cbrt", "cosdg", "cosm1", "cotdg", "ellipe", "ellipk", "ellipkm1",
    "exp1", "exp10", "expi", "expn", "exprel", "huber", "hyp1f1", "hyp2f1", "inv_boxcox",
    "inv_boxcox1p", "lpmv", "pseudo_huber", "radian", "sinc", "sindg", "spence", "tandg",
    "zetac",
]  # fmt: skip

_DEGREE = math.pi / 180


def _near_zero(xp: Any, x: Any, bound: float, series: Any, formula: Any) -> Any:
    """``formula`` away from 0, where it would divide by 0 or cancel a power series."""
    near = xp.less(xp.abs(x), bound)
    return xp.where(near, series(xp.where(near, x, 0.0)), formula(xp.where(near, 1.0, x)))


exp1: Elementwise = special(
    "exp1",
    "x",
    "Exponential integral E₁. Derivative: ``-exp(-x) / x``.",
    lambda xp, x: xp.negative(xp.divide(xp.exp(xp.negative(x)), x)),
)
expi: Elementwise = special(
    "expi",
    "x",
    "Exponential integral Ei. Derivative: ``exp(x) / x``.",
    lambda xp, x: xp.divide(xp.exp(x), x),
)


def _lower_expn(xp: Any, n: Any, x: Any) -> Any:
    n = xp.add(n, xp.zeros_like(x))  # n may be a Python number
    first = xp.less(n, 0.5)  # E₀ = exp(-x) / x
    decay = xp.exp(xp.negative(x))
    lowest = xp.multiply(decay, xp.add(1 / x, 1 / xp.square(x)))
    lower = recorded(expn, xp.subtract(xp.where(first, 1, n), 1), x)
    return xp.negative(xp.where(first, lowest, lower))


expn: Elementwise = special(
    "expn",
    "n x",
    "Exponential integral of whole order n. Derivative: ``-expn(n - 1, x)``.",
    UNKNOWN,
    _lower_expn,
)
exprel: Elementwise = special(
    "exprel",
    "x",
    """``(exp(x) - 1) / x``, and 1 at 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.special.exprel)(0.0)
    0.5
    """,
    lambda xp, x: _near_zero(
        xp,
        x,
        0.05,
        lambda x: 1 / 2 + x * (1 / 3 + x * (1 / 8 + x * (1 / 30 + x * (1 / 144 + x * (
            1 / 840 + x * (1 / 5760 + x * (1 / 45360 + x / 403200))))))),
        lambda x: xp.divide(xp.multiply(xp.exp(x), x - 1) + 1, xp.square(x)),
    ),
)  # fmt: skip
exp10: Elementwise = special(
    "exp10",
    "x",
    "``10 ** x``.",
    lambda xp, out: math.log(10) * out,
)
cbrt: Elementwise = special(
    "cbrt",
    "x",
    "Cube root of real numbers. Derivative: ``1 / (3 cbrt(x)²)``.",
    lambda xp, out: 1 / (3 * xp.square(out)),
    singular=True,
)
sinc: Elementwise = special(
    "sinc",
    "x",
    "``sin(π x) / (π x)``, and 1 at 0.",
    lambda xp, x: _near_zero(
        xp,
        x,
        0.03,
        lambda x: x * (-(math.pi**2) / 3 + xp.square(x) * (math.pi**4 / 30 + xp.square(x) * (
            -(math.pi**6) / 840 + xp.square(x) * math.pi**8 / 45360))),
        lambda x: xp.divide(
            xp.cos(math.pi * x) - xp.divide(xp.sin(math.pi * x), math.pi * x), x),
    ),
    of_complex=lambda xp, x: _near_zero(
        xp, x, 1e-300, xp.ones_like, lambda x: xp.divide(xp.sin(math.pi * x), math.pi * x)),
)  # fmt: skip
spence: Elementwise = special(
    "spence",
    "x",
    "Dilogarithm, the integral of log(t) / (1 - t) from 1 to x. Derivative: its integrand.",
    lambda xp, x: xp.negative(
        _near_zero(
            xp,
            x - 1,
            1e-6,
            lambda d: 1 - d / 2 + xp.square(d) / 3,
            lambda d: xp.divide(xp.log1p(d), d),
        )
    ),
)
cosm1: Elementwise = special(
    "cosm1", "x", "``cos(x) - 1``, without cancellation.", lambda xp, x: xp.negative(xp.sin(x))
)
sindg: Elementwise = special(
    "sindg", "x", "Sine of degrees.", lambda xp, x: _DEGREE * xp.cos(_DEGREE * x)
)
cosdg: Elementwise = special(
    "cosdg", "x", "Cosine of degrees.", lambda xp, x: -_DEGREE * xp.sin(_DEGREE * x)
)
tandg: Elementwise = special(
    "tandg", "x", "Tangent of degrees.", lambda xp, out: _DEGREE * (1 + xp.square(out))
)
cotdg: Elementwise = special(
    "cotdg", "x", "Cotangent of degrees.", lambda xp, out: -_DEGREE * (1 + xp.square(out))
)
radian: Elementwise = special(
    "radian",
    "d m s",
    "Radians of degrees, minutes and seconds.",
    lambda xp, d: _DEGREE * xp.ones_like(d),
    lambda xp, m: _DEGREE / 60 * xp.ones_like(m),
    lambda xp, s: _DEGREE / 3600 * xp.ones_like(s),
)
zetac: Elementwise = special("zetac", "x", "Riemann's zeta function, less 1.", UNKNOWN)

# -- robust losses and power transforms --------------------------------------------------------


def _stretch(xp: Any, delta: Any, r: Any) -> Any:
    return xp.sqrt(1 + xp.square(xp.divide(r, delta)))


huber: Elementwise = special(
    "huber",
    "delta r",
    "Huber's loss: ``r² / 2`` up to delta, then ``delta (abs(r) - delta / 2)``.",
    lambda xp, delta, r: xp.where(
        xp.less_equal(xp.abs(r), delta), 0.0, xp.subtract(xp.abs(r), delta)
    ),
    lambda xp, delta, r: xp.where(
        xp.less_equal(xp.abs(r), delta), r, xp.multiply(delta, xp.sign(r))
    ),
)
pseudo_huber: Elementwise = special(
    "pseudo_huber",
    "delta r",
    "A smooth form of Huber's loss, ``delta² (sqrt(1 + (r / delta)²) - 1)``.",
    lambda xp, delta, r: xp.subtract(
        2 * xp.multiply(delta, _stretch(xp, delta, r) - 1),
        xp.divide(xp.square(r), xp.multiply(delta, _stretch(xp, delta, r))),
    ),
    lambda xp, delta, r: xp.divide(r, _stretch(xp, delta, r)),
)


def _slope_of_power(xp: Any, log: Any, lmbda: Any, out: Any) -> Any:
    """The derivative of ``(x**lmbda - 1) / lmbda`` by lmbda; ``log`` is that of x."""
    small = xp.less(xp.abs(xp.multiply(lmbda, log)), 1e-4)
    safe = xp.where(xp.equal(lmbda, 0), xp.ones_like(lmbda), lmbda)
    power = xp.exp(xp.multiply(lmbda, log))
    formula = xp.divide(xp.subtract(xp.multiply(power, log), out), safe)
    square = xp.square(log)
    series = xp.multiply(square, 0.5 + xp.multiply(lmbda, log) / 3)
    series = xp.add(series, xp.multiply(square, xp.square(xp.multiply(lmbda, log))) / 8)
    return xp.where(small, series, formula)


boxcox: Elementwise = special(
    "boxcox",
    "x lmbda",
    "``(x**lmbda - 1) / lmbda``, and ``log(x)`` for lmbda = 0.",
    lambda xp, x, lmbda: xp.exp(xp.multiply(lmbda - 1, xp.log(x))),
    lambda xp, x, lmbda, out: _slope_of_power(xp, xp.log(as_floating(xp, x)), lmbda, out),
)
boxcox1p: Elementwise = special(
    "boxcox1p",
    "x lmbda",
    "``((1 + x)**lmbda - 1) / lmbda``, and ``log(1 + x)`` for lmbda = 0.",
    lambda xp, x, lmbda: xp.exp(xp.multiply(lmbda - 1, xp.log1p(x))),
    lambda xp, x, lmbda, out: _slope_of_power(xp, xp.log1p(as_floating(xp, x)), lmbda, out),
)


def _slope_of_inverse(xp: Any, y: Any, lmbda: Any, out: Any) -> Any:
    """The derivative of ``(lmbda y + 1)**(1 / lmbda)`` by lmbda."""
    product = xp.multiply(lmbda, y)
    small = xp.less(xp.abs(product), 1e-4)
    safe = xp.where(xp.equal(lmbda, 0), xp.ones_like(lmbda), lmbda)
    formula = xp.divide(
        xp.subtract(xp.divide(y, product + 1), xp.divide(xp.log1p(product), safe)), safe
    )
    square = xp.square(y)
    series = xp.multiply(square, -0.5 + product * (2 / 3) - 0.75 * xp.square(product))
    return xp.multiply(out, xp.where(small, series, formula))


inv_boxcox: Elementwise = special(
    "inv_boxcox",
    "y lmbda",
    "Inverse of `boxcox` by its first argument.",
    lambda xp, lmbda, out: xp.exp(xp.multiply(1 - lmbda, xp.log(out))),
    _slope_of_inverse,
)
inv_boxcox1p: Elementwise = special(
    "inv_boxcox1p",
    "y lmbda",
    "Inverse of `boxcox1p` by its first argument.",
    lambda xp, lmbda, out: xp.exp(xp.multiply(1 - lmbda, xp.log1p(out))),
    lambda xp, y, lmbda, out: _slope_of_inverse(xp, y, lmbda, out + 1),
)

# -- hypergeometric, Legendre and elliptic functions -------------------------------------------

hyp1f1: Elementwise = special(
    "hyp1f1",
    "a b x",
    "Confluent hypergeometric function. Derivative: ``a / b hyp1f1(a + 1, b + 1, x)``.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, a, b, x: xp.multiply(xp.divide(a, b), recorded(hyp1f1, a + 1, b + 1, x)),
)
hyp2f1: Elementwise = special(
    "hyp2f1",
    "a b c z",
    "Gauss' hypergeometric function. Derivative: ``a b / c`` times the next one.",
    UNKNOWN,
    UNKNOWN,
    UNKNOWN,
    lambda xp, a, b, c, z: xp.multiply(
        xp.divide(xp.multiply(a, b), c), recorded(hyp2f1, a + 1, b + 1, c + 1, z)
    ),
)
lpmv: Elementwise = special(
    "lpmv",
    "m v x",
    "Associated Legendre function of whole order m and degree v.",
    UNKNOWN,
    UNKNOWN,
    lambda xp, m, v, x, out: xp.divide(
        xp.subtract(
            xp.multiply(xp.multiply(v, x), out),
            xp.multiply(xp.add(v, m), recorded(lpmv, m, v - 1, x)),
        ),
        xp.square(x) - 1,
    ),
)


def _elliptic_slope(xp: Any, m: Any, rest: Any, k: Any) -> Any:
    """The derivative of the integral K by m; ``rest`` is 1 - m."""
    formula = xp.divide(
        xp.subtract(recorded(ellipe, m), xp.multiply(rest, k)),
        2 * xp.multiply(xp.where(xp.equal(m, 0), 1.0, m), rest),
    )
    return xp.where(xp.less(xp.abs(m), 1e-5), math.pi / 8 + 9 * math.pi / 64 * m, formula)


ellipk: Elementwise = special(
    "ellipk",
    "m",
    "Complete elliptic integral of the first kind, of the parameter m.",
    lambda xp, m, out: _elliptic_slope(xp, m, 1 - m, out),
)
ellipkm1: Elementwise = special(
    "ellipkm1",
    "p",
    "`ellipk` of ``1 - p``, exact where p is small.",
    lambda xp, p, out: xp.negative(_elliptic_slope(xp, 1 - p, p, out)),
)
ellipe: Elementwise = special(
    "ellipe",
    "m",
    "Complete elliptic integral of the second kind. Derivative: ``(E - K) / (2 m)``.",
    lambda xp, m, out: xp.where(
        xp.less(xp.abs(m), 1e-5),
        -math.pi / 8 - 3 * math.pi / 64 * m,
        xp.divide(xp.subtract(out, recorded(ellipk, m)), 2 * xp.where(xp.equal(m, 0), 1.0, m)),
    ),
)
