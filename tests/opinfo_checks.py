"""The checks of each sample of PyTorch's OpInfo table, with PyTorch as the oracle.

Value, gradient (a fixed random cotangent), forward mode and second order, xgrad on NumPy arrays.
"""

import contextlib
import dataclasses
import random
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

import xgrad as xg
from tests.opinfo_differences import Difference
from tests.opinfo_entries import Entry, Untranslated

#: Relative and absolute tolerances: float64 on both sides, with different formulas.
RTOL, ATOL = 1e-7, 1e-9
#: Tolerances of results in other dtypes.
PRECISION = {"float16": 1e-3, "float32": 1e-5, "complex64": 1e-5}
#: Keywords for the location of the result, which is the host in both libraries.
LOCATION = ("device", "layout", "requires_grad", "pin_memory", "memory_format")
#: Functions of Hermitian matrices: PyTorch reads one triangle, and its samples are any matrix.
HERMITIAN = (
    "cholesky", "linalg.cholesky", "linalg.eigh", "linalg.eigvalsh", "linalg.pinv.hermitian",
    "linalg.matrix_rank.hermitian",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Failure:
    """A comparison that failed."""

    kind: str
    dtype: str
    sample: str
    message: str

    def __str__(self) -> str:
        message = self.message.replace("\n", " ")
        return f"{self.kind} of {self.dtype} {self.sample}: {message}"[:500]


@contextlib.contextmanager
def same_conditions(library: str = "numpy") -> Iterator[None]:
    """Set NumPy's default dtype, a backend, the same samples every time, no warnings."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - PyTorch's samples draw from it
    random.seed(0)
    try:
        with warnings.catch_warnings(), xg.use_backend(library), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_default_dtype(before)


def unexplained(name: str, table: tuple[Difference, ...], failures: list[Failure]) -> list[str]:
    """Return failures without a row that explains them, and rows without a failure."""
    rows = [row for row in table if name in row.entries.split()]
    used: set[Difference] = set()
    left: list[str] = []
    for failure in failures:
        row = next((row for row in rows if re.search(row.pattern, str(failure))), None)
        left.append(str(failure)) if row is None else used.add(row)
    stale = [row for row in rows if row not in used]
    return left + [f"no longer fails: {row.pattern} ({row.reason})" for row in stale]


# -- one call, in both libraries ---------------------------------------------------------------


def mapped(tree: Any, leaf: Callable[[Any], Any]) -> Any:
    """Apply a function to the leaves of PyTorch's arguments, keeping lists and tuples."""
    if isinstance(tree, list | tuple):
        parts = [mapped(part, leaf) for part in tree]
        return parts if isinstance(tree, list) else tuple(parts)
    if isinstance(tree, dict):
        return {key: mapped(part, leaf) for key, part in tree.items()}
    return leaf(tree)


def leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, list | tuple):
        return [leaf for part in tree for leaf in leaves(part)]
    return [tree]


def as_numpy(x: Any) -> Any:
    """Return a leaf of a sample in the form that xgrad takes."""
    if isinstance(x, torch.Tensor):
        return x.numpy(force=True).copy()
    if isinstance(x, torch.dtype):
        name = str(x).removeprefix("torch.")
        if not hasattr(xg, name):
            raise Untranslated
        return getattr(xg, name)
    if isinstance(x, torch.device | torch.memory_format | torch.Generator | torch.nn.Module):
        raise Untranslated
    return x


def tracked(x: Any) -> bool:
    return isinstance(x, torch.Tensor) and x.requires_grad


def _short(x: Any) -> Any:
    if not isinstance(x, torch.Tensor):
        return x
    shape = str(tuple(x.shape))
    return f"<{shape}>" if x.numel() != 1 else f"<{shape}: {x.item():.4g}>"


class Sample:
    """The arguments of one call."""

    def __init__(
        self, entry: Entry, op: Any, sample: Any, dtype: torch.dtype, library: str = "numpy"
    ) -> None:
        self.entry, self.op, self.library = entry, op, library
        self.dtype = str(dtype).removeprefix("torch.")
        self.args = (sample.input, *sample.args)
        self.keywords = {k: v for k, v in sample.kwargs.items() if k not in LOCATION}
        self.inputs = [x for x in leaves((self.args, self.keywords)) if tracked(x)]

    def __str__(self) -> str:
        args = [str(mapped(a, _short)) for a in self.args]
        return ", ".join(args + [f"{k}={mapped(v, _short)}" for k, v in self.keywords.items()])

    def theirs(self) -> list[Any]:
        """Call PyTorch."""
        args = self.args
        if self.entry.name in HERMITIAN:
            args = (args[0] + args[0].mH, *args[1:])
        return leaves(self._processed(self.op.op(*args, **self.keywords)))

    def ours(self, wrap: Callable[[Any], Any] = lambda x: x) -> list[Any]:
        """Call xgrad; ``wrap`` is applied to the differentiated arrays."""

        def leaf(x: Any) -> Any:
            own = isinstance(x, torch.Tensor) and self.library == "torch"
            value = x.detach().clone() if own else as_numpy(x)
            return wrap(value) if tracked(x) else value

        args = mapped(self.args, leaf)
        if self.entry.name in HERMITIAN:
            args = (xg.add(args[0], xg.conj(xg.matrix_transpose(args[0]))), *args[1:])
        return leaves(self._processed(self.entry.call(*args, **mapped(self.keywords, leaf))))

    def _processed(self, out: Any) -> Any:
        return self.entry.process(out) if self.entry.process else out


