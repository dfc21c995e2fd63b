"""Helpers for training: gradient clipping, parameters as one vector."""

import math
from collections.abc import Iterable
from typing import Any

from xgrad.backends.dtypes import float32, is_complex, is_half
from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import no_grad
from xgrad.engine.refusals import named
from xgrad.engine.tensor import Tensor
from xgrad.engine.views import own_value, store
from xgrad.nn.checks import flags, number
from xgrad.ops.creation import as_tensor, zeros
from xgrad.ops.elementwise import multiply
from xgrad.ops.linalg.norms import vector_norm
from xgrad.ops.selection import clip, minimum
from xgrad.ops.shape import concat, reshape, stack
from xgrad.ops.views.reading import getitem

__all__ = ["clip_grad_norm_", "clip_grad_value_", "parameters_to_vector", "vector_to_parameters"]


def __dir__() -> list[str]:
    return __all__


def _tensors(parameters: Any) -> list[Tensor]:
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    for p in listed:
        if not isinstance(p, Tensor):
            raise TypeError(f"expected Tensors for parameters, got {type(p).__name__}")
    return listed


def _with_gradients(parameters: Any) -> list[Tensor]:
    listed = _tensors(parameters)
    return [p for p in listed if p.requires_grad and p.grad is not None]


@named
def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: Any,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Scale gradients in place so that their global norm is at most ``max_norm``.

    The factor is ``min(1, max_norm / (norm + 1e-6))``, as in PyTorch; the norm is not read on the
    host.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are ignored.
    max_norm : non-negative float or Tensor
    norm_type : float
        Any order of a vector norm; ``inf`` is the largest element.
    error_if_nonfinite : bool
        Whether to raise if the norm is not finite, which reads it.

    Returns
    -------
    Tensor
        The norm before clipping, a number.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor([3.0, 4.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> xg.nn.utils.clip_grad_norm_([w], 1.0)
    Tensor(10.)
    """
    owners = _with_gradients(parameters)
    if not isinstance(max_norm, Tensor):
        number("clip_grad_norm_", "max_norm", max_norm, 0)
    number("clip_grad_norm_", "norm_type", norm_type)
    flags("clip_grad_norm_", error_if_nonfinite=error_if_nonfinite)
    if not owners:
        return as_tensor(0.0)
    # Non-finite gradients are reported by the caller, not by warnings.
    with no_grad(), backend_below(owners[0]).xp.quiet():
        fused = None if norm_type != 2 or error_if_nonfinite else _clipped(owners, max_norm)
        if fused is not None:
            return fused
        norms = [vector_norm(_single(p.grad), ord=norm_type) for p in owners]
        total = vector_norm(stack(norms), ord=norm_type) if len(norms) > 1 else norms[0]
        if error_if_nonfinite and not math.isfinite(total.item()):
            raise ValueError(f"clip_grad_norm_: the norm of the gradients is {total.item()}")
        factor = minimum(max_norm / (total + 1e-6), 1.0)
        for p in owners:
            grad: Any = p.grad
            dtype = grad.dtype
            scaled = multiply(_single(grad), factor if is_half(dtype) else factor.astype(dtype))
            _replace_gradient(p, scaled.astype(dtype, copy=False))
    return total


def _single(grad: Any) -> Any:
    """Return a half-precision gradient in single precision, which can represent its norm."""
    return grad.astype(float32) if is_half(grad.dtype) else grad


def _clipped(owners: list[Tensor], max_norm: float) -> Tensor | None:
    """Clip with the backend's own kernels, if it has one for these gradients."""
    backends = {backend_below(p).name for p in owners}
    if len(backends) > 1 or any(type(p.grad._value) is Tensor for p in owners):  # type: ignore[union-attr]
        return None
    xp = backend_below(owners[0]).xp
    if "clip_norm" in xp.kernels.overwrites:
        for p in owners:
            own_value(p.grad)
    norm = xp.kernels.clip_norm([p.grad._value for p in owners], max_norm)  # type: ignore[union-attr]
    return None if norm is None else as_tensor(norm)


@named
def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: Any) -> None:
    """Clip every element of the gradients to ``[-clip_value, clip_value]``, in place.

    Complex gradients raise TypeError: complex numbers have no order.
    """
    if not isinstance(clip_value, Tensor):
        number("clip_grad_value_", "clip_value", clip_value, 0)
    with no_grad():
        for p in _with_gradients(parameters):
            grad: Any = p.grad
            if is_complex(grad.dtype):
                raise TypeError(
                    f"clip_grad_value_: expected real gradients, got {grad.dtype}: complex numbers "
                    "have no order; use clip_grad_norm_"
                )
            _replace_gradient(p, clip(grad, -clip_value, clip_value))


def _replace_gradient(p: Tensor, new: Tensor) -> None:
    grad: Any = p.grad
    store(grad, new._value)


@named
def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return all elements as one vector, connected to the graph.

    Examples
    --------
    >>> import xgrad as xg
    >>> model = xg.nn.Linear(2, 3)
    >>> xg.nn.utils.parameters_to_vector(model.parameters()).shape
    (9,)
    """
    flat = [reshape(p, (-1,)) for p in _tensors(parameters)]
    return concat(flat) if flat else zeros((0,))


@named
def vector_to_parameters(vector: Any, parameters: Iterable[Tensor]) -> None:
    """Write a vector into parameters in place; the inverse of `parameters_to_vector`."""
    vector, listed = as_tensor(vector), _tensors(parameters)
    count = sum(math.prod(p.shape) for p in listed)
    if vector.shape != (count,):
        raise ValueError(f"vector_to_parameters: expected shape {(count,)}, got {vector.shape}")
    start = 0
    with no_grad():
        for p in listed:
            stop = start + math.prod(p.shape)
            p[...] = reshape(getitem(vector, slice(start, stop)), p.shape)
            start = stop
