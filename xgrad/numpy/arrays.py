"""``np.ndarray`` and ``np.ndenumerate``, for Tensors too."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from xgrad.engine.tensor import Tensor
from xgrad.numpy.calls import constant

_KINDS = (np.ndarray, Tensor)


class _Kind(type):
    """``isinstance(x, np.ndarray)`` is true for arrays of NumPy and for Tensors."""

    def __instancecheck__(cls, x: Any) -> bool:
        return isinstance(x, _KINDS) if cls is ndarray else super().__instancecheck__(x)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, _KINDS) if cls is ndarray else super().__subclasscheck__(kind)

    def __eq__(cls, kind: object) -> bool:
        """Return whether ``type(x) == np.ndarray``."""
        return any(kind is k for k in (cls, *_KINDS)) if cls is ndarray else cls is kind

    def __hash__(cls) -> int:
        return hash(np.ndarray) if cls is ndarray else type.__hash__(cls)


class ndarray(np.ndarray, metaclass=_Kind):  # noqa: N801 - NumPy's name
    """NumPy's class of arrays: Tensors are instances of it as well.

    Examples
    --------
    >>> import xgrad as xg
    >>> import xgrad.numpy as np
    >>> isinstance(xg.tensor(1.0), np.ndarray), isinstance(np.ones(2), np.ndarray)
    (True, True)
    """

    def __new__(cls, *args: Any, **keywords: Any) -> Any:
        """Return an array of NumPy itself."""
        if cls is ndarray:
            return constant(np.ndarray(*args, **keywords))
        return super().__new__(cls, *args, **keywords)


class ndenumerate(np.ndenumerate):  # noqa: N801 - NumPy's name
    """NumPy's class: pairs of an index and an element, also of a Tensor."""

    def __init__(self, arr: Any) -> None:
        self._tensor: Iterator[Any] | None = None
        if type(arr) is Tensor:
            self._tensor = ((i, arr[i]) for i in np.ndindex(*arr.shape))
        else:
            super().__init__(arr)

    def __next__(self) -> Any:
        """Return the next index and element."""
        return super().__next__() if self._tensor is None else next(self._tensor)


__all__ = ["ndarray", "ndenumerate"]
