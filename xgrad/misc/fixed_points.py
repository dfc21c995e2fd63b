"""Fixed points with a parameter, under HIPS/autograd's name."""

from collections.abc import Callable
from typing import Any

from xgrad.implicit.equations import fixed_point as _fixed_point

__all__ = ["fixed_point"]


def __dir__() -> list[str]:
    return __all__


def fixed_point(
    f: Callable[[Any], Callable[[Any], Any]],
    a: Any,
    x0: Any,
    distance: Callable[[Any, Any], Any],
    tol: float,
) -> Any:
    """Return x with ``x = f(a)(x)``, differentiable in ``a``.

    Parameters
    ----------
    f : callable
        Takes the parameters; returns the function that is iterated.
    a
        The parameters, a pytree.
    x0
        The start.
    distance : callable
        ``distance(x, previous)``: the iteration stops when it is at most ``tol``.
    tol : float

    See Also
    --------
    xgrad.implicit.fixed_point : With tolerances, and several arguments.

    Notes
    -----
    The derivative is that of the solution (one linear system), whatever ``tol`` is. HIPS/autograd
    iterates for it, up to ``tol``.

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.misc.fixed_points import fixed_point
    >>> def root(a):
    ...     return fixed_point(
    ...         lambda a: lambda x: 0.5 * (x + a / x), a, 1.0, lambda x, y: abs(x - y), 1e-12
    ...     )
    >>> round(root(4.0), 9), round(xg.grad(root)(4.0), 9)
    (2.0, 0.25)
    """

    def iterate(step: Callable[[Any], Any], start: Any) -> Any:
        x, previous = step(start), start
        while distance(x, previous) > tol:
            x, previous = step(x), x
        return x

    return _fixed_point(lambda x, parameters: f(parameters)(x), iterate)(x0, a)
