"""Placement of arrays: NumPy arrays are host data, copied to the current backend and device.

Functions and transforms run where their arguments are; mixing two libraries raises.
"""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import DEVICE, NAME, host, raw

OTHER = pytest.mark.skipif(NAME == "numpy", reason="needs a second library")
HOST = np.asarray([1.0, 2.0, 3.0])


def place(x):
    return x.backend.name, str(x.device)


def here():
    return place(xg.asarray(raw(HOST)))


# -- the doors ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "door",
    [
        xg.asarray,
        xg.tensor,
        xg.from_numpy,
        xg.nn.Parameter,
        lambda a: xg.asarray([a, [4.0, 5.0, 6.0]]),
        lambda a: xg.asarray([list(a), tuple(a)]),
        lambda a: xg.asarray([xg.asarray(a), a]),
        lambda a: xg.data.TensorDataset(a).tensors()[0],
        lambda a: next(iter(xg.data.DataLoader(xg.data.TensorDataset(a), 2)))[0],
        lambda a: next(iter(xg.data.DataLoader(list(a), 2))),
        lambda a: next(iter(xg.data.DataLoader([a, a], 2))),
        lambda a: next(iter(xg.data.DataLoader(xg.data.TensorDataset(a), 2, prefetch=1)))[0],
        lambda a: next(iter(xg.data.DataLoader(xg.data.TensorDataset(a), 2, pin_memory=True)))[0],
        lambda a: xg.data.to_backend({"x": a})["x"],
        lambda a: xg.nn.CrossEntropyLoss(weight=a).weight,
        lambda a: xg.nn.Embedding.from_pretrained(a.reshape(1, 3)).weight,
    ],
)
def test_numpy_arrays_come_to_the_current_backend(door):
    assert place(door(HOST)) == here()


def test_values_and_dtypes_are_kept():
    for dtype in ("bool", "int8", "uint16", "int64", "float32", "float64", "complex128"):
        a = np.asarray([[0, 1], [2, 3]]).astype(dtype)
        for door in (xg.asarray, xg.tensor, xg.from_numpy):
            np.testing.assert_array_equal(host(door(a)), a)
            assert door(a).dtype == a.dtype
    np.testing.assert_array_equal(host(xg.asarray(HOST[::-1])), HOST[::-1])
    assert xg.asarray(HOST, dtype="float32").dtype == xg.float32


@OTHER
def test_another_place_by_name():
    assert place(xg.asarray(HOST, backend="numpy")) == ("numpy", "cpu")
    assert place(xg.tensor(HOST, backend="numpy", requires_grad=True)) == ("numpy", "cpu")
    assert place(xg.from_numpy(HOST, backend="numpy")) == ("numpy", "cpu")
    assert place(xg.asarray(2.0, backend="numpy")) == ("numpy", "cpu")
    assert place(xg.asarray([2.0, HOST[0]], backend="numpy")) == ("numpy", "cpu")
    with xg.use_backend("numpy"):
        assert place(xg.asarray(HOST)) == ("numpy", "cpu")
        assert place(xg.asarray(HOST, backend=NAME))[0] == NAME
        assert place(xg.asarray(raw(HOST))) == here()  # arrays of other libraries stay
        assert place(xg.tensor(raw(HOST))) == here()
        assert place(xg.asarray(raw(HOST), backend="numpy")) == ("numpy", "cpu")
        assert place(xg.asarray([raw(HOST), HOST, [1.0, 2.0, 3.0]])) == here()
    w = xg.tensor(HOST, requires_grad=True)
    there = xg.asarray(w, backend="numpy")
    xg.sum(there * HOST).backward()
    np.testing.assert_array_equal(host(w.grad), HOST)


