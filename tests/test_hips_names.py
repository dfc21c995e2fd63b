"""HIPS/autograd's names: transforms, `xgrad.extend`, `xgrad.misc`, `xgrad.test_util`."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad.extend import (
    def_linear,
    defjvp,
    defjvp_argnum,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    primitive,
)
from xgrad.misc import flatten
from xgrad.misc.fixed_points import fixed_point
from xgrad.misc.flatten import flatten_func
from xgrad.misc.optimizers import adam, rmsprop, sgd
from xgrad.test_util import check_grads

pytestmark = pytest.mark.skipif(NAME == "dask", reason="dask has first derivatives only")
X = np.asarray([0.3, -0.7, 1.1])
V = np.asarray([1.0, -2.0, 0.5])


def close(a, b, tolerance=1e-9):
    np.testing.assert_allclose(host(a), host(b), rtol=tolerance, atol=tolerance)


def total(x):
    return xg.sum(xg.sin(x) * x)


# -- transforms ----------------------------------------------------------------------------------


def test_a_tangent_of_integers_is_not_used():
    @primitive
    def f(x):
        return x * x, np.zeros((2, 3), dtype=int)

    defjvp(f, lambda g, ans, x: (2 * x * g, np.zeros(3)))
    value, tangent = xg.make_jvp(lambda x: f(x)[0].sum())(X)(X)
    np.testing.assert_allclose([host(value), host(tangent)], [X @ X, 2 * X @ X])


def test_argnum_is_another_name_of_argnums():
    def f(a, b):
        return xg.sum(xg.multiply(a, b**2))

    for argnum in (0, 1, (0, 1), [1, 0]):
        for transform in (xg.grad, xg.value_and_grad, xg.hessian):
            by_name = transform(f, argnum=argnum)(raw(X), raw(V))
            close(xg.ravel_pytree(by_name)[0], xg.ravel_pytree(transform(f, argnum)(X, V))[0])
    with pytest.raises(TypeError, match="grad: argnum is another name of argnums"):
        xg.grad(f, 1, argnum=1)


def test_gradients_of_values_with_one_element():
    for shape in ((1,), (1, 1)):

        def f(x, shape=shape):
            return xg.reshape(total(x), shape)

        close(xg.grad(f)(raw(X)), xg.grad(total)(X))
        value, gradient = xg.value_and_grad(f)(raw(X))
        assert value.shape == shape
        close(gradient, xg.grad(total)(X))
        close(xg.hvp(f, (raw(X),), (raw(V),)), xg.hvp(total, (X,), (V,)))


def test_make_vjp_and_make_jvp():
    pullback, value = xg.make_vjp(lambda a, b: {"y": xg.multiply(a, b)}, 1)(raw(X), raw(V))
    close(value["y"], X * V)
    close(pullback({"y": raw(V)}), X * V)
    pullback, _ = xg.make_vjp(xg.multiply, (0, 1))(raw(X), raw(V))
    assert isinstance(pullback(raw(X)), tuple)
    close(pullback(raw(X))[0], X * V)
    value, tangent = xg.make_jvp(xg.multiply, argnum=1)(raw(X), raw(V))(raw(X))
    close(value, X * V)
    close(tangent, X * X)
    _, tangent = xg.make_jvp(xg.multiply, (0, 1))(raw(X), raw(V))((raw(V), raw(X)))
    close(tangent, X * X + V * V)


def test_elementwise_derivatives():
    close(xg.elementwise_grad(lambda x: x**3)(raw(X)), 3 * X**2)
    third = xg.elementwise_grad(xg.elementwise_grad(xg.elementwise_grad(lambda x: x**4)))
    close(third(raw(X)), 24 * X)
    close(xg.elementwise_grad(lambda a, b: a * b**2, 1)(2.0, raw(X)), 4 * X)
    close(xg.elementwise_grad(lambda x: x[:2])(raw(X)), np.asarray([1.0, 1.0, 0.0]))
    close(xg.deriv(lambda x: x**3)(raw(X)), 3 * X**2)
    assert xg.deriv(xg.deriv(lambda x: x**3))(2.0) == 12.0
    assert xg.elementwise_grad(lambda x: x**2, argnum=(0,))(3.0) == (6.0,)
    with pytest.raises(TypeError, match="elementwise_grad: <lambda> must return real numbers"):
        xg.elementwise_grad(lambda x: x * 1j)(raw(X))


def test_the_derivative_of_a_holomorphic_function():
    z = X + 1j * V
    found = xg.holomorphic_grad(lambda z: xg.sum(xg.exp(z) * z))(raw(z))
    close(found, np.exp(z) * (z + 1))
    assert xg.holomorphic_grad(lambda z: z * (1.0 + 0.2j))(1.0 + 0.0j) == 1.0 + 0.2j


def test_jacobians_and_products():
    def f(x):
        return xg.roll(xg.sin(x), 1)

    matrix = np.roll(np.diag(np.cos(X)), 1, axis=0)
    close(xg.jacobian(f)(raw(X)), matrix)
    close(xg.jacobian(lambda a, b: f(b), argnum=1)(1.0, raw(X)), matrix)
    close(xg.jacobian(lambda z: z**2, holomorphic=True)(raw(X * 1j)), np.diag(2j * X))
    close(xg.tensor_jacobian_product(f)(raw(X), raw(V)), V @ matrix)
    square = np.arange(6.0).reshape(2, 3)
    weights = np.asarray([1.0, 2.0])
    close(  # a tensor with the first axes of the value
        xg.vector_jacobian_product(lambda x: xg.sin(x))(raw(square), raw(weights)),
        np.einsum("i,ij,ik,jl->jkl", weights, np.cos(square), np.eye(2), np.eye(3)),
    )
    curved = xg.hessian(total)(X)
    close(xg.hessian_vector_product(total)(raw(X), raw(V)), curved @ V)
    close(
        xg.hessian_tensor_product(lambda a, x: a * total(x), 1)(2.0, raw(X), raw(V)), 2 * curved @ V
    )
    product, gradient = xg.make_hvp(total)(raw(X))
    close(product(raw(V)), curved @ V)
    close(gradient, xg.grad(total)(X))


def test_gauss_newton_products():
    a = np.arange(12.0).reshape(4, 3) / 10

    def f(x):
        return xg.tanh(xg.matmul(raw(a), x))

    def g(y):
        return xg.sum(2.0 * y**2 + y**4)

    matrix = host(xg.jacobian(f)(raw(X)))
    close(xg.make_ggnvp(f)(raw(X))(raw(V)), matrix.T @ matrix @ V)
    close(
        xg.make_ggnvp(f, g)(raw(X))(raw(V)),
        matrix.T @ (host(xg.hessian(g)(f(raw(X)))) @ (matrix @ V)),
    )


def test_gradients_by_name_and_with_a_second_result():
    def f(a, b=2.0, *, c=3.0):
        return a * b**2 * c

    assert xg.grad_named(f, "b")(1.0, 2.0) == 12.0
    assert xg.multigrad_dict(f)(1.0) == {"a": 12.0, "b": 12.0, "c": 4.0}
    assert xg.multigrad_dict(lambda *xs: xs[0] * xs[1])(2.0, 3.0) == {"xs": (3.0, 2.0)}
    gradient, second = xg.grad_and_aux(lambda x: (total(x), x**2))(raw(X))
    close(gradient, xg.grad(total)(X))
    close(second, X**2)
    with pytest.raises(ValueError, match="grad_named: f has no argument 'd', but a, b, c"):
        xg.grad_named(f, "d")


# -- trees and vectors ---------------------------------------------------------------------------


def test_ravel_pytree():
    tree = {"b": 3.0, "w": (raw(np.arange(4.0).reshape(2, 2)), [raw(X)]), "none": (), "a": raw(V)}
    vector, unravel = xg.ravel_pytree(tree)
    assert type(vector) is not xg.Tensor
    close(vector, np.concatenate([V, [3.0], np.arange(4.0), X]))  # keys in sorted order
    again = unravel(vector)
    assert type(again["b"]) is float
    assert again["none"] == ()
    close(again["w"][0], np.arange(4.0).reshape(2, 2))
    close(xg.ravel_pytree(again)[0], vector)
    assert flatten is xg.ravel_pytree
    empty, back = flatten(((), []))
    assert empty.shape == (0,)
    assert back(empty) == ((), [])


def test_ravel_pytree_restores_dtypes_and_kinds():
    z = raw(np.asarray(1.0 + 2.0j))
    vector, unravel = xg.ravel_pytree((raw(X.astype(np.float32)), z))
    again = unravel(vector)
    assert xg.asarray(again[0]).dtype == xg.float32
    assert xg.asarray(again[1]).dtype == xg.complex128
    tensors, unravel = xg.ravel_pytree([xg.asarray(X), 2.0])
    assert type(tensors) is xg.Tensor
    assert type(unravel(tensors)[1]) is xg.Tensor
    with pytest.raises(ValueError, match=r"unravel: expected a vector of shape \(4,\), got \(3,\)"):
        unravel(raw(X))
    with pytest.raises(TypeError, match="ravel_pytree: expected a tree of arrays, .* got str"):
        xg.ravel_pytree({"name": "x"})


def test_ravel_pytree_is_differentiable():
    tree = {"a": raw(X), "b": 2.0}
    vector, unravel = xg.ravel_pytree(tree)
    found = xg.grad(lambda v: xg.sum(unravel(v)["a"] * unravel(v)["b"]))(vector)
    close(found, np.asarray([2.0, 2.0, 2.0, X.sum()]))
    close(xg.grad(lambda t: xg.sum(xg.ravel_pytree(t)[0] ** 2))(tree)["a"], 2 * X)
    of_vector, _, start = flatten_func(xg.grad(lambda t: t["b"] * xg.sum(t["a"] ** 2)), tree)
    close(of_vector(start), np.asarray([*(4 * X), (X**2).sum()]))


# -- rules ---------------------------------------------------------------------------------------


def logsumexp_by(rule):
    @primitive
    def logsumexp(x):
        x = np.asarray(x) if not isinstance(x, np.ndarray) else x
        assert type(x) is np.ndarray
        largest = np.max(x)
        return largest + np.log(np.sum(np.exp(x - largest)))

    rule(logsumexp)
    return logsumexp


@pytest.mark.numpy_only
@pytest.mark.parametrize(
    "rule",
    [
        lambda f: defvjp(f, lambda ans, x: lambda g: g * xg.exp(x - ans)),
        lambda f: defjvp(f, lambda g, ans, x: xg.sum(g * xg.exp(x - ans))),
        lambda f: (
            defvjp(f, lambda ans, x: lambda g: g * xg.exp(x - ans)),
            defjvp(f, lambda g, ans, x: xg.sum(g * xg.exp(x - ans))),
        ),
    ],
    ids=["defvjp", "defjvp", "both"],
)
def test_one_rule_serves_both_modes_all_orders_and_batches(rule):
    f = logsumexp_by(rule)
    check_grads(f, order=3)(X)
    close(xg.jvp(f, (X,), (V,))[1], xg.jvp(xg.logsumexp, (X,), (V,))[1])
    for transform in (xg.hessian, xg.jacfwd, xg.jacrev, xg.jacobian):
        close(transform(f)(X), transform(xg.logsumexp)(X))
    close(xg.jacobian(xg.jacobian(xg.grad(f)))(X), xg.jacfwd(xg.hessian(xg.logsumexp))(X))
    rows = np.stack([X, V])
    close(xg.vmap(f)(rows), xg.logsumexp(rows, axis=1))
    close(xg.vmap(xg.grad(f))(rows), xg.vmap(xg.grad(xg.logsumexp))(rows))
    close(xg.vmap(xg.hessian(f))(rows), xg.vmap(xg.hessian(xg.logsumexp))(rows))
    close(xg.grad(lambda x: xg.sum(xg.vmap(f)(x)))(rows), xg.vmap(xg.grad(xg.logsumexp))(rows))
    assert xg.vmap(f)(rows[:0]).shape == (0,)
    assert xg.vmap(xg.grad(f))(rows[:0]).shape == (0, 3)
    w = xg.tensor(X, requires_grad=True)
    f(w).backward()
    close(w.grad, xg.grad(xg.logsumexp)(X))


@pytest.mark.numpy_only
def test_a_rule_may_call_any_library():
    seen = []

    @primitive
    def sine(x):
        seen.append(type(x))
        out = np.empty_like(x)
        np.sin(x, out=out)
        return out

    defvjp(sine, lambda ans, x: lambda g: np.multiply(g, np.cos(x), out=np.empty_like(g)))
    close(xg.grad(lambda x: xg.sum(sine(x)))(X), np.cos(X))
    close(xg.jacobian(sine)(X), np.diag(np.cos(X)))
    close(xg.vmap(xg.jacobian(sine))(np.stack([X, V]))[1], np.diag(np.cos(V)))
    assert set(seen) == {np.ndarray}
    assert type(sine(X)) is np.ndarray  # without derivatives it is the function itself


@pytest.mark.numpy_only
def test_arguments_by_position_by_name_and_constant():
    @primitive
    def scaled(x, y, name, power=1):
        assert name == "s"
        return x * y**power

    defvjp(
        scaled,
        lambda ans, x, y, name, power=1: lambda g: g * y**power,
        lambda ans, x, y, name, power=1: lambda g: g * x * power * y ** (power - 1),
    )

    def f(x, y):
        return xg.sum(scaled(x, y, "s", power=2))

    check_grads(f, argnum=(0, 1))(X, V)
    close(xg.grad(f, 1)(X, V), 2 * X * V)

    second = primitive(lambda x, y: x * y)
    defvjp(second, lambda ans, x, y: lambda g: g * x, argnums=(1,))
    assert xg.grad(second, 1)(2.0, 3.0) == 2.0
    with pytest.raises(NotImplementedError, match="has no vjpmaker for argument 0"):
        xg.grad(second)(2.0, 3.0)
    constant = primitive(lambda x, y: x * y)
    defvjp(constant, None, lambda ans, x, y: lambda g: g * x)
    assert xg.grad(constant, (0, 1))(2.0, 3.0) == (0.0, 2.0)
    linear = primitive(lambda x, y: x * y)
    def_linear(linear)
    assert xg.jvp(linear, (2.0, 3.0), (1.0, 1.0))[1] == 5.0
    with pytest.raises(xg.AutogradError, match="has no transpose; call xgrad.extend.defvjp, too"):
        xg.grad(linear)(2.0, 3.0)
    forward = primitive(lambda x, y: x * y)
    defjvp(forward, None, "same")
    assert xg.jvp(forward, (2.0, 3.0), (1.0, 1.0))[1] == 2.0
    nothing = primitive(lambda x: x)
    for derivative in (xg.grad, xg.deriv):
        with pytest.raises(NotImplementedError, match="has no rule: call xgrad.extend.defvjp or"):
            derivative(nothing)(2.0)
    with pytest.raises(TypeError, match="defvjp_argnums: expected a function made by"):
        defvjp_argnums(np.sin, lambda *args: None)
    with pytest.raises(ValueError, match="defvjp: got 1 rules for 2 argnums"):
        defvjp(linear, None, argnums=(0, 1))
    with pytest.raises(xg.AutogradError, match="a keyword argument needs gradients"):
        xg.grad(lambda y: linear(2.0, y=y))(3.0)


@pytest.mark.numpy_only
def test_trees_as_arguments_and_results():
    @primitive
    def rotated(p, scale):
        return {"u": (p["x"] * scale, p["y"][0]), "count": len(p)}

    def rule(i, ans, args, keywords):
        p, scale = args
        if i == 0:
            return lambda g: {"x": g["u"][0] * scale, "y": [g["u"][1]]}
        return lambda g: xg.sum(g["u"][0] * p["x"])

    defvjp_argnum(rotated, rule)

    def f(p, scale):
        out = rotated(p, scale)
        return xg.sum(out["u"][0] ** 2) + 3.0 * xg.sum(out["u"][1])

    p = {"x": X, "y": [V]}
    gradient, by_scale = xg.grad(f, (0, 1))(p, 2.0)
    close(gradient["x"], 8 * X)
    close(gradient["y"][0], np.full(3, 3.0))
    assert by_scale == pytest.approx(4 * (X**2).sum())
    check_grads(f, (0, 1))(p, 2.0)
    total = primitive(lambda *xs: sum(xs))
    defjvp_argnum(total, lambda i, g, ans, args, keywords: g)
    assert xg.grad(total, (0, 2))(1.0, 2.0, 3.0) == (1.0, 1.0)


@pytest.mark.numpy_only
def test_complex_rules_have_the_convention_of_hips():
    """The rules are those of HIPS/autograd: no conjugates. The gradients are xgrad's."""
    square = primitive(lambda z: z**2)
    defvjp(square, lambda ans, z: lambda g: g * 2 * z)
    absolute = primitive(lambda z: np.abs(z))
    defvjp(absolute, lambda ans, z: lambda g: g * xg.conj(z) / ans)
    z = X + 1j * V
    check_grads(square, order=2)(z)
    check_grads(absolute, order=1)(z)
    close(
        xg.grad(lambda z: xg.real(xg.sum(square(z))))(z),
        xg.grad(lambda z: xg.real(xg.sum(z**2)))(z),
    )
    close(xg.grad(lambda z: xg.sum(absolute(z)))(z), z / np.abs(z))
    forward = primitive(lambda z: z**2)
    defjvp(forward, lambda g, ans, z: g * 2 * z)
    check_grads(forward)(z)


