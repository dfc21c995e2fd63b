"""dask: chunked, lazy arrays, which need not fit into memory.

Elementwise functions, sums and means, matrix products, reshapes, slices and `where`
work, with first derivatives; nothing is computed until values are needed. Functions that need
the whole array at once, or whose result has an unknown shape, raise.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NoReturn

import array_api_compat.dask.array as compat
import dask
import dask.array
import numpy as np

from xgrad.backends.backend import Backend
from xgrad.backends.namespace import Namespace, selected
from xgrad.backends.runtime import the_host
from xgrad.backends.special import on_host
from xgrad.errors import BackendError
from xgrad.typing import Key

Array = Any  # the library's own

da: Any = dask.array  # mostly untyped

#: Functions that dask does not have, or that need the whole array.
_NEEDS_ALL = frozenset(
    [
        *("argmax", "argmin", "argsort", "cumulative_prod", "nextafter", "nonzero", "prod"),
        *("repeat", "searchsorted", "sort", "take_along_axis", "unstack"),
    ]
)


def _refusal(name: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise BackendError(
            f"{name}: not supported on dask, whose arrays are chunked and lazy; move a part "
            "that fits into memory first, as in x.to('numpy')"
        )

    return refuse


class _Refused:
    """``linalg`` and ``fft``: decompositions and transforms of whole matrices and axes."""

    def __init__(self, module: str) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        return _refusal(f"{self.module}.{name}")


class DaskNamespace(Namespace):
    """``dask.array`` through array-api-compat."""

    def __init__(self, library: Any) -> None:
        super().__init__(library)
        self.linalg: Any = _Refused("linalg")
        self.fft: Any = _Refused("fft")

    def solve_triangular(
        self, a: Array, b: Array, *, upper: bool, unit_diagonal: bool = False
    ) -> NoReturn:
        _refusal("linalg.solve_triangular")()

    def expm(self, x: Array) -> NoReturn:
        _refusal("linalg.expm")()

    def matrix_function(self, f: Any, a: Array, directions: Array | None = None) -> NoReturn:
        _refusal("linalg.sqrtm, logm and other functions of matrices")()

    def __getattr__(self, name: str) -> Any:
        if name in _NEEDS_ALL:
            return _refusal(name)
        return super().__getattr__(name)  # type: ignore[misc]

    def asarray(
        self, obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None
    ) -> Array:
        if isinstance(obj, da.Array):
            return obj if dtype is None else obj.astype(dtype)
        return da.from_array(np.array(obj, dtype=dtype, copy=copy or None))

    def astype(self, x: Array, dtype: Any, *, copy: bool = True) -> Array:
        if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
            x = da.real(x)
        return x.astype(dtype)

    def device(self, x: Array) -> str:
        return "cpu"

    def basic_index(self, x: Array, key: Key) -> Array:
        return x[key]

    def overwrite(self, x: Array, key: Key, v: Array) -> None:
        if math.prod(selected(key, x.shape)):
            super().overwrite(x, key, v)

    def reshape(self, x: Array, shape: tuple[int, ...]) -> Array:
        if x.size == 0:
            return da.zeros(shape, dtype=x.dtype)
        try:
            return da.reshape(x, shape)
        except NotImplementedError:  # the chunks do not fit the new shape; one chunk does
            return da.reshape(da.reshape(x.rechunk(-1), (x.size,)), shape)

    def take(self, x: Array, indices: Array, *, axis: int) -> Array:
        if x.dtype.kind == "c":  # dask declares the result real
            real = da.take(x.real, indices, axis=axis)
            return real + 1j * da.take(x.imag, indices, axis=axis)
        return da.take(x, indices, axis=axis)

    def special(self, name: str, *arrays: Array) -> Array:
        return da.map_blocks(functools.partial(on_host, name), *da.broadcast_arrays(*arrays))

    def eye(
        self,
        rows: int,
        columns: int | None = None,
        /,
        *,
        k: int = 0,
        dtype: Any = None,
        device: Any = None,
    ) -> Array:
        return da.from_array(np.eye(rows, columns, k=k, dtype=dtype))  # da.eye fails for k != 0

    def index_add(self, g: Array, indices: Array, *, axis: int, size: int) -> NoReturn:
        _refusal("take: the gradient of integer indices")()

    def last_writer(self, indices: Array, size: int) -> NoReturn:
        _refusal("write: an integer array as a key")()

    def accumulate(self, total: Array, x: Array) -> Array:
        return total + x

    def copy(self, x: Array) -> Array:
        return x.copy()


def make_backend() -> Backend:
    """Return dask's record."""
    return Backend(
        name="dask",
        xp=DaskNamespace(compat),
        array_type=da.Array,
        to_numpy=lambda x: np.asarray(x.compute()),
        parse_device=functools.partial(the_host, "dask"),
        version=dask.__version__,
        weak_scalars=True,
        mixes_kinds=True,
        immutable=True,
        lazy=True,
    )
