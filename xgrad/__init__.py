"""xgrad: autograd for every array library.

Array functions have the names of the Python Array API standard, transforms those of JAX,
tensors, `nn` and `optim` those of PyTorch.

"""

import importlib as _importlib
import sys as _sys
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from xgrad import (
    amp,
    autograd,
    backends,
    extend,
    fft,
    implicit,
    linalg,
    metrics,
    nn,
    optim,
    optimize,
    random,
    sparse,
    special,
    testing,
)
from xgrad import ops as ops
from xgrad.backends.dtypes import BOOL as bool  # noqa: N811 - the standard's name
from xgrad.backends.dtypes import (
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
    uint16,
    uint32,
    uint64,
)
from xgrad.backends.registry import (
    available_backends,
    get_backend,
    register_backend,
    set_backend,
    use_backend,
)
from xgrad.calls import publish as _publish
from xgrad.debugging import detect_anomaly, profile
from xgrad.devices import (
    device,
    device_count,
    devices,
    memory_stats,
    peak_memory,
    synchronize,
)
from xgrad.engine.levels import enable_grad, is_grad_enabled, no_grad
from xgrad.engine.tensor import Tensor
from xgrad.errors import (
    AnomalyError,
    AutogradError,
    BackendError,
    ConvergenceError,
    HostTransferError,
    LeakedTensorError,
    MixedBackendsError,
    OutOfMemoryError,
)
from xgrad.interop.einops import bind_einops
from xgrad.interop.libraries import bind_libraries
from xgrad.interop.numpy.protocols import bind_numpy_protocols
from xgrad.interop.scipy.compiled import bind_compiled
from xgrad.interop.scipy.integrals import bind_integrals
from xgrad.interop.scipy.iterations import bind_scipy
from xgrad.io import load_file, load_metadata, save_file
from xgrad.nn.functional_calls import functional_call
from xgrad.ops.arrangement import *
from xgrad.ops.complex import *
from xgrad.ops.contraction import *
from xgrad.ops.creation import *
from xgrad.ops.cumulative import *
from xgrad.ops.elementwise import *
from xgrad.ops.floats import *
from xgrad.ops.inspection import *
from xgrad.ops.interchange import *
from xgrad.ops.interpolation import *
from xgrad.ops.numpy.applying import *
from xgrad.ops.numpy.calculus import *
from xgrad.ops.numpy.choosing import *
from xgrad.ops.numpy.convolution import *
from xgrad.ops.numpy.covariance import *
from xgrad.ops.numpy.creation import *
from xgrad.ops.numpy.diagonals import *
from xgrad.ops.numpy.editing import *
from xgrad.ops.numpy.fitting import *
from xgrad.ops.numpy.grids import *
from xgrad.ops.numpy.histograms import *
from xgrad.ops.numpy.inner import *
from xgrad.ops.numpy.inspection import *
from xgrad.ops.numpy.joining import *
from xgrad.ops.numpy.missing import *
from xgrad.ops.numpy.moments import *
from xgrad.ops.numpy.numbers import *
from xgrad.ops.numpy.polynomials import *
from xgrad.ops.numpy.positions import *
from xgrad.ops.numpy.quantiles import *
from xgrad.ops.numpy.rearranging import *
from xgrad.ops.numpy.reductions import *
from xgrad.ops.numpy.running import *
from xgrad.ops.numpy.sets import *
from xgrad.ops.numpy.shapes import *
from xgrad.ops.numpy.sorting import *
from xgrad.ops.numpy.splitting import *
from xgrad.ops.products import *
from xgrad.ops.quantiles import *
from xgrad.ops.reductions import *
from xgrad.ops.rounding import *
from xgrad.ops.selection import *
from xgrad.ops.shape import *
from xgrad.ops.sorting import *
from xgrad.ops.statistics import *
from xgrad.ops.trigonometry import *
from xgrad.ops.views.kinds import *
from xgrad.ops.views.take import *
from xgrad.transforms.checkpointing import checkpoint, checkpoint_name, checkpoint_policies
from xgrad.transforms.custom import custom_jvp, custom_vjp
from xgrad.transforms.forward import jvp
from xgrad.transforms.hips import (
    deriv,
    elementwise_grad,
    grad_and_aux,
    grad_named,
    hessian_tensor_product,
    hessian_vector_product,
    holomorphic_grad,
    jacobian,
    make_ggnvp,
    make_hvp,
    make_jvp,
    make_vjp,
    multigrad_dict,
    tensor_jacobian_product,
    vector_jacobian_product,
)
from xgrad.transforms.jacobians import hessian, hvp, jacfwd, jacrev
from xgrad.transforms.linear import linearize
from xgrad.transforms.ravelling import ravel_pytree
from xgrad.transforms.reverse import grad, value_and_grad, vjp
from xgrad.transforms.vectorise import vmap

