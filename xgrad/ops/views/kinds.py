"""The public functions that return views: rearrangements of the same elements.

As in NumPy, ``y = reshape(x, ...)`` followed by ``y[0] = 1`` changes ``x``, and a write to ``x``
changes ``y``. A tensor that is not a view is taken to be in row-major order; if NumPy must copy to
reshape a view, the result is not a view here, either.
"""

import math
import operator
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from xgrad.backends.dtypes import is_complex
from xgrad.engine.declare import function
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.views import ViewKind, attach, refresh, view_of
from xgrad.ops import shape as unviewed
from xgrad.ops.complex import from_parts
from xgrad.ops.complex import imag as _imag
from xgrad.ops.complex import real as _real
from xgrad.ops.creation import as_tensor
from xgrad.ops.reductions import reduced_axes
from xgrad.ops.shape import checked_axis, inverse_order, moved_axes
from xgrad.ops.views.parts import INDEXED
from xgrad.typing import ArrayLike, Axis, SupportsArray

__all__ = [
    "broadcast_to", "expand_dims", "flip", "imag", "matrix_transpose", "moveaxis",
    "permute_dims", "real", "reshape", "squeeze", "swapaxes", "unstack",
]  # fmt: skip

Strides = tuple[int, ...]

# -- strides: they decide whether NumPy's reshape is a view ------------------------------------


def row_major(shape: Sequence[int]) -> Strides:
    """Return the strides of a row-major array, in elements."""
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


def strides_of(x: Tensor) -> Strides | None:
    """Return a tensor's strides in elements, or None for a view that strides cannot describe."""
    chain = []
    while (view := view_of(x)) is not None:
        chain.append((view, x))
        x = view[0]
    strides: Strides | None = row_major(x.shape)
    for (_, kind, argument, _), y in reversed(chain):
        if strides is not None:
            strides = kind.strides(strides, x.shape, argument, y.shape)
        x = y
    return strides


def _reshaped_strides(
    strides: Strides, shape: Sequence[int], _: Any, new: Sequence[int]
) -> Strides | None:
    """Return the strides after a reshape without a copy, or None if a copy is needed.

    Old and new axes are grouped so that corresponding groups have the same number of elements;
    the elements of an old group must be evenly spaced.
    """
    if math.prod(shape) == 0:
        return row_major(new)
    old = [(n, s) for n, s in zip(shape, strides, strict=True) if n != 1]
    out: list[int] = []
    start = 0
    i = 0
    while i < len(new):
        if new[i] == 1:
            out.append(0)
            i += 1
            continue
        run, end = [new[i]], start + 1
        i += 1
        while (want := math.prod(run)) != (have := math.prod(n for n, _ in old[start:end])):
            if want < have:
                run.append(new[i])
                i += 1
            else:
                end += 1
        group = old[start:end]
        if any(s != n2 * s2 for (_, s), (n2, s2) in pairwise(group)):
            return None
        out.extend(s * group[-1][1] for s in row_major(run))
        start = end
    return tuple(out)


# -- reshape and functions composed of it ------------------------------------------------------

_RESHAPED = ViewKind(
    "reshape",
    pull=unviewed.reshape,
    push=lambda base, new, shape: unviewed.reshape(new, base.shape),
    strides=_reshaped_strides,
)


def _reshaped(out: Tensor, x: ArrayLike) -> Tensor:
    return attach(out, x, _RESHAPED, out.shape) if type(x) is Tensor else out


def reshape(x: SupportsArray, shape: int | Sequence[int], *, copy: bool | None = None) -> Tensor:
    """Reshape, with elements in row-major order; one length may be -1.

    Parameters
    ----------
    x : array or Tensor
    shape : int or sequence of int
    copy : bool, optional
        None: a view if NumPy's reshape returns one. True: always a copy. False: raise if a copy
        is needed.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.arange(4)
    >>> y = xg.reshape(x, (2, 2))
    >>> y[0, 0] = 7
    >>> x
    Tensor([7, 1, 2, 3])
    """
    out = unviewed.reshape(x, shape)
    if copy or type(x) is not Tensor:
        return out
    if view_of(x) is not None:
        strides = strides_of(x)
        if strides is None or _reshaped_strides(strides, x.shape, None, out.shape) is None:
            if copy is False:
                raise ValueError("reshape: copy=False, but this reshape needs a copy")
            return out
    return _reshaped(out, x)


def ravel(x: SupportsArray, /) -> Tensor:
    """Flatten to one axis; a view if the elements are contiguous, as in NumPy."""
    if type(x) is not Tensor or view_of(x) is None:
        return reshape(x, (-1,))
    strides = strides_of(x)
    contiguous = strides is not None and all(
        s == p or n == 1 for s, p, n in zip(strides, row_major(x.shape), x.shape, strict=True)
    )
    return reshape(x, (-1,), copy=None if contiguous else True)


def expand_dims(x: SupportsArray, axis: int | tuple[int, ...]) -> Tensor:
    """Insert axes of length 1 so that they become ``axis`` of the result; a view."""
    return _reshaped(unviewed.expand_dims(x, axis=axis), x)


