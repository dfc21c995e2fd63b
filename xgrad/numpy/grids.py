"""``np.r_``, ``np.c_``, ``np.mgrid`` and ``np.ogrid``."""

import re
from typing import Any

import numpy as np

from xgrad.engine.tensor import Tensor
from xgrad.numpy.calls import constant, first_tensor, holds_tensor, joined
from xgrad.numpy.modules import converted
from xgrad.ops import creation
from xgrad.ops.shape import concat, reshape


class Joiner:
    """NumPy's ``r_`` or ``c_``, also of Tensors: joins arrays, numbers and ranges by indexing."""

    def __init__(self, plain: Any, axis: int, least: int, first: int) -> None:
        self._plain, self._axis, self._least, self._first = plain, axis, least, first
        self.__doc__ = plain.__doc__

    def __getitem__(self, key: Any) -> Any:
        items = key if isinstance(key, tuple) else (key,)
        slices = [part for k in items if isinstance(k, slice) for part in (k.start, k.stop, k.step)]
        if not holds_tensor([*items, *slices]):
            return constant(self._plain[key], items)
        axis, least, first = self._axis, self._least, self._first
        if isinstance(items[0], str):
            if not re.fullmatch(r"-?\d+(,-?\d+){0,2}", items[0].replace(" ", "")):
                raise ValueError(
                    f"np.r_: expected up to three integers as in '0,2,0', got {items[0]!r}; with "
                    "Tensors, matrices ('r', 'c') are not supported"
                )
            given = [int(n) for n in items[0].split(",")]
            axis, least, first = (*given, *(axis, least, first)[len(given) :])
            items = items[1:]
        like = first_tensor([*items, *slices])
        parts, kinds = [], []
        for item in items:
            number = isinstance(item, int | float | complex) and not isinstance(item, np.generic)
            part = _range(item) if isinstance(item, slice) else joined(item)
            if type(part) is not Tensor:
                part = creation.as_tensor(part, like=like)
            kinds.append(item if number else part.dtype)
            parts.append(_with_axes(part, least, first))
        return creation.astype(concat(parts, axis=axis), np.result_type(*kinds), copy=False)

    def __len__(self) -> int:
        return 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)


def _range(key: slice) -> Any:
    """Return the numbers of a slice: ``start:stop:step``, or ``start:stop:5j`` for five."""
    start, step = 0 if key.start is None else key.start, 1 if key.step is None else key.step
    if isinstance(step, complex):
        return _linspace(start, key.stop, int(abs(step)))
    return _arange(start, key.stop, step)


def _with_axes(x: Tensor, least: int, first: int) -> Tensor:
    """Add axes up to a number; the array's own begin at axis ``first`` of the result."""
    new = least - x.ndim
    if new <= 0:
        return x
    before = first if first >= 0 else new + 1 + first
    before = min(max(before, 0), new)
    return reshape(x, (*(1,) * before, *x.shape, *(1,) * (new - before)))


class Grid:
    """NumPy's ``mgrid`` or ``ogrid``."""

    def __init__(self, plain: Any) -> None:
        self._plain = plain
        self.__doc__ = plain.__doc__

    def __getitem__(self, key: Any) -> Any:
        for part in key if isinstance(key, tuple) else (key,):
            if isinstance(part, slice) and holds_tensor([part.start, part.stop, part.step]):
                raise TypeError(
                    "np.mgrid: the bounds must be numbers, got a Tensor; use "
                    "np.meshgrid(np.linspace(...), ..., indexing='ij')"
                )
        return constant(self._plain[key])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)


_arange, _linspace = (converted(f, "xgrad.numpy") for f in (np.arange, np.linspace))
r_ = Joiner(np.r_, 0, 1, -1)
c_ = Joiner(np.c_, -1, 2, 0)
mgrid = Grid(np.mgrid)
ogrid = Grid(np.ogrid)

__all__ = ["c_", "mgrid", "ogrid", "r_"]
