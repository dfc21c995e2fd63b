"""Calls of differences, statistics, convolutions, polynomials, products and emath (`tests.numpy_calls`).

Their values for every dtype and keyword are in tests/test_numpy_calculus.py and test_numpy_products.py.
"""

CALLS = {
    # -- calculus and statistics
    "ediff1d": ["(x)", "(v, to_end=u, to_begin=s)", "(v, u, s)"],
    "gradient": [
        "(v)", "(x, 0.5, axis=1)", "(t, axis=(0, 2))", "(x, edge_order=1, axis=0)", "(t, s, axis=2)",
        "(v, np.cumsum(p[0]), edge_order=2)", "(t, 2.0, p[0, 0], axis=(1, 2), edge_order=2)", "(z, axis=1)",
    ],
    "trapezoid": ["(x)", "(x, v)", "(x, dx=s)", "(t, t * t, axis=1)", "(x, None, 0.5, 0)", "(z, v)"],
    "unwrap": ["(x * 5)", "(x * 5, 3.5, 0)", "(x * 5, period=2.0)", "(t * 9, axis=1, period=s * s + 1)"],
    "cov": [
        "(x)", "(x, y)", "(x, rowvar=False)", "(v, u)", "(x, bias=True)", "(x, ddof=0)", "(x, fweights=[1, 2, 3])",
        "(x, aweights=p[0])", "(x, None, True, False, None, [1, 2, 1], p[0])", "(z)", "(v)",
    ],
    "corrcoef": ["(x.T)", "(v, u)", "(t[0])", "(x.T, y.T)", "(x, None, False)"],
    # -- sequences
    "convolve": ["(v, u)", "(v, x[0, :2], 'same')", "(t[0, 0], v, mode='valid')", "(c, v)", "(v, s)"],
    "correlate": ["(v, u)", "(v, x[0, :2], 'same')", "(v, t[0, 0], mode='full')", "(c, c[:2])"],
    # -- numbers
    "angle": ["(z)", "(z, True)", "(c, deg=True)", "(x)"],
    "around": ["(x, 1)", "(x)", "(x, decimals=2)"],
    "fix": ["(x)"],
    "i0": ["(x)", "(s)"],
    # -- polynomials
    "poly": ["(v)", "(m @ m.T)  # first order", "(t[0, 0])"],
    "polyadd": ["(v, x[0])", "(v, x[0, :2])", "(s, v)"],
    "polysub": ["(v, x[0])", "(x[0, :2], v)"],
    "polymul": ["(v, u)", "(v, x[0, :2])", "(v, c)"],
    "polydiv": ["(t[0, 0], x[0, :2])", "(v, u)"],
    "polyder": ["(v)", "(t[0, 0], 2)", "(v, m=0)"],
    "polyint": ["(v)", "(v, 2)", "(v, 2, u)", "(v, k=s)"],
    "polyval": ["(v, x)", "(c, x)", "([1.0, 2.0], x)", "(v, s)"],
    "polyfit": [
        "(v, u, 1)", "(t[0, 0], t[0, 1], 2, w=p.reshape(-1)[:4])  # no vmap", "([0.0, 1.0, 2.0], m, 1)",
        "(t[0, 0], t[1, 1], 1, cov=True)", "(t[0, 0], t[1, 1], 1, cov='unscaled')",
    ],
    "roots": ["(np.concatenate([[1.0, -6.0, 11.0], v[:1] * 0.01 - 6.0]))", "(np.stack([p[0, 0], s * 0, s * s]))  # no vmap"],
    "vander": ["(v)", "(v, 2)", "(v, increasing=True)", "(c, 4)"],
    # -- products
    "inner": ["(x, y)", "(x, v)", "(s, x)", "(z, c)", "(t, t)"],
    "vdot": ["(x, y)", "(c, v)", "(v, c)"],
    "linalg.tensorinv": ["(t.reshape(4, 6)[:, :4].reshape(2, 2, 4))", "(t.reshape(4, 6)[:, :4].reshape(4, 2, 2), ind=1)"],
    "linalg.tensorsolve": ["(t.reshape(4, 6)[:, :4].reshape(2, 2, 4), m[:2, :2])"],
    # -- complex where the real function is not defined
    **{f"emath.{name}": ["(x)  # no vmap", "(p)  # no vmap"] for name in ("arcsin", "arctanh", "log", "log10", "log2", "sqrt")},
    "emath.arccos": ["(x)  # no vmap", "(p)  # no vmap"],
    "emath.logn": ["(2.0, x)  # no vmap", "(p + 1.0, p)  # no vmap"],
    "emath.power": ["(x, 0.5)  # no vmap", "(p, v)  # no vmap"],
}  # fmt: skip
