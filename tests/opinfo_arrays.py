"""OpInfo entries that create, arrange, index and sort arrays."""

from typing import Any

import numpy as np

import xgrad as xg
from tests.opinfo_entries import Untranslated, add, entry

t = xg.asarray


def _sizes(sizes: tuple[Any, ...]) -> Any:
    return sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes


# -- creation --------------------------------------------------------------------------------


@entry("arange")
def _(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None) -> Any:
    return xg.arange(start, end, step, dtype=dtype)


add(
    "linspace linspace.tensor_overload",
    lambda a, b, steps, *, dtype=None: xg.linspace(a, b, steps, dtype=dtype),
    "linspace",
)
add("eye", lambda n, m=None, *, dtype=None: xg.eye(n, m, dtype=dtype), "eye")
add("ones", lambda *size, dtype=None: xg.ones(_sizes(size), dtype=dtype), "ones")
add("zeros", lambda *size, dtype=None: xg.zeros(_sizes(size), dtype=dtype), "zeros")
add("full", lambda size, value, *, dtype=None: xg.full(size, value, dtype=dtype), "full")
add("full_like", lambda x, value, *, dtype=None: xg.full_like(x, value, dtype=dtype), "full_like")
add("ones_like", lambda x, *, dtype=None: xg.ones_like(x, dtype=dtype), "ones_like")
add("zeros_like", lambda x, *, dtype=None: xg.zeros_like(x, dtype=dtype), "zeros_like")
add("new_zeros", lambda x, size, *, dtype=None: xg.zeros(size, dtype=dtype or t(x).dtype), "zeros")
add("new_ones", lambda x, size, *, dtype=None: xg.ones(size, dtype=dtype or t(x).dtype), "ones")
add(
    "new_full",
    lambda x, size, value, *, dtype=None: xg.full(size, value, dtype=dtype or t(x).dtype),
    "full",
)
add("scalar_tensor", lambda x, *, dtype=None: xg.asarray(x, dtype=dtype), "asarray")
add("clone contiguous alias_copy", lambda x: xg.asarray(x, copy=True), "asarray")
add("bool", lambda x: xg.astype(x, xg.bool), "astype")
add("byte", lambda x: xg.astype(x, xg.uint8), "astype")
add("char", lambda x: xg.astype(x, xg.int8), "astype")
add("short", lambda x: xg.astype(x, xg.int16), "astype")
add("int", lambda x: xg.astype(x, xg.int32), "astype")
add("long", lambda x: xg.astype(x, xg.int64), "astype")
add("float", lambda x: xg.astype(x, xg.float32), "astype")
add("half", lambda x: xg.astype(x, xg.float16), "astype")
add("double", lambda x: xg.astype(x, xg.float64), "astype")
add("cfloat", lambda x: xg.astype(x, xg.complex64), "astype")
add("cdouble", lambda x: xg.astype(x, xg.complex128), "astype")
add("tril", lambda x, diagonal=0: xg.tril(x, k=diagonal), "tril")
add("triu", lambda x, diagonal=0: xg.triu(x, k=diagonal), "triu")
add(
    "meshgrid.variadic_tensors",
    lambda *arrays, indexing="ij": xg.meshgrid(*arrays, indexing=indexing),
    "meshgrid",
)
add(
    "meshgrid.list_of_tensors",
    lambda arrays, *, indexing="ij": xg.meshgrid(*arrays, indexing=indexing),
    "meshgrid",
)
add("broadcast_tensors", lambda *arrays: xg.broadcast_arrays(*arrays), "broadcast_arrays")
add(
    "broadcast_shapes",
    lambda *shapes: xg.broadcast_shapes(*((s,) if isinstance(s, int) else s for s in shapes)),
    "broadcast_shapes",
)

# -- arrangement -----------------------------------------------------------------------------

add("broadcast_to", lambda x, size: xg.broadcast_to(x, size), "broadcast_to")


@entry("expand expand_copy", "broadcast_to")
def _(x: Any, *size: Any) -> Any:
    size = tuple(_sizes(size))
    extra = len(size) - t(x).ndim
    lengths = (None,) * max(extra, 0) + t(x).shape
    return xg.broadcast_to(
        x,
        tuple(
            n if requested == -1 and n is not None else requested
            for requested, n in zip(size, lengths, strict=False)
        ),
    )


