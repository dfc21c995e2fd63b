"""Functions of matrices: exponential, logarithm, roots, powers; and the polar factors.

All have derivatives of any order, also where eigenvalues or singular values are equal.
"""

from typing import Any, Literal, NamedTuple

from xgrad.backends.dtypes import canonical, complex_dtype, is_complex
from xgrad.backends.matrix_functions import MatrixFunction
from xgrad.engine.batching import batch_core
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG, backend_below, recorded
from xgrad.engine.precision import WIDE
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import astype
from xgrad.ops.linalg.matrices import (
    adjoint,
    batch_same,
    check_matrix,
    hermitian_part,
    holds,
    largest,
    precision,
    refused,
)
from xgrad.ops.linalg.solving import matrix_power, solve_matrices
from xgrad.ops.products import matmul

__all__ = ["expm", "fractional_matrix_power", "logm", "polar", "sqrtm"]

# -- the exponential ---------------------------------------------------------------------------


def _in_direction(xp: Any, x: Any, e: Any) -> Any:
    """The derivative of the exponential: a corner of that of ``[[x, e], [0, x]]``."""
    n = x.shape[-1]
    zero = xp.zeros_like(x)
    upper, lower = xp.concat([x, e], axis=-1), xp.concat([zero, x], axis=-1)
    both = recorded(expm, xp.concat([upper, lower], axis=-2))
    return xp.basic_index(both, (..., slice(0, n), slice(n, 2 * n)))


@general(
    vjps=(lambda xp, g, x: _in_direction(xp, adjoint(xp, x), g),),
    jvps=(lambda xp, t, x: _in_direction(xp, x, t),),
    batch=batch_same,
    precision=WIDE,
)
def expm(xp: Any, x: Any, /) -> Any:
    """Exponentials of square matrices (..., n, n).

    The derivative is a block of the exponential of a matrix of twice the size (Mathias
    1996), right for every matrix, also where eigenvalues are equal.

    See Also
    --------
    xgrad.exp : Of each element.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.expm(xg.asarray([[0.0, 1.0], [0.0, 0.0]]))
    Tensor([[1., 1.],
            [0., 1.]])
    """
    check_matrix("expm", x, square=True)
    return xp.expm(x)


# -- logarithm, roots, powers: one family, closed under differentiation ------------------------


def _along(xp: Any, f: MatrixFunction, x: Any, directions: list[Any]) -> Any:
    return recorded(_derivative, x, xp.stack(directions, axis=-3), f=f)


def _cotangent(xp: Any, f: MatrixFunction, x: Any, directions: list[Any], g: Any) -> Any:
    """The cotangent of a direction, or of ``x`` together with all directions.

    The trace of ``g @ derivative`` is symmetric in g and the directions, so it is the
    derivative itself with gᴴ in the place of the direction in question.
    """
    out = adjoint(xp, _along(xp, f, x, [*directions, adjoint(xp, g)]))
    return defined(_NAMES.get(f.name, f.name), xp, out, x, g)


def defined(function: str, xp: Any, out: Any, x: Any, g: Any) -> Any:
    """Return a cotangent of matrices, unless it is not finite and that is the matrix's fault."""
    bad = xp.logical_not(xp.isfinite(out))
    if holds(bad) is False:
        return out
    axes = (-2, -1)
    asked = xp.any(xp.not_equal(g, 0), axis=axes, keepdims=True)
    out = xp.where(asked, out, 0.0)
    unknown = xp.any(xp.logical_not(xp.isfinite(x)), axis=axes, keepdims=True)
    bad = xp.logical_and(xp.logical_and(bad, asked), xp.logical_not(unknown))
    return refused(
        xp,
        bad,
        out,
        f"{function}: not differentiable at a singular matrix, or at one whose function is not "
        "finite",
    )


