"""Minimizing, fitting, and solving by SciPy."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xgrad.backends.dtypes import precision
from xgrad.engine.levels import no_grad
from xgrad.ops.creation import as_tensor
from xgrad.optimize.problem import Problem, flat, scipy
from xgrad.transforms.jacobians import hessian, hvp, jacfwd, jacrev
from xgrad.transforms.reverse import value_and_grad
from xgrad.transforms.trees import name_of

__all__ = ["least_squares", "minimize", "root"]

#: What SciPy's methods want beside the gradient.
_WITH_HESSP = {"newton-cg", "trust-ncg", "trust-krylov", "trust-constr"}
_WITH_HESS = {"dogleg", "trust-exact"}
_WITHOUT_GRADIENT = {"nelder-mead", "powell", "cobyla", "cobyqa"}


def _reporter(
    problem: Problem, callback: Callable[[Any], Any] | None, progress: bool, name: str
) -> tuple[Callable[..., Any] | None, Callable[[], None]]:
    """Return SciPy's callback, and what closes the progress bar."""
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


def _constraint(problem: Problem, given: Any) -> Any:
    """Add the Jacobian to a constraint in SciPy's dictionary form."""
    if not isinstance(given, Mapping):
        return given
    f = given["fun"]

    def of_vector(v: Any) -> Any:
        return flat(f(problem.unravel(v), *given.get("args", ())))

    return {
        "type": given["type"],
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
    """Minimise ``f(params, *args)`` with a method of `scipy.optimize.minimize`.

    The gradient, and the Hessian or its products where the method takes them, come from xgrad.

    Parameters
    ----------
    f : callable
        Returns one real number.
    params : tree
        Where to start.
    method : str
        A name of SciPy's: "BFGS", "L-BFGS-B", "CG", "Newton-CG", "trust-ncg", "SLSQP"...
    args : sequence
        Further arguments, which are constants.
    bounds : (tree, tree), optional
        The least and the greatest values: trees like ``params``, or numbers for all.
    constraints : dict or sequence of dicts
        As SciPy's, ``{"type": "eq" or "ineq", "fun": g}``; ``g`` takes the tree.
    callback : callable, optional
        ``callback(params)`` after every step.
    progress : bool
        Show a progress bar.
    tol, options
        SciPy's.

    Returns
    -------
    scipy.optimize.OptimizeResult
        ``x`` is a tree like ``params``.

    Examples
    --------
    >>> import xgrad as xg
    >>> def f(p):
    ...     return (p["a"] - 3) ** 2 + p["b"] ** 2
    >>> found = xg.optimize.minimize(f, {"a": 0.0, "b": 1.0})
    >>> found.success, round(found.x["a"], 5)
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
        given = [constraints] if isinstance(constraints, Mapping) else constraints
        extra["constraints"] = [_constraint(problem, c) for c in given]
    report, close = _reporter(problem, callback, progress, f"minimize, {method}")
    if report is not None:
        extra["callback"] = _with_intermediate_result(report) if kind != "trust-constr" else report
    try:
        with no_grad():
            found = scipy().minimize(
                function, problem.start, method=method, tol=tol, options=options, **extra
            )
    finally:
        close()
    found.x = problem.tree(found.x)
    return found


def _with_intermediate_result(report: Callable[..., Any]) -> Callable[..., Any]:
    def callback(intermediate_result: Any) -> Any:
        return report(intermediate_result)

    return callback


def _bounds(problem: Problem, bounds: Any) -> Any:
    """Return (least, greatest), each a tree or a number, in SciPy's form."""
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        raise TypeError("minimize: bounds are a pair (least, greatest) of trees or numbers")
    sides: list[list[float]] = []
    for side in bounds:
        one = isinstance(side, int | float)
        leaves = [side] * len(problem.leaves) if one else problem.spec.flatten_up_to(side)
        values: list[float] = []
        for x, leaf in zip(leaves, problem.leaves, strict=True):
            given = as_tensor(x).detach().numpy().ravel().tolist()
            size = math.prod(getattr(leaf, "shape", ()))
            if len(given) not in (1, size):
                raise ValueError(
                    f"minimize: bounds of {len(given)} values for a parameter of {size}"
                )
            values.extend(given * size if len(given) == 1 else given)
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
    """Minimise the sum of squares of ``f(params, *args)`` by `scipy.optimize.least_squares`.

    The Jacobian comes from forward mode where there are no more parameters than residuals,
    from reverse mode otherwise.

    Parameters
    ----------
    f : callable
        Returns the residuals, a tree of arrays.
    params, args, bounds, callback
        As in `minimize`.
    **options
        SciPy's: ``method``, ``loss``, ``ftol``, ``max_nfev``...

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
    >>> found = xg.optimize.least_squares(
    ...     lambda p: p["a"] * xg.exp(-p["k"] * t) - y, {"a": 1.0, "k": 1.0})
    >>> round(found.x["a"], 6), round(found.x["k"], 6)
    (2.0, 3.0)
    """
    problem = Problem("least_squares", params)

    def of_vector(v: Any) -> Any:
        return flat(f(problem.unravel(v), *args))

    def jacobian(v: Any) -> Any:
        transform = jacfwd if len(v) <= counts[0] else jacrev
        return problem.on_host(transform(of_vector)(problem.vector(v)))

    def residuals(v: Any) -> Any:
        found = problem.on_host(problem.call(of_vector, v))
        counts[:] = [len(found)]
        return found

    counts = [0]
    if bounds is not None:
        options["bounds"] = _bounds(problem, bounds)
    if callback is not None:
        options["callback"] = lambda intermediate_result: callback(
            problem.tree(intermediate_result.x)
        )
    with no_grad():
        found = scipy().least_squares(residuals, problem.start, jac=jacobian, **options)
    found.x = problem.tree(found.x)
    return found


def root(
    f: Callable[..., Any],
    params: Any,
    method: str = "hybr",
    *,
    args: Sequence[Any] = (),
    tol: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Any:
    """Solve ``f(params, *args) = 0`` by `scipy.optimize.root`, with the Jacobian from xgrad.

    `xgrad.implicit.root` solves an equation as part of a differentiable computation.

    Parameters
    ----------
    f : callable
        Its value has as many elements as ``params``.
    params, args, tol, options
        As in `minimize`.
    method : str
        "hybr" or "lm" use the Jacobian; the others of SciPy's go without.

    Returns
    -------
    scipy.optimize.OptimizeResult
        ``x`` is a tree like ``params``. Some methods end, and call it a success, where they
        get no further, or where the residual is small beside that of the start:
        here ``success`` is False unless ``x`` is a root, and ``message`` says so.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> found = xg.optimize.root(lambda x: x**2 - np.asarray([2.0, 9.0]), np.asarray([1.0, 1.0]))
    >>> found.x
    array([1.41421356, 3.        ])
    """
    problem = Problem("root", params)

    def of_vector(v: Any) -> Any:
        return flat(f(problem.unravel(v), *args))

    def jacobian(v: Any) -> Any:
        return problem.on_host(jacfwd(of_vector)(problem.vector(v)))

    with no_grad():
        found = scipy().root(
            lambda v: problem.on_host(problem.call(of_vector, v)), problem.start,
            method=method, jac=jacobian if method in ("hybr", "lm") else None,
            tol=tol, options=None if options is None else dict(options),
        )  # fmt: skip
        if found.success and not _is_root(problem, found.x, found.fun, jacobian, tol):
            found.success = False
            found.message = (
                f"root: {method} ended where the residual is {abs(found.fun).max():.3g}, which is "
                f"no root ({found.message})"
            )
    found.x = problem.tree(found.x)
    return found


def _is_root(
    problem: Problem, x: Any, value: Any, jacobian: Callable[[Any], Any], tol: float | None
) -> bool:
    """Whether a residual is small beside what its equation's terms are, or beside 1."""
    wanted = max(tol or 0.0, 1e-6, 1e3 * precision(problem.model.dtype))
    terms = abs(jacobian(x)) @ abs(x.reshape(-1))
    residual = abs(value.reshape(-1))
    return bool(((residual <= wanted * terms) | (residual <= wanted)).all())
