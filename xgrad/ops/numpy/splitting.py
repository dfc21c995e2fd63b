"""Split arrays along an axis, as NumPy's functions do: the parts are views."""

from itertools import pairwise
from typing import Any

from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops.arguments import integers, whole_number
from xgrad.ops.creation import as_tensor
from xgrad.ops.numpy.conversion import on_host
from xgrad.ops.shape import checked_axis
from xgrad.ops.views.reading import getitem
from xgrad.typing import ArrayLike

__all__ = ["array_split", "dsplit", "hsplit", "split", "vsplit"]


def _count(name: str, sections: Any) -> int | None:
    """Return a number of sections, or None for a sequence of positions."""
    if getattr(sections, "shape", ()) or isinstance(sections, list | tuple):
        return None
    return whole_number(name, "the number of sections", sections)


def _bounds(name: str, sections: Any, length: int) -> list[Any]:
    count = _count(name, sections)
    if count is None:
        positions = on_host(name, sections).tolist()
        return [0, *integers(name, "positions", positions), length]
    if count == 0:
        raise ValueError(f"{called(name)}: the number of sections must be larger than 0")
    each, longer = divmod(length, count)
    sizes = [each + 1] * longer + [each] * (count - longer)
    return [sum(sizes[:i]) for i in range(count + 1)]


def _parts(name: str, ary: ArrayLike, sections: Any, axis: int) -> list[Tensor]:
    x = as_tensor(ary)
    at = checked_axis(name, axis, x.ndim)
    bounds = _bounds(name, sections, x.shape[at])
    before = (slice(None),) * at
    return [getitem(x, (*before, slice(*pair))) for pair in pairwise(bounds)]


@function(numpy="array_split")
def array_split(ary: ArrayLike, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Split along an axis at positions, or into a number of parts of almost equal lengths.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.array_split(xg.asarray([1, 2, 3]), 2)
    [Tensor([1, 2]), Tensor([3])]
    """
    return _parts("array_split", ary, indices_or_sections, axis)


def _equal_parts(name: str, ary: ArrayLike, sections: Any, axis: int) -> list[Tensor]:
    x = as_tensor(ary)
    count = _count(name, sections)
    at = checked_axis(name, axis, x.ndim)
    if count and x.shape[at] % count:
        raise ValueError(
            f"{called(name)}: {count} sections do not divide axis {axis} of shape {x.shape} "
            "equally; use array_split"
        )
    return _parts(name, x, sections, at)


@function(numpy="split")
def split(ary: ArrayLike, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """Split along an axis at positions, or into a number of equal parts; these are views.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.split(xg.asarray([1, 2, 3]), [1])
    [Tensor([1]), Tensor([2, 3])]
    """
    return _equal_parts("split", ary, indices_or_sections, axis)


@function(numpy="hsplit")
def hsplit(ary: ArrayLike, indices_or_sections: Any) -> list[Tensor]:
    """Split along the second axis, a vector along its only one.

    Examples
    --------
    >>> import xgrad as xg
    >>> [part.shape for part in xg.hsplit(xg.ones((2, 4)), 2)]
    [(2, 2), (2, 2)]
    """
    x = as_tensor(ary)
    _check_rank("hsplit", x, 1)
    return _equal_parts("hsplit", x, indices_or_sections, 1 if x.ndim > 1 else 0)


@function(numpy="vsplit")
def vsplit(ary: ArrayLike, indices_or_sections: Any) -> list[Tensor]:
    """Split along the first axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> [part.shape for part in xg.vsplit(xg.ones((2, 4)), 2)]
    [(1, 4), (1, 4)]
    """
    x = as_tensor(ary)
    _check_rank("vsplit", x, 2)
    return _equal_parts("vsplit", x, indices_or_sections, 0)


@function(numpy="dsplit")
def dsplit(ary: ArrayLike, indices_or_sections: Any) -> list[Tensor]:
    """Split along the third axis.

    Examples
    --------
    >>> import xgrad as xg
    >>> [part.shape for part in xg.dsplit(xg.ones((2, 4, 2)), 2)]
    [(2, 4, 1), (2, 4, 1)]
    """
    x = as_tensor(ary)
    _check_rank("dsplit", x, 3)
    return _equal_parts("dsplit", x, indices_or_sections, 2)


def _check_rank(name: str, x: Tensor, least: int) -> None:
    if x.ndim < least:
        raise ValueError(f"{called(name)}: expected at least {least} dimensions, got {x.ndim}")
