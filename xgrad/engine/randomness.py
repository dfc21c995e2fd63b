"""Random numbers inside `vmap`: whether each example gets separate numbers.

Every `vmap` opens a frame around its function. Under "different" a draw has the batch axis,
before the requested axes; under "same" the examples share one draw, and where the
function runs several times for one batch (in chunks), it finds the numbers of the first time
again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from xgrad.engine.levels import EAGER, Level
from xgrad.engine.node import BATCHED
from xgrad.engine.tensor import Tensor
from xgrad.errors import AutogradError

CHOICES = ("error", "different", "same")

#: Draws that were made under "same", in order: the seed, how many numbers, from where.
Draws = list[tuple[int, int, int]]


class Log:
    """Draws under "same": those made before, and how many of them this run has met again."""

    def __init__(self, draws: Draws) -> None:
        self.draws, self.count = draws, 0

    def reserve(self, generator: Any, count: int, take: Callable[[int], int]) -> int:
        """Return where the next draw starts: as before, or where ``take(count)`` says."""
        if self.count < len(self.draws):
            seed, many, block = self.draws[self.count]
            if (seed, many) != (generator.state()[0], count):
                raise AutogradError(
                    "random: a function that runs again, for the same numbers (in chunks, or "
                    "where its own rule is differentiated), must draw the same way every time"
                )
        else:
            block = take(count)
            self.draws.append((generator.state()[0], count, block))
        self.count += 1
        return block


@dataclass(frozen=True)
class Frame:
    """One `vmap` around the code that runs now; or, without a level, one that repeats draws."""

    outer: "Frame | None"
    level: Level | None
    randomness: str
    log: Log

    def reserve(self, generator: Any, count: int, take: Callable[[int], int]) -> int:
        """Return where ``count`` numbers of a generator start."""
        outer = self.outer
        further = take if outer is None else lambda n: outer.reserve(generator, n, take)
        if self.randomness == "same":
            return self.log.reserve(generator, count, further)
        return further(count)


_FRAMES: ContextVar[Frame | None] = ContextVar("xgrad vmap randomness", default=None)


@contextmanager
def drawing(level: Level | None, randomness: str, draws: Draws) -> Iterator[None]:
    """Let the body of a ``with`` draw as a choice says; ``draws`` are those made before."""
    token = _FRAMES.set(Frame(_FRAMES.get(), level, randomness, Log(draws)))
    try:
        yield
    finally:
        _FRAMES.reset(token)


def choice_around() -> tuple[Level | None, str]:
    """Return the level of the one `vmap` around, and its choice, for another to take its place.

    Of several `vmap` it is not known which: they must all have chosen "same".
    """
    found = [frame for frame in _frames() if frame.level is not None]
    if len(found) == 1:
        return found[0].level, found[0].randomness
    return None, "same" if all(frame.randomness == "same" for frame in found) else "error"


@contextmanager
def without(level: Level | None) -> Iterator[None]:
    """Let the body of a ``with`` draw as if the `vmap` of a level were not around."""
    frame: Frame | None = None
    for around in _frames():
        if around.level is None or around.level is not level:
            frame = replace(around, outer=frame)
    token = _FRAMES.set(frame)
    try:
        yield
    finally:
        _FRAMES.reset(token)


def _frames() -> list[Frame]:
    """Return the frames around, the outermost first."""
    found = []
    frame = _FRAMES.get()
    while frame is not None:
        found.append(frame)
        frame = frame.outer
    return found[::-1]


def own_levels(function: str) -> list[Level]:
    """Return the levels of which each example gets separate numbers, the outermost first.

    Raises
    ------
    AutogradError
        If a `vmap` around has not been told what to do.
    """
    levels = []
    for frame in _frames():
        if frame.randomness == "error":
            raise AutogradError(
                f"{function}: random numbers inside vmap(): use vmap(..., randomness='different') "
                "to give each example separate numbers, or randomness='same' to let all share "
                "them (or draw them outside, and pass them in)"
            )
        if frame.randomness == "different" and frame.level is not None:
            levels.append(frame.level)
    return levels


def reserve(generator: Any, count: int, take: Callable[[int], int]) -> int:
    """Return where ``count`` numbers of a generator start: new ones, or those of a first run."""
    frame = _FRAMES.get()
    return take(count) if frame is None else frame.reserve(generator, count, take)


def batched_over(levels: list[Level], raw: Any) -> Tensor:
    """Return a raw array, whose first axes hold the examples of some levels, as a tensor."""
    out = Tensor(raw, EAGER)
    value = raw
    for level in levels:
        out = value = Tensor(value, level, BATCHED)
    return out
