"""Numbers of choices and arrangements, with SciPy's keywords."""

from xgrad.backends.scalars import is_number
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor
from xgrad.ops.creation import as_tensor, floats_of
from xgrad.ops.selection import where
from xgrad.ops.special.gammas import binom, gamma, poch
from xgrad.typing import ArrayLike

__all__ = ["comb", "factorial", "perm"]


def _not_exact(function: str, exact: bool) -> None:
    if exact:
        raise ValueError(
            f"{called(function)}: exact=True gives Python integers, without derivatives; use "
            f"scipy.special.{function}"
        )


def _pair(n: ArrayLike, k: ArrayLike) -> list[Tensor]:
    """Return floating-point numbers; Python numbers have the dtype of the other argument."""
    like = next((floats_of(x) for x in (n, k) if not is_number(x)), None)
    dtype = None if like is None else like.dtype
    return [
        as_tensor(x, dtype=dtype, like=like) if is_number(x) else floats_of(x, like=(n, k))
        for x in (n, k)
    ]


def factorial(n: ArrayLike, exact: bool = False) -> Tensor:
    """``gamma(n + 1)``, and 0 for negative n.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.factorial(3.0)
    Tensor(6.)
    """
    _not_exact("factorial", exact)
    x = floats_of(n)
    valid = x >= 0
    return where(valid, gamma(where(valid, x, 0.0) + 1), where(x == x, 0.0, x))


def comb(
    N: ArrayLike,  # noqa: N803 - SciPy's name
    k: ArrayLike,
    *,
    exact: bool = False,
    repetition: bool = False,
) -> Tensor:
    """Number of ways to choose k of N things, 0 unless ``0 <= k <= N``.

    See Also
    --------
    xgrad.special.binom : Without the condition.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.comb(4.0, 2.0)
    Tensor(6.)
    """
    _not_exact("comb", exact)
    x, y = _pair(N, k)
    if repetition:
        x = x + y - 1
    valid = (y <= x) & (x >= 0) & (y >= 0)
    return where(valid, binom(where(valid, x, 1.0), where(valid, y, 1.0)), 0.0)


def perm(N: ArrayLike, k: ArrayLike, exact: bool = False) -> Tensor:  # noqa: N803
    """Number of ordered choices of k of N things, 0 unless ``0 <= k <= N``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.special.perm(4.0, 2.0)
    Tensor(12.)
    """
    _not_exact("perm", exact)
    x, y = _pair(N, k)
    valid = (y <= x) & (x >= 0) & (y >= 0)
    return where(valid, poch(where(valid, x - y, 0.0) + 1, where(valid, y, 1.0)), 0.0)
