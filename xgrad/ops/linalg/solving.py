"""Linear systems, inverses and determinants."""

from typing import Any, NamedTuple

from xgrad.backends.dtypes import is_complex
from xgrad.engine.batching import batch_core
from xgrad.engine.constructors import constant, general
from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.tensor import Tensor, lowest
from xgrad.errors import AutogradError
from xgrad.ops.linalg.matrices import (
    adjoint,
    check_matrix,
    columns_scaled,
    conjugate,
    diagonal_of,
    eye_like,
    precision,
    recorded,
    triangle_weights,
)
from xgrad.ops.linalg.singular import matrix_rank, pinv, svdvals
from xgrad.ops.products import matmul
from xgrad.ops.reductions import sum
from xgrad.ops.shape import reshape


def _one_by_one(xp: Any, x: Any) -> Any:
    """Give scalars (...) the shape (..., 1, 1)."""
    return xp.reshape(x, (*x.shape, 1, 1))


def _batch_same(op: Any, args: Any, batched: Any, params: Any) -> Any:
    return op(*args, **params)  # leading axes are a batch already


# -- systems -----------------------------------------------------------------------------------


def _solve_left(xp: Any, g: Any, a: Any, out: Any) -> Any:
    back = recorded(_solve, adjoint(xp, a), g)
    return xp.negative(xp.matmul(back, adjoint(xp, out)))


@general(
    vjps=(_solve_left, lambda xp, g, a: recorded(_solve, adjoint(xp, a), g)),
    jvps=(
        lambda xp, t, a, out: xp.negative(recorded(_solve, a, xp.matmul(t, out))),
        lambda xp, t, a: recorded(_solve, a, t),
    ),
    batch=batch_core("(n,n),(n,k)->(n,k)"),
    fresh=(True, True),
)
def _solve(xp: Any, a: Any, b: Any, /) -> Any:
    return xp.linalg.solve(a, b)


def solve(x1: Any, x2: Any, /) -> Tensor:
    """Solve ``x1 @ x = x2``.

    Parameters
    ----------
    x1 : array or Tensor, shape (..., n, n)
    x2 : array or Tensor, shape (n,) or (..., n, k)
        A vector if and only if it has one dimension; leading axes broadcast.

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
    n, shape = x1.shape[-1], tuple(x2.shape)
    length = shape[0 if len(shape) == 1 else -2] if shape else None
    if length != n:
        raise ValueError(f"solve: lengths differ: x1 {tuple(x1.shape)}, x2 {shape}")
    if len(shape) > 1:
        return _solve(x1, x2)
    out = _solve(x1, reshape(x2, (n, 1)))
    return reshape(out, out.shape[:-1])


@general(
    vjps=(
        lambda xp, g, out: xp.negative(
            xp.matmul(xp.matmul(adjoint(xp, out), g), adjoint(xp, out))
        ),
    ),
    jvps=(lambda xp, t, out: xp.negative(xp.matmul(xp.matmul(out, t), out)),),
    batch=_batch_same,
    fresh=(True,),
)
def inv(xp: Any, x: Any, /) -> Any:
    """Inverses of square matrices (..., n, n).

    Gradient: -Yᴴ Ȳ Yᴴ with Y the inverse. To solve a system, `solve` is faster and more
    accurate.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.inv(xg.asarray([[2.0, 0.0], [0.0, 4.0]]))
    Tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    check_matrix("inv", x, square=True)
    return xp.linalg.inv(x)


def _triangle(xp: Any, x: Any, upper: bool, unit_diagonal: bool) -> Any:
    weights = triangle_weights(x, diagonal=0.0 if unit_diagonal else 1.0, upper=upper)
    return xp.where(weights != 0, x, 0.0)


def _triangular_back(xp: Any, g: Any, a: Any, upper: bool, unit_diagonal: bool) -> Any:
    return recorded(
        _solve_triangular, adjoint(xp, a), g, upper=not upper, unit_diagonal=unit_diagonal
    )


