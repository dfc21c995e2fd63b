"""The eager tape: backward(), .grad, hooks, in-place changes, and what must raise."""

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw


def leaf(values, **keywords):
    return xg.tensor(raw(np.asarray(values)), requires_grad=True, **keywords)


def close(found, expected):
    np.testing.assert_allclose(host(found), expected, rtol=1e-10, atol=1e-12)


def test_gradients_accumulate_into_a_separate_buffer():
    w, v = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    total = w + v  # the rule of add passes the same cotangent to both
    seed = raw(np.asarray([1.0, 10.0]))
    total.backward(seed)
    w.grad *= 2.0
    close(v.grad, [1, 10])
    close(seed, [1, 10])
    (w * v).backward(seed)
    close(w.grad, [2 + 3, 20 + 40])
    w.grad = None
    (w * w).sum().backward()
    close(w.grad, [2, 4])


def test_an_input_used_often_gets_the_sum():
    w = leaf([1.0, 2.0])
    y = w
    for _ in range(5):
        y = y * w + w - w / 2
    ((y + y) * y).sum().backward()
    expected = xg.grad(lambda x: _often(x))(raw(np.asarray([1.0, 2.0])))
    close(w.grad, host(expected))


def _often(w):
    y = w
    for _ in range(5):
        y = y * w + w - w / 2
    return ((y + y) * y).sum()


def test_a_broadcast_cotangent_is_not_added_into():
    w = leaf([1.0, 2.0, 3.0])
    doubled = w * 1.0
    (xg.sum(doubled) + xg.sum(doubled) + xg.sum(doubled * doubled)).backward()
    close(w.grad, [4, 6, 8])


def test_retain_graph_and_second_backward():
    w = leaf(2.0)
    y = w * w
    y.backward(retain_graph=True)
    y.backward()
    close(w.grad, 8)
    with pytest.raises(xg.AutogradError, match="multiply were freed by an earlier backward"):
        y.backward()


def test_create_graph_makes_gradients_differentiable():
    w = leaf([1.0, 2.0])
    xg.sum(w**3).backward(create_graph=True)
    assert w.grad.requires_grad
    first = w.grad
    w.grad = None
    xg.sum(first * first).backward()
    close(w.grad, 2 * 3 * 6 * np.asarray([1.0, 8.0]))


def test_third_derivative_on_the_tape():
    w = leaf(2.0)
    y = w**5
    for _ in range(3):
        (y,) = xg.autograd.grad(y, w, create_graph=True)
    close(y, 5 * 4 * 3 * 4.0)


def test_autograd_grad_of_intermediate_results():
    w = leaf([1.0, 2.0])
    hidden = w * 3
    out = xg.sum(hidden * hidden)
    by_hidden, by_w = xg.autograd.grad(out, [hidden, w])
    close(by_hidden, [6, 12])
    close(by_w, [18, 36])
    assert w.grad is None


def test_autograd_grad_walks_only_nodes_that_lead_to_an_input():
    x, weight = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    calls = []
    weighted = weight * 2
    weighted.register_hook(lambda g: calls.append(g))
    xg.autograd.grad(xg.sum(x * weighted), x)
    assert calls == []


def test_allow_unused():
    w, other = leaf(1.0), leaf(1.0)
    with pytest.raises(xg.AutogradError, match="do not depend on input 1; allow_unused=True"):
        xg.autograd.grad(w * 2, [w, other])
    assert xg.autograd.grad(w * 2, [w, other], allow_unused=True)[1] is None


def test_several_outputs_and_cotangents():
    w = leaf([1.0, 2.0])
    g = raw(np.asarray([1.0, 0.0]))
    (found,) = xg.autograd.grad([w * 2, w * w], w, [g, g])
    close(found, [4, 0])
    with pytest.raises(ValueError, match="2 outputs, but 1 cotangents"):
        xg.autograd.grad([w * 2, w * w], w, [g])


