"""xgrad: autograd for every array library.

Array functions are named as in the Python Array API standard, transforms as in JAX,
tensors, `nn` and `optim` as in PyTorch.
"""

from xgrad import (
    amp,
    autograd,
    backends,
    data,
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
    train,
    viz,
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
from xgrad.interop.numpy_protocols import bind_numpy_protocols
from xgrad.io import load_file, load_metadata, save_file
from xgrad.nn.functional_calls import functional_call
from xgrad.ops.arrangement import (
    broadcast_arrays,
    linspace,
    meshgrid,
    repeat,
    roll,
    tile,
    tril,
    triu,
)
from xgrad.ops.contraction import einsum
from xgrad.ops.creation import (
    arange,
    asarray,
    astype,
    empty,
    empty_like,
    eye,
    from_dlpack,
    from_numpy,
    full,
    full_like,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from xgrad.ops.cumulative import (
    cumulative_prod,
    cumulative_sum,
    diff,
)
from xgrad.ops.elementwise import (
    abs,
    add,
    conj,
    divide,
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    multiply,
    negative,
    positive,
    pow,
    reciprocal,
    sigmoid,
    sign,
    sqrt,
    square,
    subtract,
)
from xgrad.ops.inspection import (
    __array_namespace_info__,
    broadcast_shapes,
    can_cast,
    finfo,
    iinfo,
    isdtype,
    result_type,
)
from xgrad.ops.interpolation import interp, pad
from xgrad.ops.linalg.norms import kron
from xgrad.ops.products import matmul, outer, tensordot, vecdot
from xgrad.ops.quantiles import median, nanmedian, nanquantile, quantile
from xgrad.ops.reductions import (
    all,
    any,
    argmax,
    argmin,
    count_nonzero,
    max,
    mean,
    min,
    prod,
    std,
    sum,
    var,
)
from xgrad.ops.rounding import (
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    ceil,
    copysign,
    floor,
    floor_divide,
    fmax,
    fmin,
    nextafter,
    remainder,
    round,
    signbit,
    trunc,
)
from xgrad.ops.selection import (
    clip,
    equal,
    greater,
    greater_equal,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    not_equal,
    stop_gradient,
    where,
)
from xgrad.ops.shape import concat, stack
from xgrad.ops.sorting import (
    argsort,
    isin,
    nonzero,
    searchsorted,
    sort,
    unique_all,
    unique_counts,
    unique_inverse,
    unique_values,
)
from xgrad.ops.statistics import (
    cumulative_logsumexp,
    logsumexp,
    nan_to_num,
    nanmax,
    nanmean,
    nanmin,
    nanprod,
    nanstd,
    nansum,
    nanvar,
)
from xgrad.ops.trigonometry import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    hypot,
    sin,
    sinh,
    tan,
    tanh,
)
from xgrad.ops.views.kinds import (
    broadcast_to,
    expand_dims,
    flip,
    imag,
    matrix_transpose,
    moveaxis,
    permute_dims,
    real,
    reshape,
    squeeze,
    swapaxes,
    unstack,
)
from xgrad.ops.views.take import take, take_along_axis
from xgrad.transforms.checkpointing import checkpoint, checkpoint_name, checkpoint_policies
from xgrad.transforms.custom import custom_jvp, custom_vjp
from xgrad.transforms.forward import jvp
from xgrad.transforms.jacobians import hessian, hvp, jacfwd, jacrev
from xgrad.transforms.linear import linearize
from xgrad.transforms.reverse import grad, value_and_grad, vjp
from xgrad.transforms.vectorise import vmap

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

# fmt: off
__all__ = [
    "AnomalyError", "AutogradError", "BackendError", "ConvergenceError", "HostTransferError",
    "LeakedTensorError", "MixedBackendsError", "OutOfMemoryError", "Tensor",
    "__array_api_version__", "__array_namespace_info__", "__version__", "abs", "acos", "acosh",
    "add", "all", "amp", "any", "arange", "argmax", "argmin", "argsort", "asarray", "asin",
    "asinh", "astype", "atan", "atan2", "atanh", "autograd", "available_backends", "backends",
    "bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "bool", "broadcast_arrays", "broadcast_shapes", "broadcast_to", "can_cast",
    "ceil", "checkpoint", "checkpoint_name", "checkpoint_policies", "clip", "complex64",
    "complex128", "concat", "conj", "copysign", "cos", "cosh", "count_nonzero",
    "cumulative_logsumexp", "cumulative_prod", "cumulative_sum", "custom_jvp", "custom_vjp",
    "data", "detect_anomaly", "device", "device_count", "devices", "diff", "divide", "e", "einsum",
    "empty", "empty_like", "enable_grad", "equal", "exp", "exp2", "expand_dims", "expm1", "eye",
    "fft", "finfo", "flip", "float16", "float32", "float64", "floor", "floor_divide", "fmax",
    "fmin", "from_dlpack", "from_numpy", "full", "full_like", "functional_call", "get_backend",
    "grad", "greater", "greater_equal", "hessian", "hvp", "hypot", "iinfo", "imag", "implicit",
    "inf", "int8", "int16", "int32", "int64", "interp", "is_grad_enabled", "isdtype",
    "isfinite", "isin", "isinf", "isnan", "jacfwd", "jacrev", "jvp", "kron", "less", "less_equal",
    "linalg", "linearize", "linspace", "load_file", "load_metadata", "log", "log1p", "log2",
    "log10", "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logsumexp",
    "matmul", "matrix_transpose", "max", "maximum", "mean", "median", "memory_stats",
    "meshgrid", "metrics", "min", "minimum", "moveaxis", "multiply", "nan", "nan_to_num",
    "nanmax", "nanmean", "nanmedian", "nanmin", "nanprod", "nanquantile", "nanstd", "nansum",
    "nanvar", "negative", "newaxis", "nextafter", "nn", "no_grad", "nonzero", "not_equal",
    "ones", "ones_like", "optim", "optimize", "outer", "pad", "peak_memory", "permute_dims",
    "pi", "positive", "pow", "prod", "profile", "quantile", "random", "real", "reciprocal",
    "register_backend", "remainder", "repeat", "reshape", "result_type", "roll", "round",
    "save_file", "searchsorted", "set_backend", "set_default_dtype", "sigmoid", "sign",
    "signbit", "sin", "sinh", "sort", "sparse", "special", "sqrt", "square", "squeeze", "stack",
    "std", "stop_gradient", "subtract", "sum", "swapaxes", "synchronize", "take",
    "take_along_axis", "tan", "tanh", "tensor", "tensordot", "testing", "tile", "train", "tril",
    "triu", "trunc", "uint8", "uint16", "uint32", "uint64", "unique_all", "unique_counts",
    "unique_inverse", "unique_values", "unstack", "use_backend", "value_and_grad", "var",
    "vecdot", "viz", "vjp", "vmap", "where", "zeros", "zeros_like",
]
# fmt: on


def __dir__() -> list[str]:
    return __all__
