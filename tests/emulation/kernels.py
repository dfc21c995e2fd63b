"""Kernels compiled for the host: each thread in turn, from barrier to barrier.

An `ElementwiseKernel` is a loop. A `RawKernel` runs block by block;
if it has barriers, every thread of a block has its own stack, and ``__syncthreads``
switches to the next thread. Features that need concurrent threads, such as shuffles
within a warp, are not emulated.
"""

import ctypes
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.emulation.arrays import COUNTS, check_places, made, ndarray

_C_TYPES = {
    "bool": "bool", "int8": "signed char", "uint8": "unsigned char", "int16": "short",
    "uint16": "unsigned short", "int32": "int", "uint32": "unsigned int",
    "int64": "long long", "uint64": "unsigned long long", "float16": "float16",
    "float32": "float", "float64": "double", "complex64": "complex<float>",
    "complex128": "complex<double>",
}  # fmt: skip

_HOST = r"""
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
using namespace std;
typedef _Float16 float16;
#define __device__
#define __global__
#define __forceinline__ inline
#define __restrict__
#define __shared__ static
#define __launch_bounds__(...)
struct dim3 { unsigned x, y, z; };
static dim3 threadIdx, blockIdx, blockDim, gridDim;
template <class T> T atomicAdd(T* p, T v) { T old = *p; *p = old + v; return old; }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)(((unsigned __int128)a * b) >> 64);
}
static inline float rsqrtf(float x) { return 1 / sqrtf(x); }
static inline double rsqrt(double x) { return 1 / sqrt(x); }
static inline float normcdff(float x) { return 0.5f * erfcf(-x * 0.70710678118654752f); }
static inline double normcdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }
"""

_FIBRES = r"""
#include <ucontext.h>
#include <cstdlib>
static ucontext_t scheduler, threads[1024];
static bool finished[1024];
static void** arguments;
static unsigned current;
static void __syncthreads() { swapcontext(&threads[current], &scheduler); }
static void call();
static void thread_main() { call(); finished[current] = true; swapcontext(&threads[current], &scheduler); }
static void run_block() {
  static char* stacks = (char*)malloc(1024 * 65536);
  for (unsigned t = 0; t < blockDim.x; t++) {
    getcontext(&threads[t]);
    threads[t].uc_stack.ss_sp = stacks + t * 65536;
    threads[t].uc_stack.ss_size = 65536;
    threads[t].uc_link = &scheduler;
    makecontext(&threads[t], thread_main, 0);
    finished[t] = false;
  }
  for (bool left = true; left;) {
    left = false;
    for (unsigned t = 0; t < blockDim.x; t++) {
      if (finished[t]) continue;
      current = t; threadIdx.x = t;
      swapcontext(&scheduler, &threads[t]);
      left = left || !finished[t];
    }
  }
}
"""  # noqa: E501 - C++


