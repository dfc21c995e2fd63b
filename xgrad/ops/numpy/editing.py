"""Insert, delete and overwrite elements, with NumPy's arguments; writes are recorded."""

from typing import Any

from xgrad.backends import host
from xgrad.engine.declare import function
from xgrad.engine.refusals import called, named
from xgrad.engine.tensor import Tensor, snapshot
from xgrad.engine.views import refresh
from xgrad.ops.creation import as_tensor
from xgrad.ops.cumulative import cumulative_sum
from xgrad.ops.elementwise import subtract
from xgrad.ops.numpy.conversion import cast, constant, on_host, tensors, whole
from xgrad.ops.numpy.diagonals import cycled, written
from xgrad.ops.numpy.positions import checked_positions
from xgrad.ops.reductions import any as any_
from xgrad.ops.rounding import remainder
from xgrad.ops.selection import not_equal, where
from xgrad.ops.shape import broadcast_to, checked_axis, concat, moveaxis, reshape
from xgrad.ops.views.take import take
from xgrad.ops.views.writing import setitem
from xgrad.typing import ArrayLike

__all__ = ["delete", "insert", "put_along_axis"]


def _along(name: str, arr: ArrayLike, axis: int | None) -> tuple[Tensor, int]:
    """Return an array and an axis; without an axis, the flattened array."""
    x = as_tensor(arr)
    if axis is None:
        return (reshape(x, (-1,)) if x.ndim != 1 else x), 0
    return x, checked_axis(name, axis, x.ndim)


def _position(name: str, obj: Any) -> Any:
    return obj if isinstance(obj, slice) else on_host(name, obj)


@function(numpy="delete")
@named
def delete(arr: ArrayLike, obj: Any, axis: int | None = None) -> Tensor:
    """Return an array without the elements at some positions of an axis.

    Parameters
    ----------
    arr : array or Tensor
    obj : int, slice, or array of integers or booleans
    axis : int, optional
        None: of the flattened array.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.delete(xg.asarray([1.0, 2.0, 3.0]), 1)
    Tensor([1., 3.])
    """
    x, at = _along("delete", arr, axis)
    kept = host.kept_positions(x.shape[at], _position("delete", obj))
    return take(x, constant(kept, x), axis=at)


@function(numpy="insert")
@named
def insert(arr: ArrayLike, obj: Any, values: ArrayLike, axis: int | None = None) -> Tensor:
    """Return an array with values inserted before positions of an axis.

    Parameters
    ----------
    arr : array or Tensor
    obj : int, slice, or array of integers or booleans
    values : array or Tensor
        They are cast to the dtype of ``arr``.
    axis : int, optional
        None: into the flattened array.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.insert(xg.asarray([1.0, 3.0]), 1, 2.0)
    Tensor([1., 2., 3.])
    """
    x, at = _along("insert", arr, axis)
    position = _position("insert", obj)
    length = x.shape[at]
    new = cast("insert", as_tensor(values, like=x), x.dtype)
    new = reshape(new, (*(1,) * (x.ndim - new.ndim), *new.shape))
    count = host.inserted_count(length, position)
    if count is None:
        if not isinstance(position, slice) and not position.shape:
            new = moveaxis(new, 0, at)
        count = new.shape[at] if new.ndim == x.ndim else 1
    try:
        new = broadcast_to(new, (*x.shape[:at], count, *x.shape[at + 1 :]))
    except ValueError:
        raise ValueError(
            f"{called('insert')}: values of shape {new.shape} do not fit {count} positions of "
            f"axis {at} of shape {x.shape}"
        ) from None
    order = host.inserted_positions(length, position, count)
    return take(concat((x, new), axis=at), constant(order, x), axis=at)


# -- writes ------------------------------------------------------------------------------------


def _flat(a: Tensor) -> Tensor:
    """Return a separate Tensor with the elements of another one in one row."""
    return reshape(snapshot(refresh(a)), (-1,))


def _store(a: Tensor, flat: Tensor) -> None:
    setitem(a, ..., reshape(flat, a.shape))


