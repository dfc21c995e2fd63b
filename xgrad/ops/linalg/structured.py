"""Structured matrices and their systems, with SciPy's names and arguments."""

from typing import Any

from xgrad.backends.dtypes import is_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_core
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG, recorded
from xgrad.engine.precision import WIDE
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.complex import conj
from xgrad.ops.creation import as_tensor, floats_of
from xgrad.ops.interpolation import pad
from xgrad.ops.linalg.factors import cholesky
from xgrad.ops.linalg.matrices import adjoint, check_matrix
from xgrad.ops.linalg.solving import solve_triangular
from xgrad.ops.numpy.rearranging import sliding_window_view
from xgrad.ops.numpy.shapes import copy
from xgrad.ops.shape import concat, reshape
from xgrad.ops.views.kinds import flip
from xgrad.typing import ArrayLike, Value

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "circulant", "hankel", "solve_banded",
    "solve_continuous_lyapunov", "solve_sylvester", "toeplitz",
]  # fmt: skip


def _floats(*arrays: Any) -> list[Tensor]:
    return [floats_of(x, arrays) for x in arrays]


# -- Sylvester's equation ----------------------------------------------------------------------


def _sylvester_q(xp: Namespace, g: Value, a: Value, b: Value) -> Value:
    return recorded(_sylvester, adjoint(xp, a), adjoint(xp, b), g)


def _sylvester_a(xp: Namespace, g: Value, a: Value, b: Value, out: Value) -> Value:
    return xp.negative(xp.matmul(_sylvester_q(xp, g, a, b), adjoint(xp, out)))


def _sylvester_b(xp: Namespace, g: Value, a: Value, b: Value, out: Value) -> Value:
    return xp.negative(xp.matmul(adjoint(xp, out), _sylvester_q(xp, g, a, b)))


def _along_sylvester_a(xp: Namespace, t: Value, a: Value, b: Value, out: Value) -> Value:
    return xp.negative(recorded(_sylvester, a, b, xp.matmul(t, out)))


def _along_sylvester_b(xp: Namespace, t: Value, a: Value, b: Value, out: Value) -> Value:
    return xp.negative(recorded(_sylvester, a, b, xp.matmul(out, t)))


def _along_sylvester_q(xp: Namespace, t: Value, a: Value, b: Value) -> Value:
    return recorded(_sylvester, a, b, t)


@general(
    vjps=(_sylvester_a, _sylvester_b, _sylvester_q),
    jvps=(_along_sylvester_a, _along_sylvester_b, _along_sylvester_q),
    batch=batch_core("(n,n),(m,m),(n,m)->(n,m)"),
    precision=WIDE,
)
def _sylvester(xp: Namespace, a: Value, b: Value, q: Value, /) -> Value:
    return xp.sylvester(a, b, q)


def solve_sylvester(a: ArrayLike, b: ArrayLike, q: ArrayLike) -> Tensor:
    """Solve ``a @ x + x @ b = q`` for x.

    Parameters
    ----------
    a, b, q : arrays, shapes (..., n, n), (..., m, m), (..., n, m)
        Leading axes are a batch, which SciPy does not have.

    Notes
    -----
    On NumPy by SciPy's Bartels-Stewart algorithm; on other backends as one linear system of n m
    unknowns, which takes memory of order (n m)². Derivatives solve equations of the same form.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.solve_sylvester([[1.0]], [[3.0]], [[2.0]])
    Tensor([[0.5]])
    """
    a, b, q = _floats(a, b, q)
    for x, square in ((a, True), (b, True), (q, False)):
        check_matrix("solve_sylvester", x, square=square)
    if q.shape[-2:] != (a.shape[-1], b.shape[-1]):
        raise ValueError(
            f"{called('solve_sylvester')}: q must have the shape {(a.shape[-1], b.shape[-1])} of "
            f"the solution, got {q.shape}"
        )
    if any(is_complex(lowest(x).dtype) for x in (a, b, q)):
        a, b, q = (x if is_complex(lowest(x).dtype) else x * (1 + 0j) for x in (a, b, q))
    return _sylvester(a, b, q)


def solve_continuous_lyapunov(a: ArrayLike, q: ArrayLike) -> Tensor:
    """Solve ``a @ x + x @ aᴴ = q`` for x.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.solve_continuous_lyapunov([[1.0]], [[3.0]])
    Tensor([[1.5]])
    """
    a, q = _floats(a, q)
    check_matrix("solve_continuous_lyapunov", a, square=True)
    return solve_sylvester(a, adjoint(XG, a), q)


# -- banded systems ----------------------------------------------------------------------------


