"""Learn the equation of motion of a spiral from its path, with a neural ODE.

    python examples/neural_ode.py --backend numpy

The path of ``y' = A y³`` is observed. A network f is trained so that the solution of ``y' = f(y)``
by the Runge-Kutta method (fixed steps, gradients through all of them, each step checkpointed)
reproduces it. Prints the mean distance of the learned path from the true one, and draws both.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

import xgrad as xg
from xgrad import nn

A = np.asarray([[-0.1, 2.0], [-2.0, -0.1]])
START = np.asarray([[2.0, 0.0]])


class Motion(nn.Module):
    """The velocity at a point: a network of the cubes of its coordinates."""

    def __init__(self, width, generator):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, width, generator=generator),
            nn.Tanh(),
            nn.Linear(width, 2, generator=generator),
        )

    def forward(self, y):
        return self.net(y**3)


def runge_kutta(f, y, step):
    """Return one step of the classical fourth-order method."""
    k1 = f(y)
    k2 = f(y + 0.5 * step * k1)
    k3 = f(y + 0.5 * step * k2)
    k4 = f(y + step * k3)
    return y + (step / 6) * (k1 + 2 * k2 + 2 * k3 + k4)


def solve(f, start, step, count):
    """Return the points at ``count`` equal steps from a start, (count, N, 2)."""
    advance = xg.checkpoint(lambda y: runge_kutta(f, y, step))
    points = [start]
    for _ in range(count - 1):
        points.append(advance(points[-1]))
    return xg.stack(points)


def plot(path, truth, learned, losses):
    """Draw both paths and the loss."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
    left.plot(*truth.T, "k--", linewidth=1, label="the spiral")
    left.plot(*learned.T, color="royalblue", label="learned")
    left.legend()
    right.semilogy(losses, color="grey", linewidth=0.8)
    right.set_xlabel("step")
    right.set_ylabel("loss")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy")
    parser.add_argument("--steps", type=int, default=600, help="number of optimizer steps")
    parser.add_argument("--require", type=float, default=np.inf, help="fail above this distance")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    xg.set_backend(options.backend)
    count, horizon, step = 400, 10, 0.025
    truth = np.empty((count, 1, 2), np.float32)
    y = START
    for k in range(count):
        truth[k] = y
        y = runge_kutta(lambda y: y**3 @ A.T, y, step)

    generator = xg.random.Generator(options.seed)
    model = Motion(50, generator)
    optimizer = xg.optim.Adam(model.parameters(), lr=1e-2)
    schedule = xg.optim.CosineAnnealingLR(optimizer, options.steps)
    rng = np.random.default_rng(options.seed)
    losses = []
    bar = tqdm(range(options.steps), desc="neural ODE", unit=" steps")
    for _ in bar:
        starts = rng.choice(count - horizon, 32, replace=False)
        observed = xg.asarray(np.stack([truth[starts + k, 0] for k in range(horizon)]))
        optimizer.zero_grad()
        predicted = solve(model, observed[0], step, horizon)
        loss = xg.mean(xg.abs(predicted - observed))
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if len(losses) % 20 == 0:
            bar.set_postfix_str(f"loss={np.mean(losses[-20:]):.5f}")
    with xg.no_grad():
        learned = solve(model, xg.asarray(truth[0]), step, count).numpy()[:, 0]
    distance = np.mean(np.hypot(*(learned - truth[:, 0]).T))
    plot(options.out / "neural_ode.png", truth[:, 0], learned, losses)
    print(f"paths in {options.out / 'neural_ode.png'}")
    print(f"mean distance from the spiral {distance:.4f}")
    if distance > options.require:
        raise SystemExit(f"expected a mean distance of at most {options.require}")


if __name__ == "__main__":
    main()
