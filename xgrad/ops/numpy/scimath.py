"""Functions of ``np.emath``: complex where the real function is not defined.

Whether the result is complex depends on values, so it is not known while another library traces.
"""

from typing import Any

from xgrad.backends.dtypes import complex64, complex128, float64, is_complex
from xgrad.engine.declare import function
from xgrad.engine.dispatch import backend_below
from xgrad.engine.tensor import Tensor, lowest
from xgrad.errors import AutogradError
from xgrad.ops import elementwise, trigonometry
from xgrad.ops.complex import abs
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import divide
from xgrad.ops.elementwise import log as log_
from xgrad.ops.elementwise import pow as pow_
from xgrad.ops.selection import greater, less
from xgrad.typing import ArrayLike


def _widened(x: Tensor) -> Tensor:
    """Return complex numbers, of single precision if the real ones have at most that."""
    if is_complex(x.dtype):
        return x
    single = x.dtype.itemsize < 4 or x.dtype.name == "float32"
    return astype(x, complex64 if single and x.dtype.kind != "b" else complex128)


def _anywhere(name: str, mask: Any) -> bool:
    backend = backend_below(mask)
    if backend.abstract:
        raise AutogradError(
            f"{name}: whether the result is complex depends on values, which {backend.name} does "
            "not know while it traces; convert first: x.astype(complex)"
        )
    return bool(backend.xp.any(lowest(mask)))


def _of_positive(name: str, x: Any, like: Any = None) -> Tensor:
    """Return numbers as complex ones if any is negative."""
    array = as_tensor(x, like=like)
    negative = not is_complex(array.dtype) and _anywhere(name, less(array, 0))
    return _widened(array) if negative else array


def _of_small(name: str, x: Any) -> Tensor:
    """Return numbers as complex ones if any is beyond ±1."""
    array = as_tensor(x)
    beyond = not is_complex(array.dtype) and _anywhere(name, greater(abs(array), 1))
    return _widened(array) if beyond else array


@function(numpy="emath.sqrt")
def _sqrt(x: ArrayLike) -> Tensor:
    return elementwise.sqrt(_of_positive("emath.sqrt", x))


@function(numpy="emath.log")
def _log(x: ArrayLike) -> Tensor:
    return log_(_of_positive("emath.log", x))


@function(numpy="emath.log2")
def _log2(x: ArrayLike) -> Tensor:
    return elementwise.log2(_of_positive("emath.log2", x))


@function(numpy="emath.log10")
def _log10(x: ArrayLike) -> Tensor:
    return elementwise.log10(_of_positive("emath.log10", x))


@function(numpy="emath.logn")
def _logn(n: ArrayLike, x: ArrayLike) -> Tensor:
    value, base = _of_positive("emath.logn", x, n), _of_positive("emath.logn", n, x)
    return divide(log_(value), log_(base))


@function(numpy="emath.power")
def _power(x: ArrayLike, p: ArrayLike) -> Tensor:
    base, exponent = _of_positive("emath.power", x, p), as_tensor(p, like=x)
    if exponent.dtype.kind in "iu" and _anywhere("emath.power", less(exponent, 0)):
        exponent = astype(exponent, float64)
    return pow_(base, exponent)


@function(numpy="emath.arccos")
def _arccos(x: ArrayLike) -> Tensor:
    return trigonometry.acos(_of_small("emath.arccos", x))


@function(numpy="emath.arcsin")
def _arcsin(x: ArrayLike) -> Tensor:
    return trigonometry.asin(_of_small("emath.arcsin", x))


@function(numpy="emath.arctanh")
def _arctanh(x: ArrayLike) -> Tensor:
    return trigonometry.atanh(_of_small("emath.arctanh", x))
