"""Random programs: broadcasting and indexing against NumPy and finite differences."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import xgrad as xg
from tests.environment import SESSION, host, raw

pytestmark = pytest.mark.skipif(
    SESSION not in ("numpy", "array_api_strict"), reason="many small shapes: numpy and strict only"
)
relaxed = settings(
    max_examples=60, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
_rng = np.random.default_rng(0)


def values(shape):
    return _rng.uniform(0.5, 1.5, shape)


@relaxed
@given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=4, max_side=3, min_side=0))
def test_broadcasting_is_undone_exactly(shapes):
    x, y, z = (values(shape) for shape in shapes.input_shapes)
    arrays = [xg.tensor(raw(a), requires_grad=True) for a in (x, y, z)]
    a, b, c = arrays
    out = a * b + c / b
    assert out.shape == shapes.result_shape
    g = values(out.shape)
    out.backward(raw(g))

    def undone(full, shape):
        full = np.broadcast_to(full, shapes.result_shape)
        lead = full.ndim - len(shape)
        axes = tuple(range(lead)) + tuple(
            lead + i for i, n in enumerate(shape) if n == 1 and full.shape[lead + i] != 1
        )
        return full.sum(axis=axes).reshape(shape)

    np.testing.assert_allclose(host(a.grad), undone(g * y, x.shape), rtol=1e-10)
    np.testing.assert_allclose(
        host(b.grad), undone(g * (x - z / y**2), y.shape), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(host(c.grad), undone(g / y, z.shape), rtol=1e-10)


@st.composite
def shapes_and_keys(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4))
    if draw(st.booleans()):
        return shape, draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    common = draw(hnp.array_shapes(min_dims=1, max_dims=2, max_side=3))
    key = []
    for n in shape[: draw(st.integers(1, len(shape)))]:
        kind = draw(st.sampled_from(["array", "slice", "int", "vector"]))
        if kind == "array":
            key.append(draw(hnp.arrays(np.int64, common, elements=st.integers(-n, n - 1))))
        elif kind == "vector":
            key.append(draw(hnp.arrays(np.int64, common[-1:], elements=st.integers(-n, n - 1))))
        elif kind == "slice":
            key.append(draw(st.slices(n)))
        else:
            key.append(draw(st.integers(-n, n - 1)))
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))), None)
    return shape, tuple(key)


@relaxed
@given(shapes_and_keys())
def test_indexing_is_numpys(case):
    shape, key = case
    x = values(shape)
    ours = (
        tuple(raw(k) if isinstance(k, np.ndarray) else k for k in key)
        if isinstance(key, tuple)
        else key
    )
    expected = x[key]
    w = xg.tensor(raw(x), requires_grad=True)
    out = w[ours]
    np.testing.assert_array_equal(host(out), expected)
    g = values(expected.shape)
    out.backward(raw(g))
    gradient = np.zeros_like(x)
    np.add.at(gradient, key, g)
    np.testing.assert_allclose(host(w.grad), gradient, rtol=1e-12)
    batch = xg.vmap(lambda a: a[ours])(raw(np.stack([x, 2 * x])))
    np.testing.assert_array_equal(host(batch), np.stack([expected, 2 * expected]))


@relaxed
@given(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3), st.data())
def test_sums_over_any_axes(shape, data):
    ndim = len(shape)
    axes = data.draw(st.lists(st.integers(0, max(ndim - 1, 0)), unique=True, max_size=ndim))
    axis = tuple(axes) if axes or not ndim else None
    keepdims = data.draw(st.booleans())
    x = values(shape)
    if not ndim:
        axis = None
    w = xg.tensor(raw(x), requires_grad=True)
    out = xg.sum(w * w, axis=axis, keepdims=keepdims)
    expected = np.sum(x * x, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(host(out), expected)
    g = values(expected.shape)
    out.backward(raw(g))
    full = (
        g
        if keepdims or (axis is None and not ndim)
        else np.expand_dims(g, axis if axis is not None else tuple(range(ndim)))
    )
    np.testing.assert_allclose(host(w.grad), 2 * x * full, rtol=1e-10)
