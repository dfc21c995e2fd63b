"""Metrics and the training loop."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host, raw
from xgrad import data, metrics, nn, optim
from xgrad.train import Callback, Checkpoint, EarlyStopping, History, evaluate, fit

_rng = np.random.default_rng(2)
X = _rng.normal(size=(50, 3))
Y = X @ np.asarray([[1.0], [-2.0], [0.5]]) + 0.3
CLASSES = (X[:, 0] > 0).astype(np.int64) + (X[:, 1] > 0)


# -- metrics -----------------------------------------------------------------------------------

SCORES = _rng.normal(size=(30, 4))
TARGET = _rng.integers(0, 4, 30)


def test_metrics_of_classes():
    predicted = SCORES.argmax(1)
    right = (predicted == TARGET).mean()
    np.testing.assert_allclose(host(metrics.accuracy(raw(SCORES), raw(TARGET))), right)
    np.testing.assert_allclose(host(metrics.accuracy(raw(predicted), raw(TARGET))), right)
    places = np.argsort(-SCORES, 1)
    for k in (1, 2, 4):
        expected = (places[:, :k] == TARGET[:, None]).any(1).mean()
        found = metrics.top_k_accuracy(raw(SCORES), raw(TARGET), k)
        np.testing.assert_allclose(host(found), expected)
    matrix = np.zeros((4, 4), int)
    np.add.at(matrix, (TARGET, predicted), 1)
    found = metrics.confusion_matrix(raw(SCORES), raw(TARGET), 4)
    np.testing.assert_array_equal(host(found), matrix)
    assert found.dtype == xg.int64


@pytest.mark.parametrize("average", ["macro", "weighted", "micro", None])
def test_precision_recall_f1(average):
    predicted = np.where(SCORES.argmax(1) == 3, 0, SCORES.argmax(1))  # class 3 is never predicted
    rows, counts = [], []
    for c in range(4):
        hits = ((predicted == c) & (TARGET == c)).sum()
        precision = hits / max((predicted == c).sum(), 1)
        recall = hits / max((TARGET == c).sum(), 1)
        rows.append((precision, recall, 2 * precision * recall / max(precision + recall, 1e-300)))
        counts.append((TARGET == c).sum())
    expected = np.asarray(rows).T
    if average == "macro":
        expected = expected.mean(1)
    elif average == "weighted":
        expected = expected @ np.asarray(counts) / 30
    elif average == "micro":
        expected = np.full(3, (predicted == TARGET).mean())
    found = metrics.precision_recall_f1(raw(predicted), raw(TARGET), 4, average)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(host(a), b)


def test_metrics_of_numbers():
    x, y = SCORES[:, 0], SCORES[:, 1]
    np.testing.assert_allclose(
        host(metrics.mean_absolute_error(raw(x), raw(y))), np.abs(x - y).mean()
    )
    expected = 1 - ((y - x) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    np.testing.assert_allclose(host(metrics.r2_score(raw(x), raw(y))), expected)
    average = metrics.Mean()
    assert np.isnan(average.compute())
    average.update(xg.asarray(raw(np.asarray(2.0))), weight=3)
    average.update(4.0)
    assert average.compute() == 2.5
    assert repr(average) == "Mean(weight=4)"
    average.reset()
    assert np.isnan(average.compute())


METRIC_ERRORS = {
    "accuracy: expected integer classes": lambda: metrics.accuracy(xg.ones(2), xg.ones(2)),
    "accuracy: expected scores (N, C, ...)": lambda: metrics.accuracy(
        xg.ones(2), xg.asarray([1, 0])
    ),
    "accuracy: input and target have different shapes": lambda: metrics.accuracy(
        xg.asarray([1]), xg.asarray([1, 0])
    ),
    "top_k_accuracy: expected scores": lambda: metrics.top_k_accuracy(
        xg.ones((2, 3)), xg.asarray([1, 0]), 4
    ),
    "precision_recall_f1: average must": lambda: metrics.precision_recall_f1(
        xg.asarray([1]), xg.asarray([1]), 2, "mean"
    ),
    "r2_score: input and target": lambda: metrics.r2_score(xg.ones((8, 1)), xg.ones(8)),
}


@pytest.mark.numpy_only
@pytest.mark.parametrize("message", METRIC_ERRORS)
def test_errors_of_metrics(message):
    with pytest.raises((ValueError, TypeError)) as caught:
        METRIC_ERRORS[message]()
    assert message in str(caught.value)


# -- the loop ----------------------------------------------------------------------------------


def make(seed=0, dropout=0.0):
    generator = xg.random.Generator(seed)
    model = nn.Sequential(
        nn.Linear(3, 8, dtype="float64", generator=generator),
        nn.Tanh(),
        nn.Dropout(dropout, generator=generator),
        nn.Linear(8, 1, dtype="float64", generator=generator),
    )
    loader = data.DataLoader(
        data.TensorDataset(raw(X), raw(Y)), 16, shuffle=True, generator=xg.random.Generator(1)
    )
    return model, optim.Adam(model.parameters(), lr=0.02), loader


def weights(model):
    return np.concatenate([host(p).ravel() for p in model.parameters()])


def test_fit_is_the_plain_loop():
    model, optimizer, loader = make()
    history = fit(model, nn.MSELoss(), optimizer, loader, 3, progress=False)
    plain, optimizer, loader = make()
    losses = []
    for _ in range(3):
        total = 0.0
        for x, y in loader:
            loss = nn.functional.mse_loss(plain(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * x.shape[0]
        losses.append(total / 50)
    np.testing.assert_allclose(weights(model), weights(plain), rtol=1e-12)
    np.testing.assert_allclose(history["loss"], losses, rtol=1e-12)


def test_accumulated_gradients_are_those_of_one_batch():
    """Five batches of ten, accumulated in pairs: equal to batches of 20, 20 and 10."""
    ends = []
    for size, accumulate in ((10, 2), (20, 1)):
        model, optimizer, _ = make()
        loader = data.DataLoader(data.TensorDataset(raw(X), raw(Y)), size)
        fit(
            model, nn.MSELoss(), optimizer, loader, 2, accumulate=accumulate, clip_norm=0.5,
            progress=False,
        )  # fmt: skip
        ends.append(weights(model))
    np.testing.assert_allclose(*ends, rtol=1e-9)


def test_validation_metrics_schedules_and_the_bar(capsys):
    generator = xg.random.Generator(0)
    model = nn.Linear(3, 3, dtype="float64", generator=generator)
    optimizer = optim.SGD(model.parameters(), lr=0.5)
    loader = data.DataLoader(data.TensorDataset(raw(X), raw(CLASSES)), 10)
    history = fit(
        model, nn.CrossEntropyLoss(), optimizer, loader, 4, validation=loader,
        metrics={"accuracy": metrics.accuracy}, scheduler=optim.StepLR(optimizer, 5, gamma=0.9),
        schedule_by="batch",
    )  # fmt: skip
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert history.epochs == 4
    assert history["val_accuracy"][-1] > 0.7
    assert history["loss"][-1] < history["loss"][0]
    np.testing.assert_allclose(optimizer.param_groups[0]["lr"], 0.5 * 0.9**4)
    bar = capsys.readouterr().err
    assert "epoch 4/4" in bar
    assert "samples/s" in bar
    assert "val_accuracy=" in bar
    found = evaluate(model, nn.CrossEntropyLoss(), loader, metrics={"accuracy": metrics.accuracy})
    np.testing.assert_allclose(found["accuracy"], history.last("val_accuracy"))
    assert model.training
    plateau = optim.ReduceLROnPlateau(optimizer, patience=0, threshold=10.0)
    fit(model, nn.CrossEntropyLoss(), optimizer, loader, 2, scheduler=plateau, progress=False)
    assert plateau.last_epoch == 2


def test_batches_of_dicts():
    class Named(data.Dataset):
        def __len__(self):
            return 50

        def __getitem__(self, i):
            return {"x": raw(X[i]), "y": raw(Y[i])}

    model, optimizer, _ = make()
    loader = data.DataLoader(Named(), 25)
    with pytest.raises(TypeError, match=r"expected batches \(inputs..., target\)"):
        fit(model, nn.MSELoss(), optimizer, loader, 1, progress=False)
    history = fit(
        model, nn.MSELoss(), optimizer, loader, 2, progress=False,
        split=lambda batch: ([batch["x"]], batch["y"]),
    )  # fmt: skip
    assert history.epochs == 2


def test_early_stopping():
    model, optimizer, loader = make()
    for group in optimizer.param_groups:
        group["lr"] = 3.0  # far too large, so there is no improvement for a while
    stopping = EarlyStopping("loss", patience=2)
    history = fit(model, nn.MSELoss(), optimizer, loader, 100, callbacks=[stopping], progress=False)
    epoch, best = history.best("loss")
    assert history.epochs == epoch + 3 < 100
    assert stopping.best == best
    assert stopping.best_epoch == epoch
    with pytest.raises(ValueError, match="the history has no 'val_loss', only loss"):
        fit(
            model, nn.MSELoss(), optimizer, loader, 1, progress=False,
            callbacks=[EarlyStopping("val_loss")],
        )  # fmt: skip


class Stop(Callback):
    """Interrupts a training."""

    def __init__(self, epoch):
        self.epoch = epoch

    def epoch_end(self, run):
        run.stopped = run.epoch == self.epoch


@pytest.mark.parametrize("name", ["Adam", "SGD", "NAdam"])
def test_an_interrupted_run_resumes_with_the_same_numbers(tmp_path, name):
    """Weights, moments, orders of the data, dropped elements, schedules, best weights."""

    def run(path, stop=None, resume=False):
        model, optimizer, loader = make(dropout=0.3)
        if name == "SGD":
            optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        if name == "NAdam":
            optimizer = optim.NAdam(model.parameters(), lr=0.02)
        callbacks = [
            Checkpoint(path, resume=resume),
            EarlyStopping(patience=50, restore_best=True),
        ]
        # The interruption comes after the checkpoint, and is not part of the state.
        if stop is not None:
            callbacks[1].epoch_end = lambda r: setattr(r, "stopped", r.epoch == stop)
        history = fit(
            model, nn.MSELoss(), optimizer, loader, 6, callbacks=callbacks,
            validation=loader, scheduler=optim.CosineAnnealingLR(optimizer, 6), progress=False,
        )  # fmt: skip
        return weights(model), history

    whole, history = run(tmp_path / "whole.safetensors")
    run(tmp_path / "cut.safetensors", stop=2)
    resumed, continued = run(tmp_path / "cut.safetensors", resume=True)
    np.testing.assert_array_equal(resumed, whole)
    assert dict(continued) == dict(history)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cut.safetensors", "whole.safetensors"]


def test_checkpoints(tmp_path):
    path = tmp_path / "deep" / "best.safetensors"
    model, optimizer, loader = make()
    best = Checkpoint(path, best_only=True, monitor="loss", mode="max")
    fit(model, nn.MSELoss(), optimizer, loader, 3, callbacks=[best], progress=False)
    assert xg.load_file(path)["model.0.weight"].shape == (8, 3)
    model, optimizer, loader = make()
    resumed = Checkpoint(path, best_only=True, monitor="loss", mode="max", resume=True)
    history = fit(model, nn.MSELoss(), optimizer, loader, 1, callbacks=[resumed], progress=False)
    assert history.epochs == 1  # the largest loss was in the first epoch
    with pytest.raises(ValueError, match="was written with 1 callbacks, this run has 2"):
        fit(
            model, nn.MSELoss(), optimizer, loader, 1, progress=False,
            callbacks=[resumed, EarlyStopping()],
        )  # fmt: skip
    xg.save_file({"w": xg.ones(1)}, path)
    with pytest.raises(ValueError, match="does not hold a training run"):
        fit(model, nn.MSELoss(), optimizer, loader, 1, callbacks=[resumed], progress=False)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="damaged or not a safetensors file"):
        fit(model, nn.MSELoss(), optimizer, loader, 1, callbacks=[resumed], progress=False)
    with pytest.raises(ValueError, match="every must be at least 1 epoch"):
        Checkpoint(path, every=0)
    with pytest.raises(ValueError, match="mode must be 'min' or 'max'"):
        EarlyStopping(mode="least")
    with pytest.raises(ValueError, match="schedule_by must be"):
        fit(model, nn.MSELoss(), optimizer, loader, 1, schedule_by="step")


@pytest.mark.numpy_only
def test_history_plots_itself(tmp_path):
    pytest.importorskip("matplotlib")
    history = History({"loss": [2.0, 1.0], "val_loss": [2.5, 1.5], "val_accuracy": [0.5, 0.75]})
    picture = history.plot(tmp_path / "new" / "loss.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert repr(history) == "History(2 epochs: loss 1, val_loss 1.5, val_accuracy 0.75)"
    assert repr(History()) == "History(0 epochs)"
    assert len(history) == 3
    assert history.best("val_accuracy", "max") == (2, 0.75)
    History().plot(tmp_path / "empty.png")