def _banded_back(xp: Namespace, ab: Value, lower: int, upper: int) -> Value:
    """The adjoint matrix, in the same form."""
    rows = []
    n = ab.shape[-1]
    for k in range(lower + upper + 1):  # diagonal number: column minus row
        row = xp.conj(ab[..., k, :]) if is_complex(lowest(ab).dtype) else ab[..., k, :]
        shift = k - upper  # element (j + shift, j) is in column j; it goes to column j + shift
        empty = xp.zeros_like(row[..., : min(abs(shift), n)])
        if shift >= 0:
            parts = [empty, row[..., : n - shift] if shift < n else row[..., :0]]
        else:
            parts = [row[..., -shift:], empty]
        rows.append(xp.concat(parts, axis=-1))
    return xp.stack(rows[::-1], axis=-2)


def _banded_outer(xp: Namespace, x: Value, y: Value, lower: int, upper: int) -> Value:
    """The elements of ``x @ yᴴ`` on the diagonals, for x, y of shape (..., n, k)."""
    n = x.shape[-2]
    y = xp.conj(y) if is_complex(lowest(y).dtype) else y
    rows = []
    for k in range(lower + upper + 1):
        shift = k - upper
        size = max(n - abs(shift), 0)
        i, j = max(shift, 0), max(-shift, 0)
        part = xp.sum(xp.multiply(x[..., i : i + size, :], y[..., j : j + size, :]), axis=-1)
        empty = xp.zeros_like(xp.sum(x[..., : n - size, :], axis=-1))
        rows.append(xp.concat([part, empty] if shift >= 0 else [empty, part], axis=-1))
    return xp.stack(rows, axis=-2)


def _banded_product(xp: Namespace, ab: Value, x: Value, lower: int, upper: int) -> Value:
    """The matrix times x."""
    n = x.shape[-2]
    total: Any = None
    for k in range(lower + upper + 1):
        shift = k - upper
        size = max(n - abs(shift), 0)
        i, j = max(shift, 0), max(-shift, 0)
        row = ab[..., k, j : j + size]
        part = xp.multiply(xp.reshape(row, (*row.shape, 1)), x[..., j : j + size, :])
        before, after = x[..., :i, :], x[..., : n - size - i, :]
        term = xp.concat([xp.zeros_like(before), part, xp.zeros_like(after)], axis=-2)
        total = term if total is None else xp.add(total, term)
    out: Value = total
    return out


def _banded_b(xp: Namespace, g: Value, ab: Value, lower: int, upper: int) -> Value:
    back = _banded_back(xp, ab, lower, upper)
    return recorded(_solve_banded, back, g, lower=upper, upper=lower)


def _banded_ab(xp: Namespace, g: Value, ab: Value, out: Value, lower: int, upper: int) -> Value:
    back = _banded_b(xp, g, ab, lower, upper)
    return xp.negative(_banded_outer(xp, back, out, lower, upper))


def _along_ab(xp: Namespace, t: Value, ab: Value, out: Value, lower: int, upper: int) -> Value:
    moved = xp.negative(_banded_product(xp, t, out, lower, upper))
    return recorded(_solve_banded, ab, moved, lower=lower, upper=upper)


def _along_b(xp: Namespace, t: Value, ab: Value, lower: int, upper: int) -> Value:
    return recorded(_solve_banded, ab, t, lower=lower, upper=upper)


@general(
    vjps=(_banded_ab, _banded_b),
    jvps=(_along_ab, _along_b),
    batch=batch_core("(d,n),(n,k)->(n,k)"),
    precision=WIDE,
)
def _solve_banded(xp: Namespace, ab: Value, b: Value, /, *, lower: int, upper: int) -> Value:
    return xp.solve_banded(ab, b, lower=lower, upper=upper)


