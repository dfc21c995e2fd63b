"""Linear systems, inverses and determinants."""

from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_core
from xgrad.engine.constructors import constant, general
from xgrad.engine.dispatch import XG, recorded
from xgrad.engine.precision import WIDE
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import astype
from xgrad.ops.linalg.matrices import (
    adjoint,
    batch_same,
    check_matrix,
    eye_like,
    triangle_weights,
)
from xgrad.ops.products import matmul
from xgrad.ops.shape import ndim_of, reshape
from xgrad.typing import SupportsArray, Value

__all__ = ["inv", "matrix_power", "solve", "solve_triangular"]

# -- systems -----------------------------------------------------------------------------------


def _solve_left(xp: Namespace, g: Value, a: Value, out: Value) -> Value:
    back = recorded(solve_matrices, adjoint(xp, a), g)
    return xp.negative(xp.matmul(back, adjoint(xp, out)))


def _solve_right(xp: Namespace, g: Value, a: Value) -> Value:
    return recorded(solve_matrices, adjoint(xp, a), g)


def _solve_along_left(xp: Namespace, t: Value, a: Value, out: Value) -> Value:
    return xp.negative(recorded(solve_matrices, a, xp.matmul(t, out)))


def _solve_along_right(xp: Namespace, t: Value, a: Value) -> Value:
    return recorded(solve_matrices, a, t)


@general(
    vjps=(_solve_left, _solve_right),
    jvps=(_solve_along_left, _solve_along_right),
    batch=batch_core("(n,n),(n,k)->(n,k)"),
    precision=WIDE,
)
def solve_matrices(xp: Namespace, a: Value, b: Value, /) -> Value:
    """Solve ``a @ x = b`` for matrices (..., n, n) and (..., n, k)."""
    return xp.linalg.solve(a, b)


def solve(x1: SupportsArray, x2: SupportsArray) -> Tensor:
    """Solve ``x1 @ x = x2``.

    Parameters
    ----------
    x1 : array or Tensor, shape (..., n, n)
    x2 : array or Tensor, shape (n,) or (..., n, k)
        A vector if and only if it is one-dimensional; leading axes broadcast.

    See Also
    --------
    xgrad.sparse.solve : For a sparse matrix of SciPy or CuPy.
    xgrad.linalg.solve_triangular : For a triangular matrix.
    xgrad.linalg.lstsq : For rectangular or singular matrices.

    Notes
    -----
    Gradients: B̄ = A⁻ᴴ X̄, Ā = -B̄ Xᴴ (Giles 2008).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.solve(xg.asarray([[2.0, 0.0], [0.0, 4.0]]), xg.asarray([1.0, 1.0]))
    Tensor([0.5 , 0.25])
    """
    check_matrix("solve", x1, square=True)
    ndim_of("solve", x2)
    n, shape = x1.shape[-1], tuple(x2.shape)
    length = shape[0 if len(shape) == 1 else -2] if shape else None
    if length != n:
        raise ValueError(f"solve: lengths differ: x1 {tuple(x1.shape)}, x2 {shape}")
    if len(shape) > 1:
        return solve_matrices(x1, x2)
    out = solve_matrices(x1, reshape(x2, (n, 1)))
    return reshape(out, out.shape[:-1])