add("expand_as", lambda x, other: xg.broadcast_to(x, t(other).shape), "broadcast_to")
add("reshape", lambda x, *shape: xg.reshape(x, _sizes(shape)), "reshape")
add("view view_copy", lambda x, *shape: xg.reshape(x, _sizes(shape)), "reshape")
add("reshape_as view_as", lambda x, other: xg.reshape(x, t(other).shape), "reshape")
add("ravel", lambda x: t(x).ravel(), "ravel", "reshape")
add("flip", lambda x, dims: xg.flip(x, axis=tuple(dims)), "flip")
add(
    "roll",
    lambda x, shifts, dims=None: xg.roll(x, shifts, axis=dims if dims != () else None),
    "roll",
)
add("repeat", lambda x, *size: xg.tile(x, tuple(_sizes(size))), "tile")
add("tile", lambda x, *dims: xg.tile(x, tuple(_sizes(dims))), "tile")
add("repeat_interleave", lambda x, repeats, dim=None: xg.repeat(x, repeats, axis=dim), "repeat")
add("squeeze squeeze.multiple squeeze_copy", lambda x, dim=None: _squeeze(x, dim), "squeeze")


def _squeeze(x: Any, dim: Any) -> Any:
    """Squeeze; PyTorch ignores axes longer than 1, NumPy raises."""
    shape = t(x).shape
    if dim is None:
        return xg.squeeze(x)
    dims = (dim,) if isinstance(dim, int) else dim
    if not shape:
        return xg.squeeze(x, axis=()) if set(dims) <= {0, -1} else xg.squeeze(x, axis=dims)
    if not all(-len(shape) <= d < len(shape) for d in dims):
        return xg.squeeze(x, axis=dims)
    return xg.squeeze(x, axis=tuple(d for d in dims if shape[d] == 1))


add("unsqueeze unsqueeze_copy", lambda x, dim: xg.expand_dims(x, dim), "expand_dims")
add("permute permute_copy", lambda x, *dims: xg.permute_dims(x, _sizes(dims)), "permute_dims")
add("transpose transpose_copy", lambda x, dim0, dim1: xg.swapaxes(x, dim0, dim1), "swapaxes")
add("t t_copy", lambda x: t(x).T, "T", "permute_dims")
add("T", lambda x: t(x).T, "T", "permute_dims")
add("mT", lambda x: t(x).mT, "mT", "matrix_transpose")
add("mH", lambda x: xg.conj(t(x).mT), "mT", "matrix_transpose")
add("H", lambda x: xg.conj(t(x).T), "T", "permute_dims")
add("movedim", lambda x, source, destination: xg.moveaxis(x, source, destination), "moveaxis")


