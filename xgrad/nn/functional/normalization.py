"""Normalization over features, groups of channels, and batches."""

import math
from collections.abc import Sequence
from typing import Any

from xgrad.backends.dtypes import is_complex, refuse_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_shift_axis
from xgrad.engine.constructors import general
from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.precision import Precision, in_single
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.views import store
from xgrad.errors import AutogradError
from xgrad.nn.checks import flags, is_whole, number, whole
from xgrad.ops.creation import as_tensor
from xgrad.ops.elementwise import add, divide, multiply, subtract
from xgrad.ops.inspection import finfo
from xgrad.ops.linalg.norms import vector_norm
from xgrad.ops.reductions import mean
from xgrad.ops.selection import maximum
from xgrad.ops.shape import reshape
from xgrad.typing import ArrayLike, SupportsArray, Value

# -- standard scores ---------------------------------------------------------------------------


def _over_deviation(
    xp: Namespace, g: Value, y: Value, variance: Value, axis: tuple[int, ...], eps: float, c: bool
) -> Value:
    """Return ``(g - mean(g) - y mean(g y)) / sqrt(variance + eps)``, which is its own transpose."""
    fused = xp.kernels.over_deviation(g, y, variance, axis, eps, c)
    if fused is not None:
        return fused
    along = xp.multiply(y, xp.mean(xp.multiply(g, y), axis=axis, keepdims=True))
    rest = xp.subtract(g, along)
    if c:
        rest = xp.subtract(rest, xp.mean(g, axis=axis, keepdims=True))
    return xp.divide(rest, xp.sqrt(variance + eps))


def _count(shape: Any, axis: Any) -> int:
    return math.prod(shape[a] for a in axis)


def _standardised_vjp(
    xp: Namespace, gs: Any, out: Any, like: Value, axis: tuple[int, ...], eps: float, centred: bool
) -> Any:
    by_y, by_centre, by_variance = gs
    y, _, variance = out
    total = None
    if by_y is not None:
        total = _over_deviation(xp, by_y, y, variance, axis, eps, centred)
    count = _count(like.shape, axis)
    if by_centre is not None and centred:
        part = xp.broadcast_to(by_centre / count, tuple(like.shape))
        total = part if total is None else xp.add(total, part)
    if by_variance is not None:
        deviation = xp.multiply(y, xp.sqrt(variance + eps))
        part = xp.multiply(deviation, by_variance * (2 / count))
        total = part if total is None else xp.add(total, part)
    return total


def _standardised_jvp(
    xp: Namespace, t: Value, out: Any, axis: tuple[int, ...], eps: float, centred: bool
) -> tuple[Value, ...]:
    y, _, variance = out
    by_y = _over_deviation(xp, t, y, variance, axis, eps, centred)
    centre = xp.mean(t, axis=axis, keepdims=True) if centred else xp.zeros_like(variance)
    product = xp.mean(xp.multiply(t, y), axis=axis, keepdims=True)
    return by_y, centre, 2 * xp.multiply(product, xp.sqrt(variance + eps))


@general(
    vjps=(_standardised_vjp,),
    jvps=(_standardised_jvp,),
    batch=batch_shift_axis,
    several=True,
    precision=Precision(narrow=False, single_inside=True, narrow_outputs=1),
)
def _standardised(
    xp: Namespace, x: Value, /, *, axis: tuple[int, ...], eps: float, centred: bool
) -> tuple[Value, ...]:
    """Return ``(x - mean) / sqrt(variance + eps)``, the mean and the variance, with axes kept.

    If not ``centred``, the mean is taken as 0, and the variance is the mean of ``x²``.
    """
    fused = xp.kernels.standardise(x, axis, eps, centred)
    if fused is not None:
        return fused
    if centred:
        centre = xp.mean(x, axis=axis, keepdims=True)
        x = xp.subtract(x, centre)
    variance = xp.mean(xp.square(x), axis=axis, keepdims=True)
    if not centred:
        centre = xp.zeros_like(variance)
    return xp.divide(x, xp.sqrt(variance + eps)), centre, variance


def _scaled(y: Tensor, weight: Any, bias: Any) -> Tensor:
    if weight is not None:
        y = multiply(y, weight)
    return y if bias is None else add(y, bias)


