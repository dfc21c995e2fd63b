"""The rows of the op table, and how to add one.

A row defines how to call the function, on which samples, for which arguments it is
differentiable, and its names in NumPy, PyTorch and JAX. `tests.op_checks` derives all
checks from it. The first two samples are the fixed shapes that run on JAX, which compiles
slowly.

The numbers of a sample are named (``real(2, 3)``) and drawn when the row is added, by a
generator that the row's name seeds: a new row does not change the samples of others.
"""

import dataclasses
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Sample = tuple[Any, ...]
#: Numbers that are drawn later.
Draw = Callable[[np.random.Generator], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Row:
    """One function with one choice of parameters.

    Attributes
    ----------
    name : str
        The public function.
    call : callable
        ``call(xg, *arrays)``.
    reference : callable
        ``reference(np, *arrays)``: the value by NumPy.
    samples : list of tuples of NumPy arrays
        `row` takes tuples of arrays and of the results of `real` and similar functions.
    by : tuple of int
        The differentiable arguments; empty for a function without gradients.
    complex_samples : list
        Samples of complex numbers, for functions that take them.
    torch, jax : callable or None
        The oracles: ``torch(torch, *arrays)``, ``jax(jax.numpy, *arrays)``.
    label : str
        Distinguishes rows of the same function.
    vmap : bool
        Whether `vmap` applies (creation functions have no examples).
    order : int
        The number of derivatives to check.
    atol : float
        The tolerance of second derivatives by finite differences.
    refuses : tuple of int
        Arguments whose derivative is unknown and raises.
    dask : str
        What dask supports: "v" the value, "r" the derivative. It raises for operations that need
        the whole array at once.
    unsupported : dict
        ``{backend: reason}`` for limits of the library: run as strict xfail.
    """

    name: str
    call: Callable[..., Any]
    reference: Callable[..., Any]
    samples: list[Sample]
    by: tuple[int, ...]
    complex_samples: list[Sample]
    torch: Callable[..., Any] | None
    jax: Callable[..., Any] | None
    label: str = ""
    vmap: bool = True
    order: int = 2
    atol: float = 2e-6
    refuses: tuple[int, ...] = ()
    dask: str = "vr"
    unsupported: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def variation(self) -> bool:
        """Whether an earlier row calls the same function, with other parameters."""
        return next(r for r in ROWS if r.name == self.name) is not self

    @property
    def id(self) -> str:
        return f"{self.name}-{self.label}" if self.label else self.name


ROWS: list[Row] = []

SHAPES: list[tuple[int, ...]] = [(2, 3), (3,), (), (0, 3)]
PAIRS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 3)), ((0, 3), (1, 3))]


def real(*shape: int) -> Draw:
    return lambda rng: rng.uniform(-1.5, 1.5, shape)


def rounded(*shape: int) -> Draw:
    """Return -1, 0 or 1, so that some are equal."""
    return lambda rng: np.round(rng.uniform(-1.5, 1.5, shape))


def positive(*shape: int) -> Draw:
    return lambda rng: rng.uniform(0.5, 2.0, shape)


def unit(*shape: int) -> Draw:
    return lambda rng: rng.uniform(0.15, 0.85, shape)


def away_from_zero(*shape: int) -> Draw:
    return lambda rng: rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)


def distinct(*shape: int) -> Draw:
    """Return numbers so far apart that no finite difference reorders them."""
    numbers = np.linspace(-1.3, 1.4, max(int(np.prod(shape)), 1))[: int(np.prod(shape))]
    return lambda rng: rng.permutation(numbers).reshape(shape)


def complex_(*shape: int) -> Draw:
    part = away_from_zero(*shape)
    return lambda rng: part(rng) + 1j * part(rng)


def mixed_signs(*shape: int) -> Draw:
    """Return numbers beyond ±1.5, with both signs if there are two or more."""
    return lambda rng: np.resize([1.0, -1.0], shape) * rng.uniform(1.6, 3.0, shape)


def boolean(*shape: int) -> Draw:
    return lambda rng: rng.uniform(size=shape) > 0.5


def row(
    name: str,
    call: Callable[..., Any] | None = None,
    samples: Sequence[Sample] = (),
    *,
    reference: Callable[..., Any] | None = None,
    by: tuple[int, ...] = (0,),
    complex_samples: Sequence[Sample] = (),
    torch: Any = True,
    jax: Any = True,
    **more: Any,
) -> None:
    """Add a row; missing fields default to the function of the same name."""

    def by_name(lib: Any, *args: Any) -> Any:
        return getattr(lib, name)(*args)

    def drawn(named: Sequence[Sample]) -> list[Sample]:
        return [tuple(x(rng) if callable(x) else x for x in sample) for sample in named]

    call = call or by_name
    rng = np.random.default_rng(zlib.crc32(f"{name}-{more.get('label', '')}".encode()))
    ROWS.append(
        Row(
            name,
            call,
            reference or call,
            drawn(samples),
            by,
            drawn(complex_samples),
            (call if torch is True else torch) or None,
            (call if jax is True else jax) or None,
            **more,
        )
    )


def unary(
    name: str, domain: Callable[..., Any] = real, holomorphic: bool = False, **more: Any
) -> None:
    samples = [(domain(*shape),) for shape in SHAPES]
    complex_samples = [(complex_(2, 3),)] if holomorphic else []
    row(name, samples=samples, complex_samples=complex_samples, **more)


def binary(
    name: str,
    x: Callable[..., Any] = real,
    y: Callable[..., Any] = real,
    holomorphic: bool = False,
    **more: Any,
) -> None:
    samples = [(x(*a), y(*b)) for a, b in PAIRS]
    complex_samples = [(complex_(2, 3), complex_(3)), (complex_(3), away_from_zero(3))]
    more.setdefault("by", (0, 1))
    row(name, samples=samples, complex_samples=complex_samples if holomorphic else [], **more)
