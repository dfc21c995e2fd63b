"""Functions of square matrices, and their derivatives of any order.

The derivative of a matrix function f at A in the directions E₁ … Eₖ is the upper right block of f
of a larger matrix (Mathias 1996; Higham and Relton 2014): for one direction

    f([[A, E], [0, A]]) = [[f(A), f'(A)[E]], [0, f(A)]],

and so on; each direction doubles the size. This is valid for every matrix where f is smooth, also
for defective ones and with equal eigenvalues. For Hermitian matrices, first derivatives use
divided differences of the eigenvalues, in closed form without cancellation.
"""

import dataclasses
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from xgrad.backends.array_api import Standard
from xgrad.backends.dtypes import canonical, precision
from xgrad.backends.linear_algebra import LinearAlgebra
from xgrad.backends.special import SpecialFunctions
from xgrad.errors import BackendError
from xgrad.typing import Array

#: Nodes and weights of the Padé approximant of degree 12 of log(1 + x), as partial fractions,
#: and the norm of x up to which it is accurate to float64 (Al-Mohy and Higham 2012).
_NODES, _WEIGHTS = (x * 0.5 for x in np.polynomial.legendre.leggauss(12))
_LOG_NORM = 0.58
#: Steps of Newton's iteration: the last half a dozen converge, the others halve the scale.
_STEPS = 40
_ROOTS = 60


@dataclasses.dataclass(frozen=True)
class MatrixFunction:
    """A matrix function: ``"sqrtm"``, ``"logm"``, ``"power"`` or ``"funm"``.

    Attributes
    ----------
    name : str
    power : float
        The exponent of ``"power"``.
    derivative : callable, optional
        For ``"funm"``: ``derivative(x, k)`` is the k-th derivative at a NumPy array ``x``.
    terms : int
        The highest derivative that may be requested; 0 if high ones are slow.
    """

    name: str
    power: float = 0.0
    derivative: Callable[[Any, int], Any] | None = None
    terms: int = 0


