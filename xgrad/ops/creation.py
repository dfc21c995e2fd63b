"""Creating tensors: on the current backend; ``*_like`` on that of their argument."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, cast

import optree

from xgrad.backends import registry
from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import (
    canonical,
    default_dtype,
    float64,
    inferred_dtype,
    is_differentiable,
    supported,
)
from xgrad.backends.registry import Selection, destination, find_backend, host_backend
from xgrad.backends.scalars import is_scalar
from xgrad.engine.declare import function
from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.levels import EAGER
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, follower, lowest
from xgrad.engine.views import as_array
from xgrad.errors import AutogradError
from xgrad.ops.arguments import integers, whole_number
from xgrad.ops.shape import _astype, reshape, stack
from xgrad.typing import SupportsArray

__all__ = [
    "arange", "asarray", "astype", "empty", "empty_like", "eye", "full", "full_like", "ones",
    "ones_like", "tensor", "zeros", "zeros_like",
]  # fmt: skip

Shape = int | Sequence[int]


def array_like(function: str, x: Any) -> SupportsArray:
    """Return an array or Tensor unchanged, a number as a Tensor, or raise."""
    if hasattr(x, "dtype") and hasattr(x, "shape"):
        array: SupportsArray = x
        return array
    if is_scalar(x):
        return as_tensor(x)
    raise TypeError(
        f"{called(function)}: expected an array or a Tensor, got {type(x).__name__}; "
        "convert it first with xgrad.asarray"
    )


def _shape(function: str, shape: Shape) -> tuple[int, ...]:
    lengths = shape if isinstance(shape, Iterable) else (shape,)
    return tuple(whole_number(function, "each length", n) for n in lengths)


@function(rules=True)
def as_tensor(
    obj: Any, /, *, dtype: Any = None, copy: bool | None = None, like: Any = None
) -> Tensor:
    """Return a Tensor without moving the array to the current backend, as `asarray` does.

    Numbers and sequences of them go to the backend of the first array of the tree ``like``, or
    else to the current backend.
    """
    if type(obj) is Tensor and dtype is None and not copy:
        return obj
    if type(obj) is not Tensor and (backend := find_backend(obj)) is not None:
        return _held(obj, backend, None if dtype is None else canonical(dtype), copy)
    if like is not None and type(obj) is not Tensor:
        for x in optree.tree_leaves(like):
            if type(x) is Tensor or find_backend(x) is not None:
                owner = backend_below(x)
                position = owner.xp.device(lowest(x))
                return asarray(obj, dtype=dtype, backend=owner.name, device=position)
    return asarray(obj, dtype=dtype, copy=copy)


def floats_of(x: Any, like: Any = None) -> Tensor:
    """Return an array, a number or a (nested) sequence as floating-point numbers.

    Integers become float64, as in NumPy.
    """
    x = as_tensor(x, like=like)
    return x if is_differentiable(canonical(lowest(x).dtype)) else astype(x, float64)


def asarray(
    obj: Any,
    dtype: Any = None,
    *,
    device: Any = None,
    copy: bool | None = None,
    backend: str | None = None,
) -> Tensor:
    """Convert an array, numbers, or nested sequences to a Tensor.

    NumPy arrays are host data, like numbers: they are moved to the current backend and device.
    On NumPy only, the Tensor shares the array's memory until it is written: the array itself is
    never changed (an optimizer of ``asarray(a).requires_grad_()`` leaves ``a`` unchanged). Arrays
    of other libraries, and Tensors, stay on their backend and device.

    Parameters
    ----------
    obj : array, Tensor, number or nested sequence
        A Tensor stays in its graph. A sequence may contain Tensors, arrays and numbers, which are
        stacked in the graph.
    dtype : optional
        A NumPy dtype; the default for Python floats is float64 on every backend.
    device : optional
        Another device than the current one: a PyTorch name (``"cpu"``, ``"cuda:1"``), or a device
        object of the library.
    copy : bool, optional
        True copies; False raises if a copy is needed.
    backend : str, optional
        Another backend than the current one.

    See Also
    --------
    xgrad.tensor : Always copies, and returns a leaf that can need gradients.
    xgrad.from_numpy : Takes only NumPy arrays, and always copies.
    xgrad.from_dlpack : Shares the memory of an array of any library.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.asarray([1, 2.5])
    Tensor([1. , 2.5])
    """
    dtype = None if dtype is None else supported("asarray", dtype)
    moves = device is not None or backend is not None
    if type(obj) is Tensor:
        out = obj if dtype is None or dtype == obj.dtype else astype(obj, dtype)
        out = out.to(backend=backend, device=device) if moves else out
        return as_array(astype(out, out.dtype, copy=True)) if copy and out is obj else out
    owner = find_backend(obj)
    if owner is not None and not owner.on_host:
        out = _held(obj, owner, dtype, copy)
        return out.to(backend=backend, device=device) if moves else out
    if owner is not None:
        target = destination(backend, device)
        if target.backend is owner:
            return _held(obj, owner, dtype, copy)
        if copy is False:
            raise ValueError(
                f"asarray: copy=False, but {target.backend.name} cannot share a NumPy array's "
                "memory"
            )
        obj = lowest(_held(obj, owner, dtype, copy=None))
        if target.backend.lazy and not copy:
            return as_array(Tensor(target.backend.xp.asarray(obj), EAGER))
        return as_array(Tensor(target.backend.from_numpy(obj, target.device), EAGER))
    if isinstance(obj, list | tuple):
        leaves = optree.tree_leaves(obj)
        arrays = [x for x in leaves if type(x) is Tensor or find_backend(x) is not None]
        if arrays:
            return _stacked(obj, arrays, dtype, backend, device)
    elif not is_scalar(obj):
        raise TypeError(
            f"{called('asarray')}: expected an array, a Tensor, numbers or nested sequences of "
            f"them, got {type(obj).__name__}"
        )
    if copy is False:
        raise ValueError("asarray: copy=False, but numbers have to be copied")
    result_dtype = supported("asarray", inferred_dtype(obj)) if dtype is None else dtype
    value = obj.item() if hasattr(obj, "item") else obj
    target = destination(backend, device)
    raw = target.backend.xp.asarray(value, dtype=result_dtype, device=target.device)
    return as_array(Tensor(raw, EAGER))


def _held(obj: Any, backend: Backend, dtype: Any, copy: bool | None) -> Tensor:
    """Return an array as a Tensor on its backend."""
    have = supported("asarray", obj.dtype)
    raw = backend.plain(obj)
    if dtype is not None and have != dtype:
        if copy is False:
            raise ValueError("asarray: copy=False, but the dtype differs")
        raw = astype(Tensor(raw, EAGER), dtype)._value
    elif copy is False and raw.dtype != obj.dtype:
        raise ValueError("asarray: copy=False, but the bytes of the numbers have to be swapped")
    elif copy:
        raw = backend.xp.copy(raw)
    return as_array(Tensor(raw, EAGER))


def _stacked(
    obj: Sequence[Any], arrays: list[Any], dtype: Any, backend: str | None, device: Any
) -> Tensor:
    """Stack a sequence that contains arrays: host data and numbers move to the others' backend."""
    others = (x for x in arrays if not backend_below(x).on_host)
    first = next(others, next((x for x in arrays if type(x) is Tensor), None))
    owner = host_backend() if first is None else backend_below(first)
    position = None if first is None else owner.xp.device(lowest(first))

    if owner.on_host and (shape := _nested_shape(obj)) is not None:
        leaves = optree.tree_leaves(obj)
        if math.prod(shape) == len(leaves) and not any(getattr(x, "shape", ()) for x in leaves):
            numbers = [x if type(x) is Tensor else _number(owner, x) for x in leaves]
            out = stack(numbers) if len(shape) == 1 else reshape(stack(numbers), shape)
            return _placed(out if dtype is None else astype(out, dtype), first, backend, device)

    def converted(x: Any) -> Tensor:
        leaves = optree.tree_leaves(x)
        if isinstance(x, list | tuple) and any(hasattr(leaf, "shape") for leaf in leaves):
            return stack([converted(part) for part in x])
        if type(x) is Tensor or ((kind := find_backend(x)) is not None and not kind.on_host):
            return as_tensor(x)
        return asarray(x, backend=owner.name, device=position)

    out = converted(obj)
    return _placed(out if dtype is None else astype(out, dtype), first, backend, device)


