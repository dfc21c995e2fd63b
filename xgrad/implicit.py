"""Functions that are defined by an equation, differentiated by the implicit function theorem.

Where ``f(x, *args) = 0`` defines x, ``∂f/∂x dx + ∂f/∂args dargs = 0`` gives its derivative:
one linear system at the solution, whatever the iteration that found it. Both modes and all
orders follow (see Blondel and others, *Efficient and modular implicit differentiation*, 2022).
"""

import functools
from collections.abc import Callable
from typing import Any

import optree

from xgrad.backends.dtypes import is_differentiable
from xgrad.engine.dispatch import XG, backend_below, wrap
from xgrad.engine.levels import Level
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.errors import AutogradError, ConvergenceError
from xgrad.ops.creation import asarray
from xgrad.ops.linalg.solving import solve as solve_linear
from xgrad.transforms.custom import custom_jvp
from xgrad.transforms.forward import jvp
from xgrad.transforms.jacobians import jacfwd
from xgrad.transforms.ravelling import raveller
from xgrad.transforms.trees import has_tensor, like_leaf, name_of

__all__ = ["fixed_point", "root"]

Solver = Callable[..., Any]


def root(
    f: Callable[..., Any],
    solver: Solver | None = None,
    *,
    tolerance: float = 1e-10,
    max_iterations: int = 100,
) -> Callable[..., Any]:
    """Return the function that solves ``f(x, *args) = 0`` for x, differentiable by ``args``.

    Parameters
    ----------
    f : callable
        Its value has the tree and the shapes of ``x``.
    solver : callable, optional
        ``solver(residual, start)`` returns x with ``residual(x)`` near 0; nothing is
        differentiated through it. Newton's method by default, with steps halved until the
        residual falls.
    tolerance : float
        Of Newton's method: of the greatest residual, relative to the greatest at the start
        where that is above 1.
    max_iterations : int

    Returns
    -------
    callable
        ``solve(start, *args)``. All tensors that need gradients are to be among ``args``.
        The derivative by ``start`` is 0.

    Raises
    ------
    ConvergenceError
        If Newton's method does not reach the tolerance.

    Examples
    --------
    >>> import xgrad as xg
    >>> square_root = xg.implicit.root(lambda x, a: x * x - a)
    >>> round(square_root(1.0, 4.0), 10), round(xg.grad(square_root, 1)(1.0, 4.0), 10)
    (2.0, 0.25)
    """
    if solver is None:
        solver = functools.partial(_newton, tolerance=tolerance, max_iterations=max_iterations)
    return _solution("root", f, solver)


def fixed_point(
    f: Callable[..., Any],
    solver: Solver | None = None,
    *,
    tolerance: float = 1e-10,
    max_iterations: int = 1000,
) -> Callable[..., Any]:
    """Return the function that solves ``x = f(x, *args)`` for x, differentiable by ``args``.

    Parameters are those of `root`; a solver gets the function of ``x`` alone,
    ``solver(f, start)``. By default ``f`` is applied again and again, until no element of x
    changes by more than ``tolerance`` (times its greatest, where that is above 1).

    Examples
    --------
    >>> import xgrad as xg
    >>> solve = xg.implicit.fixed_point(lambda x, a: xg.cos(a * x))
    >>> round(solve(1.0, 1.0), 6), round(xg.grad(solve, 1)(1.0, 1.0), 6)
    (0.739085, -0.297474)
    """
    if solver is None:
        solver = functools.partial(_iterated, tolerance=tolerance, max_iterations=max_iterations)

    def residual(x: Any, *args: Any) -> Any:
        return optree.tree_map(XG.subtract, f(x, *args), x)

    residual.__name__ = name_of(f)
    return _solution("fixed_point", residual, solver, f)