@OTHER
def test_data_elsewhere_by_name():
    data = xg.data.TensorDataset(HOST, backend="numpy", device="cpu")
    assert place(data[0][0]) == ("numpy", "cpu")
    for options in (
        {},
        {"shuffle": True},
        {"prefetch": 1},
        {"num_workers": 1},
        {"pin_memory": True},
    ):
        loader = xg.data.DataLoader(xg.data.TensorDataset(HOST), 2, backend="numpy", **options)
        for (x,) in loader:
            assert place(x) == ("numpy", "cpu")
            assert xg.get_backend().name == NAME
        with xg.use_backend("numpy"):
            loader = xg.data.DataLoader(xg.data.TensorDataset(HOST), 2, backend=NAME, **options)
            assert {x.backend.name for (x,) in loader} == {NAME}
    assert sorted(float(x) for (x,) in xg.data.DataLoader(data, backend="numpy")) == [1, 2, 3]


def test_memory_is_shared_on_numpy_alone():
    a = HOST.copy()
    shared, copied = xg.asarray(a), xg.tensor(a)
    also = xg.from_numpy(a)
    a[0] = 7.0
    assert host(shared)[0] == (7.0 if NAME == "numpy" else 1.0)
    assert host(copied)[0] == host(also)[0] == 1.0
    if NAME != "numpy":
        with pytest.raises(ValueError, match=f"copy=False, but {NAME} cannot share"):
            xg.asarray(a, copy=False)


def test_from_numpy_is_for_numpy():
    for wrong in ([1.0], 1.0, xg.zeros(2), "a"):
        with pytest.raises(TypeError, match="from_numpy: expected a NumPy array, got"):
            xg.from_numpy(wrong)


# -- a model with NumPy data in hand -----------------------------------------------------------


def test_training_with_numpy_data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 2)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64)
    model = xg.nn.Sequential(xg.nn.Linear(2, 16), xg.nn.Tanh(), xg.nn.Linear(16, 2))
    assert xg.metrics.accuracy(model(xg.tensor(x)), y).backend.name == NAME
    optimizer = xg.optim.Adam(model.parameters(), lr=0.05)
    loader = xg.data.DataLoader(xg.data.TensorDataset(x, y), 16, shuffle=True, generator=0)
    history = xg.train.fit(
        model, xg.nn.CrossEntropyLoss(), optimizer, loader, 20, loader, progress=False
    )
    assert history.last("val_loss") < 0.3
    state = {name: host(p) for name, p in model.state_dict().items()}  # NumPy arrays
    for p in model.parameters():
        with xg.no_grad():
            p.fill(0.0)
    model.load_state_dict(state)
    assert all(place(p) == here() for p in model.parameters())
    np.testing.assert_array_equal(host(model[0].weight), state["0.weight"])


def test_a_loss_takes_numpy_targets():
    scores = xg.tensor(np.asarray([[0.1, 0.9], [0.8, 0.2]]), requires_grad=True)
    xg.nn.functional.cross_entropy(scores, np.asarray([1, 0])).backward()
    assert place(scores.grad) == here()
    xg.nn.functional.mse_loss(scores, np.ones((2, 2))).backward()
    for metric in (xg.metrics.mean_absolute_error, xg.metrics.r2_score):
        assert metric(scores, np.eye(2)).backend.name == NAME


# -- functions and transforms follow their arrays ----------------------------------------------


@OTHER
def test_functions_follow_their_arrays():
    for x in (HOST, raw(HOST)):
        expected = "numpy" if x is HOST else NAME
        assert xg.sin(x).backend.name == expected
        assert xg.nn.functional.softmax(x, -1).backend.name == expected
        assert xg.zeros_like(x).backend.name == expected
        assert xg.stack([x, x]).backend.name == expected
        assert (xg.asarray(x, backend=expected) * 2.0 + np.float64(1.0)).backend.name == expected


