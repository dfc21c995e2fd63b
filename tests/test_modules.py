"""Containers, hooks and helpers; in the torch session hooks against PyTorch's."""

import copy

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import nn

needs_torch = pytest.mark.skipif(NAME != "torch", reason="PyTorch is the oracle of its session")
X = np.random.default_rng(1).normal(size=(4, 3))


def linear(*sizes, **keywords):
    return nn.Linear(*sizes, dtype="float64", **keywords)


# -- containers --------------------------------------------------------------------------------


def test_module_list():
    layers = nn.ModuleList([linear(3, 3), nn.Tanh()])
    layers.append(linear(3, 2)).extend([nn.ReLU()])
    layers.insert(1, nn.Sigmoid())
    assert [type(m).__name__ for m in layers] == ["Linear", "Sigmoid", "Tanh", "Linear", "ReLU"]
    assert list(layers.state_dict()) == ["0.weight", "0.bias", "3.weight", "3.bias"]
    assert isinstance(layers.pop(1), nn.Sigmoid)
    assert isinstance(layers[-1], nn.ReLU)
    assert len(layers[1:]) == 3
    assert isinstance(layers[1:], nn.ModuleList)
    layers[0] = linear(3, 3, bias=False)
    del layers[1]
    layers += [nn.Tanh()]
    assert len(layers + [nn.Tanh()]) == 5
    assert [name for name, _ in layers.named_parameters()] == ["0.weight", "1.weight", "1.bias"]
    with pytest.raises(IndexError, match="ModuleList: index 9 is out of range for 4 modules"):
        layers[9]
    with pytest.raises(NotImplementedError):
        layers(X)


def test_sequential_is_a_list_too():
    model = nn.Sequential(linear(3, 3), nn.Tanh())
    model[1] = nn.ReLU()
    model.insert(1, nn.Sigmoid())
    assert [type(m).__name__ for m in model] == ["Linear", "Sigmoid", "ReLU"]
    assert isinstance(model.pop(), nn.ReLU)


def test_module_dict():
    heads = nn.ModuleDict({"a": linear(3, 1), "b": linear(3, 2)})
    heads["c"] = nn.Identity()
    assert list(heads) == list(heads.keys()) == ["a", "b", "c"]
    assert "a" in heads
    assert len(heads) == 3
    assert [name for name, _ in heads.items()] == ["a", "b", "c"]
    assert [type(m).__name__ for m in heads.values()] == ["Linear", "Linear", "Identity"]
    assert next(heads.named_parameters())[0] == "a.weight"
    assert isinstance(heads.pop("c"), nn.Identity)
    del heads["b"]
    heads.update([("d", nn.ReLU())])
    assert list(heads) == ["a", "d"]
    heads.clear()
    assert len(heads) == 0


def test_parameters_in_lists_and_dicts():
    owned = nn.Parameter([1.0, 2.0])
    values = nn.ParameterList([owned, xg.ones(3)])
    values.append(xg.zeros(1))
    assert len(values) == 3
    assert values[0] is owned
    assert [p.shape for p in values] == [(2,), (3,), (1,)]
    assert all(p.requires_grad for p in values[1:])
    values[1] = xg.zeros(5)
    assert repr(values) == "ParameterList((0): (2,), (1): (5,), (2): (1,))"
    named = nn.ParameterDict({"a": owned})
    named["b"] = xg.ones(2)
    assert named["a"] is owned
    assert "b" in named
    assert list(named) == list(named.keys()) == ["a", "b"]
    assert [p.shape for p in named.values()] == [(2,), (2,)]
    assert len(list(named.items())) == len(named) == 2
    del named["b"]
    assert repr(named) == "ParameterDict((a): (2,))"


def test_tied_weights_are_one_parameter():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(5, 3, dtype="float64")
            self.head = linear(3, 5, bias=False)
            self.head.weight = self.embed.weight

        def forward(self, x):
            return self.head(self.embed(x))

    model = Tied()
    assert len(list(model.parameters())) == 1
    assert list(model.state_dict()) == ["embed.weight", "head.weight"]
    xg.sum(model(raw(np.asarray([1, 2])))).backward()
    w, gradient = host(model.embed.weight), host(model.embed.weight.grad)
    by_head = np.tile(w[1] + w[2], (5, 1))
    by_embedding = np.zeros((5, 3))
    by_embedding[[1, 2]] = w.sum(0)
    np.testing.assert_allclose(gradient, by_head + by_embedding)
    xg.optim.SGD(model.parameters(), lr=0.1).step()
    assert model.head.weight is model.embed.weight
    with xg.no_grad():
        other = copy.deepcopy(model)
    assert other.head.weight is other.embed.weight


