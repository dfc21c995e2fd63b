"""Minimization, least squares and root finding with SciPy."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xgrad.backends.dtypes import precision
from xgrad.engine.levels import no_grad
from xgrad.ops.creation import as_tensor
from xgrad.optimize.problem import Problem, flat, scipy, solved
from xgrad.transforms.jacobians import hessian, hvp, jacfwd, jacrev
from xgrad.transforms.reverse import value_and_grad
from xgrad.transforms.trees import name_of

__all__ = ["least_squares", "minimize", "root"]

#: SciPy's methods that take Hessian products, take Hessians, or do not use gradients.
_WITH_HESSP = {"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"}
_WITH_HESS = {"dogleg", "trust-exact"}
_WITHOUT_GRADIENT = {"nelder-mead", "powell", "cobyla", "cobyqa"}


def _reporter(
    problem: Problem, callback: Callable[[Any], Any] | None, progress: bool, name: str
) -> tuple[Callable[..., Any] | None, Callable[[], None]]:
    """Return SciPy's callback, and the function that closes the progress bar."""
    if callback is None and not progress:
        return None, lambda: None
    bar: Any = None
    if progress:
        from tqdm import tqdm

        bar = tqdm(desc=name, unit=" steps")

    def report(*args: Any, **keywords: Any) -> Any:
        result = keywords.get("intermediate_result", args[0] if args else None)
        vector = getattr(result, "x", result)
        if bar is not None:
            bar.update()
            value = getattr(result, "fun", None)
            if value is not None:
                bar.set_postfix_str(f"value={float(value):.6g}")
        return None if callback is None else callback(problem.tree(vector))

    return report, bar.close if bar is not None else lambda: None


def _constraint(problem: Problem, constraint: Any) -> Any:
    """Add the Jacobian to a constraint in SciPy's dictionary form."""
    if not isinstance(constraint, Mapping):
        return constraint
    f = constraint["fun"]

    def of_vector(v: Any) -> Any:
        return flat(f(problem.unravel(v), *constraint.get("args", ())))

    return {
        "type": constraint["type"],
        "fun": lambda v: problem.on_host(of_vector(problem.vector(v))),
        "jac": lambda v: problem.on_host(jacrev(of_vector)(problem.vector(v))),
    }


