"""``x[key] = v`` and ``x += y``: the same Python object gets a new recorded value.

A write makes a new array, unless nothing else refers to the old one.
"""

import math
from collections.abc import Callable
from typing import Any
from weakref import getweakrefcount

from xgrad.backends.dtypes import canonical, is_complex, is_differentiable
from xgrad.backends.namespace import selected
from xgrad.backends.registry import common_backend, find_backend
from xgrad.backends.scalars import is_number
from xgrad.engine.declare import function
from xgrad.engine.dispatch import XG, backend_below, wrap
from xgrad.engine.levels import EAGER, STALE
from xgrad.engine.node import Leaf
from xgrad.engine.tensor import Tensor, is_batched, lowest, recording
from xgrad.engine.views import View, check_writable, refresh, replace, view_of, write
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.selection import where
from xgrad.ops.shape import reshape
from xgrad.ops.views.advanced import check_mask, fitted, flat_key, scatter
from xgrad.ops.views.keys import as_keys, basic_key, is_array_key, is_mask, simple_key
from xgrad.ops.views.parts import INDEXED, NUMBERS, of_kind
from xgrad.typing import ArrayLike

# -- x[key] = v --------------------------------------------------------------------------------


@function(method="__setitem__")
def setitem(x: Tensor, key: Any, v: Any, /) -> None:
    """``x[key] = v``: recorded, cast to the dtype of ``x``, and visible in all its views.

    If integer arrays repeat an index, the last value is stored. Raises for a leaf that needs
    gradients (outside `no_grad`), for values whose derivatives or imaginary parts ``x`` cannot
    hold, and for shapes that do not match.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor([1.0, 2.0], requires_grad=True)
    >>> x = xg.zeros(4)
    >>> x[1:3] = w * w
    >>> xg.sum(x).backward()
    >>> w.grad
    Tensor([2., 4.])
    """
    # Loops that write rows spend their time here: checks run only if they can fail.
    if x._level is not EAGER or type(x._node) is Leaf or getweakrefcount(x):
        check_writable("write", x)
    if type(v) is Tensor:
        if (v._level is STALE or getweakrefcount(v)) and (view := view_of(v)) is not None:
            if _already_written(x, key, view):
                return
            v = _snapshot(refresh(v))
        if type(v._value) is not type(x._value) or v._value.dtype is not x._value.dtype:
            v = _value(x, v)
    elif type(v) not in NUMBERS:
        v = _value(x, v)
    shape = x._value.shape if x._level is EAGER else x.shape
    part = simple_key(key, shape)
    if part is None:
        keys = as_keys(key, x)
        if len(keys) == 1 and is_mask(keys[0]):
            if x._node is not None and _selects_all(keys[0], x):
                replace(x, _instead_of(x, keys[0], v))
                return
            if (out := _masked(x, keys[0], v)) is not None:
                replace(x, out)
                return
        if any(is_array_key(k) for k in keys):
            replace(x, wrap(scatter(x, flat_key(keys, x), _cast(x, v))))
            return
        part = basic_key(keys, shape)
    if type(v) is Tensor and v._value.shape != shape[len(part) :]:  # equal shapes need no check
        v = fitted(v, selected(part, shape))
    write(x, v, INDEXED, part)


def _already_written(x: Tensor, key: Any, view: View) -> bool:
    """Whether a view is ``x[key]``, which ``x[key] += y`` first writes and then assigns."""
    base, kind, argument, recorded = view
    if base is not x or kind is not INDEXED:
        return False
    # (A view made under no_grad is a constant, so that x loses its graph there.)
    if not recorded and recording(refresh(x)._level):
        return False
    part = simple_key(key, x.shape)
    if part is None:
        keys = as_keys(key, x)
        part = None if any(is_array_key(k) for k in keys) else basic_key(keys, x.shape)
    return bool(part == argument)


def _snapshot(v: Tensor) -> Tensor:
    """Return a copy of a view's value, which the write may change."""
    value = v._value if type(v._value) is Tensor else backend_below(v).xp.copy(v._value)
    return Tensor(value, v._level, v._node)


def _cast(x: Tensor, v: ArrayLike) -> Tensor:
    """Convert a value to be written to the dtype of ``x``."""
    return astype(v if type(v) is Tensor else _like(x, v), x.dtype, copy=False)


def _like(x: Tensor, v: Any) -> Tensor:
    """Return numbers as a tensor on the backend and device of ``x``."""
    backend = backend_below(x)
    v = of_kind(x.dtype, v) if type(v) in NUMBERS else v
    raw = backend.xp.asarray(v, dtype=x.dtype, device=backend.xp.device(lowest(x)))
    return Tensor(raw, EAGER)