@OTHER
def test_transforms_follow_their_arrays():
    def f(x, s):
        return xg.sum(x**2) * s

    for x in (HOST, raw(HOST)):
        kind = type(x)
        assert type(xg.grad(f)(x, 2.0)) is kind
        gradient, slope = xg.grad(f, argnums=(0, 1))(x, 2.0)  # a number with an array
        assert type(gradient) is kind
        assert slope == 14.0
        assert xg.grad(f, argnums=1)(x, 2.0) == 14.0
        assert xg.jacrev(f, argnums=1)(x, 2.0) == xg.jacfwd(f, argnums=1)(x, 2.0) == 14.0
        value, tangent = xg.jvp(f, (x, 2.0), (x, 1.0))
        assert type(tangent) is type(value) is kind
        value, pull = xg.vjp(f, x, 2.0)
        assert type(pull(1.0)[0]) is kind
        assert type(xg.vmap(lambda t: t * 2.0 + 1.0)(x)) is kind
        assert type(xg.hessian(lambda t: xg.sum(t**3))(x)) is kind
        assert type(xg.linearize(xg.square, x)[1](x)) is kind
        root = xg.implicit.root(lambda u, a: xg.sum(u**2 * a) - 6.0)
        np.testing.assert_allclose(root(2.0, x), 1.0)
        assert type(xg.jacrev(lambda t: 1.0)(x)) is kind

        @xg.custom_vjp
        def rule(t, s):
            return xg.sum(t) * s

        rule.defvjp(lambda t, s: (rule(t, s), t), lambda t, g: (g * xg.ones_like(t), 0.0))
        assert type(xg.grad(rule)(x, 2.0)) is kind


@OTHER
def test_the_advice_leads_to_the_device():
    t, a = xg.tensor(HOST, requires_grad=True), np.ones(3)
    advice = (
        rf"move the one of numpy to {NAME} first: x.to\('{NAME}'\).*backend='{NAME}'\) an array"
    )
    for mix in (
        lambda: t * a,
        lambda: xg.multiply(a, t),
        lambda: xg.concat([t, a]),
        lambda: xg.where(t > 0, t, a),
        lambda: xg.zeros(3).__setitem__(slice(None), a),
        lambda: xg.grad(lambda x: xg.sum(x * a))(raw(HOST)),
        lambda: (t * 1.0).__imul__(a),
    ):
        with pytest.raises(xg.MixedBackendsError, match=advice):
            mix()
    np.testing.assert_array_equal(host(t * xg.asarray(a, backend=NAME)), HOST)


@OTHER
def test_derivatives_of_another_library_are_refused():
    w, a = xg.tensor(HOST, requires_grad=True), np.ones(3)
    x = raw(HOST)
    rule = xg.custom_vjp(lambda t: t * 2.0)
    rule.defvjp(lambda t: (t * 2.0, None), lambda _, g: (a,))
    push = xg.custom_jvp(lambda t: t * 2.0)
    push.defjvp(lambda primals, tangents: (primals[0] * 2.0, a))

    def hooked():
        y = w * 1.0
        y.register_hook(lambda g: a)
        xg.sum(y).backward()

    there = xg.asarray(a, backend="numpy")
    for mix, function in (
        (lambda: (w * 2.0).backward(a), "backward"),
        (lambda: (w * 2.0).backward(there), "backward"),
        (lambda: xg.autograd.grad(w * 2.0, w, a), "autograd.grad"),
        (lambda: xg.vjp(xg.square, x)[1](a), "vjp"),
        (lambda: xg.jvp(xg.square, (x,), (a,)), "jvp"),
        (lambda: xg.linearize(xg.square, x)[1](a), "linearize"),
        (lambda: xg.hvp(lambda t: xg.sum(t**3), (x,), (a,)), "hvp"),
        (lambda: setattr(w, "grad", there), "grad"),
        (lambda: setattr(w, "data", a), "data"),
        (lambda: xg.grad(lambda t: xg.sum(rule(t)))(x), "<lambda>"),
        (lambda: xg.jvp(push, (x,), (x,)), "<lambda>"),
        (hooked, "register_hook: .*hooked"),
    ):
        with pytest.raises(xg.MixedBackendsError, match=f"{function}.*: arrays of two libraries"):
            mix()


