"""The LSTM over a sequence on NumPy, in preallocated arrays (`xgrad.nn.functional.recurrent`)."""

from typing import Any

import numpy as np

from xgrad.backends import thresholds

Array = Any


def _scales(count: int, size: int, dtype: Any) -> Array:
    """Return 1/2 for the gates with a sigmoid and 1 for the cell's, shape (N, 4 H).

    The array is not broadcast, because broadcasting a row takes twice as long.
    """
    scale = np.full((count, 4 * size), 0.5, dtype)
    scale[:, 2 * size : 3 * size] = 1.0
    return scale


def _single(*values: Array | None) -> tuple[Any, ...]:
    return tuple(None if x is None else x.astype(np.float32) for x in values)


def scan(x: Array, h: Array, c: Array, w: Array) -> tuple[Array, ...]:
    """Return hidden states, cell states and gates after each step of (T, N, 4 H)."""
    if x.itemsize == 2:  # half precision accumulates in single; NumPy's products are slow, too
        return tuple(part.astype(x.dtype) for part in scan(*_single(x, h, c, w)))
    steps, count, width = x.shape
    size = width // 4
    scale = _scales(count, size, x.dtype)
    shift = 1 - scale
    transposed = np.multiply(w.T, scale[:1], order="C")  # faster in products than a view
    hs, cs = (np.empty((steps, count, size), x.dtype) for _ in range(2))
    gates = np.empty_like(x)
    product, part = np.empty((count, width), x.dtype), np.empty((count, size), x.dtype)
    for t in range(steps):
        gate = np.multiply(x[t], scale, out=gates[t])
        np.matmul(h, transposed, out=product)
        gate += product
        np.tanh(gate, out=gate)  # one tanh for all gates: sigmoid(a) = (1 + tanh(a / 2)) / 2
        gate *= scale
        gate += shift
        np.multiply(gate[:, size : 2 * size], c, out=cs[t])
        np.multiply(gate[:, :size], gate[:, 2 * size : 3 * size], out=part)
        c = cs[t]
        c += part
        np.tanh(c, out=part)
        h = np.multiply(gate[:, 3 * size :], part, out=hs[t])
    return hs, cs, gates


def _factors(
    to_gates: Array, to_c: Array, gates: Array, cs: Array, before: Array, sigmoid: Array
) -> None:
    """Compute the factors from dc (three times) and dh to the gates, and from dh to dc."""
    size = cs.shape[-1]
    slopes = sigmoid * gates  # y (1 - y) for a sigmoid, 1 - y² for tanh
    slopes += 1 - sigmoid
    slopes -= gates * gates
    bent = np.tanh(cs)
    for k, factor in enumerate((gates[..., 2 * size : 3 * size], before, gates[..., :size], bent)):
        to_gates[..., k * size : (k + 1) * size] = factor
    to_gates *= slopes
    bent *= bent
    np.subtract(1, bent, out=to_c)
    to_c *= gates[..., 3 * size :]


def changes(
    by_h: Array | None, by_c: Array | None, out: tuple[Array, ...], c0: Array, w: Array
) -> tuple[Array, ...]:
    """Return the cotangents of the inputs' contribution (T, N, 4 H) and of the first states."""
    if w.itemsize == 2:
        by_h, by_c, c0, wide = _single(by_h, by_c, c0, w)
        parts = changes(by_h, by_c, _single(*out), c0, wide)
        return tuple(part.astype(w.dtype) for part in parts)
    _, cs, gates = out
    steps, count, size = cs.shape
    to_gates, to_c = np.empty_like(gates), np.empty_like(cs)
    dh, dc, part = (np.zeros((count, size), cs.dtype) for _ in range(3))
    sigmoid = 2 - 2 * _scales(count, size, cs.dtype)  # 1 for a sigmoid, 0 for tanh
    cotangents = np.empty((count, 4 * size), cs.dtype)
    states = cotangents.reshape(count, 4, size)
    at_once = max(1, thresholds.LSTM_BLOCK // max(1, count * 4 * size))
    for stop in range(steps, 0, -at_once):
        block = slice(max(0, stop - at_once), stop)
        before = (
            cs[block.start - 1 : stop - 1]
            if block.start
            else np.concatenate([c0[None], cs[: stop - 1]])
        )
        _factors(to_gates[block], to_c[block], gates[block], cs[block], before, sigmoid)
        for t in reversed(range(block.start, stop)):
            if by_h is not None:
                dh += by_h[t]
            np.multiply(dh, to_c[t], out=part)
            dc += part
            if by_c is not None:
                dc += by_c[t]
            change = to_gates[t]
            states[:, :3] = dc[:, None]
            states[:, 3] = dh
            change *= cotangents
            np.matmul(change, w, out=dh)
            dc *= gates[t, :, size : 2 * size]
    return to_gates, dh, dc
