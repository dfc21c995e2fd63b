"""Empty and 0-d arrays, integers, unsigned integers, booleans, float16: through every op."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from tests.op_table import ROWS

#: Functions of one array that are defined for every shape.
ANY_SHAPE = sorted(
    {
        *("abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "cos", "cosh", "exp"),
        *("exp2", "expm1", "floor", "imag", "isfinite", "log", "log10", "log1p", "log2"),
        *("negative", "ones_like", "positive", "real", "reciprocal", "round", "sigmoid", "sign"),
        *("signbit", "sin", "sinh", "sqrt", "square", "sum", "tan", "tanh", "trunc", "zeros_like"),
        *("any", "all", "count_nonzero", "prod", "flip", "squeeze", "unique_values", "conj"),
    }
)
SHAPES = [(0,), (0, 3), (2, 0, 3), ()]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", ANY_SHAPE)
def test_empty_and_0d(name):
    f, numpys = getattr(xg, name), getattr(np, name, None)
    for shape in SHAPES:
        x = np.full(shape, 0.5)
        out = f(raw(x))
        if numpys is not None:
            expected = np.asarray(numpys(x))
            assert out.shape == expected.shape
            assert out.dtype.kind == expected.dtype.kind
        w = xg.tensor(raw(x), requires_grad=True)
        y = f(w)
        if y.requires_grad:
            xg.sum(y).backward()
            assert w.grad is None or w.grad.shape == shape


def test_empty_along_an_axis():
    x = xg.tensor(raw(np.zeros((2, 0))), requires_grad=True)
    for f in (
        lambda v: xg.sort(v),
        lambda v: xg.cumulative_sum(v, axis=1),
        lambda v: xg.cumulative_prod(v, axis=1),
        lambda v: xg.roll(v, 1, axis=1),
        lambda v: xg.repeat(v, 2, axis=1),
        lambda v: xg.tile(v, (2, 1)),
        lambda v: xg.tril(v),
        lambda v: xg.diff(v, axis=1),
        lambda v: xg.take(v, np.zeros(0, int), axis=0) if NAME == "numpy" else v * 1,
        lambda v: v[:, ::-1],
        lambda v: xg.concat([v, v], axis=1),
    ):
        out = f(x)
        assert 0 in out.shape
        xg.sum(out * 2).backward()
        assert x.grad.shape == (2, 0)
    y = x * 1
    y[:, :] = 3.0
    y[xg.asarray(raw(np.zeros((2, 0), bool)))] = 1.0
    assert y.shape == (2, 0)
    assert host(xg.argsort(raw(np.zeros((0, 2))), axis=0)).shape == (0, 2)


INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


@pytest.mark.skipif(NAME == "torch", reason="torch has little arithmetic on wide unsigned integers")
@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_remain_integers(dtype):
    x, y = np.asarray([5, 3, 7], dtype), np.asarray([2, 3, 4], dtype)
    for name in ("add", "multiply", "floor_divide", "remainder", "maximum", "minimum"):
        out = getattr(xg, name)(raw(x), raw(y))
        assert out.dtype == np.dtype(dtype)
        assert not out.requires_grad
        np.testing.assert_array_equal(host(out), getattr(np, name)(x, y))
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
        np.testing.assert_array_equal(
            host(getattr(xg, name)(raw(x), raw(y))), getattr(np, name)(x, y)
        )
    np.testing.assert_array_equal(host(xg.sort(raw(x))), np.sort(x))
    assert xg.sort(raw(x)).dtype == np.dtype(dtype)
    assert xg.sum(raw(x)).dtype == np.sum(x).dtype
    z = xg.asarray(raw(x), copy=True)
    z[1] = 2
    z[2:] += 1
    np.testing.assert_array_equal(host(z), [5, 2, 8])
    with pytest.raises(TypeError, match="only floating-point and complex"):
        xg.grad(lambda v: xg.sum(v))(raw(x))


def test_booleans():
    a, b = raw(np.asarray([True, False, True])), raw(np.asarray([True, True, False]))
    x, y = xg.asarray(a), xg.asarray(b)
    np.testing.assert_array_equal(host(x & y), [True, False, False])
    np.testing.assert_array_equal(host(x | y), [True, True, True])
    np.testing.assert_array_equal(host(x ^ y), [False, True, True])
    np.testing.assert_array_equal(host(~x), [False, True, False])
    np.testing.assert_array_equal(host(xg.unique_values(a)), [False, True])
    assert int(xg.sum(a)) == int(xg.count_nonzero(a)) == 2
    z = xg.asarray(a, copy=True)
    z[0] = False
    z |= y
    np.testing.assert_array_equal(host(z), [True, True, True])


@pytest.mark.skipif(NAME in ("array_api_strict", "dask"), reason="no float16 there")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_float16_is_preserved():
    for row in ROWS:
        if len(row.by) != 1 or row.label or row.samples[0][0].dtype.kind != "f":
            continue
        if row.name.startswith(("nn.", "linalg.", "fft.", "special.")):
            continue  # LAPACK, Fourier transforms and SciPy have no float16
        if row.name in ("astype", "nextafter", "nan_to_num"):
            continue
        if NAME == "torch" and row.name in ("logaddexp",):
            continue
        f = lambda x, row=row: row.call(xg, x, *row.samples[0][1:])
        if len(row.samples[0]) > 1:
            continue
        half = row.samples[0][0].astype(np.float16)
        if hasattr(np, row.name) and np.asarray(row.call(np, half)).dtype != np.float16:
            continue  # cov, bincount...: NumPy computes in double precision
        x = raw(half)
        out, tangent = xg.jvp(f, (x,), (x,))
        assert xg.asarray(out).dtype == xg.asarray(tangent).dtype == xg.float16, row.id
        g = xg.grad(lambda v: xg.sum(f(v)))(x)
        assert xg.asarray(g).dtype == xg.float16, row.id


def test_float16_does_not_overflow_where_the_function_does_not():
    if NAME == "array_api_strict":
        return
    x = raw(np.asarray([300.0], np.float16))
    g = xg.grad(lambda v: xg.sum(xg.asinh(v)))(x)
    np.testing.assert_allclose(host(g), 1 / 300, rtol=2e-3)


@pytest.mark.skipif(NAME == "array_api_strict", reason="it does not divide by integers")
@pytest.mark.parametrize("kind", ["int8", "int64", "uint8", "bool"])
def test_derivatives_with_integers_are_as_precise(kind):
    """PyTorch's 1 / int64 has single precision, NumPy's logarithm of an int8 half precision."""
    n, x = np.asarray([3, 1]).astype(kind), np.asarray([1.5, 2.5])
    counts, values = raw(n), raw(x)
    by_quotient = xg.grad(lambda x: xg.sum(x / xg.asarray(counts)))(values)
    np.testing.assert_allclose(host(by_quotient), 1 / n.astype(float), rtol=1e-15)
    by_exponent = xg.grad(lambda x: xg.sum(xg.pow(xg.asarray(counts), x)))(values)
    wide = n.astype(float)
    np.testing.assert_allclose(host(by_exponent), wide**x * np.log(wide), rtol=1e-14)


@pytest.mark.skipif(NAME == "array_api_strict", reason="it does not divide by integers")
@pytest.mark.parametrize("name", ["boxcox", "boxcox1p", "chdtr", "fdtr", "stdtr", "xlogy"])
def test_derivatives_of_special_functions_with_integers(name):
    f, x = getattr(xg.special, name), raw(np.asarray([0.3, 0.6]))
    place = {"xlogy": 0, "fdtr": 2}.get(name, 1)

    def slope(kind):
        counts = [xg.asarray(raw(np.asarray([2, 3]).astype(kind)))] * (2 if name == "fdtr" else 1)
        return host(xg.grad(lambda x: xg.sum(f(*counts[:place], x, *counts[place:])))(x))

    np.testing.assert_allclose(slope("int8"), slope("float64"), rtol=1e-13)
    np.testing.assert_allclose(slope("int64"), slope("float64"), rtol=1e-13)
