"""Checks of integer arguments."""

import numbers
import operator
from typing import Any

from xgrad.engine.refusals import called


def integers(function: str, name: str, value: Any) -> tuple[int, ...]:
    """Return an integer or a sequence of integers as a tuple, or raise."""
    try:
        if type(value) is not tuple and (
            isinstance(value, numbers.Integral) or getattr(value, "shape", None) == ()
        ):
            return (operator.index(value),)
        return tuple(map(operator.index, value))
    except TypeError:
        message = f"{called(function)}: {name} must be integers, got {value!r}"
        raise TypeError(message) from None


def whole_number(function: str, name: str, n: Any) -> int:
    """Return a non-negative integer, or raise."""
    try:
        count = operator.index(n)
    except TypeError:
        raise TypeError(f"{function}: {name} must be an integer, got {n!r}") from None
    if count < 0:
        raise ValueError(f"{function}: {name} must not be negative, got {count}")
    return count
