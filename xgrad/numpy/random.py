"""``numpy.random``: random constants; arrays are Tensors while a transform runs.

Parameters of distributions are numbers and arrays: a derivative by them is that of standard
random numbers, scaled and shifted (``mean + deviation * np.random.standard_normal(3)``).

See Also
--------
xgrad.random : Generators for every backend and device.
"""

from typing import Any

import numpy as np

from xgrad.errors import AutogradError
from xgrad.numpy.calls import constant, first_tensor, wrapped


def _of_constants(function: Any) -> Any:
    """Return what a function calls with Tensors, which must not need gradients."""

    def call(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        tensor = first_tensor([*args, *keywords.values()])
        if tensor.requires_grad:
            raise AutogradError(
                f"np.random.{function.__name__}: a parameter needs gradients, which random numbers "
                "do not have; draw standard ones, then scale and shift them, as in "
                "mean + deviation * np.random.standard_normal(3), or call detach()"
            )
        return constant(function(*args, **keywords))

    return call


def _converted(name: str) -> Any:
    x = getattr(np.random, name)
    unchanged = isinstance(x, type) or name == "default_rng"
    return x if unchanged else wrapped(x, _of_constants(x), __name__)


globals().update({name: _converted(name) for name in np.random.__all__})

__all__ = [*np.random.__all__]  # noqa: PLE0604 - strings


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    return getattr(np.random, name)
