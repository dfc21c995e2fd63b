import contextlib
import functools
import os

import pytest

import xgrad as xg
from tests import environment


def pytest_report_header(config):
    return f"xgrad backend: {environment.SESSION}"


def pytest_collection_modifyitems(config, items):
    if environment.SESSION == "numpy":
        return
    if environment.NAME == "dask":
        beyond = pytest.mark.skip(reason="dask has the ops and their first derivatives")
        for item in items:
            if item.path.name not in ("test_ops.py", "test_dask.py", "test_updates.py"):
                item.add_marker(beyond)
    skip = pytest.mark.skip(reason="does not depend on the backend: runs in the numpy session")
    for item in items:
        if "numpy_only" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(autouse=True, scope="session")
def _jax_compiles_quickly():
    if environment.NAME == "jax":
        import jax

        cache = os.environ.get("XGRAD_JAX_CACHE")
        if cache:
            jax.config.update("jax_compilation_cache_dir", cache)
            jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        _share_compiler_context()


def _share_compiler_context():
    """Let JAX's compilations share a context, which takes a quarter of the time for small programs.

    The name is private in JAX; if it no longer exists, the session takes longer.
    """
    with contextlib.suppress(ImportError, AttributeError):
        from jax._src.interpreters import mlir

        mlir.make_ir_context = functools.cache(mlir.make_ir_context)


@pytest.fixture(autouse=True)
def _session_backend():
    """Start every test on the session's backend, with a new global random generator."""
    if environment.NAME == "torch":  # the oracle's layers start with random weights
        import torch

        torch.manual_seed(0)
    xg.set_backend(environment.NAME, environment.DEVICE)
    xg.random.seed(0)
    yield
    xg.set_backend(environment.NAME, environment.DEVICE)
