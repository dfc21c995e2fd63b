"""Multivariate distributions."""

import math
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.backends.host import singular
from xgrad.engine.dispatch import XG
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.elementwise import divide, exp, log, square
from xgrad.ops.linalg.factors import cholesky
from xgrad.ops.linalg.matrices import diagonal_of, eye_like, holds
from xgrad.ops.linalg.solving import solve_triangular
from xgrad.ops.linalg.spectral import eigh, eigvalsh
from xgrad.ops.products import matmul
from xgrad.ops.reductions import sum as total
from xgrad.ops.selection import stop_gradient, where
from xgrad.ops.shape import concat, reshape
from xgrad.ops.special.errors import xlogy
from xgrad.ops.special.gammas import digamma, gammaln
from xgrad.ops.views.parts import basic_index
from xgrad.stats.arguments import floating
from xgrad.stats.base import Frozen, Multivariate
from xgrad.stats.sampling import generator_of, uniforms
from xgrad.stats.univariate import gamma, norm

__all__ = ["dirichlet", "multivariate_normal"]

_LOG_TWO_PI = math.log(2 * math.pi)


def _squeezed(x: Tensor) -> Tensor:
    return reshape(x, tuple(n for n in x.shape if n != 1))


# -- the normal distribution -------------------------------------------------------------------


def _parameters(function: str, mean: Any, cov: Any, *x: Any) -> list[Any]:
    """Return points, mean and covariance matrix as Tensors, as SciPy reads them."""
    given = [*x, 0.0 if mean is None else mean, cov]
    *points, mean_, cov_ = floating(function, given)
    own = 1 if cov_.ndim < 2 else cov_.shape[0]
    dim = own if mean is None else math.prod(mean_.shape)
    if dim == 1:
        if math.prod(cov_.shape) == 1:
            cov_ = reshape(cov_, (1, 1))
        mean_ = reshape(mean_, (1,))
    elif mean is None:
        mean_ = 0 * basic_index(cov_, key=(0,))
    if cov_.ndim < 2:
        if cov_.ndim == 1 and cov_.shape[0] != dim:
            raise ValueError(
                f"{called(function)}: cov has {cov_.shape[0]} variances, mean {dim} numbers"
            )
        cov_ = where(eye_like(cov_, dim) != 0, cov_, 0.0)
    if mean_.ndim != 1:
        raise ValueError(f"{called(function)}: mean must be a vector, got shape {mean_.shape}")
    if cov_.shape != (dim, dim):
        raise ValueError(
            f"{called(function)}: cov must have shape {(dim, dim)}, as mean has {dim} number(s), "
            f"got {cov_.shape}"
        )
    return [*points, mean_, cov_]


def _points(function: str, x: Tensor, dim: int) -> Tensor:
    if x.ndim == 0:
        x = reshape(x, (1,))
    elif x.ndim == 1:
        x = reshape(x, (-1, 1) if dim == 1 else (1, -1))
    if x.shape[-1] not in (1, dim):
        raise ValueError(
            f"{called(function)}: the last axis of x must have length {dim}, got shape {x.shape}"
        )
    return x


def _cutoff(values: Any) -> Any:
    """Eigenvalues below it count as 0: SciPy's rule, which depends on the dtype."""
    dtype = canonical(lowest(values).dtype)
    factor = (1e6 if dtype.itemsize == 8 else 1e3) * (2.0**-52 if dtype.itemsize == 8 else 2.0**-23)
    return factor * XG.max(XG.abs(values))


def _check_definite(function: str, values: Any, allow_singular: bool) -> None:
    """Raise for a matrix that is not positive definite (or semidefinite); unless traced."""
    bound = _cutoff(values)
    if holds(values < -bound):
        raise ValueError(
            f"{called(function)}: cov must be symmetric positive semidefinite, and has an "
            "eigenvalue below 0"
        )
    if not allow_singular and holds(values <= bound):
        raise singular(
            f"{called(function)}: cov must be positive definite; allow_singular=True gives the "
            "density on the subspace that has one"
        )


def _regular(cov: Any, dev: Any) -> tuple[Any, Any]:
    """Return the logarithm of the determinant, and squared Mahalanobis lengths of rows."""
    factor = cholesky(cov)
    log_det = 2 * total(log(diagonal_of(XG, factor)))
    if dev is None:
        return log_det, None
    dim = cov.shape[-1]
    columns = XG.matrix_transpose(reshape(dev, (-1, dim)))
    white = solve_triangular(factor, columns, lower=True)
    return log_det, reshape(total(square(white), axis=0), dev.shape[:-1])


