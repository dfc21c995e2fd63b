"""Custom rules: `custom_vjp`, `custom_jvp`, `autograd.Function`."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw

pytestmark = pytest.mark.skipif(NAME == "dask", reason="dask has first derivatives only")
X = np.random.default_rng(5).normal(size=4)


def close(a, b, tolerance=1e-10):
    np.testing.assert_allclose(host(a), host(b), rtol=tolerance, atol=tolerance)


def cube():
    """x³ with a rule that is wrong by a factor of 2, to show that it is used."""

    @xg.custom_vjp
    def f(x):
        return x**3

    f.defvjp(lambda x: (x**3, x), lambda x, g: (2 * g * 3 * x**2,))
    return f


def test_custom_vjp_in_every_nesting():
    f = cube()
    close(f(raw(X)), X**3)
    assert type(f(raw(X))) is xg.Tensor
    close(xg.grad(lambda x: xg.sum(f(x)))(raw(X)), 6 * X**2)
    # Higher derivatives differentiate the code of the rule.
    close(xg.grad(lambda x: xg.sum(xg.grad(lambda x: xg.sum(f(x)))(x)))(raw(X)), 12 * X)
    close(xg.jvp(xg.grad(lambda x: xg.sum(f(x))), (raw(X),), (raw(X),))[1], 12 * X * X)
    close(xg.hessian(lambda x: xg.sum(f(x)))(raw(X)), np.diag(12 * X))
    close(xg.hvp(lambda x: xg.sum(f(x)), (raw(X),), (raw(X),)), 12 * X * X)
    close(xg.vmap(xg.grad(f))(raw(X)), 6 * X**2)
    close(xg.grad(lambda x: xg.sum(xg.vmap(f)(x)))(raw(X)), 6 * X**2)
    close(xg.vmap(xg.vmap(xg.grad(f)))(raw(X.reshape(2, 2))), 6 * X.reshape(2, 2) ** 2)
    close(xg.jacrev(f)(raw(X)), np.diag(6 * X**2))
    close(xg.grad(lambda x: xg.sum(xg.checkpoint(f)(x)))(raw(X)), 6 * X**2)
    close(xg.grad(lambda x: xg.sum(xg.checkpoint(lambda x: f(x) * x)(x)))(raw(X)), 7 * X**3)
    with pytest.raises(xg.AutogradError, match="no rule for forward mode"):
        xg.jvp(f, (raw(X),), (raw(X),))
    _, f_jvp = xg.linearize(f, raw(X))
    with pytest.raises(xg.AutogradError, match="no rule for forward mode"):
        f_jvp(raw(X))


def test_custom_vjp_on_the_eager_tape():
    f = cube()
    x = xg.tensor(raw(X), requires_grad=True)
    xg.sum(f(x)).backward()
    close(x.grad, 6 * X**2)
    (g,) = xg.autograd.grad(xg.sum(f(x)), [x], create_graph=True)
    (h,) = xg.autograd.grad(xg.sum(g), [x])
    close(h, 12 * X)
    with xg.no_grad():
        assert not f(x).requires_grad
    out = xg.sum(f(x))
    with xg.no_grad():
        x += 1.0
    x.grad = None
    out.backward()
    close(x.grad, 6 * X**2)


def test_residuals_keep_their_values():
    f = xg.custom_vjp(lambda x, w: x * w)
    f.defvjp(lambda x, w: (x * w, (x, w)), lambda r, g: (g * r[1], g * r[0]))
    x, w = (xg.tensor(raw(X), requires_grad=True) for _ in range(2))
    out = xg.sum(f(x, w))
    with xg.no_grad():
        w += 1.0
    close(xg.autograd.grad(out, [x])[0], X)


def test_custom_vjp_over_trees():
    calls = []

    @xg.custom_vjp
    def f(p, name, y=2.0):
        return {"a": p["u"] * p["v"] * y, "b": xg.sum(p["u"])}

    def forward(p, name, y=2.0):
        calls.append(name)
        return f(p, name, y), (p, {"name": name, "y": y})

    def backward(residuals, g):
        p, rest = residuals
        assert rest["name"] == "text"
        return {"u": g["a"] * p["v"] * rest["y"] + g["b"], "v": None}, None, None

    f.defvjp(forward, backward)
    p = {"u": raw(X), "v": raw(X + 1)}
    found = xg.grad(lambda p: xg.sum(f(p, name="text")["a"]))(p)
    close(found["u"], 2 * (X + 1))
    close(found["v"], 0 * X)
    assert calls == ["text"]
    both = xg.vmap(
        xg.grad(lambda p: xg.sum(f(p, "text", 3.0)["b"])), in_axes=({"u": 0, "v": None},)
    )
    found = both({"u": raw(np.stack([X, X])), "v": raw(X)})
    close(found["u"], np.ones((2, 4)))
    close(found["v"], np.zeros((2, 4)))


def test_nondiff_arguments():
    @xg.custom_vjp
    def scaled(x, times):
        return times(x)

    apply = xg.custom_vjp(lambda times, x: times(x), nondiff_argnums=(0,))
    apply.defvjp(lambda times, x: (times(x), None), lambda times, r, g: (times(g),))
    close(xg.grad(lambda x: xg.sum(apply(lambda v: 5 * v, x)))(raw(X)), 5 * np.ones(4))
    scaled.defvjp(lambda x, times: (times(x), times), lambda times, g: (times(g), None))
    close(xg.grad(lambda x: xg.sum(scaled(x, lambda v: 5 * v)))(raw(X)), 5 * np.ones(4))


def test_custom_vjp_shares_an_argument_of_a_batch():
    @xg.custom_vjp
    def f(x, y):
        return x * y

    f.defvjp(lambda x, y: (x * y, (x, y)), lambda r, g: (g * r[1], 3 * g * r[0]))

    def total(y):
        return xg.sum(xg.vmap(f, in_axes=(0, None))(raw(X), y))

    assert abs(xg.grad(total)(2.0) - 3 * X.sum()) < 1e-12
    by_x, by_y = xg.vmap(xg.grad(f, (0, 1)), in_axes=(0, None))(raw(X), 2.0)
    close(by_x, np.full(4, 2.0))
    close(by_y, 3 * X)


def test_custom_jvp_serves_both_modes():
    @xg.custom_jvp
    def f(x, y):
        return x**2 * y

    @f.defjvp
    def rule(primals, tangents):
        (x, y), (a, b) = primals, tangents
        return f(x, y), 2 * (2 * x * y * a + x**2 * b)  # wrong by a factor of 2

    y = raw(X + 2)
    value, tangent = xg.jvp(f, (raw(X), y), (raw(X), y))
    close(value, X**2 * (X + 2))
    close(tangent, 6 * X**2 * (X + 2))
    close(xg.grad(lambda x: xg.sum(f(x, y)))(raw(X)), 4 * X * (X + 2))
    close(xg.grad(lambda y: xg.sum(f(raw(X), y)))(y), 2 * X**2)
    for hessian in (
        xg.hessian(lambda x: xg.sum(f(x, y))),
        xg.jacrev(xg.jacrev(lambda x: xg.sum(f(x, y)))),
        xg.jacfwd(xg.jacfwd(lambda x: xg.sum(f(x, y)))),
        xg.jacrev(xg.jacfwd(lambda x: xg.sum(f(x, y)))),
    ):
        close(hessian(raw(X)), np.diag(4 * (X + 2)))
    close(xg.vmap(xg.grad(f), in_axes=(0, None))(raw(X), 3.0), 4 * X * 3)
    close(xg.vmap(xg.grad(xg.grad(f)), in_axes=(0, None))(raw(X), 3.0), 4 * 3 * np.ones(4))
    close(xg.linearize(f, raw(X), y)[1](raw(X), y), 6 * X**2 * (X + 2))
    x = xg.tensor(raw(X), requires_grad=True)
    xg.sum(f(x, y)).backward()
    close(x.grad, 4 * X * (X + 2))
    (g,) = xg.autograd.grad(xg.sum(f(x, y)), [x], create_graph=True)
    close(xg.autograd.grad(xg.sum(g), [x])[0], 4 * (X + 2))


def test_defjvps():
    f = xg.custom_jvp(lambda x, y: x * y)
    f.defjvps(lambda t, out, x, y: t * y, None)
    assert xg.grad(f, (0, 1))(2.0, 3.0) == (3.0, 0.0)
    assert xg.jvp(f, (2.0, 3.0), (1.0, 1.0))[1] == 3.0


def test_return_values_of_custom_rules():
    f = xg.custom_vjp(lambda x, y: x * y)
    with pytest.raises(xg.AutogradError, match=r"call <lambda>.defvjp\(forward, backward\)"):
        f(1.0, 2.0)
    x = raw(X)

    def gradient(forward, backward):
        f.defvjp(forward, backward)
        return xg.grad(lambda x: xg.sum(f(x, 2.0)))(x)

    with pytest.raises(TypeError, match=r"forward must return \(output, residuals\), got Tensor"):
        gradient(lambda x, y: x * y, None)
    with pytest.raises(ValueError, match=r"cotangent for each of 2 argument\(s\), got 1"):
        gradient(lambda x, y: (x * y, y), lambda y, g: (g,))
    with pytest.raises(ValueError, match=r"expected a cotangent of shape \(4,\) for array 0 of"):
        gradient(lambda x, y: (x * y, y), lambda y, g: (xg.sum(g), None))
    keyword_only = xg.custom_vjp(lambda x, *, k: x * k)
    keyword_only.defvjp(lambda x: (x, None), lambda r, g: (g,))
    with pytest.raises(TypeError, match="keyword-only"):
        keyword_only(x, k=3)
    w = xg.tensor(x, requires_grad=True)
    uses = xg.custom_vjp(lambda x: x * w)
    uses.defvjp(lambda x: (x * w, None), lambda r, g: (g,))
    with pytest.raises(xg.AutogradError, match="depends on a tensor that needs gradients but is"):
        uses(xg.tensor(x, requires_grad=True))
    h = xg.custom_jvp(lambda x: x)
    with pytest.raises(xg.AutogradError, match=r"call <lambda>.defjvp\(rule\)"):
        h(1.0)
    h.defjvp(lambda primals, tangents: primals[0])
    with pytest.raises(TypeError, match=r"must return \(output, tangent\), got Tensor"):
        xg.jvp(h, (x,), (x,))
    h.defjvp(lambda primals, tangents: (primals[0], xg.sum(tangents[0])))
    with pytest.raises(ValueError, match=r"expected a tangent of shape \(4,\), got \(\)"):
        xg.jvp(h, (x,), (x,))


# -- Function ----------------------------------------------------------------------------------


class Power(xg.autograd.Function):
    """x^n and its double, wrong by a factor of 2."""

    @staticmethod
    def forward(ctx, x, n):
        ctx.save_for_backward(x)
        ctx.n = n
        return x**n, 2 * x**n

    @staticmethod
    def backward(ctx, g, h):
        (x,) = ctx.saved_tensors
        assert ctx.needs_input_grad == (True, False)
        return 2 * (g + 2 * h) * ctx.n * x ** (ctx.n - 1), None

    @staticmethod
    def jvp(ctx, t, _):
        (x,) = ctx.saved_tensors
        rise = 2 * ctx.n * x ** (ctx.n - 1) * t
        return rise, 2 * rise


def test_function():
    x = xg.tensor(raw(X), requires_grad=True)
    first, second = Power.apply(x, 3)
    close(first, X**3)
    xg.sum(first).backward(retain_graph=True)
    close(x.grad, 6 * X**2)
    xg.sum(second).backward()
    close(x.grad, 18 * X**2)
    (g,) = xg.autograd.grad(xg.sum(Power.apply(x, 3)[0]), [x], create_graph=True)
    close(xg.autograd.grad(xg.sum(g), [x])[0], 12 * X)
    close(xg.grad(lambda x: xg.sum(Power.apply(x, 3)[1]))(raw(X)), 12 * X**2)
    close(xg.jvp(lambda x: Power.apply(x, 3)[0], (raw(X),), (raw(X),))[1], 6 * X**3)
    close(xg.vmap(xg.grad(lambda x: Power.apply(x, 3)[0]))(raw(X)), 6 * X**2)
    with xg.no_grad():
        assert not Power.apply(x, 3)[0].requires_grad
    close(Power.apply(raw(X), 2)[0], X**2)


class Rounded(xg.autograd.Function):
    """Straight-through rounding, in the newer style of PyTorch."""

    @staticmethod
    def forward(x):
        return xg.round(x), xg.sign(x)

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx, g, nothing):
        assert nothing is None
        return g


def test_function_with_setup_context():
    x = xg.tensor(raw(X), requires_grad=True)
    rounded, sign = Rounded.apply(x)
    close(rounded, np.round(X))
    assert rounded.requires_grad
    assert not sign.requires_grad
    xg.sum(rounded * 3).backward()
    close(x.grad, np.full(4, 3.0))
    with pytest.raises(xg.AutogradError, match="Rounded has no forward mode"):
        xg.jvp(lambda x: Rounded.apply(x)[0], (raw(X),), (raw(X),))


def test_errors_of_functions():
    class Short(Power):
        @staticmethod
        def backward(ctx, g, h):
            return (g,)

    class Wrong(Power):
        @staticmethod
        def forward(ctx, x, n):
            return "text"

    x = xg.tensor(raw(X), requires_grad=True)
    with pytest.raises(ValueError, match=r"Short: backward must return a gradient, or None, for e"):
        xg.sum(Short.apply(x, 2)[0]).backward()
    with pytest.raises(TypeError, match="Wrong: forward must return a Tensor or a tuple of"):
        Wrong.apply(x, 2)
    with pytest.raises(NotImplementedError, match="forward is a static method of the subclass"):
        xg.autograd.Function.apply(x)
