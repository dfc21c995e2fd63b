"""An LSTM over a sequence: for each step a matrix product, and one kernel for gates and states.

The gates have PyTorch's order: input i, forget f, cell u, output o.
"""

from typing import Any

import cupy

from xgrad.backends.cupy.kernels import THREADS, Raw, integer

Array = Any

#: One step: gates and new states from the contributions of the inputs (x) and the states (a).
_step = Raw(
    "lstm_step",
    """
__device__ __forceinline__ A logistic(A x) {
  const A small = exp(-abs(x));
  return (x >= 0 ? A(1) : small) / (1 + small);
}
extern "C" __global__ void xgrad_lstm_step(
    const T* x, const T* a, const T* before, T* h, T* c, T* gates, long long size,
    long long width) {
  const long long k = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= size) return;
  const long long at = k / width * 4 * width + k % width;
  const A i = logistic((A)x[at] + (A)a[at]);
  const A f = logistic((A)x[at + width] + (A)a[at + width]);
  const A u = tanh((A)x[at + 2 * width] + (A)a[at + 2 * width]);
  const A o = logistic((A)x[at + 3 * width] + (A)a[at + 3 * width]);
  const A cell = f * (A)before[k] + i * u;
  gates[at] = T(i); gates[at + width] = T(f);
  gates[at + 2 * width] = T(u); gates[at + 3 * width] = T(o);
  c[k] = T(cell); h[k] = T(o * tanh(cell));
}
""",
)

#: One step back: the cotangents of the gates' arguments, and of the previous cell state.
_step_back = Raw(
    "lstm_step_back",
    """
extern "C" __global__ void xgrad_lstm_step_back(
    const T* by_h, const T* by_c, const T* dh, T* dc, const T* before, const T* c,
    const T* gates, T* change, long long size, long long width) {
  const long long k = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (k >= size) return;
  const long long at = k / width * 4 * width + k % width;
  const A i = (A)gates[at], f = (A)gates[at + width];
  const A u = (A)gates[at + 2 * width], o = (A)gates[at + 3 * width];
  const A bent = tanh((A)c[k]);
  const A into_h = (A)dh[k] + (by_h ? (A)by_h[k] : A(0));
  const A into_c = (A)dc[k] + into_h * o * (1 - bent * bent) + (by_c ? (A)by_c[k] : A(0));
  change[at] = T(into_c * u * i * (1 - i));
  change[at + width] = T(into_c * (A)before[k] * f * (1 - f));
  change[at + 2 * width] = T(into_c * i * (1 - u * u));
  change[at + 3 * width] = T(into_h * bent * o * (1 - o));
  dc[k] = T(into_c * f);
}
""",
)


def scan(x: Array, h: Array, c: Array, w: Array) -> tuple[Array, Array, Array]:
    """Return hidden states, cell states (T, N, H) and gates (T, N, 4 H) after each step."""
    steps, count, width = x.shape[0], x.shape[1], w.shape[1]
    x, h, c = (cupy.ascontiguousarray(part) for part in (x, h, c))
    hs = cupy.empty((steps, count, width), x.dtype)
    cs, gates = cupy.empty_like(hs), cupy.empty((steps, count, 4 * width), x.dtype)
    size, transposed = count * width, w.T
    for t in range(steps):
        a = cupy.matmul(h, transposed)
        args = (x[t], a, c, hs[t], cs[t], gates[t], integer(size), integer(width))
        _step(x.dtype, -(-size // THREADS), THREADS, args)
        h, c = hs[t], cs[t]
    return hs, cs, gates


def changes(by_h: Any, by_c: Any, out: Any, c0: Array, w: Array) -> tuple[Array, Array, Array]:
    """Return the cotangents of the inputs' contribution, and of the first states."""
    _, cs, gates = out
    steps, count, width = cs.shape
    by_h, by_c = (None if g is None else cupy.ascontiguousarray(g) for g in (by_h, by_c))
    cs, gates, c0 = (cupy.ascontiguousarray(part) for part in (cs, gates, c0))
    by_x = cupy.empty_like(gates)
    dh, dc = cupy.zeros_like(c0), cupy.zeros_like(c0)
    size = count * width
    for t in reversed(range(steps)):
        before = cs[t - 1] if t else c0
        into = (None if g is None else g[t] for g in (by_h, by_c))
        state = (dh, dc, before, cs[t], gates[t], by_x[t], integer(size), integer(width))
        _step_back(cs.dtype, -(-size // THREADS), THREADS, (*into, *state))
        dh = cupy.matmul(by_x[t], w)
    return by_x, dh, dc
