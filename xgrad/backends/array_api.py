"""The standard's functions, looked up in a library; ``array_api.pyi`` lists them with types."""

from typing import Any

from xgrad.backends.halves import ACCUMULATING, in_single


class Standard:
    """The functions of one array library that follows the Array API standard."""

    #: What the library itself accumulates in single precision, for values of half precision.
    accumulates_wide: frozenset[str] = frozenset()

    def __init__(self, library: Any) -> None:
        self.library = library

    def __getattr__(self, name: str) -> Any:
        function = self._wide(name, getattr(self.library, name))
        setattr(self, name, function)
        return function

    def _wide(self, name: str, function: Any) -> Any:
        if name not in ACCUMULATING or name in self.accumulates_wide:
            return function
        return in_single(self, name, function)