def test_numpy_numbers_are_numbers():
    for number in (np.float64(2.0), np.float32(2.0), np.int64(2), np.asarray(2.0), np.asarray(2)):
        w = xg.tensor(HOST, requires_grad=True)
        for f in (lambda x: x * number, lambda x: xg.where(x > number, x * number, number)):
            y = f(w)
            assert place(y) == here()
        xg.sum(w * number).backward()
        np.testing.assert_array_equal(host(w.grad), [2.0, 2.0, 2.0])
        tangent = xg.jvp(lambda x: number * x * xg.sin(x * number), (raw(HOST),), (raw(HOST),))[1]
        expected = 2 * HOST * np.sin(2 * HOST) + 4 * HOST * HOST * np.cos(2 * HOST)
        np.testing.assert_allclose(host(tangent), expected, rtol=1e-6)
        for key in (0, slice(0, 2), np.asarray([0, 2]), np.asarray([True, False, True])):
            x = xg.zeros(3)
            x[key] = number
            written = np.zeros(3)
            written[key] = 2.0
            np.testing.assert_array_equal(host(x), written)
        second = xg.grad(xg.grad(lambda s: (s * number) ** 3))(3.0)
        np.testing.assert_allclose(second, 48 * 3.0, rtol=1e-6)
        np.testing.assert_allclose(host(xg.vmap(lambda x: x * number)(raw(HOST))), 2 * HOST)


# -- to ----------------------------------------------------------------------------------------


def test_to_takes_what_pytorch_takes():
    x = xg.tensor(HOST, requires_grad=True)
    single = xg.asarray(HOST, dtype="float32")
    assert x.to(x.device) is x.to(x) is x.to(NAME) is x.to(xg.float64) is x.to(None) is x
    for moved in (
        x.to(xg.float32), x.to("float32"), x.to(dtype=np.float32), x.to(single),
        x.to(x.device, xg.float32), x.to(x.device, dtype=xg.float32), x.to(NAME, xg.float32),
        x.to(xg.float32, non_blocking=True), x.to(single.data),
    ):  # fmt: skip
        assert moved.dtype == xg.float32
        assert place(moved) == here()
    there = xg.asarray(HOST, backend="numpy")
    assert place(there.to(x)) == place(there.to(NAME, device=x.device)) == here()
    if NAME != "dask":
        assert place(there.to(x.device)) == (here() if NAME != "numpy" else ("numpy", "cpu"))
    y = x.to(copy=True)
    assert y is not x
    xg.sum(y * 2.0).backward()
    np.testing.assert_array_equal(host(x.grad), [2.0, 2.0, 2.0])


def test_the_cpu():
    x = xg.tensor(HOST, requires_grad=True)
    on_host = NAME == "cupy"  # CuPy has no CPU device: NumPy is used
    for moved in (x.to("cpu"), x.cpu(), x.to(device="cpu"), x.to("cpu", xg.float64)):
        assert moved.backend.name == ("numpy" if on_host else NAME)
        assert (moved is x) == (not on_host and DEVICE is None)
    xg.sum(x.cpu() ** 2).backward()
    np.testing.assert_array_equal(host(x.grad), 2 * HOST)
    assert place(x.grad) == here()
    layer = xg.nn.Linear(3, 2).cpu()
    assert layer.weight.backend.name == ("numpy" if on_host else NAME)
    assert xg.zeros(2, device="cpu").backend.name == ("numpy" if on_host else NAME)


def test_cuda():
    x = xg.tensor(HOST, requires_grad=True)
    there = xg.asarray(HOST, backend="numpy")
    devices = [name for name in xg.get_backend().devices() if name.startswith(("cuda", "gpu"))]
    if not devices:
        for move in (x.cuda, there.cuda, lambda: x.to("cuda:1"), xg.nn.Linear(1, 1).cuda):
            with pytest.raises(ValueError, match="'cuda|cuda:gpu"):
                move()
        return
    for moved in (x.to("cuda"), x.cuda(), there.to("cuda"), there.cuda(0), x.to("cuda:0")):
        assert place(moved) == here()
    assert place(there.cpu()) == ("numpy", "cpu")
    assert place(x.cpu().to("cuda")) == here()
    assert place(xg.nn.Linear(3, 2).cpu().cuda().weight) == here()


def test_errors_of_to():
    x = xg.tensor(HOST)
    with pytest.raises(TypeError, match="to: got two of dtype"):
        x.to(xg.float32, xg.float64)
    with pytest.raises(TypeError, match="to: pass copy and non_blocking by name"):
        x.to("cpu", True)
    with pytest.raises(ValueError, match="nonsense"):
        x.to("nonsense")
    with pytest.raises(TypeError, match="to: numbers of dtype .* are not supported"):
        x.to(object)
    with pytest.raises(TypeError, match=r"Module.to: expected a floating-point .* got int64"):
        xg.nn.Linear(2, 2).to(xg.int64)


