"""Single functions over 4,000,000 values, memory, and loops without gradients.

    python benchmarks/functions.py [name ...]

Each function forward and backward against the obvious formulas in NumPy, turn by turn in one
process: the median of the ratios of times, and of the peaks of memory beside the inputs.
"""

import sys
import time
import tracemalloc

import arrays
import numpy as np

import xgrad as xg

COUNT = 4_000_000
rng = np.random.default_rng(0)
X, Y, G = (rng.uniform(-1, 1, COUNT) for _ in range(3))
P = np.abs(X) + 0.1


def _angle(a, b):
    square = a * a + b * b
    return G * b / square, -G * a / square


def _maximum(a, b):
    tie = np.where(a == b, 0.5 * G, 0)
    return np.where(a > b, G, tie), np.where(b > a, G, tie)


#: name: (function of a library, its gradient by hand from inputs and output, inputs)
FUNCTIONS = {
    "sin": (lambda m, a: m.sin(a), lambda a, o: G * np.cos(a), (X,)),
    "exp": (lambda m, a: m.exp(a), lambda a, o: G * o, (X,)),
    "sqrt": (lambda m, a: m.sqrt(a), lambda a, o: G * (0.5 / o), (P,)),
    "log": (lambda m, a: m.log(a), lambda a, o: G / a, (P,)),
    "abs": (lambda m, a: m.abs(a), lambda a, o: G * np.sign(a), (X,)),
    "square": (lambda m, a: m.square(a), lambda a, o: G * (2 * a), (X,)),
    "tanh": (lambda m, a: m.tanh(a), lambda a, o: G * (1 - o * o), (X,)),
    "asin": (lambda m, a: m.asin(a), lambda a, o: G / np.sqrt(1 - a * a), (X,)),
    "atanh": (lambda m, a: m.atanh(a), lambda a, o: G / (1 - a * a), (X * 0.9,)),
    "x**3": (lambda m, a: a**3, lambda a, o: G * (3 * a * a), (X,)),
    "clip": (
        lambda m, a: m.clip(a, -0.5, 0.5),
        lambda a, o: G * ((a >= -0.5) & (a <= 0.5)),
        (X,),
    ),
    "where": (lambda m, a: m.where(a > 0, a, 0.0), lambda a, o: np.where(a > 0, G, 0.0), (X,)),
    "maximum": (lambda m, a, b: m.maximum(a, b), lambda a, b, o: _maximum(a, b), (X, Y)),
    "multiply": (lambda m, a, b: m.multiply(a, b), lambda a, b, o: (G * b, G * a), (X, Y)),
    "divide": (lambda m, a, b: m.divide(a, b), lambda a, b, o: (G / b, -G * o / b), (X, P)),
    "hypot": (lambda m, a, b: m.hypot(a, b), lambda a, b, o: (G * a / o, G * b / o), (X, Y)),
    "atan2": (lambda m, a, b: m.atan2(a, b), lambda a, b, o: _angle(a, b), (X, Y)),
    "logaddexp": (
        lambda m, a, b: m.logaddexp(a, b),
        lambda a, b, o: (G * np.exp(a - o), G * np.exp(b - o)),
        (X, Y),
    ),
}


def passes(name):
    """Return one pass by hand and one by xgrad."""
    function, gradient, inputs = FUNCTIONS[name]

    def by_hand():
        out = function(np, *inputs)
        return gradient(*inputs, out)

    def by_xgrad():
        leaves = [xg.asarray(a).requires_grad_() for a in inputs]
        out = function(xg, *leaves)
        out.backward(G)
        return tuple(leaf.grad for leaf in leaves)

    return by_hand, by_xgrad


def time_ratio(by_hand, ours, rounds=9):
    """Return the median over rounds of the ratio of times, both in each round."""
    ratios = []
    for _ in range(rounds):
        start = time.perf_counter()
        by_hand()
        middle = time.perf_counter()
        ours()
        ratios.append((time.perf_counter() - middle) / (middle - start))
    return np.median(ratios)


def peak(step):
    """Return the peak of memory of a pass, in arrays of 4,000,000 values."""
    tracemalloc.start()
    step()
    found = tracemalloc.get_traced_memory()[1] / X.nbytes
    tracemalloc.stop()
    return found


def loop_forward(width):
    """Return the loop of `arrays` without gradients, by NumPy and by xgrad."""
    start = np.full(width, 0.1)

    def by_hand():
        x = np.zeros((arrays.STEPS, width))
        x[0] = start
        for t in range(1, arrays.STEPS):
            x[t] = x[t - 1] * arrays.RATE + start

    def by_xgrad():
        w, x = xg.asarray(start), xg.zeros((arrays.STEPS, width))
        x[0] = w
        for t in range(1, arrays.STEPS):
            x[t] = x[t - 1] * arrays.RATE + w

    return by_hand, by_xgrad


def main():
    names = sys.argv[1:] or list(FUNCTIONS)
    for name in names:
        steps = passes(name)
        by_hand, ours = (peak(step) for step in steps)
        print(f"{name:10} time {time_ratio(*steps):5.2f} x   memory {ours / by_hand:5.2f} x")
    if sys.argv[1:]:
        return
    by_hand, ours = (
        peak(make()[0]) for make in (arrays.elementwise_numpy, arrays.elementwise_xgrad)
    )
    print(f"expression: {ours:.1f} arrays, by hand {by_hand:.1f}")
    for width in (8, 100, 1000):
        ratio = time_ratio(*loop_forward(width))
        print(f"loop without gradients, {width} wide: {ratio:.2f} x")


if __name__ == "__main__":
    main()
