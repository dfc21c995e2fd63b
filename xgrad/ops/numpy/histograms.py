"""Histograms and counts, with NumPy's arguments.

Counts are constants; with weights they are differentiable in these. Edges between the least and
the greatest element, and densities over them, are differentiable in the data.
"""

import math
import operator
from collections.abc import Sequence
from typing import Any

from xgrad.backends import host
from xgrad.engine.declare import function
from xgrad.engine.dispatch import backend_below
from xgrad.engine.host_reads import read
from xgrad.engine.tensor import Tensor, is_batched, lowest, stripped
from xgrad.errors import AutogradError
from xgrad.ops import reductions
from xgrad.ops.arguments import whole_number
from xgrad.ops.creation import as_tensor, astype, floats_of, ones_like
from xgrad.ops.cumulative import diff
from xgrad.ops.elementwise import add, divide, multiply, subtract
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.reductions import sum
from xgrad.ops.selection import equal, greater_equal, less, logical_and, stop_gradient
from xgrad.ops.selection import where as select
from xgrad.ops.shape import concat, reshape
from xgrad.ops.sorting import searchsorted
from xgrad.ops.views.parts import basic_index
from xgrad.ops.views.take import index_add
from xgrad.typing import ArrayLike

__all__ = ["bincount", "histogram", "histogram2d", "histogram_bin_edges", "histogramdd"]


def _counted(indices: Tensor, weights: Tensor | None, size: int) -> Tensor:
    """Sum weights, or count, by index."""
    if weights is None:
        weights = ones_like(indices, dtype="int64")
    return index_add(weights, indices, axis=0, size=size)


@function(numpy="bincount")
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Tensor:
    """Number of occurrences of each integer from 0 to the greatest, or the sums of their weights.

    Parameters
    ----------
    x : array of integers >= 0, 1-D
    weights : array of the same length, optional
        Differentiable.
    minlength : int
        The least number of results.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.bincount(xg.asarray([0, 2, 2]))
    Tensor([1, 0, 2])
    >>> xg.bincount(xg.asarray([0, 2, 2]), weights=xg.asarray([0.5, 1.0, 2.0]))
    Tensor([0.5, 0. , 3. ])
    """
    minlength = whole_number("bincount", "minlength", minlength)
    indices = as_tensor(x, like=weights)
    if is_batched(indices):
        raise TypeError(
            "bincount: inside vmap() the number of results would differ between examples; "
            "x must be the same for every example"
        )
    if indices.ndim != 1:
        raise ValueError(f"bincount: x must have 1 dimension, got shape {indices.shape}")
    if indices.dtype.kind not in "iub" and indices.size:
        raise TypeError(f"bincount: x must be integers, got dtype {indices.dtype}")
    indices = astype(indices, "int64")
    sums = None if weights is None else as_tensor(weights, like=indices)
    if sums is not None:
        if sums.shape != indices.shape:
            raise ValueError(
                f"bincount: weights of shape {sums.shape} do not fit x of shape {indices.shape}"
            )
        if sums.dtype.kind == "c":
            raise TypeError("bincount: weights must be real")
        sums = astype(sums, "float64")
    if indices.size == 0:
        size, sums = minlength, None  # integers, as in NumPy
    else:
        if holds(stripped(less(indices, 0))):
            raise ValueError("bincount: x must not be negative")
        if (backend := backend_below(indices)).abstract:
            raise AutogradError(
                "bincount: the number of results depends on the greatest integer, which "
                f"{backend.name} does not know while it traces"
            )
        greatest = int(reductions.max(indices).item()) + 1
        size = max(minlength, greatest)
    return _counted(indices, sums, size)


# -- edges -------------------------------------------------------------------------------------


def _bounds(name: str, x: Tensor, given: Any) -> tuple[Any, Any]:
    """Return the outer edges: those given, or the least and the greatest element."""
    if given is not None:
        first, last = given
        if not first <= last:
            raise ValueError(f"{name}: range must be (least, greatest), got {given!r}")
        if not (math.isfinite(first) and math.isfinite(last)):
            raise ValueError(f"{name}: range must be finite, got {given!r}")
    elif x.size == 0:
        first, last = 0.0, 1.0
    else:
        first, last = reductions.min(x), reductions.max(x)
        bound = subtract(stop_gradient(last), stop_gradient(first))
        if x.dtype.kind == "f" and holds(stripped(subtract(bound, bound) != 0)):
            raise ValueError(f"{name}: the elements must be finite, or range given")
    same = equal(stop_gradient(as_tensor(first, like=x)), stop_gradient(as_tensor(last, like=x)))
    spread = select(same, 0.5, 0.0)
    if x.dtype.kind == "f":
        spread = astype(spread, x.dtype)
    return subtract(_real(first, x), spread), add(_real(last, x), spread)


