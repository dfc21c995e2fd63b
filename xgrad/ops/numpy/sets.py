"""Sets of the elements of arrays, with NumPy's arguments. Values have gradients."""

from typing import Any

from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, is_batched
from xgrad.ops import sorting
from xgrad.ops.creation import as_tensor, astype, full_like, ones_like
from xgrad.ops.cumulative import cumulative_sum
from xgrad.ops.numpy.sorting import lexsort
from xgrad.ops.reductions import any, sum
from xgrad.ops.selection import (
    equal,
    isnan,
    logical_and,
    logical_not,
    minimum,
    not_equal,
    stop_gradient,
)
from xgrad.ops.shape import checked_axis, concat, moveaxis, reshape
from xgrad.ops.views.parts import basic_index
from xgrad.ops.views.take import take
from xgrad.typing import ArrayLike

__all__ = ["intersect1d", "setdiff1d", "setxor1d", "union1d", "unique"]


def _flat(x: Any, like: Any = None) -> Tensor:
    return reshape(as_tensor(x, like=like), (-1,))


def _part(x: Tensor, start: int, stop: int | None) -> Tensor:
    return basic_index(x, key=(slice(start, stop),))


def _chosen(x: Tensor, mask: Tensor) -> Tensor:
    """Return the elements where a mask, a constant, is true."""
    return take(x, sorting.nonzero(mask)[0], axis=0)


def _with_one_nan(
    values: Tensor, indices: Tensor, inverse: Tensor, counts: Tensor
) -> tuple[Tensor, ...]:
    """Merge NaN, which are the last values."""
    if values.dtype.kind not in "fc":
        return values, indices, inverse, counts
    missing = int(sum(astype(isnan(stop_gradient(values)), "int64")).item())
    if missing < 2:
        return values, indices, inverse, counts
    last = values.shape[0] - missing
    merged = reshape(sum(_part(counts, last, None)), (1,))
    return (
        _part(values, 0, last + 1),
        _part(indices, 0, last + 1),
        minimum(inverse, last),
        concat([_part(counts, 0, last), merged]),
    )


def _distinct_rows(x: Tensor) -> tuple[Tensor, ...]:
    """The distinct slices of the first axis, in ascending order of their elements."""
    count = x.shape[0]
    rows = reshape(stop_gradient(x), (count, -1)) if x.size else reshape(x, (count, 0))
    columns = [basic_index(rows, key=(slice(None), i)) for i in range(rows.shape[1] - 1, -1, -1)]
    order = lexsort(columns) if columns else sorting.argsort(sum(rows, axis=1), axis=0)
    sorted_rows = take(rows, order, axis=0)
    changes = any(not_equal(_part(sorted_rows, 1, None), _part(sorted_rows, 0, count - 1)), axis=1)
    new = concat([ones_like(_part(order, 0, 1), dtype="bool"), changes])
    starts = sorting.nonzero(new)[0]
    run = cumulative_sum(astype(new, "int64"), axis=0) - 1
    inverse = take(run, sorting.argsort(order, axis=0), axis=0)
    ends = concat([_part(starts, 1, None), full_like(_part(starts, 0, 1), count)])
    indices = take(order, starts, axis=0)
    return take(x, indices, axis=0), indices, inverse, ends - starts


