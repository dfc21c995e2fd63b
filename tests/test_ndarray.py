"""A Tensor has NumPy's attributes and methods, with NumPy's arguments and meaning."""

import inspect
import itertools
import re

import numpy as np
import pytest

import xgrad as xg
from xgrad.ops.numpy.refused import REFUSED

pytestmark = pytest.mark.numpy_only

R = np.random.default_rng(16)
X = R.normal(size=(3, 4))
Z = X + 1j * R.normal(size=(3, 4))

PUBLIC = [name for name in dir(np.ndarray) if not name.startswith("__")]
#: Parameters that NumPy's signature names and a Tensor's does not, or the other way round.
OTHER = {
    "astype": "device is the standard's",
    "clip": "the standard's names of the bounds; NumPy's further arguments are a ufunc's",
    "view": "NumPy shows *args",
    "resize": "refused",
}
#: Documented in NumPy as ``**kwargs``, or shown with the array as ``self``.
KEYWORDS = ("keepdims", "initial", "where", "mean", "correction")


def signature_of(function):
    """Return names and kinds of the parameters after the array; NumPy's first may be by name."""
    _, *parameters = inspect.signature(function).parameters.values()
    return parameters


@pytest.mark.parametrize("name", PUBLIC)
def test_every_attribute_is_there_or_says_what_to_use(name):
    x = xg.asarray(X)
    if name in REFUSED:
        with pytest.raises(AttributeError, match=rf"^{name}: .*(use|always|no fields)"):
            getattr(x, name)
        assert not hasattr(x, name)
        return
    theirs, ours = getattr(np.ndarray, name), getattr(xg.Tensor, name)
    assert callable(theirs) == callable(ours)
    if not callable(theirs) or name in OTHER:
        return
    wanted = [p for p in signature_of(theirs) if p.kind is not p.VAR_KEYWORD]
    found = signature_of(ours)
    leading = [p.name for p in wanted if p.kind < p.VAR_POSITIONAL]
    given = [p.name for p in found if p.kind < p.VAR_POSITIONAL]
    only_by_position = {p.name for p in wanted if p.kind is p.POSITIONAL_ONLY}
    for a, b in itertools.zip_longest(leading, given):
        assert a == b or a in only_by_position or a is None, (leading, given)
        if a is None:  # NumPy takes these as keywords alone
            assert b in KEYWORDS, b
    names = {p.name for p in found}
    assert {p.name for p in wanted if p.kind is p.KEYWORD_ONLY} <= names
    defaults = {p.name: p.default for p in found}
    for p in wanted:
        if p.name in defaults and p.default is not p.empty:
            ours_default = defaults[p.name]
            assert ours_default == p.default or ours_default is np._NoValue, p.name
    assert any(p.kind is p.VAR_POSITIONAL for p in wanted) == any(
        p.kind is p.VAR_POSITIONAL for p in found
    )


def test_what_is_refused_is_an_attribute_of_numpys_arrays():
    assert set(REFUSED) <= set(PUBLIC)


# -- values ---------------------------------------------------------------------------------------

