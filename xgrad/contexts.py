"""Context managers that also decorate functions, generators and coroutines."""

import functools
import inspect
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Generic, ParamSpec, TypeVar, cast

from xgrad.calls import check_call

P = ParamSpec("P")
T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Context(Generic[T]):
    """A context manager that can be entered repeatedly, and used as a decorator.

    Parameters
    ----------
    name : str
        The name in error messages.
    make : callable
        Returns a new context manager for each ``with``.
    """

    def __init__(self, name: str, make: Callable[[], AbstractContextManager[T]]) -> None:
        self._name, self._make = name, make
        self._entered: list[AbstractContextManager[T]] = []

    def __enter__(self) -> T:
        manager = self._make()
        value = manager.__enter__()
        self._entered.append(manager)
        return value

    def __exit__(self, *raised: object) -> bool | None:
        return self._entered.pop().__exit__(*raised)  # type: ignore[arg-type]

    def __call__(self, function: F) -> F:
        """Decorate a function so that its body runs in the context."""
        return decorated(self._name, function, self._make)


def context(function: Callable[P, Iterator[T]]) -> Callable[P, Context[T]]:
    """Turn a generator function into a context manager, as `contextlib.contextmanager` does.

    ``@name()`` decorates functions, generators and coroutines. The body of a generator runs in
    the context only between its yields, not while the caller runs. ``@name`` does
    the same if no argument is needed.
    """
    manager = contextmanager(function)
    name = function.__name__
    signature = inspect.signature(function)
    bare = all(p.default is not p.empty for p in signature.parameters.values())

    @functools.wraps(function)
    def make(*args: Any, **keywords: Any) -> Any:
        if bare and len(args) == 1 and not keywords and inspect.isroutine(args[0]):
            return decorated(name, args[0], manager)
        if args or keywords or not bare:
            check_call(make, args, keywords)
        return Context(name, functools.partial(manager, *args, **keywords))

    make.__signature__ = signature.replace(return_annotation=Context)  # type: ignore[attr-defined]
    make.checked = True  # type: ignore[attr-defined] # no forwarder: it also takes a function
    return make


def decorated(name: str, function: F, make: Callable[..., AbstractContextManager[Any]]) -> F:
    """Return a function whose body runs in a new context for every call."""
    if not callable(function) or isinstance(function, type):
        what = function.__name__ if isinstance(function, type) else type(function).__name__
        raise TypeError(f"{name}: can decorate functions and methods, got {what}")
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **keywords: Any) -> Generator[Any, Any, Any]:
            return (yield from _stepwise(function(*args, **keywords), make))

        return cast("F", generator)
    if inspect.isasyncgenfunction(function):
        raise TypeError(f"{name}: cannot decorate an asynchronous generator; use a with inside it")
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **keywords: Any) -> Any:
            with make():
                return await function(*args, **keywords)

        return cast("F", coroutine)

    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        with make():
            return function(*args, **keywords)

    return cast("F", call)


def _stepwise(
    inner: Generator[Any, Any, Any], make: Callable[[], AbstractContextManager[Any]]
) -> Generator[Any, Any, Any]:
    """Run a generator in a context that is left at every yield."""
    step: Callable[[], Any] = functools.partial(inner.send, None)
    while True:
        try:
            with make():
                given = step()
        except StopIteration as stop:
            return stop.value
        try:
            step = functools.partial(inner.send, (yield given))
        except GeneratorExit:
            with make():
                inner.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is handed on
            step = functools.partial(inner.throw, error)