def minimize(
    f: Callable[..., Any],
    params: Any,
    method: str = "BFGS",
    *,
    args: Sequence[Any] = (),
    bounds: Any = None,
    constraints: Any = (),
    callback: Callable[[Any], Any] | None = None,
    progress: bool = False,
    tol: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Any:
    """Minimize ``f(params, *args)`` with a method of `scipy.optimize.minimize`.

    xgrad computes the gradient, and the Hessian or its products if the method uses them.

    Parameters
    ----------
    f : callable
        Returns one real number.
    params : tree
        The starting point.
    method : str
        A method of SciPy: "BFGS", "L-BFGS-B", "CG", "Newton-CG", "trust-ncg", "SLSQP"...
    args : sequence
        Further arguments, treated as constants.
    bounds : (tree, tree), optional
        Lower and upper bounds: trees like ``params``, or numbers for all elements.
    constraints : dict or sequence of dicts
        As in SciPy, ``{"type": "eq" or "ineq", "fun": g}``; ``g`` takes the tree.
    callback : callable, optional
        ``callback(params)`` after every step.
    progress : bool
        Whether to show a progress bar.
    tol, options
        Passed to SciPy.

    Returns
    -------
    scipy.optimize.OptimizeResult
        ``x`` is a tree like ``params``.

    Examples
    --------
    >>> import xgrad as xg
    >>> def f(p):
    ...     return (p["a"] - 3) ** 2 + p["b"] ** 2
    >>> result = xg.optimize.minimize(f, {"a": 0.0, "b": 1.0})
    >>> result.success, round(result.x["a"], 5)
    (True, 3.0)
    """
    problem = Problem("minimize", params)

    def of_vector(v: Any) -> Any:
        return f(problem.unravel(v), *args)

    def value_and_gradient(v: Any) -> Any:
        value, gradient = problem.call(with_gradient, v)
        return float(problem.on_host(value)), problem.on_host(gradient)

    of_vector.__name__ = name_of(f)
    with_gradient = value_and_grad(of_vector)
    kind = method.lower()
    extra: dict[str, Any] = {"jac": True}
    function: Any = value_and_gradient
    if kind in _WITHOUT_GRADIENT:
        extra = {}

        def function(v: Any) -> float:
            return float(problem.on_host(as_tensor(problem.call(of_vector, v))))

    if kind in _WITH_HESSP:
        extra["hessp"] = lambda v, t: problem.on_host(
            hvp(of_vector, (problem.vector(v),), (problem.vector(t),))
        )
    if kind in _WITH_HESS:
        extra["hess"] = lambda v: problem.on_host(hessian(of_vector)(problem.vector(v)))
    if bounds is not None:
        extra["bounds"] = _bounds(problem, bounds)
    if constraints:
        listed = [constraints] if isinstance(constraints, Mapping) else constraints
        extra["constraints"] = [_constraint(problem, c) for c in listed]
    report, close = _reporter(problem, callback, progress, f"minimize, {method}")
    if report is not None:
        extra["callback"] = _with_intermediate_result(report) if kind != "trust-constr" else report
    try:
        with no_grad():
            result = solved(
                "minimize", method, fun=function, x0=problem.start, tol=tol, options=options,
                **extra,
            )  # fmt: skip
    finally:
        close()
    result.x = problem.tree(result.x)
    return result


def _with_intermediate_result(report: Callable[..., Any]) -> Callable[..., Any]:
    def callback(intermediate_result: Any) -> Any:
        return report(intermediate_result)

    return callback


def _bounds(problem: Problem, bounds: Any) -> Any:
    """Return bounds (lower, upper), each a tree or a number, in SciPy's form."""
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise TypeError("minimize: bounds must be a pair (lower, upper) of trees or numbers")
    sides: list[list[float]] = []
    for side in bounds:
        one = isinstance(side, int | float)
        leaves = [side] * len(problem.leaves) if one else problem.spec.flatten_up_to(side)
        values: list[float] = []
        for x, leaf in zip(leaves, problem.leaves, strict=True):
            bound = as_tensor(x).detach().numpy().ravel().tolist()
            size = math.prod(getattr(leaf, "shape", ()))
            if len(bound) not in (1, size):
                raise ValueError(
                    f"minimize: got bounds of {len(bound)} values for a parameter of {size}"
                )
            values.extend(bound * size if len(bound) == 1 else bound)
        sides.append(values)
    return scipy().Bounds(*sides)


def least_squares(
    f: Callable[..., Any],
    params: Any,
    *,
    args: Sequence[Any] = (),
    bounds: Any = None,
    callback: Callable[[Any], Any] | None = None,
    **options: Any,
) -> Any:
    """Minimize the sum of squares of ``f(params, *args)`` with `scipy.optimize.least_squares`.

    The Jacobian uses forward mode if there are at most as many parameters as residuals, and
    reverse mode otherwise.

    Parameters
    ----------
    f : callable
        Returns the residuals, a tree of arrays.
    params, args, bounds, callback
        As in `minimize`.
    **options
        Passed to SciPy: ``method``, ``loss``, ``ftol``, ``max_nfev``...

    Returns
    -------
    scipy.optimize.OptimizeResult
        ``x`` is a tree like ``params``; ``fun`` and ``jac`` are arrays on the host.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> t = np.linspace(0, 1, 20)
    >>> y = 2 * np.exp(-3 * t)
    >>> result = xg.optimize.least_squares(
    ...     lambda p: p["a"] * xg.exp(-p["k"] * t) - y, {"a": 1.0, "k": 1.0})
    >>> round(result.x["a"], 6), round(result.x["k"], 6)
    (2.0, 3.0)
    """
    problem = Problem("least_squares", params)

    def of_vector(v: Any) -> Any:
        return flat(f(problem.unravel(v), *args))

    def jacobian(v: Any) -> Any:
        transform = jacfwd if len(v) <= counts[0] else jacrev
        return problem.on_host(transform(of_vector)(problem.vector(v)))

    def residuals(v: Any) -> Any:
        result = problem.on_host(problem.call(of_vector, v))
        counts[:] = [len(result)]
        return result

    counts = [0]
    if bounds is not None:
        options["bounds"] = _bounds(problem, bounds)
    if callback is not None:
        options["callback"] = lambda intermediate_result: callback(
            problem.tree(intermediate_result.x)
        )
    with no_grad():
        result = scipy().least_squares(residuals, problem.start, jac=jacobian, **options)
    result.x = problem.tree(result.x)
    return result


def root(
    f: Callable[..., Any],
    params: Any,
    method: str = "hybr",
    *,
    args: Sequence[Any] = (),
    tol: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Any:
    """Solve ``f(params, *args) = 0`` with `scipy.optimize.root`, with the Jacobian from xgrad.

    `xgrad.implicit.root` solves an equation as part of a differentiable computation.

    Parameters
    ----------
    f : callable
        Returns a value with as many elements as ``params``.
    params, args, tol, options
        As in `minimize`.
    method : str
        "hybr" and "lm" use the Jacobian; SciPy's other methods do not.

    Returns
    -------
    scipy.optimize.OptimizeResult
        ``x`` is a tree like ``params``. Some methods report success where they make no further
        progress, or where the residual is small compared with the initial one. Here ``success``
        is False unless ``x`` is a root, and ``message`` explains why.

    See Also
    --------
    xgrad.implicit.root : Solves an equation as part of a differentiable computation.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> result = xg.optimize.root(lambda x: x**2 - np.asarray([2.0, 9.0]), np.asarray([1.0, 1.0]))
    >>> result.x
    array([1.41421356, 3.        ])
    """
    problem = Problem("root", params)

    def of_vector(v: Any) -> Any:
        return flat(f(problem.unravel(v), *args))

    def jacobian(v: Any) -> Any:
        return problem.on_host(jacfwd(of_vector)(problem.vector(v)))

    with no_grad():
        result = solved(
            "root", method, fun=lambda v: problem.on_host(problem.call(of_vector, v)),
            x0=problem.start, jac=jacobian if method in ("hybr", "lm") else None,
            tol=tol, options=None if options is None else dict(options),
        )  # fmt: skip
        if result.success and not _is_root(problem, result.x, result.fun, jacobian, tol):
            result.success = False
            result.message = (
                f"root: {method} ended where the residual is {abs(result.fun).max():.3g}, which is "
                f"not a root ({result.message})"
            )
    result.x = problem.tree(result.x)
    return result


def _is_root(
    problem: Problem, x: Any, value: Any, jacobian: Callable[[Any], Any], tol: float | None
) -> bool:
    """Whether a residual is small compared with the terms of its equation, or with 1."""
    tolerance = max(tol or 0.0, 1e-6, 1e3 * precision(problem.model.dtype))
    terms = abs(jacobian(x)) @ abs(x.reshape(-1))
    residual = abs(value.reshape(-1))
    return bool(((residual <= tolerance * terms) | (residual <= tolerance)).all())
