"""Types for annotations: what functions take, and what rules compute with.

Type checkers look at structure, so that arrays of every library, and Tensors, have these types
without a declaration.

Examples
--------
>>> import xgrad as xg
>>> from xgrad.typing import ArrayLike
>>> def energy(x: ArrayLike) -> xg.Tensor:
...     return xg.sum(xg.square(x))
>>> float(energy(xg.asarray([3.0, 4.0])))
25.0
"""

from typing import Any, Protocol, TypeAlias

__all__ = ["Array", "ArrayLike", "Axis", "Key", "Shape", "SupportsArray", "Value"]


def __dir__() -> list[str]:
    return __all__


Shape: TypeAlias = tuple[int, ...]

#: One axis, several, or all of them.
Axis: TypeAlias = int | tuple[int, ...] | None

#: A basic key: integers, slices, None and at most one Ellipsis.
Key: TypeAlias = tuple[Any, ...]


class SupportsArray(Protocol):
    """An array of any library, or a Tensor, as users pass it: it has a shape and a dtype."""

    @property
    def shape(self) -> Shape:
        """The lengths of the axes."""
        ...

    @property
    def dtype(self) -> Any:
        """The dtype, an object of the library's own."""
        ...


#: What functions take: a Tensor, an array of any library, or a number.
ArrayLike: TypeAlias = SupportsArray | complex


class Array(SupportsArray, Protocol):  # noqa: PLW1641 - not hashable
    """What every raw array has: a shape, a dtype, operators, indexing; a Tensor has it too.

    Operators take arrays of the same library, and numbers.
    """

    # fmt: off
    def __getitem__(self, key: Any, /) -> "Array": ...
    def __add__(self, other: "Array | complex", /) -> "Array": ...
    def __radd__(self, other: "Array | complex", /) -> "Array": ...
    def __sub__(self, other: "Array | complex", /) -> "Array": ...
    def __rsub__(self, other: "Array | complex", /) -> "Array": ...
    def __mul__(self, other: "Array | complex", /) -> "Array": ...
    def __rmul__(self, other: "Array | complex", /) -> "Array": ...
    def __truediv__(self, other: "Array | complex", /) -> "Array": ...
    def __rtruediv__(self, other: "Array | complex", /) -> "Array": ...
    def __floordiv__(self, other: "Array | complex", /) -> "Array": ...
    def __mod__(self, other: "Array | complex", /) -> "Array": ...
    def __pow__(self, other: "Array | complex", /) -> "Array": ...
    def __rpow__(self, other: "Array | complex", /) -> "Array": ...
    def __matmul__(self, other: "Array", /) -> "Array": ...
    def __neg__(self) -> "Array": ...
    def __lt__(self, other: "Array | complex", /) -> "Array": ...
    def __le__(self, other: "Array | complex", /) -> "Array": ...
    def __gt__(self, other: "Array | complex", /) -> "Array": ...
    def __ge__(self, other: "Array | complex", /) -> "Array": ...
    def __eq__(self, other: object, /) -> "Array": ...  # type: ignore[override]
    def __ne__(self, other: object, /) -> "Array": ...  # type: ignore[override]
    def __float__(self) -> float: ...
    def __int__(self) -> int: ...
    def __bool__(self) -> bool: ...
    # fmt: on


#: What rules compute with: a raw array, or a Tensor where they are recorded.
Value: TypeAlias = Array
