"""The whole check on a GPU: tests, examples, timings against PyTorch and JAX; one JSON.

    python benchmarks/gpu.py [--backend cupy] [--out benchmarks/results/gpu.json]

Everything is over in nine minutes; what does not fit is named in the report. The report is
written after each stage. Without a GPU, ``--backend numpy`` or ``dpnp`` runs the same script
on small problems: a proof that it works, no measurement.
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
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
# Also from a checkout that is not installed.
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from gpu_cases import TARGETS, cases

LIMIT = 530  # seconds for everything
#: The examples, with the arguments of a short run, and the line that tells the result.
EXAMPLES = {
    "digits": ["--amp", "--epochs", "15"],
    "digits_cnn": ["--amp", "--epochs", "1"],
    "char_gpt": ["--amp", "--epochs", "1", "--any"],
    "phase_retrieval": [],
    "tomography": [],
    "heat_control": ["--iterations", "25", "--require", "0.5"],
    "custom_kernel": [],
}
SHORT = {
    "digits_cnn": ["--examples", "1000"],
    "char_gpt": ["--characters", "10000"],
    "tomography": ["--steps", "100", "--require", "-10"],
    "heat_control": ["--iterations", "2", "--require", "10"],
    "phase_retrieval": ["--steps", "80", "--require", "10"],
}


def device_info(backend):
    """Return what the figures were measured on."""
    names = ("xgrad", "numpy", "cupy-cuda12x", "cupy-cuda13x", "dpnp", "torch", "jax")
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    device = f"{platform.machine()} CPU, {os.cpu_count()} cores"
    if backend == "cupy":
        import cupy

        properties = cupy.cuda.runtime.getDeviceProperties(0)
        device = properties["name"].decode()
        versions["CUDA runtime"] = cupy.cuda.runtime.runtimeGetVersion()
        versions["CUDA driver"] = cupy.cuda.runtime.driverGetVersion()
    return {
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "backend": backend,
        "device": device,
        "python": platform.python_version(),
        "versions": versions,
        "TF32": "off (xgrad, PyTorch and JAX)",
        "dtype": "float32",
    }


def run(command, seconds, **environment):
    """Run a command; return its exit status (None if it ran out of time), time and output."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT,
        env={**os.environ, **environment}, start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, status = process.communicate()[0], None
    return {"status": status, "seconds": round(time.perf_counter() - start, 1)}, output or ""


def tests(backend, seconds, workers, quick):
    """Run the test session; return its summary line and what failed."""
    chosen = ["tests/test_host_reads.py", "tests/test_amp.py"] if quick else ["tests"]
    command = [sys.executable, "-m", "pytest", "-q", "-n", workers, "--maxfail", "200", *chosen]
    report, output = run(command, seconds, XGRAD_TEST_BACKEND=backend)
    summary = re.findall(r"\d+ (?:passed|failed).*", output)
    report["summary"] = summary[-1] if summary else output[-2000:]
    report["failed"] = re.findall(r"^(?:FAILED|ERROR) .*", output, re.MULTILINE)[:200]
    report["tail"] = output[-6000:] if report["status"] else ""
    return report


def example(name, backend, seconds, quick):
    """Run one example; return its last line."""
    command = [sys.executable, f"examples/{name}.py", "--backend", backend, *EXAMPLES[name]]
    report, output = run([*command, *(SHORT.get(name, []) if quick else [])], seconds)
    lines = [line for line in re.split(r"[\r\n]+", output) if line.strip()]
    report["result"] = lines[-1] if lines else ""
    if report["status"]:
        report["tail"] = output[-2000:]
    return report


class Contestant:
    """A worker process, stopped while it is not its turn."""

    def __init__(self, case, library, backend, full):
        worker = Path(__file__).parent / "gpu_worker.py"
        arguments = [case, library, backend, "full" if full else "small"]
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", worker, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def begin(self):
        """Wait for the first steps; return what they gave, or why there is nothing."""
        try:
            found = pickle.load(self.process.stdout)  # noqa: S301 - our own worker
        except EOFError:
            return self.process.stderr.read().decode()[-400:]
        self.process.send_signal(signal.SIGSTOP)
        return found

    def turn(self, seconds):
        """Run for a while; return the time of one step."""
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.write(f"{seconds}\n".encode())
        self.process.stdin.flush()
        elapsed = pickle.load(self.process.stdout)  # noqa: S301
        self.process.send_signal(signal.SIGSTOP)
        return elapsed

    def close(self):
        """End the process."""
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()


