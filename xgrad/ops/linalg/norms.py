"""Norms, diagonals, traces, and products of vectors and matrices."""

import math
from typing import Any

from xgrad.backends.dtypes import canonical, is_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_shift_axis
from xgrad.engine.constructors import general
from xgrad.engine.declare import function
from xgrad.engine.dispatch import XG
from xgrad.engine.precision import WIDE_INSIDE, in_single
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.arguments import integers
from xgrad.ops.complex import abs, sign
from xgrad.ops.elementwise import add, multiply, pow
from xgrad.ops.linalg.matrices import check_matrix, precision
from xgrad.ops.linalg.singular import svdvals
from xgrad.ops.linalg.solving import inv
from xgrad.ops.reductions import expand_reduced, max, min, sum
from xgrad.ops.selection import stop_gradient, where
from xgrad.ops.shape import checked_axis, moveaxis, ndim_of, reshape, stack
from xgrad.ops.views.kinds import reshape as reshape_view
from xgrad.ops.views.parts import basic_index
from xgrad.ops.views.reading import getitem
from xgrad.typing import ArrayLike, Axis, SupportsArray, Value

__all__ = ["cond", "cross", "diagonal", "matrix_norm", "norm", "trace", "vector_norm"]


@function(numpy="linalg.diagonal")
def diagonal(x: SupportsArray, offset: int = 0) -> Tensor:
    """Diagonals of matrices (..., m, n): ``offset`` above the main one, below if negative.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.diagonal(xg.asarray([[1, 2], [3, 4]]), offset=1)
    Tensor([2])
    """
    check_matrix("diagonal", x)
    (offset,) = integers("diagonal", "offset", offset)
    rows, columns = (int(n) for n in x.shape[-2:])
    row, column = (-offset, 0) if offset < 0 else (0, offset)
    count = sorted((rows - row, columns - column))[0]
    flat = reshape_view(x, (*x.shape[:-2], rows * columns))
    if count <= 0:
        return getitem(flat, (..., slice(0, 0)))
    start = row * columns + column
    # Each element is one row and one column after the last: a slice of the flattened matrix.
    return getitem(flat, (..., slice(start, start + (count - 1) * (columns + 1) + 1, columns + 1)))


@function(numpy="linalg.trace")
def trace(x: SupportsArray, offset: int = 0, *, dtype: Any = None) -> Tensor:
    """Sums of diagonals of matrices (..., m, n).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.trace(xg.asarray([[1.0, 2.0], [3.0, 4.0]]))
    Tensor(5.)
    """
    check_matrix("trace", x)
    (offset,) = integers("trace", "offset", offset)
    return sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


@function(numpy="linalg.cross")
def cross(x1: SupportsArray, x2: SupportsArray, axis: int = -1) -> Tensor:
    """Cross products of vectors with 3 elements along an axis; the other axes broadcast.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.cross(xg.asarray([1.0, 0.0, 0.0]), xg.asarray([0.0, 1.0, 0.0]))
    Tensor([0., 0., 1.])
    """
    ranks = ndim_of("cross", x1), ndim_of("cross", x2)
    if axis >= 0 and ranks[0] != ranks[1]:
        raise ValueError(f"cross: with different ranks, axis must be negative, got {axis}")
    rank = sorted(ranks)[0]
    axis = checked_axis("cross", axis, rank) - rank
    if x1.shape[axis] != 3 or x2.shape[axis] != 3:
        raise ValueError(
            f"cross: expected 3 elements along axis {axis}, "
            f"got x1 {tuple(x1.shape)} and x2 {tuple(x2.shape)}"
        )
    a, b = moveaxis(x1, axis, -1), moveaxis(x2, axis, -1)
    a0, a1, a2 = (basic_index(a, key=(..., i)) for i in range(3))
    b0, b1, b2 = (basic_index(b, key=(..., i)) for i in range(3))
    parts = [a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0]
    return moveaxis(stack(parts, axis=-1), -1, axis)


# -- norms -------------------------------------------------------------------------------------


def _norm_direction(xp: Namespace, x: Value, out: Value, axis: Axis, keepdims: bool) -> Value:
    """``x / norm``, and 0 where the norm is 0."""
    length = expand_reduced(xp, out, x, axis, keepdims)
    zero = xp.equal(length, 0)
    return xp.where(zero, 0.0, xp.divide(x, xp.where(zero, 1.0, length)))


