"""Rows of the op table: functions that have NumPy's signatures and compute with numbers."""

from typing import Any

import numpy as np

from tests.op_rows import boolean, complex_, distinct, positive, real, rounded, row

# -- reductions --------------------------------------------------------------------------------

for _name, _torch in (("amax", "amax"), ("amin", "amin")):
    for _label, _keywords in (("all", {}), ("axis", {"axis": 1}), ("initial", {"initial": 0.05})):
        row(
            _name,
            lambda m, x, n=_name, k=_keywords: getattr(m, n)(x, **k),
            [(distinct(2, 3),), (distinct(4, 3),)],
            label=_label,
            torch=None if _keywords.get("initial") else (
                lambda t, x, n=_torch, k=_keywords: getattr(t, n)(x, dim=k.get("axis", (0, 1)))
            ),
        )  # fmt: skip
    row(
        _name,
        lambda m, x, where, n=_name: getattr(m, n)(x, axis=0, where=where, initial=0.05),
        [(distinct(2, 3), np.asarray([[True, False, True]])), (distinct(4, 3), boolean(4, 3))],
        label="where",
        torch=None,
    )
row("ptp", lambda m, x: m.ptp(x, axis=1), [(distinct(2, 3),), (distinct(4, 3),)], torch=None)
for _label, _keywords in (("all", {}), ("axis", {"axis": 0}), ("keepdims", {"keepdims": True})):
    row(
        "average",
        lambda m, x, w, k=_keywords: m.average(x, weights=w, **k),
        [(real(2, 3), positive(2, 3)), (real(4, 3), positive(4, 3))],
        by=(0, 1),
        complex_samples=[(complex_(2, 3), positive(2, 3))],
        label=_label,
        torch=None,
        jax=None,
    )
for _name in ("cumsum", "cumprod", "nancumsum", "nancumprod"):
    for _axis in (None, 1):
        row(
            _name,
            lambda m, x, n=_name, a=_axis: getattr(m, n)(x, axis=a),
            [(real(2, 3),), (real(3, 3),)],
            complex_samples=[(complex_(2, 3),)],
            label=str(_axis),
            dask="" if _name.endswith("prod") else "vr",
            torch=None,
            jax=None if _name.startswith("nan") else True,
        )
for _name in ("nanargmax", "nanargmin"):
    row(
        _name,
        lambda m, x, n=_name: getattr(m, n)(x, axis=1),
        [(distinct(2, 3),), (distinct(4, 3),)],
        by=(),
        dask="",
        torch=None,
    )

# -- sorting, sets, histograms, quantiles ------------------------------------------------------

for _axis in (-1, 0, None):
    row(
        "partition",
        lambda m, x, a=_axis: m.partition(x, 2, a) if m is np else m.partition(x, 2, axis=a),
        [(distinct(4, 3),), (distinct(3, 5),)],
        reference=lambda m, x, a=_axis: np.sort(x, a),
        label=str(_axis),
        dask="",
        torch=None,
        jax=None,
    )
row(
    "argpartition",
    lambda m, x: m.argpartition(x, 1, axis=0),
    [(distinct(4, 3),), (distinct(3, 5),)],
    reference=lambda m, x: m.argsort(x, axis=0),
    by=(),
    dask="",
    torch=None,
    jax=None,
)
row(
    "lexsort",
    lambda m, x, y: m.lexsort((x, y)),
    [(distinct(6), rounded(6)), (distinct(5), rounded(5))],
    by=(),
    dask="",
    torch=None,
)
row(
    "digitize",
    lambda m, x: m.digitize(x, m.asarray([-1.0, 0.0, 0.7])),
    [(real(2, 3),), (real(4),)],
    by=(),
    dask="",
    torch=None,
)


def _far(*shape: int) -> Any:
    """Return numbers that none of `distinct` equals, nor comes near."""
    return lambda rng: rng.permutation(np.arange(10.0, 10.0 + np.prod(shape))).reshape(shape)


