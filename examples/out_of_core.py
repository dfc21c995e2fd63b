"""Fit a model to data that does not fit into memory: a loss over a chunked dask array.

    python examples/out_of_core.py --rows 2000000

The data is in a file on disk (200 features per row; 2,000,000 rows are 3.2 GB). The loss and
its gradient are built lazily, chunk by chunk, and computed in one pass over the file; only a
few chunks are in memory at a time. Prints the peak memory of arrays, and
the distance of the fitted weights from the true ones.
"""

import argparse
import tempfile
import tracemalloc
from pathlib import Path

import dask
import dask.array as da
import numpy as np
from tqdm import tqdm

import xgrad as xg

FEATURES = 200
CHUNK = 20_000  # rows
DELTA = 1.0  # where the Huber loss changes from a parabola to a line


def write_data(folder, rows):
    """Write x and y = x @ w + noise to disk in parts; return them as dask arrays, and w."""
    rng = np.random.default_rng(0)
    true = rng.normal(size=FEATURES)
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", np.float64, (rows, FEATURES))
    y = np.lib.format.open_memmap(folder / "y.npy", "w+", np.float64, (rows,))
    for start in tqdm(range(0, rows, CHUNK), desc="writing", unit="chunk"):
        part = slice(start, min(start + CHUNK, rows))
        x[part] = rng.normal(size=(part.stop - start, FEATURES))
        y[part] = x[part] @ true + 0.1 * rng.standard_t(2, size=part.stop - start)
    x.flush()
    y.flush()
    lazy = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in "xy"]
    return da.from_array(lazy[0], (CHUNK, FEATURES)), da.from_array(lazy[1], CHUNK), true


def huber_loss(w, x, y):
    """Return the mean Huber loss, in which outliers count linearly; the code fits any array."""
    error = xg.abs(x @ w - y)
    return xg.mean(xg.where(error < DELTA, 0.5 * error**2, DELTA * (error - 0.5 * DELTA)))


def main():
    """Generate the data, fit, and report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--steps", type=int, default=12)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        x, y, true = write_data(Path(folder), options.rows)
        size = x.nbytes / 1e9
        w = np.zeros(FEATURES)
        tracemalloc.start()  # traces arrays in memory, not the mapped file
        progress = tqdm(range(options.steps), desc="fitting", unit="pass")
        for _ in progress:
            value, gradient = xg.value_and_grad(huber_loss)(da.from_array(w), x, y)
            value, gradient = dask.compute(value, gradient)  # one pass over the file for both
            w = w - 1.5 * gradient
            progress.set_postfix(loss=f"{value:.4f}")
    error = np.linalg.norm(w - true) / np.linalg.norm(true)
    peak = tracemalloc.get_traced_memory()[1] / 1e9
    print(f"data {size:.2f} GB, peak memory {peak:.2f} GB, relative error of w {error:.4f}")
    if not error < 0.02:
        raise SystemExit("the fitted weights are wrong")


if __name__ == "__main__":
    main()
