"""Watching operations as they run: what `detect_anomaly` and `profile` hang on to.

Operations on the eager tape take shortcuts that nothing can be hung on. While somebody
watches, these are closed (`FAST` finds no backend), so that every operation goes through
`xgrad.engine.dispatch.evaluate`; otherwise watching costs nothing.
"""

import functools
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from xgrad.backends.backend import Backend
from xgrad.backends.registry import BY_TYPE
from xgrad.engine.primitive import Params, Primitive

_PACKAGE = str(Path(__file__).parents[1])


class Watcher(Protocol):
    """What is told of every operation, in the middle of its computation."""

    def value(
        self, primitive: Primitive, args: tuple[Any, ...], params: Params, compute: Any
    ) -> Any:
        """Return ``compute()``, the value of an operation on raw arrays."""
        ...

    def rule(self, primitive: Primitive, node: Any, g: Any, compute: Any) -> Any:
        """Return ``compute()``, what a rule sends back to one argument (or to several)."""
        ...


#: What leads an operation and its rules to the device of its arrays: see `device_guard`.
LEADERS: list[Callable[[Iterable[Any], Callable[[], Any]], Any]] = []
#: Those who watch now, in all threads.
WATCHERS: list[Watcher] = []
_lock = threading.Lock()


class _Fast(dict[type, Backend | None]):
    """The backend of an array type, for shortcuts: none while somebody watches."""

    def __missing__(self, kind: type) -> Backend | None:
        backend = BY_TYPE.get(kind)
        if backend is None or WATCHERS:
            return None
        self[kind] = backend
        return backend


FAST = _Fast()
#: Other tables that shortcuts use; they are emptied when somebody starts to watch.
TABLES: list[dict[Any, Any]] = [FAST]


@contextmanager
def watch(watcher: Watcher) -> Iterator[None]:
    """Let someone watch during the body of a ``with``."""
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
    """Compute a value with everybody watching."""
    for watcher in WATCHERS:
        compute = functools.partial(watcher.value, primitive, args, params, compute)
    return compute()


def watched_rules(node: Any, rules: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the rules of a node so that everybody sees them work."""

    def watched(rule: Any) -> Any:
        def run(xp: Any, g: Any, *rest: Any) -> Any:
            compute = functools.partial(rule, xp, g, *rest)
            for watcher in WATCHERS:
                compute = functools.partial(watcher.rule, node.primitive, node, g, compute)
            return compute()

        return None if rule is None else run

    return tuple(watched(rule) for rule in rules)


def users_line() -> str:
    """Return where, outside xgrad, the innermost call that is running comes from."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}, in {frame.f_code.co_name}"
