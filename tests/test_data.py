"""Data sets and batches."""

import threading
from collections import OrderedDict, defaultdict, deque
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad import data


class Words(data.Dataset):
    """Examples with fields of every type."""

    def __len__(self):
        return 5

    def __getitem__(self, i):
        if not -5 <= i < 5:
            raise IndexError(i)
        return {"x": raw(np.full(2, float(i))), "n": i, "name": f"word {i}", "pair": (i, -i)}


class Point(NamedTuple):
    x: float
    y: int


def test_examples_become_batches():
    loader = data.DataLoader(Words(), batch_size=2)
    first, *_, last = list(loader)
    assert len(loader) == 3
    np.testing.assert_array_equal(host(first["x"]), [[0, 0], [1, 1]])
    assert host(first["n"]).tolist() == [0, 1]
    assert first["name"] == ["word 0", "word 1"]
    assert [host(p).tolist() for p in first["pair"]] == [[0, 1], [0, -1]]
    assert host(last["n"]).tolist() == [4]
    assert first["x"].backend.name == xg.get_backend().name
    batch = data.default_collate([Point(1.0, 2), Point(3.0, 4)])
    assert isinstance(batch, Point)
    assert host(batch.x).tolist() == [1, 3]
    assert [host(v).tolist() for v in data.default_collate([[1, 2.0], [3, 4.0]])] == [
        [1, 3],
        [2, 4],
    ]


def test_threads_preserve_the_order():
    seen, lock = set(), threading.Lock()

    class Slow(Words):
        def __getitem__(self, i):
            with lock:
                seen.add(threading.get_ident())
            return super().__getitem__(i)

    for workers in (1, 3):
        loader = data.DataLoader(Slow(), 1, shuffle=True, num_workers=workers, generator=3)
        found = [host(b["n"]).item() for b in loader]
        plain = data.DataLoader(Words(), 1, shuffle=True, generator=3)
        assert found == [host(b["n"]).item() for b in plain]
    assert threading.get_ident() not in seen
    for batch in data.DataLoader(Slow(), 1, num_workers=2):  # stopped early
        assert host(batch["n"]).item() == 0
        break

    class Broken(Words):
        def __getitem__(self, i):
            raise RuntimeError(f"no example {i}")

    with pytest.raises(RuntimeError, match="no example 0"):
        list(data.DataLoader(Broken(), 2, num_workers=2))


def test_subsets_splits_samplers_and_collate():
    whole = data.TensorDataset(raw(np.arange(10.0)), raw(np.arange(10)))
    part = data.Subset(whole, [7, 3, 5])
    assert host(part[1][0]) == 3
    assert host(data.Subset(np.arange(10) * 2, [7, 3, 5])[[0, 2]]).tolist() == [14, 10]
    loader = data.DataLoader(part, 2)
    assert [host(x).tolist() for x, _ in loader] == [[7, 3], [5]]
    mixed = data.DataLoader(part, 3, shuffle=True, generator=1)
    assert sorted(host(next(iter(mixed))[0]).tolist()) == [3, 5, 7]
    assert [b["n"].shape for b in data.DataLoader(data.Subset(Words(), [1, 2]), 2)] == [(2,)]
    parts = data.random_split(whole, [6, 4], generator=0)
    assert sorted(parts[0].indices + parts[1].indices) == list(range(10))
    assert [len(p) for p in data.random_split(whole, [0.55, 0.45])] == [6, 4]
    again = data.random_split(whole, [6, 4], generator=0)
    assert again[0].indices == parts[0].indices
    both = data.ConcatDataset([part, whole])
    assert len(both) == 13
    assert host(both[2][0]) == 5
    assert host(both[-1][0]) == 9
    picked = data.DataLoader(whole, 2, sampler=[9, 0, 9], drop_last=True)
    assert len(picked) == 1
    assert [host(x).tolist() for x, _ in picked] == [[9, 0]]
    pads = data.DataLoader(Words(), 2, collate_fn=len)
    assert list(pads) == [2, 2, 1]
    assert "Subset(3 of TensorDataset" in repr(part)


@pytest.mark.parametrize(
    "options",
    [{}, {"shuffle": True, "generator": 0}, {"prefetch": 2}, {"num_workers": 2},
     {"pin_memory": True}, {"collate_fn": lambda examples: examples}],
    ids=lambda options: next(iter(options), "plain"),
)  # fmt: skip
def test_batches_belong_to_the_caller(options):
    """In-place changes of a batch do not change the data."""
    x, y = np.arange(12.0).reshape(6, 2), np.arange(6)
    arrays = raw(x), raw(y)
    whole = data.TensorDataset(*arrays)
    parts = [data.Subset(whole, range(6)), *data.random_split(whole, [4, 2], generator=0)]

    def spoil(batch):
        if isinstance(batch, tuple | list):
            for part in batch:
                spoil(part)
            return
        batch *= 10
        batch[...] = 3
        if NAME == "numpy":  # also through the raw array
            batch.numpy()[...] = 7

    for dataset in (whole, *parts, data.ConcatDataset([whole])):
        for batch in data.DataLoader(dataset, 6, **options):
            spoil(batch)
        spoil(dataset[0])
        spoil(whole[1:3])
        np.testing.assert_array_equal(host(arrays[0]), x)
        np.testing.assert_array_equal(host(arrays[1]), y)
        assert [host(v).tolist() for v in whole[1]] == [[2.0, 3.0], 1]


