"""Kernels of norms and scalings over lists of arrays."""

from collections.abc import Sequence
from typing import Any

import cupy
import numpy as np

from xgrad.backends.cupy.kernels import BLOCK, THREADS, Raw
from xgrad.backends.cupy.lists import LIST, launch, launches

Array = Any

#: The sum of squares of the elements of each block.
squares = Raw(
    "squares",
    BLOCK
    + LIST
    + """
extern "C" __global__ void xgrad_squares(Table table, A* sums) {
  __shared__ A part[256];
  A total = 0;
  FOR_EACH_ELEMENT { const A v = (A)ARRAY(const T, 0)[i]; total += v * v; }
  total = block_sum(part, total);
  if (threadIdx.x == 0) sums[blockIdx.x] = total;
}
""",
)

#: The norm, and ``min(1, largest / (norm + 1e-6))``: one block.
norm_and_factor = Raw(
    "norm_and_factor",
    BLOCK
    + """
extern "C" __global__ void xgrad_norm_and_factor(
    const A* sums, A* norm, A* factor, long long n, double largest) {
  __shared__ A part[256];
  A total = 0;
  for (long long j = threadIdx.x; j < n; j += blockDim.x) total += sums[j];
  total = block_sum(part, total);
  if (threadIdx.x == 0) {
    const A found = sqrt(total);
    norm[0] = found;
    const A ratio = A(largest) / (found + A(1e-6));
    factor[0] = ratio > 1 ? A(1) : ratio;
  }
}
""",
)

#: Multiply every element by a factor on the device; set ``found``, if passed, for non-finite ones.
scale = Raw(
    "scale",
    LIST
    + """
extern "C" __global__ void xgrad_scale(Table table, const A* factor, bool* found) {
  FOR_EACH_ELEMENT {
    T* values = ARRAY(T, 0);
    const A v = (A)values[i] * *factor;
    if (found && !isfinite(v)) *found = true;
    values[i] = T(v);
  }
}
""",
)


def clip_norm(grads: Sequence[Array], largest: float) -> Array:
    """Scale arrays in place so that their common norm is at most ``largest``; return the norm."""
    dtype = grads[0].dtype
    wide = np.dtype(np.float64 if dtype == np.float64 else np.float32)
    tables = list(launches(grads))
    total = sum(blocks for _, blocks in tables)
    if not total:
        return cupy.zeros((), wide)
    sums = cupy.empty(total, wide)
    norm, factor = cupy.empty((), wide), cupy.empty((), wide)
    at = 0
    for table, blocks in tables:
        launch(squares, dtype, [(table, blocks)], (sums[at : at + blocks],))
        at += blocks
    norm_and_factor(dtype, 1, THREADS, (sums, norm, factor, np.int64(total), float(largest)))
    launch(scale, dtype, tables, (factor, None))
    return norm


def unscale(grads: Sequence[Array], factor: Array) -> Array:
    """Multiply arrays in place by a number on the device; return whether any became non-finite."""
    wide = np.dtype(np.float64 if grads[0].dtype == np.float64 else np.float32)
    found = cupy.zeros((), np.bool_)
    tables = list(launches(grads))
    launch(scale, grads[0].dtype, tables, (factor.astype(wide, copy=False), found))
    return found
