"""Layers: modules over the functions of `xgrad.nn.functional`."""

import math
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from xgrad.backends.dtypes import parameter_dtype
from xgrad.engine.tensor import Tensor
from xgrad.nn import functional, init
from xgrad.nn.module import Module
from xgrad.nn.parameter import Parameter
from xgrad.ops.creation import zeros
from xgrad.random import Generator


class Linear(Module):
    """``y = x Wᵀ + b``: (..., in_features) to (..., out_features).

    Weight (out_features, in_features) and bias (out_features) start uniform in
    ±1/√in_features, as in PyTorch.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.Linear(3, 2)(xg.ones((5, 3), dtype=xg.float32)).shape
    (5, 2)
    """

    bias: Tensor | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: Any = None,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        dtype = parameter_dtype() if dtype is None else dtype
        self.weight = Parameter(zeros((out_features, in_features), dtype=dtype, device=device))
        bound = 1 / math.sqrt(in_features) if in_features else 0.0
        init.uniform_(self.weight, -bound, bound, generator)
        self.register_parameter("bias", None)
        if bias:
            self.bias = Parameter(zeros((out_features,), dtype=dtype, device=device))
            init.uniform_(self.bias, -bound, bound, generator)

    def forward(self, input: Any) -> Tensor:
        """Apply the affine map to the last axis."""
        return functional.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Sequential(Module):
    """Modules one after the other, given in order or as an ordered dict of names.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.Sequential(xg.nn.Linear(2, 3), xg.nn.Tanh())
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): Tanh()
    )
    """

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        first = modules[0] if len(modules) == 1 else None
        named = first.items() if isinstance(first, OrderedDict | dict) else enumerate(modules)
        for name, module in named:
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        """Apply the modules in order."""
        for module in self.children():
            input = module(input)
        return input

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __getitem__(self, index: int | slice) -> Any:
        modules = list(self.named_children())
        if isinstance(index, slice):
            return Sequential(OrderedDict(modules[index]))
        return modules[index][1]

    def append(self, module: Module) -> "Sequential":
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self


class ReLU(Module):
    """``max(x, 0)``; the gradient at 0 is 0."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.relu(input)


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.sigmoid(input)


class Tanh(Module):
    """Hyperbolic tangent."""

    def forward(self, input: Any) -> Tensor:
        """Apply to each element."""
        return functional.tanh(input)


class Softmax(Module):
    """``exp(x) / sum(exp(x))`` along an axis, named ``dim`` as in PyTorch, or ``axis``."""

    def __init__(self, dim: int | None = None, *, axis: int | None = None) -> None:
        super().__init__()
        self.dim = functional._axis("Softmax", dim, axis)

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


class Dropout(Module):
    """In training, set elements to 0 with probability p and scale the rest by 1 / (1 - p)."""

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: expected a probability in [0, 1], got {p}")
        self.p, self.generator = p, generator

    def forward(self, input: Any) -> Tensor:
        """Apply in training mode; the identity in evaluation mode."""
        return functional.dropout(input, self.p, self.training, generator=self.generator)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}"
