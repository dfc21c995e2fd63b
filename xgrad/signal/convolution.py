"""Convolution and correlation of arrays of any number of axes."""

import math
from collections.abc import Sequence
from typing import Any, Literal

from xgrad.backends.dtypes import canonical, is_complex, is_differentiable
from xgrad.engine.dispatch import XG
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.complex import conj
from xgrad.ops.creation import as_tensor, floats_of
from xgrad.ops.fourier import fftn, ifftn, irfftn, rfftn
from xgrad.ops.interpolation import pad
from xgrad.ops.numpy.rearranging import sliding_window_view
from xgrad.ops.products import tensordot
from xgrad.ops.reductions import sum as total
from xgrad.ops.rounding import round as rounded
from xgrad.ops.shape import concat, permute_dims, reshape
from xgrad.ops.views.kinds import flip
from xgrad.typing import ArrayLike

__all__ = ["convolve", "correlate", "fftconvolve", "oaconvolve"]

Mode = Literal["full", "valid", "same"]
#: From this many products on, the FFT is used for method="auto".
_MANY = 2**22


def convolve(
    in1: ArrayLike,
    in2: ArrayLike,
    mode: Mode = "full",
    method: Literal["auto", "direct", "fft"] = "auto",
    *,
    axes: Any = None,
    dot_axes: Any = None,
) -> Tensor:
    """Convolve two arrays: SciPy's `convolve`, with HIPS/autograd's ``axes`` and ``dot_axes``.

    Parameters
    ----------
    in1, in2 : array
        With the same number of axes, unless ``axes`` are given.
    mode : "full", "valid" or "same"
        The whole convolution; the part without zeros beyond the ends, of the longer array; or the
        middle, in the size of in1.
    method : "auto", "direct" or "fft"
        Sums of products, or the FFT for large arrays ("auto", of floating-point numbers).
    axes : pair of sequences of int, optional
        The axes of in1 and of in2 to convolve along; by default all of them.
    dot_axes : pair of sequences of int, optional
        Axes of in1 and in2 to sum over after multiplication. The result has the other axes of
        in1, those of in2, and the convolved axes, in this order.

    See Also
    --------
    xgrad.convolve : NumPy's, of vectors.
    xgrad.nn.functional.conv2d : PyTorch's, a correlation with channels.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.signal.convolve([1.0, 2.0], [1.0, 1.0, 1.0])
    Tensor([1., 3., 3., 2.])
    """
    if method not in ("auto", "direct", "fft"):
        raise ValueError(
            f"{called('signal.convolve')}: method must be 'auto', 'direct' or 'fft', got {method!r}"
        )
    return convolved("signal.convolve", in1, in2, mode, method, axes, dot_axes)


def correlate(
    in1: ArrayLike,
    in2: ArrayLike,
    mode: Mode = "full",
    method: Literal["auto", "direct", "fft"] = "auto",
) -> Tensor:
    """Cross-correlate two arrays: convolve in1 with the conjugate of in2, reversed.

    See Also
    --------
    xgrad.correlate : NumPy's, of vectors.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.signal.correlate([1.0, 2.0, 3.0], [0.0, 1.0], mode="valid")
    Tensor([2., 3.])
    """
    in2 = as_tensor(in2, like=(in1, in2))
    in2 = flip(conj(in2) if is_complex(lowest(in2).dtype) else in2)
    return convolved("signal.correlate", in1, in2, mode, method, None, None)


def fftconvolve(
    in1: ArrayLike, in2: ArrayLike, mode: Mode = "full", axes: int | Sequence[int] | None = None
) -> Tensor:
    """Convolve two arrays along axes by the FFT; the other axes broadcast.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.signal.fftconvolve([1.0, 2.0], [1.0, 1.0, 1.0])
    Tensor([1., 3., 3., 2.])
    """
    function = "signal.fftconvolve"
    x, y = (as_tensor(v, like=(in1, in2)) for v in (in1, in2))
    if x.ndim != y.ndim:
        raise ValueError(f"{called(function)}: in1 has {x.ndim} axes, in2 {y.ndim}")
    along = _normal(function, range(x.ndim) if axes is None else axes, x.ndim)
    others = [i for i in range(x.ndim) if i not in along]
    if any(x.shape[i] != y.shape[i] and 1 not in (x.shape[i], y.shape[i]) for i in others):
        raise ValueError(f"{called(function)}: {x.shape} and {y.shape} do not broadcast")
    lengths = [(x.shape[i], y.shape[i]) for i in along]
    _check_mode(function, mode, lengths)
    return _cropped(_by_fft(x, y, along), along, lengths, mode)


