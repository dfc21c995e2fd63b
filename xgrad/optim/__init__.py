"""Optimizers under PyTorch's names. They write parameters in place."""

from xgrad.optim.adam import Adam, AdamW
from xgrad.optim.optimizer import Optimizer
from xgrad.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
