"""Stateless layers as functions: linear maps, embeddings, dropout."""

from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.backends.namespace import Namespace
from xgrad.engine.constructors import general
from xgrad.engine.constructors import linear as linear_op
from xgrad.engine.dispatch import XG, namespace, recorded
from xgrad.engine.primitive import Params
from xgrad.engine.randomness import batched_over
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor, lowest
from xgrad.nn.checks import flags, in_range, number, whole
from xgrad.nn.functional.reduction import on_device_of
from xgrad.ops.contraction import einsum
from xgrad.ops.creation import as_tensor
from xgrad.ops.elementwise import add
from xgrad.ops.products import affine, matmul_transposed
from xgrad.ops.selection import one_hot as _one_hot
from xgrad.ops.selection import stop_gradient, where
from xgrad.ops.shape import reshape
from xgrad.ops.views.take import take
from xgrad.random import Generator, default_generator
from xgrad.typing import ArrayLike, Value


@named
def linear(input: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None) -> Tensor:
    """``input @ weightᵀ + bias``: (..., n_in), (n_out, n_in), (n_out) to (..., n_out)."""
    input = input if type(input) is Tensor else as_tensor(input)
    weight = weight if type(weight) is Tensor else as_tensor(weight)
    bias = bias if bias is None or type(bias) is Tensor else as_tensor(bias)
    shape, sizes = input.shape, weight.shape
    if len(sizes) != 2:
        raise ValueError(f"linear: expected a weight (n_out, n_in), got {sizes}")
    if bias is not None and bias.shape != sizes[:1]:
        raise ValueError(f"linear: expected a bias {sizes[:1]}, got {bias.shape}")
    if not shape or shape[-1] != sizes[1]:
        raise ValueError(
            f"linear: expected input (..., {sizes[1]}) for weight {sizes}, got {shape}"
        )
    x = reshape(input, (1, *shape)) if len(shape) == 1 else input
    out = matmul_transposed(x, weight) if bias is None else affine(x, weight, bias)
    return reshape(out, sizes[:1]) if len(shape) == 1 else out


@named
def bilinear(
    input1: ArrayLike, input2: ArrayLike, weight: ArrayLike, bias: ArrayLike | None = None
) -> Tensor:
    """``x1ᵀ W[o] x2 + b[o]``: (..., m), (..., n), (o, m, n), (o) to (..., o)."""
    x1, x2, weight = as_tensor(input1), as_tensor(input2), as_tensor(weight)
    bias = bias if bias is None else as_tensor(bias)
    if weight.ndim != 3:
        raise ValueError(f"bilinear: expected a weight (o, m, n), got {weight.shape}")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"bilinear: expected a bias {weight.shape[:1]}, got {bias.shape}")
    sizes = (*x1.shape[-1:], *x2.shape[-1:])
    if x1.shape[:-1] != x2.shape[:-1] or sizes != weight.shape[1:]:
        raise ValueError(
            f"bilinear: expected inputs (..., {weight.shape[1]}) and (..., {weight.shape[2]}) "
            f"for weight {weight.shape}, got {x1.shape} and {x2.shape}"
        )
    out = einsum("...i,oij,...j->...o", x1, weight, x2)
    return out if bias is None else add(out, bias)


@named
def embedding(input: ArrayLike, weight: ArrayLike, padding_idx: int | None = None) -> Tensor:
    """Rows of a table: integers (...), weight (count, n) to (..., n).

    The row ``padding_idx`` does not get a gradient.
    """
    table = as_tensor(weight)
    indices = input if type(input) is Tensor else on_device_of(input, table)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"embedding: expected integers, got {indices.dtype}")
    if table.ndim != 2:
        raise ValueError(f"embedding: expected a weight (count, n), got {table.shape}")
    if padding_idx is not None:
        index = whole("embedding", "padding_idx", padding_idx)
        if not -table.shape[0] <= index < table.shape[0]:
            raise ValueError(
                f"embedding: padding_idx {index} is out of range for {table.shape[0]} rows"
            )
    in_range("embedding", "indices", indices, table.shape[0])
    rows = take(table, reshape(indices, (-1,)), axis=0)
    rows = reshape(rows, (*indices.shape, table.shape[1]))
    if padding_idx is None:
        return rows
    padding = padding_idx % table.shape[0]
    mask = reshape(XG.equal(indices, padding), (*indices.shape, 1))
    return where(mask, stop_gradient(rows), rows)


