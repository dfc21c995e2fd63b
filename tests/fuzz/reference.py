"""The reference for programs, with NumPy and SciPy: a namespace with xgrad's names.

It does not use xgrad. `tests.fuzz.layers_reference` is its ``nn.functional``.
"""

import sys
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

#: Functions that sort: equal values have no derivative.
_ORDERING = (
    *("median", "nanmedian", "quantile", "nanquantile", "percentile", "nanpercentile"),
    *("unique", "unique_values", "union1d", "setdiff1d", "setxor1d", "intersect1d"),
)


class Reference:
    """NumPy's functions, and those that NumPy lacks or names differently."""

    fft = np.fft

    def __init__(self) -> None:
        #: Results of `stop_gradient`, in order; while `frozen` is set they are reused, as constants.
        self.stopped: list[Any] = []
        self.frozen = False
        self._at = 0
        #: Whether equal values were sorted: there is no derivative, but differences cannot show it.
        self.tied = False
        self.linalg = _Linalg()
        self.special = _Special()

    def __getattr__(self, name: str) -> Any:
        if name in _ORDERING:
            return self._ordering(getattr(np, name))
        return getattr(np, name)

    def _ordering(self, function: Any) -> Any:
        def ordered(x: Any, *args: Any, **options: Any) -> Any:
            self._look_for_ties(x)
            return function(x, *args, **options)

        return ordered

    def _look_for_ties(self, x: Any) -> None:
        self.tied |= np.unique(x).size != np.size(x)

    def begin(self, frozen: bool) -> None:
        self.frozen, self._at, self.tied = frozen, 0, False
        if not frozen:
            self.stopped = []

    def stop_gradient(self, x: Any) -> Any:
        if not self.frozen:
            self.stopped.append(np.array(x))
            return np.array(x)
        self._at += 1
        return self.stopped[self._at - 1].astype(np.asarray(x).dtype)

    def sigmoid(self, x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    def logsumexp(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        top = np.max(x, axis=axis, keepdims=True)
        out = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
        return out if keepdims else np.squeeze(out, axis=axis)

    def cumulative_logsumexp(self, x: Any, axis: int | None = None) -> Any:
        return np.logaddexp.accumulate(x, axis=0 if axis is None else axis)

    def sort(self, x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
        self._look_for_ties(x)
        if not descending:
            return np.sort(x, axis=axis, stable=True)
        return np.flip(np.sort(x, axis=axis, stable=True), axis=axis)

    def argsort(self, x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
        return np.argsort(-x if descending else x, axis=axis, stable=True)

    def partition(self, x: Any, kth: int, axis: int = -1) -> Any:
        return self.sort(x, axis)

    def argpartition(self, x: Any, kth: int, axis: int = -1) -> Any:
        return self.argsort(x, axis)

    def tensor(self, x: Any, dtype: Any = None) -> Any:
        return np.array(x, dtype=dtype)

    def from_numpy(self, x: Any) -> Any:
        return np.array(x)

    def from_dlpack(self, x: Any) -> Any:
        return np.from_dlpack(x)

    def astype(self, x: Any, dtype: Any, copy: bool = True) -> Any:
        x = np.asarray(x)
        if x.dtype == np.longdouble and np.dtype(dtype) == np.float64:
            dtype = x.dtype
        if x.dtype == np.clongdouble and np.dtype(dtype).kind == "c":
            dtype = x.dtype
        if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
            x = x.real
        return x.astype(dtype, copy=copy)

    def broadcast_arrays(self, *arrays: Any) -> Any:
        shape = np.broadcast_shapes(*(np.shape(x) for x in arrays))
        return tuple(np.broadcast_to(x, shape) for x in arrays)

    def einsum(self, equation: str, *arrays: Any) -> Any:
        return np.array(np.einsum(equation, *arrays))  # NumPy's may be a view, xgrad's is not

    def unique_values(self, x: Any) -> Any:
        return np.unique(x)

    def sliding_window_view(self, x: Any, window_shape: Any, axis: Any = None) -> Any:
        return np.lib.stride_tricks.sliding_window_view(x, window_shape, axis=axis)

    def tril(self, x: Any, k: int = 0) -> Any:
        return np.tril(x, k)

    def triu(self, x: Any, k: int = 0) -> Any:
        return np.triu(x, k)

    def clip(self, x: Any, min: Any = None, max: Any = None) -> Any:
        return np.array(np.clip(x, min, max))

    def pad(self, x: Any, width: Any, mode: str = "constant", constant_values: float = 0) -> Any:
        options = {"constant_values": constant_values} if mode == "constant" else {}
        return np.pad(x, width, mode=mode, **options)


class _Special:
    """SciPy's functions; numbers do not affect the dtype, as elsewhere in NumPy."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(scipy.special, name)

        def called(*args: Any, **options: Any) -> Any:
            dtypes = [x.dtype for x in args if isinstance(x, np.ndarray)]
            if np.longdouble in dtypes and not isinstance(function, np.ufunc):
                raise TypeError("not in this precision")
            return np.asarray(function(*args, **options)).astype(np.result_type(*dtypes))

        return called


_OF_SCIPY = (
    *("block_diag", "cho_solve", "circulant", "hankel", "toeplitz"),
    *("solve_banded", "solve_continuous_lyapunov", "solve_sylvester"),
)


def _scipys(name: str) -> Any:
    """Return SciPy's function, where it has the precision."""

    def called(*args: Any) -> Any:
        arrays = [x for x in args if isinstance(x, np.ndarray)]
        for x in arrays:
            _double(x)
        return getattr(scipy.linalg, name)(*args).astype(np.result_type(*arrays))

    return called


class _Linalg:
    def __getattr__(self, name: str) -> Any:
        return _scipys(name) if name in _OF_SCIPY else getattr(np.linalg, name)

    def solve(self, a: Any, b: Any) -> Any:
        return np.linalg.solve(a, b)

    def sqrtm(self, x: Any) -> Any:
        return _real(scipy.linalg.sqrtm(_double(x))).astype(x.dtype)

    def logm(self, x: Any) -> Any:
        return _real(scipy.linalg.logm(_double(x))).astype(x.dtype)

    def fractional_matrix_power(self, x: Any, t: float) -> Any:
        return _real(scipy.linalg.fractional_matrix_power(_double(x), t)).astype(x.dtype)

    def polar(self, x: Any) -> Any:
        return tuple(y.astype(x.dtype) for y in scipy.linalg.polar(_double(x)))

    def cho_factor(self, x: Any, lower: bool = False) -> Any:
        factor = np.linalg.cholesky(_double(x))
        return (factor if lower else np.conj(factor.T)), lower

    def expm(self, x: Any) -> Any:
        return scipy.linalg.expm(x)

    def solve_triangular(
        self, a: Any, b: Any, upper: bool = False, unit_diagonal: bool = False
    ) -> Any:
        a = np.triu(a) if upper else np.tril(a)
        if unit_diagonal:
            eye = np.eye(a.shape[-1], dtype=a.dtype)
            a = a * (1 - eye) + eye
        return np.linalg.solve(a, b)

    def lstsq(self, a: Any, b: Any) -> Any:
        return (np.linalg.pinv(a) @ b,)


def _real(x: Any) -> Any:
    """Return the real part of a matrix with eigenvalues to the right of 0, whose result is real."""
    return np.real(x)


def _double(x: Any) -> Any:
    if x.dtype == np.longdouble:
        raise TypeError("not in this precision")
    return x


def own(x: Any) -> Any:
    """Return a statement's result as an array, like xgrad.

    NumPy returns scalars where xgrad returns 0-d arrays. A new array of NumPy may not be row-major
    (after an index array, or for arguments that are not), so that reshaping it would copy.
    """
    if isinstance(x, np.generic | float | int | complex):
        return np.asarray(x)
    if isinstance(x, np.ndarray) and not x.flags.c_contiguous and x.flags.writeable:
        new = x.base is None or sys.getrefcount(x.base) <= 2  # nothing else can see it
        return np.array(x, order="C") if new else x
    return x
