"""Jacobians and Hessians: derivatives along all basis vectors in one batched pass."""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

import optree

from xgrad.backends.dtypes import canonical, is_complex, is_differentiable
from xgrad.engine.backward import run_backward
from xgrad.engine.cotangents import ones_like
from xgrad.engine.dispatch import XG, backend_below, namespace, wrap
from xgrad.engine.levels import TAPE, open_level
from xgrad.engine.randomness import Draws, drawing
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.ops.creation import as_tensor
from xgrad.transforms.forward import flatten_both, jvp
from xgrad.transforms.reverse import (
    check_loss,
    inputs_of,
    positions,
    pull,
    run_on_tape,
    selected,
)
from xgrad.transforms.trees import (
    Arguments,
    as_given,
    aux_as_given,
    flatten,
    function_of,
    has_tensor,
    like_leaf,
    lowered,
    name_of,
    settled,
    split_aux,
)
from xgrad.transforms.vectorise import chunks_of, vmap

P = ParamSpec("P")

__all__ = ["hessian", "hvp", "jacfwd", "jacrev"]


def _basis(like: Any, start: int, stop: int) -> Any:
    """Return the unit vectors from ``start`` to ``stop`` of a value's shape, batched.

    Indices before the first and after the last produce zeros.
    """
    shape = tuple(like.shape)
    xp, raw = backend_below(like).xp, lowest(like)
    rows = xp.eye(stop - start, math.prod(shape), k=start, dtype=raw.dtype, device=xp.device(raw))
    return xp.reshape(rows, (stop - start, *shape))


def _joined(parts: list[list[Any]]) -> list[Any]:
    """Concatenate the chunks of each result along the batch axis."""
    if len(parts) == 1:
        return parts[0]
    return [stripped(XG.concat(list(rows), axis=0)) for rows in zip(*parts, strict=True)]


def _check_kinds(function: str, arguments: Arguments, holomorphic: bool) -> None:
    for x in arguments.values:
        dtype = canonical(lowest(x).dtype)
        if is_complex(dtype) != holomorphic:
            raise TypeError(
                f"{function}: holomorphic=True requires complex arguments, got {dtype}"
                if holomorphic
                else f"{function}: got {dtype}; pass holomorphic=True for a holomorphic function, "
                "or differentiate with respect to the real and imaginary parts"
            )


def _check_outputs(function: str, f: Any, outputs: Sequence[Any], holomorphic: bool) -> None:
    for y in outputs:
        dtype = canonical(lowest(y).dtype)
        if is_complex(dtype) != holomorphic and (holomorphic or function == "jacrev"):
            want = "complex numbers (holomorphic=True)" if holomorphic else "real numbers"
            raise TypeError(f"{function}: {name_of(f)} must return {want}, got {dtype}")


def _output(function: str, f: Any, y: Any, like: Any) -> Any:
    """Return an output leaf as a value with a dtype that has derivatives."""
    y = y if hasattr(y, "dtype") else as_tensor(y, like=like)
    if not is_differentiable(lowest(y).dtype):
        raise TypeError(
            f"{function}: {name_of(f)} must return floating-point values, got "
            f"dtype {canonical(lowest(y).dtype)} (has_aux=True for additional values)"
        )
    return y


def _like(value: Any, leaf: Any, y: Any) -> Any:
    """Return a part of a Jacobian in the kind of the argument, or of the output for a number."""
    if type(leaf) not in (float, complex) or not value.shape:
        return like_leaf(value, leaf)
    here, there = backend_below(value), backend_below(y)
    if here.name != there.name:
        target = (there.name, there.xp.device(lowest(y)))
        value = XG.transfer(value, source=(here.name, None), target=target)
    return stripped(value)


