"""NumPy's functions and arrays together with Tensors."""

import warnings

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad.interop.numpy.protocols import FUNCTIONS, SPECIAL, UFUNCS

pytestmark = pytest.mark.skipif(NAME != "numpy", reason="NumPy's protocols with NumPy arrays")

X = np.asarray([[0.5, 1.5, 2.0], [0.1, 0.7, 1.1]])


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda u: u.__name__)
def test_ufuncs(ufunc):
    name = ufunc.__name__
    x = X > 1 if name.startswith("logical") else X
    if name.startswith("bitwise") or name in ("invert", "left_shift", "right_shift", "gcd", "lcm"):
        x = np.asarray([[1, 2, 6], [3, 0, 5]])
    elif name in ("arcsin", "arccos", "arctanh"):
        x = X / 3
    elif name == "arccosh":
        x = X + 1
    other = x.T if ufunc in (np.matmul, np.vecmat) else x[::-1]
    args = (x,) if ufunc.nin == 1 else (x, np.ceil(other).astype(int) if name == "ldexp" else other)
    out = ufunc(xg.asarray(args[0]), *args[1:])
    if ufunc.nout > 1:
        assert all(isinstance(part, xg.Tensor) for part in out)
        out = np.stack([host(part) for part in out])
    else:
        assert isinstance(out, xg.Tensor)
    np.testing.assert_allclose(host(out), ufunc(*args))
    if ufunc.nin == 2 and ufunc.nout == 1 and name != "ldexp":
        np.testing.assert_allclose(host(ufunc(args[0], xg.asarray(args[1]))), ufunc(*args))


CALLS = {
    np.sum: {"axis": 0}, np.prod: {}, np.mean: {"axis": 1, "keepdims": True}, np.var: {"ddof": 1},
    np.std: {"axis": 0}, np.max: {"axis": 1}, np.min: {}, np.argmax: {"axis": 0}, np.argmin: {},
    np.any: {}, np.all: {"axis": 1}, np.real: {}, np.imag: {}, np.transpose: {},
    np.matrix_transpose: {}, np.squeeze: {}, np.flip: {"axis": 0}, np.zeros_like: {},
    np.ones_like: {}, np.shape: {}, np.ndim: {}, np.size: {}, np.cumsum: {}, np.cumprod: {"axis": 1},
    np.cumulative_sum: {"axis": 0}, np.cumulative_prod: {"axis": 1}, np.diff: {"n": 2, "axis": 1},
    np.sort: {}, np.argsort: {"axis": 0}, np.nonzero: {}, np.count_nonzero: {"axis": 0},
    np.unique: {"return_counts": True, "return_index": True}, np.unique_all: {},
    np.median: {"axis": 0}, np.nan_to_num: {}, np.nansum: {"axis": 1}, np.nanprod: {},
    np.nanmean: {"axis": 0}, np.nanmax: {}, np.nanmin: {"axis": 1}, np.nanvar: {"ddof": 1},
    np.nanstd: {}, np.diagonal: {"offset": 1}, np.trace: {}, np.linalg.matrix_norm: {},
    np.linalg.diagonal: {}, np.linalg.matrix_rank: {}, np.linalg.norm: {"ord": 1},
    np.linalg.pinv: {}, np.linalg.svdvals: {}, np.linalg.trace: {"offset": 1},
    np.linalg.vector_norm: {"axis": 1}, np.fft.fft: {"n": 4}, np.fft.ifft: {"axis": 0},
    np.fft.rfft: {"norm": "ortho"}, np.fft.irfft: {}, np.fft.hfft: {}, np.fft.ihfft: {},
    np.nanmedian: {}, np.fft.fft2: {}, np.fft.ifft2: {}, np.fft.rfft2: {}, np.fft.irfft2: {},
    np.fft.fftn: {}, np.fft.ifftn: {"axes": (0,)}, np.fft.rfftn: {}, np.fft.irfftn: {},
    np.fft.fftshift: {}, np.fft.ifftshift: {"axes": 1},
    np.unique_counts: {}, np.unique_inverse: {}, np.unique_values: {}, np.tril: {"k": 1},
    np.triu: {}, np.unstack: {"axis": 1}, np.ravel: {}, np.copy: {},
}  # fmt: skip
POSITIONAL = {
    np.astype: ("float32",), np.clip: (0.2, 1.2), np.reshape: ((3, 2),), np.moveaxis: (0, 1), np.expand_dims: (1,),
    np.broadcast_to: ((2, 2, 3),), np.full_like: (3.0,), np.permute_dims: ((1, 0),),
    np.tensordot: (X.T,), np.dot: (X.T,), np.round: (1,), np.isin: (X[0],), np.take: ([2, 0], 1),
    np.take_along_axis: (np.asarray([[1], [2]]), 1), np.outer: (X,), np.roll: (2, 1),
    np.repeat: (2,), np.tile: ((2, 1),), np.linspace: (X + 1, 4), np.swapaxes: (0, 1),
    np.broadcast_arrays: (X[0],), np.isclose: (X + 1e-9,), np.array_equal: (X,), np.allclose: (X + 1,), np.kron: (X,), np.pad: (1,), np.quantile: ([0.2, 0.7], 1),
    np.percentile: (30,), np.nanquantile: (0.4, 0), np.nanpercentile: ([20, 50],),
    np.interp: (X[0], X[1]), np.cross: (X[::-1],), np.linalg.cross: (X[::-1],),
    np.linalg.matrix_transpose: (), np.linalg.matmul: (X.T,), np.linalg.tensordot: (X.T, 1), np.linalg.vecdot: (X[::-1],),
}  # fmt: skip
#: Functions that do not return an array.
PLAIN = (np.shape, np.ndim, np.size, np.allclose, np.array_equal)
#: Functions of square matrices.
SQUARE = X @ X.T + np.eye(2)
OF_SQUARE = {
    np.linalg.cholesky: (), np.linalg.det: (), np.linalg.eigvalsh: (), np.linalg.inv: (),
    np.linalg.matrix_power: (3,), np.linalg.slogdet: (), np.linalg.solve: (X,),
    np.linalg.eigh: (), np.linalg.qr: (), np.linalg.svd: (), np.linalg.eig: (),
    np.linalg.eigvals: (), np.linalg.cond: (), np.linalg.lstsq: (X[:, 0],),
}  # fmt: skip


