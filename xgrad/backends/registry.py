"""Which array libraries there are, which one is current, and whose array an array is."""

import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from xgrad.backends.backend import Backend
from xgrad.errors import BackendError, MixedBackendsError

logger = logging.getLogger("xgrad")


@dataclass(frozen=True)
class _Entry:
    module: str  # xgrad's module that makes the record
    package: str  # the library's import name
    install: str  # what to install to have it
    roots: tuple[str, ...]  # first parts of the module names of the library's array types


_ENTRIES = {
    "numpy": _Entry("xgrad.backends.numpy", "numpy", "numpy", ("numpy",)),
    "cupy": _Entry("xgrad.backends.cupy", "cupy", "xgrad[cuda12] or xgrad[cuda13]", ("cupy",)),
    "torch": _Entry("xgrad.backends.torch", "torch", "xgrad[torch]", ("torch",)),
    "jax": _Entry("xgrad.backends.jax", "jax", "xgrad[jax]", ("jax", "jaxlib")),
    "dpnp": _Entry("xgrad.backends.dpnp", "dpnp", "xgrad[dpnp]", ("dpnp",)),
    "dask": _Entry("xgrad.backends.dask", "dask", "xgrad[dask]", ("dask",)),
    "array_api_strict": _Entry(
        "xgrad.backends.strict", "array_api_strict", "array-api-strict", ("array_api_strict",)
    ),
}
_loaded: dict[str, Backend] = {}

#: The backend of every array type seen so far: one dictionary look-up per op.
BY_TYPE: dict[type, Backend] = {}


@dataclass(frozen=True)
class Selection:
    """The backend and the device on which new arrays are made."""

    backend: Backend
    device: Any = None


_chosen: Selection | None = None  # by set_backend, for the whole process
_scoped: ContextVar[Selection | None] = ContextVar("xgrad backend", default=None)


def load(name: str) -> Backend:
    """Return the record of a backend, importing its library on first use."""
    backend = _loaded.get(name)
    if backend is None:
        entry = _ENTRIES.get(name)
        if entry is None:
            known = ", ".join(_ENTRIES)
            raise BackendError(f"unknown backend {name!r}; expected one of: {known}")
        if find_spec(entry.package) is None:
            raise BackendError(
                f"backend {name!r}: the package {entry.package!r} is not installed; "
                f"install it with: pip install '{entry.install}'"
            )
        backend = importlib.import_module(entry.module).make_backend()
        _loaded[name] = backend
    return backend


def _select(name: str, device: Any) -> Selection:
    backend = load(name)
    if name == "jax":
        _enable_jax_float64()
    return Selection(backend, None if device is None else backend.parse_device(device))


def _enable_jax_float64() -> None:
    import jax  # the one place where choosing a backend changes its library's settings

    if not jax.config.read("jax_enable_x64"):
        jax.config.update("jax_enable_x64", True)  # noqa: FBT003 - their signature
        logger.warning(
            "xgrad: jax's 64-bit mode was off and is now on (jax_enable_x64=True), "
            "so that float64 means float64 on every backend"
        )


def set_backend(name: str, device: Any = None) -> None:
    """Choose the array library, and the device, on which new arrays are made.

    Parameters
    ----------
    name : str
        One of the names that `available_backends` lists.
    device : optional
        A device of that library, as it or its users write it (``"cpu"``, ``"cuda:1"``).

    Raises
    ------
    BackendError
        If the name is unknown, the library is not installed, or it cannot run here.

    Notes
    -----
    The choice holds for the process; `use_backend` is for a while. Operations follow
    the arrays that they are given, whatever the current backend.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.set_backend("numpy")
    >>> xg.get_backend().name
    'numpy'
    """
    global _chosen
    _chosen = _select(name, device)


@contextmanager
def use_backend(name: str, device: Any = None) -> Iterator[Backend]:
    """Choose the backend for the body of a ``with`` (a context variable: per thread and task).

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.use_backend("numpy"):
    ...     xg.zeros(2)
    Tensor([0., 0.])
    """
    selection = _select(name, device)
    token = _scoped.set(selection)
    try:
        yield selection.backend
    finally:
        _scoped.reset(token)


def host_backend() -> Backend:
    """Return the backend that is always there: the default, and where numbers are read."""
    return load("numpy")


def current() -> Selection:
    """Return the current backend with its device."""
    return _scoped.get() or _chosen or Selection(host_backend())


def get_backend() -> Backend:
    """Return the record of the current backend."""
    return current().backend


def backend_status() -> dict[str, str]:
    """Return, for every backend, ``""`` or the reason why it cannot be used here."""
    status = {}
    for name in _ENTRIES:
        try:
            load(name)
            status[name] = ""
        except (BackendError, ImportError) as error:
            status[name] = str(error)
    return status


def available_backends() -> list[str]:
    """Return the names of the backends that can be used on this machine.

    Examples
    --------
    >>> import xgrad as xg
    >>> "numpy" in xg.available_backends()
    True
    """
    return [name for name in _ENTRIES if not _reason_missing(name)]


def _reason_missing(name: str) -> str:
    """Return why a backend cannot be used, importing only a library that needs a device."""
    if name not in ("cupy", "dpnp") and find_spec(_ENTRIES[name].package) is not None:
        return ""
    try:
        load(name)
    except (BackendError, ImportError) as error:
        return str(error)
    return ""


def find_backend(x: Any) -> Backend | None:
    """Return the backend whose array ``x`` is, or None."""
    kind = type(x)
    backend = BY_TYPE.get(kind)
    if backend is not None:
        return backend
    if issubclass(kind, np.ma.MaskedArray):
        raise TypeError("masked arrays are not supported: fill them first (x.filled(value))")
    roots = {base.__module__.partition(".")[0] for base in kind.__mro__}
    for name, entry in _ENTRIES.items():
        if roots.intersection(entry.roots):
            backend = load(name)
            if backend.is_array(x):
                backend = backend.for_array(x)
                BY_TYPE[kind] = backend
                return backend
    return None


def common_backend(function: str, arrays: tuple[Any, ...]) -> Backend:
    """Return the one backend of some raw arrays; scalars are ignored.

    Raises
    ------
    MixedBackendsError
        If the arrays belong to two libraries.
    """
    found: Backend | None = None
    for x in arrays:
        backend = find_backend(x)
        if backend is None or backend is found:
            continue
        if found is not None and backend.name != found.name:
            raise MixedBackendsError(
                f"{function}: arrays of two libraries, {found.name} and {backend.name}; "
                "bring them together first, as in x.to('numpy')"
            )
        if found is None or backend.abstract:
            found = backend
    return found or get_backend()
