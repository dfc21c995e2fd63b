"""Bessel functions. Formulas: DLMF, chapter 10."""

import sys
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import recorded
from xgrad.ops.special.declare import UNKNOWN, special
from xgrad.typing import Value

__all__ = [
    "i0", "i0e", "i1", "i1e", "iv", "j0", "j1", "jv", "k0", "k0e", "k1", "k1e", "kv", "y0",
    "y1", "yn", "yv",
]  # fmt: skip

#: This module: rules refer to functions that are declared further down.
here: Any = sys.modules[__name__]


def _over(xp: Namespace, out: Value, x: Value) -> Value:
    """``out / x``, whose limit at 0 is 1/2 for the functions of order 1."""
    zero = xp.equal(x, 0)
    return xp.where(zero, 0.5, xp.divide(out, xp.where(zero, xp.ones_like(x), x)))


@special(lambda xp, x: xp.negative(recorded(here.j1, x)))
def j0(xp: Namespace, x: Value, /) -> Any:
    """Bessel function of the first kind of order 0. Derivative: ``-j1(x)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.j0(0.0)
    Tensor(1.)
    """


@special(lambda xp, x, out: xp.subtract(recorded(here.j0, x), _over(xp, out, x)))
def j1(xp: Namespace, x: Value, /) -> Any:
    """Bessel function of the first kind of order 1. Derivative: ``j0(x) - j1(x) / x``."""


@special(lambda xp, x: xp.negative(recorded(here.y1, x)))
def y0(xp: Namespace, x: Value, /) -> Any:
    """Bessel function of the second kind of order 0. Derivative: ``-y1(x)``."""


@special(lambda xp, x, out: xp.subtract(recorded(here.y0, x), xp.divide(out, x)))
def y1(xp: Namespace, x: Value, /) -> Any:
    """Bessel function of the second kind of order 1. Derivative: ``y0(x) - y1(x) / x``."""


@special(lambda xp, x: recorded(here.i1, x))
def i0(xp: Namespace, x: Value, /) -> Any:
    """Modified Bessel function of the first kind of order 0. Derivative: ``i1(x)``."""


@special(lambda xp, x, out: xp.subtract(recorded(here.i0, x), _over(xp, out, x)))
def i1(xp: Namespace, x: Value, /) -> Any:
    """Modified Bessel function of the first kind of order 1. Derivative: ``i0(x) - i1(x) / x``."""


@special(lambda xp, x, out: xp.subtract(recorded(here.i1e, x), xp.multiply(xp.sign(x), out)))
def i0e(xp: Namespace, x: Value, /) -> Any:
    """``exp(-abs(x)) i0(x)``. Derivative: ``i1e(x) - sign(x) i0e(x)``."""


@special(
    lambda xp, x, out: xp.subtract(
        xp.subtract(recorded(here.i0e, x), _over(xp, out, x)), xp.multiply(xp.sign(x), out)
    ),
)
def i1e(xp: Namespace, x: Value, /) -> Any:
    """``exp(-abs(x)) i1(x)``. Derivative: ``i0e(x) - (sign(x) + 1 / x) i1e(x)``."""


@special(lambda xp, x: xp.negative(recorded(here.k1, x)))
def k0(xp: Namespace, x: Value, /) -> Any:
    """Modified Bessel function of the second kind of order 0. Derivative: ``-k1(x)``."""


@special(lambda xp, x, out: xp.negative(xp.add(recorded(here.k0, x), xp.divide(out, x))))
def k1(xp: Namespace, x: Value, /) -> Any:
    """Modified Bessel function of the second kind of order 1. Derivative: ``-k0 - k1 / x``."""


@special(lambda xp, x, out: xp.subtract(out, recorded(here.k1e, x)))
def k0e(xp: Namespace, x: Value, /) -> Any:
    """``exp(x) k0(x)``. Derivative: ``k0e(x) - k1e(x)``."""


@special(lambda xp, x, out: xp.subtract(xp.multiply(1 - 1 / x, out), recorded(here.k0e, x)))
def k1e(xp: Namespace, x: Value, /) -> Any:
    """``exp(x) k1(x)``. Derivative: ``(1 - 1 / x) k1e(x) - k0e(x)``."""


@special(
    UNKNOWN,
    lambda xp, v, x: 0.5 * xp.subtract(recorded(here.jv, v - 1, x), recorded(here.jv, v + 1, x)),
)
def jv(xp: Namespace, v: Value, x: Value, /) -> Any:
    """Bessel function of the first kind of order v. Derivative: ``(jv(v-1) - jv(v+1)) / 2``."""


@special(
    UNKNOWN,
    lambda xp, v, x: 0.5 * xp.subtract(recorded(here.yv, v - 1, x), recorded(here.yv, v + 1, x)),
)
def yv(xp: Namespace, v: Value, x: Value, /) -> Any:
    """Bessel function of the second kind of order v."""


@special(
    UNKNOWN,
    lambda xp, n, x: 0.5 * xp.subtract(recorded(here.yv, n - 1, x), recorded(here.yv, n + 1, x)),
)
def yn(xp: Namespace, n: Value, x: Value, /) -> Any:
    """Bessel function of the second kind of integer order n."""


@special(
    UNKNOWN,
    lambda xp, v, x: 0.5 * xp.add(recorded(here.iv, v - 1, x), recorded(here.iv, v + 1, x)),
)
def iv(xp: Namespace, v: Value, x: Value, /) -> Any:
    """Modified Bessel function of the first kind of order v."""


@special(
    UNKNOWN,
    lambda xp, v, x: -0.5 * xp.add(recorded(here.kv, v - 1, x), recorded(here.kv, v + 1, x)),
)
def kv(xp: Namespace, v: Value, x: Value, /) -> Any:
    """Modified Bessel function of the second kind of order v."""
