"""Vectorization: `vmap`."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import optree

from xgrad.backends.registry import find_backend
from xgrad.engine.dispatch import namespace, wrap
from xgrad.engine.levels import BATCH, Level, open_level
from xgrad.engine.node import BATCHED
from xgrad.engine.randomness import CHOICES, Draws, drawing
from xgrad.engine.tensor import Tensor, snapshot, stripped
from xgrad.engine.views import refresh
from xgrad.ops.creation import as_tensor
from xgrad.transforms.trees import as_given, function_of, has_tensor, name_of, settled

P = ParamSpec("P")
R = TypeVar("R")


def vmap(
    f: Callable[P, R],
    in_axes: Any = 0,
    out_axes: Any = 0,
    *,
    randomness: str = "error",
    chunk_size: int | None = None,
) -> Callable[P, R]:
    """Return a function that applies ``f`` to all examples of a batch at once.

    Parameters
    ----------
    f : callable
        A function of one example: pytrees of arrays, Tensors and numbers.
    in_axes : int, None, or tuple of trees of them
        The batch axis of each argument; None: shared by all examples. A tree of axes may be a
        prefix of the argument's tree.
    out_axes : int or tree
        The batch axis of each result.
    randomness : {"error", "different", "same"}
        How random numbers (`xgrad.random`, dropout) behave inside: an error, separate numbers for
        each example, or one draw that all examples share.
    chunk_size : int, optional
        How many examples to process at once, to bound the memory. By default all.

    Raises
    ------
    ValueError
        If no argument is batched, or lengths differ.
    AutogradError
        If ``f`` draws random numbers and ``randomness`` is "error".

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.vmap(lambda a, b: xg.sum(a * b), in_axes=(0, None))(np.eye(2), np.asarray([3., 4.]))
    array([3., 4.])
    >>> noisy = xg.vmap(lambda a: a + xg.random.uniform(), randomness="different")
    >>> a, b = noisy(np.zeros(2))
    >>> bool(a == b)
    False
    """
    if randomness not in CHOICES:
        raise ValueError(
            f"vmap: randomness must be one of {', '.join(CHOICES)}, got {randomness!r}"
        )

    def at_once(
        leaves: list[Any],
        axes: list[int | None],
        spec: Any,
        keywords: dict[str, Any],
        size: int,
        draws: Draws,
    ) -> tuple[list[Any], list[int | None], Any]:
        """Return the leaves of the results, with their batch axes, and their tree."""
        with (
            open_level("vmap", BATCH, size) as level,
            drawing(level, randomness, draws),
        ):
            inputs = [_batched_leaf(level, x, a) for x, a in zip(leaves, axes, strict=True)]
            result = settled(f(*spec.unflatten(inputs), **keywords))
        outputs, out_spec = optree.tree_flatten(result)
        positions = _broadcast_prefix("out_axes", out_axes, result)
        lowered = [_unbatched(level, x, a, size) for x, a in zip(outputs, positions, strict=True)]
        return lowered, positions, out_spec

    @functools.wraps(function_of("vmap", f))
    def batched(*args: Any, **keywords: Any) -> Any:
        axes = in_axes if isinstance(in_axes, tuple | list) else (in_axes,) * len(args)
        if len(axes) != len(args):
            raise ValueError(
                f"vmap: in_axes has {len(axes)} entries, but {name_of(f)} was given "
                f"{len(args)} positional argument(s)"
            )
        leaves, spec = optree.tree_flatten(args)
        flat_axes = _broadcast_prefix("in_axes", tuple(axes), args)
        size = _batch_size(leaves, flat_axes)
        draws: Draws = []
        chunks = [
            at_once(
                _part(leaves, flat_axes, start, stop),
                flat_axes,
                spec,
                keywords,
                stop - start,
                draws,
            )
            for start, stop in chunks_of("vmap", size, chunk_size) or [(0, 0)]
        ]
        results, positions, out_spec = chunks[0]
        if len(chunks) > 1:
            rows = zip(*(lowered for lowered, _, _ in chunks), strict=True)
            results = [
                parts[0] if a is None else stripped(namespace(*parts).concat(list(parts), axis=a))
                for parts, a in zip(rows, positions, strict=True)
            ]
            del rows
        return as_given(out_spec, results, has_tensor(args, keywords))

    return batched


def chunks_of(function: str, count: int, chunk_size: int | None) -> list[tuple[int, int]]:
    """Return (start, stop) of the chunks of a batch; without a size, one chunk."""
    if chunk_size is not None and (not isinstance(chunk_size, int) or chunk_size < 1):
        raise ValueError(f"{function}: expected a positive chunk_size, got {chunk_size!r}")
    size = chunk_size or max(count, 1)
    return [(i, min(i + size, count)) for i in range(0, count, size)]


def _part(leaves: list[Any], axes: list[int | None], start: int, stop: int) -> list[Any]:
    """Return a chunk of the batched leaves."""
    return [
        x
        if a is None or (start, stop) == (0, x.shape[a])
        else stripped(wrap(stripped(x))[(*(slice(None),) * (a % len(x.shape)), slice(start, stop))])
        for x, a in zip(leaves, axes, strict=True)
    ]


def _broadcast_prefix(name: str, prefix: Any, tree: Any) -> list[int | None]:
    """Expand a tree of axes, which may be a prefix, to the leaves of ``tree``."""
    try:
        axes: list[int | None] = optree.broadcast_prefix(
            optree.tree_map(lambda a: _NONE if a is None else a, prefix, none_is_leaf=True), tree
        )
    except ValueError as error:
        raise ValueError(
            f"vmap: {name} is not a prefix of the tree that it describes: {error}"
        ) from None
    return [None if a is _NONE else a for a in axes]


_NONE = object()


def _batch_size(leaves: list[Any], axes: list[int | None]) -> int:
    sizes: dict[int, tuple[int, ...]] = {}
    for x, axis in zip(leaves, axes, strict=True):
        if axis is None:
            continue
        shape = tuple(getattr(x, "shape", ()))
        if not -len(shape) <= axis < len(shape):
            raise ValueError(f"vmap: axis {axis} is out of bounds for an argument of shape {shape}")
        sizes[shape[axis]] = shape
    if len(sizes) > 1:
        raise ValueError(f"vmap: batch lengths differ: {sorted(sizes)}")
    if not sizes:
        raise ValueError("vmap: at least one argument must be batched (in_axes is None for all)")
    return next(iter(sizes))


def _batched_leaf(level: Level, x: Any, axis: int | None) -> Any:
    if axis is None:
        return x
    value = stripped(x)
    if value is x:  # tracked: the caller may write to it before the results are computed
        value = snapshot(x)
    if axis % len(value.shape):
        value = stripped(namespace(value).moveaxis(value, axis, 0))
    return Tensor(value, level, BATCHED)


def _unbatched(level: Level, x: Any, axis: int | None, size: int) -> Any:
    """Return an output leaf with its batch axis moved to ``out_axes``."""
    batched = type(x) is Tensor and refresh(x)._level is level
    if axis is None:
        if batched:
            raise ValueError("vmap: out_axes is None for a result that differs between examples")
        return stripped(x)
    value = x._value if batched else stripped(x)
    if not batched:
        if isinstance(value, int | float | complex):  # the same number for every example
            value = stripped(as_tensor(value))
        if type(value) is not Tensor and find_backend(value) is None:
            raise TypeError(f"vmap: expected arrays as results, got {type(x).__name__}")
        value = namespace(value).broadcast_to(value, (size, *value.shape))
    if axis % len(value.shape):
        value = namespace(value).moveaxis(value, 0, axis)
    return stripped(value)
