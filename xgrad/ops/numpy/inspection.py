"""What arrays are: predicates, dtypes, comparisons and text, with NumPy's arguments."""

from typing import Any

from xgrad.backends import host
from xgrad.backends.dtypes import canonical, is_complex
from xgrad.backends.scalars import is_scalar
from xgrad.engine.declare import function
from xgrad.engine.dispatch import backend_below
from xgrad.engine.host_reads import read
from xgrad.engine.refusals import called, named
from xgrad.engine.tensor import Tensor, is_batched, lowest
from xgrad.engine.views import View, refresh, view_of
from xgrad.ops.complex import abs as abs_
from xgrad.ops.complex import imag
from xgrad.ops.creation import as_tensor
from xgrad.ops.elementwise import add, multiply, subtract
from xgrad.ops.numpy.arguments import writes_out
from xgrad.ops.numpy.conversion import constant, kind_of, tensors
from xgrad.ops.reductions import all as all_
from xgrad.ops.rounding import signbit
from xgrad.ops.selection import (
    equal,
    isfinite,
    isinf,
    isnan,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    not_equal,
    where,
)
from xgrad.ops.views.take import broadcast_shape
from xgrad.typing import ArrayLike

__all__ = [
    "allclose", "array_equal", "array_equiv", "isclose", "iscomplex", "iscomplexobj", "isneginf",
    "isposinf", "isreal", "isrealobj",
]  # fmt: skip

# -- predicates --------------------------------------------------------------------------------


@function(numpy="iscomplexobj")
def iscomplexobj(x: Any) -> bool:
    """Whether an array has a complex dtype, whatever its values.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.iscomplexobj(xg.asarray([1.0 + 0j]))
    True
    """
    return is_complex(lowest(as_tensor(x)).dtype)


@function(numpy="isrealobj")
def isrealobj(x: Any) -> bool:
    """Whether an array has a dtype that is not complex.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isrealobj(xg.asarray([1.0, 2.0]))
    True
    """
    return not iscomplexobj(x)


@function(numpy="iscomplex")
def iscomplex(x: ArrayLike) -> Tensor:
    """Return where the imaginary part is not 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.iscomplex(xg.asarray([1.0 + 1j, 2.0 + 0j]))
    Tensor([ True, False])
    """
    return not_equal(imag(as_tensor(x)), 0)


@function(numpy="isreal")
def isreal(x: ArrayLike) -> Tensor:
    """Return where the imaginary part is 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isreal(xg.asarray([1.0 + 1j, 2.0 + 0j]))
    Tensor([False,  True])
    """
    return equal(imag(as_tensor(x)), 0)


