"""Roots and minima found by SciPy, differentiated by the equation that they solve.

`scipy.optimize.elementwise.find_root` and ``find_minimum`` compute with the arrays that they are
called with, so that operations on a Tensor are recorded. But the derivative of their last step is
not that of the root: a bisection step does not depend on the function at all. So their drivers are
wrapped here, once SciPy is imported: the value is SciPy's, and the derivative is that of Newton
steps, each of which doubles the number of correct derivatives.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from xgrad.engine.tensor import Tensor, follower
from xgrad.interop.imports import when_imported
from xgrad.ops.creation import full_like, ones_like
from xgrad.ops.elementwise import divide, multiply, subtract
from xgrad.ops.selection import stop_gradient, where
from xgrad.transforms.custom import custom_jvp
from xgrad.transforms.forward import jvp

#: Derivatives up to order 7 are those of the solution, because each step doubles what is correct.
STEPS = 3

Function = Callable[..., Any]


@custom_jvp
def _with_derivative_of(value: Any, differentiated: Any, known: Any) -> Any:
    """Return a value with the derivative of another, NaN where that is not known."""
    return value


@_with_derivative_of.defjvp
def _rule(primals: Any, tangents: Any) -> Any:
    value, differentiated, known = primals
    factor = where(known, 1.0, full_like(differentiated, float("nan")))
    return _with_derivative_of(value, differentiated, known), multiply(tangents[1], factor)


def _slope(f: Function) -> Function:
    """Return the derivative of an elementwise function."""
    return lambda x: jvp(f, (x,), (ones_like(x),))[1]


def _newton(f: Function, x: Any) -> Any:
    """Return x after Newton steps, for the derivative of the root."""
    slope = _slope(f)
    for _ in range(STEPS):
        x = subtract(x, divide(f(x), slope(x)))
    return x


def _tracked(x: Any) -> bool:
    return type(x) is Tensor and follower(x) is not None


def _by_equation(driver: Function, equation: Callable[[Function], Function]) -> Function:
    """Return SciPy's driver, with results that are differentiated by their equation."""

    def driven(func: Function, *bracket: Any, args: Any = (), **options: Any) -> Any:
        result = driver(func, *bracket, args=args, **options)
        if not any(_tracked(value) for value in result.values()):
            return result
        rest = args if isinstance(args, tuple | list) else (args,)

        def f(x: Any) -> Any:
            return func(x, *rest)

        known = stop_gradient(result.success)
        start = stop_gradient(result.x)
        x = _newton(equation(f), start)
        never = full_like(known, fill_value=False)
        for name, value in result.items():
            if _tracked(value):  # the ends of the bracket are steps, too
                result[name] = _with_derivative_of(stop_gradient(value), x, never)
        result.x = _with_derivative_of(start, x, known)
        fun = f(result.x)
        result.fun = _with_derivative_of(stop_gradient(fun), fun, known)
        return result

    return driven


def _wrap_drivers(elementwise: ModuleType) -> None:
    equations = {"_chandrupatla": lambda f: f, "_chandrupatla_minimize": _slope}
    for name, equation in equations.items():
        if (driver := getattr(elementwise, name, None)) is not None:
            setattr(elementwise, name, _by_equation(driver, equation))


def bind_scipy() -> None:
    """Wrap SciPy's drivers, once they are imported."""
    when_imported("scipy.optimize._elementwise", _wrap_drivers)
