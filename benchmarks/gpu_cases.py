"""What `benchmarks/gpu.py` times: one step of each problem, in xgrad, PyTorch and JAX.

Every contestant starts from the same numbers, in float32, and returns what it has after three
steps, so that results are compared before anything is timed.
"""

import functools

import numpy as np

LIBRARIES = ("xgrad", "torch", "torch.compile", "jax")


def _uniform(rng, *shape):
    return (rng.uniform(-1, 1, shape) / np.sqrt(shape[-1])).astype(np.float32)


# -- networks with Adam ------------------------------------------------------------------------


def _mlp_problem(sizes, batch):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((batch, sizes[0])).astype(np.float32)
    y = rng.integers(0, sizes[-1], batch)
    pairs = zip(sizes[:-1], sizes[1:], strict=True)
    return x, y, [(_uniform(rng, m, n), np.zeros(m, np.float32)) for n, m in pairs]


def _mlp_xgrad(place, sizes, batch, amp):
    import xgrad as xg
    from xgrad import nn

    x, y, weights = _mlp_problem(sizes, batch)
    layers = []
    for w, b in weights:
        layer = nn.Linear(w.shape[1], w.shape[0])
        layer.load_state_dict({"weight": w, "bias": b})
        layers += [layer, nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    x, y = xg.data.to_backend((x, y))
    optimizer, scaler = xg.optim.Adam(model.parameters()), xg.amp.GradScaler(enabled=amp)

    def step():
        optimizer.zero_grad()
        with xg.amp.autocast("float16", enabled=amp):
            loss = nn.functional.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    return step, lambda: np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])


def _mlp_torch(place, sizes, batch, amp, compiled=False):
    import torch

    x, y, weights = _mlp_problem(sizes, batch)
    layers = []
    for w, b in weights:
        layer = torch.nn.Linear(w.shape[1], w.shape[0])
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(w))
            layer.bias.copy_(torch.from_numpy(b))
        layers += [layer, torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1]).to(place.torch)
    x, y = torch.from_numpy(x).to(place.torch), torch.from_numpy(y).to(place.torch)
    optimizer = torch.optim.Adam(model.parameters())
    scaler = torch.amp.GradScaler(place.torch, enabled=amp)
    forward = torch.compile(model) if compiled else model

    def step():
        optimizer.zero_grad()
        with torch.autocast(place.torch, torch.float16, enabled=amp):
            loss = torch.nn.functional.cross_entropy(forward(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()

    return step, lambda: np.concatenate(
        [p.detach().cpu().numpy().ravel() for p in model.parameters()]
    )


def _mlp_jax(place, sizes, batch, amp):
    import jax
    import jax.numpy as jnp

    if amp:
        raise ImportError("no GradScaler in JAX")
    x, y, weights = _mlp_problem(sizes, batch)
    x, y = jnp.asarray(x), jnp.asarray(y)

    def loss(weights):
        h = x
        for i, (w, b) in enumerate(weights):
            h = h @ w.T + b
            h = jax.nn.relu(h) if i + 1 < len(weights) else h
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], axis=1))

    @functools.partial(jax.jit, donate_argnums=0)
    def update(state):
        weights, mean, square, count = state
        count = count + 1
        grads = jax.grad(loss)(weights)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, grads)
        square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, square, grads)

        def moved(w, m, s):
            root = jnp.sqrt(s) / jnp.sqrt(1 - 0.999**count) + 1e-8
            return w - 1e-3 / (1 - 0.9**count) * m / root

        return jax.tree.map(moved, weights, mean, square), mean, square, count

    start = [(jnp.asarray(w), jnp.asarray(b)) for w, b in weights]
    zeros = [jax.tree.map(jnp.zeros_like, start) for _ in range(2)]
    box = [(start, *zeros, jnp.zeros(()))]

    def step():
        box[0] = update(box[0])

    def result():
        return np.concatenate([np.asarray(p).ravel() for pair in box[0][0] for p in pair])

    return step, result


def _mlp(sizes, batch, amp=False):
    given = {"sizes": sizes, "batch": batch, "amp": amp}
    return {
        "xgrad": functools.partial(_mlp_xgrad, **given),
        "torch": functools.partial(_mlp_torch, **given),
        "torch.compile": functools.partial(_mlp_torch, compiled=True, **given),
        "jax": functools.partial(_mlp_jax, **given),
    }


