"""Constructors: the author says what kind of function an op is, the engine derives the rules.

==================  =====================================  ================================
kind                you write                              derived
==================  =====================================  ================================
`elementwise`       one partial derivative per argument    vjp, jvp, batching
`linear`            its transpose, batching                jvp is the op; the adjoint
`bilinear`          two transposes, batching               jvp by the product rule
`jointly_linear`    one vjp per argument, batching         jvp is the op
`general`           vjps, jvps, batching
`joint`             one vjp, one jvp for all, batching
`constant`          the value                              results carry no gradient
==================  =====================================  ================================

Each is a decorator of ``value(xp, *arrays, **params)`` and returns the public function:
``xp`` is stripped, the docstring stays. Rules are static functions over ``xp``, so that
they run on raw arrays and, recorded, on Tensors.
"""

from collections.abc import Callable, Sequence
from typing import Any, Unpack

from xgrad.backends.namespace import Namespace
from xgrad.backends.scalars import WEAK
from xgrad.engine.batching import Batching, batch_core, batch_elementwise
from xgrad.engine.by_name import Names, Rule, call_by_name, needed_slots
from xgrad.engine.declare import Declared, Decorator, no_gradient, public_function
from xgrad.engine.dispatch import bind
from xgrad.engine.elementwise import IDENTITY, NEGATION, ZERO, Scaled, elementwise, sum_of_terms
from xgrad.engine.primitive import USUAL, Forward, Memory, Params, Rules, Signature, Vjp

__all__ = [
    "IDENTITY", "NEGATION", "ZERO", "Scaled", "bilinear", "constant", "elementwise", "general",
    "joint", "jointly_linear", "linear", "variadic_linear",
]  # fmt: skip

# -- linear and bilinear -----------------------------------------------------------------------


def _adjoint(transpose: Vjp) -> Vjp:
    """Return the adjoint under Re<a, b>: conj, transpose, conj."""

    def adjoint(xp: Namespace, g: Any, saved: Any, like: Any, params: Params) -> Any:
        saved = tuple(None if x is None else xp.conj(x) for x in saved)
        return transpose(xp, g, saved, like, params)

    return adjoint


def linear(
    *,
    transpose: Rule,
    batch: Batching,
    adds_into: Rule | None = None,
    **declared: Unpack[Declared],
) -> Decorator:
    """Declare an op that is linear in its one array, with real coefficients.

    Parameters
    ----------
    transpose
        ``transpose(xp, g, [like, params by name])``: the cotangent of the array.
    batch
        ``batch(op, x, params)``: apply to ``x`` with the batch on axis 0.
    adds_into
        ``adds_into(xp, total, g, params)``: add the cotangent to an existing one.
    """

    def decorate(value: Callable[..., Any]) -> Any:
        names = Names(value)
        op: Any
        rules = Rules(
            vjps=(call_by_name(transpose, names, 2),),  # real coefficients: the same for complex
            needs=(needed_slots(transpose, names, 2),),
            jvp=lambda xp, tangents, saved, params: bind(op.primitive, tangents, params),
            batch=lambda op, args, batched, params: batch(op, args[0], params),
        )
        op = public_function(value, rules, USUAL, Memory(adds_into=adds_into), **declared)
        return op

    return decorate


def bilinear(*, left: Rule, right: Rule, core: str, **declared: Unpack[Declared]) -> Decorator:
    """Declare an op that is linear in each of two arrays.

    Parameters
    ----------
    left, right
        ``left(xp, g, y)`` and ``right(xp, g, x)``: the transposes.
    core
        The shapes of one call, such as ``"(m,n),(n,k)->(m,k)"``; leading axes broadcast.
    """

    def decorate(value: Callable[..., Any]) -> Any:
        names = Names(value)
        vjps = tuple(call_by_name(rule, names, 2) for rule in (left, right))
        op: Any

        def jvp(xp: Namespace, tangents: Any, saved: Any, params: Params) -> Any:
            (x, y, _), (tx, ty) = saved, tangents
            from_x = None if tx is None else bind(op.primitive, (tx, y), params)
            from_y = None if ty is None else bind(op.primitive, (x, ty), params)
            if from_x is None or from_y is None:
                return from_x if from_y is None else from_y
            return xp.add(from_x, from_y)

        rules = Rules(
            vjps=vjps,
            complex_vjps=tuple(_adjoint(rule) for rule in vjps),
            needs=tuple(needed_slots(rule, names, 2) for rule in (left, right)),
            jvp=jvp,
            batch=batch_core(core),
        )
        op = public_function(value, rules, **declared)
        return op

    return decorate


# -- everything else ---------------------------------------------------------------------------


