"""``np.pad`` with every mode of NumPy's."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

from xgrad.backends import host
from xgrad.engine.declare import function
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor
from xgrad.ops import interpolation, reductions
from xgrad.ops.creation import as_tensor
from xgrad.ops.elementwise import multiply, subtract
from xgrad.ops.numpy.conversion import cast, filled, on_host
from xgrad.ops.numpy.grids import linspace_between
from xgrad.ops.quantiles import median
from xgrad.ops.rounding import round as round_
from xgrad.ops.shape import broadcast_to, concat
from xgrad.ops.views import kinds
from xgrad.ops.views.reading import getitem
from xgrad.typing import ArrayLike

#: The keywords of each mode, with their defaults.
_KEYWORDS: dict[str, dict[str, Any]] = {
    "constant": {"constant_values": 0},
    "edge": {},
    "linear_ramp": {"end_values": 0},
    "maximum": {"stat_length": None},
    "mean": {"stat_length": None},
    "median": {"stat_length": None},
    "minimum": {"stat_length": None},
    "reflect": {"reflect_type": "even"},
    "symmetric": {"reflect_type": "even"},
    "empty": {},
    "wrap": {},
}


def _widths(x: Tensor, pad_width: Any) -> list[list[int]]:
    given = pad_width if isinstance(pad_width, dict) else on_host("pad", pad_width)
    pairs = host.axis_pairs(given, x.ndim)
    if any(isinstance(n, float) for pair in pairs for n in pair):
        raise TypeError(f"pad: pad_width must be of integers, got {pad_width!r}")
    if any(n < 0 for pair in pairs for n in pair):
        raise ValueError(f"pad: pad_width must not be negative, got {pad_width!r}")
    return pairs


def _numbers(name: str, values: Any, x: Tensor) -> list[list[Any]]:
    """Return a pair for each axis of values that may be Tensors."""
    if type(values) is not Tensor and not isinstance(values, list | tuple):
        return host.axis_pairs(values, x.ndim)
    both = cast("pad", as_tensor(values, like=x), x.dtype)
    try:
        both = broadcast_to(both, (x.ndim, 2))
    except ValueError:
        raise ValueError(f"pad: {name} of shape {both.shape} for {x.ndim} axes") from None
    return [[both[i, 0], both[i, 1]] for i in range(x.ndim)]


def _part(x: Tensor, axis: int, start: int | None, stop: int | None, step: int = 1) -> Tensor:
    return getitem(x, (*(slice(None),) * axis, slice(start, stop, step)))


def _side(x: Tensor, axis: int, count: int, value: Any) -> Tensor:
    """Return ``count`` equal elements for one end of an axis."""
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    if type(value) is Tensor:
        return broadcast_to(cast("pad", value, x.dtype), shape)
    return filled(x, shape, x.dtype.type(value).item())


def _ends(x: Tensor, axis: int, widths: list[int], values: Sequence[Any]) -> Tensor:
    """Join equal elements to both ends of an axis: a value for each end."""
    first, last = (
        [_side(x, axis, n, value)] if n else [] for n, value in zip(widths, values, strict=True)
    )
    return concat([*first, x, *last], axis=axis)


def _statistic(x: Tensor, axis: int, length: Any, side: int, mode: str) -> Tensor:
    size = x.shape[axis]
    count = size if length is None or length > size else int(length)
    if count == 0 and mode in ("maximum", "minimum"):
        raise ValueError("pad: stat_length of 0 yields no value for padding")
    chunk = _part(x, axis, size - count, None) if side else _part(x, axis, 0, count)
    if mode in ("maximum", "minimum"):
        return (reductions.max if mode == "maximum" else reductions.min)(
            chunk, axis=axis, keepdims=True
        )
    if x.dtype.kind in "iub":
        chunk = chunk.astype("float64")
    out: Tensor = (reductions.mean if mode == "mean" else median)(chunk, axis=axis, keepdims=True)
    return round_(out) if x.dtype.kind in "iu" else out


def _reflected(x: Tensor, axis: int, widths: list[int], include_edge: bool) -> Tensor:
    """Return odd reflections: each end mirrored at the point of its edge, again and again."""
    left, right = widths
    period = x.shape[axis]
    offset = 0 if include_edge else 1
    while left or right:
        size = x.shape[axis]
        if include_edge:
            longest = size // period * period
        else:
            longest = (size - 1) // (period - 1) * (period - 1)
        before, after = min(left, longest), min(right, longest)
        parts = [x]
        for count, side in ((before, 0), (after, 1)):
            if not count:
                continue
            if side:
                chunk = _part(x, axis, size - offset - count, size - offset)
                edge = _part(x, axis, size - 1, size)
            else:
                chunk, edge = _part(x, axis, offset, offset + count), _part(x, axis, 0, 1)
            mirrored = subtract(multiply(edge, 2), kinds.flip(chunk, axis=axis))
            parts = [*parts, mirrored] if side else [mirrored, *parts]
        x = concat(parts, axis=axis)
        left, right = left - before, right - after
    return x


def _ramp(x: Tensor, axis: int, width: int, end: Any, side: int) -> Tensor:
    edge = _part(x, axis, x.shape[axis] - 1, None) if side else _part(x, axis, 0, 1)
    edge = kinds.squeeze(edge, axis)
    start = end if type(end) is Tensor else as_tensor(end, like=edge)
    ramp = linspace_between(start, edge, width, endpoint=False, dtype=x.dtype, axis=axis)
    return kinds.flip(ramp, axis=axis) if side else ramp


def _by_function(
    x: Tensor, widths: list[list[int]], pad: Callable[..., Any], kwargs: Any
) -> Tensor:
    """Pad with zeros, and let a function overwrite them in every row along every axis."""
    for axis, pair in enumerate(widths):
        x = _ends(x, axis, pair, (0, 0)) if any(pair) else x
    x = x.copy()
    for axis, pair in enumerate(widths):
        view = kinds.moveaxis(x, axis, -1)
        for index in product(*(range(n) for n in view.shape[:-1])):
            pad(getitem(view, (*index, ...)), tuple(pair), axis, kwargs)
    return x


def _extended(x: Tensor, axis: int, widths: list[int], mode: str, options: Any) -> Tensor:
    """Return an array that is padded at both ends of one axis."""
    if mode == "constant":
        return _ends(x, axis, widths, options["constant_values"][axis])
    if mode == "empty":
        return _ends(x, axis, widths, (0, 0))
    if mode == "linear_ramp":
        ends = zip(widths, options["end_values"][axis], strict=True)
        first, last = (_ramp(x, axis, n, end, side) for side, (n, end) in enumerate(ends))
        return concat((first, x, last), axis=axis)
    if "stat_length" in options:
        lengths = options["stat_length"][axis]
        values = [
            _statistic(x, axis, length, side, mode) if widths[side] else None
            for side, length in enumerate(lengths)
        ]
        return _ends(x, axis, widths, values)
    if options.get("reflect_type") == "odd" and x.shape[axis] > 1:
        return _reflected(x, axis, widths, mode == "symmetric")
    return interpolation.pad(x, [widths if i == axis else [0, 0] for i in range(x.ndim)], mode)


@function(numpy="pad")
@named
def _pad(array: ArrayLike, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Tensor:
    x = as_tensor(array)
    widths = _widths(x, pad_width)
    if callable(mode):
        return _by_function(x, widths, mode, kwargs)
    if mode not in _KEYWORDS:
        raise ValueError(f"pad: mode must be one of {', '.join(_KEYWORDS)}; got {mode!r}")
    if unknown := kwargs.keys() - _KEYWORDS[mode].keys():
        raise ValueError(f"pad: mode {mode!r} does not take {', '.join(sorted(unknown))}")
    options = _KEYWORDS[mode] | kwargs
    for key in ("constant_values", "end_values"):
        if key in options:
            options[key] = _numbers(key, options[key], x)
    if "stat_length" in options:
        options["stat_length"] = host.axis_pairs(options["stat_length"], x.ndim)
    out = x
    for axis, pair in enumerate(widths):
        if not any(pair):
            continue
        if mode not in ("constant", "empty") and not x.shape[axis]:
            raise ValueError(
                f"pad: cannot extend the empty axis {axis} by mode {mode!r}; use 'constant'"
            )
        out = _extended(out, axis, pair, mode, options)
    return out.copy() if out is x else out
