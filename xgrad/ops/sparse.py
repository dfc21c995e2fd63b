"""Products with sparse matrices, and sparse linear systems.

The matrices are constants, of ``scipy.sparse`` or ``cupyx.scipy.sparse``. Their stored values may
be passed as a Tensor, and are then differentiable.
"""

import math
from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import is_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import fill_batch
from xgrad.engine.constructors import general, linear
from xgrad.engine.dispatch import XG, namespace, recorded
from xgrad.engine.primitive import Params
from xgrad.engine.tensor import Tensor, stripped
from xgrad.ops.shape import reshape
from xgrad.typing import ArrayLike, SupportsArray, Value

__all__ = ["matmul", "solve"]


def is_sparse(x: Any) -> bool:
    """Whether an object is a sparse matrix, by its methods."""
    return type(x) is not Tensor and hasattr(x, "tocoo") and hasattr(x, "nnz")


class Pattern:
    """The positions of a sparse matrix's values, in the order in which they are stored.

    Attributes
    ----------
    rows, columns : raw arrays of integers
    data : raw array
        The stored values.
    shape : tuple of int
    factor : tuple or None
        The last values that were factorised, and their factors: a cache of the backend.
    """

    def __init__(self, matrix: Any) -> None:
        self.shape = tuple(int(n) for n in matrix.shape)
        if len(self.shape) != 2:
            raise ValueError(f"sparse: expected a matrix, got shape {self.shape}")
        entries = matrix.tocoo()  # CSR and CSC values keep their order
        self.rows, self.columns, self.data = entries.row, entries.col, entries.data
        self.factor: Any = None


# -- products ----------------------------------------------------------------------------------


def _batch_columns(op: Callable[..., Any], x: Value, params: Params) -> Any:
    """Concatenate the columns of all examples."""
    xp = namespace(x)
    batch, rows, columns = x.shape
    flat = xp.reshape(xp.moveaxis(x, 0, 1), (rows, batch * columns))
    out = op(flat, **params)
    return xp.moveaxis(xp.reshape(out, (out.shape[0], batch, columns)), 1, 0)


def _product_back(xp: Namespace, g: Value, matrix: Value, adjoint: bool) -> Any:
    return recorded(_constant_product, g, matrix=matrix, adjoint=not adjoint)


@linear(transpose=_product_back, batch=_batch_columns)
def _constant_product(xp: Namespace, x: Value, /, *, matrix: Any, adjoint: bool) -> Value:
    return xp.kernels.sparse_product(matrix.conj().T if adjoint else matrix, x)


def _with_values(xp: Namespace, values: Value, x: Value, pattern: Pattern, adjoint: bool) -> Value:
    """The product: gather rows of ``x``, multiply by the values, and sum by row of the matrix."""
    rows, columns, size = pattern.rows, pattern.columns, pattern.shape[0]
    if adjoint:
        rows, columns, size = columns, rows, pattern.shape[1]
        values = xp.conj(values) if is_complex(values.dtype) else values
    gathered = xp.take(x, columns, axis=0)
    scaled = xp.multiply(xp.reshape(values, (-1, 1)), gathered)
    return xp.index_add(scaled, rows, axis=0, size=size)


def _columns_of(function: str, x: Any, length: int, name: str) -> Any:
    shape = tuple(getattr(x, "shape", ()))
    if len(shape) not in (1, 2) or shape[0] != length:
        raise ValueError(
            f"{function}: expected {name} of shape ({length},) or ({length}, k), got {shape}"
        )
    return reshape(x, (length, 1)) if len(shape) == 1 else x


def _checked_values(function: str, pattern: Pattern, values: Any) -> Any:
    if tuple(values.shape) != tuple(pattern.data.shape):
        raise ValueError(
            f"{function}: expected values of shape {tuple(pattern.data.shape)}, one for each "
            f"stored value, got {tuple(values.shape)}"
        )
    return values


def matmul(a: SupportsArray, x: SupportsArray, /, *, values: Any | None = None) -> Tensor:
    """Product ``a @ x`` with a sparse matrix on the left.

    Parameters
    ----------
    a : sparse matrix or array of SciPy or CuPy, shape (m, n)
        Of the backend of ``x``: SciPy's for NumPy arrays, CuPy's for CuPy arrays.
    x : array or Tensor, shape (n,) or (n, k)
    values : array or Tensor, optional
        Used instead of the stored values, in the order of ``a.tocoo().data`` (for CSR and CSC the
        order of ``a.data``); differentiable.

    Raises
    ------
    ValueError
        If shapes do not match.
    BackendError
        If the backend of ``x`` has no sparse matrices of this kind.

    See Also
    --------
    xgrad.matmul : Also takes sparse matrices, as constants.

    Notes
    -----
    ``xgrad.matmul(a, x)`` and ``x @ a`` take sparse matrices, too. ``a @ x`` calls SciPy's
    operator, which converts ``x`` to an array, and so raises if ``x`` needs gradients.

    Examples
    --------
    >>> import scipy.sparse
    >>> import xgrad as xg
    >>> a = scipy.sparse.csr_array([[0.0, 2.0], [1.0, 0.0]])
    >>> xg.sparse.matmul(a, xg.asarray([1.0, 10.0]))
    Tensor([20.,  1.])
    """
    columns = _columns_of("sparse.matmul", x, int(a.shape[1]), "x")
    if values is None:
        out: Value = _constant_product(columns, matrix=a, adjoint=False)
    else:
        pattern = Pattern(a)
        values = _checked_values("sparse.matmul", pattern, values)
        out = _with_values(XG, values, columns, pattern, adjoint=False)
    return reshape(out, (out.shape[0], *x.shape[1:]))


