"""Discrete Fourier transforms. All are linear; the other direction is the adjoint."""

from collections.abc import Sequence
from typing import Any, Literal

from xgrad.backends import host
from xgrad.backends.dtypes import canonical, complex_dtype, is_complex, is_differentiable
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import shift_axis
from xgrad.engine.constructors import linear
from xgrad.engine.dispatch import backend_below, recorded
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.arguments import integers, whole_number
from xgrad.ops.complex import conj
from xgrad.ops.creation import astype
from xgrad.ops.shape import checked_axis, concat, ndim_of
from xgrad.ops.views.parts import basic_index
from xgrad.typing import ArrayLike, SupportsArray, Value

__all__ = ["fft", "fftn", "hfft", "ifft", "ifftn", "ihfft", "irfft", "irfftn", "rfft", "rfftn"]

Norm = Literal["backward", "ortho", "forward"]

#: For each normalisation: the one with which the other direction is the adjoint.
_ADJOINT: dict[Norm, Norm] = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


# -- complex transforms ------------------------------------------------------------------------


def _transform_back(
    xp: Namespace, g: Value, axis: tuple[int, ...], norm: Norm, inverse: bool
) -> Value:
    return recorded(_transform, g, axis=axis, norm=_ADJOINT[norm], inverse=not inverse)


@linear(transpose=_transform_back, batch=shift_axis)
def _transform(
    xp: Namespace, x: Value, /, *, axis: tuple[int, ...], norm: Norm, inverse: bool
) -> Value:
    if len(axis) == 1:
        along = xp.fft.ifft if inverse else xp.fft.fft
        return along(x, axis=axis[0], norm=norm)
    function = xp.fft.ifftn if inverse else xp.fft.fftn
    return function(x, axes=axis, norm=norm)


# -- real transforms: the half of the spectrum that determines the other -----------------------


def _weights(like: Any, count: int, axis: int, inner: float) -> Any:
    """``inner`` for frequencies that represent two, 1 for the others, along an axis."""
    owner, raw = backend_below(like), lowest(like)
    weights = host.spectrum_weights(count, inner, canonical(raw.dtype))
    ndim = len(like.shape)
    shape = tuple(-1 if i == axis % ndim else 1 for i in range(ndim))
    return owner.from_numpy(weights.reshape(shape), owner.xp.device(raw))


def _half_back(xp: Namespace, g: Value, like: Value, axis: int, norm: Norm) -> Value:
    count = like.shape[axis]
    g = xp.multiply(g, _weights(g, count, axis, 0.5))
    return recorded(_real_inverse, g, axis=axis, n=count, norm=_ADJOINT[norm])


@linear(transpose=_half_back, batch=shift_axis)
def _half_transform(xp: Namespace, x: Value, /, *, axis: int, norm: Norm) -> Value:
    return xp.fft.rfft(x, axis=axis, norm=norm)


def _real_inverse_back(
    xp: Namespace, g: Value, like: Value, axis: int, n: int, norm: Norm
) -> Value:
    half = recorded(_half_transform, g, axis=axis, norm=_ADJOINT[norm])
    return xp.multiply(half, _weights(half, n, axis, 2.0))


@linear(transpose=_real_inverse_back, batch=shift_axis)
def _real_inverse(xp: Namespace, x: Value, /, *, axis: int, n: int, norm: Norm) -> Value:
    return xp.fft.irfft(x, n=n, axis=axis, norm=norm)


# -- helpers of the public functions -----------------------------------------------------------


def _checked(function: str, x: Any, norm: Norm) -> int:
    ndim = ndim_of(function, x)
    if norm not in _ADJOINT:
        raise ValueError(f"{function}: norm must be one of {', '.join(_ADJOINT)}; got {norm!r}")
    if not is_differentiable(lowest(x).dtype):
        raise TypeError(
            f"{function}: expected floating-point or complex numbers, "
            f"got {canonical(lowest(x).dtype)}"
        )
    return ndim


def _as_complex(x: Any) -> Any:
    dtype = canonical(lowest(x).dtype)
    return x if dtype.kind == "c" else astype(x, complex_dtype(dtype))


