"""Products of matrices."""

import math
from collections.abc import Sequence
from typing import Any

from xgrad.backends.dtypes import is_complex
from xgrad.engine.batching import batch_core, pad_rank
from xgrad.engine.constructors import bilinear, general
from xgrad.engine.dispatch import XG
from xgrad.engine.tensor import Tensor, stripped
from xgrad.ops.elementwise import conj, multiply
from xgrad.ops.reductions import sum
from xgrad.ops.shape import checked_axis, ndim_of, permute_dims, reshape


def _right_factor(xp: Any, g: Any, x: Any, like: Any) -> Any:
    if len(like.shape) == 2 and len(g.shape) > 2 and len(x.shape) == len(g.shape):
        # One matrix beside a stack of them: one product instead of a stack to sum.
        rows = math.prod(x.shape[:-1])
        x, g = xp.reshape(x, (rows, x.shape[-1])), xp.reshape(g, (rows, g.shape[-1]))
    return xp.matmul(xp.matrix_transpose(x), g)


@bilinear(
    left=lambda xp, g, y: xp.matmul(g, xp.matrix_transpose(y)),
    right=_right_factor,
    core="(m,n),(n,k)->(m,k)",
)
def _matrix_product(xp: Any, x: Any, y: Any, /) -> Any:
    return xp.matmul(x, y)


def matmul(x: Any, y: Any, /) -> Tensor:
    """Matrix product; leading axes broadcast, and a 1-D operand is a row or a column.

    Gradients: ``g @ yᵀ`` and ``xᵀ @ g``.
    """
    shapes = tuple(getattr(x, "shape", ())), tuple(getattr(y, "shape", ()))
    (x_shape, y_shape) = shapes
    if not x_shape or not y_shape:
        raise ValueError(f"matmul: expected at least 1 dimension, got x {x_shape} @ y {y_shape}")
    if x_shape[-1] != y_shape[-2 if len(y_shape) > 1 else 0]:
        raise ValueError(f"matmul: inner dimensions differ: x {x_shape} @ y {y_shape}")
    if len(x_shape) > 1 and len(y_shape) > 1:
        return _matrix_product(x, y)
    row = reshape(x, (1, *x_shape)) if len(x_shape) == 1 else x
    column = reshape(y, (*y_shape, 1)) if len(y_shape) == 1 else y
    out = _matrix_product(row, column)
    shape = out.shape[:-1] if len(y_shape) == 1 else out.shape
    if len(x_shape) == 1:
        shape = shape[:-2] + shape[-1:] if len(y_shape) > 1 else shape[:-1]
    return reshape(out, shape)


def _weight_gradient(xp: Any, g: Any, x: Any) -> Any:
    rows = math.prod(x.shape[:-1])
    x, g = xp.reshape(x, (rows, x.shape[-1])), xp.reshape(g, (rows, g.shape[-1]))
    return xp.matmul(xp.matrix_transpose(g), x)


@bilinear(
    left=lambda xp, g, w: xp.matmul(g, w),
    right=lambda xp, g, x, like: (
        _weight_gradient(xp, g, x) if len(like.shape) == 2 else xp.matmul(xp.matrix_transpose(g), x)
    ),
    core="(m,k),(n,k)->(m,n)",
)
def matmul_transposed(xp: Any, x: Any, w: Any, /) -> Any:
    """``x @ wᵀ`` for matrices: a layer's product, whose weight gradient is laid out like w."""
    return xp.matmul(x, xp.matrix_transpose(w))


def _conjugated(xp: Any, x: Any) -> Any:
    return xp.conj(x) if is_complex(x.dtype) else x


def _affine_jvp_bias(xp: Any, t: Any, out: Any) -> Any:
    return xp.broadcast_to(t, tuple(out.shape))


def _batch_affine(op: Any, args: Any, batched: Any, params: Any) -> Any:
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
    fresh=(True, True, False),
)
def affine(xp: Any, x: Any, w: Any, b: Any, /) -> Any:
    """``x @ wᵀ + b`` for matrices (..., m, k), (n, k) and (n): a layer in one step."""
    return xp.affine(x, w, b)


def tensordot(x: Any, y: Any, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Tensor:
    """Sum products over pairs of axes: the last ``axes`` of x with the first of y, or named."""
    x_shape, y_shape = tuple(x.shape), tuple(y.shape)
    if isinstance(axes, int):
        if not 0 <= axes <= min(len(x_shape), len(y_shape)):
            raise ValueError(
                f"tensordot: cannot sum over {axes} axes of shapes {x_shape} and {y_shape}"
            )
        x_axes = tuple(range(len(x_shape) - axes, len(x_shape)))
        y_axes = tuple(range(axes))
    else:
        x_axes = tuple(checked_axis("tensordot", a, len(x_shape)) for a in axes[0])
        y_axes = tuple(checked_axis("tensordot", a, len(y_shape)) for a in axes[1])
    if [x_shape[a] for a in x_axes] != [y_shape[a] for a in y_axes]:
        raise ValueError(
            f"tensordot: lengths differ: x {x_shape} over {x_axes}, y {y_shape} over {y_axes}"
        )
    x_kept = tuple(a for a in range(len(x_shape)) if a not in x_axes)
    y_kept = tuple(a for a in range(len(y_shape)) if a not in y_axes)
    count = math.prod(x_shape[a] for a in x_axes)
    x_rest, y_rest = (x_shape[a] for a in x_kept), (y_shape[a] for a in y_kept)
    shape = (*x_rest, *y_rest)
    rows = math.prod(shape[: len(x_kept)])
    columns = math.prod(shape[len(x_kept) :])
    left = reshape(permute_dims(x, (*x_kept, *x_axes)), (rows, count))
    right = reshape(permute_dims(y, (*y_axes, *y_kept)), (count, columns))
    return reshape(_matrix_product(left, right), shape)


def outer(x: Any, y: Any, /) -> Tensor:
    """Products of every element of a vector with every element of another one.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.outer(xg.asarray([1, 2]), xg.asarray([3, 4, 5]))
    Tensor([[ 3,  4,  5],
            [ 6,  8, 10]])
    """
    if ndim_of("outer", x) != 1 or ndim_of("outer", y) != 1:
        raise ValueError(f"outer: expected vectors, got x {tuple(x.shape)}, y {tuple(y.shape)}")
    return multiply(reshape(x, (x.shape[0], 1)), y)


def vecdot(x: Any, y: Any, /, *, axis: int = -1) -> Tensor:
    """Inner products ``sum(conj(x) * y)`` of vectors along an axis; the others broadcast.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.vecdot(xg.asarray([[1.0, 2.0], [3.0, 4.0]]), xg.asarray([1.0, 10.0]))
    Tensor([21., 43.])
    """
    ndim = min(ndim_of("vecdot", x), ndim_of("vecdot", y))
    shapes = tuple(x.shape), tuple(y.shape)
    if axis >= 0 and len(shapes[0]) != len(shapes[1]):
        raise ValueError(f"vecdot: with ranks that differ, axis must be negative, got {axis}")
    axis = checked_axis("vecdot", axis, ndim) - ndim
    if shapes[0][axis] != shapes[1][axis]:
        raise ValueError(f"vecdot: lengths differ along axis {axis}: x {shapes[0]}, y {shapes[1]}")
    left = conj(x) if is_complex(x.dtype) else x
    return sum(multiply(left, y), axis=axis)
