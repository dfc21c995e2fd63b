"""Arrays on the host: for printing, and for handing to NumPy code."""

from typing import Any

import numpy as np

_USUAL = (np.float64, np.int64, np.bool_, np.complex128)


def formatted(array: np.ndarray[Any, Any], prefix: str) -> tuple[str, bool]:
    """Return the text of an array, and whether its dtype needs to be told."""
    return np.array2string(array, separator=", ", prefix=prefix), array.dtype not in _USUAL


def converted(array: np.ndarray[Any, Any], dtype: Any, copy: bool | None) -> np.ndarray[Any, Any]:
    """Return a NumPy array as ``__array__`` must."""
    return np.array(array, dtype=dtype, copy=copy)


def contiguous(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an array whose elements lie in row-major order, 0-d ones included."""
    return np.asarray(array, order="C")