def _parts(xp: Any, directions: Any) -> list[Any]:
    every = range(directions.shape[-3])
    return [xp.basic_index(directions, (..., i, slice(None), slice(None))) for i in every]


def _by_directions(xp: Any, g: Any, x: Any, directions: Any, f: MatrixFunction) -> Any:
    parts = _parts(xp, directions)
    others = (parts[:i] + parts[i + 1 :] for i in range(len(parts)))
    return xp.stack([_cotangent(xp, f, x, rest, g) for rest in others], axis=-3)


def _along_directions(xp: Any, t: Any, x: Any, directions: Any, f: MatrixFunction) -> Any:
    parts, total = _parts(xp, directions), None
    for i, change in enumerate(_parts(xp, t)):
        term = _along(xp, f, x, [*parts[:i], change, *parts[i + 1 :]])
        total = term if total is None else xp.add(total, term)
    return total


@general(
    vjps=(
        lambda xp, g, x, directions, f: _cotangent(xp, f, x, _parts(xp, directions), g),
        _by_directions,
    ),
    jvps=(
        lambda xp, t, x, directions, f: _along(xp, f, x, [*_parts(xp, directions), t]),
        _along_directions,
    ),
    batch=batch_core("(n,n),(k,n,n)->(n,n)"),
)
def _derivative(xp: Any, x: Any, directions: Any, /, *, f: MatrixFunction) -> Any:
    """The k-th derivative at ``x`` in k directions (..., k, n, n), in which it is symmetric."""
    return xp.matrix_function(f, x, directions)


@general(
    vjps=(lambda xp, g, x, f: _cotangent(xp, f, x, [], g),),
    jvps=(lambda xp, t, x, f: _along(xp, f, x, [t]),),
    batch=batch_same,
    precision=WIDE,
)
def _matrix_function(xp: Any, x: Any, /, *, f: MatrixFunction) -> Any:
    return xp.matrix_function(f, x)


#: What users call the members of the family.
_NAMES = {"power": "fractional_matrix_power"}


def apply_function(x: Any, f: MatrixFunction) -> Tensor:
    """Return the function of checked matrices of floating-point or complex numbers."""
    return _matrix_function(x, f=f)


def inexact_matrix(function: str, x: Any) -> Any:
    """Check square matrices; integers become floating-point numbers."""
    check_matrix(function, x, square=True)
    whole = canonical(lowest(x).dtype).kind in "iub"
    return XG.multiply(XG.astype(x, "int64"), 1.0) if whole else x


def as_complex(x: Any) -> Any:
    """Real matrices as complex ones."""
    return astype(x, complex_dtype(canonical(lowest(x).dtype)))


def _principal(function: str, x: Any) -> Any:
    """Check matrices; real ones whose function is complex, by an eigenvalue < 0, are made so."""
    x = inexact_matrix(function, x)
    found = backend_below(x)
    if is_complex(x.dtype) or found.abstract or 0 in x.shape:
        return x
    return as_complex(x) if found.xp.crosses_cut(lowest(x)) else x


def sqrtm(x: Any, /) -> Tensor:
    """Principal square roots of square matrices: ``sqrtm(x) @ sqrtm(x) = x``.

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n)

    Returns
    -------
    Tensor, shape (..., n, n)
        Eigenvalues have arguments in (-π/2, π/2]. As in SciPy, the root of a real matrix with
        a negative eigenvalue is complex, that of all matrices of a stack where one has it;
        it is NaN under ``jax.jit``, and on libraries without general eigenvalues, where that
        is not known in time: pass complex matrices there.

    Raises
    ------
    AutogradError
        In the backward pass, at singular matrices, where the root has no derivative.

    Notes
    -----
    The derivative is right for every regular matrix, with equal eigenvalues and defective ones
    too. NumPy's arrays, and JAX's on the CPU, take SciPy's Schur form, other libraries' Newton's
    iteration in the library itself, and the Schur form on the host where that does not converge.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.sqrtm(xg.asarray([[4.0, 0.0], [0.0, 9.0]]))
    Tensor([[2., 0.],
            [0., 3.]])
    """
    return apply_function(_principal("sqrtm", x), MatrixFunction("sqrtm"))


