"""New values for tensors of level 0 outside the graph: what optimizers and layers do.

A graph, a detached tensor or a state dict that was made before keeps the old value: the array
is overwritten only where nothing else can see it (`xgrad.backends.ownership`).
"""

from typing import Any

from xgrad.backends.ownership import owns_value
from xgrad.backends.registry import BY_TYPE, common_backend
from xgrad.engine.levels import EAGER, no_grad
from xgrad.engine.views import fresh, mark_stale, replace, view_of


def store(x: Any, value: Any) -> None:
    """Give a tensor another array, which the caller has made for it; views and base follow."""
    if view_of(fresh(x)) is not None:
        with no_grad():
            replace(x, type(x)(value, EAGER), _store)
        return
    if getattr(x, "_views", None):
        mark_stale(x)
    x._value = value


def _store(x: Any, out: Any) -> None:
    x._value = out._value


def own_value(x: Any) -> Any:
    """Return the array of a tensor for writing in place: a copy if something else can see it."""
    if getattr(fresh(x), "_views", None):
        mark_stale(x)  # first, so that no view holds on to the array
    if not owns_value(x):
        backend = BY_TYPE.get(type(x._value)) or common_backend("write", (x._value,))
        if not backend.immutable:
            x._value = backend.xp.copy(x._value)
    return x._value
