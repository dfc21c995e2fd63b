"""Rows of the op table: contractions, order statistics, interpolation, padding."""

from typing import Any

import numpy as np
import scipy.special

from tests.op_rows import complex_, distinct, real, row

# -- contractions ------------------------------------------------------------------------------

for _equation, _shapes in (
    ("ij,jk->ik", ((2, 3), (3, 2))),
    ("ii->i", ((3, 3),)),
    ("ii", ((3, 3),)),
    ("ij->ji", ((2, 3),)),
    ("ij->", ((2, 3),)),
    ("i,j->ij", ((2,), (3,))),
    ("...ij,...jk->...ik", ((2, 2, 3), (1, 3, 2))),
    ("ij,jk,kl", ((2, 3), (3, 2), (2, 2))),
    ("i,i,i->i", ((3,), (3,), (3,))),
    ("iij,jk->k", ((2, 2, 3), (3, 2))),
    ("bij,bj->bi", ((2, 2, 3), (2, 3))),
):
    _samples = [tuple(real(*s) for s in _shapes) for _ in range(2)]
    row(
        "einsum",
        lambda m, *xs, e=_equation: m.einsum(e, *xs),
        _samples,
        by=tuple(range(len(_shapes))),
        complex_samples=[tuple(complex_(*s) for s in _shapes)],
        label=_equation,
        jax=None,
    )
row(
    "kron",
    None,
    [(real(2, 2), real(1, 3)), (real(2), real(2, 2))],
    by=(0, 1),
    complex_samples=[(complex_(2), complex_(2))],
)

# -- logarithms of sums, order statistics ------------------------------------------------------

for _axis in (None, 1, (0, 1)):
    row(
        "logsumexp",
        lambda m, x, a=_axis: m.logsumexp(x, axis=a),
        [(real(2, 3),), (real(3, 2),)],
        complex_samples=[(complex_(2, 3),)],
        reference=lambda _, x, a=_axis: scipy.special.logsumexp(x, axis=a),
        torch=lambda t, x, a=_axis: t.logsumexp(x, dim=tuple(range(x.ndim)) if a is None else a),
        jax=None,
        label=str(_axis),
    )
row(
    "cumulative_logsumexp",
    lambda m, x: m.cumulative_logsumexp(x, axis=1),
    [(real(2, 3),), (real(3, 5),)],
    reference=lambda m, x: m.logaddexp.accumulate(x, axis=1),
    torch=lambda t, x: t.logcumsumexp(x, dim=1),
    jax=None,
)
for _q in (0.0, 0.3, 1.0):
    row(
        "quantile",
        lambda m, x, q=_q: m.quantile(x, q, axis=1),
        [(distinct(2, 5),), (distinct(3, 4),)],
        label=str(_q),
        torch=lambda t, x, q=_q: t.quantile(x, q, dim=1),
        jax=None,
        dask="",
    )
row(
    "quantile",
    lambda m, x, q: m.quantile(x, q),
    [(distinct(2, 5), np.asarray([0.21, 0.68])), (distinct(2, 3), np.asarray([[0.17], [0.7]]))],
    by=(0, 1),
    label="by q",
    torch=None,
    jax=None,
    dask="",
)
for _method in ("lower", "higher", "midpoint", "nearest"):
    row(
        "quantile",
        lambda m, x, k=_method: m.quantile(x, 0.3, axis=1, method=k),
        [(distinct(2, 5),), (distinct(3, 4),)],
        label=_method,
        torch=lambda t, x, k=_method: t.quantile(x, 0.3, dim=1, interpolation=k),
        jax=None,
        dask="",
    )
for _axis in (None, 0, (0, 1)):
    row(
        "median",
        lambda m, x, a=_axis: m.median(x, axis=a, keepdims=True),
        [(distinct(2, 3),), (distinct(3, 2),)],
        label=str(_axis),
        torch=None,
        jax=None,
        dask="",
    )


def _with_hole(m: Any, x: Any) -> Any:
    """Replace the first element of each row by NaN."""
    first = m.cumulative_sum(m.ones_like(x), axis=-1) < 1.5
    return m.where(first, float("nan"), x)


_NAMES = ("nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin", "nanmedian")
for _name in _NAMES:
    for _axis in (None, 1):

        def _call(m: Any, x: Any, n: str = _name, a: Any = _axis) -> Any:
            return getattr(m, n)(_with_hole(m, x), axis=a, keepdims=a is None)

        row(
            _name,
            _call,
            [(distinct(2, 3),), (distinct(3, 3),)],
            label=str(_axis),
            dask="" if _name in ("nanprod", "nanmedian") else "vr",
            torch=None,
            jax=None,
        )
row(
    "nanquantile",
    lambda m, x: m.nanquantile(_with_hole(m, x), 0.3, axis=1),
    [(distinct(2, 4),), (distinct(3, 3),)],
    jax=None,
    torch=None,
    dask="",
)
row(
    "nan_to_num",
    lambda m, x: m.nan_to_num(x, nan=2.0) * x,
    [(real(2, 3),), (real(3),)],
    complex_samples=[(complex_(2, 3),)],
    torch=None,  # PyTorch does not support complex numbers
)

# -- interpolation and padding -----------------------------------------------------------------

_POINTS = np.asarray([-1.0, -0.2, 0.5, 1.2])
for _label, _options in (
    ("plain", {}),
    ("ends", {"left": 1.0, "right": 2.0}),
    ("period", {"period": 3.1}),
):
    row(
        "interp",
        lambda m, x, xp, fp, o=_options: m.interp(x, xp, fp, **o),
        [(real(2, 3), _POINTS, real(4)), (real(3), _POINTS, real(4))],
        by=(0, 1, 2),
        label=_label,
        torch=None,
        vmap=False,
        dask="",
    )
for _mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
    row(
        "pad",
        lambda m, x, mode=_mode: m.pad(x, ((1, 0), (2, 1)), mode=mode),
        [(real(2, 3),), (real(3, 2),)],
        complex_samples=[(complex_(2, 3),)] if _mode == "constant" else [],
        label=_mode,
        dask="vr" if _mode == "constant" else "v",
        torch=None,
    )
