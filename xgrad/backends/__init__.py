"""Array libraries: one record for each, and the hooks that a backend may override."""

from xgrad.backends.backend import Backend
from xgrad.backends.kernels import Kernels
from xgrad.backends.namespace import Namespace, TranslatingNamespace

__all__ = ["Backend", "Kernels", "Namespace", "TranslatingNamespace"]


def __dir__() -> list[str]:
    return __all__
