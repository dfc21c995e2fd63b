"""Selection of kernels for arrays; the agnostic form computes all other cases."""

from collections.abc import Sequence
from typing import Any

import cupy
import numpy as np

from xgrad.backends import philox
from xgrad.backends.cupy import lists, norms, random
from xgrad.backends.cupy.kernels import C_TYPES, THREADS, integer
from xgrad.backends.cupy.layers import LayerKernels
from xgrad.backends.cupy.updates import UPDATES, Update
from xgrad.backends.kernels import Arrays
from xgrad.backends.updates import Options, Rule, State, on_device

Array = Any  # the library's own


class CupyKernels(LayerKernels):
    """CuPy's kernels."""

    overwrites = frozenset((*UPDATES, "clip_norm", "unscale"))

    def dropout(
        self, x: Array, key: tuple[int, int], block: int, p: float, shape: tuple[int, ...]
    ) -> Array:
        while shape and shape[0] == 1 and len(shape) > x.ndim:
            shape = shape[1:]
        fits = x.shape[max(x.ndim - len(shape), 0) :] == tuple(shape)
        if x.dtype.name not in C_TYPES or not x.size or not fits:
            return super().dropout(x, key, block, p, shape)
        size = int(np.prod(shape))
        x = cupy.ascontiguousarray(x)
        out = cupy.empty(x.shape, x.dtype)
        least = np.uint64(philox.threshold(p))
        repeats = integer(x.size // size)
        args = (x, out, *random.counter(key, block), least, 1 / (1 - p), integer(size), repeats)
        random.dropout(x.dtype, -(-size // (4 * THREADS)), THREADS, args)
        return out

    def sparse_product(self, matrix: Any, x: Array) -> Array:
        out = matrix @ x if type(matrix).__module__.startswith("cupyx.") else None
        return super().sparse_product(matrix, x) if out is None else out

    def sparse_solve(self, pattern: Any, values: Array, b: Array, adjoint: bool) -> Array:
        import cupyx.scipy.sparse.linalg  # loads cuSOLVER and cuSPARSE

        positions = (pattern.rows, pattern.columns)
        matrix = cupyx.scipy.sparse.coo_matrix((values, positions), shape=pattern.shape)
        matrix = matrix.conj().T if adjoint else matrix
        return cupyx.scipy.sparse.linalg.spsolve(matrix.tocsr(), b).reshape(b.shape)

    def clip_norm(self, arrays: Arrays, largest: float) -> Array | None:
        return norms.clip_norm(arrays, largest) if lists.usable(arrays) else None

    def unscale(self, grads: Arrays, factor: Array) -> tuple[list[Array], Array]:
        if not lists.usable(grads):
            return super().unscale(grads, factor)
        return list(grads), norms.unscale(grads, factor)

    def update(
        self,
        rule: Rule,
        values: Arrays,
        grads: Arrays,
        states: Sequence[State],
        options: Options,
        skip: Array | None = None,
        cache: dict[Any, Any] | None = None,
    ) -> list[Array]:
        kernel = UPDATES.get(rule)
        if kernel is None or cache is None or not kernel.supports(options):
            return super().update(rule, values, grads, states, options, skip, cache)
        new = list(values)
        for chosen in _alike(states):
            some, their_grads = [values[i] for i in chosen], [grads[i] for i in chosen]
            their_states = [states[i] for i in chosen]
            if not self._launched(kernel, some, their_grads, their_states, options, skip, cache):
                some = super().update(rule, some, their_grads, their_states, options, skip, cache)
            for i, value in zip(chosen, some, strict=True):
                new[i] = value
        return new

    def _launched(
        self,
        update: Update,
        values: Arrays,
        grads: Arrays,
        states: Sequence[State],
        options: Options,
        skip: Array | None,
        cache: dict[Any, Any],
    ) -> bool:
        """Update arrays and states in place; return False if the kernel does not support them."""
        names = update.state(options)
        if any(name is not None and name not in states[0] for name in names):
            return False
        state = [[None if name is None else s[name] for s in states] for name in names]
        tables = lists.cached_tables(cache, values, grads, *state)
        if tables is None:
            return False
        args = update.arguments(options)
        step = states[0].get("step")
        if step is not None:
            step = self._counted(step, skip, values[0])
            for s in states:
                s["step"] = step
            known = isinstance(step, int)
            args = (*args, np.float64(step if known else 0), None if known else step)
        args = (*args, np.bool_(options["maximize"]), skip)
        lists.launch(update.kernel, values[0].dtype, tables[0], args)
        return True

    def _counted(self, step: Any, skip: Array | None, like: Array) -> Any:
        """Return the count of steps after this step, which does not increase if it is skipped."""
        if skip is None:
            return step + 1
        if isinstance(step, int):
            step = on_device(self.xp, step, like)
        return self.xp.where(skip, step, step + 1)


def _alike(states: Sequence[State]) -> list[list[int]]:
    """Group the positions of states with the same entries and the same count of steps."""
    groups: dict[Any, list[int]] = {}
    for i, state in enumerate(states):
        step = state.get("step", 0)
        key = (len(state), step if isinstance(step, int) else id(step))
        groups.setdefault(key, []).append(i)
    return list(groups.values())
