"""Kernels of random numbers: Philox4x64-10, the same bits as NumPy's on the CPU.

Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. One thread computes the
four words of a block; NumPy increments the counter before each block.
"""

from typing import Any

import numpy as np

from xgrad.backends.cupy.kernels import Raw

_PHILOX = """
struct Words { unsigned long long w[4]; };
__device__ __forceinline__ Words philox(
    unsigned long long key0, unsigned long long key1,
    unsigned long long low, unsigned long long high, unsigned long long t) {
  unsigned long long c0 = low + t + 1, c1 = high, c2 = 0, c3 = 0;
  if (c0 <= low) { c1 += 1; if (c1 == 0) c2 = 1; }
  for (int round = 0; round < 10; round++) {
    const unsigned long long m0 = 0xD2E7470EE14C6C93ull, m1 = 0xCA5A826395121157ull;
    const unsigned long long high0 = __umul64hi(m0, c0), low0 = m0 * c0;
    const unsigned long long high1 = __umul64hi(m1, c2), low1 = m1 * c2;
    c0 = high1 ^ c1 ^ key0; c1 = low1; c2 = high0 ^ c3 ^ key1; c3 = low0;
    key0 += 0x9E3779B97F4A7C15ull; key1 += 0xBB67AE8584CAA73Bull;
  }
  Words out; out.w[0] = c0; out.w[1] = c1; out.w[2] = c2; out.w[3] = c3;
  return out;
}
"""

#: Elements whose word is below the threshold become 0. The mask has ``size`` elements, and is
#: the same for each of ``lead`` segments of that size.
dropout = Raw(
    "dropout",
    _PHILOX
    + """
extern "C" __global__ void xgrad_dropout(
    const T* x, T* out, unsigned long long key0, unsigned long long key1,
    unsigned long long low, unsigned long long high, unsigned long long threshold,
    double scale, long long size, long long lead) {
  const long long t = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (4 * t >= size) return;
  const Words words = philox(key0, key1, low, high, t);
  for (int k = 0; k < 4 && 4 * t + k < size; k++)
    for (long long part = 0; part < lead; part++) {
      const long long at = part * size + 4 * t + k;
      out[at] = words.w[k] >= threshold ? T((A)x[at] * (A)scale) : T((A)0);
    }
}
""",
)

#: Uniform numbers in [0, 1): the highest 24 bits, or 53 bits for double.
uniform = Raw(
    "uniform",
    _PHILOX
    + """
extern "C" __global__ void xgrad_uniform(
    T* out, unsigned long long key0, unsigned long long key1,
    unsigned long long low, unsigned long long high, long long size) {
  const long long t = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (4 * t >= size) return;
  const Words words = philox(key0, key1, low, high, t);
  const int kept = sizeof(T) == 8 ? 53 : 24;
  for (int k = 0; k < 4 && 4 * t + k < size; k++)
    out[4 * t + k] = T((double)(words.w[k] >> (64 - kept)) / (double)(1ull << kept));
}
""",
    ("float32", "float64"),
)


def counter(key: tuple[int, int], block: int) -> tuple[Any, ...]:
    """Return a key and a counter as kernel arguments."""
    mask = (1 << 64) - 1
    return tuple(np.uint64(n) for n in (*key, block & mask, block >> 64))