def _triangular_left(
    xp: Any, g: Any, a: Any, out: Any, upper: bool, unit_diagonal: bool
) -> Any:
    back = _triangular_back(xp, g, a, upper, unit_diagonal)
    return _triangle(xp, xp.negative(xp.matmul(back, adjoint(xp, out))), upper, unit_diagonal)


def _triangular_jvp(
    xp: Any, t: Any, a: Any, out: Any, upper: bool, unit_diagonal: bool
) -> Any:
    change = xp.matmul(_triangle(xp, t, upper, unit_diagonal), out)
    return xp.negative(
        recorded(_solve_triangular, a, change, upper=upper, unit_diagonal=unit_diagonal)
    )


@general(
    vjps=(
        _triangular_left,
        lambda xp, g, a, upper, unit_diagonal: _triangular_back(xp, g, a, upper, unit_diagonal),
    ),
    jvps=(
        _triangular_jvp,
        lambda xp, t, a, upper, unit_diagonal: recorded(
            _solve_triangular, a, t, upper=upper, unit_diagonal=unit_diagonal
        ),
    ),
    batch=batch_core("(n,n),(n,k)->(n,k)"),
    fresh=(True, True),
)
def _solve_triangular(
    xp: Any, a: Any, b: Any, /, *, upper: bool, unit_diagonal: bool
) -> Any:
    return xp.solve_triangular(a, b, upper=upper, unit_diagonal=unit_diagonal)


def solve_triangular(
    x1: Any, x2: Any, /, *, upper: bool = False, unit_diagonal: bool = False
) -> Tensor:
    """Solve ``x1 @ x = x2`` for triangular ``x1``, of which only one triangle is read.

    Parameters
    ----------
    x1 : array or Tensor, shape (..., n, n)
    x2 : array or Tensor, shape (n,) or (..., n, k)
    upper : bool
        Which triangle; the lower one is what `cholesky` gives.
    unit_diagonal : bool
        Whether the diagonal counts as 1 and is not read.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.solve_triangular(xg.asarray([[2.0, 9.0], [1.0, 1.0]]), xg.asarray([2.0, 3.0]))
    Tensor([1., 2.])
    """
    check_matrix("solve_triangular", x1, square=True)
    n, shape = x1.shape[-1], tuple(x2.shape)
    if not shape or shape[0 if len(shape) == 1 else -2] != n:
        raise ValueError(f"solve_triangular: lengths differ: x1 {tuple(x1.shape)}, x2 {shape}")
    if len(shape) > 1:
        return _solve_triangular(x1, x2, upper=upper, unit_diagonal=unit_diagonal)
    out = _solve_triangular(
        x1, reshape(x2, (n, 1)), upper=upper, unit_diagonal=unit_diagonal
    )
    return reshape(out, out.shape[:-1])


