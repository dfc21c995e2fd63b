"""Distributions of integers."""

import functools
import math
import operator
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.engine.dispatch import XG
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.arrangement import broadcast_arrays
from xgrad.ops.creation import astype
from xgrad.ops.densities.tails import Functions
from xgrad.ops.inspection import finfo
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.reductions import sum as total
from xgrad.ops.selection import stop_gradient, where
from xgrad.ops.shape import expand_dims
from xgrad.ops.special.errors import entr
from xgrad.stats.arguments import numbers_up_to
from xgrad.stats.base import Distribution

_INF = math.inf
#: Probability of what an entropy's sum leaves out, on either side.
_TAIL = 1e-30


class Discrete(Distribution):
    """A distribution of integers; they and ``loc`` are constants, the parameters are not."""

    __doc__ = Distribution.__doc__
    scaled = False

    def __init__(self, name: str, functions: Functions, *args: Any, **keywords: Any) -> None:
        functions = {"entropy": self._summed_entropy, **functions}
        super().__init__(name, functions, *args, **keywords)

    def _quantile(self, method: str, args: Any, keywords: dict[str, Any]) -> Tensor:
        function, values = self._bound(method, ("q",), args, keywords)
        return self._quantiles(function, method, values)

    def _quantiles(self, function: str, method: str, values: list[Any]) -> Tensor:
        _, _, loc, _, valid, given = self._converted(function, values, 1)
        given = [stop_gradient(x) for x in given]
        q, *rest = given
        shapes, _ = self._parameters(rest[: len(self.shapes)], None)
        inside = (q > 0) & (q < 1)
        out = self._searched(method, where(inside, q, 0.5), shapes)
        low, high = self._ends(shapes)
        first, last = (0, 1) if method == "ppf" else (1, 0)
        out = where(q == first, low - 1, where(q == last, high, out))
        out = out if loc is None else out + stop_gradient(loc)
        level = (q >= 0) & (q <= 1)
        return stop_gradient(self._marked(out, level if valid is None else level & valid, given))

    def _searched(self, method: str, q: Any, shapes: list[Any]) -> Any:
        """Return the smallest k with ``cdf(k) >= q``, or ``sf(k) <= q``, bit by bit."""
        function = self._function("cdf" if method == "ppf" else "sf")
        low, high = self._ends(shapes)
        carrier = functools.reduce(operator.add, [q, *shapes])
        bits = 53 if canonical(lowest(carrier).dtype).itemsize > 4 else 24
        below = XG.full_like(carrier, low - 1)
        for bit in reversed(range(bits)):
            k = below + 2.0**bit
            inside = k < high  # from there on, the cdf is 1
            level = function(where(inside, k, low), *shapes)
            below = where(inside & (level < q if method == "ppf" else level > q), k, below)
        return below + 1

    def _summed_entropy(self, *shapes: Any) -> Any:
        """Return the sum of ``-pmf * log(pmf)`` over what has a probability of ``1 - 2e-30``."""
        function = called(f"stats.{self.name}.entropy")
        shapes = tuple(broadcast_arrays(*shapes))
        fixed = [stop_gradient(x) for x in shapes]
        tail = XG.full_like(fixed[0], _TAIL)
        first, last = (self._searched(method, tail, fixed) for method in ("ppf", "isf"))
        k = expand_dims(first, axis=-1) + numbers_up_to(function, last - first)
        inside = k <= expand_dims(last, axis=-1)
        point = where(inside, k, expand_dims(first, axis=-1))
        mass = self._function("pmf")(point, *(expand_dims(x, axis=-1) for x in shapes))
        counts = inside & (stop_gradient(mass) > finfo(mass.dtype).smallest_normal)
        out = total(where(counts, entr(where(counts, mass, 1.0)), 0.0), axis=-1)
        return out + self._functions["at_the_boundary"](*shapes)

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
        point = where(inside, whole, low)
        # Elsewhere the value does not depend on the parameters, and formulas may be infinite.
        shapes = [where(inside, x, safe) for x, safe in zip(shapes, self._safe, strict=True)]
        out = self._function(method)(point, *shapes)
        outside = below if below == above else where(k >= low, above, XG.full_like(k, below))
        return self._marked(where(inside, out, outside), valid, given)

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

    def ppf(self, q: Any, *args: Any, **keywords: Any) -> Tensor:
        """Quantiles: the smallest k with ``cdf(k) >= q``; the support's end - 1 for q = 0.

        They are constants, as are those of the other methods that return integers.
        """
        return self._quantile("ppf", (q, *args), keywords)

    def isf(self, q: Any, *args: Any, **keywords: Any) -> Tensor:
        """Inverse of the survival function: the smallest k with ``sf(k) <= q``."""
        return self._quantile("isf", (q, *args), keywords)

    def median(self, *args: Any, **keywords: Any) -> Tensor:
        """Median, a constant."""
        return self.ppf(0.5, *args, **keywords)

    def interval(self, confidence: Any, *args: Any, **keywords: Any) -> tuple[Tensor, Tensor]:
        """Interval around the median with a probability of at least ``confidence``."""
        ends = ((1 - confidence) / 2, (1 + confidence) / 2)
        low, high = (self.ppf(q, *args, **keywords) for q in ends)
        return low, high

    def rvs(self, *args: Any, **keywords: Any) -> Tensor:
        """Random integers: ``rvs(*shapes, loc, size=None, random_state=None)``; constants.

        They are quantiles (``ppf``) of numbers of `xgrad.random`. They are not SciPy's numbers.
        ``random_state`` is an `xgrad.random.Generator`, or the seed of one.
        """
        return super().rvs(*args, **keywords)

    def _draw(self, function: str, q: Tensor, values: list[Any]) -> Tensor:
        numbers = self._quantiles(function, "ppf", [q, *values])
        if holds(numbers != numbers):
            raise ValueError(f"{called(function)}: a parameter is not valid")
        return astype(numbers, "int64")