# -- hooks -------------------------------------------------------------------------------------


def test_forward_hooks():
    layer, seen = linear(3, 2), []
    x = xg.asarray(raw(X))
    plain = host(layer(x))
    first = layer.register_forward_pre_hook(lambda m, args: seen.append((m, args)))
    second = layer.register_forward_pre_hook(lambda m, args: args[0] * 2)
    third = layer.register_forward_hook(lambda m, args, out: out + 1)
    doubled = host(layer(x))
    assert seen[0][0] is layer
    assert seen[0][1][0] is x
    second.remove()
    second.remove()
    np.testing.assert_allclose(host(layer(x)), plain + 1)
    assert not np.allclose(doubled, plain + 1)
    third.remove()
    with layer.register_forward_hook(lambda m, args, kwargs, out: -out, with_kwargs=True):
        np.testing.assert_allclose(host(layer(x)), -plain)
    with layer.register_forward_pre_hook(
        lambda m, args, kwargs: ((kwargs["input"] * 0,), {}), with_kwargs=True
    ):
        np.testing.assert_allclose(host(layer(input=x)), np.tile(host(layer.bias), (4, 1)))
    with layer.register_forward_pre_hook(lambda m, args, kwargs: None, with_kwargs=True):
        np.testing.assert_allclose(host(layer(x)), plain)
    first.remove()
    np.testing.assert_allclose(host(layer(x)), plain)


class TwoInTwoOut(nn.Module):
    def forward(self, x, scale, y):
        return x * y * scale, y + 1


def test_backward_hooks():
    """Every input's gradient in one call, also replaced; cotangents of all outputs."""
    x, y = (xg.tensor(raw(X + i), requires_grad=True) for i in range(2))
    module, seen = TwoInTwoOut(), []
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    out = module(x, 3.0, y)
    (out[0].sum() + (2 * out[1]).sum()).backward()
    ((grad_input, grad_output),) = seen
    assert [g is None for g in grad_input] == [False, True, False]
    np.testing.assert_allclose(host(grad_input[0]), 3 * (X + 1))
    np.testing.assert_allclose(host(grad_input[2]), 3 * X + 2)
    np.testing.assert_allclose(host(grad_output[0]), np.ones_like(X))
    np.testing.assert_allclose(host(grad_output[1]), np.full_like(X, 2))
    np.testing.assert_allclose(host(x.grad), 3 * (X + 1))
    with module.register_full_backward_hook(lambda m, gi, go: (gi[0] * 0, None, gi[2] + 1)):
        x.grad = y.grad = None
        module(x, 3.0, y)[0].sum().backward()
    np.testing.assert_allclose(host(x.grad), 0)
    np.testing.assert_allclose(host(y.grad), 3 * X + 1)
    with module.register_full_backward_pre_hook(lambda m, go: (go[0] * 10, go[1])):
        x.grad = None
        module(x, 3.0, y)[0].sum().backward()
    np.testing.assert_allclose(host(x.grad), 30 * (X + 1))
    assert seen[-1][1][1] is None  # the second output has no cotangent


def test_backward_hooks_of_inputs_without_gradients():
    layer, seen = linear(3, 2), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    layer(raw(X)).sum().backward()
    assert seen[0][0] == (None,)
    assert seen[0][1][0].shape == (4, 2)
    with xg.no_grad():
        layer(raw(X))
    assert len(seen) == 1


def test_backward_hooks_with_second_order_vmap_and_forward_mode():
    layer = linear(3, 3)
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 2,))
    x = raw(X[0])

    def energy(v):
        return xg.sum(layer(v) ** 3)

    w, b = host(layer.weight), host(layer.bias)
    h = w @ X[0] + b
    np.testing.assert_allclose(host(xg.grad(energy)(x)), 2 * (3 * h**2) @ w)
    twice = xg.grad(lambda v: xg.sum(xg.grad(energy)(v)))(x)
    expected = 2 * 2 * np.ones(3) @ (w.T @ np.diag(6 * h) @ w)
    np.testing.assert_allclose(host(twice), expected)
    np.testing.assert_allclose(host(xg.vmap(layer)(raw(X))), X @ w.T + b)
    np.testing.assert_allclose(host(xg.jvp(energy, (x,), (x,))[1]), (3 * h**2) @ w @ X[0])


