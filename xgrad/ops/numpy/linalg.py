"""Functions of ``np.linalg``, with NumPy's arguments. Integers are computed with as float64."""

import math
import operator
from collections.abc import Sequence
from typing import Any

from xgrad.backends import host
from xgrad.backends.dtypes import is_complex
from xgrad.engine.declare import function
from xgrad.engine.dispatch import XG
from xgrad.engine.tensor import Tensor, stripped
from xgrad.ops.complex import abs, conj, imag, real, sign
from xgrad.ops.creation import as_tensor, astype, floats_of
from xgrad.ops.elementwise import add, multiply, subtract
from xgrad.ops.linalg import (
    determinants,
    factors,
    leastsquares,
    norms,
    products,
    singular,
    solving,
    spectral,
)
from xgrad.ops.linalg.factors import EigResult
from xgrad.ops.linalg.matrices import eye_like, holds, precision, triangle_weights
from xgrad.ops.linalg.singular import SVDResult
from xgrad.ops.numpy.arguments import NO_VALUE, write_out
from xgrad.ops.reductions import any, count_nonzero, max
from xgrad.ops.selection import equal, greater, not_equal, stop_gradient
from xgrad.ops.selection import where as select
from xgrad.ops.shape import expand_dims, flip, matrix_transpose, moveaxis, reshape
from xgrad.ops.sorting import argsort
from xgrad.ops.views.take import take_along_axis
from xgrad.typing import ArrayLike

# -- Hermitian matrices ------------------------------------------------------------------------


def _adjoint(x: Tensor) -> Tensor:
    return matrix_transpose(conj(x) if is_complex(x.dtype) else x)


def _by_triangle(name: str, a: Any, uplo: Any) -> Tensor:
    """Return a matrix whose lower triangle, which is read, is the one that the caller named."""
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise ValueError(f"{name}: UPLO must be 'L' or 'U', got {uplo!r}")
    x = floats_of(a)
    return x if uplo.upper() == "L" else _adjoint(x)


def _mirrored(a: Any) -> Tensor:
    """Return the Hermitian matrix of a lower triangle; its derivative is Hermitian, too."""
    x = floats_of(a)
    half = multiply(add(x, _adjoint(x)), 0.5)
    plain = stop_gradient(x)
    lower = multiply(plain, triangle_weights(plain, diagonal=0.5))
    return add(half, subtract(add(lower, _adjoint(lower)), stop_gradient(half)))


@function(numpy="linalg.cholesky")
def _cholesky(a: ArrayLike, /, *, upper: bool = False) -> Tensor:
    return factors.cholesky(_by_triangle("cholesky", a, "U" if upper else "L"), upper=bool(upper))


@function(numpy="linalg.eigh")
def _eigh(a: ArrayLike, UPLO: str = "L") -> Any:  # noqa: N803
    return spectral.eigh(_by_triangle("eigh", a, UPLO))


@function(numpy="linalg.eigvalsh")
def _eigvalsh(a: ArrayLike, UPLO: str = "L") -> Tensor:  # noqa: N803
    return spectral.eigvalsh(_by_triangle("eigvalsh", a, UPLO))


# -- decompositions ----------------------------------------------------------------------------


def _are_real(values: Tensor, x: Tensor) -> bool:
    """Whether NumPy returns real eigenvalues: those of a real matrix that are all real."""
    return not is_complex(x.dtype) and holds(stripped(not_equal(imag(values), 0))) is False


@function(numpy="linalg.eig")
def _eig(a: ArrayLike) -> Any:
    x = floats_of(a)
    values, vectors = factors.eig(x)
    if _are_real(values, x):
        return EigResult(real(values), real(vectors))
    return EigResult(values, vectors)


@function(numpy="linalg.eigvals")
def _eigvals(a: ArrayLike) -> Tensor:
    x = floats_of(a)
    values = factors.eigvals(x)
    return real(values) if _are_real(values, x) else values


