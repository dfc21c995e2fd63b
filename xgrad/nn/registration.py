"""Checks of the names and values that a module registers."""

from typing import Any

from xgrad.engine.tensor import Tensor
from xgrad.nn.parameter import Parameter, marked


def misfit(module: Any, name: str, what: str, expected: str, value: Any) -> str:
    """Return the error message for a value that does not fit a name of a module."""
    got = type(value).__name__
    if isinstance(value, type):
        got = f"the class {value.__name__}; make an instance: {value.__name__}(...)"
    return f"{type(module).__name__}: {name} is {what}, so {expected} is expected, got {got}"


def check_name(module: Any, function: str, name: Any) -> None:
    """Raise unless a name can be part of a dotted name."""
    kind = type(module).__name__
    if not isinstance(name, str):
        raise TypeError(f"{function} of {kind}: expected a string for name, got {name!r}")
    if not name or "." in name:
        raise ValueError(f"{function} of {kind}: expected a name without a dot, got {name!r}")


def checked_parameter(module: Any, name: str, value: Any) -> Tensor | None:
    """Return None, a parameter, or a leaf that needs gradients, which becomes a parameter."""
    if value is None or isinstance(value, Parameter):
        return value
    if not isinstance(value, Tensor):
        raise TypeError(misfit(module, name, "a parameter", "a Parameter or None", value))
    if not value.is_leaf or not value.requires_grad:
        kind = "a constant" if value.is_leaf else "a result of operations"
        raise TypeError(
            f"{type(module).__name__}: {name} is a parameter, so a Parameter or None is expected, "
            f"got {kind}; wrap it in nn.Parameter(...), or write into it: {name}[...] = x"
        )
    return marked(value)
