"""How the elements of a tensor are in memory: steps along axes, and orders by NumPy's letters."""

from typing import Any

from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.views import view_of
from xgrad.ops.views import kinds


def steps(x: Tensor) -> tuple[int, ...]:
    """Return the bytes between neighbours along each axis, where the library has them."""
    known = getattr(lowest(x), "strides", None) if view_of(x) is None else None
    if isinstance(known, tuple) and len(known) >= x.ndim:
        return known[len(known) - x.ndim :]
    strides = kinds.strides_of(x)
    if strides is None:  # a view that strides do not describe: a new array
        strides = kinds.row_major(x.shape)
    return tuple(x.dtype.itemsize * n for n in strides)


def memory_axes(function: str, x: Tensor, order: Any, allowed: str = "CFAK") -> tuple[int, ...]:
    """Return the axes from the slowest to the fastest in an order, "C", "F", "A" or "K"."""
    if order not in tuple(allowed):
        number = isinstance(order, int)  # PyTorch's first argument of flatten
        hint = f"; use reshape to merge axes: x.reshape(*x.shape[:{order}], -1)" if number else ""
        error = ValueError if isinstance(order, str) else TypeError
        raise error(
            f"{called(function)}: order must be one of {', '.join(allowed)}, got {order!r}{hint}"
        )
    axes = tuple(range(x.ndim))
    if order in "AK":
        strides = steps(x)
        by_memory = tuple(sorted(axes, key=lambda i: -abs(strides[i])))
        if order == "K":
            return by_memory
        long = [i for i in by_memory if x.shape[i] != 1]
        order = "F" if len(long) > 1 and long == sorted(long, reverse=True) else "C"
    return axes[::-1] if order == "F" else axes
