"""Gradients on the eager tape, under PyTorch's names.

``tensor.backward()`` accumulates into ``.grad`` of leaves; `grad` returns gradients with
respect to any tensors of a graph. `Function` is an operation with a custom backward.
"""

from xgrad.engine.levels import enable_grad, is_grad_enabled, no_grad
from xgrad.ops.gradients import backward, grad
from xgrad.transforms.function import Function

__all__ = ["Function", "backward", "enable_grad", "grad", "is_grad_enabled", "no_grad"]


def __dir__() -> list[str]:
    return __all__
