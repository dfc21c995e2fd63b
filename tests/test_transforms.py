"""grad, vjp, jvp, vmap: trees, nesting, results, and errors."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw


def close(found, expected, tolerance=1e-10):
    np.testing.assert_allclose(host(found), expected, rtol=tolerance, atol=1e-12)


POINT = np.asarray([0.3, -0.7, 1.1])


def wavy(x):
    return xg.sum(xg.tanh(x) * xg.flip(x) + xg.sin(x * x))


def test_results_have_the_types_of_the_arguments():
    array = raw(POINT)
    gradient = xg.grad(wavy)(array)
    assert type(gradient) is type(array)
    assert isinstance(xg.grad(wavy)(xg.asarray(array)), xg.Tensor)
    assert type(xg.grad(xg.square)(3.0)) is float
    mixed = xg.grad(lambda p: xg.sum(p["a"] * p["b"] * p["c"]))(
        {"a": array, "b": xg.asarray(array), "c": 2.0}
    )
    assert type(mixed["a"]) is type(array)
    assert isinstance(mixed["b"], xg.Tensor)
    assert type(mixed["c"]) is float
    value, _ = xg.value_and_grad(wavy)(array)
    assert type(value) is type(array)
    assert type(xg.jvp(xg.sin, (array,), (array,))[1]) is type(array)
    assert type(xg.vmap(xg.sin)(array)) is type(array)


def test_argnums_and_aux_and_keywords():
    def f(a, b, *, scale=1.0):
        return xg.sum(b * b * a) * scale, {"twice": a * 2}

    a, b = raw(POINT), raw(POINT + 1)
    (da, db), aux = xg.grad(f, argnums=(0, -1), has_aux=True)(a, b, scale=3.0)
    close(da, 3 * (POINT + 1) ** 2)
    close(db, 6 * POINT * (POINT + 1))
    close(aux["twice"], 2 * POINT)
    (value, aux), gradient = xg.value_and_grad(f, argnums=1, has_aux=True)(a, b)
    close(value, np.sum(POINT * (POINT + 1) ** 2))
    close(gradient, 2 * POINT * (POINT + 1))
    assert type(aux["twice"]) is type(a)
    with pytest.raises(ValueError, match="argnums=2, but f was given 2"):
        xg.grad(f, argnums=2)(a, b)
    with pytest.raises(TypeError, match="must return .value, aux."):
        xg.grad(wavy, has_aux=True)(a)


def test_a_constant_function_has_gradient_zero():
    close(xg.grad(lambda x: xg.asarray(3.0) * 1)(raw(POINT)), np.zeros(3))
    assert xg.grad(lambda x: xg.sum(x * 0 + 1))(2.0) == 0.0


def test_errors_of_grad():
    with pytest.raises(ValueError, match=r"must return one number, got shape \(3,\)"):
        xg.grad(xg.sin)(raw(POINT))
    with pytest.raises(TypeError, match="must return a real number, got complex128"):
        xg.grad(xg.sum)(raw(POINT + 1j))
    with pytest.raises(TypeError, match="must return one real number as a Tensor, got str"):
        xg.grad(lambda x: "loss")(raw(POINT))
    with pytest.raises(TypeError, match="must return one real number as a Tensor, got bool"):
        xg.grad(lambda x: x is None)(raw(POINT))
    with pytest.raises(xg.AutogradError, match="which no graph leads to"):
        xg.grad(lambda x: 3.0)(raw(POINT))
    with pytest.raises(TypeError, match="expected arrays, Tensors or numbers"):
        xg.grad(wavy)("text")


def test_nesting_in_every_order():
    x, v = raw(POINT), raw(np.asarray([1.0, 2.0, -1.0]))
    gradient = xg.grad(wavy)
    hessian = np.stack([host(xg.jvp(gradient, (x,), (raw(row),))[1]) for row in np.eye(3)])
    hv = hessian @ host(v)
    close(xg.jvp(gradient, (x,), (v,))[1], hv)  # forward over reverse
    close(xg.grad(lambda a: xg.jvp(wavy, (a,), (v,))[1])(x), hv)  # reverse over forward
    close(xg.grad(lambda a: xg.sum(gradient(a) * v))(x), hv)  # reverse over reverse
    eye = raw(np.eye(3))
    batched = xg.vmap(lambda row: xg.jvp(gradient, (x,), (row,))[1])(eye)
    close(batched, hessian)
    _, pullback = xg.vjp(gradient, x)
    close(xg.vmap(pullback)(eye)[0], hessian)
    twice = xg.jvp(lambda a: xg.jvp(wavy, (a,), (v,))[1], (x,), (v,))[1]
    close(twice, host(v) @ hv)
    points = raw(np.stack([POINT, POINT + 1]))
    per_example = xg.vmap(gradient)(points)
    close(host(per_example)[1], host(gradient(raw(POINT + 1))))
    through = xg.grad(lambda p: xg.sum(xg.vmap(wavy)(p)))(points)
    close(through, host(per_example))
    close(
        xg.jvp(xg.vmap(wavy), (points,), (points,))[1], np.sum(host(per_example) * host(points), 1)
    )
    outer = xg.vmap(lambda a: xg.vmap(lambda b: xg.sum(a * b))(points))(points)
    close(outer, host(points) @ host(points).T)


def test_third_derivatives():
    assert xg.grad(xg.grad(xg.grad(lambda x: x**5)))(2.0) == pytest.approx(240)
    third = xg.jvp(lambda a: xg.jvp(xg.grad(wavy), (a,), (a,))[1], (raw(POINT),), (raw(POINT),))[1]
    eps = 1e-5

    def second(at):
        return host(xg.jvp(xg.grad(wavy), (raw(at),), (raw(at),))[1])

    numeric = (second(POINT * (1 + eps)) - second(POINT * (1 - eps))) / (2 * eps)
    close(third, numeric, 1e-7)


def test_perturbations_are_not_confused():
    inner = xg.grad(lambda x: x * xg.grad(lambda y: x + y)(1.0))
    assert inner(1.0) == 1.0
    assert (
        xg.jvp(lambda x: x * xg.jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1] == 1.0
    )
    mixed = xg.grad(lambda x: x * xg.jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0)
    assert mixed == pytest.approx(6.0)


def test_a_tensor_that_leaks_names_its_transform():
    for transform, run in {
        "grad": lambda f: xg.grad(f)(1.0),
        "jvp": lambda f: xg.jvp(f, (1.0,), (1.0,)),
        "vmap": lambda f: xg.vmap(f)(xg.ones(2)),
    }.items():
        leaked = []

        def f(x, leaked=leaked):
            leaked.append(x * 2)
            return x * x

        run(f)
        with pytest.raises(xg.LeakedTensorError, match=rf"belongs to {transform}\(\), which has"):
            leaked[0] + 1.0


def test_a_level_is_closed_after_an_exception():
    kept = []

    def f(x):
        kept.append(x)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        xg.grad(f)(1.0)
    with pytest.raises(xg.LeakedTensorError, match="grad"):
        xg.sin(kept[0])
    assert xg.grad(xg.square)(3.0) == 6.0


def test_backward_inside_a_transform_raises():
    w = xg.tensor(raw(POINT), requires_grad=True)
    for run in (
        lambda f: xg.grad(f)(1.0),
        lambda f: xg.jvp(f, (1.0,), (1.0,)),
        lambda f: xg.vmap(f)(xg.ones(2)),
    ):
        with pytest.raises(xg.AutogradError, match="cannot be collected inside"):
            run(lambda x: (xg.sum(w) * x).backward())
    with pytest.raises(xg.AutogradError, match="belongs to jvp"):
        xg.jvp(lambda x: xg.autograd.grad(x * x, w), (1.0,), (1.0,))
    with pytest.raises(xg.AutogradError, match="belongs to vmap"):
        xg.vmap(lambda g: (w * 1.0).backward(g))(raw(np.ones((2, 3))))


def test_autograd_grad_inside_a_transform():
    def f(x):
        (g,) = xg.autograd.grad(xg.sum(x**3), x, create_graph=True)
        return xg.sum(g * g)

    close(xg.grad(f)(raw(POINT)), 36 * POINT**3)


def test_vjp_can_be_pulled_often_and_outlives_its_level():
    value, pullback, aux = xg.vjp(lambda a, b: ((a * b, a), b), raw(POINT), 2.0, has_aux=True)
    for scale in (1.0, 2.0):
        seed = (raw(np.full(3, scale)), raw(np.zeros(3)))
        a_bar, b_bar = pullback(seed)
        close(a_bar, np.full(3, 2 * scale))
        assert b_bar == pytest.approx(scale * POINT.sum())
    close(aux, 2.0)
    close(value[1], POINT)
    with pytest.raises(ValueError, match="expected a cotangent of shape"):
        pullback((raw(np.ones(2)), raw(np.zeros(3))))
    with pytest.raises(TypeError, match="expected a cotangent of dtype float64"):
        pullback((raw(np.ones(3, np.float32)), raw(np.zeros(3))))


def test_errors_of_jvp():
    x = raw(POINT)
    with pytest.raises(TypeError, match="one entry for each argument"):
        xg.jvp(xg.sin, x, x)
    with pytest.raises(ValueError, match="1 primals, but 2 tangents"):
        xg.jvp(xg.sin, (x,), (x, x))
    with pytest.raises(ValueError, match=r"expected a tangent of shape \(3,\), got \(2,\)"):
        xg.jvp(xg.sin, (x,), (raw(np.ones(2)),))
    with pytest.raises(TypeError, match="expected a tangent of dtype float64, got float32"):
        xg.jvp(xg.sin, (x,), (raw(POINT.astype(np.float32)),))
    with pytest.raises(ValueError, match="different tree structures"):
        xg.jvp(lambda d: d["a"], ({"a": x},), ({"b": x},))


def test_jvp_with_aux_and_constant_parts():
    x = raw(POINT)
    value, tangent, aux = xg.jvp(lambda a: ((a * 2, xg.ones(2)), a), (x,), (x,), has_aux=True)
    close(tangent[0], 2 * POINT)
    close(tangent[1], np.zeros(2))
    close(aux, POINT)
    assert type(value[0]) is type(x)


def test_vmap_axes_and_trees():
    m = np.arange(6.0).reshape(2, 3)
    close(xg.vmap(xg.sum, in_axes=1)(raw(m)), m.sum(0))
    close(xg.vmap(lambda x: x * 2, in_axes=1, out_axes=1)(raw(m)), m * 2)
    close(xg.vmap(lambda x: x * 2, out_axes=-1)(raw(m)), (m * 2).T)
    tree = xg.vmap(lambda p, s: {"out": p["a"] * p["b"] * s}, in_axes=({"a": 0, "b": None}, None))
    found = tree({"a": raw(m), "b": raw(np.ones(3))}, raw(np.asarray(2.0)))
    close(found["out"], 2 * m)
    close(xg.vmap(lambda x: xg.ones(2))(raw(m)), np.ones((2, 2)))
    close(xg.vmap(lambda x, n: x * n, in_axes=(0, None))(raw(m), 3), 3 * m)
    close(xg.vmap(lambda x, i: x[i])(raw(m), raw(np.asarray([2, 0]))), [2, 3])
    constant = xg.vmap(lambda x: (x, xg.ones(2)), out_axes=(0, None))(raw(m))
    close(constant[1], np.ones(2))


def test_errors_of_vmap():
    m = raw(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"batch lengths differ: \[2, 3\]"):
        xg.vmap(xg.add, in_axes=(0, 1))(m, m)
    with pytest.raises(ValueError, match="at least one argument must be batched"):
        xg.vmap(xg.sin, in_axes=None)(m)
    with pytest.raises(ValueError, match="in_axes has 2 entries, but sin was given 1"):
        xg.vmap(xg.sin, in_axes=(0, 0))(m)
    with pytest.raises(ValueError, match="axis 2 is out of bounds"):
        xg.vmap(xg.sin, in_axes=2)(m)
    with pytest.raises(ValueError, match="not a prefix of the tree"):
        xg.vmap(lambda d: d["a"], in_axes=({"b": 0},))({"a": m})
    with pytest.raises(ValueError, match="out_axes is None for a result that differs"):
        xg.vmap(xg.sin, out_axes=None)(m)
    with pytest.raises(TypeError, match="expected arrays as results, got str"):
        xg.vmap(lambda x: "text")(m)
    with pytest.raises(xg.AutogradError, match=r"use xgrad\.where"):
        xg.vmap(lambda x: x if xg.sum(x) > 0 else -x)(m)
    with pytest.raises(xg.AutogradError, match="stands for every example"):
        xg.vmap(lambda x: xg.sum(x).item())(m)
    with pytest.raises(TypeError, match="boolean mask inside vmap"):
        xg.vmap(lambda x: x[x > 0])(m)
    with pytest.raises(xg.AutogradError, match="no array of a single example"):
        xg.vmap(lambda x: x.data)(m)


def test_python_control_flow():
    def f(x):
        total = x * 0
        for i in range(5):
            if x > 1:
                total = total + x**i
            else:
                total = total - x
        return total

    assert xg.grad(f)(2.0) == pytest.approx(1 + 4 + 12 + 32)
    assert xg.grad(f)(0.5) == -5.0


def test_in_place_changes_the_kind_of_a_tensor():
    def f(x):
        total = xg.zeros(3)
        total += x
        total *= x
        return xg.sum(total)

    close(xg.grad(f)(raw(POINT)), 2 * POINT)
    close(xg.jvp(f, (raw(POINT),), (raw(np.ones(3)),))[1], 2 * POINT.sum())
    close(xg.vmap(f)(raw(np.stack([POINT, POINT]))), [np.sum(POINT**2)] * 2)


def test_complex_convention():
    z = raw(np.asarray([1 + 2j, -0.5 + 1j]))
    w = xg.tensor(z, requires_grad=True)
    loss = xg.sum(xg.real(w * xg.conj(w)))
    loss.backward()
    close(w.grad, 2 * host(z))  # the direction of steepest ascent
    xg.testing.check_grads(lambda a: xg.sum(xg.abs(a * a + 1j)), (z,))
    xg.testing.check_grads(lambda a: a * 2j + xg.conj(a) * (1 - 1j), (z,))
    real = raw(np.asarray([0.5, -1.0]))
    xg.testing.check_grads(lambda a: xg.real(xg.exp(a * 1j)) + xg.imag(a * (2 + 1j)), (real,))


def test_check_grads_notices_a_wrong_gradient():
    from xgrad.engine.constructors import elementwise
    from xgrad.engine.declare import DECLARATIONS
    from xgrad.engine.primitive import PRIMITIVES

    try:

        @elementwise(partial=lambda xp, x: 3 * x)
        def wrong_square(xp, x, /):
            return xp.square(x)

        for mode in ("fwd", "rev"):
            with pytest.raises(AssertionError, match="derivative"):
                xg.testing.check_grads(wrong_square, (raw(POINT),), modes=(mode,))
    finally:
        if PRIMITIVES.pop("wrong_square", None) is not None:
            DECLARATIONS.pop()
    with pytest.raises(ValueError, match="modes must be 'fwd' and 'rev'"):
        xg.testing.check_grads(xg.sin, (raw(POINT),), modes=("sideways",))
    with pytest.raises(TypeError, match=r"arguments of f as a tuple, such as \(x,\), got"):
        xg.testing.check_grads(xg.sin, raw(POINT))
    xg.testing.check_grads(xg.sin, (raw(POINT.astype(np.float32)),), order=1)


@pytest.mark.skipif(NAME != "jax", reason="abstract arrays are JAX's")
def test_under_jax_jit():
    import jax
    import jax.numpy as jnp

    f = jax.jit(xg.value_and_grad(wavy))
    value, gradient = f(jnp.asarray(POINT))
    close(value, host(wavy(xg.asarray(raw(POINT)))))
    close(gradient, host(xg.grad(wavy)(raw(POINT))))
    assert isinstance(gradient, jax.Array)
    assert jax.jit(xg.grad(xg.square))(3.0) == 6.0
    ours = jax.make_jaxpr(xg.grad(lambda x: xg.sum(xg.tanh(x))))(jnp.asarray(POINT))
    theirs = jax.make_jaxpr(jax.grad(lambda x: jnp.sum(jnp.tanh(x))))(jnp.asarray(POINT))
    assert len(ours.eqns) <= len(theirs.eqns) + 2
    w = xg.tensor(jnp.asarray(POINT), requires_grad=True)
    with pytest.raises(xg.AutogradError, match=r"cannot write \.grad of a leaf while"):
        jax.jit(lambda x: xg.sum(w * x).backward())(jnp.asarray(POINT))
    with pytest.raises(xg.AutogradError, match="value is not known while jax traces"):
        jax.jit(lambda x: xg.asarray(x).item())(jnp.asarray(1.0))
    with pytest.raises(xg.AutogradError, match="the same in every call"):
        jax.jit(lambda x: xg.nn.functional.dropout(x).data)(jnp.asarray(POINT))


def test_a_function_may_write_into_its_arguments():
    """Derivatives are at the passed values, and the caller's arrays do not change."""

    def read_before(x):
        y = xg.sum(x * x)
        x[0] = 5.0
        return y

    def read_after(x):
        x[0] = 5.0
        return xg.sum(x * x)

    def through_a_view(x):
        v = xg.reshape(x, (-1,))
        y = xg.sum(v * x)
        v[0] = 5.0
        return y

    values = np.asarray([1.0, 2.0, 3.0])
    x, v = raw(values), raw(np.ones(3))
    for f, gradient, curvature in (
        (read_before, [2.0, 4.0, 6.0], [2.0, 2.0, 2.0]),
        (read_after, [0.0, 4.0, 6.0], [0.0, 2.0, 2.0]),
        (through_a_view, [2.0, 4.0, 6.0], [2.0, 2.0, 2.0]),
    ):
        np.testing.assert_allclose(host(xg.grad(f)(x)), gradient)
        np.testing.assert_allclose(host(xg.vjp(f, x)[1](1.0)[0]), gradient)
        np.testing.assert_allclose(host(xg.vmap(xg.grad(f))(x[None, :]))[0], gradient)
        np.testing.assert_allclose(host(xg.jacrev(f)(x)), gradient)
        np.testing.assert_allclose(host(xg.linearize(f, x)[1](v)), sum(gradient))
        np.testing.assert_allclose(host(xg.jvp(f, (x,), (v,))[1]), sum(gradient))
        np.testing.assert_allclose(host(xg.hvp(f, (x,), (v,))), curvature)
        np.testing.assert_allclose(host(xg.hessian(f)(x)), np.diag(curvature))
        np.testing.assert_allclose(host(x), values)


