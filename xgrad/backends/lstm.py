"""The LSTM over a sequence on NumPy, in arrays made once: see `xgrad.nn.functional.recurrent`."""

from typing import Any

import numpy as np

Array = Any


def scales(size: int, dtype: Any) -> Array:
    """(4 size): 1/2 for the gates with a sigmoid, 1 for the cell's."""
    scale = np.full(4 * size, 0.5, dtype)
    scale[2 * size : 3 * size] = 1.0
    return scale


def scan(x: Array, h: Array, c: Array, w: Array) -> tuple[Array, Array, Array]:
    """Hidden states, cell states and gates after each step of (T, N, 4 H)."""
    steps, count, width = x.shape
    size = width // 4
    scale = scales(size, x.dtype)
    shift = 1 - scale
    transposed = w.T * scale
    hs, cs = (np.empty((steps, count, size), x.dtype) for _ in range(2))
    gates = np.multiply(x, scale)
    product, part = np.empty((count, width), x.dtype), np.empty((count, size), x.dtype)
    for t in range(steps):
        gate = gates[t]
        np.matmul(h, transposed, out=product)
        gate += product
        np.tanh(gate, out=gate)
        gate *= scale
        gate += shift
        np.multiply(gate[:, size : 2 * size], c, out=cs[t])
        np.multiply(gate[:, :size], gate[:, 2 * size : 3 * size], out=part)
        c = cs[t]
        c += part
        np.tanh(c, out=part)
        h = np.multiply(gate[:, 3 * size :], part, out=hs[t])
    return hs, cs, gates


def changes(
    by_h: Array | None, by_c: Array | None, out: tuple[Array, ...], c0: Array, w: Array
) -> tuple[Array, Array, Array]:
    """Cotangents of what comes from the inputs (T, N, 4 H), and of the first states."""
    _, cs, gates = out
    steps, count, size = cs.shape
    own = 2 - 2 * scales(size, cs.dtype)  # 1 for a sigmoid, 0 for tanh
    slopes = own * gates
    slopes += 1 - own
    whole = np.multiply(gates, gates)
    slopes -= whole
    # What dc (three times) and dh are multiplied by on their way to the gates.
    bent = np.tanh(cs)
    whole[..., :size] = gates[..., 2 * size : 3 * size]
    whole[0, :, size : 2 * size] = c0
    whole[1:, :, size : 2 * size] = cs[:-1]
    whole[..., 2 * size : 3 * size] = gates[..., :size]
    whole[..., 3 * size :] = bent
    whole *= slopes
    bent *= bent
    np.subtract(1, bent, out=bent)
    bent *= gates[..., 3 * size :]
    dh, dc, part = (np.zeros((count, size), cs.dtype) for _ in range(3))
    for t in reversed(range(steps)):
        if by_h is not None:
            dh += by_h[t]
        np.multiply(dh, bent[t], out=part)
        dc += part
        if by_c is not None:
            dc += by_c[t]
        change = whole[t]
        by_gate = change.reshape(count, 4, size)
        by_gate[:, :3] *= dc[:, None]
        by_gate[:, 3] *= dh
        np.matmul(change, w, out=dh)
        dc *= gates[t, :, size : 2 * size]
    return whole, dh, dc
