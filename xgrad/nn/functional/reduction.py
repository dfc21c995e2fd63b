"""The common part of all losses: checks of shapes, and the reduction."""

from typing import Any

from xgrad.backends.dtypes import float64, is_differentiable
from xgrad.engine.dispatch import backend_below
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import as_tensor, asarray, astype
from xgrad.ops.reductions import mean, sum
from xgrad.typing import ArrayLike

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(function: str, reduction: Any, also: tuple[str, ...] = ()) -> None:
    """Raise for an unknown reduction, before anything is computed."""
    if not isinstance(reduction, str) or reduction not in (*REDUCTIONS, *also):
        raise ValueError(
            f"{function}: reduction must be one of {', '.join((*REDUCTIONS, *also))}, "
            f"got {reduction!r}"
        )


def reduce(function: str, losses: Tensor, reduction: str) -> Tensor:
    """Return the mean, the sum, or all losses."""
    if reduction == "mean":
        return mean(losses)
    if reduction == "sum":
        return sum(losses)
    check_reduction(function, reduction)
    return losses


def check_same_shape(function: str, input: Any, target: Any) -> None:
    """Raise unless the shapes are equal, because broadcasting would hide a mistake."""
    if tuple(input.shape) != tuple(target.shape):
        raise ValueError(
            f"{function}: input and target have different shapes, {tuple(input.shape)} and "
            f"{tuple(target.shape)}; reshape one of them"
        )


def on_device_of(target: Any, input: Tensor) -> Tensor:
    """Return a target as a Tensor on the backend and device of the input."""
    backend = backend_below(input)
    return asarray(target, backend=backend.name, device=backend.xp.device(lowest(input)))


def as_pair(input: ArrayLike, target: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return an input and its target as Tensors; a raw target moves to the input's device."""
    x = as_tensor(input)
    return x, target if type(target) is Tensor else on_device_of(target, x)


def floating(x: ArrayLike) -> Tensor:
    """Return a Tensor; integers and booleans become float64, because ``x - y`` wraps around."""
    tensor = x if type(x) is Tensor else as_tensor(x)
    return tensor if is_differentiable(tensor.dtype) else astype(tensor, float64)


def floating_pair(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return two floating-point Tensors; integers take the other's dtype, or float64."""
    first, second = is_differentiable(x.dtype), is_differentiable(y.dtype)
    if first and second:
        return x, y
    if first:
        return x, astype(y, x.dtype)
    return (astype(x, y.dtype), y) if second else (floating(x), floating(y))
