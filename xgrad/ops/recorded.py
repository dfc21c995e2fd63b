"""The namespace of recorded rules: xgrad itself.

A rule is written once against ``xp``. With a library's namespace it computes; with this one its
operations are recorded, so that they have derivatives, too. It has the ops declared with
``rules=True``.
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
    # Recorded rules compute on raw arrays, too; NumPy is the only library that warns.
    XG.quiet = host_backend().xp.quiet  # type: ignore[method-assign]


def _as_hook(op: Callable[..., Any]) -> Callable[..., Any]:
    """Return an op for rules, which may pass parameters without a default by position."""
    parameters = inspect.signature(op).parameters.values()
    required = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if not required:
        return op
    count = len(positional(op))

    def hook(*args: Any, **params: Any) -> Any:
        further = args[count:]
        named = dict(zip(required[: len(further)], further, strict=True))
        return op(*args[:count], **named, **params)

    return hook
