"""Integrals and differential equations: values of SciPy, derivatives against differences."""

import numpy as np
import pytest
import scipy.integrate

import xgrad as xg
from tests.environment import COMPILES, NAME, host, raw

pytestmark = pytest.mark.skipif(NAME == "dask", reason="dask has the ops and first derivatives")
numpy_only = pytest.mark.numpy_only

I = xg.integrate  # noqa: E741
TIGHT = {"rtol": 1e-10, "atol": 1e-11}
Y0 = np.asarray([0.5, 0.3])
TIMES = np.asarray([0.1, 0.4, 1.0, 1.7])


def oscillator(y, t, a, b):
    return xg.stack([y[1], a * (1 - y[0] ** 2) * y[1] - y[0] * b[0] + xg.sin(b[1] * t)])


def plain(y, t, a, b):
    return [y[1], a * (1 - y[0] ** 2) * y[1] - y[0] * b[0] + np.sin(b[1] * t)]


WEIGHTS = np.arange(8.0).reshape(4, 2) / 3 - 1
ARGS = (Y0, TIMES, np.asarray(0.7), np.asarray([1.3, 0.6]))


def loss(y0, t, a, b):
    return xg.sum(xg.sin(I.odeint(oscillator, y0, t, (a, b), **TIGHT)) * raw(WEIGHTS))


def five_points(f, args, i, along, step=1e-4):
    values = [
        f(*[x + k * step * along if j == i else x for j, x in enumerate(args)])
        for k in (-2, -1, 1, 2)
    ]
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step)


@numpy_only
def test_odeint_is_scipys():
    want = scipy.integrate.odeint(plain, Y0, TIMES, ARGS[2:])
    np.testing.assert_array_equal(host(I.odeint(plain, Y0, TIMES, ARGS[2:])), want)
    got, info = I.odeint(
        lambda t, y, *p: oscillator(y, t, *p), Y0, TIMES, ARGS[2:], tfirst=True, full_output=True
    )
    np.testing.assert_allclose(host(got), want, rtol=1e-7)
    assert info["message"] == "Integration successful."
    slope = lambda y, t: [[-2.0]]  # noqa: E731
    got = I.odeint(lambda y, t: -2 * y, 1, [0, 1, 3], Dfun=slope)
    want = scipy.integrate.odeint(lambda y, t: -2 * y, 1, [0, 1, 3], Dfun=slope)
    np.testing.assert_array_equal(host(got), want)
    assert I.odeint(lambda y, t: -y, 1.0, [0.0]).shape == (1, 1)
    single = I.odeint(lambda y, t: -y, np.ones(2, np.float32), np.asarray([0.0, 1.0], np.float32))
    assert single.dtype == np.float32


@pytest.mark.parametrize("i", range(4), ids=["y0", "t", "number", "vector"])
def test_derivatives_of_odeint(i):
    def value(*args):
        return float(host(loss(*map(raw, args))))

    along = np.random.default_rng(i).normal(size=ARGS[i].shape)
    want = five_points(value, ARGS, i, along)
    arrays = tuple(map(raw, ARGS))
    g = xg.grad(loss, argnums=i)(*arrays)
    np.testing.assert_allclose(np.sum(host(g) * along), want, rtol=1e-6, atol=1e-7)
    tangents = tuple(raw(along if j == i else 0 * x) for j, x in enumerate(ARGS))
    _, forward = xg.jvp(loss, arrays, tangents)
    np.testing.assert_allclose(host(forward), want, rtol=1e-6, atol=1e-7)


@pytest.mark.skipif(COMPILES, reason="slow to compile")
def test_second_derivatives_of_odeint():
    def of_both(p):
        return loss(p[:2], raw(TIMES), p[2], xg.concat([p[3:], p[:1]]))

    at = np.asarray([0.5, 0.3, 0.7, 1.3])
    gradient = xg.grad(of_both)
    want = np.stack(
        [five_points(lambda p: host(gradient(raw(p))), (at,), 0, e, 1e-3) for e in np.eye(4)]
    )
    reverse = host(xg.jacrev(gradient)(raw(at)))
    np.testing.assert_allclose(reverse, want, rtol=1e-5, atol=1e-6)
    forward = host(xg.jacfwd(gradient)(raw(at)))
    np.testing.assert_allclose(forward, want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        host(xg.jacfwd(xg.jacfwd(of_both))(raw(at))), want, rtol=1e-5, atol=1e-6
    )


