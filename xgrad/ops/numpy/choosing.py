"""Choose between elements and take some of them, with NumPy's arguments."""

from collections.abc import Callable, Sequence
from typing import Any

from xgrad.backends import host
from xgrad.backends.dtypes import canonical
from xgrad.backends.scalars import is_scalar
from xgrad.engine.declare import function
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops import selection, statistics
from xgrad.ops.creation import as_tensor, zeros_like
from xgrad.ops.numpy.arguments import NO_VALUE, writes_out
from xgrad.ops.numpy.conversion import on_host, tensors, whole
from xgrad.ops.numpy.positions import argwhere, checked_positions
from xgrad.ops.reductions import any as any_
from xgrad.ops.reductions import max as max_
from xgrad.ops.reductions import min as min_
from xgrad.ops.selection import logical_not, not_equal
from xgrad.ops.shape import broadcast_to, checked_axis, reshape, stack
from xgrad.ops.sorting import nonzero
from xgrad.ops.views import take as taking
from xgrad.ops.views.reading import getitem
from xgrad.ops.views.take import broadcast_shape
from xgrad.ops.views.writing import setitem
from xgrad.typing import ArrayLike

__all__ = [
    "choose", "compress", "extract", "piecewise", "select", "trim_zeros",
]  # fmt: skip

# -- by positions ------------------------------------------------------------------------------


@function(numpy="take", method="take")
@writes_out
def _take(
    a: ArrayLike,
    indices: Any,
    axis: int | None = None,
    out: Tensor | None = None,
    mode: str = "raise",
) -> Tensor:
    """Take slices along an axis, or elements of the flattened array, by integer indices.

    (PyTorch's ``x.take`` has no axis.)
    """
    x = as_tensor(a)
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    at = checked_axis("take", axis, x.ndim)
    positions = whole("take", indices)
    size = x.shape[at]
    if not size and positions.size:
        raise IndexError(f"{called('take')}: cannot take elements of an empty axis")
    return taking.take(x, checked_positions("take", positions, size, mode), axis=at)


@function(numpy="take_along_axis")
def _take_along_axis(arr: ArrayLike, indices: Any, axis: int | None = -1) -> Tensor:
    x, at = as_tensor(arr), as_tensor(indices)
    if axis is None:
        if at.ndim != 1:
            raise ValueError(
                f"take_along_axis: with axis=None, indices must have one axis, got shape {at.shape}"
            )
        x, axis = reshape(x, (-1,)), 0
    if at.dtype.kind not in "iu":
        raise IndexError(f"take_along_axis: expected integer indices, got {at.dtype}")
    return taking.take_along_axis(x, at, axis=axis)


def _true_positions(condition: Any, flat: bool) -> Any:
    """Return the positions where a condition is true; of plain booleans, as a plain array."""
    if type(condition) is Tensor:
        return nonzero(reshape(condition, (-1,)) if flat else condition)[0]
    return host.true_positions(on_host("compress", condition))


@function(numpy="compress")
@writes_out
def compress(
    condition: Any, a: ArrayLike, axis: int | None = None, out: Tensor | None = None
) -> Tensor:
    """Slices along an axis for which a vector of conditions is true.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.compress([True, False, True], xg.asarray([1.0, 2.0, 3.0]))
    Tensor([1., 3.])
    """
    shape = as_tensor(condition).shape
    if len(shape) != 1:
        raise ValueError(f"{called('compress')}: condition must be a vector, got shape {shape}")
    return _take(a, _true_positions(condition, flat=False), axis)


@function(method="compress")
def _compress(
    x: Tensor, condition: Any, axis: int | None = None, out: Tensor | None = None
) -> Tensor:
    """Slices along an axis for which a vector of conditions is true."""
    return compress(condition, x, axis, out)


@function(numpy="extract")
def extract(condition: Any, arr: ArrayLike) -> Tensor:
    """Elements of the flattened array where a condition is true.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.asarray([[1.0, 5.0], [7.0, 2.0]])
    >>> xg.extract(x > 3, x)
    Tensor([5., 7.])
    """
    return _take(arr, _true_positions(condition, flat=True))


@function(numpy="choose", method="choose")
@writes_out
def choose(a: Any, choices: Any, out: Tensor | None = None, mode: str = "raise") -> Tensor:
    """For each element, the one of several arrays that an integer array names.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.choose([0, 1], (xg.asarray([1.0, 2.0]), xg.asarray([10.0, 20.0])))
    Tensor([ 1., 20.])
    """
    parts = tensors("choose", choices)
    at = checked_positions("choose", whole("choose", a), len(parts), mode, ValueError, 0)
    shape = broadcast_shape("choose", [at.shape, *(x.shape for x in parts)])
    table = stack([broadcast_to(x, shape) for x in parts])
    chosen = taking.take_along_axis(table, reshape(broadcast_to(at, shape), (1, *shape)), axis=0)
    return reshape(chosen, shape)


# -- by conditions -----------------------------------------------------------------------------


def _value(x: Any) -> Any:
    """Return an array or a Python number as it is, a sequence as a Tensor."""
    return x if is_scalar(x) or hasattr(x, "dtype") else as_tensor(x)


def _truth(condition: Any) -> Any:
    """Return a condition as booleans; numbers are true if they are not 0."""
    flags = _value(condition)
    dtype = getattr(lowest(flags), "dtype", None)
    if dtype is None:
        return bool(flags)
    return flags if canonical(dtype).kind == "b" else not_equal(flags, 0)


