"""Cholesky and QR factorisations; eigenvalues of general matrices."""

from typing import Any, Literal, NamedTuple, cast

from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_core
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG, recorded
from xgrad.engine.precision import WIDE
from xgrad.engine.tensor import Tensor
from xgrad.ops.linalg.matrices import (
    adjoint,
    batch_same,
    check_matrix,
    columns_scaled,
    diagonal_of,
    eye_like,
    hermitian_part,
    largest,
    off_diagonal,
    precision,
    refused,
    triangle_weights,
)
from xgrad.ops.linalg.solving import solve, solve_triangular
from xgrad.ops.products import matmul
from xgrad.ops.shape import concat
from xgrad.ops.views.parts import basic_index
from xgrad.typing import ArrayLike, SupportsArray, Value

__all__ = ["cholesky", "eig", "eigvals", "qr"]

# -- Cholesky ----------------------------------------------------------------------------------


def _lower_half(xp: Namespace, x: Value) -> Value:
    """The lower triangle, with half of the diagonal."""
    return xp.multiply(x, triangle_weights(x, diagonal=0.5))


def _cholesky_vjp(xp: Namespace, g: Value, out: Value) -> Value:
    if xp is not XG:
        return xp.cholesky_vjp(g, out)
    # The Hermitian part of L⁻ᴴ Φ(Lᴴ L̄) L⁻¹ (Murray 2016), where Φ keeps the lower half.
    above = adjoint(xp, out)
    inner = _lower_half(xp, xp.matmul(above, g))
    left = recorded(solve_triangular, above, inner, upper=True)
    full = recorded(solve_triangular, above, adjoint(xp, left), upper=True)
    return hermitian_part(xp, full)


def _cholesky_jvp(xp: Namespace, t: Value, out: Value) -> Value:
    left = recorded(solve_triangular, out, hermitian_part(xp, t), lower=True)
    inner = adjoint(xp, recorded(solve_triangular, out, adjoint(xp, left), lower=True))
    return xp.matmul(out, _lower_half(xp, inner))


@general(vjps=(_cholesky_vjp,), jvps=(_cholesky_jvp,), batch=batch_same, precision=WIDE)
def _cholesky(xp: Namespace, x: Value, /) -> Value:
    return xp.linalg.cholesky(x)


def cholesky(x: ArrayLike, *, upper: bool = False) -> Tensor:
    """Cholesky factor L of Hermitian positive definite matrices: ``x = L @ Lᴴ``.

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n)
        Only one triangle is read; the gradient is Hermitian.
    upper : bool
        Whether to return U = Lᴴ, with ``x = Uᴴ @ U``.

    Raises
    ------
    The library's own error if a matrix is not positive definite.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.cholesky(xg.asarray([[4.0, 0.0], [0.0, 9.0]]))
    Tensor([[2., 0.],
            [0., 3.]])
    """
    check_matrix("cholesky", x, square=True)
    factor = _cholesky(x)
    return cast("Tensor", adjoint(XG, factor)) if upper else factor


# -- QR ----------------------------------------------------------------------------------------


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Tensor
    R: Tensor


def _right_solve(xp: Namespace, x: Value, r: Value) -> Value:
    """``x @ r⁻ᴴ`` for upper triangular r."""
    return adjoint(xp, recorded(solve_triangular, r, adjoint(xp, x), upper=True))


def _qr_vjp(xp: Namespace, gs: Any, out: Any) -> Value:
    g_q, g_r = gs
    q, r = out
    inner: Any = None
    if g_r is not None:
        inner = xp.matmul(g_r, adjoint(xp, r))
    if g_q is not None:
        own = xp.matmul(adjoint(xp, q), g_q)
        inner = xp.negative(own) if inner is None else xp.subtract(inner, own)
    half = xp.multiply(inner, triangle_weights(inner, diagonal=0.5, upper=True))
    total = xp.matmul(q, xp.add(half, adjoint(xp, half)))
    return _right_solve(xp, total if g_q is None else xp.add(total, g_q), r)


def _qr_jvp(xp: Namespace, t: Value, out: Any) -> tuple[Value, ...]:
    q, r = out
    moved = adjoint(xp, recorded(solve_triangular, adjoint(xp, r), adjoint(xp, t), lower=True))
    inner = xp.matmul(adjoint(xp, q), moved)
    above = xp.multiply(inner, triangle_weights(inner, diagonal=0.5, upper=True))
    below = xp.multiply(adjoint(xp, inner), triangle_weights(inner, diagonal=0.5, upper=True))
    change = xp.add(above, below)
    return xp.subtract(moved, xp.matmul(q, change)), xp.matmul(change, r)


