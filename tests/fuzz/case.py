"""A program prepared for its checks, and the comparison of numbers."""

import warnings
from collections import Counter
from typing import Any

import numpy as np

import xgrad as xg
from tests.environment import NAME, host, raw
from tests.fuzz import layers_reference
from tests.fuzz.program import Program
from tests.fuzz.reference import Reference, own
from xgrad.nn import functional as F

#: Thresholds lowered so that small arrays take the paths of large ones; see
#: `xgrad.backends.thresholds`.
TINY = {
    "SMALL_PIECE": 0,
    "OPTIMIZER_BLOCK": 2,
    "LSTM_BLOCK": 1,
    "TRIANGULAR_BLOCK": 1,
    "CHOLESKY_BLOCK": 1,
    "ONE_HOT_CHUNK": 1,
    "SUM_ROWS": 2,  # one element has no axis to sum along
    "SUM_BLOCK": 2,
    "MANY_VIEWS": 1,
}

#: Reasons for skipped comparisons, with counts, for the summary.
SKIPPED: Counter[str] = Counter()


class Mismatch(AssertionError):
    """A check failed; holds the name of the check and a description."""

    def __init__(self, check: str, text: str) -> None:
        super().__init__(f"{check}: {text}")
        self.check = check


class Uncertain(Exception):  # noqa: N818 - no error: the rest is not compared
    """The program cannot be checked; holds the reason."""


def inner(a: Any, b: Any) -> float:
    """Re⟨a, b⟩ over lists of NumPy arrays."""
    return float(sum(np.sum(np.real(np.conj(x) * y)) for x, y in zip(a, b, strict=True)))


def close(check: str, found: Any, expected: Any, tolerance: float, scale: float = 0.0) -> None:
    """Compare lists of arrays, relative to the largest number of either or ``scale``."""
    for i, (x, y) in enumerate(zip(found, expected, strict=True)):
        x, y = np.asarray(x), np.asarray(y)
        if x.shape != y.shape:
            raise Mismatch(check, f"[{i}] shape {x.shape}, expected {y.shape}")
        if not x.size:
            continue
        bound = tolerance * max(1.0, scale, float(np.nanmax(np.abs(y), initial=0.0)))
        bad = ~(np.abs(x - y) <= bound)
        bad &= ~(x == y)
        if np.isnan(y).any():
            bad &= ~(np.isnan(x) & np.isnan(y))
        if bad.any():
            raise Mismatch(check, f"[{i}]\nfound    {_text(x)}\nexpected {_text(y)}")


def _text(x: np.ndarray) -> str:
    return np.array2string(np.asarray(x), precision=10, threshold=30).replace("\n", "\n         ")


