"""Rows of the op table: functions that have NumPy's signatures and compute with numbers."""

import numpy as np

from tests.op_rows import boolean, complex_, distinct, positive, real, row

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
        dask="",
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
