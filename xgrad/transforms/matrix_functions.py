"""``funm``: any smooth scalar function as a function of matrices."""

from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import complex_dtype, is_complex
from xgrad.backends.matrix_functions import MatrixFunction
from xgrad.backends.registry import host_backend
from xgrad.backends.scalars import is_scalar
from xgrad.engine.dispatch import backend_below
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.errors import AutogradError
from xgrad.ops.creation import as_tensor
from xgrad.ops.linalg.functions import apply_function, as_complex, inexact_matrix
from xgrad.transforms.forward import jvp

Function = Callable[..., Any]


def _differentiated(func: Function, order: int) -> Function:
    """Return the derivative of an order, by nested forward mode."""
    if order == 0:
        return func
    below = _differentiated(func, order - 1)

    def derivative(x: Any) -> Any:
        host = host_backend().xp
        return jvp(below, (x,), (host.ones_like(lowest(x)),))[1]

    return derivative


def _numbers(out: Any, x: Any) -> Any:
    """Return the result of a user's function, as numbers on the host, one for each of ``x``."""
    host = host_backend()
    if is_scalar(out):
        return host.xp.zeros_like(x) + out
    out = stripped(as_tensor(out))
    if type(out) is Tensor:
        raise AutogradError(
            "funm: the function uses a differentiated tensor; only derivatives with respect to the "
            "matrix are known. Detach it, or write the function with sqrtm, logm, expm, solve "
            "and products"
        )
    if type(out) is not type(x):
        raise TypeError(f"funm: the function returned {type(out).__name__} for NumPy's numbers")
    shape = tuple(out.shape)
    if shape not in ((), tuple(x.shape)):
        raise ValueError(f"funm: the function returned shape {shape} for {tuple(x.shape)} numbers")
    return host.xp.broadcast_to(out, tuple(x.shape))


def _derivative(func: Function, derivatives: Function | None) -> Function:
    def of_order(x: Any, k: int) -> Any:
        if derivatives is not None and k:
            return _numbers(derivatives(x, k), x)
        return _numbers(_differentiated(func, k)(as_tensor(x)), x)

    return of_order


def funm(x: Any, func: Function, *, derivatives: Function | None = None) -> Tensor:
    """Apply a scalar function to square matrices, also defective ones: ``V f(Λ) V⁻¹``.

    Parameters
    ----------
    x : array or Tensor, shape (..., n, n)
    func : callable
        Takes and returns a one-dimensional Tensor on NumPy, elementwise, written with
        functions of xgrad or NumPy. It must be smooth at the eigenvalues, which are complex
        unless all eigenvalues of a matrix are real (as for Hermitian matrices).
    derivatives : callable, optional
        ``derivatives(x, k)`` is the k-th derivative of ``func``, k > 0, at NumPy arrays.
        By default xgrad differentiates ``func`` in forward mode.

    Returns
    -------
    Tensor, shape (..., n, n)
        Real for a real matrix if ``func`` maps conjugate eigenvalues to conjugate values, as
        real functions do; otherwise complex (under ``jax.jit``: NaN; pass complex matrices).

    Raises
    ------
    ConvergenceError
        If the Taylor series of the function around nearly equal eigenvalues does not converge to
        its values there (with 24 terms; with ``derivatives``, 60).

    Notes
    -----
    Uses the Schur form, Taylor series for blocks of close eigenvalues, and Parlett's recurrence
    for the rest (Davies and Higham 2003), on the host for every library: only SciPy has this form.
    Derivatives with respect to the matrix are of any order; `func` is a constant. `expm`, `sqrtm`,
    `logm` and `fractional_matrix_power` have better, specialized algorithms.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.linalg.funm(xg.asarray([[0.0, 1.0], [0.0, 0.0]]), xg.sin)
    Tensor([[0., 1.],
            [0., 0.]])
    """
    x = inexact_matrix("funm", x)
    derivative = _derivative(func, derivatives)
    terms = 0 if derivatives is None else 60
    backend = backend_below(x)
    if not backend.abstract and 0 not in x.shape:
        a = _finite(backend.to_numpy(lowest(x)))
        w = _eigenvalues(a)
        with host_backend().xp.quiet():
            if not is_complex(w.dtype) and _any_nan(derivative(w, 0)):  # such as log at -1
                derivative = _of_complex(derivative)
            if not is_complex(a.dtype) and not _is_real_at(derivative, w):
                x = as_complex(x)
    return apply_function(x, MatrixFunction("funm", 0.0, derivative, terms))


def _finite(a: Any) -> Any:
    host = host_backend().xp
    return host.where(host.all(host.isfinite(a), axis=(-2, -1), keepdims=True), a, 0.0)


def _eigenvalues(a: Any) -> Any:
    """Return all eigenvalues of a stack, real if all of them are."""
    host = host_backend().xp
    w = host.reshape(host.linalg.eigvals(a), (-1,))
    return w if host.any(host.imag(w)) else host.real(w)


def _any_nan(values: Any) -> bool:
    host = host_backend().xp
    return bool(host.any(host.isnan(values)))


def _of_complex(derivative: Function) -> Function:
    host = host_backend().xp
    return lambda x, k: derivative(host.astype(x, complex_dtype(x.dtype)), k)


def _is_real_at(derivative: Function, w: Any) -> bool:
    """Whether the function maps conjugate numbers to conjugates, and real numbers to real ones."""
    host = host_backend().xp
    values = derivative(w, 0)
    mirrored = derivative(host.where(host.imag(w) == 0, w, host.conj(w)), 0)
    apart = host.abs(values - host.conj(mirrored))
    return not host.any(apart > 1e-6 * host.max(host.abs(values)))