for _name in ("unique", "union1d", "intersect1d", "setdiff1d", "setxor1d"):
    row(
        _name,
        (lambda m, x, y: m.unique(x) * m.unique(y))
        if _name == "unique"
        else (lambda m, x, y, n=_name: getattr(m, n)(x, y)),
        [(distinct(4), _far(4)), (distinct(2, 3), _far(6))],
        by=() if _name == "intersect1d" else (0,) if _name == "setdiff1d" else (0, 1),
        vmap=False,
        dask="",
        torch=None,
        jax=None,
    )
_BINS = np.asarray([0, 2, 1, 2])
row(
    "bincount",
    lambda m, w: m.bincount(m.asarray(_BINS), weights=w, minlength=4),
    [(real(4),), (positive(4),)],
    dask="",
    torch=None,
    jax=None,
)
for _density in (False, True):
    row(
        "histogram",
        lambda m, w, d=_density: m.histogram(
            m.asarray([0.1, 0.5, 0.6, 0.9]), bins=3, range=(0.0, 1.0), weights=w, density=d
        )[0],
        [(positive(4),), (positive(4),)],
        label="density" if _density else "",
        dask="",
        torch=None,
        jax=None,
    )
row(
    "histogram2d",
    lambda m, w: m.histogram2d(
        m.asarray([0.1, 0.5, 0.6, 0.9]), m.asarray([0.0, 0.2, 0.6, 1.0]), bins=3, weights=w
    )[0],
    [(positive(4),), (positive(4),)],
    dask="",
    torch=None,
    jax=None,
)
row(
    "histogramdd",
    lambda m, w: m.histogramdd(
        m.asarray([[0.1, 0.5], [0.6, 0.9], [0.0, 0.2]]), bins=2, weights=w, density=True
    )[0],
    [(positive(3),), (positive(3),)],
    dask="",
    torch=None,
    jax=None,
)
row(
    "histogram_bin_edges",
    lambda m, x: m.histogram_bin_edges(x, bins=4),
    [(distinct(5),), (distinct(2, 3),)],
    torch=None,
)
for _name in ("percentile", "nanpercentile"):
    for _method in ("linear", "hazen", "inverted_cdf"):
        row(
            _name,
            lambda m, x, n=_name, k=_method: getattr(m, n)(x, 30.0, axis=1, method=k),
            [(distinct(2, 5),), (distinct(3, 4),)],
            label=_method,
            dask="",
            torch=None,
            jax=None,
        )

# -- calculus and statistics -------------------------------------------------------------------

row(
    "ediff1d",
    lambda m, x, y: m.ediff1d(x, y, y),
    [(real(2, 3), real(2)), (real(4), real(1))],
    by=(0, 1),
    torch=None,
    jax=None,
)
for _label, _keywords in (("", {}), ("axis", {"axis": 0}), ("edges", {"edge_order": 2})):
    row(
        "gradient",
        lambda m, x, k=_keywords: m.gradient(x, 0.5, **({"axis": 1} | k)),
        [(real(3, 4),), (real(4, 3),)],
        complex_samples=[(complex_(3, 4),)],
        label=_label,
        torch=(lambda t, x, k=_keywords: t.gradient(
            x, spacing=0.5, dim=k.get("axis", 1), edge_order=k.get("edge_order", 1))[0]),
        jax=None if "edge_order" in _keywords else True,
    )  # fmt: skip
row(
    "gradient",
    lambda m, x, p: m.gradient(x, m.cumsum(p * p + 0.1), edge_order=2),
    [(real(4), real(4)), (real(5), real(5))],
    by=(0, 1),
    label="points",
    torch=None,
    jax=None,
)
row(
    "trapezoid",
    lambda m, y, x: m.trapezoid(y, x, axis=1),
    [(real(2, 3), real(3)), (real(3, 4), real(3, 4))],
    by=(0, 1),
    complex_samples=[(complex_(2, 3), real(3))],
    torch=None,
    jax=lambda m, y, x: m.trapezoid(y, x, axis=1),
)
row(
    "unwrap",
    lambda m, x: m.unwrap(x * 5.0, axis=1),
    [(distinct(2, 3),), (distinct(3, 4),)],
    torch=None,
)
for _label, _keywords in (("", {}), ("bias", {"bias": True}), ("columns", {"rowvar": False})):
    row(
        "cov",
        lambda m, x, k=_keywords: m.cov(x, **k),
        [(real(2, 4),), (real(3, 5),)],
        complex_samples=[(complex_(2, 3),)],
        label=_label,
        torch=(lambda t, x, k=_keywords: t.cov(
            x.T if "rowvar" in k else x, correction=0 if "bias" in k else 1)),
    )  # fmt: skip
