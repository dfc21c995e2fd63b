"""Who else can see an array: the one rule by which memory is written.

An array is overwritten only where nothing else can see it; otherwise a write makes a new one
(copy on write). Nothing else can see it when

1. the container that holds it has the only reference to it: a slot of a tensor, an entry of a
   dictionary, an item of a list. A reference is counted through that container. An argument
   or a local variable would count too, and since Python 3.14 an argument may be borrowed;
2. and its backend says that the memory is the array's alone (the hook `Namespace.owns`): no view
   of it, no other library, no file. A backend that cannot tell says no.

Optimizers, writes under ``no_grad``, ``.grad``, cotangents and ``x[key] = v`` all ask here. Where
references cannot be counted (free-threaded Python), everything is written out of place.
"""

import sys
from collections.abc import Iterable
from typing import Any

from xgrad.backends.registry import BY_TYPE

_references: Any = getattr(sys, "getrefcount", None)

#: Whether counts of references are exact.
COUNTS = _references is not None and getattr(sys, "_is_gil_enabled", lambda: True)()


class _Holder:
    """Something with a slot, as a tensor has."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _calibrated() -> tuple[int, int, int]:
    """Return what counting gives for an object that only a slot, an entry, an item holds."""
    if not COUNTS:
        return 0, 0, 0
    slot, entries, items = _Holder(object()), {0: object()}, [object()]
    return _references(slot.value), _references(entries[0]), _references(items[0])


_SLOT, _ENTRY, _ITEM = _calibrated()


def is_sole_base(view: Any) -> bool:
    """Whether an array's attribute ``base`` is the only reference to the array that it views."""
    return bool(COUNTS and _references(view.base) == _SLOT)


def owns_value(x: Any, xp: Any = None) -> bool:
    """Whether the array in the slot ``value`` of a tensor is that tensor's alone.

    ``xp`` is the namespace of the array, if the caller knows it.
    """
    if not COUNTS or _references(x._value) != _SLOT:
        return False
    if xp is None:
        backend = BY_TYPE.get(type(x._value))
        if backend is None:
            return False
        xp = backend.xp
    return bool(xp.owns(x._value))


def owns_entry(entries: dict[Any, Any], key: Any) -> bool:
    """Whether an array in a dictionary is the dictionary's alone."""
    if not COUNTS or _references(entries[key]) != _ENTRY:
        return False
    backend = BY_TYPE.get(type(entries[key]))
    return backend is not None and backend.xp.owns(entries[key])


def owns_item(items: list[Any], i: int) -> bool:
    """Whether an array in a list is the list's alone."""
    if not COUNTS or _references(items[i]) != _ITEM:
        return False
    backend = BY_TYPE.get(type(items[i]))
    return backend is not None and backend.xp.owns(items[i])


def own_items(items: list[Any]) -> list[Any]:
    """Copy the arrays of a list that something else can see, and that could be changed there.

    The caller has no variable that refers to one of them. Returns the list.
    """
    for i in range(len(items)):
        backend = BY_TYPE.get(type(items[i]))
        if backend is not None and not backend.immutable and not owns_item(items, i):
            items[i] = backend.xp.copy(items[i])
    return items


def own_entry(entries: dict[Any, Any], key: Any) -> Any:
    """Return an array of a dictionary for writing: a copy if something else can see it."""
    own_entries(entries, (key,))
    return entries[key]


def own_entries(entries: dict[Any, Any], keys: Iterable[Any]) -> None:
    """Copy the arrays of a dictionary, at some keys, that something else can see."""
    for key in keys:
        backend = BY_TYPE.get(type(entries[key]))
        if backend is None or backend.immutable:
            continue
        if not COUNTS or _references(entries[key]) != _ENTRY or not backend.xp.owns(entries[key]):
            entries[key] = backend.xp.copy(entries[key])