class Case:
    """A program with its arrays, directions and weights, which can be run repeatedly."""

    def __init__(self, program: Program, seed: tuple[int, ...]) -> None:
        self.program = program
        rng = np.random.default_rng((*seed, 1))
        self.values = [x.values for x in program.inputs.values()]
        arrays = [*self.values, *(x.values for x in program.constants.values())]
        self.mixed = len({x.dtype.itemsize >> (x.dtype.kind == "c") for x in arrays
                          if x.dtype.kind in "fc"}) > 1  # fmt: skip
        narrow = ("float32", "complex64")
        self.narrow = any(x.dtype.name in narrow for x in arrays) or any(
            dtype in s.source for s in program.statements for dtype in narrow
        )
        self.constants = {k: x.made() for k, x in program.constants.items()}
        if NAME in ("array_api_strict", "cupy"):  # their arrays do not defer to a Tensor everywhere
            self.constants = {k: xg.asarray(x) for k, x in self.constants.items()}
        self.f = program.compiled()(xg, F, **self.constants)
        self.args = [x.made() for x in program.inputs.values()]
        self.smooth = False  # whether finite differences converge
        self.returned: list[tuple[str, Any]] = []
        self.directions = [_random(rng, x) for x in self.values]
        self.reference = Reference()
        self.expected = self.by_reference(self.values, frozen=False)
        self.tied = self.reference.tied
        self.weights = [_random(rng, x) for x in self.expected]
        self.cotangents = [raw(w) for w in self.weights]
        kinds = [x.kind for x in program.inputs.values()]
        self.tangents = [
            float(v) if kind == "number" else raw(v)
            for v, kind in zip(self.directions, kinds, strict=True)
        ]

    def by_reference(
        self, values: Any, frozen: bool = True, wide: Any = None, noise: Any = None
    ) -> list[np.ndarray]:
        """Return the outputs by NumPy, optionally in another precision or at a shifted point."""
        constants = {k: x.numpy() for k, x in self.program.constants.items()}
        wrap = own
        if noise is not None:
            rng = np.random.default_rng(noise[0])
            constants = {k: _moved(x, rng, noise[1]) for k, x in constants.items()}
            values = [_moved(x, rng, noise[1]) for x in values]
            if not self.program.has("write"):  # otherwise a view would become a copy

                def wrap(x: Any) -> Any:
                    """Shift intermediate results, too: some do not depend on the input's noise."""
                    return _moved(x, rng, noise[1]) if isinstance(x := own(x), np.ndarray) else x

        values = [np.array(x) for x in values]
        if wide:
            constants = {k: _widened(x, wide) for k, x in constants.items()}
            values = [_widened(x, wide) for x in values]
        self.reference.begin(frozen)
        make = self.program.compiled("wrap")
        made = make(self.reference, layers_reference, wrap=wrap, **constants)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            outs = [np.array(x) for x in made(*values)]
        if wide is None and noise is None:
            for given, x in zip(self.program.constants.values(), constants.values(), strict=True):
                if not np.array_equal(given.values, x, equal_nan=x.dtype.kind in "fc"):
                    raise ValueError("a constant is written, but programs only write variables")
        return outs

    def handed(self, leaves: list[Any]) -> list[Any]:
        """Return arguments for the program; a leaf must be copied before it may be written."""
        return [x * 1.0 for x in leaves] if self.program.has("writes an input") else leaves

    def jumps(self) -> bool:
        """Whether the value is discontinuous here: equal numbers are compared, or a step function."""
        for seed in range(4):
            near = self.by_reference(self.values, noise=(seed, 1e-6 if self.narrow else 1e-12))
            for x, y in zip(near, self.expected, strict=True):
                if x.shape != y.shape or np.abs(x - y).max(initial=0.0) > 1e-4:
                    return True
        return False

    def returns(self, what: str, arrays: Any) -> list[np.ndarray]:
        """Record returned derivatives for `check_ownership`, and return host copies."""
        self.returned += [(f"{what}[{i}]", x) for i, x in enumerate(arrays)]
        return [np.array(host(x)) for x in arrays]

    def loss(self, *args: Any) -> Any:
        """Return Re⟨weights, outputs⟩ plus squared outputs, so that second derivatives are dense."""
        total: Any = 0.0
        for w, out in zip(self.cotangents, self.f(*args), strict=True):
            total = total + real_product(w, out)
            total = total + 0.5 * real_product(out, out)
        return total

    def reference_loss(self, values: Any, wide: Any) -> Any:
        total: Any = 0.0
        for w, out in zip(self.weights, self.by_reference(values, wide=wide), strict=True):
            total = total + np.sum(np.real(np.conj(w) * out)) + 0.5 * np.sum(np.abs(out) ** 2)
        return total


def _moved(x: np.ndarray, rng: np.random.Generator, scale: float) -> np.ndarray:
    if x.dtype.kind not in "fc":
        return x
    return (x + scale * rng.uniform(-1, 1, x.shape)).astype(x.dtype)


def real_product(a: Any, b: Any) -> Any:
    """Return Re⟨a, b⟩ by functions: not every library's operators defer to a Tensor."""
    return xg.sum(xg.real(xg.multiply(xg.conj(a), b)) if _complex(a) else xg.multiply(a, b))


def _complex(x: Any) -> bool:
    return "complex" in str(x.dtype)


_WIDE: dict[str, Any] = {"double": np.float64, "long": np.longdouble}


def _widened(x: np.ndarray, wide: str) -> np.ndarray:
    if x.dtype.kind not in "fc":
        return x
    return x.astype(np.result_type(_WIDE[wide], x.dtype))


def _random(rng: np.random.Generator, like: np.ndarray) -> np.ndarray:
    out = rng.uniform(0.2, 1.0, like.shape) * rng.choice([-1.0, 1.0], like.shape)
    if like.dtype.kind == "c":
        out = out + 1j * rng.uniform(0.2, 1.0, like.shape) * rng.choice([-1.0, 1.0], like.shape)
    return np.asarray(out).astype(like.dtype)


def _hosts(found: Any) -> list[np.ndarray]:
    return [host(x) for x in found]
