"""Pooling: the maximum or the mean of windows."""

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from xgrad.engine.precision import in_single
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor
from xgrad.nn.checks import Lengths, flags, per_axis, whole
from xgrad.nn.functional.convolution import zero_padded
from xgrad.nn.functional.reduction import on_device_of
from xgrad.ops.creation import as_tensor
from xgrad.ops.elementwise import divide
from xgrad.ops.inspection import iinfo
from xgrad.ops.interpolation import pad
from xgrad.ops.products import matmul
from xgrad.ops.reductions import max as max_
from xgrad.ops.reductions import sum
from xgrad.ops.shape import matrix_transpose, moveaxis, reshape, stack
from xgrad.ops.views.parts import basic_index
from xgrad.ops.windows import window_max, windows
from xgrad.typing import ArrayLike, SupportsArray


class _Plan:
    """The windows of a pool: sizes, strides, and the padding of the input."""

    def __init__(
        self,
        function: str,
        x: Tensor,
        ndim: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        ceil_mode: bool,
    ) -> None:
        if x.ndim not in (ndim + 1, ndim + 2):
            raise ValueError(f"{function}: expected {ndim + 2} or {ndim + 1} axes, got {x.shape}")
        self.kernel = per_axis(function, "kernel_size", kernel_size, ndim, 1)
        steps = self.kernel if stride is None else stride
        self.stride = per_axis(function, "stride", steps, ndim, 1)
        self.padding = per_axis(function, "padding", padding, ndim, 0)
        self.dilation = per_axis(function, "dilation", dilation, ndim, 1)
        self.sizes = x.shape[x.ndim - ndim :]
        if any(2 * p > k for p, k in zip(self.padding, self.kernel, strict=True)):
            raise ValueError(
                f"{function}: padding {self.padding} is more than half of kernel {self.kernel}"
            )
        if 0 in self.sizes:
            raise ValueError(f"{function}: expected axes with elements, got {x.shape}")
        flags(function, ceil_mode=ceil_mode)
        self.after = self.padding
        if ceil_mode:
            self.after = tuple(map(self._after_ceiling, range(ndim)))
        reach = [d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True)]
        whole = zip(self.padding, self.sizes, self.after, reach, strict=True)
        if any(b + n + a < r for b, n, a, r in whole):
            raise ValueError(
                f"{function}: the kernel {self.kernel} is larger than the padded input {x.shape}"
            )
        self.axes = tuple(range(x.ndim - ndim, x.ndim))

    def _after_ceiling(self, i: int) -> int:
        """Return the padding after an axis whose last window may extend past the end."""
        n, k, s = self.sizes[i], self.kernel[i], self.stride[i]
        p, reach = self.padding[i], self.dilation[i] * (k - 1) + 1
        count = -(-(n + 2 * p - reach) // s) + 1
        if (count - 1) * s >= n + p:  # a window must start in the input or the padding before it
            count -= 1
        return max((count - 1) * s + reach - n - p, p)

    def windows(self, x: Tensor) -> Tensor:
        return windows(x, kernel=self.kernel, stride=self.stride, dilation=self.dilation)


def _max_pool(
    function: str,
    ndim: int,
    input: ArrayLike,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
) -> Tensor:
    x = as_tensor(input)
    plan = _Plan(function, x, ndim, kernel_size, stride, padding, dilation, ceil_mode)
    if any(plan.padding) or any(plan.after):
        lead = ((0, 0),) * (x.ndim - ndim)
        widths = (*lead, *zip(plan.padding, plan.after, strict=True))
        x = pad(x, widths, constant_values=_lowest(x))
    return window_max(x, kernel=plan.kernel, stride=plan.stride, dilation=plan.dilation)


def _lowest(x: Tensor) -> float:
    """Return a lower bound of all elements, so that padding is never the maximum."""
    return iinfo(x.dtype).min if x.dtype.kind in "iu" else -math.inf


@named
def max_pool1d(
    input: ArrayLike,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Maximum of each window: (N, C, L) or (C, L). Ties share the gradient evenly.

    The stride defaults to the kernel size. With ``ceil_mode`` the last window may extend past the
    end.
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)


@named
def max_pool2d(
    input: ArrayLike,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
) -> Tensor:
    """Maximum of each window of images (N, C, H, W) or (C, H, W); as `max_pool1d`."""
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)


