"""Rows of the op table: linear algebra and Fourier transforms."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg

import xgrad as xg
from tests.op_rows import Draw, away_from_zero, complex_, real, row


def _regular(*shape: int, shift: float = 0.0) -> Draw:
    """Return square matrices far from singular, with distinct eigenvalues and singular values."""
    diagonal = np.diag(np.arange(1.0, shape[-1] + 1) + shift)
    return lambda rng: 0.4 * real(*shape)(rng) + diagonal


def _regular_complex(*shape: int) -> Draw:
    return lambda rng: _regular(*shape)(rng) + 0.3j * real(*shape)(rng)


def _transposed(m: Any, x: Any) -> Any:
    flipped = m.swapaxes(x, -1, -2)
    return m.conj(flipped) if np.dtype(str(x.dtype).rpartition(".")[2]).kind == "c" else flipped


def _hermitian(m: Any, x: Any) -> Any:
    return (x + _transposed(m, x)) * 0.5


def _positive(m: Any, x: Any) -> Any:
    return m.matmul(x, _transposed(m, x))


#: One matrix, and a stack of them.
SQUARE = [(_regular(3, 3),), (_regular(2, 2, 2),)]
SQUARE_COMPLEX = [(_regular_complex(2, 2),)]
TALL = [(real(4, 2),), (real(2, 3, 2),)]
WIDE = [(real(2, 4),), (real(2, 2, 3),)]


def _linalg(name: str, call: Any = None, samples: Any = None, **more: Any) -> None:
    row(
        f"linalg.{name}",
        call or (lambda m, *xs: getattr(m.linalg, name)(*xs)),
        samples or SQUARE,
        **{"complex_samples": SQUARE_COMPLEX if samples is None else [], "dask": "", **more},
    )


# -- factors -----------------------------------------------------------------------------------

for _upper in (False, True):
    _linalg(
        "cholesky",
        lambda m, x, u=_upper: m.linalg.cholesky(_positive(m, x), upper=u),
        label="upper" if _upper else "lower",
        jax=None if _upper else (lambda m, x: m.linalg.cholesky(_positive(m, x))),
        torch=lambda t, x, u=_upper: t.linalg.cholesky(_positive(t, x), upper=u),
    )
for _label, _samples in (("square", SQUARE), ("tall", TALL), ("wide", WIDE)):
    for _part in (0, 1):
        _linalg(
            "qr",
            lambda m, x, i=_part: m.linalg.qr(x)[i],
            _samples,
            complex_samples=SQUARE_COMPLEX if _label == "square" else [],
            label=f"{_label} {'QR'[_part]}",
        )
_linalg(
    "qr",
    lambda m, x: m.linalg.qr(x, mode="complete")[1],
    TALL,
    label="complete R",
    torch=None,
    jax=None,
)
_linalg(
    "qr",
    lambda m, x: abs(m.linalg.qr(x, mode="complete")[0][..., :2]),
    TALL,
    label="complete Q",
    torch=None,
    jax=None,
)
for _label, _samples in (("square", SQUARE), ("tall", TALL), ("wide", WIDE)):
    _more = {"complex_samples": SQUARE_COMPLEX if _label == "square" else []}
    _linalg("svdvals", None, _samples, label=_label, jax=None,
            reference=lambda m, x: m.linalg.svd(x)[1], **_more)  # fmt: skip
    _linalg("svd", lambda m, x: m.linalg.svd(x)[1], _samples, label=f"{_label} S", **_more,
            **({} if _label == "square" else {"jax": None}))  # fmt: skip
    # Results that do not depend on the signs of the vectors.
    _linalg("svd", lambda m, x: abs(m.linalg.svd(x, full_matrices=False)[0]), _samples,
            label=f"{_label} U", **_more)  # fmt: skip
    _linalg("svd", lambda m, x: abs(m.linalg.svd(x, full_matrices=False)[2]), _samples,
            label=f"{_label} Vh", **_more)  # fmt: skip
    _linalg("pinv", None, _samples, label=_label, **_more)
_linalg(
    "svd",
    lambda m, x: abs(m.linalg.svd(x)[0][..., :2]),
    TALL,
    label="full U",
    torch=None,
    jax=None,
)
_linalg(
    "svd",
    lambda m, x: abs(m.linalg.svd(x)[2][..., :2, :]),
    WIDE,
    label="full Vh",
    torch=None,
    jax=None,
)
_linalg(
    "eigh",
    lambda m, x: m.linalg.eigh(_hermitian(m, x))[0],
    label="values",
)
_linalg("eigh", lambda m, x: abs(m.linalg.eigh(_hermitian(m, x))[1]), label="vectors")
_linalg("eigvalsh", lambda m, x: m.linalg.eigvalsh(_hermitian(m, x)))


def _sorted_exponentials(m: Any, values: Any) -> Any:
    return m.sum(m.exp(values), axis=-1)


def _weighted_by_vectors(m: Any, x: Any) -> Any:
    values, vectors = m.linalg.eig(x)
    return m.sum(values * abs(vectors[..., 0, :]) ** 2, axis=-1)


_linalg(
    "eigvals",
    lambda m, x: _sorted_exponentials(m, m.linalg.eigvals(x)),
    reference=lambda m, x: _sorted_exponentials(m, m.linalg.eigvals(x)) + 0j,
    jax=None,
)
_linalg(
    "eig",
    lambda m, x: _weighted_by_vectors(m, x),
    reference=lambda m, x: _weighted_by_vectors(m, x) + 0j,
    torch=None,
    jax=None,
)

# -- systems -----------------------------------------------------------------------------------

_linalg("inv")
_linalg("det")
_linalg("slogdet", lambda m, x: m.linalg.slogdet(x)[1], label="logarithm")
_linalg(
    "slogdet",
    lambda m, x: m.linalg.slogdet(x)[0],
    label="sign",
    samples=SQUARE[:1],
    complex_samples=SQUARE_COMPLEX,
    jax=None,
    torch=None,
)
for _label, _b in (("vector", (3,)), ("matrix", (3, 2)), ("stack", (2, 3, 1))):
    row(
        "linalg.solve",
        lambda m, a, b: m.linalg.solve(a, b),
        [(_regular(3, 3), real(*_b)), (_regular(3, 3), real(*_b))],
        by=(0, 1),
        complex_samples=[(_regular_complex(3, 3), complex_(*_b))],
        label=_label,
        jax=True if _label == "vector" else None,
        dask="",
    )
for _upper in (False, True):
    for _unit in (False, True):

        def _by_solve(m: Any, a: Any, b: Any, u: bool = _upper, unit: bool = _unit) -> Any:
            a = np.triu(a) if u else np.tril(a)
            if unit:
                a = a - np.diag(np.diag(a)) + np.eye(3)
            return np.linalg.solve(a, b)

        row(
            "linalg.solve_triangular",
            lambda m, a, b, u=_upper, unit=_unit: m.linalg.solve_triangular(
                a, b, upper=u, unit_diagonal=unit
            ),
            [(_regular(3, 3), real(3, 2)), (_regular(3, 3), real(2, 3, 1))],
            reference=_by_solve,
            by=(0, 1),
            complex_samples=[(_regular_complex(3, 3), complex_(3, 2))],
            label=f"{'upper' if _upper else 'lower'}{' unit' if _unit else ''}",
            torch=None,
            jax=None,
            dask="",
        )
row(
    "linalg.solve_triangular",
    lambda m, a, b: m.linalg.solve_triangular(a, b, lower=True),
    [(_regular(3, 3), real(3)), (_regular(3, 3), real(3))],
    reference=lambda m, a, b: m.linalg.solve(m.tril(a), b),
    by=(0, 1),
    label="vector",
    torch=None,
    jax=None,
    dask="",
)
for _label, _shapes in (("tall", ((4, 2), (4, 3))), ("wide", ((2, 4), (2,)))):
    row(
        "linalg.lstsq",
        lambda m, a, b: m.linalg.lstsq(a, b)[0],
        [(real(*_shapes[0]), real(*_shapes[1])), (real(*_shapes[0]), real(*_shapes[1]))],
        by=(0, 1),
        label=_label,
        torch=None,
        jax=None,
        dask="",
    )
for _power in (-2, -1, 0, 1, 3):
    _linalg(
        "matrix_power",
        lambda m, x, n=_power: m.linalg.matrix_power(x, n) * x,
        label=str(_power),
        dask="vr" if _power >= 0 else "",
        jax=None,
    )
_linalg(
    "expm",
    None,
    reference=lambda m, x: __import__("scipy.linalg").linalg.expm(x),
    torch=lambda t, x: t.linalg.matrix_exp(x),
    jax=lambda m, x: __import__("jax").scipy.linalg.expm(x),
)


def _by_eigenvalues(f: Any) -> Any:
    """Return the function of matrices with distinct eigenvalues, with NumPy."""

    def reference(m: Any, x: Any) -> Any:
        w, v = np.linalg.eig(x)
        out = (v * f(w + 0j)[..., None, :]) @ np.linalg.inv(v)
        return out if x.dtype.kind == "c" else out.real

    return reference


#: Eigenvalues away from the negative axis, where roots and logarithms are discontinuous; and a
#: positive definite matrix, which uses its eigenvalues.
_PRINCIPAL = [(_regular(3, 3, shift=2.0),), (_regular(2, 2, 2, shift=2.0),)]
_DEFINITE = [(np.asarray([[2.0, 0.3], [0.3, 2.0]]),)]
_FUNCTIONS: dict[str, Any] = {
    "sqrtm": (lambda m, x: m.linalg.sqrtm(x), np.sqrt),
    "logm": (lambda m, x: m.linalg.logm(x), np.log),
    "fractional_matrix_power": (
        lambda m, x: m.linalg.fractional_matrix_power(x, -1.3),
        lambda w: w**-1.3,
    ),
    "funm": (lambda m, x: m.linalg.funm(x, xg.sin), np.sin),
}
for _name, (_call, _scalar) in _FUNCTIONS.items():
    _linalg(_name, _call, _PRINCIPAL, reference=_by_eigenvalues(_scalar), torch=None, jax=None,
            complex_samples=SQUARE_COMPLEX)  # fmt: skip
    _linalg(_name, _call, _DEFINITE * 2, reference=_by_eigenvalues(_scalar), torch=None, jax=None,
            label="definite")  # fmt: skip
row(
    "linalg.fractional_matrix_power",
    lambda m, x, t: m.linalg.fractional_matrix_power(x, t),
    [(_PRINCIPAL[0][0], np.asarray(0.4))] * 2,
    reference=lambda m, x, t: _by_eigenvalues(lambda w: w**t)(m, x),
    by=(0, 1),
    label="by the exponent",
    torch=None,
    jax=None,
    dask="",
)


def _polar(i: int, side: str) -> Any:
    def reference(m: Any, x: Any) -> Any:
        u, s, vh = m.linalg.svd(x, full_matrices=False)
        if i == 0:
            return m.matmul(u, vh)
        v = _transposed(m, vh) if side == "right" else u
        return m.matmul(v * s[..., None, :], _transposed(m, v))

    return reference


for _label, _samples in (("square", SQUARE), ("tall", TALL), ("wide", WIDE)):
    for _i, _side in ((0, "right"), (1, "right"), (1, "left")):
        _linalg(
            "polar",
            lambda m, x, i=_i, side=_side: m.linalg.polar(x, side=side)[i],
            _samples,
            complex_samples=SQUARE_COMPLEX if _label == "square" else [],
            reference=_polar(_i, _side),
            torch=_polar(_i, _side),
            jax=None,
            label=f"{_label} {'UP'[_i]} {_side}",
        )
_linalg("matrix_rank", None, [(real(3, 3),), (real(2, 3, 2),)], by=(), torch=None, jax=None)

# -- norms and small products ------------------------------------------------------------------

for _ord in ("fro", "nuc", 1, -1, 2, -2, float("inf"), float("-inf")):
    for _label, _samples in (("square", SQUARE[:1] * 2), ("wide", WIDE)):
        _linalg(
            "matrix_norm",
            lambda m, x, o=_ord: m.linalg.matrix_norm(x, ord=o),
            _samples,
            complex_samples=SQUARE_COMPLEX if _label == "square" else [],
            label=f"{_ord} {_label}",
            dask="" if _ord in ("nuc", 2, -2) else "vr",
            jax=True if _ord == "fro" else None,
        )
_linalg("matrix_norm", lambda m, x: m.linalg.matrix_norm(x, ord="nuc", keepdims=True), WIDE,
        label="keepdims", torch=None, jax=None)  # fmt: skip
for _ord, _axis in ((None, None), (None, 0), (3, 1), ("nuc", (1, 0)), (1, (0, 1))):
    row(
        "linalg.norm",
        lambda m, x, o=_ord, a=_axis: m.linalg.norm(x, o, axis=a, keepdims=True),
        WIDE,
        label=f"{_ord} {_axis}",
        dask="" if _ord == "nuc" else "vr",
        torch=lambda t, x, o=_ord, a=_axis: t.linalg.norm(x, o, dim=a, keepdim=True),
        jax=None,
    )
for _p in (None, 1, "fro", -2):
    row(
        "linalg.cond",
        lambda m, x, p=_p: m.linalg.cond(x, p),
        SQUARE,
        complex_samples=SQUARE_COMPLEX,
        label=str(_p),
        # PyTorch has no gradient for the norms that need the inverse.
        torch=(lambda t, x, p=_p: t.linalg.cond(x, p)) if _p in (None, -2) else None,
        jax=None,
        dask="",
    )
row(
    "linalg.multi_dot",
    lambda m, x, y, z: m.linalg.multi_dot([x, y, z]),
    [(real(2), real(2, 4), real(4, 3)), (real(2, 3), real(3, 1), real(1))],
    complex_samples=[(complex_(2, 3), complex_(3, 2), complex_(2))],
    by=(0, 1, 2),
    reference=lambda m, x, y, z: (x @ y) @ z,
    torch=lambda t, x, y, z: (x @ y) @ z,
    jax=None,
)
for _ord in (2, 1, 0, 3, 0.5, -1, float("inf"), float("-inf")):
    for _axis in (None, -1, (0, 1)):
        row(
            "linalg.vector_norm",
            lambda m, x, o=_ord, a=_axis: m.linalg.vector_norm(x, ord=o, axis=a),
            [(away_from_zero(2, 3),), (away_from_zero(3, 2),)],
            complex_samples=[(complex_(2, 3),)],
            label=f"{_ord} {_axis}",
            torch=lambda t, x, o=_ord, a=_axis: t.linalg.vector_norm(x, ord=o, dim=a),
            jax=True if (_ord, _axis) == (2, None) else None,
        )
row(
    "linalg.vector_norm",
    lambda m, x: m.linalg.vector_norm(x, ord=3, axis=0, keepdims=True),
    [(away_from_zero(2, 3),), (away_from_zero(3, 2),)],
    label="keepdims",
    torch=None,
    jax=None,
)
for _offset in (0, 1, -1, 5):
    for _name in ("diagonal", "trace"):
        _linalg(
            _name,
            lambda m, x, n=_name, k=_offset: getattr(m.linalg, n)(x, offset=k),
            WIDE,
            label=str(_offset),
            dask="vr",
            torch=None,
            jax=None,
        )
for _name in ("cross",):
    row(
        "linalg.cross",
        lambda m, x, y: m.linalg.cross(x, y),
        [(real(2, 3), real(2, 3)), (real(3), real(3))],
        by=(0, 1),
        complex_samples=[(complex_(2, 3), complex_(2, 3))],
    )
row(
    "linalg.cross",
    lambda m, x, y: m.linalg.cross(x, y, axis=-2),
    [(real(3, 2), real(3, 1)), (real(3, 1), real(3, 1))],
    reference=lambda m, x, y: m.linalg.cross(*m.broadcast_arrays(x, y), axis=-2),
    by=(0, 1),
    label="axis",
    torch=None,
    jax=None,
)
row(
    "matvec",
    samples=[(real(2, 3), real(3)), (real(2, 1, 2, 3), real(4, 3))],
    complex_samples=[(complex_(2, 3), complex_(3))],
    by=(0, 1),
    torch=None,
)
row(
    "vecmat",
    samples=[(real(3), real(3, 2)), (real(4, 3), real(2, 1, 3, 2))],
    complex_samples=[(complex_(3), complex_(3, 2))],
    by=(0, 1),
    torch=None,
)
for _name in ("matmul", "outer", "vecdot", "tensordot"):
    _shape = (3,) if _name in ("outer", "vecdot") else (3, 3)
    row(
        f"linalg.{_name}",
        lambda m, x, y, n=_name: getattr(m.linalg, n)(x, y),
        [(real(*_shape), real(*_shape))],
        by=(0, 1),
        torch=None,
        jax=None,
    )
_linalg("matrix_transpose", None, WIDE, torch=None, dask="vr")

# -- Fourier transforms ------------------------------------------------------------------------


def _fft(name: str, samples: Any, complex_samples: Any, label: str, **keywords: Any) -> None:
    in_torch = dict(keywords)
    for ours, theirs in (("axis", "dim"), ("axes", "dim")):
        if ours in in_torch:
            in_torch[theirs] = in_torch.pop(ours)
    row(
        f"fft.{name}",
        lambda m, x: getattr(m.fft, name)(x, **keywords),
        samples,
        complex_samples=complex_samples,
        label=label,
        torch=lambda t, x: getattr(t.fft, name)(x, **in_torch),
        dask="vr" if name.endswith("shift") else "",
        jax=True,
    )


_REAL = [(real(2, 4),), (real(2, 5),)]
_COMPLEX = [(complex_(2, 4),), (complex_(2, 5),)]
for _name in ("fft", "ifft", "hfft", "irfft"):
    for _label, _options in (
        ("plain", {}),
        ("longer", {"n": 6, "norm": "ortho"}),
        ("shorter", {"n": 3, "norm": "forward", "axis": 1}),
    ):
        _fft(_name, _COMPLEX, [], _label, **_options)
for _name in ("rfft", "ihfft"):
    for _label, _options in (
        ("plain", {}),
        ("longer", {"n": 6, "norm": "ortho"}),
        ("first", {"axis": 0, "norm": "forward"}),
    ):
        _fft(_name, _REAL, [], _label, **_options)
_fft("fft", _REAL, [], "of real")
for _name in ("fftn", "ifftn", "irfftn"):
    _fft(_name, _COMPLEX, [], "all")
    _fft(_name, _COMPLEX, [], "sizes", s=(3, 6), axes=(0, 1), norm="ortho")
_fft("rfftn", _REAL, [], "all")
_fft("rfftn", _REAL, [], "sizes", s=(3, 6), axes=(1, 0), norm="forward")
for _name in ("fftshift", "ifftshift"):
    _fft(_name, _REAL, [(complex_(2, 3),)], "all")
    row(
        f"fft.{_name}",
        lambda m, x, n=_name: getattr(m.fft, n)(x, axes=1),
        _REAL,
        label="one",
        torch=None,
        jax=None,
    )
for _name in ("fftfreq", "rfftfreq"):
    for _count in (4, 5):
        row(
            f"fft.{_name}",
            lambda m, n=_name, c=_count: getattr(m.fft, n)(c, d=0.5),
            [()],
            by=(),
            vmap=False,
            label=str(_count),
            torch=None,
            jax=None,
        )


# -- structured matrices, by SciPy's names -----------------------------------------------------


def _stacked(f: Callable[..., Any]) -> Callable[..., Any]:
    """Apply a function of SciPy to each example of a batch of its last argument."""

    def call(_: Any, *args: Any) -> Any:
        *first, last = args
        if last.ndim < 3:
            return f(*args)
        return np.stack([f(*first, x) for x in last])

    return call


row(
    "linalg.solve_sylvester",
    lambda m, a, b, q: m.linalg.solve_sylvester(a, b, q),
    [(_regular(3, 3), _regular(2, 2), real(3, 2)), (_regular(2, 2), _regular(2, 2), real(2, 2, 2))],
    reference=_stacked(scipy.linalg.solve_sylvester),
    by=(0, 1, 2),
    complex_samples=[(_regular_complex(3, 3), _regular_complex(2, 2), complex_(3, 2))],
    torch=None,
    jax=None,
    dask="",
)
row(
    "linalg.solve_continuous_lyapunov",
    lambda m, a, q: m.linalg.solve_continuous_lyapunov(a, q),
    [(_regular(3, 3), real(3, 3)), (_regular(2, 2), real(2, 2, 2))],
    reference=_stacked(scipy.linalg.solve_continuous_lyapunov),
    by=(0, 1),
    torch=None,
    jax=None,
    dask="",
)


def _bands(*shape: int) -> Draw:
    def draw(rng: np.random.Generator) -> np.ndarray:
        out = rng.uniform(-1, 1, shape)
        out[..., 1, :] += 4.0  # the main diagonal
        return out

    return draw


for _below in (2, 0):
    row(
        "linalg.solve_banded",
        lambda m, ab, b, n=_below: m.linalg.solve_banded((n, 1), ab, b),
        [(_bands(2 + _below, 4), real(4)), (_bands(2 + _below, 4), real(2, 4, 3))],
        reference=lambda _, ab, b, n=_below: _stacked(
            lambda ab, b: scipy.linalg.solve_banded((n, 1), ab, b)
        )(_, ab, b),
        by=(0, 1),
        label=f"{_below} below",
        torch=None,
        jax=None,
        dask="",
    )
row(
    "linalg.cho_factor",
    lambda m, a: m.linalg.cho_factor(m.linalg.matmul(a, m.linalg.matrix_transpose(a)), lower=True)[
        0
    ],
    [(_regular(3, 3),), (_regular(2, 2),)],
    reference=lambda _, a: np.linalg.cholesky(a @ a.T),
    torch=None,
    jax=None,
    dask="",
)
for _lower in (True, False):
    row(
        "linalg.cho_solve",
        lambda m, c, b, low=_lower: m.linalg.cho_solve((c, low), b),
        [(_regular(3, 3), real(3)), (_regular(3, 3), real(3, 2))],
        reference=lambda _, c, b, low=_lower: scipy.linalg.cho_solve((c, low), b),
        by=(0, 1),
        label="lower" if _lower else "upper",
        torch=None,
        jax=None,
        dask="",
    )
for _name, _arguments in (
    ("toeplitz", [(real(4),), (real(1),)]),
    ("toeplitz", [(real(4), real(3)), (real(2), real(5))]),
    ("hankel", [(real(4),), (real(1),)]),
    ("hankel", [(real(4), real(3)), (real(2), real(5))]),
    ("circulant", [(real(4),), (real(1),)]),
    ("block_diag", [(real(2, 3), real(2), real(1, 1)), (real(2, 2), real(1), real(3, 1))]),
):
    row(
        f"linalg.{_name}",
        lambda m, *x, n=_name: getattr(m.linalg, n)(*x),
        _arguments,
        reference=lambda _, *x, n=_name: getattr(scipy.linalg, n)(*x),
        by=tuple(range(len(_arguments[0]))),
        label=str(len(_arguments[0])),
        torch=None,
        jax=None,
        dask="vr" if _name == "block_diag" else "v",
    )
