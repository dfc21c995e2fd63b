"""Multi-head attention and the transformer's encoder layer, with PyTorch's parameters."""

import math
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from xgrad.backends.dtypes import canonical, parameter_dtype
from xgrad.engine.tensor import Tensor
from xgrad.nn import functional, init
from xgrad.nn.checks import number, whole, whole_of
from xgrad.nn.construction import named_by_layer
from xgrad.nn.containers import ModuleList
from xgrad.nn.functional.attention import attention_weights, causal_mask
from xgrad.nn.functional.reduction import on_device_of
from xgrad.nn.layers import Dropout, Linear
from xgrad.nn.module import Module
from xgrad.nn.normalization import LayerNorm
from xgrad.nn.parameter import Parameter
from xgrad.ops.creation import as_tensor, zeros
from xgrad.ops.elementwise import add
from xgrad.ops.products import matmul
from xgrad.ops.reductions import mean
from xgrad.ops.selection import where
from xgrad.ops.shape import permute_dims, reshape
from xgrad.ops.views.kinds import swapaxes
from xgrad.ops.views.reading import getitem
from xgrad.random import Generator


def additive(mask: Any, like: Tensor) -> Tensor:
    """Return an additive mask: -inf where a truth value masks a key."""
    m = mask if type(mask) is Tensor else on_device_of(mask, like)
    if canonical(m.dtype) != canonical(bool):
        return m
    none = on_device_of(zeros((), dtype=like.dtype), like)
    return where(m, -math.inf, none)


