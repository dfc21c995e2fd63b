"""Which operations compute in a narrow dtype, which in float32, and which in float32 inside.

Each op declares it (``precision=``); the default is the dtype that its arguments promote to. The
declarations are PyTorch's for ``torch.autocast``: products of matrices are accurate enough in
half precision, and many times as fast on tensor cores; sums, exponentials, norms and losses are
not. The conversion is a recorded operation, so gradients have the dtype of the array before it:
float32 parameters get float32 gradients.

Without autocast, functions of squares, exponentials and products of many elements compute in
float32 if their arguments are of half precision, and round the result to that. So do their
derivatives of any order. (Plain sums are handled by the namespaces: `xgrad.backends.halves`.)
"""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from xgrad.backends.dtypes import WIDE_IDS, canonical, float16, float32, is_differentiable, is_half
from xgrad.backends.registry import BY_TYPE
from xgrad.calls import Arguments
from xgrad.engine.dispatch import XG
from xgrad.engine.tensor import Tensor, lowest


class Precision:
    """The dtype in which an operation computes.

    Attributes
    ----------
    narrow : bool
        Whether autocast converts its arrays to the narrow dtype; otherwise to float32.
    single_inside : bool
        Whether half precision is computed in float32 without autocast, too.
    narrow_outputs : int or None
        How many of several outputs are converted back to the narrow dtype of the arguments.
    """

    __slots__ = ("narrow", "narrow_outputs", "single_inside")

    def __init__(
        self, *, narrow: bool, single_inside: bool = False, narrow_outputs: int | None = None
    ) -> None:
        self.narrow, self.single_inside = narrow, single_inside
        self.narrow_outputs = narrow_outputs


#: Declared by a few products of matrices; convolutions, attention and einsum are composed of them.
NARROW = Precision(narrow=True)
WIDE = Precision(narrow=False)
#: Half precision in and out, single inside.
WIDE_INSIDE = Precision(narrow=False, single_inside=True)

#: The narrow dtype while autocast is on, or None.
CHOSEN: ContextVar[Any] = ContextVar("xgrad autocast", default=None)
#: How many autocast contexts are open, in all threads: while it is 0, `CHOSEN` is not read.
OPEN = [0]


def _cast(x: Any, target: Any, *, narrow: bool) -> Any:
    raw = lowest(x)
    dtype = getattr(raw, "dtype", None)
    if dtype is None:
        return x
    current = canonical(dtype)
    is_low = current == float16 or current.name == "bfloat16"
    if current == target or not (is_low or (narrow and current == float32)):
        return x
    return XG.astype(x if type(x) is Tensor else raw, target)


def half_of(args: tuple[Any, ...]) -> Any:
    """Return the half-precision dtype that all arguments have, or None."""
    common = None
    for x in args:
        dtype = None if isinstance(x, type) else getattr(lowest(x), "dtype", None)
        if id(dtype) in WIDE_IDS:
            return None
        if dtype is None or not is_differentiable(dtype):
            continue
        if not is_half(dtype) or common not in (None, canonical(dtype)):
            return None
        common = canonical(dtype)
    return common


F = TypeVar("F", bound=Callable[..., Any])


def in_single(op: F) -> F:
    """Make a function compute in float32 for arguments of half precision.

    The result is of half precision again, unless autocast is on.
    """

    @functools.wraps(op)
    def call(*args: Any, **params: Any) -> Any:
        half = half_of((*args, *params.values()))
        if half is None or (OPEN[0] and CHOSEN.get() is not None):
            return op(*args, **params)
        params = {name: _cast(x, float32, narrow=False) for name, x in params.items()}
        return XG.astype(op(*(_cast(x, float32, narrow=False) for x in args), **params), half)

    return cast("F", call)


def _single_inside(
    op: Callable[..., Any], name: str, narrow_outputs: int | None
) -> Callable[..., Any]:
    """Do the same for a primitive's function, unless the library accumulates in float32 itself."""

    def call(*args: Any, **params: Any) -> Any:
        half = half_of(args)
        if half is None or params.get("dtype") or name in _accumulates_wide(args[0]):
            return op(*args, **params)
        out = op(*(_cast(x, float32, narrow=False) for x in args), **params)
        if type(out) is not tuple:
            return XG.astype(out, half)
        count = len(out) if narrow_outputs is None else narrow_outputs
        return (*(XG.astype(part, half) for part in out[:count]), *out[count:])

    return call


def _accumulates_wide(x: Any) -> frozenset[str]:
    backend = BY_TYPE.get(type(lowest(x)))
    return frozenset() if backend is None else backend.xp.accumulates_wide


def autocasting(
    op: Callable[..., Any], name: str, precision: Precision, arguments: Arguments
) -> Callable[..., Any]:
    """Return a function that converts its arrays while autocast is on."""
    narrow, original = precision.narrow, op
    if precision.single_inside:
        op = _single_inside(op, name, precision.narrow_outputs)

    least = arguments.least

    @functools.wraps(original)
    def call(*args: Any, **params: Any) -> Any:
        if len(args) < least:
            args, params = arguments.arrays_by_name(args, params)
        if OPEN[0] and (chosen := CHOSEN.get()) is not None:
            target = chosen if narrow else float32
            args = tuple(_cast(x, target, narrow=narrow) for x in args)
        return op(*args, **params)

    return call
