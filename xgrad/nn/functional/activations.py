"""Activations as functions, under PyTorch's names.

``dim`` is PyTorch's name for ``axis``; functions that take an axis accept both.
"""

import math
from typing import Any

from xgrad.backends.dtypes import refuse_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_elementwise
from xgrad.engine.constructors import elementwise, general
from xgrad.engine.dispatch import XG, recorded
from xgrad.engine.elementwise import Scaled
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor
from xgrad.nn.checks import number
from xgrad.nn.functional.reduction import floating
from xgrad.ops.complex import abs
from xgrad.ops.creation import as_tensor
from xgrad.ops.elementwise import (
    add,
    as_floating,
    divide,
    logaddexp,
    multiply,
    negative,
    sigmoid,
    subtract,
)
from xgrad.ops.selection import clip, relu, where
from xgrad.ops.shape import checked_axis, reshape
from xgrad.ops.softmax import log_softmax as _log_softmax
from xgrad.ops.softmax import softmax as _softmax
from xgrad.ops.special.errors import ndtr
from xgrad.ops.trigonometry import tanh
from xgrad.ops.views.reading import getitem
from xgrad.typing import ArrayLike, SupportsArray, Value

_ROOT_TWO_PI = math.sqrt(2 * math.pi)

# Klambauer and others (2017), equation 14.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def axis_of(function: str, dim: int | None, axis: int | None) -> int:
    """Return the axis, given under one of its two names."""
    if (dim is None) == (axis is None):
        raise TypeError(f"{function}: pass either dim or axis")
    return axis if dim is None else dim  # type: ignore[return-value]


@named
def softmax(input: ArrayLike, dim: int | None = None, *, axis: int | None = None) -> Tensor:
    """``exp(x) / sum(exp(x))`` along an axis.

    See Also
    --------
    xgrad.special.softmax : SciPy's, over all elements if no axis is given.
    """
    return _softmax(input, axis=axis_of("softmax", dim, axis))


@named
def softmin(input: ArrayLike, dim: int | None = None, *, axis: int | None = None) -> Tensor:
    """`softmax` of ``-x``."""
    return _softmax(negative(floating(input)), axis=axis_of("softmin", dim, axis))


@named
def log_softmax(input: ArrayLike, dim: int | None = None, *, axis: int | None = None) -> Tensor:
    """Logarithm of `softmax`, without overflow.

    See Also
    --------
    xgrad.special.log_softmax : SciPy's, over all elements if no axis is given.
    """
    return _log_softmax(input, axis=axis_of("log_softmax", dim, axis))


# -- piecewise linear functions ----------------------------------------------------------------


@elementwise(
    partial=Scaled(
        lambda xp, t, x, negative_slope: xp.where(xp.greater(x, 0), t, negative_slope * t)
    )
)
def _leaky_relu(xp: Namespace, x: Value, /, *, negative_slope: float) -> Value:
    refuse_complex("leaky_relu", x)
    return xp.where(xp.greater(x, 0), x, negative_slope * x)


@named
def leaky_relu(input: ArrayLike, negative_slope: float = 0.01) -> Tensor:
    """``x`` where positive, else ``negative_slope * x``. The gradient at 0 is the slope."""
    number("leaky_relu", "negative_slope", negative_slope)
    return _leaky_relu(input, negative_slope=negative_slope)


@named
def prelu(input: ArrayLike, weight: ArrayLike) -> Tensor:
    """`leaky_relu` with one slope (1), or one per channel (C), on axis 1 of the input."""
    x, slope = as_tensor(input), as_tensor(weight)
    if slope.ndim > 1 or (slope.ndim == 1 and slope.shape[0] not in (1, *x.shape[1:2])):
        raise ValueError(
            f"prelu: expected a weight (1) or one per channel of {x.shape}, got {slope.shape}"
        )
    if slope.ndim == 1:
        one = slope.shape[0] == 1
        slope = reshape(slope, () if one else (-1, *(1,) * (x.ndim - 2)))
    return where(XG.greater(x, 0), x, multiply(slope, x))


