"""Matrix functions: exponential, logarithm, roots, powers.

All have derivatives of any order, also at equal eigenvalues.
"""

from typing import Any

from xgrad.backends.dtypes import canonical, complex_dtype, is_complex
from xgrad.backends.matrix_functions import MatrixFunction
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_core
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG, backend_below, recorded
from xgrad.engine.precision import WIDE
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import astype
from xgrad.ops.linalg.matrices import adjoint, batch_same, check_matrix, holds, refused
from xgrad.ops.linalg.solving import matrix_power
from xgrad.typing import ArrayLike, Value

__all__ = ["expm", "fractional_matrix_power", "logm", "sqrtm"]

# -- the exponential ---------------------------------------------------------------------------


def _in_direction(xp: Namespace, x: Value, e: Value) -> Value:
    """Derivative of the exponential: the upper right block of the one of ``[[x, e], [0, x]]``."""
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
def expm(xp: Namespace, x: Value, /) -> Value:
    """Matrix exponentials of square matrices (..., n, n).

    The derivative is a block of the exponential of a matrix of twice the size (Mathias
    1996), which is correct for every matrix, also with equal eigenvalues.

    See Also
    --------
    xgrad.exp : The exponential of each element.

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


def _along(xp: Namespace, f: MatrixFunction, x: Value, directions: list[Any]) -> Value:
    return recorded(_derivative, x, xp.stack(directions, axis=-3), f=f)


def _cotangent(
    xp: Namespace, f: MatrixFunction, x: Value, directions: list[Any], g: Value
) -> Value:
    """The cotangent of a direction, or of ``x`` together with all directions.

    The trace of ``g @ derivative`` is symmetric in g and the directions, so the cotangent is the
    derivative with gᴴ in place of that direction.
    """
    out = adjoint(xp, _along(xp, f, x, [*directions, adjoint(xp, g)]))
    return defined(_NAMES.get(f.name, f.name), xp, out, x, g)


def defined(function: str, xp: Namespace, out: Value, x: Value, g: Value) -> Value:
    """Return a cotangent of matrices; raise if a finite matrix has a non-finite one."""
    bad = xp.logical_not(xp.isfinite(out))
    if holds(bad) is False:
        return out
    axes = (-2, -1)
    needed = xp.any(xp.not_equal(g, 0), axis=axes, keepdims=True)
    out = xp.where(needed, out, 0.0)
    unknown = xp.any(xp.logical_not(xp.isfinite(x)), axis=axes, keepdims=True)
    bad = xp.logical_and(xp.logical_and(bad, needed), xp.logical_not(unknown))
    return refused(
        xp,
        bad,
        out,
        f"{function}: not differentiable at a singular matrix, or where the value is not finite",
    )


def _parts(xp: Namespace, directions: Value) -> list[Any]:
    every = range(directions.shape[-3])
    return [xp.basic_index(directions, (..., i, slice(None), slice(None))) for i in every]


def _by_directions(
    xp: Namespace, g: Value, x: Value, directions: Value, f: MatrixFunction
) -> Value:
    parts = _parts(xp, directions)
    others = (parts[:i] + parts[i + 1 :] for i in range(len(parts)))
    return xp.stack([_cotangent(xp, f, x, rest, g) for rest in others], axis=-3)


def _along_directions(
    xp: Namespace, t: Value, x: Value, directions: Value, f: MatrixFunction
) -> Any:
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
def _derivative(xp: Namespace, x: Value, directions: Value, /, *, f: MatrixFunction) -> Value:
    """The k-th derivative at ``x``, symmetric in its k directions (..., k, n, n)."""
    return xp.matrix_function(f, x, directions)


@general(
    vjps=(lambda xp, g, x, f: _cotangent(xp, f, x, [], g),),
    jvps=(lambda xp, t, x, f: _along(xp, f, x, [t]),),
    batch=batch_same,
    precision=WIDE,
)
def _matrix_function(xp: Namespace, x: Value, /, *, f: MatrixFunction) -> Value:
    return xp.matrix_function(f, x)


#: The public names of the members of the family.
_NAMES = {"power": "fractional_matrix_power"}


def apply_function(x: ArrayLike, f: MatrixFunction) -> Tensor:
    """Apply a matrix function to checked matrices of floating-point or complex numbers."""
    return _matrix_function(x, f=f)


def inexact_matrix(function: str, x: Any) -> Any:
    """Check square matrices, and convert integers to floating-point numbers."""
    check_matrix(function, x, square=True)
    is_integer = canonical(lowest(x).dtype).kind in "iub"
    return XG.multiply(XG.astype(x, "int64"), 1.0) if is_integer else x


def as_complex(x: Any) -> Any:
    """Convert real matrices to complex ones."""
    return astype(x, complex_dtype(canonical(lowest(x).dtype)))


def _principal(function: str, x: Any) -> Any:
    """Check matrices; make real ones complex if an eigenvalue < 0 makes the function complex."""
    x = inexact_matrix(function, x)
    backend = backend_below(x)
    if is_complex(x.dtype) or backend.abstract or 0 in x.shape:
        return x
    return as_complex(x) if backend.xp.crosses_cut(lowest(x)) else x


def sqrtm(x: ArrayLike) -> Tensor:
    """Principal square roots of square matrices: ``sqrtm(x) @ sqrtm(x) = x``.

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n)

    Returns
    -------
    Tensor, shape (..., n, n)
        Eigenvalues have arguments in (-π/2, π/2]. As in SciPy, the root of a real matrix with
        a negative eigenvalue is complex; in a stack, one such matrix makes all roots complex.
        Under ``jax.jit``, and on libraries without general eigenvalues, the eigenvalues are not
        known in time and the root is NaN: pass complex matrices there.

    Raises
    ------
    AutogradError
        In the backward pass, at singular matrices, where the root is not differentiable.

    Notes
    -----
    The derivative is correct for every regular matrix, also for defective ones and with equal
    eigenvalues. NumPy, and JAX on the CPU, use SciPy's Schur form. Other libraries use Newton's
    iteration in the library itself, and the Schur form on the host if that does not converge.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.sqrtm(xg.asarray([[4.0, 0.0], [0.0, 9.0]]))
    Tensor([[2., 0.],
            [0., 3.]])
    """
    return apply_function(_principal("sqrtm", x), MatrixFunction("sqrtm"))


def logm(x: ArrayLike) -> Tensor:
    """Principal logarithms of square matrices: ``expm(logm(x)) = x``.

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n)

    Returns
    -------
    Tensor, shape (..., n, n)
        Eigenvalues have imaginary parts in (-π, π]. Complex if a real matrix has a negative
        eigenvalue, as for `sqrtm`; NaN for singular matrices, which have no logarithm.

    Notes
    -----
    Inverse scaling and squaring (Al-Mohy and Higham 2012), in the library or on the host as for
    `sqrtm`. Derivatives are correct for every regular matrix.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.logm(xg.asarray([[1.0, 2.0], [0.0, 1.0]]))
    Tensor([[0., 2.],
            [0., 0.]])
    """
    return apply_function(_principal("logm", x), MatrixFunction("logm"))


def fractional_matrix_power(x: ArrayLike, t: Any) -> Tensor:
    """Powers of square matrices with a real exponent: ``expm(t * logm(x))``.

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n)
    t : float, or array or Tensor without dimensions
        An integer gives `matrix_power`. An array is differentiable, too.

    Returns
    -------
    Tensor, shape (..., n, n)
        Complex if a real matrix has a negative eigenvalue, as for `sqrtm`. NaN if ``t``
        is negative and the matrix is singular.

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
