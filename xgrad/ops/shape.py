"""Operations that rearrange elements; all are linear.

Their results are not views. The public functions, which return views as in NumPy, are in
`xgrad.ops.views.kinds`.
"""

import math
import operator
from collections.abc import Sequence
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import fill_batch, pad_rank
from xgrad.engine.constructors import general, linear, variadic_linear
from xgrad.engine.cotangents import unbroadcast
from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.errors import AxisError
from xgrad.ops.arguments import integers
from xgrad.ops.reductions import reduced_axes
from xgrad.typing import ArrayLike, Axis, SupportsArray, Value

__all__ = ["concat", "stack"]

Op = Any
Params = dict[str, Any]


def ndim_of(function: str, x: Any) -> int:
    """Return the number of axes of an array, or raise if it is not an array."""
    shape = getattr(x, "shape", None)
    if shape is None:
        raise TypeError(
            f"{called(function)}: expected an array or a Tensor, got {type(x).__name__}"
        )
    return len(shape)


def checked_axis(function: str, axis: int, ndim: int) -> int:
    """Return an axis as a non-negative integer, or raise."""
    try:
        axis = operator.index(axis)
    except TypeError:
        raise TypeError(f"{called(function)}: an axis must be an integer, got {axis!r}") from None
    if not -ndim <= axis < ndim:
        raise AxisError(f"{called(function)}: axis {axis} is out of bounds for {ndim} dimensions")
    return axis % ndim


def checked_axes(function: str, axis: Axis, ndim: int) -> tuple[int, ...]:
    """Return the axes of a reduction (None: all) as non-negative integers, or raise."""
    try:
        return tuple(map(operator.index, reduced_axes(axis, ndim)))
    except TypeError:
        raise TypeError(f"{called(function)}: axes must be integers, got {axis!r}") from None


# -- reshape and functions composed of it ------------------------------------------------------


@linear(
    transpose=lambda xp, g, like: xp.reshape(g, tuple(like.shape)),
    batch=lambda op, x, params: op(x, shape=(x.shape[0], *params["shape"])),
)
def _reshape(xp: Namespace, x: Value, /, *, shape: tuple[int, ...]) -> Value:
    return xp.reshape(x, shape)


