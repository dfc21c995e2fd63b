"""NumPy's reductions of Tensors: every argument, by position and by name."""

import inspect

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host
from tests.numpy_checks import call, check_derivatives, check_equal, check_value, named

pytestmark = pytest.mark.numpy_only

X = np.asarray([[0.5, 1.5, -2.0], [0.1, -0.7, 1.1]])
CUBE = np.cos(np.arange(24.0)).reshape(2, 3, 4)
MASK = np.asarray([[True, False, True], [True, True, False]])
HOLES = np.where(MASK, X, np.nan)
INF = np.where(MASK, X, np.inf)
ARRAYS = {
    "float": X, "single": X.astype(np.float32), "integers": np.asarray([[3, 0, 1], [2, 7, 4]]),
    "bytes": np.asarray([[3, 0, 1], [2, 7, 4]], np.uint8), "booleans": MASK,
    "complex": X + 1j * X[::-1], "cube": CUBE, "number": np.asarray(2.5), "holes": HOLES,
    "half": X.astype(np.float16), "no rows": np.zeros((0, 3)), "no columns": np.zeros((3, 0)),
    "empty": np.zeros(0), "short": np.asarray([[3, 0, 1]], np.int16),
}  # fmt: skip
SUMS = ("sum", "prod", "nansum", "nanprod")
EXTREMES = ("max", "min", "amax", "amin", "nanmax", "nanmin")
MEANS = ("mean", "nanmean")
SPREADS = ("var", "std", "nanvar", "nanstd")
TRUTHS = ("any", "all")
POSITIONS = ("argmax", "argmin", "nanargmax", "nanargmin")
RUNNING = ("cumsum", "cumprod", "nancumsum", "nancumprod")
FUNCTIONS = (*SUMS, *EXTREMES, *MEANS, *SPREADS, *TRUTHS, "ptp", "count_nonzero", "average")
AXES = [None, 0, -1, (0, 1), (1, 0), (), 2, (0, 0)]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kind", ARRAYS)
def test_axes(name, kind):
    x = ARRAYS[kind]
    if kind == "complex" and name in (*EXTREMES, "ptp"):
        pytest.skip("complex numbers have no order")
    if kind == "booleans" and name == "ptp":
        with pytest.raises(TypeError):
            np.ptp(xg.asarray(x))
        return
    for axis in AXES:
        if name == "average" and (axis == () or kind.startswith("no ")):
            continue  # NumPy divides the number of elements by that of results
        check_value(call(name, x, axis))
        check_value(call(name, x, axis=axis))
        check_value(call(name, x, axis, keepdims=True))


@pytest.mark.parametrize("name", [*POSITIONS, *RUNNING])
@pytest.mark.parametrize("kind", ARRAYS)
def test_one_axis(name, kind):
    x = ARRAYS[kind]
    if kind == "complex" and name in POSITIONS:
        pytest.skip("complex numbers have no order")
    for axis in (None, 0, -1, 1, 3):
        check_value(call(name, x, axis))
        check_value(call(name, x, axis=axis))
        if name in POSITIONS:
            check_value(call(name, x, axis, keepdims=True))


@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
def test_running_sums_of_the_standard(name):
    for x in (X, X[0], ARRAYS["integers"], MASK, np.zeros((0, 3))):
        for axis in (None, 0, -1):
            for keywords in ({}, {"dtype": np.float32}, {"include_initial": True}):
                check_value(call(name, x, axis=axis, **keywords))
    check_derivatives(call(name, X, axis=1, include_initial=True))


@pytest.mark.parametrize("name", [*SUMS, *MEANS, *SPREADS, *RUNNING])
@pytest.mark.parametrize("kind", ["float", "single", "integers", "booleans", "half"])
def test_dtypes(name, kind):
    # NumPy's nanvar subtracts the mean in the dtype of the array.
    rtol = {"single": 1e-6, "half": 3e-3}.get(kind, 1e-13) if name in SPREADS[2:] else 1e-13
    for dtype in (np.float64, "f4", np.float32):
        check_value(call(name, ARRAYS[kind], 0, dtype), rtol)
        check_value(call(name, ARRAYS[kind], axis=1, dtype=dtype), rtol)
    if name in (*SUMS, *RUNNING):
        check_value(call(name, ARRAYS["integers"], 0, np.int32))
        check_value(call(name, np.trunc(X), 0, int))
    if name in SUMS:
        check_value(call(name, MASK, 0, bool))


