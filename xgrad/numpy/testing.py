"""``numpy.testing``: its assertions compare the values of Tensors."""

from typing import Any

import numpy as np
import numpy.testing as numpys

from xgrad.engine.tensor import Tensor, is_batched, lowest
from xgrad.errors import AutogradError
from xgrad.numpy.calls import wrapped


def _values(function: str, x: Any) -> Any:
    """Return the values of Tensors as arrays, also in containers: an assertion returns nothing."""
    if type(x) is Tensor:
        if is_batched(x):
            raise AutogradError(
                f"np.testing.{function}: inside vmap() there is no array of a single example; "
                "check the result of vmap"
            )
        return np.asarray(x.backend.to_numpy(lowest(x)))
    if isinstance(x, dict):
        return {key: _values(function, part) for key, part in x.items()}
    return type(x)(_values(function, part) for part in x) if type(x) in (list, tuple) else x


def _asserting(function: Any) -> Any:
    name = function.__name__

    def call(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        return function(*_values(name, args), **_values(name, keywords))

    return call


def _converted(name: str) -> Any:
    x = getattr(numpys, name)
    compares = name.startswith(("assert_", "print_assert")) and not isinstance(x, type)
    takes_functions = name.startswith(("assert_raises", "assert_warns", "assert_no_"))
    return wrapped(x, _asserting(x), __name__) if compares and not takes_functions else x


globals().update({name: _converted(name) for name in numpys.__all__})

__all__ = [*numpys.__all__]  # noqa: PLE0604 - strings


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    return getattr(numpys, name)
