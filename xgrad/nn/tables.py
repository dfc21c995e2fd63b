"""A module's tensors by name, and what stands for them inside `functional_call`."""

from collections.abc import ItemsView, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from xgrad.engine.tensor import Tensor

#: What stands for tensors in the current context, by table and name: each thread sees its own.
_STAND_INS: ContextVar[dict[tuple[int, str], Tensor | None] | None] = ContextVar(
    "stand_ins", default=None
)


class Table(dict[str, Tensor | None]):
    """Parameters or buffers by name; reading finds what stands for them now."""

    __slots__ = ()

    def __getitem__(self, name: str) -> Tensor | None:
        x = dict.__getitem__(self, name)
        stand_ins = _STAND_INS.get()
        return x if stand_ins is None else stand_ins.get((id(self), name), x)

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
        """Return (name, tensor) pairs of the tensors themselves."""
        return dict.items(self)

    def assign(self, name: str, value: Tensor | None) -> None:
        """Replace a tensor, or what stands for it, which is forgotten with it."""
        stand_ins = _STAND_INS.get()
        if stand_ins is not None and (id(self), name) in stand_ins:
            stand_ins[id(self), name] = value
        else:
            self[name] = value

    def _now(self) -> dict[str, Tensor | None]:
        stand_ins = _STAND_INS.get()
        found = dict(dict.items(self))
        if stand_ins is None:
            return found
        return {name: stand_ins.get((id(self), name), x) for name, x in found.items()}


@contextmanager
def standing_in(replaced: dict[tuple[int, str], Tensor | None]) -> Iterator[None]:
    """Let tensors stand for others in this context, beside those that do already."""
    token = _STAND_INS.set({**(_STAND_INS.get() or {}), **replaced})
    try:
        yield
    finally:
        _STAND_INS.reset(token)
