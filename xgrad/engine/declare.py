"""How an op is declared: one entry, at its value, says everything the package knows about it.

The constructors (`xgrad.engine.constructors`) take the keywords of `Declared` for primitives;
`function` takes those of `Named` for functions composed of other ops. Tensor's methods and
operators, the namespace of recorded rules (`xgrad.ops`) and NumPy's protocols
(`xgrad.interop`) are generated from the list `DECLARATIONS`.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypedDict, TypeVar, Unpack, overload

from xgrad.backends.namespace import Namespace
from xgrad.calls import Arguments
from xgrad.engine import apply
from xgrad.engine.by_name import Names, default_params, signature_of
from xgrad.engine.precision import Precision, autocasting
from xgrad.engine.primitive import USUAL, WRITES_NOTHING, Memory, Primitive, Rules, Signature
from xgrad.engine.tensor import Tensor
from xgrad.typing import ArrayLike, Value

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])


class Named(TypedDict, total=False):
    """Where a function appears; all keys are optional."""

    numpy: str | tuple[str, ...]
    """The NumPy functions that it implements, by their names below ``np``."""
    scipy: str
    """The function of ``scipy.special`` that it implements."""
    method: bool | str | tuple[str, ...]
    """Whether it is a method of Tensor (or the method's name)."""
    attribute: bool | str
    """Whether it is an attribute of Tensor (or the attribute's name)."""
    operator: str
    """The Python operator that it implements: ``"+"``, ``"<"``, ``"-x"``."""
    rules: bool | str | tuple[str, ...]
    """Whether rules call it on ``xp`` (or the names there), so that they can be recorded."""


class Declared(Named, total=False):
    """The keys of a primitive."""

    precision: Precision
    """The dtype that it computes in under autocast, and for arrays of half precision."""
    product: bool
    """Whether the checkpoint policy ``dots_saveable`` saves its results."""
    direct: bool | str
    """Whether the value only calls the function of its name (or of this one) of ``xp``."""


class Op(Protocol[P]):
    """A public function made from a primitive."""

    primitive: Primitive
    __name__: str

    def __call__(self, *args: P.args, **params: P.kwargs) -> Tensor:
        """Apply it to Tensors, raw arrays and numbers."""


class Op1(Op[...], Protocol[P]):
    """An op of one array. Its value takes a raw array; users may pass anything array-like.

    The names of arrays are the standard's; special functions have others (and true signatures).
    """

    def __call__(self, x: ArrayLike, *args: P.args, **params: P.kwargs) -> Tensor:
        """Apply it to a Tensor, a raw array or a number."""


class Op2(Op[...], Protocol[P]):
    """An op of two arrays."""

    def __call__(self, x1: ArrayLike, x2: ArrayLike, *args: P.args, **params: P.kwargs) -> Tensor:
        """Apply it to Tensors, raw arrays and numbers."""


class Op3(Op[...], Protocol[P]):
    """An op of three arrays, or more."""

    def __call__(
        self, condition: ArrayLike, x1: ArrayLike, x2: ArrayLike, *args: P.args, **params: P.kwargs
    ) -> Tensor:
        """Apply it to Tensors, raw arrays and numbers."""


class Decorator(Protocol):
    """Turns ``value(xp, ...)`` into the public function ``(...) -> Tensor``."""

    @overload
    def __call__(
        self, value: Callable[Concatenate[Namespace, Value, Value, Value, P], Any], /
    ) -> Op3[P]: ...

    @overload
    def __call__(
        self, value: Callable[Concatenate[Namespace, Value, Value, P], Any], /
    ) -> Op2[P]: ...

    @overload
    def __call__(self, value: Callable[Concatenate[Namespace, Value, P], Any], /) -> Op1[P]: ...

    @overload
    def __call__(self, value: Callable[Concatenate[Namespace, P], Any], /) -> Op[P]: ...


class Declaration:
    """A function and the keywords it was declared with."""

    __slots__ = ("declared", "function", "name", "primitive")

    def __init__(
        self, function: Callable[..., Any], primitive: Primitive | None, declared: Named
    ) -> None:
        self.function, self.primitive, self.declared = function, primitive, declared
        self.name: str = function.__name__

    @property
    def module(self) -> str:
        """The module that defines it."""
        return self.function.__module__

    def names(self, keyword: str) -> tuple[str, ...]:
        """Return the names that a keyword lists; True means the function's own name."""
        value: Any = self.declared.get(keyword, ())
        if value is True:
            return (self.name,)
        return (value,) if isinstance(value, str) else tuple(value or ())


#: Every entry, in the order of definition.
DECLARATIONS: list[Declaration] = []


def function(**declared: Unpack[Named]) -> Callable[[F], F]:
    """Declare a function composed of other ops; it is returned unchanged."""

    def decorate(f: F) -> F:
        if unknown := declared.keys() - Named.__optional_keys__:
            raise TypeError(
                f"{f.__name__}: a composite function does not take {', '.join(unknown)}"
            )
        DECLARATIONS.append(Declaration(f, None, declared))
        return f

    return decorate


def public_function(
    value: Callable[..., Any],
    rules: Rules,
    takes: Signature = USUAL,
    memory: Memory = WRITES_NOTHING,
    /,
    **declared: Unpack[Declared],
) -> Any:
    """Make a primitive, and the function that users call, with the value's docstring."""
    if unknown := declared.keys() - Declared.__optional_keys__:
        raise TypeError(f"{value.__name__}: an op does not take {', '.join(unknown)}")
    primitive = Primitive(value.__name__.strip("_"), value, rules, takes, memory)
    names = Names(value)
    defaults = default_params(value)
    named = declared.get("direct")
    direct = primitive.name if named is True else named or None
    arguments = Arguments(signature_of(value), names.inputs)
    op: Any
    if len(names.inputs) == 1 and not takes.variadic:
        if names.params or takes.several:
            op = apply.unary_with(primitive, arguments, defaults)
        else:
            op = apply.unary(primitive, arguments, direct)
    elif len(names.inputs) == 2 and not (names.params or takes.variadic or takes.several):
        op = apply.binary(primitive, arguments, direct)
    else:
        op = apply.general(primitive, arguments, defaults)
    primitive.product = declared.get("product", False)
    if "precision" in declared:
        op = autocasting(op, primitive.name, declared["precision"], arguments)
    functools.update_wrapper(op, value)
    signature = signature_of(value)
    _, *parameters = signature.parameters.values()
    op.__signature__ = signature.replace(  # users see what they may pass
        parameters=[
            p.replace(
                kind=p.POSITIONAL_OR_KEYWORD if p.kind is p.POSITIONAL_ONLY else p.kind,
                annotation=ArrayLike if p.annotation is Value else p.annotation,
            )
            for p in parameters
        ],
        return_annotation=signature.return_annotation if takes.several else Tensor,
    )
    op.primitive = primitive
    arguments.op = op
    DECLARATIONS.append(Declaration(op, primitive, declared))
    return op


def positional(op: Callable[..., Any]) -> list[str]:
    """Return the names of the parameters that an op takes by position."""
    parameters = inspect.signature(op).parameters.values()
    return [p.name for p in parameters if p.kind < p.VAR_POSITIONAL]


def no_gradient(xp: Namespace, g: Any, saved: Any, like: Any, params: Any) -> Any:
    """Return None: the rule of an argument without a derivative."""
    return
