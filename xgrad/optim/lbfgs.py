"""L-BFGS, with a line search for the strong Wolfe conditions."""

import math
from collections.abc import Callable, Iterable
from typing import Any

from xgrad.backends.dtypes import is_complex, real_dtype
from xgrad.backends.updates import State
from xgrad.engine.dispatch import XG
from xgrad.engine.levels import enable_grad, no_grad
from xgrad.engine.tensor import Tensor
from xgrad.nn.checks import whole, whole_of
from xgrad.ops.complex import abs
from xgrad.ops.creation import astype, zeros_like
from xgrad.ops.elementwise import add
from xgrad.ops.products import matmul
from xgrad.ops.reductions import max as max_
from xgrad.ops.reductions import sum
from xgrad.ops.shape import concat, reshape
from xgrad.optim.optimizer import Group, Optimizer

#: A point of a line search: step length, value, gradient, and slope along the line.
Point = tuple[float, float, Tensor, float]


class LBFGS(Optimizer):
    """Limited-memory BFGS (Nocedal, 1980; Nocedal and Wright, 2006, algorithm 7.4).

    ``step(closure)`` runs up to ``max_iter`` iterations; the closure clears the gradients,
    computes the loss, calls ``backward`` and returns the loss. It supports one parameter group.

    Parameters
    ----------
    params : iterable of Tensor
    lr : float
        The step length; with a line search, the first trial's step length.
    max_iter, max_eval : int
        Iterations, and calls of the closure (by default 1.25 times as many), in one step.
    tolerance_grad, tolerance_change : float
        Stop when the largest element of the gradient, or the change of parameters or loss, is
        at most this.
    history_size : int
    line_search_fn : {None, "strong_wolfe"}

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = xg.optim.LBFGS([w], max_iter=100, line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> first = optimizer.step(closure)
    >>> [round(x, 3) for x in w.tolist()]
    [1.0, 1.0]
    """

    _state_has_shapes = False  # one vector of all parameters

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if line_search_fn not in (None, "strong_wolfe"):
            raise ValueError(
                f"LBFGS: line_search_fn must be None or 'strong_wolfe', got {line_search_fn!r}"
            )
        whole_of("LBFGS", least=1, max_iter=max_iter, history_size=history_size)
        if max_eval is not None:
            whole("LBFGS", "max_eval", max_eval, 1)
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS: supports only one parameter group")

    @property
    def _params(self) -> list[Tensor]:
        return [p for p in self.param_groups[0]["params"] if p.requires_grad]

    def _gradient(self) -> Tensor:
        sign = -1.0 if self.param_groups[0]["maximize"] else 1.0
        return (
            _flat([zeros_like(p.detach()) if p.grad is None else p.grad for p in self._params])
            * sign
        )

    def _evaluate(self, closure: Callable[[], Any]) -> tuple[float, Any]:
        with enable_grad():
            loss = closure()
        value = float(loss.item() if hasattr(loss, "item") else loss)
        return (-value if self.param_groups[0]["maximize"] else value), loss

    def step(self, closure: Callable[[], Any] | None = None, *, skip: Tensor | None = None) -> Any:
        """Run iterations; return the initial loss."""
        if skip is not None:
            raise TypeError(
                "LBFGS: step() does not support skip: its iterations need finite gradients"
            )
        if closure is None:
            raise TypeError("LBFGS: step() needs a closure that computes the loss and its gradient")
        with no_grad():
            return self._run(closure)

    def _run(self, closure: Callable[[], Any]) -> Any:
        group, state = self.param_groups[0], self.state[0]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        if not self._params:
            raise ValueError("LBFGS: step() has nothing to do: no parameter needs gradients")
        loss, first = self._evaluate(closure)
        evaluations, iterations = 1, 0
        state["func_evals"] += 1
        gradient = self._gradient()
        before = state.get("prev_flat_grad")
        if (
            before is not None and before.shape != gradient.shape
        ):  # other parameters were frozen then
            state["n_iter"] = 0
        if _largest(gradient) <= group["tolerance_grad"]:
            return first
        while iterations < group["max_iter"]:
            iterations += 1
            state["n_iter"] += 1
            direction = self._direction(state, group, gradient)
            state["prev_flat_grad"], state["prev_loss"] = gradient, loss
            if state["n_iter"] == 1:
                length = min(1.0, 1.0 / sum(abs(gradient)).item()) * group["lr"]
            else:
                length = group["lr"]
            slope = _dot(gradient, direction)
            if slope > -group["tolerance_change"]:
                break
            start = _flat([p.detach() for p in self._params])
            calls = 0
            if group["line_search_fn"] == "strong_wolfe":

                def at(t: float, x: Tensor = start, d: Tensor = direction) -> tuple[float, Tensor]:
                    _write(x + t * d, self._params)
                    return self._evaluate(closure)[0], self._gradient()

                left = group["max_eval"] - evaluations
                loss, gradient, length, calls = strong_wolfe(
                    at, length, direction, loss, gradient, slope, max_trials=left
                )
                _write(start + length * direction, self._params)
            else:
                _write(start + length * direction, self._params)
                if iterations != group["max_iter"]:
                    loss, _ = self._evaluate(closure)
                    gradient = self._gradient()
                    calls = 1
            state["d"], state["t"] = direction, length
            evaluations += calls
            state["func_evals"] += calls
            if (
                iterations == group["max_iter"]
                or evaluations >= group["max_eval"]
                or _largest(gradient) <= group["tolerance_grad"]
                or _largest(direction * length) <= group["tolerance_change"]
                or math.fabs(loss - state["prev_loss"]) < group["tolerance_change"]
            ):
                break
        return first

    def _direction(self, state: State, group: Group, gradient: Tensor) -> Tensor:
        """Return minus the gradient times the approximate inverse Hessian."""
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -gradient
        steps, changes, inverses = state["old_stps"], state["old_dirs"], state["ro"]
        change = gradient - state["prev_flat_grad"]
        step = state["d"] * state["t"]
        curvature = _dot(change, step)
        if curvature > 1e-10:
            if len(steps) == group["history_size"]:
                for memory in (steps, changes, inverses):
                    memory.pop(0)
            changes.append(change)
            steps.append(step)
            inverses.append(1.0 / curvature)
            state["H_diag"] = curvature / _dot(change, change)
        direction: Tensor = -gradient
        weights = []
        for s, y, rho in zip(reversed(steps), reversed(changes), reversed(inverses), strict=True):
            weights.append(rho * _dot(s, direction))
            direction = direction - weights[-1] * y
        direction = direction * state["H_diag"]
        for s, y, rho in zip(steps, changes, inverses, strict=True):
            direction = direction + (weights.pop() - rho * _dot(y, direction)) * s
        return direction


