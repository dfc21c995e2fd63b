"""Tensors as Python numbers: ``float(x)``, ``x.item()``, ``f"{x:.3f}"``, ``round(x)``.

A number cannot carry a derivative. While a derivative is computed, converting a tensor to a number
raises, so that no part of a gradient is lost silently. `item`, `bool` and printing are allowed, for
control flow and logging.
"""

import math
from typing import Any

from xgrad.backends.dtypes import is_differentiable
from xgrad.engine.declare import function
from xgrad.engine.host_reads import read
from xgrad.engine.levels import EAGER
from xgrad.engine.refusals import CALLERS, sets_item, warn
from xgrad.engine.tensor import Tensor, follower, is_batched, lowest
from xgrad.engine.views import refresh
from xgrad.errors import AutogradError
from xgrad.ops.arguments import element_key
from xgrad.ops.elementwise import divide, multiply
from xgrad.ops.reductions import any as any_
from xgrad.ops.rounding import round as round_
from xgrad.ops.views.reading import getitem

# -- checks ------------------------------------------------------------------------------------


def _check_untracked(function: str, x: Tensor) -> None:
    """Raise (or warn, on the eager tape) if converting a tensor would lose a derivative."""
    level = follower(x)
    if level is None or CALLERS[0].decides():
        return
    if (message := CALLERS[0].refusal("makes a Python number of it")) is not None:
        raise AutogradError(message)
    if level is EAGER:
        if sets_item():  # an ndarray's, which calls float()
            raise AutogradError(
                "setting an item of an array: the tensor needs gradients, and a NumPy array cannot "
                "carry them. Make the array with xgrad.zeros or np.zeros(..., like=tensor); inside "
                "a transform, with import xgrad.numpy as np. If no derivative is intended, set "
                "t.item()"
            )
        warn(
            f"{function}() of a tensor that needs gradients drops them; "
            "use item() or detach() if that is intended (to write it into an ndarray: "
            "import xgrad.numpy as np, or make the array with np.zeros(..., like=tensor))",
            UserWarning,
        )
        return
    level.check_alive(function)
    raise AutogradError(
        f"{function}: {level.transform}() follows this tensor, and a Python number or a NumPy "
        "array cannot carry its derivative. Keep it a Tensor: import xgrad.numpy as np, "
        "whose np.array and np.zeros take Tensors, or use xgrad.asarray and xgrad.zeros; "
        "xgrad.sin for math.sin. If no derivative is intended, use "
        "xgrad.stop_gradient(x); to read or to branch on a value, x.item()"
    )


def _host(function: str, x: Tensor) -> Any:
    """Return the array on the host."""
    if is_batched(x):
        raise AutogradError(
            f"{function}: inside vmap() a tensor stands for every example at once, so "
            "Python cannot read or branch on its value; use xgrad.where(condition, a, b), and "
            "import xgrad.numpy as np for arrays that it can be written into"
        )
    backend = x.backend
    if backend.abstract:
        raise AutogradError(f"{function}: the value is not known while {backend.name} traces")
    return read(backend, lowest(x), function)


def _number(function: str, x: Tensor, differentiable: bool = True) -> Any:
    """Return the only element, on the host."""
    if differentiable and not is_batched(x):
        _check_untracked(function, x)
    if x.size != 1:
        hint = "; use xgrad.any() or xgrad.all()" if function == "bool" else ""
        raise TypeError(f"{function}: expected one element, got a tensor of shape {x.shape}{hint}")
    return _host(function, x).item()


# -- conversions that must not lose a derivative -----------------------------------------------


@function(method="__float__")
def to_float(x: Tensor) -> float:
    """Return the only element as a float; raises where a transform follows the tensor."""
    return float(_number("float", x))


@function(method="__int__")
def to_int(x: Tensor) -> int:
    """Return the only element as an int; raises where a transform follows the tensor."""
    return int(_number("int", x))


@function(method="__complex__")
def to_complex(x: Tensor) -> complex:
    """Return the only element as a complex; raises where a transform follows the tensor."""
    return complex(_number("complex", x))


@function(method="__index__")
def to_index(x: Tensor) -> int:
    """Return the only element as an index; the dtype must be an integer dtype."""
    if x.dtype.kind not in "iu":
        raise TypeError(f"index: expected an integer tensor, got dtype {x.dtype}")
    return int(_number("index", x))


@function(method="__floor__")
def floor(x: Tensor) -> int:
    """Return ``math.floor(x)``; raises where a transform follows the tensor."""
    number: float = _number("math.floor", x)
    return math.floor(number)


@function(method="__ceil__")
def ceil(x: Tensor) -> int:
    """Return ``math.ceil(x)``; raises where a transform follows the tensor."""
    number: float = _number("math.ceil", x)
    return math.ceil(number)


@function(method="__trunc__")
def trunc(x: Tensor) -> int:
    """Return ``math.trunc(x)``; raises where a transform follows the tensor."""
    number: float = _number("math.trunc", x)
    return math.trunc(number)


@function(method=True)
def tolist(x: Tensor) -> Any:
    """Return the elements as nested Python lists; raises where a transform follows the tensor.

    On the eager tape it is allowed, like `item`.
    """
    if not is_batched(x) and follower(x) is not EAGER:
        _check_untracked("tolist", x)
    return _host("tolist", x).tolist()


# -- conversions for control flow and logging --------------------------------------------------


@function(method=True)
def item(x: Tensor, *args: Any) -> Any:
    """Return one element as a Python number (on a GPU this waits for the result).

    ``x.item()`` is the only element, ``x.item(3)`` the fourth one in row-major order,
    ``x.item(0, 1)`` that at these indices. The number carries no derivative: it is for logging and
    control flow.
    """
    if args:
        x = getitem(x, element_key("item", args, x.shape))
    if x.size != 1:
        raise ValueError(f"item: expected one element, got a tensor of shape {x.shape}")
    return _host("item", x).item()


@function(method="__bool__")
def to_bool(x: Tensor) -> bool:
    """Return whether the only element is true, for control flow."""
    return bool(_number("bool", x, differentiable=False))


@function(method="__contains__")
def contains(x: Tensor, value: Any) -> bool:
    """Whether an element equals a value, as in NumPy."""
    equal = x == value
    return bool(any_(equal)) if type(equal) is Tensor else bool(equal)


@function(method="__format__")
def formatted(x: Tensor, spec: str) -> str:
    """Return ``format(x, spec)``: one element as a number, anything else as its `repr`."""
    if not spec or x.shape:
        try:
            return format(str(x), spec)
        except ValueError:
            raise ValueError(
                f"format: {spec!r} is for one number, got an array of shape {tuple(x.shape)}"
            ) from None
    if is_batched(x) or x.backend.abstract:  # there are no numbers to format
        return str(x)
    return format(item(x), spec)


# -- Python's functions of numbers that return tensors -----------------------------------------


@function(method="__round__")
def rounded(x: Tensor, ndigits: int | None = None) -> Tensor:
    """Round to a number of decimals, as NumPy's round does; the derivative is 0."""
    if not ndigits or not is_differentiable(lowest(refresh(x)).dtype):
        return round_(x)
    scale = 10.0**ndigits
    return divide(round_(multiply(x, scale)), scale)
