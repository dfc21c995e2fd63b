"""Functions of ``np.fft``, with NumPy's arguments."""

from collections.abc import Sequence
from typing import Any

from xgrad.engine.declare import function
from xgrad.engine.tensor import Tensor
from xgrad.ops import fourier, frequencies
from xgrad.ops.creation import as_tensor, floats_of
from xgrad.ops.numpy.arguments import write_out
from xgrad.typing import ArrayLike

Lengths = Sequence[int] | None


def _along_one(name: str, a: Any, n: int | None, axis: int, norm: str | None, out: Any) -> Tensor:
    op = getattr(fourier, name)
    return write_out(name, op(floats_of(a), n=n, axis=axis, norm=norm or "backward"), out)


def _along(name: str, a: Any, s: Lengths, axes: Lengths, norm: str | None, out: Any) -> Tensor:
    op = getattr(fourier, name.replace("2", "n"))
    return write_out(name, op(floats_of(a), s=s, axes=axes, norm=norm or "backward"), out)


@function(numpy="fft.fft")
def _fft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> Tensor:
    return _along_one("fft", a, n, axis, norm, out)


@function(numpy="fft.ifft")
def _ifft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> Tensor:
    return _along_one("ifft", a, n, axis, norm, out)


@function(numpy="fft.rfft")
def _rfft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> Tensor:
    return _along_one("rfft", a, n, axis, norm, out)


@function(numpy="fft.irfft")
def _irfft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> Tensor:
    return _along_one("irfft", a, n, axis, norm, out)


@function(numpy="fft.hfft")
def _hfft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> Tensor:
    return _along_one("hfft", a, n, axis, norm, out)


@function(numpy="fft.ihfft")
def _ihfft(
    a: ArrayLike, n: int | None = None, axis: int = -1, norm: str | None = None, out: Any = None
) -> Tensor:
    return _along_one("ihfft", a, n, axis, norm, out)


@function(numpy="fft.fft2")
def _fft2(
    a: ArrayLike,
    s: Lengths = None,
    axes: Lengths = (-2, -1),
    norm: str | None = None,
    out: Any = None,
) -> Tensor:
    return _along("fft2", a, s, axes, norm, out)


@function(numpy="fft.ifft2")
def _ifft2(
    a: ArrayLike,
    s: Lengths = None,
    axes: Lengths = (-2, -1),
    norm: str | None = None,
    out: Any = None,
) -> Tensor:
    return _along("ifft2", a, s, axes, norm, out)


@function(numpy="fft.rfft2")
def _rfft2(
    a: ArrayLike,
    s: Lengths = None,
    axes: Lengths = (-2, -1),
    norm: str | None = None,
    out: Any = None,
) -> Tensor:
    return _along("rfft2", a, s, axes, norm, out)


@function(numpy="fft.irfft2")
def _irfft2(
    a: ArrayLike,
    s: Lengths = None,
    axes: Lengths = (-2, -1),
    norm: str | None = None,
    out: Any = None,
) -> Tensor:
    return _along("irfft2", a, s, axes, norm, out)


@function(numpy="fft.fftn")
def _fftn(
    a: ArrayLike,
    s: Lengths = None,
    axes: Lengths = None,
    norm: str | None = None,
    out: Any = None,
) -> Tensor:
    return _along("fftn", a, s, axes, norm, out)


@function(numpy="fft.ifftn")
def _ifftn(
    a: ArrayLike,
    s: Lengths = None,
    axes: Lengths = None,
    norm: str | None = None,
    out: Any = None,
) -> Tensor:
    return _along("ifftn", a, s, axes, norm, out)


@function(numpy="fft.rfftn")
def _rfftn(
    a: ArrayLike,
    s: Lengths = None,
    axes: Lengths = None,
    norm: str | None = None,
    out: Any = None,
) -> Tensor:
    return _along("rfftn", a, s, axes, norm, out)


@function(numpy="fft.irfftn")
def _irfftn(
    a: ArrayLike,
    s: Lengths = None,
    axes: Lengths = None,
    norm: str | None = None,
    out: Any = None,
) -> Tensor:
    return _along("irfftn", a, s, axes, norm, out)


@function(numpy="fft.fftshift")
def _fftshift(x: ArrayLike, axes: Any = None) -> Tensor:
    return frequencies.fftshift(as_tensor(x), axes=axes)


@function(numpy="fft.ifftshift")
def _ifftshift(x: ArrayLike, axes: Any = None) -> Tensor:
    return frequencies.ifftshift(as_tensor(x), axes=axes)
