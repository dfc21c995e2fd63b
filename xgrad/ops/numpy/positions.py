"""Positions of elements, and conversions of them; the results are constants."""

import math
from typing import Any

from xgrad.backends.host import positions
from xgrad.engine.declare import function
from xgrad.engine.dispatch import backend_below
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops import sorting
from xgrad.ops.creation import as_tensor
from xgrad.ops.elementwise import add, multiply
from xgrad.ops.numpy.conversion import whole
from xgrad.ops.rounding import floor_divide, remainder
from xgrad.ops.selection import clip
from xgrad.ops.shape import permute_dims, reshape, stack
from xgrad.typing import ArrayLike

__all__ = [
    "argwhere", "flatnonzero", "ravel_multi_index", "unravel_index",
]  # fmt: skip


def _outside(indices: Tensor, low: int, size: int) -> bool:
    """Whether an index is below ``low`` or above the last one; False if that is not known."""
    raw, backend = lowest(indices), backend_below(indices)
    if backend.abstract or backend.lazy or math.prod(raw.shape) == 0:
        return False
    xp = backend.xp
    return bool(xp.any(xp.less(raw, low))) or not bool(xp.all(xp.less(raw, size)))


def checked_positions(
    name: str,
    indices: Tensor,
    size: int,
    mode: str,
    error: type[Exception] = IndexError,
    low: Any = None,
) -> Tensor:
    """Return indices of an axis by NumPy's ``mode``: those outside raise, wrap, or are clipped."""
    if mode == "wrap":
        return remainder(indices, size)
    if mode == "clip":
        return clip(indices, 0, size - 1)
    if mode != "raise":
        raise ValueError(f"{called(name)}: mode must be 'raise', 'wrap' or 'clip', got {mode!r}")
    if _outside(indices, -size if low is None else low, size):
        raise error(f"{called(name)}: an index is out of bounds for length {size}")
    return indices


@function(numpy="nonzero", method="nonzero")
def _nonzero(a: ArrayLike) -> tuple[Tensor, ...]:
    """Positions of the elements that are not 0: one integer array for each axis."""
    return sorting.nonzero(as_tensor(a))


@function(numpy="argwhere")
def argwhere(a: ArrayLike) -> Tensor:
    """Positions of the elements that are not 0, as the rows of an integer matrix.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.argwhere(xg.asarray([0.0, 3.0, 5.0]))
    Tensor([[1],
            [2]])
    """
    x = as_tensor(a)
    if not x.ndim:
        return argwhere(reshape(x, (1,)))[:, :0]
    return permute_dims(stack(sorting.nonzero(x)), (1, 0))


@function(numpy="flatnonzero")
def flatnonzero(a: ArrayLike) -> Tensor:
    """Positions of the elements that are not 0 in the flattened array.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.flatnonzero(xg.asarray([[0.0, 3.0], [5.0, 0.0]]))
    Tensor([1, 2])
    """
    return sorting.nonzero(reshape(as_tensor(a), (-1,)))[0]


def _weights(name: str, lengths: tuple[int, ...], order: str) -> list[int]:
    """Return how many elements a step along each axis of an array skips."""
    if order not in ("C", "F"):
        raise ValueError(f"{called(name)}: order must be 'C' or 'F', got {order!r}")
    axes = range(len(lengths))
    return [math.prod(lengths[i + 1 :] if order == "C" else lengths[:i]) for i in axes]


def _lengths(shape: Any) -> tuple[int, ...]:
    return (int(shape),) if isinstance(shape, int) else tuple(int(n) for n in shape)


def _integers(name: str, x: Any, *, alone: bool) -> Tensor:
    """Return integers as a Tensor; lists, if all are ``alone``, go to the default backend."""
    listed = alone and not hasattr(x, "dtype") and positions(x).size
    return whole(name, as_tensor(positions(x).tolist()) if listed else x)


@function(numpy="ravel_multi_index")
def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: str = "C") -> Tensor:
    """Return positions in the flattened array for one index per axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.ravel_multi_index(([0, 1], [1, 2]), (2, 3))
    Tensor([1, 5])
    """
    name = "ravel_multi_index"
    lengths = _lengths(dims)
    modes = (mode,) * len(lengths) if isinstance(mode, str) else tuple(mode)
    indices = list(multi_index)
    if len(indices) != len(lengths) or len(modes) != len(lengths):
        raise ValueError(
            f"{called(name)}: {len(indices)} arrays of indices and {len(modes)} modes for "
            f"{len(lengths)} axes"
        )
    out: Any = 0
    weights = _weights(name, lengths, order)
    alone = not any(hasattr(part, "dtype") for part in indices)
    for part, n, how, weight in zip(indices, lengths, modes, weights, strict=True):
        at = checked_positions(name, _integers(name, part, alone=alone), n, how, ValueError, 0)
        out = add(out, multiply(at, weight))
    return as_tensor(out)


@function(numpy="unravel_index")
def unravel_index(indices: Any, shape: Any, order: str = "C") -> tuple[Tensor, ...]:
    """Return one index per axis for positions in the flattened array.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unravel_index([1, 5], (2, 3))
    (Tensor([0, 1]), Tensor([1, 2]))
    """
    name = "unravel_index"
    lengths = _lengths(shape)
    at = _integers(name, indices, alone=True)
    at = checked_positions(name, at, math.prod(lengths), "raise", ValueError, 0)
    weights = _weights(name, lengths, order)
    return tuple(
        remainder(floor_divide(at, weight), n) for weight, n in zip(weights, lengths, strict=True)
    )