def _scores(x: Tensor, axis: tuple[int, ...], eps: float, *, centred: bool = True) -> Tensor:
    """Return standard scores, also for arrays without elements."""
    if 0 in x.shape:
        return x
    return _standardised(x, axis=axis, eps=eps, centred=centred)[0]


def _trailing(
    function: str, x: Tensor, shape: int | Sequence[int], **affine: Any
) -> tuple[int, ...]:
    """Return the last axes, whose lengths must match ``normalized_shape`` and the parameters."""
    lengths = (shape,) if is_whole(shape) else tuple(shape)  # type: ignore[arg-type]
    if not lengths or x.shape[-len(lengths) :] != lengths:
        raise ValueError(f"{function}: expected input (..., {lengths}), got {x.shape}")
    for name, p in affine.items():
        if p is not None and as_tensor(p).shape != lengths:
            raise ValueError(f"{function}: expected {name} {lengths}, got {as_tensor(p).shape}")
    return tuple(range(-len(lengths), 0))


@named
def layer_norm(
    input: Any,
    normalized_shape: int | Sequence[int],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
) -> Tensor:
    """``(x - mean) / sqrt(variance + eps) * weight + bias`` over the last axes.

    The variance is divided by the count (Ba and others, 2016).
    """
    x = as_tensor(input)
    refuse_complex("layer_norm", x)
    axes = _trailing("layer_norm", x, normalized_shape, weight=weight, bias=bias)
    number("layer_norm", "eps", eps, 0)
    return _scaled(_scores(x, axes, eps), weight, bias)


@named
def rms_norm(
    input: Any,
    normalized_shape: int | Sequence[int],
    weight: Any = None,
    eps: float | None = None,
) -> Tensor:
    """``x / sqrt(mean(x²) + eps) * weight`` over the last axes (Zhang and Sennrich, 2019).

    ``eps`` defaults to the spacing of numbers at 1 in the dtype of the input.
    """
    x = as_tensor(input)
    axes = _trailing("rms_norm", x, normalized_shape, weight=weight)
    eps = finfo(x.dtype).eps if eps is None else eps
    number("rms_norm", "eps", eps, 0)
    if is_complex(x.dtype):  # as in PyTorch: x², not |x|²
        y = divide(x, XG.sqrt(mean(XG.square(x), axis=axes, keepdims=True) + eps))
        return _scaled(y, weight, None)
    return _scaled(_scores(x, axes, eps, centred=False), weight, None)


def _per_channel(function: str, x: Tensor, **vectors: Any) -> list[Any]:
    """Reshape vectors to broadcast along axis 1, whose length they must have."""
    aligned: list[Any] = []
    for name, vector in vectors.items():
        v = None if vector is None else as_tensor(vector)
        if v is not None and v.shape != x.shape[1:2]:
            raise ValueError(f"{function}: expected {name} {x.shape[1:2]}, got {v.shape}")
        aligned.append(None if v is None else reshape(v, (-1, *(1,) * (x.ndim - 2))))
    return aligned


