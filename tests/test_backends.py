"""Choosing backends, moving between them, mixing them, and their errors."""

import importlib.util
import os
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

import xgrad as xg
from tests.environment import DEVICE, NAME, host, raw
from xgrad.backends import registry
from xgrad.backends.builtin import BUILT_IN, packages, sessions


def test_current_backend():
    assert xg.get_backend().name == NAME
    assert NAME in xg.available_backends()
    assert NAME in repr(xg.get_backend())
    with xg.use_backend("numpy") as backend:
        assert backend is xg.get_backend()
        assert xg.zeros(2).backend.name == "numpy"
    assert xg.zeros(2).backend.name == NAME
    assert xg.zeros(2).device == xg.get_backend().xp.device(raw(np.zeros(2)))


def test_creation_on_a_device():
    x = xg.asarray([1.0], device=DEVICE)
    assert x.device == (raw(np.zeros(1)).device if NAME != "numpy" else "cpu")
    if NAME == "array_api_strict":
        there = xg.ones(2, device="device2")
        assert "device2" in str(there.device)
        assert "device2" in str(xg.zeros_like(there).device)
        assert "device2" in str((there * 2 + 1).device)
        assert "device2" in str(xg.asarray(there, device="device2").device)
        w = xg.ones(2).requires_grad_()
        xg.sum(w.to(device="device2") * there).backward()
        assert str(w.grad.device) == str(w.device)


def test_backends_hold_per_thread():
    import threading

    seen = []
    with xg.use_backend("numpy"):
        thread = threading.Thread(target=lambda: seen.append(xg.get_backend().name))
        thread.start()
        thread.join()
    assert seen == [NAME]


def test_errors_of_set_backend():
    with pytest.raises(xg.BackendError, match="unknown backend 'numpi'; expected one of: numpy"):
        xg.set_backend("numpi")
    if importlib.util.find_spec("cupy") is None:
        with pytest.raises(xg.BackendError, match="package 'cupy' is not installed; install it"):
            xg.set_backend("cupy")
    elif NAME != "cupy":
        with pytest.raises(xg.BackendError, match="finds no usable CUDA device"):
            xg.set_backend("cupy")


def test_cupy_without_a_gpu_says_so(monkeypatch):
    import types

    fake = types.ModuleType("cupy")
    fake.cuda = types.SimpleNamespace(is_available=lambda: False)
    monkeypatch.setitem(sys.modules, "cupy", fake)
    from xgrad.backends.cupy import make_backend

    with pytest.raises(xg.BackendError, match="finds no usable CUDA device"):
        make_backend()


@pytest.mark.skipif(NAME == "numpy", reason="needs a second library")
def test_two_libraries_do_not_mix():
    ours, theirs = raw(np.ones(2)), np.ones(2)
    with pytest.raises(xg.MixedBackendsError, match=f"add: arrays of two libraries, {NAME} and"):
        xg.add(ours, theirs)
    with pytest.raises(xg.MixedBackendsError, match="multiply"):
        xg.tensor(ours, requires_grad=True) * xg.asarray(theirs, backend="numpy")
    with pytest.raises(xg.MixedBackendsError, match="concat"):
        xg.concat([ours, theirs])


@pytest.mark.skipif(NAME == "numpy", reason="needs a second library")
def test_operations_follow_their_arrays():
    x = raw(np.ones(2))
    with xg.use_backend("numpy"):
        assert xg.sin(x).backend.name == NAME
        assert xg.grad(lambda a: xg.sum(a * 2.0 + xg.zeros_like(a)))(x) is not None


def test_to_moves_the_gradient_back():
    other = "array_api_strict" if NAME == "numpy" else "numpy"
    w = xg.tensor(raw(np.asarray([1.0, 2.0])), requires_grad=True)
    there = w.to(other)
    assert there.backend.name == other
    xg.sum(there * there).backward()
    assert w.grad.backend.name == NAME
    np.testing.assert_allclose(host(w.grad), [2, 4])
    tangent = xg.jvp(lambda x: x.to(other) * 2, (raw(np.ones(2)),), (raw(np.ones(2)),))[1]
    np.testing.assert_allclose(host(tangent), [2, 2])
    batch = xg.vmap(lambda x: x.to(other))(raw(np.ones((2, 3))))
    assert host(batch).shape == (2, 3)
    assert w.to(NAME) is w
    assert w.to(dtype=xg.float32).dtype == xg.float32
    assert w.to(xg.float32).dtype == xg.float32


def test_masked_arrays_raise():
    with pytest.raises(TypeError, match="masked arrays are not supported"):
        xg.sin(np.ma.masked_array([1.0], [True]))


