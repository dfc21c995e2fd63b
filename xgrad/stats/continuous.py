"""Distributions with a density."""

import math
from typing import Any

from xgrad.engine.dispatch import XG
from xgrad.engine.tensor import Tensor
from xgrad.ops.elementwise import log
from xgrad.ops.selection import where
from xgrad.stats.base import Distribution

_NAN, _INF = math.nan, math.inf


class Continuous(Distribution):
    """A distribution with a density."""

    __doc__ = Distribution.__doc__

    def _evaluated(
        self, method: str, args: Any, keywords: dict[str, Any], below: float, above: float
    ) -> Tensor:
        """Return a function's value: ``below`` and ``above`` the support, these numbers."""
        function, values = self._bound(method, ("x",), args, keywords)
        (x,), shapes, loc, scale, valid, given = self._converted(function, values, 1)
        z = x if loc is None else x - loc
        z = z if scale is None else z / where(scale > 0, scale, 1.0)
        low, high = self._support
        density = "pdf" in method
        closed = density and not self._open
        # Not at infinity, where formulas are inf - inf.
        inside = (z >= low) if closed and low > -_INF else (z > low)
        inside = inside & ((z <= high) if closed and high < _INF else (z < high))
        point = where(inside, z, self._inner)
        out = self._function(method)(point, *shapes)
        outside = below if below == above else where(z > low, above, XG.full_like(z, below))
        out = where(inside, out, outside)
        if density and scale is not None:
            # Outside the support the value does not depend on the scale.
            scale = where((scale > 0) & inside, scale, 1.0)
            out = out / scale if method == "pdf" else out - log(scale)
        return self._marked(out, valid, given)

    def pdf(self, x: Any, *args: Any, **keywords: Any) -> Tensor:
        """Probability density."""
        return self._evaluated("pdf", (x, *args), keywords, 0.0, 0.0)

    def logpdf(self, x: Any, *args: Any, **keywords: Any) -> Tensor:
        """Logarithm of the density, -inf outside the support."""
        return self._evaluated("logpdf", (x, *args), keywords, -_INF, -_INF)

    def cdf(self, x: Any, *args: Any, **keywords: Any) -> Tensor:
        """Cumulative distribution function."""
        return self._evaluated("cdf", (x, *args), keywords, 0.0, 1.0)

    def sf(self, x: Any, *args: Any, **keywords: Any) -> Tensor:
        """Survival function, ``1 - cdf``, accurate in the upper tail."""
        return self._evaluated("sf", (x, *args), keywords, 1.0, 0.0)

    def logcdf(self, x: Any, *args: Any, **keywords: Any) -> Tensor:
        """Logarithm of the cdf, also where that underflows."""
        return self._evaluated("logcdf", (x, *args), keywords, -_INF, 0.0)

    def logsf(self, x: Any, *args: Any, **keywords: Any) -> Tensor:
        """Logarithm of the survival function, also where that underflows."""
        return self._evaluated("logsf", (x, *args), keywords, 0.0, -_INF)

    def ppf(self, q: Any, *args: Any, **keywords: Any) -> Tensor:
        """Quantiles: the inverse of the cdf."""
        return self._quantile("ppf", (q, *args), keywords, *self._support)

    def isf(self, q: Any, *args: Any, **keywords: Any) -> Tensor:
        """Inverse of the survival function."""
        return self._quantile("isf", (q, *args), keywords, *self._support[::-1])

    def median(self, *args: Any, **keywords: Any) -> Tensor:
        """Median."""
        return self.ppf(0.5, *args, **keywords)

    def interval(self, confidence: Any, *args: Any, **keywords: Any) -> tuple[Tensor, Tensor]:
        """Interval around the median with a probability of ``confidence``."""
        tail = 0.5 * (1 - confidence)
        return self.ppf(tail, *args, **keywords), self.isf(tail, *args, **keywords)

    def _quantile(
        self, method: str, args: Any, keywords: dict[str, Any], at_0: float, at_1: float
    ) -> Tensor:
        function, values = self._bound(method, ("q",), args, keywords)
        return self._quantiles(function, method, values, at_0, at_1)

    def _quantiles(
        self, function: str, method: str, values: list[Any], at_0: float, at_1: float
    ) -> Tensor:
        (q,), shapes, loc, scale, valid, given = self._converted(function, values, 1)
        inside = (q > 0) & (q < 1)
        out = self._functions[method](where(inside, q, 0.5), *shapes)
        ends = where(q == 0, at_0, where(q == 1, XG.full_like(q, at_1), _NAN))
        out = where(inside, out, ends)
        out = out if scale is None else out * scale
        out = out if loc is None else out + loc
        level = (q >= 0) & (q <= 1)
        return self._marked(out, level if valid is None else valid & level, given)

    def _draw(self, function: str, q: Tensor, values: list[Any]) -> Tensor:
        return self._quantiles(function, "ppf", [q, *values], *self._support)
