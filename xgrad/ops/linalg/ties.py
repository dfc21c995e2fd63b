"""Equal eigenvalues and equal singular values.

At equal eigenvalues, eigenvectors are an arbitrary basis of the eigenspace and have no
derivative. Functions that do not depend on this choice have one. It is computed in two steps:

* Terms that are divided by a difference of eigenvalues are omitted if the difference is 0.
* The omitted terms matter in the second derivative of a symmetric function of eigenvalues,
  unless the direction is diagonal within the eigenspace. So the basis of the eigenspace is
  rotated until it is (`adapted_rotation`). In forward mode, the direction is known when the
  decomposition is computed. In reverse mode it comes later: then the rotation goes back to the
  decomposition as the cotangent of a hidden output, the *basis*. The rotation has a derivative
  with respect to the direction; with respect to the matrix, a third derivative raises.

See A. Lewis and H. Sendov, Twice differentiable spectral functions (2001).
"""

from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_core
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG, backend_below, recorded
from xgrad.engine.levels import BATCH, DUAL
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.linalg.matrices import (
    adjoint,
    columns_scaled,
    conjugate,
    diagonal_of,
    eye_like,
    hermitian_part,
    holds,
    largest,
    off_diagonal,
    precision,
    refused,
)
from xgrad.typing import Value


def _differences(xp: Namespace, s: Value) -> Value:
    """``s[j] - s[i]`` at (i, j)."""
    count = s.shape[-1]
    row = xp.reshape(s, (*s.shape[:-1], 1, count))
    return xp.subtract(row, xp.reshape(s, (*s.shape[:-1], count, 1)))


def equal_pairs(xp: Namespace, s: Value) -> Value:
    """Mask of pairs of the sorted values ``s`` that are equal up to rounding errors."""
    bound = largest(xp, xp.abs(s)) * (16 * s.shape[-1] * precision(s))
    return xp.less_equal(xp.abs(_differences(xp, s)), xp.reshape(bound, (*bound.shape, 1)))


def have_ties(s: Any) -> bool:
    """Whether any of the values may be equal; True if checking is expensive."""
    raw = lowest(s)
    if raw.shape[-1] < 2 or 0 in raw.shape:
        return False
    xp = backend_below(s).xp
    return holds(xp.logical_and(equal_pairs(xp, raw), off_diagonal(s))) is not False


def inverse_differences(xp: Namespace, s: Value) -> Value:
    """``1 / (s[j] - s[i])``, and 0 where they are equal."""
    equal = equal_pairs(xp, s)
    return xp.where(equal, 0.0, 1 / xp.where(equal, 1.0, _differences(xp, s)))


def _within(xp: Namespace, m: Value, s: Value) -> Value:
    """Return the Hermitian part of ``m`` among equal values of ``s``, and 0 elsewhere."""
    return xp.where(equal_pairs(xp, s), hermitian_part(xp, m), 0.0)


_THIRD = (
    "eigh, eigvalsh, svd, svdvals: third derivatives at equal eigenvalues or singular values are "
    "not supported. Matrix functions, V f(L) V^H, have derivatives of any order in "
    "linalg.expm, sqrtm, logm, fractional_matrix_power and funm"
)
_SAME_TWICE = (
    "eigh, eigvalsh, svd, svdvals: at equal eigenvalues or singular values, the direction of a "
    "derivative has equal eigenvalues, too, and its derivative by that direction is not known"
)


def up_to_second(xp: Namespace, x: Value, s: Value) -> Value:
    """Return ``x``, part of a derivative; raise for a third one at equal values of ``s``."""
    if _orders(s) < 2 or not have_ties(s):
        return x
    return refused(xp, xp.logical_and(equal_pairs(xp, s), off_diagonal(s)), x, _THIRD)


def _orders(x: Any) -> int:
    """Return how many enclosing transforms differentiate a value."""
    count = 0
    while type(x) is Tensor:
        count += x._level.kind is not BATCH
        x = x._value
    return count


def _quotients(xp: Namespace, x: Value, m: Value, s: Value, q: Value) -> Value:
    """Divide ``x``, in the basis ``q``, by differences of the eigenvalues of ``m``.

    This is done for equal values of ``s`` only; other entries are 0. If the eigenvalues of
    ``m`` are equal, too, a nonzero entry raises.
    """
    values = _diagonal_in(xp, _within(xp, m, s), q)
    apart = _differences(xp, values)
    bound = largest(xp, xp.abs(values)) * precision(s) ** 0.75
    close = xp.less_equal(xp.abs(apart), xp.reshape(bound, (*bound.shape, 1)))
    tied = xp.logical_and(equal_pairs(xp, s), off_diagonal(s))
    size = xp.abs(x)
    unclear = xp.greater(size, largest(xp, size, (-2, -1)) * precision(s) ** 0.5)
    x = refused(xp, xp.logical_and(xp.logical_and(tied, close), unclear), x, _SAME_TWICE)
    divided = xp.logical_and(tied, xp.logical_not(close))
    return xp.where(divided, x / xp.where(divided, apart, 1.0), 0.0)


