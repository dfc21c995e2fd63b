"""The frequencies of Fourier transforms, and their order."""

import math
from collections.abc import Sequence
from typing import Any

from xgrad.backends import host
from xgrad.backends.dtypes import canonical, default_dtype
from xgrad.backends.registry import destination
from xgrad.engine.levels import EAGER
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.arguments import integers, whole_number
from xgrad.ops.arrangement import roll
from xgrad.ops.creation import astype
from xgrad.ops.shape import checked_axis, ndim_of
from xgrad.typing import SupportsArray

__all__ = ["fftfreq", "fftshift", "ifftshift", "rfftfreq"]


def _frequencies(function: str, n: int, d: float, dtype: Any, device: Any, half: bool) -> Tensor:
    chosen = default_dtype() if dtype is None else canonical(dtype)
    if chosen.kind not in "fV":
        raise TypeError(f"{function}: expected a real floating-point dtype, got {chosen}")
    n = whole_number(function, "n", n)
    if n < 1:
        raise ValueError(f"{function}: n must be at least 1, got {n}")
    target = destination(device=device)
    raw = target.backend.from_numpy(host.frequencies(n, d, half).astype(chosen), target.device)
    return Tensor(raw, EAGER)


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Frequencies of `fft`, in cycles per unit of the spacing ``d``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.fftfreq(4)
    Tensor([ 0.  ,  0.25, -0.5 , -0.25])
    """
    return _frequencies("fftfreq", n, d, dtype, device, half=False)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Frequencies of `rfft`, in cycles per unit of the spacing ``d``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.rfftfreq(4)
    Tensor([0.  , 0.25, 0.5 ])
    """
    return _frequencies("rfftfreq", n, d, dtype, device, half=True)


def _shifted(function: str, x: SupportsArray, axes: Any, sign: int) -> Tensor:
    ndim = ndim_of(function, x)
    axes = range(ndim) if axes is None else integers(function, "axes", axes)
    checked = tuple(checked_axis(function, a, ndim) for a in axes)
    if not checked or math.prod(x.shape) == 0:
        return astype(x, lowest(x).dtype)
    by = tuple(n // 2 if sign > 0 else -(n // 2) for n in (x.shape[a] for a in checked))
    return roll(x, by, axis=checked)


def fftshift(x: SupportsArray, axes: int | Sequence[int] | None = None) -> Tensor:
    """Move frequency 0 to the middle of the axes (None: all of them).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.fftshift(xg.asarray([0, 1, 2, -2, -1]))
    Tensor([-2, -1,  0,  1,  2])
    """
    return _shifted("fftshift", x, axes, 1)


def ifftshift(x: SupportsArray, axes: int | Sequence[int] | None = None) -> Tensor:
    """Undo `fftshift`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.fft.ifftshift(xg.asarray([-2, -1, 0, 1, 2]))
    Tensor([ 0,  1,  2, -2, -1])
    """
    return _shifted("ifftshift", x, axes, -1)
