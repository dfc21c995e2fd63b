"""einops on Tensors: ``einops.rearrange(t, "b c -> c b")``."""

from types import ModuleType
from typing import Any

from xgrad.engine.tensor import Tensor
from xgrad.interop.imports import when_imported
from xgrad.ops.arrangement import tile
from xgrad.ops.contraction import einsum
from xgrad.ops.creation import arange, as_tensor
from xgrad.ops.shape import concat, expand_dims, stack

#: The class below: Python's list of subclasses does not keep them.
_BACKENDS: list[type] = []


def _register(backends: ModuleType) -> None:
    """Define the class by which einops finds xgrad: it looks through the subclasses of its own."""
    base: Any = backends.AbstractBackend

    class XgradBackend(base):  # type: ignore[misc]
        """einops's functions by those of xgrad."""

        framework_name = "xgrad"

        def is_appropriate_type(self, tensor: Any) -> bool:
            return type(tensor) is Tensor

        def from_numpy(self, x: Any) -> Tensor:
            return as_tensor(x)

        def to_numpy(self, x: Any) -> Any:
            return x.numpy()

        def arange(self, start: int, stop: int) -> Tensor:
            return arange(start, stop)

        def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Tensor:
            return stack(tensors)

        def tile(self, x: Any, repeats: tuple[int, ...]) -> Tensor:
            return tile(x, repeats)

        def concat(self, tensors: list[Any], axis: int) -> Tensor:
            return concat(tensors, axis=axis)

        def is_float_type(self, x: Any) -> bool:
            return bool(x.dtype.kind == "f")

        def add_axis(self, x: Any, new_position: int) -> Tensor:
            return expand_dims(x, axis=new_position)

        def einsum(self, pattern: str, *x: Any) -> Tensor:
            return einsum(pattern, *x)

    _BACKENDS.append(XgradBackend)


def bind_einops() -> None:
    """Make einops know Tensors, once it is imported."""
    when_imported("einops._backends", _register)
