"""Devices as machines: the current one, synchronization, memory, asynchronous copies."""

import copy
import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import xgrad as xg
from tests import environment
from tests.environment import host, raw

pytestmark = pytest.mark.skipif(environment.NAME == "dask", reason="dask has no devices")
EMULATED = environment.SESSION == "cupy-emulated"


def test_the_devices_of_the_backend():
    assert xg.device_count() == len(xg.get_backend().devices()) >= 1
    assert xg.device_count("numpy") == 1
    xg.synchronize()


def test_new_arrays_are_made_on_the_chosen_device():
    # Not the second emulated device: after its use, operations switch to the device of their
    # arrays. The last one of array_api_strict has no float64.
    name = xg.get_backend().devices()[1 if environment.NAME == "array_api_strict" else 0]
    with xg.device(name):
        x = xg.zeros(3)
        layer = xg.nn.Linear(3, 2)
    assert x.device == xg.zeros(3, device=name).device
    assert layer.weight.device == x.device
    assert host(layer(x.astype("float32"))).shape == (2,)


def test_a_device_is_its_name():
    d = xg.device("cuda:1")
    assert (d, str(d), d.type, d.index, d.backend) == ("cuda:1", "cuda:1", "cuda", 1, None)
    assert d == xg.device("cuda", 1) == xg.device(d) != xg.device("cuda")
    assert hash(d) == hash("cuda:1")
    assert repr(d) == "device('cuda:1')"
    assert type(str(d)) is str
    assert (xg.device("cpu").type, xg.device("cpu").index) == ("cpu", None)
    assert xg.device("opencl:gpu:2").type == "opencl:gpu"
    for value in (None, 1, 1.5, [], np.zeros(2).dtype):
        assert (d == value, d != value) == (False, True)
    for copied in (copy.copy(d), copy.deepcopy(d), pickle.loads(pickle.dumps(d))):
        assert type(copied) is xg.device
        assert copied == d


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (("",), ValueError, "expected a name such as 'cpu' or 'cuda:1', got ''"),
        (("cuda:1", 1), ValueError, "'cuda:1' already has an index, got another index 1"),
        (("cuda", -1), ValueError, "expected an index >= 0, got -1"),
        (("cuda", True), ValueError, "expected an index >= 0, got True"),
        ((None,), TypeError, "own device, got NoneType"),
        ((True,), TypeError, "own device, got bool"),
        ((np.zeros(1),), TypeError, "own device, got ndarray"),
    ],
)
def test_what_is_no_device(given, error, message):
    with pytest.raises(error, match=f"^device: .*{message}"):
        xg.device(*given)
    with pytest.raises((ValueError, TypeError)), xg.device("cuda:99"):
        pass
    with pytest.raises(AttributeError, match="'device' object has no attribute 'id'"):
        _ = xg.device("cuda:1").id


@pytest.mark.numpy_only
def test_numbers_of_a_library_with_one_device():
    assert xg.device(0) == "cpu"
    assert xg.zeros(2, device=0).to(0).device == "cpu"
    with pytest.raises(ValueError, match="numpy has one device, 'cpu'; got 1"):
        xg.device(1)
    with pytest.raises(ValueError, match="numpy has one device, 'cpu'; got Tensor"):
        xg.ones(2).to_device(xg.ones(2))
    with pytest.raises(
        ValueError, match=r"got 'flaot32', which is not the name of a backend or dtype"
    ):
        xg.ones(2).to("flaot32")


