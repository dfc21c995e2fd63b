"""Optimizers against PyTorch's, on torch arrays and on NumPy arrays."""

import json

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import nn

needs_torch = pytest.mark.skipif(NAME != "torch", reason="PyTorch is the oracle of its session")


@pytest.fixture
def _float64_in_torch():
    """Set the default dtype: PyTorch keeps some of its optimizers' numbers (NAdam's) in it."""
    import torch

    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@needs_torch
@pytest.mark.usefixtures("_float64_in_torch")
@pytest.mark.parametrize("loss", ["MSELoss", "CrossEntropyLoss"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"lr": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
        ("Adam", {"lr": 0.1}),
        ("Adam", {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
        ("AdamW", {"lr": 0.1}),
        ("AdamW", {"lr": 0.1, "weight_decay": 0.3}),
        ("SGD", {"lr": 0.01, "momentum": 0.9, "maximize": True}),
        ("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}),
        ("AdamW", {"lr": 0.01, "amsgrad": True, "maximize": True}),
        ("RMSprop", {"lr": 0.01}),
        ("RMSprop", {"lr": 0.01, "alpha": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
        ("RMSprop", {"lr": 0.01, "momentum": 0.9, "centered": True}),
        ("RMSprop", {"lr": 0.01, "maximize": True}),
        ("Adagrad", {"lr": 0.1}),
        ("Adagrad", {"lr": 0.1, "lr_decay": 0.3, "weight_decay": 0.1, "eps": 1e-3}),
        ("Adagrad", {"lr": 0.01, "initial_accumulator_value": 0.5, "maximize": True}),
        ("Adadelta", {}),
        ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.1}),
        ("Adadelta", {"lr": 0.5, "maximize": True}),
        ("NAdam", {"lr": 0.1}),
        ("NAdam", {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1, "momentum_decay": 0.1}),
        ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
        ("NAdam", {"lr": 0.01, "maximize": True}),
    ],
)
def test_ten_steps_agree_with_pytorch(name, options, loss):
    """On torch arrays and on NumPy arrays, which have different optimizer hooks."""
    import torch

    theirs = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 4), torch.nn.Sigmoid()
    ).double()
    state = {k: v.detach().numpy().copy() for k, v in theirs.state_dict().items()}
    optimizer = getattr(torch.optim, name)(theirs.parameters(), **options)
    rng = np.random.default_rng(5)
    x, classes = rng.normal(size=(7, 3)), rng.integers(0, 4, 7)
    target = classes if loss == "CrossEntropyLoss" else rng.normal(size=(7, 4))
    expected = []

    def closure():
        optimizer.zero_grad()
        value = getattr(torch.nn, loss)()(theirs(torch.tensor(x)), torch.tensor(target))
        value.backward()
        return value

    expected = [optimizer.step(closure).item() for _ in range(10)]
    for backend in ("torch", "numpy"):
        with xg.use_backend(backend):
            model = nn.Sequential(
                nn.Linear(3, 5, dtype=xg.float64), nn.ReLU(),
                nn.Linear(5, 4, dtype=xg.float64), nn.Sigmoid(),
            )  # fmt: skip
            model.load_state_dict(state)
            mine = getattr(xg.optim, name)(model.parameters(), **options)
            inputs, targets = xg.data.TensorDataset(x, target).tensors()

            def own_closure(model=model, mine=mine, inputs=inputs, targets=targets):
                mine.zero_grad()
                value = getattr(nn, loss)()(model(inputs), targets)
                value.backward()
                return value

            for want in expected:
                got = mine.step(own_closure).item()
                np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-10)
            for key, value in theirs.state_dict().items():
                np.testing.assert_allclose(
                    host(model.state_dict()[key]), value.numpy(), rtol=1e-10, atol=1e-10
                )


