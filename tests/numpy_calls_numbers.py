"""Calls of functions that compute with numbers: at least one of every name (`tests.numpy_calls`).

Their arguments are tested in tests/test_numpy_reductions.py, test_numpy_sorting.py, test_numpy_linalg.py and
test_ufuncs.py.
"""

#: Letters for the arguments of ufuncs, where the usual one is not in the domain.
_ARGUMENTS = {
    "acos": "p", "acosh": "p + 1", "arccos": "p", "arccosh": "p + 1", "arcsin": "p", "arctanh": "p", "asin": "p", "atanh": "p",
    "log": "p", "log10": "p", "log1p": "p", "log2": "p", "sqrt": "p", "power": "p, v", "pow": "p, v", "float_power": "p, v",
    "matmul": "x, m", "matvec": "m, v", "vecmat": "v, m", "vecdot": "x, v", "ldexp": "x, j", "gcd": "i, j", "lcm": "i, j",
    "bitwise_count": "i", "bitwise_and": "i, j", "bitwise_or": "i, j", "bitwise_xor": "i, j", "left_shift": "i, j",
    "right_shift": "i, j", "bitwise_left_shift": "i, j", "bitwise_right_shift": "i, j", "invert": "i", "bitwise_invert": "i",
    "bitwise_not": "i", "logical_and": "b, o", "logical_or": "b, o", "logical_xor": "b, o", "logical_not": "b",
    "isfinite": "h", "isinf": "h", "isnan": "n", "divmod": "x, v", "mod": "x, v", "remainder": "x, v", "fmod": "x, v", "floor_divide": "x, v",
}  # fmt: skip
_UNARY = (
    "abs absolute acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh bitwise_count bitwise_invert "
    "bitwise_not cbrt ceil conj conjugate cos cosh deg2rad degrees exp exp2 expm1 fabs floor frexp invert isfinite isinf "
    "isnan log log10 log1p log2 logical_not modf negative positive rad2deg radians reciprocal rint sign signbit sin sinh "
    "spacing sqrt square tan tanh trunc"
)
_BINARY = (
    "add arctan2 atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide divmod equal "
    "float_power floor_divide fmax fmin fmod gcd greater greater_equal heaviside hypot lcm ldexp left_shift less less_equal "
    "logaddexp logaddexp2 logical_and logical_or logical_xor matmul matvec maximum minimum mod multiply nextafter not_equal "
    "pow power remainder right_shift subtract true_divide vecdot vecmat"
)


def _call(name, usual):
    arguments, _, flags = _ARGUMENTS.get(name, usual).partition("  # ")
    return [f"({arguments})" + (f"  # {flags}" if flags else "")]


