"""Time xgrad, PyTorch eager, HIPS/autograd and MyGrad against hand-written NumPy.

    python benchmarks/run.py [--rounds 9] [--out benchmarks/results/cpu.json]

Each contestant has a process of its own; they take turns of about 0.1 s in rotating order,
and those not at turn are stopped. A figure is the median over the rounds of the ratio to
hand-written NumPy within the round. Results are checked before anything is timed.
"""

import argparse
import datetime as dt
import importlib.metadata
import json
import os
import pickle
import platform
import re
import signal
import subprocess
import sys
from pathlib import Path

THREADS = str(min(2, os.cpu_count() or 1))
PINNED = {
    "OMP_NUM_THREADS": THREADS,
    "OPENBLAS_NUM_THREADS": THREADS,
    "MKL_NUM_THREADS": THREADS,
    "OMP_PROC_BIND": "true",
}
os.environ.update(PINNED)
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from contestants import CASES


class Contestant:
    """A worker process, stopped while it is not its turn."""

    def __init__(self, case, library):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", Path(__file__).parent / "worker.py", case, library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=False,
            env={**os.environ, **PINNED},
        )
        self.result = pickle.load(self.process.stdout)  # noqa: S301 - our own worker
        self.process.send_signal(signal.SIGSTOP)

    def turn(self, seconds):
        """Run for a while; return the time of one step."""
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{seconds}\n".encode())
        self.process.stdin.flush()
        time_of_step = pickle.load(self.process.stdout)  # noqa: S301
        self.process.send_signal(signal.SIGSTOP)
        return time_of_step

    def close(self):
        """End the process."""
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        self.process.wait()


def measure(case, rounds, seconds):
    """Return each contestant's median ratio and median time in ms."""
    contestants = {}
    for library in CASES[case]:
        try:
            contestants[library] = Contestant(case, library)
        except EOFError:
            print(f"  {library}: not available")
    reference = contestants["numpy"].result
    for library, contestant in list(contestants.items()):
        error = np.linalg.norm(contestant.result - reference) / np.linalg.norm(reference)
        if not error < (1e-9 if reference.dtype == np.float64 else 1e-4):
            print(f"  {library}: wrong by {error:.2g}, not timed")
            contestants.pop(library).close()
    names = list(contestants)
    times = {name: [] for name in names}
    for i in range(rounds + 1):
        order = names[i % len(names) :] + names[: i % len(names)]
        for name in order:
            elapsed = contestants[name].turn(seconds)
            if i:  # the first round warms up
                times[name].append(elapsed)
    for contestant in contestants.values():
        contestant.close()
    base = np.asarray(times["numpy"])
    return {
        name: {
            "ratio": float(np.median(np.asarray(t) / base)),
            "ms": float(np.median(t)) * 1e3,
        }
        for name, t in times.items()
    }


def chain_of(count):
    """Return seconds for the backward pass of a chain, and after it the time to drop one."""
    code = (
        "import gc, time, xgrad as xg\n"
        "gc.disable()\n"
        "w = xg.tensor(1.0, requires_grad=True); y = w\n"
        f"for _ in range({count}): y = y * 1.0\n"
        "t = time.perf_counter(); y.backward(); backward = time.perf_counter() - t\n"
        "assert w.grad.item() == 1.0; y = w\n"
        f"for _ in range({count}): y = y * 1.0\n"
        "t = time.perf_counter(); del y; print(backward, time.perf_counter() - t)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return [float(x) for x in done.stdout.split()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.1)
    parser.add_argument("--only", default="", help="run the cases whose name matches this regex")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "cpu.json")
    options = parser.parse_args()
    packages = ("xgrad", "numpy", "torch", "autograd", "mygrad")
    report = {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "device": f"{platform.machine()} CPU, {os.cpu_count()} cores",
        "threads": int(THREADS),
        "python": platform.python_version(),
        "versions": {p: importlib.metadata.version(p) for p in packages},
        "cases": {},
    }
    for case in [case for case in CASES if re.search(options.only, case)]:
        print(case, flush=True)
        found = report["cases"][case] = measure(case, options.rounds, options.seconds)
        for name, figures in found.items():
            print(f"  {name:9} {figures['ratio']:6.2f} x   {figures['ms']:8.2f} ms", flush=True)
    chains = {count: chain_of(count) for count in (100_000, 1_000_000)}
    report["chain"] = {
        str(count): {"backward s": b, "drop s": d} for count, (b, d) in chains.items()
    }
    print("chains:", report["chain"])
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
