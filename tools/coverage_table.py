"""Write docs/coverage.md: which function has which derivatives, on which backend.

``python tools/coverage_table.py`` writes it, ``--check`` compares. The table is read off the
op table (``tests/op_table.py``), whose rows are what the test session of each backend runs:
a letter stands where a check of that kind runs, and must pass, on that backend.
"""

import operator
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PAGE = ROOT / "docs" / "coverage.md"
BACKENDS = ("numpy", "array_api_strict", "torch", "jax", "dpnp", "dask")

HEAD = """# Coverage

Which derivatives each function has, on each backend. This page is written by
`python tools/coverage_table.py` from the op table, and a test fails when it is out of date.
A letter stands where the test session of that backend checks it:

| letter | what is checked |
| --- | --- |
| v | the value, against NumPy or SciPy |
| r | reverse mode (vjp), against finite differences |
| f | forward mode (jvp), against finite differences |
| 2 | second derivatives, in both modes |
| b | `vmap`, of the function and of its derivatives, against a loop |
| c | complex numbers |

Functions without r and f have no derivative (comparisons, integers, indices) or none that is
not 0. dask computes lazily, in chunks: it has values and first reverse derivatives, and
functions that, with some of their parameters or all, need the whole array raise
`BackendError` there (—). On JAX and dpnp an operation takes long: rows with other parameters
run there for their values alone, and special functions are batched without their derivatives.
CuPy runs the same checks in the `cupy` test session, which needs a GPU: not yet measured.

"""


def letters(rows, backend):
    """Return the cell of one function on one backend."""
    if any(backend in row.unsupported for row in rows):
        return "—"
    if backend == "dask":
        if any(not set("vr" if row.by else "v") <= set(row.dask) for row in rows):
            return "—"
        return "v r" if any(row.by for row in rows) else "v"
    cell = ["v"]
    from tests.environment import COMPILING

    if backend in COMPILING:  # where rows with other parameters run for their values alone
        rows = rows[:1]
    if any(row.by for row in rows):
        cell += ["r", "f"]
        if any(row.order > 1 for row in rows):
            cell.append("2")
    if any(row.vmap for row in rows):
        cell.append("b")
    if any(row.complex_samples or _is_complex(row) for row in rows):
        cell.append("c")
    return " ".join(cell)


def _is_complex(row):
    return bool(row.samples and row.samples[0]) and any(
        getattr(x, "dtype", None) is not None and x.dtype.kind == "c" for x in row.samples[0]
    )


def _is_public(name):
    import xgrad

    try:
        operator.attrgetter(name)(xgrad)
    except AttributeError:
        return False
    return True


def chapter_of(name):
    """Return the title of the file that a function stands in: how its docstring begins."""
    import xgrad

    try:
        module = sys.modules[operator.attrgetter(name)(xgrad).__module__]
    except AttributeError:
        return "Operations of composite functions"
    return re.split(r"[.:;] |\.?\n|\.$", module.__doc__)[0]


def page():
    """Return the text of the page: a chapter for each file of functions."""
    os.environ["XGRAD_TEST_BACKEND"] = "numpy"
    from tests.op_table import ROWS

    by_name = {}
    for row in ROWS:
        by_name.setdefault(row.name, []).append(row)
    inner = {name for name in by_name if not _is_public(name)}
    count = f"{len(by_name) - len(inner)} functions, {len(ROWS)} rows."
    lines = [count, f"† {len(inner)} operations of composite functions: not public."]
    chapters = {}
    for name in sorted(by_name):
        chapters.setdefault(chapter_of(name), []).append(name)
    for chapter, names in sorted(chapters.items()):
        lines += ["", f"## {chapter}", "", "| function | " + " | ".join(BACKENDS) + " |"]
        lines += ["| --- " * (len(BACKENDS) + 1) + "|"]
        for name in names:
            cells = [letters(by_name[name], backend) for backend in BACKENDS]
            lines.append(f"| `{name}`{' †' * (name in inner)} | " + " | ".join(cells) + " |")
    return HEAD + "\n".join(lines) + "\n"


def main():
    """Write the page, or with --check compare it."""
    if "--check" in sys.argv:
        if PAGE.read_text() != page():
            sys.exit("docs/coverage.md is out of date: run python tools/coverage_table.py")
        return
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