def _flat(tensors: list[Tensor]) -> Tensor:
    """Return all elements as one real vector; complex numbers contribute both parts."""
    parts: list[Tensor] = []
    for x in tensors:
        halves = (XG.real(x), XG.imag(x)) if is_complex(x.dtype) else (x,)
        parts += [reshape(half, (-1,)) for half in halves]
    return concat(parts)


def _write(vector: Tensor, params: list[Tensor]) -> None:
    """Write a vector of `_flat` into parameters."""
    start = 0
    for p in params:
        count, pieces = math.prod(p.shape), []
        for _ in range(2 if is_complex(p.dtype) else 1):
            piece = reshape(vector[start : start + count], p.shape)
            pieces.append(astype(piece, real_dtype(p.dtype)))
            start += count
        p[...] = pieces[0] if len(pieces) == 1 else add(pieces[0], pieces[1] * 1j)


def _dot(x: Tensor, y: Tensor) -> float:
    return float(matmul(x, y).item())


def _largest(x: Tensor) -> float:
    return float(max_(abs(x)).item())


# -- the line search ---------------------------------------------------------------------------


def _cubic_minimum(a: Point, b: Point, low: float, high: float) -> float:
    """Return the minimizer, in an interval, of the cubic through two points with their slopes.

    Nocedal and Wright (2006), equation 3.59.
    """
    (x1, f1, _, g1), (x2, f2, _, g2) = (a, b) if a[0] <= b[0] else (b, a)
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    square = d1**2 - g1 * g2
    if square < 0:
        return (low + high) / 2
    d2 = math.sqrt(square)
    lowest = x2 - (x2 - x1) * ((g2 + d2 - d1) / (g2 - g1 + 2 * d2))
    return min(max(lowest, low), high)


def strong_wolfe(
    at: Callable[[float], tuple[float, Tensor]],
    length: float,
    direction: Tensor,
    loss: float,
    gradient: Tensor,
    slope: float,
    tolerance_change: float = 1e-9,
    c1: float = 1e-4,
    c2: float = 0.9,
    max_trials: int = 25,
) -> tuple[float, Tensor, float, int]:
    """Find a step with ``f(t) <= f(0) + c1 t f'(0)`` and ``|f'(t)| <= c2 |f'(0)|``.

    Nocedal and Wright (2006), algorithms 3.5 (bracketing) and 3.6 (zoom), with
    cubic interpolation. ``at(t)`` returns the value and the gradient.

    Returns
    -------
    loss, gradient, length, number of calls of ``at``
    """
    scale = _largest(direction)

    def trial(t: float) -> Point:
        value, g = at(t)
        return t, value, g, _dot(g, direction)

    def descends(p: Point) -> bool:
        return p[1] <= loss + c1 * p[0] * slope

    def is_flat(p: Point) -> bool:
        return math.fabs(p[3]) <= -c2 * slope

    previous: Point = (0.0, loss, gradient, slope)
    new, calls = trial(length), 1
    bracket: list[Point] = []
    converged = False
    for trials in range(max_trials):
        if not descends(new) or (trials > 1 and new[1] >= previous[1]):
            bracket = [previous, new]
        elif is_flat(new):
            bracket, converged = [new], True
        elif new[3] >= 0:
            bracket = [previous, new]
        if bracket:
            break
        t = new[0]
        low, high = t + 0.01 * (t - previous[0]), t * 10
        t = _cubic_minimum(previous, new, low, high)
        previous, new = new, trial(t)
        calls += 1
    else:
        bracket, trials = [(0.0, loss, gradient, slope), new], max_trials
    stuck = False
    best, worst = (0, 1) if bracket[0][1] <= bracket[-1][1] else (1, 0)
    while not converged and trials < max_trials:
        ends = bracket[0][0], bracket[1][0]
        low, high = min(ends), max(ends)
        if (high - low) * scale < tolerance_change:
            break
        t = _cubic_minimum(bracket[0], bracket[1], low, high)
        margin = 0.1 * (high - low)
        if min(high - t, t - low) < margin:  # close to an end twice: move away from it
            if stuck or t >= high or t <= low:
                t = high - margin if math.fabs(t - high) < math.fabs(t - low) else low + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        new = trial(t)
        calls += 1
        trials += 1
        if not descends(new) or new[1] >= bracket[best][1]:
            bracket[worst] = new
            best, worst = (0, 1) if bracket[0][1] <= bracket[1][1] else (1, 0)
        else:
            if is_flat(new):
                converged = True
            elif new[3] * (bracket[worst][0] - bracket[best][0]) >= 0:
                bracket[worst] = bracket[best]
            bracket[best] = new
    chosen = bracket[best] if len(bracket) > 1 else bracket[0]
    return chosen[1], chosen[2], chosen[0], calls