@needs_torch
@pytest.mark.usefixtures("_float64_in_torch")
@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.1},
        {"lr": 0.1, "max_iter": 4, "history_size": 2},
        {"line_search_fn": "strong_wolfe"},
        {"line_search_fn": "strong_wolfe", "max_iter": 3, "tolerance_change": 1e-4},
        {"line_search_fn": "strong_wolfe", "lr": 30.0, "max_eval": 9},
        {"line_search_fn": "strong_wolfe", "lr": 1e-3, "tolerance_grad": 1.0},
    ],
    ids=lambda o: "-".join(o),
)
def test_every_evaluation_of_lbfgs_agrees_with_pytorch(options):
    """On Rosenbrock's function: every call of the closure is at the same point."""
    import torch

    visited = {}
    for library in (torch, xg):
        w = library.tensor([-1.2, 1.0], requires_grad=True)
        optimizer = library.optim.LBFGS([w], **options)
        seen = visited[library.__name__] = []

        def closure(w=w, optimizer=optimizer, seen=seen):
            optimizer.zero_grad()
            loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
            loss.backward()
            seen.append((loss.item(), *w.tolist()))
            return loss

        for _ in range(3):
            optimizer.step(closure)
    np.testing.assert_allclose(visited["xgrad"], visited["torch"], rtol=1e-9, atol=1e-9)
    assert len(visited["xgrad"]) > 5


def two_groups(library=None):
    """Return an optimizer with two groups, of xgrad or of PyTorch."""
    if library is None:
        a, b = (xg.tensor(raw(np.ones(2)), requires_grad=True) for _ in range(2))
        return xg.optim.SGD([{"params": [a], "lr": 0.5}, {"params": [b]}], lr=0.1, momentum=0.9)
    a, b = (library.ones(2, requires_grad=True) for _ in range(2))
    return library.optim.SGD([{"params": [a], "lr": 0.5}, {"params": [b]}], lr=0.1, momentum=0.9)


SCHEDULES = [
    ("LambdaLR", lambda s, o: s.LambdaLR(o, lambda t: 0.9**t)),
    ("LambdaLR", lambda s, o: s.LambdaLR(o, [lambda t: 0.9**t, lambda t: 1 / (t + 1)])),
    ("StepLR", lambda s, o: s.StepLR(o, 3, gamma=0.5)),
    ("MultiStepLR", lambda s, o: s.MultiStepLR(o, [7, 2, 2], gamma=0.5)),
    ("ConstantLR", lambda s, o: s.ConstantLR(o, factor=0.5, total_iters=4)),
    ("LinearLR", lambda s, o: s.LinearLR(o, start_factor=0.2, end_factor=0.8, total_iters=6)),
    ("ExponentialLR", lambda s, o: s.ExponentialLR(o, 0.8)),
    ("PolynomialLR", lambda s, o: s.PolynomialLR(o, total_iters=7, power=2.0)),
    ("CosineAnnealingLR", lambda s, o: s.CosineAnnealingLR(o, 8, eta_min=0.01)),
    ("CosineAnnealingWarmRestarts", lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.01)),
    ("CosineAnnealingWarmRestarts", lambda s, o: s.CosineAnnealingWarmRestarts(o, 4)),
    ("OneCycleLR", lambda s, o: s.OneCycleLR(o, 1.0, total_steps=16)),
    ("OneCycleLR", lambda s, o: s.OneCycleLR(o, [1.0, 2.0], epochs=4, steps_per_epoch=4,
        anneal_strategy="linear", pct_start=0.4, base_momentum=0.7, div_factor=10.0)),
    ("OneCycleLR", lambda s, o: s.OneCycleLR(o, 1.0, total_steps=20, three_phase=True)),
    ("SequentialLR", lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=3), s.ExponentialLR(o, 0.7), s.StepLR(o, 2)], [4, 9])),
]  # fmt: skip
SCHEDULE_IDS = [f"{name}{i}" for i, (name, _) in enumerate(SCHEDULES)]