class MultiheadAttention(Module):
    """Multi-head attention: several attentions in parallel, each over a part of the features.

    Parameters
    ----------
    embed_dim : int
        The number of features E of queries and outputs, a multiple of ``num_heads``.
    num_heads : int
    dropout : float
        The dropout probability of the weights.
    bias : bool
    kdim, vdim : int, optional
        The numbers of features of keys and values; by default E.
    batch_first : bool
        Whether sequences are (N, L, E) instead of (L, N, E).

    Examples
    --------
    >>> import xgrad as xg
    >>> layer = xg.nn.MultiheadAttention(8, 2, batch_first=True)
    >>> x = xg.ones((3, 5, 8), dtype=xg.float32)
    >>> out, weights = layer(x, x, x)
    >>> out.shape, weights.shape
    ((3, 5, 8), (3, 5, 5))
    """

    in_proj_weight: Tensor | None
    in_proj_bias: Tensor | None
    q_proj_weight: Tensor | None
    k_proj_weight: Tensor | None
    v_proj_weight: Tensor | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        dtype: Any = None,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        whole_of("MultiheadAttention", least=1, embed_dim=embed_dim, num_heads=num_heads)
        number("MultiheadAttention", "dropout", dropout, 0, 1)
        if embed_dim % num_heads:
            raise ValueError(
                f"MultiheadAttention: {embed_dim} features cannot be split into {num_heads} heads"
            )
        self.embed_dim, self.num_heads, self.dropout = embed_dim, num_heads, dropout
        self.kdim = whole("MultiheadAttention", "kdim", embed_dim if kdim is None else kdim, 1)
        self.vdim = whole("MultiheadAttention", "vdim", embed_dim if vdim is None else vdim, 1)
        self.batch_first, self.generator = batch_first, generator
        dtype = parameter_dtype() if dtype is None else dtype
        options: dict[str, Any] = {"dtype": dtype, "device": device}
        same = self.kdim == self.vdim == embed_dim
        shapes = {"in_proj_weight": (3 * embed_dim, embed_dim) if same else None} | {
            f"{name}_proj_weight": None if same else (embed_dim, width)
            for name, width in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim))
        }
        for name, shape in shapes.items():
            self.register_parameter(name, None)
            if shape is not None:
                weight = Parameter(zeros(shape, **options))
                init.xavier_uniform_(weight, generator=generator)
                self.register_parameter(name, weight)
        self.register_parameter("in_proj_bias", None)
        if bias:
            self.in_proj_bias = Parameter(zeros((3 * embed_dim,), **options))
        self.out_proj = Linear(embed_dim, embed_dim, bias, generator=generator, **options)
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        size, inputs = self.embed_dim, (query, key, value)
        weight, bias = self.in_proj_weight, self.in_proj_bias
        if weight is not None and query is key is value:  # one matrix product for all three
            whole = functional.linear(query, weight, bias)
            return [getitem(whole, (..., slice(i * size, (i + 1) * size))) for i in range(3)]
        weights: list[Any] = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        if weight is not None:
            weights = [getitem(weight, slice(i * size, (i + 1) * size)) for i in range(3)]
        biases: list[Any] = [None] * 3
        if bias is not None:
            biases = [getitem(bias, slice(i * size, (i + 1) * size)) for i in range(3)]
        return [functional.linear(x, w, b) for x, w, b in zip(inputs, weights, biases, strict=True)]

    def _heads(self, x: Tensor) -> Tensor:
        """Reshape (N, L, E) to (N, heads, L, E / heads)."""
        count, length, _ = x.shape
        return permute_dims(reshape(x, (count, length, self.num_heads, -1)), (0, 2, 1, 3))

    @named_by_layer
    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Compute the attention.

        Parameters
        ----------
        query, key, value : Tensor (L, N, E), (S, N, kdim), (S, N, vdim)
            Without a batch, N is left out; with ``batch_first``, (N, L, E).
        key_padding_mask : Tensor (N, S), optional
            True masks a key; or numbers to add. A query whose keys are all masked gets 0.
        need_weights : bool
            Whether to return the weights, too.
        attn_mask : Tensor (L, S) or (N * heads, L, S), optional
            True masks a key (as in PyTorch, the opposite of
            `nn.functional.scaled_dot_product_attention`); or numbers to add.
        average_attn_weights : bool
            Whether to average the weights over the heads.
        is_causal : bool
            Whether to mask the keys after each query.

        Returns
        -------
        output : Tensor, shaped like the query
        weights : Tensor (N, L, S) or (N, heads, L, S), or None
        """
        same = query is key is value
        q = as_tensor(query)
        k, v = (q, q) if same else (as_tensor(key), as_tensor(value))
        alone = q.ndim == 2
        if q.ndim not in (2, 3) or k.ndim != q.ndim or v.ndim != q.ndim:
            raise ValueError(
                f"MultiheadAttention: expected 2 or 3 axes, got {q.shape}, {k.shape}, {v.shape}"
            )
        if alone or not self.batch_first:
            turned = [reshape(x, (1, *x.shape)) if alone else swapaxes(x, 0, 1) for x in (q, k, v)]
            q, k, v = (turned[0],) * 3 if same else turned
        count, length = q.shape[:2]
        mask = self._mask(q, k, key_padding_mask, attn_mask, is_causal)
        q, k, v = map(self._heads, self._projected(q, k, v))
        hidden = key_padding_mask is not None or attn_mask is not None
        weights = attention_weights(q, k, mask, None, all_see=not hidden)
        used = weights
        if self.dropout and self.training:
            used = functional.dropout(weights, self.dropout, generator=self.generator)
        out = reshape(permute_dims(matmul(used, v), (0, 2, 1, 3)), (count, length, -1))
        out = self.out_proj(out)
        seen = None
        if need_weights:
            seen = mean(used, axis=1) if average_attn_weights else used
            seen = reshape(seen, seen.shape[1:]) if alone else seen
        if alone:
            return reshape(out, out.shape[1:]), seen
        return (out if self.batch_first else swapaxes(out, 0, 1)), seen

    def _mask(self, q: Tensor, k: Tensor, padding: Any, mask: Any, is_causal: bool) -> Any:
        """Return one mask that broadcasts to (N, heads, L, S), or None."""
        count, length, keys = q.shape[0], q.shape[1], k.shape[1]
        total = None
        if is_causal and mask is None:
            total = causal_mask(length, keys, q)
            if padding is None:
                return total
            total = where(total, on_device_of(zeros((), dtype=q.dtype), q), -math.inf)
        if mask is not None:
            total = additive(mask, q)
            if total.shape not in ((length, keys), (count * self.num_heads, length, keys)):
                raise ValueError(
                    f"MultiheadAttention: expected attn_mask {(length, keys)} or "
                    f"{(count * self.num_heads, length, keys)}, got {total.shape}"
                )
            if total.ndim == 3:
                total = reshape(total, (count, self.num_heads, length, keys))
        if padding is not None:
            hidden = additive(padding, q)
            if hidden.shape not in ((count, keys), (keys,)):
                raise ValueError(
                    f"MultiheadAttention: expected key_padding_mask {(count, keys)}, "
                    f"got {hidden.shape}"
                )
            hidden = reshape(hidden, (-1, 1, 1, keys))
            total = hidden if total is None else add(total, hidden)
        return total

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.embed_dim}, {self.num_heads}, batch_first={self.batch_first}"


_ACTIVATIONS: dict[str, Callable[[Any], Tensor]] = {
    "relu": functional.relu,
    "gelu": functional.gelu,
}


class TransformerEncoderLayer(Module):
    """Self-attention and two linear layers, each with a residual and a layer norm.

    Parameters
    ----------
    d_model, nhead, dim_feedforward : int
    dropout : float
    activation : {"relu", "gelu"} or function
    layer_norm_eps : float
    batch_first : bool
    norm_first : bool
        Whether to normalize the input of each part instead of its residual sum.
    bias : bool

    Examples
    --------
    >>> import xgrad as xg
    >>> layer = xg.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> layer(xg.ones((3, 5, 8), dtype=xg.float32)).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Any], Tensor] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        *,
        dtype: Any = None,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        if isinstance(activation, str) and activation not in _ACTIVATIONS:
            raise ValueError(
                f"TransformerEncoderLayer: activation must be 'relu', 'gelu' or a function, "
                f"got {activation!r}"
            )
        options: dict[str, Any] = {"dtype": dtype, "device": device}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, bias, batch_first=batch_first, generator=generator, **options
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias, generator=generator, **options)
        self.dropout = Dropout(dropout, generator=generator)
        self.linear2 = Linear(dim_feedforward, d_model, bias, generator=generator, **options)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, **options)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, **options)
        self.dropout1 = Dropout(dropout, generator=generator)
        self.dropout2 = Dropout(dropout, generator=generator)
        self.activation = _ACTIVATIONS[activation] if isinstance(activation, str) else activation

    @named_by_layer
    def forward(
        self,
        src: Any,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Encode (L, N, E), (L, E), or with ``batch_first`` (N, L, E)."""
        x = as_tensor(src)

        def attend(y: Tensor) -> Any:
            out, _ = self.self_attn(
                y, y, y, src_key_padding_mask, need_weights=False, attn_mask=src_mask,
                is_causal=is_causal,
            )  # fmt: skip
            return self.dropout1(out)

        def feed(y: Tensor) -> Any:
            return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(y)))))

        if self.norm_first:
            x = add(x, attend(self.norm1(x)))
            return add(x, feed(self.norm2(x)))
        x = self.norm1(add(x, attend(x)))
        return self.norm2(add(x, feed(x)))  # type: ignore[no-any-return]


class TransformerEncoder(Module):
    """A stack of encoder layers, with an optional final norm."""

    def __init__(
        self,
        encoder_layer: TransformerEncoderLayer,
        num_layers: int,
        norm: Module | None = None,
    ) -> None:
        super().__init__()
        self.layers = ModuleList(deepcopy(encoder_layer) for _ in range(num_layers))
        self.num_layers = whole("TransformerEncoder", "num_layers", num_layers, 0)
        if norm is not None and not isinstance(norm, Module):
            raise TypeError(
                f"TransformerEncoder: expected a Module or None for norm, got {type(norm).__name__}"
            )
        self.norm: Module | None = norm

    def forward(
        self,
        src: Any,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Any:
        """Encode with all layers."""
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, is_causal=is_causal)
        return src if self.norm is None else self.norm(src)