@function(rules=True)
def reshape(x: SupportsArray, /, shape: int | Sequence[int]) -> Tensor:
    """Reshape, with elements in row-major order; one length may be -1."""
    ndim_of("reshape", x)
    have = tuple(x.shape)
    want = integers("reshape", "lengths", shape)
    known = math.prod(n for n in want if n != -1)
    if want.count(-1) == 1 and known:
        want = tuple(math.prod(have) // known if n == -1 else n for n in want)
    if any(n < 0 for n in want) or math.prod(want) != math.prod(have):
        raise ValueError(
            f"reshape: cannot arrange shape {have} as "
            f"{shape if isinstance(shape, int) else tuple(shape)}"
        )
    return _reshape(x, shape=want)


def expand_dims(x: SupportsArray, /, axis: int | tuple[int, ...]) -> Tensor:
    """Insert axes of length 1 so that they become ``axis`` of the result."""
    requested = axis if isinstance(axis, tuple) else (axis,)
    ndim = ndim_of("expand_dims", x) + len(requested)
    new = {checked_axis("expand_dims", a, ndim) for a in requested}
    if len(new) < len(requested):
        raise ValueError(f"expand_dims: axes repeat in {axis}")
    lengths = iter(x.shape)
    return _reshape(x, shape=tuple(1 if i in new else next(lengths) for i in range(ndim)))


def squeeze(x: SupportsArray, /, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Remove axes of length 1: those in ``axis``, or all of them."""
    ndim, shape = ndim_of("squeeze", x), tuple(x.shape)
    if axis is None:
        return _reshape(x, shape=tuple(n for n in shape if n != 1))
    requested = axis if isinstance(axis, tuple) else (axis,)
    axes = {checked_axis("squeeze", a, ndim) for a in requested}
    long = [a for a in axes if shape[a] != 1]
    if long:
        raise ValueError(f"squeeze: axis {long[0]} of shape {shape} does not have length 1")
    return _reshape(x, shape=tuple(n for i, n in enumerate(shape) if i not in axes))


# -- order of axes and of elements -------------------------------------------------------------


def inverse_order(axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the inverse permutation of axes."""
    return tuple(axes.index(i) for i in range(len(axes)))


@linear(
    transpose=lambda xp, g, axes: xp.permute_dims(g, inverse_order(axes)),
    batch=lambda op, x, params: op(x, axes=(0, *(a + 1 for a in params["axes"]))),
)
def _permute_dims(xp: Namespace, x: Value, /, *, axes: tuple[int, ...]) -> Value:
    return xp.permute_dims(x, axes)


@function(rules=True)
def permute_dims(x: ArrayLike, /, axes: Sequence[int]) -> Tensor:
    """Reorder the axes: axis ``i`` of the result is axis ``axes[i]`` of ``x``."""
    ndim = ndim_of("permute_dims", x)
    order = tuple(checked_axis("permute_dims", a, ndim) for a in axes)
    if sorted(order) != list(range(ndim)):
        name = called("permute_dims")
        raise ValueError(f"{name}: {tuple(axes)} is not a permutation of {ndim} axes")
    return _permute_dims(x, axes=order)


@function(rules=True)
def matrix_transpose(x: ArrayLike, /) -> Tensor:
    """Swap the last two axes."""
    ndim = ndim_of("matrix_transpose", x)
    if ndim < 2:
        raise ValueError(f"matrix_transpose: expected at least 2 dimensions, got {ndim}")
    return _permute_dims(x, axes=(*range(ndim - 2), ndim - 1, ndim - 2))


def moved_axes(ndim: int, source: Any, destination: Any) -> tuple[int, ...]:
    """Return the permutation of axes of `moveaxis`."""
    sources = integers("moveaxis", "axes", source)
    targets = integers("moveaxis", "axes", destination)
    sources = tuple(checked_axis("moveaxis", a, ndim) for a in sources)
    targets = tuple(checked_axis("moveaxis", a, ndim) for a in targets)
    if len(sources) != len(targets) or not len(set(sources)) == len(sources) == len(set(targets)):
        raise ValueError(
            f"moveaxis: source and destination must have the same number of different axes, "
            f"got {source} and {destination} of {ndim} dimensions"
        )
    order = [a for a in range(ndim) if a not in sources]
    for target, a in sorted(zip(targets, sources, strict=True)):
        order.insert(target, a)
    return tuple(order)


@function(rules=True)
def moveaxis(x: ArrayLike, source: Any, destination: Any, /) -> Tensor:
    """Move axes to other positions; the rest keep their order."""
    return _permute_dims(x, axes=moved_axes(ndim_of("moveaxis", x), source, destination))


def _flip_transpose(xp: Namespace, g: Value, axis: Axis) -> Value:
    return xp.flip(g, axis=axis)


@linear(
    transpose=_flip_transpose,
    batch=lambda op, x, params: op(
        x, axis=tuple(a + 1 for a in reduced_axes(params["axis"], len(x.shape) - 1))
    ),
    rules=True,
)
def flip(xp: Namespace, x: Value, /, *, axis: Axis = None) -> Value:
    """Reverse the order of elements along an axis, several axes, or all (None)."""
    for a in () if axis is None else axis if isinstance(axis, tuple) else (axis,):
        checked_axis("flip", a, len(x.shape))
    axes = reduced_axes(axis, len(x.shape))
    return xp.flip(x, axis=axes) if axes else x


# -- broadcasting ------------------------------------------------------------------------------


@linear(
    transpose=lambda xp, g, like: unbroadcast(xp, g, tuple(like.shape)),
    batch=lambda op, x, params: op(
        pad_rank(x, len(params["shape"])), shape=(x.shape[0], *params["shape"])
    ),
)
def _broadcast_to(xp: Namespace, x: Value, /, *, shape: tuple[int, ...]) -> Value:
    return xp.broadcast_to(x, shape)


@function(rules=True)
def broadcast_to(x: SupportsArray, /, shape: Sequence[int]) -> Tensor:
    """Repeat along new axes and axes of length 1, without copying."""
    ndim_of("broadcast_to", x)
    have, want = tuple(x.shape), integers("broadcast_to", "lengths", shape)
    fits = len(have) <= len(want) and all(
        n in (1, m) for n, m in zip(reversed(have), reversed(want), strict=False)
    )
    if not fits:
        raise ValueError(f"{called('broadcast_to')}: shape {have} does not broadcast to {want}")
    return _broadcast_to(x, shape=want)


# -- joining and splitting ---------------------------------------------------------------------


def _concat_transpose(
    xp: Namespace, g: Value, likes: Any, *, axis: int, sizes: tuple[int, ...]
) -> Any:
    parts, start = [], 0
    for like, size in zip(likes, sizes, strict=True):
        key = (slice(None),) * axis + (slice(start, start + size),)
        parts.append(None if like is None else xp.basic_index(g, key))
        start += size
    return parts


def _batch_join(op: Op, args: Any, batched: Any, params: Params) -> Any:
    return op(*fill_batch(args, batched), **{**params, "axis": params["axis"] + 1})


@variadic_linear(transpose=_concat_transpose, batch=_batch_join)
def _concat(xp: Namespace, *arrays: Value, axis: int, sizes: tuple[int, ...]) -> Value:
    return xp.concat(arrays, axis=axis)


@function(rules=True)
def concat(arrays: Sequence[Any], axis: int | None = 0) -> Tensor:
    """Join arrays along an existing axis; ``axis=None`` flattens them first."""
    arrays = tuple(arrays)
    if not arrays:
        raise ValueError(f"{called('concat')}: expected at least one array")
    ndim = max(ndim_of("concat", x) for x in arrays)
    if axis is None:
        arrays, axis, ndim = tuple(reshape(x, (-1,)) for x in arrays), 0, 1
    shapes = [tuple(x.shape) for x in arrays]
    at = checked_axis("concat", axis, ndim)
    if any(s[:at] != shapes[0][:at] or s[at + 1 :] != shapes[0][at + 1 :] for s in shapes):
        raise ValueError(f"{called('concat')}: shapes differ outside axis {axis}: {shapes}")
    return _concat(*arrays, axis=at, sizes=tuple(s[at] for s in shapes))


def _stack_transpose(xp: Namespace, g: Value, likes: Any, *, axis: int) -> Any:
    return [
        None if like is None else xp.basic_index(g, (slice(None),) * axis + (i,))
        for i, like in enumerate(likes)
    ]


@variadic_linear(transpose=_stack_transpose, batch=_batch_join)
def _stack(xp: Namespace, *arrays: Value, axis: int) -> Value:
    return xp.stack(arrays, axis=axis)


@function(rules=True)
def stack(arrays: Sequence[Any], axis: int = 0) -> Tensor:
    """Join arrays of the same shape along a new axis."""
    arrays = tuple(arrays)
    if not arrays:
        raise ValueError(f"{called('stack')}: expected at least one array")
    shapes = [tuple(getattr(x, "shape", ())) for x in arrays]
    if any(s != shapes[0] for s in shapes):
        raise ValueError(f"{called('stack')}: shapes differ: {shapes}")
    return _stack(*arrays, axis=checked_axis("stack", axis, len(shapes[0]) + 1))


def _unstack_vjp(xp: Namespace, g: Any, like: Value, axis: int) -> Value:
    known = next(part for part in g if part is not None)
    return xp.stack([xp.zeros_like(known) if part is None else part for part in g], axis=axis)


@general(
    vjps=(_unstack_vjp,),
    jvps=(lambda xp, t, axis: xp.unstack(t, axis=axis),),
    batch=lambda op, args, batched, params: op(args[0], axis=params["axis"] + 1),
    several=True,
)
def _unstack(xp: Namespace, x: Value, /, *, axis: int) -> tuple[Value, ...]:
    return xp.unstack(x, axis=axis)


@function(rules=True)
def unstack(x: SupportsArray, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """Split along an axis into a tuple of arrays without that axis."""
    at = checked_axis("unstack", axis, ndim_of("unstack", x))
    if x.shape[at] == 0:
        return ()
    parts: tuple[Tensor, ...] = _unstack(x, axis=at)  # type: ignore[assignment]
    return parts


# -- dtype -------------------------------------------------------------------------------------


@linear(transpose=lambda xp, g: g, batch=lambda op, x, params: op(x, **params))
def _astype(xp: Namespace, x: Value, /, *, dtype: Any) -> Value:
    return xp.astype(x, dtype)