def measure(case, backend, full, rounds, seconds):
    """Return for each contestant the time of a step and its ratio to PyTorch eager's."""
    libraries = [n for n in cases(full)[case] if full or n != "torch.compile"]
    contestants = {name: Contestant(case, name, backend, full) for name in libraries}
    report, began = {}, {}
    for name in list(contestants):
        found = contestants[name].begin()
        if isinstance(found, str):
            report[name] = {"not available": found.strip().splitlines()[-1:]}
            contestants.pop(name).close()
        else:
            began[name] = found
    reference = began["torch"]["result"]
    for name in list(contestants):
        error = np.linalg.norm(began[name]["result"] - reference) / np.linalg.norm(reference)
        report[name] = {
            "first three steps, s": round(began[name]["first"], 3),
            "relative difference to torch": float(error),
            "peak bytes": began[name]["peak"],
        }
        if began[name]["launches"] is not None:
            report[name]["launches of a step"] = began[name]["launches"]
        if not error < (1e-2 if "mixed" in case else 1e-3):
            report[name]["wrong"] = "not timed"
            contestants.pop(name).close()
    times = {name: [] for name in contestants}
    names = list(contestants)
    for i in range(rounds + 1):
        for name in names[i % len(names) :] + names[: i % len(names)]:
            elapsed = contestants[name].turn(seconds)
            if i:  # the first round warms up
                times[name].append(elapsed)
    for contestant in contestants.values():
        contestant.close()
    for name in names:
        report[name]["ms"] = float(np.median(times[name])) * 1e3
        ratios = np.asarray(times[name]) / np.asarray(times["torch"])
        report[name]["ratio to torch"] = float(np.median(ratios))
    peaks = [report.get(name, {}).get("peak bytes") for name in ("xgrad", "torch")]
    if all(peaks):
        report["peak memory, ratio to torch"] = peaks[0] / peaks[1]
    if case in TARGETS:
        report["target ratio"] = TARGETS[case]
    return report


def main():
    """Run everything, and write the report after each stage."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="cupy", help="numpy or dpnp prove the script")
    parser.add_argument("--stages", default="tests,examples,benchmarks")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.2, help="of a turn")
    parser.add_argument("--workers", default="6", help="processes of the test session")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "gpu.json")
    options = parser.parse_args()
    full, start = options.backend == "cupy", time.perf_counter()
    report = {**device_info(options.backend), "is a measurement": full}
    stages = options.stages.split(",")

    def left():
        return LIMIT - (time.perf_counter() - start)

    def write():
        report["seconds"] = round(time.perf_counter() - start, 1)
        options.out.parent.mkdir(exist_ok=True)
        options.out.write_text(json.dumps(report, indent=2) + "\n")

    if "benchmarks" in stages:  # first, and alone: nothing else may use the card
        report["benchmarks"] = {}
        for case in cases(full):
            if left() < 300 and full:
                report["benchmarks"][case] = "no time left"
                continue
            print(case, flush=True)
            found = measure(case, options.backend, full, options.rounds, options.seconds)
            report["benchmarks"][case] = found
            for name, figures in found.items():
                if isinstance(figures, dict) and "ms" in figures:
                    ratio = figures["ratio to torch"]
                    print(f"  {name:14} {figures['ms']:9.3f} ms  {ratio:6.2f} x", flush=True)
            write()
    with ThreadPoolExecutor(2) as pool:
        if "tests" in stages:
            seconds = max(left() - 5, 1)
            checked = pool.submit(tests, options.backend, seconds, options.workers, not full)
        if "examples" in stages:
            report["examples"] = {}
            for name in EXAMPLES:
                if left() < 15:
                    report["examples"][name] = "no time left"
                    continue
                found = example(name, options.backend, left() - 5, not full)
                report["examples"][name] = found
                print(f"{name}: {found['result']} ({found['seconds']} s)", flush=True)
                write()
        if "tests" in stages:
            report["tests"] = checked.result()
            print("tests:", report["tests"]["summary"], flush=True)
    write()
    print(f"{report['seconds']} s; saved {options.out}")


if __name__ == "__main__":
    main()
