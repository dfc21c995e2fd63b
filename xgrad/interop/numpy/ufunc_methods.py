"""Methods of ufuncs on Tensors: ``reduce``, ``accumulate``, ``reduceat`` and ``outer``."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.backends.host import NO_VALUE
from xgrad.engine.tensor import Tensor, lowest, snapshot
from xgrad.interop.numpy import ufuncs
from xgrad.interop.numpy.standins import dry_run, dtype_of, standin
from xgrad.interop.numpy.ufunc_at import at
from xgrad.ops import cumulative, floats, reductions, statistics
from xgrad.ops.creation import array_like, as_tensor, astype, full
from xgrad.ops.elementwise import add, is_floating, negative, subtract
from xgrad.ops.selection import where
from xgrad.ops.shape import (
    broadcast_to,
    checked_axis,
    concat,
    expand_dims,
    moveaxis,
    reshape,
    stack,
    unstack,
)
from xgrad.ops.views.parts import basic_index
from xgrad.ops.views.take import index_add

#: What reduces along axes at once.
_REDUCTIONS: dict[Any, Callable[..., Any]] = {
    np.add: lambda x, **axes: reductions.sum(x, dtype=x.dtype, **axes),
    np.multiply: lambda x, **axes: reductions.prod(x, dtype=x.dtype, **axes),
    np.maximum: reductions.max,
    np.minimum: reductions.min,
    np.logical_and: reductions.all,
    np.logical_or: reductions.any,
    np.logaddexp: statistics.logsumexp,
}
#: Those of them for which floating-point numbers need no stand-ins.
_SAME_DTYPE = frozenset((np.add, np.multiply, np.maximum, np.minimum))
#: What is computed along an axis at once, for each element and those before it.
_RUNNING: dict[Any, Callable[..., Any]] = {
    np.add: lambda x, axis: cumulative.cumulative_sum(x, axis=axis, dtype=x.dtype),
    np.multiply: lambda x, axis: cumulative.cumulative_prod(x, axis=axis, dtype=x.dtype),
    np.logaddexp: lambda x, axis: statistics.cumulative_logsumexp(x, axis=axis),
}
#: Associative and commutative: pairs may be combined in any order.
_ASSOCIATIVE = {
    *_REDUCTIONS, np.fmax, np.fmin, np.logical_xor, np.logaddexp2, np.hypot, np.gcd, np.lcm,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor,
}  # fmt: skip
#: Their results are not negative, except that of no numbers, which is the initial value.
_MAGNITUDES = (np.hypot, np.gcd, np.lcm)


def _part(axis: int, ndim: int, part: Any) -> Any:
    return (slice(None),) * axis + (part,) + (slice(None),) * (ndim - axis - 1)


def _slice(x: Any, axis: int, start: int, stop: int) -> Tensor:
    out: Any = basic_index(x, key=_part(axis, len(x.shape), slice(start, stop)))
    return out if type(out) is Tensor else as_tensor(out)


def _same(x: Tensor) -> Tensor:
    """Return another Tensor with the value of ``x``: later writes change only one of them."""
    out: Tensor = snapshot(x)
    return out


def _as(x: Any, dtype: Any, of: np.dtype[Any]) -> Tensor:
    """Return an array as a Tensor of the dtype that NumPy found for arrays of dtype ``of``."""
    x = array_like("reduce", x)
    same = of == dtype  # NumPy does not know bfloat16
    return as_tensor(x) if same else astype(x, dtype, copy=False)


# -- reduce ------------------------------------------------------------------------------------


def _identity(ufunc: Any, x: Tensor) -> Any:
    """Return the result of an empty reduction, in the dtype of ``x``."""
    return np.asarray(ufunc.identity).astype(x.dtype).item()


def _of_nothing(ufunc: Any, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Return an empty reduction, which is connected to ``x`` in the graph."""
    lead = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    identity = full(lead, _identity(ufunc, x), dtype=x.dtype)
    if dtype_of(x).kind not in "fc":
        return identity
    return add(identity, reductions.sum(x, axis=axes, dtype=x.dtype))


def _pairwise(op: Callable[..., Any], x: Tensor, axis: int) -> Tensor:
    """Reduce an axis that is not empty by an associative op, in log2(n) steps."""
    while (count := x.shape[axis]) > 1:
        half = count // 2
        pairs = op(_slice(x, axis, 0, half), _slice(x, axis, half, 2 * half))
        x = concat((pairs, _slice(x, axis, 2 * half, count)), axis=axis) if count % 2 else pairs
    return reshape(x, (*x.shape[:axis], *x.shape[axis + 1 :]))


