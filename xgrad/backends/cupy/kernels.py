"""Kernels as data: their source, compiled once for each dtype at the first call.

`Elementwise` is CuPy's ``ElementwiseKernel``. `Raw` is CUDA C++ over ``T``, the arrays' type,
and ``A``, the accumulator type: float for T of up to 32 bits, double for double.
`KERNELS` contains all of them, for the test that compiles them without a GPU.
"""

from typing import Any

import cupy
import numpy as np

from xgrad.backends import thresholds

#: The C++ types of elements and of accumulators, by dtype.
C_TYPES = {
    "float16": ("float16", "float"),
    "bfloat16": ("bfloat16", "float"),
    "float32": ("float", "float"),
    "float64": ("double", "double"),
}
_HEADERS = {
    "float16": '#include "cupy/float16.cuh"\n',
    "bfloat16": '#include "cupy/float16.cuh"\n#include "cupy/bfloat16.cuh"\n',
}
THREADS = thresholds.CUPY_THREADS
#: Sums and maxima over the threads of a block, whose number is a power of two; NaN is the largest.
BLOCK = """
__device__ __forceinline__ A larger(A a, A b) { return a > b || a != a ? a : b; }
__device__ A block_sum(A* part, A value) {
  part[threadIdx.x] = value;
  __syncthreads();
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    __syncthreads();
  }
  const A total = part[0];
  __syncthreads();
  return total;
}
__device__ A block_max(A* part, A value) {
  part[threadIdx.x] = value;
  __syncthreads();
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half)
      part[threadIdx.x] = larger(part[threadIdx.x], part[threadIdx.x + half]);
    __syncthreads();
  }
  const A top = part[0];
  __syncthreads();
  return top;
}
"""

#: Every kernel, by name.
KERNELS: dict[str, "Elementwise | Raw"] = {}


class Elementwise:
    """A kernel that applies an operation to each element."""

    def __init__(
        self, name: str, inputs: str, outputs: str, operation: str, preamble: str = ""
    ) -> None:
        self.name, self.inputs, self.outputs = name, inputs, outputs
        self.operation, self.preamble = operation, preamble
        self._compiled: Any = None
        KERNELS[name] = self

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if self._compiled is None:
            self._compiled = cupy.ElementwiseKernel(
                self.inputs,
                self.outputs,
                self.operation,
                f"xgrad_{self.name}",
                preamble=self.preamble,
            )
        return self._compiled(*args, **keywords)


class Raw:
    """A kernel in CUDA C++, called with a grid, a block and arguments."""

    def __init__(self, name: str, source: str, dtypes: tuple[str, ...] = tuple(C_TYPES)) -> None:
        self.name, self.source, self.dtypes = name, source, dtypes
        self._compiled: dict[str, Any] = {}
        KERNELS[name] = self

    def code(self, dtype: str) -> str:
        """Return the complete source for a dtype."""
        kind, accumulator = C_TYPES[dtype]
        types = f"typedef {kind} T;\ntypedef {accumulator} A;\n"
        return f"{_HEADERS.get(dtype, '')}{types}{self.source}"

    def __call__(self, dtype: Any, grid: int, block: int, args: tuple[Any, ...]) -> None:
        kernel = self._compiled.get(dtype.name)
        if kernel is None:
            kernel = cupy.RawKernel(self.code(dtype.name), f"xgrad_{self.name}")
            self._compiled[dtype.name] = kernel
        kernel((grid,), (block,), args)


def block_size(length: int) -> int:
    """Return how many threads share a row: a power of two, as sums over a block require."""
    return int(min(THREADS, max(32, 1 << (length - 1).bit_length())))


def integer(value: int) -> Any:
    """Return a ``long long`` argument."""
    return np.int64(value)
