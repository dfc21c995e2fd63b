"""Elementwise functions and comparisons."""

import numpy as np

from tests.fuzz.drawing import Draw, Unfit, operation

INF = float("inf")


@operation("negative", "positive", "square", "sin", "cos", "tanh", "exp", "conj", "tan",
           "sinh", "cosh", "atan", "asinh", "expm1", "sigmoid")  # fmt: skip
def _unary(d: Draw, name: str) -> str:
    holomorphic = name not in ("atan", "asinh")  # branch cuts
    x = d.array("fc" if holomorphic else "f")
    if name in ("exp", "sinh", "cosh", "expm1") and d.chance():
        return f"xg.{name}({x} * 0.5)"
    return f"xg.{name}({x})"


@operation("exp2", "sign", "abs", "floor", "ceil", "trunc", "round", "real", "imag")
def _unary_of_reals(d: Draw, name: str) -> str:
    kinds = {"abs": "fc", "real": "fc", "imag": "c", "sign": "fc"}.get(name, "f")
    x = d.array(kinds)
    if name == "sign" and d.value(x).dtype.kind == "c":  # rounding noise has a phase
        x = d.away_from_zero(x)
    return f"xg.{name}({x})"


def _off_the_cut(x: np.ndarray) -> bool:
    """Whether no element is on the negative real axis, where rounding selects the branch."""
    return bool(((x.real > 0) | (abs(x.imag) > 1e-6)).all())


@operation("sqrt", "log", "log2", "log10", "reciprocal")
def _of_positives(d: Draw, name: str) -> str:
    if d.chance(0.2):
        x = d.array("c", fits=_off_the_cut)
        return f"xg.{name}({d.away_from_zero(x)})"
    return f"xg.{name}({d.within(0.1, INF)})"


@operation("log1p")
def _log1p(d: Draw, name: str) -> str:
    return f"xg.log1p({d.within(-0.8, INF)})"


@operation("asin", "acos", "atanh")
def _of_unit(d: Draw, name: str) -> str:
    return f"xg.{name}({d.within(-0.9, 0.9)})"


@operation("acosh")
def _acosh(d: Draw, name: str) -> str:
    return f"xg.acosh({d.within(1.1, INF)})"


def _pair(d: Draw, kinds: str = "f") -> tuple[str, str]:
    x = d.array(kinds)
    y = d.like(x, kinds)
    return (y, x) if d.chance() else (x, y)


@operation("add", "subtract", "multiply", weight=3.0)
def _arithmetic(d: Draw, name: str) -> str:
    x, y = _pair(d, "fc")
    operator = {"add": "+", "subtract": "-", "multiply": "*"}[name]
    return f"{x} {operator} {y}" if d.chance() else f"xg.{name}({x}, {y})"


@operation("divide", weight=2.0)
def _divide(d: Draw, name: str) -> str:
    x = d.array("fc")
    if d.chance(0.35):
        return f"{x} / {d.number()}"
    y = d.away_from_zero(d.array("fc")) if d.chance() else d.away_from_zero(kinds="fc")
    if d.chance(0.2):
        return f"{d.number()} / {y}"
    return f"{x} / {y}" if d.chance() else f"xg.divide({x}, {y})"


@operation("pow")
def _pow(d: Draw, name: str) -> str:
    if d.chance():
        exponent = d.choice(["2", "3", "2.0", "1", "0"])
        return f"{d.array('fc')} ** {exponent}"
    if d.chance(0.3):
        return f"{d.away_from_zero(kinds='f')} ** {d.choice(['-1', '-2', '-1.0', '4'])}"
    base = d.within(0.2, INF)
    if d.chance(0.4):
        return f"{base} ** {d.choice(['0.5', '1.5', '-0.5', '2.5'])}"
    if d.chance(0.3):
        return f"{d.choice(['2.5', '0.5', '2'])} ** {d.array('fc')}"
    return f"xg.pow({base}, {d.array('f')})"


@operation("hypot")
def _hypot(d: Draw, name: str) -> str:
    x, y = _pair(d)
    if any(d.value(v).size > 400 for v in (x, y) if v in d.values):  # some points are near (0, 0)
        raise Unfit
    return f"xg.{name}({x}, {y})"


@operation("maximum", "minimum", "fmax", "fmin", "logaddexp")
def _binary(d: Draw, name: str) -> str:
    x, y = _pair(d)
    return f"xg.{name}({x}, {y})"


@operation("atan2", "copysign")
def _binary_away_from_zero(d: Draw, name: str) -> str:
    return f"xg.{name}({d.away_from_zero()}, {d.away_from_zero()})"


@operation("remainder", "floor_divide")
def _steps(d: Draw, name: str) -> str:
    x = d.array()
    y = d.choice(["0.75", "-0.6", d.away_from_zero()])
    operator = {"remainder": "%", "floor_divide": "//"}[name]
    return f"{x} {operator} {y}" if d.chance() else f"xg.{name}({x}, {y})"


@operation("nextafter")
def _nextafter(d: Draw, name: str) -> str:
    x = d.array()
    return f"xg.nextafter({x}, {d.same(x)})"


@operation("where", weight=2.0)
def _where(d: Draw, name: str) -> str:
    x, y = _pair(d, "fc")
    masks = d.names("b")
    condition = d.choice(masks) if masks and d.chance() else None
    if condition is None:
        condition = f"{d.array()} {d.choice(['>', '<', '>=', '<='])} {d.choice(['0', '0.3'])}"
    return f"xg.where({condition}, {x}, {y})"


@operation("clip")
def _clip(d: Draw, name: str) -> str:
    x = d.array()
    low, high = d.choice(
        [("-0.7", "0.8"), ("None", "0.5"), ("-0.4", "None"), ("None", "None"), (d.array(), "2.0")]
    )
    return f"xg.clip({x}, {low}, {high})"


@operation("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
def _comparison(d: Draw, name: str) -> str:
    x, y = _pair(d)
    return f"xg.{name}({x}, {y})"


@operation("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor")
def _logic(d: Draw, name: str) -> str:
    x = d.array("b")
    return f"xg.{name}({x}, {d.array('b')})"


@operation("logical_not", "bitwise_invert")
def _not(d: Draw, name: str) -> str:
    return f"xg.{name}({d.array('b')})"


@operation("bitwise_left_shift", "bitwise_right_shift")
def _shift(d: Draw, name: str) -> str:
    x = d.array("i")
    return f"xg.{name}({x}, {d.integer(0, 2)})"


@operation("isfinite", "isinf", "isnan", "signbit")
def _tests(d: Draw, name: str) -> str:
    return f"xg.{name}({d.array()})"


@operation("nan_to_num")
def _nan_to_num(d: Draw, name: str) -> str:
    return f"xg.nan_to_num({d.array()})"


@operation("stop_gradient")
def _stop(d: Draw, name: str) -> str:
    return f"xg.stop_gradient({d.array('fc')})"


@operation("astype")
def _astype(d: Draw, name: str) -> str:
    if d.chance(0.6):
        dtype = {"f4": "float32", "f8": "float64"}[d.dtype.str[1:]]
        return f"xg.astype({d.array('bi')}, xg.{dtype})"
    dtype = {"f4": "complex64", "f8": "complex128"}[d.dtype.str[1:]]
    return f"xg.astype({d.array('f')}, xg.{dtype})"
