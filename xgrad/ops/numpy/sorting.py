"""Sorting and searching, with NumPy's arguments. Positions are constants."""

import operator
from collections.abc import Sequence
from typing import Any

from xgrad.backends.dtypes import complex64, complex128
from xgrad.engine.declare import function
from xgrad.engine.tensor import Tensor, stripped
from xgrad.ops import sorting
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import subtract
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.selection import greater, stop_gradient
from xgrad.ops.shape import checked_axis, flip, reshape
from xgrad.ops.views.parts import basic_index
from xgrad.ops.views.take import take_along_axis
from xgrad.ops.views.writing import setitem
from xgrad.typing import ArrayLike

__all__ = ["argpartition", "digitize", "lexsort", "partition"]

#: The first letters of NumPy's kinds: quicksort, heapsort, mergesort, stable.
_KINDS = "qhms"


def _check_kind(name: str, kind: Any, order: Any, stable: Any) -> None:
    """Raise for arguments that NumPy refuses; every kind gives the stable order."""
    if order is not None:
        raise ValueError(f"{name}: order names fields, and a Tensor has none; leave it out")
    if kind is not None and stable is not None:
        raise ValueError(f"{name}: pass kind or stable, not both")
    if kind is not None and (not isinstance(kind, str) or kind[:1].lower() not in _KINDS):
        raise ValueError(
            f"{name}: kind must be 'quicksort', 'heapsort', 'mergesort' or 'stable', got {kind!r}"
        )


def _in_one_row(name: str, a: Any, axis: Any) -> tuple[Tensor, int]:
    """Return the array and the axis; without an axis, the flattened array and its axis."""
    x = as_tensor(a)
    if axis is None:
        return reshape(x, (-1,)), 0
    return x, checked_axis(name, axis, x.ndim)


def _positions_in(name: str, a: Any, axis: Any) -> tuple[Tensor, int]:
    """Do the same; the axis of a number may be 0 or -1."""
    x = as_tensor(a)
    return _in_one_row(name, x, None if x.ndim == 0 and axis in (0, -1) else axis)


