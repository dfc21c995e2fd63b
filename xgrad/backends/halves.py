"""Sums and products of half-precision values, computed in single precision.

bfloat16 has 8 bits of precision: 256 + 1 is 256, so the sum of a column of ones never exceeds
256. In float16 it never exceeds 2,048, and numbers overflow at 65,504. So values may be narrow,
but accumulators must be wide. A namespace wraps the functions below when it looks them up;
``accumulates_wide`` names those for which the library itself does this.
"""

import functools
from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import canonical, float32, is_half

#: Functions that add or multiply many elements. All except `matmul` take a dtype.
ACCUMULATING = frozenset(
    ["cumulative_prod", "cumulative_sum", "matmul", "mean", "prod", "sum"],
)


def in_single(xp: Any, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a library's function, computing in single precision for half-precision arguments."""
    return _product(xp, function) if name == "matmul" else _reduction(xp, name, function)


def _reduction(xp: Any, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(x: Any, /, *, dtype: Any = None, **keywords: Any) -> Any:
        result_dtype = x.dtype if dtype is None else dtype
        if not is_half(result_dtype):
            return (
                function(x, **keywords) if dtype is None else function(x, dtype=dtype, **keywords)
            )
        if name == "mean":  # the standard's mean does not take a dtype
            wide = function(xp.astype(x, float32), **keywords)
        else:
            wide = function(x, dtype=float32, **keywords)
        return xp.astype(xp.normalise(wide), canonical(result_dtype))

    return call


def _product(xp: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(x: Any, y: Any, /) -> Any:
        if x.dtype != y.dtype or not is_half(x.dtype):
            return function(x, y)
        wide = function(xp.astype(x, float32), xp.astype(y, float32))
        return xp.astype(wide, canonical(x.dtype))

    return call
