"""Levels: which transform a tensor belongs to, and whether it records.

Every transform opens a level. Ids come from one process-wide counter and are never reused, so
two threads, or nested transforms, never share one: a larger id was opened later and is the
inner one. Level 0 is the eager tape.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self, overload

from xgrad.contexts import F, decorated
from xgrad.errors import LeakedTensorError

Process = Callable[[Any, "Level", tuple[Any, ...], dict[str, Any], Any], Any]


class Kind:
    """A kind of level; its module sets ``process``, which applies an op to tensors of the level."""

    __slots__ = ("name", "process")

    process: Process

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<level kind: {self.name}>"


TAPE = Kind("tape")  # reverse mode: `xgrad.engine.tape`
DUAL = Kind("dual")  # forward mode: `xgrad.engine.dual`
BATCH = Kind("batch")  # vectorisation: `xgrad.engine.batched`
TRACE = Kind("trace")  # a list of operations: `xgrad.engine.trace`


class Level(int):
    """The id of one run of a transform, compared as an integer.

    Attributes
    ----------
    transform : str
        The name in error messages, such as ``"grad"``.
    kind : Kind
        How an op is applied to tensors of this level.
    alive : bool
        False once the transform has returned.
    inline : bool
        Whether it is a live tape: ops on plain arrays there take a shortcut.
    size : int or None
        The length of the batch axis, of a batch level.
    trace : Trace or None
        The list of operations, of a trace level.
    """

    transform: str
    kind: Kind
    alive: bool
    inline: bool
    size: int | None
    trace: Any

    def __new__(
        cls, number: int, transform: str, kind: Kind, size: int | None = None, trace: Any = None
    ) -> Self:
        """Return a live level."""
        self = super().__new__(cls, number)
        self.transform, self.kind, self.size, self.trace = transform, kind, size, trace
        self.alive, self.inline = True, kind is TAPE
        return self

    def check_alive(self, function: str) -> None:
        """Raise if the transform has returned."""
        if not self.alive:
            raise LeakedTensorError(
                f"{function}: got a tensor that belongs to {self.transform}(), which has "
                f"returned. Return the value from the function given to {self.transform}() "
                "(has_aux=True for additional values) instead of storing it"
            )


#: The eager tape, on which ``backward()`` works. Constants have this level too.
EAGER = Level(0, "the eager tape", TAPE)

#: The level of a stale view, which has no value until it is refreshed (`xgrad.engine.views`).
#: It is not the object `EAGER`, so ops need no extra test for it.
STALE = Level(0, "a view", TAPE)
STALE.inline = False

_next_id = itertools.count(1).__next__

#: Whether a transform calls the user's function now, in this thread or task. Backward passes and
#: rules run outside, except those of the user (`xgrad.transforms.rules`).
RUNNING: ContextVar[bool] = ContextVar("xgrad transform", default=False)

#: Tape levels with an id up to this one do not record.
FLOOR: ContextVar[int] = ContextVar("xgrad no_grad floor", default=-1)


@contextmanager
def open_level(
    transform: str, kind: Kind, size: int | None = None, trace: Any = None
) -> Iterator[Level]:
    """Open a level for the body of a ``with``; afterwards it is dead, also after an error."""
    level = Level(_next_id(), transform, kind, size, trace)
    token = RUNNING.set(True)
    try:
        yield level
    finally:
        level.alive = level.inline = False
        RUNNING.reset(token)


class _Recording:
    """A context that sets `FLOOR`; reentrant, and a decorator."""

    __slots__ = ("_floor", "_tokens")

    def __init__(self, floor: Callable[[], int]) -> None:
        self._floor = floor
        self._tokens: list[Any] = []

    def __enter__(self) -> None:
        self._tokens.append(FLOOR.set(self._floor()))

    def __exit__(self, *raised: object) -> None:
        FLOOR.reset(self._tokens.pop())

    def __call__(self, function: F) -> F:
        """Return a function whose body runs in the context."""
        name = "no_grad" if self._floor is _next_id else "enable_grad"
        return decorated(name, function, lambda: _Recording(self._floor))


def _everything() -> int:
    return -1


@overload
def no_grad(function: None = None, /) -> _Recording: ...


@overload
def no_grad(function: F, /) -> F: ...


def no_grad(function: Callable[..., Any] | None = None, /) -> Any:
    """Do not record operations in the body of a ``with``, or in a decorated function.

    ``@no_grad()`` and ``@no_grad`` decorate functions, generators (their code runs in the
    context, the code of the loop over them does not) and coroutines. Transforms opened inside
    still differentiate, and forward mode is not affected.

    See Also
    --------
    xgrad.stop_gradient : A constant in every mode, also inside transforms.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor(3.0, requires_grad=True)
    >>> with xg.no_grad():
    ...     print((w * w).requires_grad, xg.grad(xg.square)(3.0))
    False 6.0
    """
    recording = _Recording(_next_id)
    return recording if function is None else recording(function)


@overload
def enable_grad(function: None = None, /) -> _Recording: ...


@overload
def enable_grad(function: F, /) -> F: ...


def enable_grad(function: Callable[..., Any] | None = None, /) -> Any:
    """Record operations again, inside `no_grad`; also a decorator.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor(3.0, requires_grad=True)
    >>> with xg.no_grad(), xg.enable_grad():
    ...     (w * w).requires_grad
    True
    """
    recording = _Recording(_everything)
    return recording if function is None else recording(function)


def is_grad_enabled() -> bool:
    """Whether operations on tensors that need gradients are recorded now."""
    return FLOOR.get() < 0