CALLS = {
    **{name: _call(name, "x") for name in _UNARY.split()},
    **{name: _call(name, "x, v") for name in _BINARY.split()},
    # -- reductions, statistics
    **{name: ["(x)", "(t, axis=1)", "(x, -1)"] for name in (
        *("all", "amax", "amin", "any", "average", "cumprod", "cumsum", "max", "mean", "median", "min", "nancumprod"),
        *("nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin", "nanprod", "nanstd", "nansum", "nanvar", "prod", "ptp"),
        *("sum", "argmax", "argmin", "nanargmax", "nanargmin"),
    )},
    "count_nonzero": ["(x, axis=0)"],
    "var": ["(x)", "(f, axis=0, mean=1.25)", "(t, axis=1)", "(x, mean=1)"],
    "std": ["(x)", "(f, axis=0, mean=1.25)", "(t, axis=1)", "(x, mean=1)"],
    "cumulative_prod": ["(v)", "(x, axis=1)"],
    "cumulative_sum": ["(v)", "(x, axis=1, include_initial=True)"],
    "diff": ["(x)", "(t, 2, 0 - 1)", "(x, axis=0, prepend=v[None])"],
    "interp": ["(x, [-2.0, 0.1, 2.0], v)  # numpy only"],
    **{name: ["(x, 0.3)", "(x, [0.2, 0.7], axis=1)"] for name in ("nanquantile", "quantile")},
    **{name: ["(x, 30)", "(x, [20, 70], axis=1)"] for name in ("nanpercentile", "percentile")},
    # -- order and sets
    "argpartition": ["(v, 0)[0]"],
    "argsort": ["(x)", "(x, axis=0)"],
    "bincount": ["(J)", "(J, weights=v)"],
    "digitize": ["(x, [-1.0, 0.0, 1.0])"],
    "histogram": ["(X, bins=3)", "(x, bins=3)  # no vmap"],
    "histogram2d": ["(X[0], X[1], bins=2)", "(v, u, 2)  # no vmap"],
    "histogram_bin_edges": ["(X, 4)", "(x, [0.0, 1.0])  # constant"],
    "histogramdd": ["(X, bins=2)  # numpy only", "(x.T, bins=2)  # no vmap"],
    "intersect1d": ["(v, v * 1)  # no vmap"],
    "isin": ["(x, X[0])"],
    "lexsort": ["((x[0], x[1]))"],
    "partition": ["(v, 0)[:1]"],
    "searchsorted": ["([-1.0, 0.0, 1.0], x)"],
    "setdiff1d": ["(v, [9.0])  # no vmap"],
    "setxor1d": ["(v, u)  # no vmap"],
    "sort": ["(x)", "(x, axis=0)", "(x, axis=None)"],
    "sort_complex": ["(c)  # numpy only"],
    "union1d": ["(v, u)  # no vmap"],
    "unique": ["(v)  # no vmap", "(J, return_counts=True)"],
    "unique_all": ["(v)  # no vmap"],
    "unique_counts": ["(v)  # no vmap"],
    "unique_inverse": ["(v)  # no vmap"],
    "unique_values": ["(v)  # no vmap"],
    # -- sums of products, polynomials, differences
    "convolve": ["(v, u)", "(v, u[:2], 'same')"],
    "correlate": ["(v, u)", "(v, u[:2], mode='full')"],
    "corrcoef": ["(m)"],
    "cov": ["(x)", "(m, rowvar=False, bias=True)"],
    "ediff1d": ["(x)", "(v, to_begin=s, to_end=[1.0])"],
    "gradient": ["(v)", "(m, 0.5, axis=0)"],
    "inner": ["(x, m)", "(v, u)"],
    "poly": ["(v)"],
    "polyadd": ["(v, u[:2])"],
    "polyder": ["(v)"],
    "polydiv": ["(v, u[:2])"],
    "polyfit": ["([0.0, 1.0, 2.0], v, 1)"],
    "polyint": ["(v, k=s)"],
    "polymul": ["(v, u)"],
    "polysub": ["(v, u)"],
    "polyval": ["(v, x)"],
    "roots": ["(c)"],
    "trapezoid": ["(x)", "(x, dx=0.5, axis=0)"],
    "unwrap": ["(3 * x)"],
    "vander": ["(v)", "(v, 2, increasing=True)"],
    "vdot": ["(v, u)", "(z, z)"],
    "linalg.tensorinv": ["(np.reshape(m, (3, 1, 3)), ind=1)"],
    "linalg.tensorsolve": ["(m, v)"],
    # -- the complex plane where real numbers have no value
    **{f"emath.{name}": ["(p)  # no vmap", "(-p)  # no vmap", "(z)"] for name in (
        *("arccos", "arcsin", "arctanh", "log", "log10", "log2", "sqrt"),
    )},
    "emath.logn": ["(2, p)  # no vmap"],
    "emath.power": ["(p, 1.5)  # no vmap", "(-p, 1.5)  # no vmap"],
    # -- numbers
    "angle": ["(z)", "(z, deg=True)"],
    "around": ["(x, 1)"],
    "fix": ["(x)"],
    "i0": ["(x)"],
    "concat": ["((x, y), axis=1)"],
    "imag": ["(z)", "(x)"],
    "real": ["(z)", "(x)"],
    "round": ["(x, 1)", "(x)"],
    "sinc": ["(x)"],
    # -- linear algebra
    "linalg.cholesky": ["(m @ m.T + 3 * np.identity(3))  # numpy only"],
    "linalg.cond": ["(m)"],
    "linalg.cross": ["(v, u)"],
    "linalg.det": ["(m)"],
    "linalg.diagonal": ["(m)"],
    "linalg.eig": ["(m @ m.T + 3j * np.identity(3))[0]  # numpy only"],
    "linalg.eigh": ["(m + m.T)[0]"],
    "linalg.eigvals": ["(m @ m.T + 3j * np.identity(3))  # numpy only"],
    "linalg.eigvalsh": ["(m + m.T)"],
    "linalg.inv": ["(m)"],
    "linalg.lstsq": ["(np.concatenate([m, m * m]), np.concatenate([v, u]))[0]  # no vmap"],
    "linalg.matmul": ["(x, m)"],
    "linalg.matrix_norm": ["(x)"],
    "linalg.matrix_power": ["(m, 3)"],
    "linalg.matrix_rank": ["(m)"],
    "linalg.matrix_transpose": ["(x)"],
    "linalg.multi_dot": ["([x, m, v])"],
    "linalg.norm": ["(x)", "(x, axis=1)"],
    "linalg.outer": ["(v, u)"],
    "linalg.pinv": ["(x)"],
    "linalg.qr": ["(m)[1]"],
    "linalg.slogdet": ["tuple(np.linalg.slogdet(m))"],
    "linalg.solve": ["(m, v)"],
    "linalg.svd": ["(x, compute_uv=False)"],
    "linalg.svdvals": ["(x)"],
    "linalg.tensordot": ["(x, m, axes=1)"],
    "linalg.trace": ["(m)"],
    "linalg.vecdot": ["(x, y)"],
    "linalg.vector_norm": ["(x)"],
    # -- transforms
    **{f"fft.{name}": ["(x)", "(z)"] for name in (
        *("fft", "ifft", "fftn", "ifftn", "fft2", "ifft2", "fftshift", "ifftshift", "irfft", "irfft2", "irfftn", "hfft"),
    )},
    **{f"fft.{name}": ["(x)"] for name in ("rfft", "rfft2", "rfftn", "ihfft")},
}  # fmt: skip