def test_info(capsys):
    from xgrad.__main__ import main

    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert f"xgrad {xg.__version__}" in out
    assert NAME in out
    if importlib.util.find_spec("cupy") is None:
        assert "unavailable: backend 'cupy'" in out
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.numpy_only
def test_import_is_light():
    code = (
        "import sys, xgrad; heavy = {'scipy', 'safetensors', 'torch', 'jax', 'cupy', "
        "'array_api_strict', 'matplotlib'} & set(sys.modules); sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


@pytest.mark.skipif(NAME != "jax", reason="JAX's 64-bit mode")
def test_choosing_jax_enables_float64(caplog):
    import jax

    jax.config.update("jax_enable_x64", False)
    registry.set_backend("jax")
    assert xg.zeros(2).dtype == xg.float64
    assert "jax_enable_x64=True" in caplog.text


# -- the hooks, against their agnostic forms ---------------------------------------------------


def agnostic(xp):
    """Return the base class's backend hooks over the session's library."""
    from xgrad.backends.namespace import Namespace, TranslatingNamespace

    if isinstance(xp, TranslatingNamespace):
        out = TranslatingNamespace(xp.library, xp.to_raw)
        out.astype = xp.astype
        out.asarray = xp.asarray
        return out
    return Namespace(xp.library)


@pytest.mark.skipif(NAME == "jax", reason="the agnostic forms write in place")
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_scatter_hooks_agree_with_the_agnostic_form(dtype):
    xp = xg.get_backend().xp
    base = agnostic(xp)
    g = raw(np.arange(12.0).reshape(3, 4).astype(dtype))
    key = (slice(None, None, 2), None, slice(4, 0, -1), 1)
    scattered = xp.basic_index(raw(np.zeros((5, 6, 3), dtype)), key)
    part = raw(np.ones(tuple(scattered.shape), dtype))
    if NAME in ("numpy", "array_api_strict"):
        np.testing.assert_array_equal(
            host(xp.scatter_basic(part, key, (5, 6, 3))),
            host(base.scatter_basic(part, key, (5, 6, 3))),
        )
    indices = raw(np.asarray([4, 1, 4, 0]))
    np.testing.assert_allclose(
        host(xp.index_add(g, indices, axis=1, size=6)),
        host(base.index_add(g, indices, axis=1, size=6)),
    )


def test_index_add_in_chunks(monkeypatch):

    monkeypatch.setattr("xgrad.backends.thresholds.ONE_HOT_CHUNK", 8)
    base = agnostic(xg.get_backend().xp)
    g, indices = np.arange(12.0).reshape(4, 3), np.asarray([6, 1, 6, 0])
    expected = np.zeros((7, 3))
    np.add.at(expected, indices, g)
    found = base.index_add(raw(g), raw(indices), axis=0, size=7)
    np.testing.assert_allclose(host(found), expected)
    assert base.index_add(raw(g[:0]), raw(indices[:0]), axis=0, size=7).shape == (7, 3)


def test_masked_product_agrees_with_the_agnostic_form():
    xp = xg.get_backend().xp
    g = np.asarray([0.0, 1.0, 0.0, 2.0])
    partial = np.asarray([np.inf, 3.0, np.nan, np.inf])
    with np.errstate(all="ignore"):
        for hook in (xp.masked_product, agnostic(xp).masked_product):
            np.testing.assert_array_equal(host(hook(raw(g), raw(partial))), [0, 3, 0, np.inf])
            two = hook(raw(g.reshape(2, 2)), raw(partial.reshape(2, 2)))
            np.testing.assert_array_equal(host(two), [[0, 3], [0, np.inf]])


@pytest.mark.numpy_only
def test_a_custom_library():
    import runpy

    path = Path(__file__).parents[1] / "examples" / "own_backend.py"
    own = runpy.run_path(str(path))
    metered = own["Metered"]
    assert "metered" in xg.available_backends()
    x = np.linspace(0.1, 1.0, 6).reshape(2, 3)

    def f(v):
        y = xg.sin(v) * v
        y[0, 1:] += xg.sum(v[1])
        return xg.sum(xg.max(y, axis=1) ** 2) + xg.mean(y[[0, 1, 1]])

    found = xg.grad(f)(metered(x))
    assert type(found) is metered
    np.testing.assert_allclose(found.data, xg.grad(f)(x))
    second = xg.jvp(xg.grad(f), (metered(x),), (metered(np.ones_like(x)),))[1]
    np.testing.assert_allclose(second.data, xg.jvp(xg.grad(f), (x,), (np.ones_like(x),))[1])
    assert type(xg.special.zeta(metered(x + 2), metered(x + 1)).data) is metered  # by `to_numpy`
    with xg.use_backend("metered"):
        assert type(xg.zeros(2).data) is metered
    assert metered.counts["sin"] > 0
    with pytest.raises(
        xg.BackendError, match="'metered' is already registered; choose another name"
    ):
        runpy.run_path(str(path))


@pytest.mark.numpy_only
def test_a_library_with_its_own_dtypes():
    strict = pytest.importorskip("array_api_strict")

    class Array:
        """A wrapper of another library's arrays that shares nothing with it."""

    with pytest.raises(xg.BackendError, match="register_backend: 'torch' is already registered"):
        xg.register_backend("torch", strict, array_type=Array, to_numpy=np.asarray)
    for name, array_type, to_numpy, message in (
        ("", Array, np.asarray, "expected a name, got ''"),
        ("mine", "Array", np.asarray, "expected a class as array_type, got 'Array'"),
        ("mine", Array, 3, "expected a function as to_numpy, got 3"),
    ):
        with pytest.raises(TypeError, match=f"register_backend: {message}"):
            xg.register_backend(name, strict, array_type=array_type, to_numpy=to_numpy)
    backend = xg.register_backend(
        "renamed strict",
        strict,
        array_type=Array,
        to_numpy=np.asarray,
        dtypes={np.float64: strict.float64, np.int64: strict.int64},
    )
    assert repr(backend).startswith("<xgrad backend renamed strict")
    assert backend.xp.raw_dtype(np.dtype("int64")) is strict.int64


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's allocator")
@pytest.mark.numpy_only
@pytest.mark.parametrize("setting", ["1", "0"])
def test_freed_memory_is_kept_for_the_next_step(setting):
    """From the first NumPy array on, not on import, and not if the environment disables it."""
    code = f"""if True:
        import resource
        import numpy
        import xgrad

        def faults():
            held = [numpy.ones(1 << 19) for _ in range(10)]
            del held
            return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

        faults(), faults()
        assert -faults() + faults() > 5000  # of about 10,000 pages
        xgrad.sin(numpy.ones(3))
        faults(), faults()
        assert (-faults() + faults() < 100) == {setting}
    """
    env = {**os.environ, "XGRAD_KEEP_FREED_MEMORY": setting}
    env = {k: v for k, v in env.items() if not k.startswith("MALLOC_")}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)


