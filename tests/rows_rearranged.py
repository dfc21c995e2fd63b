"""Rows of the op table: functions with NumPy's signatures that join, split, choose and edit.

All their keywords are in `tests.numpy_calls_arrays`; these rows run on every backend.
"""

from typing import Any

import numpy as np

from tests.environment import raw
from tests.op_rows import complex_, positive, real, rounded, row

_TWO = [(real(2, 3), real(2, 3)), (real(3, 3), real(3, 3))]
_VECTORS = [(real(3), real(3)), (real(4), real(4))]
_MATRIX = [(real(2, 3),), (real(3, 3),)]
_CUBE = [(real(2, 3, 2),), (real(1, 3, 2),)]
_VECTOR = [(real(3),), (real(4),)]


def _add(name: str, call: Any, samples: Any, by: tuple[int, ...] = (0,), **more: Any) -> None:
    options = {"torch": None, "jax": None, **more}
    row(name, call, samples, by=by, **options)


def _written(write: Any) -> Any:
    """Return a call that writes into a copy, and returns that."""

    def call(m: Any, x: Any, *args: Any) -> Any:
        out = x * 1.0
        write(m, out, *args)
        return out

    return call


def _mask(m: Any, mask: np.ndarray) -> Any:
    return mask if m is np else raw(mask)


# -- joining and splitting -----------------------------------------------------------------------

for _name in ("hstack", "vstack", "dstack", "column_stack"):
    _add(_name, lambda m, x, y, n=_name: getattr(m, n)((x, y)), _TWO, (0, 1), torch=True, jax=True,
         complex_samples=[(complex_(2, 3), real(2, 3))])  # fmt: skip
    _add(_name, lambda m, x, y, n=_name: getattr(m, n)((x, y)), _VECTORS, (0, 1), label="vectors",
         torch=True, jax=True)  # fmt: skip
_add("concatenate", lambda m, x, y: m.concatenate((x, y), axis=1), _TWO, (0, 1), jax=True)
_add("append", lambda m, x, y: m.append(x, y), _TWO, (0, 1), jax=True)
_add("append", lambda m, x, y: m.append(x, y, axis=0), _TWO, (0, 1), label="axis", jax=True)
_add("block", lambda m, x, y: m.block([[x, y], [y, x]]), _TWO, (0, 1), jax=True)
for _name, _samples in (("split", _CUBE), ("array_split", _CUBE)):
    _add(_name, lambda m, x, n=_name: m.multiply(*getattr(m, n)(x, 2, axis=2)), _samples)
    _add(_name, lambda m, x, n=_name: getattr(m, n)(x, [1, 2], 1)[1] * 2.0, _samples, label="at")
_add("hsplit", lambda m, x: m.hsplit(x, [1])[1] * 2.0, _CUBE)
_add("vsplit", lambda m, x: m.vsplit(x, [1])[0] * 2.0, _MATRIX)
_add("dsplit", lambda m, x: m.multiply(*m.dsplit(x, 2)), _CUBE)

# -- shapes and order ----------------------------------------------------------------------------

for _name in ("atleast_1d", "atleast_2d", "atleast_3d"):
    _add(_name, None, [(real(),), (real(3),), (real(2, 3),)], torch=None, jax=True)
_add("ravel", None, _MATRIX, torch=True, jax=True)
_add("ravel", lambda m, x: m.ravel(x, order="F"), _MATRIX, label="columns", jax=True)
_add("transpose", None, [(real(2, 3),), (real(2, 3, 2),)], jax=True)
_add("copy", None, _MATRIX, jax=True)
for _name in ("ndim", "shape", "size"):
    _add(_name, lambda m, x, n=_name: m.asarray(getattr(m, n)(x)), _MATRIX, ())
for _name in ("flipud", "fliplr"):
    _add(_name, None, _MATRIX, torch=True, jax=True)
for _k in (1, 2, 3):
    _add("rot90", lambda m, x, k=_k: m.rot90(x, k), _MATRIX, label=str(_k), torch=True, jax=True)
_add(
    "sliding_window_view",
    lambda m, x: m.sliding_window_view(x, 2, axis=1) * 1.0,
    _MATRIX,
    reference=lambda m, x: m.lib.stride_tricks.sliding_window_view(x, 2, axis=1) * 1.0,
    dask="v",
)

# -- diagonals -----------------------------------------------------------------------------------

_add("diag", lambda m, x: m.diag(x), _VECTOR, torch=True, jax=True)
_add("diag", lambda m, x: m.diag(x, 1), _MATRIX, label="of a matrix", torch=True, jax=True)
_add("diag", lambda m, x: m.diag(x, -1), _VECTOR, label="below", torch=True, jax=True)
_add("diagflat", None, _MATRIX, torch=True, jax=True)
_add("fill_diagonal", _written(lambda m, x, y: m.fill_diagonal(x, y)),
     [(real(3, 3), real(3)), (real(2, 2), real(2))], (0, 1), dask="")  # fmt: skip