def test_data_that_needs_gradients_gets_them():
    """Learned embeddings in the data: PyTorch's data sets pass gradients on, too."""
    codes = xg.tensor(raw(np.ones((4, 2))), requires_grad=True)
    whole = data.TensorDataset(codes)
    for loader in (
        data.DataLoader(whole, 2),
        data.DataLoader(whole, 2, shuffle=True),
        data.DataLoader(whole, 2, collate_fn=data.default_collate),
        data.DataLoader(whole, 2, pin_memory=True, prefetch=1),
    ):
        codes.grad = None
        for (part,) in loader:
            xg.sum(part * part).backward()
        np.testing.assert_array_equal(host(codes.grad), np.full((4, 2), 2.0))


@pytest.mark.numpy_only
@pytest.mark.parametrize(
    "kind", ["float32", "float16", "float64", "int64", "uint8", "bool", "complex64"]
)
def test_numpy_scalars_become_batches(kind):
    batch = data.default_collate([np.dtype(kind).type(1), np.dtype(kind).type(0)])
    assert batch.dtype == kind
    assert batch.tolist() == [1, 0]


@pytest.mark.numpy_only
def test_mappings_and_sequences_keep_their_type():
    """As in PyTorch; tuples stay tuples, too."""
    batch = data.default_collate([OrderedDict(b=1, a=2.0), OrderedDict(b=3, a=4.0)])
    assert type(batch) is OrderedDict
    assert [x.tolist() for x in batch.values()] == [[1, 3], [2.0, 4.0]]
    defaults = defaultdict(list, a=1)
    batch = data.default_collate([defaults, defaults])
    assert type(batch) is defaultdict
    assert batch["missing"] == []
    assert defaults == {"a": 1}
    assert type(data.default_collate([deque([1]), deque([2])])) is deque
    assert [x.tolist() for x in data.default_collate([range(2), range(2)])] == [[0, 0], [1, 1]]
    assert data.default_collate([MappingProxyType({"a": 1})])["a"].tolist() == [1]
    assert data.default_collate([b"x", b"y"]) == [b"x", b"y"]


DATA_ERRORS = {
    "random_split: expected lengths": lambda: data.random_split([1, 2, 3], [1, 1]),
    "ConcatDataset: expected data sets": lambda: data.ConcatDataset([]),
    "ConcatDataset: 5 is out of range": lambda: data.ConcatDataset([Words()])[5],
    "default_collate: examples have different keys": lambda: data.default_collate(
        [{"a": 1}, {"b": 1}]
    ),
    "default_collate: examples have different lengths": lambda: data.default_collate(
        [(1,), (1, 2)]
    ),
    "default_collate: arrays have different shapes": lambda: data.default_collate(
        [np.ones(2), np.ones(3)]
    ),
    "default_collate: expected at least one example": lambda: data.default_collate([]),
    "default_collate: cannot batch arrays of dtype <U1": lambda: data.default_collate(
        [np.asarray(["a"]), np.asarray(["b"])]
    ),
    "default_collate: cannot batch NoneType": lambda: data.default_collate([None]),
    "default_collate: cannot batch object": lambda: data.default_collate([object()]),
    "DataLoader: pass a sampler or shuffle": lambda: data.DataLoader(
        Words(), shuffle=True, sampler=[1]
    ),
    "DataLoader: expected an integer for batch_size, got 2.5": lambda: data.DataLoader(
        Words(), 2.5
    ),
    "DataLoader: expected num_workers": lambda: data.DataLoader(Words(), num_workers=-1),
    "Dataset does not define __len__": lambda: len(data.Dataset()),
    "Dataset does not define __getitem__": lambda: data.Dataset()[0],
}


@pytest.mark.numpy_only
@pytest.mark.parametrize("message", DATA_ERRORS)
def test_errors_of_data(message):
    with pytest.raises((ValueError, TypeError, IndexError, NotImplementedError)) as caught:
        DATA_ERRORS[message]()
    assert message in str(caught.value)


@pytest.mark.skipif(NAME != "torch", reason="PyTorch's tensors as examples")
def test_examples_of_another_library_come_to_the_current_backend():
    examples = [(raw(np.ones(2, np.float32)), 1)] * 2
    with xg.use_backend("numpy"):
        x, y = next(iter(xg.data.DataLoader(examples, batch_size=2)))
    assert (x.backend.name, y.backend.name) == ("numpy", "numpy")
    np.testing.assert_array_equal(x.numpy(), np.ones((2, 2)))