def _real(bound: Any, x: Tensor) -> Tensor:
    bound = as_tensor(bound, like=x)
    return astype(bound, x.dtype if x.dtype.kind == "f" else "float64")


def _spaced(first: Tensor, last: Tensor, count: int, dtype: Any) -> Tensor:
    """Return ``count + 1`` evenly spaced edges, as NumPy rounds them."""
    first, last = astype(first, dtype), astype(last, dtype)
    owner, raw = backend_below(first), lowest(first)
    steps = owner.xp.arange(count, dtype=raw.dtype, device=owner.xp.device(raw))
    inner = add(multiply(steps, divide(subtract(last, first), count)), first)
    return concat([inner, reshape(last, (1,))])


def _host(name: str, x: Tensor) -> Any:
    backend = backend_below(x)
    if is_batched(x) or backend.abstract:
        raise AutogradError(
            f"{name}: the number of bins depends on values, which vmap() and compilers do not "
            "know; pass it, or the edges"
        )
    return read(backend, lowest(x), name)


def _edges(name: str, x: Tensor, bins: Any, given: Any, weights: Any) -> Tensor:
    """Return the edges of bins."""
    if isinstance(bins, str):
        bins = host.bin_count(_host(name, x), bins, given, weights is not None)
    if type(bins) is not Tensor and not hasattr(bins, "shape") and not isinstance(bins, Sequence):
        try:
            count = operator.index(bins)
        except TypeError:
            raise TypeError(
                f"{name}: bins must be an integer, a string, or an array, got {bins!r}"
            ) from None
        return _even(name, x, count, given)
    edges = as_tensor(bins, like=x)
    if edges.ndim == 0:
        return _even(name, x, operator.index(edges), given)
    if edges.ndim != 1:
        raise ValueError(f"{name}: bins must have 1 dimension, got shape {edges.shape}")
    if holds(stripped(less(edges[1:], edges[:-1]))):
        raise ValueError(f"{name}: the edges of bins must be in ascending order")
    return edges


def _even(name: str, x: Tensor, count: int, given: Any) -> Tensor:
    if count < 1:
        raise ValueError(f"{name}: bins must be positive, got {count}")
    first, last = _bounds(name, x, given)
    return _spaced(first, last, count, x.dtype if x.dtype.kind == "f" else "float64")


def _bin_of(x: Tensor, edges: Tensor) -> Tensor:
    """Return the bin of each element; outside of the edges the number of bins."""
    count = edges.shape[0] - 1
    x, edges = stop_gradient(x), stop_gradient(edges)
    index = searchsorted(edges, x, side="right") - 1
    index = select(equal(x, edges[count]), count - 1, index)
    inside = logical_and(greater_equal(x, edges[0]), greater_equal(edges[count], x))
    return astype(select(inside, index, count), "int64")


def _row(x: Any, like: Any = None) -> Tensor:
    x = reshape(as_tensor(x, like=like), (-1,))
    return astype(x, "uint8") if x.dtype.kind == "b" else x


# -- histograms --------------------------------------------------------------------------------


@function(numpy="histogram_bin_edges")
def histogram_bin_edges(
    a: ArrayLike, bins: Any = 10, range: Any = None, weights: Any = None
) -> Tensor:
    """Edges of the bins of `histogram`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.histogram_bin_edges(xg.asarray([0.0, 1.0, 4.0]), bins=4)
    Tensor([0., 1., 2., 3., 4.])
    """
    return _edges("histogram_bin_edges", _row(a, bins), bins, range, weights)