def samples(entry: Entry, op: Any, dtype: torch.dtype, library: str = "numpy") -> Iterator[Sample]:
    """Return the samples of an entry whose options xgrad supports."""
    tracked = (dtype.is_floating_point or dtype.is_complex) and op.supports_autograd
    for sample in op.sample_inputs("cpu", dtype, requires_grad=tracked):
        call = Sample(entry, op, sample, dtype, library)
        if entry.fits(call.args, call.keywords):
            yield call


# -- comparisons -------------------------------------------------------------------------------


def different(ours: Any, theirs: Any, rtol: float = RTOL, atol: float = ATOL) -> str | None:
    """Return a description of the difference between two results, or None."""
    a, b = _host(ours), _host(theirs)
    if a.shape != b.shape:
        return f"shape {a.shape} for {b.shape}"
    if a.dtype.kind != b.dtype.kind:
        return f"dtype {a.dtype} for {b.dtype}"
    rtol, atol = (max(t, PRECISION.get(str(a.dtype), 0)) for t in (rtol, atol))
    wrong = a != b if a.dtype == bool else ~np.isclose(a, b, rtol, atol, equal_nan=True)
    if not np.any(wrong):
        return None
    return f"{a[wrong][:3]} for {b[wrong][:3]} in {wrong.sum()} of {a.size}"


def _host(x: Any) -> np.ndarray:
    if isinstance(x, xg.Tensor):
        return np.asarray(x.detach().numpy())
    return x.numpy(force=True) if isinstance(x, torch.Tensor) else np.asarray(x)


def _or_zeros(g: Any, x: Any) -> np.ndarray:
    """Return a gradient, zeros for None."""
    dtype = str(x.dtype).removeprefix("torch.")
    return np.zeros(tuple(x.shape), dtype) if g is None else _host(g)


def _draw(rng: np.random.Generator, x: Any) -> np.ndarray:
    """Draw a cotangent or tangent of the shape and dtype of an array."""
    shape, dtype = tuple(x.shape), str(x.dtype).removeprefix("torch.")
    drawn = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    if "complex" in dtype:
        drawn = drawn + 1j * rng.uniform(0.5, 1.5, shape)
    return np.asarray(drawn.astype(dtype))


def _gradients(outputs: Any, inputs: Any, seeds: Any, create_graph: bool) -> Any:
    """Return gradients by PyTorch or xgrad, depending on the arguments."""
    if isinstance(outputs[0], torch.Tensor):
        grad, seeds = torch.autograd.grad, [torch.from_numpy(s) for s in seeds]
    else:
        grad, seeds = xg.autograd.grad, [xg.asarray(s) for s in seeds]  # where the arrays are
    return grad(
        outputs, inputs, seeds, create_graph=create_graph, retain_graph=True, allow_unused=True
    )


