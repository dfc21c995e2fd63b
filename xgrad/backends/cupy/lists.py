"""Kernels over lists of arrays: optimizer steps, norms and scalings, one launch for up to 64.

The addresses and sizes travel with the launch, by value, so that nothing is copied to the
device before it. Blocks of the grid are dealt out to the arrays by their sizes: the block
finds its array by bisection.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from weakref import ref

import cupy
import numpy as np

from xgrad.backends import thresholds
from xgrad.backends.cupy.kernels import BLOCK, THREADS, Raw

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

_LIST = f"""
struct Table {{
  unsigned long long address[5][{COUNT}];
  long long size[{COUNT}];
  long long first_block[{COUNT + 1}];
}};
#define ARRAY(type, k) ((type*)table.address[k][which])
// Which array this block works on, and its elements: from `start` to `stop`, in steps.
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
    """Whether arrays are of one real dtype and lie in order in memory, so that kernels serve."""
    dtype = next(x.dtype for x in lists[0] if x is not None)
    if dtype.name not in ("float16", "bfloat16", "float32", "float64"):
        return False
    for each in lists:
        for x in each:
            if x is not None and (x.dtype != dtype or not x.flags.c_contiguous):
                return False
    return True


def launches(
    *lists: Sequence[Array | None],
) -> Iterator[tuple[Any, int]]:
    """Yield tables for groups of arrays, each with the number of blocks of its grid."""
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
    """Launch a kernel for each table; its addresses are copied at the launch."""
    for table, blocks in tables:
        if blocks:
            kernel(dtype, blocks, THREADS, (table, *args))


class _Known:
    """Tables of arrays that stay the same from step to step, but for the gradients."""

    def __init__(self, fixed: tuple[Sequence[Array | None], ...], grads: Sequence[Array]) -> None:
        # Weak ones: a reference kept here would make every array one that others can see.
        self.fixed = tuple(tuple(None if x is None else ref(x) for x in each) for each in fixed)
        values, *state = fixed
        self.tables = list(launches(values, grads, *state))

    def is_of(self, fixed: tuple[Sequence[Array | None], ...]) -> bool:
        return len(fixed) == len(self.fixed) and all(
            len(a) == len(b)
            and all(x is (known and known()) for x, known in zip(a, b, strict=True))
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
    """Return tables for an optimizer's step, or None where kernels do not serve.

    With them come the gradients, which must live until the step is launched. Address 0 is
    the values', 1 the gradients', and so on. To look at hundreds of arrays takes longer than
    the step itself, so what was found is kept while the arrays are the same.
    """
    # A rule may have left a gradient transposed.
    grads = [g if g.flags.c_contiguous else cupy.ascontiguousarray(g) for g in grads]
    if any(g.dtype != values[0].dtype for g in grads):
        return None
    key, fixed = values[0].data.ptr, (values, *state)
    known = cache.get(key)
    if known is None or not known.is_of(fixed):
        if not usable(*fixed):
            return None
        if len(cache) >= thresholds.CUPY_TABLES_KEPT:  # of arrays that are no parameters any more
            cache.clear()
        known = cache[key] = _Known(fixed, grads)
    known.point_to(grads)
    return known.tables, grads


#: Adam and AdamW: value, gradient, mean, square. Where ``skip`` is true nothing happens.
adam = Raw(
    "adam",
    _LIST
    + """
extern "C" __global__ void xgrad_adam(
    Table table, double lr, double beta1, double beta2, double eps, double weight_decay,
    bool decoupled, bool maximize, double count, const double* counted, const bool* skip) {
  if (skip && *skip) return;
  __shared__ A scale, root_scale;
  if (threadIdx.x == 0) {
    const double step = counted ? *counted : count;
    scale = A(lr / (1 - pow(beta1, step)));
    root_scale = A(1 / sqrt(1 - pow(beta2, step)));
  }
  __syncthreads();
  FOR_EACH_ELEMENT {
    T* value = ARRAY(T, 0); T* mean = ARRAY(T, 2); T* square = ARRAY(T, 3);
    A p = (A)value[i], g = (A)ARRAY(const T, 1)[i];
    if (maximize) g = -g;
    if (decoupled) p *= A(1 - lr * weight_decay); else g += A(weight_decay) * p;
    const A m = A(beta1) * (A)mean[i] + A(1 - beta1) * g;
    const A s = A(beta2) * (A)square[i] + A(1 - beta2) * g * g;
    mean[i] = T(m); square[i] = T(s);
    value[i] = T(p - scale * m / (sqrt(s) * root_scale + A(eps)));
  }
}
""",
)

#: Stochastic gradient descent: value, gradient, velocity (or no address).
sgd = Raw(
    "sgd",
    _LIST
    + """
extern "C" __global__ void xgrad_sgd(
    Table table, double lr, double momentum, double dampening, double weight_decay,
    bool nesterov, bool first, bool maximize, const bool* skip) {
  if (skip && *skip) return;
  FOR_EACH_ELEMENT {
    T* value = ARRAY(T, 0); T* velocity = ARRAY(T, 2);
    const A p = (A)value[i];
    A g = (A)ARRAY(const T, 1)[i];
    if (maximize) g = -g;
    g += A(weight_decay) * p;
    if (velocity) {
      const A v = first ? g : A(momentum) * (A)velocity[i] + A(1 - dampening) * g;
      velocity[i] = T(v);
      g = nesterov ? g + A(momentum) * v : v;
    }
    value[i] = T(p - A(lr) * g);
  }
}
""",
)

#: RMSprop: value, gradient, square, mean gradient (or no address), velocity (or no address).
rmsprop = Raw(
    "rmsprop",
    _LIST
    + """
extern "C" __global__ void xgrad_rmsprop(
    Table table, double lr, double alpha, double eps, double weight_decay, double momentum,
    bool maximize, const bool* skip) {
  if (skip && *skip) return;
  FOR_EACH_ELEMENT {
    T* value = ARRAY(T, 0); T* square = ARRAY(T, 2); T* mean = ARRAY(T, 3);
    T* velocity = ARRAY(T, 4);
    const A p = (A)value[i];
    A g = (A)ARRAY(const T, 1)[i];
    if (maximize) g = -g;
    g += A(weight_decay) * p;
    const A s = A(alpha) * (A)square[i] + A(1 - alpha) * g * g;
    square[i] = T(s);
    A variance = s;
    if (mean) {
      const A m = A(alpha) * (A)mean[i] + A(1 - alpha) * g;
      mean[i] = T(m);
      variance -= m * m;
    }
    A step = g / (sqrt(variance) + A(eps));
    if (velocity) {
      step += A(momentum) * (A)velocity[i];
      velocity[i] = T(step);
    }
    value[i] = T(p - A(lr) * step);
  }
}
""",
)

#: The sum of squares of each block's elements.
squares = Raw(
    "squares",
    BLOCK
    + _LIST
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

#: Every element times a factor on the device; notes in ``found``, if given, what is not finite.
scale = Raw(
    "scale",
    _LIST
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
    """Multiply arrays in place by a number on the device; return whether any is not finite."""
    wide = np.dtype(np.float64 if grads[0].dtype == np.float64 else np.float32)
    found = cupy.zeros((), np.bool_)
    tables = list(launches(grads))
    launch(scale, grads[0].dtype, tables, (factor.astype(wide, copy=False), found))
    return found
