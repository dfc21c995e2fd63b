"""``import xgrad.numpy as np``: NumPy's names, for arrays and Tensors."""

import asyncio
import doctest
import importlib
import inspect
import pickle
import pkgutil
import threading
import types

import numpy  # noqa: ICN001 - np is xgrad's here
import pytest

import xgrad as xg
import xgrad.numpy as np
from tests.environment import NAME, host
from xgrad.numpy.calls import APART

pytestmark = pytest.mark.skipif(NAME != "numpy", reason="NumPy's functions of NumPy arrays")

X = numpy.asarray([[0.5, 1.5, 2.0], [0.1, 0.7, 1.1]])


def inside(f, transform=xg.grad, at=2.0):
    """Return what a function gives while a transform runs."""
    found = []

    def noted(t):
        found.append(f(t))
        return t * 1.0

    transform(noted)(at)
    return found[0]


def equal_to(ours, numpys):
    """Whether a result is NumPy's, exactly."""
    if isinstance(numpys, list | tuple):
        return len(ours) == len(numpys) and all(map(equal_to, ours, numpys))
    ours = ours.detach().numpy() if type(ours) is xg.Tensor else numpy.asarray(ours)
    return ours.dtype == numpy.asarray(numpys).dtype and numpy.array_equal(ours, numpys)


# -- names ---------------------------------------------------------------------------------------

