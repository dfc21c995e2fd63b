"""Draws a program, one statement at a time, evaluating it with NumPy.

A statement is dropped if its value is not finite or too large, or if NumPy raises. So every
program is well defined, and the values are known when the next statement is drawn.
"""

import math
import warnings
from typing import Any

import numpy as np

from tests.fuzz import (  # noqa: F401 - the modules declare their functions on import
    arrays,
    elementwise,
    layers,
    layers_reference,
    memory,
    methods,
    numbers,
    products,
    rearranged,
    reductions,
    special,
    structured,
    ufuncs,
    writes,
)
from tests.fuzz.by_row import draw_others
from tests.fuzz.drawing import LARGEST_SIZE, OPERATIONS, Draw, Operation, Unfit
from tests.fuzz.program import Program, Statement, written
from tests.fuzz.reference import Reference, own

draw_others()

LARGEST = 200.0
ELEMENTS = 400
TOGETHER = 1_000_000  # limit for the number of elements after broadcasting
_DTYPES = ("float64", "float64", "float64", "float64", "float32")


def _shape(rng: np.random.Generator, large: bool) -> tuple[int, ...]:
    if large:
        return [(40_000,), (200, 190), (33_000, 1), (3, 12_000)][int(rng.integers(4))]
    shapes = [(), (1,), (2,), (3,), (4,), (2, 3), (3, 3), (3, 1), (1, 3), (2, 2), (4, 3),
              (2, 2, 3), (2, 1, 3), (1, 1), (3, 2), (1, 2, 4), (0,), (0, 3)]  # fmt: skip
    weights = np.array([2, 1, 1, 3, 1, 4, 3, 2, 2, 2, 1, 2, 1, 1, 2, 2, 0.3, 0.3])
    return shapes[int(rng.choice(len(shapes), p=weights / weights.sum()))]


