"""PyTorch as an array library; its autograd is not used."""

import functools
from collections.abc import Callable
from typing import Any

import array_api_compat.torch as compat
import numpy as np
import torch

from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import canonical, register
from xgrad.backends.halves import ACCUMULATING
from xgrad.backends.namespace import TranslatingNamespace, selected, without_negative_steps
from xgrad.backends.runtime import Runtime
from xgrad.typing import Axis, Key

Array = Any  # the library's own


def _dtype_table() -> list[tuple[Any, np.dtype[Any]]]:
    names = [
        *("bool", "float16", "float32", "float64", "complex64", "complex128"),
        *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    ]
    table = [(getattr(torch, name), np.dtype(name)) for name in names]
    try:
        import ml_dtypes  # optional: provides bfloat16 as a NumPy dtype
    except ImportError:
        return table
    return [*table, (torch.bfloat16, np.dtype(ml_dtypes.bfloat16))]


_FLOATING = frozenset(
    x
    for x in vars(torch).values()
    if isinstance(x, torch.dtype) and (x.is_floating_point or x.is_complex)
)


@functools.cache
def _wider(x: torch.dtype, y: torch.dtype) -> torch.dtype:
    return torch.result_type(torch.ones(1, dtype=x), torch.ones(1, dtype=y))


def _promoted(x: Any, y: Any) -> tuple[Any, Any]:
    """Return floating-point tensors in one dtype: with a 0-d tensor, PyTorch keeps the other's.

    array-api-compat does the same, except for half precision.
    """
    if type(x) is not torch.Tensor or type(y) is not torch.Tensor or (x.ndim and y.ndim):
        return x, y
    if x.dtype is y.dtype or not (x.dtype in _FLOATING and y.dtype in _FLOATING):
        return x, y
    raw = _wider(x.dtype, y.dtype)
    return x.to(raw), y.to(raw)


def _binary(function: Callable[..., Any]) -> Callable[..., Any]:
    direct = getattr(torch, function.__name__)

    @functools.wraps(function)
    def call(x: Any, y: Any, /) -> Array:
        if type(x) is type(y) is torch.Tensor and x.dtype is y.dtype:
            return direct(x, y)
        return function(*_promoted(x, y))

    return call


def _of_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(x: Array, /) -> Array:
        return function(x if x.dtype in _FLOATING else x.to(torch.float64))

    return call


def _reducing_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(x: Array, /, **keywords: Any) -> Array:
        return function(x if x.dtype in _FLOATING else x.to(torch.float64), **keywords)

    return call


