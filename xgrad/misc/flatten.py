"""Functions of trees as functions of vectors, under HIPS/autograd's names.

The function `flatten` is `xgrad.ravel_pytree`.
"""

from collections.abc import Callable
from typing import Any

from xgrad.transforms.ravelling import ravel_pytree

__all__ = ["flatten", "flatten_func"]

flatten = ravel_pytree


def __dir__() -> list[str]:
    return __all__


def flatten_func(
    func: Callable[..., Any], example: Any
) -> tuple[Callable[..., Any], Callable[[Any], Any], Any]:
    """Return ``func`` as a function of vectors, the inverse of `flatten`, and the example's vector.

    The first argument and the value of ``func`` are trees like ``example``.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> from xgrad.misc.flatten import flatten_func
    >>> def swap(p):
    ...     return {"a": p["b"], "b": p["a"]}
    >>> of_vector, unflatten, vector = flatten_func(swap, {"a": np.ones(2), "b": np.zeros(2)})
    >>> vector, of_vector(vector)
    (array([1., 1., 0., 0.]), array([0., 0., 1., 1.]))
    """
    vector, unflatten = flatten(example)

    def of_vector(v: Any, *args: Any) -> Any:
        return flatten(func(unflatten(v), *args))[0]

    return of_vector, unflatten, vector
