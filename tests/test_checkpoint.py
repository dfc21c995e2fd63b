"""`checkpoint`: which values are kept or recomputed, and that nothing else changes."""

import gc
import tracemalloc

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import nn
from xgrad.engine.watching import watch

pytestmark = pytest.mark.skipif(NAME == "dask", reason="dask has first derivatives only")
RNG = np.random.default_rng(7)
X = RNG.normal(size=(4, 3))
POLICIES = xg.checkpoint_policies


def close(a, b, tolerance=1e-10):
    np.testing.assert_allclose(host(a), host(b), rtol=tolerance, atol=tolerance)


class Counted:
    """A watcher that counts computed values, by the name of their operation."""

    def __init__(self):
        self.calls = []

    def value(self, primitive, args, params, compute):
        self.calls.append(primitive.name)
        return compute()

    def rule(self, primitive, node, g, compute):
        return compute()


def f(x):
    h = xg.checkpoint_name(xg.exp(x * 0.5), name="h")
    return xg.sum(xg.tanh(h) * xg.sin(h))


def test_policies_choose_what_is_recomputed():
    x = raw(X)
    wanted = xg.grad(f)(x)
    named = POLICIES.save_only_these_names("h")
    again = {}
    for policy in (
        None, POLICIES.nothing_saveable, POLICIES.everything_saveable, named,
        POLICIES.save_only_these_names("other"),
    ):  # fmt: skip
        counted = Counted()
        with watch(counted):
            close(xg.grad(xg.checkpoint(f, policy=policy))(x), wanted, 1e-14)
        forward = ["multiply", "exp", "checkpoint_name", "tanh", "sin", "multiply", "sum"]
        assert counted.calls[:7] == forward
        again[policy] = [name for name in counted.calls[7:] if name in forward]
    # The rule of exp needs its value, and so do later rules; no rule needs the last product and sum.
    assert again[None] == again[POLICIES.nothing_saveable]
    assert again[None][:4] == ["multiply", "exp", "checkpoint_name", "tanh"]
    assert again[POLICIES.everything_saveable].count("exp") == 0
    assert again[named].count("exp") == 1  # its own rule needs its value
    assert again[None].count("sum") == 0


@pytest.mark.parametrize(
    ("name", "product"),
    [
        ("matrix_product", lambda x, w: xg.matmul(x, w)),
        ("matmul_transposed", lambda x, w: xg.nn.functional.linear(x, w)),
        ("affine", lambda x, w: xg.nn.functional.linear(x, w, w[0, :])),
    ],
)
def test_a_kept_value_avoids_recomputing_its_inputs(name, product):
    x, w = raw(X), raw(RNG.normal(size=(3, 3)))

    def layer(x):
        return xg.sum(xg.tanh(product(x, w)))

    for policy, products in ((None, 1), (POLICIES.dots_saveable, 0)):
        counted = Counted()
        with watch(counted):
            close(xg.grad(xg.checkpoint(layer, policy=policy))(x), xg.grad(layer)(x))
        # Forward, (recomputed,) and in the plain gradient: the reverse products are raw.
        assert counted.calls.count(name) == 2 + products
        assert counted.calls.count("tanh") == 3


def test_as_a_decorator():
    @xg.checkpoint(policy=POLICIES.dots_saveable)
    def g(x):
        return xg.sum(xg.exp(x))

    close(xg.grad(g)(raw(X)), np.exp(X))
    assert g.__name__ == "g"


def test_a_name_is_the_identity():
    def named(x):
        return xg.checkpoint_name(x, name="x") * 3.0

    x = raw(X)
    close(named(x), 3 * X)
    close(xg.grad(lambda x: xg.sum(named(x)))(x), np.full((4, 3), 3.0))
    close(xg.jvp(named, (x,), (x,))[1], 3 * X)
    close(xg.vmap(named, in_axes=1)(x), 3 * X.T)
    close(xg.linearize(named, x)[1](x), 3 * X)


def test_modules_and_closures():
    xg.random.seed(0)
    model = nn.Sequential(nn.Linear(3, 5, dtype="float64"), nn.Tanh(), nn.Dropout(0.5))
    x = raw(X)
    for start in (x, xg.asarray(x), xg.tensor(x, requires_grad=True)):
        grads = []
        for wrap in (lambda m: m, xg.checkpoint):
            xg.random.seed(1)
            model.zero_grad()
            xg.sum(wrap(model)(start) ** 2).backward()
            grads.append([host(p.grad) for p in model.parameters()])
        for a, b in zip(*grads, strict=True):
            close(a, b)
    with xg.no_grad():
        assert not xg.checkpoint(model)(x).requires_grad
    w = xg.tensor(x, requires_grad=True)
    out = xg.checkpoint(lambda a: {"y": a * w, "n": 3, "c": xg.ones(2)})(xg.asarray(x))
    assert out["n"] == 3
    assert not out["c"].requires_grad
    (g,) = xg.autograd.grad(xg.sum(out["y"] ** 2), [w], create_graph=True)
    close(g, 2 * X**3)
    (h,) = xg.autograd.grad(xg.sum(g), [w])
    close(h, 2 * X**2)


def test_a_captured_chain_is_counted_once():
    w = xg.tensor(raw(X), requires_grad=True)
    h = w * w  # captured together with the tensor it was computed from
    out = xg.checkpoint(lambda x: x * h * w)(raw(X))
    (g,) = xg.autograd.grad(xg.sum(out), [w])
    close(g, 3 * X**3)


