"""Dtypes: NumPy's are the ones users see; each library's own are translated here.

Differentiability is decided by these tables, never by a library's idea of what a
floating-point dtype is (``ml_dtypes.bfloat16`` has kind ``"V"`` in NumPy).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

BOOL = np.dtype(np.bool_)
INTEGER = tuple(np.dtype(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64))
REAL_FLOATING = [np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)]
COMPLEX_FLOATING = [np.dtype(np.complex64), np.dtype(np.complex128)]

#: Every dtype object of every loaded library, to the NumPy dtype that stands for it.
CANONICAL: dict[Any, np.dtype[Any]] = {
    dtype: dtype for dtype in (BOOL, *INTEGER, *REAL_FLOATING, *COMPLEX_FLOATING)
}
#: Dtype objects (of any library) whose values carry gradients, and the complex ones among them.
DIFFERENTIABLE: set[Any] = {*REAL_FLOATING, *COMPLEX_FLOATING}
COMPLEX: set[Any] = {*COMPLEX_FLOATING}


def canonical(dtype: Any) -> np.dtype[Any]:
    """Return the NumPy dtype that stands for a dtype object of any library."""
    found = CANONICAL.get(dtype)
    if found is None:
        found = np.dtype(dtype)
        if found.name == "bfloat16":
            register({dtype: found})
    return found


def register(table: Mapping[Any, np.dtype[Any]]) -> None:
    """Add a library's dtype objects to the tables."""
    for raw, dtype in table.items():
        CANONICAL[raw] = CANONICAL[dtype] = dtype
        if dtype in DIFFERENTIABLE or dtype.name == "bfloat16":
            DIFFERENTIABLE.update((raw, dtype))
        if dtype.kind == "c":
            COMPLEX.add(raw)


def is_differentiable(dtype: Any) -> bool:
    """Whether values of this dtype (of any library) carry gradients."""
    return dtype in DIFFERENTIABLE or canonical(dtype) in DIFFERENTIABLE


def is_complex(dtype: Any) -> bool:
    """Whether this dtype (of any library) is complex."""
    return dtype in COMPLEX or canonical(dtype) in COMPLEX


def weak_dtype(scalar: complex, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that a Python scalar takes beside an array of ``dtype``.

    NumPy's rule (NEP 50): a Python scalar keeps the array's dtype unless its kind is
    higher, and then has the default precision of that kind (or the array's, for a
    complex scalar beside a real floating-point array).
    """
    if isinstance(scalar, bool):
        return dtype
    if isinstance(scalar, int):
        return np.dtype(np.int64) if dtype == BOOL else dtype
    floating = dtype in DIFFERENTIABLE
    if isinstance(scalar, float):
        return dtype if floating else np.dtype(np.float64)
    if dtype.kind == "c":
        return dtype
    narrow = floating and dtype.itemsize <= np.dtype(np.float32).itemsize
    return np.dtype(np.complex64 if narrow else np.complex128)


_default = np.dtype(np.float64)


def default_dtype() -> np.dtype[Any]:
    """Return the dtype of new floating-point arrays."""
    return _default


def set_default_dtype(dtype: Any) -> None:
    """Choose the dtype that creation functions and Python floats get.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.set_default_dtype(xg.float32)
    >>> xg.zeros(2).dtype
    dtype('float32')
    >>> xg.set_default_dtype(xg.float64)
    """
    global _default
    chosen = canonical(dtype)
    if chosen not in DIFFERENTIABLE or chosen.kind == "c":
        raise TypeError(f"set_default_dtype: expected a real floating-point dtype, got {chosen}")
    _default = chosen


def inferred_dtype(obj: Any) -> np.dtype[Any]:
    """Return the dtype for Python numbers, or nested sequences of them."""
    dtype = np.asarray(obj).dtype
    if isinstance(obj, np.generic) or dtype.kind not in "fc":
        return dtype
    return _default if dtype.kind == "f" else np.result_type(_default, np.complex64)
