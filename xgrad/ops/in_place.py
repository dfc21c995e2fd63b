"""``x += y`` and its like: the same Python object gets a new recorded value."""

from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.engine.dispatch import backend_below, wrap
from xgrad.engine.levels import EAGER
from xgrad.engine.node import Leaf
from xgrad.engine.tensor import Tensor, lowest, recording
from xgrad.errors import AutogradError
from xgrad.ops.creation import astype
from xgrad.ops.elementwise import add, divide, multiply, pow, subtract
from xgrad.ops.products import matmul

_KINDS = "biufc"


def _kind(dtype: Any) -> int:
    return _KINDS.index(canonical(dtype).kind.replace("u", "i").replace("V", "f"))


def _in_place(symbol: str, op: Callable[[Any, Any], Tensor]) -> Callable[[Any, Any], Tensor]:
    def operator(x: Tensor, y: Any) -> Tensor:
        leaf = type(x.node) is Leaf and not x.level
        if leaf and recording(EAGER):
            raise AutogradError(
                f"{symbol}: a leaf that needs gradients cannot be changed in place while "
                f"recording; write x = x {symbol[:-1]} y, or do it under no_grad()"
            )
        out = op(x, y)
        if out.shape != x.shape:
            raise ValueError(f"{symbol}: the result has shape {out.shape}, x has {x.shape}")
        if _kind(out.dtype) > _kind(x.dtype):
            raise TypeError(f"{symbol}: cannot put {out.dtype} into a tensor of {x.dtype}")
        if out.dtype != x.dtype:
            out = astype(out, x.dtype)
        if leaf:
            x.value = backend_below(x).xp.write(x.value, lowest(out))
            x._mark_written()
            return x
        return _replace(x, out)

    operator.__doc__ = f"``x {symbol} y``, keeping the dtype and the shape of x."
    return operator


def _replace(x: Tensor, out: Tensor) -> Tensor:
    out = wrap(out)
    x.value, x.level, x.node = out.value, out.level, out.node
    return x


iadd = _in_place("+=", add)
isub = _in_place("-=", subtract)
imul = _in_place("*=", multiply)
itruediv = _in_place("/=", divide)
ipow = _in_place("**=", pow)
imatmul = _in_place("@=", matmul)
