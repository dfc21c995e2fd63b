"""Linear algebra for NumPy arrays, block by block in NumPy, or with SciPy."""

from typing import Any

import numpy as np

from xgrad.backends import thresholds

Array = Any


def _adjoint(x: Array) -> Array:
    flipped = x.swapaxes(-1, -2)
    return flipped.conj() if x.dtype.kind == "c" else flipped


def _each(function: Any, *arrays: Array) -> Array:
    """Apply a function of matrices to stacks of matrices, with broadcasting."""
    batch = np.broadcast_shapes(*(x.shape[:-2] for x in arrays))
    full = [np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in arrays]
    out = [function(*(x[i] for x in full)) for i in np.ndindex(*batch)]
    if not out:
        return np.zeros((*batch, *full[-1].shape[-2:]), np.result_type(*arrays))
    return np.stack(out).reshape(*batch, *out[0].shape)


def solve_triangular(
    a: Array, b: Array, upper: bool, unit_diagonal: bool = False, adjoint: bool = False
) -> Array:
    """Solve ``a @ x = b`` (or ``aᴴ @ x = b``), reading one triangle of ``a``.

    By blocks with NumPy's own routines. SciPy's have a separate thread pool, which busy-waits
    while NumPy's works: on two cores, a program that alternated took three times as long.
    """
    if a.ndim > 2 or b.ndim > 2:
        return _each(lambda a, b: solve_triangular(a, b, upper, unit_diagonal, adjoint), a, b)
    if adjoint:
        a, upper = _adjoint(a), not upper
    count = len(a)
    x = np.array(b, dtype=np.result_type(a, b))
    rows = thresholds.TRIANGULAR_BLOCK
    blocks = [(i, min(i + rows, count)) for i in range(0, count, rows)]
    for start, end in reversed(blocks) if upper else blocks:
        own = a[start:end, start:end]
        own = np.triu(own, 1 if unit_diagonal else 0) if upper else np.tril(own, -unit_diagonal)
        if unit_diagonal:
            np.fill_diagonal(own, 1)
        x[start:end] = np.linalg.solve(own, x[start:end])
        rest = slice(0, start) if upper else slice(end, count)
        x[rest] -= a[rest, start:end] @ x[start:end]
    return x


def sylvester(a: Array, b: Array, q: Array) -> Array:
    """Solve ``a @ x + x @ b = q`` by the algorithm of Bartels and Stewart."""
    from scipy.linalg import solve_sylvester

    dtype = np.result_type(a, b, q)
    out = _each(solve_sylvester, a, b, q) if q.size else np.zeros(q.shape)
    return out.astype(dtype, copy=False)


def solve_banded(ab: Array, b: Array, lower: int, upper: int) -> Array:
    """Solve with banded matrices."""
    from scipy.linalg import solve_banded as solve

    def one(ab: Array, b: Array) -> Array:
        return solve((lower, upper), ab, b, check_finite=False) if b.size else b

    return _each(one, ab, b).astype(np.result_type(ab, b), copy=False)


def cholesky_vjp(g: Array, factor: Array) -> Array:
    """Return the cotangent of a matrix from that of its lower Cholesky factor.

    Real matrices use a blocked algorithm, from the last block to the first (Murray 2016,
    Differentiation of the Cholesky decomposition, section 4.2), with a sixth of the arithmetic
    of the closed form.
    """
    if g.ndim > 2 or factor.ndim > 2:
        return _each(cholesky_vjp, g, factor)
    count = len(factor)
    rows = thresholds.CHOLESKY_BLOCK
    if factor.dtype.kind == "c" or count <= rows:
        return _closed_form(g, factor)
    out = np.tril(g)  # an element below the diagonal stands for both of its positions
    for end in range(count, 0, -rows):
        start = max(0, end - rows)
        own, below, left = slice(start, end), slice(end, count), slice(0, start)
        diagonal, column = factor[own, own], factor[below, own]
        inverse = np.linalg.inv(diagonal)
        if end < count:
            out[below, own] = out[below, own] @ inverse
            out[own, own] -= np.tril(out[below, own].T @ column)
            out[below, left] -= out[below, own] @ factor[own, left]
        block = _by_inverse(out[own, own], diagonal, inverse)
        out[own, left] -= 2 * block @ factor[own, left]
        if end < count:
            out[own, left] -= out[below, own].T @ factor[below, left]
        block *= 2
        block[np.diag_indices_from(block)] *= 0.5
        out[own, own] = np.tril(block)
    out *= 0.5
    out += out.T.copy()
    return out


def _closed_form(g: Array, factor: Array) -> Array:
    return _by_inverse(g, factor, np.linalg.inv(factor))


def _by_inverse(g: Array, factor: Array, inverse: Array) -> Array:
    """Return the Hermitian part of L⁻ᴴ Φ(Lᴴ L̄) L⁻¹, where Φ keeps the lower half."""
    inner = np.tril(_adjoint(factor) @ g)
    inner[np.diag_indices_from(inner)] *= 0.5
    full = _adjoint(inverse) @ inner @ inverse
    full += _adjoint(full).copy()
    full *= 0.5
    return full


def sparse_solve(pattern: Any, values: Array, b: Array, adjoint: bool) -> Array:
    """Solve a sparse system by LU; the factors are cached for the next one with these values."""
    from scipy import sparse
    from scipy.sparse import linalg

    dtype = np.result_type(values, b)
    kept = pattern.factor
    if kept is None or kept[0].dtype != dtype or not np.array_equal(kept[0], values):
        numbers = np.array(values, dtype=dtype)
        positions = (pattern.rows, pattern.columns)
        matrix = sparse.coo_array((numbers, positions), shape=pattern.shape).tocsc()
        kept = pattern.factor = (numbers, linalg.splu(matrix))
    out = kept[1].solve(np.ascontiguousarray(b, dtype=dtype), trans="H" if adjoint else "N")
    return np.asarray(out)
