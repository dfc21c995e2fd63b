"""Determinants, with derivatives that are also correct for singular matrices."""

import math
from typing import Any, NamedTuple

from xgrad.backends.dtypes import is_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_core
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG, backend_below, recorded
from xgrad.engine.precision import WIDE
from xgrad.engine.tensor import Tensor, lowest
from xgrad.errors import AutogradError
from xgrad.ops.linalg.matrices import (
    adjoint,
    batch_same,
    check_matrix,
    columns_scaled,
    conjugate,
    diagonal_of,
    eye_like,
    precision,
)
from xgrad.ops.linalg.solving import inv, solve_matrices
from xgrad.typing import ArrayLike, Value

__all__ = ["det", "slogdet"]


def _one_by_one(xp: Namespace, x: Value) -> Value:
    """Reshape scalars (...) to (..., 1, 1)."""
    return xp.reshape(x, (*x.shape, 1, 1))


def _regular(xp: Namespace, x: Value, log: Value) -> tuple[Any, Any]:
    """Replace matrices with logarithm -inf by the identity; also return a mask of these.

    So a singular matrix in a batch does not affect the derivatives of the others.
    """
    singular = _one_by_one(xp, xp.equal(log, -math.inf))
    return xp.where(singular, eye_like(x), x), singular


def _slogdet_vjp(xp: Namespace, gs: Any, x: Value, out: Value) -> Value:
    g_sign, g_log = gs
    weight = xp.zeros_like(out[1]) if g_log is None else g_log
    if is_complex(x.dtype) and g_sign is not None:
        turn = xp.imag(xp.multiply(g_sign, xp.conj(out[0])))
        weight = xp.add(weight, xp.multiply(turn, 1j))
    weight = _one_by_one(xp, weight)
    safe, singular = _regular(xp, x, out[1])
    slope = xp.multiply(weight, adjoint(xp, recorded(inv, safe)))
    unknown = xp.where(xp.equal(weight, 0), xp.zeros_like(weight), xp.full_like(weight, math.nan))
    return xp.where(singular, unknown, slope)


def _slogdet_jvp(xp: Namespace, t: Value, x: Value, out: Value) -> tuple[Value, ...]:
    safe, singular = _regular(xp, x, out[1])
    change = xp.sum(diagonal_of(xp, recorded(solve_matrices, safe, t)), axis=-1)
    still = xp.equal(xp.sum(xp.abs(t), axis=(-2, -1)), 0)
    singular = xp.reshape(singular, tuple(out[1].shape))
    spoiled = xp.logical_and(singular, xp.logical_not(still))
    change = xp.where(singular, xp.zeros_like(change), change)
    change = xp.where(spoiled, xp.full_like(change, math.nan), change)
    if not is_complex(x.dtype):
        return xp.zeros_like(out[0]), change
    return xp.multiply(out[0], xp.multiply(xp.imag(change), 1j)), xp.real(change)


@general(vjps=(_slogdet_vjp,), jvps=(_slogdet_jvp,), batch=batch_same, several=True, precision=WIDE)
def _slogdet(xp: Namespace, x: Value, /) -> tuple[Value, ...]:
    return tuple(xp.linalg.slogdet(x))


class SlogdetResult(NamedTuple):
    """What `slogdet` returns: the determinant is ``sign * exp(logabsdet)``."""

    sign: Tensor
    logabsdet: Tensor


def slogdet(x: ArrayLike) -> SlogdetResult:
    """Sign (phase, for complex matrices) and logarithm of the determinant's absolute value.

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n)

    Notes
    -----
    Gradient of the logarithm: A⁻ᴴ. For a singular matrix, whose logarithm is -inf, it is NaN, or
    0 if its cotangent is 0. The gradients of other matrices in a batch are not affected.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.slogdet(xg.asarray([[-1.0, 0.0], [0.0, 1.0]]))
    SlogdetResult(sign=Tensor(-1.), logabsdet=Tensor(0.))
    """
    check_matrix("slogdet", x, square=True)
    return SlogdetResult(*_slogdet(x))


def _decomposed(xp: Namespace, x: Value) -> tuple[Any, Any, Any, Any]:
    """Return singular vectors, singular values without zeros, and the vectors' determinant."""
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    largest = xp.max(s, axis=-1, keepdims=True)
    tiny = xp.where(largest > 0, largest, 1.0) * precision(s) ** 2
    phase = xp.multiply(xp.linalg.det(u), xp.linalg.det(vh))
    return u, xp.where(s < tiny, tiny, s), vh, _one_by_one(xp, phase)


