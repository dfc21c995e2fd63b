"""Apply a function to rows of an array, or over axes one after the other."""

import math
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
    if 0 in outer:
        raise ValueError(
            f"{called('apply_along_axis')}: an axis of shape {x.shape} has length 0, so there is "
            "no vector"
        )
    count = math.prod(outer)
    rows = reshape(rows, (count, rows.shape[-1]))
    results = [as_tensor(func1d(getitem(rows, i), *args, **kwargs), like=x) for i in range(count)]
    own = results[0].shape
    out = stack([cast("apply_along_axis", r, results[0].dtype) for r in results])
    new = tuple(range(len(outer), len(outer) + len(own)))
    out = reshape(out, (*outer, *own))
    return moveaxis(out, new, tuple(range(at, at + len(own))))


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
