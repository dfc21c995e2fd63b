"""A pytest plugin: xgrad in place of HIPS/autograd, and the failures that are expected."""

import os

import pytest

from tests.hips import shims
from tests.hips.expected import reason_for

MODE = os.environ.get("XGRAD_HIPS_MODE", "numpy")
shims.install(MODE)


def pytest_collection_modifyitems(items):
    """Mark the tests that are expected to fail, strictly: one that passes is an error."""
    for item in items:
        name = f"{item.path.stem}::{item.name}"
        if reason := reason_for(name, MODE):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