def test_searchsorted_of_values_that_do_not_lie_in_a_row():
    values = raw(np.asarray([[0.5, -3.0], [7.0, 0.1]]))
    edges = raw(np.asarray([-1.0, 9.0, 0.0, 9.0, 2.0, 9.0]))[::2]
    found = xg.searchsorted(edges, xg.matrix_transpose(values)[0, :])
    np.testing.assert_array_equal(host(found), [2, 3])


@pytest.mark.skipif(NAME not in ("torch", "array_api_strict"), reason="dtypes of its own")
def test_a_dtype_may_be_a_librarys_first_use():
    code = f"import {NAME} as m, xgrad; assert xgrad.median(m.ones(3, dtype=m.float32)) == 1"
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


# -- the table of built-in backends, and what is written about them ----------------------------

ROOT = Path(__file__).parents[1]


@pytest.mark.numpy_only
def test_the_documents_match_the_table_of_backends():
    page = (ROOT / "docs" / "backends.md").read_text()
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in page.splitlines()
        if line.startswith("| `")
    ]
    written = {
        name.strip("`"): install for name, install, *_ in rows if name.strip("`") in BUILT_IN
    }
    assert written.keys() == BUILT_IN.keys()
    for name, install in written.items():
        comes_along = name == registry.host_backend().name
        expected = (
            "comes with xgrad" if comes_along else ", ".join(f"`{p}`" for p in packages(name))
        )
        assert install == expected
    readme = (ROOT / "README.md").read_text()
    named = re.search(r"on every backend: ([^.]*)\.", " ".join(readme.split()))[1].split(", ")
    spelled = {"PyTorch": "torch", "array-api-strict": "array_api_strict"}
    assert sorted(spelled.get(name, name.lower()) for name in named) == sorted(BUILT_IN)
    recipe = (ROOT / "CONTRIBUTING.md").read_text()
    listed = re.search(r"tests on one backend: ([^|]*)\|", recipe)[1]
    assert {name.split(" ")[0].strip() for name in listed.split(", ")} == sessions().keys()


@pytest.mark.numpy_only
def test_every_backend_is_installed_and_tested():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {extra for entry in BUILT_IN.values() for extra in entry.extras}
    assert extras <= project["optional-dependencies"].keys()
    run = (ROOT / ".ci" / "run").read_text()
    left_out = [name for name in sessions() if f'"tests({name})"' not in run]
    assert left_out == ["numpy", "cupy"]  # the README's own command, and one that needs a GPU


@pytest.mark.numpy_only
def test_the_table_can_be_read_before_anything_is_installed():
    path = ROOT / "xgrad" / "backends" / "builtin.py"
    code = f"import runpy; assert 'torch' in runpy.run_path({str(path)!r})['sessions']()"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