def _of_two_floats(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(x: Any, y: Any, /) -> Array:
        if not any(getattr(z, "dtype", None) in _FLOATING for z in (x, y)):
            x, y = (z.to(torch.float64) if isinstance(z, torch.Tensor) else z for z in (x, y))
        return function(*_promoted(x, y))

    return call


def _division(function: Callable[..., Any]) -> Callable[..., Any]:
    careful = _of_two_floats(function)

    @functools.wraps(function)
    def call(x: Any, y: Any, /) -> Array:
        if type(x) is type(y) is torch.Tensor and x.dtype is y.dtype and x.dtype in _FLOATING:
            return torch.divide(x, y)  # the common case
        return careful(x, y)

    return call


def _power(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(x: Any, y: Any, /) -> Array:
        if type(y) is float and x.dtype not in _FLOATING:
            x = x.to(torch.float64)
        return function(x, y)

    return call


#: Functions with floating-point results: for integers, PyTorch returns float32, or raises.
_LIFTED = {
    **dict.fromkeys(
        [
            *("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "exp2"),
            *("expm1", "log", "log10", "log1p", "log2", "sin", "sinh", "sqrt", "tan", "tanh"),
        ],
        _of_floats,
    ),
    **dict.fromkeys(("mean", "std", "var"), _reducing_floats),
    **dict.fromkeys(("atan2", "hypot", "logaddexp"), _of_two_floats),
    **dict.fromkeys(
        [
            *("add", "copysign", "equal", "greater", "greater_equal", "less", "less_equal"),
            *("maximum", "minimum", "multiply", "nextafter", "not_equal", "subtract"),
        ],
        _binary,
    ),
    "divide": _division,
    "pow": _power,
}


class TorchNamespace(TranslatingNamespace):
    """PyTorch's functions through array-api-compat; integers become float64, as in NumPy."""

    accumulates_wide = ACCUMULATING - {"prod"}
    fmod: Any = staticmethod(torch.fmod)
    frexp: Any = staticmethod(torch.frexp)
    gcd: Any = staticmethod(torch.gcd)
    lcm: Any = staticmethod(torch.lcm)

    def __getattr__(self, name: str) -> Any:
        function = super().__getattr__(name)  # type: ignore[misc]
        if name in _LIFTED:
            function = _LIFTED[name](function)
            setattr(self, name, function)
        return function

    def where(self, condition: Array, x: Any, y: Any, /) -> Array:
        return compat.where(condition, *_promoted(x, y))

    def as_complex(self, x: Array) -> Array:
        return torch.view_as_complex(x.contiguous())

    def astype(self, x: Array, dtype: Any, *, copy: bool = True) -> Array:
        dtype = self.raw_dtype(dtype)
        if x.is_complex() and not dtype.is_complex:
            x = x.real
        return x.to(dtype=dtype, copy=copy)

    def asarray(
        self, obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None
    ) -> Array:
        if isinstance(obj, np.ndarray):
            # torch shares memory with NumPy arrays, and warns about read-only or reversed ones.
            obj, copy = np.array(obj, order="C"), False
            if obj.dtype.name == "bfloat16":  # torch does not accept it from NumPy
                obj = torch.from_numpy(obj.view(np.uint16)).view(torch.bfloat16)
        raw = None if dtype is None else self.raw_dtype(dtype)
        return compat.asarray(obj, dtype=raw, device=device, copy=copy)

    def relu(self, x: Array) -> Array:
        return torch.relu(x)

    def basic_index(self, x: Array, key: Key) -> Array:
        key, flipped = without_negative_steps(key, x.shape)
        out = x[key]
        return torch.flip(out, flipped) if flipped else out

    def overwrite(self, x: Array, key: Key, v: Array) -> None:
        forward, flipped = without_negative_steps(key, x.shape)
        if flipped and isinstance(v, torch.Tensor):
            v = torch.flip(torch.broadcast_to(v, selected(key, x.shape)), flipped)
        x[forward] = v

    def solve_triangular(
        self, a: Array, b: Array, *, upper: bool, unit_diagonal: bool = False
    ) -> Array:
        return torch.linalg.solve_triangular(a, b, upper=upper, unitriangular=unit_diagonal)

    def searchsorted(self, x1: Array, x2: Array, *, side: str = "left") -> Array:
        return torch.searchsorted(x1.contiguous(), x2.contiguous(), side=side)  # it warns otherwise

    def take_along_axis(self, x: Array, indices: Array, *, axis: int) -> Array:
        return torch.take_along_dim(x, indices.to(torch.int64), dim=axis)

    def euclidean(self, x: Array, *, axis: Axis, keepdims: bool) -> Array:
        if self.reads_freely(x) and axis != ():
            out = torch.linalg.vector_norm(x, dim=axis, keepdim=keepdims)
            limits = torch.finfo(out.dtype)
            # Squares may overflow, or underflow.
            low, high = (limits.tiny / limits.eps) ** 0.5, limits.max
            if bool(((out > low) & (out < high)).all()):
                return out
        return super().euclidean(x, axis=axis, keepdims=keepdims)

    def special(self, name: str, *arrays: Array) -> Array:
        function = _SPECIAL.get(name)
        if function is None:
            return super().special(name, *arrays)
        floating = [x if x.is_floating_point() else x.to(torch.float64) for x in arrays]
        return function(*floating)

    def expm(self, x: Array) -> Array:
        return torch.linalg.matrix_exp(x)

    def eig(self, x: Array) -> Any:
        return torch.linalg.eig(x)

    def reads_freely(self, x: Array) -> bool:
        return bool(x.device.type == "cpu")

    def holds(self, mask: Array) -> bool | None:
        return None if mask.device.type != "cpu" else bool(mask.any())

    def index_add(self, g: Array, indices: Array, *, axis: int, size: int) -> Array:
        shape = (*g.shape[:axis], size, *g.shape[axis + 1 :])
        wide = torch.float32 if g.dtype.itemsize == 2 and g.is_floating_point() else g.dtype
        out = torch.zeros(shape, dtype=wide, device=g.device)
        return out.index_add_(axis, indices, g.to(wide)).to(g.dtype)

    def copy(self, x: Array) -> Array:
        return x.clone()

    def owns(self, x: Array) -> bool:
        # The reference count of the tensor or its storage includes views, detached tensors and
        # exports, also in inference mode. Memory of other libraries cannot be resized.
        return (
            _SOLE_STORAGE is not None
            and type(x) is torch.Tensor
            and not x.requires_grad
            and x._use_count() == 1
            and _storage_count(x) == _SOLE_STORAGE
            and x.untyped_storage().resizable()
        )


def _storage_count(x: Array) -> int:
    count: int = torch._C._storage_Use_Count(x.untyped_storage()._cdata)
    return count


try:
    #: The reference count of the storage of a single tensor; None if it cannot be read.
    _SOLE_STORAGE = _storage_count(torch.ones(1)) if torch.ones(1)._use_count() == 1 else None
except AttributeError:
    _SOLE_STORAGE = None


def _polygamma(n: Array, x: Array) -> Array:
    # PyTorch's polygamma takes a single order for all elements.
    signs = 1 - 2 * torch.remainder(n + 1, 2)
    sums = signs * torch.exp(torch.lgamma(n + 1)) * torch.special.zeta(n + 1, x)
    return torch.where(n == 0, torch.digamma(x), sums)


#: The special functions that PyTorch has, by SciPy's names.
_SPECIAL = {
    "polygamma": _polygamma,
    "j0": torch.special.bessel_j0,
    "j1": torch.special.bessel_j1,
    "y0": torch.special.bessel_y0,
    "y1": torch.special.bessel_y1,
    "k0": torch.special.modified_bessel_k0,
    "k1": torch.special.modified_bessel_k1,
    "k0e": torch.special.scaled_modified_bessel_k0,
    "k1e": torch.special.scaled_modified_bessel_k1,
} | {
    name: getattr(torch.special, name)
    for name in (
        *("digamma", "entr", "erf", "erfc", "erfcx", "erfinv", "gammainc", "gammaincc"),
        *("gammaln", "i0", "i0e", "i1", "i1e", "log_ndtr", "logit", "ndtr", "ndtri"),
        *("xlog1py", "xlogy", "zeta"),
    )
}


class TorchRuntime(Runtime):
    """CUDA through PyTorch, if there is a GPU."""

    asynchronous = torch.cuda.is_available()

    def synchronize(self) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    def tf32(self) -> bool:
        return bool(torch.backends.cuda.matmul.allow_tf32)

    def set_tf32(self, allowed: bool) -> None:
        torch.backends.cuda.matmul.allow_tf32 = allowed


def _devices() -> list[str]:
    names = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    others = {"xpu": torch.xpu.device_count() if hasattr(torch, "xpu") else 0}
    others["mps"] = int(torch.backends.mps.is_available())
    return names + [f"{kind}:{i}" for kind, count in others.items() for i in range(count)]


def _parse_device(device: Any) -> Any:
    """Return PyTorch's device with its number, or raise ValueError if it does not exist."""
    try:
        parsed = torch.device(device)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"torch: {str(error).splitlines()[0]}") from None
    if parsed.type != "cuda":
        return parsed
    count = torch.cuda.device_count()
    number = parsed.index
    if number is None:
        number = torch.cuda.current_device() if count else 0
    if number >= count:
        raise ValueError(f"no device '{parsed}': PyTorch sees {count or 'none'} of CUDA")
    return torch.device("cuda", number)


def _to_numpy(x: Array) -> np.ndarray[Any, Any]:
    on_host = x.detach().cpu().resolve_conj().resolve_neg()
    array: np.ndarray[Any, Any]
    if x.dtype == torch.bfloat16:  # a dtype of ml_dtypes in NumPy, which torch does not know
        array = on_host.view(torch.uint16).numpy().view(canonical(x.dtype))
    else:
        array = on_host.numpy()
    return array


def make_backend() -> Backend:
    """Return PyTorch's record."""
    table = _dtype_table()
    register(table)
    return Backend(
        name="torch",
        xp=TorchNamespace(compat, {dtype: raw for raw, dtype in table}),
        array_type=torch.Tensor,
        to_numpy=_to_numpy,
        devices=_devices,
        version=torch.__version__,
        parse_device=_parse_device,
        device_name=lambda device: str(device) if isinstance(device, torch.device) else None,
        mixes_kinds=True,
        takes_cuda=torch.cuda.is_available(),
        runtime=TorchRuntime(),
    )
