"""Parameters of modules, with or without gradients; hooks; loading; threads."""

import copy
import pickle
import threading

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import nn


class Fixed(nn.Module):
    """A scale that is trained and a shift that is not."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(raw([1.0, 2.0]))
        self.shift = nn.Parameter(raw([3.0, 4.0]), requires_grad=False)

    def forward(self, x):
        return self.scale * x + self.shift


def test_parameters_are_known_by_their_kind():
    w, fixed = nn.Parameter(raw([1.0])), nn.Parameter(raw([1.0]), requires_grad=False)
    for x in (w, fixed, copy.deepcopy(fixed), pickle.loads(pickle.dumps(w))):
        assert isinstance(x, nn.Parameter)
        assert isinstance(x, xg.Tensor)
        assert type(x) is xg.Tensor
    for x in (w.detach(), w * 2, xg.asarray(raw([1.0])), raw([1.0]), None, 3):
        assert not isinstance(x, nn.Parameter)
    assert (w.requires_grad, fixed.requires_grad) == (True, False)
    assert nn.Parameter(raw([1, 2]), requires_grad=False).dtype.kind == "i"
    with pytest.raises(TypeError, match="Parameter: cannot be subclassed"):
        type("Mine", (nn.Parameter,), {})


def test_frozen_parameters_are_registered():
    model = Fixed()
    assert [name for name, _ in model.named_parameters()] == ["scale", "shift"]
    assert list(model.state_dict()) == ["scale", "shift"]
    model.to(dtype="float32")
    assert (model.shift.dtype, model.shift.requires_grad) == (xg.float32, False)
    again = copy.deepcopy(model)
    assert isinstance(again.shift, nn.Parameter)
    other = nn.Module()
    other.shared = again.shift
    assert [x is again.shift for x in other.parameters()] == [True]
    several = nn.ParameterList([again.shift])
    assert several[0] is again.shift
    leaf = xg.asarray(raw([1.0])).requires_grad_()
    other.leaf = leaf
    assert isinstance(leaf, nn.Parameter)
    other.buffer_then = None
    other.register_buffer("buffer", xg.asarray(raw([1.0])))
    other.buffer = nn.Parameter(raw([2.0]))
    assert [name for name, _ in other.named_buffers()] == []
    assert "buffer" in dict(other.named_parameters())


def test_frozen_parameters_are_skipped_until_thawed():
    model = Fixed()
    optimizer = xg.optim.SGD(model.parameters(), lr=1.0)
    model.scale.requires_grad_(False)
    model.shift.requires_grad_(True)
    x = raw([1.0, 1.0])
    model(x).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(host(model.scale), [1.0, 2.0])
    np.testing.assert_array_equal(host(model.shift), [2.0, 3.0])
    model.shift.requires_grad_(False)
    optimizer.step()  # even if an old gradient exists
    model.scale.requires_grad_(True)
    optimizer.zero_grad()
    model(x).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(host(model.scale), [0.0, 1.0])
    np.testing.assert_array_equal(host(model.shift), [2.0, 3.0])


@pytest.mark.numpy_only
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("weight", 3, "weight is a parameter, so a Parameter or None is expected, got int"),
        ("weight", np.ones((2, 3)), "a Parameter or None is expected, got ndarray"),
        ("weight", xg.ones((2, 3)), "got a constant; wrap it in nn.Parameter"),
        ("weight", nn.Parameter([1.0]) * 2, "got a result of operations"),
        ("count", 3, "count is a buffer, so a Tensor or None is expected, got int"),
        ("inner", 3, "inner is a module, so a Module or None is expected, got int"),
        ("inner", nn.ReLU, "got the class ReLU; make an instance: ReLU"),
    ],
)
def test_values_keep_their_kind(name, value, message):
    model = nn.Linear(3, 2)
    model.register_buffer("count", xg.asarray(0))
    model.inner = nn.Identity()
    before = getattr(model, name)
    with pytest.raises(TypeError, match=f"Linear: .*{message.replace('(', '.')}"):
        setattr(model, name, value)
    assert getattr(model, name) is before


@pytest.mark.numpy_only
def test_names_and_kinds_are_checked():
    model = nn.Module()
    for register in (model.register_parameter, model.register_buffer, model.add_module):
        for name in ("", "a.b"):
            with pytest.raises(ValueError, match="expected a name without a dot"):
                register(name, None)
        with pytest.raises(TypeError, match="expected a string for name, got 3"):
            register(3, None)
        with pytest.raises(TypeError, match="x is a"):
            register("x", 3)


def test_moving_keeps_the_hooks_of_a_parameter():
    model = nn.Linear(2, 1, dtype="float64")
    weight, seen = model.weight, []
    handle = weight.register_hook(lambda g: seen.append(g.dtype))
    model(raw([[1.0, 2.0]])).sum().backward()
    model.to(dtype="float32")
    assert model.weight is weight
    assert isinstance(weight, nn.Parameter)
    assert weight.grad.dtype == xg.float32
    np.testing.assert_array_equal(host(weight.grad), [[1.0, 2.0]])
    model(raw(np.asarray([[1.0, 2.0]], "float32"))).sum().backward()
    np.testing.assert_array_equal(host(weight.grad), [[2.0, 4.0]])
    assert seen == [xg.float64, xg.float32]
    handle.remove()
    model(raw(np.asarray([[1.0, 2.0]], "float32"))).sum().backward()
    assert len(seen) == 2


def test_removing_a_handle_keeps_other_hooks():
    model, seen = nn.Identity(), []
    first = model.register_forward_hook(lambda *_: seen.append("first"))
    first.remove()
    model.register_forward_hook(lambda *_: seen.append("second"))
    first.remove()
    model(raw([1.0]))
    assert seen == ["second"]


def test_hooks_of_tensors_have_handles():
    w, seen = xg.asarray(raw([1.0])).requires_grad_(), []
    with w.register_hook(lambda g: seen.append("with")):
        (w * 2).sum().backward()
    first = w.register_hook(lambda g: seen.append("first"))
    second = w.register_hook(lambda g: seen.append("second"))
    assert isinstance(first, nn.RemovableHandle)
    first.remove()
    first.remove()
    (w * 2).sum().backward()
    second()
    (w * 2).sum().backward()
    assert seen == ["with", "second"]


def test_backward_hooks_keep_shapes():
    model = nn.Linear(3, 2, dtype="float64")
    x = xg.asarray(raw(np.ones((4, 3)))).requires_grad_()
    for register, message in {
        "register_full_backward_hook": r"shape \(4, 3\) from the hook, got \(3,\)",
        "register_full_backward_pre_hook": r"shape \(4, 2\) from the hook, got \(3,\)",
    }.items():
        with getattr(model, register)(lambda *_: xg.asarray(raw(np.ones(3)))):
            with pytest.raises(ValueError, match=f"{register}: expected a gradient of {message}"):
                model(x).sum().backward()
        with getattr(model, register)(lambda *given: given[1] * 2):
            with pytest.raises(ValueError, match="expected 1 gradients from the hook, got 2"):
                model(x).sum().backward()


def test_loading_is_atomic():
    model = nn.Sequential(nn.Linear(2, 2, dtype="float64"), nn.Linear(2, 1, dtype="float64"))
    before = {name: host(x).copy() for name, x in model.state_dict().items()}
    good = {name: raw(x + 1) for name, x in before.items()}
    for bad, message in {
        "shape": (raw(np.ones((3, 3))), r"1.weight: expected shape \(1, 2\)"),
        "complex": (raw(np.ones((1, 2)) * 1j), "1.weight: expected float64, got complex128"),
    }.values():
        with pytest.raises(ValueError, match=f"load_state_dict of Sequential: {message}"):
            model.load_state_dict({**good, "1.weight": bad})
    for name, x in model.state_dict().items():
        np.testing.assert_array_equal(host(x), before[name])
    model.load_state_dict(good)
    np.testing.assert_array_equal(host(model[1].weight), before["1.weight"] + 1)


def test_a_module_that_contains_itself():
    model = nn.Sequential(nn.Linear(2, 2))
    model.again = model
    model[0].above = model
    assert len(list(model.parameters())) == 2
    assert len(list(model.modules())) == 2
    assert list(model.state_dict()) == ["0.weight", "0.bias"]
    calls = []
    model.apply(lambda m: calls.append(type(m).__name__))
    assert calls == ["Linear", "Sequential"]
    assert "..." in repr(model)
    model.eval().to(dtype="float32").zero_grad()


@pytest.mark.skipif(NAME == "dpnp", reason="one queue for all threads there")
def test_functional_call_is_thread_safe():
    class Slow(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(raw([0.0]))
            self.register_buffer("calls", xg.asarray(raw([0.0])))

        def forward(self):
            first = self.w
            barrier.wait(timeout=30)
            self.calls = self.calls + 1
            barrier.wait(timeout=30)
            return first, self.w, self.calls

    count, found = 4, {}
    barrier, model = threading.Barrier(count + 1), Slow()

    def run(i):
        given = {"w": xg.asarray(raw([float(i)])), "calls": xg.asarray(raw([10.0 * i]))}
        found[i] = [host(x).item() for x in xg.functional_call(model, given)]

    threads = [threading.Thread(target=run, args=(i,)) for i in range(1, count + 1)]
    for thread in threads:
        thread.start()
    own = [host(x).item() for x in model()]  # called concurrently, without other parameters
    for thread in threads:
        thread.join()
    assert own == [0.0, 0.0, 1.0]
    assert found == {i: [float(i), float(i), 10.0 * i + 1] for i in range(1, count + 1)}
    assert host(model.calls).item() == 1.0


def test_functional_call_inside_itself():
    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(raw([1.0]))
            self.v = nn.Parameter(raw([1.0]))

        def forward(self, inner=None):
            if inner is None:
                return self.w * 10 + self.v
            return xg.functional_call(self, {"w": inner}), self.w, self.v

    model = Outer()
    both, w, v = xg.functional_call(model, {"w": raw([2.0]), "v": raw([3.0])}, (raw([4.0]),))
    assert [host(x).item() for x in (both, w, v, model.w)] == [43.0, 2.0, 3.0, 1.0]


def test_averages_take_a_model():
    model = Fixed()
    average = xg.optim.EMA(model, decay=0.5)
    assert len(average.averages) == 2
    with xg.no_grad():
        model.scale[...] = 3.0
    average.update()
    with average.applied():
        np.testing.assert_array_equal(host(model.scale), [2.0, 2.5])
