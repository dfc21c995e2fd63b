"""Shapes and the order of axes, with NumPy's arguments; where NumPy returns views, these do."""

import math
from collections.abc import Sequence
from typing import Any

from xgrad.backends.dtypes import canonical, is_complex, precision
from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest
from xgrad.errors import AxisError
from xgrad.ops import arrangement
from xgrad.ops.arguments import integers
from xgrad.ops.complex import abs as abs_
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.numpy.conversion import filled, tensors
from xgrad.ops.numpy.memory import memory_axes
from xgrad.ops.reductions import all as all_
from xgrad.ops.selection import less
from xgrad.ops.shape import checked_axis, concat
from xgrad.ops.views import kinds
from xgrad.ops.views.reading import getitem
from xgrad.typing import ArrayLike, Axis

__all__ = [
    "atleast_1d", "atleast_2d", "atleast_3d", "copy", "ndim", "ravel", "real_if_close", "resize",
    "rollaxis", "shape", "size", "transpose",
]  # fmt: skip

# -- what arrays are ---------------------------------------------------------------------------


@function(numpy="ndim")
def ndim(a: ArrayLike) -> int:
    """Return the number of axes of an array or a nested sequence.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.ndim([[1.0, 2.0]])
    2
    """
    return as_tensor(a).ndim


@function(numpy="shape")
def shape(a: ArrayLike) -> tuple[int, ...]:
    """Return the lengths of the axes of an array or a nested sequence.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.shape([[1.0, 2.0]])
    (1, 2)
    """
    return as_tensor(a).shape


@function(numpy="size")
def size(a: ArrayLike, axis: Axis = None) -> int:
    """Return the number of elements, or the length of an axis (of several: their product).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.size(xg.ones((2, 3))), xg.size(xg.ones((2, 3)), 1)
    (6, 3)
    """
    x = as_tensor(a)
    if axis is None:
        return x.size
    axes = axis if isinstance(axis, tuple) else (axis,)
    return math.prod(x.shape[checked_axis("size", i, x.ndim)] for i in axes)


# -- the same elements in another shape --------------------------------------------------------


@function(attribute="T")
def _t(x: Tensor) -> Tensor:
    """The tensor with its axes reversed; a view. Of a stack of matrices use ``mT``."""
    return kinds.permute_dims(x, tuple(range(x.ndim))[::-1])


@function(numpy="reshape")
def _reshape(a: ArrayLike, /, shape: Any, order: str = "C", *, copy: bool | None = None) -> Tensor:
    x = as_tensor(a)
    axes = memory_axes("reshape", x, order, "CFA")
    if order != "F" and axes == tuple(
        range(x.ndim)
    ):  # one axis is in both orders; its parts differ
        return kinds.reshape(x, shape, copy=copy)
    lengths = shape if isinstance(shape, int) else tuple(shape)[::-1]
    return _t(kinds.reshape(_t(x), lengths, copy=copy))


@function(numpy="ravel", method="ravel")
def ravel(a: ArrayLike, order: str = "C") -> Tensor:
    """Flatten to one axis; a view if the elements are contiguous.

    Parameters
    ----------
    a : array or Tensor
    order : {"C", "F", "A", "K"}
        Row by row; column by column; as the array is in memory, if that is one of the two ("A"),
        or whatever it is ("K").

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.ravel(xg.asarray([[1, 2], [3, 4]]), "F")
    Tensor([1, 3, 2, 4])
    """
    x = a if type(a) is Tensor else as_tensor(a)
    if order == "C":
        return kinds.ravel(x)
    axes = memory_axes("ravel", x, order)
    return kinds.ravel(x if axes == tuple(range(x.ndim)) else kinds.permute_dims(x, axes))


