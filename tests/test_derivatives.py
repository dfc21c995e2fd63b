"""Jacobians, Hessians, linearize and vmap over trees: their arguments and results."""

import threading

import numpy as np
import pytest

import xgrad as xg
from tests.environment import COMPILES, NAME, host, raw

pytestmark = pytest.mark.skipif(NAME == "dask", reason="dask has first derivatives only")
RNG = np.random.default_rng(3)
X, M = RNG.normal(size=5), RNG.normal(size=(3, 5))


def close(a, b, tolerance=1e-10):
    np.testing.assert_allclose(host(a), host(b), rtol=tolerance, atol=tolerance)


def f(x):
    return xg.sin(x) * xg.sum(x**2)


def test_jacobians():
    x = raw(X)
    wanted = np.diag(np.cos(X)) * (X @ X) + 2 * np.outer(np.sin(X), X)
    for transform in (xg.jacrev, xg.jacfwd):
        for chunk_size in (None, 1, 2, 5, 9):
            found = transform(f, chunk_size=chunk_size)(x)
            assert type(found) is type(x)
            close(found, wanted)
        assert type(transform(f)(xg.asarray(x))) is xg.Tensor
        with pytest.raises(ValueError, match=f"{transform.__name__}: expected a positive chunk_s"):
            transform(f, chunk_size=0)(x)


def test_jacobians_over_trees():
    tree = {"a": 2.0, "b": [raw(X), raw(M)]}

    def of_tree(p, scale, *, shift):
        return {"y": p["a"] * scale * (p["b"][1] @ p["b"][0]) + shift, "z": (xg.sum(p["b"][0]),)}

    for transform in (xg.jacrev, xg.jacfwd):
        found = transform(of_tree, argnums=(0, 1))(tree, 3.0, shift=1.0)
        by_tree, by_scale = found["y"]
        close(by_tree["a"], 3.0 * M @ X)
        close(by_tree["b"][0], 6.0 * M)
        assert by_tree["b"][1].shape == (3, 3, 5)
        close(by_scale, 2.0 * M @ X)
        assert found["z"][0][1] == 0.0
        assert isinstance(found["z"][0][0]["a"], float)
        close(found["z"][0][0]["b"][0], np.ones(5))
        (only,) = transform(of_tree, argnums=(-1,))(tree, 3.0, shift=1.0)["y"]
        close(only, by_scale)


def test_numbers_in_numbers_out():
    assert xg.jacrev(lambda x: x**3)(2.0) == xg.jacfwd(lambda x: x**3)(2.0) == 12.0
    assert xg.hessian(lambda x: x**3)(2.0) == 12.0
    assert isinstance(xg.hessian(lambda x: x**3)(2.0), float)
    assert xg.hvp(lambda x: x**3, (2.0,), (10.0,)) == 120.0
    assert xg.jacfwd(xg.jacfwd(xg.jacfwd(lambda x: x**4)))(2.0) == 48.0
    assert xg.jacrev(xg.jacrev(xg.jacrev(lambda x: x**4)))(2.0) == 48.0


def test_constants_and_empty_arrays():
    for transform in (xg.jacrev, xg.jacfwd):
        close(transform(lambda x: xg.ones(2, dtype=xg.float64))(raw(X)), np.zeros((2, 5)))
        assert transform(lambda x: x[:0])(raw(X)).shape == (0, 5)
        assert transform(lambda x: xg.sum(x) + xg.ones(2))(raw(X[:0])).shape == (2, 0)
        with pytest.raises(TypeError, match=r"must return floating-point values, got dtype int64"):
            transform(lambda x: xg.argmax(x))(raw(X))
    close(xg.hessian(lambda x: xg.sum(x))(raw(X)), np.zeros((5, 5)))
    close(xg.hvp(lambda x: xg.sum(x), (raw(X),), (raw(X),)), np.zeros(5))


def test_aux():
    def with_aux(x):
        return xg.sum(x**3), {"norm": xg.sum(x**2), "note": "kept"}

    found, aux = xg.hessian(with_aux, has_aux=True)(raw(X))
    close(found, np.diag(6 * X))
    close(aux["norm"], X @ X)
    assert aux["note"] == "kept"
    assert type(aux["norm"]) is type(raw(X))
    for transform in (xg.jacrev, xg.jacfwd):
        found, aux = transform(with_aux, has_aux=True)(raw(X))
        close(found, 3 * X**2)
        close(aux["norm"], X @ X)
    product, aux = xg.hvp(with_aux, (raw(X),), (raw(X),), has_aux=True)
    close(product, 6 * X**2)
    close(aux["norm"], X @ X)
    value, f_jvp, aux = xg.linearize(with_aux, raw(X), has_aux=True)
    close(value, np.sum(X**3))
    close(f_jvp(raw(X)), 3 * np.sum(X**3))
    close(aux["norm"], X @ X)