#: Expressions of arrays: x (3, 4), z (complex), v (5,), i (integers), s (no axes).
VALUES = """
x.T; v.T; x.reshape(2, 3, 2).T; s.T; z.conjugate(); x.conjugate()
x.astype('float32'); x.astype('float32', 'C', 'same_kind'); i.astype(float, casting='safe')
x.astype(np.float64, copy=False); x.astype(dtype='int64', order='K', subok=False)
x.copy(); x.copy('F'); x.copy(order='K'); x.T.copy('A'); x.T.copy('C')
x.flatten(); x.flatten('F'); x.T.flatten('K'); x.T.flatten('A'); x.T.flatten(order='C')
x.reshape(2, 3, 2).transpose(1, 2, 0).flatten('K'); x[:, ::-1].flatten('K')
x.reshape(4, 3, order='F'); x.reshape((2, 6)); x.T.reshape(2, 6, order='A'); x.reshape(12)
x.reshape(-1, copy=True); x.reshape(6, -1, order='F', copy=True); s.reshape(1, 1)
x.view(); x.view(np.float64); z.view(float); x.view(complex); x.reshape(2, 3, 2).view(complex)
z.real; z.imag; x.real; x.imag; x.flat[3]; x.flat[-1]; x.flat[2:7:2]; x.flat[[0, 5, 5]]
x.T.flat[1:4]; x.flat[x.flat[:] > 0] if False else x.flat[:]; x.flat.copy(); x.T.flat.copy()
x.flat[np.array([True] * 6 + [False] * 6)]; s.flat[0]; s.flat[:]
divmod(x, 0.7)[0]; divmod(x, 0.7)[1]; divmod(2.5, v)[1]; x.T.T
x.transpose(); x.transpose(1, 0); x.transpose((1, 0)); x.transpose(None); s.transpose()
x.squeeze(); x.swapaxes(0, 1); x.ravel(); x.repeat(2); x.repeat(2, 1); x.take([1, 0], 1)
x + [1.0, 2.0, 3.0, 4.0]; [[2.0], [3], [4]] * x; x - (1, 2, 3, 4); x == [[0], [1], [2]]
v ** [1, 2, 3, 2, 1]; [1.0, 2, 3] @ x; x @ [1, 2, 3, 4]; [0.5, 1, 2, 3] < x; x != (0, 0, 0, 0)
divmod(x, [1.0, 2, 3, 4])[0]; x.astype('float32') * [1.0, 2, 3, 4]; x.round(1); x.round(decimals=2)
x.diagonal(1); x.trace(1); x.compress([True, False, True], 0); x.T.diagonal(offset=-1); x.round()
i.choose([10.0, 20.0, 30.0, 40.0]); x.take([0, 2], axis=1, mode='clip'); x.dot([1.0, 2, 3, 4])
x.cumsum(); x.cumsum(0); x.cumprod(1); x.prod(axis=1); x.std(ddof=1); x.var(0, ddof=1)
x.argsort(0); v.searchsorted(0.1); x.nonzero()[0]; x.clip(-0.5, 0.5); x.dot(x.T); x.max(1)
"""
CALLS = [c.strip() for c in re.split(r"[;\n]", VALUES) if c.strip()]


def arrays():
    return {"x": X, "z": Z, "v": R.normal(size=5), "i": np.arange(4), "s": np.array(0.7)}


@pytest.mark.parametrize("call", CALLS)
def test_values_are_numpys(call):
    plain = arrays()
    expected = np.asarray(eval(call, {"np": np, **plain}))  # noqa: S307
    for tracked in (False, True):
        tensors = {
            n: xg.tensor(a, requires_grad=tracked and a.dtype.kind in "fc")
            for n, a in plain.items()
        }
        found = eval(call, {"np": np, **tensors})  # noqa: S307
        assert type(found) is xg.Tensor
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        np.testing.assert_array_equal(found.detach().numpy(), expected)
        if "diagonal" not in call:
            pairs = zip(found.strides, expected.strides, expected.shape, strict=True)
            assert all(a == b for a, b, n in pairs if n != 1)
        assert (found.itemsize, found.nbytes) == (expected.itemsize, expected.nbytes)


@pytest.mark.parametrize("call", CALLS)
def test_derivatives(call):
    name = re.search(r"\b([xzvs])\b", call)[1] if re.search(r"\b([xzvs])\b", call) else None
    plain = arrays()
    if name is None or plain[name].dtype.kind != "f":
        return

    def f(array):
        out = eval(call, {"np": np, **{n: xg.asarray(a) for n, a in plain.items()}, name: array})  # noqa: S307
        out = xg.astype(xg.real(out), "float64")
        return xg.sum(xg.sin(out) * xg.asarray(np.cos(np.arange(out.size)).reshape(out.shape)))

    if not xg.vjp(f, plain[name])[0].dtype.kind == "f":
        return
    if "int64" in call or "sort" in call or "nonzero" in call:
        return
    xg.testing.check_grads(
        f,
        (plain[name],),
        order=1 if "float32" in call else 2,
        **({"atol": 1e-2, "rtol": 1e-2, "eps": 1e-3} if "float32" in call else {}),
    )


# -- numbers, bytes, memory ------------------------------------------------------------------------


