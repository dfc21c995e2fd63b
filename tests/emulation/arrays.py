"""The emulated array: NumPy's data with CuPy's interface."""

from collections import Counter
from typing import Any

import numpy as np


class Counts:
    """Counts of work launched on the device, and of reads that wait for it."""

    def __init__(self) -> None:
        self.launches: Counter[str] = Counter()
        self.reads: Counter[str] = Counter()

    def clear(self) -> None:
        self.launches.clear()
        self.reads.clear()


COUNTS = Counts()


def host(x: Any) -> Any:
    """Replace emulated arrays by NumPy's; raise for NumPy arrays, as CuPy does."""
    if isinstance(x, ndarray):
        return x._host
    if isinstance(x, np.ndarray):
        raise TypeError(f"Unsupported type {type(x)}")
    if isinstance(x, tuple | list):
        return type(x)(host(part) for part in x)
    if isinstance(x, slice):
        return slice(*(host(part) for part in (x.start, x.stop, x.step)))
    return x


def wrapped(out: Any) -> Any:
    """Wrap NumPy's results, including scalars, in emulated arrays."""
    if isinstance(out, np.ndarray | np.generic):
        return made(np.asarray(out))
    if isinstance(out, tuple) and hasattr(out, "_fields"):
        return type(out)(*(wrapped(part) for part in out))
    if isinstance(out, tuple | list):
        return type(out)(wrapped(part) for part in out)
    return out


#: The number of the current device.
CURRENT = [0]


def check_places(*args: Any) -> None:
    """Raise for arrays of a device that is not current, as CuPy does without peer access."""
    for x in args:
        if isinstance(x, tuple | list):
            check_places(*x)
        elif isinstance(x, ndarray) and x._place != CURRENT[0]:
            raise ValueError(
                f"The device where the array resides ({x._place}) is different from the current "
                f"device ({CURRENT[0]}). Peer access is unavailable between these devices."
            )


def launched(name: str, compute: Any, *args: Any, **keywords: Any) -> Any:
    """Compute on the host, and count it unless the result is a view of an argument."""
    given = [host(x) for x in args]
    out = compute(*given, **{k: host(v) for k, v in keywords.items()})
    is_view = isinstance(out, np.ndarray) and any(
        isinstance(x, np.ndarray) and np.may_share_memory(out, x) for x in given
    )
    if not is_view and not name.startswith("empty"):  # allocating is not counted as work
        COUNTS.launches[name] += 1
    if not is_view:
        check_places(*args)
        return wrapped(out)
    viewed = next(x for x in args if isinstance(x, ndarray) and np.may_share_memory(out, x._host))
    return made(out, viewed._place, viewed)


def made(array: Any, place: int | None = None, viewed: Any = None) -> Any:
    """Wrap a NumPy array; a view refers to the array that owns its memory (core.pyx, ``view``)."""
    out = object.__new__(ndarray)
    out._host, out._place = array, CURRENT[0] if place is None else place
    out.base = viewed if viewed is None or viewed.base is None else viewed.base
    return out


def _operator(name: str) -> Any:
    function = getattr(np.ndarray, name)

    def method(self: Any, *others: Any) -> Any:
        if any(isinstance(x, np.ndarray) for x in others):
            raise TypeError(f"Unsupported type {type(others[0])}")
        if any(not isinstance(x, ndarray | int | float | complex | np.generic) for x in others):
            return NotImplemented
        return launched(name.strip("_"), function, self, *others)

    return method


def _writeable(x: np.ndarray) -> np.ndarray:
    """Return the same memory as a writeable array: CuPy has no read-only arrays.

    NumPy's `broadcast_to` returns read-only views, even if it does not stretch the array.
    """
    if x.flags.writeable or not isinstance(x.base, np.ndarray):
        return x
    base = _writeable(x.base)
    start = x.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    rows = base if base.flags.c_contiguous else base.T
    memory = rows.reshape(-1, copy=False).view(np.uint8)
    return np.ndarray(x.shape, x.dtype, memory, start, x.strides)


def _in_place(name: str) -> Any:
    plain = getattr(np.ndarray, f"__{name[3:]}")

    def method(self: Any, other: Any) -> Any:
        COUNTS.launches[name.strip("_")] += 1
        check_places(self, other)
        _writeable(self._host)[...] = plain(self._host, host(other))
        return self

    return method


