"""Checks of arguments that layers, losses and optimizers share.

Error messages name the function, the argument, what was expected and what was received.
"""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from xgrad.engine.dispatch import backend_below
from xgrad.engine.tensor import lowest
from xgrad.engine.watching import WATCHERS

Lengths = tuple[int, ...]


def is_whole(value: Any) -> bool:
    """Whether a value is an integer of Python or NumPy, and not a boolean."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def whole(function: str, name: str, value: Any, least: int | None = None) -> int:
    """Return an integer of at least ``least``; booleans and floats raise."""
    if not is_whole(value):
        raise TypeError(f"{function}: expected an integer for {name}, got {value!r}")
    if least is not None and value < least:
        raise ValueError(f"{function}: expected {name} of at least {least}, got {value}")
    return int(value)


def whole_of(function: str, *, least: int | None = None, **values: Any) -> None:
    """Check several integers, passed by name."""
    for name, value in values.items():
        whole(function, name, value, least)


def number(
    function: str,
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
) -> None:
    """Check a real number against an interval; ``above`` and ``below`` exclude its ends."""
    if type(value) is not float and (type(value) is bool or not isinstance(value, Real)):
        raise TypeError(f"{function}: expected a number for {name}, got {value!r}")
    x = float(value)
    if not ((x > low if above else x >= low) and (x < high if below else x <= high)):
        raise ValueError(
            f"{function}: expected {name} {interval(low, high, above, below)}, got {value}"
        )


def interval(low: float, high: float, above: bool, below: bool) -> str:
    """Return a description of an interval."""
    if high == math.inf and not below:
        return f"above {low:g}" if above else f"of at least {low:g}"
    return f"in {'(' if above else '['}{low:g}, {high:g}{')' if below else ']'}"


def flags(function: str, **values: Any) -> None:
    """Check booleans, passed by name: those of Python or NumPy, or 0 and 1."""
    for name, value in values.items():
        if value is not True and value is not False:
            boolean = getattr(getattr(value, "dtype", None), "kind", "") == "b"
            if not (boolean and getattr(value, "shape", None) == ()) and (
                not is_whole(value) or value not in (0, 1)
            ):
                raise TypeError(f"{function}: expected True or False for {name}, got {value!r}")


def per_axis(
    function: str, name: str, value: int | Sequence[int], ndim: int, least: int | None = None
) -> Lengths:
    """Return one integer of at least ``least`` for each of the last axes."""
    values: Any = (value,) * ndim if is_whole(value) else value
    if (
        not isinstance(values, tuple | list)
        or len(values) != ndim
        or not all(is_whole(n) for n in values)
    ):
        expected = "an integer" if ndim == 1 else f"an integer or {ndim} integers"
        raise ValueError(f"{function}: expected {name} to be {expected}, got {value!r}")
    if least is not None and any(n < least for n in values):
        raise ValueError(f"{function}: expected {name} of at least {least}, got {value!r}")
    return tuple(int(n) for n in values)


def in_range(function: str, what: str, x: Any, count: int, ignore: int | None = None) -> None:
    """Check that integers are in [0, count), except for one ignored value.

    The check runs only if reading them does not wait for a device, or inside `detect_anomaly`.
    """
    raw = lowest(x)
    watched = any(hasattr(w, "checks_values") for w in WATCHERS)
    if 0 in raw.shape or not (is_readable(raw) or (watched and not backend_below(raw).abstract)):
        return
    xp = backend_below(raw).xp
    low, high = xp.bounds(raw)
    if ignore is not None and (low < 0 or high >= count):
        low, high = xp.bounds(raw, ignore)
    if low < 0 or high >= count:
        raise IndexError(
            f"{function}: expected {what} in [0, {count}), got {low if low < 0 else high}"
        )


def is_readable(x: Any) -> bool:
    """Whether the values of an array can be read without waiting for a device."""
    raw = lowest(x)
    backend = backend_below(raw)
    return not (backend.abstract or backend.lazy) and backend.xp.reads_freely(raw)


def plain(value: Any) -> Any:
    """Return an option as a plain Python number, which every file format supports."""
    if isinstance(value, tuple | list):
        return type(value)(plain(v) for v in value)
    is_number = hasattr(value, "item") and hasattr(value, "shape") and tuple(value.shape) == ()
    return value.item() if is_number else value
