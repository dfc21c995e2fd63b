"""Diagonals and triangles, with NumPy's arguments."""

import math
from typing import Any

from xgrad.backends import host
from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.engine.views import ViewKind, attach
from xgrad.ops import arrangement
from xgrad.ops.arguments import integers
from xgrad.ops.creation import as_tensor
from xgrad.ops.numpy.arguments import writes_out
from xgrad.ops.numpy.conversion import constant, filled, tensors
from xgrad.ops.reductions import sum as sum_
from xgrad.ops.shape import broadcast_to, checked_axis, reshape
from xgrad.ops.sorting import nonzero
from xgrad.ops.views import kinds
from xgrad.ops.views.keys import BasicKey
from xgrad.ops.views.parts import basic_index, basic_put, scatter_basic
from xgrad.ops.views.take import take
from xgrad.ops.views.writing import setitem
from xgrad.typing import ArrayLike

__all__ = [
    "diag", "diagflat", "fill_diagonal", "tril_indices_from", "triu_indices_from",
]  # fmt: skip


def _diagonal_key(shape: tuple[int, ...], offset: int) -> BasicKey:
    """Return the key of a diagonal in matrices (..., rows * columns) of one row each."""
    rows, columns = shape[-2:]
    row, column = (-offset, 0) if offset < 0 else (0, offset)
    count = min(rows - row, columns - column)
    start = row * columns + column
    stop = start + (count - 1) * (columns + 1) + 1
    part = slice(start, stop, columns + 1) if count > 0 else slice(0, 0, 1)
    return (*(slice(None),) * (len(shape) - 2), part)


def _in_rows(x: Tensor) -> Tensor:
    return reshape(x, (*x.shape[:-2], x.shape[-2] * x.shape[-1]))


def _read_diagonal(base: Tensor, offset: int) -> Tensor:
    return basic_index(_in_rows(base), key=_diagonal_key(base.shape, offset))


def _write_diagonal(base: Tensor, new: Tensor, offset: int) -> Tensor:
    out = basic_put(new, _in_rows(base), key=_diagonal_key(base.shape, offset))
    return reshape(out, base.shape)


_DIAGONAL = ViewKind(
    "diagonal",
    pull=_read_diagonal,
    push=_write_diagonal,
    strides=lambda strides, shape, offset, _: (*strides[:-2], strides[-2] + strides[-1]),
)


def diagonal_view(x: Tensor, offset: int) -> Tensor:
    """Return the diagonals of matrices (..., rows, columns) as a view."""
    (offset,) = integers("diagonal", "offset", offset)
    return attach(_read_diagonal(x, offset), x, _DIAGONAL, offset)


