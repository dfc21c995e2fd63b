"""Linear filters and trends."""

import itertools
from collections.abc import Sequence
from typing import Any, Literal

from xgrad.engine.dispatch import XG
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, stripped
from xgrad.ops.creation import as_tensor, floats_of
from xgrad.ops.linalg.matrices import eye_like, holds
from xgrad.ops.linalg.solving import _solve_triangular
from xgrad.ops.products import matmul
from xgrad.ops.reductions import mean
from xgrad.ops.reductions import sum as total
from xgrad.ops.selection import equal, where
from xgrad.ops.shape import concat, moveaxis, reshape
from xgrad.signal.convolution import convolved
from xgrad.typing import ArrayLike

__all__ = ["detrend", "lfilter"]

#: A recursion is computed in blocks of this length, each with two matrix products.
_BLOCK = 64


def lfilter(b: ArrayLike, a: ArrayLike, x: ArrayLike, axis: int = -1, zi: Any = None) -> Any:
    """Filter along an axis by a rational transfer function: SciPy's `lfilter`, differentiable.

    ``a[0] y[n] = b[0] x[n] + b[1] x[n-1] + ... - a[1] y[n-1] - ...``; derivatives by the
    coefficients, the signal and the initial state.

    Parameters
    ----------
    b, a : vector
        Numerator and denominator.
    x : array
    axis : int
    zi : array, optional
        The initial state, of length ``max(len(a), len(b)) - 1`` along the axis.

    Returns
    -------
    Tensor
        With ``zi`` a pair: the result, and the final state.

    Notes
    -----
    Without recursion (``len(a) == 1``) it is a convolution; else blocks of the signal are solved
    in turn with the triangular Toeplitz matrix of ``a``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.signal.lfilter([1.0], [1.0, -0.5], [1.0, 0.0, 0.0])
    Tensor([1.  , 0.5 , 0.25])
    """
    given = (b, a, x, *(() if zi is None else (zi,)))
    tensors = [floats_of(v, given) for v in given]
    return _filtered(*tensors, axis=axis)


def _filtered(b: Any, a: Any, x: Any, *state: Any, axis: int) -> Any:
    for name, v in (("b", b), ("a", a)):
        if v.ndim != 1 or not v.size:
            raise ValueError(
                f"{called('signal.lfilter')}: {name} must be a vector that is not empty, got "
                f"shape {v.shape}"
            )
    if not x.ndim:
        raise ValueError(f"{called('signal.lfilter')}: x must have an axis, got a number")
    if holds(stripped(equal(a[0], 0))):
        raise ValueError(f"{called('signal.lfilter')}: a[0] must not be 0")
    b, a = b / a[0], a / a[0]
    order = max(b.shape[0], a.shape[0]) - 1
    x = moveaxis(x, axis, -1)
    n = x.shape[-1]
    if not n:
        return (moveaxis(x, -1, axis), *state) if state else moveaxis(x, -1, axis)
    full = convolved("signal.lfilter", x, b, "full", "direct", ((-1,), (0,)), None)
    start = None
    if state:
        start = moveaxis(state[0], axis, -1)
        if start.shape[-1] != order:
            raise ValueError(
                f"{called('signal.lfilter')}: zi must have length {order} along the axis, got "
                f"{start.shape[-1]}"
            )
        full = _added(_longer(full, n + order), start)
    driven, beyond = full[..., :n], full[..., n:]
    y = driven if a.shape[0] == 1 else _recursion(driven, a)
    if start is None:
        return moveaxis(y, -1, axis)
    back = convolved("signal.lfilter", y, a, "full", "direct", ((-1,), (0,)), None)
    rest = _longer(beyond, order) - _longer(back[..., n:], order)
    return moveaxis(y, -1, axis), moveaxis(rest, -1, axis)


def _longer(x: Any, n: int) -> Any:
    """Append zeros along the last axis."""
    if x.shape[-1] >= n:
        return x[..., :n]
    zeros = XG.broadcast_to(0 * total(x, axis=-1, keepdims=True), (*x.shape[:-1], n - x.shape[-1]))
    return concat([x, zeros], axis=-1)


