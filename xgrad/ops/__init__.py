"""Operations: one entry for each function, with its value, its rules and its docstring.

The chapters are imported here, so that all ops are declared when Tensor and the namespace of
recorded rules are made from the declarations.
"""

from xgrad.ops import (
    arrangement,
    complex,
    contraction,
    conversions,
    creation,
    cumulative,
    elementwise,
    fourier,
    frequencies,
    gradients,
    inspection,
    interchange,
    interpolation,
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
