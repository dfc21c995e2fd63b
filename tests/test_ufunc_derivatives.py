"""Derivatives of NumPy's ufuncs and their methods on Tensors, against finite differences."""

import warnings

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host
from tests.ufunc_calls import BINARY, MASK, SIMPLE, operand, smooth

pytestmark = pytest.mark.skipif(NAME != "numpy", reason="NumPy's protocols with NumPy arrays")

#: The ufuncs whose results are floating-point numbers for floating-point arguments.
FLOATING = [
    u
    for u in SIMPLE
    if any(t.startswith("d" * u.nin + "->") or t == "dl->d" for t in u.types)
    and not any(t.startswith("d" * u.nin + "->?") for t in u.types)
]
WITH_METHODS = [u for u in FLOATING if u in BINARY and u.nout == 1 and u is not np.ldexp]
#: Reductions over several axes need an order that does not matter.
SEVERAL = [
    *(np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.hypot),
    *(np.logaddexp, np.logaddexp2),
]


def first(result):
    """Return the floating-point parts of a result."""
    parts = result if isinstance(result, tuple) else (result,)
    return tuple(p for p in parts if p.dtype.kind == "f")


def by_name(u):
    return u.__name__


@pytest.mark.parametrize("ufunc", FLOATING, ids=by_name)
def test_calls(ufunc):
    x, *rest = smooth(ufunc)
    inputs = (x, *(r for r in rest if r.dtype.kind == "f"))
    constants = tuple(r for r in rest if r.dtype.kind != "f")

    def plain(*t):
        return first(ufunc(*t, *constants))

    def chosen(*t):
        return first(ufunc(*t, *constants, where=MASK))

    def written(*t):
        outs = tuple(t[0] * k for k in (2.0, 3.0)[: ufunc.nout])
        if ufunc is np.frexp:
            outs = (outs[0], xg.zeros(outs[0].shape, dtype="int32"))
        ufunc(*t, *constants, out=outs if ufunc.nout > 1 else outs[0], where=MASK)
        return first(outs)

    def converted(*t):
        return first(ufunc(*t, *constants, dtype="f8"))

    for f in (plain, chosen, written, converted):
        if f is converted and ufunc.nout > 1:
            continue
        xg.testing.check_grads(f, inputs)
        batch = tuple(np.stack([v, v[::-1]]) for v in inputs)
        mapped = xg.vmap(f)(*batch)
        for k, v in enumerate((inputs, tuple(v[::-1] for v in inputs))):
            for found, expected in zip(mapped, f(*map(xg.asarray, v)), strict=True):
                np.testing.assert_allclose(host(found)[k], host(expected), rtol=1e-13)


def _at(ufunc, key):
    def f(x, *others):
        x = x * 1.0
        ufunc.at(x, key, *others)
        return x

    return f


