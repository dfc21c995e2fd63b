"""Sums, products, moments and extremes along axes."""

import math
from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import is_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_shift_axis, shift_axis
from xgrad.engine.constructors import constant, general, linear
from xgrad.engine.dispatch import namespace
from xgrad.engine.precision import WIDE, WIDE_INSIDE
from xgrad.engine.primitive import Params
from xgrad.engine.refusals import called
from xgrad.errors import AxisError
from xgrad.ops.counts import counting, narrowed, over_count, over_counts, widened
from xgrad.typing import Axis, Value

__all__ = [
    "all", "any", "argmax", "argmin", "count_nonzero", "max", "mean", "min", "prod", "std",
    "sum", "var",
]  # fmt: skip


def reduced_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Return the axes of ``axis`` as different non-negative integers, or raise.

    As in NumPy, axis 0 (not a tuple of it) is valid for a 0-d array.
    """
    if axis is None:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    for a in axes:
        if not -ndim <= a < ndim:
            if ndim or a not in (0, -1) or isinstance(axis, tuple):
                raise AxisError(
                    f"{called('axis')}: axis {a} is out of bounds for {ndim} dimensions"
                )
            return ()
    checked = tuple(a % ndim for a in axes)
    if len(checked) > 1 and len(set(checked)) < len(checked):
        raise ValueError(f"{called('axis')}: axis {axis} contains an axis twice")
    return checked


def reduced_count(shape: tuple[int, ...], axis: Axis) -> int:
    """Return the number of elements that one result reduces."""
    if axis is None:
        return math.prod(shape)
    return math.prod([shape[a] for a in reduced_axes(axis, len(shape))])


def expand_reduced(xp: Namespace, g: Value, like: Value, axis: Axis, keepdims: bool) -> Value:
    """Broadcast a reduction's result to the shape of the reduced array."""
    shape = tuple(like.shape)
    if g.shape and not keepdims:
        axes = reduced_axes(axis, len(shape))
        g = xp.reshape(g, tuple([1 if i in axes else n for i, n in enumerate(shape)]))
    return xp.broadcast_to(g, shape)


@linear(transpose=expand_reduced, batch=shift_axis, precision=WIDE, rules=True)
def sum(
    xp: Namespace, x: Value, /, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False
) -> Value:  # the standard's name
    """Sum over an axis, several axes (a tuple), or all (None)."""
    return xp.sum(x, axis=axis, dtype=dtype, keepdims=keepdims)


