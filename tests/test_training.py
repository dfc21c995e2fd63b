"""Optimizers, data, random numbers and files."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import DEVICE, NAME, host, raw
from xgrad import nn, optim


def quadratic(optimizer_of, steps=200):
    w = xg.tensor(raw(np.asarray([3.0, -2.0])), requires_grad=True)
    optimizer = optimizer_of([w])
    for _ in range(steps):
        optimizer.zero_grad()
        xg.sum(w * w).backward()
        optimizer.step()
    return host(w)


@pytest.mark.parametrize(
    "optimizer_of",
    [
        lambda p: optim.SGD(p, lr=0.1),
        lambda p: optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True),
        lambda p: optim.Adam(p, lr=0.1),
        lambda p: optim.AdamW(p, lr=0.1),
    ],
)
def test_optimizers_minimize(optimizer_of):
    np.testing.assert_allclose(quadratic(optimizer_of), 0, atol=1e-2)


def test_parameter_groups_and_closure():
    a, b = (xg.tensor(raw(np.ones(2)), requires_grad=True) for _ in range(2))
    optimizer = optim.SGD([{"params": [a], "lr": 1.0}, {"params": b}], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = xg.sum(a) + xg.sum(b)
        loss.backward()
        return loss

    with xg.no_grad():
        assert optimizer.step(closure).item() == 4
    np.testing.assert_allclose(host(a), 0)
    np.testing.assert_allclose(host(b), 0.9)
    optimizer.add_param_group({"params": xg.tensor(raw(np.ones(1)), requires_grad=True), "lr": 5.0})
    optimizer.step()  # the new parameter does not have a gradient yet
    assert [g["lr"] for g in optimizer.param_groups] == [1.0, 0.1, 5.0]
    assert "SGD(lr=1.0" in repr(optimizer)
    assert optim.SGD(a, lr=0.1).param_groups[0]["params"] == [a]


def test_errors_of_optimizers():
    w = xg.tensor(raw(np.ones(2)), requires_grad=True)
    for message, build in {
        "expected parameters, got an empty list": lambda: optim.SGD([]),
        "expected leaf tensors": lambda: optim.SGD([w * 2]),
        "passed twice": lambda: optim.SGD([w, w]),
        "unknown options speed": lambda: optim.SGD([{"params": [w], "speed": 1}]),
        "SGD: expected lr of at least 0, got -1": lambda: optim.SGD([w], lr=-1),
        "nesterov requires a momentum": lambda: optim.SGD([w], nesterov=True),
        r"Adam: expected betas in \[0, 1\), got 1.0": lambda: optim.Adam([w], betas=(1.0, 0.9)),
    }.items():
        with pytest.raises((ValueError, TypeError), match=message):
            build()
    with pytest.raises(NotImplementedError):
        quadratic(lambda p: optim.Optimizer(p, {"lr": 1.0}), 1)


@pytest.mark.parametrize(
    "make", [lambda p: optim.Adam(p, lr=0.05), lambda p: optim.SGD(p, lr=0.05, momentum=0.9)]
)
def test_state_dict_resumes_to_the_same_numbers(make, tmp_path):
    def steps(w, optimizer, count):
        for _ in range(count):
            optimizer.zero_grad()
            xg.sum(w**4).backward()
            optimizer.step()

    w = xg.tensor(raw(np.asarray([1.0, 2.0])), requires_grad=True)
    optimizer = make([w])
    steps(w, optimizer, 3)
    saved, at = optimizer.state_dict(), xg.tensor(w, requires_grad=True)
    again = make([at])
    again.load_state_dict(saved)
    steps(w, optimizer, 3)
    steps(at, again, 3)
    np.testing.assert_array_equal(host(w), host(at))
    with pytest.raises(ValueError, match="expected 1 groups and 2 parameters, got 1 and 1"):
        make([w, xg.tensor(raw(np.ones(1)), requires_grad=True)]).load_state_dict(saved)


def test_a_retained_graph_is_correct_after_a_step():
    w = xg.tensor(raw(np.ones(2)), requires_grad=True)
    loss = xg.sum(w * w)
    loss.backward(retain_graph=True)
    optim.SGD([w], lr=0.1).step()
    loss.backward()
    np.testing.assert_allclose(host(w.grad), [4, 4])


def test_float32_models_remain_float32():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.2), nn.Linear(4, 2))
    optimizer = optim.AdamW(model.parameters())
    x = xg.random.normal((5, 3), dtype=xg.float32)
    for _ in range(2):
        loss = nn.CrossEntropyLoss()(model(x) * 2.0 + 1, xg.asarray([0, 1, 1, 0, 1])) / 3
        assert loss.dtype == xg.float32
        loss.backward()
        assert all(p.grad.dtype == xg.float32 for p in model.parameters())
        optimizer.step()
        assert all(p.dtype == xg.float32 for p in model.parameters())


# -- data --------------------------------------------------------------------------------------


def test_loader_batches_on_the_current_backend():
    x, y = np.arange(14.0).reshape(7, 2), np.arange(7)
    dataset = xg.data.TensorDataset(x, y)
    loader = xg.data.DataLoader(dataset, 3)
    batches = list(loader)
    assert len(loader) == len(batches) == 3
    assert batches[0][0].backend.name == NAME
    if DEVICE:
        assert DEVICE in str(batches[0][0].device)
    np.testing.assert_array_equal(np.concatenate([host(b) for b, _ in batches]), x)
    dropped = xg.data.DataLoader(dataset, 3, drop_last=True)
    assert len(dropped) == len(list(dropped)) == 2
    own = xg.data.TensorDataset(raw(x), xg.asarray(raw(y)))
    assert own.tensors()[0].data is own.arrays[0]
    assert "7 examples" in repr(loader)
    np.testing.assert_array_equal(host(dataset[2][0]), x[2])


def test_shuffling_is_seeded_and_differs_between_epochs():
    data = xg.data.TensorDataset(np.arange(50))

    def epochs(seed):
        loader = xg.data.DataLoader(data, 8, shuffle=True, generator=seed)
        return [np.concatenate([host(b) for (b,) in loader]) for _ in range(2)]

    first, second = epochs(1)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.sort(first), np.arange(50))
    np.testing.assert_array_equal(epochs(1)[1], second)
    assert not np.array_equal(epochs(2)[0], first)
    xg.random.seed(7)
    globally = [host(b) for (b,) in xg.data.DataLoader(data, 50, shuffle=True)]
    xg.random.seed(7)
    np.testing.assert_array_equal(globally[0], host(xg.random.permutation(50)))


def test_errors_of_data():
    with pytest.raises(ValueError, match="expected at least one array"):
        xg.data.TensorDataset()
    with pytest.raises(ValueError, match=r"lengths differ: \[2, 3\]"):
        xg.data.TensorDataset(np.ones(2), np.ones(3))
    with pytest.raises(TypeError, match="expected arrays or Tensors, got list"):
        xg.data.TensorDataset([1, 2])
    with pytest.raises(ValueError, match="0-d array does not hold examples"):
        xg.data.TensorDataset(np.asarray(1.0))
    with pytest.raises(ValueError, match="expected a positive batch size"):
        xg.data.DataLoader(xg.data.TensorDataset(np.ones(2)), 0)


# -- random numbers: pinned, so that every session checks the same numbers ---------------------


def test_random_numbers_are_numpys_philox():
    from xgrad.backends import philox

    key = philox.key_of(3)
    reference = np.random.Philox(key=np.asarray(key, np.uint64)).random_raw(11)
    np.testing.assert_array_equal(philox.bits(key, 0, 11), reference)
    np.testing.assert_array_equal(philox.bits(key, 1, 7), reference[4:11])


def test_random_numbers_are_the_same_on_every_backend():
    g = xg.random.Generator(0)
    draws = [
        g.uniform((2, 3)), g.uniform(3, dtype=xg.float32), g.normal((3,)), g.normal(5, 1.0, 2.0),
        g.integers(-3, 9, (8,)), g.permutation(6), g.uniform((), -1.0, 1.0), g.uniform((0, 2)),
        g.uniform_like(xg.ones(2)),
    ]  # fmt: skip
    assert all(x.backend.name == NAME for x in draws)
    with xg.use_backend("numpy"):
        g = xg.random.Generator(0)
        expected = [
            g.uniform((2, 3)), g.uniform(3, dtype=xg.float32), g.normal((3,)), g.normal(5, 1.0, 2.0),
            g.integers(-3, 9, (8,)), g.permutation(6), g.uniform((), -1.0, 1.0), g.uniform((0, 2)),
            g.uniform_like(xg.ones(2)),
        ]  # fmt: skip
    for found, want in zip(draws, expected, strict=True):
        np.testing.assert_array_equal(host(found), host(want))
        assert found.dtype == want.dtype
    np.testing.assert_array_equal(
        host(xg.random.Generator(0).uniform(2)), [0.014067035665647709, 0.2577672456246177]
    )


def test_distributions():
    g = xg.random.Generator(1)
    u, n = host(g.uniform(50_000)), host(g.normal(50_001))
    assert 0 <= u.min() < u.max() < 1
    assert abs(u.mean() - 0.5) < 0.01
    assert abs(n.mean()) < 0.02
    assert abs(n.std() - 1) < 0.02
    assert abs((np.abs(n) < 1).mean() - 0.6827) < 0.01
    counts = np.bincount(host(g.integers(0, 5, (50_000,))))
    assert abs(counts / 10_000 - 1).max() < 0.05


def test_generators_resume_and_refuse():
    g = xg.random.Generator(5)
    g.uniform(3)
    state = g.state()
    first = host(g.normal(4))
    other = xg.random.Generator(0)
    other.set_state(state)
    np.testing.assert_array_equal(host(other.normal(4)), first)
    assert repr(g) == "Generator(seed=5, position=2)"
    with pytest.raises(ValueError, match="non-negative integer"):
        xg.random.Generator(-1)
    with pytest.raises(ValueError, match="0 < high - low"):
        g.integers(3, 3)
    with pytest.raises(TypeError, match="expected a real floating-point dtype, got int64"):
        g.uniform(2, dtype=xg.int64)
    xg.random.seed(11)
    draws = [xg.random.uniform(2), xg.random.normal(2), xg.random.integers(0, 9, 2)]
    g = xg.random.Generator(11)
    for found, want in zip(draws, [g.uniform(2), g.normal(2), g.integers(0, 9, 2)], strict=True):
        np.testing.assert_array_equal(host(found), host(want))


# -- files -------------------------------------------------------------------------------------


def test_files_round_trip(tmp_path):
    model = nn.Linear(3, 2)
    path = tmp_path / "model.safetensors"
    tensors = {
        **model.state_dict(),
        "count": xg.asarray(7),
        "flags": xg.asarray([True, False]),
        "turned": xg.asarray(raw(np.arange(6.0).reshape(2, 3))).T,
        "plain": raw(np.ones(2)),
    }
    xg.save_file(tensors, path, metadata={"note": "hello"})
    loaded = xg.load_file(path)
    assert set(loaded) == set(tensors)
    for name, x in loaded.items():
        np.testing.assert_array_equal(host(x), host(tensors[name]))
        assert x.backend.name == NAME
    assert loaded["count"].shape == ()
    model.load_state_dict({k: loaded[k] for k in ("weight", "bias")})
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]


def test_files_are_written_atomically(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    xg.save_file({"a": xg.ones(2)}, path)
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        xg.save_file({"a": xg.zeros(2)}, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(TypeError, match="expected names of type str, got int"):
        xg.save_file({1: xg.ones(2)}, path)


def test_damaged_files_raise(tmp_path):
    path = tmp_path / "model.safetensors"
    xg.save_file({"a": xg.ones(20)}, path)
    content = path.read_bytes()
    for damaged in (
        b"",
        content[:10],
        content[:-5],
        b"garbage" * 20,
        content[:9] + b"X" + content[10:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"load_file: .*model.safetensors is damaged"):
            xg.load_file(path)
    with pytest.raises(FileNotFoundError):
        xg.load_file(tmp_path / "missing")
