"""Rows of the op table: shapes, products, indexing, creation."""

from typing import Any

import numpy as np

import xgrad as xg
from tests.environment import raw
from tests.op_rows import (
    boolean,
    complex_,
    distinct,
    real,
    rounded,
    row,
)

# -- shapes ------------------------------------------------------------------------------------

for _label, _shape in (("flat", (-1,)), ("matrix", (3, 2)), ("deep", (1, 6, 1))):
    row(
        "reshape",
        lambda m, x, s=_shape: m.reshape(x, s),
        [(real(2, 3),), (real(3, 2),)],
        complex_samples=[(complex_(2, 3),)],
        label=_label,
    )
row(
    "permute_dims",
    lambda m, x: m.permute_dims(x, (2, 0, 1)),
    [(real(2, 3, 4),), (real(1, 3, 2),)],
    torch=lambda t, x: t.permute(x, (2, 0, 1)),
)
row("matrix_transpose", None, [(real(2, 3),), (real(2, 3, 4),)], torch=lambda t, x: x.mT)
row("moveaxis", lambda m, x: m.moveaxis(x, 0, -1), [(real(2, 3, 4),), (real(1, 3),)])
row(
    "moveaxis",
    lambda m, x: m.moveaxis(x, (0, 1), (-1, 0)),
    [(real(2, 3, 4),), (real(1, 3),)],
    label="several",
)
row(
    "expand_dims",
    lambda m, x: m.expand_dims(x, axis=1),
    [(real(2, 3),), (real(3),)],
    torch=lambda t, x: t.unsqueeze(x, 1),
)
row(
    "squeeze",
    lambda m, x: m.squeeze(x, axis=1),
    [(real(2, 1, 3),), (real(3, 1),)],
    reference=lambda m, x: m.squeeze(x, 1),
    torch=lambda t, x: t.squeeze(x, 1),
)
row("squeeze", lambda m, x: m.squeeze(x), [(real(2, 1, 3),), (real(1, 1),)], label="all")
row(
    "broadcast_to",
    lambda m, x: m.broadcast_to(x, (4, 2, 3)),
    [(real(2, 3),), (real(3),), (real(2, 1),), (real(),)],
)
for _label, _axis in (("all", None), ("axis", 1), ("axes", (0, -1))):
    row(
        "flip",
        lambda m, x, a=_axis: m.flip(x, axis=a),
        [(real(2, 3),), (real(3, 2),)],
        label=_label,
        torch=None,
    )
row(
    "concat",
    lambda m, x, y: m.concat([x, y, x], axis=1),
    [(real(2, 3), real(2, 1)), (real(1, 2), real(1, 2)), (real(2, 0), real(2, 1))],
    by=(0, 1),
    complex_samples=[(complex_(2, 3), complex_(2, 1))],
)
row(
    "concat",
    lambda m, x, y: m.concat([x, y], axis=None),
    [(real(2, 3), real(3)), (real(3), real(3))],
    by=(0, 1),
    label="flat",
    torch=None,
    jax=lambda m, x, y: m.concatenate([x, y], axis=None),
)
row(
    "stack",
    lambda m, x, y: m.stack([x, y], axis=1),
    [(real(2, 3), real(2, 3)), (real(3), real(3))],
    by=(0, 1),
)
row(
    "stack",
    lambda m, x, y: m.stack([x, y]),
    [(real(2, 3), real(2, 3)), (real(), real())],
    by=(0, 1),
    label="axis 0",
)
row(
    "unstack",
    lambda m, x: sum(i * part * part for i, part in enumerate(m.unstack(x, axis=1), 1)),
    [(real(2, 3),), (real(3, 2),)],
    torch=None,
    jax=None,
    dask="",
)
row(
    "unstack",
    lambda m, x: m.unstack(x)[1] * 2.0,
    [(real(2, 3),), (real(3, 2),)],
    label="one used",
    torch=None,
    jax=None,
    dask="",
)
row(
    "astype",
    lambda m, x: m.astype(x, m.float64) * x,
    [(real(2, 3),), (real(3),)],
    torch=None,
    jax=None,
)

# -- products ----------------------------------------------------------------------------------

for _a, _b in [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((4, 2, 3), (3, 2)),
    ((4, 2, 3), (4, 3, 2)),
    ((2, 3), (4, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 1)),
    ((0, 3), (3, 2)),
    ((3,), (2, 3, 2)),
    ((2, 3, 3), (3,)),
]:
    row(
        "matmul",
        None,
        [(real(*_a), real(*_b)), (real(*_a), real(*_b))],
        by=(0, 1),
        complex_samples=[(complex_(*_a), complex_(*_b))],
        label=f"{_a} {_b}",
    )
