"""Calls of the kernels of layers: softmax, standard scores, activations, the LSTM."""

from typing import Any

import cupy
import numpy as np

from xgrad.backends.cupy import elementwise, recurrent, rows
from xgrad.backends.cupy.kernels import C_TYPES, block_size, integer
from xgrad.backends.kernels import Axes, Kernels
from xgrad.typing import Axis

Array = Any

_ACTIVATIONS = {
    "silu": elementwise.silu,
    "silu_partial": elementwise.silu_partial,
    "gelu": elementwise.gelu,
    "gelu_tanh": elementwise.gelu_tanh,
    "gelu_tanh_partial": elementwise.gelu_tanh_partial,
}


def _supported(*arrays: Array) -> bool:
    """Whether kernels support arrays: they are not empty, and have a common real dtype."""
    return all(
        isinstance(x, cupy.ndarray) and x.dtype == arrays[0].dtype and x.size for x in arrays
    ) and (arrays[0].dtype.name in C_TYPES)


def _last(axis: Any, ndim: int) -> bool:
    return isinstance(axis, int) and axis % ndim == ndim - 1


def _trailing(axes: Axes, shape: tuple[int, ...]) -> int:
    """Return the number of elements over axes if they are the last ones, else 0."""
    count = len(axes)
    last = list(range(len(shape) - count, len(shape)))
    positions = sorted(a % len(shape) for a in axes)
    return int(np.prod(shape[-count:])) if positions == last else 0


class LayerKernels(Kernels):
    """Layers in a single launch: a block for each row, or a thread for each element."""

    def softmax(self, x: Array, axis: Axis, log: bool) -> Array | None:
        if not _supported(x) or not x.ndim or not isinstance(axis, int):
            return None
        moved = cupy.ascontiguousarray(cupy.moveaxis(x, axis, -1))
        out, n = cupy.empty(moved.shape, x.dtype), moved.shape[-1]
        kernel = rows.log_softmax if log else rows.softmax
        kernel(x.dtype, moved.size // n, block_size(n), (moved, out, integer(n)))
        return out if _last(axis, x.ndim) else cupy.moveaxis(out, -1, axis)

    def softmax_vjp(self, g: Array, out: Array, axis: Axis, log: bool) -> Array | None:
        if not _supported(g, out) or g.shape != out.shape:
            return None
        if not g.ndim or not isinstance(axis, int):
            return None
        g, out = (cupy.ascontiguousarray(cupy.moveaxis(x, axis, -1)) for x in (g, out))
        by_x, n = cupy.empty(g.shape, g.dtype), g.shape[-1]
        kernel = rows.log_softmax_vjp if log else rows.softmax_vjp
        kernel(g.dtype, g.size // n, block_size(n), (g, out, by_x, integer(n)))
        return by_x if _last(axis, g.ndim) else cupy.moveaxis(by_x, -1, axis)

    def cross_entropy(
        self, scores: Array, target: Array, ignore_index: int, mean: bool
    ) -> tuple[Array, Array] | None:
        if not _supported(scores) or not scores.ndim or _overflows(scores):
            return None
        x, n = cupy.ascontiguousarray(scores), scores.shape[-1]
        target = _as_classes(target)
        losses, log_p = cupy.empty(target.shape, x.dtype), cupy.empty(x.shape, x.dtype)
        args = (x, target, losses, log_p, integer(n), integer(ignore_index))
        rows.cross_entropy(x.dtype, x.size // n, block_size(n), args)
        if not mean:
            return losses, log_p
        out, count = cupy.empty((), x.dtype), integer(target.size)
        block = block_size(target.size)
        summed = (losses, target, out, None, count, integer(ignore_index))
        rows.kept_mean(x.dtype, 1, block, summed)
        return out, log_p

    def cross_entropy_vjp(
        self, by_loss: Array, log_p: Array, target: Array, ignore_index: int, mean: bool
    ) -> Array | None:
        if not _supported(by_loss, log_p) or _overflows(log_p):
            return None
        n, target = log_p.shape[-1], _as_classes(target)
        by_loss, log_p = cupy.ascontiguousarray(by_loss), cupy.ascontiguousarray(log_p)
        by_x, count = cupy.empty(log_p.shape, log_p.dtype), None
        ignored = integer(ignore_index)
        if mean:
            count = cupy.empty((), log_p.dtype)
            block = block_size(target.size)
            counted = (None, target, None, count, integer(target.size), ignored)
            rows.kept_mean(log_p.dtype, 1, block, counted)
        stride = integer(0 if by_loss.ndim < target.ndim or mean else 1)
        args = (by_loss, stride, count, log_p, target, by_x, integer(n), ignored)
        rows.cross_entropy_vjp(log_p.dtype, log_p.size // n, block_size(n), args)
        return by_x

    def standardise(
        self, x: Array, axis: Axes, eps: float, centred: bool
    ) -> tuple[Array, Array, Array] | None:
        n = _trailing(axis, x.shape) if _supported(x) else 0
        if not n:
            return None
        x = cupy.ascontiguousarray(x)
        y = cupy.empty(x.shape, x.dtype)
        kept = (*x.shape[: x.ndim - len(axis)], *(1,) * len(axis))
        centre, variance = cupy.empty(kept, x.dtype), cupy.empty(kept, x.dtype)
        args = (x, y, centre, variance, integer(n), float(eps), bool(centred))
        rows.standardise(x.dtype, x.size // n, block_size(n), args)
        return y, centre, variance

    def over_deviation(
        self, g: Array, y: Array, variance: Array, axis: Axes, eps: float, centred: bool
    ) -> Array | None:
        n = _trailing(axis, y.shape) if _supported(g, y, variance) and g.shape == y.shape else 0
        if not n or variance.size * n != y.size:
            return None
        g, y, variance = (cupy.ascontiguousarray(x) for x in (g, y, variance))
        out = cupy.empty(y.shape, y.dtype)
        args = (g, y, variance, out, integer(n), float(eps), bool(centred))
        rows.over_deviation(y.dtype, y.size // n, block_size(n), args)
        return out

    def lstm_scan(self, x: Array, h: Array, c: Array, w: Array) -> Any:
        shape = (*x.shape[1:-1], w.shape[-1])
        fits = x.ndim == 3 and w.ndim == 2 and h.shape == c.shape == shape
        return recurrent.scan(x, h, c, w) if fits and _supported(x, h, c, w) else None

    def lstm_changes(self, by_h: Any, by_c: Any, out: Any, c0: Array, w: Array) -> Any:
        fits = out[0].ndim == 3 and w.ndim == 2 and c0.shape == out[0].shape[1:]
        cotangents = [g for g in (by_h, by_c) if g is not None]
        supported = fits and _supported(*out, c0, w, *cotangents)
        return recurrent.changes(by_h, by_c, out, c0, w) if supported else None

    def activation(self, name: str, x: Array) -> Any:
        return _ACTIVATIONS[name](x) if _supported(x) else None

    def gelu_vjp(self, g: Array, x: Array, share: Array) -> Array | None:
        return elementwise.gelu_vjp(g, x, share) if _supported(g, x, share) else None


def _as_classes(target: Array) -> Array:
    return cupy.ascontiguousarray(target.astype(np.int64, copy=False))


def _overflows(scores: Array) -> bool:
    """Whether the dtype of the scores, in which rows are counted, is too narrow for the count."""
    return bool(scores.dtype == np.float16 and scores.size // max(scores.shape[-1], 1) > 65504)
