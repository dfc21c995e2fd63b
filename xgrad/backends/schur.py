"""Matrix functions on the host, with SciPy's Schur form."""

import itertools
import math
from typing import Any

import numpy as np

from xgrad.backends.matrix_functions import (
    MatrixFunction,
    fractional_power,
    nested,
    scalar_function,
)
from xgrad.backends.registry import host_backend
from xgrad.errors import ConvergenceError

Array = Any

#: The distances above which eigenvalues use a recurrence that divides by their difference; nearer
#: ones share one Taylor series. They are tried in this order, relative to the largest element (at
#: most 1), or (True) to both eigenvalues. The first ones are accurate; the result of a later one
#: is accepted only if rounding errors of the matrix change it little.
_SEPARATIONS = (
    *((0.1, False), (0.02, False), (0.1, True), (0.02, True)),
    *((1e-3, False), (1e-4, False), (1e-6, False), (1e-8, False), (1e-13, False)),
)
_SAFE = 2
_NOISE, _AGREEMENT = 1e-15, 1e-9


def matrix_function(f: MatrixFunction, a: Array, directions: Array | None) -> Array:
    """Compute ``f(a)``, or its derivative in directions (..., k, n, n), for stacks of matrices."""
    with np.errstate(all="ignore"):
        if directions is None:
            batch = a.shape[:-2]
            outs = [_of_matrix(f, a[i], None) for i in np.ndindex(*batch)]
        else:
            batch = np.broadcast_shapes(a.shape[:-2], directions.shape[:-3])
            a = np.broadcast_to(a, (*batch, *a.shape[-2:]))
            directions = np.broadcast_to(directions, (*batch, *directions.shape[-3:]))
            outs = [_of_matrix(f, a[i], directions[i]) for i in np.ndindex(*batch)]
    return np.stack(outs).reshape(*batch, *a.shape[-2:])


def _of_matrix(f: MatrixFunction, a: Array, directions: Array | None) -> Array:
    is_real = a.dtype.kind != "c" and (directions is None or directions.dtype.kind != "c")
    dtype = a.dtype if directions is None else np.result_type(a, directions)
    if not np.isfinite(a).all():
        return np.full(a.shape, np.nan, dtype)
    t, q = _triangular(a)
    n, qh = len(a), q.conj().T
    if directions is not None:
        t = nested(np, t, qh @ directions @ q)
    out = q @ _of_triangular(f, t)[:n, -n:] @ qh
    if is_real and out.dtype.kind == "c":
        # A result that is not real up to rounding is NaN: callers check `crosses_cut` before.
        size = np.abs(out).max()
        wrong = np.abs(out.imag).max() > size * np.finfo(dtype).eps ** 0.5
        out = np.where(wrong & np.isfinite(size), np.nan, out.real)
    return out.astype(dtype)


def _triangular(a: Array) -> tuple[Array, Array]:
    """Return the Schur form; real eigenvalues of real matrices remain exactly real."""
    from scipy import linalg

    if np.array_equal(a, a.conj().T):
        w, v = np.linalg.eigh(a)
        return np.diag(w), v
    if not a.imag.any():
        t, q = linalg.schur(a.real)
        return (t, q) if not np.tril(t, -1).any() else linalg.rsf2csf(t, q)
    t, q = linalg.schur(a, output="complex")
    return t, q


def _of_triangular(f: MatrixFunction, t: Array) -> Array:
    if f.name == "funm":
        return _by_blocks(f, t)
    if f.name != "sqrtm" and not np.diag(t).all():
        return np.full_like(t, np.nan)
    if (np.diag(t).real < 0).any():
        t = t.astype(np.result_type(t, np.complex64))
    if f.name == "sqrtm":
        return _root(t)
    xp = host_backend().xp
    log: Any = xp.logarithm(t, _root)
    np.fill_diagonal(log, np.log(np.diag(t)))
    if f.name == "logm":
        return log
    out: Any = fractional_power(xp, f.power, t, log)
    diagonal: Any = np.diag(t)
    np.fill_diagonal(out, scalar_function(xp, f, diagonal))
    return out


