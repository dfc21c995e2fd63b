# What type checkers see of the standard's functions on `xp`: those that rules may call. Any other
# name is an error. Dtypes are NumPy's, or the library's own. Functions of two arrays also take
# numbers.

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from xgrad.typing import Array, Axis, Shape

Operand: TypeAlias = Array | complex
Unary: TypeAlias = Callable[[Array], Array]
Binary: TypeAlias = Callable[[Operand, Operand], Array]

class Standard:
    accumulates_wide: frozenset[str]
    library: Any
    def __init__(self, library: Any) -> None: ...
    def _wide(self, name: str, function: Any) -> Any: ...

    # elementwise
    abs: Unary
    acos: Unary
    acosh: Unary
    asin: Unary
    asinh: Unary
    atan: Unary
    atanh: Unary
    bitwise_invert: Unary
    ceil: Unary
    conj: Unary
    cos: Unary
    cosh: Unary
    exp: Unary
    exp2: Unary  # not in the standard; every library has it, or its namespace
    expm1: Unary
    floor: Unary
    imag: Unary
    isfinite: Unary
    isinf: Unary
    isnan: Unary
    log: Unary
    log1p: Unary
    log2: Unary
    log10: Unary
    logical_not: Unary
    negative: Unary
    positive: Unary
    real: Unary
    reciprocal: Unary
    round: Unary
    sign: Unary
    signbit: Unary
    sin: Unary
    sinh: Unary
    sqrt: Unary
    square: Unary
    tan: Unary
    tanh: Unary
    trunc: Unary
    add: Binary
    atan2: Binary
    bitwise_and: Binary
    bitwise_left_shift: Binary
    bitwise_or: Binary
    bitwise_right_shift: Binary
    bitwise_xor: Binary
    copysign: Binary
    divide: Binary
    equal: Binary
    floor_divide: Binary
    greater: Binary
    greater_equal: Binary
    hypot: Binary
    less: Binary
    less_equal: Binary
    logaddexp: Binary
    logical_and: Binary
    logical_or: Binary
    logical_xor: Binary
    maximum: Binary
    minimum: Binary
    multiply: Binary
    nextafter: Binary
    not_equal: Binary
    pow: Binary
    remainder: Binary
    subtract: Binary
    def clip(
        self, x: Array, /, min: Operand | None = None, max: Operand | None = None
    ) -> Array: ...

    # creation
    def arange(
        self,
        start: float,
        /,
        stop: float | None = None,
        step: float = 1,
        *,
        dtype: Any = None,
        device: Any = None,
    ) -> Array: ...
    def asarray(
        self, obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
    ) -> Array: ...
    def empty(self, shape: Shape, *, dtype: Any = None, device: Any = None) -> Array: ...
    def eye(
        self,
        n_rows: int,
        n_cols: int | None = None,
        /,
        *,
        k: int = 0,
        dtype: Any = None,
        device: Any = None,
    ) -> Array: ...
    def from_dlpack(self, x: Any, /) -> Array: ...
    def full(
        self, shape: Shape, fill_value: complex, *, dtype: Any = None, device: Any = None
    ) -> Array: ...
    def full_like(
        self, x: Array, /, fill_value: complex, *, dtype: Any = None, device: Any = None
    ) -> Array: ...
    def linspace(
        self,
        start: complex,
        stop: complex,
        /,
        num: int,
        *,
        dtype: Any = None,
        device: Any = None,
        endpoint: bool = True,
    ) -> Array: ...
    def ones(self, shape: Shape, *, dtype: Any = None, device: Any = None) -> Array: ...
    def ones_like(self, x: Array, /, *, dtype: Any = None, device: Any = None) -> Array: ...
    def tril(self, x: Array, /, *, k: int = 0) -> Array: ...
    def triu(self, x: Array, /, *, k: int = 0) -> Array: ...
    def zeros(self, shape: Shape, *, dtype: Any = None, device: Any = None) -> Array: ...
    def zeros_like(self, x: Array, /, *, dtype: Any = None, device: Any = None) -> Array: ...

    # dtypes
    def astype(self, x: Array, dtype: Any, /, *, copy: bool = True) -> Array: ...

    # reductions
    def all(self, x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array: ...
    def any(self, x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array: ...
    def argmax(self, x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array: ...
    def argmin(self, x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array: ...
    def count_nonzero(self, x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array: ...
    def cumulative_prod(
        self,
        x: Array,
        /,
        *,
        axis: int | None = None,
        dtype: Any = None,
        include_initial: bool = False,
    ) -> Array: ...
    def cumulative_sum(
        self,
        x: Array,
        /,
        *,
        axis: int | None = None,
        dtype: Any = None,
        include_initial: bool = False,
    ) -> Array: ...
    def diff(
        self,
        x: Array,
        /,
        *,
        axis: int = -1,
        n: int = 1,
        prepend: Array | None = None,
        append: Array | None = None,
    ) -> Array: ...
    def max(self, x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array: ...
    def mean(self, x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array: ...
    def min(self, x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array: ...
    def prod(
        self, x: Array, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False
    ) -> Array: ...
    def std(
        self, x: Array, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
    ) -> Array: ...
    def sum(
        self, x: Array, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False
    ) -> Array: ...
    def var(
        self, x: Array, /, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
    ) -> Array: ...

    # shapes
    def broadcast_arrays(self, *arrays: Array) -> Sequence[Array]: ...
    def broadcast_to(self, x: Array, /, shape: Shape) -> Array: ...
    def concat(
        self, arrays: tuple[Array, ...] | list[Array], /, *, axis: int | None = 0
    ) -> Array: ...
    def expand_dims(self, x: Array, /, *, axis: int = 0) -> Array: ...
    def flip(self, x: Array, /, *, axis: Axis = None) -> Array: ...
    def matrix_transpose(self, x: Array, /) -> Array: ...
    def moveaxis(
        self, x: Array, source: int | tuple[int, ...], destination: int | tuple[int, ...], /
    ) -> Array: ...
    def permute_dims(self, x: Array, /, axes: Shape) -> Array: ...
    def repeat(self, x: Array, repeats: Array, /) -> Array: ...
    def reshape(self, x: Array, /, shape: Shape) -> Array: ...
    def roll(self, x: Array, /, shift: int | tuple[int, ...], *, axis: Axis = None) -> Array: ...
    def squeeze(self, x: Array, /, axis: int | tuple[int, ...]) -> Array: ...
    def stack(self, arrays: tuple[Array, ...] | list[Array], /, *, axis: int = 0) -> Array: ...
    def tile(self, x: Array, repetitions: Shape, /) -> Array: ...
    def unstack(self, x: Array, /, *, axis: int = 0) -> tuple[Array, ...]: ...

    # products
    def matmul(self, x1: Array, x2: Array, /) -> Array: ...
    def tensordot(
        self, x1: Array, x2: Array, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2
    ) -> Array: ...
    def vecdot(self, x1: Array, x2: Array, /, *, axis: int = -1) -> Array: ...

    # selection and order
    def argsort(
        self, x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True
    ) -> Array: ...
    def nonzero(self, x: Array, /) -> tuple[Array, ...]: ...
    def searchsorted(self, x1: Array, x2: Array, /, *, side: str = "left") -> Array: ...
    def sort(
        self, x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True
    ) -> Array: ...
    def take(self, x: Array, indices: Array, /, *, axis: int) -> Array: ...
    def take_along_axis(self, x: Array, indices: Array, /, *, axis: int) -> Array: ...
    def where(self, condition: Array, x1: Operand, x2: Operand, /) -> Array: ...

    linalg: Linalg
    fft: Fourier

class EighResult(NamedTuple):
    eigenvalues: Array
    eigenvectors: Array

class QRResult(NamedTuple):
    Q: Array
    R: Array

class SlogdetResult(NamedTuple):
    sign: Array
    logabsdet: Array

class SVDResult(NamedTuple):
    U: Array
    S: Array
    Vh: Array

class Linalg:
    cholesky: Unary
    det: Unary
    eigvals: Unary
    eigvalsh: Unary
    inv: Unary
    svdvals: Unary
    def eig(self, x: Array, /) -> EighResult: ...
    def eigh(self, x: Array, /) -> EighResult: ...
    def qr(self, x: Array, /, *, mode: Literal["reduced", "complete"] = "reduced") -> QRResult: ...
    def slogdet(self, x: Array, /) -> SlogdetResult: ...
    def solve(self, x1: Array, x2: Array, /) -> Array: ...
    def svd(self, x: Array, /, *, full_matrices: bool = True) -> SVDResult: ...

Norm: TypeAlias = Literal["backward", "ortho", "forward"]

class Fourier:
    def fft(
        self, x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
    ) -> Array: ...
    def ifft(
        self, x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
    ) -> Array: ...
    def fftn(
        self,
        x: Array,
        /,
        *,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = None,
        norm: Norm = "backward",
    ) -> Array: ...
    def ifftn(
        self,
        x: Array,
        /,
        *,
        s: Sequence[int] | None = None,
        axes: Sequence[int] | None = None,
        norm: Norm = "backward",
    ) -> Array: ...
    def rfft(
        self, x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
    ) -> Array: ...
    def irfft(
        self, x: Array, /, *, n: int | None = None, axis: int = -1, norm: Norm = "backward"
    ) -> Array: ...
