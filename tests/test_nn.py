"""Modules, layers and losses; in the torch session against PyTorch itself."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import nn
from xgrad.nn import functional as F

needs_torch = pytest.mark.skipif(NAME != "torch", reason="PyTorch is the oracle of its session")


def make_model(**keywords):
    return nn.Sequential(
        nn.Linear(3, 4, **keywords), nn.Tanh(), nn.Linear(4, 2, bias=False, **keywords)
    )


def test_parameters_are_found_by_assignment():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)
            self.same = self.layer
            self.scale = nn.Parameter([1.0])
            self.register_buffer("count", xg.asarray(0))
            self.register_buffer("cache", xg.zeros(2), persistent=False)
            self.constant = xg.ones(2)
            self.nothing = None

        def forward(self, x):
            return self.layer(x) * self.scale

    net = Net()
    assert [name for name, _ in net.named_parameters()] == ["scale", "layer.weight", "layer.bias"]
    assert len(list(net.parameters())) == 3
    assert [name for name, _ in net.named_buffers()] == ["count", "cache"]
    assert [name for name, _ in net.named_modules()] == ["", "layer"]
    assert list(net.state_dict()) == [
        "scale", "count", "layer.weight", "layer.bias", "same.weight", "same.bias",
    ]  # fmt: skip
    assert net.layer.weight.dtype == xg.float32
    net.scale = nn.Parameter([2.0])
    assert net.scale.detach().tolist() == [2.0]
    net.scale = None
    assert [name for name, _ in net.named_parameters()] == ["layer.weight", "layer.bias"]
    net.count = xg.asarray(3)
    assert dict(net.named_buffers())["count"].item() == 3
    del net.same
    net.layer = nn.Linear(1, 1)
    with pytest.raises(TypeError, match="Net: layer is a module, so a Module or None is expected"):
        net.layer = "not a module any more"
    del net.layer
    assert list(net.children()) == []
    del net.constant
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'missing'"):
        net.missing  # noqa: B018
    net.register_buffer("count", None)
    net.register_parameter("late", nn.Parameter([1.0]))
    assert len(list(net.buffers())) == 1


def test_a_module_needs_init_and_forward():
    class Careless(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter([1.0])

    with pytest.raises(AttributeError, match=r"call super\(\).__init__\(\) before"):
        Careless()
    with pytest.raises(NotImplementedError, match="Module does not define forward"):
        nn.Module()(1)


def test_modes_gradients_and_apply():
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Dropout(0.5)))
    assert all(not m.training for m in model.eval().modules())
    assert all(m.training for m in model.train().modules())
    xg.sum(model(xg.ones((1, 2), dtype=xg.float32))).backward()
    assert model[0].weight.grad is not None
    model.zero_grad(set_to_none=False)
    assert host(model[0].weight.grad).max() == 0
    model.zero_grad()
    assert model[0].weight.grad is None
    model.requires_grad_(False)
    assert not any(p.requires_grad for p in model.parameters())
    model.zero_grad()
    names = []
    model.apply(lambda m: names.append(type(m).__name__))
    assert names == ["Linear", "Dropout", "Sequential", "Sequential"]


def test_sequential():
    model = make_model()
    assert len(model) == 3
    assert isinstance(model[1], nn.Tanh)
    assert len(model[1:]) == 2
    assert [type(m).__name__ for m in model] == ["Linear", "Tanh", "Linear"]
    model.append(nn.Softmax(dim=-1))
    assert repr(model) == (
        "Sequential(\n  (0): Linear(in_features=3, out_features=4, bias=True)\n  (1): Tanh()\n"
        "  (2): Linear(in_features=4, out_features=2, bias=False)\n  (3): Softmax(dim=-1)\n)"
    )
    named = nn.Sequential({"first": nn.Linear(3, 2), "second": nn.ReLU()})
    assert named.first.weight.shape == (2, 3)
    nested = nn.Sequential(nn.Sequential(nn.Sigmoid()))
    assert "(0): Sequential(\n    (0): Sigmoid()\n  )" in repr(nested)


def test_state_dict_round_trip_and_errors():
    one, two = make_model(), make_model()
    before = host(two[0].weight).copy()
    two.load_state_dict(one.state_dict())
    np.testing.assert_array_equal(host(two[0].weight), host(one[0].weight))
    assert not np.array_equal(before, host(two[0].weight))
    state = dict(one.state_dict())
    state["0.weight"] = xg.zeros((2, 2))
    state["extra"] = state.pop("2.weight")
    with pytest.raises(ValueError) as caught:
        two.load_state_dict(state)
    for part in (
        "load_state_dict of Sequential",
        "missing: 2.weight",
        "unexpected: extra",
        "0.weight: expected shape (4, 3), got (2, 2)",
    ):
        assert part in str(caught.value)
    state["0.weight"] = one.state_dict()["0.weight"]
    two.load_state_dict(state, strict=False)
    as_numpy = {name: host(x) for name, x in one.state_dict().items()}
    two.load_state_dict(as_numpy)  # from another backend


def test_to_moves_and_casts():
    model = make_model()
    model.register_buffer("count", xg.asarray([1, 2]))
    xg.sum(model(xg.ones((1, 3), dtype=xg.float32))).backward()
    model.to(xg.float64)
    assert model[0].weight.dtype == model[0].weight.grad.dtype == xg.float64
    assert model.count.dtype == xg.int64
    assert model[0].weight.requires_grad
    model.to("numpy", dtype=xg.float32)
    assert model[0].weight.backend.name == "numpy"
    assert model[0].weight.grad.backend.name == "numpy"
    with xg.use_backend("numpy"):
        xg.sum(model(xg.ones((1, 3), dtype=xg.float32))).backward()


def test_linear_shapes_and_errors():
    layer = nn.Linear(3, 2, dtype=xg.float64)
    x = raw(np.arange(12.0).reshape(2, 2, 3))
    expected = host(x) @ host(layer.weight).T + host(layer.bias)
    np.testing.assert_allclose(host(layer(x)), expected)
    np.testing.assert_allclose(host(layer(xg.asarray(x)[0, 0])), expected[0, 0])
    with pytest.raises(ValueError, match=r"linear: expected input \(..., 3\)"):
        layer(xg.ones((2, 4)))
    xg.testing.check_grads(
        lambda a, w, b: F.linear(a, w, b), (x, layer.weight.detach(), layer.bias.detach())
    )
    bound = 1 / np.sqrt(3)
    assert np.abs(host(nn.Linear(3, 1000).weight)).max() <= bound


def test_activations_and_both_names_of_an_axis():
    x = xg.asarray(raw(np.asarray([[-1.0, 0.0, 2.0]])))
    np.testing.assert_allclose(host(nn.ReLU()(x)), [[0, 0, 2]])
    np.testing.assert_allclose(host(nn.Sigmoid()(x)), 1 / (1 + np.exp(-host(x))))
    np.testing.assert_allclose(host(xg.sum(nn.Softmax(1)(x))), 1)
    np.testing.assert_allclose(host(nn.Softmax(axis=1)(x)), host(F.softmax(x, dim=1)))
    np.testing.assert_allclose(host(xg.exp(nn.LogSoftmax(dim=1)(x))), host(F.softmax(x, axis=1)))
    with pytest.raises(TypeError, match="softmax: pass either dim or axis"):
        F.softmax(x)
    with pytest.raises(TypeError, match="Softmax: pass either dim or axis"):
        nn.Softmax(1, axis=1)


def test_dropout():
    x = xg.ones((100, 100), dtype=xg.float32)
    layer = nn.Dropout(0.25, generator=xg.random.Generator(3))
    out = host(layer(x))
    assert out.dtype == np.float32
    np.testing.assert_allclose(np.unique(out), [0, 4 / 3], rtol=1e-6)
    assert abs((out == 0).mean() - 0.25) < 0.02
    assert layer.eval()(x) is x
    assert host(F.dropout(x, 1.0)).max() == 0
    assert F.dropout(x, 0.0) is x
    for bad in (lambda: nn.Dropout(1.5), lambda: F.dropout(x, -0.1)):
        with pytest.raises(ValueError, match=r"expected p in \[0, 1\]"):
            bad()
    assert repr(layer) == "Dropout(p=0.25)"


@pytest.mark.parametrize("name", sorted(nn.init.__all__))
def test_init(name):
    if name == "calculate_gain":
        assert nn.init.calculate_gain("relu") == pytest.approx(2**0.5)
        assert nn.init.calculate_gain("leaky_relu", 0.2) == pytest.approx((2 / 1.04) ** 0.5)
        assert [nn.init.calculate_gain(n) for n in ("tanh", "selu", "linear")] == [5 / 3, 0.75, 1]
        with pytest.raises(ValueError, match="unknown nonlinearity 'gelu'"):
            nn.init.calculate_gain("gelu")
        return
    w = nn.Parameter(xg.zeros((200, 300), dtype=xg.float32))
    fill = getattr(nn.init, name)
    assert (fill(w, 2.5) if name == "constant_" else fill(w)) is w
    values = host(w)
    expected = {  # standard deviations
        "constant_": 0, "zeros_": 0, "ones_": 0, "uniform_": 12**-0.5, "normal_": 1,
        "xavier_uniform_": (2 / 500) ** 0.5, "xavier_normal_": (2 / 500) ** 0.5,
        "kaiming_uniform_": (2 / 300) ** 0.5, "kaiming_normal_": (2 / 300) ** 0.5,
    }[name]  # fmt: skip
    assert values.std() == pytest.approx(expected, rel=0.02, abs=1e-6)
    assert w.is_leaf
    assert w.requires_grad


def test_init_errors():
    with pytest.raises(ValueError, match="at least 2 dimensions"):
        nn.init.xavier_uniform_(xg.zeros(3))
    with pytest.raises(ValueError, match="mode must be 'fan_in' or 'fan_out'"):
        nn.init.kaiming_uniform_(xg.zeros((3, 3)), mode="fan")
    assert host(
        nn.init.kaiming_normal_(xg.zeros((200, 50)), mode="fan_out")
    ).std() == pytest.approx((2 / 200) ** 0.5, rel=0.1)
