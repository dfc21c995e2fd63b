"""Update rules: backends compute the same as the formulas, for all options and arrays."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad.backends import thresholds, updates
from xgrad.backends.kernels import Kernels
from xgrad.backends.namespace import Namespace
from xgrad.backends.registry import host_backend
from xgrad.engine.dispatch import XG

ADAM = {"lr": 0.1, "betas": (0.8, 0.99), "eps": 1e-3, "weight_decay": 0.0, "amsgrad": False}
SGD = {"lr": 0.1, "momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0, "nesterov": False}
RMSPROP = {
    "lr": 0.1,
    "alpha": 0.9,
    "eps": 1e-2,
    "weight_decay": 0.0,
    "momentum": 0.0,
    "centered": False,
}
NADAM = {
    "lr": 0.1,
    "betas": (0.8, 0.99),
    "eps": 1e-3,
    "weight_decay": 0.1,
    "momentum_decay": 4e-3,
    "decoupled_weight_decay": False,
}
ADAGRAD = {
    "lr": 0.1,
    "lr_decay": 0.1,
    "weight_decay": 0.1,
    "initial_accumulator_value": 0.2,
    "eps": 1e-3,
}
ADADELTA = {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}

#: Optimizers with options: every combination, if a backend has kernels for them.
CASES = [
    *(
        ("SGD", {**SGD, "weight_decay": decay, "momentum": momentum, **more})
        for decay in (0.0, 0.1)
        for momentum, more in [
            (0.0, {}),
            (0.9, {}),
            (0.9, {"dampening": 0.5}),
            (0.9, {"nesterov": True}),
        ]
    ),
    *(
        (name, {**ADAM, "weight_decay": decay, "amsgrad": amsgrad})
        for name in ("Adam", "AdamW")
        for decay in (0.0, 0.1)
        for amsgrad in (False, True)
    ),
    *(
        ("RMSprop", {**RMSPROP, "weight_decay": decay, "momentum": momentum, "centered": centered})
        for decay in (0.0, 0.1)
        for momentum in (0.0, 0.9)
        for centered in (False, True)
    ),
    ("NAdam", NADAM),
    ("NAdam", {**NADAM, "decoupled_weight_decay": True}),
    ("Adagrad", ADAGRAD),
    ("Adadelta", ADADELTA),
    ("Lion", {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1}),
]
TOLERANCES = {"float16": 2e-2, "float32": 1e-5, "float64": 1e-12}
#: Sizes on both sides of a block (lowered by the tests), and of a launch on CuPy; dask is slow.
SHAPES = [(), (4, 5), (0,), (3,), (64,), (65,), (13, 40), (5000,)][: 2 if NAME == "dask" else None]


def named(case):
    name, options = case
    return f"{name}-" + "-".join(f"{k}={v}" for k, v in options.items() if v and k != "lr")


def with_kernels():
    """Return the cases for which some backend has kernels."""
    return [case for case in CASES if case[0] in ("SGD", "Adam", "AdamW", "RMSprop")]


def reference():
    """Return the formulas on NumPy."""
    return Kernels(host_backend().xp)


def optimizer_of(name):
    return getattr(xg.optim, name)([xg.tensor([1.0], requires_grad=True)])


def started(xp, name, options, values):
    """Return the initial states of an optimizer."""
    start = optimizer_of(name)._start(options)
    return [
        {k: v if k in updates.NUMBERS else xp.full_like(x, v) for k, v in start.items()}
        for x in values
    ]


def run(kernels, case, values, grads, skips, make):
    """Return values and states after a few steps, for arrays created by ``make``."""
    name, options = case
    xp, rule, cache = kernels.xp, type(optimizer_of(name))._rule, {}
    values = [xp.copy(make(v)) for v in values]
    states = started(xp, name, options, values)
    for step, skip in zip(grads, skips, strict=True):
        given = [make(g) for g in step]
        flag = None if skip is None else make(np.asarray(skip))
        values = kernels.update(rule, values, given, states, options, flag, cache)
        values = [xp.normalise(v) for v in values]
    return values, states


def number(x):
    return float(host(x)) if hasattr(x, "dtype") else float(x)


def check(found, expected, tolerance):
    for one, other in zip(found[0], expected[0], strict=True):
        scale = max(1.0, np.abs(other).max(initial=0))
        np.testing.assert_allclose(host(one), other, rtol=tolerance, atol=tolerance * scale)
    for one, other in zip(found[1], expected[1], strict=True):
        assert one.keys() == other.keys()
        for key, value in other.items():
            if key in updates.NUMBERS:
                np.testing.assert_allclose(number(one[key]), number(value), rtol=1e-12)
            else:
                np.testing.assert_allclose(host(one[key]), value, rtol=tolerance, atol=tolerance)


def drawn(dtype, steps=3):
    rng = np.random.default_rng(0)
    values = [rng.normal(size=s).astype(dtype) for s in SHAPES]
    grads = [[rng.normal(size=s) for s in SHAPES] for _ in range(steps)]
    if dtype == "float16":  # squares near 0 underflow, and rounding would decide their signs
        signs = [np.sign(g) for g in grads[0]]
        grads = [[s * (0.5 + abs(g)) for s, g in zip(signs, step, strict=True)] for step in grads]
    return values, [[g.astype(dtype) for g in step] for step in grads]


def widened(values, grads):
    return [v.astype(float) for v in values], [[g.astype(float) for g in step] for step in grads]


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_backend_updates_as_the_formula_says(case, dtype, maximize, monkeypatch):
    if dtype == "float16" and NAME in ("array_api_strict", "dask", "dpnp"):
        pytest.skip("no half precision")
    monkeypatch.setattr(thresholds, "OPTIMIZER_BLOCK", 64)
    values, grads = drawn(dtype)
    case = case[0], {**case[1], "maximize": maximize}
    found = run(xg.get_backend().xp.kernels, case, values, grads, [None] * 3, raw)
    assert {str(xg.asarray(x).dtype) for x in found[0]} == {dtype}
    wide = widened(values, grads)
    expected = run(reference(), case, *wide, [None] * 3, np.asarray)
    check(found, expected, TOLERANCES[dtype])


@pytest.mark.parametrize("case", with_kernels(), ids=named)
@pytest.mark.parametrize("layout", ["fortran", "strided", "read-only gradient", "read-only state"])
def test_other_layouts(case, layout, monkeypatch):
    monkeypatch.setattr(thresholds, "OPTIMIZER_BLOCK", 64)
    values, grads = drawn("float64")

    def make(x):
        if layout == "fortran":
            return raw(np.asfortranarray(x))
        if layout == "strided":
            wide = raw(np.repeat(np.atleast_1d(x), 2, axis=-1))
            return wide[..., ::2] if x.ndim else wide[0, ...]
        return raw(x)

    case = case[0], {**case[1], "maximize": False}
    kernels = xg.get_backend().xp.kernels
    expected = run(reference(), case, values, grads, [None] * 3, np.asarray)
    if "read-only" not in layout:
        check(run(kernels, case, values, grads, [None] * 3, make), expected, 1e-12)
        return
    if NAME != "numpy":
        pytest.skip("only NumPy arrays can be read-only")
    xp, rule = kernels.xp, type(optimizer_of(case[0]))._rule
    now = [v.copy() for v in values]
    states = started(xp, *case, now)
    frozen = [x for s in states for x in s.values() if isinstance(x, np.ndarray)]
    for x in frozen if layout == "read-only state" else [g for step in grads for g in step]:
        x.flags.writeable = False
    for step in grads:
        now = [xp.normalise(x) for x in kernels.update(rule, now, step, states, case[1])]
    assert all(not x.any() for x in frozen) or layout != "read-only state"
    check((now, states), expected, 1e-12)


@pytest.mark.parametrize("on_device", [False, True])
@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_step_that_is_skipped_changes_nothing(case, on_device, monkeypatch):
    """The first step, and one in the middle, with gradients that are not finite."""
    xp = xg.get_backend().xp
    if on_device:  # the flag may be read only if a state starts with the step
        monkeypatch.setattr(type(xp), "reads_freely", lambda self, x: False)
    values, grads = drawn("float64", 4)
    for step in (0, 2):
        grads[step] = [np.full_like(g, np.nan) for g in grads[step]]
    case = case[0], {**case[1], "maximize": False}
    found = run(xp.kernels, case, values, grads, [True, False, True, False], raw)
    expected = run(reference(), case, values, grads[1::2], [None] * 2, np.asarray)
    check(found, expected, 1e-12)


@pytest.mark.parametrize("case", with_kernels(), ids=named)
def test_parameters_that_start_later(case):
    """Their states have separate counts, or are empty, while others have started."""
    values, grads = drawn("float64")
    case = case[0], {**case[1], "maximize": False}

    def stepwise(kernels, make):
        xp, rule, cache = kernels.xp, type(optimizer_of(case[0]))._rule, {}
        now = [xp.copy(make(v)) for v in values]
        states = started(xp, *case, now)
        for count, step in zip((2, len(now), len(now)), grads, strict=True):
            given = [make(g) for g in step[:count]]
            new = kernels.update(rule, now[:count], given, states[:count], case[1], None, cache)
            now[:count] = [xp.normalise(x) for x in new]
        return now, states

    expected = stepwise(reference(), np.asarray)
    check(stepwise(xg.get_backend().xp.kernels, raw), expected, 1e-12)


def test_recorded_rules_do_not_use_kernels():
    """Kernels are available only as ``xp.kernels``; those of recorded rules do nothing."""
    kernels = {name for name in vars(Kernels) if not name.startswith("_")}
    assert not kernels & set(dir(Namespace))
    assert type(XG.kernels) is Kernels
    assert not hasattr(XG, "adam")


def test_a_custom_library_may_have_kernels():
    class MyKernels(Kernels):
        def update_one(self, rule, p, g, state, options):
            return p - 1, {}

    class MyNamespace(Namespace):
        kernels_class = MyKernels

    kernels = MyNamespace(np).kernels
    (found,) = kernels.update(updates.sgd, [np.ones(2)], [np.ones(2)], [{}], {"maximize": False})
    assert found.tolist() == [0, 0]


def test_a_kernel_is_named_by_what_it_overwrites():
    """A kernel exists for exactly the rules that a backend overrides."""
    kernels = xg.get_backend().xp.kernels
    xp = kernels.xp
    for name, options in CASES:
        rule, g = type(optimizer_of(name))._rule, raw(np.ones(3))
        value = xp.copy(raw(np.ones(3)))
        states = started(xp, name, options, [value])
        options = {**options, "maximize": False}
        for _ in range(2):  # a first step of SGD may start a state
            (new,) = kernels.update(rule, [value], [g], states, options, cache={})
            kept, value = value, new
        if rule not in kernels.overwrites:
            assert new is not kept
        elif NAME == "numpy":
            assert new is kept
        np.testing.assert_array_equal(host(g), 1)