@OTHER
def test_modules_move_as_tensors_do():
    model = xg.nn.Sequential(xg.nn.Linear(3, 3), xg.nn.BatchNorm1d(3))
    there = xg.asarray(HOST, backend="numpy")
    assert model.to(there) is model
    assert {place(x) for x in [*model.parameters(), *model.buffers()]} == {("numpy", "cpu")}
    assert model[0].weight.dtype == xg.float64
    assert str(model[1].num_batches_tracked.dtype) == "int64"
    model.to(xg.asarray(raw(HOST)).device if NAME != "dask" else NAME, xg.float32)
    assert {place(x) for x in [*model.parameters(), *model.buffers()]} == {here()}
    assert model[0].weight.dtype == xg.float32


def test_a_move_is_seen_by_watchers():
    x = xg.tensor(HOST, requires_grad=True)
    with xg.detect_anomaly():
        xg.sum(x.to("numpy") ** 2).backward()
    np.testing.assert_array_equal(host(x.grad), 2 * HOST)


# -- devices -----------------------------------------------------------------------------------


def test_every_device_that_is_listed_can_be_used():
    info = xg.__array_namespace_info__()
    assert xg.devices() == xg.devices(NAME) == list(info.devices())
    assert xg.devices("numpy") == ["cpu"]
    assert len(info.devices()) == xg.device_count() >= 1
    assert info.default_device() in [*info.devices(), DEVICE] or DEVICE
    names = info.devices()[:1] if NAME == "cupy" else info.devices()
    for name in names:  # on the emulated CuPy the second device disables the fast path permanently
        x = xg.zeros(2, dtype="float32", device=name)
        assert place(xg.ones_like(x)) == place(x)
        assert x.to(x.device) is x.to(name) is x
        assert x.backend.name == NAME


# -- transforms of numbers ---------------------------------------------------------------------


@OTHER
@pytest.mark.parametrize("number", [0.5, np.float64(0.5), np.asarray(0.5)])
def test_transforms_of_a_number_with_an_array_of_another_library(number):
    there, one = raw(HOST), type(number)(1.0) if type(number) is not np.ndarray else np.asarray(1.0)
    with xg.use_backend("numpy"):
        square = lambda J: xg.sin(J) * there + J**2  # noqa: E731
        cosine = np.cos(0.5) * HOST + 1
        value, tangent = xg.jvp(square, (number,), (one,))
        np.testing.assert_allclose(host(value), np.sin(0.5) * HOST + 0.25)
        np.testing.assert_allclose(host(tangent), cosine)
        np.testing.assert_allclose(host(xg.jacfwd(square)(number)), cosine)
        np.testing.assert_allclose(host(xg.jacrev(square)(number)), cosine)
        np.testing.assert_allclose(host(xg.linearize(square, number)[1](one)), cosine)
        total = lambda J: xg.sum(square(J))  # noqa: E731
        np.testing.assert_allclose(host(xg.grad(total)(number)), cosine.sum())
        np.testing.assert_allclose(host(xg.hessian(total)(number)), 6 - 6 * np.sin(0.5))


@OTHER
def test_jacobians_by_a_number_are_where_the_function_is():
    with xg.use_backend("numpy"):
        there = raw(HOST)
        for jacobian in (xg.jacfwd, xg.jacrev):
            assert place(xg.tensor(jacobian(lambda J: xg.sin(J) * there)(0.5))) == place(
                xg.tensor(there)
            )


@OTHER
def test_minimize_with_a_number_and_an_array_of_another_library():
    pytest.importorskip("scipy")
    with xg.use_backend("numpy"):
        there = raw(np.ones(3))
        found = xg.optimize.minimize(lambda J: xg.sum((J * there - 2) ** 2), 0.3)
    assert type(found.x) is float
    assert abs(found.x - 2) < 1e-5
