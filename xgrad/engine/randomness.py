"""Random numbers inside `vmap`: whether each example gets separate numbers.

Every `vmap` opens a frame around its function. Under "different" a draw has the batch axis
before the requested axes. Under "same" the examples share one draw, and a function that runs
several times for one batch (in chunks) draws the same numbers again.
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

#: Draws under "same", in order: the seed, how many numbers, the start.
Draws = list[tuple[int, int, int]]


class Log:
    """The draws under "same", and how many of them this run has repeated."""

    def __init__(self, draws: Draws) -> None:
        self.draws, self.count = draws, 0

    def reserve(self, generator: Any, count: int, take: Callable[[int], int]) -> int:
        """Return where the next draw starts: as in the first run, or at ``take(count)``."""
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
    """An open `vmap`; or, without a level, a context that repeats draws."""

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
    """Draw in the body of a ``with`` as ``randomness`` says; ``draws`` are the previous draws."""
    token = _FRAMES.set(Frame(_FRAMES.get(), level, randomness, Log(draws)))
    try:
        yield
    finally:
        _FRAMES.reset(token)


def choice_around() -> tuple[Level | None, str]:
    """Return the level and the choice of the enclosing `vmap`, for another to replace it.

    With several it is not known which is meant: all must have chosen "same".
    """
    frames = [frame for frame in _frames() if frame.level is not None]
    if len(frames) == 1:
        return frames[0].level, frames[0].randomness
    return None, "same" if all(frame.randomness == "same" for frame in frames) else "error"


@contextmanager
def without(level: Level | None) -> Iterator[None]:
    """Draw in the body of a ``with`` as if the `vmap` of a level were not open."""
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
    """Return the open frames, the outermost first."""
    frames = []
    frame = _FRAMES.get()
    while frame is not None:
        frames.append(frame)
        frame = frame.outer
    return frames[::-1]


def own_levels(function: str) -> list[Level]:
    """Return the levels whose examples get separate numbers, the outermost first.

    Raises
    ------
    AutogradError
        If an enclosing `vmap` has no ``randomness``.
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
    """Return where ``count`` numbers of a generator start: new, or those of the first run."""
    frame = _FRAMES.get()
    return take(count) if frame is None else frame.reserve(generator, count, take)


def batched_over(levels: list[Level], raw: Any) -> Tensor:
    """Return a raw array, whose first axes are the batch axes of some levels, as a tensor."""
    out = Tensor(raw, EAGER)
    value = raw
    for level in levels:
        out = value = Tensor(value, level, BATCHED)
    return out
