"""Functions of ``np.linalg`` whose arguments differ from xgrad's."""

from typing import Any

import numpy as np

from xgrad.engine.dispatch import XG
from xgrad.ops import selection
from xgrad.ops.complex import abs as abs_
from xgrad.ops.creation import as_tensor
from xgrad.ops.linalg import (
    factors,
    leastsquares,
    singular,
    spectral,
)
from xgrad.ops.linalg.matrices import adjoint
from xgrad.ops.linalg.products import multi_dot as multi_dot_
from xgrad.ops.reductions import any as any_
from xgrad.ops.reductions import count_nonzero, max
from xgrad.ops.shape import reshape

_NOT_GIVEN: Any = np._NoValue


def _by_triangle(function: str, a: Any, uplo: str) -> Any:
    """Return a matrix whose lower triangle, which is read, is the one that the caller named."""
    if uplo.upper() not in ("L", "U"):
        raise ValueError(f"np.linalg.{function}: UPLO must be 'L' or 'U', got {uplo!r}")
    return a if uplo.upper() == "L" else adjoint(XG, a)


def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """``np.linalg.cholesky``."""
    return factors.cholesky(_by_triangle("cholesky", a, "U" if upper else "L"), upper=upper)


def eigh(a: Any, UPLO: str = "L") -> Any:  # noqa: N803
    """``np.linalg.eigh``."""
    return spectral.eigh(_by_triangle("eigh", a, UPLO))


def eigvalsh(a: Any, UPLO: str = "L") -> Any:  # noqa: N803
    """``np.linalg.eigvalsh``."""
    return spectral.eigvalsh(_by_triangle("eigvalsh", a, UPLO))


def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """``np.linalg.svd``; a Hermitian matrix is decomposed like any other."""
    return singular.svd(a, full_matrices=full_matrices) if compute_uv else singular.svdvals(a)


def qr(a: Any, mode: Any = "reduced") -> Any:
    """``np.linalg.qr``."""
    return factors.qr(a).R if mode == "r" else factors.qr(a, mode=mode)


def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    """``np.linalg.multi_dot``."""
    if out is not None:
        raise TypeError("np.linalg.multi_dot: out cannot be passed with a Tensor")
    return multi_dot_(arrays)


def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _NOT_GIVEN) -> Any:
    """``np.linalg.pinv``, with NumPy's defaults: 1e-15, and the precision for ``rtol=None``."""
    if rcond is not None and rtol is not _NOT_GIVEN:
        raise ValueError("np.linalg.pinv: rtol and rcond cannot both be passed")
    if rcond is None:
        rcond = 1e-15 if rtol is _NOT_GIVEN else rtol
    return leastsquares.pinv(a, rtol=rcond)


def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:  # noqa: N803
    """``np.linalg.matrix_rank``: ``tol`` is absolute, and the rank of a vector is 0 or 1."""
    if tol is not None and rtol is not None:
        raise ValueError("np.linalg.matrix_rank: tol and rtol cannot both be passed")
    if len(A.shape) < 2:
        return int(any_(selection.not_equal(A, 0)))
    if tol is None and not hermitian:
        return singular.matrix_rank(A, rtol=rtol)
    sizes = abs_(spectral.eigvalsh(A)) if hermitian else singular.svdvals(A)
    bound = tol if rtol is None else rtol
    if bound is None:
        bound = int(A.shape[-1]) * float(np.finfo(sizes.dtype).eps)
    if getattr(bound, "shape", ()):
        bound = reshape(as_tensor(bound), (*bound.shape, 1))
    if tol is None and A.shape[-1]:
        bound = XG.multiply(max(sizes, axis=-1, keepdims=True), bound)
    return count_nonzero(selection.greater(sizes, bound), axis=-1)


def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """``np.linalg.lstsq``: empty residuals if the solution is not unique."""
    if rcond is not None and rcond < 0:
        rcond = float(np.finfo(a.dtype).eps)
    solution, residuals, rank, values = leastsquares.lstsq(a, b, rtol=rcond)
    rows, columns = a.shape
    only = int(rank) == columns < rows
    residuals = reshape(residuals, (-1,))
    return solution, residuals if only else residuals[:0], rank, values


FUNCTIONS: dict[Any, Any] = {
    np.linalg.cholesky: cholesky,
    np.linalg.eigh: eigh,
    np.linalg.eigvalsh: eigvalsh,
    np.linalg.lstsq: lstsq,
    np.linalg.matrix_rank: matrix_rank,
    np.linalg.multi_dot: multi_dot,
    np.linalg.pinv: pinv,
    np.linalg.qr: qr,
    np.linalg.svd: svd,
}