@function(numpy="sort")
def _sort(
    a: ArrayLike, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Tensor:
    _check_kind("sort", kind, order, stable)
    x, axis = _in_one_row("sort", a, axis)
    return sorting.sort(x, axis=axis)


@function(method="sort")
def _sort_in_place(
    a: Tensor, axis: int = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> None:
    """Sort in place, as NumPy's method does; `xgrad.sort` returns a sorted copy.

    PyTorch's method returns values and positions: they are `xgrad.sort` and `xgrad.argsort`.
    """
    _check_kind("sort", kind, order, stable)
    setitem(a, ..., sorting.sort(a, axis=checked_axis("sort", axis, a.ndim)))


@function(numpy="argsort", method="argsort")
def _argsort(
    a: ArrayLike, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None
) -> Tensor:
    """Indices that sort along an axis, or the flattened array, as in NumPy."""
    _check_kind("argsort", kind, order, stable)
    x, axis = _positions_in("argsort", a, axis)
    return sorting.argsort(x, axis=axis)


def _check_positions(name: str, kth: Any, count: int) -> None:
    positions = kth.tolist() if hasattr(kth, "tolist") else kth
    for k in positions if isinstance(positions, Sequence) else [positions]:
        if not -count <= operator.index(k) < count:
            raise ValueError(f"{name}: kth={k} is out of bounds for {count} elements")


def _check_selection(name: str, kind: Any, order: Any) -> None:
    if kind != "introselect":
        raise ValueError(f"{name}: kind must be 'introselect', got {kind!r}")
    _check_kind(name, None, order, None)


@function(numpy="partition")
def partition(
    a: ArrayLike, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> Tensor:
    """Put the ``kth`` smallest element in its sorted position, smaller ones before it.

    Parameters
    ----------
    a : array or Tensor
    kth : int or sequence of int
    axis : int or None
        None partitions the flattened array.
    kind : "introselect"
    order : None

    Notes
    -----
    The order of the others is undefined; here all are sorted. The gradient of each value goes to
    its original position; equal values share it evenly.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.partition(xg.asarray([3.0, 1.0, 2.0]), 1)
    Tensor([1., 2., 3.])
    """
    _check_selection("partition", kind, order)
    x, axis = _in_one_row("partition", a, axis)
    _check_positions("partition", kth, x.shape[axis])
    return sorting.sort(x, axis=axis)


@function(method="partition")
def _partition_in_place(
    a: Tensor, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None
) -> None:
    """Partition in place, as NumPy's method does; `xgrad.partition` returns a copy."""
    setitem(a, ..., partition(a, kth, axis, kind, order))


@function(numpy="argpartition", method="argpartition")
def argpartition(
    a: ArrayLike, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> Tensor:
    """Positions that partition an array (see `partition`).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.argpartition(xg.asarray([3.0, 1.0, 2.0]), 1)
    Tensor([1, 2, 0])
    """
    _check_selection("argpartition", kind, order)
    x, axis = _positions_in("argpartition", a, axis)
    _check_positions("argpartition", kth, x.shape[axis])
    return sorting.argsort(x, axis=axis)


@function(numpy="sort_complex")
def _sort_complex(a: ArrayLike) -> Tensor:
    x = as_tensor(a)
    if x.dtype.kind != "c":
        small = x.dtype.kind in "iu" and x.dtype.itemsize < 4
        x = astype(x, complex64 if small else complex128)
    return sorting.sort(x, axis=-1)


@function(numpy="lexsort")
def lexsort(keys: Any, axis: int = -1) -> Tensor:
    """Positions that sort by several keys: by the last one, then by the one before it...

    Parameters
    ----------
    keys : sequence of arrays of one shape, or an array whose first axis has the keys
    axis : int

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.lexsort((xg.asarray([2, 1, 0]), xg.asarray([1, 1, 0])))
    Tensor([2, 1, 0])
    """
    if hasattr(keys, "shape"):
        table = as_tensor(keys)
        parts = [basic_index(table, key=(i,)) for i in range(table.shape[0] if table.ndim else 0)]
    else:
        parts = [as_tensor(key, like=keys) for key in keys]
    if not parts:
        raise TypeError("lexsort: expected at least one key")
    shape = parts[0].shape
    if any(key.shape != shape for key in parts):
        shapes = ", ".join(str(key.shape) for key in parts)
        raise ValueError(f"lexsort: all keys must have the same shape, got {shapes}")
    if not shape:
        return astype(reshape(parts[0], ()), "int64") * 0
    axis = checked_axis("lexsort", axis, len(shape))
    first, *others = map(stop_gradient, parts)
    order = sorting.argsort(first, axis=axis)
    for key in others:
        again = sorting.argsort(take_along_axis(key, order, axis=axis), axis=axis)
        order = take_along_axis(order, again, axis=axis)
    return order


@function(numpy="searchsorted")
def _searchsorted(a: Any, v: Any, side: str = "left", sorter: Any = None) -> Tensor:
    edges = as_tensor(a, like=v)
    order = None if sorter is None else as_tensor(sorter, like=edges)
    return sorting.searchsorted(edges, as_tensor(v, like=edges), side=side, sorter=order)


@function(method="searchsorted")
def _searchsorted_method(a: Tensor, v: Any, side: str = "left", sorter: Any = None) -> Tensor:
    """Positions at which inserting values keeps this 1-D array sorted."""
    return _searchsorted(a, v, side, sorter)


@function(numpy="digitize")
def digitize(x: ArrayLike, bins: Any, right: bool = False) -> Tensor:
    """Index of the bin in which each value lies: from 0 (before the first edge) to their count.

    Parameters
    ----------
    x : array or Tensor
    bins : array, 1-D
        The edges, in ascending or descending order.
    right : bool
        Whether a bin includes its right edge instead of its left one.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.digitize(xg.asarray([0.5, 1.0, 9.0]), xg.asarray([0.0, 1.0, 2.0]))
    Tensor([1, 2, 3])
    """
    values = as_tensor(x, like=bins)
    edges = stop_gradient(as_tensor(bins, like=x))
    if values.dtype.kind == "c":
        raise TypeError("digitize: x may not be complex")
    if edges.ndim != 1:
        raise ValueError(f"digitize: bins must have 1 dimension, got shape {edges.shape}")
    before = basic_index(edges, key=(slice(0, max(edges.shape[0] - 1, 0)),))
    after = basic_index(edges, key=(slice(1, None),))
    falls, rises = (
        bool(holds(stripped(m))) for m in (greater(before, after), greater(after, before))
    )
    if falls and rises:
        raise ValueError("digitize: bins must be in ascending or descending order")
    side = "left" if right else "right"
    if not falls:
        return sorting.searchsorted(edges, stop_gradient(values), side=side)
    # NumPy takes the mirrored edges, and counts from the end.
    found = sorting.searchsorted(flip(edges), stop_gradient(values), side=side)
    return subtract(edges.shape[0], found)
