"""Matrix products."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from xgrad.backends.dtypes import canonical, is_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_core, pad_rank
from xgrad.engine.constructors import bilinear, general
from xgrad.engine.declare import function
from xgrad.engine.dispatch import XG
from xgrad.engine.precision import NARROW, in_single
from xgrad.engine.primitive import Params
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.ops import sparse
from xgrad.ops.arguments import integers
from xgrad.ops.complex import conj
from xgrad.ops.elementwise import multiply
from xgrad.ops.reductions import any, sum
from xgrad.ops.shape import checked_axis, ndim_of, permute_dims, reshape
from xgrad.ops.sparse import is_sparse
from xgrad.typing import SupportsArray, Value

__all__ = ["matmul", "matvec", "outer", "tensordot", "vecdot", "vecmat"]


def _right_factor(xp: Namespace, g: Value, x: Value, like: Value) -> Value:
    if len(like.shape) == 2 and len(g.shape) > 2 and len(x.shape) == len(g.shape):
        # One matrix times a stack: one product instead of a stack to sum.
        rows = math.prod(x.shape[:-1])
        x, g = xp.reshape(x, (rows, x.shape[-1])), xp.reshape(g, (rows, g.shape[-1]))
    return xp.matmul(xp.matrix_transpose(x), g)


@bilinear(
    left=lambda xp, g, y: xp.matmul(g, xp.matrix_transpose(y)),
    right=_right_factor,
    core="(m,n),(n,k)->(m,k)",
    direct="matmul",
    precision=NARROW,
    product=True,
)
def _matrix_product(xp: Namespace, x: Value, y: Value, /) -> Value:
    return xp.matmul(x, y)


@function(numpy=("matmul", "linalg.matmul"), operator="@", rules=True)
def matmul(x1: SupportsArray, x2: SupportsArray) -> Tensor:
    """Matrix product; leading axes broadcast, and a 1-D operand is a row or a column.

    One operand may be a constant sparse matrix of SciPy or CuPy.

    Gradients: ``g @ yᵀ`` and ``xᵀ @ g``.

    See Also
    --------
    xgrad.sparse.matmul : With differentiable values of the sparse matrix.
    xgrad.vecdot : Inner products along one axis, the first argument conjugated.
    """
    if is_sparse(x2):
        return sparse.product_from_the_right(x1, x2)
    if is_sparse(x1):
        return sparse.matmul(x1, x2)
    shapes = tuple(getattr(x1, "shape", ())), tuple(getattr(x2, "shape", ()))
    (x_shape, y_shape) = shapes
    if not x_shape or not y_shape:
        if isinstance(x2, list | tuple) and type(x1) is Tensor:
            return matmul(x1, XG.as_tensor(x2, like=x1))
        if isinstance(x1, list | tuple) and type(x2) is Tensor:
            return matmul(XG.as_tensor(x1, like=x2), x2)
        for x in (x1, x2):
            if isinstance(x, list | tuple):
                raise TypeError(
                    f"matmul: expected an array or a Tensor, got {type(x).__name__}; "
                    "convert it first with xgrad.asarray"
                )
        raise ValueError(f"matmul: expected at least 1 dimension, got x1 {x_shape} @ x2 {y_shape}")
    if x_shape[-1] != y_shape[-2 if len(y_shape) > 1 else 0]:
        name = called("matmul")
        raise ValueError(f"{name}: inner dimensions differ: x1 {x_shape} @ x2 {y_shape}")
    if len(x_shape) > 1 and len(y_shape) > 1:
        return _matrix_product(x1, x2)
    row = reshape(x1, (1, *x_shape)) if len(x_shape) == 1 else x1
    column = reshape(x2, (*y_shape, 1)) if len(y_shape) == 1 else x2
    out = _matrix_product(row, column)
    shape = out.shape[:-1] if len(y_shape) == 1 else out.shape
    if len(x_shape) == 1:
        shape = shape[:-2] + shape[-1:] if len(y_shape) > 1 else shape[:-1]
    return reshape(out, shape)


def _weight_gradient(xp: Namespace, g: Value, x: Value) -> Value:
    rows = math.prod(x.shape[:-1])
    x, g = xp.reshape(x, (rows, x.shape[-1])), xp.reshape(g, (rows, g.shape[-1]))
    return xp.matmul(xp.matrix_transpose(g), x)


@bilinear(
    left=lambda xp, g, w: xp.matmul(g, w),
    right=lambda xp, g, x, like: (
        _weight_gradient(xp, g, x) if len(like.shape) == 2 else xp.matmul(xp.matrix_transpose(g), x)
    ),
    core="(m,k),(n,k)->(m,n)",
    precision=NARROW,
    product=True,
)
def matmul_transposed(xp: Namespace, x: Value, w: Value, /) -> Value:
    """``x @ wᵀ`` for matrices: a layer's product; the weight gradient has the layout of w."""
    return xp.matmul(x, xp.matrix_transpose(w))


