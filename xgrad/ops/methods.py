"""Operators and methods of Tensor, bound to the operations one by one."""

import functools
import sys
from collections.abc import Callable
from typing import Any

from xgrad.backends.registry import find_backend
from xgrad.backends.scalars import is_scalar
from xgrad.engine.tensor import Tensor
from xgrad.ops import (
    arrangement,
    conversions,
    cumulative,
    elementwise,
    products,
    reductions,
    rounding,
    selection,
    shape,
    sorting,
)
from xgrad.ops.creation import astype
from xgrad.ops.gradients import backward
from xgrad.ops.transfer import cpu, cuda, to
from xgrad.ops.views import kinds, take
from xgrad.ops.views.reading import getitem
from xgrad.ops.views.writing import in_place, setitem


def _reflected(op: Any) -> Any:
    def reflected(x: Any, y: Any, /) -> Tensor:
        out: Tensor = op(y, x)
        return out

    return reflected


def _in_columns(function: str, order: Any) -> bool:
    """Whether elements are counted in column-major order, or raise for other than "C" and "F"."""
    if order not in ("C", "F"):
        raise TypeError(f"{function}: order must be 'C' or 'F', got {order!r}")
    return bool(order == "F")


def _reshape(x: Tensor, *lengths: Any, order: str = "C") -> Tensor:
    """Give the elements another shape: ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``."""
    one = len(lengths) == 1 and not isinstance(lengths[0], int)
    wanted = lengths[0] if one else lengths
    if not _in_columns("reshape", order):
        return kinds.reshape(x, wanted)
    turned = wanted if isinstance(wanted, int) else tuple(wanted)[::-1]
    return _transpose(kinds.reshape(_transpose(x), turned))


def _transpose(x: Tensor, *axes: Any) -> Tensor:
    """Reverse the axes, or reorder them as NumPy's method does."""
    one = len(axes) == 1 and not isinstance(axes[0], int)
    order = axes[0] if one else axes
    if x.ndim > len(axes) == 2:  # PyTorch's transpose exchanges two axes
        raise ValueError(
            f"transpose: {axes} is no order of {x.ndim} axes; swapaxes{axes} exchanges two"
        )
    return kinds.permute_dims(x, order or tuple(reversed(range(x.ndim))))


def _t(x: Tensor) -> Tensor:
    """The transpose of a matrix; of a stack of matrices use ``mT``."""
    if x.ndim != 2:
        raise ValueError(f"T: expected 2 dimensions, got {x.ndim}; use mT or permute_dims")
    return kinds.matrix_transpose(x)


def _comparison(op: Callable[..., Any]) -> Callable[[Tensor, Any], Any]:
    """Return ``==`` or ``!=``: beside what is no array, Python decides (by identity)."""

    def compare(x: Tensor, y: Any, /) -> Any:
        if type(y) is not Tensor and not is_scalar(y) and find_backend(y) is None:
            return NotImplemented
        return op(x, y)

    return compare


def _reduction(op: Callable[..., Any]) -> Callable[..., Tensor]:
    """Return the method of a reduction: as users type it, ``x.sum(0)`` too."""

    @functools.wraps(op)
    def method(x: Tensor, axis: Any = None, **keywords: Any) -> Tensor:
        out: Tensor = op(x, axis=axis, **keywords)
        return out

    return method


def _copy(x: Tensor) -> Tensor:
    """Return the same values as a tensor of its own, connected in the graph."""
    return astype(x, x.dtype, copy=True)


def _flat(x: Tensor, order: str = "C") -> Tensor:
    """Return a copy of the elements in one row."""
    x = _transpose(x) if _in_columns("flatten", order) else x
    return _copy(kinds.reshape(x, (-1,)))


def _flattening(op: Callable[..., Any], default: int | None) -> Callable[..., Tensor]:
    """Return a method whose ``axis=None`` means the flattened array, as in NumPy."""

    @functools.wraps(op)
    def method(x: Tensor, axis: int | None = default, **keywords: Any) -> Tensor:
        if axis is None:
            x, axis = shape.reshape(x, (-1,)), 0
        out: Tensor = op(x, axis=axis, **keywords)
        return out

    return method


def _repeat(x: Tensor, repeats: Any, axis: int | None = None) -> Tensor:
    """Repeat each element, as `xgrad.repeat` does."""
    return arrangement.repeat(x, repeats, axis=axis)


def _dot(x: Tensor, y: Any) -> Tensor:
    """Matrix product, as `xgrad.matmul` has it."""
    return products.matmul(x, y)


def _take(x: Tensor, indices: Any, axis: int | None = None) -> Tensor:
    """Slices named by integers, as `xgrad.take` gives them."""
    return take.take(x, indices, axis=axis)


def _fill(x: Tensor, value: Any) -> None:
    """Write one number everywhere."""
    setitem(x, ..., value)


_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")


def _namespace(x: Tensor, /, *, api_version: str | None = None) -> Any:
    """Return xgrad: the namespace of the standard that this array belongs to."""
    if api_version is not None and api_version not in _VERSIONS:
        raise ValueError(
            f"__array_namespace__: api_version must be one of {', '.join(_VERSIONS)}, "
            f"got {api_version!r}"
        )
    return sys.modules["xgrad"]


