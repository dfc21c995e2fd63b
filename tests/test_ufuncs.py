"""NumPy's ufuncs on Tensors: calls, keywords and methods, compared with NumPy's own results."""

import functools
import warnings

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host
from tests.ufunc_calls import BINARY, GENERALIZED, MASK, SIMPLE, UFUNCS, calls, methods, operand
from xgrad.interop.numpy import protocols

pytestmark = pytest.mark.skipif(NAME != "numpy", reason="NumPy's protocols with NumPy arrays")

#: Where xgrad does more than NumPy, or other dtypes are right.
BEYOND = {
    "logaddexp": "xgrad has it for complex numbers",
    "conjugate": "of booleans is int8 in NumPy",
}
#: NumPy's loops for wide vector units read an operand of these that they have already overwritten
#: (an axis in memory order): compared with a fold in Python.
MISCOMPUTED = (np.arctan2, np.power, np.ldexp)


def outcome(call):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - whatever NumPy or xgrad raises
            return None, error
    return (result if isinstance(result, tuple) else (result,)), None


def compare(label, ufunc, call):
    found, error = outcome(lambda: call(ufunc, xg.asarray))
    expected, numpys = outcome(lambda: call(ufunc, lambda x: x))
    if numpys is not None:
        if "complex" in str(numpys) or ufunc.__name__ not in BEYOND:
            assert error is not None, f"{label}: NumPy raises {numpys}"
            assert isinstance(error, TypeError | ValueError | IndexError), label
        return
    if error is not None:
        lossy = "imaginary" in str(error) or "complex number" in str(error)
        assert lossy, f"{label}: {error}"  # NumPy only warns
        return
    for value, want in zip(found, expected, strict=True):
        assert isinstance(value, xg.Tensor), label
        value, want = host(value), np.asarray(want)
        assert value.shape == want.shape, label
        assert value.dtype == want.dtype or _dtype_differs(ufunc, label), (label, value.dtype)
        tolerance = {2: 2e-3, 4: 2e-6}.get(value.real.itemsize, 1e-13)
        np.testing.assert_allclose(value, want, rtol=tolerance, atol=tolerance / 10, err_msg=label)


def _dtype_differs(ufunc, label):
    """Whether this is one of few calls of integers whose dtype NumPy finds in another way."""
    return (ufunc.__name__, label) in {
        ("conjugate", "bool,bool"), ("power", "bool,2"), ("ldexp", "2,i8"), ("ldexp", "True,i8"),
        *(("ldexp", f"{s},{d}") for s in (2, True) for d in ("i1", "u1", "bool", "f4", "f8")),
    }  # fmt: skip


@pytest.mark.parametrize("ufunc", SIMPLE, ids=lambda u: u.__name__)
def test_calls(ufunc):
    for label, call in calls(ufunc):
        compare(label, ufunc, call)


@pytest.mark.parametrize("ufunc", SIMPLE, ids=lambda u: u.__name__)
def test_methods(ufunc):
    for label, call in methods(ufunc):
        if not (ufunc in MISCOMPUTED and " reduce" in label):
            compare(label, ufunc, call)


@pytest.mark.parametrize("ufunc", MISCOMPUTED, ids=lambda u: u.__name__)
def test_reductions_in_order(ufunc):
    x = operand("i1") if ufunc is np.ldexp else operand("f8")
    for axis in (0, 1):
        expected = functools.reduce(ufunc, np.moveaxis(x, axis, 0))
        found = ufunc.reduce(xg.asarray(x), axis=axis)
        np.testing.assert_array_equal(host(found), expected)
    expected = np.where(MASK[:, 0], ufunc(2.0, x[:, 0]), 2.0)
    for i in (1, 2):
        expected = np.where(MASK[:, i], ufunc(expected, x[:, i]), expected)
    found = ufunc.reduce(xg.asarray(x), axis=1, initial=2.0, where=MASK)
    np.testing.assert_allclose(host(found), expected, rtol=1e-3 if ufunc is np.ldexp else 1e-15)


def test_every_ufunc_of_numpy_works_or_says_why():
    refused = {u.__name__ for u in UFUNCS if u not in protocols.UFUNCS}
    assert refused == {"isnat"}
    with pytest.raises(TypeError, match="np.isnat: Tensors hold numbers, not dates; xgrad.isnan"):
        np.isnat(xg.ones(2))


