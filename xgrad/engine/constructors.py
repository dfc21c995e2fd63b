"""Constructors: say what kind of function an op is, and the engine derives the rules.

==================  =====================================  ================================
kind                you write                              derived
==================  =====================================  ================================
`elementwise`       one partial derivative per argument    vjp, jvp, batching
`linear`            its transpose, and how it batches      jvp is the op; the adjoint
`bilinear`          two transposes, and how it batches     jvp by the product rule
`general`           vjps, jvps, batching
`constant`          the value                              results carry no gradient
==================  =====================================  ================================

Each is a decorator of ``value(xp, *arrays, **params)`` and returns the public function:
``xp`` is stripped, the docstring stays. Rules are static functions over ``xp``, so that
they run on raw arrays and, recorded, on Tensors.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, Protocol

from xgrad.engine import apply
from xgrad.engine.batching import Batching, batch_core, batch_elementwise
from xgrad.engine.by_name import Names, Rule, call_by_name, default_params, named_only, needed_slots
from xgrad.engine.dispatch import bind
from xgrad.engine.primitive import Params, Primitive, Vjp
from xgrad.engine.tensor import Tensor

P = ParamSpec("P")


class Decorator(Protocol):
    """Turns ``value(xp, ...)`` into the public function ``(...) -> Tensor``."""

    def __call__(self, value: Callable[Concatenate[Any, P], Any], /) -> Callable[P, Tensor]:
        """Return the public function."""
        ...


IDENTITY = 1
NEGATION = -1


class Scaled:
    """A partial that is a mask: written as the map ``t -> partial * t`` itself.

    ``Scaled(lambda xp, t, x: xp.where(x > 0, t, 0))`` is its own transpose, makes no
    product, and cannot meet 0 times infinity.
    """

    def __init__(self, apply: Rule) -> None:
        self.apply = apply


Partial = Rule | str | int | Scaled | None


def _public(primitive: Primitive, value: Callable[..., Any]) -> Callable[..., Any]:
    """Make the function that users call, with the value's docstring and signature."""
    names = Names(value)
    defaults = default_params(value)
    if len(names.inputs) == 1 and not primitive.variadic:
        op = apply.unary_with(primitive, defaults) if names.params else apply.unary(primitive)
    elif len(names.inputs) == 2 and not names.params and not primitive.variadic:
        op = apply.binary(primitive)
    else:
        op = apply.general(primitive, defaults)
    functools.update_wrapper(op, value)
    signature = inspect.signature(value)
    op.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=list(signature.parameters.values())[1:]
    )
    op.primitive = primitive  # type: ignore[attr-defined]
    return op


# -- elementwise -------------------------------------------------------------------------------


def elementwise(
    *,
    partial: Partial = None,
    partials: Sequence[Partial] | None = None,
    singular: bool | Sequence[bool] = False,
) -> Decorator:
    """Declare a holomorphic (or real) function of each element.

    Parameters
    ----------
    partial, partials
        For each argument ``d(xp, [arguments, out, params by name])``; or the name of the
        argument (or ``"out"``) that it equals; or ``IDENTITY``, ``NEGATION``; or `Scaled`
        for a mask; or None where there is no derivative.
    singular
        Whether a partial can be infinite: then it counts as 0 beside a zero cotangent.
    """
    given = (partial,) if partials is None else tuple(partials)
    flags = (singular,) * len(given) if isinstance(singular, bool) else tuple(singular)

    def decorate(value: Callable[Concatenate[Any, P], Any]) -> Callable[P, Tensor]:
        names = Names(value)
        rules = [_elementwise_rules(d, names, s) for d, s in zip(given, flags, strict=True)]

        def jvp(xp: Any, tangents: Any, saved: Any, params: Params) -> Any:
            total = None
            for t, (_, _, _, forward) in zip(tangents, rules, strict=True):
                if t is not None and forward is not None:
                    term = forward(xp, t, saved, None, params)
                    total = term if total is None else xp.add(total, term)
            return total

        primitive = Primitive(
            value.__name__.strip("_"),
            "elementwise",
            value,
            vjps=tuple(rule[0] for rule in rules),
            complex_vjps=tuple(rule[1] for rule in rules),
            needs=tuple(rule[2] for rule in rules),
            fresh=tuple(d != IDENTITY for d in given),
            jvp=jvp,
            batch=batch_elementwise,
        )
        return _public(primitive, value)

    return decorate


def _no_gradient(xp: Any, g: Any, saved: Any, like: Any, params: Params) -> Any:
    return None