@named
def hardtanh(input: SupportsArray, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """``x`` clipped to an interval; the gradient at its ends is 1."""
    number("hardtanh", "max_val", max_val, min_val)
    return clip(input, min_val, max_val)


@named
def relu6(input: SupportsArray) -> Tensor:
    """``x`` clipped to [0, 6]."""
    return clip(input, 0.0, 6.0)


@named
def hardsigmoid(input: ArrayLike) -> Tensor:
    """``clip(x + 3, 0, 6) / 6``."""
    return clip(add(input, 3.0), 0.0, 6.0) / 6.0


@named
def hardswish(input: ArrayLike) -> Tensor:
    """``x clip(x + 3, 0, 6) / 6``."""
    return multiply(input, hardsigmoid(input))


@named
def threshold(input: Any, threshold: float, value: float) -> Tensor:
    """``x`` where it exceeds the threshold, else ``value``; NaN is kept."""
    return where(XG.less_equal(input, threshold), value, input)


# -- exponentials ------------------------------------------------------------------------------


@elementwise(
    partial=lambda xp, x, out, alpha: xp.where(xp.greater(x, 0), 1.0, out + alpha),
)
def _elu(xp: Namespace, x: Value, /, *, alpha: float) -> Value:
    refuse_complex("elu", x)
    x = as_floating(xp, x)
    below = xp.where(xp.greater(x, 0), xp.zeros_like(x), x)
    return xp.where(xp.greater(x, 0), x, alpha * xp.expm1(below))


@named
def elu(input: ArrayLike, alpha: float = 1.0) -> Tensor:
    """``x`` where positive, else ``alpha (exp(x) - 1)`` (Clevert and others, 2016)."""
    number("elu", "alpha", alpha)
    return _elu(input, alpha=alpha)


@named
def celu(input: ArrayLike, alpha: float = 1.0) -> Tensor:
    """``max(x, 0) + min(0, alpha (exp(x / alpha) - 1))``."""
    number("celu", "alpha", alpha)
    if alpha == 0:
        raise ValueError("celu: expected an alpha other than 0")
    return elu(divide(input, alpha), 1.0) * alpha


@named
def selu(input: ArrayLike) -> Tensor:
    """`elu` with a fixed alpha, times a fixed scale (Klambauer and others, 2017)."""
    return _elu(input, alpha=_SELU_ALPHA) * _SELU_SCALE


@named
def softplus(input: ArrayLike, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta x)) / beta``; ``x`` where ``beta x`` exceeds the threshold."""
    number("softplus", "beta", beta)
    if beta == 0:
        raise ValueError("softplus: expected a beta other than 0")
    input = floating(input)
    scaled = multiply(input, beta)
    smooth = logaddexp(scaled, 0.0) / beta
    return where(XG.greater(scaled, threshold), input, smooth)


@named
def logsigmoid(input: ArrayLike) -> Tensor:
    """``log(sigmoid(x))``, without underflow."""
    return negative(logaddexp(negative(floating(input)), 0.0))


@named
def softsign(input: ArrayLike) -> Tensor:
    """``x / (1 + |x|)``."""
    input = floating(input)
    return divide(input, abs(input) + 1.0)


@named
def tanhshrink(input: ArrayLike) -> Tensor:
    """``x - tanh(x)``."""
    input = floating(input)
    return subtract(input, tanh(input))


# -- smooth gates ------------------------------------------------------------------------------


def _silu_partial(xp: Namespace, x: Value) -> Any:
    fused = xp.kernels.activation("silu_partial", x)
    if fused is not None:
        return fused
    s = recorded(sigmoid, x)
    return xp.multiply(s, 1.0 + xp.multiply(x, 1.0 - s))


@elementwise(partial=_silu_partial)
def silu(xp: Namespace, x: Value, /) -> Any:
    """``x sigmoid(x)``, also called swish."""
    x = as_floating(xp, x)
    fused = xp.kernels.activation("silu", x)
    if fused is not None:
        return fused
    x = as_floating(xp, x)
    return xp.multiply(x, recorded(sigmoid, x))


@named
def mish(input: ArrayLike) -> Tensor:
    """``x tanh(softplus(x))`` (Misra, 2019)."""
    return multiply(input, tanh(softplus(input)))


def _density(xp: Namespace, x: Value) -> Value:
    return xp.exp(-0.5 * xp.square(x)) / _ROOT_TWO_PI


def _gelu_vjp(xp: Namespace, g: Any, x: Value, out: Value) -> Any:
    by_y, by_share = g
    if by_share is None:
        fused = xp.kernels.gelu_vjp(by_y, x, out[1])
        if fused is not None:
            return fused
    density, total = _density(xp, x), None
    if by_y is not None:
        total = xp.multiply(by_y, xp.add(out[1], xp.multiply(x, density)))
    if by_share is not None:
        part = xp.multiply(by_share, density)
        total = part if total is None else xp.add(total, part)
    return total


def _gelu_jvp(xp: Namespace, t: Value, x: Value, out: Value) -> tuple[Value, ...]:
    rising = xp.multiply(t, _density(xp, x))
    return xp.add(xp.multiply(t, out[1]), xp.multiply(x, rising)), rising


@general(vjps=(_gelu_vjp,), jvps=(_gelu_jvp,), batch=batch_elementwise, several=True)
def _gelu(xp: Namespace, x: Value, /) -> Any:
    """Return ``x Φ(x)``, and Φ(x), which is expensive and saved for the rules."""
    x = as_floating(xp, x)
    fused = xp.kernels.activation("gelu", x)
    if fused is not None:
        return fused
    share = recorded(ndtr, x)
    return xp.multiply(x, share), share


_TANH_SCALE = math.sqrt(2 / math.pi)
#: From here on the tanh is 1 in every dtype; the cubic overflows in float16.
_TANH_FLAT = 10.0


def _near(xp: Namespace, x: Value) -> Value:
    """Clip ``x`` to the interval where the cubic matters."""
    x = xp.where(xp.greater(x, _TANH_FLAT), _TANH_FLAT, x)
    return xp.where(xp.less(x, -_TANH_FLAT), -_TANH_FLAT, x)


def _tanh_of_cubic(xp: Namespace, x: Value) -> Value:
    return recorded(tanh, xp.multiply(x, _TANH_SCALE + (_TANH_SCALE * 0.044715) * xp.square(x)))


def _gelu_tanh_partial(xp: Namespace, x: Value) -> Any:
    fused = xp.kernels.activation("gelu_tanh_partial", x)
    if fused is not None:
        return fused
    x = _near(xp, x)
    t = _tanh_of_cubic(xp, x)
    slope = _TANH_SCALE + (3 * _TANH_SCALE * 0.044715) * xp.square(x)
    rising = xp.multiply(1.0 - xp.square(t), xp.multiply(x, slope))
    return 0.5 * (xp.add(1.0 + t, rising))


@elementwise(partial=_gelu_tanh_partial)
def _gelu_tanh(xp: Namespace, x: Value, /) -> Any:
    x = as_floating(xp, x)
    fused = xp.kernels.activation("gelu_tanh", x)
    if fused is not None:
        return fused
    return 0.5 * xp.multiply(x, 1.0 + _tanh_of_cubic(xp, _near(xp, x)))


@named
def gelu(input: ArrayLike, approximate: str = "none") -> Tensor:
    """``x Φ(x)``, where Φ is the normal distribution function (Hendrycks and Gimpel, 2016).

    With ``approximate="tanh"``: ``x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2``.
    """
    refuse_complex("gelu", input)
    if approximate not in ("none", "tanh"):
        raise ValueError(f"gelu: approximate must be 'none' or 'tanh', got {approximate!r}")
    return _gelu(input)[0] if approximate == "none" else _gelu_tanh(input)


@named
def glu(input: ArrayLike, dim: int = -1) -> Tensor:
    """``a sigmoid(b)``, where a and b are the two halves of an axis."""
    x = as_tensor(input)
    axis = checked_axis("glu", dim, x.ndim)
    half, odd = divmod(x.shape[axis], 2)
    if odd:
        raise ValueError(f"glu: expected an axis of even length, got {x.shape} along {dim}")
    lead = (slice(None),) * axis
    first, second = (getitem(x, (*lead, part)) for part in (slice(half), slice(half, None)))
    return multiply(first, sigmoid(second))


__all__ = [
    "celu", "elu", "gelu", "glu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu",
    "log_softmax", "logsigmoid", "mish", "prelu", "relu", "relu6", "selu", "sigmoid", "silu",
    "softmax", "softmin", "softplus", "softsign", "tanh", "tanhshrink", "threshold",
]  # fmt: skip
