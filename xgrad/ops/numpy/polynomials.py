"""Polynomials by their coefficients, the highest power first, with NumPy's arguments."""

import operator
from typing import Any

from xgrad.backends import host
from xgrad.backends.dtypes import canonical, float64, int64, is_complex
from xgrad.backends.limits import promoted
from xgrad.engine.declare import function
from xgrad.engine.dispatch import backend_below
from xgrad.engine.host_reads import read
from xgrad.engine.tensor import Tensor, lowest
from xgrad.errors import AutogradError
from xgrad.ops.complex import real
from xgrad.ops.creation import as_tensor, astype, floats_of, ones_like, zeros_like
from xgrad.ops.elementwise import add, divide, multiply, negative, subtract
from xgrad.ops.numpy.convolution import convolve
from xgrad.ops.numpy.linalg import _eigvals
from xgrad.ops.shape import concat, reshape, stack
from xgrad.ops.views.parts import basic_index
from xgrad.typing import ArrayLike

__all__ = ["poly", "polyadd", "polyder", "polydiv", "polyint", "polymul", "polysub", "polyval",
           "roots", "vander"]  # fmt: skip


def _part(x: Tensor, start: int | None, stop: int | None) -> Tensor:
    return basic_index(x, key=(slice(*slice(start, stop).indices(x.shape[0])),))


def _coefficients(name: str, p: Any, like: Any = None) -> Tensor:
    array = as_tensor(p, like=like)
    array = reshape(array, (1,)) if array.ndim == 0 else array
    if array.ndim != 1:
        raise ValueError(f"{name}: coefficients must have 1 dimension, got shape {array.shape}")
    return array


def _nonzero(name: str, p: Tensor) -> list[bool]:
    """Return which coefficients are not 0, in every example of a batch."""
    backend = backend_below(p)
    if backend.abstract:
        raise AutogradError(
            f"{name}: the shape of the result depends on which coefficients are 0, which "
            f"{backend.name} does not know while it traces"
        )
    patterns = host.zero_patterns(read(backend, lowest(p), name), p.shape[0])
    if len(patterns) > 1:
        raise AutogradError(
            f"{name}: inside vmap() the same coefficients must be 0 in every example, because "
            "they set the shape of the result"
        )
    return list(patterns[0])


def _without_leading_zeros(name: str, p: Tensor) -> Tensor:
    """Drop leading zeros, but not the last coefficient."""
    if backend_below(p).abstract:
        return p
    count = p.shape[0]
    pattern = _nonzero(name, p)
    first = pattern.index(True) if True in pattern else count - 1
    return _part(p, first, None) if first else p


@function(numpy="vander")
def vander(x: ArrayLike, N: int | None = None, increasing: bool = False) -> Tensor:  # noqa: N803
    """Matrix of powers of numbers: one row for each number, the highest power first.

    Parameters
    ----------
    x : array or Tensor, 1-D
    N : int, optional
        The number of powers; the default is that of numbers.
    increasing : bool
        Whether the power 0 is the first one.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.vander(xg.asarray([2.0, 3.0]), 3)
    Tensor([[4., 2., 1.],
            [9., 3., 1.]])
    """
    array = as_tensor(x)
    if array.ndim != 1:
        raise ValueError(f"vander: x must have 1 dimension, got shape {array.shape}")
    array = astype(array, promoted(array.dtype, int64), copy=False)
    count = array.shape[0] if N is None else operator.index(N)
    if count < 0:
        raise ValueError(f"vander: N must not be negative, got {count}")
    if count == 0:
        return basic_index(reshape(array, (array.shape[0], 1)), key=(slice(None), slice(0, 0)))
    powers = [ones_like(array)]
    while len(powers) < count:
        powers.append(array if len(powers) == 1 else multiply(powers[-1], array))
    return stack(powers if increasing else powers[::-1], axis=1)