def jacrev(
    f: Callable[P, Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    holomorphic: bool = False,
    chunk_size: int | None = None,
) -> Callable[P, Any]:
    """Return the Jacobian of ``f`` by reverse mode, which suits few outputs.

    Parameters
    ----------
    f : callable
        Takes and returns pytrees of arrays, Tensors and numbers.
    argnums : int or sequence of int
        The positional arguments to differentiate with respect to.
    has_aux : bool
        Whether ``f`` returns ``(value, aux)``; the result is then ``(jacobian, aux)``.
    holomorphic : bool
        Asserts that ``f`` is holomorphic; its arguments and values are complex.
    chunk_size : int, optional
        How many outputs to pull back at once, to bound the memory. By default all.

    Returns
    -------
    callable
        Takes the arguments of ``f``. Its result has the tree of the value, and for each leaf
        the tree of the argument (a tuple of trees for several): arrays of shape
        ``(*value.shape, *argument.shape)``.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.jacrev(lambda x: x[:2] * x[2])(np.asarray([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """

    @functools.wraps(function_of("jacrev", f))
    def jacobian(*args: Any, **keywords: Any) -> Any:
        function = functools.partial(f, **keywords) if keywords else f
        of_chosen, chosen = selected(function, args, argnums, "jacrev")
        arguments = flatten("jacrev", chosen, args, keywords)
        _check_kinds("jacrev", arguments, holomorphic)
        level, inputs, result = run_on_tape("jacrev", of_chosen, arguments)
        result, aux = split_aux("jacrev", result, has_aux)
        outputs, spec = optree.tree_flatten(result)
        outputs = [_output("jacrev", f, y, arguments.values) for y in outputs]
        _check_outputs("jacrev", f, outputs, holomorphic)

        def rows_of(y: Any) -> list[Any]:
            """Return d y / d x for each leaf x, shape (y.size, *x.shape)."""
            value = lowered(level, y)
            shape = tuple(value.shape)
            count = math.prod(shape)
            if type(y) is not Tensor or y._level is not level:
                return [_zero_rows(x._value, count) for x in inputs]

            def pulled(g: Any) -> list[Any]:
                cotangents = pull(level, inputs, [(y._node, stripped(g))], retain_graph=True)
                return [wrap(c) for c in cotangents]

            if count == 1:  # a gradient does not need a batch
                seed = stripped(namespace(value).ones_like(value))
                return [_with_axis(stripped(c)) for c in pulled(seed)]
            if not count:
                return [_zero_rows(x._value, 0) for x in inputs]
            return _joined(
                [
                    [
                        stripped(c)
                        for c in vmap(pulled, randomness="same")(wrap(_basis(value, *chunk)))
                    ]
                    for chunk in chunks_of("jacrev", count, chunk_size)
                ]
            )

        parts = []
        for y in outputs:
            rows = [
                namespace(r).reshape(r, (*y.shape, *x.shape))
                for r, x in zip(rows_of(y), inputs, strict=True)
            ]
            rows = [stripped(namespace(r).conj(r)) if holomorphic else r for r in rows]
            tree = arguments.spec.unflatten(
                [_like(r, leaf, y) for r, leaf in zip(rows, arguments.originals, strict=True)]
            )
            parts.append(tree[0] if isinstance(argnums, int) else tree)
        jac = spec.unflatten(parts)
        if not has_aux:
            return jac
        return jac, aux_as_given(level, aux, has_tensor(args, keywords))

    return jacobian


def _zero_rows(x: Any, count: int) -> Any:
    xp, raw = backend_below(x).xp, lowest(x)
    return xp.zeros((count, *x.shape), dtype=raw.dtype, device=xp.device(raw))


def _with_axis(x: Any) -> Any:
    return stripped(namespace(x).reshape(x, (1, *x.shape)))


def jacfwd(
    f: Callable[P, Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    holomorphic: bool = False,
    chunk_size: int | None = None,
) -> Callable[P, Any]:
    """Return the Jacobian of ``f`` by forward mode, which suits few inputs.

    Parameters and result are those of `jacrev`; ``chunk_size`` is the number of inputs whose
    tangents are pushed forward at once. ``f`` may map real arguments to complex values.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.jacfwd(lambda t: {"x": xg.cos(t), "y": xg.sin(t)})(0.0)
    {'x': -0.0, 'y': 1.0}
    """

    @functools.wraps(function_of("jacfwd", f))
    def jacobian(*args: Any, **keywords: Any) -> Any:
        function = functools.partial(f, **keywords) if keywords else f
        of_chosen, chosen = selected(function, args, argnums, "jacfwd")
        arguments = flatten("jacfwd", chosen, args, keywords)
        _check_kinds("jacfwd", arguments, holomorphic)
        sizes = [math.prod(x.shape) for x in arguments.values]
        count = sum(sizes)
        seen: list[Any] = []

        def pushed(*directions: Any) -> list[Any]:
            tangents = arguments.spec.unflatten(directions)
            primals = arguments.spec.unflatten([wrap(x) for x in arguments.values])
            value, tangent, *aux = jvp(of_chosen, (primals,), (tangents,), has_aux)
            outputs, spec = optree.tree_flatten(value)
            outputs = [_output("jacfwd", f, y, arguments.values) for y in outputs]
            _check_outputs("jacfwd", f, outputs, holomorphic)
            seen[:] = [spec, [tuple(y.shape) for y in outputs], aux]
            return [
                wrap(stripped(_output("jacfwd", f, t, arguments.values)))
                for t in optree.tree_leaves(tangent)
            ]

        parts = []
        draws: Draws = []
        for start, stop in chunks_of("jacfwd", count, chunk_size) or [(0, 0)]:
            bases, offset = [], 0
            for x, size in zip(arguments.values, sizes, strict=True):
                bases.append(wrap(_basis(x, start - offset, stop - offset)))
                offset += size
            single = stop - start == 1
            with drawing(None, "same", draws):  # all directions share the numbers
                jac = (
                    pushed(*(wrap(stripped(b)[0, ...]) for b in bases))
                    if single
                    else vmap(pushed, randomness="same")(*bases)
                )
            parts.append([_with_axis(stripped(c)) if single else stripped(c) for c in jac])
        columns = _joined(parts)
        spec, shapes, aux = seen
        trees = []
        for column, shape in zip(columns, shapes, strict=True):
            leaves, offset = [], 0
            for x, leaf, size in zip(arguments.values, arguments.originals, sizes, strict=True):
                part = XG.moveaxis(wrap(column)[offset : offset + size], 0, -1)
                part = XG.reshape(part, (*shape, *x.shape))
                leaves.append(_like(stripped(part), leaf, part))
                offset += size
            tree = arguments.spec.unflatten(leaves)
            trees.append(tree[0] if isinstance(argnums, int) else tree)
        jac = spec.unflatten(trees)
        if not has_aux:
            return jac
        leaves, aux_spec = optree.tree_flatten(aux[0])
        return jac, as_given(aux_spec, leaves, has_tensor(args, keywords))

    return jacobian


def hessian(
    f: Callable[P, Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    *,
    holomorphic: bool = False,
    chunk_size: int | None = None,
    argnum: int | Sequence[int] | None = None,
) -> Callable[P, Any]:
    """Return the second derivatives of ``f``, by forward over reverse mode.

    Parameters are those of `jacrev`; ``argnum`` is another name of ``argnums``, as in
    HIPS/autograd. For a real scalar function, the result nests the tree of the argument twice,
    with arrays of shape ``(*x.shape, *y.shape)`` for leaves x and y.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.hessian(lambda x: x[0] ** 2 * x[1])(np.asarray([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    argnums = positions("hessian", argnums, argnum)
    first = jacrev(f, argnums, has_aux, holomorphic=holomorphic)
    return jacfwd(first, argnums, has_aux, holomorphic=holomorphic, chunk_size=chunk_size)


def hvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """Return the product of the Hessian of ``f`` with a vector, by reverse over reverse mode.

    Parameters
    ----------
    f : callable
        Returns one real number.
    primals, tangents : sequences
        One tree per argument, of equal structure, shapes and dtypes.
    has_aux : bool
        Whether ``f`` returns ``(value, aux)``; the result is then ``(product, aux)``.

    Returns
    -------
    tree
        Like the primal, or a tuple of trees for several primals.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.hvp(lambda x: xg.sum(x**3), (np.asarray([1.0, 2.0]),), (np.asarray([1.0, 10.0]),))
    array([  6., 120.])
    """
    arguments, directions = flatten_both("hvp", primals, tangents)
    with open_level("hvp", TAPE) as level:
        inputs, handed = inputs_of(level, arguments)
        result = settled(f(*handed))
        result, aux = split_aux("hvp", result, has_aux)
        check_loss("hvp", f, result)
        nodes = [x._node for x in inputs]
        seeds: list[Any] = []
        if type(result) is Tensor and result._level is level:
            first = run_backward(
                level, [(result._node, ones_like(result._value))], inputs=nodes,
                retain_graph=True, create_graph=True,
            )  # fmt: skip
            for node, v in zip(nodes, directions.values, strict=True):
                g = first.get(node.order)
                if type(g) is Tensor and g._level is level:
                    seeds.append((g._node, v))
        products = pull(level, inputs, seeds, retain_graph=False)
    product = arguments.like_inputs(products)
    product = product[0] if len(primals) == 1 else product
    return (
        (product, aux_as_given(level, aux, has_tensor(primals, tangents))) if has_aux else product
    )
