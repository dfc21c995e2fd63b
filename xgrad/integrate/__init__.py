"""Integrals and ordinary differential equations with SciPy's names and arguments, differentiable.

See Also
--------
xgrad.implicit : Functions defined by an equation.
"""

from xgrad.calls import publish as _publish
from xgrad.integrate.ode import *
from xgrad.integrate.quadrature import *
from xgrad.integrate.samples import *
from xgrad.ops.numpy.calculus import trapezoid

__all__ = ["cumulative_trapezoid", "odeint", "quad", "simpson", "trapezoid"]

_publish(globals())


def __dir__() -> list[str]:
    return __all__
