"""OpInfo entries of matrix products and linear algebra."""

from typing import Any

import numpy as np

import xgrad as xg
from tests.opinfo_entries import Untranslated, add, entry, same

t = xg.asarray
L = xg.linalg
same("matmul outer kron", 2)
add("mm bmm mv", lambda a, b: xg.matmul(a, b), "matmul")
add("dot", lambda a, b: xg.matmul(a, b), "matmul")
add("vdot", lambda a, b: xg.vecdot(a, b), "vecdot")
add(
    "tensordot",
    lambda a, b, dims=2: xg.tensordot(
        a, b, axes=dims if isinstance(dims, int) else tuple(tuple(d) for d in dims)
    ),
    "tensordot",
)
add("einsum", lambda tensors, equation: xg.einsum(equation, *tensors), "einsum")
add(
    "addmm addmm.decomposed",
    lambda x, a, b, *, beta=1, alpha=1: beta * t(x) + alpha * xg.matmul(a, b),
    "matmul",
    "add",
)
add(
    "addmv",
    lambda x, a, b, *, beta=1, alpha=1: beta * t(x) + alpha * xg.matmul(a, b),
    "matmul",
    "add",
)
add(
    "baddbmm",
    lambda x, a, b, *, beta=1, alpha=1: beta * t(x) + alpha * xg.matmul(a, b),
    "matmul",
    "add",
)
add(
    "addbmm",
    lambda x, a, b, *, beta=1, alpha=1: beta * t(x) + alpha * xg.sum(xg.matmul(a, b), axis=0),
    "matmul",
    "add",
)
add(
    "addr", lambda x, a, b, *, beta=1, alpha=1: beta * t(x) + alpha * xg.outer(a, b), "outer", "add"
)
add("dist", lambda a, b, p=2: L.vector_norm(xg.subtract(a, b), ord=p), "vector_norm")
add(
    "cross",
    lambda a, b, dim=None: L.cross(a, b, axis=_first_of_three(a, b) if dim is None else dim),
    "cross",
)


def _first_of_three(a: Any, b: Any) -> int:
    return np.broadcast_shapes(t(a).shape, t(b).shape).index(3)


add("trace", lambda x: L.trace(x), "trace")
add(
    "diagonal diagonal_copy",
    lambda x, offset=0, dim1=0, dim2=1: L.diagonal(
        xg.moveaxis(x, (dim1, dim2), (-2, -1)), offset=offset
    ),
    "diagonal",
    "moveaxis",
)
add(
    "linalg.diagonal",
    lambda x, *, offset=0, dim1=-2, dim2=-1: L.diagonal(
        xg.moveaxis(x, (dim1, dim2), (-2, -1)), offset=offset
    ),
    "diagonal",
    "moveaxis",
)
add("matrix_exp", lambda x: L.expm(x), "expm")


@entry("logdet", "slogdet")
def _(x: Any) -> Any:
    sign, value = L.slogdet(x)
    if xg.isdtype(sign.dtype, "complex floating"):
        return xg.log(sign) + value
    return xg.where(xg.less(sign, 0), xg.nan, value)


same("det inv", 1, L, "linalg.")
add("linalg.slogdet", lambda x: L.slogdet(x))
add("linalg.cholesky cholesky", lambda x, upper=False: L.cholesky(x, upper=upper), "cholesky")
add("linalg.cross", lambda a, b, *, dim=-1: L.cross(a, b, axis=dim))
add("linalg.vecdot", lambda a, b, *, dim=-1: L.vecdot(a, b, axis=dim))
add("linalg.cond", lambda x, p=None: L.cond(x, p))
add("linalg.matrix_power", lambda x, n: L.matrix_power(x, n))
add("linalg.multi_dot", lambda tensors: L.multi_dot(tensors))
add("linalg.svdvals", lambda x: L.svdvals(x))
add("linalg.eigvals", lambda x: L.eigvals(x))
add("linalg.eigvalsh", lambda x, UPLO="L": L.eigvalsh(x))


