"""NumPy: the default backend, which is always installed."""

import functools
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from xgrad.backends import allocator, host, lapack, sums, thresholds
from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import is_half
from xgrad.backends.namespace import Lengths, Namespace, window_keys
from xgrad.backends.numpy_kernels import NumpyKernels
from xgrad.backends.ownership import is_sole_base
from xgrad.backends.runtime import the_host
from xgrad.backends.special import on_host
from xgrad.typing import Axis, Key

Array = Any  # the library's own

_ADD: Any = np.add


class NumpyNamespace(Namespace):
    """NumPy's functions, with hooks that write in place and call ufuncs directly."""

    def normalise(self, out: Any) -> Array:
        return np.asarray(out) if isinstance(out, np.generic) else out

    def quiet(self) -> AbstractContextManager[Any]:
        return np.errstate(all="ignore")

    def astype(self, x: Array, dtype: Any, *, copy: bool = True) -> Array:
        with np.errstate(invalid="ignore"):
            if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
                x = x.real
            return x.astype(dtype, copy=copy)

    def sum(
        self, x: Array, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False
    ) -> Array:
        if x.itemsize == 2 or dtype is not None or x.size >= thresholds.SUM_ROWS:
            return sums.total(x, axis, dtype, keepdims)
        return _ADD.reduce(x, axis=axis, keepdims=keepdims)

    def mean(self, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
        return sums.mean(x, axis, keepdims)

    def matrix_transpose(self, x: Array) -> Array:
        return x.swapaxes(-1, -2)

    def permute_dims(self, x: Array, axes: tuple[int, ...]) -> Array:
        return x.transpose(axes)

    multiplies_first = True
    kernels_class = NumpyKernels
    cbrt: Any = staticmethod(np.cbrt)
    fmod: Any = staticmethod(np.fmod)
    frexp: Any = staticmethod(np.frexp)
    ldexp: Any = staticmethod(np.ldexp)
    gcd: Any = staticmethod(np.gcd)
    lcm: Any = staticmethod(np.lcm)
    bitwise_count: Any = staticmethod(np.bitwise_count)

    def float_of(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        return np.dtype({1: np.float16, 2: np.float32}.get(dtype.itemsize, np.float64))

    @staticmethod
    def repaired(g: Array, product: Array) -> Array:
        # A product without non-finite elements needs no mask. The sum of squares is one fast
        # pass, and is finite only if all elements are.
        total = product.dot(product) if product.ndim == 1 else np.vdot(product, product)
        if isfinite(total.real):
            return product
        return np.where(np.logical_and(g == 0, np.isnan(product)), np.zeros_like(product), product)

    def masked_product(self, g: Array, partial: Array) -> Array:
        return self.repaired(g, np.multiply(g, partial))

    @staticmethod
    def masked(t: Array, mask: Array) -> Array:
        # A product is three times as fast as where(), and correct if it is finite.
        product = np.multiply(t, mask)
        total = product.dot(product) if product.ndim == 1 else np.vdot(product, product)
        return product if isfinite(total.real) else np.where(mask, t, np.zeros_like(t))

    def basic_index(self, x: Array, key: Key) -> Array:
        out = x[key]
        if type(out) is not np.ndarray:  # a scalar: one element
            return np.asarray(out)
        # Copying a small piece is cheaper than a view: a write to the whole array would have to
        # copy the array while the view exists.
        return out.copy() if out.nbytes <= thresholds.SMALL_PIECE else out

    def copy_basic(self, x: Array, key: Key) -> Array:
        return np.array(x[key])

    def overwrite(self, x: Array, key: Key, v: Array) -> None:
        x[key] = v

    def clear_basic(self, g: Array, key: Key) -> Array:
        g[key] = 0
        return g

    def add_basic(self, total: Array, g: Array, key: Key) -> Array:
        total[key] += g
        return total

    def owns(self, x: Array) -> bool:
        if type(x) is not np.ndarray:
            return False
        flags = x.flags
        if x.base is None:
            return flags.writeable and flags.owndata
        # The only view of an array to which there are no other references.
        return (
            flags.writeable
            and type(x.base) is np.ndarray
            and is_sole_base(x)
            and x.base.base is None
            and x.base.flags.owndata
        )

    def within(self, indices: Array, size: int) -> bool:
        return not indices.size or bool(-size <= indices.min() and indices.max() < size)

    def has_ties(self, x: Array, axis: int) -> bool:
        x = np.moveaxis(x, axis, -1)
        return bool((x[..., 1:] == x[..., :-1]).any())

    def reads_freely(self, x: Array) -> bool:
        return True

    def bounds(self, x: Array, but: int | None = None) -> tuple[int, int]:
        if but is None and x.dtype == np.int64 and x.flags.c_contiguous:
            # One pass: as unsigned integers, negative numbers are the largest.
            high = int(np.maximum.reduce(x.reshape(-1).view(np.uint64)))
            if high < 2**63:
                return 0, high
        return super().bounds(x, but)

    def holds(self, mask: Array) -> bool:
        return bool(mask.any())

    def solve_triangular(
        self, a: Array, b: Array, *, upper: bool, unit_diagonal: bool = False
    ) -> Array:
        return lapack.solve_triangular(a, b, upper, unit_diagonal)

    def sylvester(self, a: Array, b: Array, q: Array) -> Array:
        return lapack.sylvester(a, b, q)

    def solve_banded(self, ab: Array, b: Array, *, lower: int, upper: int) -> Array:
        return lapack.solve_banded(ab, b, lower, upper)

    def euclidean(self, x: Array, *, axis: Axis, keepdims: bool) -> Array:
        out = sums.euclidean(x, axis, keepdims)
        return super().euclidean(x, axis=axis, keepdims=keepdims) if out is None else out

    def cholesky_vjp(self, g: Array, factor: Array) -> Array:
        return lapack.cholesky_vjp(g, factor)

    def special(self, name: str, *arrays: Array) -> Array:
        return self.normalise(on_host(name, *arrays))

    def argsort(
        self, x: Array, *, axis: int = -1, descending: bool = False, stable: bool = True
    ) -> Array:
        if not descending:
            return np.argsort(x, axis=axis, stable=stable)
        # Reverse before and after sorting, so that equal elements keep their order.
        order = np.flip(np.argsort(np.flip(x, axis), axis=axis, stable=stable), axis)
        return x.shape[axis] - 1 - order

    def count_nonzero(self, x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
        return np.count_nonzero(x, axis=axis, keepdims=keepdims)

    def last_writer(self, indices: Array, size: int) -> Array:
        out = np.full(size, -1)
        out[indices] = np.arange(len(indices))
        return out

    def scatter_basic(self, g: Array, key: Key, shape: tuple[int, ...]) -> Array:
        out = np.zeros(shape, dtype=g.dtype)
        out[key] = g
        return out

    def index_add(self, g: Array, indices: Array, *, axis: int, size: int) -> Array:
        return sums.index_add(g, indices, axis, size)

    def relu(self, x: Array) -> Array:
        return np.maximum(x, 0)

    def matmul(self, x: Array, y: Array, /) -> Array:
        if x.ndim > 2 and y.ndim == 2 and x.flags.c_contiguous and x.size:
            # NumPy would loop over the stack; one product of all rows is up to twice as fast.
            return self.matmul(x.reshape(-1, x.shape[-1]), y).reshape(*x.shape[:-1], y.shape[-1])
        if x.itemsize <= 2 and y.itemsize <= 2 and is_half(result_dtype := np.result_type(x, y)):
            # Accumulate in single precision, as on a GPU; NumPy's own loop is also very slow.
            return np.matmul(x.astype(np.float32), y.astype(np.float32)).astype(result_dtype)
        return np.matmul(x, y)

    def affine(self, x: Array, w: Array, b: Array) -> Array:
        out = self.matmul(x, w.swapaxes(-1, -2))
        return np.add(out, b, out=out) if out.dtype == b.dtype else out + b

    def windows(self, x: Array, kernel: Lengths, stride: Lengths, dilation: Lengths) -> Array:
        outer = x.ndim - len(kernel)
        counts, _ = window_keys(x.shape, kernel, stride, dilation)
        inner = x.strides[outer:]
        return np.lib.stride_tricks.as_strided(
            x,
            (*x.shape[:outer], *kernel, *counts),
            (
                *x.strides[:outer],
                *(s * d for s, d in zip(inner, dilation, strict=True)),
                *(s * n for s, n in zip(inner, stride, strict=True)),
            ),
            writeable=False,
        )

    def device(self, x: Array) -> str:
        return "cpu"

    def device_key(self, x: Array) -> int:
        return 0

    def accumulate(self, total: Array, x: Array) -> Array:
        return np.add(total, x, out=total)

    def as_real(self, x: Array) -> Array:
        row = np.ascontiguousarray(x).reshape(-1)  # an array of no axes has no such views
        return row.view(x.real.dtype).reshape(*x.shape, 2)

    def as_complex(self, x: Array) -> Array:
        dtype = np.dtype(f"c{2 * x.dtype.itemsize}")
        return np.ascontiguousarray(x).view(dtype)[..., 0]


@dataclass(frozen=True, eq=False, repr=False)
class NumpyBackend(Backend):
    """NumPy's record: sets up the allocator, and accepts subclasses of ndarray."""

    def for_array(self, x: Any) -> Backend:
        """Return this record, or raise for a subclass that redefines operators."""
        host.check_meaning(type(x))
        allocator.keep_freed_memory()
        return self

    def plain(self, x: Array) -> Array:
        """Return a plain ndarray in the native byte order."""
        return host.plain(x)


def make_backend() -> Backend:
    """Return NumPy's record."""
    return NumpyBackend(
        name="numpy",
        xp=NumpyNamespace(np),
        array_type=np.ndarray,
        to_numpy=lambda x: x,
        version=np.__version__,
        parse_device=functools.partial(the_host, "numpy"),
        weak_scalars=True,
        mixes_kinds=True,
        on_host=True,
    )