def _nested_shape(x: Any) -> tuple[int, ...] | None:
    """Return the lengths of nested sequences, or None if they differ."""
    if not isinstance(x, list | tuple):
        return ()
    parts = {_nested_shape(part) for part in x}
    part = parts.pop() if len(parts) == 1 else None
    return None if part is None else (len(x), *part)


def _number(backend: Backend, x: Any) -> Any:
    """Return a number, or a 0-d array of the host, as a raw array."""
    return x if hasattr(x, "shape") else backend.xp.asarray(x, dtype=inferred_dtype(x))


def _placed(out: Tensor, first: Any, backend: str | None, device: Any) -> Tensor:
    """Move stacked arrays to where the caller wants them; they stay where the first one is."""
    if first is not None and backend is None and device is None:
        return out
    target = destination(backend, device)
    return out.to(target.backend.name, device=target.device)


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    backend: str | None = None,
) -> Tensor:
    """Return a new leaf with a copy of ``data``; it needs gradients if ``requires_grad``.

    A new leaf is not connected to a graph, so a tensor that a transform follows is refused.
    Backend and device are those of `asarray`: the current ones (or those that are passed) for
    NumPy arrays, numbers and sequences; unchanged for arrays of other libraries.

    See Also
    --------
    xgrad.asarray : Copies only if needed, and keeps a Tensor in its graph.
    xgrad.nn.Parameter : A leaf that a module registers.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tensor([1.0, 2.0], requires_grad=True)
    Tensor([1., 2.], requires_grad=True)
    """
    if type(data) is Tensor:
        if (level := follower(data)) is not None and level is not EAGER:
            raise AutogradError(
                f"tensor: {level.transform}() follows this tensor, and a new leaf would drop its "
                "derivative; use asarray(x), x.copy(), or x.detach() if that is intended"
            )
        out = asarray(data.detach(), dtype=dtype, device=device, backend=backend)
        out = as_array(Tensor(backend_below(out).xp.copy(out.data), EAGER))
    else:
        copy = True if find_backend(data) is not None else None
        out = asarray(data, dtype=dtype, device=device, copy=copy, backend=backend)
    return out.requires_grad_(requires_grad) if requires_grad else out