def _values(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    x = rng.uniform(-1.5, 1.5, shape)
    if dtype.kind == "c":
        x = x + 1j * rng.uniform(-1.5, 1.5, shape)
    return np.asarray(np.asarray(x).astype(dtype))


def _array(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> memory.Array:
    x = _values(rng, shape, dtype)
    kind = memory.KINDS[int(rng.integers(len(memory.KINDS)))] if rng.uniform() < 0.6 else "owned"
    if kind == "broadcast" and x.ndim and x.shape[0] > 1:
        x = np.broadcast_to(x[:1], x.shape).copy()
    return memory.Array(x, kind if memory.possible(x, kind) else "owned")


class Maker:
    """A program under construction."""

    def __init__(self, rng: np.random.Generator, large: bool = False) -> None:
        self.rng, self.large = rng, large
        self.dtype = np.dtype(_DTYPES[int(rng.integers(len(_DTYPES)))])
        shapes = [_shape(rng, large and not k) for k in range(int(rng.integers(1, 4)))]
        complex_ = np.result_type(self.dtype, np.complex64)
        other = np.dtype("float32" if self.dtype == np.float64 else "float64")
        real = [other if rng.uniform() < 0.04 else self.dtype for _ in shapes]
        dtypes = [complex_ if rng.uniform() < 0.2 else t for t in real]
        self.inputs = {
            f"x{i}": _array(rng, s, t) for i, (s, t) in enumerate(zip(shapes, dtypes, strict=True))
        }
        self.constants: dict[str, memory.Array] = {}
        self.statements: list[Statement] = []
        self.reference = Reference()
        self.values: dict[str, Any] = {k: x.numpy() for k, x in self.inputs.items()}
        self.tensors = set(self.inputs)  # variables that are Tensors in xgrad, not raw arrays
        self.count = 0
        self.writes_inputs = rng.uniform() < 0.1
        if self.writes_inputs:
            self.inputs = {k: memory.Array(x.values, "owned") for k, x in self.inputs.items()}
            self.values = {k: x.numpy() for k, x in self.inputs.items()}
        if rng.uniform() < 0.7:
            shape = _shape(rng, False)
            self._add_constants({f"c{len(self.constants)}": _values(rng, shape, self.dtype)})
        if rng.uniform() < 0.2:
            whole = rng.integers(-3, 4, _shape(rng, False))
            self._add_constants({f"c{len(self.constants)}": np.asarray(whole)})

    def _add_constants(self, found: dict[str, np.ndarray]) -> None:
        for name, x in found.items():
            kind = memory.KINDS[int(self.rng.integers(len(memory.KINDS)))]
            kind = kind if memory.possible(x, kind) and kind != "number" else "owned"
            self.constants[name] = memory.Array(x, kind)
            self.values[name] = self.constants[name].numpy()

    def _writable(self) -> set[str]:
        # A variable that is a raw array in xgrad too is not written through a Tensor view of it.
        outside = [x for n, x in self.values.items() if n not in self.tensors]
        if not self.writes_inputs:
            outside += [self.values[n] for n in self.inputs]
        return {
            n
            for n, x in self.values.items()
            if n[0] in ("vx" if self.writes_inputs else "v")
            and n in self.tensors
            and isinstance(x, np.ndarray)
            and x.size  # NumPy does not track the base of an empty view
            and x.flags.writeable
            and (x.ndim or x.base is not None)  # numbers are not written in place
            and not any(np.may_share_memory(x, y) for y in outside)
        }

    def _reaches_inputs(self, name: str) -> bool:
        x = self.values[name]
        return any(np.may_share_memory(x, self.values[n]) for n in self.inputs)

    def add(self, op: Operation) -> bool:
        """Draw a statement with an operation; return whether it is valid and was added."""
        visible = {n: x for n, x in self.values.items() if isinstance(x, np.ndarray)}
        draw = Draw(self.rng, visible, self.dtype)
        draw.first = len(self.constants)
        draw.tensors = self.tensors
        if "write" in op.flags:
            draw.writable = self._writable()
        try:
            source = op.make(draw, op.name)
        except Unfit:
            return False
        target = None if "write" in op.flags else f"v{self.count}"
        flags = op.flags
        if target is None and self._reaches_inputs(written(source)):
            flags |= {"writes an input"}
        statement = Statement(target, source, (op.name,), flags)
        space = {"xg": self.reference, "F": layers_reference, "np": np, **self.values}
        space |= draw.constants
        operands = [space[n] for n in statement.names() if isinstance(space.get(n), np.ndarray)]
        if _size_together(operands) > TOGETHER:
            return False
        before = {n: x.copy() for n, x in self.values.items()} if target is None else {}
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                exec(statement.line, space)  # noqa: S102 - our own text
        except Exception:  # noqa: BLE001 - what NumPy does not take is not a program
            return False
        if target is None:
            if not all(_sound(x) for n, x in self.values.items() if n[0] in "vx"):
                for n, x in before.items():
                    if n[0] in "vx" and self.values[n].flags.writeable:
                        self.values[n][...] = x
                return False
        else:
            out = own(space[target])
            if not isinstance(out, np.ndarray) or not _sound(out, self.large):
                return False
            self.values[target] = out
            self.count += 1
            if source.startswith(("xg.", "F.")) or statement.names() & self.tensors:
                self.tensors.add(target)
        self._add_constants(draw.constants)
        self.statements.append(statement)
        return True

    def outputs(self) -> tuple[str, ...]:
        names = [
            n for n, x in self.values.items() if n[0] == "v" and x.dtype.kind in "fc" and x.size
        ]
        chosen = names[-1:]
        for name in names[:-1]:
            if self.rng.uniform() < 0.35:
                chosen.append(name)
        return tuple(chosen)


def _size_together(operands: list[np.ndarray]) -> int:
    """Return the broadcast size of the operands: a column and a row of 33,000 take 8 GB."""
    try:
        return math.prod(np.broadcast_shapes(*(x.shape for x in operands)))
    except ValueError:
        return 0


def _sound(x: np.ndarray, large: bool = False) -> bool:
    if x.size > (LARGEST_SIZE if large else ELEMENTS):
        return False
    if x.dtype.kind in "fc" and x.size:
        return bool(np.isfinite(x).all() and np.abs(x).max() < LARGEST)
    return True


_WEIGHTS = np.array([op.weight for op in OPERATIONS])
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
#: The statements of a fifth of the programs: views and writes that interact.
_MEETING = {
    *("write", "take", "reshape", "permute_dims", "matrix_transpose", "moveaxis", "swapaxes"),
    *("expand_dims", "squeeze", "flip", "real", "imag", "unstack", "method", "broadcast_to"),
    *("add", "multiply", "sin", "sum", "concat"),
}
_MEETING_WEIGHTS = np.array([op.weight if op.name in _MEETING else 0.0 for op in OPERATIONS])
_MEETING_WEIGHTS = _MEETING_WEIGHTS / _MEETING_WEIGHTS.sum()


def generate(seed: tuple[int, ...], length: int = 10) -> Program | None:
    """Draw the program of a seed; None if it is empty."""
    rng = np.random.default_rng(seed)
    large = rng.uniform() < 0.01
    thresholds = "tiny" if rng.uniform() < 0.3 else "usual"
    weights = _MEETING_WEIGHTS if rng.uniform() < 0.2 else _WEIGHTS
    maker = Maker(rng, large)
    wanted = int(rng.integers(1, length + 1))
    for _ in range(6 * wanted):
        if len(maker.statements) >= wanted:
            break
        maker.add(OPERATIONS[int(rng.choice(len(OPERATIONS), p=weights))])
    outputs = maker.outputs()
    if not outputs:
        return None
    program = Program(maker.inputs, maker.constants, tuple(maker.statements), outputs, thresholds)
    program = program.without_dead_code()
    return program if program.inputs else None
