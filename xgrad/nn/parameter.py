"""Parameters: leaves that a module owns and an optimizer changes."""

from typing import Any

from xgrad.backends import dtypes
from xgrad.backends.backend import Backend
from xgrad.engine.node import Leaf
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import tensor


def Parameter(data: Any, requires_grad: bool = True) -> Tensor:  # noqa: N802 - PyTorch's name
    """Return a leaf made from ``data``, which a `Module` registers when it is assigned.

    A plain function: a parameter is a `Tensor` like any other. A module counts as its
    parameters the leaves that needed gradients when they were assigned to it.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.Parameter([1.0, 2.0])
    Tensor([1., 2.], requires_grad=True)
    """
    out = tensor(data)
    return out.requires_grad_() if requires_grad else out


def move(x: Tensor, backend: str | None, device: Any, dtype: Any) -> None:
    """Move a leaf or a constant in place, with its gradient."""
    if dtype is not None and x.dtype not in dtypes.DIFFERENTIABLE:
        dtype = None  # integer buffers keep their dtype
    moved = x.detach().to(backend, device=device, dtype=dtype)
    old, grad = x.node, x.grad
    x.value = moved.value
    if old is not None:
        here: Backend = x.backend
        x.node = Leaf(tuple(x.value.shape), x.value.dtype, here.xp)
        x.node.grad = (
            None if grad is None else grad.detach().to(backend, device=device, dtype=dtype)
        )
