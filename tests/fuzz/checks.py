"""The checks of a program."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import xgrad as xg
from tests.environment import NAME, host, raw
from tests.fuzz import oracles
from tests.fuzz.case import (
    SKIPPED,
    TINY,
    Case,
    Mismatch,
    Uncertain,
    _complex,
    _hosts,
    _moved,
    _text,
    close,
    inner,
    real_product,
)
from tests.fuzz.differences import check_differences
from tests.fuzz.program import Program
from xgrad.backends import thresholds


def check_value(case: Case) -> None:
    found = case.f(*(xg.asarray(x) for x in case.args))
    try:
        close("value", _hosts(found), case.expected, 2e-5 if case.narrow else 1e-9)
    except Mismatch:
        if case.jumps():
            raise Uncertain("the value jumps here") from None
        raise
    for i, (x, y) in enumerate(zip(found, case.expected, strict=True)):
        dtype = host(x).dtype
        if dtype != y.dtype and case.mixed and case.program.has("layer"):
            raise Uncertain("a layer's result is like its input, whatever its other inputs are")
        if dtype != y.dtype and NAME != "numpy" and case.narrow:
            raise Uncertain("libraries promote float32 with integers differently")
        if dtype != y.dtype:
            raise Mismatch("dtype", f"[{i}] {dtype}, NumPy has {y.dtype}")


def check_first_order(case: Case) -> None:
    """Compare both modes with each other and with finite differences."""
    tolerance = 2e-4 if case.narrow else 1e-9
    out, tangents = xg.jvp(case.f, tuple(case.args), tuple(case.tangents))
    close("jvp's value", _hosts(out), case.expected, 2e-5 if case.narrow else 1e-9)
    tangents = case.returns("jvp", tangents)
    out, pullback = xg.vjp(case.f, *case.args)
    close("vjp's value", _hosts(out), case.expected, 2e-5 if case.narrow else 1e-9)
    case.pullback = pullback
    first = pullback(tuple(case.cotangents))
    pulled = case.returns("vjp", first)
    for x, g in zip(case.values, pulled, strict=True):
        if g.dtype != x.dtype or g.shape != x.shape:
            raise Mismatch("gradient's dtype", f"{g.dtype}{g.shape} for {x.dtype}{x.shape}")
    again = case.returns("second vjp", pullback(tuple(case.cotangents)))
    close("a second pullback", again, pulled, 1e-12)
    close("first pullback after the second", _hosts(first), pulled, 1e-12)
    left, right = inner(case.weights, tangents), inner(pulled, case.directions)
    scale = sum(float(np.sum(np.abs(w * t))) for w, t in zip(case.weights, tangents, strict=True))
    close("vjp and jvp", [left], [right], tolerance, scale)
    case.tangents_found, case.pulled, case.first_scale = tangents, pulled, scale


def check_second_order(case: Case) -> None:
    """Compare forward over reverse, reverse over reverse and reverse over forward."""
    numbers = tuple(range(len(case.args)))
    gradient = xg.grad(case.loss, numbers)
    found, along = xg.jvp(gradient, tuple(case.args), tuple(case.tangents))
    along, case.gradient = case.returns("hvp", along), case.returns("grad", found)

    def directed(*args: Any) -> Any:
        total: Any = 0.0
        for g, v in zip(gradient(*args), case.tangents, strict=True):
            total = total + real_product(xg.asarray(v), g)
        return total

    twice = case.returns("grad of grad", xg.grad(directed, numbers)(*case.args))
    forward = case.returns(
        "grad of jvp",
        xg.grad(lambda *args: xg.jvp(case.loss, args, tuple(case.tangents))[1], numbers)(
            *case.args
        ),
    )
    scale = max((float(np.abs(x).max(initial=0.0)) for x in along), default=0.0)
    tolerance = 3e-3 if case.narrow else 1e-8
    close("reverse over reverse and forward over reverse", twice, along, tolerance, scale)
    close("reverse over forward and forward over reverse", forward, along, tolerance, scale)
    case.second, case.along = inner(along, case.directions), along
    case.second_scale = sum(
        float(np.sum(np.abs(a * d))) for a, d in zip(along, case.directions, strict=True)
    )


def check_oracle(case: Case) -> None:
    """Compare values and cotangents with the session's own library."""
    if NAME not in ("torch", "jax"):
        return
    if not case.smooth:
        SKIPPED[f"{NAME} as an oracle: not smooth here"] += 1
        return
    theirs = oracles.compared(case, NAME)
    if isinstance(theirs, str):
        SKIPPED[f"{NAME} as an oracle: {theirs}"] += 1
        return
    outs, pulled = theirs
    tolerance = 1e-3 if case.narrow else 1e-9
    close(f"{NAME}'s values", outs, case.expected, tolerance)
    close(f"{NAME}'s gradients", case.pulled, pulled, tolerance)