@general(vjps=(_qr_vjp,), jvps=(_qr_jvp,), batch=batch_same, several=True, precision=WIDE)
def _qr(xp: Namespace, x: Value, /) -> tuple[Value, ...]:
    return tuple(xp.linalg.qr(x))


def _no_gradient_beyond(xp: Namespace, g: Value, x: Value) -> Value:
    return refused(
        xp,
        xp.not_equal(g, 0),
        xp.zeros_like(x),
        "qr: with mode='complete', the columns of Q beyond the first n may be any basis and "
        "have no gradient; use mode='reduced', or only the first n columns",
    )


@general(
    vjps=(_no_gradient_beyond,),
    jvps=(lambda xp, t, out: xp.full_like(out, float("nan")),),
    batch=batch_same,
)
def _columns_beyond(xp: Namespace, x: Value, /) -> Value:
    return xp.linalg.qr(x, mode="complete")[0][..., :, x.shape[-1] :]


def qr(x: SupportsArray, mode: Literal["reduced", "complete"] = "reduced") -> QRResult:
    """Factor ``x = Q @ R`` with orthonormal columns in Q and upper triangular R.

    Parameters
    ----------
    x : array or Tensor, shape (..., m, n)
        For derivatives, the first min(m, n) columns must be linearly independent.
    mode : "reduced" or "complete"
        Whether Q is (m, k) and R (k, n) with k = min(m, n), or Q is (m, m) and R (m, n). The
        columns of Q beyond the first k do not have derivatives.

    Notes
    -----
    Derivatives as in Walter and Lehmann (2018). For a wide matrix, Q is the factor of the first
    m columns, and the rest of R is Qᴴ times the other columns.

    Examples
    --------
    >>> import xgrad as xg
    >>> abs(xg.linalg.qr(xg.asarray([[3.0], [4.0]])).R)
    Tensor([[5.]])
    """
    check_matrix("qr", x)
    if mode not in ("reduced", "complete"):
        raise ValueError(
            f"qr: mode must be 'reduced' (SciPy's 'economic') or 'complete' (its 'full'), got "
            f"{mode!r}"
        )
    rows, columns = x.shape[-2:]
    if rows < columns:
        first = basic_index(x, key=(..., slice(0, rows)))
        q, r = _qr(first)
        rest = matmul(adjoint(XG, q), basic_index(x, key=(..., slice(rows, columns))))
        return QRResult(q, concat([r, rest], axis=-1))
    q, r = _qr(x)
    if mode == "reduced" or rows == columns:
        return QRResult(q, r)
    q = concat([q, _columns_beyond(x)], axis=-1)
    below = XG.zeros_like(basic_index(q, key=(..., slice(columns, rows), slice(0, columns))))
    return QRResult(q, concat([r, below], axis=-2))


# -- general eigenvalues -----------------------------------------------------------------------


