"""Mixed precision: which operations run in a narrow dtype, and which in float32.

The lists are PyTorch's for ``torch.autocast``: products of matrices are as good in half
precision, where tensor cores are many times as fast; sums, exponentials, norms and losses are
not. Everything else takes the dtype that its arguments promote to. The conversion is an
operation like any other, so gradients come back in the dtype of what was converted: float32
parameters get float32 gradients.
"""

import functools
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from xgrad.backends.dtypes import canonical, float16, float32
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
        *("solve_triangular", "spectrum"),
    ]
)

#: The narrow dtype, where autocast is on.
CHOSEN: ContextVar[Any] = ContextVar("xgrad autocast", default=None)
#: How many contexts are open, in all threads: while it is 0 nobody looks further.
OPEN = [0]


def _cast(x: Any, wanted: Any, narrow: bool) -> Any:
    raw = lowest(x)
    dtype = getattr(raw, "dtype", None)
    if dtype is None:
        return x
    have = canonical(dtype)
    is_low = have == float16 or have.name == "bfloat16"
    if have == wanted or not (is_low or (narrow and have == float32)):
        return x
    return XG.astype(x if type(x) is Tensor else raw, wanted)


def autocasting(op: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a function that converts its arrays first, while autocast is on."""
    if name not in NARROW and name not in WIDE:
        return op
    narrow = name in NARROW

    @functools.wraps(op)
    def call(*args: Any, **params: Any) -> Any:
        if OPEN[0] and (chosen := CHOSEN.get()) is not None:
            wanted = chosen if narrow else float32
            args = tuple(_cast(x, wanted, narrow) for x in args)
        return op(*args, **params)

    return call