MODULES = ["numpy", "numpy.linalg", "numpy.fft", "numpy.random", "numpy.emath", "numpy.testing"]


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_there(name):
    numpys, ours = pkgutil.resolve_name(name), importlib.import_module(f"xgrad.{name}")
    names = {*numpys.__all__, *(n for n in dir(numpys) if not n.startswith("_"))}
    assert [n for n in sorted(names) if not hasattr(ours, n)] == []
    assert sorted(dir(ours)) == sorted(numpys.__all__) == sorted(ours.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        ours.no_such_name  # noqa: B018


def test_what_is_no_function_is_numpys():
    for name in numpy.__all__:
        x, y = getattr(numpy, name), getattr(np, name)
        if isinstance(x, type) and name not in ("ndarray", "ndenumerate", "vectorize"):
            assert y is x, name
        elif isinstance(x, types.ModuleType):
            assert y is (
                x if name not in _CONVERTED else importlib.import_module(f"xgrad.numpy.{name}")
            )
        elif not callable(x) and name not in ("c_", "r_", "mgrid", "ogrid"):
            assert y is x, name


_CONVERTED = ("emath", "fft", "linalg", "random", "testing")


def test_functions_have_numpys_signatures_and_docstrings():
    for name in numpy.__all__:
        x, y = getattr(numpy, name), getattr(np, name)
        if callable(x) and not isinstance(x, type) and hasattr(x, "__name__"):
            words = (x.__doc__ or "").split()[:50]  # SciPy adds to the docstring of np.sinc
            assert y.__doc__.split()[: len(words)] == words, name
            assert "Tensor" in y.__doc__
            assert y.__module__.startswith("xgrad.numpy")
            try:
                signature = inspect.signature(x)
            except ValueError:
                continue
            assert inspect.signature(y) == signature, name


def test_functions_are_pickled_by_name():
    for f in (np.sum, np.add, np.linalg.norm, np.array):
        assert pickle.loads(pickle.dumps(f)) is f


@pytest.mark.parametrize("module", ["", ".linalg", ".fft", ".random", ".emath", ".testing"])
def test_the_examples_of_the_modules(module):
    text = importlib.import_module(f"xgrad.numpy{module}").__doc__
    test = doctest.DocTestParser().get_doctest(text, {}, module, None, 0)
    assert doctest.DocTestRunner().run(test).failed == 0


def test_submodules_are_imported_by_name():
    for name in (
        "ma",
        "polynomial",
        "lib",
        "char",
        "rec",
        "strings",
        "exceptions",
        "dtypes",
        "ctypeslib",
    ):
        assert importlib.import_module(f"xgrad.numpy.{name}") is getattr(numpy, name)
        assert getattr(np, name) is getattr(numpy, name)
    assert importlib.import_module("xgrad.numpy.polynomial.legendre") is numpy.polynomial.legendre
    assert xg.numpy is np


# -- plain arrays --------------------------------------------------------------------------------

PLAIN = {
    "zeros": lambda np: np.zeros((2, 3)),
    "zeros_like": lambda np: np.zeros_like(X),
    "array": lambda np: np.array(X),
    "list": lambda np: np.array([1.0, 2.0]),
    "complex": lambda np: np.ones(2, complex),
    "single": lambda np: np.ones(2, "f4"),
    "sin": lambda np: np.sin(X),
    "out": lambda np: np.add(X, 1, out=np.empty((2, 3))),
    "outer": lambda np: np.multiply.outer(X, X),
    "sum": lambda np: np.sum(X, axis=0),
    "stack": lambda np: np.stack([X, X]),
    "linspace": lambda np: np.linspace(0, 1, 5),
    "meshgrid": lambda np: np.meshgrid([1.0, 2.0], [3.0, 4.0]),
    "eigh": lambda np: np.linalg.eigh(X @ X.T),
    "fft": lambda np: np.fft.fft(X),
    "mgrid": lambda np: np.mgrid[0:1:3j, 0:2:3j],
    "r_": lambda np: np.r_[X[0], 1.0, 0:2],
    "c_": lambda np: np.c_[X[0], X[1]],
    "ndarray": lambda np: np.ndarray(3) * 0,
    "vectorize": lambda np: np.vectorize(lambda x: x + 1)(X),
    "linalg": lambda np: np.linalg.solve(X[:, :2], X[:, 2]),
    "eye": lambda np: np.eye(3),
    "gradient": lambda np: np.gradient(X),
    "cov": lambda np: np.cov(X),
}
UNCHANGED = {
    "int": lambda np: np.arange(3),
    "bool": lambda np: np.isnan(X),
    "scalar": lambda np: np.sum(X),
    "same": lambda np: np.asarray(X),
    "view": lambda np: np.reshape(X, (3, 2)),
    "split": lambda np: np.split(X, 3, axis=1),
    "atleast": lambda np: np.atleast_2d(X),
    "broadcast": lambda np: np.broadcast_to(X, (2, 2, 3)),
    "buffer": lambda np: np.frombuffer(b"12345678"),
    "object": lambda np: np.array([None, 1.0], dtype=object),
    "longdouble": lambda np: np.ones(2, np.longdouble),
    "text": lambda np: np.array(["a"]),
    "shape": lambda np: np.shape(X),
    "argsort": lambda np: np.argsort(X),
}


def kinds(x):
    return {k for part in x for k in kinds(part)} if isinstance(x, list | tuple) else {type(x)}


@pytest.mark.parametrize("name", PLAIN)
def test_new_arrays_are_plain_outside_and_constants_inside(name):
    f = PLAIN[name]
    expected = f(numpy)
    assert kinds(f(np)) == {numpy.ndarray}
    assert equal_to(f(np), expected)
    for transform in (xg.grad, xg.vjp, lambda g: lambda x: xg.jvp(g, (x,), (1.0,)), xg.hessian):
        with_vjp = (lambda g: lambda x: xg.vjp(g, x)) if transform is xg.vjp else transform
        found = inside(lambda t: f(np), with_vjp)
        assert kinds(found) == {xg.Tensor}
        assert not any(
            x.requires_grad for x in (found if isinstance(found, list | tuple) else [found])
        )
        assert equal_to(found, expected)
    assert type(expected) not in (list, tuple) or type(f(np)) is type(expected)


@pytest.mark.parametrize("name", UNCHANGED)
def test_numbers_integers_and_views_are_numpys(name):
    f = UNCHANGED[name]
    found = inside(lambda t: f(np))
    assert kinds(found) == kinds(f(numpy)) == kinds(f(np))
    if name == "view":
        assert numpy.shares_memory(found, X)


# -- which transform runs here ---------------------------------------------------------------------


def made():
    return type(np.zeros(2))


def test_a_transform_in_another_thread_does_not_count():
    entered, leave = threading.Event(), threading.Event()

    def f(t):
        entered.set()
        assert leave.wait(10)
        return t * made().__name__.count("Tensor")

    found = []
    thread = threading.Thread(target=lambda: found.append(xg.grad(f)(2.0)))
    thread.start()
    assert entered.wait(10)
    assert made() is numpy.ndarray
    leave.set()
    thread.join()
    assert found == [1.0]


def test_a_transform_in_another_task_does_not_count():
    async def plain():
        await asyncio.sleep(0)
        return made()

    async def both():
        return await asyncio.gather(plain(), plain(), asyncio.to_thread(inside, lambda t: made()))

    assert asyncio.run(both()) == [numpy.ndarray, numpy.ndarray, xg.Tensor]


def test_generators_see_the_transform_of_their_caller():
    def generate():
        while True:
            yield made()

    kinds = generate()
    assert next(kinds) is numpy.ndarray
    assert inside(lambda t: next(kinds)) is xg.Tensor
    assert next(kinds) is numpy.ndarray


def test_nested_transforms_and_exceptions():
    def f(t):
        inner = xg.grad(lambda s: s * s)(t)
        assert made() is xg.Tensor
        with pytest.raises(ZeroDivisionError):
            xg.grad(lambda s: 1 / 0)(t)
        assert made() is xg.Tensor
        return inner * t

    assert xg.grad(f)(3.0) == 12.0
    assert made() is numpy.ndarray
    with pytest.raises(ZeroDivisionError):
        xg.grad(lambda t: 1 / 0)(1.0)
    assert made() is numpy.ndarray


def test_rules_of_the_user_count():
    found = []

    @xg.custom_vjp
    def f(x):
        found.append(made())
        return x * x

    def forward(x):
        found.append(made())
        return x * x, x

    def backward(x, g):
        buffer = np.zeros(1)
        found.append(type(buffer))
        buffer[0] = 2 * x * g
        return (buffer[0],)

    f.defvjp(forward, backward)
    assert xg.grad(f)(3.0) == 6.0
    assert set(found) == {xg.Tensor}


def test_buffers_in_every_transform():
    def f(x):
        a = np.zeros(3)
        a[0] = x[0] * x[1]
        a[1:] = np.sin(x)
        a += x[0]
        b = np.zeros_like(a)
        for i in range(3):
            b[i] = a[i] ** 2
        return b

    x = numpy.asarray([0.3, 0.7])
    jacobian = xg.jacrev(f)(x)
    assert type(jacobian) is numpy.ndarray
    numpy.testing.assert_allclose(xg.jacfwd(f)(x), jacobian)
    value, tangent = xg.jvp(f, (x,), (numpy.asarray([1.0, 2.0]),))
    numpy.testing.assert_allclose(tangent, jacobian @ [1.0, 2.0])
    batch = numpy.asarray([x, 2 * x, 3 * x])
    rows = xg.vmap(f)(batch)
    assert type(rows) is type(value) is numpy.ndarray
    numpy.testing.assert_allclose(rows, [xg.vmap(f)(row[None])[0] for row in batch])
    numpy.testing.assert_allclose(xg.vmap(xg.jacrev(f))(batch)[0], jacobian)
    third = xg.jacfwd(xg.jacrev(xg.jacfwd(f)))(x)
    numpy.testing.assert_allclose(third, xg.jacrev(xg.jacrev(xg.jacrev(f)))(x), atol=1e-12)


def test_arrays_that_leave_a_transform():
    kept = []

    def f(x):
        a = np.zeros(2)
        kept.append(a)
        return np.sum(x), (a, np.ones(2))

    gradient, (a, ones) = xg.grad(f, has_aux=True)(X)
    assert {type(gradient), type(a), type(ones)} == {numpy.ndarray}
    assert equal_to(kept[0], a)
    assert type(xg.vmap(lambda x: np.zeros(2))(X)) is numpy.ndarray
    assert type(xg.vmap(lambda x: np.zeros(2))(xg.asarray(X))) is xg.Tensor


def test_checkpoints_and_linearize_run_functions_too():
    w = xg.tensor([1.0, 2.0], requires_grad=True)

    def f(x):
        a = np.zeros(2)
        a[:] = x * x
        return np.sum(a)

    xg.checkpoint(f)(w).backward()
    assert equal_to(w.grad, numpy.asarray([2.0, 4.0]))
    value, push = xg.linearize(f, numpy.asarray([1.0, 2.0]))
    assert push(numpy.asarray([1.0, 0.0])) == 2.0


# -- Tensors among the arguments -----------------------------------------------------------------

OF_TENSORS = {
    "array of numbers": lambda np, t: np.array([t, 2 * t, 1.0]),
    "array of rows": lambda np, t: np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]),
    "array of arrays": lambda np, t: np.array([t * X[0], X[1]]),
    "array with axes": lambda np, t: np.array(t * X, ndmin=3, copy=True, order="F", subok=True),
    "array of single precision": lambda np, t: np.array([t, 1], dtype="f4"),
    "array of tuples": lambda np, t: np.array(((t, 1.0), (2.0, t)), float),
    "asarray": lambda np, t: np.asarray([t, 1.0]),
    "asarray of an array": lambda np, t: np.asarray(t * X),
    "asanyarray": lambda np, t: np.asanyarray(t * X, dtype=complex),
    "ascontiguousarray": lambda np, t: np.ascontiguousarray(t),
    "asfortranarray": lambda np, t: np.asfortranarray(t),
    "asarray_chkfinite": lambda np, t: np.asarray_chkfinite([t, 1.0]),
    "require": lambda np, t: np.require(t * X, requirements=["C"]),
    "full": lambda np, t: np.full(3, t),
    "full of an array": lambda np, t: np.full((2, 3), t * X[0], dtype="f4"),
    "full of a list": lambda np, t: np.full((2, 2), [t, 1.0]),
    "arange": lambda np, t: np.arange(t, 5),
    "arange with a step": lambda np, t: np.arange(0, 5, t),
    "linspace": lambda np, t: np.linspace(t, 1, 5),
    "stack": lambda np, t: np.stack([t, 2 * t]),
    "stack of lists": lambda np, t: np.stack([[t, 1.0], [2.0, t]]),
    "concatenate": lambda np, t: np.concatenate([t * X, X], axis=0),
    "concatenate of lists": lambda np, t: np.concatenate(([t, 1.0], [2.0])),
    "hstack": lambda np, t: np.hstack([[t, 1.0], [2.0]]),
    "sum of a list": lambda np, t: np.sum([t, t, 1.0]),
    "max of a list": lambda np, t: np.max([t, 3 * t]),
    "mean of rows": lambda np, t: np.mean([[t, 1.0], [2.0, t]], axis=0),
    "add to a list": lambda np, t: np.add([t, 2 * t], 1),
    "ufunc of lists": lambda np, t: np.multiply([t, 1.0], [2.0, t]),
    "norm of a list": lambda np, t: np.linalg.norm([t, 1.0]),
    "where": lambda np, t: np.where([True, False], [t, t], 0.0),
    "dot": lambda np, t: np.dot([t, 1.0], [2.0, t]),
    "r_": lambda np, t: np.r_[t, 1:3, [t, 5.0], X[0] * t],
    "r_ of rows": lambda np, t: np.r_["0,2", X[0] * t, X[1]],
    "r_ with a first axis": lambda np, t: np.r_["0,2,0", X[0] * t, X[1]],
    "r_ along the last axis": lambda np, t: np.r_["-1", X * t, X],
    "r_ with a range": lambda np, t: np.r_[0:t:3j, t],
    "c_": lambda np, t: np.c_[X[0] * t, X[1]],
    "c_ of lists": lambda np, t: np.c_[[t, 1.0], [2.0, 3.0]],
    "c_ of matrices": lambda np, t: np.c_[X * t, X, X[:, 0]],
    "vectorize": lambda np, t: np.vectorize(lambda a: a * t if a > 1 else a)(X),
    "vectorize of it": lambda np, t: np.vectorize(lambda a, b: a * b)(X * t, X[0]),
    "vectorize with a signature": lambda np, t: np.vectorize(np.dot, signature="(n),(n)->()")(X * t, X),
    "vectorize with two values": lambda np, t: np.vectorize(lambda a: (a, 2 * a))(X * t),
    "vectorize with exclusions": lambda np, t: np.vectorize(lambda a, k: a * k, excluded=["k"])(X * t, k=2),
    "fromfunction": lambda np, t: np.fromfunction(lambda i, j: i * t + j, (2, 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_TENSORS)
def test_tensors_anywhere_among_the_arguments(name):
    f = OF_TENSORS[name]

    def total(t):
        out = f(np, t)
        return sum(np.sum(part) for part in out) if isinstance(out, tuple) else np.sum(out)

    expected = f(numpy, numpy.float64(2.0))
    found = inside(lambda t: f(np, t))
    assert all(x.requires_grad for x in (found if isinstance(found, tuple) else [found]))
    values = xg.vjp(lambda t: f(np, t), 2.0)[0]
    for ours, numpys in zip(_parts(values), _parts(expected), strict=True):
        assert numpy.asarray(ours).dtype == numpy.asarray(numpys).dtype
        assert numpy.shape(ours) == numpy.shape(numpys)
        numpy.testing.assert_allclose(ours, numpys, rtol=1e-7)
    if name.startswith("arange"):  # the number of elements jumps
        return
    h = 1e-6
    sums = [sum(numpy.sum(p) for p in _parts(f(numpy, numpy.float64(2 + s * h)))) for s in (1, -1)]
    value, pull = xg.vjp(total, 2.0)
    slope = numpy.real(pull(value * 0 + 1)[0])
    if expected_dtype(expected).itemsize > 4 or expected_dtype(expected).kind == "c":
        numpy.testing.assert_allclose(slope, numpy.real(sums[0] - sums[1]) / (2 * h), rtol=1e-6)


def expected_dtype(x):
    return numpy.asarray(_parts(x)[0]).dtype


def _parts(x):
    return x if isinstance(x, tuple) else (x,)


def test_arange_has_the_derivative_of_its_elements():
    assert xg.grad(lambda t: np.sum(np.arange(t, 5)))(2.0) == 3.0
    assert xg.grad(lambda t: np.sum(np.arange(0, 5, t)))(2.0) == 3.0


def test_the_values_of_arrays_that_are_not_copied():
    w = xg.tensor([1.0, 2.0], requires_grad=True)
    assert np.asarray(w) is w
    copied = np.array(w)
    assert copied is not w
    assert copied.requires_grad
    with pytest.raises(ValueError, match="copy=False"):
        np.array([w, w], copy=False)
    with pytest.raises(ValueError, match="infs or NaNs"):
        np.asarray_chkfinite(w * numpy.inf)


LIKE = {
    "zeros": (3,), "ones": ((2, 3), "f4"), "empty": (2,), "full": (3, 1.5), "eye": (3, 4), "tri": (3,),
    "identity": (2,), "arange": (1, 5), "array": ([1.0, 2.0],), "asarray": ([1, 2],),
    "asanyarray": ([1.0],), "ascontiguousarray": (1.0,), "asfortranarray": ([1.0],),
    "fromfunction": (lambda i: i * 2.0, (3,)), "fromiter": ([1.0, 2.0], float),
    "frombuffer": (b"12345678",), "require": ([1.0],),
}  # fmt: skip


@pytest.mark.parametrize("name", LIKE)
@pytest.mark.parametrize("module", [numpy, np])
def test_like_a_tensor(name, module):
    w = xg.tensor([1.0, 2.0], requires_grad=True)
    out = getattr(module, name)(*LIKE[name], like=w)
    assert type(out) is xg.Tensor
    assert not out.requires_grad
    if name != "empty":
        assert equal_to(out, getattr(numpy, name)(*LIKE[name]))
    if out.dtype.kind == "f":
        out[...] = w[0]
        assert out.requires_grad


# -- types ---------------------------------------------------------------------------------------


def test_tensors_are_instances_of_ndarray():
    t = xg.asarray(X)
    assert isinstance(t, np.ndarray)
    assert isinstance(X, np.ndarray)
    assert not isinstance(1.0, np.ndarray)
    assert not isinstance(t, numpy.ndarray)
    assert issubclass(numpy.ndarray, np.ndarray)
    assert type(np.ndarray((2, 2))) is numpy.ndarray
    assert type(X) == np.ndarray  # noqa: E721 - as programs have it
    assert type(t) == np.ndarray  # noqa: E721
    assert float != np.ndarray  # noqa: E721
    assert {np.ndarray: 1}[numpy.ndarray] == 1

    class Marked(np.ndarray):
        pass

    assert Marked != np.ndarray
    assert len({Marked, np.ndarray}) == 2
    assert type(X.view(Marked)) is Marked
    assert isinstance(X.view(Marked), Marked)
    assert not isinstance(X, Marked)


def test_ufuncs_are_ufuncs():
    assert isinstance(np.add, np.ufunc)
    assert (np.add.nin, np.add.nout, np.add.identity) == (2, 1, 0)
    assert repr(np.add) == "<ufunc 'add'>"
    assert np.add.reduce(X).tolist() == numpy.add.reduce(X).tolist()
    a = numpy.zeros(3)
    np.add.at(a, [0, 0, 2], 1.0)
    assert a.tolist() == [2, 0, 1]


def test_isscalar():
    def f(np, t, x):
        return [np.isscalar(a) for a in (t, x[0], np.sum(x), x, np.array(1.0), [t], 1, "a")]

    expected = f(numpy, 2.0, X[0])
    assert expected == [True, True, True, False, False, False, True, True]
    assert inside(lambda t: f(np, t, t * X[0])) == expected
    assert f(np, 2.0, X[0]) == expected


def test_ndenumerate():
    t = xg.asarray(X)
    assert [(i, float(x)) for i, x in np.ndenumerate(t)] == [*numpy.ndenumerate(X)]
    assert [*np.ndenumerate(X)] == [*numpy.ndenumerate(X)]


def test_random_numbers():
    np.random.seed(3)
    a = np.random.rand(3)
    numpy.random.seed(3)  # noqa: NPY002
    assert equal_to(a, numpy.random.rand(3))  # noqa: NPY002
    assert type(inside(lambda t: np.random.standard_normal(2))) is xg.Tensor
    rng = np.random.default_rng(0)
    assert isinstance(rng, numpy.random.Generator)
    assert np.random.default_rng(rng) is rng
    assert type(inside(lambda t: rng.standard_normal(2))) is xg.Tensor
    assert type(inside(lambda t: rng.integers(3, size=2))) is numpy.ndarray
    expected = numpy.random.default_rng(3).choice([1.0, 2.0, 3.0], 2, replace=False)
    assert equal_to(np.random.default_rng(3).choice([1.0, 2.0, 3.0], 2, replace=False), expected)
    assert type(rng.spawn(1)[0]) is type(rng)
    assert isinstance(pickle.loads(pickle.dumps(rng)), numpy.random.Generator)
    with pytest.raises(xg.AutogradError, match=r"normal.*mean \+ deviation"):
        xg.grad(lambda t: rng.normal(t))(1.0)
    assert np.random.normal(xg.asarray(1.0), 0.0) == 1.0
    with pytest.raises(xg.AutogradError, match=r"np\.random\.normal.*mean \+ deviation"):
        xg.grad(lambda t: np.random.normal(t))(1.0)


@pytest.mark.parametrize("draw", [
    "r.permutation(x)", "r.choice(x)", "r.choice(x, 5)", "r.choice(x, 3, replace=False)", "r.choice(x, (2, 2), p=p)",
    "(r.shuffle(x), x)[1]", "r.permutation(m)", "(r.shuffle(m), m)[1]",
])  # fmt: skip
@pytest.mark.parametrize("legacy", [False, True])
def test_random_elements_have_derivatives(draw, legacy):
    x, p = numpy.asarray([0.5, 1.5, 2.0, 4.0]), [0.1, 0.2, 0.3, 0.4]

    def drawn(module, x, m):
        generator = _seeded(module.random) if legacy else module.random.default_rng(5)
        return eval(draw, {"r": generator, "x": x, "m": m, "p": p})  # noqa: S307 - our own

    expected = drawn(numpy, x.copy(), X.copy())
    value, slope = xg.jvp(lambda t: drawn(np, t * x, t * X), (1.0,), (1.0,))
    numpy.testing.assert_array_equal(value, expected)
    numpy.testing.assert_array_equal(slope, expected)


def _seeded(module):
    module.seed(5)
    return module


def test_lists_of_tensors_are_shuffled():
    def f(t):
        parts = [t, 2 * t, 3 * t]
        np.random.default_rng(0).shuffle(parts)
        return parts[0] * 1.0

    order = [1, 2, 3]
    numpy.random.default_rng(0).shuffle(order)
    assert xg.grad(f)(1.0) == order[0]
    with pytest.raises(TypeError, match="axis 0"):
        xg.grad(lambda t: np.sum(np.random.default_rng(0).permutation(t * X, axis=1)))(1.0)


def test_assertions_compare_the_values_of_tensors():
    def f(t):
        np.testing.assert_allclose(np.array([t, 1.0]), [2.0, 1.0])
        np.testing.assert_equal({"a": t}, {"a": 2.0})
        with pytest.raises(AssertionError):
            np.testing.assert_allclose(t, 3.0)
        return t

    assert xg.grad(f)(2.0) == 1.0
    assert xg.jvp(f, (2.0,), (1.0,)) == (2.0, 1.0)
    with pytest.raises(xg.AutogradError, match="vmap"):
        xg.vmap(f)(numpy.ones(2))
    with np.testing.assert_raises(ValueError):
        raise ValueError


def test_vectorize():
    @np.vectorize
    def f(x, y=1.0):
        return x if x > y else y

    @np.vectorize(otypes=[float])
    def g(x):
        return 0 if x < 1 else x

    assert equal_to(f(X), numpy.maximum(X, 1.0))
    numpy.testing.assert_array_equal(xg.grad(lambda x: np.sum(f(x, y=1.0)))(X), X > 1)
    numpy.testing.assert_array_equal(xg.grad(lambda x: np.sum(g(x)))(X), X > 1)
    integers = np.vectorize(lambda x: 0 if x < 1 else x)
    with pytest.raises(TypeError, match="otypes"):
        xg.grad(lambda x: np.sum(integers(x)))(X)
    h = np.frompyfunc(lambda x, y: x * y, 2, 1)
    assert h(X, 2).dtype == object
    numpy.testing.assert_array_equal(xg.grad(lambda x: np.sum(h(x, X)))(X), X)
    numpy.testing.assert_array_equal(
        xg.grad(lambda x: np.sum(np.frompyfunc(lambda a: (a, 2 * a), 1, 2)(x)[1]))(X), 2 * X**0
    )


def test_arguments_that_do_not_fit():
    with pytest.raises(TypeError, match="has 2 arguments, got 1"):
        xg.grad(lambda t: np.vectorize(np.dot, signature="(n),(n)->()")(t))(X[0])
    with pytest.raises(ValueError, match="without elements"):
        xg.grad(lambda t: np.sum(np.vectorize(lambda a: a)(t)))(numpy.zeros(0))
    with pytest.raises(TypeError, match="cannot be changed"):
        np.add.__class__ = int
    assert (np.r_.axis, np.mgrid.sparse) == (numpy.r_.axis, numpy.mgrid.sparse)


def test_grids_need_numbers():
    with pytest.raises(TypeError, match="meshgrid"):
        xg.grad(lambda t: np.sum(np.mgrid[0:t:3j]))(2.0)
    with pytest.raises(ValueError, match="matrices"):
        xg.grad(lambda t: np.sum(np.r_["r", t]))(2.0)
    assert len(np.r_) == 0


# -- numbers -------------------------------------------------------------------------------------


def test_results_without_axes_are_numbers_which_do_not_change():
    """In NumPy they are scalars: ``b = a`` and ``b += 1`` leave ``a`` unchanged."""

    def f(np, x):
        first = x[0]
        total = first
        total += x[1]
        largest = x.max()
        scaled = largest
        scaled *= first
        product = np.sum(x) * 1.0
        kept = product
        product += x  # a vector
        power = kept
        power **= 2
        for element in x:
            element -= 1.0
        return np.sum(product * first) + total * scaled - kept * largest + power + x.sum()

    x = numpy.asarray([0.5, 1.5, -2.0])
    value, gradient = xg.value_and_grad(lambda x: f(np, x))(x)
    numpy.testing.assert_allclose(value, f(numpy, x))
    h = 1e-6
    numeric = [(f(numpy, x + h * e) - f(numpy, x - h * e)) / (2 * h) for e in numpy.eye(3)]
    numpy.testing.assert_allclose(gradient, numeric, rtol=1e-7)
    numpy.testing.assert_allclose(xg.vmap(lambda x: f(np, x))(x[None]), [f(numpy, x)])
    integers = xg.sum(xg.asarray([1, 2]))
    integers += 0.5
    assert integers.item() == 3.5


def test_arrays_without_axes_are_written_in_place():
    w = xg.tensor(2.0, requires_grad=True)
    (w * w).backward()

    def check(a):
        b = a
        b += w
        b *= 2.0
        assert a is b

    for a in (xg.zeros(()), xg.tensor(1.0), xg.asarray(1.0), xg.full((), 2.0), w.grad):
        check(a)
    check(xg.zeros_like(xg.sum(w)))
    check(inside(lambda t: np.zeros(())))
    x = xg.asarray([1.0, 2.0])
    part = x[..., 0]
    part += 1.0
    assert x.tolist() == [2.0, 2.0]
    leaf = w
    with xg.no_grad():
        leaf -= 0.5
    assert leaf is w
    assert w.item() == 1.5


# -- what shares memory in NumPy ---------------------------------------------------------------------

VIEWS = [
    "np.split(x, 2)[0]", "np.array_split(x, 3)[1]", "np.hsplit(x, 2)[1]", "np.vsplit(x, 2)[0]", "np.transpose(x)",
    "np.dsplit(x[None], 2)[0]", "np.swapaxes(x, 0, 1)", "np.moveaxis(x, 0, 1)", "np.rollaxis(x, 1)", "np.reshape(x, (2, 8))",
    "np.reshape(x, (2, 8), order='F')", "np.ravel(x)", "np.ravel(x, 'F')", "np.squeeze(x[None])", "np.expand_dims(x, 0)",
    "np.atleast_1d(x)", "np.atleast_2d(x[0])", "np.atleast_3d(x[0])", "np.real(x)", "np.flip(x)", "np.flip(x, 0)",
    "np.fliplr(x)", "np.flipud(x)", "np.rot90(x)", "np.rot90(x, 2)", "np.rot90(x, 0)", "np.unstack(x)[0]",
    "np.permute_dims(x, (1, 0))", "np.matrix_transpose(x)", "np.linalg.matrix_transpose(x)", "np.asarray(x)",
    "np.array(x)", "np.array(x, copy=None)", "np.array(x, copy=None, order='F')", "np.ascontiguousarray(x)",
    "np.ascontiguousarray(x.T)", "np.ascontiguousarray(x[1:])", "np.ascontiguousarray(x[:, 1:])", "np.asfortranarray(x)",
    "np.asfortranarray(x.T)", "np.asfortranarray(x[:, :1])", "np.ascontiguousarray(x[0, ::2])", "np.require(x.T, requirements=['C'])", "np.copy(x)",
    "np.asarray(x, order='F')", "np.asarray(x, dtype=complex)", "np.nan_to_num(x, copy=False)", "np.nan_to_num(x)", "np.take(x, [0], axis=0)",
    "np.compress([True, False, True, False], x, axis=0)", "np.delete(x, 0, axis=0)", "np.roll(x, 1)", "np.diag(x[0])",
    "np.tril(x)", "np.where(x > 0, x, x)", "np.clip(x, 0, None)", "np.positive(x)", "np.conj(x)", "np.sort(x)",
    "np.tile(x, 1)", "np.repeat(x, 1)", "np.concatenate([x])", "np.stack([x])[0]", "np.hstack([x])", "np.block([x])",
    "np.meshgrid(x[0], x[0])[0]", "np.extract(x > 0, x)", "np.select([x > 0], [x])", "np.trim_zeros(x[0])",
    "np.partition(x, 1)", "x.T", "x.mT", "x.transpose()", "x.swapaxes(0, 1)", "x.ravel()",
    "x.ravel('F')", "x.flatten()", "x.reshape(-1)", "x.squeeze()", "x.copy()", "x.real", "x.astype(float)",
    "x.astype(float, copy=False)", "x.clip(0)", "x.repeat(1)", "x.take([0])", "x.conj()", "x.conjugate()", "np.linalg.matrix_power(x, 1)",
    "np.reshape(x[0], (2, 2), order='F')[0]", "x[0].reshape((2, 2), order='F')[0]", "x[0].reshape(1, 2, 2, order='A')[0, 0]",
    "np.linalg.matrix_power(x, np.int64(2))", "x[1:, ::2]", "x[[0, 1]]", "x[x > 3]", "x[..., 0]",
]  # fmt: skip


@pytest.mark.parametrize("expression", VIEWS)
def test_writes_into_results_change_the_arrays_that_they_change_in_numpy(expression):
    after = []
    for module, make in ((numpy, numpy.array), (np, xg.asarray)):
        x = make(numpy.arange(1.0, 17.0).reshape(4, 4)) * 1.0
        eval(expression, {"np": module, "x": x})[...] = -1.0  # noqa: S307 - our own
        after.append(numpy.asarray(x))
    numpy.testing.assert_array_equal(after[1], after[0])


def test_tuples_that_are_not_arrays():
    """An index of ``ufunc.at``, ``out=`` and ``axis=`` with Tensors inside."""
    for module in (numpy, np):
        t = xg.asarray([1.5, 2.0])
        other = xg.zeros(2)
        assert module.add(t, 10.0, out=(t,)) is t
        numpy.testing.assert_array_equal(host(t), [11.5, 12.0])
        module.modf(t, out=(t, other))
        numpy.testing.assert_array_equal(host(other), [11.0, 12.0])
        i, j, k = (xg.asarray(x) for x in ([0, 1, 1], [2, 2, 2], 2))
        for key in ((i, j), (i[1], j[0]), (i, 2), (..., i), (i, slice(None)), (slice(None), i), i):
            b, want = xg.zeros((3, 3)), numpy.zeros((3, 3))
            plain = (
                tuple(host(x) if type(x) is xg.Tensor else x for x in key)
                if key is not i
                else host(i)
            )
            module.add.at(b, key, 1.0)
            numpy.add.at(want, plain, 1.0)
            numpy.testing.assert_array_equal(host(b), want)
        b = xg.zeros((3, 3))
        module.add.at(b, module.nonzero(xg.asarray(numpy.eye(3))), 1.0)
        numpy.testing.assert_array_equal(host(b), numpy.eye(3))
        x = xg.ones((2, 3, 4))
        assert module.sum(x, axis=(0, k)).shape == module.sum(x, (0, k)).shape == (3,)
        assert module.flip(x, (0, k)).shape == (2, 3, 4)
        assert module.expand_dims(x, (0, k)).shape == (1, 2, 1, 3, 4)
    grad = xg.grad(lambda v: np.sum(_scattered(v) ** 2))(numpy.asarray([1.0, 2.0]))
    numpy.testing.assert_array_equal(host(grad), [6.0, 6.0])


def test_lengths_and_axes_are_integers_one_by_one():
    k, x, m = xg.asarray(2), xg.asarray([1.0, 2.0, 3.0]), xg.ones((3, 4))
    calls = [
        lambda np, k, x, m: np.resize(x, (k, 2)),
        lambda np, k, x, m: np.reshape(m, (k, 6)),
        lambda np, k, x, m: np.tile(x, (k, 2)),
        lambda np, k, x, m: np.broadcast_to(x, (k, 3)),
        lambda np, k, x, m: np.zeros_like(x, shape=(k, 2)),
        lambda np, k, x, m: np.roll(m, (k, 1), (0, 1)),
        lambda np, k, x, m: np.moveaxis(m, (k - 1, 0), (0, 1)),
        lambda np, k, x, m: np.fft.fftn(m, s=(k, 2), axes=(0, k - 1)),
        lambda np, k, x, m: np.unravel_index(k, (k, 2)),
        lambda np, k, x, m: np.ravel_multi_index((k, k), (3, k + 2)),
        lambda np, k, x, m: np.unstack(m, axis=k - 1),
        lambda np, k, x, m: np.gradient(m, axis=(0, k - 1)),
        lambda np, k, x, m: np.linalg.norm(m, axis=(0, k - 1)),
    ]
    for f in calls:
        want = f(numpy, 2, host(x), host(m))
        got = f(np, k, x, m)
        numpy.testing.assert_array_equal(numpy.asarray(got), numpy.asarray(want))


#: Parameters of NumPy's functions whose lists are one array, or which are not sequences.
JOINED = frozenset(
    """A N UPLO X a a1 a2 a_max a_min allow_pickle append ar ar1 ar2 args arr array arrays_and_dtypes
    ary arys assume_unique atol aweights axis1 axis2 axisa axisb axisc b base begindates bias bitorder
    busdaycal casting comments compute_uv condition copy correction count cov dates ddof decimals
    default deg delimiter density device discont dst dtype dx edge_order edgeitems einsum_call element
    encoding enddates endpoint equal_nan f file fill_value filt floatmode fmt fname footer formatter
    fp from_ full full_matrices func func1d fweights header hermitian holidays include_initial
    increasing ind indexing indices indices_or_sections initial invert k keepdims kind kth kw kwargs
    kwds left legacy m mask max max_line_width max_work mean method min minlength mode n nan neginf
    newline norm num obj offset offsets operands optimize ord order overwrite_input p pad_width period
    posinf precision prefix prepend prototype q range rcond repeats retstep return_counts return_index
    return_indices return_inverse returned right roll rowvar rtol separator seq_of_zeros side sign
    sorted sorter sparse src stable start stop subok suffix suppress_small test_elements threshold
    timezone to to_begin to_end tol trim u unit upper v val vals values varargs w weekmask weights
    where wrap x x1 x2 xi xp y z""".split()
)
#: Sequences that are one by one in some functions only.
SEQUENCES = frozenset("arrays bins choicelist choices condlist funclist keys sample tup".split())


def test_what_lists_mean_is_known_of_every_parameter_of_numpy():
    """A parameter with a new name is one array, a sequence, or apart: put it in one of the sets."""
    known = JOINED | SEQUENCES | APART | {"multi_index"}
    for module in (numpy, numpy.linalg, numpy.fft):
        for name, function in vars(module).items():
            if hasattr(function, "_implementation"):
                unknown = set(inspect.signature(function).parameters) - known
                assert not unknown, (name, unknown)


def _scattered(v):
    b = np.zeros((2, 2))
    np.add.at(b, (xg.asarray([0, 0]), xg.asarray([1, 1])), [v[0], v[1]])
    return b
