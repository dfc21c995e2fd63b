"""What NumPy's arrays have and a Tensor does not: the error says why, and what to use."""

from typing import Any, NoReturn

#: The reason, by name.
REFUSED = {
    "byteswap": "a Tensor has the byte order of the machine; use x.numpy().byteswap()",
    "ctypes": "a Tensor is not one piece of memory; use x.numpy().ctypes",
    "dump": "use xgrad.save_file, or pickle.dump for constants and leaves",
    "dumps": "use xgrad.save_file, or pickle.dumps for constants and leaves",
    "flags": "a Tensor is always writeable, and its memory is not part of its value; "
    "use x.numpy().flags",
    "getfield": "a Tensor has no fields; use x.view(dtype), or x.numpy().getfield(...)",
    "resize": "a Tensor keeps its number of elements; use x = np.resize(x, shape), or x.reshape",
    "setfield": "a Tensor has no fields; use x[...] = value",
    "setflags": "a Tensor is always writeable, and is never changed where a graph needs its value",
    "tofile": "use xgrad.save_file, or x.numpy().tofile(...)",
}


class Refusal:
    """An attribute that raises with the reason."""

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        self.__doc__ = f"Raise: {reason}."

    def __get__(self, x: Any, owner: Any) -> "Refusal":
        if x is None:
            return self
        return self._refuse()

    def _refuse(self) -> NoReturn:
        raise AttributeError(f"{self.name}: {self.reason}")


def no_shape(x: Any, shape: Any) -> NoReturn:
    """Raise for ``x.shape = ...``."""
    raise AttributeError(f"shape: cannot be assigned; use x = x.reshape({shape!r})")


def no_dtype(x: Any, dtype: Any) -> NoReturn:
    """Raise for ``x.dtype = ...``."""
    raise AttributeError("dtype: cannot be assigned; use x = x.astype(dtype)")
