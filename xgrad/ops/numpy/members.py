"""Tensor's methods and attributes that NumPy's arrays have, with NumPy's arguments.

Reductions, sorting and functions of the same names are in the other files; what a Tensor cannot
have is in `xgrad.ops.numpy.refused`.
"""

import copy
from collections.abc import Sequence
from typing import Any

from xgrad.backends import host
from xgrad.backends.dtypes import canonical, complex64, complex128, is_complex
from xgrad.engine.declare import function
from xgrad.engine.pickling import reduced
from xgrad.engine.tensor import Tensor
from xgrad.engine.views import ViewKind, as_array, attach, refresh, view_of
from xgrad.errors import AutogradError
from xgrad.ops import creation
from xgrad.ops.complex import conj, from_parts, imag, real
from xgrad.ops.numpy import shapes
from xgrad.ops.numpy.memory import memory_axes, steps
from xgrad.ops.shape import permute_dims, reshape, stack
from xgrad.ops.views import kinds
from xgrad.ops.views.parts import INDEXED, basic_index
from xgrad.ops.views.writing import is_result, setitem
from xgrad.typing import ArrayLike

# -- memory ------------------------------------------------------------------------------------


@function(attribute="strides")
def _strides(x: Tensor) -> tuple[int, ...]:
    """The bytes between neighbours along each axis."""
    return steps(x)


@function(attribute="itemsize")
def _itemsize(x: Tensor) -> int:
    """The bytes of one element."""
    return int(x.dtype.itemsize)


@function(attribute="nbytes")
def _nbytes(x: Tensor) -> int:
    """The bytes of all elements."""
    return int(x.size * x.dtype.itemsize)


@function(attribute="base")
def _base(x: Tensor) -> Tensor | None:
    """The tensor that a view shows a part of, or None for a tensor that is not a view."""
    base = None
    while (view := view_of(x if base is None else base)) is not None:
        base = view[0]
    return base


@function(method="tobytes")
def _tobytes(x: Tensor, order: str = "C") -> bytes:
    """Return the elements as bytes.

    Raises
    ------
    AutogradError
        If the tensor needs gradients: call ``detach()`` first.
    """
    if refresh(x)._node is not None:
        raise AutogradError(
            "tobytes: this tensor needs gradients, and bytes cannot carry them; "
            "call detach().tobytes()"
        )
    data: bytes = x.numpy().tobytes(order)
    return data


# -- copies ------------------------------------------------------------------------------------


def _is_row_major(x: Tensor) -> bool:
    packed = kinds.row_major(x.shape)
    size = x.dtype.itemsize
    return all(n == 1 or s == p * size for n, s, p in zip(x.shape, steps(x), packed, strict=True))


@function(method=("conj", "conjugate"))
def _conj(x: Tensor) -> Tensor:
    """Complex conjugate; of real numbers the tensor itself, as in NumPy."""
    return conj(x) if is_complex(x.dtype) else x


@function(method="copy")
def _copy(x: Tensor, order: str = "C") -> Tensor:
    """Return the same values as a separate tensor, connected in the graph."""
    axes = memory_axes("copy", x, order)
    if axes != tuple(range(x.ndim)):
        moved = _copy(permute_dims(x, axes))
        return kinds.permute_dims(moved, tuple(axes.index(i) for i in range(x.ndim)))
    if x.ndim > 1 and not _is_row_major(x):
        return reshape(creation.astype(reshape(x, (-1,)), x.dtype, copy=True), x.shape)
    out = creation.astype(x, x.dtype, copy=True)
    return out if x.shape or is_result(x) else as_array(out)


@function(method="__copy__")
def _shallow_copy(x: Tensor) -> Tensor:
    """Return ``copy.copy(x)``: of a leaf another leaf, of other tensors `copy`, in the graph."""
    if x._level or not x.is_leaf:
        return _copy(x)
    rebuild, arguments = reduced(x)
    out: Tensor = rebuild(*arguments)
    return out


@function(method="__deepcopy__")
def _deep_copy(x: Tensor, memo: dict[int, Any]) -> Tensor:
    """Return ``copy.deepcopy(x)``: of a leaf another leaf, of others `copy`, in the graph."""
    if x._level or not x.is_leaf:
        return _copy(x)
    rebuild, arguments = reduced(x)
    out: Tensor = rebuild(*copy.deepcopy(arguments, memo))
    return out


@function(method="flatten")
def _flatten(x: Tensor, order: str = "C") -> Tensor:
    """Return a 1-D copy of the elements."""
    axes = memory_axes("flatten", x, order)
    x = x if axes == tuple(range(x.ndim)) else permute_dims(x, axes)
    return creation.astype(reshape(x, (-1,)), x.dtype, copy=True)


