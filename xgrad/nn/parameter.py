"""Parameters: leaves that a module owns and an optimizer updates."""

from typing import TYPE_CHECKING, Any, NoReturn, cast

from xgrad.backends import dtypes
from xgrad.engine.tensor import Tensor, leaf_of
from xgrad.engine.views import store
from xgrad.ops.creation import tensor


class _Kind(type):
    """The metaclass that recognizes parameters by their mark; they are otherwise plain Tensors."""

    def __instancecheck__(cls, x: Any) -> bool:
        return type(x) is Tensor and hasattr(x, "_parameter")


if TYPE_CHECKING:
    _Plain = Tensor
else:
    _Plain = object


class Parameter(_Plain, metaclass=_Kind):
    """A leaf made from ``data``, which a `Module` registers when it is assigned.

    It is a `Tensor` with a mark, which ``isinstance(x, xg.nn.Parameter)`` tests. A module
    registers it whether or not it needs gradients: a frozen one is part of ``state_dict``,
    ``parameters`` and ``to``, and optimizers skip it.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.nn.Parameter([1.0, 2.0])
    >>> w, isinstance(w, xg.nn.Parameter), type(w) is xg.Tensor
    (Tensor([1., 2.], requires_grad=True), True, True)
    """

    def __new__(cls, data: Any, requires_grad: bool = True) -> "Parameter":  # noqa: PYI034
        """Return a marked Tensor."""
        out = tensor(data)
        if requires_grad and out.dtype not in dtypes.DIFFERENTIABLE:
            raise TypeError(
                f"Parameter: expected floating-point or complex numbers, got {out.dtype}; "
                "pass requires_grad=False for other dtypes"
            )
        return cast("Parameter", marked(out.requires_grad_() if requires_grad else out))

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Parameter: cannot be subclassed, because a parameter is a plain Tensor")


def marked(x: Tensor) -> Tensor:
    """Mark a leaf as a parameter and return it."""
    x._parameter = True
    return x


def move(x: Tensor, backend: str | None, device: Any, dtype: Any) -> None:
    """Move a leaf or a constant and its gradient in place; hooks are kept."""
    if dtype is not None and x.dtype not in dtypes.DIFFERENTIABLE:
        dtype = None  # integer buffers keep their dtype
    moved = x.detach().to(backend, device=device, dtype=dtype)
    node, grad = leaf_of(x), x.grad
    store(x, moved._value)
    if node is not None:
        node.dtype, node.xp = x._value.dtype, x.backend.xp
        node.grad = None if grad is None else grad.to(backend, device=device, dtype=dtype)