@function(numpy="put", method="put")
def _put(a: Tensor, ind: Any, v: ArrayLike, mode: str = "raise") -> None:
    """Write values at positions of the flattened array; they are repeated if there are too few."""
    written("put", a)
    positions = reshape(whole("put", ind), (-1,))
    new = as_tensor(v, like=a)
    if not new.size or not positions.size:
        return
    flat = _flat(a)
    at = checked_positions("put", positions, flat.shape[0], mode)
    setitem(flat, at, cycled(new, positions.size, a))
    _store(a, flat)


def _mask(name: str, a: Tensor, mask: Any) -> Tensor:
    """Return a mask of as many elements as an array, in its shape."""
    flags = as_tensor(mask, like=a)
    if flags.size != a.size:
        raise ValueError(
            f"{called(name)}: a mask of shape {flags.shape} for an array of shape {a.shape}"
        )
    flags = reshape(flags, a.shape)
    return flags if flags.dtype.kind == "b" else not_equal(flags, 0)


@function(numpy="place")
def _place(arr: Tensor, mask: Any, vals: ArrayLike) -> None:
    written("place", arr)
    flags = _mask("place", arr, mask)
    flat = reshape(as_tensor(vals, like=arr), (-1,))
    if not flat.shape[0]:
        if bool(any_(flags)):
            raise ValueError("place: cannot insert from an empty array")
        return
    order = subtract(cumulative_sum(reshape(flags, (-1,)).astype("int64"), axis=0), 1)
    values = take(flat, remainder(order, flat.shape[0]), axis=0)
    _write_where(arr, flags, reshape(values, arr.shape))


@function(numpy="putmask")
def _putmask(a: Tensor, /, mask: Any, values: ArrayLike) -> None:
    written("putmask", a)
    flags = _mask("putmask", a, mask)
    new = as_tensor(values, like=a)
    if new.size and a.size:
        _write_where(a, flags, reshape(cycled(new, a.size, a), a.shape))


def _write_where(a: Tensor, flags: Tensor, values: Tensor) -> None:
    setitem(a, ..., where(flags, cast("write", values, a.dtype), snapshot(refresh(a))))


@function(numpy="put_along_axis")
@named
def put_along_axis(arr: Tensor, indices: Any, values: ArrayLike, axis: int | None) -> None:
    """Write one value for each index: ``x[i, indices[i, j]] = values[i, j]`` along the last axis.

    See Also
    --------
    xgrad.take_along_axis : Reads what this writes.

    Examples
    --------
    >>> import xgrad as xg
    >>> x = xg.zeros((2, 3))
    >>> xg.put_along_axis(x, xg.asarray([[1], [2]]), 5.0, axis=1)
    >>> x
    Tensor([[0., 5., 0.],
            [0., 0., 5.]])
    """
    written("put_along_axis", arr)
    at = whole("put_along_axis", indices)
    if axis is None:
        if at.ndim != 1:
            raise ValueError(
                f"{called('put_along_axis')}: with axis=None, indices must have one axis, got "
                f"shape {at.shape}"
            )
        flat = _flat(arr)
        setitem(flat, at, as_tensor(values, like=arr))
        _store(arr, flat)
        return
    if at.ndim != arr.ndim:
        raise ValueError(
            f"{called('put_along_axis')}: indices of shape {at.shape} for an array of shape "
            f"{arr.shape}: the numbers of axes differ"
        )
    axis = checked_axis("put_along_axis", axis, arr.ndim)
    key: list[Any] = []
    for i, length in enumerate(arr.shape):
        shape = (*(1,) * i, length, *(1,) * (arr.ndim - i - 1))
        key.append(at if i == axis else constant(host.array(range(length)).reshape(shape), arr))
    setitem(arr, tuple(key), as_tensor(values, like=arr))


@function(numpy="copyto")
def _copyto(dst: Tensor, src: ArrayLike, casting: str = "same_kind", where: Any = True) -> None:
    written("copyto", dst)
    new, mask = tensors("copyto", (src, where))
    if not hasattr(src, "dtype"):  # Python's numbers take the dtype of the array, if they fit
        new = as_tensor(src, like=dst)
        casting = "unsafe" if new.ndim == 0 and new.dtype.kind in "bui" else casting
    new = broadcast_to(cast("copyto", new, dst.dtype, casting), dst.shape)
    if where is True:
        setitem(dst, ..., new)
    else:
        _write_where(dst, broadcast_to(mask, dst.shape), new)
