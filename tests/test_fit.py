"""The training loop with missing, exhausted, interrupted or reused parts."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host, raw
from xgrad import data, metrics, nn, optim
from xgrad.train import Callback, Checkpoint, EarlyStopping, History, evaluate, fit

pytestmark = pytest.mark.numpy_only
_rng = np.random.default_rng(2)
X = _rng.normal(size=(50, 3))
Y = X @ np.asarray([[1.0], [-2.0], [0.5]]) + 0.3
LOSS = nn.MSELoss()


def make(size=16, seed=0, **options):
    model = nn.Linear(3, 1, dtype="float64", generator=xg.random.Generator(seed))
    loader = data.DataLoader(data.TensorDataset(raw(X), raw(Y)), size, **options)
    return model, optim.SGD(model.parameters(), lr=0.1), loader


def trained(epochs=2, loader=None, size=16, **options):
    model, optimizer, own = make(size)
    history = fit(
        model, LOSS, optimizer, own if loader is None else loader, epochs, progress=False, **options
    )
    return model, history


def few(count):
    return data.TensorDataset(raw(X[:count]), raw(Y[:count]))


NOTHING = {
    "an empty list": list,
    "an empty data set": lambda: data.DataLoader(few(0), 4),
    "less than a batch": lambda: data.DataLoader(few(3), 4, drop_last=True),
    "an empty sampler": lambda: data.DataLoader(few(9), 4, sampler=[]),
}


@pytest.mark.parametrize("name", NOTHING)
@pytest.mark.parametrize("accumulate", [1, 2])
def test_training_without_batches_raises(name, accumulate):
    with pytest.raises(ValueError, match=r"fit: the loader yielded no batches in epoch 1; is the"):
        trained(1, NOTHING[name](), accumulate=accumulate)
    with pytest.raises(
        ValueError, match=r"evaluate: the loader yielded no batches; is the data set"
    ):
        trained(1, validation=NOTHING[name]())


def test_exhausted_iterators_raise():
    batches = [(X[:8], Y[:8]), (X[8:10], Y[8:10])]
    assert trained(3, batches)[1].epochs == 3
    with pytest.raises(ValueError, match="no batches in epoch 2; .* which can be used only once"):
        trained(2, iter(batches))
    with pytest.raises(ValueError, match="evaluate: the loader yielded no batches"):
        trained(2, validation=iter(batches))
    assert trained(1, iter(batches), accumulate=2)[1].epochs == 1
    loader = data.DataLoader(few(9), 4, sampler=iter(range(9)))
    with pytest.raises(
        TypeError, match="the length is unknown, because the sampler is an iterator"
    ):
        len(loader)
    with pytest.raises(ValueError, match="the sampler is an iterator, exhausted by the first"):
        trained(2, loader)

    class Backwards:
        def __iter__(self):
            return iter(range(8, -1, -1))

    loader = data.DataLoader(few(9), 4, sampler=Backwards())
    assert len(loader) == 3
    assert trained(2, loader)[1].epochs == 2
    with pytest.raises(IndexError, match="the sampler yielded 9, out of range for 9 examples"):
        next(iter(data.DataLoader(few(9), 4, sampler=[0, 9])))
    with pytest.raises(ValueError, match=r"fit: a batch has no examples \(shape \(0, 3\)\)"):
        trained(1, [batches[0], (X[:0], Y[:0])])
    with pytest.raises(TypeError, match="fit: expected batches that hold an array"):
        trained(1, [("a", "b")])


def test_a_group_of_batches_counts_by_examples():
    """Batches of 16, 16, 16 and 2, in twos, are batches of 32 and 18; also of unknown length."""
    expected = host(trained(size=32)[0].weight)
    for loader in (None, Endless(16)):
        found = trained(loader=loader, accumulate=2)[0]
        np.testing.assert_allclose(host(found.weight), expected, rtol=1e-12)


class Endless:
    """A loader without a length."""

    def __init__(self, size):
        self.size = size

    def __iter__(self):
        return ((X[i : i + self.size], Y[i : i + self.size]) for i in range(0, 50, self.size))


def test_batches_count_by_their_first_array():
    batches = [
        {"x": X[:8], "a": np.ones(3), "y": Y[:8]},
        {"x": X[8:40], "a": np.ones(3), "y": Y[8:40]},
    ]
    model, optimizer, _ = make()
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    history = fit(
        model, LOSS, optimizer, batches, 1, progress=False, split=lambda b: ([b["x"]], b["y"])
    )
    whole = LOSS(model(xg.asarray(X[:40])), xg.asarray(Y[:40])).item()
    np.testing.assert_allclose(history["loss"], whole)


def test_no_epochs():
    stopping = EarlyStopping()
    model, history = trained(0, callbacks=[stopping])
    assert history.epochs == 0
    np.testing.assert_array_equal(host(model.weight), host(make()[0].weight))
    for bad, message in (
        ({"clip_norm": -1.0}, "clip_norm must not be negative"),
        ({"callbacks": [EarlyStopping]}, "expected callbacks of xgrad.train.Callback, got <class"),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            trained(1, **bad)
    model, optimizer, loader = make()
    plateau = optim.ReduceLROnPlateau(optimizer)
    with pytest.raises(ValueError, match="ReduceLROnPlateau needs the loss of an epoch"):
        fit(model, LOSS, optimizer, loader, 1, scheduler=plateau, schedule_by="batch")


class Raises(Callback):
    def __init__(self, error, when):
        self.error, self.when = error, when

    def epoch_end(self, run):
        if self.when == "epoch_end" and run.epoch == 2:
            raise self.error

    def step_end(self, run):
        if self.when == "step_end" and run.epoch == 1:
            raise self.error


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt()], ids=["error", "key"])
@pytest.mark.parametrize("when", ["epoch_end", "step_end"])
def test_an_interrupted_run_cleans_up(error, when, capsys, tmp_path):
    """The bar is closed, gradients record, and the checkpoint is that of a complete epoch."""
    path = tmp_path / "run.safetensors"
    model, optimizer, loader = make()
    with pytest.raises(type(error)):
        fit(model, LOSS, optimizer, loader, 4, callbacks=[Checkpoint(path), Raises(error, when)])
    assert capsys.readouterr().err.endswith("\n")
    assert model.training
    assert (model(xg.asarray(X)).sum() * 1.0).requires_grad
    whole, history = trained(4)
    model, optimizer, loader = make(seed=7)
    resumed = fit(
        model, LOSS, optimizer, loader, 4, callbacks=[Checkpoint(path, resume=True)], progress=False
    )
    assert dict(resumed) == dict(history)
    np.testing.assert_array_equal(host(model.weight), host(whole.weight))


def test_evaluation_keeps_the_mode_of_every_module():
    """A layer frozen in evaluation mode stays in it; also when the loss raises."""
    model = nn.Sequential(nn.Linear(3, 1, dtype="float64"), nn.BatchNorm1d(1, dtype="float64"))
    model[1].eval()
    loader = data.DataLoader(few(9), 4)
    evaluate(model, LOSS, loader)
    assert [m.training for m in model.modules()] == [True, True, False]
    with pytest.raises(ZeroDivisionError):
        evaluate(model, lambda *_: 1 / 0, loader)
    assert [m.training for m in model.modules()] == [True, True, False]


def test_callbacks_are_reset():
    """The best weights of one model are not put into another."""
    stopping = EarlyStopping("loss", patience=3)
    trained(5, callbacks=[stopping])
    other, optimizer, loader = make(seed=1)
    for group in optimizer.param_groups:
        group["lr"] = 1e-6  # its loss never gets as low as the first one's
    start = host(other.weight).copy()
    fit(other, LOSS, optimizer, loader, 2, callbacks=[stopping], progress=False)
    np.testing.assert_allclose(host(other.weight), start, atol=1e-4)
    assert stopping.best_epoch == 2


@pytest.mark.parametrize("first", [True, False])
def test_the_order_of_callbacks_does_not_matter(tmp_path, first):
    """A checkpoint holds the state of all callbacks after the epoch."""

    def callbacks(resume):
        stopping = EarlyStopping("loss", patience=1)
        saving = Checkpoint(tmp_path / "run.safetensors", resume=resume)
        return stopping, [saving, stopping] if first else [stopping, saving]

    def run(resume, epochs):
        model, optimizer, loader = make()
        for group in optimizer.param_groups:
            group["lr"] = 2.0  # the loss increases from the first epoch on
        stopping, both = callbacks(resume)
        history = fit(model, LOSS, optimizer, loader, epochs, callbacks=both, progress=False)
        return stopping, history, model

    stopping, history, model = run(False, 10)
    assert history.epochs == 3
    assert stopping.bad_epochs == 2
    again, continued, restored = run(True, 10)  # it was stopped, and stays stopped
    assert dict(continued) == dict(history)
    assert again.state().keys() == stopping.state().keys()
    assert again.bad_epochs == 2
    np.testing.assert_array_equal(host(restored.weight), host(model.weight))


class Until(Callback):
    """Stops a training for an external reason: its time is over."""

    def __init__(self, epoch):
        self.epoch = epoch

    def epoch_end(self, run):
        run.stopped = run.epoch == self.epoch


def test_a_run_that_ran_out_of_time_resumes(tmp_path):
    path = tmp_path / "run.safetensors"
    whole = trained(4)[0]
    for epoch in (2, 3, 9):
        model, optimizer, loader = make()
        callbacks = [Until(epoch), Checkpoint(path, resume=True)]
        fit(model, LOSS, optimizer, loader, 4, callbacks=callbacks, progress=False)
    np.testing.assert_array_equal(host(model.weight), host(whole.weight))


def test_the_best_of_every_second_epoch(tmp_path):
    """An epoch that is not due does not count as saved."""
    path = tmp_path / "run.safetensors"

    class Given(Callback):
        def epoch_end(self, run):
            run.history["loss"][-1] = [5.0, 4.0, 1.0, 3.0][run.epoch - 1]

    saving = Checkpoint(path, every=2, best_only=True)
    trained(4, callbacks=[Given(), saving])
    assert saving.best == 3.0
    model, optimizer, loader = make()
    resumed = Checkpoint(path, resume=True)
    history = fit(model, LOSS, optimizer, loader, 4, callbacks=[resumed], progress=False)
    assert history["loss"] == [5.0, 4.0, 1.0, 3.0]


@pytest.mark.parametrize("dtype", ["complex64", "complex128", "bfloat16"])
def test_parameters_of_every_dtype_are_kept(tmp_path, dtype):
    """Complex parameters could not be saved, bfloat16 ones not be loaded."""
    if dtype == "bfloat16":
        dtype = pytest.importorskip("ml_dtypes").bfloat16

    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(xg.asarray(np.ones((3, 1)).astype(dtype)))

        def forward(self, x):
            return xg.abs(xg.matmul(x.astype(self.w.dtype), self.w)).astype("float64")

    def run(epochs, resume):
        model = Scale()
        optimizer = optim.Adam(model.parameters(), lr=np.float32(0.05))
        loader = make(shuffle=True, generator=1)[2]
        fit(
            model, LOSS, optimizer, loader, epochs, progress=False,
            callbacks=[Checkpoint(tmp_path / "run", resume=resume), EarlyStopping("loss")],
        )  # fmt: skip
        return host(model.w)

    whole = run(4, False)
    run(2, False)
    np.testing.assert_array_equal(run(4, True), whole)


def test_states_of_every_kind_are_kept(tmp_path):
    class Keeps(Callback):
        def __init__(self, value):
            self.value = value

        def state(self):
            return {"value": self.value}

        def load_state(self, state):
            self.value = state["value"]

    value = {
        1: "a", "b": (1, [2.5, None, True]), "$tensor": 3, "c": 1 + 2j, "d": np.float32(0.1),
        "e": np.arange(3), "f": xg.ones(2), "g": float("inf"), (1, 2): {}, "i.j": np.ones(1), "i": {"j": np.zeros(1)}, "h": np.int64(3),
    }  # fmt: skip
    path = tmp_path / "run.safetensors"
    trained(1, callbacks=[Keeps(value), Checkpoint(path)])
    found = Keeps(None)
    found.value = 0
    trained(1, callbacks=[found, Checkpoint(path, resume=True)])
    assert list(found.value) == list(value)
    for key, x in value.items():
        assert type(found.value[key]) is type(x)
        if isinstance(x, tuple | str | dict):
            assert repr(found.value[key]) == repr(x)
        else:
            np.testing.assert_array_equal(host(found.value[key]), host(x))
    with pytest.raises(
        TypeError, match=r"Checkpoint: cannot save callbacks.Keeps 1.value.a, a set"
    ):
        trained(1, callbacks=[Keeps({"a": {1}}), Checkpoint(path)])


def test_runs_that_would_train_nothing_raise():
    model, optimizer, loader = make()
    other = optim.SGD(nn.Linear(3, 1).parameters(), lr=0.1)
    for options, message in (
        ({"optimizer": other}, "no parameter of the optimizer got a gradient"),
        ({"scheduler": optim.StepLR(other, 1)}, "the scheduler belongs to another optimizer"),
        ({"metrics": {"loss": LOSS, "val_a": LOSS}}, "names of metrics are reserved: loss, val_a"),
        ({"epochs": 1.5}, "fit: expected an integer for epochs, got 1.5"),
        (
            {"metrics": {"a": lambda output, target: output - target}},
            "fit: a must be one number, a mean over",
        ),
    ):
        given = {"optimizer": optimizer, "loader": loader, "epochs": 1, **options}
        with pytest.raises((ValueError, TypeError), match=message):
            fit(model, LOSS, progress=False, **given)


def test_the_best_ignores_nan():
    history = History({"loss": [float("nan"), 2.0, 1.0, float("nan")], "lost": [float("nan")]})
    assert history.best("loss") == (3, 1.0)
    assert history.best("loss", "max") == (2, 2.0)
    assert history.best("lost")[0] == 1
    with pytest.raises(ValueError, match="mode must be 'min' or 'max'"):
        history.best("loss", "least")


def test_metrics_are_wide():
    """Half-precision sums would overflow; unsigned integers wrap around."""
    average = metrics.Mean()
    for _ in range(5):
        average.update(xg.asarray(np.float16(1000.0)), 64)
    assert average.compute() == 1000.0
    average = metrics.Mean()
    for _ in range(10_000):
        average.update(xg.asarray(np.float32(0.1)))
        average.update(np.float32(0.1))
    assert abs(average.compute() - float(np.float32(0.1))) < 1e-12
    average = metrics.Mean()
    for _ in range(3):
        average.update(np.full((50, 100), 60.0, "float16"))
    average.update(xg.asarray([30.0, 90.0, 120.0]), weight=5000)
    assert average.compute() == 70.0
    found = metrics.mean_absolute_error(np.asarray([3], "uint8"), np.asarray([5], "uint8"))
    assert found.item() == 2.0
    x = np.asarray([0.0, 300.0, 600.0], "float16")
    assert metrics.r2_score(x, x).item() == 1.0
