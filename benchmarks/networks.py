"""Networks by hand in NumPy, with xgrad and with PyTorch: one forward and backward pass.

An LSTM, LeNet, a transformer block, and Adam over many tensors, all in float32. The forms by hand
are what a careful person writes: products of matrices, arrays reused where that is easy.
"""

import numpy as np

# -- LSTM ------------------------------------------------------------------------------------------

STEPS, EXAMPLES, WIDTH = 64, 32, 128


def _lstm_problem():
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal((STEPS, EXAMPLES, WIDTH)).astype(np.float32) for _ in range(2))
    shapes = [(4 * WIDTH, WIDTH), (4 * WIDTH, WIDTH), (4 * WIDTH,), (4 * WIDTH,)]
    bound = 1 / np.sqrt(WIDTH)
    return x, g, [rng.uniform(-bound, bound, s).astype(np.float32) for s in shapes]


def _joined(arrays):
    return np.concatenate([np.asarray(a).ravel() for a in arrays])


def lstm_numpy():
    x, g, (w_x, w_h, b_x, b_h) = _lstm_problem()
    size = WIDTH
    state = {}

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    def step():
        rows = x.reshape(-1, size)
        a_x = (rows @ w_x.T + (b_x + b_h)).reshape(STEPS, EXAMPLES, 4 * size)
        h = c = np.zeros((EXAMPLES, size), np.float32)
        hs, cs, gates, bent = [], [], [], []
        for t in range(STEPS):
            a = a_x[t] + h @ w_h.T
            i, f = sigmoid(a[:, :size]), sigmoid(a[:, size : 2 * size])
            u, o = np.tanh(a[:, 2 * size : 3 * size]), sigmoid(a[:, 3 * size :])
            c = f * c + i * u
            b = np.tanh(c)
            h = o * b
            hs.append(h)
            cs.append(c)
            gates.append((i, f, u, o))
            bent.append(b)
        dh = dc = np.zeros((EXAMPLES, size), np.float32)
        da = np.empty((STEPS, EXAMPLES, 4 * size), np.float32)
        for t in reversed(range(STEPS)):
            (i, f, u, o), b, d = gates[t], bent[t], da[t]
            dh = dh + g[t]
            dc = dc + dh * o * (1 - b * b)
            before = cs[t - 1] if t else np.zeros_like(c)
            d[:, :size] = dc * u * i * (1 - i)
            d[:, size : 2 * size] = dc * before * f * (1 - f)
            d[:, 2 * size : 3 * size] = dc * i * (1 - u * u)
            d[:, 3 * size :] = dh * b * o * (1 - o)
            dh = d @ w_h
            dc = dc * f
        flat = da.reshape(-1, 4 * size)
        before = np.concatenate([np.zeros((1, EXAMPLES, size), np.float32), np.stack(hs[:-1])])
        db = flat.sum(axis=0)
        state["grads"] = (flat.T @ rows, flat.T @ before.reshape(-1, size), db, db)

    return step, lambda: _joined(state["grads"])


def lstm_xgrad():
    import xgrad as xg

    x, g, weights = _lstm_problem()
    layer = xg.nn.LSTM(WIDTH, WIDTH)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    layer.load_state_dict(dict(zip(names, weights, strict=True)))
    inputs, seed = xg.asarray(x), xg.asarray(g)

    def step():
        layer.zero_grad()
        layer(inputs)[0].backward(seed)

    return step, lambda: _joined(p.grad.numpy() for p in layer.parameters())


def lstm_torch():
    import torch

    x, g, weights = _lstm_problem()
    layer = torch.nn.LSTM(WIDTH, WIDTH)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    layer.load_state_dict({n: torch.tensor(w) for n, w in zip(names, weights, strict=True)})
    inputs, seed = torch.tensor(x), torch.tensor(g)

    def step():
        layer.zero_grad()
        layer(inputs)[0].backward(seed)

    return step, lambda: _joined(p.grad.numpy() for p in layer.parameters())


# -- LeNet -----------------------------------------------------------------------------------------

BATCH = 64


def _lenet_problem():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, 1, 28, 28)).astype(np.float32)
    y = rng.integers(0, 10, BATCH)
    shapes = [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,),
              (10, 84), (10,)]  # fmt: skip
    weights = []
    for shape in shapes:
        fan = int(np.prod(shape[1:])) or 1
        weights.append((rng.uniform(-1, 1, shape) / np.sqrt(fan)).astype(np.float32))
    return x, y, weights