@function(method="reshape")
def _reshape(x: Tensor, *shape: Any, order: str = "C", copy: bool | None = None) -> Tensor:
    """Give the elements another shape: ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``."""
    lengths = shape[0] if len(shape) == 1 else shape
    if order == "C":
        return kinds.reshape(x, lengths, copy=copy)
    return shapes._reshape(x, lengths, order, copy=copy)


@function(method="fill")
def _fill(x: Tensor, value: Any) -> None:
    """Set every element to a number, which may be a Tensor without axes."""
    shape = getattr(value, "shape", (len(value),) if isinstance(value, Sequence) else ())
    if tuple(shape):
        raise ValueError(f"fill: expected one number, got shape {tuple(shape)}; use x[...] = value")
    setitem(x, ..., value)


@function(method="astype")
def _astype(
    x: Tensor,
    dtype: Any,
    order: str = "K",
    casting: str = "unsafe",
    subok: bool = True,
    copy: bool = True,
    *,
    device: Any = None,
) -> Tensor:
    """Convert to another dtype, and move to ``device`` if it is passed; differentiable.

    ``casting`` limits what may change, as in NumPy: "no", "equiv", "safe", "same_kind" or "unsafe".
    """
    memory_axes("astype", x, order)
    if casting != "unsafe":
        want = canonical(dtype)
        if not host.can_cast(x.dtype, want, casting):
            raise TypeError(f"astype: cannot cast {x.dtype} to {want} by the rule {casting!r}")
    return creation.astype(x, dtype, copy=copy, device=device)


# -- the same memory as another dtype ------------------------------------------------------------


def _as_real(base: Tensor, _: Any = None) -> Tensor:
    pairs = stack((real(base), imag(base)), axis=-1)
    return reshape(pairs, (*base.shape[:-1], 2 * base.shape[-1]))


def _as_complex(base: Tensor, _: Any = None) -> Tensor:
    every = (slice(None),) * (base.ndim - 1)
    return from_parts(
        basic_index(base, key=(*every, slice(0, None, 2))),
        basic_index(base, key=(*every, slice(1, None, 2))),
    )


def _complex_strides(strides: tuple[int, ...]) -> tuple[int, ...] | None:
    *others, last = strides
    return (*(s // 2 for s in others), 1) if last == 1 and not any(s % 2 for s in others) else None


_PAIRS = ViewKind(
    "view",
    pull=_as_real,
    push=lambda base, new, _: _as_complex(new),
    strides=lambda strides, shape, _, new: (*(2 * s for s in strides[:-1]), 1),
)
_NUMBERS = ViewKind(
    "view",
    pull=_as_complex,
    push=lambda base, new, _: _as_real(new),
    strides=lambda strides, shape, _, new: _complex_strides(strides),
)
#: Real dtypes of equal size as half of a complex one.
_HALVES = {"float32": complex64, "float64": complex128}


@function(method="view")
def _view(x: Tensor, dtype: Any = None, type: Any = None) -> Tensor:
    """Return a view of the tensor, or of its complex numbers as pairs of real ones, or back.

    PyTorch's ``view(2, 3)`` is `reshape`.
    """
    if isinstance(dtype, int | tuple) or (isinstance(dtype, Sequence) and dtype == ()):
        raise TypeError(f"view: expected a dtype, got {dtype!r}; use reshape for another shape")
    if type is not None:
        raise TypeError("view: a Tensor has no other array types; use x.numpy() for an ndarray")
    want = x.dtype if dtype is None else canonical(dtype)
    if want == x.dtype:
        whole = (slice(None),) * x.ndim
        return attach(basic_index(x, key=whole), x, INDEXED, whole)
    to_real = is_complex(x.dtype) and _HALVES.get(want.name) == x.dtype
    # None equals np.dtype("float64").
    to_complex = x.dtype.name in _HALVES and _HALVES[x.dtype.name] == want
    if not to_real and not to_complex:
        raise TypeError(
            f"view: the bytes of {x.dtype} as {want} have no derivative; "
            "use astype to convert numbers, or x.detach().numpy().view(dtype)"
        )
    if not x.ndim or (to_complex and x.shape[-1] % 2):
        raise ValueError(f"view: shape {x.shape} of {x.dtype} cannot be shown as {want}")
    if to_real:
        return attach(_as_real(x), x, _PAIRS, None)
    return attach(_as_complex(x), x, _NUMBERS, None)


# -- assignable parts ----------------------------------------------------------------------------


def set_real(x: Tensor, value: ArrayLike) -> None:
    """``x.real = value``."""
    setitem(kinds.real(x), ..., value)


def set_imag(x: Tensor, value: ArrayLike) -> None:
    """``x.imag = value``."""
    if not is_complex(x.dtype):
        raise TypeError(f"imag: a tensor of {x.dtype} has no imaginary part to set")
    setitem(kinds.imag(x), ..., value)