# -- choosing and editing --------------------------------------------------------------------------

_add("choose", lambda m, x, y: m.choose(_mask(m, np.asarray([0, 1, 0])), (x, y)),
     [(real(3), real(3)), (real(2, 3), real(2, 3))], (0, 1), dask="")  # fmt: skip
_add("compress", lambda m, x: m.compress([True, False, True], x, axis=1), _MATRIX, dask="v")
_add("extract", lambda m, x: m.extract(m.asarray(_mask(m, np.asarray([[True], [False]]))) == (x == x), x),
     [(real(2, 3),), (real(2, 2),)], vmap=False, dask="")  # fmt: skip
_add("select", lambda m, x, y: m.select([x > 0, y > 0], [x * y, x], 0.0), _TWO, (0, 1), jax=True)
_add("piecewise", lambda m, x: m.piecewise(x, [x < 0], [lambda v: v * v, m.sin]), _MATRIX,
     vmap=False, dask="")  # fmt: skip
_add("insert", lambda m, x, y: m.insert(x, [0, 2], y, axis=1),
     [(real(2, 3), real(2, 2)), (real(3, 3), real(3, 2))], (0, 1), dask="v")  # fmt: skip
_add("delete", lambda m, x: m.delete(x, [0, 2], axis=1), _MATRIX, dask="v")
_add(
    "put_along_axis",
    _written(lambda m, x, y: m.put_along_axis(x, _mask(m, np.asarray([[0, 2]])), y, axis=1)),
    [(real(2, 3), real(2, 2)), (real(3, 3), real(3, 2))],
    (0, 1),
    reference=_written(
        lambda m, x, y: m.put_along_axis(x, np.asarray([[0, 2]] * len(x)), y, axis=1)
    ),
    dask="",
)
_add("apply_along_axis", lambda m, x: m.apply_along_axis(lambda v: v * v[0], 1, x), _MATRIX)
_add("apply_over_axes", lambda m, x: m.apply_over_axes(lambda a, i: m.sum(a, axis=i), x, (0, 1)),
     _MATRIX)  # fmt: skip

# -- ranges --------------------------------------------------------------------------------------

_add("logspace", lambda m, x, y: m.logspace(x, y, 3), [(real(2), real(2)), (real(), real())],
     (0, 1))  # fmt: skip
_add("geomspace", lambda m, x, y: m.geomspace(x, y, 3, dtype=x.dtype),
     [(positive(2), positive(2)), (positive(), positive())], (0, 1), vmap=False)  # fmt: skip

_add("resize", lambda m, x: m.resize(x, (3, 4)), _MATRIX, jax=True)
_add("rollaxis", lambda m, x: m.rollaxis(x, 2, 1), _CUBE, jax=True)
_add("real_if_close", None, _MATRIX, vmap=False)
_add("trim_zeros", None, _VECTOR, vmap=False, dask="")

# -- constants: no gradients -----------------------------------------------------------------------

_add("isclose", lambda m, x, y: m.isclose(x, x + 1e-9), _TWO, (), jax=True)
for _name in ("allclose", "array_equal", "array_equiv"):
    _add(_name, lambda m, x, y, n=_name: m.asarray(getattr(m, n)(x, y)), _TWO, (), vmap=False)
for _name in ("isreal", "iscomplex", "isposinf", "isneginf"):
    _add(_name, None, _MATRIX, (), jax=True)
for _name in ("isrealobj", "iscomplexobj"):
    _add(_name, lambda m, x, n=_name: m.asarray(getattr(m, n)(x)), _MATRIX, (), vmap=False)
for _name in ("tril_indices_from", "triu_indices_from"):
    _add(_name, lambda m, x, n=_name: m.stack(getattr(m, n)(x, 1)), _MATRIX, (), vmap=False)
for _name in ("argwhere", "flatnonzero"):
    _add(_name, None, [(rounded(3, 4),), (rounded(5),)], (), vmap=False, dask="")
for _name, _call in {
    "identity": lambda m: m.identity(3),
    "tri": lambda m: m.tri(3, 4, 1),
    "tril_indices": lambda m: m.stack(m.tril_indices(3, 1, 4)),
    "triu_indices": lambda m: m.stack(m.triu_indices(3, k=-1)),
    "diag_indices": lambda m: m.stack(m.diag_indices(3, 3)),
    "ravel_multi_index": lambda m: m.asarray(m.ravel_multi_index(([0, 1], [1, 2]), (2, 3))),
    "unravel_index": lambda m: m.stack(m.unravel_index([1, 5], (2, 3), order="F")),
}.items():
    _add(_name, _call, [()], (), vmap=False)