def test_errors_of_backward():
    w = leaf([1.0, 2.0])
    with pytest.raises(
        xg.AutogradError, match=r"only a single number has a gradient, but .* shape \(2,\)"
    ):
        (w * 2).backward()
    with pytest.raises(ValueError, match=r"expected a cotangent of shape \(2,\), got \(3,\)"):
        (w * 2).backward(raw(np.ones(3)))
    with pytest.raises(TypeError, match="cotangent of dtype float64, got float32"):
        (w * 2).backward(raw(np.ones(2, np.float32)))
    with pytest.raises(TypeError, match="expected a cotangent that is a Tensor or an array"):
        (w * 2).backward([1.0, 1.0])
    with pytest.raises(xg.AutogradError, match="no graph leads to this tensor"):
        xg.asarray(raw(np.ones(2))).sum().backward()
    with pytest.raises(TypeError, match="expected a Tensor, got float"):
        xg.autograd.grad(1.0, w)
    with pytest.raises(xg.AutogradError, match="does not need gradients"):
        xg.autograd.grad(w.sum(), xg.ones(2))


def test_integers_do_not_have_gradients():
    with pytest.raises(TypeError, match="only floating-point and complex tensors have gradients"):
        xg.tensor([1, 2], requires_grad=True)
    with pytest.raises(TypeError, match="only floating-point and complex values"):
        xg.grad(lambda x: x)(raw(np.asarray(3)))
    with pytest.raises(TypeError, match="only floating-point and complex values"):
        xg.grad(lambda x: x * x)(3)
    w = leaf([1.5, 2.5])
    assert not xg.astype(w, xg.int64).requires_grad
    assert not (w > 2).requires_grad


def test_no_grad_and_enable_grad():
    w = leaf([1.0, 2.0])
    with xg.no_grad():
        assert not xg.is_grad_enabled()
        assert not (w * 2).requires_grad
        with xg.enable_grad():
            assert (w * 2).requires_grad
        close(xg.grad(lambda x: xg.sum(x * x))(w), [2, 4])
        assert not xg.grad(lambda x: xg.sum(x * x))(w).requires_grad
        close(xg.jvp(xg.square, (w,), (w,))[1], [2, 8])
    assert xg.is_grad_enabled()

    @xg.no_grad()
    def f(x):
        return x * 2

    assert not f(w).requires_grad
    assert not f(w).requires_grad  # the decorator can be used again


def test_no_grad_is_restored_after_an_exception():
    with pytest.raises(ZeroDivisionError), xg.no_grad():
        1 / 0  # noqa: B018
    assert xg.is_grad_enabled()


def test_transforms_stay_connected_to_the_tape():
    w, x = leaf(3.0), leaf(2.0)
    slope = xg.grad(lambda a: a * a * w)(x)  # 2 x w
    slope.backward()
    close(w.grad, 4)
    close(x.grad, 6)


def test_detach_and_stop_gradient():
    w = leaf([1.0, 2.0])
    y = (w * w).detach()
    assert not y.requires_grad
    assert y.data is not None
    (w * w.detach()).sum().backward()
    close(w.grad, [1, 2])
    close(xg.grad(lambda x: x * xg.stop_gradient(x))(3.0), 3)
    close(xg.jvp(lambda x: x * x.detach(), (2.0,), (1.0,))[1], 2)


@pytest.mark.skipif(NAME in ("jax", "array_api_strict"), reason="shared memory cannot be inspected")
def test_detach_shares_memory():
    w = leaf([1.0, 2.0])
    assert w.detach()._value is w._value
    kept = w.detach()
    with xg.no_grad():
        w += 1.0
    close(kept, [1, 2])


