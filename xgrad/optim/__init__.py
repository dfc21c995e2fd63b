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
from xgrad.optim.one_cycle import OneCycleLR
from xgrad.optim.optimizer import Optimizer
from xgrad.optim.plateau import ReduceLROnPlateau
from xgrad.optim.schedulers import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    PolynomialLR,
    SequentialLR,
    StepLR,
)
from xgrad.optim.sgd import SGD

# fmt: off
__all__ = [
    "EMA", "LBFGS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "ConstantLR",
    "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "ExponentialLR", "LRScheduler", "LambdaLR",
    "LinearLR", "Lion", "MultiStepLR", "NAdam", "OneCycleLR", "Optimizer", "PolynomialLR",
    "RMSprop", "ReduceLROnPlateau", "SequentialLR", "StepLR", "lr_scheduler",
]
# fmt: on


def __dir__() -> list[str]:
    return __all__
