"""Sparse matrices of SciPy and CuPy in products and systems."""

from xgrad.ops.sparse import matmul, solve

__all__ = ["matmul", "solve"]


def __dir__() -> list[str]:
    return __all__
