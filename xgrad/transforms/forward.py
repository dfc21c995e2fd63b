"""Forward mode as a function: `jvp`."""

from collections.abc import Callable, Sequence
from typing import Any

import optree

from xgrad.backends.dtypes import canonical
from xgrad.engine.cotangents import zeros_like
from xgrad.engine.dispatch import same_library
from xgrad.engine.levels import DUAL, Level, open_level
from xgrad.engine.node import Dual
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.engine.views import refresh
from xgrad.transforms.trees import (
    Arguments,
    aux_as_given,
    flatten,
    has_tensor,
    like_given,
    lowered,
    settled,
    split_aux,
)


def jvp(
    f: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    has_aux: bool = False,
) -> Any:
    """Return ``f(*primals)`` and its directional derivative along ``tangents``.

    Parameters
    ----------
    f : callable
        Takes and returns pytrees of arrays, Tensors and numbers.
    primals, tangents : sequences
        One tree per argument, of equal structure, shapes and dtypes.
    has_aux : bool
        Whether ``f`` returns ``(value, aux)``.

    Returns
    -------
    value, tangent[, aux]

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.jvp(xg.square, (np.asarray(3.0),), (np.asarray(10.0),))
    (array(9.), array(60.))
    """
    arguments, directions = flatten_both("jvp", primals, tangents)
    with open_level("jvp", DUAL) as level:
        duals = [
            Tensor(x, level, Dual(t))
            for x, t in zip(arguments.values, directions.values, strict=True)
        ]
        result = settled(f(*arguments.spec.unflatten(duals)))
    result, aux = split_aux("jvp", result, has_aux)
    inputs = (primals, tangents)
    outputs, spec = optree.tree_flatten(result)
    values = [lowered(level, x) for x in outputs]
    changes = [_tangent(level, x) for x in outputs]
    del result, outputs
    value, tangent = like_given(spec, values, inputs), like_given(spec, changes, inputs)
    if has_aux:
        return value, tangent, aux_as_given(level, aux, has_tensor(inputs))
    return value, tangent


def flatten_both(
    function: str, primals: Sequence[Any], tangents: Sequence[Any]
) -> tuple[Arguments, Arguments]:
    """Flatten primals and tangents, and check them against each other."""
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise TypeError(
            f"{function}: primals and tangents must be sequences with one entry for each argument, "
            f"got {type(primals).__name__} and {type(tangents).__name__}"
        )
    arguments = flatten(function, tuple(primals))
    return arguments, check_tangents(function, arguments, tuple(tangents))


def check_tangents(function: str, arguments: Arguments, tangents: tuple[Any, ...]) -> Arguments:
    """Flatten tangents and check them against the primals."""
    count = len(arguments.spec.children())
    if count != len(tangents):
        raise ValueError(f"{function}: {count} primals, but {len(tangents)} tangents")
    directions = flatten(function, tangents, arguments.values)
    if arguments.spec != directions.spec:
        raise ValueError(f"{function}: primals and tangents have different tree structures")
    for i, (x, t) in enumerate(zip(arguments.values, directions.values, strict=True)):
        alike = type(x) is not Tensor and type(x) is type(t)  # raw, of one library
        if alike and x.shape == t.shape and x.dtype is t.dtype:
            continue
        if tuple(x.shape) != tuple(t.shape):
            raise ValueError(
                f"{function}: expected a tangent of shape {tuple(x.shape)}, got {tuple(t.shape)}"
            )
        have, want = canonical(lowest(t).dtype), canonical(lowest(x).dtype)
        if have != want:
            raise TypeError(f"{function}: expected a tangent of dtype {want}, got {have}")
        directions.values[i] = same_library(function, t, x)
    return directions


def _tangent(level: Level, x: Any) -> Any:
    if type(x) is Tensor and refresh(x)._level is level:
        return x._node.tangent
    x = stripped(x)
    if not hasattr(x, "dtype"):
        return 0.0
    return zeros_like(x)
