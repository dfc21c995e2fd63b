"""Random numbers: the same seed gives the same numbers on every backend.

Uniforms, integers and permutations agree bit by bit, normals to a few units in the last
place. The functions of this module draw from one global generator, protected by a lock; one
`Generator` per thread is recommended.

See Also
--------
xgrad.nn.init : Fills parameters in place.
"""

import functools
import math
import threading
from collections.abc import Callable, Sequence
from typing import Any

from xgrad.backends import philox
from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import canonical, default_dtype
from xgrad.backends.registry import destination
from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import Level
from xgrad.engine.randomness import batched_over, own_levels, reserve
from xgrad.engine.tensor import Tensor, lowest
from xgrad.errors import AutogradError
from xgrad.ops import arguments

__all__ = ["Generator", "integers", "normal", "permutation", "seed", "uniform"]


def __dir__() -> list[str]:
    return __all__


Shape = int | Sequence[int]


class Generator:
    """A stream of random numbers, defined by a seed and a position.

    Parameters
    ----------
    seed : int
        Any non-negative integer.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.random.Generator(0).uniform(2)
    Tensor([0.01406704, 0.25776725])
    """

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Restart from another seed."""
        if not isinstance(seed, int) or seed < 0:
            raise ValueError(f"seed: expected a non-negative integer, got {seed!r}")
        with self._lock:
            self._seed, self._key, self._block = seed, philox.key_of(seed), 0

    def state(self) -> tuple[int, int]:
        """Return (seed, position), which `set_state` restores."""
        return self._seed, self._block

    def set_state(self, state: tuple[int, int]) -> None:
        """Continue from the saved `state` of a generator."""
        self.seed(state[0])
        self._block = state[1]

    def _take(self, count: int) -> int:
        with self._lock:
            block = self._block
            self._block += philox.blocks_for(count)
        return block

    def _advance(self, lengths: tuple[int, ...]) -> int:
        return reserve(self, math.prod(lengths), self._take)

    def _tensor(
        self,
        draw: Callable[[], Any],
        levels: list[Level],
        backend: Backend | None = None,
        device: Any = None,
    ) -> Tensor:
        if backend is None:
            there = destination(device=device)
            backend, device = there.backend, there.device
        return batched_over(levels, backend.xp.random(draw, device))

    def uniform(
        self,
        shape: Shape = (),
        low: float = 0.0,
        high: float = 1.0,
        *,
        dtype: Any = None,
        device: Any = None,
    ) -> Tensor:
        """Return uniform numbers in [low, high)."""
        kind = _real("uniform", dtype)
        _check_numbers("uniform", "low and high", low, high)
        levels, lengths = _lengths("uniform", shape)
        block = self._advance(lengths)
        draw = functools.partial(philox.uniform, self._key, block, lengths, kind)
        out = self._tensor(draw, levels, device=device)
        return out if (low, high) == (0.0, 1.0) else out * (high - low) + low

    def normal(
        self,
        shape: Shape = (),
        mean: float = 0.0,
        std: float = 1.0,
        *,
        dtype: Any = None,
        device: Any = None,
    ) -> Tensor:
        """Return normal numbers with a mean and a standard deviation."""
        kind = _real("normal", dtype)
        _check_numbers("normal", "mean and std", mean, std)
        levels, lengths = _lengths("normal", shape)
        block = self._advance(lengths)
        draw = functools.partial(philox.normal, self._key, block, lengths, kind)
        out = self._tensor(draw, levels, device=device)
        return out if (mean, std) == (0.0, 1.0) else out * std + mean

    def integers(self, low: int, high: int, shape: Shape = (), *, device: Any = None) -> Tensor:
        """Return int64 integers in [low, high), for ranges up to 2**31."""
        if not 0 < high - low <= 2**31:
            raise ValueError(f"integers: expected 0 < high - low <= 2**31, got [{low}, {high})")
        levels, lengths = _lengths("integers", shape)
        block = self._advance(lengths)
        draw = functools.partial(philox.integers, self._key, block, lengths, low, high)
        return self._tensor(draw, levels, device=device)

    def permutation(self, count: int, *, device: Any = None) -> Tensor:
        """Return a random permutation of ``range(count)``, as int64."""
        levels, lengths = _lengths("permutation", count)
        block = self._advance(lengths)
        draw = functools.partial(philox.permutation, self._key, block, lengths)
        return self._tensor(draw, levels, device=device)

    def uniform_like(self, x: Any) -> Tensor:
        """Return uniform numbers in [0, 1) with the shape, dtype and device of ``x``.

        Raises
        ------
        AutogradError
            While another library traces: the program would contain the numbers as constants.
        """
        backend = _concrete(x)
        raw = lowest(x)
        levels, lengths = _lengths("uniform_like", x.shape)
        block = self._advance(lengths)
        dtype = canonical(raw.dtype)
        draw = functools.partial(philox.uniform, self._key, block, lengths, dtype)
        return self._tensor(draw, levels, backend, backend.xp.device(raw))

    def reserve_like(self, x: Any, function: str) -> tuple[tuple[int, int], int, list[Level]]:
        """Reserve a word for each element of ``x``; return (key, block), which determine a mask.

        The third result lists the `vmap` levels whose examples have separate words.

        Raises
        ------
        AutogradError
            As `uniform_like` does.
        """
        _concrete(x)
        levels, lengths = _lengths(function, x.shape)
        return self._key, self._advance(lengths), levels

    def __repr__(self) -> str:
        return f"Generator(seed={self._seed}, position={self._block})"


def _concrete(x: Any) -> Backend:
    """Return the backend of ``x``; raise if it is tracing."""
    backend = backend_below(x)
    if backend.abstract:
        raise AutogradError(
            f"random: inside a {backend.name} trace the numbers would be the same in every "
            "call; draw them outside and pass them in (for dropout, call eval())"
        )
    return backend


def _lengths(function: str, shape: Shape) -> tuple[list[Level], tuple[int, ...]]:
    """Return the levels whose examples draw separate numbers, and the lengths with theirs."""
    levels = own_levels(function)
    own = arguments.integers(function, "lengths", shape)
    if any(n < 0 for n in own):
        raise ValueError(f"{function}: expected a shape as the first argument, got {shape!r}")
    return levels, (*(level.size or 0 for level in levels), *own)


def _check_numbers(function: str, names: str, *given: Any) -> None:
    if any(isinstance(x, tuple | list) for x in given):
        raise TypeError(
            f"{function}: expected numbers as {names}, got {given}; the shape is the first argument"
        )


def _real(function: str, dtype: Any) -> Any:
    chosen = default_dtype() if dtype is None else canonical(dtype)
    if chosen.kind != "f":
        raise TypeError(f"{function}: expected a real floating-point dtype, got {chosen}")
    return chosen


_global = Generator(0)


def default_generator() -> Generator:
    """Return the generator that the functions of this module draw from."""
    return _global


def seed(seed: int) -> None:
    """Restart the global generator from a seed.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.random.seed(0)
    >>> xg.random.permutation(4)
    Tensor([0, 3, 1, 2])
    """
    _global.seed(seed)


def uniform(
    shape: Shape = (),
    low: float = 0.0,
    high: float = 1.0,
    *,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """Draw from the global generator: see `Generator.uniform`.

    See Also
    --------
    xgrad.nn.init.uniform_ : Fills a tensor in place.
    xgrad.stats.uniform : The distribution: densities, quantiles.
    """
    return _global.uniform(shape, low, high, dtype=dtype, device=device)


def normal(
    shape: Shape = (),
    mean: float = 0.0,
    std: float = 1.0,
    *,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """Draw from the global generator: see `Generator.normal`.

    See Also
    --------
    xgrad.nn.init.normal_ : Fills a tensor in place.
    """
    return _global.normal(shape, mean, std, dtype=dtype, device=device)


def integers(low: int, high: int, shape: Shape = (), *, device: Any = None) -> Tensor:
    """Draw from the global generator: see `Generator.integers`."""
    return _global.integers(low, high, shape, device=device)


def permutation(count: int, *, device: Any = None) -> Tensor:
    """Draw from the global generator: see `Generator.permutation`."""
    return _global.permutation(count, device=device)
