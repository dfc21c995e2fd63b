"""CuPy: NumPy's interface on a CUDA device."""

from typing import Any

import numpy as np

from xgrad.backends.backend import Backend
from xgrad.backends.namespace import Array, Key, Namespace
from xgrad.errors import BackendError


class CupyNamespace(Namespace):
    """CuPy's functions through array-api-compat."""

    def __init__(self, library: Any, cupyx: Any) -> None:
        super().__init__(library)
        self.scatter_add = cupyx.scatter_add
        self.sparse = cupyx.scipy.sparse
        self.functions = cupyx.scipy.special
        self.triangular = cupyx.scipy.linalg.solve_triangular

    def astype(self, x: Array, dtype: Any, *, copy: bool = True) -> Array:
        if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
            x = x.real
        return x.astype(dtype, copy=copy)

    def owns(self, x: Array) -> bool:
        return x.base is None

    def add_basic(self, total: Array, g: Array, key: Key) -> Array:
        total[key] += g
        return total

    def solve_triangular(
        self, a: Array, b: Array, *, upper: bool, unit_diagonal: bool = False
    ) -> Array:
        if a.ndim > 2 or b.ndim > 2:
            return super().solve_triangular(a, b, upper=upper, unit_diagonal=unit_diagonal)
        return self.triangular(a, b, lower=not upper, unit_diagonal=unit_diagonal)

    def sparse_product(self, matrix: Any, x: Array) -> Array:
        out = matrix @ x if type(matrix).__module__.startswith("cupyx.") else None
        return super().sparse_product(matrix, x) if out is None else out

    def sparse_solve(self, pattern: Any, values: Array, b: Array, adjoint: bool) -> Array:
        places = (pattern.rows, pattern.columns)
        matrix = self.sparse.coo_matrix((values, places), shape=pattern.shape)
        matrix = matrix.conj().T if adjoint else matrix
        return self.sparse.linalg.spsolve(matrix.tocsr(), b).reshape(b.shape)

    def special(self, name: str, *arrays: Array) -> Array:
        function = getattr(self.functions, name, None)
        return super().special(name, *arrays) if function is None else function(*arrays)

    def host(self, x: Array) -> np.ndarray[Any, Any]:
        found: np.ndarray[Any, Any] = x.get()
        return found

    def repeat(self, x: Array, repeats: Array) -> Array:
        # CuPy wants the counts on the host: they decide how long the result is.
        return self.library.repeat(x, repeats.tolist())

    def index_add(self, g: Array, indices: Array, *, axis: int, size: int) -> Array:
        if g.dtype.kind == "c":  # atomics exist for real numbers only
            real = self.index_add(g.real, indices, axis=axis, size=size)
            return real + 1j * self.index_add(g.imag, indices, axis=axis, size=size)
        shape = (*g.shape[:axis], size, *g.shape[axis + 1 :])
        out = self.zeros(shape, dtype=g.dtype)
        self.scatter_add(out, (slice(None),) * axis + (indices,), g)
        return out


def make_backend() -> Backend:
    """Return CuPy's record, or say why there is none."""
    import cupy

    if not cupy.cuda.is_available():
        raise BackendError(
            "backend 'cupy': CuPy is installed, but it finds no usable CUDA device here "
            "(cupy.cuda.is_available() is False)"
        )
    import array_api_compat.cupy as compat
    import cupyx
    import cupyx.scipy.linalg
    import cupyx.scipy.sparse.linalg
    import cupyx.scipy.special

    return Backend(
        name="cupy",
        xp=CupyNamespace(compat, cupyx),
        is_array=lambda x: isinstance(x, cupy.ndarray),
        to_numpy=cupy.asnumpy,
        devices=lambda: [f"cuda:{i}" for i in range(cupy.cuda.runtime.getDeviceCount())],
        version=cupy.__version__,
        parse_device=lambda d: cupy.cuda.Device(int(str(d).rpartition(":")[2])),
    )