def oaconvolve(
    in1: ArrayLike, in2: ArrayLike, mode: Mode = "full", axes: int | Sequence[int] | None = None
) -> Tensor:
    """Convolve two arrays along axes: SciPy's name for the overlap-add method; see `fftconvolve`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.signal.oaconvolve([1.0, 2.0], [1.0, 1.0, 1.0])
    Tensor([1., 3., 3., 2.])
    """
    return fftconvolve(in1, in2, mode, axes)


# -- the parts ---------------------------------------------------------------------------------


def _normal(function: str, axes: Any, ndim: int) -> list[int]:
    """Return axes as non-negative numbers, or raise."""
    axes = [axes] if isinstance(axes, int) else [*axes]
    if any(not -ndim <= i < ndim for i in axes) or len({i % ndim for i in axes}) < len(axes):
        raise ValueError(f"{called(function)}: axes {axes} are not different axes of {ndim}")
    return [i % ndim for i in axes]


def _check_mode(function: str, mode: Any, lengths: list[tuple[int, int]]) -> None:
    if mode not in ("full", "valid", "same"):
        raise ValueError(
            f"{called(function)}: mode must be 'full', 'valid' or 'same', got {mode!r}"
        )
    ordered = all(n >= k for n, k in lengths) or all(n <= k for n, k in lengths)
    if mode == "valid" and not ordered:
        raise ValueError(
            f"{called(function)}: for mode='valid' one array must be at least as long as the other "
            f"along all axes, got lengths {lengths}"
        )


def convolved(
    function: str, in1: Any, in2: Any, mode: Any, method: str, axes: Any, dot_axes: Any
) -> Tensor:
    x, y = (as_tensor(v, like=(in1, in2)) for v in (in1, in2))
    if axes is None:
        if x.ndim != y.ndim:
            raise ValueError(f"{called(function)}: in1 has {x.ndim} axes, in2 {y.ndim}")
        axes = (range(x.ndim), range(x.ndim))
    dot_axes = ((), ()) if dot_axes is None else dot_axes
    along = [_normal(function, a, v.ndim) for a, v in zip(axes, (x, y), strict=True)]
    dots = [_normal(function, a, v.ndim) for a, v in zip(dot_axes, (x, y), strict=True)]
    if len(along[0]) != len(along[1]) or len(dots[0]) != len(dots[1]):
        raise ValueError(f"{called(function)}: axes and dot_axes are pairs of equal length")
    if any(x.shape[i] != y.shape[j] for i, j in zip(*dots, strict=True)):
        raise ValueError(
            f"{called(function)}: shapes {x.shape} and {y.shape} differ along dot_axes {dot_axes}"
        )
    x, y, own = _arranged(x, y, along, dots)
    count, dot = len(along[0]), len(dots[0])
    lengths = [*zip(x.shape[x.ndim - count :], y.shape[y.ndim - count :], strict=True)]
    _check_mode(function, mode, lengths)
    if any(0 in pair for pair in lengths):  # as SciPy does
        return concat([reshape(x, (-1,)), reshape(y, (-1,))], axis=0)[:0]
    if not x.size or not y.size or not count:
        method = "direct"
    dtypes = [canonical(lowest(v).dtype) for v in (x, y)]
    floats = any(map(is_differentiable, dtypes))
    if method == "auto":
        work = math.prod(n * k for n, k in lengths)
        method = "fft" if floats and work >= _MANY else "direct"
    if method == "direct":
        return _direct(x, y, own, dot, lengths, mode)
    spread: Any = reshape(x, (*x.shape[: own[0]], *(1,) * own[1], *x.shape[own[0] :]))
    out: Any = _by_fft(spread, y, [*range(-count, 0)])
    if dot:
        first = own[0] + own[1]
        out = total(out, axis=tuple(range(first, first + dot)))
    if not floats:
        out = XG.astype(rounded(out), lowest(x).dtype if x.size else dtypes[0])
    return _cropped(out, [*range(out.ndim - count, out.ndim)], lengths, mode)