def test_inside_and_around_other_transforms():
    g = xg.checkpoint(lambda x: xg.sum(xg.exp(x) * x))
    plain = lambda x: xg.sum(xg.exp(x) * x)  # noqa: E731
    x = raw(X[0])
    close(xg.hessian(g)(x), xg.hessian(plain)(x))
    close(xg.jacrev(xg.jacrev(g))(x), xg.hessian(plain)(x))
    close(xg.vmap(xg.grad(g))(raw(X)), xg.vmap(xg.grad(plain))(raw(X)))
    close(xg.grad(lambda x: xg.sum(xg.vmap(g)(x)))(raw(X)), xg.vmap(xg.grad(plain))(raw(X)))
    close(xg.jvp(g, (x,), (x,))[1], xg.jvp(plain, (x,), (x,))[1])
    nested = xg.checkpoint(lambda x: g(x) * xg.sum(x))
    close(xg.grad(nested)(x), xg.grad(lambda x: plain(x) * xg.sum(x))(x))
    plain_nested = lambda x: plain(x) * xg.sum(x)  # noqa: E731
    close(xg.hessian(nested)(x), xg.hessian(plain_nested)(x))
    close(xg.jacrev(xg.jacrev(nested))(x), xg.hessian(plain_nested)(x))
    close(xg.vmap(xg.grad(nested))(raw(X)), xg.vmap(xg.grad(plain_nested))(raw(X)))
    close(xg.vmap(xg.hessian(nested))(raw(X)), xg.vmap(xg.hessian(plain_nested))(raw(X)))
    close(xg.hvp(nested, (x,), (x,)), xg.hvp(plain_nested, (x,), (x,)))
    close(xg.jvp(nested, (x,), (x,))[1], xg.jvp(plain_nested, (x,), (x,))[1])
    close(xg.linearize(nested, x)[1](x), xg.jvp(plain_nested, (x,), (x,))[1])
    third = [
        xg.grad(lambda x, f=f: xg.sum(xg.hvp(f, (x,), (x,))))(x) for f in (nested, plain_nested)
    ]
    close(*third)
    w = xg.tensor(x, requires_grad=True)
    (g,) = xg.autograd.grad(nested(w), [w], create_graph=True)
    close(xg.autograd.grad(xg.sum(g), [w])[0], host(xg.hessian(plain_nested)(x)).sum(axis=0))
    # A tensor of an outer tape, used inside.
    outer = xg.grad(lambda a: xg.checkpoint(lambda x: xg.sum(x * a))(xg.ones(())) * a)
    assert outer(3.0) == 6.0
    third = xg.grad(lambda a: xg.grad(lambda y: xg.checkpoint(lambda x: x * a * y)(a))(2.0))
    assert third(3.0) == 6.0
    # Gradients inside, and parts that are not recorded.
    inside = xg.checkpoint(lambda x: xg.sum(xg.grad(plain)(x) * xg.stop_gradient(x)))
    by_hand = xg.grad(lambda x: xg.sum(xg.grad(plain)(x) * xg.stop_gradient(x)))(x)
    close(xg.grad(inside)(x), by_hand)

    def partly(x):
        with xg.no_grad():
            frozen = xg.exp(x)
        return xg.sum(frozen * x)

    close(xg.grad(xg.checkpoint(partly))(x), np.exp(X[0]))


def test_writes_and_views():
    def f(x):
        out = xg.zeros(4)
        out[0] = x[1] * x[0]
        out[1:] = xg.sin(x)
        head = out[:2]
        head *= 2.0
        return xg.sum(out**2)

    close(xg.grad(xg.checkpoint(f))(raw(X[0])), xg.grad(f)(raw(X[0])))


def test_changing_an_argument_is_an_error():
    def doubled(x):
        x *= 2.0
        return x

    x = xg.tensor(raw(X), requires_grad=True)
    with pytest.raises(xg.AutogradError, match="changed one of its arguments in place"):
        xg.checkpoint(doubled)(x * 1.0)
    close(xg.checkpoint(lambda x: doubled(x * 1.0))(x), 2 * X)
    with pytest.raises(TypeError, match="policy must be one of xgrad.checkpoint_policies"):
        xg.checkpoint(doubled, policy="dots")


def test_recomputation_uses_the_original_values():
    w = xg.tensor(raw(X), requires_grad=True)
    out = xg.sum(xg.checkpoint(lambda x: xg.exp(x * w))(raw(X)))
    with xg.no_grad():
        w -= 1.0
    out.backward()
    close(w.grad, X * np.exp(X * X))


@pytest.mark.numpy_only
def test_memory_of_a_deep_network():
    layer = nn.Sequential(nn.Linear(32, 32), nn.Tanh())
    x = xg.tensor(np.ones((4096, 32), np.float32), requires_grad=True)

    def peak(wrap):
        def four(h):
            for _ in range(4):
                h = layer(h)
            return h

        def sixteen(h):
            for _ in range(4):
                h = wrap(four)(h)
            return h

        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        h = x
        for _ in range(4):
            h = wrap(sixteen)(h)
        xg.sum(h).backward()
        found = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        return found

    # 64 layers: four groups of sixteen, each of four groups of four.
    assert peak(lambda f: f) > 4 * peak(xg.checkpoint)
