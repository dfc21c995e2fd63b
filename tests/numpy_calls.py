"""Calls of NumPy's functions on Tensors, and what is checked of each.

A table (``CALLS`` of the files `tests.numpy_calls_*`) lists calls as text, by the function's name below
``np``. ``"(x, axis=0)"`` under ``"flip"`` is ``np.flip(x, axis=0)``; text that does not start with ``(``
is a whole expression, after statements that end with ``;``. Small letters are arrays that become Tensors
(`ARRAYS`), capital letters the same numbers as plain arrays. A comment has flags::

    "flip": ["(x)", "(x, axis=0)"],
    "put": ["a = x * 1; np.put(a, [0, 2], v); a  # no vmap"],

Every call is compared with NumPy's: values, dtypes and shapes. Its derivatives by all letters of
float64 and complex128 are checked in both modes and second order (not with the flag ``constant``, of
``first order`` once), and it is vectorised (not with ``no vmap``). ``numpy only`` are calls with NumPy's
promotion of dtypes, and with arrays that a call itself makes.
"""

import ast
import importlib
import importlib.util
import re
import zlib

import numpy as np

import xgrad as xg
from tests.environment import NAME, host, raw

_RNG = np.random.default_rng(7)


def _draw(*shape):
    return _RNG.uniform(0.3, 1.7, shape) * _RNG.choice([-1.0, 1.0], shape)


ARRAYS = {
    "x": _draw(2, 3), "y": _draw(2, 3), "v": _draw(3), "u": _draw(3), "m": _draw(3, 3), "t": _draw(2, 3, 4),
    "s": _draw(), "r": _draw(), "e": np.zeros((0, 3)), "z": _draw(2, 3) + 1j * _draw(2, 3),
    "c": _draw(3) + 1j * _draw(3), "p": _RNG.uniform(0.2, 0.9, (2, 3)), "q": np.asarray([0.1, 0.4, 0.8]),
    "f": _draw(2, 3).astype("f4"), "g": _draw(3).astype("f4"), "i": np.asarray([[3, 0, 2], [-1, 5, 0]]),
    "j": np.asarray([2, 0, 1]), "b": np.asarray([[True, False, True], [False, False, True]]),
    "o": np.asarray([True, False, True]), "n": np.asarray([1.5, np.nan, -2.0]), "h": np.asarray([0.5, np.inf, -np.inf]),
}  # fmt: skip
CONSTANTS = {name.upper(): array for name, array in ARRAYS.items()}
#: The same on the session's backend: libraries do not mix.
MOVED = {name: raw(array) for name, array in CONSTANTS.items()}


def modules():
    """Yield NumPy itself, whose protocols call xgrad, and xgrad's module with NumPy's names."""
    yield np
    if importlib.util.find_spec("xgrad.numpy"):
        yield importlib.import_module("xgrad.numpy")


def program(name, text):
    """Return compiled statements, the compiled expression, its letters and the flags of a call."""
    body, _, comment = text.partition("#")
    body = body.strip()
    body = f"np.{name}{body}" if body.startswith("(") else body
    *statements, last = ast.parse(body.replace("; ", "\n")).body
    names = [n.id for n in ast.walk(ast.parse(body.replace("; ", "\n"))) if isinstance(n, ast.Name)]
    letters = sorted(set(names) & set(ARRAYS))
    flags = {flag.strip() for flag in comment.split(",") if flag.strip()}
    return (
        compile(ast.Module(statements, []), text, "exec"),
        compile(ast.Expression(last.value), text, "eval"),
        letters,
        flags,
    )


def run(compiled, module, arrays):
    """Run a call over a module with arrays for the letters."""
    statements, expression, *_ = compiled
    constants = CONSTANTS if any(type(x) is np.ndarray for x in arrays.values()) else MOVED
    scope = {**constants, "np": module, **arrays}
    exec(statements, scope)  # noqa: S102 - the tables are programs
    return eval(expression, scope)  # noqa: S307


def leaves(result):
    """Return the arrays, numbers and other objects of a result, in order."""
    if isinstance(result, tuple | list):
        return [leaf for part in result for leaf in leaves(part)]
    return [result]