@function(numpy="unique")
def unique(
    ar: ArrayLike,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """Distinct values, or distinct slices along an axis, in ascending order.

    Parameters
    ----------
    ar : array or Tensor
    return_index, return_inverse, return_counts : bool
        Whether to return as well: the position of the first occurrence of each value; for each
        element, the index of its value; the number of occurrences of each value.
    axis : int or None
        None takes the elements of the flattened array.
    equal_nan : bool
        Whether all NaN are one value (without an axis).
    sorted : bool
        The values are sorted in any case.

    Returns
    -------
    Tensor, or tuple of Tensor
        The values; the gradient of each goes to its first occurrence.

    See Also
    --------
    xgrad.unique_all : The standard's function.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unique(xg.asarray([3.0, 1.0, 3.0]), return_counts=True)
    (Tensor([1., 3.]), Tensor([1, 2]))
    """
    x = as_tensor(ar)
    if is_batched(x):
        raise TypeError(
            f"{called('unique')}: inside vmap() the number of values would differ between examples"
        )
    if axis is None:
        results: tuple[Tensor, ...] = tuple(sorting.unique_all(x))
        if equal_nan:
            results = _with_one_nan(*results)
    else:
        axis = checked_axis("unique", axis, x.ndim)
        values, *others = _distinct_rows(moveaxis(x, axis, 0))
        results = (moveaxis(values, 0, axis), *others)
    requested = (True, return_index, return_inverse, return_counts)
    chosen = tuple(part for part, flag in zip(results, requested, strict=True) if flag)
    return chosen if len(chosen) > 1 else chosen[0]


@function(numpy="union1d")
def union1d(ar1: Any, ar2: Any) -> Tensor:
    """Distinct values of two arrays together, in ascending order.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.union1d(xg.asarray([3, 1]), xg.asarray([1, 2]))
    Tensor([1, 2, 3])
    """
    values: Tensor = unique(concat([_flat(ar1, ar2), _flat(ar2, ar1)]))
    return values


def _sorted_together(parts: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Return the sorted elements of several arrays, and which elements equal the next one."""
    both = concat(parts)
    order = sorting.argsort(stop_gradient(both), axis=0)
    both = take(both, order, axis=0)
    values = stop_gradient(both)
    twice = equal(_part(values, 1, None), _part(values, 0, max(values.shape[0] - 1, 0)))
    return both, twice


@function(numpy="intersect1d")
def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    """Values that two arrays have in common, in ascending order.

    Parameters
    ----------
    ar1, ar2 : arrays or Tensors
        Flattened.
    assume_unique : bool
        Whether no array has a value twice.
    return_indices : bool
        Whether to return the positions of the first occurrences in both arrays, too.

    Returns
    -------
    Tensor, or tuple of Tensor
        The gradient of each value goes to its first occurrence in ``ar1``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.intersect1d(xg.asarray([3, 1, 2]), xg.asarray([2, 3, 4]))
    Tensor([2, 3])
    """
    x, y = _flat(ar1, ar2), _flat(ar2, ar1)
    positions = []
    if not assume_unique:
        (x, first), (y, second) = unique(x, return_index=True), unique(y, return_index=True)
        positions = [first, second]
    order = sorting.argsort(stop_gradient(concat([x, y])), axis=0)
    both, twice = _sorted_together([x, y])
    values = _chosen(_part(both, 0, max(both.shape[0] - 1, 0)), twice)
    if not return_indices:
        return values
    last = max(order.shape[0] - 1, 0)
    one = _chosen(_part(order, 0, last), twice)
    other = _chosen(_part(order, 1, None), twice) - x.shape[0]
    if positions:
        one, other = take(positions[0], one, axis=0), take(positions[1], other, axis=0)
    return values, one, other


@function(numpy="setdiff1d")
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Tensor:
    """Values of ``ar1`` that ``ar2`` does not have.

    They are distinct and in ascending order; with ``assume_unique`` in the order of ``ar1``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.setdiff1d(xg.asarray([3, 1, 2]), xg.asarray([2, 4]))
    Tensor([1, 3])
    """
    x, y = _flat(ar1, ar2), _flat(ar2, ar1)
    x = x if assume_unique else unique(x)
    return _chosen(x, sorting.isin(stop_gradient(x), stop_gradient(y), invert=True))


@function(numpy="setxor1d")
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Tensor:
    """Values that only one of two arrays has, in ascending order.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.setxor1d(xg.asarray([3, 1, 2]), xg.asarray([2, 4]))
    Tensor([1, 3, 4])
    """
    parts = [_flat(ar1, ar2), _flat(ar2, ar1)]
    both, twice = _sorted_together(parts if assume_unique else [unique(x) for x in parts])
    if both.shape[0] == 0:
        return both
    apart = logical_not(twice)
    end = ones_like(_part(both, 0, 1), dtype="bool")
    edges = concat([end, apart, end])
    alone = logical_and(_part(edges, 1, None), _part(edges, 0, edges.shape[0] - 1))
    return _chosen(both, alone)


@function(numpy="isin")
def _isin(
    element: Any,
    test_elements: Any,
    assume_unique: bool = False,
    invert: bool = False,
    *,
    kind: Any = None,
) -> Tensor:
    if kind not in (None, "sort", "table"):
        raise ValueError(f"isin: kind must be None, 'sort' or 'table', got {kind!r}")
    x, y = as_tensor(element, like=test_elements), as_tensor(test_elements, like=element)
    if kind == "table" and not {x.dtype.kind, y.dtype.kind} <= set("biu"):
        raise ValueError("isin: kind='table' is for integers and booleans; pass 'sort' or None")
    return sorting.isin(x, y, invert=bool(invert))
