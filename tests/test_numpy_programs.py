"""Random programs of keys, writes, views and operators: every array equals NumPy's.

Arrays of ten dtypes are read, written, viewed and combined, in both libraries with the same
steps. Values, shapes and dtypes of all arrays must agree after every step, and errors of one
library must be errors of the other, except for a few intended differences (`_is_meant`).
"""

import operator
import warnings

import numpy as np
import pytest

import xgrad as xg

pytestmark = pytest.mark.numpy_only

DTYPES = ("f8", "f4", "f2", "i8", "i4", "i1", "u1", "?", "c16", "c8")
OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "&": operator.and_, "|": operator.or_, "^": operator.xor, "<": operator.lt,
    "==": operator.eq, "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
IN_PLACE = {
    "+=": operator.iadd, "-=": operator.isub, "*=": operator.imul, "/=": operator.itruediv,
    "//=": operator.ifloordiv, "%=": operator.imod, "&=": operator.iand, "|=": operator.ior,
}  # fmt: skip
VIEWS = {
    "ravel": lambda m, x, a: x.ravel(),
    "flatten": lambda m, x, a: x.flatten(),
    "copy": lambda m, x, a: x.copy(),
    "squeeze": lambda m, x, a: x.squeeze(),
    "reshape": lambda m, x, a: m.reshape(x, (*x.shape[::-1], 1)),
    "permute": lambda m, x, a: m.permute_dims(x, tuple(range(x.ndim))[::-1]),
    "swapaxes": lambda m, x, a: m.swapaxes(x, a, -1) if x.ndim else x,
    "moveaxis": lambda m, x, a: m.moveaxis(x, a, 0) if x.ndim else x,
    "flip": lambda m, x, a: m.flip(x, axis=a if x.ndim else None),
    "expand": lambda m, x, a: m.expand_dims(x, axis=a),
    "real": lambda m, x, a: m.real(x),
    "imag": lambda m, x, a: m.imag(x) if x.dtype.kind == "c" else x,
    "mT": lambda m, x, a: x.mT if x.ndim > 1 else x,
    "unstack": lambda m, x, a: m.unstack(x, axis=a)[0] if x.ndim and x.shape[a] else x,
}
NUMBERS = (1, 2.5, True, 3 + 1j, -1, 300, np.float32(1.5), np.int64(2), np.complex128(1j),
           np.bool_(1), np.float64(2.25), np.uint8(7))  # fmt: skip