class _MultivariateNormal(Multivariate):
    """Multivariate normal distribution.

    ``x`` has the components on its last axis. ``cov`` is a matrix, of which the lower triangle is
    read, a vector of variances, or one variance. A singular matrix raises unless
    ``allow_singular=True``: then the density is that on the subspace of nonzero eigenvalues, and 0
    elsewhere, as in SciPy; the derivative is that of matrices of the same rank. The gradient by
    ``cov`` is symmetric, as for `xgrad.linalg.cholesky`.

    Examples
    --------
    >>> import xgrad as xg
    >>> mean, cov = xg.zeros(2), xg.asarray([[2.0, 0.0], [0.0, 0.5]])
    >>> xg.stats.multivariate_normal.logpdf(xg.asarray([1.0, 1.0]), mean, cov)
    Tensor(-3.08787707)
    """

    def __call__(self, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Frozen:
        """Fix the parameters."""
        return _FrozenNormal(self, mean, cov, allow_singular)

    def logpdf(
        self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False
    ) -> Tensor:
        """Logarithm of the density."""
        function = "stats.multivariate_normal.logpdf"
        x, mean, cov = _parameters(function, mean, cov, x)
        dim = mean.shape[0]
        dev = _points(function, x, dim) - mean
        if allow_singular:
            return _squeezed(self._on_subspace(function, dev, cov))
        _check_definite(function, eigvalsh(stop_gradient(cov)), allow_singular=False)
        log_det, lengths = _regular(cov, dev)
        return _squeezed(-0.5 * (dim * _LOG_TWO_PI + log_det + lengths))

    @staticmethod
    def _on_subspace(function: str, dev: Any, cov: Any) -> Any:
        values, vectors = eigh(cov)
        fixed = stop_gradient(values)
        _check_definite(function, fixed, allow_singular=True)
        kept = fixed > _cutoff(fixed)
        values = where(kept, values, 1.0)
        parts = matmul(dev, vectors)
        lengths = total(where(kept, square(parts) / values, 0.0), axis=-1)
        rank = total(XG.astype(kept, values.dtype))
        out = -0.5 * (rank * _LOG_TWO_PI + total(log(values)) + lengths)
        # SciPy's test: the part outside the subspace is longer than 1e3 * the cutoff
        beyond = total(where(kept, 0.0, square(stop_gradient(parts))), axis=-1)
        outside = beyond > square(1e3 * _cutoff(fixed))
        return where(outside, -math.inf, out)

    def pdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Tensor:
        """Density."""
        return exp(self.logpdf(x, mean, cov, allow_singular))

    def entropy(self, mean: Any = None, cov: Any = 1) -> Tensor:
        """Differential entropy, in nats; on the subspace of nonzero eigenvalues."""
        function = "stats.multivariate_normal.entropy"
        _, cov = _parameters(function, mean, cov)
        values = eigh(cov)[0]
        fixed = stop_gradient(values)
        _check_definite(function, fixed, allow_singular=True)
        kept = fixed > _cutoff(fixed)
        rank = total(XG.astype(kept, values.dtype))
        return 0.5 * (rank * (_LOG_TWO_PI + 1) + total(log(where(kept, values, 1.0))))

    def cdf(self, x: Any, *args: Any, **keywords: Any) -> Tensor:
        """Raise: the integral has no differentiable form here."""
        raise NotImplementedError(
            "stats.multivariate_normal.cdf: the integral over several variables has no "
            "differentiable form here; scipy.stats.multivariate_normal.cdf takes plain arrays"
        )

    logcdf = cdf

    def rvs(
        self, mean: Any = None, cov: Any = 1, size: Any = 1, random_state: Any = None
    ) -> Tensor:
        """Random numbers, differentiable by mean and covariance matrix; not SciPy's."""
        function = "stats.multivariate_normal.rvs"
        mean, cov = _parameters(function, mean, cov)
        shape = (size,) if isinstance(size, int) else tuple(size)
        _check_definite(function, eigvalsh(stop_gradient(cov)), allow_singular=False)
        draws = norm.ppf(uniforms(function, (*shape, mean.shape[0]), (), random_state))
        return _squeezed(matmul(draws, XG.matrix_transpose(cholesky(cov))) + mean)


class _FrozenNormal(Frozen):
    """A multivariate normal distribution with given parameters."""

    def __init__(self, dist: Any, mean: Any, cov: Any, allow_singular: bool) -> None:
        super().__init__(dist, (mean, cov), {})
        self.mean, self.cov, self.allow_singular = mean, cov, allow_singular

    def logpdf(self, x: Any) -> Tensor:
        """Logarithm of the density."""
        return multivariate_normal.logpdf(x, self.mean, self.cov, self.allow_singular)

    def pdf(self, x: Any) -> Tensor:
        """Density."""
        return exp(self.logpdf(x))

    def rvs(self, size: Any = 1, random_state: Any = None) -> Tensor:
        """Random numbers."""
        return multivariate_normal.rvs(self.mean, self.cov, size, random_state)


multivariate_normal = _MultivariateNormal("multivariate_normal")


# -- the Dirichlet distribution ----------------------------------------------------------------


def _alpha(function: str, alpha: Tensor) -> Tensor:
    if alpha.ndim != 1:
        raise ValueError(f"{called(function)}: alpha must be a vector, got shape {alpha.shape}")
    if holds(alpha <= 0):
        raise ValueError(f"{called(function)}: all elements of alpha must be greater than 0")
    return alpha


def _simplex(function: str, x: Tensor, alpha: Tensor) -> Tensor:
    """Return points with all components on the first axis; check them unless traced."""
    if x.ndim and x.shape[0] + 1 == alpha.shape[0]:
        x = concat([x, reshape(1 - total(x, axis=0), (1, *x.shape[1:]))], axis=0)
    if not x.ndim or x.shape[0] != alpha.shape[0]:
        raise ValueError(
            f"{called(function)}: x must have {alpha.shape[0]} components (or one less) on its "
            f"first axis, as alpha does, got shape {x.shape}"
        )
    columns = reshape(alpha, (-1, *(1,) * (x.ndim - 1)))
    if holds((x < 0) | (x > 1)) or holds(XG.abs(total(x, axis=0) - 1) > 1e-9 + _rounding(x)):
        raise ValueError(f"{called(function)}: components must be in [0, 1] and add up to 1")
    if holds((x == 0) & (columns < 1)):
        raise ValueError(f"{called(function)}: components must be positive where alpha is below 1")
    return x


def _rounding(x: Any) -> float:
    return 0.0 if canonical(lowest(x).dtype).itemsize > 4 else 1e-5


class _Dirichlet(Multivariate):
    """Dirichlet distribution; components are on the first axis of x, the last may be left out.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.stats.dirichlet.logpdf([0.2, 0.8], xg.asarray([1.0, 1.0]))
    Tensor(0.)
    """

    def __call__(self, alpha: Any) -> Frozen:
        """Fix the parameters."""
        return Frozen(self, (alpha,), {})

    def logpdf(self, x: Any, alpha: Any) -> Tensor:
        """Logarithm of the density."""
        function = "stats.dirichlet.logpdf"
        x, alpha = floating(function, [x, alpha])
        x = _simplex(function, x, _alpha(function, alpha))
        columns = reshape(alpha, (-1, *(1,) * (x.ndim - 1)))
        scale = gammaln(total(alpha)) - total(gammaln(alpha))
        return _squeezed(scale + total(xlogy(columns - 1, x), axis=0))

    def pdf(self, x: Any, alpha: Any) -> Tensor:
        """Density."""
        return exp(self.logpdf(x, alpha))

    def mean(self, alpha: Any) -> Tensor:
        """Mean."""
        alpha = _alpha("stats.dirichlet.mean", floating("stats.dirichlet.mean", [alpha])[0])
        return _squeezed(alpha / total(alpha))

    def var(self, alpha: Any) -> Tensor:
        """Variances."""
        alpha = _alpha("stats.dirichlet.var", floating("stats.dirichlet.var", [alpha])[0])
        whole = total(alpha)
        return _squeezed(alpha * (whole - alpha) / (whole * whole * (whole + 1)))

    def cov(self, alpha: Any) -> Tensor:
        """Covariance matrix."""
        alpha = _alpha("stats.dirichlet.cov", floating("stats.dirichlet.cov", [alpha])[0])
        whole = total(alpha)
        share = alpha / whole
        products = reshape(share, (-1, 1)) * reshape(share, (1, -1))
        return (where(eye_like(alpha) != 0, share, 0.0) - products) / (whole + 1)

    def entropy(self, alpha: Any) -> Tensor:
        """Differential entropy, in nats."""
        alpha = _alpha("stats.dirichlet.entropy", floating("stats.dirichlet.entropy", [alpha])[0])
        whole, count = total(alpha), alpha.shape[0]
        scale = total(gammaln(alpha)) - gammaln(whole)
        out: Tensor = scale + (whole - count) * digamma(whole)
        return out - total((alpha - 1) * digamma(alpha))

    def rvs(self, alpha: Any, size: Any = 1, random_state: Any = None) -> Tensor:
        """Random numbers, one point in a row; differentiable by alpha; not SciPy's."""
        function = "stats.dirichlet.rvs"
        alpha = _alpha(function, floating(function, [alpha])[0])
        shape = (size,) if isinstance(size, int) else tuple(size)
        draws: Any = gamma.rvs(
            alpha, size=(*shape, alpha.shape[0]), random_state=generator_of(function, random_state)
        )
        return divide(draws, total(draws, axis=-1, keepdims=True))


dirichlet = _Dirichlet("dirichlet")
