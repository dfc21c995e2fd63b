"""`detect_anomaly`, `profile`, `viz.graph`: looking at operations as they run."""

import re
import shutil

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import nn
from xgrad.engine.watching import FAST

pytestmark = pytest.mark.skipif(NAME == "dask", reason="anomalies are detected eagerly")
ZERO = np.asarray([0.0, 1.0])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_anomalies_of_the_forward_pass():
    x = xg.asarray(raw(ZERO))
    with xg.detect_anomaly(), pytest.raises(xg.AnomalyError) as caught:
        xg.log(x)
    message = str(caught.value)
    assert message.startswith(
        "log: produced an infinity from finite numbers, in the forward pass; "
    )
    assert "arguments (2,) float64" in message
    assert re.search(r"test_debugging.py:\d+, in test_anomalies_of_the_forward_pass", message)
    with xg.detect_anomaly(), pytest.raises(xg.AnomalyError, match="sqrt: produced a NaN"):
        xg.sqrt(x - 1.0)
    with xg.detect_anomaly(infinities=False):
        bad = xg.log(x)
    with xg.detect_anomaly():  # the NaN existed before: no operation here produced it
        assert np.isinf(host(bad + 1.0)[0])
        assert not FAST
    xg.log(x)
    assert FAST


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_anomalies_inside_transforms():
    for run in (
        lambda: xg.grad(lambda x: xg.sum(xg.log(x)))(raw(ZERO)),
        lambda: xg.vmap(xg.log)(raw(ZERO)),
        lambda: xg.jvp(xg.log, (raw(ZERO),), (raw(ZERO),)),
    ):
        with xg.detect_anomaly(), pytest.raises(xg.AnomalyError, match="log: produced an infinity"):
            run()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_anomalies_of_the_backward_pass():
    x = xg.tensor(raw(ZERO), requires_grad=True)
    with xg.detect_anomaly():
        y = xg.sum(xg.sqrt(x))  # the line that the error names
        with pytest.raises(xg.AnomalyError) as caught:
            y.backward()
    message = str(caught.value)
    assert (
        "sqrt: its derivative produced an infinity from finite numbers, in the backward" in message
    )
    line = int(re.search(r"test_debugging.py:(\d+)", message).group(1))
    with open(__file__) as source:
        assert "the line that the error names" in source.readlines()[line - 1]
    y = xg.sum(xg.sqrt(x))
    with xg.detect_anomaly(), pytest.raises(xg.AnomalyError, match="called before detect_ano"):
        y.backward()
    with xg.detect_anomaly(), pytest.raises(xg.AnomalyError, match="sqrt: its derivative"):
        xg.grad(lambda x: xg.sum(xg.sqrt(x)))(raw(ZERO))


def test_a_training_step_is_watched_without_a_change():
    def train():
        xg.random.seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.BatchNorm1d(4), nn.Linear(4, 1))
        optimizer = xg.optim.Adam(model.parameters(), lr=0.1)
        x = xg.random.Generator(1).normal((8, 3), dtype=xg.float32)
        for _ in range(3):
            optimizer.zero_grad()
            h = model(x)
            h[:2] *= 2.0
            xg.mean(h**2).backward()
            optimizer.step()
        return [host(p) for p in model.parameters()]

    plain = train()
    with xg.detect_anomaly(), xg.profile() as found:
        watched = train()
    for a, b in zip(plain, watched, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert found.rows["affine", "forward"][0] == 6


def test_profile():
    w = xg.tensor(raw(np.ones((10, 3))), requires_grad=True)
    with xg.profile() as found:
        for _ in range(4):
            xg.sum(xg.exp(w) * 2.0).backward()
    calls, seconds, size = found.rows["exp", "forward"]
    assert (calls, size) == (4, 4 * 240)
    assert seconds > 0
    assert found.rows["exp", "backward"][0] == 4
    assert found.seconds == pytest.approx(sum(row[1] for row in found.rows.values()))
    table = str(found).splitlines()
    assert table[0].split() == ["operation", "pass", "calls", "ms", "%", "MiB"]
    assert len(table) == 2 + len(found.rows)
    assert found.table("calls", limit=1).count("\n") == 2
    with pytest.raises(ValueError, match="by must be one of calls, time, bytes, got 'size'"):
        found.table("size")
    before = found.rows["exp", "forward"][0]
    xg.exp(w)
    assert found.rows["exp", "forward"][0] == before


def test_graph(tmp_path, monkeypatch):
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    h = model(xg.ones((4, 3), dtype=xg.float32))
    loss = xg.sum(h * h)
    found = xg.viz.graph(loss, dict(model.named_parameters()))
    assert str(found).splitlines() == [
        "sum () float32",
        "  multiply (4, 2) float32",
        "    relu (4, 2) float32",
        "      affine (4, 2) float32",
        "        0.weight (2, 3) float32",
        "        0.bias (2,) float32",
        "    relu (4, 2) float32 (above)",
    ]
    assert len(found.nodes) == 6
    assert len(found.edges) == 6
    assert len(found.leaves) == 2
    assert 'label="0.weight\\n(2, 3) float32"' in found.source
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for name, start in (("g.svg", "<svg"), ("g.dot", "digraph {"), ("g.txt", "sum ()")):
        assert found.save(tmp_path / name).read_text().startswith(start)
    with pytest.raises(ValueError, match="expected a path that ends in .svg, .txt or .dot"):
        found.save(tmp_path / "g.png")
    several = xg.unstack(xg.tensor(raw(np.ones((2, 3))), requires_grad=True))
    assert "leaf (2, 3) float64" in str(xg.viz.graph(several[0] + several[1]))
    loss.backward()
    with pytest.raises(xg.AutogradError, match="has freed the graph; draw it before"):
        xg.viz.graph(loss)
    with pytest.raises(TypeError, match="got one that does not; set requires_grad=True"):
        xg.viz.graph(xg.ones(3))
    with pytest.raises(TypeError, match="expected a Tensor that needs gradients, got float"):
        xg.viz.graph(3.0)


@pytest.mark.numpy_only
@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
def test_graph_by_graphviz():
    w = xg.tensor(raw(ZERO), requires_grad=True)
    assert "</svg>" in xg.viz.graph(xg.sum(w)).svg()
