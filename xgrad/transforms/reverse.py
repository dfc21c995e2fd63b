"""Reverse mode as functions: `vjp`, `grad`, `value_and_grad`."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

import optree

from xgrad.backends.dtypes import canonical, is_complex
from xgrad.engine.backward import run_backward
from xgrad.engine.cotangents import ones_like
from xgrad.engine.dispatch import namespace, same_library
from xgrad.engine.levels import TAPE, Level, open_level
from xgrad.engine.node import Node
from xgrad.engine.tape import record_input
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.errors import AutogradError
from xgrad.transforms.trees import (
    Arguments,
    aux_as_given,
    flatten,
    function_of,
    has_tensor,
    like_given,
    lowered,
    name_of,
    settled,
    split_aux,
)

P = ParamSpec("P")

_LEAF = optree.tree_structure(0)


def _zeros(value: Any) -> Any:
    xp = namespace(value)
    return stripped(xp.zeros_like(value))


def inputs_of(level: Level, arguments: Arguments) -> tuple[list[Tensor], Any]:
    """Return the inputs of a tape level, and the tree of tensors for the function.

    The function gets separate tensors: it may write into them, as into arrays.
    """
    inputs = [record_input(value, level) for value in arguments.values]
    return inputs, arguments.spec.unflatten([Tensor(x._value, level, x._node) for x in inputs])


def run_on_tape(
    transform: str, f: Callable[..., Any], arguments: Arguments
) -> tuple[Level, list[Tensor], Any]:
    """Call ``f`` on tracked inputs at a new level."""
    with open_level(transform, TAPE) as level:
        inputs, handed = inputs_of(level, arguments)
        result = settled(f(handed))
    return level, inputs, result


def pull(
    level: Level, inputs: list[Tensor], seeds: list[tuple[Node, Any]], retain_graph: bool
) -> list[Any]:
    gradients = run_backward(
        level,
        seeds,
        inputs=[x._node for x in inputs],
        retain_graph=retain_graph,
        create_graph=False,
    )
    return [
        gradients[x._node.order] if x._node.order in gradients else _zeros(x._value) for x in inputs
    ]


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Return ``f(*primals)`` and a function that pulls cotangents back.

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
    value, pullback[, aux]
        ``pullback(cotangent)`` returns a tuple with one tree per primal. For complex
        values it is the adjoint under Re<a, b>, as in PyTorch.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> value, pullback = xg.vjp(lambda x: x * x, np.asarray([1.0, 2.0]))
    >>> pullback(np.asarray([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    arguments = flatten("vjp", primals)
    level, inputs, result = run_on_tape("vjp", lambda args: f(*args), arguments)
    result, aux = split_aux("vjp", result, has_aux)
    outputs, spec = optree.tree_flatten(result)
    under = [lowered(level, leaf) for leaf in outputs]
    nodes = [x._node if type(x) is Tensor and x._level is level else None for x in outputs]
    tensors = has_tensor(primals)

    def pullback(cotangent: Any) -> Any:
        """Return the cotangents of the primals for a cotangent of the value."""
        leaves = spec.flatten_up_to(cotangent)
        seeds = []
        for leaf, node, out in zip(leaves, nodes, under, strict=True):
            g = _cotangent("vjp", leaf, out)
            if node is not None:
                seeds.append((node, g))
        return arguments.like_inputs(pull(level, inputs, seeds, retain_graph=True))

    value = like_given(spec, list(under), primals)
    if not has_aux:
        return value, pullback
    return value, pullback, aux_as_given(level, aux, tensors)


def _cotangent(function: str, g: Any, out: Any) -> Any:
    """Check a cotangent against its output and return it as a value."""
    if isinstance(g, int | float | complex):
        xp = namespace(out)
        return stripped(xp.full_like(out, g))
    if not hasattr(g, "shape"):
        raise TypeError(f"{function}: expected an array for the cotangent, got {type(g).__name__}")
    g = stripped(g)
    if tuple(g.shape) != tuple(out.shape):
        raise ValueError(
            f"{function}: expected a cotangent of shape {tuple(out.shape)}, got {tuple(g.shape)}"
        )
    have, want = canonical(lowest(g).dtype), canonical(lowest(out).dtype)
    if have != want:
        raise TypeError(f"{function}: expected a cotangent of dtype {want}, got {have}")
    return same_library(function, g, out)


def positions(
    transform: str, argnums: int | Sequence[int], argnum: int | Sequence[int] | None
) -> int | Sequence[int]:
    """Return the positions of arguments, given as ``argnums`` or by HIPS/autograd's name."""
    if argnum is None:
        return argnums
    if argnums != 0:
        raise TypeError(f"{transform}: argnum is another name of argnums: pass one of them")
    return argnum


def selected(
    f: Callable[..., Any], args: tuple[Any, ...], argnums: int | Sequence[int], transform: str
) -> tuple[Callable[[Any], Any], Any]:
    """Return ``f`` as a function of the selected arguments, and these arguments."""
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    if not all(type(i) is int for i in numbers):
        raise TypeError(
            f"{transform}: argnums must be an int or several, the positions of arguments, "
            f"got {argnums!r}"
        )
    for i in numbers:
        if not -len(args) <= i < len(args):
            raise ValueError(
                f"{transform}: argnums={argnums}, but {name_of(f)} was given "
                f"{len(args)} positional argument(s) (only those are differentiated)"
            )
    numbers = tuple(i % len(args) for i in numbers)

    def of_chosen(chosen: Any) -> Any:
        full = list(args)
        for i, x in zip(numbers, chosen, strict=True):
            full[i] = x
        return f(*full)

    return of_chosen, tuple(args[i] for i in numbers)