def _read(name: str) -> Any:
    def method(self: Any, *args: Any) -> Any:
        return getattr(self.get(), name)(*args)

    return method


def _method(name: str) -> Any:
    def method(self: Any, *args: Any, **keywords: Any) -> Any:
        return launched(name, getattr(np.ndarray, name), self, *args, **keywords)

    return method


class ndarray:  # noqa: N801 - CuPy's name
    """An array that only CuPy's functions and operators accept."""

    __slots__ = ("__weakref__", "_host", "_place", "base")
    __module__ = "cupy"
    __array_ufunc__ = None
    __array_priority__ = 100

    def __init__(self, shape: Any, dtype: Any = float, memptr: Any = None, **rest: Any) -> None:
        self._host, self._place, self.base = np.empty(shape, dtype), CURRENT[0], None

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: self._host.flags)
    T = property(lambda self: made(self._host.T, self._place, self))
    real = property(lambda self: made(self._host.real, self._place, self))
    imag = property(lambda self: made(self._host.imag, self._place, self))

    @property
    def device(self) -> Any:
        from tests.emulation.cuda import Device

        return Device(self._place)

    @property
    def data(self) -> Any:
        return Pointer(self._host.__array_interface__["data"][0], self._place)

    def get(self, *args: Any, **keywords: Any) -> np.ndarray:
        """Copy to the host, which waits for the device."""
        COUNTS.reads["get"] += 1
        return self._host.copy()

    def set(self, arr: np.ndarray, stream: Any = None) -> None:
        """Copy from the host."""
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype or arr.shape != self.shape:
            raise ValueError("set: dtypes or shapes differ")
        self._host[...] = arr

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if any(isinstance(k, ndarray) and k.dtype == bool for k in parts):
            COUNTS.reads["mask as an index"] += 1
        return launched("getitem", np.ndarray.__getitem__, self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        COUNTS.launches["setitem"] += 1
        check_places(self, value)
        self._host[host(key)] = host(value)

    def __array__(self, *args: Any, **keywords: Any) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to "
            "construct a NumPy array explicitly."
        )

    def __dlpack__(self, *, stream: Any = None, max_version: Any = None, **rest: Any) -> Any:
        return self._host.__dlpack__()

    def __dlpack_device__(self) -> Any:
        return self._host.__dlpack_device__()

    def __repr__(self) -> str:
        return repr(self.get()).replace("array(", "array(")

    def __reduce__(self) -> Any:
        return made, (self.get(),)

    def __hash__(self) -> int:
        raise TypeError("unhashable type: 'ndarray'")


class PooledMemory:
    """A block of memory of CuPy's pool; only its name matters (memory.pyx)."""


class Pointer:
    """The start of an array's memory."""

    mem = PooledMemory()

    def __init__(self, ptr: int, device_id: int) -> None:
        self.ptr, self.device_id = ptr, device_id


_BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
for _name in (*_BINARY, "lshift", "rshift", "divmod"):
    setattr(ndarray, f"__{_name}__", _operator(f"__{_name}__"))
    if _name != "divmod":
        setattr(ndarray, f"__r{_name}__", _operator(f"__r{_name}__"))
    if _name not in ("divmod", "matmul"):
        setattr(ndarray, f"__i{_name}__", _in_place(f"__i{_name}__"))
for _name in ("lt", "le", "gt", "ge", "eq", "ne", "neg", "pos", "abs", "invert"):
    setattr(ndarray, f"__{_name}__", _operator(f"__{_name}__"))
for _name in ("bool", "int", "float", "complex", "index"):
    setattr(ndarray, f"__{_name}__", _read(f"__{_name}__"))
for _name in ("item", "tolist", "tobytes"):
    setattr(ndarray, _name, _read(_name))
for _name in (
    *("all", "any", "argmax", "argmin", "argsort", "astype", "clip", "conj", "copy", "cumsum"),
    *("diagonal", "dot", "fill", "flatten", "max", "mean", "min", "prod", "put", "ravel"),
    *("repeat", "reshape", "round", "sort", "squeeze", "std", "sum", "swapaxes", "take"),
    *("trace", "transpose", "var", "view"),
):
    setattr(ndarray, _name, _method(_name))