class Comparison:
    """Runs one sample; `failures` yields the comparisons that fail."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self.rng = np.random.default_rng(0)
        self.tensors: list[xg.Tensor] = []

    def failures(self) -> Iterator[Failure]:
        """Yield failures, at most one of each kind."""
        for kind, compare in (
            ("value", self.value),
            ("gradient", self.gradient),
            *((("forward", self.forward),) if self.sample.library == "numpy" else ()),
            ("second order", self.second_order),
        ):
            try:
                message = compare()
            except Untranslated:
                raise
            except Exception as error:  # noqa: BLE001 - every error is reported
                message = f"{type(error).__name__}: {error}"
            if message:
                yield Failure(kind, self.sample.dtype, str(self.sample), message)
                if kind != "forward":
                    return
            if not self.connected:
                return

    def _leaf(self, x: np.ndarray) -> xg.Tensor:
        self.tensors.append(xg.tensor(x, requires_grad=True))
        return self.tensors[-1]

    def value(self) -> str | None:
        theirs = self.sample.theirs()
        self.connected: list[tuple[Any, Any]] = []
        ours = self.sample.ours(self._leaf)
        if len(ours) != len(theirs):
            return f"{len(ours)} outputs for {len(theirs)}"
        for a, b in zip(ours, theirs, strict=True):
            if message := different(a, b):
                return message
        if self.sample.inputs and self.sample.op.supports_autograd:
            pairs = zip(ours, theirs, strict=True)
            self.connected = [(a, b) for a, b in pairs if tracked(b)]
            self.places = [tracked(b) for b in theirs]
        return None

    def gradient(self) -> str | None:
        ours, theirs = ([pair[i] for pair in self.connected] for i in (0, 1))
        self.seeds = [_draw(self.rng, b) for b in theirs]
        twice = self.sample.op.supports_gradgrad
        self.expected = _gradients(theirs, self.sample.inputs, self.seeds, twice)
        if not all(a.requires_grad for a in ours):
            return "the output is not connected"
        self.result = _gradients(ours, self.tensors, self.seeds, twice)
        return self._compared(self.result, self.expected)

    def _compared(self, result: Any, expected: Any, rtol: float = RTOL, atol: float = ATOL) -> Any:
        for a, b, x in zip(result, expected, self.tensors, strict=True):
            if message := different(_or_zeros(a, x), _or_zeros(b, x), rtol, atol):
                return message
        return None

    def forward(self) -> str | None:
        """Check that <cotangent, J tangent> is <Jᴴ cotangent, tangent>, whose gradient is PyTorch's."""
        primals = tuple(x.detach().numpy() for x in self.tensors)
        tangents = tuple(_draw(self.rng, x) for x in primals)

        def run(*arrays: Any) -> Any:
            rest = iter(arrays)
            out = self.sample.ours(lambda x: next(rest))
            return [x for x, tracked in zip(out, self.places, strict=True) if tracked]

        _, result = xg.jvp(run, primals, tangents)
        gradients = [_or_zeros(g, x) for g, x in zip(self.expected, primals, strict=True)]
        expected = sum(_inner(t, g) for t, g in zip(tangents, gradients, strict=True))
        actual = sum(_inner(s, np.asarray(t)) for s, t in zip(self.seeds, result, strict=True))
        size = 1 + sum(
            float(np.sum(np.abs(t * g))) for t, g in zip(tangents, gradients, strict=True)
        )
        if np.isfinite(size) and not abs(actual - expected) <= self._tolerance() * size:
            return f"<c, J t> is {actual} for {expected}"
        return None

    def _tolerance(self) -> float:
        return max(RTOL, *(PRECISION.get(str(a.dtype), 0) for a, _ in self.connected))

    def second_order(self) -> str | None:
        pairs = zip(self.result, self.expected, strict=True)
        kept = [(a, b) for a, b in pairs if b is not None and b.requires_grad]
        if not self.sample.op.supports_gradgrad or not kept:
            return None
        seeds = [_draw(self.rng, b) for _, b in kept]
        try:
            expected = _gradients([b for _, b in kept], self.sample.inputs, seeds, False)
        except RuntimeError as error:
            if re.search("not implemented", str(error)):
                return None  # PyTorch does not implement it for this input
            raise
        pairs = zip(kept, seeds, strict=True)
        ours = [(a, s) for (a, _), s in pairs if a is not None and a.requires_grad]
        result: Any = [None] * len(self.tensors)
        if ours:
            result = _gradients([a for a, _ in ours], self.tensors, [s for _, s in ours], False)
        return self._compared(result, expected, 10 * RTOL, 100 * ATOL)


def _inner(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.real(np.sum(np.conj(a) * b)))


# -- errors ------------------------------------------------------------------------------------


def refusals(entry: Entry, op: Any) -> Iterator[tuple[Sample, BaseException]]:
    """Yield samples that PyTorch rejects for their values or shapes, with its error.

    A ``TypeError`` is about Python types, of which xgrad accepts more.
    """
    for error_input in op.error_inputs("cpu"):
        sample = Sample(entry, op, error_input.sample_input, torch.float64)
        beyond = any(isinstance(x, torch.Tensor) and x.ndim > 64 for x in leaves(sample.args))
        if beyond or not entry.fits(sample.args, sample.keywords):
            continue  # NumPy arrays have at most 64 axes
        try:
            sample.theirs()
        except (IndexError, RuntimeError, ValueError) as error:
            if not isinstance(error, NotImplementedError):
                yield sample, error
        except Exception:  # noqa: BLE001, S110 - see above
            pass


def refusal_failure(sample: Sample, theirs: BaseException) -> Failure | None:
    """Return a failure if xgrad accepts such a sample or its error does not name the function."""
    try:
        sample.ours()
    except Untranslated:
        raise
    except Exception as error:  # noqa: BLE001 - every error is examined
        names = "|".join(re.escape(name) for name in sample.entry.functions)
        if re.search(rf"(^|\W)({names})(\W|$)", str(error)):
            return None
        message = f"unnamed: {type(error).__name__}: {error}"
    else:
        message = f"accepted; PyTorch: {theirs}"
    return Failure("refusal", sample.dtype, str(sample), message)