@needs_torch
def test_hooks_agree_with_pytorch():
    import torch

    ours, theirs = linear(3, 2), torch.nn.Linear(3, 2).double()
    ours.load_state_dict({k: v.numpy() for k, v in theirs.state_dict().items()})
    found = {}
    for name, layer, make in (("xgrad", ours, xg.tensor), ("torch", theirs, torch.tensor)):
        seen = []
        layer.register_full_backward_pre_hook(lambda m, go: (go[0] * 2,))
        layer.register_full_backward_hook(lambda m, gi, go, s=seen: s.extend([gi[0], go[0]]))
        layer.register_full_backward_hook(lambda m, gi, go: (gi[0] - 1,))
        x = make(torch.tensor(X), requires_grad=True) if make is xg.tensor else make(X)
        x.requires_grad_()
        layer(x * 1).sum().backward()
        found[name] = [*seen, x.grad, layer.weight.grad]
    for a, b in zip(found["xgrad"], found["torch"], strict=True):
        np.testing.assert_allclose(host(a), b.numpy())


# -- helpers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, np.inf])
def test_clip_grad_norm(norm_type):
    model = linear(3, 2)
    (model(raw(X)) ** 2).sum().backward()
    before = np.concatenate([host(p.grad).ravel() for p in model.parameters()])
    norm = nn.utils.clip_grad_norm_(model.parameters(), 0.5, norm_type)
    np.testing.assert_allclose(host(norm), np.linalg.norm(before, norm_type))
    after = np.concatenate([host(p.grad).ravel() for p in model.parameters()])
    np.testing.assert_allclose(after, before * 0.5 / (host(norm) + 1e-6))
    nn.utils.clip_grad_norm_(model.parameters(), 100.0, norm_type)
    np.testing.assert_allclose(
        np.concatenate([host(p.grad).ravel() for p in model.parameters()]), after
    )


def test_clip_grad_edges():
    w = xg.tensor(raw(np.asarray([1.0, 2.0])), requires_grad=True)
    assert host(nn.utils.clip_grad_norm_([w], 1.0)) == 0
    w.grad = xg.asarray(raw(np.asarray([np.inf, 1.0])))
    with pytest.raises(ValueError, match="the norm of the gradients is inf"):
        nn.utils.clip_grad_norm_(w, 1.0, error_if_nonfinite=True)
    nn.utils.clip_grad_value_(w, 0.5)
    np.testing.assert_allclose(host(w.grad), 0.5)


def test_complex_gradients_are_not_clipped_by_value():
    """Complex numbers have no order: NumPy's clip drops imaginary parts."""
    w = xg.tensor(raw(np.asarray([1 + 2j, 0.01 + 5j])), requires_grad=True)
    w.grad = xg.asarray(raw(np.asarray([1 + 2j, 0.01 + 5j])))
    with pytest.raises(TypeError, match="clip_grad_value_: expected real gradients"):
        nn.utils.clip_grad_value_([w], 0.1)


def test_parameters_as_a_vector():
    model = nn.Sequential(linear(3, 2), nn.Tanh(), linear(2, 1))
    vector = nn.utils.parameters_to_vector(model.parameters())
    assert vector.shape == (11,)
    vector.sum().backward()
    assert all(host(p.grad).min() == 1 for p in model.parameters())
    nn.utils.vector_to_parameters(raw(np.arange(11.0)), model.parameters())
    np.testing.assert_allclose(host(model[2].weight), [[8, 9]])
    with pytest.raises(ValueError, match=r"expected shape \(11,\), got \(3,\)"):
        nn.utils.vector_to_parameters(xg.ones(3), model.parameters())
    assert nn.utils.parameters_to_vector([]).shape == (0,)


# -- errors and reprs of layers ----------------------------------------------------------------

