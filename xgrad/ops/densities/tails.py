"""Logarithms of distribution functions, accurate where they underflow and where they are near 1."""

from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.engine.dispatch import XG
from xgrad.engine.tensor import lowest
from xgrad.ops.elementwise import as_floating as _as_floating
from xgrad.ops.elementwise import exp, expm1, log, log1p
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.selection import where
from xgrad.ops.special.errors import xlog1py, xlogy
from xgrad.ops.special.gammas import betaln, gammaln
from xgrad.ops.special.incomplete import betainc, betaincc, gammainc, gammaincc
from xgrad.ops.special.quadrature import beta_integral, gamma_integral

#: The functions of a distribution, by SciPy's names of methods.
Functions = dict[str, Callable[..., Any]]


def as_floating(x: Any) -> Any:
    """Return integers as float64."""
    return _as_floating(XG, x)


def smallest(x: Any) -> float:
    """Return a number below which values of a dtype lose digits."""
    return 1e-290 if canonical(lowest(x).dtype).itemsize > 4 else 1e-30


def log_near_1(small: Any) -> Any:
    """``log(1 - small)``."""
    return log1p(-small)


def log1mexp(x: Any) -> Any:
    """``log(1 - exp(-x))`` for positive x, accurate for small and for large ones."""
    large = x > 0.6931471805599453
    far = log1p(-exp(-where(large, x, 1.0)))
    return where(large, far, log(-expm1(-where(large, 1.0, x))))


def one_minus_exp(x: Any) -> Any:
    """``1 - exp(-x)`` for x >= 0; its derivative is accurate for small and for large ones.

    (That of `expm1` is computed as ``1 + expm1(x)``, which is 0 for large negative x.)
    """
    large = x > 0.6931471805599453
    far = 1 - exp(-where(large, x, 1.0))
    return where(large, far, -expm1(-where(large, 0.5, x)))


def log_of(value: Any, rest: Any, far: Callable[[Any], Any]) -> Any:
    """Return ``log(value)``; ``rest`` is ``1 - value``, ``far(deep)`` the logarithm where deep.

    ``deep`` is where the value underflows; elsewhere the result of ``far`` is not used.
    """
    near_1 = value > 0.5
    deep = (value < smallest(value)) & (rest == 1)
    usual = log(where(near_1 | deep, 1.0, value))
    out = where(near_1, log_near_1(where(near_1, rest, 0.0)), usual)
    return out if holds(deep) is False else where(deep, far(deep), out)


def log_gammainc(a: Any, x: Any, upper: bool) -> Any:
    """``log(gammainc(a, x))``, or of `gammaincc`, for ``x >= 0``."""
    low, high = gammainc(a, x), gammaincc(a, x)

    def far(deep: Any) -> Any:
        deep = deep & (x > 0) & XG.isfinite(x)
        inner = where(deep, x, a)
        _, integral = gamma_integral(XG, a, inner, "one")
        logs = xlogy(a, inner) - inner - gammaln(a) + log(integral)
        return where(deep, logs, -float("inf"))

    return log_of(high, low, far) if upper else log_of(low, high, far)


def log_betainc(a: Any, b: Any, x: Any, y: Any, upper: bool) -> Any:
    """``log(betainc(a, b, x))``, or of `betaincc`; ``y`` is ``1 - x``, without its rounding."""
    half = x < 0.5
    low = where(half, betainc(a, b, where(half, x, 0.5)), betaincc(b, a, where(half, 0.5, y)))
    high = where(half, betaincc(a, b, where(half, x, 0.5)), betainc(b, a, where(half, 0.5, y)))

    def far(deep: Any) -> Any:
        deep = deep & (x > 0) & (y > 0)
        inner, rest = where(deep, x, 0.5), where(deep, y, 0.5)
        _, integral = beta_integral(XG, a, b, inner, rest, "one")
        powers = where(
            inner < 0.5,
            xlogy(a, inner) + xlog1py(b, -where(inner < 0.5, inner, 0.0)),
            xlogy(b, rest) + xlog1py(a, -where(inner < 0.5, 0.0, rest)),
        )
        logs = powers - betaln(a, b) + log(integral)
        return where(deep, logs, -float("inf"))

    return log_of(high, low, far) if upper else log_of(low, high, far)
