"""Mixed precision: what runs in which dtype, and the scaler."""

import numpy as np
import pytest

import xgrad as xg
from tests import environment
from tests.environment import host, raw
from tests.training_steps import MODELS, Training
from xgrad import nn

pytestmark = pytest.mark.skipif(
    environment.NAME in ("dpnp", "array_api_strict"), reason="no products of float16 matrices"
)
RNG = np.random.default_rng(1)


def f32(*shape):
    return xg.asarray(raw(RNG.normal(size=shape).astype(np.float32)))


# -- autocast ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "dtype"),
    [
        (lambda x: x @ x, "float16"),
        (lambda x: xg.einsum("ij,jk->ik", x, x), "float16"),
        (lambda x: nn.functional.linear(x, x), "float16"),
        (lambda x: nn.functional.conv1d(x.reshape((1, 4, 4)), x.reshape((4, 4, 1))), "float16"),
        (
            lambda x: nn.functional.conv1d(x.reshape((1, 4, 4)), x.reshape((4, 4, 1)), x[0]),
            "float16",
        ),
        (lambda x: nn.functional.gelu(x @ x), "float16"),
        (lambda x: nn.functional.scaled_dot_product_attention(x, x, x), "float16"),
        (lambda x: xg.sum(x @ x), "float32"),
        (lambda x: xg.mean(x @ x), "float32"),
        (lambda x: xg.exp(x @ x), "float32"),
        (lambda x: xg.abs(x @ x) ** (x @ x), "float32"),
        (lambda x: nn.functional.softmax(x @ x, dim=0), "float32"),
        (lambda x: nn.functional.layer_norm(x @ x, 4), "float32"),
        (lambda x: nn.functional.mse_loss(x @ x, x), "float32"),
        (lambda x: nn.functional.cross_entropy(x @ x, np.arange(4)), "float32"),
        (lambda x: xg.tanh(x @ x), "float16"),
        (lambda x: nn.functional.relu(x @ x), "float16"),
        (lambda x: (x @ x) + x, "float32"),  # the promoted dtype
        (lambda x: x + x, "float32"),
        (lambda x: x.astype("float64") @ x.astype("float64"), "float64"),
    ],
)
def test_dtypes_under_autocast(call, dtype):
    x = f32(4, 4)
    with xg.amp.autocast("float16"):
        assert call(x).dtype == dtype
    assert call(x).dtype == ("float64" if dtype == "float64" else "float32")


def test_bfloat16():
    pytest.importorskip("ml_dtypes")
    layer = nn.Linear(4, 3)
    with xg.amp.autocast("bfloat16"):
        y = layer(f32(2, 4))
        loss = xg.mean(y * y)
    assert (y.dtype.name, loss.dtype.name) == ("bfloat16", "float32")
    loss.backward()
    assert layer.weight.grad.dtype == np.float32


@pytest.mark.parametrize("kind", MODELS)
def test_gradients_are_those_of_single_precision_but_for_rounding(kind):
    def gradients(amp):
        training = Training(kind, amp=amp)
        training.model.eval()  # without dropout: the tolerance covers rounding only
        with xg.amp.autocast("float16", enabled=amp is not None):
            loss = nn.functional.cross_entropy(training.model(training.x), training.y)
        training.scaler.scale(loss).backward()
        scale = training.scaler.get_scale()
        return [host(p.grad) / scale for p in training.model.parameters()]

    for narrow, wide in zip(gradients("float16"), gradients(None), strict=True):
        assert narrow.dtype == np.float32
        scale = max(np.linalg.norm(wide), 1e-3)
        assert np.linalg.norm(narrow - wide) / scale < 2e-2


def test_autocast_nests_and_ends():
    x = f32(3, 3)
    with xg.amp.autocast("float16"):
        with xg.amp.autocast(enabled=False):
            assert (x @ x).dtype == np.float32
        assert (x @ x).dtype == np.float16
        with pytest.raises(ZeroDivisionError), xg.amp.autocast("float16"):
            raise ZeroDivisionError
        assert (x @ x).dtype == np.float16
    assert (x @ x).dtype == np.float32


def test_autocast_is_of_the_thread():
    import threading

    found = []
    x = f32(3, 3)
    with xg.amp.autocast("float16"):
        thread = threading.Thread(target=lambda: found.append((x @ x).dtype))
        thread.start()
        thread.join()
    assert found == [np.float32]