row(
    "matmul",
    lambda m, x, y: x @ y,
    [(real(2, 3), real(3, 2)), (real(3, 3), real(3, 3))],
    by=(0, 1),
    label="operator",
    complex_samples=[(complex_(2, 3), real(3, 2))],
    torch=None,
)
row(
    "tensordot",
    None,
    [(real(2, 3, 4), real(3, 4, 2)), (real(2, 2), real(2, 2))],
    by=(0, 1),
    torch=None,
    complex_samples=[(complex_(2, 3, 4), complex_(3, 4, 2))],
)
row(
    "tensordot",
    lambda m, x, y: m.tensordot(x, y, axes=((0, 2), (1, 0))),
    [(real(2, 3, 4), real(4, 2)), (real(1, 2, 3), real(3, 1))],
    by=(0, 1),
    label="axes",
    torch=None,
)
row(
    "tensordot",
    lambda m, x, y: m.tensordot(x, y, axes=0),
    [(real(2), real(3)), (real(3), real(2))],
    by=(0, 1),
    label="outer",
    torch=None,
)

# -- indexing ----------------------------------------------------------------------------------

_IDX = np.array([0, 2, 2, -1])
_IDX2 = np.array([[0, 1], [1, 1]])
row(
    "take",
    lambda m, x, i: m.take(x, i, axis=1),
    [(real(2, 3), _IDX), (real(1, 3), _IDX)],
    torch=None,
    dask="v",
    complex_samples=[(complex_(2, 3), _IDX)],
)
row(
    "take",
    lambda m, x, i: m.take(x, i, axis=0),
    [(real(2, 3), _IDX2), (real(3, 3), _IDX2)],
    label="matrix of indices",
    dask="v",
    torch=None,
)
_KEYS: dict[str, Any] = {
    "int": 1,
    "negative int": (-1, 2),
    "slice": (slice(None), slice(0, 2)),
    "step": (slice(None, None, 2), slice(2, None, -1)),
    "negative step": slice(None, None, -1),
    "empty": slice(2, 2),
    "none": (None, slice(0, 2), None, 1),
    "ellipsis": (..., 1),
}
for _label, _key in _KEYS.items():
    row(
        "take",
        lambda m, x, k=_key: x[k] * 1.5,
        [(real(3, 4),), (real(2, 3),)],
        label=f"[{_label}]",
        torch=None if "step" in _label else True,
        complex_samples=[(complex_(3, 4),)],
    )
row(
    "take",
    lambda m, x, i: x[i],
    [(real(3, 4), _IDX), (real(3, 4, 2), _IDX)],
    label="[array]",
    dask="v",
)
row(
    "take",
    lambda m, x, i, j: x[i, j],
    [(real(3, 4), _IDX, _IDX), (real(3, 3, 2), _IDX2, _IDX2)],
    label="[array, array]",
    dask="v",
)
row(
    "take",
    lambda m, x, i, j: x[i, :, j],
    [(real(3, 2, 4), _IDX, _IDX), (real(3, 1, 3, 2), _IDX, _IDX)],
    label="[array, :, array]",
    dask="v",
    vmap=True,
)
row(
    "take",
    lambda m, x, i: x[:, i, None, 1:],
    [(real(2, 3, 4), _IDX), (real(2, 3, 3), _IDX2)],
    label="[:, array, None, slice]",
    dask="v",
)
row(
    "take",
    lambda m, x, i: x[0, i],
    [(real(3, 4), _IDX), (real(3, 4, 2), _IDX)],
    label="[int, array]",
    dask="v",
)
row(
    "take",
    lambda m, x, i, j: x[i[:, None], j],
    [(real(3, 4), _IDX, _IDX), (real(3, 3), _IDX, _IDX)],
    label="[broadcast arrays]",
    dask="v",
    torch=None,
)
row(
    "take",
    lambda m, x, b: x[b],
    [
        (real(2, 3), np.array([[True, False, True], [False, True, True]])),
        (real(3), np.array([True, False, True])),
    ],
    label="[mask]",
    dask="",
    vmap=False,
)

