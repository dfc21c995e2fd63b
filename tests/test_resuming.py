"""A run interrupted after any epoch resumes with bitwise the same numbers."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import data, nn, optim
from xgrad.train import Callback, Checkpoint, EarlyStopping, fit

_rng = np.random.default_rng(3)
X = _rng.normal(size=(22, 3)).astype("float32")
Y = (X @ np.asarray([[1.0], [-2.0], [0.5]]) + 0.3).astype("float32")
EPOCHS = 5
#: How many trainings are drawn; one if each shape is compiled.
COUNT = int(os.environ.get("XGRAD_RESUMES", {"numpy": 6, "jax": 1}.get(NAME, 3)))


class Average(Callback):
    """A running average of the weights."""

    def __init__(self, model):
        self.ema = optim.EMA(model.parameters(), decay=0.7)

    def step_end(self, run):
        self.ema.update()

    def state(self):
        return self.ema.state_dict()

    def load_state(self, state):
        self.ema.load_state_dict(state)


class Copies(Callback):
    """Keeps a copy of each epoch's file."""

    def __init__(self, path):
        self.path = path

    def save(self, run):
        if self.path.exists():
            shutil.copy(self.path, self.path.with_name(f"after {run.epoch}"))


OPTIMIZERS = {
    "SGD": lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9, nesterov=True),
    "Adam": lambda p, lr: optim.Adam(p, lr=lr, amsgrad=True),
    "AdamW": lambda p, lr: optim.AdamW(p, lr=lr),
    "RMSprop": lambda p, lr: optim.RMSprop(p, lr=lr, momentum=0.5, centered=True),
    "NAdam": lambda p, lr: optim.NAdam(p, lr=lr),
    "Adagrad": lambda p, lr: optim.Adagrad(p, lr=lr),
    "Adadelta": lambda p, lr: optim.Adadelta(p, lr=lr),
    "Lion": lambda p, lr: optim.Lion(p, lr=lr / 10),
}

#: A schedule, and when it steps.
SCHEDULES = {
    "none": (lambda _: None, "epoch"),
    "StepLR": (lambda o: optim.StepLR(o, 2, gamma=0.5), "epoch"),
    "StepLR by batch": (lambda o: optim.StepLR(o, 3, gamma=0.9), "batch"),
    "CosineAnnealingLR": (lambda o: optim.CosineAnnealingLR(o, EPOCHS), "epoch"),
    "OneCycleLR": (lambda o: optim.OneCycleLR(o, max_lr=0.1, total_steps=60, cycle_momentum=False), "batch"),
    "LambdaLR": (lambda o: optim.LambdaLR(o, lambda t: 0.8**t), "epoch"),
    "ReduceLROnPlateau": (
        lambda o: optim.ReduceLROnPlateau(o, patience=0, threshold=0.5), "epoch"
    ),
    "SequentialLR": (
        lambda o: optim.SequentialLR(
            o, [optim.LinearLR(o, total_iters=2), optim.ExponentialLR(o, 0.9)], [2]
        ),
        "epoch",
    ),
    "CosineAnnealingWarmRestarts": (lambda o: optim.CosineAnnealingWarmRestarts(o, 2), "epoch"),
}  # fmt: skip


def drawn(seed):
    """Draw the options of a training."""
    rng = np.random.default_rng(seed)

    def one_of(*values):
        return values[rng.integers(len(values))]

    return {
        "optimizer": one_of(*OPTIMIZERS),
        "schedule": one_of(*SCHEDULES),
        "rate": one_of(0.01, np.float32(0.01), np.float64(0.02)),
        "norm": one_of(nn.BatchNorm1d, nn.LayerNorm),
        "amp": one_of(None, "float16") if NAME != "array_api_strict" else None,
        "accumulate": one_of(1, 3),
        "clip_norm": one_of(None, 0.3),
        "own generators": one_of(True, False),
        "workers": one_of(0, 2),
        "validated": one_of(True, False),
        "order": rng.permutation(3).tolist(),
        "patience": one_of(0, 1, 20),
        "groups": one_of(True, False),
    }