def general(
    *,
    vjps: Sequence[Rule | None],
    jvps: Sequence[Rule | None],
    batch: Any,
    several: bool = False,
    forward: Forward | None = None,
    **declared: Unpack[Declared],
) -> Decorator:
    """Declare an op by one vjp and one jvp for each argument.

    Parameters
    ----------
    vjps
        ``vjp(xp, g, [arguments, out, like, params by name])``, or None.
    jvps
        ``jvp(xp, t, [arguments, out, params by name])``: its contribution to the output's tangent.
    batch
        ``batch(op, args, batched, params)``.
    several
        Whether the value is a tuple; ``g`` is then a list with None for missing cotangents.
    forward
        ``forward(xp, args, tangents, params)``: the value and its tangent at once, instead of
        ``jvps``, for an op whose tangent decides which of several correct values to return.
    """

    def decorate(value: Callable[..., Any]) -> Any:
        names = Names(value)
        forwards = [None if rule is None else call_by_name(rule, names, 2) for rule in jvps]
        rules = Rules(
            vjps=tuple(no_gradient if v is None else call_by_name(v, names, 2) for v in vjps),
            needs=tuple(() if v is None else needed_slots(v, names, 2) for v in vjps),
            jvp=sum_of_terms(forwards),
            batch=batch,
            forward=forward,
        )
        return public_function(value, rules, Signature(several=several), **declared)

    return decorate


def _filled(xp: Namespace, tangents: Any, saved: Any) -> tuple[Any, ...]:
    """Return the tangents, with zeros instead of None."""
    return tuple(
        t if t is not None else 0 if type(x) in WEAK else xp.zeros_like(x)
        for t, x in zip(tangents, saved[:-1], strict=True)
    )


def jointly_linear(
    *, vjps: Sequence[Rule], batch: Any, consumes: bool = False, **declared: Unpack[Declared]
) -> Decorator:
    """Declare an op that is linear in all of its arrays together.

    Parameters
    ----------
    vjps
        ``vjp(xp, g, params)`` for each array: a new array, or ``g`` where it may be used.
    batch
        ``batch(op, args, batched, params)``.
    consumes
        Whether the vjp of the last array overwrites ``g``, where that is possible.
    """

    def decorate(value: Callable[..., Any]) -> Any:
        op: Any

        def jvp(xp: Namespace, tangents: Any, saved: Any, params: Params) -> Any:
            return bind(op.primitive, _filled(xp, tangents, saved), params)

        rules = Rules(tuple(vjps), needs=((),) * len(vjps), jvp=jvp, batch=batch)
        op = public_function(value, rules, USUAL, Memory(consumes=consumes), **declared)
        return op

    return decorate


def joint(
    *, vjp: Rule, jvp: Rule, batch: Any, several: bool = False, **declared: Unpack[Declared]
) -> Decorator:
    """Declare an op whose cotangents share work: one vjp for all arguments, and one jvp.

    Parameters
    ----------
    vjp
        ``vjp(xp, g, like, [arguments, out, params by name])``: a list with the cotangent of
        each array; ``like`` is a list too, with None for those that need none.
    jvp
        ``jvp(xp, tangents, [arguments, out, params by name])``; tangents may be None.
    batch
        ``batch(op, args, batched, params)``.
    several
        Whether the value is a tuple; ``g`` is then a list with None for missing cotangents.
    """

    def decorate(value: Callable[..., Any]) -> Any:
        names = Names(value)
        forward = call_by_name(jvp, names, 2)

        def tangent(xp: Namespace, tangents: Any, saved: Any, params: Params) -> Any:
            return forward(xp, tangents, saved, None, params)

        rules = Rules(
            vjps=call_by_name(vjp, names, 2),
            needs=(needed_slots(vjp, names, 2),) * len(names.inputs),
            jvp=tangent,
            batch=batch,
        )
        return public_function(value, rules, Signature(several=several), **declared)

    return decorate


def variadic_linear(*, transpose: Rule, batch: Any, **declared: Unpack[Declared]) -> Decorator:
    """Declare an op that is jointly linear in any number of arrays.

    Parameters
    ----------
    transpose
        ``transpose(xp, g, likes, **params)``: a list with the cotangent of each array;
        ``likes`` has None for those that need none.
    batch
        ``batch(op, args, batched, params)``.
    """

    def decorate(value: Callable[..., Any]) -> Any:
        op: Any

        def jvp(xp: Namespace, tangents: Any, saved: Any, params: Params) -> Any:
            return bind(op.primitive, _filled(xp, tangents, saved), params)

        def vjps(xp: Namespace, g: Any, saved: Any, likes: Any, params: Params) -> Any:
            return transpose(xp, g, likes, **params)

        rules = Rules(vjps, jvp=jvp, batch=batch)
        op = public_function(value, rules, Signature(variadic=True), **declared)
        return op

    return decorate


def constant(
    *, batch: Any = batch_elementwise, several: bool = False, **declared: Unpack[Declared]
) -> Decorator:
    """Declare an op whose result (or each of ``several``) carries no gradient."""

    def decorate(value: Callable[..., Any]) -> Any:
        takes = Signature(differentiable=False, several=several)
        return public_function(value, Rules(batch=batch), takes, **declared)

    return decorate