def _infinite(name: str, x: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return where an array is infinite, and where it is negative."""
    array = as_tensor(x)
    if iscomplexobj(array):
        raise TypeError(f"{called(name)}: expected real numbers, got {array.dtype}")
    if array.dtype.kind != "f":
        array = array.astype("float64")
    return isinf(array), signbit(array)


@function(numpy="isposinf")
@writes_out
def isposinf(x: ArrayLike, out: Tensor | None = None) -> Tensor:
    """Return where elements are positive infinity.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isposinf(xg.asarray([float("inf"), -float("inf"), 1.0]))
    Tensor([ True, False, False])
    """
    infinite, negative = _infinite("isposinf", x)
    return logical_and(infinite, logical_not(negative))


@function(numpy="isneginf")
@writes_out
def isneginf(x: ArrayLike, out: Tensor | None = None) -> Tensor:
    """Return where elements are negative infinity.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isneginf(xg.asarray([float("inf"), -float("inf"), 1.0]))
    Tensor([False,  True, False])
    """
    return logical_and(*_infinite("isneginf", x))


# -- comparisons -------------------------------------------------------------------------------


@function(numpy="isclose")
def isclose(
    a: ArrayLike,
    b: ArrayLike,
    rtol: ArrayLike = 1e-05,
    atol: ArrayLike = 1e-08,
    equal_nan: bool = False,
) -> Tensor:
    """Whether elements are equal within tolerances: ``|a - b| <= atol + rtol * |b|``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isclose(xg.asarray([1.0, 2.0]), [1.0, 2.1])
    Tensor([ True, False])
    """
    first, second = tensors("isclose", (a, b))
    finite = logical_and(isfinite(first), isfinite(second))
    x, y = where(finite, first, 0), where(finite, second, 0)
    if x.dtype.kind in "iub" and y.dtype.kind in "iub":  # unsigned differences wrap around
        y = y.astype("float64")
    near = less_equal(abs_(subtract(x, y)), add(atol, multiply(rtol, abs_(y))))
    close = logical_or(logical_and(near, finite), equal(first, second))
    return logical_or(close, logical_and(isnan(first), isnan(second))) if equal_nan else close


@function(numpy="allclose")
def allclose(
    a: ArrayLike,
    b: ArrayLike,
    rtol: ArrayLike = 1e-05,
    atol: ArrayLike = 1e-08,
    equal_nan: bool = False,
) -> bool:
    """Whether all elements are equal within tolerances.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.allclose(xg.asarray([1.0, 2.0]), [1.0, 2.0 + 1e-9])
    True
    """
    return bool(all_(isclose(a, b, rtol, atol, equal_nan)))


@function(numpy="array_equal")
def array_equal(a1: ArrayLike, a2: ArrayLike, equal_nan: bool = False) -> bool:
    """Whether two arrays have the same shape and equal elements.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.array_equal(xg.asarray([1.0, 2.0]), [1.0, 2.0])
    True
    """
    x, y = tensors("array_equal", (a1, a2))
    if x.shape != y.shape:
        return False
    same = equal(x, y)
    return bool(all_(logical_or(same, logical_and(isnan(x), isnan(y))) if equal_nan else same))


@function(numpy="array_equiv")
def array_equiv(a1: ArrayLike, a2: ArrayLike) -> bool:
    """Whether two arrays have equal elements after broadcasting.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.array_equiv(xg.asarray([1.0, 2.0]), [[1.0, 2.0], [1.0, 2.0]])
    True
    """
    x, y = tensors("array_equiv", (a1, a2))
    try:
        broadcast_shape("array_equiv", [x.shape, y.shape])
    except ValueError:
        return False
    return bool(all_(equal(x, y)))


# -- dtypes ------------------------------------------------------------------------------------


@function(numpy="result_type")
def _result_type(*arrays_and_dtypes: Any) -> Any:
    return host.result_dtype(*map(kind_of, arrays_and_dtypes))


@function(numpy="can_cast")
def _can_cast(from_: Any, to: Any, casting: str = "safe") -> bool:
    return host.can_cast(kind_of(from_), canonical(to), casting)


@function(numpy="min_scalar_type")
def _min_scalar_type(a: Any, /) -> Any:
    if is_scalar(a):
        return host.smallest_dtype(a)
    x = as_tensor(a)
    return x.dtype if x.ndim else host.smallest_dtype(_numbers("min_scalar_type", x)[()])


@function(numpy="common_type")
@named
def _common_type(*arrays: Any) -> Any:
    return host.common_dtype(*map(kind_of, arrays))


# -- memory ------------------------------------------------------------------------------------


def _elements(x: Tensor) -> tuple[Tensor, set[int]]:
    """Return the tensor that a view shows in the end, and which of its halves of elements."""
    chain: list[View] = []
    while (view := view_of(refresh(x))) is not None:
        chain.append(view)
        x = view[0]
    halves = constant(2 * host.array(range(x.size)).reshape(x.shape), x)
    wide = iscomplexobj(x)
    for _, kind, argument, _ in reversed(chain):
        if kind.name in ("real", "imag"):
            halves = add(halves, int(kind.name == "imag")) if wide else halves
            wide = False
        else:
            halves = kind.pull(halves, argument)
    found = set(_numbers("shares_memory", halves).ravel().tolist())
    return x, found | {i + 1 for i in found} if wide else found


@function(numpy="shares_memory")
def _shares_memory(a: Any, b: Any, /, max_work: int = -1) -> bool:
    if type(a) is not Tensor or type(b) is not Tensor:
        return False  # a write to a Tensor never changes another library's array
    (one, first), (other, second) = _elements(a), _elements(b)
    return one is other and bool(first & second)


@function(numpy="may_share_memory")
def _may_share_memory(a: Any, b: Any, /, max_work: int = 0) -> bool:
    return _shares_memory(a, b)


# -- text --------------------------------------------------------------------------------------


def _numbers(name: str, x: Tensor) -> Any:
    return read(backend_below(x), lowest(x), name)


def _text(name: str, a: Any, **options: Any) -> str:
    x = as_tensor(a)
    if is_batched(x) or backend_below(x).abstract:  # there are no numbers to show
        return repr(x)
    return host.text(name, _numbers(name, x), **options)


@function(numpy="array2string")
def _array2string(
    a: Any,
    max_line_width: int | None = None,
    precision: int | None = None,
    suppress_small: bool | None = None,
    separator: str = " ",
    prefix: str = "",
    *,
    formatter: Any = None,
    threshold: int | None = None,
    edgeitems: int | None = None,
    sign: str | None = None,
    floatmode: str | None = None,
    suffix: str = "",
    legacy: Any = None,
) -> str:
    return _text(
        "array2string", a, max_line_width=max_line_width, precision=precision,
        suppress_small=suppress_small, separator=separator, prefix=prefix, formatter=formatter,
        threshold=threshold, edgeitems=edgeitems, sign=sign, floatmode=floatmode, suffix=suffix,
        legacy=legacy,
    )  # fmt: skip


@function(numpy="array_repr")
def _array_repr(
    arr: Any,
    max_line_width: int | None = None,
    precision: int | None = None,
    suppress_small: bool | None = None,
) -> str:
    return _text(
        "array_repr", arr, max_line_width=max_line_width, precision=precision,
        suppress_small=suppress_small,
    )  # fmt: skip


@function(numpy="array_str")
def _array_str(
    a: Any,
    max_line_width: int | None = None,
    precision: int | None = None,
    suppress_small: bool | None = None,
) -> str:
    return _text(
        "array_str", a, max_line_width=max_line_width, precision=precision,
        suppress_small=suppress_small,
    )  # fmt: skip