def _to_device(x: Tensor, device: Any, /, *, stream: Any = None) -> Tensor:
    """Return the tensor on another device of its backend."""
    if stream is not None:
        raise ValueError("to_device: streams are not supported; expected stream=None")
    return to(x, device=device)


e, d, c = elementwise, rounding, conversions

METHODS: dict[str, Any] = {
    "__add__": e.add,
    "__radd__": _reflected(e.add),
    "__sub__": e.subtract,
    "__rsub__": _reflected(e.subtract),
    "__mul__": e.multiply,
    "__rmul__": _reflected(e.multiply),
    "__truediv__": e.divide,
    "__rtruediv__": _reflected(e.divide),
    "__pow__": e.pow,
    "__rpow__": _reflected(e.pow),
    "__matmul__": products.matmul,
    "__rmatmul__": _reflected(products.matmul),
    "__floordiv__": d.floor_divide,
    "__rfloordiv__": _reflected(d.floor_divide),
    "__mod__": d.remainder,
    "__rmod__": _reflected(d.remainder),
    "__and__": d.bitwise_and,
    "__rand__": _reflected(d.bitwise_and),
    "__or__": d.bitwise_or,
    "__ror__": _reflected(d.bitwise_or),
    "__xor__": d.bitwise_xor,
    "__rxor__": _reflected(d.bitwise_xor),
    "__lshift__": d.bitwise_left_shift,
    "__rlshift__": _reflected(d.bitwise_left_shift),
    "__rshift__": d.bitwise_right_shift,
    "__rrshift__": _reflected(d.bitwise_right_shift),
    "__invert__": d.bitwise_invert,
    "__neg__": e.negative,
    "__pos__": e.positive,
    "__abs__": e.abs,
    "__lt__": selection.less,
    "__le__": selection.less_equal,
    "__gt__": selection.greater,
    "__ge__": selection.greater_equal,
    "__eq__": _comparison(selection.equal),
    "__ne__": _comparison(selection.not_equal),
    "__iadd__": in_place("+=", e.add),
    "__isub__": in_place("-=", e.subtract),
    "__imul__": in_place("*=", e.multiply),
    "__itruediv__": in_place("/=", e.divide),
    "__ipow__": in_place("**=", e.pow),
    "__imatmul__": in_place("@=", products.matmul),
    "__ifloordiv__": in_place("//=", d.floor_divide),
    "__imod__": in_place("%=", d.remainder),
    "__iand__": in_place("&=", d.bitwise_and),
    "__ior__": in_place("|=", d.bitwise_or),
    "__ixor__": in_place("^=", d.bitwise_xor),
    "__ilshift__": in_place("<<=", d.bitwise_left_shift),
    "__irshift__": in_place(">>=", d.bitwise_right_shift),
    "__bool__": c.to_bool,
    "__float__": c.to_float,
    "__int__": c.to_int,
    "__complex__": c.to_complex,
    "__index__": c.to_index,
    "__floor__": c.floor,
    "__ceil__": c.ceil,
    "__trunc__": c.trunc,
    "__round__": c.rounded,
    "__divmod__": c.divided,
    "__rdivmod__": _reflected(c.divided),
    "__contains__": c.contains,
    "__format__": c.formatted,
    "item": c.item,
    "tolist": c.tolist,
    "__array_namespace__": _namespace,
    "to_device": _to_device,
    "__getitem__": getitem,
    "__setitem__": setitem,
    "T": property(_t),
    "mT": property(kinds.matrix_transpose),
    "reshape": _reshape,
    "transpose": _transpose,
    "squeeze": kinds.squeeze,
    "astype": astype,
    "copy": _copy,
    "fill": _fill,
    "ravel": kinds.ravel,
    "flatten": _flat,
    "swapaxes": kinds.swapaxes,
    "real": property(kinds.real),
    "imag": property(kinds.imag),
    "conj": e.conj,
    "clip": selection.clip,
    "round": d.round,
    "dot": _dot,
    "take": _take,
    "repeat": _repeat,
    "nonzero": sorting.nonzero,
    "cumsum": _flattening(cumulative.cumulative_sum, None),
    "cumprod": _flattening(cumulative.cumulative_prod, None),
    "argsort": _flattening(sorting.argsort, -1),
    "sum": _reduction(reductions.sum),
    "mean": _reduction(reductions.mean),
    "prod": _reduction(reductions.prod),
    "var": _reduction(reductions.var),
    "std": _reduction(reductions.std),
    "max": _reduction(reductions.max),
    "min": _reduction(reductions.min),
    "argmax": _reduction(reductions.argmax),
    "argmin": _reduction(reductions.argmin),
    "any": _reduction(reductions.any),
    "all": _reduction(reductions.all),
    "detach": selection.stop_gradient,
    "to": to,
    "cpu": cpu,
    "cuda": cuda,
    "backward": backward,
}


def bind_methods() -> None:
    """Give Tensor its operators and methods."""
    for name, method in METHODS.items():
        setattr(Tensor, name, method)
