"""Arrays on the host: printing, conversion, files, and constants that only depend on shapes."""

from typing import Any

import numpy as np

from xgrad.backends.dtypes import real_dtype

#: NumPy's warning that a fit is not unique.
RankWarning = np.exceptions.RankWarning
_USUAL = (np.float64, np.int64, np.bool_, np.complex128)


def formatted(array: np.ndarray[Any, Any], prefix: str) -> tuple[str, bool]:
    """Return the text of an array, and whether to show its dtype."""
    return np.array2string(array, separator=", ", prefix=prefix), array.dtype not in _USUAL


def converted(array: np.ndarray[Any, Any], dtype: Any, copy: bool | None) -> np.ndarray[Any, Any]:
    """Return the result of ``__array__`` for a NumPy array."""
    return np.array(array, dtype=dtype, copy=copy)


def plain(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an array as a plain ndarray in the native byte order; a memory map becomes a view."""
    if type(array) is not np.ndarray:
        array = array.view(np.ndarray)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


#: What a subclass of ndarray may not redefine: rules rely on NumPy's definitions.
MEANING = (
    *("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__pow__", "__rpow__"),
    *("__truediv__", "__rtruediv__", "__matmul__", "__rmatmul__", "__neg__"),
    *("__array_ufunc__", "__array_function__"),
)


def check_meaning(kind: type) -> None:
    """Raise for a subclass of ndarray that redefines operators."""
    if issubclass(kind, np.ma.MaskedArray):
        raise TypeError("masked arrays are not supported: fill them first (x.filled(value))")
    for name in MEANING:
        if getattr(kind, name) is not getattr(np.ndarray, name):
            raise TypeError(
                f"{kind.__name__} is not supported: it redefines {name}; "
                "convert first with np.asarray(x)"
            )


def contiguous(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an array in row-major order; 0-d arrays stay 0-d."""
    return np.asarray(array, order="C")


def bin_count(array: np.ndarray[Any, Any], rule: str, limits: Any, weighted: bool) -> int:
    """Return the number of bins that one of NumPy's rules gives."""
    weights = np.ones_like(array) if weighted else None  # refused, as NumPy does
    return len(np.histogram_bin_edges(array, rule, limits, weights)) - 1


def exp_sinh(step: float, first: float, last: float) -> tuple[np.ndarray[Any, Any], Any]:
    """Return nodes and weights for integrals from 0 to infinity of what decays exponentially."""
    t = np.arange(first, last, step)
    nodes = np.exp(t - np.exp(-t))
    return nodes, step * (1 + np.exp(-t)) * nodes


def singular(message: str) -> Exception:
    """Return NumPy's and SciPy's error for singular matrices."""
    return np.linalg.LinAlgError(message)


def zero_patterns(array: np.ndarray[Any, Any], count: int) -> list[tuple[bool, ...]]:
    """Return which coefficients are not 0: one pattern for all examples that have it."""
    rows = (array != 0).reshape(-1, count)
    return list(dict.fromkeys(tuple(row.tolist()) for row in rows))


def leading_small(array: np.ndarray[Any, Any], count: int) -> int | None:
    """Return how many leading coefficients `numpy.polydiv` takes for 0, None if it varies."""
    small = np.isclose(array.reshape(-1, count), 0, rtol=1e-14)
    small[:, -1] = False
    leading = set(np.argmin(small, axis=1).tolist())
    return leading.pop() if len(leading) == 1 else None


def are_conjugate(roots: np.ndarray[Any, Any], count: int) -> bool:
    """Whether complex roots are pairs of conjugate numbers, as `numpy.poly` checks it."""
    rows = roots.reshape(-1, count)
    return bool(np.all(np.sort(rows, axis=1) == np.sort(rows.conj(), axis=1)))


# -- files -------------------------------------------------------------------------------------

#: NumPy's names of dtypes, by the names in the safetensors format.
_IN_FILES = {
    **{f"{kind}{bits}": f"{name}{bits}" for kind, name, sizes in (
        ("F", "float", (16, 32, 64)), ("I", "int", (8, 16, 32, 64)), ("U", "uint", (8, 16, 32, 64)),
    ) for bits in sizes},
    "BOOL": "bool",
    "C64": "complex64",
    "BF16": "bfloat16",
}  # fmt: skip


def from_bytes(data: bytes, dtype: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Return an array of a safetensors file; raise TypeError if NumPy lacks its dtype."""
    name = _IN_FILES.get(dtype)
    if name is None:
        raise TypeError("xgrad does not support it")
    if name == "bfloat16":
        try:
            import ml_dtypes
        except ImportError as error:
            raise TypeError("it needs the package ml_dtypes: pip install ml_dtypes") from error
        kind = np.dtype(ml_dtypes.bfloat16)
    else:
        kind = np.dtype(name).newbyteorder("<")
    return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)


def as_pairs(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """View a contiguous complex array as real and imaginary parts, on a new last axis."""
    return array[..., None].view(np.float64)


def from_pairs(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """View real and imaginary parts as a complex array."""
    return array.view(np.complex128)[..., 0]


# -- constants that only depend on shapes -------------------------------------------------------


def triangle_weights(
    count: int, diagonal: float, upper: bool, dtype: np.dtype[Any]
) -> np.ndarray[Any, Any]:
    """Return ones below (or above) the diagonal, ``diagonal`` on it and 0 elsewhere."""
    ones = np.ones((count, count))
    weights = (np.triu(ones, 1) if upper else np.tril(ones, -1)) + diagonal * np.eye(count)
    return weights.astype(real_dtype(dtype))


def off_diagonal(count: int) -> np.ndarray[Any, Any]:
    """Return a mask that is False on the diagonal and True elsewhere."""
    return ~np.eye(count, dtype=np.bool_)


def spectrum_weights(count: int, inner: float, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return ``inner`` for frequencies of a half spectrum that represent two, 1 for the others."""
    weights = np.full(count // 2 + 1, inner, real_dtype(dtype))
    weights[0] = 1
    if count % 2 == 0:
        weights[-1] = 1
    return weights


def frequencies(count: int, spacing: float, half: bool) -> np.ndarray[Any, Any]:
    """Return the frequencies of a Fourier transform, or of the half spectrum of real numbers."""
    full = np.fft.ifftshift(np.arange(count) - count // 2)
    return (np.arange(count // 2 + 1) if half else full) / (count * spacing)


def pad_widths(pad_width: Any, ndim: int) -> list[list[Any]]:
    """Return a pair of widths for each axis, or raise ValueError."""
    pairs: list[list[Any]] = np.broadcast_to(np.asarray(pad_width), (ndim, 2)).tolist()
    return pairs


def padded_positions(count: int, before: int, after: int, mode: Any) -> np.ndarray[Any, Any]:
    """Return the positions of the elements that make up an axis after padding."""
    return np.pad(np.arange(count), (before, after), mode=mode)


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the common broadcast shape, or raise ValueError."""
    return np.broadcast_shapes(*shapes)


def coordinates(positions: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Return the indices of elements in row-major order: integers, or arrays of them."""
    found = np.unravel_index(positions, shape)
    return tuple(map(int, found)) if isinstance(positions, int) else found


def flat_positions(count: int, key: Any) -> Any:
    """Return the positions of the elements that a key of ``flat`` selects, or raise IndexError."""
    positions = np.arange(count).flat[key]
    return int(positions) if positions.ndim == 0 else positions


#: What NumPy's functions have as the default of an argument that may be None.
NO_VALUE: Any = np._NoValue


# -- what NumPy's functions compute of dtypes, shapes and positions ------------------------------


def array(x: Any) -> np.ndarray[Any, Any]:
    """Return numbers, or an array of any library, as an array of NumPy."""
    return np.asarray(x)


def positions(x: Any) -> np.ndarray[Any, Any]:
    """Return integers or booleans as an array; an empty sequence has no dtype of its own."""
    out = np.asarray(x)
    return out if out.size or hasattr(x, "dtype") else out.astype(np.int64)


def true_positions(flags: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the positions of what is not 0 in a flattened array."""
    return np.flatnonzero(flags)


def can_cast(have: Any, want: Any, casting: Any) -> bool:
    """Whether a casting rule allows a conversion."""
    return np.can_cast(have, want, casting)


def kept_positions(count: int, deleted: Any) -> np.ndarray[Any, Any]:
    """Return the positions that `numpy.delete` keeps of an axis."""
    return np.delete(np.arange(count), deleted)


def inserted_count(count: int, at: Any) -> int | None:
    """Return how many elements `numpy.insert` inserts; None for one position: as many as given."""
    positions = np.arange(*at.indices(count)) if isinstance(at, slice) else np.asarray(at)
    if positions.dtype == bool:
        positions = np.flatnonzero(positions)
    return None if positions.size == 1 else positions.size


def inserted_positions(count: int, at: Any, new: int) -> np.ndarray[Any, Any]:
    """Return the order of elements after `numpy.insert`: those ``>= count`` are the new ones."""
    return np.insert(np.arange(count), at, count + np.arange(new))


def unraveled(positions: Any, shape: tuple[int, ...]) -> tuple[np.ndarray[Any, Any], ...]:
    """Return positions in a flattened array as one array of indices for each axis."""
    return np.unravel_index(positions, shape)


def triangle(name: str, rows: int, k: int, columns: int | None) -> tuple[np.ndarray[Any, Any], ...]:
    """Return the positions of a triangle: `numpy.tril_indices` or `numpy.triu_indices`."""
    indices: tuple[np.ndarray[Any, Any], ...] = getattr(np, name)(rows, k, columns)
    return indices


def result_dtype(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    """Return the dtype of a result by NumPy's rules."""
    return np.result_type(*arrays_and_dtypes)


def smallest_dtype(number: Any) -> np.dtype[Any]:
    """Return the smallest dtype that holds a number."""
    return np.min_scalar_type(number)


def common_dtype(*dtypes: Any) -> Any:
    """Return the floating-point scalar type of `numpy.common_type`."""
    return np.common_type(*(np.empty(0, dtype) for dtype in dtypes))


def text(name: str, x: np.ndarray[Any, Any], **options: Any) -> str:
    """Return the text of an array: `numpy.array2string`, ``array_repr`` or ``array_str``."""
    written: str = getattr(np, name)(x, **options)
    return written


def einsum_path(operands: tuple[Any, ...], **options: Any) -> Any:
    """Return `numpy.einsum_path`; of arrays only the shapes matter."""
    shapes = (np.broadcast_to(0.0, tuple(x.shape)) if hasattr(x, "shape") else x for x in operands)
    return np.einsum_path(*shapes, **options)


def axis_pairs(pairs: Any, ndim: int) -> list[list[Any]]:
    """Return a pair of numbers for each axis, as the arguments of `numpy.pad` are read."""
    if isinstance(pairs, dict):
        out = [[0, 0] for _ in range(ndim)]
        for axis, width in pairs.items():
            out[axis] = [width, width] if isinstance(width, int) else list(width)
        return out
    broadcast: list[list[Any]] = np.broadcast_to(np.asarray(pairs), (ndim, 2)).tolist()
    return broadcast