def _value(x: Tensor, v: Any) -> Any:
    """Check a value to be written, and return it as a Tensor."""
    if isinstance(v, list | tuple):
        has_arrays = any(type(e) is Tensor or find_backend(e) is not None for e in v)
        v = as_tensor(v) if has_arrays else _like(x, v)
    elif is_number(v):
        number = isinstance(v, complex) or is_complex(getattr(v, "dtype", x.dtype))
        if number and not is_complex(x.dtype):
            raise TypeError(f"write: cannot put a complex number into a tensor of {x.dtype}")
        return _like(x, v.item() if hasattr(v, "item") else v)
    elif type(v) is not Tensor:
        if find_backend(v) is None:
            raise TypeError(
                f"write: expected a Tensor, an array or numbers, got {type(v).__name__}"
            )
        v = Tensor(v, EAGER)
    common_backend("write", (lowest(x), lowest(v)))
    dtype = canonical(lowest(v).dtype)
    if dtype.kind not in "biufcV":
        raise TypeError(f"write: expected numbers, got an array of dtype {dtype}")
    if is_complex(dtype) and not is_complex(x.dtype):
        raise TypeError(
            f"write: cannot put {dtype} into a tensor of {x.dtype}: it would lose imaginary parts"
        )
    lost = is_differentiable(dtype) and not is_differentiable(lowest(x).dtype)
    if lost and v._node is not None:
        raise TypeError(
            f"write: cannot put a tensor with derivatives into a tensor of {x.dtype}, which "
            "cannot carry them; detach() it, or make x floating-point"
        )
    return v


def _selects_all(mask: Any, x: Tensor) -> bool:
    """Whether a mask on the host is true everywhere: then nothing of ``x`` remains.

    An old value that is not finite must not be in the graph, where 0 times its derivative is NaN.
    """
    if is_batched(mask) or is_batched(x):
        return False
    backend = backend_below(mask)
    check_mask(mask, tuple(x.shape), 0)
    known = backend.on_host and not backend.lazy and not backend.abstract
    return known and bool(lowest(mask).all())


def _instead_of(x: Tensor, mask: Any, v: Any) -> Tensor:
    """Return the result of a write under a mask that is true everywhere."""
    shape, covered = tuple(x.shape), len(mask.shape)
    selected_shape = (math.prod(shape[:covered]), *shape[covered:])
    values = fitted(v if type(v) is Tensor else _like(x, v), selected_shape)
    return astype(reshape(XG.broadcast_to(values, selected_shape), shape), x.dtype)


def _masked(x: Tensor, mask: Any, v: Any) -> Tensor | None:
    """Return the result of a write under a mask, by `where`; None if ``v`` has several values."""
    shape = tuple(x.shape)
    check_mask(mask, shape, 0)
    backend = backend_below(x)
    if type(mask) is not Tensor and backend_below(mask).on_host and not backend.on_host:
        mask = backend.from_numpy(mask, device=backend.xp.device(lowest(x)))
    covered = len(mask.shape)
    rest = shape[covered:]
    mask = mask if not rest else reshape(mask, (*mask.shape, *(1,) * len(rest)))
    if type(v) is not Tensor:
        v = _like(x, v)
    leading = v.shape[: len(v.shape) - len(rest)] if len(v.shape) > len(rest) else ()
    if any(n != 1 for n in leading):
        return None
    v = reshape(v, v.shape[len(leading) :])
    return astype(where(mask, fitted(v, rest), x), x.dtype, copy=False)


# -- x += y ------------------------------------------------------------------------------------


def _same_kind(dtype: Any) -> int:
    """Return the rank of a dtype in NumPy's casting rule "same_kind"."""
    return "buifc".index(canonical(dtype).kind.replace("V", "f"))


def is_result(x: Tensor) -> bool:
    """Whether a 0-d tensor is a number: the result of an operation, not an array or a view.

    NumPy's numbers do not change: after ``b = a`` and ``b += 1``, ``a`` has its old value.
    """
    node = refresh(x)._node
    return not (type(node) is Leaf or hasattr(x, "_writable") or getweakrefcount(x))


def in_place(symbol: str, op: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    """Return the in-place form of an operator."""

    def operator(x: Tensor, y: ArrayLike) -> Tensor:
        shape = x.shape
        if not shape and is_result(x):
            return op(x, y)
        check_writable(symbol, x)
        out = op(x, y)
        if type(out) is not Tensor:
            raise TypeError(
                f"{symbol}: the result is of type {type(out).__name__}, which a Tensor cannot "
                f"become; write x = x {symbol.removesuffix('=')} y"
            )
        if out.shape != shape:
            raise ValueError(f"{symbol}: the result has shape {out.shape}, x has {shape}")
        if _same_kind(out.dtype) > _same_kind(x.dtype):
            raise TypeError(
                f"{symbol}: cannot put {out.dtype} into a tensor of {x.dtype}, whose dtype stays"
            )
        if out.dtype != x.dtype:
            out = astype(out, x.dtype)
        replace(x, out)
        return x

    operator.__doc__ = (
        f"``x {symbol} y``; the dtype and the shape of x do not change. A 0-d result of an "
        "operation is a number, as in NumPy: x becomes a new one."
    )
    return operator