def product_from_the_right(x: SupportsArray, a: Any) -> Tensor:
    """``x @ a`` with a sparse matrix on the right, for x of shape (..., m)."""
    length = int(a.shape[0])
    if x.shape[-1] != length:
        raise ValueError(
            f"matmul: inner dimensions differ: x1 {tuple(x.shape)} @ x2 {tuple(a.shape)}"
        )
    rows = reshape(x, (math.prod(x.shape[:-1]), length))
    out = _constant_product(XG.matrix_transpose(rows), matrix=a.T, adjoint=False)
    return reshape(XG.matrix_transpose(out), (*x.shape[:-1], int(a.shape[1])))


# -- linear systems ----------------------------------------------------------------------------


def _solution_by_values(
    xp: Namespace, g: Value, values: Value, out: Value, pattern: Any, adjoint: bool
) -> Value:
    back = recorded(_sparse_solve, values, g, pattern=pattern, adjoint=not adjoint)
    rows, columns = pattern.rows, pattern.columns
    if adjoint:  # the matrix holds conjugated values at transposed positions
        rows, columns = columns, rows
    conjugated = xp.conj(out) if is_complex(out.dtype) else out
    product = xp.multiply(xp.take(back, rows, axis=0), xp.take(conjugated, columns, axis=0))
    total = xp.negative(xp.sum(product, axis=-1))
    return xp.conj(total) if adjoint and is_complex(total.dtype) else total


def _solution_by_right_side(
    xp: Namespace, g: Value, values: Value, pattern: Any, adjoint: bool
) -> Value:
    return recorded(_sparse_solve, values, g, pattern=pattern, adjoint=not adjoint)


def _solution_along_right_side(
    xp: Namespace, t: Value, values: Value, pattern: Any, adjoint: bool
) -> Value:
    return recorded(_sparse_solve, values, t, pattern=pattern, adjoint=adjoint)


def _solution_change(
    xp: Namespace, t: Value, values: Value, out: Value, pattern: Any, adjoint: bool
) -> Value:
    change = _with_values(xp, t, out, pattern, adjoint)
    return xp.negative(recorded(_sparse_solve, values, change, pattern=pattern, adjoint=adjoint))


def _batch_solve(
    op: Callable[..., Any], args: tuple[Value, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    values, b = args
    if not batched[0]:
        return _batch_columns(lambda b, **p: op(values, b, **p), b, params)
    values, b = fill_batch(args, batched)
    xp = namespace(values, b)
    solutions = [
        op(xp.basic_index(values, (i,)), xp.basic_index(b, (i,)), **params)
        for i in range(values.shape[0])
    ]
    return stripped(xp.stack(solutions, axis=0))


@general(
    vjps=(_solution_by_values, _solution_by_right_side),
    jvps=(_solution_change, _solution_along_right_side),
    batch=_batch_solve,
)
def _sparse_solve(
    xp: Namespace, values: Value, b: Value, /, *, pattern: Pattern, adjoint: bool
) -> Value:
    return xp.kernels.sparse_solve(pattern, values, b, adjoint)


def solve(a: SupportsArray, b: SupportsArray, /, *, values: ArrayLike | None = None) -> Tensor:
    """Solve ``a @ x = b`` for a sparse square matrix, differentiably.

    Parameters
    ----------
    a : sparse matrix or array of SciPy or CuPy, shape (n, n)
    b : array or Tensor, shape (n,) or (n, k)
    values : array or Tensor, optional
        Used instead of the stored values of ``a``, in the order of ``a.tocoo().data``;
        differentiable.

    Raises
    ------
    ValueError
        If shapes do not match.
    BackendError
        If the backend of ``b`` has no sparse solver.

    See Also
    --------
    xgrad.linalg.solve : For arrays and stacks of them.

    Notes
    -----
    The solution and its derivatives share one factorisation (SuperLU). Gradients: with
    Λ = A⁻ᴴ X̄, the gradient of ``b`` is Λ, that of a value at (i, j) is -Λᵢ · conj(Xⱼ).

    Examples
    --------
    >>> import scipy.sparse
    >>> import xgrad as xg
    >>> a = scipy.sparse.csr_array([[2.0, 0.0], [0.0, 4.0]])
    >>> values = xg.tensor(a.data, requires_grad=True)
    >>> x = xg.sparse.solve(a, xg.asarray([2.0, 4.0]), values=values)
    >>> xg.sum(x).backward()
    >>> values.grad
    Tensor([-0.5 , -0.25])
    """
    rows, columns = (int(n) for n in a.shape)
    if rows != columns:
        raise ValueError(f"sparse.solve: expected a square matrix, got shape {(rows, columns)}")
    right = _columns_of("sparse.solve", b, rows, "b")
    pattern = Pattern(a)
    stored = pattern.data if values is None else _checked_values("sparse.solve", pattern, values)
    out = _sparse_solve(stored, right, pattern=pattern, adjoint=False)
    return reshape(out, tuple(b.shape))