def test_hooks_and_retained_gradients():
    w = leaf([1.0, 2.0])
    hidden = w * 3
    hidden.retain_grad()
    seen = []
    remove = hidden.register_hook(lambda g: seen.append(host(g)))
    xg.sum(hidden * hidden).backward(retain_graph=True)
    close(hidden.grad, [6, 12])
    np.testing.assert_allclose(seen, [[6, 12]])
    remove()
    xg.sum(hidden).backward()
    assert len(seen) == 1
    close(hidden.grad, [7, 13])
    v = leaf([1.0, 2.0])
    v.register_hook(lambda g: g * 10)
    xg.sum(v).backward()
    close(v.grad, [10, 10])
    with pytest.raises(xg.AutogradError, match="does not need gradients"):
        xg.ones(2).register_hook(print)
    with pytest.raises(xg.AutogradError, match="does not need gradients"):
        xg.ones(2).retain_grad()


@pytest.mark.parametrize(
    ("returned", "error", "got"),
    [
        (lambda g: xg.sum(g), ValueError, r"got shape \(\)"),
        (lambda g: xg.stack([g, g]), ValueError, r"got shape \(2, 2\)"),
        (lambda g: g[:1], ValueError, r"got shape \(1,\)"),
        (lambda g: g > 0, TypeError, "got dtype bool"),
        (lambda g: g * 1j, TypeError, "got dtype complex128"),
        (lambda g: 2.0, TypeError, "got float"),
        (lambda g: [1.0, 2.0], TypeError, "got list"),
    ],
)
def test_a_hook_must_return_a_gradient_of_its_tensor(returned, error, got):
    for tensor_of in (lambda w: w, lambda w: w * 3):
        for create_graph in (False, True):
            w = leaf([1.0, 2.0])
            x = tensor_of(w)
            x.register_hook(returned)
            loss = xg.sum(x * x)
            with pytest.raises(error, match=rf"register_hook: .*lambda.* of shape \(2,\).*{got}"):
                loss.backward(create_graph=create_graph)

    def f(v):
        x = v * 3
        x.register_hook(returned)
        return xg.sum(x * x)

    x = raw(np.asarray([1.0, 2.0]))
    with pytest.raises(error, match=got):
        xg.grad(f)(x)
    if error is ValueError:
        with pytest.raises(error, match=got):
            xg.vmap(xg.grad(f))(raw(np.ones((4, 2))))


def test_a_hook_may_return_another_precision_or_a_plain_array():
    w = leaf([1.0, 2.0])
    w.register_hook(lambda g: g.astype(xg.float32))
    w.register_hook(lambda g: raw(np.asarray([3.0, 4.0])))
    xg.sum(w * w).backward()
    close(w.grad, [3, 4])
    assert w.grad.dtype == xg.float64


def test_a_hook_under_create_graph_gets_a_recorded_gradient():
    w = leaf([1.0, 2.0])
    hidden = w * w
    hidden.retain_grad()
    xg.sum(hidden**2).backward(create_graph=True)
    assert hidden.grad.requires_grad


def test_requires_grad_can_be_switched():
    w = xg.ones(2)
    w.requires_grad = True
    assert w.requires_grad
    assert w.is_leaf
    w.requires_grad = False
    assert not w.requires_grad
    y = leaf([1.0]) * 2
    assert not y.is_leaf
    assert y.requires_grad_() is y
    with pytest.raises(xg.AutogradError, match="only a leaf can stop"):
        y.requires_grad_(False)


def test_assigning_grad_is_checked():
    w = leaf([1.0, 2.0])
    w.grad = xg.zeros_like(w)
    with pytest.raises(ValueError, match=r"grad: expected shape \(2,\)"):
        w.grad = xg.ones(3)
    with pytest.raises(TypeError, match="expected a Tensor or None, got list"):
        w.grad = [1.0, 2.0]
    with pytest.raises(xg.AutogradError, match="only on a leaf"):
        (w * 2).grad = None
    assert xg.ones(2).grad is None


