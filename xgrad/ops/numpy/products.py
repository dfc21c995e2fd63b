"""Products of arrays, with NumPy's arguments."""

from typing import Any

from xgrad.backends import host
from xgrad.engine.declare import function
from xgrad.engine.refusals import called, named
from xgrad.engine.tensor import Tensor
from xgrad.ops import contraction, products
from xgrad.ops.creation import as_tensor
from xgrad.ops.elementwise import multiply, negative, subtract
from xgrad.ops.numpy.arguments import writes_out
from xgrad.ops.numpy.conversion import cast, tensors
from xgrad.ops.numpy.diagonals import diagonal_view
from xgrad.ops.shape import checked_axis, moveaxis, reshape, stack
from xgrad.ops.views import kinds
from xgrad.typing import ArrayLike


@function(numpy="dot", method="dot")
@writes_out
def _dot(a: ArrayLike, b: ArrayLike, out: Tensor | None = None) -> Tensor:
    """Sum products over the last axis of ``a`` and the last but one of ``b``, as in NumPy.

    For matrices this is ``a @ b``, for vectors their inner product, with a number the product.
    """
    x, y = (a, b) if type(a) is type(b) is Tensor else tensors("dot", (a, b))
    if not x.ndim or not y.ndim:
        return multiply(x, y)
    if y.ndim < 3:
        return products.matmul(x, y)
    if x.shape[-1] != y.shape[-2]:
        raise ValueError(f"{called('dot')}: shapes {x.shape} and {y.shape} do not match")
    return products.tensordot(x, y, axes=((x.ndim - 1,), (y.ndim - 2,)))


@function(numpy="outer")
@writes_out
def _outer(a: ArrayLike, b: ArrayLike, out: Tensor | None = None) -> Tensor:
    return products.outer(*(reshape(x, (-1,)) for x in tensors("outer", (a, b))))


@function(numpy="kron")
def _kron(a: ArrayLike, b: ArrayLike) -> Tensor:
    return contraction.kron(*tensors("kron", (a, b)))


@function(numpy="tensordot")
def _tensordot(a: ArrayLike, b: ArrayLike, axes: Any = 2) -> Tensor:
    x, y = tensors("tensordot", (a, b))
    return products.tensordot(x, y, axes=axes)


@function(numpy="cross")
def _cross(
    a: ArrayLike,
    b: ArrayLike,
    axisa: int = -1,
    axisb: int = -1,
    axisc: int = -1,
    axis: int | None = None,
) -> Tensor:
    x, y = tensors("cross", (a, b))
    if axis is not None:
        axisa = axisb = axisc = axis
    x = moveaxis(x, checked_axis("cross", axisa, x.ndim), -1)
    y = moveaxis(y, checked_axis("cross", axisb, y.ndim), -1)
    if not {x.shape[-1], y.shape[-1]} <= {2, 3}:
        raise ValueError(
            f"{called('cross')}: expected vectors of 2 or 3 elements, got {x.shape[-1]} and "
            f"{y.shape[-1]}"
        )
    u, v = ([w[..., i] for i in range(w.shape[-1])] for w in (x, y))
    third = subtract(multiply(u[0], v[1]), multiply(u[1], v[0]))
    if len(u) == len(v) == 2:
        return third
    if len(u) == 2:
        parts = [multiply(u[1], v[2]), negative(multiply(u[0], v[2])), third]
    elif len(v) == 2:
        parts = [negative(multiply(u[2], v[1])), multiply(u[2], v[0]), third]
    else:
        parts = [
            subtract(multiply(u[1], v[2]), multiply(u[2], v[1])),
            subtract(multiply(u[2], v[0]), multiply(u[0], v[2])),
            third,
        ]
    return moveaxis(stack(parts, axis=-1), -1, axisc)


# -- sums over named axes ----------------------------------------------------------------------


def _operands(operands: tuple[Any, ...], change: Any) -> list[Any]:
    """Return the operands of `einsum` with its arrays changed; subscripts stay."""
    if isinstance(operands[0], str):
        return [operands[0], *map(change, operands[1:])]
    count = len(operands) // 2 * 2
    pairs = [change(x) if i % 2 == 0 else x for i, x in enumerate(operands[:count])]
    return [*pairs, *operands[count:]]


def _path(optimize: Any) -> Any:
    """Return NumPy's ``optimize`` as opt_einsum takes it."""
    if isinstance(optimize, bool) or optimize is None:
        return "auto"
    if isinstance(optimize, str):
        return optimize
    steps = list(optimize)
    if steps and isinstance(steps[0], str):
        if steps[0] != "einsum_path":  # a strategy with a limit of memory, which is not needed
            return steps[0]
        steps = steps[1:]
    return [tuple(step) for step in steps]


def _view(operands: tuple[Any, ...]) -> Tensor | None:
    """Return what only reorders axes, or takes a diagonal, as a view, as NumPy does."""
    if len(operands) != 2 or not isinstance(operands[0], str) or type(operands[1]) is not Tensor:
        return None
    inputs, arrow, output = operands[0].replace(" ", "").partition("->")
    x = operands[1]
    if not inputs.isalpha() or len(inputs) != x.ndim:
        return None
    output = output if arrow else "".join(sorted(n for n in inputs if inputs.count(n) == 1))
    if sorted(inputs) == sorted(output) and len(set(inputs)) == x.ndim:
        return kinds.permute_dims(x, tuple(inputs.index(letter) for letter in output))
    if inputs == output * 2 and len(output) == 1 and x.shape[0] == x.shape[1]:
        return diagonal_view(x, 0)
    return None


@function(numpy="einsum")
@named
@writes_out
def _einsum(
    *operands: Any, out: Tensor | None = None, optimize: Any = False, **kwargs: Any
) -> Tensor:
    dtype, casting = kwargs.pop("dtype", None), kwargs.pop("casting", "safe")
    kwargs.pop("order", None)
    if kwargs:
        raise TypeError(f"einsum: got an unexpected keyword argument {next(iter(kwargs))!r}")
    if not operands:
        raise ValueError("einsum: expected subscripts and at least one array")
    if dtype is None and (view := _view(operands)) is not None:
        return view
    arrays = [x for x in operands if hasattr(x, "dtype")]
    given = _operands(operands, lambda x: cast("einsum", as_tensor(x, like=arrays), dtype, casting))
    return contraction.einsum(*given, optimize=_path(optimize))


@function(numpy="einsum_path")
def _einsum_path(*operands: Any, optimize: Any = "greedy", einsum_call: bool = False) -> Any:
    return host.einsum_path(operands, optimize=optimize, einsum_call=einsum_call)