def rates(optimizer, scheduler, count=15):
    seen = []
    for _ in range(count):
        seen.append([(g["lr"], g["momentum"]) for g in optimizer.param_groups])
        scheduler.step()
    return np.asarray(seen)


@needs_torch
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("name", "make"), SCHEDULES, ids=SCHEDULE_IDS)
def test_schedules_are_pytorchs(name, make):
    import torch

    theirs, ours = two_groups(torch), two_groups()
    expected = rates(theirs, make(torch.optim.lr_scheduler, theirs))
    scheduler = make(xg.optim, ours)
    np.testing.assert_allclose(rates(ours, scheduler), expected, rtol=1e-10, atol=1e-12)
    assert scheduler.get_last_lr() == [g["lr"] for g in ours.param_groups]
    assert name in repr(scheduler)


@pytest.mark.numpy_only
@pytest.mark.parametrize(("name", "make"), SCHEDULES, ids=SCHEDULE_IDS)
def test_schedules_resume(name, make):
    one, other = two_groups(), two_groups()
    first = make(xg.optim, one)
    rates(one, first, 5)
    second = make(xg.optim, other)
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(rates(one, first, 8), rates(other, second, 8))


CHAINS = {name: make for name, make in SCHEDULES if name not in ("OneCycleLR", "SequentialLR")}


@needs_torch
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", CHAINS)
def test_schedules_continue_from_a_manually_set_rate(name):
    """As in PyTorch, before the schedule is created and between its steps."""
    import torch

    seen = []
    for library, schedules in ((xg, xg.optim), (torch, torch.optim.lr_scheduler)):
        optimizer = two_groups(None if library is xg else library)
        first = schedules.ExponentialLR(optimizer, 0.9)
        optimizer.param_groups[0]["lr"] = 0.3
        schedule = CHAINS[name](schedules, optimizer)
        found = []
        for t in range(14):
            if t in (2, 5, 9):
                optimizer.param_groups[1]["lr"] *= 1.7
            found.append([group["lr"] for group in optimizer.param_groups])
            schedule.step()
            if t % 3 == 0:
                first.step()
        seen.append(found)
    np.testing.assert_allclose(*seen, rtol=1e-9, atol=1e-12)


@pytest.mark.numpy_only
def test_a_manually_set_rate_survives_a_checkpoint():
    one, other = two_groups(), two_groups()
    first, second = xg.optim.StepLR(one, 3), xg.optim.StepLR(other, 3)
    rates(one, first, 2)
    one.param_groups[0]["lr"] = 7.0
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(rates(one, first, 8), rates(other, second, 8))
    with pytest.raises(ValueError, match="load_state_dict of StepLR: expected the state of a"):
        second.load_state_dict({"step_size": 3})


PLATEAUS = [
    {},
    {"mode": "max", "patience": 1, "factor": 0.5, "cooldown": 2},
    {"patience": 2, "threshold": 0.5, "threshold_mode": "abs", "min_lr": 0.01},
    {"patience": 0, "mode": "max", "threshold": 0.1},
    {"patience": 0, "eps": 0.06},
    {"patience": 0, "min_lr": [0.2, 0.01]},
]


@pytest.mark.parametrize("options", PLATEAUS, ids=lambda o: "-".join(o) or "plain")
def test_reduce_on_plateau(options):
    metrics = [3.0, 2.0, 2.0, 1.9, 2.5, 2.5, 2.5, 1.0, 1.0, 1.0, 4.0, 1.0, 1.0, 1.0, 1.0] * 2
    ours = two_groups()
    scheduler = xg.optim.ReduceLROnPlateau(ours, **options)
    seen, second = [], None
    for i, metric in enumerate(metrics):
        if i == 7:
            other = two_groups()
            second = xg.optim.ReduceLROnPlateau(other, **options)
            second.load_state_dict(scheduler.state_dict())
            for mine, group in zip(ours.param_groups, other.param_groups, strict=True):
                group["lr"] = mine["lr"]
        scheduler.step(xg.asarray(metric))
        if second is not None:
            second.step(metric)
            assert second.get_last_lr() == scheduler.get_last_lr()
        seen.append(scheduler.get_last_lr())
    assert min(seen[-1]) < 0.1
    if NAME == "torch":
        import torch

        theirs = two_groups(torch)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options)
        expected = []
        for metric in metrics:
            plateau.step(metric)
            expected.append([g["lr"] for g in theirs.param_groups])
        np.testing.assert_allclose(seen, expected, rtol=1e-12)


