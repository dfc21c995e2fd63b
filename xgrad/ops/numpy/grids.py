"""Arrays like others, ranges between Tensors, and grids, with NumPy's arguments."""

import math
import operator
from typing import Any

from xgrad.backends import host
from xgrad.backends.dtypes import canonical
from xgrad.backends.scalars import is_scalar
from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops.arguments import integers, whole_number
from xgrad.ops.complex import sign
from xgrad.ops.creation import as_tensor, astype, floats_of
from xgrad.ops.elementwise import add, divide, log10, multiply, pow, subtract
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.numpy.conversion import cast, constant, filled, is_readable, kind_of, tensors
from xgrad.ops.reductions import any as any_
from xgrad.ops.rounding import floor
from xgrad.ops.selection import equal, where
from xgrad.ops.shape import broadcast_to, concat, expand_dims, moveaxis, reshape
from xgrad.ops.views import kinds
from xgrad.ops.views.take import broadcast_shape
from xgrad.typing import ArrayLike

__all__ = ["geomspace", "logspace"]

# -- arrays like others ------------------------------------------------------------------------


def _like(
    name: str, a: ArrayLike, fill: Any, dtype: Any, order: str, shape: Any, device: Any
) -> Tensor:
    x = as_tensor(a)
    if order not in ("C", "F", "A", "K"):
        raise ValueError(f"{called(name)}: order must be C, F, A or K, got {order!r}")
    lengths = x.shape if shape is None else integers(name, "lengths", shape)
    chosen = x.dtype if dtype is None else canonical(dtype)
    if hasattr(fill, "shape") or isinstance(fill, list | tuple):
        value = broadcast_to(cast(name, as_tensor(fill, like=x), chosen), lengths)
        out = astype(value, chosen, copy=True)
    else:
        out = filled(x, lengths, fill if chosen.kind == "c" else chosen.type(fill).item(), chosen)
    return out if device is None else out.to(device=device)


@function(numpy="full_like")
def _full_like(
    a: ArrayLike,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Tensor:
    return _like("full_like", a, fill_value, dtype, order, shape, device)


@function(numpy="zeros_like")
def _zeros_like(
    a: ArrayLike,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Tensor:
    return _like("zeros_like", a, 0, dtype, order, shape, device)


@function(numpy="ones_like")
def _ones_like(
    a: ArrayLike,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Tensor:
    return _like("ones_like", a, 1, dtype, order, shape, device)


@function(numpy="empty_like")
def _empty_like(
    prototype: ArrayLike,
    /,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Tensor:
    return _like("empty_like", prototype, 0, dtype, order, shape, device)


# -- ranges ------------------------------------------------------------------------------------


def linspace_between(
    start: Tensor, stop: Tensor, num: int, *, endpoint: bool, dtype: Any, axis: int
) -> Tensor:
    """Return evenly spaced numbers along a new axis, rounded as `numpy.linspace` rounds them."""
    out: Tensor = _linspace(start, stop, num, endpoint, dtype=dtype, axis=axis)
    return out


@function(numpy="linspace")
def _linspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    count = whole_number(called("linspace"), "num", operator.index(num))
    intervals = count - 1 if endpoint else count
    chosen = host.result_dtype(*(x if is_scalar(x) else kind_of(x) for x in (start, stop)), 1.0)
    first, last = (astype(x, chosen, copy=False) for x in tensors("linspace", (start, stop)))
    delta = subtract(last, first)
    steps = reshape(
        astype(constant(host.array(range(count)), delta), chosen),
        (count, *(1,) * delta.ndim),
    )
    step: Any = divide(delta, intervals) if intervals > 0 else math.nan
    if intervals > 0:
        zero = equal(step, 0)
        out = multiply(steps, step)
        if holds(zero) is not False:  # a step that is too small is not lost
            out = where(zero, multiply(divide(steps, intervals), delta), out)
    else:
        out = multiply(steps, delta)
    out = add(out, first)
    if endpoint and count > 1:
        end = broadcast_to(cast("linspace", last, out.dtype), out.shape[1:])
        out = concat((out[:-1], reshape(end, (1, *end.shape))), axis=0)
    if axis != 0:
        out = moveaxis(out, 0, axis)
    if dtype is not None and canonical(dtype).kind in "iu":
        out = floor(out)
    out = cast("linspace", out, dtype)
    out = out if device is None else out.to(device=device)
    return (out, step) if retstep else out


@function(numpy="logspace")
def logspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    base: ArrayLike = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """Numbers from ``base**start`` to ``base**stop`` with equal ratios.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.logspace(xg.asarray(0.0), 2.0, 3)
    Tensor([  1.,  10., 100.])
    """
    power: Any = base
    if not isinstance(base, int | float) and as_tensor(base).ndim:
        first, last, power = tensors("logspace", (start, stop, base))
        rank = len(broadcast_shape("logspace", [x.shape for x in (first, last, power)]))
        start, stop, power = (
            reshape(x, (*(1,) * (rank - x.ndim), *x.shape)) for x in (first, last, power)
        )
        power = expand_dims(power, axis=axis)
    exponents = _linspace(start, stop, num, endpoint, axis=axis)
    return cast("logspace", pow(power, exponents), dtype)


@function(numpy="geomspace")
def geomspace(
    start: ArrayLike,
    stop: ArrayLike,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """Numbers from ``start`` to ``stop`` with equal ratios.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.geomspace(xg.asarray(1.0), 100.0, 3)
    Tensor([  1.,  10., 100.])
    """
    first, last = (floats_of(x) for x in tensors("geomspace", (start, stop)))
    chosen = host.result_dtype(first.dtype, last.dtype, 1.0, canonical(dtype or "float64"))
    first, last = (astype(x, chosen, copy=False) for x in (first, last))
    for x in (first, last):
        if is_readable(x) and bool(any_(equal(x, 0))):
            raise ValueError(f"{called('geomspace')}: a geometric sequence cannot include zero")
    signs = sign(first)
    first, last = divide(first, signs), divide(last, signs)
    shape = broadcast_shape("geomspace", [first.shape, last.shape])
    out = logspace(log10(first), log10(last), num, endpoint)
    parts = [out]
    if num > 0:
        parts = [reshape(broadcast_to(first, shape), (1, *shape)), out[1:]]
    if num > 1 and endpoint:
        end = astype(last, out.dtype, copy=False)
        parts = [parts[0], out[1:-1], reshape(broadcast_to(end, shape), (1, *shape))]
    out = multiply(concat([astype(p, out.dtype, copy=False) for p in parts], axis=0), signs)
    out = moveaxis(out, 0, axis) if axis != 0 else out
    return cast("geomspace", out, chosen if dtype is None else dtype)


# -- grids -------------------------------------------------------------------------------------


@function(numpy="meshgrid")
def _meshgrid(
    *xi: ArrayLike, copy: bool = True, sparse: bool = False, indexing: str = "xy"
) -> tuple[Tensor, ...]:
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    parts = [kinds.reshape(x, (-1,)) for x in tensors("meshgrid", xi)]
    order = list(range(len(parts)))
    if indexing == "xy" and len(parts) > 1:
        order[:2] = 1, 0
    shape = [1] * len(parts)
    for axis, x in zip(order, parts, strict=True):
        shape[axis] = x.shape[0]
    out = []
    for axis, x in zip(order, parts, strict=True):
        own = kinds.reshape(x, tuple(n if i == axis else 1 for i, n in enumerate(shape)))
        out.append(own if sparse else kinds.broadcast_to(own, tuple(shape)))
    return tuple(x.copy() for x in out) if copy else tuple(out)