add("linalg.eigh", lambda x, UPLO="L": L.eigh(x), process=lambda out: (out[0], abs(out[1])))
add("linalg.eig", lambda x: L.eig(x), process=lambda out: (out[0], abs(out[1])))


def _first_vectors(out: Any) -> Any:
    """Vectors are unique up to a phase; those beyond the singular values may be any basis."""
    left, values, right = out
    count = values.shape[-1]
    return abs(left[..., :count]), values, abs(right[..., :count, :])


add(
    "linalg.svd",
    lambda x, full_matrices=True: L.svd(x, full_matrices=full_matrices),
    process=_first_vectors,
)


@entry("svd", process=lambda out: _first_vectors((out[0], out[1], out[2].mT)))
def _(x: Any, some: bool = True) -> Any:
    left, values, right = L.svd(x, full_matrices=not some)
    return left, values, xg.conj(right.mT)


add(
    "linalg.qr",
    lambda x, mode="reduced": L.qr(x, mode=mode),
    "qr",
    process=lambda out: (abs(out[0]), abs(out[1])),
)
add(
    "qr",
    lambda x, some=True: L.qr(x, mode="reduced" if some else "complete"),
    "qr",
    process=lambda out: (abs(out[0]), abs(out[1])),
)


@entry("linalg.solve")
def _(a: Any, b: Any, *, left: bool = True) -> Any:
    if not left:
        raise Untranslated
    return L.solve(a, b)


@entry("linalg.solve_triangular")
def _(a: Any, b: Any, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Any:
    if not left:
        raise Untranslated
    return L.solve_triangular(a, b, upper=upper, unit_diagonal=unitriangular)


@entry(
    "triangular_solve",
    "solve_triangular",
    process=lambda out: out[0] if isinstance(out, tuple) else out,
)
def _(
    b: Any, a: Any, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    if transpose:
        a, upper = t(a).mT, not upper
    return L.solve_triangular(a, b, upper=upper, unit_diagonal=unitriangular)


add(
    "linalg.lstsq linalg.lstsq.grad_oriented",
    lambda a, b, *, driver=None: L.lstsq(a, b),
    process=lambda out: out[0],
)


@entry("linalg.pinv linalg.pinv.singular linalg.pinv.hermitian pinverse", "pinv")
def _(
    x: Any,
    *factors: Any,
    rcond: Any = None,
    rtol: Any = None,
    atol: Any = None,
    hermitian: bool = False,
) -> Any:
    if factors:  # the variant "singular" passes factors of the matrix
        x = xg.matmul(x, t(factors[0]).mT)
    if atol is not None or rcond is not None:
        raise Untranslated
    return L.pinv(x, rtol=rtol)


@entry("linalg.matrix_rank linalg.matrix_rank.hermitian", "matrix_rank")
def _(
    x: Any, *, tol: Any = None, rtol: Any = None, atol: Any = None, hermitian: bool = False
) -> Any:
    if tol is not None or atol is not None:
        raise Untranslated
    return L.matrix_rank(x, rtol=rtol)


@entry("linalg.vector_norm")
def _(x: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    x = t(x) if dtype is None else xg.astype(x, dtype)
    if x.ndim == 0 and dim is not None:
        raise Untranslated
    return L.vector_norm(x, ord=ord, axis=dim, keepdims=keepdim)


@entry("linalg.matrix_norm")
def _(
    x: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Any:
    x = t(x) if dtype is None else xg.astype(x, dtype)
    if tuple(dim) == (-2, -1):
        return L.matrix_norm(x, ord=ord, keepdims=keepdim)
    return L.norm(x, ord, axis=tuple(dim), keepdims=keepdim)


@entry("linalg.norm linalg.norm.subgradients_at_zero", "norm")
def _(x: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    x = t(x) if dtype is None else xg.astype(x, dtype)
    return L.norm(x, ord, axis=tuple(dim) if isinstance(dim, list) else dim, keepdims=keepdim)
