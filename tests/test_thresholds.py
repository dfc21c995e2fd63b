"""Sizes at which the algorithm changes: the same numbers on both sides of each.

`xgrad.backends.thresholds` has every such size. The op table runs with each of them lowered, so
that its small samples take the paths of large arrays, and with arrays that are large.
"""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from tests.fuzz.case import TINY
from tests.op_checks import _cotangent, _examples, differentiated, pulled, second_order
from tests.op_table import ROWS
from xgrad.backends import thresholds

#: Compiled into CuPy's kernels: tests/test_kernels.py and test_launches.py have arrays, and lists
#: of arrays, on both sides.
COMPILED = {"CUPY_THREADS", "CUPY_ARRAYS_IN_A_LAUNCH", "CUPY_CHUNK", "CUPY_TABLES_KEPT"}


def _random(row):
    """Whether each call returns different numbers for different shapes."""
    return row.name == "nn.functional.dropout"


DIFFERENTIATED = [row for row in ROWS if row.by]
host_only = pytest.mark.skipif(
    NAME not in ("numpy", "array_api_strict"), reason="these libraries have no such paths"
)


@pytest.fixture
def tiny(monkeypatch):
    def lower():
        for name, value in TINY.items():
            monkeypatch.setattr(thresholds, name, value)

    return lower


@pytest.mark.numpy_only
def test_every_threshold_is_lowered_here():
    names = {name for name in vars(thresholds) if name.isupper()}
    assert names == set(TINY) | COMPILED


@pytest.mark.numpy_only
def test_tiny_is_below_and_usual_above_what_the_op_table_has():
    largest = max(np.asarray(x).nbytes for row in ROWS for s in row.samples for x in s)
    assert TINY["SMALL_PIECE"] == 0
    assert largest <= thresholds.SMALL_PIECE


def _results(row):
    sample = (row.samples or row.complex_samples)[0]
    f, args = differentiated(row, sample)
    out = f(*map(xg.asarray, args))
    found = [out, *pulled(f, args)]
    if row.order > 1:
        found += second_order(f, args, _cotangent(xg.asarray(out)))
    leaves = [xg.tensor(x, requires_grad=True) for x in args]
    out = f(*leaves)
    out.backward(_cotangent(out))
    return [host(x) for x in [*found, *(leaf.grad for leaf in leaves)]]


@host_only
@pytest.mark.parametrize("row", DIFFERENTIATED, ids=lambda r: r.id)
def test_small_arrays_on_the_paths_of_large_ones(row, tiny):
    usual = _results(row)
    tiny()
    for found, expected in zip(_results(row), usual, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.numpy_only
@pytest.mark.parametrize(
    "row",
    [r for r in DIFFERENTIATED if r.vmap and r.samples and not _random(r)],
    ids=lambda r: r.id,
)
def test_a_large_batch_is_its_examples(row):
    """Hundreds of examples at once, so that every operation's arrays are large."""
    sample = row.samples[0]
    examples = _examples(sample, row.by)
    count = max(3, 900 // max(1, min(np.asarray(x).size for x in sample)))
    stacked = [raw(np.stack([e[i] for e in examples] * count)) for i in range(len(sample))]

    def backward(*arrays):
        def of_chosen(*chosen):
            full = list(arrays)
            for i, x in zip(row.by, chosen, strict=True):
                full[i] = x
            return row.call(xg, *full)

        out, pullback = xg.vjp(of_chosen, *(arrays[i] for i in row.by))
        return out, *pullback(_cotangent(xg.asarray(out)))

    batch = [host(x) for x in xg.vmap(backward)(*stacked)]
    for k, example in enumerate(examples):
        for found, expected in zip(batch, backward(*map(raw, example)), strict=True):
            for place in (k, k - 3):  # in the first three, and in the last
                np.testing.assert_allclose(found[place], host(expected), rtol=1e-9, atol=1e-10)


@pytest.mark.numpy_only
def test_elementwise_functions_of_large_arrays():
    """72,000 elements are 12,000 times 6: values and gradients."""
    times, elementwise = (12_000, 1), 0
    for row in DIFFERENTIATED:
        if (
            not row.samples
            or _random(row)
            or any(np.asarray(x).shape != (2, 3) for x in row.samples[0])
        ):
            continue
        value = row.reference(np, *row.samples[0])
        try:
            twice = row.reference(np, *(np.tile(x, (2, 1)) for x in row.samples[0]))
        except ValueError:
            continue  # for this shape only
        if np.shape(value) != (2, 3) or not np.allclose(twice, np.tile(value, (2, 1))):
            continue  # not elementwise
        elementwise += 1
        f, args = differentiated(row, row.samples[0])
        g = np.cos(np.arange(6.0)).reshape(2, 3).astype(host(f(*args)).dtype)
        large, large_args = differentiated(row, tuple(np.tile(x, times) for x in row.samples[0]))
        out, pullback = xg.vjp(f, *args)
        large_out, large_pullback = xg.vjp(large, *large_args)
        pairs = zip(
            [large_out, *large_pullback(np.tile(g, times))], [out, *pullback(g)], strict=True
        )
        for found, expected in pairs:
            np.testing.assert_allclose(
                host(found), np.tile(host(expected), times), rtol=1e-9, atol=1e-12, err_msg=row.id
            )
    assert elementwise > 90


@pytest.mark.numpy_only
@pytest.mark.parametrize("size", [63, 64, 65, 130])
def test_blocks_of_triangular_matrices(size, monkeypatch):
    rng = np.random.default_rng(0)
    a = rng.uniform(-1, 1, (size, size)) / size + 2 * np.eye(size)
    b, spd = rng.uniform(-1, 1, (size, 2)), a @ a.T

    def f(a, b, spd):
        x = xg.linalg.solve_triangular(a, b, lower=True) + xg.linalg.solve_triangular(a, b)
        return xg.sum(x * x) + xg.sum(xg.linalg.cholesky(spd) ** 2 * np.cos(np.arange(size)))

    blocked = xg.grad(f, (0, 1, 2))(a, b, spd)
    monkeypatch.setattr(thresholds, "TRIANGULAR_BLOCK", 1000)
    monkeypatch.setattr(thresholds, "CHOLESKY_BLOCK", 1000)
    for found, expected in zip(blocked, xg.grad(f, (0, 1, 2))(a, b, spd), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.numpy_only
@pytest.mark.parametrize(
    "make",
    [
        lambda p: xg.optim.SGD(p, lr=0.1),
        lambda p: xg.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1, nesterov=True),
        lambda p: xg.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
        lambda p: xg.optim.Adam(p, lr=0.1, weight_decay=0.1),
        lambda p: xg.optim.AdamW(p, lr=0.1, weight_decay=0.1),
        lambda p: xg.optim.RMSprop(p, lr=0.1),
    ],
)
def test_optimizers_in_blocks(make, monkeypatch):
    def trained(size, block):
        monkeypatch.setattr(thresholds, "OPTIMIZER_BLOCK", block)
        w = xg.tensor(np.linspace(-1, 1, size), requires_grad=True)
        optimizer = make([w])
        for k in range(3):
            optimizer.zero_grad()
            xg.sum(xg.sin(w * (k + 1))).backward()
            optimizer.step()
        return host(w)

    usual = thresholds.OPTIMIZER_BLOCK
    for size, block in ((7, 2), (8, 4), (usual + 1, usual), (usual, usual)):
        np.testing.assert_allclose(trained(size, block), trained(size, 10 * usual), rtol=1e-13)
