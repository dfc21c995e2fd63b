"""Kinds of NumPy arrays: other byte orders, wide floats, subclasses, memory-mapped files."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host

HOST = np.asarray([1.0, 2.0, 3.0])


def test_byte_swapped_floats_are_floats():
    for dtype in (">f4", ">f8", ">c16", "<f8"):
        swapped = HOST.astype(dtype)
        native = np.dtype(dtype).newbyteorder("=")
        for x in (xg.asarray(swapped), xg.from_numpy(swapped), xg.tensor(swapped)):
            assert x.dtype == native
            np.testing.assert_array_equal(host(x), HOST.astype(native))
        w = xg.tensor(swapped, requires_grad=True)
        loss = xg.sum(xg.real(w * w))
        loss.backward()
        np.testing.assert_array_equal(host(w.grad), 2 * HOST)
        assert w.grad.dtype == native
        assert host(xg.asarray([swapped, swapped])).dtype == native
        data = xg.data.TensorDataset(swapped)
        assert data[0][0].dtype == native
    assert xg.asarray(HOST).astype(">f4").dtype == np.dtype("f4")


@pytest.mark.numpy_only
def test_byte_swapped_floats_in_every_place():
    swapped = HOST.astype(">f8")
    w = xg.tensor(HOST, requires_grad=True)
    for f in (lambda x: x * swapped, lambda x: swapped * x, lambda x: xg.where(x > 0, x * swapped, swapped),
              lambda x: x @ swapped, lambda x: xg.concat([x, swapped]) * 2.0,
              lambda x: xg.maximum(x, swapped - 1), lambda x: np.sin(x) * swapped[::-1]):  # fmt: skip
        native = [xg.grad(lambda x: xg.sum(f(x)))(HOST)]
        w.grad = None
        xg.sum(f(w)).backward()
        np.testing.assert_array_equal(host(w.grad), native[0])
        assert np.any(native[0])
    for transform in (xg.grad, xg.jacrev, xg.jacfwd, xg.hessian):
        cube = lambda x: xg.sum(x**3)  # noqa: E731
        found = transform(cube)(swapped)
        np.testing.assert_array_equal(found, transform(cube)(HOST))
        assert found.dtype.isnative
    _, tangent = xg.jvp(xg.square, (swapped,), (swapped,))
    np.testing.assert_array_equal(tangent, 2 * HOST * HOST)
    constant = xg.reshape(swapped, (3, 1))
    constant.requires_grad_()
    xg.sum(constant**2).backward()
    np.testing.assert_array_equal(host(constant.grad), 2 * HOST.reshape(3, 1))
    target = xg.zeros(3)
    target[:] = swapped
    target[1:] *= swapped[1:]
    np.testing.assert_array_equal(host(target), [1.0, 4.0, 9.0])
    into = xg.reshape(swapped, (3,))
    into[0] = w[0] * w[1]  # a constant that becomes tracked
    w.grad = None
    xg.sum(into).backward()
    np.testing.assert_array_equal(host(w.grad), [2.0, 1.0, 0.0])
    np.testing.assert_array_equal(host(xg.vmap(lambda x: x * 2.0)(swapped)), 2 * HOST)
    np.testing.assert_array_equal(xg.vmap(xg.grad(xg.square))(swapped), 2 * HOST)
    index = np.asarray([2, 0]).astype(">i8")
    np.testing.assert_array_equal(host(w[index]), [3.0, 1.0])
    assert host(w[HOST.astype(">f8") > 1.0]).tolist() == [2.0, 3.0]


@pytest.mark.numpy_only
@pytest.mark.skipif(np.dtype(np.longdouble) == np.float64, reason="longdouble is float64 here")
def test_long_doubles_are_refused_where_they_would_lose_a_derivative():
    wide = HOST.astype(np.longdouble)
    w = xg.tensor(HOST, requires_grad=True)
    for name, f in {
        "multiply": lambda x: x * wide,
        "add": lambda x: wide + x,
        "matrix_product": lambda x: x @ wide,
        "where": lambda x: xg.where(x > 0, x, wide),
        "concat": lambda x: xg.concat([x, wide]),
        "divide": lambda x: x / np.longdouble(3),
        "maximum": lambda x: xg.maximum(x, wide),
        "astype": lambda x: x.astype(np.longdouble),
    }.items():
        with pytest.raises(
            TypeError, match=rf"{name}\w*: numbers of dtype \w+ are not supported; .*'float64'"
        ):
            f(w)
        for transform in (xg.grad, xg.jacrev, xg.jacfwd, xg.hessian):
            with pytest.raises(TypeError, match="not supported"):
                transform(lambda x: xg.sum(f(x)))(HOST)
        with pytest.raises(TypeError, match="not supported"):
            xg.linearize(f, HOST)
    for door in (xg.asarray, xg.tensor, xg.from_numpy):
        with pytest.raises(
            TypeError, match=r"numbers of dtype \w+ are not supported; convert first"
        ):
            door(wide)
    for transform in (xg.grad, xg.jacfwd, xg.hessian):
        with pytest.raises(TypeError, match="float64"):
            transform(lambda x: xg.sum(x))(wide)
    with pytest.raises(TypeError, match="not supported"):
        w * np.asarray([1, 2, 3], dtype=object)
    with pytest.raises(TypeError, match="not supported"):
        xg.data.TensorDataset(wide).tensors()
    for array in (np.asarray([1, 2, 3], dtype=object), np.asarray(["a", "b", "c"])):
        with pytest.raises(TypeError, match="write: expected numbers, got an array of dtype"):
            xg.zeros(3)[:] = array
        with pytest.raises(TypeError, match="asarray: numbers of dtype .* are not supported"):
            xg.asarray(array)


class Doubling(np.ndarray):
    """An ndarray whose product has another meaning."""

    def __mul__(self, other):
        return np.asarray(self) * other * 2


class Quantity(np.ndarray):
    """Like an array with units."""

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        raise AssertionError("asked")


class Plain(np.ndarray):
    """A subclass that adds nothing."""


def _doors():
    w = xg.tensor(HOST, requires_grad=True)
    zeros = xg.zeros(3)
    return {
        "operand": lambda a: w * a,
        "left operand": lambda a: xg.multiply(a, w),
        "alone": xg.sin,
        "with parameters": lambda a: xg.sum(a, axis=0),
        "asarray": xg.asarray,
        "tensor": xg.tensor,
        "from_numpy": xg.from_numpy,
        "a list": lambda a: xg.asarray([a, a]),
        "grad": lambda a: xg.grad(lambda x: xg.sum(x * x))(a),
        "jvp": lambda a: xg.jvp(xg.square, (HOST,), (a,)),
        "vmap": lambda a: xg.vmap(xg.square)(a),
        "write": lambda a: zeros.__setitem__(slice(None), a),
        "mask": lambda a: w[(np.asarray(a) > 1).view(type(a))],
        "key": lambda a: w[(np.asarray(a).astype(int) - 1).view(type(a))],
        "where": lambda a: xg.where(w > 0, w, a),
        "concat": lambda a: xg.concat([w, a]),
        "data": lambda a: xg.data.TensorDataset(a),
        "collate": lambda a: xg.data.default_collate([a, a]),
        "parameter": xg.nn.Parameter,
        "a layer": lambda a: xg.nn.functional.softmax(a, -1),
        "cotangent": lambda a: (w * 1.0).backward(a),
    }


@pytest.mark.numpy_only
@pytest.mark.parametrize("door", list(_doors()))
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_subclasses_with_other_semantics_raise(door):
    kinds = {
        "masked arrays are not supported": np.ma.masked_array(HOST.copy(), [False, True, False]),
        "matrix is not supported: it redefines": np.matrix(HOST),
        "Doubling is not supported: it redefines __mul__": HOST.view(Doubling),
        "Quantity is not supported: it redefines __array_ufunc__": HOST.view(Quantity),
    }
    if door in ("mask", "concat"):  # a matrix has too many axes for them
        del kinds["matrix is not supported: it redefines"]
    for message, array in kinds.items():
        with pytest.raises(TypeError, match=message):
            _doors()[door](array)


@pytest.mark.numpy_only
def test_plain_subclasses_work_and_files_are_never_written(tmp_path):
    np.save(tmp_path / "a.npy", HOST)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r+")
    for array in (mapped, HOST.copy().view(Plain)):
        for door in _doors().values():
            door(array)
        w = xg.asarray(array).requires_grad_()
        optimizer = xg.optim.Adam([w], lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            xg.sum(w * w * array).backward()
            optimizer.step()
        with xg.no_grad():
            w *= 2.0
            w[0] = 5.0
        x = xg.asarray(array)
        x[1] = 4.0
        x += 1.0
        np.testing.assert_array_equal(array, HOST)
        gradient = xg.grad(lambda x: xg.sum(x**2))(array)
        np.testing.assert_array_equal(gradient, 2 * HOST)
        loader = xg.data.DataLoader(xg.data.TensorDataset(array), 2)
        for (batch,) in loader:
            batch *= 10.0
        np.testing.assert_array_equal(array, HOST)
    mapped.flush()
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), HOST)
