"""Functions of ``nn.functional``."""

from collections.abc import Callable
from typing import Any

from tests.fuzz.drawing import Draw, Maker, Unfit, operation


def layer(*names: str, weight: float = 0.6) -> Callable[[Maker], Maker]:
    """Declare functions of `xgrad.nn.functional`; ``make`` gets the name without the module."""

    def declare(make: Maker) -> Maker:
        def named(d: Draw, name: str) -> str:
            return make(d, name.rpartition(".")[2])

        operation(*(f"nn.functional.{n}" for n in names), flags=["layer"], weight=weight)(named)
        return make

    return declare


def _filled(x: Any) -> bool:
    return 0 not in x.shape and x.size < 200


@layer("relu", "sigmoid", "tanh", "silu", "gelu", "softplus", "softsign", "mish", "selu", "relu6",
       "hardsigmoid", "hardswish", "logsigmoid", "tanhshrink", "elu", "celu", "hardtanh",
       "leaky_relu")  # fmt: skip
def _activation(d: Draw, name: str) -> str:
    x = d.array()
    options = {
        "gelu": ["", ", approximate='tanh'"],
        "elu": ["", ", alpha=0.7"],
        "celu": ["", ", alpha=0.7"],
        "softplus": ["", ", beta=2.0", ", beta=1.5, threshold=1.0"],
        "hardtanh": ["", ", min_val=-0.5, max_val=0.75"],
        "leaky_relu": ["", ", negative_slope=0.2"],
    }
    return f"F.{name}({x}{d.choice(options.get(name, ['']))})"


@layer("dropout")
def _dropout(d: Draw, name: str) -> str:
    return f"F.dropout({d.array()}, 0.4, training=False)"


@layer("threshold")
def _threshold(d: Draw, name: str) -> str:
    return f"F.threshold({d.array()}, 0.1, {d.choice(['0.5', '-2.0'])})"


@layer("prelu")
def _prelu(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3))
    n = d.value(x).shape[1] if d.value(x).ndim > 1 else 1
    return f"F.prelu({x}, {d.real(d.choice([1, n]))})"


@layer("glu")
def _glu(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), lambda x: x.shape[-1] % 2 == 0 and x.size)
    return f"F.glu({x}, dim=-1)"


@layer("softmax", "log_softmax", "softmin", weight=1.0)
def _softmax(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    return f"F.{name}({x}, dim={d.axis(x)})"


@layer("normalize")
def _normalize(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    axis = d.axis(x)
    if not d.value(x).any(axis).all():  # 0 / eps has derivatives of 1e12
        raise Unfit
    return f"F.normalize({x}, p={d.choice(['2.0', '1.0', '3.0'])}, dim={axis})"


@layer("layer_norm", "rms_norm")
def _layer_norm(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), _filled)
    n = d.value(x).shape[-1]
    weight = d.choice(["", f", weight={d.real(n)}"])
    bias = f", bias={d.real(n)}" if weight and name == "layer_norm" and d.chance() else ""
    return f"F.{name}({x}, {n}{weight}{bias}, eps=0.1)"


@layer("group_norm")
def _group_norm(d: Draw, name: str) -> str:
    x = d.array("f", (2, 4), lambda x: _filled(x) and x.shape[1] % 2 == 0)
    n = d.value(x).shape[1]
    return f"F.group_norm({x}, 2{d.choice(['', f', weight={d.real(n)}'])}, eps=0.1)"


@layer("instance_norm", "batch_norm")
def _batch_norm(d: Draw, name: str) -> str:
    least = 1 if name == "batch_norm" else 2  # instance_norm rejects a single element, as PyTorch
    x = d.array(
        "f", (3, 3), lambda x: _filled(x) and x.shape[0] * x.shape[2] > 1 and x.shape[2] >= least
    )
    n = d.value(x).shape[1]
    weight = d.choice(["", f", weight={d.real(n)}, bias={d.real(n)}"])
    training = ", training=True" if name == "batch_norm" else ""
    return f"F.{name}({x}{weight}{training}, eps=0.1)"


@layer("linear", weight=2.0)
def _linear(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3), _filled)
    n = d.value(x).shape[-1]
    weights = d.names("fc", 2, lambda w: w.shape[1] == n and _filled(w))
    w = d.choice(weights) if weights and d.chance(0.7) else d.real(2, n)
    m = d.value(w).shape[0] if w in d.values else 2
    biases = d.names("fc", 1, lambda b: b.shape[0] == m)
    bias = f", {d.choice(biases)}" if biases and d.chance() else ""
    return f"F.linear({x}, {w}{bias})"


