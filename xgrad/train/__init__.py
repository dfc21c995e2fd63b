"""A short training loop, with callbacks and checkpoints.

Using it is optional: you can always write the loop yourself.
"""

from xgrad.calls import publish as _publish
from xgrad.train.callbacks import Callback, Checkpoint, EarlyStopping
from xgrad.train.history import History
from xgrad.train.loop import Run, evaluate, fit

__all__ = ["Callback", "Checkpoint", "EarlyStopping", "History", "Run", "evaluate", "fit"]

_publish(globals())


def __dir__() -> list[str]:
    return __all__