@function(numpy="polyval")
def polyval(p: Any, x: ArrayLike) -> Tensor:
    """Value of a polynomial at points, by Horner's scheme.

    Parameters
    ----------
    p : array, 1-D
        The coefficients, the highest power first. Differentiable, as ``x``.
    x : array or Tensor

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.polyval(xg.asarray([1.0, 0.0, -2.0]), xg.asarray([2.0, 3.0]))
    Tensor([2., 7.])
    """
    coefficients, points = as_tensor(p, like=x), as_tensor(x, like=p)
    out = zeros_like(points)
    for i in range(coefficients.shape[0]):
        out = add(multiply(out, points), basic_index(coefficients, key=(i,)))
    return out


def _sum(name: str, op: Any, a1: Any, a2: Any) -> Tensor:
    x, y = _coefficients(name, a1, a2), _coefficients(name, a2, a1)
    short = x.shape[0] - y.shape[0]
    if short < 0:
        x = concat([zeros_like(_part(x, 0, 1), dtype=x.dtype)] * -short + [x])
    elif short:
        y = concat([zeros_like(_part(y, 0, 1), dtype=y.dtype)] * short + [y])
    out: Tensor = op(x, y)
    return out


@function(numpy="polyadd")
def polyadd(a1: Any, a2: Any) -> Tensor:
    """Sum of two polynomials.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.polyadd(xg.asarray([1.0, 2.0]), xg.asarray([1.0, 0.0, 0.0]))
    Tensor([1., 1., 2.])
    """
    return _sum("polyadd", add, a1, a2)


@function(numpy="polysub")
def polysub(a1: Any, a2: Any) -> Tensor:
    """Difference of two polynomials.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.polysub(xg.asarray([1.0, 2.0]), xg.asarray([1.0, 0.0, 0.0]))
    Tensor([-1.,  1.,  2.])
    """
    return _sum("polysub", subtract, a1, a2)


@function(numpy="polymul")
def polymul(a1: Any, a2: Any) -> Tensor:
    """Product of two polynomials; leading zeros of the factors are dropped.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.polymul(xg.asarray([1.0, 2.0]), xg.asarray([1.0, 3.0]))
    Tensor([1., 5., 6.])
    """
    factors = (_coefficients("polymul", a1, a2), _coefficients("polymul", a2, a1))
    x, y = (_without_leading_zeros("polymul", p) for p in factors)
    return convolve(x, y)


@function(numpy="polydiv")
def polydiv(u: Any, v: Any) -> tuple[Tensor, Tensor]:
    """Quotient and remainder of two polynomials.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.polydiv(xg.asarray([1.0, 5.0, 6.0]), xg.asarray([1.0, 2.0]))
    (Tensor([1., 3.]), Tensor([0.]))
    """
    x, y = floats_of(_coefficients("polydiv", u, v)), floats_of(_coefficients("polydiv", v, u))
    dtype = promoted(x.dtype, y.dtype)
    x, y = astype(x, dtype, copy=False), astype(y, dtype, copy=False)
    count, degree = x.shape[0], y.shape[0] - 1
    scale = divide(1.0, basic_index(y, key=(0,)))
    quotient = []
    for k in range(count - degree):
        factor = multiply(scale, basic_index(x, key=(k,)))
        quotient.append(factor)
        within = subtract(_part(x, k, k + degree + 1), multiply(y, factor))
        x = concat([_part(x, 0, k), within, _part(x, k + degree + 1, None)])
    if not quotient:
        quotient = [basic_index(zeros_like(y), key=(0,))]
    backend = backend_below(x)
    if not backend.abstract:
        leading = host.leading_small(read(backend, lowest(x), "polydiv"), count)
        if leading is None:
            raise AutogradError(
                "polydiv: inside vmap() the remainders must have the same degree in every example"
            )
        x = _part(x, leading, None)
    return stack(quotient), x


@function(numpy="polyder")
def polyder(p: Any, m: int = 1) -> Tensor:
    """The m-th derivative of a polynomial.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.polyder(xg.asarray([1.0, 1.0, 1.0]))
    Tensor([2., 1.])
    """
    m = int(m)
    if m < 0:
        raise ValueError(f"polyder: m must not be negative, got {m}; see polyint")
    x = _coefficients("polyder", p)
    x = astype(x, promoted(x.dtype, int64), copy=False) if m else x
    for _ in range(m):
        x = multiply(_part(x, None, -1), _counts(x, x.shape[0] - 1))
    return x


