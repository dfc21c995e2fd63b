"""Write docs/scipy_coverage.md: which functions of other libraries are differentiable on Tensors.

``python tools/scipy_table.py`` writes it, ``--check`` compares it. The table is read from the calls
that ``tests/interop`` makes, so SciPy, scikit-learn and the others must be installed.
"""

import os
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "scipy_coverage.md"
sys.path.insert(0, str(ROOT))

HEAD = """# Functions of SciPy and others

`python tools/scipy_table.py` writes this page from the calls of `tests/interop`, and a test fails if it is out of
date. [](scipy.md) says how to use them.

*Differentiable*: value, dtype and shape equal those of NumPy arrays, and the gradients (on the eager tape, in reverse and
in forward mode) are compared with finite differences of plain NumPy calls; in parentheses, how many calls if several.
*Raises*: the function computes in compiled code or returns a Python number, and raises on a tensor that needs gradients.
Some functions are in both columns: with some arguments they compute in compiled code.

"""


def library(name):
    """Return the library, or SciPy's subpackage, of a function."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in ("scipy", "sklearn") else parts[0]


def listed(names):
    """Return the names of functions with how often each is called, as one cell of a table."""
    counts = {name: names.count(name) for name in sorted(names)}
    return ", ".join(f"`{name}`" + (f" ({n})" if n > 1 else "") for name, n in counts.items())


def page():
    """Return the text of the page."""
    os.environ["SCIPY_ARRAY_API"] = "1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from tests.interop.rows import CALLS, REFUSED
    cells = {}
    for column, calls in enumerate((CALLS, REFUSED)):
        for c in calls:
            where = library(c.name)
            name = c.name.removeprefix(f"{where}.")
            cells.setdefault(where, ([], []))[column].append(name)
    lines = ["| library | differentiable | raises |", "| --- | --- | --- |"]
    lines += [f"| {where} | {listed(a)} | {listed(b)} |" for where, (a, b) in sorted(cells.items())]
    total = f"\n{len(CALLS)} calls are differentiated, {len(REFUSED)} raise.\n"
    return HEAD + "\n".join(lines) + "\n" + total


def main():
    """Write the page, or check it."""
    if "--check" not in sys.argv:
        PAGE.write_text(page())
    elif PAGE.read_text() != page():
        sys.exit("docs/scipy_coverage.md is out of date: run python tools/scipy_table.py")


if __name__ == "__main__":
    main()
