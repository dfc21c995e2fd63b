"""A primitive: a function of arrays with its rules.

Nothing here knows a particular op. The constructors (`xgrad.engine.constructors`) fill these
records from an op's declaration.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.typing import Value

Params = dict[str, Any]
#: ``vjp(xp, g, saved, like, params)``: the cotangent of one argument. ``saved`` holds the
#: inputs and the output (None where the rule does not need it); ``like`` has the shape and
#: the dtype of the argument.
Vjp = Callable[[Namespace, Value, tuple[Any, ...], Any, Params], Any]
#: ``jvp(xp, tangents, saved, params)``: the tangent of the output; tangents may be None.
Jvp = Callable[[Namespace, tuple[Any, ...], tuple[Any, ...], Params], Any]
#: ``adds_into(xp, total, g, params)``: add the cotangent of the only argument to an existing
#: one, in place if the library can.
AddsInto = Callable[[Namespace, Value, Value, Params], Value]
#: ``forward(xp, args, tangents, params)``: the value and its tangent, computed together.
Forward = Callable[[Namespace, tuple[Any, ...], tuple[Any, ...], Params], tuple[Any, Any]]
#: ``batch(op, args, batched, params)``: the op over axis 0 of the batched arguments.
Batch = Callable[[Callable[..., Any], tuple[Any, ...], tuple[bool, ...], Params], Any]

#: ``on_tape(primitive, level, inner, nodes, params)``: the outputs, tracked at the level.
OnTape = Callable[["Primitive", Any, tuple[Any, ...], tuple[Any, ...], Params], Any]

NO_PARAMS: Params = {}

#: Every primitive by name: for the mutation run and for tests that count rules.
PRIMITIVES: dict[str, "Primitive"] = {}


@dataclass(slots=True)
class Rules:
    """How a primitive is differentiated and vectorised.

    Attributes
    ----------
    vjps : tuple of (callable or None), or callable
        One rule per argument; None passes the cotangent through unchanged. For a joint
        primitive one ``vjps(xp, g, saved, likes, params)``, a list for all arguments;
        ``likes`` has None for those that need no cotangent.
    complex_vjps : tuple or callable
        The same for a complex output, whose partials are conjugated (under the convention
        Re<a, b>); defaults to ``vjps``.
    needs : tuple of tuple of int
        For each argument, which of (inputs..., output) its vjp needs.
    jvp, batch : callable
        Forward mode and vectorisation.
    forward : callable or None
        Computes the value and the tangent together, if the tangent decides which value is returned.
    on_tape : callable or None
        ``on_tape(primitive, level, inner, nodes, params)`` replaces the processing of a tape level
        for a function with a user's rule; returns the outputs, tracked at the level.
    """

    vjps: Any = ()
    complex_vjps: Any = None
    needs: tuple[tuple[int, ...], ...] = ()
    jvp: Any = None  # Jvp; None only for constants, and if `forward` is set
    batch: Any = None  # Batch
    forward: Forward | None = None
    on_tape: OnTape | None = None

    def __post_init__(self) -> None:
        if self.complex_vjps is None:
            self.complex_vjps = self.vjps

    @property
    def joint(self) -> bool:
        """Whether one vjp serves all arguments."""
        return callable(self.vjps)


@dataclass(frozen=True, slots=True)
class Signature:
    """What a primitive takes and returns.

    Attributes
    ----------
    differentiable : bool
        False for an op whose result is a constant.
    variadic : bool
        Whether it takes any number of arrays; its vjp is joint, and saves none of them.
    several : bool
        Whether it returns a tuple.
    """

    differentiable: bool = True
    variadic: bool = False
    several: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """What the backward pass may overwrite, for a primitive that reads or writes a part.

    Attributes
    ----------
    adds_into : callable or None
        For reading a part: adds its cotangent into the cotangent of the whole array.
    consumes : bool
        For writing a part: whether the vjp of the last argument may overwrite the cotangent.
    """

    adds_into: AddsInto | None = None
    consumes: bool = False


USUAL = Signature()
WRITES_NOTHING = Memory()


class Primitive:
    """A function of arrays, ``value(xp, *arrays, **params)``, with its rules.

    ``name`` is the public name, used in error messages; ``product`` says whether it is a product
    of matrices, which checkpoint policies may save; ``alone`` is what a call with the first of
    several arrays alone means, if anything; ``unusual`` is a single test of the backward
    pass for all primitives that do not take its main path.
    """

    __slots__ = ("alone", "memory", "name", "product", "rules", "signature", "unusual", "value")

    def __init__(
        self,
        name: str,
        value: Callable[..., Any],
        rules: Rules,
        signature: Signature = USUAL,
        memory: Memory = WRITES_NOTHING,
    ) -> None:
        self.name, self.value, self.rules = name, value, rules
        self.signature, self.memory = signature, memory
        self.unusual = rules.joint or memory.consumes or memory.adds_into is not None
        self.product = False
        self.alone: Callable[[Any], Any] | None = None
        if name in PRIMITIVES:
            first = PRIMITIVES[name].value.__module__
            raise ValueError(
                f"{value.__module__} declares an op {name!r}, but {first} has one of that name: "
                "import that one, or rename this one"
            )
        PRIMITIVES[name] = self

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"
