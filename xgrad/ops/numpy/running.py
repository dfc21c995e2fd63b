"""Cumulative sums and products, with NumPy's arguments."""

from typing import Any

from xgrad.engine.declare import function
from xgrad.engine.tensor import Tensor
from xgrad.ops import cumulative
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.numpy.arguments import write_out
from xgrad.ops.shape import reshape
from xgrad.typing import ArrayLike

__all__ = ["cumprod", "cumsum"]


def running(name: str, x: Tensor, axis: int | None, dtype: Any, out: Any) -> Tensor:
    """Return cumulative sums or products along an axis, or of the flattened array."""
    op = cumulative.cumulative_sum if name.endswith("sum") else cumulative.cumulative_prod
    if axis is None or (x.ndim == 0 and axis in (0, -1)):
        x, axis = reshape(x, (-1,)), 0
    result = op(x if dtype is None else astype(x, dtype), axis=axis, dtype=dtype)
    return write_out(name, result, out)


@function(numpy="cumsum", method="cumsum")
def cumsum(a: ArrayLike, axis: int | None = None, dtype: Any = None, out: Any = None) -> Tensor:
    """Cumulative sums along an axis, or of the flattened array.

    See Also
    --------
    xgrad.cumulative_sum : The standard's function, which can start with a 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cumsum(xg.asarray([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([ 1.,  3.,  6., 10.])
    """
    return running("cumsum", as_tensor(a), axis, dtype, out)


@function(numpy="cumprod", method="cumprod")
def cumprod(a: ArrayLike, axis: int | None = None, dtype: Any = None, out: Any = None) -> Tensor:
    """Cumulative products along an axis, or of the flattened array.

    See Also
    --------
    xgrad.cumulative_prod : The standard's function, which can start with a 1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cumprod(xg.asarray([2.0, 3.0, 4.0]))
    Tensor([ 2.,  6., 24.])
    """
    return running("cumprod", as_tensor(a), axis, dtype, out)


def _included(name: str, x: Any, axis: Any, dtype: Any, out: Any, include_initial: bool) -> Tensor:
    op = getattr(cumulative, name)
    array = as_tensor(x) if dtype is None else astype(as_tensor(x), dtype)
    result: Tensor = op(array, axis=axis, dtype=dtype, include_initial=bool(include_initial))
    return write_out(name, result, out)


@function(numpy="cumulative_sum")
def _cumulative_sum(
    x: ArrayLike,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    out: Any = None,
    include_initial: bool = False,
) -> Tensor:
    return _included("cumulative_sum", x, axis, dtype, out, include_initial)


@function(numpy="cumulative_prod")
def _cumulative_prod(
    x: ArrayLike,
    /,
    *,
    axis: int | None = None,
    dtype: Any = None,
    out: Any = None,
    include_initial: bool = False,
) -> Tensor:
    return _included("cumulative_prod", x, axis, dtype, out, include_initial)