def trained(options, path, resume=False):
    """Train from the start, or from a file."""
    # A resumed run starts in a new process, in which other numbers were drawn.
    xg.random.seed(123 if resume else 0)
    own = xg.random.Generator if options["own generators"] else lambda _: None
    model = nn.Sequential(
        nn.Linear(3, 6, generator=xg.random.Generator(99 if resume else 1)),
        options["norm"](6), nn.Tanh(), nn.Dropout(0.3, generator=own(2)),
        nn.Linear(6, 1, generator=xg.random.Generator(98 if resume else 3)),
    )  # fmt: skip
    params = list(model.parameters())
    if options["groups"]:
        params = [{"params": params[:2]}, {"params": params[2:], "lr": 0.005}]
    optimizer = OPTIMIZERS[options["optimizer"]](params, options["rate"])
    make, by = SCHEDULES[options["schedule"]]
    whole = data.TensorDataset(raw(X), raw(Y))
    loader = data.DataLoader(
        whole, 4, shuffle=True, generator=own(4), num_workers=options["workers"]
    )
    scaler = xg.amp.GradScaler(2.0**15, growth_interval=4, enabled=options["amp"] == "float16")
    average = Average(model)
    stopping = EarlyStopping(patience=options["patience"])
    callbacks = [Checkpoint(path, resume=resume), average, stopping]
    history = fit(
        model, nn.MSELoss(), optimizer, loader, EPOCHS,
        data.DataLoader(whole, 8, shuffle=True, generator=own(5)) if options["validated"] else None,
        [*(callbacks[i] for i in options["order"]), Copies(path)],
        scheduler=make(optimizer), schedule_by=by, clip_norm=options["clip_norm"],
        accumulate=options["accumulate"], amp=options["amp"], scaler=scaler, progress=False,
    )  # fmt: skip
    end = {f"model {name}": host(x) for name, x in model.state_dict().items()}
    end |= {f"average {i}": host(x) for i, x in enumerate(average.ema.averages)}
    end |= {f"best {name}": host(x) for name, x in stopping.best_weights.items()}
    end |= {f"rate {i}": g["lr"] for i, g in enumerate(optimizer.param_groups)}
    for i, state in enumerate(optimizer.state_dict()["state"]):
        end |= {f"state {i} {k}": host(v) for k, v in state.items() if v is not None}
    end |= {f"scaler {k}": v for k, v in scaler.state_dict().items()}
    end |= {f"stopping {k}": getattr(stopping, k) for k in ("best", "best_epoch", "bad_epochs")}
    return end, dict(history)