@linear(
    transpose=lambda xp, g, like, axis, keepdims: expand_reduced(
        xp, over_count(xp, g, reduced_count(like.shape, axis)), like, axis, keepdims
    ),
    batch=shift_axis,
    precision=WIDE,
    rules=True,
)
def mean(xp: Namespace, x: Value, /, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Arithmetic mean over an axis, several axes (a tuple), or all (None)."""
    return xp.mean(x, axis=axis, keepdims=keepdims)


# -- product -----------------------------------------------------------------------------------


def _exclusive_product(xp: Namespace, x: Value) -> Value:
    """Products of all other elements along the last axis, without division.

    Blelloch's scan (1990), up and down a binary tree of pairwise products. It has only products
    and slices, so it and its derivatives, of any order, are right where elements are 0.
    """
    count = x.shape[-1]
    if count <= 1:
        return xp.ones_like(x)
    lead = tuple(x.shape[:-1])
    if count % 2:
        last = xp.ones_like(xp.basic_index(x, (..., slice(0, 1))))
        padded = _exclusive_product(xp, xp.concat((x, last), axis=-1))
        return xp.basic_index(padded, (..., slice(0, count)))
    even = xp.basic_index(x, (..., slice(0, count, 2)))
    odd = xp.basic_index(x, (..., slice(1, count, 2)))
    outside = _exclusive_product(xp, xp.multiply(even, odd))
    pair = (xp.multiply(outside, odd), xp.multiply(outside, even))
    return xp.reshape(xp.stack(pair, axis=-1), (*lead, count))


def _product_partial(xp: Namespace, x: Value, axis: Axis) -> Value:
    """The derivative of a product with respect to each factor, in the shape of ``x``."""
    ndim = len(x.shape)
    axes = reduced_axes(axis, ndim)
    kept = tuple(i for i in range(ndim) if i not in axes)
    order = (*kept, *axes)
    moved = xp.permute_dims(x, order)
    flat = xp.reshape(moved, (*(x.shape[i] for i in kept), math.prod(x.shape[i] for i in axes)))
    partial = xp.reshape(_exclusive_product(xp, flat), tuple(moved.shape))
    return xp.permute_dims(partial, tuple(order.index(i) for i in range(ndim)))


def _prod_vjp(xp: Namespace, g: Value, x: Value, axis: Axis, keepdims: bool) -> Value:
    partial = _product_partial(xp, x, axis)
    if is_complex(x.dtype):
        partial = xp.conj(partial)
    return xp.multiply(expand_reduced(xp, g, x, axis, keepdims), partial)


def _prod_jvp(xp: Namespace, t: Value, x: Value, axis: Axis, keepdims: bool) -> Value:
    return xp.sum(xp.multiply(t, _product_partial(xp, x, axis)), axis=axis, keepdims=keepdims)


@general(
    vjps=(_prod_vjp,),
    jvps=(_prod_jvp,),
    batch=batch_shift_axis,
    precision=WIDE_INSIDE,
)
def prod(
    xp: Namespace, x: Value, /, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False
) -> Value:  # the standard's name
    """Product over an axis, several axes (a tuple), or all (None).

    The gradient is the product of the other factors, also where factors are 0.
    """
    axes = reduced_axes(axis, len(x.shape))
    if len(axes) == len(x.shape):
        axis = None
    elif len(axes) == 1:
        axis = axes[0]
    else:  # the standard only requires a single axis
        kept = tuple(i for i in range(len(x.shape)) if i not in axes)
        lead = tuple(x.shape[i] for i in kept)
        rest = math.prod(x.shape[i] for i in axes)
        flat = xp.reshape(xp.permute_dims(x, (*kept, *axes)), (*lead, rest))
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        out = xp.prod(flat, axis=-1, dtype=dtype)
        return xp.reshape(out, shape) if keepdims else out
    return xp.prod(x, axis=axis, dtype=dtype, keepdims=keepdims)


# -- moments -----------------------------------------------------------------------------------


def _centred(xp: Namespace, x: Value, axis: Axis) -> Value:
    return xp.subtract(x, xp.mean(x, axis=axis, keepdims=True))


def one_correction(function: str, correction: float, ddof: float | None) -> float:
    """Return ``correction``, or ``ddof``, its name in NumPy."""
    if ddof is not None and correction:
        raise ValueError(f"{function}: expected correction or ddof, its name in NumPy, not both")
    return correction if ddof is None else ddof


def _degrees(x: Any, axis: Axis, correction: float, ddof: float | None) -> float:
    """The divisor of a variance; NaN if it is not positive, as in NumPy."""
    degrees = reduced_count(x.shape, axis) - (correction if ddof is None else ddof)
    return degrees if degrees > 0 else math.nan


def _squares(xp: Namespace, x: Value) -> Value:
    """``|x|²``."""
    if is_complex(x.dtype):
        return xp.add(xp.square(xp.real(x)), xp.square(xp.imag(x)))
    return xp.square(x)


def _along(xp: Namespace, t: Value, direction: Value) -> Value:
    """``Re(conj(direction) t)``: the rate of change of a real number."""
    if is_complex(direction.dtype):
        return xp.real(xp.multiply(t, xp.conj(direction)))
    return xp.multiply(t, direction)


@general(
    vjps=(
        lambda xp, g, x, axis, correction, ddof, keepdims: xp.multiply(
            expand_reduced(xp, g, x, axis, keepdims),
            _centred(xp, x, axis) * (2 / _degrees(x, axis, correction, ddof)),
        ),
    ),
    jvps=(
        lambda xp, t, x, axis, correction, ddof, keepdims: (
            xp.sum(_along(xp, t, _centred(xp, x, axis)), axis=axis, keepdims=keepdims)
            * (2 / _degrees(x, axis, correction, ddof))
        ),
    ),
    batch=batch_shift_axis,
    precision=WIDE_INSIDE,
)
def var(
    xp: Namespace,
    x: Value,
    /,
    axis: Axis = None,
    *,
    correction: float = 0.0,
    ddof: float | None = None,
    keepdims: bool = False,
) -> Value:
    """Variance: the sum of squared deviations from the mean, over ``count - correction``.

    It is real for complex numbers, too. ``ddof`` is NumPy's name of ``correction``.
    """
    correction = one_correction("var", correction, ddof)
    if not is_complex(x.dtype):
        return xp.var(x, axis=axis, correction=correction, keepdims=keepdims)
    squares = xp.sum(_squares(xp, _centred(xp, x, axis)), axis=axis, keepdims=keepdims)
    return squares * (1 / _degrees(x, axis, correction, ddof))


def _deviation_direction(
    xp: Namespace,
    x: Value,
    out: Value,
    axis: Axis,
    correction: float,
    ddof: float | None,
    keepdims: bool,
) -> Value:
    """The derivative of std, in the shape of ``x``: 0 where the deviation is 0."""
    spread = expand_reduced(xp, out, x, axis, keepdims)
    flat = xp.equal(spread, 0)
    safe = xp.where(flat, xp.ones_like(spread), spread)
    direction = xp.divide(_centred(xp, x, axis), safe) * (1 / _degrees(x, axis, correction, ddof))
    return xp.where(flat, xp.zeros_like(direction), direction)


@general(
    vjps=(
        lambda xp, g, x, out, axis, correction, ddof, keepdims: xp.multiply(
            expand_reduced(xp, g, x, axis, keepdims),
            _deviation_direction(xp, x, out, axis, correction, ddof, keepdims),
        ),
    ),
    jvps=(
        lambda xp, t, x, out, axis, correction, ddof, keepdims: xp.sum(
            _along(xp, t, _deviation_direction(xp, x, out, axis, correction, ddof, keepdims)),
            axis=axis,
            keepdims=keepdims,
        ),
    ),
    batch=batch_shift_axis,
    precision=WIDE_INSIDE,
)
def std(
    xp: Namespace,
    x: Value,
    /,
    axis: Axis = None,
    *,
    correction: float = 0.0,
    ddof: float | None = None,
    keepdims: bool = False,
) -> Value:
    """Standard deviation: the square root of `var`. The gradient of equal elements is 0.

    ``ddof`` is NumPy's name of ``correction``.

    See Also
    --------
    xgrad.nanstd : Ignores NaN.
    """
    correction = one_correction("std", correction, ddof)
    if not is_complex(x.dtype) and correction == int(correction):
        return xp.std(x, axis=axis, correction=correction, keepdims=keepdims)
    if not is_complex(x.dtype):  # array-api-compat's std for PyTorch is only for real numbers
        return xp.sqrt(xp.var(x, axis=axis, correction=correction, keepdims=keepdims))
    squares = xp.sum(_squares(xp, _centred(xp, x, axis)), axis=axis, keepdims=keepdims)
    return xp.sqrt(squares * (1 / _degrees(x, axis, correction, ddof)))


# -- extremes ----------------------------------------------------------------------------------


def _with_axes(xp: Namespace, g: Value, like: Value, axis: Axis) -> Value:
    """Insert the reduced axes, of length 1, into a reduction's result."""
    axes = reduced_axes(axis, len(like.shape))
    return xp.reshape(g, tuple(1 if i in axes else n for i, n in enumerate(like.shape)))


def _attained(xp: Namespace, x: Value, out: Value, axis: Axis) -> tuple[Any, Any]:
    """Return which elements equal the extreme (NaN equals NaN), and how many do."""
    hit = xp.logical_or(xp.equal(x, _with_axes(xp, out, x, axis)), xp.not_equal(x, x))
    return hit, xp.sum(xp.astype(hit, counting(x.dtype)), axis=axis, keepdims=True)


def _extreme_vjp(xp: Namespace, g: Value, x: Value, out: Value, axis: Axis) -> Value:
    hit, count = _attained(xp, x, out, axis)
    return xp.where(hit, over_counts(xp, _with_axes(xp, g, x, axis), count), 0.0)


def _extreme_jvp(
    xp: Namespace, t: Value, x: Value, out: Value, axis: Axis, keepdims: bool
) -> Value:
    hit, count = _attained(xp, x, out, axis)
    share = xp.where(hit, xp.divide(widened(xp, t), count), 0.0)
    return narrowed(xp, xp.sum(share, axis=axis, keepdims=keepdims), t.dtype)


@general(
    vjps=(_extreme_vjp,),
    jvps=(_extreme_jvp,),
    batch=batch_shift_axis,
    rules=True,
)
def max(xp: Namespace, x: Value, /, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Greatest element, or NaN if any is NaN. Ties, or several NaN, share the gradient evenly.

    See Also
    --------
    xgrad.maximum : The greater of two arrays, element by element.
    xgrad.nanmax : Ignores NaN.
    """
    return xp.max(x, axis=axis, keepdims=keepdims)


@general(vjps=(_extreme_vjp,), jvps=(_extreme_jvp,), batch=batch_shift_axis)
def min(xp: Namespace, x: Value, /, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Smallest element, or NaN if any is NaN. Ties, or several NaN, share the gradient evenly.

    See Also
    --------
    xgrad.minimum : The smaller of two arrays, element by element.
    xgrad.nanmin : Ignores NaN.
    """
    return xp.min(x, axis=axis, keepdims=keepdims)


def _batch_arg(
    op: Callable[..., Any], args: tuple[Any, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    (x,) = args
    if params["axis"] is not None:
        return shift_axis(op, x, params)
    rank = len(x.shape) - 1
    flat = namespace(x).reshape(x, (x.shape[0], math.prod(x.shape[1:])))
    out = op(flat, axis=1, keepdims=False)
    return namespace(out).reshape(out, (x.shape[0], *(1,) * rank)) if params["keepdims"] else out


@constant(batch=_batch_arg)
def argmax(xp: Namespace, x: Value, /, axis: int | None = None, *, keepdims: bool = False) -> Value:
    """Index of the first greatest element along an axis, or in the flattened array."""
    return xp.argmax(x, axis=axis, keepdims=keepdims)


@constant(batch=_batch_arg)
def argmin(xp: Namespace, x: Value, /, axis: int | None = None, *, keepdims: bool = False) -> Value:
    """Index of the first smallest element along an axis, or in the flattened array."""
    return xp.argmin(x, axis=axis, keepdims=keepdims)


@constant(batch=batch_shift_axis, rules=True)
def any(xp: Namespace, x: Value, /, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Whether any element is true (not 0)."""
    return xp.any(x, axis=axis, keepdims=keepdims)


@constant(batch=batch_shift_axis)
def all(xp: Namespace, x: Value, /, axis: Axis = None, *, keepdims: bool = False) -> Value:
    """Whether all elements are true (not 0)."""
    return xp.all(x, axis=axis, keepdims=keepdims)


@constant(batch=batch_shift_axis)
def count_nonzero(
    xp: Namespace, x: Value, /, axis: Axis = None, *, keepdims: bool = False
) -> Value:
    """Number of elements that are not 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.count_nonzero(xg.asarray([[0, 1], [2, 3]]), axis=0)
    Tensor([1, 2])
    """
    return xp.count_nonzero(x, axis=axis, keepdims=keepdims)