row(
    "cov",
    lambda m, x, w: m.cov(x, aweights=w),
    [(real(2, 4), positive(4)), (real(3, 5), positive(5))],
    by=(0, 1),
    label="weights",
    torch=lambda t, x, w: t.cov(x, aweights=w),
)
row("corrcoef", None, [(real(2, 4),), (real(3, 5),)])
for _name in ("convolve", "correlate"):
    for _mode in ("full", "same", "valid"):
        row(
            _name,
            lambda m, x, y, n=_name, k=_mode: (
                getattr(m, n)(x, y, k) if m is np else getattr(m, n)(x, y, mode=k)
            ),
            [(real(5), real(3)), (real(2), real(4))],
            by=(0, 1),
            complex_samples=[(complex_(4), complex_(3))],
            label=_mode,
            dask="v",
            torch=None,
        )
row("angle", None, [(real(2, 3),), (real(3),)], complex_samples=[(complex_(2, 3),)])
row("around", lambda m, x: m.around(x, 1), [(real(2, 3),), (real(3),)], torch=None)
row("fix", None, [(real(2, 3),), (real(3),)], jax=lambda m, x: m.trunc(x))

# -- polynomials and products ------------------------------------------------------------------

row(
    "vander",
    lambda m, x: m.vander(x, 4),
    [(real(3),), (real(5),)],
    complex_samples=[(complex_(3),)],
    torch=None,
)
row(
    "polyval",
    None,
    [(real(3), real(2, 3)), (real(4), real(2))],
    by=(0, 1),
    complex_samples=[(complex_(3), complex_(2))],
    torch=None,
)
for _name in ("polyadd", "polysub", "polymul"):
    row(
        _name,
        None,
        [(positive(3), positive(2)), (positive(2), positive(4))],
        by=(0, 1),
        dask="v" if _name == "polymul" else "vr",
        torch=None,
        jax=None,
    )
row(
    "polydiv",
    lambda m, x, y: m.concat(m.polydiv(x, y)) + m.sum(x) * m.sum(y),
    [(positive(4), positive(2)), (positive(5), positive(3))],
    by=(0, 1),
    torch=None,
    jax=None,
)
for _name in ("polyder", "polyint"):
    row(_name, lambda m, x, n=_name: getattr(m, n)(x, 2), [(real(4),), (real(3),)], torch=None)
row("poly", None, [(distinct(3),), (distinct(4),)], torch=None, jax=None)
row(
    "roots",
    lambda m, x: m.roots(m.concat([m.asarray([1.0]), x * 0.1 + m.asarray([-6.0, 11.0, -6.0])])),
    [(real(3),), (real(3),)],
    dask="",
    torch=None,
    jax=None,
)
row(
    "polyfit",
    lambda m, x, y, w: m.polyfit(x, y, 2, w=w),
    [(distinct(5), real(5), positive(5)), (distinct(4), real(4), positive(4))],
    by=(0, 1, 2),
    dask="",
    torch=None,
    jax=None,
)
row(
    "inner",
    None,
    [(real(2, 3), real(4, 3)), (real(3), real(3))],
    by=(0, 1),
    complex_samples=[(complex_(2, 3), complex_(3))],
    torch=lambda t, x, y: t.inner(x, y),
)
row(
    "vdot",
    None,
    [(real(2, 3), real(2, 3)), (real(3), real(3))],
    by=(0, 1),
    complex_samples=[(complex_(3), complex_(3))],
    torch=lambda t, x, y: t.vdot(x.reshape(-1), y.reshape(-1)),
)