row(
    "take_along_axis",
    lambda m, x, i: m.take_along_axis(x, i, axis=1),
    [
        (real(2, 3), np.array([[0, 2, 2, -1], [1, 1, 0, 0]])),
        (real(2, 3), np.array([[0], [2]])),
        (real(3, 3), np.array([[0, 1]])),
    ],
    complex_samples=[(complex_(2, 3), np.array([[0, 2, 2, -1], [1, 1, 0, 0]]))],
    torch=None,
    jax=None,
    dask="",
)
row(
    "take_along_axis",
    lambda m, x, i: m.take_along_axis(x, i, axis=0),
    [(real(3, 2), np.array([[2, 0], [2, 1]])), (real(2, 2, 2), np.zeros((1, 2, 2), int))],
    label="axis 0",
    torch=lambda t, x, i: t.take_along_dim(x, i, 0),
    dask="",
)

# -- writing -----------------------------------------------------------------------------------


def _written(key: Any) -> Any:
    """Return a call that writes ``v`` into ``1.5 * x`` at a key, and uses the result."""

    def call(m: Any, x: Any, v: Any, *indices: Any) -> Any:
        y = x * 1.5
        y[key(*indices) if callable(key) else key] = v
        return y * y

    return call


_WRITES: dict[str, tuple[Any, tuple[int, ...]]] = {
    "int": (1, (4,)),
    "slice": ((slice(None), slice(0, 2)), (3, 2)),
    "negative step": ((slice(None, None, -2), slice(2, None, -1)), (2, 3)),
    "none": ((None, slice(0, 2), None, 1), (1, 2, 1)),
    "all": (..., (3, 4)),
    "broadcast": ((slice(0, 2), ...), (4,)),
    "number": ((slice(0, 2), 1), ()),
    "longer": ((0, slice(1, 3)), (1, 2)),
}
for _label, (_key, _shape) in _WRITES.items():
    row(
        "take",
        _written(_key),
        [(real(3, 4), real(*_shape)), (real(3, 4), real(*_shape))],
        by=(0, 1),
        label=f"write [{_label}]",
        torch=None,
        jax=None,
        complex_samples=[(complex_(3, 4), complex_(*_shape))],
    )
_ROWS = np.array([0, 2, 2])
for _label, _key, _shape in [
    ("array", lambda i: i, (3, 4)),
    ("array, broadcast", lambda i: i, (4,)),
    ("slice, array", lambda i: (slice(None), i), (3, 3)),
    ("array, slice", lambda i: (i, slice(1, 3)), (3, 2)),
    ("int, array", lambda i: (1, i), (3,)),
    ("columns", lambda i: (i[:, None], i), (3, 3)),
    ("None, array", lambda i: (None, i, None), (1, 3, 1, 4)),
]:
    row(
        "take",
        _written(_key),
        [(real(3, 4), real(*_shape), _ROWS), (real(3, 4), real(*_shape), np.array([1, -1, 1]))],
        by=(0, 1),
        dask="",
        label=f"write [{_label}]",
        torch=None,
        jax=None,
    )
_MASK = np.array([[True, False, True, True], [False, True, False, True], [False] * 4])
for _label, _key, _shape, _vmap in [
    ("mask", lambda b: b, (), True),
    ("mask, a value each", lambda b: b, (5,), False),
    ("row mask", lambda b: b[:, 0], (4,), True),
    ("mask, slice", lambda b: (b[:, 3], slice(0, 2)), (2, 2), False),
    ("slice, mask", lambda b: (slice(None), b[0, :]), (3, 3), False),
]:
    row(
        "take",
        _written(_key),
        [(real(3, 4), real(*_shape), _MASK), (real(3, 4), real(*_shape), _MASK)],
        by=(0, 1),
        label=f"write [{_label}]",
        torch=None,
        jax=None,
        vmap=_vmap,
        dask="vr" if _vmap else "",
    )
row(
    "take",
    lambda m, x, v: _added(x, v),
    [(real(3, 4), real(4)), (real(3, 4), real(1))],
    by=(0, 1),
    label="write [+=]",
    torch=None,
    jax=None,
)


def _added(x: Any, v: Any) -> Any:
    y = x * 1.0
    y[1:] += v
    y[:, ::2] *= y[:, 1::2]
    return y


# -- order and sets ----------------------------------------------------------------------------

for _label, _keywords in [
    ("", {}),
    ("axis 0", {"axis": 0}),
    ("descending", {"axis": 0, "descending": True}),
]:
    _sign = -1 if _keywords.get("descending") else 1
    _axis = _keywords.get("axis", -1)
    for _name in ("sort", "argsort"):
        row(
            _name,
            lambda m, x, n=_name, k=_keywords: getattr(m, n)(x, **k),
            [(distinct(3, 4),), (distinct(2, 3),), (distinct(5),), (distinct(0, 2),)],
            reference=lambda m, x, n=_name, a=_axis, s=_sign: (
                getattr(m, n)(s * x, axis=a) * (s if n == "sort" else 1)
            ),
            by=(0,) if _name == "sort" else (),
            dask="",
            label=_label,
            torch=None,
            jax=True if _name == "sort" else None,
        )
