"""The multinomial distribution."""

import math
from typing import Any

from xgrad.engine.dispatch import XG
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops.densities.discrete import binom_pmf
from xgrad.ops.elementwise import exp
from xgrad.ops.inspection import finfo
from xgrad.ops.linalg.matrices import eye_like
from xgrad.ops.reductions import all as every
from xgrad.ops.reductions import sum as total
from xgrad.ops.selection import stop_gradient, where
from xgrad.ops.shape import concat, expand_dims
from xgrad.ops.special.errors import entr, xlogy
from xgrad.ops.special.gammas import gammaln
from xgrad.stats.arguments import floating, numbers_up_to
from xgrad.stats.base import Frozen, Multivariate

__all__ = ["multinomial"]


class _Multinomial(Multivariate):
    """Multinomial distribution of n trials (constant) with probabilities p on the last axis.

    Probabilities that do not add up to 1 within rounding are read as in SciPy: the last one is
    what the others leave, and has no derivative.

    Examples
    --------
    >>> import xgrad as xg
    >>> p = xg.asarray([0.2, 0.3, 0.5])
    >>> xg.stats.multinomial.pmf(xg.asarray([1, 1, 2]), 4, p)
    Tensor(0.18)
    >>> xg.grad(lambda p: xg.stats.multinomial.logpmf([1, 1, 2], 4, p))(p)  # x / p
    Tensor([5.        , 3.33333333, 4.        ])
    """

    def __call__(self, n: Any, p: Any) -> Frozen:
        """Fix the parameters."""
        return Frozen(self, (n, p), {})

    @staticmethod
    def _parameters(method: str, n: Any, p: Any, *x: Any) -> tuple[Any, ...]:
        """Return valid parameters, a carrier of NaN where the given ones are not, and points."""
        function = f"stats.multinomial.{method}"
        n, p, *points = floating(function, [n, p, *x])
        n = stop_gradient(n)
        if not p.ndim:
            raise ValueError(f"{called(function)}: p must have an axis, of probabilities")
        whole = total(p, axis=-1, keepdims=True)
        front = p[..., :-1]
        adjusted = concat([front, 1 - total(front, axis=-1, keepdims=True)], axis=-1)
        p = where(XG.abs(stop_gradient(whole) - 1) > 10 * finfo(p.dtype).eps, adjusted, p)
        valid = every((p >= 0) & (p <= 1), axis=-1) & (n >= 0) & (n == n // 1)
        carrier = 1 + total(p, axis=-1) + n
        nan = where(valid, 1.0, XG.full_like(stop_gradient(carrier), math.nan))
        mark = where(valid, 0.0, carrier * nan)
        p = where(expand_dims(valid, axis=-1), p, 1.0 / p.shape[-1])
        return where(valid, n, 1.0), p, mark, *points

    def logpmf(self, x: Any, n: Any, p: Any) -> Tensor:
        """Logarithm of the probability mass; counts x, on the last axis, are constants."""
        n, p, mark, x = self._parameters("logpmf", n, p, x)
        if not x.ndim or x.shape[-1] != p.shape[-1]:
            raise ValueError(
                f"{called('stats.multinomial.logpmf')}: the last axis of x must have length "
                f"{p.shape[-1]}, as that of p, got shape {x.shape}"
            )
        x = stop_gradient(x)
        inside = every((x >= 0) & (x == x // 1), axis=-1) & (total(x, axis=-1) == n)
        x = where(expand_dims(inside, axis=-1), x, 0.0)
        terms = total(xlogy(x, p) - gammaln(x + 1), axis=-1)
        out: Tensor = where(inside, gammaln(n + 1) + terms, -math.inf) + mark
        return out

    def pmf(self, x: Any, n: Any, p: Any) -> Tensor:
        """Probability mass."""
        return exp(self.logpmf(x, n, p))

    def mean(self, n: Any, p: Any) -> Tensor:
        """Mean."""
        n, p, mark = self._parameters("mean", n, p)
        out: Tensor = expand_dims(n, axis=-1) * p + expand_dims(mark, axis=-1)
        return out

    def cov(self, n: Any, p: Any) -> Tensor:
        """Covariance matrices, on the last two axes."""
        n, p, mark = self._parameters("cov", n, p)
        column, row = expand_dims(p, axis=-1), expand_dims(p, axis=-2)
        each = where(eye_like(p) != 0, column, 0.0) - column * row
        out: Tensor = (expand_dims(n, axis=(-1, -2))) * each + expand_dims(mark, axis=(-1, -2))
        return out

    def entropy(self, n: Any, p: Any) -> Tensor:
        """Entropy, in nats."""
        n, p, mark = self._parameters("entropy", n, p)
        out: Tensor = n * total(entr(p), axis=-1) - gammaln(n + 1) + mark
        # plus the expected values of log(x!) of every count, which is binomial
        k = numbers_up_to("stats.multinomial.entropy", n)
        n, p = expand_dims(n, axis=(-1, -2)), expand_dims(p, axis=-1)
        inside = k <= n
        mass = binom_pmf(where(inside, k, 0.0), n, p)
        return out + total(where(inside, mass * gammaln(k + 1), 0.0), axis=(-1, -2))


multinomial = _Multinomial("multinomial")
