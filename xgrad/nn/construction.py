"""Decorators of layers: checks at construction, and errors that name the layer."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from xgrad.engine.refusals import REFUSALS, refuse_as
from xgrad.nn.checks import flags
from xgrad.random import Generator

F = TypeVar("F", bound=Callable[..., Any])


def checked(init: Callable[..., None]) -> Callable[..., None]:
    """Check booleans and generators by name, and prefix errors with the layer's name."""

    @functools.cache
    def signature() -> tuple[inspect.Signature, list[str]]:
        known = inspect.signature(init)
        booleans = [p.name for p in known.parameters.values() if isinstance(p.default, bool)]
        return known, booleans

    @functools.wraps(init)
    def call(self: Any, *args: Any, **keywords: Any) -> None:
        name = type(self).__name__
        try:
            known, booleans = signature()
            supplied = known.bind(self, *args, **keywords).arguments
            flags(name, **{key: supplied[key] for key in booleans if key in supplied})
            generator = supplied.get("generator")
            if generator is not None and not isinstance(generator, Generator):
                kind = type(generator).__name__
                raise TypeError(f"{name}: expected a Generator for generator, got {kind}")
            init(self, *args, **keywords)
        except (*REFUSALS, AttributeError) as error:
            if str(error).startswith(tuple(f"{kind.__name__}: " for kind in type(self).__mro__)):
                raise
            refuse_as(name, error)

    return call


def without_arguments(init: F) -> F:
    """Raise for any argument, with the layer's name, which may inherit its ``__init__``."""

    @functools.wraps(init)
    def call(self: Any, *arguments: Any, **keywords: Any) -> None:
        if arguments or keywords:
            hint = "; xgrad has no inplace option, omit it" if "inplace" in keywords else ""
            supplied = ", ".join([*map(repr, arguments), *keywords])
            raise TypeError(f"{type(self).__name__}: unexpected arguments: {supplied}{hint}")
        init(self)

    return call  # type: ignore[return-value]


def named_by_layer(forward: F) -> F:
    """Prefix the error for an argument that is not an array with the layer's name."""

    @functools.wraps(forward)
    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        try:
            return forward(self, *args, **keywords)
        except TypeError as error:
            if not str(error).startswith("as_tensor: "):
                raise
            refuse_as(type(self).__name__, error)

    return call  # type: ignore[return-value]
