"""``x.flat``: the elements of a tensor in row-major order, to iterate over, to read and to set."""

from collections.abc import Iterator
from typing import Any

from xgrad.backends import host
from xgrad.engine.declare import function
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.shape import concat, reshape
from xgrad.ops.views.reading import getitem
from xgrad.ops.views.writing import setitem


class Flat:
    """The elements of a tensor in row-major order, as NumPy's ``flatiter``.

    It is an iterator over tensors without axes. ``x.flat[key]`` copies elements, and
    ``x.flat[key] = values`` sets them: values are repeated as often as needed.
    """

    __slots__ = ("base", "index")
    __array_ufunc__ = None

    def __init__(self, base: Tensor) -> None:
        self.base, self.index = base, 0

    @property
    def coords(self) -> tuple[int, ...]:
        """The position of the next element."""
        return host.coordinates(self.index, self.base.shape)

    def __len__(self) -> int:
        return self.base.size

    def __iter__(self) -> Iterator[Tensor]:
        return self

    def __next__(self) -> Tensor:
        if self.index >= len(self):
            raise StopIteration
        x = getitem(self.base, host.coordinates(self.index, self.base.shape))
        self.index += 1
        return x

    def _positions(self, key: Any) -> Any:
        """Return the positions that a key selects: an integer or an array of integers."""
        if isinstance(key, tuple) and len(key) == 1:
            (key,) = key
        if type(key) is Tensor:
            key = key.numpy()
        elif hasattr(key, "dtype") and hasattr(key, "shape"):  # maybe not on the host
            key = as_tensor(key).numpy()
        try:
            return host.flat_positions(len(self), key)
        except IndexError as error:
            raise IndexError(f"flat: {error}") from None

    def __getitem__(self, key: Any) -> Tensor:
        """Return a copy of elements."""
        positions = self._positions(key)
        if isinstance(positions, int):
            return getitem(self.base, host.coordinates(positions, self.base.shape)) * 1
        return getitem(reshape(self.base, (-1,)), positions)

    def __setitem__(self, key: Any, value: Any) -> None:
        """Set elements; values are repeated."""
        positions = self._positions(key)
        shape = self.base.shape
        if isinstance(positions, int):
            v = value if type(value) is Tensor else as_tensor(value, like=self.base)
            if v.ndim:
                raise ValueError(f"flat: expected one number for one element, got shape {v.shape}")
            setitem(self.base, host.coordinates(positions, shape), value)
            return
        positions = positions.ravel()
        count = len(positions)
        v = reshape(as_tensor(value, like=self.base), (-1,))
        if not count or not v.size:
            return
        repeated = concat((v,) * -(-count // v.size), axis=0) if v.size < count else v
        chosen = astype(getitem(repeated, slice(0, count)), self.base.dtype, copy=False)
        if not shape:
            setitem(self.base, (), getitem(chosen, count - 1))
            return
        setitem(self.base, host.coordinates(positions, shape), chosen)

    def copy(self) -> Tensor:
        """Return a 1-D copy of all elements."""
        return self.base.flatten()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self.copy().__array__(dtype, copy)

    def __repr__(self) -> str:
        return f"<flat of {self.base!r}>"


@function(attribute="flat")
def _flat(x: Tensor) -> Any:
    """The elements in row-major order: ``for e in x.flat``, ``x.flat[3]``, ``x.flat[2:] = v``."""
    return Flat(x)


def set_flat(x: Tensor, value: Any) -> None:
    """``x.flat = value``."""
    Flat(x)[:] = value
