"""Operations: one entry for each function, with its value, its rules and its docstring.

All modules are imported here, so that all ops are declared before Tensor's methods and the
namespace of recorded rules are made from the declarations.
"""

from xgrad.ops import (
    arrangement,
    complex,
    contraction,
    conversions,
    creation,
    cumulative,
    elementwise,
    floats,
    fourier,
    frequencies,
    gradients,
    inspection,
    interchange,
    interpolation,
    numpy,
    products,
    quantiles,
    reductions,
    rounding,
    selection,
    shape,
    softmax,
    sorting,
    sparse,
    statistics,
    transfer,
    trigonometry,
    windows,
)
from xgrad.ops.methods import bind_methods
from xgrad.ops.recorded import fill_recorded_namespace

bind_methods()
fill_recorded_namespace()
