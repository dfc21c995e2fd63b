"""OpInfo entries of `xgrad.nn.functional`, with PyTorch's names and arguments."""

from typing import Any

import xgrad as xg
from tests.opinfo_entries import Untranslated, add, entry

F = xg.nn.functional


for _name in (
    "adaptive_avg_pool1d adaptive_avg_pool2d avg_pool1d avg_pool2d bilinear binary_cross_entropy"
    " binary_cross_entropy_with_logits conv1d conv2d conv3d conv_transpose1d conv_transpose2d"
    " cosine_embedding_loss cosine_similarity cross_entropy gaussian_nll_loss gelu glu group_norm"
    " hardtanh hinge_embedding_loss huber_loss kl_div l1_loss layer_norm linear logsigmoid"
    " margin_ranking_loss mse_loss nll_loss normalize one_hot pairwise_distance poisson_nll_loss"
    " prelu rms_norm smooth_l1_loss soft_margin_loss softplus softsign tanhshrink threshold"
    " triplet_margin_loss"
).split():
    add(f"nn.functional.{_name}", getattr(F, _name), _name)


def _activation(name: str) -> None:
    """Ignore PyTorch's ``inplace``, which changes the input; the value is the same."""
    function = getattr(F, name)

    def call(input: Any, *args: Any, inplace: bool = False, **keywords: Any) -> Any:
        if inplace:
            raise Untranslated
        return function(input, *args, **keywords)

    add(f"nn.functional.{name}", call, name)


for _name in "celu elu hardsigmoid hardswish leaky_relu mish relu relu6 selu silu".split():
    _activation(_name)
add("nn.functional.silu.complex", F.silu, "silu")


@entry("nn.functional.batch_norm", "batch_norm")
def _(input: Any, running_mean: Any, running_var: Any, *args: Any, **keywords: Any) -> Any:
    running = (x if x is None else xg.tensor(x) for x in (running_mean, running_var))
    return F.batch_norm(input, *running, *args, **keywords)


@entry("nn.functional.instance_norm", "instance_norm")
def _(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    if not use_input_stats:
        raise Untranslated
    return F.instance_norm(input, weight=weight, bias=bias, eps=eps)


@entry("nn.functional.dropout", "dropout")
def _(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    if training and 0 < p < 1:
        raise Untranslated  # random
    return F.dropout(input, p, training)


@entry("nn.functional.embedding", "embedding")
def _(weight: Any, input: Any, padding_idx: Any = None) -> Any:
    return F.embedding(input, weight, padding_idx)


@entry("nn.functional.scaled_dot_product_attention", "scaled_dot_product_attention")
def _(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Any = None,
) -> Any:
    if dropout_p:
        raise Untranslated  # random
    return F.scaled_dot_product_attention(query, key, value, attn_mask, 0.0, is_causal, scale)


def _pool(name: str, adaptive: bool) -> None:
    function = getattr(F, name)

    def windows(
        input: Any,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        return function(input, kernel_size, stride, padding, dilation, ceil_mode)

    def sizes(input: Any, output_size: Any, return_indices: bool = False) -> Any:
        return function(input, output_size)

    add(
        f"nn.functional.{name}",
        sizes if adaptive else windows,
        name,
        process=lambda out: out[0] if isinstance(out, tuple) else out,
    )


_pool("max_pool1d", adaptive=False)
_pool("max_pool2d", adaptive=False)
_pool("adaptive_max_pool1d", adaptive=True)
_pool("adaptive_max_pool2d", adaptive=True)


@entry("nn.functional.pad.constant constant_pad_nd", "pad")
def _(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    if isinstance(mode, int | float | complex):  # the third argument of constant_pad_nd
        value = mode
    ndim = xg.asarray(input).ndim
    pairs = [(0, 0)] * ndim
    for i in range(len(pad) // 2):
        pairs[ndim - 1 - i] = (pad[2 * i], pad[2 * i + 1])
    return xg.pad(input, pairs, constant_values=0 if value is None else value)
