"""Ownership of memory: shared memory is never written, and results belong to the caller."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from tests.memory_checks import check_memory
from tests.op_table import ROWS


@pytest.mark.numpy_only
@pytest.mark.parametrize("row", [r for r in ROWS if r.by], ids=lambda r: r.id)
def test_row(row):
    check_memory(row)


@pytest.mark.parametrize("size", [3, 1 << 15, 100_000])
def test_a_partial_may_be_a_number_at_every_size(size):
    if NAME == "dask" and size > 3:
        pytest.skip("chunks of two elements make it slow, and no path of it depends on a size")
    x = raw(np.full(size, 2.0))
    np.testing.assert_allclose(host(xg.grad(lambda x: xg.sum(x / 4.0))(x)), 0.25)
    np.testing.assert_allclose(host(xg.grad(lambda x: xg.sum(4.0 / x))(x)), -1.0)
    np.testing.assert_allclose(host(xg.grad(lambda x: xg.sum(xg.sqrt(x * 2)))(x)), 0.5)


# -- a write allocates if anything else can see the old array ------------------------------------


def leaf(values):
    return xg.tensor(raw(np.asarray(values, float)), requires_grad=True)


def test_a_detached_tensor_keeps_its_value_when_the_optimizer_steps():
    w, v = leaf([3.0]), leaf([1.0])
    optimizer = xg.optim.SGD([w], lr=1.0)
    a, b = (w * 2).sum(), (v * w.detach()).sum()
    a.backward()
    optimizer.step()
    b.backward()
    np.testing.assert_allclose(host(v.grad), [3.0])
    np.testing.assert_allclose(host(w), [1.0])


def test_a_frozen_parameter_that_is_thawed_and_written():
    w, u = leaf([1.0, 1.0]), leaf([1.0, 1.0])
    w.requires_grad_(False)
    y = (u * w).sum()
    w.requires_grad_(True)
    with xg.no_grad():
        w += 10
    y.backward()
    np.testing.assert_allclose(host(u.grad), [1, 1])


def test_a_value_that_a_hooked_module_saved():
    class Scale(xg.nn.Module):
        def __init__(self):
            super().__init__()
            self.f = xg.nn.Parameter(raw(np.ones(2)))

        def forward(self, x):
            return x * self.f

    module, x = Scale(), leaf([1.0, 1.0])
    module.register_full_backward_hook(lambda module, before, after: None)
    y = module(x).sum()
    with xg.no_grad():
        x += 10
    y.backward()
    np.testing.assert_allclose(host(module.f.grad), [1, 1])


@pytest.mark.parametrize("make", [xg.optim.SGD, xg.optim.Adam, xg.optim.RMSprop, xg.optim.Lion])
def test_state_dicts_are_snapshots(make):
    model = xg.nn.Linear(3, 2)
    optimizer = make(model.parameters(), lr=0.1)

    def step():
        optimizer.zero_grad()
        xg.sum(model(raw(np.ones((2, 3), np.float32))) ** 2).backward()
        optimizer.step()

    step()
    best, state = model.state_dict(), optimizer.state_dict()
    numbers = {name: host(x).copy() for name, x in best.items()}
    arrays = [
        {k: host(x).copy() for k, x in s.items() if isinstance(x, xg.Tensor)}
        for s in state["state"]
    ]
    step()
    step()
    for name, x in best.items():
        np.testing.assert_array_equal(host(x), numbers[name])
        assert not np.array_equal(host(model.state_dict()[name]), numbers[name])
    for entry, before in zip(state["state"], arrays, strict=True):
        for name, x in before.items():
            np.testing.assert_array_equal(host(entry[name]), x)


def test_pullbacks_and_linear_functions_are_correct_after_a_step():
    w = leaf([2.0, 3.0])
    x = raw(np.asarray([1.0, 2.0]))
    _, pullback = xg.vjp(lambda x: xg.sum(x * x * w), x)
    _, pushforward = xg.linearize(lambda x: xg.sum(x * x * w), x)
    again = xg.checkpoint(lambda x: xg.sum(x * x * w))
    z = leaf([1.0, 2.0])
    kept = again(z)
    with xg.no_grad():
        w -= 100.0
    np.testing.assert_allclose(host(pullback(1.0)[0]), [4, 12])
    np.testing.assert_allclose(host(pushforward(raw(np.ones(2)))), 16)
    kept.backward()
    np.testing.assert_allclose(host(z.grad), [4, 12])
    np.testing.assert_allclose(host(w.grad), [1, 4])


SLOPES = {  # each is twice v, the slope of the squares
    "grad": lambda f, v: xg.grad(lambda x: xg.sum(f(x)))(v),
    "vjp": lambda f, v: xg.vjp(f, v)[1](xg.ones_like(v))[0],
    "jvp": lambda f, v: xg.jvp(f, (v,), (xg.ones_like(v),))[1],
    "jvp by v": lambda f, v: xg.jvp(f, (xg.ones_like(v),), (v,))[1],
    "linearize": lambda f, v: xg.linearize(f, v)[1](xg.ones_like(v)),
    "jacfwd": lambda f, v: xg.sum(xg.jacfwd(f)(v), axis=0),
    "jacrev": lambda f, v: xg.sum(xg.jacrev(f)(v), axis=0),
    "hvp": lambda f, v: xg.hvp(lambda x: xg.sum(f(x) * x), (v,), (xg.ones_like(v),)) / 3,
    "vmap": lambda f, v: xg.vmap(xg.grad(f))(v),
    "checkpoint": lambda f, v: xg.grad(lambda x: xg.sum(xg.checkpoint(f)(x)))(v),
}


@pytest.mark.parametrize("name", SLOPES)
def test_what_a_transform_was_given_may_be_written(name):
    """Inside the function and recorded: the transform works on what it was given."""
    v = leaf([1.0, 2.0]) * 1.0

    def f(x):
        y = x * x
        v[...] = 100.0
        return y

    np.testing.assert_allclose(host(SLOPES[name](f, v).detach()), [2.0, 4.0])


def test_a_custom_rule_keeps_its_saved_values():
    class Times(xg.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            return x * w

        @staticmethod
        def backward(ctx, g):
            x, w = ctx.saved_tensors
            return g * w, g * x

    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    y = Times.apply(x, w).sum()
    with xg.no_grad():
        w *= 0.0
        x += 5.0
    y.backward()
    np.testing.assert_allclose(host(x.grad), [3, 4])
    np.testing.assert_allclose(host(w.grad), [1, 2])


@pytest.mark.parametrize("order", [1, 2])
def test_a_rule_may_write_into_its_arguments(order):
    class Doubled(xg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            x *= 2.0
            return x * x

        @staticmethod
        def backward(ctx, g):
            return 8.0 * ctx.saved_tensors[0] * g

    f = xg.custom_vjp(lambda x: Doubled.forward(_Context(), x))
    f.defvjp(lambda x: (Doubled.forward(_Context(), x), x / 2.0), lambda x, g: (8.0 * x * g,))
    x = raw(np.asarray([1.0, 3.0]))
    for g in (Doubled.apply, f):
        derivative = lambda x: xg.sum(x * x * g(x))
        for _ in range(order):
            derivative = xg.grad(lambda x, d=derivative: xg.sum(d(x)))
        expected = {1: 16 * host(x) ** 3, 2: 48 * host(x) ** 2}[order]
        np.testing.assert_allclose(host(derivative(x)), expected)
        np.testing.assert_array_equal(host(x), [1, 3])


class _Context:
    def save_for_backward(self, *tensors):
        pass


@pytest.mark.numpy_only
def test_an_array_of_the_users_is_never_written():
    a, u = np.ones(3), np.zeros(3)
    w = xg.asarray(a).requires_grad_()
    optimizer = xg.optim.SGD([w], lr=1.0)
    w.grad = xg.asarray(u)
    for _ in range(2):
        (w * 2).sum().backward()
        optimizer.step()
    np.testing.assert_array_equal(a, 1)
    np.testing.assert_array_equal(u, 0)
    np.testing.assert_array_equal(host(w), 1 - 2 - 4)
    with xg.no_grad():
        w[0] = 7.0
        x = xg.asarray(a)
        x[1] = 5.0
        x += 1
    np.testing.assert_array_equal(a, 1)


@pytest.mark.numpy_only
@pytest.mark.parametrize(
    "export", [lambda x: x.numpy(), np.from_dlpack, lambda x: memoryview(x.numpy())]
)
def test_arrays_exported_to_another_library_are_not_written(export):
    x = xg.sin(np.ones(5000))
    shown = export(x)
    before = np.array(shown)
    x[7] = 1.0
    x[...] = 0.0
    np.testing.assert_array_equal(np.asarray(shown), before)


@pytest.mark.numpy_only
def test_data_of_a_leaf_is_a_copy_if_a_graph_sees_it():
    w = leaf([2.0, 3.0])
    y = (w * w).sum()
    w.data -= 1.0
    y.backward()
    np.testing.assert_allclose(host(w.grad), [4, 6])
    np.testing.assert_allclose(host(w), [1, 2])
    w.data[...] = 0.0
    np.testing.assert_allclose(host(w), [0, 0])


# -- a training step updates in place --------------------------------------------------------------


@pytest.mark.numpy_only
@pytest.mark.parametrize(
    "make",
    [
        lambda p: xg.optim.SGD(p, 0.1),
        lambda p: xg.optim.SGD(p, 0.1, momentum=0.9),
        lambda p: xg.optim.Adam(p, 0.1),
        lambda p: xg.optim.AdamW(p, 0.1),
    ],
)
@pytest.mark.parametrize("width", [3, 300])
def test_a_training_step_updates_in_place(make, width):
    model = xg.nn.Sequential(xg.nn.Linear(width, width), xg.nn.Tanh(), xg.nn.Linear(width, 1))
    optimizer = make(model.parameters())
    ema, losses = xg.optim.EMA(model.parameters()), []
    x = np.ones((4, width), np.float32)

    def step():
        optimizer.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        xg.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        ema.update()
        losses.append(loss)

    def addresses():
        arrays = [p._value for p in model.parameters()]
        arrays += [x for s in optimizer.state for x in s.values() if isinstance(x, np.ndarray)]
        return [x.ctypes.data for x in arrays]

    step()
    step()
    before = addresses()
    for _ in range(3):
        step()
    assert addresses() == before


@pytest.mark.parametrize("name", ["backward", "grad", "vjp", "grad of views"])
def test_rows_are_written_in_place_on_every_tape(name):
    inplace = NAME in ("numpy", "torch")
    addresses = []

    def f(w):
        x = w * 2.0
        saved = x[0] * x[0]  # keeps what it was
        for i in range(1, 4):
            x[i] = x[i - 1] * 0.5
            addresses.append(_address(x))
        if name == "grad of views":
            part = x[1:3]
            for i in range(2):
                part[i, 1:] = saved[1:]
                addresses.append(_address(x))
        x[0] = 1.0
        square = x * x
        x[...] = 0.0  # `square` keeps the array that it saw
        return xg.sum(saved) + xg.sum(square)

    def reference(w):
        x0 = w[0] * 2.0
        saved = x0 * x0
        rows = [xg.ones_like(x0), x0 * 0.5, x0 * 0.25, x0 * 0.125]
        if name == "grad of views":
            rows[1:3] = [xg.concat([r[:1], saved[1:]]) for r in rows[1:3]]
        x = xg.stack(rows)
        return xg.sum(saved) + xg.sum(x * x)

    w = raw(np.linspace(0.5, 2.0, 12).reshape(4, 3))
    run = {
        "backward": lambda: _backward(f, w),
        "vjp": lambda: xg.vjp(f, w)[1](raw(np.asarray(1.0)))[0],
    }.get(name, lambda: xg.grad(f)(w))
    np.testing.assert_allclose(host(run()), host(xg.grad(reference)(w)))
    assert not inplace or len(set(addresses)) == 1


def _backward(f, w):
    leaf = xg.tensor(w, requires_grad=True)
    f(leaf).backward()
    return leaf.grad


def _address(x):
    array = x._value
    return (
        array.ctypes.data
        if NAME.startswith("numpy")
        else array.data_ptr()
        if NAME == "torch"
        else 0
    )


@pytest.mark.numpy_only
def test_gradients_are_added_up_in_place():
    w = xg.tensor(np.ones(5000), requires_grad=True)
    (w * 2).sum().backward()
    at = w.grad._value.ctypes.data
    (w * 3).sum().backward()
    assert w.grad._value.ctypes.data == at
    kept = w.grad.detach()
    (w * 5).sum().backward()
    np.testing.assert_array_equal(host(kept), 5)
    np.testing.assert_array_equal(host(w.grad), 10)


def test_where_references_cannot_be_counted_everything_is_out_of_place(monkeypatch):
    from xgrad.backends import ownership

    monkeypatch.setattr(ownership, "COUNTS", False)
    w = leaf([1.0, 2.0])
    before = w._value
    optimizer = xg.optim.SGD([w], lr=1.0, momentum=0.5)
    for _ in range(2):
        optimizer.zero_grad()
        (w[0] * w[1] + w.sum()).backward()
        optimizer.step()
    assert w._value is not before
    x = np.asarray([1.0, 2.0])
    v = np.zeros(2)
    for _ in range(2):
        v = 0.5 * v + x[::-1] + 1
        x = x - v
    np.testing.assert_allclose(host(w), x)


# -- cotangents ------------------------------------------------------------------------------------


def test_recorded_passes_accumulate_into_separate_memory():
    def loss(w, b):
        base, reg = b * 2.0, xg.sum(w * 5.0)
        return reg + xg.sum((xg.squeeze(w, -1) + base) * raw(np.asarray([1.0, 2.0, 3.0])))

    arrays = raw(np.ones((1, 3, 1))), raw(np.ones((1, 3)))
    gradients = xg.vmap(xg.grad(loss, (0, 1)))(*arrays)
    np.testing.assert_allclose(host(gradients[0])[0, :, 0], [6, 7, 8])
    np.testing.assert_allclose(host(gradients[1]), [[2, 4, 6]])
    second = xg.hessian(lambda w: xg.mean(w * 3.0) - xg.mean(w))(raw(np.ones(3)))
    np.testing.assert_array_equal(host(second), np.zeros((3, 3)))


@pytest.mark.numpy_only
@pytest.mark.parametrize("size", [3, 5000])
@pytest.mark.parametrize(
    "f",
    [
        lambda a, b: xg.sum(a + b),
        lambda a, b: xg.sum(a) + xg.sum(b),
        lambda a, b: xg.sum(xg.clip(a + b)),
        lambda a, b: xg.sum(xg.reshape(a + b, (-1, 1))),
        lambda a, b: xg.sum(xg.concat([a, b]) * 2) + xg.sum(a[1:] * b[:-1]),
        lambda a, b: xg.mean(xg.stack([a, b])) + xg.sum(xg.flip(a)),
    ],
)
def test_gradients_belong_to_the_caller(f, size):
    a, b = np.ones(size), np.full(size, 2.0)
    seed = np.ones(())
    for gradients in (
        xg.grad(f, (0, 1))(a, b),
        xg.vjp(f, a, b)[1](seed),
        [g.numpy() for g in xg.autograd.grad(*_outputs(f, a, b))],
        xg.vmap(xg.grad(f, (0, 1)))(a[None], b[None]),
        xg.jacrev(f, (0, 1))(a, b),
        xg.jacfwd(f, (0, 1))(a[:3].copy(), b[:3].copy()),
    ):
        for i, g in enumerate(gradients):
            assert g.flags.writeable
            others = [a, b, seed, *(h for j, h in enumerate(gradients) if j != i)]
            assert not any(np.shares_memory(g, h) for h in others)


def _outputs(f, a, b):
    tensors = [xg.tensor(x, requires_grad=True) for x in (a, b)]
    return f(*tensors), tensors


@pytest.mark.numpy_only
def test_results_of_transforms_belong_to_the_caller():
    x, t = np.ones(3), np.full(3, 2.0)
    value, tangent = xg.jvp(lambda x: x, (x,), (t,))
    primal, pullback = xg.vjp(lambda x: xg.exp(x), x)
    primal *= 0.0
    np.testing.assert_allclose(pullback(np.ones(3))[0], np.e)
    linear, pushforward = xg.linearize(lambda x: x, x)
    batched = xg.vmap(lambda x: x)(x)
    for out in (value, tangent, linear, pushforward(t), batched):
        assert out.flags.writeable
        assert not np.shares_memory(out, x)
        assert not np.shares_memory(out, t)


def test_gradients_of_a_recorded_pass_are_separate_tensors():
    a, b = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    ga, gb = xg.autograd.grad(xg.sum((a + b) ** 2), (a, b), create_graph=True)
    ga *= 2.0
    np.testing.assert_allclose(host(gb), [8, 12])
    xg.sum((a + b) ** 2).backward(create_graph=True)
    with xg.no_grad():
        a.grad *= 0.0
    np.testing.assert_allclose(host(b.grad), [8, 12])
    a.grad = b.grad = None


@pytest.mark.parametrize("size", [3, 2000])
def test_views_of_a_gradient_follow_it(size):
    if NAME == "dask" and size > 3:
        pytest.skip("chunks of two elements make it slow, and no path of it depends on a size")
    w = xg.tensor(raw(np.ones(size)), requires_grad=True)
    (w * 1.0).sum().backward()
    part = w.grad[0 : size - 1]
    (w * 1.0).sum().backward()
    np.testing.assert_array_equal(host(part), 2)
    xg.optim.SGD([w], lr=0.1).zero_grad(set_to_none=False)
    np.testing.assert_array_equal(host(part), 0)


def test_a_gradient_that_is_a_view_of_a_buffer_fills_the_buffer():
    flat = xg.zeros(4)
    w, v = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    w.grad, v.grad = flat[:2], flat[2:]
    (w * 2 + v * 3).sum().backward()
    np.testing.assert_array_equal(host(flat), [2, 2, 3, 3])
    flat += 1.0
    np.testing.assert_array_equal(host(w.grad), [3, 3])


# -- freezing --------------------------------------------------------------------------------------


def test_a_leaf_that_is_frozen_and_thawed_is_the_same_leaf():
    w = leaf([1.0, 2.0])
    seen = []
    w.register_hook(lambda g: seen.append(host(g).copy()))
    before = (w * 3).sum()
    (w * 2).sum().backward()
    optimizer = xg.optim.SGD([w], lr=1.0)
    w.requires_grad_(False)
    assert not w.requires_grad
    assert not (w * 2).requires_grad
    np.testing.assert_array_equal(host(w.grad), [2, 2])
    optimizer.step()
    np.testing.assert_array_equal(host(w), [1, 2])  # a frozen parameter is not stepped
    w.requires_grad_(True)
    before.backward()  # an earlier graph accumulates its gradient here
    np.testing.assert_array_equal(host(w.grad), [5, 5])
    assert len(seen) == 2
    optimizer.step()
    np.testing.assert_array_equal(host(w), [-4, -3])


def test_a_frozen_leaf_gets_no_gradient_from_an_earlier_graph():
    w, v = leaf([1.0]), leaf([1.0])
    y = (w * v).sum()
    w.requires_grad = False
    y.backward()
    assert w.grad is None
    np.testing.assert_array_equal(host(v.grad), [1])


@pytest.mark.numpy_only
def test_a_tangent_of_a_number_that_was_stretched_can_be_written():
    value, tangent = xg.jvp(lambda x: x + np.ones((2, 3)), (1.0,), (2.0,))
    value += 1.0
    tangent += 1.0
    np.testing.assert_array_equal(tangent, 3)
