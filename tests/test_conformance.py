"""Functions of the standard on arrays that hypothesis draws through the standard alone.

An offline substitute for data-apis/array-api-tests (``nox -s conformance``): the
arrays are created by xgrad itself, of every dtype and of shapes with zeros; values and dtypes
must equal those of array_api_compat.numpy.
"""

import array_api_compat.numpy as compat
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisWarning
from hypothesis.extra.array_api import make_strategies_namespace

import xgrad as xg

pytestmark = [
    pytest.mark.numpy_only,
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
    pytest.mark.filterwarnings(f"ignore::{HypothesisWarning.__module__}.HypothesisWarning"),
]

xps = make_strategies_namespace(xg, api_version="2024.12")
examples = settings(
    max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

UNARY = (
    *("abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "bitwise_invert", "ceil", "conj"),
    *("cos", "cosh", "exp", "expm1", "floor", "imag", "isfinite", "isinf", "isnan", "log"),
    *("log10", "log1p", "log2", "logical_not", "negative", "positive", "real", "reciprocal"),
    *("round", "sign", "signbit", "sin", "sinh", "sqrt", "square", "tan", "tanh", "trunc"),
)
BINARY = (
    *("add", "atan2", "bitwise_and", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift"),
    *("bitwise_xor", "copysign", "divide", "equal", "floor_divide", "greater", "greater_equal"),
    *("hypot", "less", "less_equal", "logaddexp", "logical_and", "logical_or", "logical_xor"),
    *("maximum", "minimum", "multiply", "nextafter", "not_equal", "pow", "remainder", "subtract"),
)
ALONG = (
    *("all", "any", "argmax", "argmin", "argsort", "count_nonzero", "cumulative_prod"),
    *("cumulative_sum", "flip", "max", "mean", "min", "prod", "sort", "std", "sum", "var"),
)
#: Not in the standard for these dtypes.
REAL_ONLY = {
    *("argmax", "argmin", "argsort", "greater", "greater_equal", "less", "less_equal", "max"),
    *("maximum", "min", "minimum", "sort"),
}
OF_BOOLEANS = {
    *("all", "any", "bitwise_and", "bitwise_invert", "bitwise_or", "bitwise_xor"),
    *("count_nonzero", "equal", "flip", "logical_and", "logical_not", "logical_or"),
    *("logical_xor", "not_equal"),
}
#: NumPy's special values of complex numbers depend on the C library here.
UNSPECIFIED = {"expm1", "sign", "tanh"}


def defined(name, dtype):
    if dtype.kind == "b":
        return name in OF_BOOLEANS
    if dtype.kind == "c":
        return name not in REAL_ONLY | UNSPECIFIED | {"std", "var"}
    return not (name in ("std", "var") and dtype.kind != "f")


def same(found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


def compare(name, *tensors, **options):
    """Compare with NumPy, unless NumPy raises."""
    if not defined(name, tensors[0].dtype):
        return
    try:
        expected = getattr(compat, name)(*(x.numpy() for x in tensors), **options)
    except (TypeError, ValueError):
        return
    same(getattr(xg, name)(*tensors, **options), expected)


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_array(name):
    @examples
    @given(xps.arrays(xps.scalar_dtypes(), xps.array_shapes(min_dims=0, min_side=0)))
    def check(x):
        compare(name, x)

    check()


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arrays(name):
    @examples
    @given(st.data())
    def check(data):
        dtype = data.draw(xps.scalar_dtypes())
        shapes = data.draw(xps.mutually_broadcastable_shapes(2)).input_shapes
        x, y = (data.draw(xps.arrays(dtype, shape)) for shape in shapes)
        if name.endswith("_shift") or (name == "pow" and dtype.kind in "iu"):
            y = xg.asarray(np.asarray(np.abs(y.numpy()) % 7, dtype))
        if name in ("floor_divide", "remainder") and dtype.kind in "iu":
            y = xg.asarray(np.where(y.numpy() == 0, np.ones((), dtype), y.numpy()))
        compare(name, x, y)

    check()


@pytest.mark.parametrize("name", ALONG)
def test_functions_along_an_axis(name):
    @examples
    @given(st.data())
    def check(data):
        shape = data.draw(xps.array_shapes(min_dims=1, min_side=1))
        x = data.draw(xps.arrays(xps.scalar_dtypes(), shape))
        if name in ("sort", "argsort") and np.isnan(x.numpy()).any():
            return
        compare(name, x, axis=data.draw(st.integers(-x.ndim, x.ndim - 1)))

    check()


def test_indices():
    @examples
    @given(st.data())
    def check(data):
        shape = data.draw(xps.array_shapes(min_dims=0, max_dims=3, min_side=0))
        x = data.draw(xps.arrays(xps.scalar_dtypes(), shape))
        key = data.draw(xps.indices(shape, allow_newaxis=True))
        same(x[key], x.numpy()[key])
        if None not in (key if isinstance(key, tuple) else (key,)):
            value = data.draw(xps.arrays(x.dtype, x[key].shape))
            ours, theirs = xg.asarray(x, copy=True), np.array(x.numpy())
            ours[key] = value
            theirs[key] = value.numpy()
            same(ours, theirs)

    check()


def test_python_numbers():
    kinds = {"b": bool, "i": int, "u": int, "f": float, "c": complex}

    @examples
    @given(xps.arrays(xps.scalar_dtypes(), ()))
    def check(x):
        made = kinds[x.dtype.kind](x)
        assert type(made) is kinds[x.dtype.kind]
        np.testing.assert_array_equal(made, x.numpy())

    check()
