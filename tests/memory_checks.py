"""Memory checks for every row of the op table, on NumPy, where memory can be inspected."""

from typing import Any

import numpy as np

import xgrad as xg
from tests.op_checks import _cotangent, _weights
from tests.op_table import Row


def _arrays(*trees: Any) -> list[np.ndarray]:
    """Return the raw arrays of results, also from Tensors."""
    found = []
    for x in trees:
        if isinstance(x, list | tuple):
            found += _arrays(*x)
        elif isinstance(x, xg.Tensor):
            found += _arrays(x.detach().data)
        elif isinstance(x, np.ndarray):
            found.append(x)
    return found


def _check_own(results: list[np.ndarray], others: list[np.ndarray]) -> None:
    """Check that results can be written, and share no memory."""
    for i, x in enumerate(results):
        assert x.flags.writeable or not x.size
        for y in (*results[:i], *others):
            assert not np.shares_memory(x, y)


def check_memory(row: Row) -> None:
    """Check that results belong to the caller, inputs are unchanged, and a pass can be repeated."""
    for sample in row.samples[:1] + row.complex_samples[:1]:
        arrays = [np.array(x) for x in sample]
        before = [x.copy() for x in arrays]
        args = tuple(arrays[i] for i in row.by)

        def f(*chosen: Any, arrays: Any = arrays) -> Any:
            full: list[Any] = list(arrays)
            for i, x in zip(row.by, chosen, strict=True):
                full[i] = x
            return row.call(xg, *full)

        out, pullback = xg.vjp(f, *args)
        g = _cotangent(xg.asarray(out))
        kept = g.copy()

        def once(pullback: Any = pullback, g: Any = g, f: Any = f, args: Any = args) -> list[Any]:
            tangents = xg.jvp(f, args, tuple(x.copy() for x in args))
            return _arrays(pullback(g), tangents)

        def gradient(*chosen: Any, f: Any = f, g: Any = g) -> Any:
            pulled = xg.vjp(f, *chosen)[1](g)
            return sum(
                xg.sum(xg.real(c * np.conj(_weights(x)))) for c, x in zip(pulled, args, strict=True)
            )

        first = once()
        numbers = [x.copy() for x in first]
        _check_own(first, [*arrays, g, *_arrays(out)])
        for x in (*first, *_arrays(out)):  # the caller may write to them
            x[...] = 0
        for found, expected in zip(once(), numbers, strict=True):
            np.testing.assert_array_equal(found, expected)
        if row.order > 1:
            second = _arrays(xg.grad(gradient, tuple(range(len(args))))(*args))
            _check_own(second, [*arrays, g])
        _check_tape(row, f, args, kept)
        np.testing.assert_array_equal(g, kept)
        for x, y in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(x, y)


def _check_tape(row: Row, f: Any, args: tuple[np.ndarray, ...], g: np.ndarray) -> None:
    """Check the eager tape: two passes add up, and the leaves' own arrays are unchanged."""
    leaves = [xg.tensor(x, requires_grad=True) for x in args]
    values = [x._value.copy() for x in leaves]
    y = f(*leaves)
    if not y.requires_grad:
        return
    y.backward(g, retain_graph=True)
    once = [None if x.grad is None else x.grad.numpy().copy() for x in leaves]
    _check_own(_arrays([x.grad for x in leaves]), [*_arrays(leaves), *args, g])
    y.backward(g)
    for x, first, value in zip(leaves, once, values, strict=True):
        np.testing.assert_array_equal(x._value, value)
        if first is not None:
            np.testing.assert_array_equal(x.grad.numpy(), first + first)
