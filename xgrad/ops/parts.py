"""Parts of an array named by basic keys: integers, slices, None, Ellipsis."""

from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.backends.namespace import selected
from xgrad.engine.batching import fill_batch, pad_rank
from xgrad.engine.constructors import jointly_linear, linear
from xgrad.ops.keys import BasicKey

Op = Any
Params = dict[str, Any]


def _prepend(key: Any) -> Any:
    return (slice(None), *key)


@linear(
    transpose=lambda xp, g, like, key: xp.scatter_basic(g, key, tuple(like.shape)),
    batch=lambda op, x, params: op(x, key=_prepend(params["key"])),
    adds_into=lambda xp, total, g, params: xp.add_basic(total, g, params["key"]),
)
def basic_index(xp: Any, x: Any, /, *, key: BasicKey) -> Any:
    """``x[key]`` for a key of integers, slices, None and one Ellipsis."""
    return xp.basic_index(x, key)


@linear(
    transpose=lambda xp, g, key: xp.basic_index(g, key),
    batch=lambda op, x, params: op(
        x, key=_prepend(params["key"]), shape=(x.shape[0], *params["shape"])
    ),
)
def scatter_basic(xp: Any, g: Any, /, *, key: BasicKey, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``g`` at the places of a basic key."""
    return xp.scatter_basic(g, key, shape)


def _batch_put(op: Op, args: Any, batched: Any, params: Params) -> Any:
    v, x = args
    if not batched[1]:
        v, x = fill_batch(args, batched)
    if batched[0]:
        v = pad_rank(v, len(selected(params["key"], x.shape[1:])))
    return op(v, x, key=_prepend(params["key"]))


@jointly_linear(
    vjps=(
        lambda xp, g, params: xp.copy_basic(g, params["key"]),
        lambda xp, g, params: xp.clear_basic(g, params["key"]),
    ),
    batch=_batch_put,
    consumes=True,
)
def basic_put(xp: Any, v: Any, x: Any, /, *, key: BasicKey) -> Any:
    """``x`` with ``v`` at the places of a spelled basic key."""
    if canonical(getattr(v, "dtype", x.dtype)) != canonical(x.dtype):
        v = xp.astype(v, canonical(x.dtype))
    return xp.put_basic(x, key, v)