@named
def group_norm(
    input: ArrayLike,
    num_groups: int,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Standard scores of groups of channels, separately for each example (N, C, ...).

    ``weight`` and ``bias`` (C) apply to channels (Wu and He, 2018).
    """
    x = as_tensor(input)
    refuse_complex("group_norm", x)
    if x.ndim < 2 or x.shape[1] % whole("group_norm", "num_groups", num_groups, 1):
        raise ValueError(
            f"group_norm: expected (N, C, ...) with C a multiple of {num_groups}, got {x.shape}"
        )
    number("group_norm", "eps", eps, 0)
    weight, bias = _per_channel("group_norm", x, weight=weight, bias=bias)
    if 0 in x.shape:
        return _scaled(x, weight, bias)
    groups = reshape(x, (x.shape[0], num_groups, -1))
    return _scaled(reshape(_scores(groups, (-1,), eps), x.shape), weight, bias)


# -- batches -----------------------------------------------------------------------------------


@named
def batch_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Standard scores of each channel over the batch: (N, C) or (N, C, ...).

    Training uses the mean and variance of the batch, and moves the running statistics, if
    vectors, towards them by ``momentum``, in place (with the variance divided by the count
    less 1). Otherwise it uses the running statistics (Ioffe and Szegedy, 2015).
    """
    x = as_tensor(input)
    refuse_complex("batch_norm", x)
    if x.ndim < 2:
        raise ValueError(f"batch_norm: expected (N, C, ...), got {x.shape}")
    flags("batch_norm", training=training)
    number("batch_norm", "momentum", momentum)
    if not training:
        return _by_running("batch_norm", x, running_mean, running_var, weight, bias, eps)
    weight, bias = _per_channel("batch_norm", x, weight=weight, bias=bias)
    _per_channel("batch_norm", x, running_mean=running_mean, running_var=running_var)
    number("batch_norm", "eps", eps, 0, above=True)
    axes = (0, *range(2, x.ndim))
    count = _count(x.shape, axes)
    if count < 2:
        raise ValueError(f"batch_norm: expected more than 1 value per channel, got {x.shape}")
    y, centre, variance = _standardised(x, axis=axes, eps=eps, centred=True)
    if running_mean is not None:
        _move("batch_norm", running_mean, centre, momentum)
    if running_var is not None:
        _move("batch_norm", running_var, variance * (count / (count - 1)), momentum)
    return _scaled(y, weight, bias)


def _by_running(
    function: str, x: Tensor, running_mean: Any, running_var: Any, weight: Any, bias: Any, eps: Any
) -> Tensor:
    """Return standard scores from the running statistics."""
    if running_mean is None or running_var is None:
        raise ValueError(f"{function}: expected running_mean and running_var if not training")
    number(function, "eps", eps, 0)
    centre, variance, weight, bias = _per_channel(
        function, x, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    return _scaled(divide(subtract(x, centre), XG.sqrt(variance + eps)), weight, bias)


def _move(function: str, running: Tensor, new: Tensor, momentum: float) -> None:
    """Move a buffer towards new values, in place."""
    if type(running) is not Tensor:
        raise TypeError(
            f"{function}: running statistics are updated in place, so an xgrad Tensor is expected, "
            f"got {type(running).__module__}.{type(running).__name__}"
        )
    value: Any = new
    while type(value) is Tensor:
        if value._level.size is not None:
            raise AutogradError(
                f"{function}: vmap cannot update running statistics; call eval(), or create the "
                "layer with track_running_stats=False"
            )
        value = value._value
    if backend_below(value).abstract:
        raise AutogradError(
            f"{function}: running statistics cannot be updated while another library traces; "
            "call eval(), or create the layer with track_running_stats=False"
        )
    backend, old = backend_below(running), lowest(running)
    xp = backend.xp
    with backend.runtime.current_device(xp.device(old)):
        flat = xp.reshape(xp.astype(value, old.dtype), tuple(old.shape))
        store(running, xp.normalise(old * (1 - momentum) + flat * momentum))


@named
def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Standard scores of each channel of each example: (N, C, ...).

    The running statistics, if vectors, are moved in place towards the mean over the examples by
    ``momentum``; without ``use_input_stats`` they are used instead.
    """
    x = as_tensor(input)
    refuse_complex("instance_norm", x)
    if x.ndim < 3:
        raise ValueError(f"instance_norm: expected (N, C, ...), got {x.shape}")
    flags("instance_norm", use_input_stats=use_input_stats)
    number("instance_norm", "momentum", momentum)
    if not use_input_stats:
        return _by_running("instance_norm", x, running_mean, running_var, weight, bias, eps)
    number("instance_norm", "eps", eps, 0)
    axes = tuple(range(2, x.ndim))
    count = _count(x.shape, axes)
    if count < 2:
        raise ValueError(f"instance_norm: expected more than 1 value per channel, got {x.shape}")
    y, centre, variance = _standardised(x, axis=axes, eps=eps, centred=True)
    if running_mean is not None:
        _move("instance_norm", running_mean, mean(centre, axis=0), momentum)
    if running_var is not None:
        spread = mean(variance, axis=0) * (count / (count - 1))
        _move("instance_norm", running_var, spread, momentum)
    weight, bias = _per_channel("instance_norm", x, weight=weight, bias=bias)
    return _scaled(y, weight, bias)


# -- vectors -----------------------------------------------------------------------------------


@named
@in_single
def normalize(input: SupportsArray, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """``x / max(norm(x), eps)`` along an axis."""
    number("normalize", "eps", eps, 0)
    number("normalize", "p", p)
    length = vector_norm(input, ord=p, axis=dim, keepdims=True)
    return divide(input, maximum(length, eps))


__all__ = [
    "batch_norm", "group_norm", "instance_norm", "layer_norm", "normalize", "rms_norm",
]  # fmt: skip
