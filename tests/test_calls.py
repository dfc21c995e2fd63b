"""How functions are called: positions, names, and errors about calls that do not fit."""

import inspect
import operator

import numpy as np
import pytest

import xgrad as xg
from xgrad.calls import checked

pytestmark = pytest.mark.numpy_only

PUBLIC = {"xgrad": xg, "xgrad.linalg": xg.linalg, "xgrad.fft": xg.fft, "xgrad.special": xg.special}
FUNCTIONS = [
    (f"{module}.{name}", getattr(namespace, name))
    for module, namespace in PUBLIC.items()
    for name in namespace.__all__
    if callable(getattr(namespace, name)) and not inspect.isclass(getattr(namespace, name))
]
#: NumPy's names of functions of the standard.
RENAMED = {"concat": "concatenate", "pow": "power", "bitwise_invert": "invert"}


def numpys_signature(name):
    """Return the parameters of NumPy's function of the same name, or None."""
    path = name.removeprefix("xgrad.")
    path = RENAMED.get(path, path)
    try:
        function = operator.attrgetter(path)(np)
        return list(inspect.signature(function).parameters.values())
    except (AttributeError, TypeError, ValueError):
        return None


def by_position(parameters):
    return [p for p in parameters if p.kind < p.VAR_POSITIONAL]


#: Positions that differ, with the reason.
OTHER = {
    "xgrad.pad": "NumPy's further arguments depend on the mode",
    "xgrad.clip": "NumPy has a_min and a_max there, which np.clip takes",
    "xgrad.fft.fftfreq": "the standard's device is a keyword",
    "xgrad.fft.rfftfreq": "the standard's device is a keyword",
}


def compared():
    for name, function in FUNCTIONS:
        theirs = numpys_signature(name)
        ours = list(inspect.signature(function).parameters.values())
        if theirs and name not in OTHER and all(p.kind is not p.VAR_POSITIONAL for p in ours):
            yield pytest.param(ours, theirs, id=name)


@pytest.mark.parametrize(("ours", "theirs"), list(compared()))
def test_positions_are_numpys(ours, theirs):
    """What may be positional means what it means in NumPy; what NumPy takes so, xgrad does too."""
    leading, named = by_position(theirs), {p.name for p in theirs}
    given = by_position(ours)
    for i, p in enumerate(given):
        if p.default is not p.empty and p.name in named and i < len(leading):
            assert leading[i].name == p.name
    keyword_only = {p.name for p in ours if p.kind is p.KEYWORD_ONLY}
    if len(leading) > len(given):
        assert leading[len(given)].name not in keyword_only


def test_many_were_compared():
    assert len(list(compared())) > 120


