"""What all constructors share: the public function made of a primitive."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol

from xgrad.engine import apply
from xgrad.engine.by_name import Names, default_params
from xgrad.engine.precision import autocasting
from xgrad.engine.primitive import Params, Primitive
from xgrad.engine.tensor import Tensor

P = ParamSpec("P")


class Decorator(Protocol):
    """Turns ``value(xp, ...)`` into the public function ``(...) -> Tensor``."""

    def __call__(self, value: Callable[Concatenate[Any, P], Any], /) -> Callable[P, Tensor]:
        """Return the public function."""
        ...


def public_function(primitive: Primitive, value: Callable[..., Any]) -> Callable[..., Any]:
    """Make the function that users call, with the value's docstring and signature."""
    names = Names(value)
    defaults = default_params(value)
    if len(names.inputs) == 1 and not primitive.variadic:
        with_params = bool(names.params) or primitive.several
        op = apply.unary_with(primitive, defaults) if with_params else apply.unary(primitive)
    elif len(names.inputs) == 2 and not (names.params or primitive.variadic or primitive.several):
        op = apply.binary(primitive)
    else:
        op = apply.general(primitive, defaults)
    op.__qualname__ = value.__qualname__  # Python's refusals of arguments name it
    op = autocasting(op, primitive.name)
    functools.update_wrapper(op, value)
    signature = inspect.signature(value)
    op.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=list(signature.parameters.values())[1:]
    )
    op.primitive = primitive  # type: ignore[attr-defined]
    return op


def no_gradient(xp: Any, g: Any, saved: Any, like: Any, params: Params) -> Any:
    """Return None: the rule of an argument without a derivative."""
    return