def _elementwise_rules(
    d: Partial, names: Names, singular: bool
) -> tuple[Vjp | None, Vjp | None, tuple[int, ...], Any]:
    """Return (vjp, vjp for complex outputs, what they need, forward map) of one argument."""
    if d is None:
        return _no_gradient, _no_gradient, (), None
    if isinstance(d, int):
        if d == IDENTITY:
            return None, None, (), lambda xp, t, saved, like, params: t
        return _negated, _negated, (), _negated
    if isinstance(d, Scaled):
        scale = call_by_name(d.apply, names, 2)
        return scale, scale, needed_slots(d.apply, names, 2), scale
    if isinstance(d, str):
        slot = names.slots.index(d)
        vjp = _masked_by_saved(slot) if singular else _product_with_saved(slot)
        partial = _saved(slot)
        return vjp, _conjugated(partial, singular), (slot,), vjp
    slots = needed_slots(d, names, 1)
    if named_only(d, names, 1, slots[:1]):
        vjp = _masked_by_one(d, *slots) if singular else _product_with_one(d, *slots)
    else:
        partial = call_by_name(d, names, 1)
        vjp = _masked_by(partial) if singular else _product_with(partial)
    return vjp, _conjugated(call_by_name(d, names, 1), singular), slots, vjp


# The rules of elementwise ops are the hot path of the backward pass: one closure for each
# combination, so that none decides anything when it runs.


def _saved(slot: int) -> Rule:
    return lambda xp, saved, like, params: saved[slot]


def _product_with_saved(slot: int) -> Vjp:
    return lambda xp, g, saved, like, params: xp.multiply(g, saved[slot])


def _masked_by_saved(slot: int) -> Vjp:
    return lambda xp, g, saved, like, params: xp.masked_product(g, saved[slot])


def _product_with_one(d: Rule, slot: int) -> Vjp:
    return lambda xp, g, saved, like, params: xp.multiply(g, d(xp, saved[slot]))


def _masked_by_one(d: Rule, slot: int) -> Vjp:
    return lambda xp, g, saved, like, params: xp.masked_product(g, d(xp, saved[slot]))


def _product_with(partial: Rule) -> Vjp:
    return lambda xp, g, saved, like, params: xp.multiply(g, partial(xp, saved, like, params))


def _masked_by(partial: Rule) -> Vjp:
    return lambda xp, g, saved, like, params: xp.masked_product(g, partial(xp, saved, like, params))


def _conjugated(partial: Rule, singular: bool) -> Vjp:
    def conjugate(xp: Any, saved: Any, like: Any, params: Params) -> Any:
        return xp.conj(partial(xp, saved, like, params))

    return _masked_by(conjugate) if singular else _product_with(conjugate)


def _negated(xp: Any, g: Any, saved: Any, like: Any, params: Params) -> Any:
    return xp.negative(g)


# -- linear and bilinear -----------------------------------------------------------------------


def _adjoint(transpose: Vjp) -> Vjp:
    """conj, transpose, conj: what a transpose becomes under Re<a, b>."""

    def adjoint(xp: Any, g: Any, saved: Any, like: Any, params: Params) -> Any:
        saved = tuple(None if x is None else xp.conj(x) for x in saved)
        return transpose(xp, g, saved, like, params)

    return adjoint


def linear(*, transpose: Rule, batch: Batching, passes_buffer: bool = False) -> Decorator:
    """Declare an op that is linear in its one array, with real coefficients.

    Parameters
    ----------
    transpose
        ``transpose(xp, g, [like, params by name])``: the cotangent of the array.
    batch
        ``batch(op, x, params)``: apply to ``x`` with the batch on axis 0.
    passes_buffer
        Whether the transpose returns all of ``g``'s memory in another layout (a reshape).
    """

    def decorate(value: Callable[Concatenate[Any, P], Any]) -> Callable[P, Tensor]:
        names = Names(value)
        vjp = call_by_name(transpose, names, 2)
        primitive: Primitive

        def jvp(xp: Any, tangents: Any, saved: Any, params: Params) -> Any:
            return bind(primitive, tangents, params)

        primitive = Primitive(
            value.__name__.strip("_"),
            "linear",
            value,
            vjps=(vjp,),
            complex_vjps=(vjp,),
            needs=(needed_slots(transpose, names, 2),),
            fresh=(False,),
            passes_buffer=passes_buffer,
            jvp=jvp,
            batch=lambda op, args, batched, params: batch(op, args[0], params),
        )
        return _public(primitive, value)

    return decorate