@pytest.mark.parametrize(("name", "function"), FUNCTIONS, ids=[name for name, _ in FUNCTIONS])
def test_signatures_are_true(name, function):
    """Every parameter that a signature shows by name can be passed so, and an unknown one cannot."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return
    first = [p for p in parameters if p.kind is p.POSITIONAL_ONLY]
    named = {p.name: None for p in parameters if p not in first}
    with pytest.raises(TypeError) as caught:
        function(*[None] * len(first), **named, there_is_none=1)
    text = str(caught.value)
    assert "unexpected argument 'there_is_none'" in text
    head = text.partition("(")[0]
    assert head.rpartition(".")[2] == name.rpartition(".")[2] or head.startswith("xgrad.")
    assert operator.attrgetter(head.removeprefix("xgrad."))(xg) is function
    assert "<lambda>" not in text
    with pytest.raises(TypeError, match="by position, got"):
        function(*[None] * (len(parameters) + 1))
    if any(p.default is p.empty for p in parameters):
        with pytest.raises(TypeError, match="argument '.*' is missing"):
            function()


W = np.array([[1.0, 2.0], [3.0, 5.0]])
CALLS = {
    "sum(x, 0)": "sum(x, axis=0)",
    "sum(x=x)": "sum(x)",
    "where(x > 1)[1]": "nonzero(x > 1)[1]",
    "where(condition=x > 1)[0]": "nonzero(x > 1)[0]",
    "std(x, ddof=1, axis=0)": "std(x, correction=1, axis=0)",
    "var(x, 0, ddof=0)": "var(x, axis=0)",
    "sum(axis=1, x=x)": "sum(x, axis=1)",
    "sum(x, 0, 'float32')": "sum(x, axis=0, dtype='float32')",
    "mean(x, (0, 1))": "mean(x)",
    "argmax(x, 1)": "argmax(x, axis=1)",
    "sort(x, 0)": "sort(x, axis=0)",
    "roll(x, 1, 0)": "roll(x, 1, axis=0)",
    "roll(x=x, shift=1, axis=0)": "roll(x, 1, axis=0)",
    "concat([x, x], 1)": "concat([x, x], axis=1)",
    "stack(arrays=[x, x], axis=1)": "stack([x, x], axis=1)",
    "expand_dims(x=x, axis=0)": "expand_dims(x, 0)",
    "tensordot(x, x, 1)": "tensordot(x, x, axes=1)",
    "take(x, i, 1)": "take(x, i, axis=1)",
    "repeat(x, 2, 0)": "repeat(x, 2, axis=0)",
    "diff(x, 1, 0)": "diff(x, axis=0, n=1)",
    "cumulative_sum(x, 0)": "cumulative_sum(x, axis=0)",
    "linspace(0, 1)": "linspace(0, 1, 50)",
    "linspace(0, 1, 5, False)": "linspace(0, 1, num=5, endpoint=False)",
    "var(x, 0)": "var(x, axis=0)",
    "moveaxis(x, source=0, destination=1)": "moveaxis(x, 0, 1)",
    "reshape(x, shape=(4,))": "reshape(x, (4,))",
    "where(condition=x > 1, x1=x, x2=0.0)": "where(x > 1, x, 0.0)",
    "clip(x, min=1.5, max=2)": "clip(x, 1.5, 2)",
    "add(x1=x, x2=x)": "add(x, x)",
    "add(x, x2=2.0)": "add(x, 2.0)",
    "matmul(x1=x, x2=x)": "x @ x",
    "eye(2, 3, 1)": "eye(2, 3, k=1)",
    "zeros((2,), 'float32')": "zeros((2,), dtype='float32')",
    "tril(x, 1)": "tril(x, k=1)",
    "linalg.svd(x, False)": "linalg.svd(x, full_matrices=False)",
    "linalg.vector_norm(x, 1)": "linalg.vector_norm(x, axis=1)",
    "linalg.solve(x1=x, x2=x)": "linalg.solve(x, x)",
    "fft.fft(x, 4, 0)": "fft.fft(x, n=4, axis=0)",
    "special.gammainc(a=x, x=2.0)": "special.gammainc(x, 2.0)",
}


@pytest.mark.parametrize("call", CALLS)
def test_arguments_by_position_and_by_name(call):
    def run(source, x):
        names = {name: getattr(xg, name) for name in xg.__all__}
        return eval(source, names | {"x": x, "i": xg.asarray([1, 0])})  # noqa: S307

    def arrays(x, source):
        out = run(source, x)
        return list(out) if isinstance(out, tuple) else [out]

    w = xg.tensor(W, requires_grad=True)
    for one, other in zip(arrays(w, call), arrays(w, CALLS[call]), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one.detach().numpy(), other.detach().numpy())
    with xg.amp.autocast():  # which converts arrays
        for one, other in zip(arrays(w, call), arrays(w, CALLS[call]), strict=True):
            assert one.dtype == other.dtype
    if arrays(w, call)[0].requires_grad and "svd" not in call and "gammainc" not in call:
        first, second = (
            xg.grad(lambda x, s=s: xg.sum(xg.real(run(s, x) ** 2)))(W) for s in (call, CALLS[call])
        )
        np.testing.assert_array_equal(first, second)


WRONG = {
    "sum()": "xgrad.sum(x, axis=None, dtype=None, *, keepdims=False): argument 'x' is missing",
    "sum(x, axes=0)": "unexpected argument 'axes'; did you mean 'axis'?",
    "where(x > 1, x)": "xgrad.where(condition, x1, x2): argument 'x2' is missing",
    "where()": "xgrad.where(condition, x1, x2): argument 'condition' is missing",
    "sum(x, dim=0)": "unexpected argument 'dim'; did you mean 'axis'?",
    "sum(x, 0, None, True)": "takes 3 arguments by position, got 4; pass keepdims by name",
    "sum(x, 0, axis=0)": "argument 'axis' is passed twice, by position and by name",
    "max(x, keepdim=True)": "unexpected argument 'keepdim'; did you mean 'keepdims'?",
    "std(x, unbiased=True)": "unexpected argument 'unbiased'; did you mean 'correction'?",
    "matmul(x)": "xgrad.matmul(x1, x2): argument 'x2' is missing",
    "add(x, x, x)": "xgrad.add(x1, x2): takes 2 arguments by position, got 3",
    "add(x)": "xgrad.add(x1, x2): argument 'x2' is missing",
    "add(x2=x)": "xgrad.add(x1, x2): argument 'x1' is missing",
    "add(1.0)": "argument 'x2' is missing",
    "sin(x, out=x)": "xgrad.sin(x): unexpected argument 'out'; functions of xgrad return new",
    "where(x > 0, x)": "xgrad.where(condition, x1, x2): argument 'x2' is missing",
    "concat([x], axes=0)": "xgrad.concat(arrays, axis=0): unexpected argument 'axes'",
    "linalg.svd(x, full_matrix=1)": "did you mean 'full_matrices'?",
    "linalg.det()": "xgrad.linalg.det(x): argument 'x' is missing",
    "special.gammainc(x)": "xgrad.special.gammainc(a, x): argument 'x' is missing",
    "grad(sum, argnumbers=0)": "unexpected argument 'argnumbers'; did you mean 'argnums'?",
    "vmap(sum, in_axis=0)": "unexpected argument 'in_axis'; did you mean 'in_axes'?",
    "hessian()": "xgrad.hessian(f, argnums=0, has_aux=False, *, holomorphic=False",
    "autograd.backward()": "xgrad.autograd.backward(",
}


@pytest.mark.parametrize("call", WRONG)
@pytest.mark.parametrize("tracked", [True, False])
def test_calls_that_do_not_fit(call, tracked):
    names = {name: getattr(xg, name) for name in xg.__all__}
    names["x"] = xg.tensor(W, requires_grad=tracked)
    with pytest.raises(TypeError) as caught:
        eval(call, names)  # noqa: S307
    assert WRONG[call] in str(caught.value)


def test_arguments_by_name_inside_transforms():
    x = xg.asarray(W)
    by_name = xg.vmap(lambda x: xg.add(x1=x, x2=xg.sum(x=x, axis=0)))(x)
    np.testing.assert_array_equal(by_name.numpy(), W + W.sum(1, keepdims=True))
    with pytest.raises(TypeError, match=r"xgrad.sum\(.*did you mean 'axis'"):
        xg.vmap(lambda x: xg.sum(x, axes=0))(x)
    with pytest.raises(TypeError, match=r"xgrad.add\(x1, x2\): argument 'x2' is missing"):
        xg.vmap(xg.add)(x)


def test_errors_inside_a_function_are_its_own():
    @checked
    def f(x, scale=1.0):
        return x.there_is_none(scale)

    with pytest.raises(AttributeError, match="there_is_none"):
        f(3)
    with pytest.raises(TypeError, match=r"^f\(x, scale=1.0\): unexpected argument 'scales'"):
        f(3, scales=2.0)


@pytest.mark.parametrize("call", ["x.sum(axes=0)", "x.flatten('C', 1)", "x.copy(3, 4)", "x.fill()"])
def test_methods_name_themselves(call):
    x = xg.asarray(W)
    with pytest.raises(TypeError, match=r"^(xgrad|Tensor)\.\w+\(.*\): "):
        eval(call, {"x": x})  # noqa: S307
