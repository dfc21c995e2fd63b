"""Convolution and filters: SciPy's values, derivatives against differences."""

import itertools

import numpy as np
import pytest
import scipy.signal

import xgrad as xg
from tests.environment import COMPILES, NAME, host, raw

pytestmark = pytest.mark.skipif(NAME == "dask", reason="dask has the ops and first derivatives")
numpy_only = pytest.mark.numpy_only

S = xg.signal
_RNG = np.random.default_rng(0)
SHAPES = [
    ((7,), (3,)),
    ((3,), (7,)),
    ((4, 5), (2, 3)),
    ((2, 3), (4, 5)),
    ((2, 6), (3, 2)),
    ((1,), (1,)),
]
MODES = ["full", "same", "valid"]
FEW = MODES[1:2] if COMPILES else MODES  # where each shape is compiled


def derivatives(f, *args, rtol=1e-6):
    """Compare both modes, and second derivatives, with differences."""

    def loss(*arrays):
        out = f(*arrays)
        outs = out if isinstance(out, tuple) else (out,)
        return sum((xg.sum(xg.sin(x * (1 + k))) for k, x in enumerate(outs)), 0.0)

    def value(*numbers):
        return float(host(loss(*map(raw, numbers))))

    arrays = tuple(map(raw, args))
    along = [_RNG.normal(size=a.shape) for a in args]
    tangents = tuple(map(raw, along))

    def at(step):
        return [a + step * t for a, t in zip(args, along, strict=True)]

    h = 1e-4
    values = [value(*at(k * h)) for k in (-2, -1, 1, 2)]
    want = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    everything = tuple(range(len(args)))
    g = xg.grad(loss, argnums=everything)(*arrays)
    found = sum(np.sum(host(x) * t) for x, t in zip(g, along, strict=True))
    np.testing.assert_allclose(found, want, rtol=rtol, atol=1e-7)
    np.testing.assert_allclose(host(xg.jvp(loss, arrays, tangents)[1]), want, rtol=rtol, atol=1e-7)

    def slope(*arrays):
        return xg.jvp(loss, arrays, tangents)[1]

    values = [float(host(slope(*map(raw, at(k * h))))) for k in (-2, -1, 1, 2)]
    want = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    second = xg.grad(slope, argnums=everything)(*arrays)
    found = sum(np.sum(host(x) * t) for x, t in zip(second, along, strict=True))
    np.testing.assert_allclose(found, want, rtol=rtol, atol=1e-6)


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("mode", MODES)
def test_convolutions_are_scipys(shapes, mode):
    a, b = (_RNG.normal(size=s) for s in shapes)
    for name, method in itertools.product(("convolve", "correlate"), ("direct", "fft", "auto")):
        f, reference = getattr(S, name), getattr(scipy.signal, name)
        for x, y in (
            (a, b),
            (a + 1j * a[::-1], b * 1j),
            (np.rint(3 * a).astype(int), np.rint(3 * b).astype(int)),
        ):
            try:
                want = reference(x, y, mode, method)
            except ValueError:
                with pytest.raises(ValueError, match="for mode='valid' one array must be"):
                    f(raw(x), raw(y), mode, method)
                continue
            got = f(raw(x), raw(y), mode, method)
            assert got.shape == want.shape
            assert (got.dtype.kind, want.dtype.kind) in {("f", "f"), ("c", "c"), ("i", "i")}
            np.testing.assert_allclose(host(got), want, atol=1e-11)
    for f, reference in (
        (S.fftconvolve, scipy.signal.fftconvolve),
        (S.oaconvolve, scipy.signal.oaconvolve),
    ):
        try:
            want = reference(a, b, mode)
        except ValueError:
            continue
        np.testing.assert_allclose(host(f(raw(a), raw(b), mode)), want, atol=1e-12)


