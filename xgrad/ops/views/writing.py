"""``x[key] = v``, ``x += y`` and their like: the same Python object gets a new recorded value.

Arrays that anything else can see are never written: a write makes a new array, except
where the tensor is known to be the only owner of its old one.
"""

from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import canonical, is_differentiable
from xgrad.backends.namespace import selected
from xgrad.backends.registry import common_backend, find_backend
from xgrad.backends.scalars import is_number
from xgrad.engine.declare import function
from xgrad.engine.dispatch import backend_below, wrap
from xgrad.engine.levels import EAGER
from xgrad.engine.node import Leaf, Node
from xgrad.engine.tensor import Tensor, lowest, recording
from xgrad.engine.views import fresh, mark_stale, replace, view_of
from xgrad.errors import AutogradError
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.selection import where
from xgrad.ops.shape import reshape
from xgrad.ops.views.advanced import as_rows, check_mask, fitted, scatter
from xgrad.ops.views.keys import as_keys, basic_key, is_array_key, is_mask, simple_key
from xgrad.ops.views.parts import INDEXED, overwrite, put_part

_KINDS = "biufc"


def _kind(dtype: Any) -> int:
    return _KINDS.index(canonical(dtype).kind.replace("u", "i").replace("V", "f"))


def _same_kind(dtype: Any) -> int:
    """Return the place of a dtype in what NumPy's rule "same_kind" goes up by."""
    return "buifc".index(canonical(dtype).kind.replace("V", "f"))


# -- who may be written ------------------------------------------------------------------------


def _check_writable(function: str, x: Tensor) -> None:
    """Raise for a leaf that needs gradients, a view of one, and views that repeat elements."""
    what = "a leaf"
    while True:
        if type(fresh(x)._node) is Leaf and recording(EAGER):
            raise AutogradError(
                f"{function}: {what} that needs gradients cannot be changed in place while "
                "recording; make a new tensor (x = x + y), or write under no_grad()"
            )
        what = "a view of a leaf"
        view = view_of(x)
        if view is None:
            return
        if view[1].push is None:
            raise ValueError(
                f"{function}: the result of {view[1].name} repeats elements and cannot be "
                "written; make a copy first, as in x.copy()"
            )
        x = view[0]
        if not view[3] and fresh(x)._node is not None and recording(x._level):
            raise AutogradError(
                f"{function}: a view that was made under no_grad() of a tensor that needs "
                "gradients cannot be changed while recording; take the view again"
            )


def _settle(x: Tensor, out: Tensor) -> None:
    """Store a new value in place of the old one."""
    if out is x:  # written in its own memory
        return
    node = x._node
    if type(node) is Leaf and not x._level:
        value = out._value
        if type(value) is Tensor or out._node is not None:
            raise AutogradError(
                "write: a value with derivatives cannot be written into a leaf under no_grad(); "
                "detach() it first"
            )
        x._value = value
    elif node is not None and out._node is None and not recording(x._level):
        x._value = out._value  # under no_grad the graph stays as it is
    else:
        x._value, x._level, x._node = out._value, out._level, out._node
        if isinstance(node, Node) and isinstance(out._node, Node) and node is not out._node:
            out._node.succeed(node)


# -- x[key] = v --------------------------------------------------------------------------------