def check_eager(case: Case) -> None:
    """Compare the tape with the transforms, twice, and again with create_graph."""
    tolerance = 3e-3 if case.narrow else 1e-8
    leaves = [xg.tensor(x, requires_grad=True) for x in case.args]
    loss = case.loss(*case.handed(leaves))
    if not loss.requires_grad:
        return
    loss.backward(retain_graph=True)
    once = case.returns(".grad", [g.data for g in _grads(leaves)])
    close("backward()", once, case.gradient, tolerance)
    loss.backward()
    close("backward() a second time", _hosts(_grads(leaves)), [2 * g for g in once], 1e-10)
    leaves = [xg.tensor(x, requires_grad=True) for x in case.args]
    outs = case.f(*case.handed(leaves))
    pairs = [
        (o, w) for o, w in zip(outs, case.cotangents, strict=True) if xg.asarray(o).requires_grad
    ]
    for create_graph in (False, True):
        found = xg.autograd.grad(
            *([o for o, _ in pairs], leaves, [w for _, w in pairs]),
            retain_graph=True, create_graph=create_graph, allow_unused=True,
        )  # fmt: skip
        found = [xg.zeros_like(x) if g is None else g for g, x in zip(found, leaves, strict=True)]
        found = [g.detach().data for g in found]  # results in a graph are written out of place
        found = _hosts(found) if create_graph else case.returns("autograd.grad", found)
        close("autograd.grad with grad_outputs", found, case.pulled, tolerance)
    loss = case.loss(*case.handed(leaves))
    first = xg.autograd.grad(loss, leaves, create_graph=True, allow_unused=True)
    first = [xg.zeros_like(x) if g is None else g for g, x in zip(first, leaves, strict=True)]
    close("autograd.grad with create_graph", _hosts(first), case.gradient, tolerance)
    total: Any = 0.0
    for g, v in zip(first, case.tangents, strict=True):
        total = total + real_product(xg.asarray(v), g)
    if total.requires_grad:
        total.backward()
        close("backward() of a gradient", _hosts(_grads(leaves)), case.along, tolerance)


def _grads(leaves: Any) -> list[Any]:
    return [xg.zeros_like(x).detach() if x.grad is None else x.grad for x in leaves]


def check_vmap(case: Case) -> None:
    """Compare a batch of gradients with a loop, with one argument batched or all."""
    if case.program.has("no vmap"):
        SKIPPED["vmap: shapes depend on values"] += 1
        return
    numbers = tuple(range(len(case.args)))
    gradient = xg.grad(case.loss, numbers)
    factors = (1.0, 0.96)
    masks = {(True,) * len(numbers), tuple(i == 0 for i in numbers)}
    for mask in masks:
        batch, axes = [], []
        for x, batched in zip(case.values, mask, strict=True):
            axis = -1 if batched and x.ndim and len(mask) > 1 else 0
            stacked = np.stack([(x * t).astype(x.dtype) for t in factors], axis=axis)
            batch.append(raw(stacked if batched else x))
            axes.append(axis if batched else None)
        examples = [
            [(x * t).astype(x.dtype) if b else x for x, b in zip(case.values, mask, strict=True)]
            for t in factors
        ]
        try:
            loop = [_hosts(gradient(*map(raw, values))) for values in examples]
        except RuntimeWarning:  # such as division by 0, which the point itself does not have
            SKIPPED["vmap: another example leaves the domain"] += 1
            continue
        found = case.returns("vmap(grad)", xg.vmap(gradient, in_axes=tuple(axes))(*batch))
        for k, expected in enumerate(loop):
            if not all(np.isfinite(x).all() for x in expected):
                SKIPPED["vmap: not finite for another example"] += 1
                continue
            tolerance = 1e-3 if case.narrow else 1e-9
            try:
                close(
                    f"vmap(grad), in_axes={tuple(axes)}", [x[k] for x in found], expected, tolerance
                )
            except Mismatch:
                if k == 0 or not _unstable(gradient, examples[k], expected):
                    raise
                SKIPPED["vmap: rounding decides on the gradient of another example"] += 1


