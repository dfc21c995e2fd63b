"""What it gains that freed memory is kept for the next step (see docs/backends.md).

``python benchmarks/allocator.py`` runs training steps in two processes, in turns: one as it is, one
with XGRAD_KEEP_FREED_MEMORY=0. Linux with glibc only: elsewhere there is no difference.
"""

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

import xgrad as xg

STEPS, ROUNDS = 5, 15


def convolutions() -> Callable[[], None]:
    """Return a training step of two convolutions; temporaries of 1 to 5 MB."""
    nn = xg.nn
    model = nn.Sequential(
        *(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(16 * 11 * 11, 10)),
    )
    rng = np.random.default_rng(0)
    x = xg.asarray(rng.normal(size=(64, 1, 28, 28)), dtype="float32")
    y = xg.asarray(rng.integers(0, 10, 64))
    optimizer = xg.optim.SGD(model.parameters(), lr=1e-3)

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

    return step


def elementwise() -> Callable[[], None]:
    """Return the gradient of an elementwise expression over arrays of 4 MB."""
    rng = np.random.default_rng(0)
    x = xg.asarray(rng.normal(size=(512, 1024)))
    w = xg.tensor(rng.normal(size=(512, 1024)), requires_grad=True)

    def step() -> None:
        w.grad = None
        xg.mean((xg.tanh(w * x) - xg.sin(x)) ** 2 * w).backward()

    return step


CASES = {"convolutions, batch 64": convolutions, "elementwise, 4 MB": elementwise}


def work(case: str) -> None:
    """Run steps whenever a line comes in; print milliseconds and page faults per step."""
    step = CASES[case]()
    for _ in range(STEPS):
        step()
    print(flush=True)
    for _ in sys.stdin:
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        start = time.perf_counter()
        for _ in range(STEPS):
            step()
        seconds = time.perf_counter() - start
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults
        print(seconds / STEPS * 1e3, faults / STEPS, flush=True)


def worker(case: str, setting: str) -> subprocess.Popen[str]:
    """Start a process that runs a case."""
    environment = {**os.environ, "XGRAD_KEEP_FREED_MEMORY": setting}
    command = [sys.executable, __file__, case]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)


def main() -> None:
    """Print medians."""
    for case in CASES:
        workers = {"kept": worker(case, "1"), "given back": worker(case, "0")}
        found: dict[str, list[list[float]]] = {name: [] for name in workers}
        for process in workers.values():
            process.stdout.readline()
        for _ in range(ROUNDS):
            for name, process in workers.items():
                print(file=process.stdin, flush=True)
                found[name].append([float(x) for x in process.stdout.readline().split()])
        for name, process in workers.items():
            process.communicate()
            time_, faults = (statistics.median(column) for column in zip(*found[name], strict=True))
            print(f"{case:24} {name:10} {time_:6.1f} ms, {faults:5.0f} page faults per step")


if __name__ == "__main__":
    work(sys.argv[1]) if len(sys.argv) > 1 else main()
