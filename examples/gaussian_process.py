"""Fit the kernel of a Gaussian-process regression to the marginal likelihood.

    python examples/gaussian_process.py --backend numpy

L-BFGS fits the length, height and noise of a squared-exponential kernel to noisy points by
the log marginal likelihood, whose gradient goes through a Cholesky factor. Prints the fitted
noise (the true noise is 0.15) and the error on held-out points, and draws the fit.
"""

import argparse
import math
from pathlib import Path

import numpy as np

import xgrad as xg

NOISE = 0.15


def data(count, seed):
    """Return noisy points of a smooth function, with a gap, and its values on a grid."""
    rng = np.random.default_rng(seed)
    x = np.sort(np.concatenate([rng.uniform(-4, -0.5, count // 2), rng.uniform(1, 4, count // 2)]))
    grid = np.linspace(-5, 5, 200)

    def truth(x):
        return np.sin(2 * x) + 0.3 * x

    return (x, truth(x) + NOISE * rng.normal(size=len(x))), (grid, truth(grid))


def kernel(params, a, b):
    """Return the squared exponential ``height² exp(-(a - b)² / (2 length²))``."""
    distance = (a[:, None] - b[None, :]) / xg.exp(params["log_length"])
    return xg.exp(2 * params["log_height"] - 0.5 * distance**2)


def factor(params, x):
    """Return the Cholesky factor of the covariance of the data."""
    covariance = kernel(params, x, x) + xg.exp(2 * params["log_noise"]) * xg.eye(len(x))
    return xg.linalg.cholesky(covariance)


def negative_log_likelihood(params, x, y):
    """Return the marginal ``(y' K⁻¹ y + log det K + n log 2π) / 2`` of the data."""
    lower = factor(params, x)
    white = xg.linalg.solve_triangular(lower, y[:, None], upper=False)
    log_det = 2 * xg.sum(xg.log(xg.linalg.diagonal(lower)))
    return 0.5 * (xg.sum(white**2) + log_det + len(x) * math.log(2 * math.pi))


def predict(params, x, y, grid):
    """Return the mean and the standard deviation of the function at new points."""
    lower = factor(params, x)
    cross = kernel(params, x, grid)
    white = xg.linalg.solve_triangular(lower, y[:, None], upper=False)
    cross = xg.linalg.solve_triangular(lower, cross, upper=False)
    mean = xg.sum(cross * white, axis=0)
    variance = xg.exp(2 * params["log_height"]) - xg.sum(cross**2, axis=0)
    return mean, xg.sqrt(xg.maximum(variance, 1e-12))


def plot(path, x, y, grid, truth, mean, deviation):
    """Draw the data, the function, and the prediction."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    band = mean - 2 * deviation, mean + 2 * deviation
    axes.fill_between(grid, *band, alpha=0.2, color="royalblue", label="two standard deviations")
    axes.plot(grid, mean, color="royalblue", label="mean")
    axes.plot(grid, truth, "k--", linewidth=1, label="the function")
    axes.plot(x, y, "k.", label="data")
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--points", type=int, default=80)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    xg.set_backend(options.backend)
    (x, y), (grid, truth) = data(options.points, options.seed)
    points, values, new = map(xg.asarray, (x, y, grid))
    start = {name: xg.asarray(0.0) for name in ("log_length", "log_height", "log_noise")}
    result = xg.optimize.minimize(
        negative_log_likelihood, start, "L-BFGS-B", args=(points, values), progress=True
    )
    before = float(negative_log_likelihood(start, points, values))
    mean, deviation = (v.numpy() for v in predict(result.x, points, values, new))
    plot(options.out / "gaussian_process.png", x, y, grid, truth, mean, deviation)
    length, height, noise = (math.exp(float(result.x[name])) for name in start)
    near = ((grid > -4) & (grid < -0.5)) | ((grid > 1) & (grid < 4))  # where the data is
    error = np.sqrt(np.mean((mean - truth)[near] ** 2))
    inside = np.mean(np.abs(mean - truth) < 2 * deviation)
    print(f"fit in {options.out / 'gaussian_process.png'}")
    print(f"log marginal likelihood {-before:.2f} -> {-result.fun:.2f} in {result.nit} steps")
    print(f"length {length:.2f}, height {height:.2f}; {inside:.0%} of the function in the band")
    print(f"noise {noise:.3f} (true {NOISE}), root mean squared error {error:.3f}")
    if not (abs(noise - NOISE) < 0.05 and error < 0.12):
        raise SystemExit("expected a noise near 0.15 and an error below 0.12")


if __name__ == "__main__":
    main()
