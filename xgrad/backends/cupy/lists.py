"""Launches over lists of arrays, for updates, norms and scalings: one for up to 64 arrays.

The addresses and sizes are passed to the launch by value, so that nothing is copied to the
device before it. The blocks of the grid are assigned to the arrays by size: each block
finds its array by bisection.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from weakref import ref

import cupy
import numpy as np

from xgrad.backends import thresholds
from xgrad.backends.cupy.kernels import C_TYPES, THREADS, Raw

Array = Any
COUNT = thresholds.CUPY_ARRAYS_IN_A_LAUNCH
CHUNK = thresholds.CUPY_CHUNK


_TABLE = np.dtype(
    [
        ("address", np.uint64, (5, COUNT)),
        ("size", np.int64, COUNT),
        ("first_block", np.int64, COUNT + 1),
    ]
)

LIST = f"""
struct Table {{
  unsigned long long address[5][{COUNT}];
  long long size[{COUNT}];
  long long first_block[{COUNT + 1}];
}};
#define ARRAY(type, k) ((type*)table.address[k][which])
// The array of this block, and its elements: from `start` to `stop`.
#define FOR_EACH_ELEMENT \\
  int which = 0; \\
  for (int step = {COUNT // 2}; step > 0; step /= 2) \\
    if (table.first_block[which + step] <= (long long)blockIdx.x) which += step; \\
  const long long start = ((long long)blockIdx.x - table.first_block[which]) * {CHUNK}; \\
  const long long stop = \\
      start + {CHUNK} < table.size[which] ? start + {CHUNK} : table.size[which]; \\
  for (long long i = start + threadIdx.x; i < stop; i += blockDim.x)
"""


def usable(*lists: Sequence[Array | None]) -> bool:
    """Whether kernels support arrays: they are contiguous, and have a common real dtype."""
    dtype = next(x.dtype for x in lists[0] if x is not None)
    if dtype.name not in C_TYPES:
        return False
    for each in lists:
        for x in each:
            if x is not None and (x.dtype != dtype or not x.flags.c_contiguous):
                return False
    return True


def launches(
    *lists: Sequence[Array | None],
) -> Iterator[tuple[Any, int]]:
    """Yield a table for each group of arrays, with the number of blocks of its grid."""
    for at in range(0, len(lists[0]), COUNT):
        table = np.zeros(1, _TABLE)
        address, size, first = (table[name][0] for name in _TABLE.names or ())
        for k, each in enumerate(lists):
            address[k, : len(each[at : at + COUNT])] = [
                0 if x is None else x.data.ptr for x in each[at : at + COUNT]
            ]
        sizes = [x.size for x in lists[0][at : at + COUNT] if x is not None]
        size[: len(sizes)] = sizes
        first[1 : len(sizes) + 1] = np.cumsum([-(-n // CHUNK) for n in sizes])
        blocks = int(first[len(sizes)])
        first[len(sizes) + 1 :] = np.iinfo(np.int64).max
        yield table, blocks


def launch(kernel: Raw, dtype: Any, tables: list[tuple[Any, int]], args: tuple[Any, ...]) -> None:
    """Launch a kernel for each table; the launch copies the addresses."""
    for table, blocks in tables:
        if blocks:
            kernel(dtype, blocks, THREADS, (table, *args))


class _Tables:
    """Tables of arrays that are the same in every step, except for the gradients."""

    def __init__(self, fixed: tuple[Sequence[Array | None], ...], grads: Sequence[Array]) -> None:
        # Weak references: otherwise the owners of the arrays could not overwrite them.
        self.fixed = tuple(tuple(None if x is None else ref(x) for x in each) for each in fixed)
        values, *state = fixed
        self.tables = list(launches(values, grads, *state))

    def is_of(self, fixed: tuple[Sequence[Array | None], ...]) -> bool:
        return len(fixed) == len(self.fixed) and all(
            len(a) == len(b) and all(x is (weak and weak()) for x, weak in zip(a, b, strict=True))
            for a, b in zip(fixed, self.fixed, strict=True)
        )

    def point_to(self, grads: Sequence[Array]) -> None:
        for number, (table, _) in enumerate(self.tables):
            part = grads[number * COUNT : (number + 1) * COUNT]
            table["address"][0, 1, : len(part)] = [g.data.ptr for g in part]


def cached_tables(
    cache: dict[Any, Any],
    values: Sequence[Array],
    grads: Sequence[Array],
    *state: Sequence[Array | None],
) -> tuple[list[tuple[Any, int]], Sequence[Array]] | None:
    """Return tables for an optimizer's step, or None if kernels do not support the arrays.

    It also returns the gradients, which must live until the step is launched. Address 0 is that
    of the values, 1 that of the gradients, and so on. Checking hundreds of arrays takes longer
    than the step itself, so the tables are cached while the arrays are the same.
    """
    # A rule may return a transposed gradient.
    grads = [g if g.flags.c_contiguous else cupy.ascontiguousarray(g) for g in grads]
    if any(g.dtype != values[0].dtype for g in grads):
        return None
    key, fixed = values[0].data.ptr, (values, *state)
    known = cache.get(key)
    if known is None or not known.is_of(fixed):
        if not usable(*fixed):
            return None
        if len(cache) >= thresholds.CUPY_TABLES_KEPT:  # some arrays are no longer parameters
            cache.clear()
        known = cache[key] = _Tables(fixed, grads)
    known.point_to(grads)
    return known.tables, grads
