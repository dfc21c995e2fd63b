#!/usr/bin/env python3
"""Run the tests of data-apis/array-api-extra with xgrad as the backend.

    run_array_api_extra_tests.py SUITE [options] [extra pytest arguments]

SUITE is a checkout of array-api-extra. Its table of backends gets a line for xgrad before its
tests are collected; nothing in the checkout changes. Tests that are expected to fail are in
``tools/conformance/array-api-extra-xfails.txt``, each with a reason: one that passes fails the run.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

XFAILS = Path(__file__).parent / "conformance" / "array-api-extra-xfails.txt"

# Runs inside pytest, before its conftest imports the table of backends.
PLUGIN = """
import enum
import os
import sys

import pytest

import array_api_extra
import array_api_extra.testing
from array_api_extra._lib import _backends

def with_xgrad(old):
    names = enum.EnumMeta.__prepare__("Backend", (enum.Enum,))
    for member in old:
        names[member.name] = member.value
    names["XGRAD"] = "xgrad"
    for name in ("modname", "like", "pytest_param"):
        names[name] = old.__dict__[name]
    names["__module__"] = old.__module__
    return enum.EnumMeta("Backend", (enum.Enum,), names)

old, new = _backends.Backend, with_xgrad(_backends.Backend)
for name, module in list(sys.modules.items()):
    if name.startswith("array_api_extra") and getattr(module, "Backend", None) is old:
        module.Backend = new

EXPECTED = dict(line.split(": ", 1) for line in os.environ["XGRAD_XFAILS"].splitlines())

def pytest_collection_modifyitems(items):
    for item in items:
        name = item.nodeid.split("tests/main/")[-1]
        if name in EXPECTED:
            item.add_marker(pytest.mark.xfail(reason=EXPECTED[name], strict=True))
"""


def main():
    """Run the suite."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("suite", type=Path)
    options, extra = parser.parse_known_args()
    suite = options.suite.resolve()
    if not (suite / "src" / "array_api_extra").is_dir():
        sys.exit(f"no checkout of data-apis/array-api-extra at {suite}")
    lines = [line for line in XFAILS.read_text().splitlines() if line and line[0] != "#"]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "xgrad_backend.py").write_text(PLUGIN)
        paths = (folder, str(suite / "src"), str(Path.cwd()), os.environ.get("PYTHONPATH", ""))
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "XGRAD_XFAILS": "\n".join(lines),
        }
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["-p", "xgrad_backend", "-k", "xgrad", "--no-showlocals", "tests/main", *extra]
        sys.exit(subprocess.run(command, cwd=suite, env=environment).returncode)


if __name__ == "__main__":
    main()