@function(numpy="where")
def _where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    if x is None and y is None:
        return nonzero(as_tensor(condition))
    if x is None or y is None:
        raise ValueError("where: either both x and y are passed, or neither")
    return selection.where(_truth(condition), _value(x), _value(y))


@function(numpy="select")
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Tensor:
    """For each element, the choice of the first condition that is true, otherwise ``default``.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.asarray([1.0, 2.0, 3.0])
    >>> xg.select([x < 2, x > 2], [x, 10 * x], -1.0)
    Tensor([ 1., -1., 30.])
    """
    if len(condlist) != len(choicelist) or not condlist:
        raise ValueError(
            f"{called('select')}: expected as many conditions as choices, at least one; got "
            f"{len(condlist)} and {len(choicelist)}"
        )
    out: Any = _value(default)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        flags = as_tensor(condition, like=(condlist, choicelist))
        if flags.dtype.kind != "b":
            raise TypeError(f"{called('select')}: expected boolean conditions, got {flags.dtype}")
        out = selection.where(flags, _value(choice), out)
    return as_tensor(out)


def _conditions(x: Tensor, condlist: Any, count: int) -> list[Tensor]:
    """Return the conditions of `piecewise`, the last one being that no other is true."""
    one = is_scalar(condlist) or getattr(condlist, "shape", None) == ()
    first = condlist if one else condlist[0]
    several = isinstance(first, list) or bool(getattr(first, "shape", ()))
    if one or (not several and x.ndim):
        condlist = [condlist]
    flags = [_truth(as_tensor(c, like=x)) for c in condlist]
    if len(flags) == count - 1:
        none = logical_not(any_(stack(flags), axis=0))
        return [*flags, none]
    if len(flags) != count:
        raise ValueError(
            f"{called('piecewise')}: {len(flags)} conditions need {len(flags)} or "
            f"{len(flags) + 1} functions, got {count}"
        )
    return flags


@function(numpy="piecewise")
def piecewise(
    x: ArrayLike,
    condlist: Any,
    funclist: Sequence[Callable[..., Any] | complex],
    *args: Any,
    **kw: Any,
) -> Tensor:
    """Apply to each element the function, or write the number, of its last true condition.

    One more function than conditions is for all other elements. The result has the dtype of ``x``.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.asarray([-2.0, 3.0])
    >>> xg.piecewise(x, [x < 0], [lambda v: -v, xg.square])
    Tensor([2., 9.])
    """
    array = as_tensor(x)
    out = zeros_like(array)
    flags = _conditions(array, condlist, len(funclist))
    for flag, piece in zip(flags, funclist, strict=True):
        if not callable(piece):
            setitem(out, flag, as_tensor(piece, like=array))
        elif (part := getitem(array, flag)).size:
            setitem(out, flag, as_tensor(piece(part, *args, **kw), like=array))
    return out


# -- limits ------------------------------------------------------------------------------------


@function(numpy="clip")
@writes_out
def _clip(
    a: ArrayLike,
    a_min: Any = NO_VALUE,
    a_max: Any = NO_VALUE,
    out: Tensor | None = None,
    *,
    min: Any = NO_VALUE,
    max: Any = NO_VALUE,
    **kwargs: Any,
) -> Tensor:
    if kwargs:
        raise TypeError(f"clip: {', '.join(kwargs)} cannot be passed with a Tensor")
    if a_min is NO_VALUE and a_max is NO_VALUE:
        a_min, a_max = (None if bound is NO_VALUE else bound for bound in (min, max))
    elif a_min is NO_VALUE or a_max is NO_VALUE:
        missing = "a_min" if a_min is NO_VALUE else "a_max"
        raise TypeError(f"clip: missing 1 required positional argument: {missing!r}")
    elif min is not NO_VALUE or max is not NO_VALUE:
        raise ValueError("clip: min or max cannot be passed together with a_min and a_max")
    bounds = (None if bound is None else _value(bound) for bound in (a_min, a_max))
    return selection.clip(as_tensor(a), *bounds)


@function(method="clip")
@writes_out
def _clip_method(x: Tensor, min: Any = None, max: Any = None, out: Tensor | None = None) -> Tensor:
    """Limit values to ``[min, max]``; a bound may be a number, an array or None."""
    bounds = (None if bound is None else _value(bound) for bound in (min, max))
    return selection.clip(x, *bounds)


@function(numpy="nan_to_num")
def _nan_to_num(
    x: ArrayLike, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Tensor:
    array = as_tensor(x)
    out = statistics.nan_to_num(array, nan=nan, posinf=posinf, neginf=neginf)
    if copy:
        return out
    setitem(array, ..., out)
    return array


@function(numpy="trim_zeros")
def trim_zeros(filt: ArrayLike, trim: str = "fb", axis: Any = None) -> Tensor:
    """Remove zeros at the front (``"f"``), at the back (``"b"``), or at both ends.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.trim_zeros(xg.asarray([0.0, 1.0, 0.0, 2.0, 0.0]))
    Tensor([1., 0., 2.])
    """
    x = as_tensor(filt)
    sides = trim.lower()
    if sides not in ("fb", "bf", "f", "b"):
        raise ValueError(f"trim_zeros: trim must be 'f', 'b' or 'fb', got {trim!r}")
    named = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = [checked_axis("trim_zeros", i, x.ndim) for i in named]
    positions = argwhere(x)
    key = [slice(None)] * x.ndim
    for i in axes:
        if not positions.shape[0]:
            key[i] = slice(0, 0)
            continue
        first, last = (int(f(positions[:, i])) for f in (min_, max_))
        key[i] = slice(first if "f" in sides else None, last + 1 if "b" in sides else None)
    return getitem(x, tuple(key))
