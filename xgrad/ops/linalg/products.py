"""Products of several matrices."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from xgrad.engine.tensor import Tensor
from xgrad.ops.contraction import einsum
from xgrad.ops.shape import ndim_of

__all__ = ["multi_dot"]


def multi_dot(arrays: Sequence[Any]) -> Tensor:
    """Product of several matrices, in the order with the fewest multiplications.

    Parameters
    ----------
    arrays : sequence of two or more arrays or Tensors
        Matrices; the first and the last may be vectors.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.multi_dot([xg.ones((2, 3)), xg.ones((3, 4)), xg.ones(4)])
    Tensor([12., 12.])
    """
    ranks = [ndim_of("multi_dot", x) for x in arrays]
    inner = ranks[1:-1]
    if len(ranks) < 2 or any(rank != 2 for rank in inner) or not {ranks[0], ranks[-1]} <= {1, 2}:
        raise ValueError(
            "multi_dot: expected two or more matrices (the first and the last may be vectors), "
            f"got ranks {ranks}"
        )
    shapes = [tuple(x.shape) for x in arrays]
    if any(a[-1] != b[0] for a, b in pairwise(shapes)):
        raise ValueError(f"multi_dot: lengths differ: {shapes}")
    operands: list[Any] = []
    for i, (x, rank) in enumerate(zip(arrays, ranks, strict=True)):
        operands += [x, [i + 1] if i == 0 and rank == 1 else [i, i + 1][:rank]]
    ends = [0][: ranks[0] - 1] + [len(ranks)][: ranks[-1] - 1]
    return einsum(*operands, ends)