OPTIMIZERS = {
    "SGD": {"lr": 0.05, "momentum": 0.9},
    "Adam": {"lr": 0.1, "amsgrad": True},
    "AdamW": {"lr": 0.1},
    "RMSprop": {"lr": 0.05, "momentum": 0.5, "centered": True},
    "Adagrad": {"lr": 0.5},
    "Adadelta": {"lr": 1.0, "eps": 1e-2},
    "NAdam": {"lr": 0.1},
    "Lion": {"lr": 0.05, "weight_decay": 0.01},
    "LBFGS": {"line_search_fn": "strong_wolfe", "max_iter": 3},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_minimise_resume_and_maximise(name):
    """On every backend: minimize, resume from a saved state with the same numbers, maximize."""

    def start(sign=1.0, **more):
        w = xg.tensor(raw(np.asarray([2.0, -1.0])), requires_grad=True)
        optimizer = getattr(xg.optim, name)([w], **OPTIMIZERS[name], **more)

        def closure():
            optimizer.zero_grad()
            loss = sign * xg.sum((w - 0.5) ** 2 * xg.asarray(raw(np.asarray([1.0, 3.0]))))
            loss.backward()
            return loss

        return w, optimizer, closure

    w, optimizer, closure = start()
    before = closure().item()
    for _ in range(4):
        optimizer.step(closure)
    other, resumed, again = start()
    with xg.no_grad():
        other[...] = w.detach()
    resumed.load_state_dict(optimizer.state_dict())
    for _ in range(20):
        optimizer.step(closure)
        resumed.step(again)
    np.testing.assert_array_equal(host(other), host(w))
    assert closure().item() < 0.5 * before
    if name != "LBFGS":  # whose constructor has no maximize, as PyTorch's
        up, optimizer, closure = start(-1.0, maximize=True)
        for _ in range(24):
            optimizer.step(closure)
        np.testing.assert_allclose(host(up), host(w), rtol=1e-12)


def test_lion_against_its_formula():
    w = xg.tensor(raw(np.asarray([1.0, -2.0])), requires_grad=True)
    optimizer = xg.optim.Lion([w], lr=0.1, betas=(0.9, 0.99), weight_decay=0.5)
    x, m = np.asarray([1.0, -2.0]), np.zeros(2)
    for _ in range(10):
        optimizer.zero_grad()
        xg.sum(w**3).backward()
        g = 3 * x**2
        optimizer.step()
        x = x - 0.1 * (np.sign(0.9 * m + 0.1 * g) + 0.5 * x)
        m = 0.99 * m + 0.01 * g
        np.testing.assert_allclose(host(w), x, rtol=1e-12)


def test_ema():
    w = xg.tensor(raw(np.asarray([0.0, 8.0])), requires_grad=True)
    ema = xg.optim.EMA([w], decay=0.75)
    with xg.no_grad():
        w[...] = 4.0
    ema.update()
    with ema.applied():
        np.testing.assert_allclose(host(w), [1, 7])
    np.testing.assert_allclose(host(w), 4)
    other = xg.optim.EMA([w])
    other.load_state_dict(ema.state_dict())
    assert other.decay == 0.75
    other.copy_to()
    np.testing.assert_allclose(host(w), [1, 7])
    w.requires_grad_()
    loss = (w * w).sum()
    ema.copy_to()
    loss.backward()
    np.testing.assert_allclose(host(w.grad), [2, 14])
    assert repr(ema) == "EMA(1 parameters, decay=0.75)"
    with pytest.raises(ValueError, match="expected shapes"):
        ema.load_state_dict({"decay": 0.5, "averages": [xg.ones(3)]})
    with pytest.raises(ValueError, match="EMA: expected decay in"):
        xg.optim.EMA([w], decay=1.5)
    with pytest.raises(ValueError, match="got an empty list"):
        xg.optim.EMA([])


BAD = {
    "LBFGS: line_search_fn must be": lambda o, w: o.LBFGS([w], line_search_fn="armijo"),
    "LBFGS: supports only one parameter group": lambda o, w: o.LBFGS(
        [{"params": [w]}, {"params": []}]
    ),
    "LBFGS: step() needs a closure": lambda o, w: o.LBFGS([w]).step(),
    "NAdam: expected betas in [0, 1), got 1.0": lambda o, w: o.NAdam([w], betas=(1.0, 0.9)),
    "Lion: expected betas in [0, 1), got 2.0": lambda o, w: o.Lion([w], betas=(0.9, 2.0)),
    "LambdaLR: expected 1 functions": lambda o, w: o.LambdaLR(o.SGD([w]), [abs, abs]),
    "LinearLR: expected start_factor in (0, 1]": lambda o, w: o.LinearLR(
        o.SGD([w]), start_factor=0.0
    ),
    "CosineAnnealingWarmRestarts: expected T_0": lambda o, w: o.CosineAnnealingWarmRestarts(
        o.SGD([w]), 0
    ),
    "SequentialLR: expected 0 milestones": lambda o, w: o.SequentialLR(
        o.SGD([w]), [o.StepLR(o.SGD([w]), 1)], [1]
    ),
    "SequentialLR: a scheduler belongs to another": lambda o, w: o.SequentialLR(
        o.SGD([w]), [o.StepLR(o.SGD([w]), 1)], []
    ),
    "OneCycleLR: pass total_steps": lambda o, w: o.OneCycleLR(o.SGD([w]), 1.0),
    "OneCycleLR: anneal_strategy must": lambda o, w: o.OneCycleLR(
        o.SGD([w]), 1.0, 5, anneal_strategy="square"
    ),
    "OneCycleLR: the optimizer does not have a momentum": lambda o, w: o.OneCycleLR(
        o.Adagrad([w]), 1.0, 5
    ),
    "ReduceLROnPlateau: expected factor in [0, 1)": lambda o, w: o.ReduceLROnPlateau(
        o.SGD([w]), factor=1
    ),
    "ReduceLROnPlateau: mode must be": lambda o, w: o.ReduceLROnPlateau(o.SGD([w]), "least"),
}


@pytest.mark.numpy_only
@pytest.mark.parametrize("message", BAD)
def test_errors(message):
    w = xg.tensor([1.0], requires_grad=True)
    with pytest.raises((ValueError, TypeError)) as caught:
        BAD[message](xg.optim, w)
    assert message in str(caught.value)


@pytest.mark.numpy_only
def test_one_cycle_ends():
    w = xg.tensor([1.0], requires_grad=True)
    optimizer = xg.optim.Adam([w])
    scheduler = xg.optim.OneCycleLR(optimizer, 1.0, total_steps=2)
    scheduler.step()
    last = optimizer.param_groups[0]["lr"]
    scheduler.step()  # the last one in a loop of two steps
    assert optimizer.param_groups[0]["lr"] == last
    with pytest.raises(ValueError, match="all 2 steps have been taken"):
        scheduler.step()


@pytest.mark.skipif(NAME == "dpnp", reason="complex numbers are slow to compile there")
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam", "Lion"])
def test_complex_parameters_step_as_their_parts(name):
    """Real and imaginary parts have separate steps, as in PyTorch."""
    rng = np.random.default_rng(0)
    start, target = (rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3)) for _ in range(2))
    make = getattr(xg.optim, name)
    whole = xg.asarray(raw(start)).requires_grad_()
    parts = [xg.asarray(raw(part)).requires_grad_() for part in (start.real, start.imag)]
    one, two = make([whole], lr=0.05), make(parts, lr=0.05)
    for _ in range(5):
        one.zero_grad()
        two.zero_grad()
        xg.sum(xg.abs(whole - raw(target)) ** 2).backward()
        for part, wanted in zip(parts, (target.real, target.imag), strict=True):
            xg.sum((part - raw(wanted)) ** 2).backward()
        one.step()
        two.step()
    np.testing.assert_allclose(host(whole), host(parts[0]) + 1j * host(parts[1]), rtol=1e-12)
    saved = one.state_dict()
    again = make([whole], lr=0.05)
    again.load_state_dict(saved)
    xg.sum(xg.abs(whole - raw(target)) ** 2).backward()
    again.step()
    assert np.isfinite(host(whole)).all()


