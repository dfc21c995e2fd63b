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

    The defaults are right for any library that follows the standard.

    Attributes
    ----------
    name : str
        The name that users write, as in ``set_backend(name)``.
    xp : Namespace
        The library's functions with xgrad's hooks.
    array_type : type
        The type of the library's arrays.
    to_numpy : callable
        Copy or view an array as a NumPy array (a host read). It is also the hook ``xp.host``.
    devices : callable
        The names of the devices found.
    version : str
        The library's version.
    parse_device : callable
        Turn a device as users write it into the library's own.
    device_name : callable
        Its inverse: PyTorch's name of a device of the library's own; None for anything else.
    weak_scalars : bool
        Whether every function takes Python scalars together with arrays, with NumPy's promotion.
    mixes_kinds : bool
        Whether arrays and 0-d arrays of different kinds (integer, floating-point) combine.
    immutable : bool
        Whether arrays cannot be written in place.
    abstract : bool
        Whether arrays have no values now (a JAX tracer).
    on_host : bool
        Whether arrays are NumPy's own.
    lazy : bool
        Whether arrays are computed only when their numbers are needed.
    pickles : bool
        Whether arrays can be pickled; if not, their numbers are.
    takes_cuda : bool
        Whether it can import arrays of other libraries on a CUDA device, by DLPack.
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
        """Return the NumPy dtype that stands for an array's."""
        return canonical(x.dtype)

    def for_array(self, x: Any) -> "Backend":
        """Return the record for arrays of the type of ``x``; called once for each type.

        A backend may have a second, abstract form, and may raise TypeError for a type.
        """
        return self

    def on_choice(self) -> None:
        """Called whenever a user chooses this backend: it may change the library's settings."""

    def from_numpy(self, x: np.ndarray[Any, Any], device: Any = None) -> Any:
        """Copy a NumPy array to this library (a host write)."""
        x = host.plain(x)
        return self.xp.asarray(x, dtype=x.dtype, device=device, copy=True)

    def plain(self, x: Any) -> Any:
        """Return an array as derivatives take it: of the library's own type and byte order."""
        return x

    def __repr__(self) -> str:
        return f"<xgrad backend {self.name} {self.version}>"