def _unstable(gradient: Any, values: Any, expected: Any) -> bool:
    """Whether a gradient is different near a point, such as that of std of equal values."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        narrow = any(x.dtype.name in ("float32", "complex64") for x in values)
        nearby = [raw(_moved(x, rng, 1e-5 if narrow else 1e-9)) for x in values]
        try:
            close("nearby", _hosts(gradient(*nearby)), expected, 1e-3 if narrow else 1e-5)
        except Mismatch:
            return True
    return False


def check_checkpoint(case: Case) -> None:
    if case.program.has("writes an input"):  # checkpoint raises for these
        return
    numbers = tuple(range(len(case.args)))
    kept = xg.checkpoint(case.loss)
    tolerance = 3e-3 if case.narrow else 1e-8
    found = case.returns("grad of checkpoint", xg.grad(kept, numbers)(*case.args))
    close("checkpoint", found, case.gradient, tolerance)


def check_inputs(case: Case) -> None:
    """Check that the caller's arrays are unchanged."""
    kinds = [
        ("an input", case.program.inputs, case.args),
        ("a constant", case.program.constants, list(case.constants.values())),
    ]
    for what, given, arrays in kinds:
        for (name, x), y in zip(given.items(), arrays, strict=True):
            if not np.array_equal(x.values, host(y), equal_nan=x.values.dtype.kind in "fc"):
                raise Mismatch("memory", f"{what} was changed: {name} is {_text(host(y))}")
    for what, expected, arrays in (
        ("a cotangent", case.weights, case.cotangents),
        ("a tangent", case.directions, case.tangents),
    ):
        for i, (x, y) in enumerate(zip(expected, arrays, strict=True)):
            if not np.array_equal(x, host(y)):
                raise Mismatch(
                    "memory", f"{what} that was given was changed: [{i}] {_text(host(y))}"
                )


def check_ownership(case: Case) -> None:
    """Check that derivatives are writeable, and share no memory with each other or with inputs."""
    if NAME != "numpy":
        return
    given = [*case.args, *case.constants.values(), *case.cotangents, *case.tangents]
    given = [x for x in given if isinstance(x, np.ndarray)]
    seen = [(what, x) for what, x in case.returned if isinstance(x, np.ndarray) and x.size]
    for i, (what, x) in enumerate(seen):
        if not x.flags.writeable:
            raise Mismatch("ownership", f"{what} is read-only")
        if any(np.shares_memory(x, y) for y in given):
            raise Mismatch("ownership", f"{what} shares memory with what was given")
        for other, y in seen[:i]:
            if np.may_share_memory(x, y) and np.shares_memory(x, y):
                raise Mismatch("ownership", f"{what} shares memory with {other}")
    for _, x in seen:
        x *= 3  # it belongs to the caller: nothing else may see the change
    pulled = _hosts(case.pullback(tuple(case.cotangents)))
    close("a pullback after its results were written", pulled, case.pulled, 1e-12)


def check_writes_between(case: Case) -> None:
    """Check that the graph stays correct if leaves are written between forward and backward."""
    leaves = [xg.tensor(x, requires_grad=True) for x in case.args]
    before = [raw(v) for v in case.directions]
    for x, v in zip(leaves, before, strict=True):
        x.grad = xg.asarray(v)
    loss = case.loss(*case.handed(leaves))
    if not loss.requires_grad:
        return
    kept = [x.detach() for x in leaves]
    with xg.no_grad():
        for x in leaves:
            x += 10.0
            x[...] = 3.0
    loss.backward()
    tolerance = 3e-3 if case.narrow else 1e-8
    total = [g + v for g, v in zip(case.gradient, case.directions, strict=True)]
    close("backward() after a write under no_grad", _hosts(_grads(leaves)), total, tolerance)
    close("an array given as .grad", _hosts(before), case.directions, 0.0)
    close("detach() before a write", _hosts(kept), case.values, 0.0)
    for x in leaves:
        close("a written leaf", [host(x)], [np.full(x.shape, 3.0)], 0.0)


