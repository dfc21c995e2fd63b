"""NumPy's functions that make arrays: of Tensors, and with a Tensor as ``like=``.

``np.zeros(3, like=w)`` is an array on the backend and the device of ``w``, which Tensors can be
written into. Each function here has an additional first argument, ``like``: a Tensor, or None.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.engine.dispatch import backend_below
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.views import as_array
from xgrad.ops import creation
from xgrad.ops.elementwise import add, multiply
from xgrad.ops.reductions import all as all_
from xgrad.ops.selection import isfinite
from xgrad.ops.shape import broadcast_to
from xgrad.ops.views.kinds import reshape, row_major, strides_of


def placed(like: Any, x: Any) -> Tensor:
    """Return an array as a Tensor, on the backend and the device of ``like`` if there is one."""
    if type(like) is not Tensor:
        return x if type(x) is Tensor else creation.asarray(x)
    owner = backend_below(like)
    return creation.asarray(x, backend=owner.name, device=owner.xp.device(lowest(like)))


def _is_ordered(x: Tensor, order: Any) -> bool:
    """Whether NumPy's array would have an order of elements, so that it is not copied."""
    order = order.upper() if isinstance(order, str) else order
    if order not in ("C", "F") or x.ndim < 2:
        return order not in ("C", "F") or strides_of(x) == row_major(x.shape)
    strides, shape = strides_of(x), x.shape
    if strides is None:
        return False
    expected = row_major(shape) if order == "C" else row_major(shape[::-1])[::-1]
    return all(n == 1 or s == e for n, s, e in zip(shape, strides, expected, strict=True))


def _array(
    like: Any,
    object: Any,
    dtype: Any = None,
    *,
    copy: bool | None = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
    **keywords: Any,
) -> Tensor:
    out = creation.asarray(object, dtype=dtype)
    if out is object and (copy or (copy is None and not _is_ordered(out, order))):
        out = creation.astype(out, out.dtype, copy=True)
    elif copy is False and out is not object:
        raise ValueError("np.array: copy=False, but a copy is needed")
    if out.ndim < ndmin:
        out = reshape(out, (*(1,) * (ndmin - out.ndim), *out.shape))
    out = placed(like, out)
    return out if out is object else as_array(out)


def _asarray(
    like: Any,
    a: Any,
    dtype: Any = None,
    order: Any = None,
    *,
    device: Any = None,
    copy: bool | None = None,
) -> Tensor:
    return _array(like, a, dtype, copy=copy, order=order)


def _contiguous(order: str) -> Callable[..., Tensor]:
    def contiguous(like: Any, a: Any, dtype: Any = None) -> Tensor:
        return _array(like, a, dtype, copy=None, order=order, ndmin=1)

    return contiguous


def _checked(like: Any, a: Any, dtype: Any = None, order: Any = None) -> Tensor:
    out = _asarray(like, a, dtype, order)
    if np.dtype(out.dtype).kind in "fc" and not bool(all_(isfinite(out.detach()))):
        raise ValueError("array must not contain infs or NaNs")
    return out


def _require(like: Any, a: Any, dtype: Any = None, requirements: Any = None) -> Tensor:
    orders = [r.upper()[0] for r in (requirements or ()) if r.upper()[0] in "CF"]
    return _asarray(like, a, dtype, orders[0] if orders else None)


def _full(
    like: Any,
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "C",
    *,
    device: Any = None,
) -> Tensor:
    value = creation.as_tensor(fill_value, like=like)
    lengths = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    out = broadcast_to(value, tuple(int(n) for n in lengths))
    return placed(like, creation.astype(out, dtype or value.dtype, copy=True))


def _number(x: Any) -> Any:
    """Return the number of a Tensor without its derivative, which only the length depends on."""
    return x.detach().item() if type(x) is Tensor else x


def _arange(
    like: Any, *bounds: Any, step: Any = 1, dtype: Any = None, device: Any = None, **named: Any
) -> Tensor:
    """``start + step * [0, 1, ...]``: the length depends on the values, and has no derivative."""
    start, stop, step = (*bounds, *(None,) * (2 - len(bounds)), step)[:3]
    if len(bounds) == 3:
        step = bounds[2]
    start, stop = named.get("start", start), named.get("stop", stop)
    if stop is None:
        start, stop = 0, start
    first, last, by = map(_number, (start, stop, step))
    count = max(0, math.ceil((last - first) / by))
    tensor = next(x for x in (start, stop, step, like) if type(x) is Tensor)
    steps = placed(tensor if like is None else like, np.arange(count))
    out = add(start, multiply(step, steps))
    wanted = np.result_type(*(x.dtype if hasattr(x, "dtype") else x for x in (start, stop, step)))
    return creation.astype(out, wanted if dtype is None else dtype, copy=False)


#: By NumPy's function: what makes the same array, from Tensors among the arguments.
OF_TENSORS: dict[Any, Callable[..., Any]] = {
    np.array: _array,
    np.asarray: _asarray,
    np.asanyarray: _asarray,
    np.asarray_chkfinite: _checked,
    np.ascontiguousarray: _contiguous("C"),
    np.asfortranarray: _contiguous("F"),
    np.require: _require,
    np.full: _full,
    np.arange: _arange,
}
"""Functions whose arguments may be Tensors."""

_MAKING = (
    *("empty", "zeros", "ones", "eye", "identity", "tri", "fromfunction", "fromfile"),
    *("fromiter", "fromstring", "frombuffer", "loadtxt", "genfromtxt"),
)


def _made(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def made(like: Any, *args: Any, **keywords: Any) -> Tensor:
        return placed(like, function(*args, **keywords))

    return made


#: By NumPy's function: what its ``like=`` calls, with that Tensor as the first argument.
LIKE: dict[Any, Callable[..., Any]] = OF_TENSORS | {
    getattr(np, name): _made(getattr(np, name)) for name in _MAKING
}
