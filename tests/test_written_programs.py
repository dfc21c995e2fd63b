"""Random programs that write with keys of every kind: derivatives in every mode, one by one.

The programs of `tests.test_numpy_programs` in float64, written with values that depend on the
input; the derivative along a direction is compared with finite differences of NumPy's run.
"""

import operator

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host, raw
from tests.test_numpy_programs import VIEWS, Draw

pytestmark = pytest.mark.numpy_only

IN_PLACE = {"+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv}
KINDS = ("get", "get", "set", "set", "update", "view", "in place", "from", "swap")
NAMES = [name for name in VIEWS if name not in ("real", "imag")]


def _array(x):
    return x if isinstance(x, np.ndarray) else np.array(x)


def _program(seed):
    """Return an input and steps that NumPy can execute."""

    draw = Draw(seed)
    shape = tuple(1 + draw.below(3) for _ in range(1 + draw.below(3)))
    arrays, steps = [np.zeros(shape)], []
    for _ in range(1 + draw.below(6)):
        kind, i, place = draw.one(KINDS), draw.below(len(arrays)), draw.below(np.prod(shape))
        x = arrays[i]
        key = draw.key(x.shape)
        try:
            part = x[key]
            if kind == "get":
                arrays.append(_array(part))
                step = (key,)
            elif kind == "view":
                name, axis = draw.one(NAMES), draw.below(max(x.ndim, 1))
                arrays.append(_array(VIEWS[name](np, x, axis)))
                step = (name, axis)
            elif kind == "from":
                j = draw.below(len(arrays))
                np.broadcast_to(arrays[j], np.shape(part))
                step = (key, j)
            elif kind == "swap":
                step = (draw.below(len(x)), draw.below(len(x)))
            else:
                step = (key, place, draw.one(list(IN_PLACE)))
        except (IndexError, ValueError, TypeError):
            continue
        steps.append((kind, i, *step))
    return 0.3 + draw.rng.random(shape), steps


def _run(m, w, steps):
    arrays = [m.sin(w) + w * w]
    for kind, i, *step in steps:
        x = arrays[i]
        if kind == "get":
            arrays.append(_array(x[step[0]]) if m is np else x[step[0]])
        elif kind == "view":
            out = VIEWS[step[0]](m, x, step[1])
            arrays.append(_array(out) if m is np else out)
        elif kind == "from":
            x[step[0]] = arrays[step[1]]
        elif kind == "swap":
            first, second = step
            a, b = x[first], x[second]
            x[first] = b
            x[second] = a
        else:
            key, place, symbol = step
            v = m.cos(m.reshape(w, (-1,))[place]) + 2.0
            if kind == "set":
                x[key] = 3.0 * v
            elif kind == "update":
                x[key] = IN_PLACE[symbol](x[key], v)
            else:
                arrays[i] = IN_PLACE[symbol](x, v)
    return arrays


def _loss(m, w, steps):
    total = 0.0
    for k, x in enumerate(_run(m, w, steps)):
        total = total + (k + 1) * m.sum(x * m.cos(x))
    return total


def _eager(f, w, v):
    leaf = xg.tensor(w, requires_grad=True)
    f(leaf).backward()
    return xg.sum(leaf.grad * v).item()


ROADS = {
    "eager": _eager,
    "grad": lambda f, w, v: np.sum(xg.grad(f)(w) * v),
    "jvp": lambda f, w, v: xg.jvp(f, (w,), (v,))[1],
    "linearize": lambda f, w, v: xg.linearize(f, w)[1](v),
    "vmap(grad)": lambda f, w, v: np.sum(xg.vmap(xg.grad(f))(np.stack([0.9 * w, w]))[1] * v),
    "checkpoint": lambda f, w, v: np.sum(xg.grad(xg.checkpoint(lambda x: f(x * 1.0)))(w) * v),
}


@pytest.mark.parametrize("road", ROADS)
def test_derivatives_of_programs_that_write(road):
    for seed in range(40):
        w, steps = _program(seed)
        v = np.cos(np.arange(w.size)).reshape(w.shape)
        above, below = (_loss(np, w + sign * 1e-6 * v, steps) for sign in (1, -1))
        expected = (above - below) / 2e-6
        found = ROADS[road](lambda x, steps=steps: _loss(xg, x, steps), w, v)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4, err_msg=f"{seed} {steps}")


def test_a_part_of_complex_numbers_written_under_vmap():
    def f(x, v):
        part = xg.imag(x)
        part += v
        return x

    x = np.asarray([[[1.0 + 2j, 3.0], [0.5, 1j]], [[2.0, 1.0], [1.0 - 1j, 0.0]]])
    v = np.asarray([[0.5, 1.0], [2.0, 3.0]])
    np.testing.assert_allclose(host(xg.vmap(f)(raw(x), raw(v))), x + 1j * v[:, None])