def _solution(
    function: str, residual: Callable[..., Any], solver: Solver, iterated: Any = None
) -> Callable[..., Any]:
    name = f"{function} {name_of(residual)}"

    def solution(start: Any, *args: Any) -> Any:
        found = solver(lambda x: (iterated or residual)(x, *args), start)
        known = _levels(start) | _levels(args)
        for leaf in optree.tree_leaves(found):
            if not _levels(leaf) <= known:
                raise AutogradError(
                    f"{name}: the function uses a tensor that needs gradients and is none of its "
                    "arguments; pass it as one of *args, so that it can be differentiated by"
                )
        return found

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
        """Solve the equation, from a start, for some arguments."""
        tensors = optree.tree_map(asarray, start)
        found = rule_for(tensors, *args)
        if has_tensor(start, args):
            return found
        return optree.tree_map(like_leaf, found, start)

    return solve


def _pushed(f: Callable[..., Any], args: Any, tangents: Any) -> Any:
    """Push tangents through a function of trees that may hold anything beside arrays."""
    leaves, spec = optree.tree_flatten(tuple(args))
    directions = spec.flatten_up_to(tuple(tangents))
    places = [
        i for i, x in enumerate(leaves) if type(x) is Tensor and is_differentiable(lowest(x).dtype)
    ]

    def of_tensors(*values: Any) -> Any:
        every = list(leaves)
        for i, x in zip(places, values, strict=True):
            every[i] = x
        return f(*spec.unflatten(every))

    if not places:
        return XG.zeros_like(f(*args))
    return jvp(of_tensors, [leaves[i] for i in places], [directions[i] for i in places])[1]


def _levels(tree: Any) -> set[Level]:
    """Return the levels that the leaves of a tree are tracked at."""
    found = set()
    for x in optree.tree_leaves(tree):
        x = stripped(x)
        while type(x) is Tensor:
            found.add(x.level)
            x = stripped(x.value)
    return found


# -- the solvers -------------------------------------------------------------------------------


def _greatest(x: Any) -> float:
    """Return the greatest absolute value, over a whole batch, as a number."""
    raw = lowest(x)
    xp = backend_below(raw).xp
    return float(xp.max(xp.abs(raw))) if raw.size else 0.0


def _newton(f: Callable[..., Any], start: Any, *, tolerance: float, max_iterations: int) -> Any:
    vector, unravel = raveller(start)

    def residual(v: Any) -> Any:
        return raveller(f(unravel(v)))[0]

    value = residual(vector)
    if value.shape != vector.shape:
        raise ValueError(
            f"root: x has {vector.size} element(s), and the function's value {value.size}; there "
            "must be as many equations as unknowns"
        )
    size = _greatest(value)
    wanted = tolerance * max(1.0, size)
    for _ in range(max_iterations):
        if size <= wanted:
            return unravel(vector)
        step = solve_linear(jacfwd(residual)(vector), value)
        share = 1.0
        while True:
            tried = vector - step * share
            value = residual(tried)
            found = _greatest(value)
            if found < size or share < 1e-4:
                break
            share *= 0.5
        vector, size = tried, found
    if size <= wanted:
        return unravel(vector)
    raise ConvergenceError(
        f"root: the residual is {size:.3g} after {max_iterations} iterations of Newton's method, "
        f"above {wanted:.3g}; start nearer to the solution, or pass a solver of your own"
    )


def _iterated(f: Callable[..., Any], start: Any, *, tolerance: float, max_iterations: int) -> Any:
    x = start
    change = float("inf")
    for _ in range(max_iterations):
        new = f(x)
        change = max(
            _greatest(wrap(stripped(a)) - b) / max(1.0, _greatest(a))
            for a, b in zip(optree.tree_leaves(new), optree.tree_leaves(x), strict=True)
        )
        x = new
        if change <= tolerance:
            return x
    raise ConvergenceError(
        f"fixed_point: x still changes by {change:.3g} after {max_iterations} iterations, above "
        f"{tolerance:.3g}; the function may be no contraction there: try xgrad.implicit.root"
    )
