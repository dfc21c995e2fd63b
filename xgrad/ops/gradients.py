"""Gradients on the eager tape: ``backward()`` and ``xgrad.autograd.grad``."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.backends.registry import find_backend
from xgrad.engine.backward import run_backward
from xgrad.engine.cotangents import ones_like
from xgrad.engine.declare import function
from xgrad.engine.dispatch import same_library, wrap
from xgrad.engine.levels import EAGER, Level
from xgrad.engine.node import Node
from xgrad.engine.tensor import Tensor, is_batched, leaf_of, lowest, snapshot, stripped
from xgrad.engine.views import refresh, store
from xgrad.errors import AutogradError
from xgrad.ops.creation import zeros_like


def _checked_output(function: str, x: Any, *, for_leaves: bool = False) -> Node:
    """Return the node of an output, or raise if it cannot be differentiated."""
    if type(x) is not Tensor:
        raise TypeError(f"{function}: expected a Tensor, got {type(x).__name__}")
    node = refresh(x)._node
    if for_leaves and x._level:
        raise AutogradError(
            f"{function}: .grad cannot be collected inside {x._level.transform}(); "
            "use xgrad.grad, xgrad.vjp or xgrad.autograd.grad there"
        )
    if not isinstance(node, Node):
        if node is not None:
            raise AutogradError(
                f"{function}: this tensor belongs to {x._level.transform}(); differentiate "
                "the function with xgrad.grad or xgrad.vjp instead"
            )
        raise AutogradError(
            f"{function}: no graph leads to this tensor: no input had requires_grad=True, "
            "or it was computed under no_grad() or detached"
        )
    if not x._level.alive:
        x._level.check_alive(function)
    return node


def _checked_cotangent(function: str, x: Tensor, cotangent: Any) -> Any:
    """Return the cotangent of an output as a value of the level below or a Tensor, or raise."""
    if cotangent is None:
        if math.prod(x._node.shape) != 1:
            raise AutogradError(
                f"{function}: only a single number has a gradient, but the output has shape "
                f"{x.shape}; reduce it (sum, mean) or pass a cotangent of that shape"
            )
        return ones_like(x._value)
    if type(cotangent) is not Tensor and find_backend(cotangent) is None:
        raise TypeError(
            f"{function}: expected a cotangent that is a Tensor or an array, "
            f"got {type(cotangent).__name__}"
        )
    if tuple(cotangent.shape) != x.shape:
        raise ValueError(
            f"{function}: expected a cotangent of shape {x.shape}, got {tuple(cotangent.shape)}"
        )
    dtype = canonical(lowest(cotangent).dtype)
    if dtype != x.dtype:
        raise TypeError(f"{function}: expected a cotangent of dtype {x.dtype}, got {dtype}")
    return same_library(function, stripped(cotangent), x)


@function(method=True)
def backward(
    x: Tensor, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False
) -> None:
    """Add the gradients of this tensor to ``.grad`` of the leaves that it depends on.

    Parameters
    ----------
    gradient : Tensor or array, optional
        The cotangent, in the shape and dtype of this tensor; 1 for a single number.
    retain_graph : bool, optional
        Keep the saved values, so that the pass can be repeated. Default: ``create_graph``.
    create_graph : bool
        Record the pass, so that gradients have gradients. Leaf and graph then refer to each other
        until ``.grad`` is cleared.

    Raises
    ------
    AutogradError
        If there is no graph, or it was freed by an earlier call; or inside a transform.
    """
    node = _checked_output("backward", x, for_leaves=True)
    g = _checked_cotangent("backward", x, gradient)
    if type(g) is Tensor:
        if is_batched(g):
            raise AutogradError(
                "backward: the cotangent belongs to vmap(); use xgrad.vjp inside it"
            )
        g = g if create_graph else lowest(g)
    run_backward(
        EAGER,
        [(node, g)],
        inputs=None,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
    )


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """Return the gradients of outputs with respect to tensors of their graph.

    Parameters
    ----------
    outputs : Tensor or sequence
        Their sum, weighted by ``grad_outputs``, is differentiated.
    inputs : Tensor or sequence
        Leaves or intermediate results.
    grad_outputs : Tensor or sequence, optional
        A cotangent for each output; may be None for single numbers.
    retain_graph : bool, optional
        Keep the saved values. Default: ``create_graph``.
    create_graph : bool
        Record the pass, so that gradients have gradients.
    allow_unused : bool
        Return None for an input that the outputs do not depend on, instead of raising.

    Returns
    -------
    tuple of Tensor
        One for each input.

    See Also
    --------
    xgrad.grad : The transform of a function, as in JAX.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor(3.0, requires_grad=True)
    >>> (slope,) = xg.autograd.grad(w * w * w, w, create_graph=True)
    >>> xg.autograd.grad(slope, w)
    (Tensor(18.),)
    """
    outs: list[Any] = list(outputs) if isinstance(outputs, list | tuple) else [outputs]
    ins: list[Any] = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
    cotangents = (
        [grad_outputs] if not isinstance(grad_outputs, list | tuple) else list(grad_outputs)
    )
    if grad_outputs is None:
        cotangents = [None] * len(outs)
    if len(cotangents) != len(outs):
        raise ValueError(f"autograd.grad: {len(outs)} outputs, but {len(cotangents)} cotangents")
    level: Level = EAGER
    seeds = []
    for out, cotangent in zip(outs, cotangents, strict=True):
        node = _checked_output("autograd.grad", out)
        level = out._level
        seeds.append((node, _checked_cotangent("autograd.grad", out, cotangent)))
    nodes = []
    for x in ins:
        if type(x) is not Tensor or not isinstance(refresh(x)._node, Node) or x._level is not level:
            raise AutogradError(
                "autograd.grad: an input does not need gradients "
                "(requires_grad=False), or belongs to another transform"
            )
        nodes.append(x._node)
    if not create_graph and not level:
        seeds = [(node, lowest(g)) for node, g in seeds]
    collected = run_backward(
        level,
        seeds,
        inputs=nodes,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
    )
    results: list[Tensor | None] = []
    for i, node in enumerate(nodes):
        g = collected.get(node.order)
        if g is None and not allow_unused:
            raise AutogradError(
                f"autograd.grad: the outputs do not depend on input {i}; "
                "allow_unused=True returns None for it"
            )
        results.append(None if g is None else snapshot(wrap(g)))
    return tuple(results)


def clear_gradients(leaves: Iterable[Tensor], set_to_none: bool) -> None:
    """Clear ``.grad`` of leaves, or fill existing gradients with zeros."""
    for x in leaves:
        leaf = leaf_of(x)
        if leaf is not None:
            if leaf.grad is None or set_to_none:
                leaf.grad = None
            elif leaf.grad._node is None:
                store(leaf.grad, zeros_like(x)._value)
            else:
                leaf.grad = zeros_like(x)