_EDGES = np.array([-1.0, 0.0, 0.5, 0.5, 2.0])
for _side in ("left", "right"):
    row(
        "searchsorted",
        lambda m, v, s=_side: m.searchsorted(
            m.asarray(_EDGES) if m is np else xg.asarray(raw(_EDGES)), v, side=s
        ),
        [(np.array([[0.5, -3.0], [7.0, 0.1]]),), (np.array([0.0, 0.5]),)],
        by=(),
        label=_side,
        torch=None,
        jax=None,
        dask="",
    )
row(
    "searchsorted",
    lambda m, e, v: m.searchsorted(e, v, sorter=m.argsort(e)),
    [(_EDGES[::-1].copy(), np.array([0.1, 0.2])), (_EDGES[::-1].copy(), np.array([0.0, 3.0]))],
    by=(),
    label="sorter",
    vmap=False,
    torch=None,
    jax=None,
    dask="",
)
_REPEATED = np.array([[1.5, 0.5, 1.5], [2.0, 0.5, -1.0]])
row(
    "unique_values",
    None,
    [(distinct(2, 3),), (distinct(4),), (real(0),)],
    vmap=False,
    torch=None,
    jax=None,
    dask="",
)
row(
    "unique_values",
    None,
    [(_REPEATED,), (_REPEATED[0],), (boolean(5),)],
    by=(),
    label="repeated",
    vmap=False,
    torch=None,
    jax=None,
    dask="",
)
for _name, _fields in [
    ("unique_all", ("indices", "inverse_indices", "counts")),
    ("unique_counts", ("counts",)),
    ("unique_inverse", ("inverse_indices",)),
]:
    for _field in _fields:
        row(
            _name,
            lambda m, x, n=_name, f=_field: getattr(getattr(m, n)(x), f),
            [(_REPEATED,), (_REPEATED[0],), (boolean(4),)],
            by=(),
            label=_field,
            dask="",
            vmap=False,
            torch=None,
            jax=None,
        )
row(
    "nonzero",
    lambda m, x: m.stack(m.nonzero(x)),
    [(rounded(3, 4),), (rounded(5),)],
    by=(),
    vmap=False,
    torch=None,
    jax=None,
    dask="",
)
for _invert in (False, True):
    row(
        "isin",
        lambda m, x, y, i=_invert: m.isin(x, y, invert=i),
        [(_REPEATED, _REPEATED[0]), (np.arange(4), np.array([[3], [1]]))],
        by=(),
        label="invert" if _invert else "",
        torch=None,
        jax=None,
    )

# -- arrangements ------------------------------------------------------------------------------

row("swapaxes", lambda m, x: m.swapaxes(x, 0, -1), [(real(2, 3, 4),), (real(1, 3),)])
for _label, _shift, _axis in [
    ("flat", 2, None),
    ("axis", -1, 1),
    ("axes", (1, -2), (0, 1)),
    ("same", 4, (0, 1)),
]:
    row(
        "roll",
        lambda m, x, s=_shift, a=_axis: m.roll(x, s, axis=a),
        [(real(2, 3),), (real(3, 2),), (real(0, 2),)],
        label=_label,
        torch=None,
    )
for _label, _axis in (("flat", None), ("axis", 1)):
    row(
        "repeat",
        lambda m, x, a=_axis: m.repeat(x, 3, axis=a),
        [(real(2, 3),), (real(3, 2),)],
        label=_label,
        torch=None,
    )
row(
    "repeat",
    lambda m, x: m.repeat(x, np.array([2, 0, 1]) if m is np else raw(np.array([2, 0, 1])), axis=1),
    [(real(2, 3),), (real(1, 3),)],
    label="counts",
    dask="",
    torch=None,
    jax=None,
)
for _repetitions in ((2,), (2, 1, 3), (1, 2)):
    row(
        "tile",
        lambda m, x, r=_repetitions: m.tile(x, r),
        [(real(2, 3),), (real(3),), (real(),)],
        label=str(_repetitions),
    )
