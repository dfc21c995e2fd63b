"""Means, variances and standard deviations, with NumPy's arguments."""

import math
from typing import Any

from xgrad.backends.dtypes import is_complex
from xgrad.backends.limits import promoted
from xgrad.engine.declare import function
from xgrad.engine.precision import in_single
from xgrad.engine.tensor import Tensor, stripped
from xgrad.ops import reductions
from xgrad.ops.complex import imag, real
from xgrad.ops.counts import counting
from xgrad.ops.creation import as_tensor, astype, floats_of, ones_like
from xgrad.ops.elementwise import add, divide, multiply, sqrt, square, subtract
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.numpy.arguments import (
    NO_VALUE,
    flag,
    given,
    mask_of,
    only,
    write_out,
)
from xgrad.ops.selection import equal, less_equal
from xgrad.ops.selection import where as select
from xgrad.ops.shape import broadcast_to, permute_dims, reshape
from xgrad.typing import ArrayLike, Axis

__all__ = ["average"]


def _counted(mask: Tensor, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    """The number of elements that count, in the dtype in which they are summed."""
    ones = broadcast_to(astype(mask, counting(_real_of(x))), x.shape)
    return reductions.sum(ones, axis=axis, keepdims=keepdims)


def _real_of(x: Tensor) -> Any:
    """Return the dtype of the real part."""
    return real(x).dtype if is_complex(x.dtype) else x.dtype


@in_single
def masked_mean(x: Tensor, mask: Tensor, axis: Axis, *, keepdims: bool) -> Tensor:
    """Mean of the elements that count; NaN if there are none."""
    total = reductions.sum(only(mask, x, 0), axis=axis, keepdims=keepdims)
    return _quotient(total, _counted(mask, x, axis, keepdims))


def _quotient(total: Tensor, count: Tensor) -> Tensor:
    """Divide a sum by a count; NaN, without a warning, if that is not positive."""
    none = less_equal(count, 0)
    return select(none, math.nan, divide(total, select(none, 1.0, count)))


@in_single
def masked_var(
    x: Tensor, mask: Tensor | None, mean: Any, axis: Axis, ddof: float, keepdims: bool, nan: bool
) -> Tensor:
    """Variance of the elements that count, about a given mean (or theirs, if it is None).

    Without degrees of freedom it is NaN if ``nan``, else the quotient by 0.
    """
    mask = ones_like(x, dtype="bool") if mask is None else mask
    x = only(mask, x, 0)  # before the square: what does not count may be infinite
    mean = masked_mean(x, mask, axis, keepdims=True) if mean is None else mean
    centred = only(mask, subtract(x, mean), 0)
    squares = (
        add(square(real(centred)), square(imag(centred)))
        if is_complex(centred.dtype)
        else square(centred)
    )
    total = reductions.sum(squares, axis=axis, keepdims=keepdims)
    degrees = subtract(_counted(mask, x, axis, keepdims), ddof)
    if nan:
        return _quotient(total, degrees)
    return divide(total, select(less_equal(degrees, 0), 0.0, degrees))


def deviation(variance: Tensor) -> Tensor:
    """Square root of a variance; its gradient is 0 where that is 0."""
    flat = equal(variance, 0)
    return select(flat, 0.0, sqrt(select(flat, 1.0, variance)))


def degrees_of(name: str, ddof: float, correction: Any) -> float:
    """Return ``ddof`` or its other name, ``correction``."""
    if correction is NO_VALUE:
        return ddof
    if ddof != 0:
        raise ValueError(f"{name}: pass ddof or correction, not both")
    number: float = correction
    return number


def in_dtype(a: Any, dtype: Any) -> Tensor:
    """Return an array in the dtype in which NumPy sums it."""
    x = floats_of(a)
    return x if dtype is None else astype(x, dtype)


@function(numpy="mean", method="mean")
def _mean(
    a: ArrayLike,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NO_VALUE,
    *,
    where: Any = NO_VALUE,
) -> Tensor:
    """Arithmetic mean over an axis, several axes (a tuple), or all (None)."""
    x = floats_of(a)
    if dtype is out is None and keepdims is where is NO_VALUE:  # usual, and fast
        return reductions.mean(x) if axis is None else reductions.mean(x, axis=axis)
    x = x if dtype is None else astype(x, dtype)
    mask = mask_of(where, x)
    if mask is not None:
        result = masked_mean(x, mask, axis, keepdims=flag(keepdims))
    else:
        result = reductions.mean(x, axis=axis, keepdims=flag(keepdims))
    if result.dtype != x.dtype:  # the mean of integers, which NumPy cuts off
        result = astype(result, x.dtype)
    return write_out("mean", result, out)


def _variance(
    name: str, a: Any, axis: Any, dtype: Any, ddof: float, keepdims: Any, where: Any, mean: Any
) -> Tensor:
    x = in_dtype(a, dtype)
    usual = not is_complex(x.dtype) or reductions.reduced_count(x.shape, axis) > ddof
    if usual and not given(mean) and where is NO_VALUE:
        op = reductions.var if name == "var" else reductions.std
        return op(x, axis=axis, correction=ddof, keepdims=flag(keepdims))
    centre = as_tensor(mean, like=x) if given(mean) else None
    if type(mean) in (int, float):  # Python's numbers take the array's precision
        centre = astype(centre, x.dtype)
    variance = masked_var(x, mask_of(where, x), centre, axis, ddof, flag(keepdims), nan=False)
    return variance if name == "var" else deviation(variance)


@function(numpy="var", method="var")
def _var(
    a: ArrayLike,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = NO_VALUE,
    *,
    where: Any = NO_VALUE,
    mean: Any = NO_VALUE,
    correction: Any = NO_VALUE,
) -> Tensor:
    """Variance over ``count - ddof``, as in NumPy; PyTorch divides by ``count - 1``."""
    ddof = degrees_of("var", ddof, correction)
    return write_out("var", _variance("var", a, axis, dtype, ddof, keepdims, where, mean), out)


@function(numpy="std", method="std")
def _std(
    a: ArrayLike,
    axis: Axis = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = NO_VALUE,
    *,
    where: Any = NO_VALUE,
    mean: Any = NO_VALUE,
    correction: Any = NO_VALUE,
) -> Tensor:
    """Standard deviation over ``count - ddof``, as in NumPy; PyTorch divides by ``count - 1``."""
    ddof = degrees_of("std", ddof, correction)
    return write_out("std", _variance("std", a, axis, dtype, ddof, keepdims, where, mean), out)


@function(numpy="average")
def average(
    a: ArrayLike,
    axis: Axis = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = NO_VALUE,
) -> Any:
    """Weighted mean over an axis, several axes (a tuple), or all (None).

    Parameters
    ----------
    a : array or Tensor
    axis : int, tuple of int, or None
    weights : array, optional
        In the shape of ``a``, or of its ``axis``. Differentiable, too.
    returned : bool
        Whether to return the sum of the weights as well.
    keepdims : bool

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.average(xg.asarray([1.0, 4.0]), weights=xg.asarray([2.0, 1.0]))
    Tensor(2.)
    """
    x, keepdims = as_tensor(a), flag(keepdims)
    if weights is None:
        mean = _mean(x, axis, keepdims=keepdims)
        count = x.size / max(mean.size, 1)
        return (mean, add(multiply(mean, 0), count)) if returned else mean
    w = as_tensor(weights, like=x)
    dtype = promoted(x.dtype, w.dtype)
    if x.dtype.kind in "iub":
        dtype = promoted(dtype, floats_of(x).dtype)
    w = aligned(w, x, axis)
    total = reductions.sum(astype(w, dtype), axis=axis, keepdims=keepdims)
    if holds(stripped(equal(total, 0))):
        raise ZeroDivisionError("average: the weights sum to 0")
    product = multiply(astype(x, dtype), astype(w, dtype))
    mean = divide(reductions.sum(product, axis=axis, keepdims=keepdims), total)
    return (mean, broadcast_to(total, mean.shape)) if returned else mean


def aligned(w: Tensor, x: Tensor, axis: Axis) -> Tensor:
    """Give weights of some axes the shape of the whole array."""
    if w.shape == x.shape:
        return w
    if axis is None:
        raise TypeError(
            f"average: weights of shape {w.shape} for shape {x.shape} need axis= to name their axes"
        )
    axes = reductions.reduced_axes(axis, x.ndim)
    if w.shape != tuple(x.shape[i] for i in axes):
        raise ValueError(
            f"average: weights of shape {w.shape} do not fit axis {axis} of shape {x.shape}"
        )
    order = sorted(range(len(axes)), key=lambda i: axes[i])
    lengths = tuple(n if i in axes else 1 for i, n in enumerate(x.shape))
    return broadcast_to(reshape(permute_dims(w, tuple(order)), lengths), x.shape)
