"""Arguments of distributions: binding, as in SciPy, and conversion to Tensors of one dtype."""

import inspect
from typing import Any

import optree

from xgrad.backends.dtypes import canonical, float64, is_differentiable
from xgrad.backends.registry import find_backend
from xgrad.backends.scalars import is_number
from xgrad.calls import problem_of
from xgrad.engine.refusals import called, refuse_as
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.inspection import result_type


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


def _has_dtype(x: Any) -> bool:
    return type(x) is Tensor or find_backend(x) is not None


def floating(function: str, values: list[Any], like: Any = ()) -> list[Tensor]:
    """Return values as Tensors of floating-point numbers.

    They are on the backend of the arrays among them, or in ``like``.

    Numbers have the dtype of the arrays, integers become float64. Sequences may contain Tensors.
    """
    leaves = [x for value in values for x in optree.tree_leaves(value)]
    if any(isinstance(x, complex) for x in leaves):
        raise TypeError(f"{called(function)}: expected real numbers, got complex ones")
    arrays = [x for x in (*leaves, *like) if _has_dtype(x)]
    floats = []
    for x in arrays:
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