@general(
    vjps=(
        lambda xp, g, out: xp.negative(xp.matmul(xp.matmul(adjoint(xp, out), g), adjoint(xp, out))),
    ),
    jvps=(lambda xp, t, out: xp.negative(xp.matmul(xp.matmul(out, t), out)),),
    batch=batch_same,
    precision=WIDE,
)
def inv(xp: Namespace, x: Value, /) -> Value:
    """Inverses of square matrices (..., n, n).

    Gradient: -Yᴴ Ȳ Yᴴ, where Y is the inverse. To solve a system, use `solve`, which is faster
    and more accurate.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.inv(xg.asarray([[2.0, 0.0], [0.0, 4.0]]))
    Tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    check_matrix("inv", x, square=True)
    return xp.linalg.inv(x)


def _triangle(xp: Namespace, x: Value, upper: bool, unit_diagonal: bool) -> Value:
    if xp is not XG:
        k = int(unit_diagonal)
        return xp.triu(x, k=k) if upper else xp.tril(x, k=-k)
    weights = triangle_weights(x, diagonal=0.0 if unit_diagonal else 1.0, upper=upper)
    return xp.where(weights != 0, x, 0.0)


def _triangular_back(xp: Namespace, g: Value, a: Value, upper: bool, unit_diagonal: bool) -> Value:
    return recorded(
        _solve_triangular, adjoint(xp, a), g, upper=not upper, unit_diagonal=unit_diagonal
    )


def _triangular_left(
    xp: Namespace, g: Value, a: Value, out: Value, upper: bool, unit_diagonal: bool
) -> Value:
    back = _triangular_back(xp, g, a, upper, unit_diagonal)
    return _triangle(xp, xp.negative(xp.matmul(back, adjoint(xp, out))), upper, unit_diagonal)


def _triangular_along_right(
    xp: Namespace, t: Value, a: Value, upper: bool, unit_diagonal: bool
) -> Value:
    return recorded(_solve_triangular, a, t, upper=upper, unit_diagonal=unit_diagonal)


def _triangular_jvp(
    xp: Namespace, t: Value, a: Value, out: Value, upper: bool, unit_diagonal: bool
) -> Value:
    change = xp.matmul(_triangle(xp, t, upper, unit_diagonal), out)
    return xp.negative(
        recorded(_solve_triangular, a, change, upper=upper, unit_diagonal=unit_diagonal)
    )


@general(
    vjps=(
        _triangular_left,
        _triangular_back,
    ),
    jvps=(
        _triangular_jvp,
        _triangular_along_right,
    ),
    batch=batch_core("(n,n),(n,k)->(n,k)"),
    precision=WIDE,
)
def _solve_triangular(
    xp: Namespace, a: Value, b: Value, /, *, upper: bool, unit_diagonal: bool
) -> Value:
    return xp.solve_triangular(a, b, upper=upper, unit_diagonal=unit_diagonal)


def solve_triangular(
    a: SupportsArray,
    b: SupportsArray,
    trans: int | str = 0,
    lower: bool | None = None,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    *,
    upper: bool | None = None,
) -> Tensor:
    """Solve ``a @ x = b`` for triangular ``a``, of which only one triangle is read.

    Parameters
    ----------
    a : array or Tensor, shape (..., n, n)
    b : array or Tensor, shape (n,) or (..., n, k)
    trans : 0, 1, 2, "N", "T" or "C"
        Whether to solve with a, its transpose or its conjugate transpose.
    lower : bool
        Whether to read the lower triangle, as `cholesky` returns it; by default the upper one,
        as SciPy does.
    unit_diagonal : bool
        Whether the diagonal counts as 1 and is not read.
    overwrite_b, check_finite : bool
        No effect; SciPy's arguments.
    upper : bool, optional
        PyTorch's name, instead of ``lower``.

    Examples
    --------
    >>> import xgrad as xg
    >>> a = xg.asarray([[2.0, 9.0], [1.0, 1.0]])
    >>> xg.linalg.solve_triangular(a, xg.asarray([2.0, 3.0]), lower=True)
    Tensor([1., 2.])
    """
    check_matrix("solve_triangular", a, square=True)
    ndim_of("solve_triangular", b)
    n, shape = a.shape[-1], tuple(b.shape)
    if not shape or shape[0 if len(shape) == 1 else -2] != n:
        raise ValueError(f"solve_triangular: lengths differ: a {tuple(a.shape)}, b {shape}")
    if upper is not None and lower is not None and upper == lower:
        raise ValueError(f"solve_triangular: lower={lower} and upper={upper} are opposites")
    above = (not lower) if upper is None else upper
    if trans not in _TRANSPOSED:
        raise ValueError(f"solve_triangular: trans must be 0, 1, 2, 'N', 'T' or 'C', got {trans!r}")
    if (turn := _TRANSPOSED[trans]) is not None:
        a, above = turn(XG, a), not above
    if len(shape) > 1:
        return _solve_triangular(a, b, upper=above, unit_diagonal=unit_diagonal)
    out = _solve_triangular(a, reshape(b, (n, 1)), upper=above, unit_diagonal=unit_diagonal)
    return reshape(out, out.shape[:-1])


def _transpose(xp: Namespace, x: Value) -> Value:
    return xp.matrix_transpose(x)


_TRANSPOSED: dict[Any, Any] = {
    0: None, "N": None, 1: _transpose, "T": _transpose, 2: adjoint, "C": adjoint,
}  # fmt: skip


# -- powers -----------------------------------------------------------------------------------


@constant(batch=batch_same)
def _identity_like(xp: Namespace, x: Value, /) -> Value:
    return xp.broadcast_to(eye_like(x), tuple(x.shape))


def matrix_power(x: Any, n: int) -> Tensor:
    """Integer powers of square matrices, by repeated squaring; negative ones use the inverse.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.matrix_power(xg.asarray([[1, 1], [0, 1]]), 5)
    Tensor([[1, 5],
            [0, 1]])
    """
    check_matrix("matrix_power", x, square=True)
    if not isinstance(n, int):
        raise TypeError(f"matrix_power: expected an integer exponent, got {type(n).__name__}")
    if n == 0:
        return _identity_like(x)
    power = inv(x) if n < 0 else x
    n, factors = abs(n), []
    while n:
        if n & 1:
            factors.append(power)
        n >>= 1
        if n:
            power = matmul(power, power)
    if len(factors) == 1:
        return astype(factors[0], lowest(x).dtype)
    total = factors[0]
    for factor in factors[1:]:
        total = matmul(total, factor)
    return total
