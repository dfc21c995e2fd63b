"""Reductions, statistics, cumulative sums."""

import numpy as np

from tests.fuzz.drawing import Draw, Unfit, operation


def _filled(x: object) -> bool:
    return 0 not in x.shape  # type: ignore[attr-defined]


@operation("sum", "mean", "prod", weight=2.0)
def _sum(d: Draw, name: str) -> str:
    x = d.array("fc", fits=None if name == "sum" else _filled)
    return f"xg.{name}({x}, {d.reduction(x)})"


@operation("max", "min")
def _max(d: Draw, name: str) -> str:
    x = d.array(fits=_filled)
    return f"xg.{name}({x}, {d.reduction(x)})"


def _spread(x: np.ndarray) -> bool:
    """Whether no line of an array has equal elements: there std has no derivative, only noise."""
    return min(x.shape) > 1 and all((np.ptp(x, axis=a) > 1e-3).all() for a in range(x.ndim))


@operation("var", "std")
def _var(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _spread)
    return f"xg.{name}({x}, {d.reduction(x)}, correction={d.integer(0, 1)})"


@operation("argmax", "argmin")
def _argmax(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    return f"xg.{name}({x}, axis={d.choice(['None', d.axis(x)])}, keepdims={d.chance()})"


@operation("any", "all")
def _any(d: Draw, name: str) -> str:
    x = d.array("bf")
    return f"xg.{name}({x}, {d.reduction(x)})"


@operation("count_nonzero")
def _count(d: Draw, name: str) -> str:
    x = d.array("bf")
    return f"xg.count_nonzero({x}, {d.reduction(x)})"


@operation("cumulative_sum", "cumulative_prod")
def _cumulative(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3))
    initial = ", include_initial=True" if d.chance(0.3) else ""
    return f"xg.{name}({x}, axis={d.axis(x)}{initial})"


@operation("cumulative_logsumexp")
def _cumulative_logsumexp(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3))
    return f"xg.{name}({x}, axis={d.axis(x)})"


@operation("logsumexp")
def _logsumexp(d: Draw, name: str) -> str:
    x = d.array("f", fits=_filled)
    return f"xg.{name}({x}, {d.reduction(x)})"


@operation("nansum", "nanmean", "nanprod", "nanmax", "nanmin")
def _nan(d: Draw, name: str) -> str:
    x = d.array("f", fits=_filled)
    return f"xg.{name}({x}, {d.reduction(x)})"


@operation("nanvar", "nanstd")
def _nanvar(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _spread)
    return f"xg.{name}({x}, {d.reduction(x)})"


@operation("median", "nanmedian")
def _median(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    return f"xg.{name}({x}, {d.reduction(x)})"


@operation("quantile", "nanquantile")
def _quantile(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    return f"xg.{name}({x}, {d.choice(['0.3', '0.75', '0.0', '1.0'])}, {d.reduction(x)})"


def _regular(x: np.ndarray) -> bool:
    """Whether all singular values are nonzero; these norms have kinks at 0."""
    return bool((np.linalg.svdvals(x) > 0.05).all())


@operation("linalg.vector_norm")
def _vector_norm(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3), _filled)
    order = d.choice([2, 1, 3, "xg.inf", 0.5])
    # At 0 the derivative of order 1/2 is infinite.
    given = d.away_from_zero(x) if order == 0.5 else x
    return f"xg.linalg.vector_norm({given}, {d.reduction(x)}, ord={order})"


@operation("linalg.norm")
def _norm(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    return f"xg.linalg.norm({x}, axis={d.axis(x)})"


@operation("linalg.matrix_norm")
def _matrix_norm(d: Draw, name: str) -> str:
    x = d.array("fc", (2, 3), lambda x: _filled(x) and x.size < 50 and _regular(x))
    order = d.choice(["'fro'", "1", "xg.inf", "-1", "2", "'nuc'"])
    return f"xg.linalg.matrix_norm({x}, ord={order}, keepdims={d.chance()})"


@operation("linalg.trace", "linalg.diagonal")
def _diagonal(d: Draw, name: str) -> str:
    return f"xg.{name}({d.array('fc', (2, 3))}, offset={d.integer(-1, 1)})"


@operation("special.softmax", "special.log_softmax", "special.logsumexp")
def _softmax(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    if not d.value(x).size:
        raise Unfit
    return f"xg.{name}({x}, axis={d.axes(x)})"