# -- Adam alone --------------------------------------------------------------------------------


def _tensors(count, size):
    rng = np.random.default_rng(0)
    draw = functools.partial(rng.standard_normal, size, np.float32)
    return [draw() for _ in range(count)], [draw() for _ in range(count)]


def _adam_xgrad(place, count, size):
    import xgrad as xg

    values, grads = _tensors(count, size)
    params = [xg.data.to_backend(v).requires_grad_() for v in values]
    for p, g in zip(params, grads, strict=True):
        p.grad = xg.data.to_backend(g)
    optimizer = xg.optim.Adam(params)
    return optimizer.step, lambda: np.concatenate([p.detach().numpy() for p in params])


def _adam_torch(place, count, size):
    import torch

    values, grads = _tensors(count, size)
    params = [torch.from_numpy(v).to(place.torch).requires_grad_() for v in values]
    for p, g in zip(params, grads, strict=True):
        p.grad = torch.from_numpy(g).to(place.torch)
    optimizer = torch.optim.Adam(params, fused=True)
    return optimizer.step, lambda: np.concatenate([p.detach().cpu().numpy() for p in params])


# -- phase retrieval ---------------------------------------------------------------------------


def _phases(size):
    rng = np.random.default_rng(0)
    magnitudes = rng.uniform(0, 1, (size, size)).astype(np.float32)
    mask = np.ones((size, size), np.float32)
    mask[: size // 3, : size // 3] = 0
    return magnitudes, mask, rng.uniform(-3, 3, (size, size)).astype(np.float32)


def _phase_xgrad(place, size):
    import xgrad as xg

    magnitudes, mask, start = (xg.data.to_backend(a) for a in _phases(size))
    phases = start.requires_grad_()
    optimizer = xg.optim.Adam([phases], lr=0.1, eps=0.01)

    def step():
        optimizer.zero_grad()
        image = xg.fft.ifftn(magnitudes * xg.exp(1j * phases), norm="ortho")
        xg.sum(xg.abs(image) ** 2 * mask).backward()
        optimizer.step()

    return step, lambda: phases.detach().numpy().ravel()


def _phase_torch(place, size, compiled=False):
    import torch

    magnitudes, mask, start = (torch.from_numpy(a).to(place.torch) for a in _phases(size))
    phases = start.requires_grad_()
    optimizer = torch.optim.Adam([phases], lr=0.1, eps=0.01)

    def loss_of(phases):
        image = torch.fft.ifft2(magnitudes * torch.exp(1j * phases), norm="ortho")
        return torch.sum(torch.abs(image) ** 2 * mask)

    forward = torch.compile(loss_of) if compiled else loss_of

    def step():
        optimizer.zero_grad()
        forward(phases).backward()
        optimizer.step()

    return step, lambda: phases.detach().cpu().numpy().ravel()


def cases(full):
    """Return the problems; small ones where there is no GPU, which prove that they run."""
    wide, batch = ((1024, 4096, 4096, 1000), 1024) if full else ((64, 128, 128, 10), 64)
    count, size = (100, 100_000) if full else (10, 1000)
    pixels = 1024 if full else 64
    return {
        "MLP 1024-4096-4096-1000, batch 1024, Adam": _mlp(wide, batch),
        "the same in mixed precision": _mlp(wide, batch, amp=True),
        "small MLP 64-64-64-10, batch 32, Adam": _mlp((64, 64, 64, 10), 32),
        "Adam, 10 million parameters in 100 tensors": {
            "xgrad": functools.partial(_adam_xgrad, count=count, size=size),
            "torch": functools.partial(_adam_torch, count=count, size=size),
        },
        "phase retrieval 1024 x 1024": {
            "xgrad": functools.partial(_phase_xgrad, size=pixels),
            "torch": functools.partial(_phase_torch, size=pixels),
            "torch.compile": functools.partial(_phase_torch, size=pixels, compiled=True),
        },
    }


#: The budget of xgrad's time, as a multiple of PyTorch eager's.
TARGETS = {
    "MLP 1024-4096-4096-1000, batch 1024, Adam": 1.1,
    "small MLP 64-64-64-10, batch 32, Adam": 1.5,
    "Adam, 10 million parameters in 100 tensors": 1.2,
    "phase retrieval 1024 x 1024": 1.0,
}
