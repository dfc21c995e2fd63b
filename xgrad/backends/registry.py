"""The known array libraries, the current one, and the library that an array belongs to."""

import functools
import importlib
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from xgrad.backends.backend import Backend
from xgrad.backends.builtin import BUILT_IN, packages
from xgrad.backends.dtypes import before_refusal
from xgrad.backends.dtypes import register as register_dtypes
from xgrad.backends.namespace import Namespace, TranslatingNamespace
from xgrad.contexts import context
from xgrad.errors import BackendError, MixedBackendsError

_HOST = next(iter(BUILT_IN))
#: Built-in backends, by the top-level modules of their array types.
_BY_MODULE = {m: name for name, entry in BUILT_IN.items() for m in (name, *entry.modules)}
_loaded: dict[str, Backend] = {}
_registered: dict[str, Backend] = {}  # added by users

#: The backend of every array type seen so far: one dictionary look-up per op.
BY_TYPE: dict[type, Backend] = {}


@dataclass(frozen=True)
class Selection:
    """The backend and the device on which new arrays are created."""

    backend: Backend
    device: Any = None


_chosen: Selection | None = None  # by set_backend, for the whole process
#: By `use_backend` and devices, for a thread or task: the innermost comes last.
_scopes: ContextVar[tuple[Selection, ...]] = ContextVar("xgrad backend", default=())


def load(name: str) -> Backend:
    """Return the record of a backend, importing its library on first use."""
    backend = _loaded.get(name)
    if backend is None:
        if name not in BUILT_IN:
            known = ", ".join(known_backends())
            raise BackendError(f"unknown backend {name!r}; expected one of: {known}")
        if find_spec(name) is None:
            install = " or ".join(f"pip install '{package}'" for package in packages(name))
            raise BackendError(
                f"backend {name!r}: the package {name!r} is not installed; "
                f"install it with: {install}"
            )
        backend = importlib.import_module(f"xgrad.backends.{name}").make_backend()
        _loaded[name] = backend
    return backend


def known_backends() -> list[str]:
    """Return the names of all backends, including those that cannot be used here."""
    return [*BUILT_IN, *_registered]


def _check_registration(name: Any, array_type: Any, to_numpy: Any) -> None:
    if not isinstance(name, str) or not name:
        raise TypeError(f"register_backend: expected a name, got {name!r}")
    if not isinstance(array_type, type):
        raise TypeError(f"register_backend: expected a class as array_type, got {array_type!r}")
    if not callable(to_numpy):
        raise TypeError(f"register_backend: expected a function as to_numpy, got {to_numpy!r}")


def register_backend(
    name: str,
    namespace: Any,
    *,
    array_type: type,
    to_numpy: Callable[[Any], Any],
    dtypes: Mapping[Any, Any] | None = None,
    version: str = Backend.version,
    devices: Callable[[], list[str]] = Backend.devices,
    parse_device: Callable[[Any], Any] = Backend.parse_device,
    device_name: Callable[[Any], str | None] = Backend.device_name,
    weak_scalars: bool = Backend.weak_scalars,
    mixes_kinds: bool = Backend.mixes_kinds,
    immutable: bool = Backend.immutable,
    lazy: bool = Backend.lazy,
) -> Backend:
    """Let xgrad differentiate the arrays of another library that follows the standard.

    Parameters
    ----------
    name : str
        The name for users, as in ``set_backend(name)``.
    namespace : module or Namespace
        The library's functions, named as in the Array API standard; or an instance of a
        subclass of `xgrad.backends.Namespace`, whose methods (the *hooks*) replace what
        is slow or missing in the standard.
    array_type : type
        The type of the library's arrays.
    to_numpy : callable
        Copies an array to NumPy, for printing and for ``item()``.
    dtypes : mapping of NumPy dtypes to the library's, optional
        Needed if the library's dtype objects are not NumPy's.
    version : str
        The library's version, for messages.
    devices, parse_device, device_name : callable
        Return the names of the devices, convert a name to the library's device, and back.
    weak_scalars : bool
        Whether every function takes Python numbers together with arrays, with NumPy's promotion.
    mixes_kinds : bool
        Whether arrays of different kinds (integer, floating-point) can be combined.
    immutable, lazy : bool
        Whether arrays cannot be written in place; whether they are computed only when needed.

    Returns
    -------
    Backend
        The record of the library.

    Raises
    ------
    BackendError
        If the name is already registered.

    Notes
    -----
    ``docs/backends.md`` has an example, and explains how to run the op table on it.
    """
    _check_registration(name, array_type, to_numpy)
    if name in known_backends():
        raise BackendError(f"register_backend: {name!r} is already registered; choose another name")
    xp = namespace
    if not isinstance(namespace, Namespace):
        to_raw = {np.dtype(dtype): raw for dtype, raw in (dtypes or {}).items()}
        xp = TranslatingNamespace(namespace, to_raw) if dtypes else Namespace(namespace)
    if dtypes:
        register_dtypes((raw, np.dtype(dtype)) for dtype, raw in dtypes.items())
    backend = Backend(
        name=name,
        xp=xp,
        array_type=array_type,
        to_numpy=to_numpy,
        devices=devices,
        version=version,
        parse_device=parse_device,
        device_name=device_name,
        weak_scalars=weak_scalars,
        mixes_kinds=mixes_kinds,
        immutable=immutable,
        lazy=lazy,
    )
    _loaded[name] = _registered[name] = BY_TYPE[array_type] = backend
    return backend


