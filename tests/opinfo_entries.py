"""How to call an entry of PyTorch's OpInfo table in xgrad.

An adapter has PyTorch's signature without the options that xgrad lacks: a sample with one of
these options does not fit the signature and is skipped.
"""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import xgrad as xg


class Untranslated(Exception):
    """A sample needs a feature that xgrad does not have."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One entry of the table.

    Attributes
    ----------
    name : str
        PyTorch's name, with the variant's name after a dot: ``"round.decimals_3"``. An entry without
        a variant covers all variants without an entry.
    functions : tuple of str
        xgrad's functions behind it: an error names one of them.
    call : callable
        The adapter.
    process : callable or None
        Maps the outputs of both libraries to the compared values (for an eigenvector, only the
        part that does not depend on its phase).
    """

    name: str
    functions: tuple[str, ...]
    call: Callable[..., Any]
    process: Callable[..., Any] | None = None

    def fits(self, args: Any, keywords: Any) -> bool:
        """Whether xgrad supports the options of a sample."""
        try:
            inspect.signature(self.call).bind(*args, **keywords)
        except TypeError:
            return False
        return True


ENTRIES: dict[str, Entry] = {}


def add(name: str, call: Callable[..., Any], *functions: str, process: Any = None) -> None:
    """Add an adapter to the table under each of the names."""
    for each in name.split():
        assert each not in ENTRIES, f"{each} is in the table twice"
        short = each.partition(".")[2] if each.startswith(PREFIXES) else each
        ENTRIES[each] = Entry(each, functions or (short.partition(".")[0],), call, process)


PREFIXES = ("linalg.", "fft.", "special.", "nn.functional.", "masked.")
PREFIXES = ("linalg.", "fft.", "special.")


def entry(name: str, *functions: str, process: Any = None) -> Callable[..., Any]:
    """Add the decorated adapter to the table."""

    def put(call: Callable[..., Any]) -> Callable[..., Any]:
        add(name, call, *functions, process=process)
        return call

    return put


def same(names: str, arity: int, module: Any = xg, prefix: str = "") -> None:
    """Add functions that take only arrays, with PyTorch's names and arguments."""
    renamed({name: name for name in names.split()}, arity, module, prefix)


def renamed(names: dict[str, str], arity: int, module: Any = xg, prefix: str = "") -> None:
    """Add functions that take only arrays, with other names: ``{PyTorch's: xgrad's}``."""
    for theirs, ours in names.items():
        function = getattr(module, ours)
        if arity == 1:
            add(prefix + theirs, lambda x, f=function: f(x), ours)
        else:
            add(prefix + theirs, lambda x, other, f=function: f(x, other), ours)
