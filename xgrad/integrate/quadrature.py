"""Integrals of functions: SciPy's `quad`, with derivatives by the limits and by parameters."""

import math
from collections.abc import Callable
from typing import Any

import optree

from xgrad.backends.dtypes import canonical
from xgrad.engine.dispatch import XG
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest
from xgrad.integrate.ode import cut, floats
from xgrad.integrate.rules import Host, Solved
from xgrad.ops.creation import as_tensor, floats_of
from xgrad.ops.products import vecdot
from xgrad.ops.shape import concat, reshape
from xgrad.transforms.forward import jvp
from xgrad.transforms.reverse import vjp

__all__ = ["quad"]


def quad(
    func: Callable[..., Any],
    a: Any,
    b: Any,
    args: Any = (),
    full_output: int = 0,
    epsabs: float = 1.49e-08,
    epsrel: float = 1.49e-08,
    limit: int = 50,
    points: Any = None,
) -> tuple[Any, ...]:
    """Integrate a function of one variable from a to b: SciPy's `quad`, differentiable.

    Parameters
    ----------
    func : callable
        ``func(x, *args)`` returns a number; x is a Tensor of no axes.
    a, b : number
        Limits, which may be infinite.
    args : tuple
        Further arguments: trees of arrays. All tensors that need gradients must be passed here.
    epsabs, epsrel, limit, points, full_output
        As in SciPy. The tolerances are used for the integrals of derivatives, too.

    Returns
    -------
    tuple
        The integral (a Tensor), an estimate of its error (a float), and with ``full_output``
        SciPy's dictionary.

    Notes
    -----
    Computed by QUADPACK on the host. Derivatives by Leibniz's rule: by b it is ``func(b)``, by a
    ``-func(a)`` (0 if infinite), by parameters an integral of func's derivative, so that they
    have any order. A jump of func that moves with a parameter is not taken into account.
    SciPy's weights and complex functions are not supported.

    Examples
    --------
    >>> import xgrad as xg
    >>> def area(b, k):
    ...     return xg.integrate.quad(lambda x, k: xg.exp(-k * x), 0.0, b, (k,))[0]
    >>> [round(g, 6) for g in xg.grad(area, argnums=(0, 1))(float("inf"), 2.0)]  # of 1 / k
    [0.0, -0.25]
    """
    if not isinstance(args, tuple):
        args = (args,)
    like = (a, b, args)
    limits = [as_tensor(x, like=like) for x in (a, b)]
    for x in limits:
        if x.ndim or canonical(lowest(x).dtype).kind == "c":
            raise TypeError(
                f"{called('quad')}: limits must be real numbers, got shape {x.shape}, {x.dtype}"
            )
    low, high = map(floats_of, limits)

    def integrand(x: Any, *more: Any) -> Any:
        out = as_tensor(func(x, *more), like=(x, more))
        if out.size != 1:
            raise ValueError(f"{called('quad')}: func must return a number, got shape {out.shape}")
        return reshape(out, (1,))

    info: dict[str, Any] = {}
    options = {"epsabs": epsabs, "epsrel": epsrel, "limit": limit, "points": points}
    out = reshape(_integral(integrand, options, info)(low, high, args), ())
    given = (out, info["error"])
    return (*given, info["found"]) if full_output else given


def _infinite(x: Any) -> bool:
    return math.isinf(float(lowest(x)))


def _integral(f: Callable[..., Any], options: dict[str, Any], info: dict[str, Any]) -> Solved:
    """Return the integral of a vector-valued function, as a function ``(a, b, args)``."""

    def solve(a: Tensor, b: Tensor, args: Any) -> Tensor:
        from scipy.integrate import quad as solve_one
        from scipy.integrate import quad_vec

        host = Host("quad", next((x for x in optree.tree_leaves(args) if type(x) is Tensor), a))

        def integrand(x: float) -> Any:
            return host.numbers(f(host.tensor(float(x)), *args))

        ends = float(lowest(a)), float(lowest(b))
        value = integrand(0.5 * sum(ends) if all(map(math.isfinite, ends)) else _inside(*ends))
        if value.shape == (1,):
            out, *found = solve_one(lambda x: integrand(x)[0], *ends, full_output=1, **options)
            info.update(error=found[0], found=found[1])
            return reshape(host.tensor(out), (1,))
        return host.tensor(quad_vec(integrand, *ends, **options, norm="max")[0])

    def backward(out: Tensor, g: Tensor, a: Tensor, b: Tensor, args: Any) -> Any:
        leaves, put = floats(args)

        def change(x: Any, g: Any, *leaves: Any) -> Any:
            _, pull = vjp(lambda *leaves: f(x, *put(leaves)), *leaves)
            return concat([reshape(part, (-1,)) for part in pull(g)], axis=0)

        ends = [
            XG.zeros_like(x) if _infinite(x) else sign * vecdot(g, f(x, *args))
            for x, sign in ((a, -1), (b, 1))
        ]
        if not leaves:
            return *ends, put([], zeros=True)
        whole = _integral(change, options, {})(a, b, (g, *leaves))
        parts = [reshape(r, x.shape) for r, x in zip(cut(whole, leaves), leaves, strict=True)]
        return *ends, put(parts, zeros=True)

    def forward(out: Tensor, tangents: Any, a: Tensor, b: Tensor, args: Any) -> Tensor:
        da, db, dargs = tangents
        leaves, put = floats(args)
        changes = [x + 0 * y for x, y in zip(floats(dargs, args)[0], leaves, strict=True)]

        def change(x: Any, leaves: Any, changes: Any) -> Any:
            return jvp(lambda *leaves: f(x, *put(leaves)), tuple(leaves), tuple(changes))[1]

        total: Any = 0 * out
        for x, dx, sign in ((a, da, -1), (b, db, 1)):
            if not _infinite(x):
                total = total + sign * f(x, *args) * dx
        if not leaves:
            return as_tensor(total)
        return as_tensor(
            total + _integral(change, options, {})(a, b, (tuple(leaves), tuple(changes)))
        )

    return Solved("quad", solve, backward, forward)


def _inside(a: float, b: float) -> float:
    """Return a point of an infinite interval."""
    return 0.0 if math.isinf(a) and math.isinf(b) else a + 1 if math.isinf(b) else b - 1
