"""Peak memory of a forward and backward pass through 64 layers, with and without `checkpoint`.

    python benchmarks/checkpoint_memory.py

Counted by `tracemalloc`, above the parameters and the data; float32, width 256, batch 4,096.
"""

import gc
import time
import tracemalloc

import numpy as np

import xgrad as xg

WIDTH, BATCH, LAYERS = 256, 4096, 64


def main():
    """Print a table."""
    xg.random.seed(0)
    layers = [xg.nn.Sequential(xg.nn.Linear(WIDTH, WIDTH), xg.nn.Tanh()) for _ in range(LAYERS)]
    x = xg.asarray(np.random.default_rng(0).normal(size=(BATCH, WIDTH)).astype(np.float32))

    def through(groups):
        """A chain of functions, checkpointed, each of a chain of such functions."""

        def run(h, first, count, sizes):
            if not sizes:
                for layer in layers[first : first + count]:
                    h = layer(h)
                return h
            each = count // sizes[0]
            for start in range(first, first + count, each):
                part = xg.checkpoint(lambda h, start=start: run(h, start, each, sizes[1:]))
                h = part(h)
            return h

        return lambda h: run(h, 0, LAYERS, groups)

    cases = {"plain": [], "8 of 8 layers": [8], "4 of 4 of 4": [4, 4], "64 of 1": [64]}
    first = None
    for name, groups in cases.items():
        model = through(groups)
        for layer in layers:
            layer.zero_grad()
        xg.sum(model(x)).backward()  # so that the gradients are there
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        start = time.perf_counter()
        xg.sum(model(x)).backward()
        seconds = time.perf_counter() - start
        peak = (tracemalloc.get_traced_memory()[1] - before) / 2**20
        tracemalloc.stop()
        first = first or (peak, seconds)
        print(
            f"{name:<14} {peak:7.1f} MiB, a {first[0] / peak:.1f}th; "
            f"{seconds / first[1]:.2f} x the time"
        )


if __name__ == "__main__":
    main()
