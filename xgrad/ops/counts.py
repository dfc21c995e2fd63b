"""Division by counts of elements.

float16 ends at 65,504, and above 2,048 not every integer is in it (in bfloat16 above 256): what
counts, and what is divided by a count, is in float32 where values are of half precision.
"""

from typing import Any

from xgrad.backends.dtypes import canonical, float32, is_half
from xgrad.backends.namespace import Namespace
from xgrad.typing import Value

#: Up to here all integers are in every dtype.
_EXACT = 256


def counting(dtype: Any) -> Any:
    """Return the dtype in which values of a dtype are counted, or added up and divided."""
    return float32 if is_half(dtype) else canonical(dtype)


def widened(xp: Namespace, x: Value) -> Value:
    """Return an array in the dtype in which its values are counted."""
    return xp.astype(x, float32) if is_half(x.dtype) else x


def like_before(xp: Namespace, x: Value, dtype: Any) -> Value:
    """Return what was widened in its dtype again."""
    return xp.astype(x, canonical(dtype)) if is_half(dtype) else x


def over_count(xp: Namespace, x: Value, count: int) -> Value:
    """``x / count``; an empty array has no cotangent to spoil."""
    if count > _EXACT and is_half(x.dtype):
        return xp.astype(xp.astype(x, float32) / count, canonical(x.dtype))
    return x / (count or 1)


def over_counts(xp: Namespace, x: Value, counts: Value) -> Value:
    """``x / counts``, of counts in the dtype `counting`."""
    return like_before(xp, xp.divide(widened(xp, x), counts), x.dtype)
