"""Large elementwise expressions, and loops that read and write parts of an array."""

import numpy as np

COUNT = 4_000_000
STEPS = 1_000
RATE = 0.9

# -- elementwise over four million values -------------------------------------------------------


def _data():
    return np.random.default_rng(0).uniform(0.1, 1.0, COUNT)


def elementwise_numpy():
    x = _data()

    def step():
        a = x * 0.7
        b = np.sin(a)
        c = np.exp(b)
        d = c * c
        e = d + x
        y = np.sqrt(e)
        loss = y.sum()
        g = 0.5 / y
        total = g
        g = g * c
        g = g + g
        g = g * c
        g = g * np.cos(a)
        g = g * 0.7
        return loss, total + g

    return step, lambda: step()[1][:1000]


def _expression(lib, x):
    c = lib.exp(lib.sin(x * 0.7))
    return lib.sum(lib.sqrt(c * c + x))


def elementwise_xgrad():
    import xgrad as xg

    x = _data()

    def step():
        w = xg.asarray(x).requires_grad_()
        loss = _expression(xg, w)
        loss.backward()
        return loss, w.grad

    return step, lambda: step()[1].numpy()[:1000]


def elementwise_torch():
    import torch

    x = torch.asarray(_data())

    def step():
        w = x.detach().requires_grad_()
        loss = _expression(torch, w)
        loss.backward()
        return loss, w.grad

    return step, lambda: step()[1].numpy()[:1000]


def elementwise_autograd():
    import autograd
    import autograd.numpy as anp

    x = _data()
    gradient = autograd.value_and_grad(lambda v: _expression(anp, v))
    return lambda: gradient(x), lambda: gradient(x)[1][:1000]


# -- a loop that reads and writes rows ----------------------------------------------------------


def _start(width):
    return np.random.default_rng(0).normal(size=width) * 0.1


def loop_numpy(width):
    w = _start(width)

    def step():
        x = np.zeros((STEPS, width))
        x[0] = w
        for t in range(1, STEPS):
            x[t] = x[t - 1] * RATE + w
        loss = (x * x).sum()
        g = 2 * x
        total = np.zeros(width)
        for t in range(STEPS - 1, 0, -1):
            row = g[t]
            total += row
            g[t - 1] += row * RATE
        total += g[0]
        return loss, total

    return step, lambda: step()[1]


def _loop(lib, w, x):
    x[0] = w
    for t in range(1, STEPS):
        x[t] = x[t - 1] * RATE + w
    return lib.sum(x * x)


def loop_xgrad(width):
    import xgrad as xg

    start = _start(width)

    def step():
        w = xg.tensor(start, requires_grad=True)
        loss = _loop(xg, w, xg.zeros((STEPS, width)))
        loss.backward()
        return loss, w.grad

    return step, lambda: step()[1].numpy()


def loop_torch(width):
    import torch

    start = torch.asarray(_start(width))

    def step():
        w = start.detach().requires_grad_()
        x = torch.zeros((STEPS, width), dtype=torch.float64)
        x[0] = w
        for t in range(1, STEPS):
            x[t] = x[t - 1].clone() * RATE + w
        loss = torch.sum(x * x)
        loss.backward()
        return loss, w.grad

    return step, lambda: step()[1].numpy()


def loop_mygrad(width):
    import mygrad as mg

    def step():
        w = mg.tensor(_start(width))
        loss = _loop(mg, w, mg.zeros((STEPS, width)))
        loss.backward()
        return loss, w.grad

    return step, lambda: step()[1]
