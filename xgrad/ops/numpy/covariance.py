"""Covariances and correlations, with NumPy's arguments."""

from typing import Any

from xgrad.backends.dtypes import float64, is_complex
from xgrad.backends.limits import promoted
from xgrad.engine.declare import function
from xgrad.engine.tensor import Tensor, stripped
from xgrad.ops.complex import conj, imag, real
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import add, divide, multiply, sqrt, subtract
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.linalg.norms import diagonal
from xgrad.ops.products import matmul
from xgrad.ops.reductions import mean, sum
from xgrad.ops.rounding import round
from xgrad.ops.selection import clip, less, less_equal, not_equal, stop_gradient
from xgrad.ops.selection import where as select
from xgrad.ops.shape import concat, matrix_transpose, reshape
from xgrad.typing import ArrayLike

__all__ = ["corrcoef", "cov"]


def _variables(name: str, x: Any, dtype: Any, rowvar: bool, *, second: bool) -> Tensor:
    """Return observations as a matrix with one row for each variable."""
    array = as_tensor(x)
    if array.ndim > 2:
        raise ValueError(f"{name}: expected at most 2 dimensions, got shape {array.shape}")
    rows = astype(reshape(array, (1, -1)) if array.ndim < 2 else array, dtype)
    turned = rows.shape[0] != 1 if second else array.ndim != 1
    return matrix_transpose(rows) if not rowvar and turned else rows


def _weights(name: str, which: str, weights: Any, x: Tensor) -> Tensor:
    w = astype(as_tensor(weights, like=x), float64)
    if which == "fweights" and holds(stripped(not_equal(w, round(stop_gradient(w))))):
        raise TypeError(f"{name}: fweights must be integers")
    if w.ndim > 1 or (w.shape[0] if w.ndim else 0) != x.shape[1]:
        raise RuntimeError(
            f"{name}: {which} must have {x.shape[1]} elements, one for each observation; "
            f"got shape {w.shape}"
        )
    if holds(stripped(less(w, 0))):
        raise ValueError(f"{name}: {which} must not be negative")
    return w


def _covariance(
    name: str,
    m: Any,
    y: Any,
    rowvar: bool,
    bias: bool,
    ddof: float | None,
    fweights: Any,
    aweights: Any,
    dtype: Any,
) -> Tensor:
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"{name}: ddof must be an integer, got {ddof}")
    first = as_tensor(m, like=y)
    second = None if y is None else as_tensor(y, like=first)
    if dtype is None:
        dtype = promoted(first.dtype, float64)
        dtype = dtype if second is None else promoted(dtype, second.dtype)
    x = _variables(name, first, dtype, bool(rowvar), second=False)
    if x.shape[0] == 0:
        return astype(real(x[:, :0]), float64)
    if second is not None:
        x = concat([x, _variables(name, second, dtype, bool(rowvar), second=True)], axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    frequencies = None if fweights is None else _weights(name, "fweights", fweights, x)
    reliabilities = None if aweights is None else _weights(name, "aweights", aweights, x)
    given = [w for w in (frequencies, reliabilities) if w is not None]
    if not given:
        factor: Any = x.shape[1] - ddof
        centred = subtract(x, mean(x, axis=1, keepdims=True))
        weighted = centred
    else:
        w = given[0] if len(given) == 1 else multiply(*given)
        total = sum(w)
        if holds(stripped(less_equal(total, 0))):
            raise ZeroDivisionError(f"{name}: the weights sum to 0")
        centred = subtract(x, divide(sum(multiply(x, w), axis=1, keepdims=True), total))
        weighted = multiply(centred, w)
        if ddof == 0:
            factor = total
        elif reliabilities is None:
            factor = subtract(total, ddof)
        else:
            spent = divide(multiply(sum(multiply(w, reliabilities)), ddof), total)
            factor = subtract(total, spent)
    out = matmul(centred, conj(matrix_transpose(weighted)))
    if isinstance(factor, Tensor):
        factor = select(less_equal(factor, 0), 0.0, factor)
        out = divide(out, factor)
    else:
        out = multiply(out, 1 / factor) if factor > 0 else divide(out, out.dtype.type(0))
    if out.dtype != dtype:
        out = astype(out, dtype)
    return reshape(out, tuple(n for n in out.shape if n != 1))


@function(numpy="cov")
def cov(
    m: ArrayLike,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Tensor:
    """Covariance matrix of variables.

    Parameters
    ----------
    m : array or Tensor of up to 2 dimensions
        One row for each variable, one column for each observation.
    y : array, optional
        More variables.
    rowvar : bool
        False: one column for each variable.
    bias : bool
        Whether to divide by the number of observations, not by one less.
    ddof : int, optional
        Divide by the number minus this, whatever ``bias`` is.
    fweights : array of integers, optional
        How often each observation occurs.
    aweights : array, optional
        The weight of each observation; differentiable.
    dtype : optional
        At least float64 by default.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.cov(xg.asarray([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    Tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    return _covariance("cov", m, y, rowvar, bias, ddof, fweights, aweights, dtype)


@function(numpy="corrcoef")
def corrcoef(x: ArrayLike, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Tensor:
    """Correlation coefficients of variables, which are passed as to `cov`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.corrcoef(xg.asarray([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    Tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    c = _covariance("corrcoef", x, y, rowvar, bias=False, ddof=None, fweights=None, aweights=None,
                    dtype=dtype)  # fmt: skip
    if c.ndim == 0:
        return divide(c, c)
    deviations = sqrt(real(diagonal(c)))
    c = divide(divide(c, reshape(deviations, (-1, 1))), deviations)
    # Rounding may go beyond 1, so the value is clipped, not the derivative.
    bounded = clip(stop_gradient(real(c)), -1, 1)
    out = add(subtract(real(c), stop_gradient(real(c))), bounded)
    if not is_complex(c.dtype):
        return out
    other = clip(stop_gradient(imag(c)), -1, 1)
    other = add(subtract(imag(c), stop_gradient(imag(c))), other)
    return astype(add(out, multiply(other, 1j)), c.dtype)
