"""Conversions of a tensor to other types never silently lose a derivative."""

import array
import cmath
import math
import pickle
import struct
import warnings

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host, raw

X = np.asarray([3.0, 5.0])


def _assigned(x):
    z = np.zeros(2)
    z[0] = x[0] ** 2
    return z.sum() + x[1]


def _assigned_by_slice(x):
    z = np.zeros(2)
    z[:] = x
    return z.sum() + x[1]


def _filled(x):
    z = np.zeros(2)
    z.fill(x[0])
    return z.sum() + x[1]


NUMBERS = {
    "float": lambda x: float(x[0]) * x[1],
    "int": lambda x: int(x[0]) * x[1],
    "complex": lambda x: complex(x[0]).real * x[1],
    "math.sin": lambda x: math.sin(x[0]) * x[1],
    "math.fsum": lambda x: math.fsum([x[0], x[1]]) * x[1],
    "math.floor": lambda x: math.floor(x[0]) * x[1],
    "math.ceil": lambda x: math.ceil(x[0]) * x[1],
    "math.trunc": lambda x: math.trunc(x[0]) * x[1],
    "cmath": lambda x: cmath.exp(x[0]).real * x[1],
    "tolist": lambda x: sum(x.tolist()) * x[1],
    "percent": lambda x: float("%.3f" % x[0]) * x[1],  # noqa: UP031
}
ARRAYS = {
    "np.asarray": lambda x: np.asarray(x) @ x,
    "np.array": lambda x: np.array([x[0], 1.0]) @ x,
    "np.float64": lambda x: np.float64(x[0]) * x[1],
    "np.float32": lambda x: np.float32(x[0]) * x[1],
    "np.sum": lambda x: np.sum([x[0], x[1]]) * x[1],
    "np.full": lambda x: np.full(2, x[0]) @ x,
    "assigned": _assigned,
    "assigned by slice": _assigned_by_slice,
    "fill": _filled,
    "fromiter": lambda x: np.fromiter(x, float) @ x,
    "array.array": lambda x: sum(array.array("d", [x[0]])) * x[1],
    "struct": lambda x: struct.unpack("d", struct.pack("d", x[0]))[0] * x[1],
    "dlpack": lambda x: np.from_dlpack(x) @ x,
    "pickle": lambda x: xg.sum(pickle.loads(pickle.dumps(x))) * x[1],  # noqa: S301
    "data": lambda x: xg.sum(xg.asarray(x.data)) * x[0],
    "xg.tensor": lambda x: xg.tensor(x) @ x,
    "xg.tensor of a leaf": lambda x: xg.tensor(x, requires_grad=True) @ x,
    "copyto": lambda x: np.copyto(np.zeros(2), x),
    "add.at": lambda x: np.add.at(np.zeros(2), [0], x[0]),
    "+=": lambda x: np.zeros(2).__iadd__(x),
    "out=": lambda x: np.multiply(x, 2.0, out=np.zeros(2)),
}
TRANSFORMS = {
    "grad": lambda f, x: xg.grad(f)(x),
    "vjp": lambda f, x: xg.vjp(f, x),
    "jvp": lambda f, x: xg.jvp(f, (x,), (x,)),
    "linearize": lambda f, x: xg.linearize(f, x),
    "jacrev": lambda f, x: xg.jacrev(f)(x),
    "jvp of grad": lambda f, x: xg.jvp(xg.grad(f), (x,), (x,)),
    "grad of jvp": lambda f, x: xg.grad(lambda v: xg.jvp(f, (v,), (v,))[1])(x),
    "checkpoint": lambda f, x: xg.checkpoint(f)(xg.tensor(x, requires_grad=True)),
    "grad inside another's": lambda f, x: xg.grad(lambda v: xg.grad(lambda u: f(v) * u)(2.0))(x),
}


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("door", NUMBERS)
def test_converting_a_tracked_tensor_to_a_number_raises(door, transform):
    with pytest.raises(xg.AutogradError, match=r"follows this tensor.*xgrad\.stop_gradient\(x\)"):
        TRANSFORMS[transform](NUMBERS[door], raw(X))


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("door", ARRAYS)
def test_converting_a_tracked_tensor_to_an_array_raises(door, transform):
    with pytest.raises((xg.AutogradError, TypeError, ValueError, struct.error)) as caught:
        TRANSFORMS[transform](ARRAYS[door], raw(X))
    assert "which no graph leads to" not in str(caught.value)
    if door == "assigned":  # NumPy replaces the message; ours is the cause
        assert "import xgrad.numpy as np" in str(caught.value.__cause__)


@pytest.mark.parametrize("door", [*NUMBERS, *ARRAYS])
def test_inside_vmap_a_value_is_not_a_number(door):
    f = NUMBERS.get(door) or ARRAYS[door]
    with pytest.raises((xg.AutogradError, TypeError, ValueError, struct.error)) as caught:
        xg.vmap(f)(raw(np.stack([X, X])))
    assert "returned" not in str(caught.value)


