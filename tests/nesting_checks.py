"""Checks of every differentiable row of the op table under nested transforms."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

import xgrad as xg
from tests import op_checks
from tests.environment import COMPILES, NAME, SESSION, host, raw
from tests.op_checks import _cotangent, _examples, _weights, assert_close, vmap
from tests.op_table import ROWS, Row

#: Backends that run every row and every sample. Others run a part of the rows, because they are
#: slow, or all of them with XGRAD_TEST_NESTING=all; and the first two samples (one,
#: if each operation and shape is compiled).
THOROUGH = ("numpy-readonly",)
#: Run one row in this many (three by default), depending on the cost of an operation.
STRIDES = {"cupy": 9, "jax": 27, "dpnp": 27}


def differentiated(row: Row, sample: Any) -> tuple[Callable[..., Any], Any]:
    """Return the call as a function of the differentiated arguments, and their data."""
    f, args = op_checks.differentiated(row, sample)
    return lambda *chosen: f(*(xg.asarray(x) for x in chosen)), args


def _samples(row: Row, count: int | None = None) -> list[Any]:
    every = row.samples + row.complex_samples
    if SESSION in THOROUGH and count is None:
        return every
    few = min(count or 2, 1 if COMPILES else 2)
    return (row.samples or row.complex_samples)[:few]


def _scalar(f: Callable[..., Any], args: Any) -> Callable[..., Any]:
    """Return Re<weights, f>, a real number, which has a gradient."""
    weights = _cotangent(xg.asarray(f(*args)))

    def loss(*chosen: Any) -> Any:
        out = xg.asarray(f(*chosen))
        return xg.sum(xg.real(out * xg.conj(weights)) if out.dtype.kind == "c" else out * weights)

    return loss


def _dot(a: Any, b: Any) -> Any:
    """Return Re<a, b> over the arrays of two sequences."""
    total: Any = 0.0
    for x, y in zip(a, b, strict=True):
        x, y = xg.asarray(x), xg.asarray(y)
        product = x * xg.conj(y) if x.dtype.kind == "c" else x * y
        total = total + xg.sum(xg.real(product) if product.dtype.kind == "c" else product)
    return total


def _directions(args: Any) -> tuple[Any, ...]:
    return tuple(raw(_weights(host(x))) for x in args)


def _same(found: Any, expected: Any, tolerance: float = 1e-9) -> None:
    for a, b in zip(found, expected, strict=True):
        b = host(b)
        assert_close(a, b, tolerance * max(1.0, np.abs(b).max(initial=0.0)))


def check_jacobians(row: Row) -> None:
    """Check jacfwd = jacrev, whole and in chunks; <g, J v> = <Jᵀ g, v>."""
    for sample in _samples(row):
        f, args = differentiated(row, sample)
        numbers, v = tuple(range(len(args))), _directions(args)
        out, pullback = xg.vjp(f, *args)
        g = _cotangent(xg.asarray(out))
        pushed = xg.jvp(f, args, v)[1]
        found, expected = _dot([g], [pushed]), _dot(pullback(g), v)
        assert_close(found, host(expected), 1e-9 * max(1.0, abs(float(host(expected)))))
        kinds = {np.asarray(x).dtype.kind for x in (*(host(a) for a in args), host(out))}
        if kinds == {"f"}:
            forward, backward = xg.jacfwd(f, numbers)(*args), xg.jacrev(f, numbers)(*args)
            _same(forward, backward)
            for j, x in zip(backward, args, strict=True):
                assert host(j).shape == host(out).shape + host(x).shape
            _same(xg.jacrev(f, numbers, chunk_size=2)(*args), backward)
            _same(xg.jacfwd(f, numbers, chunk_size=2)(*args), backward)


def check_second_order(row: Row) -> None:
    """Check forward over reverse, reverse over forward, reverse over reverse, and forward twice."""
    for sample in _samples(row):
        f, args = differentiated(row, sample)
        loss, v, numbers = _scalar(f, args), _directions(args), tuple(range(len(args)))
        gradient = xg.grad(loss, numbers)
        expected = xg.jvp(gradient, args, v)[1]
        _same(xg.grad(lambda *x: xg.jvp(loss, x, v)[1], numbers)(*args), expected)
        _same(xg.grad(lambda *x: _dot(gradient(*x), v), numbers)(*args), expected)
        _same([xg.hvp(loss, args, v)] if len(args) == 1 else xg.hvp(loss, args, v), expected)
        twice = xg.jvp(lambda *x: xg.jvp(loss, x, v)[1], args, v)[1]
        _same([twice], [_dot(expected, v)])


def check_third_order(row: Row) -> None:
    """Check third derivatives against finite differences of second ones."""
    for sample in _samples(row, 1):
        f, args = differentiated(row, sample)
        loss, v, numbers = _scalar(f, args), _directions(args), tuple(range(len(args)))
        v = tuple(raw(host(t) * 0.1) for t in v)

        def second(*x: Any) -> Any:
            return _dot(xg.jvp(xg.grad(loss, numbers), x, v)[1], v)

        found = _dot(xg.grad(second, numbers)(*args), v)
        step = 1e-4
        ahead, behind = (
            host(second(*(raw(host(x) + s * host(t)) for x, t in zip(args, v, strict=True))))
            for s in (step, -step)
        )
        expected = (ahead - behind) / (2 * step)
        np.testing.assert_allclose(host(found), expected, rtol=1e-4, atol=1e-6)


def check_vmap_nesting(row: Row) -> None:
    """Check vmap(grad), grad(vmap), jvp(vmap), vmap(vmap), vmap(hessian) against loops."""
    for sample in _samples(row, 1):
        examples = _examples(sample, row.by)
        f, args = differentiated(row, sample)
        loss, v, numbers = _scalar(f, args), _directions(args), tuple(range(len(args)))
        each = [tuple(raw(np.asarray(e[i])) for i in row.by) for e in examples]
        stacked = tuple(raw(np.stack([np.asarray(e[i]) for e in examples])) for i in row.by)
        gradients = [xg.grad(loss, numbers)(*x) for x in each]
        wanted = [np.stack([host(g[i]) for g in gradients]) for i in numbers]
        _same(vmap(xg.grad(loss, numbers))(*stacked), wanted)
        _same(xg.grad(lambda *x: xg.sum(vmap(loss)(*x)), numbers)(*stacked), wanted)
        many = tuple(raw(np.stack([host(t)] * len(each))) for t in v)
        pushed = xg.jvp(vmap(f), stacked, many)[1]
        assert_close(pushed, np.stack([host(xg.jvp(f, x, v)[1]) for x in each]))
        twice = tuple(raw(np.stack([host(x)] * 2)) for x in stacked)
        values = np.stack([host(xg.asarray(f(*x))) for x in each])
        assert_close(vmap(vmap(f))(*twice), np.stack([values, values]), 1e-10)
        if row.order > 1 and host(args[0]).dtype.kind == "f":
            hessians = np.stack([host(xg.hessian(loss)(*x)) for x in each])
            _same([vmap(xg.hessian(loss))(*stacked)], [hessians])


def check_checkpoint(row: Row) -> None:
    """Check checkpoint(f) = f and linearize(f) = jvp(f), with second derivatives."""
    for sample in _samples(row):
        f, args = differentiated(row, sample)
        loss, v, numbers = _scalar(f, args), _directions(args), tuple(range(len(args)))
        again = xg.checkpoint(loss)
        _same(xg.grad(again, numbers)(*args), xg.grad(loss, numbers)(*args), 1e-12)
        value, pushed = xg.linearize(f, *args)
        expected = xg.jvp(f, args, v)
        _same([value, pushed(*v)], expected, 1e-12)
        if row.order > 1:

            def twice(loss: Any) -> Any:
                return xg.grad(lambda *x: _dot(xg.grad(loss, numbers)(*x), v), numbers)(*args)

            _same(twice(again), twice(loss), 1e-11)
            _same(xg.jvp(xg.grad(again, numbers), args, v)[1], twice(loss), 1e-9)


def check_perturbations(row: Row) -> None:
    """Check that simultaneous derivatives do not mix: x <- x ∇L(x + y) at y = 0."""
    for sample in _samples(row, 1):
        f, args = differentiated(row, sample)
        loss, v, numbers = _scalar(f, args), _directions(args), tuple(range(len(args)))
        gradient = xg.grad(loss, numbers)
        _, along = xg.jvp(gradient, args, args)
        expected = _dot(gradient(*args), v) + _dot(along, v)
        zeros = tuple(raw(0 * host(x)) for x in args)

        def by_reverse(*x: Any) -> Any:
            inner = xg.grad(lambda *y: loss(*(a + b for a, b in zip(x, y, strict=True))), numbers)
            return _dot(inner(*zeros), x)

        def by_forward(*x: Any) -> Any:
            def moved(*y: Any) -> Any:
                return loss(*(a + b for a, b in zip(x, y, strict=True)))

            return xg.jvp(moved, tuple(xg.asarray(z) for z in zeros), x)[1]

        for inner in (by_reverse, by_forward):
            _same([_dot(xg.grad(inner, numbers)(*args), v)], [expected])
            _same([xg.jvp(inner, args, v)[1]], [expected])


CHECKS: dict[str, Callable[[Row], None]] = {
    "jacobians": check_jacobians,
    "second_order": check_second_order,
    "third_order": check_third_order,
    "vmap_nesting": check_vmap_nesting,
    "checkpoint": check_checkpoint,
    "perturbations": check_perturbations,
}


def rows() -> list[Row]:
    """Return the rows to run on this backend."""
    every = os.environ.get("XGRAD_TEST_NESTING") == "all" or SESSION in THOROUGH
    return ROWS if every else ROWS[:: STRIDES.get(NAME, 3)]


def applies(check: str, row: Row) -> bool:
    """Whether a check applies to a row."""
    if not row.by or NAME == "dask":
        return False
    if NAME == "jax" and row.variation:
        return False
    if check in ("second_order", "third_order", "perturbations") and row.order < 2:
        return False
    return row.vmap or check not in ("vmap_nesting", "jacobians")
