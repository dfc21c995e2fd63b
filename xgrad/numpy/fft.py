"""``numpy.fft``, of arrays and Tensors."""

from typing import Any

import numpy as np

from xgrad.numpy.modules import converted_names

globals().update(converted_names(np.fft, __name__))

__all__ = [*np.fft.__all__]  # noqa: PLE0604 - strings


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    return getattr(np.fft, name)