@pytest.mark.skipif(NAME == "dpnp", reason="complex numbers are slow to compile there")
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "NAdam", "Lion"])
def test_a_complex_parameter_without_axes_stays_one(name):
    p = xg.asarray(raw(np.asarray(1 + 2j))).requires_grad_()
    row = xg.asarray(raw(np.asarray([1 + 2j]))).requires_grad_()
    optimizer = getattr(xg.optim, name)([p, row], lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        (xg.abs(p) ** 2 + xg.sum(xg.abs(row) ** 2)).backward()
        optimizer.step()
        assert p.shape == p.grad.shape == ()
    np.testing.assert_allclose(host(p), host(row)[0], rtol=1e-12)


@pytest.mark.skipif(NAME == "dpnp", reason="complex numbers are slow to compile there")
@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_of_complex_parameters(search):
    rng = np.random.default_rng(0)
    start, target = (rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3)) for _ in range(2))
    w, b = xg.asarray(raw(start)).requires_grad_(), xg.asarray(raw([1.0, 2.0])).requires_grad_()
    optimizer = xg.optim.LBFGS([w, b], lr=0.5, max_iter=8, line_search_fn=search)

    def closure():
        optimizer.zero_grad()
        loss = xg.sum(xg.abs(w - raw(target)) ** 2) + xg.sum((b - 3.0) ** 4)
        loss.backward()
        return loss

    optimizer.step(closure)
    saved = optimizer.state_dict()
    again = xg.optim.LBFGS([w, b], lr=0.5, max_iter=8, line_search_fn=search)
    again.load_state_dict(saved)
    if NAME == "torch":
        import torch

        v, c = (torch.tensor(a, requires_grad=True) for a in (start, np.asarray([1.0, 2.0])))
        theirs = torch.optim.LBFGS([v, c], lr=0.5, max_iter=8, line_search_fn=search)

        def torchs():
            theirs.zero_grad()
            loss = ((v - torch.tensor(target)).abs() ** 2).sum() + ((c - 3.0) ** 4).sum()
            loss.backward()
            return loss

        theirs.step(torchs)
        np.testing.assert_allclose(host(w), v.detach().numpy(), rtol=1e-8)
        np.testing.assert_allclose(host(b), c.detach().numpy(), rtol=1e-8)
    assert abs(host(w) - target).max() < abs(start - target).max()