def test_a_graph_keeps_the_value_of_a_leaf_that_is_changed_in_place():
    w = leaf([1.0, 2.0])
    y = xg.sum(w * w)
    with xg.no_grad():
        w -= 0.5
    close(w.detach(), [0.5, 1.5])
    assert w.is_leaf
    assert w.requires_grad
    y.backward()
    close(w.grad, [2, 4])
    w.grad = None
    y = xg.sum(w * w)
    w.data = raw(np.asarray([5.0, 5.0]))
    y.backward()
    close(w.grad, [1, 3])
    close(w.detach(), [5, 5])


def test_in_place_operators():
    w = leaf([1.0, 2.0])
    for change in ("+=", "-=", "*=", "/=", "**="):
        with pytest.raises(xg.AutogradError, match="a leaf that needs gradients cannot"):
            exec(f"w {change} 2.0", {"w": w})  # noqa: S102
    x = w * 1.0
    same = x
    x += w
    x *= 3.0
    x -= 1.0
    x /= 2.0
    x **= 2
    assert x is same
    xg.sum(x).backward()
    close(w.grad, 2 * (3 * np.asarray([1.0, 2.0]) - 0.5) * 3)
    counts = xg.asarray([1, 2])
    with pytest.raises(TypeError, match="cannot put float64 into a tensor of int64"):
        counts += 0.5
    with pytest.raises(ValueError, match="the result has shape"):
        x += xg.ones((3, 2))
    narrow = xg.ones(2, dtype=xg.float32)
    narrow += xg.ones(2)
    assert narrow.dtype == xg.float32
    square = xg.ones((2, 2))
    square @= xg.ones((2, 2))
    close(square, np.full((2, 2), 2.0))


def test_numpy_and_asarray_never_drop_gradients():
    w = leaf([1.0, 2.0])
    with pytest.raises(xg.AutogradError, match="call detach"):
        np.asarray(w)
    with pytest.raises(xg.AutogradError, match="call detach"):
        w.numpy()
    close(np.asarray(w.detach()), [1, 2])
    with pytest.warns(UserWarning, match="float.. of a tensor that needs gradients"):
        assert float(w[0]) == 1.0
    assert w[0].item() == 1.0
    assert w.tolist() == [1.0, 2.0]  # for reading
    assert float(w.detach()[1]) == 2.0


def test_conversions_and_their_errors():
    x = xg.asarray([1, 2, 3])
    assert int(x[0]) == 1
    assert complex(x[1]) == 2
    assert [10, 20, 30][x[1]] == 30
    assert bool(x[0])
    assert len(x) == 3
    assert [item.item() for item in x] == [1, 2, 3]
    with pytest.raises(TypeError, match="bool: expected one element"):
        bool(x)
    with pytest.raises(TypeError, match="index: expected an integer tensor"):
        [1][xg.asarray(0.0)]
    with pytest.raises(TypeError, match="len"):
        len(x[0])
    with pytest.raises(TypeError, match="iteration over a 0-d"):
        iter(x[0])
    with pytest.raises(ValueError, match="item: expected one element"):
        x.item()


def test_data_can_be_replaced():
    w = leaf([1.0, 2.0])
    w.data = raw(np.asarray([3.0, 4.0]))
    (w * w).sum().backward()
    close(w.grad, [6, 8])
    w.data = xg.asarray(raw(np.asarray([0.0, 1.0])))
    with pytest.raises(ValueError, match="data: expected shape"):
        w.data = raw(np.ones(3))
    with pytest.raises(xg.AutogradError, match="only on a leaf"):
        (w * 2).data = raw(np.ones(2))


def test_repr():
    if NAME == "numpy":
        assert repr(leaf([1.0])) == "Tensor([1.], requires_grad=True)"
        assert repr(leaf([1.0]) * 2) == "Tensor([2.], from=multiply)"
        assert repr(xg.ones(2, dtype=xg.float32)) == "Tensor([1., 1.], dtype=float32)"
    else:
        assert f"backend='{NAME}'" in repr(xg.ones(2))
    texts = []
    xg.grad(lambda x: (texts.append(repr(x)), x * x)[1])(2.0)
    xg.vmap(lambda x: (texts.append(repr(x)), x * x)[1])(xg.ones(3))
    assert "inside grad()" in texts[0]
    assert "inside vmap()" in texts[1]


