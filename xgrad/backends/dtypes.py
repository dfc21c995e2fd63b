"""Dtypes: users see NumPy's; this module translates the dtype objects of each library.

These tables decide which dtypes are differentiable, not a library's definition of
floating-point dtypes (``ml_dtypes.bfloat16`` has kind ``"V"`` in NumPy).
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

BOOL = np.dtype(np.bool_)
INTEGER = tuple(np.dtype(f"{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64))
REAL_FLOATING: list[np.dtype[Any]] = [
    np.dtype(np.float16),
    np.dtype(np.float32),
    np.dtype(np.float64),
]
COMPLEX_FLOATING: list[np.dtype[Any]] = [np.dtype(np.complex64), np.dtype(np.complex128)]

#: The NumPy dtypes whose values carry gradients.
DIFFERENTIABLE: set[np.dtype[Any]] = {*REAL_FLOATING, *COMPLEX_FLOATING}

# Tables of the dtype objects of all libraries. There is one for each class of dtypes, because
# some libraries' dtypes hash like NumPy's but cannot be compared with them. A table by identity
# is looked up first; it also keeps the objects alive.
_by_id: dict[int, tuple[Any, np.dtype[Any]]] = {}
_by_class: dict[type, dict[Any, np.dtype[Any]]] = {}

#: Identities of dtype objects known to carry gradients: a fast test, which may miss some.
DIFFERENTIABLE_IDS: set[int] = set()
#: Those of them that are wide enough for sums.
WIDE_IDS: set[int] = set()


def register(table: Iterable[tuple[Any, np.dtype[Any]]]) -> None:
    """Add a library's dtype objects, each with the corresponding NumPy dtype."""
    for raw, dtype in table:
        _by_id[id(raw)] = (raw, dtype)
        _by_class.setdefault(type(raw), {})[raw] = dtype
        if dtype.name == "bfloat16":
            DIFFERENTIABLE.add(dtype)
        if dtype in DIFFERENTIABLE:
            DIFFERENTIABLE_IDS.add(id(raw))
            if dtype.itemsize > 2:
                WIDE_IDS.add(id(raw))


register((dtype, dtype) for dtype in (BOOL, *INTEGER, *REAL_FLOATING, *COMPLEX_FLOATING))


#: Functions to call for an unknown dtype object before raising (`xgrad.backends.registry` loads
#: the library that it comes from, which registers it).
before_refusal: list[Callable[[type], object]] = []


def canonical(dtype: Any) -> np.dtype[Any]:
    """Return the NumPy dtype that corresponds to a dtype object of any library."""
    known = _by_id.get(id(dtype))
    if known is not None:
        return known[1]
    table = _by_class.get(type(dtype))
    if table is not None and dtype in table:
        return table[dtype]
    try:
        result: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        for load in before_refusal:
            load(type(dtype))
        if dtype in _by_class.get(type(dtype), ()):
            return _by_class[type(dtype)][dtype]
        raise TypeError(f"expected a dtype, such as 'float32', got {dtype!r}") from None
    if not result.isnative:  # the other byte order, as in files: the same numbers
        result = result.newbyteorder("=")
    if result.name == "bfloat16":
        DIFFERENTIABLE.add(result)
    return result


def supported(function: str, dtype: Any) -> np.dtype[Any]:
    """Return the NumPy dtype that corresponds to a dtype; raise if it is not supported."""
    known = canonical(dtype)
    if known == BOOL or known in INTEGER or known in DIFFERENTIABLE:
        return known
    raise TypeError(_refusal(function, known))


def _refusal(function: str, dtype: np.dtype[Any]) -> str:
    wide = {"f": "float64", "c": "complex128"}.get(dtype.kind)
    hint = f"; convert first, as in x.astype({wide!r})" if wide else ""
    return f"{function}: numbers of dtype {dtype} are not supported{hint}"


def is_differentiable(dtype: Any) -> bool:
    """Whether values of this dtype (of any library) carry gradients."""
    return id(dtype) in DIFFERENTIABLE_IDS or canonical(dtype) in DIFFERENTIABLE


def carries_gradients(function: str, dtype: Any) -> bool:
    """Whether a result that was computed from tracked values is tracked.

    Integers and booleans are not. Other dtypes without gradients (``np.longdouble``, objects)
    would lose them silently, so they raise.
    """
    if id(dtype) in DIFFERENTIABLE_IDS:
        return True
    known = canonical(dtype)
    if known in DIFFERENTIABLE:
        return True
    if known.kind in "biu":
        return False
    raise TypeError(_refusal(function, known))


def is_complex(dtype: Any) -> bool:
    """Whether this dtype (of any library) is complex."""
    known = _by_id.get(id(dtype))
    return (canonical(dtype) if known is None else known[1]).kind == "c"


def is_half(dtype: Any) -> bool:
    """Whether this dtype (of any library) has 16 bits, which is too narrow for sums."""
    known = canonical(dtype)
    return known.itemsize == 2 and known in DIFFERENTIABLE


def real_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the dtype of the real and imaginary parts; for a real dtype, itself."""
    known = canonical(dtype)
    return np.dtype(f"f{known.itemsize // 2}") if known.kind == "c" else known


def complex_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the complex dtype with parts of this precision, at least single."""
    return np.result_type(canonical(dtype), np.complex64)


def precision(dtype: Any) -> float:
    """Return the spacing of floating-point numbers at 1."""
    return float(np.finfo(real_dtype(dtype)).eps)


def refuse_complex(function: str, *values: Any) -> None:
    """Raise if an array or a number is complex."""
    for x in values:
        dtype = getattr(x, "dtype", None)
        if isinstance(x, complex) if dtype is None else is_complex(dtype):
            kind = type(x).__name__ if dtype is None else canonical(dtype)
            raise TypeError(f"{function}: expected real numbers, got {kind}")


def weak_dtype(scalar: complex, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that a Python scalar takes together with an array of ``dtype``.

    NumPy's rule (NEP 50): a Python scalar takes the array's dtype unless its kind is
    higher. Then it has the default precision of that kind (or, for a complex scalar with
    a real floating-point array, the array's precision).
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
_parameters = np.dtype(np.float32)


def default_dtype() -> np.dtype[Any]:
    """Return the dtype of new floating-point arrays."""
    return _default


def set_default_dtype(dtype: Any) -> None:
    """Choose the dtype of new floating-point arrays: Python floats, creation, parameters.

    Without it, arrays are float64 and parameters of `xgrad.nn` float32.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.set_default_dtype(xg.float64)
    >>> xg.nn.Linear(2, 2).weight.dtype
    dtype('float64')
    """
    global _default, _parameters
    chosen = canonical(dtype)
    if chosen not in DIFFERENTIABLE or chosen.kind == "c":
        raise TypeError(f"set_default_dtype: expected a real floating-point dtype, got {chosen}")
    _default = _parameters = chosen


def parameter_dtype() -> np.dtype[Any]:
    """Return the dtype of new parameters: float32, unless `set_default_dtype` chose one."""
    return _parameters


def inferred_dtype(obj: Any) -> np.dtype[Any]:
    """Return the dtype for Python numbers, or nested sequences of them."""
    dtype = np.asarray(obj).dtype
    if isinstance(obj, np.generic) or dtype.kind not in "fc":
        return dtype
    return _default if dtype.kind == "f" else np.result_type(_default, np.complex64)


#: The public names.
int8, int16, int32, int64, uint8, uint16, uint32, uint64 = INTEGER
float16, float32, float64 = REAL_FLOATING
complex64, complex128 = COMPLEX_FLOATING
