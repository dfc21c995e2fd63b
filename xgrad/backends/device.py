"""Devices by name, as in PyTorch: the type of ``x.device`` and of ``device=``."""

import functools
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Self

from xgrad.backends.backend import Backend
from xgrad.backends.registry import current, get_backend, libraries_of, load, use_backend
from xgrad.contexts import F, decorated

#: The devices of the enclosing ``with`` statements in this thread or task, the innermost last.
_ENTERED: ContextVar[tuple[tuple["device", AbstractContextManager[None]], ...]] = ContextVar(
    "xgrad devices", default=()
)


class device(str):  # noqa: N801 - PyTorch's name
    """A device, such as ``device("cuda:1")``, under PyTorch's name on every backend.

    It is accepted wherever a device is expected: by ``x.to`` and a module's ``to``, as
    ``device=``, by `xgrad.set_backend`. In a ``with`` or as a decorator it selects the device of
    new arrays; results of operations are on the device of their arguments. ``x.device`` is the
    device of a Tensor.

    Parameters
    ----------
    name : str, int, or a library's own device
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``; on array_api_strict ``"device1"``. A number counts
        the devices of the current backend. A library's own device belongs to that library.
    index : int, optional
        ``device("cuda", 1)`` is ``device("cuda:1")``.
    backend : str, optional
        The library that it belongs to. By default, the current backend, or the backend of the
        array that is moved.

    Raises
    ------
    ValueError
        If there is no such device. A name is only looked up when it is used.

    See Also
    --------
    xgrad.devices : The names of all devices of a backend.
    xgrad.use_backend : Selects a backend, and one of its devices.

    Notes
    -----
    A device is a string. It equals its name, and the library's own device of that name; devices
    of two libraries differ. It also has the attributes of the library's own device
    (``x.device.id`` on CuPy), which is ``x.data.device``.

    Examples
    --------
    >>> import xgrad as xg
    >>> d = xg.device("cuda:1")
    >>> d, d.type, d.index, d == "cuda:1"
    (device('cuda:1'), 'cuda', 1, True)
    >>> with xg.device("cpu"):
    ...     xg.zeros(2).device
    device('cpu', backend='numpy')
    """

    __slots__ = ("backend",)

    backend: str | None

    def __new__(cls, name: Any, index: int | None = None, *, backend: str | None = None) -> Self:
        """Return a device by its name."""
        if isinstance(name, str):
            text, backend = str(name), backend or getattr(name, "backend", None)
        else:
            text, backend = _identified(name)
        if index is not None:
            if isinstance(index, bool) or not isinstance(index, int) or index < 0:
                raise ValueError(f"device: expected an index >= 0, got {index!r}")
            if text.rpartition(":")[2].isdigit():
                raise ValueError(
                    f"device: {text!r} already has an index, got another index {index}"
                )
            text = f"{text}:{index}"
        if not text:
            raise ValueError("device: expected a name such as 'cpu' or 'cuda:1', got ''")
        self = super().__new__(cls, text)
        self.backend = backend
        return self

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, Any]]:
        return (str(self),), {"backend": self.backend}

    @property
    def type(self) -> str:
        """The name without the index: ``"cuda"``."""
        kind, _, number = self.rpartition(":")
        return kind if number.isdigit() and kind else str(self)

    @property
    def index(self) -> int | None:  # type: ignore[override]
        """The number after the colon, or None."""
        kind, _, number = self.rpartition(":")
        return int(number) if number.isdigit() and kind else None

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and self.backend is not None:
            raw = load(self.backend).parse_device(str(self))
            if hasattr(raw, name):
                return getattr(raw, name)
        raise AttributeError(f"'device' object has no attribute {name!r}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            other = next(_by_library(other), None)
            if other is None:
                return NotImplemented
        libraries = {self.backend, getattr(other, "backend", None)} - {None}
        return len(libraries) < 2 and str(self) == str(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __repr__(self) -> str:
        belongs = "" if self.backend is None else f", backend={self.backend!r}"
        return f"device({str(self)!r}{belongs})"

    def __enter__(self) -> Self:
        manager = _chosen(self)
        manager.__enter__()
        _ENTERED.set((*_ENTERED.get(), (self, manager)))
        return self

    def __exit__(self, *raised: object) -> None:
        entered = _ENTERED.get()
        last = max(i for i, (owner, _) in enumerate(entered) if owner is self)
        _ENTERED.set(entered[:last] + entered[last + 1 :])
        entered[last][1].__exit__(*raised)  # type: ignore[arg-type]

    def __call__(self, function: F) -> F:
        """Return a function whose new arrays are created on the device."""
        return decorated("device", function, lambda: _chosen(self))


def device_of(backend: Backend, own: Any) -> Any:
    """Return a library's own device as a `device`, or unchanged if it does not have a name."""
    name = backend.device_name(own)
    return own if name is None else _named(name, backend.name)


@functools.lru_cache(64)
def _named(name: str, library: str | None) -> device:
    return device(name, backend=library)


def _by_library(own: Any) -> Iterator[device]:
    """Yield an object as a device of each library that its type may come from."""
    kind: type = type(own)
    for library in libraries_of(kind):
        name = load(library).device_name(own)
        if name is not None:
            yield device(name, backend=library)


def _identified(own: Any) -> tuple[str, str | None]:
    """Return the name and library of a library's own device, or the name of a number."""
    if isinstance(own, int) and not isinstance(own, bool):
        backend = get_backend()
        name = backend.device_name(backend.parse_device(own))
        if name is not None:
            return name, None
    for named in _by_library(own):
        return str(named), named.backend
    raise TypeError(
        f"device: expected a name such as 'cuda:1', a number, or a library's own device, "
        f"got {type(own).__name__}"
    )


@contextmanager
def _chosen(where: device) -> Iterator[None]:
    """Create new arrays on a device of its backend, or of the current backend."""
    library = load(where.backend) if where.backend else get_backend()
    with (
        use_backend(library.name, str(where)),
        library.runtime.current_device(current().device),
    ):
        yield
