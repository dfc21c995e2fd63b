"""Which operations run in a narrow dtype, which in float32, and which in float32 inside.

Each op declares it (``precision=``); without that it takes the dtype that its arguments promote
to. What is declared is PyTorch's for ``torch.autocast``: products of matrices are as good in half
precision, where tensor cores are many times as fast; sums, exponentials, norms and losses are
not. The conversion is an
operation like any other, so gradients come back in the dtype of what was converted: float32
parameters get float32 gradients.

Without autocast what is made of squares, exponentials and products of many elements is computed
in float32 where its arguments are of half precision, and given back in theirs: so are its
derivatives, of any order. (Mere sums are for the namespaces: `xgrad.backends.halves`.)
"""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from xgrad.backends.dtypes import WIDE_IDS, canonical, float16, float32, is_differentiable, is_half
from xgrad.backends.registry import BY_TYPE
from xgrad.engine.dispatch import XG
from xgrad.engine.tensor import Tensor, lowest


class Precision:
    """In which dtype an operation computes; declared with it (`xgrad.engine.declare`).

    Attributes
    ----------
    narrow : bool
        Whether autocast converts its arrays to the narrow dtype, or else to float32.
    single_inside : bool
        Whether without autocast, too, half precision is computed in float32.
    narrow_outputs : int or None
        Of several outputs, how many are in the narrow dtype of the arguments again.
    """

    __slots__ = ("narrow", "narrow_outputs", "single_inside")

    def __init__(
        self, *, narrow: bool, single_inside: bool = False, narrow_outputs: int | None = None
    ) -> None:
        self.narrow, self.single_inside = narrow, single_inside
        self.narrow_outputs = narrow_outputs


#: All other matrix products call these few: convolutions, attention, einsum, too.
NARROW = Precision(narrow=True)
WIDE = Precision(narrow=False)
#: Half precision in and out, single inside.
WIDE_INSIDE = Precision(narrow=False, single_inside=True)

#: The narrow dtype, where autocast is on.
CHOSEN: ContextVar[Any] = ContextVar("xgrad autocast", default=None)
#: The number of open contexts, in all threads: while it is 0, nothing else is checked.
OPEN = [0]


def _cast(x: Any, wanted: Any, *, narrow: bool) -> Any:
    raw = lowest(x)
    dtype = getattr(raw, "dtype", None)
    if dtype is None:
        return x
    have = canonical(dtype)
    is_low = have == float16 or have.name == "bfloat16"
    if have == wanted or not (is_low or (narrow and have == float32)):
        return x
    return XG.astype(x if type(x) is Tensor else raw, wanted)


def half_of(args: tuple[Any, ...]) -> Any:
    """Return the dtype of half precision that arguments promote to, or None."""
    found = None
    for x in args:
        dtype = None if isinstance(x, type) else getattr(lowest(x), "dtype", None)
        if id(dtype) in WIDE_IDS:
            return None
        if dtype is None or not is_differentiable(dtype):
            continue
        if not is_half(dtype) or found not in (None, canonical(dtype)):
            return None
        found = canonical(dtype)
    return found


F = TypeVar("F", bound=Callable[..., Any])


def in_single(op: F) -> F:
    """Let a function compute in float32 for arguments of half precision.

    What it returns is in half precision again, unless autocast leaves its parts in float32.
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
    """Return a primitive's function that does so, unless a library's kernels do it themselves."""

    def call(*args: Any, **params: Any) -> Any:
        half = half_of(args)
        if half is None or name in _kernels(args[0]):
            return op(*args, **params)
        out = op(*(_cast(x, float32, narrow=False) for x in args), **params)
        if type(out) is not tuple:
            return XG.astype(out, half)
        count = len(out) if narrow_outputs is None else narrow_outputs
        return (*(XG.astype(part, half) for part in out[:count]), *out[count:])

    return call


def _kernels(x: Any) -> frozenset[str]:
    backend = BY_TYPE.get(type(lowest(x)))
    return frozenset() if backend is None else backend.xp.accumulates_wide


def autocasting(op: Callable[..., Any], name: str, precision: Precision) -> Callable[..., Any]:
    """Return a function that converts its arrays first, while autocast is on."""
    narrow, original = precision.narrow, op
    if precision.single_inside:
        op = _single_inside(op, name, precision.narrow_outputs)

    @functools.wraps(original)
    def call(*args: Any, **params: Any) -> Any:
        if OPEN[0] and (chosen := CHOSEN.get()) is not None:
            wanted = chosen if narrow else float32
            args = tuple(_cast(x, wanted, narrow=narrow) for x in args)
        return op(*args, **params)

    return call
