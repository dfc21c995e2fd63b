"""Rows of the op table: shapes, products, indexing, creation."""

from typing import Any

import numpy as np

import xgrad as xg
from tests.op_rows import (
    complex_,
    real,
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
)
row(
    "unstack",
    lambda m, x: m.unstack(x)[1] * 2.0,
    [(real(2, 3),), (real(3, 2),)],
    label="one used",
    torch=None,
    jax=None,
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
    complex_samples=[(complex_(2, 3), _IDX)],
)
row(
    "take",
    lambda m, x, i: m.take(x, i, axis=0),
    [(real(2, 3), _IDX2), (real(3, 3), _IDX2)],
    label="matrix of indices",
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
row("take", lambda m, x, i: x[i], [(real(3, 4), _IDX), (real(3, 4, 2), _IDX)], label="[array]")
row(
    "take",
    lambda m, x, i, j: x[i, j],
    [(real(3, 4), _IDX, _IDX), (real(3, 3, 2), _IDX2, _IDX2)],
    label="[array, array]",
)
row(
    "take",
    lambda m, x, i, j: x[i, :, j],
    [(real(3, 2, 4), _IDX, _IDX), (real(3, 1, 3, 2), _IDX, _IDX)],
    label="[array, :, array]",
    vmap=True,
)
row(
    "take",
    lambda m, x, i: x[:, i, None, 1:],
    [(real(2, 3, 4), _IDX), (real(2, 3, 3), _IDX2)],
    label="[:, array, None, slice]",
)
row(
    "take",
    lambda m, x, i: x[0, i],
    [(real(3, 4), _IDX), (real(3, 4, 2), _IDX)],
    label="[int, array]",
)
row(
    "take",
    lambda m, x, i, j: x[i[:, None], j],
    [(real(3, 4), _IDX, _IDX), (real(3, 3), _IDX, _IDX)],
    label="[broadcast arrays]",
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
    vmap=False,
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
