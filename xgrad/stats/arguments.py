"""Arguments of distributions: binding, as in SciPy, and conversion to Tensors of one dtype."""

import inspect
import math
from typing import Any

import optree

from xgrad.backends.dtypes import canonical, float64, is_differentiable
from xgrad.backends.registry import find_backend
from xgrad.backends.scalars import is_number
from xgrad.calls import problem_of
from xgrad.engine.dispatch import backend_below
from xgrad.engine.host_reads import read
from xgrad.engine.refusals import called, refuse_as
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.inspection import result_type

#: The largest number of terms that an entropy is summed from.
_TERMS = 2**27


def signature(first: tuple[str, ...], shapes: tuple[str, ...], scaled: bool) -> inspect.Signature:
    """Return the signature of a method: its own argument, shapes, location and scale."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(name, kind) for name in (*first, *shapes)]
    parameters.append(inspect.Parameter("loc", kind, default=0))
    if scaled:
        parameters.append(inspect.Parameter("scale", kind, default=1))
    return inspect.Signature(parameters)


def bind(
    function: str, expected: inspect.Signature, args: Any, keywords: dict[str, Any]
) -> list[Any]:
    """Return the values of all parameters, or raise with the method's signature."""
    problem = problem_of(expected, args, keywords)
    if problem is not None:
        raise TypeError(f"xgrad.{function}{expected}: {problem}")
    bound = expected.bind(*args, **keywords)
    bound.apply_defaults()
    return list(bound.arguments.values())


def numbers_up_to(function: str, last: Any) -> Tensor:
    """Return 0, 1... up to the largest element, an integer, which must be known."""
    backend, raw = backend_below(last), lowest(last)
    if backend.abstract:
        raise TypeError(
            f"{function}: the number of terms of its sum depends on values, which are not known "
            "while a function is traced"
        )
    size = math.prod(raw.shape)
    count = 1 + int(read(backend, backend.xp.max(raw), function)) if size else 0
    if size * count > _TERMS:
        raise ValueError(
            f"{function}: a sum of {count} terms for each of {size} element(s) needs more memory "
            f"than {_TERMS} numbers"
        )
    xp = backend.xp
    return as_tensor(xp.arange(count, dtype=canonical(raw.dtype), device=xp.device(raw)))


def _has_dtype(x: Any) -> bool:
    return type(x) is Tensor or find_backend(x) is not None


def floating(function: str, values: list[Any], like: Any = ()) -> list[Tensor]:
    """Return values as Tensors of floating-point numbers.

    They are on the backend of the arrays among them, or in ``like``.

    Numbers have the dtype of the arrays (without any, NumPy's have their own), integers become
    float64. Sequences may contain Tensors.
    """
    leaves = [x for value in values for x in optree.tree_leaves(value)]
    if any(isinstance(x, complex) for x in leaves):
        raise TypeError(f"{called(function)}: expected real numbers, got complex ones")
    arrays = [x for x in (*leaves, *like) if _has_dtype(x)]
    floats = []
    for x in arrays or (x for x in leaves if hasattr(x, "dtype")):  # NumPy's numbers
        dtype = canonical(lowest(x).dtype)
        if dtype.kind == "c":
            raise TypeError(f"{called(function)}: expected real numbers, got {dtype}")
        floats.append(dtype if is_differentiable(dtype) else float64)
    dtype = result_type(*floats) if floats else float64
    out = []
    for value in values:
        try:
            x = as_tensor(value, like=arrays or None)
        except TypeError as error:
            refuse_as(called(function), error)
        if canonical(lowest(x).dtype) != dtype and (
            is_number(value) or not is_differentiable(canonical(lowest(x).dtype))
        ):
            x = astype(x, dtype)
        out.append(x)
    return out
