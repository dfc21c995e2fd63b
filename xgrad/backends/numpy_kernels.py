"""NumPy's kernels: updates in place, in cache-sized blocks; the LSTM; sparse matrices."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from xgrad.backends import lapack, lstm, thresholds
from xgrad.backends.kernels import Kernels
from xgrad.backends.updates import Options, Rule, State, adam, adamw, sgd

Array = Any


class NumpyKernels(Kernels):
    """NumPy's kernels."""

    overwrites = frozenset((sgd, adam, adamw))

    def update_one(
        self, rule: Rule, p: Array, g: Array, state: State, options: Options
    ) -> tuple[Array, State]:
        in_place = _IN_PLACE.get(rule)
        changed = None if in_place is None else in_place(p, g, state, options)
        return rule(self.xp, p, g, state, options) if changed is None else (p, changed)

    def lstm_scan(self, x: Array, h: Array, c: Array, w: Array) -> Any:
        if x.ndim != 3 or w.ndim != 2 or not x.dtype == h.dtype == c.dtype == w.dtype:
            return None
        return lstm.scan(x, h, c, w)

    def lstm_changes(self, by_h: Any, by_c: Any, out: Any, c0: Array, w: Array) -> Any:
        if w.ndim != 2 or out[0].ndim != 3 or out[0].dtype != w.dtype:
            return None
        return lstm.changes(by_h, by_c, out, c0, w)

    def sparse_product(self, matrix: Any, x: Array) -> Array:
        out = matrix @ x if type(matrix).__module__.startswith("scipy.") else None
        return super().sparse_product(matrix, x) if out is None else out

    def sparse_solve(self, pattern: Any, values: Array, b: Array, adjoint: bool) -> Array:
        return lapack.sparse_solve(pattern, values, b, adjoint)


# -- update rules in place -----------------------------------------------------------------------


def _sgd(p: Array, g: Array, state: State, o: Options) -> State | None:
    momentum, v = o["momentum"], state.get("momentum_buffer")
    if momentum and v is None:  # in the first step, the gradient becomes the state
        return None
    blocks = _blocks(1, p, g, v) if momentum else _blocks(1, p, g)
    if blocks is None:
        return None
    for a, p, g, *kept in blocks:
        if o["weight_decay"]:
            g = np.add(g, np.multiply(p, o["weight_decay"], out=a))
        if momentum:
            (v,) = kept
            v *= momentum
            v += np.multiply(g, 1 - o["dampening"], out=a) if o["dampening"] else g
            g = np.add(g, np.multiply(v, momentum, out=a), out=a) if o["nesterov"] else v
        p -= np.multiply(g, o["lr"], out=a)
    return {}


def _adam(p: Array, g: Array, state: State, o: Options, decoupled: bool = False) -> State | None:
    kept = [state["exp_avg"], state["exp_avg_sq"]]
    if o["amsgrad"]:
        kept.append(state["max_exp_avg_sq"])
    # Squares in half precision overflow; the formula scales g between the two factors.
    blocks = None if p.itemsize == 2 else _blocks(2, p, g, *kept)
    if blocks is None:
        return None
    (beta1, beta2), lr, decay = o["betas"], o["lr"], o["weight_decay"]
    step = int(state["step"]) + 1
    rate, root_scale = lr / (1 - beta1**step), 1 / math.sqrt(1 - beta2**step)
    for a, b, p, g, m, s, *top in blocks:
        if decoupled:
            p *= 1 - lr * decay
        elif decay:
            g = np.add(g, np.multiply(p, decay, out=b), out=b)
        m *= beta1
        m += np.multiply(g, 1 - beta1, out=a)
        s *= beta2
        np.multiply(g, g, out=a)
        s += np.multiply(a, 1 - beta2, out=a)
        if top:
            s = np.maximum(top[0], s, out=top[0])
        np.sqrt(s, out=a)
        a *= root_scale
        a += o["eps"]
        np.divide(m, a, out=a)
        p -= np.multiply(a, rate, out=a)
    return {"step": step}


def _adamw(p: Array, g: Array, state: State, o: Options) -> State | None:
    return _adam(p, g, state, o, decoupled=True)


#: Functions that overwrite a parameter and its state, and return the numbers of the new state. For
#: other dtypes and layouts they return None and change nothing.
_IN_PLACE: dict[Rule, Callable[[Array, Array, State, Options], State | None]] = {
    sgd: _sgd,
    adam: _adam,
    adamw: _adamw,
}


def _blocks(scratch: int, *arrays: Array) -> Iterable[tuple[Array, ...]] | None:
    """Return matching flat blocks of arrays, or None if the arrays cannot be split.

    Each tuple starts with ``scratch`` blocks for intermediate values. Arrays that fit into one
    block are not split. The second array, the gradient, is only read.
    """
    first, block = arrays[0], thresholds.OPTIMIZER_BLOCK
    small = first.ndim and first.size <= block
    for i, x in enumerate(arrays):
        flags = x.flags
        if x.dtype != first.dtype or not (small or flags.c_contiguous):
            return None
        if not flags.writeable and i != 1:
            return None
    if small:
        return ((*np.empty((scratch, *first.shape), first.dtype), *arrays),)
    room = np.empty((scratch, block), first.dtype)
    flat = [x.reshape(-1) for x in arrays]
    return (
        (*room[:, : first.size - at], *(x[at : at + block] for x in flat))
        for at in range(0, first.size, block)
    )