def _arranged(
    x: Tensor, y: Tensor, along: list[list[int]], dots: list[list[int]]
) -> tuple[Tensor, Tensor, list[int]]:
    """Order axes: own ones, those of the dot product, the convolved; return the number of own."""
    out, counts = [], []
    for v, a, d in zip((x, y), along, dots, strict=True):
        own = [i for i in range(v.ndim) if i not in a and i not in d]
        order = (*own, *d, *a)
        out.append(v if order == tuple(range(v.ndim)) else permute_dims(v, order))
        counts.append(len(own))
    return out[0], out[1], counts


def _direct(
    x: Tensor, y: Tensor, own: list[int], dot: int, lengths: list[tuple[int, int]], mode: Mode
) -> Tensor:
    """Multiply windows of the longer array with the other one, reversed."""
    count = len(lengths)
    swap = math.prod(k for _, k in lengths) > math.prod(n for n, _ in lengths)
    if mode == "valid":
        swap = any(k > n for n, k in lengths)
    long, short = (y, x) if swap else (x, y)
    sizes = short.shape[short.ndim - count :]
    if mode != "valid" and count:
        widths = [(0, 0)] * (long.ndim - count) + [(k - 1, k - 1) for k in sizes]
        long = pad(long, widths)
    last = tuple(range(short.ndim - count, short.ndim))
    short = flip(short, axis=last) if count else short
    first = own[1] if swap else own[0]
    if count:
        long = sliding_window_view(long, sizes, axis=tuple(range(long.ndim - count, long.ndim)))
    left = [*range(first, first + dot), *range(long.ndim - count, long.ndim)]
    other = own[0] if swap else own[1]
    right = [*range(other, other + dot), *last]
    out = tensordot(long, short, axes=(left, right))
    # own axes of the long array, convolved axes, own axes of the short array
    a, c, b = range(first), range(first, first + count), range(first + count, out.ndim)
    out = permute_dims(out, (*b, *a, *c) if swap else (*a, *b, *c))
    if mode == "same":
        return _cropped(out, [*range(out.ndim - count, out.ndim)], lengths, mode)
    return out


def _cropped(out: Tensor, along: list[int], lengths: list[tuple[int, int]], mode: Mode) -> Tensor:
    """Return the part of a full convolution."""
    if mode == "full":
        return out
    key: list[Any] = [slice(None)] * out.ndim
    for i, (n, k) in zip(along, lengths, strict=True):
        size = n if mode == "same" else abs(n - k) + 1
        start = (n + k - 1 - size) // 2
        key[i] = slice(start, start + size)
    part: Tensor = out[tuple(key)]
    return part


def _by_fft(x: Tensor, y: Tensor, along: list[int]) -> Tensor:
    """The full convolution along axes."""
    if not along or not x.size or not y.size:
        return x * y
    lengths = [x.shape[i] + y.shape[i] - 1 for i in along]
    sizes = [_fast_length(n) for n in lengths]
    real = not any(is_complex(lowest(v).dtype) for v in (x, y))
    x, y = map(floats_of, (x, y))
    forward, back = (rfftn, irfftn) if real else (fftn, ifftn)
    fx, fy = (forward(v if real else v * (1 + 0j), s=sizes, axes=along) for v in (x, y))
    out = back(fx * fy, s=sizes, axes=along)
    key: list[Any] = [slice(None)] * out.ndim
    for i, n in zip(along, lengths, strict=True):
        key[i] = slice(0, n)
    part: Tensor = out[tuple(key)]
    return part


def _fast_length(n: int) -> int:
    """Return the smallest length from n on that has only the factors 2, 3 and 5."""
    while True:
        rest = n
        for p in (2, 3, 5):
            while rest % p == 0:
                rest //= p
        if rest == 1:
            return n
        n += 1
