"""Linear algebra that the standard lacks, as hooks written with the standard's functions alone."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.backends.array_api import Standard
from xgrad.backends.dtypes import canonical, precision
from xgrad.errors import BackendError
from xgrad.typing import Array, Axis

#: Numerators of the Padé approximant of degree 13, and the norm up to which it is accurate to
#: float64 (Higham 2005, The scaling and squaring method for the matrix exponential).
_PADE = (
    *(64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800),
    *(129060195264000, 10559470521600, 670442572800, 33522128640, 1323241920, 40840800),
    *(960960, 16380, 182, 1),
)
_PADE_NORM = 5.371920351148152
#: log2 of the first term that the approximant lacks, in units of the last place of float64.
_PADE_REST = 53 - math.log2(math.comb(26, 13) * math.factorial(27))


class LinearAlgebra(Standard):
    """Agnostic forms."""

    device: Callable[[Any], Any]  # a hook of `Namespace`

    def solve_triangular(
        self, a: Array, b: Array, *, upper: bool, unit_diagonal: bool = False
    ) -> Array:
        """Solve ``a @ x = b``, reading one triangle of ``a`` (without its diagonal)."""
        a = self.triu(a) if upper else self.tril(a)
        if unit_diagonal:
            eye = self.eye(a.shape[-1], dtype=canonical(a.dtype), device=self.device(a))
            a = self.where(eye != 0, eye, a)
        return self.linalg.solve(a, b)

    def sylvester(self, a: Array, b: Array, q: Array) -> Array:
        """Solve ``a @ x + x @ b = q``, as one linear system of all elements of x."""
        n, m = a.shape[-1], b.shape[-1]
        rows, columns = (
            self.eye(k, dtype=canonical(q.dtype), device=self.device(q)) for k in (n, m)
        )
        left = self.reshape(a, (*a.shape[:-2], n, 1, n, 1)) * self.reshape(columns, (m, 1, m))
        turned = self.matrix_transpose(b)
        right = self.reshape(rows, (n, 1, n, 1)) * self.reshape(turned, (*b.shape[:-2], 1, m, 1, m))
        whole = left + right
        whole = self.reshape(whole, (*whole.shape[:-4], n * m, n * m))
        out = self.linalg.solve(whole, self.reshape(q, (*q.shape[:-2], n * m, 1)))
        return self.reshape(out, (*out.shape[:-2], n, m))

    def solve_banded(self, ab: Array, b: Array, *, lower: int, upper: int) -> Array:
        """Solve with the matrix whose diagonals are the rows of ``ab``."""
        n = ab.shape[-1]
        whole: Any = 0
        for k in range(lower + upper + 1):
            on = self.eye(n, k=upper - k, dtype=canonical(ab.dtype), device=self.device(ab))
            row = self.reshape(ab[..., k, :], (*ab.shape[:-2], 1, n))
            part = self.where(on != 0, row, self.zeros_like(row))
            whole = part + whole
        return self.linalg.solve(whole, b)

    def euclidean(self, x: Array, *, axis: Axis, keepdims: bool) -> Array:
        """Square root of the sum of squares, computed from x / max(|x|) to avoid overflow."""
        axes = range(len(x.shape)) if axis is None else axis if isinstance(axis, tuple) else [axis]
        size = self.abs(x)
        if all(x.shape[a] for a in axes):
            top = self.max(size, axis=axis, keepdims=True)
            usable = self.logical_and(self.isfinite(top), top > 0)
            top = self.where(usable, top, self.ones_like(top))
            squares = self.square(self.divide(size, top))
            out = self.multiply(self.sqrt(self.sum(squares, axis=axis, keepdims=True)), top)
        else:
            out = self.sum(size, axis=axis, keepdims=True)
        if keepdims:
            return out
        dropped = {a % len(x.shape) for a in axes}
        return self.reshape(out, tuple(n for i, n in enumerate(x.shape) if i not in dropped))

    def cholesky_vjp(self, g: Array, factor: Array) -> Array:
        """Cotangent of a matrix, from that of its lower Cholesky factor (Murray 2016)."""
        adjoint = self._adjoint
        count = factor.shape[-1]
        weights = self.tril(self.ones_like(factor))
        eye = self.eye(count, dtype=canonical(factor.dtype), device=self.device(factor))
        inner = self.matmul(adjoint(factor), g) * (weights - 0.5 * eye)
        above = adjoint(factor)
        left = self.solve_triangular(above, inner, upper=True)
        full = self.solve_triangular(above, adjoint(left), upper=True)
        return (full + adjoint(full)) * 0.5

    def _adjoint(self, x: Array) -> Array:
        flipped = self.matrix_transpose(x)
        return self.conj(flipped) if canonical(x.dtype).kind == "c" else flipped

    def eig(self, x: Array) -> Any:
        """Complex eigenvalues and eigenvectors."""
        if not hasattr(self.linalg, "eig"):
            raise BackendError(f"eig: {self.library.__name__} does not have this function")
        values, vectors = self.linalg.eig(x)
        if canonical(values.dtype).kind != "c":  # real eigenvalues are returned as real numbers
            single = canonical(values.dtype) == np.dtype(np.float32)
            dtype = np.dtype(np.complex64 if single else np.complex128)
            values, vectors = self.astype(values, dtype), self.astype(vectors, dtype)
        return values, vectors

    def expm(self, x: Array) -> Array:
        """Matrix exponentials, by scaling, Padé approximation and squaring.

        The number of squarings depends on norms of powers (Al-Mohy and Higham 2009), so that
        matrices far from normal are not scaled too much. Each matrix of a stack is squared only
        as often as it needs, because more squarings reduce the accuracy.
        """
        count = x.shape[-1]
        if math.prod(x.shape) == 0:
            return x
        eye = self.eye(count, dtype=canonical(x.dtype), device=self.device(x))
        norm = self._one_norm(x)
        safe = norm < 2.0 ** (146 if precision(x.dtype) < 1e-8 else 18)  # the sixth power is finite
        norm = self.where(self.isfinite(norm), norm, 0.0)
        square = self.matmul(self.where(safe, x, 0.0), x)
        fourth = self.matmul(square, square)
        power = self._one_norm(self.matmul(fourth, square)) ** (1 / 6)
        power = self.maximum(self._one_norm(fourth) ** 0.25, power)
        needed = self._doublings(self.where(self.logical_and(safe, power < norm), power, norm))
        # Rounding errors of powers that cancel: the first term that the approximant lacks.
        halved = self.abs(x) * 2.0**-needed
        sums, size = self.sum(halved, axis=-2, keepdims=True), norm * 2.0**-needed
        size = self.where(self.logical_and(size > 0, safe), size, 1.0)
        halved, sums = halved / size, sums / size
        for _ in range(26):
            sums = self.matmul(sums, halved)
        rest = self.max(sums, axis=-1, keepdims=True)
        some = rest > 0
        rest = self.log2(self.where(some, rest, 1.0)) + 26 * self.log2(size) + _PADE_REST
        rest = self.where(self.logical_and(self.logical_and(some, safe), rest > 0), rest, 0.0)
        needed = needed + self.ceil(rest / 26)
        squarings = int(self.max(needed))
        x = x * 2.0**-needed
        square = self.matmul(x, x)
        even: Any = None
        odd: Any = None
        power = eye
        for k in range(0, 14, 2):
            even = power * _PADE[k] if even is None else even + power * _PADE[k]
            odd = power * _PADE[k + 1] if odd is None else odd + power * _PADE[k + 1]
            power = self.matmul(power, square)
        odd = self.matmul(x, odd)
        out = self.linalg.solve(even - odd, odd) * 2.0 + eye  # (even + odd) / (even - odd)
        for done in range(squarings):
            out = self.where(needed > done, self.matmul(out, out), out)
        return out

    def _one_norm(self, x: Array) -> Array:
        return self.max(self.sum(self.abs(x), axis=-2), axis=-1)[..., None, None]

    def _doublings(self, norm: Array) -> Array:
        """How often to halve matrices of a norm so that the Padé approximant is accurate."""
        return self.ceil(self.log2(self.where(norm > _PADE_NORM, norm / _PADE_NORM, 1.0)))
