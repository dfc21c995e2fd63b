"""Pytrees in and out of transforms: a derivative has the kind of the original leaf."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import optree

from xgrad.backends.dtypes import DIFFERENTIABLE_IDS, canonical, is_differentiable
from xgrad.backends.ownership import own_items
from xgrad.backends.registry import BY_TYPE, find_backend
from xgrad.backends.scalars import is_scalar
from xgrad.engine.dispatch import backend_below, wrap
from xgrad.engine.host_reads import read
from xgrad.engine.levels import Level
from xgrad.engine.tensor import Tensor, lowest, snapshot, stripped
from xgrad.engine.views import refresh
from xgrad.ops.creation import as_tensor


@dataclass(frozen=True)
class Arguments:
    """The leaves of a function's differentiated arguments.

    Attributes
    ----------
    values : list
        Raw arrays, or tracked Tensors of enclosing levels.
    originals : list
        The leaves as passed by the user.
    spec
        Their tree.
    """

    values: list[Any]
    originals: list[Any]
    spec: Any

    def like_inputs(self, derivatives: Sequence[Any]) -> Any:
        """Return values of the level below in the kinds of the user's leaves, in the same tree."""
        leaves = [like_leaf(d, leaf) for d, leaf in zip(derivatives, self.originals, strict=True)]
        return self.spec.unflatten(distinct(leaves))


def flatten(function: str, tree: Any, *others: Any) -> Arguments:
    """Flatten differentiated arguments and check that each leaf has gradients.

    Numbers move to the backend of the first array of the tree, or of other arguments.
    """
    leaves, spec = optree.tree_flatten(tree)
    return Arguments([leaf_value(function, x, leaves, *others) for x in leaves], leaves, spec)


def leaf_value(function: str, x: Any, *others: Any) -> Any:
    """Return a leaf as a raw array or a tracked Tensor; raise if it has no gradients.

    A tracked Tensor becomes a snapshot, because the caller may write to it before differentiation.
    """
    value = x
    if type(x) is Tensor:
        value = snapshot(x)
        value = value._value if value._node is None else value
    if type(value) is not Tensor:
        backend = BY_TYPE.get(type(value)) or find_backend(value)
        if backend is not None:
            value = backend.plain(value)
        elif is_scalar(value):
            value = stripped(as_tensor(value, like=others))
        else:
            hint = ""
            if hasattr(x, "named_parameters"):
                hint = "; functional_call makes a function of a module's parameters"
            raise TypeError(
                f"{function}: expected arrays, Tensors or numbers (or pytrees of them) to "
                f"differentiate by, got {type(x).__name__}{hint}"
            )
    dtype = lowest(value).dtype if type(value) is Tensor else value.dtype
    if id(dtype) not in DIFFERENTIABLE_IDS and not is_differentiable(dtype):
        raise TypeError(
            f"{function}: only floating-point and complex values have gradients, got "
            f"dtype {canonical(dtype)}; convert it first, as in astype(xgrad.float64)"
        )
    return value


def like_leaf(value: Any, leaf: Any) -> Any:
    """Return a value in the kind of a leaf: a Tensor, a raw array, or a Python number."""
    value = stripped(value)
    if type(value) is Tensor or type(leaf) is Tensor:
        return wrap(value)
    if type(leaf) in (float, complex):
        backend = backend_below(value)
        return value if backend.abstract else read(backend, value, "number").item()
    return value


def lowered(level: Level, leaf: Any) -> Any:
    """Return an output leaf as a value of the level below."""
    if type(leaf) is Tensor and refresh(leaf)._level is level:
        return leaf._value
    return stripped(leaf)


def has_tensor(*trees: Any) -> bool:
    """Whether any leaf of some trees is a Tensor."""
    return any(type(leaf) is Tensor for leaf in optree.tree_leaves(trees))


def settled(result: Any) -> Any:
    """Let views in a result refresh while their level is alive."""
    for leaf in optree.tree_leaves(result):
        if type(leaf) is Tensor:
            refresh(leaf)
    return result


