"""Arguments that many of NumPy's functions share: ``out=``, and those that were not passed."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from xgrad.backends.host import NO_VALUE as NO_VALUE
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops.views.writing import setitem

F = TypeVar("F", bound=Callable[..., Any])


def write_out(function: str, result: Tensor, out: Any) -> Tensor:
    """Write a result into ``out=``, a Tensor, and return that; raise for any other array."""
    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    if type(out) is not Tensor:
        raise TypeError(
            f"{called(function)}: out must be a Tensor, got {type(out).__name__}, which cannot "
            "hold a Tensor's derivative; use the returned value, or an array of xgrad.zeros"
        )
    if out.shape != result.shape:
        raise ValueError(
            f"{called(function)}: out has shape {out.shape}, the result {result.shape}"
        )
    setitem(out, ..., result)
    return out


def writes_out(f: F) -> F:
    """Give a function that names an argument ``out`` its meaning: the result is written there."""
    position = list(inspect.signature(f).parameters).index("out")

    @functools.wraps(f)
    def function(*args: Any, **keywords: Any) -> Any:
        if len(args) > position:
            out = args[position]
            args = (*args[:position], None, *args[position + 1 :])
        else:
            out = keywords.pop("out", None)
        result = f(*args, **keywords)
        return result if out is None else write_out(f.__name__.strip("_"), result, out)

    return cast("F", function)