@function(numpy="astype", rules=True)
def astype(x: Any, dtype: Any, *, copy: bool = True, device: Any = None) -> Tensor:
    """Convert to another dtype, and move to ``device`` if it is passed; differentiable."""
    if device is not None:
        return astype(x if type(x) is Tensor else as_tensor(x), dtype, copy=copy).to(device=device)
    x = array_like("astype", x)
    have, want = canonical(lowest(x).dtype), supported("astype", dtype)
    if have.kind == "c" and want.kind != "c" and want.kind != "b":
        raise TypeError(f"astype: {have} to {want} would drop the imaginary part; use real() first")
    if have.kind == "c" and want.kind == "b":  # libraries would compare only the real part
        return cast("Tensor", XG.not_equal(x, 0))
    if have == want and not copy and type(x) is Tensor:
        return x
    return _astype(x, dtype=want)


def zeros(shape: Shape, dtype: Any = None, *, device: Any = None) -> Tensor:
    """Zeros; the default dtype is float64."""
    return _filled("zeros", shape, 0, dtype, device)


def ones(shape: Shape, dtype: Any = None, *, device: Any = None) -> Tensor:
    """Ones; the default dtype is float64."""
    return _filled("ones", shape, 1, dtype, device)


def _filled(function: str, shape: Shape, value: complex, dtype: Any, device: Any) -> Tensor:
    lengths = _shape(function, shape)
    return full(lengths, value, dtype=default_dtype() if dtype is None else dtype, device=device)


