"""How ops batch: the rules of `vmap` that the constructors derive.

Batched values have the batch on axis 0. Helpers whose names start with ``shift`` change
the parameters of an op, so that it leaves that axis alone.
"""

from collections.abc import Callable
from typing import Any

from xgrad.engine.dispatch import backend_below, namespace
from xgrad.engine.primitive import Batch, Params
from xgrad.engine.refusals import called
from xgrad.errors import AxisError

Op = Callable[..., Any]
Batching = Callable[[Op, Any, Params], Any]


def _rank(x: Any) -> int:
    return len(getattr(x, "shape", ()))


def pad_rank(x: Any, rank: int) -> Any:
    """Give a batched value ``rank`` logical axes: insert axes of length 1 after the batch axis."""
    missing = rank + 1 - _rank(x)
    if missing <= 0:
        return x
    shape = tuple(x.shape)
    return namespace(x).reshape(x, (shape[0], *(1,) * missing, *shape[1:]))


def batch_elementwise(
    op: Op, args: tuple[Any, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    """Line up the logical axes and let broadcasting do the rest."""
    ranks = []
    for x, b in zip(args, batched, strict=True):
        ranks.append(len(getattr(x, "shape", ())) - b)
    if min(ranks) == (rank := max(ranks)):
        return op(*args, **params)
    padded = (pad_rank(x, rank) if b else x for x, b in zip(args, batched, strict=True))
    return op(*padded, **params)


def batch_core(core: str) -> Batch:
    """Return the batching rule of an op that broadcasts the axes before its core axes."""
    inputs = core.partition("->")[0].replace(" ", "")
    core_ranks = [len(part.strip("()").split(",")) for part in inputs.split("),(")]

    def batch(op: Op, args: tuple[Any, ...], batched: tuple[bool, ...], params: Params) -> Any:
        loop_rank = max(
            _rank(x) - b - core for x, b, core in zip(args, batched, core_ranks, strict=True)
        )
        padded = (
            pad_rank(x, loop_rank + core) if b else x
            for x, b, core in zip(args, batched, core_ranks, strict=True)
        )
        return op(*padded, **params)

    return batch


def shift_axis(op: Op, x: Any, params: Params) -> Any:
    """Shift the parameter ``axis`` (None: all of them) past the batch axis."""
    axis, rank = params["axis"], _rank(x) - 1
    for a in () if axis is None else axis if isinstance(axis, tuple) else (axis,):
        if not -rank <= a < rank and (rank or not -1 <= a < 1):  # NumPy allows -1 and 0 for numbers
            raise AxisError(f"{called('vmap')}: axis {a} is out of bounds for {rank} dimensions")
    if not rank and axis is not None:
        shifted: Any = ()
    elif axis is None:
        shifted = tuple(range(1, rank + 1))
    elif isinstance(axis, tuple):
        shifted = tuple(a % rank + 1 for a in axis)
    else:
        shifted = axis % rank + 1
    return op(x, **{**params, "axis": shifted})


def batch_shift_axis(
    op: Op, args: tuple[Any, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    """`shift_axis` for ops of one array that are not linear."""
    return shift_axis(op, args[0], params)


def fill_batch(args: tuple[Any, ...], batched: tuple[bool, ...]) -> list[Any]:
    """Give every argument the batch axis."""
    first = next(x for x, b in zip(args, batched, strict=True) if b)

    def broadcast(x: Any) -> Any:
        if not hasattr(x, "shape"):  # a Python number, for a library that takes them
            x = backend_below(first).xp.asarray(x)
        return namespace(x).broadcast_to(x, (first.shape[0], *x.shape))

    return [x if b else broadcast(x) for x, b in zip(args, batched, strict=True)]
