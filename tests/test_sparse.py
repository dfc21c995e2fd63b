"""Sparse matrices: products, systems, and their derivatives."""

import numpy as np
import pytest
import scipy.sparse

import xgrad as xg

pytestmark = pytest.mark.numpy_only

rng = np.random.default_rng(3)
MODES = [("fwd",), ("rev",), ("fwd", "rev")]


def draw(kind, *shape):
    values = rng.normal(size=shape)
    return values + 1j * rng.normal(size=shape) if kind == "complex" else values


@pytest.fixture(params=["real", "complex"])
def kind(request):
    return request.param


@pytest.fixture(params=["csr_array", "csc_array", "coo_array", "lil_array", "csr_matrix"])
def matrix(request, kind):
    dense = draw(kind, 5, 5) * (rng.uniform(size=(5, 5)) < 0.5) + 5 * np.eye(5)
    return getattr(scipy.sparse, request.param)(dense)


def check(f, *args):
    for modes in MODES:
        xg.testing.check_grads(f, args, order=2, modes=modes)


def test_products(matrix, kind):
    x, v = draw(kind, 5, 2), draw(kind, 5)
    dense = matrix.toarray()
    np.testing.assert_allclose(xg.matmul(matrix, x).numpy(), dense @ x)
    np.testing.assert_allclose(xg.sparse.matmul(matrix, v).numpy(), dense @ v)
    np.testing.assert_allclose((xg.asarray(x.T) @ matrix).numpy(), x.T @ dense)
    check(lambda x: xg.matmul(matrix, x), x)
    check(lambda x: xg.asarray(x) @ matrix, x.T)
    check(lambda v: xg.asarray(v) @ matrix, v)
    batch = xg.vmap(lambda v: xg.matmul(matrix, v))(draw(kind, 3, 5))
    assert batch.shape == (3, 5)


def test_products_with_values(matrix, kind):
    values = matrix.tocoo().data
    check(lambda v, x: xg.sparse.matmul(matrix, x, values=v), values, draw(kind, 5, 2))


def test_systems(matrix, kind):
    dense, values = matrix.toarray(), matrix.tocoo().data
    for b in (draw(kind, 5), draw(kind, 5, 2)):
        np.testing.assert_allclose(
            xg.sparse.solve(matrix, b).numpy(), np.linalg.solve(dense, b), rtol=1e-10
        )
        check(lambda v, b: xg.sparse.solve(matrix, b, values=v), values, b)


def test_systems_in_a_batch(matrix, kind):
    dense, values = matrix.toarray(), matrix.tocoo().data
    many, rights = np.stack([values, 2 * values]), draw(kind, 2, 5)
    found = xg.vmap(lambda v, b: xg.sparse.solve(matrix, b, values=v))(many, rights)
    for k in range(2):
        expected = np.linalg.solve((k + 1) * dense, rights[k])
        np.testing.assert_allclose(np.asarray(found)[k], expected, rtol=1e-10)
    found = xg.vmap(lambda b: xg.sparse.solve(matrix, b))(rights)
    np.testing.assert_allclose(np.asarray(found), np.linalg.solve(dense, rights.T).T, rtol=1e-10)


def test_values_that_change_in_place_are_factored_again():
    matrix = scipy.sparse.csr_array(np.diag([1.0, 2.0]))
    values = matrix.data.copy()
    assert xg.sparse.solve(matrix, np.ones(2), values=values).tolist() == [1.0, 0.5]
    values *= 2
    assert xg.sparse.solve(matrix, np.ones(2), values=values).tolist() == [0.5, 0.25]


def test_errors():
    matrix = scipy.sparse.csr_array(np.eye(3))
    needs = xg.tensor(np.ones(3), requires_grad=True)
    with pytest.raises(xg.AutogradError, match=r"use xgrad\.matmul"):
        matrix @ needs
    with pytest.raises(ValueError, match=r"sparse.matmul: expected x of shape \(3,\)"):
        xg.matmul(matrix, np.ones(4))
    with pytest.raises(ValueError, match="matmul: inner dimensions differ"):
        xg.ones((2, 4)) @ matrix
    with pytest.raises(ValueError, match=r"sparse.solve: expected values of shape \(3,\)"):
        xg.sparse.solve(matrix, np.ones(3), values=np.ones(2))
    with pytest.raises(ValueError, match="expected a square matrix"):
        xg.sparse.solve(scipy.sparse.csr_array(np.ones((2, 3))), np.ones(2))


def test_other_libraries():
    strict = pytest.importorskip("array_api_strict")
    matrix = scipy.sparse.csr_array(np.eye(3))
    with pytest.raises(xg.BackendError, match="convert the array first"):
        xg.matmul(matrix, strict.ones(3))
    with pytest.raises(xg.BackendError, match="no sparse solver"):
        xg.sparse.solve(matrix, strict.ones(3), values=strict.ones(3))