BAD = {
    "bilinear: expected inputs": lambda: nn.Bilinear(2, 3, 4)(xg.ones((5, 2)), xg.ones((5, 2))),
    "embedding: expected integers, got float64": lambda: nn.Embedding(3, 2)(xg.ones(2)),
    "Embedding: padding_idx 3 is out of range for 3": lambda: nn.Embedding(3, 2, padding_idx=3),
    "Embedding: expected a table": lambda: nn.Embedding.from_pretrained(xg.ones(3)),
    "one_hot: expected integers": lambda: nn.functional.one_hot(xg.ones(2)),
    "layer_norm: expected input": lambda: nn.LayerNorm(3)(xg.ones((2, 4))),
    "rms_norm: expected input": lambda: nn.RMSNorm(3)(xg.ones((2, 4))),
    "group_norm: expected (N, C, ...)": lambda: nn.functional.group_norm(xg.ones((2, 3)), 2),
    "GroupNorm: 3 channels cannot": lambda: nn.GroupNorm(2, 3),
    "instance_norm: expected": lambda: nn.functional.instance_norm(xg.ones((2, 3))),
    "batch_norm: expected (N, C, ...)": lambda: nn.functional.batch_norm(xg.ones(2)),
    "batch_norm: expected running_mean": lambda: nn.functional.batch_norm(xg.ones((2, 3))),
    "batch_norm: expected more than 1 value": lambda: nn.BatchNorm1d(3)(xg.ones((1, 3))),
    "BatchNorm2d: expected 4 dimensions": lambda: nn.BatchNorm2d(3)(xg.ones((2, 3))),
    "BatchNorm1d: expected 2 or 3 dimensions and 3": lambda: nn.BatchNorm1d(3)(xg.ones((2, 4))),
    "batch_norm: vmap cannot update": lambda: xg.vmap(nn.BatchNorm1d(3))(xg.ones((2, 4, 3))),
    "Flatten: start_dim 2 comes after": lambda: nn.Flatten(2, 1)(xg.ones((1, 1, 1))),
    "Unflatten: an axis of 5": lambda: nn.Unflatten(1, (2, -1))(xg.ones((1, 5))),
    "glu: expected an axis of even length": lambda: nn.GLU()(xg.ones(3)),
    "lstm: expected real numbers": lambda: nn.LSTM(2, 3)(xg.ones((4, 2), dtype=xg.complex128)),
    "max_pool: expected real numbers": lambda: nn.MaxPool1d(2)(
        xg.ones((1, 4), dtype=xg.complex128)
    ),
    "gelu: approximate must be": lambda: nn.GELU("erf")(xg.ones(3)),
    "prelu: expected a weight (1)": lambda: nn.PReLU(3)(xg.ones((2, 4))),
}


@pytest.mark.numpy_only
@pytest.mark.parametrize("message", BAD)
def test_errors(message):
    with pytest.raises((ValueError, TypeError, xg.AutogradError)) as caught:
        BAD[message]()
    assert message in str(caught.value)


@pytest.mark.numpy_only
def test_reprs():
    for layer, expected in {
        nn.Embedding(3, 2, padding_idx=0): "Embedding(3, 2, padding_idx=0)",
        nn.LayerNorm(3): "LayerNorm((3,), eps=1e-05, elementwise_affine=True)",
        nn.GELU("tanh"): "GELU(approximate='tanh')",
        nn.BatchNorm2d(3): "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, "
        "track_running_stats=True)",
        nn.Bilinear(1, 2, 3): "Bilinear(in1_features=1, in2_features=2, out_features=3, bias=True)",
        nn.Hardtanh(): "Hardtanh(min_val=-1.0, max_val=1.0)",
    }.items():
        assert repr(layer) == expected


def test_embeddings():
    table = np.arange(6.0).reshape(3, 2)
    layer = nn.Embedding.from_pretrained(raw(table))
    assert not layer.weight.requires_grad
    assert nn.Embedding.from_pretrained(raw(table), freeze=False).weight.requires_grad
    np.testing.assert_allclose(host(layer(raw(np.asarray([[2, 0]])))), table[[[2, 0]]])
    assert host(nn.Embedding(3, 2, padding_idx=1).weight)[1].tolist() == [0, 0]
    np.testing.assert_array_equal(
        host(nn.functional.one_hot(np.asarray([2, 0]))), np.eye(3)[[2, 0]]
    )
    assert nn.functional.one_hot(np.asarray([2, 0]), 5).shape == (2, 5)


