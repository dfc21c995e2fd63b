"""Optimizers and schedules of the learning rate, under PyTorch's names.

Optimizers give parameters new values; existing graphs keep the old ones.

See Also
--------
xgrad.optimize : SciPy's optimizers, for problems solved to convergence.
xgrad.nn.utils : Gradient clipping.
"""

from xgrad.optim import lr_scheduler
from xgrad.optim.adam import Adam, AdamW
from xgrad.optim.adaptive import Adadelta, Adagrad, Lion, NAdam, RMSprop
from xgrad.optim.ema import EMA
from xgrad.optim.lbfgs import LBFGS
from xgrad.optim.lr_scheduler import *
from xgrad.optim.optimizer import Optimizer
from xgrad.optim.sgd import SGD

# fmt: off
__all__ = [
    "EMA", "LBFGS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Lion", "NAdam", "Optimizer",
    "RMSprop", "lr_scheduler",
]
# fmt: on
__all__ += lr_scheduler.__all__


def __dir__() -> list[str]:
    return __all__
