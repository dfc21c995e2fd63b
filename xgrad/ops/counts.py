"""Division by counts of elements.

float16 ends at 65,504, and does not have every integer above 2,048 (bfloat16: above 256). So for
values of half precision, counts and divisions by counts are computed in float32.
"""

from typing import Any

from xgrad.backends.dtypes import canonical, float32, is_half
from xgrad.backends.namespace import Namespace
from xgrad.typing import Value

#: All dtypes have every integer up to this one.
_EXACT = 256


def counting(dtype: Any) -> Any:
    """Return the dtype in which values of a dtype are counted, or summed and divided."""
    return float32 if is_half(dtype) else canonical(dtype)


def widened(xp: Namespace, x: Value) -> Value:
    """Convert an array of half precision to float32."""
    return xp.astype(x, float32) if is_half(x.dtype) else x


def narrowed(xp: Namespace, x: Value, dtype: Any) -> Value:
    """Convert the result of a `widened` array back to its dtype."""
    return xp.astype(x, canonical(dtype)) if is_half(dtype) else x


def over_count(xp: Namespace, x: Value, count: int) -> Value:
    """``x / count``, and ``x`` if the count is 0."""
    if count > _EXACT and is_half(x.dtype):
        return xp.astype(xp.astype(x, float32) / count, canonical(x.dtype))
    return x / (count or 1)


def over_counts(xp: Namespace, x: Value, counts: Value) -> Value:
    """``x / counts``, for counts of the dtype `counting`."""
    return narrowed(xp, xp.divide(widened(xp, x), counts), x.dtype)
