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
from xgrad.engine.calls import checked
from xgrad.engine.declare import DECLARATIONS, function
from xgrad.engine.pickling import reduced
from xgrad.engine.tensor import Tensor
from xgrad.engine.views import as_array
from xgrad.ops.creation import astype
from xgrad.ops.transfer import to
from xgrad.ops.views import kinds
from xgrad.ops.views.writing import in_place, is_result, setitem
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
        if type(y) is not Tensor and not is_scalar(y) and find_backend(y) is None:
            return NotImplemented
        return op(x, y)

    return compare


def _method(op: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the method of a function: an op itself; errors of others name the method."""
    return op if hasattr(op, "primitive") else checked(op, method=name)


def bound() -> dict[str, Any]:
    """Return Tensor's attributes from declarations, by name."""
    members: dict[str, Any] = {}
    for entry in DECLARATIONS:
        for symbol in entry.names("operator"):
            members |= _operators(symbol, entry.function)
        for name in entry.names("method"):
            members[name] = _method(entry.function, name)
        for name in entry.names("attribute"):
            members[name] = property(entry.function)
    return members


def bind_methods() -> None:
    """Give Tensor its operators, methods and attributes."""
    for name, method in bound().items():
        setattr(Tensor, name, method)


# -- shapes ------------------------------------------------------------------------------------


def _in_columns(function: str, order: Any) -> bool:
    """Whether ``order`` is "F" (column-major), or raise if it is not "C" or "F"."""
    if order not in ("C", "F"):
        axes = isinstance(order, int)  # PyTorch's first argument of flatten
        hint = f"; use reshape to merge axes: x.reshape(*x.shape[:{order}], -1)" if axes else ""
        raise TypeError(f"{function}: order must be 'C' or 'F', got {order!r}{hint}")
    return bool(order == "F")


@function(method="reshape")
def _reshape(x: Tensor, *lengths: Any, order: str = "C") -> Tensor:
    """Give the elements another shape: ``x.reshape(2, 3)`` or ``x.reshape((2, 3))``."""
    one = len(lengths) == 1 and not isinstance(lengths[0], int)
    new_shape = lengths[0] if one else lengths
    if not _in_columns("reshape", order):
        return kinds.reshape(x, new_shape)
    reversed_shape = new_shape if isinstance(new_shape, int) else tuple(new_shape)[::-1]
    return _transpose(kinds.reshape(_transpose(x), reversed_shape))


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


@function(attribute="T")
def _t(x: Tensor) -> Tensor:
    """The transpose of a matrix; of a stack of matrices use ``mT``."""
    if x.ndim != 2:
        raise ValueError(f"T: expected 2 dimensions, got {x.ndim}; use mT or permute_dims")
    return kinds.matrix_transpose(x)


@function(method="flatten")
def _flatten(x: Tensor, order: str = "C") -> Tensor:
    """Return a 1-D copy of the elements."""
    x = _transpose(x) if _in_columns("flatten", order) else x
    return _copy(kinds.reshape(x, (-1,)))


# -- copies, devices, methods of the standard ------------------------------------------------------


@function(method="copy")
def _copy(x: Tensor) -> Tensor:
    """Return the same values as a separate tensor, connected in the graph."""
    out = astype(x, x.dtype, copy=True)
    return out if x.shape or is_result(x) else as_array(out)


@function(method="__copy__")
def _shallow_copy(x: Tensor) -> Tensor:
    """Return ``copy.copy(x)``: of a leaf another leaf, of other tensors `copy`, in the graph."""
    if x._level or not x.is_leaf:
        return _copy(x)
    rebuild, arguments = reduced(x)
    out: Tensor = rebuild(*arguments)
    return out


@function(method="fill")
def _fill(x: Tensor, value: Any) -> None:
    """Set every element to a number."""
    setitem(x, ..., value)


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