class LstsqResult(NamedTuple):
    """What `lstsq` returns."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def lstsq(x1: Any, x2: Any, /, *, rtol: float | None = None) -> LstsqResult:
    """Find the x of least norm among those that minimise the norm of ``x1 @ x - x2``.

    Parameters
    ----------
    x1 : array or Tensor, shape (..., m, n)
    x2 : array or Tensor, shape (m,) or (..., m, k)
    rtol : float, optional
        Singular values up to ``rtol`` times the largest count as 0; as in `pinv`.

    Returns
    -------
    LstsqResult
        ``solution`` (n,) or (..., n, k); ``residuals``, the sums of squares for each column,
        whatever the rank; ``rank``; ``singular_values``. The solution is ``pinv(x1) @ x2``,
        whose derivative holds along matrices of the same rank.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.lstsq(xg.asarray([[1.0], [1.0]]), xg.asarray([1.0, 3.0])).solution
    Tensor([2.])
    """
    check_matrix("lstsq", x1)
    shape = tuple(x2.shape)
    if not shape or shape[0 if len(shape) == 1 else -2] != x1.shape[-2]:
        raise ValueError(f"lstsq: lengths differ: x1 {tuple(x1.shape)}, x2 {shape}")
    solution = matmul(pinv(x1, rtol=rtol), x2)
    rest = XG.abs(XG.subtract(matmul(x1, solution), x2))
    residuals = sum(XG.square(rest), axis=0 if len(shape) == 1 else -2)
    return LstsqResult(solution, residuals, matrix_rank(x1, rtol=rtol), svdvals(x1))


# -- determinants ------------------------------------------------------------------------------


def _slogdet_vjp(xp: Any, gs: Any, x: Any, out: Any) -> Any:
    g_sign, g_log = gs
    weight = xp.zeros_like(out[1]) if g_log is None else g_log
    if is_complex(x.dtype):
        if g_sign is not None:
            turn = xp.imag(xp.multiply(g_sign, xp.conj(out[0])))
            weight = xp.add(weight, xp.multiply(turn, 1j))
    return xp.multiply(_one_by_one(xp, weight), adjoint(xp, recorded(inv, x)))


def _slogdet_jvp(xp: Any, t: Any, x: Any, out: Any) -> Any:
    change = xp.sum(diagonal_of(xp, recorded(_solve, x, t)), axis=-1)
    if not is_complex(x.dtype):
        return xp.zeros_like(out[0]), change
    return xp.multiply(out[0], xp.multiply(xp.imag(change), 1j)), xp.real(change)


@general(
    vjps=(_slogdet_vjp,), jvps=(_slogdet_jvp,), batch=_batch_same, several=True, fresh=(True,)
)
def _slogdet(xp: Any, x: Any, /) -> Any:
    return tuple(xp.linalg.slogdet(x))


class SlogdetResult(NamedTuple):
    """What `slogdet` returns: the determinant is ``sign * exp(logabsdet)``."""

    sign: Tensor
    logabsdet: Tensor


def slogdet(x: Any, /) -> SlogdetResult:
    """Sign (of complex matrices: phase) and logarithm of the determinant's absolute value.

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n)

    Raises
    ------
    An error of the library underneath, in derivatives of singular matrices, where the
    logarithm is -inf.

    Notes
    -----
    Gradient of the logarithm: A⁻ᴴ.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.slogdet(xg.asarray([[-1.0, 0.0], [0.0, 1.0]]))
    SlogdetResult(sign=Tensor(-1.), logabsdet=Tensor(0.))
    """
    check_matrix("slogdet", x, square=True)
    return SlogdetResult(*_slogdet(x))


def _decomposed(xp: Any, x: Any) -> tuple[Any, Any, Any, Any]:
    """Singular vectors, singular values without zeros, and the determinant of the vectors."""
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    largest = xp.max(s, axis=-1, keepdims=True)
    tiny = xp.where(largest > 0, largest, 1.0) * precision(s) ** 2
    phase = xp.multiply(xp.linalg.det(u), xp.linalg.det(vh))
    return u, xp.where(s < tiny, tiny, s), vh, _one_by_one(xp, phase)


def _no_third_order(*_: Any) -> Any:
    raise AutogradError("det: third derivatives at a singular matrix are not supported")


@general(
    vjps=(_no_third_order, lambda xp, g, x: xp.conj(recorded(_cofactor_change, x, xp.conj(g)))),
    jvps=(_no_third_order, lambda xp, t, x: recorded(_cofactor_change, x, t)),
    batch=batch_core("(n,n),(n,n)->(n,n)"),
)
def _cofactor_change(xp: Any, x: Any, e: Any, /) -> Any:
    """How cofactors change in the direction ``e``; it is symmetric, as second derivatives are.

    With x = U Σ Vᴴ and M = Uᴴ E V, that of Σ is: diagonal Σₖ pᵢₖ Mₖₖ, elsewhere -pᵢⱼ Mⱼᵢ,
    where pᵢⱼ is the product of all singular values but σᵢ and σⱼ.
    """
    u, s, vh, phase = _decomposed(xp, x)
    m = xp.matmul(xp.matrix_transpose(conjugate(xp, u)), xp.matmul(e, adjoint(xp, vh)))
    inverse = 1 / s
    pairs = xp.multiply(columns_scaled(xp, _one_by_one(xp, xp.prod(s, axis=-1)), inverse),
                        xp.reshape(inverse, (*s.shape, 1)))  # fmt: skip
    eye = eye_like(s)
    pairs = xp.multiply(pairs, 1 - eye)
    diagonal = xp.matmul(xp.astype(pairs, m.dtype), _column(xp, diagonal_of(xp, m)))
    change = xp.subtract(
        xp.multiply(diagonal, eye), xp.multiply(pairs, xp.matrix_transpose(m))
    )
    turned = xp.matmul(conjugate(xp, u), xp.matmul(change, conjugate(xp, vh)))
    return xp.multiply(phase, turned)


def _column(xp: Any, x: Any) -> Any:
    return xp.reshape(x, (*x.shape, 1))


@general(
    vjps=(lambda xp, g, x: xp.conj(recorded(_cofactor_change, x, xp.conj(g))),),
    jvps=(lambda xp, t, x: recorded(_cofactor_change, x, t),),
    batch=_batch_same,
)
def _cofactors(xp: Any, x: Any, /) -> Any:
    """The derivative of the determinant by each element, right for singular matrices."""
    u, s, vh, phase = _decomposed(xp, x)
    others = xp.prod(s, axis=-1, keepdims=True) / s
    turned = xp.matmul(columns_scaled(xp, conjugate(xp, u), others), conjugate(xp, vh))
    return xp.multiply(phase, turned)


def _is_regular(x: Any) -> bool:
    raw, found = lowest(x), backend_below(x)
    if found.abstract or 0 in raw.shape:
        return False
    s = found.xp.linalg.svdvals(raw)
    return found.xp.known_false(s[..., -1] <= s[..., 0] * 1e-4)


def _det_partial(xp: Any, x: Any, out: Any) -> Any:
    if xp is XG and _is_regular(x):  # derivatives of any order
        return XG.multiply(_one_by_one(XG, out), XG.matrix_transpose(inv(x)))
    return recorded(_cofactors, x)


@general(
    vjps=(
        lambda xp, g, x, out: xp.multiply(
            _one_by_one(xp, g), conjugate(xp, _det_partial(xp, x, out))
        ),
    ),
    jvps=(
        lambda xp, t, x, out: xp.sum(xp.multiply(_det_partial(xp, x, out), t), axis=(-2, -1)),
    ),
    batch=_batch_same,
    fresh=(True,),
)
def det(xp: Any, x: Any, /) -> Any:
    """Determinants of square matrices (..., n, n).

    The gradient is the matrix of cofactors, from singular values, so that it is right for
    singular matrices too, and so is the second derivative.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.det(xg.asarray([[2.0, 1.0], [1.0, 2.0]]))
    Tensor(3.)
    """
    check_matrix("det", x, square=True)
    return xp.linalg.det(x)


@constant(batch=_batch_same)
def _identity_beside(xp: Any, x: Any, /) -> Any:
    return xp.broadcast_to(eye_like(x), tuple(x.shape))


def matrix_power(x: Any, n: int, /) -> Tensor:
    """Powers of square matrices, by repeated squaring; negative ones are of the inverse.

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
        return _identity_beside(x)
    power = inv(x) if n < 0 else x
    n, total = abs(n), None
    while n:
        if n & 1:
            total = power if total is None else matmul(total, power)
        n >>= 1
        if n:
            power = matmul(power, power)
    return total if type(total) is Tensor and total is not x else XG.astype(total, total.dtype)
