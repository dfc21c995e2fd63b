"""Elementwise OpInfo entries: arithmetic, comparisons, special functions."""

from typing import Any

import numpy as np

import xgrad as xg
from tests.opinfo_entries import add, entry, renamed, same

same(
    "abs acos acosh asin asinh atan atanh ceil positive conj cos cosh exp exp2 expm1 floor imag"
    " real isfinite isinf isnan log log1p log2 log10 logical_not reciprocal sigmoid sign signbit"
    " sin sinh sqrt square tan tanh trunc",
    1,
)
renamed(
    {"neg": "negative", "bitwise_not": "bitwise_invert", "sgn": "sign", "conj_physical": "conj"}, 1
)
same(
    "atan2 bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift copysign fmax"
    " fmin floor_divide hypot logaddexp logical_and logical_or logical_xor maximum minimum"
    " nextafter pow remainder",
    2,
)
renamed(
    {
        "mul": "multiply", "true_divide": "divide", "div.no_rounding_mode": "divide",
        "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater",
        "ge": "greater_equal", "max.binary": "maximum", "min.binary": "minimum",
        "clamp_max": "minimum", "clamp_min": "maximum",
    },
    2,
)  # fmt: skip


@entry("add", "add", "multiply")
def _(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    return xg.add(input, other if alpha == 1 else xg.multiply(other, alpha))


@entry("float_power", "pow")
def _(input: Any, other: Any) -> Any:
    return xg.pow(xg.multiply(input, 1.0), other)


@entry("sub", "subtract", "multiply")
def _(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    return xg.subtract(input, other if alpha == 1 else xg.multiply(other, alpha))


@entry("rsub", "subtract", "multiply")
def _(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    return xg.subtract(other, input if alpha == 1 else xg.multiply(input, alpha))


@entry("div.trunc_rounding", "divide", "trunc")
def _(input: Any, other: Any, *, rounding_mode: Any) -> Any:
    return xg.trunc(xg.divide(input, other))


@entry("div.floor_rounding", "floor_divide")
def _(input: Any, other: Any, *, rounding_mode: Any) -> Any:
    return xg.floor_divide(input, other)


add("__radd__", lambda x, other: other + xg.asarray(x), "add")
add("__rdiv__", lambda x, other: other / xg.asarray(x), "divide")
add("__rmul__", lambda x, other: other * xg.asarray(x), "multiply")
add("__rand__", lambda x, other: other & xg.asarray(x), "bitwise_and")
add("__ror__", lambda x, other: other | xg.asarray(x), "bitwise_or")
add("__rxor__", lambda x, other: other ^ xg.asarray(x), "bitwise_xor")
add("__rmatmul__", lambda x, other: xg.asarray(other) @ xg.asarray(x), "matmul")
add("__rmod__", lambda x, other: other % xg.asarray(x), "remainder")
add("__rpow__", lambda x, other: other ** xg.asarray(x), "pow")
add("__rsub__", lambda x, other: other - xg.asarray(x), "subtract")
add("addcmul", lambda x, a, b, *, value=1: x + value * xg.multiply(a, b), "multiply", "add")
add("addcdiv", lambda x, a, b, *, value=1: x + value * xg.divide(a, b), "divide", "add")
add("rsqrt", lambda x: 1 / xg.sqrt(x), "sqrt", "divide")
add("frac", lambda x: xg.subtract(x, xg.trunc(x)), "subtract", "trunc")
add(
    "isclose",
    lambda x, y, *, rtol=1e-5, atol=1e-8, equal_nan=False: np.isclose(
        xg.asarray(x), y, rtol=rtol, atol=atol, equal_nan=equal_nan
    ),
    "isclose",
    "subtract",
)
add(
    "allclose",
    lambda x, y, rtol=1e-5, atol=1e-8, equal_nan=False: np.allclose(
        xg.asarray(x), y, rtol=rtol, atol=atol, equal_nan=equal_nan
    ),
    "isclose",
    "subtract",
)
add("isposinf", lambda x: xg.equal(x, xg.inf), "equal")
add("isneginf", lambda x: xg.equal(x, -xg.inf), "equal")
add("lerp", lambda a, b, w: a + xg.multiply(w, xg.subtract(b, a)), "multiply", "add", "subtract")
add("clamp", xg.clip, "clip")
add("where", lambda x, condition, other: xg.where(condition, x, other), "where")
add("masked_fill", lambda x, mask, value: xg.where(mask, value, x), "where")
add("polar", lambda r, angle: xg.multiply(r, xg.exp(xg.multiply(angle, 1j))), "multiply")
add("complex", lambda x, y: xg.add(x, xg.multiply(y, 1j)), "add")
add(
    "heaviside",
    lambda x, y: xg.where(xg.equal(x, 0), y, xg.astype(xg.greater(x, 0), xg.asarray(x).dtype)),
    "where",
)
add(
    "logaddexp2",
    lambda x, y: xg.logaddexp(xg.multiply(x, np.log(2)), xg.multiply(y, np.log(2))) / np.log(2),
    "logaddexp",
)
add("ldexp", lambda x, other: xg.multiply(x, xg.pow(2.0, other)), "multiply", "pow")


@entry("equal", "all", "equal")
def _(input: Any, other: Any) -> Any:
    return np.shape(input) == np.shape(other) and bool(xg.all(xg.equal(input, other)))


@entry("nan_to_num")
def _(input: Any, nan: Any = None, posinf: Any = None, neginf: Any = None) -> Any:
    return xg.nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


@entry("round round.decimals_0 round.decimals_3 round.decimals_neg_3", "round")
def _(input: Any, *, decimals: int = 0) -> Any:
    return xg.round(input) if decimals == 0 else np.round(xg.asarray(input), decimals)


# -- special functions -----------------------------------------------------------------------

S = xg.special
add("logit", lambda x, eps=None: S.logit(x if eps is None else xg.clip(x, eps, 1 - eps)), "logit")
same("i0e i1 i1e entr erfcx ndtri log_ndtr ndtr", 1, S, "special.")
same("xlog1py zeta", 2, S, "special.")
renamed({name: name for name in ("i0", "digamma", "erf", "erfc", "erfinv")}, 1, S)
renamed({"lgamma": "gammaln"}, 1, S)
same("sinc", 1, S)
same("xlogy", 2, S)
renamed({"igamma": "gammainc", "igammac": "gammaincc"}, 2, S)
renamed(
    {
        "bessel_j0": "j0", "bessel_j1": "j1", "bessel_y0": "y0", "bessel_y1": "y1",
        "modified_bessel_i0": "i0", "modified_bessel_i1": "i1", "modified_bessel_k0": "k0",
        "modified_bessel_k1": "k1", "scaled_modified_bessel_k0": "k0e",
        "scaled_modified_bessel_k1": "k1e",
    },
    1, S, "special.",
)  # fmt: skip
add("mvlgamma.mvlgamma_p_1 mvlgamma.mvlgamma_p_3 mvlgamma.mvlgamma_p_5",
    lambda x, p: S.multigammaln(x, p), "multigammaln")  # fmt: skip
add("polygamma.polygamma_n_0 polygamma.polygamma_n_1 polygamma.polygamma_n_2"
    " polygamma.polygamma_n_3 polygamma.polygamma_n_4 special.polygamma.special_polygamma_n_0",
    lambda x, n: S.polygamma(n, x), "polygamma")  # fmt: skip
