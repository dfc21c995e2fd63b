"""A module's tensors by name, and their substitutes inside `functional_call`."""

from collections.abc import ItemsView, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from xgrad.engine.tensor import Tensor

#: Substitutes in the current context, by table and name: each thread has its own.
_SUBSTITUTES: ContextVar[dict[tuple[int, str], Tensor | None] | None] = ContextVar(
    "substitutes", default=None
)


class Table(dict[str, Tensor | None]):
    """Parameters or buffers by name; reading returns the current substitute, if any."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Tensor | None:
        x = dict.__getitem__(self, name)
        substitutes = _SUBSTITUTES.get()
        return x if substitutes is None else substitutes.get((id(self), name), x)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the tensor of a name."""
        return self[name] if name in self else default  # noqa: SIM401 - this is get

    def values(self) -> Any:
        """Return the tensors."""
        return self._now().values()

    def items(self) -> Any:
        """Return (name, tensor) pairs."""
        return self._now().items()

    def own(self) -> ItemsView[str, Tensor | None]:
        """Return (name, tensor) pairs without substitutes."""
        return dict.items(self)

    def assign(self, name: str, value: Tensor | None) -> None:
        """Replace a tensor, or its current substitute, which is discarded after the call."""
        substitutes = _SUBSTITUTES.get()
        if substitutes is not None and (id(self), name) in substitutes:
            substitutes[id(self), name] = value
        else:
            self[name] = value

    def _now(self) -> dict[str, Tensor | None]:
        substitutes = _SUBSTITUTES.get()
        tensors = dict(dict.items(self))
        if substitutes is None:
            return tensors
        return {name: substitutes.get((id(self), name), x) for name, x in tensors.items()}


@contextmanager
def substituted(replaced: dict[tuple[int, str], Tensor | None]) -> Iterator[None]:
    """Substitute tensors in this context, in addition to existing substitutes."""
    token = _SUBSTITUTES.set({**(_SUBSTITUTES.get() or {}), **replaced})
    try:
        yield
    finally:
        _SUBSTITUTES.reset(token)