@entry("flatten", "reshape")
def _(x: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    shape = t(x).shape or (1,)
    n = len(shape)
    start, end = start_dim % n, end_dim % n
    if start_dim >= n or end_dim >= n or start > end:
        raise Untranslated
    middle = int(np.prod(shape[start : end + 1]))
    return xg.reshape(x, (*shape[:start], middle, *shape[end + 1 :]))


@entry("unflatten", "reshape")
def _(x: Any, dim: int, sizes: Any) -> Any:
    shape = t(x).shape
    dim = dim % len(shape)
    return xg.reshape(x, (*shape[:dim], *sizes, *shape[dim + 1 :]))


# -- joining and splitting -------------------------------------------------------------------

add("cat", lambda tensors, dim=0: xg.concat(tensors, axis=dim), "concat")
add("stack", lambda tensors, dim=0: xg.stack(tensors, axis=dim), "stack")
add("unbind unbind_copy", lambda x, dim=0: xg.unstack(x, axis=dim), "unstack")

# -- indexing --------------------------------------------------------------------------------

add("__getitem__", lambda x, *key: t(x)[_key(key)], "getitem", "index")


def _key(key: Any) -> Any:
    return key[0] if len(key) == 1 else key


def _at(x: Any, dim: int, index: Any) -> tuple[Any, ...]:
    """Return a key for ``index`` along one axis."""
    ndim = max(t(x).ndim, 1)
    return (slice(None),) * (dim % ndim) + (index,)


def _written(x: Any, key: Any, value: Any, add_up: bool = False) -> Any:
    out = xg.asarray(x, copy=True)
    out[key] = out[key] + value if add_up else value
    return out


add("select", lambda x, dim, index: t(x)[_at(x, dim, index)], "getitem", "index")
add(
    "slice",
    lambda x, dim=0, start=None, end=None, step=1: t(x)[_at(x, dim, slice(start, end, step))],
    "getitem",
    "index",
)


@entry("narrow narrow_copy", "getitem", "index")
def _(x: Any, dim: int, start: Any, length: int) -> Any:
    if np.ndim(start):
        raise Untranslated
    start = int(start)
    if start < 0:
        start += t(x).shape[dim]
    return t(x)[_at(x, dim, slice(start, start + length))]


add("select_scatter", lambda x, src, dim, index: _written(x, _at(x, dim, index), src), "setitem")
add(
    "slice_scatter",
    lambda x, src, dim=0, start=None, end=None, step=1: _written(
        x, _at(x, dim, slice(start, end, step)), src
    ),
    "setitem",
)


@entry("index_put", "setitem")
def _(x: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    if accumulate:
        raise Untranslated
    return _written(x, tuple(indices), values)


add("index_select", lambda x, dim, index: xg.take(x, index, axis=dim), "take")
add("take", lambda x, index: xg.take(t(x).ravel(), index), "take")
add("gather", lambda x, dim, index: xg.take_along_axis(x, index, axis=dim), "take_along_axis")
add(
    "take_along_dim",
    lambda x, indices, dim=None: xg.take_along_axis(
        t(x).ravel() if dim is None else x,
        xg.reshape(indices, (-1,)) if dim is None else indices,
        axis=0 if dim is None else dim,
    ),
    "take_along_axis",
)
add("index_fill", lambda x, dim, index, value: _written(x, _at(x, dim, index), value), "setitem")
add(
    "index_copy",
    lambda x, dim, index, source: _written(x, _at(x, dim, np.reshape(index, -1)), source),
    "setitem",
)
add(
    "masked_select",
    lambda x, mask: xg.broadcast_arrays(x, mask)[0][
        np.broadcast_to(mask, np.broadcast_shapes(t(x).shape, np.shape(mask)))
    ],
    "getitem",
)
add(
    "nonzero",
    lambda x, *, as_tuple=False: xg.nonzero(x) if as_tuple else xg.stack(xg.nonzero(x), axis=1),
    "nonzero",
)
add("argwhere", lambda x: xg.stack(xg.nonzero(x), axis=1), "nonzero")

# -- sorting ---------------------------------------------------------------------------------


@entry("sort")
def _(x: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    x = t(x)
    if x.ndim == 0:
        x = xg.reshape(x, (1,))
        return tuple(
            part[0]
            for part in (xg.sort(x, descending=descending), xg.argsort(x, descending=descending))
        )
    if not stable and xg.unique_values(x).size != x.size:
        raise Untranslated  # equal values have any order in PyTorch
    order = xg.argsort(x, axis=dim, descending=descending, stable=True)
    return xg.sort(x, axis=dim, descending=descending), order


@entry("argsort")
def _(x: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    if not stable and xg.unique_values(x).size != t(x).size:
        raise Untranslated  # equal values have any order in PyTorch
    if t(x).ndim == 0:
        return xg.argsort(xg.reshape(x, (1,)), descending=descending)[0]
    return xg.argsort(x, axis=dim, descending=descending)


add("msort", lambda x: xg.sort(x, axis=0), "sort")


@entry("searchsorted")
def _(
    sequence: Any,
    values: Any,
    *,
    right: bool = False,
    side: Any = None,
    sorter: Any = None,
    out_int32: bool = False,
) -> Any:
    if out_int32 or t(sequence).ndim != 1:
        raise Untranslated
    return xg.searchsorted(
        sequence, values, side=side or ("right" if right else "left"), sorter=sorter
    )


@entry("bucketize", "searchsorted")
def _(values: Any, boundaries: Any, *, right: bool = False, out_int32: bool = False) -> Any:
    if out_int32:
        raise Untranslated
    return xg.searchsorted(boundaries, values, side="right" if right else "left")


add(
    "isin",
    lambda elements, test_elements, *, invert=False: xg.isin(
        elements, test_elements, invert=invert
    ),
    "isin",
)


@entry("unique", "unique_all")
def _(
    x: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: Any = None,
) -> Any:
    if dim is not None or not sorted:
        raise Untranslated
    result = xg.unique_all(x)
    if return_inverse and return_counts:
        return result.values, result.inverse_indices, result.counts
    if return_inverse:
        return result.values, result.inverse_indices
    return (result.values, result.counts) if return_counts else result.values