def select(name: str, device: Any = None) -> Selection:
    """Return a backend with one of its devices, or with its default device."""
    backend = load(name)
    backend.on_choice()
    return Selection(backend, None if device is None else backend.parse_device(device))


def set_backend(name: str, device: Any = None) -> None:
    """Select the array library, and the device, on which new arrays are created.

    Parameters
    ----------
    name : str
        One of the names that `available_backends` lists.
    device : optional
        A device of that library: a name (``"cpu"``, ``"cuda:1"``), or the library's own device.

    Raises
    ------
    BackendError
        If the name is unknown, the library is not installed, or it cannot run here.

    See Also
    --------
    xgrad.use_backend : For the body of a ``with``.
    xgrad.device : Selects a device of the current backend.

    Notes
    -----
    The selection applies to the whole process; `use_backend` is for the body of a ``with``.
    Operations run on the backend of their arguments, whatever the current backend is.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.set_backend("numpy")
    >>> xg.get_backend().name
    'numpy'
    """
    global _chosen
    _chosen = select(name, device)


@context
def use_backend(name: str, device: Any = None) -> Iterator[Backend]:
    """Select the backend for the body of a ``with`` (a context variable: per thread and task).

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.use_backend("numpy"):
    ...     xg.zeros(2)
    Tensor([0., 0.])
    """
    selection = select(name, device)
    _scopes.set((*_scopes.get(), selection))
    try:
        yield selection.backend
    finally:  # not by a token: generators may leave their scopes in another order
        _scopes.set(tuple(x for x in _scopes.get() if x is not selection))


def loaded_backends() -> list[Backend]:
    """Return the backends that have been used."""
    return list(_loaded.values())


def host_backend() -> Backend:
    """Return the default backend, which is always installed and whose arrays are on the host."""
    return load(_HOST)


def current() -> Selection:
    """Return the current backend with its device."""
    scopes = _scopes.get()
    return scopes[-1] if scopes else _chosen or Selection(host_backend())


def destination(backend: str | None = None, device: Any = None) -> Selection:
    """Return where to create a new array: the given backend and device, or the current ones."""
    if backend is not None:
        return current_on(backend) if device is None else select(backend, device)
    return current() if device is None else resolve_device(device, get_backend())


def current_on(name: str) -> Selection:
    """Return a backend, with the current device if it is the current backend."""
    selection = current()
    return selection if selection.backend.name == name else select(name)


