"""Bessel functions. Formulas: DLMF, chapter 10."""

import math
import sys
from typing import Any

from xgrad.backends.dtypes import canonical, is_differentiable
from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import XG, recorded
from xgrad.engine.tensor import lowest
from xgrad.ops.special.declare import UNKNOWN, special
from xgrad.ops.special.elementary import hyp1f1
from xgrad.typing import Value

__all__ = [
    "i0", "i0e", "i1", "i1e", "iv", "ive", "j0", "j1", "jv", "k0", "k0e", "k1", "k1e", "kn", "kv",
    "kve", "y0", "y1", "yn", "yv",
]  # fmt: skip

#: This module: rules refer to functions that are declared further down.
here: Any = sys.modules[__name__]


# A cheap first derivative, whose own derivatives would cancel where x is small or large: where
# they may be taken (``xp is XG``), it has another form.


def _over(xp: Namespace, out: Value, x: Value) -> Value:
    """``out / x``, whose limit at 0 is 1/2 for the functions of order 1."""
    zero = xp.equal(x, 0)
    return xp.where(zero, 0.5, xp.divide(out, xp.where(zero, xp.ones_like(x), x)))


def _j1_slope(xp: Namespace, x: Value, out: Value) -> Value:
    if xp is XG:
        return 0.5 * xp.subtract(recorded(j0, x), recorded(jv, 2.0, x))
    return xp.subtract(recorded(j0, x), _over(xp, out, x))


def _i1_slope(xp: Namespace, x: Value, out: Value) -> Value:
    if xp is XG:
        return 0.5 * xp.add(recorded(i0, x), recorded(iv, 2.0, x))
    return xp.subtract(recorded(i0, x), _over(xp, out, x))


def _i0e_slope(xp: Namespace, x: Value, out: Value) -> Value:
    if xp is XG:  # i0e(x) = hyp1f1(1/2, 1, -2 abs(x))
        slope = recorded(hyp1f1, 1.5, 2.0, -2 * xp.abs(x))
        return xp.negative(xp.multiply(xp.sign(x), slope))
    return xp.subtract(recorded(i1e, x), xp.multiply(xp.sign(x), out))


def _i1e_slope(xp: Namespace, x: Value, out: Value) -> Value:
    if xp is XG:  # i1e(x) = x / 2 hyp1f1(3/2, 3, -2 abs(x))
        size = xp.abs(x)
        first, second = (recorded(hyp1f1, a, b, -2 * size) for a, b in ((1.5, 3.0), (2.5, 4.0)))
        return 0.5 * xp.subtract(first, xp.multiply(size, second))
    rest = xp.subtract(recorded(i0e, x), _over(xp, out, x))
    return xp.subtract(rest, xp.multiply(xp.sign(x), out))


@special(lambda xp, x: xp.negative(recorded(here.j1, x)))
def j0(xp: Namespace, x: Value, /) -> Any:
    """Bessel function of the first kind of order 0. Derivative: ``-j1(x)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.j0(0.0)
    Tensor(1.)
    """


@special(_j1_slope)
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


@special(_i1_slope)
def i1(xp: Namespace, x: Value, /) -> Any:
    """Modified Bessel function of the first kind of order 1. Derivative: ``i0(x) - i1(x) / x``."""


@special(_i0e_slope)
def i0e(xp: Namespace, x: Value, /) -> Any:
    """``exp(-abs(x)) i0(x)``. Derivative: ``i1e(x) - sign(x) i0e(x)``."""


@special(_i1e_slope)
def i1e(xp: Namespace, x: Value, /) -> Any:
    """``exp(-abs(x)) i1(x)``. Derivative: ``i0e(x) - (sign(x) + 1 / x) i1e(x)``."""


@special(lambda xp, x: xp.negative(recorded(here.k1, x)))
def k0(xp: Namespace, x: Value, /) -> Any:
    """Modified Bessel function of the second kind of order 0. Derivative: ``-k1(x)``."""


@special(lambda xp, x, out: xp.negative(xp.add(recorded(here.k0, x), xp.divide(out, x))))
def k1(xp: Namespace, x: Value, /) -> Any:
    """Modified Bessel function of the second kind of order 1. Derivative: ``-k0 - k1 / x``."""


def _asymptotic_from(x: Value, double: float, single: float) -> float:
    """Where the asymptotic series reaches the precision of the dtype."""
    dtype = canonical(lowest(x).dtype)
    return single if dtype.itemsize <= 4 and is_differentiable(dtype) else double


