"""Fit a line and a logistic curve; compare the gradients of forward and reverse mode.

    python examples/regression.py --backend numpy

Recovers the slope 3 and the intercept -2 from noisy points, then the weights of a logistic
regression. Prints ``slope 3.00x, intercept -2.00x`` and draws both fits.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

import xgrad as xg
from xgrad.nn import functional as F


def line_loss(parameters, x, y):
    """Return the mean squared error of ``slope x + intercept``."""
    return xg.mean((parameters[0] * x + parameters[1] - y) ** 2)


def logistic_loss(parameters, x, y):
    """Return the binary cross entropy of ``sigmoid(slope x + intercept)``."""
    return F.binary_cross_entropy_with_logits(parameters[0] * x + parameters[1], y)


def forward_gradient(loss, parameters, x, y):
    """Return the gradient by forward mode: one jvp per parameter."""
    columns = [
        xg.jvp(lambda p: loss(p, x, y), (parameters,), (xg.asarray(unit),))[1]
        for unit in ([1.0, 0.0], [0.0, 1.0])
    ]
    return xg.stack(columns)


def descend(loss, x, y, steps, rate, name):
    """Run gradient descent by reverse mode, and compare the modes at every tenth step."""
    parameters, worst = xg.zeros(2), 0.0
    gradient = xg.grad(loss)
    for step in tqdm(range(steps), desc=name):
        g = gradient(parameters, x, y)
        if step % 10 == 0:
            difference = xg.max(xg.abs(g - forward_gradient(loss, parameters, x, y)))
            worst = max(worst, difference.item())
        parameters = parameters - rate * g
    return parameters, worst


def plot(path, line, logistic, data):
    """Draw the points and both fits."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    x, y, labels = data
    grid = np.linspace(x.min(), x.max(), 200)
    panels[0].scatter(x, y, s=4, alpha=0.4)
    panels[0].plot(grid, line[0] * grid + line[1], color="crimson")
    panels[0].set(title=f"{line[0]:.3f} x {line[1]:+.3f}", xlabel="x", ylabel="y")
    panels[1].scatter(x, labels, s=4, alpha=0.4)
    panels[1].plot(grid, 1 / (1 + np.exp(-logistic[0] * grid - logistic[1])), color="crimson")
    panels[1].set(title="logistic regression", xlabel="x", ylabel="probability")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    xg.set_backend(options.backend)
    rng = np.random.default_rng(options.seed)
    x = rng.uniform(-2, 2, 2000)
    y = 3 * x - 2 + rng.normal(0, 0.05, x.shape)
    labels = (rng.uniform(size=x.shape) < 1 / (1 + np.exp(-(2 * x - 1)))).astype(float)
    points, values, classes = map(xg.asarray, (x, y, labels))
    line, difference = descend(line_loss, points, values, options.steps, 0.3, "line")
    logistic, other = descend(
        logistic_loss, points, classes, options.steps, 2.0, "logistic regression"
    )
    plot(options.out / "regression.png", line.tolist(), logistic.tolist(), (x, y, labels))
    slope, intercept = line.tolist()
    print(f"logistic regression: {logistic.tolist()[0]:.2f} and {logistic.tolist()[1]:.2f}")
    print(f"forward and reverse mode differ by at most {max(difference, other):.1e}")
    print(f"slope {slope:.4f}, intercept {intercept:.4f}")
    if max(abs(slope - 3), abs(intercept + 2)) > 0.005 or max(difference, other) > 1e-12:
        raise SystemExit("expected 3 and -2 within 0.005, and the same gradients in both modes")


if __name__ == "__main__":
    main()
