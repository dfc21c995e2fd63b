"""Distributions of integers."""

import math
from typing import Any

from xgrad.engine.dispatch import XG
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops.selection import stop_gradient, where
from xgrad.stats.base import Distribution

_INF = math.inf


class Discrete(Distribution):
    """A distribution of integers; they and ``loc`` are constants, the parameters are not."""

    __doc__ = Distribution.__doc__
    scaled = False

    def _evaluated(
        self, method: str, args: Any, keywords: dict[str, Any], below: float, above: float
    ) -> Tensor:
        function, values = self._bound(method, ("k",), args, keywords)
        (k,), shapes, loc, _, valid, given = self._converted(function, values, 1)
        k = stop_gradient(k)
        k = k if loc is None else k - stop_gradient(loc)
        low, high = self._ends(shapes)
        mass = "pmf" in method
        whole = XG.floor(k)
        inside = (k >= low) & XG.isfinite(k)
        inside = inside & (k == whole) & (k <= high) if mass else inside & (k < high)
        point = where(inside, whole, self._point(low))
        out = self._function(method)(point, *shapes)
        outside = below if below == above else where(k >= low, above, XG.full_like(k, below))
        return self._marked(where(inside, out, outside), valid, given)

    @staticmethod
    def _point(low: Any) -> Any:
        return low

    def pmf(self, k: Any, *args: Any, **keywords: Any) -> Tensor:
        """Probability mass, 0 for numbers that are not integers."""
        return self._evaluated("pmf", (k, *args), keywords, 0.0, 0.0)

    def logpmf(self, k: Any, *args: Any, **keywords: Any) -> Tensor:
        """Logarithm of the probability mass."""
        return self._evaluated("logpmf", (k, *args), keywords, -_INF, -_INF)

    def cdf(self, k: Any, *args: Any, **keywords: Any) -> Tensor:
        """Cumulative distribution function."""
        return self._evaluated("cdf", (k, *args), keywords, 0.0, 1.0)

    def sf(self, k: Any, *args: Any, **keywords: Any) -> Tensor:
        """Survival function, ``1 - cdf``, accurate in the upper tail."""
        return self._evaluated("sf", (k, *args), keywords, 1.0, 0.0)

    def logcdf(self, k: Any, *args: Any, **keywords: Any) -> Tensor:
        """Logarithm of the cdf."""
        return self._evaluated("logcdf", (k, *args), keywords, -_INF, 0.0)

    def logsf(self, k: Any, *args: Any, **keywords: Any) -> Tensor:
        """Logarithm of the survival function."""
        return self._evaluated("logsf", (k, *args), keywords, 0.0, -_INF)

    def rvs(self, *args: Any, **keywords: Any) -> Tensor:
        """Raise: integers are not differentiable functions of the parameters."""
        raise NotImplementedError(
            f"{called(f'stats.{self.name}.rvs')}: random integers have no derivative by the "
            f"parameters; draw plain arrays with scipy.stats.{self.name}.rvs"
        )