def _added(x: Any, start: Any) -> Any:
    """Add an initial state to the first elements."""
    return x + _longer(start, x.shape[-1])


def _recursion(v: Any, a: Any) -> Any:
    """Solve ``y[n] + a[1] y[n-1] + ... = v[n]``."""
    n, order = v.shape[-1], a.shape[0] - 1
    size = min(_BLOCK, max(n, 1))
    size = max(size, order)
    padded = _longer(a, size + order)
    # Toeplitz matrices: on this block, and on the previous `order` outputs.
    own = _toeplitz(padded, size)
    before = _toeplitz_before(padded, size, order)
    eye = as_tensor(eye_like(own))
    inverse = _solve_triangular(own, eye, upper=False, unit_diagonal=True)
    carried = matmul(inverse, before)
    blocks = -(-n // size)
    v = _longer(v, blocks * size)
    v = reshape(v, (*v.shape[:-1], blocks, size))
    driven = matmul(v, XG.matrix_transpose(inverse))
    last, parts = None, []
    for k in range(blocks):
        part = driven[..., k, :]
        if last is not None:
            part = part - matmul(last[..., None, :], XG.matrix_transpose(carried))[..., 0, :]
        parts.append(part)
        last = part[..., size - order :]
    return concat(parts, axis=-1)[..., :n]


def _toeplitz(a: Any, size: int) -> Any:
    """The lower triangular matrix with elements ``a[i - j]``."""
    back = XG.flip(a[:size], axis=0)
    both = concat([back, 0 * back], axis=0)
    return XG.stack([both[size - 1 - i : 2 * size - 1 - i] for i in range(size)], axis=0)


def _toeplitz_before(a: Any, size: int, order: int) -> Any:
    """The matrix of the previous outputs: ``a[i + order - j]`` for j < order."""
    rows = [XG.flip(a[i + 1 : i + 1 + order], axis=0) for i in range(size)]
    return XG.stack(rows, axis=0)


def detrend(
    data: ArrayLike,
    axis: int = -1,
    type: Literal["linear", "l", "constant", "c"] = "linear",
    bp: int | Sequence[int] = 0,
    overwrite_data: bool = False,
) -> Tensor:
    """Remove the mean, or the line of least squares, along an axis: SciPy's `detrend`.

    Parameters
    ----------
    data : array
    axis : int
    type : "linear" or "constant"
    bp : sequence of int
        Breakpoints, between which lines are fitted separately.
    overwrite_data : bool
        Has no effect.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.signal.detrend([1.0, 2.0, 6.0], type="constant")
    Tensor([-2., -1.,  3.])
    """
    if type not in ("linear", "l", "constant", "c"):
        raise ValueError(
            f"{called('signal.detrend')}: type must be 'linear' or 'constant', got {type!r}"
        )
    x = floats_of(data)
    if type in ("constant", "c"):
        level: Tensor = x - mean(x, axis=axis, keepdims=True)
        return level
    x = moveaxis(x, axis, -1)
    n = x.shape[-1]
    marks = sorted({0, n, *([bp] if isinstance(bp, int) else map(int, bp))})
    if marks[0] < 0 or marks[-1] > n:
        raise ValueError(f"{called('signal.detrend')}: breakpoints must be in [0, {n}], got {bp}")
    parts = []
    for first, last in itertools.pairwise(marks):
        part = x[..., first:last]
        part = part - mean(part, axis=-1, keepdims=True)
        ones = part * 0 + 1
        times = XG.cumulative_sum(ones, axis=-1) - 0.5 * (last - first + 1)
        norm = total(times * times, axis=-1, keepdims=True)
        slope = total(times * part, axis=-1, keepdims=True) / where(norm == 0, 1.0, norm)
        parts.append(part - slope * times)
    return moveaxis(concat(parts, axis=-1), -1, axis)
