"""The modules ``cupy`` and ``cupyx``, built from the real names and NumPy's functions."""

import functools
import importlib
import inspect
import sys
import warnings
from importlib.machinery import ModuleSpec
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse
import scipy.sparse.linalg
import scipy.special

from tests.emulation import cuda, kernels
from tests.emulation.arrays import (
    COUNTS,
    CURRENT,
    check_places,
    host,
    launched,
    made,
    ndarray,
    wrapped,
)

#: Functions whose result determines a size in memory, so CuPy synchronizes.
_WAITS = frozenset(
    [
        *("nonzero", "flatnonzero", "argwhere", "unique", "unique_all", "unique_counts"),
        *("unique_inverse", "unique_values", "compress", "extract", "trim_zeros", "bincount"),
        *("setdiff1d", "union1d", "intersect1d"),
    ]
)
#: Functions of shapes and dtypes, which do not read values.
_ABOUT = frozenset(
    [
        *("shape", "ndim", "size", "result_type", "can_cast", "issubdtype", "isscalar"),
        *("iscomplexobj", "isrealobj", "promote_types", "min_scalar_type", "broadcast_shapes"),
        *("isfortran", "may_share_memory", "shares_memory", "isdtype", "common_type"),
    ]
)


def _checked(real: Any, name: str, args: Any, keywords: Any) -> None:
    """Raise TypeError if the real function would reject the call or its dtypes."""
    if isinstance(real, FunctionType):
        inspect.signature(real).bind(*args, **keywords)
    types = getattr(real, "types", None)
    if not isinstance(types, list) or not types:
        return
    arrays = [x for x in args if isinstance(x, ndarray)]
    dtypes = [x.dtype for x in arrays]
    if any(d.kind == "V" for d in dtypes) or len(arrays) != len(args) or "dtype" in keywords:
        return  # bfloat16 is not in the tables; Python numbers are weak
    if not any(
        len(entry.partition("->")[0]) == len(dtypes)
        and all(
            t in np.typecodes["All"] and np.can_cast(d, t)
            for d, t in zip(dtypes, entry.partition("->")[0], strict=False)
        )
        for entry in types
    ):
        raise TypeError(f"Wrong type {dtypes} of arguments for cupy_{name}")


def _function(real: Any, numpys: Any, name: str) -> Any:
    if name in _ABOUT:

        def about(*args: Any, **keywords: Any) -> Any:
            return numpys(*(host(x) for x in args), **{k: host(v) for k, v in keywords.items()})

        return about

    def call(*args: Any, **keywords: Any) -> Any:
        _checked(real, name, args, keywords)
        if name in _WAITS:
            COUNTS.reads[name] += 1
        if name == "repeat" and any(isinstance(x, ndarray) for x in (*args[1:2],)):
            raise ValueError("cupy.ndarray cannot be specified as `repeats` argument.")
        with warnings.catch_warnings():  # SciPy deprecates float counts, CuPy does not
            warnings.filterwarnings("ignore", "non-integer arg n", DeprecationWarning)
            out = launched(name, numpys, *args, **keywords)
        if name == "matmul" and args[0].dtype == args[1].dtype != out.dtype:
            return made(out._host.astype(args[0].dtype))  # bfloat16, which NumPy widens
        return out

    call.__name__ = name
    if isinstance(real, FunctionType):
        call.__signature__ = inspect.signature(real)  # type: ignore[attr-defined]
    return call


def _like(real: ModuleType, numpys: Any, name: str) -> ModuleType:
    """Return a module with the names of a real one, and NumPy's functions behind them."""
    module = ModuleType(name)
    names = getattr(real, "__all__", None) or [n for n in vars(real) if not n.startswith("_")]
    for attribute in {*names, *(n for n in vars(real) if not n.startswith("_"))}:
        value = getattr(real, attribute, None)
        other = getattr(numpys, attribute, None)
        if value is other or isinstance(value, type | int | float | type(None)):
            setattr(module, attribute, value)
        elif callable(value) and callable(other):
            setattr(module, attribute, _function(value, other, attribute))
    if hasattr(real, "__all__"):
        module.__all__ = [n for n in real.__all__ if hasattr(module, n)]  # type: ignore[attr-defined]
    return module