def test_hessian_over_trees():
    def loss(p, q):
        return xg.sum(p["a"] ** 2 * q) * p["b"]

    p, q = {"a": raw(X), "b": 2.0}, raw(X + 1)
    found = xg.hessian(loss)(p, q)
    close(found["a"]["a"], np.diag(4 * (X + 1)))
    close(found["a"]["b"], 2 * X * (X + 1))
    close(found["b"]["a"], 2 * X * (X + 1))
    assert found["b"]["b"] == 0.0
    both = xg.hessian(loss, argnums=(0, 1), chunk_size=3)(p, q)
    close(both[0]["a"][1], np.diag(4 * X))
    close(both[1][0]["b"], X**2)
    products = xg.hvp(loss, (p, q), ({"a": raw(X), "b": 1.0}, raw(0 * X)))
    close(products[0]["a"], np.diag(4 * (X + 1)) @ X + 2 * X * (X + 1))
    close(products[1], 4 * X * X + X**2)


def test_complex_jacobians():
    z = raw(X + 0.5j)
    for transform in (xg.jacrev, xg.jacfwd):
        with pytest.raises(TypeError, match="holomorphic=True for a holomorphic function"):
            transform(xg.exp)(z)
        close(transform(xg.exp, holomorphic=True)(z), np.diag(np.exp(X + 0.5j)))
        with pytest.raises(TypeError, match="holomorphic=True requires complex arguments"):
            transform(xg.exp, holomorphic=True)(raw(X))
    with pytest.raises(TypeError, match="jacrev: <lambda> must return real numbers, got complex"):
        xg.jacrev(lambda x: x * 1j)(raw(X))
    close(xg.jacfwd(lambda x: x * 1j)(raw(X)), 1j * np.eye(5))


def test_linearize():
    value, f_jvp = xg.linearize(f, raw(X))
    close(value, f(xg.asarray(raw(X))))
    for t in (X, X**2, np.ones(5)):
        found = f_jvp(raw(t))
        assert type(found) is type(raw(X))
        close(found, xg.jvp(f, (raw(X),), (raw(t),))[1])
    close(xg.vmap(f_jvp)(raw(np.eye(5))), np.swapaxes(host(xg.jacrev(f)(raw(X))), 0, 1))
    with pytest.raises(ValueError, match=r"linearize: expected a tangent of shape \(5,\), got \(2"):
        f_jvp(raw(np.ones(2)))
    with pytest.raises(ValueError, match="linearize: 1 primals, but 2 tangents"):
        f_jvp(raw(X), raw(X))
    # The result is linear, and differentiable like any other function.
    close(xg.grad(lambda t: xg.sum(f_jvp(t)))(raw(X)), host(xg.jacrev(f)(raw(X))).sum(axis=0))
    close(
        xg.grad(lambda x: xg.sum(xg.linearize(f, x)[1](raw(X))))(raw(X)),
        xg.grad(lambda x: xg.sum(xg.jvp(f, (x,), (raw(X),))[1]))(raw(X)),
    )
    value, tangent = xg.linearize(lambda x, y: (x * y, 1.0), 2.0, 3.0)
    assert tangent(1.0, 10.0)[1] == 0.0


@pytest.mark.skipif(COMPILES, reason="equal eigenvalues: once is enough")
def test_linearize_where_the_tangent_decides():
    a = np.diag([2.0, 2.0, 5.0])
    t = RNG.normal(size=(3, 3))
    t = t + t.T

    def vectors(a):
        return xg.linalg.eigh(a)[0]

    _, f_jvp = xg.linearize(vectors, raw(a))
    close(f_jvp(raw(t)), xg.jvp(vectors, (raw(a),), (raw(t),))[1])


def test_vmap_in_chunks():
    x, y = raw(RNG.normal(size=(7, 3))), raw(RNG.normal(size=(3, 7)))

    def pair(a, b):
        return {"s": xg.sum(a * b), "o": a[:2]}

    whole = xg.vmap(pair, in_axes=(0, 1), out_axes={"s": 0, "o": 1})(x, y)
    for size in (1, 3, 7, 20):
        found = xg.vmap(pair, in_axes=(0, 1), out_axes={"s": 0, "o": 1}, chunk_size=size)(x, y)
        close(found["s"], whole["s"])
        close(found["o"], whole["o"])
    found, shared = xg.vmap(lambda a: (a, 3.0 * xg.ones(())), out_axes=(0, None), chunk_size=2)(x)
    assert found.shape == (7, 3)
    assert float(host(shared)) == 3.0
    with pytest.raises(ValueError, match="vmap: expected a positive chunk_size, got -1"):
        xg.vmap(pair, chunk_size=-1)(x, x)


