"""Programs written for NumPy are differentiable unchanged: under both imports.

Each of `tests.numpy_programs` runs under ``import xgrad.numpy as np``; under plain NumPy it
either has the same gradient, or raises an error that says what to do.
"""

import numpy as np
import pytest

import xgrad as xg
import xgrad.numpy
from tests.environment import COMPILES, DEVICE, NAME, host
from tests.numpy_programs import PROGRAMS

on_numpy = pytest.mark.skipif(NAME != "numpy", reason="programs of NumPy arrays")
EVERY = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)

#: Programs that do not run on other libraries, or not on strict ones, with the reason.
OWN = {"gauss_quadrature": "np.polynomial gives NumPy's arrays"}
MIXED = "the library does not combine integers and floating-point numbers"
STRICT = dict.fromkeys(
    ("van_der_pol", "horner_and_roots", "image_warp", "quantum_circuit", "robot_arm", "neural_network"),
    MIXED,
)  # fmt: skip

#: What the error says under plain NumPy.
ADVICE = "import xgrad.numpy as np"


def function_of(program, module=xgrad.numpy):
    return lambda *inputs: program.function(module, *inputs)


def messages(error):
    """The messages of an error and of its causes: NumPy raises its own for some."""
    while error is not None:
        yield str(error)
        error = error.__cause__


def all_of(program):
    return tuple(range(len(program.inputs)))


def direction(program, seed=7):
    rng = np.random.default_rng(seed)
    return tuple(rng.standard_normal(x.shape) for x in program.inputs)


def moved(program, way, h):
    return tuple(x + h * d for x, d in zip(program.inputs, way, strict=True))


def dot(a, b):
    return sum(np.sum(x * y) for x, y in zip(a, b, strict=True))


def slope(f, program, way, h=1e-5):
    """The derivative of a function along a direction, from four values."""
    near = f(*moved(program, way, h)) - f(*moved(program, way, -h))
    far = f(*moved(program, way, 2 * h)) - f(*moved(program, way, -2 * h))
    return (8 * near - far) / (12 * h)


@on_numpy
@EVERY
def test_values_and_gradients(program):
    f, numpys = function_of(program), function_of(program, np)
    expected = numpys(*program.inputs)
    outside = f(*program.inputs)
    assert type(outside) is type(expected)
    assert outside == expected
    value, gradients = xg.value_and_grad(f, argnums=all_of(program))(*program.inputs)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    for seed in (7, 8):
        way = direction(program, seed)
        np.testing.assert_allclose(
            dot(gradients, way), slope(numpys, program, way), rtol=program.rtol, atol=1e-7
        )
    assert all(np.any(g != 0) for g in gradients)
    assert all(type(g) is np.ndarray for g in gradients)


@on_numpy
@EVERY
def test_forward_mode_is_reverse_mode(program):
    f, way = function_of(program), direction(program)
    gradients = xg.grad(f, argnums=all_of(program))(*program.inputs)
    _, tangent = xg.jvp(f, program.inputs, way)
    np.testing.assert_allclose(tangent, dot(gradients, way), rtol=1e-8, atol=1e-12)


@on_numpy
@EVERY
def test_second_derivatives(program):
    f, way = function_of(program), direction(program)
    other = direction(program, 8)

    def along(*inputs):
        return dot(xg.grad(f, argnums=all_of(program))(*inputs), other)

    expected = slope(along, program, way)
    for derivative in (
        xg.jvp(along, program.inputs, way)[1],
        dot(xg.grad(lambda *x: xg.jvp(f, x, way)[1], argnums=all_of(program))(*program.inputs), other),
    ):  # fmt: skip
        np.testing.assert_allclose(derivative, expected, rtol=1e-5, atol=1e-6)


@on_numpy
@EVERY
def test_vmap(program):
    f = function_of(program)
    examples = [moved(program, direction(program, seed), 1e-2) for seed in (1, 2, 3)]
    batch = tuple(np.stack(parts) for parts in zip(*examples, strict=True))
    if program.vmap is not None:
        with pytest.raises((xg.AutogradError, TypeError, IndexError, ValueError), match="vmap"):
            xg.vmap(f)(*batch)
        return
    np.testing.assert_allclose(xg.vmap(f)(*batch), [f(*x) for x in examples], rtol=1e-9)
    gradient = xg.grad(f, argnums=all_of(program))
    rows = zip(*[gradient(*x) for x in examples], strict=True)
    for ours, expected in zip(xg.vmap(gradient)(*batch), rows, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-7, atol=1e-10)


@on_numpy
@EVERY
def test_plain_numpy_gives_the_same_gradient_or_says_what_to_do(program):
    plain = xg.grad(function_of(program, np), argnums=all_of(program))
    if program.plain is not None:
        with pytest.raises((xg.AutogradError, TypeError, ValueError)) as error:
            plain(*program.inputs)
        assert ADVICE in "\n".join(messages(error.value))
        return
    ours = xg.grad(function_of(program), argnums=all_of(program))(*program.inputs)
    for a, b in zip(plain(*program.inputs), ours, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.skipif(NAME not in ("torch", "jax", "array_api_strict"), reason="arrays of libraries")
@pytest.mark.skipif(DEVICE is not None, reason="once per library")
@pytest.mark.parametrize("name", [*PROGRAMS][:: 4 if COMPILES else 1])
def test_on_another_backend(name):
    program = PROGRAMS[name]
    gradient = xg.grad(function_of(program), argnums=all_of(program))
    inputs = [xg.asarray(x) for x in program.inputs]
    assert {x.backend.name for x in inputs} == {NAME}
    if name in OWN or (NAME == "array_api_strict" and name in STRICT):
        with pytest.raises((xg.MixedBackendsError, TypeError)):
            gradient(*inputs)
        return
    ours = gradient(*inputs)
    with xg.use_backend("numpy"):
        expected = gradient(*program.inputs)
    for g, e in zip(ours, expected, strict=True):
        assert g.backend.name == NAME
        np.testing.assert_allclose(host(g), e, rtol=1e-7, atol=1e-9)


@on_numpy
def test_how_many_run():
    plain = [p for p in PROGRAMS.values() if p.plain is None]
    print(f"{len(PROGRAMS)} programs under xgrad.numpy, {len(plain)} of them under plain NumPy")
    assert len(PROGRAMS) >= 40
    assert len(plain) >= 8