def solve_banded(
    l_and_u: tuple[int, int],
    ab: ArrayLike,
    b: ArrayLike,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Tensor:
    """Solve ``a @ x = b`` for a banded matrix, given by its diagonals.

    Parameters
    ----------
    l_and_u : (int, int)
        The number of diagonals below and above the main one.
    ab : array, shape (..., l + u + 1, n)
        ``ab[u + i - j, j]`` is the element (i, j). Elements outside of the matrix are not used.
    b : array, shape (n,) or (..., n, k)
    overwrite_ab, overwrite_b, check_finite : bool
        No effect; SciPy's arguments.

    Notes
    -----
    On NumPy LAPACK's banded solver; other backends solve the whole matrix. Derivatives solve
    banded systems.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.solve_banded((0, 1), [[0.0, 1.0], [2.0, 4.0]], [3.0, 4.0])
    Tensor([1., 1.])
    """
    lower, upper = (int(n) for n in l_and_u)
    ab, b = _floats(ab, b)
    if ab.ndim < 2 or ab.shape[-2] != lower + upper + 1:
        raise ValueError(
            f"{called('solve_banded')}: ab must have l + u + 1 = {lower + upper + 1} rows, got "
            f"shape {ab.shape}"
        )
    n = b.shape[0 if b.ndim == 1 else -2] if b.ndim else None
    if n != ab.shape[-1]:
        raise ValueError(f"{called('solve_banded')}: lengths differ: ab {ab.shape}, b {b.shape}")
    if is_complex(lowest(ab).dtype) != is_complex(lowest(b).dtype):
        ab, b = (x if is_complex(lowest(x).dtype) else x * (1 + 0j) for x in (ab, b))
    if b.ndim > 1:
        return _solve_banded(ab, b, lower=lower, upper=upper)
    out = _solve_banded(ab, reshape(b, (-1, 1)), lower=lower, upper=upper)
    return reshape(out, out.shape[:-1])


# -- Cholesky factors --------------------------------------------------------------------------


def cho_factor(
    a: ArrayLike,
    lower: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
) -> tuple[Tensor, bool]:
    """Cholesky factor for `cho_solve`, and whether it is the lower one; the rest is 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.cho_factor([[4.0]])
    (Tensor([[2.]]), False)
    """
    (a,) = _floats(a)
    return cholesky(a, upper=not lower), lower


def cho_solve(
    c_and_lower: tuple[Any, bool],
    b: ArrayLike,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Tensor:
    """Solve ``a @ x = b`` with the result of `cho_factor`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.cho_solve(xg.linalg.cho_factor([[4.0]]), [8.0])
    Tensor([2.])
    """
    factor, lower = c_and_lower
    factor, b = _floats(factor, b)
    first, second = ("C", 0) if not lower else (0, "C")
    inner = solve_triangular(factor, b, trans=first, lower=lower)
    return solve_triangular(factor, inner, trans=second, lower=lower)


# -- matrices of a pattern ---------------------------------------------------------------------


def _vectors(function: str, *arrays: Any) -> list[Tensor]:
    vectors = [as_tensor(x, like=arrays) for x in arrays]
    for x in vectors:
        if x.ndim > 1:
            raise ValueError(f"{called(function)}: expected vectors, got shape {x.shape}")
    return [reshape(x, (-1,)) for x in vectors]


def toeplitz(c: ArrayLike, r: Any = None) -> Tensor:
    """Return the matrix with first column c and first row r (conj(c)), constant on diagonals.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.toeplitz([1, 2], [1, 3])
    Tensor([[1, 3],
            [2, 1]])
    """
    c, *row = _vectors("toeplitz", c, *(() if r is None else (r,)))
    first = row[0] if row else conj(c) if is_complex(lowest(c).dtype) else c
    values = concat([flip(c), first[1:]], axis=0)
    return copy(flip(sliding_window_view(values, first.shape[0]), axis=0))


def hankel(c: ArrayLike, r: Any = None) -> Tensor:
    """Return the matrix with the first column c and the last row r (0), constant on antidiagonals.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.hankel([1, 2], [2, 3])
    Tensor([[1, 2],
            [2, 3]])
    """
    c, *row = _vectors("hankel", c, *(() if r is None else (r,)))
    last = row[0] if row else XG.zeros_like(c)
    return copy(sliding_window_view(concat([c, last[1:]], axis=0), last.shape[0]))


def circulant(c: ArrayLike) -> Tensor:
    """Return the matrix whose columns are c, each shifted by one more element.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.circulant([1, 2, 3])
    Tensor([[1, 3, 2],
            [2, 1, 3],
            [3, 2, 1]])
    """
    (c,) = _vectors("circulant", c)
    return toeplitz(c, concat([c[:1], flip(c[1:])], axis=0))


def block_diag(*arrs: ArrayLike) -> Tensor:
    """Join matrices along the diagonal, with zeros elsewhere; vectors are rows.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.block_diag([[1.0]], [2.0, 3.0])
    Tensor([[1., 0., 0.],
            [0., 2., 3.]])
    """
    blocks = []
    given: tuple[Any, ...] = arrs or ([],)
    for x in given:
        block = as_tensor(x, like=arrs)
        if block.ndim > 2:
            raise ValueError(f"{called('block_diag')}: expected matrices, got shape {block.shape}")
        blocks.append(block if block.ndim == 2 else reshape(block, (1, -1)))
    width, before, rows = sum(x.shape[1] for x in blocks), 0, []
    for x in blocks:
        after = width - before - x.shape[1]
        rows.append(pad(x, [(0, 0), (before, after)]))
        before += x.shape[1]
    return concat(rows, axis=0)