def test_item():
    x = xg.asarray(X)
    assert x.item(5) == X.item(5)
    assert x.item(-1) == X.item(-1)
    assert x.item(1, 2) == X.item(1, 2)
    assert x.item((1, -1)) == X.item((1, -1))
    assert xg.asarray(3.0).item() == 3.0
    assert xg.asarray(3.0).item(0) == 3.0
    for args, error in (
        ((12,), IndexError),
        ((3, 0), IndexError),
        ((0, 0, 0), ValueError),
        ((), ValueError),
    ):
        with pytest.raises(error):
            X.item(*args)
        with pytest.raises(error, match="^item: "):
            x.item(*args)
    with pytest.raises(TypeError, match="indices must be integers"):
        x.item(1.5)


def test_bytes():
    x = xg.asarray(X)
    for order in "CFA":
        assert x.tobytes(order) == X.tobytes(order)
        assert x.T.tobytes(order) == X.T.tobytes(order)
    with pytest.raises(xg.AutogradError, match=r"^tobytes: .*detach"):
        xg.tensor(X, requires_grad=True).tobytes()


def test_base_and_strides():
    x = xg.asarray(X)
    assert x.base is None
    assert x.T.base is x
    assert x.T[1:, ::2].base is x
    assert x.reshape(-1).base is x
    assert (x * 1).base is None
    assert x[1:, ::2].T.strides == X[1:, ::2].T.strides
    assert x[0, 0].base is None
    np.testing.assert_array_equal(x.copy("F").ravel(), X.ravel())
    assert x.copy("F").strides == X.copy("F").strides
    assert x.T.copy().strides == X.T.copy().strides


# -- writes ---------------------------------------------------------------------------------------

#: Statements that change ``x`` (or ``z``); ``a`` and ``b`` are numbers that may be Tensors.
WRITES = """
x.fill(a); x[1].fill(a * b); x.T[0].fill(2); x.real = a; x.real[0] = a; z.real = a; z.imag = b
z.imag[1:] = a; z.real = x * a; x.flat = a; x.flat[5] = a * b; x.flat[-2] = a
x.flat[3:9:2] = x[0, :3] * b; x.T.flat[:5] = a; x.flat[[0, 7]] = b; x.flat[2:8] = x[1] * a
x.T.flat[1] = b; x.flat = x[2] * a; x.reshape(2, 6).flat[3:5] = a; x.sort(); x.sort(0)
x.sort(axis=-1, kind='stable'); x[1:].sort(1); x.T.sort(); x.partition(1); x.partition(1, axis=0)
z.view(float)[0, 0] = a; z.view(float)[:, 1::2] = b; x.view(complex)[0] = a + 2j * b
x.put([0, -1], a); x.put([1, 2], [a, b]); x += [1.0, 2, 3, 4]; x *= [[2], [3], [4]]
x[1:].put([0], b); x.T.put([1, 5], a * b); x.view()[1] = a; x.T[:] = b; x.transpose(1, 0)[0] = a; x.reshape(12)[2] = b
x.view(complex).real[1] = a; x.view(complex).imag = b; z.T.real[0] = a; x[:, :2].flat[1:] = a
"""
STATEMENTS = [c.strip() for c in re.split(r"[;\n]", WRITES) if c.strip()]


def after(statement, names):
    exec(statement, {"np": np, **names})  # noqa: S102


@pytest.mark.parametrize("statement", STATEMENTS)
def test_writes_are_numpys_and_have_derivatives(statement):
    plain = {"x": X.copy(), "z": Z.copy(), "a": 0.3, "b": -1.25}
    after(statement, plain)

    def run(x, z, a, b):
        x, z = x * 1, z * 1
        seen = {"x": x[1], "z": z.T[0]}  # views, which see the write
        after(statement, {"x": x, "z": z, "a": a, "b": b})
        return x, z, seen

    x, z, seen = run(xg.asarray(X), xg.asarray(Z), xg.asarray(0.3), xg.asarray(-1.25))
    np.testing.assert_array_equal(x.numpy(), plain["x"])
    np.testing.assert_array_equal(z.numpy(), plain["z"])
    np.testing.assert_array_equal(seen["x"].numpy(), plain["x"][1])
    np.testing.assert_array_equal(seen["z"].numpy(), plain["z"].T[0])

    def f(x, a, b):
        x, z, seen = run(x, xg.asarray(Z), a, b)
        total = xg.sum(xg.sin(x)) + xg.sum(xg.real(z) * xg.imag(z) ** 2)
        return total + xg.sum(seen["x"] ** 2) + xg.sum(xg.real(seen["z"]) ** 3)

    xg.testing.check_grads(f, (X, 0.3, -1.25), order=2)
    batched = xg.vmap(lambda a, b: run(xg.asarray(X), xg.asarray(Z), a, b)[:2])(
        np.array([0.3, 2.0]), np.array([-1.25, 0.5])
    )
    np.testing.assert_array_equal(batched[0][0], plain["x"])
    np.testing.assert_array_equal(batched[1][0], plain["z"])


