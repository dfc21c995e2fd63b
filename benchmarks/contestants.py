"""The same computations, by hand in NumPy and with each library.

``build(case, library)`` returns ``(step, result)``: a function that does one forward and
backward pass (and an update), and one that gives an array to check. Libraries are imported
where they are used: each contestant runs in a process of its own.
"""

import arrays
import networks
import numpy as np
import transforms

CHAIN_CYCLES = 125  # of eight operations: 1,000 in all
SMALL = ((784, 128, 64, 10), 64)
LARGE = ((1024, 2048, 2048, 1000), 256)


# -- 1,000 operations on 8 numbers --------------------------------------------------------------

# Constants that keep the values near 1 and the gradient from vanishing.
_A = np.full(8, -0.7458) + np.linspace(-0.01, 0.01, 8)
_K, _D, _B = np.full(8, 0.59), np.full(8, 2.0), np.array([1.0])


def _chain(lib, x, a, k, d, b):
    for _ in range(CHAIN_CYCLES):
        x = lib.add(x, a)
        x = lib.multiply(x, k)
        x = lib.divide(x, d)
        x = lib.sin(x)
        x = lib.tanh(x)
        x = lib.exp(x)
        x = x**2
        x = x * b
    return x


def chain_numpy():
    def step():
        x, saved = np.ones(8), []
        for _ in range(CHAIN_CYCLES):
            x = np.add(x, _A)
            x = np.multiply(x, _K)
            x = np.divide(x, _D)
            angle = x
            x = np.sin(x)
            x = np.tanh(x)
            squashed = x
            x = np.exp(x)
            grown = x
            x = x**2
            x = x * _B
            saved.append((angle, squashed, grown))
        g = np.ones(8)
        for angle, squashed, grown in reversed(saved):
            g = g * _B
            g = g * (2 * grown)
            g = g * grown
            g = g * (1 - squashed * squashed)
            g = g * np.cos(angle)
            g = g / _D
            g = g * _K
        return g

    return step, step


def chain_xgrad():
    import xgrad as xg

    seed = np.ones(8)

    def step():
        x = xg.tensor(np.ones(8), requires_grad=True)
        _chain(xg, x, _A, _K, _D, _B).backward(seed)
        return x.grad

    return step, lambda: step().numpy()


def chain_torch():
    import torch

    constants = [torch.tensor(c) for c in (_A, _K, _D, _B)]
    seed = torch.ones(8, dtype=torch.float64)

    def step():
        x = torch.ones(8, dtype=torch.float64, requires_grad=True)
        _chain(torch, x, *constants).backward(seed)
        return x.grad

    return step, lambda: step().numpy()


def chain_autograd():
    import autograd
    import autograd.numpy as anp

    gradient = autograd.grad(lambda x: anp.sum(_chain(anp, x, _A, _K, _D, _B)))

    def step():
        return gradient(np.ones(8))

    return step, step


def chain_mygrad():
    import mygrad as mg

    def step():
        x = mg.tensor(np.ones(8))
        _chain(mg, x, _A, _K, _D, _B).backward(np.ones(8))
        return x.grad

    return step, step


# -- training steps --------------------------------------------------------------------------------


def _problem(sizes, batch):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, sizes[0])).astype(np.float32)
    y = rng.integers(0, sizes[-1], batch)
    weights = [
        (rng.uniform(-1, 1, (n, m)) / np.sqrt(m)).astype(np.float32)
        for m, n in zip(sizes[:-1], sizes[1:], strict=True)
    ]
    biases = [np.zeros(n, np.float32) for n in sizes[1:]]
    return x, y, weights, biases


class _Sgd:
    """Momentum by hand, whole arrays in place."""

    def __init__(self, params, lr=0.01, momentum=0.9):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.velocities = [np.zeros_like(p) for p in params]

    def step(self, grads):
        for p, g, v in zip(self.params, grads, self.velocities, strict=True):
            v *= self.momentum
            v += g
            p -= self.lr * v


