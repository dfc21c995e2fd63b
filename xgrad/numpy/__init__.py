"""NumPy's functions for arrays and Tensors, under NumPy's names: ``import xgrad.numpy as np``.

It has all public names of NumPy, and every function takes NumPy's arguments.

- With a Tensor among the arguments, also in lists, a function is differentiable, and returns a
  Tensor: ``np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])``.
- While a transform runs, new arrays are Tensors, so that programs may write into them:
  ``a = np.zeros(3)``, ``a[0] = t``, ``a += t``.
- Everything else is NumPy itself: plain arrays, types, constants, ``np.random``.

Examples
--------
>>> import xgrad as xg
>>> import xgrad.numpy as np
>>> def area(angles):
...     corners = np.zeros((len(angles), 2))
...     for i, t in enumerate(angles):
...         corners[i] = np.array([np.cos(t), np.sin(t)])
...     x, y = corners.T
...     return 0.5 * np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))
>>> area(np.array([0.0, 2.0, 4.0])).round(3), xg.grad(area)(np.array([0.0, 2.0, 4.0])).round(3)
(np.float64(1.288), array([-0.119,  0.   ,  0.119]))
"""

import importlib
import sys
from typing import Any

import numpy as np

from xgrad.numpy import arrays as _arrays
from xgrad.numpy import grids as _grids
from xgrad.numpy import modules as _modules
from xgrad.numpy import vectorized as _vectorized

_OWN = {
    name: getattr(module, name)
    for module in (_arrays, _grids, _vectorized)
    for name in module.__all__
}
#: Submodules with functions that are differentiable, or compare Tensors.
_CONVERTED = ("emath", "fft", "linalg", "random", "testing")
#: Submodules that are NumPy's own, and are imported as quickly (`ma` and `polynomial` are files).
_PASSED = ("char", "ctypeslib", "dtypes", "exceptions", "lib", "rec", "strings", "typing")

globals().update(_modules.converted_names(np, __name__, _OWN))
sys.modules.update({f"{__name__}.{name}": getattr(np, name) for name in _PASSED})

__version__ = np.__version__
__all__ = [*np.__all__]  # noqa: PLE0604 - strings


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    if name in _CONVERTED:
        return importlib.import_module(f"{__name__}.{name}")
    return getattr(np, name)
