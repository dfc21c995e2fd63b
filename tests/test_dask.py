"""dask: lazily, in chunks, over data that need not fit into memory."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host

pytestmark = pytest.mark.skipif(NAME != "dask", reason="tests of the dask backend")


def chunked(array, chunks):
    import dask.array

    return dask.array.from_array(array, chunks=chunks)


def residual_loss(w, b, x, y):
    error = x @ w + b - y
    return xg.mean(xg.where(xg.abs(error) < 1, error**2, 2 * xg.abs(error) - 1))


def test_a_loss_over_chunks_equals_the_whole_loss():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    w, b = rng.normal(size=3), np.asarray(0.5)
    lazy = (chunked(w, 3), chunked(b, ()), chunked(x, (7, 3)), chunked(y, 7))
    value, (dw, db) = xg.value_and_grad(residual_loss, argnums=(0, 1))(*lazy)
    with xg.use_backend("numpy"):
        expected, (dw2, db2) = xg.value_and_grad(residual_loss, argnums=(0, 1))(w, b, x, y)
    np.testing.assert_allclose(value.compute(), expected, rtol=1e-12)
    np.testing.assert_allclose(dw.compute(), dw2, rtol=1e-12)
    np.testing.assert_allclose(db.compute(), db2, rtol=1e-12)


def test_computation_is_lazy():
    import dask

    computed = []

    def load(block):
        computed.append(block.shape)
        return block

    x = chunked(np.ones((8, 2)), (2, 2)).map_blocks(load, dtype=float, meta=np.ones((0, 0)))
    w = xg.tensor(chunked(np.ones(2), 2), requires_grad=True)
    loss = xg.sum((xg.asarray(x) @ w) ** 2)
    loss.backward()
    text = repr(loss) + repr(w.grad)
    assert computed == []
    assert "lazy" in text
    with dask.config.set(scheduler="synchronous"):
        np.testing.assert_allclose(host(w.grad), [32.0, 32.0])
    assert len(computed) == 4


def test_writes_are_lazy_too():
    x = xg.tensor(chunked(np.arange(6.0).reshape(2, 3), 2), requires_grad=True)
    y = x * 2.0
    y[0] = 5.0
    y[:, 1:] *= 3.0
    xg.sum(y).backward()
    np.testing.assert_allclose(host(y), [[5, 15, 15], [6, 24, 30]])
    np.testing.assert_allclose(host(x.grad), [[0, 0, 0], [2, 6, 6]])


def test_unsupported_operations_raise_on_dask():
    x = xg.asarray(chunked(np.arange(6.0), 2))
    for call, name in {
        lambda: xg.sort(x): "sort",
        lambda: xg.prod(x): "prod",
        lambda: x[x > 2]: "nonzero",
        lambda: xg.argmax(x): "argmax",
    }.items():
        with pytest.raises(xg.BackendError, match=f"{name}: not supported on dask"):
            call()


def test_parameters_of_another_library_with_chunked_data():
    with xg.use_backend("numpy"):
        w = xg.tensor([1.0, 2.0], requires_grad=True)
    x = xg.asarray(chunked(np.ones((6, 2)), (2, 2)))
    xg.sum(x @ w.to("dask")).backward()
    assert w.grad.backend.name == "numpy"
    np.testing.assert_allclose(w.grad.numpy(), [6.0, 6.0])