def as_given(spec: Any, leaves: list[Any], tensors: bool) -> Any:
    """Return a result's leaves as Tensors, or raw if the function got raw leaves.

    Results belong to the caller: arrays that anything besides the list ``leaves`` refers to are
    copied. So the list is consumed, and the caller must not keep other references.
    """
    for i in range(len(leaves)):
        if not tensors:
            leaves[i] = stripped(leaves[i])
        elif find_backend(leaves[i]) is not None:
            leaves[i] = wrap(leaves[i])
    return spec.unflatten(own_items(distinct(leaves)))


def distinct(leaves: list[Any]) -> list[Any]:
    """Make all leaves of a result separate tensors: a write to one must not change another."""
    seen: set[int] = set()
    for i, x in enumerate(leaves):
        if type(x) is Tensor:
            if id(x) in seen:
                leaves[i] = snapshot(x)
            seen.add(id(x))
    return leaves


def like_given(spec: Any, leaves: list[Any], *given: Any) -> Any:
    """Return a result in the kind of the arguments: Tensors, raw arrays, or numbers for numbers."""
    inputs = optree.tree_leaves(given)
    if inputs and all(type(x) in (int, float, complex) for x in inputs):
        return spec.unflatten(own_items([_as_number(x) for x in leaves]))
    return as_given(spec, leaves, any(type(x) is Tensor for x in inputs))


def _as_number(x: Any) -> Any:
    x = stripped(x)
    return like_leaf(x, 0.0) if hasattr(x, "dtype") and tuple(x.shape) == () else x


def aux_as_given(level: Level, aux: Any, tensors: bool) -> Any:
    """Return the auxiliary result of a function, lowered from the transform's level."""
    leaves, spec = optree.tree_flatten(aux)
    del aux
    return as_given(spec, [lowered(level, x) for x in leaves], tensors)


def split_aux(function: str, result: Any, has_aux: bool) -> tuple[Any, Any]:
    """Split the result of a function with ``has_aux``."""
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(
            f"{function}: with has_aux=True the function must return (value, aux), "
            f"got {type(result).__name__}"
        )
    return result


def function_of(transform: str, f: Any) -> Any:
    """Return the function that a transform got, or raise if it cannot be called."""
    if callable(f):
        return f
    computed = type(f) is Tensor and transform in ("grad", "value_and_grad")
    hint = "; xgrad.autograd.grad takes tensors that are already computed" if computed else ""
    raise TypeError(f"{transform}: expected a function, got {type(f).__name__}{hint}")


def name_of(f: Callable[..., Any]) -> str:
    """Return a function's name for messages."""
    while isinstance(f, functools.partial):
        f = f.func
    return getattr(f, "__name__", type(f).__name__)


def split_arrays(tree: Any) -> tuple[list[Any], Any]:
    """Split a tree into its arrays (values) and the rest, for `join_arrays`."""
    leaves, spec = optree.tree_flatten(tree)
    here = [type(x) is Tensor or find_backend(x) is not None for x in leaves]
    arrays = [stripped(x) for x, array in zip(leaves, here, strict=True) if array]
    rest = [None if array else x for x, array in zip(leaves, here, strict=True)]
    return arrays, (here, rest, spec)


def join_arrays(arrays: Sequence[Any], rest: Any) -> Any:
    """Join a split tree again, with its arrays as Tensors."""
    here, others, spec = rest
    values = iter(arrays)
    return spec.unflatten(
        [wrap(next(values)) if array else x for x, array in zip(others, here, strict=True)]
    )


def tracked_levels(tree: Any) -> set[Level]:
    """Return the levels at which the leaves of a tree are tracked."""
    levels = set()
    for x in optree.tree_leaves(tree):
        x = stripped(x)
        while type(x) is Tensor:
            levels.add(x._level)
            x = stripped(x._value)
    return levels
