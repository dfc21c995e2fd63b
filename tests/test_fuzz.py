"""The fuzzer draws every public function, finds planted errors, and prints code that runs."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME
from tests.fuzz import checks, memory
from tests.fuzz.drawing import OPERATIONS
from tests.fuzz.generator import Maker, generate
from tests.fuzz.program import Program, Statement
from tests.fuzz.reference import Reference
from tests.fuzz.shrinking import shrink
from tests.test_ops import public_functions
from xgrad.engine.tape import record_input

NAMES = {op.name for op in OPERATIONS}


@pytest.mark.numpy_only
def test_every_public_function_is_an_operation():
    layers = {f"nn.functional.{name}" for name in xg.nn.functional.__all__}
    public = public_functions() | layers
    assert not public - NAMES, (
        f"add a row of tests/rows_*.py for {', '.join(sorted(public - NAMES))}; if it is not an "
        "elementwise function, say in a file of tests/fuzz how calls of it are drawn"
    )
    assert public >= NAMES - {"write", "method", "numpy"}


@pytest.mark.numpy_only
@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_operation_can_be_drawn(name):
    """Each function, in a program of a few statements."""
    wanted = [op for op in OPERATIONS if op.name == name]
    assert all(op.weight > 0 for op in wanted)
    for seed in range(300):
        maker = Maker(np.random.default_rng(seed))
        for _ in range(seed % 8):
            maker.add(OPERATIONS[int(maker.rng.integers(len(OPERATIONS)))])
        if any(maker.add(op) for op in wanted):
            return
    pytest.fail(f"{name} fits into no program")


@pytest.mark.parametrize("number", range({"jax": 1, "dpnp": 1}.get(NAME, 12)))
def test_programs(number):
    program = generate((2026, number), length=5)
    if program is not None:
        error = checks.run(program, (2026, number))
        if error is not None:
            raise error


def _program(*lines):
    statements = [Statement(*line.split(" = ", 1), ("?",)) for line in lines]
    inputs = {"x0": memory.Array(np.asarray([0.31, -0.72, 1.13]), "negative stride")}
    return Program(inputs, {}, tuple(statements), (statements[-1].target,))


@pytest.mark.numpy_only
@pytest.mark.parametrize("planted", ["value", "derivative", "crash", "input"])
def test_planted_errors_are_found_and_shrunk(planted, monkeypatch):
    line = "v1 = xg.square(v0)"
    if planted == "value":
        monkeypatch.setattr(Reference, "square", lambda self, x: x * x * 1.001, raising=False)
    elif planted == "derivative":
        line = "v1 = xg.stop_gradient(v0) * v0"
        monkeypatch.setattr(Reference, "stop_gradient", lambda self, x: np.array(x))
    elif planted == "crash":

        def square(x):
            raise AttributeError("'float' object has no attribute 'shape'")

        monkeypatch.setattr(xg, "square", square)
    else:

        def square(x, honest=xg.square):
            raw = getattr(x, "_value", x)
            while not isinstance(raw, np.ndarray):
                raw = raw._value
            raw[0] = 3.0
            return honest(x)

        monkeypatch.setattr(xg, "square", square)
    program = _program(
        "v0 = xg.positive(x0)", line, "v2 = xg.sin(v1)", "v3 = v2 + v1", "v4 = xg.sum(v3)"
    )
    error = checks.run(program, (0, 0))
    assert error is not None
    small, again = shrink(program, (0, 0), error)
    assert again is not None
    assert len(small.statements) == 1
    assert small.inputs["x0"].kind == "owned"


def _nothing(*_, **__):
    return None


def _inputs_themselves(level, arguments):
    inputs = [record_input(value, level) for value in arguments.values]
    return inputs, arguments.spec.unflatten(inputs)


#: What the fuzzer must detect: a function of the engine, and its broken replacement.
MUTATIONS = {
    "results are the caller's own": ("xgrad.engine.backward.own_entry", lambda d, k: d[k]),
    "sums go into memory that is the pass's": (
        "xgrad.engine.cotangents.owns_entry",
        lambda *_: True,
    ),
    "a function works on tensors of its own": (
        "xgrad.transforms.reverse.inputs_of",
        _inputs_themselves,
    ),
    "views follow what is written": ("xgrad.engine.views.mark_stale", _nothing),
}


@pytest.mark.numpy_only
@pytest.mark.parametrize("what", MUTATIONS)
def test_the_engines_rules_are_needed(what, monkeypatch):
    monkeypatch.setattr(*MUTATIONS[what])
    for number in range(1500):
        program = generate((1, number))
        if program is None:
            continue
        if checks.run(program, (1, number)) is not None:
            return
    pytest.fail("1,500 programs do not detect that it is missing")


@pytest.mark.numpy_only
def test_a_correct_program_passes():
    program = _program("v0 = xg.sin(x0)", "v1 = v0 / 6.0", "v2 = xg.sum(v1)")
    assert checks.run(program, (0, 0)) is None


@pytest.mark.numpy_only
@pytest.mark.parametrize("number", range(20))
def test_printed_programs_run(number):
    program = generate((5, number))
    if program is None or any(x.values.size > 200 for x in program.inputs.values()):
        return
    space = {}
    exec(program.printed(), space)  # noqa: S102 - our own text
    found = space["f"](*(xg.asarray(space[name]) for name in program.inputs))
    expected = checks.Case(program, (5, number)).expected
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(checks.host(x), y, rtol=1e-4, atol=1e-6)


@pytest.mark.numpy_only
@pytest.mark.parametrize("kind", [k for k in memory.KINDS if k != "number"])
def test_kinds_of_memory(kind):
    values = np.ones((2, 1)) * np.asarray([[0.5, 1.5, -2.0]])
    x = memory.laid_out(values, kind)
    np.testing.assert_array_equal(x, values)
    assert x.flags.writeable == (kind not in ("read-only", "broadcast"))
    assert (x.base is None) == (kind in ("owned", "read-only", "Fortran order"))
    assert x.flags.c_contiguous == (kind in ("owned", "view", "read-only"))
