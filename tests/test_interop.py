"""NumPy's functions and arrays beside Tensors."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host
from xgrad.interop.numpy_protocols import FUNCTIONS, UFUNCS

pytestmark = pytest.mark.skipif(NAME != "numpy", reason="NumPy's protocols with NumPy arrays")

X = np.asarray([[0.5, 1.5, 2.0], [0.1, 0.7, 1.1]])


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda u: u.__name__)
def test_ufuncs(ufunc):
    logical = ufunc.__name__.startswith("logical")
    x = X > 1 if logical else X
    args = (x,) if ufunc.nin == 1 else (x, x.T if ufunc is np.matmul else x[::-1])
    out = ufunc(xg.asarray(args[0]), *args[1:])
    assert isinstance(out, xg.Tensor)
    np.testing.assert_allclose(host(out), ufunc(*args))
    if ufunc.nin == 2:
        np.testing.assert_allclose(host(ufunc(args[0], xg.asarray(args[1]))), ufunc(*args))


CALLS = {
    np.sum: {"axis": 0}, np.prod: {}, np.mean: {"axis": 1, "keepdims": True}, np.var: {"ddof": 1},
    np.std: {"axis": 0}, np.max: {"axis": 1}, np.min: {}, np.argmax: {"axis": 0}, np.argmin: {},
    np.any: {}, np.all: {"axis": 1}, np.real: {}, np.imag: {}, np.transpose: {},
    np.matrix_transpose: {}, np.squeeze: {}, np.flip: {"axis": 0}, np.zeros_like: {},
    np.ones_like: {}, np.shape: {}, np.ndim: {}, np.size: {},
}  # fmt: skip
POSITIONAL = {
    np.clip: (0.2, 1.2), np.reshape: ((3, 2),), np.moveaxis: (0, 1), np.expand_dims: (1,),
    np.broadcast_to: ((2, 2, 3),), np.full_like: (3.0,), np.permute_dims: ((1, 0),),
    np.tensordot: (X.T,), np.dot: (X.T,),
}  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_functions(function):
    w = xg.asarray(X)
    if function is np.where:
        out, expected = np.where(w > 1, w, 0.0), np.where(X > 1, X, 0.0)
    elif function in (np.concatenate, np.stack):
        out, expected = function([w, X], axis=1), function([X, X], axis=1)
    elif function is np.tensordot:
        out, expected = np.tensordot(w, X.T, axes=1), np.tensordot(X, X.T, axes=1)
    else:
        args, keywords = POSITIONAL.get(function, ()), CALLS.get(function, {})
        assert function in POSITIONAL or function in CALLS
        out, expected = function(w, *args, **keywords), function(X, *args, **keywords)
    assert isinstance(out, xg.Tensor) or function in (np.shape, np.ndim, np.size)
    np.testing.assert_allclose(host(out) if isinstance(out, xg.Tensor) else out, expected)


def test_dot_in_all_its_forms():
    v = xg.asarray(X[0])
    np.testing.assert_allclose(host(np.dot(v, X[1])), X[0] @ X[1])
    np.testing.assert_allclose(host(np.dot(xg.asarray(X), X[1])), X @ X[1])
    np.testing.assert_allclose(host(np.dot(np.asarray(2.0), v)), 2 * X[0])


def test_numpy_code_is_differentiable():
    def energy(x):
        return np.sum(np.sin(x) * x**2 + np.where(x > 1, np.exp(-x), 0.0)) / np.mean(x)

    xg.testing.check_grads(energy, (X,))
    w = xg.tensor(X, requires_grad=True)
    energy(w).backward()
    np.testing.assert_allclose(host(w.grad), xg.grad(energy)(X))


def test_arrays_on_the_left():
    w = xg.tensor(X, requires_grad=True)
    for out in (X * w, X + w, X - w, X / w, X**w, X @ w.T, np.float64(2) * w):
        assert isinstance(out, xg.Tensor)
        assert out.requires_grad
    assert isinstance(w > X, xg.Tensor)
    assert isinstance(w <= X, xg.Tensor)


def test_what_has_no_rule_raises():
    w = xg.tensor(X, requires_grad=True)
    for call, name in {
        lambda: np.arctan2(w, w): "np.arctan2",
        lambda: np.add.reduce(w): "np.add.reduce",
        lambda: np.linalg.inv(w): "np.inv",
        lambda: np.sort(w): "np.sort",
    }.items():
        with pytest.raises(TypeError, match=f"{name}: xgrad has no differentiable form"):
            call()
    with pytest.raises(TypeError, match=r"np.sin: out cannot be given with a Tensor"):
        np.sin(w, out=np.zeros_like(X))
