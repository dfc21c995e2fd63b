"""Derivatives against finite differences of the reference, in 80-bit arithmetic if possible."""

from typing import Any

import numpy as np

import xgrad as xg
from tests.environment import raw
from tests.fuzz.case import (
    _WIDE,
    SKIPPED,
    Case,
    Mismatch,
    _hosts,
    _moved,
    _widened,
    close,
    inner,
)


def check_differences(case: Case) -> None:
    """Compare with finite differences of the reference in float64 or wider."""
    if case.tied:
        SKIPPED["differences: equal values are put in order"] += 1
        return
    measured = differences(case)
    if measured is None:
        return
    numeric, error, second = measured
    _, tangents = case.expected, case.tangents_found
    scale = max((float(np.abs(d).max(initial=0.0)) for d in numeric), default=0.0)
    tolerance = 5e-3 if case.narrow else 1e-6
    if error > tolerance * max(1.0, scale) / 10:
        SKIPPED["differences: not smooth enough for differences here"] += 1
        return
    close("jvp and differences", tangents, numeric, tolerance)
    case.smooth = True
    if second is not None and hasattr(case, "second"):
        value, error = second
        bound = 1e-4 * max(1.0, abs(value), case.second_scale)
        if case.narrow:
            return
        if error > bound / 10:
            SKIPPED["second differences: not smooth enough here"] += 1
            return
        if not abs(case.second - value) <= bound:
            if _bends(case, bound):
                SKIPPED["second differences: at a kink of something inside"] += 1
                return
            raise Mismatch("hvp and second differences", f"found {case.second}, expected {value}")


def _bends(case: Case, bound: float) -> bool:
    """Whether the second derivative changes discontinuously, as where var(x) = 0."""
    numbers = tuple(range(len(case.args)))
    gradient = xg.grad(case.loss, numbers)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        nearby = tuple(raw(_moved(x, rng, 1e-7)) for x in case.values)
        tangents = tuple(raw(v) for v in case.directions)
        along = _hosts(xg.jvp(gradient, nearby, tangents)[1])
        if abs(inner(along, case.directions) - case.second) > bound:
            return True
    return False


def differences(case: Case) -> Any:
    """Return directional derivatives of the outputs, an error estimate, and v·H·v."""
    wide = "long"
    h = 1e-4

    def at(t: float) -> tuple[list[Any], Any]:
        values = [
            _widened(x, wide) + _WIDE[wide](t) * _widened(v, wide)
            for x, v in zip(case.values, case.directions, strict=True)
        ]
        outs = case.by_reference(values, wide=wide)
        return outs, _weighted(case, outs)

    try:
        base = at(0.0)
    except TypeError:  # no such precision: linear algebra, special functions
        wide, h = "double", 2e-4
        base = at(0.0)
    except Exception as error:  # noqa: BLE001
        SKIPPED[f"differences: the reference raised {type(error).__name__}"] += 1
        return None
    try:
        plus, minus, plus2, minus2 = at(h), at(-h), at(h / 2), at(-h / 2)
    except Exception as error:  # noqa: BLE001 - beyond the domain
        SKIPPED[f"differences: the reference raised {type(error).__name__}"] += 1
        return None
    numeric, worst = [], 0.0
    for i in range(len(base[0])):
        if any(x[0][i].shape != base[0][i].shape for x in (plus, minus, plus2, minus2)):
            SKIPPED["differences: shapes depend on values"] += 1
            return None
        wide_step = (plus[0][i] - minus[0][i]) / (2 * h)
        fine_step = (plus2[0][i] - minus2[0][i]) / h
        better = (4 * fine_step - wide_step) / 3
        kink = np.abs(plus2[0][i] - 2 * base[0][i] + minus2[0][i]) / h
        kink_wide = np.abs(plus[0][i] - 2 * base[0][i] + minus[0][i]) / (2 * h)
        if np.any((kink > 0.75 * kink_wide) & (kink > 1e-6 * (1 + np.abs(better)))):
            SKIPPED["differences: at a kink"] += 1
            return None
        if not np.isfinite(better).all():
            SKIPPED["differences: not finite near the point"] += 1
            return None
        numeric.append(better)
        worst = max(worst, float(np.max(np.abs(better - fine_step), initial=0.0)))
    coarse = (plus[1] - 2 * base[1] + minus[1]) / h**2
    fine = (plus2[1] - 2 * base[1] + minus2[1]) / (h / 2) ** 2
    rounding = 8 * float(np.finfo(_WIDE[wide]).eps * abs(base[1])) / (h / 2) ** 2
    second = (float((4 * fine - coarse) / 3), max(abs(float(fine - coarse)), rounding))
    return numeric, worst, second


def _weighted(case: Case, outs: Any) -> Any:
    total: Any = 0.0
    for w, out in zip(case.weights, outs, strict=True):
        total = total + np.sum(np.real(np.conj(w) * out)) + np.sum(np.real(out * np.conj(out))) / 2
    return total
