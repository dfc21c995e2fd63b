"""Functions in SciPy's compiled code that hide an exception of xgrad's, or do not expect one.

`scipy.signal.lfilter` replaces the message; the solvers of ``f(x) = 0`` convert what ``f`` returns
without looking for an exception, which ends in a SystemError. So Tensors are converted before.
"""

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from xgrad.engine.tensor import Tensor
from xgrad.interop.imports import when_imported

Function = Callable[..., Any]


def _converting(function: Function) -> Function:
    """Return a function of arrays that converts Tensors first, which raises if they are tracked."""

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        return function(*[x.__array__() if type(x) is Tensor else x for x in args])

    return call


def _of_numbers(solver: Function) -> Function:
    """Return a solver for a function that may return Tensors."""

    @functools.wraps(solver)
    def solve(f: Function, *args: Any) -> Any:
        def number(*values: Any) -> Any:
            out = f(*values)
            return float(out) if type(out) is Tensor else out

        return solver(number, *args)

    return solve


def _wrapped(names: tuple[str, ...], wrap: Callable[[Function], Function]) -> Any:
    """Return what replaces functions of a module, as far as it has them."""

    def replace(module: ModuleType) -> None:
        for name in names:
            if (function := getattr(module, name, None)) is not None:
                setattr(module, name, wrap(function))

    return replace


def bind_compiled() -> None:
    """Wrap the functions, once SciPy is imported."""
    when_imported("scipy.signal._sigtools", _wrapped(("_linear_filter",), _converting))
    solvers = ("_bisect", "_brenth", "_brentq", "_ridder")
    when_imported("scipy.optimize._zeros", _wrapped(solvers, _of_numbers))
