"""Run HIPS/autograd's tests and examples with xgrad: ``python -m tests.hips PATH``."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tests.hips.examples import run_examples
from tests.hips.expected import NOT_COLLECTED

MODES = ("numpy", "xgrad.numpy")


def run_tests(checkout, mode, options):
    """Run the tests in a process of their own, because modules are replaced; return its code."""
    print(f"HIPS/autograd's tests, with autograd.numpy replaced by {mode}:", flush=True)
    environment = {
        **os.environ,
        "SCIPY_ARRAY_API": "1",
        "XGRAD_HIPS_MODE": mode,
        "PYTHONDONTWRITEBYTECODE": "1",  # nothing is written into the checkout
        "PYTHONPATH": os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")]),
    }
    ignored = [f"--ignore={checkout / 'tests' / name}" for name in NOT_COLLECTED]
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "tests.hips.plugin"),
        *("-p", "no:cacheprovider", f"--rootdir={checkout / 'tests'}", *ignored, *options),
        str(checkout / "tests"),
    ]
    return subprocess.run(command, env=environment, check=False).returncode


def run_page(checkout):
    """Run the tables of docs/coming_from_hips.md with HIPS/autograd itself on the other side."""
    print("The tables of docs/coming_from_hips.md:", flush=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path.cwd()), str(checkout)])}
    environment |= {"SCIPY_ARRAY_API": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "tests/test_coming_from_hips.py"]
    return subprocess.run(command, env=environment, check=False).returncode


def main():
    """Read the arguments, run what they select, and return the code of the process."""
    parser = argparse.ArgumentParser(prog="python -m tests.hips", description=__doc__)
    parser.add_argument("checkout", type=Path, help="a checkout of HIPS/autograd")
    parser.add_argument("--mode", choices=MODES, action="append", help="by default both")
    parser.add_argument("--only", choices=("tests", "examples"))
    parser.add_argument("--example", action="append", help="run these examples, by name")
    known, options = parser.parse_known_args()
    checkout = known.checkout.resolve()
    if not (checkout / "autograd" / "differential_operators.py").is_file():
        parser.error(f"no checkout of HIPS/autograd at {known.checkout}")
    codes = []
    if known.only != "examples":
        codes += [run_tests(checkout, mode, options) for mode in known.mode or MODES]
        codes.append(run_page(checkout))
    if known.only != "tests":
        codes.append(run_examples(checkout, known.example))
    return max(codes, default=0)


if __name__ == "__main__":
    sys.exit(main())