def trained(make, **options):
    w = xg.asarray(raw([1.0, 2.0])).requires_grad_()
    optimizer = make([w], **options)
    xg.sum(w * w).backward()
    optimizer.step()
    return w, optimizer


@pytest.mark.numpy_only
def test_states_of_other_optimizers_raise_and_change_nothing():
    _, sgd = trained(xg.optim.SGD, momentum=0.9, lr=0.1)
    _, adam = trained(xg.optim.Adam, lr=0.2)
    before = repr(adam.state_dict())
    with pytest.raises(ValueError) as caught:
        adam.load_state_dict(sgd.state_dict())
    message = (
        "load_state_dict of Adam: expected the state of Adam, got the state of SGD: options that"
    )
    assert str(caught.value).startswith(message)
    other = adam.state_dict()
    other["state"] = [{**other["state"][0], "exp_avg_sq": xg.ones(3)}]
    other["param_groups"][0]["lr"] = 7.0
    with pytest.raises(ValueError, match=r"exp_avg_sq: expected shape \(2,\), got \(3,\)"):
        adam.load_state_dict(other)
    other = adam.state_dict()
    other["param_groups"][0]["lr"] = -7.0
    with pytest.raises(ValueError, match="Adam: expected lr of at least 0, got -7"):
        adam.load_state_dict(other)
    for nothing in ({}, {"state": []}, 3):
        with pytest.raises(ValueError, match="load_state_dict of Adam: expected a state dict of"):
            adam.load_state_dict(nothing)
    assert repr(adam.state_dict()) == before


