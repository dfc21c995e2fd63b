"""Random numbers that are the same on every backend: the Philox counter-based generator.

NumPy's ``Philox`` (Philox4x64-10; Salmon et al., "Parallel random numbers: as easy as
1, 2, 3", SC 2011) is the reference. A draw is a function of a key and a position, so a
kernel on a device can compute the same bits. This is the agnostic form, which computes them
on the host.
"""

import math
from typing import Any

import numpy as np

_WORDS = 4  # 64-bit words in a block


def key_of(seed: int) -> tuple[int, int]:
    """Return the key of a seed."""
    first, second = np.random.SeedSequence(seed).generate_state(2, np.uint64)
    return int(first), int(second)


def blocks_for(count: int) -> int:
    """Return how many blocks hold ``count`` words."""
    return -(-count // _WORDS)


def bits(key: tuple[int, int], block: int, count: int) -> np.ndarray[Any, Any]:
    """Return ``count`` words of 64 random bits, starting at block number ``block``."""
    mask = (1 << 64) - 1
    counter = np.array([block & mask, block >> 64, 0, 0], np.uint64)
    generator = np.random.Philox(key=np.array(key, np.uint64), counter=counter)
    words: np.ndarray[Any, Any] = generator.random_raw(count)
    return words


def uniform(
    key: tuple[int, int], block: int, shape: tuple[int, ...], dtype: Any
) -> np.ndarray[Any, Any]:
    """Return uniforms in [0, 1): the highest 24 bits (float32) or 53 bits (float64)."""
    words = bits(key, block, int(np.prod(shape, dtype=np.int64))).reshape(shape)
    kept = 53 if np.dtype(dtype) == np.float64 else 24
    return ((words >> np.uint64(64 - kept)).astype(np.float64) * 2.0**-kept).astype(dtype)


def threshold(p: float) -> int:
    """Return the smallest word whose uniform number (of 53 bits) is at least ``p``."""
    return math.ceil(p * 2**53) << 11


def dropout_mask(
    key: tuple[int, int], block: int, shape: tuple[int, ...], p: float
) -> np.ndarray[Any, Any]:
    """Return booleans that are true with probability ``1 - p``."""
    words = bits(key, block, int(np.prod(shape, dtype=np.int64))).reshape(shape)
    return words >= np.uint64(threshold(p))


def normal(
    key: tuple[int, int], block: int, shape: tuple[int, ...], dtype: Any
) -> np.ndarray[Any, Any]:
    """Return standard normals by the Box-Muller transform (1958), in float64, then cast."""
    count = int(np.prod(shape, dtype=np.int64))
    pairs = blocks_for(count) * _WORDS // 2
    u = uniform(key, block, (2, pairs), np.float64)
    radius, angle = np.sqrt(-2 * np.log1p(-u[0])), 2 * np.pi * u[1]
    values = np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=-1)
    return values.reshape(-1)[:count].reshape(shape).astype(dtype)


def integers(
    key: tuple[int, int], block: int, shape: tuple[int, ...], low: int, high: int
) -> np.ndarray[Any, Any]:
    """Return integers in [low, high), by the highest bits of 64 times the range."""
    words = bits(key, block, int(np.prod(shape, dtype=np.int64))).reshape(shape)
    # 32 bits suffice for any range below 2**31, with a bias below 2**-32 per value.
    scaled = ((words >> np.uint64(32)) * np.uint64(high - low)) >> np.uint64(32)
    return scaled.astype(np.int64) + low


def permutation(key: tuple[int, int], block: int, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Return random permutations of ``range(shape[-1])``, by sorting random words."""
    words = bits(key, block, int(np.prod(shape, dtype=np.int64))).reshape(shape)
    return np.argsort(words, axis=-1, kind="stable")