@function(numpy="histogram")
def histogram(
    a: ArrayLike,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> tuple[Tensor, Tensor]:
    """Number of elements in each bin, or the sum of their weights, and the edges of the bins.

    Parameters
    ----------
    a : array or Tensor
        Flattened.
    bins : int, str or array
        How many bins of equal width; one of NumPy's rules, such as "auto"; or their edges.
    range : (float, float), optional
        The outer edges; the default is the least and the greatest element.
    density : bool, optional
        Whether to divide by the widths and the sum, so that the integral is 1.
    weights : array, optional
        In the shape of ``a``. Differentiable.

    Notes
    -----
    Which bin an element is in has no derivative: counts are constants in the data.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.histogram(xg.asarray([0.0, 1.0, 1.5, 4.0]), bins=2)
    (Tensor([3, 1]), Tensor([0., 2., 4.]))
    """
    x = _row(a, bins)
    w = None if weights is None else as_tensor(weights, like=x)
    if w is not None:
        if w.shape != as_tensor(a).shape:
            raise ValueError(f"histogram: weights of shape {w.shape} do not fit the array")
        w = reshape(w, (-1,))
    edges = _edges("histogram", x, bins, range, weights)
    count = edges.shape[0] - 1
    sums = basic_index(_counted(_bin_of(x, edges), w, count + 1), key=(slice(0, count),))
    if density:
        widths = floats_of(diff(edges))
        return divide(divide(sums, widths), sum(sums)), edges
    return sums, edges


@function(numpy="histogramdd")
def histogramdd(
    sample: Any,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> tuple[Tensor, list[Tensor]]:
    """`histogram` of points in several dimensions.

    Parameters
    ----------
    sample : array of shape (n, d), or a sequence of d arrays
    bins : int, or one int or array of edges for each dimension
    range : sequence of pairs, optional
    density : bool, optional
    weights : array of length n, optional

    Returns
    -------
    values : Tensor, one axis for each dimension
    edges : list of Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> points = xg.asarray([[0.0, 0.0], [1.0, 1.0], [1.0, 0.8]])
    >>> xg.histogramdd(points, bins=2)[0]
    Tensor([[1., 0.],
            [0., 2.]])
    """
    return _many("histogramdd", sample, bins, range, density, weights)


def _many(
    name: str, sample: Any, bins: Any, ranges: Any, density: Any, weights: Any
) -> tuple[Tensor, list[Tensor]]:
    if hasattr(sample, "shape"):
        table = as_tensor(sample)
        table = reshape(table, (-1, 1)) if table.ndim < 2 else table
        columns = [basic_index(table, key=(slice(None), i)) for i in range(table.shape[1])]
    else:
        columns = [_row(x, sample) for x in sample]
    dimensions = len(columns)
    single = isinstance(bins, int) or (hasattr(bins, "ndim") and bins.ndim == 0)
    bins = [bins] * dimensions if single else list(bins)
    ranges = [None] * dimensions if ranges is None else list(ranges)
    for what, given in (("bins", bins), ("range", ranges)):
        if len(given) != dimensions:
            raise ValueError(
                f"{name}: {what} must have one entry for each of {dimensions} dimensions, "
                f"got {len(given)}"
            )
    edges = [_edges(name, x, b, r, weights) for x, b, r in zip(columns, bins, ranges, strict=True)]
    counts = [e.shape[0] - 1 for e in edges]
    index: Any = 0
    for x, e, count in zip(columns, edges, counts, strict=True):
        index = add(multiply(index, count + 1), _bin_of(x, e))
    w = None if weights is None else astype(_row(weights, index), "float64")
    sums = _counted(index, w, math.prod(count + 1 for count in counts))
    sums = reshape(astype(sums, "float64"), tuple(count + 1 for count in counts))
    sums = basic_index(sums, key=tuple(slice(0, count) for count in counts))
    if density:
        total = sum(sums)
        for i, e in enumerate(edges):
            shape = tuple(count if i == k else 1 for k, count in enumerate(counts))
            sums = divide(sums, reshape(floats_of(diff(e)), shape))
        sums = divide(sums, total)
    return sums, edges


@function(numpy="histogram2d")
def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """`histogram` of pairs of numbers.

    Returns
    -------
    values : Tensor of shape (bins of x, bins of y)
    x_edges, y_edges : Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> x, y = xg.asarray([0.0, 1.0, 1.0]), xg.asarray([0.0, 1.0, 0.8])
    >>> xg.histogram2d(x, y, bins=2)[0]
    Tensor([[1., 0.],
            [0., 2.]])
    """
    first, second = as_tensor(x, like=y), as_tensor(y, like=x)
    if first.shape[0] != second.shape[0]:
        raise ValueError(
            f"histogram2d: x and y must have the same length, got {first.shape[0]} "
            f"and {second.shape[0]}"
        )
    several = hasattr(bins, "__len__") and not (hasattr(bins, "ndim") and bins.ndim == 0)
    if several and len(bins) not in (1, 2):
        bins = [bins, bins]  # the same edges for both
    sums, (x_edges, y_edges) = _many("histogram2d", [first, second], bins, range, density, weights)
    return sums, x_edges, y_edges