@layer("bilinear")
def _bilinear(d: Draw, name: str) -> str:
    x = d.array("f", (1, 2), _filled)
    y = d.array("f", (1, 2), lambda y: _filled(y) and y.shape[:-1] == d.value(x).shape[:-1])
    n, m = d.value(x).shape[-1], d.value(y).shape[-1]
    return f"F.bilinear({x}, {y}, {d.real(2, n, m)})"


@layer("embedding")
def _embedding(d: Draw, name: str) -> str:
    w = d.array("f", 2, _filled)
    n = d.value(w).shape[0]
    indices = d.constant(d.rng.integers(0, n, d.choice([(3,), (2, 2)])))
    return f"F.embedding({indices}, {w})"


@layer("one_hot")
def _one_hot(d: Draw, name: str) -> str:
    return f"F.one_hot({d.constant(d.rng.integers(0, 3, (3,)))}, 3)"


@layer("cosine_similarity", "pairwise_distance")
def _distances(d: Draw, name: str) -> str:
    x = d.array("f", 2, lambda x: _filled(x) and x.any(-1).all())
    return f"F.{name}({x}, {d.real(*d.value(x).shape)})"


def _images(d: Draw, ndim: int, channels: int) -> str:
    """Return an expression of images (N, C, ...): a variable, reshaped."""
    x = d.array("f", fits=lambda x: _filled(x) and x.size >= 6 and x.size % channels == 0)
    size = d.value(x).size // channels
    if ndim == 1:
        return f"xg.reshape({x}, (1, {channels}, {size}))"
    rows = max(k for k in range(1, 5) if size % k == 0)
    return f"xg.reshape({x}, (1, {channels}, {rows}, {size // rows}))"


