"""In-place initialization of parameters, under PyTorch's names."""

import math
from typing import Any

from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import no_grad
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.views import store
from xgrad.nn.checks import number
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


def __dir__() -> list[str]:
    return __all__


def _checked(x: Any, generator: Any = None) -> Generator:
    """Check the tensor to fill, and return the generator."""
    if not isinstance(x, Tensor):
        raise TypeError(f"expected a Tensor to fill, got {type(x).__name__}")
    chosen = default_generator() if generator is None else generator
    if not isinstance(chosen, Generator):
        raise TypeError(f"expected a Generator, got {type(chosen).__name__}")
    return chosen


def _fill(x: Tensor, values: Tensor) -> Tensor:
    with no_grad():
        source = values.to(x.backend.name, device=x.device, dtype=x.dtype)
        store(x, lowest(source))
    return x


@named
def uniform_(
    x: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with uniform numbers in [a, b).

    See Also
    --------
    xgrad.random.uniform : Returns a new tensor.
    """
    chosen = _checked(x, generator)
    number("uniform_", "a", a)
    number("uniform_", "b", b, a)
    draw = chosen.uniform_like(x)
    return _fill(x, draw * (b - a) + a)


@named
def normal_(
    x: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill with normal numbers.

    See Also
    --------
    xgrad.random.normal : Returns a new tensor.
    """
    chosen = _checked(x, generator)
    number("normal_", "mean", mean)
    number("normal_", "std", std, 0)
    return _fill(x, chosen.normal(x.shape, mean, std, dtype=x.dtype))


@named
def constant_(x: Tensor, value: float) -> Tensor:
    """Fill with one value."""
    _checked(x)
    full: Any = backend_below(x).xp.full_like(lowest(x), value)
    store(x, full)
    return x


@named
def zeros_(x: Tensor) -> Tensor:
    """Fill with zeros."""
    return constant_(x, 0.0)


@named
def ones_(x: Tensor) -> Tensor:
    """Fill with ones."""
    return constant_(x, 1.0)


def _fans(x: Tensor) -> tuple[int, int]:
    """Return fan-in and fan-out of a weight (out, in, ...)."""
    _checked(x)
    if x.ndim < 2:
        raise ValueError(f"fans need at least 2 dimensions, got shape {x.shape}")
    field = math.prod(x.shape[2:])
    return max(x.shape[1] * field, 1), max(x.shape[0] * field, 1)


@named
def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor that preserves the variance through a nonlinearity."""
    if nonlinearity in ("linear", "sigmoid"):
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        number("calculate_gain", "param", slope)
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity == "selu":
        return 0.75
    raise ValueError(
        f"calculate_gain: unknown nonlinearity {nonlinearity!r}; expected linear, sigmoid, "
        "tanh, relu, leaky_relu or selu"
    )


@named
def xavier_uniform_(x: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with uniform numbers in ±gain √(6 / (fan_in + fan_out)) (Glorot & Bengio, 2010)."""
    number("xavier_uniform_", "gain", gain, 0)
    bound = gain * math.sqrt(6 / sum(_fans(x)))
    return uniform_(x, -bound, bound, generator)


@named
def xavier_normal_(x: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill with normals of deviation gain √(2 / (fan_in + fan_out)) (Glorot & Bengio, 2010)."""
    number("xavier_normal_", "gain", gain, 0)
    return normal_(x, 0.0, gain * math.sqrt(2 / sum(_fans(x))), generator)


def _kaiming_deviation(x: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if not isinstance(mode, str) or mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', got {mode!r}")
    fan = _fans(x)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


@named
def kaiming_uniform_(
    x: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with uniform numbers in ±√3 gain / √fan (He et al., 2015)."""
    bound = math.sqrt(3) * _kaiming_deviation(x, a, mode, nonlinearity)
    return uniform_(x, -bound, bound, generator)


@named
def kaiming_normal_(
    x: Tensor,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill with normal numbers with deviation gain / √fan (He et al., 2015)."""
    return normal_(x, 0.0, _kaiming_deviation(x, a, mode, nonlinearity), generator)
