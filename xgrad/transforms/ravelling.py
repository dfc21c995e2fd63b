"""Convert a tree of arrays to one vector, and back."""

import math
from collections.abc import Callable
from typing import Any

import optree

from xgrad.backends.dtypes import canonical, is_complex
from xgrad.backends.ownership import own_items
from xgrad.backends.scalars import is_scalar
from xgrad.engine.dispatch import XG
from xgrad.engine.tensor import Tensor, stripped
from xgrad.ops.creation import as_tensor, zeros
from xgrad.transforms.trees import like_leaf

__all__ = ["ravel_pytree", "raveller"]


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
            if is_complex(part.dtype) and not is_complex(dtype):
                part = XG.real(part)
            parts.append(part if canonical(part.dtype) == dtype else XG.astype(part, dtype))
            offset += size
        return spec.unflatten(parts)

    return vector, unravel


def ravel_pytree(tree: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return the elements of all leaves of a tree as one vector, and the inverse function.

    Both directions are differentiable. Dictionaries are read in the order of their sorted keys.

    Parameters
    ----------
    tree
        A pytree of arrays, Tensors and numbers. Leaves of different dtypes are promoted to one;
        the inverse function converts them back.

    Returns
    -------
    vector
        One axis; an array, or a Tensor if one of the leaves is a Tensor.
    unravel : callable
        Takes a vector of that length; returns a tree of the same structure and shapes, with Tensors
        for a Tensor, and else with arrays and numbers, as the leaves were.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> vector, unravel = xg.ravel_pytree({"w": np.ones((2, 2)), "b": 3.0})
    >>> vector
    array([3., 1., 1., 1., 1.])
    >>> unravel(2 * vector)
    {'w': array([[2., 2.],
           [2., 2.]]), 'b': 6.0}
    """
    leaves, spec = optree.tree_flatten(tree)
    for x in leaves:
        if not hasattr(x, "dtype") and not is_scalar(x):
            raise TypeError(
                "ravel_pytree: expected a tree of arrays, Tensors and numbers, got "
                f"{type(x).__name__}"
            )
    if not leaves:
        return stripped(zeros(0)), lambda v: tree
    vector, back = raveller(tree)
    size = vector.shape[0]
    has_tensors = any(type(x) is Tensor for x in leaves)
    # Numbers keep their kind; of arrays, the inverse needs only that they are arrays.
    kinds = [x if is_scalar(x) else None for x in leaves]

    def unravel(v: Any) -> Any:
        """Return the tree of a vector's elements."""
        if tuple(getattr(v, "shape", ())) != (size,):
            raise ValueError(
                f"unravel: expected a vector of shape ({size},), got "
                f"{tuple(v.shape) if hasattr(v, 'shape') else type(v).__name__}"
            )
        result = back(v)
        if type(v) is Tensor:
            return result
        parts = [
            like_leaf(part, kind)
            for part, kind in zip(optree.tree_leaves(result), kinds, strict=True)
        ]
        return spec.unflatten(own_items(parts))

    return (vector if has_tensors else stripped(vector)), unravel
