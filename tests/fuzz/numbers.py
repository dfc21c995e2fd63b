"""Functions with NumPy's arguments that compute with numbers: statistics, polynomials, sets..."""

import numpy as np

from tests.fuzz.drawing import Draw, Unfit, operation
from tests.fuzz.reductions import _filled, _spread


def _small(x: np.ndarray) -> bool:
    return 0 < x.size <= 60


def _mask(d: Draw, x: str) -> str:
    """Return a constant mask that broadcasts with an array."""
    shape = tuple(1 if d.chance(0.2) else n for n in d.value(x).shape)
    return d.constant(d.rng.uniform(size=shape) > 0.4)


@operation("amax", "amin")
def _amax(d: Draw, name: str) -> str:
    x = d.array("f", fits=_filled)
    initial = f", initial={d.number()}" if d.chance() else ""
    where = f", where={_mask(d, x)}" if initial and d.chance() else ""
    return f"xg.{name}({x}, {d.reduction(x)}{initial}{where})"


@operation("ptp")
def _ptp(d: Draw, name: str) -> str:
    x = d.array("f", fits=_filled)
    return f"xg.ptp({x}, {d.reduction(x)})"


@operation("average")
def _average(d: Draw, name: str) -> str:
    x = d.array("fc", fits=_filled)
    weights = d.constant(d.rng.uniform(0.5, 2.0, d.value(x).shape).astype(d.dtype))
    return f"xg.average({x}, {d.reduction(x)}, weights={weights})"


@operation("cumsum", "cumprod", "nancumsum", "nancumprod")
def _cumsum(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), lambda v: v.size < 500)
    return f"xg.{name}({x}, axis={d.choice(['None', d.axis(x)])})"


