"""Kinks, ties, singular points, empty and 0-d arrays: the conventions, one by one."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw


def gradient(f, *values):
    return host(xg.grad(lambda *a: xg.sum(f(*a)))(*(raw(np.asarray(v, float)) for v in values)))


def second(f, value):
    return host(xg.grad(xg.grad(f))(raw(np.asarray(value, float))))


def tangent(f, value):
    x = raw(np.asarray(value, float))
    return host(xg.jvp(f, (x,), (raw(np.ones_like(value, dtype=float)),))[1])


def test_ties_share_evenly():
    np.testing.assert_allclose(gradient(xg.max, [1.0, 3.0, 3.0]), [0, 0.5, 0.5])
    np.testing.assert_allclose(gradient(xg.min, [1.0, 1.0, 3.0]), [0.5, 0.5, 0])
    np.testing.assert_allclose(gradient(xg.maximum, [2.0, 1.0], [2.0, 3.0]), [0.5, 0])
    np.testing.assert_allclose(gradient(xg.minimum, [2.0, 1.0], [2.0, 3.0]), [0.5, 1])


def test_kinks():
    np.testing.assert_allclose(gradient(xg.abs, [-1.0, 0.0, 2.0]), [-1, 0, 1])
    np.testing.assert_allclose(gradient(xg.nn.functional.relu, [-1.0, 0.0, 2.0]), [0, 0, 1])
    pooled = gradient(lambda x: xg.nn.functional.max_pool1d(x, 3), [[1.0, 1.0, 0.0]])
    np.testing.assert_allclose(pooled, [[0.5, 0.5, 0]])
    np.testing.assert_allclose(gradient(xg.sign, [-1.0, 0.0, 2.0]), [0, 0, 0])
    np.testing.assert_allclose(gradient(lambda x: xg.clip(x, -1, 1), [-1.0, 1.0, 2.0]), [1, 1, 0])
    low, high = raw(np.full(3, -1.0)), raw(np.full(3, 1.0))
    np.testing.assert_allclose(
        gradient(lambda x: xg.clip(x, low, high), [-1.0, 1.0, 2.0]), [1, 1, 0]
    )


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize(
    "f",
    [
        xg.sqrt,
        xg.log,
        xg.reciprocal,
        lambda x: x**0.5,
        lambda x: x**-1.5,
        lambda x: 1 / x,
        lambda x: xg.log1p(x - 1),
        lambda x: xg.pow(x, xg.full_like(x, 0.5)),
    ],
)
def test_a_masked_infinity_does_not_become_nan(f):
    def masked(x):
        return xg.where(x > 0, f(x), 0.0)

    found = gradient(masked, [0.0, 4.0])
    assert found[0] == 0
    np.testing.assert_allclose(found[1], host(xg.grad(lambda x: f(x))(4.0)))
    np.testing.assert_allclose(tangent(masked, [0.0, 4.0]), found)
    assert second(masked, 0.0) == 0
    np.testing.assert_allclose(second(masked, 4.0), second(f, 4.0))


def test_a_masked_cotangent_does_not_swallow_curvature():
    np.testing.assert_allclose(second(lambda x: (xg.sqrt(x) - 2) ** 2, 4.0), 0.125)
    np.testing.assert_allclose(second(lambda x: (xg.sqrt(x) - 1) ** 2, 1.0), 0.5)


def test_a_true_infinity_is_kept():
    with np.errstate(all="ignore"):
        assert gradient(xg.sqrt, [0.0]) == np.inf


def test_powers_at_zero():
    np.testing.assert_allclose(gradient(lambda x: x**2, [0.0]), 0)
    np.testing.assert_allclose(gradient(lambda x: x**1, [0.0]), 1)
    np.testing.assert_allclose(gradient(lambda x: x**0, [0.0]), 0)
    np.testing.assert_allclose(gradient(xg.pow, [0.0, 0.0, -2.0], [0.0, 2.0, 3.0]), [0, 0, 12])
    by_y = xg.grad(lambda y: xg.sum(xg.pow(raw(np.asarray([0.0, 2.0])), y)))
    np.testing.assert_allclose(host(by_y(raw(np.asarray([2.0, 3.0])))), [0, 8 * np.log(2)])


def test_logaddexp_at_minus_infinity():
    x = np.asarray([-np.inf, -np.inf, 0.0])
    y = np.asarray([0.0, -np.inf, -np.inf])
    np.testing.assert_allclose(gradient(xg.logaddexp, x, y), [0, 0, 1])


def test_sigmoid_and_logsoftmax_of_large_arguments():
    far = np.asarray([-1000.0, -40.0, 0.0, 40.0, 1000.0])
    np.testing.assert_allclose(
        host(xg.sigmoid(raw(far))), [0, 4.248354255291589e-18, 0.5, 1, 1], rtol=1e-12
    )
    assert np.isfinite(gradient(xg.sigmoid, far)).all()
    scores = xg.nn.functional.log_softmax(raw(far), dim=0)
    np.testing.assert_allclose(host(scores)[-1], 0)
    assert np.isfinite(host(scores)).all()


def test_std_and_var_of_constant_rows():
    rows = np.asarray([[2.0, 2.0, 2.0], [1.0, 2.0, 3.0]])
    for f in (lambda x: xg.std(x, axis=1), lambda x: xg.var(x, axis=1)):
        assert np.isfinite(gradient(f, rows)).all()
        np.testing.assert_allclose(gradient(f, rows)[0], 0)
    np.testing.assert_allclose(tangent(lambda x: xg.std(x, axis=1), rows)[0], 0)


def test_empty_and_0d():
    empty = raw(np.zeros((0, 3)))
    np.testing.assert_array_equal(host(xg.grad(lambda x: xg.sum(x * x))(empty)), np.zeros((0, 3)))
    w = xg.tensor(raw(np.zeros((2, 0))), requires_grad=True)
    xg.sum(xg.matmul(w, xg.ones((0, 3)))).backward()
    assert w.grad.shape == (2, 0)
    scalar = xg.tensor(raw(np.asarray(2.0)), requires_grad=True)
    for f in (xg.sum, xg.mean, xg.prod, xg.max, lambda x: xg.reshape(x, (1,))[0], lambda x: x[()]):
        scalar.grad = None
        (f(scalar) * f(scalar)).backward()
        np.testing.assert_allclose(host(scalar.grad), 4)
        assert scalar.grad.shape == ()


def test_python_scalars_do_not_widen():
    x = raw(np.ones(2, np.float32))
    w = xg.tensor(x, requires_grad=True)
    y = (2 * w + 1.5 - w / 3) ** 2 * 0.5 + xg.maximum(w, 0.0) + xg.where(w > 0, w, 0.0)
    y = y + xg.clip(w, 0, 1) - 1 / w + 2.0**w
    assert y.dtype == xg.float32
    xg.sum(y).backward()
    assert w.grad.dtype == xg.float32
    assert (xg.asarray(raw(np.asarray([1, 2]))) * 2).dtype == xg.int64
    assert (xg.asarray(raw(np.asarray([1, 2]))) * 2.5).dtype == xg.float64
    assert (w * 1j).dtype == xg.complex64
    assert xg.asarray(2.5).dtype == xg.float64


def test_numpy_scalars_are_accepted():
    w = xg.tensor(raw(np.asarray([1.0, 2.0])), requires_grad=True)
    y = np.float64(2.0) * w + np.float64(1.0) - w / np.int64(2)
    assert isinstance(y, xg.Tensor)
    xg.sum(y).backward()
    np.testing.assert_allclose(host(w.grad), [1.5, 1.5])


@pytest.mark.skipif(NAME == "array_api_strict", reason="array_api_strict has no float16")
def test_float16_is_kept():
    w = xg.tensor(raw(np.asarray([1.0, 2.0], np.float16)), requires_grad=True)
    y = xg.sum(xg.tanh(w) * 2 + xg.square(w))
    assert y.dtype == xg.float16
    y.backward()
    assert w.grad.dtype == xg.float16


def test_mixed_precision_results_keep_each_dtype():
    a = xg.tensor(raw(np.ones(2, np.float32)), requires_grad=True)
    b = xg.tensor(raw(np.ones(2)), requires_grad=True)
    xg.sum(a * b).backward()
    assert a.grad.dtype == xg.float32
    assert b.grad.dtype == xg.float64


def test_tangents_take_the_dtype_of_the_value():
    a, b = raw(np.ones(2, np.float32)), raw(np.full(2, 3.0))
    value, tangent = xg.jvp(lambda x, y: x * y, (a, b), (a, b))
    assert host(value).dtype == host(tangent).dtype == np.float64
    _, tangent = xg.jvp(lambda x: xg.asarray(b) + x, (a,), (a,))
    assert host(tangent).dtype == np.float64
    np.testing.assert_allclose(host(tangent), 1)
    z = raw(np.asarray([1 + 1j, 2 - 1j]))
    _, tangent = xg.jvp(lambda x: x * z, (b,), (b,))
    assert host(tangent).dtype == np.complex128


BAD_CALLS = {
    "matmul: inner dimensions differ: x1 (3, 4) @ x2 (5, 2)": lambda: xg.matmul(
        xg.ones((3, 4)), xg.ones((5, 2))
    ),
    "matmul: expected an array or a Tensor, got list": lambda: xg.matmul([1.0], [2.0]),
    "matmul: expected at least 1 dimension": lambda: xg.matmul(xg.ones(()), xg.ones(2)),
    "reshape: cannot arrange shape (2, 3) as (4,)": lambda: xg.reshape(xg.ones((2, 3)), (4,)),
    "reshape: expected an array or a Tensor, got list": lambda: xg.reshape([1], (1,)),
    "squeeze: axis 0 of shape (2, 1) does not have length 1": lambda: xg.squeeze(
        xg.ones((2, 1)), 0
    ),
    "permute_dims: (0, 0) is not a permutation of 2 axes": lambda: xg.permute_dims(
        xg.ones((2, 3)), (0, 0)
    ),
    "expand_dims: axis 4 is out of bounds": lambda: xg.expand_dims(xg.ones(2), axis=4),
    "matrix_transpose: expected at least 2 dimensions, got 1": lambda: xg.matrix_transpose(
        xg.ones(2)
    ),
    "broadcast_to: shape (2,) does not broadcast to (3,)": lambda: xg.broadcast_to(
        xg.ones(2), (3,)
    ),
    "concat: shapes differ outside axis 0": lambda: xg.concat([xg.ones((1, 2)), xg.ones((1, 3))]),
    "concat: expected an array or a Tensor, got float": lambda: xg.concat([xg.ones(2), 1.0]),
    "concat: expected at least one array": lambda: xg.concat([]),
    "stack: shapes differ": lambda: xg.stack([xg.ones(2), xg.ones(3)]),
    "stack: expected at least one array": lambda: xg.stack([]),
    "tensordot: cannot sum over 3 axes": lambda: xg.tensordot(xg.ones(2), xg.ones(2), axes=3),
    "tensordot: lengths differ": lambda: xg.tensordot(xg.ones((2, 3)), xg.ones((2, 3)), axes=1),
    "take: axis is needed": lambda: xg.take(xg.ones((2, 2)), [0]),
    "xgrad.special.betainc(a, b, x): argument 'a' is missing": lambda: xg.special.betainc(),
    "xgrad.special.bdtr(k, n, p): argument 'n' is missing": lambda: xg.special.bdtr(xg.ones(2)),
    "take: expected an array of integer indices, got float64": lambda: xg.take(
        xg.ones(2), xg.ones(1)
    ),
    "take: expected an array of integer indices, got int": lambda: xg.take(xg.ones(2), 1),
    "expected a dtype, such as 'float32', got 'flot32'": lambda: xg.zeros(2, dtype="flot32"),
    "data: expected an array, got int": lambda: setattr(xg.ones(2), "data", 1),
    "format: '.2f' is for one number, got an array of shape (2,)": lambda: f"{xg.ones(2):.2f}",
    "sort: expected an array or a Tensor, got list": lambda: xg.sort([2.0, 1.0]),
    "argsort: axis 2 is out of bounds for 1 dimensions": lambda: xg.argsort(xg.ones(2), axis=2),
    "cumulative_sum: axis is needed for an array of 2": lambda: xg.cumulative_sum(xg.ones((2, 2))),
    "cumulative_prod: expected at least 1 dimension": lambda: xg.cumulative_prod(xg.ones(())),
    "diff: n must not be negative, got -1": lambda: xg.diff(xg.ones(2), n=-1),
    "searchsorted: side must be 'left' or 'right'": lambda: xg.searchsorted(
        xg.ones(2), xg.ones(2), side="up"
    ),
    "searchsorted: x1 must have 1 dimension": lambda: xg.searchsorted(xg.ones((2, 2)), xg.ones(1)),
    "nonzero: expected at least 1 dimension": lambda: xg.nonzero(xg.ones(())),
    "unique_values: inside vmap()": lambda: xg.vmap(xg.unique_values)(raw(np.ones((2, 2)))),
    "nonzero: inside vmap()": lambda: xg.vmap(lambda x: xg.nonzero(x)[0])(raw(np.ones((2, 2)))),
    "searchsorted: inside vmap()": lambda: xg.vmap(xg.searchsorted)(
        raw(np.ones((2, 2))), raw(np.ones((2, 2)))
    ),
    "index: a boolean mask inside vmap()": lambda: xg.vmap(lambda x: x[x > 0])(
        raw(np.ones((2, 2)))
    ),
    "roll: with axis=None, shift must be one integer": lambda: xg.roll(xg.ones(2), (1, 2)),
    "roll: 2 shifts for 1 axes": lambda: xg.roll(xg.ones(2), (1, 2), axis=0),
    "repeat: repeats must not be negative": lambda: xg.repeat(xg.ones(2), -1),
    "repeat: expected integer repeats, got float64": lambda: xg.repeat(xg.ones(2), xg.ones(2)),
    "repeat: repeats of shape (3,) for length 2": lambda: xg.repeat(xg.ones(2), [1, 2, 3]),
    "tril: expected at least 2 dimensions, got 1": lambda: xg.tril(xg.ones(2)),
    "meshgrid: indexing must be 'xy' or 'ij'": lambda: xg.meshgrid(xg.ones(2), indexing="yx"),
    "meshgrid: expected 1-D arrays": lambda: xg.meshgrid(xg.ones((2, 2))),
    "broadcast_arrays: shapes do not broadcast together: (2,), (3,)": lambda: xg.broadcast_arrays(
        xg.ones(2), xg.ones(3)
    ),
    "outer: expected vectors, got x1 (2, 2), x2 (2,)": lambda: xg.outer(
        xg.ones((2, 2)), xg.ones(2)
    ),
    "vecdot: lengths differ along axis -1": lambda: xg.vecdot(xg.ones(2), xg.ones(3)),
    "vecdot: with different ranks, axis must be negative": lambda: xg.vecdot(
        xg.ones(2), xg.ones((2, 2)), axis=0
    ),
    "take_along_axis: indices of shape (1,) for x (2, 2)": lambda: xg.take_along_axis(
        xg.ones((2, 2)), xg.asarray([0])
    ),
    "take_along_axis: shapes do not broadcast together": lambda: xg.take_along_axis(
        xg.ones((2, 2)), xg.asarray([[0], [0], [0]])
    ),
    "hypot: expected real numbers, got complex128": lambda: xg.hypot(xg.asarray([1j]), 1.0),
    "atan2: expected real numbers, got complex": lambda: xg.atan2(xg.ones(2), 1j),
    "floor: expected real numbers, got complex128": lambda: xg.floor(xg.asarray([1j])),
    "remainder: expected real numbers, got complex128": lambda: xg.asarray([1j]) % 2,
    "binary_cross_entropy: expected real numbers, got complex128": lambda: (
        xg.nn.functional.binary_cross_entropy(xg.asarray([0.5 + 0j]), xg.asarray([1.0]))
    ),
    "index: too many indices": lambda: xg.ones(2)[0, 0],
    "index: 5 is out of bounds for axis 0 of length 2": lambda: xg.ones(2)[5],
    "index: slices take integers or None": lambda: xg.ones(2)[0.5:],
    "index: expected integers, slices": lambda: xg.ones(2)["a"],
    "index: a Python bool is not an index": lambda: xg.ones(2)[True],
    "index: a mask of shape (3,)": lambda: xg.ones(2)[xg.asarray([True, False, True])],
    "do not broadcast together": lambda: xg.ones((4, 4))[[0, 1], [0, 1, 2]],
    "sin: expected an array, a Tensor or a number, got list": lambda: xg.sin([1.0]),
    "add: expected an array, a Tensor or a number, got str": lambda: xg.ones(2) + "a",
    "astype: complex128 to float64 would drop": lambda: xg.astype(xg.asarray([1j]), xg.float64),
    "asarray: expected an array, a Tensor, numbers": lambda: xg.asarray({"a": 1}),
    "asarray: copy=False, but numbers": lambda: xg.asarray([1.0], copy=False),
    "asarray: copy=False, but the dtype": lambda: xg.asarray(
        raw(np.ones(2)), dtype=xg.float32, copy=False
    ),
    "set_default_dtype: expected a real floating-point": lambda: xg.set_default_dtype(xg.int64),
}


@pytest.mark.parametrize("message", BAD_CALLS)
def test_errors_name_function_expectation_and_input(message):
    with pytest.raises((ValueError, TypeError, IndexError)) as caught:
        BAD_CALLS[message]()
    assert message in str(caught.value)


def test_asarray_options():
    array = raw(np.ones(2))
    assert xg.asarray(array).data is array
    assert xg.asarray(array, copy=True).data is not array or NAME == "jax"
    assert xg.asarray(array, dtype=xg.float32).dtype == xg.float32
    w = xg.tensor(array, requires_grad=True)
    assert xg.asarray(w) is w
    assert xg.asarray(w, copy=True).requires_grad
    assert xg.asarray(w, dtype=xg.float32).requires_grad
    stacked = xg.asarray([[w, w * 2], [w, w]], dtype=xg.float32)
    assert stacked.shape == (2, 2, 2)
    assert stacked.dtype == xg.float32
    xg.sum(stacked).backward()
    np.testing.assert_allclose(host(w.grad), [5, 5])
    copy = xg.tensor(w)
    assert copy.data is not w.data or NAME == "jax"
    assert not copy.requires_grad
    assert xg.asarray(np.float32(1.5)).dtype == xg.float32
    assert xg.astype(w, xg.float64, copy=False) is w


def test_search_with_scalars_and_arrays():
    edges = raw(np.asarray([0.0, 1.0, 2.0]))
    assert xg.searchsorted(edges, 0.5).item() == 1
    assert xg.isin(edges, 1.0).tolist() == [False, True, False]
    assert xg.linspace(raw(np.asarray(0.0)), 1.0, 3).tolist() == [0, 0.5, 1]


def test_set_default_dtype():
    xg.set_default_dtype(xg.float32)
    try:
        assert xg.zeros(2).dtype == xg.asarray([1.5]).dtype == xg.float32
        assert xg.nn.Linear(2, 2).weight.dtype == xg.float32
        xg.set_default_dtype(xg.float64)
        assert xg.nn.Linear(2, 2).weight.dtype == xg.float64
    finally:
        from xgrad.backends import dtypes

        dtypes._default, dtypes._parameters = dtypes.float64, dtypes.float32


def test_methods_that_users_type():
    x = xg.asarray(raw(np.arange(6.0).reshape(2, 3)))
    assert x.sum().item() == 15
    assert x.mean(axis=0).tolist() == [1.5, 2.5, 3.5]
    assert x.max().item() == 5
    assert x.sum(0).tolist() == [3, 5, 7]
    assert x.mean(1, keepdims=True).tolist() == [[1], [4]]
    assert x.argmax(-1).tolist() == [2, 2]
    assert x.var(0, correction=1).tolist() == [4.5, 4.5, 4.5]
    assert x.min(axis=1).tolist() == [0, 3]
    assert x.reshape(3, 2).shape == x.reshape((3, 2)).shape == x.T.shape == x.mT.shape == (3, 2)
    assert x.transpose().shape == x.transpose(1, 0).shape == x.transpose((1, 0)).shape == (3, 2)
    assert xg.ones((2, 1)).squeeze().shape == (2,)
    assert x.astype(xg.float32).dtype == xg.float32
    assert x.argmax().item() == 5
    assert (x > 4).any().item()
    assert x.std().item() == pytest.approx(np.arange(6.0).std())
    assert host(2 - x)[0, 0] == 2
    assert host(x @ x.T).shape == (2, 2)
    assert host(abs(-x))[1, 2] == 5
    assert host(+x)[0, 1] == 1
    assert (x == x).all().item()
    assert not (x != x).any().item()
    assert (x <= 5).all().item()
    assert (x >= 0).all().item()
    assert x.repeat(repeats=2, axis=1).shape == x.repeat(2, 1).shape == (2, 6)
    assert x.repeat(repeats=2).shape == x.repeat(2).shape == (12,)
    assert x.take(indices=xg.asarray([2]), axis=1).tolist() == [[2], [5]]
    assert x.take(xg.asarray([2]), 1).tolist() == [[2], [5]]
    assert x.dot(b=x.T).tolist() == x.dot(x.T).tolist() == (x @ x.T).tolist()
    with pytest.raises(TypeError, match=r"x\.reshape\(\*x\.shape\[:1\], -1\)"):
        x.flatten(1)
    assert len({x, x}) == 1
    assert (x == None) is False  # noqa: E711 - what users write
    assert x != "text"
    assert f"{x.sum():.2f}" == "15.00"
    assert f"{x.sum()}" == str(x.sum())
    assert x[xg.asarray(1)].tolist() == [3, 4, 5]