A = np.arange(24.0).reshape(2, 3, 4) / 7
B = np.arange(40.0).reshape(2, 4, 5) / 3
V, W = np.arange(4.0) + 0.5, np.arange(3.0) - 1
CORE = {
    np.matmul: [
        ((A, B), {}), ((A, V), {}), ((W, A), {}), ((V, V), {}),
        ((A, B), {"axes": [(1, 2), (1, 2), (0, 1)]}),
        ((A[0], A[1]), {"axes": [(0, 1), (1, 0), (0, 1)]}),
        ((A[0], A[1]), {"axes": [(1, 0), (0, 1), (1, 0)]}),
        ((A, V), {"axes": [(1, 2), 0, 0]}), ((A, V), {"axes": [(1, 2), (0,), (0,)]}),
        ((A, V), {"axes": [(0, 1), 0, 0]}), ((A, B), {"axis": 0}), ((A, B), {"keepdims": True}),
        ((A, B), {"dtype": "f8"}), ((A, B), {"dtype": "f4"}), ((A, V), {"axes": [(2, 1), 0]}),
        ((A, A), {}), ((A, 2.0), {}),
    ],
    np.vecdot: [
        ((A, A), {}), ((A, V), {}), ((A, A), {"axis": 0}), ((A, A), {"axis": 1, "keepdims": True}),
        ((A, A), {"axis": -1, "keepdims": True}), ((A, A), {"axes": [1, 1]}),
        ((A, A), {"axes": [1, 1, ()]}), ((A, A), {"axes": [(1,), (1,), (0,)], "keepdims": True}),
        ((A, V), {"axes": [2, 0]}), ((A, W), {"axes": [1, 0]}), ((A, A), {"axis": 5}),
        ((A, A), {"where": np.array(True)}),
    ],
}  # fmt: skip
if hasattr(np, "matvec"):
    CORE[np.matvec] = [((A, V), {}), ((A, W), {"axes": [(2, 1), 0, 0]})]
    CORE[np.vecmat] = [
        ((W, A), {}),
        ((V, A), {"axes": [0, (2, 1), 1]}),
        ((W, A), {"axis": 0}),
        ((W, B), {}),
    ]


@pytest.mark.parametrize("ufunc", GENERALIZED, ids=lambda u: u.__name__)
@pytest.mark.parametrize("dtype", ["f8", "f4", "c16", "i8", "i1", "bool"])
def test_generalized(ufunc, dtype):
    for args, keywords in CORE[ufunc]:
        x, y = (v.astype(dtype) * (1 + 0.5j) if dtype == "c16" else np.asarray(v).astype(dtype)
                for v in map(np.asarray, args))  # fmt: skip
        label = f"{x.shape} {y.shape} {keywords}"
        compare(label, ufunc, lambda u, array, x=x, y=y, k=keywords: u(array(x), y, **k))
        if y.shape:
            compare(label, ufunc, lambda u, array, x=x, y=y, k=keywords: u(x, array(y), **k))
        expected, error = outcome(lambda x=x, y=y, k=keywords: ufunc(x, y, **k))
        if error is None:
            out = xg.zeros(np.shape(expected[0]), dtype=expected[0].dtype)
            assert ufunc(xg.asarray(x), y, out=out, **keywords) is out
            np.testing.assert_allclose(host(out), expected[0], rtol=1e-5)


# -- where= and out= ----------------------------------------------------------------------------


def test_elements_that_are_not_selected_are_zero_without_out():
    x = operand("f8")
    np.testing.assert_array_equal(
        host(np.log(xg.asarray(x), where=MASK)), np.where(MASK, np.log(x), 0)
    )
    assert np.add(xg.ones(3), 1, where=MASK).shape == (2, 3)


