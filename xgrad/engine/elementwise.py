"""The constructor of elementwise ops: one partial derivative for each argument."""

from collections.abc import Callable, Sequence
from typing import Any, Unpack

from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import batch_elementwise
from xgrad.engine.by_name import Names, Rule, call_by_name, call_source, compiled, needed_slots
from xgrad.engine.declare import Declared, Decorator, no_gradient, public_function
from xgrad.engine.primitive import Jvp, Params, Rules, Vjp

IDENTITY = 1
NEGATION = -1
ZERO = 0  # of a step function: the result is tracked, its derivative is 0


class Scaled:
    """A partial that is a mask, given as the map ``t -> partial * t``.

    ``Scaled(lambda xp, t, x: xp.where(x > 0, t, 0))`` is its own transpose, computes no
    product, and never multiplies 0 by infinity.
    """

    def __init__(self, apply: Rule) -> None:
        self.apply = apply


Partial = Rule | str | int | Scaled | None


def elementwise(
    *,
    partial: Partial = None,
    partials: Sequence[Partial] | None = None,
    singular: bool | Sequence[bool] = False,
    **declared: Unpack[Declared],
) -> Decorator:
    """Declare a holomorphic (or real) function of each element.

    Parameters
    ----------
    partial, partials
        For each argument ``d(xp, [arguments, out, params by name])``; or the name of the
        argument (or ``"out"``) that it equals; or ``IDENTITY``, ``NEGATION``, ``ZERO``; or `Scaled`
        for a mask; or None where there is no derivative.
    singular
        Whether a partial can be infinite: it then counts as 0 where the cotangent is 0.
    """
    each = (partial,) if partials is None else tuple(partials)
    flags = (singular,) * len(each) if isinstance(singular, bool) else tuple(singular)

    def decorate(value: Callable[..., Any]) -> Any:
        names = Names(value)
        argument_rules = [_elementwise_rules(d, names, s) for d, s in zip(each, flags, strict=True)]
        rules = Rules(
            vjps=tuple(rule[0] for rule in argument_rules),
            complex_vjps=tuple(rule[1] for rule in argument_rules),
            needs=tuple(rule[2] for rule in argument_rules),
            jvp=sum_of_terms([rule[3] for rule in argument_rules]),
            batch=batch_elementwise,
        )
        return public_function(value, rules, **declared)

    return decorate


def sum_of_terms(forwards: Sequence[Rule | None]) -> Jvp:
    """Return the jvp that adds up the terms of all arguments."""

    def jvp(xp: Namespace, tangents: Any, saved: Any, params: Params) -> Any:
        total = None
        for t, forward in zip(tangents, forwards, strict=True):
            if t is not None and forward is not None:
                term = forward(xp, t, saved, None, params)
                total = term if total is None else xp.add(total, term)
        return total

    return jvp


def _elementwise_rules(
    d: Partial, names: Names, singular: bool
) -> tuple[Vjp | None, Vjp | None, tuple[int, ...], Any]:
    """Return (vjp, vjp for complex outputs, slots they need, forward map) of one argument."""
    if d is None:
        return no_gradient, no_gradient, (), None
    if isinstance(d, int):
        if d == ZERO:
            return flat, flat, (), flat
        if d == IDENTITY:
            return None, None, (), lambda xp, t, saved, like, params: t
        return _negated, _negated, (), _negated
    if isinstance(d, Scaled):
        scale = call_by_name(d.apply, names, 2)
        return scale, scale, needed_slots(d.apply, names, 2), scale
    if isinstance(d, str):  # the partial is a saved value
        slots: tuple[int, ...] = (names.slots.index(d),)
        partial, rule = f"saved[{slots[0]}]", None
    else:
        slots = needed_slots(d, names, 1)
        partial, rule = call_source(d, names, 1), d
    times = MASKED if singular else PRODUCT
    vjp = compiled((SAVED if rule is None and not singular else times).format(partial), rule)
    return vjp, compiled(times.format(f"conj(xp, {partial})"), rule), slots, vjp


# The product of a cotangent and a partial. On raw arrays it is an operator: NumPy then puts it
# into the memory of a partial that nothing else refers to.
SAVED = "xp.multiply(g, {0})"
PRODUCT = "xp.multiply(g, {0}) if xp is XG else g * {0}"
MASKED = "xp.repaired(g, g * {0}) if xp.multiplies_first else xp.masked_product(g, {0})"


def flat(xp: Namespace, g: Any, saved: Any, like: Any, params: Params) -> Any:
    """Return zeros: the rule of a step function."""
    return xp.zeros_like(g)


def _negated(xp: Namespace, g: Any, saved: Any, like: Any, params: Params) -> Any:
    return xp.negative(g)
