"""`logsumexp` with SciPy's arguments."""

import math
from typing import Any

from xgrad.backends.dtypes import is_complex
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.arrangement import broadcast_arrays
from xgrad.ops.complex import abs, real, sign
from xgrad.ops.creation import as_tensor, astype, floats_of
from xgrad.ops.elementwise import add, exp, log, multiply, subtract
from xgrad.ops.inspection import finfo, result_type
from xgrad.ops.reductions import max, sum
from xgrad.ops.selection import equal, isfinite, stop_gradient, where
from xgrad.ops.shape import squeeze
from xgrad.ops.statistics import logsumexp as _logsumexp
from xgrad.typing import ArrayLike, Axis

__all__ = ["logsumexp"]


def logsumexp(
    a: ArrayLike,
    axis: Axis = None,
    b: ArrayLike | None = None,
    keepdims: bool = False,
    return_sign: bool = False,
) -> Any:
    """``log(sum(b * exp(a)))`` over an axis, several axes or all, without overflow.

    Parameters
    ----------
    a : array
    axis : int or tuple of int, optional
        By default all axes.
    b : array, optional
        Factors, which broadcast with ``a``. They may be 0 or negative; the logarithm of a negative
        sum is NaN, unless ``return_sign`` is True.
    keepdims : bool
        Whether the axes are kept, with length 1.
    return_sign : bool
        Whether to return the logarithm of the sum's absolute value, and its sign: for complex
        numbers ``sum / abs(sum)``, which has derivatives.

    See Also
    --------
    xgrad.logsumexp : Without factors.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.logsumexp(xg.asarray([1000.0, 1000.0]), b=xg.asarray([3.0, 1.0])) - 1000.0
    Tensor(1.38629436)
    >>> xg.special.logsumexp(xg.asarray([0.0, 0.0]), b=xg.asarray([1.0, -3.0]), return_sign=True)
    (Tensor(0.69314718), Tensor(-1.))
    """
    if b is None and not return_sign:
        return _logsumexp(a, axis=axis, keepdims=keepdims)
    a = floats_of(a, b)
    b = 1.0 if b is None else b
    b = as_tensor(b, dtype=a.dtype, like=a) if type(b) in (int, float) else floats_of(b, a)
    dtype = result_type(a, b)
    a, b = broadcast_arrays(*(x if x.dtype == dtype else astype(x, dtype) for x in (a, b)))
    none = equal(b, 0)  # these terms count for nothing, also not for the shift
    size = stop_gradient(real(a) if is_complex(lowest(a).dtype) else a)
    largest = max(where(none, -_INF, size), axis=axis, keepdims=True)
    shift = where(isfinite(largest), largest, 0.0)
    excess = subtract(size, shift)  # positive only in such terms, where exp must not overflow
    most = math.log(finfo(size.dtype).max) / 2
    excess = where(none & (excess > most), subtract(excess, most), 0.0)
    total = sum(multiply(b, exp(subtract(a, add(shift, excess)))), axis=axis, keepdims=True)
    out = add(log(abs(total) if return_sign else total), shift)
    phase = sign(total)  # constant for real numbers, a function of complex ones
    phase = phase if is_complex(lowest(total).dtype) else stop_gradient(phase)
    out, signs = (x if keepdims else _without(x, axis) for x in (out, phase))
    return (out, signs) if return_sign else out


_INF = float("inf")


def _without(x: Tensor, axis: Axis) -> Tensor:
    """Remove the axes of length 1 that were reduced."""
    return squeeze(x, tuple(range(len(x.shape))) if axis is None else axis)
