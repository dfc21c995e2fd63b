"""The namespace ``xp`` of rules on CuPy: its functions, and the hooks."""

import functools
import os
from contextlib import AbstractContextManager
from typing import Any

import cupy
import cupyx
import cupyx.scipy.linalg
import cupyx.scipy.special
import numpy as np
from cupy.lib.stride_tricks import as_strided

from xgrad.backends import philox
from xgrad.backends.cupy import elementwise, indexing, random
from xgrad.backends.cupy.dispatch import CupyKernels
from xgrad.backends.cupy.kernels import C_TYPES, THREADS, integer
from xgrad.backends.namespace import Lengths, Namespace, window_keys
from xgrad.backends.ownership import is_sole_base
from xgrad.typing import Key

Array = Any  # the library's own

#: Functions of ``linalg`` that by default do not report singular matrices.
_FALLIBLE = frozenset(("cholesky", "inv", "solve", "eigh", "eigvalsh", "svd", "qr", "lstsq"))
#: With XGRAD_CHECK_INDICES=1, every index array is read, to raise for indices out of range.
CHECKS_INDICES = os.environ.get("XGRAD_CHECK_INDICES", "0") == "1"


class _Linalg:
    """CuPy's linear algebra, with an error for each failure; it waits for the device."""

    def __init__(self, library: Any) -> None:
        self.library = library

    def __getattr__(self, name: str) -> Any:
        function = getattr(self.library, name)
        if name in _FALLIBLE:
            function = _raising(function)
        setattr(self, name, function)
        return function


def _raising(function: Any) -> Any:
    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        with cupyx.errstate(linalg="raise"):
            return function(*args, **keywords)

    return call


#: Hooks that the backward pass and optimizers call outside operations.
_OUTSIDE = (
    *("accumulate", "copy", "zeros_like", "negative", "add_basic", "full_like", "ones_like"),
    *("astype", "sum", "add", "real", "reshape", "where", "pow", "sqrt"),
)
_KERNELS_OUTSIDE = ("clip_norm", "unscale", "update")


def _following(function: Any) -> Any:
    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        flat = (x[0] if isinstance(x, list | tuple) and x else x for x in args)
        first = next((x for x in flat if isinstance(x, cupy.ndarray)), None)
        with cupy.cuda.Device() if first is None else first.device:
            return function(*args, **keywords)

    return call


#: array-api-compat ignores their ``device`` and creates the array on the current one.
_CREATION = frozenset(
    [
        *("arange", "empty", "empty_like", "eye", "full", "full_like", "linspace"),
        *("ones", "ones_like", "zeros", "zeros_like"),
    ]
)


def _placed(function: Any) -> Any:
    @functools.wraps(function)
    def call(*args: Any, device: Any = None, **keywords: Any) -> Any:
        if device is None or device.id == cupy.cuda.runtime.getDevice():
            return function(*args, **keywords)
        with device:
            return function(*args, **keywords)

    return call


