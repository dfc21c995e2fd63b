"""Stochastic gradient descent as functions, with HIPS/autograd's names and arguments.

Each takes ``grad(x, i)``, the gradient at iteration ``i``, and a start, which is any pytree of
arrays and numbers; it returns the last ``x``. ``callback(x, i, g)`` is called before each step.
They are themselves differentiable: the start and the settings may be Tensors.

See Also
--------
xgrad.optim : Optimizers with PyTorch's names, which keep their state.
xgrad.optimize.minimize : SciPy's methods, which stop at a minimum.
"""

from collections.abc import Callable
from typing import Any

from xgrad.transforms.ravelling import ravel_pytree

__all__ = ["adam", "rmsprop", "sgd"]


def __dir__() -> list[str]:
    return __all__


Gradient = Callable[[Any, int], Any]
Callback = Callable[[Any, int, Any], Any]
#: Takes a gradient and the number of the iteration; returns the step to add to x.
Step = Callable[[Any, int], Any]


def _descend(grad: Gradient, x0: Any, callback: Callback | None, num_iters: int, step: Step) -> Any:
    """Add the steps for the gradients, as vectors."""
    x, unravel = ravel_pytree(x0)
    for i in range(num_iters):
        g, _ = ravel_pytree(grad(unravel(x), i))
        if callback is not None:
            callback(unravel(x), i, unravel(g))
        x = x + step(g, i)
    return unravel(x)


def sgd(
    grad: Gradient,
    x0: Any,
    callback: Callback | None = None,
    num_iters: int = 200,
    step_size: Any = 0.1,
    mass: Any = 0.9,
) -> Any:
    """Stochastic gradient descent with momentum.

    ``velocity = mass * velocity - (1 - mass) * g`` and ``x += step_size * velocity``.

    See Also
    --------
    xgrad.optim.SGD : PyTorch's, whose velocity is not scaled by ``1 - mass``.

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.misc.optimizers import sgd
    >>> sgd(lambda x, i: 2 * x, 1.0, num_iters=2, step_size=0.5, mass=0.0)
    0.0
    """
    velocity: Any = 0.0

    def step(g: Any, i: int) -> Any:
        nonlocal velocity
        velocity = mass * velocity - (1.0 - mass) * g
        return step_size * velocity

    return _descend(grad, x0, callback, num_iters, step)


def rmsprop(
    grad: Gradient,
    x0: Any,
    callback: Callback | None = None,
    num_iters: int = 100,
    step_size: Any = 0.1,
    gamma: Any = 0.9,
    eps: float = 1e-8,
) -> Any:
    """Descend by gradients divided by the root of the running mean of their squares.

    The mean starts at 1.

    See Also
    --------
    xgrad.optim.RMSprop : PyTorch's, whose mean starts at 0.

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.misc.optimizers import rmsprop
    >>> round(rmsprop(lambda x, i: 2 * x, 1.0, num_iters=50), 3)
    0.0
    """
    mean: Any = 1.0

    def step(g: Any, i: int) -> Any:
        nonlocal mean
        mean = mean * gamma + g**2 * (1 - gamma)
        return -(step_size * g / (mean**0.5 + eps))

    return _descend(grad, x0, callback, num_iters, step)


def adam(
    grad: Gradient,
    x0: Any,
    callback: Callback | None = None,
    num_iters: int = 100,
    step_size: Any = 0.001,
    b1: Any = 0.9,
    b2: Any = 0.999,
    eps: float = 1e-8,
) -> Any:
    """Adam (Kingma and Ba, 2015).

    See Also
    --------
    xgrad.optim.Adam : The same method, as an optimizer with state.

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.misc.optimizers import adam
    >>> gradient = xg.grad(lambda p, i: (p["x"] - 3) ** 2)
    >>> round(adam(gradient, {"x": 0.0}, num_iters=500, step_size=0.1)["x"], 4)
    3.0
    """
    mean: Any = 0.0
    square: Any = 0.0

    def step(g: Any, i: int) -> Any:
        nonlocal mean, square
        mean = (1 - b1) * g + b1 * mean
        square = (1 - b2) * (g**2) + b2 * square
        unbiased = mean / (1 - b1 ** (i + 1))
        scale = (square / (1 - b2 ** (i + 1))) ** 0.5
        return -(step_size * unbiased / (scale + eps))

    return _descend(grad, x0, callback, num_iters, step)
