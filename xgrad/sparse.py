"""Sparse matrices of SciPy and CuPy in products and systems."""

from xgrad.engine.calls import publish
from xgrad.ops.sparse import matmul, solve

__all__ = ["matmul", "solve"]

publish(globals())


def __dir__() -> list[str]:
    return __all__
