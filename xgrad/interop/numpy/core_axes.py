"""Generalized ufuncs (matmul, vecdot, matvec, vecmat): ``axes=``, ``axis=`` and ``keepdims=``."""

import operator
from collections.abc import Callable
from typing import Any

from xgrad.engine.tensor import Tensor
from xgrad.interop.numpy.standins import dry_run, dtype_of, standin
from xgrad.ops.creation import array_like, astype
from xgrad.ops.shape import expand_dims, moveaxis


def _core(ufunc: Any, inputs: tuple[Any, ...]) -> list[int]:
    """Return the number of core axes of each input and of the output.

    In matmul, ``(n?,k),(k,m?)->(n?,m?)``, an axis with a question mark is missing if the input has
    only one axis.
    """
    left, _, right = ufunc.signature.partition("->")
    names = [part.strip("()").split(",") for part in (*left.split("),("), right)]
    names = [[n for n in part if n] for part in names]
    missing: set[str] = set()
    for x, part in zip(inputs, names, strict=False):
        if len(x.shape) < len(part):
            missing |= {n for n in part if n.endswith("?")}
    return [len([n for n in part if n not in missing]) for part in names]


def with_axes(
    ufunc: Any,
    op: Callable[..., Any],
    inputs: tuple[Any, ...],
    keywords: dict[str, Any],
    mask: Any = True,
) -> tuple[Tensor]:
    """Apply a generalized ufunc along given axes."""
    if mask is not True:
        keywords = {**keywords, "where": mask}
    expected = dry_run(ufunc, *map(standin, inputs), **keywords)  # raises as NumPy does
    arrays = [array_like(ufunc.__name__, x) for x in inputs]
    if keywords.get("dtype") is not None:
        arrays = [astype(x, keywords["dtype"]) for x in arrays]
    axes, core = keywords.get("axes"), _core(ufunc, inputs)
    if keywords.get("axis") is not None:
        axes = [(keywords["axis"],)] * len(inputs)
    keepdims = bool(keywords.get("keepdims"))
    if axes is not None:
        axes = [a if isinstance(a, tuple | list) else (a,) for a in axes]
        axes = [tuple(map(operator.index, a)) for a in axes]
        arrays = [
            moveaxis(x, a, tuple(range(-len(a), 0))) if a else x
            for x, a in zip(arrays, axes, strict=False)
        ]
    out: Any = op(*arrays)
    if keepdims:
        for _ in range(core[0]):
            out = expand_dims(out, -1)
    count = core[0] if keepdims else core[-1]
    if axes is not None and count:
        last = axes[len(inputs)] if len(axes) > len(inputs) else axes[0]
        out = moveaxis(out, tuple(range(-count, 0)), last)
    return (out if dtype_of(out) == expected.dtype else astype(out, expected.dtype),)
