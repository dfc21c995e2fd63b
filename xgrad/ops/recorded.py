"""The namespace that rules run over when they are recorded: xgrad itself.

A rule is written once against ``xp``. Handed a raw namespace it computes; handed this
one, its operations are recorded, and so have derivatives in turn. An op that says
``rules=True`` is part of it.
"""

import inspect
from collections.abc import Callable
from typing import Any

from xgrad.backends.registry import host_backend
from xgrad.engine.declare import DECLARATIONS, positional
from xgrad.engine.dispatch import XG


def fill_recorded_namespace() -> None:
    """Fill `XG` with the ops that rules use."""
    for entry in DECLARATIONS:
        for name in entry.names("rules"):
            setattr(XG, name, _as_hook(entry.function))
    # Recorded rules end on raw arrays too; only NumPy warns of what they meet on the way.
    XG.quiet = host_backend().xp.quiet  # type: ignore[method-assign]


def _as_hook(op: Callable[..., Any]) -> Callable[..., Any]:
    """Return an op as rules call it: parameters without a default by position, too."""
    parameters = inspect.signature(op).parameters.values()
    given = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if not given:
        return op
    count = len(positional(op))

    def hook(*args: Any, **params: Any) -> Any:
        further = args[count:]
        return op(*args[:count], **dict(zip(given[: len(further)], further, strict=True)), **params)

    return hook
