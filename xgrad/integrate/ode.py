"""Ordinary differential equations: SciPy's `odeint`, with derivatives that are equations, too."""

import warnings
from collections.abc import Callable
from typing import Any

import optree

from xgrad.backends.dtypes import canonical, is_differentiable
from xgrad.engine.refusals import called
from xgrad.engine.tensor import Tensor, lowest
from xgrad.errors import ConvergenceError
from xgrad.integrate.rules import Host, Solved
from xgrad.ops.creation import as_tensor, floats_of
from xgrad.ops.products import vecdot
from xgrad.ops.shape import concat, reshape, stack
from xgrad.transforms.forward import jvp
from xgrad.transforms.reverse import vjp

__all__ = ["odeint"]

_SUCCESS = "Integration successful."


def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: Any,
    args: Any = (),
    Dfun: Callable[..., Any] | None = None,  # noqa: N803 - SciPy's name
    col_deriv: int = 0,
    full_output: int = 0,
    ml: int | None = None,
    mu: int | None = None,
    rtol: Any = None,
    atol: Any = None,
    tcrit: Any = None,
    h0: float = 0.0,
    hmax: float = 0.0,
    hmin: float = 0.0,
    ixpr: int = 0,
    mxstep: int = 0,
    mxhnil: int = 0,
    mxordn: int = 12,
    mxords: int = 5,
    printmessg: int = 0,
    tfirst: bool = False,
) -> Any:
    """Solve ``dy/dt = func(y, t, *args)``, with ``y[0] = y0``: SciPy's `odeint`, differentiable.

    Parameters
    ----------
    func : callable
        ``func(y, t, *args)``, or ``func(t, y, *args)`` with ``tfirst``, returns the derivative of
        the vector y: an array, or a list of numbers. y and t are Tensors.
    y0 : array
        A vector or a number.
    t : array
        A vector of times, increasing or decreasing; the first one is that of y0.
    args : tuple
        Further arguments: trees of arrays. All tensors that need gradients must be passed here.
    rtol, atol : float or array, optional
        Tolerances for the error of each component, 1.49e-8 by default. They are used for the
        equations of derivatives, too: these have the accuracy of the solution.
    Dfun, col_deriv, ml, mu, tcrit
        As in SciPy. They are not used for derivatives.
    full_output, h0, hmax, hmin, ixpr, mxstep, mxhnil, mxordn, mxords, printmessg
        As in SciPy.

    Returns
    -------
    Tensor, shape (len(t), len(y0))
        With ``full_output`` also SciPy's dictionary.

    Raises
    ------
    ConvergenceError
        If the solver fails, where SciPy warns; with ``full_output`` see ``message``.

    Notes
    -----
    The solution is computed by LSODA on the host. Derivatives are those of the exact solution,
    not of the solver's steps, to the tolerances. Reverse mode solves the adjoint equation
    ``dλ/dt = -(∂f/∂y)ᵀ λ`` backwards from each time to the one before, together with y, which
    starts from the solution at each time (Chen et al. 2018; as HIPS/autograd does). For equations
    that are very stiff forwards, forward mode is the stable choice: it solves the variational
    equation ``dδ/dt = ∂f/∂y δ + ∂f/∂args δargs``. Both are calls of `odeint`: derivatives have
    any order. By ``t``: ``dy[i]/dt[i] = f(y[i], t[i])``, and a later start shifts the solution.
    Under `vmap`, each example has its own steps.

    Examples
    --------
    >>> import xgrad as xg
    >>> def decay(y, t, rate):
    ...     return -rate * y
    >>> def last(rate):
    ...     return xg.integrate.odeint(decay, 2.0, [0.0, 1.0], (rate,), rtol=1e-10)[-1, 0]
    >>> round(xg.grad(last)(0.5), 6)  # -2 exp(-0.5)
    -1.213061
    """
    if not isinstance(args, tuple):
        args = (args,)
    y0, t = _real("y0", y0, (t, args)), _real("t", t, (y0, args))
    if t.ndim != 1 or y0.ndim > 1:
        raise ValueError(
            f"{called('odeint')}: expected a vector t and a vector or number y0, got shapes "
            f"{t.shape} and {y0.shape}"
        )
    y0 = reshape(y0, (-1,))

    def rate(y: Any, time: Any, *more: Any) -> Any:
        out = func(time, y, *more) if tfirst else func(y, time, *more)
        if getattr(out, "shape", None) == y.shape:
            return out
        out = as_tensor(out, like=(out, y))
        if out.size != y.size:
            raise ValueError(
                f"{called('odeint')}: func must return as many numbers as y0 has "
                f"({y.size}), got shape {out.shape}"
            )
        return reshape(out, y.shape)

    steps: dict[str, Any] = {
        "hmax": hmax, "hmin": hmin, "ixpr": ixpr, "mxstep": mxstep, "mxhnil": mxhnil,
        "mxordn": mxordn, "mxords": mxords, "printmessg": printmessg,
    }  # fmt: skip
    own = {"Dfun": Dfun, "col_deriv": col_deriv, "ml": ml, "mu": mu, "tcrit": tcrit, "h0": h0}
    info: dict[str, Any] = {}
    out = _solution(rate, {**steps, **own, "rtol": rtol, "atol": atol, "tfirst": tfirst}, info)(
        y0, t, args
    )
    if full_output:
        return out, info
    _check(info)
    return out


