"""Declarations of ops: what is said at an entry is true, and the package is made from it."""

import inspect

import pytest

import xgrad  # noqa: F401 - its import declares the ops
from xgrad.engine.by_name import Names
from xgrad.engine.declare import DECLARATIONS

pytestmark = pytest.mark.numpy_only


class _Opaque:
    """An argument that refuses to be looked at."""

    @property
    def dtype(self):
        raise TypeError


def forwarded_to(value, arity):
    """Return the one function of ``xp`` that a value forwards its arguments to, if it does."""
    arguments = tuple(_Opaque() for _ in range(arity))
    called = []

    class Probe:
        def __getattr__(self, name):
            return lambda *args: called.append((name, args)) or called

    try:
        returned = value(Probe(), *arguments)
    except (TypeError, AttributeError):  # it looks at its arguments: no mere forwarding
        return None
    forwards = returned is called and len(called) == 1 and called[0][1] == arguments
    return called[0][0] if forwards else None


def test_values_that_merely_forward_say_so():
    """They are called without the detour through Python (`forwards=`)."""
    for entry in DECLARATIONS:
        primitive = entry.primitive
        if primitive is None or primitive.signature.variadic:
            continue
        names = Names(primitive.value)
        if names.params or not 0 < len(names.inputs) < 3:
            assert "forwards" not in entry.declared, entry.name
            continue
        said = entry.declared.get("forwards")
        said = primitive.name if said is True else said
        assert said == forwarded_to(primitive.value, len(names.inputs)), (
            f"{entry.name} in {inspect.getsourcefile(primitive.value)}: forwards={said!r}"
        )
