"""Random numbers inside `vmap`: an error, one draw for all examples, or a draw for each."""

import itertools

import numpy as np
import pytest

import xgrad as xg
from tests.environment import COMPILES, host, raw

F = xg.nn.functional
X = np.linspace(0.5, 2.0, 12).reshape(4, 3)

SLOW = pytest.mark.skipif(COMPILES, reason="many shapes: slow to compile")
DRAWS = {
    "uniform": lambda x: xg.random.uniform(3) * x,
    "normal": lambda x: xg.random.normal((3,), 1.0, 2.0) * x,
    "integers": lambda x: xg.astype(xg.random.integers(0, 1000, 3), xg.float64) * x,
    "permutation": lambda x: x[xg.random.permutation(3)] * x,
    "uniform_like": lambda x: xg.random.Generator(3).uniform_like(x) * x,
    "dropout": lambda x: F.dropout(x, 0.5),
    "dropout of a shared array": lambda x: F.dropout(xg.asarray(raw(np.ones(40)))) * x[0],
}


def rows(f, **keywords):
    xg.random.seed(5)
    return host(xg.vmap(f, **keywords)(raw(X)))


@pytest.mark.parametrize("draw", DRAWS)
def test_random_numbers_are_refused_unless_asked_for(draw):
    with pytest.raises(xg.AutogradError, match="randomness='different'"):
        xg.vmap(DRAWS[draw])(raw(X))
    with pytest.raises(xg.AutogradError, match="randomness='different'"):
        xg.vmap(lambda x: xg.vmap(lambda v: DRAWS[draw](x) * v, randomness="same")(x))(raw(X))


def test_unknown_randomness_raises():
    with pytest.raises(ValueError, match="randomness must be one of error, different, same"):
        xg.vmap(xg.sin, randomness="equal")


@pytest.mark.parametrize("draw", DRAWS)
def test_same_and_different(draw):
    f = DRAWS[draw]
    factors = rows(f, randomness="same") / rows(lambda x: x if "shared" not in draw else x[:1])
    if draw != "permutation":
        np.testing.assert_allclose(factors, np.broadcast_to(factors[0], factors.shape))
    for chunk_size in (1, 3):
        same = rows(f, randomness="same", chunk_size=chunk_size)
        np.testing.assert_allclose(same, rows(f, randomness="same"))
    different = rows(f, randomness="different")
    np.testing.assert_array_equal(different, rows(f, randomness="different"))  # by the seed
    factors = different / (X if "shared" not in draw else X[:, :1])
    assert not np.allclose(factors, np.broadcast_to(factors[0], factors.shape))


@pytest.mark.parametrize("choices", list(itertools.product(("same", "different"), repeat=2)))
def test_nested(choices):
    outer, inner = choices

    def f(x):
        return xg.vmap(lambda v: v * 0 + xg.random.uniform(), randomness=inner)(x)

    xg.random.seed(1)
    found = host(xg.vmap(f, randomness=outer)(raw(X)))
    assert len(np.unique(found)) == (4 if outer == "different" else 1) * (
        3 if inner == "different" else 1
    )
    ones = raw(np.ones((4, 3, 50)))
    drop = xg.vmap(xg.vmap(F.dropout, randomness=inner), randomness=outer)
    masks = host(drop(ones))
    assert set(np.unique(masks)) == {0.0, 2.0}
    assert np.all(masks == masks[:1]) == (outer == "same")
    assert np.all(masks == masks[:, :1]) == (inner == "same")
    # A shared array in the inner function gets the batch axes of both.
    drop = xg.vmap(lambda u: xg.vmap(lambda _: F.dropout(u), randomness=inner)(u[:3]), randomness=outer)  # fmt: skip
    masks = host(drop(ones[:, 0, :]))
    assert np.all(masks == masks[:1]) == (outer == "same")
    assert np.all(masks == masks[:, :1]) == (inner == "same")


def test_numbers_are_the_same_on_every_backend():
    def f(x):
        return xg.stack([xg.random.uniform() + x[0] * 0, F.dropout(x + 1 - x, 0.3)[0]])

    found = rows(f, randomness="different")
    previous = xg.get_backend()
    xg.set_backend("numpy")
    xg.random.seed(5)
    expected = host(xg.vmap(f, randomness="different")(X))
    xg.set_backend(previous.name)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def model_and_loss():
    xg.random.seed(0)
    model = xg.nn.Sequential(
        xg.nn.Linear(3, 8), xg.nn.Dropout(0.5), xg.nn.Tanh(), xg.nn.Linear(8, 1)
    )
    params = {n: p.detach() for n, p in model.named_parameters()}

    def loss(params, x):
        return xg.sum(xg.functional_call(model, params, x) ** 2)

    return params, loss