def _norm_jvp(xp: Namespace, t: Value, x: Value, out: Value, axis: Axis, keepdims: bool) -> Value:
    direction = _norm_direction(xp, x, out, axis, keepdims)
    if is_complex(x.dtype):
        direction = xp.conj(direction)
    return xp.real(xp.sum(xp.multiply(direction, t), axis=axis, keepdims=keepdims))


@general(
    vjps=(
        lambda xp, g, x, out, axis, keepdims: xp.multiply(
            expand_reduced(xp, g, x, axis, keepdims),
            _norm_direction(xp, x, out, axis, keepdims),
        ),
    ),
    jvps=(_norm_jvp,),
    batch=batch_shift_axis,
    precision=WIDE_INSIDE,
)
def _euclidean(xp: Namespace, x: Value, /, *, axis: Axis, keepdims: bool) -> Value:
    return xp.euclidean(x, axis=axis, keepdims=keepdims)


def vector_norm(
    x: SupportsArray,
    axis: int | tuple[int, ...] | None = None,
    *,
    keepdims: bool = False,
    ord: float = 2,
) -> Tensor:
    """Vector norms ``sum(abs(x) ** ord) ** (1 / ord)`` along axes.

    Parameters
    ----------
    x : array or Tensor
    axis : int, tuple of int, or None
        With None, all elements are one vector.
    keepdims : bool
    ord : float
        Any real number; ``inf`` and ``-inf`` give the largest and the smallest absolute
        value, 0 the number of nonzero elements.

    See Also
    --------
    xgrad.linalg.norm : NumPy's function, a matrix norm for two axes.

    Notes
    -----
    The gradient at 0 is 0, for every order.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.vector_norm(xg.asarray([3.0, 4.0]))
    Tensor(5.)
    """
    rank = ndim_of("vector_norm", x)
    if axis is not None:
        axes = axis if isinstance(axis, tuple) else (axis,)
        axis = tuple(checked_axis("vector_norm", a, rank) for a in axes)
    if canonical(lowest(x).dtype).kind not in "fc" and canonical(lowest(x).dtype).kind != "V":
        raise TypeError(
            f"vector_norm: expected floating-point or complex numbers, "
            f"got {canonical(lowest(x).dtype)}"
        )
    if ord == 2:
        return _euclidean(x, axis=axis, keepdims=keepdims)
    if ord == 0:
        return sum(abs(sign(x)), axis=axis, keepdims=keepdims)  # gradient 0
    return _norm_of_order(x, ord, axis=axis, keepdims=keepdims)


@in_single
def _norm_of_order(
    x: ArrayLike, ord: float, *, axis: tuple[int, ...] | None, keepdims: bool
) -> Tensor:
    size = abs(x)
    if ord == 1:
        return sum(size, axis=axis, keepdims=keepdims)
    if ord == float("inf"):
        return max(size, axis=axis, keepdims=keepdims)
    if ord == float("-inf"):
        return min(size, axis=axis, keepdims=keepdims)
    if not math.prod(size.shape[a] for a in (range(size.ndim) if axis is None else axis)):
        total = sum(size, axis=axis, keepdims=keepdims)
        return total if ord > 0 else add(total, math.inf)  # 0 ** (1 / ord)
    # Divide by the largest (for negative orders, the smallest), so that no power overflows.
    extreme = max if ord > 0 else min
    scale = stop_gradient(extreme(size, axis=axis, keepdims=True))
    scale = where(XG.logical_and(XG.greater(scale, 0), XG.isfinite(scale)), scale, 1.0)
    total = sum(pow(XG.divide(size, scale), ord), axis=axis, keepdims=True)
    zero = XG.equal(total, 0)
    norm = pow(where(zero, 1.0, total), 1 / ord)
    norm = multiply(where(zero, 0.0, norm), scale)
    if keepdims:
        return norm
    return reshape(norm, sum(size, axis=axis).shape)


