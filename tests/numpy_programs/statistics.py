"""Likelihoods, networks, portfolios, dynamic programming over sequences."""

from tests.numpy_programs.registry import BUFFER, JOINER, LIST, UPDATE, VALUES, program, random


@program([0.5, 1.2, -1.5], random(7, seed=20))
def gaussian_process(np, hyperparameters, y):
    """The marginal likelihood: squared distances by broadcasting, a Cholesky factor."""
    length, scale, noise = np.exp(hyperparameters)
    x = np.linspace(0, 3, len(y))
    k = scale * np.exp(-0.5 * (x[:, None] - x[None, :]) ** 2 / length**2)
    factor = np.linalg.cholesky(k + noise * np.eye(len(y)))
    alpha = np.linalg.solve(factor.T, np.linalg.solve(factor, y))
    return -0.5 * y @ alpha - np.sum(np.log(np.diag(factor))) - 0.5 * len(y) * np.log(2 * np.pi)


@program(random(3, 3, seed=21), random(3, 4, seed=22), plain=BUFFER)
def hidden_markov(np, transitions, emissions):
    """The forward algorithm in logarithms, with a table."""

    def log_softmax(x):
        m = x.max(axis=1, keepdims=True)
        return x - m - np.log(np.sum(np.exp(x - m), axis=1, keepdims=True))

    a, b = log_softmax(transitions), log_softmax(emissions)
    seen = [0, 2, 1, 3, 3, 0]
    alpha = np.zeros((len(seen), 3))
    alpha[0] = np.log(1 / 3) + b[:, seen[0]]
    for t in range(1, len(seen)):
        for j in range(3):
            alpha[t, j] = np.logaddexp.reduce(alpha[t - 1] + a[:, j]) + b[j, seen[t]]
    top = np.max(alpha[-1])
    return top + np.log(np.sum(np.exp(alpha[-1] - top)))


@program(random(5, 3, seed=23), random(3, 3, seed=24), plain=LIST)
def soft_viterbi(np, scores, moves):
    """The best path with a smooth maximum: a list of rows, stacked at the end."""
    rows = [scores[0]]
    for t in range(1, len(scores)):
        options = rows[-1][:, np.newaxis] + moves
        top = options.max(0)
        rows.append(scores[t] + top + np.log(np.exp(options - top).sum(axis=0)))
    table = np.array(rows)
    best = np.argmax(table, axis=1)
    return table[-1].max() + 0.1 * table[np.arange(len(rows)), best].sum()


