"""The pseudo-inverse, and least squares with it."""

import math
from typing import Any, NamedTuple

from xgrad.backends.dtypes import canonical, is_complex
from xgrad.backends.namespace import Namespace
from xgrad.backends.scalars import is_number
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.precision import WIDE
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.linalg.matrices import (
    adjoint,
    batch_same,
    check_matrix,
    columns_scaled,
    conjugate,
    is_differentiated,
    precision,
)
from xgrad.ops.linalg.singular import matrix_rank, svd, svdvals
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


def _parts(xp: Namespace, x: Value, rtol: Any) -> tuple[Value, Value, Value, Value]:
    """Return the singular value decomposition, and which of the values count as 0."""
    u, s, vh = svd(x, full_matrices=False) if xp is XG else xp.linalg.svd(x, full_matrices=False)
    bound = rtol[..., None] if getattr(rtol, "shape", ()) else rtol
    return u, s, vh, xp.less_equal(s, xp.multiply(s[..., :1], bound))


def _low_rank_change(xp: Namespace, e: Value, x: Value, rtol: Any) -> Value:
    """Tangent of the largest part of the decomposition, and cotangent: the map is self-adjoint.

    With M = Uᴴ E V it is U N Vᴴ, N = M if i or j is kept, 0 if not; if only one of them is, plus
    d (d M + k Mᴴ) / (k² - d²), of the values k that is kept and d that is not (equations
    A v = s u and Aᴴ u = s v, differentiated). Equal values that are kept need no care.
    """
    u, s, vh, small = _parts(xp, x, rtol)
    kept = xp.astype(xp.logical_not(small), canonical(x.dtype))
    uh, v = adjoint(xp, u), adjoint(xp, vh)
    left, right = columns_scaled(xp, u, kept), columns_scaled(xp, v, kept)
    own = xp.matmul(left, xp.matmul(uh, e))
    rest = xp.subtract(e, own)
    total = xp.add(own, xp.matmul(xp.matmul(rest, right), vh))
    column, row = xp.reshape(s, (*s.shape, 1)), xp.reshape(s, (*s.shape[:-1], 1, s.shape[-1]))
    small_column = xp.reshape(small, column.shape)
    across = xp.not_equal(small_column, xp.reshape(small, row.shape))
    k = xp.where(across, xp.where(small_column, row, column), 1.0)
    d = xp.where(across, xp.where(small_column, column, row), 0.0)
    gap = xp.multiply(xp.subtract(k, d), xp.add(k, d))
    m = xp.matmul(uh, xp.matmul(e, v))
    turned = xp.add(xp.multiply(d, m), xp.multiply(k, adjoint(xp, m)))
    turned = xp.multiply(xp.divide(d, gap), turned)
    return xp.add(total, xp.matmul(u, xp.matmul(turned, vh)))


@general(vjps=(_low_rank_change,), jvps=(_low_rank_change,), batch=batch_same, precision=WIDE)
def _low_rank(xp: Namespace, x: Value, /, *, rtol: Any) -> Value:
    u, s, vh, small = _parts(xp, x, rtol)
    s = xp.where(small, xp.zeros_like(s), s)
    return xp.matmul(columns_scaled(xp, u, xp.astype(s, canonical(x.dtype))), vh)


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
    The derivative is valid for directions that keep the rank (Golub and Pereyra 1973). If ``rtol``
    counts singular values as 0 that are not, it is that of the truncated singular value
    decomposition, in any direction.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.pinv(xg.asarray([[2.0], [0.0]]))
    Tensor([[0.5, 0. ]])
    """
    check_matrix("pinv", x)
    if math.prod(x.shape[-2:]) == 0:
        return matrix_transpose(x) * 1
    rtol = lowest(rtol)
    if _truncates(x, rtol):
        x, rtol = _low_rank(x, rtol=rtol), None
    return _pinv(x, rtol=rtol)


def _truncates(x: Any, rtol: Any) -> bool:
    """Whether a derivative is needed of a matrix some of whose values count as 0 and are not.

    True if that is not known. Values within rounding of 0 keep the rule for a constant rank.
    """
    raw, backend = lowest(x), backend_below(x)
    noise = 16 * max(raw.shape[-2:]) * precision(raw)
    if rtol is None or (is_number(rtol) and rtol <= noise) or not is_differentiated(x):
        return False
    if backend.abstract or (xp := backend.xp).holds(xp.logical_not(xp.isfinite(raw))) is None:
        return True
    s = xp.linalg.svdvals(raw)
    shares = s / xp.where(s[..., :1] == 0, xp.ones_like(s), s[..., :1])
    bound = rtol[..., None] if getattr(rtol, "shape", ()) else rtol
    return bool(xp.holds(xp.logical_and(shares <= bound, shares > noise)))


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
        whose derivative is valid for directions that keep the rank, or see there.

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
