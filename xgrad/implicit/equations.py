"""Functions defined by an equation, differentiated by the implicit function theorem.

Where ``f(x, *args) = 0`` defines x, ``∂f/∂x dx + ∂f/∂args dargs = 0`` defines its derivative:
one linear system at the solution, independent of the iteration that result it. Both modes and
all orders follow (see Blondel and others, *Efficient and modular implicit differentiation*, 2022).
"""

import functools
from collections.abc import Callable
from typing import Any

import optree

from xgrad.backends.dtypes import is_differentiable
from xgrad.engine.dispatch import XG, wrap
from xgrad.engine.tensor import Tensor, lowest
from xgrad.errors import AutogradError
from xgrad.implicit.solvers import Goal, check, iterated, newton
from xgrad.ops.creation import as_tensor
from xgrad.ops.linalg.solving import solve as solve_linear
from xgrad.transforms.custom import custom_jvp
from xgrad.transforms.forward import jvp
from xgrad.transforms.jacobians import jacfwd
from xgrad.transforms.ravelling import raveller
from xgrad.transforms.trees import has_tensor, like_leaf, name_of, tracked_levels

__all__ = ["fixed_point", "root"]

Solver = Callable[..., Any]


def root(
    f: Callable[..., Any],
    solver: Solver | None = None,
    *,
    rtol: float | None = None,
    atol: float = 0.0,
    residual_rtol: float | None = None,
    residual_atol: float = 0.0,
    max_iterations: int = 100,
) -> Callable[..., Any]:
    """Return a function that solves ``f(x, *args) = 0`` for x, differentiable in ``args``.

    Parameters
    ----------
    f : callable
        Returns a value with the tree and the shapes of ``x``.
    solver : callable, optional
        ``solver(residual, start)`` returns x with ``residual(x)`` near 0. It is not
        differentiated, and its result is not checked. The default is Newton's method, with
        steps halved until the residual decreases.
    rtol, atol : float
        Tolerances of Newton's method for the last full step: no element may exceed
        ``atol + rtol * max(|x|)``. By default ``rtol`` is 1e-10, or 8 ulp in lower precision.
    residual_rtol, residual_atol : float
        Tolerances of Newton's method for the residual of each equation: it may not exceed
        ``residual_atol + residual_rtol * |∂f/∂x| |x|``, where the factor is the change of the
        equation when x changes. By default ``residual_rtol`` is ``rtol``.
    max_iterations : int

    Returns
    -------
    callable
        ``solve(start, *args)``. Pass all tensors that need gradients in ``args``.
        The derivative with respect to ``start`` is 0.

    Raises
    ------
    ConvergenceError
        If Newton's method does not reach the tolerances for the step and the residual, and
        rounding errors do not explain it.

    See Also
    --------
    xgrad.optimize.root : SciPy's solvers, outside of a differentiable computation.

    Examples
    --------
    >>> import xgrad as xg
    >>> square_root = xg.implicit.root(lambda x, a: x * x - a)
    >>> round(square_root(1.0, 4.0), 10), round(xg.grad(square_root, 1)(1.0, 4.0), 10)
    (2.0, 0.25)
    """
    if solver is None:
        check("root", max_iterations, rtol, atol, residual_rtol, residual_atol)
        goal = Goal(rtol, atol, rtol if residual_rtol is None else residual_rtol, residual_atol)
        solver = functools.partial(newton, goal=goal, max_iterations=max_iterations)
    return _solution("root", f, solver)


