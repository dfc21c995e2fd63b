"""Filling parameters in place, under PyTorch's names."""

import math
from typing import Any

from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import no_grad
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.writes import store
from xgrad.random import Generator, default_generator

__all__ = [
    "calculate_gain",
    "constant_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]


def _fill(x: Tensor, values: Tensor) -> Tensor:
    with no_grad():
        source = values.to(x.backend.name, device=x.device, dtype=x.dtype)
        store(x, lowest(source))
    return x


def uniform_(
    x: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with uniforms in [a, b)."""
    draw = (generator or default_generator()).uniform_like(x)
    return _fill(x, draw * (b - a) + a)


def normal_(
    x: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with normal numbers."""
    return _fill(x, (generator or default_generator()).normal(x.shape, mean, std, dtype=x.dtype))


def constant_(x: Tensor, value: float) -> Tensor:
    """Fill with one value."""
    full: Any = backend_below(x).xp.full_like(lowest(x), value)
    store(x, full)
    return x


def zeros_(x: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(x, 0.0)


def ones_(x: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(x, 1.0)


def _fans(x: Tensor) -> tuple[int, int]:
    """Return how many inputs and outputs a weight (out, in, ...) connects to one unit."""
    if x.ndim < 2:
        raise ValueError(f"init: fans need at least 2 dimensions, got shape {x.shape}")
    field = math.prod(x.shape[2:])
    return x.shape[1] * field, x.shape[0] * field


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor that keeps the variance through a nonlinearity."""
    if nonlinearity in ("linear", "sigmoid"):
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity == "selu":
        return 0.75
    raise ValueError(
        f"calculate_gain: unknown nonlinearity {nonlinearity!r}; expected linear, sigmoid, "
        "tanh, relu, leaky_relu or selu"
    )


def xavier_uniform_(x: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with uniforms in ±gain √(6 / (fan_in + fan_out)) (Glorot & Bengio, 2010)."""
    bound = gain * math.sqrt(6 / sum(_fans(x)))
    return uniform_(x, -bound, bound, generator)


def xavier_normal_(x: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normals of deviation gain √(2 / (fan_in + fan_out)) (Glorot & Bengio, 2010)."""
    return normal_(x, 0.0, gain * math.sqrt(2 / sum(_fans(x))), generator)


def _kaiming_deviation(x: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"init: mode must be 'fan_in' or 'fan_out', got {mode!r}")
    fan = _fans(x)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    x: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with uniforms in ±√3 gain / √fan (He et al., 2015)."""
    bound = math.sqrt(3) * _kaiming_deviation(x, a, mode, nonlinearity)
    return uniform_(x, -bound, bound, generator)


def kaiming_normal_(
    x: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normals of deviation gain / √fan (He et al., 2015)."""
    return normal_(x, 0.0, _kaiming_deviation(x, a, mode, nonlinearity), generator)