def _refuse_complex_input(function: str, x: Any) -> None:
    if is_complex(lowest(x).dtype):
        raise TypeError(f"{function}: expected real numbers, got {canonical(lowest(x).dtype)}")


def _resized(function: str, x: Any, n: int | None, axis: int) -> Any:
    """Truncate an axis to a length, or pad it with zeros at its end."""
    current = x.shape[axis]
    n = current if n is None else whole_number(function, "n", n)
    if n < 1:
        raise ValueError(f"{function}: expected at least 1 point along axis {axis}, got {n}")
    if n == current:
        return x
    before = (slice(None),) * axis
    if n < current:
        return basic_index(x, key=(*before, slice(0, n)))
    owner, raw = backend_below(x), lowest(x)
    shape = (*x.shape[:axis], n - current, *x.shape[axis + 1 :])
    zeros = owner.xp.zeros(shape, dtype=canonical(raw.dtype), device=owner.xp.device(raw))
    return concat([x, zeros], axis=axis)


def _axes(
    function: str, ndim: int, s: Sequence[int] | None, axes: Sequence[int] | None
) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    """Return the axes as non-negative integers, and the length of each (None: unchanged)."""
    s = None if s is None else integers(function, "lengths in s", s)
    axes = None if axes is None else integers(function, "axes", axes)
    if axes is None:
        axes = range(ndim) if s is None else range(ndim - len(s), ndim)
    checked = tuple(checked_axis(function, a, ndim) for a in axes)
    if s is not None and len(s) != len(checked):
        raise ValueError(f"{function}: s and axes differ in length: {tuple(s)} and {checked}")
    if len(set(checked)) < len(checked):
        raise ValueError(f"{function}: axes repeat in {checked}")
    return checked, (None,) * len(checked) if s is None else tuple(s)


def _all_axes(
    function: str, x: SupportsArray, s: Any, axes: Any, norm: Norm, inverse: bool
) -> Tensor:
    ndim = _checked(function, x, norm)
    checked, lengths = _axes(function, ndim, s, axes)
    x = _as_complex(x)
    for axis, n in zip(checked, lengths, strict=True):
        x = _resized(function, x, n, axis)
    if not checked:
        return astype(x, lowest(x).dtype)
    return _transform(x, axis=checked, norm=norm, inverse=inverse)


# -- public ------------------------------------------------------------------------------------