def test_eager_tensors_warn():
    w = xg.tensor(raw(X), requires_grad=True)
    for read in (float, int, complex, math.sin, math.floor):
        with pytest.warns(UserWarning, match="of a tensor that needs gradients drops them"):
            read(w[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert float(w.detach()[0]) == 3.0
        assert w[0].item() == 3.0
        with xg.no_grad():  # nothing is recorded: nothing is lost
            assert float(w[0] * 2) == 6.0


def test_setting_an_item_of_an_ndarray_raises_on_the_eager_tape_too():
    w = xg.tensor(raw(X), requires_grad=True)
    a, grid = np.zeros(3), np.zeros((2, 2))

    def store():
        a[0] = w[0] * w[0]

    def store_augmented():
        a[1] += w[0]

    def store_deep():
        grid[0, 1] = w[1]

    def store_many():
        a[a == 0] = w[0]

    def store_slice():
        a[:2] = w[:2]

    for _ in range(100):  # Python specializes instructions that run often
        with pytest.raises((xg.AutogradError, TypeError, ValueError)) as caught:
            store()
        text = f"{caught.value} {caught.value.__cause__}"
        assert "xgrad.zeros or np.zeros(..., like=tensor)" in text
    for f in (store_augmented, store_deep, store_many, store_slice):
        with pytest.raises((xg.AutogradError, TypeError, ValueError)) as caught:
            f()
        assert "needs gradients" in f"{caught.value} {caught.value.__cause__}"
    assert not a.any()
    assert not grid.any()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        a[0] = w[0].item()
        a[1] = w.detach()[0]
    with pytest.warns(UserWarning, match="drops them"):
        a[2] = float(w[0])
    assert a.tolist() == [3.0, 3.0, 3.0]


def test_reading_and_branching_are_allowed():
    seen = []

    def f(x):
        seen.append((f"{x[0]:.3f}", f"{x}", str(x[0]), f"{x[0]!r:>3}", x[0].item()))
        if x[0] > 2 and x[1] in [1.0, 5.0] and 5.0 in x and not (x[0] == x[1]):
            return max(x[0], x[1]) * sorted([x[1], x[0]])[0]
        return x[0]

    np.testing.assert_allclose(host(xg.grad(f)(raw(X))), [5.0, 3.0])
    assert seen[0][0] == "3.000"
    assert seen[0][4] == 3.0
    shown = []
    xg.vmap(lambda x: shown.append(f"{x[0]:.3f}") or x)(raw(np.stack([X, X])))
    assert "inside vmap" in shown[0]


def test_stop_gradient_and_no_grad_allow_conversion():
    def f(x):
        with xg.no_grad():
            scale = float(x[0])
        return scale * x[1] + float(xg.stop_gradient(x[0])) * x[0] + int(xg.argmax(x)) * x[0]

    np.testing.assert_allclose(host(xg.grad(f)(raw(X))), [4.0, 3.0])


def test_a_leaked_tensor_says_where_it_comes_from():
    kept = []
    xg.grad(lambda x: kept.append(x) or xg.sum(x))(raw(X))
    with pytest.raises(xg.LeakedTensorError, match=r"belongs to grad\(\)"):
        float(kept[0][0])


def test_python_functions_that_return_tensors():
    x = xg.asarray(raw(np.asarray([2.567, -3.5])))
    np.testing.assert_allclose(host(round(x, 2)), [2.57, -3.5])
    np.testing.assert_allclose(host(round(x)), [3.0, -4.0])
    assert round(xg.asarray(7), 1).dtype == xg.int64
    q, r = divmod(x, 2.0)
    np.testing.assert_allclose(host(q), [1.0, -2.0])
    np.testing.assert_allclose(host(r), [0.567, 0.5])
    q, r = divmod(7.0, x)
    np.testing.assert_allclose(host(q), [2.0, -2.0])
    np.testing.assert_allclose(host(r), [1.866, 0.0])
    g = xg.grad(lambda v: xg.sum(divmod(v, 2.0)[1] + round(v, 1) + divmod(v, 2.0)[0]))(x)
    np.testing.assert_allclose(host(g), [1.0, 1.0])
    assert (math.floor(x[0]), math.ceil(x[0]), math.trunc(x[1])) == (2, 3, -3)
    assert 2.567 in x
    assert 1.0 not in x
    assert -3.5 in xg.reshape(x, (1, 2))
    assert None not in x


def test_a_custom_rule_may_unwrap_raw_arrays():
    @xg.custom_vjp
    def cube(x):
        return xg.asarray(x.data * x.data * x.data)

    cube.defvjp(lambda x: (xg.asarray(x.data * x.data * x.data), x), lambda x, g: (3 * x * x * g,))
    x = raw(X)
    np.testing.assert_allclose(host(xg.grad(lambda v: xg.sum(cube(v)))(x)), 3 * X**2)
    second = xg.hvp(lambda v: xg.sum(cube(v) * v), (x,), (raw(np.ones(2)),))
    np.testing.assert_allclose(host(second), 12 * X**2)


@pytest.mark.numpy_only
def test_methods_of_ndarrays():
    data = np.asarray([[1.0, 2.0], [0.5, 3.0]])
    with pytest.raises(xg.AutogradError, match=r"np\.dot\(a, t\) for a\.dot\(t\) of an ndarray"):
        xg.grad(lambda w: data.dot(w).sum())(X[:2])
    for f in (lambda w: data.clip(0.7, w), lambda w: data.clip(w), lambda w: data.clip(max=w)):
        assert type(f(xg.asarray(1.5))) is xg.Tensor
        xg.testing.check_grads(f, (1.5,))
