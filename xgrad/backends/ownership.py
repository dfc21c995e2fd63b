"""Ownership of arrays: the single rule for writing to memory.

An array is overwritten only if nothing else can see it; otherwise a write creates a new array
(copy on write). Nothing else can see it if

1. the container that holds it has the only reference to it: a slot of a tensor, an entry of a
   dictionary, an item of a list. A reference is counted through that container. An argument
   or a local variable would count too, and since Python 3.14 an argument may be borrowed;
2. and its backend reports that the array owns its memory (the hook `Namespace.owns`): there is no
   view, no other library and no file. A backend that does not know reports False.

Optimizers, writes under ``no_grad``, ``.grad``, cotangents and ``x[key] = v`` all check this. If
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
    """An object with a slot, like a tensor."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _calibrated() -> tuple[int, int, int]:
    """Return the reference counts of objects held only by a slot, a dict entry, a list item."""
    if not COUNTS:
        return 0, 0, 0
    slot, entries, items = _Holder(object()), {0: object()}, [object()]
    return _references(slot.value), _references(entries[0]), _references(items[0])


_SLOT, _ENTRY, _ITEM = _calibrated()


def is_sole_base(view: Any) -> bool:
    """Whether ``view.base`` is the only reference to the array that it views."""
    return bool(COUNTS and _references(view.base) == _SLOT)


def owns_value(x: Any, xp: Any = None) -> bool:
    """Whether only a tensor can see the array in its slot ``_value``.

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
    """Whether only a dictionary can see one of its arrays."""
    if not COUNTS or _references(entries[key]) != _ENTRY:
        return False
    backend = BY_TYPE.get(type(entries[key]))
    return backend is not None and backend.xp.owns(entries[key])


def owns_item(items: list[Any], i: int) -> bool:
    """Whether only a list can see one of its arrays."""
    if not COUNTS or _references(items[i]) != _ITEM:
        return False
    backend = BY_TYPE.get(type(items[i]))
    return backend is not None and backend.xp.owns(items[i])


def own_items(items: list[Any]) -> list[Any]:
    """Copy the mutable arrays of a list that something else can see, and return the list.

    The caller must not have variables that refer to the arrays.
    """
    for i in range(len(items)):
        backend = BY_TYPE.get(type(items[i]))
        if backend is not None and not backend.immutable and not owns_item(items, i):
            items[i] = backend.xp.copy(items[i])
    return items


def own_entry(entries: dict[Any, Any], key: Any) -> Any:
    """Return an array of a dictionary for writing; a copy if something else can see it."""
    own_entries(entries, (key,))
    return entries[key]


def own_entries(entries: dict[Any, Any], keys: Iterable[Any]) -> None:
    """Copy those arrays of a dictionary, at the given keys, that something else can see."""
    for key in keys:
        backend = BY_TYPE.get(type(entries[key]))
        if backend is None or backend.immutable:
            continue
        if not COUNTS or _references(entries[key]) != _ENTRY or not backend.xp.owns(entries[key]):
            entries[key] = backend.xp.copy(entries[key])
