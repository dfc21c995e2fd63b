"""Normalization layers over the functions of `xgrad.nn.functional`."""

from collections.abc import Sequence
from typing import Any

from xgrad.backends.dtypes import parameter_dtype
from xgrad.engine.tensor import Tensor
from xgrad.nn import functional
from xgrad.nn.checks import is_whole, number, whole
from xgrad.nn.construction import named_by_layer
from xgrad.nn.module import Module
from xgrad.nn.parameter import Parameter
from xgrad.ops.creation import as_tensor, asarray, ones, zeros


def _lengths(name: str, shape: int | Sequence[int]) -> tuple[int, ...]:
    lengths = (shape,) if is_whole(shape) else tuple(shape)  # type: ignore[arg-type]
    return tuple(whole(name, "normalized_shape", n, 0) for n in lengths)


class _Affine(Module):
    """A scale initialized to 1 and a shift initialized to 0, or neither."""

    weight: Tensor | None
    bias: Tensor | None

    def _make(self, shape: tuple[int, ...], weight: bool, bias: bool, **options: Any) -> None:
        options["dtype"] = parameter_dtype() if options["dtype"] is None else options["dtype"]
        self.register_parameter("weight", Parameter(ones(shape, **options)) if weight else None)
        self.register_parameter("bias", Parameter(zeros(shape, **options)) if bias else None)


class LayerNorm(_Affine):
    """Standard scores over the last axes of ``(..., *normalized_shape)``, scaled and shifted.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.LayerNorm(4)(xg.ones((2, 3, 4), dtype=xg.float32)).shape
    (2, 3, 4)
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = None,
        device: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _lengths(type(self).__name__, normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        if eps is not None:
            number(type(self).__name__, "eps", eps, 0)
        has_bias = elementwise_affine and bias
        self._make(self.normalized_shape, elementwise_affine, has_bias, dtype=dtype, device=device)

    def forward(self, input: Any) -> Tensor:
        """Apply over the last axes."""
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class RMSNorm(_Affine):
    """``x / sqrt(mean(x²) + eps) * weight`` over the last axes of ``(..., *normalized_shape)``."""

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = None,
        device: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _lengths(type(self).__name__, normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        if eps is not None:
            number(type(self).__name__, "eps", eps, 0)
        self._make(
            self.normalized_shape, elementwise_affine, bias=False, dtype=dtype, device=device
        )

    def forward(self, input: Any) -> Tensor:
        """Apply over the last axes."""
        return functional.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(_Affine):
    """Standard scores of groups of channels, separately for each example (N, C, ...)."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        dtype: Any = None,
        device: Any = None,
    ) -> None:
        super().__init__()
        if num_channels % whole("GroupNorm", "num_groups", num_groups, 1):
            raise ValueError(
                f"GroupNorm: {num_channels} channels cannot be split into {num_groups} groups"
            )
        number("GroupNorm", "eps", eps, 0)
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        self._make((num_channels,), affine, affine, dtype=dtype, device=device)

    def forward(self, input: Any) -> Tensor:
        """Apply to groups of axis 1."""
        return functional.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the options."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}"


class _BatchNorm(_Affine):
    """Standard scores of channels over the batch; the subclass defines the allowed ranks."""

    _ranks: tuple[int, ...] = ()
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        dtype: Any = None,
        device: Any = None,
    ) -> None:
        super().__init__()
        whole(type(self).__name__, "num_features", num_features, 0)
        number(type(self).__name__, "eps", eps, 0)
        if momentum is not None:
            number(type(self).__name__, "momentum", momentum)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        dtype = parameter_dtype() if dtype is None else dtype
        self._make((num_features,), affine, affine, dtype=dtype, device=device)
        options: dict[str, Any] = {"dtype": dtype, "device": device}
        tracked = track_running_stats
        shape = (num_features,)
        self.register_buffer("running_mean", zeros(shape, **options) if tracked else None)
        self.register_buffer("running_var", ones(shape, **options) if tracked else None)
        count = asarray(0, dtype="int64", device=device) if tracked else None
        self.register_buffer("num_batches_tracked", count)

    @named_by_layer
    def forward(self, input: Any) -> Tensor:
        """Normalize axis 1 by the batch in training, by the running statistics otherwise."""
        input = as_tensor(input)
        shape = input.shape
        if len(shape) not in self._ranks or shape[1] != self.num_features:
            expected = " or ".join(f"{rank}" for rank in self._ranks)
            raise ValueError(
                f"{type(self).__name__}: expected {expected} dimensions and "
                f"{self.num_features} channels on axis 1, got {shape}"
            )
        momentum = self.momentum
        count = self.num_batches_tracked if self.training else None
        if count is not None:
            count = count + 1
            if momentum is None:
                momentum = 1 / count.item()
        tracked = self.training or self.running_mean is not None
        out = functional.batch_norm(
            input,
            self.running_mean if tracked else None,
            self.running_var if tracked else None,
            self.weight,
            self.bias,
            self.training or self.running_mean is None,
            0.0 if momentum is None else momentum,
            self.eps,
        )
        if count is not None:
            self.num_batches_tracked = count
        return out

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Standard scores of channels over a batch (N, C) or (N, C, L).

    Training uses the statistics of the batch, and moves the running statistics towards them by
    ``momentum`` (None: their plain average). Evaluation uses the running statistics.

    Examples
    --------
    >>> import xgrad as xg
    >>> layer = xg.nn.BatchNorm1d(2, dtype=xg.float64)
    >>> layer(xg.asarray([[0.0, 1.0], [2.0, 1.0]])).detach().shape, layer.running_mean
    ((2, 2), Tensor([0.1, 0.1]))
    """

    _ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """`BatchNorm1d` of images (N, C, H, W)."""

    _ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """`BatchNorm1d` of volumes (N, C, D, H, W)."""

    _ranks = (5,)