@functools.cache
def _library(source: str) -> ctypes.PyDLL:
    """Compile C++, once for all processes."""
    folder = Path(tempfile.gettempdir()) / f"xgrad-emulated-kernels-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    name = hashlib.sha256(source.encode()).hexdigest()[:24]
    target = folder / f"{name}.so"
    if not target.exists():
        if shutil.which("g++") is None:
            raise RuntimeError("the emulated CuPy compiles kernels for the host: install g++")
        code = folder / f"{name}.{os.getpid()}.cpp"
        code.write_text(source)
        built = code.with_suffix(".so")
        command = ["g++", "-O1", "-shared", "-fPIC", "-std=c++17", "-w", "-fno-fast-math"]
        done = subprocess.run(
            [*command, str(code), "-o", str(built)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"a kernel does not compile:\n{done.stderr[:3000]}\n{source}")
        built.rename(target)
        code.unlink()
    return ctypes.PyDLL(str(target))  # keeps the GIL: the threads of a block share state


class _Parameter:
    def __init__(self, text: str) -> None:
        words = text.split()
        self.raw = "raw" in words
        self.kind, self.name = [w for w in words if w not in ("raw", "const")]
        self.is_variable = self.kind not in _C_TYPES


def _parameters(text: str) -> list[_Parameter]:
    return [_Parameter(part) for part in text.split(",") if part.strip()]


def _bound(parameters: list[_Parameter], values: list[Any], name: str) -> dict[str, str]:
    """Return the C type of every type variable."""
    types: dict[str, str] = {}
    for parameter, value in zip(parameters, values, strict=True):
        if isinstance(value, np.ndarray) and not isinstance(value, ndarray):
            raise TypeError(f"Unsupported type {type(value)}")
        if not isinstance(value, ndarray):
            continue
        dtype = str(value.dtype)
        if not parameter.is_variable:
            if dtype != parameter.kind:
                raise TypeError(f"{name}: {parameter.name} must be {parameter.kind}, got {dtype}")
        elif types.setdefault(parameter.kind, dtype) != dtype:
            raise TypeError(f"{name}: type is mismatched: {parameter.kind} {types} {dtype}")
    return types


def _typedefs(types: dict[str, str]) -> str:
    return "".join(f"typedef {_C_TYPES[d]} {variable};\n" for variable, d in types.items())


class ElementwiseKernel:
    """CuPy's elementwise kernel, as a loop."""

    def __init__(
        self,
        in_params: str,
        out_params: str,
        operation: str,
        name: str = "kernel",
        reduce_dims: bool = True,
        preamble: str = "",
        no_return: bool = False,
        return_tuple: bool = False,
        loop_prep: str = "",
        after_loop: str = "",
        options: tuple[str, ...] = (),
    ) -> None:
        self.inputs, self.outputs = _parameters(in_params), _parameters(out_params)
        self.operation, self.name, self.preamble = operation, name, preamble
        self.return_tuple = return_tuple

    def __call__(self, *args: Any, size: int | None = None, block_size: int = 128) -> Any:
        check_places(*args)
        parameters, values = [*self.inputs, *self.outputs], list(args)
        given_outputs = len(values) == len(parameters)
        if len(values) not in (len(self.inputs), len(parameters)):
            raise TypeError(f"Wrong number of arguments for {self.name!r}. Given {len(values)}")
        types = _bound(parameters[: len(values)], values, self.name)
        arrays = zip(parameters, values, strict=False)
        shapes = [v.shape for p, v in arrays if isinstance(v, ndarray) and not p.raw]
        if shapes and size is not None:
            raise ValueError("Specified 'size' can be used only if all of the ndarray are 'raw'.")
        shape = np.broadcast_shapes(*shapes) if shapes else (size,)
        if None in shape:
            raise ValueError("Loop size is undecided.")
        if not given_outputs:
            values += [
                made(np.empty(shape, types.get(p.kind, p.kind) if p.is_variable else p.kind))
                for p in self.outputs
            ]
        count = int(np.prod(shape))
        if count:
            self._run(parameters, values, types, shape, count)
        COUNTS.launches[self.name] += 1
        outs = values[len(self.inputs) :]
        return outs[0] if len(outs) == 1 and not self.return_tuple else tuple(outs)

    def _run(self, parameters: Any, values: Any, types: Any, shape: Any, count: int) -> None:
        buffers, back, lines = [], [], []
        for k, (p, v) in enumerate(zip(parameters, values, strict=True)):
            dtype = types.get(p.kind, p.kind) if p.is_variable else p.kind
            is_output = k >= len(self.inputs)
            constant = "" if is_output else "const "
            pointer = f"(({constant}{_C_TYPES[dtype]}*)data[{k}])"
            if not isinstance(v, ndarray):
                buffer = np.full(1, v, dtype)
                lines.append(f"const {_C_TYPES[dtype]} {p.name} = {pointer}[0];")
            else:
                whole = v._host if p.raw else np.broadcast_to(v._host, shape)
                buffer = np.ascontiguousarray(whole)
                if not np.may_share_memory(buffer, v._host) or not is_output:
                    buffer = buffer.copy() if is_output else buffer
                if is_output:
                    back.append((v, buffer))
                if p.raw:
                    head = f"{constant}{_C_TYPES[dtype]}* {p.name}"
                    lines.append(f"{head} = {pointer};")
                else:
                    lines.append(f"{constant}{_C_TYPES[dtype]}& {p.name} = {pointer}[i];")
            buffers.append(buffer)
        body = "\n    ".join(lines)
        source = (
            f"{_HOST}{_typedefs(types)}{self.preamble}\n"
            "struct Indexer { ptrdiff_t n; ptrdiff_t size() const { return n; } };\n"
            'extern "C" void run(void** data, ptrdiff_t count) {\n'
            "  Indexer _ind{count};\n  for (ptrdiff_t i = 0; i < count; i++) {\n"
            f"    {body}\n    {{ {self.operation}; }}\n  }}\n}}\n"
        )
        data = (ctypes.c_void_p * len(buffers))(*(b.ctypes.data for b in buffers))
        _library(source).run(data, ctypes.c_ssize_t(count))
        for array, buffer in back:
            if buffer is not array._host:
                array._host[...] = buffer.reshape(array.shape)


class RawKernel:
    """CuPy's raw kernel, block by block."""

    def __init__(self, code: str, name: str, options: Any = (), backend: str = "nvrtc") -> None:
        self.code, self.name = code, name
        found = re.search(rf"\b{name}\s*\(([^)]*)\)", code, re.DOTALL)
        if found is None:
            raise ValueError(f"no function {name} in the source")
        self.types = [re.sub(r"\w+\s*$", "", p).strip() for p in found.group(1).split(",")]
        self.types = [t.replace("__restrict__", "") for t in self.types]

    def __call__(self, grid: Any, block: Any, args: Any, *, shared_mem: int = 0) -> None:
        check_places(*args)
        if len(args) != len(self.types):
            raise TypeError(f"{self.name}: expected {len(self.types)} arguments, got {len(args)}")
        if len(block) != 1 or block[0] > 1024:
            raise ValueError(f"{self.name}: only blocks along x, of up to 1024 threads")
        buffers = []
        for kind, value in zip(self.types, args, strict=True):
            if isinstance(value, ndarray):
                if "*" not in kind:
                    raise TypeError(f"{self.name}: an array for {kind}")
                buffers.append(np.array([value._host.ctypes.data], np.uint64))
            elif value is None:
                buffers.append(np.zeros(1, np.uint64))
            elif isinstance(value, np.ndarray) and value.size != 1:
                raise TypeError("You are trying to pass a numpy.ndarray as a kernel parameter.")
            else:
                buffers.append(np.array(value, ndmin=1))
        with_barriers = "__syncthreads" in self.code
        passed = ", ".join(f"*({t}*)arguments[{k}]" for k, t in enumerate(self.types))
        one_by_one = (
            "static void** arguments;\nstatic void call();\nstatic void run_block() {\n"
            "  for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) call();\n}\n"
        )
        source = (
            f"{_HOST}{_FIBRES if with_barriers else one_by_one}{self.code}\n"
            f"static void call() {{ {self.name}({passed}); }}\n"
            'extern "C" void run(void** data, unsigned gx, unsigned gy, unsigned bx) {\n'
            "  arguments = data; gridDim = {gx, gy, 1}; blockDim = {bx, 1, 1};\n"
            "  for (blockIdx.y = 0; blockIdx.y < gy; blockIdx.y++)\n"
            "    for (blockIdx.x = 0; blockIdx.x < gx; blockIdx.x++) run_block();\n}\n"
        )
        source = re.sub(r'#include "cupy/.*', "", source)  # CuPy's own half precision
        data = (ctypes.c_void_p * len(buffers))(*(b.ctypes.data for b in buffers))
        rows = grid[1] if len(grid) > 1 else 1
        _library(source).run(
            data, ctypes.c_uint(grid[0]), ctypes.c_uint(rows), ctypes.c_uint(block[0])
        )
        COUNTS.launches[self.name] += 1