@pytest.mark.numpy_only
def test_wrong_rules_raise():
    def of(rule):
        f = primitive(lambda x: x * 2.0)
        defvjp(f, rule)
        return lambda x: xg.sum(f(x))

    with pytest.raises(ValueError, match=r"expected a cotangent of shape \(3,\)"):
        xg.grad(of(lambda ans, x: lambda g: xg.sum(g)))(X)
    f = primitive(lambda x: x * 2.0)
    defjvp(f, lambda g, ans, x: xg.sum(g))
    with pytest.raises(ValueError, match=r"expected a tangent of shape \(3,\), got \(\)"):
        xg.jvp(f, (X,), (V,))
    tree = primitive(lambda p: p["a"])
    defvjp(tree, lambda ans, p: lambda g: g)
    with pytest.raises(ValueError, match="a cotangent does not have the tree of its argument"):
        xg.grad(tree)({"a": 1.0})


# -- optimizers and fixed points -----------------------------------------------------------------


@pytest.mark.parametrize("optimizer", [adam, rmsprop, sgd])
def test_optimizers_take_and_return_trees(optimizer):
    start = {"x": raw(X), "y": [1.0]}
    gradient = xg.grad(lambda p, i: xg.sum((p["x"] - raw(V)) ** 2) + (p["y"][0] - 3.0) ** 2)
    seen = []
    found = optimizer(gradient, start, lambda *args: seen.append(args), 400, step_size=0.05)
    close(found["x"], V, 2e-2)
    assert type(found["y"][0]) is float
    assert found["y"][0] == pytest.approx(3.0, abs=2e-2)
    assert [i for _, i, _ in seen] == list(range(400))
    close(seen[0][0]["x"], X)
    close(seen[0][2]["x"], 2 * (X - V))