@named
def one_hot(input: ArrayLike, num_classes: int = -1) -> Tensor:
    """Integers (...) to (..., num_classes), with 1 at each class; -1 infers num_classes."""
    classes = as_tensor(input)
    if classes.dtype.kind not in "iu":
        raise TypeError(f"one_hot: expected integers, got {classes.dtype}")
    if whole("one_hot", "num_classes", num_classes, -1) == -1:
        if 0 in classes.shape:
            raise ValueError(
                "one_hot: expected num_classes, which cannot be inferred without classes"
            )
        num_classes = int(XG.max(classes)) + 1
    in_range("one_hot", "classes", classes, num_classes)
    return _one_hot(classes, count=num_classes).astype("int64")


@named
def dropout(
    input: ArrayLike, p: float = 0.5, training: bool = True, *, generator: Generator | None = None
) -> Tensor:
    """Set elements to 0 with probability ``p`` and scale the rest by ``1 / (1 - p)``.

    See Also
    --------
    xgrad.nn.Dropout : A module, which does so in training alone.
    """
    number("dropout", "p", p, 0, 1)
    flags("dropout", training=training)
    x = as_tensor(input)
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0.0
    chosen = default_generator() if generator is None else generator
    if not isinstance(chosen, Generator):
        raise TypeError(f"dropout: expected a Generator, got {type(chosen).__name__}")
    key, block, levels = chosen.reserve_like(x, "dropout")
    if not levels:
        return _dropout(x, key=key, block=block, p=p, shape=x.shape)
    xp, raw = x.backend.xp, lowest(x)
    lengths: Any = tuple(level.size for level in levels)
    examples = xp.zeros(lengths, dtype=canonical("bool"), device=xp.device(raw))
    batch = batched_over(levels, examples)
    return _dropout_each(x, batch, key=key, block=block, p=p, shape=x.shape)


def _dropped_batch(op: Callable[..., Any], x: Value, params: Params) -> Any:
    return op(x, **params)  # the mask has the shape of one example, and all examples share it


def _dropped_again(
    xp: Namespace, g: Value, key: tuple[int, int], block: int, p: float, shape: tuple[int, ...]
) -> Value:
    return recorded(_dropout, g, key=key, block=block, p=p, shape=shape)


@linear_op(transpose=_dropped_again, batch=_dropped_batch)
def _dropout(
    xp: Namespace,
    x: Value,
    /,
    *,
    key: tuple[int, int],
    block: int,
    p: float,
    shape: tuple[int, ...],
) -> Value:
    """Set elements to 0 with probability p, scale the rest; the mask is recomputed, not stored."""
    return xp.kernels.dropout(x, key, block, p, shape)


# -- under vmap(randomness="different") --------------------------------------------------------


def _batch_each(
    op: Callable[..., Any], args: tuple[Value, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    """Align the batch axes of the examples in front of the axes of the mask."""
    x, batch = args
    of_x = len(x.shape) - batched[0] - len(params["shape"])
    of_batch = len(batch.shape) - batched[1]
    if batched[0]:
        x = _widened(x, of_batch - of_x)
    if batched[1]:
        batch = _widened(batch, of_x - of_batch)
    return op(x, batch, **params)


def _widened(x: Any, missing: int) -> Any:
    """Insert axes of length 1 after the first axis."""
    if missing <= 0:
        return x
    return namespace(x).reshape(x, (x.shape[0], *(1,) * missing, *x.shape[1:]))


def _each_again(
    xp: Namespace,
    g: Value,
    batch: Value,
    key: tuple[int, int],
    block: int,
    p: float,
    shape: tuple[int, ...],
) -> Value:
    return recorded(_dropout_each, g, batch, key=key, block=block, p=p, shape=shape)


@general(vjps=(_each_again, None), jvps=(_each_again, None), batch=_batch_each)
def _dropout_each(
    xp: Namespace,
    x: Value,
    batch: Value,
    /,
    *,
    key: tuple[int, int],
    block: int,
    p: float,
    shape: tuple[int, ...],
) -> Value:
    """Dropout with a separate mask for each example; ``batch`` has the axes of the examples."""
    return xp.kernels.dropout(x, key, block, p, (*batch.shape, *shape))


__all__ = ["bilinear", "dropout", "embedding", "linear", "one_hot"]
