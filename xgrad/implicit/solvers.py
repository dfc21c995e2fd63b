"""The iterations behind `xgrad.implicit`, and their convergence tests.

The iterations work on Tensors of the caller's level. Under `vmap` a number is a batched 0-d
Tensor: each example has its own steps and tolerances, and the iteration ends when all
examples have converged.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import optree

from xgrad.backends.dtypes import precision
from xgrad.engine.dispatch import XG, backend_below
from xgrad.engine.tensor import lowest
from xgrad.errors import ConvergenceError
from xgrad.ops.linalg.solving import solve as solve_linear
from xgrad.transforms.jacobians import jacfwd
from xgrad.transforms.ravelling import raveller

#: Rounding ends the progress at this many ulp of x, or of the terms of an equation.
_ROUNDING = 16
#: How often steps are halved before the residual counts as no longer decreasing.
_HALVINGS = 40
#: The rate at which changes decrease is the worst of this many ratios.
_RATIOS = 3
#: How often a fixed point is tested for changes by rounding only.
_WINDOW = 32


class Goal(NamedTuple):
    """Tolerances for x and for the residual; see `xgrad.implicit.root`."""

    rtol: float | None
    atol: float
    residual_rtol: float | None
    residual_atol: float

    def of(self, x: Any) -> "Goal":
        """Return the tolerances, with the defaults of a dtype."""
        default = max(1e-10, 8 * precision(lowest(x).dtype))
        rtol, residual_rtol = (
            default if given is None else given for given in (self.rtol, self.residual_rtol)
        )
        return Goal(rtol, self.atol, residual_rtol, self.residual_atol)


def check(function: str, max_iterations: int, *tolerances: float | None) -> None:
    """Raise for invalid tolerances and iteration counts."""
    if max_iterations < 1:
        raise ValueError(f"{function}: expected max_iterations >= 1, got {max_iterations}")
    for value in tolerances:
        if value is not None and not value >= 0:
            raise ValueError(f"{function}: a tolerance must not be negative or NaN, got {value}")


# -- sizes, of each example of a batch ---------------------------------------------------------


def _size(x: Any) -> Any:
    """Return the largest absolute value."""
    return XG.max(XG.abs(x))


def _within(x: Any, bound: Any) -> Any:
    """Whether no element exceeds a bound; NaN exceeds every bound."""
    return XG.logical_not(XG.any(XG.logical_not(XG.less_equal(XG.abs(x), bound))))


def _either(*conditions: Any) -> Any:
    return functools.reduce(XG.logical_or, conditions)


def _greater(x: Any, y: Any) -> Any:
    return XG.where(XG.greater(x, y), x, y)


def _all(x: Any) -> bool:
    """Whether a condition is true for every example."""
    raw = lowest(x)
    return bool(backend_below(raw).xp.all(raw))


def _worst(x: Any) -> float:
    """Return the largest value over all examples; NaN if there is one."""
    raw = lowest(x)
    return float(backend_below(raw).xp.max(raw))


# -- Newton's method ---------------------------------------------------------------------------


def newton(f: Callable[..., Any], start: Any, *, goal: Goal, max_iterations: int) -> Any:
    """Solve ``f(x) = 0``, with steps halved until the residual decreases.

    It has converged when the step and the residual are within their tolerances, and the last
    step decreased the residual as expected near a solution (not near a pole); or when
    the residual no longer decreases, and rounding explains it.
    """
    vector, unravel = raveller(start)

    def residual(v: Any) -> Any:
        return raveller(f(unravel(v)))[0]

    value = residual(vector)
    if value.shape != vector.shape:
        raise ValueError(
            f"root: x has {vector.size} element(s), but the function's value has {value.size}; "
            "there must be as many equations as unknowns"
        )
    if not vector.size:
        return unravel(vector)
    goal = goal.of(vector)
    ulp = _ROUNDING * precision(lowest(vector).dtype)
    size = _size(value)
    stuck = XG.less(size, 0.0)  # False for every example
    for count in range(max_iterations + 1):
        solved = XG.equal(size, 0.0)
        if _all(solved):
            return unravel(vector)
        jacobian = jacfwd(residual)(vector)
        step = _newton_step(jacobian, vector, value, solved, count)
        terms: Any = XG.matmul(XG.abs(jacobian), XG.abs(vector))
        reach = _size(vector)
        tried = vector - step
        new = residual(tried)
        new_size = _size(new)
        near = XG.logical_and(
            _within(step, goal.atol + goal.rtol * reach),
            _within(value, goal.residual_atol + goal.residual_rtol * terms),
        )
        rounded = XG.logical_or(
            _within(step, ulp * _greater(reach, XG.ones_like(reach))),
            _within(value, ulp * terms),
        )
        falls = XG.less_equal(new_size, 0.1 * size)
        arrived = _either(
            solved,
            XG.logical_and(near, XG.logical_or(falls, rounded)),
            XG.logical_and(stuck, rounded),
        )
        better = XG.less(new_size, size)
        ended = XG.logical_or(arrived, stuck)
        if count == max_iterations or _all(ended):
            break
        share = XG.where(better, 1.0, 0.5)
        for _ in range(_HALVINGS):
            if _all(XG.logical_or(better, ended)):
                break
            tried = vector - share * step
            new = residual(tried)
            new_size = _size(new)
            better = XG.less(new_size, size)
            share = XG.where(better, share, 0.5 * share)
        vector = XG.where(better, tried, vector)
        value = XG.where(better, new, value)
        size = XG.where(better, new_size, size)
        stuck = XG.logical_not(better)
    if _all(arrived):
        return unravel(XG.where(better, tried, vector))
    size, step, reach = (XG.where(arrived, 0.0, x) for x in (size, _size(step), reach))
    raise ConvergenceError(
        f"root: the residual is {_worst(size):.3g} after {count} iterations of Newton's method"
        f"{'' if count == max_iterations else ', and no longer decreases'}; the next step would be "
        f"{_worst(step):.3g} for x of {_worst(reach):.3g} (rtol={goal.rtol:.3g}, "
        f"atol={goal.atol:.3g}, residual_rtol={goal.residual_rtol:.3g}, "
        f"residual_atol={goal.residual_atol:.3g}); start closer to the solution, raise "
        "max_iterations or the tolerances, or pass your own solver"
    )


def _newton_step(jacobian: Any, vector: Any, value: Any, solved: Any, count: int) -> Any:
    """Solve for the step; it is 0 for examples that are solved, whatever their Jacobian."""
    if not _all(XG.logical_not(solved)):
        identity = jacfwd(lambda v: v + 0)(vector)
        jacobian = XG.where(solved, identity, jacobian)
    try:
        return solve_linear(jacobian, value)
    except (ValueError, RuntimeError) as error:  # with JAX the steps are not finite instead
        if not type(error).__name__.endswith("LinAlgError"):
            raise
        raise ConvergenceError(
            f"root: the Jacobian is singular after {count} iterations of Newton's method, where "
            f"the residual is {_worst(_size(value)):.3g}; start elsewhere, or pass your own "
            "solver"
        ) from error


# -- iteration ---------------------------------------------------------------------------------


def iterated(f: Callable[..., Any], start: Any, *, goal: Goal, max_iterations: int) -> Any:
    """Solve ``x = f(x)`` by applying f until the remaining error is within the tolerance.

    If changes decrease by a factor L each time, the remaining error is ``L / (1 - L)`` times the
    last change. If they no longer decrease, x may change by rounding only.
    """
    x, flat = start, raveller(start)[0]
    if not flat.size:
        return start
    goal = goal.of(flat)
    ulp = _ROUNDING * precision(lowest(flat).dtype)
    anchor, before = flat, None
    ratios: list[Any] = []
    for count in range(1, max_iterations + 1):
        new = f(x)
        _check_form(new, x)
        moved = raveller(new)[0]
        change, reach = _size(moved - flat), _size(moved)
        if before is not None:
            ratios = [*ratios[1 - _RATIOS :], change / XG.where(XG.equal(before, 0.0), 1.0, before)]
        arrived = XG.equal(change, 0.0)
        if ratios:
            factor = functools.reduce(_greater, ratios)
            left = change * factor
            bound = (goal.atol + goal.rtol * reach) * (1 - factor)
            arrived = XG.logical_or(
                arrived, XG.logical_and(XG.less(factor, 1.0), XG.less_equal(left, bound))
            )
        if count % _WINDOW == 0:
            wanders = XG.logical_and(
                _within(moved - anchor, ulp * reach), XG.less_equal(change, ulp * reach)
            )
            arrived = XG.logical_or(arrived, wanders)
            anchor = moved
        x, flat, before = new, moved, change
        if _all(arrived):
            return x
        if not math.isfinite(_worst(change)):
            break
    raise ConvergenceError(
        f"fixed_point: x still changes by {_worst(change):.3g} after {count} iterations, at x of "
        f"{_worst(reach):.3g} (rtol={goal.rtol:.3g}, atol={goal.atol:.3g}); the function may be "
        "not a contraction there: try xgrad.implicit.root, or raise max_iterations or the "
        "tolerances (atol, if x tends to 0)"
    )


def _check_form(new: Any, x: Any) -> None:
    """Raise unless the function's value has the tree and the shapes of its argument."""
    form, expected = (
        optree.tree_map(lambda leaf: tuple(getattr(leaf, "shape", ())), tree) for tree in (new, x)
    )
    if form != expected:
        raise ValueError(
            f"fixed_point: the function's value must have the tree and the shapes of x, "
            f"{expected}; got {form}"
        )