def _real(name: str, x: Any, like: Any) -> Tensor:
    x = as_tensor(x, like=(x, like))
    dtype = canonical(lowest(x).dtype)
    if dtype.kind == "c":
        raise TypeError(f"{called('odeint')}: {name} must be real, got {dtype}")
    return floats_of(x)


def _check(info: dict[str, Any]) -> None:
    message = info.get("message", _SUCCESS)
    if message != _SUCCESS and not message.startswith("Nothing was done"):  # one time
        raise ConvergenceError(
            f"odeint: {message}; raise mxstep or the tolerances, or pass full_output=True"
        )


def _least(tolerance: Any) -> Any:
    """Return one tolerance for all components of an augmented equation."""
    return tolerance if tolerance is None else as_tensor(tolerance).numpy().min()


def _solution(rate: Callable[..., Any], options: dict[str, Any], info: dict[str, Any]) -> Solved:
    """Return the solution as a function ``(y0, t, args)``."""
    further = {k: options[k] for k in options if k not in _OWN}
    further |= {"rtol": _least(options["rtol"]), "atol": _least(options["atol"])}

    def augmented(equation: Callable[..., Any], y0: Any, times: Any, args: Any) -> Any:
        noted: dict[str, Any] = {}
        out = _solution(equation, further, noted)(y0, times, args)
        _check(noted)
        return out

    def solve(y0: Tensor, t: Tensor, args: Any) -> Tensor:
        return _solved_on_host(rate, y0, t, args, options, info)

    def backward(out: Tensor, g: Tensor, y0: Tensor, t: Tensor, args: Any) -> Any:
        size, count = out.shape[1], out.shape[0]
        leaves, put = floats(args)

        def equation(state: Any, time: Any, *leaves: Any) -> Any:
            y, cotangent = state[:size], state[size : 2 * size]
            value, pull = vjp(lambda y, *leaves: rate(y, time, *put(leaves)), y, *leaves)
            parts = pull(-cotangent)
            return concat([reshape(x, (-1,)) for x in (value, *parts)], axis=0)

        slopes = [rate(out[i], t[i], *args) for i in range(count)]
        cotangent = g[count - 1]
        rest = [reshape(x, (-1,)) * 0 for x in leaves]
        for i in range(count - 1, 0, -1):
            start = concat([out[i], cotangent, *rest], axis=0)
            times = stack([t[i], t[i - 1]])
            state = augmented(equation, start, times, tuple(leaves))[1]
            cotangent, parts = state[size : 2 * size], state[2 * size :]
            rest = cut(parts, leaves)
            if i > 1:
                cotangent = cotangent + g[i - 1]
        of_t = [vecdot(g[i], slopes[i]) for i in range(1, count)]
        first = -vecdot(cotangent, slopes[0]) if count > 1 else t[0] * 0
        of_y0 = cotangent + g[0] if count > 1 else cotangent
        shaped = [reshape(r, x.shape) for r, x in zip(rest, leaves, strict=True)]
        return of_y0, stack([first, *of_t]), put(shaped, zeros=True)

    def forward(out: Tensor, tangents: Any, y0: Tensor, t: Tensor, args: Any) -> Tensor:
        dy0, dt, dargs = tangents
        size = out.shape[1]
        dt = dt + t * 0
        leaves, put = floats(args)
        changes = [x + 0 * y for x, y in zip(floats(dargs, args)[0], leaves, strict=True)]
        slopes = stack([rate(out[i], t[i], *args) for i in range(out.shape[0])])

        def equation(state: Any, time: Any, leaves: Any, changes: Any) -> Any:
            y, change = state[:size], state[size:]
            value, moved = jvp(
                lambda y, *leaves: rate(y, time, *put(leaves)), (y, *leaves), (change, *changes)
            )
            return concat([value, moved], axis=0)

        start = concat([y0, dy0 + 0 * y0 - slopes[0] * dt[0]], axis=0)
        states = augmented(equation, start, t, (tuple(leaves), tuple(changes)))
        out_change: Tensor = states[:, size:] + slopes * reshape(dt, (-1, 1))
        return out_change

    return Solved("odeint", solve, backward, forward)