def squeeze(x: SupportsArray, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Remove axes of length 1: those in ``axis``, or all of them; a view."""
    return _reshaped(unviewed.squeeze(x, axis), x)


# -- order of axes and of elements -------------------------------------------------------------


def _tensor_of(x: ArrayLike) -> Tensor:
    """Return ``x`` as a tensor, the base of its views."""
    return x if type(x) is Tensor else as_tensor(x)


_PERMUTED = ViewKind(
    "permute_dims",
    pull=unviewed.permute_dims,
    push=lambda base, new, axes: unviewed.permute_dims(new, inverse_order(axes)),
    strides=lambda strides, shape, axes, _: tuple(strides[a] for a in axes),
)
_FLIPPED = ViewKind(
    "flip",
    pull=lambda base, axes: unviewed.flip(base, axis=axes),
    push=lambda base, new, axes: unviewed.flip(new, axis=axes),
    strides=lambda strides, shape, axes, _: tuple(
        -s if i in axes else s for i, s in enumerate(strides)
    ),
)


def permute_dims(x: ArrayLike, axes: Sequence[int]) -> Tensor:
    """Reorder the axes: axis ``i`` of the result is axis ``axes[i]`` of ``x``; a view."""
    out = unviewed.permute_dims(x, axes)
    x = _tensor_of(x)
    return attach(out, x, _PERMUTED, tuple(a % len(x.shape) for a in axes))


@function(numpy=("matrix_transpose", "linalg.matrix_transpose"), attribute="mT")
def matrix_transpose(x: ArrayLike) -> Tensor:
    """Swap the last two axes; a view."""
    out = unviewed.matrix_transpose(x)
    x = _tensor_of(x)
    ndim = len(x.shape)
    return attach(out, x, _PERMUTED, (*range(ndim - 2), ndim - 1, ndim - 2))


def moveaxis(x: ArrayLike, source: Any, destination: Any) -> Tensor:
    """Move axes to other positions; the rest keep their order; a view.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.moveaxis(xg.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    out = unviewed.moveaxis(x, source, destination)
    x = _tensor_of(x)
    return attach(out, x, _PERMUTED, moved_axes(len(x.shape), source, destination))


def swapaxes(x: ArrayLike, axis1: int, axis2: int) -> Tensor:
    """Swap two axes, as NumPy's function does; a view.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.swapaxes(xg.ones((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    ndim = unviewed.ndim_of("swapaxes", x)
    order = list(range(ndim))
    a, b = (checked_axis("swapaxes", axis, ndim) for axis in (axis1, axis2))
    order[a], order[b] = order[b], order[a]
    return permute_dims(x, order)


def flip(x: ArrayLike, axis: Axis = None) -> Tensor:
    """Reverse the order of elements along an axis, several axes, or all (None); a view.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.flip(xg.asarray([1, 2, 3]))
    Tensor([3, 2, 1])
    """
    out = unviewed.flip(x, axis=axis)
    x = _tensor_of(x)
    if not x.shape:  # NumPy copies a 0-d array
        return out
    return attach(out, x, _FLIPPED, reduced_axes(axis, len(x.shape)))


# -- broadcasting and splitting ----------------------------------------------------------------

_STRETCHED = ViewKind(
    "broadcast_to",
    pull=unviewed.broadcast_to,
    push=None,
    strides=lambda strides, shape, _, new: (
        *(0,) * (len(new) - len(shape)),
        *(
            s if n == m else 0
            for s, n, m in zip(strides, shape, new[len(new) - len(shape) :], strict=True)
        ),
    ),
)


def broadcast_to(x: SupportsArray, shape: Sequence[int]) -> Tensor:
    """Repeat along new axes and axes of length 1; a view that cannot be written."""
    out = unviewed.broadcast_to(x, shape)
    return attach(out, x, _STRETCHED, out.shape) if type(x) is Tensor else out


@function(numpy="unstack")
def unstack(x: SupportsArray, axis: int = 0) -> tuple[Tensor, ...]:
    """Split along an axis into a tuple of views without it; a vector is split into elements.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.unstack(xg.asarray([[1, 2], [3, 4]]), axis=1)
    (Tensor([1, 3]), Tensor([2, 4]))
    """
    axis = operator.index(axis)
    parts = unviewed.unstack(x, axis=axis)
    if type(x) is not Tensor or len(x.shape) == 1:
        return parts
    before = (slice(None),) * (axis % len(x.shape))
    rest = (slice(None),) * (len(x.shape) - len(before) - 1)
    return tuple(attach(p, x, INDEXED, (*before, i, *rest)) for i, p in enumerate(parts))


# -- parts of complex numbers ------------------------------------------------------------------


def _with_real(base: Tensor, new: Tensor, step: int) -> Tensor:
    if step == 1:
        return new
    return from_parts(new, _imag(base))


def _with_imag(base: Tensor, new: Tensor, _: Any) -> Tensor:
    return from_parts(_real(base), new)


def _part_strides(strides: Strides, shape: Any, step: int, _: Any) -> Strides:
    return tuple(step * s for s in strides)  # real and imaginary parts alternate


_REAL = ViewKind("real", pull=lambda base, _: _real(base), push=_with_real, strides=_part_strides)
_IMAG = ViewKind("imag", pull=lambda base, _: _imag(base), push=_with_imag, strides=_part_strides)


@function(numpy="real", attribute=True)
def real(x: ArrayLike) -> Tensor:
    """Real part; a view."""
    out = _real(x)
    if type(x) is not Tensor:
        return out
    return attach(out, x, _REAL, 2 if is_complex(lowest(x).dtype) else 1)


@function(numpy="imag", attribute=True)
def imag(x: ArrayLike) -> Tensor:
    """Imaginary part, a view; 0 for real input."""
    out = _imag(x)
    viewed = type(x) is Tensor and is_complex(lowest(refresh(x)).dtype)
    return attach(out, x, _IMAG, 2) if viewed else out