def bilinear(*, left: Rule, right: Rule, core: str) -> Decorator:
    """Declare an op that is linear in each of two arrays.

    Parameters
    ----------
    left, right
        ``left(xp, g, y)`` and ``right(xp, g, x)``: the transposes.
    core
        The shapes of one call, such as ``"(m,n),(n,k)->(m,k)"``; leading axes broadcast.
    """

    def decorate(value: Callable[Concatenate[Any, P], Any]) -> Callable[P, Tensor]:
        names = Names(value)
        vjps = tuple(call_by_name(rule, names, 2) for rule in (left, right))
        primitive: Primitive

        def jvp(xp: Any, tangents: Any, saved: Any, params: Params) -> Any:
            (x, y, _), (tx, ty) = saved, tangents
            from_x = None if tx is None else bind(primitive, (tx, y), params)
            from_y = None if ty is None else bind(primitive, (x, ty), params)
            if from_x is None or from_y is None:
                return from_x if from_y is None else from_y
            return xp.add(from_x, from_y)

        primitive = Primitive(
            value.__name__.strip("_"),
            "bilinear",
            value,
            vjps=vjps,
            complex_vjps=tuple(_adjoint(rule) for rule in vjps),
            needs=tuple(needed_slots(rule, names, 2) for rule in (left, right)),
            fresh=(True, True),
            jvp=jvp,
            batch=batch_core(core),
        )
        return _public(primitive, value)

    return decorate


# -- everything else ---------------------------------------------------------------------------


def general(
    *,
    vjps: Sequence[Rule | None],
    jvps: Sequence[Rule | None],
    batch: Any,
    several: bool = False,
    fresh: tuple[bool, ...] = (),
) -> Decorator:
    """Declare an op by one vjp and one jvp for each argument.

    Parameters
    ----------
    vjps
        ``vjp(xp, g, [arguments, out, like, params by name])``, or None.
    jvps
        ``jvp(xp, t, [arguments, out, params by name])``: the tangent's part in the output's.
    batch
        ``batch(op, args, batched, params)``.
    several
        Whether the value is a tuple; ``g`` is then a list with None for missing cotangents.
    fresh
        For each argument, whether its vjp always makes a new array.
    """

    def decorate(value: Callable[Concatenate[Any, P], Any]) -> Callable[P, Tensor]:
        names = Names(value)
        forward = [None if rule is None else call_by_name(rule, names, 2) for rule in jvps]
        backward = tuple(_no_gradient if v is None else call_by_name(v, names, 2) for v in vjps)

        def jvp(xp: Any, tangents: Any, saved: Any, params: Params) -> Any:
            total = None
            for t, rule in zip(tangents, forward, strict=True):
                if t is not None and rule is not None:
                    term = rule(xp, t, saved, None, params)
                    total = term if total is None else xp.add(total, term)
            return total

        primitive = Primitive(
            value.__name__.strip("_"),
            "general",
            value,
            vjps=backward,
            complex_vjps=backward,
            needs=tuple(() if v is None else needed_slots(v, names, 2) for v in vjps),
            fresh=fresh or (False,) * len(vjps),
            jvp=jvp,
            batch=batch,
            several=several,
        )
        return _public(primitive, value)

    return decorate


def variadic_linear(*, transpose: Rule, batch: Any) -> Decorator:
    """Declare an op that is jointly linear in any number of arrays.

    Parameters
    ----------
    transpose
        ``transpose(xp, g, likes, **params)``: a list with the cotangent of each array;
        ``likes`` has None for those that need none.
    batch
        ``batch(op, args, batched, params)``.
    """

    def decorate(value: Callable[Concatenate[Any, P], Any]) -> Callable[P, Tensor]:
        primitive: Primitive

        def jvp(xp: Any, tangents: Any, saved: Any, params: Params) -> Any:
            primals = saved[:-1]
            filled = (
                xp.zeros_like(x) if t is None else t for t, x in zip(tangents, primals, strict=True)
            )
            return bind(primitive, tuple(filled), params)

        primitive = Primitive(
            value.__name__.strip("_"), "linear", value, vjps=transpose, complex_vjps=transpose,
            jvp=jvp, batch=batch, variadic=True,
        )  # fmt: skip
        return _public(primitive, value)

    return decorate


def constant(*, batch: Any = batch_elementwise) -> Decorator:
    """Declare an op whose result carries no gradient."""

    def decorate(value: Callable[Concatenate[Any, P], Any]) -> Callable[P, Tensor]:
        primitive = Primitive(
            value.__name__.strip("_"), "constant", value, batch=batch, differentiable=False
        )
        return _public(primitive, value)

    return decorate
