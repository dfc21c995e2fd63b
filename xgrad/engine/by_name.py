"""Rules name what they need: ``lambda xp, y: ...`` receives ``y`` and nothing else.

The first parameters of a rule are fixed: ``xp``, then possibly a cotangent or a tangent. Each
further one is an argument of the op, ``out`` for its output, ``like`` for the shape and dtype
of the argument that the rule is for, or a parameter after the arrays.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.backends.scalars import WEAK
from xgrad.engine.dispatch import XG
from xgrad.engine.primitive import Params

Rule = Callable[..., Any]

#: A value has its arrays before ``/``; what is between ``/`` and ``*`` may be positional, too.
PARAMETER = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
#: The signature of a value; cached, because constructors need it several times.
signature_of = functools.cache(inspect.signature)


class Names:
    """The names that the rules of one op may use, from the signature of its value."""

    def __init__(self, value: Callable[..., Any]) -> None:
        parameters = list(signature_of(value).parameters.values())[1:]
        self.inputs = tuple(p.name for p in parameters if p.kind == p.POSITIONAL_ONLY)
        self.params = tuple(p.name for p in parameters if p.kind in PARAMETER)
        self.slots = (*self.inputs, "out")


def _parameters(rule: Rule) -> tuple[str, ...]:
    """Return the names of a rule's parameters; much faster than ``inspect.signature``."""
    code = rule.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def needed_slots(rule: Rule, names: Names, fixed: int) -> tuple[int, ...]:
    """Return which of (inputs..., out) a rule names after its first ``fixed`` parameters."""
    requested = _parameters(rule)[fixed:]
    return tuple(names.slots.index(name) for name in requested if name in names.slots)


def call_source(rule: Rule, names: Names, fixed: int) -> str:
    """Return the source of a call that passes a rule the values it names, for `compiled`."""
    requested = _parameters(rule)[fixed:]
    sources = {name: f"params[{name!r}]" for name in names.params}
    sources |= {name: f"saved[{i}]" for i, name in enumerate(names.slots)} | {"like": "like"}
    unknown = [name for name in requested if name not in sources]
    if unknown:
        raise TypeError(
            f"a rule names {', '.join(unknown)}; the op has {', '.join(sorted(sources))}"
        )
    return f"rule({', '.join([*('xp', 'g')[:fixed], *(sources[name] for name in requested)])})"


def compiled(body: str, rule: Rule | None = None) -> Rule:
    """Return ``(xp, g, saved, like, params) -> body``, without an inner call: rules are short."""
    function: Rule = _factory(body)(rule)
    return function


@functools.cache
def _factory(body: str) -> Callable[[Rule | None], Rule]:
    source = f"lambda rule: lambda xp, g, saved, like, params: {body}"
    names = {"XG": XG, "conj": _conjugate, "__name__": __name__}
    code = compile(source, f"<{body}>", "eval")  # tracebacks show the body
    factory: Callable[[Rule | None], Rule] = eval(code, names)  # noqa: S307 - our own source
    return factory


def _conjugate(xp: Namespace, d: Any) -> Any:
    return d.conjugate() if type(d) in WEAK else xp.conj(d)


def call_by_name(rule: Rule, names: Names, fixed: int) -> Rule:
    """Return ``call(xp, g, saved, like, params)``, which passes the rule the values it names."""
    return compiled(call_source(rule, names, fixed), rule)


def default_params(value: Callable[..., Any]) -> Params:
    """Return the defaults of an op's parameters."""
    parameters = signature_of(value).parameters.values()
    return {
        p.name: p.default for p in parameters if p.kind in PARAMETER and p.default is not p.empty
    }
