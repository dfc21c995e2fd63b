"""Making tensors. New ones live on the current backend, ``*_like`` beside their model."""

import math
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import optree

from xgrad.backends.dtypes import canonical, default_dtype, inferred_dtype
from xgrad.backends.registry import current, find_backend
from xgrad.backends.scalars import is_scalar
from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.levels import EAGER
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.shape import _astype, stack

Shape = int | Sequence[int]


def whole_number(function: str, name: str, n: Any) -> int:
    """Return an integer from 0 on, or raise."""
    try:
        count = operator.index(n)
    except TypeError:
        raise TypeError(f"{function}: {name} must be an integer, got {n!r}") from None
    if count < 0:
        raise ValueError(f"{function}: {name} must not be negative, got {count}")
    return count


def _shape(function: str, shape: Shape) -> tuple[int, ...]:
    lengths = shape if isinstance(shape, Iterable) else (shape,)
    return tuple(whole_number(function, "each length", n) for n in lengths)


def _device(device: Any) -> Any:
    selection = current()
    return selection.device if device is None else selection.backend.parse_device(device)


def asarray(
    obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None
) -> Tensor:
    """Return a Tensor: of an array (sharing its memory), numbers, or nested sequences.

    Parameters
    ----------
    obj : array, Tensor, number or nested sequence
        A Tensor stays in its graph. An array of any backend stays on it. A sequence
        may hold Tensors, which are stacked in the graph.
    dtype : optional
        A NumPy dtype; of Python floats the default is float64 on every backend.
    device : optional
        Where numbers and sequences are put.
    copy : bool, optional
        True copies; False raises where a copy would be needed.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.asarray([1, 2.5])
    Tensor([1. , 2.5])
    """
    dtype = None if dtype is None else canonical(dtype)
    if type(obj) is Tensor:
        out = obj if dtype is None or dtype == obj.dtype else astype(obj, dtype)
        if device is not None:
            return out.to(device=device)
        return astype(out, out.dtype, copy=True) if copy and out is obj else out
    backend = find_backend(obj)
    if backend is not None:
        raw = obj
        if dtype is not None and canonical(obj.dtype) != dtype:
            if copy is False:
                raise ValueError("asarray: copy=False, but the dtype differs")
            raw = astype(Tensor(obj, EAGER), dtype).value
        elif copy:
            raw = backend.xp.copy(obj)
        out = Tensor(raw, EAGER)
        return out if device is None else out.to(device=device)
    if isinstance(obj, list | tuple):
        leaves = optree.tree_leaves(obj)
        if any(type(x) is Tensor or find_backend(x) is not None for x in leaves):
            out = stack([asarray(x) for x in obj])
            return out if dtype is None else astype(out, dtype)
    elif not is_scalar(obj):
        raise TypeError(
            f"asarray: expected an array, a Tensor, numbers or nested sequences of them, "
            f"got {type(obj).__name__}"
        )
    if copy is False:
        raise ValueError("asarray: copy=False, but numbers have to be copied")
    chosen = inferred_dtype(obj) if dtype is None else dtype
    value = obj.item() if hasattr(obj, "item") else obj
    raw = current().backend.xp.asarray(value, dtype=chosen, device=_device(device))
    return Tensor(raw, EAGER)


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Return a new leaf, a copy of ``data``, that collects gradients if asked to.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tensor([1.0, 2.0], requires_grad=True)
    Tensor([1., 2.], requires_grad=True)
    """
    source = data.detach() if type(data) is Tensor else data
    out = asarray(source, dtype=dtype, device=device)
    if type(data) is Tensor or find_backend(data) is not None:
        out = Tensor(backend_below(out).xp.copy(out.data), EAGER)
    return out.requires_grad_(requires_grad) if requires_grad else out


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Tensor:
    """Convert to another dtype, and to a device if one is given; the gradient comes back."""
    if device is not None:
        return astype(x if type(x) is Tensor else asarray(x), dtype, copy=copy).to(device=device)
    if is_scalar(x):
        x = asarray(x)
    have, want = canonical(lowest(x).dtype), canonical(dtype)
    if have.kind == "c" and want.kind != "c" and want.kind != "b":
        raise TypeError(f"astype: {have} to {want} would drop the imaginary part; use real() first")
    if have.kind == "c" and want.kind == "b":  # libraries compare the real part alone
        return XG.not_equal(x, 0)  # type: ignore[no-any-return]
    if have == want and not copy and type(x) is Tensor:
        return x
    return _astype(x, dtype=want)


def zeros(shape: Shape, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros; float64 unless ``dtype`` says otherwise."""
    return _filled("zeros", shape, 0, dtype, device)