@function(numpy="diagonal", method="diagonal")
def _diagonal(a: ArrayLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Return diagonals of the matrices along two axes, as the last axis; a view."""
    x = as_tensor(a)
    if x.ndim < 2:
        raise ValueError(f"{called('diagonal')}: expected at least 2 dimensions, got {x.ndim}")
    first, second = (checked_axis("diagonal", axis, x.ndim) for axis in (axis1, axis2))
    if first == second:
        raise ValueError(f"{called('diagonal')}: axis1 and axis2 must differ, got {axis1}")
    return diagonal_view(kinds.moveaxis(x, (first, second), (-2, -1)), offset)


@function(numpy="trace", method="trace")
@writes_out
def _trace(
    a: ArrayLike,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the sum along a diagonal of the matrices along two axes."""
    return sum_(_diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@function(numpy="diag")
def diag(v: ArrayLike, k: int = 0) -> Tensor:
    """Return a matrix with a vector on its ``k``-th diagonal, or the diagonal of a matrix.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.diag(xg.asarray([1.0, 2.0]))
    Tensor([[1., 0.],
            [0., 2.]])
    """
    x = as_tensor(v)
    if x.ndim == 2:
        return diagonal_view(x, k)
    if x.ndim != 1:
        raise ValueError(f"{called('diag')}: expected a vector or a matrix, got shape {x.shape}")
    count = x.shape[0] + abs(k)
    if not x.shape[0]:
        return filled(x, (count, count), 0)
    start = k if k >= 0 else -k * count
    stop = start + (x.shape[0] - 1) * (count + 1) + 1
    flat = scatter_basic(x, key=(slice(start, stop, count + 1),), shape=(count * count,))
    return reshape(flat, (count, count))


@function(numpy="diagflat")
def diagflat(v: ArrayLike, k: int = 0) -> Tensor:
    """Return a matrix with the elements of an array on its ``k``-th diagonal.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.diagflat(xg.asarray([[1.0, 2.0]])).shape
    (2, 2)
    """
    return diag(reshape(as_tensor(v), (-1,)), k)


@function(numpy="fill_diagonal")
def fill_diagonal(a: Tensor, val: ArrayLike, wrap: bool = False) -> None:
    """Write into the main diagonal of a Tensor: a number, or a sequence that is repeated.

    ``wrap`` starts again at the top of a matrix that has more rows than columns.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.zeros((2, 2))
    >>> xg.fill_diagonal(x, 3.0)
    >>> x
    Tensor([[3., 0.],
            [0., 3.]])
    """
    written("fill_diagonal", a)
    shape = a.shape
    if len(shape) < 2:
        raise ValueError(
            f"{called('fill_diagonal')}: expected at least 2 dimensions, got {len(shape)}"
        )
    if len(shape) > 2 and len(set(shape)) > 1:
        raise ValueError(f"{called('fill_diagonal')}: the lengths of {shape} must be equal")
    if len(shape) == 2:
        step, end = shape[1] + 1, a.size if wrap else min(a.size, shape[1] ** 2)
    else:
        step, end = 1 + sum(math.prod(shape[:i]) for i in range(1, len(shape))), a.size
    positions = list(range(0, end, step))
    if positions:
        indices = host.unraveled(positions, shape)
        setitem(a, tuple(constant(i, a) for i in indices), cycled(val, len(positions), a))


def written(name: str, a: Any) -> None:
    """Raise if an array that is written to is not a Tensor."""
    if type(a) is not Tensor:
        raise TypeError(
            f"{called(name)}: expected a Tensor to write to, got {type(a).__name__}, which cannot "
            "hold a Tensor's derivative; import xgrad.numpy as np, or make it with xgrad.zeros"
        )


def cycled(values: ArrayLike, count: int, like: Any) -> Tensor:
    """Return the first elements of a flattened array, which is repeated if it is too short."""
    flat = reshape(as_tensor(values, like=like), (-1,))
    if flat.shape[0] == count:
        return flat
    return take(flat, constant(host.array(range(count)) % flat.shape[0], flat), axis=0)


# -- triangles ---------------------------------------------------------------------------------


def _matrix(x: Tensor) -> Tensor:
    """Return an array of matrices; a vector becomes a matrix of equal rows, as in NumPy."""
    return broadcast_to(x, (x.shape[0], x.shape[0])) if x.ndim == 1 else x


@function(numpy="tril")
def _tril(m: ArrayLike, k: int = 0) -> Tensor:
    return arrangement.tril(_matrix(as_tensor(m)), k=k)


@function(numpy="triu")
def _triu(m: ArrayLike, k: int = 0) -> Tensor:
    return arrangement.triu(_matrix(as_tensor(m)), k=k)


def _triangle_indices(name: str, arr: ArrayLike, k: int) -> tuple[Tensor, ...]:
    x = as_tensor(arr)
    if x.ndim != 2:
        raise ValueError(f"{called(name)}: expected a matrix, got shape {x.shape}")
    found = host.triangle(name.removesuffix("_from"), x.shape[0], k, x.shape[1])
    return tuple(constant(i, x) for i in found)


@function(numpy="tril_indices_from")
def tril_indices_from(arr: ArrayLike, k: int = 0) -> tuple[Tensor, ...]:
    """Return the positions of a matrix's lower triangle, up to diagonal ``k``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tril_indices_from(xg.ones((2, 2)))
    (Tensor([0, 1, 1]), Tensor([0, 0, 1]))
    """
    return _triangle_indices("tril_indices_from", arr, k)


@function(numpy="triu_indices_from")
def triu_indices_from(arr: ArrayLike, k: int = 0) -> tuple[Tensor, ...]:
    """Return the positions of a matrix's upper triangle, from diagonal ``k`` on.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.triu_indices_from(xg.ones((2, 2)))
    (Tensor([0, 0, 1]), Tensor([0, 1, 1]))
    """
    return _triangle_indices("triu_indices_from", arr, k)


@function(numpy="diag_indices_from")
def _diag_indices_from(arr: ArrayLike) -> tuple[Tensor, ...]:
    x = as_tensor(arr)
    if x.ndim < 2 or len(set(x.shape)) > 1:
        raise ValueError(
            f"{called('diag_indices_from')}: expected at least 2 axes of equal lengths, got shape "
            f"{x.shape}"
        )
    return (constant(host.array(range(x.shape[0])), x),) * x.ndim


@function(numpy="ix_")
def _ix(*args: ArrayLike) -> tuple[Tensor, ...]:
    out = []
    for i, x in enumerate(tensors("ix_", args)):
        if x.ndim != 1:
            raise ValueError(f"ix_: expected vectors, got shape {x.shape}")
        positions = nonzero(x)[0] if x.dtype.kind == "b" else x
        out.append(kinds.reshape(positions, (*(1,) * i, -1, *(1,) * (len(args) - i - 1))))
    return tuple(out)