@pytest.mark.parametrize("name", [*SUMS, *EXTREMES])
def test_initial_values_and_masks(name):
    numpys = [{"initial": 2}, {"initial": 0.5, "axis": 0}, {"initial": -3.0, "where": MASK}]
    numpys += [{"initial": 3, "axis": 1, "where": MASK[:, :1], "keepdims": True}]
    numpys += [{"initial": 0, "where": False}, {"initial": 1, "where": [True, False, True]}]
    for keywords in numpys:
        for kind in ("float", "single", "integers", "holes", "half"):
            check_value(call(name, ARRAYS[kind], **keywords))
    check_value(call(name, np.zeros((0, 3)), axis=0, initial=4.0))
    check_value(call(name, np.zeros((0, 3)), initial=4.0))
    if name in SUMS:
        for keywords in ({"where": MASK}, {"where": MASK, "axis": 0}, {"where": [1, 0, 1]}):
            check_value(call(name, X, **keywords))
            check_value(call(name, MASK, **keywords))
            check_value(call(name, X + 1j, **keywords))
    else:
        with pytest.raises(ValueError, match="initial"):
            named(name)(xg.asarray(X), where=MASK)
    check_value(call(name, X, None, *([None] if name in SUMS else []), None, True, 0.25, MASK))
    for keywords in ({"initial": 0.3, "where": MASK, "axis": 1}, {"initial": -9.0, "where": MASK}):
        if "min" in name:
            keywords["initial"] *= -1
        check_derivatives(call(name, X, **keywords))


@pytest.mark.parametrize("name", [*MEANS, *SPREADS, *TRUTHS])
def test_masks(name):
    for keywords in ({}, {"axis": 0}, {"axis": 1, "keepdims": True}):
        for kind in ("float", "single", "integers", "complex", "half"):
            check_value(call(name, ARRAYS[kind], where=MASK, **keywords))
        check_value(call(name, X, where=[True, False, False], **keywords))
        if name not in TRUTHS:
            check_derivatives(call(name, X, where=MASK, **keywords))
    if not name.startswith("nan"):
        check_value(call(name, X, where=np.zeros_like(MASK)))


@pytest.mark.parametrize("name", [*SUMS, *MEANS, *SPREADS, *EXTREMES])
@pytest.mark.parametrize("x", [INF, HOLES, -INF], ids=["infinite", "missing", "negative"])
def test_what_a_mask_leaves_out_has_no_effect(name, x):
    """Neither on derivatives: an infinite square times 0 would be NaN."""
    initial = {"initial": 0.25} if name in EXTREMES else {}

    def f(v):
        return xg.sum(named(name)(v, axis=0, where=MASK, **initial) ** 2)

    clean = np.where(MASK, x, 1.0)
    np.testing.assert_array_equal(xg.grad(f)(x), xg.grad(f)(clean) * MASK)
    np.testing.assert_allclose(xg.hessian(f)(x), xg.hessian(f)(clean), atol=1e-15)
    np.testing.assert_array_equal(xg.jacfwd(f)(x), xg.jacfwd(f)(clean))


@pytest.mark.parametrize("name", SPREADS)
def test_degrees_of_freedom_and_means(name):
    for keywords in (
        {"ddof": 1}, {"correction": 1}, {"ddof": 0.5, "axis": 0}, {"ddof": 3}, {"ddof": 9},
        {"ddof": 1, "where": MASK}, {"axis": 1, "mean": np.asarray([[0.1], [0.2]])},
        {"axis": 0, "ddof": 1, "mean": X.mean(axis=0, keepdims=True)},
        {"axis": 1, "ddof": 2, "where": MASK}, {"axis": 1, "ddof": 3, "where": MASK},
        {"axis": 0, "mean": np.zeros((1, 3)), "where": MASK, "keepdims": True},
    ):  # fmt: skip
        for kind in ("float", "complex", "integers", "holes"):
            check_value(call(name, ARRAYS[kind], **keywords))
    check_value(call(name, X, 0, np.float32, None, 1, True))
    check_value(call(name, X, ddof=1, correction=1))
    check_derivatives(call(name, X, axis=1, ddof=0.5, where=MASK))
    mean = np.asarray([[0.1], [0.2]])
    xg.testing.check_grads(lambda x, m: named(name)(x, axis=1, mean=m), (X, mean), order=2)


def test_average():
    three, two = np.asarray([0.2, 0.5, 1.5]), np.asarray([1.0, 3.0])
    for args, keywords in (
        ((X,), {}), ((X, 0), {}), ((X, 1, three), {}), ((X, 0, two), {"returned": True}),
        ((X, None, np.abs(X)), {"keepdims": True}), ((X, None, None, True), {}),
        ((CUBE, (2, 0), CUBE[:, 0].T ** 2), {}), ((CUBE, (0, 1), CUBE[:, :, 0] ** 2, True), {}),
        ((ARRAYS["integers"], 1, [1, 2, 3]), {}), ((ARRAYS["single"], 1, [1, 2, 3]), {}),
        ((X, None, three), {}), ((X, 0, three), {}), ((X, 1, [0.0, 0.0, 0.0]), {}),
        ((X + 1j, 1, three), {}),
    ):  # fmt: skip
        check_value(call("average", *args, **keywords))
    check_derivatives(call("average", X, 1, three))
    check_derivatives(call("average", X, None, np.abs(X) + 0.5, returned=True))


