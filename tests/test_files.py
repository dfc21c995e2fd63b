"""Files: every dtype round-trips; links, modes and leftovers."""

import os
import stat
import subprocess
import sys

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw

SINGLE = np.arange(6).reshape(2, 3)
DTYPES = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128", "bfloat16"),
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_round_trips(tmp_path, dtype):
    path = tmp_path / "x.safetensors"
    if dtype == "bfloat16":
        dtype = pytest.importorskip("ml_dtypes").bfloat16
    whole = SINGLE.astype(dtype) * np.asarray(1 + (2j if "complex" in str(dtype) else 0), dtype)
    try:
        given = {"a": raw(whole), "turned": raw(whole.T), "scalar": raw(whole[1, 2])}
    except (TypeError, ValueError, AttributeError):
        pytest.skip(f"{NAME} has no {dtype}")
    given["empty"] = raw(whole[:0])
    xg.save_file(given, path, metadata={"by": "test"})
    found = xg.load_file(path)
    assert set(found) == set(given)
    for name, x in found.items():
        assert x.dtype == whole.dtype
        assert x.shape == tuple(given[name].shape)
        assert x.backend.name == NAME
        np.testing.assert_array_equal(host(x), host(given[name]))
    assert xg.load_metadata(path) == {"by": "test"}


@pytest.mark.numpy_only
def test_an_unsupported_dtype_is_named(tmp_path):
    """A dtype without arithmetic, in a file of another program."""
    ml_dtypes = pytest.importorskip("ml_dtypes")
    from safetensors.numpy import save_file

    path = tmp_path / "x.safetensors"
    save_file({"a": np.ones(2), "b": SINGLE.astype(ml_dtypes.float8_e4m3fn)}, path)
    with pytest.raises(TypeError, match="load_file: 'b' in .* has dtype F8_E4M3, which"):
        xg.load_file(path)
    with pytest.raises(TypeError, match="numbers of dtype float8_e4m3fn are not supported"):
        xg.save_file({"b": SINGLE.astype(ml_dtypes.float8_e4m3fn)}, path)


@pytest.mark.numpy_only
def test_bad_arguments_of_save_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing.w\.safetensors'$"):
        xg.save_file({"w": xg.ones(2)}, tmp_path / "missing" / "w.safetensors")
    with pytest.raises(TypeError, match="save_file: expected strings as metadata, got {'epoch': 3"):
        xg.save_file({"w": xg.ones(2)}, tmp_path / "w.safetensors", metadata={"epoch": 3})


def test_reserved_metadata_raises(tmp_path):
    with pytest.raises(ValueError, match="the metadata key 'complex128' is reserved"):
        xg.save_file({"a": np.ones(2)}, tmp_path / "x", metadata={"complex128": "a"})
    with pytest.raises(ValueError, match="the name '__metadata__' is reserved"):
        xg.save_file({"__metadata__": np.ones(2)}, tmp_path / "x")
    with pytest.raises(TypeError, match="save_file: expected a mapping of names to tensors"):
        xg.save_file([np.ones(2)], tmp_path / "x")


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.numpy_only
@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")
def test_saving_keeps_links_and_modes(tmp_path):
    """A link to another directory stays a link; the new file has the old one's mode."""
    (tmp_path / "store").mkdir()
    target, link = tmp_path / "store" / "v1.safetensors", tmp_path / "latest.safetensors"
    xg.save_file({"a": np.ones(2)}, target)
    umask = os.umask(0)
    os.umask(umask)
    assert mode_of(target) == 0o666 & ~umask  # as open() makes files
    target.chmod(0o640)
    link.symlink_to("store/v1.safetensors")
    xg.save_file({"a": np.zeros(2)}, link)
    assert link.is_symlink()
    assert mode_of(target) == 0o640
    assert xg.load_file(target)["a"].tolist() == [0.0, 0.0]
    assert sorted(os.listdir(tmp_path / "store")) == ["v1.safetensors"]
    dangling = tmp_path / "next.safetensors"
    dangling.symlink_to("store/v2.safetensors")
    xg.save_file({"a": np.ones(1)}, dangling)
    assert dangling.is_symlink()
    assert (tmp_path / "store" / "v2.safetensors").is_file()
    os.mkfifo(tmp_path / "pipe")
    for other in ("store", "pipe"):
        with pytest.raises(ValueError, match=f"{other} exists and is not a regular file"):
            xg.save_file({"a": np.ones(2)}, tmp_path / other)


KILLED = """
import os, signal, sys, numpy as np, xgrad as xg
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)  # written, but not yet renamed
xg.save_file({"a": np.zeros(2)}, sys.argv[1])
"""


@pytest.mark.numpy_only
@pytest.mark.skipif(os.name != "posix", reason="kills a process")
def test_the_next_save_removes_leftovers_of_a_killed_one(tmp_path):
    path = tmp_path / "model.safetensors"
    xg.save_file({"a": np.ones(2)}, path)
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, timeout=120)
    left = [p for p in tmp_path.iterdir() if p != path]
    assert len(left) == 1
    assert xg.load_file(path)["a"].tolist() == [1.0, 1.0]
    others = [tmp_path / ".model.safetensors.mine.tmp", tmp_path / f".x{left[0].name}"]
    for p in others:
        p.write_bytes(b"")
    xg.save_file({"a": np.full(2, 2.0)}, path)
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])
    assert xg.load_file(path)["a"].tolist() == [2.0, 2.0]


@pytest.mark.numpy_only
@pytest.mark.skipif(os.name != "posix", reason="locks are POSIX's")
def test_a_running_save_is_not_a_leftover(tmp_path, monkeypatch):
    """A second save of the same file, while the first has written but not yet moved its file."""
    path, fsync, nested = tmp_path / "model.safetensors", os.fsync, []

    def in_between(descriptor):
        fsync(descriptor)
        if not nested:
            nested.append(1)
            xg.save_file({"a": np.full(2, 5.0)}, path)

    monkeypatch.setattr("os.fsync", in_between)
    xg.save_file({"a": np.ones(2)}, path)
    assert list(tmp_path.iterdir()) == [path]
    assert xg.load_file(path)["a"].tolist() == [1.0, 1.0]
