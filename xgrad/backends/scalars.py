"""Conversion of Python and NumPy scalars that are used together with arrays."""

from typing import Any

import numpy as np

from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import BOOL, canonical, supported, weak_dtype
from xgrad.backends.registry import current, find_backend

#: Scalars that take their dtype from the array that they are used with; ``np.float64`` does not.
WEAK = frozenset((int, float, complex, bool))


_KINDS = "buifc"


def is_scalar(x: Any) -> bool:
    """Whether ``x`` is a Python or NumPy scalar."""
    return type(x) in WEAK or isinstance(x, np.generic)


def is_number(x: Any) -> bool:
    """Whether ``x`` is a scalar or a 0-d NumPy array, which acts as a number."""
    return is_scalar(x) or (type(x) is np.ndarray and not x.shape)


def as_arrays(function: str, backend: Backend, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Convert the scalars among ``args`` to what ``backend`` accepts together with its arrays."""
    if not backend.on_host:
        args = tuple(x[()] if type(x) is np.ndarray and not x.shape else x for x in args)
    arrays = []
    for x in args:
        if is_scalar(x):
            continue
        if find_backend(x) is None:
            raise TypeError(
                f"{function}: expected an array, a Tensor or a number, got "
                f"{type(x).__name__}; convert it first with xgrad.asarray"
            )
        arrays.append(x)
    if len(arrays) == len(args):
        return args
    device = backend.xp.device(arrays[0]) if arrays else current().device
    dtypes = [canonical(x.dtype) for x in arrays]
    dtypes = [dtype for dtype in dtypes if dtype != BOOL] or dtypes[:1]

    def convert(x: Any) -> Any:
        if isinstance(x, np.generic):
            supported(function, x.dtype)
            lower = bool(dtypes) and _KINDS.index(x.dtype.kind) < _KINDS.index(dtypes[0].kind)
            dtype = np.result_type(x.dtype, *dtypes) if lower else x.dtype
            return backend.xp.asarray(x.item(), dtype=dtype, device=device)
        if type(x) not in WEAK or (arrays and backend.weak_scalars):
            return x
        strong = dtypes or [y.dtype for y in args if isinstance(y, np.generic)]
        if not strong:
            return backend.xp.asarray(x, dtype=np.asarray(x).dtype, device=device)
        dtype = np.result_type(*(weak_dtype(x, other) for other in strong))
        return backend.xp.asarray(x, dtype=dtype, device=device)

    converted = tuple(convert(x) for x in args)
    return converted if backend.mixes_kinds or not dtypes else _lifted(backend, args, converted)


def _lifted(backend: Backend, original: tuple[Any, ...], args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Convert arrays to the kind of a scalar used with them, if the library does not."""
    scalars = [canonical(a.dtype) for x, a in zip(original, args, strict=True) if is_scalar(x)]
    lifted = []
    for x in args:
        dtype = canonical(x.dtype)
        if dtype != BOOL or all(canonical(a.dtype) == BOOL for a in args if not is_scalar(a)):
            common = np.result_type(dtype, *scalars)
            if common.kind != dtype.kind:
                x = backend.xp.astype(x, common)
        lifted.append(x)
    return tuple(lifted)
