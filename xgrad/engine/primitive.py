"""A primitive: one function with its value and everything that is derived from it.

Nothing here knows a particular op. The constructors in `xgrad.engine.constructors`
fill the slots from what an op's author writes.
"""

from collections.abc import Callable
from typing import Any

Array = Any
Params = dict[str, Any]
#: ``vjp(xp, g, saved, like, params)``: the cotangent of one argument. ``saved`` holds the
#: inputs and the output (None where the rule does not need it); ``like`` has the shape and
#: the dtype of the argument.
Vjp = Callable[[Any, Array, tuple[Any, ...], Any, Params], Array]
#: ``jvp(xp, tangents, saved, params)``: the tangent of the output; tangents may be None.
Jvp = Callable[[Any, tuple[Any, ...], tuple[Any, ...], Params], Array]
#: ``adds_into(xp, total, g, params)``: add the cotangent of the only argument to one
#: that is there already, in place where the library can.
AddsInto = Callable[[Any, Array, Array, Params], Array]
#: ``forward(xp, args, tangents, params)``: the value and its tangent, made together.
Forward = Callable[[Any, tuple[Any, ...], tuple[Any, ...], Params], tuple[Any, Any]]
#: ``batch(op, args, batched, params)``: the op over axis 0 of the batched arguments.
Batch = Callable[[Callable[..., Any], tuple[Any, ...], tuple[bool, ...], Params], Array]

#: ``on_tape(primitive, level, inner, nodes, params)``: the outputs, tracked at the level.
OnTape = Callable[["Primitive", Any, tuple[Any, ...], tuple[Any, ...], Params], Any]

NO_PARAMS: Params = {}

#: Every primitive by name: for the mutation run and for tests that count rules.
PRIMITIVES: dict[str, "Primitive"] = {}


class Primitive:
    """A function of arrays and its rules.

    Attributes
    ----------
    name : str
        The public name, used in error messages.
    value : callable
        ``value(xp, *arrays, **params)``.
    vjps : tuple of (callable or None), or callable
        One rule per argument; None passes the cotangent through unchanged. For a joint
        primitive one ``vjps(xp, g, saved, likes, params)``, a list for all arguments;
        ``likes`` has None for those that need no cotangent.
    complex_vjps : tuple or callable
        The same for a complex output: under the convention Re<a, b>, partials are
        conjugated.
    needs : tuple of tuple of int, or None
        For each argument, which of (inputs..., output) its vjp needs.
    jvp, batch : callable
        Forward mode and vectorisation.
    forward : callable or None
        Makes the value and the tangent together, where the jvp decides what the value is.
    on_tape : callable or None
        ``on_tape(primitive, level, inner, nodes, params)`` does what a tape level does, for a
        function with a rule of the user's: the outputs, tracked at the level.
    adds_into : callable or None
        For reading a part: adds its cotangent into the whole's without making a whole one.
    consumes : bool
        For writing a part: whether the vjp of the last argument may overwrite the cotangent.
    differentiable : bool
        False for an op whose result is a constant.
    joint : bool
        Whether one vjp serves all arguments.
    variadic, several : bool
        Whether it takes any number of arrays, joint and saving none of them; whether it
        returns a tuple.
    product : bool
        Whether it is a product of matrices, which checkpoint policies may keep.
    """

    __slots__ = (
        "adds_into",
        "batch",
        "complex_vjps",
        "consumes",
        "differentiable",
        "forward",
        "joint",
        "jvp",
        "kind",
        "name",
        "needs",
        "on_tape",
        "product",
        "several",
        "unusual",
        "value",
        "variadic",
        "vjps",
    )

    def __init__(
        self,
        name: str,
        kind: str,
        value: Callable[..., Any],
        *,
        vjps: Any = (),
        complex_vjps: Any = (),
        needs: tuple[tuple[int, ...], ...] = (),
        jvp: Jvp | None = None,
        batch: Batch | None = None,
        differentiable: bool = True,
        joint: bool = False,
        variadic: bool = False,
        several: bool = False,
        adds_into: AddsInto | None = None,
        consumes: bool = False,
        forward: Forward | None = None,
        on_tape: OnTape | None = None,
    ) -> None:
        self.name, self.kind, self.value = name, kind, value
        self.vjps, self.complex_vjps, self.needs = vjps, complex_vjps, needs
        self.jvp: Any = jvp
        self.forward, self.on_tape = forward, on_tape
        self.batch: Any = batch
        self.differentiable, self.variadic, self.several = differentiable, variadic, several
        self.joint = joint or variadic
        self.adds_into, self.consumes = adds_into, consumes
        # One test in the backward pass for all that leave its usual path.
        self.unusual = self.joint or consumes or adds_into is not None
        self.product = False
        if name in PRIMITIVES:
            raise ValueError(f"two primitives are named {name!r}")
        PRIMITIVES[name] = self

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"
