"""Compare HIPS/autograd's example programs, with their imports replaced, with its own numbers."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

#: Not programs: data for the others.
DATA = ("__init__", "data", "data_mnist")
#: Programs about internals of HIPS/autograd, which have no counterpart, with what replaces them.
INTERNALS = {
    "dot_graph": "a tracer of its own: xgrad.viz.graph draws the graph",
    "print_trace": "a tracer of its own: xgrad.profile lists the operations",
    "rkhs": "a vector space of its own (VSpace, Box): trees of arrays are the vector spaces here",
}
#: How close the results must be, relative to the largest number in all of a program's.
CLOSE = 1e-8
#: Programs whose numbers are less exact in HIPS/autograd, and why.
LESS = {
    "fixed_points": (5e-3, "HIPS's derivative is iterated to a tolerance of 1e-4"),
    "ode_net": (5e-2, "integrated with rtol=0.01, by other solvers"),
}


def programs(checkout):
    """Return the names of all programs."""
    paths = sorted((checkout / "examples").rglob("*.py"))
    return [path.stem for path in paths if path.stem not in DATA]


def numbers_of(checkout, name, library):
    """Run a program in a process of its own; return its numbers and its error, if any."""
    environment = {**os.environ, "SCIPY_ARRAY_API": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "numbers.json"
        command = (sys.executable, "-W", "ignore", "-m", "tests.hips.program", str(checkout))
        done = subprocess.run(
            [*command, name, library, str(file)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if file.is_file():
            return json.loads(file.read_text()), None
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return None, lines[-1] if lines else f"exit code {done.returncode}"


def difference(found, expected):
    """Return the largest difference of the results, relative to the largest number."""
    if [len(x) for x in found] != [len(x) for x in expected]:
        return float("inf")
    a, b = (np.asarray([x for result in results for x in result]) for results in (found, expected))
    worst = np.max(np.abs(a - b), initial=0.0) / (np.max(np.abs(b), initial=0.0) or 1.0)
    return float("inf") if np.isnan(worst) else float(worst)


def run_examples(checkout, names=None):
    """Run the programs, print a table, and return 1 if one differs from what is expected."""
    print("HIPS/autograd's examples, with their imports replaced:", flush=True)
    wrong = same = 0
    for name in names or programs(checkout):
        if name in INTERNALS:
            print(f"  {name:32} not run: {INTERNALS[name]}", flush=True)
            continue
        expected, error = numbers_of(checkout, name, "autograd")
        if error:
            print(f"  {name:32} FAILS with HIPS/autograd: {error}", flush=True)
            wrong += 1
            continue
        found, error = numbers_of(checkout, name, "xgrad")
        if error:
            print(f"  {name:32} FAILS: {error}", flush=True)
            wrong += 1
            continue
        ended = ", to its end" if found["ended"] else ""
        found, expected = found["results"], expected["results"]
        close, reason = LESS.get(name, (CLOSE, ""))
        by = difference(found, expected)
        verdict = "agrees" if by <= close else "DIFFERS"
        wrong += by > close
        same += by <= close
        note = f" ({reason})" if reason else ""
        count = f"{len(expected)} results, {sum(map(len, expected))} numbers{ended}"
        print(f"  {name:32} {verdict} to {by:.1e}: {count}{note}", flush=True)
    print(f"{same} agree, {wrong} do not", flush=True)
    return int(wrong > 0)