@pytest.mark.parametrize(
    "name",
    [
        "sum",
        "prod",
        "mean",
        "max",
        "ptp",
        "var",
        "std",
        "nanmax",
        "cumsum",
        "nancumprod",
        "average",
    ],
)
def test_derivatives(name):
    check_derivatives(call(name, X))
    check_derivatives(call(name, CUBE, axis=1))
    if name in ("sum", "prod", "mean", "var", "std", "cumsum"):
        xg.testing.check_grads(lambda x: named(name)(x, axis=0), (X + 1j * X[::-1],), order=2)


@pytest.mark.parametrize(
    "name", [*SUMS, *MEANS, *SPREADS, *TRUTHS, *EXTREMES, *POSITIONS, *RUNNING]
)
def test_results_are_written_into_out(name):
    expected = named(name)(X, axis=0)
    out = xg.zeros(expected.shape, dtype=expected.dtype)
    assert named(name)(xg.asarray(X), axis=0, out=out) is out
    check_equal(out, expected)
    with pytest.raises(ValueError, match=f"{name}: out has shape"):
        named(name)(xg.asarray(X), axis=0, out=xg.zeros((7,), dtype=expected.dtype))
    with pytest.raises(TypeError, match=f"{name}: out must be a Tensor, got ndarray"):
        named(name)(xg.asarray(X), axis=0, out=np.zeros(3))
    if expected.dtype.kind == "f":

        def f(x):
            buffer = xg.zeros(expected.shape)
            named(name)(x, axis=0, out=buffer)
            return xg.sum(buffer * buffer)

        plain = xg.grad(lambda x: xg.sum(named(name)(x, axis=0) ** 2))
        np.testing.assert_array_equal(xg.grad(f)(X), plain(X))


def test_methods_have_numpys_signatures():
    for name in (
        "sum", "prod", "max", "min", "mean", "std", "var", "any", "all", "argmax", "argmin",
        "cumsum", "cumprod",
    ):  # fmt: skip
        _, *ours = inspect.signature(getattr(xg.Tensor, name)).parameters.values()
        _, *numpys = inspect.signature(named(name)).parameters.values()
        assert [(p.name, p.kind) for p in ours] == [(p.name, p.kind) for p in numpys]
    w = xg.asarray(X)
    check_equal(w.sum(0, np.float32), X.sum(0, np.float32))
    check_equal(w.sum(0, where=MASK, initial=2), X.sum(0, where=MASK, initial=2))
    check_equal(w.max(1, keepdims=True, initial=1), X.max(1, keepdims=True, initial=1))
    check_equal(w.mean(where=MASK), X.mean(where=MASK))
    check_equal(w.std(ddof=1), X.std(ddof=1))
    check_equal(w.var(0, ddof=1), X.var(0, ddof=1))
    check_equal(w.all(axis=1, where=MASK), X.all(axis=1, where=MASK))
    check_equal(w.argmax(0, keepdims=True), X.argmax(0, keepdims=True))
    check_equal(w.cumsum(0), X.cumsum(0))
    check_equal(w.cumprod(), X.cumprod())
    check_equal(w.ptp(1), np.ptp(X, 1))


@pytest.mark.parametrize("count", [200, 300, 5000])
def test_half_precision_sums_in_single(count):
    """float16 ends at 65,504 and counts to 2,048."""
    rng = np.random.default_rng(count)
    x = rng.uniform(0.5, 1.5, (count, 3)).astype(np.float16)
    mask = rng.uniform(size=x.shape) > 0.3
    wide = x.astype(np.float64)
    for name in ("mean", "var", "std", "nanmean", "nanvar", "sum"):
        found = named(name)(xg.asarray(x), axis=0, where=mask)
        assert found.dtype == np.float16
        np.testing.assert_allclose(host(found), named(name)(wide, axis=0, where=mask), rtol=2e-3)
        if name != "sum":
            gradient = xg.grad(lambda v, n=name: xg.sum(named(n)(v, axis=0, where=mask)))
            np.testing.assert_allclose(gradient(x), gradient(wide), rtol=2e-2, atol=2e-6)


def test_complex_medians():
    values = np.asarray([[1 + 1j, 2.0, -1j, 1 + 2j], [3.0, 1j, 2.0, 0.5]])
    missing = values.copy()
    missing[0, 1] = np.nan
    for name in ("median", "nanmedian"):
        for x in (values, values[:, :3], missing, values[0], np.asarray(1j), values[:0]):
            check_value(call(name, x))
            for axis in range(x.ndim):
                check_value(call(name, x, axis=axis))
                check_value(call(name, x, axis=axis, keepdims=True))
        check_derivatives(call(name, values, axis=1))


@pytest.mark.parametrize("name", ["nanmean", "nanvar", "nanstd", "median", "nanmedian"])
def test_axes_of_numbers(name):
    for number in (3, True, 3.0):
        for axis in (0, -1, 1, None, ()):
            check_value(call(name, np.asarray(number), axis=axis))


def test_initial_tensors_are_differentiable():
    for name in ("sum", "prod", "max"):
        g = xg.grad(lambda s: named(name)(xg.asarray(X), initial=s * 2.0))(3.0)  # noqa: B023
        assert g == {"sum": 2.0, "prod": float(2 * X.prod()), "max": 2.0}[name]
