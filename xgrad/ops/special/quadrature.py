"""Incomplete gamma and beta functions by their parameters, and their logarithms far in the tails.

The derivative of ``gammainc(a, x)`` by ``a`` is an integral of the density times the derivative of
its logarithm. With ``t = x exp(-s)`` (or ``x exp(s)``, where the upper tail is smaller) it is

    K ∫ exp(-a s - x (exp(-s) - 1)) (log t - ψ(a)) ds,    K = x**a exp(-x) / Γ(a),

over s from 0 to infinity, and without the last factor it is the function itself. The integrand
decays like an exponential function, so that the exp-sinh rule (Takahasi and Mori 1974) with
`NODES` nodes is accurate to rounding. Nothing cancels, and the factor K may underflow: far in a
tail the logarithm is ``log K`` plus that of the integral. The beta function has the same form in
the logarithm of ``x / (1 - x)``. A sum over nodes has derivatives of any order.
"""

import functools
from typing import Any, Literal

from xgrad.backends.dtypes import canonical, float32
from xgrad.backends.host import exp_sinh
from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import backend_below, recorded
from xgrad.engine.tensor import lowest
from xgrad.ops.selection import stop_gradient
from xgrad.ops.special.errors import xlog1py, xlogy
from xgrad.ops.special.gammas import betaln, digamma, gammaln
from xgrad.typing import Value

#: The rule is accurate to rounding with this step and range.
NODES, WEIGHTS = exp_sinh(0.07, -3.8, 6.0)

Weight = Literal["one", "a", "b"]


def _constant(x: Any, numbers: Any) -> Any:
    """Return numbers in the dtype and on the device of ``x``, as a raw array."""
    backend, raw = backend_below(x), lowest(x)
    dtype = canonical(raw.dtype)
    return backend.from_numpy(numbers.astype(dtype), backend.xp.device(raw))


def _along_nodes(xp: Namespace, x: Value) -> Value:
    return xp.reshape(x, (*x.shape, 1))


def together(xp: Namespace, *values: Value) -> list[Any]:
    """Broadcast arrays and numbers; half precision becomes single precision."""
    first, *others = (xp.zeros_like(x) for x in values if hasattr(x, "dtype"))
    total = functools.reduce(xp.add, others, first)  # libraries refuse to add two numbers
    out = [xp.add(x, total) for x in values]
    return [xp.astype(x, float32) if canonical(x.dtype).itemsize == 2 else x for x in out]


def _constant_scale(xp: Namespace, x: Value) -> Value:
    """The scale of the nodes does not change the integral: it needs no derivative."""
    return recorded(stop_gradient, x)


def _smaller(xp: Namespace, x: Value, y: Value) -> Value:
    return xp.where(xp.less(x, y), x, y)


def gamma_integral(xp: Namespace, a: Value, x: Value, weight: Weight) -> tuple[Any, Any]:
    """Return whether the lower tail is integrated, and its integral divided by K; for x > 0.

    With ``weight="a"`` it has the factor ``log(t) - ψ(a)``.
    """
    lower = xp.logical_or(xp.less(x, a), xp.less(x, 1.0))
    gap = xp.abs(xp.subtract(x, a))
    root = xp.sqrt(x)
    beyond = xp.logical_and(lower, xp.greater_equal(x, a))
    rate = xp.where(beyond, 0.0, gap)
    scale = 1 / xp.add(rate, xp.where(lower, _smaller(xp, a, root), root))
    scale = _along_nodes(xp, _constant_scale(xp, scale))
    steps = xp.multiply(scale, _constant(x, NODES))
    down = _along_nodes(xp, xp.where(lower, xp.full_like(x, -1.0), xp.full_like(x, 1.0)))
    steps = xp.multiply(steps, down)  # log(t / x)
    each_a, each_x = _along_nodes(xp, a), _along_nodes(xp, x)
    capped = _smaller(xp, steps, xp.full_like(steps, 80.0))  # exp(-x exp(80)) is 0
    exponent = xp.subtract(xp.multiply(each_a, capped), xp.multiply(each_x, xp.expm1(capped)))
    terms = xp.multiply(xp.exp(exponent), xp.multiply(scale, _constant(x, WEIGHTS)))
    if weight == "a":
        shift = xp.subtract(xp.log(each_x), _along_nodes(xp, recorded(digamma, a)))
        terms = xp.multiply(terms, xp.add(shift, capped))
    return lower, xp.sum(terms, axis=-1)