def is_array(x):
    return hasattr(x, "dtype") and hasattr(x, "shape") and not isinstance(x, type)


def same(found, expected, what, exact=False):
    """Compare two results: arrays by value, dtype and shape, other objects by equality."""
    ours, theirs = leaves(found), leaves(expected)
    assert len(ours) == len(theirs), (what, found, expected)
    for a, b in zip(ours, theirs, strict=True):
        if not is_array(b):
            assert not is_array(a), (what, a, b)
            assert a == b or (a != a and b != b), (what, a, b)
            continue
        assert is_array(a), (what, a, b)
        a, b = host(a), np.asarray(b)
        assert a.shape == b.shape, (what, a.shape, b.shape)
        assert a.dtype == b.dtype, (what, a.dtype, b.dtype)
        single = b.dtype.name in ("float32", "complex64")
        tolerance = 0 if exact and NAME == "numpy" else 2e-6 if single else 1e-13
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=str(what))


def check_value(name, text, exact=False):
    compiled = program(name, text)
    letters = compiled[2]
    with np.errstate(all="ignore"):
        expected = run(compiled, np, {n: ARRAYS[n].copy() for n in letters})
        for module in modules():
            tensors = {n: xg.asarray(raw(ARRAYS[n])) for n in letters}
            same(run(compiled, module, tensors), expected, text, exact)


def _differentiable(compiled):
    return [n for n in compiled[2] if ARRAYS[n].dtype.name in ("float64", "complex128")]


def _floats(result):
    return [x for x in leaves(result) if is_array(x) and np.dtype(x.dtype).kind in "fc"]


def check_derivatives(name, text):
    compiled = program(name, text)
    flags, letters = compiled[3], _differentiable(compiled)
    module = list(modules())[-1 if zlib.crc32(text.encode()) % 2 else 0]
    constants = {n: xg.asarray(raw(ARRAYS[n])) for n in compiled[2]}

    def f(*arrays):
        return _floats(
            run(compiled, module, {**constants, **dict(zip(letters, arrays, strict=True))})
        )

    args = tuple(xg.asarray(raw(ARRAYS[n])) for n in letters)
    with np.errstate(all="ignore"):
        if "constant" in flags or not letters or not f(*args):
            tracked = [x.copy().requires_grad_() for x in args]
            assert not any(type(x) is xg.Tensor and x.requires_grad for x in f(*tracked))
            return
        if any(np.dtype(x.dtype).name in ("float32", "complex64") for x in f(*args)):
            xg.testing.check_grads(f, args, order=1, atol=5e-2, rtol=5e-2, eps=1e-2)
        else:
            order = 1 if "first order" in flags else 2
            xg.testing.check_grads(f, args, order=order, atol=3e-6)


def check_vmap(name, text):
    compiled = program(name, text)
    letters, flags = compiled[2], compiled[3]
    if "no vmap" in flags or not letters:
        return
    examples = []
    for n in letters:
        array = ARRAYS[n]
        other = array[..., ::-1] if array.dtype.kind in "ib" else array * 0.75
        examples.append(np.stack([array, other]).astype(array.dtype))

    def f(*arrays):
        out = leaves(run(compiled, np, dict(zip(letters, arrays, strict=True))))
        return [x for x in out if type(x) is xg.Tensor]

    with np.errstate(all="ignore"):
        found = xg.vmap(f)(*map(raw, examples))
        for i in range(2):
            want = f(*(xg.asarray(raw(x[i])) for x in examples))
            assert len(found) == len(want)
            for a, b in zip(found, want, strict=True):
                np.testing.assert_allclose(host(a)[i], host(b), rtol=1e-6, atol=1e-12, err_msg=text)


def cases(calls):
    """Return pairs of a name and a call, for `pytest.mark.parametrize`, with readable ids."""
    pairs = [
        (name, text)
        for name, texts in calls.items()
        for text in texts
        if NAME == "numpy" or "numpy only" not in text
    ]
    return pairs, [f"{name}{re.sub(r'[^ -~]', '', text)}"[:80] for name, text in pairs]
