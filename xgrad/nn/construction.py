"""What all layers have in common: checks when they are made, and errors that name the layer."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from xgrad.engine.refusals import REFUSALS, refuse_as
from xgrad.nn.checks import flags
from xgrad.random import Generator

F = TypeVar("F", bound=Callable[..., Any])


def checked(init: Callable[..., None]) -> Callable[..., None]:
    """Check truth values and generators by their names; let errors start with the layer's."""

    @functools.cache
    def signature() -> tuple[inspect.Signature, list[str]]:
        found = inspect.signature(init)
        booleans = [p.name for p in found.parameters.values() if isinstance(p.default, bool)]
        return found, booleans

    @functools.wraps(init)
    def call(self: Any, *args: Any, **keywords: Any) -> None:
        name = type(self).__name__
        try:
            known, booleans = signature()
            given = known.bind(self, *args, **keywords).arguments
            flags(name, **{key: given[key] for key in booleans if key in given})
            generator = given.get("generator")
            if generator is not None and not isinstance(generator, Generator):
                kind = type(generator).__name__
                raise TypeError(f"{name}: expected a Generator as generator, got {kind}")
            init(self, *args, **keywords)
        except (*REFUSALS, AttributeError) as error:
            if str(error).startswith(tuple(f"{kind.__name__}: " for kind in type(self).__mro__)):
                raise
            refuse_as(name, error)

    return call


def without_arguments(init: F) -> F:
    """Refuse arguments with an error that names the layer, which may have no ``__init__``."""

    @functools.wraps(init)
    def call(self: Any, *arguments: Any, **keywords: Any) -> None:
        if arguments or keywords:
            hint = "; nothing is computed in place, leave it out" if "inplace" in keywords else ""
            given = ", ".join([*map(repr, arguments), *keywords])
            raise TypeError(f"{type(self).__name__}: unexpected arguments: {given}{hint}")
        init(self)

    return call  # type: ignore[return-value]


def named_by_layer(forward: F) -> F:
    """Let the refusal of what is no array start with the layer's name."""

    @functools.wraps(forward)
    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        try:
            return forward(self, *args, **keywords)
        except TypeError as error:
            if not str(error).startswith("as_tensor: "):
                raise
            refuse_as(type(self).__name__, error)

    return call  # type: ignore[return-value]
