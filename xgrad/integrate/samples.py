"""Integrals of sampled functions."""

from typing import Any

from xgrad.engine.dispatch import XG
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import as_tensor, floats_of
from xgrad.ops.cumulative import cumulative_sum
from xgrad.ops.reductions import sum as total
from xgrad.ops.selection import where
from xgrad.ops.shape import concat, moveaxis, reshape
from xgrad.typing import ArrayLike

__all__ = ["cumulative_trapezoid", "simpson"]


def _samples(function: str, y: Any, x: Any, dx: Any, axis: int) -> tuple[Any, Any]:
    """Return samples with their axis last, and the widths between them."""
    y = floats_of(y, (y, x, dx))
    if not y.ndim:
        raise ValueError(f"{called(function)}: expected at least one axis, got a number")
    y = moveaxis(y, axis, -1)
    if x is None:
        return y, dx
    x = as_tensor(x, like=(x, y))
    if x.ndim > 1:
        x = moveaxis(x, axis, -1)
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"{called(function)}: x has {x.shape[-1]} points on the axis, y {y.shape[-1]}"
        )
    return y, x[..., 1:] - x[..., :-1]


def cumulative_trapezoid(
    y: ArrayLike, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Tensor:
    """Integrate samples cumulatively by the trapezoidal rule; ``initial=0`` adds a first 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.integrate.cumulative_trapezoid([1.0, 2.0, 3.0], initial=0)
    Tensor([0. , 1.5, 4. ])
    """
    values, widths = _samples("cumulative_trapezoid", y, x, dx, axis)
    out = cumulative_sum(0.5 * (values[..., 1:] + values[..., :-1]) * widths, axis=-1)
    if initial is not None:
        if initial != 0:
            raise ValueError(f"{called('cumulative_trapezoid')}: initial must be None or 0")
        out = concat([values[..., :1] * 0, out], axis=-1)
    return moveaxis(out, -1, axis)


def simpson(y: ArrayLike, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Tensor:
    """Integrate samples by Simpson's rule; for an even number, with Cartwright's last interval.

    Differentiable by y, x and dx.

    Notes
    -----
    The integral of the parabola through three points: on both intervals in pairs, and on the last
    one if their number is odd (Cartwright 2017).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.integrate.simpson([0.0, 1.0, 4.0, 9.0])  # exact for parabolas
    Tensor(9.)
    """
    values, widths = _samples("simpson", y, x, dx, axis)
    count = values.shape[-1]
    if count < 3:
        return total(0.5 * (values[..., 1:] + values[..., :-1]) * widths, axis=-1)
    if x is None:
        widths = reshape(XG.ones_like(values[..., 1:]), values[..., 1:].shape) * dx
    last = count if count % 2 else count - 1
    first, second = widths[..., 0 : last - 1 : 2], widths[..., 1 : last - 1 : 2]
    left, middle, right = (
        values[..., 0 : last - 2 : 2],
        values[..., 1 : last - 1 : 2],
        values[..., 2:last:2],
    )
    both = first + second
    ratio, inverse = _over(first, second), _over(second, first)
    parts = left * (2 - inverse) + middle * _over(both * both, first * second)
    out = total(both / 6 * (parts + right * (2 - ratio)), axis=-1)
    if last != count:
        h, g = widths[..., -1], widths[..., -2]
        out = out + values[..., -1] * _over(2 * h * h + 3 * h * g, 6 * (g + h))
        out = out + values[..., -2] * _over(h * h + 3 * h * g, 6 * g)
        out = out - values[..., -3] * _over(h * h * h, 6 * g * (g + h))
    return out


def _over(x: Any, y: Any) -> Any:
    """``x / y``, and 0 where y is 0, as SciPy does for points that coincide."""
    zero = y == 0
    return where(zero, 0.0, x / where(zero, 1.0, y))
