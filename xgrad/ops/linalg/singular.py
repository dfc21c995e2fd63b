"""Singular values and vectors, and functions composed of them."""

from typing import Any, NamedTuple

from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_core
from xgrad.engine.constructors import constant, general
from xgrad.engine.dispatch import XG, backend_below, bind, recorded
from xgrad.engine.precision import WIDE
from xgrad.engine.primitive import Params
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.linalg.matrices import (
    adjoint,
    batch_same,
    check_matrix,
    columns_scaled,
    hermitian_part,
    is_differentiated,
    largest,
    precision,
    refused,
)
from xgrad.ops.linalg.spectral import eigvalsh
from xgrad.ops.linalg.ties import (
    change_of_values,
    clear,
    inverse_differences,
    one_rotation,
    public_tangent,
    rotated,
    rotation_for,
    up_to_second,
    weighted_sum,
)
from xgrad.ops.shape import concat
from xgrad.ops.views.parts import basic_index
from xgrad.typing import ArrayLike, SupportsArray, Value

__all__ = ["matrix_rank", "svd", "svdvals"]


class SVDResult(NamedTuple):
    """What `svd` returns: ``x = U @ diag(S) @ Vh``."""

    U: Tensor
    S: Tensor
    Vh: Tensor


def _sums(xp: Namespace, s: Value) -> Value:
    """``s[j] + s[i]`` at (i, j)."""
    count = s.shape[-1]
    row = xp.reshape(s, (*s.shape[:-1], 1, count))
    return xp.add(row, xp.reshape(s, (*s.shape[:-1], count, 1)))


def _inverse(xp: Namespace, x: Value) -> Value:
    """``1 / x``, and NaN where x is 0: singular vectors for the value 0 have no derivative.

    If values can be read, `svdvals` does not call this with a 0, and `svd` raises.
    """
    zero = xp.equal(x, 0)
    return xp.where(zero, float("nan"), 1 / xp.where(zero, 1.0, x))


def _skew(xp: Namespace, x: Value) -> Value:
    return xp.subtract(x, adjoint(xp, x)) * 0.5


def _beyond(xp: Namespace, u: Value, x: Value) -> Value:
    """The component of ``x`` orthogonal to the columns of ``u``."""
    return xp.subtract(x, xp.matmul(u, xp.matmul(adjoint(xp, u), x)))


def _finite(xp: Namespace, s: Value, t: Value) -> Value:
    """A tangent of vectors: NaN where a singular value is 0 (the vectors are arbitrary there)."""
    zero = xp.any(xp.equal(s, 0), axis=-1, keepdims=True)
    return xp.where(xp.reshape(zero, (*zero.shape, 1)), float("nan"), t)


def _checks(xp: Namespace, inner: Any, s: Value, values_used: bool) -> Any:
    """Return a function that checks a cotangent of U or Vh: it raises if it has no gradient."""
    zero = xp.equal(xp.reshape(s, (*s.shape, 1)), 0)

    def check(g: Any) -> Any:
        if g is None:
            return None
        g = refused(
            xp,
            zero,
            g,
            "svd: a singular value is 0, where U and Vh have no gradient; functions of the "
            "singular values alone have one (svdvals), and functions of the matrix may have "
            "one in linalg.expm, funm and polar",
        )
        return clear("svd", xp, g, inner, s, values_used)

    return check


def _both(xp: Namespace, a: Value, b: Value) -> Value:
    return b if a is None else a if b is None else xp.add(a, b)


def _singular_vjp(xp: Namespace, gs: Any, out: Any, like: Value) -> Value:
    g_u, g_s, g_vh, public_u, public_vh, rotation = gs
    u, s, vh, _, _, basis = out
    v = adjoint(xp, vh)
    rows, columns = like.shape[-2:]
    parts = []
    if public_u is not None or public_vh is not None:
        inner = None if public_u is None else xp.matmul(adjoint(xp, u), public_u)
        if public_vh is not None:
            of_v = adjoint(xp, xp.matmul(public_vh, v))
            inner = of_v if inner is None else xp.add(inner, of_v)
        check = _checks(xp, inner, s, g_s is not None)
        g_u, g_vh = _both(xp, g_u, check(public_u)), _both(xp, g_vh, check(public_vh))
    if g_s is not None and rotation is None:
        parts.append(recorded(weighted_sum, g_s, s, u, v, basis))
    elif g_s is not None:
        rotation = one_rotation(xp, rotation)
        scaled = columns_scaled(xp, xp.matmul(u, rotation), g_s)
        parts.append(xp.matmul(scaled, adjoint(xp, xp.matmul(v, rotation))))
    apart, together = inverse_differences(xp, s), _inverse(xp, _sums(xp, s))
    if g_u is not None:
        inner = xp.matmul(adjoint(xp, u), g_u)
        turn = xp.add(
            hermitian_part(xp, xp.multiply(apart, inner)), _skew(xp, xp.multiply(together, inner))
        )
        parts.append(xp.matmul(u, xp.matmul(turn, vh)))
        if rows > columns:
            outside = columns_scaled(xp, _beyond(xp, u, g_u), _inverse(xp, s))
            parts.append(xp.matmul(outside, vh))
    if g_vh is not None:
        g_v = adjoint(xp, g_vh)
        inner = xp.matmul(vh, g_v)
        turn = xp.subtract(
            hermitian_part(xp, xp.multiply(apart, inner)), _skew(xp, xp.multiply(together, inner))
        )
        parts.append(xp.matmul(u, xp.matmul(turn, vh)))
        if columns > rows:
            outside = columns_scaled(xp, _beyond(xp, v, g_v), _inverse(xp, s))
            parts.append(xp.matmul(u, adjoint(xp, outside)))
    total = parts[0]
    for part in parts[1:]:
        total = xp.add(total, part)
    return up_to_second(xp, total, s)