def _asnumpy(a: Any, *args: Any, **keywords: Any) -> Any:
    return a.get() if isinstance(a, ndarray) else np.asarray(a)


def _array(obj: Any, dtype: Any = None, copy: bool = True, *rest: Any, **keywords: Any) -> Any:
    """Create an array, also from a NumPy array: an asynchronous copy to the device."""
    if isinstance(obj, ndarray) and not copy and dtype in (None, obj.dtype):
        return obj if obj._place == CURRENT[0] else made(obj._host.copy())  # copy to this device
    COUNTS.launches["array"] += 1
    given = obj if isinstance(obj, np.ndarray) else host(obj)
    return made(np.array(given, dtype=dtype, copy=True))


def _asarray(a: Any, dtype: Any = None, order: Any = None, *, blocking: bool = False) -> Any:
    return _array(a, dtype, copy=False)


def _scatter_add(a: Any, slices: Any, value: Any) -> None:
    if str(a.dtype) not in (
        *("int32", "float16", "float32", "float64", "uint32", "uint64"),
        *("complex64", "complex128"),
    ):
        raise TypeError(f"cupyx.scatter_add does not support {a.dtype}")
    COUNTS.launches["scatter_add"] += 1
    check_places(a, slices, value)
    np.add.at(a._host, host(slices), host(value))


class _Quiet:
    def __init__(self, **settings: Any) -> None:
        pass

    def __enter__(self) -> None:
        return None

    def __exit__(self, *raised: object) -> None:
        return None


class _Sparse:
    """A sparse matrix on the device."""

    __module__ = "cupyx.scipy.sparse"

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __matmul__(self, x: Any) -> Any:
        return wrapped(self.inner @ host(x))

    def conj(self) -> "_Sparse":
        return _Sparse(self.inner.conj())

    def tocsr(self) -> "_Sparse":
        return _Sparse(self.inner.tocsr())

    @property
    def T(self) -> "_Sparse":  # noqa: N802 - their name
        return _Sparse(self.inner.T)


def _solve_triangular(
    a: Any,
    b: Any,
    trans: int = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = False,
) -> Any:
    # The real module cannot be imported without cuBLAS: this is its signature.
    solve = functools.partial(
        scipy.linalg.solve_triangular, trans=trans, lower=lower, unit_diagonal=unit_diagonal
    )
    return launched("solve_triangular", solve, a, b)


def _modules_of_cupyx(real: dict[str, ModuleType]) -> dict[str, ModuleType]:
    names = ["cupyx", "cupyx.scipy", "cupyx.scipy.special", "cupyx.scipy.linalg"]
    names += ["cupyx.scipy.sparse", "cupyx.scipy.sparse.linalg"]
    made_modules = {name: ModuleType(name) for name in names}
    special = _like(real["cupyx.scipy.special"], scipy.special, "cupyx.scipy.special")
    made_modules["cupyx.scipy.special"] = special
    cupyx, scipys = made_modules["cupyx"], made_modules["cupyx.scipy"]
    cupyx.scatter_add, cupyx.errstate = _scatter_add, _Quiet  # type: ignore[attr-defined]
    cupyx.empty_pinned = lambda shape, dtype=float, order="C": np.empty(shape, dtype, order)  # type: ignore[attr-defined]
    linalg = made_modules["cupyx.scipy.linalg"]
    linalg.solve_triangular = _solve_triangular  # type: ignore[attr-defined]
    sparse, solvers = (made_modules[f"cupyx.scipy.sparse{end}"] for end in ("", ".linalg"))

    def coo_matrix(parts: Any, shape: Any) -> _Sparse:
        return _Sparse(scipy.sparse.coo_matrix(host(parts), shape=shape))

    def spsolve(matrix: _Sparse, b: Any) -> Any:
        COUNTS.launches["spsolve"] += 1
        return wrapped(scipy.sparse.linalg.spsolve(matrix.inner.tocsc(), host(b)))

    sparse.coo_matrix, solvers.spsolve = coo_matrix, spsolve  # type: ignore[attr-defined]
    sparse.linalg, scipys.sparse = solvers, sparse  # type: ignore[attr-defined]
    scipys.special, scipys.linalg, cupyx.scipy = special, linalg, scipys  # type: ignore[attr-defined]
    return made_modules


