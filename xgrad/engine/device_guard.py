"""Several devices: operations run on the device of their arrays.

Some libraries (CuPy) compute on their current device, wherever the arrays are. While one device
is used there is nothing to do; once a second one is used, every operation is watched, and runs
with the device of its first array as the current one.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from xgrad.backends.registry import find_backend
from xgrad.backends.runtime import ON_SECOND_DEVICE
from xgrad.engine import watching
from xgrad.engine.node import Node
from xgrad.engine.primitive import Params, Primitive
from xgrad.engine.tensor import lowest


def _on_device(values: Iterable[Any], compute: Any) -> Any:
    """Compute with the device of the first array as the current one."""
    with ExitStack() as stack:
        for x in values:
            raw = lowest(x)
            backend = None if raw is None or isinstance(raw, tuple) else find_backend(raw)
            if backend is not None and not backend.on_host:
                device = backend.xp.device(raw)
                stack.enter_context(backend.runtime.current_device(device))
                break
        return compute()


class _DeviceWatcher:
    """Computes values and cotangents on the device of their arrays; never removed."""

    def value(
        self, primitive: Primitive, args: tuple[Any, ...], params: Params, compute: Any
    ) -> Any:
        """Compute a value on the device of its arguments."""
        return _on_device(args, compute)

    def rule(self, primitive: Primitive, node: Node, g: Any, compute: Any) -> Any:
        """Compute a cotangent on the device of the incoming one."""
        return _on_device(g if isinstance(g, tuple | list) else (g,), compute)


_watch: list[AbstractContextManager[None]] = []


def _guard() -> None:
    if not _watch:
        watching.DEVICE_GUARDS.append(_on_device)
        _watch.append(watching.watch(_DeviceWatcher()))
        _watch[0].__enter__()  # never closed: the list refers to it


def prepare() -> None:
    """Guard operations as soon as a backend uses a second device."""
    ON_SECOND_DEVICE.append(_guard)
