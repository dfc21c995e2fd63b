"""Reconstruct an image from few, noisy projections with total variation.

    python examples/tomography.py --backend numpy

The forward model is plain NumPy code: it samples the image along rays, by indexing and bilinear
weights, and sums. Given a Tensor of any backend it computes there, and is differentiable. The
image minimizes the squared misfit plus the total variation (Rudin, Osher and Fatemi, 1992),
which filtered back-projection does not use. Prints the peak signal-to-noise ratios of
both, ``PSNR xx.x dB (filtered back-projection yy.y)``, and draws them.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import xgrad as xg

#: Ellipses of a head, after Shepp and Logan (1974): value, half axes, center, angle.
ELLIPSES = [
    (1.0, 0.69, 0.92, 0.0, 0.0, 0), (-0.8, 0.6624, 0.874, 0.0, -0.0184, 0),
    (-0.2, 0.11, 0.31, 0.22, 0.0, -18), (-0.2, 0.16, 0.41, -0.22, 0.0, 18),
    (0.1, 0.21, 0.25, 0.0, 0.35, 0), (0.1, 0.046, 0.046, 0.0, 0.1, 0),
    (0.1, 0.046, 0.046, 0.0, -0.1, 0), (0.1, 0.046, 0.023, -0.08, -0.605, 0),
    (0.1, 0.023, 0.023, 0.0, -0.606, 0), (0.1, 0.023, 0.046, 0.06, -0.605, 0),
]  # fmt: skip


def make_image(size):
    """Return the image of a head (size, size), in [0, 1]."""
    y, x = np.meshgrid(*(np.linspace(1, -1, size), np.linspace(-1, 1, size)), indexing="ij")
    image = np.zeros((size, size))
    for value, a, b, cx, cy, degrees in ELLIPSES:
        angle = np.deg2rad(degrees)
        u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        image[(u / a) ** 2 + (v / b) ** 2 <= 1] += value
    return np.clip(image, 0, 1)


class Scanner:
    """Parallel rays, with the sample points and weights of each."""

    def __init__(self, size, angles):
        middle = (size - 1) / 2
        along, across = np.meshgrid(*(np.arange(size) - middle,) * 2, indexing="ij")
        theta = np.linspace(0, np.pi, angles, endpoint=False)[:, None, None]
        row = middle + along * np.cos(theta) - across * np.sin(theta)
        column = middle + along * np.sin(theta) + across * np.cos(theta)
        self.theta, self.size = theta[:, 0, 0], size
        top, left = np.floor(row).astype(np.int64), np.floor(column).astype(np.int64)
        self.corners = []
        for i in (0, 1):
            for j in (0, 1):
                weight = (1 - np.abs(row - top - i)) * (1 - np.abs(column - left - j))
                inside = (top + i >= 0) & (top + i < size) & (left + j >= 0) & (left + j < size)
                corner = np.clip(top + i, 0, size - 1), np.clip(left + j, 0, size - 1)
                self.corners.append((*corner, (weight * inside).astype(np.float32)))

    def on_backend(self):
        """Return a scanner whose arrays are Tensors on the current backend."""
        moved = object.__new__(Scanner)
        moved.__dict__.update(self.__dict__, corners=xg.data.to_backend(self.corners))
        return moved

    def project(self, image):
        """Return the sums of an image (size, size) along the rays: (angles, size)."""
        samples = sum(image[rows, columns] * weight for rows, columns, weight in self.corners)
        return np.sum(samples, axis=1)

    def filtered_back_projection(self, sinogram):
        """Return the classical reconstruction (Ramachandran and Lakshminarayanan, 1971)."""
        count = 2 * self.size
        n = np.arange(count) - count // 2
        ramp = np.where(n % 2 == 1, -1 / (np.pi * np.where(n == 0, 1, n)) ** 2, 0.0)
        ramp[n == 0] = 0.25
        response = np.abs(np.fft.fft(np.fft.ifftshift(ramp)))
        padded = np.fft.ifft(np.fft.fft(sinogram, count, axis=1) * response, axis=1)
        filtered = padded.real[:, : self.size]
        middle = (self.size - 1) / 2
        row, column = np.meshgrid(*(np.arange(self.size) - middle,) * 2, indexing="ij")
        out = np.zeros((self.size, self.size))
        for theta, line in zip(self.theta, filtered, strict=True):
            across = column * np.cos(theta) - row * np.sin(theta) + middle
            out += np.interp(across, np.arange(self.size), line, left=0, right=0)
        return out * np.pi / len(self.theta)


def total_variation(image, smoothing=1e-3):
    """Return the sum of the lengths of the differences between neighbors."""
    down = image[1:, :-1] - image[:-1, :-1]
    right = image[:-1, 1:] - image[:-1, :-1]
    return np.sum(np.sqrt(down**2 + right**2 + smoothing**2))


def reconstruct(scanner, sinogram, start, weight, steps):
    """Return the image that minimizes misfit and total variation, and the losses."""
    scanner = scanner.on_backend()
    measured, image = xg.asarray(sinogram), xg.asarray(start)
    image = image.requires_grad_()
    optimizer = xg.optim.Adam([image], lr=0.02)
    schedule = xg.optim.CosineAnnealingLR(optimizer, steps)
    losses = []
    for step in tqdm(range(steps), desc="tomography", unit="step"):
        optimizer.zero_grad()
        misfit = scanner.project(image) - measured
        loss = np.sum(misfit**2) + weight * total_variation(image)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 10 == 0:
            losses.append(loss.detach())  # stays on the device, read at the end
    return image.detach().numpy(), [x.item() for x in losses]


def psnr(image, truth):
    """Return the peak signal-to-noise ratio in decibels, for values in [0, 1]."""
    return -10 * np.log10(np.mean((np.clip(image, 0, 1) - truth) ** 2))


def plot(images, sinogram, losses, path):
    """Draw the images with their titles, the projections and the loss."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 5, figsize=(16, 3.6), layout="constrained")
    for cell, (name, image) in zip(axes, images, strict=False):
        cell.imshow(image, cmap="gray", vmin=0, vmax=1)
        cell.set_title(name)
        cell.axis("off")
    axes[3].imshow(sinogram, cmap="gray", aspect="auto")
    axes[3].set(title="projections", xlabel="ray", ylabel="angle")
    axes[4].semilogy(10 * np.arange(len(losses)), losses)
    axes[4].set(xlabel="step", title="loss")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default="numpy", help="numpy, cupy, torch, jax")
    parser.add_argument("--size", type=int, default=64, help="size of the image, in pixels")
    parser.add_argument("--angles", type=int, default=24)
    parser.add_argument(
        "--noise", type=float, default=0.01, help="relative to the largest projection"
    )
    parser.add_argument("--weight", type=float, default=0.8, help="weight of the total variation")
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--require", type=float, default=5.0, help="required gain in decibels")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args(arguments)
    xg.set_backend(options.backend)
    truth = make_image(options.size)
    scanner = Scanner(options.size, options.angles)
    sinogram = scanner.project(truth)
    rng = np.random.default_rng(0)
    sinogram += options.noise * sinogram.max() * rng.normal(size=sinogram.shape)
    classic = scanner.filtered_back_projection(sinogram)
    begin = time.perf_counter()
    given = (x.astype(np.float32) for x in (sinogram, np.clip(classic, 0, 1)))
    result, losses = reconstruct(scanner, *given, options.weight, options.steps)
    seconds = time.perf_counter() - begin
    ours, theirs = psnr(result, truth), psnr(classic, truth)
    picture = options.out / "tomography.png"
    images = [("truth", truth), (f"filtered back-projection, {theirs:.1f} dB", classic)]
    plot([*images, (f"total variation, {ours:.1f} dB", result)], sinogram, losses, picture)
    print(f"{options.steps} steps in {seconds:.1f} s; saved {picture}")
    print(f"PSNR {ours:.1f} dB (filtered back-projection {theirs:.1f})")
    if not ours >= theirs + options.require:
        raise SystemExit(f"expected {options.require} dB above filtered back-projection")


if __name__ == "__main__":
    main()
