"""Functions defined by an equation, differentiated by the implicit function theorem.

Where ``f(x, *args) = 0`` defines x, ``∂f/∂x dx + ∂f/∂args dargs = 0`` defines its derivative:
one linear system at the solution, independent of the iteration that found it. Both modes and
all orders follow (see Blondel and others, *Efficient and modular implicit differentiation*, 2022).

See Also
--------
xgrad.optimize : SciPy's solvers, outside of a differentiable computation.
"""

from xgrad.implicit.equations import fixed_point, root

__all__ = ["fixed_point", "root"]


def __dir__() -> list[str]:
    return __all__