def _root(t: Array) -> Array:
    """Square root of an upper triangular matrix, column by column (Björck, Hammarling)."""
    out = np.zeros_like(t)
    roots = np.sqrt(np.diag(t))
    np.fill_diagonal(out, roots)
    for j in range(1, len(t)):
        column = t[:j, j].copy()
        for i in range(j - 1, -1, -1):
            total = roots[i] + roots[j]
            if column[i] != 0 or total != 0:  # for 0 / 0 any number is valid; the limit is 0
                column[i] /= total
            column[:i] -= out[:i, i] * column[i]
        out[:j, j] = column
    return out


# -- user functions: blocks of nearby eigenvalues (Davies and Higham 2003) ---------------------


def _by_blocks(f: MatrixFunction, t: Array) -> Array:
    sizes = np.abs(np.diag(t))
    scale = min(np.abs(t).max(), 1.0) or 1.0
    noise = np.triu(np.cos(np.arange(t.size)).reshape(t.shape)) * (_NOISE * np.abs(t).max())
    for i, (separation, of_each) in enumerate(_SEPARATIONS):
        each = np.maximum(sizes[:, None], sizes) if of_each else scale
        near = np.broadcast_to(separation * each, t.shape)
        out = _parlett(f, t, near)
        if out is None:
            continue
        if i < _SAFE or np.isnan(out).any():
            return out
        again = _parlett(f, t + noise, near)
        if again is not None and np.abs(out - again).max() <= _AGREEMENT * np.abs(out).max():
            return out
    raise ConvergenceError(
        "funm: a Taylor series of the function does not converge around eigenvalues too close to "
        "separate: is it smooth there? With derivatives=, the series may be longer"
    )


def _clusters(values: Array, near: Array) -> Array:
    """Number the clusters of values that are linked by distances of at most ``near``."""
    names = np.arange(len(values))
    for i in range(len(values)):
        for name in set(names[:i][np.abs(values[:i] - values[i]) <= near[i, :i]]):
            names[names == name] = names[i]
    _, first = np.unique(names, return_index=True)
    order = {names[i]: k for k, i in enumerate(sorted(first))}
    return np.asarray([order[name] for name in names])


def _ordered(t: Array, names: Array) -> tuple[Array, Array, Array]:
    """Reorder the Schur form so that the eigenvalues of each cluster are adjacent."""
    from scipy.linalg import lapack

    exchange = lapack.ztrexc if t.dtype.kind == "c" else lapack.dtrexc
    t = np.asarray(t, np.complex128 if t.dtype.kind == "c" else np.float64)
    q, names = np.eye(len(t), dtype=t.dtype), list(names)
    for end in range(len(names)):
        start = min(range(end, len(names)), key=names.__getitem__)
        if start != end:
            t, q, _ = exchange(t, q, start + 1, end + 1)
            names.insert(end, names.pop(start))
    return np.triu(t), q, np.asarray(names)


#: The highest derivative that is computed by xgrad's nested transforms (each takes three times as
#: long as the previous one), and for higher terms: the points and degree of an interpolation.
_EXACT = 6
_POINTS = np.asarray([-1.0, -0.5, 0.0, 0.5, 1.0])
_DEGREE = 24


class _Series:
    """Taylor coefficients around several centres, computed on demand."""

    def __init__(self, f: MatrixFunction, centres: Array) -> None:
        self.f, self.centres, self.computed = f, centres, list[Array]()
        self.last = f.terms or _DEGREE

    def __getitem__(self, k: int) -> Array:
        while len(self.computed) <= k:
            order = len(self.computed)
            if self.f.terms or order <= _EXACT:
                self.computed.append(_coefficients(self.f, self.centres, order))
            else:
                exact = np.stack(self.computed, axis=-1)
                rest = [
                    _interpolated(self.f, x, known)
                    for x, known in zip(self.centres, exact, strict=True)
                ]
                self.computed.extend(np.stack(rest, axis=-1))
        return self.computed[k]


def _coefficients(f: MatrixFunction, x: Array, order: int) -> Array:
    values = f.derivative(x, order)  # type: ignore[misc]
    return np.asarray(values) / math.factorial(order)