@pytest.mark.parametrize("seed", range(COUNT))
def test_every_epoch_resumes_to_the_same_numbers(tmp_path, seed):
    options = drawn(seed)
    path = tmp_path / "run.safetensors"
    end, history = trained(options, path)
    epochs = len(history["loss"])
    for epoch in range(1, epochs + 1):
        shutil.copy(tmp_path / f"after {epoch}", path)
        if epoch < epochs:  # a leftover of a killed save, which the next save removes
            leftover = tmp_path / f".{path.name}.{'0' * 16}.tmp"
            leftover.write_bytes(path.read_bytes()[:100])
        found, continued = trained(options, path, resume=True)
        assert not list(tmp_path.glob(".*"))
        assert continued == history, (epoch, options)
        assert found.keys() == end.keys()
        for name, x in end.items():
            np.testing.assert_array_equal(found[name], x, f"{name}, {epoch}, {options}")
            assert type(found[name]) is type(x), name


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.test_resuming import drawn, trained
count = 0
replace = Path.replace
def killed(self, target):
    global count
    count += 1
    if count == 3:  # the third epoch's file is written, but not yet renamed
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(self, target)
Path.replace = killed
trained({**drawn(0), "patience": 20}, Path(sys.argv[1]))
"""


@pytest.mark.numpy_only
@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_a_run_killed_while_saving_resumes(tmp_path):
    options = {**drawn(0), "patience": 20}
    end, history = trained(options, tmp_path / "whole.safetensors")
    path = tmp_path / "killed.safetensors"
    command = [sys.executable, "-c", KILLED, str(path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(command, check=False, timeout=300, env=environment)
    assert done.returncode == -9
    assert len(list(tmp_path.glob(".killed*"))) == 1
    found, continued = trained(options, path, resume=True)
    assert continued == history
    for name, x in end.items():
        np.testing.assert_array_equal(found[name], x, name)
    assert not list(tmp_path.glob(".killed*"))


# -- files that do not fit ---------------------------------------------------------------------


def parts(**changes):
    """Return the parts of a run, and a function that describes its state."""
    generator = xg.random.Generator(changes.get("seed", 0))
    model = nn.Sequential(
        nn.Linear(3, changes.get("width", 4), generator=generator), nn.Tanh(),
        nn.Linear(changes.get("width", 4), 1, generator=generator),
    )  # fmt: skip
    optimizer = changes.get("optimizer", optim.Adam)(model.parameters(), lr=0.01)
    scheduler = changes.get("scheduler", optim.ExponentialLR)
    scheduler = None if scheduler is None else scheduler(optimizer, 0.9)
    loader = data.DataLoader(
        data.TensorDataset(raw(X), raw(Y)), 8, shuffle=True, generator=changes.get("generator", 1)
    )
    scaler = xg.amp.GradScaler(enabled=changes.get("scaled", True))
    callbacks = [EarlyStopping("loss"), *changes.get("callbacks", ())]
    return model, optimizer, scheduler, loader, scaler, callbacks


class Refuses(Callback):
    """Its state cannot be loaded, which is the last step of loading."""

    def __init__(self):
        self.refuses = False

    def state(self):
        return {"a": 1}

    def load_state(self, state):
        if self.refuses and state["a"] == 1:
            self.refuses = False
            raise ValueError("not this one")


MISFITS = {
    "load_state_dict of Sequential": {"width": 5},
    "the optimizer was Adam and is SGD": {"optimizer": optim.SGD},
    "the scheduler was ExponentialLR and is none": {"scheduler": None},
    "the scheduler was ExponentialLR and is StepLR": {"scheduler": lambda o, _: optim.StepLR(o, 1)},
    "the scaler was GradScaler and is none": {"scaled": False},
    "the generators were global, loader and are global": {"generator": None},
    "was written with 3 callbacks, this run has 4": {"callbacks": [Refuses(), Refuses()]},
    "does not fit this run, which is unchanged (not this one)": {},
}


@pytest.mark.numpy_only
@pytest.mark.parametrize("message", MISFITS)
def test_a_partly_matching_file_changes_nothing(tmp_path, message):
    path = tmp_path / "run.safetensors"
    changes = {"callbacks": [Refuses()], **MISFITS[message]}

    def run(epochs, resume, changes):
        model, optimizer, scheduler, loader, scaler, callbacks = parts(**changes)
        saving = Checkpoint(path, resume=resume)
        if resume:
            callbacks[1].refuses = True
            model(xg.ones((2, 3), dtype="float32")).sum().backward()
            optimizer.step()
            optimizer.zero_grad()
        before = described(model, optimizer, scheduler, loader, scaler, callbacks)
        fitted = lambda: fit(  # noqa: E731
            model, nn.MSELoss(), optimizer, loader, epochs, None, [*callbacks, saving],
            scheduler=scheduler, scaler=scaler, progress=False,
        )  # fmt: skip
        if not resume:
            fitted()
            return
        with pytest.raises(ValueError, match="Checkpoint|load_state_dict") as caught:
            fitted()
        assert message in str(caught.value)
        assert described(model, optimizer, scheduler, loader, scaler, callbacks) == before

    run(2, False, {"callbacks": [Refuses()]})
    run(3, True, {"seed": 5, **changes})


def described(model, optimizer, scheduler, loader, scaler, callbacks):
    """Return the complete state, as text."""
    states = [
        {name: x.tolist() for name, x in model.state_dict().items()},
        optimizer.state_dict(), None if scheduler is None else scheduler.state_dict(),
        scaler.state_dict(), loader.generator and loader.generator.state(),
        xg.random.default_generator().state(), [callback.state() for callback in callbacks],
    ]  # fmt: skip
    with np.printoptions(precision=17):
        return repr(states)
