"""Tensor's operators, methods and attributes, bound from what ops declare.

What Tensor has under no op's name, or with other arguments, is declared here.
`xgrad.engine.operators` shows all of it to editors and type checkers; it is written by
``python tools/declared.py``.
"""

import sys
from collections.abc import Callable
from typing import Any

from xgrad.backends.registry import find_backend
from xgrad.backends.scalars import is_scalar
from xgrad.calls import checked
from xgrad.engine.declare import DECLARATIONS, function
from xgrad.engine.tensor import Tensor
from xgrad.ops.numpy.flat import set_flat
from xgrad.ops.numpy.members import set_imag, set_real
from xgrad.ops.numpy.refused import REFUSED, Refusal, no_dtype, no_shape
from xgrad.ops.transfer import to
from xgrad.ops.views import kinds
from xgrad.ops.views.writing import in_place
from xgrad.typing import ArrayLike

#: Python's names of operators, from which the reflected and in-place names are derived.
_BINARY = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod",
    "**": "pow", "@": "matmul", "&": "and", "|": "or", "^": "xor", "<<": "lshift", ">>": "rshift",
}  # fmt: skip
_COMPARISONS = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
_UNARY = {"-x": "neg", "+x": "pos", "~x": "invert", "abs(x)": "abs"}


def _operators(symbol: str, op: Callable[..., Any]) -> dict[str, Any]:
    """Return the special methods of an operator, by name."""
    if symbol in _UNARY:
        return {f"__{_UNARY[symbol]}__": op}
    if symbol in _COMPARISONS:
        return {f"__{_COMPARISONS[symbol]}__": _equality(op) if symbol in ("==", "!=") else op}
    if symbol == "divmod(x, y)":
        return {"__divmod__": op, "__rdivmod__": _reflected(op)}
    name = _BINARY[symbol]
    return {
        f"__{name}__": op,
        f"__r{name}__": _reflected(op),
        f"__i{name}__": in_place(f"{symbol}=", op),
    }


def _reflected(op: Any) -> Any:
    def reflected(x: ArrayLike, y: ArrayLike, /) -> Tensor:
        out: Tensor = op(y, x)
        return out

    return reflected


def _equality(op: Callable[..., Any]) -> Callable[[Tensor, Any], Any]:
    """Return ``==`` or ``!=``; other objects are compared by Python (by identity)."""

    def compare(x: Tensor, y: Any, /) -> Any:
        known = type(y) is Tensor or is_scalar(y) or isinstance(y, list | tuple)
        if not known and find_backend(y) is None:
            return NotImplemented
        return op(x, y)

    return compare


def _method(op: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the method of a function: an op itself; errors of others name the method."""
    return op if hasattr(op, "primitive") else checked(op, method=name)


#: What assigns an attribute.
_SETTERS = {"flat": set_flat, "imag": set_imag, "real": set_real}


def bound() -> dict[str, Any]:
    """Return Tensor's attributes from declarations, by name."""
    members: dict[str, Any] = {}
    for entry in DECLARATIONS:
        for symbol in entry.names("operator"):
            members |= _operators(symbol, entry.function)
        for name in entry.names("method"):
            members[name] = _method(entry.function, name)
        for name in entry.names("attribute"):
            members[name] = property(entry.function, _SETTERS.get(name))
    return members


def bind_methods() -> None:
    """Give Tensor its operators, methods and attributes."""
    for name, method in bound().items():
        setattr(Tensor, name, method)
    for name, reason in REFUSED.items():
        setattr(Tensor, name, Refusal(name, reason))
    Tensor.shape = Tensor.shape.setter(no_shape)  # type: ignore[method-assign, attr-defined]
    Tensor.dtype = Tensor.dtype.setter(no_dtype)  # type: ignore[method-assign, attr-defined]


# -- shapes ------------------------------------------------------------------------------------


@function(method="transpose")
def _transpose(x: Tensor, *axes: Any) -> Tensor:
    """Reverse the axes, or reorder them as NumPy's method does.

    See Also
    --------
    xgrad.swapaxes : Exchanges two axes, as PyTorch's ``transpose`` does.
    xgrad.permute_dims : The standard's function.
    """
    one = len(axes) == 1 and not isinstance(axes[0], int)
    order = axes[0] if one else axes
    if x.ndim > len(axes) == 2:  # PyTorch's transpose exchanges two axes
        raise ValueError(
            f"transpose: {axes} is not a permutation of {x.ndim} axes; swapaxes{axes} exchanges two"
        )
    return kinds.permute_dims(x, order or tuple(reversed(range(x.ndim))))


# -- copies, devices, methods of the standard ------------------------------------------------------


_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")


@function(method="__array_namespace__")
def _namespace(x: Tensor, /, *, api_version: str | None = None) -> Any:
    """Return xgrad, the namespace of the standard for this array."""
    if api_version is not None and api_version not in _VERSIONS:
        raise ValueError(
            f"__array_namespace__: api_version must be one of {', '.join(_VERSIONS)}, "
            f"got {api_version!r}"
        )
    return sys.modules["xgrad"]


@function(method="to_device")
def _to_device(x: Tensor, device: Any, /, *, stream: Any = None) -> Tensor:
    """Return the tensor on another device of its backend."""
    if stream is not None:
        raise ValueError("to_device: streams are not supported; expected stream=None")
    return to(x, device=device)