class Draw:
    """Draws random parts of programs."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def below(self, n):
        return int(self.rng.integers(n))

    def chance(self, p):
        return self.rng.random() < p

    def one(self, options):
        return options[self.below(len(options))]

    def shape(self):
        return tuple(0 if self.chance(0.05) else 1 + self.below(3) for _ in range(self.below(4)))

    def array(self, shape, dtype=None):
        dtype = np.dtype(dtype or self.one(DTYPES))
        x = self.rng.integers(0, 5, shape)
        x = x + 1j * self.rng.integers(0, 3, shape) if dtype.kind == "c" else x
        return np.asarray(x).astype(dtype)

    def slice(self, n):
        bound = [None if self.chance(0.4) else self.below(2 * n + 3) - n - 1 for _ in range(2)]
        return slice(*bound, self.one((None, 1, 2, -1, -2)))

    def part(self, n):
        if not n or self.chance(0.3):
            return self.slice(n)
        integers = lambda *shape: self.rng.integers(-n, n, shape)  # noqa: E731
        return self.one(
            (
                lambda: self.below(2 * n) - n,
                lambda: self.below(2 * n + 2) - n - 1,  # may be out of bounds
                lambda: np.int64(self.below(n)),
                lambda: np.asarray(self.below(n)),
                lambda: integers(self.below(4)),
                lambda: integers(2, 1),
                lambda: integers(2).tolist(),
                lambda: np.abs(integers(2)).astype("u1") % n,
                lambda: self.rng.random(n) < 0.5,
                lambda: (self.rng.random(n) < 0.5).tolist(),
            )
        )()

    def key(self, shape):
        if self.chance(0.06):
            return self.rng.random(shape) < 0.5
        if self.chance(0.03):
            return self.one((np.True_, np.asarray(False), ()))
        parts, axis, has_ellipsis = [], 0, False
        while axis < len(shape) and not self.chance(0.1):
            if self.chance(0.1):
                parts.append(None)
            elif self.chance(0.1) and not has_ellipsis:
                has_ellipsis = True
                parts.append(Ellipsis)
                axis += self.below(len(shape) - axis + 1)
            else:
                parts.append(self.part(shape[axis]))
                axis += 1
        return parts[0] if len(parts) == 1 and self.chance(0.6) else tuple(parts)

    def value(self, shape, dtype):
        if self.chance(0.35):
            return self.one(NUMBERS)
        lengths = [1 if self.chance(0.2) else n for n in shape]
        if self.chance(0.2):
            lengths = lengths[1:]
        if self.chance(0.1):
            lengths = [1, *lengths]
        if self.chance(0.05):
            lengths = [*lengths, 2]
        return self.array(tuple(lengths), dtype if self.chance(0.6) else None)


def _tensors(key):
    """Return a key with its arrays as Tensors."""
    parts = key if isinstance(key, tuple) else (key,)
    parts = tuple(xg.asarray(k) if isinstance(k, np.ndarray) and k.ndim else k for k in parts)
    return parts if isinstance(key, tuple) else parts[0]


def _try(step):
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return step(), None
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        return None, error


def _is_meant(ours, numpys):
    """Whether an error of only one library is an intended difference."""
    if (
        numpys is not None
    ):  # NumPy is strict about the shape of a value for a mask, and for a number
        words = (
            "boolean array indexing assignment",
            "with a sequence",
            "Python scalars",
            "read-only",
        )
        return any(word in str(numpys) for word in words)
    return any(
        word in str(ours)
        for word in ("imaginary parts", "put a complex number", "of shape", "'positive'")
    )


def _step(draw, arrays, tensors, log):
    """Run one random step in both libraries; return the errors."""
    i = draw.below(len(arrays))
    x, t = arrays[i], tensors[i]
    kind = draw.one(("get", "get", "set", "set", "view", "view", "in place", "operator"))
    if kind in ("get", "set"):
        key = draw.key(x.shape)
        ours = _tensors(key) if draw.chance(0.5) else key
    if kind == "get":
        log.append(f"x{len(arrays)} = x{i}[{key!r}]")
        (a, e1), (b, e2) = _try(lambda: x[key]), _try(lambda: t[ours])
    elif kind == "set":
        selected, _ = _try(lambda: np.shape(x[key]))
        v = draw.value(selected or (), x.dtype)
        w = xg.asarray(v) if isinstance(v, np.ndarray) and draw.chance(0.5) else v
        if draw.chance(0.2):
            j = draw.below(len(arrays))
            v, w = arrays[j], tensors[j]
        log.append(f"x{i}[{key!r}] = {v!r}")
        (_, e1), (_, e2) = _try(lambda: x.__setitem__(key, v)), _try(lambda: t.__setitem__(ours, w))
        return e1, e2
    elif kind == "view":
        name, axis = draw.one(list(VIEWS)), draw.below(max(x.ndim, 1))
        log.append(f"x{len(arrays)} = {name}(x{i}, {axis})")
        (a, e1), (b, e2) = (
            _try(lambda: VIEWS[name](np, x, axis)),
            _try(lambda: VIEWS[name](xg, t, axis)),
        )
    else:
        table = IN_PLACE if kind == "in place" else OPERATORS
        symbol, v = draw.one(list(table)), draw.value(x.shape, x.dtype)
        order = kind == "operator" and draw.chance(0.4)
        log.append(f"x{i} {symbol} {v!r}, reflected: {order}")
        pairs = ((v, x), (v, t)) if order else ((x, v), (t, v))
        (a, e1), (b, e2) = (_try(lambda p=p: table[symbol](*p)) for p in pairs)
        if kind == "in place":
            return e1, e2
    if e1 is None and e2 is None:
        number = not isinstance(
            a, np.ndarray
        )  # it does not change: the programs go on with an array
        arrays.append(np.array(a) if number else a)
        tensors.append(xg.asarray(np.asarray(b)) if number else b)
    return e1, e2


def _run(seed):
    draw = Draw(seed)
    x = draw.array(draw.shape())
    arrays, tensors, log = [x.copy()], [xg.asarray(x.copy())], [f"x0 = {x!r}"]
    for _ in range(1 + draw.below(6)):
        before = [a.copy() for a in arrays]
        numpys, ours = _step(draw, arrays, tensors, log)
        if (numpys is None) != (ours is None):
            assert _is_meant(ours, numpys), (log, numpys, ours)
            return
        if numpys is not None and any(
            not np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
            for a, b in zip(arrays, before, strict=False)
        ):
            return  # NumPy had already written a part when it raised
        for a, t in zip(arrays, tensors, strict=True):
            found = np.asarray(t)
            assert (found.shape, found.dtype) == (a.shape, a.dtype), log
            np.testing.assert_allclose(
                found, a, rtol=1e-2 if a.dtype == "f2" else 1e-5, err_msg=str(log)
            )


@pytest.mark.parametrize("block", range(8))
def test_programs_of_keys_writes_views_and_operators_are_numpys(block):
    for seed in range(150):
        _run((block, seed))


FUNCTIONS = (
    "add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "arctan2", "hypot", "logaddexp",
    "copysign", "remainder", "floor_divide", "fmax", "nextafter", "equal", "less", "logical_and",
    "bitwise_and", "left_shift",
)  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numbers_with_arrays_have_numpys_dtypes(name):
    f = getattr(np, name)
    numbers = (*NUMBERS, 1.0, 2.0, np.float16(2), np.asarray(2.0), np.asarray(2, "i1"))
    for dtype in DTYPES:
        x = np.full(3, 1, dtype) if dtype == "?" else np.full(3, 20, dtype)
        for number in numbers:
            for args in ((x, number), (number, x)):
                ours = [xg.asarray(v) if v is x else v for v in args]
                expected, refused = _try(lambda args=args: f(*args))
                found, error = _try(lambda ours=ours: f(*ours))
                if name == "logaddexp" and "c" in (x.dtype.kind, np.asarray(number).dtype.kind):
                    continue  # xgrad also supports complex numbers
                assert (refused is None) == (error is None), (dtype, number, refused, error)
                small = dtype in ("i1", "u1", "?") and np.asarray(number).dtype.itemsize < 4
                if refused is None and not (small and expected.dtype == "f2"):  # xgrad's are wider
                    assert np.asarray(found).dtype == expected.dtype, (dtype, args)
                    tolerance = 1e-2 if expected.dtype in ("f2", "c8") else 1e-5
                    np.testing.assert_allclose(np.asarray(found), expected, rtol=tolerance)


def test_linspace_of_integers_does_not_wrap_around():
    for first in (2, np.uint8(2), np.asarray(2, "u1"), 300, -1, True, np.True_):
        for last in (np.asarray(1, "u1"), np.asarray([1, 9], "i2"), np.asarray(True)):
            expected = np.linspace(first, last, 3)
            np.testing.assert_allclose(
                np.asarray(np.linspace(first, xg.asarray(last), 3)), expected
            )
    x = np.asarray([1, 4], "f4")
    assert np.percentile(xg.asarray(x), 30).dtype == np.percentile(x, 30).dtype == np.float32
