"""Small arrays in place of Tensors: NumPy itself tells dtypes, shapes and errors of a call.

A method of a ufunc has many rules (which axes, dtypes, casts, identities of empty arrays). They are
NumPy's, and depend on its version. So each call first runs on NumPy with *stand-ins*: ones of the
same dtype, with at most two elements along an axis.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.backends.dtypes import canonical
from xgrad.engine.tensor import Tensor, lowest

_SCALARS = (bool, int, float, complex)


def dtype_of(x: Any) -> np.dtype[Any]:
    """Return the dtype of an array or a Tensor; NumPy does not know bfloat16: float16."""
    dtype = canonical(lowest(x).dtype)
    return dtype if dtype.isbuiltin == 1 else np.dtype(np.float16)


def standin(x: Any, full: int | None = None) -> Any:
    """Return a small array in place of an array; an axis ``full`` keeps its length."""
    if type(x) in _SCALARS or isinstance(x, np.generic | str | bytes):
        return x
    if type(x) is not Tensor and not hasattr(x, "dtype"):
        x = np.asarray(x)
    shape = tuple(n if i == full else min(n, 2) for i, n in enumerate(x.shape))
    return np.ones(shape, dtype_of(x))


def dry_run(function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """Call a function of NumPy on stand-ins, without warnings about their numbers."""
    with np.errstate(all="ignore"):
        return function(*args, **keywords)