@pytest.mark.parametrize("mode", FEW)
@pytest.mark.parametrize("method", ["direct", "fft"])
def test_derivatives_of_convolutions(mode, method):
    for shapes in SHAPES[:4]:
        a, b = (_RNG.normal(size=s) for s in shapes)
        derivatives(lambda x, y: S.convolve(x, y, mode, method), a, b)
        derivatives(lambda x, y: S.correlate(x, y, mode, method), a, b)


def sliding(a, b, axes, dots, mode):
    """The definition: a sum for each index."""
    own = [[i for i in range(v.ndim) if i not in p and i not in d]
           for v, p, d in zip((a, b), axes, dots, strict=True)]  # fmt: skip
    a, b = (v.transpose(*o, *d, *p) for v, o, d, p in zip((a, b), own, dots, axes, strict=True))
    (i, j), dot = map(len, own), len(dots[0])
    out = None
    for index in np.ndindex(a.shape[:i]):
        for other in np.ndindex(b.shape[:j]):
            part = sum(
                scipy.signal.convolve(a[index][d], b[other][d], mode, "direct")
                for d in np.ndindex(a.shape[i : i + dot])
            )
            if out is None:
                out = np.zeros((*a.shape[:i], *b.shape[:j], *part.shape))
            out[(*index, *other)] = part
    return out


@pytest.mark.parametrize("mode", FEW)
@pytest.mark.parametrize("method", ["direct", "fft"])
@pytest.mark.parametrize(
    ("first", "second", "axes", "dots"),
    [
        ((5, 2, 7, 6), (2, 3, 3, 2), ([2, 3], [2, 3]), ([1], [0])),
        ((5, 4), (3,), ([1], [0]), ([], [])),
        ((3, 5), (4, 3), ([1], [0]), ([0], [1])),
        ((2, 3, 4), (3, 2, 3), ([-1], [2]), ([0, 1], [1, 0])),
    ],
)
def test_axes_of_hips(mode, method, first, second, axes, dots):
    a, b = _RNG.normal(size=first), _RNG.normal(size=second)
    positive = [[i % v.ndim for i in p] for v, p in zip((a, b), axes, strict=True)]
    want = sliding(a, b, positive, dots, mode)
    got = S.convolve(raw(a), raw(b), axes=axes, dot_axes=dots, mode=mode, method=method)
    assert got.shape == want.shape
    np.testing.assert_allclose(host(got), want, atol=1e-12)
    derivatives(lambda x, y: S.convolve(x, y, axes=axes, dot_axes=dots, mode=mode), a, b)


def test_axes_of_fftconvolve():
    a, b = _RNG.normal(size=(3, 5)), _RNG.normal(size=(1, 4))
    for mode in MODES:
        want = scipy.signal.fftconvolve(a, b, mode, axes=1)
        np.testing.assert_allclose(
            host(S.fftconvolve(raw(a), raw(b), mode, axes=1)), want, atol=1e-13
        )
    derivatives(lambda x, y: S.fftconvolve(x, y, axes=1), a, b)


@numpy_only
def test_large_convolutions_use_the_fft():
    a, b = _RNG.normal(size=3000), _RNG.normal(size=2000)
    np.testing.assert_allclose(host(S.convolve(a, b)), scipy.signal.convolve(a, b), atol=1e-10)
    out = xg.vmap(lambda x: S.convolve(x, b[:5], "same"))(a.reshape(3, 1000))
    want = [scipy.signal.convolve(x, b[:5], "same") for x in a.reshape(3, 1000)]
    np.testing.assert_allclose(host(out), want, atol=1e-12)


