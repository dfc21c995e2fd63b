"""Random numbers inside `vmap`: whether each example gets numbers of its own.

Every `vmap` opens a frame around its function. Under "different" a draw has the batch axis,
before the axes that were asked for; under "same" the examples share one draw, and where the
function runs several times for one batch (in chunks), it finds the numbers of the first time
again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from xgrad.engine.levels import EAGER, Level
from xgrad.engine.node import BATCHED
from xgrad.engine.tensor import Tensor
from xgrad.errors import AutogradError

CHOICES = ("error", "different", "same")

#: Draws that were made under "same", in order: the seed, how many numbers, from where.
Draws = list[tuple[int, int, int]]


class Frame:
    """One `vmap` around the code that runs now; or, without a level, one that repeats draws."""

    def __init__(
        self, outer: "Frame | None", level: Level | None, randomness: str, draws: Draws
    ) -> None:
        self.outer, self.level, self.randomness, self.draws = outer, level, randomness, draws
        self.count = 0

    def reserve(self, generator: Any, count: int, take: Callable[[int], int]) -> int:
        """Return where ``count`` numbers of a generator start."""
        if self.randomness == "same" and self.count < len(self.draws):
            seed, many, block = self.draws[self.count]
            if (seed, many) != (generator.state()[0], count):
                raise AutogradError(
                    "vmap: randomness='same' in chunks needs a function that draws the same "
                    "random numbers in every chunk"
                )
        else:
            block = self.outer.reserve(generator, count, take) if self.outer else take(count)
            if self.randomness == "same":
                self.draws.append((generator.state()[0], count, block))
        self.count += 1
        return block


_FRAMES: ContextVar[Frame | None] = ContextVar("xgrad vmap randomness", default=None)


@contextmanager
def drawing(level: Level | None, randomness: str, draws: Draws) -> Iterator[None]:
    """Let the body of a ``with`` draw as a choice says; ``draws`` are those made before."""
    token = _FRAMES.set(Frame(_FRAMES.get(), level, randomness, draws))
    try:
        yield
    finally:
        _FRAMES.reset(token)


@contextmanager
def drawing_in_its_place() -> Iterator[str]:
    """Let a `vmap` in the body stand for the one around, which an operation is batched for.

    Gives the choice it has to make.
    """
    frame = _FRAMES.get()
    if frame is None:
        yield "same"
    elif frame.outer is None:
        token = _FRAMES.set(None)
        try:
            yield frame.randomness
        finally:
            _FRAMES.reset(token)
    else:  # which of several it stands for is not known here
        choices = {f.randomness for f in _frames()}
        yield "same" if choices == {"same"} else "error"


def _frames() -> list[Frame]:
    """Return the frames around, the outermost first."""
    found = []
    frame = _FRAMES.get()
    while frame is not None:
        found.append(frame)
        frame = frame.outer
    return found[::-1]


def own_levels(function: str) -> list[Level]:
    """Return the levels of which each example gets numbers of its own, the outermost first.

    Raises
    ------
    AutogradError
        If a `vmap` around has not been told what to do.
    """
    levels = []
    for frame in _frames():
        if frame.randomness == "error":
            raise AutogradError(
                f"{function}: random numbers inside vmap(): say vmap(..., randomness='different') "
                "to give each example numbers of its own, or randomness='same' to let all share "
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