def _counts(x: Tensor, first: int) -> Any:
    """Return the integers from ``first`` down to 1, on the device of an array."""
    backend, raw = backend_below(x), lowest(x)
    dtype = int64 if x.dtype.kind in "iu" else float64
    return backend.xp.arange(first, 0, -1, dtype=canonical(dtype), device=backend.xp.device(raw))


@function(numpy="polyint")
def polyint(p: Any, m: int = 1, k: Any = None) -> Tensor:
    """The m-th antiderivative of a polynomial, with constants ``k`` (0 by default).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.polyint(xg.asarray([2.0, 1.0]), k=3.0)
    Tensor([1., 1., 3.])
    """
    m = int(m)
    if m < 0:
        raise ValueError(f"polyint: m must not be negative, got {m}; see polyder")
    x = _coefficients("polyint", p)
    if m == 0:
        return x
    x = floats_of(x)
    x = astype(x, promoted(x.dtype, int64), copy=False)
    constants = None if k is None else _coefficients("polyint", k, x)
    if constants is not None and constants.shape[0] not in (1, *range(m, constants.shape[0] + 1)):
        raise ValueError(f"polyint: k must be a number or {m} of them, got {constants.shape[0]}")
    for i in range(m):
        x = divide(x, _counts(x, x.shape[0]))
        if constants is None:
            end = zeros_like(_part(x, 0, 1)) if x.shape[0] else zeros_like(reshape(x, (0,)))
        else:
            at = 0 if constants.shape[0] == 1 else i
            end = _part(constants, at, at + 1)
        x = concat([x, end])
    return x


# -- roots -------------------------------------------------------------------------------------


@function(numpy="poly")
def poly(seq_of_zeros: Any) -> Any:
    """Coefficients of the polynomial with given roots, or of a matrix's characteristic one.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.poly(xg.asarray([-2.0, -3.0]))
    Tensor([1., 5., 6.])
    """
    zeros = as_tensor(seq_of_zeros)
    zeros = reshape(zeros, (1,)) if zeros.ndim == 0 else floats_of(zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] != 0:
        zeros = _eigvals(zeros)
    elif zeros.ndim != 1:
        raise ValueError(
            f"poly: expected a vector or a non-empty square matrix, got shape {zeros.shape}"
        )
    zeros = floats_of(zeros)
    count = zeros.shape[0]
    if count == 0:
        return 1.0
    one = ones_like(_part(zeros, 0, 1))
    out, end = one, zeros_like(one)
    for i in range(count):
        shifted = multiply(concat([end, out]), _part(zeros, i, i + 1))
        out = subtract(concat([out, end]), shifted)
    if is_complex(out.dtype) and not backend_below(zeros).abstract:
        raw = read(backend_below(zeros), lowest(zeros), "poly")
        return real(out) if host.are_conjugate(raw, count) else out
    return out


@function(numpy="roots")
def roots(p: Any) -> Tensor:
    """Roots of a polynomial, from its coefficients, the highest power first.

    They are the eigenvalues of the companion matrix, in the library's order; real if all are.
    Simple roots are differentiable.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.roots(xg.asarray([1.0, -5.0, 6.0]))
    Tensor([3., 2.])
    """
    x = _coefficients("roots", p)
    pattern = _nonzero("roots", x)
    if True not in pattern:
        return astype(_part(x, 0, 0), float64)
    first, last = pattern.index(True), len(pattern) - pattern[::-1].index(True)
    trailing = len(pattern) - last
    x = floats_of(_part(x, first, last))
    degree = x.shape[0] - 1
    if degree:
        row = negative(divide(_part(x, 1, None), _part(x, 0, 1)))
        matrix = reshape(row, (1, degree))
        if degree > 1:
            backend, raw = backend_below(x), lowest(x)
            shift = backend.xp.eye(
                degree - 1, degree, dtype=canonical(raw.dtype), device=backend.xp.device(raw)
            )
            matrix = concat([matrix, as_tensor(shift)], axis=0)
        found = _eigvals(matrix)
    else:
        found = astype(_part(x, 0, 0), float64)
    if not trailing:
        return found
    end = zeros_like(_part(x, 0, 1), dtype=found.dtype)
    return concat([found, *[end] * trailing])