def logm(x: Any, /) -> Tensor:
    """Principal logarithms of square matrices: ``expm(logm(x)) = x``.

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n)

    Returns
    -------
    Tensor, shape (..., n, n)
        Eigenvalues have imaginary parts in (-π, π]. Complex where a real matrix has a negative
        eigenvalue, as for `sqrtm`; NaN for singular matrices, which have no logarithm.

    Notes
    -----
    Inverse scaling and squaring (Al-Mohy and Higham 2012); `sqrtm` says on which libraries it
    runs where. Derivatives are right for every regular matrix.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.logm(xg.asarray([[1.0, 2.0], [0.0, 1.0]]))
    Tensor([[0., 2.],
            [0., 0.]])
    """
    return apply_function(_principal("logm", x), MatrixFunction("logm"))


def fractional_matrix_power(x: Any, t: Any, /) -> Tensor:
    """Powers of square matrices with any real exponent: ``expm(t * logm(x))``.

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n)
    t : float, or array or Tensor without dimensions
        An integer is `matrix_power`. An array is differentiable, too.

    Returns
    -------
    Tensor, shape (..., n, n)
        Complex where a real matrix has a negative eigenvalue, as for `sqrtm`. NaN where ``t``
        is negative and the matrix singular.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.fractional_matrix_power(xg.asarray([[8.0, 0.0], [0.0, 27.0]]), 1 / 3)
    Tensor([[2., 0.],
            [0., 3.]])
    """
    if len(getattr(t, "shape", ())):
        raise ValueError(f"fractional_matrix_power: expected one exponent, got shape {t.shape}")
    if not isinstance(t, int | float):
        if getattr(t, "shape", None) is None:
            raise TypeError(
                f"fractional_matrix_power: expected a real exponent, got {type(t).__name__}"
            )
        return expm(XG.multiply(t, logm(x)))
    if t == int(t):
        return matrix_power(inexact_matrix("fractional_matrix_power", x), int(t))
    return apply_function(
        _principal("fractional_matrix_power", x), MatrixFunction("power", float(t))
    )


# -- polar factors -----------------------------------------------------------------------------


class PolarResult(NamedTuple):
    """What `polar` returns: ``x = U @ P``, or ``P @ U``."""

    U: Tensor
    P: Tensor


def _positive_factor(xp: Any, u: Any, x: Any) -> Any:
    return hermitian_part(xp, xp.matmul(adjoint(xp, u), x))


def _divided_by_sums(xp: Any, p: Any, k: Any) -> Any:
    return recorded(_sum_solve, p, k)


def _sum_solve_left(xp: Any, g: Any, p: Any, out: Any) -> Any:
    back = _divided_by_sums(xp, p, g)
    both = xp.add(xp.matmul(back, adjoint(xp, out)), xp.matmul(adjoint(xp, out), back))
    return hermitian_part(xp, xp.negative(both))


def _sum_solve_along_left(xp: Any, t: Any, p: Any, out: Any) -> Any:
    change = xp.add(xp.matmul(t, out), xp.matmul(out, t))
    return xp.negative(_divided_by_sums(xp, p, change))


