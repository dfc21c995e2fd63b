"""Views: tensors that show a part of another one, and follow it when it is written.

As in NumPy, a write through a view reaches its base, and every earlier view of that base
sees it. Values are never shared for that: a write gives the written tensor a new value,
*pushes* it up to the base, and marks the other views stale; a stale view *pulls* its value
from the base when it is looked at again. Both are recorded operations, so derivatives
follow.

A stale view has the level `STALE` and no value at all. Code that looks at a tensor without
asking for `fresh` meets an AttributeError, never an old number; ops notice the level, which
they compare anyway, so tensors that are no views pay nothing.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import getweakrefcount, ref

from xgrad.backends import thresholds
from xgrad.backends.ownership import owns_value
from xgrad.backends.registry import BY_TYPE, common_backend
from xgrad.engine.levels import EAGER, STALE, enable_grad, no_grad
from xgrad.engine.node import Leaf
from xgrad.errors import AutogradError

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ViewKind:
    """How one kind of view looks at its base.

    Attributes
    ----------
    name : str
        For messages.
    pull : callable
        ``pull(base, argument)``: what the view shows.
    push : callable or None
        ``push(base, new, argument)``: the base once the view shows ``new``; None where the
        view cannot be written.
    strides : callable
        ``strides(base_strides, base_shape, argument, shape)``: how far apart the view's
        elements lie in memory that is laid out as NumPy's would be.
    """

    name: str
    pull: Callable[[Any, Any], Any]
    push: Callable[[Any, Any, Any], Any] | None
    strides: Callable[[Any, Any, Any, Any], Any]


#: Of a view: its base, how it looks at it (with which argument), and whether it is recorded.
#: A plain tuple, because every ``x[i]`` makes one.
View = tuple[Any, ViewKind, Any, bool]

_pruning = threading.Lock()


def attach(out: T, base: Any, kind: ViewKind, argument: Any) -> T:
    """Make a new tensor a view of ``base``; returns the tensor."""
    view: Any = out
    # A view that was made under no_grad stays cut off from its base's gradients.
    view._view = (base, kind, argument, view._node is not None or base._node is None)
    _register(view, base)
    return out


def _register(view: Any, base: Any) -> None:
    """Let the base know its view, weakly."""
    try:
        views = base._views
    except AttributeError:
        base._views = [ref(view)]
        return
    views.append(ref(view))
    count = len(views)
    if count >= thresholds.MANY_VIEWS and not count & (count - 1):  # a power of two: seldom enough
        _prune(views, count)


def _prune(views: list[Any], count: int) -> None:
    """Forget views that are gone; others may be appended meanwhile, by another thread."""
    if _pruning.acquire(blocking=False):
        try:
            views[:count] = [r for r in views[:count] if r() is not None]
        finally:
            _pruning.release()


def view_of(x: Any) -> View | None:
    """Return how a tensor looks at its base, or None for one that has its own value."""
    if x._level is not STALE and not getweakrefcount(x):  # no base knows it: the usual case
        return None
    found: View | None = getattr(x, "_view", None)
    return found


def fresh(x: T) -> T:
    """Let a tensor pull its value again if its base was written; returns the tensor."""
    chain = []
    viewed: Any = x
    while viewed._level is STALE:
        chain.append(viewed)
        viewed = viewed._view[0]
    for stale in reversed(chain):
        _pull(stale)
    return x


def _pull(x: Any) -> None:
    base, kind, argument, recorded = x._view
    with enable_grad() if recorded else no_grad():
        out = kind.pull(base, argument)
    _register(x, base)
    node = getattr(x, "_node", None)
    if type(node) is not Leaf:
        x._value, x._level, x._node = out._value, out._level, out._node
        return
    if out._node is not None:
        raise AutogradError(
            "write: a view that is a leaf of its own cannot follow a base that now needs "
            "gradients; take the view again"
        )
    x._value, x._level = out._value, out._level


def mark_stale(x: Any, but: Any = None) -> None:
    """Let all views of a tensor (``but`` one) pull again when they are next looked at."""
    if not getattr(x, "_views", None):
        return
    stack = [x]
    while stack:
        viewed = stack.pop()
        views = getattr(viewed, "_views", None)
        if not views:
            continue
        viewed._views = []  # they come back when they pull
        for reference in views:
            view = reference()
            if view is None or view._level is STALE:
                continue
            if view is but:
                viewed._views.append(reference)
                continue
            view._level = STALE
            del view._value
            if type(view._node) is not Leaf:
                del view._node
            stack.append(view)


def replace(x: Any, out: Any, settle: Callable[[Any, Any], None]) -> None:
    """Give a tensor a new value, and carry it to its base and to all views of that.

    Parameters
    ----------
    x : Tensor
        The tensor that is written.
    out : Tensor
        Its new value.
    settle : callable
        ``settle(x, out)`` stores the value in one tensor.
    """
    mark_stale(x)
    settle(x, out)
    while (view := view_of(x)) is not None:
        base, kind, argument, _ = view
        mark_stale(fresh(base), but=x)
        assert kind.push is not None  # noqa: S101 - whether x can be written was asked before
        settle(base, kind.push(base, x, argument))
        x = base


# -- new values outside the graph ----------------------------------------------------------------
#
# What optimizers and layers do. A graph, a detached tensor or a state dict that was made before
# keeps the old value: the array is overwritten only where nothing else can see it
# (`xgrad.backends.ownership`).


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