def install() -> None:
    """Replace the real modules by the emulated ones."""
    real = {
        name: importlib.import_module(name)
        for name in (
            *("cupy", "cupy.linalg", "cupy.fft", "cupy.cuda", "cupy.lib.stride_tricks"),
            *("cupyx", "cupyx.scipy", "cupyx.scipy.special", "cupy._core._routines_linalg"),
        )
    }
    cupy = _like(real["cupy"], np, "cupy")
    new: Any = cupy
    new.__real_path__ = list(real["cupy"].__path__)
    new.__version__ = f"{real['cupy'].__version__} (emulated)"
    new.ndarray, new.asnumpy, new.asarray, new.array = ndarray, _asnumpy, _asarray, _array
    new.bool_, new.errstate = np.bool_, np.errstate
    for name in ("ElementwiseKernel", "RawKernel"):
        setattr(new, name, getattr(kernels, name))
    new.from_dlpack = lambda x: made(np.from_dlpack(x).copy())
    new.ascontiguousarray = lambda a, dtype=None: launched(
        "ascontiguousarray", lambda x: np.asarray(x, dtype, order="C"), a
    )
    new.get_default_memory_pool = lambda: cuda.pool
    new.get_default_pinned_memory_pool = lambda: cuda.pinned_pool
    new.linalg = _like(real["cupy.linalg"], np.linalg, "cupy.linalg")
    new.fft = _like(real["cupy.fft"], np.fft, "cupy.fft")
    strides = ModuleType("cupy.lib.stride_tricks")
    strides.as_strided = lambda x, shape=None, strides=None: made(  # type: ignore[attr-defined]
        np.lib.stride_tricks.as_strided(x._host, shape, strides), x._place, x
    )
    new.lib = ModuleType("cupy.lib")
    new.lib.stride_tricks = strides
    new.cuda = _cuda(real["cupy.cuda"])
    new._core = ModuleType("cupy._core")
    types: dict[Any, int] = {}
    new._core.set_compute_type = lambda dtype, kind: types.__setitem__(np.dtype(dtype), kind)
    new._core.get_compute_type = lambda dtype: types.get(np.dtype(dtype), 0)
    new._core._routines_linalg = real["cupy._core._routines_linalg"]
    for name in [n for n in sys.modules if n.partition(".")[0] in ("cupy", "cupyx")]:
        del sys.modules[name]
    emulated = {
        **_modules_of_cupyx(real),
        "cupy": cupy,
        "cupy.linalg": new.linalg,
        "cupy.fft": new.fft,
        "cupy.cuda": new.cuda,
        "cupy.cuda.device": new.cuda.device,
        "cupy._core": new._core,
        "cupy._core._routines_linalg": new._core._routines_linalg,
        "cupy.lib": new.lib,
        "cupy.lib.stride_tricks": strides,
    }
    for name, module in emulated.items():
        module.__spec__ = ModuleSpec(name, None, is_package=True)
    sys.modules.update(emulated)


def _cuda(real: ModuleType) -> ModuleType:
    module: Any = ModuleType("cupy.cuda")
    for name, value in vars(cuda).items():
        if not name.startswith("_") and hasattr(real, name):
            setattr(module, name, value)
    module.runtime = ModuleType("cupy.cuda.runtime")
    module.runtime.getDeviceCount = lambda: 2
    module.runtime.getDevice = lambda: CURRENT[0]
    module.runtime.memGetInfo = lambda: (8 << 30, 16 << 30)
    module.device = ModuleType("cupy.cuda.device")
    module.device.Device = cuda.Device
    module.memory = ModuleType("cupy.cuda.memory")
    module.memory.OutOfMemoryError = cuda.OutOfMemoryError
    return module
