"""Views: tensors that show a part of another one, and follow it when it is written.

As in NumPy, a write through a view changes its base and all views of that base. They do not share
memory: a view *pulls* its value from the base, and a write *pushes* the new value into the base.
Both are recorded operations, so derivatives are right.

A tensor is in one of three states::

    own value ---- attach ----> view, refreshed <---- refresh: pull ---- view, stale
    (_value)                    (_value, _view)                          (_view; no _value)
                                      |                                        ^
                                      +------ mark_stale: base written --------+

In each state a tensor may be the base of other views, to which it has weak references (`_views`).
A write to ``x`` is a loop from ``x`` to the tensor that has its own value (`write`):

1. the other views of the tensor become stale, and so do their views;
2. the tensor gets its new value: in its own memory, or by `assign`;
3. if it is a view, the loop continues with its base, into which the view is put.

A stale view has the level `STALE` and no value: code that forgets to `refresh` it gets an
AttributeError, never an old number. Ops compare the level anyway, so this costs tensors that are
not views nothing.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import getweakrefcount, ref

from xgrad.backends import thresholds
from xgrad.backends.ownership import owns_value
from xgrad.backends.registry import BY_TYPE, common_backend
from xgrad.engine.levels import EAGER, FLOOR, STALE, enable_grad, no_grad
from xgrad.engine.node import Leaf, Node
from xgrad.errors import AutogradError

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ViewKind:
    """What one kind of view shows of its base.

    Attributes
    ----------
    name : str
        The name in error messages.
    pull : callable
        ``pull(base, argument)``: the value of the view.
    push : callable or None
        ``push(base, new, argument)``: the base with ``new`` in the part that the view shows, or
        None if the base was overwritten in place. None if the view cannot be written.
    strides : callable
        ``strides(base_strides, base_shape, argument, shape)``: the strides that NumPy's view
        would have.
    """

    name: str
    pull: Callable[[Any, Any], Any]
    push: Callable[[Any, Any, Any], Any] | None
    strides: Callable[[Any, Any, Any, Any], Any]


#: The record of a view: its base, its kind with an argument, and whether it is recorded.
#: A plain tuple, because every ``x[i]`` makes one.
View = tuple[Any, ViewKind, Any, bool]

_pruning = threading.Lock()


def attach(out: T, base: Any, kind: ViewKind, argument: Any) -> T:
    """Make a new tensor a view of ``base``; returns the tensor."""
    view: Any = out
    # A view made under no_grad never gets its base's gradients.
    view._view = (base, kind, argument, view._node is not None or base._node is None)
    _register(view, base)
    return out


def _register(view: Any, base: Any) -> None:
    """Add a weak reference to a view to its base."""
    try:
        views = base._views
    except AttributeError:
        base._views = [ref(view)]
        return
    views.append(ref(view))
    count = len(views)
    if count >= thresholds.MANY_VIEWS and not count & (count - 1):  # at powers of two
        _prune(views, count)


def _prune(views: list[Any], count: int) -> None:
    """Remove views that were deleted; another thread may append views meanwhile."""
    if _pruning.acquire(blocking=False):
        try:
            views[:count] = [r for r in views[:count] if r() is not None]
        finally:
            _pruning.release()


def as_array(x: T) -> T:
    """Mark a 0-d tensor as an array, which ``x += y`` writes in place; returns the tensor.

    Without the mark, 0-d tensors are numbers, as the results of NumPy's operations are.
    """
    tensor: Any = x
    if not tensor._value.shape:
        tensor._writable = True
    return x


def view_of(x: Any) -> View | None:
    """Return the record of a view, or None for a tensor that has its own value."""
    if x._level is not STALE and not getweakrefcount(x):  # no base refers to it: the usual case
        return None
    view: View | None = getattr(x, "_view", None)
    return view


def refresh(x: T) -> T:
    """Make a stale view pull its value; returns the tensor."""
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
        if isinstance(node, Node) and isinstance(out._node, Node):
            out._node.inherit(node)
        return
    if out._node is not None:
        raise AutogradError(
            "write: a view that is itself a leaf cannot follow a base that now needs "
            "gradients; take the view again"
        )
    x._value, x._level = out._value, out._level


def mark_stale(x: Any, excluded: Any = None) -> None:
    """Make all views of a tensor stale, except for one, and the views of those."""
    known = getattr(x, "_views", None)
    if not known:
        if known is None:
            x._views = []  # for the next write: looking for a missing attribute is slow
        return
    bases = [x]
    for base in bases:
        views, base._views = getattr(base, "_views", ()), []  # they register again when they pull
        for reference in views:
            view = reference()
            if view is not None and view is excluded:
                base._views.append(reference)
            elif view is not None and view._level is not STALE:
                view._level = STALE
                del view._value
                if type(view._node) is not Leaf and not getattr(view._node, "extra", None):
                    del view._node
                bases.append(view)


# -- writing -----------------------------------------------------------------------------------


def check_writable(function: str, x: Any) -> None:
    """Raise for a leaf that needs gradients, a view of one, and views that repeat elements."""
    what = "a leaf"
    while True:
        if x._level is STALE:
            refresh(x)
        if type(x._node) is Leaf and FLOOR.get() < 0:
            raise AutogradError(
                f"{function}: {what} that needs gradients cannot be changed in place while "
                "recording; make a new tensor (x = x + y), or write under no_grad()"
            )
        view = view_of(x)
        if view is None:
            return
        what = "a view of a leaf"
        x, kind, _, recorded = view
        if kind.push is None:
            raise ValueError(
                f"{function}: the result of {kind.name} repeats elements and cannot be "
                "written; make a copy first, as in x.copy()"
            )
        if not recorded and x._node is not None and x._level > FLOOR.get():
            raise AutogradError(
                f"{function}: a view that was made under no_grad() of a tensor that needs "
                "gradients cannot be changed while recording; take the view again"
            )


def assign(x: Any, out: Any) -> None:
    """Give a tensor the value, the level and the node of another one."""
    if out is x:
        return
    before, after = x._node, out._node
    if type(before) is Leaf:
        if after is not None or type(out._value) is type(x):
            raise AutogradError(
                "write: a value with derivatives cannot be written into a leaf under no_grad(); "
                "detach() it first"
            )
        x._value = out._value
    elif after is None and before is not None and x._level <= FLOOR.get():
        x._value = out._value  # under no_grad the graph does not change
    else:
        x._value, x._level, x._node = out._value, out._level, after
        if isinstance(before, Node) and before.extra and isinstance(after, Node):
            after.inherit(before)


def write(x: Any, new: Any, kind: ViewKind, argument: Any) -> None:
    """Put a value into the part of a tensor that a view shows, and the tensor into its bases."""
    while True:
        mark_stale(x, excluded=new)  # first, so that no view refers to the array
        out = kind.push(x, new, argument)  # type: ignore[misc]  # check_writable: not None
        if out is not None:
            assign(x, out)
        # `view_of`, inlined: loops that write rows spend their time here.
        view = getattr(x, "_view", None) if getweakrefcount(x) else None
        if view is None:
            break
        new, (x, kind, argument, _) = x, view
    if x._node is not None and x._views:
        mark_stale(x)  # what was written is now computed from the base, whose gradient has its part


def replace(x: Any, out: Any) -> None:
    """Give a tensor the value of another one, and put it into its bases."""
    mark_stale(x)
    assign(x, out)
    if (view := view_of(x)) is not None:
        base, kind, argument, _ = view
        write(base, x, kind, argument)


# Writes of optimizers and layers, which are not recorded. Existing graphs, detached tensors and
# state dicts keep the old value: an array is overwritten only if nothing else refers to it.


def store(x: Any, value: Any) -> None:
    """Give a tensor of level 0 a new array, which the caller owns."""
    if view_of(refresh(x)) is None:
        mark_stale(x)
        x._value = value
    else:
        with no_grad():
            check_writable("write", x)
            replace(x, type(x)(value, EAGER))


def own_value(x: Any) -> Any:
    """Return the array of a tensor for writing in place: a copy if something else refers to it."""
    mark_stale(refresh(x))  # first, so that no view refers to the array
    if not owns_value(x):
        backend = BY_TYPE.get(type(x._value)) or common_backend("write", (x._value,))
        if not backend.immutable:
            x._value = backend.xp.copy(x._value)
    return x._value
