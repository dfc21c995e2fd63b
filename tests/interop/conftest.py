"""These tests run in a process of their own, in which SciPy takes arrays of other libraries."""

import os

from tests.interop.calls import PASSED

collect_ignore_glob = [] if os.environ.get("SCIPY_ARRAY_API") == "1" else ["*.py"]


def pytest_terminal_summary(terminalreporter):
    if not PASSED:
        return
    counts = ", ".join(f"{library} {n}" for library, n in sorted(PASSED.items()))
    terminalreporter.write_line(f"interop: {sum(PASSED.values())} calls: {counts}")