@function(method="__setitem__")
def setitem(x: Tensor, key: Any, v: Any, /) -> None:
    """``x[key] = v``: recorded, cast to the dtype of ``x``, and seen by all views of it.

    Where integer arrays name a place twice, the last value stays. Raises for a leaf that
    needs gradients (outside `no_grad`), for values whose derivatives or imaginary parts
    ``x`` cannot hold, and for shapes that do not fit.

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
    if type(v) is Tensor and (view := view_of(v)) is not None:
        # x[key] += y has written x through the view x[key] already, and now hands it back.
        # (A view made under no_grad is a constant, which cuts the graph of x there.)
        follows = view[3] or not recording(fresh(x)._level)
        if follows and view[0] is x and view[1] is INDEXED and _same_key(key, x, view[2]):
            return
        v = _snapshot(fresh(v))
    if x._level is EAGER and view_of(x) is None and _write_alone(x, key, v):
        return
    _check_writable("write", x)
    keys = as_keys(key, x)
    v = _value(x, v)
    if len(keys) == 1 and is_mask(keys[0]) and (out := _masked(x, keys[0], v)) is not None:
        replace(x, out, _settle)
    elif any(is_array_key(k) for k in keys):
        rows = as_rows(keys, x)
        v = astype(v if type(v) is Tensor else _like(x, v), x.dtype, copy=False)
        replace(x, wrap(scatter(x, rows, v)), _settle)
    else:
        spelled = basic_key(keys, x.shape)
        if type(v) is Tensor:
            shape = selected(spelled, x.shape)
            v = v if v.shape == shape else fitted(v, shape)
        written(x, spelled, v)


def _snapshot(v: Tensor) -> Tensor:
    """Return what a view shows now: writing may change it, and must not find it sharing."""
    value = v._value if type(v._value) is Tensor else backend_below(v).xp.copy(v._value)
    return Tensor(value, v._level, v._node)


def _write_alone(x: Tensor, key: Any, v: Any) -> bool:
    """Do the write of most loops: a plain key, a fitting value, no base to follow."""
    shape = x._value.shape
    spelled = simple_key(key, shape)
    if spelled is None:
        return False
    if type(v) is Tensor:
        if v._level is not EAGER or v._value.dtype is not x._value.dtype:
            return False
        kept = len(shape)
        for k in spelled:
            kept -= type(k) is int
        if len(v._value.shape) > kept:
            return False
    elif type(v) is not float and type(v) is not int:
        return False
    if getattr(x, "_views", None):
        mark_stale(x)
    try:
        return overwrite(x, spelled, v)
    except (ValueError, RuntimeError):
        return False  # it does not fit: the long way says why


def written(x: Tensor, key: Any, v: Any) -> None:
    """Write a fitting value at a spelled basic key."""
    mark_stale(x)  # first, so that no view holds on to the old array
    replace(x, put_part(x, v, key), _settle)


def _same_key(key: Any, x: Tensor, spelled: Any) -> bool:
    simple = simple_key(key, x.shape)
    if simple is not None:
        return bool(simple == spelled)
    keys = as_keys(key, x)
    return not any(is_array_key(k) for k in keys) and basic_key(keys, x.shape) == spelled


def _like(x: Tensor, v: Any) -> Tensor:
    """Return numbers as a tensor beside ``x``."""
    backend = backend_below(x)
    raw = backend.xp.asarray(v, dtype=x.dtype, device=backend.xp.device(lowest(x)))
    return Tensor(raw, EAGER)


def _value(x: Tensor, v: Any) -> Any:
    """Check a value to be written, and return it as a Tensor or a Python number."""
    if type(v) in (int, float, bool):
        kind = x.dtype.kind
        return v if kind in "fcV" else bool(v) if kind == "b" else int(v)
    if isinstance(v, list | tuple):
        has_arrays = any(type(e) is Tensor or find_backend(e) is not None for e in v)
        v = as_tensor(v) if has_arrays else _like(x, v)
    elif is_number(v):
        kind = 4 if isinstance(v, complex) or getattr(v, "dtype", x.dtype).kind == "c" else 0
        if kind > _kind(x.dtype):
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
    if _kind(dtype) == 4 and _kind(x.dtype) < 4:
        raise TypeError(
            f"write: cannot put {dtype} into a tensor of {x.dtype}: it would lose imaginary parts"
        )
    if v._node is not None and not is_differentiable(lowest(x).dtype):
        raise TypeError(
            f"write: a tensor with derivatives into a tensor of {x.dtype}, which cannot carry "
            "them; detach() it, or make x floating-point"
        )
    return v


def _masked(x: Tensor, mask: Any, v: Any) -> Tensor | None:
    """Write under one mask by `where`, unless ``v`` has a value for each place."""
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
    lead = v.shape[: len(v.shape) - len(rest)] if len(v.shape) > len(rest) else ()
    if any(n != 1 for n in lead):
        return None
    v = reshape(v, v.shape[len(lead) :])
    return astype(where(mask, fitted(v, rest), x), x.dtype, copy=False)


# -- x += y ------------------------------------------------------------------------------------


def in_place(symbol: str, op: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    """Return the in-place form of an operator."""

    def operator(x: Tensor, y: Any) -> Tensor:
        _check_writable(symbol, x)
        out = op(x, y)
        if out.shape != x.shape:
            raise ValueError(f"{symbol}: the result has shape {out.shape}, x has {x.shape}")
        if _same_kind(out.dtype) > _same_kind(x.dtype):
            raise TypeError(f"{symbol}: cannot put {out.dtype} into a tensor of {x.dtype}")
        if out.dtype != x.dtype:
            out = astype(out, x.dtype)
        replace(x, out, _settle)
        return x

    operator.__doc__ = f"``x {symbol} y``, keeping the dtype and the shape of x."
    return operator
