"""Promotion and limits of dtypes: NumPy's rules, for the dtypes of every library."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from xgrad.backends.dtypes import BOOL, COMPLEX_FLOATING, DIFFERENTIABLE, INTEGER, REAL_FLOATING

DType = np.dtype[Any]

#: The dtypes of the standard.
STANDARD: tuple[DType, ...] = (BOOL, *INTEGER, *REAL_FLOATING[1:], *COMPLEX_FLOATING)
INDEX = np.dtype(np.int64)


@dataclass(frozen=True)
class finfo_object:  # noqa: N801 - the standard's name
    """What `xgrad.finfo` returns."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


@dataclass(frozen=True)
class iinfo_object:  # noqa: N801 - the standard's name
    """What `xgrad.iinfo` returns."""

    bits: int
    max: int
    min: int
    dtype: DType


def kind_of(dtype: DType) -> str:
    """Return NumPy's letter for the kind; bfloat16 counts as floating-point."""
    return "f" if dtype.kind == "V" and dtype in DIFFERENTIABLE else dtype.kind


def promoted(*items: Any) -> DType:
    """Return the result dtype of an operation on dtypes and Python numbers."""
    out: DType = np.result_type(*items)
    return out


def castable(have: DType, want: DType) -> bool:
    """Whether promotion leads from one dtype to another."""
    return bool(np.can_cast(have, want))


def floating_limits(dtype: DType) -> finfo_object:
    """Return the limits of a floating-point dtype, or of the parts of a complex one."""
    if dtype.kind == "V":
        import ml_dtypes  # a bfloat16 dtype can only come from this package

        limits: Any = ml_dtypes.finfo(dtype)
    else:
        limits = np.finfo(dtype)
    return finfo_object(
        bits=int(limits.bits),
        eps=float(limits.eps),
        max=float(limits.max),
        min=float(limits.min),
        smallest_normal=float(limits.smallest_normal),
        dtype=np.dtype(limits.dtype),
    )


def integer_limits(dtype: DType) -> iinfo_object:
    """Return the limits of an integer dtype."""
    limits = np.iinfo(dtype)
    return iinfo_object(int(limits.bits), int(limits.max), int(limits.min), dtype)