#: Calls of methods: their names, and ``f(ufunc)``, which returns a function of x (2, 3) and y (3).
METHODS = {
    "reduce": lambda u: lambda x, y: u.reduce(x),
    "reduce rows": lambda u: lambda x, y: u.reduce(x, axis=1, keepdims=True),
    "reduce, initial": lambda u: lambda x, y: u.reduce(x, axis=1, initial=y[0]),
    "reduce, where": lambda u: lambda x, y: u.reduce(x, axis=-1, initial=0.73, where=MASK),
    "accumulate": lambda u: lambda x, y: u.accumulate(x),
    "accumulate rows": lambda u: lambda x, y: u.accumulate(x, axis=1),
    "reduceat": lambda u: lambda x, y: u.reduceat(x, [0, 2], axis=1),
    "reduceat, back": lambda u: lambda x, y: u.reduceat(x, [1, 0, 2], axis=1),
    "outer": lambda u: lambda x, y: u.outer(x, y),
    "outer, where": lambda u: lambda x, y: u.outer(x, y, where=np.arange(18).reshape(2, 3, 3) > 5),
    "at": lambda u: _at(u, [0, 1]),
    "at repeated": lambda u: _at(u, (slice(None), [0, 2, 0])),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ufunc", WITH_METHODS, ids=by_name)
def test_methods(ufunc, method):
    f = METHODS[method](ufunc)
    x, y = operand("f8") * 1.1, np.array([0.37, 0.83, 0.51])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        xg.testing.check_grads(f, (x, y))
    batch = np.stack([x, x[::-1]]), np.stack([y, y[::-1]])
    mapped = host(xg.vmap(f)(*batch))
    for k in (0, 1):
        expected = host(f(xg.asarray(batch[0][k]), xg.asarray(batch[1][k])))
        np.testing.assert_allclose(mapped[k], expected, rtol=1e-13)


@pytest.mark.parametrize("ufunc", SEVERAL, ids=by_name)
def test_several_axes(ufunc):
    for keywords in (
        {"axis": None},
        {"axis": (0, -1), "keepdims": True},
        {"axis": None, "initial": 0.4, "where": MASK},
    ):
        xg.testing.check_grads(lambda x, k=keywords: ufunc.reduce(x, **k), (operand("f8") * 1.1,))


@pytest.mark.parametrize("ufunc", [np.negative, np.exp, np.sin, np.cbrt], ids=by_name)
def test_at_of_one_argument(ufunc):
    xg.testing.check_grads(_at(ufunc, (slice(None), [0, 2, 0])), (operand("f8"),))


@pytest.mark.parametrize(
    "ufunc", [u for u in FLOATING if "D" * u.nin + "->D" in u.types], ids=by_name
)
def test_complex(ufunc):
    """Holomorphic ufuncs, and their methods where NumPy takes complex numbers."""
    z, w = operand("c16") * (1.1 - 0.4j), operand("c16", 1) * (0.8 + 0.3j)
    inputs = (z, w)[: ufunc.nin]
    xg.testing.check_grads(lambda *t: ufunc(*t), inputs)
    xg.testing.check_grads(lambda *t: ufunc(*t, where=MASK), inputs)
    if ufunc.nin == 2:
        for f in (ufunc.reduce, ufunc.accumulate, lambda t: ufunc.reduceat(t, [0, 2], 1)):
            xg.testing.check_grads(f, (z,))
        xg.testing.check_grads(ufunc.outer, (z, w[0]))


def test_bits_under_vmap():
    x = np.arange(6).reshape(2, 3)
    np.testing.assert_array_equal(host(xg.vmap(np.bitwise_count)(x)), np.bitwise_count(x))


def test_at_with_other_indices_for_each_example():
    def f(x, i):
        z = x * 0.5
        np.add.at(z, i, x)
        np.subtract.at(z, i, 2.0)
        return z

    x, i = operand("f8"), np.array([[0, 1, 1], [2, -1, 2]])
    expected = x * 0.5
    for k in (0, 1):
        np.add.at(expected[k], i[k], x[k] - 2.0)
    np.testing.assert_allclose(host(xg.vmap(f)(x, i)), expected, rtol=1e-15)
    xg.testing.check_grads(lambda x: xg.vmap(f)(x, i), (x,))
    with pytest.raises(xg.AutogradError, match="np.multiply.at: indices differ"):
        xg.vmap(lambda x, i: np.multiply.at(x * 1, i, 2.0))(x, i)


@pytest.mark.parametrize("name", ["matmul", "vecdot", "matvec", "vecmat"])
def test_generalized(name):
    ufunc = getattr(np, name, None)
    if ufunc is None:
        pytest.skip("this version of NumPy lacks it")
    a, v = operand("c16"), np.array([0.3 + 1j, 0.8 - 0.2j, 1.1])
    calls = {
        "matmul": [((a, a.T), {}), ((a, a), {"axes": [(0, 1), (1, 0), (1, 0)]}), ((a, v), {})],
        "vecdot": [((a, a), {"axis": 0}), ((a, v), {"keepdims": True}), ((a, a), {"axes": [0, 0]})],
        "matvec": [((a, v), {}), ((a, v[:2]), {"axes": [(1, 0), 0, 0]})],
        "vecmat": [((v[:2], a), {}), ((v, a), {"axes": [0, (1, 0), 0]})],
    }[name]
    for (x, y), keywords in calls:
        xg.testing.check_grads(lambda x, y, k=keywords: ufunc(x, y, **k), (x, y))
        xg.testing.check_grads(lambda x, y, k=keywords: ufunc(x, y, **k), (x.real, y.real))
