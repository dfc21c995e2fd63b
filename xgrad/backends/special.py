"""The hook of special functions: SciPy on the host, where a library has none."""

from typing import Any

import numpy as np
import scipy.special

Array = Any


class SpecialFunctions:
    """Agnostic forms; ``self`` is a namespace."""

    def special(self: Any, name: str, *arrays: Array) -> Array:
        """The function of that name in ``scipy.special``.

        Agnostic: through the host, so that on an accelerator it waits for the numbers.
        """
        out = getattr(scipy.special, name)(*(self.host(x) for x in arrays))
        out = np.asarray(out)
        return self.asarray(out, dtype=out.dtype, device=self.device(arrays[0]), copy=True)

    def host(self: Any, x: Array) -> np.ndarray[Any, Any]:
        """Return the numbers on the host."""
        return np.asarray(x)
