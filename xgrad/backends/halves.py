"""Sums and products of half precision, taken in single.

bfloat16 has 8 bits: there 256 + 1 is 256, so a column of ones sums up to 256 whatever its
length, and float16 ends at 2,048 and overflows at 65,504. Values may be narrow; what adds
them up may not. A namespace wraps the functions below when it looks them up; a library that
does this by itself is named in ``accumulates_wide``.
"""

import functools
from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import canonical, float32, is_half

#: Functions that add up, or multiply, many elements. All but `matmul` take a dtype.
ACCUMULATING = frozenset(
    ["cumulative_prod", "cumulative_sum", "matmul", "mean", "prod", "sum"],
)


def in_single(xp: Any, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of a library that works in single precision for half precision."""
    return _product(xp, function) if name == "matmul" else _reduction(xp, name, function)


def _reduction(xp: Any, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(x: Any, /, *, dtype: Any = None, **keywords: Any) -> Any:
        wanted = x.dtype if dtype is None else dtype
        if not is_half(wanted):
            return (
                function(x, **keywords) if dtype is None else function(x, dtype=dtype, **keywords)
            )
        if name == "mean":  # the standard's takes no dtype
            wide = function(xp.astype(x, float32), **keywords)
        else:
            wide = function(x, dtype=float32, **keywords)
        return xp.astype(xp.normalise(wide), canonical(wanted))

    return call


def _product(xp: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(x: Any, y: Any, /) -> Any:
        if x.dtype != y.dtype or not is_half(x.dtype):
            return function(x, y)
        wide = function(xp.astype(x, float32), xp.astype(y, float32))
        return xp.astype(wide, canonical(x.dtype))

    return call