class _Adam:
    """Adam by hand, whole arrays in place."""

    def __init__(self, params, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
        self.params, self.lr, self.b1, self.b2, self.eps = params, lr, b1, b2, eps
        self.m = [np.zeros_like(p) for p in params]
        self.s = [np.zeros_like(p) for p in params]
        self.t = 0

    def step(self, grads):
        self.t += 1
        c1, c2 = 1 - self.b1**self.t, 1 - self.b2**self.t
        for p, g, m, s in zip(self.params, grads, self.m, self.s, strict=True):
            m *= self.b1
            m += (1 - self.b1) * g
            s *= self.b2
            s += (1 - self.b2) * g * g
            p -= self.lr * (m / c1) / (np.sqrt(s / c2) + self.eps)


def _mlp_numpy(sizes, batch, optimizer):
    x, y, weights, biases = _problem(sizes, batch)
    update = (_Sgd if optimizer == "SGD" else _Adam)([*weights, *biases])
    rows = np.arange(batch)

    def step():
        activations, h = [x], x
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            h = h @ w.T + b
            if i < len(weights) - 1:
                h = np.maximum(h, 0)
                activations.append(h)
        shifted = h - h.max(axis=1, keepdims=True)
        exp = np.exp(shifted)
        total = exp.sum(axis=1, keepdims=True)
        loss = -np.mean(shifted[rows, y] - np.log(total[:, 0]))
        g = exp / total
        g[rows, y] -= 1
        g /= batch
        weight_grads, bias_grads = [], []
        for i in reversed(range(len(weights))):
            weight_grads.append(g.T @ activations[i])
            bias_grads.append(g.sum(axis=0))
            if i:
                g = (g @ weights[i]) * (activations[i] > 0)
        update.step([*reversed(weight_grads), *reversed(bias_grads)])
        return loss

    return step, lambda: weights[0]


def _mlp_xgrad(sizes, batch, optimizer):
    import xgrad as xg
    from xgrad import nn

    x, y, weights, biases = _problem(sizes, batch)
    layers = []
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        layer = nn.Linear(w.shape[1], w.shape[0])
        layer.load_state_dict({"weight": w, "bias": b})
        layers += [layer] if i == len(weights) - 1 else [layer, nn.ReLU()]
    model = nn.Sequential(*layers)
    loss_of = nn.CrossEntropyLoss()
    update = (
        xg.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        if optimizer == "SGD"
        else xg.optim.Adam(model.parameters())
    )
    inputs, targets = xg.asarray(x), xg.asarray(y)

    def step():
        update.zero_grad()
        loss = loss_of(model(inputs), targets)
        loss.backward()
        update.step()
        return loss

    return step, lambda: model[0].weight.detach().numpy()


def _mlp_torch(sizes, batch, optimizer):
    import torch
    from torch import nn

    x, y, weights, biases = _problem(sizes, batch)
    layers = []
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        layer = nn.Linear(w.shape[1], w.shape[0])
        layer.load_state_dict({"weight": torch.tensor(w), "bias": torch.tensor(b)})
        layers += [layer] if i == len(weights) - 1 else [layer, nn.ReLU()]
    model = nn.Sequential(*layers)
    loss_of = nn.CrossEntropyLoss()
    update = (
        torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        if optimizer == "SGD"
        else torch.optim.Adam(model.parameters())
    )
    inputs, targets = torch.tensor(x), torch.tensor(y)

    def step():
        update.zero_grad()
        loss = loss_of(model(inputs), targets)
        loss.backward()
        update.step()
        return loss

    return step, lambda: model[0].weight.detach().numpy()


def _mlp_autograd(sizes, batch, optimizer):
    import autograd
    import autograd.numpy as anp

    x, y, weights, biases = _problem(sizes, batch)
    update = (_Sgd if optimizer == "SGD" else _Adam)([*weights, *biases])
    rows, count = np.arange(batch), len(weights)

    def loss_of(params):
        h = x
        for i in range(count):
            h = anp.dot(h, params[i].T) + params[count + i]
            if i < count - 1:
                h = anp.maximum(h, 0)
        shifted = h - anp.max(h, axis=1, keepdims=True)
        return -anp.mean(shifted[rows, y] - anp.log(anp.sum(anp.exp(shifted), axis=1)))

    gradient = autograd.value_and_grad(loss_of)

    def step():
        loss, grads = gradient([*weights, *biases])
        update.step(grads)
        return loss

    return step, lambda: weights[0]


def _mlp_mygrad(sizes, batch, optimizer):
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    x, y, weights, biases = _problem(sizes, batch)
    update = (_Sgd if optimizer == "SGD" else _Adam)([*weights, *biases])
    count = len(weights)

    def step():
        params = [mg.tensor(p, copy=False) for p in (*weights, *biases)]
        h = x
        for i in range(count):
            h = mg.matmul(h, params[i].T) + params[count + i]
            if i < count - 1:
                h = relu(h)
        loss = softmax_crossentropy(h, y)
        loss.backward()
        grads = [p.grad for p in params]
        del h, params, loss
        update.step(grads)

    return step, lambda: weights[0]


LIBRARIES = ("numpy", "xgrad", "torch", "autograd", "mygrad")
CASES = {
    "1,000 tiny ops, shape (8,), float64": {name: globals()[f"chain_{name}"] for name in LIBRARIES},
    "MLP 784-128-64-10, batch 64, SGD with momentum": {
        name: (lambda make=globals()[f"_mlp_{name}"]: make(*SMALL, "SGD")) for name in LIBRARIES
    },
    "MLP 1024-2048-2048-1000, batch 256, Adam": {
        name: (lambda make=globals()[f"_mlp_{name}"]: make(*LARGE, "Adam")) for name in LIBRARIES
    },
    "elementwise expression, 4,000,000 values": {
        name: getattr(arrays, f"elementwise_{name}")
        for name in ("numpy", "xgrad", "torch", "autograd")
    },
    **{
        f"loop of 1,000 rows read and written, {width} wide": {
            name: (lambda make=getattr(arrays, f"loop_{name}"), width=width: make(width))
            for name in ("numpy", "xgrad", "torch", "mygrad")
        }
        for width in (8, 100, 1000)
    },
    **networks.CASES,
    **transforms.CASES,
}
