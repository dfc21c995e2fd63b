"""``ufunc.at``: writes into a Tensor, for repeated indices too."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.engine.tensor import Tensor, is_batched
from xgrad.errors import AutogradError
from xgrad.interop.numpy import ufuncs
from xgrad.interop.numpy.standins import dry_run, dtype_of, standin
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import add, subtract
from xgrad.ops.shape import broadcast_to, reshape
from xgrad.ops.views.take import index_add, take
from xgrad.ops.views.writing import setitem


def _plain_key(key: Any) -> Any:
    if isinstance(key, list):
        return np.asarray(key) if key else np.arange(0)
    return np.asarray(key) if type(key) is Tensor else key


def _positions(x: Tensor, indices: Any) -> np.ndarray[Any, Any]:
    """Return the positions in the flattened array that a key selects."""
    parts = indices if isinstance(indices, tuple) else (indices,)
    key = tuple(_plain_key(k) for k in parts)
    return np.asarray(np.arange(math.prod(x.shape)).reshape(x.shape)[key])


def _rounds(positions: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Divide positions into rounds in which none is repeated, the first occurrences first."""
    order = np.argsort(positions, kind="stable")
    ordered = positions[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]]
    numbers = np.arange(len(ordered))
    occurrence = np.empty(len(ordered), int)
    occurrence[order] = numbers - np.maximum.accumulate(np.where(first, numbers, 0))
    return [np.flatnonzero(occurrence == i) for i in range(int(occurrence.max()) + 1)]


def at(ufunc: Any, op: Callable[..., Any], x: Any, indices: Any, *others: Any) -> None:
    """``ufunc.at``: write ``x[i] = ufunc(x[i], y[i])`` for each index, also for repeated ones."""
    name = f"{ufuncs.name_of(ufunc)}.at"
    if type(x) is not Tensor:
        raise TypeError(
            f"{name}: the array to write into must be a Tensor, got {type(x).__name__}, which "
            "cannot hold a Tensor's derivative; create it by xgrad.asarray, xgrad.zeros or "
            "import xgrad.numpy as np"
        )
    small = [standin(as_tensor(y, like=x) if isinstance(y, list | tuple) else y) for y in others]
    small = [y if np.ndim(y) == 0 else np.ones(1, y.dtype) for y in small]
    dry_run(ufunc.at, np.ones(2, dtype_of(x)), [0], *small)
    adds = ufunc in (np.add, np.subtract) and dtype_of(x).kind != "b"
    positions: Any
    if is_batched(indices):
        if not adds:
            raise AutogradError(
                f"{name}: indices differ between the examples of vmap(), which only np.add.at and "
                "np.subtract.at take"
            )
        numbers = ufuncs.on_backend_of(np.arange(math.prod(x.shape)).reshape(x.shape), x)
        positions = take(numbers, indices, axis=0)
    else:
        positions = _positions(x, indices)
    spread = tuple(
        reshape(broadcast_to(as_tensor(y, like=x), positions.shape), (-1,)) for y in others
    )
    positions = reshape(positions, (-1,)) if type(positions) is Tensor else positions.reshape(-1)
    if not positions.size:
        return
    if adds:
        (y,) = (astype(y, x.dtype, copy=False) for y in spread)
        targets = ufuncs.on_backend_of(positions, x)
        total = index_add(y, targets, axis=0, size=math.prod(x.shape))
        change = reshape(total, x.shape)
        setitem(x, ..., add(x, change) if ufunc is np.add else subtract(x, change))
        return
    flat = reshape(x, (-1,))
    for chosen in _rounds(positions):
        targets = ufuncs.on_backend_of(positions[chosen], x)
        parts = [take(y, ufuncs.on_backend_of(chosen, x), axis=0) for y in spread]
        new = op(take(flat, targets, axis=0), *parts)
        setitem(flat, positions[chosen], astype(new, x.dtype, copy=False))
    setitem(x, ..., reshape(flat, x.shape))