def test_transforms_under_autocast():
    x = f32(3, 3)

    def f(x):
        return xg.sum(xg.tanh(x @ x) ** 2)

    with xg.amp.autocast("float16"):
        narrow = xg.grad(f)(x)
        _, tangent = xg.jvp(f, (x,), (xg.ones_like(x),))
        mapped = xg.vmap(lambda row: xg.sum(x @ row))(x)
    assert narrow.dtype == tangent.dtype == np.float32
    np.testing.assert_allclose(host(narrow), host(xg.grad(f)(x)), atol=2e-2, rtol=2e-2)
    np.testing.assert_allclose(host(mapped), host(xg.sum(x @ x.T, axis=0)), atol=1e-2)


@pytest.mark.parametrize("dtype", ["float32", "int8", "complex64"])
def test_autocast_refuses(dtype):
    with pytest.raises(TypeError, match=f"autocast: expected float16 or bfloat16, got {dtype}"):
        xg.amp.autocast(dtype).__enter__()


# -- the scaler --------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": lambda p: xg.optim.SGD(p, lr=0.1),
    "SGD-momentum": lambda p: xg.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "SGD-dampening": lambda p: xg.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
    "SGD-decay-up": lambda p: xg.optim.SGD(p, lr=0.1, weight_decay=0.1, maximize=True),
    "Adam": lambda p: xg.optim.Adam(p, lr=0.1, weight_decay=0.1),
    "Adam-amsgrad": lambda p: xg.optim.Adam(p, lr=0.1, amsgrad=True),
    "Adam-up": lambda p: xg.optim.Adam(p, lr=0.1, maximize=True),
    "AdamW": lambda p: xg.optim.AdamW(p, lr=0.1),
    "RMSprop": lambda p: xg.optim.RMSprop(p, lr=0.1),
    "RMSprop-all": lambda p: xg.optim.RMSprop(
        p, lr=0.1, momentum=0.9, centered=True, weight_decay=0.1
    ),
    "Lion": lambda p: xg.optim.Lion(p, lr=0.1),
    "NAdam": lambda p: xg.optim.NAdam(p, lr=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_step_with_an_overflow_did_not_happen(name, dtype):
    """Steps with infinite gradients in between leave everything unchanged."""

    def run(gradients, scaled):
        p = xg.asarray(raw(np.asarray([1.0, -2.0, 3.0], dtype))).requires_grad_()
        q = xg.asarray(raw(np.asarray([[0.5]], dtype))).requires_grad_()
        optimizer = OPTIMIZERS[name]([p, q])
        scaler = xg.amp.GradScaler(4.0, enabled=scaled)
        for g in gradients:
            optimizer.zero_grad()
            scale = scaler.get_scale()
            p.grad = xg.asarray(raw(np.asarray(g, dtype) * scale))
            q.grad = xg.asarray(raw(np.asarray([[0.25]], dtype) * scale))
            if scaled:
                scaler.scale(xg.asarray(raw(np.asarray(1.0, dtype))))
            scaler.step(optimizer)
            scaler.update()
        return host(p), host(q), optimizer.state_dict()["state"]

    good = [[1.0, 2.0, -1.0], [0.5, -1.0, 2.0], [1.5, 0.0, 1.0]]
    bad = [np.inf, 1.0, 1.0], [1.0, np.nan, -np.inf]
    skipped = run([bad[0], good[0], bad[1], good[1], bad[0], good[2]], scaled=True)
    plain = run(good, scaled=False)
    tolerance = 1e-6 if dtype == "float32" else 1e-12
    for found, expected in zip(skipped[:2], plain[:2], strict=True):
        np.testing.assert_allclose(found, expected, rtol=tolerance)
    for found, expected in zip(skipped[2], plain[2], strict=True):
        assert found.keys() == expected.keys()
        for key in expected:
            if key == "step":
                assert found[key] == expected[key] == 3
            elif expected[key] is not None:
                np.testing.assert_allclose(
                    host(found[key]), host(expected[key]), rtol=10 * tolerance
                )


def test_the_scale_backs_off_and_grows():
    p = xg.asarray(raw([1.0])).requires_grad_()
    optimizer = xg.optim.SGD([p], lr=0.0)
    scaler = xg.amp.GradScaler(16.0, growth_interval=2)
    scales = []
    for g in (1.0, np.inf, 1.0, 1.0, 1.0, np.nan, 1.0):
        scaler.scale(xg.asarray(raw(1.0)))
        p.grad = xg.asarray(raw([g]))
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    assert scales == [16.0, 8.0, 8.0, 16.0, 16.0, 8.0, 8.0]


def test_the_scaler_scales_and_unscales():
    w = xg.asarray(raw(np.asarray([2.0], np.float32))).requires_grad_()
    optimizer, scaler = xg.optim.SGD([w], lr=0.5), xg.amp.GradScaler(8.0)
    scaler.scale(xg.sum(w * w)).backward()
    assert host(w.grad) == [32.0]
    scaler.unscale_(optimizer)
    assert host(w.grad) == [4.0]
    scaler.step(optimizer)
    assert host(w) == [0.0]


def test_a_loss_in_half_precision_is_scaled_in_single():
    loss = xg.asarray(raw(np.asarray(2.0, np.float16))).requires_grad_()
    scaled = xg.amp.GradScaler().scale(loss)
    assert scaled.dtype == np.float32
    assert scaled.item() == 2.0**17


def test_small_gradients_survive():
    """Gradients of 1e-8 are too small for float16: 0 without the scaler."""
    x = xg.asarray(raw(np.full((2, 2), 1.0, np.float32)))
    found = []
    for enabled in (False, True):
        w = xg.asarray(raw(np.full((2, 2), 0.5, np.float32))).requires_grad_()
        optimizer, scaler = xg.optim.SGD([w]), xg.amp.GradScaler(enabled=enabled)
        with xg.amp.autocast("float16"):
            loss = xg.mean(x @ w) * 1e-8
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        found.append(host(w.grad))
    assert (found[0] == 0).all()
    np.testing.assert_allclose(found[1], 0.5e-8, rtol=1e-2)


def test_scaler_state():
    p = xg.asarray(raw([1.0])).requires_grad_()
    optimizer, scaler = xg.optim.SGD([p]), xg.amp.GradScaler(16.0, growth_interval=3)
    scaler.scale(xg.asarray(raw(1.0)))
    p.grad = xg.asarray(raw([1.0]))
    scaler.step(optimizer)
    scaler.update()
    state = scaler.state_dict()
    assert (state["scale"], state["good_steps"]) == (16.0, 1)
    other = xg.amp.GradScaler()
    other.load_state_dict(state)
    for _ in range(2):
        other.scale(xg.asarray(raw(1.0)))
        other.step(optimizer)
        other.update()
    assert other.get_scale() == 32.0


def test_scaler_errors():
    p = xg.asarray(raw([1.0])).requires_grad_()
    optimizer, scaler = xg.optim.SGD([p]), xg.amp.GradScaler()
    with pytest.raises(xg.AutogradError, match="no parameter of this optimizer has a gradient"):
        scaler.step(optimizer)
    with pytest.raises(xg.AutogradError, match=r"update: call step\(\) or unscale_\(\) first"):
        scaler.update()
    p.grad = xg.asarray(raw([1.0]))
    scaler.unscale_(optimizer)
    with pytest.raises(xg.AutogradError, match="already called for this optimizer"):
        scaler.unscale_(optimizer)
    with pytest.raises(ValueError, match="a growth factor above 1"):
        xg.amp.GradScaler(growth_factor=1.0)
    lbfgs = xg.optim.LBFGS([p])
    with pytest.raises(TypeError, match="LBFGS: step"):
        xg.amp.GradScaler().step(lbfgs)


@pytest.mark.parametrize("kind", MODELS)
def test_training_in_mixed_precision_learns(kind):
    narrow, wide = (Training(kind, xg.optim.Adam, amp=amp) for amp in ("float16", None))
    losses = [(narrow.step().item(), wide.step().item()) for _ in range(20)]
    found, expected = np.asarray(losses).T
    np.testing.assert_allclose(found, expected, rtol=3e-2)
    assert found[-1] < found[0]


def test_fit_in_mixed_precision():
    x = RNG.normal(size=(32, 3)).astype(np.float32)
    data = xg.data.DataLoader(xg.data.TensorDataset(raw(x), raw(x @ x[:3])), 8)
    model = nn.Linear(3, 3, generator=xg.random.Generator(0))
    optimizer = xg.optim.Adam(model.parameters(), lr=0.05)
    history = xg.train.fit(
        model, nn.MSELoss(), optimizer, data, 30, data, amp="float16", clip_norm=10.0,
        progress=False,
    )  # fmt: skip
    assert history.last("val_loss") < 0.05


def test_tf32_is_off_and_can_be_chosen():
    assert xg.amp.tf32_allowed() is False
    xg.amp.allow_tf32(True)
    try:
        assert xg.amp.tf32_allowed() is (environment.NAME in ("cupy", "torch"))
    finally:
        xg.amp.allow_tf32(False)
    assert xg.amp.tf32_allowed() is False


def test_autocast_computes_squares_written_as_powers_in_float32():
    x = xg.asarray(raw(np.asarray([300.0], np.float16)))
    with xg.amp.autocast():
        assert (x**2).dtype == xg.float32
        assert host(x**2) == 90_000
        for other in (np.asarray([3]), np.asarray([3.0]), np.asarray([True])):
            kept = xg.asarray(raw(other))
            assert (kept**2).dtype == xg.square(kept).dtype
        assert host(xg.grad(xg.grad(lambda v: v**2))(raw(np.asarray(0.0)))) == 2