def value_and_grad(
    f: Callable[P, Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    argnum: int | Sequence[int] | None = None,
) -> Callable[P, tuple[Any, Any]]:
    """Return a function that computes the value of ``f`` and its gradient.

    Parameters
    ----------
    f : callable
        Returns one real number, as a Tensor of one element.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to.
    has_aux : bool
        Whether ``f`` returns ``(value, aux)``.
    argnum : int or sequence of int, optional
        Another name of ``argnums``, as in HIPS/autograd.

    Returns
    -------
    callable
        Takes the arguments of ``f``; returns ``(value, gradient)``, or
        ``((value, aux), gradient)``. The gradient has the tree of the argument, a tuple
        of trees for several; raw arrays for raw arrays, Tensors for Tensors, numbers
        for numbers.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.value_and_grad(lambda x: x**3)(2.0)
    (8.0, 12.0)
    """
    argnums = positions("value_and_grad", argnums, argnum)

    @functools.wraps(function_of("value_and_grad", f))
    def value_and_gradient(*args: Any, **keywords: Any) -> Any:
        return _differentiate(f, args, keywords, argnums, has_aux=has_aux, with_value=True)

    return value_and_gradient


def _differentiate(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    keywords: dict[str, Any],
    argnums: int | Sequence[int],
    *,
    has_aux: bool,
    with_value: bool,
) -> Any:
    """Return the result of `value_and_grad` or, without a value, of `grad`."""
    of_chosen, chosen = selected(
        functools.partial(f, **keywords) if keywords else f, args, argnums, "grad"
    )
    arguments = flatten("grad", chosen, args, keywords)
    level, inputs, result = run_on_tape("grad", of_chosen, arguments)
    result, aux = split_aux("grad", result, has_aux)
    check_loss("grad", f, result)
    under = lowered(level, result)
    tensors = has_tensor(args, keywords)
    if type(result) is Tensor and result._level is level:
        gradients = pull(level, inputs, [(result._node, ones_like(under))], retain_graph=False)
    else:  # a constant: every derivative is 0
        gradients = [_zeros(x._value) for x in inputs]
    gradient = arguments.like_inputs(gradients)
    if isinstance(argnums, int):
        (gradient,) = gradient
    side = aux_as_given(level, aux, tensors) if has_aux else None
    if not with_value:  # reading the value may synchronize
        return (gradient, side) if has_aux else gradient
    value = like_given(_LEAF, [under], args, keywords)
    return ((value, side), gradient) if has_aux else (value, gradient)


def check_loss(transform: str, f: Callable[..., Any], result: Any) -> None:
    """Raise unless a function returned one real number, computed by operations."""
    name = name_of(f)
    if type(result) is not Tensor:
        number = isinstance(result, float | int) and not isinstance(result, bool)
        if not number and not hasattr(result, "dtype"):
            raise TypeError(
                f"{transform}: {name} must return one real number as a Tensor, "
                f"got {type(result).__name__}"
            )
        raise AutogradError(
            f"{transform}: {name} returned {type(result).__name__}, which no graph leads to; "
            "compute the result with operations of xgrad (or NumPy functions on Tensors)"
        )
    if result.shape != () and math.prod(result.shape) != 1:
        raise ValueError(
            f"{transform}: {name} must return one number, got shape {result.shape}; "
            "reduce it (sum, mean), or use vjp or jacrev"
        )
    if is_complex(lowest(result).dtype):
        raise TypeError(
            f"{transform}: {name} must return a real number, got {result.dtype}; "
            "take real(), abs() or use vjp"
        )


def grad(
    f: Callable[P, Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    argnum: int | Sequence[int] | None = None,
) -> Callable[P, Any]:
    """Return the gradient function of ``f``, which returns one real number.

    Parameters
    ----------
    f : callable
        Takes trees of numbers, arrays and Tensors; returns one real number.
    argnums : int or sequence of int
        The positional arguments to differentiate by. A sequence gives a tuple of gradients.
    has_aux : bool
        Whether ``f`` returns ``(number, aux)``; the result is then ``(gradient, aux)``.
    argnum : int or sequence of int, optional
        Another name of ``argnums``, as in HIPS/autograd.

    Returns
    -------
    callable
        Takes the arguments of ``f``; returns a tree like the argument that was chosen.

    See Also
    --------
    xgrad.autograd.grad : PyTorch's function, for tensors that are already computed.
    xgrad.value_and_grad : The value, too.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad(xg.grad(lambda x: x**3))(2.0)
    12.0
    >>> xg.grad(lambda p: xg.sum(p["a"] * p["b"]))({"a": 2.0, "b": 5.0})
    {'a': 5.0, 'b': 2.0}
    """
    argnums = positions("grad", argnums, argnum)

    @functools.wraps(function_of("grad", f))
    def gradient(*args: Any, **keywords: Any) -> Any:
        return _differentiate(f, args, keywords, argnums, has_aux=has_aux, with_value=False)

    return gradient


__all__ = ["grad", "value_and_grad", "vjp"]