def test_the_device_of_a_tensor():
    x = xg.ones(3, dtype="float32", device=environment.DEVICE)
    d, own = x.device, x.backend.xp.device(x.data)
    assert type(d) is xg.device
    assert d == str(d) == xg.device(str(d)) == own
    assert not d != own  # noqa: SIM202 - both are defined
    assert xg.device(own) == own
    assert d in xg.devices()
    assert d.backend == environment.NAME
    copied = pickle.loads(pickle.dumps(d))
    assert (copied, copied.backend, repr(copied)) == (d, d.backend, repr(d))
    assert x.to(d) is x.to(xg.device(str(d))) is x.to(device=d) is x.to(str(d)) is x
    elsewhere = xg.asarray([1.0], backend="numpy", dtype="float32")
    assert elsewhere.to(d).backend.name == environment.NAME
    assert x.to(elsewhere.device).backend.name == "numpy"
    assert (d == elsewhere.device) == (environment.NAME == "numpy")
    assert (elsewhere + xg.zeros(1, device=elsewhere.device)).backend.name == "numpy"
    with xg.use_backend("numpy"):  # the device says whose it is
        assert xg.zeros(2, dtype="float32", device=d).device == d
        with d:
            assert xg.zeros(2, dtype="float32").device == d
        assert xg.zeros(2).backend.name == "numpy"
    attributes = {"cupy": "id", "jax": "platform", "dpnp": "sycl_device"}
    if environment.NAME in attributes:
        name = attributes[environment.NAME]
        assert getattr(d, name) == getattr(own, name)


def test_a_device_is_taken_wherever_a_name_is():
    name = environment.DEVICE or xg.get_backend().devices()[0]
    d = xg.device(name)
    single = {"dtype": "float32", "device": d}
    model = xg.nn.Linear(2, 2)
    made = [
        xg.zeros(2, **single), xg.full(2, 1.0, **single), xg.arange(3.0, **single),
        xg.asarray([1.0], **single), xg.tensor([1.0], **single), xg.eye(2, **single),
        xg.linspace(0, 1, 3, **single), xg.ones_like(xg.ones(2, dtype="float32"), device=d),
        xg.random.uniform(3, **single), xg.nn.Linear(2, 2, device=d).weight,
        model.to(d).weight, model.to(device=d).bias, xg.ones(2, dtype="float32").to(d),
        xg.from_numpy(np.ones(2, np.float32), device=d),
        xg.data.TensorDataset(np.ones(2, np.float32), device=d)[0][0],
    ]  # fmt: skip
    try:
        xg.set_backend(environment.NAME, device=d)
        made.append(xg.zeros(2, dtype="float32"))
        assert xg.__array_namespace_info__().default_device() == d
    finally:
        xg.set_backend(environment.NAME, environment.DEVICE)
    with xg.use_backend(environment.NAME, d):
        made.append(xg.zeros(2, dtype="float32"))
    assert [x.device for x in made] == [d] * len(made)
    assert isinstance(xg.memory_stats(d), dict)


def test_one_device_in_several_with_statements():
    """Kept as a constant it may be entered again, in generators and in threads."""
    d = xg.device(environment.DEVICE or xg.get_backend().devices()[0])

    def steps():
        with d:
            yield xg.zeros(1).device
            yield xg.zeros(1).device

    with d as entered, d:
        assert entered is d
        generator = steps()
        assert next(generator) == d
    other = xg.device(str(d))
    with other:
        assert next(generator) == d
        generator.close()
        assert xg.zeros(1).device == d

    @d
    def made(n):
        return xg.zeros(n).device

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(made, [1, 2, 3, 4])) == [d] * 4
    xg.set_backend("numpy")  # nothing is left that takes precedence over it
    try:
        assert xg.zeros(1).backend.name == "numpy"
    finally:
        xg.set_backend(environment.NAME, environment.DEVICE)


@pytest.mark.skipif(environment.NAME != "cupy", reason="names of CUDA devices")
def test_names_of_cuda_devices():
    import cupy

    parse = xg.get_backend().parse_device
    for name in ("cuda:0", "gpu:0", 0, cupy.cuda.Device(0)):
        assert parse(name) == cupy.cuda.Device(0)
    assert parse("cuda") == cupy.cuda.Device()
    with pytest.raises(ValueError, match="no device 'cuda:99': CuPy sees"):
        parse("cuda:99")
    with pytest.raises(ValueError, match="expected a device such as 'cuda:0', got 'cpu'"):
        parse("cpu")


# -- memory ------------------------------------------------------------------------------------


def test_memory_stats_are_bytes():
    stats = xg.memory_stats()
    assert all(isinstance(v, int) and v >= 0 for v in stats.values())
    if environment.NAME == "numpy":
        assert stats["peak"] > 2**20
        assert stats.get("used", 0) <= stats["peak"]
    if environment.NAME == "cupy":
        assert {"used", "held", "device_free", "device_total"} <= stats.keys()