@in_single
def _avg_pool(
    function: str,
    ndim: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    x = as_tensor(input)
    plan = _Plan(function, x, ndim, kernel_size, stride, padding, 1, ceil_mode)
    flags(function, count_include_pad=count_include_pad)
    if divisor_override is not None and whole(function, "divisor_override", divisor_override) == 0:
        raise ValueError(f"{function}: divisor_override must not be 0")
    x = zero_padded(x, plan.padding, plan.after)
    total = sum(plan.windows(x), axis=plan.axes)
    if divisor_override is not None:
        return divide(total, divisor_override)
    counts = [_counts(plan, i, count_include_pad) for i in range(ndim)]
    if all(set(c) == {k} for c, k in zip(counts, plan.kernel, strict=True)):
        return divide(total, math.prod(plan.kernel))
    for i, c in enumerate(counts):
        divisors = reshape(on_device_of([float(n) for n in c], total), (-1, *(1,) * (ndim - 1 - i)))
        total = divide(total, divisors.astype(total.dtype))
    return total


def _counts(plan: _Plan, i: int, include_pad: bool) -> list[int]:
    """Return the number of elements that each window along an axis averages."""
    n, k, s, p = plan.sizes[i], plan.kernel[i], plan.stride[i], plan.padding[i]
    first, end = (-p, n + p) if include_pad else (0, n)
    windows = (n + p + plan.after[i] - k) // s + 1
    starts = [o * s - p for o in range(windows)]
    return [min(start + k, end) - max(start, first) for start in starts]


@named
def avg_pool1d(
    input: SupportsArray,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Mean of each window: (N, C, L) or (C, L); by default it includes the zeros of the padding."""
    return _avg_pool(
        "avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None
    )


@named
def avg_pool2d(
    input: SupportsArray,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Mean of each window of images (N, C, H, W) or (C, H, W); as `avg_pool1d`."""
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad,
        divisor_override,
    )  # fmt: skip


def _adaptive_sizes(function: str, x: Tensor, output_size: Any, ndim: int) -> Lengths:
    one = output_size is None or isinstance(output_size, Integral)
    requested = (output_size,) * ndim if one else tuple(output_size)
    if len(requested) != ndim or x.ndim not in (ndim + 1, ndim + 2):
        raise ValueError(
            f"{function}: expected {ndim} output sizes for {ndim + 2} or {ndim + 1} axes, got "
            f"{output_size!r} and {x.shape}"
        )
    sizes = x.shape[x.ndim - ndim :]
    if 0 in sizes:
        raise ValueError(f"{function}: expected axes with elements, got {x.shape}")
    for size in requested:
        if size is not None:
            whole(function, "output_size", size, 1)
    return tuple(n if size is None else size for size, n in zip(requested, sizes, strict=True))


def _bounds(length: int, count: int) -> list[tuple[int, int]]:
    """Return the bounds of ``count`` parts of an axis; parts may overlap."""
    return [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]


@in_single
def _adaptive_avg(function: str, ndim: int, input: Any, output_size: Any) -> Tensor:
    x = as_tensor(input)
    for i, size in enumerate(_adaptive_sizes(function, x, output_size, ndim)):
        axis = x.ndim - ndim + i
        length = x.shape[axis]
        rows = [
            [1 / (end - start) if start <= j < end else 0.0 for j in range(length)]
            for start, end in _bounds(length, size)
        ]
        means = on_device_of(rows, x).astype(x.dtype)
        x = moveaxis(matmul(moveaxis(x, axis, -1), matrix_transpose(means)), -1, axis)
    return x


@named
def adaptive_avg_pool1d(input: SupportsArray, output_size: int | Sequence[int | None]) -> Tensor:
    """Means of ``output_size`` parts of the last axis: (N, C, L) to (N, C, output_size)."""
    return _adaptive_avg("adaptive_avg_pool1d", 1, input, output_size)


@named
def adaptive_avg_pool2d(input: SupportsArray, output_size: int | Sequence[int | None]) -> Tensor:
    """Means of parts of images: (N, C, H, W) to ``(N, C, *output_size)``; None keeps a length."""
    return _adaptive_avg("adaptive_avg_pool2d", 2, input, output_size)


def _adaptive_max(function: str, ndim: int, input: ArrayLike, output_size: Any) -> Tensor:
    x = as_tensor(input)
    for i, size in enumerate(_adaptive_sizes(function, x, output_size, ndim)):
        axis = x.ndim - ndim + i
        lead = (slice(None),) * axis
        parts = [
            max_(basic_index(x, key=(*lead, slice(start, end))), axis=axis)
            for start, end in _bounds(x.shape[axis], size)
        ]
        x = stack(parts, axis=axis)
    return x


@named
def adaptive_max_pool1d(input: ArrayLike, output_size: int | Sequence[int | None]) -> Tensor:
    """Maxima of ``output_size`` parts of the last axis."""
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size)


@named
def adaptive_max_pool2d(input: ArrayLike, output_size: int | Sequence[int | None]) -> Tensor:
    """Maxima of parts of images: (N, C, H, W) to ``(N, C, *output_size)``."""
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size)


__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d",
]  # fmt: skip
