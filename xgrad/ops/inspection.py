"""What the standard lets programs ask: about dtypes, about the namespace, about shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xgrad.backends.dtypes import (
    BOOL,
    COMPLEX_FLOATING,
    DIFFERENTIABLE,
    INTEGER,
    REAL_FLOATING,
    canonical,
    default_dtype,
)
from xgrad.backends.registry import current, find_backend
from xgrad.backends.scalars import is_scalar
from xgrad.engine.tensor import Tensor, lowest

DType = np.dtype[Any]

_KINDS: dict[str, str] = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "c",
    "numeric": "iufc",
}


def _kind(dtype: DType) -> str:
    return "f" if dtype.kind == "V" and dtype in DIFFERENTIABLE else dtype.kind  # bfloat16


def _is_array(x: Any) -> bool:
    return type(x) is Tensor or find_backend(x) is not None


def _dtype(function: str, x: Any) -> DType:
    """Return the dtype that an array has, or that a dtype object stands for."""
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
        ``"real floating"``, ``"complex floating"``, ``"numeric"``; or a dtype to be equal to.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.isdtype(xg.float32, "real floating"), xg.isdtype(xg.int8, (xg.bool, "integral"))
    (True, True)
    """
    if isinstance(kind, tuple):
        return any([isdtype(dtype, k) for k in kind])
    found = _dtype("isdtype", dtype)
    if isinstance(kind, str):
        if kind not in _KINDS:
            raise ValueError(f"isdtype: kind must be one of {', '.join(_KINDS)}; got {kind!r}")
        return _kind(found) in _KINDS[kind]
    return found == _dtype("isdtype", kind)


def result_type(*arrays_and_dtypes: Any) -> DType:
    """Return the dtype that an operation on these arrays, dtypes and Python numbers has.

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
        raise ValueError("result_type: expected at least one array or dtype beside numbers")
    out: DType = np.result_type(*settled)
    return out


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether a dtype (or an array's) can become another one by type promotion.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.can_cast(xg.float32, xg.float64), xg.can_cast(xg.float64, xg.float32)
    (True, False)
    """
    return bool(np.can_cast(_dtype("can_cast", from_), _dtype("can_cast", to)))


@dataclass(frozen=True)
class finfo_object:  # noqa: N801 - the standard's name
    """What `finfo` returns."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


@dataclass(frozen=True)
class iinfo_object:  # noqa: N801 - the standard's name
    """What `iinfo` returns."""

    bits: int
    max: int
    min: int
    dtype: DType


def finfo(type: Any, /) -> finfo_object:
    """Limits of a floating-point dtype; of a complex one, those of its parts.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.finfo(xg.float32).bits, xg.finfo(xg.complex128).dtype
    (32, dtype('float64'))
    """
    dtype = _dtype("finfo", type)
    if _kind(dtype) not in "fc":
        raise TypeError(f"finfo: expected a floating-point dtype, got {dtype}")
    if dtype.kind == "V":
        import ml_dtypes  # who has a bfloat16 dtype has it  # noqa: PLC0415

        found: Any = ml_dtypes.finfo(dtype)
    else:
        found = np.finfo(dtype)
    return finfo_object(
        bits=int(found.bits),
        eps=float(found.eps),
        max=float(found.max),
        min=float(found.min),
        smallest_normal=float(found.smallest_normal),
        dtype=np.dtype(found.dtype),
    )


def iinfo(type: Any, /) -> iinfo_object:
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
    found = np.iinfo(dtype)
    return iinfo_object(int(found.bits), int(found.max), int(found.min), dtype)


def broadcast_shapes(*shapes: Sequence[int]) -> tuple[int, ...]:
    """Return the shape that shapes broadcast to.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.broadcast_shapes((2, 1), (3,))
    (2, 3)
    """
    return np.broadcast_shapes(*(tuple(shape) for shape in shapes))


class NamespaceInfo:
    """What the namespace can do, on the current backend (the standard's inspection API)."""

    def capabilities(self) -> dict[str, Any]:
        """Whether boolean indices and data-dependent shapes work, and how many axes."""
        lazy = current().backend.lazy
        return {
            "boolean indexing": not lazy,
            "data-dependent shapes": not lazy,
            "max dimensions": 64,
        }

    def default_device(self) -> Any:
        """Return the device on which new arrays are made; None where the library chooses."""
        return current().device

    def devices(self) -> list[Any]:
        """Return the devices of the current backend."""
        return list(current().backend.devices())

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """Return the dtypes of new arrays by kind."""
        real = default_dtype()
        return {
            "real floating": real,
            "complex floating": np.result_type(real, np.complex64),
            "integral": np.dtype(np.int64),
            "indexing": np.dtype(np.int64),
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, DType]:
        """Return the standard's dtypes by name, all of them or those of a kind."""
        every = [BOOL, *INTEGER, *REAL_FLOATING[1:], *COMPLEX_FLOATING]
        chosen = [d for d in every if kind is None or isdtype(d, kind)]
        return {str(d): d for d in chosen}


def __array_namespace_info__() -> NamespaceInfo:  # noqa: N807 - the standard's name
    """Return an object that tells what the namespace can do.

    Examples
    --------
    >>> import xgrad as xg
    >>> sorted(xg.__array_namespace_info__().dtypes(kind="complex floating"))
    ['complex128', 'complex64']
    """
    return NamespaceInfo()