@numpy_only
def test_refusals():
    for match, call in (
        ("mode must be 'full', 'valid' or 'same', got 'fit'", lambda: S.convolve([1.0], [1.0], "fit")),
        ("method must be 'auto'", lambda: S.convolve([1.0], [1.0], method="quick")),
        ("in1 has 2 axes, in2 1", lambda: S.convolve([[1.0]], [1.0])),
        ("are not different axes of 1", lambda: S.convolve([1.0], [1.0], axes=([1], [0]))),
        ("differ along dot_axes", lambda: S.convolve(xg.ones((2, 3)), xg.ones((4, 3)), axes=([1], [1]),
                                                     dot_axes=([0], [0]))),
        ("do not broadcast", lambda: S.fftconvolve(xg.ones((2, 3)), xg.ones((4, 3)), axes=1)),
        ("b must be a vector", lambda: S.lfilter(1.0, [1.0], [1.0])),
        ("x must have an axis", lambda: S.lfilter([1.0], [1.0], 1.0)),
        ("zi must have length 1", lambda: S.lfilter([1.0], [1.0, 0.5], [1.0], zi=[0.0, 1.0])),
        ("type must be 'linear'", lambda: S.detrend([1.0], type="square")),
        (r"breakpoints must be in \[0, 1\]", lambda: S.detrend([1.0], bp=3)),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=match):
            call()


# -- filters -----------------------------------------------------------------------------------

FILTERS = [
    ([1.0, 0.5], [2.0]),
    ([1.0], [1.0, -0.9]),
    ([0.2, 0.3, 0.1], [1.3, 0.2, -0.4]),
    ([0.2], [1.0, -0.5, 0.2, 0.1]),
    scipy.signal.butter(4, 0.2),
]


@pytest.mark.parametrize("which", [2] if COMPILES else range(len(FILTERS)))
def test_lfilter(which):
    b, a = map(np.asarray, FILTERS[which])
    for shape, axis in (((200,), -1), ((2, 70), 1), ((5, 3), 0), ((2, 2), -1), ((1,), 0)):
        x = _RNG.normal(size=shape)
        want = scipy.signal.lfilter(b, a, x, axis)
        got = S.lfilter(raw(b), raw(a), raw(x), axis)
        assert got.shape == want.shape
        np.testing.assert_allclose(host(got), want, atol=1e-12)
        state = list(shape)
        state[axis] = max(len(a), len(b)) - 1
        zi = _RNG.normal(size=state)
        want = scipy.signal.lfilter(b, a, x, axis, zi=zi)
        for g, w in zip(S.lfilter(*map(raw, (b, a, x)), axis, zi=raw(zi)), want, strict=True):
            np.testing.assert_allclose(host(g), w, atol=1e-12)
    derivatives(S.lfilter, b, a, _RNG.normal(size=9))
    zi = _RNG.normal(size=(2, max(len(a), len(b)) - 1))
    derivatives(lambda b, a, x, zi: S.lfilter(b, a, x, zi=zi), b, a, _RNG.normal(size=(2, 9)), zi)


@numpy_only
def test_a_long_filter():
    x, (b, a) = _RNG.normal(size=2000), FILTERS[-1]
    np.testing.assert_allclose(host(S.lfilter(b, a, x)), scipy.signal.lfilter(b, a, x), atol=1e-12)
    assert S.lfilter([1, 2], [1], np.ones(3, np.float32)).shape == (3,)
    assert host(S.lfilter(b, a, np.zeros((2, 0)))).shape == (2, 0)


def test_detrend():
    x = _RNG.normal(size=(3, 8))
    for axis in (0, 1, -1):
        for keywords in ({}, {"type": "constant"}, {"type": "l", "bp": [2]}, {"bp": 1}):
            want = scipy.signal.detrend(x, axis, **keywords)
            got = S.detrend(raw(x), axis, **keywords)
            np.testing.assert_allclose(host(got), want, atol=1e-13)
            derivatives(lambda x, a=axis, k=keywords: S.detrend(x, a, **k), x)


def test_the_first_coefficient_of_a_filter_must_not_be_0():
    for shape in ((3,), (2, 6)):
        with pytest.raises(ValueError, match=r"lfilter: a\[0\] must not be 0"):
            xg.signal.lfilter([1.0, 2.0], [0.0, 1.0], xg.ones(shape))
