"""Recover a complex image from the magnitudes of its Fourier transform.

    python examples/phase_retrieval.py --backend numpy

A detector measures the intensity of light, but not its phase. The phases are result by
gradients through the FFT: the image of these phases and the measured magnitudes must be 0
outside a known support. Several random starts run as one batch. From time to time all continue
from the best one, perturbed enough to leave a local minimum. (Some images are harder than others:
use more starts.) A global phase, a shift, and the twin (conjugated
and rotated by 180°) have the same magnitudes; they are removed before computing the error.
Prints ``relative error x.xxxx`` and draws the image before and after.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import xgrad as xg


def make_image(size, rng):
    """Return a complex image (size, size) of smooth blobs, and its support, a triangle."""
    grid = (np.arange(size) - size // 2) / size
    y, x = np.meshgrid(grid, grid, indexing="ij")
    # Asymmetric: a support that almost fits the twin leads to mixtures of the two.
    support = (x > -0.2) & (y > -0.2) & (x + 1.2 * y < 0.12)
    image = np.zeros((size, size), np.complex128)
    for _ in range(14):
        cy, cx = rng.uniform(-0.2, 0.2, 2)
        width = rng.uniform(0.02, 0.06)
        blob = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * width**2))
        image += rng.uniform(0.4, 1.0) * blob * np.exp(1j * rng.uniform(-1.2, 1.2))
    return image * support, support


def image_of(phases, magnitudes):
    """Return the images (starts, size, size) of phases and magnitudes."""
    return xg.fft.ifftn(magnitudes * xg.exp(1j * phases), axes=(-2, -1), norm="ortho")


def outside(image, mask):
    """Return, for each start, the share of the light outside the support."""
    return xg.sum(xg.abs(image) ** 2 * mask, axis=(-2, -1))


def aligned(result, truth):
    """Return the result with the shift, the global phase and the twin that fit best."""
    spectrum, best, least = np.fft.fft2(truth), result, np.inf
    for candidate in (result, np.conj(result[::-1, ::-1])):
        match = np.fft.ifft2(spectrum * np.conj(np.fft.fft2(candidate)))
        shift = np.unravel_index(np.argmax(np.abs(match)), match.shape)
        moved = np.roll(candidate, shift, (0, 1))
        inner = np.vdot(moved, truth)
        moved = moved * (inner / abs(inner))
        error = np.linalg.norm(moved - truth) / np.linalg.norm(truth)
        if error < least:
            best, least = moved, error
    return best, float(least)


def perturbed(phases, losses, amounts, generator):
    """Return the phases of the best start for all starts, with added noise."""
    best = xg.take(phases, xg.argmin(losses), axis=0)
    noise = generator.uniform(phases.shape, -1.0, 1.0, dtype=phases.dtype)
    return best + amounts * noise


def retrieve(magnitudes, support, starts, steps, rounds, generator, dtype=np.float32):
    """Return the best image of several starts, an initial image, and the losses of all."""
    shape = (starts, *magnitudes.shape)
    magnitudes, mask = (xg.asarray(a.astype(dtype)) for a in (magnitudes, ~support))
    amounts = xg.asarray(np.linspace(0, 2.5, starts, dtype=dtype).reshape(-1, 1, 1))
    phases = generator.uniform(shape, -np.pi, np.pi, dtype=dtype).requires_grad_()
    first = image_of(phases.detach(), magnitudes)
    losses = []
    each = steps // rounds
    for step in tqdm(range(each * rounds), desc="phases", unit="step"):
        if step % each == 0:
            if losses:
                phases = perturbed(phases.detach(), losses[-1], amounts, generator)
                phases = phases.requires_grad_()
            optimizer = xg.optim.Adam([phases], lr=0.3, betas=(0.9, 0.99))
            schedule = xg.optim.CosineAnnealingLR(optimizer, each)
        optimizer.zero_grad()
        left = outside(image_of(phases, magnitudes), mask)
        xg.sum(left).backward()
        optimizer.step()
        schedule.step()
        losses.append(left.detach())  # stays on the device, read at the end
    with xg.no_grad():
        images = image_of(phases, magnitudes)
        best = int(xg.argmin(outside(images, mask)))
        images, first = images[best] * (1 - mask), first[0]
    return images.numpy(), first.numpy(), np.asarray([x.tolist() for x in losses]), best


def plot(truth, first, result, losses, best, error, path):
    """Draw the image, the initial image, the result, and the losses of all starts."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 4, figsize=(13, 6), layout="constrained")
    for column, (name, image) in enumerate(
        [("truth", truth), ("before: random phases", first), (f"after: error {error:.4f}", result)]
    ):
        axes[0, column].imshow(np.abs(image), cmap="magma", vmin=0, vmax=np.abs(truth).max())
        axes[0, column].set_title(name)
        phase = np.where(np.abs(image) > 0.02 * np.abs(truth).max(), np.angle(image), np.nan)
        axes[1, column].imshow(phase, cmap="twilight", vmin=-np.pi, vmax=np.pi)
        for row in (0, 1):
            axes[row, column].axis("off")
    axes[0, 3].imshow(np.log(np.abs(np.fft.fftshift(np.fft.fft2(truth))) + 1e-3), cmap="gray")
    axes[0, 3].set_title("measurement (log)")
    axes[0, 3].axis("off")
    axes[1, 3].semilogy(np.arange(len(losses)), losses, color="0.7")
    axes[1, 3].semilogy(np.arange(len(losses)), losses[:, best], color="crimson")
    axes[1, 3].set(xlabel="step", ylabel="light outside the support")
    figure.suptitle("top: magnitude, bottom: phase")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy", help="numpy, cupy, torch, jax, dpnp")
    parser.add_argument("--size", type=int, default=64, help="size of the image, in pixels")
    parser.add_argument("--starts", type=int, default=8)
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--rounds", type=int, default=8, help="rounds between perturbations")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--require", type=float, default=0.05, help="fail above this error")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    xg.set_backend(options.backend)
    truth, support = make_image(options.size, np.random.default_rng(options.seed))
    magnitudes = np.abs(np.fft.fft2(truth, norm="ortho"))
    generator = xg.random.Generator(options.seed)
    start = time.perf_counter()
    result, first, losses, best = retrieve(
        magnitudes, support, options.starts, options.steps, options.rounds, generator
    )
    seconds = time.perf_counter() - start
    result, error = aligned(result, truth)
    picture = options.out / "phase_retrieval.png"
    plot(truth, first, result, losses, best, error, picture)
    print(f"{options.starts} starts, {options.steps} steps in {seconds:.1f} s; saved {picture}")
    print(f"relative error {error:.4f}")
    if not error < options.require:
        raise SystemExit(f"expected a relative error below {options.require}")


if __name__ == "__main__":
    main()
