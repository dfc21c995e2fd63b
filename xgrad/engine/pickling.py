"""How constants and leaves are copied and pickled."""

from typing import Any

from xgrad.backends.registry import load
from xgrad.engine.host_reads import read
from xgrad.engine.levels import EAGER
from xgrad.engine.views import as_array


def reduced(x: Any) -> tuple[Any, ...]:
    """Return how to rebuild a tensor: from its array, or from NumPy if arrays do not pickle."""
    backend = x.backend
    kind = (type(x), x.requires_grad, hasattr(x, "_parameter"))
    if backend.pickles:
        return rebuilt, (x._value, *kind)
    return rebuilt_on, (backend.name, read(backend, x._value, "pickle"), *kind)


def rebuilt(value: Any, kind: Any, requires_grad: bool, parameter: bool) -> Any:
    """Return a tensor with an array."""
    out = as_array(kind(value, EAGER)).requires_grad_(requires_grad)
    if parameter:
        out._parameter = True
    return out


def rebuilt_on(name: str, numbers: Any, kind: Any, requires_grad: bool, parameter: bool) -> Any:
    """Return a tensor with the numbers of a NumPy array, on a backend."""
    return rebuilt(load(name).from_numpy(numbers), kind, requires_grad, parameter)