def test_transforms_stay_connected_to_the_eager_tape():
    w = xg.tensor(raw(X), requires_grad=True)
    x = xg.tensor(raw(X + 1), requires_grad=True)
    for transform in (xg.jacrev, xg.jacfwd):
        w.grad = x.grad = None
        found = transform(lambda x: w * x**2)(x)
        assert found.requires_grad
        xg.sum(found).backward()
        close(w.grad, 2 * (X + 1))
        close(x.grad, 2 * X)
    w.grad = x.grad = None
    xg.sum(xg.hvp(lambda x: xg.sum(w * x**3), (x,), (xg.ones(5),))).backward()
    close(w.grad, 6 * (X + 1))
    close(x.grad, 6 * X)
    w.grad = None
    _, f_jvp = xg.linearize(lambda x: w * x**2, raw(X))
    xg.sum(f_jvp(raw(X))).backward()
    close(w.grad, 2 * X * X)
    with xg.no_grad():
        assert not xg.jacrev(lambda x: w * x**2)(x).requires_grad


def test_control_flow_is_pythons():
    def newton(a, depth):
        return a if depth == 0 else 0.5 * (newton(a, depth - 1) + a / newton(a, depth - 1))

    def partial_sums(x):
        total = 0.0
        for term in (x**k for k in range(1, 4)):
            total = total + term
            if total > 3.0:  # an early return
                return total
        return total

    assert abs(xg.grad(lambda a: newton(a, 2))(1.0) - 0.5) < 1e-12
    assert xg.grad(partial_sums)(2.0) == 5.0
    assert xg.grad(partial_sums)(0.5) == 1 + 2 * 0.5 + 3 * 0.25
    with pytest.raises(ZeroDivisionError):
        xg.grad(lambda x: x / (1 // 0))(1.0)
    assert xg.grad(xg.square)(3.0) == 6.0  # levels are restored
    with pytest.raises(xg.AutogradError, match="where"):
        xg.vmap(lambda x: x if x > 0 else -x)(raw(X))


def test_a_tensor_that_escapes_says_from_where():
    kept = []

    def keep(x):
        kept.append(x)
        return xg.sum(x)

    for name, run in {
        "grad": lambda: xg.grad(keep)(raw(X)),
        "jvp": lambda: xg.jvp(keep, (raw(X),), (raw(X),)),
        "vmap": lambda: xg.vmap(keep)(raw(M)),
        "linearize": lambda: xg.linearize(keep, raw(X)),
        "hvp": lambda: xg.hvp(keep, (raw(X),), (raw(X),)),
        "jacrev": lambda: xg.jacrev(keep)(raw(X)),
        "checkpoint": lambda: xg.checkpoint(keep)(xg.tensor(raw(X), requires_grad=True)),
    }.items():
        run()
        with pytest.raises(xg.LeakedTensorError, match=rf"belongs to {name}\(\)"):
            kept[-1] + 1.0


def test_threads_do_not_mix():
    found = {}

    def work(k):
        for _ in range(20):
            found[k] = xg.hessian(lambda x: k * x**3)(2.0)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == {k: 12.0 * k for k in range(4)}


def test_errors():
    with pytest.raises(TypeError, match="hvp: primals and tangents must be sequences"):
        xg.hvp(f, raw(X), raw(X))
    with pytest.raises(ValueError, match=r"hvp: <lambda> must return one number, got shape \(5,\)"):
        xg.hvp(lambda x: x, (raw(X),), (raw(X),))
    with pytest.raises(ValueError, match="jacrev: argnums=2, but f was given 1 positional"):
        xg.jacrev(f, argnums=2)(raw(X))
    with pytest.raises(TypeError, match="grad: argnums must be an int or several"):
        xg.grad(f, argnums="x")(raw(X))
    with pytest.raises(ValueError, match=r"<lambda> was given 0 positional argument\(s\) \(only"):
        xg.grad(lambda x: xg.sum(x))(x=raw(X))
    with pytest.raises(TypeError, match="jacfwd: only floating-point and complex values"):
        xg.jacfwd(f)(raw(np.arange(3)))