#: Keywords: masks, initial values, dtypes, other methods. ``B`` is a mask in the shape of ``x``.
MORE = {
    **{name: ["(x, where=B)", "(x, 1, None, None, True, 0.5, B)", "(f, initial=2, axis=0)", "(i, dtype='f4')", "(x, axis=(0, 1))"]
       for name in ("sum", "prod", "nansum", "nanprod")},
    **{name: ["(x, where=B, initial=0.1)", "(x, 1, None, True, 0.5)", "(f, initial=2, axis=0)", "(i, axis=0)"]
       for name in ("max", "min", "amax", "amin", "nanmax", "nanmin")},
    **{name: ["(x, where=B)", "(x, 1, where=B, keepdims=True)", "(f, 0)", "(i, axis=1)", "(x, dtype='f4')"]
       for name in ("mean", "nanmean")},
    **{name: ["(x, 0, ddof=0.5)", "(x, 1, where=B)", "(x, mean=s)", "(x, axis=1, mean=p[:, :1], correction=1)", "(f, 0)", "(z)"]
       for name in ("var", "std", "nanvar", "nanstd")},
    "average": ["(x, weights=p)", "(x, 1, v * v)", "(x, 0, returned=True)", "(i, 1, [1, 2, 3])"],
    "any": ["(b, 1, where=B)"],
    "all": ["(b, 1, where=B)"],
    **{name: ["(x, 0, 'f4')", "(i)"] for name in ("cumsum", "cumprod", "nancumsum", "nancumprod")},
    **{name: [f"(x, {q}, axis=1, method='{method}')" for q, method in (
        ("0.3", "hazen"), ("[0.2, 0.7]", "weibull"), ("0.6", "inverted_cdf"), ("0.45", "averaged_inverted_cdf"),
        ("0.45", "closest_observation"), ("0.8", "normal_unbiased"), ("0.8", "median_unbiased"))]
       + ["(x, 0.4, weights=P, method='inverted_cdf')", "(x, q, axis=0)"]
       for name in ("quantile", "nanquantile")},
    "unique": ["(x, axis=1)  # no vmap", "(np.stack([v, v]), axis=0)  # no vmap"],
    "sort": ["(x, 0, 'stable')", "(t, stable=True)"],
    "partition": ["(x, 1, axis=1)[:, 1]"],
    "linalg.svd": ["(m + m.T, hermitian=True, compute_uv=False)"],
    "linalg.pinv": ["(m + m.T, hermitian=True)", "(x, 1e-5)", "(x, rtol=1e-5)"],
    "linalg.eigvalsh": ["(m + m.T, 'U')"],
    "linalg.norm": ["(x, 1, (0, 1))", "(x, 'nuc')", "(x, 3, axis=0)", "(v, np.inf)"],
    "linalg.cond": ["(m, 1)", "(m, 'fro')", "(m, -2)"],
    "linalg.qr": ["(x, 'r')", "(x.T, mode='reduced')[1]"],
    "fft.fft": ["(x, 4, 0, 'ortho')"],
    "fft.irfftn": ["(z, (2, 4), (0, 1), norm='forward')"],
    "round": ["(z, 2)", "(i, -1)"],
    "interp": ["(x, [-2.0, 0.1, 2.0], v, left=-1.0)", "(x, [0.0, 0.7, 1.5], v, period=2.0)"],
}  # fmt: skip
for _name, _calls in MORE.items():
    CALLS[_name] = [*CALLS[_name], *_calls]