def _rotation_jvp(xp: Namespace, t: Value, m: Value, s: Value, out: Value) -> Value:
    inner = xp.matmul(adjoint(xp, out), xp.matmul(_within(xp, t, s), out))
    return xp.matmul(out, _quotients(xp, inner, m, s, out))


def _rotation_vjp(xp: Namespace, g: Value, m: Value, s: Value, out: Value) -> Value:
    inner = _quotients(xp, _skew(xp, xp.matmul(adjoint(xp, out), g)), m, s, out)
    return hermitian_part(xp, xp.matmul(xp.matmul(out, inner), adjoint(xp, out)))


@general(
    vjps=(_rotation_vjp, None),
    jvps=(_rotation_jvp, None),
    batch=batch_core("(k,k),(k)->(k,k)"),
)
def adapted_rotation(xp: Namespace, m: Value, s: Value, /) -> Value:
    """Return a unitary Q that diagonalises ``m`` within the spaces of equal values of ``s``.

    Shifts larger than any eigenvalue of ``m`` separate these spaces and keep their order.
    """
    count = s.shape[-1]
    within = _within(xp, m, s)
    spread = xp.sum(xp.abs(within), axis=(-2, -1)) * 2 + 1
    step = xp.abs(s[..., 1:] - s[..., :-1])
    new = xp.astype(step > largest(xp, xp.abs(s)) * (16 * count * precision(s)), canonical(s.dtype))
    number = xp.cumulative_sum(new, axis=-1, include_initial=True)
    shifts = number * xp.reshape(spread, (*spread.shape, 1))
    eye = eye_like(m)
    shifted = xp.add(within, xp.multiply(xp.reshape(shifts, (*shifts.shape, 1)), eye))
    vectors = xp.linalg.eigh(shifted)[1]
    # Make the sum of each column positive, so that the vectors of distinct values do not change.
    sums = xp.sum(vectors, axis=-2, keepdims=True)
    size = xp.abs(sums)
    phase = xp.where(size > 0, sums / xp.where(size > 0, size, 1.0), 1.0)
    return xp.multiply(vectors, conjugate(xp, phase))


def one_rotation(xp: Namespace, rotation: Value) -> Value:
    """Return the rotation from the cotangent of the basis, a sum of k equal rotations.

    Several derivatives of one decomposition may be differentiated together, so their rotations
    add up. If they differ, no single rotation is valid for all, and this raises.
    """
    gram = xp.matmul(adjoint(xp, rotation), rotation)
    lengths = xp.sqrt(xp.real(diagonal_of(xp, gram)))
    count = xp.floor(lengths + 0.5)
    expected = columns_scaled(xp, eye_like(rotation), xp.square(count))
    differ = xp.greater(xp.abs(xp.subtract(gram, expected)), 1e-6)
    several = (
        "eigh, svd: at equal eigenvalues or singular values, derivatives of two functions of one "
        "decomposition cannot be differentiated together; decompose once for each function"
    )
    safe = xp.where(xp.equal(count, 0), 1.0, count)
    return refused(xp, differ, columns_scaled(xp, rotation, 1 / safe), several)


def is_adapted(basis: Any) -> bool:
    """Whether an outer forward transform has already chosen the basis."""
    while type(basis) is Tensor:
        if basis._level.kind is DUAL:
            return True
        basis = basis._value
    return False


def rotation_for(m: Any, s: Any, basis: Any) -> Any:
    """Return the rotation for a direction, or None if no rotation is needed."""
    if is_adapted(basis) or not have_ties(s):
        return None
    return recorded(adapted_rotation, m, s)


def rotated(xp: Namespace, x: Value, rotation: Value) -> Value:
    """``x @ Q``."""
    return x if rotation is None else xp.matmul(x, rotation)


# -- tangents of the values --------------------------------------------------------------------


def _diagonal_in(xp: Namespace, m: Value, q: Value) -> Value:
    return xp.real(xp.sum(xp.multiply(conjugate(xp, q), xp.matmul(m, q)), axis=-2))


@general(
    vjps=(
        lambda xp, g, q: xp.matmul(columns_scaled(xp, q, g), adjoint(xp, q)),
        None,
        lambda xp, g, q: q,  # passes the basis back to the decomposition
    ),
    jvps=(_diagonal_in, None, None),
    batch=batch_core("(k,k),(k,k),(k,k)->(k)"),
)
def rotated_diagonal(xp: Namespace, m: Value, q: Value, basis: Value, /) -> Value:
    """The real part of the diagonal of ``qᴴ @ m @ q``."""
    return _diagonal_in(xp, m, q)