@function(numpy="resize")
def resize(a: ArrayLike, new_shape: Any) -> Tensor:
    """Return an array of a new shape, filled with the elements in order, repeated as needed.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.resize(xg.asarray([1.0, 2.0, 3.0]), (2, 2))
    Tensor([[1., 2.],
            [3., 1.]])
    """
    lengths = integers("resize", "new_shape", new_shape)
    if any(n < 0 for n in lengths):
        raise ValueError(f"{called('resize')}: lengths must not be negative, got {lengths}")
    x = as_tensor(a)
    count = math.prod(lengths)
    if not x.size or not count:
        return filled(x, lengths, 0)
    flat = kinds.ravel(x)
    repeated = concat((flat,) * -(-count // x.size), axis=0)
    return kinds.reshape(getitem(repeated, slice(0, count)), lengths)


def _at_least(name: str, arys: tuple[ArrayLike, ...], lengths: Any) -> Any:
    out = tuple(kinds.reshape(x, lengths(x)) for x in tensors(name, arys))
    return out[0] if len(out) == 1 else out


@function(numpy="atleast_1d")
def atleast_1d(*arys: ArrayLike) -> Any:
    """Return arrays with at least one axis; several arrays as a tuple.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.atleast_1d(xg.asarray(2.0))
    Tensor([2.])
    """
    return _at_least("atleast_1d", arys, lambda x: x.shape or (1,))


@function(numpy="atleast_2d")
def atleast_2d(*arys: ArrayLike) -> Any:
    """Return arrays with at least two axes, the new ones first.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.atleast_2d(xg.asarray([1.0, 2.0]))
    Tensor([[1., 2.]])
    """
    return _at_least("atleast_2d", arys, lambda x: (*(1,) * (2 - x.ndim), *x.shape))


def _deep_shape(x: Tensor) -> tuple[int, ...]:
    if x.ndim > 2:
        return x.shape
    return (1, *x.shape, 1)[x.ndim == 2 :] if x.ndim else (1, 1, 1)


@function(numpy="atleast_3d")
def atleast_3d(*arys: ArrayLike) -> Any:
    """Return arrays with at least three axes: (n) becomes (1, n, 1), and (m, n) becomes (m, n, 1).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.atleast_3d(xg.ones(2)).shape
    (1, 2, 1)
    """
    return _at_least("atleast_3d", arys, _deep_shape)


@function(numpy="squeeze", method="squeeze")
def _squeeze(a: ArrayLike, axis: Axis = None) -> Tensor:
    """Remove axes of length 1: those in ``axis``, or all of them; a view."""
    return kinds.squeeze(as_tensor(a), axis)


@function(numpy="expand_dims")
def _expand_dims(a: ArrayLike, axis: Any) -> Tensor:
    return kinds.expand_dims(as_tensor(a), tuple(axis) if isinstance(axis, list) else axis)


@function(numpy="broadcast_to")
def _broadcast_to(array: ArrayLike, shape: Any, subok: bool = False) -> Tensor:
    return kinds.broadcast_to(as_tensor(array), shape)


@function(numpy="broadcast_arrays")
def _broadcast_arrays(*args: ArrayLike, subok: bool = False) -> tuple[Tensor, ...]:
    return arrangement.broadcast_arrays(*tensors("broadcast_arrays", args))


# -- order of axes -----------------------------------------------------------------------------


@function(numpy=("transpose", "permute_dims"))
def transpose(a: ArrayLike, axes: Sequence[int] | None = None) -> Tensor:
    """Reverse the axes, or reorder them; a view.

    See Also
    --------
    xgrad.permute_dims : The standard's function, which needs ``axes``.
    xgrad.swapaxes : Exchanges two axes, as PyTorch's ``transpose`` does.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.transpose(xg.ones((2, 3, 4))).shape
    (4, 3, 2)
    """
    x = as_tensor(a)
    return _t(x) if axes is None else kinds.permute_dims(x, axes)


@function(numpy="moveaxis")
def _moveaxis(a: ArrayLike, source: Any, destination: Any) -> Tensor:
    return kinds.moveaxis(as_tensor(a), source, destination)


@function(numpy="swapaxes", method="swapaxes")
def _swapaxes(a: ArrayLike, axis1: int, axis2: int) -> Tensor:
    """Exchange two axes; a view."""
    return kinds.swapaxes(as_tensor(a), axis1, axis2)


@function(numpy="rollaxis")
def rollaxis(a: ArrayLike, axis: int, start: int = 0) -> Tensor:
    """Move an axis until it lies in a given position; `moveaxis` is clearer.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.rollaxis(xg.ones((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    x = as_tensor(a)
    at = checked_axis("rollaxis", axis, x.ndim)
    target = start + x.ndim if start < 0 else start
    if not 0 <= target <= x.ndim:
        raise AxisError(
            f"{called('rollaxis')}: start {start} is out of bounds for {x.ndim} dimensions"
        )
    return kinds.moveaxis(x, at, target - 1 if at < target else target)


# -- copies ------------------------------------------------------------------------------------


@function(numpy="copy")
def copy(a: ArrayLike, order: str = "K", subok: bool = False) -> Tensor:
    """Return the same values as a separate tensor, connected in the graph.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.ones(2)
    >>> y = xg.copy(x)
    >>> y[0] = 5.0
    >>> x
    Tensor([1., 1.])
    """
    x = as_tensor(a)
    return astype(x, x.dtype, copy=True)


@function(numpy="real_if_close")
def real_if_close(a: ArrayLike, tol: float = 100) -> Tensor:
    """Return the real part if all imaginary parts are close to 0.

    ``tol`` counts machine epsilons; a number of at most 1 is an absolute bound.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.real_if_close(xg.asarray([1.0 + 1e-20j]))
    Tensor([1.])
    """
    x = as_tensor(a)
    if not is_complex(lowest(x).dtype):
        return x
    bound = tol * precision(canonical(x.dtype)) if tol > 1 else tol
    return kinds.real(x) if bool(all_(less(abs_(kinds.imag(x)), bound))) else x
