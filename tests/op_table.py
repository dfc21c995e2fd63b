"""The op table: at least one row for every public function.

A row says how to call the function, on what samples, by which arguments it can be
differentiated, and what NumPy, PyTorch and JAX call it. `tests.op_checks` derives all
checks from it. The first two samples are the fixed shapes that run on JAX, which compiles
slowly.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

import xgrad as xg

Sample = tuple[Any, ...]


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
    by : tuple of int
        Arguments to differentiate by; empty for a function without gradients.
    complex_samples : list
        Samples of complex numbers, for functions that take them.
    torch, jax : callable or None
        The oracles: ``torch(torch, *arrays)``, ``jax(jax.numpy, *arrays)``.
    label : str
        Tells rows of one function apart.
    vmap : bool
        Whether `vmap` makes sense (creation functions have no examples).
    order : int
        How many derivatives are checked.
    atol : float
        Of second derivatives by finite differences.
    unsupported : dict
        ``{backend: reason}`` for limits of a library underneath: run as strict xfail.
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
    unsupported: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.name}-{self.label}" if self.label else self.name


ROWS: list[Row] = []
_rng = np.random.default_rng(20260101)

SHAPES: list[tuple[int, ...]] = [(2, 3), (3,), (), (0, 3)]
PAIRS = [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 3)), ((0, 3), (1, 3))]


def real(*shape: int) -> np.ndarray:
    return _rng.uniform(-1.5, 1.5, shape)


def positive(*shape: int) -> np.ndarray:
    return _rng.uniform(0.5, 2.0, shape)


def unit(*shape: int) -> np.ndarray:
    return _rng.uniform(0.15, 0.85, shape)


def away_from_zero(*shape: int) -> np.ndarray:
    return _rng.uniform(0.5, 1.5, shape) * _rng.choice([-1.0, 1.0], shape)


def distinct(*shape: int) -> np.ndarray:
    """Numbers far enough apart that no finite difference reorders them."""
    count = int(np.prod(shape))
    return _rng.permutation(np.linspace(-1.3, 1.4, max(count, 1))[:count]).reshape(shape)


def complex_(*shape: int) -> np.ndarray:
    return away_from_zero(*shape) + 1j * away_from_zero(*shape)


def mixed_signs(*shape: int) -> np.ndarray:
    """Numbers beyond ±1.5, of both signs wherever there are two."""
    signs = np.resize([1.0, -1.0], shape)
    return signs * _rng.uniform(1.6, 3.0, shape)


def boolean(*shape: int) -> np.ndarray:
    return _rng.uniform(size=shape) > 0.5


def row(
    name: str,
    call: Callable[..., Any] | None = None,
    samples: list[Sample] | None = None,
    *,
    reference: Callable[..., Any] | None = None,
    by: tuple[int, ...] = (0,),
    complex_samples: list[Sample] | None = None,
    torch: Any = True,
    jax: Any = True,
    **more: Any,
) -> None:
    """Add a row; what is not given is the function of the same name."""

    def by_name(lib: Any, *args: Any) -> Any:
        return getattr(lib, name)(*args)

    call = call or by_name
    ROWS.append(
        Row(
            name,
            call,
            reference or call,
            samples or [],
            by,
            complex_samples or [],
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


# -- elementwise -------------------------------------------------------------------------------

for _name in ("add", "subtract", "multiply"):
    binary(_name, holomorphic=True)
binary("divide", real, away_from_zero, holomorphic=True)
row("add", lambda m, x: x + 2 * x - 1.5 + (1 - x), [(real(2, 3),), (real(3),)], label="scalars")
row(
    "divide",
    lambda m, x: x / 4 + 2 / x,
    [(away_from_zero(2, 3),), (away_from_zero(3),)],
    complex_samples=[(complex_(2, 3),)],
    label="scalars",
)
binary("maximum", real, mixed_signs)
binary("minimum", real, mixed_signs)
row(
    "maximum",
    lambda m, x: m.maximum(x, 0 * x),
    [(away_from_zero(2, 3),), (away_from_zero(3),)],
    label="relu",
)
binary("logaddexp")
binary("pow", positive, real, torch=lambda t, x, y: t.pow(x, y), jax=lambda m, x, y: m.power(x, y))
row(
    "pow",
    lambda m, x, y: x**y,
    [(positive(2, 3), real(3)), (positive(3), real(3))],
    by=(0, 1),
    label="operator",
    complex_samples=[(complex_(2, 3), complex_(3))],
)
for _exponent in (0, 1, 2, 3, -1, 0.5, 2.5, -2):
    row(
        "pow",
        lambda m, x, e=_exponent: x**e,
        [(positive(2, 3),), (positive(3),)],
        label=f"exponent {_exponent}",
        complex_samples=[(complex_(2, 3),)] if _exponent != 0 else [],
    )
row(
    "pow",
    lambda m, x: 2.5**x,
    [(real(2, 3),), (real(3),)],
    label="base",
    complex_samples=[(complex_(2, 3),)],
)
for _name in ("negative", "positive", "square", "exp", "sin", "cos", "tanh"):
    unary(_name, holomorphic=True)
unary("tan", holomorphic=True)
unary("expm1", holomorphic=True, unsupported={})
unary("reciprocal", away_from_zero, holomorphic=True)
unary("sqrt", positive, holomorphic=True)
unary("log", positive, holomorphic=True)
unary("log1p", positive)
unary(
    "sigmoid",
    reference=lambda m, x: 1 / (1 + m.exp(-x)),
    holomorphic=True,
    torch=lambda t, x: t.sigmoid(x),
    jax=lambda m, x: 1 / (1 + m.exp(-x)),
)
unary("abs", away_from_zero, holomorphic=True, jax=None)
unary("sign", away_from_zero, holomorphic=True, torch=lambda t, x: t.sgn(x), jax=None)
for _name in ("conj", "real", "imag"):
    row(
        _name,
        samples=[(real(2, 3),), (real(3),)],
        complex_samples=[(complex_(2, 3),)],
        torch=None,
        jax=None,
    )
row("where", None, [(boolean(*a), real(*a), real(*b)) for a, b in PAIRS], by=(1, 2))
row(
    "where",
    lambda m, x: m.where(x > 0.2, x, 0.5),
    [(distinct(2, 3),), (distinct(3),)],
    label="scalar",
)
row(
    "clip",
    lambda m, x: m.clip(x, -0.7, 0.8),
    [(distinct(2, 3),), (distinct(3),), (real(0, 2),)],
)
row(
    "clip",
    lambda m, x: m.clip(x, None, 0.5) + m.clip(x, -0.4, None),
    [(distinct(2, 3),), (distinct(3),)],
    label="one bound",
    jax=None,
)
row(
    "clip",
    lambda m, x, low, high: m.clip(x, low, high),
    [
        (distinct(2, 3), np.full((2, 3), -0.55), np.full((2, 3), 0.65)),
        (distinct(3), np.full(3, -0.5), np.full(3, 0.5)),
    ],
    by=(0, 1, 2),
    label="arrays",
)
row(
    "stop_gradient",
    samples=[(real(2, 3),), (real(3),)],
    reference=lambda m, x: x,
    by=(),
    torch=None,
    jax=None,
)
for _name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
    row(
        _name,
        samples=[(np.round(real(*a)), np.round(real(*b))) for a, b in PAIRS],
        by=(),
        torch=None,
        jax=None,
    )
for _name in ("logical_and", "logical_or", "logical_xor"):
    row(_name, samples=[(boolean(*a), boolean(*b)) for a, b in PAIRS], by=(), torch=None, jax=None)
row("logical_not", samples=[(boolean(2, 3),), (boolean(3),)], by=(), torch=None, jax=None)
_odd = np.array([[0.0, np.inf, -np.inf], [np.nan, 1.0, -2.0]])
for _name in ("isfinite", "isinf", "isnan"):
    row(_name, samples=[(_odd,), (_odd[0],)], by=(), torch=None, jax=None)

# -- reductions --------------------------------------------------------------------------------

_AXES: list[tuple[str, dict[str, Any]]] = [
    ("all", {}),
    ("axis 0", {"axis": 0}),
    ("axis -1 keepdims", {"axis": -1, "keepdims": True}),
    ("axes", {"axis": (0, 1)}),
    ("keepdims", {"keepdims": True}),
]


def _torch_reduction(name: str, keywords: dict[str, Any]) -> Callable[..., Any]:
    def call(t: Any, x: Any) -> Any:
        axis = keywords.get("axis", tuple(range(x.ndim)))
        return getattr(t, name)(x, dim=axis, keepdim=keywords.get("keepdims", False))

    return call


def reduction(name: str, domain: Callable[..., Any], holomorphic: bool, torch: str | None) -> None:
    for label, keywords in _AXES:
        row(
            name,
            lambda m, x, k=keywords: getattr(m, name)(x, **k),
            [(domain(2, 3),), (domain(4, 3),), (domain(2, 3, 2),)]
            + ([(domain(0, 3),)] if name == "sum" else []),
            complex_samples=[(complex_(2, 3),)] if holomorphic else [],
            torch=_torch_reduction(torch, keywords) if torch else None,
            label=label,
        )


reduction("sum", real, True, "sum")
reduction("mean", real, True, "mean")
reduction("prod", away_from_zero, True, None)
reduction("max", distinct, False, "amax")
reduction("min", distinct, False, "amin")
for _correction in (0, 1):
    for _name in ("var", "std"):
        for _label, _keywords in _AXES:
            row(
                _name,
                lambda m, x, n=_name, k=_keywords, c=_correction: getattr(m, n)(
                    x, correction=c, **k
                ),
                [(real(2, 3),), (real(4, 3),), (real(2, 3, 2),)],
                label=f"{_label} correction {_correction}",
                torch=None,
            )
_WITH_ZEROS = np.array([[1.5, 0.0, 2.0], [0.0, 0.0, 3.0], [1.0, -2.0, 0.5]])
row(
    "prod",
    lambda m, x: m.prod(x, axis=1),
    [(_WITH_ZEROS,), (_WITH_ZEROS[:2],)],
    label="zeros",
    torch=lambda t, x: t.prod(x, dim=1),
    jax=None,
)
for _name in ("argmax", "argmin"):
    for _label, _keywords in [
        ("all", {}),
        ("axis", {"axis": 0}),
        ("keepdims", {"axis": 1, "keepdims": True}),
        ("all keepdims", {"keepdims": True}),
    ]:
        row(
            _name,
            lambda m, x, n=_name, k=_keywords: getattr(m, n)(x, **k),
            [(distinct(2, 3),), (distinct(4, 3),)],
            by=(),
            label=_label,
            torch=None,
            jax=None,
        )
for _name in ("any", "all"):
    for _label, _keywords in _AXES:
        row(
            _name,
            lambda m, x, n=_name, k=_keywords: getattr(m, n)(x, **k),
            [(boolean(2, 3),), (boolean(4, 3),)],
            by=(),
            label=_label,
            torch=None,
            jax=None,
        )

# -- shapes ------------------------------------------------------------------------------------

for _label, _shape in (("flat", (-1,)), ("matrix", (3, 2)), ("deep", (1, 6, 1))):
    row(
        "reshape",
        lambda m, x, s=_shape: m.reshape(x, s),
        [(real(2, 3),), (real(3, 2),)],
        complex_samples=[(complex_(2, 3),)],
        label=_label,
    )
row(
    "permute_dims",
    lambda m, x: m.permute_dims(x, (2, 0, 1)),
    [(real(2, 3, 4),), (real(1, 3, 2),)],
    torch=lambda t, x: t.permute(x, (2, 0, 1)),
)
row("matrix_transpose", None, [(real(2, 3),), (real(2, 3, 4),)], torch=lambda t, x: x.mT)
row("moveaxis", lambda m, x: m.moveaxis(x, 0, -1), [(real(2, 3, 4),), (real(1, 3),)])
row(
    "moveaxis",
    lambda m, x: m.moveaxis(x, (0, 1), (-1, 0)),
    [(real(2, 3, 4),), (real(1, 3),)],
    label="several",
)
row(
    "expand_dims",
    lambda m, x: m.expand_dims(x, axis=1),
    [(real(2, 3),), (real(3),)],
    torch=lambda t, x: t.unsqueeze(x, 1),
)
row(
    "squeeze",
    lambda m, x: m.squeeze(x, axis=1),
    [(real(2, 1, 3),), (real(3, 1),)],
    reference=lambda m, x: m.squeeze(x, 1),
    torch=lambda t, x: t.squeeze(x, 1),
)
row("squeeze", lambda m, x: m.squeeze(x), [(real(2, 1, 3),), (real(1, 1),)], label="all")
row(
    "broadcast_to",
    lambda m, x: m.broadcast_to(x, (4, 2, 3)),
    [(real(2, 3),), (real(3),), (real(2, 1),), (real(),)],
)
for _label, _axis in (("all", None), ("axis", 1), ("axes", (0, -1))):
    row(
        "flip",
        lambda m, x, a=_axis: m.flip(x, axis=a),
        [(real(2, 3),), (real(3, 2),)],
        label=_label,
        torch=None,
    )
row(
    "concat",
    lambda m, x, y: m.concat([x, y, x], axis=1),
    [(real(2, 3), real(2, 1)), (real(1, 2), real(1, 2)), (real(2, 0), real(2, 1))],
    by=(0, 1),
    complex_samples=[(complex_(2, 3), complex_(2, 1))],
)
row(
    "concat",
    lambda m, x, y: m.concat([x, y], axis=None),
    [(real(2, 3), real(3)), (real(3), real(3))],
    by=(0, 1),
    label="flat",
    torch=None,
    jax=lambda m, x, y: m.concatenate([x, y], axis=None),
)
row(
    "stack",
    lambda m, x, y: m.stack([x, y], axis=1),
    [(real(2, 3), real(2, 3)), (real(3), real(3))],
    by=(0, 1),
)
row(
    "stack",
    lambda m, x, y: m.stack([x, y]),
    [(real(2, 3), real(2, 3)), (real(), real())],
    by=(0, 1),
    label="axis 0",
)
row(
    "unstack",
    lambda m, x: sum(i * part * part for i, part in enumerate(m.unstack(x, axis=1), 1)),
    [(real(2, 3),), (real(3, 2),)],
    torch=None,
    jax=None,
)
row(
    "unstack",
    lambda m, x: m.unstack(x)[1] * 2.0,
    [(real(2, 3),), (real(3, 2),)],
    label="one used",
    torch=None,
    jax=None,
)
row(
    "astype",
    lambda m, x: m.astype(x, m.float64) * x,
    [(real(2, 3),), (real(3),)],
    torch=None,
    jax=None,
)

# -- products ----------------------------------------------------------------------------------

for _a, _b in [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((4, 2, 3), (3, 2)),
    ((4, 2, 3), (4, 3, 2)),
    ((2, 3), (4, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 1)),
    ((0, 3), (3, 2)),
    ((3,), (2, 3, 2)),
    ((2, 3, 3), (3,)),
]:
    row(
        "matmul",
        None,
        [(real(*_a), real(*_b)), (real(*_a), real(*_b))],
        by=(0, 1),
        complex_samples=[(complex_(*_a), complex_(*_b))],
        label=f"{_a} {_b}",
    )
row(
    "matmul",
    lambda m, x, y: x @ y,
    [(real(2, 3), real(3, 2)), (real(3, 3), real(3, 3))],
    by=(0, 1),
    label="operator",
    complex_samples=[(complex_(2, 3), real(3, 2))],
    torch=None,
)
row(
    "tensordot",
    None,
    [(real(2, 3, 4), real(3, 4, 2)), (real(2, 2), real(2, 2))],
    by=(0, 1),
    torch=None,
    complex_samples=[(complex_(2, 3, 4), complex_(3, 4, 2))],
)
row(
    "tensordot",
    lambda m, x, y: m.tensordot(x, y, axes=((0, 2), (1, 0))),
    [(real(2, 3, 4), real(4, 2)), (real(1, 2, 3), real(3, 1))],
    by=(0, 1),
    label="axes",
    torch=None,
)
row(
    "tensordot",
    lambda m, x, y: m.tensordot(x, y, axes=0),
    [(real(2), real(3)), (real(3), real(2))],
    by=(0, 1),
    label="outer",
    torch=None,
)

# -- indexing ----------------------------------------------------------------------------------

_IDX = np.array([0, 2, 2, -1])
_IDX2 = np.array([[0, 1], [1, 1]])
row(
    "take",
    lambda m, x, i: m.take(x, i, axis=1),
    [(real(2, 3), _IDX), (real(1, 3), _IDX)],
    torch=None,
    complex_samples=[(complex_(2, 3), _IDX)],
)
row(
    "take",
    lambda m, x, i: m.take(x, i, axis=0),
    [(real(2, 3), _IDX2), (real(3, 3), _IDX2)],
    label="matrix of indices",
    torch=None,
)
_KEYS: dict[str, Any] = {
    "int": 1,
    "negative int": (-1, 2),
    "slice": (slice(None), slice(0, 2)),
    "step": (slice(None, None, 2), slice(2, None, -1)),
    "negative step": slice(None, None, -1),
    "empty": slice(2, 2),
    "none": (None, slice(0, 2), None, 1),
    "ellipsis": (..., 1),
}
for _label, _key in _KEYS.items():
    row(
        "take",
        lambda m, x, k=_key: x[k] * 1.5,
        [(real(3, 4),), (real(2, 3),)],
        label=f"[{_label}]",
        torch=None if "step" in _label else True,
        complex_samples=[(complex_(3, 4),)],
    )
row("take", lambda m, x, i: x[i], [(real(3, 4), _IDX), (real(3, 4, 2), _IDX)], label="[array]")
row(
    "take",
    lambda m, x, i, j: x[i, j],
    [(real(3, 4), _IDX, _IDX), (real(3, 3, 2), _IDX2, _IDX2)],
    label="[array, array]",
)
row(
    "take",
    lambda m, x, i, j: x[i, :, j],
    [(real(3, 2, 4), _IDX, _IDX), (real(3, 1, 3, 2), _IDX, _IDX)],
    label="[array, :, array]",
    vmap=True,
)
row(
    "take",
    lambda m, x, i: x[:, i, None, 1:],
    [(real(2, 3, 4), _IDX), (real(2, 3, 3), _IDX2)],
    label="[:, array, None, slice]",
)
row(
    "take",
    lambda m, x, i: x[0, i],
    [(real(3, 4), _IDX), (real(3, 4, 2), _IDX)],
    label="[int, array]",
)
row(
    "take",
    lambda m, x, i, j: x[i[:, None], j],
    [(real(3, 4), _IDX, _IDX), (real(3, 3), _IDX, _IDX)],
    label="[broadcast arrays]",
    torch=None,
)
row(
    "take",
    lambda m, x, b: x[b],
    [
        (real(2, 3), np.array([[True, False, True], [False, True, True]])),
        (real(3), np.array([True, False, True])),
    ],
    label="[mask]",
    vmap=False,
)

# -- creation: no gradients, no examples -------------------------------------------------------

for _name, _call in {
    "zeros": lambda m: m.zeros((2, 3)),
    "ones": lambda m: m.ones((2, 3)),
    "full": lambda m: m.full((2,), 1.5),
    "arange": lambda m: m.arange(1, 7, 2),
    "linspace": lambda m: m.linspace(0.0, 1.0, 5),
    "eye": lambda m: m.eye(3, 4, k=1),
}.items():
    row(_name, _call, [()], by=(), torch=None, jax=None, vmap=False)
row(
    "empty",
    lambda m: m.empty((2, 3)) * 0,
    [()],
    reference=lambda m: m.zeros((2, 3)),
    by=(),
    torch=None,
    jax=None,
    vmap=False,
)
row(
    "arange",
    lambda m: m.arange(4.0),
    [()],
    by=(),
    torch=None,
    jax=None,
    vmap=False,
    label="one number",
)
row(
    "asarray",
    lambda m: m.asarray([[1.0, 2.0], [3.0, 4.5]]),
    [()],
    by=(),
    torch=None,
    jax=None,
    vmap=False,
)
row(
    "asarray",
    lambda m, x, y: m.asarray([x, y]) if m is xg else m.stack([x, y]),
    [(real(2, 3), real(2, 3)), (real(3), real(3))],
    by=(0, 1),
    torch=None,
    jax=None,
    label="of tensors",
)
row(
    "tensor",
    lambda m: m.tensor([1.0, 2.0]),
    [()],
    reference=lambda m: m.asarray([1.0, 2.0]),
    by=(),
    torch=None,
    jax=None,
    vmap=False,
)
for _name in ("zeros_like", "ones_like"):
    row(_name, None, [(real(2, 3),), (real(3),)], by=(), torch=None, jax=None)
row(
    "empty_like",
    lambda m, x: m.empty_like(x) * 0,
    [(real(2, 3),), (real(3),)],
    by=(),
    reference=lambda m, x: m.zeros_like(x),
    torch=None,
    jax=None,
)
row(
    "full_like",
    lambda m, x: m.full_like(x, 2.5),
    [(real(2, 3),), (real(3),)],
    by=(),
    torch=None,
    jax=None,
)

# -- functions of other modules that are primitives --------------------------------------------

from xgrad.nn import functional as F  # noqa: E402
from xgrad.ops import indexing as _indexing  # noqa: E402
from xgrad.ops import products as _products  # noqa: E402

row(
    "nn.functional.relu",
    lambda m, x: F.relu(x),
    [(away_from_zero(2, 3),), (away_from_zero(3),)],
    reference=lambda m, x: m.maximum(x, 0),
    torch=lambda t, x: t.relu(x),
    jax=None,
)
row(
    "nn.functional.softmax",
    lambda m, x: F.softmax(x, dim=-1),
    [(real(2, 3),), (real(3),)],
    reference=lambda m, x: m.exp(x) / m.exp(x).sum(-1, keepdims=True),
    torch=lambda t, x: t.softmax(x, -1),
    jax=None,
)
row(
    "nn.functional.log_softmax",
    lambda m, x: F.log_softmax(x, axis=0),
    [(real(2, 3),), (real(3),)],
    reference=lambda m, x: x - m.log(m.exp(x).sum(0)),
    torch=lambda t, x: t.log_softmax(x, 0),
    jax=None,
)
row(
    "nn.functional.binary_cross_entropy",
    lambda m, p, t: F.binary_cross_entropy(p, t, reduction="none"),
    [(unit(2, 3), unit(2, 3)), (unit(3), unit(3))],
    by=(0, 1),
    reference=lambda m, p, t: -(t * m.log(p) + (1 - t) * m.log(1 - p)),
    torch=None,
    jax=None,
)
row(
    "matmul_transposed",
    lambda m, x, w: _products.matmul_transposed(x, w),
    [(real(2, 3), real(4, 3)), (real(2, 2, 3), real(4, 3))],
    by=(0, 1),
    reference=lambda m, x, w: x @ w.T,
    complex_samples=[(complex_(2, 3), complex_(4, 3))],
    torch=None,
    jax=None,
)
row(
    "matmul_transposed",
    lambda m, x, w: _products.matmul_transposed(x, w),
    [(real(2, 2, 3), real(2, 4, 3)), (real(2, 3), real(2, 4, 3))],
    by=(0, 1),
    reference=lambda m, x, w: x @ m.swapaxes(w, -1, -2),
    torch=None,
    jax=None,
    label="stacks",
)
row(
    "scatter_basic",
    lambda m, g: _indexing.scatter_basic(g, key=(slice(None, None, -2), 1), shape=(4, 3)),
    [(real(2),), (real(2),)],
    reference=lambda m, g: _scattered(g),
    torch=None,
    jax=None,
)
row(
    "index_add",
    lambda m, g, i: _indexing.index_add(g, i, axis=1, size=4),
    [
        (real(2, 3), np.array([3, 0, 3])),
        (real(1, 3), np.array([1, 1, 1])),
        (real(0, 3), np.array([1, 1, 1])),
        (real(2, 0), np.array([], dtype=np.int64)),
    ],
    reference=lambda m, g, i: _index_added(g, i),
    complex_samples=[(complex_(2, 3), np.array([3, 0, 3]))],
    torch=None,
    jax=None,
)


def _scattered(g: np.ndarray) -> np.ndarray:
    out = np.zeros((4, 3))
    out[::-2, 1] = g
    return out


def _index_added(g: np.ndarray, i: np.ndarray) -> np.ndarray:
    out = np.zeros((g.shape[0], 4), g.dtype)
    np.add.at(out, (slice(None), i), g)
    return out


def _negative_log_likelihood(m: Any, scores: np.ndarray, target: np.ndarray) -> np.ndarray:
    return -np.take_along_axis(scores, target[..., None], -1)[..., 0]


row(
    "nn.functional.nll_loss",
    lambda m, x, t: F.nll_loss(x, t, reduction="none"),
    [(real(4, 3), np.array([0, 2, 1, 0])), (real(2, 3), np.array([2, 1]))],
    reference=_negative_log_likelihood,
    torch=lambda t, x, y: t.nn.functional.nll_loss(x, y, reduction="none"),
    jax=None,
)
row(
    "nn.functional.cross_entropy",
    lambda m, x, t: F.cross_entropy(x, t, reduction="none"),
    [(real(4, 3), np.array([0, 2, 1, 0])), (real(2, 3), np.array([2, 1]))],
    reference=lambda m, x, t: _negative_log_likelihood(
        m, x - np.log(np.exp(x).sum(-1, keepdims=True)), t
    ),
    torch=lambda t, x, y: t.nn.functional.cross_entropy(x, y, reduction="none"),
    jax=None,
)


def _both_outputs(x: Any, t: Any) -> Any:
    from xgrad.nn.losses_functional import _cross_entropy

    losses, log_p = _cross_entropy(x, t, ignore_index=1, mean=False)
    return losses + xg.sum(log_p * log_p, axis=-1)


def _both_by_numpy(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    log_p = x - np.log(np.exp(x).sum(-1, keepdims=True))
    return np.where(t == 1, 0.0, _negative_log_likelihood(np, log_p, t)) + (log_p**2).sum(-1)


row(
    "nn.functional.cross_entropy",
    lambda m, x, t: _both_outputs(x, t),
    [(real(4, 3), np.array([0, 2, 1, 0])), (real(2, 3), np.array([2, 1]))],
    reference=lambda m, x, t: _both_by_numpy(x, t),
    torch=None,
    jax=None,
    label="both outputs, ignore_index",
)
for _shape in ((2, 3), (2, 2, 3)):
    row(
        "nn.functional.linear",
        lambda m, x, w, b: F.linear(x, w, b),
        [(real(*_shape), real(4, 3), real(4)), (real(*_shape), real(4, 3), real(4))],
        by=(0, 1, 2),
        reference=lambda m, x, w, b: x @ w.T + b,
        complex_samples=[(complex_(*_shape), complex_(4, 3), complex_(4))],
        torch=lambda t, x, w, b: t.nn.functional.linear(x, w, b),
        jax=None,
        label=str(_shape),
    )
row(
    "nn.functional.cross_entropy",
    lambda m, x, t: F.cross_entropy(x, t, ignore_index=1),
    [(real(4, 3), np.array([0, 2, 1, 0])), (real(3, 3), np.array([2, 0, 2]))],
    reference=lambda m, x, t: np.mean(
        _negative_log_likelihood(m, x - np.log(np.exp(x).sum(-1, keepdims=True)), t)[t != 1]
    ),
    torch=lambda t, x, y: t.nn.functional.cross_entropy(x, y, ignore_index=1),
    jax=None,
    label="mean",
)