def _at_once(
    ufunc: Any, op: Callable[..., Any], x: Tensor, axes: tuple[int, ...], *, keepdims: bool
) -> Tensor:
    """Reduce axes by an associative op."""
    if not axes:
        return _same(x)
    function = _REDUCTIONS.get(ufunc)
    empty = math.prod(x.shape[i] for i in axes) == 0
    if function is not None and not (empty and ufunc is np.logaddexp):
        out: Tensor = function(x, axis=axes, keepdims=keepdims)
        return out
    kept = [i for i in range(x.ndim) if i not in axes]
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    lead = tuple(x.shape[i] for i in kept)
    if empty:
        out = _of_nothing(ufunc, x, axes)
    else:
        moved = moveaxis(x, axes, tuple(range(-len(axes), 0)))
        out = _pairwise(op, reshape(moved, (*lead, -1)) if math.prod(lead) else moved, len(lead))
    return reshape(out, shape) if keepdims else out


def _ldexp(x: Tensor, n: Tensor) -> Tensor:
    return floats.ldexp(x, astype(n, "int64"))


def _subtracted(x: Tensor, axis: int, start: Any, mask: Any) -> Tensor:
    if mask is not None:
        x = where(mask, x, 0)
    if start is None:
        start = reshape(_slice(x, axis, 0, 1), (*x.shape[:axis], *x.shape[axis + 1 :]))
        x = _slice(x, axis, 1, x.shape[axis])
    return subtract(start, reductions.sum(x, axis=axis, dtype=x.dtype))


def _in_order(
    ufunc: Any, op: Callable[..., Any], x: Tensor, axis: int, start: Any, mask: Any
) -> Tensor:
    """Reduce an axis from its first element to its last."""
    if ufunc is np.subtract:
        return _subtracted(x, axis, start, mask)
    parts = list(unstack(x, axis=axis))
    if ufunc is np.ldexp:  # NumPy converts only its first argument
        op = _ldexp
    total = start if start is not None else parts.pop(0)
    if mask is None:
        return functools.reduce(op, parts, total)
    total = broadcast_to(total, x.shape[:axis] + x.shape[axis + 1 :])
    for part, chosen in zip(parts, unstack(mask, axis=axis), strict=True):
        new = op(ufuncs.safe(ufunc, chosen, total, 0), ufuncs.safe(ufunc, chosen, part, 1))
        total = where(chosen, new, total)
    return total


def reduce(
    ufunc: Any,
    op: Callable[..., Any],
    array: Any,
    *,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = NO_VALUE,
    where: Any = True,
) -> Tensor:
    """``ufunc.reduce``: combine the elements along an axis (0), several axes, or all (None)."""
    usual = dtype is None and out is None and initial is NO_VALUE and where is True
    usual = usual and ufunc in _SAME_DTYPE and type(array) is Tensor
    if usual and array.shape and is_floating(lowest(array)):
        plain: Tensor = _REDUCTIONS[ufunc](array, axis=axis, keepdims=keepdims)
        return plain
    outs = ufuncs.outputs(ufunc, "reduce", (array,), out)
    array = array_like("reduce", array)
    mask = None if where is True else ufuncs.checked_mask(ufunc, where, array)
    said = {} if initial is NO_VALUE else {"initial": initial}
    small = {name: standin(value) for name, value in said.items()}
    if mask is not None:
        small["where"] = standin(mask)
    tried = standin(array)
    expected = dry_run(ufunc.reduce, tried, axis=axis, dtype=dtype, keepdims=keepdims, **small)
    x = _as(array, expected.dtype, tried.dtype)
    if not x.shape and axis is not None:
        axis = ()
    axes = reductions.reduced_axes(tuple(axis) if isinstance(axis, list) else axis, x.ndim)
    first = said.get("initial")
    alone = math.prod(x.shape[i] for i in axes) == 1
    if initial is NO_VALUE and alone and ufunc in _MAGNITUDES:  # NumPy starts from the identity
        first = ufunc.identity
    if first is not None:
        first = astype(as_tensor(first, like=x), x.dtype, copy=False)
    if mask is not None:
        mask = broadcast_to(mask, x.shape)
    if ufunc in _ASSOCIATIVE:
        result = _associative(ufunc, op, x, axes, keepdims, first, mask)
    elif not axes:
        result = _same(x) if first is None else op(first, x)
    elif x.shape[axes[0]] == 0 and first is None:
        lead = tuple(n for i, n in enumerate(x.shape) if i not in axes)
        result = full(lead, ufunc.identity or 0, dtype=x.dtype)
    else:
        result = _in_order(ufunc, op, x, axes[0], first, mask)
        result = broadcast_to(result, tuple(n for i, n in enumerate(x.shape) if i not in axes))
    if keepdims and result.ndim < x.ndim:
        result = expand_dims(result, axes)
    return ufuncs.write(ufunc, result, outs)


