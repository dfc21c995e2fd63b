"""A training loop, small enough to read in one sitting, and what it needs.

A plain loop stays first-class: nothing here is needed for one.
"""

from xgrad.train.callbacks import Callback, Checkpoint, EarlyStopping
from xgrad.train.history import History
from xgrad.train.loop import Run, evaluate, fit

__all__ = ["Callback", "Checkpoint", "EarlyStopping", "History", "Run", "evaluate", "fit"]


def __dir__() -> list[str]:
    return __all__
