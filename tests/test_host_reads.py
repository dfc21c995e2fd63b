"""No hidden reads from the device: a training step does not synchronize."""

import pytest

import xgrad as xg
from tests import environment
from tests.environment import host, raw
from tests.training_steps import MODELS, Training

OPTIMIZERS = (xg.optim.SGD, xg.optim.Adam, xg.optim.AdamW, xg.optim.RMSprop)
#: dpnp has no float16 matrix product.
HALF = environment.NAME not in ("dpnp", "array_api_strict")


def _steps(training, count=3):
    training.step()  # creates everything that is created once
    with xg.testing.no_host_transfers():
        losses = [training.step() for _ in range(count)]
    return [x.item() for x in losses]


@pytest.mark.parametrize("kind", MODELS)
def test_a_training_step_reads_nothing(kind):
    losses = _steps(Training(kind), 12)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.__name__)
def test_optimizers_read_nothing(optimizer):
    _steps(Training("mlp", optimizer))


@pytest.mark.skipif(not HALF, reason="no products of float16 matrices")
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: o.__name__)
@pytest.mark.parametrize("kind", MODELS)
def test_a_step_in_mixed_precision_reads_nothing(kind, optimizer):
    _steps(Training(kind, optimizer, amp="float16"))


def test_fit_reads_once_an_epoch():
    x, y = raw([[0.0], [1.0], [2.0], [3.0]]), raw([[1.0], [3.0], [5.0], [7.0]])
    loader = xg.data.DataLoader(xg.data.TensorDataset(x, y), 1)
    model = xg.nn.Linear(1, 1, dtype=xg.float64)
    optimizer = xg.optim.SGD(model.parameters(), lr=0.05)
    xg.train.fit(model, xg.nn.MSELoss(), optimizer, loader, 1, progress=False)
    with xg.testing.count_host_reads() as reads:
        xg.train.fit(model, xg.nn.MSELoss(), optimizer, loader, 3, progress=False)
    assert sum(reads.values()) == 3  # the mean loss of each epoch
    for every, expected in ((0, 3), (2, 3 + 3 * 2), (3, 3 + 3)):
        with xg.testing.count_host_reads() as reads:
            xg.train.fit(model, xg.nn.MSELoss(), optimizer, loader, 3, read_every=every)
        assert sum(reads.values()) == expected


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("float", float),
        ("int", int),
        ("bool", bool),
        ("item", lambda x: x.item()),
        ("tolist", lambda x: x.tolist()),
        ("array", lambda x: x.numpy()),
        ("repr", repr),
        ("complex", complex),
    ],
)
def test_every_read_of_a_tensor_raises(name, read):
    if environment.NAME == "dask" and name == "repr":
        pytest.skip("dask's arrays print without being computed")
    x = xg.asarray(raw(1.0))
    with (
        pytest.raises(xg.HostTransferError, match=rf"^{name}: reads from the device.*test_host"),
        xg.testing.no_host_transfers(),
    ):
        read(x)
    read(x)  # allowed again afterwards


@pytest.mark.skipif(environment.NAME not in ("cupy", "dpnp"), reason="arrays of a device")
@pytest.mark.parametrize("read", [float, bool, lambda x: x.item(), lambda x: x.tolist()])
def test_reads_of_raw_arrays_raise(read):
    x = raw(1.0)
    with pytest.raises(xg.HostTransferError), xg.testing.no_host_transfers():
        read(x)
    read(x)


def test_reads_are_counted_once():
    x = xg.asarray(raw([1.0, 2.0]))
    with xg.testing.count_host_reads() as reads:
        x.tolist()
        float(x[0])
        x + x
    assert reads == {"tolist": 1, "float": 1}


def test_a_python_number_of_grad_is_a_read():
    with xg.testing.count_host_reads() as reads:
        assert xg.grad(lambda x: x * x)(3.0) == 6.0
    assert reads == {"number": 1}


def test_the_guard_opens_after_an_error():
    x = xg.asarray(raw(1.0))
    with pytest.raises(KeyError), xg.testing.no_host_transfers():
        raise KeyError
    assert float(x) == 1.0
    assert host(x) == 1.0
