"""NumPy's sorting, sets, histograms and quantiles of Tensors, with all of their arguments."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host
from tests.numpy_checks import call, check_derivatives, check_equal, check_value, named

pytestmark = pytest.mark.numpy_only

X = np.asarray([[0.5, 1.5, -2.0, 0.2], [0.1, -0.7, 1.1, 2.5], [3.0, -1.0, 0.7, 0.9]])
INTEGERS = np.asarray([[3, 0, 1, 3], [2, 7, 4, 0]])
HOLES = np.where(np.arange(12).reshape(3, 4) % 5 == 1, np.nan, X)
CUBE = np.cos(np.arange(24.0)).reshape(2, 3, 4)
ARRAYS = [X, INTEGERS, X.astype(np.float32), INTEGERS.astype(np.uint8), HOLES, INTEGERS > 2,
          X + 1j * X[::-1], np.zeros((0, 3)), np.zeros(0), np.zeros((2, 0)), CUBE]  # fmt: skip


@pytest.mark.parametrize("name", ["sort", "argsort"])
def test_sort(name):
    for x in ARRAYS:
        for axis in (-1, 0, None, 1, 7):
            check_value(call(name, x, axis=axis, kind="stable"))
            check_value(call(name, x, axis, "mergesort", None))
            if name == "sort" or x is X:  # the order of equal elements is NumPy's secret
                check_value(call(name, x, axis))
        check_value(call(name, x, stable=True))
    check_value(call(name, np.asarray(2.0)))
    check_value(call(name, np.asarray(2.0), None))
    for keywords in ({"kind": "x"}, {"kind": "stable", "stable": True}, {"order": "x"}):
        check_value(call(name, X, **keywords))
    if name == "sort":
        check_derivatives(call(name, X, 0))
        check_derivatives(call(name, X, None))


def test_sorting_in_place():
    for keywords in ({}, {"axis": 0}, {"kind": "heapsort"}):
        w, x = xg.asarray(X.copy()), X.copy()
        assert w.sort(**keywords) is None
        x.sort(**keywords)
        check_equal(w, x)
    w, x = xg.asarray(X.copy()), X.copy()
    assert w.partition(1, axis=0) is None
    x.partition(1, axis=0)
    np.testing.assert_array_equal(host(w)[1], x[1])

    def f(v):
        buffer = v * 2.0
        buffer.sort(axis=0)
        return xg.sum(buffer * np.arange(12.0).reshape(3, 4))

    np.testing.assert_array_equal(
        xg.grad(f)(X),
        xg.grad(lambda v: xg.sum(np.sort(v * 2.0, 0) * np.arange(12.0).reshape(3, 4)))(X),
    )


@pytest.mark.parametrize("kth", [0, 2, -1, [1, 2], (0, -1), np.asarray([2, 0])])
@pytest.mark.parametrize("axis", [-1, 0, None])
def test_partition(kth, axis):
    for x in (X, INTEGERS.repeat(2, 0), X.astype(np.float32), HOLES):
        found = np.partition(xg.asarray(x), kth, axis)
        expected = np.partition(x, kth, axis)
        assert found.shape == expected.shape
        assert found.dtype == expected.dtype
        pick = np.atleast_1d(kth)
        np.testing.assert_array_equal(
            np.take(host(found), pick, axis=axis or 0 if axis != -1 else -1),
            np.take(expected, pick, axis=axis or 0 if axis != -1 else -1),
        )
        order = host(np.argpartition(xg.asarray(x), kth, axis=axis))
        flat, axis_ = (x.reshape(-1), 0) if axis is None else (x, axis)
        np.testing.assert_array_equal(np.take_along_axis(flat, order, axis_), host(found))
    check_derivatives(call("partition", X, kth, axis))


def test_partition_refuses_what_numpy_refuses():
    for name in ("partition", "argpartition"):
        check_value(call(name, X, 9))
        check_value(call(name, X, -5))
        check_value(call(name, X, 1.5))
        check_value(call(name, X, 1, kind="quicksort"))
        check_value(call(name, X, 1, order="f"))


def test_other_orders():
    for x in (X, INTEGERS, INTEGERS.astype(np.int16), X.astype(np.float32), X + 1j):
        check_value(call("sort_complex", x))
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 3, (3, 20))
    check_value(call("lexsort", keys))
    check_value(call("lexsort", tuple(keys)))
    check_value(call("lexsort", (keys[0], keys[1] * 0.5)))
    check_value(call("lexsort", rng.integers(0, 3, (2, 4, 5)), axis=0))
    check_value(call("lexsort", rng.integers(0, 3, (2, 4, 5)), 1))
    check_value(call("lexsort", (keys[0], keys[1][:3])))


def test_searching():
    edges = np.asarray([-1.0, 0.1, 0.5, 2.0])
    for v in (X, 0.3, [0.1, 0.5], INTEGERS, np.zeros((0, 2))):
        for side in ("left", "right"):
            check_value(call("searchsorted", edges, v, side))
        check_value(call("searchsorted", edges[::-1].copy(), v, "left", np.asarray([3, 2, 1, 0])))
        check_value(call("searchsorted", edges, v, sorter=[0, 1, 2, 3]))
        for bins in (edges, edges[::-1].copy(), edges[:1], edges[:0], np.asarray([0, 1, 3])):
            for right in (False, True):
                check_value(
                    call("digitize", v if isinstance(v, np.ndarray) else np.asarray(v), bins, right)
                )
    check_equal(xg.asarray(edges).searchsorted(0.5, "right"), edges.searchsorted(0.5, "right"))
    check_value(call("searchsorted", X, 0.5))
    check_value(call("digitize", X, np.asarray([1.0, 0.0, 2.0])))
    check_value(call("digitize", X + 1j, edges))
    assert (
        host(xg.vmap(lambda x: np.digitize(x, edges))(X)).tolist() == np.digitize(X, edges).tolist()
    )


def test_unique():
    rows = np.asarray([[1.0, 2.0], [0.0, 1.0], [1.0, 2.0], [1.0, -2.0]])
    some = np.asarray([np.nan, 1.0, np.nan, 0.5, 1.0])
    flags = [(False,) * 3, (True, True, True), (False, True, False), (False, False, True)]
    for x in (X, INTEGERS, rows, some, HOLES, INTEGERS > 2, np.asarray(2.0), np.zeros((0, 2))):
        for three in flags:
            check_value(call("unique", x, *three))
            check_value(call("unique", x, *three, equal_nan=False))
            check_value(
                call("unique", x, *three, None, sorted=False), rtol=0
            ) if x.dtype.kind == "z" else None
    for x in (
        rows,
        INTEGERS,
        rows.repeat(2, 1),
        CUBE,
        np.concatenate([CUBE, CUBE]),
        np.zeros((0, 2)),
    ):
        for axis in (0, -1):
            for three in flags:
                check_value(call("unique", x, *three, axis))
    check_value(call("unique", X, axis=5))
    g = xg.grad(lambda x: xg.sum(np.unique(x) * xg.asarray([1.0, 10.0])))(
        np.asarray([3.0, 1.0, 3.0])
    )
    np.testing.assert_array_equal(g, [10.0, 1.0, 0.0])
    g = xg.grad(lambda x: xg.sum(np.unique(x, axis=0)[1] * 3.0))(rows)
    np.testing.assert_array_equal(g, [[0, 0], [0, 0], [0, 0], [3, 3]])


def test_sets():
    a, b = np.asarray([3.0, 1.0, 2.0, 3.0, 0.5]), np.asarray([2.0, 3.0, 9.0, 9.0])
    for x, y in ((a, b), (b, a), (a[:0], b), (a, b[:0]), (INTEGERS, a), (INTEGERS, INTEGERS[:1])):
        for name in ("union1d", "intersect1d", "setdiff1d", "setxor1d", "isin"):
            check_value(call(name, x, y))
        check_value(call("intersect1d", x, y, return_indices=True))
        check_value(call("isin", x, y, False, True))
        check_value(call("isin", x, y, invert=True, kind="sort"))
        check_value(call("isin", x, y, kind="table"))
    check_value(call("isin", a, b, kind="x"))
    distinct, other = np.asarray([3.0, 1.0, 2.0]), np.asarray([2.0, 5.0, 3.0])
    for name in ("intersect1d", "setdiff1d", "setxor1d"):
        check_value(call(name, distinct, other, True))
    check_value(call("intersect1d", distinct, other, True, True))
    g = xg.grad(lambda x: xg.sum(np.intersect1d(x, b) * xg.asarray([1.0, 10.0])))(a)
    np.testing.assert_array_equal(g, [10.0, 0.0, 1.0, 0.0, 0.0])
    g = xg.grad(lambda x: xg.sum(np.setdiff1d(x, b) ** 2))(a)
    np.testing.assert_array_equal(g, [0.0, 2.0, 0.0, 0.0, 1.0])
    g = xg.grad(lambda x: xg.sum(np.union1d(b, x) * xg.arange(5.0)))(a)
    assert xg.grad(lambda x: xg.sum(np.setxor1d(b, x) * 2.0))(a).tolist() == [0, 2, 0, 0, 2]


# -- histograms --------------------------------------------------------------------------------

DATA = np.random.default_rng(3).normal(size=50)
WEIGHTS = np.random.default_rng(4).uniform(0.5, 2.0, 50)


def test_bincount():
    x = np.asarray([1, 3, 1, 0])
    w = np.asarray([0.5, 1.0, 2.0, -1.0])
    for args, keywords in (
        ((x,), {}), ((x, w), {}), ((x, w, 7), {}), ((x,), {"minlength": 6}), ((x, w > 0), {}),
        ((x, w.astype(np.float32)), {}), ((x[:0].astype(int),), {}), ((x, None, 2), {}),
        ((x - 1,), {}), ((x, w[:2]), {}), ((x * 1.5,), {}), ((x, w * 1j), {}), ((x > 1,), {}),
        ((x[None],), {}), ((x, w, -1), {}), ((x.astype(np.uint8), w), {}), ((x[:0], w[:0], 3), {}),
    ):  # fmt: skip
        check_value(call("bincount", *args, **keywords))
    check_derivatives(call("bincount", x, w, 5))
    with pytest.raises(TypeError, match="bincount: inside vmap"):
        xg.vmap(np.bincount)(np.stack([x, x]))


RULES = ("auto", "fd", "doane", "scott", "stone", "rice", "sturges", "sqrt")


def test_histogram():
    for bins in (10, 3, [-1.0, 0.0, 0.5, 3.0], np.asarray([-2, 0, 2]), *RULES):
        for given in (None, (-1.0, 1.5)):
            check_value(call("histogram", DATA, bins, given))
            check_value(call("histogram", DATA, bins, given, True))
            check_value(call("histogram_bin_edges", DATA, bins, given))
            if isinstance(bins, str):
                continue
            check_value(call("histogram", DATA, bins, given, None, WEIGHTS))
            check_value(
                call("histogram", DATA, bins, range=given, weights=WEIGHTS, density=True), 1e-12
            )
    single = DATA.astype(np.float32)
    for x in (single, np.arange(20), np.arange(20).reshape(4, 5), DATA[:0], np.ones(3), DATA > 0):
        check_value(call("histogram", x, 4))
    check_value(call("histogram", DATA, 4, None, None, WEIGHTS.astype(np.float32)), 1e-12)
    check_value(call("histogram", DATA, 4, None, None, np.arange(50)))
    check_value(call("histogram", DATA, 4, None, None, WEIGHTS * 1j))
    for args in ((DATA, 0), (DATA, [2, 1]), (DATA, 4, (2, 1)), (DATA, 4, (0, np.inf)), (DATA, X),
                 (np.asarray([1.0, np.nan]), 4), (DATA, 1.5), (DATA, 4, None, None, WEIGHTS[:3]),
                 (DATA, "auto", None, None, WEIGHTS), (DATA, "nothing")):  # fmt: skip
        check_value(call("histogram", *args))


def test_derivatives_of_histograms():
    weigh = np.arange(4.0) ** 2
    for keywords in ({}, {"density": True}):

        def f(x, w, k=keywords):
            values, edges = np.histogram(x, 4, weights=w, **k)
            return xg.sum(values * weigh) + xg.sum(edges**2)

        xg.testing.check_grads(f, (DATA, WEIGHTS), order=2)
        xg.testing.check_grads(lambda w, k=keywords: np.histogram(DATA, [-1, 0, 2], weights=w, **k)[0],
                               (WEIGHTS,), order=1)  # fmt: skip
    xg.testing.check_grads(
        lambda e: np.histogram(DATA, bins=e, density=True)[0], (np.asarray([-1.0, 0.0, 2.0]),)
    )
    xg.testing.check_grads(
        lambda w: np.histogram2d(DATA, DATA[::-1], 3, weights=w, density=True)[0], (WEIGHTS,)
    )
    counts = xg.grad(lambda x: xg.sum(np.histogram(x, 4, (-3, 3))[0] * weigh) + x[0])(DATA)
    np.testing.assert_array_equal(counts, np.eye(50)[0])


def test_histograms_of_several_dimensions():
    y = DATA[::-1] ** 2
    for bins in (
        5,
        [3, 4],
        ([-1.0, 0.0, 1.0], 4),
        [[-1, 0, 1], [0, 1, 2]],
        np.asarray([-1.0, 0.0, 1.0, 2.0]),
    ):
        for given in (None, [(-1, 1), (0, 2)]):
            for density in (None, True):
                check_value(call("histogram2d", DATA, y, bins, given, density))
                check_value(call("histogram2d", DATA, y, bins, given, density, WEIGHTS), 1e-12)
    points = np.stack([DATA, y, y * DATA], axis=1)
    for bins in (3, [2, 3, 4], [np.asarray([-1.0, 0.0, 2.0]), 2, 3]):
        check_value(call("histogramdd", points, bins))
        check_value(call("histogramdd", points, bins, density=True, weights=WEIGHTS), 1e-12)
        check_value(call("histogramdd", [DATA, y, y * DATA], bins))
    check_value(call("histogramdd", points, [2, 3]))
    check_value(call("histogram2d", DATA, y[:3]))


# -- quantiles ---------------------------------------------------------------------------------

METHODS = (
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf",
    "hazen", "weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher",
    "midpoint", "nearest",
)  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["quantile", "nanquantile", "percentile", "nanpercentile"])
def test_quantiles(name, method):
    scale = 100 if "percent" in name else 1
    for x in (X, INTEGERS, HOLES, CUBE, X.astype(np.float32)):
        for q in (0.25, 0.0, 1.0, [0.1, 0.35, 0.5, 0.93], 0.5, 1, np.asarray([[0.125, 0.75]])):
            if isinstance(q, np.ndarray) and name.startswith("nan"):
                continue  # NumPy puts the axes of q elsewhere
            q = q * scale if isinstance(q, float | int | np.ndarray) else [v * scale for v in q]
            for axis in (None, 0, -1, (1, 0)):
                check_value(call(name, x, q, axis, method=method), 1e-12)
        check_value(call(name, x, 0.3 * scale, 0, None, True, method, True), 1e-12)
    check_derivatives(call(name, X, 0.31 * scale, axis=1, method=method))
    check_derivatives(call(name, X, np.asarray([0.31, 0.77]) * scale, axis=0, method=method))


@pytest.mark.parametrize("name", ["quantile", "nanquantile"])
def test_weighted_quantiles(name):
    weights = np.random.default_rng(5).uniform(0.1, 2.0, (3, 4))
    weights[0, 1] = weights[2, 0] = 0.0
    keywords = {"method": "inverted_cdf"}
    for x in (X, INTEGERS.repeat(2, 0)[:3], HOLES):
        for q in (0.0, 0.25, 1.0, [0.1, 0.9]):
            for axis in (None, 0, 1, (0, 1)):
                check_value(call(name, x, q, axis, weights=weights, **keywords))
            if name == "quantile":  # np.nanquantile fails for them
                check_value(call(name, x, q, 1, weights=weights[0], keepdims=True, **keywords))
                check_value(call(name, x, q, 0, weights=[1, 2, 3], **keywords))
    check_value(call(name, X, 0.5, weights=weights))
    check_value(call(name, X, 0.5, weights=-weights, **keywords))
    check_value(call(name, X, 0.5, weights=weights[0], **keywords))
    check_value(call(name, X, 0.5, 0, weights=weights[0], **keywords))
    check_derivatives(call(name, X, 0.31, axis=1, weights=weights, **keywords))
    xg.testing.check_grads(
        lambda x, w: named(name)(x, 0.4, weights=w, **keywords), (X, weights + 0.1)
    )


def test_medians():
    for name in ("median", "nanmedian"):
        for x in (X, INTEGERS, HOLES, CUBE, X.astype(np.float16), np.zeros((0, 3)), np.zeros(0)):
            for axis in (None, 0, -1, (0, 1)):
                check_value(call(name, x, axis), 1e-12)
                check_value(call(name, x, axis, None, True, True), 1e-12)
        check_derivatives(call(name, X, axis=1))
        out = xg.zeros(4)
        assert named(name)(xg.asarray(X), 0, out) is out
        check_equal(out, np.median(X, 0))


def test_bad_quantiles():
    for name in ("quantile", "nanquantile"):
        for q in (-0.1, 1.5, [0.5, 2.0], np.zeros((1, 1, 1))):
            check_value(call(name, X, q))
        check_value(call(name, X, 0.5, method="cubic"))
        check_value(call(name, X, 0.5, 7))
    check_value(call("percentile", X, 101))
    with pytest.raises(ValueError, match="quantile: method must be one of linear, lower"):
        np.quantile(xg.asarray(X), 0.5, method="cubic")
