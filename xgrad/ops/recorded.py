"""The namespace that rules run over when they are recorded: xgrad itself.

A rule is written once against ``xp``. Handed a raw namespace it computes; handed this
one, its operations are recorded, and so have derivatives in turn. An op that says
``rules=True`` is part of it.
"""

import inspect

from xgrad.backends.registry import host_backend
from xgrad.engine.declare import DECLARATIONS, by_position
from xgrad.engine.dispatch import XG


def fill_recorded_namespace() -> None:
    """Fill `XG` with the ops that rules use; parameters without a default may be positional."""
    for entry in DECLARATIONS:
        for name in entry.names("rules"):
            op = entry.function
            parameters = inspect.signature(op).parameters.values()
            given = [
                p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty
            ]
            setattr(XG, name, by_position(op, given) if given else op)
    # Recorded rules end on raw arrays too; only NumPy warns of what they meet on the way.
    XG.quiet = host_backend().xp.quiet
