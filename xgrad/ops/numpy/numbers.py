"""Parts, phases and rounding of numbers, with NumPy's arguments."""

import math
from typing import Any

from xgrad.backends.dtypes import is_complex
from xgrad.engine.declare import function
from xgrad.engine.tensor import Tensor
from xgrad.ops import statistics
from xgrad.ops.arguments import integers
from xgrad.ops.complex import imag, real
from xgrad.ops.creation import as_tensor, astype, floats_of, zeros_like
from xgrad.ops.elementwise import add, divide, multiply
from xgrad.ops.numpy.arguments import write_out
from xgrad.ops.rounding import floor_divide, remainder, trunc
from xgrad.ops.rounding import round as round_
from xgrad.ops.selection import equal, greater
from xgrad.ops.selection import where as select
from xgrad.ops.special.bessels import i0
from xgrad.ops.trigonometry import atan2
from xgrad.ops.views.writing import setitem
from xgrad.typing import ArrayLike

__all__ = ["angle", "around", "fix"]


@function(numpy="angle")
def angle(z: ArrayLike, deg: bool = False) -> Tensor:
    """Angle of complex numbers, counterclockwise from the positive real axis.

    Parameters
    ----------
    z : array or Tensor
        For real numbers it is 0 or π.
    deg : bool
        Whether to return degrees.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.angle(xg.asarray([1.0 + 1.0j, -1.0]), deg=True)
    Tensor([ 45., 180.])
    """
    x = as_tensor(z)
    if x.dtype.kind in "iu" and x.dtype.itemsize < 4:  # the least that has these integers
        x = astype(x, "float16" if x.dtype.itemsize == 1 else "float32")
    x = floats_of(x)
    phase = atan2(imag(x), real(x)) if is_complex(x.dtype) else atan2(zeros_like(x), x)
    return multiply(phase, 180 / math.pi) if deg else phase


def _rounded(name: str, a: Any, decimals: Any, out: Any) -> Tensor:
    x = as_tensor(a)
    (decimals,) = integers(name, "decimals", decimals)
    if is_complex(x.dtype):
        parts = [_rounded(name, part, decimals, None) for part in (real(x), imag(x))]
        result = astype(add(parts[0], multiply(parts[1], 1j)), x.dtype)
    elif x.dtype.kind == "b":
        result = astype(x, "float16") if decimals == 0 else round_(astype(x, "float64"))
    elif x.dtype.kind in "iu":
        result = _whole(x, decimals)
    elif decimals == 0:
        result = round_(x)
    elif decimals > 0:
        result = divide(round_(multiply(x, 10.0**decimals)), 10.0**decimals)
    else:
        result = multiply(round_(divide(x, 10.0**-decimals)), 10.0**-decimals)
    return write_out(name, result, out)


def _whole(x: Tensor, decimals: int) -> Tensor:
    """Round integers to tens, hundreds...: the even one of two that are equally near."""
    if decimals >= 0:
        return x
    step = 10**-decimals
    below, rest = floor_divide(x, step), remainder(x, step)
    odd = equal(remainder(below, 2), 1)
    half = equal(multiply(rest, 2), step)
    up = select(half, odd, greater(multiply(rest, 2), step))
    return multiply(add(below, astype(up, x.dtype)), step)


@function(numpy="around")
def around(a: ArrayLike, decimals: int = 0, out: Any = None) -> Tensor:
    """Round to a number of decimals, halves to even digits. The derivative is 0.

    See Also
    --------
    xgrad.round : The standard's function, which rounds to integers.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.around(xg.asarray([1.234, 15.0]), 1)
    Tensor([ 1.2, 15. ])
    >>> xg.around(xg.asarray([14, 15, 25]), -1)
    Tensor([10, 20, 20])
    """
    return _rounded("around", a, decimals, out)


@function(numpy="round", method="round")
def _round(a: ArrayLike, decimals: int = 0, out: Any = None) -> Tensor:
    """Round to a number of decimals, halves to even digits. The derivative is 0."""
    return _rounded("round", a, decimals, out)


@function(numpy="fix")
def fix(x: ArrayLike, out: Any = None) -> Tensor:
    """Round to integers towards 0. The derivative is 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fix(xg.asarray([1.7, -1.7]))
    Tensor([ 1., -1.])
    """
    result = trunc(as_tensor(x))
    return write_out("fix", result, out)


@function(numpy="nan_to_num")
def _nan_to_num(
    x: ArrayLike, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Tensor:
    array = as_tensor(x)
    result = statistics.nan_to_num(array, nan=nan, posinf=posinf, neginf=neginf)
    if copy or type(x) is not Tensor:
        return result
    setitem(x, ..., result)
    return x


@function(numpy="i0")
def _i0(x: ArrayLike) -> Tensor:
    array = floats_of(x)
    if is_complex(array.dtype):
        raise TypeError("i0: expected real numbers, got complex ones")
    return i0(array)