def beta_integral(
    xp: Namespace, a: Value, b: Value, x: Value, y: Value, weight: Weight
) -> tuple[Any, Any]:
    """Return whether the lower tail is integrated, and its integral divided by K; ``y = 1 - x``.

    ``K = x**a y**b / B(a, b)``. With ``weight="a"`` the integral has the factor
    ``log(t) - ψ(a) + ψ(a + b)``, with "b" ``log(1 - t) - ψ(b) + ψ(a + b)``.
    """
    total = xp.add(a, b)
    lower = xp.less_equal(xp.multiply(x, total), a)
    a0 = xp.where(lower, a, b)
    x0, y0 = xp.where(lower, x, y), xp.where(lower, y, x)
    spread = xp.sqrt(xp.multiply(total, xp.multiply(x0, y0)))
    rate = xp.abs(xp.subtract(a0, xp.multiply(total, x0)))
    scale = 1 / xp.add(rate, _smaller(xp, a0, spread))
    scale = _along_nodes(xp, _constant_scale(xp, scale))
    steps = xp.multiply(scale, _constant(x, NODES))
    rest = xp.log1p(xp.multiply(_along_nodes(xp, x0), xp.expm1(xp.negative(steps))))
    exponent = xp.add(
        xp.multiply(_along_nodes(xp, a0), steps), xp.multiply(_along_nodes(xp, total), rest)
    )
    measure = xp.multiply(scale, _constant(x, WEIGHTS))
    terms = xp.multiply(xp.exp(xp.negative(exponent)), measure)
    if weight != "one":
        parameter = a if weight == "a" else b
        shift = xp.subtract(recorded(digamma, total), recorded(digamma, parameter))
        own = lower if weight == "a" else xp.logical_not(lower)
        # log(t) of the tail's own variable, or of its complement
        zero = xp.equal(x0, 0)  # then its own variable has no weight
        log_x0 = xp.log(xp.where(zero, xp.ones_like(x0), x0))
        logs = xp.subtract(_along_nodes(xp, xp.where(own, log_x0, xp.log(y0))), rest)
        moved = xp.where(_along_nodes(xp, own), xp.subtract(logs, steps), logs)
        terms = xp.multiply(terms, xp.add(moved, _along_nodes(xp, shift)))
    return lower, xp.sum(terms, axis=-1)


def _infinite_edge(xp: Namespace, x: Value, p: Value, edge: Value) -> Value:
    """``x**p log(x)`` at x = 0: 0, with derivatives that are 0 or very large, but not NaN."""
    return xp.multiply(_power_at(xp, x, p, edge), xp.where(edge, xp.full_like(x, -1e38), 0.0))


def _power_at(xp: Namespace, x: Value, p: Value, edge: Value) -> Value:
    return xp.pow(xp.where(edge, x, xp.ones_like(x)), p)


def gammainc_by_a(xp: Namespace, a: Value, x: Value) -> Value:
    """The derivative of ``gammainc(a, x)`` by a."""
    a, x = together(xp, a, x)
    zero = xp.equal(x, 0)
    outside = xp.logical_or(zero, xp.isinf(x))
    inner = xp.where(outside, xp.ones_like(x), x)
    lower, integral = gamma_integral(xp, a, inner, "a")
    log_k = xp.subtract(recorded(xlogy, a, inner), xp.add(inner, recorded(gammaln, a)))
    out = xp.multiply(xp.exp(log_k), xp.where(lower, integral, xp.negative(integral)))
    return xp.where(outside, _infinite_edge(xp, x, a, zero), out)


def betainc_by(xp: Namespace, weight: Weight, a: Value, b: Value, x: Value) -> Value:
    """The derivative of ``betainc(a, b, x)`` by a or b."""
    a, b, x = together(xp, a, b, x)
    zero, one = xp.equal(x, 0), xp.equal(x, 1)
    outside = xp.logical_or(zero, one)
    inner = xp.where(outside, 0.5, x)
    lower, integral = beta_integral(xp, a, b, inner, 1 - inner, weight)
    powers = xp.add(recorded(xlogy, a, inner), recorded(xlog1py, b, xp.negative(inner)))
    log_beta = recorded(betaln, a, b)
    k = xp.exp(xp.subtract(powers, log_beta))
    out = xp.multiply(k, xp.where(lower, integral, xp.negative(integral)))
    # At the ends: x**a and (1 - x)**b, to first order.
    parameter, other = (a, b) if weight == "a" else (b, a)
    rate = xp.subtract(recorded(digamma, xp.add(a, b)), recorded(digamma, parameter))
    rate = xp.divide(xp.multiply(rate, xp.exp(xp.negative(log_beta))), other)
    own, end = (zero, one) if weight == "a" else (one, zero)
    at_own, at_end = (x, 1 - x) if weight == "a" else (1 - x, x)
    first = _infinite_edge(xp, at_own, parameter, own)
    second = xp.multiply(rate, _power_at(xp, at_end, other, end))
    second = xp.where(end, second, 0.0)
    edges = xp.subtract(first, second) if weight == "a" else xp.subtract(second, first)
    return xp.where(outside, edges, out)


def stdtr_by_df(xp: Namespace, df: Value, t: Value, density: Value) -> Value:
    """The derivative of ``stdtr(df, t)`` by df, from the density at t.

    ``stdtr = (1 + sign(t) betainc(1/2, df/2, y)) / 2`` with ``y = t**2 / (df + t**2)``, whose K is
    ``abs(t)`` times the density.
    """
    df, t, density = together(xp, df, t, density)
    outside = xp.logical_or(xp.isinf(df), xp.isinf(t))
    df, t = xp.where(outside, 1.0, df), xp.where(outside, 1.0, t)
    total = xp.add(df, xp.square(t))
    y, rest = xp.divide(xp.square(t), total), xp.divide(df, total)
    half = 0.5 * xp.ones_like(df)
    lower, integral = beta_integral(xp, half, 0.5 * df, y, rest, "b")
    rate = 0.25 * xp.where(lower, integral, xp.negative(integral))
    rate = xp.subtract(rate, xp.divide(half, df))
    return xp.where(outside, 0.0, xp.multiply(xp.multiply(t, density), rate))
