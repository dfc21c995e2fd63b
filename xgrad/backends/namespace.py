"""The namespace ``xp`` of rules: the standard's functions, and hooks for what it lacks.

A `Namespace` delegates to a library that follows the Array API standard. The methods
below are the *hooks*. Each has an agnostic form, so that a new library works at once; a
backend overrides those that its library can compute in a better way.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from xgrad.backends import thresholds
from xgrad.backends.dtypes import canonical, complex_dtype, float32, is_half
from xgrad.backends.elements import ElementwiseFunctions
from xgrad.backends.kernels import Kernels
from xgrad.backends.matrix_functions import MatrixFunctions
from xgrad.typing import Array, Key

Lengths = tuple[int, ...]


class Namespace(MatrixFunctions, ElementwiseFunctions):
    """The functions of one array library, each looked up once, and the hooks."""

    #: The class of ``kernels``.
    kernels_class: type[Kernels] = Kernels

    def __init__(self, library: Any) -> None:
        super().__init__(library)
        self.kernels = self.kernels_class(self)

    def __repr__(self) -> str:
        return f"<xgrad namespace over {self.library.__name__}>"

    def normalise(self, out: Any) -> Any:
        """Return ``out`` as an array; for example, NumPy's reductions return scalars."""
        return out

    # -- hooks: differentiation ----------------------------------------------------------------

    def quiet(self) -> AbstractContextManager[Any]:
        """Silence floating-point warnings while derivatives are computed."""
        return nullcontext()

    def masked_product(self, g: Array, partial: Array | complex) -> Array:
        """``g * partial``, where a non-finite partial counts as 0 if the cotangent is 0."""
        if isinstance(partial, float | complex):
            return self.multiply(g, partial)
        masked = self.logical_and(g == 0, self.logical_not(self.isfinite(partial)))
        return self.multiply(g, self.where(masked, self.zeros_like(partial), partial))

    #: Whether to multiply with an operator and call `repaired`, instead of `masked_product`: NumPy
    #: reuses the memory of a temporary only within an expression.
    multiplies_first = False

    def repaired(self, g: Array, product: Array) -> Array:
        """``product``, with 0 where the cotangent is 0 and the partial is not finite."""
        masked = self.logical_and(g == 0, self.isnan(product))
        return self.where(masked, self.zeros_like(product), product)

    def masked(self, t: Array, mask: Array) -> Array:
        """``t`` where a mask is true, else 0."""
        return self.where(mask, t, 0.0)

    # -- hooks: indexing -----------------------------------------------------------------------

    def basic_index(self, x: Array, key: Key) -> Array:
        """``x[key]`` for a key of integers, slices, None and one Ellipsis."""
        return x[expanded_key(key, len(x.shape))]

    def scatter_basic(self, g: Array, key: Key, shape: tuple[int, ...]) -> Array:
        """Zeros of ``shape`` with ``g`` at the positions of a basic ``key``."""
        out = self.zeros(shape, dtype=g.dtype, device=self.device(g))
        self.overwrite(out, key, g)
        return out

    def copy_basic(self, x: Array, key: Key) -> Array:
        """Return a copy of ``x[key]`` that shares no memory."""
        return self.copy(self.basic_index(x, key))

    def put_basic(self, x: Array, key: Key, v: Array) -> Array:
        """Return a copy of ``x`` with ``v``, which broadcasts, at the positions of a basic key."""
        out = self.copy(x)
        self.overwrite(out, key, v)
        return out

    def overwrite(self, x: Any, key: Key, v: Array) -> None:
        """Write ``v``, which broadcasts, at the positions of a basic key."""
        plain = tuple(k for k in expanded_key(key, len(x.shape)) if k is not None)
        if len(getattr(v, "shape", ())) and None in key:
            v = self.reshape(self.broadcast_to(v, selected(key, x.shape)), selected(plain, x.shape))
        x[plain] = v

    def clear_basic(self, g: Array, key: Key) -> Array:
        """Return ``g`` with zeros at the positions of a basic key; may overwrite ``g``."""
        self.overwrite(g, key, self.zeros((), dtype=g.dtype, device=self.device(g)))
        return g

    def add_basic(self, total: Array, g: Array, key: Key) -> Array:
        """Add ``g`` at the positions of a basic key, in place if the library can."""
        return self.accumulate(total, self.scatter_basic(g, key, tuple(total.shape)))

    def owns(self, x: Array) -> bool:
        """Whether an array with a single reference is the only one that uses its memory.

        Only `xgrad.backends.ownership` calls this. It is False if the library does not know
        whether there are views or other users of the memory. Then nothing is written in place.
        """
        return False

    def within(self, indices: Array, size: int) -> bool | None:
        """Whether integers are valid indices of an axis; None if checking is expensive."""
        return None

    def has_ties(self, x: Array, axis: int) -> bool:
        """Whether neighbours along an axis may be equal; True if checking is expensive."""
        return True

    def holds(self, mask: Array) -> bool | None:
        """Whether a mask is true anywhere; None if checking is expensive."""
        return None

    def reads_freely(self, x: Array) -> bool:
        """Whether the values of an array can be read without waiting for a device."""
        return False

    def bounds(self, x: Array, but: int | None = None) -> tuple[int, int]:
        """Return the minimum of integers and 0, and the maximum; ``but`` counts as 0."""
        if but is not None:
            x = self.where(x == but, self.zeros_like(x), x)
        return min(int(self.min(x)), 0), int(self.max(x))

    def last_writer(self, indices: Array, size: int) -> Array:
        """Return the last position of each index below ``size`` in ``indices``, or -1.

        Agnostic form: sort pairs (index, position), and find the last pair of each index.
        """
        device = self.device(indices)
        count = indices.shape[0]
        positions = self.arange(count, dtype=np.dtype("int64"), device=device)
        wide = self.astype(indices, np.dtype("int64"))
        pairs = self.sort(wide * count + positions)
        every = self.arange(size, dtype=np.dtype("int64"), device=device)
        end = self.searchsorted(pairs, (every + 1) * count) - 1
        last = self.take(pairs, self.where(end < 0, 0, end), axis=0)
        named = self.logical_and(end >= 0, last >= every * count)
        self.take(every, wide, axis=0)  # raises for an index out of bounds, if the library does
        return self.where(named, last - every * count, -1)

    def index_add(self, g: Array, indices: Array, *, axis: int, size: int) -> Array:
        """Sum slices of ``g`` along ``axis`` into ``size`` slices selected by 1-D ``indices``.

        Agnostic form: a product with a one-hot matrix, in chunks of slices.
        """
        shape = (*g.shape[:axis], size, *g.shape[axis + 1 :])
        if is_half(g.dtype):
            wide = self.index_add(self.astype(g, float32), indices, axis=axis, size=size)
            return self.astype(wide, g.dtype)
        if math.prod(shape) == 0 or g.shape[axis] == 0:
            return self.zeros(shape, dtype=g.dtype, device=self.device(g))
        rest = tuple(n for i, n in enumerate(g.shape) if i != axis)
        columns = self.reshape(self.moveaxis(g, axis, 0), (g.shape[axis], -1))
        step = max(1, thresholds.ONE_HOT_CHUNK // g.shape[axis])
        parts = []
        for start in range(0, size, step):
            chunk = self.arange(
                start, min(start + step, size), dtype=indices.dtype, device=self.device(g)
            )
            hit = chunk[:, None] == indices[None, :]
            parts.append(self.matmul(self.astype(hit, g.dtype), columns))
        return self.moveaxis(self.reshape(self.concat(parts, axis=0), (size, *rest)), 0, axis)

    # -- hooks: layers ---------------------------------------------------------------------------

    def relu(self, x: Array) -> Array:
        """``max(x, 0)``."""
        return self.maximum(x, self.zeros_like(x))

    def affine(self, x: Array, w: Array, b: Array) -> Array:
        """``x @ wᵀ + b``."""
        return self.add(self.matmul(x, self.matrix_transpose(w)), b)

    def one_hot(self, classes: Array, count: int) -> Array:
        """One-hot encoding as booleans, on a new last axis of length ``count``."""
        if canonical(classes.dtype).itemsize < 4:  # int8 cannot hold class 128
            classes = self.astype(classes, canonical("int64"))
        every = self.arange(count, dtype=canonical(classes.dtype), device=self.device(classes))
        return self.equal(self.expand_dims(classes, axis=-1), every)

    def windows(self, x: Array, kernel: Lengths, stride: Lengths, dilation: Lengths) -> Array:
        """``x[..., o * stride + k * dilation]`` at (..., *k, *o). Agnostic form: stacked slices."""
        counts, keys = window_keys(tuple(x.shape), kernel, stride, dilation)
        parts = [self.basic_index(x, key) for key in keys]
        outer = tuple(x.shape[: len(x.shape) - len(kernel)])
        return self.reshape(self.stack(parts, axis=len(outer)), (*outer, *kernel, *counts))

    def overlap_add(
        self, g: Array, shape: Lengths, kernel: Lengths, stride: Lengths, dilation: Lengths
    ) -> Array:
        """Add windows, as returned by `windows`, into zeros of a shape."""
        if is_half(g.dtype):
            wide = self.overlap_add(self.astype(g, float32), shape, kernel, stride, dilation)
            return self.astype(wide, g.dtype)
        total = self.zeros(shape, dtype=g.dtype, device=self.device(g))
        _, keys = window_keys(shape, kernel, stride, dilation)
        outer = (slice(None),) * (len(shape) - len(kernel))
        offsets = itertools.product(*(range(k) for k in kernel))
        for offset, key in zip(offsets, keys, strict=True):
            total = self.add_basic(total, self.basic_index(g, (*outer, *offset)), key)
        return total

    # -- hooks: memory -------------------------------------------------------------------------

    def device(self, x: Any) -> Any:
        """Return the device of an array, for the creation of other arrays."""
        return x.device

    def device_key(self, x: Array) -> Any:
        """Return a key that is equal for two arrays if and only if they are on the same device."""
        return str(self.device(x))

    def accumulate(self, total: Array, x: Array) -> Array:
        """Add ``x`` to ``total``, which the caller owns, in place if the library can."""
        total += x
        return total

    def copy(self, x: Array) -> Array:
        """Return a copy that shares no memory with ``x``."""
        return self.asarray(x, copy=True)

    # -- hooks: complex numbers ----------------------------------------------------------------

    def as_real(self, x: Array) -> Array:
        """Return complex numbers as pairs of real numbers, on a new last axis."""
        return self.stack([self.real(x), self.imag(x)], axis=-1)

    def as_complex(self, x: Array) -> Array:
        """Return pairs of real numbers as complex numbers."""
        dtype = complex_dtype(x.dtype)
        return self.astype(x[..., 0], dtype) + self.astype(x[..., 1], dtype) * 1j

    # -- hooks: random numbers -----------------------------------------------------------------

    def random(self, draw: Any, device: Any) -> Array:
        """Return the result of ``draw()`` (see `xgrad.backends.philox`) on a device."""
        values = draw()
        return self.asarray(values, dtype=values.dtype, device=device)


class TranslatingNamespace(Namespace):
    """A namespace over a library with its own dtype objects: takes NumPy's dtypes too."""

    _TAKES_DTYPE = frozenset(
        [
            "asarray",
            "arange",
            "empty",
            "empty_like",
            "eye",
            "full",
            "full_like",
            "linspace",
            "ones",
            "ones_like",
            "zeros",
            "zeros_like",
            "sum",
            "prod",
            "cumulative_sum",
            "cumulative_prod",
        ]
    )

    def __init__(self, library: Any, to_raw: dict[np.dtype[Any], Any]) -> None:
        super().__init__(library)
        self.to_raw = to_raw

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            function = getattr(self.library, name)
            if name in self._TAKES_DTYPE:
                function = self._translated(function)
            function = self._wide(name, function)
            setattr(self, name, function)
            return function

    def _translated(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, dtype: Any = None, **keywords: Any) -> Any:
            if dtype is not None:
                keywords["dtype"] = self.raw_dtype(dtype)
            return function(*args, **keywords)

        return call

    def astype(self, x: Array, dtype: Any, *, copy: bool = True) -> Array:
        """Convert to a dtype of NumPy or the library."""
        out: Array = self.library.astype(x, self.raw_dtype(dtype), copy=copy)
        return out

    def raw_dtype(self, dtype: Any) -> Any:
        """Return the library's dtype object for a dtype of NumPy or the library."""
        raw = self.to_raw.get(canonical(dtype))
        if raw is None:
            raise TypeError(f"{self.library.__name__} has no dtype {canonical(dtype)}")
        return raw


def expanded_key(key: Key, ndim: int) -> Key:
    """Replace an Ellipsis, or missing axes, by full slices."""
    taken = sum(k is not None and k is not Ellipsis for k in key)
    fill = (slice(None),) * (ndim - taken)
    if Ellipsis in key:
        at = key.index(Ellipsis)
        return (*key[:at], *fill, *key[at + 1 :])
    return (*key, *fill)


def selected(key: Key, shape: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of the selection of a basic key without Ellipsis."""
    out: list[int] = []
    axis = 0
    for k in expanded_key(key, len(shape)):
        if k is None:
            out.append(1)
            continue
        if isinstance(k, slice):
            out.append(len(range(*k.indices(shape[axis]))))
        axis += 1
    return tuple(out)


def window_keys(
    shape: Lengths, kernel: Lengths, stride: Lengths, dilation: Lengths
) -> tuple[Lengths, list[Key]]:
    """Return the numbers of windows, and a key for each position within the windows."""
    outer = len(shape) - len(kernel)
    if min(*kernel, *stride, *dilation) < 1 or any(
        n < d * (k - 1) + 1 for n, k, d in zip(shape[outer:], kernel, dilation, strict=True)
    ):  # callers raise better messages; this guards against access outside the memory
        raise ValueError(
            f"windows: expected kernel {kernel}, stride {stride} and dilation {dilation} to be at "
            f"least 1 and at most {shape[outer:]}"
        )
    counts = tuple(
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(shape[outer:], kernel, stride, dilation, strict=True)
    )
    along = [
        [slice(k * d, k * d + (count - 1) * s + 1, s) for k in range(length)]
        for length, count, s, d in zip(kernel, counts, stride, dilation, strict=True)
    ]
    return counts, [(*(slice(None),) * outer, *key) for key in itertools.product(*along)]


def without_negative_steps(key: Key, shape: Sequence[int]) -> tuple[Key, tuple[int, ...]]:
    """Rewrite slices with negative steps as forward ones; also return the result's axes to flip."""
    forward: list[Any] = []
    flipped: list[int] = []
    axis = out_axis = 0
    for k in expanded_key(key, len(shape)):
        if k is None:
            forward.append(k)
            out_axis += 1
            continue
        if isinstance(k, slice):
            start, stop, step = k.indices(shape[axis])
            count = len(range(start, stop, step))
            if step < 0:
                last = start + (count - 1) * step
                k = slice(last, start + 1, -step) if count else slice(0, 0)
                flipped.append(out_axis)
            out_axis += 1
        forward.append(k)
        axis += 1
    return tuple(forward), tuple(flipped)
