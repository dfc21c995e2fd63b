"""Rules name what they need: ``lambda xp, y: ...`` is handed ``y`` and nothing else.

A rule's first parameters are fixed (``xp``, then perhaps a cotangent or a tangent). Each
further one is the name of an argument of the op, ``out`` for its output, ``like`` for the
shape and dtype of the argument in question, or the name of a keyword-only parameter.
"""

import inspect
from collections.abc import Callable
from typing import Any

from xgrad.engine.primitive import Params

Rule = Callable[..., Any]


class Names:
    """The names that the rules of one op may use, from the signature of its value."""

    def __init__(self, value: Callable[..., Any]) -> None:
        parameters = list(inspect.signature(value).parameters.values())[1:]
        self.inputs = tuple(p.name for p in parameters if p.kind == p.POSITIONAL_ONLY)
        self.params = tuple(p.name for p in parameters if p.kind == p.KEYWORD_ONLY)
        self.slots = (*self.inputs, "out")


def _parameters(rule: Rule) -> tuple[str, ...]:
    """Return the names of a rule's parameters; far cheaper than ``inspect.signature``."""
    code = rule.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def needed_slots(rule: Rule, names: Names, fixed: int) -> tuple[int, ...]:
    """Return which of (inputs..., out) a rule names after its ``fixed`` first parameters."""
    wanted = _parameters(rule)[fixed:]
    return tuple(names.slots.index(name) for name in wanted if name in names.slots)


def named_only(rule: Rule, names: Names, fixed: int, slots: tuple[int, ...]) -> bool:
    """Whether a rule names exactly these slots, in this order, and at least one."""
    wanted = _parameters(rule)[fixed:]
    return bool(slots) and list(wanted) == [names.slots[i] for i in slots]


def call_by_name(rule: Rule, names: Names, fixed: int) -> Rule:
    """Return ``call(fixed..., saved, like, params)``, which hands the rule what it names."""
    wanted = _parameters(rule)[fixed:]
    known = {*names.slots, *names.params, "like"}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise TypeError(f"a rule names {', '.join(unknown)}; the op has {', '.join(sorted(known))}")
    slots = tuple(names.slots.index(name) for name in wanted if name in names.slots)
    in_order = tuple(names.slots[i] for i in slots) == wanted
    if in_order and fixed == 1 and len(slots) == 1:
        only = slots[0]
        return lambda xp, saved, like, params: rule(xp, saved[only])
    if in_order and fixed == 2 and not slots:
        return lambda xp, g, saved, like, params: rule(xp, g)
    if in_order and fixed == 2 and len(slots) == 1:
        only = slots[0]
        return lambda xp, g, saved, like, params: rule(xp, g, saved[only])
    if in_order and fixed == 1 and len(slots) == 2:
        first, second = slots
        return lambda xp, saved, like, params: rule(xp, saved[first], saved[second])
    plan = tuple(
        (name, names.slots.index(name) if name in names.slots else None) for name in wanted
    )

    def arguments(saved: Any, like: Any, params: Params) -> list[Any]:
        return [
            saved[slot] if slot is not None else like if name == "like" else params[name]
            for name, slot in plan
        ]

    if fixed == 1:
        return lambda xp, saved, like, params: rule(xp, *arguments(saved, like, params))
    return lambda xp, g, saved, like, params: rule(xp, g, *arguments(saved, like, params))


def default_params(value: Callable[..., Any]) -> Params:
    """Return the defaults of an op's keyword-only parameters."""
    parameters = inspect.signature(value).parameters.values()
    return {
        p.name: p.default
        for p in parameters
        if p.kind == p.KEYWORD_ONLY and p.default is not p.empty
    }