@program(random(4, 2, seed=25), random(5, 2, seed=26), plain=BUFFER)
def soft_edit_distance(np, a, b):
    """Dynamic time warping with a soft minimum, a table with a border."""
    n, m = len(a), len(b)
    table = np.full((n + 1, m + 1), 1e3)
    table[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = np.sum((a[i - 1] - b[j - 1]) ** 2)
            options = np.array([table[i - 1, j], table[i, j - 1], table[i - 1, j - 1]])
            low = np.min(options)
            table[i, j] = cost + low - np.log(np.sum(np.exp(-(options - low))))
    return table[n, m]


@program(random(6, 4, seed=27), plain=BUFFER)
def ctc_loss(np, logits):
    """Connectionist temporal classification of the label 1, 2, 1 (blank is 0)."""
    p = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    p /= np.sum(p, axis=-1, keepdims=True)
    labels = [0, 1, 0, 2, 0, 1, 0]
    steps, size = len(logits), len(labels)
    alpha = np.zeros((steps, size))
    alpha[0, 0], alpha[0, 1] = p[0, 0], p[0, labels[1]]
    for t in range(1, steps):
        for s in range(size):
            total = alpha[t - 1, s]
            if s > 0:
                total = total + alpha[t - 1, s - 1]
            if s > 1 and labels[s] != 0 and labels[s] != labels[s - 2]:
                total = total + alpha[t - 1, s - 2]
            alpha[t, s] = total * p[t, labels[s]]
    return -np.log(alpha[-1, -1] + alpha[-1, -2])


@program([0.1, -0.2], random(4, seed=28, scale=0.3), [0.3, 0.5], plain=LIST)
def kalman_filter(np, start, observations, noise):
    """Constant velocity; the likelihood of the observations."""
    f = np.array([[1.0, 0.5], [0.0, 1.0]])
    h = np.array([[1.0, 0.0]])
    q = noise[0] * np.array([[0.02, 0.06], [0.06, 0.25]])
    x, p = start, np.eye(2)
    total = 0
    for z in observations:
        x = f @ x
        p = f @ p @ f.T + q
        s = h @ p @ h.T + noise[1] * np.eye(1)
        gain = p @ h.T @ np.linalg.inv(s)
        r = np.array([z]) - h @ x
        x = x + gain @ r
        p = (np.eye(2) - gain @ h) @ p
        total += -0.5 * (r @ np.linalg.solve(s, r) + np.linalg.slogdet(2 * np.pi * s)[1])
    return total + x[1] ** 2


@program(random(12, 3, seed=29), plain=UPDATE)
def whitening(np, data):
    """Principal components: centre a copy in place, an eigendecomposition, a spectrum."""
    x = np.array(data)
    x -= x.mean(axis=0)
    covariance = x.T @ x / (len(x) - 1)
    values, vectors = np.linalg.eigh(covariance)
    white = x @ vectors / np.sqrt(values)
    kurtosis = np.mean(white**4, axis=0) - 3
    return np.sum(kurtosis**2) + np.log(values).sum()


@program(random(4, 2, seed=30), random(4, seed=31), random(1, 4, seed=32), random(6, 2, seed=33))
def neural_network(np, w1, b1, w2, x):
    """Layers in a list of dictionaries, cross entropy."""
    layers = [{"w": w1, "b": b1}, {"w": w2, "b": 0.1}]
    out = x
    for layer in layers[:-1]:
        out = np.maximum(out @ layer["w"].T + layer["b"], 0.01 * out.sum())
    logit = (out @ layers[-1]["w"].T + layers[-1]["b"])[:, 0]
    target = np.array([1, 0, 1, 1, 0, 0])
    loss = np.mean(np.log1p(np.exp(-np.abs(logit))) + np.maximum(logit, 0) - logit * target)
    return loss + 1e-2 * sum(np.sum(layer["w"] ** 2) for layer in layers)


@program(random(8, 5, seed=34, scale=0.5), random(4, 3, seed=35), plain=BUFFER)
def lstm(np, weights, inputs):
    """A cell written with slices of one matrix; states in a buffer."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    hidden, cell = np.zeros(2), np.zeros(2)
    states = np.zeros((len(inputs), 2))
    for t, x in enumerate(inputs):
        gates = weights @ np.concatenate([x, hidden])
        i, f, o = sigmoid(gates[:2]), sigmoid(gates[2:4] + 1), sigmoid(gates[4:6])
        cell = f * cell + i * np.tanh(gates[6:])
        hidden = o * np.tanh(cell)
        states[t] = hidden
    return np.sum(states[-1]) + np.mean(states**2)


@program([0.2, 0.5, 0.1, 0.4], random(6, 4, seed=36, scale=0.1), plain=LIST)
def portfolio(np, scores, returns):
    """A softmax of weights; Sharpe ratio, drawdown, turnover."""
    w = np.exp(scores) / np.exp(scores).sum()
    daily = returns @ w
    wealth = np.cumprod(1 + daily)
    peak = np.maximum.accumulate(wealth)
    sharpe = daily.mean() / daily.std(ddof=1)
    risks = np.array(
        [w @ np.cov(returns.T) @ w, np.max(1 - wealth / peak), np.percentile(daily, 20)]
    )
    return sharpe - risks @ np.array([1.0, 0.5, 0.2])


@program([0.6, 0.2], [0.9, 0.1], plain=BUFFER)
def epidemic(np, rates, start):
    """Susceptible, infected, recovered: steps into a table, peak and total."""
    beta, gamma = rates
    table = np.zeros((12, 3))
    table[0, :2] = start
    for t in range(11):
        s, i, r = table[t]
        new, gone = beta * s * i, gamma * i
        table[t + 1] = [s - new, i + new - gone, r + gone]
    return table[:, 1].max() + np.trapezoid(table[:, 2]) / 10


@program(random(3, 2, seed=37, scale=2.0), random(9, 2, seed=38, scale=2.0), plain=LIST)
def soft_k_means(np, centers, points):
    """Five steps with soft assignments, the centers in a list."""
    for _ in range(5):
        d = ((points[:, None, :] - centers[None]) ** 2).sum(axis=-1)
        r = np.exp(-d)
        r = r / r.sum(axis=1, keepdims=True)
        new = []
        for k in range(len(centers)):
            new.append(np.average(points, axis=0, weights=r[:, k]))  # noqa: PERF401 - as people write
        centers = np.array(new)
    return np.sum(np.min(((points[:, None] - centers) ** 2).sum(-1), axis=1))


@program(random(9, seed=39), random(3, seed=40, scale=0.3), plain=JOINER, vmap=VALUES)
def robust_regression(np, y, weights):
    """A design matrix with np.c_, Huber's loss by masks, a message if something is wrong."""
    x = np.linspace(-1, 1, len(y))
    design = np.c_[np.ones_like(x), x, weights[0] * x**2]
    residual = y - design @ weights
    loss = np.zeros(len(y))
    small = np.abs(residual) < 0.8
    loss[small] = 0.5 * residual[small] ** 2
    loss[~small] = 0.8 * (np.abs(residual[~small]) - 0.4)
    if np.any(np.isnan(loss)):
        raise ValueError(f"not a number in {loss}")
    assert f"{loss[0]:.3f}" and f"{np.sum(loss)}"  # noqa: PT018 - printed by the original
    return np.sum(loss)