def test_odeint_in_vmap_and_on_the_tape():
    y0, t, b = map(raw, (Y0, TIMES, ARGS[3]))
    rates = raw(np.asarray([0.7, 0.9]))
    slopes = xg.vmap(xg.grad(lambda a: loss(y0, t, a, b)))(rates)
    for a, slope in zip(host(rates), host(slopes), strict=True):
        w = xg.tensor(raw(np.asarray(a)), requires_grad=True)
        loss(y0, t, w, b).backward()
        np.testing.assert_allclose(host(w.grad), slope, rtol=1e-9)


@numpy_only
def test_odeint_closed_form_backwards_in_time():
    def last(rate, start, end):
        return I.odeint(
            lambda y, t, k: -k["rate"] * y, 2.0, [start, end], ({"rate": rate},), **TIGHT
        )[-1, 0]

    value = 2 * np.exp(1.5)
    got = xg.grad(last, argnums=(0, 1, 2))(0.5, 3.0, 0.0)
    np.testing.assert_allclose(got, [3 * value, 0.5 * value, -0.5 * value], rtol=1e-7)


@numpy_only
def test_errors_of_odeint():
    with pytest.raises(xg.AutogradError, match=r"odeint: the function uses .* pass it in args="):
        xg.grad(lambda a: I.odeint(lambda y, t: -a * y, 1.0, [0.0, 1.0])[-1, 0])(0.5)
    with pytest.raises(xg.AutogradError, match="odeint: the function uses"):
        xg.jvp(lambda a: I.odeint(lambda y, t: -a * y, 1.0, [0.0, 1.0]), (0.5,), (1.0,))
    with pytest.raises(TypeError, match="y0 must be real"):
        I.odeint(lambda y, t: y, 1j, [0.0, 1.0])
    with pytest.raises(ValueError, match="vector t"):
        I.odeint(lambda y, t: y, 1.0, 1.0)
    with pytest.raises(xg.ConvergenceError, match="Excess work.*raise mxstep"):
        I.odeint(lambda y, t: y**2, 1.0, [0.0, 2.0], mxstep=50)


# -- quad --------------------------------------------------------------------------------------


def bump(x, a, b):
    return xg.exp(-a * x * x) * xg.cos(b[0] * x) + b[1] * x


