"""The record that describes one array library."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xgrad.backends import host
from xgrad.backends.dtypes import canonical
from xgrad.backends.namespace import Namespace
from xgrad.backends.runtime import Runtime


def _the_cpu() -> list[str]:
    return ["cpu"]


def _as_given(device: Any) -> Any:
    return device


def _own_name(device: Any) -> str | None:
    return device if isinstance(device, str) else None


@dataclass(frozen=True, eq=False)
class Backend:
    """One array library: its namespace, its arrays, its devices, and its limits.

    The defaults are valid for every library that follows the standard.

    Attributes
    ----------
    name : str
        The name for users, as in ``set_backend(name)``.
    xp : Namespace
        The library's functions with xgrad's hooks.
    array_type : type
        The type of the library's arrays.
    to_numpy : callable
        Copies or views an array as a NumPy array (a host read). It is also the hook ``xp.host``.
    devices : callable
        Returns the names of the available devices.
    version : str
        The library's version.
    parse_device : callable
        Converts a device as users write it to the library's own device.
    device_name : callable
        The inverse: PyTorch's name of one of the library's own devices; None for other objects.
    weak_scalars : bool
        Whether every function takes Python scalars together with arrays, with NumPy's promotion.
    mixes_kinds : bool
        Whether arrays and 0-d arrays of different kinds (integer, floating-point) can be combined.
    immutable : bool
        Whether arrays cannot be written in place.
    abstract : bool
        Whether arrays do not have values yet (JAX tracers).
    on_host : bool
        Whether arrays are NumPy arrays.
    lazy : bool
        Whether arrays are computed only when their values are needed.
    pickles : bool
        Whether arrays can be pickled; if not, their values are.
    takes_cuda : bool
        Whether the library can import CUDA arrays of other libraries, through DLPack.
    runtime : Runtime
        Synchronization, memory statistics and asynchronous copies.
    """

    name: str
    xp: Namespace
    array_type: type
    to_numpy: Callable[[Any], np.ndarray[Any, Any]]
    devices: Callable[[], list[str]] = _the_cpu
    version: str = ""
    parse_device: Callable[[Any], Any] = _as_given
    device_name: Callable[[Any], str | None] = _own_name
    weak_scalars: bool = False
    mixes_kinds: bool = False
    immutable: bool = False
    abstract: bool = False
    on_host: bool = False
    lazy: bool = False
    pickles: bool = True
    takes_cuda: bool = False
    runtime: Runtime = field(default_factory=Runtime)

    def __post_init__(self) -> None:
        self.xp.host = self.to_numpy  # type: ignore[method-assign, assignment]

    def dtype(self, x: Any) -> np.dtype[Any]:
        """Return the NumPy dtype that corresponds to an array's dtype."""
        return canonical(x.dtype)

    def for_array(self, x: Any) -> "Backend":
        """Return the record for arrays of the type of ``x``; called once for each type.

        A backend may have a second, abstract record, and may raise TypeError for a type.
        """
        return self

    def on_choice(self) -> None:
        """Called when a user selects this backend: it may change the library's settings."""

    def from_numpy(self, x: np.ndarray[Any, Any], device: Any = None) -> Any:
        """Copy a NumPy array to this library (a host write)."""
        x = host.plain(x)
        return self.xp.asarray(x, dtype=x.dtype, device=device, copy=True)

    def plain(self, x: Any) -> Any:
        """Return an array in the form that rules need: the library's own type and byte order."""
        return x

    def __repr__(self) -> str:
        return f"<xgrad backend {self.name} {self.version}>"
