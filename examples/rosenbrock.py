"""Compare Newton's method, L-BFGS and gradient descent on Rosenbrock's function.

    python examples/rosenbrock.py --backend numpy

Prints how many steps each method takes to (1, 1), and draws the paths.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

import xgrad as xg

START = [-1.2, 1.0]


def rosenbrock(x):
    """Return the value of a curved valley with its minimum 0 at (1, 1)."""
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def newton(steps):
    """Run Newton's method; a step is halved until the function decreases."""
    x = xg.asarray(START)
    yield x
    for _ in range(steps):
        value, gradient = xg.value_and_grad(rosenbrock)(x)
        step = xg.linalg.solve(xg.hessian(rosenbrock)(x), gradient)
        share, slope = 1.0, float(xg.sum(gradient * step))
        while float(rosenbrock(x - share * step)) > float(value) - 1e-4 * share * slope:
            share /= 2
        x = x - share * step
        yield x


def descent(optimizer):
    """Run an optimizer of `xgrad.optim` on one parameter."""

    def path(steps):
        x = xg.nn.Parameter(xg.asarray(START))
        steps_of = optimizer(x)

        def closure():
            steps_of.zero_grad()
            loss = rosenbrock(x)
            loss.backward()
            return loss

        yield x.detach()
        for _ in range(steps):
            steps_of.step(closure)
            yield xg.asarray(x.detach(), copy=True)

    return path


METHODS = {
    "Newton": newton,
    "L-BFGS": descent(
        lambda x: xg.optim.LBFGS([x], max_iter=1, max_eval=25, line_search_fn="strong_wolfe")
    ),
    "SGD": descent(lambda x: xg.optim.SGD([x], lr=1e-3, momentum=0.9)),
}


def plot(path, paths):
    """Draw the paths over the contours of the function."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    a, b = np.meshgrid(np.linspace(-1.7, 1.5, 300), np.linspace(-0.6, 1.7, 300))
    values = rosenbrock([a, b])
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    axes.contour(a, b, np.log10(values + 1e-6), levels=25, cmap="Greys", linewidths=0.7)
    for (name, points), colour in zip(
        paths.items(), ("crimson", "royalblue", "seagreen"), strict=True
    ):
        ends = np.asarray(points)
        label = f"{name}: {len(points) - 1} steps"
        axes.plot(*ends.T, marker=".", markersize=4, linewidth=1, color=colour, label=label)
    axes.plot(1, 1, "k*", markersize=12)
    axes.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--steps", type=int, default=2000, help="maximum steps of each method")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    xg.set_backend(options.backend)
    paths, ends = {}, {}
    for name, method in METHODS.items():
        points = []
        for x in tqdm(method(options.steps), desc=name, total=options.steps + 1, unit=" steps"):
            points.append(x.numpy())
            if np.hypot(*(points[-1] - 1.0)) < 1e-3:
                break
        paths[name], ends[name] = points, points[-1]
    plot(options.out / "rosenbrock.png", paths)
    print(f"paths in {options.out / 'rosenbrock.png'}")
    for name, points in paths.items():
        distance = np.hypot(*(ends[name] - 1.0))
        print(f"{name}: {len(points) - 1} steps, {distance:.1e} from the minimum")
    counts = {name: len(points) - 1 for name, points in paths.items()}
    if not counts["Newton"] < counts["L-BFGS"] < counts["SGD"]:
        raise SystemExit(
            "expected Newton to need fewer steps than L-BFGS, and L-BFGS fewer than SGD"
        )


if __name__ == "__main__":
    main()