def _singular_forward(xp: Namespace, args: Any, tangents: Any, params: Params) -> Any:
    (x,), (t,) = args, tangents
    u, s, vh, _, _, basis = bind(_singular.primitive, (x,), {})
    v = adjoint(xp, vh)
    m = up_to_second(xp, xp.matmul(adjoint(xp, u), xp.matmul(t, v)), s)
    rotation = rotation_for(m, s, basis)
    t_s = change_of_values(xp, m, rotation, basis)
    u, v = rotated(xp, u, rotation), rotated(xp, v, rotation)
    if rotation is not None:
        m = xp.matmul(adjoint(xp, rotation), xp.matmul(m, rotation))
    apart, together = inverse_differences(xp, s), _inverse(xp, _sums(xp, s))
    even, odd = (
        xp.multiply(apart, hermitian_part(xp, m)),
        xp.multiply(together, _skew(xp, m)),
    )
    t_u, t_v = xp.matmul(u, xp.add(even, odd)), xp.matmul(v, xp.subtract(even, odd))
    rows, columns = x.shape[-2:]
    if rows > columns:
        outside = _beyond(xp, u, xp.matmul(t, v))
        t_u = xp.add(t_u, columns_scaled(xp, outside, _inverse(xp, s)))
    if columns > rows:
        outside = _beyond(xp, v, xp.matmul(adjoint(xp, t), u))
        t_v = xp.add(t_v, columns_scaled(xp, outside, _inverse(xp, s)))
    vh, t_vh = adjoint(xp, v), adjoint(xp, t_v)
    public_u = _finite(xp, s, public_tangent(xp, t_u, m, u, s, basis))
    public_vh = adjoint(xp, _finite(xp, s, public_tangent(xp, t_v, m, v, s, basis)))
    return (u, s, vh, u, vh, basis), (t_u, t_s, t_vh, public_u, public_vh, rotation)


@general(
    vjps=(_singular_vjp,),
    jvps=(None,),
    batch=batch_core("(m,n)->(m,k),(k),(k,n),(m,k),(k,n),(k,k)"),
    several=True,
    forward=_singular_forward,
    precision=WIDE,
)
def _singular(xp: Namespace, x: Value, /) -> tuple[Value, ...]:
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    count = s.shape[-1]
    basis = u[..., :count, :]  # any array of that shape and dtype
    return u, s, vh, u, vh, basis


@constant(batch=batch_same, several=True, precision=WIDE)
def _decomposition(xp: Namespace, x: Value, /, *, full_matrices: bool) -> tuple[Value, ...]:
    return tuple(xp.linalg.svd(x, full_matrices=full_matrices))


@constant(batch=batch_core("(m,n)->(k)"), precision=WIDE)
def _singular_values_alone(xp: Namespace, x: Value, /) -> Value:
    return xp.linalg.svdvals(x)


# -- vectors beyond the first k ----------------------------------------------------------------


def _no_gradient_beyond(xp: Namespace, g: Value, x: Value) -> Value:
    return refused(
        xp,
        xp.not_equal(g, 0),
        xp.zeros_like(x),
        "svd: with full_matrices=True, vectors beyond the first min(m, n) may be any basis "
        "and have no gradient; use full_matrices=False, or only the first vectors",
    )


@general(
    vjps=(_no_gradient_beyond,),
    jvps=(lambda xp, t, out: xp.full_like(out, float("nan")),),
    batch=batch_same,
)
def _vectors_beyond(xp: Namespace, x: Value, /, *, of_rows: bool) -> Value:
    """The columns of U, or rows of Vh, that complete the reduced ones to a basis."""
    count = min(x.shape[-2:])
    u, _, vh = xp.linalg.svd(x, full_matrices=True)
    return vh[..., count:, :] if of_rows else u[..., :, count:]


