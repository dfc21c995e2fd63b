"""The pseudo-inverse, and least squares with it."""

import math
from typing import Any, NamedTuple

from xgrad.backends.dtypes import canonical, is_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG
from xgrad.engine.precision import WIDE
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.linalg.matrices import (
    adjoint,
    batch_same,
    check_matrix,
    columns_scaled,
    conjugate,
    precision,
)
from xgrad.ops.linalg.singular import matrix_rank, svdvals
from xgrad.ops.products import matmul
from xgrad.ops.reductions import sum
from xgrad.ops.shape import matrix_transpose, ndim_of
from xgrad.typing import ArrayLike, SupportsArray, Value

__all__ = ["lstsq", "pinv"]


def _pinv_change(xp: Namespace, e: Value, x: Value, out: Value) -> Value:
    """Tangent of the pseudo-inverse (Golub and Pereyra 1973)."""
    eh, ph = adjoint(xp, e), adjoint(xp, out)
    inner = xp.matmul(out, xp.matmul(e, out))
    left = xp.matmul(out, xp.matmul(ph, eh))
    left = xp.subtract(left, xp.matmul(xp.matmul(left, x), out))
    right = xp.matmul(eh, xp.matmul(ph, out))
    right = xp.subtract(right, xp.matmul(out, xp.matmul(x, right)))
    return xp.subtract(xp.add(left, right), inner)


def _pinv_vjp(xp: Namespace, g: Value, x: Value, out: Value) -> Value:
    gh, ph = adjoint(xp, g), adjoint(xp, out)
    inner = xp.matmul(ph, xp.matmul(g, ph))
    left = xp.subtract(gh, xp.matmul(x, xp.matmul(out, gh)))
    left = xp.matmul(left, xp.matmul(out, ph))
    right = xp.subtract(gh, xp.matmul(xp.matmul(gh, out), x))
    right = xp.matmul(ph, xp.matmul(out, right))
    return xp.subtract(xp.add(left, right), inner)


@general(vjps=(_pinv_vjp,), jvps=(_pinv_change,), batch=batch_same, precision=WIDE)
def _pinv(xp: Namespace, x: Value, /, *, rtol: Any = None) -> Value:
    if rtol is None:
        rtol = max(x.shape[-2:]) * precision(x)
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    rtol = rtol[..., None] if getattr(rtol, "shape", ()) else rtol
    small = s <= xp.max(s, axis=-1, keepdims=True) * rtol
    inverse = xp.where(small, xp.zeros_like(s), 1 / xp.where(small, xp.ones_like(s), s))
    if is_complex(x.dtype):
        inverse = xp.astype(inverse, canonical(x.dtype))
    v = conjugate(xp, xp.matrix_transpose(vh))
    return xp.matmul(columns_scaled(xp, v, inverse), conjugate(xp, xp.matrix_transpose(u)))


def pinv(x: SupportsArray, *, rtol: ArrayLike | None = None) -> Tensor:
    """Moore-Penrose pseudo-inverse (..., n, m) of matrices (..., m, n).

    Parameters
    ----------
    x : array or Tensor, shape (..., m, n)
    rtol : float or array of shape (...), optional
        Singular values up to ``rtol`` times the largest count as 0. Default: ``max(m, n)``
        times the spacing of floating-point numbers at 1.

    Notes
    -----
    The derivative is valid for directions that keep the rank (Golub and Pereyra 1973).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.pinv(xg.asarray([[2.0], [0.0]]))
    Tensor([[0.5, 0. ]])
    """
    check_matrix("pinv", x)
    if math.prod(x.shape[-2:]) == 0:
        return matrix_transpose(x) * 1
    return _pinv(x, rtol=lowest(rtol))


class LstsqResult(NamedTuple):
    """What `lstsq` returns."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def lstsq(x1: Any, x2: Any, *, rtol: float | None = None) -> LstsqResult:
    """Find the least squares solution x of ``x1 @ x = x2`` with the least norm.

    Parameters
    ----------
    x1 : array or Tensor, shape (..., m, n)
    x2 : array or Tensor, shape (m,) or (..., m, k)
    rtol : float, optional
        Singular values up to ``rtol`` times the largest count as 0; as in `pinv`.

    Returns
    -------
    LstsqResult
        ``solution`` (n,) or (..., n, k); ``residuals``, the sum of squares for each column,
        for any rank; ``rank``; ``singular_values``. The solution is ``pinv(x1) @ x2``,
        whose derivative is valid for directions that keep the rank.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.lstsq(xg.asarray([[1.0], [1.0]]), xg.asarray([1.0, 3.0])).solution
    Tensor([2.])
    """
    check_matrix("lstsq", x1)
    ndim_of("lstsq", x2)
    shape = tuple(x2.shape)
    if not shape or shape[0 if len(shape) == 1 else -2] != x1.shape[-2]:
        raise ValueError(f"lstsq: lengths differ: x1 {tuple(x1.shape)}, x2 {shape}")
    solution = matmul(pinv(x1, rtol=rtol), x2)
    rest = XG.abs(XG.subtract(matmul(x1, solution), x2))
    residuals = sum(XG.square(rest), axis=0 if len(shape) == 1 else -2)
    return LstsqResult(solution, residuals, matrix_rank(x1, rtol=rtol), svdvals(x1))