@layer("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", weight=0.8)
def _conv(d: Draw, name: str) -> str:
    ndim = int(name[-2])
    channels = d.integer(1, 2)
    if ndim == 3:
        x = d.array("f", fits=lambda x: _filled(x) and x.size >= 6 and x.size % 2 == 0)
        images = f"xg.reshape({x}, (1, 1, 2, 1, {d.value(x).size // 2}))"
        return f"F.conv3d({images}, {d.real(2, 1, 2, 1, 2)})"
    images = _images(d, ndim, channels)
    groups = channels if d.chance(0.3) else 1
    kernel = [d.integer(1, 2 if ndim == 2 else 3) for _ in range(ndim)]
    shape = (2, channels // groups, *kernel)
    if "transpose" in name:
        shape = (channels, 2 // groups, *kernel)
    stride, dilation, padding = d.integer(1, 2), d.integer(1, 2), d.integer(0, 1)
    if "transpose" in name:
        padding = 0
    options = f"stride={stride}, padding={padding}, dilation={dilation}, groups={groups}"
    bias = f", {d.real(2)}" if d.chance() else ""
    return f"F.{name}({images}, {d.real(*shape)}{bias}, {options})"


@layer("max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d")
def _pool(d: Draw, name: str) -> str:
    ndim = int(name[-2])
    images = _images(d, ndim, 1)
    kernel = d.integer(1, 2)
    more = d.choice(["", ", stride=1", f", padding={kernel // 2}", ", ceil_mode=True"])
    return f"F.{name}({images}, {kernel}{more})"


@layer("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d")
def _adaptive(d: Draw, name: str) -> str:
    return f"F.{name}({_images(d, int(name[-2]), 1)}, {d.integer(1, 2)})"


_REDUCTIONS = ["'mean'", "'sum'", "'none'"]


@layer("mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss")
def _regression(d: Draw, name: str) -> str:
    x = d.array("f", fits=_filled)
    return f"F.{name}({x}, {d.real(*d.value(x).shape)}, reduction={d.choice(_REDUCTIONS)})"


@layer("cross_entropy", "nll_loss", weight=1.0)
def _cross_entropy(d: Draw, name: str) -> str:
    x = d.array("f", 2, lambda x: _filled(x) and x.shape[1] > 1)
    n, k = d.value(x).shape
    labels = d.constant(d.rng.integers(0, k, n))
    more = f", reduction={d.choice(_REDUCTIONS)}"
    if d.chance(0.3):
        more += f", weight={d.constant(d.rng.uniform(0.5, 1.5, k).astype(d.dtype))}"
    if d.chance(0.3) and name == "cross_entropy":
        more += ", label_smoothing=0.2"
    if d.chance(0.2) and (d.constants[labels] != 0).any():
        more += ", ignore_index=0"
    return f"F.{name}({x}, {labels}{more})"


@layer("binary_cross_entropy")
def _binary(d: Draw, name: str) -> str:
    x = d.array("f", fits=_filled)
    target = d.constant(d.rng.uniform(0.1, 0.9, d.value(x).shape).astype(d.dtype))
    return f"F.{name}({d.within(0.05, 0.95, x)}, {target}, reduction={d.choice(_REDUCTIONS)})"


@layer("binary_cross_entropy_with_logits")
def _binary_logits(d: Draw, name: str) -> str:
    x = d.array("f", fits=_filled)
    target = d.constant(d.rng.uniform(0.1, 0.9, d.value(x).shape).astype(d.dtype))
    return f"F.{name}({x}, {target}, reduction={d.choice(_REDUCTIONS)})"


@layer("kl_div", "poisson_nll_loss")
def _of_logarithms(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), fits=_filled)
    target = d.constant(d.rng.uniform(0.1, 0.9, d.value(x).shape).astype(d.dtype))
    return f"F.{name}({x}, {target}, reduction={d.choice(_REDUCTIONS)})"


@layer("gaussian_nll_loss")
def _gaussian(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), fits=_filled)
    shape = d.value(x).shape
    variance = d.constant(d.rng.uniform(0.5, 1.5, shape).astype(d.dtype))
    return f"F.{name}({x}, {d.real(*shape)}, {variance}, reduction={d.choice(_REDUCTIONS)})"


@layer("soft_margin_loss", "hinge_embedding_loss")
def _signs(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3), fits=_filled)
    target = d.constant(d.rng.choice([-1.0, 1.0], d.value(x).shape).astype(d.dtype))
    return f"F.{name}({x}, {target}, reduction={d.choice(_REDUCTIONS)})"


@layer("margin_ranking_loss", "cosine_embedding_loss")
def _ranking(d: Draw, name: str) -> str:
    x = d.array("f", 1 if name.startswith("margin") else 2, fits=_filled)
    if not d.value(x).any(-1).all():
        raise Unfit
    shape = d.value(x).shape
    if name.startswith("cosine") and shape[-1] == 1:  # ±1: the derivative is rounding noise
        raise Unfit
    target = d.constant(d.rng.choice([-1.0, 1.0], shape[:1]).astype(d.dtype))
    return f"F.{name}({x}, {d.real(*shape)}, {target}, margin=0.3)"


@layer("triplet_margin_loss")
def _triplet(d: Draw, name: str) -> str:
    x = d.array("f", 2, fits=_filled)
    shape = d.value(x).shape
    return f"F.{name}({x}, {d.real(*shape)}, {d.real(*shape)}, swap={d.chance()})"


@layer("scaled_dot_product_attention", weight=1.0)
def _attention(d: Draw, name: str) -> str:
    q = d.array("f", (2, 3), _filled)
    shape = d.value(q).shape
    keys = d.same(q)
    causal = ", is_causal=True" if d.chance(0.3) else ""
    return f"F.{name}({q}, {keys}, {d.real(*shape[:-1], 2)}{causal})"
