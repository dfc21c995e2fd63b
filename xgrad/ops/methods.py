"""Operators and methods of Tensor, bound to the operations one by one."""

from typing import Any

from xgrad.engine.tensor import Tensor
from xgrad.ops import elementwise, in_place, products, reductions, shape
from xgrad.ops.creation import astype
from xgrad.ops.gradients import backward
from xgrad.ops.indexing import getitem
from xgrad.ops.transfer import to


def _reflected(op: Any) -> Any:
    def reflected(x: Any, y: Any, /) -> Tensor:
        out: Tensor = op(y, x)
        return out

    return reflected


def _reshape(x: Tensor, *lengths: Any) -> Tensor:
    """Give the elements another shape: ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``."""
    one = len(lengths) == 1 and not isinstance(lengths[0], int)
    return shape.reshape(x, lengths[0] if one else lengths)


def _transpose(x: Tensor, *axes: Any) -> Tensor:
    """Reverse the axes, or reorder them as NumPy's method does."""
    one = len(axes) == 1 and not isinstance(axes[0], int)
    order = axes[0] if one else axes
    return shape.permute_dims(x, order or tuple(reversed(range(x.ndim))))


def _t(x: Tensor) -> Tensor:
    """The transpose of a matrix; of a stack of matrices use ``mT``."""
    if x.ndim != 2:
        raise ValueError(f"T: expected 2 dimensions, got {x.ndim}; use mT or permute_dims")
    return shape.matrix_transpose(x)


def bind_methods() -> None:
    """Give Tensor its operators and methods."""
    e = elementwise
    Tensor.__add__, Tensor.__radd__ = e.add, _reflected(e.add)
    Tensor.__sub__, Tensor.__rsub__ = e.subtract, _reflected(e.subtract)
    Tensor.__mul__, Tensor.__rmul__ = e.multiply, _reflected(e.multiply)
    Tensor.__truediv__, Tensor.__rtruediv__ = e.divide, _reflected(e.divide)
    Tensor.__pow__, Tensor.__rpow__ = e.pow, _reflected(e.pow)
    Tensor.__matmul__, Tensor.__rmatmul__ = products.matmul, _reflected(products.matmul)
    Tensor.__neg__, Tensor.__pos__, Tensor.__abs__ = e.negative, e.positive, e.abs
    Tensor.__lt__, Tensor.__le__ = e.less, e.less_equal
    Tensor.__gt__, Tensor.__ge__ = e.greater, e.greater_equal
    Tensor.__eq__, Tensor.__ne__ = e.equal, e.not_equal
    Tensor.__iadd__, Tensor.__isub__ = in_place.iadd, in_place.isub
    Tensor.__imul__, Tensor.__itruediv__ = in_place.imul, in_place.itruediv
    Tensor.__ipow__, Tensor.__imatmul__ = in_place.ipow, in_place.imatmul
    Tensor.__getitem__ = getitem
    Tensor.T, Tensor.mT = property(_t), property(shape.matrix_transpose)
    Tensor.reshape, Tensor.transpose = _reshape, _transpose
    Tensor.squeeze, Tensor.astype = shape.squeeze, astype
    Tensor.sum, Tensor.mean, Tensor.prod = reductions.sum, reductions.mean, reductions.prod
    Tensor.var, Tensor.std = reductions.var, reductions.std
    Tensor.max, Tensor.min = reductions.max, reductions.min
    Tensor.argmax, Tensor.argmin = reductions.argmax, reductions.argmin
    Tensor.any, Tensor.all = reductions.any, reductions.all
    Tensor.detach, Tensor.to, Tensor.backward = e.stop_gradient, to, backward
