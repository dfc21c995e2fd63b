"""The polar decomposition, with derivatives of any order."""

from typing import Any, Literal, NamedTuple

from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_core
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG, recorded
from xgrad.engine.precision import WIDE
from xgrad.engine.tensor import Tensor
from xgrad.ops.linalg.functions import defined
from xgrad.ops.linalg.matrices import (
    adjoint,
    batch_same,
    check_matrix,
    hermitian_part,
    largest,
    precision,
)
from xgrad.ops.linalg.solving import solve_matrices
from xgrad.ops.products import matmul
from xgrad.typing import Value

__all__ = ["polar"]


class PolarResult(NamedTuple):
    """What `polar` returns: ``x = U @ P``, or ``P @ U``."""

    U: Tensor
    P: Tensor


def _positive_factor(xp: Namespace, u: Value, x: Value) -> Value:
    return hermitian_part(xp, xp.matmul(adjoint(xp, u), x))


def _divided_by_sums(xp: Namespace, p: Value, k: Value) -> Value:
    return recorded(_sum_solve, p, k)


def _sum_solve_left(xp: Namespace, g: Value, p: Value, out: Value) -> Value:
    back = _divided_by_sums(xp, p, g)
    both = xp.add(xp.matmul(back, adjoint(xp, out)), xp.matmul(adjoint(xp, out), back))
    return hermitian_part(xp, xp.negative(both))


def _sum_solve_along_left(xp: Namespace, t: Value, p: Value, out: Value) -> Value:
    change = xp.add(xp.matmul(t, out), xp.matmul(out, t))
    return xp.negative(_divided_by_sums(xp, p, change))


@general(
    vjps=(_sum_solve_left, lambda xp, g, p: _divided_by_sums(xp, p, g)),
    jvps=(_sum_solve_along_left, lambda xp, t, p: _divided_by_sums(xp, p, t)),
    batch=batch_core("(n,n),(n,n)->(n,n)"),
)
def _sum_solve(xp: Namespace, p: Value, k: Value, /) -> Value:
    """Solve the Lyapunov equation ``p @ x + x @ p = k`` for Hermitian positive definite p."""
    w, v = xp.linalg.eigh(p)
    vh = adjoint(xp, v)
    sums = xp.add(xp.reshape(w, (*w.shape, 1)), xp.reshape(w, (*w.shape[:-1], 1, w.shape[-1])))
    bound = largest(xp, xp.abs(sums), (-2, -1)) * (8 * w.shape[-1] * precision(w))
    inner = xp.matmul(xp.matmul(vh, k), v)
    inner = xp.where(sums <= bound, float("nan"), inner / xp.where(sums <= bound, 1.0, sums))
    return xp.matmul(xp.matmul(v, inner), vh)


def _skew(xp: Namespace, x: Value) -> Value:
    return xp.subtract(x, adjoint(xp, x))


def _over(xp: Namespace, x: Value, u: Value, p: Value) -> Value:
    """The component of ``x`` orthogonal to the columns of u, times p⁻¹."""
    outside = xp.subtract(x, xp.matmul(u, xp.matmul(adjoint(xp, u), x)))
    return adjoint(xp, recorded(solve_matrices, p, adjoint(xp, outside)))


def _unitary_vjp(xp: Namespace, g: Value, x: Value, out: Value) -> Value:
    p = _positive_factor(xp, out, x)
    turn = _divided_by_sums(xp, p, _skew(xp, xp.matmul(adjoint(xp, out), g)))
    total = xp.matmul(out, turn)
    if x.shape[-2] > x.shape[-1]:
        total = xp.add(total, _over(xp, g, out, p))
    return defined("polar", xp, total, x, g)


def _unitary_jvp(xp: Namespace, t: Value, x: Value, out: Value) -> Value:
    p = _positive_factor(xp, out, x)
    turn = _divided_by_sums(xp, p, _skew(xp, xp.matmul(adjoint(xp, out), t)))
    total = xp.matmul(out, turn)
    return xp.add(total, _over(xp, t, out, p)) if x.shape[-2] > x.shape[-1] else total


@general(vjps=(_unitary_vjp,), jvps=(_unitary_jvp,), batch=batch_same, precision=WIDE)
def _unitary_factor(xp: Namespace, x: Value, /) -> Value:
    """The U of ``x = U @ P``, for matrices that are not wide."""
    u, _, vh = xp.linalg.svd(x, full_matrices=False)
    return xp.matmul(u, vh)


def polar(x: Any, side: Literal["right", "left"] = "right") -> PolarResult:
    """Polar decomposition ``x = U @ P`` (or, on the left, ``x = P @ U``).

    Parameters
    ----------
    x : array or Tensor, shape (..., m, n)
    side : "right" or "left"
        The side of U on which the factor P is.

    Returns
    -------
    PolarResult
        ``U`` (..., m, n), with orthonormal columns (or rows, if n > m), and the positive
        semidefinite ``P``, (..., n, n) on the right or (..., m, m) on the left.

    Raises
    ------
    AutogradError
        In the backward pass, if ``x`` does not have full rank: U is not unique there.

    Notes
    -----
    With K = UᴴE - EᴴU: dU = U Ω + (1 - U Uᴴ) E P⁻¹, where P Ω + Ω P = K. There is no division
    by a difference of singular values, so equal ones are not special.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.polar(xg.asarray([[0.0, -2.0], [3.0, 0.0]]))
    PolarResult(U=Tensor([[ 0., -1.],
            [ 1.,  0.]]), P=Tensor([[3., 0.],
            [0., 2.]]))
    """
    check_matrix("polar", x)
    if side not in ("right", "left"):
        raise ValueError(f"polar: side must be 'right' or 'left', got {side!r}")
    wide = x.shape[-2] < x.shape[-1]
    u: Any = adjoint(XG, _unitary_factor(adjoint(XG, x))) if wide else _unitary_factor(x)
    uh = adjoint(XG, u)
    p: Any = hermitian_part(XG, matmul(uh, x) if side == "right" else matmul(x, uh))
    return PolarResult(u, p)
