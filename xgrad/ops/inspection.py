"""Inspection functions of the standard: dtypes, the namespace, shapes."""

from collections.abc import Sequence
from typing import Any

from xgrad.backends import host
from xgrad.backends.device import device_of
from xgrad.backends.dtypes import canonical, complex_dtype, default_dtype, inferred_dtype
from xgrad.backends.limits import (
    INDEX,
    STANDARD,
    DType,
    castable,
    finfo_object,
    floating_limits,
    iinfo_object,
    integer_limits,
    kind_of,
    promoted,
)
from xgrad.backends.registry import current, find_backend
from xgrad.backends.scalars import is_scalar
from xgrad.engine.tensor import Tensor, lowest

__all__ = [
    "__array_namespace_info__", "broadcast_shapes", "can_cast", "finfo", "iinfo", "isdtype",
    "result_type",
]  # fmt: skip

_KINDS: dict[str, str] = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


def _is_array(x: Any) -> bool:
    return type(x) is Tensor or find_backend(x) is not None


def _dtype(function: str, x: Any) -> DType:
    """Return the dtype of an array, or of a dtype object."""
    if _is_array(x):
        return canonical(lowest(x).dtype)
    try:
        return canonical(x)
    except TypeError:
        raise TypeError(
            f"{function}: expected a dtype or an array, got {type(x).__name__}"
        ) from None


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether a dtype is of a kind.

    Parameters
    ----------
    dtype : dtype
        Of NumPy or of any backend.
    kind : dtype, str, or tuple of them
        ``"bool"``, ``"signed integer"``, ``"unsigned integer"``, ``"integral"``,
        ``"real floating"``, ``"complex floating"``, ``"numeric"``; or a dtype to compare with.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isdtype(xg.float32, "real floating"), xg.isdtype(xg.int8, (xg.bool, "integral"))
    (True, True)
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, k) for k in kind)
    checked = _dtype("isdtype", dtype)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueError(f"isdtype: kind must be one of {', '.join(_KINDS)}; got {kind!r}")
        return kind_of(checked) in _KINDS[kind]
    return checked == _dtype("isdtype", kind)


def result_type(*arrays_and_dtypes: Any) -> DType:
    """Return the dtype of an operation's result on these arrays, dtypes and Python numbers.

    Of numbers alone, it is the dtype of an array of them.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.result_type(xg.float32, xg.float64), xg.result_type(xg.float32, 1.0)
    (dtype('float64'), dtype('float32'))
    """
    if not arrays_and_dtypes:
        raise ValueError("result_type: expected at least one array, dtype or number")
    settled = [x if is_scalar(x) else _dtype("result_type", x) for x in arrays_and_dtypes]
    if all(is_scalar(x) for x in settled):
        settled = [canonical(x.dtype) if hasattr(x, "dtype") else x for x in settled]
        if all(is_scalar(x) for x in settled):
            return inferred_dtype(settled)
    return promoted(*settled)


def can_cast(from_: Any, to: Any) -> bool:
    """Whether a dtype (or an array's dtype) can be converted to another one by promotion.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.can_cast(xg.float32, xg.float64), xg.can_cast(xg.float64, xg.float32)
    (True, False)
    """
    return castable(_dtype("can_cast", from_), _dtype("can_cast", to))


def finfo(type: Any) -> finfo_object:
    """Limits of a floating-point dtype; for a complex dtype, those of its parts.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.finfo(xg.float32).bits, xg.finfo(xg.complex128).dtype
    (32, dtype('float64'))
    """
    dtype = _dtype("finfo", type)
    if kind_of(dtype) not in "fc":
        raise TypeError(f"finfo: expected a floating-point dtype, got {dtype}")
    return floating_limits(dtype)


def iinfo(type: Any) -> iinfo_object:
    """Limits of an integer dtype.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.iinfo(xg.int8).max
    127
    """
    dtype = _dtype("iinfo", type)
    if dtype.kind not in "iu":
        raise TypeError(f"iinfo: expected an integer dtype, got {dtype}")
    return integer_limits(dtype)


def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """Return the shape that shapes broadcast to.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    return host.broadcast_shapes(*(tuple(shape) for shape in shapes))


class NamespaceInfo:
    """The namespace's capabilities on the current backend (the standard's inspection API)."""

    def capabilities(self) -> dict[str, Any]:
        """Whether boolean indices and data-dependent shapes work, and the largest rank."""
        lazy = current().backend.lazy
        return {
            "boolean indexing": not lazy,
            "data-dependent shapes": not lazy,
            "max dimensions": 64,
        }

    def default_device(self) -> Any:
        """Return the device on which new arrays are created."""
        here = current()
        return self.devices()[0] if here.device is None else device_of(here.backend, here.device)

    def devices(self) -> tuple[Any, ...]:
        """Return the devices of the current backend."""
        return tuple(current().backend.devices())

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """Return the dtypes of new arrays by kind; the same on every device."""
        real = default_dtype()
        return {
            "real floating": real,
            "complex floating": complex_dtype(real),
            "integral": INDEX,
            "indexing": INDEX,
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, DType]:
        """Return the standard's dtypes by name: all of them, or those of a kind."""
        chosen = [d for d in STANDARD if kind is None or isdtype(d, kind)]
        return {str(d): d for d in chosen}


def __array_namespace_info__() -> NamespaceInfo:  # noqa: N807 - the standard's name
    """Return an object that describes the namespace's capabilities.

    Examples
    --------
    >>> import xgrad as xg
    >>> sorted(xg.__array_namespace_info__().dtypes(kind="complex floating"))
    ['complex128', 'complex64']
    """
    return NamespaceInfo()