def _no_third_order(*_: Any) -> Any:
    raise AutogradError("det: third derivatives at a singular matrix are not supported")


def _change_vjp(xp: Namespace, g: Value, x: Value) -> Value:
    return xp.conj(recorded(_cofactor_change, x, xp.conj(g)))


def _change_jvp(xp: Namespace, t: Value, x: Value) -> Value:
    return recorded(_cofactor_change, x, t)


@general(
    vjps=(_no_third_order, _change_vjp),
    jvps=(_no_third_order, _change_jvp),
    batch=batch_core("(n,n),(n,n)->(n,n)"),
)
def _cofactor_change(xp: Namespace, x: Value, e: Value, /) -> Value:
    """Derivative of the cofactors in the direction ``e``; a second derivative, so symmetric.

    With x = U Σ Vᴴ and M = Uᴴ E V, the derivative for Σ is Σₖ pᵢₖ Mₖₖ on the diagonal and
    -pᵢⱼ Mⱼᵢ elsewhere, where pᵢⱼ is the product of all singular values except σᵢ and σⱼ.
    """
    u, s, vh, phase = _decomposed(xp, x)
    m = xp.matmul(xp.matrix_transpose(conjugate(xp, u)), xp.matmul(e, adjoint(xp, vh)))
    inverse = 1 / s
    pairs = xp.multiply(columns_scaled(xp, _one_by_one(xp, xp.prod(s, axis=-1)), inverse),
                        xp.reshape(inverse, (*s.shape, 1)))  # fmt: skip
    eye = eye_like(s)
    pairs = xp.multiply(pairs, 1 - eye)
    diagonal = xp.matmul(xp.astype(pairs, m.dtype), _column(xp, diagonal_of(xp, m)))
    change = xp.subtract(xp.multiply(diagonal, eye), xp.multiply(pairs, xp.matrix_transpose(m)))
    turned = xp.matmul(conjugate(xp, u), xp.matmul(change, conjugate(xp, vh)))
    return xp.multiply(phase, turned)


def _column(xp: Namespace, x: Value) -> Value:
    return xp.reshape(x, (*x.shape, 1))


@general(vjps=(_change_vjp,), jvps=(_change_jvp,), batch=batch_same)
def _cofactors(xp: Namespace, x: Value, /) -> Value:
    """Derivatives of the determinant by each element, also correct for singular matrices."""
    u, s, vh, phase = _decomposed(xp, x)
    others = xp.prod(s, axis=-1, keepdims=True) / s
    turned = xp.matmul(columns_scaled(xp, conjugate(xp, u), others), conjugate(xp, vh))
    return xp.multiply(phase, turned)


def _is_regular(x: Any) -> bool:
    raw, backend = lowest(x), backend_below(x)
    if backend.abstract or 0 in raw.shape:
        return False
    s = backend.xp.linalg.svdvals(raw)
    return backend.xp.holds(s[..., -1] <= s[..., 0] * 1e-4) is False


def _det_partial(xp: Namespace, x: Value, out: Value) -> Value:
    if x.shape[-1] == 0:
        return x
    if xp is XG and _is_regular(x):  # derivatives of any order
        return XG.multiply(_one_by_one(XG, out), XG.matrix_transpose(inv(x)))
    return recorded(_cofactors, x)


@general(
    vjps=(
        lambda xp, g, x, out: xp.multiply(
            _one_by_one(xp, g), conjugate(xp, _det_partial(xp, x, out))
        ),
    ),
    jvps=(lambda xp, t, x, out: xp.sum(xp.multiply(_det_partial(xp, x, out), t), axis=(-2, -1)),),
    batch=batch_same,
    precision=WIDE,
)
def det(xp: Namespace, x: Value, /) -> Value:
    """Determinants of square matrices (..., n, n).

    The gradient is the cofactor matrix, computed from singular values. So the first and second
    derivatives are also correct for singular matrices.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.det(xg.asarray([[2.0, 1.0], [1.0, 2.0]]))
    Tensor(3.)
    """
    check_matrix("det", x, square=True)
    return xp.linalg.det(x)