def svd(x: SupportsArray, full_matrices: bool = True) -> SVDResult:
    """Singular value decomposition ``x = U @ diag(S) @ Vh``.

    Parameters
    ----------
    x : array or Tensor, shape (..., m, n)
    full_matrices : bool
        Whether ``U`` is (m, m) and ``Vh`` (n, n), rather than (m, k) and (k, n) with
        k = min(m, n). Vectors beyond the first k do not have derivatives.

    Returns
    -------
    SVDResult
        ``U``, ``S`` (..., k), real and descending, and ``Vh``.

    Raises
    ------
    AutogradError
        Where derivatives of vectors beyond the first k are needed, or, in the backward
        pass, of vectors of equal singular values that depend on their choice: `polar` and
        `funm` have the functions of the matrix that do not.

    Notes
    -----
    With M = Uᴴ E V: dS = Re diag(M), and U, V rotate by the Hermitian part of M over
    sⱼ - sᵢ plus and minus its skew part over sⱼ + sᵢ (Townsend 2016, rearranged so that
    equal singular values affect only what is undefined). For complex matrices, derivatives of
    functions that depend on the phases of the vectors are undefined; this is not checked.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.svd(xg.asarray([[0.0, 2.0], [1.0, 0.0]])).S
    Tensor([2., 1.])
    """
    check_matrix("svd", x)
    rows, columns = x.shape[-2:]
    if not is_differentiated(x):
        return SVDResult(*_decomposition(x, full_matrices=full_matrices))
    _, s, _, u, vh, _ = _singular(x)
    if _have_zeros(x):
        s = svdvals(x)
    if full_matrices and rows > columns:
        u = concat([u, _vectors_beyond(x, of_rows=False)], axis=-1)
    if full_matrices and columns > rows:
        vh = concat([vh, _vectors_beyond(x, of_rows=True)], axis=-2)
    return SVDResult(u, s, vh)


def _have_zeros(x: Any) -> bool:
    """Whether a matrix is known to have singular values that are 0."""
    raw, backend = lowest(x), backend_below(x)
    xp = backend.xp
    if 0 in raw.shape or backend.abstract:
        return False
    if xp.holds(xp.logical_not(xp.isfinite(raw))) is not False:
        return False  # unknown, or there is no decomposition
    s = xp.linalg.svdvals(raw)
    return bool(xp.holds(s <= largest(xp, s) * (16 * max(raw.shape[-2:]) * precision(raw))))


def svdvals(x: Any) -> Tensor:
    """Singular values, descending, of matrices (..., m, n).

    Notes
    -----
    If a singular value is 0, they are computed as the positive eigenvalues of
    ``[[0, x], [xᴴ, 0]]`` (Jordan, Wielandt), for which even functions have derivatives at 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.svdvals(xg.asarray([[3.0, 0.0], [0.0, 4.0]]))
    Tensor([4., 3.])
    """
    check_matrix("svdvals", x)
    if not is_differentiated(x):
        return _singular_values_alone(x)
    if not _have_zeros(x):
        return _singular(x)[1]
    rows, columns = x.shape[-2:]
    count, size = min(rows, columns), rows + columns
    batch = tuple(x.shape[:-2])
    upper = concat([XG.zeros_like(_corner(x, rows, batch)), x], axis=-1)
    lower = concat([adjoint(XG, x), XG.zeros_like(_corner(x, columns, batch))], axis=-1)
    values = eigvalsh(concat([upper, lower], axis=-2))
    top = basic_index(values, key=(..., slice(size - 1, size - 1 - count, -1)))
    bottom = basic_index(values, key=(..., slice(0, count)))
    return (top - bottom) * 0.5


def _corner(x: Any, side: int, batch: tuple[int, ...]) -> Any:
    one = x[..., 0, 0]
    return XG.broadcast_to(XG.reshape(one, (*batch, 1, 1)), (*batch, side, side))


@constant(batch=batch_same)
def _matrix_rank(xp: Namespace, x: Value, /, *, rtol: Any = None) -> Value:
    s = xp.linalg.svdvals(x)
    if rtol is None:
        rtol = max(x.shape[-2:]) * precision(x)
    else:
        rtol = rtol[..., None] if getattr(rtol, "shape", ()) else rtol
    return xp.count_nonzero(s > largest(xp, s) * rtol, axis=-1)


def matrix_rank(x: ArrayLike, *, rtol: ArrayLike | None = None) -> Tensor:
    """Number of singular values larger than ``rtol`` times the largest.

    Parameters
    ----------
    x : array or Tensor, shape (..., m, n)
    rtol : float or array of shape (...), optional
        Default: ``max(m, n)`` times the spacing of floating-point numbers at 1.

    Returns
    -------
    Tensor, shape (...)
        Integers, without a gradient.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.matrix_rank(xg.ones((3, 3)))
    Tensor(1)
    """
    check_matrix("matrix_rank", x)
    return _matrix_rank(x, rtol=lowest(rtol))