def _columns(x, k):
    """(N, C, H, W) to (N oh ow, C k k)."""
    n, c, h, w = x.shape
    seen = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
    return seen.transpose(0, 2, 3, 1, 4, 5).reshape(n * (h - k + 1) * (w - k + 1), c * k * k)


def lenet_numpy():
    x, y, weights = _lenet_problem()
    w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 = weights
    padded = np.pad(x, ((0, 0), (0, 0), (2, 2), (2, 2)))
    state, rows = {}, np.arange(BATCH)

    def pool(h):
        n, c, height, width = h.shape
        parts = h.reshape(n, c, height // 2, 2, width // 2, 2)
        out = parts.max(axis=(3, 5))
        return out, parts == out[:, :, :, None, :, None]

    def unpool(g, mask):
        spread = mask * g[:, :, :, None, :, None]
        n, c, h, _, w, _ = mask.shape
        return spread.reshape(n, c, 2 * h, 2 * w)

    def step():
        cols1 = _columns(padded, 5)
        h1 = (cols1 @ w1.reshape(6, -1).T + b1).reshape(BATCH, 28, 28, 6).transpose(0, 3, 1, 2)
        r1 = np.maximum(h1, 0)
        p1, mask1 = pool(r1)
        cols2 = _columns(p1, 5)
        h2 = (cols2 @ w2.reshape(16, -1).T + b2).reshape(BATCH, 10, 10, 16).transpose(0, 3, 1, 2)
        r2 = np.maximum(h2, 0)
        p2, mask2 = pool(r2)
        flat = p2.reshape(BATCH, 400)
        h3 = np.maximum(flat @ w3.T + b3, 0)
        h4 = np.maximum(h3 @ w4.T + b4, 0)
        scores = h4 @ w5.T + b5
        exp = np.exp(scores - scores.max(axis=1, keepdims=True))
        g = exp / exp.sum(axis=1, keepdims=True)
        g[rows, y] -= 1
        g /= BATCH
        dw5, db5 = g.T @ h4, g.sum(axis=0)
        g = (g @ w5) * (h4 > 0)
        dw4, db4 = g.T @ h3, g.sum(axis=0)
        g = (g @ w4) * (h3 > 0)
        dw3, db3 = g.T @ flat, g.sum(axis=0)
        g = unpool((g @ w3).reshape(p2.shape), mask2) * (h2 > 0)
        g = g.transpose(0, 2, 3, 1).reshape(-1, 16)
        dw2, db2 = g.T @ cols2, g.sum(axis=0)
        dcols = (g @ w2.reshape(16, -1)).reshape(BATCH, 10, 10, 6, 5, 5)
        dp1 = np.zeros(p1.shape, np.float32)
        for i in range(5):
            for j in range(5):
                dp1[:, :, i : i + 10, j : j + 10] += dcols[..., i, j].transpose(0, 3, 1, 2)
        g = unpool(dp1, mask1) * (h1 > 0)
        g = g.transpose(0, 2, 3, 1).reshape(-1, 6)
        dw1, db1 = g.T @ cols1, g.sum(axis=0)
        state["grads"] = (dw1, db1, dw2, db2, dw3, db3, dw4, db4, dw5, db5)

    return step, lambda: _joined(state["grads"])


def _lenet(nn):
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def lenet_xgrad():
    import xgrad as xg

    x, y, weights = _lenet_problem()
    model = _lenet(xg.nn)
    model.load_state_dict(dict(zip(model.state_dict(), weights, strict=True)))
    inputs, targets = xg.asarray(x), xg.asarray(y)

    def step():
        model.zero_grad()
        xg.nn.functional.cross_entropy(model(inputs), targets).backward()

    return step, lambda: _joined(p.grad.numpy() for p in model.parameters())


def lenet_torch():
    import torch

    x, y, weights = _lenet_problem()
    model = _lenet(torch.nn)
    named = zip(model.state_dict(), weights, strict=True)
    model.load_state_dict({name: torch.tensor(w) for name, w in named})
    inputs, targets = torch.tensor(x), torch.tensor(y)

    def step():
        model.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), targets).backward()

    return step, lambda: _joined(p.grad.numpy() for p in model.parameters())


# -- a transformer block ---------------------------------------------------------------------------

