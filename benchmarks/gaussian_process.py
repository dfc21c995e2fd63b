"""Log marginal likelihood of a Gaussian process and its gradient, against LAPACK by hand.

    python benchmarks/gaussian_process.py [--points 600] [--rounds 15] [--out FILE]

A squared-exponential kernel with a variance, a length and a noise; value and gradient by the
three logarithms. Contestants take turns in one process; the ratio of each round to the one by
hand beside it, and the median of these.
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

# Before NumPy is imported: one thread each, or whatever is set. NumPy and SciPy bring a pool of
# threads each, which wait busily beside the other's.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import scipy.linalg

import xgrad as xg


def problem(points):
    """Return squared distances, observations and the logarithms of the parameters."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 10, (points, 3))
    squares = ((x[:, None] - x[None]) ** 2).sum(-1)
    return squares, np.sin(x.sum(1)) + 0.1 * rng.normal(size=points), np.log([1.5, 0.8, 0.1])


def by_hand(squares, y):
    """Return the value and gradient by hand: one factorisation, one inverse (potri)."""
    points = len(y)

    def run(theta):
        variance, length, noise = np.exp(theta)
        shape = np.exp(squares * (-0.5 / length**2))
        shape *= variance
        kernel = shape.copy()
        kernel[np.diag_indices(points)] += noise
        factor, lower = scipy.linalg.cho_factor(kernel, lower=True, check_finite=False)
        alpha = scipy.linalg.cho_solve((factor, lower), y, check_finite=False)
        value = -0.5 * y @ alpha - np.log(np.diag(factor)).sum()
        value -= 0.5 * points * np.log(2 * np.pi)
        inverse = scipy.linalg.cho_solve((factor, lower), np.eye(points), check_finite=False)
        weight = np.outer(alpha, alpha)
        weight -= inverse
        by_length = np.vdot(weight, shape * squares) / length**2
        return value, 0.5 * np.asarray(
            [np.vdot(weight, shape), by_length, noise * np.trace(weight)]
        )

    return run


def with_xgrad(squares, y):
    """Return the value and gradient by xgrad on NumPy."""
    points = len(y)
    squares, y, eye = xg.asarray(squares), xg.asarray(y), xg.eye(points)

    def likelihood(theta):
        variance, length, noise = xg.unstack(xg.exp(theta))
        kernel = variance * xg.exp(squares * (-0.5 / length**2)) + noise * eye
        factor = xg.linalg.cholesky(kernel)
        white = xg.linalg.solve_triangular(factor, y, lower=True)
        logs = xg.sum(xg.log(xg.linalg.diagonal(factor)))
        return -0.5 * xg.sum(white**2) - logs - 0.5 * points * np.log(2 * np.pi)

    return xg.value_and_grad(likelihood)


def with_torch(squares, y):
    """Return the value and gradient by PyTorch."""
    import torch

    torch.set_num_threads(1)
    points = len(y)
    squares, y = torch.asarray(squares), torch.asarray(y)
    eye = torch.eye(points, dtype=torch.float64)

    def run(theta):
        leaf = torch.asarray(theta).requires_grad_()
        variance, length, noise = torch.exp(leaf)
        kernel = variance * torch.exp(squares * (-0.5 / length**2)) + noise * eye
        factor = torch.linalg.cholesky(kernel)
        white = torch.linalg.solve_triangular(factor, y[:, None], upper=False)
        value = -0.5 * (white**2).sum() - factor.diagonal().log().sum()
        value = value - 0.5 * points * np.log(2 * np.pi)
        (grad,) = torch.autograd.grad(value, leaf)
        return value.item(), grad.numpy()

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    squares, y, theta = problem(options.points)
    runs = {"by hand": by_hand(squares, y), "xgrad": with_xgrad(squares, y)}
    if importlib.util.find_spec("torch"):
        runs["torch"] = with_torch(squares, y)
    value, gradient = runs["by hand"](theta)
    for name, run in runs.items():
        found = run(theta)
        np.testing.assert_allclose(float(found[0]), value, rtol=1e-9, err_msg=name)
        np.testing.assert_allclose(np.asarray(found[1]), gradient, rtol=1e-6, err_msg=name)
    ratios = {name: [] for name in runs}
    seconds = {name: [] for name in runs}
    for _ in range(options.rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run(theta)
            seconds[name].append(time.perf_counter() - start)
        for name in runs:
            ratios[name].append(seconds[name][-1] / seconds["by hand"][-1])
    report = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "threads": os.environ["OPENBLAS_NUM_THREADS"],
        "points": options.points,
        "rounds": options.rounds,
        "ratio": {name: round(statistics.median(r), 2) for name, r in ratios.items()},
        "milliseconds": {n: round(1e3 * statistics.median(s), 1) for n, s in seconds.items()},
    }
    print(json.dumps(report, indent=1))
    if options.out:
        options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