class EigResult(NamedTuple):
    """What `eig` returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


_EQUAL = (
    "eig: eigenvalues are equal: eigenvectors have no derivative there, and eigenvalues no second "
    "derivative; for Hermitian matrices, eigvalsh has it"
)


def _equal_pairs(xp: Namespace, w: Value) -> tuple[Any, Any]:
    """Return the differences of eigenvalues, and a mask of the pairs that are equal."""
    count = w.shape[-1]
    row = xp.reshape(w, (*w.shape[:-1], 1, count))
    gaps = xp.subtract(row, xp.reshape(w, (*w.shape[:-1], count, 1)))
    bound = xp.reshape(largest(xp, xp.abs(w)) * (16 * count * precision(w)), (*w.shape[:-1], 1, 1))
    return gaps, xp.less_equal(xp.abs(gaps), bound)


def _over_gaps(xp: Namespace, m: Value, w: Value, conjugate: bool) -> tuple[Any, Any]:
    """Divide ``m`` by differences of eigenvalues, 0 for equal ones; also mask invalid elements."""
    gaps, equal = _equal_pairs(xp, w)
    inverse = xp.where(equal, 0.0, 1 / xp.where(equal, 1.0, gaps))
    size = xp.abs(m)
    some = xp.greater(size, largest(xp, size, (-2, -1)) * precision(w) ** 0.5)
    invalid = xp.logical_and(xp.logical_and(equal, off_diagonal(w)), some)
    return xp.multiply(m, xp.conj(inverse) if conjugate else inverse), invalid


def _differentiated_again(xp: Namespace, g: Value, w: Value) -> Value:
    among = xp.logical_and(_equal_pairs(xp, w)[1], off_diagonal(w))
    return refused(xp, among, g, _EQUAL)


def _moved_again(xp: Namespace, t: Value, w: Value) -> Value:
    among = xp.logical_and(_equal_pairs(xp, w)[1], off_diagonal(w))
    return xp.where(xp.any(among, axis=(-2, -1), keepdims=True), float("nan"), t)


@general(
    vjps=(_differentiated_again, None),
    jvps=(_moved_again, None),
    batch=batch_core("(n,n),(n)->(n,n)"),
)
def _in_a_rule(xp: Namespace, v: Value, w: Value, /) -> Value:
    """Eigenvectors in a first derivative, which is not differentiable at equal eigenvalues.

    Its derivative needs f''(λ) within the eigenspace, which V does not determine.
    """
    return v


def _eig_vjp(xp: Namespace, gs: Any, out: Any) -> Value:
    g_w, g_v = gs
    w, v = out
    v = recorded(_in_a_rule, v, w) if xp is XG else v
    vh = adjoint(xp, v)
    inner: Any = None
    if g_v is not None:
        inner = xp.matmul(vh, g_v)
        lengths = xp.real(diagonal_of(xp, inner))  # columns of v have length 1
        inner = xp.subtract(inner, columns_scaled(xp, xp.matmul(vh, v), lengths))
        inner, invalid = _over_gaps(xp, inner, w, conjugate=True)
        inner = refused(xp, invalid, inner, _EQUAL)
    if g_w is not None:
        eye = eye_like(v)
        diagonal = columns_scaled(xp, eye, g_w)
        inner = diagonal if inner is None else xp.add(inner, diagonal)
    return recorded(solve, vh, xp.matmul(inner, vh))


def _eig_jvp(xp: Namespace, t: Value, out: Any) -> tuple[Value, ...]:
    w, v = out
    v = recorded(_in_a_rule, v, w) if xp is XG else v
    m = recorded(solve, v, xp.matmul(XG.astype(t, v.dtype) if xp is XG else t * (1 + 0j), v))
    over, invalid = _over_gaps(xp, m, w, conjugate=False)
    change = xp.matmul(v, xp.where(invalid, float("nan"), over))
    lengths = xp.real(diagonal_of(xp, xp.matmul(adjoint(xp, v), change)))
    return diagonal_of(xp, m), xp.subtract(change, columns_scaled(xp, v, lengths))


@general(vjps=(_eig_vjp,), jvps=(_eig_jvp,), batch=batch_same, several=True, precision=WIDE)
def _eig(xp: Namespace, x: Value, /) -> Any:
    return tuple(xp.eig(x))


def eig(x: ArrayLike) -> EigResult:
    """Eigenvalues and eigenvectors, both complex, of square matrices (..., n, n).

    Eigenvectors have length 1. Derivatives are defined only for functions that do not depend on
    their phases; this is not checked. Matrices without n independent eigenvectors have no
    derivative. At equal eigenvalues, the gradient of eigenvectors and second derivatives raise
    an error (in forward mode, they are NaN).

    See Also
    --------
    xgrad.linalg.eigh : For symmetric and Hermitian matrices; reads one triangle.

    Notes
    -----
    With M = V⁻¹ E V: dλ = diag(M), dV = V (M / (λⱼ - λᵢ)) minus the component along each
    eigenvector (Boeddeker et al. 2017).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.eig(xg.asarray([[0.0, 1.0], [-1.0, 0.0]])).eigenvalues
    Tensor([0.+1.j, 0.-1.j])
    """
    check_matrix("eig", x, square=True)
    return EigResult(*_eig(x))


def eigvals(x: ArrayLike) -> Tensor:
    """Eigenvalues, complex and unordered, of square matrices (..., n, n).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.eigvals(xg.asarray([[2.0, 0.0], [0.0, 1.0]]))
    Tensor([2.+0.j, 1.+0.j])
    """
    check_matrix("eigvals", x, square=True)
    return _eig(x)[0]