def test_a_long_chain_needs_neither_recursion_nor_the_garbage_collector():
    w = leaf(1.0)
    gc.disable()
    try:
        before = sys.getrecursionlimit()
        y = w
        for _ in range(20_000 if NAME != "numpy" else 200_000):
            y = y + 1.0
        y.backward()
        close(w.grad, 1)
        assert sys.getrecursionlimit() == before
        y = w
        for _ in range(50_000 if NAME == "numpy" else 5_000):
            y = y * 1.0
        node = weakref.ref(y)
        del y  # a dropped graph unwinds without recursion
        assert node() is None
    finally:
        gc.enable()


@pytest.mark.numpy_only
def test_a_dropped_graph_is_freed_at_once():
    class Watched(np.ndarray):
        pass

    gc.disable()
    try:
        w = leaf(np.ones(4))
        big = np.ones(4).view(Watched)
        died = weakref.ref(big)
        y = xg.sum(xg.tanh(w) * big)
        del big
        assert died() is not None
        y.backward()  # saved values are freed as the pass goes
        assert died() is None
        loss = xg.sum(xg.exp(w) * w)
        tensors = [weakref.ref(loss), weakref.ref(w)]
        del loss, w, y
        assert [t() for t in tensors] == [None, None]
        with pytest.raises(ValueError, match="return one number"):
            xg.grad(lambda x: x * x)(np.ones(3))
    finally:
        gc.enable()


@pytest.mark.numpy_only
def test_memory_of_a_chain_is_what_the_rules_save():
    import tracemalloc

    n = 100_000
    w = leaf(np.ones(n))
    tracemalloc.start()
    y = w
    for _ in range(10):
        y = xg.tanh(y)  # saves its output: one array each
    for _ in range(10):
        y = y + 1.0  # saves nothing
    forward, _ = tracemalloc.get_traced_memory()
    g = np.ones(n)
    tracemalloc.reset_peak()
    y.backward(g)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    one = 8 * n
    assert forward < (10 + 1) * one + 100_000  # ten outputs and the result
    # g, the saved outputs, the cotangent, and intermediate results of a rule.
    assert peak < (10 + 1 + 1 + 2) * one + 200_000


def test_two_threads_train_as_one_would():
    def train(seed, results):
        with xg.use_backend(*_place()):
            generator = xg.random.Generator(seed)
            model = xg.nn.Linear(4, 1, dtype=xg.float64, generator=generator)
            optimizer = xg.optim.Adam(model.parameters(), lr=0.01)
            x = generator.normal((16, 4))
            for _ in range(10):
                slope = xg.grad(lambda s: xg.sum(model(x) * s))(xg.asarray(1.0))
                loss = xg.mean(xg.square(model(x) - 1.0)) + 0.0 * slope
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            results[seed] = host(model.weight)

    alone: dict = {}
    for seed in range(2):
        train(seed, alone)
    together: dict = {}
    threads = [threading.Thread(target=train, args=(s, together)) for s in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(2):
        np.testing.assert_array_equal(alone[seed], together[seed])


def _place():
    from tests.environment import DEVICE

    return NAME, DEVICE


def test_threads_add_to_one_leaf():
    w = leaf(np.zeros(1000))

    def work():
        for _ in range(20):
            xg.sum(w * 1.0).backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close(w.grad, np.full(1000, 80.0))


def test_pickle_and_copy_of_leaves():
    import copy
    import pickle

    w = leaf([1.0, 2.0])
    if NAME == "numpy":
        again = pickle.loads(pickle.dumps(w))
        assert again.requires_grad
        close(again, [1, 2])
    with pytest.raises(xg.AutogradError, match="only constants and leaves"):
        pickle.dumps(w * 2)
    assert not copy.deepcopy(w.detach()).requires_grad
