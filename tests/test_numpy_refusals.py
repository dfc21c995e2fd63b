"""What plain NumPy cannot dispatch raises, and the error says what to do; xgrad.numpy does it.

NumPy replaces some errors by its own ("setting an array element with a sequence"): then xgrad's
is the cause, which Python prints before.
"""

import numpy  # noqa: ICN001 - np is an argument here
import pytest

import xgrad as xg
import xgrad.numpy
from tests.environment import NAME

pytestmark = pytest.mark.skipif(NAME != "numpy", reason="NumPy's functions of NumPy arrays")

ADVICE = "import xgrad.numpy as np"


def update(symbol):
    def updated(np, t, x):
        scope = {
            "buffer": np.ones((2, 2) if symbol == "@" else 2),
            "x": x[:, None] * x if symbol == "@" else x,
        }
        exec(f"buffer {symbol}= x", scope)  # noqa: S102 - the statement, by its symbol
        return scope["buffer"]

    return updated


def write(key, value=lambda t, x: t):
    def written(np, t, x):
        buffer = np.zeros(3)
        buffer[key] = value(t, x)
        return buffer

    return written


def call(method, *args):
    """``np.put(buffer, ...)``, and the buffer that it fills."""

    def called(np, t, x):
        buffer = np.zeros((2, 2)) if method == "fill_diagonal" else np.zeros(2)
        numbers = [t if a == "t" else x if a == "x" else a for a in args]
        pkg = np.add.at if method == "add.at" else getattr(np, method)
        pkg(buffer, *numbers)
        return buffer

    return called


#: By a name: what plain NumPy refuses, and xgrad.numpy differentiates.
WAYS = {
    "a[0] = t": write(0),
    "a[1:] = x": write(slice(1, None), lambda t, x: x),
    "a[mask] = x": write([True, False, True], lambda t, x: x),
    "a[[0, 1]] = t": write([0, 1]),
    "a[...] = t": write(...),
    "a[0] = numbers": write(slice(0, 2), lambda t, x: [t, 1.0]),
    "a += x": update("+"),
    "a -= x": update("-"),
    "a *= x": update("*"),
    "a /= x": update("/"),
    "a **= x": update("**"),
    "a @= x": update("@"),
    "np.array([t, t])": lambda np, t, x: np.array([t, 2 * t]),
    "np.array(x)": lambda np, t, x: np.array(x),
    "np.asarray([x, x])": lambda np, t, x: np.asarray([x, x]),
    "np.fromiter": lambda np, t, x: np.fromiter((t * i for i in range(3)), float),
    "np.full": lambda np, t, x: np.full(3, t),
    "np.c_": lambda np, t, x: np.c_[x, x],
    "np.r_": lambda np, t, x: np.r_[t, 1.0],
    "np.add(out=)": lambda np, t, x: np.add(x, 1, out=np.zeros(2)),
    "np.add.at": call("add.at", [0, 1], "x"),
    "np.copyto": call("copyto", "x"),
    "np.put": call("put", [0], "t"),
    "np.fill_diagonal": call("fill_diagonal", "t"),
    "np.vectorize of t": lambda np, t, x: np.vectorize(lambda a: a * 2)(x),
    "np.vectorize around t": lambda np, t, x: np.vectorize(lambda a: a * t)(numpy.ones(2)),
    "np.apply_along_axis around t": lambda np, t, x: np.apply_along_axis(lambda r: r * t, 0, numpy.ones((2, 2))),
    "np.sum of a list": lambda np, t, x: np.sum([t, 2 * t]),
    "np.max of a list": lambda np, t, x: np.max([t, 2 * t]),
    "np.linalg.norm of a list": lambda np, t, x: np.linalg.norm([t, 2 * t]),
    "np.arange": lambda np, t, x: np.arange(t, 4.0),
    "np.ndenumerate": lambda np, t, x: np.stack([a for _, a in np.ndenumerate(x)]),
}  # fmt: skip


def messages(error):
    while error is not None:
        yield str(error)
        error = error.__cause__


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("error")
def test_plain_numpy_says_what_to_do(way):
    def refused(x):
        with pytest.raises((xg.AutogradError, TypeError, ValueError, UserWarning)) as error:
            WAYS[way](numpy, x[0] * 1, x * 1)
        assert ADVICE in "\n".join(messages(error.value))
        return xg.sum(x)

    xg.grad(refused)(numpy.asarray([1.5, 2.0]))
    refused(xg.tensor([1.5, 2.0], requires_grad=True))
    if way not in ("np.copyto", "np.put", "np.fill_diagonal", "np.add.at"):
        xg.vmap(refused)(numpy.ones((3, 2)) + 0.5)


@pytest.mark.parametrize("way", WAYS)
def test_the_module_differentiates_it(way):
    def f(x):
        return np_sum(WAYS[way](xgrad.numpy, x[0] * 1, x * 1) ** 2)

    np_sum = xgrad.numpy.sum
    x = numpy.asarray([1.5, 2.0])

    def plain(x):
        return numpy.sum(WAYS[way](numpy, x[0], x) ** 2)

    value, gradient = xg.value_and_grad(f)(x)
    numpy.testing.assert_allclose(value, plain(x))
    h = 1e-6
    numeric = [(plain(x + h * e) - plain(x - h * e)) / (2 * h) for e in numpy.eye(2)]
    numpy.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8)
    numpy.testing.assert_allclose(
        xg.jvp(f, (x,), (numpy.asarray([1.0, 2.0]),))[1], gradient @ [1.0, 2.0]
    )


#: What has no differentiable form under either import: it raises.
NEVER = {
    "np.float64(t)": lambda np, t, x: np.float64(t),
    "np.float32(t)": lambda np, t, x: np.float32(t),
    "np.int64(t)": lambda np, t, x: np.int64(t),
    "np.complex128(t)": lambda np, t, x: np.complex128(t),
    "np.float64(x)": lambda np, t, x: np.float64(x),
    "a.flat[0] = t": lambda np, t, x: numpy.zeros(3).flat.__setitem__(0, t),
    "np.poly1d": lambda np, t, x: np.poly1d([t, 1.0])(2.0),
    "np.polynomial.Polynomial": lambda np, t, x: np.polynomial.Polynomial(x)(2.0),
    "np.nditer": lambda np, t, x: list(np.nditer(x)),
    "np.ma.array": lambda np, t, x: np.ma.array(x),
    "np.broadcast": lambda np, t, x: np.broadcast(x, x),
    "np.kaiser": lambda np, t, x: np.kaiser(3, t),
    "np.savetxt": lambda np, t, x: np.savetxt("no_such_folder/file", x),
    "np.array of objects": lambda np, t, x: np.array([t, t], dtype=object),
    "rng.normal(t)": lambda np, t, x: np.random.default_rng(0).normal(t),
    "np.random.normal(x)": lambda np, t, x: np.random.normal(x),
}


@pytest.mark.parametrize("way", NEVER)
@pytest.mark.parametrize("module", [numpy, xgrad.numpy], ids=["numpy", "xgrad.numpy"])
@pytest.mark.filterwarnings("error")
def test_nothing_is_detached(way, module):
    def refused(x):
        with pytest.raises((xg.AutogradError, TypeError, ValueError, UserWarning)):
            NEVER[way](module, x[0] * 1, x * 1)
        return xg.sum(x)

    xg.grad(refused)(numpy.asarray([1.5, 2.0]))
    xg.jvp(refused, (numpy.asarray([1.5, 2.0]),), (numpy.ones(2),))
    refused(xg.tensor([1.5, 2.0], requires_grad=True))
