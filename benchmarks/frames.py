"""Count the Python functions that common operations enter: the length of a reader's way.

``python benchmarks/frames.py`` prints one line for each; ``--list NAME`` prints the functions.
Frames are exact, not timings: the same on every machine.
"""

import argparse
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import xgrad as xg

PACKAGE = Path(xg.__file__).parent


def traced(call: Callable[[], Any]) -> list[tuple[str, str, str]]:
    """Return (event, file, function) of all functions of xgrad that a call enters and leaves."""
    found = []

    def profile(frame: Any, event: str, argument: Any) -> None:
        path = Path(frame.f_code.co_filename)
        if event not in ("call", "return"):
            return
        if PACKAGE in path.parents:
            found.append((event, str(path.relative_to(PACKAGE)), frame.f_code.co_qualname))
        elif frame.f_globals.get("__name__") == "xgrad.engine.by_name":  # made there, of source
            found.append((event, "engine/by_name.py", frame.f_code.co_filename))

    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(None)
    return found


def cases() -> dict[str, Callable[[], Any]]:
    """Return what is counted, by name; each has run before."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 4)), rng.normal(size=(8, 2))
    w = xg.tensor(rng.normal(size=(4, 2)), requires_grad=True)
    losses: list[Any] = []
    optimizer = xg.optim.Adam([w], lr=1e-3)
    whole = xg.asarray(np.arange(10.0))
    hessian = xg.hessian(lambda x: xg.sum(x**3) + xg.sum(x * xg.sum(x)) + xg.sum(xg.sin(x)))
    point = np.arange(3.0)

    def forward() -> None:
        losses.append(((x @ w - y) ** 2).mean())

    def backward() -> None:
        losses.pop().backward()

    def write() -> None:
        view = whole[3:7]
        view[0] = 1.0

    found = {
        "loss = ((x @ w - y) ** 2).mean()": forward,
        "loss.backward()": backward,
        "Adam.step(), one parameter": optimizer.step,
        "y = x[3:7]; y[0] = 1": write,
        "hessian(f)(x), three terms": lambda: hessian(point),
    }
    for _ in range(3):
        for call in found.values():
            call()
    forward()
    losses[:] = losses[:1]
    return found


def turns(call: Callable[[], Any]) -> tuple[int, int, int]:
    """Return stays in files, files, and the most returns to one of them."""
    stays: list[str] = []
    stack: list[str] = []
    for event, path, _ in traced(call):
        if event == "call":
            stack.append(path)
        elif stack:
            stack.pop()
        here = stack[-1] if stack else ""
        if here and (not stays or stays[-1] != here):
            stays.append(here)
    most = max((stays.count(path) - 1 for path in set(stays)), default=0)
    return len(stays), len(set(stays)), most


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", metavar="PART", help="print the functions of a case")
    options = parser.parse_args()
    for name, call in cases().items():
        entered = [(path, function) for event, path, function in traced(call) if event == "call"]
        print(f"{len(entered):6d}  {name}")
        if options.list and options.list in name:
            for path, function in entered:
                print(f"          {path}: {function}")
    point, direction = np.arange(3.0), np.ones(3)

    def product(*, stop: bool) -> None:
        def f(x: Any) -> Any:
            if stop:
                sys.setprofile(None)
            return xg.sum(x * x * x)

        xg.hvp(f, (point,), (direction,))

    product(stop=False)
    for stop, what in ((True, "hvp(f) until it calls f"), (False, "hvp(f)")):
        stays, files, most = turns(functools.partial(product, stop=stop))
        print(f"{stays:6d}  stays of {what} in {files} files, {most} returns to one of them")
    lines = sum(len(p.read_text().splitlines()) for p in (PACKAGE / "engine").glob("*.py"))
    print(f"{lines:6d}  lines in xgrad/engine")
    words = sum(p.read_text().count("Any") for p in PACKAGE.rglob("*.py"))
    print(f"{words:6d}  times Any in xgrad")


if __name__ == "__main__":
    main()