class MatrixFunctions(LinearAlgebra, SpecialFunctions):
    """Agnostic forms."""

    holds: Callable[[Array], bool | None]  # hooks of `Namespace`
    quiet: Callable[[], AbstractContextManager[Any]]

    def matrix_function(
        self, f: MatrixFunction, a: Array, directions: Array | None = None
    ) -> Array:
        """Compute ``f(a)``, or the derivative of order k in directions (..., k, n, n)."""
        if math.prod(a.shape) == 0 or (directions is not None and math.prod(directions.shape) == 0):
            return a if directions is None else self.sum(directions, axis=-3) * 0
        if f.name == "funm":
            return self.matrix_function_on_host(f, a, directions)
        safe = self.all(self.isfinite(a), axis=(-2, -1), keepdims=True)
        eye = self.eye(a.shape[-1], dtype=canonical(a.dtype), device=self.device(a))
        a = self.where(safe, a, eye)
        if self.holds(a != self._adjoint(a)) is False:
            out = self._of_hermitian(f, a, directions)
        else:
            out = self._of_general(f, a, directions)
        return self.where(safe, out, float("nan"))

    def _of_general(self, f: MatrixFunction, a: Any, directions: Array | None) -> Array:
        if isinstance(a, np.ndarray):  # already on the host
            return self.matrix_function_on_host(f, a, directions)
        try:
            out = self._by_iteration(f, a if directions is None else nested(self, a, directions))
            out = out[..., : a.shape[-1], -a.shape[-1] :]
            if self.holds(self.logical_not(self.isfinite(out))) is not True:
                return out
        except (ArithmeticError, ValueError, RuntimeError):  # a library's LinAlgError: singular
            pass
        return self.matrix_function_on_host(f, a, directions)

    def matrix_function_on_host(self, f: MatrixFunction, a: Any, directions: Array | None) -> Array:
        """Compute on the host with the Schur form, if there is no other method."""
        from xgrad.backends import schur  # SciPy is not imported before it is needed

        on_host = None if directions is None else self.host(directions)
        out = schur.matrix_function(f, self.host(a), on_host)
        return self.asarray(out, dtype=out.dtype, device=self.device(a), copy=True)

    def crosses_cut(self, a: Array) -> bool | None:
        """Whether real matrices have negative eigenvalues; None if that is not known.

        Roots and logarithms of such matrices are complex.
        """
        finite = self.all(self.isfinite(a), axis=(-2, -1), keepdims=True)
        a = self.where(finite, a, 0.0)
        if self.holds(a != self.matrix_transpose(a)) is False:
            real = self.linalg.eigvalsh(a)
            sizes = self.abs(real)
            negative = real < 0
        else:
            try:
                values = self.eig(a)[0]
            except (BackendError, NotImplementedError):
                return None  # a library without general eigenvalues
            real, sizes = self.real(values), self.abs(values)
            negative = self.logical_and(real < 0, self.imag(values) == 0)
        bound = self.max(sizes, axis=-1, keepdims=True) * (8 * a.shape[-1] * precision(a.dtype))
        crosses: bool | None = self.holds(self.logical_and(negative, sizes > bound))
        return crosses

    # -- Hermitian matrices ------------------------------------------------------------------------

    def _of_hermitian(self, f: MatrixFunction, a: Array, directions: Array | None) -> Array:
        w, v = self.linalg.eigh(a)
        largest = self.max(self.abs(w), axis=-1, keepdims=True)
        rounding = self.logical_and(w < 0, w >= -8 * a.shape[-1] * precision(a.dtype) * largest)
        w = self.where(rounding, 0.0, w)
        if canonical(a.dtype).kind == "c":
            w = self.astype(w, canonical(a.dtype))  # negative eigenvalues have complex roots
        vh = self._adjoint(v)
        with self.quiet():
            if directions is None:
                values = scalar_function(self, f, w)
                finite = self.all(self.isfinite(values), axis=-1, keepdims=True)
                values = self.where(finite, values, float("nan"))  # there is no logarithm of 0
                return self.matmul(v * values[..., None, :], vh)
            left, right = self.expand_dims(vh, axis=-3), self.expand_dims(v, axis=-3)
            inner = self.matmul(self.matmul(left, directions), right)
            if directions.shape[-3] == 1:
                inner = inner[..., 0, :, :] * _divided_differences(self, f, w)
                return self.matmul(self.matmul(v, inner), vh)
        eye = self.eye(a.shape[-1], dtype=canonical(a.dtype), device=self.device(a))
        inner = self._of_general(f, eye * w[..., None, :], inner)
        return self.matmul(self.matmul(v, inner), vh)

    # -- general matrices --------------------------------------------------------------------------

    def _by_iteration(self, f: MatrixFunction, a: Array) -> Array:
        if f.name == "sqrtm":
            return self._root(a)
        log = self.logarithm(a, self._root)
        return log if f.name == "logm" else fractional_power(self, f.power, a, log)

    def _root(self, a: Array) -> Array:
        """The principal square root, by Newton's iteration for M = X⁻¹ A X⁻¹ (Denman, Beavers).

        It uses the product form (Cheng et al. 2001), scaled by the determinant. The result is NaN
        if it does not converge: an eigenvalue is 0, or negative.
        """
        count = a.shape[-1]
        eye = self.eye(count, dtype=canonical(a.dtype), device=self.device(a))
        tiny = 8 * count * precision(a.dtype)
        x, m, last = a, a, False
        off = self.max(self.abs(m - eye), axis=(-2, -1), keepdims=True)
        for _ in range(_STEPS):
            inverse = self.linalg.inv(m)
            size = self.linalg.slogdet(m)[1][..., None, None]
            scale = self.where(off > 1e-2, self.exp(size * (-0.5 / count)), 1.0)
            x = self.matmul(x * (0.5 * scale), eye + inverse / self.square(scale))
            m = (m * self.square(scale) + inverse / self.square(scale)) * 0.25 + eye * 0.5
            if last:
                break
            off = self.max(self.abs(m - eye), axis=(-2, -1), keepdims=True)
            last = self.holds(self.logical_not(off <= tiny)) is False
        return self.where(off <= precision(a.dtype) ** 0.5, x, float("nan"))

    def logarithm(self, a: Array, root: Callable[[Array], Array]) -> Array:
        """Logarithms by inverse scaling and squaring: roots until near 1, then Padé."""
        eye = self.eye(a.shape[-1], dtype=canonical(a.dtype), device=self.device(a))
        roots = self.zeros_like(eye[0, 0])
        for _ in range(_ROOTS):  # as few for each matrix as possible, for accuracy
            norm = self.max(self.sum(self.abs(a - eye), axis=-2), axis=-1)[..., None, None]
            far = norm > _LOG_NORM
            if self.holds(far) is False:
                break
            a = self.where(far, root(a), a)
            roots = self.where(far, roots + 1, roots)
        x = a - eye
        total: Any = None
        for node, weight in zip(_NODES.tolist(), _WEIGHTS.tolist(), strict=True):
            term = self.linalg.solve(eye + x * (0.5 + node), x) * weight
            total = term if total is None else total + term
        out: Array = total * 2.0**roots
        return out


