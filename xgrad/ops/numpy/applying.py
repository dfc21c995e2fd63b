"""Apply a function to rows of an array, or over axes one after the other."""

from collections.abc import Callable
from typing import Any

from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops.arguments import integers
from xgrad.ops.creation import as_tensor
from xgrad.ops.numpy.conversion import cast
from xgrad.ops.shape import checked_axis, expand_dims, moveaxis, reshape, stack
from xgrad.ops.views.reading import getitem
from xgrad.typing import ArrayLike

__all__ = ["apply_along_axis", "apply_over_axes"]


@function(numpy="apply_along_axis")
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: ArrayLike, *args: Any, **kwargs: Any
) -> Tensor:
    """Apply a function of vectors to every vector along an axis.

    The axes of its results replace the axis; ``args`` and ``kwargs`` are passed on.

    See Also
    --------
    xgrad.vmap : Vectorises a function: one call for all vectors.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.apply_along_axis(xg.sum, 1, xg.asarray([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([3., 7.])
    """
    x = as_tensor(arr)
    at = checked_axis("apply_along_axis", axis, x.ndim)
    rows = moveaxis(x, at, -1)
    outer = rows.shape[:-1]
    rows = reshape(rows, (-1, rows.shape[-1])) if x.size else rows
    if 0 in outer:
        raise ValueError(
            f"{called('apply_along_axis')}: an axis of shape {x.shape} has length 0, so there is "
            "no vector"
        )
    count = rows.shape[0] if x.size else 1
    results = []
    for i in range(count):
        row = getitem(rows, i) if x.size else reshape(rows, (0,))
        results.append(as_tensor(func1d(row, *args, **kwargs), like=x))
    first = results[0]
    out = stack([cast("apply_along_axis", r, first.dtype) for r in results])
    own = len(first.shape)
    if not x.size:
        return out[0]
    out = reshape(out, (*outer, *first.shape))
    new = tuple(range(len(outer), len(outer) + own))
    return moveaxis(out, new, tuple(range(at, at + own)))


@function(numpy="apply_over_axes")
def apply_over_axes(func: Callable[..., Any], a: ArrayLike, axes: Any) -> Tensor:
    """Apply ``func(a, axis)`` over axes one after the other; reduced axes keep length 1.

    Examples
    --------
    >>> import xgrad as xg
    >>> def total(x, axis):
    ...     return xg.sum(x, axis=axis)
    >>> xg.apply_over_axes(total, xg.ones((2, 3)), (0, 1))
    Tensor([[6.]])
    """
    out = as_tensor(a)
    ndim = out.ndim
    for axis in integers("apply_over_axes", "axes", axes):
        at = checked_axis("apply_over_axes", axis, ndim)
        result = as_tensor(func(out, at))
        if result.ndim != out.ndim:
            result = expand_dims(result, axis=at)
        if result.ndim != out.ndim:
            raise ValueError(
                f"{called('apply_over_axes')}: the function must return an array of {out.ndim} or "
                f"{out.ndim - 1} dimensions"
            )
        out = result
    return out