# -- errors ---------------------------------------------------------------------------------------

#: Calls that NumPy refuses, or that a Tensor must not accept: what the message says.
ERRORS = {
    "x.fill([1, 2])": "^fill: expected one number",
    "x.astype('int64', casting='safe')": "^astype: cannot cast float64 to int64 by the rule 'safe'",
    "x.astype('int64', casting='none')": "",
    "x.astype('int64', 'Q')": "^astype: order must be",
    "x.flatten('X')": "^flatten: order must be",
    "x.flatten(1)": "^flatten: order must be .*reshape",
    "x.reshape(3, 4, order='K')": "^reshape: order must be one of C, F, A, got 'K'",
    "x.view(2, 6)": "^view: .*reshape",
    "x.view(-1)": "^view: .*reshape",
    "x.view('int64')": "^view: .*astype",
    "x.view(np.ndarray)": "^view: |not understood|TypeError",
    "x[:, :3].view(complex)": "^view: shape",
    "s.view(complex)": "^view: shape",
    "x.flat[12]": "^flat: ",
    "x.flat[1, 2]": "^flat: ",
    "x.flat.__setitem__(1, [1.0, 2.0])": "^flat: expected one number",
    "x.__setattr__('shape', (12,))": "^shape: .*reshape",
    "x.__setattr__('dtype', 'f4')": "^dtype: .*astype",
    "x.__setattr__('imag', 1.0)": "^imag: ",
    "i.view(complex)": "^view: ",
    "w.fill(1.0)": "leaf",
    "w.sort()": "leaf",
    "w.flat.__setitem__(0, 1.0)": "leaf",
}


@pytest.mark.parametrize("call", ERRORS)
def test_errors_say_what_to_use(call):
    names = {n: xg.asarray(a) for n, a in arrays().items()}
    names["w"] = xg.tensor(X, requires_grad=True)
    with pytest.raises((TypeError, ValueError, IndexError, AttributeError, xg.AutogradError)) as e:
        eval(call, {"np": np, **names})  # noqa: S307
    assert re.search(ERRORS[call], str(e.value)), str(e.value)


# -- printing -------------------------------------------------------------------------------------

OPTIONS = [
    {"precision": 2},
    {"suppress": True},
    {"threshold": 5, "edgeitems": 1},
    {"linewidth": 30},
    {"sign": "+"},
    {"floatmode": "fixed", "precision": 3},
    {"formatter": {"float": "{:.1e}".format}},
    {"nanstr": "missing", "infstr": "infinite"},
    {"legacy": "1.13"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: next(iter(o)))
def test_repr_honours_numpys_options(options):
    samples = [X, X * 1e-9, np.array([np.nan, np.inf, 1.0]), np.arange(30.0), np.array(0.123456789)]
    with np.printoptions(**options):
        for a in samples:
            body = re.sub(r"\s+", " ", np.array2string(a, separator=", ", prefix="Tensor("))
            assert re.sub(r"\s+", " ", repr(xg.asarray(a))) == f"Tensor({body})"
            lines = repr(xg.asarray(a)).splitlines()
            limit = options.get("linewidth", 75)
            assert all(len(line) <= limit for line in lines)


def test_flat_is_an_iterator():
    x = xg.asarray(X)
    assert [float(e) for e in x.flat] == X.ravel().tolist()
    assert len(x.flat) == 12
    it = x.flat
    next(it)
    assert (it.index, it.coords, it.base is x) == (1, (0, 1), True)
    np.testing.assert_array_equal(np.asarray(x.flat), X.ravel())
    assert list(xg.asarray([]).flat) == []
    g = xg.grad(lambda x: sum(e * e for e in x.flat))(X)
    np.testing.assert_allclose(g, 2 * X)