HEADS, FEATURES, LENGTH, SEQUENCES = 4, 128, 128, 8


def _block_problem():
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal((SEQUENCES, LENGTH, FEATURES)).astype(np.float32) for _ in range(2))
    d = FEATURES
    shapes = {
        "self_attn.in_proj_weight": (3 * d, d),
        "self_attn.in_proj_bias": (3 * d,),
        "self_attn.out_proj.weight": (d, d),
        "self_attn.out_proj.bias": (d,),
        "linear1.weight": (4 * d, d),
        "linear1.bias": (4 * d,),
        "linear2.weight": (d, 4 * d),
        "linear2.bias": (d,),
        "norm1.weight": (d,),
        "norm1.bias": (d,),
        "norm2.weight": (d,),
        "norm2.bias": (d,),
    }
    weights = {
        name: (
            rng.uniform(-1, 1, s) / np.sqrt(s[-1])
            + name.startswith("norm") * name.endswith("weight")
        ).astype(np.float32)
        for name, s in shapes.items()
    }
    return x, g, weights


def block_numpy():
    from scipy.special import ndtr

    x, g_out, p = _block_problem()
    d, count, head = FEATURES, SEQUENCES * LENGTH, FEATURES // HEADS
    w_in, b_in = p["self_attn.in_proj_weight"], p["self_attn.in_proj_bias"]
    w_o, b_o = p["self_attn.out_proj.weight"], p["self_attn.out_proj.bias"]
    w1, b1, w2, b2 = (p[f"linear{i}.{n}"] for i in (1, 2) for n in ("weight", "bias"))
    s1, t1, s2, t2 = (p[f"norm{i}.{n}"] for i in (1, 2) for n in ("weight", "bias"))
    state = {}

    def norm(h):
        centred = h - h.mean(axis=1, keepdims=True)
        root = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + np.float32(1e-5))
        return centred / root, root

    def norm_back(g, y, root):
        g = g - g.mean(axis=1, keepdims=True) - y * (g * y).mean(axis=1, keepdims=True)
        return g / root

    def split(h):
        return h.reshape(SEQUENCES, LENGTH, HEADS, head).transpose(0, 2, 1, 3)

    def merge(h):
        return h.transpose(0, 2, 1, 3).reshape(count, d)

    def step():
        rows = x.reshape(count, d)
        y1, root1 = norm(rows)
        n1 = y1 * s1 + t1
        qkv = n1 @ w_in.T + b_in
        q, k, v = (split(qkv[:, i * d : (i + 1) * d]) for i in range(3))
        scale = np.float32(1 / np.sqrt(head))
        scores = (q * scale) @ k.transpose(0, 1, 3, 2)
        scores -= scores.max(axis=-1, keepdims=True)
        a = np.exp(scores, out=scores)
        a /= a.sum(axis=-1, keepdims=True)
        mixed = merge(a @ v)
        h = rows + mixed @ w_o.T + b_o
        y2, root2 = norm(h)
        n2 = y2 * s2 + t2
        f = n2 @ w1.T + b1
        share = ndtr(f)
        bent = f * share
        state["out"] = h + bent @ w2.T + b2
        # backward
        g = g_out.reshape(count, d)
        dw2, db2 = g.T @ bent, g.sum(axis=0)
        density = np.exp(-0.5 * f * f) / np.float32(np.sqrt(2 * np.pi))
        df = (g @ w2) * (share + f * density)
        dw1, db1 = df.T @ n2, df.sum(axis=0)
        dn2 = df @ w1
        ds2, dt2 = (dn2 * y2).sum(axis=0), dn2.sum(axis=0)
        g = g + norm_back(dn2 * s2, y2, root2)
        dw_o, db_o = g.T @ mixed, g.sum(axis=0)
        dm = split(g @ w_o)
        dv = a.transpose(0, 1, 3, 2) @ dm
        da = dm @ v.transpose(0, 1, 3, 2)
        da -= (da * a).sum(axis=-1, keepdims=True)
        da *= a
        dq, dk = (da @ k) * scale, da.transpose(0, 1, 3, 2) @ (q * scale)
        dqkv = np.concatenate([merge(dq), merge(dk), merge(dv)], axis=1)
        dw_in, db_in = dqkv.T @ n1, dqkv.sum(axis=0)
        dn1 = dqkv @ w_in
        ds1, dt1 = (dn1 * y1).sum(axis=0), dn1.sum(axis=0)
        g = g + norm_back(dn1 * s1, y1, root1)
        state["grads"] = (
            dw_in, db_in, dw_o, db_o, dw1, db1, dw2, db2, ds1, dt1, ds2, dt2, g,
        )  # fmt: skip

    return step, lambda: _joined(state["grads"])