@operation("nanargmax", "nanargmin")
def _position(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    return f"xg.{name}({x}, axis={d.axis(x)})"


# -- order, sets, histograms -------------------------------------------------------------------


@operation("partition", "argpartition")
def _partition(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    axis = d.axis(x)
    count = d.value(x).shape[axis]
    return f"xg.{name}({x}, {d.integer(-count, count - 1)}, axis={axis})"


@operation("lexsort")
def _lexsort(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    return f"xg.lexsort(({x}, {d.same(x)}), axis={d.axis(x)})"


@operation("digitize")
def _digitize(d: Draw, name: str) -> str:
    edges = d.constant(np.asarray(d.choice([[-1.0, 0.1, 2.0], [1.5, 0.0, -0.7]]), d.dtype))
    return f"xg.digitize({d.array('f')}, {edges}, right={d.chance()})"


@operation("percentile", "nanpercentile")
def _percentile(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    method = d.choice(["linear", "hazen", "weibull", "median_unbiased", "lower", "inverted_cdf"])
    q = d.choice(["30", "75.0", "0", "100"])
    return f"xg.{name}({x}, {q}, {d.reduction(x)}, method='{method}')"


@operation("unique", flags=["no vmap"])
def _unique(d: Draw, name: str) -> str:
    x = d.array("f", fits=_small)
    return f"xg.unique({x})"


@operation("union1d", "setdiff1d", "setxor1d", "intersect1d", flags=["no vmap"])
def _sets(d: Draw, name: str) -> str:
    x = d.array("f", fits=_small)
    other = d.constant(np.asarray([7.5, 9.25, 11.0], d.dtype))  # in no other array
    return f"xg.{name}({x}, {other})"


@operation("bincount")
def _bincount(d: Draw, name: str) -> str:
    w = d.array("f", 1, _filled)
    bins = d.constant(d.rng.integers(0, 4, d.value(w).shape))
    return f"xg.bincount({bins}, weights={w}, minlength={d.integer(0, 6)})"


@operation("histogram")
def _histogram(d: Draw, name: str) -> str:
    w = d.array("f", fits=_filled)
    data = d.constant(d.rng.uniform(0.05, 0.95, d.value(w).shape))
    # A density divides by the sum of weights.
    weights = w if d.chance() else f"({w} * {w} + 0.5), density=True"
    return f"xg.histogram({data}, bins={d.integer(1, 5)}, range=(0, 1), weights={weights})[0]"


@operation("histogram2d", "histogramdd")
def _histograms(d: Draw, name: str) -> str:
    w = d.array("f", 1, _filled)
    count = d.value(w).size
    x, y = (d.constant(d.rng.uniform(-1, 1, count)) for _ in range(2))
    sample = f"{x}, {y}" if name == "histogram2d" else f"[{x}, {y}]"
    return f"xg.{name}({sample}, bins=3, weights={w})[0]"


@operation("histogram_bin_edges")
def _edges(d: Draw, name: str) -> str:
    return f"xg.histogram_bin_edges({d.array('f', fits=_filled)}, bins={d.integer(1, 5)})"


# -- calculus and statistics -------------------------------------------------------------------


@operation("ediff1d")
def _ediff1d(d: Draw, name: str) -> str:
    return f"xg.ediff1d({d.array('fc', fits=_filled)}, to_begin={d.number().split('.')[0]})"


@operation("gradient")
def _gradient(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3), lambda v: min(v.shape) > 2)
    axis, order = d.axis(x), d.integer(1, 2)
    if d.chance():
        return f"xg.gradient({x}, {d.choice(['0.5', '2.0'])}, axis={axis}, edge_order={order})"
    points = np.cumsum(d.rng.uniform(0.3, 1.5, d.value(x).shape[axis])).astype(d.dtype)
    return f"xg.gradient({x}, {d.constant(points)}, axis={axis}, edge_order={order})"


@operation("trapezoid")
def _trapezoid(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3), _filled)
    points = d.same(x) if d.value(x).dtype.kind == "f" and d.chance() else "None"
    return f"xg.trapezoid({x}, {points}, dx=0.5, axis={d.axis(x)})"


@operation("unwrap")
def _unwrap(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    return f"xg.unwrap({x} * 3.0, axis={d.axis(x)})"


@operation("cov")
def _cov(d: Draw, name: str) -> str:
    x = d.array("f", 2, lambda v: min(v.shape) > 1 and v.size < 200)
    rows = d.chance()
    count = d.value(x).shape[1 if rows else 0]
    options = d.choice(["", ", bias=True", ", ddof=0", ", aweights=A", ", fweights=F"])
    if options.endswith("A"):
        options = f", aweights={d.constant(d.rng.uniform(0.5, 2.0, count).astype(d.dtype))}"
    if options.endswith("F"):
        options = f", fweights={d.constant(d.rng.integers(1, 4, count))}"
    return f"xg.cov({x}, rowvar={rows}{options})"


@operation("corrcoef")
def _corrcoef(d: Draw, name: str) -> str:
    x = d.array("f", 2, lambda v: v.size < 200 and min(v.shape) > 2 and _spread(v))
    return f"xg.corrcoef({x}, rowvar={d.chance()})"


@operation("convolve", "correlate")
def _convolve(d: Draw, name: str) -> str:
    x = d.array("f", 1, _filled)
    y = d.array("f", 1, _small)
    return f"xg.{name}({x}, {y}, mode='{d.choice(['full', 'same', 'valid'])}')"


@operation("angle")
def _angle(d: Draw, name: str) -> str:
    return f"xg.angle({d.away_from_zero(kinds='fc')}, deg={d.chance()})"


@operation("around", "fix")
def _around(d: Draw, name: str) -> str:
    x = d.array("f")
    return f"xg.around({x}, {d.integer(0, 2)})" if name == "around" else f"xg.fix({x})"


# -- polynomials and products ------------------------------------------------------------------


@operation("vander")
def _vander(d: Draw, name: str) -> str:
    return f"xg.vander({d.array('f', 1, _small)}, {d.integer(1, 4)}, increasing={d.chance()})"


@operation("polyval")
def _polyval(d: Draw, name: str) -> str:
    p = d.array("f", 1, lambda v: 0 < v.size < 6)
    return f"xg.polyval({p}, {d.array('f')})"


@operation("polyadd", "polysub", "polymul")
def _polyadd(d: Draw, name: str) -> str:
    small = lambda v: 0 < v.size < 8 and bool(v[0])  # noqa: E731
    return f"xg.{name}({d.array('f', 1, small)}, {d.array('f', 1, small)})"


@operation("polydiv", flags=["no vmap"])  # the length of the remainder depends on values
def _polydiv(d: Draw, name: str) -> str:
    p = d.array("f", 1, lambda v: 0 < v.size < 8)
    return f"xg.polydiv({p}, {d.constant(np.asarray([1.5, -0.3], d.dtype))})[0]"


@operation("polyder", "polyint")
def _polyder(d: Draw, name: str) -> str:
    return f"xg.{name}({d.array('f', 1, _small)}, {d.integer(1, 2)})"


@operation("poly")
def _poly(d: Draw, name: str) -> str:
    return f"xg.poly({d.array('f', 1, lambda v: 0 < v.size < 6)})"


@operation("roots", flags=["no vmap"])
def _roots(d: Draw, name: str) -> str:
    x = d.array("f", fits=_small)  # near the polynomial with the roots 1, 2, 3
    p = d.constant(np.asarray([1.0, -6.0, 11.0, -6.0], d.dtype))
    return f"xg.sum(xg.square(xg.roots({p} + 0.01 * xg.tanh(xg.sum({x})))))"


@operation("polyfit")
def _polyfit(d: Draw, name: str) -> str:
    y = d.array("f", (1, 2), lambda v: 3 < v.shape[0] and v.size < 60)
    points = d.constant(np.linspace(-1.0, 1.5, d.value(y).shape[0]).astype(d.dtype))
    return f"xg.polyfit({points}, {y}, {d.integer(0, 2)})"


@operation("inner")
def _inner(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _small)
    return f"xg.inner({x}, {d.same(x)})"


@operation("vdot")
def _vdot(d: Draw, name: str) -> str:
    x = d.array("fc", fits=_filled)
    if d.value(x).size > 500:
        raise Unfit
    return f"xg.vdot({x}, {d.same(x, 'fc')})"