@pytest.mark.numpy_only
def test_options_are_pythons_own_numbers():
    betas = (np.float32(0.5), np.float64(0.9))
    _, adam = trained(xg.optim.Adam, lr=np.float32(0.5), betas=betas, amsgrad=np.bool_(True))
    adam.param_groups[0]["eps"] = np.float32(0.5)
    group = adam.state_dict()["param_groups"][0]
    assert {type(v) for v in group.values()} == {float, tuple, bool}
    assert json.loads(json.dumps(group))["lr"] == 0.5
    _, other = trained(xg.optim.NAdam, lr=xg.asarray(0.25))
    assert other.param_groups[0]["lr"] == 0.25
    assert all(type(v) in (float, int, xg.Tensor) for v in other.state_dict()["state"][0].values())


def test_lbfgs_passes_over_frozen_parameters():
    a, b = (xg.asarray(raw([x, x + 1])).requires_grad_() for x in (1.0, 5.0))
    optimizer = xg.optim.LBFGS([a, b], max_iter=3)

    def closure():
        optimizer.zero_grad()
        loss = xg.sum((a - 2.0) ** 2) + xg.sum((b * a.detach() - 1.0) ** 2)
        loss.backward()
        return loss

    optimizer.step(closure)
    b.requires_grad_(False)
    before = host(b).copy(), host(a).copy()
    optimizer.step(closure)
    np.testing.assert_array_equal(host(b), before[0])
    assert abs(host(a) - before[1]).max() > 0
    b.requires_grad_(True)
    optimizer.step(closure)
    assert abs(host(b) - before[0]).max() > 0
    for p in (a, b):
        p.requires_grad_(False)
    with pytest.raises(ValueError, match=r"LBFGS: step\(\) has nothing to do"):
        optimizer.step(closure)


@pytest.mark.numpy_only
def test_schedules_keep_pythons_own_numbers():
    optimizer = two_groups()
    one = np.float32(0.5)
    schedule = xg.optim.StepLR(optimizer, 1, gamma=one)
    optimizer.param_groups[0]["lr"] = np.float32(0.25)
    schedule.step()
    assert [type(rate) for rate in schedule.get_last_lr()] == [float, float]
    plateau = xg.optim.ReduceLROnPlateau(optimizer, factor=one, min_lr=[one, one])
    for state in (schedule.state_dict(), plateau.state_dict()):
        assert json.loads(json.dumps(state)) == state


def test_schedules_are_found_under_pytorchs_path():
    schedules = {
        name
        for name in xg.optim.__all__
        if name.endswith("LR") or name in xg.optim.lr_scheduler.__all__
    }
    assert schedules | {"LRScheduler"} == set(xg.optim.lr_scheduler.__all__)
    for name in xg.optim.lr_scheduler.__all__:
        assert getattr(xg.optim.lr_scheduler, name) is getattr(xg.optim, name)
