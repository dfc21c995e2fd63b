"""Convolutions as modules, over the functions of `xgrad.nn.functional`."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from xgrad.backends.dtypes import parameter_dtype
from xgrad.engine.tensor import Tensor
from xgrad.nn import functional, init
from xgrad.nn.checks import Lengths, per_axis, whole, whole_of
from xgrad.nn.functional.convolution import (
    PADDING_MODES,
    padded_by_mode,
    paddings,
)
from xgrad.nn.module import Module
from xgrad.nn.parameter import Parameter
from xgrad.ops.creation import zeros
from xgrad.random import Generator


class _Convolution(Module):
    """Weight and bias, uniform in ±1/√fan_in as in PyTorch, and the options."""

    _ndim: int
    _function: Callable[..., Tensor]
    bias: Tensor | None

    def _make(
        self,
        shape: Lengths,
        bias: bool,
        dtype: Any,
        device: Any,
        generator: Generator | None,
    ) -> None:
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(
                f"{type(self).__name__}: {self.in_channels} to {self.out_channels} channels "
                f"cannot be split into {self.groups} groups"
            )
        dtype = parameter_dtype() if dtype is None else dtype
        self.weight = Parameter(zeros(shape, dtype=dtype, device=device))
        fan = math.prod(shape[1:])
        bound = 1 / math.sqrt(fan) if fan else 0.0
        init.uniform_(self.weight, -bound, bound, generator)
        self.register_parameter("bias", None)
        if bias:
            self.bias = Parameter(zeros((self.out_channels,), dtype=dtype, device=device))
            init.uniform_(self.bias, -bound, bound, generator)

    in_channels: int
    out_channels: int
    groups: int
    kernel_size: Lengths
    stride: Lengths
    dilation: Lengths
    padding: Any

    def _options(self) -> str:
        ones, noughts = (1,) * self._ndim, (0,) * self._ndim
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if self.padding != noughts:
            text += f", padding={self.padding}"
        if self.dilation != ones:
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        return text if self.bias is not None else text + ", bias=False"


class _Conv(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] | str = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        dtype: Any = None,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        name, ndim = type(self).__name__, self._ndim
        if padding_mode not in PADDING_MODES:
            raise ValueError(
                f"{name}: padding_mode must be one of {', '.join(PADDING_MODES)}, "
                f"got {padding_mode!r}"
            )
        whole_of(name, least=0, in_channels=in_channels, out_channels=out_channels)
        whole(name, "groups", groups, 1)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, ndim, 1)
        self.stride = per_axis(name, "stride", stride, ndim, 1)
        self.dilation = per_axis(name, "dilation", dilation, ndim, 1)
        self.padding_mode = padding_mode
        one = isinstance(padding, str)
        self.padding = padding if one else per_axis(name, "padding", padding, ndim, 0)  # type: ignore[arg-type]
        paddings(name, self.padding, self.kernel_size, self.stride, self.dilation)
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self._make(shape, bias, dtype, device, generator)

    def forward(self, input: Any) -> Tensor:
        """Apply to (N, C, ...) or (C, ...)."""
        padding = self.padding
        if self.padding_mode != "zeros":
            before, after = paddings(
                type(self).__name__, padding, self.kernel_size, self.stride, self.dilation
            )
            input = padded_by_mode(input, before, after, self.padding_mode)
            padding = 0
        return type(self)._function(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def extra_repr(self) -> str:
        """Return the options."""
        mode = "" if self.padding_mode == "zeros" else f", padding_mode={self.padding_mode}"
        return self._options() + mode


class Conv1d(_Conv):
    """Cross-correlation (N, C, L) or (C, L) to (N, O, L'): see `nn.functional.conv1d`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.Conv1d(2, 4, 3, padding=1)(xg.ones((5, 2, 7), dtype=xg.float32)).shape
    (5, 4, 7)
    """

    _ndim = 1
    _function = staticmethod(functional.conv1d)


class Conv2d(_Conv):
    """Cross-correlation of images (N, C, H, W) or (C, H, W): see `nn.functional.conv2d`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.Conv2d(3, 8, 3, stride=2)(xg.ones((5, 3, 9, 9), dtype=xg.float32)).shape
    (5, 8, 4, 4)
    """

    _ndim = 2
    _function = staticmethod(functional.conv2d)


class Conv3d(_Conv):
    """Cross-correlation of volumes (N, C, D, H, W) or (C, D, H, W)."""

    _ndim = 3
    _function = staticmethod(functional.conv3d)


class _ConvTranspose(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] = 1,
        padding: int | Sequence[int] = 0,
        output_padding: int | Sequence[int] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Sequence[int] = 1,
        *,
        dtype: Any = None,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        name, ndim = type(self).__name__, self._ndim
        whole_of(name, least=0, in_channels=in_channels, out_channels=out_channels)
        whole(name, "groups", groups, 1)
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = per_axis(name, "kernel_size", kernel_size, ndim, 1)
        self.stride = per_axis(name, "stride", stride, ndim, 1)
        self.padding = per_axis(name, "padding", padding, ndim, 0)
        self.output_padding = per_axis(name, "output_padding", output_padding, ndim, 0)
        self.dilation = per_axis(name, "dilation", dilation, ndim, 1)
        shape = (in_channels, out_channels // groups, *self.kernel_size)
        self._make(shape, bias, dtype, device, generator)

    def forward(self, input: Any) -> Tensor:
        """Apply to (N, C, ...) or (C, ...)."""
        return type(self)._function(
            input, self.weight, self.bias, self.stride, self.padding, self.output_padding,
            self.groups, self.dilation,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return the options."""
        extra = self.output_padding
        return self._options() + (f", output_padding={extra}" if any(extra) else "")


class ConvTranspose1d(_ConvTranspose):
    """The transpose of `Conv1d` as a linear map: see `nn.functional.conv_transpose1d`."""

    _ndim = 1
    _function = staticmethod(functional.conv_transpose1d)


class ConvTranspose2d(_ConvTranspose):
    """The transpose of `Conv2d` as a linear map: see `nn.functional.conv_transpose2d`.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.ConvTranspose2d(3, 8, 2, stride=2)(xg.ones((5, 3, 4, 4), dtype=xg.float32)).shape
    (5, 8, 8, 8)
    """

    _ndim = 2
    _function = staticmethod(functional.conv_transpose2d)