def _associative(
    ufunc: Any,
    op: Callable[..., Any],
    x: Tensor,
    axes: tuple[int, ...],
    keepdims: bool,
    first: Any,
    mask: Any,
) -> Tensor:
    empty = math.prod(x.shape[i] for i in axes) == 0
    if mask is not None:
        neutral = first if ufunc.identity is None else _identity(ufunc, x)
        x = where(mask, x, neutral)
    if empty and first is not None:
        lead = tuple(n for i, n in enumerate(x.shape) if i not in axes)
        return broadcast_to(first, lead)
    result = _at_once(ufunc, op, x, axes, keepdims=keepdims)
    if first is None:
        return result
    combined: Tensor = op(first, result)
    if mask is None or ufunc not in _MAGNITUDES:
        return combined
    return where(reductions.any(mask, axis=axes, keepdims=keepdims), combined, first)


# -- accumulate --------------------------------------------------------------------------------


def _running(ufunc: Any, op: Callable[..., Any], x: Tensor, axis: int) -> Tensor:
    count = x.shape[axis]
    if count < 2:
        return _same(x)
    if ufunc in _RUNNING:
        out: Tensor = _RUNNING[ufunc](x, axis)
        return out
    if ufunc is np.subtract:
        rest = negative(_slice(x, axis, 1, count))
        return _running(np.add, add, concat((_slice(x, axis, 0, 1), rest), axis=axis), axis)
    if ufunc not in _ASSOCIATIVE:
        parts = unstack(x, axis=axis)
        totals = [parts[0]]
        for part in parts[1:]:
            totals.append(op(totals[-1], part))
        return stack(totals, axis=axis)
    shift = 1
    while shift < count:  # by doubling (Hillis & Steele 1986)
        late = op(_slice(x, axis, 0, count - shift), _slice(x, axis, shift, count))
        x = concat((_slice(x, axis, 0, shift), late), axis=axis)
        shift *= 2
    return x


def accumulate(
    ufunc: Any,
    op: Callable[..., Any],
    array: Any,
    *,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
) -> Tensor:
    """``ufunc.accumulate``: the reductions of all leading parts of an axis."""
    outs = ufuncs.outputs(ufunc, "accumulate", (array,), out)
    tried = standin(array)
    expected = dry_run(ufunc.accumulate, tried, axis=axis, dtype=dtype)
    x = _as(array, expected.dtype, tried.dtype)
    (axis,) = axis if isinstance(axis, tuple) else (axis,)
    return ufuncs.write(ufunc, _running(ufunc, op, x, axis % x.ndim), outs)


# -- reduceat ----------------------------------------------------------------------------------


def reduceat(
    ufunc: Any,
    op: Callable[..., Any],
    array: Any,
    indices: Any,
    *,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
) -> Tensor:
    """``ufunc.reduceat``: the reductions of slices of an axis, which start at indices."""
    outs = ufuncs.outputs(ufunc, "reduceat", (array,), out)
    (axis,) = axis if isinstance(axis, tuple) else (axis,)
    starts = np.asarray(indices)
    array = array_like("reduceat", array)
    axis = checked_axis(f"{ufuncs.name_of(ufunc)}.reduceat", axis, len(array.shape))
    tried = standin(array, axis)
    expected = dry_run(ufunc.reduceat, tried, starts, axis=axis, dtype=dtype)
    x = _as(array, expected.dtype, tried.dtype)
    count = x.shape[axis]
    if ufunc is np.add and starts.size and np.all(starts[1:] > starts[:-1]):
        segments = np.searchsorted(starts, np.arange(starts[0], count), side="right") - 1
        tail = _slice(x, axis, int(starts[0]), count)
        result = index_add(tail, ufuncs.on_backend_of(segments, x), axis=axis, size=len(starts))
        return ufuncs.write(ufunc, result, outs)
    ends = [*starts[1:].tolist(), count][: len(starts)]
    parts = [
        _of_slice(ufunc, op, _slice(x, axis, start, max(stop, start + 1)), axis)
        for start, stop in zip(starts.tolist(), ends, strict=True)
    ]
    result = stack(parts, axis=axis) if parts else _slice(x, axis, 0, 0)
    return ufuncs.write(ufunc, result, outs)


def _of_slice(ufunc: Any, op: Callable[..., Any], x: Tensor, axis: int) -> Tensor:
    if ufunc in _ASSOCIATIVE:
        return _at_once(ufunc, op, x, (axis,), keepdims=False)
    return _in_order(ufunc, op, x, axis, None, None)


# -- outer -------------------------------------------------------------------------------------


def outer(ufunc: Any, op: Callable[..., Any], x: Any, y: Any, **keywords: Any) -> Any:
    """``ufunc.outer``: the ufunc of every element with every element."""
    if ufunc.nin != 2 or ufunc.signature is not None:
        dry_run(ufunc.outer, standin(x), standin(y))  # raises
    x, y = (v if hasattr(v, "shape") else as_tensor(v, like=(x, y)) for v in (x, y))
    if len(y.shape):
        x = reshape(x, (*x.shape, *(1,) * len(y.shape)))
    return ufuncs.call(ufunc, (x, y), keywords)


#: By name.
METHODS: dict[str, Callable[..., Any]] = {
    "reduce": reduce,
    "accumulate": accumulate,
    "reduceat": reduceat,
    "outer": outer,
    "at": at,
}