def test_what_is_not_selected_has_no_infinite_derivative():
    """``np.divide(a, b, out=zeros, where=b != 0)`` and others at their singularities."""
    x = np.array([0.0, 2.0])
    for f in (
        lambda t: np.divide(1.0, t, out=xg.zeros(2), where=x != 0),
        lambda t: np.log(t, where=x != 0),
        lambda t: np.power(t, -1.5, out=xg.zeros(2), where=x != 0),
        lambda t: np.arctan2(t, t, where=x != 0) + np.sqrt(t, where=x != 0),
        lambda t: np.hypot(t, t, where=x != 0) * np.reciprocal(t, where=x != 0),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            g = xg.grad(lambda t, f=f: xg.sum(f(t)))(x)
            tangent = xg.jvp(f, (x,), (np.ones(2),))[1]
        assert np.all(np.isfinite(host(g)))
        assert np.all(np.isfinite(host(tangent)))
        assert host(g)[0] == 0
        assert host(g)[1] != 0 or f(xg.asarray(x)).shape == (2,)


def test_out_is_written_and_keeps_what_is_not_selected():
    w = xg.tensor([1.0, 2.0], requires_grad=True)
    out = w * 1
    result = np.multiply(w, 3.0, out=out, where=[True, False])
    assert result is out
    xg.sum(out * xg.asarray([1.0, 10.0])).backward()
    np.testing.assert_array_equal(host(w.grad), [3.0, 10.0])
    whole = xg.zeros((2, 3))
    np.add(xg.ones(3), 1, out=whole)
    np.testing.assert_array_equal(host(whole), np.full((2, 3), 2.0))
    np.add(np.ones(3), 1, out=whole)  # the only Tensor is the output
    with pytest.raises(ValueError, match=r"np.add: out has shape \(2,\), the result \(3,\)"):
        np.add(xg.ones(3), 1, out=xg.zeros(2))
    with pytest.raises(TypeError, match="Cannot cast ufunc 'add' output"):
        np.add(xg.ones(3), 1.5, out=xg.zeros(3, dtype="int64"))
    np.add(xg.ones(3), 1.5, out=(ints := xg.zeros(3, dtype="int64")), casting="unsafe")
    np.testing.assert_array_equal(host(ints), [2, 2, 2])
    with pytest.raises(TypeError, match="where must be an array of booleans, not int64"):
        np.sin(w, where=np.array([1, 0]))
    leaf = xg.tensor([1.0], requires_grad=True)
    with pytest.raises(xg.AutogradError):
        np.sin(w[:1], out=leaf)


def test_an_ndarray_cannot_hold_derivatives():
    w, a = xg.tensor([1.0, 2.0], requires_grad=True), np.ones(2)
    with pytest.raises(TypeError, match=r"ndarray \*= Tensor: .* x = x \* t, .*xgrad.numpy as np"):
        a *= w
    with pytest.raises(TypeError, match=r"ndarray \+= Tensor: .* x = x \+ t"):
        a += w
    with pytest.raises(TypeError, match=r"np.sin: out must be a Tensor, got ndarray.*xgrad.numpy"):
        np.sin(w, out=a)
    with pytest.raises(TypeError, match=r"np.add.reduce: out must be a Tensor, got ndarray"):
        np.add.reduce(w, out=a[0:1].reshape(()))
    with pytest.raises(
        TypeError, match=r"np.add.at: the array to write into must be a Tensor.*xgrad.numpy"
    ):
        np.add.at(a, [0, 1], w)
    np.testing.assert_array_equal(a, np.ones(2))


@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.power, np.subtract])
def test_methods_write_into_out(ufunc):
    x = operand("f8")
    out = xg.zeros(3)
    assert ufunc.reduce(xg.asarray(x), out=out) is out
    np.testing.assert_array_equal(host(out), ufunc.reduce(x))
    out = xg.zeros((2, 3))
    assert ufunc.accumulate(xg.asarray(x), 1, None, out) is out
    np.testing.assert_allclose(host(out), ufunc.accumulate(x, 1), rtol=1e-15)
    out = xg.zeros((2, 2))
    assert ufunc.reduceat(xg.asarray(x), [0, 2], 1, out=(out,)) is out
    np.testing.assert_allclose(host(out), ufunc.reduceat(x, [0, 2], 1), rtol=1e-15)


# -- others ---------------------------------------------------------------------------------------


