"""Random numbers of distributions: uniform ones of `xgrad.random`, strictly between 0 and 1."""

import math
from collections.abc import Sequence
from typing import Any

from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops.selection import where
from xgrad.random import Generator, default_generator


def generator_of(function: str, random_state: Any) -> Generator:
    """Return a generator: the global one, the given one, or one with the given seed."""
    if random_state is None:
        return default_generator()
    if isinstance(random_state, Generator):
        return random_state
    if isinstance(random_state, int):
        return Generator(random_state)
    raise TypeError(
        f"{called(function)}: random_state must be an xgrad.random.Generator, a seed or None, got "
        f"{type(random_state).__name__}"
    )


def uniforms(
    function: str, size: int | Sequence[int] | None, shape: tuple[int, ...], state: Any
) -> Tensor:
    """Return uniform numbers in (0, 1) on the current backend."""
    if size is not None:
        shape = (size,) if isinstance(size, int) else tuple(size)
    numbers = generator_of(function, state).uniform(shape)
    return where(numbers == 0, math.ldexp(1.0, -54), numbers)
