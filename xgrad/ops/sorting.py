"""Sorting, searching and sets.

Positions and counts are constants; sorted and unique values have gradients.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from xgrad.backends.dtypes import canonical
from xgrad.backends.namespace import Namespace
from xgrad.backends.scalars import is_scalar
from xgrad.engine.batching import batch_shift_axis, fill_batch
from xgrad.engine.constructors import constant, general
from xgrad.engine.declare import function
from xgrad.engine.dispatch import XG, backend_below, wrap
from xgrad.engine.levels import EAGER
from xgrad.engine.primitive import Params
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, is_batched, lowest
from xgrad.ops.counts import narrowed, widened
from xgrad.ops.creation import as_tensor
from xgrad.ops.selection import where
from xgrad.ops.shape import checked_axis, ndim_of, reshape
from xgrad.ops.views.take import take
from xgrad.typing import ArrayLike, SupportsArray, Value

__all__ = [
    "argsort", "isin", "nonzero", "searchsorted", "sort", "unique_all", "unique_counts",
    "unique_inverse", "unique_values",
]  # fmt: skip

# -- sorting -----------------------------------------------------------------------------------


@constant(batch=batch_shift_axis)
def _argsort(xp: Namespace, x: Value, /, *, axis: int, descending: bool, stable: bool) -> Value:
    return xp.argsort(x, axis=axis, descending=descending, stable=stable)


@function(rules=True)
def argsort(
    x: ArrayLike, axis: int = -1, *, descending: bool = False, stable: bool = True
) -> Tensor:
    """Positions that sort ``x`` along an axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.argsort(xg.asarray([3.0, 1.0, 2.0]), descending=True)
    Tensor([0, 2, 1])
    """
    axis = checked_axis("argsort", axis, ndim_of("argsort", x))
    return _argsort(x, axis=axis, descending=descending, stable=stable)


def _batch_sorted(
    op: Callable[..., Any], args: tuple[Value, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    return op(*fill_batch(args, batched), axis=params["axis"] + 1)


def _sorted_vjp(xp: Namespace, g: Value, order: Value, out: Value, axis: int) -> Value:
    inverse = xp.argsort(order, axis=axis)
    return xp.take_along_axis(_tied(xp, g, out, axis), inverse, axis=axis)


@general(
    vjps=(_sorted_vjp, None),
    jvps=(
        lambda xp, t, order, out, axis: _tied(
            xp, xp.take_along_axis(t, order, axis=axis), out, axis
        ),
        None,
    ),
    batch=_batch_sorted,
)
def _sorted(xp: Namespace, x: Value, order: Value, /, *, axis: int) -> Value:
    return xp.take_along_axis(x, order, axis=axis)


def _tied(xp: Namespace, t: Value, out: Value, axis: int) -> Value:
    """Share ``t`` evenly within each run of equal values of a sorted array."""
    count = out.shape[axis]
    if count < 2 or math.prod(out.shape) == 0:
        return t
    raw = lowest(out)
    backend = backend_below(out)
    if not is_batched(out) and not backend.abstract and not backend.xp.has_ties(raw, axis):
        return t
    last = xp.moveaxis(out, axis, -1)
    changes = xp.not_equal(
        xp.basic_index(last, (..., slice(1, count))),
        xp.basic_index(last, (..., slice(0, count - 1))),
    )
    first = xp.ones_like(xp.basic_index(last, (..., slice(0, 1))), dtype=canonical("bool"))
    starts = xp.astype(xp.concat((first, changes), axis=-1), canonical("int64"))
    runs = xp.cumulative_sum(xp.reshape(starts, (-1,)), axis=0) - 1
    size = math.prod(out.shape)
    flat = widened(xp, xp.reshape(xp.moveaxis(t, axis, -1), (size,)))
    sums = xp.index_add(flat, runs, axis=0, size=size)
    members = xp.index_add(xp.ones_like(flat), runs, axis=0, size=size)
    shared = xp.divide(xp.take(sums, runs, axis=0), xp.take(members, runs, axis=0))
    shared = narrowed(xp, shared, t.dtype)
    return xp.moveaxis(xp.reshape(shared, tuple(last.shape)), -1, axis)


def sort(x: ArrayLike, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Tensor:
    """Sort along an axis.

    The gradient of each value goes to its original position; equal values share it evenly.

    Examples
    --------
    >>> import xgrad as xg
    >>> import numpy as np
    >>> xg.sort(xg.asarray([3.0, 1.0, 2.0]))
    Tensor([1., 2., 3.])
    >>> xg.grad(lambda x: xg.sort(x)[-1])(np.asarray([3.0, 1.0, 3.0]))
    array([0.5, 0. , 0.5])
    """
    axis = checked_axis("sort", axis, ndim_of("sort", x))
    order = _argsort(x, axis=axis, descending=descending, stable=stable)
    return _sorted(x, order, axis=axis)


def _batch_search(
    op: Callable[..., Any], args: tuple[Value, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    edges, values = args
    if not batched[0]:
        return op(edges, values, **params)
    raise TypeError(
        "searchsorted: inside vmap() the sorted array must be the same for every example"
    )


@constant(batch=_batch_search)
def _searchsorted(xp: Namespace, edges: Value, values: Value, /, *, side: str) -> Value:
    if len(values.shape) == 1:
        return xp.searchsorted(edges, values, side=side)
    flat = xp.reshape(values, (math.prod(values.shape),))
    return xp.reshape(xp.searchsorted(edges, flat, side=side), tuple(values.shape))


def searchsorted(
    x1: SupportsArray, x2: ArrayLike, side: str = "left", sorter: Any = None
) -> Tensor:
    """Positions at which inserting the values ``x2`` keeps the 1-D array ``x1`` sorted.

    Parameters
    ----------
    x1 : array or Tensor, 1-D
        In ascending order, or sorted by ``sorter``.
    x2 : array or Tensor
    side : {"left", "right"}
        Insert before or after equal elements.
    sorter : integer array, optional
        A result of `argsort`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.searchsorted(xg.asarray([1.0, 2.0, 3.0]), xg.asarray([0.5, 2.0]), side="right")
    Tensor([0, 2])
    """
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side must be 'left' or 'right', got {side!r}")
    if ndim_of("searchsorted", x1) != 1:
        raise ValueError(f"searchsorted: x1 must have 1 dimension, got shape {tuple(x1.shape)}")
    if is_scalar(x2):
        backend = backend_below(x1)
        x2 = backend.xp.asarray(x2, device=backend.xp.device(lowest(x1)))
    ndim_of("searchsorted", x2)
    return _searchsorted(x1 if sorter is None else take(x1, sorter), x2, side=side)


# -- positions ---------------------------------------------------------------------------------


def nonzero(x: ArrayLike) -> tuple[Tensor, ...]:
    """Positions of the elements that are not 0: one integer array for each axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nonzero(xg.asarray([0, 3, 0, 5]))
    (Tensor([1, 3]),)
    """
    if is_batched(x):
        raise TypeError("nonzero: inside vmap() the count would differ between examples; use where")
    if ndim_of("nonzero", x) == 0:
        raise ValueError("nonzero: expected at least 1 dimension, got a 0-d array")
    raw = lowest(x)
    return tuple(Tensor(part, EAGER) for part in backend_below(x).xp.nonzero(raw))


where.primitive.alone = nonzero  # as in NumPy


# -- sets --------------------------------------------------------------------------------------


class UniqueAll(NamedTuple):
    """The result of `unique_all`."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """The result of `unique_counts`."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """The result of `unique_inverse`."""

    values: Tensor
    inverse_indices: Tensor


@function(numpy="unique_all")
def unique_all(x: Any) -> UniqueAll:
    """Distinct values of the flattened array, with positions and counts.

    Returns
    -------
    values : Tensor
        In ascending order; every NaN is distinct. The gradient of each goes to its
        first occurrence.
    indices : Tensor
        The position of the first occurrence of each value in the flattened array.
    inverse_indices : Tensor
        For each element of ``x``, the index of its value; in the shape of ``x``.
    counts : Tensor
        The number of occurrences of each value.

    Examples
    --------
    >>> import xgrad as xg
    >>> result = xg.unique_all(xg.asarray([3, 1, 3]))
    >>> result.values, result.inverse_indices
    (Tensor([1, 3]), Tensor([1, 0, 1]))
    """
    ndim_of("unique_all", x)
    if is_batched(x):
        raise TypeError(
            f"{called('unique_all')}: inside vmap() the number of values would differ between "
            "examples"
        )
    backend = backend_below(x)
    xp = backend.xp
    raw = lowest(x)
    shape = tuple(raw.shape)
    flat = xp.reshape(raw, (math.prod(shape),))
    device = xp.device(raw)
    integer = canonical("int64")
    count = flat.shape[0]
    if count == 0:
        none = Tensor(xp.zeros((0,), dtype=integer, device=device), EAGER)
        empty = Tensor(xp.zeros(shape, dtype=integer, device=device), EAGER)
        return UniqueAll(wrap(reshape(x, (0,))), none, empty, none)
    order = xp.argsort(_sortable(xp, flat), stable=True)
    sorted_ = xp.take(flat, order, axis=0)
    first = xp.ones((1,), dtype=canonical("bool"), device=device)
    new = xp.concat((first, xp.not_equal(sorted_[1:], sorted_[:-1])), axis=0)
    starts = xp.nonzero(new)[0]
    run = xp.cumulative_sum(xp.astype(new, integer), axis=0) - 1
    indices = xp.take(order, starts, axis=0)
    end = xp.full((1,), count, dtype=starts.dtype, device=device)
    ends = xp.concat((starts[1:], end), axis=0)
    inverse = xp.reshape(xp.take(run, xp.argsort(order, stable=True), axis=0), shape)
    values = take(reshape(x, (count,)), indices, axis=0)
    return UniqueAll(wrap(values), *(Tensor(v, EAGER) for v in (indices, inverse, ends - starts)))


def _sortable(xp: Namespace, x: Value) -> Value:
    return xp.astype(x, canonical("uint8")) if canonical(x.dtype).kind == "b" else x


@function(numpy="unique_counts")
def unique_counts(x: Any) -> UniqueCounts:
    """Distinct values of the flattened array, and their counts (see `unique_all`).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unique_counts(xg.asarray([3, 1, 3])).counts
    Tensor([1, 2])
    """
    result = unique_all(x)
    return UniqueCounts(result.values, result.counts)


@function(numpy="unique_inverse")
def unique_inverse(x: Any) -> UniqueInverse:
    """Distinct values, and the index of each element's value (see `unique_all`).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unique_inverse(xg.asarray([3, 1, 3])).inverse_indices
    Tensor([1, 0, 1])
    """
    result = unique_all(x)
    return UniqueInverse(result.values, result.inverse_indices)


@function(numpy="unique_values")
def unique_values(x: ArrayLike) -> Tensor:
    """Distinct values of the flattened array, in ascending order (see `unique_all`).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unique_values(xg.asarray([3, 1, 3]))
    Tensor([1, 3])
    """
    return unique_all(x).values


def isin(x1: Any, x2: Any, *, invert: bool = False) -> Tensor:
    """Whether each element of ``x1`` occurs in ``x2`` (or does not, with ``invert``).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isin(xg.asarray([1, 2, 3]), xg.asarray([3, 1]))
    Tensor([ True, False,  True])
    """
    x1, x2 = (as_tensor(x) if is_scalar(x) else x for x in (x1, x2))
    ndim_of("isin", x1)
    ndim_of("isin", x2)
    elements = XG.reshape(x2, (math.prod(x2.shape),))
    candidates = XG.reshape(x1, (*x1.shape, 1))
    result = XG.any(XG.equal(candidates, elements), axis=-1)
    return cast("Tensor", XG.logical_not(result) if invert else result)
