"""The hook of special functions: SciPy on the host, where a library has none."""

from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.backends.array_api import Standard
from xgrad.typing import Array

#: Arguments that SciPy wants as integers.
_WHOLE = {
    **dict.fromkeys(("bdtr", "bdtrc", "bdtri"), (1,)),
    **dict.fromkeys(("nbdtr", "nbdtrc", "nbdtri"), (0, 1)),
    **dict.fromkeys(("expn", "yn", "pdtri"), (0,)),
}


def on_host(name: str, *arrays: Any) -> Any:
    """Call a function of ``scipy.special`` with whole numbers as integers."""
    import scipy.special  # heavy: not before it is needed

    full = list(arrays)
    for i in _WHOLE.get(name, ()):
        numbers = np.asarray(full[i])
        full[i] = numbers.astype(np.int64)
        if not np.all(full[i] == numbers):
            raise ValueError(f"{name}: expected integers for argument {i}")
    out = getattr(scipy.special, name)(*full)
    dtypes = {x.dtype for x in arrays if hasattr(x, "dtype")}
    if dtypes == {np.dtype(np.float32)}:  # numbers have no say, though SciPy lets some have one
        out = np.asarray(out, dtype=np.float32)
    return out


class SpecialFunctions(Standard):
    """Agnostic forms."""

    device: Callable[[Any], Any]  # a hook of `Namespace`

    def special(self, name: str, *arrays: Array) -> Array:
        """The function of that name in ``scipy.special``.

        Agnostic: through the host, so that on an accelerator it waits for the numbers.
        """
        out = on_host(name, *(self.host(x) if hasattr(x, "dtype") else x for x in arrays))
        out = np.asarray(out)
        array = next(x for x in arrays if hasattr(x, "dtype"))  # the others may be numbers
        return self.asarray(out, dtype=out.dtype, device=self.device(array), copy=True)

    def host(self, x: Array) -> np.ndarray[Any, Any]:
        """Return the numbers as a NumPy array; a backend's record puts its ``to_numpy`` here."""
        return np.asarray(x)
