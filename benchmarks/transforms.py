"""Hessians, Jacobians and per-sample gradients, written for each library as its users would."""

import numpy as np

VARIABLES = 200


# -- Rosenbrock's function ---------------------------------------------------------------------


def _start():
    return np.random.default_rng(0).normal(size=VARIABLES)


def _rosenbrock(x, total):
    return total(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def hessian_numpy():
    x, state = _start(), {}

    def step():
        h = np.zeros((VARIABLES, VARIABLES))
        places = np.arange(VARIABLES - 1)
        h[places, places] += 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
        h[places + 1, places + 1] += 200
        h[places, places + 1] = h[places + 1, places] = -400 * x[:-1]
        state["h"] = h

    return step, lambda: state["h"]


def hessian_xgrad():
    import xgrad as xg

    x, state = _start(), {}
    hessian = xg.hessian(lambda x: _rosenbrock(x, xg.sum))

    def step():
        state["h"] = hessian(x)

    return step, lambda: state["h"]


def hessian_torch():
    import torch

    x, state = torch.tensor(_start()), {}
    hessian = torch.func.hessian(lambda x: _rosenbrock(x, torch.sum))

    def step():
        state["h"] = hessian(x)

    return step, lambda: state["h"].numpy()


def hessian_hips():
    import autograd
    import autograd.numpy as anp

    x, state = _start(), {}
    hessian = autograd.hessian(lambda x: _rosenbrock(x, anp.sum))

    def step():
        state["h"] = hessian(x)

    return step, lambda: state["h"]


def _vector():
    return np.random.default_rng(1).normal(size=VARIABLES)


def hvp_numpy():
    x, v, state = _start(), _vector(), {}

    def step():
        out = np.zeros(VARIABLES)
        out[:-1] = (1200 * x[:-1] ** 2 - 400 * x[1:] + 2) * v[:-1] - 400 * x[:-1] * v[1:]
        out[1:] += 200 * v[1:] - 400 * x[:-1] * v[:-1]
        state["p"] = out

    return step, lambda: state["p"]


def hvp_xgrad():
    import xgrad as xg

    x, v, state = _start(), _vector(), {}

    def step():
        state["p"] = xg.hvp(lambda x: _rosenbrock(x, xg.sum), (x,), (v,))

    return step, lambda: state["p"]


def hvp_torch():
    import torch

    x, v, state = torch.tensor(_start()), torch.tensor(_vector()), {}
    gradient = torch.func.grad(lambda x: _rosenbrock(x, torch.sum))

    def step():
        state["p"] = torch.func.jvp(gradient, (x,), (v,))[1]

    return step, lambda: state["p"].numpy()


def hvp_hips():
    import autograd
    import autograd.numpy as anp

    x, v, state = _start(), _vector(), {}
    product = autograd.hessian_vector_product(lambda x: _rosenbrock(x, anp.sum))

    def step():
        state["p"] = product(x, v)

    return step, lambda: state["p"]


# -- the Jacobian of a network -----------------------------------------------------------------


def _layers(*sizes):
    rng = np.random.default_rng(0)
    pairs = zip(sizes, sizes[1:], strict=False)
    return [(rng.normal(size=(a, b)) / np.sqrt(a), rng.normal(size=b)) for a, b in pairs]


def _mlp(layers, x, tanh):
    for w, b in layers:
        x = tanh(x @ w + b)
    return x


def jacobian_numpy():
    layers, x, state = _layers(64, 64, 64), np.random.default_rng(1).normal(size=64), {}

    def step():
        h, outs = x, []
        for w, b in layers:
            h = np.tanh(h @ w + b)
            outs.append(h)
        j = None
        for (w, _), out in zip(reversed(layers), reversed(outs), strict=True):
            by_sum = np.diag(1 - out * out) if j is None else j * (1 - out * out)
            j = by_sum @ w.T
        state["j"] = j

    return step, lambda: state["j"]


def jacobian_xgrad():
    import xgrad as xg

    layers, x, state = _layers(64, 64, 64), np.random.default_rng(1).normal(size=64), {}
    jacobian = xg.jacrev(lambda x: _mlp(layers, x, xg.tanh))

    def step():
        state["j"] = jacobian(x)

    return step, lambda: state["j"]


def jacobian_torch():
    import torch

    layers = [(torch.tensor(w), torch.tensor(b)) for w, b in _layers(64, 64, 64)]
    x, state = torch.tensor(np.random.default_rng(1).normal(size=64)), {}
    jacobian = torch.func.jacrev(lambda x: _mlp(layers, x, torch.tanh))

    def step():
        state["j"] = jacobian(x)

    return step, lambda: state["j"].numpy()


def jacobian_hips():
    import autograd
    import autograd.numpy as anp

    layers, x, state = _layers(64, 64, 64), np.random.default_rng(1).normal(size=64), {}
    jacobian = autograd.jacobian(lambda x: _mlp(layers, x, anp.tanh))

    def step():
        state["j"] = jacobian(x)

    return step, lambda: state["j"]


# -- gradients of single examples --------------------------------------------------------------

BATCH = 256


def _batch():
    rng = np.random.default_rng(1)
    layers = [(w.astype(np.float32), b.astype(np.float32)) for w, b in _layers(64, 128, 10)]
    x = rng.normal(size=(BATCH, 64)).astype(np.float32)
    return layers, x, rng.normal(size=(BATCH, 10)).astype(np.float32)


def _joined(grads):
    return np.concatenate([np.asarray(g).ravel() for pair in grads for g in pair])


def per_sample_numpy():
    layers, x, y = _batch()
    state = {}

    def step():
        (w1, b1), (w2, b2) = layers
        h = np.tanh(x @ w1 + b1)
        out = np.tanh(h @ w2 + b2)
        d2 = 2 * (out - y) * (1 - out * out)
        d1 = (d2 @ w2.T) * (1 - h * h)
        state["g"] = [(x[:, :, None] * d1[:, None], d1), (h[:, :, None] * d2[:, None], d2)]

    return step, lambda: _joined(state["g"])


def per_sample_xgrad():
    import xgrad as xg

    layers, x, y = _batch()
    state = {}

    def loss(layers, x, y):
        return xg.sum((_mlp(layers, x, xg.tanh) - y) ** 2)

    each = xg.vmap(xg.grad(loss), in_axes=(None, 0, 0))

    def step():
        state["g"] = each(layers, x, y)

    return step, lambda: _joined(state["g"])


def per_sample_loop():
    import xgrad as xg

    layers, x, y = _batch()
    state = {}
    gradient = xg.grad(lambda layers, x, y: xg.sum((_mlp(layers, x, xg.tanh) - y) ** 2))

    def step():
        each = [gradient(layers, a, b) for a, b in zip(x, y, strict=True)]
        state["g"] = [
            tuple(np.stack([g[i][k] for g in each]) for k in range(2)) for i in range(len(layers))
        ]

    return step, lambda: _joined(state["g"])


def per_sample_torch():
    import torch

    layers, x, y = _batch()
    layers = [(torch.tensor(w), torch.tensor(b)) for w, b in layers]
    x, y, state = torch.tensor(x), torch.tensor(y), {}

    def loss(layers, x, y):
        return torch.sum((_mlp(layers, x, torch.tanh) - y) ** 2)

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))

    def step():
        state["g"] = each(layers, x, y)

    return step, lambda: _joined(state["g"])


CASES = {
    f"Hessian of Rosenbrock's function, {VARIABLES} variables": {
        "numpy": hessian_numpy,
        "xgrad": hessian_xgrad,
        "torch": hessian_torch,
        "hips": hessian_hips,
    },
    f"Hessian-vector product of it, {VARIABLES} variables": {
        "numpy": hvp_numpy,
        "xgrad": hvp_xgrad,
        "torch": hvp_torch,
        "hips": hvp_hips,
    },
    "Jacobian of a 64-64-64 tanh MLP": {
        "numpy": jacobian_numpy,
        "xgrad": jacobian_xgrad,
        "torch": jacobian_torch,
        "hips": jacobian_hips,
    },
    f"per-sample gradients, MLP 64-128-10, batch {BATCH}": {
        "numpy": per_sample_numpy,
        "xgrad": per_sample_xgrad,
        "loop": per_sample_loop,
        "torch": per_sample_torch,
    },
}