if _TYPE_CHECKING:  # imported on first use: see __getattr__ below
    from xgrad import data, integrate, misc, signal, stats, test_util, train, viz
    from xgrad import numpy as numpy

__version__ = "0.1.0"
#: The version of the Python Array API standard.
__array_api_version__ = "2025.12"

#: The standard's constants.
e = 2.718281828459045
pi = 3.141592653589793
inf = float("inf")
nan = float("nan")
newaxis = None

bind_numpy_protocols()
bind_einops()
bind_libraries()
bind_scipy()
bind_compiled()
bind_integrals()

__all__ = [
    "AnomalyError", "AutogradError", "BackendError", "ConvergenceError", "HostTransferError",
    "LeakedTensorError", "MixedBackendsError", "OutOfMemoryError", "Tensor",
    "__array_api_version__", "__version__", "amp", "autograd", "available_backends", "backends",
    "bool", "checkpoint", "checkpoint_name", "checkpoint_policies", "complex64", "complex128",
    "custom_jvp", "custom_vjp", "data", "deriv", "detect_anomaly", "device", "device_count",
    "devices", "e", "elementwise_grad", "enable_grad", "extend", "fft", "float16", "float32",
    "float64", "functional_call", "get_backend", "grad", "grad_and_aux", "grad_named", "hessian",
    "hessian_tensor_product", "hessian_vector_product", "holomorphic_grad", "hvp", "implicit",
    "inf", "int8", "int16", "int32", "int64", "integrate", "is_grad_enabled", "jacfwd", "jacobian",
    "jacrev", "jvp", "linalg", "linearize", "load_file", "load_metadata", "make_ggnvp", "make_hvp",
    "make_jvp", "make_vjp", "memory_stats", "metrics", "misc", "multigrad_dict", "nan", "newaxis",
    "nn", "no_grad", "optim", "optimize", "peak_memory", "pi", "profile", "random", "ravel_pytree",
    "register_backend", "save_file", "set_backend", "set_default_dtype", "signal", "sparse",
    "special", "stats", "synchronize", "tensor_jacobian_product", "test_util", "testing", "train",
    "uint8", "uint16", "uint32", "uint64", "use_backend", "value_and_grad",
    "vector_jacobian_product", "viz", "vjp", "vmap",
]  # fmt: skip
# The names of the modules imported above: written by tools/declared.py.
__all__ += [
    "__array_namespace_info__", "abs", "acos", "acosh", "add", "all", "allclose", "amax", "amin",
    "angle", "any", "append", "apply_along_axis", "apply_over_axes", "arange", "argmax", "argmin",
    "argpartition", "argsort", "argwhere", "around", "array_equal", "array_equiv", "array_split",
    "asarray", "asin", "asinh", "astype", "atan", "atan2", "atanh", "atleast_1d", "atleast_2d",
    "atleast_3d", "average", "bincount", "bitwise_and", "bitwise_invert", "bitwise_left_shift",
    "bitwise_or", "bitwise_right_shift", "bitwise_xor", "block", "broadcast_arrays",
    "broadcast_shapes", "broadcast_to", "can_cast", "cbrt", "ceil", "choose", "clip",
    "column_stack", "compress", "concat", "concatenate", "conj", "convolve", "copy", "copysign",
    "corrcoef", "correlate", "cos", "cosh", "count_nonzero", "cov", "cumprod", "cumsum",
    "cumulative_logsumexp", "cumulative_prod", "cumulative_sum", "deg2rad", "degrees", "delete",
    "diag", "diag_indices", "diagflat", "diff", "digitize", "divide", "divmod", "dsplit", "dstack",
    "ediff1d", "einsum", "empty", "empty_like", "equal", "exp", "exp2", "expand_dims", "expm1",
    "extract", "eye", "fabs", "fill_diagonal", "finfo", "fix", "flatnonzero", "flip", "fliplr",
    "flipud", "float_power", "floor", "floor_divide", "fmax", "fmin", "fmod", "frexp",
    "from_dlpack", "from_numpy", "full", "full_like", "gcd", "geomspace", "gradient", "greater",
    "greater_equal", "heaviside", "histogram", "histogram2d", "histogram_bin_edges", "histogramdd",
    "hsplit", "hstack", "hypot", "identity", "iinfo", "imag", "inner", "insert", "interp",
    "intersect1d", "isclose", "iscomplex", "iscomplexobj", "isdtype", "isfinite", "isin", "isinf",
    "isnan", "isneginf", "isposinf", "isreal", "isrealobj", "kron", "lcm", "ldexp", "less",
    "less_equal", "lexsort", "linspace", "log", "log1p", "log2", "log10", "logaddexp", "logaddexp2",
    "logical_and", "logical_not", "logical_or", "logical_xor", "logspace", "logsumexp", "matmul",
    "matrix_transpose", "matvec", "max", "maximum", "mean", "median", "meshgrid", "min", "minimum",
    "modf", "moveaxis", "multiply", "nan_to_num", "nanargmax", "nanargmin", "nancumprod",
    "nancumsum", "nanmax", "nanmean", "nanmedian", "nanmin", "nanpercentile", "nanprod",
    "nanquantile", "nanstd", "nansum", "nanvar", "ndim", "negative", "nextafter", "nonzero",
    "not_equal", "ones", "ones_like", "outer", "pad", "partition", "percentile", "permute_dims",
    "piecewise", "poly", "polyadd", "polyder", "polydiv", "polyfit", "polyint", "polymul",
    "polysub", "polyval", "positive", "pow", "prod", "ptp", "put_along_axis", "quantile", "rad2deg",
    "radians", "ravel", "ravel_multi_index", "real", "real_if_close", "reciprocal", "remainder",
    "repeat", "reshape", "resize", "result_type", "roll", "rollaxis", "roots", "rot90", "round",
    "searchsorted", "select", "setdiff1d", "setxor1d", "shape", "sigmoid", "sign", "signbit", "sin",
    "sinc", "sinh", "size", "sliding_window_view", "sort", "split", "sqrt", "square", "squeeze",
    "stack", "std", "stop_gradient", "subtract", "sum", "swapaxes", "take", "take_along_axis",
    "tan", "tanh", "tensor", "tensordot", "tile", "transpose", "trapezoid", "tri", "tril",
    "tril_indices", "tril_indices_from", "trim_zeros", "triu", "triu_indices", "triu_indices_from",
    "trunc", "union1d", "unique", "unique_all", "unique_counts", "unique_inverse", "unique_values",
    "unravel_index", "unstack", "unwrap", "vander", "var", "vdot", "vecdot", "vecmat", "vsplit",
    "vstack", "where", "zeros", "zeros_like",
]  # fmt: skip

_publish(globals())

#: Modules that are imported on first use, so that the others are imported sooner.
_LATER = ("data", "integrate", "misc", "numpy", "signal", "stats", "test_util", "train", "viz")

if not _TYPE_CHECKING:  # to mypy, every name would exist

    def __getattr__(name: str) -> _Any:
        if name in _LATER:
            return _importlib.import_module(f"{__name__}.{name}")
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message, name=name, obj=_sys.modules[__name__])


def __dir__() -> list[str]:
    return __all__