def ones(shape: Shape, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones; float64 unless ``dtype`` says otherwise."""
    return _filled("ones", shape, 1, dtype, device)


def _filled(function: str, shape: Shape, value: complex, dtype: Any, device: Any) -> Tensor:
    lengths = _shape(function, shape)
    return full(lengths, value, dtype=default_dtype() if dtype is None else dtype, device=device)


def empty(shape: Shape, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return an array to be filled; here its elements are zeros, for no surprises."""
    return _filled("empty", shape, 0, dtype, device)


def full(shape: Shape, fill_value: complex, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return an array with every element ``fill_value``, whose kind decides the dtype."""
    chosen = inferred_dtype(fill_value) if dtype is None else canonical(dtype)
    xp = current().backend.xp
    lengths = _shape("full", shape)
    return Tensor(xp.full(lengths, fill_value, dtype=chosen, device=_device(device)), EAGER)


def full_like(x: Any, /, fill_value: complex, *, dtype: Any = None, device: Any = None) -> Tensor:
    """``fill_value`` in the shape, dtype and device of ``x``."""
    raw = lowest(x)
    backend = backend_below(x)
    chosen = canonical(raw.dtype) if dtype is None else canonical(dtype)
    where = backend.xp.device(raw) if device is None else backend.parse_device(device)
    out = backend.xp.full(tuple(x.shape), fill_value, dtype=chosen, device=where)
    return Tensor(out, EAGER)


def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros in the shape, dtype and device of ``x``."""
    return full_like(x, 0, dtype=dtype, device=device)


def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones in the shape, dtype and device of ``x``."""
    return full_like(x, 1, dtype=dtype, device=device)


def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Return an array like ``x`` to be filled; here its elements are zeros."""
    return full_like(x, 0, dtype=dtype, device=device)


def arange(
    start: float,
    /,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """Numbers from ``start`` (or 0) up to, not including, ``stop``."""
    if stop is None:
        start, stop = 0, start
    if step == 0 or not all(math.isfinite(x) for x in (start, stop, step)):
        raise ValueError(
            f"arange: expected finite numbers and a step that is not 0, "
            f"got start {start}, stop {stop}, step {step}"
        )
    chosen = inferred_dtype([start, stop, step]) if dtype is None else canonical(dtype)
    xp = current().backend.xp
    return Tensor(xp.arange(start, stop, step, dtype=chosen, device=_device(device)), EAGER)


def linspace(
    start: float,
    stop: float,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Any = None,
    endpoint: bool = True,
) -> Tensor:
    """``num`` evenly spaced numbers from ``start`` to ``stop``."""
    chosen = default_dtype() if dtype is None else canonical(dtype)
    num = whole_number("linspace", "num", num)
    xp = current().backend.xp
    raw = xp.linspace(start, stop, num, dtype=chosen, device=_device(device), endpoint=endpoint)
    return Tensor(raw, EAGER)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None
) -> Tensor:
    """Ones on the ``k``-th diagonal, zeros elsewhere."""
    chosen = default_dtype() if dtype is None else canonical(dtype)
    n_rows = whole_number("eye", "n_rows", n_rows)
    n_cols = None if n_cols is None else whole_number("eye", "n_cols", n_cols)
    xp = current().backend.xp
    return Tensor(xp.eye(n_rows, n_cols, k=k, dtype=chosen, device=_device(device)), EAGER)


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """Return a Tensor that shares the memory of an array of any library, through DLPack.

    Parameters
    ----------
    x : object with ``__dlpack__`` and ``__dlpack_device__``
        An array of a library that is a backend stays with it. Others come to the current
        backend.
    device : optional
        A device of that backend.
    copy : bool, optional
        True copies; False raises where a copy would be needed.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> a = np.zeros(2)
    >>> x = xg.from_dlpack(a)
    >>> a[0] = 1.0
    >>> x
    Tensor([1., 0.])
    """
    if type(x) is Tensor:
        return asarray(x, device=device, copy=copy)
    if not hasattr(x, "__dlpack__"):
        raise TypeError(f"from_dlpack: expected an array with __dlpack__, got {type(x).__name__}")
    found = find_backend(x)
    chosen = current().backend
    if found is not None:
        return asarray(x, device=device, copy=copy)
    raw = chosen.xp.from_dlpack(x)
    if copy:
        raw = chosen.xp.copy(raw)
    out = Tensor(raw, EAGER)
    return out if device is None else out.to(device=device)


def from_numpy(array: Any, /, *, device: Any = None) -> Tensor:
    """Copy a NumPy array to the current backend."""
    selection = current()
    return Tensor(selection.backend.from_numpy(array, _device(device)), EAGER)