def resolve_device(device: Any, own: Backend) -> Selection:
    """Return the backend and device that ``device`` means for an array of the backend ``own``.

    Strings are PyTorch's names. For a library without a CPU, ``"cpu"`` is the host, so NumPy.
    Names that ``own`` does not know are looked up on the current backend. A device object of
    another library belongs to that library.
    """
    kind: type = type(device)
    named = isinstance(device, str | int)
    for name in [getattr(device, "backend", None)] if named else libraries_of(kind):
        if name not in (None, own.name):
            return select(name, device)
    try:
        return Selection(own, own.parse_device(device))
    except ValueError:
        other = host_backend() if str(device).partition(":")[0] == "cpu" else get_backend()
        if other.name == own.name:
            raise
    return Selection(other, other.parse_device(device))


def get_backend() -> Backend:
    """Return the record of the current backend."""
    return current().backend


def backend_status() -> dict[str, str]:
    """Return, for every backend, ``""`` or the reason why it cannot be used here."""
    return {name: _reason_missing(name) for name in known_backends()}


def available_backends() -> list[str]:
    """Return the names of the backends that can be used on this machine.

    Examples
    --------
    >>> import xgrad as xg
    >>> "numpy" in xg.available_backends()
    True
    """
    names = [name for name in BUILT_IN if find_spec(name) is not None]
    # Only importing a library that needs a device shows whether there is one; others are not
    # imported.
    usable = [n for n in names if not BUILT_IN[n].needs_device or not _reason_missing(n)]
    return [*usable, *_registered]


def _reason_missing(name: str) -> str:
    """Return why a backend cannot be used, or ``""``; this imports its library."""
    try:
        load(name)
    except (BackendError, ImportError) as error:
        return str(error)
    return ""


def find_backend(x: Any) -> Backend | None:
    """Return the backend of an array, or None."""
    kind: type = type(x)
    backend = BY_TYPE.get(kind)
    if backend is not None:
        return backend
    names = libraries_of(kind)
    if not names and not _registered:  # most objects that are not arrays
        return None
    for backend in (*_registered.values(), *map(load, names)):
        if isinstance(x, backend.array_type):
            BY_TYPE[kind] = backend = backend.for_array(x)
            return backend
    return None


@functools.lru_cache(256)
def libraries_of(kind: type) -> tuple[str, ...]:
    """Return the built-in backends whose arrays may have a type, or one of its bases."""
    modules = {base.__module__.partition(".")[0]: None for base in kind.__mro__}
    return tuple(dict.fromkeys(_BY_MODULE[m] for m in modules if m in _BY_MODULE))


# A dtype object may be the first object of a library that xgrad gets.
before_refusal.append(lambda kind: [load(name) for name in libraries_of(kind)])


def common_backend(function: str, arrays: tuple[Any, ...]) -> Backend:
    """Return the backend that raw arrays share; scalars and 0-d NumPy arrays go with any backend.

    Raises
    ------
    MixedBackendsError
        If the arrays belong to two libraries.
    """
    common: Backend | None = None
    number: Backend | None = None
    for x in arrays:
        backend = BY_TYPE.get(type(x))
        if backend is None:
            try:
                backend = find_backend(x)
            except TypeError as error:
                raise TypeError(f"{function}: {error}") from None
        if backend is None or backend is common:
            continue
        if backend.on_host and not x.shape:  # a number, which mixes with any array
            number = backend
            continue
        if common is not None and backend.name != common.name:
            raise MixedBackendsError(_mixed(function, common, backend))
        if common is None or backend.abstract:
            common = backend
    return common or number or get_backend()


def check_same(function: str, here: Any, x: Any) -> Backend:
    """Return the backend of an array, or raise if its replacement has another one."""
    one, other = common_backend(function, (here,)), common_backend(function, (x,))
    if one.name != other.name:
        raise MixedBackendsError(_mixed(function, one, other))
    return one


def _mixed(function: str, one: Backend, other: Backend) -> str:
    """Return a message that says which array to move: to a device, or to the current backend."""
    there, here = one, other
    if one.on_host or (not other.on_host and other is get_backend()):
        there, here = other, one
    return (
        f"{function}: arrays of two libraries, {one.name} and {other.name}; move the one of "
        f"{here.name} to {there.name} first: x.to({there.name!r}) moves a Tensor, "
        f"xgrad.asarray(x, backend={there.name!r}) an array"
    )
