"""Attention: means of values, weighted by how well keys match queries."""

import math
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.engine.dispatch import XG
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor
from xgrad.nn.checks import flags, is_readable, number
from xgrad.nn.functional.layers import dropout
from xgrad.nn.functional.reduction import on_device_of
from xgrad.ops.arrangement import tril
from xgrad.ops.creation import as_tensor, ones
from xgrad.ops.elementwise import add, multiply
from xgrad.ops.inspection import finfo
from xgrad.ops.linalg.matrices import holds
from xgrad.ops.products import matmul
from xgrad.ops.reductions import any
from xgrad.ops.selection import logical_not, maximum, where
from xgrad.ops.shape import reshape
from xgrad.ops.softmax import softmax
from xgrad.ops.views.kinds import matrix_transpose
from xgrad.random import Generator
from xgrad.typing import ArrayLike, SupportsArray


def attention_weights(
    query: ArrayLike, key: ArrayLike, mask: Any, scale: Any, *, all_see: bool = False
) -> Tensor:
    """``softmax(query @ keyᵀ * scale + mask)`` over the keys; 0 for queries without a visible key.

    ``all_see`` promises that every query has a visible key.
    """
    q, k = as_tensor(query), as_tensor(key)
    if q.ndim < 2 or k.ndim < 2 or q.shape[-1] != k.shape[-1]:
        raise ValueError(
            "scaled_dot_product_attention: expected query (..., L, E) and key (..., S, E), got "
            f"{q.shape} and {k.shape}"
        )
    factor = 1 / math.sqrt(max(q.shape[-1], 1)) if scale is None else scale
    scores = matmul(multiply(q, factor), matrix_transpose(k))
    if mask is None:
        return softmax(scores, axis=-1)
    m = mask if type(mask) is Tensor else on_device_of(mask, scores)
    m = m if m.ndim else reshape(m, (1,))
    is_bool = canonical(m.dtype) == canonical(bool)
    if all_see:
        return softmax(_masked(scores, m, -math.inf, is_bool), axis=-1)
    sees = any(m if is_bool else XG.greater(m, -math.inf), axis=-1, keepdims=True)
    if is_readable(sees) and not holds(logical_not(sees)):
        return softmax(_masked(scores, m, -math.inf, is_bool), axis=-1)
    # A finite number instead of -inf avoids NaN, in the backward pass, too.
    least = finfo(scores.dtype).min / 2
    weights = softmax(_masked(scores, m, least, is_bool), axis=-1)
    return where(sees, weights, 0.0)


def _masked(scores: Tensor, mask: Tensor, least: float, is_bool: bool) -> Tensor:
    if is_bool:
        return where(mask, scores, least)
    return add(scores, mask if least == -math.inf else maximum(mask, least))


def causal_mask(length: int, keys: int, like: Tensor) -> Tensor:
    """Return truth values (length, keys) that mask the keys after each query."""
    return tril(on_device_of(ones((length, keys), dtype="bool"), like))


@named
def scaled_dot_product_attention(
    query: ArrayLike,
    key: SupportsArray,
    value: SupportsArray,
    attn_mask: SupportsArray | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Any = None,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """``softmax(query @ keyᵀ / √E) @ value`` (Vaswani and others, 2017).

    Parameters
    ----------
    query : Tensor (..., L, E)
    key : Tensor (..., S, E)
    value : Tensor (..., S, V)
    attn_mask : Tensor that broadcasts to (..., L, S), optional
        Truth values, False masks a key; or numbers that are added to the scores.
    dropout_p : float
        The probability with which a weight is set to 0.
    is_causal : bool
        Whether to mask the keys after each query; excludes ``attn_mask``.
    scale : float, optional
        Replaces ``1 / √E``.

    Returns
    -------
    Tensor (..., L, V)
        0 for a query whose keys are all masked.

    Examples
    --------
    >>> import xgrad as xg
    >>> q, k, v = xg.ones((2, 3, 4)), xg.ones((2, 5, 4)), xg.ones((2, 5, 6))
    >>> xg.nn.functional.scaled_dot_product_attention(q, k, v).shape
    (2, 3, 6)
    """
    flags("scaled_dot_product_attention", is_causal=is_causal)
    number("scaled_dot_product_attention", "dropout_p", dropout_p, 0, 1)
    if scale is not None and not isinstance(scale, Tensor):
        number("scaled_dot_product_attention", "scale", scale)
    if is_causal:
        if attn_mask is not None:
            raise ValueError("scaled_dot_product_attention: pass attn_mask or is_causal, not both")
        q = as_tensor(query)
        attn_mask = causal_mask(q.shape[-2], key.shape[-2], q)
    weights = attention_weights(query, key, attn_mask, scale, all_see=is_causal)
    if dropout_p:
        weights = dropout(weights, dropout_p, generator=generator)
    return matmul(weights, value)


__all__ = ["scaled_dot_product_attention"]
