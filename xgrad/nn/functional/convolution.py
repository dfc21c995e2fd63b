"""Convolutions over one, two or three axes, as matrix products with windows (im2col)."""

import math
from collections.abc import Sequence
from typing import Any

from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor
from xgrad.nn.checks import Lengths, per_axis, whole
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import add
from xgrad.ops.interpolation import pad
from xgrad.ops.products import matmul
from xgrad.ops.shape import permute_dims, reshape
from xgrad.ops.views.parts import basic_index, scatter_basic
from xgrad.ops.windows import overlap_add, windows
from xgrad.typing import ArrayLike


def zero_padded(x: Tensor, before: Lengths, after: Lengths) -> Tensor:
    """Pad the last axes with zeros at both ends."""
    if not any(before) and not any(after):
        return x
    lead = len(x.shape) - len(before)
    sizes = x.shape[lead:]
    shape = tuple(b + n + a for b, n, a in zip(before, sizes, after, strict=True))
    key = tuple(slice(b, b + n) for b, n in zip(before, sizes, strict=True))
    full = (slice(None),) * lead
    return scatter_basic(x, key=(*full, *key), shape=(*x.shape[:lead], *shape))


def _checked(
    function: str, input: ArrayLike, weight: ArrayLike, ndim: int, groups: int, transposed: bool
) -> tuple[Tensor, Tensor, bool]:
    """Return the input with a batch axis, the weight, and whether the axis was added."""
    x, w = as_tensor(input), as_tensor(weight)
    whole(function, "groups", groups, 1)
    if w.ndim != ndim + 2 or x.ndim not in (ndim + 1, ndim + 2):
        raise ValueError(
            f"{function}: expected input (N, C, {'...' if ndim > 1 else 'L'}) with {ndim + 2} or "
            f"{ndim + 1} axes and weight with {ndim + 2}, got {x.shape} and {w.shape}"
        )
    alone = x.ndim == ndim + 1
    if alone:
        x = reshape(x, (1, *x.shape))
    channels = w.shape[0] if transposed else w.shape[1] * groups
    if x.shape[1] != channels or w.shape[0] % groups or x.shape[1] % groups:
        raise ValueError(
            f"{function}: expected {channels} channels for weight {w.shape} and {groups} "
            f"groups, got input {tuple(x.shape)}"
        )
    if 0 in w.shape[2:]:
        raise ValueError(f"{function}: expected a kernel with elements, got weight {w.shape}")
    return x, w, alone


def _finished(function: str, out: Tensor, bias: ArrayLike, ndim: int, alone: bool) -> Tensor:
    if bias is not None:
        offset = as_tensor(bias)
        if offset.shape != out.shape[1:2]:
            raise ValueError(
                f"{function}: expected a bias of shape {out.shape[1:2]}, got {offset.shape}"
            )
        offset = reshape(offset, (*offset.shape, *(1,) * ndim))
        if out.dtype.itemsize == 2 and offset.dtype != out.dtype:  # under autocast
            offset = astype(offset, out.dtype)
        out = add(out, offset)
    return reshape(out, out.shape[1:]) if alone else out