def change_of_values(xp: Namespace, m: Value, rotation: Value | None, basis: Value) -> Value:
    """Return the tangent of eigenvalues or singular values, given the direction in their basis."""
    if rotation is None:
        return xp.real(diagonal_of(xp, m))
    return recorded(rotated_diagonal, m, rotation, basis)


# -- U diag(g) Vᴴ: the cotangent of the matrix, given the cotangent g of the values ------------


def _weights_vjp(xp: Namespace, h: Value, s: Value, u: Value, v: Value, basis: Value) -> Value:
    m = xp.matmul(adjoint(xp, u), xp.matmul(h, v))
    return change_of_values(xp, m, rotation_for(m, s, basis), basis)


def _basis_vjp(xp: Namespace, h: Value, s: Value, u: Value, v: Value, basis: Value) -> Any:
    return rotation_for(xp.matmul(adjoint(xp, u), xp.matmul(h, v)), s, basis)


def _weighted_product(xp: Namespace, g: Value, u: Value, v: Value) -> Value:
    return xp.matmul(columns_scaled(xp, u, g), adjoint(xp, v))


@general(
    vjps=(
        _weights_vjp,
        None,
        lambda xp, h, g, v: columns_scaled(xp, xp.matmul(h, v), g),
        lambda xp, h, g, u: columns_scaled(xp, xp.matmul(adjoint(xp, h), u), g),
        _basis_vjp,
    ),
    jvps=(
        _weighted_product,
        None,
        lambda xp, t, g, v: _weighted_product(xp, g, t, v),
        lambda xp, t, g, u: _weighted_product(xp, g, u, t),
        None,
    ),
    batch=batch_core("(k),(k),(m,k),(n,k),(k,k)->(m,n)"),
)
def weighted_sum(xp: Namespace, g: Value, s: Value, u: Value, v: Value, basis: Value, /) -> Value:
    """``u @ diag(g) @ vᴴ``, for a decomposition with the values ``s``."""
    return _weighted_product(xp, g, u, v)


# -- public vectors ----------------------------------------------------------------------------


_UNCLEAR = (
    "{}: eigenvalues or singular values are equal, and the vectors do not determine the "
    "requested derivative. Functions of the values alone have one (eigvalsh, "
    "svdvals); matrix functions, V f(L) V^H, have one in linalg.expm, sqrtm, logm, "
    "fractional_matrix_power and funm, and U V^H of singular vectors in linalg.polar"
)


def clear(
    function: str, xp: Namespace, g: Value, inner: Value, s: Value, values_used: bool
) -> Value:
    """Return ``g``, the cotangent of vectors; raise if equal values leave it undetermined.

    ``inner`` is Vᴴ times the cotangent. Its skew part among equal values is a derivative
    that does not exist. Its Hermitian part comes from a matrix function V f(λ) Vᴴ, whose
    derivative needs f', which V and the cotangents do not determine unless f is constant.
    """
    if not have_ties(s):
        return g
    size = xp.abs(inner if values_used else _skew(xp, inner))
    bound = largest(xp, xp.abs(inner), (-2, -1)) * precision(s) ** 0.5
    among = xp.logical_and(equal_pairs(xp, s), off_diagonal(s))
    undetermined = xp.logical_and(xp.greater(size, bound), among)
    return refused(xp, undetermined, g, _UNCLEAR.format(function))


def _checked_tangent_vjp(xp: Namespace, g: Value, vectors: Any, values: Any) -> Value:
    inner = xp.matmul(adjoint(xp, vectors), g)
    return clear("eigh or svd", xp, g, inner, values, values_used=True)


@general(
    vjps=(_checked_tangent_vjp, None, None),
    jvps=(lambda xp, t: t, None, None),
    batch=batch_core("(m,k),(m,k),(k)->(m,k)"),
)
def checked_tangent(xp: Namespace, t: Value, vectors: Any, values: Any, /) -> Value:
    """A tangent of public vectors; its cotangent is checked like that of the vectors."""
    return t


def public_tangent(
    xp: Namespace, t: Value, m: Value, vectors: Any, values: Any, basis: Value
) -> Value:
    """Return the tangent of public vectors, checked if an outer transform differentiates it.

    If an outer transform has chosen the basis for another direction than ``m``, the vectors
    do not have a tangent: it is NaN.
    """
    if is_adapted(basis) and have_ties(values):
        among = xp.logical_and(equal_pairs(xp, values), off_diagonal(values))
        size = xp.abs(hermitian_part(xp, m))
        bound = largest(xp, size, (-2, -1)) * precision(values) ** 0.5
        unclear = xp.logical_and(among, xp.greater(size, bound))
        t = xp.where(xp.any(unclear, axis=(-2, -1), keepdims=True), float("nan"), t)
    return recorded(checked_tangent, t, vectors, values) if xp is XG and have_ties(values) else t


def _skew(xp: Namespace, x: Value) -> Value:
    return xp.subtract(x, adjoint(xp, x)) * 0.5