def _scaled_k_slope(xp: Namespace, x: Value, near: Value, v: int) -> Any:
    """The derivative of ``exp(x) kv(v, x)``: ``near``, which cancels for large x.

    There, the derivative of the asymptotic series, DLMF 10.40.2.
    """
    bound = _asymptotic_from(x, 30.0, 8.0)
    far = xp.greater(x, bound)
    t = 1 / xp.where(far, x, bound)
    coefficients = [math.sqrt(math.pi / 2)]
    for k in range(1, 16):
        coefficients.append(coefficients[-1] * (4 * v**2 - (2 * k - 1) ** 2) / (8 * k))
    total: Any = 0.0
    for k, c in reversed(list(enumerate(coefficients))):
        total = (k + 0.5) * c + t * total
    return xp.where(far, xp.multiply(total, -t * xp.sqrt(t)), near)


@special(
    lambda xp, x, out: _scaled_k_slope(xp, x, xp.subtract(out, recorded(here.k1e, x)), v=0),
)
def k0e(xp: Namespace, x: Value, /) -> Any:
    """``exp(x) k0(x)``. Derivative: ``k0e(x) - k1e(x)``."""


@special(
    lambda xp, x, out: _scaled_k_slope(
        xp, x, xp.subtract(xp.multiply(1 - 1 / x, out), recorded(k0e, x)), v=1
    ),
)
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


def _far_slope(xp: Namespace, v: Value, x: Value, near: Value, out: Value, sign: int) -> Value:
    """The derivative of `ive` (sign -1), `kve` (1): ``near``, which cancels for large x.

    There, the derivative of the asymptotic series, DLMF 10.40.1 and 10.40.2.
    """
    order = xp.add(v, xp.zeros_like(x)) ** 2
    bound = 2.0 * order + _asymptotic_from(x, 50.0, 10.0)
    far = xp.greater(xp.abs(x), bound)
    size = xp.where(far, xp.abs(x), bound)
    term, total, slope = xp.ones_like(size), xp.ones_like(size), 0.5 * xp.ones_like(size)
    for k in range(1, 21):
        factor = xp.divide(4.0 * order - (2 * k - 1) ** 2, (sign * 8.0 * k) * size)
        term = xp.multiply(term, factor)
        total, slope = xp.add(total, term), xp.add(slope, (k + 0.5) * term)
    ratio = xp.divide(slope, xp.multiply(total, size))
    beyond = xp.negative(xp.multiply(xp.multiply(xp.sign(x), out), ratio))
    return xp.where(far, beyond, near)


def _ive_slope(xp: Namespace, v: Value, x: Value, out: Value) -> Value:
    near = 0.5 * xp.add(recorded(here.ive, v - 1, x), recorded(here.ive, v + 1, x))
    near = xp.subtract(near, xp.multiply(xp.sign(x), out))
    return _far_slope(xp, v, x, near, out, sign=-1)


def _kve_slope(xp: Namespace, v: Value, x: Value, out: Value) -> Value:
    near = 0.5 * xp.add(recorded(here.kve, v - 1, x), recorded(here.kve, v + 1, x))
    return _far_slope(xp, v, x, xp.subtract(out, near), out, sign=1)


@special(UNKNOWN, _ive_slope)
def ive(xp: Namespace, v: Value, x: Value, /) -> Any:
    """Modified Bessel function of the first kind of order v, times ``exp(-|x|)``.

    Derivatives are differences of Bessel functions. They lose up to 6 bits, the second one 13, for
    x of about ``2 v**2`` (in double precision ``2 v**2 + 50``), and none for larger x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.ive(1.0, xg.asarray([1.0, 1000.0]))
    Tensor([0.20791042, 0.01261093])
    """


@special(UNKNOWN, _kve_slope)
def kve(xp: Namespace, v: Value, x: Value, /) -> Any:
    """``exp(x) kv(v, x)``. Derivative: ``kve(v) - (kve(v-1) + kve(v+1)) / 2``.

    It loses as many bits as that of `ive`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.kve(1.0, xg.asarray([1.0, 1000.0]))
    Tensor([1.63615349, 0.03964813])
    """


@special(
    UNKNOWN,
    lambda xp, n, x: -0.5 * xp.add(recorded(kv, n - 1, x), recorded(kv, n + 1, x)),
)
def kn(xp: Namespace, n: Value, x: Value, /) -> Any:
    """Modified Bessel function of the second kind of integer order n.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.kn(1, xg.asarray([1.0, 2.0]))
    Tensor([0.60190723, 0.13986588])
    """
