"""Which operations run in a narrow dtype, which in float32, and which in float32 inside.

The lists are PyTorch's for ``torch.autocast``: products of matrices are as good in half
precision, where tensor cores are many times as fast; sums, exponentials, norms and losses are
not. Everything else takes the dtype that its arguments promote to. The conversion is an
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

#: All products of matrices are made of these: convolutions, attention and einsum, too.
NARROW = frozenset(("affine", "lstm_scan", "matmul_transposed", "matrix_product"))
WIDE = frozenset(
    [
        *("acos", "asin", "bce", "cosh", "cross_entropy", "cumulative_prod", "cumulative_sum"),
        *("euclidean", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "log_softmax"),
        *("logsumexp", "mean", "nll", "power", "power_constant", "power_of_constant", "prod"),
        *("reciprocal", "sinh", "softmax", "standardised", "std", "sum", "tan", "var"),
        *("cholesky", "det", "decomposition", "eig", "eigenvalues_alone", "expm", "inv", "pinv"),
        *("qr", "singular", "singular_values_alone", "slogdet", "solve_matrices"),
        *("solve_triangular", "spectrum", "matrix_function", "unitary_factor"),
    ]
)

#: Half precision in and out, single inside.
INSIDE = frozenset(
    [
        *("cross_entropy", "cumulative_prod", "euclidean", "log_softmax", "logsumexp", "prod"),
        *("softmax", "standardised", "std", "var"),
    ]
)
#: Of whose outputs only the first is as narrow as the arguments.
_KEPT_WIDE = frozenset(["standardised"])

#: The narrow dtype, where autocast is on.
CHOSEN: ContextVar[Any] = ContextVar("xgrad autocast", default=None)
#: How many contexts are open, in all threads: while it is 0 nobody looks further.
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


def _single_inside(op: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a primitive's function that does so, unless a library's kernels do it themselves."""

    def call(*args: Any, **params: Any) -> Any:
        half = half_of(args)
        if half is None or name in _kernels(args[0]):
            return op(*args, **params)
        out = op(*(_cast(x, float32, narrow=False) for x in args), **params)
        if type(out) is not tuple:
            return XG.astype(out, half)
        kept = 1 if name in _KEPT_WIDE else len(out)
        return tuple(XG.astype(part, half) if i < kept else part for i, part in enumerate(out))

    return call


def _kernels(x: Any) -> frozenset[str]:
    backend = BY_TYPE.get(type(lowest(x)))
    return frozenset() if backend is None else backend.xp.accumulates_wide


def autocasting(op: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a function that converts its arrays first, while autocast is on."""
    if name not in NARROW and name not in WIDE:
        return op
    narrow = name in NARROW
    original = op
    if name in INSIDE:
        op = _single_inside(op, name)

    @functools.wraps(original)
    def call(*args: Any, **params: Any) -> Any:
        if OPEN[0] and (chosen := CHOSEN.get()) is not None:
            wanted = chosen if narrow else float32
            args = tuple(_cast(x, wanted, narrow=narrow) for x in args)
        return op(*args, **params)

    return call
