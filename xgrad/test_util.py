"""HIPS/autograd's ``test_util``: `check_grads`, called in two steps."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from xgrad import testing
from xgrad.calls import publish as _publish
from xgrad.transforms.reverse import selected

__all__ = ["check_grads"]


def __dir__() -> list[str]:
    return __all__


def check_grads(
    f: Callable[..., Any],
    argnum: int | Sequence[int] = 0,
    modes: Sequence[str] | None = None,
    order: int = 2,
) -> Callable[..., None]:
    """Return a function that checks the derivatives of ``f`` at its arguments.

    Parameters
    ----------
    f : callable
        Takes and returns pytrees of arrays, Tensors and numbers.
    argnum : int or sequence of int
        The positional arguments to differentiate with respect to.
    modes : sequence of "fwd" and "rev", optional
        By default both.
    order : int
        The number of derivatives to check.

    See Also
    --------
    xgrad.testing.check_grads : Takes the arguments at once, and tolerances.

    Examples
    --------
    >>> import numpy as np
    >>> from xgrad.test_util import check_grads
    >>> check_grads(np.sin, modes=["rev"], order=3)(np.asarray([0.1, 0.2]))
    """

    @functools.wraps(f)
    def check(*args: Any, **keywords: Any) -> None:
        function = functools.partial(f, **keywords) if keywords else f
        of_chosen, chosen = selected(function, args, argnum, "check_grads")
        testing.check_grads(
            lambda *x: of_chosen(x), chosen, order, modes=("fwd", "rev") if modes is None else modes
        )

    return check


_publish(globals())
