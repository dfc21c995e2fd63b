"""Linear maps, embeddings, dropout and reshaping as modules."""

import math
from collections.abc import Sequence
from typing import Any

from xgrad.backends.dtypes import parameter_dtype
from xgrad.engine.levels import no_grad
from xgrad.engine.tensor import Tensor
from xgrad.nn import functional, init
from xgrad.nn.checks import number, whole, whole_of
from xgrad.nn.construction import named_by_layer
from xgrad.nn.module import Module
from xgrad.nn.parameter import Parameter
from xgrad.ops.creation import as_tensor, asarray, zeros
from xgrad.ops.shape import checked_axis
from xgrad.ops.views.kinds import reshape
from xgrad.random import Generator


class Linear(Module):
    """``y = x Wᵀ + b``: (..., in_features) to (..., out_features).

    Weight (out_features, in_features) and bias (out_features) are initialized uniformly in
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
        whole_of("Linear", least=0, in_features=in_features, out_features=out_features)
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


class Bilinear(Module):
    """``y = x1ᵀ W x2 + b``: (..., in1_features), (..., in2_features) to (..., out_features)."""

    bias: Tensor | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: Any = None,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        whole_of("Bilinear", least=0, in1_features=in1_features, in2_features=in2_features)
        whole("Bilinear", "out_features", out_features, 0)
        self.in1_features, self.in2_features = in1_features, in2_features
        self.out_features = out_features
        dtype = parameter_dtype() if dtype is None else dtype
        shape = (out_features, in1_features, in2_features)
        self.weight = Parameter(zeros(shape, dtype=dtype, device=device))
        bound = 1 / math.sqrt(in1_features) if in1_features else 0.0
        init.uniform_(self.weight, -bound, bound, generator)
        self.register_parameter("bias", None)
        if bias:
            self.bias = Parameter(zeros((out_features,), dtype=dtype, device=device))
            init.uniform_(self.bias, -bound, bound, generator)

    def forward(self, input1: Any, input2: Any) -> Tensor:
        """Apply the bilinear form to the last axes."""
        return functional.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )


class Embedding(Module):
    """A table of vectors: integers (...) to (..., embedding_dim).

    Vectors are initialized with standard normal numbers; the vector of ``padding_idx`` with 0,
    and it gets no gradient.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.Embedding(10, 3)(xg.asarray([[1, 2], [3, 4]])).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        dtype: Any = None,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        whole_of("Embedding", least=0, num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        if padding_idx is not None:
            padding_idx = whole("Embedding", "padding_idx", padding_idx)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(
                f"Embedding: padding_idx {padding_idx} is out of range for {num_embeddings} rows"
            )
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx
        dtype = parameter_dtype() if dtype is None else dtype
        shape = (num_embeddings, embedding_dim)
        self.weight = Parameter(zeros(shape, dtype=dtype, device=device))
        init.normal_(self.weight, generator=generator)
        if padding_idx is not None:
            with no_grad():
                self.weight[padding_idx] = 0.0

    @classmethod
    def from_pretrained(
        cls, embeddings: Any, freeze: bool = True, padding_idx: int | None = None
    ) -> "Embedding":
        """Return a layer with a given table (count, n), which is not trained by default."""
        table = asarray(embeddings)
        if table.ndim != 2:
            raise ValueError(f"Embedding: expected a table (count, n), got {table.shape}")
        count, length = table.shape
        layer = cls(count, length, padding_idx, dtype=table.dtype)
        layer.weight = Parameter(table)
        if freeze:
            layer.requires_grad_(flag=False)
        return layer

    def forward(self, input: Any) -> Tensor:
        """Look up the rows."""
        return functional.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """Return the sizes."""
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


class Identity(Module):
    """Return the input; takes and ignores any arguments."""

    def __init__(self, *_args: Any, **_keywords: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """Return the input."""
        return input


class Flatten(Module):
    """Merge the axes from ``start_dim`` to ``end_dim``.

    See Also
    --------
    xgrad.Tensor.flatten : Merges all axes, the first one included.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.Flatten()(xg.ones((2, 3, 4))).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        whole_of("Flatten", start_dim=start_dim, end_dim=end_dim)
        self.start_dim, self.end_dim = start_dim, end_dim

    @named_by_layer
    def forward(self, input: Any) -> Tensor:
        """Return the reshaped input."""
        input = as_tensor(input)
        shape = input.shape
        first = checked_axis("Flatten", self.start_dim, len(shape))
        last = checked_axis("Flatten", self.end_dim, len(shape))
        if first > last:
            raise ValueError(f"Flatten: start_dim {first} comes after end_dim {last}")
        count = math.prod(shape[first : last + 1])
        return reshape(input, (*shape[:first], count, *shape[last + 1 :]))

    def extra_repr(self) -> str:
        """Return the axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Split one axis into several.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.Unflatten(1, (3, -1))(xg.ones((2, 12))).shape
    (2, 3, 4)
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        whole("Unflatten", "dim", dim)
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)
        for length in unflattened_size:
            whole("Unflatten", "unflattened_size", length, -1)

    @named_by_layer
    def forward(self, input: Any) -> Tensor:
        """Return the reshaped input."""
        input = as_tensor(input)
        shape = input.shape
        axis = checked_axis("Unflatten", self.dim, len(shape))
        lengths = list(self.unflattened_size)
        if -1 in lengths:
            rest = math.prod(n for n in lengths if n != -1)
            lengths[lengths.index(-1)] = shape[axis] // rest if rest else 0
        if math.prod(lengths) != shape[axis]:
            raise ValueError(
                f"Unflatten: an axis of {shape[axis]} cannot become {self.unflattened_size}"
            )
        return reshape(input, (*shape[:axis], *lengths, *shape[axis + 1 :]))

    def extra_repr(self) -> str:
        """Return the axis and the lengths."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Dropout(Module):
    """In training, set elements to 0 with probability p and scale the rest by 1 / (1 - p)."""

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        super().__init__()
        number("Dropout", "p", p, 0, 1)
        self.p, self.generator = p, generator

    def forward(self, input: Any) -> Tensor:
        """Apply in training mode; the identity in evaluation mode."""
        return functional.dropout(input, self.p, self.training, generator=self.generator)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}"