def _conjugated(xp: Namespace, x: Value) -> Value:
    return xp.conj(x) if is_complex(x.dtype) else x


def _affine_jvp_bias(xp: Namespace, t: Value, out: Value) -> Value:
    return xp.broadcast_to(t, tuple(out.shape))


def _batch_affine(
    op: Callable[..., Any], args: tuple[Value, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    x, w, b = args
    product = _BATCH_TRANSPOSED(_bind_transposed, (x, w), batched[:2], {})
    if batched[2]:
        rank = len(product.shape) - 1 if batched[0] or batched[1] else len(product.shape)
        b = pad_rank(b, rank)
    return stripped(XG.add(product, b))


def _bind_transposed(x: Any, w: Any) -> Any:
    return stripped(matmul_transposed(x, w))


_BATCH_TRANSPOSED = batch_core("(m,k),(n,k)->(m,n)")


@general(
    vjps=(
        lambda xp, g, w: xp.matmul(g, _conjugated(xp, w)),
        lambda xp, g, x: _weight_gradient(xp, g, _conjugated(xp, x)),
        lambda xp, g: g,  # the engine sums it over the rows
    ),
    jvps=(
        lambda xp, t, w: xp.matmul(t, xp.matrix_transpose(w)),
        lambda xp, t, x: xp.matmul(x, xp.matrix_transpose(t)),
        _affine_jvp_bias,
    ),
    batch=_batch_affine,
    precision=NARROW,
    product=True,
)
def affine(xp: Namespace, x: Value, w: Value, b: Value, /) -> Value:
    """``x @ wᵀ + b`` for matrices (..., m, k), (n, k) and (n): a fused linear layer."""
    return xp.affine(x, w, b)


@function(numpy="linalg.tensordot")
def tensordot(
    x1: SupportsArray, x2: SupportsArray, axes: int | tuple[Sequence[int], Sequence[int]] = 2
) -> Tensor:
    """Sum products over pairs of axes: the last of x1 with the first of x2, or those listed."""
    ndim_of("tensordot", x1), ndim_of("tensordot", x2)
    x_shape, y_shape = tuple(x1.shape), tuple(x2.shape)
    if isinstance(axes, int):
        if not 0 <= axes <= min(len(x_shape), len(y_shape)):
            raise ValueError(
                f"{called('tensordot')}: cannot sum over {axes} axes of shapes {x_shape} "
                f"and {y_shape}"
            )
        x_axes = tuple(range(len(x_shape) - axes, len(x_shape)))
        y_axes = tuple(range(axes))
    else:
        if not isinstance(axes, list | tuple) or len(axes) != 2:
            raise TypeError(
                f"{called('tensordot')}: axes must be an integer or two sequences, got {axes!r}"
            )
        first, second = (integers("tensordot", "axes", part) for part in axes)
        x_axes = tuple(checked_axis("tensordot", a, len(x_shape)) for a in first)
        y_axes = tuple(checked_axis("tensordot", a, len(y_shape)) for a in second)
    if [x_shape[a] for a in x_axes] != [y_shape[a] for a in y_axes]:
        raise ValueError(
            f"{called('tensordot')}: lengths differ: x1 {x_shape} over {x_axes}, x2 {y_shape} "
            f"over {y_axes}"
        )
    x_kept = tuple(a for a in range(len(x_shape)) if a not in x_axes)
    y_kept = tuple(a for a in range(len(y_shape)) if a not in y_axes)
    count = math.prod(x_shape[a] for a in x_axes)
    x_rest, y_rest = (x_shape[a] for a in x_kept), (y_shape[a] for a in y_kept)
    shape = (*x_rest, *y_rest)
    rows = math.prod(shape[: len(x_kept)])
    columns = math.prod(shape[len(x_kept) :])
    left = reshape(permute_dims(x1, (*x_kept, *x_axes)), (rows, count))
    right = reshape(permute_dims(x2, (*y_axes, *y_kept)), (count, columns))
    return reshape(_matrix_product(left, right), shape)


@function(numpy="linalg.outer")
def outer(x1: SupportsArray, x2: SupportsArray) -> Tensor:
    """Products of every element of a vector with every element of another vector.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.outer(xg.asarray([1, 2]), xg.asarray([3, 4, 5]))
    Tensor([[ 3,  4,  5],
            [ 6,  8, 10]])
    """
    if (ndim_of("outer", x1), ndim_of("outer", x2)) != (1, 1):
        raise ValueError(f"outer: expected vectors, got x1 {tuple(x1.shape)}, x2 {tuple(x2.shape)}")
    return multiply(reshape(x1, (x1.shape[0], 1)), x2)


@function(numpy=("vecdot", "linalg.vecdot"))
@in_single
def vecdot(x1: SupportsArray, x2: SupportsArray, *, axis: int = -1) -> Tensor:
    """Inner products ``sum(conj(x1) * x2)`` of vectors along an axis; the others broadcast.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.vecdot(xg.asarray([[1.0, 2.0], [3.0, 4.0]]), xg.asarray([1.0, 10.0]))
    Tensor([21., 43.])
    """
    ndim = min(ndim_of("vecdot", x1), ndim_of("vecdot", x2))
    shapes = tuple(x1.shape), tuple(x2.shape)
    if axis >= 0 and len(shapes[0]) != len(shapes[1]):
        raise ValueError(f"vecdot: with different ranks, axis must be negative, got {axis}")
    axis = checked_axis("vecdot", axis, ndim) - ndim
    if shapes[0][axis] != shapes[1][axis]:
        raise ValueError(
            f"vecdot: lengths differ along axis {axis}: x1 {shapes[0]}, x2 {shapes[1]}"
        )
    left = conj(x1) if is_complex(x1.dtype) else x1
    products = multiply(left, x2)
    kind = canonical(lowest(products).dtype).kind
    if kind == "b":
        return any(products, axis=axis)
    return sum(products, axis=axis, dtype=products.dtype if kind in "iu" else None)


def _at_least(function: str, x: Any, least: int) -> None:
    if ndim_of(function, x) < least:
        raise ValueError(
            f"{function}: expected at least {least} dimensions, got shape {tuple(x.shape)}"
        )


@function(numpy="matvec")
def matvec(x1: SupportsArray, x2: SupportsArray) -> Tensor:
    """Products of matrices (..., m, n) with vectors (..., n); leading axes broadcast.

    See Also
    --------
    xgrad.matmul : A 1-D operand is a vector; of more dimensions, a stack of matrices.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.matvec(xg.asarray([[1.0, 2.0], [3.0, 4.0]]), xg.asarray([[1.0, 0.0], [1.0, 1.0]]))
    Tensor([[1., 3.],
            [3., 7.]])
    """
    _at_least("matvec", x1, 2)
    _at_least("matvec", x2, 1)
    out = matmul(x1, reshape(x2, (*x2.shape, 1)))
    return reshape(out, out.shape[:-1])


@function(numpy="vecmat")
def vecmat(x1: SupportsArray, x2: SupportsArray) -> Tensor:
    """Products of vectors (..., m), conjugated, with matrices (..., m, n).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.vecmat(xg.asarray([1.0, 10.0]), xg.asarray([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([31., 42.])
    """
    _at_least("vecmat", x1, 1)
    _at_least("vecmat", x2, 2)
    row = conj(x1) if is_complex(x1.dtype) else x1
    out = matmul(reshape(row, (*row.shape[:-1], 1, row.shape[-1])), x2)
    return reshape(out, (*out.shape[:-2], out.shape[-1]))
