"""Pooling as modules, over the functions of `xgrad.nn.functional`."""

from collections.abc import Callable, Sequence
from typing import Any

from xgrad.engine.tensor import Tensor
from xgrad.nn import functional
from xgrad.nn.checks import per_axis
from xgrad.nn.module import Module


def _check(pool: Any, **options: Any) -> None:
    """Check sizes at construction, not only at use."""
    for name, value in options.items():
        if value is not None:
            per_axis(type(pool).__name__, name, value, pool._ndim, 0 if name == "padding" else 1)


class _MaxPool(Module):
    _function: Callable[..., Tensor]
    _ndim: int

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        *,
        ceil_mode: bool = False,  # keyword only: PyTorch's fifth argument is return_indices
    ) -> None:
        super().__init__()
        _check(self, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
        self.kernel_size, self.padding, self.dilation = kernel_size, padding, dilation
        self.stride = kernel_size if stride is None else stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Any) -> Tensor:
        """Apply to (N, C, ...) or (C, ...)."""
        return type(self)._function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        )

    def extra_repr(self) -> str:
        """Return the options."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """Maximum of each window of (N, C, L) or (C, L)."""

    _ndim = 1
    _function = staticmethod(functional.max_pool1d)


class MaxPool2d(_MaxPool):
    """Maximum of each window of images (N, C, H, W) or (C, H, W).

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.MaxPool2d(2)(xg.ones((5, 3, 8, 6))).shape
    (5, 3, 4, 3)
    """

    _ndim = 2
    _function = staticmethod(functional.max_pool2d)


class _AvgPool(Module):
    _ndim: int

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        _check(self, kernel_size=kernel_size, stride=stride, padding=padding)
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def extra_repr(self) -> str:
        """Return the options."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool1d(_AvgPool):
    """Mean of each window of (N, C, L) or (C, L)."""

    _ndim = 1

    def forward(self, input: Any) -> Tensor:
        """Apply to (N, C, L) or (C, L)."""
        return functional.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip


class AvgPool2d(_AvgPool):
    """Mean of each window of images (N, C, H, W) or (C, H, W)."""

    _ndim = 2

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        padding: int | Sequence[int] = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Tensor:
        """Apply to (N, C, H, W) or (C, H, W)."""
        return functional.avg_pool2d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip


class _Adaptive(Module):
    _function: Callable[..., Tensor]

    def __init__(self, output_size: int | Sequence[int | None]) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Any) -> Tensor:
        """Apply to (N, C, ...) or (C, ...)."""
        return type(self)._function(input, self.output_size)

    def extra_repr(self) -> str:
        """Return the output size."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_Adaptive):
    """Means of ``output_size`` parts of the last axis."""

    _function = staticmethod(functional.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_Adaptive):
    """Means of parts of images: (N, C, H, W) to ``(N, C, *output_size)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.AdaptiveAvgPool2d((2, None))(xg.ones((5, 3, 7, 4))).shape
    (5, 3, 2, 4)
    """

    _function = staticmethod(functional.adaptive_avg_pool2d)


class AdaptiveMaxPool1d(_Adaptive):
    """Maxima of ``output_size`` parts of the last axis."""

    _function = staticmethod(functional.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_Adaptive):
    """Maxima of parts of images: (N, C, H, W) to ``(N, C, *output_size)``."""

    _function = staticmethod(functional.adaptive_max_pool2d)