def test_quad():
    args = (np.asarray(-0.3), np.asarray(1.2), np.asarray(0.8), np.asarray([1.5, 0.4]))

    def area(low, high, a, b):
        return I.quad(bump, low, high, (a, b), epsabs=1e-12, epsrel=1e-12)[0]

    def numbers(low, high, a, b):
        def f(x):
            return np.exp(-a * x * x) * np.cos(b[0] * x) + b[1] * x

        return scipy.integrate.quad(f, low, high, epsabs=1e-12, epsrel=1e-12)[0]

    arrays = tuple(map(raw, args))
    np.testing.assert_allclose(host(area(*arrays)), numbers(*args), rtol=1e-13)
    slopes = xg.grad(area, argnums=(0, 1, 2, 3))(*arrays)
    for i in range(4):
        along = np.random.default_rng(i).normal(size=args[i].shape)
        want = five_points(numbers, args, i, along, 1e-3)
        np.testing.assert_allclose(np.sum(host(slopes[i]) * along), want, rtol=1e-8)
        tangents = tuple(raw(along if j == i else 0 * x) for j, x in enumerate(args))
        np.testing.assert_allclose(host(xg.jvp(area, arrays, tangents)[1]), want, rtol=1e-8)

    def joint(p):
        return area(p[0], p[1], p[2], p[3:])

    at = np.concatenate([np.ravel(x) for x in args])
    gradient = xg.grad(joint)
    want = [five_points(lambda p: host(gradient(raw(p))), (at,), 0, e, 1e-3) for e in np.eye(5)]
    np.testing.assert_allclose(host(xg.jacrev(gradient)(raw(at))), want, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(host(xg.hessian(joint)(raw(at))), want, rtol=1e-6, atol=1e-8)


@numpy_only
def test_quad_as_in_scipy():
    value, error, info = I.quad(lambda x: x**2, 0, 3, full_output=1)
    assert (float(value), info["neval"]) == (pytest.approx(9.0), 21)
    assert 0 < error < 1e-10
    each = xg.vmap(lambda k: I.quad(lambda x, k: xg.exp(-k * x), 0, np.inf, (k,))[0])
    np.testing.assert_allclose(host(each(np.asarray([1.0, 2.0]))), [1.0, 0.5], rtol=1e-9)
    with pytest.raises(xg.AutogradError, match="quad: the function uses"):
        xg.grad(lambda a: I.quad(lambda x: a * x, 0.0, 1.0)[0])(2.0)
    with pytest.raises(ValueError, match="must return a number"):
        I.quad(lambda x: xg.ones(2), 0.0, 1.0)
    with pytest.raises(TypeError, match="limits must be real numbers"):
        I.quad(lambda x: x, xg.ones(2), 1.0)


# -- samples -----------------------------------------------------------------------------------

_RNG = np.random.default_rng(0)


@pytest.mark.parametrize("name", ["trapezoid", "simpson", "cumulative_trapezoid"])
@pytest.mark.parametrize("count", [1, 4, 5] if COMPILES else [1, 2, 3, 4, 5, 8])
def test_integrals_of_samples(name, count):
    f, reference = getattr(I, name), getattr(scipy.integrate, name)
    y, x = _RNG.normal(size=(2, count, 3)), np.cumsum(_RNG.uniform(0.5, 1.5, count))
    wide = np.cumsum(_RNG.uniform(0.5, 1.5, y.shape), axis=1)
    calls = [((y,), {}), ((y,), {"dx": 0.3, "axis": 1}), ((y,), {"x": x, "axis": 1}),
             ((y,), {"x": wide, "axis": -2}), ((y[0, :, 0],), {"x": x})]  # fmt: skip
    if name == "cumulative_trapezoid":
        calls.append(((y,), {"initial": 0, "axis": 1}))
    for args, keywords in calls:
        want = reference(*args, **keywords)
        moved = {k: raw(v) if isinstance(v, np.ndarray) else v for k, v in keywords.items()}
        got = f(*map(raw, args), **moved)
        assert got.shape == np.shape(want)
        np.testing.assert_allclose(host(got), want, rtol=1e-12, atol=1e-13)
        arrays = {"y": args[0]} | {k: v for k, v in keywords.items() if isinstance(v, np.ndarray)}

        def sine(named, keywords=keywords):
            return xg.sum(xg.sin(f(**{**keywords, **named})))

        slopes = xg.grad(sine)({k: raw(v) for k, v in arrays.items()})
        for k, v in arrays.items():
            along = _RNG.normal(size=v.shape)

            def at(z, k=k, keywords=keywords, arrays=arrays):
                return np.sum(np.sin(reference(**{**keywords, **arrays, k: z})))

            want = five_points(at, (v,), 0, along, 1e-5)
            np.testing.assert_allclose(np.sum(host(slopes[k]) * along), want, rtol=1e-6, atol=1e-7)


@numpy_only
def test_samples_as_in_scipy():
    assert float(I.trapezoid([1, 2, 3])) == 4.0
    w = xg.tensor(0.5, requires_grad=True)
    I.simpson([1.0, 2.0, 4.0], dx=w).backward()
    assert float(w.grad) == pytest.approx(13 / 3)
    with pytest.raises(ValueError, match="x has 2 points on the axis, y 3"):
        I.simpson([1.0, 2.0, 3.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="initial must be None or 0"):
        I.cumulative_trapezoid([1.0, 2.0], initial=1.0)
