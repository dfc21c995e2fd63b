"""Activations as modules over the functions of `xgrad.nn.functional`."""

from typing import Any

from xgrad.backends.dtypes import parameter_dtype
from xgrad.engine.tensor import Tensor
from xgrad.nn import functional
from xgrad.nn.checks import number, whole
from xgrad.nn.functional.activations import axis_of
from xgrad.nn.module import Module
from xgrad.nn.parameter import Parameter
from xgrad.ops.creation import full


class ReLU(Module):
    """``max(x, 0)``; the gradient at 0 is 0."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.relu(input)


class ReLU6(Module):
    """``x`` clipped to [0, 6]."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.relu6(input)


class LeakyReLU(Module):
    """``x`` where positive, else ``negative_slope * x``."""

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = negative_slope

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.leaky_relu(input, self.negative_slope)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"negative_slope={self.negative_slope}"


class ELU(Module):
    """``x`` where positive, else ``alpha (exp(x) - 1)``."""

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.elu(input, self.alpha)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"alpha={self.alpha}"


class CELU(Module):
    """``max(x, 0) + min(0, alpha (exp(x / alpha) - 1))``."""

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self.alpha = alpha

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.celu(input, self.alpha)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"alpha={self.alpha}"


class SELU(Module):
    """`ELU` with a fixed alpha, times a fixed scale."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.selu(input)


class GELU(Module):
    """``x Φ(x)``, or its approximation ``"tanh"``."""

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    """``x sigmoid(x)``, also called swish."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.silu(input)


class Mish(Module):
    """``x tanh(softplus(x))``."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.mish(input)


class Softplus(Module):
    """``log(1 + exp(beta x)) / beta``; ``x`` where ``beta x`` is over the threshold."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softsign(Module):
    """``x / (1 + |x|)``."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.softsign(input)


class Tanhshrink(Module):
    """``x - tanh(x)``."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.tanhshrink(input)


class Hardtanh(Module):
    """``x`` clipped to an interval."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0) -> None:
        super().__init__()
        number("Hardtanh", "max_val", max_val, min_val)
        self.min_val, self.max_val = min_val, max_val

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.hardtanh(input, self.min_val, self.max_val)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"min_val={self.min_val}, max_val={self.max_val}"


class Hardsigmoid(Module):
    """``clip(x + 3, 0, 6) / 6``."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.hardsigmoid(input)


class Hardswish(Module):
    """``x clip(x + 3, 0, 6) / 6``."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.hardswish(input)


class Threshold(Module):
    """``x`` where it is larger than the threshold, else ``value``."""

    def __init__(self, threshold: float, value: float) -> None:
        super().__init__()
        self.threshold, self.value = threshold, value

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.threshold(input, self.threshold, self.value)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"threshold={self.threshold}, value={self.value}"


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.sigmoid(input)


class LogSigmoid(Module):
    """``log(sigmoid(x))``, without underflow."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.logsigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.tanh(input)


class GLU(Module):
    """``a sigmoid(b)`` of the two halves of an axis."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Tensor:
        """Apply along the axis."""
        return functional.glu(input, self.dim)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"dim={self.dim}"


class PReLU(Module):
    """``x`` where positive, else a learned slope times ``x``: one slope, or one a channel.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.PReLU()(xg.asarray([-4.0, 4.0])).detach()
    Tensor([-1.,  4.])
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = None, device: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = whole("PReLU", "num_parameters", num_parameters, 1)
        dtype = parameter_dtype() if dtype is None else dtype
        self.weight = Parameter(full((num_parameters,), init, dtype=dtype, device=device))

    def forward(self, input: Any) -> Tensor:
        """Apply to each element, channels along axis 1."""
        return functional.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """Return the number of slopes."""
        return f"num_parameters={self.num_parameters}"


class Softmax(Module):
    """``exp(x) / sum(exp(x))`` along an axis, named ``dim`` as in PyTorch, or ``axis``."""

    def __init__(self, dim: int | None = None, *, axis: int | None = None) -> None:
        super().__init__()
        self.dim = axis_of(type(self).__name__, dim, axis)

    def forward(self, input: Any) -> Tensor:
        """Apply along the axis."""
        return functional.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """Return the axis."""
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """Logarithm of the softmax along an axis."""

    def forward(self, input: Any) -> Tensor:
        """Apply along the axis."""
        return functional.log_softmax(input, self.dim)


class Softmin(Softmax):
    """Softmax of ``-x`` along an axis."""

    def forward(self, input: Any) -> Tensor:
        """Apply along the axis."""
        return functional.softmin(input, self.dim)