def fft(x: ArrayLike, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Tensor:
    """Discrete Fourier transform along an axis.

    Parameters
    ----------
    x : array or Tensor
    n : int, optional
        The axis is truncated to this length, or padded with zeros.
    axis : int
    norm : {"backward", "ortho", "forward"}
        Which direction divides by n; "ortho" divides both by √n.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.fft(xg.asarray([1.0, 1.0]))
    Tensor([2.+0.j, 0.+0.j])
    """
    axis = checked_axis("fft", axis, _checked("fft", x, norm))
    x = _resized("fft", _as_complex(x), n, axis)
    return _transform(x, axis=(axis,), norm=norm, inverse=False)


def ifft(x: ArrayLike, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Tensor:
    """Inverse of `fft`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.ifft(xg.asarray([2.0, 0.0]))
    Tensor([1.+0.j, 1.+0.j])
    """
    axis = checked_axis("ifft", axis, _checked("ifft", x, norm))
    x = _resized("ifft", _as_complex(x), n, axis)
    return _transform(x, axis=(axis,), norm=norm, inverse=True)


def fftn(
    x: SupportsArray,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: Norm = "backward",
) -> Tensor:
    """Discrete Fourier transform along several axes (None: all of them).

    ``s`` has the length to which each axis is truncated, or padded with zeros.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.fftn(xg.ones((1, 2)))
    Tensor([[2.+0.j, 0.+0.j]])
    """
    return _all_axes("fftn", x, s, axes, norm, inverse=False)


def ifftn(
    x: SupportsArray,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: Norm = "backward",
) -> Tensor:
    """Inverse of `fftn`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.ifftn(xg.asarray([[2.0, 0.0]]))
    Tensor([[1.+0.j, 1.+0.j]])
    """
    return _all_axes("ifftn", x, s, axes, norm, inverse=True)


def rfft(x: ArrayLike, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Tensor:
    """`fft` of real numbers: the first ``n // 2 + 1`` frequencies, which determine the others.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.rfft(xg.asarray([1.0, 2.0, 3.0]))
    Tensor([ 6. +0.j       , -1.5+0.8660254j])
    """
    axis = checked_axis("rfft", axis, _checked("rfft", x, norm))
    _refuse_complex_input("rfft", x)
    return _half_transform(_resized("rfft", x, n, axis), axis=axis, norm=norm)


def irfft(
    x: SupportsArray, n: int | None = None, axis: int = -1, norm: Norm = "backward"
) -> Tensor:
    """Inverse of `rfft`, of length ``n``; the default for m frequencies is ``2 * (m - 1)``.

    The imaginary part of the first frequency, and for even ``n`` of the last, is ignored.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.irfft(xg.asarray([6.0 + 0j, 0j]))
    Tensor([3., 3.])
    """
    axis = checked_axis("irfft", axis, _checked("irfft", x, norm))
    return _irfft("irfft", x, n, axis, norm)


def _irfft(function: str, x: SupportsArray, n: int | None, axis: int, norm: Norm) -> Tensor:
    count = 2 * (x.shape[axis] - 1) if n is None else n
    if count < 1:
        raise ValueError(f"{function}: expected at least 1 point along axis {axis}, got {count}")
    x = _resized(function, _as_complex(x), count // 2 + 1, axis)
    return _real_inverse(x, axis=axis, n=count, norm=norm)


def rfftn(
    x: ArrayLike,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: Norm = "backward",
) -> Tensor:
    """`rfft` along the last of the axes, then `fft` along the others.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.rfftn(xg.ones((2, 2)))
    Tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    ndim = _checked("rfftn", x, norm)
    _refuse_complex_input("rfftn", x)
    checked, lengths = _axes("rfftn", ndim, s, axes)
    if not checked:
        raise ValueError("rfftn: expected at least 1 axis")
    for axis, n in zip(checked, lengths, strict=True):
        x = _resized("rfftn", x, n, axis)
    out = _half_transform(x, axis=checked[-1], norm=norm)
    if len(checked) == 1:
        return out
    return _transform(out, axis=checked[:-1], norm=norm, inverse=False)


def irfftn(
    x: SupportsArray,
    s: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    norm: Norm = "backward",
) -> Tensor:
    """Inverse of `rfftn`; ``s`` has the lengths of the result.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.irfftn(xg.asarray([[4.0, 0.0], [0.0, 0.0]]))
    Tensor([[1., 1.],
            [1., 1.]])
    """
    ndim = _checked("irfftn", x, norm)
    checked, lengths = _axes("irfftn", ndim, s, axes)
    if not checked:
        raise ValueError("irfftn: expected at least 1 axis")
    x = _as_complex(x)
    for axis, n in zip(checked[:-1], lengths[:-1], strict=True):
        x = _resized("irfftn", x, n, axis)
    if len(checked) > 1:
        x = _transform(x, axis=checked[:-1], norm=norm, inverse=True)
    return _irfft("irfftn", x, lengths[-1], checked[-1], norm)


def hfft(x: ArrayLike, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Tensor:
    """`fft` of a signal that is Hermitian in time, which has a real spectrum.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.hfft(xg.asarray([1.0 + 0j, 0j]))
    Tensor([1., 1.])
    """
    axis = checked_axis("hfft", axis, _checked("hfft", x, norm))
    return _irfft("hfft", conj(_as_complex(x)), n, axis, _ADJOINT[norm])


def ihfft(x: ArrayLike, n: int | None = None, axis: int = -1, norm: Norm = "backward") -> Tensor:
    """Inverse of `hfft`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.ihfft(xg.asarray([1.0, 1.0]))
    Tensor([1.-0.j, 0.-0.j])
    """
    axis = checked_axis("ihfft", axis, _checked("ihfft", x, norm))
    _refuse_complex_input("ihfft", x)
    x = _resized("ihfft", x, n, axis)
    return conj(_half_transform(x, axis=axis, norm=_ADJOINT[norm]))