class CupyNamespace(Namespace):
    """CuPy's functions through array-api-compat, and the hooks."""

    kernels_class = CupyKernels

    #: cuBLAS, and the kernels of rows, which accumulate in ``A``.
    accumulates_wide = frozenset(["matmul", "softmax", "log_softmax", "cross_entropy"])

    def __init__(self, library: Any) -> None:
        super().__init__(library)
        self.linalg: Any = _Linalg(library.linalg)

    def __getattr__(self, name: str) -> Any:
        function = super().__getattr__(name)  # type: ignore[misc]
        if name in _CREATION:
            function = _placed(function)
            setattr(self, name, function)
        return function

    def follow_devices(self) -> None:
        """From now on, run hooks that are called outside operations on their arrays' device."""
        for owner, names in ((self, _OUTSIDE), (self.kernels, _KERNELS_OUTSIDE)):
            for name in names:
                setattr(owner, name, _following(getattr(owner, name)))

    # -- arrays --------------------------------------------------------------------------------

    def astype(self, x: Array, dtype: Any, *, copy: bool = True) -> Array:
        if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
            x = x.real
        return x.astype(dtype, copy=copy)

    def copy(self, x: Array) -> Array:
        return x.copy()

    def permute_dims(self, x: Array, axes: tuple[int, ...]) -> Array:
        return x.transpose(axes)

    def matrix_transpose(self, x: Array) -> Array:
        return x.swapaxes(-1, -2)

    def clip(self, x: Array, lower: Any = None, upper: Any = None) -> Array:
        # array-api-compat writes through a mask, whose elements the host must count.
        if lower is None and upper is None:
            return x.copy()
        out = cupy.clip(x, lower, upper)
        return out.astype(x.dtype, copy=False)

    def relu(self, x: Array) -> Array:
        return cupy.maximum(x, 0)

    def device_key(self, x: Array) -> int:
        number: int = x.data.device_id
        return number

    def owns(self, x: Array) -> bool:
        # A view refers to the array that owns the memory (core.pyx, `_view`); a DLPack export
        # refers to the exported array (dlpack.pyx). Other memory belongs to another library.
        if type(x) is not cupy.ndarray or type(x.data.mem).__name__ not in _ALLOCATED:
            return False
        # CuPy allows writes to broadcast arrays and to overlapping windows.
        return x.base is None or (
            (x.flags.c_contiguous or x.flags.f_contiguous)
            and type(x.base) is cupy.ndarray
            and is_sole_base(x)
        )

    def repeat(self, x: Array, repeats: Array) -> Array:
        # CuPy needs the counts on the host, because they determine the length of the result.
        return cupy.repeat(x, repeats.tolist())

    def as_real(self, x: Array) -> Array:
        row = cupy.ascontiguousarray(x).reshape(-1)  # an array of no axes has no such views
        return row.view(x.real.dtype).reshape(*x.shape, 2)

    def as_complex(self, x: Array) -> Array:
        dtype = np.dtype(f"c{2 * x.dtype.itemsize}")
        return cupy.ascontiguousarray(x).view(dtype)[..., 0]

    # -- differentiation -----------------------------------------------------------------------

    def masked_product(self, g: Array, partial: Array) -> Array:
        if not isinstance(partial, cupy.ndarray) or not _real(g, partial):
            return super().masked_product(g, partial)
        return elementwise.masked_product(g, partial)

    def masked(self, t: Array, mask: Array) -> Array:
        if t.dtype.name not in C_TYPES or mask.dtype != np.bool_:
            return super().masked(t, mask)
        return elementwise.masked(t, mask)

    # -- indexing ------------------------------------------------------------------------------

    def add_basic(self, total: Array, g: Array, key: Key) -> Array:
        total[key] += g
        return total

    def within(self, indices: Array, size: int) -> bool | None:
        if not CHECKS_INDICES or not indices.size:
            return None
        return bool(cupy.logical_and(indices.min() >= -size, indices.max() < size))

    def index_add(self, g: Array, indices: Array, *, axis: int, size: int) -> Array:
        if g.dtype.kind == "c":  # atomic additions exist for real numbers only
            parts = cupy.ascontiguousarray(g).view(g.real.dtype).reshape(*g.shape, 2)
            return self.index_add(parts, indices, axis=axis, size=size).view(g.dtype)[..., 0]
        shape = (*g.shape[:axis], size, *g.shape[axis + 1 :])
        if g.dtype.name in ("float16", "bfloat16"):  # accumulate in single precision
            wide = self.index_add(g.astype(np.float32), indices, axis=axis, size=size)
            return wide.astype(g.dtype)
        if g.dtype.name not in ("float32", "float64"):
            return super().index_add(g, indices, axis=axis, size=size)
        out = cupy.zeros(shape, g.dtype)
        if g.size:
            inner = int(np.prod(g.shape[axis + 1 :]))
            indexing.scatter_add(
                cupy.ascontiguousarray(g).reshape(-1),
                indices.reshape(-1),
                g.shape[axis],
                size,
                inner,
                out.reshape(-1),
                size=g.size,
            )
        return out

    def windows(self, x: Array, kernel: Lengths, stride: Lengths, dilation: Lengths) -> Array:
        outer = x.ndim - len(kernel)
        counts, _ = window_keys(x.shape, kernel, stride, dilation)
        inner = x.strides[outer:]
        within = tuple(s * d for s, d in zip(inner, dilation, strict=True))
        between = tuple(s * n for s, n in zip(inner, stride, strict=True))
        shape = (*x.shape[:outer], *kernel, *counts)
        return as_strided(x, shape, (*x.strides[:outer], *within, *between))

    def overlap_add(
        self, g: Array, shape: Lengths, kernel: Lengths, stride: Lengths, dilation: Lengths
    ) -> Array:
        if g.dtype.name not in C_TYPES or len(kernel) not in (1, 2):
            return super().overlap_add(g, shape, kernel, stride, dilation)
        counts = tuple(g.shape[g.ndim - len(kernel) :])
        pairs = zip(shape[-len(kernel) :], kernel, counts, stride, dilation, strict=True)
        along = list(pairs) if len(kernel) == 2 else [(1, 1, 1, 1, 1), *pairs]
        out = cupy.empty(shape, g.dtype)
        sizes = [n for pair in zip(*along, strict=True) for n in pair]
        indexing.overlap_add(cupy.ascontiguousarray(g).reshape(-1), *sizes, out.reshape(-1))
        return out

    def holds(self, mask: Array) -> bool:
        # Called only together with a decomposition, which waits for cuSOLVER anyway.
        return bool(mask.any())

    # -- products ------------------------------------------------------------------------------

    def matmul(self, x: Array, y: Array, /) -> Array:
        if x.ndim > 2 and y.ndim == 2 and x.flags.c_contiguous and x.size:  # one product
            rows = cupy.matmul(x.reshape(-1, x.shape[-1]), y)
            return rows.reshape(*x.shape[:-1], y.shape[-1])
        return cupy.matmul(x, y)

    def affine(self, x: Array, w: Array, b: Array) -> Array:
        out = self.matmul(x, w.swapaxes(-1, -2))
        if out.dtype != b.dtype or out.ndim < b.ndim:
            return out + b
        out += b
        return out

    # -- linear algebra ------------------------------------------------------------------------

    def solve_triangular(
        self, a: Array, b: Array, *, upper: bool, unit_diagonal: bool = False
    ) -> Array:
        if a.ndim > 2 or b.ndim > 2:
            return super().solve_triangular(a, b, upper=upper, unit_diagonal=unit_diagonal)
        return cupyx.scipy.linalg.solve_triangular(
            a, b, lower=not upper, unit_diagonal=unit_diagonal
        )

    def special(self, name: str, *arrays: Array) -> Array:
        function = getattr(cupyx.scipy.special, name, None)
        if function is None:
            return super().special(name, *arrays)
        out = function(*arrays)
        # Python numbers do not affect the dtype, although cupyx returns float64 for them.
        dtypes = {x.dtype for x in arrays if isinstance(x, cupy.ndarray)}
        return out.astype(np.float32) if {np.dtype(np.float32)} == dtypes != {out.dtype} else out

    # -- random numbers ------------------------------------------------------------------------

    def random(self, draw: Any, device: Any) -> Array:
        if draw.func is not philox.uniform or np.dtype(draw.args[3]).itemsize < 4:
            return super().random(draw, device)
        key, block, shape, dtype = draw.args
        with _on(device):
            out = cupy.empty(shape, dtype)
            if out.size:
                grid = -(-out.size // (4 * THREADS))
                args = (out, *random.counter(key, block), integer(out.size))
                random.uniform(out.dtype, grid, THREADS, args)
        return out


#: The types of memory from CuPy's allocators (memory.pyx), by name; not from other libraries.
_ALLOCATED = ("PooledMemory", "Memory", "MemoryAsync", "ManagedMemory")


def _on(device: Any) -> AbstractContextManager[Any]:
    context: AbstractContextManager[Any] = cupy.cuda.Device() if device is None else device
    return context


def _real(*arrays: Array) -> bool:
    """Whether kernels support arrays: they have a common real dtype."""
    dtype = arrays[0].dtype
    return dtype.name in C_TYPES and all(x.dtype == dtype for x in arrays)