def fractional_power(xp: LinearAlgebra, power: float, a: Array, log: Array) -> Array:
    """``a ** power``: the integer part by products, the rest by the logarithm."""
    integer = math.trunc(power)
    out = xp.expm(log * (power - integer))
    base = xp.linalg.inv(a) if integer < 0 else a
    integer = abs(integer)
    while integer:
        if integer & 1:
            out = xp.matmul(base, out)
        integer >>= 1
        if integer:
            base = xp.matmul(base, base)
    return out


def nested(xp: Any, a: Array, directions: Array) -> Array:
    """Return the block matrix whose function contains the derivative in k directions."""
    batch = np.broadcast_shapes(tuple(a.shape[:-2]), tuple(directions.shape[:-3]))
    n = a.shape[-1]
    a = xp.broadcast_to(a, (*batch, n, n))
    for i in range(directions.shape[-3]):
        e = xp.broadcast_to(directions[..., i, :, :], (*batch, n, n))
        zero, copies = xp.zeros_like(e), a.shape[-1] // n
        rows = [
            xp.concat([zero] * j + [e] + [zero] * (copies - 1 - j), axis=-1) for j in range(copies)
        ]
        upper = xp.concat([a, xp.concat(rows, axis=-2)], axis=-1)
        lower = xp.concat([xp.zeros_like(a), a], axis=-1)
        a = xp.concat([upper, lower], axis=-2)
    return a


def scalar_function(xp: Standard, f: MatrixFunction, w: Array) -> Array:
    """Apply the function to numbers; NaN at 0 if the function is not finite there."""
    if f.name == "sqrtm":
        return xp.sqrt(w)
    if f.name == "power" and f.power > 0:
        return w**f.power
    zero = w == 0
    w = xp.where(zero, 1.0, w)
    return xp.where(zero, float("nan"), xp.log(w) if f.name == "logm" else w**f.power)


def _divided_differences(xp: Standard, f: MatrixFunction, w: Array) -> Array:
    """``(f(a) - f(b)) / (a - b)`` for all pairs, f' for equal ones, without cancellation.

    NaN where they are infinite, because products of NaN do not cause warnings.
    """
    a, b = w[..., :, None], w[..., None, :]
    if f.name == "sqrtm":
        roots = xp.sqrt(a) + xp.sqrt(b)
        return xp.where(roots == 0, float("nan"), 1 / xp.where(roots == 0, 1.0, roots))
    t = f.power
    gap, total = a - b, a + b
    zero = total == 0
    total = xp.where(zero, 1.0, total)
    z = gap / total
    near = xp.abs(z) < 0.5
    z = xp.where(near, z, 0.0)
    half = xp.atanh(z)  # half the difference of the logarithms
    tiny = xp.abs(z) < 1e-4
    apart = xp.where(near, 1.0, gap)
    ratio = xp.where(tiny, 1 + xp.square(z) / 3, half / xp.where(tiny, 1.0, z))  # atanh(z) / z
    if f.name == "logm":
        far = (xp.log(a) - xp.log(b)) / apart
        return xp.where(zero, float("nan"), xp.where(near, 2 * ratio / total, far))
    # (a^t - b^t) / (a - b), both as exponentials of the mean and half the difference of logarithms.
    far = (a**t - b**t) / apart
    safe = xp.where(tiny, 1.0, half)
    squares = 1 + xp.square(half) * ((t * t - 1) / 6)
    sines = xp.where(tiny, t * squares, xp.sinh(safe * t) / xp.sinh(safe))
    mean = xp.where(near, (xp.sqrt(a) * xp.sqrt(b)) ** (t - 1), 1.0)
    return xp.where(zero, 0.0 if t > 1 else float("nan"), xp.where(near, mean * sines, far))
