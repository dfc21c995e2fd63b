"""Univariate distributions: SciPy's methods over plain functions of standardized variables."""

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

from xgrad.backends.scalars import is_number
from xgrad.engine.dispatch import XG
from xgrad.engine.tensor import Tensor
from xgrad.ops.arrangement import broadcast_arrays
from xgrad.ops.creation import as_tensor
from xgrad.ops.densities.tails import Functions, log_of
from xgrad.ops.elementwise import exp, log, sqrt, square
from xgrad.ops.selection import stop_gradient, where
from xgrad.stats.arguments import bind, floating, signature
from xgrad.stats.sampling import uniforms

_NAN, _INF = math.nan, math.inf


def _positive(*shapes: Any) -> Any:
    valid: Any = True
    for x in shapes:
        valid = (x > 0) & valid
    return valid


def _plain(x: Any, number: int) -> bool:
    """Whether an argument is a default, which needs no arithmetic."""
    return type(x) in (int, float) and x == number


class Distribution:
    """What continuous and discrete distributions share; SciPy's methods, all differentiable.

    Every method takes the shape parameters, ``loc`` and (if continuous) ``scale``, by position or
    by name, as SciPy's does. Arguments broadcast. Invalid parameters give NaN, as in SciPy.
    Single precision stays single precision, where SciPy computes in double precision.
    """

    scaled = True

    def __init__(
        self,
        name: str,
        functions: Functions,
        shapes: tuple[str, ...] = (),
        *,
        support: tuple[float, float] = (-_INF, _INF),
        inner: float = 0.0,
        open_ends: bool = False,
        valid: Callable[..., Any] = _positive,
        safe: tuple[float, ...] | None = None,
        doc: str = "",
    ) -> None:
        self.name, self.shapes = name, shapes
        self._functions, self._support, self._inner = functions, support, inner
        self._open, self._valid = open_ends, valid
        self._safe = (1.0,) * len(shapes) if safe is None else safe
        self.__name__, self.__module__ = name, "xgrad.stats"
        self.__signature__ = signature((), shapes, self.scaled)
        summary, *sections = doc.split("\n\n", 1)
        parameters = f"    Parameters of all methods: ``{str(self.__signature__)[1:-1]}``."
        self.__doc__ = "\n\n".join([summary, parameters, *sections])

    def __repr__(self) -> str:
        return f"<xgrad.stats.{self.name}>"

    def __reduce__(self) -> str:
        return self.name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(
            f"xgrad.stats.{self.name} does not have {name!r}; scipy.stats.{self.name}.{name} takes "
            "plain arrays (detach().numpy()), without gradients"
        )

    def __call__(self, *args: Any, **keywords: Any) -> "Frozen":
        """Fix the parameters: ``norm(loc, scale).logpdf(x)``."""
        bind(f"stats.{self.name}", signature((), self.shapes, self.scaled), args, keywords)
        return Frozen(self, args, keywords)

    # -- arguments -----------------------------------------------------------------------------

    def _bound(
        self, method: str, first: tuple[str, ...], args: Any, keywords: dict[str, Any]
    ) -> tuple[str, list[Any]]:
        function = f"stats.{self.name}.{method}"
        return function, bind(function, signature(first, self.shapes, self.scaled), args, keywords)

    def _parameters(self, shapes: list[Any], scale: Any) -> tuple[list[Any], Any]:
        """Return parameters that are valid everywhere, and a mask of where the given ones are."""
        valid = self._valid(*shapes) if shapes else None
        inside = [
            x if valid is None else where(valid, x, safe)
            for x, safe in zip(shapes, self._safe, strict=True)
        ]
        if scale is not None:
            valid = scale > 0 if valid is None else valid & (scale > 0)
        return inside, valid

    @staticmethod
    def _marked(out: Any, valid: Any, given: list[Any]) -> Tensor:
        """Return a result, NaN (with NaN derivatives) where an argument is invalid or NaN."""
        if not given:
            return as_tensor(out)
        for x in given:
            number = x == x
            valid = number if valid is None else valid & number
        carrier = functools.reduce(operator.add, given)
        mark = where(valid, 1.0, XG.full_like(stop_gradient(carrier), _NAN))
        return where(valid, out, carrier * mark)

    def _of_parameters(self, method: str, args: Any, keywords: dict[str, Any]) -> Any:
        """Return shapes, location, scale (None: defaults), and the mask of valid ones."""
        function, values = self._bound(method, (), args, keywords)
        return self._converted(function, values)

    def _converted(self, function: str, values: list[Any], lead: int = 0) -> Any:
        count = lead + len(self.shapes)
        given = [*values[:count]]
        loc = None if _plain(values[count], 0) else values[count]
        scale = None
        if self.scaled and not _plain(values[count + 1], 1):
            scale = values[count + 1]
        given += [x for x in (loc, scale) if x is not None]
        tensors = floating(function, given)
        leading, shapes, rest = tensors[:lead], tensors[lead:count], [*tensors[count:]]
        loc = rest.pop(0) if loc is not None else None
        scale = rest.pop(0) if scale is not None else None
        shapes, valid = self._parameters(shapes, scale)
        return leading, shapes, loc, scale, valid, tensors

    def _function(self, method: str) -> Callable[..., Any]:
        """Return a method's function, derived from another if there is none."""
        functions = self._functions
        if method in functions:
            return functions[method]
        if method in ("pdf", "pmf"):
            return lambda *args: exp(functions[f"log{method}"](*args))
        cdf, sf = functions["cdf"], functions["sf"]
        if method == "logcdf":
            return lambda *args: log_of(cdf(*args), sf(*args), lambda _: log(cdf(*args)))
        return lambda *args: log_of(sf(*args), cdf(*args), lambda _: log(sf(*args)))

    # -- moments -------------------------------------------------------------------------------

    def _moment(
        self, name: str, args: Any, keywords: dict[str, Any], combine: Callable[..., Any]
    ) -> Tensor:
        _, shapes, loc, scale, valid, given = self._of_parameters(name, args, keywords)
        out = combine(self._functions[name](*shapes), loc, scale)
        if is_number(out):
            (out,) = floating(name, [out], like=given)
        for x in given:  # their shapes, too
            out = out + where(XG.isfinite(x), 0 * x, 0.0)
        return self._marked(out, valid, given)

    def mean(self, *args: Any, **keywords: Any) -> Tensor:
        """Mean."""

        def combine(out: Any, loc: Any, scale: Any) -> Any:
            out = out if scale is None else scale * out
            return out if loc is None else out + loc

        return self._moment("mean", args, keywords, combine)

    def var(self, *args: Any, **keywords: Any) -> Tensor:
        """Variance."""

        def combine(out: Any, loc: Any, scale: Any) -> Any:
            return out if scale is None else square(scale) * out

        return self._moment("var", args, keywords, combine)

    def std(self, *args: Any, **keywords: Any) -> Tensor:
        """Standard deviation."""
        return sqrt(self.var(*args, **keywords))

    def entropy(self, *args: Any, **keywords: Any) -> Tensor:
        """Differential entropy; of a discrete distribution, its entropy; in nats."""

        def combine(out: Any, loc: Any, scale: Any) -> Any:
            return out if scale is None else out + log(where(scale > 0, scale, 1.0))

        return self._moment("entropy", args, keywords, combine)

    def support(self, *args: Any, **keywords: Any) -> tuple[Tensor, Tensor]:
        """Ends of the support."""
        _, shapes, loc, scale, valid, given = self._of_parameters("support", args, keywords)
        ends = []
        for end in self._ends(shapes):
            out = end * scale if scale is not None else end
            out = out if loc is None else out + loc
            out = floating("support", [out], like=given)[0] if is_number(out) else out
            ends.append(self._marked(out, valid, given))
        return ends[0], ends[1]

    def _ends(self, shapes: list[Any]) -> tuple[Any, Any]:
        ends = self._functions.get("ends")
        return self._support if ends is None else ends(*shapes)

    def rvs(self, *args: Any, **keywords: Any) -> Tensor:
        """Random numbers: ``rvs(*shapes, loc, scale, size=None, random_state=None)``.

        They are quantiles (``ppf``) of numbers of `xgrad.random`, so that they are the same on
        every backend, and differentiable by the parameters. They are not SciPy's numbers.
        ``random_state`` is an `xgrad.random.Generator`, or the seed of one.
        """
        size, state = keywords.pop("size", None), keywords.pop("random_state", None)
        function, values = self._bound("rvs", (), args, keywords)
        shape: tuple[int, ...] = ()
        if size is None:
            parameters = broadcast_arrays(*floating(function, values))
            shape = tuple(parameters[0].shape)
        return self._draw(function, uniforms(function, size, shape, state), values)

    def _draw(self, function: str, q: Tensor, values: list[Any]) -> Tensor:
        raise NotImplementedError


class Frozen:
    """A distribution whose parameters are given: its methods take the remaining arguments."""

    def __init__(self, dist: Any, args: Any, keywords: dict[str, Any]) -> None:
        self.dist, self.args, self.kwds = dist, args, keywords

    def __repr__(self) -> str:
        given = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.kwds.items())]
        return f"xgrad.stats.{self.dist.name}({', '.join(given)})"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self.dist, name)

        def call(*args: Any, **keywords: Any) -> Any:
            given = self.kwds | keywords
            return method(*args, *self.args, **given)

        call.__name__, call.__doc__ = name, method.__doc__
        return call


class Multivariate:
    """What multivariate distributions share."""

    def __init__(self, name: str) -> None:
        self.name = self.__name__ = name
        self.__module__ = "xgrad.stats"

    def __repr__(self) -> str:
        return f"<xgrad.stats.{self.name}>"

    def __reduce__(self) -> str:
        return self.name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(
            f"xgrad.stats.{self.name} does not have {name!r}; scipy.stats.{self.name}.{name} takes "
            "plain arrays (detach().numpy()), without gradients"
        )
