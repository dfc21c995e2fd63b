"""HIPS/autograd's ``misc``: `flatten`, and modules of optimizers and of fixed points.

See Also
--------
xgrad.ravel_pytree : The same as `flatten`, under JAX's name.
xgrad.optim : Optimizers with PyTorch's names.
xgrad.implicit : Functions defined by an equation.
"""

from xgrad.calls import publish as _publish
from xgrad.misc import fixed_points, optimizers
from xgrad.misc.flatten import flatten

__all__ = ["fixed_points", "flatten", "optimizers"]

_publish(globals())


def __dir__() -> list[str]:
    return __all__
