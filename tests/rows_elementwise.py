"""Rows of the op table: elementwise functions."""

import numpy as np

from tests.op_rows import (
    PAIRS,
    Draw,
    away_from_zero,
    binary,
    boolean,
    complex_,
    distinct,
    mixed_signs,
    positive,
    real,
    rounded,
    row,
    unary,
    unit,
)

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
row(
    "logaddexp",
    samples=[(real(2, 3), real(3)), (real(3), real(3))],
    reference=lambda m, x, y: m.log(m.exp(x) + m.exp(y)),
    by=(0, 1),
    complex_samples=[(complex_(2, 3), complex_(3)), (complex_(3), away_from_zero(3))],
    torch=lambda t, x, y: t.log(t.exp(x) + t.exp(y)),
    jax=None,
    label="complex",
)
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
unary("sinc", holomorphic=True)
for _name in ("sinh", "cosh", "atan", "asinh", "exp2"):
    unary(_name, holomorphic=_name != "exp2")
for _name in ("asin", "acos", "atanh"):
    unary(_name, unit, holomorphic=True)
unary("acosh", lambda *s: lambda rng: 1 + positive(*s)(rng), holomorphic=True)
for _name in ("log2", "log10"):
    unary(_name, positive, holomorphic=True)
binary("hypot")
binary("atan2", away_from_zero, away_from_zero, jax=lambda m, x, y: m.arctan2(x, y))
binary("copysign", away_from_zero, away_from_zero)
binary(
    "nextafter",
    torch=None,
    jax=None,
    dask="",
)
for _name in ("fmax", "fmin"):
    binary(_name, real, mixed_signs)
unary("cbrt", away_from_zero, torch=None)
binary("logaddexp2")
binary("float_power", positive, real)
binary("heaviside", away_from_zero, real, torch=None)
row(
    "heaviside",
    samples=[(np.array([[0.0, -1.0, 0.0], [2.0, 0.0, 1.5]]), real(3)), (np.zeros(3), real(3))],
    by=(1,),
    torch=None,
    label="at 0",
)
unary("fabs", away_from_zero, torch=lambda t, x: t.abs(x), jax=lambda m, x: m.abs(x))
for _name in ("deg2rad", "rad2deg", "degrees", "radians"):
    unary(_name, torch={"deg2rad": True, "rad2deg": True}.get(_name))
row("modf", lambda m, x: m.modf(x)[0] + 2 * m.modf(x)[1], [(unit(2, 3),), (unit(3),)], torch=None)
row(
    "frexp", lambda m, x: m.frexp(x)[0], [(unit(2, 3),), (away_from_zero(3),)], torch=None, jax=None
)
row(
    "frexp",
    lambda m, x: m.frexp(x)[1],
    [(np.array([[0.75, -3.0, 0.0], [1e-300, np.inf, 1e300]]),), (real(3),)],
    by=(),
    torch=None,
    jax=None,
    label="exponents",
)
row(
    "ldexp",
    samples=[(real(2, 3), np.array([1, -2, 3])), (real(3), np.array([4, 0, -1]))],
    torch=None,
)
for _name in ("floor", "ceil", "trunc", "round"):
    unary(_name, unit, jax=None)


def _between_steps(*shape: int) -> Draw:
    """Return numbers whose quotients by 0.7 are not integers."""
    return lambda rng: unit(*shape)(rng) + 3 * np.sign(real(*shape)(rng))


_steps = [(_between_steps(*a), np.full(b, 0.7)) for a, b in PAIRS]
row("floor_divide", samples=_steps, by=(0, 1), torch=None, jax=None)
row("remainder", samples=_steps, by=(0, 1), jax=None)
row("fmod", samples=_steps, by=(0, 1), torch=None, jax=None)
row("divmod", lambda m, x, y: sum(m.divmod(x, y)), _steps, by=(0, 1), torch=None, jax=None)
row(
    "remainder",
    lambda m, x: x % 0.75 + x // 0.4,
    [(unit(2, 3),), (unit(3),)],
    label="operators",
    torch=None,
)
row(
    "signbit",
    samples=[(np.array([[0.0, -0.0, 1.5], [-2.0, np.inf, -np.inf]]),), (real(3),)],
    by=(),
    torch=None,
    jax=None,
)


def integers(*shape: int) -> np.ndarray:
    return np.arange(1, 1 + np.prod(shape, dtype=int)).reshape(shape) % 7


for _name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    row(
        _name,
        samples=[(integers(*a), 3 * integers(*b)) for a, b in PAIRS]
        + [(boolean(2, 3), boolean(3))],
        by=(),
        torch=None,
        jax=None,
    )
for _name in ("gcd", "lcm"):
    row(
        _name,
        samples=[(6 * integers(*a), 4 * integers(*b) - 9) for a, b in PAIRS],
        by=(),
        torch=None,
        jax=None,
    )
for _name in ("bitwise_left_shift", "bitwise_right_shift"):
    row(
        _name,
        samples=[(integers(*a), integers(*b) % 3) for a, b in PAIRS],
        by=(),
        torch=None,
        jax=None,
    )
row(
    "bitwise_invert",
    samples=[(integers(2, 3),), (boolean(3),)],
    by=(),
    torch=None,
    jax=None,
)
unary("expm1", holomorphic=True, unsupported={})
unary("reciprocal", away_from_zero, holomorphic=True)
unary("sqrt", positive, holomorphic=True)
row(
    "sqrt",
    lambda m, x: m.square(m.sqrt(x) + x),
    [(positive(2, 3),), (positive(3),)],
    label="with a cotangent that depends on x",
    complex_samples=[(complex_(2, 3),)],
)
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
        samples=[(rounded(*a), rounded(*b)) for a, b in PAIRS],
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