@pytest.mark.parametrize("checkpointed", [False, True])
def test_per_sample_gradients_belong_to_the_mask_of_the_forward_pass(checkpointed):
    params, loss = model_and_loss()
    f = xg.checkpoint(loss) if checkpointed else loss
    x = raw(X.astype(np.float32))
    with pytest.raises(xg.AutogradError, match="dropout: random numbers inside vmap"):
        xg.vmap(xg.grad(f), in_axes=(None, 0))(params, x)
    each = xg.vmap(xg.value_and_grad(f), in_axes=(None, 0), randomness="different")
    xg.random.seed(3)
    values, gradients = each(params, x)
    # Along a direction, against finite differences with the same seed.
    h = 1e-2
    shifted = []
    for sign in (1, -1):
        xg.random.seed(3)
        moved = {n: p + sign * h for n, p in params.items()}
        shifted.append(host(xg.vmap(loss, in_axes=(None, 0), randomness="different")(moved, x)))
    slopes = sum(host(xg.sum(xg.reshape(g, (4, -1)), axis=1)) for g in gradients.values())
    np.testing.assert_allclose(slopes, (shifted[0] - shifted[1]) / (2 * h), rtol=2e-2, atol=2e-2)
    assert len(np.unique(host(values))) == 4
    # The sum's gradient is the sum of the gradients: the same masks outside of vmap.
    xg.random.seed(3)
    summed = xg.grad(lambda p: xg.sum(xg.vmap(f, in_axes=(None, 0), randomness="different")(p, x)))(
        params
    )
    for name in params:
        np.testing.assert_allclose(
            host(summed[name]), host(gradients[name]).sum(axis=0), rtol=2e-4, atol=1e-5
        )


@SLOW
def test_directions_of_a_jacobian_share_their_numbers():
    def f(x):
        return F.dropout(x * x, 0.5) + xg.random.normal(3) * x

    x = raw(X[0])
    found = []
    for jacobian in (xg.jacrev(f), xg.jacfwd(f), xg.jacfwd(f, chunk_size=1), xg.jacfwd(f, chunk_size=2)):  # fmt: skip
        xg.random.seed(7)
        found.append(host(jacobian(x)))
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0])
    assert np.all(found[0] == np.diag(np.diag(found[0])))

    def loss(x):
        return xg.sum(F.dropout(x, 0.5) ** 3)

    found = []
    for hessian in (xg.hessian(loss), xg.hessian(loss, chunk_size=1), xg.jacfwd(xg.grad(loss))):
        xg.random.seed(7)
        found.append(host(hessian(x)))
    xg.random.seed(7)
    kept = host(F.dropout(raw(np.ones(3)), 0.5))
    for h in found:
        np.testing.assert_allclose(h, np.diag(6 * kept**3 * X[0]))
    # Each example has its own mask, shared by its directions.
    xg.random.seed(7)
    batch = host(xg.vmap(xg.hessian(loss), randomness="different")(raw(X)))
    xg.random.seed(7)
    kept = host(xg.vmap(lambda x: F.dropout(x * 0 + 1), randomness="different")(raw(X)))
    np.testing.assert_allclose(batch, [np.diag(d) for d in 6 * kept**3 * X])
    with pytest.raises(xg.AutogradError, match="randomness="):
        xg.vmap(xg.hessian(loss))(raw(X))


@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x: xg.jvp(f, (x,), (xg.ones(3, dtype=xg.float64),))[1],
        lambda f, x: xg.linearize(f, x)[1](xg.ones(3, dtype=xg.float64)),
        lambda f, x: xg.vjp(f, x)[1](xg.ones(3, dtype=xg.float64))[0],
        lambda f, x: xg.hvp(lambda v: xg.sum(f(v) ** 2), (x,), (xg.ones(3, dtype=xg.float64),)) / (2 * xg.jvp(f, (x,), (x,))[0] + 1e-30),
    ],
)  # fmt: skip
def test_derivatives_inside_vmap_with_directions_that_all_share(transform):
    factor = rows(lambda x: transform(lambda v: F.dropout(v, 0.5), x), randomness="different")
    assert len({tuple(row) for row in np.round(factor, 3)}) > 1
    if transform.__code__.co_names[1] != "hvp":
        assert set(np.unique(factor)) == {0.0, 2.0}