def _convolution(
    function: str,
    ndim: int,
    input: ArrayLike,
    weight: ArrayLike,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Tensor:
    x, w, alone = _checked(function, input, weight, ndim, groups, transposed=False)
    kernel = w.shape[2:]
    steps = per_axis(function, "stride", stride, ndim, 1)
    spread = per_axis(function, "dilation", dilation, ndim, 1)
    before, after = paddings(function, padding, kernel, steps, spread)
    x = zero_padded(x, before, after)
    if any(n < d * (k - 1) + 1 for n, k, d in zip(x.shape[2:], kernel, spread, strict=True)):
        raise ValueError(
            f"{function}: the kernel {kernel} with dilation {spread} is larger than the "
            f"padded input {x.shape[2:]}"
        )
    count, channels, outputs = x.shape[0], x.shape[1], w.shape[0]
    # (C, N, *n) to (C, N, *k, *o) to (C, *k, N, *o): one matrix product per group.
    seen = windows(
        permute_dims(x, (1, 0, *range(2, ndim + 2))), kernel=kernel, stride=steps, dilation=spread
    )
    order = (0, *range(2, ndim + 2), 1, *range(ndim + 2, 2 * ndim + 2))
    positions = seen.shape[ndim + 2 :]
    taps = channels // groups * math.prod(kernel)
    columns = reshape(permute_dims(seen, order), (groups, taps, count * math.prod(positions)))
    rows = reshape(w, (groups, outputs // groups, taps))
    if groups == 1:  # matrices without a batch axis
        columns, rows = reshape(columns, columns.shape[1:]), reshape(rows, rows.shape[1:])
    out = reshape(matmul(rows, columns), (outputs, count, *positions))
    out = permute_dims(out, (1, 0, *range(2, ndim + 2)))
    return _finished(function, out, bias, ndim, alone)


def paddings(
    function: str, padding: Any, kernel: Lengths, stride: Lengths, dilation: Lengths
) -> tuple[Lengths, Lengths]:
    """Return the numbers of zeros before and after each axis."""
    ndim = len(kernel)
    if padding == "valid":
        return (0,) * ndim, (0,) * ndim
    if padding == "same":
        if any(s != 1 for s in stride):
            raise ValueError(f"{function}: padding='same' needs stride 1, got {stride}")
        total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple(n // 2 for n in total), tuple(n - n // 2 for n in total)
    if isinstance(padding, str):
        raise ValueError(f"{function}: padding must be numbers, 'same' or 'valid', got {padding!r}")  # noqa: TRY004
    both = per_axis(function, "padding", padding, ndim, 0)
    return both, both


@named
def conv1d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation: (N, C, L) or (C, L), weight (O, C / groups, k), to (N, O, L').

    ``L' = (L + 2 padding - dilation (k - 1) - 1) // stride + 1``.
    """
    return _convolution("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@named
def conv2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of images: (N, C, H, W), weight (O, C / groups, kh, kw); as `conv1d`."""
    return _convolution("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


@named
def conv3d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlation of volumes: (N, C, D, H, W), as `conv1d`."""
    return _convolution("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def _transposed(
    function: str,
    ndim: int,
    input: ArrayLike,
    weight: ArrayLike,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Tensor:
    x, w, alone = _checked(function, input, weight, ndim, groups, transposed=True)
    kernel, sizes = w.shape[2:], x.shape[2:]
    steps = per_axis(function, "stride", stride, ndim, 1)
    spread = per_axis(function, "dilation", dilation, ndim, 1)
    cut = per_axis(function, "padding", padding, ndim, 0)
    extra = per_axis(function, "output_padding", output_padding, ndim, 0)
    if any(e >= max(s, d) for e, s, d in zip(extra, steps, spread, strict=True)):
        raise ValueError(
            f"{function}: output_padding {extra} must be smaller than stride or dilation"
        )
    size = tuple(
        (n - 1) * s + d * (k - 1) + 1 + e
        for n, s, d, k, e in zip(sizes, steps, spread, kernel, extra, strict=True)
    )
    if 0 in sizes or any(n <= 2 * c for n, c in zip(size, cut, strict=True)):
        raise ValueError(
            f"{function}: the output would be empty for input {x.shape} with kernel {kernel}, "
            f"stride {steps} and padding {cut}"
        )
    count, channels, outputs = x.shape[0], x.shape[1], w.shape[1]
    columns = permute_dims(x, (1, 0, *range(2, ndim + 2)))
    columns = reshape(columns, (groups, channels // groups, count * math.prod(sizes)))
    rows = reshape(w, (groups, channels // groups, outputs * math.prod(kernel)))
    product = matmul(permute_dims(rows, (0, 2, 1)), columns)
    seen = reshape(product, (groups * outputs, *kernel, count, *sizes))
    order = (0, ndim + 1, *range(1, ndim + 1), *range(ndim + 2, 2 * ndim + 2))
    # Positions outside every window (output_padding) stay zero: fold only the others.
    reached = tuple(n - e for n, e in zip(size, extra, strict=True))
    out = overlap_add(
        permute_dims(seen, order),
        shape=(groups * outputs, count, *reached),
        kernel=kernel,
        stride=steps,
        dilation=spread,
    )
    out = permute_dims(out, (1, 0, *range(2, ndim + 2)))
    out = zero_padded(out, (0,) * ndim, extra)
    if any(cut):
        inside = tuple(slice(c, n - c) for c, n in zip(cut, size, strict=True))
        out = basic_index(out, key=(slice(None), slice(None), *inside))
    return _finished(function, out, bias, ndim, alone)


@named
def conv_transpose1d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    """The transpose of `conv1d` as a linear map: (N, C, L), weight (C, O / groups, k).

    ``L' = (L - 1) stride - 2 padding + dilation (k - 1) + output_padding + 1``.
    """
    return _transposed(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups,
        dilation,
    )  # fmt: skip


@named
def conv_transpose2d(
    input: ArrayLike,
    weight: ArrayLike,
    bias: Any = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
) -> Tensor:
    """The transpose of `conv2d` as a linear map; as `conv_transpose1d`."""
    return _transposed(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups,
        dilation,
    )  # fmt: skip


#: PyTorch's names of padding modes, and NumPy's.
PADDING_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def padded_by_mode(input: ArrayLike, before: Lengths, after: Lengths, mode: str) -> Tensor:
    """Pad the last axes with mirrored, repeated or wrapped elements, or with zeros."""
    x = as_tensor(input)
    lead = ((0, 0),) * (x.ndim - len(before))
    return pad(x, (*lead, *zip(before, after, strict=True)), PADDING_MODES[mode])


__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d"]
