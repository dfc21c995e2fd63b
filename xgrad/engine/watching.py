"""Watching operations as they run, for `detect_anomaly` and `profile`.

Operations on the eager tape take shortcuts. While a watcher is active these are off (`FAST` finds
no backend), so that every operation goes through `xgrad.engine.dispatch.evaluate`.
"""

import functools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from xgrad.backends.backend import Backend
from xgrad.backends.namespace import Namespace
from xgrad.backends.registry import BY_TYPE
from xgrad.engine.node import Node
from xgrad.engine.primitive import Params, Primitive

_PACKAGE = str(Path(__file__).parents[1])


class Watcher(Protocol):
    """Called around the computation of every operation."""

    def value(
        self, primitive: Primitive, args: tuple[Any, ...], params: Params, compute: Any
    ) -> Any:
        """Return ``compute()``, the value of an operation on raw arrays."""

    def rule(self, primitive: Primitive, node: Node, g: Any, compute: Any) -> Any:
        """Return ``compute()``, the cotangent of one argument (or of several) by a rule."""


#: Runs an operation and its rules on the device of its arrays (`xgrad.engine.device_guard`).
DEVICE_GUARDS: list[Callable[[Iterable[Any], Callable[[], Any]], Any]] = []
#: The active watchers, for all threads.
WATCHERS: list[Watcher] = []
_lock = threading.Lock()


class _Fast(dict[type, Backend | None]):
    """The backend of an array type, for shortcuts: None while a watcher is active."""

    def __missing__(self, kind: type) -> Backend | None:
        backend = BY_TYPE.get(kind)
        if backend is None or WATCHERS:
            return None
        self[kind] = backend
        return backend


FAST = _Fast()
#: All tables that shortcuts use; they are cleared when a watcher starts.
TABLES: list[dict[Any, Any]] = [FAST]


@contextmanager
def watch(watcher: Watcher) -> Iterator[None]:
    """Activate a watcher for the body of a ``with``."""
    with _lock:
        WATCHERS.append(watcher)
        for table in TABLES:
            table.clear()
    try:
        yield
    finally:
        with _lock:
            WATCHERS.remove(watcher)


def watched_value(
    primitive: Primitive, args: tuple[Any, ...], params: Params, compute: Callable[[], Any]
) -> Any:
    """Compute a value, through all watchers."""
    for watcher in WATCHERS:
        compute = functools.partial(watcher.value, primitive, args, params, compute)
    return compute()


def watched_rules(node: Any, rules: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the rules of a node, run through all watchers."""

    def watched(rule: Any) -> Any:
        def run(xp: Namespace, g: Any, *rest: Any) -> Any:
            compute = functools.partial(rule, xp, g, *rest)
            for watcher in WATCHERS:
                compute = functools.partial(watcher.rule, node.primitive, node, g, compute)
            return compute()

        return None if rule is None else run

    return tuple(watched(rule) for rule in rules)


def users_line() -> str:
    """Return the innermost line of code outside xgrad that is running."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}, in {frame.f_code.co_name}"