def test_vmap_of_a_function_that_returns_a_number():
    """A result that is a Python number is the same for every example."""
    x = raw(np.asarray([1.0, 2.0]))
    np.testing.assert_allclose(host(xg.vmap(lambda x: 3.0)(x)), [3.0, 3.0])
    pullback = xg.vjp(lambda x: xg.zeros_like(xg.asarray(x)), 1.0)[1]
    np.testing.assert_allclose(host(xg.vmap(pullback)(x)[0]), [0.0, 0.0])


@pytest.mark.parametrize("number", [0.5, True])
def test_vmap_stacks_numbers_with_arrays(number):
    out = xg.vmap(lambda t, x: xg.stack([t, x]), in_axes=(None, 0))(number, raw(np.arange(3.0)))
    np.testing.assert_array_equal(host(out), [[number, x] for x in range(3)])


@pytest.mark.parametrize(
    "name", ["grad", "value_and_grad", "jacrev", "jacfwd", "vmap", "checkpoint"]
)
def test_a_transform_of_no_function(name):
    for wrong in (3, raw(POINT)):
        with pytest.raises(
            TypeError, match=f"^{name}: expected a function, got {type(wrong).__name__}"
        ):
            getattr(xg, name)(wrong)


def test_the_gradient_of_a_tensor_is_pytorchs():
    x = xg.tensor(2.0, requires_grad=True)
    with pytest.raises(TypeError, match="grad: expected a function.* xgrad.autograd.grad takes"):
        xg.grad(x * x, x)