def test_the_result_of_an_optimizer_is_differentiable():
    def loss(step_size):
        x = sgd(lambda x, i: 2 * x, xg.asarray(raw(X)), num_iters=3, step_size=step_size)
        return xg.sum(x**2)

    check_grads(loss)(0.1)


def test_a_fixed_point_of_parameters():
    def solve(p):
        return fixed_point(
            lambda p: lambda x: 0.5 * (x + p["a"] / x),
            p,
            1.0,
            lambda x, y: abs(x - y),
            1e-13,
        )

    assert solve({"a": 4.0}) == pytest.approx(2.0)
    assert xg.grad(solve)({"a": 4.0})["a"] == pytest.approx(0.25)
    second = xg.grad(lambda a: xg.grad(lambda b: solve({"a": b}))(a))(4.0)
    assert second == pytest.approx(-1 / 32)


def test_check_grads_finds_wrong_derivatives():
    check_grads(lambda x, k: x**k, modes=["rev"], order=3)(raw(X + 1), 2)
    check_grads(lambda x, k=1: k * xg.sin(x))(raw(X), k=3)
    wrong = primitive(lambda x: x**2)
    defvjp(wrong, lambda ans, x: lambda g: g * x)
    with pytest.raises(AssertionError, match="check_grads: reverse mode"):
        check_grads(wrong, modes=["rev"], order=1)(1.5)


def test_check_grads_differentiates_by_the_direction():
    """The first derivative of this function is right, and the transpose of its rule is wrong."""
    inner = primitive(lambda g: g)
    defvjp(inner, lambda ans, g: lambda t: 1.01 * t)
    outer = primitive(lambda x: 2.0 * x)
    defvjp(outer, lambda ans, x: lambda g: 2.0 * inner(g))
    check_grads(outer, modes=["rev"], order=1)(1.5)
    with pytest.raises(AssertionError, match="check_grads: reverse mode"):
        check_grads(outer, modes=["rev"])(1.5)