def _interpolated(f: MatrixFunction, centre: Array, known: Array) -> Array:
    """Compute more Taylor coefficients by Hermite interpolation of f and four derivatives.

    This uses the widest neighbourhood in which a polynomial fits them all, so the series converges.
    """
    orders, degrees = np.arange(len(_POINTS)), np.arange(_DEGREE + 1)
    binomials = np.asarray([[math.comb(j, k) for j in degrees] for k in orders], float)
    lower = np.maximum(degrees - orders[:, None], 0)
    system = (binomials * _POINTS[:, None, None] ** lower).reshape(-1, len(degrees))
    first = len(known)
    for radius in sorted({0.5, 0.1, *(abs(centre) * r for r in (0.5, 0.1, 0.02))}, reverse=True):
        x = centre + radius * _POINTS
        data = [_coefficients(f, x, k) * radius**k for k in orders.tolist()]
        right = np.stack(data, axis=-1).ravel()
        right = right - system[:, :first] @ (known * radius ** degrees[:first])
        if not np.isfinite(right).all() or not radius:
            continue
        coefficients = np.linalg.lstsq(system[:, first:], right, rcond=None)[0]
        off = np.abs(system[:, first:] @ coefficients - right).max()
        if off <= 1e-13 * max(np.abs(x).max() for x in data):
            return np.asarray(coefficients / radius ** degrees[first:])
    return np.full(_DEGREE + 1 - first, np.nan)


def _parlett(f: MatrixFunction, t: Array, near: Array) -> Array | None:
    """``f(t)`` block by block; None if a Taylor series does not converge."""
    from scipy.linalg import lapack

    names = _clusters(np.diag(t), near)
    t, q, names = _ordered(t, names)
    edges = np.flatnonzero(np.r_[True, names[1:] != names[:-1], True])
    blocks = [slice(i, j) for i, j in itertools.pairwise(edges)]
    values = np.diag(t)
    values = values if values.imag.any() else values.real
    exact = [np.asarray(f.derivative(values, 0))]  # type: ignore[misc]
    series = _Series(f, np.asarray([values[b].mean() for b in blocks]))
    out = np.zeros_like(t, dtype=np.result_type(t, exact[0]))
    for k, b in enumerate(blocks):
        if b.stop - b.start == 1:
            out[b, b] = exact[0][b]
            continue
        if len(exact) == 1:
            exact.append(np.asarray(f.derivative(values, 1)))  # type: ignore[misc]
        block = _taylor(series, k, t[b, b], exact[0][b], exact[1][b])
        if block is None:
            return None
        out[b, b] = block
    solve = lapack.ztrsyl if out.dtype.kind == "c" else lapack.dtrsyl
    for j in range(1, len(blocks)):
        for i in range(j - 1, -1, -1):
            a, b = blocks[i], blocks[j]
            between = slice(a.stop, b.start)
            right = out[a, a] @ t[a, b] - t[a, b] @ out[b, b]
            right += out[a, between] @ t[between, b] - t[a, between] @ out[between, b]
            x, scale, _ = solve(t[a, a], t[b, b], right, isgn=-1)
            out[a, b] = x / scale
    return q @ out @ q.conj().T


def _taylor(series: _Series, k: int, t: Array, values: Array, slopes: Array) -> Array | None:
    """``f`` of a block by its Taylor series, checked against f and f' at the eigenvalues."""
    eps = np.finfo(np.float64).eps * len(t)
    offsets = np.diag(t) - series.centres[k]
    n = t - series.centres[k] * np.eye(len(t))
    equal = np.abs(offsets).max() <= eps * np.abs(np.diag(t)).max()
    if equal:  # nilpotent up to rounding, so the series is finite
        np.fill_diagonal(n, 0)
    size = np.abs(n).sum(axis=1).max()
    power, out = np.eye(len(t)), np.zeros_like(t) * series[0][k]
    value, slope, small = np.zeros_like(values), np.zeros_like(slopes), 0
    for order in range(series.last + 1):
        c = series[order][k]
        out = out + c * power
        value = value + c * offsets**order
        slope = slope + (order * c * offsets ** (order - 1) if order else 0)
        small = small + 1 if np.abs(c * power).max() <= eps * np.abs(out).max() else 0
        power = power @ n
        if equal and np.abs(power).max() <= eps * size ** (order + 1):
            return out
        agree = np.abs(value - values).max() <= 10 * eps * np.abs(values).max()
        bound = max(np.abs(slopes).max(), np.abs(values).max())
        if small > 1 and agree and np.abs(slope - slopes).max() <= 100 * eps * bound:
            return out
    return None