def _hermitian_svd(a: Any, compute_uv: bool) -> Any:
    """Singular values are the sizes of eigenvalues; their signs go to the right vectors."""
    x = floats_of(a)
    if not compute_uv:
        sizes = abs(spectral.eigvalsh(x))
        return flip(
            take_along_axis(sizes, argsort(stop_gradient(sizes), axis=-1), axis=-1), axis=-1
        )
    values, vectors = spectral.eigh(x)
    order = flip(argsort(stop_gradient(abs(values)), axis=-1), axis=-1)
    values = take_along_axis(values, order, axis=-1)
    columns = XG.broadcast_to(expand_dims(order, axis=-2), vectors.shape)
    left = take_along_axis(vectors, columns, axis=-1)
    signs = astype(expand_dims(sign(stop_gradient(values)), axis=-2), left.dtype)
    right = multiply(left, signs)
    return SVDResult(left, abs(values), _adjoint(right))


@function(numpy="linalg.svd")
def _svd(
    a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    if hermitian:
        return _hermitian_svd(a, compute_uv)
    x = floats_of(a)
    if compute_uv:
        return singular.svd(x, full_matrices=bool(full_matrices))
    return singular.svdvals(x)


@function(numpy="linalg.svdvals")
def _svdvals(x: ArrayLike, /) -> Tensor:
    return singular.svdvals(floats_of(x))


@function(numpy="linalg.qr")
def _qr(a: ArrayLike, mode: Any = "reduced") -> Any:
    if mode == "raw":
        raise ValueError(
            "qr: mode='raw', the Householder vectors, has no derivative here; use 'reduced', "
            "'complete' or 'r'"
        )
    if mode not in ("reduced", "complete", "r"):
        raise ValueError(f"qr: mode must be 'reduced', 'complete' or 'r', got {mode!r}")
    x = floats_of(a)
    return factors.qr(x).R if mode == "r" else factors.qr(x, mode=mode)


# -- solving -----------------------------------------------------------------------------------


@function(numpy="linalg.inv")
def _inv(a: ArrayLike) -> Tensor:
    return solving.inv(floats_of(a))


@function(numpy="linalg.solve")
def _solve(a: ArrayLike, b: ArrayLike) -> Tensor:
    return solving.solve(floats_of(a, b), floats_of(b, a))


@function(numpy="linalg.pinv")
def _pinv(
    a: ArrayLike, rcond: Any = None, hermitian: bool = False, *, rtol: Any = NO_VALUE
) -> Tensor:
    if rcond is not None and rtol is not NO_VALUE:
        raise ValueError("pinv: pass rtol or rcond, not both")
    if rcond is None:  # NumPy's defaults: 1e-15, and the precision for rtol=None
        rcond = 1e-15 if rtol is NO_VALUE else rtol
    if hasattr(rcond, "shape") or isinstance(rcond, Sequence):
        rcond = stop_gradient(as_tensor(rcond, like=a))
    return leastsquares.pinv(_mirrored(a) if hermitian else floats_of(a), rtol=rcond)


@function(numpy="linalg.matrix_rank")
def _matrix_rank(
    A: ArrayLike,  # noqa: N803
    tol: Any = None,
    hermitian: bool = False,
    *,
    rtol: Any = None,
) -> Tensor:
    """``tol`` is absolute, and the rank of a vector is 0 or 1."""
    if tol is not None and rtol is not None:
        raise ValueError("matrix_rank: pass tol or rtol, not both")
    x = floats_of(A)
    if x.ndim < 2:
        return astype(any(not_equal(x, 0)), "int64")
    sizes = abs(spectral.eigvalsh(x)) if hermitian else singular.svdvals(stop_gradient(x))
    bound: Any = tol if rtol is None else rtol
    if bound is None:
        bound = sorted(x.shape[-2:])[1] * precision(x)
    elif hasattr(bound, "shape") or isinstance(bound, Sequence):
        bound = as_tensor(bound, like=x)
        bound = expand_dims(bound, axis=-1) if bound.ndim else bound
    if tol is None and sizes.shape[-1]:
        bound = multiply(max(sizes, axis=-1, keepdims=True), bound)
    return count_nonzero(greater(sizes, bound), axis=-1)


@function(numpy="linalg.lstsq")
def _lstsq(a: ArrayLike, b: ArrayLike, rcond: Any = None) -> Any:
    """Residuals are empty if the solution is not unique."""
    x, y = floats_of(a, b), floats_of(b, a)
    if x.ndim != 2:
        raise ValueError(f"lstsq: a must have 2 dimensions, got shape {x.shape}")
    if rcond is not None and rcond < 0:
        rcond = precision(x)
    solution, residuals, rank, values = leastsquares.lstsq(x, y, rtol=rcond)
    rows, columns = x.shape
    only = columns < rows and int(rank.item()) == columns
    residuals = reshape(residuals, (-1,))
    rank = astype(rank, "int32")
    return solution, residuals if only else residuals[:0], rank, values


@function(numpy="linalg.tensorsolve")
def _tensorsolve(a: ArrayLike, b: ArrayLike, axes: Any = None) -> Tensor:
    x, y = floats_of(a, b), floats_of(b, a)
    if axes is not None:
        x = moveaxis(x, tuple(axes), tuple(range(-len(tuple(axes)), 0)))
    unknown = x.shape[y.ndim :] if y.ndim else x.shape
    count = math.prod(unknown)
    if x.size != count**2:
        raise host.singular(
            f"tensorsolve: the lengths of a, shape {x.shape}, after the axes of b, {y.shape}, must "
            "have the product of those before"
        )
    found = solving.solve(reshape(x, (count, count)), reshape(y, (-1,)))
    return reshape(found, unknown)


@function(numpy="linalg.tensorinv")
def _tensorinv(a: ArrayLike, ind: int = 2) -> Tensor:
    x = floats_of(a)
    if ind <= 0:
        raise ValueError(f"tensorinv: ind must be positive, got {ind}")
    first, last = x.shape[:ind], x.shape[ind:]
    if math.prod(first) != math.prod(last):
        raise host.singular(
            f"tensorinv: the products of the lengths before and after axis {ind} must be equal, "
            f"got shape {x.shape}"
        )
    inverse = solving.inv(reshape(x, (math.prod(last), math.prod(first))))
    return reshape(inverse, (*last, *first))


# -- numbers of matrices -----------------------------------------------------------------------


@function(numpy="linalg.det")
def _det(a: ArrayLike) -> Tensor:
    return determinants.det(floats_of(a))


@function(numpy="linalg.slogdet")
def _slogdet(a: ArrayLike) -> Any:
    return determinants.slogdet(floats_of(a))


@function(numpy="linalg.norm")
def _norm(x: ArrayLike, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    axis = tuple(axis) if isinstance(axis, list) else axis
    return norms.norm(floats_of(x), ord, axis, bool(keepdims))


@function(numpy="linalg.cond")
def _cond(x: ArrayLike, p: Any = None) -> Tensor:
    """Infinite for singular matrices."""
    a = floats_of(x)
    if p in (None, 2, -2):
        return norms.cond(a, p)
    is_singular = equal(determinants.det(stop_gradient(a)), 0)
    regular = select(
        reshape(is_singular, (*is_singular.shape, 1, 1)), astype(eye_like(a), a.dtype), a
    )
    return select(is_singular, math.inf, norms.cond(regular, p))


@function(numpy="linalg.matrix_power")
def _matrix_power(a: ArrayLike, n: int) -> Tensor:
    x, n = as_tensor(a), n if isinstance(n, int) else operator.index(n)
    if n == 1 and x.ndim > 1 and x.shape[-1] == x.shape[-2]:
        return x  # the array itself, as in NumPy
    return solving.matrix_power(floats_of(x) if n < 0 else x, n)


@function(numpy="linalg.multi_dot")
def _multi_dot(arrays: Any, *, out: Any = None) -> Tensor:
    result = products.multi_dot([as_tensor(x, like=arrays) for x in arrays])
    return write_out("multi_dot", result, out)


@function(numpy="linalg.matrix_norm")
def _matrix_norm(x: ArrayLike, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    return norms.matrix_norm(floats_of(x), keepdims=bool(keepdims), ord=ord)


@function(numpy="linalg.vector_norm")
def _vector_norm(
    x: ArrayLike, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2
) -> Tensor:
    return norms.vector_norm(floats_of(x), axis=axis, keepdims=bool(keepdims), ord=ord)
