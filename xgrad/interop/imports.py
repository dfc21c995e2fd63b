"""Call a function when another library is imported, whichever of the two comes first.

xgrad neither imports the libraries that use its tensors, nor requires an order of imports.
"""

import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from importlib.abc import Loader  # not at run time: its import is slow

Action = Callable[[ModuleType], None]
_WAITING: dict[str, Action] = {}


class _Calling:
    """The loader of a module, which calls a function after it."""

    def __init__(self, loader: Any, action: Action) -> None:
        self._loader, self._action = loader, action

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._action(module)


class _Finder:
    """Finds the modules that are waited for, each once."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        action = _WAITING.pop(fullname, None)
        if action is None:
            return None
        spec = importlib.util.find_spec(fullname)  # by the other finders
        if spec is None or spec.loader is None:
            _WAITING[fullname] = action
            return None
        spec.loader = cast("Loader", _Calling(spec.loader, action))
        return spec


def when_imported(module: str, action: Action) -> None:
    """Call ``action(module)`` now if a module is imported, or else when it is."""
    if (imported := sys.modules.get(module)) is not None:
        action(imported)
        return
    if not _WAITING:
        sys.meta_path.insert(0, _Finder())
    _WAITING[module] = action
