"""Inner products, with NumPy's arguments."""

from xgrad.backends.dtypes import is_complex
from xgrad.engine.declare import function
from xgrad.engine.tensor import Tensor
from xgrad.ops import products
from xgrad.ops.complex import conj
from xgrad.ops.creation import as_tensor
from xgrad.ops.elementwise import multiply
from xgrad.ops.shape import reshape
from xgrad.typing import ArrayLike

__all__ = ["inner", "vdot"]


@function(numpy="inner")
def inner(a: ArrayLike, b: ArrayLike, /) -> Tensor:
    """Sums of products along the last axes, for all pairs of vectors; nothing is conjugated.

    See Also
    --------
    xgrad.vecdot : Products of corresponding vectors; conjugates the first.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.inner(xg.asarray([[1.0, 2.0], [3.0, 4.0]]), xg.asarray([1.0, 1.0]))
    Tensor([3., 7.])
    """
    x, y = as_tensor(a, like=b), as_tensor(b, like=a)
    if not x.ndim or not y.ndim:
        return multiply(x, y)
    return products.tensordot(x, y, axes=((x.ndim - 1,), (y.ndim - 1,)))


@function(numpy="vdot")
def vdot(a: ArrayLike, b: ArrayLike, /) -> Tensor:
    """Sum of products of all elements; those of the first array are conjugated.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.vdot(xg.asarray([1.0j, 2.0]), xg.asarray([1.0j, 1.0]))
    Tensor(3.+0.j)
    """
    x, y = reshape(as_tensor(a, like=b), (-1,)), reshape(as_tensor(b, like=a), (-1,))
    if x.shape != y.shape:
        raise ValueError(f"vdot: sizes differ: {x.shape[0]} and {y.shape[0]}")
    return products.matmul(conj(x) if is_complex(x.dtype) else x, y)
