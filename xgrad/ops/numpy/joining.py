"""Join arrays along an axis, as NumPy's functions do."""

from collections.abc import Sequence
from typing import Any

from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops import shape
from xgrad.ops.creation import as_tensor
from xgrad.ops.numpy.arguments import writes_out
from xgrad.ops.numpy.conversion import cast, tensors
from xgrad.ops.shape import reshape
from xgrad.typing import ArrayLike

__all__ = ["append", "block", "column_stack", "concatenate", "dstack", "hstack", "vstack"]


def _join(name: str, parts: list[Tensor], axis: int, dtype: Any, casting: str) -> Tensor:
    return shape.concat([cast(name, x, dtype, casting) for x in parts], axis=axis)


def _leading(x: Tensor, least: int) -> Tensor:
    """Return an array with at least some number of axes, the new ones first."""
    return reshape(x, (*(1,) * (least - x.ndim), *x.shape)) if x.ndim < least else x


def _in_depth(x: Tensor) -> Tensor:
    """Return an array with at least three axes, the new ones where `numpy.atleast_3d` has them."""
    if x.ndim > 2:
        return x
    return reshape(x, {0: (1, 1, 1), 1: (1, *x.shape, 1)}.get(x.ndim, (*x.shape, 1)))


@function(numpy="concatenate")
@writes_out
def concatenate(
    arrays: Sequence[ArrayLike],
    /,
    axis: int | None = 0,
    out: Tensor | None = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Tensor:
    """Join arrays along an existing axis; ``axis=None`` flattens them first.

    See Also
    --------
    xgrad.concat : The standard's function.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.concatenate((xg.asarray([1.0]), [2.0, 3.0]))
    Tensor([1., 2., 3.])
    """
    parts = tensors("concatenate", arrays)
    if axis is None:
        parts, axis = [reshape(x, (-1,)) for x in parts], 0
    return _join("concatenate", parts, axis, dtype, casting)


@function(numpy="stack")
@writes_out
def _stack(
    arrays: Sequence[ArrayLike],
    axis: int = 0,
    out: Tensor | None = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Tensor:
    parts = tensors("stack", arrays)
    return shape.stack([cast("stack", x, dtype, casting) for x in parts], axis=axis)


@function(numpy="hstack")
def hstack(tup: Sequence[ArrayLike], *, dtype: Any = None, casting: str = "same_kind") -> Tensor:
    """Join arrays along the second axis, 1-D arrays along the first.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.hstack((xg.asarray([1.0]), [2.0, 3.0]))
    Tensor([1., 2., 3.])
    """
    parts = [_leading(x, 1) for x in tensors("hstack", tup)]
    return _join("hstack", parts, 0 if parts and parts[0].ndim == 1 else 1, dtype, casting)


@function(numpy="vstack")
def vstack(tup: Sequence[ArrayLike], *, dtype: Any = None, casting: str = "same_kind") -> Tensor:
    """Join arrays along the first axis, 1-D arrays as rows.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.vstack((xg.asarray([1.0, 2.0]), [3.0, 4.0]))
    Tensor([[1., 2.],
            [3., 4.]])
    """
    return _join("vstack", [_leading(x, 2) for x in tensors("vstack", tup)], 0, dtype, casting)


@function(numpy="dstack")
def dstack(tup: Sequence[ArrayLike]) -> Tensor:
    """Join arrays along the third axis; vectors and matrices get it as a last axis of length 1.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.dstack((xg.asarray([1.0, 2.0]), [3.0, 4.0])).shape
    (1, 2, 2)
    """
    return shape.concat([_in_depth(x) for x in tensors("dstack", tup)], axis=2)


@function(numpy="column_stack")
def column_stack(tup: Sequence[ArrayLike]) -> Tensor:
    """Join vectors as the columns of a matrix, together with the columns of matrices.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.column_stack((xg.asarray([1.0, 2.0]), [3.0, 4.0]))
    Tensor([[1., 3.],
            [2., 4.]])
    """
    parts = tensors("column_stack", tup)
    return shape.concat([reshape(x, (-1, 1)) if x.ndim < 2 else x for x in parts], axis=1)


@function(numpy="append")
def append(arr: ArrayLike, values: ArrayLike, axis: int | None = None) -> Tensor:
    """Join two arrays along an axis, or flattened (``axis=None``).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.append(xg.asarray([1.0, 2.0]), 3.0)
    Tensor([1., 2., 3.])
    """
    parts = tensors("append", (arr, values))
    if axis is None:
        parts, axis = [reshape(x, (-1,)) for x in parts], 0
    return shape.concat(parts, axis=axis)


# -- blocks ------------------------------------------------------------------------------------


def _depth(parts: Any) -> int:
    """Return how deep the lists of blocks are nested, or raise if that differs."""
    if isinstance(parts, tuple):
        raise TypeError(f"{called('block')}: expected lists of blocks, got a tuple")
    if not isinstance(parts, list):
        return 0
    if not parts:
        raise ValueError(f"{called('block')}: a list of blocks is empty")
    depths = {_depth(part) for part in parts}
    if len(depths) > 1:
        raise ValueError(
            f"{called('block')}: lists of blocks must be nested equally deep, got depths "
            f"{sorted(depths)}"
        )
    return depths.pop() + 1


def _leaves(parts: Any) -> list[Any]:
    return [x for part in parts for x in _leaves(part)] if isinstance(parts, list) else [parts]


@function(numpy="block")
def block(arrays: Any) -> Tensor:
    """Join a nested list of blocks: the innermost lists along the last axis, and so on outwards.

    Examples
    --------
    >>> import xgrad as xg
    >>> a = xg.ones((2, 2))
    >>> xg.block([[a, xg.zeros((2, 1))], [xg.zeros((1, 2)), 5.0]])
    Tensor([[1., 1., 0.],
            [1., 1., 0.],
            [0., 0., 5.]])
    """
    depth = _depth(arrays)
    blocks = _leaves(arrays)
    rank = max(depth, *(as_tensor(x, like=blocks).ndim for x in blocks))

    def joined(parts: Any, level: int) -> Tensor:
        if not isinstance(parts, list):
            return _leading(as_tensor(parts, like=blocks), rank)
        return shape.concat([joined(part, level - 1) for part in parts], axis=-level)

    out = joined(arrays, depth)
    return out.copy() if depth == 0 else out