@general(
    vjps=(_sum_solve_left, lambda xp, g, p: _divided_by_sums(xp, p, g)),
    jvps=(_sum_solve_along_left, lambda xp, t, p: _divided_by_sums(xp, p, t)),
    batch=batch_core("(n,n),(n,n)->(n,n)"),
)
def _sum_solve(xp: Any, p: Any, k: Any, /) -> Any:
    """Solve ``p @ x + x @ p = k`` for Hermitian p of eigenvalues > 0 (Sylvester, Lyapunov)."""
    w, v = xp.linalg.eigh(p)
    vh = adjoint(xp, v)
    sums = xp.add(xp.reshape(w, (*w.shape, 1)), xp.reshape(w, (*w.shape[:-1], 1, w.shape[-1])))
    bound = largest(xp, xp.abs(sums), (-2, -1)) * (8 * w.shape[-1] * precision(w))
    inner = xp.matmul(xp.matmul(vh, k), v)
    inner = xp.where(sums <= bound, float("nan"), inner / xp.where(sums <= bound, 1.0, sums))
    return xp.matmul(xp.matmul(v, inner), vh)


def _skew(xp: Any, x: Any) -> Any:
    return xp.subtract(x, adjoint(xp, x))


def _over(xp: Any, x: Any, u: Any, p: Any) -> Any:
    """The part of ``x`` outside the columns of u, times p⁻¹."""
    outside = xp.subtract(x, xp.matmul(u, xp.matmul(adjoint(xp, u), x)))
    return adjoint(xp, recorded(solve_matrices, p, adjoint(xp, outside)))


def _unitary_vjp(xp: Any, g: Any, x: Any, out: Any) -> Any:
    p = _positive_factor(xp, out, x)
    turn = _divided_by_sums(xp, p, _skew(xp, xp.matmul(adjoint(xp, out), g)))
    total = xp.matmul(out, turn)
    if x.shape[-2] > x.shape[-1]:
        total = xp.add(total, _over(xp, g, out, p))
    return defined("polar", xp, total, x, g)


def _unitary_jvp(xp: Any, t: Any, x: Any, out: Any) -> Any:
    p = _positive_factor(xp, out, x)
    turn = _divided_by_sums(xp, p, _skew(xp, xp.matmul(adjoint(xp, out), t)))
    total = xp.matmul(out, turn)
    return xp.add(total, _over(xp, t, out, p)) if x.shape[-2] > x.shape[-1] else total


@general(vjps=(_unitary_vjp,), jvps=(_unitary_jvp,), batch=batch_same, precision=WIDE)
def _unitary_factor(xp: Any, x: Any, /) -> Any:
    """The U of ``x = U @ P``, for matrices that are not wide."""
    u, _, vh = xp.linalg.svd(x, full_matrices=False)
    return xp.matmul(u, vh)


def polar(x: Any, /, *, side: Literal["right", "left"] = "right") -> PolarResult:
    """Polar decomposition ``x = U @ P`` (or, on the left, ``x = P @ U``).

    Parameters
    ----------
    x : array or Tensor, shape (..., m, n)
    side : "right" or "left"
        On which side of U the factor P stands.

    Returns
    -------
    PolarResult
        ``U`` (..., m, n), with orthonormal columns (or rows, where n > m), and the positive
        semidefinite ``P`` (..., n, n), on the left (..., m, m).

    Raises
    ------
    AutogradError
        In the backward pass, if ``x`` does not have full rank: U is not unique there.

    Notes
    -----
    With K = UᴴE - EᴴU: dU = U Ω + (1 - U Uᴴ) E P⁻¹, where P Ω + Ω P = K. No difference of
    singular values is divided by, so equal ones are like others.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.polar(xg.asarray([[0.0, -2.0], [3.0, 0.0]]))
    PolarResult(U=Tensor([[ 0., -1.],
            [ 1.,  0.]]), P=Tensor([[3., 0.],
            [0., 2.]]))
    """
    check_matrix("polar", x)
    if side not in ("right", "left"):
        raise ValueError(f"polar: side must be 'right' or 'left', got {side!r}")
    wide = x.shape[-2] < x.shape[-1]
    u = adjoint(XG, _unitary_factor(adjoint(XG, x))) if wide else _unitary_factor(x)
    uh = adjoint(XG, u)
    return PolarResult(u, hermitian_part(XG, matmul(uh, x) if side == "right" else matmul(x, uh)))
