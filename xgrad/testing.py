"""Checking derivatives against finite differences, and programs for reads from a device."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import optree

from xgrad.backends.dtypes import canonical, is_complex, is_differentiable
from xgrad.contexts import context
from xgrad.engine.dispatch import backend_below
from xgrad.engine.host_reads import observed
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.watching import users_line
from xgrad.errors import HostTransferError
from xgrad.ops.complex import conj, real
from xgrad.ops.creation import as_tensor
from xgrad.ops.elementwise import multiply
from xgrad.ops.reductions import sum
from xgrad.random import Generator
from xgrad.transforms.forward import jvp
from xgrad.transforms.reverse import vjp

__all__ = ["check_grads", "count_host_reads", "no_host_transfers"]


def __dir__() -> list[str]:
    return __all__


_EPS = {8: 1e-5, 4: 1e-2, 16: 1e-5}


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    modes: Sequence[str] = ("fwd", "rev"),
    *,
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
    seed: int = 0,
) -> None:
    """Check the derivatives of ``f`` at ``args`` up to an order, in random directions.

    Forward mode is compared with central differences, reverse mode with forward mode by
    ⟨g, J v⟩ = ⟨Jᵀ g, v⟩ with Re⟨a, b⟩ for complex values. Higher orders apply the
    check to the derivative itself.

    Parameters
    ----------
    f : callable
        Takes and returns pytrees of floating-point or complex arrays or Tensors.
    args : sequence
        The point, at which ``f`` must be smooth.
    order : int
        The number of derivatives to check.
    modes : sequence of "fwd" and "rev"
    atol, rtol : float, optional
        Tolerances of the comparison; the default depends on the dtype.
    eps : float, optional
        The step of the finite differences.
    seed : int
        The seed of the random directions.

    Raises
    ------
    AssertionError
        If derivatives differ; the message shows both numbers.

    See Also
    --------
    xgrad.test_util.check_grads : HIPS/autograd's function, called in two steps.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.testing.check_grads(xg.tanh, (np.asarray([0.1, 0.5]),))
    """
    if not isinstance(args, tuple | list):
        raise TypeError(
            f"check_grads: expected the arguments of f as a tuple, such as (x,), got "
            f"{type(args).__name__}"
        )
    unknown = set(modes) - {"fwd", "rev"}
    if unknown or not modes:
        raise ValueError(f"check_grads: modes must be 'fwd' and 'rev', got {tuple(modes)}")
    generator = Generator(seed)
    args = tuple(optree.tree_map(as_tensor, tuple(args)))
    leaves = optree.tree_leaves(args)
    size = min((canonical(x.dtype).itemsize for x in leaves), default=8)
    narrow = any(canonical(x.dtype).name in ("float32", "complex64") for x in leaves)
    step = (1e-2 if narrow else _EPS.get(size, 1e-5)) if eps is None else eps
    close = _Tolerance(
        (5e-2 if narrow else 1e-6) if atol is None else atol,
        (5e-2 if narrow else 1e-6) if rtol is None else rtol,
    )
    _check(f, args, order, tuple(modes), close, step, generator)


class _Tolerance:
    def __init__(self, atol: float, rtol: float) -> None:
        self.atol, self.rtol = atol, rtol

    def compare(self, what: str, found: complex, expected: complex) -> None:
        bound = self.atol + self.rtol * max(abs(found), abs(expected))
        if not abs(found - expected) <= bound:
            raise AssertionError(
                f"check_grads: {what}: derivative {found!r}, expected {expected!r} "
                f"(difference {abs(found - expected):.3g} > {bound:.3g})"
            )


def _direction(x: Any, generator: Generator) -> Tensor:
    """Return a random array like ``x``, on its backend and device."""
    backend = backend_below(x)
    device = backend.xp.device(lowest(x))

    def draw() -> Tensor:
        made = generator.uniform(tuple(x.shape), -1.0, 1.0)
        return made.to(backend.name, device=device)

    parts = draw()
    if is_complex(lowest(x).dtype):
        parts = parts + draw() * 1j
    return parts.astype(canonical(lowest(x).dtype))


def _inner(a: Any, b: Any) -> float:
    """Return Re⟨a, b⟩ over all leaves."""
    total = 0.0
    for x, y in zip(optree.tree_leaves(a), optree.tree_leaves(b), strict=True):
        total += real(sum(multiply(conj(x), y))).detach().item()
    return total


def _floating(tree: Any) -> list[Any]:
    return [
        as_tensor(x).detach()
        for x in optree.tree_leaves(tree)
        if is_differentiable(lowest(as_tensor(x)).dtype)
    ]


def _check(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    order: int,
    modes: tuple[str, ...],
    close: _Tolerance,
    eps: float,
    generator: Generator,
) -> None:
    direction = optree.tree_map(lambda x: _direction(x, generator), args)

    def moved(scale: float) -> list[Any]:
        at = optree.tree_map(lambda x, t: x + t * scale, args, direction)
        return _floating(f(*at))

    plus, minus = moved(eps), moved(-eps)
    difference = [(a - b) * (0.5 / eps) for a, b in zip(plus, minus, strict=True)]
    cotangent = [_direction(x, generator) for x in difference]
    expected = _inner(cotangent, difference)
    if "fwd" in modes:
        _, tangent = jvp(f, args, direction)
        close.compare("forward mode", _inner(cotangent, _floating(tangent)), expected)
    if "rev" in modes:
        pulled = _pulled(f, args, cotangent)
        close.compare("reverse mode", _inner(pulled, direction), expected)
    if order <= 1:
        return
    # A derivative is also a function of the direction, in which it is linear.
    if "fwd" in modes:
        _check(
            lambda at, along: jvp(f, at, along)[1],
            (args, direction),
            order - 1,
            modes,
            close,
            eps,
            generator,
        )
    if "rev" in modes:
        _check(
            lambda at, along: _pulled(f, at, along),
            (args, cotangent),
            order - 1,
            modes,
            close,
            eps,
            generator,
        )


def _pulled(f: Callable[..., Any], args: tuple[Any, ...], cotangent: list[Any]) -> Any:
    """Return the cotangents of the arguments."""
    value, pullback = vjp(f, *args)
    leaves, spec = optree.tree_flatten(value)
    remaining = iter(cotangent)
    full = [next(remaining) if is_differentiable(lowest(as_tensor(x)).dtype) else x for x in leaves]
    return pullback(spec.unflatten(full))


@context
def no_host_transfers() -> Iterator[None]:
    """Raise wherever numbers are read from a device in the body of a ``with``.

    Such a read waits until the device has computed the numbers, and the device then waits for the
    program. Reads are ``item``, ``tolist``, ``numpy``, ``float``, ``int``, ``bool`` (an
    ``if``) and ``repr``: of Tensors on every backend, and on CuPy and dpnp also of the library's
    own arrays. Copies to a device are allowed.

    It applies to all threads and to backends that have been used before. It temporarily replaces
    methods of the libraries' arrays: use it in tests, not in production.

    Raises
    ------
    HostTransferError
        With the name of the function and the line of the program.

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.testing.no_host_transfers():  # doctest: +ELLIPSIS
    ...     loss = xg.sum(xg.ones(3))
    ...     float(loss)
    Traceback (most recent call last):
    xgrad.errors.HostTransferError: float: reads from the device, inside no_host_transfers(), ...
    """

    def refuse(what: str) -> None:
        raise HostTransferError(
            f"{what}: reads from the device, inside no_host_transfers(), at {users_line()}; "
            "keep the number in a Tensor, and read it less often"
        )

    with observed(refuse):
        yield


@context
def count_host_reads() -> Iterator[Counter[str]]:
    """Count, by name, the reads for which `no_host_transfers` would raise.

    Examples
    --------
    >>> import xgrad as xg
    >>> with xg.testing.count_host_reads() as reads:
    ...     x = xg.ones(3).tolist()
    >>> reads
    Counter({'tolist': 1})
    """
    found: Counter[str] = Counter()
    with observed(lambda what: found.update([what])):
        yield found