#: Options of the user's equation alone.
_OWN = ("Dfun", "col_deriv", "ml", "mu", "tcrit", "h0", "tfirst")


def _is_float(x: Any) -> bool:
    return type(x) is Tensor and is_differentiable(canonical(lowest(x).dtype))


def floats(args: Any, like: Any = None) -> tuple[list[Any], Callable[..., Any]]:
    """Return the arrays that have derivatives in a tree (where ``like`` does), and how to replace.

    ``put(leaves)`` returns the tree with others in their place; with ``zeros``, None elsewhere.
    """
    found, spec = optree.tree_flatten(args)
    kinds = [_is_float(x) for x in (found if like is None else optree.tree_leaves(like))]

    def put(leaves: Any, *, zeros: bool = False) -> Any:
        rest = iter(leaves)
        return spec.unflatten(
            [next(rest) if k else 0.0 if zeros else x for x, k in zip(found, kinds, strict=True)]
        )

    return [x for x, k in zip(found, kinds, strict=True) if k], put


def cut(vector: Any, leaves: list[Any]) -> list[Any]:
    out, start = [], 0
    for x in leaves:
        out.append(vector[start : start + x.size])
        start += x.size
    return out


def _solved_on_host(
    rate: Callable[..., Any],
    y0: Tensor,
    t: Tensor,
    args: Any,
    options: dict[str, Any],
    info: dict[str, Any],
) -> Tensor:
    from scipy.integrate import ODEintWarning
    from scipy.integrate import odeint as solve

    host = Host("odeint", y0)
    given = {**options, "tfirst": False}
    if (slope := options.get("Dfun")) is not None:
        turned = options["tfirst"]

        def jacobian(y: Any, time: float) -> Any:
            where = (host.tensor(time), host.tensor(y))
            return host.numbers(slope(*(where if turned else where[::-1]), *args))

        given["Dfun"] = jacobian

    def equation(y: Any, time: float) -> Any:
        return host.numbers(rate(host.tensor(y), host.tensor(time), *args))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ODEintWarning)  # `info` has the message
        out, found = solve(equation, y0.numpy(), t.numpy(), full_output=1, **given)
    info.update(found)
    return host.tensor(out)