def empty(shape: Shape, dtype: Any = None, *, device: Any = None) -> Tensor:
    """Return an array to be filled; its elements are zeros, not arbitrary."""
    return _filled("empty", shape, 0, dtype, device)


def full(shape: Shape, fill_value: Any, dtype: Any = None, *, device: Any = None) -> Tensor:
    """Return an array filled with ``fill_value``, which also sets the dtype; arrays broadcast."""
    if type(fill_value) is Tensor or find_backend(fill_value) is not None:
        value = asarray(fill_value, device=device)
        return astype(XG.broadcast_to(value, _shape("full", shape)), dtype or value.dtype)
    chosen = inferred_dtype(fill_value) if dtype is None else canonical(dtype)
    target = destination(device=device)
    lengths = _shape("full", shape)
    raw = target.backend.xp.full(lengths, fill_value, dtype=chosen, device=target.device)
    return as_array(Tensor(raw, EAGER))


@function(rules=True)
def full_like(
    x: SupportsArray, fill_value: Any, dtype: Any = None, *, device: Any = None
) -> Tensor:
    """``fill_value`` with the shape, dtype and device of ``x``."""
    x = array_like("full_like", x)
    raw, backend = lowest(x), backend_below(x)
    chosen = canonical(raw.dtype) if dtype is None else canonical(dtype)
    here = Selection(backend, backend.xp.device(raw))
    target = here if device is None else registry.resolve_device(device, backend)
    xp = target.backend.xp
    if type(fill_value) is Tensor or find_backend(fill_value) is not None:
        value = as_tensor(fill_value).to(target.backend.name, device=target.device)
        return astype(XG.broadcast_to(value, tuple(x.shape)), chosen)
    raw = xp.full(tuple(x.shape), fill_value, dtype=chosen, device=target.device)
    return as_array(Tensor(raw, EAGER))


@function(rules=True)
def zeros_like(x: SupportsArray, dtype: Any = None, *, device: Any = None) -> Tensor:
    """Zeros with the shape, dtype and device of ``x``."""
    return full_like(x, 0, dtype=dtype, device=device)


@function(rules=True)
def ones_like(x: SupportsArray, dtype: Any = None, *, device: Any = None) -> Tensor:
    """Ones with the shape, dtype and device of ``x``."""
    return full_like(x, 1, dtype=dtype, device=device)


def empty_like(x: SupportsArray, dtype: Any = None, *, device: Any = None) -> Tensor:
    """Return an array like ``x`` to be filled; its elements are zeros."""
    return full_like(x, 0, dtype=dtype, device=device)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: Any = None,
    *,
    device: Any = None,
) -> Tensor:
    """Numbers from ``start`` (or 0) up to, but not including, ``stop``."""
    if stop is None:
        start, stop = 0, start
    try:
        finite = all(math.isfinite(x) for x in (start, stop, step))
    except TypeError:
        arguments = f"{start!r}, {stop!r}, {step!r}"
        raise TypeError(f"arange: expected numbers, got {arguments}") from None
    if step == 0 or not finite:
        raise ValueError(
            f"arange: expected finite numbers and a step that is not 0, "
            f"got start {start}, stop {stop}, step {step}"
        )
    chosen = inferred_dtype([start, stop, step]) if dtype is None else canonical(dtype)
    target = destination(device=device)
    raw = target.backend.xp.arange(start, stop, step, dtype=chosen, device=target.device)
    return as_array(Tensor(raw, EAGER))


def eye(
    n_rows: int, n_cols: int | None = None, k: int = 0, dtype: Any = None, *, device: Any = None
) -> Tensor:
    """Ones on the ``k``-th diagonal, zeros elsewhere."""
    chosen = default_dtype() if dtype is None else canonical(dtype)
    n_rows = whole_number("eye", "n_rows", n_rows)
    n_cols = None if n_cols is None else whole_number("eye", "n_cols", n_cols)
    (k,) = integers("eye", "k", k)
    target = destination(device=device)
    raw = target.backend.xp.eye(n_rows, n_cols, k=k, dtype=chosen, device=target.device)
    return as_array(Tensor(raw, EAGER))
