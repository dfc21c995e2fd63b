"""The update rules of optimizers: the only definition of each, over ``xp``.

A rule takes a parameter ``p``, its gradient ``g``, the state from the last step and
the options ``o`` of the parameter's group. It returns the new value and the new state, and
overwrites nothing. `Kernels.update` applies it to many arrays; the kernels of backends are
tested against these formulas.

A state has arrays like ``p``, and the numbers in `NUMBERS`. These are Python numbers, or 0-d
arrays if a GradScaler skips steps on a device.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xgrad.backends.dtypes import canonical
from xgrad.typing import Array

if TYPE_CHECKING:
    from xgrad.backends.namespace import Namespace

State = dict[str, Any]
Options = dict[str, Any]
Rule = Callable[[Any, Array, Array, State, Options], tuple[Array, State]]

#: The entries of states that are numbers, with their types.
NUMBERS: dict[str, type] = {"step": int, "mu_product": float}


def _decayed(p: Array, g: Array, o: Options) -> Array:
    """Add the gradient of the weight decay."""
    return g + o["weight_decay"] * p if o["weight_decay"] else g


def _number(xp: "Namespace", x: Any, like: Array) -> Any:
    """Return a number unchanged, or a 0-d array in the dtype of another array."""
    return x if type(x) is float else xp.astype(x, canonical(like.dtype))


def sgd(xp: "Namespace", p: Array, g: Array, state: State, o: Options) -> tuple[Array, State]:
    """Stochastic gradient descent with momentum; the first step is not dampened."""
    g = _decayed(p, g, o)
    momentum = o["momentum"]
    if not momentum:
        return p - o["lr"] * g, {}
    v = state.get("momentum_buffer")
    v = xp.copy(g) if v is None else momentum * v + (1 - o["dampening"]) * g
    step = g + momentum * v if o["nesterov"] else v
    return p - o["lr"] * step, {"momentum_buffer": v}


def adam(xp: "Namespace", p: Array, g: Array, state: State, o: Options) -> tuple[Array, State]:
    """Adam (Kingma and Ba 2015); with ``amsgrad`` the largest s (Reddi and others 2018)."""
    beta1, beta2 = o["betas"]
    step = state["step"] + 1
    g = _decayed(p, g, o)
    m = beta1 * state["exp_avg"] + (1 - beta1) * g
    s = beta2 * state["exp_avg_sq"] + (1 - beta2) * g * g
    new = {"step": step, "exp_avg": m, "exp_avg_sq": s}
    if o["amsgrad"]:
        s = new["max_exp_avg_sq"] = xp.maximum(state["max_exp_avg_sq"], s)
    rate = _number(xp, o["lr"] / (1 - beta1**step), p)
    root = xp.sqrt(s) / _number(xp, (1 - beta2**step) ** 0.5, p) + o["eps"]
    return p - rate * m / root, new


def adamw(xp: "Namespace", p: Array, g: Array, state: State, o: Options) -> tuple[Array, State]:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""
    return adam(xp, p * (1 - o["lr"] * o["weight_decay"]), g, state, {**o, "weight_decay": 0})


def nadam(xp: "Namespace", p: Array, g: Array, state: State, o: Options) -> tuple[Array, State]:
    """Adam with Nesterov's momentum (Dozat 2016)."""
    beta1, beta2 = o["betas"]
    step = state["step"] + 1
    if o["decoupled_weight_decay"]:
        p = p * (1 - o["lr"] * o["weight_decay"])
    else:
        g = _decayed(p, g, o)
    momentum = beta1 * (1 - 0.5 * 0.96 ** (step * o["momentum_decay"]))
    following = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * o["momentum_decay"]))
    product = state["mu_product"] * momentum
    m = beta1 * state["exp_avg"] + (1 - beta1) * g
    s = beta2 * state["exp_avg_sq"] + (1 - beta2) * xp.square(g)
    by_g = _number(xp, o["lr"] * (1 - momentum) / (1 - product), p)
    by_m = _number(xp, o["lr"] * following / (1 - product * following), p)
    root = xp.sqrt(s / _number(xp, 1 - beta2**step, p)) + o["eps"]
    new = {"step": step, "mu_product": product, "exp_avg": m, "exp_avg_sq": s}
    return p - (by_g * g + by_m * m) / root, new


def rmsprop(xp: "Namespace", p: Array, g: Array, state: State, o: Options) -> tuple[Array, State]:
    """RMSprop (Tieleman and Hinton 2012), optionally with momentum, or centered (Graves 2013)."""
    alpha = o["alpha"]
    g = _decayed(p, g, o)
    s = variance = alpha * state["square_avg"] + (1 - alpha) * g * g
    new = {"square_avg": s}
    if o["centered"]:
        m = new["grad_avg"] = alpha * state["grad_avg"] + (1 - alpha) * g
        variance = s - xp.square(m)
    step = g / (xp.sqrt(variance) + o["eps"])
    if o["momentum"]:
        step = new["momentum_buffer"] = o["momentum"] * state["momentum_buffer"] + step
    return p - o["lr"] * step, new


def adagrad(xp: "Namespace", p: Array, g: Array, state: State, o: Options) -> tuple[Array, State]:
    """Adagrad (Duchi and others 2011), with a decaying learning rate."""
    g = _decayed(p, g, o)
    rate = _number(xp, o["lr"] / (1 + state["step"] * o["lr_decay"]), p)
    s = state["sum"] + xp.square(g)
    return p - rate * (g / (xp.sqrt(s) + o["eps"])), {"step": state["step"] + 1, "sum": s}


def adadelta(xp: "Namespace", p: Array, g: Array, state: State, o: Options) -> tuple[Array, State]:
    """Adadelta (Zeiler 2012): steps in the units of the parameter."""
    rho, eps, u = o["rho"], o["eps"], state["acc_delta"]
    g = _decayed(p, g, o)
    s = rho * state["square_avg"] + (1 - rho) * xp.square(g)
    d = xp.sqrt(u + eps) / xp.sqrt(s + eps) * g
    return p - o["lr"] * d, {"square_avg": s, "acc_delta": rho * u + (1 - rho) * xp.square(d)}


def lion(xp: "Namespace", p: Array, g: Array, state: State, o: Options) -> tuple[Array, State]:
    """Lion (Chen and others 2023): the sign of the momentum."""
    (beta1, beta2), m = o["betas"], state["exp_avg"]
    step = xp.sign(beta1 * m + (1 - beta1) * g) + o["weight_decay"] * p
    return p - o["lr"] * step, {"exp_avg": beta2 * m + (1 - beta2) * g}


# -- skipped steps -------------------------------------------------------------------------------


def on_device(xp: "Namespace", x: Any, like: Array) -> Array:
    """Return a number of a state as a 0-d array."""
    return xp.full((), float(x), dtype=canonical("float64"), device=xp.device(like))


def unless(
    xp: "Namespace", skip: Array, rule: Rule, p: Array, g: Array, state: State, o: Options
) -> tuple[Array, State]:
    """Apply a rule, but keep the old value and state if a flag on the device is true."""
    before = {k: on_device(xp, x, p) if type(x) in (int, float) else x for k, x in state.items()}
    g = xp.where(skip, xp.zeros_like(g), g)  # non-finite values would cause warnings
    after, new = rule(xp, p, g, before, o)
    if not new.keys() <= before.keys():  # a new state, so there is no old one to keep
        return (p, {}) if bool(skip) else (after, new)
    kept = {k: xp.where(skip, before[k], x) for k, x in new.items()}
    return xp.where(skip, p, after), kept
