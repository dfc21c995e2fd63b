"""NumPy's ufuncs: ``np.add``, ``np.add.reduce``."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from xgrad.engine.tensor import Tensor
from xgrad.numpy.calls import (
    APART,
    NOTE,
    SEARCHED,
    constant,
    holds_tensor,
    joined,
    running,
    wrapped,
)

#: Methods, with the positions of arguments that are arrays: an index of `at` and `out` are tuples.
_METHODS = {"accumulate": (0,), "at": (2,), "outer": (0, 1), "reduce": (0,), "reduceat": (0, 1)}


def _with_arrays(call: Callable[..., Any], positions: Sequence[int]) -> Callable[..., Any]:
    """Return what calls a ufunc or a method of it: NumPy dispatches on Tensors, not on lists."""

    def with_tensors(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        args = tuple(joined(x) if i in positions else x for i, x in enumerate(args))
        keywords = {k: x if k in APART else joined(x) for k, x in keywords.items()}
        return call(*args, **keywords)

    return with_tensors


class Ufunc:
    """A ufunc of NumPy, also of lists with Tensors; ``isinstance(x, np.ufunc)`` is true."""

    def __init__(self, ufunc: Any, module: str = "xgrad.numpy") -> None:
        self._ufunc = ufunc
        self._with_tensors = _with_arrays(ufunc, range(ufunc.nin))
        self.__name__ = self.__qualname__ = ufunc.__name__
        self.__module__ = module
        self.__doc__ = (ufunc.__doc__ or "") + NOTE
        self.__wrapped__ = ufunc

    @property
    def __class__(self) -> Any:
        return np.ufunc

    @__class__.setter
    def __class__(self, kind: Any) -> None:
        raise TypeError("the class of a ufunc cannot be changed")

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Apply it to each element."""
        for x in args:
            if SEARCHED[type(x)] and (type(x) is Tensor or holds_tensor(x)):
                return self._with_tensors(args, keywords)
        if keywords:
            if any(map(holds_tensor, keywords.values())):
                return self._with_tensors(args, keywords)
            out = self._ufunc(*args, **keywords)
        else:
            out = self._ufunc(*args)
        return constant(out, (*args, *keywords.values())) if running() else out

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._ufunc, name)
        if name in _METHODS:
            value = wrapped(value, _with_arrays(value, _METHODS[name]))
            self.__dict__[name] = value  # the next look-up finds it
        return value

    def __repr__(self) -> str:
        return repr(self._ufunc)

    def __reduce__(self) -> str:
        return str(self.__name__)