@SLOW
def test_layers_with_dropout():
    x = raw(np.linspace(-1, 1, 48).reshape(3, 4, 4).astype(np.float32))
    layers = [
        xg.nn.MultiheadAttention(4, 2, dropout=0.5),
        xg.nn.TransformerEncoderLayer(4, 2, 8, dropout=0.5),
        xg.nn.LSTM(4, 4, num_layers=2, dropout=0.5),
        xg.nn.GRU(4, 4, num_layers=2, dropout=0.5),
    ]
    for layer in layers:
        params = {n: p.detach() for n, p in layer.named_parameters()}

        def f(params, x, layer=layer):
            args = (x, x, x) if isinstance(layer, xg.nn.MultiheadAttention) else (x,)
            out = xg.functional_call(layer, params, args)
            return out[0] if isinstance(out, tuple) else out

        with pytest.raises(xg.AutogradError, match="randomness="):
            xg.vmap(f, in_axes=(None, 0))(params, x)
        same_x = xg.stack([xg.asarray(x)[0]] * 3)
        outs = host(xg.vmap(f, in_axes=(None, 0), randomness="different")(params, same_x))
        assert not np.allclose(outs[0], outs[1])
        outs = host(xg.vmap(f, in_axes=(None, 0), randomness="same")(params, same_x))
        np.testing.assert_allclose(outs[0], outs[1], rtol=1e-5, atol=1e-6)
        gradients = xg.vmap(
            xg.grad(lambda p, x, f=f: xg.sum(f(p, x) ** 2)),
            in_axes=(None, 0),
            randomness="different",
        )(params, same_x)
        assert not all(np.allclose(host(g)[0], host(g)[1]) for g in gradients.values())


def test_inside_a_custom_rule():
    @xg.custom_vjp
    def f(x):
        return F.dropout(x, 0.5)

    f.defvjp(lambda x: (f(x), x), lambda x, g: (g,))
    masks = rows(lambda x: f(x) / x, randomness="different")
    assert len({tuple(row) for row in np.round(masks, 3)}) > 1
    masks = rows(lambda x: f(x) / x, randomness="same")
    np.testing.assert_allclose(masks, masks[[0, 0, 0, 0]])


@SLOW
def test_a_differentiated_custom_rule_reuses_its_random_numbers():
    def plain(x):
        return F.dropout(xg.ones(8, dtype=xg.float64), 0.5) * x**3

    @xg.custom_vjp
    def f(x):
        return plain(x)

    def forward(x):
        mask = F.dropout(xg.ones(8, dtype=xg.float64), 0.5)
        return mask * x**3, (mask, x)

    f.defvjp(forward, lambda kept, g: (g * kept[0] * 3 * kept[1] ** 2,))
    x = raw(np.arange(1.0, 9.0))

    def summed(f):
        return lambda x: xg.sum(f(x) ** 2)

    def batch(f):
        return lambda x: xg.sum(xg.vmap(f, randomness="different")(xg.stack([x, 2 * x])) ** 2)

    for make in (summed, batch):
        for road in (
            lambda h: xg.hvp(h, (x,), (x,)),
            lambda h: xg.jvp(xg.grad(h), (x,), (x,))[1],
            lambda h: xg.grad(lambda v: xg.sum(xg.grad(h)(v) * x))(x),
        ):
            found = []
            for function in (f, plain):
                xg.random.seed(1)
                found.append(host(road(make(function))))
            assert np.any(found[0])
            np.testing.assert_allclose(found[0], found[1])


@SLOW
def test_the_mean_of_many_masks():
    out = rows(lambda x: xg.mean(F.dropout(xg.ones(2000, dtype=xg.float64) * x[0] / x[0], 0.25)), randomness="different")  # fmt: skip
    np.testing.assert_allclose(out, 1.0, atol=0.06)


@SLOW
def test_every_way_to_a_gradient_uses_the_same_numbers():
    def f(x):
        return xg.sum(F.dropout(x * x, 0.5) * xg.random.normal(3))

    def g(x):
        return xg.sum(xg.vmap(f, randomness="different")(x))

    def eager(h):
        w = xg.tensor(raw(X), requires_grad=True)
        h(w).backward()
        return w.grad

    def seeded(road):
        xg.random.seed(3)
        return host(road())

    x, v = raw(X), raw(np.cos(X))
    expected = seeded(lambda: xg.grad(g)(x))
    for road in (
        lambda: xg.grad(xg.checkpoint(g))(x),
        lambda: xg.vmap(xg.grad(f), randomness="different")(x),
        lambda: xg.vmap(xg.grad(xg.checkpoint(f)), randomness="different")(x),
        lambda: eager(g),
        lambda: eager(xg.checkpoint(g)),
        lambda: eager(lambda w: xg.sum(xg.vmap(xg.checkpoint(f), randomness="different")(w))),
    ):
        np.testing.assert_allclose(seeded(road), expected, rtol=1e-12)
    slope = np.sum(expected * np.cos(X))
    np.testing.assert_allclose(seeded(lambda: xg.jvp(g, (x,), (v,))[1]), slope, rtol=1e-12)
    np.testing.assert_allclose(seeded(lambda: xg.linearize(g, x)[1](v)), slope, rtol=1e-12)
    second = seeded(lambda: xg.hvp(lambda x: g(x) ** 2, (x,), (v,)))
    forward = seeded(lambda: xg.jvp(xg.grad(lambda x: g(x) ** 2), (x,), (v,))[1])
    np.testing.assert_allclose(second, forward, rtol=1e-12)