def matrix_norm(
    x: SupportsArray, *, keepdims: bool = False, ord: float | str | None = "fro"
) -> Tensor:
    """Matrix norms of matrices (..., m, n).

    Parameters
    ----------
    x : array or Tensor, shape (..., m, n)
    keepdims : bool
        Whether the result has the shape (..., 1, 1).
    ord : {"fro", "nuc", 1, -1, 2, -2, inf, -inf}
        Frobenius; nuclear (the sum of the singular values); the largest or smallest absolute
        sum of a column (1, -1) or row (inf, -inf); the largest or smallest singular value
        (2, -2).

    See Also
    --------
    xgrad.linalg.norm : NumPy's function, for any two axes.

    Notes
    -----
    Norms of singular values are not smooth where singular values are 0. The derivative with
    respect to these is 0 (the subgradient of least norm, as for `vector_norm` at 0), in both modes.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.matrix_norm(xg.asarray([[3.0, 0.0], [0.0, 4.0]]), ord="nuc")
    Tensor(7.)
    """
    check_matrix("matrix_norm", x)
    if ord in ("fro", None):
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        values = _kinked_at_zero(svdvals(x), x)
        if ord == "nuc":
            out = sum(values, axis=-1)
        else:
            out = max(values, axis=-1) if ord == 2 else min(values, axis=-1)
    elif ord in (1, -1, float("inf"), float("-inf")):
        sums = sum(abs(x), axis=-2 if ord in (1, -1) else -1)
        out = max(sums, axis=-1) if ord > 0 else min(sums, axis=-1)
    else:
        raise ValueError(
            f"matrix_norm: ord must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, got {ord!r}"
        )
    return reshape(out, (*out.shape, 1, 1)) if keepdims else out


def _kinked_at_zero(values: Tensor, x: SupportsArray) -> Tensor:
    """Singular values whose derivative at 0 is 0 in both modes, as for `abs`."""
    if 0 in values.shape:
        return values
    bound = max(values, axis=-1, keepdims=True) * (16 * sorted(x.shape[-2:])[1] * precision(x))
    return where(XG.less_equal(values, stop_gradient(bound)), stop_gradient(values), values)


def norm(
    x: SupportsArray,
    ord: float | str | None = None,
    axis: int | tuple[int, ...] | None = None,
    keepdims: bool = False,
) -> Tensor:
    """Norm of a vector or a matrix, depending on the number of axes: NumPy's ``linalg.norm``.

    Parameters
    ----------
    x : array or Tensor
    ord : float, "fro", "nuc" or None
        As for `vector_norm` for one axis (None: 2), as for `matrix_norm` for two (None: "fro").
    axis : int, tuple of one or two int, or None
        None means all axes; without ``ord``, any number of axes is one vector.
    keepdims : bool

    See Also
    --------
    xgrad.stats.norm : The normal distribution.
    xgrad.linalg.vector_norm : The standard's function, for vectors along any axes.
    xgrad.linalg.matrix_norm : The standard's function, for the last two axes.
    xgrad.nn.functional.normalize : Divides by the norm.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.norm(xg.asarray([[3.0, 0.0], [0.0, 4.0]])), xg.linalg.norm(xg.ones(4), 1)
    (Tensor(5.), Tensor(4.))
    """
    rank = ndim_of("norm", x)
    if axis is None and ord is None:
        return vector_norm(x, axis=None, keepdims=keepdims)
    axes = tuple(range(rank)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1:
        length = 2 if ord is None else ord
        if isinstance(length, str):
            raise ValueError(
                f"norm: ord {ord!r} is not a norm of vectors; got one axis of {tuple(x.shape)}"
            )
        return vector_norm(x, axis=axes, keepdims=keepdims, ord=length)
    if len(axes) != 2:
        raise ValueError(f"norm: expected 1 or 2 axes, got {axes}")
    moved = moveaxis(x, axes, (-2, -1))
    out = matrix_norm(moved, ord="fro" if ord is None else ord, keepdims=keepdims)
    return moveaxis(out, (-2, -1), axes) if keepdims else out


def cond(x: SupportsArray, p: float | str | None = None) -> Tensor:
    """Condition numbers ``norm(x) * norm(inv(x))`` of matrices (..., n, n).

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n); for ``p`` None, 2 or -2, shape (..., m, n)
    p : "fro", "nuc", 1, -1, 2, -2, inf, -inf or None
        The norm, as in `matrix_norm`. None means 2: the largest singular value divided by the
        smallest, inf for singular matrices (for which `inv` raises with other norms).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.cond(xg.asarray([[2.0, 0.0], [0.0, 4.0]]))
    Tensor(2.)
    """
    check_matrix("cond", x)
    if p in (None, 2, -2):
        values = svdvals(x)
        largest, smallest = max(values, axis=-1), min(values, axis=-1)
        upper, lower = (smallest, largest) if p == -2 else (largest, smallest)
        singular = XG.equal(lower, 0)
        return where(singular, math.inf, XG.divide(upper, where(singular, 1.0, lower)))
    return multiply(matrix_norm(x, ord=p), matrix_norm(inv(x), ord=p))