for _name in ("tril", "triu"):
    for _k in (0, 1, -1):
        row(
            _name,
            lambda m, x, n=_name, k=_k: getattr(m, n)(x, k=k),
            [(real(3, 4),), (real(2, 3, 3),)],
            label=f"k {_k}",
            torch=lambda t, x, n=_name, k=_k: getattr(t, n)(x, k),
            complex_samples=[(complex_(3, 3),)],
        )
row(
    "broadcast_arrays",
    lambda m, x, y: m.multiply(*m.broadcast_arrays(x, y)),
    [(real(2, 1), real(3)), (real(3), real())],
    by=(0, 1),
    torch=None,
)
for _indexing in ("xy", "ij"):
    row(
        "meshgrid",
        lambda m, x, y, i=_indexing: m.multiply(*m.meshgrid(x, y, indexing=i)),
        [(real(2), real(3)), (real(3), real(1))],
        by=(0, 1),
        label=_indexing,
        torch=None,
    )
row("outer", None, [(real(2), real(3)), (real(3), real(3))], by=(0, 1),
    complex_samples=[(complex_(2), complex_(3))])  # fmt: skip
for _a, _b, _axis in [((2, 3), (2, 3), -1), ((3,), (2, 3), -1), ((2, 3), (2, 3), 0)]:
    row(
        "vecdot",
        lambda m, x, y, a=_axis: m.vecdot(x, y, axis=a),
        [(real(*_a), real(*_b)), (real(*_a), real(*_b))],
        by=(0, 1),
        label=f"{_a} {_b} {_axis}",
        torch=None,
        jax=None,
        complex_samples=[(complex_(*_a), complex_(*_b))],
    )
row(
    "linspace",
    lambda m, a, b: m.linspace(a, b, 4),
    [(real(), real()), (real(), real())],
    by=(0, 1),
    label="tensors",
    torch=None,
)

# -- creation: no gradients, no examples -------------------------------------------------------

for _name, _call in {
    "zeros": lambda m: m.zeros((2, 3)),
    "ones": lambda m: m.ones((2, 3)),
    "full": lambda m: m.full((2,), 1.5),
    "arange": lambda m: m.arange(1, 7, 2),
    "linspace": lambda m: m.linspace(0.0, 1.0, 5),
    "eye": lambda m: m.eye(3, 4, k=1),
}.items():
    row(_name, _call, [()], by=(), torch=None, jax=None, vmap=False)
row(
    "empty",
    lambda m: m.empty((2, 3)) * 0,
    [()],
    reference=lambda m: m.zeros((2, 3)),
    by=(),
    torch=None,
    jax=None,
    vmap=False,
)
row(
    "arange",
    lambda m: m.arange(4.0),
    [()],
    by=(),
    torch=None,
    jax=None,
    vmap=False,
    label="one number",
)
row(
    "asarray",
    lambda m: m.asarray([[1.0, 2.0], [3.0, 4.5]]),
    [()],
    by=(),
    torch=None,
    jax=None,
    vmap=False,
)
row(
    "asarray",
    lambda m, x, y: m.asarray([x, y]) if m is xg else m.stack([x, y]),
    [(real(2, 3), real(2, 3)), (real(3), real(3))],
    by=(0, 1),
    torch=None,
    jax=None,
    label="of tensors",
)
row(
    "tensor",
    lambda m: m.tensor([1.0, 2.0]),
    [()],
    reference=lambda m: m.asarray([1.0, 2.0]),
    by=(),
    torch=None,
    jax=None,
    vmap=False,
)
for _name in ("zeros_like", "ones_like"):
    row(_name, None, [(real(2, 3),), (real(3),)], by=(), torch=None, jax=None)
row(
    "empty_like",
    lambda m, x: m.empty_like(x) * 0,
    [(real(2, 3),), (real(3),)],
    by=(),
    reference=lambda m, x: m.zeros_like(x),
    torch=None,
    jax=None,
)
row(
    "full_like",
    lambda m, x: m.full_like(x, 2.5),
    [(real(2, 3),), (real(3),)],
    by=(),
    torch=None,
    jax=None,
)

_HOST = np.asarray([1.0, 2.0, 3.0])
row(
    "from_dlpack",
    lambda m, x: m.from_dlpack(m.asarray(x)) * x,
    [(real(2, 3),), (real(3),)],
    reference=lambda m, x: x * x,
    torch=None,
    jax=None,
)
row(
    "from_numpy",
    lambda m, x: m.from_numpy(_HOST.astype(m.result_type(x))) * x,
    [(real(2, 3),), (real(3),)],
    reference=lambda m, x: _HOST * x,
    torch=None,
    jax=None,
)