def test_ufuncs_of_python_functions():
    square = np.frompyfunc(lambda x, y: x * x + y, 2, 1)
    x = operand("f8")
    out = square(xg.asarray(x), 1.0)
    np.testing.assert_array_equal(host(out), x * x + 1)
    xg.testing.check_grads(lambda x: square(x, 2.0), (x,))
    both = np.frompyfunc(lambda x: (x * 2, x > 0.5), 1, 2)(xg.asarray(x))
    np.testing.assert_array_equal(host(both[0]), 2 * x)
    np.testing.assert_array_equal(host(both[1]), x > 0.5)
    with pytest.raises(xg.AutogradError, match="xgrad"):
        np.vectorize(lambda x: 2 * x)(xg.tensor(x, requires_grad=True))


def test_what_scipy_alone_has_raises():
    import scipy.special

    with pytest.raises(TypeError, match=r"scipy.special.agm: xgrad has no differentiable form"):
        scipy.special.agm(xg.ones(2), 1.0)


def test_methods_of_ufuncs_of_scipy():
    import scipy.special

    x = operand("f8")
    for ufunc in (scipy.special.xlogy, scipy.special.beta):
        for call in (
            lambda u, x: u.reduce(x, axis=1),
            lambda u, x: u.accumulate(x),
            lambda u, x: u.outer(x, x[0]),
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = call(ufunc, x)
            np.testing.assert_allclose(host(call(ufunc, xg.asarray(x))), expected, rtol=1e-13)
        found = host(ufunc(xg.asarray(x), 0.5, where=MASK))
        np.testing.assert_allclose(found, np.where(MASK, ufunc(x, 0.5), 0), rtol=1e-15)
    assert scipy.special.erf(xg.asarray(x), dtype="f4").dtype == np.float32
    out = xg.zeros((2, 3))
    assert scipy.special.erf(xg.asarray(x), out=out, where=MASK) is out
    np.testing.assert_allclose(host(out), np.where(MASK, scipy.special.erf(x), 0), rtol=1e-15)


@pytest.mark.parametrize("name", sorted(protocols.SPECIAL))
def test_where_of_ufuncs_of_scipy(name):
    """What is not selected has no derivative, also at singularities."""
    import scipy.special

    ufunc = getattr(scipy.special, name, None)
    if not isinstance(ufunc, np.ufunc):
        pytest.skip("a Python function in SciPy")
    args, x = [np.ones(3)] * (ufunc.nin - 1), np.array([0.4, 0.0, 0.4])
    mask = np.array([True, False, True])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy wants integers in some
        expected = ufunc(*args, np.full(3, 0.4))
    out = ufunc(*args, xg.asarray(x), where=mask)
    np.testing.assert_allclose(host(out), np.where(mask, expected, 0), rtol=1e-15)
    try:
        g = xg.grad(lambda t: xg.sum(xg.real(ufunc(*args, t))))(np.full(3, 0.4))
    except xg.AutogradError:
        return  # no derivative by its last argument
    found = xg.grad(lambda t: xg.sum(xg.real(ufunc(*args, t, where=mask))))(x)
    np.testing.assert_allclose(host(found), np.where(mask, host(g), 0), rtol=1e-13)


def test_ufuncs_of_scipy_without_derivatives_raise_by_name():
    import scipy.special

    names = [n for n in dir(scipy.special) if isinstance(getattr(scipy.special, n), np.ufunc)]
    missing = [n for n in names if getattr(scipy.special, n).__name__ not in protocols.SPECIAL]
    missing = [n for n in missing if getattr(scipy.special, n) not in protocols.UFUNCS]
    for name in missing:
        ufunc = getattr(scipy.special, name)
        with pytest.raises(TypeError, match=rf"scipy.special.{ufunc.__name__}: xgrad has no"):
            ufunc(*[xg.ones(2)] * ufunc.nin)
    print(f"{len(names) - len(missing)} ufuncs of scipy.special, {len(missing)} refused by name")


def test_signatures():
    x = xg.ones(2)
    assert np.add(x, 1, signature="dd->d").dtype == np.float64
    assert np.add(x, 1, sig=("f4", "f4", "f4"), casting="unsafe").dtype == np.float32
    with pytest.raises(TypeError):
        np.add(x, 1, signature="ff->f", casting="safe")


def test_counts():
    """The comparisons above: at least 30,000."""
    total = sum(len(calls(u)) + len(methods(u)) for u in SIMPLE)
    print(f"{len(UFUNCS)} ufuncs, {len(BINARY)} with methods, {total} calls compared with NumPy")
    assert total > 20000
