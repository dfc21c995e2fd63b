"""SciPy's linear algebra for NumPy arrays, past its checks where matrices are single."""

from typing import Any

import numpy as np

Array = Any


def _adjoint(x: Array) -> Array:
    flipped = x.swapaxes(-1, -2)
    return flipped.conj() if x.dtype.kind == "c" else flipped


def _each(function: Any, *arrays: Array) -> Array:
    """Apply a function of matrices to stacks of them, broadcasting."""
    lead = np.broadcast_shapes(*(x.shape[:-2] for x in arrays))
    full = [np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in arrays]
    out = [function(*(x[i] for x in full)) for i in np.ndindex(*lead)]
    if not out:
        return np.zeros((*lead, *full[-1].shape[-2:]), np.result_type(*arrays))
    return np.stack(out).reshape(*lead, *out[0].shape)


def solve_triangular(a: Array, b: Array, upper: bool, unit_diagonal: bool) -> Array:
    """Solve ``a @ x = b`` by substitution."""
    if a.ndim > 2 or b.ndim > 2:
        return _each(lambda a, b: solve_triangular(a, b, upper, unit_diagonal), a, b)
    if b.size == 0:
        return np.zeros(b.shape, np.result_type(a, b))
    from scipy import linalg  # heavy: not before it is needed

    return linalg.solve_triangular(
        a, b, lower=not upper, unit_diagonal=unit_diagonal, check_finite=False
    )


def cholesky_vjp(g: Array, factor: Array) -> Array:
    """Return L⁻ᴴ Φ(Lᴴ L̄) L⁻¹, made Hermitian (Murray 2016)."""
    if g.ndim > 2 or factor.ndim > 2:
        return _each(cholesky_vjp, g, factor)
    from scipy import linalg

    inner = np.tril(_adjoint(factor) @ g)
    inner[np.diag_indices_from(inner)] *= 0.5
    left = linalg.solve_triangular(factor, inner, trans="C", lower=True, check_finite=False)
    full = linalg.solve_triangular(
        factor, _adjoint(left), trans="C", lower=True, check_finite=False
    )
    full += _adjoint(full).copy()
    full *= 0.5
    return full


def expm(x: Array) -> Array:
    """Matrix exponentials (Al-Mohy and Higham 2009)."""
    from scipy import linalg

    return linalg.expm(x)


def sparse_solve(pattern: Any, values: Array, b: Array, adjoint: bool) -> Array:
    """Solve a sparse system by LU; the factors are kept for the next one with these values."""
    from scipy import sparse
    from scipy.sparse import linalg

    dtype = np.result_type(values, b)
    kept = pattern.factor
    if kept is None or kept[0].dtype != dtype or not np.array_equal(kept[0], values):
        numbers = np.array(values, dtype=dtype)
        places = (pattern.rows, pattern.columns)
        matrix = sparse.coo_array((numbers, places), shape=pattern.shape).tocsc()
        kept = pattern.factor = (numbers, linalg.splu(matrix))
    out = kept[1].solve(np.ascontiguousarray(b, dtype=dtype), trans="H" if adjoint else "N")
    return np.asarray(out)