#: Functions with NumPy's signatures have tests of their own.
OTHERS = [f for f, op in FUNCTIONS.items() if not op.__module__.startswith("xgrad.ops.numpy.")]


@pytest.mark.parametrize("function", OTHERS, ids=lambda f: f.__name__)
def test_functions(function):
    w = xg.asarray(X)
    if function is np.where:
        out, expected = np.where(w > 1, w, 0.0), np.where(X > 1, X, 0.0)
    elif function in (np.concatenate, np.stack):
        out, expected = function([w, X], axis=1), function([X, X], axis=1)
    elif function is np.searchsorted:
        out, expected = np.searchsorted(xg.asarray(X[0]), X), np.searchsorted(X[0], X)
    elif function is np.meshgrid:
        out, expected = np.meshgrid(w[0], X[1]), np.meshgrid(X[0], X[1])
    elif function is np.einsum:
        out, expected = np.einsum("ij,kj->ik", w, X), np.einsum("ij,kj->ik", X, X)
    elif function is np.linalg.multi_dot:
        out, expected = function([w, X.T, X]), function([X, X.T, X])
    elif function is np.linalg.outer:
        out, expected = function(w[0], X[1]), function(X[0], X[1])
    elif function is np.linalg.tensordot:
        out, expected = function(w, X.T, axes=1), function(X, X.T, axes=1)
    elif function in OF_SQUARE:
        args = OF_SQUARE[function]
        out, expected = function(xg.asarray(SQUARE), *args), function(SQUARE, *args)
    elif function is np.tensordot:
        out, expected = np.tensordot(w, X.T, axes=1), np.tensordot(X, X.T, axes=1)
    else:
        args, keywords = POSITIONAL.get(function, ()), CALLS.get(function, {})  # none: function(x)
        out, expected = function(w, *args, **keywords), function(X, *args, **keywords)
    if isinstance(out, tuple) and function is not np.shape:
        for found, want in zip(out, expected, strict=True):
            assert isinstance(found, xg.Tensor)
            np.testing.assert_allclose(host(found), want)
        return
    assert isinstance(out, xg.Tensor) or function in PLAIN
    np.testing.assert_allclose(host(out) if isinstance(out, xg.Tensor) else out, expected)


def test_transforms_of_integers():
    w = np.asarray([[1, 2, 4], [0, 3, 1]])
    np.testing.assert_allclose(host(np.fft.fft(xg.asarray(w))), np.fft.fft(w))
    np.testing.assert_allclose(host(np.fft.rfft2(xg.asarray(w))), np.fft.rfft2(w))


