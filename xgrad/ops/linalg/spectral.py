"""Eigenvalues and eigenvectors of Hermitian (or symmetric) matrices."""

from typing import Any, NamedTuple

from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_core
from xgrad.engine.constructors import constant, general
from xgrad.engine.dispatch import bind, recorded
from xgrad.engine.precision import WIDE
from xgrad.engine.primitive import Params
from xgrad.engine.tensor import Tensor
from xgrad.ops.linalg.matrices import (
    adjoint,
    check_matrix,
    columns_scaled,
    hermitian_part,
    is_differentiated,
)
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
from xgrad.typing import ArrayLike, Value

__all__ = ["eigh", "eigvalsh"]


class EighResult(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


def _spectrum_vjp(xp: Namespace, gs: Any, out: Any) -> Any:
    g_values, g_vectors, g_public, rotation = gs
    values, vectors, _, basis = out
    total = None
    if g_public is not None:
        inner = xp.matmul(adjoint(xp, vectors), g_public)
        g_public = clear("eigh", xp, g_public, inner, values, g_values is not None)
        g_vectors = g_public if g_vectors is None else xp.add(g_vectors, g_public)
    if g_values is not None:
        if rotation is None:
            total = recorded(weighted_sum, g_values, values, vectors, vectors, basis)
        else:
            turned = xp.matmul(vectors, one_rotation(xp, rotation))
            total = xp.matmul(columns_scaled(xp, turned, g_values), adjoint(xp, turned))
    if g_vectors is not None:
        inner = xp.multiply(
            inverse_differences(xp, values), xp.matmul(adjoint(xp, vectors), g_vectors)
        )
        part = xp.matmul(xp.matmul(vectors, inner), adjoint(xp, vectors))
        part = hermitian_part(xp, part)
        total = part if total is None else xp.add(total, part)
    return None if total is None else up_to_second(xp, total, values)


def _spectrum_forward(xp: Namespace, args: Any, tangents: Any, params: Params) -> Any:
    (x,), (t,) = args, tangents
    values, vectors, _, basis = bind(_spectrum.primitive, (x,), {})
    m = hermitian_part(xp, xp.matmul(adjoint(xp, vectors), xp.matmul(t, vectors)))
    m = up_to_second(xp, m, values)
    rotation = rotation_for(m, values, basis)
    t_values = change_of_values(xp, m, rotation, basis)
    vectors = rotated(xp, vectors, rotation)
    if rotation is not None:
        m = xp.matmul(adjoint(xp, rotation), xp.matmul(m, rotation))
    t_vectors = xp.matmul(vectors, xp.multiply(inverse_differences(xp, values), m))
    public = public_tangent(xp, t_vectors, m, vectors, values, basis)
    return (values, vectors, vectors, basis), (t_values, t_vectors, public, rotation)


@general(
    vjps=(_spectrum_vjp,),
    jvps=(None,),
    batch=batch_core("(n,n)->(n),(n,n),(n,n),(n,n)"),
    several=True,
    forward=_spectrum_forward,
    precision=WIDE,
)
def _spectrum(xp: Namespace, x: Value, /) -> tuple[Value, ...]:
    values, vectors = xp.linalg.eigh(x)
    return values, vectors, vectors, vectors  # for rules, for users, and the basis


@constant(batch=batch_core("(n,n)->(n)"), precision=WIDE)
def _eigenvalues_alone(xp: Namespace, x: Value, /) -> Value:
    return xp.linalg.eigvalsh(x)


def eigh(x: ArrayLike) -> EighResult:
    """Eigenvalues, ascending, and eigenvectors of Hermitian matrices.

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n)
        Hermitian; the library decides which triangle is read. The gradient is Hermitian.

    Returns
    -------
    EighResult
        ``eigenvalues`` (..., n), real, and ``eigenvectors`` (..., n, n), in columns.

    Raises
    ------
    AutogradError
        In the backward pass, if eigenvalues are equal and the gradient depends on the choice of
        their eigenvectors. Matrix functions, V f(Λ) Vᴴ, have derivatives of any order there
        with `expm`, `sqrtm`, `logm`, `fractional_matrix_power` and `funm`.

    See Also
    --------
    xgrad.linalg.eig : For any square matrix, with complex results.

    Notes
    -----
    With the direction E and M = Vᴴ E V: dλ = diag(M), dV = V (M / (λⱼ - λᵢ)), with 0 for
    equal eigenvalues (Magnus 1985). Functions of the eigenvalues that do not depend on their
    order have correct first and second derivatives at equal ones; a third derivative raises.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.eigh(xg.asarray([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    Tensor([1., 2.])
    """
    check_matrix("eigh", x, square=True)
    values, _, vectors, _ = _spectrum(x)
    return EighResult(values, vectors)


def eigvalsh(x: ArrayLike) -> Tensor:
    """Eigenvalues, ascending, of Hermitian matrices, as in `eigh`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.eigvalsh(xg.asarray([[0.0, 1.0], [1.0, 0.0]]))
    Tensor([-1.,  1.])
    """
    check_matrix("eigvalsh", x, square=True)
    return _spectrum(x)[0] if is_differentiated(x) else _eigenvalues_alone(x)
