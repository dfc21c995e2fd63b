"""The hook for special functions: SciPy on the host if the library lacks a function."""

from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.backends.array_api import Standard
from xgrad.typing import Array

#: Arguments that SciPy requires to be integers.
WHOLE = {
    **dict.fromkeys(("bdtr", "bdtrc", "bdtri"), (1,)),
    **dict.fromkeys(("nbdtr", "nbdtrc", "nbdtri"), (0, 1)),
    **dict.fromkeys(("expn", "kn", "yn", "pdtri"), (0,)),
}


#: Inverses whose loops for single precision are wrong or infinite in the tails.
_IN_DOUBLE = frozenset(("betainccinv", "betaincinv", "fdtri", "stdtrit"))


def on_host(name: str, *arrays: Any) -> Any:
    """Call a function of ``scipy.special``, converting whole numbers to integers if required."""
    import scipy.special  # the import is slow

    full = list(arrays)
    if name in _IN_DOUBLE:
        full = [np.asarray(x, np.float64) if hasattr(x, "dtype") else x for x in full]
    for i in WHOLE.get(name, ()):
        numbers = np.asarray(full[i])
        full[i] = numbers.astype(np.int64)
        if not np.all(full[i] == numbers):
            raise ValueError(f"{name}: expected integers for argument {i}")
    out = getattr(scipy.special, name)(*full)
    dtypes = {x.dtype for x in arrays if hasattr(x, "dtype")}
    if dtypes == {np.dtype(np.float32)}:  # numbers do not widen the dtype, unlike in SciPy
        out = np.asarray(out, dtype=np.float32)
    return out


class SpecialFunctions(Standard):
    """Agnostic forms."""

    device: Callable[[Any], Any]  # a hook of `Namespace`

    def special(self, name: str, *arrays: Array) -> Array:
        """Call a function of ``scipy.special`` by its name.

        Agnostic form: on the host, so that on an accelerator it waits for the values.
        """
        out = on_host(name, *(self.host(x) if hasattr(x, "dtype") else x for x in arrays))
        out = np.asarray(out)
        array = next(x for x in arrays if hasattr(x, "dtype"))  # the others may be numbers
        return self.asarray(out, dtype=out.dtype, device=self.device(array), copy=True)

    def host(self, x: Array) -> np.ndarray[Any, Any]:
        """Return an array as a NumPy array; a backend's record sets this to its ``to_numpy``."""
        return np.asarray(x)
