"""Rows of the op table: reductions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.op_rows import (
    away_from_zero,
    boolean,
    complex_,
    distinct,
    real,
    rounded,
    row,
)

# -- reductions --------------------------------------------------------------------------------

_AXES: list[tuple[str, dict[str, Any]]] = [
    ("all", {}),
    ("axis 0", {"axis": 0}),
    ("axis -1 keepdims", {"axis": -1, "keepdims": True}),
    ("axes", {"axis": (0, 1)}),
    ("keepdims", {"keepdims": True}),
]


def _torch_reduction(name: str, keywords: dict[str, Any]) -> Callable[..., Any]:
    def call(t: Any, x: Any) -> Any:
        axis = keywords.get("axis", tuple(range(x.ndim)))
        return getattr(t, name)(x, dim=axis, keepdim=keywords.get("keepdims", False))

    return call


def reduction(name: str, domain: Callable[..., Any], holomorphic: bool, torch: str | None) -> None:
    for label, keywords in _AXES:
        row(
            name,
            lambda m, x, k=keywords: getattr(m, name)(x, **k),
            [(domain(2, 3),), (domain(4, 3),), (domain(2, 3, 2),)]
            + ([(domain(0, 3),)] if name == "sum" else []),
            complex_samples=[(complex_(2, 3),)] if holomorphic else [],
            torch=_torch_reduction(torch, keywords) if torch else None,
            dask="" if name == "prod" else "vr",
            label=label,
        )


reduction("sum", real, True, "sum")
reduction("mean", real, True, "mean")
reduction("prod", away_from_zero, True, None)
reduction("max", distinct, False, "amax")
reduction("min", distinct, False, "amin")
for _correction in (0, 1):
    for _name in ("var", "std"):
        for _label, _keywords in _AXES:
            row(
                _name,
                lambda m, x, n=_name, k=_keywords, c=_correction: getattr(m, n)(
                    x, correction=c, **k
                ),
                [(real(2, 3),), (real(4, 3),), (real(2, 3, 2),)],
                complex_samples=[(complex_(2, 3),)],
                label=f"{_label} correction {_correction}",
                torch=None,
            )
for _name in ("var", "std"):
    row(
        _name,
        lambda m, x, n=_name: getattr(m, n)(x, axis=0, ddof=1),
        [(real(2, 3),), (real(4, 3),)],
        label="ddof",
        torch=None,
    )
_WITH_ZEROS = np.array([[1.5, 0.0, 2.0], [0.0, 0.0, 3.0], [1.0, -2.0, 0.5]])
row(
    "prod",
    lambda m, x: m.prod(x, axis=1),
    [(_WITH_ZEROS,), (_WITH_ZEROS[:2],)],
    label="zeros",
    torch=lambda t, x: t.prod(x, dim=1),
    jax=None,
    dask="",
)
for _name in ("argmax", "argmin"):
    for _label, _keywords in [
        ("all", {}),
        ("axis", {"axis": 0}),
        ("keepdims", {"axis": 1, "keepdims": True}),
        ("all keepdims", {"keepdims": True}),
    ]:
        row(
            _name,
            lambda m, x, n=_name, k=_keywords: getattr(m, n)(x, **k),
            [(distinct(2, 3),), (distinct(4, 3),)],
            by=(),
            dask="",
            label=_label,
            torch=None,
            jax=None,
        )
for _name in ("any", "all"):
    for _label, _keywords in _AXES:
        row(
            _name,
            lambda m, x, n=_name, k=_keywords: getattr(m, n)(x, **k),
            [(boolean(2, 3),), (boolean(4, 3),)],
            by=(),
            label=_label,
            torch=None,
            jax=None,
        )
for _label, _keywords in _AXES:
    row(
        "count_nonzero",
        lambda m, x, k=_keywords: m.count_nonzero(x, **k),
        [(rounded(2, 3),), (rounded(4, 3),)],
        by=(),
        label=_label,
        torch=None,
        jax=None,
    )

# -- running sums and products -----------------------------------------------------------------

for _name, _torch, _dask in (
    ("cumulative_sum", "cumsum", "vr"),
    ("cumulative_prod", "cumprod", ""),
):
    for _axis in (0, 1):
        row(
            _name,
            lambda m, x, n=_name, a=_axis: getattr(m, n)(x, axis=a),
            [(away_from_zero(2, 3),), (away_from_zero(4, 5),), (away_from_zero(0, 1),)],
            complex_samples=[(complex_(2, 3),)],
            label=f"axis {_axis}",
            dask=_dask,
            torch=lambda t, x, n=_torch, a=_axis: getattr(t, n)(x, a),
        )
    row(
        _name,
        lambda m, x, n=_name: getattr(m, n)(x, axis=-1, include_initial=True),
        [(real(2, 3),), (real(4, 1),)],
        label="initial",
        dask=_dask,
        torch=None,
        jax=None,
    )
    row(
        _name,
        lambda m, x, n=_name: getattr(m, n)(x),
        [(real(3),), (real(5),)],
        label="vector",
        dask=_dask,
        torch=lambda t, x, n=_torch: getattr(t, n)(x, 0),
    )
_ZEROS = np.array([[1.5, 0.0, 2.0, 0.5], [0.0, 2.0, 0.0, 3.0], [1.0, -2.0, 0.5, 0.0]])
row(
    "cumulative_prod",
    lambda m, x: m.cumulative_prod(x, axis=1),
    [(_ZEROS,), (_ZEROS[:2],)],
    label="zeros",
    dask="",
    torch=lambda t, x: t.cumprod(x, 1),
    jax=None,
)
for _label, _keywords in [("", {}), ("twice", {"n": 2, "axis": 0}), ("axis 0", {"axis": 0})]:
    row(
        "diff",
        lambda m, x, k=_keywords: m.diff(x, **k),
        [(real(3, 4),), (real(2, 3),), (real(1, 0),)],
        label=_label,
        torch=None,
        complex_samples=[(complex_(2, 3),)],
    )
row(
    "diff",
    lambda m, x, y: m.diff(x, axis=0, prepend=y, append=y),
    [(real(3, 2), real(1, 2)), (real(2, 2), real(2, 2))],
    by=(0, 1),
    label="ends",
    torch=None,
)