@pytest.mark.skipif(environment.NAME != "numpy", reason="tracemalloc sees NumPy's arrays")
def test_the_peak_of_a_step():
    x = xg.asarray(raw(np.ones(1 << 17)))  # 1 MiB
    with xg.peak_memory() as peak:
        assert "not known yet" in repr(peak)
        y = xg.exp(x)
        y = xg.exp(y * 0.0)
        del y
    assert 2.9 < peak.bytes / 2**20 < 3.2
    assert "MiB" in repr(peak)


@pytest.mark.skipif(environment.NAME != "numpy", reason="tracemalloc sees NumPy's arrays")
def test_checkpoint_and_accumulation_lower_the_peak():
    def loss(x):
        for _ in range(8):
            x = xg.tanh(x)
        return xg.sum(x)

    def peak(f, parts):
        x = xg.asarray(raw(np.linspace(-1, 1, 1 << 17).reshape(parts, -1)))
        with xg.peak_memory() as found:
            for part in x:
                w = part.detach().requires_grad_()
                f(w).backward()
        return found.bytes

    plain = peak(loss, 1)
    assert peak(lambda x: xg.checkpoint(loss)(x), 1) < 1.4 * plain  # its own graph, recomputed
    halves = xg.checkpoint(lambda x: xg.tanh(xg.tanh(xg.tanh(xg.tanh(x)))))
    assert peak(lambda x: xg.sum(halves(halves(x))), 1) < 0.8 * plain
    assert peak(loss, 8) < 0.2 * plain


@pytest.mark.skipif(environment.NAME != "cupy", reason="CuPy's pool")
def test_out_of_memory_says_what_to_do():
    import cupy

    allocate = cupy.cuda.get_allocator()
    with pytest.raises(xg.OutOfMemoryError, match=r"GiB were requested.*accumulat.*checkpoint"):
        allocate(1 << 45)
    assert issubclass(xg.OutOfMemoryError, MemoryError)


# -- batches on their way ----------------------------------------------------------------------


def _batches(**options):
    x = np.arange(20.0).reshape(10, 2)
    data = xg.data.TensorDataset(raw(x), raw(np.arange(10)))
    loader = xg.data.DataLoader(data, 3, shuffle=True, generator=0, **options)
    return [(host(a), host(b), a.backend.name) for a, b in loader]


@pytest.mark.parametrize(
    "options",
    [
        {"prefetch": 2},
        {"prefetch": 2, "pin_memory": True},
        {"pin_memory": True},
        {"prefetch": 50, "pin_memory": True, "num_workers": 2},
        {"prefetch": 1, "num_workers": 2},
    ],
)
def test_prefetching_changes_nothing(options):
    for found, expected in zip(_batches(**options), _batches(), strict=True):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])
        assert found[2] == environment.NAME


def test_batches_are_built_ahead():
    made = []

    class Noted(xg.data.Dataset):
        def __len__(self):
            return 6

        def __getitem__(self, i):
            made.append(i)
            return float(i)

    batches = iter(xg.data.DataLoader(Noted(), 1, prefetch=2))
    next(batches)
    assert made == [0, 1, 2]
    next(batches)
    assert made == [0, 1, 2, 3]
    assert len(list(batches)) == 4


def test_prefetch_is_checked():
    with pytest.raises(ValueError, match="prefetch >= 0, got -1"):
        xg.data.DataLoader([1.0], prefetch=-1)


def test_batches_of_other_libraries_come_to_the_current_backend():
    torch = pytest.importorskip("torch")
    batch = {"x": torch.ones(2, 3), "y": [np.zeros(2), "name", 3]}
    found = xg.data.to_backend(batch)
    assert found["x"].backend.name == found["y"][0].backend.name == environment.NAME
    assert host(found["x"]).tolist() == [[1.0] * 3] * 2
    assert found["y"][1:] == ["name", 3]


