"""Numerical methods: integration, roots, graphs, splines."""

from tests.numpy_programs.registry import BUFFER, LIST, UPDATE, VALUES, program, random


@program([0.8, 0.3], [2.0], plain=BUFFER)
def van_der_pol(np, start, mu):
    """Runge-Kutta with a buffer for the stages."""
    y = start
    h = 0.05
    c = np.array([0.0, 0.5, 0.5, 1.0])
    k = np.zeros((4, 2))
    for _ in range(10):
        for s in range(4):
            z = y + h * c[s] * k[s - 1]
            k[s, 0] = z[1]
            k[s, 1] = mu[0] * (1 - z[0] ** 2) * z[1] - z[0]
        y = y + h * np.dot(np.array([1, 2, 2, 1]) / 6, k)
    return y[0] ** 2 + np.sin(y[1])


@program(random(5, 5, seed=50, shift=2.0, scale=0.5), plain=None)
def soft_floyd_warshall(np, lengths):
    """All shortest paths with a soft minimum, by broadcasting."""
    d = lengths * (1 - np.eye(5))
    for k in range(5):
        through = d[:, [k]] + d[[k], :]
        d = -np.logaddexp(-2 * d, -2 * through) / 2
    return np.sum(np.triu(d, 1)) + d[0, -1] ** 2


@program([0.7, 1.3], plain=None)
def gauss_quadrature(np, parameters):
    """Nodes and weights are constants of NumPy; the integrand has parameters."""
    nodes, weights = np.polynomial.legendre.leggauss(8)
    a, b = parameters
    x = 0.5 * (nodes + 1) * b
    inner = np.sum(weights * np.exp(-a * x**2) * np.cos(b * x)) * b / 2
    grid = np.linspace(0, b, 21)
    return inner + np.trapezoid(np.sin(a * grid), grid)


@program([2.5, 0.7], vmap=VALUES)
def newton(np, parameters):
    """Newton's iteration with while and if on values, then the root is used."""
    a, b = parameters
    x = 1.0 + 0 * a
    count = 0
    while True:
        value = x**3 + b * x - a
        step = value / (3 * x**2 + b)
        x = x - step
        count += 1
        if abs(step) < 1e-12 or count > 50:
            break
    if x > 0:
        return np.sqrt(x) + b * x
    return x * 0


@program(random(6, seed=51), [0.35, 1.2, 3.7], plain=BUFFER)
def cubic_spline(np, values, points):
    """Natural cubic splines: a tridiagonal system, np.searchsorted, pieces."""
    n = len(values)
    x = np.linspace(0, n - 1, n)
    a = np.zeros((n, n))
    rhs = np.zeros(n)
    a[0, 0] = a[-1, -1] = 1.0
    for i in range(1, n - 1):
        a[i, i - 1 : i + 2] = [1.0, 4.0, 1.0]
        rhs[i] = 6 * (values[i + 1] - 2 * values[i] + values[i - 1])
    m = np.linalg.solve(a, rhs)
    k = np.clip(np.searchsorted(x, points) - 1, 0, n - 2)
    t = points - x[k]
    s = (
        m[k] * (1 - t) ** 3 / 6
        + m[k + 1] * t**3 / 6
        + (values[k] - m[k] / 6) * (1 - t)
        + (values[k + 1] - m[k + 1] / 6) * t
    )
    return np.sum(s * np.array([1.0, -2.0, 0.5])) + np.interp(1.5, x, values)


@program(random(5, seed=52, shift=2.0, scale=0.3), random(5, seed=53), plain=BUFFER)
def thomas_algorithm(np, diagonal, rhs):
    """A tridiagonal solver that works in copies of its arguments."""
    n = len(rhs)
    c, d = np.zeros(n), np.array(rhs)
    c[0] = -0.5 / diagonal[0]
    d[0] /= diagonal[0]
    for i in range(1, n):
        m = diagonal[i] + 0.5 * c[i - 1]
        c[i] = -0.5 / m
        d[i] = (d[i] + 0.5 * d[i - 1]) / m
    x = np.empty_like(d)
    x[-1] = d[-1]
    for i in reversed(range(n - 1)):
        x[i] = d[i] - c[i] * x[i + 1]
    return np.sum(x**2) + x[0]


@program(random(4, 4, seed=54))
def gram_schmidt(np, a):
    """Modified Gram-Schmidt into a buffer, checked with np.allclose."""
    q = np.zeros_like(a)
    v = a.copy()
    for i in range(a.shape[1]):
        q[:, i] = v[:, i] / np.linalg.norm(v[:, i])
        for j in range(i + 1, a.shape[1]):
            v[:, j] -= (q[:, i] @ v[:, j]) * q[:, i]
    return np.sum(q[0] * np.array([1.0, 2.0, 3.0, 4.0])) + np.sum(np.abs(q.T @ a) ** 2)


@program(random(6, seed=55, scale=0.6), plain=UPDATE)
def random_walk_estimator(np, parameters):
    """Constants from np.random, an accumulator, np.cumsum."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((3, 6))
    total = np.zeros(6)
    for row in noise:
        walk = np.cumsum(parameters + 0.1 * row)
        total += np.exp(-(walk**2))
    return np.sum(total) / len(noise)


@program([1.0, 0.5, -0.3, 0.2], [0.4, 1.1], plain=LIST)
def horner_and_roots(np, coefficients, points):
    """A polynomial by Horner's rule, by np.polyval, its companion matrix."""
    value = 0 * points
    for c in coefficients:
        value = value * points + c
    monic = coefficients[1:] / coefficients[0]
    companion = np.array([[-monic[0], -monic[1], -monic[2]], [1, 0, 0], [0, 1, 0]])
    check = np.polyval(coefficients, points)
    return np.sum(value * check) + np.trace(np.linalg.matrix_power(companion, 3))


@program(random(3, 3, seed=56), [0.5])
def block_matrices(np, a, shift):
    """Blocks, stacks and tiles."""
    n = a.shape[0]
    zero = np.zeros((n, n))
    whole = np.block([[a, shift * np.eye(n)], [zero, a.T @ a + np.eye(n)]])
    column = np.vstack([a, np.ones((1, n)) * shift])
    wide = np.hstack([column, np.tile(column[:, :1], (1, 2))])
    inverse = np.linalg.inv(whole)
    return np.sum(inverse[:n, n:] ** 2) + np.linalg.norm(wide, "fro")
