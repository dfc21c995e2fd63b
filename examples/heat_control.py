"""Find the initial heating of a plate, such that it shows a picture later.

    python examples/heat_control.py --backend numpy

The simulation is plain NumPy code: 500 explicit finite-difference steps of heat that diffuses
and dissipates, ``u + r (north + south + east + west - 4 u) - c u²``, on a square with its edges
fixed at 0.
The initial state is found by gradients through all steps. With `xgrad.checkpoint` around
segments of steps, one array per segment is kept instead of one per operation: the peak memory
is printed with and without. Diffusion smooths out details, so the picture cannot be matched
exactly; the initial state stays within [0, 1]. Prints ``relative misfit x.xxx``.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import xgrad as xg

RATE = 0.01  # diffusivity times time step over squared grid spacing: stable below 1/4
LOSS = 0.001  # loss to the surroundings in a time step, at temperature 1


def step(u):
    """Return the temperatures (size, size) after one time step."""
    inner = u[1:-1, 1:-1]
    around = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
    return np.pad(inner + RATE * (around - 4 * inner) - LOSS * inner * inner, 1)


def segment(u, steps):
    """Return the temperatures after several time steps."""
    for _ in range(steps):
        u = step(u)
    return u


def simulate(u, steps, every):
    """Return the temperatures after all steps; checkpoint every ``every`` steps (0: never)."""
    if not every:
        return segment(u, steps)
    for _ in range(steps // every):
        u = xg.checkpoint(lambda v: segment(v, every))(u)
    return segment(u, steps % every)


def target_picture(size):
    """Return the target temperatures: a warm ring around a warm spot."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, size),) * 2, indexing="ij")
    radius = np.hypot(x, y)
    ring = np.exp(-(((radius - 0.6) / 0.2) ** 2)) + np.exp(-((radius / 0.25) ** 2))
    return 0.3 * ring * (1 - x**8) * (1 - y**8)


def start_of(z):
    """Return the initial state, in [0, 1] and 0 at the edges, from unbounded numbers."""
    return np.pad(xg.sigmoid(z), 1)


def control(target, steps, every, iterations):
    """Return the initial state that comes closest to the target, and the losses."""
    goal = xg.asarray(target.astype(np.float32))
    z = (xg.zeros_like(goal[1:-1, 1:-1]) - 2.0).requires_grad_()
    optimizer = xg.optim.Adam([z], lr=0.4)
    schedule = xg.optim.CosineAnnealingLR(optimizer, iterations, eta_min=0.02)
    losses = []
    for _ in tqdm(range(iterations), desc="heat control", unit="step"):
        optimizer.zero_grad()
        loss = np.sum((simulate(start_of(z), steps, every) - goal) ** 2)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.detach())  # stays on the device, read at the end
    with xg.no_grad():
        start = start_of(z)
        end = simulate(start, steps, 0)
    return start.numpy(), end.numpy(), [x.item() for x in losses]


def peak_of_one_gradient(size, steps, every):
    """Return the peak number of bytes in use for one gradient."""
    u = xg.zeros((size, size), dtype=xg.float32).requires_grad_()
    with xg.peak_memory() as peak:
        np.sum(simulate(u, steps, every) ** 2).backward()
    return peak.bytes


def plot(target, start, end, losses, path):
    """Draw the target, the initial and final states, and the loss."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(14, 3.6), layout="constrained")
    for cell, name, u in zip(axes, ("start", "end", "target"), (start, end, target), strict=False):
        shown = cell.imshow(u, cmap="inferno", vmin=0, vmax=1 if name == "start" else target.max())
        cell.set_title(name)
        cell.axis("off")
        figure.colorbar(shown, ax=cell, shrink=0.8)
    axes[3].semilogy(losses)
    axes[3].set(xlabel="iteration", title="squared misfit")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy", help="numpy, cupy, torch, jax, dpnp")
    parser.add_argument("--size", type=int, default=48, help="size of the plate, in grid points")
    parser.add_argument("--steps", type=int, default=500, help="number of time steps")
    parser.add_argument("--every", type=int, default=25, help="steps between checkpoints; 0: none")
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--require", type=float, default=0.1, help="fail above this misfit")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    xg.set_backend(options.backend)
    target = target_picture(options.size)
    begin = time.perf_counter()
    start, end, losses = control(target, options.steps, options.every, options.iterations)
    seconds = time.perf_counter() - begin
    misfit = np.linalg.norm(end - target) / np.linalg.norm(target)
    picture = options.out / "heat_control.png"
    plot(target, start, end, losses, picture)
    print(f"{options.iterations} iterations in {seconds:.1f} s; saved {picture}")
    if options.backend in ("numpy", "cupy"):  # the backends with memory statistics
        with_them, without = (
            peak_of_one_gradient(options.size, options.steps, every) / 2**20
            for every in (options.every, 0)
        )
        print(f"peak of one gradient {with_them:.1f} MiB, without checkpoints {without:.1f} MiB")
    print(f"relative misfit {misfit:.3f}")
    if not misfit < options.require:
        raise SystemExit(f"expected a relative misfit below {options.require}")


if __name__ == "__main__":
    main()
