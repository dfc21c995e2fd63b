"""What an argument must be: integers, and how many."""

import numbers
import operator
from typing import Any

from xgrad.engine.refusals import called


def integers(function: str, name: str, given: Any) -> tuple[int, ...]:
    """Return one integer or several as a tuple, or raise."""
    if isinstance(given, numbers.Integral):
        return (int(given),)
    try:
        return tuple(map(operator.index, given))
    except TypeError:
        message = f"{called(function)}: {name} must be integers, got {given!r}"
        raise TypeError(message) from None


def whole_number(function: str, name: str, n: Any) -> int:
    """Return an integer from 0 on, or raise."""
    try:
        count = operator.index(n)
    except TypeError:
        raise TypeError(f"{function}: {name} must be an integer, got {n!r}") from None
    if count < 0:
        raise ValueError(f"{function}: {name} must not be negative, got {count}")
    return count