def check_linear_maps(case: Case) -> None:
    """Check `linearize`, `jacrev`, `jacfwd`, and a batch of cotangents."""
    linear = xg.linearize(case.f, *case.args)[1]
    tolerance = 2e-4 if case.narrow else 1e-9
    close("linearize", case.returns("linearize", linear(*case.tangents)), case.tangents_found,
          tolerance)  # fmt: skip
    if case.program.has("no vmap"):
        return
    _, pullback = xg.vjp(case.f, *case.args)
    batch = tuple(raw(np.stack([w, -2 * w])) for w in case.weights)
    found = _hosts(xg.vmap(pullback)(batch))
    close("vmap of a pullback", [x[0] for x in found], case.pulled, tolerance)
    close("vmap of a pullback", [x[1] for x in found], [-2 * g for g in case.pulled], tolerance)
    batch = tuple(raw(np.stack([v, -2 * v])) for v in case.directions)
    found = _hosts(xg.vmap(linear)(*batch))
    close("vmap of linearize", [x[0] for x in found], case.tangents_found, tolerance)
    small = max(x.size for x in case.values) <= 12 and max(w.size for w in case.weights) <= 12
    if small and not any(_complex(x) for x in (*case.values, *case.weights)):

        def of_first(x: Any) -> Any:
            return case.f(x, *(xg.asarray(y) for y in case.args[1:]))

        forward = _hosts(xg.jacfwd(of_first)(case.args[0]))
        close("jacrev and jacfwd", _hosts(xg.jacrev(of_first)(case.args[0])), forward, tolerance)


CHECKS: tuple[Callable[[Case], None], ...] = (
    check_value,
    check_first_order,
    check_second_order,
    check_differences,
    check_oracle,
    check_eager,
    check_vmap,
    check_checkpoint,
    check_linear_maps,
    check_writes_between,
    check_ownership,
)


@contextmanager
def lowered_thresholds(lower: bool) -> Iterator[None]:
    """Lower the thresholds so that small arrays take the paths of large ones."""
    usual = {name: getattr(thresholds, name) for name in TINY}
    try:
        for name, value in TINY.items() if lower else ():
            setattr(thresholds, name, value)
        yield
    finally:
        for name, value in usual.items():
            setattr(thresholds, name, value)


def run(program: Program, seed: tuple[int, ...]) -> Exception | None:
    """Run all checks; return the failures."""
    try:
        case = Case(program, seed)
    except Exception as error:  # noqa: BLE001 - the reference itself: not a program
        SKIPPED[f"whole program: the reference raised {type(error).__name__}"] += 1
        return None
    name = ""
    try:
        with warnings.catch_warnings(), lowered_thresholds(program.thresholds == "tiny"):
            warnings.simplefilter("error")
            for check in CHECKS:
                name = check.__name__
                check(case)
                check_inputs(case)
    except Uncertain as reason:
        SKIPPED[f"whole program: {reason}"] += 1
    except Mismatch as error:
        return error
    except Exception as error:  # noqa: BLE001 - a crash is what is looked for
        if "a leaf that needs gradients cannot be changed" in str(error) and program.has("write"):
            SKIPPED["whole program: it writes a leaf, which the tape refuses by name"] += 1
            return None
        mixed = ("cannot be type promoted", "Only numeric dtypes are allowed")
        if NAME == "array_api_strict" and any(words in str(error) for words in mixed):
            SKIPPED["whole program: kinds are mixed, which the standard leaves open"] += 1
            return None
        if NAME == "torch" and "step must be greater than zero" in str(error):
            SKIPPED["whole program: PyTorch's own arrays take no negative steps"] += 1
            return None
        error.add_note(f"in {name}")
        return error
    return None
