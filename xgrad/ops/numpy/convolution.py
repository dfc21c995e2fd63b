"""Convolution and correlation of sequences, with NumPy's arguments."""

import functools
from typing import Any

from xgrad.backends.dtypes import canonical, is_complex
from xgrad.backends.limits import promoted
from xgrad.engine.declare import function
from xgrad.engine.dispatch import backend_below
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.complex import conj
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import add
from xgrad.ops.interpolation import pad
from xgrad.ops.products import matmul
from xgrad.ops.shape import reshape
from xgrad.ops.views.parts import basic_index
from xgrad.ops.views.take import take
from xgrad.ops.windows import windows
from xgrad.typing import ArrayLike

__all__ = ["convolve", "correlate"]

#: The number of products that are formed at once.
_AT_ONCE = 2**22


def _sequences(name: str, a: Any, v: Any) -> tuple[Tensor, Tensor]:
    x, y = as_tensor(a, like=v), as_tensor(v, like=a)
    for which, array in (("a", x), ("v", y)):
        if array.ndim > 1 or (array.ndim == 0 and name == "correlate"):
            raise ValueError(f"{name}: {which} must have 1 dimension, got shape {array.shape}")
        if array.size == 0:
            raise ValueError(f"{name}: {which} must not be empty")
    dtype = promoted(x.dtype, y.dtype)
    return reshape(astype(x, dtype), (-1,)), reshape(astype(y, dtype), (-1,))


def _valid(x: Tensor, kernel: Tensor) -> Tensor:
    """Sums of products of a kernel with each window of a longer sequence."""
    count = kernel.shape[0]
    options: dict[str, Any] = {"stride": (1,), "dilation": (1,)}
    length = max(1, _AT_ONCE // x.shape[0])
    results = x.shape[0] - count + 1
    parts = []
    for start in range(0, count, length):
        part = basic_index(kernel, key=(slice(start, min(start + length, count)),))
        reach = basic_index(x, key=(slice(start, start + part.shape[0] - 1 + results),))
        # (kernel, positions): the kernel's elements times the sequence, moved along
        shifted = windows(reach, kernel=(part.shape[0],), **options)
        parts.append(matmul(part, shifted))
    return functools.reduce(add, parts)


def _reversed(x: Tensor) -> Tensor:
    """Reverse a sequence by its positions: XLA fails to compile derivatives of `flip` here."""
    owner, raw = backend_below(x), lowest(x)
    order = owner.xp.arange(
        x.shape[0] - 1, -1, -1, dtype=canonical("int64"), device=owner.xp.device(raw)
    )
    return take(x, order, axis=0)


def _check_mode(name: str, mode: Any) -> None:
    if mode not in ("full", "same", "valid"):
        raise ValueError(f"{name}: mode must be 'full', 'same' or 'valid', got {mode!r}")


def _correlated(x: Tensor, kernel: Tensor, mode: str, before: int) -> Tensor:
    """Sums of products of a kernel with windows of a sequence that is at least as long."""
    short = kernel.shape[0]
    if mode != "valid" and short > 1:
        ends = (short - 1, short - 1) if mode == "full" else (short - 1 - before, before)
        x = pad(x, ends)
    return _valid(x, kernel)


@function(numpy="convolve")
def convolve(a: ArrayLike, v: ArrayLike, mode: str = "full") -> Tensor:
    """Convolution of two sequences: the coefficients of the product of two polynomials.

    Parameters
    ----------
    a, v : arrays or Tensors, 1-D
    mode : {"full", "same", "valid"}
        All sums; those in the middle, as many as the longer sequence; those without padding.

    See Also
    --------
    xgrad.nn.functional.conv1d : Layers' convolution, with batches and channels.
    xgrad.signal.convolve : SciPy's, for any number of axes.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.convolve(xg.asarray([1.0, 2.0]), xg.asarray([1.0, 3.0, 1.0]))
    Tensor([1., 5., 7., 2.])
    """
    _check_mode("convolve", mode)
    x, y = _sequences("convolve", a, v)
    if x.shape[0] < y.shape[0]:
        x, y = y, x
    return _correlated(x, _reversed(y), mode, (y.shape[0] - 1) // 2)


@function(numpy="correlate")
def correlate(a: ArrayLike, v: ArrayLike, mode: str = "valid") -> Tensor:
    """Sums of products of a sequence with the (conjugated) second one, moved along it.

    Parameters
    ----------
    a, v : arrays or Tensors, 1-D
    mode : {"valid", "same", "full"}
        See `convolve`.

    See Also
    --------
    xgrad.signal.correlate : SciPy's, for any number of axes.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.correlate(xg.asarray([1.0, 2.0, 3.0]), xg.asarray([0.0, 1.0, 0.5]), "same")
    Tensor([2. , 3.5, 3. ])
    """
    _check_mode("correlate", mode)
    x, y = _sequences("correlate", a, v)
    y = conj(y) if is_complex(y.dtype) else y
    if x.shape[0] >= y.shape[0]:
        return _correlated(x, y, mode, (y.shape[0] - 1) // 2)
    return _reversed(_correlated(y, x, mode, (x.shape[0] - 1) // 2))