def _block(nn):
    return nn.TransformerEncoderLayer(
        FEATURES, HEADS, 4 * FEATURES, 0.0, "gelu", batch_first=True, norm_first=True
    )


def block_xgrad():
    import xgrad as xg

    x, g, weights = _block_problem()
    block = _block(xg.nn)
    block.load_state_dict(weights)
    leaf, seed = xg.tensor(x, requires_grad=True), xg.asarray(g)

    def step():
        block.zero_grad()
        leaf.grad = None
        block(leaf).backward(seed)

    def result():
        grads = {name: p.grad.numpy() for name, p in block.named_parameters()}
        return _joined([*(grads[name] for name in weights), leaf.grad.numpy()])

    return step, result


def block_torch():
    import torch

    x, g, weights = _block_problem()
    block = _block(torch.nn)
    block.load_state_dict({name: torch.tensor(w) for name, w in weights.items()})
    leaf, seed = torch.tensor(x, requires_grad=True), torch.tensor(g)

    def step():
        block.zero_grad()
        leaf.grad = None
        block(leaf).backward(seed)

    def result():
        grads = {name: p.grad.numpy() for name, p in block.named_parameters()}
        return _joined([*(grads[name] for name in weights), leaf.grad.numpy()])

    return step, result


# -- Adam over 10 million parameters in 100 tensors -----------------------------------------------

TENSORS, ELEMENTS, BLOCK = 100, 100_000, 1 << 15


def _adam_problem():
    rng = np.random.default_rng(0)
    return [
        [rng.standard_normal(ELEMENTS).astype(np.float32) for _ in range(TENSORS)] for _ in range(2)
    ]


def adam_numpy():
    params, grads = _adam_problem()
    means, squares = ([np.zeros_like(p) for p in params] for _ in range(2))
    one, two = np.empty(BLOCK, np.float32), np.empty(BLOCK, np.float32)
    state = {"t": 0}
    f32 = np.float32

    def step():
        state["t"] += 1
        t = state["t"]
        rate, root = f32(1e-3 / (1 - 0.9**t)), f32(1 / np.sqrt(1 - 0.999**t))
        for p, g, m, s in zip(params, grads, means, squares, strict=True):
            for start in range(0, ELEMENTS, BLOCK):
                part = slice(start, start + BLOCK)
                pp, gg, mm, ss = p[part], g[part], m[part], s[part]
                a, b = one[: len(pp)], two[: len(pp)]
                mm *= f32(0.9)
                np.multiply(gg, f32(0.1), out=a)
                mm += a
                ss *= f32(0.999)
                np.multiply(gg, gg, out=a)
                a *= f32(0.001)
                ss += a
                np.sqrt(ss, out=a)
                a *= root
                a += f32(1e-8)
                np.divide(mm, a, out=b)
                b *= rate
                pp -= b

    return step, lambda: _joined(params)


def adam_xgrad():
    import xgrad as xg

    values, grads = _adam_problem()
    params = [xg.tensor(v, requires_grad=True) for v in values]
    for p, g in zip(params, grads, strict=True):
        p.grad = xg.asarray(g)
    optimizer = xg.optim.Adam(params)
    return optimizer.step, lambda: _joined(p.detach().numpy() for p in params)


def adam_torch():
    import torch

    values, grads = _adam_problem()
    params = [torch.tensor(v, requires_grad=True) for v in values]
    for p, g in zip(params, grads, strict=True):
        p.grad = torch.tensor(g)
    optimizer = torch.optim.Adam(params, fused=True)
    return optimizer.step, lambda: _joined(p.detach().numpy() for p in params)


NAMES = {
    "LSTM, seq 64, batch 32, hidden 128": "lstm",
    "LeNet, 28 x 28, batch 64": "lenet",
    "transformer block, 4 heads, d 128, seq 128, batch 8": "block",
    "Adam, 10,000,000 parameters in 100 tensors": "adam",
}
CASES = {
    case: {library: globals()[f"{name}_{library}"] for library in ("numpy", "xgrad", "torch")}
    for case, name in NAMES.items()
}
