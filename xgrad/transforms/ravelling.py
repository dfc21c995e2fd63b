"""Convert a tree of arrays to one vector, and back."""

import math
from collections.abc import Callable
from typing import Any

import optree

from xgrad.backends.dtypes import canonical
from xgrad.backends.scalars import is_scalar
from xgrad.engine.dispatch import XG
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import as_tensor

__all__ = ["raveller"]


def _beside(number: Tensor, array: Tensor | None) -> Tensor:
    """Convert a number to an array's backend and device."""
    if array is None or number.backend is array.backend:
        return number
    return number.to(array.backend.name, device=array.device)


def raveller(tree: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return the elements of all leaves as one vector, and the inverse function.

    The inverse returns Tensors of the leaves' shapes and dtypes.
    """
    leaves, spec = optree.tree_flatten(tree)
    array = next((as_tensor(x) for x in leaves if hasattr(x, "dtype")), None)
    leaves = [_beside(as_tensor(x), array) if is_scalar(x) else as_tensor(x) for x in leaves]
    shapes = [x.shape for x in leaves]
    dtypes = [x.dtype for x in leaves]
    flat = [XG.reshape(x, (-1,)) for x in leaves]
    vector = flat[0] if len(flat) == 1 else XG.concat(flat, axis=0)

    def unravel(v: Any) -> Any:
        v = as_tensor(v)
        parts, offset = [], 0
        for shape, dtype in zip(shapes, dtypes, strict=True):
            size = math.prod(shape)
            part = XG.reshape(v[offset : offset + size], shape)
            parts.append(part if canonical(part.dtype) == dtype else XG.astype(part, dtype))
            offset += size
        return spec.unflatten(parts)

    return vector, unravel
