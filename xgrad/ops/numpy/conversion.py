"""What NumPy's functions do with their arguments: lists become arrays, dtypes are cast."""

from collections.abc import Sequence
from typing import Any

from xgrad.backends import host
from xgrad.backends.dtypes import canonical, is_differentiable, supported
from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import BATCH, EAGER, TAPE
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, is_batched, lowest, recording
from xgrad.errors import AutogradError
from xgrad.ops.creation import as_tensor, astype


def tensors(name: str, arrays: Any) -> list[Tensor]:
    """Return the arrays of a sequence as Tensors; numbers go to the backend of the arrays."""
    if not isinstance(arrays, Sequence | Tensor) and not hasattr(arrays, "shape"):
        raise TypeError(
            f"{called(name)}: expected a sequence of arrays, got {type(arrays).__name__}"
        )
    return [as_tensor(x, like=arrays) for x in arrays]


def _has_derivatives(x: Any) -> bool:
    """Whether a derivative is computed by a tensor now; being vectorised does not count."""
    while type(x) is Tensor:
        kind = x._level.kind
        if x._node is not None and kind is not BATCH and (kind is not TAPE or recording(x._level)):
            return True
        x = x._value
    return False


def cast(name: str, x: Tensor, dtype: Any, casting: str = "unsafe") -> Tensor:
    """Convert to a dtype, or raise if the rule or a derivative forbids it; None keeps the dtype."""
    if dtype is None or canonical(dtype) == x.dtype:
        return x
    want = supported(name, dtype)
    if not host.can_cast(x.dtype, want, casting):
        raise TypeError(
            f"{called(name)}: cannot cast from {x.dtype} to {want} with casting={casting!r}"
        )
    lost = is_differentiable(x.dtype) and not is_differentiable(want)
    if lost and _has_derivatives(x):
        raise TypeError(
            f"{called(name)}: {want} cannot carry the derivative of a Tensor of {x.dtype}; "
            "use a floating-point dtype, or detach() the Tensor"
        )
    return astype(x, want)


def constant(array: Any, like: Any) -> Tensor:
    """Return an array of NumPy as a constant on the backend and device of ``like``."""
    backend = backend_below(like)
    array = host.contiguous(array)
    if backend.on_host:
        return Tensor(array, EAGER)
    return Tensor(backend.from_numpy(array, backend.xp.device(lowest(like))), EAGER)


def kind_of(x: Any) -> Any:
    """Return the dtype of an array or a sequence; anything else (a number, a dtype) as it is."""
    if isinstance(x, list | tuple):
        x = as_tensor(x)
    array = hasattr(x, "dtype") and hasattr(x, "shape") and not isinstance(x, type)
    return canonical(lowest(x).dtype) if array else x


def is_readable(x: Tensor) -> bool:
    """Whether the numbers of an array can be read now, without computing what is lazy."""
    backend = backend_below(x)
    return not (is_batched(x) or backend.abstract or backend.lazy)


def on_host(name: str, x: Any) -> Any:
    """Return integers or booleans of a Tensor, an array or a sequence as an array of NumPy."""
    if isinstance(x, list | tuple):
        array = any(type(part) is Tensor for part in x)
    else:
        array = hasattr(x, "dtype") and hasattr(x, "shape")  # maybe not on the host
    if array:
        x = as_tensor(x)
    if type(x) is not Tensor:
        return host.positions(x)
    if is_batched(x):
        raise AutogradError(
            f"{called(name)}: inside vmap() the result would have another shape in every example; "
            "use where, or pass positions that are the same in all examples"
        )
    return backend_below(x).to_numpy(lowest(x))


def whole(name: str, x: Any) -> Tensor:
    """Return integers (or booleans) as a Tensor of int64."""
    x = as_tensor(x) if type(x) is Tensor or hasattr(x, "dtype") else as_tensor(host.positions(x))
    return x if x.dtype.name == "int64" else cast(name, x, "int64", "same_kind")


def filled(like: Any, shape: tuple[int, ...], number: complex, dtype: Any = None) -> Tensor:
    """Return an array of one number, on the backend and device of ``like``."""
    backend, raw = backend_below(like), lowest(like)
    chosen = canonical(raw.dtype if dtype is None else dtype)
    device = backend.xp.device(raw)
    return Tensor(backend.xp.full(shape, number, dtype=chosen, device=device), EAGER)
