"""SciPy's `tanhsinh` with infinite limits: nodes at infinity are not part of the graph.

SciPy evaluates the integrand at infinity, too, or multiplies it by a weight that overflows, and
then replaces the value. The derivative of what was replaced would be 0 times infinity. So such
nodes are moved to a finite place, and their value is set to NaN, which SciPy replaces as before.
"""

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from xgrad.engine.tensor import Tensor
from xgrad.interop.imports import when_imported
from xgrad.ops.elementwise import reciprocal, square
from xgrad.ops.selection import isfinite, logical_and, logical_not, logical_or, where
from xgrad.ops.shape import expand_dims


def _unused(x: Any, work: Any) -> Any:
    """Return where the integrand or its weight is evaluated at infinity."""
    overflows = logical_not(isfinite(square(reciprocal(work.xj))))
    semi_infinite = expand_dims(work.binf, axis=-1)
    return logical_or(logical_not(isfinite(x)), logical_and(semi_infinite, overflows))


def _at_finite_nodes(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Return SciPy's loop with the nodes at infinity moved."""

    def looped(work: Any, *arguments: Any, **options: Any) -> Any:
        if len(arguments) < 8:  # another version of SciPy
            return loop(work, *arguments, **options)
        before, after = arguments[6:8]
        unused: list[Any] = []

        def nodes(work: Any) -> Any:
            x = before(work)
            if type(x) is not Tensor or "binf" not in work:
                unused[:] = []
                return x
            unused[:] = [_unused(x, work)]
            work.xj = where(unused[0], 0.5, work.xj)
            return where(unused[0], 0.5, x)

        def values(x: Any, fj: Any, work: Any) -> None:
            after(x, where(unused[0], float("nan"), fj) if unused else fj, work)

        return loop(work, *arguments[:6], nodes, values, *arguments[8:], **options)

    return looped


def _move_nodes(tanhsinh: ModuleType) -> None:
    iterations: Any = getattr(tanhsinh, "eim", None)
    if not hasattr(iterations, "_loop"):  # another version of SciPy
        return
    own = SimpleNamespace(**vars(iterations))
    own._loop = _at_finite_nodes(iterations._loop)
    tanhsinh.eim = own  # type: ignore[attr-defined]


def bind_integrals() -> None:
    """Wrap SciPy's loop in the module of `tanhsinh`, once it is imported."""
    when_imported("scipy.integrate._tanhsinh", _move_nodes)
