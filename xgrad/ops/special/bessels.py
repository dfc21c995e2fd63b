"""Bessel functions. Formulas: DLMF, chapter 10."""

from typing import Any

from xgrad.engine.dispatch import recorded
from xgrad.ops.special.declare import UNKNOWN, Elementwise, special

__all__ = [
    "i0", "i0e", "i1", "i1e", "iv", "j0", "j1", "jv", "k0", "k0e", "k1", "k1e", "kv", "y0",
    "y1", "yn", "yv",
]  # fmt: skip


def _over(xp: Any, out: Any, x: Any) -> Any:
    """``out / x``, whose limit at 0 is 1/2 for the functions of order 1."""
    zero = xp.equal(x, 0)
    return xp.where(zero, 0.5, xp.divide(out, xp.where(zero, xp.ones_like(x), x)))


j0: Elementwise = special(
    "j0",
    "x",
    """Bessel function of the first kind of order 0. Derivative: ``-j1(x)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.j0(0.0)
    Tensor(1.)
    """,
    lambda xp, x: xp.negative(recorded(j1, x)),
)
j1: Elementwise = special(
    "j1",
    "x",
    "Bessel function of the first kind of order 1. Derivative: ``j0(x) - j1(x) / x``.",
    lambda xp, x, out: xp.subtract(recorded(j0, x), _over(xp, out, x)),
)
y0: Elementwise = special(
    "y0",
    "x",
    "Bessel function of the second kind of order 0. Derivative: ``-y1(x)``.",
    lambda xp, x: xp.negative(recorded(y1, x)),
)
y1: Elementwise = special(
    "y1",
    "x",
    "Bessel function of the second kind of order 1. Derivative: ``y0(x) - y1(x) / x``.",
    lambda xp, x, out: xp.subtract(recorded(y0, x), xp.divide(out, x)),
)
i0: Elementwise = special(
    "i0",
    "x",
    "Modified Bessel function of the first kind of order 0. Derivative: ``i1(x)``.",
    lambda xp, x: recorded(i1, x),
)
i1: Elementwise = special(
    "i1",
    "x",
    "Modified Bessel function of the first kind of order 1. Derivative: ``i0(x) - i1(x) / x``.",
    lambda xp, x, out: xp.subtract(recorded(i0, x), _over(xp, out, x)),
)
i0e: Elementwise = special(
    "i0e",
    "x",
    "``exp(-abs(x)) i0(x)``. Derivative: ``i1e(x) - sign(x) i0e(x)``.",
    lambda xp, x, out: xp.subtract(recorded(i1e, x), xp.multiply(xp.sign(x), out)),
)
i1e: Elementwise = special(
    "i1e",
    "x",
    "``exp(-abs(x)) i1(x)``. Derivative: ``i0e(x) - (sign(x) + 1 / x) i1e(x)``.",
    lambda xp, x, out: xp.subtract(
        xp.subtract(recorded(i0e, x), _over(xp, out, x)), xp.multiply(xp.sign(x), out)
    ),
)
k0: Elementwise = special(
    "k0",
    "x",
    "Modified Bessel function of the second kind of order 0. Derivative: ``-k1(x)``.",
    lambda xp, x: xp.negative(recorded(k1, x)),
)
k1: Elementwise = special(
    "k1",
    "x",
    "Modified Bessel function of the second kind of order 1. Derivative: ``-k0 - k1 / x``.",
    lambda xp, x, out: xp.negative(xp.add(recorded(k0, x), xp.divide(out, x))),
)
k0e: Elementwise = special(
    "k0e",
    "x",
    "``exp(x) k0(x)``. Derivative: ``k0e(x) - k1e(x)``.",
    lambda xp, x, out: xp.subtract(out, recorded(k1e, x)),
)
k1e: Elementwise = special(
    "k1e",
    "x",
    "``exp(x) k1(x)``. Derivative: ``(1 - 1 / x) k1e(x) - k0e(x)``.",
    lambda xp, x, out: xp.subtract(xp.multiply(1 - 1 / x, out), recorded(k0e, x)),
)
jv: Elementwise = special(
    "jv",
    "v x",
    "Bessel function of the first kind of order v. Derivative: ``(jv(v-1) - jv(v+1)) / 2``.",
    UNKNOWN,
    lambda xp, v, x: 0.5 * xp.subtract(recorded(jv, v - 1, x), recorded(jv, v + 1, x)),
)
yv: Elementwise = special(
    "yv",
    "v x",
    "Bessel function of the second kind of order v.",
    UNKNOWN,
    lambda xp, v, x: 0.5 * xp.subtract(recorded(yv, v - 1, x), recorded(yv, v + 1, x)),
)
yn: Elementwise = special(
    "yn",
    "n x",
    "Bessel function of the second kind of whole order n.",
    UNKNOWN,
    lambda xp, n, x: 0.5 * xp.subtract(recorded(yv, n - 1, x), recorded(yv, n + 1, x)),
)
iv: Elementwise = special(
    "iv",
    "v x",
    "Modified Bessel function of the first kind of order v.",
    UNKNOWN,
    lambda xp, v, x: 0.5 * xp.add(recorded(iv, v - 1, x), recorded(iv, v + 1, x)),
)
kv: Elementwise = special(
    "kv",
    "v x",
    "Modified Bessel function of the second kind of order v.",
    UNKNOWN,
    lambda xp, v, x: -0.5 * xp.add(recorded(kv, v - 1, x), recorded(kv, v + 1, x)),
)
