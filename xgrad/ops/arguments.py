"""Checks of integer arguments."""

import math
import numbers
import operator
from typing import Any

from xgrad.backends import host
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


def element_key(name: str, args: tuple[Any, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the key of one element, given by a position or by one index for each axis."""
    if len(args) == 1 and isinstance(args[0], tuple):
        (args,) = args
    try:
        indices = tuple(map(operator.index, args))
    except TypeError:
        raise TypeError(f"{name}: indices must be integers, got {args!r}") from None
    if len(indices) == 1 and len(shape) != 1:
        try:
            return host.coordinates(host.flat_positions(math.prod(shape), indices[0]), shape)
        except IndexError as error:
            raise IndexError(f"{name}: {error}") from None
    if len(indices) != len(shape):
        raise ValueError(f"{name}: expected {len(shape)} indices, got {len(indices)}")
    for i, n in zip(indices, shape, strict=True):
        if not -n <= i < n:
            raise IndexError(f"{name}: index {i} is out of bounds for length {n}")
    return indices
