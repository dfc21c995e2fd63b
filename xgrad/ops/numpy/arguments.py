"""Arguments that many of NumPy's functions share: ``out=``, and those that were not passed."""

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

from xgrad.backends import host
from xgrad.backends.host import NO_VALUE as NO_VALUE
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.reductions import reduced_axes
from xgrad.ops.selection import where as select
from xgrad.ops.shape import broadcast_to
from xgrad.ops.views.writing import setitem
from xgrad.typing import Axis

F = TypeVar("F", bound=Callable[..., Any])


def write_out(function: str, result: Tensor, out: Any) -> Tensor:
    """Return a result, written into ``out=`` if that was passed: a Tensor; others raise."""
    if out is None:
        return result
    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    if type(out) is not Tensor:
        raise TypeError(
            f"{function}: out must be a Tensor, got {type(out).__name__}, which cannot "
            "hold a Tensor's derivative; use the result, or an array of xgrad.zeros"
        )
    if out.shape != result.shape:
        raise ValueError(f"{function}: out has shape {out.shape}, the result {result.shape}")
    if not host.can_cast(result.dtype, out.dtype, "same_kind"):
        raise TypeError(f"{function}: cannot write {result.dtype} into out of {out.dtype}")
    setitem(out, ..., result)
    return out


def writes_out(f: F) -> F:
    """Give a function that names an argument ``out`` its meaning: the result is written there."""
    parameters = inspect.signature(f).parameters
    named = parameters["out"].kind is inspect.Parameter.KEYWORD_ONLY
    index = list(parameters).index("out")
    position = math.inf if named else index

    @functools.wraps(f)
    def function(*args: Any, **keywords: Any) -> Any:
        if len(args) > position:
            out = args[index]
            args = (*args[:index], None, *args[index + 1 :])
        else:
            out = keywords.pop("out", None)
        result = f(*args, **keywords)
        return write_out(f.__name__.strip("_"), result, out)

    return cast("F", function)


def given(value: Any) -> bool:
    """Whether an argument was passed: NumPy's ``<no value>`` and None stand for no value."""
    return value is not None and value is not NO_VALUE


def no_axis_of_number(x: Tensor, axis: Axis) -> None:
    """Raise for an axis of an array without axes, of which other functions allow axis 0."""
    if not x.ndim and axis is not None:
        reduced_axes(axis if isinstance(axis, tuple) else (axis,), 0)


def flag(keepdims: Any) -> bool:
    """Return ``keepdims`` as a bool; it is False if it was not passed."""
    return keepdims is not NO_VALUE and bool(keepdims)


def mask_of(where: Any, like: Tensor) -> Tensor | None:
    """Return ``where=`` as a boolean Tensor, or None if all elements count."""
    if where is NO_VALUE or where is True:
        return None
    mask = as_tensor(where, like=like)
    return mask if mask.dtype.kind == "b" else astype(mask, "bool")


def only(mask: Tensor | None, x: Tensor, otherwise: Any) -> Tensor:
    """Replace the elements that do not count; they get no gradient."""
    if mask is None:
        return x
    number = bool(otherwise) if x.dtype.kind == "b" else otherwise
    return broadcast_to(select(mask, x, number), x.shape)