def fixed_point(
    f: Callable[..., Any],
    solver: Solver | None = None,
    *,
    rtol: float | None = None,
    atol: float = 1e-30,
    max_iterations: int = 1000,
) -> Callable[..., Any]:
    """Return a function that solves ``x = f(x, *args)`` for x, differentiable in ``args``.

    Parameters
    ----------
    f : callable
        Returns a value with the tree, the shapes and the dtypes of ``x``.
    solver : callable, optional
        ``solver(f, start)``, where ``f`` is a function of ``x`` alone. By default ``f`` is
        applied repeatedly.
    rtol, atol : float
        Largest distance of the last x from the solution: ``atol + rtol * max(|x|)``. The
        distance is estimated from the last change and the rate at which changes decrease. By
        default ``rtol`` is 1e-10, or 8 ulp in lower precision. If x tends to 0, set ``atol``.
    max_iterations : int

    Raises
    ------
    ConvergenceError
        If the tolerance is not reached.

    See Also
    --------
    xgrad.misc.fixed_points.fixed_point : HIPS/autograd's function.

    Examples
    --------
    >>> import xgrad as xg
    >>> solve = xg.implicit.fixed_point(lambda x, a: xg.cos(a * x))
    >>> round(solve(1.0, 1.0), 6), round(xg.grad(solve, 1)(1.0, 1.0), 6)
    (0.739085, -0.297474)
    """
    if solver is None:
        check("fixed_point", max_iterations, rtol, atol)
        goal = Goal(rtol, atol, 0.0, 0.0)
        solver = functools.partial(iterated, goal=goal, max_iterations=max_iterations)

    def residual(x: Any, *args: Any) -> Any:
        return optree.tree_map(XG.subtract, f(x, *args), x)

    residual.__name__ = name_of(f)
    return _solution("fixed_point", residual, solver, f)


def _solution(
    function: str, residual: Callable[..., Any], solver: Solver, iterated: Any = None
) -> Callable[..., Any]:
    name = f"{function} {name_of(residual)}"

    def solution(start: Any, *args: Any) -> Any:
        result = solver(lambda x: (iterated or residual)(x, *args), start)
        known = tracked_levels(start) | tracked_levels(args)
        for leaf in optree.tree_leaves(result):
            if not tracked_levels(leaf) <= known:
                raise AutogradError(
                    f"{name}: the function uses a tensor that needs gradients but is not one of "
                    "its arguments; pass it as one of *args to differentiate with respect to it"
                )
        return result

    solution.__name__ = name
    rule_for = custom_jvp(solution)

    @rule_for.defjvp
    def rule(primals: Any, tangents: Any) -> Any:
        start, *args = primals
        x = rule_for(start, *args)
        vector, unravel = raveller(x)

        def ravelled(v: Any, *others: Any) -> Any:
            return raveller(residual(unravel(v), *others))[0]

        matrix = jacfwd(lambda v: ravelled(v, *args))(vector)
        pushed = _pushed(lambda *others: ravelled(vector, *others), args, tangents[1:])
        return x, unravel(solve_linear(matrix, XG.negative(wrap(pushed))))

    @functools.wraps(residual)
    def solve(start: Any, *args: Any) -> Any:
        """Solve the equation from a starting point, for given arguments."""
        tensors = optree.tree_map(lambda x: as_tensor(x, like=(start, args)), start)
        for x in optree.tree_leaves(tensors):
            if not is_differentiable(lowest(x).dtype):
                raise TypeError(f"{name}: start must have a floating-point dtype, got {x.dtype}")
        result = rule_for(tensors, *args)
        if has_tensor(start, args):
            return result
        return optree.tree_map(like_leaf, result, start)

    return solve


def _pushed(f: Callable[..., Any], args: Any, tangents: Any) -> Any:
    """Push tangents through a function of trees, which may contain leaves other than arrays."""
    leaves, spec = optree.tree_flatten(tuple(args))
    directions = spec.flatten_up_to(tuple(tangents))
    positions = [
        i for i, x in enumerate(leaves) if type(x) is Tensor and is_differentiable(lowest(x).dtype)
    ]

    def of_tensors(*values: Any) -> Any:
        every = list(leaves)
        for i, x in zip(positions, values, strict=True):
            every[i] = x
        return f(*spec.unflatten(every))

    if not positions:
        return XG.zeros_like(f(*args))
    return jvp(of_tensors, [leaves[i] for i in positions], [directions[i] for i in positions])[1]