def test_norms_as_numpy_has_them():
    w = xg.asarray(X)
    for args in ((), (None, 0), (2, 1), (np.inf, 1), ("nuc",), (1, (1, 0)), (None, (0, 1), True)):
        np.testing.assert_allclose(host(np.linalg.norm(w, *args)), np.linalg.norm(X, *args))
    np.testing.assert_allclose(host(np.linalg.norm(w[0])), np.linalg.norm(X[0]))
    np.testing.assert_allclose(host(np.linalg.norm(w, axis=-2)), np.linalg.norm(X, axis=-2))
    with pytest.raises(ValueError, match="expected 1 or 2 axes"):
        np.linalg.norm(xg.ones((2, 2, 2)), 1)
    np.testing.assert_allclose(host(np.linalg.svd(w, compute_uv=False)), np.linalg.svdvals(X))
    np.testing.assert_allclose(host(np.linalg.qr(w, mode="r")), np.linalg.qr(X, mode="r"))


@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_ufuncs_of_scipy_special(name):
    import scipy.special

    ufunc = getattr(scipy.special, name, None) or getattr(np, name)
    if not isinstance(ufunc, np.ufunc):
        pytest.skip("a Python function in SciPy")
    args = [np.asarray([1.0])] * (ufunc.nin - 1) + [np.asarray([0.4])]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = ufunc(*args)
    out = ufunc(*args[:-1], xg.asarray(args[-1]))
    assert isinstance(out, xg.Tensor)
    np.testing.assert_allclose(host(out), expected)


def test_dot_in_all_its_forms():
    v = xg.asarray(X[0])
    np.testing.assert_allclose(host(np.dot(v, X[1])), X[0] @ X[1])
    np.testing.assert_allclose(host(np.dot(xg.asarray(X), X[1])), X @ X[1])
    np.testing.assert_allclose(host(np.dot(np.asarray(2.0), v)), 2 * X[0])
    np.testing.assert_allclose(host(np.dot(v, [1.0, 2.0, 3.0])), X[0] @ [1.0, 2.0, 3.0])


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


def test_an_ndarray_is_refused_as_out():
    w = xg.tensor(X, requires_grad=True)
    with pytest.raises(TypeError, match="np.sin: out must be a Tensor, got ndarray"):
        np.sin(w, out=np.zeros_like(X))


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("right", [(3,), (3, 2)])
def test_lstsq_returns_what_numpy_returns(columns, right):
    """Empty residuals if the solution is not unique; residuals have one axis."""
    a, b = np.cos(np.arange(3 * columns)).reshape(3, columns), np.sin(np.arange(np.prod(right)))
    for rcond in (None, -1, 1e-3):
        found = np.linalg.lstsq(xg.asarray(a), b.reshape(right), rcond=rcond)
        for x, y in zip(found, np.linalg.lstsq(a, b.reshape(right), rcond=rcond), strict=True):
            assert x.shape == np.shape(y)
            np.testing.assert_allclose(host(x), y, atol=1e-12)


def test_numpys_comparisons_with_tolerances():
    x = xg.asarray(np.asarray([1.0, np.nan, np.inf, -np.inf]))
    y = np.asarray([1.0 + 1e-9, np.nan, np.inf, np.inf])
    for args, keywords in (((), {}), ((), {"equal_nan": True}), ((1e-12, 0.0), {})):
        expected = np.isclose(host(x), y, *args, **keywords)
        np.testing.assert_array_equal(host(np.isclose(x, y, *args, **keywords)), expected)
        assert np.allclose(x, y, *args, **keywords) is bool(expected.all())
    assert np.array_equal(x[:1], np.ones(1))
    assert not np.array_equal(x, np.ones(1))
    w = xg.tensor(np.ones(2), requires_grad=True)
    assert np.allclose(w, w)


def test_arguments_in_numpys_order_and_by_numpys_names():
    x = xg.asarray(raw(np.array([[3.0, 1.0], [2.0, 4.0]])))
    np.testing.assert_array_equal(host(np.clip(x, a_max=3.0, a_min=2.0)), [[3, 2], [2, 3]])
    np.testing.assert_array_equal(host(np.sum(x, 0, None)), [5, 5])
    np.testing.assert_array_equal(host(np.sum(x, axis=-1, keepdims=True)), [[4], [6]])
    np.testing.assert_array_equal(host(np.searchsorted(v=x[0], a=x[1])), [1, 0])
    with pytest.raises(TypeError, match="out"):
        np.sum(x, 0, None, np.zeros(2))
