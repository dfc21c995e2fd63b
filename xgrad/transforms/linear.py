"""`linearize`: the value of a function, and its derivative as a linear function."""

from collections.abc import Callable
from typing import Any

import optree

from xgrad.engine.cotangents import zeros_like
from xgrad.engine.levels import TRACE, open_level
from xgrad.engine.tensor import snapshot
from xgrad.engine.trace import Trace, inputs_of, variable_of
from xgrad.transforms.forward import check_tangents, jvp
from xgrad.transforms.trees import (
    aux_as_given,
    flatten,
    has_tensor,
    like_given,
    lowered,
    settled,
    split_aux,
)

__all__ = ["linearize"]


def linearize(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Return ``f(*primals)`` and the derivative there as a linear function of tangents.

    It is like `jvp` for many tangents, but ``f`` runs only once.

    Parameters
    ----------
    f : callable
        Takes and returns pytrees of arrays, Tensors and numbers.
    *primals
        The point of differentiation; all leaves are floating-point or complex.
    has_aux : bool
        Whether ``f`` returns ``(value, aux)``.

    Returns
    -------
    value, f_jvp[, aux]
        ``f_jvp(*tangents)`` takes one tree per primal and returns the tangent of the value.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> value, f_jvp = xg.linearize(xg.square, np.asarray([1.0, 2.0]))
    >>> f_jvp(np.asarray([1.0, 0.0])), f_jvp(np.asarray([0.0, 1.0]))
    (array([2., 0.]), array([0., 4.]))
    """
    arguments = flatten("linearize", primals)
    trace = Trace(None, lambda primitive, params: True)
    with open_level("linearize", TRACE, trace=trace) as level:
        inputs = inputs_of(level, trace, arguments.values)
        result = settled(f(*arguments.spec.unflatten([snapshot(x) for x in inputs])))
    result, aux = split_aux("linearize", result, has_aux)
    for x in inputs:
        trace.saved[x._node] = x._value
    outputs, spec = optree.tree_flatten(result)
    variables = [variable_of(level, x) for x in outputs]
    under = [lowered(level, x) for x in outputs]

    def f_jvp(*tangents: Any) -> Any:
        """Return the tangent of the value."""
        directions = check_tangents("linearize", arguments, tangents)
        if not trace.can_push:  # an op's value depends on its tangent: run it again
            return jvp(f, primals, tangents, has_aux)[1]
        changes = {x._node: t for x, t in zip(inputs, directions.values, strict=True)}
        trace.push(changes)
        leaves = []
        for variable, value in zip(variables, under, strict=True):
            t = None if variable is None else changes.get(variable)
            if t is None:
                t = zeros_like(value) if hasattr(value, "dtype") else 0.0
            leaves.append(t)
        del changes
        return like_given(spec, leaves, primals, tangents)

    value = like_given(spec, list(under), primals)
    if not has_aux:
        return value, f_jvp
    return value, f_jvp, aux_as_given(level, aux, has_tensor(primals))
