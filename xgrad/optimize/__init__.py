"""SciPy's optimizers over trees of arrays, with derivatives from xgrad.

Parameters are trees of arrays, Tensors and numbers on any backend. SciPy works on one float64
vector on the host. Results have the tree, the dtypes and the device of the parameters.

See Also
--------
xgrad.optim : PyTorch's optimizers, which take one step at a time.
xgrad.implicit : Equations that are solved inside a differentiable computation.
"""

from xgrad.optimize.methods import least_squares, minimize, root

__all__ = ["least_squares", "minimize", "root"]


def __dir__() -> list[str]:
    return __all__
