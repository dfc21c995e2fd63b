"""Rules name what they need: ``lambda xp, y: ...`` is handed ``y`` and nothing else.

A rule's first parameters are fixed (``xp``, then perhaps a cotangent or a tangent). Each
further one is the name of an argument of the op, ``out`` for its output, ``like`` for the
shape and dtype of the argument in question, or the name of a keyword-only parameter.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from xgrad.backends.scalars import WEAK
from xgrad.engine.dispatch import XG
from xgrad.engine.primitive import Params

Rule = Callable[..., Any]


#: The signature of a value, which constructors look at several times: it is slow to make.
signature_of = functools.cache(inspect.signature)


class Names:
    """The names that the rules of one op may use, from the signature of its value."""

    def __init__(self, value: Callable[..., Any]) -> None:
        parameters = list(signature_of(value).parameters.values())[1:]
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


def call_source(rule: Rule, names: Names, fixed: int) -> str:
    """Return the source of a call that hands a rule what it names, for `compiled`."""
    wanted = _parameters(rule)[fixed:]
    sources = {name: f"params[{name!r}]" for name in names.params}
    sources |= {name: f"saved[{i}]" for i, name in enumerate(names.slots)} | {"like": "like"}
    unknown = [name for name in wanted if name not in sources]
    if unknown:
        raise TypeError(
            f"a rule names {', '.join(unknown)}; the op has {', '.join(sorted(sources))}"
        )
    return f"rule({', '.join([*('xp', 'g')[:fixed], *(sources[name] for name in wanted)])})"


def compiled(body: str, rule: Rule | None = None) -> Rule:
    """Return ``(xp, g, saved, like, params) -> body``; rules do little, so a detour would show."""
    found: Rule = _maker(body)(rule)
    return found


@functools.cache
def _maker(body: str) -> Callable[[Rule | None], Rule]:
    source = f"lambda rule: lambda xp, g, saved, like, params: {body}"
    names = {"XG": XG, "conj": _conjugate, "__name__": __name__}
    code = compile(source, f"<{body}>", "eval")  # tracebacks show the body
    found: Callable[[Rule | None], Rule] = eval(code, names)  # noqa: S307 - of our own source
    return found


def _conjugate(xp: Any, d: Any) -> Any:
    return d.conjugate() if type(d) in WEAK else xp.conj(d)


def call_by_name(rule: Rule, names: Names, fixed: int) -> Rule:
    """Return ``call(xp, g, saved, like, params)``, which hands the rule what it names."""
    return compiled(call_source(rule, names, fixed), rule)


def default_params(value: Callable[..., Any]) -> Params:
    """Return the defaults of an op's keyword-only parameters."""
    parameters = signature_of(value).parameters.values()
    return {
        p.name: p.default
        for p in parameters
        if p.kind == p.KEYWORD_ONLY and p.default is not p.empty
    }
