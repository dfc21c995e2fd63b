"""Polynomials fitted to points, with NumPy's arguments."""

from typing import Any

from xgrad.backends import host
from xgrad.engine.declare import function
from xgrad.engine.dispatch import backend_below
from xgrad.engine.refusals import warn
from xgrad.engine.tensor import Tensor, is_batched
from xgrad.ops.creation import as_tensor, astype, floats_of
from xgrad.ops.elementwise import divide, multiply, sqrt
from xgrad.ops.linalg import leastsquares, solving
from xgrad.ops.linalg.matrices import precision
from xgrad.ops.numpy.polynomials import vander
from xgrad.ops.products import matmul
from xgrad.ops.reductions import sum
from xgrad.ops.shape import matrix_transpose, reshape
from xgrad.typing import ArrayLike

__all__ = ["polyfit"]


def _checked(x: Tensor, y: Tensor, deg: int) -> None:
    if deg < 0:
        raise ValueError(f"polyfit: deg must not be negative, got {deg}")
    if x.ndim != 1 or not x.size:
        raise TypeError(f"polyfit: x must be a vector that is not empty, got shape {x.shape}")
    if y.ndim not in (1, 2) or y.shape[0] != x.shape[0]:
        raise TypeError(
            f"polyfit: y must have {x.shape[0]} rows, one for each point, got shape {y.shape}"
        )


@function(numpy="polyfit")
def polyfit(
    x: ArrayLike,
    y: ArrayLike,
    deg: int,
    rcond: float | None = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Any:
    """Fit a polynomial to points, by least squares.

    Parameters
    ----------
    x : array or Tensor, shape (m,)
    y : array or Tensor, shape (m,) or (m, k)
        For k columns, k polynomials.
    deg : int
        The degree.
    rcond : float, optional
        Smaller singular values, relative to the largest one, count as 0.
    full : bool
        Whether to return residuals, rank, singular values and ``rcond``, too.
    w : array of length m, optional
        The weight of each residual. All three arrays are differentiable.
    cov : bool or "unscaled"
        Whether to return the covariance matrix of the coefficients, too.

    Returns
    -------
    Tensor, or tuple
        The coefficients, the highest power first.

    Examples
    --------
    >>> import xgrad as xg
    >>> fit = xg.polyfit(xg.asarray([0.0, 1.0, 2.0]), xg.asarray([1.0, 3.0, 5.0]), 1)
    >>> xg.around(fit, 6)
    Tensor([2., 1.])
    """
    points, values, order = floats_of(x, y), floats_of(y, x), int(deg) + 1
    _checked(points, values, order - 1)
    count = points.shape[0]
    if rcond is None:
        rcond = count * precision(points)
    left, right = vander(points, order), values
    if w is not None:
        weights = floats_of(w, points)
        if weights.ndim != 1 or weights.shape[0] != count:
            raise TypeError(f"polyfit: w must have {count} elements, got shape {weights.shape}")
        column = reshape(weights, (-1, 1))
        left = multiply(left, column)
        right = multiply(right, column if right.ndim == 2 else weights)
    scale = sqrt(sum(multiply(left, left), axis=0))
    left = divide(left, scale)
    found, residuals, rank, sizes = leastsquares.lstsq(left, right, rtol=rcond)
    column = reshape(scale, (-1, 1)) if found.ndim == 2 else scale
    found = divide(found, column)
    unknown = is_batched(rank) or backend_below(rank).abstract
    full_rank = unknown or int(rank.item()) == order
    residuals = reshape(residuals, (-1,))
    residuals = residuals if full_rank and count > order else residuals[:0]
    if not full_rank and not full:
        warn(
            "polyfit: the columns of powers are not independent, so the fit is not unique",
            host.RankWarning,
        )
    if full:
        return found, residuals, astype(rank, "int32"), sizes, rcond
    if not cov:
        return found
    base = solving.inv(matmul(matrix_transpose(left), left))
    base = divide(base, multiply(reshape(scale, (-1, 1)), scale))
    if cov != "unscaled":
        if count <= order:
            raise ValueError(
                f"polyfit: a scaled covariance needs more than {order} points, got {count}"
            )
        factor = divide(residuals, float(count - order))
    else:
        factor = as_tensor(1.0, like=base)
    if values.ndim == 1:
        return found, multiply(base, factor)
    return found, multiply(reshape(base, (*base.shape, 1)), factor)