def test_a_loader_of_pytorch_trains_a_model():
    torch = pytest.importorskip("torch")
    x = torch.linspace(-1, 1, 20).reshape(-1, 1)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 3 * x - 2), batch_size=5)
    model = xg.nn.Linear(1, 1, generator=xg.random.Generator(0))
    optimizer = xg.optim.SGD(model.parameters(), lr=0.3)
    history = xg.train.fit(model, xg.nn.MSELoss(), optimizer, loader, 30, loader, progress=False)
    assert history.last("val_loss") < 1e-4
    assert model.weight.backend.name == environment.NAME


# -- two devices -------------------------------------------------------------------------------


@pytest.mark.skipif(environment.NAME != "jax", reason="two of JAX's CPU devices")
def test_two_devices_of_jax():
    import subprocess
    import sys

    program = """
import jax
import xgrad as xg

xg.set_backend("jax")
assert xg.devices() == ["cpu", "cpu:1"]
first, second = jax.devices()
with xg.device("cpu", 1) as d:
    x = xg.ones(2).requires_grad_()
assert x.device == d == second
assert x.device.id == second.id == 1
assert x.device != "cpu"
y = x.to("cpu")
assert y.device == first
xg.sum(y * y).backward()
assert x.grad.device == d
assert xg.zeros_like(x).device == xg.device(1) == d
assert x.to(y.device).to(d).device == d
sharding = jax.sharding.NamedSharding(
    jax.sharding.Mesh(jax.devices(), "a"), jax.sharding.PartitionSpec("a"))
z = xg.asarray(jax.device_put(jax.numpy.arange(4.0), sharding))
assert z.device == xg.zeros_like(z).device == sharding  # no single device: JAX's own answer
assert z.to(z.device) is z
print("moved")
"""
    two = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **two},
    )
    assert done.stdout == "moved\n", done.stderr[-3000:]


@pytest.mark.skipif(not EMULATED, reason="two devices, emulated")
def test_results_stay_on_the_device_of_their_arguments():
    """In its own process, because operations then switch devices permanently."""
    import subprocess
    import sys

    program = """
from tests import environment
import xgrad as xg
from tests.training_steps import Training

import cupy

xg.set_backend("cupy")
here = xg.asarray(environment.raw([1.0, 2.0]))
with xg.device(cupy.cuda.Device(1)):
    there = xg.ones(2)
assert (here.device.id, there.device.id) == (0, 1)
for place in (0, 1):
    x = (here if place == 0 else there).detach().requires_grad_()
    y = xg.sum(xg.exp(x) * x[0] + 1.0)
    y.backward()
    assert y.device.id == x.grad.device.id == place
    assert xg.jvp(xg.tanh, (x.detach(),), (x.detach(),))[1].device.id == place
moved = here.to("cupy", device="cuda:1").requires_grad_()
assert (moved + there).device.id == 1
second = xg.device("cuda:1")
assert second == there.device == xg.device(cupy.cuda.Device(1)) == cupy.cuda.Device(1)
assert here.device == "cuda:0" != second
assert here.to(second).device == xg.zeros(2, device=second).device == second
assert xg.nn.Linear(2, 2).to(second).weight.device.index == 1
with second:
    assert cupy.cuda.Device().id == 1
    assert xg.asarray([1.0]).device == second
    with here.device:
        assert xg.asarray([1.0]).device.id == cupy.cuda.Device().id == 0
    assert cupy.cuda.Device().id == 1
assert cupy.cuda.Device().id == 0
xg.set_backend("cupy", device=second)
assert xg.zeros(1).device == second
xg.set_backend("cupy")
with xg.device("cuda:1"):
    trainings = [Training(kind, amp=amp) for kind in ("mlp", "lstm", "convolution", "attention")
                 for amp in (None, "float16")]
for training in trainings:
    training.x = training.x.to("cupy", device="cuda:1")
    training.y = training.y.to("cupy", device="cuda:1")
    for _ in range(2):
        assert training.step().device.id == 1
    assert {p.device.id for p in training.model.parameters()} == {1}
try:
    here + there
except ValueError as error:
    assert "device" in str(error)
else:
    raise AssertionError("arrays of two devices were added")
print("stayed")
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout == "stayed\n", done.stderr[-3000:]
