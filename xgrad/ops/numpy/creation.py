"""New arrays by NumPy's names: identities, triangles, and positions in them."""

from typing import Any

from xgrad.backends import host
from xgrad.engine.tensor import Tensor
from xgrad.ops import creation
from xgrad.ops.numpy.conversion import constant

__all__ = ["diag_indices", "identity", "tri", "tril_indices", "triu_indices"]


def identity(n: int, dtype: Any = None) -> Tensor:
    """Return the identity matrix.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.identity(2)
    Tensor([[1., 0.],
            [0., 1.]])
    """
    return creation.eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:  # noqa: N803
    """Return ones on and below the ``k``-th diagonal, zeros above.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tri(2, 3)
    Tensor([[1., 0., 0.],
            [1., 1., 0.]])
    """
    like = creation.zeros((N, N if M is None else M), dtype=dtype)
    rows, columns = (creation.arange(n) for n in like.shape)
    below = rows[:, None] + k >= columns
    return creation.astype(below, like.dtype)


def _indices(*arrays: Any) -> tuple[Tensor, ...]:
    here = creation.zeros(())
    return tuple(constant(array, here) for array in arrays)


def tril_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Tensor, ...]:
    """Return the positions on and below the ``k``-th diagonal of an (n, m) matrix.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.tril_indices(2)
    (Tensor([0, 1, 1]), Tensor([0, 0, 1]))
    """
    return _indices(*host.triangle("tril_indices", n, k, m))


def triu_indices(n: int, k: int = 0, m: int | None = None) -> tuple[Tensor, ...]:
    """Return the positions on and above the ``k``-th diagonal of an (n, m) matrix.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.triu_indices(2)
    (Tensor([0, 0, 1]), Tensor([0, 1, 1]))
    """
    return _indices(*host.triangle("triu_indices", n, k, m))


def diag_indices(n: int, ndim: int = 2) -> tuple[Tensor, ...]:
    """Return the positions on the diagonal of an array of ``ndim`` axes of length ``n``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.diag_indices(2)
    (Tensor([0, 1]), Tensor([0, 1]))
    """
    return _indices(host.array(range(n))) * ndim