def test_summary():
    model = nn.Sequential(linear(3, 4), nn.Dropout(0.5), nn.LSTM(4, 2, dtype="float64"))
    model[0].requires_grad_(False)
    model[1].eval()
    found = nn.summary(model, X)  # NumPy's, on any backend
    assert [row[:3] for row in found.rows] == [
        ("0", "Linear", "(4, 4)"),
        ("1", "Dropout", "(4, 4)"),
        ("2", "LSTM", "(4, 2), (1, 2), (1, 2)"),
        ("(all)", "Sequential", "(4, 2), (1, 2), (1, 2)"),
    ]
    assert (found.parameters, found.trainable, found.bytes) == (16 + 64, 64, 640)
    assert "80 parameters, 0.00 MiB, 16 of them fixed" in str(found)
    assert model.training
    assert not model[1].training
    assert model[0]._hooks.after == {}


@pytest.mark.skipif(NAME not in ("numpy", "numpy-readonly"), reason="NumPy's own LSTM")
def test_lstm_in_several_blocks_of_steps(monkeypatch):
    inputs = np.random.default_rng(0).normal(size=(7, 2, 3))
    layer = nn.LSTM(3, 4, num_layers=2, bidirectional=True, dtype="float64")

    def gradients():
        layer.zero_grad()
        x = xg.asarray(inputs).requires_grad_()
        outputs, (_, cell) = layer(x)
        (xg.sum(outputs**2) + xg.sum(xg.sin(cell))).backward()
        return [host(x.grad), *(host(p.grad) for p in layer.parameters())]

    whole = gradients()
    monkeypatch.setattr("xgrad.backends.thresholds.LSTM_BLOCK", 3 * 2 * 16)
    for found, expected in zip(gradients(), whole, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


# -- functional_call ---------------------------------------------------------------------------


def test_functional_call():
    model = nn.Sequential(linear(3, 4), nn.Tanh(), linear(4, 1))
    params = dict(model.named_parameters())
    x = raw(X)

    def loss(params, x):
        return xg.sum(xg.functional_call(model, params, x) ** 2)

    found = xg.grad(loss)(params, x)
    assert all(p.requires_grad for p in found.values())  # connected to the eager tape
    params = {name: p.detach() for name, p in params.items()}
    found = xg.grad(loss)(params, x)
    assert not any(p.requires_grad for p in found.values())
    xg.sum(model(x) ** 2).backward()
    for name, p in model.named_parameters():
        np.testing.assert_allclose(host(found[name]), host(p.grad), rtol=1e-12, atol=1e-14)
    each = xg.vmap(xg.grad(loss), in_axes=(None, 0))(params, x)
    for name in params:
        np.testing.assert_allclose(host(each[name]).sum(axis=0), host(found[name]), atol=1e-12)
    whole = xg.hessian(loss)(params, x)
    assert whole["0.weight"]["2.bias"].shape == (4, 3, 1)
    np.testing.assert_allclose(host(xg.functional_call(model, {}, (x,))), host(model(x)))
    doubled = xg.functional_call(model, {"2.bias": raw(np.asarray([5.0]))}, x)
    shift = 5.0 - host(params["2.bias"])
    np.testing.assert_allclose(host(doubled), host(model(x)) + shift, atol=1e-12)
    with pytest.raises(
        KeyError, match="Sequential does not have a parameter or buffer 'wieght'; the names"
    ):
        xg.functional_call(model, {"wieght": x}, x)
    with pytest.raises(TypeError, match="got Sequential; functional_call makes a function of a"):
        xg.grad(lambda m: xg.sum(m(x)))(model)
    with pytest.raises(KeyError, match="'0.bias' of Sequential is missing"):
        xg.functional_call(model, {"0.weight": params["0.weight"]}, x, strict=True)


def test_functional_call_restores_and_ties():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = linear(3, 3, bias=False)
            self.b = linear(3, 3, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x, scale=1.0):
            if scale == 0:
                raise ValueError("zero")
            return self.b(self.a(x)) * scale

    model = Tied()
    own = model.a.weight
    new = np.eye(3) * 2
    out = xg.functional_call(model, {"a.weight": raw(new)}, raw(X), {"scale": 3.0})
    np.testing.assert_allclose(host(out), X * 12, atol=1e-12)
    with pytest.raises(ValueError, match="zero"):
        xg.functional_call(model, {"a.weight": raw(new)}, raw(X), {"scale": 0})
    assert model.a.weight is own
    assert model.b.weight is own
    norm = nn.BatchNorm1d(3, dtype="float64")
    held = xg.asarray(raw(np.zeros(3)), copy=True)
    xg.functional_call(norm, {"running_mean": held}, raw(X))
    assert host(held).any()
    assert not host(norm.running_mean).any()
