"""The namespace that rules run over when they are recorded: xgrad itself.

A rule is written once against ``xp``. Handed a raw namespace it computes; handed this
one, its operations are recorded, and so have derivatives in turn.
"""

from typing import Any

from xgrad.backends.registry import host_backend
from xgrad.engine.dispatch import XG
from xgrad.ops import (
    creation,
    cumulative,
    elementwise,
    products,
    reductions,
    rounding,
    selection,
    shape,
    sorting,
    transfer,
    trigonometry,
    windows,
)
from xgrad.ops.views import parts, take


def fill_recorded_namespace() -> None:
    """Fill `XG` with the operations that rules use."""
    e, c, r, s = elementwise, selection, reductions, shape
    XG.add, XG.subtract, XG.multiply, XG.divide = e.add, e.subtract, e.multiply, e.divide
    XG.masked_product = e.masked_product
    XG.negative, XG.square, XG.sqrt, XG.pow = e.negative, e.square, e.sqrt, e.pow
    XG.exp, XG.log, XG.abs, XG.sign = e.exp, e.log, e.abs, e.sign
    t = trigonometry
    XG.sin, XG.cos, XG.sinh, XG.cosh, XG.hypot = t.sin, t.cos, t.sinh, t.cosh, t.hypot
    XG.floor_divide, XG.copysign = rounding.floor_divide, rounding.copysign
    XG.floor, XG.log1p, XG.expm1 = rounding.floor, e.log1p, e.expm1
    XG.cumulative_sum, XG.argsort = cumulative.cumulative_sum, sorting.argsort
    XG.take_along_axis, XG.any = take.take_along_axis, r.any
    XG.conj, XG.real, XG.imag, XG.where = e.conj, e.real, e.imag, c.where
    XG.not_equal = c.not_equal
    XG.equal, XG.less, XG.less_equal = c.equal, c.less, c.less_equal
    XG.greater, XG.greater_equal = c.greater, c.greater_equal
    XG.logical_and, XG.logical_or, XG.logical_not = c.logical_and, c.logical_or, c.logical_not
    XG.one_hot = _one_hot
    XG.isfinite, XG.isinf = c.isfinite, c.isinf
    XG.sum, XG.mean, XG.max = r.sum, r.mean, r.max
    XG.reshape, XG.permute_dims, XG.matrix_transpose = (
        s.reshape,
        s.permute_dims,
        s.matrix_transpose,
    )
    XG.broadcast_to, XG.moveaxis, XG.flip = s.broadcast_to, s.moveaxis, s.flip
    XG.concat, XG.stack, XG.unstack = s.concat, s.stack, s.unstack
    XG.matmul = products.matmul
    XG.take, XG.basic_index = take.take, _basic_index
    XG.scatter_basic, XG.index_add = _scatter_basic, take.index_add
    XG.copy_basic, XG.clear_basic = _basic_index, _clear_basic
    XG.windows, XG.overlap_add = _windows, _overlap_add
    XG.lstm_changes = _nothing
    XG.astype, XG.transfer = creation.astype, transfer.transfer
    XG.zeros_like, XG.ones_like = creation.zeros_like, creation.ones_like
    XG.full_like = creation.full_like
    # Recorded rules end on raw arrays too; only NumPy warns of what they meet on the way.
    XG.quiet = host_backend().xp.quiet


def _basic_index(x: Any, key: tuple[Any, ...]) -> Any:
    return parts.basic_index(x, key=key)


def _nothing(*_: Any) -> None:
    """Recorded, a rule goes step by step."""


def _windows(x: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    return windows.windows(x, kernel=kernel, stride=stride, dilation=dilation)


def _overlap_add(g: Any, shape: Any, kernel: Any, stride: Any, dilation: Any) -> Any:
    return windows.overlap_add(g, shape=shape, kernel=kernel, stride=stride, dilation=dilation)


def _one_hot(classes: Any, count: int) -> Any:
    return selection.one_hot(classes, count=count)


def _scatter_basic(g: Any, key: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    return parts.scatter_basic(g, key=key, shape=shape)


def _clear_basic(g: Any, key: tuple[Any, ...]) -> Any:
    return parts.basic_put(0, g, key=key)
