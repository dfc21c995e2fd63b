"""Random drawing of a function's arguments."""

import dataclasses
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

#: Number of elements of the largest arrays, which take the paths of large arrays.
LARGEST_SIZE = 60_000


class Unfit(Exception):  # noqa: N818 - no error: another function is drawn
    """No variable fits the drawn function."""


@dataclasses.dataclass(frozen=True)
class Operation:
    """A public function and how to draw a call of it: ``make(draw, name)`` returns its source."""

    name: str
    make: Callable[["Draw", str], str]
    flags: frozenset[str]
    weight: float = 1.0


#: By name; several entries with the same name are different ways to call it.
OPERATIONS: list[Operation] = []

Maker = Callable[["Draw", str], str]


def operation(
    *names: str, flags: Iterable[str] = (), weight: float = 1.0
) -> Callable[[Maker], Maker]:
    """Declare how to draw calls of functions.

    Flags: "no vmap" (shapes depend on values), "first order", "write", "no torch",
    "no xgrad second order"...
    """

    def declare(make: Maker) -> Maker:
        OPERATIONS.extend(Operation(n, make, frozenset(flags), weight) for n in names)
        return make

    return declare


class Draw:
    """Draws arguments from the variables of the program under construction."""

    def __init__(self, rng: np.random.Generator, values: dict[str, Any], dtype: np.dtype[Any]):
        self.rng = rng
        self.values = values  # of variables, inputs and constants, computed by NumPy
        self.constants: dict[str, np.ndarray] = {}  # added by this statement
        self.dtype = dtype  # the program's real dtype
        self.first = 0  # index of the next constant
        self.writable: set[str] = set()
        self.tensors: set[str] = set()

    # -- choices -------------------------------------------------------------------------------

    def choice(self, options: Any) -> Any:
        options = list(options)
        if not options:
            raise Unfit
        return options[int(self.rng.integers(len(options)))]

    def chance(self, p: float = 0.5) -> bool:
        return bool(self.rng.uniform() < p)

    def integer(self, low: int, high: int) -> int:
        """Return a number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    # -- variables -----------------------------------------------------------------------------

    def value(self, name: str) -> np.ndarray:
        return self.values[name]

    def names(
        self, kinds: str = "f", ndim: Any = None, fits: Callable[[Any], bool] | None = None
    ) -> list[str]:
        found = []
        for name, x in self.values.items():
            if not isinstance(x, np.ndarray) or x.dtype.kind not in kinds:
                continue
            if isinstance(ndim, int) and x.ndim != ndim:
                continue
            if isinstance(ndim, tuple) and not ndim[0] <= x.ndim <= ndim[1]:
                continue
            if fits is None or fits(x):
                found.append(name)
        return found

    def array(
        self, kinds: str = "f", ndim: Any = None, fits: Callable[[Any], bool] | None = None
    ) -> str:
        """Return a variable; later ones, and those that depend on an input, are more likely."""
        names = self.names(kinds, ndim, fits)
        if not names:
            raise Unfit
        weights = np.array([0.3 if n[0] == "c" else 1.0 + 0.35 * i for i, n in enumerate(names)])
        return names[int(self.rng.choice(len(names), p=weights / weights.sum()))]

    def like(self, name: str, kinds: str = "f") -> str:
        """Return a variable that broadcasts with another one; often a number."""
        shape = self.value(name).shape

        def fits(x: Any) -> bool:
            try:
                return math.prod(np.broadcast_shapes(shape, x.shape)) <= LARGEST_SIZE
            except ValueError:
                return False

        if self.chance(0.2):
            return self.number()
        return self.array(kinds, fits=fits)

    def same(self, name: str, kinds: str = "f") -> str:
        """Return a variable of the same shape."""
        shape = self.value(name).shape
        return self.array(kinds, fits=lambda x: x.shape == shape)

    def constant(self, values: Any) -> str:
        name = f"c{self.first + len(self.constants)}"
        self.constants[name] = np.asarray(values)
        return name

    def real(self, *shape: int) -> str:
        """Return a new constant of real numbers."""
        return self.constant(self.rng.uniform(-1.5, 1.5, shape).astype(self.dtype))

    def number(self) -> str:
        return self.choice(["2", "0.5", "-1.5", "3.0", "-2", "6.0", "0.25", "1.25"])

    # -- domains -------------------------------------------------------------------------------

    def within(self, low: float, high: float, x: str | None = None, kinds: str = "f") -> str:
        """Return an expression with values in an open interval: a variable, or a mapped one."""
        inside = lambda v: v.size and (v > low).all() and (v < high).all()  # noqa: E731
        if x is None:
            names = self.names(kinds, fits=inside)
            if names and self.chance(0.6):
                return self.choice(names)
            x = self.array(kinds)
        elif inside(self.value(x)):
            return x
        if np.isinf(high):
            if low <= 0:
                return self.choice(
                    [f"(xg.abs({x}) + 0.5)", f"({x} * {x} + 0.25)", f"(xg.exp({x} * 0.5) + 0.1)"]
                )
            return f"({x} * {x} + {low + 0.25})"
        middle, width = (low + high) / 2, (high - low) / 2
        return f"({middle} + {0.85 * width:.4g} * xg.{self.choice(['tanh', 'sin'])}({x}))"

    def away_from_zero(self, x: str | None = None, kinds: str = "f") -> str:
        """Return an expression with absolute values of at least 0.2."""
        far = lambda v: bool((np.abs(v) > 0.2).all())  # noqa: E731
        if x is None:
            names = self.names(kinds, fits=far)
            if names and self.chance(0.7):
                return self.choice(names)
            x = self.array(kinds)
        if far(self.value(x)):
            return x
        return f"({x} * {x} + 0.5)" if self.value(x).dtype.kind == "f" else f"(xg.abs({x}) + 0.5)"

    # -- axes, shapes, keys --------------------------------------------------------------------

    def axis(self, x: str) -> int:
        ndim = self.value(x).ndim
        if not ndim:
            raise Unfit
        return self.integer(-ndim, ndim - 1)

    def axes(self, x: str, none: bool = True) -> str:
        """Return an axis, several axes, or None."""
        ndim = self.value(x).ndim
        if not ndim or (none and self.chance(0.3)):
            return "None"
        if self.chance(0.6):
            return str(self.axis(x))
        count = self.integer(1, ndim)
        chosen = self.rng.permutation(ndim)[:count]
        return repr(tuple(int(a) - (ndim if self.chance(0.3) else 0) for a in chosen))

    def reduction(self, x: str, none: bool = True) -> str:
        """Return the keywords of a reduction."""
        keep = f", keepdims={self.chance()}" if self.chance(0.5) else ""
        return f"axis={self.axes(x, none)}{keep}"

    def permutation(self, n: int) -> tuple[int, ...]:
        return tuple(int(i) for i in self.rng.permutation(n))

    def shape_of_size(self, size: int) -> tuple[int, ...]:
        """Return a random shape with this many elements."""
        if size == 0:
            return self.choice([(0,), (0, 2), (3, 0)])
        shape: list[int] = []
        rest = size
        while rest > 1 and len(shape) < 3:
            factor = self.choice([d for d in range(1, rest + 1) if rest % d == 0][:8])
            shape.append(factor)
            rest //= factor
        shape.append(rest)
        return tuple(shape[i] for i in self.permutation(len(shape)))

    def basic_part(self, size: int) -> str:
        """Return an integer or a slice for one axis."""
        if size and self.chance(0.3):
            return str(self.integer(-size, size - 1))
        start, stop = (self.choice(["", *map(str, range(-size, size + 1))]) for _ in range(2))
        step = self.choice(["", "", "2", "-1", "-2"])
        return f"{start}:{stop}" + (f":{step}" if step else "")

    def basic_key(self, x: str) -> str:
        shape = self.value(x).shape
        count = self.integer(0, len(shape)) if self.chance(0.7) else min(1, len(shape))
        parts = [self.basic_part(n) for n in shape[:count]]
        if self.chance(0.2):
            parts.insert(self.integer(0, len(parts)), "None")
        if self.chance(0.25) and len(parts) < len(shape):
            if self.chance() and shape:
                return ", ".join(["...", *([self.basic_part(shape[-1])] if self.chance() else [])])
            parts.append("...")
        return ", ".join(parts) or "..."

    def indices(self, size: int, *shape: int) -> str:
        """Return a constant of indices into an axis of a size."""
        if not size:
            raise Unfit
        low = -size if self.chance(0.4) else 0
        return self.constant(self.rng.integers(low, size, shape))

    def advanced_key(self, x: str) -> tuple[str, bool]:
        """Return a key with integer arrays or a mask, and whether its shape depends on values."""
        shape = self.value(x).shape
        if not shape or 0 in shape:
            raise Unfit
        kind = self.choice(["array", "array", "arrays", "mask", "axis mask", "mixed", "int array"])
        n = self.integer(1, 4)
        if kind == "array":
            dims = self.choice([(n,), (2, n), ()])
            return self.indices(shape[0], *dims), False
        if kind == "arrays" and len(shape) > 1:
            dims = self.choice([((n,), (n,)), ((n, 1), (n,)), ((n,), ())])
            return ", ".join(
                self.indices(s, *d) for s, d in zip(shape[:2], dims, strict=True)
            ), False
        if kind == "mask":
            return self.constant(self.rng.uniform(size=shape) > 0.5), True
        if kind == "axis mask":
            axis = self.integer(0, len(shape) - 1)
            mask = self.constant(self.rng.uniform(size=shape[axis]) > 0.5)
            return ":, " * axis + mask, True
        if kind == "int array" and len(shape) > 1:
            return f"{self.integer(-shape[0], shape[0] - 1)}, {self.indices(shape[1], n)}", False
        if len(shape) > 2 and self.chance():
            return f"{self.indices(shape[0], n)}, :, {self.indices(shape[2], n)}", False
        if len(shape) > 1:
            parts = [self.basic_part(shape[0]), self.indices(shape[1], n)]
            if self.chance():
                parts = [self.indices(shape[0], n), self.basic_part(shape[1])]
            if self.chance(0.2):
                parts.insert(1, "None")
            return ", ".join(parts), False
        return self.indices(shape[0], n), False
