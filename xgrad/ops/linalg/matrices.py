"""Helpers of the rules of linear algebra: adjoints, checks, small matrices."""

from collections.abc import Callable
from typing import Any

from xgrad.backends import dtypes, host
from xgrad.backends.dtypes import canonical, is_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import backend_below
from xgrad.engine.primitive import Params
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.errors import AutogradError
from xgrad.typing import Value


def adjoint(xp: Namespace, x: Value) -> Value:
    """Conjugate transpose of the last two axes."""
    flipped = xp.matrix_transpose(x)
    return xp.conj(flipped) if is_complex(x.dtype) else flipped


def conjugate(xp: Namespace, x: Value) -> Value:
    """Complex conjugate; real arrays are returned unchanged."""
    return xp.conj(x) if is_complex(x.dtype) else x


def hermitian_part(xp: Namespace, x: Value) -> Value:
    """``(x + xᴴ) / 2``."""
    return xp.add(x, adjoint(xp, x)) * 0.5


def columns_scaled(xp: Namespace, x: Value, d: Value) -> Value:
    """``x @ diag(d)``."""
    return xp.multiply(x, xp.reshape(d, (*d.shape[:-1], 1, d.shape[-1])))


def eye_like(x: Any, size: int | None = None) -> Any:
    """Return an identity matrix in the dtype and on the device of ``x``, as a raw array."""
    xp, raw = backend_below(x).xp, lowest(x)
    rows = int(x.shape[-1]) if size is None else size
    return xp.eye(rows, dtype=canonical(raw.dtype), device=xp.device(raw))


def _on_device_of(x: Any, constant: Any) -> Any:
    backend, raw = backend_below(x), lowest(x)
    return backend.from_numpy(constant, backend.xp.device(raw))


def off_diagonal(x: Any) -> Any:
    """Mask of the off-diagonal elements, in the size of the last axis of ``x``, as a raw array."""
    return _on_device_of(x, host.off_diagonal(int(x.shape[-1])))


def triangle_weights(x: Any, *, diagonal: float, upper: bool = False) -> Any:
    """Ones below (or above) the diagonal, ``diagonal`` on it and 0 elsewhere, as a raw array."""
    dtype = canonical(lowest(x).dtype)
    return _on_device_of(x, host.triangle_weights(int(x.shape[-1]), diagonal, upper, dtype))


def diagonal_of(xp: Namespace, x: Value) -> Value:
    """Main diagonal of square matrices: every (n+1)-th element of the flattened matrix."""
    n = int(x.shape[-1])
    flat = xp.reshape(x, (*x.shape[:-2], n * n))
    return xp.basic_index(flat, (..., slice(0, n * n, n + 1)))


def is_differentiated(x: Any) -> bool:
    """Whether a transform or the tape computes derivatives with respect to a value."""
    while type(x) is Tensor:
        if stripped(x) is x and x._level.size is None:
            return True
        x = x._value
    return False


def precision(x: Any) -> float:
    """The spacing of floating-point numbers at 1 in the dtype of ``x``."""
    return dtypes.precision(lowest(x).dtype)


def largest(xp: Namespace, x: Value, axis: int | tuple[int, ...] = -1) -> Value:
    """Return the maximum along axes, with keepdims; 0 if there are no elements."""
    axes = axis if isinstance(axis, tuple) else (axis,)
    reduce = xp.sum if 0 in [x.shape[a] for a in axes] else xp.max
    return reduce(x, axis=axis, keepdims=True)


def holds(mask: Any) -> bool | None:
    """Whether a mask holds anywhere; None if checking is expensive or nothing is known yet."""
    backend = backend_below(mask)
    return None if backend.abstract else backend.xp.holds(lowest(mask))


def refused(xp: Namespace, mask: Value, g: Value, message: str) -> Value:
    """Return ``g``, a cotangent of matrices; raise the message if the mask is true anywhere.

    If that is not known, set the matrices with a true element to NaN instead.
    """
    is_true = holds(mask)
    if is_true:
        raise AutogradError(message)
    if is_true is False:
        return g
    return xp.where(xp.any(mask, axis=(-2, -1), keepdims=True), float("nan"), g)


def batch_same(
    op: Callable[..., Any], args: tuple[Value, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    """Batch an op of stacks of matrices: the batch is another leading axis."""
    return op(*args, **params)


def check_matrix(function: str, x: Any, *, square: bool = False) -> None:
    """Raise unless ``x`` is a matrix, or a stack of matrices; square ones if ``square``."""
    shape = getattr(x, "shape", None)
    if shape is None:
        raise TypeError(
            f"{called(function)}: expected an array or a Tensor, got {type(x).__name__}"
        )
    if len(shape) < 2:
        raise ValueError(
            f"{called(function)}: expected at least 2 dimensions, got shape {tuple(shape)}"
        )
    if square and shape[-1] != shape[-2]:
        raise ValueError(f"{called(function)}: expected square matrices, got shape {tuple(shape)}")
